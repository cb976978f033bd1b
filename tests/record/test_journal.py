"""The journal: bounded, asked by the names of the record, and helpful when the answer is no."""

import re
from typing import Any

import pytest

from fakesmb.nt.status import NT
from fakesmb.record.events import Client, Connected, Exchanged, Message, Part, Problem
from fakesmb.record.journal import OVERHEAD, Journal
from fakesmb.wire.files import CloseRequest, NtCreateAndxRequest, ReadAndxRequest
from tests.record.record_samples import START, message, reply

CREATE, READ, CLOSE = 0xA2, 0x2E, 0x04


def create(path: str, number: int = 1, **rest: Any) -> Message:
    body = NtCreateAndxRequest(desired_access=0x20089, file_name=path)
    return message(CREATE, body, number=number, path=path, share="public", user="alice", **rest)


@pytest.fixture
def journal() -> Journal:
    journal = Journal()
    journal.write(Connected(START, 1, "192.168.1.6:1240", "192.168.1.8:445"))
    journal.write(create(r"\a.txt", 1))
    journal.write(reply(CREATE, None, number=2, status=NT.OBJECT_NAME_NOT_FOUND, path=r"\a.txt"))
    journal.write(create(r"\dir\b.txt", 3))
    journal.write(reply(CREATE, None, number=4, status=NT.ACCESS_DENIED, path=r"\dir\b.txt"))
    journal.write(message(CLOSE, CloseRequest(0x4000), number=5, fid=0x4000))
    return journal


def test_requests_and_responses_are_found_by_the_names_of_the_record(journal: Journal) -> None:
    found = journal.requests(command="SMB_COM_NT_CREATE_ANDX")
    assert [entry.path for entry in found] == [r"\a.txt", r"\dir\b.txt"]
    assert [entry.number for entry in journal.responses()] == [2, 4]
    assert [entry.number for entry in journal.responses(status=NT.ACCESS_DENIED)] == [4]
    assert [entry.number for entry in journal.responses(status="STATUS_ACCESS_DENIED")] == [4]
    assert [entry.number for entry in journal.requests(command=CLOSE, fid=0x4000)] == [5]
    assert [entry.event for entry in journal.entries(event="connected")] == ["connected"]
    assert len(journal) == 6


def test_names_compare_as_smb_compares_them(journal: Journal) -> None:
    assert len(journal.requests(path="A.TXT", share="PUBLIC", user="Alice")) == 1
    assert len(journal.requests(path=r"\A.txt")) == 1


def test_criteria_may_be_patterns_and_functions(journal: Journal) -> None:
    assert len(journal.requests(path=re.compile(r"\.txt$"))) == 2
    assert len(journal.requests(fid=lambda fid: fid >= 0x4000)) == 1


def test_decoded_values_are_criteria_too(journal: Journal) -> None:
    assert len(journal.requests(desired_access=0x20089)) == 2
    assert journal.requests(desired_access=1) == []


def test_each_command_of_a_chain_counts() -> None:
    journal = Journal()
    link = Part(READ, ReadAndxRequest(fid=0xFFFF, max_count=10))
    journal.write(message(CREATE, NtCreateAndxRequest(desired_access=1, file_name="x"), link))
    assert len(journal.requests(command="SMB_COM_READ_ANDX")) == 1
    assert len(journal.requests()) == 2


def test_verify_gives_what_it_found(journal: Journal) -> None:
    assert len(journal.verify(command="SMB_COM_NT_CREATE_ANDX", count=2)) == 2
    assert len(journal.verify(command="SMB_COM_CLOSE")) == 1
    assert journal.verify(command="SMB_COM_WRITE_ANDX", count=0) == []
    assert len(journal.verify(status=NT.ACCESS_DENIED, count=1)) == 1


