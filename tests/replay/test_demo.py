"""`fakesmb demo`: the documented exchange as it was published, frame by frame, against servers of several makes."""

import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fakesmb import NT, FakeSMB, cli
from fakesmb.address import Place
from fakesmb.core import profiles
from fakesmb.record.events import Exchanged, Shown
from fakesmb.replay.conversation import Otherwise
from fakesmb.replay.demo import Demo
from fakesmb.replay.line import LineError
from fakesmb.replay.places import Who, place, who
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Header
from tests.replay.published import LINES, is_published

README = b"Whoever reads this has walked the whole exchange.\r\n"
TREE = {"readme.txt": README, "docs": {}}


@pytest.fixture(scope="module")
def smb() -> Iterator[FakeSMB]:
    users = {"administrator": "Secret123", "alice": "Secret123"}
    with FakeSMB({"c$": TREE, "empty": {}, "dir": {"only": {}}}, users=users, signing="off") as one:
        yield one


@pytest.fixture(autouse=True)
def fresh(smb: FakeSMB) -> None:
    smb.reset()


def demo(smb: FakeSMB, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["demo", f"127.0.0.1:{smb.port}", *arguments])


def demo_at(port: int) -> None:
    """The documented exchange, with nothing said."""
    Demo(Place("127.0.0.1", port), Who("alice", "Secret123"), say=lambda _: None).run()


def words(smb: FakeSMB) -> list[str]:
    """The messages of the server's text log."""
    lines = [line for line in smb.journal.lines(500) if not line.startswith("-")]
    return [line.split(maxsplit=4)[4] for line in lines]


def test_the_frames_of_the_published_trace_in_their_order_with_the_published_words(smb: FakeSMB) -> None:
    done = demo(smb, "-u", "administrator:Secret123")
    assert done.exit_code == 0, done.output
    shown = words(smb)
    assert [line.partition(",")[0] for line in shown[:2]] == ["SMB:C; Negotiate", "SMB:R; Negotiate"]
    published = shown[2 : 2 + len(LINES)]
    assert len(published) == len(LINES) == 30
    for line, wanted in zip(published, LINES, strict=True):
        assert is_published(line, wanted, "127.0.0.1"), (line, wanted)
    rest = [line.partition(",")[0] for line in shown[2 + len(LINES) :]]
    assert rest[0::2] == [
        "SMB:C; Tree Connect Andx",
        "SMB:C; Transact2",
        "SMB:C; Transact2",
        "SMB:C; Transact2",
        "SMB:C; Nt Create Andx",
        "SMB:C; Transact2",
        "SMB:C; Read Andx",
        "SMB:C; Close",
        "SMB:C; Tree Disconnect",
        "SMB:C; Logoff Andx",
    ]
    assert rest[1::2] == [line.replace("C;", "R;") for line in rest[0::2]]
    smb.journal.verify(verb="read", path="readme.txt", share="c$")


def test_headers_are_those_of_an_xp(smb: FakeSMB) -> None:
    """Flags, Flags2, PIDs and MIDs as in the published header and in captures of XPs."""
    demo(smb, "-u", "administrator:Secret123")
    asked = [e for e in smb.journal.events if isinstance(e, Exchanged) and e.shown & Shown.REQUEST]
    headers = [Header.decode(e.request) for e in asked]
    assert [one.mid for one in headers] == [0, *range(0x40, 0x40 + 0x10 * (len(headers) - 1), 0x10)]
    assert {one.flags for one in headers} == {0x18}
    assert [one.flags2 for one in headers[:2]] == [0xC853, 0xC807]
    reads = [one.flags2 for one in headers if one.command == Command.READ_ANDX]
    assert reads == [0xC807, 0xC807, 0xE807]  # that of the file is for the client's cache
    pids = {one.command: one.pid for one in headers}
    assert pids[Command.SESSION_SETUP_ANDX] == pids[Command.CLOSE] == 0xFEFF
    assert pids[Command.NT_CREATE_ANDX] == pids[Command.TRANSACTION2] == 0x0C3C
    setup = asked[1]
    assert setup.request_size == 202  # as the frame whose header is published
    blob = setup.request[setup.request.index(b"NTLMSSP") :]
    assert blob[:40] == b"NTLMSSP\0\1\0\0\0" + bytes.fromhex("978208e2") + bytes(16) + bytes.fromhex(
        "0501280a0000000f"
    )


