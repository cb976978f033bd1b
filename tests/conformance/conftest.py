"""A server and a share of its own for each worker that runs smbtorture."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakesmb import FakeSMB
from tests.conformance.torture import PASSWORD, SHARE, SHARING_VIOLATION, USER, WRITE_TIME, Torture
from tests.serving import problems_in, serving

MEMORY = Path("/dev/shm")
"""Takes more extended attributes a file than most disks do: two leaves need them."""
CONFIG = """\
[server]
port = 0
[timing]
sharing_violation = {sharing_violation}
write_time = {write_time}
wrong_password = 0
[[user]]
name = "{user}"
password = "{password}"
admin = true
[[share]]
name = "{share}"
path = "{folder}"
may_hang = {may_hang}
"""


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
    where = tempfile.mkdtemp(prefix="fakesmb-torture-", dir=MEMORY if MEMORY.is_dir() else None)
    folder, scratch = Path(where, "share"), Path(where, "scratch")
    for made in (folder, scratch):
        made.mkdir()
        made.chmod(0o777)
    Path(where).chmod(0o755)
    config = base / "fakesmb.toml"
    config.write_text(
        CONFIG.format(
            sharing_violation=SHARING_VIOLATION,
            write_time=WRITE_TIME,
            user=USER,
            password=PASSWORD,
            share=SHARE,
            folder=folder,
            may_hang=str(request.config.getoption("--slow-disk")).lower(),
        )
    )
    try:
        if request.config.getoption("--overlay"):
            with overlaid(config) as (smb, reset):
                yield Torture(smb.port, folder, scratch, reset)
            return
        options = [*serve_options, "--config", str(config)]
        with serving(fakesmb_command, fakesmb_environment, base, *options) as served:
            yield Torture(served.port, folder, scratch)
        with served.log.open("rb") as lines:
            assert problems_in(lines) == []
    finally:
        shutil.rmtree(where, ignore_errors=True)


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
