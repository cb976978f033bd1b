"""The journal: exchanges of real conversations with the core, asked for by what entries tell."""

import re
from pathlib import Path
from typing import Any

import pytest

from fakesmb.nt.status import NT, SMBError
from fakesmb.record.decoded import Halves, halves_of
from fakesmb.record.events import Client, Exchanged, Problem
from fakesmb.record.journal import OVERHEAD, Journal
from fakesmb.record.journalentry import ATTRIBUTES
from fakesmb.record.pairs import Pair
from fakesmb.wire.commands import Command
from fakesmb.wire.files import CloseRequest, NtCreateAndxRequest, OpenAndxRequest, ReadAndxRequest
from fakesmb.wire.locking import LockRange
from fakesmb.wire.session import EchoRequest
from tests.record.talks import Talk, check_glances, filled, whole


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(filled(tmp_path))


@pytest.fixture
def journal(talk: Talk) -> Journal:
    """Of a client that reads and writes a.txt, and asks for a file that is not there."""
    client = talk.client()
    fid = client.create("a.txt")
    client.read(fid, 6, 5)
    client.write(fid, b"HELLO", 0)
    client.close(fid)
    with pytest.raises(SMBError):
        client.create(r"\dir\none.txt")
    return talk.journal


def test_one_entry_has_what_was_asked_and_what_was_answered(journal: Journal) -> None:
    (entry,) = journal.exchanges(command="SMB_COM_READ_ANDX")
    assert (entry.path, entry.share, entry.user, entry.fid) == (r"\a.txt", "public", "alice", 0x4000)
    assert (entry.offset, entry.length, entry.status, entry.verb) == (6, 5, "STATUS_SUCCESS", "read")
    assert (entry.request["max_count"], entry.response["data_length"]) == (5, 5)
    assert entry.took_us is not None
    assert entry.connection == 1
    assert entry.peer == "127.0.0.1:50000"
    (failed,) = journal.exchanges(status=NT.OBJECT_NAME_NOT_FOUND, path="dir/NONE.txt")
    assert (failed.command, failed.verbs, failed.answered) == ("SMB_COM_NT_CREATE_ANDX", (), True)


def test_the_repr_of_an_entry_is_its_line_in_the_log(journal: Journal) -> None:
    (entry,) = journal.exchanges(verb="read")
    assert repr(entry) == (
        r"#9 \a.txt C; Read Andx, FID = 0x4000, 5 bytes at Offset 6 | R; Read Andx, 5 bytes"
    )


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({"command": Command.CLOSE}, 1),
        ({"command": 4}, 1),
        ({"command": "SMB_COM_CLOSE"}, 1),
        ({"command": {"SMB_COM_CLOSE", Command.READ_ANDX}}, 2),
        ({"command": re.compile("ANDX$")}, 6),
        ({"command": "OPEN"}, 2),
        ({"command": "READ", "path": "a.txt"}, 1),
        ({"command": "WRITE"}, 1),
        ({"path": "A.TXT", "share": "PUBLIC", "user": "Alice"}, 4),
        ({"path": "/a.txt"}, 4),
        ({"path": r"\dir\*.txt"}, 1),
        ({"path": "*.txt"}, 5),
        ({"path": re.compile(r"\.txt$")}, 5),
        ({"path": None}, 3),
        ({"fid": lambda fid: fid >= 0x4000}, 4),
        ({"fid": 0x4000, "verb": "wrote"}, 1),
        ({"status": NT.SUCCESS}, 7),
        ({"status": "STATUS_OBJECT_NAME_NOT_FOUND"}, 1),
        ({"verb": "opened"}, 1),
        ({"tried": "opened"}, 2),
        ({"verb": ["read", "wrote"]}, 2),
        ({"offset": 6}, 1),
        ({"offset": 0, "length": 5}, 1),
        ({"length": lambda length: length > 4}, 2),
        ({"max_count": 5}, 1),
        ({"request": {"max_count": 5, "fid": 0x4000}}, 1),
        ({"response": {"create_disposition": 1}}, 1),
        ({"file_name": "a.txt"}, 1),
        ({"answered": True}, 8),
        ({"answered": False}, 0),
        ({"connection": 1}, 8),
        ({"connection": 2}, 0),
        ({"peer": "127.0.0.1:*"}, 8),
        ({"peer": "127.0.0.1"}, 8),
        ({"peer": "127.0.0.2"}, 0),
        ({"status": "SUCCESS"}, 7),
        ({"status": "NT_STATUS_OBJECT_NAME_NOT_FOUND"}, 1),
        ({"status": "object_name_not_found"}, 1),
        ({"status": "0xC0000034"}, 1),
        ({"status": "0xc0000034"}, 1),
        ({"command": "READ_ANDX"}, 1),
        ({"command": "smb_com_read_andx"}, 1),
        ({"command": "read"}, 1),
        ({"number": 9}, 1),
        ({"summary": re.compile("Read Andx")}, 1),
        ({"fault": "none"}, 0),
        ({}, 8),
    ],
)
def test_criteria_of_both_halves_meet(journal: Journal, criteria: dict[str, Any], count: int) -> None:
    assert len(journal.exchanges(**criteria)) == count
    assert whole(journal, **criteria) == journal.exchanges(**criteria)
    assert len(journal.verify(count=count, **criteria)) == count


