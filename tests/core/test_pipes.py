"""Pipes of a server: reads that wait, what ends the wait, sign-ins inside a pipe, and information about pipes."""

import struct

import pytest
from impacket import ntlm

from fakesmb.auth.accounts import Account, Accounts, Guest
from fakesmb.core.settings import Limits, Settings
from fakesmb.nt.status import NT
from fakesmb.record.describe import happening
from fakesmb.record.events import SignedIn, SignInRefused
from fakesmb.testing import PASSWORD, USER, Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.files import (
    CloseRequest,
    ReadAndxRequest,
    ReadAndxResponse,
    WriteAndxRequest,
    WriteAndxResponse,
)
from fakesmb.wire.raw import ReadRawRequest
from fakesmb.wire.session import LogoffAndxRequest, SessionSetupPlainRequest
from fakesmb.wire.trans import NtTransactRequest, Transaction2Request, TransactionRequest, TransactionResponse
from fakesmb.wire.tree import TreeDisconnectRequest
from tests.core.conftest import Make
from tests.refusals import Refuses

READ, WRITE, RAW_READ, TRANSACTION, CANCEL = 0x2E, 0x2F, 0x1A, 0x25, 0xA4
TRANSACT, RAW_READ_PIPE, READ_PIPE, SET_STATE = 0x26, 0x11, 0x36, 0x01
BIND = bytes.fromhex(
    "05000b03 10000000 4800 0000 01000000 b810b810 00000000 01000000 0000 0100"
    "7857341234 12cdabef000123456789ab 00000000 045d888aeb1cc9119fe808002b104860 02000000"
)
"""To lsarpc."""


@pytest.fixture
def pipe(client: Client) -> Client:
    return client.connect("IPC$")


def statuses(client: Client) -> list[tuple[int, int]]:
    return [(answer.header.mid, answer.header.status) for answer in client.answers()]


def reading(client: Client, fid: int, size: int = 1000) -> int:
    return client.send(READ, ReadAndxRequest(fid=fid, max_count=size))


def function(client: Client, code: int, fid: int, data: bytes = b"", parameters: bytes = b"") -> int:
    return client.send(
        TRANSACTION,
        TransactionRequest(
            name="\\PIPE\\",
            setup=struct.pack("<HH", code, fid),
            parameters=parameters,
            data=data,
            max_data_count=1000,
        ),
    )


def writing(client: Client, fid: int, data: bytes) -> None:
    client.send(WRITE, WriteAndxRequest(fid=fid, data=data))
    assert client.answer().header.status == 0


def transceive(client: Client, fid: int, data: bytes) -> int:
    setup = struct.pack("<IHBB", 0x0011C017, fid, 1, 0)
    return client.send(0xA0, NtTransactRequest(function=2, setup=setup, data=data, max_data_count=1000))


