"""The end of the text log, for reports: made from the events when somebody asks."""

from collections.abc import Sequence

from fakesmb.record.events import Event
from fakesmb.record.text import TextLines


class _Nowhere:
    """Lines are taken here, not written."""

    def put(self, data: bytes) -> None:
        """Nothing is."""

    def close(self) -> None:
        """Nothing is open."""


def last_lines(events: Sequence[Event], count: int) -> list[str]:
    """The last lines of the text log of these events, at most `count`; seconds count from the first of them."""
    if not events or count <= 0:
        return []
    log = TextLines(_Nowhere(), started=events[0].time)
    found: list[str] = []
    for event in reversed(events):
        found[:0] = log.lines(event).decode("utf-8", "replace").splitlines()
        if len(found) >= count:
            break
    return found[-count:]