def test_what_befell_connections_is_asked_for_too(journal: Journal) -> None:
    (signed_in,) = journal.entries(event="signed_in")
    assert (signed_in.user, signed_in.kind, signed_in.command) == ("alice", "user", None)
    assert [entry.event for entry in journal.entries(event={"connected", "disconnected"})] == ["connected"]
    assert journal.problems() == []
    journal.write(Problem(0.0, 1, "KeyError in SMB_COM_CLOSE", "Traceback ..."))
    assert [entry.problem for entry in journal.problems()] == ["KeyError in SMB_COM_CLOSE"]


def test_events_of_connections_are_verified_and_forbidden_too(journal: Journal) -> None:
    journal.verify(event="signed_in", kind="user", user="alice", count=1)
    journal.verify(workstation=None, event="connected", count=1)
    journal.never(event="sign_in_refused")
    journal.never(kind="guest")
    with pytest.raises(AssertionError, match="no exchange expected with event='connected': 1 found"):
        journal.never(event="connected")
    journal.verify(event="exchange", count=8)


@pytest.mark.parametrize("name", ["count", "at_least", "timeout"])
def test_an_amount_where_none_is_asked_for_is_no_field(journal: Journal, name: str) -> None:
    for ask in (journal.never, journal.exchanges, journal.entries):
        with pytest.raises(TypeError, match=f"{name}= says nothing of an exchange"):
            ask(verb="read", **{name: 1})


def test_what_does_not_apply_is_none(talk: Talk, journal: Journal) -> None:
    of_exchanges = set(ATTRIBUTES) - {
        "event",
        "time",
        "connection",
        "peer",
        "user",
        "summary",
        "place",
        "problem",
    }
    of_sign_ins = {"domain", "workstation", "kind", "reason", "status"}
    talk.server.client().lost("the client left")
    for entry in journal.entries():
        told = {name for name in ATTRIBUTES if getattr(entry, name) not in (None, (), {})}
        if entry.event == "exchange":
            assert not told & {"domain", "workstation", "kind", "problem"}
            assert {"command", "number", "connection", "peer", "code", "mid", "took_us"} <= told
        else:
            assert not told & (of_exchanges - of_sign_ins)
            assert {"event", "time", "connection", "summary"} <= told
            assert repr(entry) == entry.summary


def test_each_command_of_a_chain_counts_by_itself(talk: Talk) -> None:
    client = talk.client()
    create = NtCreateAndxRequest(desired_access=0x20089, file_name="a.txt")
    client.send(Command.NT_CREATE_ANDX, create, (Command.READ_ANDX, ReadAndxRequest(fid=0xFFFF, max_count=5)))
    client.answers()
    (opened,) = talk.journal.verify(verb="opened", path="a.txt", count=1)
    (read,) = talk.journal.verify(verb="read", path="a.txt", length=5, count=1)
    assert (opened.fid, read.fid, opened == read) == (0x4000, 0x4000, False)
    check_glances(talk.journal)


