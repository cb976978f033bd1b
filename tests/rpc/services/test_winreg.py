"""winreg by impacket's client: the registry is read, and nobody changes it."""

import struct
from typing import Any

import msgspec
import pytest
from impacket.dcerpc.v5 import rrp
from impacket.uuid import uuidtup_to_bin

from fakesmb.rpc.groups import Handles
from fakesmb.rpc.services import registry
from fakesmb.rpc.stub import Win32
from fakesmb.rpc.view import Caller, ShareKind, ShareRow
from tests.rpc.rpc_client import ADMIN, NOBODY, NOW, USER, ListView, code, connect, raw

WINREG = uuidtup_to_bin(("338CD001-2244-31F1-AAAA-900038001003", "1.0"))
READ = 0x00020019
VERSION = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
SHARES = "SYSTEM\\CurrentControlSet\\Services\\LanmanServer\\Shares"


def client(caller: Caller = USER, view: Any = None) -> Any:
    return connect("winreg", WINREG, caller, view)


def machine(dce: Any, access: int = READ) -> Any:
    return rrp.hOpenLocalMachine(dce, access)["phKey"]


def key(dce: Any, path: str, access: int = READ) -> Any:
    return rrp.hBaseRegOpenKey(dce, machine(dce, access), path, samDesired=access)["phkResult"]


def test_what_the_machine_is() -> None:
    dce = client()
    opened = key(dce, VERSION)
    for name, told in (("ProductName", "Microsoft Windows Server 2003"), ("currentversion", "5.2")):
        assert rrp.hBaseRegQueryValue(dce, opened, name) == (rrp.REG_SZ, f"{told}\0")
    assert rrp.hBaseRegQueryValue(dce, opened, "InstallDate") == (rrp.REG_DWORD, int(NOW - 60))
    kind = key(dce, "System\\CurrentControlSet\\Control\\ProductOptions\\")
    assert rrp.hBaseRegQueryValue(dce, kind, "ProductType")[1] == "ServerNT\0"


def test_what_xp_asks_for() -> None:
    """As in the capture of an administration tool at XP."""
    dce = client()
    for path in ("Control\\ContentIndex", "Control\\Server Applications"):
        opened = key(dce, f"System\\CurrentControlSet\\{path}")
        assert rrp.hBaseRegGetVersion(dce, opened)["lpdwVersion"] == 5
        assert code(lambda opened=opened: rrp.hBaseRegEnumValue(dce, opened, 0)) == Win32.NO_MORE_ITEMS
        rrp.hBaseRegCloseKey(dce, opened)
    for operation in (3, 32, 33):
        assert raw(dce, operation, struct.pack("<II", 0, READ)) == bytes(20) + struct.pack("<I", 5)


def test_it_follows_the_configuration() -> None:
    view = ListView(
        share_rows=[ShareRow("lp", ShareKind.PRINT, "ink"), ShareRow("in", comment="x", path="C:\\in")]
    )
    view.facts = msgspec.structs.replace(
        view.facts,
        signing="required",
        anonymous_listing=False,
        product="Microsoft Windows XP",
        comment="here",
    )
    dce = client(view=view)
    parameters = key(dce, SHARES.replace("Shares", "Parameters"))
    assert rrp.hBaseRegQueryValue(dce, parameters, "RequireSecuritySignature")[1] == 1
    assert rrp.hBaseRegQueryValue(dce, parameters, "srvcomment")[1] == "here\0"
    share = rrp.hBaseRegQueryValue(dce, key(dce, SHARES), "in")
    assert share[0] == rrp.REG_MULTI_SZ
    assert "Path=C:\\in" in str(share[1])
    assert (
        rrp.hBaseRegQueryValue(dce, key(dce, "SYSTEM\\CurrentControlSet\\Control\\Lsa"), "restrictanonymous")[
            1
        ]
        == 1
    )
    options = key(dce, "SYSTEM\\CurrentControlSet\\Control\\ProductOptions")
    assert rrp.hBaseRegQueryValue(dce, options, "ProductType")[1] == "WinNT\0"
    assert key(dce, "SYSTEM\\CurrentControlSet\\Control\\Print\\Printers\\LP")


