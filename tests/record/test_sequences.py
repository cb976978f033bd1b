"""Exchanges in an order, and what is said of those that were not; why a question has another answer."""

from pathlib import Path
from typing import Any

import pytest

from fakesmb import closed, connected, created, echoed, exchange, opened, read, renamed, wrote
from fakesmb.core.connection import SMB2_ONLY
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.journal import Journal
from fakesmb.testing import Client
from fakesmb.wire.commands import Command
from fakesmb.wire.session import EchoRequest
from tests.record.talks import Talk, filled


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(filled(tmp_path))


def use(client: Client, path: str, *, reads: int = 1) -> None:
    fid = client.create(path)
    for _ in range(reads):
        client.read(fid, 0, 1)
    client.close(fid)


def failure(journal: Any, *steps: Any, **how: Any) -> list[str]:
    with pytest.raises(AssertionError) as caught:
        journal.sequence(*steps, **how)
    lines = str(caught.value).splitlines()
    assert len(lines) <= 10
    return lines


def test_steps_come_in_order_with_anything_between_them(talk: Talk) -> None:
    client = talk.client()
    use(client, "a.txt", reads=3)
    found = talk.journal.sequence(connected("public"), opened("A.txt"), read(length=1), closed())
    assert [entry.verb for entry in found] == ["connected", "opened", "read", "closed"]
    talk.journal.sequence(exchange(command="SMB_COM_NEGOTIATE"), exchange(command="OPEN"), closed("a.txt"))
    talk.journal.sequence(read(), read(), read())


def test_a_step_that_was_not_met_is_told_with_what_was_there(talk: Talk) -> None:
    client = talk.client()
    use(client, "a.txt")
    assert failure(talk.journal, opened("a.txt"), wrote("a.txt"), closed()) == [
        "Step 1 (from 0) of 3 was not met: wrote(path='a.txt').",
        r"  0: opened(path='a.txt') was #7 \a.txt C; Nt Create Andx, FileName = a.txt | R; Nt Create Andx, FID = "
        "0x4000",
        r"  there was: #9 \a.txt C; Read Andx, FID = 0x4000, 1 bytes at Offset 0 | R; Read Andx, 1 bytes",
        r"Nearest miss: #11 \a.txt C; Close, FID = 0x4000 | R; Close, FID = 0x0000",
        "  verb: expected 'wrote', was 'closed'",
    ]
    assert failure(talk.journal, closed(), read())[0] == "Step 1 (from 0) of 2 was not met: read()."
    assert failure(talk.journal, echoed())[0] == "Step 0 (from 0) of 1 was not met: echoed()."
    assert "Step 0" in failure(talk.journal, renamed("a.txt", "b.txt"), per="path")[0]


def test_a_step_that_came_before_is_told(talk: Talk) -> None:
    use(talk.client(), "a.txt")
    assert failure(talk.journal, closed(), read())[-1].startswith("  it was met elsewhere: #9 ")


def test_nothing_comes_after(talk: Talk) -> None:
    client = talk.client()
    use(client, "a.txt")
    use(client, "a.txt")
    talk.journal.sequence(opened("a.txt"), closed(), nothing_after=True)
    client.send(Command.ECHO, EchoRequest(1))
    assert failure(talk.journal, opened("a.txt"), closed(), nothing_after=True)[-1].startswith(
        "  after them: #19 C; Echo"
    )
    talk.journal.sequence(opened("a.txt"), closed(), nothing_after=True, per="path")


@pytest.mark.parametrize("per", ["path", "fid"])
def test_exchanges_are_told_apart(talk: Talk, per: str) -> None:
    client = talk.client()
    first, second = client.create("a.txt"), client.create("dir\\b.txt")
    client.read(second, 0, 1)
    client.close(first)
    client.write(second, b"x")
    client.close(second)
    found = talk.journal.sequence(opened(), read(), wrote(), closed(), per=per, nothing_after=True)
    assert {entry.path for entry in found} == {r"\dir\b.txt"}
    assert failure(talk.journal, opened("a.txt"), read(), closed(), per=per)[0] == (
        f"Step 1 (from 0) of 3 was not met per {per}: read()."
    )
    talk.journal.sequence(opened("a.txt"), read(), closed())


