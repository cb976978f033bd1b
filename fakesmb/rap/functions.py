"""Remote Administration Protocol: what LAN Manager clients ask over \\PIPE\\LANMAN ([MS-RAP]).

jcifs, Windows 95, OS/2, PS2 loaders and Windows 10's network browser list shares and servers this way. A request
is an opcode, a descriptor of its parameters and one of the structures wanted; answers are encoded from the same
descriptors.
"""

import struct
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from fakesmb.nt.names import fold
from fakesmb.rap import accounts, uses
from fakesmb.rap import printing as rap_printing
from fakesmb.rap.answers import (
    ACCESS_DENIED,
    BUFFER_TOO_SMALL,
    INVALID_PARAMETER,
    NET_NAME_NOT_FOUND,
    NOT_SUPPORTED,
    OK,
    Answer,
    Level,
    Request,
    describe,
    encode_rows,
    enumerate_rows,
    oem,
    shown,
)
from fakesmb.rpc.view import Caller, ServerRow, ServerView, ShareRow
from fakesmb.wire.codec import Buffer, Cursor, DecodeError

SHARE_NAME_SIZE: Final = 13
"""Bytes of a share name, its null included: longer ones are left out ([MS-RAP] 2.5.6.3.2)."""
SV_TYPE_DOMAIN_ENUM: Final = 0x80000000
SV_TYPE_ALL: Final = 0xFFFFFFFF
NO_TICK_INTERVAL: Final = 310
_WORD: Final = struct.Struct("<H")
_DWORD: Final = struct.Struct("<I")

SHARE_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("B13", lambda s: (s.name,)),
    1: Level("B13BWz", lambda s: (s.name, 0, s.kind, s.comment)),
    2: Level(
        "B13BWzWWWzB9B",
        lambda s: (s.name, 0, s.kind, s.comment, 0, s.max_uses, s.current_uses, s.path, "", 0),
    ),
}
SERVER_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("B16", lambda f: (f[0],)),
    1: Level("B16BBDz", tuple),
}
WORKSTATION_LEVELS: Final[Mapping[int, Level]] = {
    10: Level("zzzBBzz", tuple),
}


def _spelt(request: Request) -> list[ShareRow]:
    """The shares that the code page can name; a path that it cannot spell is left empty."""
    encoding = request.encoding
    return [
        msgspec.structs.replace(one, path=shown(one.path, encoding))
        for one in request.view.shares()
        if shown(one.name, encoding)
    ]


def _shares(request: Request) -> list[ShareRow]:
    return [one for one in _spelt(request) if len(oem(one.name, request.encoding)) <= SHARE_NAME_SIZE]


def share_enum(request: Request) -> Answer:
    """NetShareEnum, 2.5.6.1."""
    (level,) = request.arguments
    if level == 2 and request.caller.anonymous:
        return Answer(ACCESS_DENIED)
    return enumerate_rows(request, SHARE_LEVELS, _shares(request), level)


def share_get_info(request: Request) -> Answer:
    """NetShareGetInfo, 2.5.6.2."""
    name, level = request.arguments
    if level == 2 and request.caller.anonymous:
        return Answer(ACCESS_DENIED)
    for one in _spelt(request):
        if fold(one.name) == fold(name):
            return describe(request, SHARE_LEVELS, one, level)
    return Answer(NET_NAME_NOT_FOUND)


def _this_server(view: ServerView) -> tuple[str, int, int, int, str]:
    facts = view.facts
    kind = view.neighbours().server_type | facts.server_type
    return facts.name.upper(), facts.version_major, facts.version_minor, kind, facts.comment


def _other(one: ServerRow) -> tuple[str, int, int, int, str]:
    return one.name, *one.version, one.server_type, one.comment


def server_get_info(request: Request) -> Answer:
    """NetServerGetInfo, 2.5.5.1."""
    (level,) = request.arguments
    return describe(request, SERVER_LEVELS, _this_server(request.view), level)