def test_keys_and_values_are_enumerated() -> None:
    dce = client()
    opened = key(dce, "SYSTEM\\CurrentControlSet\\Services\\LanmanServer")
    info = rrp.hBaseRegQueryInfoKey(dce, opened)
    assert (info["lpcSubKeys"], info["lpcValues"]) == (2, 7)
    names = [rrp.hBaseRegEnumKey(dce, opened, at)["lpNameOut"] for at in range(2)]
    assert names == ["Parameters\0", "Shares\0"]
    assert code(lambda: rrp.hBaseRegEnumKey(dce, opened, 2)) == Win32.NO_MORE_ITEMS
    values = [rrp.hBaseRegEnumValue(dce, opened, at, dataLen=500) for at in range(7)]
    assert [one["lpValueNameOut"].rstrip("\0") for one in values][:2] == ["Description", "DisplayName"]
    assert b"".join(values[1]["lpData"]).decode("utf-16-le") == "Server\0"
    whole = {"HARDWARE", "SAM", "SECURITY", "SOFTWARE", "SYSTEM"}
    root = machine(dce)
    assert {rrp.hBaseRegEnumKey(dce, root, at)["lpNameOut"].rstrip("\0") for at in range(5)} == whole


def query(dce: Any, opened: Any, room: int | None, *, data: bool) -> tuple[int, int, int]:
    """Type, size told and status of a value, asked for with or without a buffer."""
    name = "ProductType\0".encode("utf-16-le")
    stub = (
        opened.getData()
        + struct.pack("<HHIIII", len(name), len(name), 1, len(name) // 2, 0, len(name) // 2)
        + name
    )
    stub += struct.pack("<II", 2, 0)
    stub += struct.pack("<IIII", 3, room or 0, 0, 0) if data else bytes(4)
    stub += bytes(8) if room is None else struct.pack("<IIII", 4, room, 5, 0)
    answer = raw(dce, 17, stub)
    assert struct.unpack_from("<I", answer)[0]
    size = 0 if room is None else struct.unpack_from("<I", answer, len(answer) - 16)[0]
    return struct.unpack_from("<I", answer, 4)[0], size, struct.unpack("<I", answer[-4:])[0]


def test_a_value_tells_its_size_first() -> None:
    dce = client()
    opened = key(dce, "SYSTEM\\CurrentControlSet\\Control\\ProductOptions")
    assert query(dce, opened, 0, data=False) == (1, 18, Win32.OK)
    assert query(dce, opened, 17, data=True) == (1, 18, Win32.MORE_DATA)
    assert query(dce, opened, 18, data=True) == (1, 18, Win32.OK)
    assert query(dce, opened, None, data=False) == (1, 0, Win32.OK)
    assert query(dce, opened, None, data=True) == (1, 0, Win32.MORE_DATA)


def test_names_that_have_no_room() -> None:
    dce = client()
    opened = key(dce, "SYSTEM\\CurrentControlSet\\Services\\LanmanServer")
    none = raw(dce, 9, opened.getData() + struct.pack("<IHHI", 0, 0, 0, 0) + bytes(8))
    assert "Parameters" in none.decode("utf-16-le", "ignore")
    assert none[-4:] == bytes(4)
    small = struct.pack("<IHHI", 0, 0, 4, 0)
    assert raw(dce, 9, opened.getData() + small + bytes(8))[-4:] == struct.pack("<I", Win32.MORE_DATA)
    assert raw(dce, 10, opened.getData() + small + bytes(16))[-4:] == struct.pack("<I", Win32.MORE_DATA)


def test_other_roots() -> None:
    dce = client()
    users = rrp.hOpenUsers(dce)["phKey"]
    assert rrp.hBaseRegEnumKey(dce, users, 0)["lpNameOut"] == ".DEFAULT\0"
    mine = rrp.hOpenCurrentUser(dce)["phKey"]
    assert rrp.hBaseRegEnumKey(dce, mine, 0)["lpNameOut"] == "Control Panel\0"
    for empty in (rrp.hOpenClassesRoot(dce), rrp.hOpenCurrentConfig(dce)):
        assert code(lambda empty=empty: rrp.hBaseRegEnumKey(dce, empty["phKey"], 0)) == Win32.NO_MORE_ITEMS


def test_there_is_no_such_thing() -> None:
    dce = client()
    assert code(lambda: key(dce, "SYSTEM\\Nothing\\here")) == Win32.FILE_NOT_FOUND
    assert code(lambda: rrp.hBaseRegQueryValue(dce, machine(dce), "nothing")) == Win32.FILE_NOT_FOUND


def test_a_key_that_goes_is_gone() -> None:
    view = ListView(share_rows=[ShareRow("lp", ShareKind.PRINT)])
    dce = client(view=view)
    opened = key(dce, "SYSTEM\\CurrentControlSet\\Control\\Print\\Printers\\lp")
    view.share_rows = ()
    assert code(lambda: rrp.hBaseRegQueryValue(dce, opened, "Name")) == Win32.KEY_DELETED


def test_a_path_does_not_grow_by_names_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Any] = []
    give = Handles.give

    def kept(self: Handles, what: object = None) -> bytes | None:
        held.append(what)
        return give(self, what)

    monkeypatch.setattr(Handles, "give", kept)
    dce = client()
    opened = key(dce, "\\System\\\\Select\\")
    for _ in range(3):
        opened = rrp.hBaseRegOpenKey(dce, opened, "\\" * 1000, samDesired=READ)["phkResult"]
    assert held[-1].path == ("System", "Select")


