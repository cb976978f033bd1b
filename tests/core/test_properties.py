"""Whatever a peer sends: no exception leaves the core, no bug is contained in it, every request has its answer."""

import itertools
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.codec import Body, Empty
from fakesmb.wire.session import EchoRequest
from tests.core.conftest import check_end
from tests.core.real_requests import DOCUMENTED, REQUESTS
from tests.examples import examples

RUN = settings(max_examples=examples(120))
CHAINED = [(code, body) for code, body in REQUESTS if body.ANDX]


@contextmanager
def share() -> Iterator[tuple[InMemoryServer, Client]]:
    """A signed-in client of a server over a folder of its own; at the end all is freed, and no bug was contained."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.txt").write_bytes(b"0123456789" * 10)
        server = InMemoryServer({"public": Path(folder)})
        yield server, server.client().sign_in().connect("public")
        check_end(server)


def still_answers(client: Client) -> None:
    """An echo is answered, if the connection is still there."""
    if client.closed:
        return
    client.frames()
    client.flags2 |= 0x4000
    client.tid = 0xFFFF
    client.send(0x2B, EchoRequest(1, b"alive"), mid=0x7777)
    found = [answer for answer in client.answers() if answer.header.mid == 0x7777]
    assert [bytes(answer.message).endswith(b"alive") for answer in found] == [True]


def check_frames(client: Client, sent: bytes = b"") -> list[bytes]:
    """What came back is well-formed: a reply's header, and blocks that fit."""
    frames = [bytes(frame) for frame in client.frames()]
    for frame in frames:
        assert frame[:4] == b"\xffSMB"
        if not frame[9] & 0x80:
            assert frame[4] == 0x24  # an oplock break is the one request that a server makes
            continue
        at = 32
        while True:
            words = frame[at]
            assert at + 3 + 2 * words <= len(frame)
            if frame[4] not in (0x73, 0x75, 0x24, 0x2D, 0x2E, 0x2F, 0x74, 0xA2) or words < 2:
                break
            command, _, after = struct.unpack_from("<BBH", frame, at + 1)
            if command == 0xFF:
                break
            assert at < after < len(frame)
            if command not in (0x73, 0x75, 0x24, 0x2D, 0x2E, 0x2F, 0x74, 0xA2):
                break
            at = after
    return frames


def messages(*, most: int = 12) -> st.SearchStrategy[list[tuple[int, Body]]]:
    return st.lists(st.sampled_from(REQUESTS), max_size=most)


@RUN
@given(st.binary(max_size=300))
def test_any_stream(data: bytes) -> None:
    with share() as (server, client):
        client.connection.receive(data)
        check_frames(client)
        fresh = server.client()
        fresh.connection.receive(data)


@RUN
@given(st.integers(0, 255), st.binary(max_size=200), st.integers(0, 0xFFFF))
def test_any_body_of_any_command(command: int, data: bytes, flags2: int) -> None:
    """A right header and anything after it: one answer of that command and MID, or an explicit none."""
    with share() as (_, client):
        client.create("a.txt")
        client.flags2 = flags2
        client.send_raw(client.message(command, Empty(), mid=0x55)[:32] + data)
        for frame in check_frames(client):
            if frame[9] & 0x80:
                assert frame[30:32] == b"\x55\0"
        still_answers(client)


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Bytes changed, cut out, put in: anywhere in a message, its header's magic and command apart."""
    kind = draw(st.sampled_from(["set", "set", "set", "cut", "insert", "truncate", "word"]))
    at, value = draw(st.integers(8, 200)), draw(st.integers(0, 0xFFFF))
    size = draw(st.integers(1, 8))

    def mutate(message: bytes) -> bytes:
        where = 8 + at % max(len(message) - 8, 1)
        if kind == "set":
            return message[:where] + bytes((value & 0xFF,)) + message[where + 1 :]
        if kind == "word":
            return message[:where] + value.to_bytes(2, "little") + message[where + 2 :]
        if kind == "cut":
            return message[:where] + message[where + size :]
        if kind == "insert":
            return message[:where] + bytes((value & 0xFF,)) * size + message[where:]
        return message[: max(where, 32)]

    return mutate


