"""srvsvc: shares, sessions, open files and the server itself ([MS-SRVS]).

Who may ask what follows Windows, with one leniency: share levels 2, 502 and 503, which Windows keeps for
administrators, are open to every signed-in user, because `rpcclient netshareenum` asks for level 2 and
`netsharegetinfo` for 502 and cannot be told otherwise by those who only want to see the shares. Null sessions
get what Windows gives them.
"""

import struct
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from impacket.dcerpc.v5 import srvs
from impacket.dcerpc.v5.ndr import NULL

from fakesmb.nt.names import fold
from fakesmb.rpc.byteorder import Ignored
from fakesmb.rpc.fields import number, operation, text, text_or_none
from fakesmb.rpc.interface import Interface, Surroundings
from fakesmb.rpc.services.srvsvc_names import canonical_name, canonical_path, name_problem, path_type
from fakesmb.rpc.services.srvsvc_rows import (
    CONNECTIONS,
    FILE,
    FILES,
    SERVER,
    SERVER_SETTINGS,
    SESSIONS,
    SHARE,
    SHARE_ENUM_STRUCT,
    SHARES,
    STATISTICS,
    TRANSPORTS,
    Transport,
    constant,
)
from fakesmb.rpc.stub import (
    FIRST_REFERENT,
    Call,
    Columns,
    Operation,
    TableInterface,
    Win32,
    row,
    with_open_unions,
    with_structure,
)
from fakesmb.rpc.view import ConnectionRow, FileRow, ShareRow, Statistics
from fakesmb.wire.oem import encode_oem

NO_TICK_INTERVAL: Final = 310
"""tod_tinterval: clock tick in 0.0001 s, what NT reports."""

_U32: Final = struct.Struct("<I")
_LEVEL_AND_STATUS: Final = struct.Struct("<II")

SIGNED_IN_LEVELS: Final = (2, 501, 502, 503)
"""Share levels that a null session is refused."""


def share_enum(call: Call, level: int, preferred: int, resume: int | None) -> Any:
    """NetrShareEnum, 3.1.4.8: every share, the hidden ones too."""
    denied = call.caller.anonymous and level in SIGNED_IN_LEVELS
    return SHARES.run(level, call.view.shares(), preferred, resume, denied=denied)


def share_enum_sticky(call: Call, level: int, preferred: int, resume: int | None) -> Any:
    """NetrShareEnumSticky, 3.1.4.9: those an administrator made; it has no level 501."""
    if level == 501:
        return SHARES.refuse(level, resume)
    denied = call.caller.anonymous and level in SIGNED_IN_LEVELS
    shares = [one for one in call.view.shares() if not one.special]
    return SHARES.run(level, shares, preferred, resume, denied=denied)


def _info(response: Any, arm: str, level: int, filled: Any, status: int = Win32.OK) -> Any:
    """A GetInfo response; without `filled` a null pointer under the level asked for."""
    answer = response()
    answer["InfoStruct"]["tag"] = level
    answer["InfoStruct"][f"{arm}{level}"] = NULL if filled is None else filled
    answer["ErrorCode"] = status
    return answer


def _one(response: Any, union: Any, arm: str, level: int, columns: Columns, subject: Any) -> Any:
    """A GetInfo response with a row."""
    return _info(response, arm, level, row(union.union[level][1].referent[0][1], columns, subject))


def _no_such_level(response: Any, union: Any, arm: str, level: int) -> Any:
    """INVALID_LEVEL: a null pointer where the union knows the level, as clients then expect, else nothing."""
    if level in union.union:
        return _info(response, arm, level, None, Win32.INVALID_LEVEL)
    return _LEVEL_AND_STATUS.pack(level, Win32.INVALID_LEVEL)


def _find_share(call: Call, name: str | None) -> ShareRow | None:
    wanted = fold(name or "")
    return next((one for one in call.view.shares() if fold(one.name) == wanted), None)


