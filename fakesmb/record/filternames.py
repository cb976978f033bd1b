"""The names that a filter compares, and what their values are: the criteria of the journal, the keys of a JSON line.

Each makes a test of a subject, a `JournalEntry` or `Lines`, which have the same attributes.
"""

import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from fakesmb.nt.names import fold
from fakesmb.nt.nearest import nearest
from fakesmb.nt.patterns import folded, glob_matcher, is_glob, name_matcher, path_matcher
from fakesmb.nt.statusnames import status_by_name
from fakesmb.record import entry, prefilter, verbs
from fakesmb.record import filtervalues as of
from fakesmb.record.filtertext import FilterError, Term
from fakesmb.record.filtervalues import Values, attribute
from fakesmb.record.wirefields import wire_fields
from fakesmb.wire import names as wire_names
from fakesmb.wire.commands import Command
from fakesmb.wire.families import FAMILIES, Kind, kinds_of, subcommand_of, whole_name
from fakesmb.wire.levels import LEVELS, check_level, level_name

Test = Callable[[Any], bool]
"""Whether a subject is what a filter wants."""
Match = Callable[[Any], bool]
"""Whether a value is."""

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def _equal(value: Any, wanted: Any) -> bool:
    return bool(value == wanted)


def test_of(term: Term) -> Test:
    """The test that a comparison stands for; raises `FilterError`."""
    if not term.name:
        return _anywhere(term.value)
    try:
        make = _NAMES.get(term.name) or _field_maker(term.name)
        if term.operator in _ORDER and term.name in _NAMES and term.name not in _WITH_ORDER:
            raise ValueError(f"{term.operator} compares numbers and times, and {term.name} is neither")
        return make(term)
    except ValueError as error:
        told = "".join(term)
        raise FilterError(str(error) if isinstance(error, FilterError) else f"{told}: {error}") from None


# -- values ------------------------------------------------------------------------------------------------


def _compared(term: Term, values: Values, match: Match) -> Test:
    """Whether one of the values matches; with `!=` whether there are some, and none does."""
    if term.value == "*" and term.operator in ("=", "!="):
        if term.operator == "=":
            return lambda subject: any(True for _ in values(subject))
        return lambda subject: not any(True for _ in values(subject))
    if term.operator == "!=":

        def differs(subject: Any) -> bool:
            found = list(values(subject))
            return bool(found) and not any(map(match, found))

        return differs
    return lambda subject: any(map(match, values(subject)))


def _pattern(wanted: str) -> Callable[[str], bool]:
    """A text without regard to case; `*` and `?` stand for any characters."""
    form = fold(wanted)
    if not is_glob(form):
        return lambda text: fold(text) == form
    matches = glob_matcher(form)
    return lambda text: matches(fold(text))


def _contains(wanted: str) -> Callable[[str], bool]:
    """A text that is somewhere in another, without regard to case."""
    form = fold(wanted)
    if not is_glob(form):
        return lambda text: form in fold(text)
    return _pattern(f"*{wanted}*")


def _anywhere(text: str) -> Test:
    matches = _contains(text)
    return lambda subject: matches(subject.summary)


