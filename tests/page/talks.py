"""Conversations of transcripts as the events that a server tells."""

from pathlib import Path

from fakesmb.core.settings import Settings
from fakesmb.record.events import Event
from fakesmb.testing import CHALLENGE, GUID, InMemoryServer
from tests.core import transcript
from tests.core.folders import make_folders


def events_of(name: str, folder: Path) -> list[Event]:
    """What happens in a transcript, over folders made in `folder`. World's clock has to stand still (`frozen`)."""
    folder.mkdir(exist_ok=True)
    settings = Settings(challenge=CHALLENGE, guid=GUID, signing="off")
    server = InMemoryServer(make_folders(folder), settings=settings, read_only=["docs"])
    kept: list[Event] = []
    write = server.sink.write

    def both(event: Event) -> None:
        kept.append(event)
        write(event)

    server.sink.write = both  # type: ignore[method-assign]
    transcript.play(transcript.FOLDER / f"{name}.smb", transcript.Stage(server))
    return kept
