"""svcctl by impacket's client: services are listed and asked about, and nobody changes one."""

import struct
from typing import Any

import msgspec
import pytest
from impacket.dcerpc.v5 import scmr
from impacket.uuid import uuidtup_to_bin

from fakesmb.rpc.groups import Handles
from fakesmb.rpc.stub import Win32
from fakesmb.rpc.view import Caller, ShareKind, ShareRow
from tests.rpc.rpc_client import ADMIN, NOBODY, USER, ListView, code, connect, raw

SVCCTL = uuidtup_to_bin(("367ABB81-9844-35F1-AD32-98F038001003", "2.0"))
CONNECT_AND_LIST = 5


def client(caller: Caller = USER, view: Any = None, pipe: str = "svcctl") -> Any:
    return connect(pipe, SVCCTL, caller, view)


def manager(dce: Any, access: int = CONNECT_AND_LIST) -> Any:
    return scmr.hROpenSCManagerW(dce, dwDesiredAccess=access)["lpScHandle"]


def service(dce: Any, name: str = "LanmanServer", access: int = 0x0D) -> Any:
    return scmr.hROpenServiceW(dce, manager(dce), f"{name}\0", access)["lpServiceHandle"]


def names(rows: Any) -> dict[str, tuple[str, int]]:
    return {
        row["lpServiceName"].rstrip("\0"): (
            row["lpDisplayName"].rstrip("\0"),
            row["ServiceStatus"]["dwCurrentState"],
        )
        for row in rows
    }


@pytest.mark.parametrize("pipe", ["svcctl", "ntsvcs"])
def test_services_and_their_true_states(pipe: str) -> None:
    dce = client(pipe=pipe)
    found = names(scmr.hREnumServicesStatusW(dce, manager(dce)))
    assert list(found) == sorted(found)
    assert found["LanmanServer"] == ("Server", scmr.SERVICE_RUNNING)
    assert found["Dfs"] == ("Distributed File System", scmr.SERVICE_RUNNING)
    assert found["Spooler"][1] == found["Netlogon"][1] == scmr.SERVICE_STOPPED


def test_states_follow_the_server() -> None:
    view = ListView(share_rows=[ShareRow("lp", ShareKind.PRINT)], namespace_rows=())
    view.facts = msgspec.structs.replace(view.facts, domain_joined=True)
    dce = client(view=view)
    found = names(scmr.hREnumServicesStatusW(dce, manager(dce)))
    assert [found[name][1] for name in ("Spooler", "Dfs", "Netlogon")] == [4, 1, 4]


@pytest.mark.parametrize(("states", "there"), [(1, "LanmanServer"), (2, "Spooler")])
def test_lists_of_one_state(states: int, there: str) -> None:
    dce = client()
    found = names(scmr.hREnumServicesStatusW(dce, manager(dce), dwServiceState=states))
    assert there in found
    assert len(found) < 8
    kinds = names(scmr.hREnumServicesStatusW(dce, manager(dce), dwServiceType=0x10))
    assert list(kinds) == ["Dfs", "Spooler"]


def listed(
    dce: Any, room: int, resume: int = 0, *, extended: bool = False
) -> tuple[bytes, int, int, int, int]:
    """The buffer, bytes needed, entries, resume index, status."""
    head = manager(dce)
    if extended:
        stub = head + struct.pack("<6I", 0, 0x30, 3, room, 0x20000, resume) + bytes(4)
        answer = raw(dce, 42, stub)
    else:
        answer = raw(dce, 14, head + struct.pack("<5I", 0x30, 3, room, 0x20000, resume))
    assert struct.unpack_from("<I", answer) == (room,)
    needed, count, _, index, status = struct.unpack("<5I", answer[-20:])
    return answer[4 : 4 + room], needed, count, index, status


@pytest.mark.parametrize("extended", [False, True])
def test_a_list_in_parts_is_the_whole_list(extended: bool) -> None:
    dce = client()
    size = 44 if extended else 36
    _, needed, count, index, status = listed(dce, 0, extended=extended)
    assert (count, index, status) == (0, 0, Win32.MORE_DATA)
    whole = listed(dce, needed, extended=extended)
    assert whole[1:] == (0, 8, 0, Win32.OK)
    found, resume = [], 0
    while True:
        buffer, _, count, resume, status = listed(dce, 301, resume, extended=extended)
        for at in range(0, count * size, size):
            start = struct.unpack_from("<I", buffer, at)[0]
            found.append(buffer[start:].decode("utf-16-le", "ignore").split("\0")[0])
        if status == Win32.OK:
            break
        assert count
    assert found == sorted(found)
    assert len(found) == 8


def test_what_cannot_be_listed() -> None:
    dce = client()
    head = manager(dce)
    assert raw(dce, 14, head + struct.pack("<4I", 0, 3, 0, 0))[-4:] == struct.pack(
        "<I", Win32.INVALID_PARAMETER
    )
    assert raw(dce, 14, head + struct.pack("<4I", 0x30, 4, 0, 0))[-4:] == struct.pack(
        "<I", Win32.INVALID_PARAMETER
    )
    assert raw(dce, 14, head + struct.pack("<4I", 0x30, 3, 1 << 20, 0))[-4:] == struct.pack(
        "<I", Win32.INVALID_PARAMETER
    )
    assert raw(dce, 42, head + struct.pack("<6I", 1, 0x30, 3, 0, 0, 0))[-4:] == struct.pack(
        "<I", Win32.INVALID_LEVEL
    )


