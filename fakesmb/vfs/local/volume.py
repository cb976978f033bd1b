"""A share's volume: what statvfs knows, in Windows' terms ([MS-FSCC] 2.5)."""

import os
from zlib import crc32

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.store import Volume

BYTES_PER_SECTOR = 512
_ALWAYS = 0x00000007
"""CASE_SENSITIVE_SEARCH | CASE_PRESERVED_NAMES | UNICODE_ON_DISK, [MS-FSCC] 2.5.1."""
_NAMED_STREAMS = 0x00040000
_READ_ONLY = "the disk is mounted read-only"


def volume_of(
    target: int | str, root: str, label: str, creation_time: int, *, streams: bool = False
) -> Volume:
    """The facts and the free space of the disk of a path or descriptor; the same `root` keeps its serial number.

    `streams`: files can have streams and EAs.
    """
    facts = disk.statvfs(target)
    unit = facts.f_frsize or 4096
    sectors = max(1, unit // BYTES_PER_SECTOR)
    return Volume(
        label=label,
        serial_number=crc32(os.fsencode(root)) or 1,
        creation_time=creation_time,
        total_units=facts.f_blocks,
        free_units=facts.f_bavail,
        sectors_per_unit=sectors,
        bytes_per_sector=BYTES_PER_SECTOR,
        longest_name=min(facts.f_namemax, 255),
        total_files=facts.f_files,
        free_files=facts.f_favail,
        reserved_units=facts.f_bfree - facts.f_bavail,
        attributes=_ALWAYS | _NAMED_STREAMS if streams else _ALWAYS,
    )


def check_room(target: str | int, size: int) -> None:
    """Raises where the disk of a path or descriptor cannot take so many bytes more.

    DISK_FULL where it has fewer, MEDIA_WRITE_PROTECTED where it takes none at all.
    """
    facts = disk.statvfs(target)
    if facts.f_flag & os.ST_RDONLY:
        raise SMBError(NT.MEDIA_WRITE_PROTECTED, _READ_ONLY)
    if size > facts.f_bavail * facts.f_frsize:
        raise SMBError(NT.DISK_FULL, f"the disk has no room for {size} bytes")


def check_writable(target: str | int) -> None:
    """Raises MEDIA_WRITE_PROTECTED where nothing can be deleted: a deletion is promised before it is done."""
    if disk.statvfs(target).f_flag & os.ST_RDONLY:
        raise SMBError(NT.MEDIA_WRITE_PROTECTED, _READ_ONLY)


def is_full(target: str | int) -> bool:
    """Whether the disk has no block or no inode left, and not only a file no room for more of its attributes."""
    facts = disk.statvfs(target)
    return facts.f_bavail == 0 or (facts.f_files > 0 and facts.f_favail == 0)