def server_enum(request: Request) -> Answer:
    """NetServerEnum2, 2.5.5.2, and NetServerEnum3, 2.5.5.3: the computers of the workgroup, or the workgroups.

    Windows 10's network browser asks for both, over a null session.
    """
    level, kind, *rest = request.arguments
    domain = rest[0] if rest else ""
    rows = _computers(request.view, domain)
    if kind != SV_TYPE_ALL:
        everything = SV_TYPE_ALL if kind == SV_TYPE_LOCAL_LIST_ONLY else 0
        wanted = kind & ~SV_TYPE_LOCAL_LIST_ONLY | everything
        rows = _workgroups(request.view) if kind & SV_TYPE_DOMAIN_ENUM else rows
        rows = [row for row in rows if row[3] & wanted]
    if len(rest) > 1:  # NetServerEnum3 goes on at a name
        rows = [row for row in rows if fold(row[0]) >= fold(rest[1])]
    rows = [row for row in rows if shown(row[0], request.encoding)]
    return enumerate_rows(request, SERVER_LEVELS, rows, level)


def _computers(view: ServerView, domain: str) -> list[tuple[str, int, int, int, str]]:
    """This server and its neighbours, by name; of another workgroup nothing is known but who its master browser is.

    To who signed in by NTLMSSP a server without a domain is a domain of its own, and smbclient asks for that one.
    """
    facts = view.facts
    if domain and fold(domain) not in (fold(facts.workgroup), fold(facts.name)):
        return []
    return sorted([_this_server(view), *map(_other, view.neighbours().servers)])


def _workgroups(view: ServerView) -> list[tuple[str, int, int, int, str]]:
    """The workgroups by name, each with its master browser for a comment."""
    facts, near = view.facts, view.neighbours()
    master = near.master or facts.name.upper()
    own = (facts.workgroup.upper(), facts.version_major, facts.version_minor, _DOMAIN_TYPE, master)
    return sorted([own, *map(_other, near.workgroups)])


SV_TYPE_LOCAL_LIST_ONLY: Final = 0x40000000
_DOMAIN_TYPE: Final = 0x80001000
"""SV_TYPE_DOMAIN_ENUM | SV_TYPE_NT."""


def workstation_get_info(request: Request) -> Answer:
    """NetWkstaGetInfo, 2.5.10.1: level 10. Windows 95 repeats it until it is answered."""
    (level,) = request.arguments
    facts = request.view.facts
    subject = (
        facts.name.upper(),
        shown(request.caller.user, request.encoding),
        facts.workgroup.upper(),
        facts.version_major,
        facts.version_minor,
        facts.workgroup.upper(),
        "",
    )
    return describe(request, WORKSTATION_LEVELS, subject, level)


def remote_tod(request: Request) -> Answer:
    """NetRemoteTOD, 2.5.9.1: local time, split into parts."""
    if request.fields != _TOD:
        return Answer(INVALID_PARAMETER)
    now = request.view.time()
    west = request.view.minutes_west()
    parts = time.gmtime(now - west * 60)
    values = (
        int(now), int((now - request.view.facts.started) * 1000), parts.tm_hour, parts.tm_min, parts.tm_sec,
        int(now * 100) % 100, west, NO_TICK_INTERVAL, parts.tm_mday, parts.tm_mon, parts.tm_year,
        (parts.tm_wday + 1) % 7,
    )  # fmt: skip
    count, data = encode_rows(_TOD, [values], request.room, request.encoding)
    return Answer(OK, (), data) if count else Answer(BUFFER_TOO_SMALL)


_TOD: Final = "DDBBBBWWBBWB"


class Operation(NamedTuple):
    """One opcode: the parameter descriptors it comes with, none where they do not matter, and what answers."""

    parameters: tuple[str, ...]
    run: Callable[[Request], Answer]


