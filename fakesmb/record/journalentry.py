"""What the journal answers with: an exchange, or what befell a connection. Decoded when somebody looks."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from struct import Struct
from typing import Any, Final

import msgspec

from fakesmb.nt.patterns import folded
from fakesmb.record import describe, entry
from fakesmb.record.decoded import NOTHING, Halves, halves_of
from fakesmb.record.events import Exchanged, Message, Part
from fakesmb.record.glance import Glance, glance_at, glances, is_chain, number, trans2_function
from fakesmb.record.moments import iso
from fakesmb.record.pairs import PRIMARY, Happened, Pair
from fakesmb.record.payloads import payload_of
from fakesmb.record.places import source_of, target_of
from fakesmb.record.ranges import NOWHERE, Range, range_at_a_glance, range_of
from fakesmb.record.verbs import row_of, verbs_of
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE
from fakesmb.wire.levels import level_name
from fakesmb.wire.trans2 import Trans2

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


_WITH_SUBCOMMANDS: Final = frozenset(PRIMARY)
WITH_TARGET: Final = frozenset(
    {Command.RENAME, Command.NT_RENAME, Command.COPY, Command.MOVE, Command.TRANSACTION2}
)
"""Commands that have another path, `to`."""
_IDS: Final = Struct("<12xH10xHHHH")
"""PIDHigh, TID, PIDLow, UID and MID of a header."""


class JournalEntry:
    """One command of a client with its answer, or its absence; or an event of a connection (`event`).

    Its attributes are what criteria ask for; what does not apply is None. Its repr is its line in the log.
    """

    def __init__(self, item: Pair | Happened, index: int = 0, glance: Glance | None = None) -> None:
        self.item = item
        """What it was made of."""
        self._index = index
        """Its place in a chain of commands."""
        self._glance = glance_at(item) if glance is None and isinstance(item, Pair) else glance

    # -- what every entry has ------------------------------------------------------------------------------

    @property
    def event(self) -> str:
        """`exchange`, or `connected`, `disconnected`, `signed_in`, `sign_in_refused`, `problem`: of a connection;
        `printed`, `not_printed`: of a print job; `name`: of the name service."""
        return "exchange" if isinstance(self.item, Pair) else self._told.event

    @property
    def time(self) -> str:
        """When it came; UTC, ISO 8601, microseconds, `Z`."""
        return iso(self.item.told.time)

    @property
    def number(self) -> int | None:
        """Of the request among all messages, from 1: as in the text log."""
        return self.item.told.number if isinstance(self.item, Pair) else None

    @property
    def connection(self) -> int | None:
        """Counts connections, from 1."""
        return self.item.told.client.connection if isinstance(self.item, Pair) else self._told.connection

    @property
    def peer(self) -> str | None:
        """The client's `address:port`."""
        return self.item.told.client.peer if isinstance(self.item, Pair) else self._told.peer

    @property
    def user(self) -> str | None:
        """Who is signed in; of a session setup, who is about to be."""
        if not isinstance(self.item, Pair):
            return self._told.user
        return self._about.user or self._claimed_user

    @property
    def reason(self) -> str | None:
        """Why it was refused, in words; why a connection ended or a sign-in was refused."""
        if not isinstance(self.item, Pair):
            return self._told.reason or self._told.problem
        return self._about.reason or None

    @property
    def summary(self) -> str:
        """The shorthand of the text log: of the request, and of the answer behind ` | `."""
        if not isinstance(self.item, Pair):
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
        if not isinstance(self.item, Pair) or self.code not in _WITH_SUBCOMMANDS:
            return None
        halves = self._halves
        if halves.request is not None and halves.asked is not None:
            return describe.subcommand_name(halves.request, halves.asked)
        return None

    @property
    def level(self) -> str | None:
        """The information level: `SMB_QUERY_FILE_ALL_INFO`; its number in hexadecimal where it has no name."""
        if not isinstance(self.item, Pair) or self._code != Command.TRANSACTION2:
            return None
        asked = self._halves.asked
        level = getattr(asked and asked.parameters, "information_level", None)
        return None if asked is None or level is None else level_name(asked.subcommand, level)

    @property
    def status(self) -> str | None:
        """`STATUS_SUCCESS`; None while there is no answer."""
        if not isinstance(self.item, Pair):
            return self._told.status
        code = self.status_code
        return None if code is None else entry.status_label(code)

    @property
    def answered(self) -> bool | None:
        """Whether an answer left."""
        if not isinstance(self.item, Pair):
            return None
        glance = self._glance
        return glance is not None and glance.at > 0 and glance.reply_at > 0

    @property
    def verbs(self) -> tuple[str, ...]:
        """What was done: `opened`, `created`. Nothing where it failed."""
        if not isinstance(self.item, Pair):
            return ()
        code = self.code
        if code is None:
            return ()
        return verbs_of(
            row_of(code, self.function),
            self.status_code,
            failed=self._index > 0 and self.item.answered is not None,
            halves=lambda: self._halves,
            exchanged=self._about,
            look=self._number,
        )

    @property
    def verb(self) -> str | None:
        """The first of `verbs`; as a criterion, any of them."""
        return next(iter(self.verbs), None)

    @property
    def share(self) -> str | None:
        """The share of the tree connection; of a tree connect that failed, the one that was asked for; of a print job,
        its printer."""
        if not isinstance(self.item, Pair):
            return self._told.share
        share = self._about.share
        if not share and self._code in _CONNECTS:
            share = getattr(self._halves.asked and self._halves.asked.body, "path", "")
            share = share.replace("/", "\\").rstrip("\\").rpartition("\\")[2]
        return share or None

    @property
    def path(self) -> str | None:
        """Inside the share, from its root: `\\a.txt`. Of a command with a FID, the path that was opened; of a print
        job that is complete, its file."""
        if not isinstance(self.item, Pair):
            return self._told.path
        if self._code in _WITHOUT_PATH:
            return None
        if self._code == Command.TRANSACTION2 and self.function == Trans2.SET_PATH_INFORMATION:
            source = source_of(self._halves.asked)
            if source is not None:
                return source
        return entry.from_root(self._about.path or self.item.told.path)

    @property
    def to(self) -> str | None:
        """The other path of a rename, a link or a copy, from the root of the share."""
        if not isinstance(self.item, Pair) or self.code not in WITH_TARGET:
            return None
        return target_of(self._halves.asked, entry.from_root(self._about.path) or "\\")

    @property
    def fid(self) -> int | None:
        """The open file or pipe."""
        if not isinstance(self.item, Pair):
            return None
        fid = self._about.fid
        if fid is None:
            fid = self.item.told.fid
        if fid is None and self._glance is not None and self._glance.code in _WITH_SUBCOMMANDS:
            message = self._halves.reply or self._halves.request
            return None if message is None else message.fid
        if fid is None:
            fid = self._seen("fid")
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
        if not isinstance(self.item, Pair):
            return None
        return payload_of(self.item, self._index, self._halves)

    @property
    def took_us(self) -> int | None:
        """Microseconds from the request's arrival to the answer."""
        if not isinstance(self.item, Pair) or self.item.answered is None or self.item.asked is None:
            return None
        return round((self.item.answered.answered - self.item.asked.time) * 1e6)

    @property
    def fault(self) -> str | None:
        """The armed rule that acted on it."""
        if not isinstance(self.item, Pair):
            return self._told.fault
        for told in (self._about, self.item.told):
            if told.faults:
                return (told.faults[self._index : self._index + 1] or ("",))[0] or None
            if told.fault:
                return told.fault
        return None

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
        return {} if not isinstance(self.item, Pair) else _fields(self._halves.request, self._halves.asked)

    @cached_property
    def response(self) -> Mapping[str, Any]:
        """The values of the answer likewise."""
        return {} if not isinstance(self.item, Pair) else _fields(self._halves.reply, self._halves.answered)

    # -- what is told only of connections ------------------------------------------------------------------

    @property
    def domain(self) -> str | None:
        """Of a sign-in, as the client said it."""
        return None if isinstance(self.item, Pair) else self._told.domain

    @property
    def workstation(self) -> str | None:
        """Of a sign-in, as the client said it."""
        return None if isinstance(self.item, Pair) else self._told.workstation

    @property
    def job(self) -> int | None:
        """The number of a print job."""
        return None if isinstance(self.item, Pair) else self._told.job

    @property
    def document(self) -> str | None:
        """The title of a print job."""
        return None if isinstance(self.item, Pair) else self._told.document

    @property
    def bytes(self) -> int | None:
        """How many a print job has."""
        return None if isinstance(self.item, Pair) else self._told.bytes

    @property
    def kind(self) -> str | None:
        """Of a sign-in: `user`, `guest` or `anonymous`."""
        return None if isinstance(self.item, Pair) else self._told.kind

    @property
    def problem(self) -> str | None:
        """What went wrong inside the server; why a request could not be decoded."""
        if not isinstance(self.item, Pair):
            return self._told.problem
        asked = self._halves.asked
        return (asked.problem or None) if asked is not None else None

    # -- behind them ---------------------------------------------------------------------------------------

    @property
    def code(self) -> int | None:
        """The command's code."""
        return self._code

    @cached_property
    def function(self) -> int | None:
        """The subcommand's code."""
        if not isinstance(self.item, Pair) or self._code not in _WITH_SUBCOMMANDS:
            return None
        function = trans2_function(self.item.told.request)
        if function is not None:
            return function
        asked = self._halves.asked
        return None if asked is None else asked.subcommand

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands among all that the journal was given, and in its chain: what entries are sorted by."""
        return self.item.ordinal, self._index

    @property
    def status_code(self) -> int | None:
        """The NT status as a number."""
        if not isinstance(self.item, Pair):
            return None
        return None if self._glance is None else self._glance.status

    @cached_property
    def _halves(self) -> Halves:
        assert isinstance(self.item, Pair)
        halves = halves_of(self.item)
        return halves[self._index] if self._index < len(halves) else NOTHING

    @cached_property
    def _told(self) -> entry.Entry:
        told = self.item.told
        assert not isinstance(told, (Exchanged, Message))
        return entry.entry_of(told)

    @property
    def _about(self) -> Exchanged:
        """The later of its events: what the server knew in the end."""
        assert isinstance(self.item, Pair)
        return self.item.answered or self.item.told

    @property
    def _code(self) -> int | None:
        return None if self._glance is None else self._glance.code

    @property
    def _claimed_user(self) -> str | None:
        asked = self._halves.asked if self._code == Command.SESSION_SETUP_ANDX else None
        if asked is None:
            return None
        return getattr(asked.body, "account_name", "") or getattr(asked.detail, "user", "") or None

    @cached_property
    def _range(self) -> Range:
        if not isinstance(self.item, Pair) or self._glance is None:
            return NOWHERE
        seen = range_at_a_glance(self.item, self._glance)
        return range_of(self._halves, self._about) if seen is None else seen

    def _seen(self, name: str) -> int | None:
        """A number among the words of the answer, or of the request."""
        value = self._number(name, request=False)
        return self._number(name, request=True) if value is None else value

    def _number(self, name: str, *, request: bool) -> int | None:
        """A number among the words of one half; None where it is not seen there."""
        glance, pair = self._glance, self.item
        if glance is None or not isinstance(pair, Pair):
            return None
        if request:
            return (
                number(pair.told.request, glance.at, glance.code, name, request=True) if glance.at else None
            )
        if pair.answered is None or not glance.reply_at:
            return None
        return number(pair.answered.reply, glance.reply_at, glance.code, name, request=False)

    def _header(self, name: str) -> int | None:
        if not isinstance(self.item, Pair):
            return None
        message = self.item.told.request or self.item.told.reply
        if len(message) < HEADER_SIZE:
            return None
        pid_high, tid, pid, uid, mid = _IDS.unpack_from(message)
        ids: dict[str, int] = {"mid": mid, "uid": uid, "tid": tid, "pid": pid_high << 16 | pid}
        return ids[name]

    def __repr__(self) -> str:
        if not isinstance(self.item, Pair):
            return self.summary
        path = self.path
        where = f" {path}" if path and folded(path) not in folded(self.summary) else ""
        return f"#{self.number}{where} {self.summary}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JournalEntry) and self.place == other.place

    def __hash__(self) -> int:
        return hash(self.place)


ATTRIBUTES: Final = tuple(
    name
    for name, value in vars(JournalEntry).items()
    if isinstance(value, (property, cached_property)) and not name.startswith("_")
)
"""What an entry tells, and criteria ask for."""


def entries_of(item: Pair | Happened) -> "Iterator[JournalEntry]":
    """One entry, or one for each command of a chain."""
    if isinstance(item, Pair) and is_chain(item):
        for index, glance in enumerate(glances(item)):
            yield JournalEntry(item, index, glance)
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
