"""What a client can make the server hold: as much as it has sent, within the limits, and nothing once it has left."""

import os
import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from fakesmb.auth.accounts import Account, Accounts, Guest
from fakesmb.core.idle import IdleWatch
from fakesmb.core.settings import Limits, Settings
from fakesmb.nt.controls import Fsctl
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import MOST_OF_PATH, Disconnected, Event, Exchanged, SignedIn, SignInRefused
from fakesmb.testing import CHALLENGE, CLIENT_FLAGS2, GUID, Client, InMemoryServer
from fakesmb.wire.dirs import CheckDirectoryRequest, DeleteRequest, QueryInformationRequest
from fakesmb.wire.frame import Framer, prefix
from fakesmb.wire.header import Flags2
from fakesmb.wire.locking import LockRange
from fakesmb.wire.negotiate import NegotiateRequest
from fakesmb.wire.nt_trans import IoctlSetup
from fakesmb.wire.session import (
    EchoRequest,
    LogoffAndxRequest,
    LogoffAndxResponse,
    SessionSetupExtendedRequest,
    SessionSetupPlainRequest,
)
from fakesmb.wire.trans import (
    NtTransactRequest,
    NtTransactResponse,
    NtTransactSecondaryRequest,
    Transaction2Request,
    Transaction2SecondaryRequest,
    TransactionRequest,
    TransactionResponse,
    TransactionSecondaryRequest,
)
from fakesmb.wire.trans2 import FindFirst2Request, FindFirst2Response
from tests.core.conftest import Make
from tests.core.test_trans import BIND, CHECK_PATH
from tests.refusals import Refuses

KINDS: dict[str, tuple[int, Any, int, Any, dict[str, Any]]] = {
    "TRANSACTION": (0x25, TransactionRequest, 0x26, TransactionSecondaryRequest, {"name": "\\PIPE\\"}),
    "TRANSACTION2": (0x32, Transaction2Request, 0x33, Transaction2SecondaryRequest, {"setup": b"\5\0"}),
    "NT_TRANSACT": (0xA0, NtTransactRequest, 0xA1, NtTransactSecondaryRequest, {"function": 6}),
}


def limited(make: Make, **limits: int) -> InMemoryServer:
    return make(settings=Settings(challenge=CHALLENGE, guid=GUID, limits=Limits(**limits)))


def held(server: InMemoryServer) -> dict[str, int]:
    """What is charged to the whole server besides users, shares and files, by the name of the setting."""
    quotas = server.server.quotas
    kinds = set(quotas.__slots__) - {"sessions", "trees", "opens", "searches"}
    return {quota.name: quota.used for name in kinds if (quota := getattr(quotas, name)).used}


def problems(server: InMemoryServer) -> list[str]:
    """Takes the problems that the test expects."""
    found = [problem.text for problem in server.problems]
    server.sink.events.clear()
    return found