OPERATIONS: Final[Mapping[int, Operation]] = {
    0x0000: Operation(("WrLeh",), share_enum),
    0x0001: Operation(("zWrLh",), share_get_info),
    0x000D: Operation(("WrLh",), server_get_info),
    0x003F: Operation(("WrLh",), workstation_get_info),
    0x005B: Operation(("rL",), remote_tod),
    0x0068: Operation(("WrLehDz", "WrLehDO"), server_enum),
    0x00D7: Operation(("WrLehDzz",), server_enum),
    0x002F: Operation(("WrLeh",), accounts.group_enum),
    0x0034: Operation(("zWrLeh",), accounts.group_get_users),
    0x0035: Operation(("WrLeh",), accounts.user_enum),
    0x0038: Operation(("zWrLh",), accounts.user_get_info),
    0x003B: Operation(("zWrLeh",), accounts.user_get_groups),
    0x006A: Operation(("zWrLh",), accounts.group_get_info),
    **{code: Operation(*row) for code, row in {**uses.ROWS, **rap_printing.ROWS}.items()},
    **{code: Operation((), uses.refuse_change) for code in uses.CHANGES},
    **{code: Operation((), uses.refuse_password) for code in uses.PASSWORD_CHANGES},
}


OPEN_TO_ANONYMOUS: Final = frozenset({0x000D, 0x003F, 0x005B, 0x0068, 0x00D7})
"""What tells of no share and no account: the server, the workstation, the time, the servers of the network."""


def transact(
    parameters: Buffer,
    data: Buffer,
    max_param: int,
    max_data: int,
    view: ServerView,
    caller: Caller,
    encoding: str = "cp850",
    *,
    anonymous_listing: bool = True,
) -> tuple[bytes, bytes]:
    """Parameters and data of the answer to a transaction on \\PIPE\\LANMAN.

    Raises `DecodeError` where not even an opcode and its descriptors are there; every other trouble is a status
    in the answer.
    """
    cursor = Cursor(parameters, 0, len(parameters), unicode=False, encoding=encoding)
    (opcode,) = cursor.unpack(_WORD)
    descriptor, fields = cursor.oem(), cursor.oem()
    if caller.anonymous and not anonymous_listing and opcode not in OPEN_TO_ANONYMOUS:
        answer = Answer(ACCESS_DENIED)
    else:
        answer = _run(opcode, descriptor, cursor, max_data, view, caller, fields)
    words = (answer.status, 0, *answer.words)
    return struct.pack(f"<{len(words)}H", *(word & 0xFFFF for word in words))[:max_param], answer.data


def _run(
    opcode: int, descriptor: str, cursor: Cursor, max_data: int, view: ServerView, caller: Caller, fields: str
) -> Answer:
    operation = OPERATIONS.get(opcode)
    if operation is None:
        return Answer(NOT_SUPPORTED)
    if not operation.parameters:
        return operation.run(Request(view, caller, (), 0, fields, cursor.encoding))
    if descriptor not in operation.parameters:
        return Answer(INVALID_PARAMETER)
    try:
        arguments, room = _arguments(descriptor, cursor)
    except DecodeError:
        return Answer(INVALID_PARAMETER)
    request = Request(view, caller, arguments, min(room, max_data), fields, cursor.encoding)
    return operation.run(request)


def _arguments(descriptor: str, cursor: Cursor) -> tuple[tuple[Any, ...], int]:
    """The inputs a descriptor announces, and the size of the receive buffer (`rL`)."""
    found: list[Any] = []
    room = 0
    for kind in descriptor:
        if kind == "W":
            found.append(cursor.unpack(_WORD)[0])
        elif kind == "D":
            found.append(cursor.unpack(_DWORD)[0])
        elif kind == "z":
            found.append(cursor.oem(strict=False))
        elif kind == "L":
            room = cursor.unpack(_WORD)[0]
    return tuple(found), room
