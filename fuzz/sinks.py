"""Sinks of a server's record that find out what is wrong with it."""

import json

from fakesmb.record.events import Disconnected, Event, Problem


class Kept:
    """Keeps what tells of bugs and of ends."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.ends: list[Disconnected] = []

    def write(self, event: Event) -> None:
        """Takes one."""
        if isinstance(event, Problem) and (event.traceback or "stopped recording" in event.text):
            self.problems.append(event)
        elif isinstance(event, Disconnected):
            self.ends.append(event)

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Nothing is held."""


class Checked:
    """Where the lines of a log go: each must be there, and none may say that it could not be made."""

    def __init__(self, *, parsed: bool) -> None:
        self.parsed = parsed
        self.wrong = ""

    def put(self, data: bytes) -> None:
        """Takes lines; raises `ValueError` for JSON that is none."""
        at = data.find(b"not described:")
        if at >= 0:
            self.wrong = data[at : at + 200].decode("utf-8", "replace").partition("\n")[0]
        for line in data.splitlines() if self.parsed else ():
            json.loads(line)

    def close(self) -> None:
        """Nothing is held."""
