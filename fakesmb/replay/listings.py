"""Where a search goes on: resume keys and last names of listings, of the NT levels and of older ones."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from fakesmb.wire.codec import DecodeError, decode_utf16
from fakesmb.wire.find_info import read_entries
from fakesmb.wire.info import LevelContext
from fakesmb.wire.search import SearchEntry

KEY_SIZE: Final = 21
STATE_SIZE: Final = 17
"""Bytes of it that are the server's ([MS-CIFS] 2.2.4.58.1); the client may change the four behind them."""
_NAME_AT: Final = {1: 22, 2: 26}
"""Where the length of the name is in entries of the LANMAN levels."""


class Entry(NamedTuple):
    """The last entry of an answer to FIND_FIRST2 or FIND_NEXT2."""

    key: int
    name: str


def last_entry(level: int, data: bytes, last: int, keyed: bool, unicode: bool) -> Entry | None:
    """The last entry; None where there is none, or where it cannot be read. `last` is LastNameOffset."""
    if not data:
        return None
    try:
        if level in _NAME_AT:
            return _lanman(level, data, last, keyed, unicode)
        entry = read_entries(level, data, LevelContext(unicode=unicode))[-1]
    except (DecodeError, IndexError, struct.error):
        return None
    return Entry(entry.key, entry.name)


def _lanman(level: int, data: bytes, at: int, keyed: bool, unicode: bool) -> Entry:
    key = 0
    if keyed:
        (key,) = struct.unpack_from("<I", data, at)
        at += 4
    at += _NAME_AT[level]
    size = data[at]
    at += 1
    if unicode:
        at += at & 1
        return Entry(key, decode_utf16(data[at : at + size & ~1]).rstrip("\0"))
    return Entry(key, data[at : at + size].decode("cp850", "replace").rstrip("\0"))


def search_keys(captured: bytes, here: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The server's part of the keys of SEARCH entries: those of equal names, and the last of both."""
    old, new = (list(_entries(data)) for data in (captured, here))
    if not old or not new:
        return
    by_name = {entry.file_name: entry for entry in new}
    yield _state(old[-1]), _state(new[-1])
    for entry in old:
        same = by_name.get(entry.file_name)
        if same is not None:
            yield _state(entry), _state(same)


def _entries(data: bytes) -> Iterator[SearchEntry]:
    for at in range(0, len(data) - SearchEntry.size() + 1, SearchEntry.size()):
        yield SearchEntry.decode(data, at)


def _state(entry: SearchEntry) -> bytes:
    return entry.resume_key[:STATE_SIZE]
