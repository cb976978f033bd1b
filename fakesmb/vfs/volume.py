"""A share's volume: what statvfs knows, in Windows' terms ([MS-FSCC] 2.5)."""

import os
from zlib import crc32

from fakesmb.vfs.api import Volume

BYTES_PER_SECTOR = 512


def volume_of(root: str, label: str, creation_time: int) -> Volume:
    """The facts and the free space of the disk below `root`; the same folder keeps its serial number."""
    facts = os.statvfs(root)
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
    )
