"""FILETIME: 100-nanosecond ticks since 1601-01-01 UTC ([MS-DTYP] 2.3.3), the one unit of time inside fakesmb."""

TICKS_PER_SECOND = 10_000_000
UNIX_EPOCH = 116_444_736_000_000_000
"""1970-01-01 as FILETIME."""

LATEST = (1 << 63) - 1
"""The last moment that Windows knows, in the year 30828."""
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


def possible(ticks: int) -> int:
    """The FILETIME nearest to a time that a disk may have and Windows not: before 1601, or after 30828."""
    return max(0, min(ticks, LATEST))
