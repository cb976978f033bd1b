"""Servers that tests make themselves: they, too, are in the report of a test that failed."""

from collections.abc import Generator, Iterable, Iterator
from types import TracebackType
from typing import Final
from unittest import TestCase

import pytest

from fakesmb.app import FakeSMBService
from fakesmb.library import FakeSMB
from fakesmb.pytest_report import Reports
from fakesmb.pytest_short import BETWEEN, PYTEST

MOST: Final = 3
"""How many of them a report shows."""
NAME: Final = "fakesmb servers of tests"
NOT_OF_TESTS: Final = (*BETWEEN, *PYTEST)
"""Files whose functions have servers that are not the test's."""
Own = FakeSMB | FakeSMBService


class OwnServers:
    """The hook of a run whose modules have imported a server."""

    def __init__(self, config: pytest.Config) -> None:
        self._reports = Reports(config)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Looks for servers in the functions of tests that the error went through, and in a `TestCase`."""
        report = yield
        if report.failed and call.excinfo is not None and self._reports.is_here:
            watched = self._reports.watched(item)
            found: list[Own] = []
            for server in _servers(call.excinfo.value.__traceback__):
                if _was_started(server) and not any(server is one for one in (watched, *found)):
                    found.append(server)
            for number, server in enumerate(found[:MOST], 0 if watched is None else 1):
                self._reports.watch_own(item, server, number).tell(report)
        return report


def _servers(trace: TracebackType | None) -> Iterator[Own]:
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(NOT_OF_TESTS):
            names = trace.tb_frame.f_locals
            yield from _among(names.values())
            own = names.get("self")
            if issubclass(type(own), TestCase):
                yield from _among(vars(own).values())
                for base in type(own).__mro__:
                    yield from _among(vars(base).values())
        trace = trace.tb_next


def _among(values: Iterable[object]) -> Iterator[Own]:
    """Asks for types alone: `isinstance` would have lazy objects say what they stand for."""
    return (one for one in tuple(values) if issubclass(type(one), Own))  # type: ignore[misc]


def _was_started(server: Own) -> bool:
    try:
        return bool(server.port)
    except RuntimeError:
        return False
