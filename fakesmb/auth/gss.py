"""Per-message tokens of Kerberos: signatures that SPNEGO and DCE/RPC ask for ([RFC 4121] 4.2, [RFC 4757] 7.2).

Loaded with a keytab only. The checksums are impacket's; its own per-message tokens are those of a client.
"""

from hmac import compare_digest
from struct import Struct
from typing import Any, Final

from impacket.krb5 import crypto

from fakesmb.auth.hashes import hmac_md5, rc4
from fakesmb.wire.der import APPLICATION_0, OBJECT_IDENTIFIER, element
from fakesmb.wire.kerberos import KERBEROS_OID

_HEADER: Final = Struct(">2sB5sQ")
_MIC: Final = b"\x04\x04"
_FILLER: Final = b"\xff" * 5
_BY_ACCEPTOR: Final = 1
_ACCEPTOR_SUBKEY: Final = 4
_ACCEPTOR_SIGN: Final = 23
_INITIATOR_SIGN: Final = 25
_RC4_MIC: Final = bytes.fromhex("01011100ffffffff")
_RC4_SIGN: Final = 15
_CHECKSUMS: Final = {
    crypto.Enctype.AES128: crypto.Cksumtype.SHA1_AES128,
    crypto.Enctype.AES256: crypto.Cksumtype.SHA1_AES256,
}
SIGNED: Final = frozenset({*_CHECKSUMS, crypto.Enctype.RC4})
"""Types of keys whose signatures are known here."""


class KerberosSecurity:
    """Signs for a server and checks for it, after one sign-in.

    `key` is the context's, `by_server` whether the server chose it; `ours` and `theirs` are the first sequence numbers.
    """

    def __init__(self, key: Any, ours: int, theirs: int, *, by_server: bool) -> None:
        self._key = key
        self._ours = ours
        self._theirs = theirs
        self._flags = _ACCEPTOR_SUBKEY if by_server else 0

    def sign(self, message: bytes) -> bytes:
        """The server's signature of its next message."""
        number, self._ours = self._ours, self._ours + 1
        return self._mic(message, number, by_server=True)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is the client's for its next message."""
        number, self._theirs = self._theirs, self._theirs + 1
        return compare_digest(signature, self._mic(message, number, by_server=False))

    def restart(self) -> None:
        """There is no key stream that a mechListMIC would move."""

    def _mic(self, message: bytes, number: int, *, by_server: bool) -> bytes:
        if self._key.enctype == crypto.Enctype.RC4:
            return self._rc4_mic(message, number, by_server=by_server)
        flags = self._flags | (_BY_ACCEPTOR if by_server else 0)
        header = _HEADER.pack(_MIC, flags, _FILLER, number)
        usage = _ACCEPTOR_SIGN if by_server else _INITIATOR_SIGN
        checksum = crypto.make_checksum(_CHECKSUMS[self._key.enctype], self._key, usage, message + header)
        return header + bytes(checksum)

    def _rc4_mic(self, message: bytes, number: int, *, by_server: bool) -> bytes:
        made = crypto.make_checksum(crypto.Cksumtype.HMAC_MD5, self._key, _RC4_SIGN, _RC4_MIC + message)
        checksum = bytes(made)[:8]
        key = hmac_md5(hmac_md5(self._key.contents, bytes(4)), checksum)
        direction = b"\xff" * 4 if by_server else bytes(4)
        sequence = rc4(key, (number & 0xFFFFFFFF).to_bytes(4, "big") + direction)
        return element(
            APPLICATION_0, element(OBJECT_IDENTIFIER, KERBEROS_OID), _RC4_MIC + sequence + checksum
        )
