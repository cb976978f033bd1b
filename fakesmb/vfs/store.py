"""What a file store offers: NT file semantics ([MS-FSA]) that know no packet.

Every way to open a file becomes one `create`; everything else works on the `Handle` it returns or, where a
client asks by name alone, on a path. A store raises `SMBError`; an `OSError` that escapes is mapped by the
core. Paths are `vfs.paths.Path`. Times are FILETIME ticks; 0 in a set request leaves a time alone.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import msgspec

from fakesmb.nt.files import Disposition, Oplock, ShareMode
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.shortnames import short_name

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from fakesmb.nt.descriptor import Descriptor
    from fakesmb.nt.posixacl import Acl, Acls
    from fakesmb.nt.quota import Quota
    from fakesmb.nt.token import Token
    from fakesmb.vfs.paths import Path


BreakOplock = Callable[[int, bool], None]
"""Told to a holder: the level it is left with, and whether it must acknowledge. It returns before that happens."""


Change = tuple[int, str]
"""A change in a watched directory: an action (`FileAction`), and the name below that directory."""
Changes = list[Change]
"""The changes of one answer. Empty: the client must list the directory itself, or the watch has ended."""


class Ea(NamedTuple):
    """An extended attribute ([MS-FSCC] 2.4.16). An empty value deletes."""

    name: str
    value: bytes
    flags: int = 0


class StreamFacts(NamedTuple):
    """One data stream of a file ([MS-FSCC] 2.4.49): `::$DATA`, `:name:$DATA`."""

    name: str
    size: int
    allocation_size: int


LocalBreaks = bool | Literal["opens"]
"""Which doings of local programs break oplocks: True, changes; `opens`, that they open a file at all; False, none."""


class CreateParameters(msgspec.Struct, frozen=True, gc=False):
    """One NT-style open, whatever command it came by ([MS-FSA] 2.1.5.1)."""

    access: int
    share: int = ShareMode.ALL
    disposition: int = Disposition.OPEN
    options: int = 0
    attributes: int = 0
    allocation: int = 0
    pid: int = 0
    """The opener's process: locks and PROCESS_EXIT go by it."""
    dos_deny: int = 0
    """A `DosDeny`, whose opens have sharing rules of their own."""
    owner: object = None
    """Who opens: an identity to compare by `is` (the client's connection)."""
    oplock: int = Oplock.NONE
    """EXCLUSIVE or BATCH where the opener wants one; it may get LEVEL_II or none."""
    level_two: bool = False
    """Whether the opener knows level II: else none is granted, and others break to none."""
    break_oplock: BreakOplock | None = None
    """Called when the granted oplock breaks. Needed where `oplock` is asked for."""
    local_breaks: "LocalBreaks" = True
    """Which doings of local programs break the granted oplock."""
    resizes: bool = False
    """The open is there to change the file's size: it breaks others' oplocks to none, not to level II."""
    descriptor: "Descriptor | None" = None
    """The security descriptor that a new file gets, as far as it is given."""
    eas: tuple[Ea, ...] = ()
    """The extended attributes that a new or overwritten file gets."""
    write_time: int = 0
    """The write time that a new or overwritten file gets, whatever access it is opened for; FILETIME, 0 for now."""


class Info(msgspec.Struct, gc=False):
    """What is known of a file or directory: the source of every information level.

    Field names are those of [MS-FSCC] 2.4 in snake case; `wire.file_info` levels are encoded from them.
    """

    name: str
    """The last component as it is on disk; "" for the share's root."""
    path: str
    """The whole path inside the share, as on disk: `\\dir\\a.txt`, `\\` for the root."""
    creation_time: int
    last_access_time: int
    last_write_time: int
    change_time: int
    attributes: int
    """Extended file attributes; NORMAL where no other bit is set."""
    end_of_file: int
    allocation_size: int
    number_of_links: int
    file_id: int
    ea_size: int = 0
    delete_pending: int = 0
    is_directory: int = 0
    reparse_tag: int = 0
    device: int = 0
    mode_bits: int = 0
    """POSIX st_mode; with `posix_uid` and `posix_gid` for the Unix extensions."""
    posix_uid: int = 0
    posix_gid: int = 0
    special_device: int = 0
    """POSIX st_rdev, as far as the Unix extensions asked."""
    alias: str | None = None
    """The 8.3 name, where it is not the one that depends on the name alone."""

    @property
    def short_name(self) -> str:
        """The 8.3 name where it differs from `name`, else ""; a stream has its file's. Few levels ask for it."""
        if self.alias is not None:
            return self.alias
        name = self.name
        return short_name(name.partition(":")[0] if ":" in name else name)


