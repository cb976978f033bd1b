"""The users of samr: opened and described ([MS-SAMR] 3.1.5)."""

from collections.abc import Mapping
from typing import Any, Final

from impacket.dcerpc.v5 import samr

from fakesmb.nt.filetime import from_seconds
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.ndr import Writer
from fakesmb.rpc.services import sam
from fakesmb.rpc.services.sam import NONE_RID, User
from fakesmb.rpc.services.samr_objects import (
    DOMAIN_HANDLE,
    GROUP_ATTRIBUTES,
    NEVER,
    NO_HANDLE,
    OpenUser,
    check_domain,
    halves,
    handle,
    held,
    level_response,
    opened,
    user_of,
)
from fakesmb.rpc.stub import Call, Operation


def open_user(call: Call, handle: bytes, access: int, rid: int) -> bytes:
    """SamrOpenUser, 3.1.5.1.9."""
    check_domain(call, handle, NT.NO_SUCH_USER, sam.BUILTIN_SID)
    user_of(call, rid)
    return opened(call, OpenUser(OpenUser.rights.granted(access, admin=call.admin), rid))


_ALL_FIELDS: Final = 0x00FFFFFF
_HOURS: Final = 168
_LONGEST_HOURS: Final = 1260
"""Maximum count of the array in SAMPR_LOGON_HOURS, [MS-SAMR] 2.2.7.5."""


def _logon_hours(writer: Writer) -> None:
    """SAMPR_LOGON_HOURS: any hour of the week."""
    hours = b"\xff" * (_HOURS // 8)

    def array() -> None:
        writer.numbers("III", _LONGEST_HOURS, 0, len(hours))
        writer.raw(hours)

    writer.numbers("H", _HOURS)
    writer.pointer(array)


def _nothing(writer: Writer) -> None:
    """A length of 0 and a null pointer: no hash, no descriptor."""
    writer.numbers("II", 0, 0)


_UNSET: Final[Mapping[str, Any]] = {
    "FullName": "",
    "HomeDirectory": "",
    "HomeDirectoryDrive": "",
    "ScriptPath": "",
    "ProfilePath": "",
    "WorkStations": "",
    "UserComment": "",
    "Parameters": "",
    "PrivateData": "",
    "Reserved1": "",
    "LmOwfPassword": _nothing,
    "NtOwfPassword": _nothing,
    "SecurityDescriptor": _nothing,
    "LogonHours": _logon_hours,
    "LastLogon": halves(0),
    "LastLogoff": halves(0),
    "AccountExpires": halves(NEVER),
    "PasswordMustChange": halves(NEVER),
    "WhichFields": _ALL_FIELDS,
    "PrimaryGroupId": NONE_RID,
    "BadPasswordCount": 0,
    "LogonCount": 0,
    "CountryCode": 0,
    "CodePage": 0,
    "LmPasswordPresent": 0,
    "NtPasswordPresent": 0,
    "PasswordExpired": 0,
    "PrivateDataSensitive": 0,
}
"""Members that hold the same for all users."""


def _user_values(call: Call, user: User) -> Mapping[str, Any]:
    began = halves(from_seconds(call.view.facts.started))
    return {
        **_UNSET,
        "UserName": user.name,
        "AdminComment": user.comment,
        "UserId": user.rid,
        "UserAccountControl": user.control,
        "PasswordLastSet": began,
        "PasswordCanChange": began,
    }


_USER_LEVELS: Final = frozenset((*range(1, 15), 16, 17, 20, 21))
"""USER_INFORMATION_CLASS, [MS-SAMR] 2.2.7.28; the others are hashes and passwords, which can be set only."""
_LOGON_HOURS_LEVEL: Final = 4


def query_user(call: Call, handle: bytes, level: int) -> bytes:
    """SamrQueryInformationUser and its successor, 3.1.5.5.5 and 3.1.5.5.6."""
    user = user_of(call, held(call, handle, OpenUser, OpenUser.READ).rid)
    if level not in _USER_LEVELS:
        raise SMBError(NT.INVALID_INFO_CLASS, f"user level {level}")
    structure = samr.SAMPR_USER_INFO_BUFFER.union[level][1]
    return level_response(level, structure, _user_values(call, user))


def groups_of_user(call: Call, handle: bytes) -> Any:
    """SamrGetGroupsForUser, 3.1.5.9.1: the one group that there is."""
    user_of(call, held(call, handle, OpenUser, OpenUser.LIST_GROUPS).rid)
    row = samr.GROUP_MEMBERSHIP()
    row["RelativeId"] = NONE_RID
    row["Attributes"] = GROUP_ATTRIBUTES
    answer = samr.SamrGetGroupsForUserResponse()
    answer["Groups"]["MembershipCount"] = 1
    answer["Groups"]["Groups"] = [row]
    answer["ErrorCode"] = NT.SUCCESS
    return answer


_USER_HANDLE: Final = handle("UserHandle")
_NULL: Final = bytes(4)

OPERATIONS: Final[Mapping[int, Operation]] = {
    34: Operation(samr.SamrOpenUser, (DOMAIN_HANDLE, "DesiredAccess", "UserId"), open_user, NO_HANDLE),
    36: Operation(
        samr.SamrQueryInformationUser,
        (_USER_HANDLE, "UserInformationClass"),
        query_user,
        _NULL,
    ),
    39: Operation(samr.SamrGetGroupsForUser, (_USER_HANDLE,), groups_of_user, _NULL),
    47: Operation(
        samr.SamrQueryInformationUser2,
        (_USER_HANDLE, "UserInformationClass"),
        query_user,
        _NULL,
    ),
}
