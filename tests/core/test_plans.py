"""Plans: every plan answers and records as the general way does, is taken, and never takes a message past a tap."""

import os
import re
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from fakesmb.core.commands.table import COMMANDS
from fakesmb.core.connection import SMBConnection
from fakesmb.core.exchange import Exchange, Step
from fakesmb.core.plan import Plan, Plans, compile_plan, compile_subplan, plan_source
from fakesmb.core.settings import Settings
from fakesmb.core.tap import Tap
from fakesmb.core.trans2.table import SUBCOMMANDS
from fakesmb.record.events import Client as Peer
from fakesmb.record.events import Event, Exchanged
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.wire.codec import Body, Buffer, Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import CheckDirectoryRequest, CreateDirectoryRequest, QueryInformationRequest
from fakesmb.wire.files import (
    CloseRequest,
    FlushRequest,
    NtCreateAndxRequest,
    OpenAndxRequest,
    ReadAndxRequest,
    WriteAndxRequest,
)
from fakesmb.wire.header import Flags2, Header
from fakesmb.wire.locking import LockingAndxRequest, LockRange
from fakesmb.wire.session import EchoRequest
from fakesmb.wire.trans import Transaction2Request
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    QueryFileInformationRequest,
    QueryFsInformationRequest,
    QueryPathInformationRequest,
    Trans2,
)
from fakesmb.world import World

pytestmark = pytest.mark.plans
Make = Callable[..., InMemoryServer]
CLIENT = Peer(1, "127.0.0.1:1", "127.0.0.1:2")
Item = tuple[int, Body]


_RECENT = re.compile(rb".{6}" + re.escape(struct.pack("<Q", World().filetime())[6:]), re.DOTALL)
"""A FILETIME of about now: when files change differs from run to run."""


class Counted(dict[int, Plan]):
    """The plans of a server, and how often each was taken and left."""

    def __init__(self, plans: dict[int, Plan]) -> None:
        super().__init__()
        self.plans = plans
        self.taken: Counter[int] = Counter()
        self.left: Counter[int] = Counter()

    def __missing__(self, code: int) -> Plan:
        plan = self.plans[code]

        def counted(connection: SMBConnection, message: memoryview) -> bool:
            took = plan(connection, message)
            (self.taken if took else self.left)[code] += 1
            return took

        self[code] = counted
        return counted


def settings(*, plans: bool) -> Settings:
    return Settings(challenge=CHALLENGE, guid=GUID, plans=plans)


def trans2(subcommand: int, parameters: bytes, data: bytes = b"", max_data: int = 16384) -> Item:
    setup = struct.pack("<H", subcommand)
    return Command.TRANSACTION2, Transaction2Request(
        setup=setup, parameters=parameters, data=data, max_parameter_count=64, max_data_count=max_data
    )


def path_query(level: int, name: str, max_data: int = 16384) -> Item:
    return trans2(5, QueryPathInformationRequest(level, 0, name).encode(), max_data=max_data)


def opened(name: str, disposition: int) -> Item:
    request = NtCreateAndxRequest(
        file_name=name, desired_access=0x20089, share_access=7, create_disposition=disposition
    )
    return Command.NT_CREATE_ANDX, request


def transfers(fid: int) -> list[Item]:
    return [
        (Command.READ_ANDX, ReadAndxRequest(fid, 0, 5)),
        (Command.READ_ANDX, ReadAndxRequest(fid, 3, 0xFFFF)),
        (Command.READ_ANDX, ReadAndxRequest(fid, 1 << 20, 100)),
        (Command.READ_ANDX, ReadAndxRequest(fid, 0, 0xFFFF, 0, 0xFFFFFFFF)),
        (Command.READ_ANDX, ReadAndxRequest(fid, 0, 0, 0, 1)),
        (Command.READ_ANDX, ReadAndxRequest(fid, 0, 10, offset_high=0xFFFFFFFF)),
        (Command.WRITE_ANDX, WriteAndxRequest(fid, 2, data=b"written")),
        (Command.WRITE_ANDX, WriteAndxRequest(fid, 0, data=b"")),
        (Command.WRITE_ANDX, WriteAndxRequest(fid, 9, write_mode=1, data=b"through")),
        (Command.WRITE_ANDX, WriteAndxRequest(fid, 0, data=bytes(0x12345))),
        (Command.WRITE_ANDX, WriteAndxRequest(fid, 0, data=b"x", offset_high=0xFFFFFFFF)),
        (Command.READ_ANDX, ReadAndxRequest(0x1234, 0, 10)),
        (Command.WRITE_ANDX, WriteAndxRequest(0x1234, 0, data=b"x")),
        (Command.READ_ANDX, ReadAndxRequest(0xFFFF, 0, 10)),
    ]


