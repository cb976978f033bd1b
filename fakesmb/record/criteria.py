"""What a journal can be asked for: checked names and values, so that a question never finds nothing in silence.

`Criteria` are made once for a question, and then look at pairs cheaply (`may`) and at entries exactly.
"""

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from fakesmb.nt.nearest import nearest
from fakesmb.nt.patterns import name_matcher, path_matcher
from fakesmb.nt.status import NT, label
from fakesmb.nt.statusnames import status_by_name
from fakesmb.record import prefilter, verbs
from fakesmb.record.entry import EVENTS
from fakesmb.record.journalentry import ATTRIBUTES, WITH_TARGET, JournalEntry
from fakesmb.record.pairs import Pair
from fakesmb.record.ranges import WITH_RANGE
from fakesmb.record.wirefields import wire_fields
from fakesmb.wire.commands import Command
from fakesmb.wire.families import kinds_of, subcommand_of, whole_name
from fakesmb.wire.levels import check_level, level_name

Criterion = object
"""A plain value, a `re.Pattern` (found in the text), a function of the value, or a set of values (any of them)."""

JOURNAL_EVENTS: Final = ("exchange", *(one for one in EVENTS if one not in ("request", "response")))
"""Every `event` of an entry."""
KEEP_DATA: Final = (
    "the journal keeps no data of files: say how many bytes of each read and write it shall keep, by "
    "FakeSMB(keep_data=65536), [log] keep_data or --keep-data"
)
TRIED: Final = "tried"
"""As `verb`, also of what failed."""
FILTER: Final = "filter"
"""An expression in the language of docs/filter.md."""

_NUMBERS: Final = frozenset(
    {"number", "connection", "fid", "offset", "length", "took_us", "mid", "uid", "tid", "pid", "job", "bytes"}
)
_NAMES: Final = frozenset({"user", "share", "peer", "domain", "workstation", "document"})
_PATHS: Final = frozenset({"path", "to"})
_HALVES: Final = frozenset({"request", "response"})
NAMES: Final = (
    *(one for one in ATTRIBUTES if one not in ("verbs", "status_code", "code", "function", "place", "time")),
    TRIED,
    FILTER,
)
"""Every criterion but the fields of messages."""

_AMOUNTS: Final = frozenset({"count", "at_least", "at_most", "timeout"})
"""What some questions take beside criteria, and fields of messages are called by, too."""
_ONLY_OF_HAPPENINGS: Final = frozenset({"kind", "domain", "workstation", "job", "document", "bytes"})
_OF_HAPPENINGS: Final = _ONLY_OF_HAPPENINGS | {
    "event",
    "connection",
    "peer",
    "user",
    "reason",
    "summary",
    "status",
    "problem",
}
_OF_JOBS: Final = frozenset({"job", "document", "bytes"})

Match = Callable[[Any], bool | None]
"""Whether a value is the one that is wanted; None where that cannot be told."""


class Test(NamedTuple):
    """One criterion of a question."""

    name: str
    wanted: Criterion
    value: Callable[[JournalEntry], Any]
    match: Callable[[JournalEntry], bool | None]