SHARE_INFO_LEVELS: Final = frozenset({0, 1, 2, 501, 502, 503, 1004, 1005, 1006})
EMPTY_LEVELS: Final[Mapping[int, bytes]] = {
    level: struct.pack("<5I", level, FIRST_REFERENT, 0, 0, Win32.OK) for level in (1007, 1501)
}
"""Levels that hold nothing here: no flags and no other folder, no descriptor."""


def share_get_info(call: Call, name: str | None, level: int) -> Any:
    """NetrShareGetInfo, 3.1.4.10. Levels 1004, 1006, 1007 and 1501 are Samba's; Windows only sets them."""
    response = srvs.NetrShareGetInfoResponse
    if level not in SHARE_INFO_LEVELS and level not in EMPTY_LEVELS:
        return _no_such_level(response, srvs.SHARE_INFO, "ShareInfo", level)
    if call.caller.anonymous and level in (2, 502, 503):
        return _info(response, "ShareInfo", level, None, Win32.ACCESS_DENIED)
    share = _find_share(call, name)
    if share is None:
        return struct.pack("<III", level, 0, Win32.NET_NAME_NOT_FOUND)
    if level in EMPTY_LEVELS:
        return EMPTY_LEVELS[level]
    return _one(response, srvs.SHARE_INFO, "ShareInfo", level, SHARE, share)


def share_check(call: Call, device: str | None) -> bytes:
    """NetrShareCheck, 3.1.4.16: whether a folder is shared, and as what; "" is IPC$, which has no folder."""
    wanted = fold((device or "").rstrip("\\"))
    for share in call.view.shares():
        if fold(share.path.rstrip("\\")) == wanted:
            return _LEVEL_AND_STATUS.pack(SHARE["type"](share), Win32.OK)
    return _LEVEL_AND_STATUS.pack(0, Win32.DEVICE_NOT_SHARED)


def session_enum(
    call: Call, client: str | None, user: str | None, level: int, preferred: int, resume: int | None
) -> Any:
    """NetrSessionEnum, 3.1.4.5: levels 1, 2 and 502 are for administrators."""
    denied = call.caller.anonymous or (level in (1, 2, 502) and not call.admin)
    everyone = call.view.sessions()
    host = fold((client or "").lstrip("\\"))
    found = [
        one
        for one in everyone
        if (not host or fold(one.client) == host) and (not user or fold(one.user) == fold(user))
    ]
    if host and not denied and not any(fold(one.client) == host for one in everyone):
        if SESSIONS.row_of(level) is not None:
            return SESSIONS.refuse(level, resume, Win32.CLIENT_NAME_NOT_FOUND)
    elif user and not denied and not found and SESSIONS.row_of(level) is not None:
        return SESSIONS.refuse(level, resume, Win32.USER_NOT_FOUND)
    return SESSIONS.run(level, found, preferred, resume, denied=denied)


def file_enum(
    call: Call, base: str | None, user: str | None, level: int, preferred: int, resume: int | None
) -> Any:
    """NetrFileEnum, 3.1.4.2: for administrators."""
    prefix = fold(base or "")
    found: list[FileRow] = [
        one
        for one in call.view.files()
        if fold(one.path).startswith(prefix) and (not user or fold(one.user) == fold(user))
    ]
    return FILES.run(level, found, preferred, resume, denied=not call.admin)


def file_get_info(call: Call, file_id: int, level: int) -> Any:
    """NetrFileGetInfo, 3.1.4.3: for administrators."""
    response = srvs.NetrFileGetInfoResponse
    if level not in (2, 3):
        return _no_such_level(response, srvs.FILE_INFO, "FileInfo", level)
    if not call.admin:
        return _info(response, "FileInfo", level, None, Win32.ACCESS_DENIED)
    for one in call.view.files():
        if one.id == file_id:
            return _one(response, srvs.FILE_INFO, "FileInfo", level, FILE, one)
    return _info(response, "FileInfo", level, None, Win32.FILE_ID_NOT_FOUND)


