"""The small interfaces: what an endpoint tells of itself, and whether this machine is in a domain."""

import struct
from typing import Any

import pytest
from impacket.dcerpc.v5 import dssp, mgmt
from impacket.dcerpc.v5.rpcrt import DCERPCException

from fakesmb.rpc.stub import Win32
from fakesmb.rpc.view import ServerFacts
from tests.rpc.rpc_client import NOBODY, ListView, connect, raw


def inquirer(name: str = "lsarpc") -> Any:
    return connect(name, mgmt.MSRPC_UUID_MGMT, NOBODY)


def test_the_interfaces_of_an_endpoint() -> None:
    """rpcdump and nmap ask for these."""
    found = mgmt.hinq_if_ids(inquirer())["if_id_vector"]["if_id"]
    uuids = [one["Data"]["Uuid"].hex() for one in found]
    assert len(uuids) == 4
    assert uuids[:2] == ["785734123412cdabef000123456789ab", "785734123412cdabef000123456789ac"]
    assert len(mgmt.hinq_if_ids(inquirer("srvsvc"))["if_id_vector"]["if_id"]) == 3


def test_counters_count() -> None:
    dce = inquirer()
    before = struct.unpack("<II4II", raw(dce, 1, struct.pack("<I", 4)))
    after = struct.unpack("<II4II", raw(dce, 1, struct.pack("<I", 4)))
    assert before[:2] == (4, 4)
    assert after[2] == before[2] + 1
    assert raw(dce, 1, struct.pack("<I", 1))[:8] == struct.pack("<II", 1, 1)


def test_it_listens_and_goes_on() -> None:
    dce = inquirer()
    assert raw(dce, 2) == struct.pack("<II", 0, 1)
    assert raw(dce, 3) == struct.pack("<I", Win32.ACCESS_DENIED)
    assert raw(dce, 2) == struct.pack("<II", 0, 1)


@pytest.mark.parametrize(
    ("protocol", "room", "name", "status"),
    [
        (10, 100, b"FAKESMB$", 0),
        (9, 100, b"FAKESMB$", 0),
        (10, 8, b"", Win32.INSUFFICIENT_BUFFER),
        (16, 100, b"", 1747),
    ],
)
def test_whom_one_signs_in_to(protocol: int, room: int, name: bytes, status: int) -> None:
    stub = raw(inquirer(), 4, struct.pack("<II", protocol, room))
    most, _, size = struct.unpack_from("<III", stub)
    assert (most, stub[12 : 12 + size]) == (room, name + b"\0")
    assert struct.unpack("<I", stub[-4:]) == (status,)


def roles(facts: ServerFacts) -> Any:
    return connect("lsarpc", dssp.MSRPC_UUID_DSSP, NOBODY, ListView(facts))


def test_a_server_in_a_workgroup() -> None:
    stub = raw(roles(ServerFacts("FAKE", "LAB")), 0, struct.pack("<H", 1))
    assert struct.unpack_from("<IHxxHxxIIII", stub) == (0x20000, 1, 2, 0, 0x20004, 0, 0)
    assert "LAB\0".encode("utf-16-le") in stub
    assert stub[-4:] == bytes(4)


def test_nothing_is_under_way() -> None:
    dce = roles(ServerFacts("FAKE"))
    assert raw(dce, 0, struct.pack("<H", 2)) == struct.pack("<IHxxIHxxI", 0x20000, 2, 0, 0, 0)
    assert raw(dce, 0, struct.pack("<H", 3)) == struct.pack("<IHHI", 0x20000, 3, 0, 0)


def test_no_other_levels() -> None:
    assert raw(roles(ServerFacts("FAKE")), 0, struct.pack("<H", 4)) == struct.pack("<II", 0, 87)


def test_no_other_operations() -> None:
    with pytest.raises(DCERPCException, match="nca_s_op_rng_error"):
        raw(roles(ServerFacts("FAKE")), 1, bytes(8))
