"""AndX chains: run in order to the last command or the first that fails, answered by one message."""

import pytest

from fakesmb.nt.status import NT
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.chain import MOST_COMMANDS
from fakesmb.wire.codec import Body, Empty
from fakesmb.wire.dirs import QueryInformationRequest, QueryInformationResponse
from fakesmb.wire.files import (
    CloseRequest,
    NtCreateAndxRequest,
    NtCreateAndxResponse,
    OpenAndxRequest,
    OpenAndxResponse,
    ReadAndxRequest,
    ReadAndxResponse,
    WriteAndxRequest,
    WriteAndxResponse,
)
from fakesmb.wire.header import ERROR_BLOCK, block_at
from fakesmb.wire.locking import LockingAndxResponse, LockRange
from fakesmb.wire.session import (
    EchoRequest,
    EchoResponse,
    LogoffAndxRequest,
    SessionSetupAndxResponse,
    SessionSetupPlainRequest,
)
from fakesmb.wire.tree import TreeConnectAndxRequest, TreeConnectAndxResponse
from tests.core.conftest import Make
from tests.core.folders import README

CREATE, OPEN, READ, WRITE, LOCKING, CLOSE, ECHO, SETUP, TREE, LOGOFF = (
    0xA2, 0x2D, 0x2E, 0x2F, 0x24, 0x04, 0x2B, 0x73, 0x75, 0x74,
)  # fmt: skip
CHAINED_FID = 0xFFFF


def setup_of(server: InMemoryServer) -> SessionSetupPlainRequest:
    """The session setup that another client of this server (the challenge is fixed) was let in with."""
    client, sent = server.client(), list[bytes]()
    receive = client.connection.receive

    def taken(data: bytes) -> None:
        sent.append(data[4:])
        receive(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client.connection, "receive", taken)
        client.sign_in()
    request = SessionSetupPlainRequest.decode(block_at(sent[-1], 32, unicode=True))
    assert isinstance(request, SessionSetupPlainRequest)
    return request


def test_session_setup_and_tree_connect(server: InMemoryServer) -> None:
    """jcifs, Windows 98 and DOS: the TID and the UID come with the one answer."""
    client = server.client()
    client.negotiate()
    request = setup_of(server)
    client.send(SETUP, request, (TREE, TreeConnectAndxRequest(password_length=1, path="\\\\H\\PUBLIC")))
    answer = client.answer()
    assert (answer.header.status, answer.header.uid, answer.header.tid) == (0, 0x0800, 0x0800)
    first, second = answer.chained([SessionSetupAndxResponse, TreeConnectAndxResponse])
    assert isinstance(first, SessionSetupAndxResponse)
    assert first.primary_domain == "WORKGROUP"
    assert isinstance(second, TreeConnectAndxResponse)
    assert (second.service, second.native_file_system) == ("A:", "NTFS")


def test_session_setup_that_fails_in_a_chain(server: InMemoryServer) -> None:
    """The tree connect is not run, and the answer says why."""
    client = server.client()
    client.negotiate()
    request = SessionSetupPlainRequest(
        account_name="alice", unicode_password=bytes(24), unicode_password_length=24
    )
    client.send(SETUP, request, (TREE, TreeConnectAndxRequest(path="\\\\H\\public")))
    answer = client.answer()
    assert answer.header.status == NT.LOGON_FAILURE
    assert bytes(answer.message[32:]) == ERROR_BLOCK
    assert len(client.connection.trees) == 0


def test_tree_connect_and_open(client: Client) -> None:
    """A command of the old kind may end a chain."""
    request = TreeConnectAndxRequest(password_length=1, path="\\\\H\\c$")
    client.send(TREE, request, (0x08, QueryInformationRequest("\\readme.txt")), tid=0)
    kinds: list[type[Body]] = [TreeConnectAndxResponse, QueryInformationResponse]
    _, info = client.answer().chained(kinds)
    assert isinstance(info, QueryInformationResponse)
    assert info.file_size == len(README)


def test_create_and_read(client: Client) -> None:
    """OS X: the FID of the open stands in for 0xFFFF of the read."""
    create = NtCreateAndxRequest(desired_access=0x120089, share_access=7, file_name="a.txt")
    client.send(CREATE, create, (READ, ReadAndxRequest(fid=CHAINED_FID, max_count=10)))
    created, read = client.answer().chained([NtCreateAndxResponse, ReadAndxResponse])
    assert isinstance(created, NtCreateAndxResponse)
    assert isinstance(read, ReadAndxResponse)
    assert (created.fid, read.data) == (0x4000, b"0123456789")
    client.close(created.fid)


