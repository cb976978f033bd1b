"""DCE/RPC on a pipe: golden PDUs, fragments, faults, and bytes from strangers."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from impacket.dcerpc.v5 import srvs
from impacket.dcerpc.v5.rpcrt import DCERPCException

from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc import pipes
from fakesmb.rpc.assembly import LONGEST_REQUEST_FRAGMENT, MAX_REQUEST
from fakesmb.rpc.association import LEAST_FRAGMENT, MAX_FRAGMENT, Association
from fakesmb.rpc.faults import Fault
from fakesmb.rpc.groups import Groups
from fakesmb.rpc.interface import Client, Interface
from fakesmb.rpc.pipes import PipeService
from fakesmb.rpc.view import Caller
from fakesmb.wire.dcerpc import FaultStatus, NakReason, PacketType, Syntax, pdu
from tests.examples import examples
from tests.rpc.rpc_client import (
    ADMIN,
    BIND,
    BIND_ACK,
    NDR,
    REMOTE_TOD,
    SRVSVC,
    SRVSVC_ID,
    ListView,
    answered,
    bound,
    connect,
    opened,
    request,
)


def kind_of(answer: bytes) -> int:
    return answer[2]


def fault_of(answer: bytes) -> int:
    assert kind_of(answer) == PacketType.FAULT
    assert len(answer) == 32
    return int(struct.unpack_from("<I", answer, 24)[0])


def test_the_72_byte_bind_gets_the_68_byte_ack_of_windows_xp() -> None:
    """Byte for byte what the capture shows, but for the association group, which servers number."""
    assert len(BIND) == 72
    pipe = opened()
    assert pipe.write(BIND) == 72
    assert pipe.read(1024) == (BIND_ACK, False)
    assert len(BIND_ACK) == 68


def test_pdus_cut_anywhere_and_several_in_one_write_come_to_the_same() -> None:
    whole = opened()
    whole.write(BIND + REMOTE_TOD)
    expected = [whole.read(5000)[0], whole.read(5000)[0]]
    bytewise = opened()
    for byte in BIND + REMOTE_TOD:
        bytewise.write(bytes([byte]))
    assert [bytewise.read(5000)[0], bytewise.read(5000)[0]] == expected
    assert [kind_of(one) for one in expected] == [PacketType.BIND_ACK, PacketType.RESPONSE]


def bind_of(*contexts: tuple[int, str, list[str]], group: int = 0, fragment: int = 4280) -> bytes:
    body = struct.pack("<HHIBBH", fragment, fragment, group, len(contexts), 0, 0)
    for number, interface, transfers in contexts:
        body += struct.pack("<HBB", number, len(transfers), 0) + bytes.fromhex(interface)
        body += b"".join(map(bytes.fromhex, transfers))
    return pdu(PacketType.BIND, 1, body)


def results_of(ack: bytes) -> list[tuple[int, int, str]]:
    at = 26 + struct.unpack_from("<H", ack, 24)[0]
    at += -at % 4
    count, at = ack[at], at + 4
    fields = [struct.unpack_from("<HH20s", ack, at + 24 * i) for i in range(count)]
    assert len(ack) == at + 24 * count
    return [(result, reason, syntax.hex()) for result, reason, syntax in fields]


NDR64 = "33057171babe37498319b5dbef9ccc36 01000000"
FEATURES = "2c1cb76c12984045 0300000000000000 01000000"
ZERO = "00" * 20


def test_every_context_of_a_bind_is_judged_for_itself() -> None:
    """Windows Vista and later offer NDR, NDR64 and the feature negotiation in three contexts."""
    unknown = "00" * 15 + "01 0100 0000"
    newer = SRVSVC_ID[:-4] + "0100"
    wkssvc = "98d0ff6b12a11036983346c3f87e345a 0100 0000"
    bind = bind_of(
        (0, SRVSVC_ID, [NDR]),
        (1, SRVSVC_ID, [NDR64]),
        (2, SRVSVC_ID, [FEATURES]),
        (3, unknown, [NDR]),
        (4, wkssvc, [NDR64, NDR]),
        (5, newer, [NDR]),
    )
    ack = answered(opened(), bind)
    ndr = NDR.replace(" ", "")
    assert results_of(ack) == [
        (0, 0, ndr), (2, 2, ZERO), (3, 3, ZERO), (2, 1, ZERO), (0, 0, ndr), (2, 1, ZERO),
    ]  # fmt: skip


def nak_of(answer: bytes) -> int:
    """Why a bind was refused. The version is ours, and the PDU ends in padding as from Windows."""
    assert (kind_of(answer), len(answer), answer[18:]) == (PacketType.BIND_NAK, 24, b"\x01\x05" + bytes(4))
    return int(struct.unpack_from("<H", answer, 16)[0])


def test_an_association_group_that_is_not_there_cannot_be_joined() -> None:
    """Samba makes one then; Windows (and smbtorture's handles.random-assoc) does not."""
    pipe = opened()
    assert nak_of(answered(pipe, bind_of((0, SRVSVC_ID, [NDR]), group=0x61AE))) == 0
    with pytest.raises(SMBError):
        pipe.write(BIND)


def test_a_group_is_there_as_long_as_one_of_its_pipes() -> None:
    service = PipeService(ListView())
    first, second, late = (service.open("srvsvc", ADMIN) for _ in range(3))
    group = struct.unpack_from("<I", answered(first, BIND), 20)[0]
    bind = bind_of((0, SRVSVC_ID, [NDR]), group=group)
    assert struct.unpack_from("<I", answered(second, bind), 20) == (group,)
    first.close()
    second.close()
    assert nak_of(answered(late, bind)) == NakReason.NOT_SPECIFIED


def test_two_pipes_get_two_groups() -> None:
    service = PipeService(ListView())
    acks = [answered(service.open("srvsvc", ADMIN), BIND) for _ in range(2)]
    assert acks[0][20:24] != acks[1][20:24]


def test_another_version_gets_a_bind_nak_that_names_ours() -> None:
    assert nak_of(answered(opened(), b"\x06" + BIND[1:])) == NakReason.PROTOCOL


def test_a_bind_in_big_endian_is_answered_in_little_endian() -> None:
    """Each side sends in its own byte order ([C706] 14.2.5)."""
    interface = "4b324fc8 1670 01d3 1278 5a47bf6ee188 00000003"
    ndr = "8a885d04 1ceb 11c9 9fe8 08002b104860 00000002"
    bind = bytes.fromhex("05000b03 00000000 0048 0000 00000001 10b8 10b8 00000000 01000000 0000 01 00")
    assert answered(opened(), bind + bytes.fromhex(interface + ndr)) == BIND_ACK


def test_a_bind_to_nothing_is_refused() -> None:
    assert nak_of(answered(opened(), bind_of())) == NakReason.NOT_SPECIFIED
    assert nak_of(answered(opened(), bind_of((0, SRVSVC_ID, [])))) == NakReason.NOT_SPECIFIED


def test_a_second_bind_ends_the_pipe() -> None:
    assert nak_of(answered(bound(), BIND)) == NakReason.NOT_SPECIFIED


def test_alter_context_adds_an_interface_and_has_no_address() -> None:
    pipe = bound()
    wkssvc = "98d0ff6b12a11036983346c3f87e345a 0100 0000"
    alter = bytearray(bind_of((1, wkssvc, [NDR])))
    alter[2] = PacketType.ALTER_CONTEXT
    answer = answered(pipe, alter)
    assert kind_of(answer) == PacketType.ALTER_CONTEXT_RESP
    assert answer[24:28] == bytes(4)
    assert results_of(answer)[0][:2] == (0, 0)
    info = answered(pipe, request(struct.pack("<II", 0, 100), operation=0, context=1))
    assert kind_of(info) == PacketType.RESPONSE


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request(operation=99), FaultStatus.OPERATION_RANGE),
        (request(context=7), FaultStatus.UNKNOWN_INTERFACE),
        (request(b"\x01", operation=15), FaultStatus.BAD_STUB_DATA),
        (request(b"\xff" * 200, operation=15), FaultStatus.BAD_STUB_DATA),
    ],
    ids=["operation", "context", "short stub", "senseless stub"],
)
def test_calls_that_cannot_be_run_get_their_fault_and_the_pipe_lives(data: bytes, status: int) -> None:
    pipe = bound()
    answer = answered(pipe, data)
    assert fault_of(answer) == status
    assert answer[3] == 0x23  # whole, did not execute
    assert kind_of(answered(pipe, REMOTE_TOD)) == PacketType.RESPONSE


