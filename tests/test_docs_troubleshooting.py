"""docs/troubleshooting.md: each sentence of a client is what it says, each of ours stands in the code."""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_server

import pytest

import fakesmb
from fakesmb import FakeSMB, Share
from fakesmb.mistakes import ConfigError
from tests.clients.client_runs import need

PAGE = Path(__file__).parent.parent / "docs" / "troubleshooting.md"
SOURCES = Path(fakesmb.__file__).parent

SEEN_ELSEWHERE = {
    "mount -t cifs": "tests/clients/test_mount_sentences.py has them",
    "Windows": "published",
    "macOS": "published",
    "In containers": "Docker's",
    "What is strange on the share": "no sentences",
}
"""Parts of the page whose sentences nothing here can provoke."""
OURS = ("What the server says beside its log", "fakesmb check", "The log of the server", "In tests")
"""Parts whose sentences are in the code."""
UNPROVOKED = {
    "Error NT_STATUS_IO_TIMEOUT": "needs a packet filter",
    "Error NT_STATUS_NOT_FOUND": "depends on who resolves names",
    "Server does not support SMB2": "of other programs",
    "curl: (1)": "of a curl that was built without SMB",
}


def sentences() -> dict[str, str]:
    """The headings that are sentences, each with the part of the page where it stands."""
    found, part = {}, ""
    for marks, heading in re.findall(r"^(##|###) (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        if marks == "##":
            part = heading
        else:
            found[heading.strip("`")] = part
    return found


SENTENCES = sentences()


class Servers:
    """What the clients meet."""

    def __init__(self) -> None:
        shares: dict[str, dict[str, object] | Share] = {
            "public": {"README.txt": "Welcome\n"},
            "docs": Share({"a.txt": "text"}, read_only=True),
            "private": Share({}, users=["bob"]),
        }
        users = {"alice": "Secret123", "bob": "hunter2"}
        self.usual = FakeSMB(
            shares, users=users, accept=["ntlmv2"], timing={"wrong_password": 0}, name="FAKESMB"
        )
        self.any_form = FakeSMB({"public": {}}, users=users, timing={"wrong_password": 0})
        self.strict = FakeSMB({"public": {}}, users=users, signing="required")
        self.locking = FakeSMB(
            {"public": {}}, users=users, timing={"lock_out": 60}, limits={"lock_out_after": 1}
        )
        self.older = FakeSMB({"public": {}}, users=users, profile="windows-nt4")
        self.all = (self.usual, self.any_form, self.strict, self.locking, self.older)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    made = Servers()
    try:
        for smb in made.all:
            smb.start()
        yield made
    finally:
        for smb in made.all:
            smb.stop()


def run(*words: str) -> str:
    need(words[0])
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def smbclient(smb: FakeSMB, *words: str, user: str = "alice%Secret123", share: str = "public") -> str:
    words = words or ("-c", "ls")
    said = ["smbclient", "--option=client min protocol=NT1", "-p", str(smb.port), "-U", user]
    return run(*said, f"//127.0.0.1/{share}", *words)


def curl(smb: FakeSMB, path: str = "public/README.txt", user: str = "alice:Secret123") -> str:
    return run("curl", "-sS", "-u", user, f"smb://127.0.0.1:{smb.port}/{path}")


OLD = ("--option=client min protocol=CORE", "--option=client lanman auth=yes")

PROVOKED: dict[str, Callable[[Servers], str]] = {
    "protocol negotiation failed: NT_STATUS_CONNECTION_DISCONNECTED": lambda at: run(
        "smbclient", "-p", str(at.usual.port), "-U", "alice%Secret123", "//127.0.0.1/public", "-c", "ls"
    ),
    "protocol negotiation failed: NT_STATUS_INVALID_PARAMETER_MIX": lambda at: run(
        "smbclient", "-m", "NT1", "-p", str(at.usual.port), "-U", "a%b", "//127.0.0.1/public", "-c", "ls"
    ),
    "Error NT_STATUS_CONNECTION_REFUSED": lambda at: smbclient(at.usual, "-p", "1", "-c", "ls"),
    "Unable to connect with SMB1 -- no workgroup available": lambda at: smbclient(
        at.usual, "-L", "127.0.0.1"
    ),
    "session setup failed: NT_STATUS_LOGON_FAILURE": lambda at: smbclient(at.usual, user="alice%wrong"),
    "session setup failed: NT_STATUS_ACCOUNT_LOCKED_OUT": lambda at: [
        smbclient(at.locking, user=user) for user in ("alice%wrong", "alice%Secret123")
    ][-1],
    "session setup failed: ERRSRV:ERRbadpw": lambda at: smbclient(
        at.usual, *OLD, "-m", "LANMAN1", "--option=client ntlmv2 auth=no", "-c", "ls"
    ),
    "Server requested PLAINTEXT password": lambda at: smbclient(at.any_form, *OLD, "-m", "CORE", "-c", "ls"),
    "Server does not support EXTENDED_SECURITY": lambda at: smbclient(at.older),
    "Anonymous login successful": lambda at: run(
        *("smbclient", "--option=client min protocol=NT1", "-p", str(at.usual.port)),
        *("-N", "//127.0.0.1/public", "-c", "ls"),
    ),
    "SMB signing is required, but client": lambda at: smbclient(
        at.strict, "--option=client signing=off", "-c", "ls"
    ),
    "tree connect failed: NT_STATUS_BAD_NETWORK_NAME": lambda at: smbclient(at.usual, share="none"),
    "tree connect failed: NT_STATUS_ACCESS_DENIED": lambda at: smbclient(at.usual, share="private"),
    "NT_STATUS_ACCESS_DENIED opening remote file": lambda at: smbclient(
        at.usual, "-c", f"put {PAGE} x.md", share="docs"
    ),
    "NT_STATUS_OBJECT_NAME_NOT_FOUND opening remote file": lambda at: smbclient(at.usual, "-c", "get none"),
    "curl: (7)": lambda at: run("curl", "-sS", "-u", "a:b", "smb://127.0.0.1:1/public/a"),
    "curl: (67) Login denied": lambda at: curl(at.usual),
    "curl: (78) Remote file not found": lambda at: curl(at.any_form, "public/none"),
    "curl: (3)": lambda at: curl(at.any_form, "public"),
    "curl: (56)": lambda at: curl(at.any_form, "public/"),
    "curl: (9) Access denied to remote resource": lambda at: curl(at.strict),
    "curl: (52) Empty reply from server": lambda at: run("curl", "-sS", f"http://127.0.0.1:{at.usual.port}/"),
}
"""How a client is brought to say each sentence."""


def test_every_sentence_of_a_client_can_be_provoked_or_says_why_not() -> None:
    of_clients = {
        one for one, part in SENTENCES.items() if part in ("smbclient, rpcclient", "curl")
    } - UNPROVOKED.keys()
    assert of_clients == PROVOKED.keys()
    assert not UNPROVOKED.keys() - SENTENCES.keys()
    assert set(SEEN_ELSEWHERE) < set(SENTENCES.values())


@pytest.mark.client
@pytest.mark.parametrize("sentence", PROVOKED)
def test_a_client_says_the_sentence(sentence: str, servers: Servers) -> None:
    said = PROVOKED[sentence](servers)
    assert sentence in said


def test_the_reasons_that_the_page_quotes_are_in_the_log(servers: Servers) -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    smb = servers.usual
    need("smbclient")
    for user, options in (
        ("alice%wrong", ()),
        ("nobody%x", ()),
        ("alice%Secret123", ("--option=client ntlmv2 auth=no", "--option=client use spnego=no")),
    ):
        smbclient(smb, "-m", "NT1", *options, "-c", "ls", user=user)
    refusals = [one.reason or "" for one in smb.journal.remembered(event="sign_in_refused")]
    for reason in (
        "wrong password for 'alice'",
        "no user 'nobody', and guest is off",
        "sent an NTLMv1 response, which [server] accept does not name",
    ):
        assert reason in page
        assert any(reason in refusal for refusal in refusals)


def test_what_hinders_a_start_is_said_so(tmp_path: Path) -> None:
    said = {}
    toml = tmp_path / "fakesmb.toml"
    toml.write_text("[limits]\nconections = 1\n")
    with pytest.raises(ConfigError) as mistake:
        FakeSMB.from_file(toml)
    said["no such key; did you mean"] = str(mistake.value)
    with create_server(("127.0.0.1", 0)) as taken:
        for sentence, keywords in {
            "Address already in use": {"port": taken.getsockname()[1]},
            "Cannot assign requested address": {"host": "192.0.2.1"},
            "others can connect": {"host": "0.0.0.0", "users": None},
            "there is no folder": {"shares": {"in": "/nonexistent"}},
        }.items():
            with pytest.raises(ConfigError) as mistake:
                FakeSMB(**{"shares": {}, "users": {"a": "b"}, **keywords}).start()
            said[sentence] = str(mistake.value)
    for sentence, words in said.items():
        assert sentence in SENTENCES
        assert sentence in words, words
        assert ("free one" in words) == (sentence == "Address already in use")


def words_of(node: ast.expr) -> str:
    """A text of the sources, with `...` in place of what it is filled with; empty for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(words_of(one) or "..." for one in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.fixture(scope="module")
def sources() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(SOURCES.rglob("*.py"))]


def test_every_sentence_of_ours_stands_in_the_code(sources: list[str]) -> None:
    ours = {one for one, part in SENTENCES.items() if part in OURS}
    elsewhere = {
        "fixture 'smb' not found",
        "Error in SMB_COM",
    }  # pytest's; an exception's name before a command's
    assert elsewhere < ours
    everything = "\n".join(sources)
    lost = [
        one
        for one in ours - elsewhere
        if not re.search(re.sub(r"\d{4,}", r"\\{[^}]+\\}", re.escape(one)), everything)
    ]
    assert not lost


def test_every_problem_that_the_code_can_tell_has_an_entry(sources: list[str]) -> None:
    """Calls of `problem`, by the words of their texts."""
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    told, lost = 0, []
    for node in (node for text in sources if "problem(" in text for node in ast.walk(ast.parse(text))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        text = words_of(node.args[0])
        pieces = [piece.strip(" ;:()") for piece in text.split("...")]
        if node.func.attr in ("problem", "_problem") and any(len(piece) > 2 for piece in pieces):
            told += 1
            entered = any(one in text for one in SENTENCES) or any(
                len(piece) > 6 and piece in page for piece in pieces
            )
            lost += [] if entered else [text]
    assert told > 8
    assert not lost
