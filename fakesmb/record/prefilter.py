"""What can be seen of a pair without decoding it: few of many thousands are worth that."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from fakesmb.nt.patterns import folded, is_glob, name_matcher, path_matcher
from fakesmb.nt.statusnames import status_by_name
from fakesmb.record.describe import title
from fakesmb.record.dissect import IPC
from fakesmb.record.glance import glance_at, glances, is_chain, number, trans2_function, trans2_level
from fakesmb.record.pairs import PRIMARY, Pair
from fakesmb.record.ranges import range_at_a_glance
from fakesmb.record.values import plain
from fakesmb.record.wirefields import CARRIERS, may_have, wire_fields, with_field
from fakesmb.wire.commands import Command
from fakesmb.wire.families import Kind
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE
from fakesmb.wire.levels import level_name
from fakesmb.wire.trans2 import Trans2

if TYPE_CHECKING:
    from fakesmb.record.journalentry import JournalEntry

__all__ = ["Kind", "as_told", "both", "covers", "filters", "of_kind", "with_field"]

Filter = Callable[[Pair], bool]

_ON_PIPES: Final = frozenset({Command.READ_ANDX, Command.WRITE_ANDX})
_NOT_YET: Final = {
    "share": frozenset({Command.TREE_CONNECT, Command.TREE_CONNECT_ANDX}),
    "user": frozenset({Command.SESSION_SETUP_ANDX}),
}
"""Commands whose entries have it from their request where the server knew none."""


def filters(
    given: Mapping[str, object], kinds: frozenset[Kind] | None, names: Collection[str]
) -> list[Filter]:
    """Tests that a pair passes if it can hold an entry that meets the criteria; `names` are fields of messages."""
    found: list[Filter] = []
    if kinds is not None:
        found.append(_of_kinds(kinds))
    for name, wanted in given.items():
        if name in _HALVES and isinstance(wanted, Mapping):
            found.extend(_of_numbers(wanted, _HALVES[name]))
        elif name in names:
            found.extend(_of_numbers({name: wanted}, (True, False)))
        elif name == "problem" and wanted is not None:
            found.append(_problem)
        elif name in _FILTERS and isinstance(wanted, (str, int)) and not isinstance(wanted, bool):
            found.append(_FILTERS[name](wanted))
    return found


_HALVES: Final = {"request": (True,), "response": (False,)}
"""Which halves the criteria look at: whether that of the request."""


def _of_numbers(fields: Mapping[str, object], halves: tuple[bool, ...]) -> Iterator[Filter]:
    """What compares the fields that are asked for by a number, or by a function, where those are numbers."""
    for name, wanted in fields.items():
        if isinstance(wanted, int) and not isinstance(wanted, bool):
            yield of_number(name, wanted.__eq__, halves)
        elif callable(wanted) and not isinstance(wanted, type):
            yield of_number(name, wanted, halves)
        elif (
            isinstance(wanted, str)
            and wanted.isascii()
            and wanted
            and wire_fields().get(name) == frozenset[type]({str})
        ):
            yield _of_text(name, wanted)


def _of_text(name: str, wanted: str) -> Filter:
    """A field that is a text: its characters are in the bytes of the request or of the answer."""
    carried = frozenset(kind.command for kind in with_field(name) & CARRIERS)
    spelt = wanted.encode("utf-16-le"), wanted.encode("ascii")

    def passes(pair: Pair) -> bool:
        glance = glance_at(pair)
        asked, answered = pair.told, pair.answered or pair.told
        if glance is None or glance.code in carried or pair.more or is_chain(pair):
            return True
        if len(asked.request) < asked.request_size or len(answered.reply) < answered.reply_size:
            return True
        return any(one in asked.request or one in answered.reply for one in spelt)

    return passes


def both(one: frozenset[Kind], other: frozenset[Kind]) -> frozenset[Kind]:
    """The commands that are in both; a command without a subcommand stands for all of its."""
    return frozenset(kind for kind in one | other if _within(kind, one) and _within(kind, other))


def _within(kind: Kind, kinds: frozenset[Kind]) -> bool:
    return kind in kinds or Kind(kind.command) in kinds


def of_kind(entry: "JournalEntry", kinds: frozenset[Kind] | None) -> bool:
    """Whether an exchange is of one of these commands or subcommands."""
    code = entry.code
    if kinds is None or code is None:
        return False
    if Kind(code) in kinds:
        return True
    return any(kind.command == code for kind in kinds) and Kind(code, entry.function) in kinds


def covers(pattern: str, path: str) -> bool:
    """Whether a client's pattern (`\\dir\\*.txt`) matches that path of a file."""
    path, pattern = folded(path), folded(pattern)
    if not is_glob(pattern) or is_glob(path):
        return False
    folder, _, name = path.rpartition("\\")
    return folder == pattern.rpartition("\\")[0] and name_matcher(pattern.rpartition("\\")[2])(name)


def as_told(wanted: object) -> Any:
    """A value as the fields of an entry tell it: bytes as hexadecimal, tuples as lists."""
    return plain(wanted)


