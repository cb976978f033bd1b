"""What can be seen of a pair without decoding it: few of many thousands are worth that."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from fakesmb.nt.patterns import folded, is_glob, name_matcher, path_matcher
from fakesmb.nt.status import label
from fakesmb.record.decoded import is_chain
from fakesmb.record.pairs import Pair
from fakesmb.record.values import plain
from fakesmb.record.wirefields import with_field
from fakesmb.wire.chain import ANDX_COMMANDS
from fakesmb.wire.commands import Command
from fakesmb.wire.families import Kind
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE, NO_ANDX
from fakesmb.wire.trans2 import Trans2

if TYPE_CHECKING:
    from fakesmb.record.journalentry import JournalEntry

__all__ = ["Kind", "as_told", "both", "covers", "filters", "of_kind", "with_field"]

Filter = Callable[[Pair], bool]

_TRANS2_FUNCTION_AT: Final = HEADER_SIZE + 1 + 28
"""The first setup word of a TRANSACTION2 ([MS-CIFS] 2.2.4.46.1)."""
_NOT_YET: Final = {
    "share": frozenset({Command.TREE_CONNECT, Command.TREE_CONNECT_ANDX}),
    "user": frozenset({Command.SESSION_SETUP_ANDX}),
}
"""Commands whose entries have it from their request where the server knew none."""


def filters(given: Mapping[str, object], kinds: frozenset[Kind] | None) -> list[Filter]:
    """Tests that a pair passes if it can hold an entry that meets the criteria."""
    found: list[Filter] = []
    if kinds is not None:
        found.append(_of_kinds(kinds))
    for name, wanted in given.items():
        make = _FILTERS.get(name)
        if make is not None and isinstance(wanted, (str, int)) and not isinstance(wanted, bool):
            found.append(make(wanted))
    return found


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


def _codes_of(pair: Pair) -> list[int]:
    """The commands of a chain."""
    message = pair.told.request
    codes, at = [message[COMMAND_AT]], HEADER_SIZE
    while codes[-1] in ANDX_COMMANDS and len(message) > at + 4 and message[at] > 1:
        code = message[at + 1]
        following = int.from_bytes(message[at + 3 : at + 5], "little")
        if code == NO_ANDX or following <= at:
            break
        codes.append(code)
        at = following
    return codes


def _of_kinds(kinds: frozenset[Kind]) -> Filter:
    codes = frozenset(kind.command for kind in kinds)
    functions = frozenset(kind.subcommand for kind in kinds if kind.command == Command.TRANSACTION2)
    narrow = bool(functions) and None not in functions

    def passes(pair: Pair) -> bool:
        told = pair.told
        message = told.request or told.reply
        if len(message) < HEADER_SIZE:
            return True
        code = message[COMMAND_AT]
        if code in codes:
            if narrow and code == Command.TRANSACTION2 and len(message) > _TRANS2_FUNCTION_AT + 1:
                return (
                    int.from_bytes(message[_TRANS2_FUNCTION_AT : _TRANS2_FUNCTION_AT + 2], "little")
                    in functions
                )
            return True
        return is_chain(pair) and not codes.isdisjoint(_codes_of(pair))

    return passes


def _path(wanted: Any) -> Filter:
    matches = path_matcher(wanted)

    def passes(pair: Pair) -> bool:
        path = (pair.answered or pair.told).path or pair.told.path
        if matches(path) or covers(path, wanted):
            return True
        message = pair.told.request
        if len(message) <= _TRANS2_FUNCTION_AT or message[COMMAND_AT] != Command.TRANSACTION2:
            # A listing answers to its directory, too.
            return matches(path.rpartition("\\")[0])
        # A hard link of the Unix extensions has its path in its data.
        return message[_TRANS2_FUNCTION_AT] == Trans2.SET_PATH_INFORMATION or matches(
            path.rpartition("\\")[0]
        )

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
    text = label(wanted) if isinstance(wanted, int) else wanted
    known: dict[int, bool] = {}

    def passes(pair: Pair) -> bool:
        answered = pair.answered
        if answered is None:
            return False
        status = answered.status
        met = known.get(status)
        if met is None:
            met = known[status] = label(status) == text
        return met or is_chain(pair)

    return passes


def _fault(wanted: Any) -> Filter:
    return lambda pair: wanted in (pair.told.fault, (pair.answered or pair.told).fault)


def _connection(wanted: Any) -> Filter:
    return lambda pair: pair.told.client.connection == wanted


def _fid(wanted: Any) -> Filter:
    return lambda pair: (pair.answered or pair.told).fid in (wanted, None)


_FILTERS: Final[Mapping[str, Callable[[Any], Filter]]] = {
    "path": _path,
    "share": _named("share"),
    "user": _named("user"),
    "status": _status,
    "fault": _fault,
    "connection": _connection,
    "fid": _fid,
}
