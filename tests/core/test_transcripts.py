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
