"""Pages of clients, and of security: each fakesmb.toml serves the client it is for, each command does what it says."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from fakesmb import FakeSMB
from tests.clients.client_runs import need
from tests.docsblocks import Block, blocks, write

DOCS = Path(__file__).parent.parent / "docs"
PAGES = (DOCS / "clients.md", *sorted((DOCS / "clients").glob("*.md")), DOCS / "security.md")
NOT_RUN = frozenset({"bat", "powershell", "console", "text"})
"""Languages of blocks that nothing here can run: of Windows, of other machines, and of root; and what is printed."""

NT1 = ("-m", "NT1")
WAYS = {
    "NTLMv2": NT1,
    "NTLM2": (*NT1, "--option=client ntlmv2 auth=no"),
    "NTLMv1": (*NT1, "--option=client ntlmv2 auth=no", "--option=client use spnego=no"),
    "LM": ("-m", "LANMAN1", "--option=client ntlmv2 auth=no", "--option=client lanman auth=yes"),
    "plain text": (
        *("-m", "CORE", "--option=client ntlmv2 auth=no"),
        *("--option=client lanman auth=yes", "--option=client plaintext auth=yes"),
    ),
}
"""How smbclient proves a password as the clients of the pages do."""


class Way(NamedTuple):
    """How the client that a file is for signs in, to which share, and how one that it is not for would."""

    works: str
    share: str
    user: str
    refused: str = ""


SERVED = {
    "modern.toml": Way("NTLMv2", "games", "alice%Secret123", refused="NTLM2"),
    "windows.toml": Way("NTLMv2", "public", "alice%Secret123"),
    "windows-xp.toml": Way("NTLM2", "public", "alice%Secret123", refused="NTLMv1"),
    "windows-nt4.toml": Way("NTLMv1", "public", "alice%Secret123", refused="LM"),
    "windows-98.toml": Way("LM", "games", "alice%secret"),
    "lm.toml": Way("LM", "games", "alice%Secret123"),
    "shares.toml": Way("LM", "games", "anyone%WRITE"),
    "guests.toml": Way("NTLMv2", "scans", "nobody%"),
    "plain.toml": Way("plain text", "games", "anyone%WRITE"),
    "curl.toml": Way("NTLMv1", "public", "alice%Secret123", refused="LM"),
    "scanner.toml": Way("LM", "scan", "scanner%Scan-4711"),
    "scanner-guest.toml": Way("NTLMv1", "scan", "%"),
    "ps2.toml": Way("LM", "PS2SMB", "ps2%games"),
    "wii.toml": Way("NTLMv1", "games", "wii%games"),
    "lan.toml": Way("NTLMv2", "scans", "scanner%used nowhere else", refused="NTLMv1"),
    "old.toml": Way("LM", "GAMES", "alice%secret"),
}
"""Each fakesmb.toml of the pages, and with what it is tried."""


@pytest.fixture(scope="module")
def found() -> list[Block]:
    return [block for page in PAGES for block in blocks(page)]


def here(text: str) -> str:
    """A fakesmb.toml with addresses, ports and users of this machine in place of those of the page."""
    text = re.sub(r"^run_as = .*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^host = .*$", 'host = "127.0.0.1"', text, flags=re.MULTILINE)
    return re.sub(r"port = \d+", "port = 0", text)


def serving(block: Block, folder: Path) -> FakeSMB:
    """A server by this file, which takes the forms of a password that it would take beyond loopback."""
    for path in re.findall(r'^path = "(\w+)"', block.text, re.MULTILINE):
        (folder / path).mkdir(exist_ok=True)
        (folder / path / "report.txt").write_text("all is well\n")
    toml = folder / block.file
    toml.write_text(here(block.text))
    if "accept = " in block.text or "profile = " in block.text:
        return FakeSMB.from_file(toml)
    return FakeSMB.from_file(toml, accept=["ntlmv2"])


def smbclient(smb: FakeSMB, way: str, share: str, user: str, commands: str) -> str:
    words = ["smbclient", "--option=client min protocol=CORE", *WAYS[way], "-p", str(smb.port), "-U", user]
    return run([*words, f"//127.0.0.1/{share}", "-c", commands])


def run(words: Sequence[str], folder: Path | None = None) -> str:
    """What a program says, on both streams; a program that fails says so itself."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return f"{done.stdout}{done.stderr}exit code {done.returncode}"


def test_every_configuration_serves_the_client_that_it_is_for(found: list[Block], tmp_path: Path) -> None:
    need("smbclient")
    configurations = [block for block in found if block.language == "toml"]
    assert {block.file for block in configurations} == SERVED.keys()
    sent = tmp_path / "sent.txt"
    sent.write_text("all is well\n")
    for block in configurations:
        way = SERVED[block.file]
        with serving(block, tmp_path) as smb:
            said = smbclient(smb, way.works, way.share, way.user, f"get report.txt -; put {sent} up.txt")
            assert re.search(r"all is well\n.*exit code 0$", said, re.DOTALL), (block.file, said)
            if way.refused:
                said = smbclient(smb, way.refused, way.share, way.user, "ls")
                assert re.search(r"session setup failed.*exit code 1$", said, re.DOTALL), (block.file, said)


@pytest.fixture(scope="module")
def folder(found: list[Block], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run: with the files that the pages have, and one to send."""
    folder = tmp_path_factory.mktemp("commands")
    write([block for block in found if block.language == "ini"], folder)
    (folder / "report.txt").write_text("all is well\n")
    return folder


@pytest.fixture(scope="module")
def alice() -> Iterator[FakeSMB]:
    """The server that the commands are for: what `fakesmb serve` has, and the share of clients.md."""
    shares = {"public": {"README.txt": "Welcome here\n"}, "games": {"report.txt": "all is well\n"}}
    with FakeSMB(shares, users={"alice": "Secret123"}) as smb:
        yield smb


def test_the_commands_run(found: list[Block], alice: FakeSMB, folder: Path, tmp_path: Path) -> None:
    for program in ("smbclient", "rpcclient", "curl"):
        need(program)
    plain = next(block for block in found if block.file == "plain.toml")
    commands = [block for block in found if block.language == "sh"]
    with serving(plain, tmp_path) as share_level:
        said = {}
        for block in commands:
            smb = share_level if block.text.startswith("# with a password of the share") else alice
            said[block.line] = run(["bash", "-eu", "-c", block.text.replace("4450", str(smb.port))], folder)
            assert said[block.line].endswith("exit code 0"), said[block.line]
            assert "NT_STATUS" not in said[block.line], said[block.line]
        share_level.journal.verify(command="SMB_COM_DELETE", count=2)
    alice.journal.verify(command="SMB_COM_DELETE", count=3)
    everything = "".join(said.values())
    for words in ("up.txt", "Welcome here", "NetBIOS over TCP disabled", "netname: public"):
        assert words in everything
    assert alice.share("public").read("uploaded.txt") == b"all is well\n"


def test_there_is_no_block_that_nothing_runs(found: list[Block]) -> None:
    for block in found:
        assert block.language in {"toml", "sh", "ini", *NOT_RUN}, block
        assert block.file or block.language not in ("toml", "ini"), block


def test_every_test_that_is_named_is_there() -> None:
    text = (DOCS / "clients.md").read_text(encoding="utf-8")
    assert "tests/core/test_client_layouts.py" in text
    assert (DOCS.parent / "tests/core/test_client_layouts.py").exists()