def others(fid: int) -> list[Item]:
    all_info = QueryFileInformationRequest(fid, 0x107).encode()
    listing = FindFirst2Request(0x16, 100, 6, 0x104, 0, "\\*").encode()
    return [
        (Command.ECHO, EchoRequest(1, b"hello")),
        (Command.ECHO, EchoRequest(3, b"three times")),
        (Command.ECHO, EchoRequest(0, b"never")),
        path_query(0x107, "\\a.txt"),
        path_query(0x101, "\\dir"),
        path_query(0x107, "\\nowhere"),
        path_query(0x999, "\\a.txt"),
        path_query(0x107, "\\a.txt", max_data=8),
        path_query(0x107, "\\..\\a.txt"),
        trans2(Trans2.QUERY_FILE_INFORMATION, all_info),
        trans2(Trans2.QUERY_FILE_INFORMATION, all_info[:3]),
        trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x105).encode()),
        trans2(Trans2.FIND_FIRST2, listing),
        trans2(Trans2.FIND_FIRST2, listing, max_data=200),
        trans2(0x77, b""),
        (Command.CHECK_DIRECTORY, CheckDirectoryRequest("\\dir")),
        (Command.CHECK_DIRECTORY, CheckDirectoryRequest("\\nowhere")),
        (Command.QUERY_INFORMATION, QueryInformationRequest("\\a.txt")),
        (Command.CREATE_DIRECTORY, CreateDirectoryRequest("\\new")),
        (Command.CREATE_DIRECTORY, CreateDirectoryRequest("\\new")),
        (Command.FLUSH, FlushRequest(fid)),
        (Command.LOCKING_ANDX, LockingAndxRequest(fid=fid, locks=(LockRange(1, 0, 10),), number_of_requested_locks=1)),
        (Command.OPEN_ANDX, OpenAndxRequest(access_mode=0x40, file_name="\\a.txt", open_mode=1)),
        opened("\\a.txt", 1),
        opened("\\a.txt", 2),
        (Command.CLOSE, CloseRequest(fid, 0)),
        (Command.CLOSE, CloseRequest(fid, 0)),
        (Command.PROCESS_EXIT, Empty()),
        (Command.TREE_DISCONNECT, Empty()),
        (Command.CHECK_DIRECTORY, CheckDirectoryRequest("\\dir")),
        (Command.ECHO, EchoRequest(1, b"still")),
    ]  # fmt: skip


def lying(message: bytes) -> bytes:
    """The message with a ByteCount that goes beyond its end."""
    changed = bytearray(message)
    at = 33 + 2 * changed[32]
    changed[at : at + 2] = b"\xff\x7f"
    return bytes(changed[: at + 12])


def play(
    server: InMemoryServer, items: Callable[[int], list[Item]], *, access: int, flags2: int, off: int
) -> tuple[list[bytes], list[Exchanged], Counted]:
    """The answers to the items, and to the same with a ByteCount that lies; what was told; the plans taken."""
    client: Client = server.client().sign_in().connect("public")
    client.flags2 = (client.flags2 | flags2) & ~off
    fid = client.create("\\a.txt", access=access, disposition=3)
    plans = client.connection._plans
    counted = client.connection._plans = Counted(plans)
    kept = Kept()
    server.server.log.sinks = (kept,)
    frames = []
    for command, body in items(fid):
        client.send(command, body)
        frames += [_RECENT.sub(b"a FILETIME", answer.message) for answer in client.answers()]
        client.send_raw(lying(client.message(command, body)))
        frames += [_RECENT.sub(b"a FILETIME", answer.message) for answer in client.answers()]
    told = kept.exchanges
    server.server.log.sinks = ()
    client.lost("done")
    return frames, told, counted