def connection_enum(call: Call, qualifier: str | None, level: int, preferred: int, resume: int | None) -> Any:
    """NetrConnectionEnum, 3.1.4.1: by share name, or by `\\\\client`; for administrators."""
    if CONNECTIONS.row_of(level) is None:
        return CONNECTIONS.refuse(level, resume)
    if not call.admin:
        return CONNECTIONS.run(level, (), preferred, resume, denied=True)
    wanted = fold(qualifier or "")
    if not wanted:
        return CONNECTIONS.refuse(level, resume, Win32.INVALID_PARAMETER)
    by_client = wanted.startswith("\\\\")
    if not by_client and _find_share(call, qualifier) is None:
        return CONNECTIONS.refuse(level, resume, Win32.NET_NAME_NOT_FOUND)
    found: list[ConnectionRow] = [
        one
        for one in call.view.connections()
        if (fold(one.client) == wanted[2:] if by_client else fold(one.share) == wanted)
    ]
    return CONNECTIONS.run(level, found, preferred, resume)


def server_get_info(call: Call, level: int) -> Any:
    """NetrServerGetInfo, 3.1.4.17: levels from 102 on are for administrators."""
    response = srvs.NetrServerGetInfoResponse
    if level not in (100, 101, 102, 103, 502, 503):
        return _no_such_level(response, srvs.SERVER_INFO, "ServerInfo", level)
    if level > 101 and not call.admin:
        return _info(response, "ServerInfo", level, None, Win32.ACCESS_DENIED)
    columns = SERVER_SETTINGS if level >= 502 else SERVER
    return _one(response, srvs.SERVER_INFO, "ServerInfo", level, columns, call.view.facts)


def server_statistics(call: Call, service: str | None, level: int, options: int) -> Any:
    """NetrServerStatisticsGet, 3.1.4.20: for administrators; level 0 and no options."""
    response = srvs.NetrServerStatisticsGetResponse()
    status = Win32.OK
    if not call.admin:
        status = Win32.ACCESS_DENIED
    elif level != 0:
        status = Win32.INVALID_LEVEL
    elif options:
        status = Win32.INVALID_PARAMETER
    counters: Statistics = call.view.statistics()
    response["InfoStruct"] = NULL if status else row(srvs.STAT_SERVER_0, STATISTICS, counters)
    response["ErrorCode"] = status
    return response


def remote_tod(call: Call) -> Any:
    """NetrRemoteTOD, 3.1.4.21: the time, split into parts in UTC."""
    now = call.view.time()
    parts = time.gmtime(now)
    milliseconds = int((now - call.view.facts.started) * 1000)
    columns: Columns = {
        "elapsedt": constant(int(now) & 0xFFFFFFFF),
        "msecs": constant(milliseconds & 0xFFFFFFFF),
        "hours": constant(parts.tm_hour),
        "mins": constant(parts.tm_min),
        "secs": constant(parts.tm_sec),
        "hunds": constant(int(now * 100) % 100),
        "timezone": constant(call.view.minutes_west() & 0xFFFFFFFF),
        "tinterval": constant(NO_TICK_INTERVAL),
        "day": constant(parts.tm_mday),
        "month": constant(parts.tm_mon),
        "year": constant(parts.tm_year),
        "weekday": constant((parts.tm_wday + 1) % 7),
    }
    response = srvs.NetrRemoteTODResponse()
    response["BufferPtr"] = row(srvs.TIME_OF_DAY_INFO, columns, None)
    response["ErrorCode"] = Win32.OK
    return response


DISKS: Final = ("C:",)


def server_disk_enum(call: Call, level: int, preferred: int, resume: int | None) -> bytes:
    """NetrServerDiskEnum, 3.1.4.19: for administrators. Encoded here: DISK_INFO is a varying string array."""
    status = Win32.INVALID_LEVEL if level else Win32.OK if call.admin else Win32.ACCESS_DENIED
    names = [] if status else [f"{disk}\0" for disk in DISKS] + ["\0"]  # the list ends with an empty name
    out = struct.pack("<I", len(names))
    if names:
        out += struct.pack("<IIII", 0x00020000, len(names), 0, len(names))
        for name in names:
            out += bytes(-len(out) % 4) + struct.pack("<II", 0, len(name)) + name.encode("utf-16-le")
        out += bytes(-len(out) % 4)
    else:
        out += struct.pack("<I", 0)
    handle = struct.pack("<I", 0) if resume is None else struct.pack("<II", 0x00020004, 0)
    return out + struct.pack("<I", len(names)) + handle + struct.pack("<I", status)