class Volume(msgspec.Struct, frozen=True):
    """A share's volume, [MS-FSCC] 2.5."""

    label: str
    serial_number: int
    creation_time: int
    total_units: int
    free_units: int
    sectors_per_unit: int
    bytes_per_sector: int
    file_system: str = "NTFS"
    attributes: int = 0x00000007
    """CASE_SENSITIVE_SEARCH | CASE_PRESERVED_NAMES | UNICODE_ON_DISK and what the disk can do."""
    longest_name: int = 255
    total_files: int = 0
    """Inodes; 0 where the disk does not count them."""
    free_files: int = 0
    reserved_units: int = 0
    """Free, and not for users."""


class Handle(Protocol):
    """One open of one file or directory. Stores add what they need; the core reads these."""

    path: "Path"
    access: int
    """Granted access, generic bits resolved."""
    share: int
    options: int
    is_directory: bool
    pid: int
    position: int
    """CurrentByteOffset, for SEEK, position information and reads that follow it."""
    mode: int
    """FILE_MODE_INFORMATION bits that SET_FILE_INFORMATION may change."""
    closed: bool
    deleted: bool
    """Whether its end deleted the file."""


class Opened(msgspec.Struct, frozen=True, gc=False):
    """The outcome of `create`."""

    handle: Handle
    action: int
    info: Info
    oplock: int = Oplock.NONE
    """The level that was granted."""


class MustWait(SMBError):
    """What is asked for cannot be done now, and may be possible soon: the caller should try again then.

    `wait(callback)` calls back once, after the next close or acknowledgement of the file; it returns a function
    that ends the interest. The store knows no clock, so how long to wait is the core's to say.
    """

    def __init__(self, wait: Callable[[Callable[[], None]], Callable[[], None]], why: str = "") -> None:
        super().__init__(NT.SHARING_VIOLATION, why)
        self.wait = wait


class SharingViolation(MustWait):
    """Another open excludes this one now. Windows delays the answer for a while ([timing] sharing_violation)."""


class OplockBreaking(MustWait):
    """The holder of an oplock was asked to give it up, and has not yet: the operation goes on when it has."""


class Unfinished(MustWait):
    """A slice of long work is done, such as looking through a large directory; called again, it goes on.

    Between slices everybody else has a turn. `keeps` has what is done, and must live until then. Where the work is for
    all who ask, such as reading a directory that changes meanwhile, one is served by what begins after it has asked:
    `since` says when that was (`Turn.since`).
    """

    def __init__(self, keeps: object = None, since: int | None = None) -> None:
        super().__init__(_never)
        self.keeps = keeps
        self.since = since


def _never(callback: Callable[[], None]) -> Callable[[], None]:
    raise NotImplementedError("nothing happens that an unfinished operation could wait for")


class FileRange(NamedTuple):
    """Bytes of a file that go from the disk's cache to the socket without passing through us."""

    fd: int
    offset: int
    length: int

    def read_whole(self) -> bytes:
        """All of it, which a frame has announced: zeros where the file ended meanwhile. Raises OSError.

        A read that ends early ends at the end of the file, or where the disk fails: the next one tells.
        """
        fd, offset, length = self
        data = os.pread(fd, length, offset)
        while len(data) < length and (more := os.pread(fd, length - len(data), offset + len(data))):
            data += more
        return data + bytes(length - len(data))


class Names(Protocol):
    """The names of a directory as of one moment, which several searches may share."""

    @property
    def size(self) -> int:
        """Bytes of memory, about."""


