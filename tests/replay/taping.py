"""Captures of what clients said to a server of the test, and their replays."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from fakesmb import FakeSMB, cli
from tests.clients.wire_tap import Capture, tapped

USERS = {"alice": "Secret123"}


def taped(smb: FakeSMB, folder: Path, work: Callable[[int], object]) -> Path:
    """Runs `work` with a port that leads to the server; gives the capture of what passed."""
    capture = Capture()
    with tapped(smb.port, capture) as port:
        work(port)
    path = folder / f"{len(list(folder.iterdir()))}.pcap"
    capture.write(path)
    return path


class Done(NamedTuple):
    """What `fakesmb replay --json` said."""

    code: int
    findings: list[dict[str, Any]]
    summary: dict[str, Any]

    @property
    def different(self) -> list[tuple[int, str]]:
        """Frame and field of each difference that is not expected."""
        return [
            (one["frame"], row["name"])
            for one in self.findings
            for row in one.get("differences", ())
            if row["verdict"] == "different"
        ]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.findings if one["event"] == event]


def run(smb: FakeSMB, capture: Path, *arguments: str, user: str = "alice:Secret123") -> Done:
    """Replays a capture by the command."""
    return run_at(smb.port, capture, *arguments, user=user)


def run_at(port: int, capture: Path, *arguments: str, user: str) -> Done:
    """The same, to whatever listens there."""
    words = ["replay", str(capture), f"127.0.0.1:{port}", "-u", user, "--json", *arguments]
    done = CliRunner().invoke(cli.main, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (0, 1), done.output
    lines = [json.loads(line) for line in io.StringIO(done.stdout)]
    return Done(done.exit_code, lines[:-1], lines[-1])
