"""The registry of the machine: what it says of itself, as keys and values that tools read ([MS-RRP] 3.1.1).

It is made when it is asked for, of what the server is configured to be; nobody changes it.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from fakesmb.nt.names import fold
from fakesmb.rpc.services.machine import SERVICES
from fakesmb.rpc.view import ServerView, ShareKind, ShareRow

REG_SZ, REG_EXPAND_SZ, REG_BINARY, REG_DWORD, REG_MULTI_SZ = 1, 2, 3, 4, 7

_DWORD: Final = struct.Struct("<I")
_SERVER: Final = "ServerNT"
_WORKSTATION: Final = "WinNT"


class Value(msgspec.Struct, frozen=True):
    """One value."""

    kind: int
    data: bytes


class Key(msgspec.Struct, frozen=True):
    """One key: its values, and the keys in it, by their names."""

    values: Mapping[str, Value] = {}
    keys: Mapping[str, "Key"] = {}


def text(value: str) -> Value:
    """REG_SZ."""
    return Value(REG_SZ, _wide(value))


def expand(value: str) -> Value:
    """REG_EXPAND_SZ."""
    return Value(REG_EXPAND_SZ, _wide(value))


def texts(*values: str) -> Value:
    """REG_MULTI_SZ."""
    return Value(REG_MULTI_SZ, b"".join(map(_wide, values)) + b"\0\0")


def dword(value: int) -> Value:
    """REG_DWORD."""
    return Value(REG_DWORD, _DWORD.pack(value & 0xFFFFFFFF))


def _wide(value: str) -> bytes:
    return f"{value}\0".encode("utf-16-le", "surrogatepass")


Plain = int | str | Sequence[str] | Value
Tree = Mapping[str, "Plain | Tree"]


def key_of(tree: Tree) -> Key:
    """A key of what is written plainly: mappings are keys, numbers and texts values."""
    values, keys = {}, {}
    for name, given in tree.items():
        if isinstance(given, Mapping):
            keys[name] = key_of(given)
        else:
            values[name] = _value_of(given)
    return Key(values, keys)


def _value_of(given: Plain) -> Value:
    if isinstance(given, Value):
        return given
    if isinstance(given, int):
        return dword(given)
    return text(given) if isinstance(given, str) else texts(*given)


def found(key: Key, path: Iterable[str]) -> Key | None:
    """The key at a path in another, its names in any case; None where there is none."""
    at: Key | None = key
    for name in path:
        if at is None:
            return None
        at = child(at, name)
    return at


def child(key: Key, name: str) -> Key | None:
    """The key of that name, in any case."""
    return next((one for called, one in key.keys.items() if fold(called) == fold(name)), None)


def value(key: Key, name: str) -> Value | None:
    """The value of that name, in any case."""
    return next((one for called, one in key.values.items() if fold(called) == fold(name)), None)


_IDENTIFIER: Final = "x86 Family 6 Model 0 Stepping 0"
_PROCESSOR: Final[Tree] = {
    "Identifier": _IDENTIFIER,
    "ProcessorNameString": "emulated",
    "VendorIdentifier": "fakesmb",
    "~MHz": 1000,
}
_ENVIRONMENT: Final[Tree] = {
    "NUMBER_OF_PROCESSORS": "1",
    "OS": "Windows_NT",
    "Path": expand("%SystemRoot%\\system32;%SystemRoot%"),
    "PROCESSOR_ARCHITECTURE": "x86",
    "PROCESSOR_IDENTIFIER": f"{_IDENTIFIER}, fakesmb",
    "PROCESSOR_LEVEL": "6",
    "PROCESSOR_REVISION": "0000",
    "windir": expand("%SystemRoot%"),
}
"""A PC as any other: which it is that the server runs on is nobody's business."""


def local_machine(view: ServerView) -> Key:
    """HKEY_LOCAL_MACHINE."""
    control_set = {"Control": _control(view), "Services": _services(view), "Enum": {}}
    return key_of(
        {
            "HARDWARE": {"DESCRIPTION": {"System": {"CentralProcessor": {"0": _PROCESSOR}}}},
            "SAM": {},
            "SECURITY": {},
            "SOFTWARE": {"Classes": {}, "Microsoft": _microsoft(view)},
            "SYSTEM": {
                "ControlSet001": control_set,
                "CurrentControlSet": control_set,
                "Select": {"Current": 1, "Default": 1, "Failed": 0, "LastKnownGood": 1},
            },
        }
    )


