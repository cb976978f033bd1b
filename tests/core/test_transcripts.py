"""Every transcript of tests/transcripts, whole and in one-byte pieces: a file for each quirk, words and bytes."""

from pathlib import Path

import pytest

from fakesmb.core.settings import Settings
from tests.core import transcript
from tests.core.conftest import Make

TRANSCRIPTS = sorted(transcript.FOLDER.glob("*.smb"))


def test_there_are_some() -> None:
    assert len(TRANSCRIPTS) > 15


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("piece", [None, 1], ids=["whole", "bytes"])
@pytest.mark.parametrize("file", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(file: Path, piece: int | None, make: Make, unsigned: Settings) -> None:
    transcript.play(file, transcript.Stage(make(settings=unsigned)), piece=piece)


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("file", TRANSCRIPTS, ids=lambda path: path.stem)
def test_rules_that_do_not_act_change_nothing(file: Path, make: Make, unsigned: Settings) -> None:
    """Every request is shown to them, and reaches the disk through a store that could be full."""
    server = make(settings=unsigned)
    never = server.server.faults.inject(nth=10**9, fail="DISK_FULL")
    room = server.server.faults.inject(disk_full_after=10**15)
    transcript.play(file, transcript.Stage(server))
    assert never.seen == room.seen > 0
    assert never.hits == room.hits == 0
