"""What the server saw of a test: in the report where the test failed, in a file, in the check after it."""

import os
import shlex
import tempfile
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from fakesmb.pytest_kept import InternalErrors, name_of, write
from fakesmb.pytest_short import shorten
from fakesmb.pytest_wire import Wire
from fakesmb.record.events import Event
from fakesmb.record.lastlines import last_lines

if TYPE_CHECKING:
    from fakesmb.app import FakeSMBService
    from fakesmb.library import FakeSMB

LINES: Final = 20
"""How many lines of the log a report shows."""
_WATCH: Final = pytest.StashKey["Watch"]()


class Seen(NamedTuple):
    """What a server has of one test."""

    events: Sequence[Event]
    forgotten: int
    """Events that the journal no longer has."""
    findings: list[str]
    never_hit: list[str]
    """Faults, with `smb_strict`: a test that failed may have had no occasion for them."""
    faults: list[str]


class Watch:
    """A server while one test has it."""

    def __init__(
        self,
        server: "FakeSMB | FakeSMBService",
        path: Path | None,
        here: Path,
        *,
        wire: Wire | None = None,
        keep_all: bool = False,
        keep_all_wire: bool = False,
        strict: bool = False,
        whole: bool = False,
    ) -> None:
        """`path` is where the log is kept, with `keep_all` of a test that passed, too; None: nowhere.

        `wire` and `keep_all_wire` say the same of its capture. `here` is where the person is who reads of it. With
        `whole` all that the server has seen is of the test.
        """
        self._here = here
        self.server = server
        self._path = path
        self._keep_all = keep_all
        self._strict = strict
        self._since = 0 if whole else server.journal.mark().ordinal
        self._unmet_before = 0 if whole else len(server.journal.all_unmet)
        self._errors = InternalErrors()
        if server.server is not None:
            server.server.log.add(self._errors)
        self._process = os.getpid()
        self._failed = False
        self._told: set[str] = set()
        """What the check has found, and some report said."""
        self._at_end: Seen | None = None
        """As it was before the server was reset."""
        self._lost = ""
        """Why the log could not be kept."""
        self._kept = -1
        """How many events the file has."""
        if path is not None:
            with suppress(OSError):  # where there is no folder `_keep` says so
                path.unlink()  # of a run before, when the test may have failed
        self._wire = wire
        self._keep_all_wire = keep_all_wire

    def end(self) -> None:
        """The test is over and the server about to be reset: keeps what may yet be asked for."""
        self._at_end = self._seen()
        if self.server.server is not None:
            self.server.server.log.remove(self._errors)
        if self._wire is not None:
            self._wire.end()

    @property
    def is_here(self) -> bool:
        """False in a process that the test has forked, where the server is not."""
        return self._process == os.getpid()

    def _seen(self) -> Seen:
        if self._at_end is not None:
            return self._at_end
        journal = self.server.journal
        events, now = journal.events, journal.mark()
        before = len(events) - (now.ordinal - self._since)
        events = events[max(0, before) :]
        unmet = [f"An expectation was not met: {one}" for one in journal.all_unmet[self._unmet_before :]]
        findings, faults = [*self._errors.told(events), *unmet], self.server.faults.all
        never_hit = [
            f"A fault was never hit (smb_strict): {one!r}" for one in faults if self._strict and not one.hits
        ]
        return Seen(events, journal.forgotten, findings, never_hit, list(map(repr, faults)))

    def check(self) -> None:
        """Fails for what went wrong and no report has told."""
        seen = self._seen()
        found = seen.findings if self._failed else [*seen.findings, *seen.never_hit]
        new = [one for one in found if one not in self._told]
        if new:
            pytest.fail("\n".join(new), pytrace=False)

    def tell(self, report: pytest.TestReport) -> None:
        """Adds what the server saw to the report of a test that failed, and keeps the log where that is asked for."""
        if report.failed:
            self._failed = True
            try:
                lines = self._section(report.longreprtext)
            except Exception as error:  # a server that hangs, or that the test has broken: it ends no run
                lines = [f"What the server saw is not known: {type(error).__name__}: {error}"]
            add_section(report, "fakesmb", "\n".join(lines))
        elif report.when == "teardown" and (self._failed or self._keep_all or self._keep_all_wire):
            lost = self._lost
            try:
                if self._failed or self._keep_all:
                    self._keep()
                if self._failed or self._keep_all_wire:
                    self._keep_wire()
            except Exception as error:
                self._lost = f"The log could not be kept: {type(error).__name__}: {error}"
            if self._lost and not lost:
                warnings.warn(pytest.PytestWarning(self._lost), stacklevel=1)

    def _section(self, failure: str) -> list[str]:
        seen = self._seen()
        new = [one for one in seen.findings if one not in self._told and not _tells(failure, one)]
        self._told.update(seen.findings)
        kept = filter(None, (self._keep(), self._keep_wire()))
        return [*new, *_log(self.server, seen), *seen.faults, *kept]

    def _keep_wire(self) -> str:
        if self._wire is None:
            return ""
        try:
            path = self._wire.keep(secrets=self.server.config.log.secrets)
        except OSError as error:
            self._lost = f"The capture could not be kept: {error.filename or ''} {error.strerror}"
            return self._lost
        return "" if path is None else f"The packets: wireshark {self._shown(path)}"

    def _shown(self, path: Path) -> str:
        return shlex.quote(str(path.relative_to(self._here) if path.is_relative_to(self._here) else path))

    def _keep(self) -> str:
        events, path = self._seen().events, self._path
        if path is None or not events:
            return ""
        if len(events) != self._kept:
            try:
                write(path, events, secrets=self.server.config.log.secrets)
            except OSError as error:
                self._lost = f"The log could not be kept in {path}: {error.strerror}"
                return self._lost
            self._kept = len(events)
        whole = "All that is left" if self._seen().forgotten else "All of it"
        return f"{whole}: fakesmb show {self._shown(path)}"


