"""Noise over conversations: a server with plans and one without give the same bytes and tell the same of them.

Mutated requests of real clients go, cut anywhere, to both servers over equal folders. In between connections are held
and let go, taps armed and disarmed, connections lost while a handler runs.
"""

import os
import shutil
import struct
from collections.abc import Callable, Sequence
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from fakesmb.auth.accounts import Account, Accounts, Guest
from fakesmb.core.settings import Settings
from fakesmb.core.tap import Tap
from fakesmb.record.events import Event, Exchanged, Problem
from fakesmb.testing import CHALLENGE, GUID, PASSWORD, USER, Client, InMemoryServer
from fakesmb.vfs.store import FileRange
from fakesmb.wire.codec import Buffer
from fakesmb.wire.header import HEADER_SIZE, Flags2
from fakesmb.wire.session import SessionSetupPlainRequest
from fakesmb.world import Turn, World
from tests.core import test_plans, transcript
from tests.core.alike import frames, same_message
from tests.core.folders import MONDAY_NS, make_folders
from tests.core.real_requests import REQUESTS
from tests.examples import examples

pytestmark = pytest.mark.plans

EXAMPLES = int(os.environ.get("PLANS_FUZZ_EXAMPLES", examples(60)))
"""How many conversations; more by hand."""
UID_AT, TID_AT, COMMAND_AT = 28, 24, 4


def encoded() -> list[bytes]:
    """Requests of each family, in a message of their own."""
    client = InMemoryServer({}).client()
    bodies = [*REQUESTS, *test_plans.transfers(0x4000), *test_plans.others(0x4000)]
    made = [client.message(command, body) for command, body in bodies]
    client.lost("no more")
    return made


def played() -> list[bytes]:
    """What the clients of all transcripts send."""
    return [
        turn.message
        for path in sorted(transcript.FOLDER.glob("*.smb"))
        for turn in transcript.turns(path)
        if turn.kind == ">"
    ]


CORPUS = list(
    {(one[COMMAND_AT], one[HEADER_SIZE:]): one for one in encoded() + played() if len(one) < 4000}.values()
)
"""No two alike but for their headers."""
LARGE = bytes(range(256)) * 300
"""Enough for reads that a transport sends from the file itself."""


class Watcher(Client):
    """A client that may hold its connection, or arm taps, when a frame comes; and gets parts of files as bytes."""

    def __init__(self, server: InMemoryServer, peer: str) -> None:
        self.on_frame: list[Callable[[], None]] = []
        self.ranges = 0
        super().__init__(server, peer)
        self.connection.send_range = self._take_range

    def _take(self, buffers: list[Buffer]) -> None:
        super()._take(buffers)
        while self.on_frame:
            self.on_frame.pop()()

    def _take_range(self, buffers: list[Buffer], part: FileRange) -> None:
        self.ranges += 1
        self._take([*buffers, os.pread(part.fd, part.length, part.offset)])

    def framed(self, message: bytes) -> bytes:
        """The message as it goes out, signed where signing is on."""
        if self.signer is not None and len(message) >= HEADER_SIZE:
            signature = self.signer.sign((message,), self.sequence)
            self.sequence += 1 if message[COMMAND_AT] == 0xA4 else 2
            message = message[:14] + signature + message[22:]
        return len(message).to_bytes(4, "big") + message


class Trap:
    """A store that does something when it is asked for anything, once."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.armed: Callable[[], None] | None = None

    def __getattr__(self, name: str) -> Any:
        armed, self.armed = self.armed, None
        if armed is not None:
            armed()
        return getattr(self._store, name)


class Kept:
    """A sink of events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, event: Event) -> None:
        self.events.append(event)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""


