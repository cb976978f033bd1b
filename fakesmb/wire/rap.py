"""The head of a call of the Remote Administration Protocol ([MS-RAP] 2.5.1); `rap` answers calls."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fakesmb.wire.codec import U16, Record, Structure
from fakesmb.wire.parts import OemText

LANMAN_PIPE: Final = "\\PIPE\\LANMAN"
"""The name of the transactions that carry it."""

FUNCTIONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0x0000: "NetShareEnum",
        0x0001: "NetShareGetInfo",
        0x0002: "NetShareSetInfo",
        0x0003: "NetShareAdd",
        0x0004: "NetShareDel",
        0x0006: "NetSessionEnum",
        0x0007: "NetSessionGetInfo",
        0x0008: "NetSessionDel",
        0x0009: "NetConnectionEnum",
        0x000C: "NetFileClose",
        0x000D: "NetServerGetInfo",
        0x000E: "NetServerSetInfo",
        0x0010: "NetServerAdminCommand",
        0x0027: "NetServiceEnum",
        0x0028: "NetServiceInstall",
        0x0029: "NetServiceControl",
        0x002F: "NetGroupEnum",
        0x0030: "NetGroupAdd",
        0x0031: "NetGroupDel",
        0x0032: "NetGroupAddUser",
        0x0033: "NetGroupDelUser",
        0x0034: "NetGroupGetUsers",
        0x0035: "NetUserEnum",
        0x0036: "NetUserAdd",
        0x0037: "NetUserDel",
        0x0038: "NetUserGetInfo",
        0x0039: "NetUserSetInfo",
        0x003A: "NetUserPasswordSet",
        0x003B: "NetUserGetGroups",
        0x003C: "NetUserSetGroups",
        0x003F: "NetWkstaGetInfo",
        0x0040: "NetWkstaSetInfo",
        0x0045: "NetPrintQEnum",
        0x0046: "NetPrintQGetInfo",
        0x004A: "DosPrintQPause",
        0x004B: "DosPrintQContinue",
        0x004C: "NetPrintJobEnum",
        0x004D: "NetPrintJobGetInfo",
        0x0051: "NetPrintJobDelete",
        0x0052: "NetPrintJobPause",
        0x0053: "NetPrintJobContinue",
        0x0054: "NetPrintDestEnum",
        0x0055: "NetPrintDestGetInfo",
        0x005B: "NetRemoteTOD",
        0x0067: "DosPrintQPurge",
        0x0068: "NetServerEnum2",
        0x006A: "NetGroupGetInfo",
        0x006B: "NetGroupSetInfo",
        0x006F: "NetUserModalsSet",
        0x0070: "NetFileEnum2",
        0x0071: "NetUserAdd2",
        0x0073: "NetUserPasswordSet2",
        0x007B: "NetFileEnum2",
        0x007C: "NetFileGetInfo2",
        0x007D: "NetFileClose2",
        0x0084: "NetWkstaUserLogon",
        0x0085: "NetWkstaUserLogoff",
        0x0093: "NetPrintJobSetInfo",
        0x00D6: "SamOEMChangePassword",
        0x00D7: "NetServerEnum3",
    }
)
"""Opcode to name, [MS-RAP] 2.5.1."""


PASSWORDS: Final = frozenset({0x0002, 0x0003, 0x0036, 0x0039, 0x003A, 0x0071, 0x0073, 0x0084, 0x00D6})
"""Opcodes whose arguments hold passwords."""


class RapRequest(Structure, frozen=True):
    """What every request begins with; the arguments that `parameter_descriptor` announces follow."""

    function: U16
    parameter_descriptor: OemText
    data_descriptor: OemText

    @property
    def name(self) -> str:
        """`NetShareEnum`."""
        return FUNCTIONS.get(self.function, f"function {self.function}")


class RapResponse(Record, frozen=True):
    """What every answer begins with: a Win32 status and what to take off the offsets of strings."""

    status: U16
    converter: U16