def test_it_says_in_plain_words_what_it_does(smb: FakeSMB) -> None:
    """At each step, and every message in the words of the log; no line is wider than a terminal."""
    lines = demo(smb).stdout.splitlines()
    assert [line for line in lines if line[:1].isdigit()] == [
        "1. The dialect",
        "2. The sign-in, frames 4 to 7 of the published trace",
        "3. The share of the pipes, frames 8 and 9",
        "4. A pipe, frames 10 to 19",
        "5. The same again, frames 20 to 29",
        "6. Is it a DFS namespace? Frames 34 to 37",
        "7. The share itself",
        "8. What is on it",
        "9. The end",
    ]
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert "alice is signed in. UID 0x0800" in text
    assert "STATUS_NO_SUCH_DEVICE: it is none, so the client connects directly." in text
    assert "2 entries: docs, readme.txt." in text
    assert sum(line.startswith("   -> ") for line in lines) == sum(
        line.startswith("   <- ") for line in lines
    )
    assert "signs" not in text


def test_signed_where_the_server_offers_it() -> None:
    """Every answer's signature is checked, and the server checks those of the requests."""
    with FakeSMB({"c$": TREE}, users={"alice": "Secret123"}, signing="required") as smb:
        done = demo(smb)
        assert done.exit_code == 0, done.output
        assert "Both sides sign every message from here" in done.stdout
        last = [e for e in smb.journal.events if isinstance(e, Exchanged)][-1]
        assert last.request[4] == Command.LOGOFF_ANDX
        assert any(last.request[14:22])


def test_a_wrong_signature_is_told() -> None:
    with FakeSMB({"c$": TREE}, users={"alice": "Secret123"}, signing="required") as smb:
        smb.faults.inject(command="TREE_CONNECT_ANDX", corrupt="signature")
        done = demo(smb, "-q")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "fakesmb: the signature of its answer is wrong\n"


def test_a_long_listing_goes_on(smb: FakeSMB) -> None:
    for number in range(200):
        smb.share("empty").write(f"a rather long name of file number {number:04}.txt", b"x")
    done = demo(smb, "--share", "empty")
    assert done.exit_code == 0, done.output
    assert "Find Next2" in done.stdout
    assert "200 entries" in done.stdout


@pytest.mark.parametrize(("share", "words"), [("empty", "0 entries: none."), ("dir", "1 entry: only.")])
def test_a_share_without_a_file_is_walked_to_the_end(smb: FakeSMB, share: str, words: str) -> None:
    done = demo(smb, "--share", share)
    assert done.exit_code == 0, done.output
    assert words in done.stdout
    assert "no file among them" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["-u", "alice:wrong"], "the sign-in of alice is refused: STATUS_LOGON_FAILURE"),
        (["--share", "none"], r"the connection to \\127.0.0.1\none is refused: STATUS_BAD_NETWORK_NAME"),
    ],
)
def test_what_the_server_did_otherwise_is_one_line(smb: FakeSMB, arguments: list[str], line: str) -> None:
    done = demo(smb, "-q", *arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"fakesmb: {line}\n")


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ({"command": "NEGOTIATE", "fail": NT.ACCESS_DENIED}, "Negotiate is refused: STATUS_ACCESS_DENIED"),
        (
            {"command": "SESSION_SETUP_ANDX", "fail": NT.ACCESS_DENIED},
            "the sign-in's first step is answered with STATUS_ACCESS_DENIED, not with a challenge",
        ),
        (
            {"path": "\\srvsvc", "fail": NT.ACCESS_DENIED},
            "the pipe \\srvsvc is refused: STATUS_ACCESS_DENIED",
        ),
        ({"command": "READ_ANDX", "fail": NT.PIPE_BROKEN}, "reading the pipe is refused: STATUS_PIPE_BROKEN"),
        ({"command": "TRANSACTION", "drop": "before"}, "the server closed the connection"),
        (
            {"command": "TRANSACTION", "reset": True},
            "the server closed the connection: Connection reset by peer",
        ),
        (
            {"command": "LOGOFF_ANDX", "corrupt": "mid"},
            "it answers Logoff Andx with MID 319, which nobody asked",
        ),
    ],
)
def test_wherever_the_server_goes_astray_there_is_one_line(
    smb: FakeSMB, fault: dict[str, Any], line: str
) -> None:
    smb.faults.inject(**fault)
    done = demo(smb, "-q")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"fakesmb: {line}\n")