def signed_in(client: Watcher, kind: str) -> None:
    """Brings a client to where its requests begin."""
    if kind == "fresh":
        return
    client.negotiate()
    if kind == "unsigned":
        return
    if kind == "anonymous":
        request = SessionSetupPlainRequest(
            max_buffer_size=0xFFFF,
            oem_password_length=1,
            oem_password=b"\0",
            native_os="t",
            native_lan_man="t",
        )
        client.send(0x73, request)
        client.uid = client.answer().header.uid
    elif kind == "guest":
        client.sign_in("stranger", "whatever")
    else:
        client.sign_in(signing=kind == "signed", max_buffer=700 if kind == "small" else 0xFFFF)
    client.connect({"ipc": "IPC$", "anonymous": "IPC$", "read-only": "docs"}.get(kind, "public"))
    if kind == "two users":
        client.sign_in("bob", "Hunter22")
    client.flags2 |= {"paging": Flags2.PAGING_IO}.get(kind, 0)
    client.flags2 &= ~{"dos": Flags2.NT_STATUS, "oem": Flags2.UNICODE}.get(kind, 0)
    if kind not in {"ipc", "anonymous", "read-only"}:
        client.send(*test_plans.opened("\\a.txt", 1))  # FID 0x4000, where it may be opened
        client.stream()


KINDS = [
    "plain",
    "plain",
    "plain",
    "dos",
    "oem",
    "paging",
    "signed",
    "small",
    "guest",
    "anonymous",
    "ipc",
    "read-only",
    "two users",
    "unsigned",
    "fresh",
]
Edit = tuple[str, int, int]
Action = tuple[Any, ...]


def edited(message: bytes, edits: Sequence[Edit]) -> bytes:
    """The message with those changes."""
    made = bytearray(message)
    for what, at, value in edits:
        place = at % (len(made) or 1)
        if what == "byte" and made:
            made[place] = value & 0xFF
        elif what == "word" and len(made) > place + 1:
            struct.pack_into("<H", made, place, value & 0xFFFF)
        elif what == "count" and len(made) > HEADER_SIZE:
            end = HEADER_SIZE + 1 + 2 * made[HEADER_SIZE]
            if len(made) >= end + 2:
                struct.pack_into("<H", made, end, value & 0xFFFF)
        elif what == "words" and len(made) > HEADER_SIZE + 2:
            place = HEADER_SIZE + 1 + 2 * (at % max(made[HEADER_SIZE], 1))
            if len(made) >= place + 2:
                struct.pack_into("<H", made, place, value & 0xFFFF)
        elif what == "cut":
            del made[place:]
        elif what == "insert":
            made[place:place] = bytes((value & 0xFF,)) * (value >> 8 & 7)
        elif what == "command" and len(made) > COMMAND_AT:
            made[COMMAND_AT] = value & 0xFF
    return bytes(made)


INTERESTING = st.one_of(
    st.sampled_from([0, 1, 2, 0xFF, 0x100, 0x4000, 0x4001, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF]), st.integers(0, 0xFFFF)
)  # fmt: skip
EDIT = st.tuples(
    st.sampled_from(["byte", "word", "words", "words", "count", "cut", "insert", "command"]),
    st.integers(0, 400),
    INTERESTING,
)
MESSAGE = st.tuples(
    st.integers(0, (1 << 16) - 1),
    st.one_of(st.just([]), st.lists(EDIT, max_size=3)),
    st.sampled_from(["own", "own", "own", "as it is", "other"]),
)
SEND = st.tuples(st.just("send"), st.integers(0, 1), st.lists(MESSAGE, min_size=1, max_size=12))
NUMBER = st.integers(0, 1)
FLUSH = st.tuples(st.just("flush"), NUMBER)
CUT = st.tuples(st.just("cut"), NUMBER, st.lists(st.integers(0, 3000), max_size=4))
TRAP = st.tuples(st.just("trap"), NUMBER, st.sampled_from(["drop", "lose", "hold", "fail", "os", "tap"]))
FREQUENT: list[tuple[int, st.SearchStrategy[Action]]] = [
    (12, SEND),
    (6, FLUSH),
    (4, CUT),
    (2, TRAP),
    (1, st.tuples(st.just("hold"), NUMBER)),
    (1, st.tuples(st.just("hold at frame"), NUMBER)),
    (3, st.tuples(st.just("go on"), NUMBER)),
    (1, st.tuples(st.just("tap at frame"), NUMBER)),
    (1, st.tuples(st.just("tap"))),
    (3, st.tuples(st.just("untap"))),
    (1, st.tuples(st.just("advance"), st.sampled_from([0.5, 2.0, 40.0]))),
    (1, st.tuples(st.just("lose"), st.just(1))),
]
ACTIONS = st.lists(
    st.sampled_from([one for often, one in FREQUENT for _ in range(often)]).flatmap(lambda one: one),
    min_size=4,
    max_size=25,
)


