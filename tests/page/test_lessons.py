"""Lessons: what they ask the journal, and what they say to the student."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakesmb import FakeSMB
from fakesmb.address import Place
from fakesmb.record.journalentry import JournalEntry
from fakesmb.replay.conversation import Otherwise
from fakesmb.replay.demo import Demo
from fakesmb.replay.holder import Holder
from fakesmb.replay.places import Who
from fakesmb.web import lessons
from fakesmb.web.exercises import EXERCISES
from fakesmb.web.walk import WALK

README = b"Whoever reads this has walked the whole exchange.\r\n"


@pytest.fixture(scope="module")
def running() -> Iterator[FakeSMB]:
    shares = {"c$": {"readme.txt": README}, "public": {"README.txt": b"hello"}}
    with FakeSMB(shares, users={"alice": "Secret123"}) as one:
        yield one


@pytest.fixture
def smb(running: FakeSMB) -> FakeSMB:
    running.reset()
    return running


def speak(smb: FakeSMB, password: str = "Secret123", share: str = "c$") -> None:
    Demo(Place("127.0.0.1", smb.port), Who("alice", password), share, say=lambda _: None).run()


def test_they_are_told_whole() -> None:
    told = lessons.as_json()
    assert [one["name"] for one in told] == lessons.names()
    assert len(EXERCISES) == 6
    for one in told:
        assert one["title"]
        assert one["about"]
        assert one["text"]
        assert bool(one["question"]) == one["answers"] == bool(one["solution"]) != bool(one["steps"])


def test_criteria_are_those_of_the_journal(smb: FakeSMB) -> None:
    """A criterion or a value that does not exist would be an error to the student."""
    for exercise in EXERCISES:
        for criteria in exercise.steps:
            assert smb.journal.exchanges(**criteria) == []
        assert hasattr(JournalEntry, exercise.answer)


def test_commands_allow_smb1_and_name_the_server() -> None:
    for exercise in EXERCISES:
        commands = [line for line in exercise.text if line.startswith("$ ")]
        assert commands
        for command in commands:
            assert "{host}" in command
            assert "{port}" in command
            assert "smbclient" not in command or "client min protocol=NT1" in command


def test_a_lesson_that_does_not_exist_is_none(smb: FakeSMB) -> None:
    with pytest.raises(LookupError):
        lessons.check("juggling", smb.journal)


@pytest.mark.parametrize("name", [one.name for one in EXERCISES])
def test_nothing_is_done_where_nothing_happened(smb: FakeSMB, name: str) -> None:
    outcome = lessons.check(name, smb.journal, "0x4000")
    assert not outcome.done
    assert outcome.says.endswith(" yet.")
    assert "conversation 3" in lessons.check(name, smb.journal, "0x4000", 3).says


def test_the_answer_is_compared_with_the_students_own_conversation(smb: FakeSMB) -> None:
    speak(smb)
    speak(smb)
    for connection in (None, 1, 2):
        asked = lessons.check("share-list", smb.journal, "", connection)
        assert not asked.done
        assert "What is the answer?" in asked.says
        wrong = lessons.check("share-list", smb.journal, "0x4002", connection)
        assert not wrong.done
        assert "That is not it" in wrong.says
        assert len(wrong.messages) == 2
        for answer in ("0x4000", "16384", "4000", " 0X4000 "):
            right = lessons.check("share-list", smb.journal, answer, connection)
            assert right.done, right
            assert right.connection == (connection or 2)
    assert not lessons.check("share-list", smb.journal, "0x4000", 3).done


def test_sign_in_read_and_wrong_password(smb: FakeSMB) -> None:
    speak(smb)
    done = lessons.check("sign-in", smb.journal, "0x0800")
    assert done.done
    assert len(done.messages) == 6
    assert lessons.check("wrong-password", smb.journal, "LOGON_FAILURE").done is False
    with pytest.raises(Otherwise):
        speak(smb, "wrong")
    for answer in ("STATUS_LOGON_FAILURE", "logon failure", "NT_STATUS_LOGON_FAILURE"):
        assert lessons.check("wrong-password", smb.journal, answer).done
    assert not lessons.check("wrong-password", smb.journal, "ACCESS_DENIED").done
    assert not lessons.check("wrong-password", smb.journal, "LOGON_FAILURE", 1).done
    speak(smb, share="public")
    assert lessons.check("open-read-close", smb.journal, "5 bytes").done
    assert not lessons.check("open-read-close", smb.journal, "five").done


def test_an_oplock_that_is_broken(smb: FakeSMB) -> None:
    def holder() -> Holder:
        place = Place("127.0.0.1", smb.port)
        return Holder(place, Who("alice", "Secret123"), "public", "README.txt", say=lambda _: None, pause=0)

    thread = threading.Thread(target=holder().run, args=(0.8,))
    thread.start()
    smb.journal.wait_for(verb="opened", path="README.txt", count=1)
    assert not lessons.check("oplock-break", smb.journal, "0x4000").done
    holder().run(0)
    thread.join()
    for connection in (None, 1):
        outcome = lessons.check("oplock-break", smb.journal, "0x4000", connection)
        assert outcome.done, outcome


def test_the_walk_finds_every_message_of_the_demo(smb: FakeSMB) -> None:
    nobody = lessons.check(lessons.DOCUMENTED, smb.journal)
    assert not nobody.done
    assert [step.message for step in nobody.steps] == [None] * len(WALK)
    assert "fakesmb demo" in nobody.says
    speak(smb)
    speak(smb)
    for connection, first in ((None, 1 + len(WALK)), (1, 1)):
        outcome = lessons.check(lessons.DOCUMENTED, smb.journal, "", connection)
        assert outcome.done, outcome
        assert [step.message for step in outcome.steps] == list(range(first, first + len(WALK)))


def test_a_walk_that_ends_early_tells_what_is_there(smb: FakeSMB) -> None:
    with pytest.raises(Otherwise):
        speak(smb, share="nowhere")
    outcome = lessons.check(lessons.DOCUMENTED, smb.journal)
    assert not outcome.done
    assert re.search(r"has \d+ of the \d+ messages", outcome.says)
    found: list[Any] = [step.message for step in outcome.steps if step.message]
    assert found == sorted(found)


def test_handouts_have_the_commands_and_questions_of_the_lessons() -> None:
    """What the browser's tests do with the commands holds for what is printed, too."""
    folder = Path(__file__).parents[2] / "shares" / "docs" / "handouts"
    for number, exercise in enumerate(EXERCISES, 1):
        text = (folder / f"exercise {number}.txt").read_text("utf-8")
        commands = [line.removeprefix("    ") for line in text.splitlines() if line.startswith("    ")]
        told = [part.removeprefix("$ ") for part in exercise.text if part.startswith("$ ")]
        assert commands == [one.replace("{host}", "127.0.0.1").replace("{port}", "4450") for one in told]
        question = " ".join(text.partition("Question: ")[2].split())
        assert question == exercise.question.replace("`", "")
        solution = (folder / f"exercise {number} solution.txt").read_text("utf-8")
        assert exercise.title in solution
        assert max(map(len, text.splitlines())) < 125
    assert len(list(folder.iterdir())) == 2 * len(EXERCISES) + 1


def test_the_plan_has_all_frames_of_the_walk() -> None:
    plan = (Path(__file__).parents[2] / "docs" / "classroom.md").read_text("utf-8")
    rows = re.findall(r"^\| \d+–\d+ \| ([^|]*) \|", plan, re.MULTILINE)
    named: set[int] = set()
    for row in rows:
        for first, last in re.findall(r"(\d+)(?: to (\d+))?", row):
            named |= set(range(int(first), int(last or first) + 1))
    assert {int(step.frame) for step in WALK if step.frame.isdecimal()} <= named
    assert "behind 37" in rows
