"""The fuzzer of `make fuzz`: a short run of it, both ways; and that it finds what it is there to find."""

import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakesmb.core.commands import io
from fakesmb.core.connection import SMBConnection
from fakesmb.testing import Client
from fakesmb.wire.commands import Command
from fakesmb.wire.header import ERROR_BLOCK, pack_header
from fakesmb.wire.messages import REQUESTS
from fuzz import captures, inprocess, overtcp, rules
from fuzz.clients import KINDS, handle_in
from fuzz.messages import OWN, PID
from fuzz.rules import Answers
from fuzz.shrink import shrunk
from fuzz.talk import Action, Talk, make, read
from fuzz.values import SECRET

TALKS = 60
TALKS_OVER_TCP = 8
MOST_CORPUS = 200_000
CI_SECONDS = 20.0
"""Of the processor, for one action, on a machine that does much else; `make fuzz` allows less."""


@pytest.fixture(scope="module")
def corpus() -> list[bytes]:
    return captures.corpus()


@pytest.fixture
def player() -> Iterator[inprocess.Player]:
    with inprocess.Player(most_seconds=CI_SECONDS) as one:
        yield one


def message(command: int, words: bytes = b"", data: bytes = b"") -> bytes:
    """One command as a talk has it."""
    head = pack_header(command, 0, 0x18, 0xC803, 0, OWN, PID, OWN, 0)
    return head + bytes((len(words) // 2,)) + words + struct.pack("<H", len(data)) + data


ECHO = message(Command.ECHO, b"\1\0", b"ping")
READ = message(Command.READ_ANDX, struct.pack("<BBHHIHHIHI", 0xFF, 0, 0, 0x4000, 0, 100, 0, 0, 0, 0))


# -- short runs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(4))
def test_what_must_hold_holds_in_process(player: inprocess.Player, corpus: list[bytes], part: int) -> None:
    for number in range(part, TALKS, 4):
        talk = make(f"ci.{number}", corpus)
        assert (wrong := player.play(talk)) is None, f"{wrong}\n{talk.text()}"


def test_what_must_hold_holds_over_tcp(
    corpus: list[bytes], fakesmb_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in fakesmb_environment.items():
        monkeypatch.setenv(name, value)
    with overtcp.Player() as player:
        for number in range(TALKS_OVER_TCP):
            talk = make(f"ci.tcp.{number}", corpus)
            assert (wrong := player.play(talk)) is None, f"{wrong}\n{talk.text()}"


@pytest.mark.parametrize("path", sorted(captures.CORPUS.glob("*.talk")), ids=lambda path: path.stem)
def test_what_once_broke_something_breaks_nothing(player: inprocess.Player, path: Path) -> None:
    assert player.play(read(path)) is None


# -- talks -------------------------------------------------------------------------------------------------


def test_a_seed_always_gives_the_same_talk(corpus: list[bytes], tmp_path: Path) -> None:
    talks = [make(f"same.{number}", corpus) for number in range(20)]
    assert [one.text() for one in talks] == [make(f"same.{number}", corpus).text() for number in range(20)]
    for talk in talks:
        path = tmp_path / "one.talk"
        path.write_text(talk.text(["why"]), "utf-8")
        assert read(path)[:2] == (talk.kinds, list(talk.actions))


def test_a_line_that_is_none_of_a_talk(tmp_path: Path) -> None:
    path = tmp_path / "bad.talk"
    path.write_text("kinds plain\n? 0 ff\n", "utf-8")
    with pytest.raises(ValueError, match=r"bad\.talk:2"):
        read(path)


def test_talks_have_every_command_and_every_kind_of_client(corpus: list[bytes]) -> None:
    talks = [make(f"all.{number}", corpus) for number in range(200)]
    seen = Counter(
        one.data[4]
        for talk in talks
        for one in talk.actions
        if one.data[:4] == b"\xffSMB" and len(one.data) > 4
    )
    assert set(REQUESTS) - set(seen) == set()
    assert set(KINDS) == {kind for talk in talks for kind in talk.kinds}


# -- the corpus --------------------------------------------------------------------------------------------


def test_the_corpus_is_small_and_of_many_kinds(corpus: list[bytes]) -> None:
    assert sum(path.stat().st_size for path in captures.CORPUS.iterdir()) < MOST_CORPUS
    assert len({one[4] for one in corpus}) > 25
    assert all(one[:4] == b"\xffSMB" for one in corpus)


def test_requests_are_found_in_a_capture() -> None:
    """In order, across segments, without those that come again and those of the server."""
    stream = b"".join(len(one).to_bytes(4, "big") + one for one in (ECHO, READ, ECHO))
    reply = bytearray(ECHO)
    reply[9] |= 0x80

    def packet(at: int, data: bytes, port: int = 445) -> bytes:
        tcp = struct.pack(">HHIIBBHHH", 3049, port, at, 0, 0x50, 0, 0, 0, 0) + data
        ip = (
            struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, b"\1\1\1\1", b"\2\2\2\2")
            + tcp
        )
        frame = bytes(12) + b"\x08\x00" + ip
        return struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame

    cut = len(ECHO) + 20
    packets = (
        packet(7, stream[:cut]),
        packet(7, stream[:cut]),
        packet(900, len(reply).to_bytes(4, "big") + reply, 446),
        packet(7 + cut, stream[cut:]),
    )
    pcap = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(packets)
    assert captures.requests(pcap) == [ECHO, READ, ECHO]
    assert captures.one_of_each([ECHO] * 5 + [READ]) == [ECHO, ECHO, READ]
    with pytest.raises(ValueError, match="pcap"):
        captures.requests(b"\x0a\x0d\x0d\x0a")


# -- what it finds -----------------------------------------------------------------------------------------


def test_a_bug_in_a_handler_is_found(player: inprocess.Player, monkeypatch: pytest.MonkeyPatch) -> None:
    assert player.play(Talk(("plain",), [Action(">", 0, READ)])) is None
    monkeypatch.setattr(io, "most_wanted", lambda request: 1 // 0)
    assert "ZeroDivisionError" in (player.play(Talk(("plain",), [Action(">", 0, READ)])) or "")


def test_a_request_that_is_lost_is_found(player: inprocess.Player, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = SMBConnection._message

    def forgetful(connection: SMBConnection, body: memoryview) -> None:
        if body[4] != Command.READ_ANDX:
            keep(connection, body)

    monkeypatch.setattr(SMBConnection, "_message", forgetful)
    assert (
        player.play(Talk(("plain",), [Action(">", 0, ECHO), Action(">", 0, READ)]))
        == "no answer to 0x2E, MID 258"
    )


def test_what_raises_past_the_connection_is_found(
    player: inprocess.Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = SMBConnection._message

    def fragile(connection: SMBConnection, body: memoryview) -> None:
        if body[4] == Command.READ_ANDX:
            raise RuntimeError("not caught")
        keep(connection, body)

    monkeypatch.setattr(SMBConnection, "_message", fragile)
    assert "not caught" in (player.play(Talk(("plain",), [Action(">", 0, READ)])) or "")


def test_what_stays_open_is_found(player: inprocess.Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "lost", lambda client, reason="": None)
    assert "files are open" in (player.play(Talk(("plain",), [Action(">", 0, ECHO)])) or "")


def test_answers_that_must_not_be() -> None:
    answers = Answers()
    answers.ask(1, READ)
    reply = pack_header(Command.READ_ANDX, 0, 0x98, 0, 0, 0, 0, 0, 1) + ERROR_BLOCK
    assert list(answers.missing()) == ["no answer to 0x2E, MID 1"]
    assert list(answers.missing(rules.MAY_WAIT)) == []
    assert answers.take(reply) is None
    assert list(answers.missing()) == []
    assert answers.take(reply) == "2 answers to 0x2E"
    assert "not asked" in (answers.take(reply[:30] + b"\7\1" + ERROR_BLOCK) or "")
    assert "escape" in (answers.take(reply + SECRET) or "")


def test_a_change_outside_the_shares_is_found(tmp_path: Path) -> None:
    rules.make_folders(tmp_path)
    assert rules.outside_problem(tmp_path) is None
    (tmp_path / "docs" / "new.txt").touch()
    assert "read-only" in (rules.outside_problem(tmp_path) or "")
    (tmp_path / "outside" / "new.txt").touch()
    assert "new.txt" in (rules.outside_problem(tmp_path) or "")


def test_a_talk_is_made_as_short_as_it_gets() -> None:
    talk = Talk(("plain",), [Action(">", 0, bytes(40) + bytes((number,))) for number in range(30)])
    shorter = shrunk(talk, lambda one: any(len(action.data) > 9 for action in one.actions))
    assert [len(action.data) for action in shorter.actions] == [10]


def test_the_handle_of_an_answer_is_taken() -> None:
    handle = bytes(4) + bytes(range(1, 17))
    assert handle_in(bytes(60) + b"\5\0\2\3" + bytes(20) + handle + bytes(4)) == handle
    assert handle_in(bytes(60) + b"\5\0\2\3" + bytes(44)) is None
