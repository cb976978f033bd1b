"""The rows of srvsvc: what each field of each level holds, and how an enumeration is answered ([MS-SRVS] 2.2.4).

impacket's structures tell which fields a level has; the columns here tell where their values come from.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from impacket.dcerpc.v5 import srvs
from impacket.dcerpc.v5.ndr import NDRSTRUCT, NULL

from fakesmb.rpc.stub import (
    FIRST_REFERENT,
    Columns,
    Page,
    Win32,
    page,
    row,
    row_size,
    wide,
    with_levels,
    with_structure,
)
from fakesmb.rpc.view import UNLIMITED, SessionRow

PLATFORM_NT: Final = 500
STYPE_SPECIAL: Final = 0x80000000
SESSION_GUEST: Final = 1
_U32: Final = struct.Struct("<I")


def constant(value: Any) -> Callable[[Any], Any]:
    """A column that is the same in every row."""
    return lambda _: value


def _unc_client(session: SessionRow) -> str:
    return f"\\\\{session.client}"


SHARE: Final[Columns] = {
    "netname": lambda s: s.name,
    "type": lambda s: s.kind | (STYPE_SPECIAL if s.special else 0),
    "remark": lambda s: s.comment,
    "permissions": constant(0),
    "max_uses": lambda s: s.max_uses,
    "current_uses": lambda s: s.current_uses,
    "path": lambda s: s.path,
    "passwd": constant(""),
    "flags": constant(0),
    "alternate_directory_name": constant(""),
    "servername": constant("*"),
    "reserved": constant(0),
    "security_descriptor": constant(None),
}
SESSION: Final[Columns] = {
    "cname": _unc_client,
    "username": lambda s: s.user,
    "num_opens": lambda s: s.opens,
    "time": lambda s: s.active,
    "idle_time": lambda s: s.idle,
    "user_flags": lambda s: SESSION_GUEST if s.guest else 0,
    "cltype_name": lambda s: s.client_type,
    "transport": lambda s: s.transport,
}
FILE: Final[Columns] = {
    "id": lambda f: f.id,
    "permissions": lambda f: f.permissions,
    "num_locks": lambda f: f.locks,
    "path_name": lambda f: f.path,
    "username": lambda f: f.user,
}
CONNECTION: Final[Columns] = {
    "id": lambda c: c.id,
    "type": lambda c: c.kind,
    "num_opens": lambda c: c.opens,
    "num_users": lambda c: c.users,
    "time": lambda c: c.seconds,
    "username": lambda c: c.user,
    "netname": lambda c: c.share,
}
SERVER: Final[Columns] = {
    "platform_id": constant(PLATFORM_NT),
    "name": lambda f: f.name,
    "version_major": lambda f: f.version_major,
    "version_minor": lambda f: f.version_minor,
    "type": lambda f: f.server_type,
    "comment": lambda f: f.comment,
    "users": lambda f: f.max_users,
    "disc": lambda f: f.idle_disconnect,
    "hidden": constant(0),
    "announce": constant(240),
    "anndelta": constant(3000),
    "licenses": constant(0),
    "userpath": lambda f: f.user_path,
    "capabilities": constant(0),
}
SERVER_SETTINGS: Final[Columns] = {
    **{
        name: constant(value)
        for name, value in {
            "sessopens": 16384,
            "sessvcs": 1,
            "opensearch": 2048,
            "sizreqbuf": 16644,
            "initworkitems": 4,
            "maxworkitems": 64,
            "rawworkitems": 4,
            "irpstacksize": 11,
            "maxrawbuflen": 65535,
            "sessusers": 2048,
            "sessconns": 2048,
            "maxpagedmemoryusage": UNLIMITED,
            "maxnonpagedmemoryusage": UNLIMITED,
            "enablesoftcompat": 1,
            "enableforcedlogoff": 1,
            "timesource": 0,
            "acceptdownlevelapis": 1,
            "lmannounce": 0,
            "maxcopyreadlen": 8192,
            "maxcopywritelen": 0,
            "minkeepsearch": 480,
            "maxkeepsearch": 3600,
            "minkeepcomplsearch": 240,
            "maxkeepcomplsearch": 600,
            "threadcountadd": 0,
            "numblockthreads": 0,
            "scavtimeout": 30,
            "minrcvqueue": 2,
            "minfreeworkitems": 2,
            "xactmemsize": 1048576,
            "threadpriority": 1,
            "maxmpxct": 50,
            "oplockbreakwait": 35,
            "oplockbreakresponsewait": 35,
            "enableoplocks": 1,
            "enableoplockforceclose": 0,
            "enablefcbopens": 1,
            "enableraw": 1,
            "enablesharednetdrives": 0,
            "minfreeconnections": 2,
            "maxfreeconnections": 2,
        }.items()
    },
    "domain": lambda f: f.workgroup,
}
"""SERVER_INFO_502 and 503 ([MS-SRVS] 2.2.4.44, 2.2.4.45): what Windows tells where nobody has tuned it."""
TRANSPORT: Final[Columns] = {
    "numberofvcs": lambda t: t.connections,
    "transportname": lambda t: t.device,
    "transportaddress": lambda t: t.address,
    "transportaddresslength": lambda t: len(t.address),
    "networkaddress": constant("000000000000"),
    "domain": lambda t: t.domain,
}
STATISTICS: Final[Columns] = {
    "start": lambda s: int(s.started) & 0xFFFFFFFF,
    "fopens": lambda s: s.file_opens,
    "devopens": constant(0),
    "jobsqueued": lambda s: s.print_jobs,
    "sopens": lambda s: s.session_opens,
    "stimedout": lambda s: s.sessions_timed_out,
    "serrorout": lambda s: s.sessions_failed,
    "pwerrors": lambda s: s.password_errors,
    "permerrors": lambda s: s.permission_errors,
    "syserrors": lambda s: s.system_errors,
    "bytessent_low": lambda s: s.bytes_sent & 0xFFFFFFFF,
    "bytessent_high": lambda s: s.bytes_sent >> 32 & 0xFFFFFFFF,
    "bytesrcvd_low": lambda s: s.bytes_received & 0xFFFFFFFF,
    "bytesrcvd_high": lambda s: s.bytes_received >> 32 & 0xFFFFFFFF,
    "avresponse": lambda s: s.average_response_ms,
    "reqbufneed": constant(0),
    "bigbufneed": constant(0),
}


class Transport(NamedTuple):
    """A row of NetrServerTransportEnum."""

    device: str
    address: list[bytes]
    connections: int
    domain: str


_MANY: Final = 50
"""So many rows are left to impacket, which takes a quarter of a millisecond for each."""
_CHARACTERS: Final = struct.Struct("<III")


def _is_plain(structure: Any) -> bool:
    """Whether a row has nothing but numbers of 32 bits and pointers to texts."""
    return all(issubclass(kind, (srvs.DWORD, srvs.LPWSTR)) for _, kind in structure.structure)


def _packed(level: int, structure: Any, columns: Columns, found: Page, resume: int | None) -> bytes:
    """The response of an enumeration by hand."""
    members = [
        (columns[name.partition("_")[2]], issubclass(kind, srvs.LPWSTR)) for name, kind in structure.structure
    ]
    pack = struct.Struct(f"<{len(members)}I").pack
    referent = FIRST_REFERENT + 4
    heads, texts = [], []
    for subject in found.rows:
        values = []
        for value_of, is_text in members:
            value = value_of(subject)
            if is_text and value is not None:
                raw = wide(value).encode("utf-16-le")
                count = len(raw) // 2
                texts.append(_CHARACTERS.pack(count, 0, count) + raw + bytes(-len(raw) % 4))
                referent += 4
                value = referent
            values.append(value or 0)
        heads.append(pack(*values))
    count = len(heads)
    first = struct.pack("<IIIIII", level, level, FIRST_REFERENT, count, FIRST_REFERENT + 4, count)
    handle = _U32.pack(0) if resume is None else struct.pack("<II", referent + 4, found.resume)
    return b"".join((first, *heads, *texts, _U32.pack(found.total), handle, _U32.pack(found.status)))


class Enumeration(NamedTuple):
    """An enumerating call: its response class, the names in it, and its columns."""

    response: Any
    union: str
    structure: Any
    columns: Columns

    def row_of(self, level: int) -> Any:
        """The impacket structure of one row at a level; None for a level that is not there."""
        arm = self.structure.structure[1][1].union.get(level)
        if arm is None:
            return None
        container = arm[1].referent[0][1]
        return container.structure[1][1].referent[0][1].item

    def answer(self, level: int, found: Page, resume: int | None) -> Any:
        """The response with a page of rows."""
        structure = self.row_of(level)
        if len(found.rows) > _MANY and _is_plain(structure):
            return _packed(level, structure, self.columns, found, resume)
        response = self.response()
        info = response["InfoStruct"]
        info["Level"] = level
        info[self.union]["tag"] = level
        container = info[self.union][f"Level{level}"]
        container["EntriesRead"] = len(found.rows)
        if found.rows:
            container["Buffer"] = [row(structure, self.columns, one) for one in found.rows]
        else:
            container["Buffer"] = NULL
        response["TotalEntries"] = found.total
        response["ResumeHandle"] = NULL if resume is None else found.resume
        response["ErrorCode"] = found.status
        return response

    def run(
        self, level: int, rows: Sequence[Any], preferred: int, resume: int | None, *, denied: bool = False
    ) -> Any:
        """Answers a call; `denied` where the caller may not see this level."""
        structure = self.row_of(level)
        if structure is None:
            return self.refuse(level, resume)
        if denied:
            return self.refuse(level, resume, Win32.ACCESS_DENIED)
        return self.answer(
            level,
            page(rows, lambda one: row_size(structure, self.columns, one), preferred, resume),
            resume,
        )

    def refuse(self, level: int, resume: int | None, status: int = Win32.INVALID_LEVEL) -> Any:
        """The response without rows; for a level with no arm in the union, which impacket cannot build."""
        if self.row_of(level) is not None:
            return self.answer(level, Page((), 0, 0, status), resume)
        handle = _U32.pack(0) if resume is None else struct.pack("<II", FIRST_REFERENT, 0)
        return struct.pack("<III", level, level, 0) + handle + _U32.pack(status)


class ShareInfo1007(NDRSTRUCT):  # type: ignore[misc]
    """SHARE_INFO_1007, which [MS-SRVS] and impacket lack and Samba's clients ask for."""

    structure = (("shi1007_flags", srvs.DWORD), ("shi1007_alternate_directory_name", srvs.LPWSTR))


