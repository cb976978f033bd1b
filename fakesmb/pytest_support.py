"""The servers of the pytest plugin: that of the session, and those whose tests' markers want something else."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pytest
from msgspec.structs import replace

from fakesmb.library import FakeSMB
from fakesmb.mistakes import ConfigError
from fakesmb.pytest_marks import SERVED, USUAL, marked, merged
from fakesmb.pytest_report import Reports

Faults = Iterable[Mapping[str, Any]]
"""Rules, each the keywords of `faults.inject`."""
MOST_OF_THEIR_OWN: Final = 4
"""Servers with arguments of their own that live at a time: each has a thread and descriptors."""


class Servers:
    """All servers of a session."""

    def __init__(self, config: pytest.Config) -> None:
        profile = config.getini("smb_profile")
        self._usual = {**USUAL, "profile": profile} if profile else USUAL
        self._others: list[tuple[dict[str, Any], FakeSMB]] = []
        self._of_session: FakeSMB | None = None
        self.reports = Reports(config)
        config.pluginmanager.register(self.reports)

    def arguments(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """All that a server is made with, of which so much was said."""
        return {**self._usual, **said}

    def of_session(self, said: Mapping[str, Any]) -> FakeSMB:
        """Starts the one that lives as long as the session."""
        _check(said)
        self._of_session = self.reports.of_session = _started(self.arguments(said))
        self.reports.arguments = said
        return self._of_session

    def is_of_session(self, said: Mapping[str, Any]) -> bool:
        """Whether the one of the session was made with these arguments, faults left out."""
        return self._of_session is not None and _without_faults(said) == _without_faults(
            self.reports.arguments
        )

    def with_arguments(self, arguments: dict[str, Any]) -> FakeSMB:
        """One made with these arguments: the same as before where it still lives."""
        for at, (others, server) in enumerate(self._others):
            if others == arguments:
                self._others.append(self._others.pop(at))
                return server
        while len(self._others) >= MOST_OF_THEIR_OWN:
            self._others.pop(0)[1].stop()
        server = _started(arguments)
        self._others.append((arguments, server))
        return server

    @property
    def has_session(self) -> bool:
        """Whether `smb_server` is ours: a project may have one of its own under that name."""
        return self._of_session is not None

    def stop(self) -> None:
        """Stops them all."""
        for _, server in self._others:
            server.stop()
        if self._of_session is not None:
            self._of_session.stop()


def _check(said: object) -> None:
    if not isinstance(said, Mapping):
        kind = type(said).__name__
        pytest.fail(
            f"The fixture smb_arguments gives arguments of FakeSMB by name, a dict, not {kind}", pytrace=False
        )


def _started(arguments: Mapping[str, Any]) -> FakeSMB:
    try:
        return FakeSMB(**arguments).start()
    except ConfigError as error:
        why = str(error)
    pytest.fail(f"The server cannot be made: {why}", pytrace=False)


def servers(config: pytest.Config) -> Iterator[Servers]:
    """The fixture behind the fixtures."""
    found = Servers(config)
    yield found
    found.stop()


def served(request: pytest.FixtureRequest) -> Iterator[FakeSMB]:
    """The fixture `smb`: a server that is as new before the test, and checked and reset after it."""
    item = request.node
    item.stash[SERVED] = True
    servers: Servers = request.getfixturevalue("_smb_servers")
    base = request.getfixturevalue("smb_arguments")
    _check(base)
    said = merged(base, marked(item))
    server: FakeSMB | None = None
    usual: Faults = ()
    if _without_faults(said) == _without_faults(base):
        found: FakeSMB = request.getfixturevalue("smb_server")  # which starts it, or is the project's own
        if servers.is_of_session(said) or not servers.has_session:
            server, usual = found, base.get("faults", ())
    elif servers.is_of_session(said):
        server = request.getfixturevalue("smb_server")
        usual = servers.reports.arguments.get("faults", ())
    if server is None:
        server = servers.with_arguments(servers.arguments(_without_faults(said)))
    _as_new(server, said.get("faults", ()))
    watch = servers.reports.watch(item, server)
    try:
        yield server
    finally:
        if watch.is_here:
            try:
                watch.end()
            finally:
                _as_new(server, usual)
    if watch.is_here:
        watch.check()


def _without_faults(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Faults need no server of their own: they are armed for a test."""
    return {name: value for name, value in arguments.items() if name != "faults"}


def _as_new(server: FakeSMB, faults: Faults) -> None:
    """Nothing that a test asks of the server tells of the one before, which may have stopped it.

    The faults are those of its configuration from now on: whoever resets it in a test has them again.
    """
    server.start()
    service = server._service
    service.config = replace(service.config, faults=())
    server.faults.clear()
    why = ""
    try:
        for rule in faults:
            server.faults.inject(**rule)
        service.config = replace(service.config, faults=tuple(map(dict, faults)))
    except (TypeError, ValueError) as error:
        why = str(error)
    server.reset()
    if why:
        pytest.fail(f"A fault cannot be armed: {why}", pytrace=False)