def test_nobody_changes_it() -> None:
    assert code(lambda: machine(client(NOBODY))) == Win32.ACCESS_DENIED
    assert code(lambda: machine(client(USER), 0xF003F)) == Win32.ACCESS_DENIED
    dce = client(ADMIN)
    opened = key(dce, VERSION, 0xF003F)
    assert code(lambda: rrp.hBaseRegSetValue(dce, opened, "x", rrp.REG_SZ, "y")) == Win32.ACCESS_DENIED
    assert code(lambda: rrp.hBaseRegCreateKey(dce, opened, "x")) == Win32.ACCESS_DENIED
    assert code(lambda: rrp.hBaseRegDeleteKey(dce, opened, "x")) == Win32.ACCESS_DENIED
    assert code(lambda: rrp.hBaseRegDeleteValue(dce, opened, "x")) == Win32.ACCESS_DENIED
    assert code(lambda: rrp.hBaseRegSaveKey(dce, opened, "C:\\x")) == Win32.ACCESS_DENIED
    assert raw(dce, 12, opened.getData() + struct.pack("<4I", 7, 0, 0, 0)) == bytes(12) + struct.pack("<I", 5)
    assert raw(dce, 24, b"") == raw(dce, 30, b"") == struct.pack("<I", 5)
    assert rrp.hBaseRegFlushKey(dce, opened)["ErrorCode"] == 0


def test_handles_are_bounded() -> None:
    dce = client()
    for _ in range(Handles.LIMIT):
        machine(dce)
    assert code(lambda: machine(dce)) == Win32.NO_SYSTEM_RESOURCES


def test_values_of_each_kind() -> None:
    made = registry.key_of({"a": 1, "b": "x", "c": ["x", "y"], "d": registry.expand("%x%"), "e": {}})
    assert [one.kind for one in made.values.values()] == [4, 1, 7, 2]
    assert made.values["c"].data == "x\0y\0\0".encode("utf-16-le")
    assert list(made.keys) == ["e"]
