"""Questions to what happened: those that every journal answers, of all of it or since a mark."""

import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from fakesmb.record.pairs import Happened, Pair

if TYPE_CHECKING:
    from fakesmb.record.amounts import Amount
    from fakesmb.record.criteria import Criteria, Criterion
    from fakesmb.record.journalentry import JournalEntry
    from fakesmb.record.steps import Step

# What decodes and compares takes longer to import than a server may to start: not before someone asks.


T = TypeVar("T")


class Window(NamedTuple):
    """What a question looks at."""

    items: "list[Pair | Happened]"
    """Exchanges and happenings, oldest first."""
    lost: int
    """Events of that time that are forgotten."""
    since: str
    """What it began with, in words: `it began`, `the mark`."""
    by_bytes: bool = False
    """Whether events are forgotten because of their bytes, and not of their number."""


class Loss(AssertionError):
    """A question whose answer would need what the journal has forgotten, or never kept."""


class Questions:
    """Asks a window of what happened. Criteria are the attributes of entries and the fields of messages
    (docs/record.md); every question waits for the turn of the reactor that it was asked in.
    """

    def _window(self) -> Window:
        raise NotImplementedError

    @property
    def _keeps_data(self) -> bool:
        raise NotImplementedError

    def look(self, criteria: "dict[str, Criterion]") -> "tuple[Criteria, Window]":
        """A question as it is checked, and what it looks at, for those who answer it bit by bit.

        Raises TypeError and ValueError for what cannot be asked.
        """
        return self._criteria(criteria), self._window()

    # -- what there is -------------------------------------------------------------------------------------

    def exchanges(self, **criteria: "Criterion") -> "list[JournalEntry]":
        """The exchanges that match, oldest first: one for each command of a client, with its answer or without one.

        Of those that are remembered: where others are forgotten it warns (UserWarning). `never` and `verify` fail then.
        """
        __tracebackhide__ = True
        asked = self._criteria(criteria)
        window = self._window()
        _warn_of_loss(window, asked)
        return list(found_in(window, asked))

    def entries(self, **criteria: "Criterion") -> "list[JournalEntry]":
        """As `exchanges`, with what befell connections: `event="disconnected"`."""
        __tracebackhide__ = True
        asked = self._criteria(criteria)
        window = self._window()
        _warn_of_loss(window, asked)
        return list(found_in(window, asked, happenings=True))

    def remembered(self, **criteria: "Criterion") -> "list[JournalEntry]":
        """As `entries`, for those who know that others may be forgotten: it does not warn."""
        __tracebackhide__ = True
        asked = self._criteria(criteria)
        return list(found_in(self._window(), asked, happenings=True))

    def problems(self) -> "list[JournalEntry]":
        """What went wrong inside the server."""
        return self.remembered(event="problem")

    # -- what there should be ------------------------------------------------------------------------------

    def verify(
        self,
        *,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        **criteria: "Criterion",
    ) -> "list[JournalEntry]":
        """The exchanges that match, which are as many as expected: at least one, unless it is said.

        Raises AssertionError that says what was there instead; also where events are forgotten that might count.
        """
        __tracebackhide__ = True
        from fakesmb.record.amounts import amount

        wanted = plainly(lambda: amount(count, at_least, at_most))
        return self._checked(wanted, self._criteria(criteria))

    def never(self, **criteria: "Criterion") -> None:
        """That no exchange matches. Raises AssertionError; also where events are forgotten."""
        __tracebackhide__ = True
        from fakesmb.record.amounts import amount

        self._checked(amount(0, None, None), self._criteria(criteria))

    def sequence(
        self, *steps: "Step", nothing_after: bool = False, per: str | None = None
    ) -> "list[JournalEntry]":
        """The exchanges that met the steps, which came in this order, with anything else between them.

        `per` tells exchanges apart (`path`, `connection`, `fid`, `share`, `user`): all steps are then met by those of
        one path, whichever that is. With `nothing_after` nothing came after the last step, of that path. Raises
        AssertionError that says which step was not met, and what was there.
        """
        __tracebackhide__ = True
        from fakesmb.record import sequence

        asked = plainly(
            lambda: sequence.checked(steps, per, nothing_after=nothing_after, keep_data=self._keeps_data)
        )
        window = self._window()
        outcome = sequence.met(window, steps, asked, per)
        why = sequence.verdict(window, steps, asked, outcome, nothing_after=nothing_after, per=per)
        if why:
            raise AssertionError(why)
        return outcome.found

    def _checked(self, wanted: "Amount", asked: "Criteria") -> "list[JournalEntry]":
        __tracebackhide__ = True
        window = self._window()
        unsure: list[Loss] = []
        found = list(found_in(window, asked, unsure=unsure))
        settle(wanted, len(found), unsure)
        why = verdict(wanted, asked, window, found)
        if why:
            raise AssertionError(why)
        return found

    def _criteria(self, criteria: "dict[str, Criterion]") -> "Criteria":
        __tracebackhide__ = True
        from fakesmb.record.criteria import Criteria

        return plainly(lambda: Criteria(criteria, keep_data=self._keeps_data))


