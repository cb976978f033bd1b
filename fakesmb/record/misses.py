"""Why a question has another answer than was expected: what matched, what came nearest, and why nothing came."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fakesmb.record import verbs
from fakesmb.record.causes import causes
from fakesmb.record.criteria import TRIED, Criteria, Test, shown
from fakesmb.record.glance import is_chain
from fakesmb.record.journalentry import JournalEntry, entries_of
from fakesmb.record.pairs import Pair
from fakesmb.wire.families import Kind
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE

if TYPE_CHECKING:
    from fakesmb.record.amounts import Amount
    from fakesmb.record.questions import Window

MOST_LINES: Final = 10
_MOST_KINDS: Final = 4000
"""Different exchanges that are looked at for the nearest miss, the latest first."""
_FINALISTS: Final = 24
"""Those of them that are decoded and compared."""
_DATA_SEEN: Final = 64
"""Bytes of data that tell how alike others are."""
_LONGEST_DATA: Final = 256
"""Bytes of data that are told whole; of longer ones, where they differ."""


def mismatch(wanted: "Amount", asked: Criteria, window: "Window", found: list[JournalEntry]) -> str:
    """The whole report, at most `MOST_LINES` lines."""
    lines = [f"{wanted} {_exchanges(wanted)} expected with {asked}: {len(found) or 'none'} found."]
    if wanted.most is not None and len(found) > wanted.most:
        return "\n".join(lines + _matched(found, MOST_LINES - 1))
    lost = loss(window)
    if wanted.holds(len(found)):
        return f"{lines[0]} {lost}"
    lines += _matched(found, 3)
    told = [*nearest_miss(asked, window), *causes(window)]
    room = MOST_LINES - len(lines) - bool(lost)
    lines += told[:room]
    return "\n".join([*lines, lost] if lost else lines)


def _exchanges(wanted: "Amount") -> str:
    one = wanted.most in (0, 1) or (wanted.least == 1 and wanted.most is None)
    return "exchange" if one else "exchanges"


def _matched(found: list[JournalEntry], most: int) -> list[str]:
    if len(found) <= most:
        return [f"  matched: {entry!r}" for entry in found]
    return [*(f"  matched: {entry!r}" for entry in found[: most - 1]), f"  and {len(found) - most + 1} more"]


def loss(window: "Window") -> str:
    """That events are forgotten, and what to do about it; empty where none are."""
    if not window.lost:
        return ""
    events = "1 event is" if window.lost == 1 else f"{window.lost} events are"
    remedy = "FakeSMB(journal=...) or [log] journal remembers more of them."
    if window.by_bytes:
        remedy = (
            "those that are remembered take all the memory of the journal, less with a smaller keep_data."
        )
    return f"{events} forgotten that came after {window.since}, so this cannot be told: {remedy}"


# -- the nearest miss --------------------------------------------------------------------------------------


class Difference(NamedTuple):
    """A criterion that an exchange does not meet."""

    name: str
    wanted: object
    value: object
    """What it is instead."""
    text: str
    """The line of a report: `path: expected 'a.txt', was 'b.txt'`."""


def nearest_miss(asked: Criteria, window: "Window") -> list[str]:
    """The exchange that comes nearest to the criteria, and what of it is different, a line for each criterion."""
    found = nearest_exchange(asked, window)
    if found is None:
        return []
    entry, differences = found
    return [f"Nearest miss: {entry!r}", *(f"  {one.text}" for one in differences)]


def nearest_exchange(asked: Criteria, window: "Window") -> tuple[JournalEntry, list[Difference]] | None:
    """The same as what it is made of; None where nothing comes near."""
    best: tuple[float, JournalEntry, list[Test]] | None = None
    for item in _finalists(asked, window):
        for entry in entries_of(item):
            missed = asked.misses(entry)
            if not missed:
                continue
            far = sum(_distance(test, entry) for test in missed)
            if best is None or far < best[0]:
                best = far, entry, missed
    if best is None:
        return None
    _, entry, missed = best
    return entry, [
        Difference(test.name, test.wanted, test.value(entry), _difference(test, entry)) for test in missed
    ]


def _finalists(asked: Criteria, window: "Window") -> Iterator[Pair]:
    """Those that are worth a comparison, the latest of each kind; by what is seen without decoding."""
    given = asked.given
    path = given.get("path")
    kinds = asked.kinds
    alike = frozenset[int]() if kinds is None else _alike(kinds)
    codes = frozenset(kind.command for kind in kinds or ())
    names = {
        name: str(given[name]).casefold() for name in ("share", "user") if isinstance(given.get(name), str)
    }
    form = path.replace("/", "\\").strip("\\").casefold() if isinstance(path, str) else None
    wanted_data = _plain_data(given.get("data"))
    seen: dict[tuple[object, ...], tuple[float, Pair]] = {}
    for item in reversed(window.items):
        if not isinstance(item, Pair):
            continue
        about = item.answered or item.told
        message = item.told.request or item.told.reply
        code = message[COMMAND_AT] if len(message) >= HEADER_SIZE else -1
        key: tuple[object, ...] = (code, about.path, about.status, about.share, about.user)
        key += (is_chain(item) and item.ordinal, (about.data or b"")[:_DATA_SEEN] if wanted_data else None)
        if key in seen:
            continue
        far = 0.0
        if kinds is not None and code not in codes:
            far += 0.2 if code in alike else 1.0
        if wanted_data:
            far += min(_far_data(about.data or b"", None, one) for one in wanted_data)
        if form is not None:
            far += _far(about.path.replace("/", "\\").strip("\\").casefold(), form)
        for name, wanted in names.items():
            far += 0.5 * (getattr(about, name).casefold() != wanted)
        seen[key] = far, item
        if len(seen) >= _MOST_KINDS:
            break
    ranked = sorted(seen.values(), key=lambda one: one[0])
    return (pair for _, pair in ranked[:_FINALISTS])


def _alike(kinds: "frozenset[Kind]") -> frozenset[int]:
    """The commands that do what these do."""
    done = {verb for kind in kinds for verb in _verbs(kind)}
    return frozenset(kind.command for kind, row in verbs.ROWS.items() if not done.isdisjoint(row.verbs))


def _verbs(kind: Kind) -> tuple[str, ...]:
    row = verbs.ROWS.get(kind) or verbs.ROWS.get(Kind(kind.command))
    return () if row is None else row.verbs


def _plain_data(wanted: object) -> list[bytes]:
    """The data that are asked for as they are."""
    if isinstance(wanted, (bytes, bytearray, memoryview)):
        return [bytes(wanted)]
    if isinstance(wanted, (set, frozenset, list, tuple)):
        return [data for one in wanted for data in _plain_data(one)]
    return []


def _far_data(data: bytes, length: int | None, wanted: bytes) -> float:
    """0 for the same data; up to 1 the less alike they are in their beginning and their length."""
    size = len(data) if length is None else length
    longest = max(size, len(wanted), 1)
    return 0.5 * _far(data[:_DATA_SEEN], wanted[:_DATA_SEEN]) + 0.5 * abs(size - len(wanted)) / longest


def _far(path: str | bytes, wanted: str | bytes) -> float:
    """0 for the same path; up to 1 the less of its beginning and end it has in common."""
    if path == wanted:
        return 0.0
    most = min(len(path), len(wanted))
    start = 0
    while start < most and path[start] == wanted[start]:
        start += 1
    end = 0
    while end < most - start and path[-1 - end] == wanted[-1 - end]:
        end += 1
    return 1.0 - 0.5 * (start + end) / max(len(path), len(wanted))


def _distance(test: Test, entry: JournalEntry) -> float:
    """1 for a value quite unlike the one wanted, less the more alike they are; more for none at all."""
    if test.name in ("command", "verb", TRIED):
        return 0.2 if _same_deed(test, entry) else 1.0
    value = test.value(entry)
    if value is None:
        return 1.5
    if test.name == "data":
        alike = [_far_data(value, entry.length, one) for one in _plain_data(test.wanted)]
        return 0.2 + 0.8 * min(alike, default=1.0)
    if test.name in ("path", "to") and isinstance(test.wanted, str):
        return 0.4 + 0.6 * _unlike(str(value), test.wanted)
    if isinstance(value, str) and isinstance(test.wanted, str):
        return 0.2 + 0.8 * _unlike(value, test.wanted)
    return 1.0


def _unlike(value: str, wanted: str) -> float:
    from difflib import SequenceMatcher  # only a failure needs it

    return 1.0 - SequenceMatcher(None, value.casefold(), wanted.casefold()).ratio()


def _same_deed(test: Test, entry: JournalEntry) -> bool:
    kinds = Criteria({test.name: test.wanted}, keep_data=True).kinds
    return (
        kinds is not None
        and entry.code is not None
        and entry.code in _alike(kinds) | {k.command for k in kinds}
    )


# -- what is different -------------------------------------------------------------------------------------


def _difference(test: Test, entry: JournalEntry) -> str:
    name, value = test.name, test.value(entry)
    if name == "data" and isinstance(test.wanted, (bytes, bytearray)) and isinstance(value, bytes):
        return _data_difference(bytes(test.wanted), value, entry.length)
    if name == "verb" and not entry.verbs and isinstance(test.wanted, str) and _same_deed(test, entry):
        failed = f"{TRIED}={test.wanted!r} finds what failed, too"
        return f"verb: expected {shown(test.wanted)}, but {_undone(entry)}; {failed}"
    text = f"{name}: expected {shown(test.wanted)}, was {_was(value)}"
    if name == "command":
        verb = _verb_for(test, entry)
        if verb:
            text += f'; verb="{verb}" finds it whatever command the client uses'
    return text


def _was(value: Any) -> str:
    if value is None:
        return "not there"
    if isinstance(value, tuple):
        return " and ".join(shown(one) for one in value) or "nothing"
    if isinstance(value, bytes) and len(value) > _LONGEST_DATA:
        return f"{value[:_DATA_SEEN]!r}... ({len(value)} bytes)"
    return shown(value)


def _undone(entry: JournalEntry) -> str:
    if entry.status is None:
        return "it has no answer"
    return f"it failed: {entry.status}" + (f" ({entry.reason})" if entry.reason else "")


def _verb_for(test: Test, entry: JournalEntry) -> str:
    """A verb that both the command that was expected and the one that came may stand for."""
    kinds = Criteria({test.name: test.wanted}, keep_data=True).kinds
    if kinds is None or entry.code is None:
        return ""
    done = entry.verbs or _verbs(Kind(entry.code, entry.function))
    expected = {verb for kind in kinds for verb in _verbs(kind)}
    return next((verb for verb in done if verb in expected), "")


def _data_difference(wanted: bytes, value: bytes, length: int | None) -> str:
    cut = length is not None and len(value) < length
    if cut and len(wanted) != length:
        said = shown(wanted) if len(wanted) <= _LONGEST_DATA else f"{len(wanted)} bytes"
        return f"data: expected {said}, was {length} bytes, which begin with {value[:_DATA_SEEN]!r}"
    if cut and wanted.startswith(value):
        return (
            f"data: only the first {len(value)} of {length} bytes are kept, so {len(wanted)} cannot be compared; "
            f"keep_data={length} keeps them"
        )
    if len(wanted) <= _LONGEST_DATA and len(value) <= _LONGEST_DATA:
        return f"data: expected {wanted!r}, was {value!r}"
    at = next(
        (index for index, (one, other) in enumerate(zip(wanted, value, strict=False)) if one != other), None
    )
    if at is None:
        at = min(len(wanted), len(value))
    return (
        f"data: expected {len(wanted)} bytes, was {len(value)}; they differ from byte {at} on: "
        f"expected {wanted[at : at + 16]!r}, was {value[at : at + 16]!r}"
    )
