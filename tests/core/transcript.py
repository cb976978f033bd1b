"""Conversations as files: what a client sends, what comes back, in words and in bytes.

    # comment
    @ signing off                     settings and preparations, see `prepare`
    > C; Close, FID = 0x4000          a request: how the record tells it
      ff534d42 04 00000000 18 01c8    its bytes, on lines that are indented
    < R; Close, FID = 0x0000          the answer; `..` is a byte that the test does not look at, `..x8` are eight
      ff534d42 04 ...
    ~ 1.5                             the clock moves on
    ! the client speaks ...           the server closes the connection, and says so
    % the client left                 the client's connection is gone

`b> ` and `b< ` are a second client. A message that the record does not tell of (raw data) has no words. Everything is
exact: an answer that the file does not have fails.
`tests.core.recorder` writes such files.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fakesmb.record import describe
from fakesmb.record.events import Disconnected
from fakesmb.record.events import Message as MessageEvent
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.header import HEADER_SIZE

FOLDER = Path(__file__).parent.parent / "transcripts"
HEADER_FIELDS = (4, 1, 4, 1, 2, 2, 8, 2, 2, 2, 2, 2)
"""Sizes of magic, command, status, flags, flags2, PID high, signature, reserved, TID, PID, UID, MID."""
_TURN = re.compile(r"([a-z]?)([<>~!@%#])\s?(.*)")


class Turn(NamedTuple):
    """One line of a transcript, with the bytes under it. A byte of None may be any."""

    client: str
    kind: str
    words: str
    data: tuple[int | None, ...]
    line: int

    @property
    def message(self) -> bytes:
        """A request's bytes."""
        return bytes(byte for byte in self.data if byte is not None)


def octets(text: str) -> Iterator[int | None]:
    """The bytes of a line of hex."""
    for token in text.split():
        if token.startswith(".."):
            yield from [None] * int(token[3:] or 1)
        else:
            yield from bytes.fromhex(token)


def turns(path: Path) -> list[Turn]:
    """The turns of a transcript, without comments."""
    found: list[Turn] = []
    for number, line in enumerate(path.read_text("utf-8", "surrogatepass").splitlines(), 1):
        if not line.strip():
            continue
        if line[0] == " ":
            last = found.pop()
            found.append(last._replace(data=last.data + tuple(octets(line))))
            continue
        match = _TURN.fullmatch(line)
        assert match, f"{path.name}:{number}: {line!r}"
        if match[2] != "#":
            found.append(Turn(match[1] or "a", match[2], match[3], (), number))
    return found


def hex_lines(data: Sequence[int | None]) -> list[str]:
    """Bytes as a transcript has them: the header, then rows of 32."""
    rows = [data[:HEADER_SIZE], *(data[at : at + 32] for at in range(HEADER_SIZE, len(data), 32))]
    return [f"  {_tokens(row, (4,) * 8 if at else HEADER_FIELDS)}" for at, row in enumerate(rows) if row]


def _tokens(row: Sequence[int | None], sizes: Sequence[int]) -> str:
    """Hex in groups of so many bytes; a run of bytes that may be any is `..`, or `..x8`."""
    ends = set(itertools.accumulate(sizes))
    words: list[str] = []
    anything = 0
    for at, byte in enumerate(row):
        if byte is None:
            anything += 1
            continue
        if anything or not words or at in ends:
            words += [_any(anything)] if anything else []
            words.append("")
        anything = 0
        words[-1] += f"{byte:02x}"
    return " ".join([*words, _any(anything)] if anything else words)


def _any(count: int) -> str:
    return ".." if count == 1 else f"..x{count}"


def matches(data: bytes, expected: tuple[int | None, ...]) -> bool:
    """Whether the bytes are those, where the transcript looks at them."""
    return len(data) == len(expected) and all(
        want is None or want == have for have, want in zip(data, expected, strict=True)
    )


class Stage:
    """A server and the clients of one transcript."""

    def __init__(self, server: InMemoryServer) -> None:
        self.server = server
        self.clients: dict[str, Client] = {}
        self.told = 0
        self.frames: dict[str, list[bytes]] = {}
        """What each client got and the transcript did not look at yet."""

    def client(self, name: str) -> Client:
        """A client by its letter; it connects when it is first named."""
        if name not in self.clients:
            self.clients[name] = self.server.client()
            self.frames[name] = []
        return self.clients[name]

    def prepare(self, name: str, words: str) -> None:
        """`signed in`, `connected to SHARE`: done without a word in the transcript."""
        client = self.client(name)
        for step in words.split(", "):
            if step == "signed in":
                client.sign_in()
            elif step.startswith("connected to "):
                client.connect(step.removeprefix("connected to "))
            else:
                raise AssertionError(f"unknown preparation {step!r}")
        self.told = len(self.server.sink.events)

    def perform(self, turn: Turn, piece: int | None = None) -> None:
        """Does what a turn says, and takes what came of it into `frames`."""
        if turn.kind == "@":
            self.prepare(turn.client, turn.words)
        client = self.client(turn.client)
        if turn.kind == "~":
            self.server.clock.advance(float(turn.words))
        elif turn.kind == "%":
            client.lost(turn.words)
        elif turn.kind == ">":
            stream = len(turn.message).to_bytes(4, "big") + turn.message
            size = piece or len(stream)
            for at in range(0, len(stream), size):
                client.connection.receive(stream[at : at + size])
        for name, one in self.clients.items():
            self.frames[name] += [bytes(frame) for frame in one.frames()]

    def answer(self, name: str) -> bytes:
        """The next message that a client got; b"" if there is none."""
        frames = self.frames[name]
        return frames.pop(0) if frames else b""

    def words(self) -> list[str]:
        """What the record told since the last call, one line a message or end of a connection."""
        events = self.server.sink.events[self.told :]
        self.told += len(events)
        return [
            describe.summary(event) if isinstance(event, MessageEvent) else event.reason
            for event in events
            if isinstance(event, MessageEvent | Disconnected)
        ]


def play(path: Path, stage: Stage, *, piece: int | None = None) -> None:
    """Runs a transcript; `piece` cuts what the client sends into so many bytes each."""
    told: list[str] = []
    for turn in turns(path):
        where = f"{path.name}:{turn.line}"
        stage.perform(turn, piece)
        told += stage.words()
        if turn.kind == "<":
            got = stage.answer(turn.client)
            assert matches(got, turn.data), "\n".join([f"{where}: {turn.words}; came:", *hex_lines(got)])
        if turn.kind in "<>!%" and turn.words:
            # of a message that carries another protocol, the transcript has the words of SMB, told in brackets
            said = next((line for line in told if turn.words in line), None)
            assert said is not None, f"{where}: {turn.words!r} is not among {told}"
            told.remove(said)
        if turn.kind == "!":
            assert stage.client(turn.client).closed, f"{where}: the connection is still there"
    assert told == [], f"{path.name}: not in the transcript: {told}"
    assert not any(stage.frames.values()), f"{path.name}: more answers: {stage.frames}"
