"""The blocks of docs/clients.md: configurations that can be read, and commands that do what they say."""

import shutil
import subprocess
from pathlib import Path

import pytest

from fakesmb import FakeSMB, Share
from fakesmb.config.tomlfile import read
from tests.docsblocks import Block, blocks

PAGE = Path(__file__).parent.parent / "docs" / "clients.md"


@pytest.fixture(scope="module")
def page() -> list[Block]:
    return blocks(PAGE)


def test_every_configuration_can_be_read(page: list[Block], tmp_path: Path) -> None:
    found = [block for block in page if block.language == "toml"]
    assert len(found) == 4
    for folder in ("games", "scans"):
        (tmp_path / folder).mkdir()
    for block in found:
        path = tmp_path / f"{block.line}.toml"
        path.write_text(block.text)
        assert read(str(path))


def test_the_commands_run(page: list[Block], tmp_path: Path) -> None:
    """Against servers with that user, or that password of the share, on ports of their own."""
    for program in ("smbclient", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here")
    user_level, share_level, curl = [block.text for block in page if block.language == "sh"]
    (tmp_path / "report.txt").write_text("all is well\n")

    def run(text: str, smb: FakeSMB) -> str:
        words = ["bash", "-eu", "-c", text.replace("4450", str(smb.port))]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "NT_STATUS" not in done.stdout + done.stderr
        return done.stdout

    content = {"report.txt": "all is well\n"}
    with FakeSMB({"games": Share(content)}, users={"alice": "Secret123"}) as smb:
        assert run(user_level, smb).lower().count("up.txt") >= 3
        assert run(curl, smb) == "all is well\n"
        smb.journal.verify(command="SMB_COM_DELETE", count=3)
    shares = {"games": Share(content, password="WRITE")}
    with FakeSMB(shares, security="share", plain_text=True) as smb:
        assert run(share_level, smb).lower().count("up.txt") >= 2
        smb.journal.verify(command="SMB_COM_DELETE", count=2)


def test_there_is_no_block_that_nothing_runs(page: list[Block]) -> None:
    assert {block.language for block in page} == {"toml", "sh"}


def test_every_test_that_is_named_is_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "tests/core/test_client_layouts.py" in text
    assert (PAGE.parent.parent / "tests/core/test_client_layouts.py").exists()
