"""JSON lines as what a filter looks at: the attributes of a `JournalEntry`, of what a log keeps of an exchange.

A log has no bytes. What only the server knew and the log does not tell (that a close deleted the file, that CREATE made
it) is not there; all else is.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from types import SimpleNamespace
from typing import Any, Final

from fakesmb.nt.statusnames import status_by_name
from fakesmb.record.decoded import Halves
from fakesmb.record.entry import Entry
from fakesmb.record.events import Client, Exchanged
from fakesmb.record.verbs import row_of, verbs_of
from fakesmb.wire import set_info, unix
from fakesmb.wire.commands import Command
from fakesmb.wire.families import kinds_of, subcommand_of
from fakesmb.wire.levels import level_name
from fakesmb.wire.trans2 import Trans2

_SUCCESS: Final = "STATUS_SUCCESS"
_NOBODY: Final = Exchanged(Client(0, "", ""), 0.0, 0.0, 0, b"", 0, b"", 0)
_WITHOUT_EFFECT: Final = frozenset({Command.CREATE})
"""Commands of which only the server knew whether they made the file."""
_OF_ANSWER: Final = frozenset({Command.READ_ANDX, Command.READ, Command.LOCK_AND_READ})
"""Commands whose answer has the length."""
_OWN_MID: Final = 0xFFFF
"""The MID of a message that the server begins ([MS-CIFS] 3.2.5.42)."""
_IN_FIRST_RANGE: Final = frozenset({Command.LOCKING_ANDX})


class Lines:
    """One command of an exchange, as its two lines tell it; or what befell a connection."""

    def __init__(self, request: Entry | None, response: Entry | None, index: int = 0) -> None:
        self.asked = request
        """The line of the request."""
        self.answer = response
        """The line of the response."""
        self.index = index
        """Its place in a chain of commands."""
        told = request or response
        assert told is not None
        self.told = told
        self.is_message = told.event in ("request", "response")

    # -- both ----------------------------------------------------------------------------------------------

    def _of(self, name: str) -> Any:
        """A key of the later line, or of the earlier one."""
        value = None if self.answer is None else getattr(self.answer, name)
        return getattr(self.told, name) if value is None else value

    @property
    def numbers(self) -> Iterator[int]:
        """Of both messages."""
        return self.both("number")

    def both(self, name: str) -> Iterator[Any]:
        """A key of the two lines."""
        for line in (self.asked, self.answer):
            value = None if line is None else getattr(line, name)
            if value is not None:
                yield value

    def __getattr__(self, name: str) -> Any:
        if name in Entry.__struct_fields__:
            return self._of(name)
        raise AttributeError(name)

    @property
    def time(self) -> str:
        """When it came."""
        return self.told.time

    @property
    def summary(self) -> str:
        """Of both lines."""
        return " | ".join(self.both("summary"))

    # -- of exchanges --------------------------------------------------------------------------------------

    def _part(self, line: Entry | None) -> Mapping[str, Any]:
        """The command in that line, as a chain has them."""
        if line is None or not self.is_message:
            return {}
        if not self.index:
            return {
                "command": line.command,
                "subcommand": line.subcommand,
                "problem": line.problem,
                "fields": line.fields,
            }
        chain = line.chain or []
        return chain[self.index - 1] if self.index <= len(chain) else {}

    @cached_property
    def asked_part(self) -> Mapping[str, Any]:
        """The command as the request's line has it."""
        return self._part(self.asked)

    @cached_property
    def answered_part(self) -> Mapping[str, Any]:
        """The command as the response's line has it."""
        return self._part(self.answer)

    @property
    def command(self) -> str | None:
        """`SMB_COM_NT_CREATE_ANDX`."""
        return self.asked_part.get("command") or self.answered_part.get("command")

    @property
    def subcommand(self) -> str | None:
        """`TRANS2_FIND_FIRST2`."""
        return self.asked_part.get("subcommand") or self.answered_part.get("subcommand")

    @property
    def code(self) -> int | None:
        """The command's code."""
        return _code(self.command) if self.command else None

    @property
    def function(self) -> int | None:
        """The subcommand's code."""
        return _function(self.subcommand) if self.subcommand else None

    @property
    def request(self) -> Mapping[str, Any]:
        """The values of the request under their names in `fakesmb.wire`."""
        return _mapping(self.asked_part.get("fields"))

    @property
    def response(self) -> Mapping[str, Any]:
        """The values of the answer likewise."""
        return _mapping(self.answered_part.get("fields"))

    @property
    def status(self) -> str | None:
        """`STATUS_SUCCESS`; None while there is no answer."""
        if not self.is_message:
            return self.told.status
        if self.answer is None:
            return None
        last = len(self.answer.chain or [])
        if self.index > last:
            return None
        return self.answer.status if self.index == last else _SUCCESS

    @property
    def status_code(self) -> int | None:
        """The NT status as a number."""
        status = self.status
        return None if status is None else _status(status)

    @property
    def answered(self) -> bool | None:
        """Whether an answer left."""
        if not self.is_message:
            return None
        return bool(self.answered_part) and not (self.asked is None and self.told.mid == _OWN_MID)

    @property
    def problem(self) -> str | None:
        """What went wrong inside the server; why a request could not be decoded."""
        return self.asked_part.get("problem") if self.is_message else self.told.problem

    @property
    def reason(self) -> str | None:
        """Why it was refused."""
        if not self.is_message:
            return self.told.reason or self.told.problem
        return self.answered_part.get("problem")

    @property
    def level(self) -> str | None:
        """The information level."""
        if self.code != Command.TRANSACTION2:
            return None
        level = _mapping(self.request.get("parameters")).get("information_level")
        return level_name(self.function, level) if type(level) is int else None

    @property
    def user(self) -> str | None:
        """Who is signed in; of a session setup, who is about to be."""
        detail = self.request.get("detail")
        claimed = self.request.get("account_name") or _mapping(detail).get("user")
        if self.code != Command.SESSION_SETUP_ANDX or not isinstance(claimed, str):
            claimed = None
        return self._of("user") or claimed or None

    @property
    def share(self) -> str | None:
        """The share of the tree connection; of a tree connect that failed, the one that was asked for."""
        share: str = self._of("share") or ""
        if not share and self.code in (Command.TREE_CONNECT, Command.TREE_CONNECT_ANDX):
            share = str(self.request.get("path", "")).replace("/", "\\").rstrip("\\").rpartition("\\")[2]
        return share or None

    @property
    def path(self) -> str | None:
        """Inside the share; of a hard link of the Unix extensions the file that is there."""
        detail = self.request.get("detail")
        if isinstance(detail, str) and self.level == _HARD_LINK:
            return _from_root(detail)
        path: str | None = self._of("path")
        return path

    @property
    def to(self) -> str | None:
        """The other path of a rename, a link or a copy."""
        name = self.request.get("new_file_name") or self.request.get("target_file_name")
        if isinstance(name, str):
            return _from_root(name)
        detail = self.request.get("detail")
        if self.code != Command.TRANSACTION2:
            return None
        if isinstance(detail, str):
            return self._of("path") if self.level == _HARD_LINK else detail
        name = detail.get("name") if isinstance(detail, dict) else None
        if not isinstance(name, str):
            return None
        bare = not {"/", "\\"} & set(name)
        return f"{(self.path or '').rpartition(chr(92))[0]}\\{name}" if bare else _from_root(name)

    def number_of(self, name: str, *, request: bool) -> int | None:
        """A number among the fields of one half."""
        value = (self.request if request else self.response).get(name)
        return value if type(value) is int else None

    @property
    def offset(self) -> int | None:
        """Where was read, written or locked."""
        low = self._first("offset_low", "offset")
        return None if low is None else low | (self._first("offset_high") or 0) << 32

    @property
    def length(self) -> int | None:
        """How many bytes were read, written or locked."""
        code = self.code
        if code in _OF_ANSWER:
            low = self.number_of("data_length", request=False)
            if low is None:
                return self.number_of("count", request=False)
            return low | (self.number_of("data_length_high", request=False) or 0) << 16
        detail = self.request.get("detail")
        if isinstance(detail, dict) and type(detail.get("size")) is int:
            return int(detail["size"])
        if self.offset is None:
            return None
        low = self._first("data_length", "count", "length")
        return None if low is None else low | (self._first("data_length_high") or 0) << 16

    def _first(self, *names: str) -> int | None:
        places: tuple[Any, ...] = (self.request,)
        if self.code in _IN_FIRST_RANGE:
            ranges = self.request.get("locks") or self.request.get("unlocks")
            places = tuple(ranges[:1]) if isinstance(ranges, list) else ()
        for place in places:
            for name in names:
                if isinstance(place, dict) and type(place.get(name)) is int:
                    return int(place[name])
        return None

    @property
    def verbs(self) -> tuple[str, ...]:
        """What was done."""
        code, status = self.code, self.status
        if code is None or not self.is_message:
            return ()
        if code in _WITHOUT_EFFECT:
            return ("opened",) if status == _SUCCESS else ()
        try:
            return self._verbs(code, status)
        except (TypeError, ValueError, AttributeError):  # fields of another make
            return ()

    def _verbs(self, code: int, status: str | None) -> tuple[str, ...]:
        return verbs_of(
            row_of(code, self.function),
            None if status is None else _status(status),
            failed=self.index > 0 and self.answer is not None,
            halves=self._halves,
            exchanged=_NOBODY,
            look=self.number_of,
        )

    def _halves(self) -> Halves:
        asked: Any = None if self.asked is None else _as_part(self.request, self.function)
        answered: Any = None if self.answer is None else _as_part(self.response, self.function)
        message: Any = self.asked
        return Halves(asked, answered, None, message, None)