class Kept:
    """A sink of exchanges, but for when they were."""

    def __init__(self) -> None:
        self.exchanges: list[Exchanged] = []

    def write(self, event: Event) -> None:
        assert isinstance(event, Exchanged), event
        reply = _RECENT.sub(b"a FILETIME", event.reply)
        self.exchanges.append(msgspec.structs.replace(event, reply=reply, client=CLIENT))

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("items", [transfers, others])
@pytest.mark.parametrize("access", [0x0012019F, 0x00120089, 0x00120116, 0x001200A0])
@pytest.mark.parametrize(
    ("flags2", "off"), [(0, 0), (Flags2.PAGING_IO, 0), (0, Flags2.NT_STATUS), (0, Flags2.UNICODE)]
)
def test_a_plan_answers_and_records_as_the_general_way_does(
    make: Make,
    folders: dict[str, Path],
    items: Callable[[int], list[Item]],
    access: int,
    flags2: int,
    off: int,
) -> None:
    runs = []
    for plans in (True, False):
        (folders["public"] / "a.txt").write_bytes(b"0123456789" * 50)
        os.utime(folders["public"] / "a.txt", (1_000_000_000, 1_000_000_000))
        if (folders["public"] / "new").exists():
            (folders["public"] / "new").rmdir()
        server = make(settings=settings(plans=plans))
        server.server.world.now = lambda: 1_000_000_000.0
        runs.append(play(server, items, access=access, flags2=flags2, off=off))
    assert runs[0][1]
    (frames, told, counted), (general_frames, general_told, general) = runs
    assert frames == general_frames
    assert told == general_told
    assert counted.taken.total() >= len(items(0)) // 2
    assert general.taken.total() == 0


@pytest.fixture
def client(make: Make) -> Client:
    return make().client().sign_in().connect("public")


def test_every_row_compiles_to_a_plan() -> None:
    for row in COMMANDS.values():
        assert callable(compile_plan(row)), plan_source(row)
    for subrow in SUBCOMMANDS.values():
        assert callable(compile_subplan(subrow, COMMANDS[Command.TRANSACTION2]))


def test_plain_commands_take_their_plans(client: Client) -> None:
    counted = client.connection._plans = Counted(client.connection._plans)
    fid = client.create("\\a.txt")
    client.read(fid, 10)
    client.trans2(Trans2.QUERY_FILE_INFORMATION, QueryFileInformationRequest(fid, 0x107))
    client.close(fid)
    taken = {
        Command.NT_CREATE_ANDX: 1,
        Command.READ_ANDX: 1,
        Command.TRANSACTION2: 1,
        Command.CLOSE: 1,
    }
    assert counted.taken == taken
    assert not counted.left


class Watching(Tap):
    """Keeps what passes."""

    def __init__(self) -> None:
        self.received_messages: list[bytes] = []
        self.sent_frames: list[bytes] = []

    def received(self, connection: SMBConnection, message: memoryview) -> memoryview | None:
        self.received_messages.append(bytes(message))
        return message

    def sending(self, connection: SMBConnection, frame: list[Buffer]) -> list[Buffer]:
        self.sent_frames.append(b"".join(frame))
        return frame


@pytest.fixture
def large(folders: dict[str, Path]) -> bytes:
    data = bytes(range(256)) * 1024
    (folders["public"] / "large.bin").write_bytes(data)
    return data


@pytest.mark.turns
def test_a_tap_sees_every_byte_both_ways_on_a_connection_that_lives(client: Client, large: bytes) -> None:
    ranges: list[int] = []
    client.connection.send_range = lambda buffers, part: ranges.append(part.length)
    tap = Watching()
    server = client.connection.server
    server.arm(tap)
    sent: list[bytes] = []
    received: list[bytes] = []

    def passes(command: int, body: Body) -> None:
        sent.append(client.message(command, body, mid=client.mid % 0xFFFE + 1))
        client.send(command, body)
        received.append(client.stream())

    passes(Command.ECHO, EchoRequest(1, b"seen"))
    passes(*opened("\\large.bin", 1))
    passes(Command.READ_ANDX, ReadAndxRequest(0x4000, 0, 0xF000))
    assert tap.received_messages == sent
    assert tap.sent_frames == received
    assert large[:0xF000] in received[-1]
    assert not ranges
    server.arm()
    client.send(Command.READ_ANDX, ReadAndxRequest(0x4000, 0, 0xF000))
    assert ranges == [0xF000]
    assert len(tap.received_messages) == 3


