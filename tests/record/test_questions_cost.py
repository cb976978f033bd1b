"""What a question decodes: of thousands of exchanges only those that may be meant, and the few that come nearest."""

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from fakesmb.record import journalentry
from fakesmb.record.decoded import Halves, halves_of
from fakesmb.record.journal import Journal
from fakesmb.record.pairs import Pair
from fakesmb.record.steps import closed, created, opened, read, wrote
from fakesmb.wire import trans2
from fakesmb.wire.trans2 import Trans2
from tests.record.talks import Talk, check_glances, filled, whole

MANY = 400


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Journal:
    """A file that is opened, read, written and closed, again and again, and what one client does beside that."""
    talk = Talk(filled(tmp_path_factory.mktemp("share")))
    client = talk.client()
    client.create("new.txt", disposition=2)
    before = len(talk.journal)
    fid = client.create("a.txt")
    client.read(fid, 0, 5)
    client.write(fid, b"HELLO", 0)
    client.close(fid)
    cycle = talk.journal.events[before:]
    for event in cycle * MANY:
        talk.journal.write(event)
    return talk.journal


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Pair]:
    """The pairs that are decoded."""
    pairs: list[Pair] = []

    def counted(pair: Pair) -> list[Halves]:
        pairs.append(pair)
        return halves_of(pair)

    monkeypatch.setattr(journalentry, "halves_of", counted)
    return pairs


MISSES: list[dict[str, Any]] = [
    {"verb": "opened", "path": "b.txt"},
    {"verb": "opened", "count": 2},
    {"verb": "created", "path": "a.txt"},
    {"verb": "deleted"},
    {"verb": re.compile("renamed")},
    {"verb": {"opened", "read"}, "count": 4},
    {"offset": 7},
    {"offset": lambda offset: offset == 7},
    {"path": re.compile("zzz")},
    {"path": lambda path: False},
    {"mid": lambda mid: mid == 70000},
    {"took_us": lambda took: took < 0},
    {"desired_access": 5},
    {"max_count": lambda count: count == 77},
    {"response": {"data_length": 6}},
    {"request": {"desired_access": 0x777}},
    {"request": {"max_count": lambda count: count == 77}},
    {"file_name": "b.txt"},
    {"summary": "C; Echo"},
]


@pytest.mark.parametrize("criteria", MISSES)
def test_a_question_in_vain_decodes_a_few_of_thousands(
    journal: Journal, decoded: list[Pair], criteria: dict[str, Any]
) -> None:
    with pytest.raises(AssertionError):
        journal.verify(**criteria)
    assert len(decoded) < 80


@pytest.mark.parametrize("per", [None, "path", "connection", "share", "user", "fid"])
@pytest.mark.parametrize("steps", [(opened("a.txt"), read(), closed("x")), (created("b.txt"), wrote())])
def test_a_sequence_in_vain_decodes_a_few_of_thousands(
    journal: Journal, decoded: list[Pair], per: str, steps: Any
) -> None:
    with pytest.raises(AssertionError):
        journal.sequence(*steps, per=per)
    assert len(decoded) < 80


@pytest.mark.parametrize(
    "criteria",
    [
        {"verb": "created"},
        {"verb": "resized"},
        {"file_name": "new.txt"},
        {"file_name": "NEW.txt"},
        {"desired_access": lambda access: access > 0},
        {"request": {"max_count": 5}},
        {"request": {"data_length": 5}},
        {"response": {"data_length": 5}},
        {"response": {"create_disposition": 2}},
        {"response": {"fid": lambda fid: fid >= 0x4000}},
        {"problem": None, "command": "SMB_COM_NT_CREATE_ANDX"},
    ],
)
def test_what_is_seen_beforehand_leaves_out_nothing(journal: Journal, criteria: dict[str, Any]) -> None:
    assert journal.exchanges(**criteria) == whole(journal, **criteria)


def test_a_summary_finds_the_exchange_that_has_it(journal: Journal) -> None:
    first = journal.exchanges(verb="read")[0]
    assert first in journal.exchanges(summary=first.summary)


def test_verbs_are_seen_as_they_are_decoded(tmp_path: Path) -> None:
    talk = Talk(filled(tmp_path))
    client = talk.client()
    for disposition in (2, 1, 5, 0):
        client.close(client.create("c.txt", disposition=disposition))
    client.close(client.create("a.txt", access=0x0013019F, options=0x1000))  # deleted on close
    client.close(client.create("sub", disposition=2, options=1))  # a directory
    check_glances(talk.journal)
    assert [entry.verbs for entry in talk.journal.exchanges(verb="opened")] == [
        ("opened", "created"),
        ("opened",),
        ("opened", "truncated"),
        ("opened", "truncated"),
        ("opened",),
        ("opened", "made_directory"),
    ]
    assert [entry.path for entry in talk.journal.exchanges(verb="deleted")] == [r"\a.txt"]


def test_a_list_of_exchanges_warns_where_others_are_forgotten(tmp_path: Path) -> None:
    talk = Talk(filled(tmp_path), journal=Journal(most_events=5))
    client = talk.client()
    mark = talk.journal.mark()
    client.close(client.create("a.txt"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(talk.journal.since(mark).exchanges(path="a.txt")) == 2
    for _ in range(2):
        client.close(client.create("dir/b.txt"))
    for ask in (talk.journal.exchanges, talk.journal.since(mark).entries):
        with pytest.warns(UserWarning, match=r"forgotten that came after .*: what matches path='dir") as told:
            assert len(ask(path="dir/b.txt")) == 4
        assert [one.filename for one in told] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(talk.journal.remembered(path="dir/b.txt")) == 4
        assert talk.journal.problems() == []


def test_what_an_entry_tells_of_its_halves_can_be_asked_for(tmp_path: Path) -> None:
    talk = Talk(filled(tmp_path))
    client = talk.client()
    client.close(client.create("a.txt"))
    fid = client.create("a.txt")
    client.trans2(Trans2.SET_FILE_INFORMATION, trans2.SetFileInformationRequest(fid, 0x104), bytes(8))
    client.trans2(Trans2.FIND_FIRST2, trans2.FindFirst2Request(0x16, 9, 0, 0x104, 0, "\\*"))
    entries = talk.journal.exchanges()
    assert any("detail" in entry.request for entry in entries)
    assert any("parameters" in entry.response for entry in entries)
    for entry in entries:
        asked = {"request": entry.request, "response": entry.response}
        assert entry in talk.journal.exchanges(**asked)
        assert whole(talk.journal, **asked) == talk.journal.exchanges(**asked)
    (find,) = talk.journal.exchanges(setup="0100")
    assert find.subcommand == "TRANS2_FIND_FIRST2"
    assert talk.journal.exchanges(setup=b"\x01\x00") == [find]
    with pytest.raises(TypeError, match="setup is bytes, or their hexadecimal digits"):
        talk.journal.exchanges(setup="01 00")
