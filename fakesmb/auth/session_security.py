"""NTLM session security ([MS-NLMP] 3.4): signs and seals what SPNEGO and DCE/RPC hand it."""

from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from fakesmb.wire.ntlmssp import Negotiate

SIGNATURE_SIZE: Final = 16
_RANDOM_PAD_END: Final = 8
"""Without extended session security the bytes before this one are random, and not compared ([MS-NLMP] 2.2.2.9.1)."""


class _Direction:
    """The key stream and the sequence number of one direction, or of both."""

    __slots__ = ("encrypt", "number", "sealing_key", "signing_key")

    def __init__(self, signing_key: bytes | None, sealing_key: bytes) -> None:
        self.signing_key = signing_key
        self.sealing_key = sealing_key
        self.number = 0
        self.restart()

    def restart(self) -> None:
        """The key stream from its start; the numbers go on."""
        from Cryptodome.Cipher import ARC4

        self.encrypt: Callable[[bytes], bytes] = ARC4.new(self.sealing_key).encrypt


class SessionSecurity:
    """Protects the messages after one sign-in.

    `flags` are those in force after the AUTHENTICATE message, `key` is the ExportedSessionKey. With extended
    session security each direction has its keys and counts its messages from 0; without, both share the key
    stream and the count. What is signed differs too, so callers give both: `message`, all that the protocol
    wants protected, and `data`, the part of it that is the payload (all of it where the two are the same).
    """

    def __init__(self, flags: int, key: bytes) -> None:
        self._flags = flags
        self._key = key
        self._directions: dict[str, _Direction] = {}

    @property
    def extended(self) -> bool:
        """Whether signatures cover the whole message and not the data alone."""
        return bool(self._flags & Negotiate.EXTENDED_SESSION_SECURITY)

    @property
    def can_sign(self) -> bool:
        """Whether client and server agreed on signing."""
        return bool(self._flags & Negotiate.SIGN)

    @property
    def can_seal(self) -> bool:
        """Whether client and server agreed on sealing."""
        return bool(self._flags & Negotiate.SEAL)

    def sign(self, message: bytes, data: bytes | None = None) -> bytes:
        """The server's signature of its next message, 16 bytes."""
        return self._mac(self._direction("Server"), message if data is None else self._covered(message, data))

    def verify(self, message: bytes, signature: bytes, data: bytes | None = None) -> bool:
        """Whether `signature` is the client's for its next message."""
        covered = message if data is None else self._covered(message, data)
        return self._same(signature, self._mac(self._direction("Client"), covered))

    def seal(self, message: bytes, start: int, end: int) -> tuple[bytes, bytes]:
        """Part of the server's next message, encrypted, and the signature of the whole, not encrypted, message."""
        direction = self._direction("Server")
        data = message[start:end]
        sealed = direction.encrypt(data)
        return sealed, self._mac(direction, self._covered(message, data))

    def unseal(self, message: bytes, start: int, end: int, signature: bytes) -> bytes | None:
        """Part of the client's next message, decrypted; None where the signature is wrong."""
        direction = self._direction("Client")
        data = direction.encrypt(message[start:end])
        covered = self._covered(message[:start] + data + message[end:], data)
        return data if self._same(signature, self._mac(direction, covered)) else None

    def restart(self) -> None:
        """Begins the key streams anew: a mechListMIC does not advance them ([MS-SPNG] 3.3.5.1)."""
        for direction in self._directions.values():
            direction.restart()

    def _covered(self, message: bytes, data: bytes) -> bytes:
        return message if self.extended else data

    def _mac(self, direction: _Direction, message: bytes) -> bytes:
        from impacket import ntlm

        number, direction.number = direction.number, (direction.number + 1) & 0x7FFFFFFF
        return bytes(
            ntlm.MAC(self._flags, direction.encrypt, direction.signing_key, number, message).getData()
        )

    def _same(self, given: bytes, right: bytes) -> bool:
        start = 0 if self.extended else _RANDOM_PAD_END
        return len(given) == SIGNATURE_SIZE and compare_digest(given[start:], right[start:])

    def _direction(self, side: str) -> _Direction:
        name = side if self.extended else "both"
        found = self._directions.get(name)
        if found is None:
            from impacket import ntlm

            signing_key = ntlm.SIGNKEY(self._flags, self._key, side)
            found = self._directions[name] = _Direction(signing_key, self._sealing_key(side))
        return found

    def _sealing_key(self, side: str) -> bytes:
        """SEALKEY, [MS-NLMP] 3.4.5.3; impacket weakens the key where no LM key was agreed on, too."""
        if not self.extended and not self._flags & Negotiate.LM_KEY:
            return self._key
        from impacket import ntlm

        return bytes(ntlm.SEALKEY(self._flags, self._key, side))
