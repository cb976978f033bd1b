"""The composition root: a configuration becomes a server that listens."""

import errno
import os
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from math import inf
from socket import SOCK_STREAM, gaierror, getaddrinfo
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, Unpack

from msgspec.structs import replace
from twisted.internet.defer import Deferred, DeferredList, fail, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall, IListeningPort

from fakesmb.arguments import config_of, config_of_file
from fakesmb.auth.accounts import ACCEPTED, Account, Accounts, Form, Guest
from fakesmb.capture.captures import Captures
from fakesmb.capture.packets import End
from fakesmb.config.kerberos import kerberos_of
from fakesmb.config.merging import Config
from fakesmb.config.parts import SharePart
from fakesmb.config.whole import check_whole, known_to_faults
from fakesmb.core.state import Server, Share
from fakesmb.faults.fault import Fault, Faults
from fakesmb.faults.waiting import when_hit
from fakesmb.folders.errors import FolderError
from fakesmb.folders.leftovers import remove_all_left
from fakesmb.handlers import tables
from fakesmb.keywords import AnyPath, Keywords, Shares, kind_of
from fakesmb.mistakes import ArgumentError, ConfigError, brief
from fakesmb.nt.names import fold
from fakesmb.nt.nearest import nearest
from fakesmb.record.events import Event
from fakesmb.record.journal import Journal
from fakesmb.record.log import EventLog
from fakesmb.record.waiting import DeferredJournal
from fakesmb.resets import Part, Resets, checked
from fakesmb.rights import give_up_rights
from fakesmb.sinks import capture_of, empty_log, sinks_of
from fakesmb.stores import has_lane, open_files, shares_of
from fakesmb.transport.direct import DirectTCPFactory
from fakesmb.transport.diskthreads import DiskThreads
from fakesmb.transport.local_programs import heed_local_programs
from fakesmb.transport.process import RightsError, everybody_may_run, ids_of, no_right_to
from fakesmb.vfs.laned import LanedStore
from fakesmb.wire.netbios import SESSION_PORT
from fakesmb.world import RepeatableWorld, ToldTime, World

if TYPE_CHECKING:
    from fakesmb.capture.taken import Capture, WrittenPort
    from fakesmb.folders.private import PrivateFolders, Wanted
    from fakesmb.folders.sharefiles import Across, ShareFiles
    from fakesmb.printjobs import Job
    from fakesmb.transport.names import Names
    from fakesmb.web.site import Web

BACKLOG: Final = 512
FLUSH_SECONDS: Final = 0.2
STOP_SECONDS: Final = 0.6
"""How long clients have to take their last replies when the server stops."""
END_SECONDS: Final = 0.75
"""How long after it began to stop the server waits at most for the process that makes the lines of the log file."""


class Ports(NamedTuple):
    """Where a server listens."""

    host: str
    direct: int
    netbios: int | None


