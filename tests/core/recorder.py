"""Writes what a test's clients and their server say as a transcript: `pytest --record=FILE.smb PATH::TEST`.

The file is played at once, against a server of its own. What the two runs do not have in common becomes `..`, and so
do today's times and the numbers of files, which another day or disk would have otherwise. A conversation that cannot
be repeated from its bytes alone (signing; settings of its own; a test that changes files past the server) fails there.
"""

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fakesmb.core.settings import Settings
from fakesmb.nt import filetime
from fakesmb.record import describe
from fakesmb.record.events import Disconnected
from fakesmb.record.events import Message as MessageEvent
from fakesmb.testing import LARGEST_FRAME, Client, InMemoryServer
from fakesmb.wire import times
from fakesmb.wire.codec import Buffer
from fakesmb.wire.frame import Framer, FrameType
from fakesmb.wire.header import HEADER_SIZE
from tests.core.transcript import Stage, Turn, hex_lines, play

AROUND_NOW = 2 * 86_400
"""Seconds from now within which a number is taken for a time of this run."""
SMB = (0xFF, 0x53, 0x4D, 0x42)
"""How a message begins that the record tells of; raw data of READ_RAW and WRITE_RAW, and garbage, do not."""
OF_VOLUMES = ("R; Transact2, Query Fs Information", "R; Query Information Disk")
"""Answers whose body tells how full a disk is at that moment, in the words of the record."""
SMALLEST_FILE_NUMBER = 0x10000
"""Smaller numbers are too common to be taken for a file's or a device's."""


class RecordedServer(InMemoryServer):
    """A server in memory that keeps the turns of its talk, as bytes."""

    def __init__(self, folders: Mapping[str, Path], patch: pytest.MonkeyPatch, **options: Any) -> None:
        super().__init__(folders, **options)
        self.folders = folders
        self.turns: list[Turn] = []
        self.file_numbers: set[int] = set()
        self.recorded: list[RecordedClient] = []
        self.prepared: set[int] = set()
        """Indices of the events that preparations made: the transcript does not tell them."""
        self._patch = patch
        self._seconds = self.clock.seconds()

    def client(self, peer: str = "127.0.0.1:50000") -> Client:
        """A new connection whose talk is kept."""
        self.recorded.append(client := RecordedClient(self, peer, self._patch))
        return client

    def keep(self, client: str, kind: str, words: str = "", data: bytes = b"") -> None:
        """One turn, behind the time that went by since the last."""
        passed, self._seconds = self.clock.seconds() - self._seconds, self.clock.seconds()
        if passed:
            self.turns.append(Turn("a", "~", f"{passed:g}", (), 0))
        self.turns.append(Turn(client, kind, words, tuple(data), 0))
        for folder in self.folders.values():
            for place, _, names in os.walk(folder):
                for path in (place, *(os.path.join(place, name) for name in names)):
                    found = os.lstat(path)
                    self.file_numbers |= {found.st_ino, found.st_dev}

    def told(self) -> Iterator[Turn]:
        """The turns, with what the record says of each."""
        clients = {client.connection.number: client for client in self.recorded}
        words: dict[tuple[str, str], list[str]] = defaultdict(list)
        for index, event in enumerate(self.sink.events):
            if index in self.prepared:
                continue
            if isinstance(event, MessageEvent):
                client = clients[event.connection]
                asks = (
                    event.request and event.peer == client.connection.peer
                )  # a break is the server's request
                words[client.name, ">" if asks else "<"].append(describe.summary(event))
            elif isinstance(event, Disconnected):
                words[clients[event.connection].name, "!" if event.by_server else "%"].append(event.reason)
        for turn in self.turns:
            if turn.kind in "!%" or turn.data[:4] == SMB:
                assert words[turn.client, turn.kind], f"the record does not tell of {turn}"
                turn = turn._replace(words=words[turn.client, turn.kind].pop(0))
            yield turn


