"""A client's connection, and servers that are not what they should be."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fakesmb.address import Place
from fakesmb.replay import line as lines
from fakesmb.replay.conversation import Conversation, Otherwise
from fakesmb.replay.line import Closed, Line, LineError, Silent, reason
from fakesmb.wire import session, trans
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Header
from fakesmb.wire.locking import oplock_break


@contextmanager
def server(does: Callable[[socket.socket], None]) -> Iterator[Place]:
    """A server that does that with its one client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                does(client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Place(*listener.getsockname())
        thread.join(10)


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(4, "big") + message


def test_messages_come_in_any_pieces() -> None:
    def talk(client: socket.socket) -> None:
        for byte in framed(b"one") + b"\x85\0\0\0" + framed(b"two"):
            client.sendall(bytes((byte,)))
        client.recv(1)

    with server(talk) as place:
        one = Line(place, 5)
        assert [one.receive(), one.receive()] == [b"one", b"two"]
        assert one.others == [0x85]
        assert list(one.arrived()) == []
        one.close()


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks HTTP, not SMB: is the port right?"),
        (
            b"Hello, who is there?\r\n",
            "what the server sends cannot be read: a frame of the unknown type 0x48",
        ),
    ],
)
def test_a_server_of_another_protocol_is_told_by_what_it_sends(sent: bytes, line: str) -> None:
    with server(lambda client: client.sendall(sent)) as place:
        one = Line(place, 5)
        with pytest.raises(Closed) as caught:
            one.receive()
        assert str(caught.value).endswith(line)
        one.close()


def test_what_came_before_the_end_is_given() -> None:
    with server(lambda client: client.sendall(framed(b"last"))) as place:
        one = Line(place, 5)
        Line.wait_for_any([one], 5)
        found: list[bytes] = []
        with pytest.raises(Closed, match="the server closed the connection"):
            take_all(one, found)
        assert found == [b"last"]
        one.close()


def take_all(one: Line, found: list[bytes]) -> None:
    while True:
        found.extend(one.arrived())


def test_neither_side_waits_for_the_other() -> None:
    """Megabytes in both directions at once: what comes is taken while what goes waits."""
    answer = framed(bytes(8 << 20))

    def talk(client: socket.socket) -> None:
        client.sendall(answer)
        left = 8 << 20
        while left > 0:
            left -= len(client.recv(1 << 16))

    with server(talk) as place:
        one = Line(place, 20)
        one.send(bytes(8 << 20))
        assert len(one.receive()) == 8 << 20
        one.close()


def test_a_server_that_takes_nothing() -> None:
    stop = threading.Event()

    def talk(client: socket.socket) -> None:
        stop.wait(10)

    with server(talk) as place:
        one = Line(place, 0.2)
        with pytest.raises(Silent, match=r"takes nothing for 0\.2 seconds"):
            one.send(bytes(32 << 20))
        stop.set()
        one.close()


def test_a_server_that_is_gone() -> None:
    with server(lambda client: None) as place:
        one = Line(place, 5)
        with pytest.raises(Closed):
            send_for_ever(one)
        one.close()


def send_for_ever(one: Line) -> None:
    while True:
        one.send(bytes(100_000))


def test_a_message_that_is_too_long() -> None:
    with server(lambda client: client.sendall(b"\0\xff\xff\xff" * 3)) as place:
        one = Line(place, 0.3)
        with pytest.raises(LineError):
            one.receive()
        one.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\x82\0\0\0", ""),
        (b"\x83\0\0\1\x82", r"refuses a NetBIOS session for \*SMBSERVER"),
        (b"", "does not answer"),
    ],
)
def test_sessions_of_netbios(monkeypatch: pytest.MonkeyPatch, answer: bytes, words: str) -> None:
    """On port 139 a session request comes first."""
    asked: list[bytes] = []

    def talk(client: socket.socket) -> None:
        asked.append(client.recv(100))
        client.sendall(answer)
        client.recv(1)

    with server(talk) as place:
        monkeypatch.setattr(lines, "SESSION_PORT", place.port)
        if words:
            with pytest.raises(LineError, match=words):
                Line(place, 0.2)
        else:
            Line(place, 5).close()
    assert asked[0][:5] == b"\x81\0\0\x44\x20"
    assert asked[0][5:37] == b"CKFDENECFDEFFCFGEFFCCACACACACACA"


def test_reasons_are_words() -> None:
    assert reason(OSError(111, "Connection refused")) == "Connection refused"
    assert reason(TimeoutError()) == "TimeoutError"


# -- conversations -------------------------------------------------------------------------------------------


def answer(request: bytes, body: bytes, command: int | None = None) -> bytes:
    asked = Header.decode(request)
    head = Header(
        asked.command if command is None else command,
        0,
        0x98,
        asked.flags2,
        0,
        bytes(8),
        asked.tid,
        asked.pid_low,
        asked.uid,
        asked.mid,
    )
    return framed(head.encode() + body)


def test_an_answer_in_several_messages_and_a_break_between() -> None:
    """A transaction's pieces are put together; a wish for an oplock is passed over."""
    whole = trans.TransactionResponse(parameters=b"\1\0", data=bytes(range(200)))

    def talk(client: socket.socket) -> None:
        request = client.recv(1000)[4:]
        client.sendall(framed(oplock_break(1, 2, 0)))
        for piece in whole.pieces(120):
            client.sendall(answer(request, b"".join(piece.encode(32))))
        client.recv(1)

    shown: list[str] = []
    with server(talk) as place:
        talks = Conversation(Line(place, 5), lambda words, of_server: shown.append(words))
        found = talks.ask(Command.TRANSACTION2, trans.Transaction2Request(setup=b"\1\0")).transaction()
        assert (bytes(found.parameters), bytes(found.data)) == (b"\1\0", bytes(range(200)))
        assert len(shown) == 2
        talks.line.close()


@pytest.mark.parametrize(
    ("body", "command", "words"),
    [
        (b"\x05", None, "its answer cannot be read"),
        (b"\1\0\0\0\0", 0x2B, "is of another form than this exchange has"),
        (b"\0\0\0", 0x2E, "which nobody asked"),
    ],
)
def test_answers_of_another_kind(body: bytes, command: int | None, words: str) -> None:
    def talk(client: socket.socket) -> None:
        request = client.recv(1000)[4:]
        client.sendall(answer(request, body, command))
        client.recv(1)

    with server(talk) as place:
        talks = Conversation(Line(place, 5), lambda words, of_server: None)
        with pytest.raises(Otherwise, match=words):
            talks.ask(Command.ECHO, session.EchoRequest(1, b"x")).body(session.LogoffAndxResponse)
        talks.line.close()