class TestWaiting:
    """A read of an empty pipe waits for a message ([MS-CIFS] 3.3.5.57.9)."""

    def test_a_read_is_answered_by_what_is_written(self, pipe: Client) -> None:
        fid = pipe.create("lsarpc")
        mid = reading(pipe, fid)
        assert statuses(pipe) == []
        pipe.send(WRITE, WriteAndxRequest(fid=fid, data=BIND))
        answers = {answer.header.mid: answer for answer in pipe.answers()}
        assert len(answers) == 2
        assert answers[mid].body(ReadAndxResponse).data[2] == 12
        assert not pipe.connection.pending

    @pytest.mark.parametrize("code", [READ_PIPE, RAW_READ_PIPE])
    def test_so_do_the_reads_of_transactions(self, pipe: Client, code: int) -> None:
        fid = pipe.create("lsarpc")
        mid = function(pipe, code, fid)
        assert statuses(pipe) == []
        pipe.send(WRITE, WriteAndxRequest(fid=fid, data=BIND))
        answers = {answer.header.mid: answer for answer in pipe.answers()}
        assert bytes(answers[mid].body(TransactionResponse).data)[2] == 12

    def test_reads_are_answered_in_their_order(self, pipe: Client) -> None:
        fid = pipe.create("lsarpc")
        first, second = reading(pipe, fid, 20), reading(pipe, fid)
        pipe.send(WRITE, WriteAndxRequest(fid=fid, data=BIND))
        answers = {answer.header.mid: answer for answer in pipe.answers()}
        data = [answers[mid].body(ReadAndxResponse).data for mid in (first, second)]
        assert answers[first].header.status == NT.BUFFER_OVERFLOW
        assert (len(data[0]), len(data[0]) + len(data[1])) == (20, 68)

    def test_part_of_a_request_is_waited_out(self, pipe: Client) -> None:
        fid = pipe.create("lsarpc")
        for wait in (
            function(pipe, TRANSACT, fid, BIND[:30]),
            transceive(pipe, pipe.create("lsarpc"), BIND[:30]),
        ):
            assert wait in {exchange.header.mid for exchange in pipe.connection.pending}
        assert statuses(pipe) == []

    @pytest.mark.parametrize("leave", ["close", "tree disconnect", "logoff"])
    def test_what_ends_the_pipe_ends_the_wait(self, pipe: Client, leave: str) -> None:
        """smbtorture's pipe-read-close, -tdis and -logoff."""
        fid = pipe.create("lsarpc")
        mids = [reading(pipe, fid), function(pipe, READ_PIPE, fid)]
        command, body = {
            "close": (0x04, CloseRequest(fid=fid)),
            "tree disconnect": (0x71, TreeDisconnectRequest()),
            "logoff": (0x74, LogoffAndxRequest()),
        }[leave]
        last = pipe.send(command, body)
        assert sorted(statuses(pipe)) == [(mids[0], NT.PIPE_BROKEN), (mids[1], NT.PIPE_BROKEN), (last, 0)]

    def test_a_lost_connection_ends_it_in_silence(self, pipe: Client) -> None:
        reading(pipe, pipe.create("lsarpc"))
        pipe.lost()
        assert pipe.answers() == []

    def test_a_cancel_ends_it(self, pipe: Client) -> None:
        fid = pipe.create("lsarpc")
        mid = reading(pipe, fid)
        pipe.send(CANCEL, Empty(), mid=mid)
        assert statuses(pipe) == [(mid, NT.CANCELLED)]
        writing(pipe, fid, BIND)
        assert pipe.read(fid)[2] == 12

    def test_the_end_of_a_broken_pipe_ends_it(self, pipe: Client) -> None:
        fid = pipe.create("lsarpc")
        mid = reading(pipe, fid)
        pipe.send(WRITE, WriteAndxRequest(fid=fid, data=b"\x05\x00\x0b\x03\x10\0\0\0\1\0\0\0\1\0\0\0"))
        assert (mid, NT.PIPE_DISCONNECTED) in statuses(pipe)

    def test_not_in_non_blocking_mode(self, pipe: Client, refuses: Refuses) -> None:
        fid = pipe.create("lsarpc")
        function(pipe, SET_STATE, fid, parameters=struct.pack("<H", 0x8100))
        assert pipe.answer().header.status == 0
        with refuses(NT.PIPE_EMPTY):
            pipe.read(fid)

    def test_a_raw_read_never_waits(self, pipe: Client) -> None:
        """READ_RAW has no way to say why there is nothing ([MS-CIFS] 3.3.5.22)."""
        pipe.send(RAW_READ, ReadRawRequest(pipe.create("lsarpc"), 0, 100, 0, 0))
        (frame,) = pipe.frames()
        assert bytes(frame) == b""

    def test_there_is_an_end_to_waiting(self, make: Make) -> None:
        client = make(settings=Settings(limits=Limits(pending=3))).client().sign_in().connect("IPC$")
        fid = client.create("lsarpc")
        mids = [reading(client, fid) for _ in range(4)]
        assert statuses(client) == [(mids[3], NT.INSUFFICIENT_RESOURCES)]