def test_of_a_chain_that_fails_the_rest_was_not_done(talk: Talk) -> None:
    client = talk.client()
    create = NtCreateAndxRequest(desired_access=0x20089, file_name="none.txt")
    client.send(Command.NT_CREATE_ANDX, create, (Command.READ_ANDX, ReadAndxRequest(fid=0xFFFF, max_count=5)))
    client.answers()
    talk.journal.verify(command="OPEN", status=NT.OBJECT_NAME_NOT_FOUND, count=1)
    (read,) = talk.journal.exchanges(command="READ")
    assert (read.status, read.answered, read.verbs) == (None, False, ())
    check_glances(talk.journal)


def test_an_echo_of_several_answers_is_one_exchange(talk: Talk) -> None:
    client = talk.client()
    client.send(Command.ECHO, EchoRequest(3, b"x"))
    assert len(client.answers()) == 3
    talk.journal.verify(command=Command.ECHO, count=1)


def test_a_request_that_waits_is_there_before_its_answer(talk: Talk) -> None:
    one, other = talk.client(), talk.client()
    mine, theirs = one.create("a.txt"), other.create("a.txt")
    one.lock(mine, 0, 10)
    other.send(
        Command.LOCKING_ANDX, other.locking(theirs, LockRange(other.pid & 0xFFFF, 0, 10), timeout=5000)
    )
    assert not other.answers()
    (waits,) = talk.journal.verify(command=Command.LOCKING_ANDX, connection=2, count=1)
    assert (waits.answered, waits.status, waits.verbs) == (False, None, ())
    one.unlock(mine, 0, 10)
    assert other.answers()
    (locked,) = talk.journal.verify(verb="locked", connection=2, count=1)
    assert locked == waits


def test_verify_gives_what_it_found_and_counts(journal: Journal) -> None:
    assert len(journal.verify(verb="opened")) == 1
    assert journal.verify(command="SMB_COM_DELETE", count=0) == []
    journal.verify(path="a.txt", at_least=2, at_most=4)
    journal.never(command="SMB_COM_DELETE", share="public")
    for amount in ({"count": 3}, {"at_least": 5}, {"at_most": 3}, {"count": 5}):
        with pytest.raises(AssertionError):
            journal.verify(path="a.txt", **amount)
    with pytest.raises(
        AssertionError, match=r"^no exchange expected with verb='read': 1 found\.\n  matched: #9 "
    ):
        journal.never(verb="read")


