"""NetBIOS names as they go over the wire: sixteen bytes, the last of which says whose name it is, each half of a byte a
letter (RFC 1001 14.1, RFC 1002 4.1), with labels of a scope behind them.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.oem import decode_oem, encode_short

SESSION_PORT: Final = 139
"""Where sessions are: TCP (RFC 1002 4.3)."""
EVERYWHERE: Final = "255.255.255.255"
"""The address by which all computers of a network are reached, whichever network it is."""
NAME_SIZE: Final = 15
"""Bytes of a name without its suffix."""
ENCODED_SIZE: Final = 32
"""Bytes of a name with its suffix as letters."""
LONGEST_NAME: Final = 255
"""Bytes of a name with its scope and all lengths (RFC 1002 4.1)."""
ANY_SERVER: Final = "*SMBSERVER"
"""What clients call that know an address and no name."""
WILDCARD: Final = "*"
"""The name that queries ask for where any node is to answer; padded with zeros."""
_LETTER_A: Final = ord("A")
_POINTER: Final = 0xC0
_LONGEST_LABEL: Final = 63
_BROWSERS: Final = "\x01\x02__MSBROWSE__\x02"


class Suffix(IntEnum):
    """The last byte of a name."""

    WORKSTATION = 0x00
    """A computer's name, or that of a group of computers."""
    MESSENGER = 0x03
    SERVER = 0x20
    """Files are served by that name."""
    DOMAIN_MASTER = 0x1B
    DOMAIN_CONTROLLERS = 0x1C
    MASTER = 0x1D
    """The master browser of a workgroup."""
    ELECTION = 0x1E
    """A group: those who may become master browser."""


class NetBIOSName(NamedTuple):
    """A name, without padding, and its suffix. Compared as it is: in upper case, as names are registered."""

    name: str
    suffix: int = Suffix.SERVER
    scope: str = ""

    def __str__(self) -> str:
        """`FAKESMB<20>`."""
        shown = "..__MSBROWSE__." if self.name == _BROWSERS else self.name
        return f"{shown}<{self.suffix:02X}>" + (f".{self.scope}" if self.scope else "")


MSBROWSE: Final = NetBIOSName(_BROWSERS, 0x01)
"""The group of all master browsers of a network, of whatever workgroup."""


def encode_name(name: NetBIOSName, encoding: str = "cp850") -> bytes:
    """A name as one label and those of its scope, each after its length, and a zero."""
    pad = b"\0" if name.name == WILDCARD else b" "
    raw = encode_short(name.name, encoding, NAME_SIZE).ljust(NAME_SIZE, pad) + bytes((name.suffix,))
    letters = bytes(half for byte in raw for half in (_LETTER_A + (byte >> 4), _LETTER_A + (byte & 0x0F)))
    labels = b"".join(
        bytes((len(label),)) + label for label in name.scope.encode("latin-1").split(b".") if label
    )
    return bytes((ENCODED_SIZE,)) + letters + labels + b"\0"


def decode_name(
    data: Buffer, at: int, encoding: str = "cp850", *, pointers: bool = False
) -> tuple[NetBIOSName, int]:
    """The name at an offset, and the offset behind it. Raises `DecodeError`.

    With `pointers` a label may be the place of another, further ahead, as DNS has it (RFC 1002 4.1): each points to
    before where it stands, so that there is an end.
    """
    labels, end = _labels(data, at, pointers=pointers)
    if not labels or len(labels[0]) != ENCODED_SIZE:
        raise DecodeError(
            f"no NetBIOS name at {at}: its first label has {len(labels[0]) if labels else 0} bytes"
        )
    raw = _first_level(labels[0])
    scope = b".".join(labels[1:]).decode("latin-1")
    name = decode_oem(raw[:NAME_SIZE].rstrip(b" \0"), encoding).upper()
    return NetBIOSName(name, raw[NAME_SIZE], scope), end


def _first_level(label: bytes) -> bytes:
    """Two letters from A to P are a byte; small ones are taken, too."""
    halves = [byte - _LETTER_A for byte in label.upper()]
    if not all(0 <= half <= 0x0F for half in halves):
        raise DecodeError(f"{label!r} is no encoded NetBIOS name: it has other letters than A to P")
    return bytes(high << 4 | low for high, low in zip(halves[::2], halves[1::2], strict=True))


def _labels(data: Buffer, at: int, *, pointers: bool) -> tuple[list[bytes], int]:
    found: list[bytes] = []
    size = 1
    behind = 0
    start = at
    """Where the labels began that are being read: a pointer leads to before it."""
    while True:
        if at >= len(data):
            raise DecodeError(f"a NetBIOS name runs past the end of {len(data)} bytes")
        length = data[at]
        if length & _POINTER == _POINTER and pointers:
            if at + 2 > len(data):
                raise DecodeError("half of a pointer at the end")
            target = (length & ~_POINTER) << 8 | data[at + 1]
            behind = behind or at + 2
            if target >= start:
                raise DecodeError(f"a pointer at {at} to {target}, which is not before it")
            at = start = target
            continue
        if length > _LONGEST_LABEL:
            raise DecodeError(f"a label of {length} bytes at {at}")
        if not length:
            return found, behind or at + 1
        label = bytes(data[at + 1 : at + 1 + length])
        size += 1 + length
        if len(label) < length or size > LONGEST_NAME:
            raise DecodeError(f"a NetBIOS name at {at} is cut, or longer than {LONGEST_NAME} bytes")
        found.append(label)
        at += 1 + length