class Conversation:
    """One server, two clients, and what comes of a list of actions."""

    def __init__(self, base: Path, kinds: tuple[str, str], corpus: Sequence[bytes], *, plans: bool) -> None:
        folders = make_folders(base)
        (folders["public"] / "a.txt").write_bytes(LARGE)
        for path in base.rglob("*"):
            os.utime(path, ns=(MONDAY_NS, MONDAY_NS))
        accounts = Accounts(
            [Account.with_password(USER, PASSWORD), Account.with_password("bob", "Hunter22")], guest=Guest.READ_WRITE
        )  # fmt: skip
        made = Settings(challenge=CHALLENGE, guid=GUID, plans=plans)
        self.server = InMemoryServer(folders, accounts=accounts, settings=made, read_only=["docs"])
        self.clock: Clock = self.server.clock
        self.base, self.corpus = base, corpus
        self.traps: list[Trap] = []
        for share in self.server.server.shares.values():
            if share.store is not None:
                trap: Any = Trap(share.store)
                self.traps.append(trap)
                share.store = trap
        self.sink = Kept()
        self.clients = [Watcher(self.server, f"127.0.0.1:{50000 + number}") for number in range(2)]
        for client, kind in zip(self.clients, kinds, strict=True):
            signed_in(client, kind)
        self.server.server.log.sinks = (self.sink,)
        self.waiting: list[list[bytes]] = [[], []]
        self.seen: list[bytes] = []
        self.inodes: set[int] = set()

    def play(self, actions: Sequence[Action]) -> None:
        for action in actions:
            getattr(self, "do_" + action[0].replace(" ", "_"))(*action[1:])
            self._look()
        for number in range(2):
            self.do_flush(number)
            self.do_go_on(number)
            self._look()
        for trap in self.traps:
            trap.armed = None
        self.server.server.arm()
        for client in self.clients:
            client.lost("the end")
            assert not client.connection.pending
        self._look()
        assert len(self.server.open_files) == 0
        assert self.clock.getDelayedCalls() == []

    def _look(self) -> None:
        self.seen += [client.stream() for client in self.clients]
        self.inodes |= {path.lstat().st_ino for path in [self.base, *self.base.rglob("*")]}

    def _deliver(self, number: int, stream: bytes) -> None:
        if stream and not self.clients[number].closed and not self.clients[number].connection.closed:
            self.clients[number].connection.receive(stream)

    def do_send(self, number: int, messages: Sequence[tuple[int, Sequence[Edit], str]]) -> None:
        """Messages that wait until they are delivered, whole or cut."""
        client = self.clients[number]
        for which, edits, whose in messages:
            message = bytearray(self.corpus[which % len(self.corpus)])
            owner = self.clients[1 - number] if whose == "other" else client
            if whose != "as it is" and len(message) >= HEADER_SIZE:
                struct.pack_into("<H", message, TID_AT, owner.tid)
                struct.pack_into("<H", message, UID_AT, owner.uid)
                flags2 = int.from_bytes(message[10:12], "little")
                flags2 = flags2 & client.flags2 | client.flags2 & (Flags2.PAGING_IO | Flags2.NT_STATUS)
                struct.pack_into("<H", message, 10, flags2)
            self.waiting[number].append(client.framed(edited(bytes(message), edits)))

    def do_flush(self, number: int) -> None:
        """Each message as a chunk of its own."""
        waiting, self.waiting[number] = self.waiting[number], []
        for stream in waiting:
            self._deliver(number, stream)

    def do_cut(self, number: int, places: list[int]) -> None:
        """All that waits as one stream, cut at those places."""
        stream, self.waiting[number] = b"".join(self.waiting[number]), []
        cuts = [0, *sorted(place % (len(stream) or 1) for place in places), len(stream)]
        for begin, end in pairwise(cuts):
            self._deliver(number, stream[begin:end])

    def do_hold(self, number: int) -> None:
        self.clients[number].connection.hold()

    def do_go_on(self, number: int) -> None:
        self.clients[number].on_frame.clear()
        self.clients[number].connection.go_on()

    def do_hold_at_frame(self, number: int) -> None:
        self.clients[number].on_frame.append(self.clients[number].connection.hold)

    def do_tap_at_frame(self, number: int) -> None:
        server = self.server.server
        self.clients[number].on_frame.append(lambda: server.arm(*(() if server.taps else (Tap(),))))

    def do_trap(self, number: int, what: str) -> None:
        client = self.clients[number]

        def fail(error: Exception) -> None:
            raise error

        armed = {
            "drop": lambda: client.connection.drop("dropped by a handler"),
            "lose": lambda: client.lost("lost in a handler"),
            "hold": client.connection.hold,
            "fail": lambda: fail(ZeroDivisionError("a bug")),
            "os": lambda: fail(PermissionError(13, "no")),
            "tap": lambda: self.server.server.arm(Tap()),
        }[what]
        for trap in self.traps:
            trap.armed = armed

    def do_advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def do_tap(self) -> None:
        self.server.server.arm(Tap())

    def do_untap(self) -> None:
        self.server.server.arm()

    def do_lose(self, number: int) -> None:
        self.clients[number].lost("gone")