def test_hostile_stub_data_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """impacket logs each field it fails on; a stranger must not fill anyone's log with it."""
    bound().transact(request(b"\xff" * 64, operation=15), 4280)
    assert not caplog.records


def test_a_request_before_bind_ends_the_pipe_after_its_fault() -> None:
    pipe = opened()
    assert fault_of(answered(pipe, REMOTE_TOD)) == FaultStatus.PROTOCOL
    with pytest.raises(SMBError) as refused:
        pipe.write(BIND)
    assert refused.value.status == NT.PIPE_DISCONNECTED


def test_an_unknown_pdu_type_ends_the_pipe_after_its_fault() -> None:
    pipe = bound()
    assert fault_of(answered(pipe, pdu(PacketType.RESPONSE, 3, bytes(8)))) == FaultStatus.PROTOCOL
    with pytest.raises(SMBError):
        pipe.read(1)


def test_cancel_and_orphaned_are_taken_without_an_answer() -> None:
    pipe = bound()
    pipe.write(pdu(PacketType.ORPHANED, 2, b""))
    pipe.write(pdu(PacketType.CO_CANCEL, 2, b""))
    assert pipe.available == 0
    assert kind_of(answered(pipe, REMOTE_TOD)) == PacketType.RESPONSE


def test_another_call_amid_one_ends_the_pipe() -> None:
    """Calls side by side were not negotiated: the fault is about the call that was under way."""
    pipe = bound()
    pipe.write(request(b"", flags=1, call=7))
    answer = answered(pipe, request(bytes(4), call=8))
    assert (fault_of(answer), struct.unpack_from("<I", answer, 12)) == (FaultStatus.PROTOCOL, (7,))
    with pytest.raises(SMBError):
        pipe.write(REMOTE_TOD)


