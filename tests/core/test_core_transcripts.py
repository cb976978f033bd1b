"""Every transcript of tests/transcripts, whole and in one-byte pieces: a file for each quirk, words and bytes."""

from pathlib import Path

import pytest
import transcript
from conftest import Make

from fakesmb.core.settings import Settings

TRANSCRIPTS = sorted(transcript.FOLDER.glob("*.smb"))


def test_there_are_some() -> None:
    assert len(TRANSCRIPTS) > 15


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("piece", [None, 1], ids=["whole", "bytes"])
@pytest.mark.parametrize("file", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(file: Path, piece: int | None, make: Make, unsigned: Settings) -> None:
    transcript.play(file, transcript.Stage(make(settings=unsigned)), piece=piece)