class Reports:
    """The hooks that a run needs in which tests have servers; others do without them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._process = os.getpid()
        self.of_session: FakeSMB | None = None
        """The server of `smb_server`."""
        self.arguments: Mapping[str, Any] = {}
        """Its `smb_arguments`."""
        self._strict = bool(config.getini("smb_strict"))
        log = config.getoption("--smb-log")
        self._keep = "all" if log else config.getini("smb_keep")
        self._folder = Path(config.invocation_params.dir, log) if log else self._usual_folder()
        wire = config.getoption("--smb-pcap")
        self._keep_wire = "all" if wire else config.getini("smb_keep")
        self._wire_folder = Path(config.invocation_params.dir, wire) if wire else self._folder

    def _usual_folder(self) -> Path:
        given = self._config.getini("smb_keep_dir")
        if given:
            return Path(self._config.rootpath, given)
        cache: pytest.Cache | None = getattr(self._config, "cache", None)  # not with -p no:cacheprovider
        if cache is not None:
            with suppress(OSError):  # a project that cannot be written
                return cache.mkdir("fakesmb")
        return Path(tempfile.gettempdir(), f"fakesmb-logs-{os.getuid()}")

    def watch(self, item: pytest.Item, server: "FakeSMB") -> Watch:
        """From now on the item's reports show what the server sees."""
        path = None if self._keep == "none" else self._folder / name_of(item.nodeid)
        here = self._config.invocation_params.dir
        name = Path(name_of(item.nodeid)).with_suffix(".pcapng")
        wire = None
        if self._keep_wire != "none":
            with suppress(OSError):  # of a run before, when the test may have failed
                (self._wire_folder / name).unlink()
            wire = Wire(server._service.captures, server._across, self._wire_folder / name)
        keep = {"keep_all": self._keep == "all", "keep_all_wire": self._keep_wire == "all"}
        watch = Watch(server, path, here, wire=wire, strict=self._strict, **keep)
        item.stash[_WATCH] = watch
        return watch

    def watch_own(self, item: pytest.Item, server: "FakeSMB | FakeSMBService", number: int) -> Watch:
        """Of a server that the test itself has made, once it has failed."""
        name = name_of(item.nodeid)
        path = (
            None if self._keep == "none" else self._folder / (f"server-{number}-{name}" if number else name)
        )
        return Watch(server, path, self._config.invocation_params.dir, whole=True)

    @property
    def is_here(self) -> bool:
        """False where a test has forked, in whose child the next tests go on: the servers are not there."""
        return self._process == os.getpid()

    def watched(self, item: pytest.Item) -> "FakeSMB | FakeSMBService | None":
        """The server that the item's reports have anyway."""
        watch = item.stash.get(_WATCH, None)
        return None if watch is None else watch.server

    def _watch_of(self, item: pytest.Item) -> Watch | None:
        """None for a test without a server; one that has the session's alone is watched, too."""
        if not self.is_here:
            return None
        watch = item.stash.get(_WATCH, None)
        if watch is None and self.of_session is not None and "smb_server" in _fixtures(item):
            return self.watch(item, self.of_session)
        return watch if watch is not None and watch.is_here else None

    def _check_session(self, item: pytest.Item) -> None:
        """`smb_server` is made once: a module whose `smb_arguments` are others than those would not have its own."""
        request = getattr(item, "_request", None)
        if self.of_session is None or request is None or "smb_server" not in _fixtures(item):
            return
        if request.getfixturevalue("smb_arguments") != self.arguments:
            pytest.fail(
                "smb_server was made with the smb_arguments of other tests: the fixture smb heeds those of these",
                pytrace=False,
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """What the session's server saw before is not of this test."""
        if _WATCH in item.stash:  # of a run of the same test that is repeated
            del item.stash[_WATCH]
        self._watch_of(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """The check, for a test that has not failed of something else."""
        self._check_session(item)
        result = yield
        watch = self._watch_of(item)
        if watch is not None:
            watch.check()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """What the server saw, whatever the test failed of."""
        if call.excinfo is not None and not self._config.getoption("fulltrace", False):
            shorten(call.excinfo)
        report = yield
        watch = self._watch_of(item)
        if watch is not None:
            watch.tell(report)
        return report


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())


def add_section(report: pytest.TestReport, title: str, text: str) -> None:
    """Right below the failure, where options that hide captured output leave it."""
    add = getattr(report.longrepr, "addsection", None)
    if add is not None:
        add(title, text)
    else:  # a string, or what another plugin put there
        report.sections.append((title, text))


def _log(server: "FakeSMB | FakeSMBService", seen: Seen) -> list[str]:
    where = f"{server.host}:{server.port}"
    if not server.config.log.journal:
        return [f"What the server at {where} saw is not known: its journal is off (journal=0)."]
    if not seen.events:
        return [f"The server at {where} saw nothing: no client connected."]
    lines = [f"The end of what the server at {where} saw:", *last_lines(seen.events, LINES)]
    if seen.forgotten:
        most = server.config.log.journal
        lines.append(f"The journal no longer has the first {seen.forgotten} events (journal={most}).")
    return lines


def _tells(failure: str, finding: str) -> bool:
    """Whether the failure is this one: that of `expect` begins with the reason, which is the end of our line."""
    return finding in failure or f"AssertionError: {finding.partition('): ')[2] or finding}" in failure
