"""Values as people read them: names of bits and of numbers, moments, what limits mean."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from fakesmb.nt.filetime import LATEST, UNIX_EPOCH
from fakesmb.nt.status import label

Meaning = Callable[[Any], str]
"""A value to its meaning; empty where it has none beside itself."""

_FIRST: Final = datetime(1601, 1, 1, tzinfo=UTC)
_LAST: Final = (datetime(9999, 12, 31, tzinfo=UTC) - _FIRST) // timedelta(microseconds=1) * 10


def bits(names: Mapping[int, str], *, none: str = "", prefix: str = "") -> Meaning:
    """The names of a value's bits; a mask of several bits has its name where all of them are set.

    `none` is the meaning of 0. What has no name is told in hexadecimal.
    """
    rows = tuple((mask, prefix + name) for mask, name in names.items())

    @lru_cache(maxsize=512)
    def meaning(value: int) -> str:
        if not value:
            return none
        left, found = value, []
        for mask, name in rows:
            if left & mask == mask:
                found.append(name)
                left &= ~mask
        if left:
            found.append(f"0x{left:X}")
        return ", ".join(found)

    return meaning


def named(names: Mapping[int, str], *, prefix: str = "", other: str = "") -> Meaning:
    """The name of a number; `other` is the meaning of one that has none."""
    found = {number: prefix + name for number, name in names.items()}
    return lambda value: found.get(value, other)


def fields_of(rows: tuple[tuple[int, int, Meaning], ...]) -> Meaning:
    """A value of several fields: mask, shift and meaning of each; empty ones are left out."""

    @lru_cache(maxsize=512)
    def meaning(value: int) -> str:
        told = [of((value & mask) >> shift) for mask, shift, of in rows]
        return ", ".join(one for one in told if one)

    return meaning


def first_of(*meanings: Meaning) -> Meaning:
    """The first meaning that says anything."""

    def meaning(value: Any) -> str:
        for one in meanings:
            found = one(value)
            if found:
                return found
        return ""

    return meaning


def hexadecimal(digits: int) -> Meaning:
    """A number that is a name or a set of bits, as such are written."""
    return lambda value: f"0x{value & (1 << 4 * digits) - 1:0{digits}X}"


id16: Final = hexadecimal(4)
id32: Final = hexadecimal(8)
id64: Final = hexadecimal(16)


@lru_cache(maxsize=256)
def status(value: int) -> str:
    """An NT status by its name."""
    name = label(value)
    return name if name.startswith("0x") else f"{name} (0x{value:08X})"


@lru_cache(maxsize=1024)
def filetime(value: int) -> str:
    """FILETIME ([MS-DTYP] 2.3.3): 100-nanosecond steps since 1601, UTC."""
    if not value:
        return "no time is given"
    if value in (LATEST, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFE):
        return "never" if value == LATEST else "the time is not to be changed"
    if not 0 < value < _LAST:
        return "after the year 9999"
    moment = _FIRST + timedelta(microseconds=value // 10)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{value % 10_000_000:07d} UTC"


@lru_cache(maxsize=1024)
def interval(value: int) -> str:
    """A span in steps of 100 nanoseconds; negative ones count from now."""
    return f"{abs(value) / 10_000_000:g} s"


@lru_cache(maxsize=1024)
def utime(value: int) -> str:
    """UTIME ([MS-CIFS] 2.2.1.4.3): seconds since 1970 on the server's clock."""
    if value in (0, 0xFFFFFFFF):
        return "no time is given"
    moment = _FIRST + timedelta(microseconds=UNIX_EPOCH // 10 + value * 1_000_000)
    return f"{moment:%Y-%m-%d %H:%M:%S}, by the server's clock"


def dos_date(value: int) -> str:
    """SMB_DATE ([MS-CIFS] 2.2.1.4.1)."""
    if not value:
        return "no date is given"
    month, day = value >> 5 & 15, value & 31
    if not 1 <= month <= 12 or not day:
        return "no date of any calendar"
    return f"{(value >> 9) + 1980}-{month:02}-{day:02}"


def dos_time(value: int) -> str:
    """SMB_TIME ([MS-CIFS] 2.2.1.4.2), in steps of two seconds."""
    hour, minute, second = value >> 11, value >> 5 & 63, (value & 31) * 2
    if hour > 23 or minute > 59 or second > 59:
        return "no time of day"
    return f"{hour:02}:{minute:02}:{second:02}"


def zone(value: int) -> str:
    """Minutes that have to be added to local time to get UTC."""
    if not value:
        return "UTC"
    hours, minutes = divmod(abs(value), 60)
    return f"UTC{'-' if value > 0 else '+'}{hours:02}:{minutes:02}"


def milliseconds(value: int) -> str:
    """A timeout ([MS-CIFS] 2.2.4.32.1)."""
    if value == 0xFFFFFFFF:
        return "as long as it takes"
    return "at once or not at all" if not value else f"{value} ms"


def guid(value: bytes) -> str:
    """A GUID in its text form ([MS-DTYP] 2.3.4.2)."""
    raw = bytes(value)
    if len(raw) != 16:
        return ""
    head = f"{int.from_bytes(raw[:4], 'little'):08x}-{int.from_bytes(raw[4:6], 'little'):04x}"
    return f"{head}-{int.from_bytes(raw[6:8], 'little'):04x}-{raw[8:10].hex()}-{raw[10:].hex()}"
