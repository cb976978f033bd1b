"""A server and a share of its own for each worker that runs smbtorture."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakesmb import FakeSMB
from tests.conformance.torture import Torture, configuration, workplace
from tests.serving import problems_in, serving


@pytest.fixture(scope="session")
def torture(
    fakesmb_command: list[str],
    serve_options: list[str],
    fakesmb_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Torture]:
    """smbtorture, and the server it is to be run against."""
    if shutil.which("smbtorture") is None:
        pytest.skip("smbtorture is not installed (Debian: samba-testsuite)")
    base = tmp_path_factory.mktemp("torture")
    config = base / "fakesmb.toml"
    with workplace() as (folder, scratch):
        config.write_text(configuration(folder, may_hang=request.config.getoption("--slow-disk")))
        if request.config.getoption("--overlay"):
            with overlaid(config) as (smb, reset):
                yield Torture(smb.port, folder, scratch, reset)
            return
        options = [*serve_options, "--config", str(config)]
        with serving(fakesmb_command, fakesmb_environment, base, *options) as served:
            yield Torture(served.port, folder, scratch)
        with served.log.open("rb") as lines:
            assert problems_in(lines) == []


@contextmanager
def overlaid(config: Path) -> Iterator[tuple[FakeSMB, Callable[[], None]]]:
    """The same server over a copy of the folder, and what makes it fresh; nothing may go wrong inside meanwhile."""
    problems: list[str] = []

    def gather() -> None:
        problems.extend(entry.summary for entry in smb.journal.problems())

    def reset() -> None:
        gather()
        smb.reset()

    config.write_text(config.read_text() + "overlay = true\n")
    with FakeSMB.from_file(config) as smb:
        yield smb, reset
        gather()
    assert problems == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where nothing could be proved, the last lines say so."""
    if shutil.which("smbtorture") is None and not os.environ.get("PYTEST_XDIST_WORKER"):
        terminalreporter.write_line("smbtorture is not installed: conformance was not proved", yellow=True)