SHARE_ENUM_STRUCT: Final = with_levels(
    srvs.SHARE_ENUM_STRUCT,
    {
        1004: ("Level1004", srvs.SHARE_INFO_1004),
        1005: ("Level1005", srvs.SHARE_INFO_1005),
        1006: ("Level1006", srvs.SHARE_INFO_1006),
        1007: ("Level1007", ShareInfo1007),
    },
)
"""With the single-value levels that Samba's clients enumerate and whose containers they expect."""

SHARES: Final = Enumeration(
    with_structure(srvs.NetrShareEnumResponse, "InfoStruct", SHARE_ENUM_STRUCT),
    "ShareInfo",
    SHARE_ENUM_STRUCT,
    SHARE,
)
SESSIONS: Final = Enumeration(srvs.NetrSessionEnumResponse, "SessionInfo", srvs.SESSION_ENUM_STRUCT, SESSION)
FILES: Final = Enumeration(srvs.NetrFileEnumResponse, "FileInfo", srvs.FILE_ENUM_STRUCT, FILE)
CONNECTIONS: Final = Enumeration(
    srvs.NetrConnectionEnumResponse, "ConnectInfo", srvs.CONNECT_ENUM_STRUCT, CONNECTION
)
TRANSPORTS: Final = Enumeration(
    srvs.NetrServerTransportEnumResponse, "XportInfo", srvs.SERVER_XPORT_ENUM_STRUCT, TRANSPORT
)