def server_transport_enum(call: Call, level: int, preferred: int, resume: int | None) -> Any:
    """NetrServerTransportEnum, 3.1.4.24: levels 0 and 1, for administrators."""
    if level not in (0, 1):
        return TRANSPORTS.refuse(level, resume)
    facts = call.view.facts
    name = encode_oem(facts.name.upper()[:15].ljust(15), "ascii") + b"\x20"
    sessions = len(call.view.sessions())
    rows = [
        Transport(device, [bytes([byte]) for byte in address], sessions, facts.workgroup)
        for device, address in (("\\Device\\NetbiosSmb", name), ("\\Device\\NetBT_Tcpip", name))
    ]
    return TRANSPORTS.run(level, rows, preferred, resume, denied=not call.admin)


def name_validate(call: Call, name: str | None, kind: int, flags: int) -> bytes:
    """NetprNameValidate, 3.1.4.32."""
    return _U32.pack(name_problem(name or "", kind, flags))


def path_type_get(call: Call, path: str | None, flags: int) -> bytes:
    """NetprPathType, 3.1.4.29."""
    kind, status = path_type(path or "", flags)
    return _LEVEL_AND_STATUS.pack(kind, status)


LARGEST_OUTPUT: Final = 64000
"""Bytes of the buffer that a canonical form may be asked in."""


def _canonical(canonical: str, status: int, room: int, kind: int | None) -> bytes:
    """A buffer with the canonical form, its type where it has one, and the status."""
    if room > LARGEST_OUTPUT:
        status = Win32.INVALID_PARAMETER
    data = b"" if status else f"{canonical}\0".encode("utf-16-le", "surrogatepass")
    if len(data) > room:
        data, status = b"", Win32.BUFFER_TOO_SMALL
    shown = min(room, LARGEST_OUTPUT)
    out = _U32.pack(shown) + data.ljust(shown, b"\0")
    out += bytes(-len(out) % 4)
    if kind is not None:
        out += _U32.pack(0 if status else kind)
    return out + _U32.pack(status)


def path_canonicalize(
    call: Call, server: str | None, path: str, room: int, prefix: str, kind: int, flags: int
) -> bytes:
    """NetprPathCanonicalize, 3.1.4.30."""
    canonical, found, status = canonical_path(path, prefix, kind, flags)
    return _canonical(canonical, status, room, found)


def path_compare(call: Call, server: str | None, one: str, other: str, kind: int, flags: int) -> bytes:
    """NetprPathCompare, 3.1.4.31: 0 for the same path, else which comes first, or a status."""
    first, _, status = canonical_path(one, "", kind, flags & ~1)
    second, _, failed = canonical_path(other, "", kind, flags & ~1)
    return _compared(first, second, status or failed)


def _compared(one: str, other: str, status: int) -> bytes:
    if status:
        return _U32.pack(status)
    first, second = fold(one), fold(other)
    return _U32.pack(0 if first == second else 0xFFFFFFFF if first < second else 1)


def name_canonicalize(call: Call, server: str | None, name: str, room: int, kind: int, flags: int) -> bytes:
    """NetprNameCanonicalize, 3.1.4.33."""
    return _canonical(canonical_name(name, kind), name_problem(name, kind, flags), room, None)


def name_compare(call: Call, server: str | None, one: str, other: str, kind: int, flags: int) -> bytes:
    """NetprNameCompare, 3.1.4.34."""
    status = name_problem(one, kind, flags & ~1) or name_problem(other, kind, flags & ~1)
    return _compared(canonical_name(one, kind), canonical_name(other, kind), status)


def _changing(*, before: int = 0) -> Callable[..., bytes]:
    """Calls that would change the server: never for others, and not offered to administrators. `before`: how many zeros
    come before the status.
    """

    def refuse(call: Call) -> bytes:
        return bytes(before) + _U32.pack(Win32.NOT_SUPPORTED if call.admin else Win32.ACCESS_DENIED)

    return refuse


