"""A server and a share of its own for each worker that runs smbtorture."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.torture import PASSWORD, SHARE, SHARING_VIOLATION, USER, WRITE_TIME, Torture

MEMORY = Path("/dev/shm")
"""Takes more extended attributes a file than most disks do: two leaves need them."""
CONFIG = """\
[server]
port = 0
[timing]
sharing_violation = {sharing_violation}
write_time = {write_time}
[[user]]
name = "{user}"
password = "{password}"
admin = true
[[share]]
name = "{share}"
path = "{folder}"
"""


@pytest.fixture(scope="session")
def torture(
    fakesmb_command: list[str],
    serve_options: list[str],
    fakesmb_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
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
    config, port_file, log, errors = base / "fakesmb.toml", base / "port", base / "log.jsonl", base / "stderr"
    config.write_text(
        CONFIG.format(
            sharing_violation=SHARING_VIOLATION,
            write_time=WRITE_TIME,
            user=USER,
            password=PASSWORD,
            share=SHARE,
            folder=folder,
        )
    )
    words = [
        *fakesmb_command,
        "serve",
        *serve_options,
        "--config",
        str(config),
        "--port-file",
        str(port_file),
    ]
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [*words, "--log", "none", "--log-file", str(log)], env=fakesmb_environment, stderr=stderr
        )
    try:
        for _ in range(1500):
            if port_file.exists() or process.poll() is not None:
                break
            time.sleep(0.01)
        assert process.poll() is None, errors.read_text()
        yield Torture(int(port_file.read_text()), folder, scratch)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0, errors.read_text()
        assert "Traceback" not in errors.read_text()
        assert _problems(log) == []
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(where, ignore_errors=True)


def _problems(log: Path) -> list[str]:
    """What went wrong inside the server, whatever smbtorture made of it."""
    found = []
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if '"problem"' in line:
                entry = json.loads(line)
                if entry["event"] == "problem":
                    found.append(f"{entry['problem']} {entry.get('traceback', '')}")
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where nothing could be proved, the last lines say so."""
    if shutil.which("smbtorture") is None and not os.environ.get("PYTEST_XDIST_WORKER"):
        terminalreporter.write_line("smbtorture is not installed: conformance was not proved", yellow=True)