class FakeSMBService:
    """One server in a Twisted program: its shares, accounts, record and listening ports. Any number live side by side.

        service = FakeSMBService({"public": folder}, users={"alice": "Secret123"})
        service.start(reactor).addCallback(lambda service: use(service.url("public")))
        ... service.stop()

    All is called in the reactor's thread. In other programs: `fakesmb.FakeSMB`.

    Without users, anybody may sign in as a guest and write, on loopback addresses; elsewhere users or guests are named.
    """

    @brief
    def __init__(self, shares: Shares | None = None, **keywords: Unpack[Keywords]) -> None:
        """Shares by name, and what else fakesmb.toml has, by keywords. Raises `ConfigError`."""
        self._set_up(config_of(shares, keywords, of=type(self).__name__))

    @classmethod
    @brief
    def from_file(cls, path: AnyPath, shares: Shares | None = None, **keywords: Unpack[Keywords]) -> Self:
        """A server as a fakesmb.toml says, with the arguments over it. Raises `ConfigError`."""
        return cls.from_config(config_of_file(path, shares, keywords, of=cls.__name__))

    @classmethod
    @brief
    def from_config(cls, config: Config) -> Self:
        """A server as the command makes it. Raises `ConfigError`."""
        if not isinstance(config, Config):
            raise ArgumentError(f"from_config: a Config, not {kind_of(config)}")
        service = cls.__new__(cls)
        service._set_up(config)
        return service

    def _set_up(self, config: Config) -> None:
        check_whole(config)
        self.config = config
        self.recorder: Journal = DeferredJournal(
            most_events=config.log.journal, keep_data=config.log.keep_data
        )
        """The journal that is written; who has a thread for the server puts one there that may block."""
        self.faults = Faults(lambda: known_to_faults(config))
        """Rules that make requests fail; `inject` arms one, before the start and while clients are there."""
        self.faults.waits = self._wait_for_hits
        self._arm_faults()
        self.faults.look_into(self.recorder)
        self.log = EventLog()
        self.captures = Captures(self.log)
        """Those under way; for programs `capture` makes one, and `subscribe` for who takes the bytes."""
        self.ports: Ports | None = None
        self.server: Server | None = None
        self._reactor: Any = None
        self._factory: DirectTCPFactory | None = None
        self._listening: list[IListeningPort] = []
        self._next_flush: IDelayedCall | None = None
        self._disk_threads: DiskThreads | None = None
        self._folders: PrivateFolders | None = None
        """Those of shares of content and of overlays, while it runs."""
        self._resets: Resets | None = None
        self._web: Web | None = None
        self.names: Names | None = None
        """Its NetBIOS names over UDP, and its neighbours, while it runs."""
        self._ending: Deferred[None] | None = None
        """Fires when `stop` is through."""
        self._stopping = inf
        """When it began to stop, by `time.monotonic`."""

    @property
    def journal(self) -> DeferredJournal:
        """What happened. All that was answered before a question is put is in the answer."""
        assert isinstance(self.recorder, DeferredJournal)
        return self.recorder

    def start(
        self,
        reactor: Any,
        *,
        log_apart: bool = False,
        spares: bool = True,
        seen: Callable[[Event], object] | None = None,
    ) -> Deferred[Self]:
        """Listens; the Deferred fires when clients can connect, or fails with `ConfigError`. Safe to call again.

        With `log_apart` a process of its own makes the lines of the log file, as a server under load wants it. Without
        `spares` no copies of private folders are kept ready: nobody will reset it. `seen` is called with what the log
        on standard output was given, shown or not.
        """
        if self._ending is not None:
            return fail(RuntimeError("the server is stopping: wait for the Deferred that stop() gave"))
        if self._factory is not None:
            return succeed(self)
        return maybeDeferred(self._start, reactor, log_apart=log_apart, spares=spares, seen=seen)

    def _start(
        self, reactor: Any, *, log_apart: bool, spares: bool, seen: Callable[[Event], object] | None
    ) -> Self:
        config = self.config
        self._reactor = reactor
        if config.run_as:
            log_apart = log_apart and everybody_may_run(sys.executable)
        if isinstance(self.recorder, DeferredJournal):
            self.recorder.clock = reactor
        journal = (self.recorder,) if config.log.journal else ()
        for sink in (*journal, *sinks_of(config, apart=log_apart, patience=self._patience, seen=seen)):
            self.log.add(sink)
        try:
            capture = capture_of(config, apart=log_apart, patience=self._patience)
        except ConfigError:
            self.log.close()
            raise
        if capture is not None:
            self.captures.add(capture)
        shares: list[Share] = []
        try:
            config = self._with_private_folders(config)
            world = _world(config)
            world.turn = getattr(reactor, "turn", world.turn)
            usual = open_files(config, self.log, world)
            heed_local_programs(reactor, usual, self.log)
            shares = shares_of(config, usual, self.log, world)
            self._disk_threads = DiskThreads(reactor.callFromThread)
            self.server = Server(
                config.settings,
                _accounts(config),
                shares,
                self.log,
                reactor,
                tables,
                world,
                partial(_in_thread, reactor),
                self._disk_threads if has_lane(shares) else None,
                self.faults,
                kerberos_of(config, world.entropy),
            )
            self.server.keep_data = config.log.keep_data if config.log.journal else 0
            self._factory = DirectTCPFactory(self.server)
            self._factory.takes_connection = usual.room.takes_connection
            self._factory.takes_brief = usual.room.takes_brief
            host = _address(config.host)
            numbers = [self._listen("port", host, config.port)]
            if config.netbios_port is not None:
                numbers.append(self._listen("netbios_port", host, config.netbios_port))
            self.server.direct_ports = frozenset(map(str, numbers[:1])) - {str(SESSION_PORT)}
            self._start_web(config)
            self._listen_for_names(config)
            if config.log.file and config.log.truncate:
                empty_log(config.log)
            if config.run_as:
                give_up_rights(self.config)
            self._capture(host, numbers)
        except BaseException:
            self._stop_listening()
            if self._web is not None:
                self._web.stop_listening()
                self._web = None
            if self.names is not None:
                self.names.stop()
                self.names = None
            for share in shares:
                if share.store is not None:
                    share.store.shutdown()
            self._remove_private_folders()
            self.log.close()
            self.captures.stop()
            self._factory = None
            raise
        if self._folders is not None and spares:
            self._folders.make_spares()
        self._resets = Resets(reactor, self._factory, self._listening, self._folders, self._forget)
        self._flush_later()
        if self.names is not None:
            self.names.begin()
        self.ports = Ports(host, numbers[0], numbers[1] if len(numbers) > 1 else None)
        return self

    def _start_web(self, config: Config) -> None:
        """The control API and the page, where they are asked for: what they import nobody else pays for."""
        if config.web.port is None:
            return
        from fakesmb.web.site import Web

        self._web = Web(self, self._reactor)
        address = _address(config.web.host)
        self._web.listen(self._listening_on("web port", address, config.web.port, self._web.factory))

    def _listen_for_names(self, config: Config) -> None:
        """The name service and datagrams, where they are asked for."""
        part = config.names
        if part.port is None:
            return
        from fakesmb.transport.names import Names, Wanted

        assert self.server is not None
        names = Names(
            self.server,
            Wanted(
                part.host or "",
                part.port,
                part.datagram_port,
                part.address or "",
                part.broadcast or "",
                part.master,
            ),
        )
        self.names = names
        try:
            names.listen(self._reactor)
        except CannotListenError as error:
            where = f"{error.interface}:{error.port} (UDP)"
            hint = _what_to_do(error, "port", int(error.port))
            raise ConfigError(f"cannot listen for names on {where}: {_why(error)}{hint}") from None

    def _capture(self, host: str, ports: list[int]) -> None:
        """Begins the captures that wait for it."""
        assert self._factory is not None
        listening = tuple(End(host, port) for port in ports)
        try:
            self.captures.start_in(self._reactor, listening, self._factory.sniffed_by)
        except OSError as error:
            raise ConfigError(f"cannot write a capture: {error.strerror}") from None

    def _with_private_folders(self, config: Config) -> Config:
        """The shares of content and the overlays are made, and have the paths of their private folders."""
        if not any(share.is_private for share in config.shares):
            remove_all_left()
            return config
        from fakesmb.folders.private import PrivateFolders

        try:
            self._folders = PrivateFolders(
                _wanted(config),
                partial(self._reactor.callFromThread, self.log.problem),
                owner=ids_of(config.run_as) if config.run_as else None,
            )
        except FolderError as error:
            raise ConfigError(str(error)) from None
        except RightsError as error:
            raise ConfigError(f"cannot run as {config.run_as}: {error}") from None
        paths = self._folders.paths
        shares = [replace(share, path=paths.get(share.name, share.path)) for share in config.shares]
        return replace(config, shares=tuple(shares))

    def _remove_private_folders(self) -> None:
        folders, self._folders = self._folders, None
        if folders is not None:
            folders.close()

    def _wait_for_hits(self, fault: Fault, n: int, timeout: float) -> Deferred[None]:
        if self._reactor is None:
            return fail(RuntimeError("the server has not been started: nothing can act on a request yet"))
        return when_hit(self._reactor.callLater, fault, n, timeout)

    def _listen(self, key: str, host: str, number: int) -> int:
        port = self._listening_on(key, host, number, self._factory)
        self._listening.append(port)
        return int(port.getHost().port)

    def _listening_on(self, key: str, host: str, number: int, factory: Any) -> Any:
        try:
            port: Any = self._reactor.listenTCP(number, factory, backlog=BACKLOG, interface=host)
        except CannotListenError as error:
            hint = _what_to_do(error, key, number)
            raise ConfigError(f"cannot listen on {host}:{number}: {_why(error)}{hint}") from None
        return port

    def _stop_listening(self) -> list[Deferred[Any]]:
        ports, self._listening = self._listening, []
        return [maybeDeferred(port.stopListening) for port in ports]

    def _flush_later(self) -> None:
        # A LoopingCall would install the global reactor, which belongs to the program that uses this library.
        self._next_flush = self._reactor.callLater(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self.log.flush()
        self._flush_later()

    def stop(self, *, patience: float = STOP_SECONDS) -> Deferred[None]:
        """Takes no more clients, lets the replies under way go out, drops connections, closes the record.

        A client that does not take its last replies is dropped after `patience` seconds. Safe to call again: each
        call's Deferred fires when all is done.
        """
        done: Deferred[None] = Deferred()
        if self._ending is not None:
            self._ending.chainDeferred(done)
            return done
        factory = self._factory
        if factory is None:
            return succeed(None)
        self._ending = Deferred()
        self._ending.chainDeferred(done)
        assert self._resets is not None
        self._resets.end().addCallback(lambda _: self._stop(factory, patience))
        return done

    def reset(self, *parts: Part) -> Deferred[None]:
        """Makes the server as it was when it started: drops the clients, whose last events come before the journal is
        cleared, then has fresh private folders, no faults but those of its configuration, an empty journal, and
        identifiers from the beginning.

        With `parts` only these: `journal`, `faults`, `shares` (which drops clients, too), `sessions`; identifiers begin
        anew where both sessions and journal do. Folders that are shared as they are stay as they are.

        Fires when that is done. Raises ValueError for an unknown part; fails with `ConfigError` where a private folder
        cannot be made again, RuntimeError where the server does not run, or stops meanwhile.
        """
        named = checked(parts)
        if self._resets is None or self._ending is not None:
            return fail(RuntimeError("the server does not run: there is nothing to reset"))
        return self._resets.reset(named)

    def _arm_faults(self) -> None:
        for fault in self.config.faults:
            self.faults.arm(fault)

    def _forget(self, parts: Collection[Part]) -> None:
        """What a test armed goes, and what the configuration arms begins anew; then nothing has happened yet."""
        if "faults" in parts:
            self.faults.clear()
            self._arm_faults()
        if "journal" in parts:
            self.recorder.clear()
            if self._web is not None:
                self._web.told.clear()

    def share(self, name: str) -> "ShareFiles":
        """What is on the disk of a share, from a test's side: `service.share("in").read("a.txt")`.

        Raises ValueError for a share that there is not.
        """
        return self.files_of(name, lambda work: work())

    def files_of(self, name: str, across: "Across") -> "ShareFiles":
        """The same for who is in another thread, and has `across` do things in that of the server."""
        from fakesmb.folders.sharefiles import ShareFiles

        __tracebackhide__ = True
        if not isinstance(name, str):
            raise TypeError(f"the name of a share is a text, not {type(name).__name__}")
        found = next((share for share in self.config.shares if fold(share.name) == fold(name)), None)
        if found is None:
            names = [share.name for share in self.config.shares]
            raise ValueError(f"no share is called {name!r}{nearest(name, names)}")
        return ShareFiles(found.name, partial(self._place_of, found), across)

    def jobs(self, printer: str | None = None) -> "list[Job]":
        """The print jobs in the queue of a printer, or of all, oldest first: who printed what, and the bytes.

        A job is there as long as its file is. Raises ValueError for a share that is no printer.
        """
        __tracebackhide__ = True
        return self.jobs_of(printer, lambda work: work())

    def jobs_of(self, printer: str | None, across: "Across") -> "list[Job]":
        """The same for who is in another thread, and has `across` do things in that of the server."""
        from fakesmb.printjobs import job_of

        __tracebackhide__ = True
        printers = {fold(share.name): share for share in self.config.shares if share.printer}
        if printer is not None and fold(printer) not in printers:
            names = [share.name for share in printers.values()]
            raise ValueError(f"no printer is called {printer!r}{nearest(printer, names)}")
        wanted = printers if printer is None else {fold(printer): printers[fold(printer)]}
        server = self.server
        found = [] if server is None else across(server.spooler.remembered)
        seen = [
            job_of(job, self._place_of(wanted[fold(job.printer)]))
            for job in found
            if fold(job.printer) in wanted
        ]
        return [job for job in seen if job.path.exists()]

    def capture(
        self, path: AnyPath, *, snap: int = 0, ports: "WrittenPort" = "445", secrets: bool | None = None
    ) -> "Capture":
        """Captures what clients and the server say from now on to a pcapng file, until it is closed or the server
        stops: `with service.capture("talk.pcapng"): ...`. Clients that are there already are in it from their next
        message on.

        `snap` bytes of each packet are kept, 0: all. The server's port is written as 445, which Wireshark knows SMB by,
        or with `ports="real"` as it is. Secrets are zeros unless `secrets`; None: as the log has them. A capture that
        the file had is overwritten. Raises OSError where the file cannot be written, or is something else.
        """
        return self.capture_of(path, lambda work: work(), snap=snap, ports=ports, secrets=secrets)

    def capture_of(
        self,
        path: AnyPath,
        across: "Callable[[Callable[[], None]], None]",
        *,
        snap: int,
        ports: "WrittenPort",
        secrets: bool | None,
    ) -> "Capture":
        """The same for who is in another thread, and has `across` do things in that of the server."""
        shown = self.config.log.secrets if secrets is None else secrets
        return self.captures.to_file(os.fspath(path), across, snap=snap, ports=ports, secrets=shown)

    def _place_of(self, share: SharePart) -> str:
        if not share.is_private:
            return share.path
        if self._folders is None:
            raise RuntimeError(f"share {share.name}: its files are there only while the server runs")
        return self._folders.paths[share.name]

    def wait_for_spare(self) -> Deferred[None]:
        """Fires when all private folders that can have a spare copy have one: a reset takes no time then."""
        return succeed(None) if self._resets is None else self._resets.wait_for_spare()

    def _stop(self, factory: DirectTCPFactory, patience: float) -> None:
        self._stopping = time.monotonic()
        web, self._web = self._web, None
        names, self.names = self.names, None
        closed = [
            *self._stop_listening(),
            *([] if names is None else [names.stop()]),
            *([] if web is None else [web.stop_listening()]),
        ]
        left: Deferred[None] = Deferred()
        timer = self._reactor.callLater(patience, factory.abort_all)

        def disconnected() -> None:
            if not factory.connected and not left.called:
                left.callback(None)

        def ended(_: object) -> None:
            if timer.active():
                timer.cancel()
            if self._next_flush is not None and self._next_flush.active():
                self._next_flush.cancel()
            self.faults.stopped()
            self.log.close()  # first: what follows may wait for a disk that hangs
            self.captures.stop()
            factory.server.world.turn.leave_out()  # the clients have gone
            factory.server.turns.finish()
            for store in stores:
                store.shutdown()
            if self._disk_threads is not None:
                self._disk_threads.end()
            self._remove_private_folders()
            self._factory = self._resets = None
            ending, self._ending = self._ending, None
            if ending is not None:
                ending.callback(None)

        stores = [share.store for share in factory.server.shares.values() if share.store is not None]
        factory.drop_all("the server is stopping")
        factory.on_disconnect = disconnected
        disconnected()
        gone: Deferred[Any] = DeferredList([*closed, left], consumeErrors=True)
        if web is not None:  # who looks on is told of the end, too
            gone.addCallback(lambda _: web.leave())
        gone.addBoth(ended)

    def _patience(self) -> float:
        """How many seconds are left for the log before the end is due."""
        return max(0.0, END_SECONDS - max(0.0, time.monotonic() - self._stopping))

    @property
    def host(self) -> str:
        """The address that it listens on."""
        __tracebackhide__ = True
        return self._ports().host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        __tracebackhide__ = True
        return self._ports().direct

    @property
    def name_port(self) -> int:
        """The UDP port of the name service."""
        __tracebackhide__ = True
        return self._names_ports()[0]

    @property
    def datagram_port(self) -> int:
        """The UDP port of datagrams."""
        __tracebackhide__ = True
        number = self._names_ports()[1]
        if number is None:
            raise RuntimeError("the server has no datagrams: names=Names(port=..., datagram_port=...)")
        return number

    def _names_ports(self) -> tuple[int, int | None]:
        self._ports()
        if self.names is None:
            raise RuntimeError("the server has no name service: names=Names(port=...)")
        return self.names.ports

    @property
    def web_port(self) -> int:
        """The port of the control API and the page."""
        __tracebackhide__ = True
        return self._running_web().number

    @property
    def web_url(self) -> str:
        """`http://127.0.0.1:8080`, without a token."""
        __tracebackhide__ = True
        host = reachable(self._running_web().host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.web_port}"

    def _running_web(self) -> "Web":
        __tracebackhide__ = True
        if self._web is None:
            asked = self.config.web.port is not None
            raise RuntimeError(
                "the server has not been started" if asked else "there is no control API: ask for it by web=0"
            )
        return self._web

    @property
    def disks_that_may_hang(self) -> list[str]:
        """The shares on such disks, where nothing is known of local programs."""
        shares = [] if self.server is None else self.server.shares.values()
        return [share.name for share in shares if isinstance(share.store, LanedStore)]

    def unc(self, share: str, path: str = "") -> str:
        """`\\\\127.0.0.1\\public\\a.txt`."""
        __tracebackhide__ = True
        _check_texts(share, path)
        return "\\\\" + "\\".join(
            filter(None, (reachable(self.host), share, path.replace("/", "\\").strip("\\")))
        )

    def url(self, share: str, path: str = "") -> str:
        """`smb://127.0.0.1:4450/public/a.txt`, percent-encoded."""
        from urllib.parse import quote

        __tracebackhide__ = True
        _check_texts(share, path)
        host = reachable(self.host)
        host = f"[{host}]" if ":" in host else host
        parts = "/".join(filter(None, (share, path.replace("\\", "/").strip("/"))))
        return f"smb://{host}:{self.port}/{quote(parts)}"

    def _ports(self) -> Ports:
        __tracebackhide__ = True
        if self.ports is None:
            raise RuntimeError("the server has not been started")
        return self.ports


def _check_texts(share: object, path: object) -> None:
    __tracebackhide__ = True
    for name, value in (("share", share), ("path", path)):
        if not isinstance(value, str):
            raise TypeError(f"the {name} is a text, not {kind_of(value)}")


def reachable(host: str) -> str:
    """An address of this machine by which clients on it reach a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _wanted(config: Config) -> "list[Wanted]":
    """The private folders of a configuration."""
    from fakesmb.folders.private import Wanted

    return [
        Wanted(
            share.name,
            share.path if share.content is None else share.content.tree,
            share.overlay_limit or config.overlay_limit,
        )
        for share in config.shares
        if share.is_private
    ]


def _world(config: Config) -> World:
    """The source of time and randomness that a server is to have."""
    if config.seed is not None:
        return RepeatableWorld(config.seed, config.clock)
    return World() if config.clock is None else ToldTime(config.clock)


def _in_thread(reactor: Any, work: Callable[[], None]) -> Deferred[None]:
    """Runs what blocks in a thread of the reactor's pool, whose threads start with the first such work."""
    from twisted.internet.threads import deferToThreadPool

    return deferToThreadPool(reactor, reactor.getThreadPool(), work)


def _what_to_do(error: CannotListenError, key: str, number: int) -> str:
    """Behind why it cannot listen: what helps against that."""
    if isinstance(error.socketError, PermissionError):
        return f": {no_right_to(number)}"
    if getattr(error.socketError, "errno", 0) == errno.EADDRNOTAVAIL:
        return ": this machine has no such address; 0.0.0.0 means all that it has"
    return f"; {key} 0 takes a free one" if number else ""


def _why(error: CannotListenError) -> str:
    return getattr(error.socketError, "strerror", None) or str(error.socketError)


def _accounts(config: Config) -> Accounts:
    accounts = []
    for user in config.users:
        if user.nt_hash is not None:
            accounts.append(Account(user.name, bytes.fromhex(user.nt_hash), admin=user.admin))
        else:
            accounts.append(Account.with_password(user.name, user.password or "", admin=user.admin))
    forms = frozenset().union(*(ACCEPTED[word] for word in config.accept))
    if config.settings.plain_text:
        forms |= {Form.PLAIN}
    return Accounts(
        accounts,
        guest=Guest(config.guest),
        anonymous=config.anonymous,
        forms=forms,
        guest_only=config.settings.profile.guest_only,
    )


def _address(host: str) -> str:
    """The address to listen on. A literal one needs no look-up, which would load Python's IDNA tables."""
    with suppress(ValueError):
        return str(ip_address(host))
    try:
        return str(getaddrinfo(host, None, type=SOCK_STREAM)[0][4][0])
    except gaierror as error:
        raise ConfigError(f"cannot listen on {host}: {error.strerror}") from None