class Insider:
    """Signs in inside a pipe with impacket's NTLM, at the level CONNECT."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fid = client.create("lsarpc")

    def exchange(self, data: bytes) -> bytes:
        function(self.client, TRANSACT, self.fid, data)
        return bytes(self.client.answer().body(TransactionResponse).data)

    def sign_in(self, user: str, password: str) -> None:
        first = ntlm.getNTLMSSPType1("", "", True, True)
        challenge = self.exchange(self._with_token(BIND, first.getData()))
        (size,) = struct.unpack_from("<H", challenge, 10)
        third, _ = ntlm.getNTLMSSPType3(first, challenge[-size:], user, password, "", use_ntlmv2=True)
        auth3 = bytes.fromhex("05001003 10000000 0000 0000 01000000 00000000")
        writing(self.client, self.fid, self._with_token(auth3, third.getData()))

    @staticmethod
    def _with_token(pdu: bytes, token: bytes) -> bytes:
        whole = bytearray(pdu + struct.pack("<BBBBI", 10, 2, 0, 0, 1) + token)
        struct.pack_into("<HH", whole, 8, len(whole), len(token))
        return bytes(whole)

    def who(self) -> bytes:
        """The answer to LsarGetUserName."""
        stub = bytes(12)
        head = struct.pack("<BBBBIHHIIHH", 5, 0, 0, 3, 0x10, 24 + len(stub), 0, 2, len(stub), 0, 45)
        return self.exchange(head + stub)


class TestSignIn:
    """A pipe has a sign-in of its own, whoever the session is ([MS-RPCE] 3.3.1.5)."""

    def test_the_call_runs_as_who_signed_in_there(self, make: Make) -> None:
        client = make(users={USER: PASSWORD, "insider": "key"}).client().sign_in().connect("IPC$")
        one = Insider(client)
        one.sign_in("insider", "key")
        assert "insider".encode("utf-16-le") in one.who()

    def test_it_is_recorded(self, make: Make) -> None:
        server = make(users={USER: PASSWORD, "insider": "key"})
        one = Insider(server.client().sign_in().connect("IPC$"))
        one.sign_in("insider", "key")
        signed = [event for event in server.sink.events if isinstance(event, SignedIn)]
        assert [(event.user, event.kind, event.pipe) for event in signed] == [
            (USER, "user", False),
            ("insider", "user", True),
        ]
        assert "insider signed in inside a pipe with NTLMv2" in happening(signed[1])

    def test_wrong_passwords_count_against_the_address(self, make: Make) -> None:
        server = make(settings=Settings(limits=Limits(wrong_passwords=2)))
        client = server.client().sign_in().connect("IPC$")
        for password in ("wrong", "wrong", PASSWORD):
            Insider(client).sign_in(USER, password)
        reasons = [event.reason for event in server.sink.events if isinstance(event, SignInRefused)]
        assert "inside a pipe: the password was not looked at" in reasons[2]
        (problem,) = server.problems
        assert "2 wrong passwords from 127.0.0.1" in problem.text
        server.sink.events.remove(problem)

    def test_a_wrong_password_is_recorded_and_denied(self, server: InMemoryServer, pipe: Client) -> None:
        one = Insider(pipe)
        one.sign_in(USER, "wrong")
        answer = one.who()
        assert (answer[2], struct.unpack_from("<I", answer, 24)) == (3, (5,))
        (refused,) = [event for event in server.sink.events if isinstance(event, SignInRefused)]
        assert (refused.user, refused.status) == (USER, NT.LOGON_FAILURE)
        assert "inside a pipe" in refused.reason


class TestInformation:
    """QUERY_FILE_INFORMATION of a pipe."""

    @pytest.mark.parametrize("level", [0x200, 0x201, 0x20B])
    def test_unix_levels_are_not_supported(self, pipe: Client, level: int) -> None:
        """smbtorture's raw.qfileinfo.ipc, which would take other refusals for faults."""
        parameters = struct.pack("<HH", pipe.create("lsarpc"), level)
        pipe.send(0x32, Transaction2Request(setup=b"\x07\0", parameters=parameters, max_data_count=1000))
        assert pipe.answer().header.status == NT.NOT_SUPPORTED


class TestCalls:
    """CALL_NMPIPE: open, transact and close in one ([MS-CIFS] 2.2.5.11)."""

    def call(self, client: Client, name: str, data: bytes, room: int = 1000) -> int:
        setup = struct.pack("<HH", 0x54, 0)
        request = TransactionRequest(name=name, setup=setup, data=data, max_data_count=room)
        return client.send(TRANSACTION, request)

    def test_is_answered_and_leaves_nothing_open(self, server: InMemoryServer, pipe: Client) -> None:
        self.call(pipe, "\\PIPE\\lsarpc", BIND)
        assert bytes(pipe.answer().body(TransactionResponse).data)[2] == 12
        self.call(pipe, "\\PIPE\\lsarpc", BIND, room=10)
        assert pipe.answer().header.status == NT.BUFFER_OVERFLOW
        assert server.server.pipes.instances("lsarpc") == 0

    def test_of_no_pipe(self, pipe: Client) -> None:
        self.call(pipe, "\\PIPE\\nowhere", BIND)
        assert pipe.answer().header.status == NT.OBJECT_NAME_NOT_FOUND

    def test_ends_with_the_client(self, server: InMemoryServer, pipe: Client) -> None:
        """Half a request gets no answer."""
        self.call(pipe, "\\PIPE\\lsarpc", BIND[:30])
        assert pipe.answers() == []
        assert server.server.pipes.instances("lsarpc") == 1
        pipe.lost()
        assert server.server.pipes.instances("lsarpc") == 0


