"""Plays talks to the core itself: no socket, a clock that stands until a talk says otherwise."""

import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Self

from twisted.python import log as twisted_log

from fakesmb.auth.accounts import Account, Accounts, Guest
from fakesmb.auth.share_passwords import SharePasswords
from fakesmb.core.settings import Settings, Timing
from fakesmb.record.jsonl import JsonLines
from fakesmb.record.text import TextLines
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.frame import PREFIX_SIZE, prefix
from fakesmb.wire.session import EchoRequest, EchoResponse
from fuzz import clients, rules, tickets
from fuzz.side import Side
from fuzz.sinks import Checked, Kept
from fuzz.talk import LEAVE, WAIT, Action, Talk

MOST_SECONDS: Final = 1.0
"""Of the processor, for one action."""
MOST_MIB: Final = 200
"""By which one talk may grow the process."""
SHARE_LEVEL: Final = 6
"""Talks of so many actions, or a multiple, are with a server at share level."""
RECORDED: Final = 4
"""Of so many talks one is told in lines of both kinds, the first among them."""
_STUCK_SECONDS: Final = 30
_SLICES: Final = 10_000
_LATER: Final = 200.0
"""Seconds in which everything that waits for a time has come."""


class Stuck(BaseException):
    """A request that does not end; nothing between here and there may take it for an error of a handler."""


class Fault(Exception):
    """Something that must hold did not; the text says what."""


class Player:
    """Plays one talk after the other, each to a server of its own. A context manager: it has a folder."""

    def __init__(self, *, most_seconds: float = MOST_SECONDS, plans: bool = True) -> None:
        self._most_seconds, self._plans = most_seconds, plans
        self._folder = Path(tempfile.mkdtemp(prefix="fakesmb-fuzz-"))
        self._errors: list[str] = []
        self._number = 0
        self.messages = 0
        """How many were sent."""
        self.slowest = 0.0

    def __enter__(self) -> Self:
        twisted_log.addObserver(self._observe)
        self._before = signal.signal(signal.SIGALRM, _stuck)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        twisted_log.removeObserver(self._observe)
        signal.signal(signal.SIGALRM, self._before)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _observe(self, event: dict[str, object]) -> None:
        if event.get("isError"):
            self._errors.append(str(event.get("failure") or event.get("log_text") or event))

    def play(self, talk: Talk) -> str | None:
        """What was broken, in a line or a traceback; None where all held."""
        self._number += 1
        base = self._folder / str(self._number)
        base.mkdir()
        try:
            begun = rules.resident_mib()
            self._errors.clear()
            stage = _Stage(
                base, talk, self._most_seconds, plans=self._plans, recorded=self._number % RECORDED == 1
            )
            stage.run()
            self.messages += stage.messages
            if self._errors:
                return f"an error that nobody took: {self._errors[0]}"
            grown = rules.resident_mib() - begun
            return f"memory: {grown:.0f} MiB more" if grown > MOST_MIB else None
        except Fault as fault:
            return str(fault)
        finally:
            shutil.rmtree(base, ignore_errors=True)


def _stuck(number: int, frame: FrameType | None) -> None:
    raise Stuck


