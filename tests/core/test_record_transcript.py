"""A real client's talk becomes a transcript, which plays; one that cannot be repeated is refused."""

import shutil
import sys
from pathlib import Path

import pytest

from fakesmb.core.settings import Settings
from tests.core import transcript
from tests.core.conftest import Make
from tests.record_transcript import main

CLIENT = """
import sys
from impacket.smbconnection import SMBConnection
client = SMBConnection("FAKESMB", "127.0.0.1", sess_port=int(sys.argv[1]), preferredDialect="NT LM 0.12")
client.login("alice", "Secret123")
client.deleteFile("public", "a.txt")
client.logoff()
"""


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("program", ["smbclient", "impacket"])
def test_a_real_client_is_recorded(program: str, tmp_path: Path, make: Make, unsigned: Settings) -> None:
    file, sent = tmp_path / "made.smb", tmp_path / "report.txt"
    sent.write_text("all is well\n")
    command = ["smbclient", "-m", "NT1", "--option=client min protocol=NT1", "-p", "{port}"]
    command += ["-U", "alice%Secret123", "//127.0.0.1/public", "-c", f"lcd {tmp_path}; put report.txt; ls"]
    if program == "impacket":
        command = [sys.executable, "-c", CLIENT, "{port}"]
    elif shutil.which(program) is None:
        pytest.skip("no smbclient here (Debian: smbclient)")
    assert main([str(file), "--title", "A file is put.", "--", *command]) == 0
    text = file.read_text("utf-8")
    assert text.startswith("# A file is put.\n> C; Negotiate, ")
    done = (
        "C; Delete, FileName = a.txt"
        if program == "impacket"
        else "C; Nt Create Andx, FileName = \\report.txt"
    )
    assert f"\n> {done}\n" in text
    transcript.play(file, transcript.Stage(make(settings=unsigned)))


def test_no_client_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "made.smb"), "--", "false"]) == 1
    assert "the command ended with 1\nno client came\n" in capsys.readouterr().err
    assert main([str(tmp_path / "made.smb"), "--", "no-such-program"]) == 1
    assert "No such file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([str(tmp_path / "made.smb")])
    assert list(tmp_path.iterdir()) == []