class Search(Protocol):
    """One open directory search: a snapshot of names, whose facts are looked up as they are given out."""

    @property
    def names(self) -> Names:
        """What it goes through now."""

    def keep(self) -> None:
        """It is to go on in later requests; raises TOO_MANY_OPENED_FILES where that would hold too much open."""

    def next(self) -> Info | None:
        """The next entry that still exists and matches, `.` and `..` first; None at the end.

        Raises `Unfinished` after many that do not: the next call looks on from there.
        """

    def tell(self) -> int:
        """The position after the entry given last: a resume key, never 0."""

    def seek(self, key: int) -> None:
        """Continues after the entry whose resume key this is; 0 starts over. May raise `Unfinished`."""

    def seek_name(self, name: str) -> bool:
        """Continues after the entry of that name; False if it was never there. May raise `Unfinished`."""

    def close(self) -> None:
        """Lets the snapshot go."""


class PosixChanges(NamedTuple):
    """What the Unix extensions set of a file; None leaves a fact alone. Times are FILETIME."""

    access_time: int | None = None
    write_time: int | None = None
    uid: int | None = None
    gid: int | None = None
    mode: int | None = None
    creation_time: int | None = None


class LockedRange(Protocol):
    """A byte-range lock that somebody holds: `[start, end)`."""

    start: int
    end: int
    pid: int
    exclusive: bool


class PosixLocks(Protocol):
    """The POSIX locks that are taken through one open file: a process's own never conflict with each other."""

    def take(
        self, pid: int, offset: int, length: int, *, exclusive: bool, waits: bool
    ) -> "Deferred[None] | None":
        """Takes a range for a process, in place of what it holds of it.

        Raises INVALID_LOCK_RANGE, or FILE_LOCK_CONFLICT where another holds it; with `waits`, gives a Deferred then,
        and where it takes long.
        """

    def free(self, pid: int, offset: int, length: int) -> "Deferred[None] | None":
        """Gives up whatever a process holds of a range, which may be nothing; length 0: all from `offset` on.

        Gives what fires when that is done, where it takes long.
        """

    def obstacle(self, pid: int, offset: int, length: int, *, exclusive: bool) -> LockedRange | None:
        """The lock of another that stands in the way of this one."""


class PosixFiles(Protocol):
    """What the CIFS Unix extensions ask of a share's files: names themselves, which are not followed."""

    def query(self, target: "Handle | Path") -> Info:
        """The facts of a name itself, a symbolic link's own, or of an open file."""

    def read_link(self, path: "Path") -> str:
        """The target of a symbolic link; INVALID_PARAMETER for anything else."""

    def search(self, directory: "Path", pattern: str, attributes: int) -> Search:
        """Begins a search that gives the facts of names themselves."""

    def change(self, target: "Handle | Path", wanted: PosixChanges) -> None:
        """Sets owner, permissions and times."""

    def acls(self, target: "Handle | Path") -> "Acls":
        """The POSIX ACLs of a file: its own, which may be its permission bits alone, and a directory's default."""

    def set_acls(self, target: "Handle | Path", access: "Acl | None", default: "Acl | None") -> None:
        """Sets POSIX ACLs: None leaves one alone, an empty one is taken away.

        Raises INVALID_PARAMETER for what is none, ACCESS_DENIED for the default of what is no directory.
        """

    def set_new_mode(self, target: "Handle | Path", mode: int) -> None:
        """The permissions that a file was to be made with, whatever access it was opened for.

        Where its directory has a default ACL, that says how much of them it gets.
        """

    def locks(self, handle: Handle) -> PosixLocks:
        """The POSIX locks that are taken through an open file."""

    def make_link(self, path: "Path", target: str) -> None:
        """Makes a symbolic link with any `target`."""

    def make_node(self, path: "Path", kind: int) -> None:
        """Makes a named pipe (S_IFIFO) or a socket (S_IFSOCK), which nobody opens here."""

    def make_hard_link(self, old: "Path", new: "Path") -> None:
        """Gives a file, or a symbolic link itself, one more name."""

    def unlink(self, path: "Path", *, directory: bool) -> None:
        """Removes a name at once, even of an open file."""


class FileLimits(NamedTuple):
    """What clients may make a server's stores hold."""

    names: "Quota"
    """Bytes of the names that searches go through."""
    changes: "Quota"
    """Bytes of the changes that watches keep."""
    file_locks: int
    """Byte-range locks of one file."""
    locks: int
    """Of one client."""
    total_locks: int
    """Of all clients."""
    waiting: int
    """Requests that wait for one disk that may hang."""
    tell: Callable[[str], None]
    """Hears what all clients together hold too much of."""