class Criteria:
    """A question: what an entry has to be like. Raises TypeError and ValueError for what cannot be asked.

    `keep_data` says whether the journal keeps what was read and written.
    """

    def __init__(self, criteria: Mapping[str, Criterion], *, keep_data: bool) -> None:
        self.given = dict(criteria)
        if "data" in criteria and not keep_data:
            raise ValueError(KEEP_DATA)
        self.tests = tuple(_test(name, wanted) for name, wanted in criteria.items())
        self._check_together()
        fields = [name for name in criteria if name not in NAMES]
        self._filters = prefilter.filters(self.given, self.kinds, fields)

    def _check_together(self) -> None:
        """Raises ValueError for what nothing can ever be: `never` would always hold."""
        if self.happenings:
            known = _OF_HAPPENINGS
            if self.given.get("event") in ("printed", "not_printed") or _OF_JOBS & set(self.given):
                known = known | {"share", "path"}
            others = [name for name in self.given if name not in known]
            if others:
                raise ValueError(f"no event of a connection has {others[0]}: {self}")
        if self.kinds is not None and not self.kinds:
            raise ValueError(f"no command can meet all of these: {self}")
        status = self.given.get("status")
        if status is not None and self.given.get("answered") is False:
            raise ValueError(f"what has no answer has no status: {self}")
        verb = self.given.get("verb")
        if isinstance(verb, str) and verb not in verbs.UNANSWERED and self.given.get("answered") is False:
            raise ValueError(f"a verb says what was done, and this is answered when it is: {self}")
        if verb is None or not isinstance(status, (str, int)):
            return
        if label(status if isinstance(status, int) else status_by_name(status)) not in verbs.DONE:
            raise ValueError(
                f"a verb says what was done, and with status={shown(status)} nothing was: "
                f"{TRIED}={shown(self.given['verb'])} finds what failed"
            )

    @property
    def kinds(self) -> "frozenset[prefilter.Kind] | None":
        """The commands and subcommands that it can be about; None: any."""
        found: frozenset[prefilter.Kind] | None = None
        for name, wanted in self.given.items():
            kinds = _kinds(name, wanted)
            if kinds is not None:
                found = kinds if found is None else prefilter.both(found, kinds)
        return found

    @property
    def happenings(self) -> bool:
        """Whether it asks for events of connections, which are no exchanges."""
        event = self.given.get("event")
        return not _ONLY_OF_HAPPENINGS.isdisjoint(self.given) or (event is not None and event != "exchange")

    def may(self, pair: Pair) -> bool:
        """Whether a pair can hold a match, as far as that is seen without decoding it."""
        return all(passes(pair) for passes in self._filters)

    def misses(self, entry: JournalEntry) -> list[Test]:
        """The criteria that the entry does not meet."""
        return [test for test in self.tests if not test.match(entry)]

    def meets(self, entry: JournalEntry) -> bool | None:
        """Whether the entry meets all; None where that cannot be told."""
        met: bool | None = True
        for test in self.tests:
            found = test.match(entry)
            if found is None:
                met = None
            elif not found:
                return False
        return met

    def __str__(self) -> str:
        return ", ".join(f"{name}={shown(wanted)}" for name, wanted in self.given.items()) or "anything"


def shown(value: object) -> str:
    """A value as it is written in Python, and whole."""
    if isinstance(value, re.Pattern):
        pattern: object = value.pattern
        return f"/{pattern}/" if isinstance(pattern, str) else repr(value)
    if callable(value) and not isinstance(value, type):
        name = getattr(value, "__name__", "")
        return name if name.isidentifier() else "a condition"
    if isinstance(value, NT):
        return f"NT.{value.name}"
    return repr(value)


# -- one criterion -----------------------------------------------------------------------------------------


def _test(name: str, wanted: Criterion) -> Test:
    if name in NAMES and isinstance(wanted, (set, frozenset, list, tuple)) and not wanted:
        raise ValueError(f"{name}={wanted!r}: an empty list of values matches nothing")
    if name in _AMOUNTS:
        raise TypeError(
            f"{name}= says nothing of an exchange, and is not asked for here; "
            f'a field of that name: request={{"{name}": ...}} or response={{"{name}": ...}}'
        )
    if name == FILTER:
        return _filter(wanted)
    if name == TRIED:
        kinds = _of_verbs(wanted)
        return Test(name, wanted, lambda entry: entry.verbs, lambda entry: prefilter.of_kind(entry, kinds))
    if name == "verb":
        match = _any(wanted, _verb)
        return Test(
            name,
            wanted,
            lambda entry: entry.verbs or None,
            lambda entry: any(map(match, entry.verbs or (None,))),
        )
    if name == "command":
        return Test(name, wanted, lambda entry: entry.command, _command(wanted))
    if name == "data":
        match = _any(wanted, _data)
        return Test(name, wanted, lambda entry: entry.data, lambda entry: _data_match(entry, wanted, match))
    if name == "path":
        match = _any(wanted, _path)
        return Test(name, wanted, lambda entry: entry.path, lambda entry: _path_match(entry, wanted, match))
    if name in _HALVES:
        return _half(name, wanted)
    if name in NAMES:
        match = _any(wanted, _MAKERS.get(name) or (_number if name in _NUMBERS else _text), name)
        return Test(
            name, wanted, lambda entry: getattr(entry, name), lambda entry: match(getattr(entry, name))
        )
    fields = wire_fields()
    if name not in fields:
        near = nearest(name, [*NAMES, *fields])
        raise TypeError(f"no criterion and no field of a message is called {name!r}{near}")
    match = _field(name, wanted)
    return Test(
        name,
        wanted,
        lambda entry: _values(entry, name)[0],
        lambda entry: any(map(match, _values(entry, name))),
    )


