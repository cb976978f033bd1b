"""What the server has now: shares, and of each connection sessions, trees, opens with locks and oplocks; counters."""

from typing import TYPE_CHECKING, Any, Final

import msgspec

from fakesmb.core import profiles
from fakesmb.nt.files import Oplock
from fakesmb.record.moments import iso
from fakesmb.version import __version__
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.web.answer import Answer, RefusedError, json
from fakesmb.web.asked import plain
from fakesmb.web.routes import Ask, Route

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.state import Open


class ShareTold(msgspec.Struct, frozen=True):
    """A share."""

    name: str
    comment: str
    read_only: bool
    private: bool
    """Whether a reset makes its files as they were."""
    users: list[str] | None
    """Who may connect; null: everybody who signs in."""


class SessionTold(msgspec.Struct, frozen=True):
    """Who is signed in."""

    uid: int
    user: str
    kind: str
    """`user`, `guest` or `anonymous`."""
    native_os: str


class TreeTold(msgspec.Struct, frozen=True):
    """A share that is connected."""

    tid: int
    share: str
    user: str


class LockTold(msgspec.Struct, frozen=True):
    """A range of a file that is locked."""

    offset: int
    length: int
    pid: int
    exclusive: bool


class OpenTold(msgspec.Struct, frozen=True):
    """An open file, directory or pipe."""

    fid: int
    tid: int
    uid: int
    pid: int
    share: str
    path: str
    pipe: bool
    directory: bool
    access: int
    oplock: str | None
    """`exclusive`, `batch` or `level ii`."""
    locks: list[LockTold]


class ConnectionTold(msgspec.Struct, frozen=True):
    """A client."""

    connection: int
    peer: str
    local: str
    since: str
    sessions: list[SessionTold]
    trees: list[TreeTold]
    opens: list[OpenTold]
    searches: int


class CountersTold(msgspec.Struct, frozen=True):
    """Since the start, or the last reset."""

    bytes_received: int
    bytes_sent: int
    file_opens: int
    sessions: int
    refused_sessions: int
    messages: int


class JournalTold(msgspec.Struct, frozen=True):
    """What is remembered."""

    last: int
    """The id of the newest message."""
    forgotten: int
    events: int


class State(msgspec.Struct, frozen=True):
    """What the server has now."""

    version: str
    address: str
    """Where clients of SMB connect: `127.0.0.1:4450`."""
    port: int
    netbios_port: int | None
    profile: str
    shares: list[ShareTold]
    connections: list[ConnectionTold]
    counters: CountersTold
    journal: JournalTold
    faults: int


class ProfileTold(msgspec.Struct, frozen=True):
    """A make of server."""

    name: str
    what: str
    switches: dict[str, Any]


class ProfilesTold(msgspec.Struct, frozen=True):
    """All makes; `current` is that of this server."""

    current: str
    profiles: list[ProfileTold]


def _users(connection: "SMBConnection") -> list[SessionTold]:
    return [
        SessionTold(one.uid, one.identity.user, one.identity.kind, one.native_os)
        for one in connection.sessions
        if one.identity is not None
    ]


def _open(entry: "Open") -> OpenTold:
    handle, oplock, locks = entry.handle, None, list[LockTold]()
    if isinstance(handle, LocalHandle):
        held, table = handle.oplock, handle.file.locks
        oplock = None if held is None else _OPLOCKS.get(held.level)
        locks = [
            LockTold(one.start, one.end - one.start, one.pid, one.exclusive)
            for one in ([] if table is None else table.held())
            if one.owner is handle
        ]
    return OpenTold(
        entry.fid,
        entry.tree.tid,
        entry.session.uid,
        entry.pid,
        entry.tree.share.name,
        entry.path,
        entry.pipe is not None,
        handle is not None and handle.is_directory,
        0 if handle is None else handle.access,
        oplock,
        locks,
    )


_OPLOCKS: Final = {Oplock.EXCLUSIVE: "exclusive", Oplock.BATCH: "batch", Oplock.LEVEL_II: "level ii"}


def _connection(connection: "SMBConnection") -> ConnectionTold:
    trees = [
        TreeTold(one.tid, one.share.name, one.identity.user if one.identity is not None else "")
        for one in connection.trees
    ]
    return ConnectionTold(
        connection.number,
        connection.peer,
        connection.local,
        iso(connection.began),
        _users(connection),
        trees,
        [_open(one) for one in connection.opens],
        len(connection.searches),
    )


def state(ask: Ask) -> Answer:
    """`GET /api/v1/state`."""
    service, told = ask.web.service, ask.web.told
    server, ports, config = service.server, service.ports, service.config
    if server is None or ports is None:
        raise RefusedError(503, "the server is about to start")
    counters = server.counters
    host = f"[{ports.host}]" if ":" in ports.host else ports.host
    return json(
        State(
            __version__,
            f"{host}:{ports.direct}",
            ports.direct,
            ports.netbios,
            server.profile.name,
            [
                ShareTold(one.name, one.comment, one.read_only, one.is_private, one.users)
                for one in config.shares
            ],
            [_connection(one) for one in server.connections.values()],
            CountersTold(
                counters.bytes_received,
                counters.bytes_sent,
                counters.file_opens,
                counters.sessions,
                counters.refused_sessions,
                server.messages,
            ),
            JournalTold(told.last, told.forgotten(), len(told)),
            len(service.faults),
        )
    )


def all_profiles(ask: Ask) -> Answer:
    """`GET /api/v1/profiles`."""
    rows = [
        ProfileTold(
            row.name,
            row.what,
            {key: plain(getattr(profiles.profile(row.name), key)) for key in profiles.KEYS},
        )
        for row in profiles.ROWS
    ]
    return json(ProfilesTold(ask.web.service.config.settings.profile.name, rows))


ROUTES: Final = (
    Route("GET", "/api/v1/state", state, "What the server has now", {200: State}),
    Route(
        "GET",
        "/api/v1/profiles",
        all_profiles,
        "The makes of servers that it can be like",
        {200: ProfilesTold},
    ),
)
