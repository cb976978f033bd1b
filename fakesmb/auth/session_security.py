"""NTLM message signatures ([MS-NLMP] 3.4.4): what protects the list of mechanisms in SPNEGO."""

from collections.abc import Callable
from hmac import compare_digest


class SessionSecurity:
    """Makes and checks the signatures of one sign-in. Each direction counts its messages from 0.

    `flags` are those in force after the AUTHENTICATE message, `key` is the ExportedSessionKey.
    """

    def __init__(self, flags: int, key: bytes) -> None:
        self._flags = flags
        self._key = key
        self._made = 0
        self._checked = 0
        self._streams: dict[str, tuple[bytes | None, Callable[[bytes], bytes]]] = {}

    def sign(self, message: bytes) -> bytes:
        """The server's signature of its next message, 16 bytes."""
        self._made += 1
        return self._mac("Server", self._made - 1, message)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is the client's for its next message."""
        self._checked += 1
        return compare_digest(signature, self._mac("Client", self._checked - 1, message))

    def _mac(self, side: str, number: int, message: bytes) -> bytes:
        from impacket import ntlm

        signing_key, encrypt = self._stream(side)
        return bytes(ntlm.MAC(self._flags, encrypt, signing_key, number, message).getData())

    def _stream(self, side: str) -> tuple[bytes | None, Callable[[bytes], bytes]]:
        if side not in self._streams:
            from Cryptodome.Cipher import ARC4
            from impacket import ntlm

            sealing = ARC4.new(ntlm.SEALKEY(self._flags, self._key, side))
            self._streams[side] = ntlm.SIGNKEY(self._flags, self._key, side), sealing.encrypt
        return self._streams[side]