def _filter(wanted: Criterion) -> Test:
    from fakesmb.record.filters import Filter

    if not isinstance(wanted, (str, Filter)):
        raise TypeError(f"filter is an expression such as 'command=READ status!=SUCCESS', not {wanted!r}")
    compiled = Filter.parse(wanted) if isinstance(wanted, str) else wanted
    return Test(FILTER, compiled.text, lambda entry: entry.summary, compiled.matches_entry)


def _any(wanted: Criterion, make: Callable[..., Match], *more: str) -> Match:
    """For a set or list of values: whether one of them matches. Patterns, functions and None are made here."""
    if isinstance(wanted, (set, frozenset, list, tuple)):
        matches = [_any(one, make, *more) for one in wanted]
        return lambda value: any(match(value) for match in matches)
    if wanted is None:
        return lambda value: value is None
    if isinstance(wanted, re.Pattern):
        if isinstance(wanted.pattern, bytes) and make is not _data:
            raise TypeError(f"only data= is asked for by a pattern of bytes, not {wanted.pattern!r}")
        if isinstance(wanted.pattern, str) and make is _data:
            raise TypeError(f"data are bytes, a pattern of bytes or a function, not {wanted!r}")
        return _pattern(wanted)
    if callable(wanted) and not isinstance(wanted, type):
        condition = wanted
        return lambda value: value is not None and bool(condition(value))
    return make(wanted, *more)


def _pattern(wanted: "re.Pattern[Any]") -> Match:
    if isinstance(wanted.pattern, bytes):
        return lambda value: isinstance(value, bytes) and wanted.search(value) is not None
    return lambda value: value is not None and wanted.search(str(value)) is not None


def _typed(wanted: Criterion, name: str, kind: str, *types: type) -> None:
    if isinstance(wanted, bool) or not isinstance(wanted, types):
        raise TypeError(f"{name} is {kind}, a pattern or a function, not {wanted!r}")


def _text(wanted: Any, name: str) -> Match:
    _typed(wanted, name, "a text", str)
    return lambda value: bool(value == wanted)


def _number(wanted: Any, name: str) -> Match:
    _typed(wanted, name, "a whole number", int)
    if wanted < 0:
        raise ValueError(f"{name} is a whole number from 0 on, not {wanted}")
    return lambda value: bool(value == wanted)


def _name(wanted: Any, name: str) -> Match:
    _typed(wanted, name, "a name", str)
    if name == "peer" and not re.search(r":(\d+|\*)$", wanted):
        wanted += ":*"  # an address, whatever its port
    matches = name_matcher(wanted)
    return lambda value: value is not None and matches(value)


def _path(wanted: Any, name: str = "path") -> Match:
    if isinstance(wanted, os.PathLike):
        wanted = os.fspath(wanted)
    _typed(wanted, name, "a path", str)
    matches = path_matcher(wanted)
    return lambda value: value is not None and matches(value)


def _status(wanted: Any, name: str) -> Match:
    _typed(wanted, name, "a status (NT.ACCESS_DENIED or its name)", str, int)
    code = wanted if isinstance(wanted, int) else status_by_name(wanted)
    if not 0 <= code <= 0xFFFFFFFF:
        raise ValueError(f"a status has 32 bits, not {wanted}")
    told = label(code)
    return lambda value: bool(value == told)


def _event(wanted: Any, name: str) -> Match:
    _one_of(wanted, name, JOURNAL_EVENTS)
    return lambda value: bool(value == wanted)


def _kind(wanted: Any, name: str) -> Match:
    _one_of(wanted, name, ("user", "guest", "anonymous"))
    return lambda value: bool(value == wanted)


def _verb(wanted: Any) -> Match:
    _one_of(wanted, "verb", verbs.VERBS)
    return lambda value: bool(value == wanted)


def _one_of(wanted: Criterion, name: str, known: Collection[str]) -> None:
    _typed(wanted, name, "a name", str)
    if wanted not in known:
        raise ValueError(f"no {name} is called {wanted!r}{nearest(wanted, list(known))}")


