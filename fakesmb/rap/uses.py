"""Who uses the server, and what it does: sessions, connections, open files; for administrators. Services, for all."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from fakesmb.nt.names import fold
from fakesmb.rap.answers import (
    ACCESS_DENIED,
    CLIENT_NAME_NOT_FOUND,
    NET_NAME_NOT_FOUND,
    NOT_SUPPORTED,
    Answer,
    Level,
    Request,
    describe,
    enumerate_rows,
    shown,
)
from fakesmb.rpc.view import ConnectionRow, FileRow, SessionRow

FILE_NOT_FOUND: Final = 2314
INSTALLED: Final = 3
"""The status of a service that runs."""
RESUME_KEY: Final = (0, 0, 0, 0)
"""The eight bytes by which a list of files goes on: here it never does."""

SESSION_LEVELS: Final[Mapping[int, Level]] = {
    2: Level(
        "zzWWWDDDz",
        lambda s: (s.client, s.user, 1, s.opens, 1, s.active, s.idle, int(s.guest), s.client_type),
    ),
    10: Level("zzDD", lambda s: (s.client, s.user, s.active, s.idle)),
}
CONNECTION_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("W", lambda c: (c.id,)),
    1: Level("WWWWDzz", lambda c: (c.id, c.kind, c.opens, c.users, c.seconds, c.user, c.share)),
}
FILE_LEVELS: Final[Mapping[int, Level]] = {
    2: Level("D", lambda f: (f.id,)),
    3: Level("DWWzz", lambda f: (f.id, f.permissions, f.locks, f.path, f.user)),
}


class Service(NamedTuple):
    """A part of the server, as LAN Manager names those."""

    name: str
    text: str


SERVICES: Final = (Service("WORKSTATION", ""), Service("SERVER", ""))
SERVICE_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("B16", lambda s: (s.name,)),
    1: Level("B16WDW", lambda s: (s.name, INSTALLED, 0, 0)),
    2: Level("B16WDWB64", lambda s: (s.name, INSTALLED, 0, 0, s.text)),
}


def session_enum(request: Request) -> Answer:
    """NetSessionEnum."""
    (level,) = request.arguments
    if not request.caller.admin:
        return Answer(ACCESS_DENIED)
    return enumerate_rows(request, SESSION_LEVELS, _sessions(request), level)


def _sessions(request: Request) -> list[SessionRow]:
    """The sessions; the name of a user that the code page cannot spell is left empty."""
    encoding = request.encoding
    return [msgspec.structs.replace(one, user=shown(one.user, encoding)) for one in request.view.sessions()]


def session_get_info(request: Request) -> Answer:
    """NetSessionGetInfo: the session of one client."""
    client, level = request.arguments
    if not request.caller.admin:
        return Answer(ACCESS_DENIED)
    wanted = fold(client.lstrip("\\"))
    found: SessionRow | None = next((one for one in _sessions(request) if fold(one.client) == wanted), None)
    if found is None:
        return Answer(CLIENT_NAME_NOT_FOUND)
    return describe(request, SESSION_LEVELS, found, level)


def connection_enum(request: Request) -> Answer:
    """NetConnectionEnum: of a share, or of a client."""
    qualifier, level = request.arguments
    if not request.caller.admin:
        return Answer(ACCESS_DENIED)
    wanted, encoding = fold(qualifier.lstrip("\\")), request.encoding
    found: list[ConnectionRow] = [
        msgspec.structs.replace(one, user=shown(one.user, encoding), share=shown(one.share, encoding))
        for one in request.view.connections()
        if wanted in (fold(one.share), fold(one.client))
    ]
    shares = (fold(one.name) for one in request.view.shares())
    if not found and not qualifier.startswith("\\\\") and wanted not in shares:
        return Answer(NET_NAME_NOT_FOUND)
    return enumerate_rows(request, CONNECTION_LEVELS, found, level)


def _files(request: Request) -> list[FileRow]:
    """What is open; a path or a user that the code page cannot spell is left empty."""
    encoding = request.encoding
    return [
        msgspec.structs.replace(one, path=shown(one.path, encoding), user=shown(one.user, encoding))
        for one in request.view.files()
    ]


def file_enum(request: Request) -> Answer:
    """NetFileEnum2: below a folder, of a user."""
    base, user, level = request.arguments
    if not request.caller.admin:
        return Answer(ACCESS_DENIED)
    found = [
        one
        for one in _files(request)
        if fold(one.path).startswith(fold(base)) and (not user or fold(one.user) == fold(user))
    ]
    answer = enumerate_rows(request, FILE_LEVELS, found, level)
    return answer._replace(words=(*answer.words, *RESUME_KEY)) if answer.words else answer


def file_get_info(request: Request) -> Answer:
    """NetFileGetInfo2."""
    number, level = request.arguments
    if not request.caller.admin:
        return Answer(ACCESS_DENIED)
    found = next((one for one in _files(request) if one.id == number), None)
    return Answer(FILE_NOT_FOUND) if found is None else describe(request, FILE_LEVELS, found, level)


def service_enum(request: Request) -> Answer:
    """NetServiceEnum."""
    (level,) = request.arguments
    return enumerate_rows(request, SERVICE_LEVELS, SERVICES, level)


def refuse_change(request: Request) -> Answer:
    """Calls that would change the server: never for others, and not offered to administrators."""
    return Answer(NOT_SUPPORTED if request.caller.admin else ACCESS_DENIED)


def refuse_password(request: Request) -> Answer:
    """Calls that would change a password: accounts are those of the configuration."""
    return Answer(PASSWORD_CANNOT_CHANGE)


PASSWORD_CANNOT_CHANGE: Final = 2243
ROWS: Final[Mapping[int, tuple[tuple[str, ...], Any]]] = {
    0x0006: (("WrLeh",), session_enum),
    0x0007: (("zWrLh",), session_get_info),
    0x0009: (("zWrLeh",), connection_enum),
    0x0027: (("WrLeh",), service_enum),
    0x0070: (("zzWrLehb8g8",), file_enum),
    0x007B: (("zzWrLehb8g8",), file_enum),
    0x007C: (("DWrLh",), file_get_info),
}
CHANGES: Final = (
    0x0002, 0x0003, 0x0004, 0x0008, 0x000C, 0x000E, 0x0010, 0x0028, 0x0029, 0x0030, 0x0031, 0x0032, 0x0033, 0x0036,
    0x0037, 0x0039, 0x003C, 0x0040, 0x006B, 0x006F, 0x0071, 0x007D,
)  # fmt: skip
"""Shares, sessions, files, services, groups, users, the server and its workstation: added, changed, ended, removed."""
PASSWORD_CHANGES: Final = (0x003A, 0x0073, 0x00D6)
