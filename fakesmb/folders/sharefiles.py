"""What is on the disk of a share, from a test's side: read, write, list, delete, by the names that clients use."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path as DiskPath
from typing import Any, Final, Never, TypeVar

from fakesmb.folders import filling
from fakesmb.folders.content import Data, File, as_bytes
from fakesmb.folders.errors import FolderError
from fakesmb.folders.removal import remove
from fakesmb.nt.files import Attribute
from fakesmb.nt.names import fold
from fakesmb.nt.nearest import nearest
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.local import attributes, eas, streams, xattrs
from fakesmb.vfs.local.lookup import Entry, Lookup
from fakesmb.vfs.paths import Path
from fakesmb.vfs.stored import SideTable
from fakesmb.world import World

T = TypeVar("T")
Across = Callable[[Callable[[], Any]], Any]
"""Does what it is given in the thread that serves clients, and gives what comes of it."""
AnyPath = str | os.PathLike[str]
Snapshot = dict[str, "bytes | Snapshot"]
"""What is in a directory, as content is given: names and data; the names of directories end in `/`."""

_MISSING: Final = frozenset({NT.OBJECT_NAME_NOT_FOUND, NT.OBJECT_PATH_NOT_FOUND})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_USER: Final = "user."
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class ShareFiles:
    """The files of one share. What is changed here clients see as changes by another program on the server's machine:
    it is told to those who watch, and breaks oplocks.

    Paths are relative to the share, with `/` or `\\`, in any case; `a.txt:name` is a named stream. None leads out of
    the share, whatever links are in it. What a client has been answered is there. It follows a reset, and a new start.

    Errors are Python's own (FileNotFoundError, ...) and name the share and the path.
    """

    def __init__(self, name: str, where: Callable[[], str], across: Across) -> None:
        """`where` tells the folder; `across` does what it is given in the thread that serves clients."""
        self.name = name
        self._where = where
        self._across = across

    def __repr__(self) -> str:
        return f"<files of share {self.name}>"

    @property
    def path(self) -> DiskPath:
        """The folder on the disk."""
        return DiskPath(self._where())

    def on_disk(self, path: AnyPath) -> DiskPath:
        """Where a file or directory is on the disk."""
        __tracebackhide__ = True
        return self._do(path, lambda lookup, at: DiskPath(lookup.find(at).path))

    # -- looking -------------------------------------------------------------------------------------------

    def exists(self, path: AnyPath) -> bool:
        """Whether there is a file, a directory or, after a colon, a stream of that name."""
        __tracebackhide__ = True

        def look(lookup: Lookup, at: Path) -> bool:
            try:
                entry = lookup.entry(at)
            except SMBError as error:
                if NT(error.status) in _MISSING:
                    return False
                raise
            if entry.st is None or not at.stream:
                return entry.st is not None
            return streams.find(entry.xattr_path, at.stream, follow=False) is not None

        return self._do(path, look)

    def is_directory(self, path: AnyPath) -> bool:
        """Whether there is a directory of that name."""
        __tracebackhide__ = True

        def look(lookup: Lookup, at: Path) -> bool:
            st = lookup.entry(at).st
            return st is not None and stat.S_ISDIR(st.st_mode)

        return self.exists(path) and self._do(path, look)

    def read(self, path: AnyPath) -> bytes:
        """What a file or a stream holds."""
        __tracebackhide__ = True
        return self._do(path, lambda lookup, at: _data(lookup.find(at), at.stream))

    def read_text(self, path: AnyPath, encoding: str = "utf-8") -> str:
        """What a file or a stream holds, as text."""
        __tracebackhide__ = True
        return self.read(path).decode(encoding)

    def file(self, path: AnyPath) -> File:
        """A file with what clients see of it besides: attributes, write time, EAs, streams."""
        __tracebackhide__ = True
        return self._do(path, lambda lookup, at: _whole(lookup.find(at)))

    def list(self, path: AnyPath = "") -> list[str]:
        """The names in a directory, sorted, as clients are shown them."""
        __tracebackhide__ = True
        return self._do(path, lambda lookup, at: [name for name, _ in _named(lookup, at)])

    def tree(self, path: AnyPath = "") -> Snapshot:
        """All in a directory: `{"a.txt": b"x", "dir/": {}}`. What is no file or directory is not in it."""
        __tracebackhide__ = True
        return self._do(path, _tree)

    # -- changing ------------------------------------------------------------------------------------------

    def write(self, path: AnyPath, data: Data | File) -> None:
        """Makes a file or a stream, or gives it other contents; directories on the way are made. A text is UTF-8.

        A `File` also gives it its attributes, times, EAs and streams, in place of those that it has.
        """
        __tracebackhide__ = True
        given = data if isinstance(data, File) else as_bytes(data, "data")

        def change(lookup: Lookup, at: Path) -> None:
            if isinstance(given, File) and at.stream:
                raise ValueError("a stream has data only, and no File")
            entry = _way_to(lookup, at)
            if entry.st is not None and stat.S_ISDIR(entry.st.st_mode) and not at.stream:
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            fd = os.open(entry.data_name, _WRITE, 0o666, dir_fd=entry.data_directory.fd)
            try:
                if at.stream:
                    streams.save(fd, streams.find(fd, at.stream) or at.stream, bytes(given))  # type: ignore[arg-type]
                    return
                os.ftruncate(fd, 0)
                filling.write_all(fd, given.data if isinstance(given, File) else given)
                if isinstance(given, File):
                    for name in xattrs.names(fd):
                        if name.startswith(_USER):
                            xattrs.drop(fd, name)
                    filling.put_facts(fd, at.name, given)
            finally:
                os.close(fd)

        self._do(path, change)

    def make_directory(self, path: AnyPath) -> None:
        """Makes a directory, and those on the way to it. FileExistsError where the name is taken."""
        __tracebackhide__ = True

        def change(lookup: Lookup, at: Path) -> None:
            entry = _way_to(lookup, at)
            if entry.st is not None:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            os.mkdir(entry.name, dir_fd=entry.directory.fd)

        self._do(path, change)

    def delete(self, path: AnyPath) -> None:
        """Deletes a file, a stream, or a directory with all that is in it. A symbolic link goes, and not what it
        leads to.
        """
        __tracebackhide__ = True

        def change(lookup: Lookup, at: Path) -> None:
            if not at.parts:
                raise ValueError("the share itself is not deleted; reset() makes it fresh")
            if at.stream:
                entry = lookup.find(at)
                found = streams.find(entry.xattr_path, at.stream, follow=False)
                if found is None:
                    raise SMBError(NT.OBJECT_NAME_NOT_FOUND)
                streams.remove(entry.xattr_path, found)
                return
            entry = lookup.unfollowed(at)
            if entry.st is None:
                raise SMBError(NT.OBJECT_NAME_NOT_FOUND)
            if stat.S_ISDIR(entry.st.st_mode):
                remove(entry.directory.xattr_base + entry.name)
            else:
                os.unlink(entry.name, dir_fd=entry.directory.fd)

        self._do(path, change)

    def set(
        self,
        path: AnyPath,
        *,
        read_only: bool | None = None,
        hidden: bool | None = None,
        system: bool | None = None,
        modified: datetime | float | None = None,
        **misspelt: Never,
    ) -> None:
        """Changes what clients see of a file beside its data; what is not given stays."""
        __tracebackhide__ = True
        for name in misspelt:
            raise TypeError(
                f"set has no {name!r}{nearest(name, ('read_only', 'hidden', 'system', 'modified'))}"
            )
        now = self.file(path)
        wanted = File(
            now.data,
            read_only=now.read_only if read_only is None else read_only,
            hidden=now.hidden if hidden is None else hidden,
            system=now.system if system is None else system,
            modified=now.modified if modified is None else modified,
            eas=now.eas,
            streams=now.streams,
        )

        def change(lookup: Lookup, at: Path) -> None:
            entry = lookup.find(at)
            fd = os.open(entry.data_name, _READ, dir_fd=entry.data_directory.fd)
            try:
                if not wanted.read_only:
                    os.fchmod(fd, stat.S_IMODE(os.fstat(fd).st_mode) | stat.S_IWUSR)
                xattrs.drop(fd, attributes.XATTR)
                filling.put_facts(fd, at.name, wanted)
            finally:
                os.close(fd)

        self._do(path, change)

    # -- the way there -------------------------------------------------------------------------------------

    def _do(self, path: AnyPath, work: Callable[[Lookup, Path], T]) -> T:
        __tracebackhide__ = True
        told = _text(path)

        def run() -> T:
            with _explained(self, told):
                at = Path.parse(told.rstrip("/\\").replace("/", "\\"))
                lookup = Lookup(self._where(), World())
                try:
                    return work(lookup, at)
                finally:
                    lookup.close()

        try:
            done: T = self._across(run)
        except Exception as error:  # where in the server it was is no matter to who has written the test
            raise error.with_traceback(None) from None
        return done

    def near(self, told: str) -> str:
        """The names beside one that is not there which come nearest to it."""
        *parents, name = told.replace("\\", "/").strip("/").split("/")
        try:
            return nearest(name, self.list("/".join(parents)))
        except (OSError, ValueError):
            return ""


@contextmanager
def _explained(files: ShareFiles, told: str) -> Iterator[None]:
    """Whatever goes wrong names the share and the path."""
    what = f"share {files.name}: {told or 'the folder itself'}"
    try:
        yield
    except SMBError as error:
        status = NT(error.status)
        if status in _MISSING:
            raise _error(
                FileNotFoundError, errno.ENOENT, f"{what}: there is no such file{files.near(told)}"
            ) from None
        if status in (NT.OBJECT_NAME_INVALID, NT.OBJECT_PATH_SYNTAX_BAD, NT.INVALID_PARAMETER):
            raise ValueError(f"{what}: {error.why}") from None
        if status == NT.ACCESS_DENIED:
            raise _error(PermissionError, errno.EACCES, f"{what}: {error.why}") from None
        raise _error(OSError, errno.EIO, f"{what}: {error.why or status.name}") from None
    except FolderError as error:
        raise _error(OSError, errno.EIO, f"share {files.name}: {error}") from None
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None
    except OSError as error:
        raise _error(type(error), error.errno or errno.EIO, f"{what}: {error.strerror or error}") from None


def _error(kind: type[OSError], number: int, text: str) -> OSError:
    error = kind(text)
    error.errno = number
    return error


def _text(path: object) -> str:
    __tracebackhide__ = True
    told = os.fspath(path) if isinstance(path, str | os.PathLike) else path
    if not isinstance(told, str):
        raise TypeError(f"a path in a share is a text, not {type(told).__name__}")
    return told


def _way_to(lookup: Lookup, at: Path) -> Entry:
    """The entry of a name that may be made; directories on the way to it are."""
    if not at.parts:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    for depth in range(1, len(at.parts)):
        entry = lookup.entry(Path(at.parts[:depth]))
        if entry.st is None:
            os.mkdir(entry.name, dir_fd=entry.directory.fd)
        elif not stat.S_ISDIR(entry.st.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, f"{'/'.join(at.parts[:depth])} is a file")
    return lookup.entry(Path(at.parts))


def _data(entry: Entry, stream: str = "") -> bytes:
    if stream:
        found = streams.find(entry.xattr_path, stream, follow=False)
        held = None if found is None else streams.load(entry.xattr_path, found, follow=False)
        if held is None:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND)
        return held
    if entry.st is not None and stat.S_ISDIR(entry.st.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    with open(os.open(entry.data_name, _READ, dir_fd=entry.data_directory.fd), "rb") as file:
        return file.read()


def _whole(entry: Entry) -> File:
    data, target, st = _data(entry), entry.xattr_path, entry.st
    assert st is not None
    stored = attributes.load(target, st, SideTable(World().disk_ns))
    bits = attributes.effective(st.st_mode, entry.data_name, stored.attributes)
    return File(
        data,
        read_only=bool(bits & Attribute.READONLY),
        hidden=bool(bits & Attribute.HIDDEN),
        system=bool(bits & Attribute.SYSTEM),
        modified=_EPOCH + timedelta(microseconds=st.st_mtime_ns // 1000),
        eas={ea.name: ea.value for ea in eas.load(target, follow=False)},
        streams={
            name: streams.load(target, name, follow=False) or b""
            for name in streams.names(target, follow=False)
        },
    )


def _named(lookup: Lookup, at: Path) -> list[tuple[str, str]]:
    """The names in a directory as clients are shown them, and as they are on the disk."""
    if at.stream:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    entry = lookup.find(at)
    if entry.st is None or not stat.S_ISDIR(entry.st.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    directory = lookup.enter(entry)
    with directory.scan() as entries:
        names = [one.name for one in entries]
    shown = ((directory.shown(name), name) for name in names)
    return sorted((one for one in shown if one[0]), key=lambda one: fold(one[0]))


def _tree(lookup: Lookup, at: Path) -> Snapshot:
    found: Snapshot = {}
    for shown, _ in _named(lookup, at):
        inner = Path((*at.parts, shown))
        try:
            entry = lookup.find(inner)
            mode = entry.st.st_mode if entry.st is not None else 0
            if stat.S_ISDIR(mode) and not entry.is_link:  # a link may lead to where it is itself
                found[f"{shown}/"] = _tree(lookup, inner)
            elif stat.S_ISREG(mode):
                found[shown] = _data(entry)
        except SMBError:  # a link that leads nowhere, or out of the share
            continue
    return found