def _subcommand(wanted: Any, name: str) -> Match:
    _typed(wanted, name, "a name (TRANS2_FIND_FIRST2)", str)
    if not re.fullmatch(r"0x[0-9A-F]{4}", wanted):
        subcommand_of(wanted)
    return lambda value: bool(value == wanted)


def _level(wanted: Any, name: str) -> Match:
    _typed(wanted, name, "a name (SMB_QUERY_FILE_ALL_INFO) or a number", str, int)
    if isinstance(wanted, int):
        if not 0 <= wanted <= 0xFFFF:
            raise ValueError(f"an information level has 16 bits, not {wanted}")
        told = {level_name(subcommand, wanted) for subcommand in (None, *range(0x11))}
        return lambda value: value in told
    check_level(wanted)
    return lambda value: bool(value == wanted)


def _truth(wanted: Any, name: str) -> Match:
    if not isinstance(wanted, bool):
        raise TypeError(f"{name} is True or False, not {wanted!r}")
    return lambda value: value is wanted


_MAKERS: Final[Mapping[str, Callable[..., Match]]] = {
    **dict.fromkeys(_NAMES, _name),
    "to": _path,
    "status": _status,
    "event": _event,
    "kind": _kind,
    "subcommand": _subcommand,
    "level": _level,
    "answered": _truth,
}
"""What makes the comparison of a plain value, by criterion."""


# -- commands, paths, data ---------------------------------------------------------------------------------


def _command(wanted: Criterion) -> Callable[[JournalEntry], bool]:
    kinds = _of_commands(wanted)
    if kinds is None:
        match = _any(wanted, _text, "command")
        return lambda entry: bool(match(entry.command))
    return lambda entry: prefilter.of_kind(entry, kinds)


def _kinds(name: str, wanted: Criterion) -> "frozenset[prefilter.Kind] | None":
    if name == "command":
        return _of_commands(wanted)
    if name in ("verb", TRIED):
        return _of_verbs(wanted, strict=name == TRIED)
    if name in _HALVES and isinstance(wanted, Mapping):
        found: frozenset[prefilter.Kind] | None = None
        for one, value in wanted.items():
            kinds = None if _is_layer(one, value) else prefilter.with_field(one)
            if kinds is not None:
                found = kinds if found is None else prefilter.both(found, kinds)
        return found
    if name == "subcommand" and isinstance(wanted, str):
        return None if wanted.startswith("0x") else frozenset({subcommand_of(wanted)})
    if name in ("offset", "length", "data") and wanted is not None:
        return WITH_RANGE
    if name == "level" and isinstance(wanted, (str, int)):
        return frozenset({prefilter.Kind(Command.TRANSACTION2)})
    if name == "to" and isinstance(wanted, str):
        return frozenset(map(prefilter.Kind, WITH_TARGET))
    return None if name in NAMES else prefilter.with_field(name)


def _of_commands(wanted: Criterion) -> "frozenset[prefilter.Kind] | None":
    """The commands that a criterion names; None for one that is a pattern, a function or None."""
    if isinstance(wanted, (set, frozenset, list, tuple)):
        kinds = [_of_commands(one) for one in wanted]
        return None if None in kinds else frozenset().union(*(one for one in kinds if one is not None))
    if (
        wanted is None
        or isinstance(wanted, re.Pattern)
        or (callable(wanted) and not isinstance(wanted, type))
    ):
        return None
    _typed(wanted, "command", "a command (Command.CLOSE, its name, or READ, WRITE, OPEN, FIND)", str, int)
    return kinds_of(whole_name(wanted) if isinstance(wanted, str) else wanted)  # type: ignore[arg-type]


def _of_verbs(wanted: Criterion, *, strict: bool = True) -> "frozenset[prefilter.Kind] | None":
    if isinstance(wanted, (set, frozenset, list, tuple)):
        kinds = [_of_verbs(one, strict=strict) for one in wanted]
        return None if None in kinds else frozenset().union(*(one for one in kinds if one is not None))
    if not isinstance(wanted, str):
        if strict:
            raise TypeError(f"{TRIED} is a verb, not {wanted!r}")
        return None
    _verb(wanted)
    return verbs.commands_of(wanted)


