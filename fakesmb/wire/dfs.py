"""DFS referrals ([MS-DFSC] 2.2), to and from structures: the request and the response in versions 1 to 4."""

from struct import Struct
from typing import Final

import msgspec

from fakesmb.wire.codec import (
    U16,
    U32,
    Buffer,
    DecodeError,
    Record,
    Structure,
    Utf16Text,
    decode_utf16,
    encode_utf16,
)

REFERRAL_SERVERS: Final = 0x0001
"""ReferralHeaderFlags: the targets are DFS root servers."""
STORAGE_SERVERS: Final = 0x0002
"""ReferralHeaderFlags: the targets hold files."""
ROOT_TARGETS: Final = 0x0001
"""ServerType of an entry: its target is a DFS root."""
TARGET_SET_BOUNDARY: Final = 0x0004
"""ReferralEntryFlags of version 4: the first target of a set ([MS-DFSC] 2.2.5.4)."""


class GetDfsReferralRequest(Structure, frozen=True):
    """TRANS2_GET_DFS_REFERRAL parameters, [MS-CIFS] 2.2.6.16.1: REQ_GET_DFS_REFERRAL, [MS-DFSC] 2.2.2."""

    max_referral_level: U16
    request_file_name: Utf16Text

    def encode(self, *, unicode: bool = True, encoding: str = "cp850") -> bytes:
        """The structure's bytes; the name is UTF-16 whatever the message's flags say."""
        return super().encode(unicode=True)


class ResponseHead(Record, frozen=True):
    """RESP_GET_DFS_REFERRAL, [MS-DFSC] 2.2.4, up to its entries."""

    path_consumed: U16
    """Bytes of the request's name."""
    number_of_referrals: U16
    flags: U32


_ENTRY: Final = Struct("<HHHH")
"""VersionNumber, Size, ServerType and ReferralEntryFlags of every version, [MS-DFSC] 2.2.5: all of version 1."""
_VERSION_2: Final = Struct("<IIHHH")
"""Proximity, TimeToLive and the offsets of path, alternate path and target."""
_VERSION_3: Final = Struct("<IHHH16s")
"""TimeToLive, the three offsets, ServiceSiteGuid; of version 4, too."""
_NO_GUID: Final = bytes(16)
_SIZES: Final = {
    2: _ENTRY.size + _VERSION_2.size,
    3: _ENTRY.size + _VERSION_3.size,
    4: _ENTRY.size + _VERSION_3.size,
}
HIGHEST_VERSION: Final = 4
ROOT_TTL: Final = 300
"""Seconds that a client may remember a root, as Windows has it ([MS-DFSNM] 3.1.4.1.6)."""
LINK_TTL: Final = 1800
"""Seconds of a link."""


class ReferralResponse(msgspec.Struct, frozen=True):
    """RESP_GET_DFS_REFERRAL, [MS-DFSC] 2.2.4, with an entry for each target: all of one version, path and TTL."""

    path_consumed: int
    """Bytes of the request's name that the referral is for."""
    version: int
    targets: tuple[str, ...]
    """`\\server\\share` each, best first."""
    path: str = ""
    """The part of the request's name that the referral is for; version 1 does not tell it."""
    root: bool = False
    """The targets are DFS roots."""
    ttl: int = 0
    """Seconds that a client may remember it; version 1 does not tell it."""

    def encode(self) -> bytes:
        """The transaction's data."""
        flags = REFERRAL_SERVERS | STORAGE_SERVERS if self.root else STORAGE_SERVERS
        head = ResponseHead(self.path_consumed, len(self.targets), flags).encode()
        kind = ROOT_TARGETS if self.root else 0
        return head + (self._inline(kind) if self.version == 1 else self._with_offsets(kind))

    def _inline(self, kind: int) -> bytes:
        names = [encode_utf16(f"{target}\0") for target in self.targets]
        return b"".join(_ENTRY.pack(1, _ENTRY.size + len(name), kind, 0) + name for name in names)

    def _with_offsets(self, kind: int) -> bytes:
        """Both paths and all targets follow the entries; offsets count from the start of each entry."""
        size = _SIZES[self.version]
        entries = bytearray()
        texts = bytearray(encode_utf16(f"{self.path}\0") * 2)
        alternate = len(texts) // 2
        for number, target in enumerate(self.targets):
            rest = (len(self.targets) - number) * size
            offsets = (rest, rest + alternate, rest + len(texts))
            boundary = TARGET_SET_BOUNDARY if self.version == 4 and not number else 0
            entries += _ENTRY.pack(self.version, size, kind, boundary)
            if self.version == 2:
                entries += _VERSION_2.pack(0, self.ttl, *offsets)
            else:
                entries += _VERSION_3.pack(self.ttl, *offsets, _NO_GUID)
            texts += encode_utf16(f"{target}\0")
        return bytes(entries + texts)

    @classmethod
    def decode(cls, data: Buffer) -> "ReferralResponse":
        """Reads a response of version 1 to 4; raises `DecodeError`."""
        data = bytes(data)
        head = ResponseHead.decode(data)
        at = ResponseHead.size()
        version = kind = ttl = 0
        path = ""
        targets = []
        for _ in range(head.number_of_referrals):
            version, size, kind, _ = _unpack(_ENTRY, data, at)
            if version == 1:
                targets.append(_text(data[: at + size], at + _ENTRY.size))
            elif version in _SIZES and size >= _SIZES[version]:
                if version == 2:
                    _, ttl, path_at, _, target_at = _unpack(_VERSION_2, data, at + _ENTRY.size)
                else:
                    ttl, path_at, _, target_at, _ = _unpack(_VERSION_3, data, at + _ENTRY.size)
                path = _text(data, at + path_at)
                targets.append(_text(data, at + target_at))
            else:
                raise DecodeError(f"a DFS referral entry cannot have version {version} and {size} bytes")
            at += size
        return cls(head.path_consumed, version, tuple(targets), path, bool(kind & ROOT_TARGETS), ttl)


def _unpack(layout: Struct, data: bytes, at: int) -> tuple[int, ...]:
    if len(data) - at < layout.size:
        raise DecodeError(f"a DFS referral response ends at {len(data)}, {layout.size} bytes are due at {at}")
    return layout.unpack_from(data, at)


def _text(data: bytes, at: int) -> str:
    """Null-terminated UTF-16; the end of the data ends it as well."""
    raw = data[at:]
    raw = raw[: len(raw) & ~1]
    end = next((place for place in range(0, len(raw), 2) if raw[place : place + 2] == b"\0\0"), len(raw))
    return decode_utf16(raw[:end])