def test_other_refusals_of_the_referral_are_told_and_passed() -> None:
    with FakeSMB({"c$": TREE}, users={"alice": "Secret123"}, profile="samba-3") as smb:
        smb.faults.inject(command="TRANSACTION2", fail=NT.NOT_FOUND, times=1)
        done = demo(smb)
    assert done.exit_code == 0, done.output
    assert "STATUS_NOT_FOUND instead of STATUS_NO_SUCH_DEVICE" in done.stdout


@pytest.mark.parametrize("name", sorted(profiles.BY_NAME))
def test_every_make_of_server_is_walked_as_far_as_it_goes(name: str) -> None:
    """To the end by those that speak NT LM 0.12 in Unicode, with extended security and without; one line of others."""
    with FakeSMB({"c$": TREE}, users={"alice": "Secret123"}, profile=name) as smb:
        done = demo(smb)
    if "older than NT LM 0.12" in done.stderr or "knows no Unicode" in done.stderr:
        assert done.exit_code == 1
        assert done.stderr.count("\n") == 1
    else:
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout.endswith("Signed out. The connection closes.\n\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere:x"], "'nowhere:x': 'x' is no port; it is a number from 1 to 65535"),
        (["host:70000"], "'host:70000': '70000' is no port; it is a number from 1 to 65535"),
        ([":1"], "':1' is no address: write HOST:PORT, such as 127.0.0.1:4450 or [::1]:4450"),
        (["::1"], "'::1' is no address: write HOST:PORT, such as 127.0.0.1:4450 or [::1]:4450"),
        (
            ["x:1", "-u", "alice"],
            "-u is NAME:PASSWORD, or DOMAIN\\NAME:PASSWORD; NAME: has an empty password",
        ),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], line: str) -> None:
    done = CliRunner().invoke(cli.main, ["demo", *arguments])
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"fakesmb: {line}\n")


def test_addresses_and_users() -> None:
    assert place("[::1]:4450") == Place("::1", 4450)
    assert str(Place("::1", 4450)) == "[::1]:4450"
    assert place("server") == Place("server", 445)
    assert who("WG\\alice:a:b") == Who("alice", "a:b", "WG")
    assert who(":") == Who("")


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = CliRunner().invoke(cli.main, ["demo", f"127.0.0.1:{port}"])
    assert (done.exit_code, done.stderr) == (
        1,
        f"fakesmb: 127.0.0.1:{port} does not answer: Connection refused\n",
    )


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (b"", "no answer within 0.1 seconds"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks HTTP, not SMB: is the port right?"),
        (
            b"\0\0\0\x04\xfeSMB",
            "what it sends is no message of SMB1: a message of 4 bytes is shorter than its header",
        ),
        (
            b"\0\0\0\x25\xffSMBr\0\0\0\0\x98\x03\xc8" + bytes(12) + b"\0\0\xff\xfe\0\0\0\0\1\5\0\0\0",
            "older than NT LM",
        ),
        (
            b"\0\0\0\x23\xffSMBr\0\0\0\0\x98\x03\xc8" + bytes(12) + b"\0\0\xff\xfe\0\0\0\0\0\0\0",
            "older than NT LM",
        ),
    ],
)
def test_servers_of_something_else(said: bytes, line: str) -> None:
    """Silence, another protocol, an old dialect: one line."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = Demo(Place(*server.getsockname()), Who("alice", "x"), say=lambda _: None, timeout=0.1)
        there, _ = server.accept()
        with there:
            there.sendall(said)
            with pytest.raises((LineError, Otherwise), match=re.escape(line)):
                one.run()


def test_the_pace(smb: FakeSMB, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("fakesmb.replay.conversation.sleep", waits.append)
    assert demo(smb, "--pace", "0.5").exit_code == 0
    assert set(waits) == {0.5}
    assert len(waits) == 25  # before all 26 requests but the first
