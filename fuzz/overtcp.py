"""Plays talks to a server in a process of its own, over sockets; record and memory are looked at from outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from fakesmb.wire.commands import Command
from fakesmb.wire.session import EchoRequest
from fuzz import clients, rules
from fuzz.side import Side
from fuzz.sockets import PATIENCE, SocketClient
from fuzz.talk import HELD, LEAVE, STREAM, WAIT, Action, Talk

MOST_MIB: Final = 300
"""By which the server may grow in a run."""
_START_SECONDS: Final = 30
_LONGEST_WAIT: Final = 0.05
_SYNC_MID: Final = 0xF000
_CONFIG: Final = """[server]
guest = "read-write"
[timing]
sharing_violation = 0.01
oplock_break = 0.1
wrong_password = 0.0
[[user]]
name = "alice"
password = "Secret123"
admin = true
[[user]]
name = "bob"
password = "Hunter22"
[[share]]
name = "public"
path = "public"
[[share]]
name = "docs"
path = "docs"
read_only = true
"""


class Fault(Exception):
    """Something that must hold did not; the text says what."""


class Player:
    """One server for many talks, and a connection that only asks whether it is there. A context manager."""

    def __init__(self, command: list[str] | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="fakesmb-fuzz-"))
        self._base = self._folder / "files"
        self._log = self._folder / "log.jsonl"
        self._command = command or [sys.executable, "-m", "fakesmb"]
        self.messages = 0
        self.slowest = 0.0
        """Seconds of the probe's slowest answer."""

    def __enter__(self) -> Self:
        self._base.mkdir()
        rules.make_folders(self._base)
        config, port_file = self._folder / "fakesmb.toml", self._folder / "port"
        config.write_text(_CONFIG.replace('path = "', f'path = "{self._base}/'))
        self._errors = (self._folder / "stderr").open("w+")
        words = [
            "serve",
            "--config",
            str(config),
            "--port",
            "0",
            "--port-file",
            str(port_file),
            "--log",
            "none",
        ]
        self.process = subprocess.Popen(
            [*self._command, *words, "--log-file", str(self._log)], stderr=self._errors, env=os.environ
        )
        began = time.monotonic()
        while not port_file.exists():
            if self.process.poll() is not None or time.monotonic() - began > _START_SECONDS:
                raise Fault(f"the server does not start: {self._said()}")
            time.sleep(0.02)
        self._port = int(port_file.read_text())
        self._probe = SocketClient(self._port)
        self._probe.sign_in(vc_number=7)
        self._begun = rules.resident_mib(self.process.pid)
        self._read_to = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._errors.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _said(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-2000:]

    def play(self, talk: Talk) -> str | None:
        """What was broken; None where all held."""
        try:
            stage = _Stage(self._port, talk)
            stage.run()
            self.messages += stage.messages
            self._check()
            return None
        except (Fault, ConnectionRefusedError) as fault:
            return str(fault)
        finally:
            self._refill()

    def _check(self) -> None:
        if self.process.poll() is not None:
            raise Fault(f"the server has ended with {self.process.returncode}: {self._said()}")
        began = time.monotonic()
        self._probe.send(Command.ECHO, EchoRequest(1, b"there?"))
        try:
            self._probe.answer()
        except ConnectionError as error:
            raise Fault(f"the probe has no answer within {PATIENCE:g} s: {error}") from None
        self.slowest = max(self.slowest, time.monotonic() - began)
        grown = rules.resident_mib(self.process.pid) - self._begun
        if grown > MOST_MIB:
            raise Fault(f"memory: the server has {grown:.0f} MiB more than at its start")
        with self._log.open("rb") as lines:
            lines.seek(self._read_to)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._read_to += len(line)
                _check_line(line)
        if "Traceback" in (said := self._said()):
            raise Fault(f"on standard error: {said}")
        if wrong := rules.outside_problem(self._base):
            raise Fault(wrong)

    def _refill(self) -> None:
        """Every talk finds the same files."""
        for folder in self._base.iterdir():
            for path in folder.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
        rules.make_folders(self._base)


def _check_line(line: bytes) -> None:
    told = json.loads(line)
    if told.get("event") == "problem" and (
        told.get("traceback") or "not described" in told.get("problem", "")
    ):
        raise Fault(f"a bug: {told.get('problem')}\n{told.get('traceback', '')}")
    if told.get("event") == "disconnected" and not told.get("reason"):
        raise Fault("a connection ended without a reason")


class _Stage:
    """The clients of one talk."""

    def __init__(self, port: int, talk: Talk) -> None:
        self._port, self._talk = port, talk
        self._clients = [self._new(kind) for kind in talk.kinds]
        self._sides = [Side() for _ in talk.kinds]
        self._sync_mids = [_SYNC_MID] * len(talk.kinds)
        self._handle = bytes(20)
        self.messages = 0

    def _new(self, kind: str) -> SocketClient:
        client = SocketClient(self._port)
        clients.prepare(client, kind)
        return client

    def run(self) -> None:
        """Plays it; raises `Fault`."""
        for action in self._talk.actions:
            self._do(action)
        for who, client in enumerate(self._clients):
            client.wire.receive(self._sides[who].held)
            self._sync(who)
            self._all_answered(who)
            client.lost()

    def _do(self, action: Action) -> None:
        who = action.client
        if action.kind == WAIT:
            time.sleep(min(action.seconds, _LONGEST_WAIT))
            return
        if self._clients[who].closed or action.kind == LEAVE:
            self._clients[who].lost()
            self._clients[who], self._sides[who] = self._new(self._talk.kinds[who]), Side()
            self._sync_mids[who] = _SYNC_MID
            if action.kind == LEAVE:
                return
        self.messages += 1
        client = self._clients[who]
        for piece in self._sides[who].pieces(client, action, self._handle):
            client.wire.receive(piece)
        if action.kind not in (STREAM, HELD):
            self._sync(who)

    def _sync(self, who: int) -> None:
        """Waits until the server has dealt with all that was sent: an ECHO behind it is answered, or all is over."""
        client, side = self._clients[who], self._sides[who]
        answers = side.answers
        if not answers.certain:
            client.arrived(0.01)
            self._take(who)
            return
        for _ in range(2):  # the first may be taken for the data of a WRITE_RAW
            self._sync_mids[who] += 1
            mid = self._sync_mids[who]
            client.wire.receive(
                side.framed(client, client.message(Command.ECHO, EchoRequest(1, b"sync"), mid=mid), mid)
            )
        answers.asked.pop(mid - 1)
        end = time.monotonic() + PATIENCE
        while not client.closed and not answers.got[mid]:
            left = end - time.monotonic()
            if left <= 0:
                raise Fault(f"no answer to an ECHO within {PATIENCE:g} s, on the connection of client {who}")
            client.arrived(min(left, 1.0))
            self._take(who)

    def _all_answered(self, who: int) -> None:
        """Waits for what comes a little late: an open that met an oplock or a sharing violation."""
        client, answers = self._clients[who], self._sides[who].answers
        end = time.monotonic() + PATIENCE
        while not client.closed and (missing := next(iter(answers.missing(rules.MAY_WAIT)), None)):
            if time.monotonic() > end:
                raise Fault(missing)
            client.arrived(0.05)
            self._take(who)

    def _take(self, who: int) -> None:
        for frame in self._clients[who].frames():
            data = bytes(frame)
            self._handle = clients.handle_in(data) or self._handle
            wrong = self._sides[who].answers.take(data)
            if wrong and not wrong.startswith("an answer to MID"):  # the first of two ECHOs
                raise Fault(wrong)
