"""Which folders are on disks that may hang: those that another machine, or another program, answers for."""

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from fakesmb.vfs.disktask import Lane

_MOUNTS: Final = "/proc/self/mountinfo"
_HANGS: Final = frozenset(
    [
        "9p",
        "afs",
        "autofs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse",
        "fuseblk",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "prl_fs",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    ]
)
"""File systems of a network, of a cluster, of a machine's host."""
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mounted file system."""

    place: str
    kind: str

    @property
    def may_hang(self) -> bool:
        """Whether something else than this machine's kernel and disks answers for it."""
        return self.kind in _HANGS or self.kind.startswith("fuse.")


def mounts(path: str = _MOUNTS) -> list[Mount]:
    """What is mounted, in its order; [] where the system does not tell (proc(5))."""
    found = []
    with suppress(OSError), open(path, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            before, _, after = line.partition(" - ")
            found.append(Mount(_ESCAPED.sub(_unescaped, before.split(" ")[4]), after.split(" ")[0]))
    return found


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 8))


def may_hang(folder: str, mounted: Iterable[Mount]) -> bool:
    """Whether the disk of a folder, or one that is mounted below it, may hang."""
    place = os.path.realpath(folder)
    own: Mount | None = None
    for mount in mounted:
        if is_within(place, mount.place):
            if own is None or len(mount.place) >= len(own.place):  # a later mount hides one of the same place
                own = mount
        elif mount.may_hang and is_within(mount.place, place):
            return True
    return own is not None and own.may_hang


def is_within(place: str, folder: str) -> bool:
    """Whether a real path is a folder or something in it."""
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def lanes_of(folders: Sequence[str], hang: Sequence[bool]) -> list[Lane | None]:
    """The lanes of the folders' disks, None for one that does not hang.

    Folders that may hang have the same lane where their disk is the same. So have those one of which is in the other,
    both of which may hang then: they have files in common.
    """
    places = [os.path.realpath(folder) for folder in folders]
    hanging = [place for place, hangs in zip(places, hang, strict=True) if hangs]
    lanes: list[Lane | None] = []
    for place in places:
        joined: Lane | None = None
        if any(_overlap(place, other) for other in hanging):
            before = zip(places, lanes, strict=False)
            beside = [lane for other, lane in before if lane is not None and _meet(place, other)]
            joined = beside[0] if beside else Lane()
            lanes = [joined if lane in beside else lane for lane in lanes]
        lanes.append(joined)
    return lanes


def _overlap(place: str, other: str) -> bool:
    return is_within(place, other) or is_within(other, place)


def _meet(place: str, other: str) -> bool:
    return _overlap(place, other) or os.stat(place).st_dev == os.stat(other).st_dev