@pytest.mark.parametrize(
    ("amount", "error", "told"),
    [
        ({"count": "1"}, TypeError, "count is a whole number, not '1'"),
        ({"count": True}, TypeError, "not True"),
        ({"count": 1.0}, TypeError, r"not 1\.0"),
        ({"count": -1}, ValueError, "from 0 on, not -1"),
        ({"count": 1, "at_least": 1}, ValueError, "neither at_least nor at_most"),
        ({"at_least": 3, "at_most": 2}, ValueError, "contradict each other"),
    ],
)
def test_a_number_that_cannot_be_is_an_error(
    journal: Journal, amount: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        journal.verify(verb="read", **amount)


@pytest.mark.parametrize(
    ("criteria", "error", "told"),
    [
        ({"comand": "SMB_COM_CLOSE"}, TypeError, "is called 'comand'; did you mean command"),
        ({"desired_acces": 1}, TypeError, "desired_access"),
        ({"qqqqqqq": 1}, TypeError, "is called 'qqqqqqq'$"),
        ({"command": "SMB_COM_CLOSED"}, ValueError, "is called 'SMB_COM_CLOSED'; did you mean SMB_COM_CLOSE"),
        ({"command": "CLOZE"}, ValueError, "did you mean SMB_COM_CLOSE"),
        ({"command": 256}, ValueError, "one byte"),
        ({"command": True}, TypeError, "command is a command"),
        ({"command": []}, ValueError, "matches nothing"),
        ({"subcommand": "TRANS2_FIND_FRIST2"}, ValueError, "TRANS2_FIND_FIRST2"),
        ({"level": "SMB_QUERY_FILE_ALL_INF"}, ValueError, "SMB_QUERY_FILE_ALL_INFO"),
        ({"level": 1 << 16}, ValueError, "16 bits"),
        ({"status": "STATUS_ACCES_DENIED"}, ValueError, "STATUS_ACCESS_DENIED"),
        ({"kind": "gest"}, ValueError, "did you mean guest"),
        ({"verbs": "opened"}, TypeError, "did you mean verb"),
        ({"path": re.compile(b"x")}, TypeError, "only data= is asked for by a pattern of bytes"),
        ({"event": "connected", "verb": "opened"}, ValueError, "no event of a connection has verb"),
        ({"kind": "guest", "path": "x"}, ValueError, "no event of a connection has path"),
        ({"status": True}, TypeError, "not True"),
        ({"status": -1}, ValueError, "32 bits"),
        ({"verb": "open"}, ValueError, "did you mean opened"),
        ({"tried": "opend"}, ValueError, "did you mean opened"),
        ({"tried": re.compile("x")}, TypeError, "tried is a verb"),
        ({"event": "conected"}, ValueError, "connected"),
        ({"path": 7}, TypeError, "path is a path, a pattern or a function, not 7"),
        ({"share": b"x"}, TypeError, "share is a name"),
        ({"fid": "0x4000"}, TypeError, "fid is a whole number"),
        ({"offset": -1}, ValueError, "from 0 on"),
        ({"answered": 1}, TypeError, "True or False"),
        ({"data": b"x"}, ValueError, "keep_data"),
        ({"max_count": "5"}, TypeError, "max_count is a whole number"),
        ({"file_name": 5}, TypeError, "file_name is a text"),
        ({"request": {"max_cout": 5}}, TypeError, "max_count"),
        ({"request": 5}, TypeError, "a mapping"),
        ({"reason": 5}, TypeError, "a text"),
        ({"flags2": 5}, TypeError, "is called 'flags2'"),
        ({"verb": "opened", "status": NT.ACCESS_DENIED}, ValueError, "tried='opened' finds what failed"),
        ({"verb": "opened", "command": "SMB_COM_CLOSE"}, ValueError, "no command can meet all of these: verb='opened'"),
        ({"command": "SMB_COM_CLOSE", "desired_access": 1}, ValueError, "no command can meet"),
        ({"command": "FIND", "subcommand": "TRANS2_OPEN2"}, ValueError, "no command can meet"),
        ({"command": "OPEN", "offset": 1}, ValueError, "no command can meet"),
        ({"command": "READ", "level": 0x101}, ValueError, "no command can meet"),
        ({"verb": "read", "to": "x"}, ValueError, "no command can meet"),
        ({"answered": False, "status": NT.SUCCESS}, ValueError, "no answer has no status"),
    ],
)  # fmt: skip
def test_a_misspelt_question_is_an_error_that_tells_the_nearest_names(
    journal: Journal, criteria: dict[str, Any], error: type[Exception], told: str
) -> None:
    for ask in (journal.entries, journal.exchanges, journal.verify, journal.never, Journal().exchanges):
        with pytest.raises(error, match=told):
            ask(**criteria)


def test_commands_and_statuses_without_a_name_are_known_by_their_digits(journal: Journal) -> None:
    assert journal.exchanges(command="SMB_COM_0x5A") == journal.exchanges(command=0x5A) == []
    assert journal.exchanges(status="0xC000BEEF") == journal.exchanges(status=0xC000BEEF) == []


def test_since_a_mark(talk: Talk) -> None:
    client = talk.client()
    mark = talk.journal.mark()
    assert talk.journal.since(mark).exchanges() == []
    client.create("a.txt")
    talk.journal.since(mark).verify(verb="opened", count=1)
    talk.journal.since(mark).never(verb="connected")
    talk.journal.verify(verb="connected", count=1)
    with pytest.raises(ValueError, match="another journal"):
        Journal().since(mark)
    with pytest.raises(TypeError, match="what mark"):
        talk.journal.since(3)  # type: ignore[arg-type]


def test_a_journal_that_is_cleared_begins_anew(talk: Talk) -> None:
    client = talk.client()
    mark = talk.journal.mark()
    client.create("a.txt")
    talk.journal.unmet.append("x")
    talk.journal.clear()
    assert (len(talk.journal), talk.journal.exchanges(), talk.journal.unmet) == (0, [], [])
    client.create("a.txt")
    talk.journal.verify(count=1)
    talk.journal.since(mark).verify(at_least=1)
    with pytest.raises(AssertionError, match="forgotten that came after the mark"):
        talk.journal.since(mark).verify(count=1)


def test_the_last_lines_are_those_of_the_text_log(journal: Journal) -> None:
    lines = journal.lines(2)
    assert [line.split(None, 2)[0] for line in lines] == ["15", "16"]
    assert "SMB:C; Nt Create Andx, FileName = \\dir\\none.txt" in lines[0]
    assert journal.lines(0) == Journal().lines() == []


def flood(journal: Journal, events: int, path: str = "") -> None:
    for number in range(events):
        journal.write(Exchanged(Client(1, "a", "b"), 0.0, 0.0, number, b"", 0, b"", 0, path=path))


def test_the_oldest_are_forgotten_by_number_and_by_weight() -> None:
    journal = Journal(most_events=2)
    flood(journal, 3)
    assert (len(journal), journal.forgotten) == (2, 1)
    light = Journal(most_bytes=3 * OVERHEAD)
    flood(light, 5)
    assert (len(light), light.forgotten) == (3, 2)
    light.clear()
    assert (len(light), light.forgotten) == (0, 0)
    heavy = Journal(most_bytes=100_000)
    flood(heavy, 100, "x" * 4000)
    assert len(heavy) == 20


def test_every_question_waits_until_what_was_answered_before_is_written() -> None:
    waited: list[int] = []
    journal = Journal(settle=lambda: waited.append(len(waited)))
    asks = (
        journal.entries,
        journal.exchanges,
        journal.problems,
        journal.never,
        journal.__len__,
        journal.mark,
    )
    for ask in (*asks, journal.clear, journal.lines):
        before = len(waited)
        ask()
        assert len(waited) > before
    with pytest.raises(AssertionError):
        journal.verify()
    assert journal.events == ()


def test_a_journal_that_is_off_says_so() -> None:
    with pytest.raises(RuntimeError, match="the journal is off"):
        Journal(most_events=0).verify()


def test_an_open_by_another_command_is_the_nearest_miss(talk: Talk) -> None:
    client = talk.client()
    client.close(client.create(r"\dir\b.txt"))
    client.send(Command.OPEN_ANDX, OpenAndxRequest(file_name="a.txt"))
    client.answers()
    client.send(Command.CLOSE, CloseRequest(0x4001))
    with pytest.raises(AssertionError) as caught:
        talk.journal.verify(command="SMB_COM_NT_CREATE_ANDX", path="a.txt", count=1)
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        "exactly 1 exchange expected with command='SMB_COM_NT_CREATE_ANDX', path='a.txt': none found."
    )
    assert lines[1].startswith(r"Nearest miss: #11 \a.txt C; Open Andx")
    assert lines[2] == (
        "  command: expected 'SMB_COM_NT_CREATE_ANDX', was 'SMB_COM_OPEN_ANDX'; verb=\"opened\" finds it whatever "
        "command the client uses"
    )