def _warn_of_loss(window: Window, asked: "Criteria") -> None:
    """A list that lacks what is forgotten looks like any other."""
    if not window.lost:
        return
    events = "1 event is" if window.lost == 1 else f"{window.lost} events are"
    warnings.warn(
        f"{events} forgotten that came after {window.since}: what matches {asked} of the others is all that is told. "
        f"never(...) and verify(count=...) fail where that matters.",
        stacklevel=3,
    )


def plainly(make: "Callable[[], T]") -> "T":
    """What it makes. Its error has no traceback of ours: it is about what was asked, not about how we look at it."""
    __tracebackhide__ = True
    try:
        return make()
    except (TypeError, ValueError) as error:
        mistake = error.with_traceback(None)
    raise mistake


def found_in(
    window: Window, asked: "Criteria", *, happenings: bool = False, unsure: list[Loss] | None = None
) -> "Iterator[JournalEntry]":
    """The entries that match. Where cut data make that unsure, `unsure` gets the `Loss`, or it is raised."""
    __tracebackhide__ = True
    may = asked.may
    for item in window.items:
        if may(item) if isinstance(item, Pair) else happenings or asked.happenings:
            yield from _met(item, asked, unsure)


def matches(
    item: "Pair | Happened", asked: "Criteria", unsure: list[Loss] | None = None
) -> "Iterator[JournalEntry]":
    """The entries of one item that match."""
    __tracebackhide__ = True
    if not isinstance(item, Pair) or asked.may(item):
        yield from _met(item, asked, unsure)


def _met(item: "Pair | Happened", asked: "Criteria", unsure: list[Loss] | None) -> "Iterator[JournalEntry]":
    __tracebackhide__ = True
    from fakesmb.record.journalentry import entries_of

    for entry in entries_of(item):
        met = asked.meets(entry)
        if met:
            yield entry
        elif met is None:
            kept = len(entry.data or b"")
            loss = Loss(
                f"{entry!r}: only the first {kept} of its {entry.length} bytes are kept, so data= cannot be "
                f"compared; keep_data={entry.length} keeps them"
            )
            if unsure is None:
                raise loss
            unsure.append(loss)


def settle(wanted: "Amount", found: int, unsure: list[Loss]) -> None:
    """Raises the first `Loss` if the answer depends on those that may match or not."""
    __tracebackhide__ = True
    at_most = found + len(unsure)
    if wanted.holds(found) == wanted.holds(at_most) and (
        wanted.holds(found) or _same_side(wanted, found, at_most)
    ):
        return
    raise unsure[0]


def _same_side(wanted: "Amount", few: int, many: int) -> bool:
    """Whether both are too few, or both too many."""
    return many < wanted.least or (wanted.most is not None and few > wanted.most)


def verdict(wanted: "Amount", asked: "Criteria", window: Window, found: "list[JournalEntry]") -> str:
    """Why so many are not what was wanted, whole; empty where they are, and nothing is forgotten that counts."""
    enough = wanted.holds(len(found))
    if enough and (wanted.most is None or not window.lost):
        return ""
    from fakesmb.record.misses import mismatch

    return mismatch(wanted, asked, window, found)
