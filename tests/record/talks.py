"""Conversations with the core, in memory, that a journal remembers."""

from pathlib import Path
from typing import Any

from fakesmb.record.journal import Journal
from fakesmb.testing import Client, InMemoryServer


class Talk:
    """A server in memory whose journal is asked, and clients of it."""

    def __init__(
        self, folder: Path, *, keep_data: int = 0, journal: Journal | None = None, **keywords: Any
    ) -> None:
        self.folder = folder
        self.server = InMemoryServer({"public": folder}, **keywords)
        self.server.server.keep_data = keep_data
        self.journal = Journal(keep_data=keep_data) if journal is None else journal
        self.server.server.log.add(self.journal)

    def client(self, share: str = "public") -> Client:
        """A client of its own connection that is signed in as alice."""
        return self.server.client().sign_in().connect(share)


def filled(folder: Path) -> Path:
    """The folder, with a.txt, dir and dir/b.txt in it."""
    (folder / "a.txt").write_bytes(b"hello world")
    (folder / "dir").mkdir()
    (folder / "dir" / "b.txt").write_bytes(b"b")
    return folder