def users(view: ServerView) -> Key:
    """HKEY_USERS: nobody works at the machine, so there is the default only."""
    return key_of({".DEFAULT": {"Control Panel": {"International": {"Locale": "00000409"}}}})


def classes_root(view: ServerView) -> Key:
    """HKEY_CLASSES_ROOT."""
    return Key()


def current_config(view: ServerView) -> Key:
    """HKEY_CURRENT_CONFIG."""
    return Key()


def _is_workstation(view: ServerView) -> bool:
    return "Windows XP" in view.facts.product


def _microsoft(view: ServerView) -> Tree:
    facts = view.facts
    major, minor, build = facts.product_version.split(".")
    return {
        "Windows NT": {
            "CurrentVersion": {
                "ProductName": facts.product,
                "CurrentVersion": f"{major}.{minor}",
                "CurrentBuildNumber": build,
                "CurrentBuild": build,
                "CurrentType": "Uniprocessor Free",
                "InstallDate": int(facts.started),
                "RegisteredOwner": facts.name,
                "RegisteredOrganization": facts.workgroup,
                "PathName": "C:\\WINDOWS",
                "SystemRoot": "C:\\WINDOWS",
                "Print": {"Printers": {}},
                "Perflib": {},
            }
        },
        "Windows": {
            "CurrentVersion": {
                "ProgramFilesDir": "C:\\Program Files",
                "CommonFilesDir": "C:\\Program Files\\Common Files",
                "Uninstall": {},
                "Run": {},
            }
        },
    }


def _control(view: ServerView) -> Tree:
    facts = view.facts
    bias = view.minutes_west()
    kind = _WORKSTATION if _is_workstation(view) else _SERVER
    printers = [share for share in view.shares() if share.kind == ShareKind.PRINT]
    return {
        "ComputerName": {
            "ActiveComputerName": {"ComputerName": facts.name},
            "ComputerName": {"ComputerName": facts.name},
        },
        "ContentIndex": {},
        "Lsa": {
            "restrictanonymous": 0 if facts.anonymous_listing else 1,
            "restrictanonymoussam": 0 if facts.anonymous_listing else 1,
        },
        "Print": {"Printers": {one.name: {"Name": one.name, "Description": one.comment} for one in printers}},
        "ProductOptions": {"ProductType": kind, "ProductSuite": ()},
        "SecurePipeServers": {"winreg": {"AllowedPaths": {"Machine": ()}}},
        "Server Applications": {},
        "Session Manager": {
            "Environment": _ENVIRONMENT,
            "Memory Management": {"ClearPageFileAtShutdown": 0, "PagingFiles": ()},
        },
        "Terminal Server": {"fDenyTSConnections": 1},
        "TimeZoneInformation": {"Bias": bias, "ActiveTimeBias": bias, "DaylightBias": 0, "StandardBias": 0},
    }


def _services(view: ServerView) -> Tree:
    services: dict[str, Plain | Tree] = {
        one.name: {
            "DisplayName": one.display,
            "Description": one.description,
            "ImagePath": expand(one.path),
            "ObjectName": one.account,
            "Type": one.kind,
            "Start": one.start,
            "ErrorControl": 1,
            **({"DependOnService": one.depends} if one.depends else {}),
            **_more(view, one.name),
        }
        for one in SERVICES
    }
    services["Eventlog"] = {"Application": {}, "Security": {}, "System": {}}
    services["Tcpip"] = {
        "Parameters": {
            "Hostname": view.facts.name.lower(),
            "Domain": "",
            "NV Hostname": view.facts.name.lower(),
        }
    }
    return services


def _more(view: ServerView, service: str) -> Tree:
    facts = view.facts
    if service == "LanmanServer":
        return {
            "Parameters": {
                "srvcomment": facts.comment,
                "enablesecuritysignature": int(facts.signing != "off"),
                "requiresecuritysignature": int(facts.signing == "required"),
                "autodisconnect": facts.idle_disconnect,
                "NullSessionPipes": (),
                "NullSessionShares": (),
            },
            "Shares": {one.name: _share(one) for one in view.shares() if not one.special},
        }
    if service == "LanmanWorkstation":
        return {"Parameters": {}}
    return {"Parameters": {}} if service == "Netlogon" else {}


def _share(share: ShareRow) -> Value:
    """As the server service keeps its shares: lines of NAME=VALUE."""
    return texts(
        "CSCFlags=0",
        f"MaxUses={share.max_uses}",
        f"Path={share.path}",
        "Permissions=0",
        f"Remark={share.comment}",
        f"Type={int(share.kind)}",
    )
