"""Lessons: exercises whose checks ask the journal what really happened, and a conversation walked frame by frame.

The exercises themselves are data (`web.exercises`, `web.walk`). A check finds the conversation of the student: the one
that is named, or the newest that has what the exercise wants.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from fakesmb.record.events import Shown
from fakesmb.record.journal import Journal
from fakesmb.record.journalentry import JournalEntry
from fakesmb.record.pairs import Pair
from fakesmb.web.exercises import EXERCISES, Exercise
from fakesmb.web.walk import WALK, Step

DOCUMENTED: Final = "documented-exchange"
_NUMBERS: Final = frozenset({"fid", "uid", "tid", "length"})
_HEXADECIMAL: Final = frozenset({"fid", "uid", "tid"})
"""Identifiers: people write them in hexadecimal, with 0x or without."""
_WALK_TITLE: Final = "The documented exchange, frame by frame"


class Found(msgspec.Struct, frozen=True):
    """A step of a walk, and the message that it is about."""

    frame: str
    message: int | None
    """Its number; None where the conversation does not have it."""


class Outcome(msgspec.Struct, frozen=True):
    """What a check says."""

    done: bool
    says: str
    """To the student; words between grave accents are code."""
    connection: int | None = None
    messages: list[int] = []
    """Numbers of the messages to look at."""
    steps: list[Found] = []


def as_json() -> list[dict[str, Any]]:
    """All lessons as the page shows them: without what is compared, with the solutions."""
    walk = {
        "name": DOCUMENTED,
        "title": _WALK_TITLE,
        "about": "What a Windows XP says when it opens \\\\HOST\\c$: every message of it, and why.",
        "text": [
            "In a terminal, a client speaks the exchange exactly as it was published, frame numbers and all:",
            "$ fakesmb demo {host}:{port}",
            "Then go through it with the button below. Every message can be looked at byte by byte.",
        ],
        "question": "",
        "answers": False,
        "solution": [],
        "steps": [{"frame": step.frame, "title": step.title, "text": step.text} for step in WALK],
    }
    return [walk, *(_told(exercise) for exercise in EXERCISES)]


def _told(exercise: Exercise) -> dict[str, Any]:
    return {
        "name": exercise.name,
        "title": exercise.title,
        "about": exercise.about,
        "text": list(exercise.text),
        "question": exercise.question,
        "answers": bool(exercise.answer),
        "solution": list(exercise.solution),
        "steps": [],
    }


def names() -> list[str]:
    """Of all lessons."""
    return [DOCUMENTED, *(exercise.name for exercise in EXERCISES)]


def check(name: str, journal: Journal, answer: str = "", connection: int | None = None) -> Outcome:
    """Whether a student has done it; `connection` is theirs. Raises `LookupError` for a lesson that is none."""
    if name == DOCUMENTED:
        return _walked(journal, connection)
    exercise = next((one for one in EXERCISES if one.name == name), None)
    if exercise is None:
        raise LookupError(name)
    chains = list(_chains(exercise, journal, connection))
    if not chains:
        where = f" in conversation {connection}" if connection is not None else ""
        return Outcome(False, exercise.missing + where + ".")
    own = connection if connection is not None else chains[0][-1].connection
    chains = [chain for chain in chains if own in _connections(chain)]
    if not answer.strip():
        return Outcome(False, f"Conversation {own} has what is wanted. What is the answer?", own)
    for chain in chains:
        if _same(exercise.answer, answer, getattr(chain[-1], exercise.answer)):
            numbers = [number for entry in chain for number in _numbers(entry)]
            return Outcome(True, f"Right. {exercise.praise}", own, numbers)
    says = f"That is not it: {exercise.hint} (conversation {own})."
    return Outcome(False, says, own, _numbers(chains[0][-1]))


def _chains(exercise: Exercise, journal: Journal, connection: int | None) -> Iterator[list[JournalEntry]]:
    """What meets the steps of the exercise, in their order: once for each beginning, the newest first."""
    first, *rest = exercise.steps
    later = [journal.remembered(**criteria) for criteria in rest]
    for entry in reversed(journal.remembered(**first)):
        chain = [entry]
        for entries in later:
            following = (
                one
                for one in entries
                if _order(one) > _order(chain[-1]) and (exercise.apart or one.connection == entry.connection)
            )
            found = next(following, None)
            if found is None:
                break
            chain.append(found)
        else:
            if connection is None or connection in _connections(chain):
                yield chain


def _connections(chain: list[JournalEntry]) -> set[int | None]:
    return {entry.connection for entry in chain}


def _order(entry: JournalEntry) -> int:
    return entry.number or 0


def _same(attribute: str, answer: str, expected: object) -> bool:
    text = answer.strip()
    if attribute in _NUMBERS:
        return any(expected == one for one in _readings(text, hexadecimal=attribute in _HEXADECIMAL))
    said = text.upper().replace(" ", "_").removeprefix("NT_").removeprefix("STATUS_")
    return said == str(expected).upper().removeprefix("STATUS_")


def _readings(text: str, *, hexadecimal: bool) -> Iterator[int]:
    """The numbers that somebody may have meant: `0x4000`, `16384`, and of identifiers `4000`, too."""
    word = text.split()[0].replace(",", "") if text.split() else ""
    for base in (0, 10, 16) if hexadecimal else (0, 10):
        try:
            yield int(word, base)
        except ValueError:
            continue


def _numbers(entry: JournalEntry) -> list[int]:
    """Of the request and of the answer."""
    pair = entry.item
    assert isinstance(pair, Pair)
    found = [] if pair.asked is None else [pair.asked.number]
    if pair.answered is not None and pair.answered.reply:
        both = pair.answered is pair.asked and pair.answered.shown == Shown.BOTH
        found.append(pair.answered.number + both)
    return found


# -- the walk ----------------------------------------------------------------------------------------------


def _walked(journal: Journal, connection: int | None) -> Outcome:
    """Which message of the conversation is which frame; done where all are there."""
    if connection is None:
        connection = _newest_walk(journal)
    entries: Sequence[JournalEntry] = []
    if connection is not None:
        entries = [entry for entry in journal.remembered(connection=connection) if entry.event == "exchange"]
    numbers = dict(_aligned(entries))
    steps = [Found(step.frame, numbers.get(at)) for at, step in enumerate(WALK)]
    missing = sum(1 for step in steps if step.message is None)
    if missing == len(steps):
        return Outcome(False, "Nobody has spoken it yet: start `fakesmb demo {host}:{port}`.", steps=steps)
    if missing:
        says = f"Conversation {connection} has {len(steps) - missing} of the {len(steps)} messages."
        return Outcome(False, says, connection, steps=steps)
    return Outcome(True, f"Conversation {connection} has all {len(steps)} messages.", connection, steps=steps)


def _newest_walk(journal: Journal) -> int | None:
    """The newest conversation that asked for a referral after it had opened the pipe."""
    for entry in reversed(journal.remembered(subcommand="TRANS2_GET_DFS_REFERRAL")):
        if journal.remembered(connection=entry.connection, verb="opened", path="srvsvc"):
            return entry.connection
    return None


def _aligned(entries: Sequence[JournalEntry]) -> Iterator[tuple[int, int]]:
    """For the steps of the walk, in order, the number of the message; what others said between them is passed over."""
    at = 0
    for index, step in enumerate(WALK):
        if step.reply:
            continue
        here = at
        while here < len(entries) and not _is(entries[here], step):
            here += 1
        if here == len(entries):
            continue
        numbers = _numbers(entries[here])
        yield from zip((index, index + 1), numbers, strict=False)
        at = here + 1


def _is(entry: JournalEntry, step: Step) -> bool:
    return entry.command == step.command and (not step.subcommand or entry.subcommand == step.subcommand)