def test_a_fid_that_is_given_again_is_another_open(talk: Talk) -> None:
    client = talk.client()
    use(client, "a.txt", reads=0)
    use(client, "dir\\b.txt")
    assert failure(talk.journal, opened("a.txt"), read(), per="fid")
    talk.journal.sequence(opened("dir/b.txt"), read(), closed(), per="fid", nothing_after=True)


@pytest.mark.parametrize("per", ["connection", "user", "share"])
def test_per_whom_or_where(talk: Talk, per: str) -> None:
    one, other = talk.client(), talk.client()
    use(one, "a.txt")
    other.write(other.create("a.txt"), b"x")
    if per == "connection":
        assert failure(talk.journal, read(), wrote(), per=per)
    else:
        talk.journal.sequence(read(), wrote(), per=per)


@pytest.mark.parametrize(
    ("steps", "how", "error", "told"),
    [
        ((), {}, ValueError, "at least one step"),
        (("opened",), {}, TypeError, "a step is opened"),
        ((opened(pth="x"),), {}, TypeError, "did you mean path"),
        ((exchange(verb="open"),), {}, ValueError, "did you mean opened"),
        ((opened(),), {"per": "pth"}, ValueError, "told apart per 'pth'; did you mean path"),
        ((created(data=b"x"),), {}, ValueError, "keep_data"),
        ((opened(),), {"nothing_after": "yes"}, TypeError, "nothing_after is True or False"),
        ((opened(answered=False),), {}, ValueError, "is answered when it is"),
    ],
)
def test_a_sequence_that_cannot_be_is_an_error(
    talk: Talk, steps: Any, how: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        talk.journal.sequence(*steps, **how)


def test_a_step_of_a_verb_has_no_other() -> None:
    with pytest.raises(TypeError, match="exchange\\(verb='closed'\\) has another"):
        opened("a.txt", verb="closed")


# -- what is forgotten -------------------------------------------------------------------------------------


@pytest.fixture
def short(tmp_path: Path) -> tuple[Journal, Client]:
    talk = Talk(filled(tmp_path), journal=Journal(most_events=6))
    client = talk.client()
    use(client, "a.txt", reads=5)
    return talk.journal, client


def test_what_is_forgotten_makes_a_question_fail_whose_answer_it_could_change(
    short: tuple[Journal, Client],
) -> None:
    journal, _ = short
    lost = journal.forgotten
    told = rf"{lost} events are forgotten that came after the server began, so this cannot be told: FakeSMB\(journal="
    assert lost
    journal.verify(verb="read", at_least=5)
    journal.verify(verb="closed")
    for ask in (
        lambda: journal.verify(verb="read", count=5),
        lambda: journal.verify(verb="read", at_most=5),
        lambda: journal.verify(verb="read", at_least=1, at_most=9),
        lambda: journal.never(verb="wrote"),
        lambda: journal.verify(verb="opened"),
        lambda: journal.sequence(opened(), closed()),
        lambda: journal.sequence(read(), closed(), nothing_after=True),
    ):
        with pytest.raises(AssertionError, match=told):
            ask()
    journal.sequence(read(), closed())
    with pytest.raises(AssertionError, match=r"^no exchange expected with verb='read': 5 found"):
        journal.never(verb="read")


def test_since_a_mark_or_clear_only_what_was_forgotten_after_it_counts(short: tuple[Journal, Client]) -> None:
    journal, client = short
    mark = journal.mark()
    journal.since(mark).never(verb="wrote")
    fid = client.create("a.txt")
    journal.since(mark).verify(verb="opened", count=1)
    for _ in range(6):
        client.read(fid, 0, 1)
    with pytest.raises(AssertionError, match=r"^at least 1 exchange expected.*none found") as caught:
        journal.since(mark).verify(verb="opened")
    assert "1 event is forgotten that came after the mark" in str(caught.value)
    journal.clear()
    assert journal.forgotten == 0
    journal.never(verb="wrote")
    use(client, "a.txt", reads=6)
    with pytest.raises(AssertionError, match="forgotten that came after the journal was cleared"):
        journal.never(verb="wrote")


# -- why nothing came --------------------------------------------------------------------------------------


def why(journal: Journal, **criteria: Any) -> list[str]:
    with pytest.raises(AssertionError) as caught:
        journal.verify(**criteria)
    return str(caught.value).splitlines()


def test_nobody_came(talk: Talk) -> None:
    assert why(talk.journal, verb="opened")[1:] == ["Nothing came from any client since the server began."]
    talk.journal.clear()
    assert why(talk.journal, verb="opened")[1:] == [
        "Nothing came from any client since the journal was cleared."
    ]


def test_a_client_came_and_said_nothing(talk: Talk) -> None:
    talk.server.client()
    assert why(talk.journal, verb="opened")[1:] == [
        "Why: 1 connection was opened, and nothing was sent on it."
    ]


def test_a_sign_in_was_refused(talk: Talk) -> None:
    client = talk.server.client()
    with pytest.raises(SMBError):
        client.sign_in("alice", "wrong")
    (said,) = [line for line in why(talk.journal, verb="opened") if line.startswith("Why:")]
    assert said.startswith(r"Why: connection 1: WORKGROUP\alice was refused, STATUS_LOGON_FAILURE: ")
    client.sign_in("alice")
    assert not [line for line in why(talk.journal, verb="opened") if line.startswith("Why:")]


def test_a_client_speaks_only_later_dialects(talk: Talk) -> None:
    talk.server.client().connection.receive(b"\0\0\0\x40\xfeSMB" + bytes(60))
    assert f"Why: connection 1 closed by the server: {SMB2_ONLY}" in why(talk.journal, verb="opened")


def test_a_bug_of_the_server_is_told(talk: Talk) -> None:
    talk.server.server.log.problem("KeyError in SMB_COM_CLOSE", connection=1)
    assert "Why: connection 1: problem: KeyError in SMB_COM_CLOSE" in why(talk.journal, verb="opened")


def test_a_report_has_ten_lines_at_most_and_says_how_many_more(talk: Talk) -> None:
    client = talk.client()
    use(client, "a.txt", reads=30)
    lines = why(talk.journal, verb="read", count=3)
    assert len(lines) == 10
    assert lines[-1] == "  and 22 more"
    many = {
        "share": "other",
        "user": "bob",
        "fid": 1,
        "offset": 2,
        "length": 3,
        "mid": 4,
        "pid": 5,
        "connection": 6,
    }
    lines = why(talk.journal, tried="read", path="x", status=NT.DISK_FULL, **many)
    assert len(lines) <= 10
    assert "..." not in "".join(lines)


def test_the_nearest_is_the_latest_of_those_that_are_equally_near(talk: Talk) -> None:
    client = talk.client()
    use(client, "a.txt", reads=2)
    lines = why(talk.journal, verb="read", path="a.text")
    assert lines[1].startswith(r"Nearest miss: #11 \a.txt")
    assert lines[2] == r"  path: expected 'a.text', was '\\a.txt'"


def test_pytest_shows_no_source_of_ours(tmp_path: Path) -> None:
    talk = Talk(filled(tmp_path), keep_data=1)
    client = talk.client()
    client.write(client.create("a.txt"), b"xy")
    ask = talk.journal
    for fails in (
        lambda: ask.verify(verb="read"),
        lambda: ask.never(verb="opened"),
        lambda: ask.sequence(read()),
        lambda: ask.exchanges(data=b"xy"),
        lambda: ask.verify(pth="x"),
        lambda: ask.verify(verb="read", count=-1),
        lambda: ask.entries(status="x"),
        lambda: ask.sequence("opened"),  # type: ignore[arg-type]
    ):
        with pytest.raises((AssertionError, TypeError, ValueError)) as caught:
            fails()
        ours = [entry for entry in caught.traceback if "fakesmb/record" in str(entry.path)]
        assert ours
        assert all(entry.frame.f_locals.get("__tracebackhide__") for entry in ours)