def test_open_and_read(client: Client) -> None:
    """OS/2."""
    client.send(
        OPEN,
        OpenAndxRequest(access_mode=0x40, file_name="a.txt"),
        (READ, ReadAndxRequest(fid=0xFFFF, max_count=3)),
    )
    opened, read = client.answer().chained([OpenAndxResponse, ReadAndxResponse])
    assert isinstance(opened, OpenAndxResponse)
    assert isinstance(read, ReadAndxResponse)
    assert (opened.fid, opened.file_data_size, read.data) == (0x4000, 100, b"012")


def test_write_and_read(client: Client) -> None:
    """OS/2."""
    fid = client.create("a.txt")
    client.send(WRITE, WriteAndxRequest(fid=fid, data=b"abc"), (READ, ReadAndxRequest(fid=fid, max_count=5)))
    written, read = client.answer().chained([WriteAndxResponse, ReadAndxResponse])
    assert written == WriteAndxResponse.of(3)
    assert isinstance(read, ReadAndxResponse)
    assert read.data == b"abc34"


def test_locking_write_and_close(client: Client) -> None:
    """suricata-verify's smb-eicar-andx: three commands, the last without AndX words."""
    fid = client.create("new.txt", disposition=2)
    lock = client.locking(fid, LockRange(client.pid, 0, 10))
    client.send(LOCKING, lock, (WRITE, WriteAndxRequest(fid=fid, data=b"abc")), (CLOSE, CloseRequest(fid)))
    answer = client.answer()
    assert answer.header.status == 0
    assert answer.header.command == LOCKING
    kinds: list[type[Body]] = [LockingAndxResponse, WriteAndxResponse, Empty]
    assert answer.chained(kinds) == [LockingAndxResponse(), WriteAndxResponse.of(3), Empty()]
    assert client.read(client.create("new.txt")) == b"abc"


def test_an_error_in_the_middle(client: Client) -> None:
    """What was done before it is answered; what comes after is not done."""
    fid = client.create("a.txt")
    client.send(
        READ,
        ReadAndxRequest(fid=fid, max_count=2),
        (READ, ReadAndxRequest(fid=0x1234, max_count=2)),
        (CLOSE, CloseRequest(fid)),
    )
    answer = client.answer()
    assert answer.header.status == NT.INVALID_HANDLE
    (read,) = answer.chained([ReadAndxResponse, ReadAndxResponse])
    assert isinstance(read, ReadAndxResponse)
    assert read.data == b"01"
    assert answer.message[33] == READ  # AndXCommand: the failed one has its block, of nothing
    assert bytes(answer.message[-3:]) == ERROR_BLOCK
    assert client.read(fid, 0, 1) == b"0"


def test_an_unknown_command_in_a_chain(client: Client) -> None:
    """It is answered by an error, after what came before it."""
    fid = client.create("a.txt")
    client.send(READ, ReadAndxRequest(fid=fid, max_count=2), (0x15, Empty()))
    answer = client.answer()
    assert answer.header.status == NT.SMB_BAD_COMMAND
    assert answer.message[33] == 0x15


def test_logoff_and_session_setup(client: Client) -> None:
    """The one command that may follow a logoff."""
    fresh = client.connection.server
    request = SessionSetupPlainRequest(
        account_name="alice", unicode_password=bytes(24), unicode_password_length=24
    )
    client.send(LOGOFF, LogoffAndxRequest(), (SETUP, request))
    answer = client.answer()
    assert answer.header.status == NT.LOGON_FAILURE
    assert answer.message[33] == SETUP
    assert len(client.connection.sessions) == 0
    assert fresh.counters.refused_sessions == 1


def test_a_chain_waits_and_goes_on(client: Client, other: Client) -> None:
    """A lock in a chain that has to wait: nothing is sent until it is had; then all of the chain's answers."""
    mine, theirs = client.create("a.txt"), other.create("a.txt")
    client.lock(mine, 0, 10)
    lock = other.locking(theirs, LockRange(other.pid, 0, 10), timeout=5000)
    other.send(
        LOCKING, lock, (WRITE, WriteAndxRequest(fid=theirs, data=b"abc")), (CLOSE, CloseRequest(theirs))
    )
    assert other.answers() == []
    client.unlock(mine, 0, 10)
    answer = other.answer()
    kinds: list[type[Body]] = [LockingAndxResponse, WriteAndxResponse, Empty]
    assert answer.chained(kinds) == [LockingAndxResponse(), WriteAndxResponse.of(3), Empty()]