@pytest.mark.parametrize("kind", KINDS)
class TestTransactions:
    """The three kinds, as [MS-CIFS] 3.3.5.2.5 has them come in pieces."""

    def begin(self, client: Client, kind: str, data: bytes, total: int) -> NT:
        command, request, _, _, more = KINDS[kind]
        whole = request(data=data, total_data_count=total, total_parameter_count=0xFFFF, **more)
        client.send(command, whole)
        return NT(client.answer().header.status)

    def go_on(self, client: Client, kind: str, data: bytes, total: int, at: int) -> None:
        _, _, command, request, _ = KINDS[kind]
        more = request(data=data, total_data_count=total, total_parameter_count=0xFFFF, data_displacement=at)
        client.send(command, more, mid=client.mid)

    def test_nothing_is_allocated_for_what_is_announced(self, client: Client, kind: str) -> None:
        tracemalloc.start()
        try:
            for _ in range(16):
                assert self.begin(client, kind, b"x", 0xFFFF) == NT.SUCCESS
            assert tracemalloc.get_traced_memory()[0] < 400_000
            for _ in range(3):  # a byte at the far end is a byte, too
                self.go_on(client, kind, b"x", 0xFFFF, 0xFFF0)
            assert tracemalloc.get_traced_memory()[0] < 400_000
        finally:
            tracemalloc.stop()
        assert client.answers() == []

    def test_all_of_them_are_charged(self, make: Make, kind: str) -> None:
        server = limited(make, reassembly_bytes=50_000)
        client = server.client().sign_in().connect("public")
        assert self.begin(client, kind, bytes(20_000), 0xFFFF) == NT.SUCCESS
        assert self.begin(client, kind, bytes(40_000), 0xFFFF) == NT.INSUFFICIENT_RESOURCES
        assert "limits.reassembly_bytes" in server.messages[-1].parts[0].problem
        client.lost()
        assert held(server) == {}

    def test_a_secondary_that_is_too_much_ends_its_transaction(self, make: Make, kind: str) -> None:
        server = limited(make, reassembly_bytes=50_000)
        client = server.client().sign_in().connect("public")
        assert self.begin(client, kind, bytes(20_000), 0xFFFF) == NT.SUCCESS
        self.go_on(client, kind, bytes(30_000), 0xFFFF, 20_000)
        assert client.answer().header.status == NT.INSUFFICIENT_RESOURCES
        assert held(server) == {}
        self.go_on(client, kind, bytes(10), 0xFFFF, 20_000)
        assert client.answer().header.status == NT.INVALID_PARAMETER

    def test_for_the_whole_server(self, make: Make, kind: str) -> None:
        """The log says so once, and others may go on once the first has left."""
        server = limited(make, total_reassembly_bytes=80_000)
        first, other = (server.client().sign_in().connect("public") for _ in range(2))
        assert self.begin(first, kind, bytes(40_000), 0xFFFF) == NT.SUCCESS
        for _ in range(3):
            assert self.begin(other, kind, bytes(40_000), 0xFFFF) == NT.INSUFFICIENT_RESOURCES
        (told,) = problems(server)
        assert "limits.total_reassembly_bytes" in told
        first.lost()
        assert self.begin(other, kind, bytes(40_000), 0xFFFF) == NT.SUCCESS


def test_pieces_in_any_order(client: Client) -> None:
    """What comes before its turn is put in its place; where two lie over each other, the later one counts."""
    total = len(CHECK_PATH)
    first = Transaction2Request(
        setup=b"\5\0",
        parameters=CHECK_PATH[:2],
        total_parameter_count=total,
        max_parameter_count=2,
        max_data_count=1000,
    )
    mid = client.send(0x32, first)
    client.answer()
    for at, end in ((9, total), (2, 4), (6, 9), (4, 6)):
        more = Transaction2SecondaryRequest(
            parameters=CHECK_PATH[at:end], total_parameter_count=total, parameter_displacement=at
        )
        client.send(0x33, more, mid=mid)
    assert len(client.answer().body(TransactionResponse).data) == 40


def begin_search(client: Client) -> int:
    """A search of which no entry was wanted yet but one; gives its SID."""
    found = client.trans2(1, FindFirst2Request(0x16, 1, 0, 0x104, 0, "\\*"))
    return FindFirst2Response.decode(found.parameters).sid


TOTALS: dict[str, tuple[str, NT, Any]] = {
    "sessions": ("total_sessions", NT.TOO_MANY_SESSIONS, lambda client: client.sign_in()),
    "trees": ("total_trees", NT.INSUFFICIENT_RESOURCES, lambda client: client.connect("public")),
    "opens": ("total_opens", NT.TOO_MANY_OPENED_FILES, lambda client: client.create("a.txt")),
    "pipes": (
        "total_opens",
        NT.TOO_MANY_OPENED_FILES,
        lambda client: client.connect("IPC$").create("\\srvsvc"),
    ),
    "searches": ("total_searches", NT.OS2_NO_MORE_SIDS, begin_search),
}
"""Of what there may be so many on the whole server: the setting, the refusal, and how to get one more."""


@pytest.mark.parametrize("kind", TOTALS)
def test_of_all_connections_together(make: Make, refuses: Refuses, kind: str) -> None:
    """Each connection has less than it may; the log says it once, and who leaves makes room."""
    setting, status, one_more = TOTALS[kind]
    server = limited(make, **{setting: 12})
    clients = [server.client().sign_in().connect("public") for _ in range(3)]
    quota = getattr(server.server.quotas, setting.removeprefix("total_"))
    for client in clients:
        while quota.used < quota.ample:
            one_more(client)
    if kind == "sessions":  # a client has one of the last quarter, and all have it
        clients += [server.client().sign_in() for _ in range(2)]
    for client in clients:
        for _ in range(3):
            with suppress(SMBError):
                one_more(client)
        with refuses(status):
            one_more(client)
    assert f"limits.{setting}" in server.messages[-1].parts[0].problem
    (told,) = problems(server)
    assert f"limits.{setting}" in told
    clients[0].lost()
    one_more(clients[1])
    for client in clients:
        client.lost()
    assert quota.used == 0


