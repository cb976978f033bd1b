"""`fakesmb demo --hold FILE`: the second client of a lesson keeps a file, and gives its oplock back when asked."""

import threading
from typing import Literal

import pytest
from click.testing import CliRunner

from fakesmb import FakeSMB, cli
from fakesmb.address import Place
from fakesmb.replay.conversation import Otherwise
from fakesmb.replay.holder import Holder
from fakesmb.replay.places import Who


def holder(smb: FakeSMB, file: str, said: list[str] | None = None, pause: float = 0.05) -> Holder:
    lines = [] if said is None else said
    return Holder(
        Place("127.0.0.1", smb.port), Who("alice", "Secret123"), "in", file, say=lines.append, pause=pause
    )


@pytest.mark.parametrize("signing", ["off", "offered"])
def test_the_oplock_is_given_back_to_another_client(signing: Literal["off", "offered"]) -> None:
    with FakeSMB({"in": {"a.txt": b"hello"}}, users={"alice": "Secret123"}, signing=signing) as smb:
        said: list[str] = []
        first = holder(smb, "a.txt", said)
        thread = threading.Thread(target=first.run, args=(1.2,))
        thread.start()
        smb.journal.wait_for(verb="opened", path="a.txt", count=1)
        second = holder(smb, "/a.txt")
        second.run(0)
        thread.join()
        assert (first.breaks, second.breaks) == (1, 0)
        broken, released, opened = (
            smb.journal.verify(connection=1, verb="oplock_broken", count=1)[0],
            smb.journal.verify(connection=1, verb="oplock_released", count=1)[0],
            smb.journal.verify(connection=2, verb="opened", count=1)[0],
        )
        assert broken.path == released.path == opened.path == "\\a.txt"
        assert opened.took_us is not None
        assert opened.took_us > 50_000  # it waited as long as the first client did
        smb.journal.verify(verb="signed_off", count=2)
        assert any("with a batch oplock" in line for line in said)
        assert any("Another client wants the file" in line for line in said)
        assert smb.journal.problems() == []


def test_a_file_that_is_not_there_is_one_line() -> None:
    refused = pytest.raises(Otherwise, match=r"opening \\nowhere is refused: STATUS_OBJECT_NAME_NOT_FOUND")
    with FakeSMB({"in": {}}, users={"alice": "Secret123"}) as smb, refused:
        holder(smb, "nowhere").run(0)


def test_the_command() -> None:
    with FakeSMB({"in": {"a.txt": b"hello"}}, users={"alice": "Secret123"}) as smb:
        address = f"127.0.0.1:{smb.port}"
        words = ["demo", address, "-u", "alice:Secret123", "--share", "in"]
        done = CliRunner().invoke(cli.main, [*words, "--hold", "a.txt", "--seconds", "0"])
        assert done.exit_code == 0, done.output
        assert "FID 0x4000" in done.output
        smb.journal.verify(verb="closed", path="a.txt", count=1)
        done = CliRunner().invoke(cli.main, [*words, "--seconds", "3"])
        assert done.exit_code == 2
        assert "--hold FILE" in done.output
