"""epmapper through impacket's client: which interface is behind which pipe."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import epm
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import uuidtup_to_bin

from fakesmb.rpc.interface import Registered
from fakesmb.rpc.pipes import ENDPOINTS, SERVICES, PipeService
from fakesmb.rpc.services import epmapper
from fakesmb.rpc.services.epmapper import NOT_REGISTERED, Wanted, tower, wanted
from fakesmb.rpc.view import ServerFacts
from fakesmb.wire.dcerpc import Syntax
from fakesmb.wire.interfaces import INTERFACES
from tests.rpc.rpc_client import NOBODY, ListView, PipeTransport

SAMR = uuidtup_to_bin(("12345778-1234-ABCD-EF00-0123456789AC", "1.0"))
HERE = Registered("samr", INTERFACES["samr"].syntax, "\\PIPE\\lsass")


def mapper(*, bind: bool = True) -> Any:
    service = PipeService(ListView(ServerFacts("Fake")))
    dce = PipeTransport(service.open("epmapper", NOBODY)).get_dce_rpc()
    dce.connect()
    if bind:
        dce.bind(epm.MSRPC_UUID_PORTMAP)
    return dce


def lookup(
    dce: Any, most: int, handle: bytes = bytes(20), inquiry: bytes = bytes(12)
) -> tuple[bytes, list[str], int]:
    """A handle to go on with, annotations, and the status."""
    dce.call(2, inquiry + struct.pack("<I", 1) + handle + struct.pack("<I", most))
    stub = dce.recv()
    count, room, _, actual = struct.unpack_from("<IIII", stub, 20)
    assert (room, actual) == (most, count)
    names, at = [], 36
    for _ in range(count):
        at += -at % 4
        (size,) = struct.unpack_from("<I", stub, at + 24)
        names.append(stub[at + 28 : at + 28 + size - 1].decode())
        at += 28 + size
    return stub[:20], names, struct.unpack("<I", stub[-4:])[0]


def test_all_endpoints_as_rpcdump_lists_them() -> None:
    dce = mapper(bind=False)
    found = epm.hept_lookup(None, dce=dce)
    told = [one["annotation"].rstrip(b"\0").decode() for one in found]
    assert told[:8] == ["srvsvc", "wkssvc", "srvsvc", "wkssvc", "lsarpc", "samr", "dssetup", "epmapper"]
    assert set(told) == set(SERVICES) - {"mgmt"}
    assert len(told) == ENDPOINTS_THERE
    bindings = [epm.PrintStringBinding(one["tower"]["Floors"]) for one in found]
    assert bindings[0] == "ncacn_np:\\\\FAKE[\\PIPE\\srvsvc]"
    assert bindings[5] == "ncacn_np:\\\\FAKE[\\PIPE\\lsass]"


ENDPOINTS_THERE = sum(
    len([name for name in services if name != "mgmt"])
    for services in {endpoint.path: endpoint.services for endpoint in ENDPOINTS.values()}.values()
)


@pytest.mark.parametrize(
    ("most", "sizes"),
    [
        (1, [1] * ENDPOINTS_THERE + [0]),
        (ENDPOINTS_THERE - 2, [ENDPOINTS_THERE - 2, 2]),
        (ENDPOINTS_THERE, [ENDPOINTS_THERE, 0]),
        (ENDPOINTS_THERE + 1, [ENDPOINTS_THERE]),
    ],
)
def test_endpoints_come_in_pieces(most: int, sizes: list[int]) -> None:
    """nmap's msrpc-enum goes on with the first handle until nothing comes, as Windows lets it."""
    dce = mapper()
    handle, names, status = lookup(dce, most)
    pieces = [names]
    first = handle
    while handle != bytes(20):
        assert (handle, status) == (first, 0)
        handle, names, status = lookup(dce, most, first)
        pieces.append(names)
    assert [len(piece) for piece in pieces] == sizes
    assert status == (0 if sizes[-1] else NOT_REGISTERED)
    if len(sizes) > 1:
        with pytest.raises(DCERPCException, match="context_mismatch"):
            lookup(dce, most, first)


def test_a_list_can_be_left() -> None:
    dce = mapper()
    handle, names, _ = lookup(dce, 2)
    assert len(names) == 2
    dce.call(4, handle)
    assert dce.recv() == bytes(24)
    with pytest.raises(DCERPCException, match="context_mismatch"):
        lookup(dce, 2, handle)


def inquiry(syntax: bytes) -> bytes:
    return struct.pack("<III", 1, 0, 0x20000) + syntax


@pytest.mark.parametrize(
    ("major", "minor", "option", "found"),
    [(1, 0, 1, True), (1, 0, 2, True), (1, 1, 2, False), (1, 0, 3, True), (2, 0, 4, False), (2, 0, 5, True)],
)
def test_endpoints_of_one_interface(major: int, minor: int, option: int, found: bool) -> None:
    dce = mapper()
    interface = SAMR[:16] + struct.pack("<HH", major, minor)
    dce.call(2, inquiry(interface) + struct.pack("<I", option) + bytes(20) + struct.pack("<I", 10))
    stub = dce.recv()
    count, status = struct.unpack_from("<I", stub, 20)[0], struct.unpack("<I", stub[-4:])[0]
    assert (count, status) == ((1, 0) if found else (0, NOT_REGISTERED))


def mapped(dce: Any, octets: bytes, most: int = 4) -> tuple[int, int, bytes]:
    padded = struct.pack("<II", len(octets), len(octets)) + octets + bytes(-len(octets) % 4)
    dce.call(3, struct.pack("<II", 0, 0x20000) + padded + bytes(20) + struct.pack("<I", most))
    stub = dce.recv()
    return struct.unpack_from("<I", stub, 20)[0], struct.unpack("<I", stub[-4:])[0], stub


def test_a_tower_is_mapped_to_a_pipe() -> None:
    octets = tower(HERE, "")
    count, status, stub = mapped(mapper(), octets)
    assert (count, status) == (1, 0)
    assert tower(HERE, "FAKE") in stub


def test_towers_of_other_protocols_and_interfaces_are_not() -> None:
    octets = tower(HERE, "")
    tcp = octets.replace(b"\x01\x00\x0f", b"\x01\x00\x07")
    elsewhere = octets.replace(SAMR[:16], bytes(16))
    for one in (tcp, elsewhere):
        assert mapped(mapper(), one)[:2] == (0, NOT_REGISTERED)


def test_a_tower_says_what_it_wants() -> None:
    assert wanted(tower(HERE, "X")) == Wanted(HERE.syntax, frozenset({0x0B, 0x0F, 0x11}))


@given(st.binary(max_size=120), st.integers(0, 60))
def test_no_tower_breaks_anything(data: bytes, cut: int) -> None:
    for octets in (data, tower(HERE, "X")[:cut] + data):
        try:
            found = wanted(octets)
        except (ValueError, struct.error, IndexError):
            continue
        assert isinstance(found.interface, Syntax)


def test_versions_fit_as_asked() -> None:
    known = Syntax(HERE.syntax.uuid, 2, 3)
    asked = Syntax(HERE.syntax.uuid, 2, 4)
    fits = [epmapper._fits(known, asked, option) for option in (1, 2, 3, 4, 5)]
    assert fits == [True, False, False, True, True]