def test_status_configuration_and_names() -> None:
    dce = client()
    opened = service(dce, "dfs")
    status = scmr.hRQueryServiceStatus(dce, opened)["lpServiceStatus"]
    assert (status["dwServiceType"], status["dwCurrentState"], status["dwControlsAccepted"]) == (0x10, 4, 0)
    config = scmr.hRQueryServiceConfigW(dce, opened)["lpServiceConfig"]
    assert config["lpDisplayName"] == "Distributed File System\0"
    assert config["lpBinaryPathName"].endswith("Dfssvc.exe\0")
    assert config["lpDependencies"].startswith("LanmanServer\0LanmanWorkstation\0")
    assert config["dwStartType"] == scmr.SERVICE_AUTO_START
    told = raw(dce, 40, opened + struct.pack("<II", 0, 36))
    assert struct.unpack_from("<IIII", told) == (36, 0x10, 4, 0)
    assert struct.unpack("<II", told[-8:]) == (36, 0)
    short = raw(dce, 40, opened + struct.pack("<II", 0, 35))
    assert struct.unpack("<II", short[-8:]) == (36, Win32.INSUFFICIENT_BUFFER)
    assert raw(dce, 40, opened + struct.pack("<II", 1, 36))[-4:] == struct.pack("<I", Win32.INVALID_LEVEL)
    shown = raw(dce, 39, opened + struct.pack("<II", 1, 8192))
    assert "logical namespace" in shown[8 : 4 + 8192].decode("utf-16-le")
    assert raw(dce, 39, opened + struct.pack("<II", 2, 20))[-4:] == bytes(4)
    assert raw(dce, 39, opened + struct.pack("<II", 9, 20))[-4:] == struct.pack("<I", Win32.INVALID_LEVEL)
    assert raw(dce, 39, opened + struct.pack("<II", 1, 8193))[-4:] == struct.pack(
        "<I", Win32.INVALID_PARAMETER
    )
    lock = raw(dce, 18, manager(dce) + struct.pack("<I", 4096))
    assert (lock[:4], lock[-4:]) == (bytes(4), bytes(4))
    display = scmr.hRGetServiceDisplayNameW(dce, manager(dce), "SAMSS\0", 100)
    assert display["lpDisplayName"] == "Security Accounts Manager\0"
    key = scmr.hRGetServiceKeyNameW(dce, manager(dce), "print spooler\0", 100)
    assert key["lpDisplayName"] == "Spooler\0"
    assert (
        code(lambda: scmr.hRGetServiceDisplayNameW(dce, manager(dce), "SAMSS\0", 5))
        == Win32.INSUFFICIENT_BUFFER
    )
    assert (
        code(lambda: scmr.hRGetServiceKeyNameW(dce, manager(dce), "none\0", 5))
        == Win32.SERVICE_DOES_NOT_EXIST
    )


def test_who_depends_on_a_service() -> None:
    dce = client()
    answer = raw(dce, 13, service(dce, "LanmanWorkstation") + struct.pack("<II", 3, 4096))
    assert struct.unpack("<III", answer[-12:]) == (0, 2, 0)
    assert "Netlogon" in answer[4:4100].decode("utf-16-le", "ignore")


def test_there_is_no_such_thing() -> None:
    dce = client()
    assert code(lambda: service(dce, "nothing")) == Win32.SERVICE_DOES_NOT_EXIST
    assert code(lambda: service(dce, "x" * 300)) == Win32.INVALID_NAME
    wrong = raw(dce, 15, bytes(4) + struct.pack("<5I", 0x20000, 2, 0, 2, 0x580) + struct.pack("<I", 1))
    assert wrong[-4:] == struct.pack("<I", Win32.DATABASE_DOES_NOT_EXIST)
    assert code(lambda: scmr.hRQueryServiceStatus(dce, manager(dce))) == Win32.INVALID_HANDLE
    scmr.hRCloseServiceHandle(dce, service(dce))


def test_who_may_what() -> None:
    assert code(lambda: manager(client(NOBODY))) == Win32.ACCESS_DENIED
    assert code(lambda: manager(client(USER), 0x3F)) == Win32.ACCESS_DENIED
    assert code(lambda: service(client(USER), access=0x10)) == Win32.ACCESS_DENIED
    dce = client(ADMIN)
    assert manager(dce, 0xF003F)
    opened = service(dce, access=0xF01FF)
    assert code(lambda: scmr.hRStartServiceW(dce, opened)) == Win32.ACCESS_DENIED
    assert code(lambda: scmr.hRControlService(dce, opened, scmr.SERVICE_CONTROL_STOP)) == Win32.ACCESS_DENIED
    assert code(lambda: scmr.hRDeleteService(dce, opened)) == Win32.ACCESS_DENIED
    assert code(
        lambda: scmr.hRCreateServiceW(dce, manager(dce, 0xF003F), "x\0", "x\0", lpBinaryPathName="x\0")
    ) == (Win32.ACCESS_DENIED)
    assert code(lambda: scmr.hRChangeServiceConfigW(dce, opened)) == Win32.ACCESS_DENIED
    assert code(lambda: scmr.hRLockServiceDatabase(dce, manager(dce))) == Win32.ACCESS_DENIED
    descriptor = raw(dce, 4, opened + struct.pack("<II", 4, 16))
    assert struct.unpack("<II", descriptor[-8:]) == (0, Win32.ACCESS_DENIED)
    assert scmr.hRControlService(dce, opened, scmr.SERVICE_CONTROL_INTERROGATE)["lpServiceStatus"]
    stopped = service(dce, "Spooler")
    assert code(lambda: scmr.hRControlService(dce, stopped, 4)) == Win32.SERVICE_NOT_ACTIVE


def test_handles_are_bounded() -> None:
    dce = client()
    for _ in range(Handles.LIMIT):
        manager(dce)
    assert code(lambda: manager(dce)) == Win32.NO_SYSTEM_RESOURCES
