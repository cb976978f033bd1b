"""wkssvc: the workstation side of the machine ([MS-WKST]); Explorer and `net` ask it who we are."""

import re
import struct
from collections.abc import Mapping
from typing import Any, Final

from impacket.dcerpc.v5 import wkst
from impacket.dcerpc.v5.ndr import NULL

from fakesmb.nt.filetime import from_seconds
from fakesmb.nt.names import fold
from fakesmb.rpc.byteorder import Reader
from fakesmb.rpc.interface import Interface, Surroundings
from fakesmb.rpc.stub import (
    FIRST_REFERENT,
    U32,
    Call,
    Columns,
    Operation,
    TableInterface,
    Win32,
    encode,
    page,
    refused,
    row,
    row_size,
    wide,
    with_open_unions,
)
from fakesmb.rpc.view import SessionRow

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


TRANSPORTS: Final = ("\\Device\\NetBT_Tcpip", "\\Device\\NetbiosSmb")
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
    rows = [(name, sessions) for name in TRANSPORTS]
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


MOST_NAMES: Final = 64
"""Alternate names, so that nobody fills the memory with them."""


class ComputerNames:
    """What the machine is called: clients may call it by any name, so others can be added as they like."""

    def __init__(self) -> None:
        self._alternate: dict[str, str] = {}

    def enumerate(self, call: Call, kind: int, reserved: int) -> Any:
        """NetrEnumerateComputerNames, 3.2.4.20: the primary name (0), the alternate ones (1), all (2)."""
        if kind not in (0, 1, 2) or reserved:
            return _LEVEL_AND_STATUS.pack(0, Win32.INVALID_PARAMETER)
        primary = [call.view.facts.name] if kind != 1 else []
        alternate = list(self._alternate.values()) if kind != 0 else []
        rows = []
        for one in primary + alternate:
            name = wkst.RPC_UNICODE_STRING()
            name["Data"] = wide(one)[:-1]
            rows.append(name)
        response = wkst.NetrEnumerateComputerNamesResponse()
        response["ComputerNames"]["EntriesRead"] = len(rows)
        response["ComputerNames"]["ComputerNames"] = rows or NULL
        response["ErrorCode"] = Win32.OK
        return response

    def add(self, call: Call, name: str | None, reserved: int) -> bytes:
        """NetrAddAlternateComputerName, 3.2.4.18."""
        status = self._refusal(call, name, reserved)
        if status == Win32.OK and name is not None:
            if len(self._alternate) >= MOST_NAMES:
                return U32.pack(Win32.NOT_ENOUGH_MEMORY)
            self._alternate[fold(name)] = name
        return U32.pack(status)

    def remove(self, call: Call, name: str | None, reserved: int) -> bytes:
        """NetrRemoveAlternateComputerName, 3.2.4.19: done as well where the machine has no such name."""
        status = self._refusal(call, name, reserved)
        if status == Win32.OK and name is not None:
            self._alternate.pop(fold(name), None)
        return U32.pack(status)

    @staticmethod
    def _refusal(call: Call, name: str | None, reserved: int) -> int:
        if not call.admin:
            return Win32.ACCESS_DENIED
        if reserved:
            return Win32.INVALID_PARAMETER
        return Win32.OK if name and _HOST_NAME.fullmatch(name) else Win32.INVALID_NAME

    def operations(self) -> dict[int, Operation]:
        """The operations, by their numbers."""
        arguments = ("AlternateName", "Reserved")
        return {
            27: Operation(wkst.NetrAddAlternateComputerName, arguments, self.add),
            28: Operation(wkst.NetrRemoveAlternateComputerName, arguments, self.remove),
            30: Operation(wkst.NetrEnumerateComputerNames, ("NameType", "Reserved"), self.enumerate),
        }


_HOST_NAME: Final = re.compile(r"[^\s\\/:*?\"<>|,.]+(\.[^\s\\/:*?\"<>|,.]+)*")


def statistics(call: Call, level: int, options: int) -> Any:
    """NetrWorkstationStatisticsGet, 3.2.4.11: this machine is nobody's client, so there is nothing to count."""
    status = Win32.INVALID_LEVEL if level else Win32.INVALID_PARAMETER if options else Win32.OK
    if status != Win32.OK:
        return _LEVEL_AND_STATUS.pack(0, status)
    response = wkst.NetrWorkstationStatisticsGetResponse()
    response["Buffer"]["StatisticsStartTime"] = from_seconds(call.view.facts.started)
    response["ErrorCode"] = status
    return response


def use_enum(call: Call, level: int, resume: int | None) -> bytes:
    """NetrUseEnum, 3.2.4.10: this machine uses no one else's shares."""
    if level not in _USE_LEVELS:
        return struct.pack("<III", level, level, 0) + _tail(0, resume, 0, Win32.INVALID_LEVEL)
    empty = struct.pack("<5I", level, level, FIRST_REFERENT, 0, 0)
    return empty + _tail(0, resume, 0, Win32.OK)


class _TransportDel:
    """NetrWkstaTransportDel's request, which impacket lacks."""

    def __init__(self, reader: Reader) -> None:
        if reader.number():
            reader.wide_string()
            reader.align(4)
        self.name = reader.wide_string().rstrip("\0") if reader.number() else None


def transport_del(call: Call, name: str | None) -> bytes:
    """NetrWkstaTransportDel, 3.2.4.6: answered as done, the redirector has no bindings."""
    if not call.admin:
        return U32.pack(Win32.ACCESS_DENIED)
    bound = fold(name or "") in (fold(one) for one in TRANSPORTS)
    return U32.pack(Win32.NOT_SUPPORTED if bound else Win32.OK)


_USE_LEVELS: Final = (0, 1, 2)
_NOT_SUPPORTED: Final = refused(Win32.NOT_SUPPORTED)
_NOT_FROM_AFAR: Final = refused(Win32.REMOTE_DISABLED)
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
    6: refused(Win32.INVALID_PARAMETER, bytes(4)),
    7: Operation(_TransportDel, (lambda request: request.name,), transport_del),
    9: refused(Win32.USE_NOT_FOUND, bytes(8)),
    10: refused(Win32.USE_NOT_FOUND),
    11: Operation(
        with_open_unions(wkst.NetrUseEnum, "InfoStruct"), ("InfoStruct.Level", "ResumeHandle"), use_enum
    ),
    13: Operation(wkst.NetrWorkstationStatisticsGet, ("Level", "Options"), statistics),
    # The forerunners of what follows, with passwords in the clear, which no Windows since 2000 serves.
    14: _NOT_SUPPORTED,
    15: _NOT_SUPPORTED,
    16: _NOT_SUPPORTED,
    17: _NOT_SUPPORTED,
    18: _NOT_SUPPORTED,
    19: _NOT_SUPPORTED,
    20: Operation(wkst.NetrGetJoinInformation, (), join_information),
    21: refused(Win32.NOT_SUPPORTED, bytes(8)),
    # Joining and leaving domains is not for others to do.
    22: _NOT_FROM_AFAR,
    23: _NOT_FROM_AFAR,
    24: _NOT_FROM_AFAR,
    25: _NOT_FROM_AFAR,
    26: refused(Win32.REMOTE_DISABLED, bytes(8)),
}


def interface(around: Surroundings) -> Interface:
    """The interface, bound to a server."""
    return TableInterface({**OPERATIONS, **ComputerNames().operations()}, around.view)
