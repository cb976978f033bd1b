"""The filter: one language for log, journal, show and page."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.nt.status import SMBError
from fakesmb.record.dissect import messages
from fakesmb.record.entry import Entry, entry_of
from fakesmb.record.events import Connected, Disconnected, Event, Exchanged, Problem, Shown, SignedIn
from fakesmb.record.filterlines import lines_of
from fakesmb.record.filters import Filter, FilterError
from fakesmb.record.filtertext import DEEPEST, LONGEST
from fakesmb.record.journalentry import JournalEntry, entries_of
from fakesmb.record.pairs import Pair
from fakesmb.testing import Client
from fakesmb.wire import files, session, trans2
from fakesmb.wire.commands import Command
from tests.record.talks import Talk, filled
from tests.record.test_verbs import CASES, by_level, name_data

PAGE = Path(__file__).parents[2] / "docs" / "filter.md"


def examples() -> list[str]:
    table = PAGE.read_text(encoding="utf-8").partition("## Examples")[2]
    return re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)


def lines(event: Exchanged) -> tuple[Entry | None, Entry | None]:
    """The JSON lines of an exchange."""
    told = [entry_of(message) for message in messages(event)]
    found = {one.event: msgspec.json.decode(msgspec.json.encode(one), type=Entry) for one in told}
    return found.get("request"), found.get("response")


def both_ways(filter: Filter, event: Event) -> bool:
    """Whether it matches the event; its JSON lines have to say the same."""
    found = filter.matches(event)
    if isinstance(event, Exchanged):
        assert filter.matches_entries(*lines(event)) == found, (filter, event)
    else:
        assert filter.matches_entries(entry_of(event), None) == found
    return found


def fill(talk: Talk) -> None:
    """Something for each of the examples."""
    folder = talk.folder
    (folder / "my files (old)").mkdir()
    (folder / "my files (old)" / "x y.txt").write_bytes(b"x")
    client = talk.client()
    client.read(client.create("dir\\b.txt"), 0, 100)
    client.close(0x4000)
    client.send(Command.ECHO, session.EchoRequest(1, b"x"))
    client.answers()
    with pytest.raises(SMBError):
        client.create("none.txt")
    fid = client.create("big", access=0x2, disposition=2)
    client.write(fid, bytes(5000), 0)
    client.trans2(5, trans2.QueryPathInformationRequest(0x107, 0, "a.txt"))
    client.trans2(1, trans2.FindFirst2Request(0x16, 9, 1, 0x104, 0, "dir\\*"))
    client.create("a.txt")
    client.create("my files (old)\\x y.txt")
    by_level(1010, name_data("new.txt"), "dir\\b.txt")(client)
    other = talk.client("IPC$")
    other.create("srvsvc", access=0x12019F)
    body = files.NtCreateAndxRequest(desired_access=1, share_access=0, file_name="a.txt")
    talk.client().send(Command.NT_CREATE_ANDX, body)
    talk.server.clock.advance(2)
    talk.server.server.log.emit(Disconnected(0.0, 1, "127.0.0.1:1", "127.0.0.1:445", "the client left"))


def talk_of(folder: Path) -> Talk:
    talk = Talk(filled(folder))
    fill(talk)
    return talk


def test_the_examples_of_the_page_show_some_of_a_conversation_and_not_all(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    events = talk.journal.events
    found = examples()
    assert len(found) >= 20
    for text in found:
        filter = Filter.parse(text)
        shown = [both_ways(filter, event) for event in events]
        assert any(shown), text
        assert not all(shown), text


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("command=READ", ["SMB_COM_READ_ANDX"]),
        ("command=read_andx", ["SMB_COM_READ_ANDX"]),
        ("command=0x2E", ["SMB_COM_READ_ANDX"]),
        ("command=smb_com_read*", ["SMB_COM_READ_ANDX"]),
        ("command=WRITE or command=READ", ["SMB_COM_READ_ANDX", "SMB_COM_WRITE_ANDX"]),
        ("(command=WRITE or command=READ) length=5000", ["SMB_COM_WRITE_ANDX"]),
        ("command=WRITE and length=5000 and not length=5001", ["SMB_COM_WRITE_ANDX"]),
        ("command=WRITE length>5000", []),
        ("command=READ command!=READ", []),
        ("!(not command=CLOSE)", ["SMB_COM_CLOSE"]),
        ("verb=wrote", ["SMB_COM_WRITE_ANDX"]),
        ("verb=renamed", ["SMB_COM_TRANSACTION2"]),
        ("verb!=wrote path=big", ["SMB_COM_NT_CREATE_ANDX"]),
        ("tried!=opened path=big", ["SMB_COM_WRITE_ANDX"]),
        ("tried=wr*", ["SMB_COM_WRITE_ANDX"]),
        ("status=0xC0000034", ["SMB_COM_NT_CREATE_ANDX"]),
        ("status!=*SUCCESS command=OPEN path=none.txt", ["SMB_COM_NT_CREATE_ANDX"]),
        ("subcommand=trans2_find_first2", ["SMB_COM_TRANSACTION2"]),
        ("subcommand!=TRANS2_FIND_FIRST2 level=0x3f2", ["SMB_COM_TRANSACTION2"]),
        ("level=0x3f3", []),
        ("level=smb_query_file_all_info", ["SMB_COM_TRANSACTION2"]),
        ("subcommand=0x0001", []),
        ("subcommand!=trans2_find_first2 level!=SMB_QUERY_FILE_ALL_INFO", ["SMB_COM_TRANSACTION2"]),
        ("level=filerename*", ["SMB_COM_TRANSACTION2"]),
        ("path=dir command=FIND", ["SMB_COM_TRANSACTION2"]),
        ("offset=0 length=1", ["SMB_COM_READ_ANDX"]),
        ("fid=16384 command=CLOSE", ["SMB_COM_CLOSE"]),
        ("file_name=*none* answered=yes", ["SMB_COM_NT_CREATE_ANDX"]),
        ("request.max_count=100", ["SMB_COM_READ_ANDX"]),
        ("response.max_count=100", []),
        ("max_count=x", []),
        ("'session setup' user=alice uid>0", ["SMB_COM_SESSION_SETUP_ANDX"]),
        ("NONE.TXT", ["SMB_COM_NT_CREATE_ANDX"]),
        ("reason=* path=none.txt", ["SMB_COM_NT_CREATE_ANDX"]),
        ("took_us=* command=CLOSE", ["SMB_COM_CLOSE"]),
        ("direction=R command=CLOSE event=request event=exchange", ["SMB_COM_CLOSE"]),
        ("time>=1970 time!=1969 command=CLOSE", ["SMB_COM_CLOSE"]),
        ("share=IPC$ command=OPEN", ["SMB_COM_NT_CREATE_ANDX"]),
        ("pid>=0 mid>0 tid>0 size>=35 command=CLOSE", ["SMB_COM_CLOSE"]),
        ("answered=no command=CLOSE", []),
        ("event=connected", []),
        ("kind=user or pipe=yes or by_server=no", []),
    ],
)
def test_what_a_filter_finds(text: str, commands: list[str], tmp_path: Path) -> None:
    filter = Filter.parse(text)
    events = [event for event in talk_of(tmp_path).journal.events if isinstance(event, Exchanged)]
    shown = [event for event in events if both_ways(filter, event)]
    told = {(asked or answered or Entry("", "")).command for asked, answered in map(lines, shown)}
    assert sorted(map(str, told)) == commands


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("comand=READ", "nothing that a filter compares is called 'comand'; did you mean command"),
        ("command=REED", "command=REED: no command is called 'REED'; did you mean READ"),
        ("command=*QUX*", "no command is called '*QUX*'"),
        ("command=TRANS2_OPEN2", "no command but a subcommand"),
        ("status=ACCES_DENIED", "did you mean STATUS_ACCESS_DENIED"),
        ("status=*QUX", "no status is called '*QUX'"),
        ("verb=open", "no verb is called 'open'; did you mean opened"),
        ("event=close", "no event is called 'close'"),
        ("level=SMB_QUERY_FILE_AL", "no information level is called"),
        ("subcommand=TRANS2_FIND", "no subcommand is called"),
        ("desired_acess=1", "did you mean desired_access"),
        ("request.pth=1", "did you mean path"),
        ("reply.fid=1", "nothing that a filter compares is called 'reply.fid'"),
        ("fid=4x", "fid=4x: '4x' is no number; one is written 16384 or 0x4000"),
        ("desired_access>=all", "'all' is no number"),
        ("path>=a", "path>=a: >= compares numbers and times, and path is neither"),
        ("answered=maybe", "answered is yes or no, not 'maybe'"),
        ("time=yesterday", "a time is UTC"),
        ("", "a filter needs a word"),
        ("  ", "a filter needs a word"),
        ("user=", "user= has no value"),
        ("status = SUCCESS", "no blanks stand around an operator"),
        ("!=SUCCESS", "no blanks stand around an operator"),
        ("(command=READ", "a parenthesis is not closed"),
        ("command=READ)", "a parenthesis is closed that was not opened"),
        ("command=READ or", "something is missing after or"),
        ("or command=READ", "something is missing before or"),
        ("not", "something is missing after not"),
        ("()", "something is missing after ("),
        ("command=READ and or x", "something is missing after and"),
        ('path="a b', 'a quote is not closed: "a b'),
        ('path="a"b', 'a blank is missing after "a"'),
        (r"path=\a(1).txt", "what has parentheses stands in quotes"),
        ("(" * (DEEPEST + 2) + "x", f"more than {DEEPEST} parentheses"),
        ("x" * (LONGEST + 1), f"at most {LONGEST} characters"),
    ],
)
def test_a_mistake_is_one_line_with_the_nearest_name(text: str, told: str) -> None:
    with pytest.raises(FilterError) as error:
        Filter.parse(text)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_apostrophes_backslashes_and_bangs_are_characters_like_others() -> None:
    event = Problem(0.0, None, r"it's in c:\dir\new !=")
    for text in ("it's", r"c:\dir\new", r'"\dir\new !="', "'in c:'", "not quite or it's"):
        assert both_ways(Filter.parse(text), event), text


def test_events_of_connections_are_asked_for_by_what_they_have() -> None:
    events: list[Event] = [
        Connected(1.0, 1, "127.0.0.1:1", "x"),
        SignedIn(2.0, 1, "127.0.0.1:1", "alice", "WG", "PC", "Unix", "user", "NTLMv2", pipe=True),
        Disconnected(3.0, 1, "127.0.0.1:1", "x", "the client left", by_server=False),
        Problem(4.0, None, "a bug", "Traceback"),
    ]

    def found(text: str) -> list[int]:
        return [at for at, event in enumerate(events) if both_ways(Filter.parse(text), event)]

    assert found("event=signed_in") == found("workstation=pc domain=wg") == found("native_os=unix") == [1]
    assert found("protection=NTLM*") == found("kind=user") == found("pipe=yes") == found("user=ALICE") == [1]
    assert (
        found("by_server=no")
        == found("reason=left")
        == found("time>=1970-01-01T00:00:03 connection=1")
        == [2]
    )
    assert found("traceback=*") == found("event=problem") == found("not connection=*") == [3]
    assert found("peer=127.0.0.1") == [0, 1, 2]
    assert found("peer=127.0.0.1:2 or command=READ or verb=read or status=SUCCESS or size>0 or fid=1") == []
    assert found("command!=READ") == found("verb!=read") == found("desired_access=1") == found("mid>=0") == []
    assert found("not command=READ") == [0, 1, 2, 3]


def test_the_journal_is_asked_by_a_filter(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    journal = talk.journal
    (found,) = journal.verify(filter="command=WRITE length>=4096", count=1)
    assert found.command == "SMB_COM_WRITE_ANDX"
    assert (
        journal.exchanges(filter="status!=SUCCESS", path="none.txt")[0].status
        == "STATUS_OBJECT_NAME_NOT_FOUND"
    )
    journal.never(filter=Filter.parse("command=WRITE length>=40960"))
    assert [one.event for one in journal.entries(filter="event=disconnected")] == ["disconnected"]
    with pytest.raises(AssertionError, match="command=WRITE length>=40960"):
        journal.verify(filter="command=WRITE length>=40960")
    with pytest.raises(ValueError, match="did you mean READ"):
        journal.verify(filter="command=REED")
    with pytest.raises(TypeError, match="filter is an expression"):
        journal.verify(filter=3)


def test_a_request_that_waits_is_judged_alone_and_its_reply_by_both(tmp_path: Path) -> None:
    client = Talk(filled(tmp_path))
    talk = client.client()
    talk.read(talk.create("a.txt"), 0, 5)
    event = next(one for one in reversed(client.journal.events) if isinstance(one, Exchanged))
    asked = msgspec.structs.replace(event, shown=Shown.REQUEST, reply=b"", reply_size=0)
    answered = msgspec.structs.replace(event, shown=Shown.REPLY, number=9)
    filter = Filter.parse("command=READ status=SUCCESS")
    assert filter.about_replies
    assert not Filter.parse("command=READ share=public").about_replies
    assert (both_ways(filter, asked), filter.matches(answered)) == (False, True)
    assert not both_ways(Filter.parse("status!=SUCCESS"), asked)
    assert Filter.parse("number=9 command=READ").matches(answered)


def test_messages_match_as_their_lines_do(tmp_path: Path) -> None:
    client = Talk(filled(tmp_path))
    talk = client.client()
    talk.create("a.txt")
    filter = Filter.parse("command=OPEN")
    told = [one for event in client.journal.events if isinstance(event, Exchanged) for one in messages(event)]
    assert [one.request for one in told if filter.matches(one)] == [True, False]


def test_a_chain_matches_by_any_of_its_commands(tmp_path: Path) -> None:
    talk = Talk(filled(tmp_path))
    client = talk.client()
    chain(client)
    event = talk.journal.events[-1]
    for text in ("command=OPEN", "command=READ length=5", "command=READ path=a.txt status=SUCCESS"):
        assert both_ways(Filter.parse(text), event), text
    assert not both_ways(Filter.parse("command=OPEN command=READ"), event)


def chain(client: Client) -> None:
    opened = files.NtCreateAndxRequest(desired_access=1, share_access=7, file_name="a.txt")
    client.send(Command.NT_CREATE_ANDX, opened, (Command.READ_ANDX, files.ReadAndxRequest(0, 0, 5)))
    client.answers()


ATTRIBUTES = (
    *(
        "command",
        "subcommand",
        "level",
        "status",
        "answered",
        "verbs",
        "share",
        "path",
        "to",
        "fid",
        "offset",
    ),
    *("length", "took_us", "user", "peer", "connection", "fault", "reason", "problem", "code", "function"),
)
UNKNOWN_TO_A_LOG: dict[str, set[str | None]] = {
    "verbs": {
        "SMB_COM_CREATE", "SMB_COM_CLOSE", "SMB_COM_READ_RAW", "TRANS2_SET_PATH_INFORMATION",
        "TRANS2_SET_FILE_INFORMATION",
    },
    "length": {"SMB_COM_READ_RAW", "SMB_COM_WRITE_RAW"},
}  # fmt: skip
"""What only the server knows, by commands and subcommands."""


@pytest.mark.parametrize(("verb", "deed", "criteria"), CASES)
def test_a_line_tells_a_filter_what_the_journal_does(
    verb: str, deed: Any, criteria: dict[str, Any], tmp_path: Path
) -> None:
    (filled(tmp_path) / "empty").mkdir()
    talk = Talk(tmp_path)
    deed(talk.client())
    for event in talk.journal.events:
        if isinstance(event, Exchanged):
            for one, other in halves(event):
                differ = {name for name in ATTRIBUTES if getattr(one, name) != getattr(other, name)}
                for name in differ:
                    assert {one.command, one.subcommand} & UNKNOWN_TO_A_LOG.get(name, set()), (name, one)


def halves(event: Exchanged) -> Iterator[tuple[JournalEntry, Any]]:
    pair = Pair(0, event if event.request else None, event if event.reply else None)
    yield from zip(entries_of(pair), lines_of(*lines(event)), strict=True)


def test_a_log_of_another_make_is_taken_as_it_is() -> None:
    """Names that are none, fields of other types: nothing matches, nothing is raised."""
    line = Entry(
        time="?", event="response", command="SMB_COM_QUX", subcommand="TRANS2_QUX", status="STATUS_QUX",
        fields={"offset": "x", "detail": 3}, chain=[{"command": "SMB_COM_READ_ANDX"}],
    )  # fmt: skip
    for text in ("command=READ offset=1", "verb=read status=SUCCESS", "level=*", "to=*", "length=1"):
        assert not Filter.parse(text).matches_entries(None, line), text
    assert Filter.parse("command=READ").matches_entries(None, line)


def test_a_pattern_of_many_stars_costs_no_more_than_its_text(tmp_path: Path) -> None:
    filter = Filter.parse("*a" * 40 + "*b or path=" + "*a" * 40 + "*b")
    event = Problem(0.0, None, "a" * 4000)
    began = time.perf_counter()
    filter.matches(event)
    talk = Talk(filled(tmp_path)).client()
    talk.send(Command.ECHO, session.EchoRequest(1, b"x"))
    assert time.perf_counter() - began < 2


@given(st.data())
def test_fields_of_any_shape_match_or_not_and_raise_nothing(data: st.DataObject) -> None:
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
        ),
        max_leaves=8,
    )
    fields = st.dictionaries(st.sampled_from(FIELDS), anything, max_size=6)
    command = data.draw(st.sampled_from(COMMANDS))
    one = Entry(
        "", "request", 1, command=command, subcommand="TRANS2_SET_PATH_INFORMATION", fields=data.draw(fields)
    )
    other = Entry("", "response", 2, command=command, status="STATUS_SUCCESS", fields=data.draw(fields))
    for text in EVERYTHING:
        Filter.parse(text).matches_entries(one, other)
        Filter.parse(text).matches_entries(None, other)


FIELDS = [
    *(
        "fid",
        "offset",
        "offset_low",
        "data_length",
        "count",
        "path",
        "parameters",
        "information_level",
        "detail",
    ),
    *(
        "locks",
        "unlocks",
        "name",
        "new_file_name",
        "type_of_lock",
        "create_disposition",
        "create_options",
        "size",
    ),
    *("open_results", "account_name", "user", "function_code", "setup", "target", "directory"),
]
COMMANDS = [
    *(
        "SMB_COM_READ_ANDX",
        "SMB_COM_WRITE",
        "SMB_COM_LOCKING_ANDX",
        "SMB_COM_TRANSACTION2",
        "SMB_COM_NT_CREATE_ANDX",
    ),
    *("SMB_COM_OPEN_ANDX", "SMB_COM_SESSION_SETUP_ANDX", "SMB_COM_TREE_CONNECT_ANDX", "SMB_COM_NT_TRANSACT"),
    *("SMB_COM_TRANSACTION", "SMB_COM_RENAME", "SMB_COM_NEGOTIATE", "?"),
]
EVERYTHING = [
    *("verb=*ed", "level=SMB*", "to=x", "user=x", "share=x", "offset=1", "length>=0", "path=x"),
    *("create_options=1", "request.fid=1", "text"),
]
