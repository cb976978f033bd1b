"""The signature of a PAC that the service's key makes ([MS-PAC] 2.8). Loaded with a keytab only."""

from hmac import compare_digest
from typing import Any, Final

from impacket.krb5 import crypto
from impacket.krb5.pac import PAC_INFO_BUFFER, PAC_SIGNATURE_DATA, PACTYPE

_SERVER_CHECKSUM: Final = 6
_KDC_CHECKSUM: Final = 7
_USAGE: Final = 17
"""KERB_NON_KERB_CKSUM_SALT, [MS-PAC] 2.8.1."""
_TYPE_SIZE: Final = 4
_MOST_BUFFERS: Final = 64
_KEYS: Final = {
    crypto.Cksumtype.HMAC_MD5: crypto.Enctype.RC4,
    crypto.Cksumtype.SHA1_AES128: crypto.Enctype.AES128,
    crypto.Cksumtype.SHA1_AES256: crypto.Enctype.AES256,
}
"""Type of checksum -> type of the key that makes it."""


def pac_is_signed(pac: bytes, key: Any) -> bool:
    """Whether the server checksum is right; one of a type that this key does not make cannot be told to be wrong.

    False as well for what is no PAC, or has no such checksum.
    """
    try:
        whole, kind, size = bytearray(pac), 0, 0
        signature = b""
        for buffer, start, end in _buffers(pac):
            if buffer not in (_SERVER_CHECKSUM, _KDC_CHECKSUM):
                continue
            given = PAC_SIGNATURE_DATA(pac[start:end])
            length = _length(given["SignatureType"], end - start - _TYPE_SIZE)
            whole[start + _TYPE_SIZE : start + _TYPE_SIZE + length] = bytes(length)
            if buffer == _SERVER_CHECKSUM:
                kind, size, signature = given["SignatureType"], length, bytes(given["Signature"])[:length]
    except Exception:  # impacket's structures raise what they meet
        return False
    if not size:
        return False
    if _KEYS.get(kind) != key.enctype:
        return True
    return compare_digest(signature, bytes(crypto.make_checksum(kind, key, _USAGE, bytes(whole)))[:size])


def _buffers(pac: bytes) -> list[tuple[int, int, int]]:
    """Type, beginning and end of each buffer; raises ValueError for one outside of the PAC."""
    head = PACTYPE(pac)
    if head["cBuffers"] > _MOST_BUFFERS:
        raise ValueError("too many buffers")
    found, rest = [], head["Buffers"]
    for _ in range(head["cBuffers"]):
        info = PAC_INFO_BUFFER(rest)
        rest = rest[len(info) :]
        start, end = info["Offset"], info["Offset"] + info["cbBufferSize"]
        if end > len(pac):
            raise ValueError("a buffer outside of the PAC")
        found.append((info["ulType"], start, end))
    return found


_LENGTHS: Final = {
    crypto.Cksumtype.HMAC_MD5: 16,
    crypto.Cksumtype.SHA1_AES128: 12,
    crypto.Cksumtype.SHA1_AES256: 12,
}


def _length(kind: int, room: int) -> int:
    """Bytes of a signature; behind it there may be the number of a read-only domain controller."""
    return min(_LENGTHS.get(kind, room), room)
