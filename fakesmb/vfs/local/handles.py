"""Handles: one object for each open of a file in a local directory."""

import sys
from typing import Any, Final

from fakesmb.vfs.paths import Path
from fakesmb.vfs.rules.openfiles import OpenFile
from fakesmb.vfs.rules.oplocks import Held

_LINUX: Final = sys.platform == "linux"


class LocalHandle:
    """One open of a file in a local directory: `vfs.store.Handle` and what the store needs."""

    __slots__ = (
        "access",
        "closed",
        "contested",
        "delete_on_close",
        "disk_path",
        "dos_deny",
        "fd",
        "file",
        "is_directory",
        "made",
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
        "timed",
        "unusual",
        "wrote",
    )

    def __init__(
        self,
        path: Path,
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
        self.unusual = is_directory
        """Whether its data is not what `fd` reads and writes: a directory, or a named stream."""
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
        self.made = False
        """Whether this open made the file."""
        self.contested = False
        """It found the file there and asked for delete on close, and others opened the file after it."""
        self.wrote = False
        """Whether its close moves the last write time."""
        self.timed = False
        """Whether its writes no longer move the last write time."""
        self.oplock: Held | None = None

    @property
    def xattr_target(self) -> str | int:
        """What names the open file in calls that refuse an O_PATH descriptor (getxattr, utime, chmod)."""
        return f"/proc/self/fd/{self.fd}" if _LINUX else self.fd


class SamePosition(LocalHandle):
    """A DENY_DOS or FCB open of a process that has the file open like this: both move one position."""

    __slots__ = ("_first",)

    def __init__(self, first: LocalHandle, *args: Any, **kwargs: Any) -> None:
        at = first.position
        self._first = first
        super().__init__(*args, **kwargs)
        first.position = at

    @property
    def position(self) -> int:
        """As in `Handle`."""
        return self._first.position

    @position.setter
    def position(self, offset: int) -> None:
        self._first.position = offset
