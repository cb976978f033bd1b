"""Whether exchanges came in an order: steps, one after the other, with anything else between them.

The first exchange that meets a step is taken for it, and the next step is looked for behind that one. Of those that
meet the last step the last one is, so that what comes after it is after all of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from fakesmb.nt.nearest import nearest
from fakesmb.nt.patterns import folded
from fakesmb.record.causes import causes
from fakesmb.record.criteria import Criteria
from fakesmb.record.journalentry import JournalEntry, entries_of
from fakesmb.record.misses import MOST_LINES, loss, nearest_miss
from fakesmb.record.pairs import Pair
from fakesmb.record.prefilter import of_kind
from fakesmb.record.questions import found_in
from fakesmb.record.steps import Step
from fakesmb.record.verbs import commands_of

if TYPE_CHECKING:
    from fakesmb.record.questions import Window


class Met(NamedTuple):
    """How far the steps came in one group of exchanges."""

    group: object
    found: list[JournalEntry]
    after: JournalEntry | None
    """What came after the last step."""


Key = Callable[[JournalEntry], object]


def _path(entry: JournalEntry) -> object:
    return None if entry.path is None else (entry.share, folded(entry.path))


def _user(entry: JournalEntry) -> object:
    return None if entry.user is None else entry.user.casefold()


_KEYS: Final[Mapping[str, Key]] = {
    "connection": lambda entry: entry.connection,
    "path": _path,
    "share": lambda entry: entry.share,
    "user": _user,
    "fid": lambda entry: None if entry.fid is None else (entry.connection, entry.fid),
}
"""What exchanges can be told apart by."""


def checked(
    steps: Sequence[Step], per: str | None, *, nothing_after: bool, keep_data: bool
) -> list[Criteria]:
    """The steps as criteria. Raises TypeError and ValueError for what is none."""
    if not steps:
        raise ValueError("a sequence has at least one step")
    for step in steps:
        if not isinstance(step, Step):
            raise TypeError(f"a step is opened(...), exchange(command=...) and the like, not {step!r}")
    if not isinstance(nothing_after, bool):
        raise TypeError(f"nothing_after is True or False, not {nothing_after!r}")
    if per is not None and not isinstance(per, str):
        raise TypeError(f"per is a name ({', '.join(_KEYS)}), not {per!r}")
    if per is not None and per not in _KEYS:
        raise ValueError(f"exchanges are not told apart per {per!r}{nearest(per, list(_KEYS))}")
    return [Criteria(step.criteria, keep_data=keep_data) for step in steps]


def met(window: "Window", steps: Sequence[Step], asked: list[Criteria], per: str | None) -> Met:
    """The group in which the most steps were met, the first of those that are equal in that."""
    best: Met | None = None
    for group, entries in _groups(window, asked, per).items():
        one = _in_order(group, entries, asked)
        whole = len(one.found) == len(steps)
        if (
            best is None
            or len(one.found) > len(best.found)
            or (whole and one.after is None and best.after is not None)
        ):
            best = one
        if whole and one.after is None:
            break
    return best or Met(None, [], None)


def _groups(
    window: "Window", asked: list[Criteria], per: str | None
) -> "Mapping[object, list[JournalEntry | Pair]]":
    """Exchanges by what they are told apart by; whole pairs where everything is one group."""
    if per is None:
        return {None: [item for item in window.items if isinstance(item, Pair)]}
    key, found = _KEYS[per], dict[object, list[JournalEntry | Pair]]()
    opens = commands_of("opened")
    opened: dict[object, int] = {}
    for item in window.items:
        if not isinstance(item, Pair):
            continue
        for entry in entries_of(item):
            group = key(entry)
            if group is None:
                continue
            if per == "fid":
                if (
                    of_kind(entry, opens) and "opened" in entry.verbs
                ):  # the number is another open's from here on
                    opened[group] = opened.get(group, 0) + 1
                group = group, opened.get(group, 0)
            found.setdefault(group, []).append(entry)
    return found


def _in_order(group: object, entries: "Iterable[JournalEntry | Pair]", asked: list[Criteria]) -> Met:
    """The first exchange that meets each step, and of the last step the last one."""
    found: list[JournalEntry] = []
    after: JournalEntry | None = None
    for item in entries:
        whole = len(found) == len(asked)
        pair = item if isinstance(item, Pair) else item.item
        looked_for = asked[-1 if whole else len(found)]
        if isinstance(pair, Pair) and not (whole and after is None) and not looked_for.may(pair):
            continue
        rest: Iterable[JournalEntry] = entries_of(item) if isinstance(item, Pair) else (item,)
        for entry in rest:
            if len(found) < len(asked):
                if asked[len(found)].meets(entry):
                    found.append(entry)
            elif asked[-1].meets(entry):
                found[-1], after = entry, None
            elif after is None:
                after = entry
    return Met(group, found, after)


def verdict(
    window: "Window",
    steps: Sequence[Step],
    asked: list[Criteria],
    outcome: Met,
    *,
    nothing_after: bool,
    per: str | None,
) -> str:
    """Why the sequence did not come, at most `MOST_LINES` lines; empty where it did."""
    found = len(outcome.found)
    lost = loss(window)
    where = f" per {per}" if per else ""
    if found == len(steps):
        if not nothing_after or (outcome.after is None and not lost):
            return ""
        if outcome.after is None:
            return f"The sequence came{where}, and nothing after it is remembered. {lost}"
        return "\n".join(
            [
                f"Something came after the {len(steps)} steps of the sequence{where}:",
                *_came(steps, outcome),
                f"  after them: {outcome.after!r}",
            ][:MOST_LINES]
        )
    lines = [
        f"Step {found} (from 0) of {len(steps)} was not met{where}: {steps[found]!r}.",
        *_came(steps, outcome),
    ]
    there = _behind(window, outcome, per)
    if there is not None:
        lines.append(f"  there was: {there!r}")
    # What meets no first step of all exchanges is nowhere.
    early = next(found_in(window, asked[found]), None) if found or per else None
    if early is not None:
        told = [f"  it was met elsewhere: {early!r}"]
    else:
        told = [*nearest_miss(asked[found], window), *causes(window)]
    room = MOST_LINES - len(lines) - bool(lost)
    return "\n".join([*lines, *told[: max(room, 0)], *([lost] if lost else [])])


def _came(steps: Sequence[Step], outcome: Met) -> list[str]:
    """The steps that were met: the last ones, where they are many."""
    lines = [f"  {index}: {steps[index]!r} was {entry!r}" for index, entry in enumerate(outcome.found)]
    return lines if len(lines) <= 4 else lines[-4:]


def _behind(window: "Window", outcome: Met, per: str | None) -> JournalEntry | None:
    """The first exchange behind the last step that was met, in the same group."""
    last = outcome.found[-1] if outcome.found else None
    for item in window.items:
        if not isinstance(item, Pair):
            continue
        for entry in entries_of(item):
            if last is not None:
                if entry == last:
                    last = None
                continue
            group = None if per is None or per == "fid" else _KEYS[per](entry)
            if outcome.found and (per in (None, "fid") or group == outcome.group):
                return entry
    return None
