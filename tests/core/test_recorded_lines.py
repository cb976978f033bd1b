"""What the core emits is written straight as the general way writes it; nothing of it is undecodable for being cut."""

from pathlib import Path

import pytest

from fakesmb.core.settings import Settings
from fakesmb.record.dissect import messages
from fakesmb.record.events import Event, Exchanged
from tests.core import transcript
from tests.core.conftest import Make
from tests.record.test_straight import both_ways


class Exchanges:
    """A sink that keeps exchanges."""

    def __init__(self) -> None:
        self.kept: list[Exchanged] = []

    def write(self, event: Event) -> None:
        if isinstance(event, Exchanged):
            self.kept.append(event)

    def flush(self) -> None: ...

    def close(self) -> None: ...


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("path", sorted(transcript.FOLDER.glob("*.smb")), ids=lambda path: path.stem)
def test_both_ways_write_the_same_lines(path: Path, make: Make, unsigned: Settings) -> None:
    server = make(settings=unsigned)
    sink = Exchanges()
    server.server.log.add(sink)
    transcript.play(path, transcript.Stage(server))
    assert sink.kept
    for one in sink.kept:
        both_ways(one)
        assert not [part for told in messages(one) for part in told.parts if part.problem.startswith("only ")]
