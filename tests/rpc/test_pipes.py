"""Named pipes: names, messages read in parts, peeks, states."""

import subprocess
import sys
from collections.abc import Callable
from itertools import count

import pytest
from impacket.dcerpc.v5.rpcrt import DCERPCException
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.pipes import LISTING, Pipe, PipeService, plain_name
from fakesmb.wire.interfaces import INTERFACES
from fakesmb.world import Turn
from tests.rpc.rpc_client import (
    ADMIN,
    BIND,
    BIND_ACK,
    NOBODY,
    REMOTE_TOD,
    USER,
    ListView,
    PipeTransport,
    answered,
    bound,
    opened,
    request,
)


@pytest.mark.parametrize(
    "name",
    ["srvsvc", "\\srvsvc", "\\PIPE\\srvsvc", "\\pipe\\SrvSvc", "PIPE\\srvsvc", "/srvsvc", "\\srvsvc\\"],
)
def test_a_pipe_opens_by_every_form_of_its_name(name: str) -> None:
    """Windows sends `\\srvsvc`, curl `srvsvc`, metasploit's client and OS/2 `\\PIPE\\srvsvc`."""
    assert opened(name).path == "\\srvsvc"


@pytest.mark.parametrize(
    "name", ["", "\\", "\\PIPE\\", "mdssvc", "srvsvc2", "srvsvc\0", "a\\srvsvc", "\ud800"]
)
def test_an_unknown_pipe_is_not_found_at_once(name: str) -> None:
    with pytest.raises(SMBError) as refused:
        opened(name)
    assert refused.value.status == NT.OBJECT_NAME_NOT_FOUND


@pytest.mark.parametrize("name", ["\\PIPE\\srvsvc", "pipe\\srvsvc"])
def test_nt_create_names_have_no_prefix(name: str) -> None:
    """smbtorture's smb1-pipe-name: Windows finds nothing under these in an NT_CREATE_ANDX."""
    service = PipeService(ListView())
    with pytest.raises(SMBError) as refused:
        service.open(name, ADMIN, prefixed=False)
    assert refused.value.status == NT.OBJECT_NAME_NOT_FOUND
    assert service.open("\\srvsvc", ADMIN, prefixed=False).instances == 1


def test_what_is_there_can_be_asked_without_opening() -> None:
    service = PipeService(ListView())
    assert service.exists("\\PIPE\\SRVSVC")
    assert not service.exists("\\PIPE\\mdssvc")


def test_pipe_prefix_alone_is_no_name() -> None:
    assert plain_name("\\PIPE") == "pipe"


def test_a_message_read_in_parts_says_that_more_is_left() -> None:
    """The core answers BUFFER_OVERFLOW while it does, as XP's capture shows for a winreg call."""
    pipe = opened()
    pipe.write(BIND)
    assert (pipe.available, pipe.message_left) == (68, 68)
    assert pipe.read(60) == (BIND_ACK[:60], True)
    assert (pipe.available, pipe.message_left) == (8, 8)
    assert pipe.read(60) == (BIND_ACK[60:], False)
    assert (pipe.available, pipe.message_left) == (0, 0)


def test_two_answers_are_two_messages() -> None:
    pipe = opened()
    pipe.write(BIND + REMOTE_TOD)
    assert pipe.message_left == 68
    assert pipe.available > 68
    assert pipe.read(10_000) == (BIND_ACK, False)
    assert pipe.read(10_000)[0][2] == 2


def test_in_byte_mode_messages_run_together() -> None:
    pipe = opened()
    pipe.set_state(0)
    pipe.write(BIND + REMOTE_TOD)
    data, more = pipe.read(70)
    assert (data[:68], len(data), more) == (BIND_ACK, 70, False)


def test_peek_leaves_everything_in_place() -> None:
    pipe = opened()
    assert pipe.peek(10) == b""
    pipe.write(BIND)
    assert pipe.peek(10) == BIND_ACK[:10]
    assert pipe.read(100) == (BIND_ACK, False)


def test_reading_an_empty_pipe_is_left_to_the_core() -> None:
    with pytest.raises(SMBError) as empty:
        opened().read(10)
    assert empty.value.status == NT.PIPE_EMPTY


def waiting(pipe: Pipe, size: int = 1000, *, raw: bool = False) -> list[object]:
    """What a read that waits ends in, when it does."""
    ends: list[object] = []
    read = pipe.receive(size, raw=raw)
    assert isinstance(read, Deferred)
    read.addBoth(lambda end: ends.append(end.value if isinstance(end, Failure) else end))
    return ends


def test_reads_of_an_empty_pipe_wait_and_are_served_in_turn() -> None:
    pipe = opened()
    first, second, third = waiting(pipe, 60), waiting(pipe), waiting(pipe)
    pipe.write(BIND)
    assert (first, second, third) == ([(BIND_ACK[:60], True)], [(BIND_ACK[60:], False)], [])
    pipe.close()
    (broken,) = third
    assert isinstance(broken, SMBError)
    assert broken.status == NT.PIPE_BROKEN


