"""The privileges that there are: listed, and looked up by name and by LUID ([MS-LSAD] 3.1.4.8)."""

import struct
from collections.abc import Mapping
from typing import Any, Final

from impacket.dcerpc.v5 import lsad

from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.services.lsa_objects import POLICY_HANDLE, Policy, given_text, held, unicode_string
from fakesmb.rpc.services.privileges import LUIDS, PRIVILEGE_NAMES, PRIVILEGES
from fakesmb.rpc.stub import FIRST_REFERENT, U32, Call, Operation

ENGLISH: Final = 0x0409
"""The only language of display names."""
_LUID: Final = struct.Struct("<II")


def enumerate_privileges(call: Call, handle: bytes, start: int, most: int) -> Any:
    """LsarEnumeratePrivileges, [MS-LSAD] 3.1.4.8.1."""
    held(call, handle, Policy)
    found = PRIVILEGES[start : start + max(most, 1)]
    if not found:
        raise SMBError(NT.NO_MORE_ENTRIES, f"{len(PRIVILEGES)} privileges, none after them")
    rows = []
    for one in found:
        row = lsad.LSAPR_POLICY_PRIVILEGE_DEF()
        row["Name"] = one.name
        row["LocalValue"]["LowPart"] = one.luid
        rows.append(row)
    answer = lsad.LsarEnumeratePrivilegesResponse()
    answer["EnumerationContext"] = end = start + len(rows)
    answer["EnumerationBuffer"]["Entries"] = len(rows)
    answer["EnumerationBuffer"]["Privileges"] = rows
    answer["ErrorCode"] = NT.SUCCESS if end == len(PRIVILEGES) else NT.MORE_ENTRIES
    return answer


def privilege_value(call: Call, handle: bytes, name: str) -> bytes:
    """LsarLookupPrivilegeValue, [MS-LSAD] 3.1.4.8.2."""
    held(call, handle, Policy)
    found = PRIVILEGE_NAMES.get(fold(name))
    if found is None:
        raise SMBError(NT.NO_SUCH_PRIVILEGE, f"no privilege {name!r}")
    return _LUID.pack(found.luid, 0) + U32.pack(NT.SUCCESS)


def privilege_name(call: Call, handle: bytes, luid: int) -> bytes:
    """LsarLookupPrivilegeName, [MS-LSAD] 3.1.4.8.3."""
    held(call, handle, Policy)
    if luid not in LUIDS:
        raise SMBError(NT.NO_SUCH_PRIVILEGE, f"no privilege with LUID {luid}")
    return _text(LUIDS[luid].name) + U32.pack(NT.SUCCESS)


def privilege_display_name(call: Call, handle: bytes, name: str) -> bytes:
    """LsarLookupPrivilegeDisplayName, [MS-LSAD] 3.1.4.8.4: in English. impacket lacks a byte of the language."""
    held(call, handle, Policy)
    found = PRIVILEGE_NAMES.get(fold(name))
    if found is None:
        raise SMBError(NT.NO_SUCH_PRIVILEGE, f"no privilege {name!r}")
    return _text(found.display) + U32.pack(ENGLISH) + U32.pack(NT.SUCCESS)


def _text(text: str) -> bytes:
    return U32.pack(FIRST_REFERENT) + unicode_string(text, FIRST_REFERENT + 4)


_NO_ENTRIES: Final = bytes(12)

OPERATIONS: Final[Mapping[int, Operation]] = {
    2: Operation(
        lsad.LsarEnumeratePrivileges,
        (POLICY_HANDLE, "EnumerationContext", "PreferedMaximumLength"),
        enumerate_privileges,
        _NO_ENTRIES,
    ),
    31: Operation(
        lsad.LsarLookupPrivilegeValue,
        (POLICY_HANDLE, lambda request: given_text(request["Name"])),
        privilege_value,
        bytes(8),
    ),
    32: Operation(
        lsad.LsarLookupPrivilegeName,
        (POLICY_HANDLE, lambda request: request["Value"]["HighPart"] << 32 | request["Value"]["LowPart"]),
        privilege_name,
        bytes(4),
    ),
    33: Operation(
        lsad.LsarLookupPrivilegeDisplayName,
        (POLICY_HANDLE, lambda request: given_text(request["Name"])),
        privilege_display_name,
        bytes(8),
    ),
}