# -- filters -----------------------------------------------------------------------------------------------


def _of_kinds(kinds: frozenset[Kind]) -> Filter:
    codes = frozenset(kind.command for kind in kinds)
    functions = frozenset(kind.subcommand for kind in kinds if kind.command == Command.TRANSACTION2)
    narrow = bool(functions) and None not in functions
    functions_or_none = functions | {None}

    def passes(pair: Pair) -> bool:
        told = pair.told
        message = told.request or told.reply
        if len(message) < HEADER_SIZE:
            return True
        code = message[COMMAND_AT]
        if code in codes:
            return not narrow or code != Command.TRANSACTION2 or trans2_function(message) in functions_or_none
        return is_chain(pair) and any(one.code in codes for one in glances(pair))

    return passes


def _path(wanted: Any) -> Filter:
    matches = path_matcher(wanted)

    def passes(pair: Pair) -> bool:
        path = (pair.answered or pair.told).path or pair.told.path
        if matches(path) or covers(path, wanted):
            return True
        if matches(path.rpartition("\\")[0]):  # a listing answers to its directory, too
            return True
        # A hard link of the Unix extensions has its path in its data.
        return trans2_function(pair.told.request) == Trans2.SET_PATH_INFORMATION

    return passes


def _named(name: str) -> Callable[[Any], Filter]:
    unknown = _NOT_YET[name]

    def make(wanted: str) -> Filter:
        matches = name_matcher(wanted)

        def passes(pair: Pair) -> bool:
            told = pair.answered or pair.told
            value: str = getattr(told, name)
            if value:
                return matches(value)
            message = told.request
            return len(message) >= HEADER_SIZE and (message[COMMAND_AT] in unknown or is_chain(pair))

        return passes

    return make


def _status(wanted: Any) -> Filter:
    code = wanted if isinstance(wanted, int) else status_by_name(wanted)

    def passes(pair: Pair) -> bool:
        answered = pair.answered
        return answered is not None and (answered.status == code or is_chain(pair))

    return passes


def _fault(wanted: Any) -> Filter:
    def passes(pair: Pair) -> bool:
        both = pair.told, pair.answered or pair.told
        return any(wanted == told.fault or wanted in told.faults for told in both)

    return passes


def _connection(wanted: Any) -> Filter:
    return lambda pair: pair.told.client.connection == wanted


def _fid(wanted: Any) -> Filter:
    return lambda pair: (pair.answered or pair.told).fid in (wanted, None)


def _level(wanted: Any) -> Filter:
    def passes(pair: Pair) -> bool:
        message = pair.told.request
        level = trans2_level(message)
        if level is None:
            return len(message) > COMMAND_AT and message[COMMAND_AT] == Command.TRANSACTION2
        return wanted in (level, level_name(trans2_function(message), level))

    return passes


def _of_range(index: int) -> Callable[[Any], Filter]:
    def make(wanted: Any) -> Filter:
        def passes(pair: Pair) -> bool:
            glance = glance_at(pair)
            if glance is None or is_chain(pair):
                return True
            seen = range_at_a_glance(pair, glance)
            return seen is None or seen[index] == wanted

        return passes

    return make


def of_number(
    name: str, matches: Callable[[int], object], halves: tuple[bool, ...] = (True, False)
) -> Filter:
    """A field of messages that is a number among the words of some; of those it is compared here."""
    kinds = with_field(name)
    carried = frozenset(kind.command for kind in kinds & CARRIERS)
    """Commands that may have it in a structure of another layer."""

    def passes(pair: Pair) -> bool:
        glance = glance_at(pair)
        if glance is None or is_chain(pair):
            return True
        code = glance.code
        unseen = code in carried and (code not in _ON_PIPES or (pair.answered or pair.told).share == IPC)
        for request in halves:
            at = glance.at if request else glance.reply_at
            if not at:
                continue
            message = pair.told.request if request else (pair.answered or pair.told).reply
            value = number(message, at, code, name, request=request)
            if value is None:
                unseen = unseen or may_have(code, name, request=request)
            elif matches(value):
                return True
        return unseen

    return passes


def _problem(pair: Pair) -> bool:
    """What was done could be read, where all of it is kept."""
    answered = pair.answered
    done = answered is not None and not answered.status
    return not done or is_chain(pair) or bool(pair.more) or len(pair.told.request) < pair.told.request_size


def _summary(wanted: Any) -> Filter:
    def passes(pair: Pair) -> bool:
        message = pair.told.request
        if len(message) < HEADER_SIZE or message[COMMAND_AT] in PRIMARY or is_chain(pair):
            return True
        return title(message[COMMAND_AT]) in wanted

    return passes


_FILTERS: Final[Mapping[str, Callable[[Any], Filter]]] = {
    "path": _path,
    "share": _named("share"),
    "user": _named("user"),
    "status": _status,
    "fault": _fault,
    "connection": _connection,
    "fid": _fid,
    "level": _level,
    "offset": _of_range(0),
    "length": _of_range(1),
    "summary": _summary,
}