def test_a_raw_read_takes_what_several_messages_have() -> None:
    pipe = opened()
    ends = waiting(pipe, 100, raw=True)
    pipe.write(BIND + REMOTE_TOD)
    assert ends == [((BIND_ACK + answered(bound(), REMOTE_TOD))[:100], False)]


def test_a_read_that_is_cancelled_takes_nothing() -> None:
    pipe = opened()
    read = pipe.receive(100)
    assert isinstance(read, Deferred)
    read.addErrback(lambda failure: failure.trap(CancelledError))
    read.cancel()
    pipe.write(BIND)
    assert pipe.receive(100) == (BIND_ACK, False)


def test_a_read_of_a_non_blocking_pipe_does_not_wait() -> None:
    pipe = opened()
    pipe.set_state(0x8100)
    with pytest.raises(SMBError) as empty:
        pipe.receive(10)
    assert empty.value.status == NT.PIPE_EMPTY


def test_transact_with_an_unread_answer_is_busy() -> None:
    pipe = opened()
    pipe.write(BIND)
    with pytest.raises(SMBError) as busy:
        pipe.transact(REMOTE_TOD, 1024)
    assert busy.value.status == NT.PIPE_BUSY


def test_the_rest_of_a_large_transact_comes_by_reads() -> None:
    pipe = bound()
    received = pipe.transact(REMOTE_TOD, 20)
    assert isinstance(received, tuple)
    first, more = received
    assert more
    rest, more = pipe.read(4280)
    assert not more
    assert len(first + rest) == int.from_bytes(first[8:10], "little")


def test_state_is_what_windows_open_response_shows_and_can_be_changed() -> None:
    pipe = opened()
    assert pipe.state == 0x05FF
    assert not pipe.nonblocking
    pipe.set_state(0x8000)
    assert pipe.state == 0x84FF
    assert pipe.nonblocking
    pipe.set_state(0x0100)
    assert pipe.state == 0x05FF


def test_a_closed_pipe_takes_and_gives_nothing() -> None:
    service = PipeService(ListView())
    pipe, other = service.open("srvsvc", ADMIN), service.open("srvsvc", ADMIN)
    assert pipe.instances == 2
    pipe.close()
    pipe.close()
    assert other.instances == 1
    for use in (lambda: pipe.write(BIND), lambda: pipe.read(1)):
        with pytest.raises(SMBError) as refused:
            use()
        assert refused.value.status == NT.INVALID_HANDLE


def test_opening_a_pipe_and_binding_do_not_load_impacket() -> None:
    """impacket's RPC stack takes a tenth of a second to import: only the first call may pay for it."""
    program = (
        "import sys\n"
        "from fakesmb.rpc.pipes import PipeService\n"
        "from fakesmb.rpc.view import Caller\n"
        "pipe = PipeService(None).open('srvsvc', Caller())\n"
        f"print(len(pipe.transact(bytes.fromhex('{BIND.hex()}'), 99)[0]))\n"
        "print([name for name in sys.modules if name.startswith('impacket')])\n"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout == "68\n[]\n"


@pytest.mark.parametrize("interface", ["srvsvc", "wkssvc", "lsarpc", "samr", "epmapper", "dssetup"])
def test_who_is_anonymous_is_told_nothing_where_listing_is_off(interface: str) -> None:
    """By none of an interface's operations, not by those that nobody has heard of either."""
    path = "lsarpc" if interface == "dssetup" else interface
    for caller, off in ((NOBODY, True), (NOBODY, False), (USER, True)):
        service = PipeService(ListView(), anonymous_listing=not off)
        transport = PipeTransport(service.open(path, caller))
        dce = transport.get_dce_rpc()
        dce.connect()
        dce.bind(INTERFACES[interface].syntax.encode())
        denied = []
        for operation in range(80):
            dce.call(operation, b"")
            try:
                dce.recv()
            except DCERPCException as error:
                denied.append("access_denied" in str(error))
            else:
                denied.append(False)
        assert all(denied) is (caller is NOBODY and off and interface in LISTING)


def test_many_requests_in_one_write_are_answered_in_turns() -> None:
    """125 KB of them kept everybody else waiting for seconds. A read waits for its answer, a close ends the rest."""
    turn, later = Turn(), list[Callable[[], None]]()
    turn.now, turn.later = count(0, 0.001).__next__, later.append
    service = PipeService(ListView(), turn=turn)
    pipe = service.open("\\srvsvc", ADMIN)
    requests = [request(bytes(4), call=number) for number in range(2, 102)]
    assert pipe.write(BIND + b"".join(requests[:50])) == len(BIND) + 50 * len(requests[0])
    answered = 0
    while pipe.available:
        pipe.read(10_000)
        answered += 1
    assert 0 < answered < 30
    assert pipe.write(b"".join(requests[50:])) == 50 * len(requests[0])
    assert not pipe.available
    read = waiting(pipe)
    assert read == []
    while later:
        turn.spare()
        later.pop()()
    (first,) = read
    assert isinstance(first, tuple)
    calls = [first[0][12]]
    while pipe.available:
        calls.append(pipe.read(10_000)[0][12])
    assert calls == list(range(answered + 1, 102))
    pipe.write(b"".join(requests))
    pipe.close()
    while later:
        later.pop()()
    assert not pipe.available
