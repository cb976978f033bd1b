"""The blocks of a pcapng file, as far as a capture of our own needs them (draft-ietf-opsawg-pcapng).

A capture is a section header, an interface description for each port that the server listens on, enhanced packets, and
at its end how many there were. It is valid wherever it ends between two blocks.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Final

ETHERNET: Final = 1
"""LINKTYPE_ETHERNET."""
INBOUND: Final = 1
OUTBOUND: Final = 2
"""Directions of `epb_flags`: to the server, from it."""
LONGEST_COMMENT: Final = 4000
"""Bytes of UTF-8; an option has room for 65,535, and no line for people needs that."""
MAGIC: Final = b"\n\r\r\n"
"""How every section begins, in either byte order."""

_SECTION, _INTERFACE, _STATISTICS, _PACKET = 0x0A0D0D0A, 1, 5, 6
_BYTE_ORDER: Final = 0x1A2B3C4D
_COMMENT, _FLAGS = 1, 2
_USER_APPLICATION, _NAME, _DESCRIPTION, _RESOLUTION = 4, 2, 3, 9
_START_TIME, _END_TIME, _RECEIVED, _DROPPED = 2, 3, 4, 5
_MICROSECONDS: Final = 6

_HEAD: Final = Struct("<II")
_LENGTH: Final = Struct("<I")
_OPTION: Final = Struct("<HH")
_SECTION_BODY: Final = Struct("<IHHq")
_INTERFACE_BODY: Final = Struct("<HHI")
_STATISTICS_BODY: Final = Struct("<III")
_PACKET_HEAD: Final = Struct("<IIIIIII")
"""Type and length of the block, then interface, time (high, low), bytes that are here and that there were."""
_DIRECTION: Final = {flags: _OPTION.pack(_FLAGS, 4) + _LENGTH.pack(flags) for flags in (INBOUND, OUTBOUND)}
_END: Final = bytes(4)
_AROUND_PACKET: Final = _PACKET_HEAD.size + _LENGTH.size


def section(application: str) -> bytes:
    """How a capture begins; `application` wrote it."""
    options = [(_USER_APPLICATION, application.encode())]
    return _block(_SECTION, _SECTION_BODY.pack(_BYTE_ORDER, 1, 0, -1), options)


def interface(name: str, description: str, *, snap: int) -> bytes:
    """One more interface, counted from 0. `snap`: bytes of a packet that are kept, 0 for all."""
    options = [
        (_NAME, name.encode()),
        (_DESCRIPTION, description.encode()),
        (_RESOLUTION, bytes((_MICROSECONDS,))),
    ]
    return _block(_INTERFACE, _INTERFACE_BODY.pack(ETHERNET, 0, snap), options)


def packet(
    number: int, microseconds: int, data: bytes, size: int, *, direction: int, comment: str = ""
) -> bytes:
    """What came or left of interface `number`; `data` are the first of its `size` bytes.

    `microseconds` since 1970; `comment` is a line for people.
    """
    kept = len(data)
    options = _DIRECTION[direction] + _END
    if comment:
        text = _utf8(comment)
        options = _OPTION.pack(_COMMENT, len(text)) + text + bytes(-len(text) % 4) + options
    padding = -kept % 4
    length = _AROUND_PACKET + kept + padding + len(options)
    head = _PACKET_HEAD.pack(
        _PACKET, length, number, microseconds >> 32, microseconds & 0xFFFFFFFF, kept, size
    )
    return b"".join((head, data, bytes(padding), options, _LENGTH.pack(length)))


def statistics(number: int, began: int, ended: int, *, packets: int, dropped: int) -> bytes:
    """What interface `number` had, at the end of a capture; the times in microseconds since 1970."""
    options = [
        (_START_TIME, _time(began)),
        (_END_TIME, _time(ended)),
        (_RECEIVED, packets.to_bytes(8, "little")),
        (_DROPPED, dropped.to_bytes(8, "little")),
    ]
    return _block(_STATISTICS, _STATISTICS_BODY.pack(number, ended >> 32, ended & 0xFFFFFFFF), options)


def whole_blocks(data: bytes | memoryview, most: int) -> int:
    """The bytes of the blocks that lie within the first `most` bytes of `data`, which begins with one."""
    at = 0
    while at + _HEAD.size <= most:
        length = _HEAD.unpack_from(data, at)[1]
        if length < _HEAD.size or at + length > most:
            break
        at += length
    return at


def _time(microseconds: int) -> bytes:
    return _HEAD.pack(microseconds >> 32, microseconds & 0xFFFFFFFF)


def _utf8(text: str) -> bytes:
    """The text, cut at a whole character where it is long."""
    whole = text.encode("utf-8", "backslashreplace")
    if len(whole) <= LONGEST_COMMENT:
        return whole
    return whole[: LONGEST_COMMENT - 3].decode("utf-8", "ignore").encode() + b"..."


def _block(kind: int, body: bytes, options: Iterable[tuple[int, bytes]]) -> bytes:
    parts = [body]
    for code, value in options:
        parts += (_OPTION.pack(code, len(value)), value, bytes(-len(value) % 4))
    parts.append(_END)
    inside = b"".join(parts)
    length = _HEAD.size + len(inside) + _LENGTH.size
    return _HEAD.pack(kind, length) + inside + _LENGTH.pack(length)
