"""What an RPC interface may ask the server, and the rows in which the server answers.

The core hands in an object that satisfies `ServerView`; nothing in `rpc/` sees a connection, a tree or a
file. Times are POSIX seconds, durations seconds.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, Protocol

import msgspec

from fakesmb.rpc.caller import Caller as Caller
from fakesmb.rpc.printview import PrintView

UNLIMITED: Final = 0xFFFFFFFF
SV_TYPE_FILE_SERVER: Final = 0x00009003
"""SV_TYPE_WORKSTATION | SERVER | NT | SERVER_NT, [MS-SRVS] 2.2.2.7."""


class ShareKind(IntEnum):
    """The low part of a share type, [MS-SRVS] 2.2.2.4."""

    DISK = 0
    PRINT = 1
    DEVICE = 2
    IPC = 3


class AccountRow(msgspec.Struct, frozen=True):
    """A user or group of this machine, as SIDs name it: the machine's SID and a RID."""

    name: str
    rid: int
    group: bool = False
    admin: bool = False
    disabled: bool = False


class ServerFacts(msgspec.Struct, frozen=True):
    """Who the server says it is."""

    name: str
    """NetBIOS name, without backslashes."""
    workgroup: str = "WORKGROUP"
    comment: str = ""
    version_major: int = 5
    version_minor: int = 2
    server_type: int = SV_TYPE_FILE_SERVER
    started: float = 0.0
    user_path: str = "C:\\"
    max_users: int = UNLIMITED
    idle_disconnect: int = 15
    """Minutes after which an idle session may be dropped (`sv102_disc`)."""
    lan_root: str = ""
    domain_joined: bool = False
    machine_sid: str = "S-1-5-21-2052111302-1123561945-725345543"
    """What the RIDs of local accounts hang from."""
    accounts: tuple[AccountRow, ...] = ()
    """Local accounts; Administrator (500) and Guest (501), which are always there, only if one can sign in as them."""
    product: str = "Microsoft Windows Server 2003"
    """What the operating system calls itself."""
    product_version: str = "5.2.3790"
    """Major, minor and build of it, as NTLMSSP tells them."""
    signing: str = "offered"
    """Of messages: off, offered or required."""
    anonymous_listing: bool = True
    """Whether clients without a name are told of shares and accounts."""


class ShareRow(msgspec.Struct, frozen=True):
    """One share. A name that ends in `$` is listed as STYPE_SPECIAL, which clients hide."""

    name: str
    kind: int = ShareKind.DISK
    comment: str = ""
    path: str = ""
    """The folder as shown to clients (`C:\\public`); whether that is the true one is the server's choice."""
    read_only: bool = False
    current_uses: int = 0
    max_uses: int = UNLIMITED

    @property
    def special(self) -> bool:
        """Hidden from browsing."""
        return self.name.endswith("$")


class SessionRow(msgspec.Struct, frozen=True):
    """One signed-in session."""

    client: str
    """Name or address of the client, without backslashes."""
    user: str
    opens: int = 0
    active: int = 0
    """Seconds since sign-in."""
    idle: int = 0
    """Seconds since the last request."""
    guest: bool = False
    client_type: str = ""
    """Native operating system, as the client gave it."""
    transport: str = ""


class FileRow(msgspec.Struct, frozen=True):
    """One open file, directory or pipe."""

    id: int
    path: str
    user: str
    permissions: int = 1
    """PERM_FILE_READ 1, WRITE 2, CREATE 4 ([MS-SRVS] 2.2.4.7)."""
    locks: int = 0


class ConnectionRow(msgspec.Struct, frozen=True):
    """One tree connect."""

    id: int
    share: str
    client: str
    user: str
    kind: int = ShareKind.DISK
    opens: int = 0
    users: int = 1
    seconds: int = 0


class NamespaceRow(msgspec.Struct, frozen=True):
    """One DFS root: a share, and its links."""

    share: str
    comment: str = ""
    links: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The path of each in the share, and its targets: `\\server\\share` each, with one backslash in front."""


class Statistics(msgspec.Struct, frozen=True):
    """Counters since the server started ([MS-SRVS] 2.2.4.39)."""

    started: float = 0.0
    file_opens: int = 0
    print_jobs: int = 0
    session_opens: int = 0
    sessions_timed_out: int = 0
    sessions_failed: int = 0
    password_errors: int = 0
    permission_errors: int = 0
    system_errors: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    average_response_ms: int = 0


class ServerRow(msgspec.Struct, frozen=True):
    """A computer or a workgroup of the network."""

    name: str
    server_type: int = SV_TYPE_FILE_SERVER
    """SV_TYPE_* bits."""
    comment: str = ""
    """Of a workgroup: its master browser."""
    version: tuple[int, int] = (5, 2)


class Neighbours(msgspec.Struct, frozen=True):
    """What the server heard of the network, itself left out."""

    servers: tuple[ServerRow, ...] = ()
    """Of its workgroup."""
    workgroups: tuple[ServerRow, ...] = ()
    """The other ones."""
    master: str = ""
    """The master browser of its workgroup; empty: it is not known."""
    server_type: int = SV_TYPE_FILE_SERVER
    """Its own SV_TYPE_* bits among browsers."""


class ServerView(Protocol):
    """What the server lets its RPC interfaces see."""

    @property
    def facts(self) -> ServerFacts:
        """Name, version and the like."""

    @property
    def printing(self) -> PrintView:
        """The printers, and their jobs."""

    def shares(self) -> Sequence[ShareRow]:
        """All shares, IPC$ and hidden ones among them, in a stable order."""

    def sessions(self) -> Sequence[SessionRow]:
        """All sessions."""

    def files(self) -> Sequence[FileRow]:
        """All opens."""

    def connections(self) -> Sequence[ConnectionRow]:
        """All tree connects, to any share."""

    def neighbours(self) -> Neighbours:
        """The other computers of the network, as far as they announced themselves."""

    def namespaces(self) -> Sequence[NamespaceRow]:
        """All DFS roots, in a stable order."""

    def statistics(self) -> Statistics:
        """Counters."""

    def time(self) -> float:
        """Now."""

    def minutes_west(self) -> int:
        """Local time's distance from UTC: positive west of Greenwich."""
