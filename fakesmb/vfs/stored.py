"""What a store remembers of a file because POSIX has no place for it: DOS attributes, creation and change time."""

from typing import Final

import msgspec


class Stored(msgspec.Struct, frozen=True, gc=False):
    """What was remembered of a file: -1 and 0 where nothing was."""

    attributes: int = -1
    creation_time: int = 0
    ea_size: int = -1
    """Bytes of EAs when it was last written: -1 where nobody knows."""
    change_time: int = 0
    """A change time that a client set: POSIX moves its own whatever it is told."""
    change_until: int = 0
    """Nanoseconds: a POSIX change time after this one is a later change, and counts."""


NOTHING: Final = Stored()
SideTable = dict[tuple[int, int], Stored]
"""For disks that cannot keep it: by st_dev and st_ino."""