def test_verify_shows_the_nearest_miss(journal: Journal) -> None:
    with pytest.raises(AssertionError) as caught:
        journal.verify(command="SMB_COM_NT_CREATE_ANDX", path=r"\dir\b.text")
    assert str(caught.value).splitlines() == [
        r"at least 1 requests expected with command='SMB_COM_NT_CREATE_ANDX', path='\\dir\\b.text': 0 found.",
        r"Nearest miss: #3 C; Nt Create Andx, FileName = \dir\b.txt",
        r"  path: expected '\\dir\\b.text', was '\\dir\\b.txt'",
    ]


def test_verify_shows_what_came_too_often(journal: Journal) -> None:
    with pytest.raises(AssertionError) as caught:
        journal.verify(command="SMB_COM_CLOSE", count=0)
    assert str(caught.value).splitlines() == [
        "0 requests expected with command='SMB_COM_CLOSE': 1 found.",
        "  matched: #5 C; Close, FID = 0x4000",
    ]


def test_an_empty_journal_says_so() -> None:
    with pytest.raises(AssertionError, match="No other requests were recorded"):
        Journal().verify(command="SMB_COM_CLOSE")


def test_the_oldest_are_forgotten_by_number_and_by_weight_and_that_is_said() -> None:
    journal = Journal(most_events=2)
    for number in range(1, 4):
        journal.write(create(r"\a.txt", number))
    assert [entry.number for entry in journal.requests()] == [2, 3]
    with pytest.raises(AssertionError, match="bounded: 1 older events are forgotten"):
        journal.verify(path=r"\b.txt")
    light = Journal(most_bytes=3 * OVERHEAD)
    for number in range(1, 6):
        light.write(create(r"\a.txt", number, size=100))
    assert [entry.number for entry in light.requests()] == [4, 5]
    light.clear()
    assert len(light) == light.forgotten == 0


def test_paths_weigh_as_well() -> None:
    journal = Journal(most_bytes=100_000)
    for number in range(100):
        journal.write(Exchanged(Client(1, "a", "b"), 0.0, 0.0, number, b"", 0, b"", 0, path="x" * 4000))
    assert len(journal) == 20


def test_problems_are_listed(journal: Journal) -> None:
    assert journal.problems() == []
    journal.write(Problem(START, 1, "KeyError in SMB_COM_CLOSE", "Traceback ..."))
    assert [entry.problem for entry in journal.problems()] == ["KeyError in SMB_COM_CLOSE"]


@pytest.mark.parametrize(
    ("criteria", "error", "told"),
    [
        ({"comand": "SMB_COM_CLOSE"}, TypeError, "no key or field is called 'comand'; did you mean command"),
        ({"desired_acces": 1}, TypeError, "desired_access"),
        (
            {"command": "SMB_COM_CLOSED"},
            ValueError,
            "is called 'SMB_COM_CLOSED'; did you mean SMB_COM_CLOSE",
        ),
        ({"status": "STATUS_ACCES_DENIED"}, ValueError, "STATUS_ACCESS_DENIED"),
        ({"event": "conected"}, ValueError, "connected"),
        ({"qqqqqqq": 1}, TypeError, "no key or field is called 'qqqqqqq'$"),
    ],
)
def test_a_misspelt_question_is_an_error_that_tells_the_nearest_names(
    journal: Journal, criteria: dict[str, Any], error: type[Exception], told: str
) -> None:
    for ask in (journal.entries, journal.requests, journal.responses, journal.verify):
        with pytest.raises(error, match=told):
            ask(**criteria)


def test_commands_and_statuses_without_a_name_are_known_by_their_digits(journal: Journal) -> None:
    assert journal.requests(command="SMB_COM_0x5A") == journal.requests(command=0x5A) == []
    assert journal.responses(status="0xC000BEEF") == journal.responses(status=0xC000BEEF) == []


def test_every_question_waits_until_what_was_answered_before_is_written() -> None:
    waited: list[int] = []
    journal = Journal(settle=lambda: waited.append(len(waited)))
    for ask in (
        journal.entries,
        journal.requests,
        journal.responses,
        journal.problems,
        journal.__len__,
        journal.clear,
    ):
        before = len(waited)
        ask()
        assert len(waited) > before
    with pytest.raises(AssertionError):
        journal.verify()
    assert journal.events == ()
