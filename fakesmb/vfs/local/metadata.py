"""Setting times and attributes of an open file ([MS-FSA] 2.1.5.15.2, FileBasicInformation)."""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from fakesmb.nt.files import Attribute, Filter
from fakesmb.nt.filetime import LATEST, to_ns
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local import eas
from fakesmb.vfs.local.attributes import creation_time, effective, load, save
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.rules.oplocks import after_facts
from fakesmb.vfs.rules.writetimes import keep, resume, set_times
from fakesmb.vfs.store import Ea
from fakesmb.vfs.stored import SideTable, Stored

_STOP_UPDATES: Final = -1
_RESUME_UPDATES: Final = -2
_NEVER_STORED: Final = Attribute.NORMAL | Attribute.DIRECTORY
_SLACK_NS: Final = 1_000_000
"""A change on disk this soon after the change time was stored is the storing itself."""
_MOST_SLACK_NS: Final = 1_000_000_000


def set_basic(
    handle: LocalHandle, creation: int, access: int, write: int, change: int, attributes: int
) -> None:
    """Sets times (FILETIME; 0: leave, -1: leave and stop automatic updates, -2: resume them) and attributes.

    Raises INVALID_PARAMETER for times and attributes that this file cannot have.
    """
    if attributes & (Attribute.TEMPORARY if handle.is_directory else Attribute.DIRECTORY):
        raise SMBError(
            NT.INVALID_PARAMETER,
            f"attributes 0x{attributes:X} of a {'directory' if handle.is_directory else 'file'}",
        )
    times = (creation, access, write, change)
    if not all(_RESUME_UPDATES <= one <= LATEST for one in times):
        raise SMBError(NT.INVALID_PARAMETER, f"timestamp out of range: {times}")
    clock = handle.opens.clock
    st = disk.fstat(handle.fd)
    if creation > 0 or attributes:
        _remember(handle, st, creation, attributes)
    if access > 0 or write > 0:
        at = to_ns(access) if access > 0 else st.st_atime_ns
        wt = to_ns(write) if write > 0 else st.st_mtime_ns
        try:
            disk.utime(handle.xattr_target, ns=(at, wt))
        except OverflowError:
            raise SMBError(NT.INVALID_PARAMETER, f"timestamp out of the disk's range: {times}") from None
    after_facts(handle.file)
    if handle.file.times is not None:
        handle.file.times.touch(handle)
    if write > 0 or change > 0:
        set_times(handle, clock, max(write, 0), max(change, 0))
    if write == _STOP_UPDATES:
        keep(handle, clock)
    elif write == _RESUME_UPDATES:
        resume(handle)


def set_eas(handle: LocalHandle, wanted: Sequence[Ea], *, as_spelt: bool) -> None:
    """Sets extended attributes and remembers how large they all are."""
    opens = handle.opens
    size = eas.save(handle.xattr_target, wanted, as_spelt=as_spelt)
    st = disk.fstat(handle.fd)
    stored = load(handle.xattr_target, st, opens.side, follow=True)
    if stored.attributes >= 0 and stored.ea_size != size:
        known = Stored(stored.attributes, stored.creation_time, size)
        save(handle.xattr_target, st, known, opens.side, follow=True)
    if handle.file.times is not None:
        handle.file.times.touch()
    if opens.watches.active:
        opens.watches.modified(handle.disk_path, Filter.EA)


def note_modified(handle: LocalHandle) -> None:
    """An open changes data: sets ARCHIVE, so that the file is backed up again ([MS-FSA] 2.1.4.17)."""
    was_set = set_archive(
        handle.xattr_target, disk.fstat(handle.fd), handle.name, handle.opens.side, follow=True
    )
    if was_set and handle.opens.watches.active:
        handle.opens.watches.modified(handle.disk_path, Filter.ATTRIBUTES)


def set_archive(target: str | int, st: os.stat_result, name: str, side: SideTable, *, follow: bool) -> bool:
    """Sets ARCHIVE; True if it was not set before. A disk that refuses to store it does not stop the change of data."""
    old = load(target, st, side, follow=follow)
    if effective(st.st_mode, name, old.attributes) & Attribute.ARCHIVE:
        return False
    with suppress(OSError):
        stored = as_shown(old, st, name)
        stored = replace(stored, attributes=stored.attributes | Attribute.ARCHIVE)
        save(target, st, stored, side, follow=follow)
    return True


def as_shown(stored: Stored, st: os.stat_result, name: str) -> Stored:
    """What is stored of a file, or else what clients are shown of it: where storing one fact begins.

    A change time that was stored is not in it: what is about to be stored is a later change.
    """
    bits = effective(st.st_mode, name, stored.attributes) & ~_NEVER_STORED
    return Stored(bits, creation_time(stored.creation_time, st), stored.ea_size)


def keep_change_time(handle: LocalHandle, change: int) -> None:
    """Stores a change time that a client set, when the last open of the file ends."""
    slack = _SLACK_NS
    while slack <= _MOST_SLACK_NS:
        until = handle.opens.world.disk_ns() + slack
        _remember(handle, disk.fstat(handle.fd), 0, 0, change, until)
        if disk.fstat(handle.fd).st_ctime_ns <= until:
            return
        slack *= 10


def _remember(
    handle: LocalHandle,
    st: os.stat_result,
    creation: int,
    attributes: int,
    change: int = 0,
    change_until: int = 0,
) -> None:
    """Stores attributes and times; an attribute mask or creation time of 0 leaves what is shown now."""
    side = handle.opens.side
    old = as_shown(load(handle.xattr_target, st, side, follow=True), st, handle.name)
    bits = old.attributes
    if attributes:
        bits = (attributes & Attribute.SETTABLE | bits & Attribute.SPARSE) & ~_NEVER_STORED
    born = creation if creation > 0 else old.creation_time
    writable = st.st_mode | stat.S_IWUSR
    if not handle.is_directory and not bits & Attribute.READONLY and writable != st.st_mode:
        # Before the rest: a file without write permission takes no extended attribute either.
        disk.chmod(handle.xattr_target, stat.S_IMODE(writable))
    save(handle.xattr_target, st, Stored(bits, born, old.ea_size, change, change_until), side, follow=True)
