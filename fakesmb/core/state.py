"""Server > Connection > Session, Tree > Open, Search: who holds what, and what ends with what.

Identifiers are scoped as [MS-CIFS] 3.3.1 scopes them: UIDs, TIDs, FIDs and SIDs belong to a connection. Closing a
parent closes its children.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Final, Protocol, cast

import msgspec
from twisted.internet.defer import Deferred, maybeDeferred

from fakesmb.auth.attempts import Attempts
from fakesmb.core.identities import machine_sid, token_of
from fakesmb.core.namespaces import Namespace
from fakesmb.core.printing import Spooler
from fakesmb.core.printstore import PrintStore, document_path
from fakesmb.core.quotas import ServerQuotas
from fakesmb.core.referrals import ReferralTable
from fakesmb.core.settings import Settings
from fakesmb.core.sign_ins import rules_of
from fakesmb.core.turns import Turns
from fakesmb.core.views import LiveView
from fakesmb.faults.fault import Fault, Faults
from fakesmb.faults.known import Known
from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.log import EventLog
from fakesmb.rpc.pipes import Pipe, PipeService
from fakesmb.rpc.view import Neighbours
from fakesmb.vfs.disktask import DiskTasks, at_once
from fakesmb.vfs.junctions import Junctions, with_junctions
from fakesmb.vfs.lesser import Traits, lesser
from fakesmb.vfs.paths import Path, path_without_stream, posix_path
from fakesmb.vfs.reactor import DelayedCall
from fakesmb.vfs.repeatable import repeatable
from fakesmb.vfs.store import FileLimits, FileStore, Handle, LocalBreaks, Names, Search
from fakesmb.wire.files import ResourceType
from fakesmb.wire.frame import LONGEST_FRAME
from fakesmb.wire.unix import UnixCapability
from fakesmb.world import ToldTime, Turn, World, Zone, zone_of

if TYPE_CHECKING:
    from fakesmb.auth.accounts import Accounts, Identity
    from fakesmb.auth.kerberos import Kerberos
    from fakesmb.auth.share_passwords import SharePasswords
    from fakesmb.auth.spnego import SpnegoAcceptor
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.dispatch import CommandRow
    from fakesmb.core.oplocks import Holder
    from fakesmb.core.plan import Plan
    from fakesmb.core.profile import Profile
    from fakesmb.core.tap import Tap
    from fakesmb.core.transactions import SubcommandRow
    from fakesmb.nt.token import Token
    from fakesmb.vfs.disktask import Threads

LARGEST_UNIX_READ: Final = LONGEST_FRAME - 0x3F
"""Bytes that one READ_ANDX gives a client at most that chose CIFS_UNIX_LARGE_READ_CAP: Linux asks for 1 MiB, or what
`rsize` says, and after less it goes on page by page."""


class Clock(Protocol):
    """Twisted's IReactorTime: the reactor, or `twisted.internet.task.Clock` in tests."""

    def seconds(self) -> float:
        """Seconds of a clock that only goes forward."""

    def callLater(  # noqa: N802
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> DelayedCall:
        """Calls back after `delay` seconds."""


class TaskClock:
    """A clock whose calls are tasks, since they may ask a disk that hangs."""

    def __init__(self, clock: Clock, tasks: DiskTasks) -> None:
        self.seconds = clock.seconds
        self._call_later = clock.callLater
        self._tasks = tasks

    def callLater(  # noqa: N802
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> DelayedCall:
        """Calls back after `delay` seconds."""
        return self._call_later(delay, self._tasks.run, partial(callable, *args, **kw))


class ToldClock:
    """A clock whose calls are made in the time of the connection in which they were asked for."""

    def __init__(self, clock: Clock, world: ToldTime) -> None:
        self.seconds = clock.seconds
        self._call_later = clock.callLater
        self._world = world

    def callLater(  # noqa: N802
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> DelayedCall:
        """Calls back after `delay` seconds."""
        return self._call_later(delay, self._world.of_present(callable), *args, **kw)


Handlers = Callable[["Profile"], "tuple[Mapping[int, CommandRow], Mapping[int, SubcommandRow]]"]
"""Gives every command that a profile answers, and every subcommand of TRANSACTION2, by code: `fakesmb.handlers`."""
InThread = Callable[[Callable[[], None]], Deferred[None]]


def _in_task(tasks: DiskTasks, in_thread: InThread, work: Callable[[], None]) -> Deferred[None]:
    """As `in_thread`, but what follows is a task."""
    done: Deferred[None] = Deferred()

    def ended(result: object) -> None:
        tasks.run(partial(done.callback, result))  # type: ignore[arg-type]  # a Failure goes on as one

    in_thread(work).addBoth(ended)
    return done


class Share:
    """A name that can be connected to: a folder, a printer whose jobs a folder takes, or IPC$."""

    __slots__ = (
        "comment",
        "dfs",
        "driver",
        "is_printer",
        "local_breaks",
        "name",
        "oplocks",
        "passwords",
        "path",
        "read_only",
        "resource_type",
        "store",
        "unix_extensions",
        "users",
    )

    def __init__(
        self,
        name: str,
        store: FileStore | None,
        *,
        comment: str = "",
        path: str = "",
        read_only: bool = False,
        users: Iterable[str] | None = None,
        unix_extensions: bool = True,
        oplocks: bool = True,
        local_breaks: LocalBreaks = True,
        passwords: "SharePasswords | None" = None,
        printer: bool = False,
        driver: str = "",
        dfs: Namespace | None = None,
    ) -> None:
        """`printer`: the folder takes print jobs, for which clients are to use the `driver` of that name."""
        self.name = name
        self.is_printer = printer
        self.resource_type = ResourceType.PRINTER if printer else ResourceType.DISK
        """What answers to opens say that a file of it is."""
        self.driver = driver
        self.store = store
        self.comment = comment
        self.path = path
        self.read_only = read_only
        self.unix_extensions = unix_extensions and not printer
        self.oplocks = oplocks and not printer
        """Whether clients are given any."""
        self.local_breaks: LocalBreaks = local_breaks
        """Which doings of local programs break them."""
        self.passwords = passwords
        """What opens it at share level; None: whoever connects."""
        self.dfs = dfs
        """Its links, where it is a DFS root."""
        self.users = None if users is None else frozenset(fold(user) for user in users)

    def suit(self, profile: "Profile", world: World) -> None:
        """From now on it has no more than a server of that profile offers, in that world."""
        self.oplocks = self.oplocks and profile.oplocks
        self.unix_extensions = self.unix_extensions and profile.unix_extensions
        if self.store is not None:
            traits = Traits(profile.file_system, profile.streams, profile.eas)
            self.store = repeatable(lesser(self.store, traits), world, self.name)
            if self.dfs is not None:
                self.store = with_junctions(
                    self.store, Junctions(link.parts for link in self.dfs.links), self.path
                )

    @property
    def is_ipc(self) -> bool:
        """Whether this is IPC$, the share of named pipes."""
        return self.store is None

    def store_for(self, session: "Session") -> FileStore | None:
        """The files as that user sees them; of a printer, what takes their print jobs."""
        if self.store is None:
            return None
        if self.is_printer:
            return cast("FileStore", PrintStore(self, session))
        return self.store.for_user(session.token)

    def admits(self, identity: "Identity") -> bool:
        """Whether that user may connect. A list of users admits only who proved a password: a guest names itself."""
        return self.admits_user(identity.user, proved=identity.kind == "user", admin=identity.admin)

    def admits_user(self, user: str, *, proved: bool, admin: bool) -> bool:
        """The same of a user by name, who has `proved` a password or not."""
        return self.users is None or (proved and (admin or fold(user) in self.users))


class Session:
    """One signed-in user of a connection, or one who is about to be ([MS-CIFS] 3.3.1.5)."""

    __slots__ = ("acceptor", "began", "charged", "connection", "identity", "last_used", "native_os", "uid")

    def __init__(self, connection: "SMBConnection") -> None:
        self.connection = connection
        self.uid = 0
        self.identity: Identity | None = None
        self.acceptor: SpnegoAcceptor | None = None
        self.charged = 0
        """Bytes of the quota that a sign-in under way takes."""
        self.native_os = ""
        self.began = self.last_used = connection.now()

    def charge(self, size: int) -> None:
        """Takes `size` bytes of the connection's quota until the sign-in ends; raises INSUFFICIENT_RESOURCES."""
        self.connection.quotas.reassembly.take(size)
        self.charged += size

    def end_sign_in(self) -> None:
        """The sign-in under way, if any, has succeeded, failed or been given up."""
        self.acceptor = None
        self.connection.quotas.reassembly.give_back(self.charged)
        self.charged = 0

    @property
    def token(self) -> "Token | None":
        """The user as access checks see one; None before the sign-in."""
        if self.identity is None:
            return None
        return token_of(machine_sid(self.connection.server.settings.name), self.identity)


class Tree:
    """One connected share of a connection ([MS-CIFS] 3.3.1.6)."""

    __slots__ = (
        "_exact_store",
        "_largest_read",
        "began",
        "direct",
        "identity",
        "largest_read",
        "namespace",
        "parse",
        "read_only",
        "session",
        "share",
        "store",
        "tid",
        "unix_capabilities",
    )

    def __init__(self, share: Share, session: Session, *, read_only: bool = False) -> None:
        """`read_only`: the password of the tree connect opens it to be read only, at share level."""
        self.share = share
        self.store = share.store_for(session)
        """The share's files as the user sees them who connected it."""
        self.namespace = share.dfs
        """The links that lead out of it, where it is a DFS root."""
        self.session = session
        self.tid = 0
        self.identity = identity = session.identity
        """Whose rights `store` and `read_only` are: its session's user, until that signs in again as somebody else."""
        self.direct = None if session.connection.heeds_case else identity
        """Whose requests mean `store` whatever their flags say; None where each says how names are meant."""
        self._exact_store: FileStore | None = None
        self.read_only = read_only or share.read_only or (identity is not None and identity.read_only)
        self.began = session.connection.now()
        self.unix_capabilities = 0
        """Of the Unix extensions, those that the client chose by SET_FS_INFORMATION."""
        self._largest_read = session.connection.profile.largest_read
        self.largest_read = self._largest_read
        self.parse: Callable[..., Path] = (
            document_path
            if share.is_printer
            else Path.parse
            if session.connection.profile.streams
            else path_without_stream
        )
        """How a client's path is read: takes `wildcards` too."""

    def belongs_to(self, uid: int) -> bool:
        """Whether a client with that UID may end it: its user only, on whatever UID.

        The tree of a user who signed out may be ended by anybody who takes no open file or search from another
        (Windows looks at no UID then).
        """
        owner, connection = self.session, self.session.connection
        session = connection.sessions.get(uid)
        if connection.sessions.get(owner.uid) is not owner:
            used = [*connection.opens, *connection.searches]
            return all(one.session is session for one in used if one.tree is self)
        if session is None or session.identity is None or owner.identity is None:
            return False
        return session is owner or (
            session.identity.kind == owner.identity.kind == "user"
            and session.identity.user == owner.identity.user
        )

    @property
    def posix_names(self) -> bool:
        """Whether paths are POSIX's: no character but `/` means anything, wildcards in a name of one file neither."""
        return self.parse is posix_path

    def choose_unix(self, capabilities: int) -> None:
        """From now on the client uses these of the Unix extensions."""
        self.unix_capabilities = capabilities
        self.largest_read = (
            LARGEST_UNIX_READ if capabilities & UnixCapability.LARGE_READ else self._largest_read
        )
        if capabilities & UnixCapability.POSIX_PATHNAMES:
            self._use_posix_names()

    def _use_posix_names(self) -> None:
        """The client writes `/`, and means each name as it is spelt."""
        if self.store is not None and not self.posix_names:
            self.store = self.store.with_posix_names()
            self.parse = posix_path

    def signed_in_again(self, identity: "Identity") -> None:
        """The user of its session has a new identity: the rights stay those of before where it is the same user."""
        if self.identity is not None and self.identity.same_user(identity):
            if self.direct is not None:
                self.direct = identity
            self.identity = identity

    def heed_case(self) -> None:
        """From now on each request says whether letters of names are meant as they are."""
        self.direct = None

    def store_for(self, session: Session, *, exact: bool = False) -> FileStore | None:
        """The share's files as a user sees them who may not be the one who connected the tree.

        `exact`: the request wants names as they are spelt, which only counts where `heed_case` was said.
        """
        if self.share.store is None:
            return self.store
        own = session.identity is self.identity
        exact = exact and self.direct is None and not self.posix_names
        if own and not exact:
            return self.store
        if own and self._exact_store is not None:
            return self._exact_store
        store = self.share.store_for(session)
        if exact and store is not None:
            store = store.with_exact_names()
            if own:
                self._exact_store = store
            return store
        return store.with_posix_names() if store is not None and self.posix_names else store

    def serves(self, session: Session) -> bool:
        """Whether a user who did not connect it may use it: TIDs belong to the connection, rights do not."""
        identity = session.identity
        if identity is None or self.share.is_ipc:
            return identity is not None
        return (
            identity.kind != "anonymous"
            and self.share.admits(identity)
            and (self.read_only or not identity.read_only)
        )


class Open(msgspec.Struct, eq=False):
    """One open file, directory or pipe of a connection ([MS-CIFS] 3.3.1.7)."""

    tree: Tree
    session: Session
    path: str
    pid: int
    handle: Handle | None = None
    pipe: Pipe | None = None
    fid: int = 0
    offset: int = 0
    """Where SEEK counts from; the handle's own position follows reads only, as Windows keeps the two."""
    oplock: "Holder | None" = None
    watched: bool = False
    """Whether the client has asked for its changes, and counts as watching it until it is closed."""
    resume_key: bytes = b""
    """What COPYCHUNK calls it by, once a client has asked."""
    late: SMBError | OSError | None = None
    """Why data could not be written for which the client waited for no answer; its CLOSE says so."""

    def close(self, last_write_time: int = 0) -> SMBError | OSError | None:
        """Lets go of what is open. Never raises; gives what the disk says of it (`FileStore.close`), or said before."""
        trouble = self.late
        if self.oplock is not None:
            self.oplock.stop()
            self.oplock = None
        if self.watched:
            self.watched = False
            self.session.connection.quotas.watches.give_back(1)
        if self.handle is not None and self.tree.store is not None:
            trouble = self.tree.store.close(self.handle, last_write_time) or trouble
        if self.pipe is not None:
            self.pipe.close()
        return trouble


class OpenSearch:
    """One directory search kept for FIND_NEXT2 ([MS-CIFS] 3.3.1.8)."""

    __slots__ = ("by_key", "names", "path", "pid", "search", "session", "sid", "tree")

    def __init__(
        self, tree: Tree, session: Session, pid: int, search: Search, path: str, *, by_key: bool = False
    ) -> None:
        self.tree = tree
        self.session = session
        self.pid = pid
        self.search = search
        self.path = path
        """What was searched for, `\\dir\\*.txt`."""
        self.by_key = by_key
        """Whether it goes on by SEARCH's resume keys, which carry the SID, and not by FIND_NEXT2."""
        self.sid = 0
        self.names: Names | None = None
        """What of its names is charged to the connection."""


class Counters:
    """What NetrServerStatisticsGet tells ([MS-SRVS] 2.2.4.39), and how long the server kept somebody waiting."""

    __slots__ = ("_turn", "bytes_received", "bytes_sent", "file_opens", "refused_sessions", "sessions")

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.bytes_received = self.bytes_sent = self.file_opens = self.refused_sessions = self.sessions = 0

    @property
    def longest_hold_up(self) -> float:
        """Seconds that a message waited at most, so far, until the loop looked for it; 0 where no loop counts."""
        return self._turn.longest


class Server:
    """Everything that connections share: shares, accounts, pipes, the record. One per listening service."""

    def __init__(
        self,
        settings: Settings,
        accounts: "Accounts",
        shares: Iterable[Share],
        log: EventLog,
        clock: Clock,
        handlers: Handlers,
        world: World | None = None,
        in_thread: InThread = maybeDeferred,
        threads: "Threads | None" = None,
        faults: Faults | None = None,
        kerberos: "Kerberos | None" = None,
    ) -> None:
        """`threads`: make the system calls on disks that may hang, where a share has one (`vfs.laned`)."""
        self.world = world or World()
        self.tasks = (
            None
            if threads is None
            else DiskTasks(threads, clock.callLater, self.world.turn, self.world.of_present)
        )
        """Where a share is on a disk that may hang: all that could ask it is a task of these."""
        if self.tasks is not None:
            clock = TaskClock(clock, self.tasks)
            in_thread = partial(_in_task, self.tasks, in_thread)
        if isinstance(self.world, ToldTime):
            clock = ToldClock(clock, self.world)
        self.settings = settings
        self.profile = settings.profile
        self.zone: Zone = (
            self.world.zone if self.profile.time_zone is None else zone_of(self.profile.time_zone)
        )
        self.accounts = accounts
        self.kerberos = kerberos
        """The keys that tickets are opened with; None: no sign-in by Kerberos."""
        self.shares: dict[str, Share] = {fold(share.name): share for share in shares}
        self.shares.setdefault("IPC$", Share("IPC$", None, comment="IPC Service"))
        self.log = log
        self.clock = clock
        self.handlers: Callable[[], tuple[Mapping[int, CommandRow], Mapping[int, SubcommandRow]]] = cache(
            partial(handlers, self.profile)
        )
        """Loads the tables when they are first asked for: by the first connection."""
        self.in_thread = in_thread
        """Runs what blocks and fires its Deferred when that is done: in a thread, or at once in tests."""
        self.connections: dict[int, SMBConnection] = {}
        self.direct_ports: frozenset[str] = frozenset()
        """Those for direct TCP: where a client has a NetBIOS session there too, it may call any name."""
        self.view = LiveView(self)
        self.referrals = ReferralTable(
            [share.dfs for share in self.shares.values() if share.dfs is not None],
            no_namespace=NT[self.profile.referral_status],
        )
        self.neighbours: Callable[[], Neighbours] = Neighbours
        """What it heard of the network; of nothing, where it does not listen."""
        self.turns = Turns(
            clock, self.world.turn, at_once if self.tasks is None else self.tasks.run, self.world.of_present
        )
        self.world.turn.later = self.turns.later
        for share in self.shares.values():
            share.suit(self.profile, self.world)
        self.plans: dict[int, dict[int, Plan]] = {}
        """How a message that is one plain command is answered, by its code; made by the first connection."""
        self.taps: tuple[Tap, ...] = ()
        self._begin()
        self._fault_tap: tuple[Tap, ...] = ()
        self.faults = Faults() if faults is None else faults
        """The rules that are armed."""
        self.faults.bind(self._arm_faults, self._known)

    def _begin(self) -> None:
        """All that clients change, or count up, and that is not theirs alone."""
        settings, limits = self.settings, self.settings.limits
        self.attempts = Attempts(rules_of(settings), self.clock.seconds, self.clock.callLater)
        """Wrong passwords, by address."""
        if self.kerberos is not None:
            self.kerberos.forget()
        self.guid = settings.guid or self.world.entropy(16)
        self.spooler = Spooler(self.shares.values(), limits, self.world, self.log)
        """The print jobs."""
        self.pipes = PipeService(
            self.view,
            anonymous_listing=settings.anonymous_listing,
            turn=self.world.turn,
            none=not self.profile.rpc_remote_apis,
            new_group=self.world.new_group,
        )
        self.started = self.world.now()
        self.messages = 0
        self.keep_data = 0
        """Bytes of each read and write that the record keeps; to be set before the first connection."""
        self.counters = Counters(self.world.turn)
        self.quotas = ServerQuotas(limits, self.log.problem)
        for share in self.shares.values():
            if share.store is not None:
                share.store.limit(
                    FileLimits(
                        self.quotas.names,
                        self.quotas.changes,
                        limits.file_locks,
                        limits.locks,
                        limits.total_locks,
                        limits.waiting_for_disk,
                        self.log.problem,
                    )
                )
        self._connections = 0

    @property
    def service(self) -> str:
        """What the keytab calls the server, as clients with tickets must: `files.lab.example`; empty without one."""
        return "" if self.kerberos is None else self.kerberos.keys[0].components[-1].rstrip("$")

    def arm(self, *taps: "Tap") -> None:
        """From now on these, and the armed faults, stand at the message boundary of every connection."""
        self.taps = taps
        self._arm()

    @property
    def armed(self) -> "tuple[Tap, ...]":
        """What stands at the message boundary of every connection."""
        return *self.taps, *self._fault_tap

    def _arm(self) -> None:
        armed = self.armed
        for connection in tuple(self.connections.values()):
            connection.arm(armed)

    def _arm_faults(self, faults: tuple[Fault, ...]) -> None:
        if faults:
            from fakesmb.core.fault_tap import FaultTap  # it acts on exchanges, which this module is below

            self._fault_tap = (FaultTap(self, faults),)
        elif not self._fault_tap:
            return
        else:
            self._fault_tap = ()
        self._arm()

    def _known(self) -> Known:
        accounts = self.accounts
        anybody = accounts.guest.name != "OFF" or self.settings.security == "share"
        users = None if anybody else [account.name for account in accounts]
        shares = [share.name for share in self.shares.values()]
        return Known(shares, users, self.settings.signing != "off", self._connections, self.connections)

    def begin_again(self) -> None:
        """Forgets what clients have left behind them, as in a new server: numbers, wrong passwords, what RPC keeps.

        To be called while there is no connection.
        """
        self.world.begin_again()
        self._begin()
        for share in self.shares.values():
            if share.store is not None:
                share.store.begin_again()

    def next_connection(self) -> int:
        """The number of a new connection, from 1."""
        self._connections += 1
        return self._connections

    def share(self, name: str) -> Share | None:
        """A share by name, in any case."""
        return self.shares.get(fold(name))
