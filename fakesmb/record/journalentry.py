"""What the journal answers with: an exchange, or what befell a connection. Decoded when somebody looks."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import msgspec

from fakesmb.nt.patterns import folded
from fakesmb.record import describe, entry
from fakesmb.record.decoded import Halves, halves_of, is_chain
from fakesmb.record.events import Exchanged, Message, Part
from fakesmb.record.moments import iso
from fakesmb.record.pairs import Happened, Pair
from fakesmb.record.payloads import payload_of
from fakesmb.record.places import source_of, target_of
from fakesmb.record.ranges import NOWHERE, Range, range_of
from fakesmb.record.verbs import verbs_of
from fakesmb.wire.commands import Command
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE
from fakesmb.wire.levels import level_name

_WITHOUT_PATH: Final = frozenset(
    {
        Command.NEGOTIATE,
        Command.SESSION_SETUP_ANDX,
        Command.LOGOFF_ANDX,
        Command.TREE_CONNECT,
        Command.TREE_CONNECT_ANDX,
        Command.TREE_DISCONNECT,
    }
)
_CONNECTS: Final = (Command.TREE_CONNECT, Command.TREE_CONNECT_ANDX)


class JournalEntry:
    """One command of a client with its answer, or its absence; or an event of a connection (`event`).

    Its attributes are what criteria ask for; what does not apply is None. Its repr is its line in the log.
    """

    def __init__(self, item: Pair | Happened, halves: Halves | None = None, index: int = 0) -> None:
        self._item = item
        self._index = index
        """Its place in a chain of commands."""
        if halves is not None:
            self._halves = halves

    # -- what every entry has ------------------------------------------------------------------------------

    @property
    def event(self) -> str:
        """`exchange`, or `connected`, `disconnected`, `signed_in`, `sign_in_refused`, `problem`: of a connection."""
        return "exchange" if isinstance(self._item, Pair) else self._told.event

    @property
    def time(self) -> str:
        """When it came; UTC, ISO 8601, microseconds, `Z`."""
        return iso(self._item.told.time)

    @property
    def number(self) -> int | None:
        """Of the request among all messages, from 1: as in the text log."""
        return self._item.told.number if isinstance(self._item, Pair) else None

    @property
    def connection(self) -> int | None:
        """Counts connections, from 1."""
        return self._item.told.client.connection if isinstance(self._item, Pair) else self._told.connection

    @property
    def peer(self) -> str | None:
        """The client's `address:port`."""
        return self._item.told.client.peer if isinstance(self._item, Pair) else self._told.peer

    @property
    def user(self) -> str | None:
        """Who is signed in; of a session setup, who is about to be."""
        if not isinstance(self._item, Pair):
            return self._told.user
        return self._about.user or self._claimed_user

    @property
    def reason(self) -> str | None:
        """Why it was refused, in words; why a connection ended or a sign-in was refused."""
        if not isinstance(self._item, Pair):
            return self._told.reason or self._told.problem
        return self._about.reason or None

    @property
    def summary(self) -> str:
        """The shorthand of the text log: of the request, and of the answer behind ` | `."""
        if not isinstance(self._item, Pair):
            return self._told.summary or ""
        halves = self._halves
        said = [
            describe.summary(_alone(message, part))
            for message, part in ((halves.request, halves.asked), (halves.reply, halves.answered))
            if message is not None and part is not None
        ]
        return " | ".join(said)

    # -- of exchanges --------------------------------------------------------------------------------------

    @property
    def command(self) -> str | None:
        """`SMB_COM_NT_CREATE_ANDX`."""
        code = self._code
        return None if code is None else describe.command_name(code)

    @property
    def subcommand(self) -> str | None:
        """`TRANS2_FIND_FIRST2`, `NT_TRANSACT_NOTIFY_CHANGE`, `TRANS_TRANSACT_NMPIPE`."""
        if not isinstance(self._item, Pair):
            return None
        halves = self._halves
        if halves.request is not None and halves.asked is not None:
            return describe.subcommand_name(halves.request, halves.asked)
        return None

    @property
    def level(self) -> str | None:
        """The information level: `SMB_QUERY_FILE_ALL_INFO`; its number in hexadecimal where it has no name."""
        if not isinstance(self._item, Pair) or self._code != Command.TRANSACTION2:
            return None
        asked = self._halves.asked
        level = getattr(asked and asked.parameters, "information_level", None)
        return None if asked is None or level is None else level_name(asked.subcommand, level)

    @property
    def status(self) -> str | None:
        """`STATUS_SUCCESS`; None while there is no answer."""
        if not isinstance(self._item, Pair):
            return self._told.status
        code = self.status_code
        return None if code is None else entry.status_label(code)

    @property
    def answered(self) -> bool | None:
        """Whether an answer left."""
        if not isinstance(self._item, Pair):
            return None
        return self._halves.answered is not None and self._halves.request is not None

    @property
    def verbs(self) -> tuple[str, ...]:
        """What was done: `opened`, `created`. Nothing where it failed."""
        if not isinstance(self._item, Pair):
            return ()
        return verbs_of(self._halves, self._about)

    @property
    def verb(self) -> str | None:
        """The first of `verbs`; as a criterion, any of them."""
        return next(iter(self.verbs), None)

    @property
    def share(self) -> str | None:
        """The share of the tree connection; of a tree connect that failed, the one that was asked for."""
        if not isinstance(self._item, Pair):
            return None
        share = self._about.share
        if not share and self._code in _CONNECTS:
            share = getattr(self._halves.asked and self._halves.asked.body, "path", "")
            share = share.replace("/", "\\").rstrip("\\").rpartition("\\")[2]
        return share or None

    @property
    def path(self) -> str | None:
        """Inside the share, from its root: `\\a.txt`. Of a command with a FID, the path that was opened."""
        if not isinstance(self._item, Pair) or self._code in _WITHOUT_PATH:
            return None
        source = None if self._code != Command.TRANSACTION2 else source_of(self._halves.asked)
        return source or entry.from_root(self._about.path or self._item.told.path)

    @property
    def to(self) -> str | None:
        """The other path of a rename, a link or a copy, from the root of the share."""
        if not isinstance(self._item, Pair):
            return None
        return target_of(self._halves.asked, entry.from_root(self._about.path) or "\\")

    @property
    def fid(self) -> int | None:
        """The open file or pipe."""
        if not isinstance(self._item, Pair):
            return None
        fid = self._about.fid
        if fid is None:
            fid = self._item.told.fid
        if fid is None:
            message = self._halves.reply or self._halves.request
            fid = None if message is None else message.fid
        return fid

    @property
    def offset(self) -> int | None:
        """Where was read, written or locked, bytes."""
        return self._range[0]

    @property
    def length(self) -> int | None:
        """How many bytes were read, written or locked; of a file whose length was set, that length."""
        return self._range[1]

    @property
    def data(self) -> bytes | None:
        """The bytes that were read or written, as far as `keep_data` has them kept; None where it has not."""
        if not isinstance(self._item, Pair):
            return None
        return payload_of(self._item, self._index, self._halves)

    @property
    def took_us(self) -> int | None:
        """Microseconds from the request's arrival to the answer."""
        if not isinstance(self._item, Pair) or self._item.answered is None or self._item.asked is None:
            return None
        return round((self._item.answered.answered - self._item.asked.time) * 1e6)

    @property
    def fault(self) -> str | None:
        """The armed rule that acted on it."""
        if not isinstance(self._item, Pair):
            return None
        return self._about.fault or self._item.told.fault or None

    @property
    def mid(self) -> int | None:
        """Multiplex identifier."""
        return self._header("mid")

    @property
    def uid(self) -> int | None:
        """Session, as the request names it."""
        return self._header("uid")

    @property
    def tid(self) -> int | None:
        """Tree connection, as the request names it."""
        return self._header("tid")

    @property
    def pid(self) -> int | None:
        """The client's process, 32 bits."""
        return self._header("pid")

    @cached_property
    def request(self) -> Mapping[str, Any]:
        """The values of the request under their names in `fakesmb.wire`; bytes as hexadecimal."""
        return {} if not isinstance(self._item, Pair) else _fields(self._halves.request, self._halves.asked)

    @cached_property
    def response(self) -> Mapping[str, Any]:
        """The values of the answer likewise."""
        return {} if not isinstance(self._item, Pair) else _fields(self._halves.reply, self._halves.answered)

    # -- what is told only of connections ------------------------------------------------------------------

    @property
    def domain(self) -> str | None:
        """Of a sign-in, as the client said it."""
        return None if isinstance(self._item, Pair) else self._told.domain

    @property
    def workstation(self) -> str | None:
        """Of a sign-in, as the client said it."""
        return None if isinstance(self._item, Pair) else self._told.workstation

    @property
    def kind(self) -> str | None:
        """Of a sign-in: `user`, `guest` or `anonymous`."""
        return None if isinstance(self._item, Pair) else self._told.kind

    @property
    def problem(self) -> str | None:
        """What went wrong inside the server; why a request could not be decoded."""
        if not isinstance(self._item, Pair):
            return self._told.problem
        asked = self._halves.asked
        return (asked.problem or None) if asked is not None else None

    # -- behind them ---------------------------------------------------------------------------------------

    @property
    def code(self) -> int | None:
        """The command's code."""
        return self._code

    @property
    def function(self) -> int | None:
        """The subcommand's code."""
        asked = self._halves.asked if isinstance(self._item, Pair) else None
        return None if asked is None else asked.subcommand

    @property
    def status_code(self) -> int | None:
        """The NT status as a number."""
        if not isinstance(self._item, Pair):
            return None
        answered = self._item.answered
        if answered is not None and self._item.asked is not None and not is_chain(self._item):
            return answered.status
        return self._halves.status

    @cached_property
    def _halves(self) -> Halves:
        assert isinstance(self._item, Pair)
        return halves_of(self._item)[0]

    @cached_property
    def _told(self) -> entry.Entry:
        told = self._item.told
        assert not isinstance(told, (Exchanged, Message))
        return entry.entry_of(told)

    @property
    def _about(self) -> Exchanged:
        """The later of its events: what the server knew in the end."""
        assert isinstance(self._item, Pair)
        return self._item.answered or self._item.told

    @cached_property
    def _code(self) -> int | None:
        if not isinstance(self._item, Pair):
            return None
        if "_halves" not in self.__dict__:
            told = self._item.told
            message = told.request or told.reply
            return message[COMMAND_AT] if len(message) >= HEADER_SIZE else None
        part = self._halves.asked or self._halves.answered
        return None if part is None else part.command

    @property
    def _claimed_user(self) -> str | None:
        asked = self._halves.asked if self._code == Command.SESSION_SETUP_ANDX else None
        if asked is None:
            return None
        return getattr(asked.body, "account_name", "") or getattr(asked.detail, "user", "") or None

    @cached_property
    def _range(self) -> Range:
        return range_of(self._halves, self._about) if isinstance(self._item, Pair) else NOWHERE

    def _header(self, name: str) -> int | None:
        if not isinstance(self._item, Pair):
            return None
        message = self._halves.request or self._halves.reply
        return None if message is None else int(getattr(message.header, name))

    def __repr__(self) -> str:
        if not isinstance(self._item, Pair):
            return self.summary
        path = self.path
        where = f" {path}" if path and folded(path) not in folded(self.summary) else ""
        return f"#{self.number}{where} {self.summary}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JournalEntry) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[int, int]:
        return self._item.ordinal, self._index


ATTRIBUTES: Final = tuple(
    name
    for name, value in vars(JournalEntry).items()
    if isinstance(value, (property, cached_property)) and not name.startswith("_")
)
"""What an entry tells, and criteria ask for."""


def entries_of(item: Pair | Happened) -> "Iterator[JournalEntry]":
    """One entry, or one for each command of a chain."""
    if isinstance(item, Pair) and is_chain(item):
        for index, halves in enumerate(halves_of(item)):
            yield JournalEntry(item, halves, index)
    else:
        yield JournalEntry(item)


def _alone(message: Message, part: Part) -> Message:
    if len(message.parts) == 1 and message.parts[0] is part:
        return message
    return msgspec.structs.replace(message, parts=(part,))


def _fields(message: Message | None, part: Part | None) -> Mapping[str, Any]:
    if message is None or part is None:
        return {}
    (found,) = describe.fields(_alone(message, part))
    return found
