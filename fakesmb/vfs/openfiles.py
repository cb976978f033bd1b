"""The open files of one server: one `OpenFile` for each inode, shared by all shares that lead to it.

What belongs to the file and not to one open of it lives here: who has it open, its locks, that it will be
deleted, the write time that was set on purpose. Oplocks and watches have their place on the same object.
"""

import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from fakesmb.vfs.attributes import SideTable
from fakesmb.vfs.locks import LockTable

if TYPE_CHECKING:
    from fakesmb.vfs.oplocks import Held, Oplocks
    from fakesmb.vfs.paths import Path

_LINUX: Final = sys.platform == "linux"

Key = tuple[int, int]
"""st_dev and st_ino."""


class OpenFile:
    """A file or directory that is open at least once."""

    __slots__ = (
        "allocation",
        "delete_path",
        "delete_pending",
        "key",
        "locks",
        "opens",
        "oplocks",
        "waiters",
        "write_time",
    )

    def __init__(self, key: Key) -> None:
        self.key = key
        self.opens: list[LocalHandle] = []
        self.locks: LockTable | None = None
        self.oplocks: Oplocks | None = None
        """None where nobody holds one, which spares looking."""
        self.allocation = 0
        """Bytes an open reserved ([MS-FSA] 2.1.5.14.1): shown until the last close, not taken."""
        self.delete_pending = False
        self.delete_path: Path | None = None
        """Which of its names the last close removes."""
        self.write_time = 0
        """The last write time somebody set (FILETIME): shown, and kept over writes, until the last close."""
        self.waiters: list[Callable[[], None]] = []

    def wait_for_close(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls back once, after the next close or oplock acknowledgement; gives what ends that interest."""
        self.waiters.append(callback)

        def forget() -> None:
            if callback in self.waiters:
                self.waiters.remove(callback)

        return forget

    def wake(self) -> None:
        """Tells those who wait that it may be their turn."""
        if self.waiters:
            waiters, self.waiters = self.waiters, []
            for callback in waiters:
                callback()


class LocalHandle:
    """One open of a file in a local directory: `vfs.api.Handle` and what the store needs."""

    __slots__ = (
        "access",
        "closed",
        "delete_on_close",
        "disk_path",
        "dos_deny",
        "fd",
        "file",
        "is_directory",
        "mode",
        "name",
        "oplock",
        "options",
        "owner",
        "path",
        "pid",
        "position",
        "share",
        "shown_path",
        "wrote",
    )

    def __init__(
        self,
        path: "Path",
        file: OpenFile,
        fd: int,
        *,
        access: int,
        share: int,
        options: int,
        is_directory: bool,
        pid: int,
        owner: object,
        dos_deny: int,
        name: str,
        shown_path: str,
        disk_path: str,
    ) -> None:
        self.path = path
        self.file = file
        self.fd = fd
        """A descriptor of the file itself; opened with O_PATH where no data may be read or written."""
        self.access = access
        self.share = share
        self.options = options
        self.is_directory = is_directory
        self.pid = pid
        self.owner = owner
        self.dos_deny = dos_deny
        self.name = name
        """The last component on disk, as clients are shown it."""
        self.shown_path = shown_path
        self.disk_path = disk_path
        """Where its name is on disk, to compare with those of others; it is never opened by this."""
        self.position = 0
        self.mode = options & 0x3E
        self.closed = False
        self.delete_on_close = False
        self.wrote = False
        self.oplock: Held | None = None

    @property
    def xattr_target(self) -> str | int:
        """What names the open file in calls that refuse an O_PATH descriptor (getxattr, utime, chmod)."""
        return f"/proc/self/fd/{self.fd}" if _LINUX else self.fd


class OpenFiles:
    """The files one server has open, by inode, and the side table of attributes its disks cannot keep."""

    def __init__(self) -> None:
        self.by_key: dict[Key, OpenFile] = {}
        self.side: SideTable = {}
        self.deleting = 0
        """How many open files are delete-pending: 0 spares looking."""

    def __len__(self) -> int:
        """How many opens there are."""
        return sum(len(file.opens) for file in self.by_key.values())

    def __iter__(self) -> "Iterator[LocalHandle]":
        for file in list(self.by_key.values()):
            yield from list(file.opens)

    def get(self, st: os.stat_result) -> OpenFile | None:
        """The open file of this inode, if it is open."""
        return self.by_key.get((st.st_dev, st.st_ino))

    def of(self, st: os.stat_result) -> OpenFile:
        """The open file of this inode, made if need be."""
        key = (st.st_dev, st.st_ino)
        file = self.by_key.get(key)
        if file is None:
            file = self.by_key[key] = OpenFile(key)
        return file

    def is_deleting(self, st: os.stat_result) -> bool:
        """Whether the inode's name goes away at the last close."""
        if not self.deleting:
            return False
        file = self.by_key.get((st.st_dev, st.st_ino))
        return file is not None and file.delete_pending

    def mark_deleted(self, file: OpenFile, path: "Path | None") -> None:
        """Marks for deletion under `path`, or (None) takes the mark back."""
        self.deleting += (path is not None) - file.delete_pending
        file.delete_pending = path is not None
        file.delete_path = path

    def is_open_below(self, disk_path: str) -> bool:
        """Whether anything in this directory is open, at any depth."""
        inside = disk_path.rstrip("/") + "/"
        return any(
            handle.disk_path.startswith(inside) for file in self.by_key.values() for handle in file.opens
        )

    def end(self, handle: LocalHandle) -> bool:
        """Takes one open away; True if it was the file's last."""
        file = handle.file
        file.opens.remove(handle)
        if file.opens:
            return False
        if self.by_key.get(file.key) is file:
            del self.by_key[file.key]
        self.deleting -= file.delete_pending
        return True