@pytest.mark.parametrize("kind", ["sessions", "trees", "opens", "searches"])
def test_who_comes_is_served_while_a_few_have_most(make: Make, kind: str) -> None:
    """Clients without a name could have all sessions and all trees, and shut out everybody else."""
    setting, status, one_more = TOTALS[kind]
    server = limited(make, **{setting: 300, kind: 256})
    quota = getattr(server.server.quotas, setting.removeprefix("total_"))
    greedy = [server.client().sign_in().connect("public") for _ in range(8)]
    refusals = set()
    for client in greedy:
        for _ in range(300):
            try:
                one_more(client)
            except SMBError as error:
                refusals.add(error.status)
                break
    assert refusals == {status}
    assert quota.used < 300
    begin_search(server.client().sign_in().connect("public"))
    server.client().sign_in().connect("public").create("a.txt")
    problems(server)


class TestIdle:
    """Connections that nobody uses, as by Windows' autodisconnect."""

    def signed_in(self, make: Make, seconds: float) -> tuple[InMemoryServer, Client]:
        limits = Limits(idle_seconds=seconds)
        server = make(settings=Settings(challenge=CHALLENGE, guid=GUID, limits=limits))
        IdleWatch(server.server).begin()
        return server, server.client().sign_in().connect("public")

    def wait(self, server: InMemoryServer, seconds: int) -> None:
        for _ in range(seconds):
            server.clock.advance(1)

    def test_are_closed(self, make: Make) -> None:
        server, client = self.signed_in(make, 100.0)
        self.wait(server, 99)
        assert not client.closed
        self.wait(server, 27)  # the first look only sees that it is there
        assert client.closed
        (ended,) = [event for event in server.sink.events if isinstance(event, Disconnected)]
        assert "limits.idle_seconds" in ended.reason

    def test_whose_users_have_signed_out_too(self, make: Make) -> None:
        server, client = self.signed_in(make, 100.0)
        client.call(0x74, LogoffAndxRequest(), LogoffAndxResponse)
        self.wait(server, 126)
        assert client.closed

    def test_unless_something_is_open(self, make: Make) -> None:
        server, client = self.signed_in(make, 100.0)
        fid = client.create("a.txt")
        self.wait(server, 1000)
        assert not client.closed
        client.close(fid)
        self.wait(server, 126)
        assert client.closed

    def test_or_used(self, make: Make) -> None:
        server, client = self.signed_in(make, 100.0)
        for _ in range(10):
            self.wait(server, 90)
            client.close(client.create("a.txt"))
        assert not client.closed
        client.lost()
        self.wait(server, 25)
        assert server.clock.getDelayedCalls() == []

    def test_or_never(self, make: Make) -> None:
        server, client = self.signed_in(make, 0)
        self.wait(server, 10_000)
        assert not client.closed


class TestSignIns:
    """Sign-ins of which the second half never comes."""

    TOKEN = b"NTLMSSP\0" + struct.pack("<II", 1, 0xE2088297) + bytes(24)

    def extended(self, server: InMemoryServer) -> Client:
        client = server.client()
        client.flags2 = CLIENT_FLAGS2 | Flags2.EXTENDED_SECURITY
        client.send(0x72, NegotiateRequest(("NT LM 0.12",)))
        client.answer()
        return client

    def begin(self, client: Client, padding: int) -> NT:
        blob = self.TOKEN + bytes(padding)
        client.uid = 0
        client.send(0x73, SessionSetupExtendedRequest(security_blob_length=len(blob), security_blob=blob))
        return NT(client.answer().header.status)

    def test_are_charged(self, make: Make) -> None:
        server = limited(make, reassembly_bytes=100_000)
        client = self.extended(server)
        assert self.begin(client, 20_000) == NT.MORE_PROCESSING_REQUIRED
        assert self.begin(client, 20_000) == NT.INSUFFICIENT_RESOURCES
        assert self.begin(client, 10) == NT.MORE_PROCESSING_REQUIRED
        client.lost()
        assert held(server) == {}

    def test_are_no_longer_when_they_have_failed(self, make: Make) -> None:
        server = limited(make, reassembly_bytes=100_000)
        client = self.extended(server)
        for _ in range(10):
            assert self.begin(client, 20_000) == NT.MORE_PROCESSING_REQUIRED
            (session,) = client.connection.sessions
            client.uid = session.uid
            client.send(0x73, SessionSetupExtendedRequest(security_blob_length=1, security_blob=b"x"))
            assert client.answer().header.status == NT.INVALID_PARAMETER
        assert held(server) == {}


