"""wkssvc: the workstation side of the machine ([MS-WKST]); Explorer and `net` ask it who we are."""

import struct
from collections.abc import Mapping
from typing import Any, Final

from impacket.dcerpc.v5 import wkst
from impacket.dcerpc.v5.ndr import NULL

from fakesmb.rpc.dcerpc import Interface
from fakesmb.rpc.stub import (
    FIRST_REFERENT,
    Call,
    Columns,
    Operation,
    TableInterface,
    Win32,
    encode,
    page,
    row,
    row_size,
    wide,
    with_open_unions,
)
from fakesmb.rpc.view import ServerView, SessionRow

PLATFORM_NT: Final = 500
JOINED_WORKGROUP: Final = 2
JOINED_DOMAIN: Final = 3

_LEVEL_AND_STATUS: Final = struct.Struct("<II")
_LEVEL_NULL_AND_STATUS: Final = struct.Struct("<III")
USER_LEVELS: Final = (0, 1)
"""The levels of WKSTA_USER_INFO that are about a logon."""
OTHER_DOMAINS: Final = 1101
_NO_OTHER_DOMAINS: Final = struct.pack(
    "<8I", OTHER_DOMAINS, FIRST_REFERENT, FIRST_REFERENT + 4, 1, 0, 1, 0, Win32.OK
)

WORKSTATION: Final[Columns] = {
    "platform_id": lambda v: PLATFORM_NT,
    "computername": lambda v: v.facts.name,
    "langroup": lambda v: v.facts.workgroup,
    "ver_major": lambda v: v.facts.version_major,
    "ver_minor": lambda v: v.facts.version_minor,
    "lanroot": lambda v: v.facts.lan_root,
    "logged_on_users": lambda v: len({one.user for one in v.sessions()}),
}

REDIRECTOR: Final[Mapping[str, int]] = {
    "char_wait": 3600,
    "collection_time": 250,
    "maximum_collection_count": 16,
    "keep_conn": 600,
    "max_cmds": 50,
    "sess_timeout": 45,
    "siz_char_buf": 512,
    "max_threads": 17,
    "lock_quota": 6144,
    "lock_increment": 10,
    "lock_maximum": 500,
    "pipe_increment": 10,
    "pipe_maximum": 500,
    "cache_file_timeout": 40,
    "dormant_file_limit": 45,
    "read_ahead_throughput": 0xFFFFFFFF,
    "num_mailslot_buffers": 3,
    "num_srv_announce_buffers": 20,
    "max_illegal_datagram_events": 5,
    "illegal_datagram_event_reset_frequency": 3600,
    "log_election_packets": 0,
    "use_encryption": 1,
    "force_core_create_mode": 0,
    "use_512_byte_max_transfer": 0,
}
"""Level 502: the defaults of a Windows redirector; what is not named here is on."""


def wksta_get_info(call: Call, level: int) -> Any:
    """NetrWkstaGetInfo, 3.2.4.1: 100 for all, 101 for those signed in, 102 and 502 for administrators.

    Level 102 is open to every signed-in user here: `rpcclient` and scanners ask for it to learn the name.
    """
    arm = wkst.WKSTA_INFO.union.get(level)
    if arm is None:
        return _LEVEL_AND_STATUS.pack(level, Win32.INVALID_LEVEL)
    if level > 502:  # single values that can be set, not asked for
        return struct.pack("<III", level, 0, Win32.INVALID_LEVEL)
    denied = (level > 100 and call.caller.anonymous) or (level == 502 and not call.admin)
    response = wkst.NetrWkstaGetInfoResponse()
    response["WkstaInfo"]["tag"] = level
    if denied:
        response["WkstaInfo"][arm[0]] = NULL
    elif level == 502:
        response["WkstaInfo"][arm[0]] = _redirector()
    else:
        response["WkstaInfo"][arm[0]] = row(arm[1].referent[0][1], WORKSTATION, call.view)
    response["ErrorCode"] = Win32.ACCESS_DENIED if denied else Win32.OK
    return response


def _redirector() -> Any:
    info = wkst.WKSTA_INFO_502()
    for name, _ in info.structure:
        info[name] = REDIRECTOR.get(name.partition("_")[2], 1)
    return info


USER: Final[Columns] = {
    "username": lambda s: s.user,
    "logon_domain": lambda s: "",
    "oth_domains": lambda s: "",
    "logon_server": lambda s: "",
}


def user_enum(call: Call, level: int, preferred: int, resume: int | None) -> bytes:
    """NetrWkstaUserEnum, 3.2.4.3: who is logged on; for administrators.

    The end is packed here: impacket declares the resume handle, a pointer, as a plain number.
    """
    status = Win32.OK if call.admin else Win32.ACCESS_DENIED
    arm = wkst.WKSTA_USER_ENUM_UNION.union.get(level)
    if arm is None:
        return struct.pack("<II", level, level) + _tail(0, resume, 0, Win32.INVALID_LEVEL)
    item = arm[1].referent[0][1].structure[1][1].referent[0][1].item
    users: list[SessionRow] = list({one.user: one for one in call.view.sessions()}.values())
    found = page(users, lambda one: row_size(item, USER, one), preferred, resume)
    rows = () if status else found.rows
    response = wkst.NetrWkstaUserEnumResponse()
    info = response["UserInfo"]
    info["Level"] = level
    info["WkstaUserInfo"]["tag"] = level
    container = info["WkstaUserInfo"][arm[0]]
    container["EntriesRead"] = len(rows)
    container["Buffer"] = [row(item, USER, one) for one in rows] if rows else NULL
    response["TotalEntries"] = response["ResumeHandle"] = response["ErrorCode"] = 0
    head = encode(response)[:-12]
    if status:
        return head + _tail(0, resume, 0, status)
    return head + _tail(found.total, resume, found.resume, found.status)


