"""Records what a real client says to a server as a transcript of tests/transcripts, which the tests play from then on.

    python -m tests.record_transcript tests/transcripts/NAME.smb -- COMMAND that talks to 127.0.0.1 port {port}
    python -m tests.record_transcript tests/transcripts/NAME.smb --port 4450      until Ctrl-C, for a client elsewhere

The server is that of the tests: user alice, password Secret123, the shares public, docs (read-only) and c$ with their
few files, signing off, a fixed challenge, a clock that stands still. It moves on where the client waits for something.
What is written is played at once: a talk that cannot be repeated from its bytes alone is refused, with what differs.
"""

import argparse
import contextlib
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from fakesmb.core.settings import Settings
from fakesmb.testing import CHALLENGE, GUID, InMemoryServer
from fakesmb.world import World
from tests.core.folders import MONDAY_NS, make_folders
from tests.core.recorder import RecordedClient, RecordedServer, Recording

PIECE: Final = 1 << 16
LOOK: Final = 0.05
"""Seconds without a word from anybody after which what waits for the clock is due."""
PATIENCE: Final = 60.0
"""Seconds that a command may take."""


class Door:
    """A socket through which real clients reach the server in memory."""

    def __init__(self, server: RecordedServer, address: str, port: int) -> None:
        self.server = server
        self._listening = socket.create_server((address, port))
        self._ways = selectors.DefaultSelector()
        self._ways.register(self._listening, selectors.EVENT_READ)
        self._clients: dict[socket.socket, RecordedClient] = {}

    @property
    def port(self) -> int:
        """Where it is."""
        return int(self._listening.getsockname()[1])

    def turn(self) -> None:
        """Takes what has come and passes on what is answered; where nobody says a word, the clock moves on."""
        ready = self._ways.select(LOOK)
        for key, _ in ready:
            if key.fileobj is self._listening:
                self._enter()
            else:
                self._hear(key.fileobj)  # type: ignore[arg-type]
        waiting = self.server.clock.getDelayedCalls()
        if not ready and any(client.connection.pending for client in self._clients.values()) and waiting:
            self.server.clock.advance(min(one.getTime() for one in waiting) - self.server.clock.seconds())
        self._answer()

    def _enter(self) -> None:
        way, peer = self._listening.accept()
        client = self.server.client(f"{peer[0]}:{peer[1]}")
        assert isinstance(client, RecordedClient)
        self._clients[way] = client
        self._ways.register(way, selectors.EVENT_READ)

    def _hear(self, way: socket.socket) -> None:
        try:
            data = way.recv(PIECE)
        except ConnectionResetError:
            data = b""
        if data:
            self._clients[way].connection.receive(data)
        else:
            self._clients[way].lost("the client left")
            self._leave(way)

    def _answer(self) -> None:
        for way, client in list(self._clients.items()):
            with contextlib.suppress(ConnectionError):
                way.sendall(client.taken())
            if client.closed:
                self._leave(way)

    def _leave(self, way: socket.socket) -> None:
        self._ways.unregister(way)
        way.close()
        del self._clients[way]

    def close(self) -> None:
        """Nobody comes any more."""
        for way in list(self._clients):
            self._clients[way].lost("the client left")
            self._leave(way)
        self._listening.close()
        self._ways.close()


@contextlib.contextmanager
def standing_still() -> Iterator[pytest.MonkeyPatch]:
    """The time that the server tells of itself is that of the transcripts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "now_ns", lambda world: MONDAY_NS)
        yield patch


def record(path: Path, title: str, command: Sequence[str], address: str = "127.0.0.1", port: int = 0) -> int:
    """Runs the command against the server and writes the transcript; gives the command's exit code.

    Without a command it ends with Ctrl-C. Raises `AssertionError` for a talk that cannot be repeated.
    """
    settings = Settings(challenge=CHALLENGE, guid=GUID, signing="off")
    with tempfile.TemporaryDirectory() as base, standing_still() as patch:
        recording = Recording(path, title, settings, patch)
        server = recording.server(_folders(base, "first"), {"read_only": ["docs"]})
        door = Door(server, address, port)
        code = 0
        try:
            code = _run(door, command) if command else _wait(door)
        finally:
            door.close()
        if server.recorded:
            again = iter(range(9))
            recording.end(
                lambda: InMemoryServer(
                    _folders(base, f"again{next(again)}"), read_only=["docs"], settings=settings
                )
            )
        return code


def _folders(base: str, name: str) -> dict[str, Path]:
    folder = Path(base, name)
    folder.mkdir()
    return make_folders(folder)


def _run(door: Door, command: Sequence[str]) -> int:
    words = [word.replace("{port}", str(door.port)) for word in command]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    turns = 0
    while process.poll() is None:
        door.turn()
        turns += 1
        if turns * LOOK > PATIENCE * 20:  # a turn without a word takes LOOK; others are quicker
            process.kill()
    door.turn()
    return process.wait()


def _wait(door: Door) -> int:
    print(f"listening on port {door.port}; Ctrl-C ends the talk", file=sys.stderr)
    with contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        while True:
            door.turn()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the command line, records, and says what came of it."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    at = given.index("--") if "--" in given else len(given)
    parser = argparse.ArgumentParser(
        prog="python -m tests.record_transcript",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="the transcript to write, tests/transcripts/NAME.smb")
    parser.add_argument("--title", help="what its first line says; left out: the command")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen; 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="where to listen; 0: any free port, for {port}")
    options = parser.parse_args(given[:at])
    command = given[at + 1 :]
    if not command and not options.port:
        parser.error("name a command behind --, or a port for a client elsewhere")
    try:
        code = record(
            options.file,
            options.title or shlex.join(command) or "a real client",
            command,
            options.host,
            options.port,
        )
    except AssertionError as error:
        options.file.unlink(missing_ok=True)
        print(f"this talk cannot be repeated: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot run or record: {error}", file=sys.stderr)
        return 1
    if code:
        print(f"the command ended with {code}", file=sys.stderr)
    if not options.file.exists():
        print("no client came", file=sys.stderr)
        return 1
    print(
        f"written: {options.file}; look through it, and say in its first line what it is there for",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
