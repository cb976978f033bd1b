"""A `fakesmb serve` in a process of its own."""

import fcntl
import json
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from fakesmb.serving.run import RUNS_AS_ROOT

START_STEPS = 3000
"""Hundredths of a second that a server has to start, on a machine with much else to do."""


class Served(NamedTuple):
    """A server that runs."""

    process: subprocess.Popen[str]
    port: int
    log: Path
    """Its record, as JSON lines."""


def port_in(port_file: Path, process: subprocess.Popen[Any]) -> int:
    """The port of a server, as soon as its port file is there."""
    for _ in range(START_STEPS):
        if port_file.exists():
            return int(port_file.read_text())
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    raise AssertionError("no port file")


@contextmanager
def serving(command: list[str], environment: dict[str, str], base: Path, *arguments: str) -> Iterator[Served]:
    """Runs the server, its files in `base`. SIGTERM must end it, with 0; what it writes to stderr is no traceback."""
    port_file, log, errors = base / "port", base / "log.jsonl", base / "stderr"
    words = [*command, "serve", "--port-file", str(port_file), "--log", "none", "--log-file", str(log)]
    with errors.open("w") as stderr:
        process = subprocess.Popen([*words, *arguments], env=environment, stderr=stderr, text=True)
    try:
        try:
            port = port_in(port_file, process)
        except AssertionError:
            raise AssertionError(errors.read_text()) from None
        yield Served(process, port, log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, errors.read_text()
        with log.open("rb") as file:
            fcntl.flock(
                file, fcntl.LOCK_EX
            )  # complete only when the process that makes the lines has ended, too
        assert "Traceback" not in errors.read_text()
    finally:
        process.kill()
        process.wait()


def problems_in(lines: Iterable[bytes]) -> list[str]:
    """What went wrong inside a server, from lines of its record."""
    found = [json.loads(line) for line in lines if b'"problem"' in line]
    return [
        f"{one['problem']} {one.get('traceback', '')}"
        for one in found
        if one["event"] == "problem" and one["problem"] != RUNS_AS_ROOT  # which may be so where tests run
    ]
