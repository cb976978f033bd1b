"""Stubs in big-endian byte order, as a big-endian Samba client packs them (golden bytes), and in ours."""

import importlib
from typing import Any

import pytest

from fakesmb.rpc.byteorder import Reader, turned, uuid_turned
from fakesmb.rpc.faults import Fault
from fakesmb.rpc.interface import Surroundings, Traffic
from fakesmb.rpc.stub import Operation, TableInterface, decode
from tests.rpc.rpc_client import ListView

BIG_HANDLE = "0102030405060708090a0b0c0d0e0f1011121314"
LITTLE_HANDLE = "04030201080706050a090c0b0d0e0f1011121314"

CASES = {
    ("lsarpc", 58): (  # LsarLookupNames2
        BIG_HANDLE + "00000002000000020006000600020000000a000a000200040000000300000000000000030042006f0062"
        "00000000000500000000000000050047007200fc00df0065000000000000000000000001000000000000"
        "0000000000000002",
        LITTLE_HANDLE + "020000000200000006000600000002000a000a000400020003000000000000000300000042006f006200"
        "000005000000000000000500000047007200fc00df006500000000000000000000000100000000000000"
        "0000000002000000",
    ),
    ("lsarpc", 15): (  # LsarLookupSids
        BIG_HANDLE + "000000020002000000000002000200040002000800000002010200000000000500000020000002200000"
        "0005010500000000000500000015000000010000000200000003000003ed000000000000000000010000"
        "00000000",
        LITTLE_HANDLE + "020000000000020002000000040002000800020002000000010200000000000520000000200200000500"
        "0000010500000000000515000000010000000200000003000000ed030000000000000000000001000000"
        "00000000",
    ),
    ("srvsvc", 16): (  # NetrShareGetInfo
        "00020000000000060000000000000006005c005c00730072007600000000000700000000000000070070"
        "00750062006c006900630000000000000002",
        "000002000600000000000000060000005c005c0073007200760000000700000000000000070000007000"
        "750062006c00690063000000000002000000",
    ),
    ("samr", 17): (  # SamrLookupNamesInDomain
        BIG_HANDLE + "00000001000003e8000000000000000100060006000200000000000300000000000000030062006f0062",
        LITTLE_HANDLE
        + "01000000e80300000000000001000000060006000000020003000000000000000300000062006f006200",
    ),
    ("samr", 18): (  # SamrLookupIdsInDomain
        BIG_HANDLE + "00000002000003e80000000000000002000001f4000003ed",
        LITTLE_HANDLE + "02000000e80300000000000002000000f4010000ed030000",
    ),
    ("lsarpc", 16): (  # LsarCreateSecret
        BIG_HANDLE + "0006000600020000000000030000000000000003004700240078000002000000",
        LITTLE_HANDLE + "0600060000000200030000000000000003000000470024007800000000000002",
    ),
    ("lsarpc", 29): (  # LsarSetSecret
        BIG_HANDLE + "00020000000000080000000800020004000000080000000000000008414243444546474800000000",
        LITTLE_HANDLE + "00000200080000000800000004000200080000000000000008000000414243444546474800000000",
    ),
    ("lsarpc", 30): (  # LsarQuerySecret
        BIG_HANDLE + "00020000000000000002000400000000000000000000000000000000",
        LITTLE_HANDLE + "00000200000000000400020000000000000000000000000000000000",
    ),
    ("lsarpc", 37): (  # LsarAddAccountRights
        BIG_HANDLE + "00000005010500000000000500000015000000010000000200000003000003ed00000001000200000000"
        "0001002200240002000400000012000000000000001100530065004200610063006b0075007000500072"
        "006900760069006c006500670065",
        LITTLE_HANDLE + "05000000010500000000000515000000010000000200000003000000ed03000001000000000002000100"
        "00002200240004000200120000000000000011000000530065004200610063006b007500700050007200"
        "6900760069006c00650067006500",
    ),
    ("lsarpc", 19): (  # LsarAddPrivilegesToAccount
        BIG_HANDLE + "000000010000000100000000000000110000000000000000",
        LITTLE_HANDLE + "010000000100000000000000110000000000000000000000",
    ),
}


def operation_of(pipe: str, number: int) -> Operation:
    module = importlib.import_module(f"fakesmb.rpc.services.{pipe}")
    interface: TableInterface = module.interface(Surroundings(ListView(), (), Traffic()))
    return interface.operations[number]


def arguments(pipe: str, number: int, stub: str, *, big: bool) -> list[Any]:
    return decode(operation_of(pipe, number), bytes.fromhex(stub), big_endian=big)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_byte_orders_say_the_same(case: tuple[str, int]) -> None:
    big, little = CASES[case]
    asked = arguments(*case, big, big=True)
    assert asked == arguments(*case, little, big=False)
    assert asked[0] != ""


def test_what_they_say() -> None:
    handle = bytes.fromhex(LITTLE_HANDLE)
    said = {case: arguments(*case, big, big=True) for case, (big, _) in CASES.items()}
    assert said["lsarpc", 58] == [handle, ["Bob", "Grüße"]]
    assert said["lsarpc", 15] == [handle, ["S-1-5-32-544", "S-1-5-21-1-2-3-1005"]]
    assert said["lsarpc", 37] == [handle, "S-1-5-21-1-2-3-1005", ["SeBackupPrivilege"]]
    assert said["lsarpc", 29] == [handle, (b"ABCDEFGH", None)]
    assert said["lsarpc", 30] == [handle, (True, True, False, False)]
    assert said["samr", 18] == [handle, [500, 1005]]
    assert said["srvsvc", 16] == ["public", 2]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_stub_that_ends_early_is_a_fault_in_either(case: tuple[str, int]) -> None:
    for stub, big in zip(CASES[case], (True, False), strict=True):
        for end in range(0, len(stub) // 2 - 8, 4):
            try:
                arguments(*case, stub[: 2 * end], big=big)
            except Fault:
                continue


def test_turning() -> None:
    assert turned(bytes.fromhex("0102 0304 05"), 2) == bytes.fromhex("0201 0403 05")
    assert uuid_turned(bytes(range(16))) == bytes.fromhex("03020100 0504 0706 08090a0b0c0d0e0f")


def test_a_reader_aligns_and_ends() -> None:
    reader = Reader(b"\1\0\0\0\2\0\0\0")
    assert (reader.numbers("B"), reader.number(), reader.at) == ((1,), 2, 8)
    with pytest.raises(ValueError, match="due at 8"):
        reader.take(1)
