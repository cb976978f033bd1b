"""DFS referrals: the table of namespaces and the answer to TRANS2_GET_DFS_REFERRAL ([MS-DFSC])."""

import struct
from collections.abc import Iterable
from typing import Final

import msgspec

from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import U16, Buffer, DecodeError, Record, decode_utf16, encode_utf16

REFERRAL_SERVERS: Final = 0x0001
"""ReferralHeaderFlags: the targets are DFS root servers."""
STORAGE_SERVERS: Final = 0x0002
"""ReferralHeaderFlags: the targets hold files."""
ROOT_SERVER: Final = 0x0001
"""ServerType of an entry: a root target."""


class ReferralRequest(msgspec.Struct, frozen=True):
    """REQ_GET_DFS_REFERRAL, [MS-DFSC] 2.2.2."""

    max_level: int
    path: str

    @classmethod
    def decode(cls, data: Buffer) -> "ReferralRequest":
        """Reads the transaction's parameters: a level and a null-terminated path. Raises `DecodeError`."""
        if len(data) < 2:
            raise DecodeError("a referral request without its level")
        raw = bytes(memoryview(data)[2:])
        text = decode_utf16(raw[: len(raw) & ~1])
        return cls(struct.unpack_from("<H", data)[0], text.split("\0", 1)[0])


class Referral(msgspec.Struct, frozen=True):
    """A namespace, or a link in one, and where it really is."""

    path: str
    """`\\HOST\\namespace` or `\\HOST\\namespace\\link`, any case."""
    targets: tuple[str, ...]
    """`\\server\\share` each, best first."""
    root: bool = False
    """A namespace root, which this server holds itself."""
    ttl: int = 300
    """Seconds that a client may remember it."""


class ResponseHead(Record, frozen=True):
    """RESP_GET_DFS_REFERRAL, [MS-DFSC] 2.2.4, up to its entries."""

    consumed: U16
    count: U16
    flags: U16
    padding: U16


_ENTRY_V1: Final = struct.Struct("<HHHH")
_ENTRY_V2: Final = struct.Struct("<HHHHIIHHH")
_ENTRY_V3: Final = struct.Struct("<HHHHIHHH16s")
_NO_GUID: Final = bytes(16)


def _parts(path: str) -> list[str]:
    return [part.casefold() for part in path.replace("/", "\\").split("\\") if part]


class ReferralTable:
    """All referrals of one server; empty unless configured."""

    def __init__(self, referrals: Iterable[Referral] = ()) -> None:
        # The longest path first: a link wins over the root it lies in.
        self._referrals = sorted(
            ((_parts(one.path), one) for one in referrals), key=lambda known: -len(known[0])
        )

    def __bool__(self) -> bool:
        """Whether there is anything to refer to, and so a reason to offer CAP_DFS."""
        return bool(self._referrals)

    def refer(self, path: str, max_level: int) -> bytes:
        """The transaction data of the answer, at the highest of versions 1 to 3 that the client takes.

        Raises NO_SUCH_DEVICE where the path lies in no namespace, which tells the client to connect directly:
        the last step of the documented exchange.
        """
        wanted = _parts(path)
        for known, referral in self._referrals:
            if wanted[1 : len(known)] == known[1:] and (len(wanted) >= len(known)):
                return encode_referral(referral, _consumed(path, len(known)), max_level)
        raise SMBError(NT.NO_SUCH_DEVICE, f"{path} is not in a DFS namespace")


def _consumed(path: str, count: int) -> str:
    """The part of a path that its first `count` components make up, as the client wrote it."""
    at = 0
    for _ in range(count):
        while at < len(path) and path[at] in "\\/":
            at += 1
        while at < len(path) and path[at] not in "\\/":
            at += 1
    return path[:at]


def encode_referral(referral: Referral, consumed: str, max_level: int) -> bytes:
    """RESP_GET_DFS_REFERRAL with one entry per target."""
    if not max_level:
        raise SMBError(NT.INVALID_PARAMETER, "referral level 0")
    flags = REFERRAL_SERVERS | STORAGE_SERVERS if referral.root else STORAGE_SERVERS
    head = ResponseHead(len(encode_utf16(consumed)), len(referral.targets), flags, 0).encode()
    kind = ROOT_SERVER if referral.root else 0
    if max_level == 1:
        return head + b"".join(_version_1(kind, target) for target in referral.targets)
    form = _ENTRY_V2 if max_level == 2 else _ENTRY_V3
    entries = bytearray()
    # Both paths and all targets follow the entries; offsets count from each entry's start.
    tail = bytearray(encode_utf16(f"{consumed}\0") * 2)
    alternate = len(tail) // 2
    for number, target in enumerate(referral.targets):
        rest = (len(referral.targets) - number) * form.size
        offsets = (rest, rest + alternate, rest + len(tail))
        if max_level == 2:
            entries += form.pack(2, form.size, kind, 0, 0, referral.ttl, *offsets)
        else:
            entries += form.pack(3, form.size, kind, 0, referral.ttl, *offsets, _NO_GUID)
        tail += encode_utf16(f"{target}\0")
    return head + entries + tail


def _version_1(kind: int, target: str) -> bytes:
    name = encode_utf16(f"{target}\0")
    return _ENTRY_V1.pack(1, _ENTRY_V1.size + len(name), kind, 0) + name