def test_offsets_must_lead_forward(client: Client) -> None:
    """A chain that points to itself ends there."""
    fid = client.create("a.txt")
    message = bytearray(client.message(READ, ReadAndxRequest(fid=fid, max_count=2)))
    message[33:37] = bytes((READ, 0, 32, 0))
    client.send_raw(bytes(message))
    answer = client.answer()
    assert answer.header.status == NT.INVALID_SMB


def test_an_offset_beyond_the_message(client: Client) -> None:
    """The first command is answered, the one that is not there is INVALID_SMB."""
    fid = client.create("a.txt")
    message = bytearray(client.message(READ, ReadAndxRequest(fid=fid, max_count=2)))
    message[33:37] = bytes((READ, 0, 0xFF, 0xFF))
    client.send_raw(bytes(message))
    answer = client.answer()
    assert answer.header.status == NT.INVALID_SMB
    first, *_ = answer.chained([ReadAndxResponse, ReadAndxResponse])
    assert isinstance(first, ReadAndxResponse)
    assert first.data == b"01"


def test_a_chain_of_too_many(client: Client) -> None:
    """A bound on what one message may ask for; what came before the bound is answered."""
    fid = client.create("a.txt")
    client.send(READ, *[ReadAndxRequest(fid=fid, max_count=1)] * (MOST_COMMANDS + 1))
    answer = client.answer()
    assert answer.header.status == NT.INVALID_SMB
    assert len(answer.chained([ReadAndxResponse] * 50)) == MOST_COMMANDS


def test_a_chain_of_locks_that_need_not_wait(client: Client) -> None:
    """Each is a Deferred that has fired already."""
    fid = client.create("a.txt")
    locks = [client.locking(fid, LockRange(1, 10 * at, 1), timeout=5) for at in range(MOST_COMMANDS)]
    client.send(LOCKING, *locks)
    answer = client.answer()
    assert answer.header.status == 0
    assert len(answer.chained([LockingAndxResponse] * 50)) == MOST_COMMANDS


def test_an_answer_that_outgrows_its_offsets(client: Client) -> None:
    """AndXOffset has 16 bits: what cannot be pointed to is refused, and the message is still well-formed."""
    fid = client.create("big", disposition=2)
    client.write(fid, bytes(60000))
    client.send(READ, *[ReadAndxRequest(fid=fid, max_count=60000)] * 3)
    answer = client.answer()
    assert answer.header.status == NT.INSUFFICIENT_RESOURCES
    assert len(answer.chained([ReadAndxResponse] * 3)) == 2


def test_an_echo_of_none_at_the_end(client: Client) -> None:
    """It asks for no answer; the command before it still gets its own."""
    fid = client.create("a.txt")
    client.send(READ, ReadAndxRequest(fid=fid, max_count=1), (ECHO, EchoRequest(0, b"x")))
    answer = client.answer()
    assert (answer.header.status, answer.header.command) == (0, READ)
    assert answer.body(ReadAndxResponse).data == b"0"


def test_several_answers_at_the_end(client: Client) -> None:
    """The first comes with the chain, the others are messages of their own command."""
    fid = client.create("a.txt")
    client.send(READ, ReadAndxRequest(fid=fid, max_count=1), (ECHO, EchoRequest(3, b"x")))
    chain, second, third = client.answers()
    kinds: list[type[Body]] = [ReadAndxResponse, EchoResponse]
    assert chain.chained(kinds)[1] == EchoResponse(1, b"x")
    assert [(one.header.command, one.body(EchoResponse).sequence_number) for one in (second, third)] == [
        (ECHO, 2),
        (ECHO, 3),
    ]


def test_the_answer_in_oem(make: Make) -> None:
    """Strings of a chain come in the encoding of its message, wherever they stand in it."""
    client = make().client().sign_in()
    client.flags2 &= ~0x8000
    request = TreeConnectAndxRequest(password_length=1, path="\\\\H\\public")
    client.send(TREE, request, (TREE, TreeConnectAndxRequest(password_length=1, path="\\\\H\\c$")), tid=0)
    answer = client.answer()
    assert len(answer.chained([TreeConnectAndxResponse] * 2)) == 2
    assert bytes(answer.message).count(b"A:\0NTFS\0") == 2
    assert answer.header.tid == 0x0801
