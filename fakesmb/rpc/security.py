"""Security contexts inside a pipe ([MS-RPCE] 2.2.1.1, 3.3.1.5): a sign-in of its own, and what it protects.

How passwords are proved and messages signed is not known here: the core hands in an `Acceptor` for each
sign-in, with auth types and protection levels as the RPC runtime names them.
"""

from collections.abc import Callable
from typing import Final, Protocol

from fakesmb.rpc.faults import Fault
from fakesmb.rpc.view import Caller
from fakesmb.wire.dcerpc import HEADER_SIZE, FaultStatus, Packet, PacketType, Verifier, pdu, response_head

SPNEGO: Final = 9
NTLMSSP: Final = 10
"""auth_type, [MS-RPCE] 2.2.1.1.7."""

PAD_TO: Final = 16
"""Stub data of protected responses comes in multiples of this, as Windows sends it."""


class Level:
    """auth_level, [MS-RPCE] 2.2.1.1.8."""

    NONE: Final = 1
    CONNECT: Final = 2
    CALL: Final = 3
    PACKET: Final = 4
    INTEGRITY: Final = 5
    PRIVACY: Final = 6


USABLE: Final = frozenset({Level.CONNECT, Level.PACKET, Level.INTEGRITY, Level.PRIVACY})
"""Levels that a connection-oriented server grants; it treats PACKET as INTEGRITY."""


class Protection(Protocol):
    """Signs and seals after a sign-in. `message` is all that the signature covers, `data` its stub."""

    @property
    def can_sign(self) -> bool:
        """Whether signing was agreed on."""

    @property
    def can_seal(self) -> bool:
        """Whether sealing was agreed on."""

    def sign(self, message: bytes, data: bytes) -> bytes:
        """The signature of a message of ours."""

    def verify(self, message: bytes, signature: bytes, data: bytes) -> bool:
        """Whether the signature of a client's message is right."""

    def seal(self, message: bytes, start: int, end: int) -> tuple[bytes, bytes]:
        """Part of a message of ours, encrypted, and the signature."""

    def unseal(self, message: bytes, start: int, end: int, signature: bytes) -> bytes | None:
        """Part of a client's message, decrypted; None where the signature is wrong."""


class Acceptor(Protocol):
    """The server's side of one sign-in."""

    @property
    def protection(self) -> Protection | None:
        """After the sign-in; None where client and server share no key."""

    def step(self, token: bytes) -> tuple[bytes, Caller | None]:
        """Takes a token; gives the answer and, when that is the last, who it is. Raises `SMBError`."""


Acceptors = Callable[[int], Acceptor | None]
"""A new acceptor for an auth type; None for types that are not served."""


def none_accepted(auth_type: int) -> Acceptor | None:
    """The `Acceptors` of a server without sign-in inside pipes."""
    return None


class SecurityContext:
    """One security context of an association, from its first token on."""

    __slots__ = ("_acceptor", "_protection", "caller", "failed", "finished", "id", "level", "type")

    def __init__(self, verifier: Verifier, acceptor: Acceptor) -> None:
        self.type = verifier.type
        self.level = verifier.level
        self.id = verifier.context
        self.caller: Caller | None = None
        self.finished = False
        self.failed = False
        self._acceptor: Acceptor | None = acceptor
        self._protection: Protection | None = None

    def step(self, token: bytes) -> bytes:
        """One leg of the sign-in; raises `SMBError` where it fails."""
        acceptor = self._acceptor
        assert acceptor is not None
        answer, caller = acceptor.step(token)
        if caller is not None:
            self.caller = caller
            self.finished = True
            self._protection = acceptor.protection
            self._acceptor = None
            if self.level == Level.PRIVACY and not (self._protection and self._protection.can_seal):
                raise Fault(
                    FaultStatus.SECURITY_PACKAGE,
                    "level privacy without agreed sealing",
                    last=True,
                )
        return answer

    def fail(self) -> None:
        """Marks a sign-in that failed where the PDU has no answer (AUTH3)."""
        self.finished = self.failed = True
        self._acceptor = None

    def matches(self, verifier: Verifier) -> bool:
        """Whether a verifier is of this context, which must not have failed."""
        return not self.failed and (verifier.type, verifier.level) == (self.type, self.level)

    @property
    def protects(self) -> bool:
        """Whether every PDU of a call carries a signature."""
        return self.level >= Level.PACKET

    def trailer(self) -> bytes:
        """The trailer of a PDU that carries a token of ours."""
        return Verifier(self.type, self.level, 0, self.id).encode()

    def open(self, packet: Packet, verifier: Verifier) -> bytes:
        """The stub of a request, its signature checked; raises `Fault`."""
        start, end = packet.stub_at, verifier.at
        if self.protects:
            data = self._opened(packet.data[: len(packet.data) - packet.auth_length], start, end, verifier)
        else:
            data = packet.data[start:end]
        return data[: len(data) - verifier.pad]

    def _opened(self, message: bytes, start: int, end: int, verifier: Verifier) -> bytes:
        protection, data = self._protection, None
        if protection is not None and protection.can_sign:
            if self.level == Level.PRIVACY:
                data = protection.unseal(message, start, end, verifier.value)
            elif protection.verify(message, verifier.value, message[start:end]):
                data = message[start:end]
        if data is None:
            raise Fault(
                FaultStatus.SECURITY_PACKAGE, "wrong signature of a request", executed=True, last=True
            )
        return data

    def response(self, call: int, flags: int, left: int, context: int, stub: bytes) -> bytes:
        """A protected response PDU."""
        protection = self._protection
        assert protection is not None
        head = response_head(left, context)
        pad = -len(stub) % PAD_TO
        data = stub + bytes(pad)
        trailer = Verifier(self.type, self.level, pad, self.id).encode()
        signature = bytes(16)
        whole = pdu(PacketType.RESPONSE, call, head + data, flags, trailer=trailer, value=signature)
        message = whole[: -len(signature)]
        start = HEADER_SIZE + len(head)
        if self.level == Level.PRIVACY:
            data, signature = protection.seal(message, start, start + len(data))
        else:
            signature = protection.sign(message, data)
        return message[:start] + data + trailer + signature
