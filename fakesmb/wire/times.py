"""Old clocks to and from FILETIME: UTIME, SMB_DATE and SMB_TIME ([MS-CIFS] 2.2.1.4).

They count local time of the server; `zone` is minutes west of UTC, as NEGOTIATE tells clients. 0 means "not given"
both ways. What cannot be expressed becomes the nearest moment that can: old clients show it and go on.
"""

import calendar
import time
from functools import lru_cache
from typing import Final

from fakesmb.nt.filetime import NOT_GIVEN, TICKS_PER_SECOND, UNIX_EPOCH

_LAST_UTIME: Final = 0xFFFFFFFE
_FIRST_DATE: Final = 315532800
"""1980-01-01 in seconds since 1970: where SMB_DATE begins."""
_LAST_DATE: Final = 4354819198
"""2107-12-31 23:59:58: where it ends."""


def utime_from(ticks: int, zone: int = 0) -> int:
    """UTIME (seconds since 1970) of a FILETIME; 0 for NOT_GIVEN and for what lies before 1970."""
    if ticks <= NOT_GIVEN:
        return 0
    seconds = (ticks - UNIX_EPOCH) // TICKS_PER_SECOND - zone * 60
    return min(max(seconds, 0), _LAST_UTIME)


def utime_to(seconds: int, zone: int = 0) -> int:
    """FILETIME of a UTIME; NOT_GIVEN for 0 and 0xFFFFFFFF, which leave a time alone."""
    if seconds in (0, 0xFFFFFFFF):
        return NOT_GIVEN
    return (seconds + zone * 60) * TICKS_PER_SECOND + UNIX_EPOCH


@lru_cache(maxsize=4096)
def _dos_from_seconds(seconds: int) -> tuple[int, int]:
    year, month, day, hour, minute, second, *_ = time.gmtime(min(max(seconds, _FIRST_DATE), _LAST_DATE))
    return (year - 1980) << 9 | month << 5 | day, hour << 11 | minute << 5 | second >> 1


def dos_from(ticks: int, zone: int = 0) -> tuple[int, int]:
    """SMB_DATE and SMB_TIME of a FILETIME, in steps of two seconds; (0, 0) for NOT_GIVEN."""
    if ticks <= NOT_GIVEN:
        return 0, 0
    return _dos_from_seconds((ticks - UNIX_EPOCH) // TICKS_PER_SECOND - zone * 60)


def dos_to(date: int, clock: int, zone: int = 0) -> int:
    """FILETIME of an SMB_DATE and an SMB_TIME.

    NOT_GIVEN for a pair of zeros, of 0xFFFFs, and for a date that no calendar has.
    """
    if (date, clock) in ((0, 0), (0xFFFF, 0xFFFF)):
        return NOT_GIVEN
    year, month, day = (date >> 9) + 1980, date >> 5 & 15, date & 31
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return NOT_GIVEN
    hour, minute, second = clock >> 11, clock >> 5 & 63, (clock & 31) * 2
    seconds = calendar.timegm((year, month, day, hour, minute, second))
    return (seconds + zone * 60) * TICKS_PER_SECOND + UNIX_EPOCH
