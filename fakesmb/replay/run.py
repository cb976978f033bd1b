"""A replay from the file to the last line of the report."""

from collections.abc import Collection
from typing import BinaryIO

from fakesmb.address import Place
from fakesmb.capture.events import events
from fakesmb.capture.trouble import Trouble
from fakesmb.mistakes import ConfigError
from fakesmb.replay.engine import TIMEOUT, Replay
from fakesmb.replay.places import Users
from fakesmb.replay.report import Report
from fakesmb.replay.shares import ShareMap
from fakesmb.replay.talk import Ask, items
from fakesmb.replay.witness import Comparison


def replayed(
    file: BinaryIO,
    place: Place,
    users: Users,
    report: Report,
    failing: Collection[str],
    *,
    shares: ShareMap | None = None,
    timeout: float = TIMEOUT,
    pace: bool = False,
) -> bool:
    """Replays a capture; True where nothing is of a kind that fails. Raises `CaptureError`, and `ConfigError` where
    there is nothing to replay."""
    found = list(items(events(file)))
    comparison = report.comparison = Comparison(report.tell, failing=failing)
    if not any(isinstance(item, Ask) for item in found):
        why = next((f": {item}" for item in found if isinstance(item, Trouble)), "")
        raise ConfigError(f"the capture has no request of an SMB1 client that could be sent again{why}")
    Replay(place, users, comparison, shares=shares, timeout=timeout, pace=pace).run(found)
    return report.end(failing)