def test_a_connection_that_comes_later_passes_the_tap_too(make: Make) -> None:
    server = make()
    tap = Watching()
    server.server.arm(tap)
    server.client().sign_in()
    assert len(tap.received_messages) == 2


@pytest.mark.turns
def test_a_connection_born_under_a_tap_sends_ranges_once_it_is_gone(make: Make, large: bytes) -> None:
    server = make()
    server.server.arm(Tap())
    client = server.client().sign_in().connect("public")
    ranges: list[int] = []
    client.connection.send_range = lambda buffers, part: ranges.append(part.length)
    fid = client.create("\\large.bin", disposition=1)
    client.send(Command.READ_ANDX, ReadAndxRequest(fid, 0, 0xF000))
    assert large[:0xF000] in client.stream()
    assert not ranges
    server.server.arm()
    client.send(Command.READ_ANDX, ReadAndxRequest(fid, 0, 0xF000))
    assert ranges == [0xF000]


def test_a_range_that_meets_a_tap_goes_out_as_bytes(client: Client, large: bytes) -> None:
    """Armed by something that the read itself set off, after the range was chosen."""
    client.connection.send_range = lambda buffers, part: None
    fid = client.create("\\large.bin", disposition=1)
    answered = client.connection.now

    def arms() -> float:
        client.connection.server.arm(Tap())
        return answered()

    client.connection.now = arms
    client.send(Command.READ_ANDX, ReadAndxRequest(fid, 0, 0xF000))
    client.connection.now = answered
    assert large[:0xF000] in client.stream()


def test_a_tap_may_swallow_a_message_and_a_frame(client: Client) -> None:
    class Swallowing(Tap):
        def received(self, connection: SMBConnection, message: memoryview) -> memoryview | None:
            return None if message[4] == Command.ECHO else message

        def sending(self, connection: SMBConnection, frame: list[Buffer]) -> list[Buffer]:
            return []

    client.connection.server.arm(Swallowing())
    client.send(Command.ECHO, EchoRequest(1, b"lost"))
    client.send(Command.CHECK_DIRECTORY, CheckDirectoryRequest("\\dir"))
    assert client.answers() == []
    client.connection.server.arm()
    client.send(Command.ECHO, EchoRequest(1, b"heard"))
    assert len(client.answers()) == 1


def test_a_tap_may_choose_the_exchange_of_a_message(client: Client) -> None:
    ran: list[int] = []

    class Noted(Exchange):
        __slots__ = ()

        def run(self) -> None:
            ran.append(self.header.command)
            super().run()

    class Choosing(Tap):
        def exchange(
            self, connection: SMBConnection, header: Header, steps: Sequence[Step]
        ) -> type[Exchange] | None:
            return Noted if header.command == Command.ECHO else None

    client.connection.server.arm(Tap(), Choosing())
    client.send(Command.ECHO, EchoRequest(1, b"noted"))
    client.send(Command.CHECK_DIRECTORY, CheckDirectoryRequest("\\dir"))
    assert len(client.answers()) == 2
    assert ran == [Command.ECHO]


@pytest.mark.turns
def test_nothing_is_asked_where_nothing_is_armed(client: Client) -> None:
    """No tap, no attribute on the way of a message: the methods are those of the class, and the plans are taken."""
    assert "_message" not in vars(client.connection)
    assert isinstance(client.connection._plans, Plans)
    client.connection.server.arm(Tap())
    assert "_message" in vars(client.connection)
    client.connection.server.arm()
    assert "_message" not in vars(client.connection)
    assert isinstance(client.connection._plans, Plans)