def _tail(total: int, resume: int | None, handle: int, status: int) -> bytes:
    """TotalEntries, ResumeHandle and the status."""
    pointer = struct.pack("<I", 0) if resume is None else struct.pack("<II", 0x00030000, handle)
    return struct.pack("<I", total) + pointer + struct.pack("<I", status)


TRANSPORT: Final[Columns] = {
    "quality_of_service": lambda t: 0xFFFF,
    "number_of_vcs": lambda t: t[1],
    "transport_name": lambda t: t[0],
    "transport_address": lambda t: "000000000000",
    "wan_ish": lambda t: 1,
}


def transport_enum(call: Call, level: int, preferred: int, resume: int | None) -> bytes:
    """NetrWkstaTransportEnum, 3.2.4.4: level 0."""
    if level != 0:
        return struct.pack("<III", level, level, 0) + _tail(0, resume, 0, Win32.INVALID_LEVEL)
    sessions = len(call.view.sessions())
    rows = [("\\Device\\NetBT_Tcpip", sessions), ("\\Device\\NetbiosSmb", sessions)]
    item = wkst.WKSTA_TRANSPORT_INFO_0
    found = page(rows, lambda one: row_size(item, TRANSPORT, one), preferred, resume)
    response = wkst.NetrWkstaTransportEnumResponse()
    info = response["TransportInfo"]
    info["Level"] = level
    info["WkstaTransportInfo"]["tag"] = level
    container = info["WkstaTransportInfo"]["Level0"]
    container["EntriesRead"] = len(found.rows)
    container["Buffer"] = [row(item, TRANSPORT, one) for one in found.rows] if found.rows else NULL
    response["TotalEntries"] = response["ResumeHandle"] = response["ErrorCode"] = 0
    return encode(response)[:-12] + _tail(found.total, resume, found.resume, found.status)


def join_information(call: Call) -> Any:
    """NetrGetJoinInformation, 3.2.4.12: the workgroup or domain."""
    facts = call.view.facts
    response = wkst.NetrGetJoinInformationResponse()
    response["NameBuffer"] = wide(facts.workgroup)
    response["BufferType"] = JOINED_DOMAIN if facts.domain_joined else JOINED_WORKGROUP
    response["ErrorCode"] = Win32.OK
    return response


def computer_names(call: Call, kind: int, reserved: int) -> Any:
    """NetrEnumerateComputerNames, 3.2.4.20: the primary name (0), the alternate ones (1, none), all (2)."""
    if kind not in (0, 1, 2) or reserved:
        return _LEVEL_AND_STATUS.pack(0, Win32.INVALID_PARAMETER)
    response = wkst.NetrEnumerateComputerNamesResponse()
    names = response["ComputerNames"]
    names["EntriesRead"] = 0 if kind == 1 else 1
    if kind == 1:
        names["ComputerNames"] = NULL
    else:
        name = wkst.RPC_UNICODE_STRING()
        name["Data"] = wide(call.view.facts.name)[:-1]
        names["ComputerNames"] = [name]
    response["ErrorCode"] = Win32.OK
    return response


def user_get_info(call: Call, reserved: bool, level: int) -> bytes:
    """Opnum 3, NetrWkstaUserGetInfo, which [MS-WKST] and impacket lack: the caller's logon at this machine.

    Nobody who asks over the network has one, so Windows answers ERROR_NO_SUCH_LOGON_SESSION.
    """
    if reserved:
        return _LEVEL_NULL_AND_STATUS.pack(level, 0, Win32.INVALID_PARAMETER)
    if level == OTHER_DOMAINS:
        # No domains besides one's own: a referent of a structure with the referent of an empty string.
        return _NO_OTHER_DOMAINS
    if level not in USER_LEVELS:
        return _LEVEL_AND_STATUS.pack(level, Win32.INVALID_LEVEL)
    return _LEVEL_NULL_AND_STATUS.pack(level, 0, Win32.NO_SUCH_LOGON_SESSION)


_PAGED: Final = ("PreferredMaximumLength", "ResumeHandle")

OPERATIONS: Final[Mapping[int, Operation]] = {
    0: Operation(wkst.NetrWkstaGetInfo, ("Level",), wksta_get_info),
    2: Operation(
        with_open_unions(wkst.NetrWkstaUserEnum, "UserInfo"), ("UserInfo.Level", *_PAGED), user_enum
    ),
    # The request is the same, but for a string in the place of the server's name that must not be there.
    3: Operation(
        wkst.NetrWkstaGetInfo,
        (lambda request: request.fields["ServerName"].fields["ReferentID"] != 0, "Level"),
        user_get_info,
    ),
    5: Operation(
        with_open_unions(wkst.NetrWkstaTransportEnum, "TransportInfo"),
        ("TransportInfo.Level", *_PAGED),
        transport_enum,
    ),
    20: Operation(wkst.NetrGetJoinInformation, (), join_information),
    30: Operation(wkst.NetrEnumerateComputerNames, ("NameType", "Reserved"), computer_names),
}


def interface(view: ServerView) -> Interface:
    """The interface, bound to a server."""
    return TableInterface(OPERATIONS, view)