class _Stage:
    """One server, the clients of a talk, and one more that only asks whether somebody is there."""

    def __init__(self, base: Path, talk: Talk, most_seconds: float, *, plans: bool, recorded: bool) -> None:
        self._base, self._talk, self._most_seconds = base, talk, most_seconds
        accounts = Accounts(
            [
                Account.with_password(name, text, admin=name == clients.ADMIN)
                for name, text in clients.USERS.items()
            ],
            guest=Guest.READ_WRITE,
        )
        timing = Timing() if recorded else Timing(wrong_password=0)  # or later sign-ins do not come to much
        at_share_level = len(talk.actions) % SHARE_LEVEL == 0
        settings = Settings(
            challenge=CHALLENGE,
            guid=GUID,
            plans=plans,
            timing=timing,
            security="share" if at_share_level else "user",
        )
        self._server = InMemoryServer(
            rules.make_folders(base),
            accounts=accounts,
            settings=settings,
            read_only=["docs"],
            passwords={"docs": SharePasswords("docs", "full", "look")} if at_share_level else None,
            kerberos=tickets.kerberos(),
        )
        self._kept, self._text, self._json = Kept(), Checked(parsed=False), Checked(parsed=True)
        lines = (TextLines(self._text, started=0.0), JsonLines(self._json)) if recorded else ()
        self._server.server.log.sinks = (self._kept, *lines)
        self._clients = [self._new(kind) for kind in talk.kinds]
        self._sides = [Side() for _ in talk.kinds]
        self._handle = bytes(20)
        self._probe = self._server.client("127.0.0.1:40000").sign_in(vc_number=7)
        self.messages = 0

    def _new(self, kind: str) -> Client:
        client = self._server.client()
        with self._guarded("while it signs in"):
            clients.prepare(client, kind)
            self._settle()
        client.stream()
        return client

    def run(self) -> None:
        """Plays it; raises `Fault`."""
        for number, action in enumerate(self._talk.actions):
            with self._guarded(f"in action {number + 1}"):
                self._do(action)
                self._settle()
            self._look(action.client)
            if number % 10 == 0:
                self._alive()
        self._drain()
        self._alive()
        self._end()

    # -- actions -------------------------------------------------------------------------------------------

    def _do(self, action: Action) -> None:
        who = action.client
        if action.kind == WAIT:
            self._server.clock.advance(action.seconds)
            return
        if self._clients[who].closed or action.kind == LEAVE:
            self._clients[who].lost()
            self._clients[who], self._sides[who] = self._new(self._talk.kinds[who]), Side()
            if action.kind == LEAVE:
                return
        self.messages += 1
        client = self._clients[who]
        for piece in self._sides[who].pieces(client, action, self._handle):
            self._give(client, piece)

    def _give(self, client: Client, data: bytes) -> None:
        if not client.closed:
            client.connection.receive(data)

    def _settle(self) -> None:
        """Lets what is cut into slices go on."""
        clock = self._server.clock
        for _ in range(_SLICES):
            calls = clock.getDelayedCalls()
            if not calls or min(call.getTime() for call in calls) > clock.seconds():
                return
            clock.advance(0)
        raise Fault("work that does not end: there is always another slice of it")

    @contextmanager
    def _guarded(self, where: str) -> Iterator[None]:
        began = time.process_time()
        signal.alarm(_STUCK_SECONDS)
        try:
            yield
        except Stuck:
            raise Fault(f"stuck: a request took more than {_STUCK_SECONDS} s, {where}") from None
        except Fault:
            raise
        except Exception as error:
            raise Fault(
                f"raised past the connection, {where}:\n{''.join(traceback.format_exception(error))}"
            ) from None
        finally:
            signal.alarm(0)
        took = time.process_time() - began
        if took > self._most_seconds:
            raise Fault(f"held up: {took:.2f} s of the processor, {where}")

    # -- what must hold ------------------------------------------------------------------------------------

    def _look(self, who: int) -> None:
        """The frames that came, and what the server says of itself."""
        for number, client in enumerate(self._clients):
            stream = client.stream()
            while stream:
                size = int.from_bytes(stream[1:PREFIX_SIZE], "big") if stream[0] == 0 else 0
                frame, stream = stream[PREFIX_SIZE : PREFIX_SIZE + size], stream[PREFIX_SIZE + size :]
                self._handle = clients.handle_in(frame) or self._handle
                if wrong := self._sides[number].answers.take(frame):
                    raise Fault(wrong)
        if self._kept.problems:
            problem = self._kept.problems[0]
            raise Fault(f"a bug: {problem.text}\n{problem.traceback}")
        if wrong := self._text.wrong or self._json.wrong:
            raise Fault(f"the record: {wrong}")
        if any(not end.reason for end in self._kept.ends):
            raise Fault("a connection ended without a reason")

    def _alive(self) -> None:
        answer = self._probe.call(Command.ECHO, EchoRequest(1, b"there?"), EchoResponse)
        if bytes(answer.data) != b"there?":
            raise Fault("the probe got another answer than it asked for")

    def _drain(self) -> None:
        """Whatever waits is cancelled, and must be answered then."""
        for number, client in enumerate(self._clients):
            with self._guarded("at the end"):
                self._give(client, self._sides[number].held)
                self._settle()
            self._look(number)
            with self._guarded("at the end"):
                self._server.clock.advance(_LATER)
                self._settle()
            connection = client.connection
            for exchange in list(connection.pending):
                header = exchange.header
                client.tid, client.uid = header.tid, header.uid
                message = bytearray(client.message(Command.NT_CANCEL, Empty(), mid=header.mid))
                message[12:14], message[26:28] = (
                    header.pid_high.to_bytes(2, "little"),
                    header.pid_low.to_bytes(2, "little"),
                )
                whole = clients.signed(client, bytes(message), one_way=True)
                with self._guarded("at the end"):
                    self._give(client, prefix(len(whole)) + whole)
                    self._settle()
            self._look(number)
            left = [f"0x{exchange.command:02X}" for exchange in connection.pending]
            if left and not client.closed and connection.raw_write is None:
                raise Fault(f"{', '.join(left)} still wait after NT_CANCEL")
            if not client.closed:
                for wrong in self._sides[number].answers.missing():
                    raise Fault(wrong)

    def _end(self) -> None:
        """When all have left, nothing is left."""
        for client in (*self._clients, self._probe):
            with self._guarded("when a client leaves"):
                client.lost()
                self._server.clock.advance(_LATER)
                self._settle()
        self._server.server.log.flush()
        self._look(0)
        if len(self._server.open_files):
            raise Fault(f"{len(self._server.open_files)} files are open when all clients have left")
        if self._server.server.connections:
            raise Fault("the server remembers connections when all clients have left")
        if wrong := rules.outside_problem(self._base):
            raise Fault(wrong)
