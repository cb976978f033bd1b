"""The DCE/RPC that the documented exchange carries: bind, NetrServerGetInfo, NetrShareGetInfo ([MS-SRVS] 3.1.4)."""

import struct
from typing import Final

from fakesmb.wire.text import decode_utf16

BIND: Final = bytes.fromhex(
    "05000b03 10000000 48000000 01000000"
    "b810b810 00000000 01000000 00000100"
    "c84f324b 7016d301 12785a47 bf6ee188 03000000"  # srvsvc 3.0
    "045d888a eb1cc911 9fe80800 2b104860 02000000"  # NDR 2.0
)
"""72 bytes, as XP writes them."""

_SERVER_GET_INFO: Final = 21
_SHARE_GET_INFO: Final = 16
_SERVER_LEVEL: Final = 101
_SHARE_LEVEL: Final = 1
_CALL_ID: Final = 1
_HEAD: Final = struct.Struct("<BBBB4sHHIIHH")
_STUB_AT: Final = 24
_ACCEPTED: Final = 12
_RESPONSE: Final = 2
_POINTER: Final = 0x00020000
_U32: Final = struct.Struct("<I")


def accepts(pdu: bytes) -> bool:
    """Whether it is a bind acknowledgement that accepts the presentation context."""
    return len(pdu) > _STUB_AT + 4 and pdu[2] == _ACCEPTED and pdu[-24:-20] == bytes(4)


def server_get_info(host: str) -> bytes:
    """NetrServerGetInfo at level 101, [MS-SRVS] 3.1.4.17."""
    return _request(_SERVER_GET_INFO, _unique(host) + _U32.pack(_SERVER_LEVEL))


def share_get_info(host: str, share: str) -> bytes:
    """NetrShareGetInfo at level 1, [MS-SRVS] 3.1.4.10."""
    return _request(_SHARE_GET_INFO, _unique(f"\\\\{host}") + _string(share) + _U32.pack(_SHARE_LEVEL))


def told(pdu: bytes) -> str:
    """What a response says, in a sentence."""
    if len(pdu) < _STUB_AT + 4 or pdu[2] != _RESPONSE:
        return "srvsvc answers with a fault of DCE/RPC and not with a response."
    (result,) = _U32.unpack_from(pdu, len(pdu) - 4)
    if result:
        return f"srvsvc answers with Windows' error {result}."
    names = _strings(pdu[_STUB_AT:])
    return f"It answers: {', '.join(names) or 'success, without a name'}."


def _request(opnum: int, stub: bytes) -> bytes:
    size = _STUB_AT + len(stub)
    return _HEAD.pack(5, 0, 0, 3, b"\x10\0\0\0", size, 0, _CALL_ID, len(stub), 0, opnum) + stub


def _unique(text: str) -> bytes:
    return _U32.pack(_POINTER) + _string(text)


def _string(text: str) -> bytes:
    """A conformant varying string with its null, padded for what follows."""
    raw = f"{text}\0".encode("utf-16-le", "replace")
    count = len(raw) // 2
    return struct.pack("<III", count, 0, count) + raw + bytes(-len(raw) % 4)


def _strings(stub: bytes) -> list[str]:
    """The texts of a stub that stand where NDR puts strings: counts, then characters."""
    found, at = [], 0
    while at + 12 <= len(stub):
        most, offset, count = struct.unpack_from("<III", stub, at)
        end = at + 12 + 2 * count
        if (
            most == count
            and not offset
            and 0 < count < 1000
            and end <= len(stub)
            and stub[end - 2 : end] == b"\0\0"
        ):
            text = decode_utf16(stub[at + 12 : end - 2])
            if text and text.isprintable():
                found.append(text)
            at = end + -end % 4
        else:
            at += 4
    return found