class TestMessages:
    """Messages of which the rest does not come."""

    def test_are_charged_to_the_server(self, make: Make) -> None:
        server = limited(make, total_reassembly_bytes=100_000)
        first, other = server.client(), server.client()
        first.connection.receive(prefix(130_000) + bytes(60_000))
        other.connection.receive(prefix(130_000) + bytes(60_000))
        assert (first.closed, other.closed) == (False, True)
        ended = [event for event in server.sink.events if isinstance(event, Disconnected)]
        assert "limits.total_reassembly_bytes" in ended[0].reason
        assert len(problems(server)) == 1
        first.connection.receive(bytes(70_000))
        assert held(server) == {}

    def test_that_come_byte_by_byte_take_no_more_than_they_have(self) -> None:
        framer = Framer(1 << 20)
        assert list(framer.feed(prefix(200_000))) == []
        tracemalloc.start()
        try:
            for _ in range(100_000):
                assert list(framer.feed(bytes(1))) == []
            assert tracemalloc.get_traced_memory()[0] < 300_000
        finally:
            tracemalloc.stop()


class TestPipes:
    """Pipes, and what waits in them."""

    FRAGMENT = struct.pack("<BBBBIHHIIHH", 5, 0, 0, 1, 0x10, 5840, 0, 2, 5816, 0, 15) + bytes(5816)
    NEXT = FRAGMENT[:3] + b"\0" + FRAGMENT[4:]

    def test_how_many(self, make: Make, refuses: Refuses) -> None:
        server = limited(make, pipes=3)
        client = server.client().sign_in().connect("IPC$")
        fids = [client.create("\\srvsvc") for _ in range(3)]
        with refuses(NT.TOO_MANY_OPENED_FILES):
            client.create("\\srvsvc")
        assert "limits.pipes" in server.messages[-1].parts[0].problem
        client.close(fids[0])
        client.create("\\srvsvc")

    def test_fragments(self, make: Make) -> None:
        """Requests of which the last fragment never comes."""
        server = limited(make, pipe_bytes=100_000)
        client = server.client().sign_in().connect("IPC$")
        for _ in range(2):
            fid = client.create("\\srvsvc")
            client.write(fid, BIND)
            client.read(fid)
            client.write(fid, self.FRAGMENT)
            for _ in range(6):
                client.write(fid, self.NEXT)
        with pytest.raises(SMBError) as refused:
            client.write(fid, self.NEXT * 3)
        assert refused.value.status == NT.INSUFFICIENT_RESOURCES
        client.close(fid)
        client.create("\\srvsvc")
        client.lost()
        assert held(server) == {}

    def test_unread_answers(self, make: Make) -> None:
        """A client that asks and asks loses its pipe; what had been answered may still be read."""
        server = limited(make, pipe_bytes=30_000)
        client = server.client().sign_in().connect("IPC$")
        fid = client.create("\\srvsvc")
        client.write(fid, BIND)
        client.read(fid)
        wrong = struct.pack("<BBBBIHHIIHH", 5, 0, 0, 3, 0x10, 24, 0, 2, 0, 0, 999)
        client.write(fid, wrong * 200)
        with pytest.raises(SMBError) as refused:
            client.write(fid, wrong)
        assert refused.value.status == NT.PIPE_DISCONNECTED
        assert "limits.pipe_bytes" in server.messages[-1].parts[0].problem
        assert len(client.read(fid)) == 32
        client.close(fid)
        assert held(server) == {}

    def test_handles(self, make: Make) -> None:
        """A client that opens without closing loses its pipe, and what it held with it."""
        server = limited(make, pipe_bytes=30_000)
        client = server.client().sign_in().connect("IPC$")
        fid = client.create("\\samr")
        bind = bytearray(BIND)
        bind[32:52] = UUID("12345778-1234-abcd-ef00-0123456789ac").bytes_le + struct.pack("<I", 1)
        client.write(fid, bytes(bind))
        client.read(fid)
        connect = struct.pack("<BBBBIHHIIHHII", 5, 0, 0, 3, 0x10, 32, 0, 1, 8, 0, 0, 0, 0x02000000)

        opened = 0
        with suppress(SMBError):
            while opened < 200:
                client.write(fid, connect)
                assert client.read(fid)[-4:] == bytes(4)
                opened += 1
        assert 50 < opened < 100
        assert "limits.pipe_bytes" in server.messages[-1].parts[0].problem
        client.close(fid)
        assert held(server) == {}

    def test_an_answer_that_is_read_makes_room(self, make: Make) -> None:
        client = limited(make, pipe_bytes=30_000).client().sign_in().connect("IPC$")
        fid = client.create("\\srvsvc")
        client.write(fid, BIND)
        client.read(fid)
        wrong = struct.pack("<BBBBIHHIIHH", 5, 0, 0, 3, 0x10, 24, 0, 2, 0, 0, 999)
        for _ in range(200):
            client.write(fid, wrong)
            assert len(client.read(fid)) == 32

    def test_for_the_whole_server(self, make: Make, refuses: Refuses) -> None:
        server = limited(make, total_pipe_bytes=20_000)
        clients = [server.client().sign_in().connect("IPC$") for _ in range(2)]
        for _ in range(3):
            clients[0].create("\\srvsvc")
        for _ in range(2):
            with refuses(NT.INSUFFICIENT_RESOURCES):
                clients[1].create("\\srvsvc")
        (told,) = problems(server)
        assert "limits.total_pipe_bytes" in told