def _mapping(value: Any) -> Mapping[str, Any]:
    """What is no mapping, as a log of another make may have it, holds nothing."""
    return value if isinstance(value, dict) else {}


def lines_of(request: Entry | None, response: Entry | None) -> Iterator[Lines]:
    """One for each command of the chain that they may be."""
    lines = [line for line in (request, response) if line is not None]
    for index in range(1 + max((len(line.chain or ()) for line in lines), default=-1)):
        yield Lines(request, response, index)


class _Values(SimpleNamespace):
    """The fields of a structure; what a line leaves out is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def _as_part(fields: Mapping[str, Any], function: int | None) -> Any:
    parameters, detail = fields.get("parameters"), fields.get("detail")
    values = _Values(**parameters) if isinstance(parameters, dict) else None
    told = None
    if isinstance(detail, dict) and values is not None:
        told = _set_by(level_name(function, values.information_level or 0), detail)
    return SimpleNamespace(body=_Values(**fields), parameters=values, detail=told)


def _from_root(name: str) -> str:
    return "\\" + name.replace("/", "\\").strip("\\")


_HARD_LINK: Final = level_name(Trans2.SET_PATH_INFORMATION, unix.UnixLevel.HLINK)

_SETS: Final = (
    set_info.SetBasic,
    set_info.SetEas,
    set_info.SetAllocation,
    set_info.SetRename,
    unix.PosixLock,
    unix.PosixUnlinkRequest,
    unix.PosixOpenRequest,
)


def _set_by(level: str, detail: Mapping[str, Any]) -> object:
    """The structure that the fields are of; None for one that does nothing that has a verb."""
    if "LINK" in level.upper() and "name" in detail:
        return set_info.SetLink(detail["name"])
    for cls in _SETS:
        if set(detail) <= set(cls.__struct_fields__) and detail:
            try:
                return cls(**detail)
            except TypeError:
                continue
    return None


@lru_cache(maxsize=256)
def _code(name: str) -> int | None:
    try:
        (kind,) = kinds_of(name)
    except ValueError:
        return None
    return kind.command


@lru_cache(maxsize=256)
def _function(name: str) -> int | None:
    try:
        return subcommand_of(name).subcommand
    except ValueError:
        return None


@lru_cache(maxsize=512)
def _status(name: str) -> int:
    try:
        return status_by_name(name)
    except ValueError:
        return 0xC0000001
