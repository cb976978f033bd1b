"""Whether an SMB1 server answers: one negotiate, by plain sockets, and no sign-in.

A container's health rests on it, which asks every few seconds: so it imports next to nothing, and packs its few bytes
itself. What is wrong is one line for a person; to tell it, a server that gave no answer is asked once more: whether it
answers to SMB 2, or to HTTP.
"""

import contextlib
import errno
import socket
import sys
import time
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from fakesmb.address import AddressError, Place, place
from fakesmb.saying import MISTAKE, one_line, tell
from fakesmb.wire import hello
from fakesmb.wire.foreign import protocol_of, shown

USUAL_SECONDS: Final = 5.0
"""How long all may take together."""
USUAL_PORT: Final = 4450
"""That of `serve`."""
ANY_SERVER: Final = "*SMBSERVER"
"""Whom a NetBIOS session is for, where nobody says so."""
_SESSION_PORT: Final = 139
_LONGEST: Final = 0xFFFF
"""Bytes of an answer: no server sends as many as that."""
_TO_EXPLAIN: Final = 0.5
"""Seconds that are kept of the time to find out what it is that did not answer."""
_SHORTEST: Final = 0.001
"""Seconds; a timeout of zero would mean something else to a socket."""
_MESSAGE, _SESSION_REQUEST, _POSITIVE, _NEGATIVE, _RETARGET, _KEEPALIVE = 0x00, 0x81, 0x82, 0x83, 0x84, 0x85
"""Types of frames (RFC 1002 4.3.1)."""
_PREFIX: Final = 4
_REFUSALS: Final = {
    0x80: "nobody listens for that name",
    0x81: "nobody listens to us",
    0x82: "it has no such name",
    0x83: "it has no resources left",
}
"""Of a NetBIOS session (RFC 1002 4.3.4)."""
_HTTP: Final = b"GET / HTTP/1.0\r\n\r\n"

if TYPE_CHECKING:
    from collections.abc import Sequence

    _Addresses = Sequence[tuple[int, int, int, str, tuple[object, ...]]]
    """What `socket.getaddrinfo` gives."""

NO_SERVER: Final = 1
INTERRUPTED: Final = 130
"""Exit codes, beside that of mistakes."""


class CheckError(Exception):
    """No SMB1 server answers there; its text is one line: what is wrong, and what to do."""


class _NoAnswerError(Exception):
    """No message came."""

    def __init__(self, came: bytes, *, closed: bool) -> None:
        super().__init__()
        self.came = came
        """What came instead."""
        self.closed = closed
        """Whether nothing more will: else there was no time left, or what came is not SMB."""


class Answer(NamedTuple):
    """What a server said of itself."""

    place: Place
    offer: hello.Offer
    seconds: float
    """From the call to the answer."""

    def __str__(self) -> str:
        """One line."""
        said = "; ".join(self.offer.words)
        beside = f" ({said})" if said else ""
        return f"{self.place} speaks {self.offer.dialect}{beside}, answered in {self.seconds * 1000:.1f} ms"


def run(address: str, seconds: float = USUAL_SECONDS, called: str = "") -> int:
    """The command: says on standard output what answers, or on standard error what is wrong; gives the exit code."""
    try:
        answer = check(place(address, USUAL_PORT), seconds, called)
    except (AddressError, CheckError) as error:
        tell(f"fakesmb: {one_line(str(error))}\n")
        return NO_SERVER if isinstance(error, CheckError) else MISTAKE
    except KeyboardInterrupt:
        return INTERRUPTED
    if sys.stdout is not None:
        with contextlib.suppress(OSError):
            text = one_line(str(answer))  # a name may have letters that the terminal has not
            encoding = sys.stdout.encoding or "ascii"
            print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    return 0


def check(server: Place, seconds: float = USUAL_SECONDS, called: str = "") -> Answer:
    """Negotiates with the server there, and says what it is. Raises `CheckError`.

    `seconds` is for all of it. On port 139, or where somebody is `called`, a NetBIOS session with that name comes
    first (RFC 1002 4.3).
    """
    if not called and server.port == _SESSION_PORT:
        called = ANY_SERVER
    return _Check(server, seconds, called).answer()