@pytest.mark.parametrize(
    "criteria",
    [
        {"verb": "deleted"},
        {"command": "OPEN", "path": "b.txt"},
        {"command": "READ", "offset": 1},
        {"verb": "read", "length": 99},
        {"status": NT.DISK_FULL},
        {"path": "*.bak"},
        {"path": re.compile("bak")},
        {"user": "bob"},
        {"fid": 7},
        {"mid": 0xFFFF},
        {"max_count": 9999},
        {"desired_access": 9999},
        {"level": "SMB_QUERY_FILE_ALL_INFO"},
        {"fault": "none"},
        {"took_us": lambda took: took > 10**12},
        {"verb": "read", "count": 3},
    ],
)
def test_few_of_many_exchanges_are_decoded_for_an_answer(
    talk: Talk, criteria: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To decode 20,000 takes seconds; a failed verify is to take less than a tenth of one."""
    client = talk.client()
    fid = client.create("a.txt")
    for place in range(500):
        client.read(fid, 10 + place, 1)
    decoded: list[int] = []

    def counted(pair: Pair) -> list[Halves]:
        decoded.append(pair.ordinal)
        return halves_of(pair)

    monkeypatch.setattr("fakesmb.record.journalentry.halves_of", counted)
    with pytest.raises(AssertionError):
        talk.journal.verify(**criteria)
    assert len(decoded) < 60
