"""Requests of as many elements as are allowed, and of more: none is read by what takes long for each."""

import struct

import pytest
from impacket.dcerpc.v5.ndr import NDR

from fakesmb.rpc.faults import Fault
from fakesmb.rpc.services import lsa_names, samr_groups, samr_lookups, srvsvc
from fakesmb.rpc.stub import MOST_WITH_ARRAYS, Operation, decode, has_arrays
from fakesmb.wire.dcerpc import FaultStatus

HANDLE = bytes(20)


def strings(count: int) -> bytes:
    texts = [f"name {number:05}".encode("utf-16-le") for number in range(count)]
    heads = b"".join(struct.pack("<HHI", len(text), len(text), 1) for text in texts)
    return heads + b"".join(struct.pack("<III", len(text) // 2, 0, len(text) // 2) + text for text in texts)


def sids(count: int) -> bytes:
    one = "<IBB6s5I"
    made = [struct.pack(one, 5, 1, 5, b"\0\0\0\0\0\5", 21, 1, 2, 3, number) for number in range(count)]
    return struct.pack("<III", count, 1, count) + b"\1\0\0\0" * count + b"".join(made)


def cases(count: int) -> list[tuple[Operation, bytes, object]]:
    names = [f"name {number:05}" for number in range(count)]
    texts = [f"S-1-5-21-1-2-3-{number}" for number in range(count)]
    of_names = HANDLE + struct.pack("<II", count, count) + strings(count)
    varying = HANDLE + struct.pack("<IIII", count, 1000, 0, count)
    return [
        *[(lsa_names.OPERATIONS[number], of_names, names) for number in (14, 58, 68)],
        *[(lsa_names.OPERATIONS[number], HANDLE + sids(count), texts) for number in (15, 57)],
        (samr_groups.OPERATIONS[16], HANDLE + sids(count), texts),
        (samr_lookups.OPERATIONS[17], varying + strings(count), names),
        (samr_lookups.OPERATIONS[18], varying + struct.pack(f"<{count}I", *range(count)), list(range(count))),
    ]


def test_a_thousand_are_read_by_our_own_reader() -> None:
    """impacket took 130 ms for them."""
    for operation, stub, expected in cases(1000):
        assert not issubclass(operation.request, NDR)
        assert decode(operation, stub) == [HANDLE, expected]


def test_more_are_refused() -> None:
    for operation, stub, _ in cases(1001):
        with pytest.raises(Fault) as refused:
            decode(operation, stub)
        assert refused.value.status == FaultStatus.BAD_STUB_DATA


def test_rows_in_the_request_of_an_enumeration() -> None:
    """Clients send none; ten thousand would be read for a third of a second."""
    operation = srvsvc.OPERATIONS[15]
    assert has_arrays(operation.request)
    for count in (0, 10, 10_000):
        rows = struct.pack("<III", count, 1, count) + bytes(4 * count)
        stub = struct.pack("<III", 0, 0, 0) + struct.pack("<I", 1) + rows + struct.pack("<III", 0, 0, 0)
        if len(stub) <= MOST_WITH_ARRAYS:
            assert decode(operation, stub)[0] == 0
            continue
        with pytest.raises(Fault) as refused:
            decode(operation, stub)
        assert refused.value.status == FaultStatus.BAD_STUB_DATA