class FileStore(Protocol):
    """A share's files. All methods may raise `SMBError` or `OSError`.

    `create`, `rename`, `link` and `delete` raise `OplockBreaking`, having changed nothing, where they must wait.
    """

    read_only: bool

    def limit(self, limits: FileLimits) -> None:
        """What clients may hold in all stores of the server, as it says when it begins. Never raises."""

    def create(self, path: "Path", request: CreateParameters) -> Opened:
        """Opens or creates; raises `SharingViolation` where another open excludes it, or `OplockBreaking`."""

    def close(self, handle: Handle, last_write_time: int = 0) -> OSError | None:
        """Ends an open: its locks, its delete-on-close; sets the write time if one is given. Never raises.

        Gives the error where the disk says only now that data were not written, or cannot delete what was to be.
        """

    def acknowledge_oplock(self, handle: Handle, level: int) -> None:
        """The holder gives up a breaking oplock and keeps `level`; anything else than a break is ignored."""

    def read(self, handle: Handle, offset: int, size: int, pid: int) -> bytes:
        """At most `size` bytes; b"" at the end. FILE_LOCK_CONFLICT where another's lock forbids it."""

    def readable_range(self, handle: Handle, offset: int, size: int, pid: int) -> FileRange | None:
        """What `read` would give, for a transport that sends files by itself; None where only `read` can tell."""

    def write(self, handle: Handle, offset: int, data: bytes | bytearray | memoryview, pid: int) -> int:
        """Writes all of it and returns its length."""

    def next_data(self, handle: Handle, offset: int) -> tuple[int, int]:
        """The range of the first data at or behind `offset`, perhaps behind a hole; the end of file twice for none."""

    def check_room(self, handle: Handle, pieces: Iterable[tuple[int, int]]) -> None:
        """Raises DISK_FULL where data at these places, each an offset and a size, do not all fit on the disk."""

    def write_zeros(self, handle: Handle, offset: int, size: int, pid: int) -> None:
        """As `write`, of zeros that need take no room: a hole where the disk can."""

    def flush(self, handle: Handle) -> Callable[[], None] | None:
        """What makes it durable, which may take long: run once, in any thread, whatever becomes of the handle.

        It has a descriptor of its own and raises OSError. None where there is nothing to make durable.
        """

    def set_end_of_file(self, handle: Handle, size: int) -> None:
        """Truncates or extends."""

    def set_allocation(self, handle: Handle, size: int) -> None:
        """Reserves; a size below the end of file truncates ([MS-FSA] 2.1.5.15.1)."""

    def lock(self, handle: Handle, pid: int, offset: int, length: int, *, exclusive: bool) -> None:
        """Takes a byte range at once, or raises LOCK_NOT_GRANTED / FILE_LOCK_CONFLICT."""

    def wait_lock(
        self, handle: Handle, pid: int, offset: int, length: int, *, exclusive: bool
    ) -> "Deferred[None]":
        """Takes a byte range when it becomes free; cancelling the Deferred ends the wait."""

    def unlock(
        self, handle: Handle, pid: int, offset: int, length: int, *, exclusive: bool | None = None
    ) -> None:
        """Frees exactly that range, or raises RANGE_NOT_LOCKED.

        Without `exclusive` a shared lock goes only where there is no exclusive one of that range.
        """

    def query(self, target: "Handle | Path", *, ea_size: bool = False) -> Info:
        """What is known of an open file or of a name (which is not opened, so sharing does not matter).

        `ea_size`: with the size of the EAs as it is now, not as it was last heard of.
        """

    def streams(self, target: "Handle | Path") -> list[StreamFacts]:
        """The data streams of a file, the unnamed one first; a directory has named ones only."""

    def extras(self, handle: Handle) -> tuple[bool, bool]:
        """Whether an open file has EAs, and whether it has named streams."""

    def eas(self, target: "Handle | Path") -> list[Ea]:
        """The extended attributes of a file. ACCESS_DENIED where the open has no right to read them."""

    def set_eas(self, target: "Handle | Path", eas: Sequence[Ea]) -> None:
        """Sets these extended attributes and leaves the others, or sets none of them.

        Raises INVALID_EA_NAME, INVALID_EA_FLAG, EA_TOO_LARGE, EAS_NOT_SUPPORTED, ACCESS_DENIED.
        """

    def set_basic(
        self,
        target: "Handle | Path",
        *,
        creation: int = 0,
        access: int = 0,
        write: int = 0,
        change: int = 0,
        attributes: int = 0,
    ) -> None:
        """Sets times (0: leave; -1: leave and stop automatic updates) and attributes (0: leave)."""

    def set_delete(self, handle: Handle, *, delete: bool) -> None:
        """Marks for deletion when the last open closes, or takes the mark back."""

    def rename(
        self, target: "Handle | Path", to: "Path", *, replace: bool, share: int = ShareMode.ALL
    ) -> None:
        """Gives a new name, in the same share; the handle's path follows.

        A rename by name is an open for DELETE that shares `share` with those there are.
        """

    def link(self, target: "Handle | Path", to: "Path", *, replace: bool) -> None:
        """Makes a hard link."""

    def make_directory(self, path: "Path") -> None:
        """Makes one directory."""

    def remove_directory(self, path: "Path") -> None:
        """Removes an empty directory; DIRECTORY_NOT_EMPTY else."""

    def delete(self, path: "Path", excluded: int = 0) -> None:
        """Deletes a file by name, under the rules of an open for DELETE that shares nothing.

        A file that has any of the attributes `excluded` is NO_SUCH_FILE.
        """

    def check_directory(self, path: "Path") -> None:
        """Raises unless the path is a directory."""

    def search(self, directory: "Path", pattern: str, attributes: int) -> Search:
        """Begins a search; `attributes` are SearchAttributes ([MS-CIFS] 2.2.1.2.4).

        Raises OBJECT_PATH_NOT_FOUND where the directory is missing; a pattern that matches nothing is an
        empty search, not an error.
        """

    def control(self, handle: Handle, code: int, data: bytes, room: int) -> tuple[bytes, NT]:
        """Answers a file system control: at most `room` bytes, and SUCCESS or a warning ([MS-FSCC] 2.3).

        Raises INVALID_DEVICE_REQUEST for a code that the store does not know.
        """

    def watch(
        self, handle: Handle, completion_filter: int, *, recursive: bool, size: int
    ) -> "Deferred[Changes]":
        """The changes in a directory since the last call for this open, or the next that comes ([MS-FSA] 2.1.5.11).

        `size`: bytes of FILE_NOTIFY_INFORMATION that fit. An empty list: the client must list the directory itself.
        Filter and `recursive` count in the first call of an open only. Cancelling the Deferred ends the wait.
        """

    def end_watch(self, handle: Handle) -> None:
        """Answers all requests that wait for changes through this open with none: it is about to end."""

    def for_user(self, token: "Token | None") -> "FileStore":
        """The same files with access checks for that user; None: the server itself, no access checks."""

    def query_security(self, handle: Handle, parts: int) -> "Descriptor":
        """Parts (SecurityInformation) of a descriptor; ACCESS_DENIED where the open has no right to them."""

    def set_security(self, handle: Handle, parts: int, descriptor: "Descriptor") -> None:
        """Exchanges parts of a descriptor; ACCESS_DENIED as above, INVALID_OWNER ([MS-FSA] 2.1.5.17)."""

    def maximal_access(self, handle: Handle) -> int:
        """All that this user could open the file for."""

    @property
    def posix(self) -> PosixFiles:
        """The operations of the Unix extensions."""

    def with_posix_names(self) -> "FileStore":
        """The same files by POSIX names: each as it is spelt, and all characters but `/` legal."""

    def with_exact_names(self) -> "FileStore":
        """The same files by Windows' names, each as it is spelt."""

    def alias(self, path: str, name: str) -> str:
        """The 8.3 name of `name` in the directory `path`: "" for one that is one itself, or has none."""

    def begin_again(self) -> None:
        """What is told of files depends on nothing that was before."""

    def is_there(self) -> bool:
        """Whether what is shared is there now; raises OSError where that cannot be told."""

    def volume(self) -> Volume:
        """The volume's facts and free space."""

    def shutdown(self) -> None:
        """Closes what is kept for reuse, such as descriptors. The store stays usable and opens it again."""
