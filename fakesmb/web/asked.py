"""Questions to the journal as JSON has them: the keywords of Python, with `filter`, and what they are answered with."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from fakesmb.record.criteria import NAMES, Criteria
from fakesmb.record.journalentry import ATTRIBUTES, JournalEntry
from fakesmb.record.misses import Difference, nearest_exchange
from fakesmb.record.questions import Window
from fakesmb.record.steps import Step
from fakesmb.web.answer import RefusedError

MOST_TOLD: Final = 100
"""Exchanges that one answer tells; their number is told in any case."""
LONGEST_WAIT: Final = 60.0
Count = Annotated[int, Meta(ge=0, le=1 << 53)]
Seconds = Annotated[float, Meta(ge=0, le=LONGEST_WAIT)]
_NOT_TOLD: Final = frozenset({"place", "status_code", "code", "function"})
"""Attributes of an entry that are for programs in Python."""
_AMOUNTS: Final = ("count", "at_least", "at_most")
_CRITERIA: Final = [(name, Any, msgspec.UNSET) for name in sorted({*NAMES, "filter", "data_hex"})]
_NAMED: Final = [(name, Count | None, None) for name in _AMOUNTS]

Verify: Any = msgspec.defstruct("Verify", [*_NAMED, *_CRITERIA])
"""A question: how many exchanges, and what they are like. Fields of messages are criteria, too."""
Wait: Any = msgspec.defstruct("Wait", [("timeout", Seconds, 5.0), *_NAMED[:2], *_CRITERIA])
"""The same, with the seconds that it may take."""
StepBody: Any = msgspec.defstruct("Step", _CRITERIA)
"""A step of a sequence: what one exchange is like."""
Sequence_: Any = msgspec.defstruct(
    "Sequence",
    [
        ("steps", Annotated[list[StepBody], Meta(min_length=1, max_length=1000)]),
        ("nothing_after", bool, False),
        ("per", str | None, None),
    ],
)


class Matches(msgspec.Struct, frozen=True):
    """What was asked for is so."""

    count: int
    exchanges: list[dict[str, Any]]
    """The first 100 of them."""


class Missed(msgspec.Struct, frozen=True):
    """A criterion that the nearest exchange does not meet."""

    field: str
    expected: Any
    was: Any
    text: str


class Nearest(msgspec.Struct, frozen=True):
    """The exchange that comes nearest."""

    exchange: dict[str, Any]
    misses: list[Missed]


class NotSo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was asked for is not so."""

    error: str
    """The first line."""
    text: str
    """All of it, as a test in Python is told."""
    count: int
    """Exchanges that match."""
    exchanges: list[dict[str, Any]] = []
    nearest: Nearest | None = None
    forgotten: int = 0
    """Events that the journal no longer remembers."""
    step: int | None = None
    """Of a sequence the first step, from 0, that was not met."""


def criteria_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Criteria of JSON as those of Python: data are text there, or hexadecimal digits."""
    criteria = dict(given)
    if "data" in criteria:
        criteria["data"] = _as_bytes(criteria["data"])
    if "data_hex" in criteria:
        digits = criteria.pop("data_hex")
        if "data" in criteria:
            raise ValueError("data and data_hex are two ways to say the same: give one")
        try:
            criteria["data"] = bytes.fromhex(digits)
        except (TypeError, ValueError):
            raise ValueError(f"data_hex is a text of hexadecimal digits, not {str(digits)[:80]}") from None
    return criteria


def _as_bytes(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return [_as_bytes(one) for one in value] if isinstance(value, list) else value


def steps_of(given: Sequence[Any]) -> list[Step]:
    """The steps of a sequence. Raises TypeError."""
    for step in given:
        if not isinstance(step, dict):
            raise TypeError('steps: a step is an object, {"verb": "opened", "path": "a.txt"}')
    return [Step(criteria_of(step)) for step in given]


def split(body: Mapping[str, Any], *names: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of a body has those names, and the criteria."""
    return {name: body.get(name) for name in names}, {
        name: value for name, value in body.items() if name not in names
    }


def told(entries: Sequence[JournalEntry]) -> list[dict[str, Any]]:
    """Entries of the journal as JSON: what criteria ask for; what does not apply is left out."""
    return [_told(entry) for entry in entries[:MOST_TOLD]]


def _told(entry: JournalEntry) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ATTRIBUTES:
        value = None if name in _NOT_TOLD else getattr(entry, name)
        if value is not None and value != ():
            found[name] = plain(value)
    return found


def plain(value: Any) -> Any:
    """A value as JSON has it: bytes as hexadecimal digits."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def nearest_of(asked: Criteria, window: Window) -> Nearest | None:
    """The miss by field."""
    found = nearest_exchange(asked, window)
    if found is None:
        return None
    entry, differences = found
    return Nearest(_told(entry), [_missed(one) for one in differences])


def _missed(one: Difference) -> Missed:
    return Missed(one.name, plain(one.wanted), plain(one.value), one.text)


def mistake(error: Exception) -> RefusedError:
    """What cannot be asked, in one line that names the key."""
    return RefusedError(400, " ".join(str(error).split()) or type(error).__name__)