@settings(max_examples=examples(250))
@given(messages(), st.lists(mutations(), max_size=14), st.floats(0, 2))
def test_mutated_conversations(
    requests: list[tuple[int, Body]], changes: list[Callable[[bytes], bytes]], later: float
) -> None:
    """Real requests, each with something wrong in it; the clock moves on; a second client is in the way."""
    with share() as (server, client):
        other = server.client().sign_in().connect("public")
        other.lock(other.create("a.txt"), 0, 5)
        for number, (command, body) in enumerate(requests):
            message = client.message(command, body, mid=number + 1)
            if number < len(changes):
                message = changes[number](message)
            client.send_raw(message)
            check_frames(client)
        server.clock.advance(later)
        check_frames(client)
        still_answers(client)
        still_answers(other)


@RUN
@given(st.lists(st.tuples(st.integers(0, len(DOCUMENTED) - 1), mutations()), min_size=1, max_size=6))
def test_the_documented_exchange_mutated(changes: list[tuple[int, Callable[[bytes], bytes]]]) -> None:
    with share() as (server, _):
        client = server.client()
        frames = list(DOCUMENTED)
        for number, change in changes:
            frames[number] = change(frames[number])
        for frame in frames:
            client.connection.receive(len(frame).to_bytes(4, "big") + frame)
            check_frames(client)
        if client.connection.signing is None:
            still_answers(client)


@RUN
@given(
    st.lists(st.sampled_from(CHAINED), min_size=1, max_size=6), st.sampled_from([None, *REQUESTS]), st.data()
)
def test_any_chain(chain: list[tuple[int, Body]], last: tuple[int, Body] | None, data: st.DataObject) -> None:
    """Commands chained as no client would, with AndX offsets right or wrong: exactly one first answer."""
    with share() as (_, client):
        client.create("a.txt")
        parts = chain if last is None else [*chain, last]
        message = bytearray(client.message(parts[0][0], parts[0][1], *parts[1:], mid=0x55))
        if data.draw(st.booleans()):
            at = data.draw(st.integers(33, min(len(message) - 2, 40)))
            message[at : at + 2] = data.draw(st.integers(0, 0xFFFF)).to_bytes(2, "little")
        client.send_raw(bytes(message))
        frames = [frame for frame in check_frames(client) if frame[9] & 0x80]
        assert frames or client.connection.pending or client.closed
        still_answers(client)


@settings(max_examples=examples(60))
@given(messages(), st.lists(st.integers(0, 1500), max_size=30))
def test_cuts_change_nothing(requests: list[tuple[int, Body]], cuts: list[int]) -> None:
    """Where the stream is cut makes no difference to what is answered."""

    def talk(at: list[int]) -> list[tuple[bytes, int]]:
        with share() as (_, client):
            stream = b"".join(
                len(message).to_bytes(4, "big") + message
                for message in (
                    client.message(code, body, mid=number + 1) for number, (code, body) in enumerate(requests)
                )
            )
            points = sorted({0, *(cut for cut in at if cut < len(stream)), len(stream)})
            for begin, end in itertools.pairwise(points):
                client.connection.receive(stream[begin:end])
            # times and file numbers of the two folders differ: heads and lengths, and bodies without them
            return [
                (frame if frame[4] not in (0x32, 0xA2, 0x2D, 0x08) else frame[:33], len(frame))
                for frame in map(bytes, client.frames())
            ]

    assert talk(cuts) == talk([])


@settings(max_examples=examples(60))
@given(st.lists(st.sampled_from(REQUESTS), max_size=12), st.integers(0, 12))
def test_leaving_at_any_moment(requests: list[tuple[int, Body]], when: int) -> None:
    """A client may vanish whatever it has open, locked, searched or waits for; the next one finds all of it free."""
    with share() as (server, client):
        for command, body in requests[:when]:
            client.send(command, body)
        client.lost()
        assert len(server.open_files) == 0
        for command, body in requests[when:]:
            client.send(command, body)
        assert len(server.open_files) == 0
        fresh = server.client().sign_in().connect("public")
        fresh.lock(fresh.create("a.txt", share=0), 0, 100)