def test_a_request_in_three_fragments_is_one_call() -> None:
    pipe = bound()
    stub = bytes.fromhex("00000000 65000000")  # no server name, level 101
    pipe.write(request(stub[:2], operation=21, flags=1))
    pipe.write(request(stub[2:5], operation=21, flags=0))
    assert pipe.available == 0
    whole = bound().transact(request(stub, operation=21), 4280)
    assert pipe.transact(request(stub[5:], operation=21, flags=2), 4280) == whole


def test_a_fragment_of_no_call_ends_the_pipe_after_its_fault() -> None:
    pipe = bound()
    assert fault_of(answered(pipe, request(b"abc", flags=0))) == FaultStatus.PROTOCOL
    with pytest.raises(SMBError) as refused:
        pipe.read(10)
    assert refused.value.status == NT.PIPE_DISCONNECTED


def test_a_request_that_never_ends_is_cut_off() -> None:
    pipe = bound()
    pipe.write(request(bytes(4000), flags=1))
    for _ in range(MAX_REQUEST // 4000 + 1):
        if pipe.available:
            break
        pipe.write(request(bytes(4000), flags=0))
    assert fault_of(pipe.read(100)[0]) == FaultStatus.ACCESS_DENIED


def test_a_fragment_longer_than_any_ends_the_pipe() -> None:
    pipe = bound()
    assert fault_of(answered(pipe, request(bytes(LONGEST_REQUEST_FRAGMENT)))) == FaultStatus.PROTOCOL
    with pytest.raises(SMBError):
        pipe.write(REMOTE_TOD)


class Echo:
    """Answers with a stub of the size the request names."""

    def call(self, operation: int, stub: bytes, client: Client) -> bytes:
        if operation:
            raise Fault(operation, executed=True)
        return bytes(i & 0xFF for i in range(int.from_bytes(stub, "little")))


def echo_association(fragment: int) -> Association:
    def find(syntax: Syntax) -> tuple[str, Interface]:
        return "echo", Echo()

    one = Association(find, "\\PIPE\\echo", Groups(), Caller())
    one.feed(bind_of((0, SRVSVC_ID, [NDR]), fragment=fragment))
    assert [kind_of(answer) for answer in one.answers()] == [PacketType.BIND_ACK]
    return one


@given(fragment=st.integers(0, 6000), size=st.integers(0, 9000))
@settings(max_examples=60, deadline=None)
def test_responses_are_cut_to_the_fragment_size_the_client_takes(fragment: int, size: int) -> None:
    one = echo_association(fragment)
    one.feed(request(struct.pack("<I", size), operation=0))
    answers = list(one.answers())
    limit = max(min(fragment, MAX_FRAGMENT), LEAST_FRAGMENT)
    assert all(len(answer) <= limit for answer in answers)
    assert all((len(answer) - 24) % 8 == 0 for answer in answers[:-1])
    assert [answer[3] & 1 for answer in answers] == [1] + [0] * (len(answers) - 1)
    assert [answer[3] & 2 for answer in answers] == [0] * (len(answers) - 1) + [2]
    assert b"".join(answer[24:] for answer in answers) == bytes(i & 0xFF for i in range(size))
    assert struct.unpack_from("<I", answers[0], 16) == (size,)


def test_a_fault_of_a_call_that_ran_says_so() -> None:
    one = echo_association(4280)
    one.feed(request(operation=5))
    (answer,) = one.answers()
    assert fault_of(answer) == 5
    assert answer[3] == 0x03


def test_impackets_client_speaks_in_tiny_fragments() -> None:
    dce = connect(fragment=8)
    shares = srvs.hNetrShareEnum(dce, 1)["InfoStruct"]["ShareInfo"]["Level1"]["Buffer"]
    assert len(shares) == 4


def test_impackets_client_is_refused_an_interface_that_is_elsewhere() -> None:
    with pytest.raises(DCERPCException, match="abstract_syntax_not_supported"):
        connect("srvsvc", SRVSVC[:15] + b"\0" + SRVSVC[16:])


@contextmanager
def disconnected_at_worst() -> Iterator[None]:
    """Lets one status through, and no other exception."""
    try:
        yield
    except SMBError as error:
        if error.status != NT.PIPE_DISCONNECTED:
            raise


@given(st.lists(st.binary(max_size=300), max_size=6))
@settings(max_examples=examples(150), deadline=None)
def test_garbage_ends_in_an_answer_or_a_status(writes: list[bytes]) -> None:
    pipe = opened()
    with disconnected_at_worst():
        for data in writes:
            pipe.write(data)
            while pipe.available:
                pipe.read(100)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 3, 8, 9, 10, 12, 14, 15, 16, 17, 21, 23, 24, 26, 30, 33, 36]), st.binary()
        ),
        max_size=5,
    )
)
@settings(max_examples=examples(150), deadline=None)
def test_no_stub_data_gets_past_the_pipe_as_an_exception(calls: list[tuple[int, bytes]]) -> None:
    pipe = bound()
    for operation, stub in calls:
        assert kind_of(answered(pipe, request(stub, operation=operation))) in (2, 3)
        while pipe.available:
            pipe.read(70_000)


@given(st.data())
@settings(max_examples=examples(100), deadline=None)
def test_bytes_changed_in_good_pdus_never_raise(data: st.DataObject) -> None:
    stream = bytearray(BIND + REMOTE_TOD + request(struct.pack("<II", 0, 101), operation=21))
    for _ in range(data.draw(st.integers(1, 6))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    pipe = opened()
    with disconnected_at_worst():
        pipe.write(bytes(stream))
        while pipe.available:
            pipe.read(50)


def test_answers_that_nobody_reads_end_the_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "MAX_BACKLOG", 1000)
    pipe = bound()
    pipe.write(REMOTE_TOD * 100)
    assert 1000 < pipe.available < 1200
    with pytest.raises(SMBError) as refused:
        pipe.write(REMOTE_TOD)
    assert refused.value.status == NT.PIPE_DISCONNECTED