class TestWaiting:
    """Requests that wait keep the bytes that they came in."""

    def waits(self, client: Client, fid: int, padding: int) -> int:
        """A lock that is not free, in a long message."""
        body = client.locking(fid, LockRange(1, 0, 10), timeout=0xFFFFFFFF)
        client.mid += 1
        client.send_raw(client.message(0x24, body) + bytes(padding))
        return client.mid

    def test_are_charged_by_those(self, make: Make) -> None:
        server = limited(make, pending_bytes=100_000)
        holder, client = (server.client().sign_in().connect("public") for _ in range(2))
        locked = holder.create("a.txt")
        holder.lock(locked, 0, 10)
        fid = client.create("a.txt")
        self.waits(client, fid, 50_000)
        assert client.answers() == []
        self.waits(client, fid, 50_000)
        assert client.answer().header.status == NT.INSUFFICIENT_RESOURCES
        assert "limits.pending_bytes" in server.messages[-1].parts[0].problem
        holder.unlock(locked, 0, 10)
        assert client.answer().header.status == NT.SUCCESS
        assert held(server) == {}

    def test_what_is_made_of_them_is_charged(self, make: Make) -> None:
        """A range takes ten bytes of the message, and ten times as much in memory: 128 MiB of them held 640."""
        server = limited(make, pending_bytes=50_000)
        holder, client = (server.client().sign_in().connect("public") for _ in range(2))
        holder.lock(holder.create("a.txt"), 0, 10)
        fid = client.create("a.txt")
        ranges = [LockRange(1, 0, 10)] * 100
        client.send(0x24, client.locking(fid, *ranges, timeout=0xFFFFFFFF))
        client.send(0x24, client.locking(fid, *ranges, timeout=0xFFFFFFFF))
        assert client.answers() == []
        client.send(0x24, client.locking(fid, *ranges, timeout=0xFFFFFFFF))
        assert client.answer().header.status == NT.INSUFFICIENT_RESOURCES
        client.lost()
        assert held(server) == {}

    def test_that_came_together_are_charged_once(self, make: Make) -> None:
        server = limited(make, pending_bytes=100_000)
        holder, client = (server.client().sign_in().connect("public") for _ in range(2))
        holder.lock(holder.create("a.txt"), 0, 10)
        fid = client.create("a.txt")
        one = client.message(0x24, client.locking(fid, LockRange(1, 0, 10), timeout=0xFFFFFFFF)) + bytes(5000)
        client.connection.receive((prefix(len(one)) + one) * 10)
        assert client.answers() == []
        client.lost()
        assert held(server) == {}

    def test_for_the_whole_server(self, make: Make) -> None:
        server = limited(make, total_pending_bytes=100_000)
        holder, *others = (server.client().sign_in().connect("public") for _ in range(3))
        holder.lock(holder.create("a.txt"), 0, 10)
        for client in others:
            self.waits(client, client.create("a.txt"), 60_000)
        assert [len(client.answers()) for client in others] == [0, 1]
        (told,) = problems(server)
        assert "limits.total_pending_bytes" in told


