"""What the blocks of the pages find when `test_docs_blocks` runs them: a server, files, and what Python blocks call."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from impacket.smbconnection import SessionError, SMBConnection

from fakesmb import FakeSMB, Overlay, Share

CHECKOUT: Final = Path(__file__).parent.parent


def server() -> FakeSMB:
    """The one that the commands of all pages talk to: that has the sample shares."""
    samples = CHECKOUT / "shares"
    return FakeSMB(
        {
            "public": Share(Overlay(samples / "public"), comment="For everybody to read and write"),
            "docs": Share(samples / "docs", read_only=True, comment="Read-only"),
            "c$": Share(Overlay(samples / "c$"), comment="Default share"),
        },
        users={"alice": "Secret123"},
        web=0,
        journal=2000,
    )


def _connected(smb: FakeSMB) -> SMBConnection:
    client = SMBConnection("FAKESMB", smb.host, sess_port=smb.port, preferredDialect="NT LM 0.12")
    client.login("alice", "Secret123")
    return client


def _back_up(name: str, smb: FakeSMB) -> None:
    """Writes a file in three pieces, and takes it that one fails."""
    client = _connected(smb)
    try:
        client.putFile("in", name, io.BytesIO(bytes(150_000)).read)
    except SessionError:
        client.logoff()


class Scene(NamedTuple):
    """What one page wants beside the server."""

    files: Mapping[str, str] = {}
    """Files in the folder where its commands run, by their names; those that end in `/` are folders."""
    names: Mapping[str, Callable[..., Any]] = {}
    """What its Python blocks call as code of the reader's."""
    capture: str = ""
    """A file with a capture of somebody who writes to a share."""
    changed: Mapping[str, str] = {}
    """What stands for what a page says, as an address that is none of this machine."""


USUAL: Final = Scene()
SCENES: Final[Mapping[str, Scene]] = {
    "docs/configuration.md": Scene(files={"docs/": "", "tests/": ""}),
    "docs/captures.md": Scene(capture="talk.pcapng", changed={r"'\\OLD\C$=public'": "'C$=public'"}),
    "docs/filter.md": Scene(capture="talk.pcapng"),
    "docs/faults.md": Scene(names={"back_up": _back_up}),
}


def take_capture(path: Path) -> None:
    """What a client said that wrote, listed and read in an empty share, as a capture."""
    with FakeSMB({"C$": {}}, users={"alice": "Secret123"}) as smb, smb.capture(path):
        client = _connected(smb)
        client.createDirectory("C$", "reports")
        client.putFile("C$", "reports/a.txt", io.BytesIO(b"text").read)
        client.getFile("C$", "reports/a.txt", io.BytesIO().write)
        client.logoff()