class RecordedClient(Client):
    """The in-memory client, overheard on both sides of its connection."""

    def __init__(self, server: RecordedServer, peer: str, patch: pytest.MonkeyPatch) -> None:
        self.name = chr(ord("a") + len(server.recorded))
        self._server = server
        self._silent = False
        self._to_server, self._from_server = Framer(LARGEST_FRAME), Framer(LARGEST_FRAME)
        super().__init__(server, peer)
        receive, lost = self.connection.receive, self.connection.lost

        def received(data: bytes) -> None:
            self._keep(">", self._to_server, data)
            receive(data)

        def left(reason: str) -> None:
            if not self._silent and not self.closed:
                server.keep(self.name, "%")
            lost(reason)

        patch.setattr(self.connection, "receive", received)
        patch.setattr(self.connection, "lost", left)

    def _keep(self, kind: str, framer: Framer, data: bytes) -> None:
        for frame in framer.feed(data):
            if frame.type == FrameType.MESSAGE and not self._silent:
                self._server.keep(self.name, kind, data=bytes(frame.body))

    def _take(self, buffers: list[Buffer]) -> None:
        super()._take(buffers)
        self._keep("<", self._from_server, b"".join(buffers))

    def taken(self) -> bytes:
        """What the server sent since the last call, for who passes it on to a real client."""
        data = b"".join(self._sent)
        self._sent.clear()
        return data

    def _closed(self) -> None:
        super()._closed()
        self._server.keep(self.name, "!")

    def sign_in(self, *args: Any, **options: Any) -> Client:
        """As the client's own sign-in; the usual one is a preparation."""
        if args or options:
            return super().sign_in(*args, **options)
        with self._preparation("signed in"):
            super().sign_in()
        return self

    def connect(self, share: str) -> Client:
        """As the client's own; a preparation where it follows one."""
        last = self._server.turns[-1:]
        if not last or last[0].kind != "@" or last[0].client != self.name:
            return super().connect(share)
        with self._preparation(f"connected to {share}"):
            super().connect(share)
        return self

    @contextlib.contextmanager
    def _preparation(self, words: str) -> Iterator[None]:
        before, self._silent = len(self._server.sink.events), True
        yield
        self._silent = False
        self._server.prepared |= set(range(before, len(self._server.sink.events)))
        last = self._server.turns[-1:]
        if last and (last[0].client, last[0].kind) == (self.name, "@"):
            self._server.turns.pop()
            words = f"{last[0].words}, {words}"
        self._server.keep(self.name, "@", words)


class Recording:
    """One transcript that is being written, of the one server of a test."""

    def __init__(self, path: Path, title: str, settings: Settings, patch: pytest.MonkeyPatch) -> None:
        self._path, self._title, self._settings, self._patch = path, title, settings, patch
        self._server: RecordedServer | None = None

    def server(self, folders: Mapping[str, Path], options: dict[str, Any]) -> RecordedServer:
        """The server to record, with the settings that transcripts are played with unless the test has its own."""
        assert self._server is None, "a transcript has one server, the test makes another"
        self._server = RecordedServer(folders, self._patch, **{"settings": self._settings} | options)
        return self._server

    def end(self, again: Callable[[], InMemoryServer]) -> None:
        """Writes the file, and plays it; `again` makes servers as a transcript finds them.

        Raises `AssertionError` for what cannot be repeated.
        """
        assert self._server is not None, "the test made no server"
        stage, lines = Stage(again()), [f"# {self._title}"]
        for turn in self._server.told():
            stage.perform(turn)
            letter = "" if turn.client == "a" else turn.client
            if turn.kind == ">" and lines[-1][:1] == " ":
                lines.append("")
            lines.append(f"{letter}{turn.kind} {turn.words}".rstrip())
            data = turn.data
            if turn.kind == "<":
                again_came = stage.answer(turn.client)
                assert len(again_came) == len(turn.data), (
                    f"not repeated: {turn.words}; came {again_came.hex()}"
                )
                data = steady(turn.message, again_came, self._server.file_numbers)
                if turn.words.startswith(OF_VOLUMES):
                    data = without_body(data)
            lines += hex_lines(data)
        self._path.write_text("\n".join(lines) + "\n", "utf-8", "surrogatepass")
        play(self._path, Stage(again()))


def steady(answer: bytes, again: bytes, file_numbers: set[int]) -> tuple[int | None, ...]:
    """The bytes of an answer that every run will have, None for the others."""
    kept: list[int | None] = [a if a == b else None for a, b in zip(answer, again, strict=True)]
    now = time.time()
    for at in range(len(answer)):
        for size in (8, 4):
            if at + size <= len(answer) and passing(answer[at : at + size], now, file_numbers):
                kept[at : at + size] = [None] * size
                break
    return tuple(kept)


def without_body(data: Sequence[int | None]) -> tuple[int | None, ...]:
    """The header and the number of words of an answer; the rest may be anything."""
    kept = HEADER_SIZE + 1
    return (*data[:kept], *[None] * (len(data) - kept))


def passing(data: bytes, now: float, file_numbers: set[int]) -> bool:
    """Whether eight or four bytes are a time of these days, or the number of a file or device."""
    number = int.from_bytes(data, "little")
    if number in file_numbers and number >= SMALLEST_FILE_NUMBER:
        return True
    if len(data) == 8:
        return abs(filetime.to_ns(number) / 1e9 - now) < AROUND_NOW
    dates = (number & 0xFFFF, number >> 16), (number >> 16, number & 0xFFFF)
    return abs(number - now) < AROUND_NOW or any(abs(dos_seconds(*one) - now) < AROUND_NOW for one in dates)


def dos_seconds(date: int, clock: int) -> float:
    """POSIX seconds of an SMB_DATE and an SMB_TIME."""
    return filetime.to_ns(times.dos_to(date, clock)) / 1e9
