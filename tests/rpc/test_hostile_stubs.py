"""Stub data from strangers, for every operation of every interface: a response or a fault, nothing else."""

import importlib
import struct
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakesmb.rpc import stub
from fakesmb.rpc.faults import Fault
from fakesmb.rpc.interface import Surroundings, Traffic
from fakesmb.rpc.pipes import ENDPOINTS, SERVICES, Pipe, PipeService
from fakesmb.wire.dcerpc import FaultStatus, Flag, PacketType, pdu
from fakesmb.wire.interfaces import INTERFACES
from tests.examples import examples
from tests.rpc.rpc_client import ADMIN, ListView, answered

NDR = bytes.fromhex("045d888aeb1cc9119fe808002b104860 02000000")
OPENS = {
    "lsarpc": (44, bytes(40)),
    "samr": (57, struct.pack("<II", 0, 0x02000000)),
    "spoolss": (69, struct.pack("<5I", 0, 0, 0, 0, 0x02000000)),
    "svcctl": (15, struct.pack("<III", 0, 0, 0x02000000)),
    "winreg": (2, struct.pack("<II", 0, 0x02000000)),
}
"""How a handle is had, which most operations begin with."""


def operations(service: str) -> list[int]:
    module = importlib.import_module(SERVICES[service])
    return sorted(module.interface(Surroundings(ListView(), (), Traffic())).operations)


def table(service: str) -> Mapping[int, stub.Operation]:
    """The operations of an interface."""
    found: Mapping[int, stub.Operation] = (
        importlib.import_module(SERVICES[service])
        .interface(Surroundings(ListView(), (), Traffic()))
        .operations
    )
    return found


def pipe_of(service: str) -> Pipe:
    name = next(name for name, endpoint in ENDPOINTS.items() if service in endpoint.services)
    pipe = PipeService(ListView()).open(name, ADMIN)
    body = struct.pack("<HHIB3xHBx", 4280, 4280, 0, 1, 0, 1) + INTERFACES[service].syntax.encode() + NDR
    assert answered(pipe, pdu(PacketType.BIND, 1, body))[2] == PacketType.BIND_ACK
    return pipe


def call(pipe: Pipe, operation: int, stub: bytes, *, big: bool = False) -> bytes:
    """The whole answer, stub after header. Of a big-endian call only the label differs: the header is turned."""
    order = ">" if big else "<"
    length = 24 + len(stub)
    head = struct.pack(f"{order}BBBB4sHHIIHH", 5, 0, 0, Flag.WHOLE, bytes(4) if big else b"\x10\0\0\0",
                       length, 0, 2, len(stub), 0, operation)  # fmt: skip
    answer = answered(pipe, head + stub)
    assert answer[2] in (PacketType.RESPONSE, PacketType.FAULT)
    while pipe.available:
        answer += pipe.read(70_000)[0][24:]
    return answer


def strangers(data: st.DataObject) -> bytes:
    """Pieces of numbers and bytes, so that counts and pointers come about."""
    numbers = st.sampled_from([0, 1, 2, 3, 6, 8, 16, 20, 1000, 0x20000, 0xFFFFFFFF]).map(
        lambda number: struct.pack("<I", number)
    )
    return b"".join(data.draw(st.lists(numbers | st.binary(max_size=8), max_size=30)))


@given(st.sampled_from(sorted(SERVICES)), st.booleans(), st.data())
@settings(max_examples=examples(500), deadline=None)
def test_no_stub_data_gets_out_as_an_exception(service: str, big: bool, data: st.DataObject) -> None:
    pipe = pipe_of(service)
    begin = b""
    if service in OPENS:
        answer = call(pipe, *OPENS[service])
        begin = answer[24:44]
    for operation in data.draw(st.lists(st.sampled_from(operations(service)), min_size=1, max_size=4)):
        stub = strangers(data)
        call(pipe, operation, stub, big=big)
        call(pipe, operation, begin + stub, big=big)


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_takes_an_empty_stub_and_a_long_one(service: str) -> None:
    for operation in operations(service):
        for given_stub in (b"", bytes(4000), b"\xff" * 4000):
            call(pipe_of(service), operation, given_stub)


COUNTED = [
    (service, operation)
    for service in ("lsarpc", "samr")
    for operation in operations(service)
    if table(service)[operation].counts
]


@pytest.mark.parametrize(("service", "operation"), COUNTED)
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("big", [False, True])
def test_too_many_names_are_refused_before_they_are_read(
    service: str, operation: int, which: int, big: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30,000 names of nothing fit one request, and reading them took seconds."""
    one = table(service)[operation]
    monkeypatch.setattr(stub, "read_request", lambda *_, **__: pytest.fail("they were read"))
    data = bytearray(250_000)
    struct.pack_into(">I" if big else "<I", data, one.counts[which][0], 1001)
    with pytest.raises(Fault) as refused:
        stub.decode(one, bytes(data), big_endian=big)
    assert refused.value.status == FaultStatus.BAD_STUB_DATA


def test_lookups_are_bounded() -> None:
    assert len(COUNTED) == 7