_PAGED: Final = ("InfoStruct.Level", "PreferedMaximumLength", "ResumeHandle")


def _shares(request: Any) -> Any:
    return with_structure(request, "InfoStruct", SHARE_ENUM_STRUCT)


def _enum(request: Any) -> Any:
    return with_open_unions(request, "InfoStruct")


def _char_devices(call: Call, level: int, preferred: int, resume: int | None) -> Any:
    """NetrCharDevEnum and NetrCharDevQEnum, gone since NT 4 but still answered: levels 0 and 1, no rows."""
    return SHARES.refuse(level, resume, Win32.NOT_SUPPORTED if level in (0, 1) else Win32.INVALID_LEVEL)


OPERATIONS: Final[Mapping[int, Operation]] = {
    # impacket lacks the first two, whose requests have the shape of two others up to their empty containers.
    0: Operation(_enum(srvs.NetrShareEnum), _PAGED, _char_devices),
    3: Operation(_enum(srvs.NetrConnectionEnum), _PAGED, _char_devices),
    8: Operation(_enum(srvs.NetrConnectionEnum), ("Qualifier", *_PAGED), connection_enum),
    9: Operation(_enum(srvs.NetrFileEnum), ("BasePath", "UserName", *_PAGED), file_enum),
    10: Operation(srvs.NetrFileGetInfo, ("FileId", "Level"), file_get_info),
    11: Operation(srvs.NetrFileClose, (), _changing(), refusal=True),
    12: Operation(_enum(srvs.NetrSessionEnum), ("ClientName", "UserName", *_PAGED), session_enum),
    13: Operation(srvs.NetrSessionDel, (), _changing(), refusal=True),
    14: Operation(srvs.NetrShareAdd, (), _changing(before=4), refusal=True),
    15: Operation(_enum(_shares(srvs.NetrShareEnum)), _PAGED, share_enum),
    16: Operation(srvs.NetrShareGetInfo, ("NetName", "Level"), share_get_info),
    17: Operation(srvs.NetrShareSetInfo, (), _changing(before=4), refusal=True),
    18: Operation(srvs.NetrShareDel, (), _changing(), refusal=True),
    19: Operation(srvs.NetrShareDelSticky, (), _changing(), refusal=True),
    20: Operation(srvs.NetrShareCheck, ("Device",), share_check),
    21: Operation(srvs.NetrServerGetInfo, ("Level",), server_get_info),
    22: Operation(srvs.NetrServerSetInfo, (), _changing(before=4), refusal=True),
    23: Operation(
        srvs.NetrServerDiskEnum, ("Level", "PreferedMaximumLength", "ResumeHandle"), server_disk_enum
    ),
    24: Operation(srvs.NetrServerStatisticsGet, ("Service", "Level", "Options"), server_statistics),
    26: Operation(_enum(srvs.NetrServerTransportEnum), _PAGED, server_transport_enum),
    28: Operation(srvs.NetrRemoteTOD, (), remote_tod),
    30: Operation(srvs.NetprPathType, ("PathName", "Flags"), path_type_get),
    31: operation(path_canonicalize, text_or_none, text, number, text, number, number),
    32: operation(path_compare, text_or_none, text, text, number, number),
    33: Operation(srvs.NetprNameValidate, ("Name", "NameType", "Flags"), name_validate),
    34: operation(name_canonicalize, text_or_none, text, number, number, number),
    35: operation(name_compare, text_or_none, text, text, number, number),
    36: Operation(_enum(_shares(srvs.NetrShareEnumSticky)), _PAGED, share_enum_sticky),
    # A handle of zeros, and in vain; a null descriptor; nothing.
    37: Operation(Ignored, (), _changing(before=20), refusal=True),
    38: Operation(Ignored, (), _changing(before=20), refusal=True),
    39: Operation(Ignored, (), _changing(before=4), refusal=True),
    **dict.fromkeys((25, 27, 40, 41), Operation(Ignored, (), _changing(), refusal=True)),
}


def interface(around: Surroundings) -> Interface:
    """The interface, bound to a server."""
    return TableInterface(OPERATIONS, around.view)
