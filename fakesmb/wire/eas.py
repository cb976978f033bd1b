"""Extended attribute lists: old (SMB_FEA_LIST) and new (FILE_FULL_EA_INFORMATION) ([MS-CIFS] 2.2.1.2)."""

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from fakesmb.wire.codec import Buffer, DecodeError

_SIZE: Final = struct.Struct("<I")
_OLD: Final = struct.Struct("<BBH")
_NEW: Final = struct.Struct("<IBBH")


class Ea(NamedTuple):
    """One extended attribute. An empty value deletes. `flags` 0x80: the reader must understand it."""

    name: bytes
    value: bytes
    flags: int = 0


def encode_list(eas: Iterable[Ea]) -> bytes:
    """SMB_FEA_LIST, [MS-CIFS] 2.2.1.2.2.1; the size counts itself, so no EAs are four bytes."""
    body = b"".join(
        _OLD.pack(one.flags, len(one.name), len(one.value)) + one.name + b"\0" + one.value for one in eas
    )
    return _SIZE.pack(len(body) + _SIZE.size) + body


def read_list(data: Buffer) -> list[Ea]:
    """The EAs of an SMB_FEA_LIST; raises `DecodeError`. A size below four is an empty list (OS/2)."""
    if len(data) < _SIZE.size:
        raise DecodeError("an EA list without its size")
    (size,) = _SIZE.unpack_from(data)
    if size > len(data):
        raise DecodeError(f"an EA list of {size} bytes in {len(data)}")
    found = []
    at = _SIZE.size
    while at < size:
        if size - at < _OLD.size:
            raise DecodeError("an EA without its lengths")
        flags, name_size, value_size = _OLD.unpack_from(data, at)
        at += _OLD.size
        found.append(_ea(data, at, size, flags, name_size, value_size))
        at += name_size + 1 + value_size
    return found


def encode_full(eas: Iterable[Ea]) -> bytes:
    """FILE_FULL_EA_INFORMATION, [MS-FSCC] 2.4.16: entries at multiples of four."""
    entries = [(_NEW.size + len(one.name) + 1 + len(one.value), one) for one in eas]
    out = bytearray()
    for index, (size, one) in enumerate(entries, 1):
        pad = -size % 4
        following = 0 if index == len(entries) else size + pad
        out += _NEW.pack(following, one.flags, len(one.name), len(one.value)) + one.name + b"\0" + one.value
        if following:
            out += bytes(pad)
    return bytes(out)


def read_full(data: Buffer) -> list[Ea]:
    """The EAs of FILE_FULL_EA_INFORMATION; raises `DecodeError`."""
    found: list[Ea] = []
    at = 0
    while at < len(data):
        if len(data) - at < _NEW.size:
            raise DecodeError("an EA without its lengths")
        following, flags, name_size, value_size = _NEW.unpack_from(data, at)
        found.append(_ea(data, at + _NEW.size, len(data), flags, name_size, value_size))
        if not following:
            break
        if following < _NEW.size + name_size + 1 + value_size:
            raise DecodeError("EAs that overlap")
        at += following
    return found


def read_names(data: Buffer) -> list[bytes]:
    """The names of an SMB_GEA_LIST, [MS-CIFS] 2.2.1.2.1.1; raises `DecodeError`."""
    if len(data) < _SIZE.size:
        raise DecodeError("an EA name list without its size")
    (size,) = _SIZE.unpack_from(data)
    if size > len(data):
        raise DecodeError(f"an EA name list of {size} bytes in {len(data)}")
    found = []
    at = _SIZE.size
    while at < size:
        end = at + 1 + data[at]
        if end + 1 > size:
            raise DecodeError("an EA name beyond its list")
        found.append(bytes(data[at + 1 : end]))
        at = end + 1
    return found


def _ea(data: Buffer, at: int, end: int, flags: int, name_size: int, value_size: int) -> Ea:
    value_at = at + name_size + 1
    if value_at + value_size > end:
        raise DecodeError("an EA beyond its list")
    return Ea(bytes(data[at : at + name_size]), bytes(data[value_at : value_at + value_size]), flags)
