"""A server for programs that do not run Twisted: it has a thread of its own."""

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar, Unpack

from fakesmb.app import FakeSMBService
from fakesmb.arguments import config_of, config_of_file
from fakesmb.config.merging import Config
from fakesmb.core.state import Server
from fakesmb.faults.fault import Fault, Faults
from fakesmb.keywords import AnyPath, Keywords, Shares
from fakesmb.mistakes import ConfigError, brief
from fakesmb.record.waiting import BlockingJournal
from fakesmb.transport.thread import ReactorThread, ThreadEndedError

if TYPE_CHECKING:
    from fakesmb.capture.taken import Capture, WrittenPort
    from fakesmb.folders.sharefiles import ShareFiles
    from fakesmb.printjobs import Job
    from fakesmb.resets import Part

T = TypeVar("T")

STOP_SECONDS: Final = 0.005
"""How long clients have to take their last replies: whoever stops a server in a test has what it asked for."""


class FakeSMB:
    """An SMB1 server for a test or a program: it listens on a free loopback port, in a thread of its own.

        with FakeSMB({"public": folder}, users={"alice": "Secret123"}) as smb:
            ... smb.host, smb.port, smb.unc("public"), smb.url("public", "a.txt"), smb.journal

    `async with` does the same under asyncio; `start` and `stop` where there is no block. Any number live side by side,
    and one that has stopped can be started again. In a Twisted program: `FakeSMBService`.

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
        smb = cls.__new__(cls)
        smb._set_up(config)
        return smb

    def _set_up(self, config: Config) -> None:
        self._service = FakeSMBService.from_config(config)
        log = config.log
        self._journal = BlockingJournal(most_events=log.journal, keep_data=log.keep_data, settle=self._settle)
        self._journal.in_reactor = self._is_current
        self._journal.running = lambda: self._thread is not None
        self._service.recorder = self._journal
        self.faults.look_into(self._journal)
        self.faults.across = self._across
        self.faults.waits = self._wait_for_hits
        self._thread: ReactorThread | None = None
        self._is_up = False
        self._process = 0
        """The process that started it."""
        self._changing = (
            threading.RLock()
        )  # a handler of a signal finds it taken by the thread that it runs in
        self._changer = 0
        """The thread that starts or stops it now."""

    def _settle(self) -> None:
        """An answer leaves before it is recorded, in the same turn of the reactor: that turn ends here."""
        self._across(bool)

    def _check_process(self) -> None:
        """Raises RuntimeError in a process that was forked from the one that runs it: the thread is not here."""
        __tracebackhide__ = True
        if self._process != os.getpid():
            raise RuntimeError(
                f"the server runs in process {self._process}, from which this one was forked; make another here"
            )

    def _check_thread(self) -> None:
        __tracebackhide__ = True
        if self._is_current():
            raise RuntimeError("called in the thread of the server itself, which it would wait for")
        if self._changer == threading.get_ident():
            raise RuntimeError("called by a handler of a signal while this thread starts or stops the server")

    def _is_current(self) -> bool:
        thread = self._thread
        return thread is not None and thread.is_current

    def _across(self, work: Callable[[], T]) -> T:
        """Does it in the thread that serves clients, where one does."""
        thread = self._thread
        if thread is None or thread.is_current:
            return work()
        self._check_process()
        try:
            return thread.call(work)
        except ThreadEndedError:  # it stopped meanwhile: nobody else is there
            return work()

    def _wait_for_hits(self, fault: Fault, n: int, timeout: float) -> None:
        if self._is_current():
            raise RuntimeError("this thread serves the clients: while it waits for a fault, none can act")
        fault.wait_in_thread(n, timeout)

    @brief
    def start(self) -> Self:
        """Listens; when this returns, clients can connect. Safe to call again, also after `stop`.

        Raises `ConfigError` where it cannot, RuntimeError in a process that was forked from one where it runs.
        """
        self._check_thread()
        with self._changes():
            if self._is_up:
                self._check_process()
                return self
            self._end()
            try:
                self._begin()
            except BaseException:  # one of a signal, too: Ctrl-C, or what ends a test that takes too long
                self._end()
                raise
        return self

    @contextmanager
    def _changes(self) -> Iterator[None]:
        """Inside the block this thread starts or stops the server, and no other does."""
        with self._changing:
            try:
                self._changer = threading.get_ident()
                yield
            finally:  # before another has the lock: this thread may be the next that waits for it
                self._changer = 0

    def _begin(self) -> None:
        self._process = os.getpid()
        try:
            self._thread = thread = ReactorThread()
            thread.begin()
        except (OSError, RuntimeError) as error:  # no descriptors, no threads
            raise ConfigError(f"cannot start a server: {getattr(error, 'strerror', None) or error}") from None
        atexit.register(self.stop)  # the log is complete, too, where nobody stops the server
        thread.wait(lambda: self._service.start(thread.reactor), patience=None)
        self._is_up = True

    def stop(self) -> None:
        """Drops the clients and ends the thread; the journal stays. Safe to call again.

        In a process that was forked from the one where it runs this does nothing: the server is not there.
        """
        self._check_thread()
        with self._changes():
            if self._process == os.getpid():
                self._end()

    def _end(self) -> None:
        """Ends what there is. Where an exception of a signal breaks it off it is done all the same, or by the next."""
        thread = self._thread
        if thread is None:
            return
        stop = partial(self._service.stop, patience=STOP_SECONDS)
        self._is_up = False
        try:
            thread.wait(stop)
        except ThreadEndedError:
            pass
        except BaseException:
            with suppress(Exception):
                thread.wait(stop)
            raise
        finally:
            thread.end()
            self._thread = None
            atexit.unregister(self.stop)

    def __repr__(self) -> str:
        """Where it listens, and the names of its shares."""
        where = f"on {self.host}:{self.port}" if self._is_up else "not running"
        return f"<FakeSMB {where}: {', '.join(share.name for share in self.config.shares) or 'no shares'}>"

    def reset(self, *parts: "Part") -> None:
        """Makes the server as it was when it started: drops the clients, whose last events come before the journal is
        cleared, then has fresh private folders, no faults but those of its configuration, an empty journal, and
        identifiers from the beginning.

        With `parts` only these: `journal`, `faults`, `shares` (which drops clients, too), `sessions`; identifiers begin
        anew where both sessions and journal do. Folders that are shared as they are stay as they are.

        May be called by any thread. Raises ValueError for an unknown part, `ConfigError` where a private folder cannot
        be made again, RuntimeError where the server does not run, or stops meanwhile.
        """
        __tracebackhide__ = True
        thread = self._running("reset")
        try:
            thread.wait(partial(self._service.reset, *parts), patience=None)
        except (ConfigError, RuntimeError, ValueError) as error:
            raise error.with_traceback(None) from None

    def share(self, name: str) -> "ShareFiles":
        """What is on the disk of a share, from a test's side: `smb.share("in").read("a.txt")`.

        Raises ValueError for a share that there is not.
        """
        __tracebackhide__ = True
        return self._service.files_of(name, self._across)

    def jobs(self, printer: str | None = None) -> "list[Job]":
        """The print jobs in the queue of a printer, or of all, oldest first: `smb.jobs("lp")[0].data`.

        A job is there as long as its file is. Raises ValueError for a share that is no printer.
        """
        __tracebackhide__ = True
        return self._service.jobs_of(printer, self._across)

    def capture(
        self, path: AnyPath, *, snap: int = 0, ports: "WrittenPort" = "445", secrets: bool | None = None
    ) -> "Capture":
        """Captures what clients and the server say from now on to a pcapng file, until it is closed or the server
        stops: `with smb.capture("talk.pcapng"): ...`. Clients that are there already are in it from their next message
        on; before the start it is made ready. May be called by any thread.

        `snap` bytes of each packet are kept, 0: all. The server's port is written as 445, which Wireshark knows SMB by,
        or with `ports="real"` as it is. Secrets are zeros unless `secrets`; None: as the log has them. A capture that
        the file had is overwritten. Raises OSError where the file cannot be written, or is something else.
        """
        __tracebackhide__ = True
        return self._service.capture_of(path, self._across, snap=snap, ports=ports, secrets=secrets)

    def wait_for_spare(self) -> None:
        """Returns when all private folders that can have a spare copy have one: `reset` takes no time then."""
        __tracebackhide__ = True
        self._running("wait_for_spare").wait(self._service.wait_for_spare, patience=None)

    def _running(self, what: str) -> ReactorThread:
        __tracebackhide__ = True
        self._check_thread()
        thread = self._thread
        if thread is None:
            raise RuntimeError(f"the server does not run: start() comes before {what}()")
        self._check_process()
        return thread

    def __enter__(self) -> Self:
        """Starts."""
        __tracebackhide__ = True
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops."""
        self.stop()

    async def __aenter__(self) -> Self:
        """Starts, while the event loop goes on."""
        __tracebackhide__ = True
        try:
            return await _beside(self.start)
        except BaseException:  # cancelled: nobody will leave the block
            self.stop()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops, while the event loop goes on."""
        await _beside(self.stop)

    @property
    def config(self) -> Config:
        """What was asked for."""
        return self._service.config

    @property
    def host(self) -> str:
        """The address that it listens on."""
        __tracebackhide__ = True
        return self._service.host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        __tracebackhide__ = True
        return self._service.port

    @property
    def name_port(self) -> int:
        """The UDP port of the name service (docs/names.md)."""
        __tracebackhide__ = True
        return self._service.name_port

    @property
    def datagram_port(self) -> int:
        """The UDP port of datagrams (docs/names.md)."""
        __tracebackhide__ = True
        return self._service.datagram_port

    @property
    def web_port(self) -> int:
        """The port of the control API and the page (docs/control.md)."""
        __tracebackhide__ = True
        return self._service.web_port

    @property
    def web_url(self) -> str:
        """`http://127.0.0.1:8080`, without a token."""
        __tracebackhide__ = True
        return self._service.web_url

    @property
    def journal(self) -> BlockingJournal:
        """What happened. All that was answered before a question is put is in the answer."""
        return self._journal

    @property
    def faults(self) -> Faults:
        """Rules that make requests fail; `inject` arms one, before the start and while clients are there."""
        return self._service.faults

    @property
    def server(self) -> Server | None:
        """The server itself, for those who know its inside; it belongs to its thread."""
        return self._service.server

    def unc(self, share: str, path: str = "") -> str:
        """`\\\\127.0.0.1\\public\\a.txt`."""
        __tracebackhide__ = True
        return self._service.unc(share, path)

    def url(self, share: str, path: str = "") -> str:
        """`smb://127.0.0.1:4450/public/a.txt`, percent-encoded."""
        __tracebackhide__ = True
        return self._service.url(share, path)


async def _beside(work: Callable[[], T]) -> T:
    """Runs what blocks, a few ms, in a thread that ends with it: those of asyncio's own pool stay."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # another event loop, such as trio's
        return work()
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()  # what waits may be cancelled, not what is done

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    thread = threading.Thread(target=run, name="fakesmb starts or stops", daemon=True)
    thread.start()
    try:
        return await asyncio.wrap_future(outcome)
    finally:
        thread.join()