def bound(client: Client, group: int = 0) -> tuple[int, int, int]:
    """A pipe to lsarpc that was bound in a group: its FID, what it was answered with, and the group's number."""
    fid = client.create("\\lsarpc")
    data = BIND[:20] + struct.pack("<I", group) + BIND[24:]
    client.call(WRITE, WriteAndxRequest(fid=fid, data=data), WriteAndxResponse)
    ack = bytes(client.call(READ, ReadAndxRequest(fid=fid, max_count=1000), ReadAndxResponse).data)
    return fid, ack[2], struct.unpack_from("<I", ack, 20)[0] if ack[2] == ACK else 0


def called(client: Client, fid: int, operation: int, stub: bytes) -> bytes:
    head = struct.pack("<BBBBIHHIIHH", 5, 0, 0, 3, 0x10, 24 + len(stub), 0, 2, len(stub), 0, operation)
    client.call(WRITE, WriteAndxRequest(fid=fid, data=head + stub), WriteAndxResponse)
    return bytes(client.call(READ, ReadAndxRequest(fid=fid, max_count=1000), ReadAndxResponse).data)


ACK, NAK, RESPONSE = 12, 13, 2
OPEN_POLICY = bytes(4) + struct.pack("<5I", 24, 0, 0, 0, 0) + bytes(4) + struct.pack("<I", 0x02000000)


def test_an_association_group_is_of_those_it_belongs_to(make: Make) -> None:
    """An anonymous client closed an administrator's handle and read through it."""
    accounts = Accounts(
        [Account.with_password(USER, PASSWORD, admin=True), Account.with_password("bob", "builder")],
        guest=Guest.READ_ONLY,
        anonymous=True,
    )
    server = make(accounts=accounts)
    admin = server.client().sign_in().connect("IPC$")
    fid, kind, group = bound(admin)
    assert kind == ACK
    answer = called(admin, fid, 44, OPEN_POLICY)
    assert (answer[2], answer[-4:]) == (RESPONSE, bytes(4))
    handle = answer[24:44]
    for user, password in (("", ""), ("nobody", ""), ("bob", "builder")):
        other = server.client().sign_in(user, password).connect("IPC$")
        assert bound(other, group)[1] == NAK
        assert bound(other)[1] == ACK
    elsewhere = server.client("10.0.0.9:445").sign_in().connect("IPC$")
    assert bound(elsewhere, group)[1] == NAK
    again = server.client().sign_in().connect("IPC$")
    second, kind, joined = bound(again, group)
    assert (kind, joined) == (ACK, group)
    assert called(again, second, 0, handle)[-4:] == bytes(4)
    for user in ("", "nobody"):
        one, two = (server.client().sign_in(user, "").connect("IPC$") for _ in range(2))
        _, _, group = bound(one)
        assert bound(one, group)[1:] == (ACK, group)
        assert bound(two, group)[1] == NAK


@pytest.mark.parametrize("listing", [True, False])
def test_anonymous_listing(make: Make, listing: bool) -> None:
    """By RPC and by RAP; who has a name is told as ever."""
    server = make(settings=Settings(anonymous_listing=listing))
    for user, told in ((USER, True), ("", listing)):
        client = server.client()
        if user:
            client.sign_in()
        else:
            client.negotiate()
            client.send(0x73, SessionSetupPlainRequest())
            client.uid = client.answer().header.uid
        client.connect("IPC$")
        answer = called(client, bound(client)[0], 44, OPEN_POLICY)
        assert answer[2] == (RESPONSE if told else 3)
        assert told or struct.unpack_from("<I", answer, 24) == (5,)
        asked = b"\0\0WrLeh\0B13BWz\0\x01\0\0\x10"
        shares = TransactionRequest(
            name="\\PIPE\\LANMAN", parameters=asked, max_parameter_count=8, max_data_count=4096
        )
        body = client.call(0x25, shares, TransactionResponse)
        assert struct.unpack_from("<H", body.parameters) == (0 if told else 5,)
        assert (b"public" in bytes(body.data)) is told