class Kept:
    """A sink that keeps exchanges as they are."""

    name = "a test's"

    def __init__(self) -> None:
        self.events: list[Exchanged] = []

    def write(self, event: Event) -> None:
        if isinstance(event, Exchanged):
            self.events.append(event)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


class TestTexts:
    """Names that clients make up are as long as a message: the record and the sessions keep the beginning."""

    LONG = "\u0416" * 250

    def test_of_paths_and_reasons(self, make: Make) -> None:
        """20,000 requests for paths of 30,000 characters held 3.4 GB in the journal."""
        server = make()
        client = server.client().sign_in().connect("public")
        kept = Kept()
        server.server.log.add(kept)
        path = "\\" + "\\".join([self.LONG] * 100)
        for command, body in (
            (0x10, CheckDirectoryRequest(path)),
            (0x06, DeleteRequest(0x16, path + "\\*")),
            (0x08, QueryInformationRequest(path)),
        ):
            client.send(command, body)
            client.send(command, body, (0x2B, EchoRequest(1, b"")))
            assert client.answers()[0].header.status
        assert len(kept.events) == 6
        assert max(len(event.path) for event in kept.events) <= MOST_OF_PATH
        assert max(len(event.reason) for event in kept.events) < 1000

    def test_of_guests(self, make: Make) -> None:
        server = make(accounts=Accounts([Account.with_password("x", "y")], guest=Guest.READ_WRITE))
        client = server.client()
        client.negotiate()
        plain = SessionSetupPlainRequest(
            max_buffer_size=0xFFFF,
            capabilities=0xD4,
            account_name="bob",
            primary_domain="d" * 9000,
            native_os="o" * 9000,
        )
        client.send(0x73, plain)
        assert client.answer().header.status == NT.SUCCESS
        client.send(0x73, msgspec.structs.replace(plain, account_name="b" * 9000))
        assert client.answer().header.status == NT.LOGON_FAILURE
        (session,) = client.connection.sessions
        assert session.identity is not None
        texts = (session.identity.user, session.identity.domain, session.native_os)
        assert [len(text) < 300 for text in texts] == [True] * 3
        said = [event for event in server.sink.events if isinstance(event, SignedIn | SignInRefused)]
        assert len(said) == 2
        assert all(len(msgspec.json.encode(event)) < 2000 for event in said)

    def test_of_users_whose_response_is_long(self, make: Make) -> None:
        """The response joins the key of signing, and is not needed any more."""
        client = make().client().sign_in(signing=True)
        (session,) = client.connection.sessions
        assert session.identity is not None
        assert session.identity.session_key
        assert session.identity.response == b""
        client.connect("public")  # signed


def test_a_list_of_ranges_is_told_in_parts(make: Make, folders: dict[str, Path]) -> None:
    """A client may have room for 4 GiB; a list of 100,000 ranges kept everybody waiting for a second."""
    with (folders["public"] / "sparse").open("wb") as file:
        for number in range(4200):
            os.pwrite(file.fileno(), b"x", number << 16)
        if os.fstat(file.fileno()).st_blocks > 4200 << 6:
            pytest.skip("the disk has no holes")
    client = make().client().sign_in().connect("public")
    fid = client.create("sparse")
    setup = IoctlSetup(Fsctl.QUERY_ALLOCATED_RANGES, fid, 1, 0).encode()
    data = struct.pack("<qq", 0, 1 << 40)
    client.send(0xA0, NtTransactRequest(function=2, setup=setup, data=data, max_data_count=0xFFFFFFFF))
    answers = client.answers()
    assert {answer.header.status for answer in answers} == {NT.BUFFER_OVERFLOW}
    parts = [answer.body(NtTransactResponse).data for answer in answers]
    assert sum(map(len, parts)) == 0x10000