def number(text: str) -> int:
    """A number, decimal or hexadecimal; raises ValueError."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20}", text):
        return int(text, 0 if text[:2] in ("0x", "0X") else 10)
    raise ValueError(f"{text!r} is no number; one is written 16384 or 0x4000")


# -- kinds of names ----------------------------------------------------------------------------------------


def _number_of(values: Values) -> Callable[[Term], Test]:
    def make(term: Term) -> Test:
        if term.value == "*":
            return _compared(term, values, bool)
        wanted = number(term.value)
        compare = _ORDER.get(term.operator, _equal)
        return _compared(term, values, lambda value: compare(value, wanted))

    return make


def _text(values: Values, matcher: Callable[[str], Match]) -> Callable[[Term], Test]:
    return lambda term: _compared(term, values, matcher(term.value))


def _peer(term: Term) -> Test:
    wanted = term.value if re.search(r":(\d+|\*)$", term.value) else f"{term.value}:*"
    return _compared(term, attribute("peer"), name_matcher(wanted))


def _one_of(name: str, known: Collection[str], values: Values) -> Callable[[Term], Test]:
    """A name out of a list, or a pattern of names in it."""
    return lambda term: _compared(term, values, _known(name, term.value, known))


def _known(name: str, wanted: str, known: Collection[str]) -> Match:
    matches = _pattern(wanted)
    if wanted != "*" and not any(map(matches, known)):
        raise ValueError(f"no {name} is called {wanted!r}{nearest(wanted, list(known))}")
    return matches


def _command(term: Term) -> Test:
    if is_glob(term.value):
        spelt = [row.name for row in wire_names.COMMANDS.values()]
        short = _pattern(term.value)
        if not any(short(one) or short(one.removeprefix("SMB_COM_")) for one in spelt):
            raise ValueError(f"no command is called {term.value!r}{nearest(term.value.strip('*'), spelt)}")
        return _compared(
            term, attribute("command"), lambda one: short(one) or short(one.removeprefix("SMB_COM_"))
        )
    kinds = kinds_of(
        int(term.value, 16) if re.fullmatch("0[xX][0-9a-fA-F]{1,2}", term.value) else _spelt(term.value)
    )
    if term.operator == "!=":
        return lambda subject: subject.code is not None and not prefilter.of_kind(subject, kinds)
    return lambda subject: prefilter.of_kind(subject, kinds)


def _spelt(text: str) -> str:
    """`read`, `close`, `nt_create_andx`, `SMB_COM_0x5A` as they are written elsewhere."""
    name = whole_name(text)
    if name in FAMILIES or name != text:
        return name
    return text.upper().replace("0X", "0x")


def _status(term: Term) -> Test:
    values = attribute("status")
    if is_glob(term.value):
        known = [one.label for one in status_names()]
        matches = _pattern(term.value)
        if term.value != "*" and not any(_status_like(matches, one) for one in known):
            raise ValueError(f"no status is called {term.value!r}{nearest(term.value.strip('*'), known)}")
        return _compared(term, values, lambda value: _status_like(matches, value))
    wanted = entry.status_label(status_by_name(term.value))
    return _compared(term, values, lambda value: bool(value == wanted))


def status_names() -> Iterable[Any]:
    """All that have a name."""
    from fakesmb.nt.status import NT

    return NT


def _status_like(matches: Match, label: str) -> bool:
    return matches(label) or matches(label.removeprefix("STATUS_"))


def _subcommand(term: Term) -> Test:
    values = attribute("subcommand")
    if is_glob(term.value) or re.fullmatch("0x[0-9A-Fa-f]{4}", term.value):
        return _compared(term, values, _pattern(term.value))
    wanted = subcommand_of(term.value.upper())
    kinds = frozenset({wanted})
    if term.operator == "!=":
        return lambda subject: subject.subcommand is not None and not prefilter.of_kind(subject, kinds)
    return lambda subject: prefilter.of_kind(subject, kinds)


def _level(term: Term) -> Test:
    kinds = frozenset({Kind(Command.TRANSACTION2)})
    match: Match
    if is_glob(term.value):
        match = _pattern(term.value)
    elif term.value[:1].isdigit():
        told = {level_name(subcommand, number(term.value)) for subcommand in (None, *LEVELS)}
        match = told.__contains__
    else:
        known = {one.upper(): one for names in LEVELS.values() for one in names.values()}
        spelt = known.get(term.value.upper(), term.value)
        check_level(spelt)
        match = spelt.__eq__
    test = _compared(term, attribute("level"), match)
    return lambda subject: prefilter.of_kind(subject, kinds) and test(subject)


def _verb(term: Term) -> Test:
    match = _known("verb", term.value, verbs.VERBS)
    kinds = frozenset[Kind]().union(*(verbs.commands_of(one) for one in verbs.VERBS if match(one)))
    if term.operator == "!=":
        return lambda subject: bool(subject.verbs) and not any(map(match, subject.verbs))
    return lambda subject: prefilter.of_kind(subject, kinds) and any(map(match, subject.verbs))


def _tried(term: Term) -> Test:
    match = _known("verb", term.value, verbs.VERBS)
    kinds = frozenset[Kind]().union(*(verbs.commands_of(one) for one in verbs.VERBS if match(one)))
    if term.operator == "!=":
        return lambda subject: subject.code is not None and not prefilter.of_kind(subject, kinds)
    return lambda subject: prefilter.of_kind(subject, kinds)


def _path(term: Term) -> Test:
    """A listing answers to its directory, too: its path is that of its pattern."""
    matches = path_matcher(term.value)
    listings = FAMILIES["FIND"]

    def values(subject: Any) -> Iterable[str]:
        path = subject.path
        if path is not None:
            yield path
            if is_glob(path) and prefilter.of_kind(subject, listings):
                yield folded(path).rpartition("\\")[0] or "\\"

    return _compared(term, values, matches)


def _truth(name: str, values: Values) -> Callable[[Term], Test]:
    def make(term: Term) -> Test:
        wanted = _TRUTHS.get(term.value.lower())
        if wanted is None:
            raise ValueError(f"{name} is yes or no, not {term.value!r}")
        return _compared(term, values, lambda value: value is wanted)

    return make


_TRUTHS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _time(term: Term) -> Test:
    """Times compare as they are written; so much of one as is given."""
    wanted = term.value.upper().rstrip("Z")
    if not re.fullmatch(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d{1,6})?)?)?)?)?)?", wanted):
        raise ValueError("a time is UTC, written 2004-02-01T10:30:00, or the beginning of that")
    wanted = wanted.replace(" ", "T")
    compare = _ORDER.get(term.operator, _equal)
    return _compared(term, attribute("time"), lambda value: compare(value[: len(wanted)], wanted))


# -- fields of messages ------------------------------------------------------------------------------------

_HALVES: Final = {"request": (True,), "response": (False,), "": (True, False)}


def _field_maker(name: str) -> Callable[[Term], Test]:
    half, dot, field = name.rpartition(".")
    if (dot and half not in ("request", "response")) or field not in wire_fields():
        known = [*_NAMES, *wire_fields()]
        near = nearest(field if dot else name, known)
        raise FilterError(f"nothing that a filter compares is called {name!r}{near}")
    return _field


def _field(term: Term) -> Test:
    """A field of the request or of the answer, by its name in `fakesmb.wire`."""
    half, _, name = term.name.rpartition(".")
    halves = _HALVES[half]
    kinds = prefilter.with_field(name)
    compare = _ORDER.get(term.operator, _equal)
    try:
        wanted: int | None = number(term.value)
    except ValueError:
        if term.operator in _ORDER:
            raise
        wanted = None
    like = _pattern(term.value)

    def match(value: Any) -> bool:
        if isinstance(value, int):  # which a truth is, too
            return wanted is not None and compare(int(value), wanted)
        return term.operator not in _ORDER and isinstance(value, str) and like(value)

    def values(subject: Any) -> Iterable[Any]:
        if prefilter.of_kind(subject, kinds):
            for asked in halves:
                fields = subject.request if asked else subject.response
                for place in (fields, fields.get("parameters"), fields.get("detail")):
                    if isinstance(place, Mapping) and place.get(name) is not None:
                        yield place[name]

    return _compared(term, values, match)


# -- the table ---------------------------------------------------------------------------------------------

_NUMBERS: Final[Mapping[str, Values]] = {
    "number": of.numbers,
    "size": of.sizes,
    **{name: of.identifier(name) for name in ("mid", "uid", "tid", "pid")},
    **{
        name: attribute(name) for name in ("connection", "fid", "offset", "length", "took_us", "job", "bytes")
    },
}
_WITH_ORDER: Final = frozenset({*_NUMBERS, "time"})

_NAMES: Final[Mapping[str, Callable[[Term], Test]]] = {
    "command": _command,
    "subcommand": _subcommand,
    "level": _level,
    "status": _status,
    "verb": _verb,
    "tried": _tried,
    "path": _path,
    "peer": _peer,
    "time": _time,
    "to": _text(attribute("to"), path_matcher),
    "answered": _truth("answered", attribute("answered")),
    "event": _one_of("event", (*entry.EVENTS, "exchange"), of.events),
    "direction": _one_of("direction", ("C", "R"), of.directions),
    "kind": _one_of("kind", ("user", "guest", "anonymous"), of.of_connection("kind")),
    **{name: _number_of(values) for name, values in _NUMBERS.items()},
    **{
        name: _text(attribute(name), name_matcher)
        for name in ("user", "share", "domain", "workstation", "document")
    },
    **{name: _text(attribute(name), _contains) for name in ("summary", "reason", "problem", "fault")},
    **{name: _text(of.of_connection(name), _contains) for name in ("native_os", "protection", "traceback")},
    **{name: _truth(name, of.of_connection(name)) for name in ("by_server", "pipe")},
}
"""What each name makes of a comparison."""

NAMES: Final = tuple(sorted(_NAMES))
"""All but the fields of messages."""
