"""What the server lets its RPC interfaces see of itself: live rows, made when asked for."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Final

from fakesmb.auth.accounts import Guest
from fakesmb.core.identities import account_rows, machine_sid
from fakesmb.core.printviews import LivePrinting
from fakesmb.nt.files import Access
from fakesmb.rpc.view import (
    Caller,
    ConnectionRow,
    FileRow,
    NamespaceRow,
    Neighbours,
    ServerFacts,
    SessionRow,
    ShareKind,
    ShareRow,
    Statistics,
)

if TYPE_CHECKING:
    from fakesmb.auth.accounts import Identity
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.state import Open, Server, Session, Share

_WRITES: Final = Access.WRITE_DATA | Access.APPEND_DATA
_PRODUCTS: Final = {
    "windows-2003": "Microsoft Windows Server 2003",
    "windows-xp": "Microsoft Windows XP",
    "windows-nt4": "Microsoft Windows NT",
}
"""What makes call themselves, by profile; the others as their session setup says."""
PERM_READ, PERM_WRITE, PERM_CREATE = 1, 2, 4
SESSION_KEY_SIZE: Final = 16
"""Bytes of the key that secrets are encrypted with in RPC calls ([MS-CIFS] 3.4.4.6), however long the session's is."""


def caller_of(session: "Session") -> Caller:
    """A session's user, as RPC interfaces see callers."""
    if session.identity is None:
        return Caller(anonymous=True)
    return caller_from(session.identity, session.connection)


def caller_from(identity: "Identity", connection: "SMBConnection | None" = None) -> Caller:
    """The outcome of a sign-in, as RPC interfaces see callers."""
    return Caller(
        identity.user,
        identity.domain,
        identity.admin,
        identity.kind == "anonymous",
        identity.session_key[:SESSION_KEY_SIZE],
        identity.kind == "guest",
        "" if connection is None else connection.peer,
        0 if connection is None else connection.number,
    )


def group_owner(session: "Session") -> Hashable:
    """Whom an association group belongs to: a user at one address, who may have several connections (smbtorture does).

    Who proved no password: this session only.
    """
    caller = caller_of(session)
    if caller.anonymous or caller.guest:
        return session
    return client_name(session.connection.peer), caller.identity


def client_name(peer: str) -> str:
    """The address of a peer without its port."""
    return peer.rpartition(":")[0] or peer


def _kind(share: "Share") -> ShareKind:
    if share.is_ipc:
        return ShareKind.IPC
    return ShareKind.PRINT if share.is_printer else ShareKind.DISK


def _permissions(entry: "Open") -> int:
    access = Access.READ_DATA if entry.handle is None else entry.handle.access
    readable = PERM_READ if access & Access.READ_DATA else 0
    return readable | (PERM_WRITE | PERM_CREATE if access & _WRITES else 0)


class LiveView:
    """`rpc.view.ServerView` over a running server."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self.printing = LivePrinting(server)

    @property
    def facts(self) -> ServerFacts:
        """Name, version and the like."""
        settings = self._server.settings
        accounts, profile = self._server.accounts, self._server.profile
        return ServerFacts(
            name=settings.name,
            workgroup=settings.workgroup,
            comment=settings.comment,
            version_major=profile.os_major,
            version_minor=profile.os_minor,
            started=self._server.started,
            machine_sid=machine_sid(settings.name),
            accounts=account_rows(accounts, guest=accounts.guest is not Guest.OFF),
            product=_PRODUCTS.get(profile.name, profile.native_os),
            product_version=profile.ntlmssp_version or f"{profile.os_major}.{profile.os_minor}.0",
            signing=settings.signing,
            anonymous_listing=settings.anonymous_listing,
        )

    def shares(self) -> list[ShareRow]:
        """All shares by name, hidden ones among them; IPC$ is the last: some clients count disks until it comes."""
        uses: dict[str, int] = {}
        for connection in self._server.connections.values():
            for tree in connection.trees:
                uses[tree.share.name] = uses.get(tree.share.name, 0) + 1
        return [
            ShareRow(
                name=share.name,
                kind=_kind(share),
                comment=share.comment,
                path="" if share.is_ipc else f"C:\\{share.name.rstrip('$')}",
                read_only=share.read_only,
                current_uses=uses.get(share.name, 0),
            )
            for share in sorted(
                self._server.shares.values(), key=lambda share: (share.is_ipc, share.name.casefold())
            )
        ]

    def sessions(self) -> list[SessionRow]:
        """All signed-in sessions."""
        now = self._server.world.now()
        return [
            SessionRow(
                client=client_name(connection.peer),
                user=session.identity.user,
                opens=sum(entry.session is session for entry in connection.opens),
                active=int(now - session.began),
                idle=int(now - session.last_used),
                guest=session.identity.kind == "guest",
                client_type=session.native_os,
            )
            for connection in self._server.connections.values()
            for session in connection.sessions
            if session.identity is not None
        ]

    def files(self) -> list[FileRow]:
        """All opens of all connections."""
        return [
            FileRow(
                id=connection.number << 16 | entry.fid,
                path=f"\\PIPE{entry.path}"
                if entry.pipe is not None
                else f"C:\\{entry.tree.share.name}{entry.path}",
                user=entry.session.identity.user if entry.session.identity is not None else "",
                permissions=_permissions(entry),
            )
            for connection in self._server.connections.values()
            for entry in connection.opens
        ]

    def connections(self) -> list[ConnectionRow]:
        """All tree connects of all connections."""
        now = self._server.world.now()
        return [
            ConnectionRow(
                id=connection.number << 16 | tree.tid,
                share=tree.share.name,
                client=client_name(connection.peer),
                user=tree.session.identity.user if tree.session.identity is not None else "",
                kind=_kind(tree.share),
                opens=sum(entry.tree is tree for entry in connection.opens),
                seconds=int(now - tree.began),
            )
            for connection in self._server.connections.values()
            for tree in connection.trees
        ]

    def neighbours(self) -> Neighbours:
        """The other computers of the network; without datagrams there are none."""
        return self._server.neighbours()

    def namespaces(self) -> list[NamespaceRow]:
        """The shares that are DFS roots, by name."""
        return [
            NamespaceRow(
                share.name,
                share.comment,
                tuple(("\\".join(link.parts), link.targets) for link in share.dfs.links),
            )
            for share in sorted(self._server.shares.values(), key=lambda share: share.name.casefold())
            if share.dfs is not None
        ]

    def statistics(self) -> Statistics:
        """Counters since the server started."""
        counters = self._server.counters
        return Statistics(
            started=self._server.started,
            file_opens=counters.file_opens,
            session_opens=counters.sessions,
            sessions_failed=counters.refused_sessions,
            password_errors=counters.refused_sessions,
            bytes_sent=counters.bytes_sent,
            bytes_received=counters.bytes_received,
            print_jobs=self._server.spooler.total,
        )

    def time(self) -> float:
        """Now, POSIX seconds."""
        return self._server.world.now()

    def minutes_west(self) -> int:
        """Minutes west of UTC, as ServerTimeZone of a negotiate ([MS-CIFS] 2.2.4.52.2)."""
        return self._server.zone(self._server.world.now())