def _path_match(entry: JournalEntry, wanted: Criterion, match: Match) -> bool:
    path = entry.path
    if path is None:
        return bool(match(None))
    if match(path):
        return True
    if match(path.rpartition("\\")[0] or "\\"):
        return "listed" in entry.verbs
    if not isinstance(wanted, str) or not prefilter.covers(path, wanted):
        return False
    return not _BY_PATTERN.isdisjoint(entry.verbs)


_BY_PATTERN: Final = frozenset({"deleted", "renamed", "copied"})
"""What may be done to all files that a pattern matches: the path of such a request is the pattern."""


def _data(wanted: Any) -> Match:
    if not isinstance(wanted, (bytes, bytearray, memoryview)):
        raise TypeError(f"data are bytes, a pattern of bytes or a function, not {wanted!r}")
    whole = bytes(wanted)
    return lambda value: bool(value == whole)


def _data_match(entry: JournalEntry, wanted: Criterion, match: Match) -> bool | None:
    data, length = entry.data, entry.length
    if data is None or length is None or len(data) >= length:
        return match(data)
    return _cut_match(data, length, wanted)


def _cut_match(data: bytes, length: int, wanted: Criterion) -> bool | None:
    """Whether data of which the beginning is kept may be those; None where the rest would have to tell."""
    if isinstance(wanted, (set, frozenset, list, tuple)):
        return None if None in [_cut_match(data, length, one) for one in wanted] else False
    if wanted is None:
        return False
    if isinstance(wanted, (bytes, bytearray, memoryview)):
        return None if len(wanted) == length and bytes(wanted[: len(data)]) == data else False
    return None


# -- fields of messages ------------------------------------------------------------------------------------


def _half(name: str, wanted: Criterion) -> Test:
    """`request={"desired_access": 1}`: fields of that half."""
    if not isinstance(wanted, Mapping):
        raise TypeError(f"{name} is a mapping from fields to values, not {wanted!r}")
    matches = {}
    for one, value in wanted.items():
        if _is_layer(one, value):
            matches[one] = _text_of_layer(value)
            continue
        if one not in wire_fields():
            raise TypeError(f"no field of a message is called {one!r}{nearest(one, list(wire_fields()))}")
        matches[one] = _field(one, value)

    def match(entry: JournalEntry) -> bool:
        values = getattr(entry, name)
        return all(any(map(matches[one], _in(values, one))) for one in matches)

    return Test(
        name, wanted, lambda entry: {one: _in(getattr(entry, name), one)[0] for one in matches}, match
    )


def _is_layer(name: object, wanted: object) -> bool:
    """Whether it is what an entry tells of a layer of its own: the parameters of a transaction, what data hold."""
    return name in ("parameters", "detail") and isinstance(wanted, (Mapping, list))


def _text_of_layer(wanted: object) -> Match:
    told = prefilter.as_told(wanted)
    return lambda value: bool(value == told)


_SHOWN_BYTES: Final = re.compile(r"([0-9a-f]{2})*(\.\.\. \(\d+ bytes\))?|\d+ bytes")
"""Bytes as an entry tells them: hexadecimal digits, the first of them, or their number alone."""
_KINDS: Final = {int: "a whole number", str: "a text", bytes: "bytes"}


def _field(name: str, wanted: Criterion) -> Match:
    if (
        wanted is None
        or isinstance(wanted, re.Pattern)
        or (callable(wanted) and not isinstance(wanted, type))
    ):
        return _any(wanted, _text, name)
    kinds = wire_fields()[name]
    if bytes in kinds and str not in kinds and isinstance(wanted, str):
        if not _SHOWN_BYTES.fullmatch(wanted):
            raise TypeError(
                f"{name} is bytes, or their hexadecimal digits, a pattern or a function, not {wanted!r}"
            )
    elif object not in kinds:
        _typed(wanted, name, " or ".join(sorted(_KINDS[kind] for kind in kinds)), *kinds)
    told = prefilter.as_told(wanted)
    return lambda value: bool(value == told)


def _values(entry: JournalEntry, name: str) -> list[Any]:
    """What the halves have of that name, the request's first; a None where they have nothing."""
    found = [one for half in (entry.request, entry.response) for one in _in(half, name) if one is not None]
    return found or [None]


def _in(fields: Mapping[str, Any], name: str) -> list[Any]:
    places: Iterable[Any] = (fields, fields.get("parameters"), fields.get("detail"))
    found = [place[name] for place in places if isinstance(place, Mapping) and name in place]
    return found or [None]
