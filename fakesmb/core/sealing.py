"""Encryption of a connection, as the CIFS Unix extensions have it: SET_FS_INFORMATION, level 0x203 (Samba's).

The client signs in once more inside these requests, and what follows is sealed with the key of that. A context begins
with the first message that the client seals by it; from the first one on nothing is taken or sent that is not sealed.
All this stands outside of taps, plans and the record, which see messages as they are meant; where nobody asks for it
nothing of it is there.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Protocol

from fakesmb.auth.attempts import address_of
from fakesmb.auth.session_security import SessionSecurity
from fakesmb.auth.spnego import SpnegoAcceptor
from fakesmb.core.sign_ins import ntlm_acceptor, record_refusal
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Buffer
from fakesmb.wire.frame import PREFIX_SIZE, Frame, FrameError, Framer, FrameType, prefix
from fakesmb.wire.header import MAGIC as SMB_MAGIC
from fakesmb.wire.sealed import HEAD, MAGIC, SEALED_AT, SIGNATURE_AT

if TYPE_CHECKING:
    from fakesmb.core.connection import Send, SMBConnection

_NUMBERS: Final = 0x10000
_EMPTY: Final = prefix(0)


class Overhears(Protocol):
    """A sniffer, which is told what encrypted frames mean in place of them."""

    def came(self, data: bytes) -> None:
        """A frame of the client's."""

    def left(self, frame: list[Buffer]) -> None:
        """A frame of the server's."""


class Sealing:
    """What a connection seals and unseals by, from the first request for it on."""

    def __init__(self, connection: "SMBConnection") -> None:
        self._connection = connection
        self._acceptor: SpnegoAcceptor | None = None
        self._next: SessionSecurity | None = None
        """Agreed on, and not used by the client yet."""
        self._current: SessionSecurity | None = None
        self._number = -1
        """Of the context that was agreed on last."""
        self.out: Send = connection.divert(self.send)
        """What sealed frames leave by."""

    @property
    def is_on(self) -> bool:
        """Whether the client has sealed a message."""
        return self._current is not None

    # -- the exchange --------------------------------------------------------------------------------------

    def step(self, token: Buffer) -> tuple[bytes, int | None]:
        """Takes a token of the client's; gives the answer and, after the last, the number of the new context.

        Raises `SMBError`: LOGON_FAILURE, INVALID_PARAMETER, ACCESS_DENIED where there is no key to seal with.
        """
        connection = self._connection
        acceptor = self._acceptor = self._acceptor or SpnegoAcceptor(ntlm_acceptor(connection))
        looked_at = False
        try:
            if acceptor.ntlm.reply is not None:  # the step that has the password
                connection.server.attempts.now(address_of(connection.peer))
            looked_at = True
            answer, identity = acceptor.step(token)
        except SMBError as error:
            self._acceptor = None
            record_refusal(connection, error, acceptor.claim, looked_at=looked_at)
            raise
        if identity is None:
            return answer, None
        self._acceptor = None
        security = acceptor.ntlm.security
        if security is None or not security.can_seal or identity.kind != "user":
            raise SMBError(NT.ACCESS_DENIED, "no key to encrypt with: a guest's, or no sealing was asked for")
        self._next, self._number = security, (self._number + 1) % _NUMBERS
        return answer, self._number

    # -- messages ------------------------------------------------------------------------------------------

    def open(self, body: memoryview) -> memoryview:
        """The message of a frame; raises `FrameError` where it is not sealed, or not by the client."""
        if bytes(body[: len(MAGIC)]) != MAGIC:
            if self.is_on:
                raise FrameError("a message that is not encrypted, after those that were")
            return body
        if len(body) <= SEALED_AT:
            raise FrameError(f"an encrypted message of {len(body)} bytes")
        _, number = HEAD.unpack_from(body)
        begins = self._next is not None and number == self._number
        security = self._next if begins else self._current
        if security is None:
            raise FrameError(f"a message encrypted by the context {number}, which was not agreed on")
        sealed = bytes(body[SEALED_AT:])
        data = security.unseal(sealed, 0, len(sealed), bytes(body[SIGNATURE_AT:SEALED_AT]))
        if data is None:
            raise FrameError("an encrypted message whose signature is wrong")
        if begins:
            self._current, self._next = security, None
        return memoryview(SMB_MAGIC + data)

    def came(self, frame: Frame) -> None:
        """A sniffer hears what a frame means."""
        overhears = self._connection.overhears
        if overhears is not None:
            head = bytes((frame.type,)) + prefix(len(frame.body))[1:]
            overhears.came(head + bytes(frame.body))

    def send(self, frame: list[Buffer]) -> None:
        """Takes a frame on its way out, and seals it where that is on.

        Only SMB messages can be: bare data of READ_RAW become none, as where it fails.
        """
        security, overhears = self._current, self._connection.overhears
        whole = b"".join(frame)
        if overhears is not None:
            overhears.left([whole])
        if security is None or whole[0] != FrameType.MESSAGE:
            self.out([whole])
            return
        message = whole[PREFIX_SIZE:]
        if not message.startswith(SMB_MAGIC):
            self.out([_EMPTY])
            return
        data = message[len(SMB_MAGIC) :]
        sealed, signature = security.seal(data, 0, len(data))
        head = HEAD.pack(MAGIC, self._number if self._next is None else (self._number - 1) % _NUMBERS)
        self.out([prefix(SEALED_AT + len(sealed)) + head + signature + sealed])


class SealedFramer(Framer):
    """Gives the frames of another framer with what is sealed in them."""

    __slots__ = ("_framer", "_sealing")

    def __init__(self, framer: Framer, sealing: Sealing) -> None:
        self._framer = framer
        self._sealing = sealing

    @property
    def held(self) -> int:  # type: ignore[override]
        """Bytes of the frame that has arrived in part."""
        return self._framer.held

    def best_read(self, most: int) -> int:
        """How many bytes to take of the stream next."""
        return self._framer.best_read(most)

    def is_one_message(self, data: bytes) -> bool:
        """No: what is sealed must be opened."""
        return False

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes; raises `FrameError`."""
        for frame in self._framer.feed(data):
            if frame.type == FrameType.MESSAGE:
                frame = Frame(frame.type, self._sealing.open(frame.body))
            self._sealing.came(frame)
            yield frame