class _Check:
    def __init__(self, server: Place, seconds: float, called: str) -> None:
        self.place = server
        self.seconds = seconds
        self.called = called
        self.began = time.monotonic()
        self.end = self.began + seconds - min(_TO_EXPLAIN, seconds / 5)

    def answer(self) -> Answer:
        """Raises `CheckError`."""
        try:
            offer = hello.read(self._exchange(hello.request()))
        except _NoAnswerError as error:
            self.end = self.began + self.seconds
            self._explain(error)
        except hello.NoneCommonError:
            self._fail(self._only_later() or "takes none of the dialects of SMB1")
        except hello.HelloError as error:
            self._fail(str(error))
        return Answer(self.place, offer, time.monotonic() - self.began)

    def _fail(self, text: str) -> NoReturn:
        raise CheckError(f"{self.place} {text}") from None

    def _left(self) -> float:
        return max(self.end - time.monotonic(), _SHORTEST)

    def _exchange(self, request: bytes) -> bytes:
        """The message that answers a request. Raises `_NoAnswerError`, `CheckError`."""
        with self._connected() as line:
            if self.called:
                self._begin_session(line)
            self._send(line, _framed(_MESSAGE, request))
            kind, body = self._receive(line)
        if kind == _NEGATIVE:
            self._fail(f"wants a NetBIOS session first: add --netbios '{ANY_SERVER}'")
        if kind != _MESSAGE:
            raise _NoAnswerError(_framed(kind, body), closed=False)
        return body

    def _connected(self) -> socket.socket:
        """A connection to the first of the host's addresses that takes one. Raises `_NoAnswerError`, `CheckError`."""
        found = self._addresses()
        problem: OSError | None = None  # of the first: those without a way to them come last
        for index, (family, kind, protocol, _, address) in enumerate(found):
            try:
                line = socket.socket(family, kind, protocol)
            except OSError as error:  # a system without IPv6
                problem = problem or error
                continue
            line.settimeout(self._left() / (len(found) - index))
            try:
                line.connect(address)
            except ConnectionResetError:  # it was taken, and ended before we were told
                line.close()
                raise _NoAnswerError(b"", closed=True) from None
            except OSError as error:
                line.close()
                problem = problem or error
                continue
            return line
        why = _unreachable(problem or TimeoutError(), self.place.port, self.seconds)
        raise CheckError(f"{self.place} {why}")

    def _addresses(self) -> "_Addresses":
        """Those of the host. Raises `CheckError`."""
        host, port = self.place
        with contextlib.suppress(OSError, UnicodeError):
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        from threading import Thread  # asking for a name has a time of its own, often a longer one

        told: list[_Addresses | OSError | UnicodeError] = []

        def ask() -> None:
            try:
                told.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                told.append(error)

        asking = Thread(target=ask, daemon=True)
        asking.start()
        asking.join(self._left())
        if not told:
            raise CheckError(
                f"{host}: nobody tells its address within {self.seconds:g} s; is the name right?"
            )
        if isinstance(told[0], Exception):
            why = getattr(told[0], "strerror", None) or "no name can be like that"
            raise CheckError(f"{host}: no such host ({why}); is the name right?")
        return told[0]

    def _begin_session(self, line: socket.socket) -> None:
        """Raises `_NoAnswerError`, and `CheckError` where the server lets nobody call it so."""
        from fakesmb.wire.netbios import NetBIOSName, Suffix, encode_name

        names = encode_name(NetBIOSName(self.called.upper())) + encode_name(
            NetBIOSName("FAKESMB", Suffix.WORKSTATION)
        )
        self._send(line, _framed(_SESSION_REQUEST, names))
        kind, body = self._receive(line)
        if kind == _RETARGET and len(body) == 6:
            other = Place(socket.inet_ntoa(body[:4]), int.from_bytes(body[4:], "big"))
            self._fail(f"sends who calls {self.called} on to {other}: check that one")
        if kind == _NEGATIVE:
            why = _REFUSALS.get(body[0] if body else 0, "it says no more")
            self._fail(
                f"refuses a NetBIOS session for {self.called} ({why}): call it by its name, --netbios NAME"
            )
        if kind != _POSITIVE:
            raise _NoAnswerError(_framed(kind, body), closed=False)

    def _send(self, line: socket.socket, data: bytes) -> None:
        line.settimeout(self._left())
        try:
            line.sendall(data)
        except TimeoutError:
            raise _NoAnswerError(b"", closed=False) from None
        except OSError:
            raise _NoAnswerError(_last_words(line), closed=True) from None

    def _receive(self, line: socket.socket) -> tuple[int, bytes]:
        """Type and body of the next frame that is no keep-alive. Raises `_NoAnswerError`."""
        came = b""
        while True:
            if len(came) >= _PREFIX:
                end = _PREFIX + int.from_bytes(came[1:_PREFIX], "big")
                if (came[0] != _MESSAGE and not _SESSION_REQUEST < came[0] <= _KEEPALIVE) or end > _LONGEST:
                    raise _NoAnswerError(came, closed=False)
                if len(came) >= end:
                    if came[0] != _KEEPALIVE:
                        return came[0], came[_PREFIX:end]
                    came = came[end:]
                    continue
            if time.monotonic() > self.end:  # for those, too, who send keepalives without an end
                raise _NoAnswerError(b"" if came[:1] == bytes((_KEEPALIVE,)) else came, closed=False)
            line.settimeout(self._left())
            try:
                data = line.recv(_LONGEST)
            except TimeoutError:
                raise _NoAnswerError(came, closed=False) from None
            except OSError:
                data = b""
            if not data:
                raise _NoAnswerError(came, closed=True)
            came += data

    # -- what is wrong -------------------------------------------------------------------------------------

    def _explain(self, error: _NoAnswerError) -> NoReturn:
        """Raises the `CheckError` for what is no answer."""
        came = error.came
        if not came:
            if error.closed:
                self._fail(
                    self._only_later()
                    or "closes the connection without an answer: "
                    "its limit of connections is reached, or it speaks no SMB1"
                )
            came = self._of_http()
        if came[:1] == b"\0" and len(came) < _PREFIX + int.from_bytes(came[1:_PREFIX], "big") <= _LONGEST:
            self._fail(f"sends no more than a part of an answer within {self.seconds:g} s")
        if protocol := protocol_of(came):
            self._fail(f"speaks {protocol}, not SMB: is the port right?")
        if came:
            self._fail(f"does not speak SMB, it sends: {shown(came)}")
        self._fail(
            f"takes the connection and says nothing within {self.seconds:g} s: it hangs, or is no SMB server"
        )

    def _only_later(self) -> str:
        """That the server speaks SMB 2 only, if it answers who offers that."""
        try:
            self.end = self.began + self.seconds
            is_later = self._exchange(hello.request(hello.LATER)).startswith(hello.SMB2_MAGIC)
        except (_NoAnswerError, CheckError):
            return ""
        return "speaks SMB 2 or later only: SMB1 is switched off there" if is_later else ""

    def _of_http(self) -> bytes:
        """What comes where HTTP is spoken: such a server waits for a line, and SMB has none."""
        try:
            with self._connected() as line:
                self._send(line, _HTTP)
                self._receive(line)
        except CheckError:
            return b""
        except _NoAnswerError as error:
            return error.came
        return b""


def _unreachable(problem: OSError, port: int, seconds: float) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return f"refuses connections: nothing listens there; is the server started, and on port {port}?"
    if isinstance(problem, TimeoutError):
        return f"does not answer within {seconds:g} s: no machine has that address, or a firewall drops what it is sent"
    why = problem.strerror or type(problem).__name__
    if problem.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN):
        return f"cannot be reached ({why}): is the address right, and the machine on?"
    return f"cannot be reached: {why}"


def _last_words(line: socket.socket) -> bytes:
    """What a server had sent that does not read."""
    line.setblocking(False)
    try:
        return line.recv(_LONGEST)
    except OSError:
        return b""


def _framed(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body