def fields(event: Event) -> dict[str, Any]:
    return {"kind": type(event).__name__} | msgspec.structs.asdict(event)


def run(
    base: Path, kinds: tuple[str, str], actions: Sequence[Action], corpus: Sequence[bytes] = CORPUS
) -> None:
    """Plays the actions to both servers, one after the other in the same place, and compares."""
    made = []
    facts = os.statvfs(base)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "now_ns", lambda world: MONDAY_NS)
        patch.setattr(os, "statvfs", lambda path: facts)
        for plans in (True, False):
            numbers = count(1)
            patch.setattr(
                World,
                "entropy",
                lambda world, size, numbers=numbers: (
                    next(numbers).to_bytes(32, "little")[:size].ljust(size, b"e")
                ),
            )
            folder = base / "lab"
            folder.mkdir()

            def begun(world: World) -> None:
                world.now = lambda: MONDAY_NS / 1e9
                world.turn = Turn()
                world.new_group = count(1).__next__

            patch.setattr(World, "__init__", begun)
            try:
                conversation = Conversation(folder, kinds, corpus, plans=plans)
                conversation.play(actions)
                for trap in conversation.traps:
                    trap.shutdown()
            finally:
                shutil.rmtree(folder)
            made.append(conversation)
    with_plans, without = made
    inodes = with_plans.inodes, without.inodes
    now = World().now()
    for index, (one, two) in enumerate(zip(with_plans.seen, without.seen, strict=True)):
        assert len(frames(one)) == len(frames(two)), f"answers {index}: {one.hex()} and {two.hex()}"
        for left, right in zip(frames(one), frames(two), strict=True):
            assert same_message(left, right, inodes, now), f"answers {index}: {left.hex()} and {right.hex()}"
    told, general = with_plans.sink.events, without.sink.events
    assert [type(event) for event in told] == [type(event) for event in general]
    for event, expected in zip(told, general, strict=True):
        if isinstance(event, Problem):
            assert "a bug" in event.traceback, event.traceback
            assert isinstance(expected, Problem)
            assert event.text == expected.text
            continue
        have, want = fields(event), fields(expected)
        if isinstance(event, Exchanged):
            assert same_message(have.pop("reply"), want.pop("reply"), inodes, now), f"{event}, not {expected}"
        assert have == want


@settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(kinds=st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)), actions=ACTIONS)
def test_noise_is_answered_and_recorded_alike_with_plans_and_without(
    tmp_path: Path, kinds: tuple[str, str], actions: list[Action]
) -> None:
    run(tmp_path, kinds, actions)
