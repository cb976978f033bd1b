"""FILETIME: 100-nanosecond ticks since 1601-01-01 UTC ([MS-DTYP] 2.3.3), the one unit of time inside fakesmb."""

TICKS_PER_SECOND = 10_000_000
UNIX_EPOCH = 116_444_736_000_000_000
"""1970-01-01 as FILETIME."""

NOT_GIVEN = 0
"""In a set request: leave this time alone ([MS-FSCC] 2.4.7)."""


def from_ns(nanoseconds: int) -> int:
    """FILETIME of a POSIX time in nanoseconds (`st_mtime_ns`)."""
    return nanoseconds // 100 + UNIX_EPOCH


def to_ns(ticks: int) -> int:
    """POSIX nanoseconds of a FILETIME."""
    return (ticks - UNIX_EPOCH) * 100


def from_seconds(seconds: float) -> int:
    """FILETIME of a POSIX time in seconds."""
    return int(seconds * TICKS_PER_SECOND) + UNIX_EPOCH
