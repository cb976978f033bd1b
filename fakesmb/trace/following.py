"""What is kept of one connection while it is followed, and one event of it."""

from typing import Any, Final

import msgspec

from fakesmb.record.events import Exchanged
from fakesmb.trace.association import Association
from fakesmb.trace.bodies import Half as Bodies
from fakesmb.trace.joining import MOST_UNDER_WAY, Asked, Joining
from fakesmb.trace.moments import History, Open, Search, Share, User

MOST_HELD_BY_ONE: Final = 1 << 20
"""Bytes of one connection that wait for more."""


class Followed:
    """One connection."""

    __slots__ = ("answers", "asked", "held", "history", "pipes", "requests", "signing_in")

    def __init__(self) -> None:
        self.history = History()
        self.pipes: dict[int, Association] = {}
        """By `Open.key`; of calls that find their pipe by its name, by a negative number that their MID makes."""
        self.requests: dict[bytes, tuple[Joining, Asked]] = {}
        """Transactions whose requests are not whole."""
        self.asked: dict[bytes, Asked] = {}
        """Transactions whose requests came in several messages, and are not answered yet."""
        self.answers: dict[bytes, Joining] = {}
        """Transactions whose answers are not whole."""
        self.signing_in: dict[int, User] = {}
        """Who a sign-in under way says to be, by UID."""
        self.held = 0
        """Bytes that wait for more."""

    def let_go(self) -> None:
        """Forgets what waits for more."""
        for pipe in self.pipes.values():
            pipe.let_go()
        self.requests.clear()
        self.answers.clear()
        self.held = 0

    def pipe(self, number: int) -> Association:
        """The conversation on a pipe."""
        known = self.pipes.get(number)
        if known is None:
            known = self.pipes[number] = Association()
            if len(self.pipes) > MOST_PIPES:
                self.forget_pipe(next(iter(self.pipes)))
        return known

    def forget_pipe(self, number: int) -> None:
        """A pipe is closed."""
        gone = self.pipes.pop(number, None)
        if gone is not None:
            self.held -= gone.held

    def close(self, tid: int, fid: int) -> None:
        """A FID of a tree stands for nothing any more."""
        number = tid << 16 | fid
        self.history.drop(Open, number)
        self.forget_pipe(number)

    def close_where(self, **same: int) -> None:
        """Closes the opens, and ends the searches, whose `tid`, `uid` or `pid` is that."""
        ((name, value),) = same.items()
        for row in list(self.history.rows.values()):
            if type(row) is Open and getattr(row, name) == value:
                self.close(row.tid, row.fid)
            elif type(row) is Search and getattr(row, name, None) == value:
                self.history.drop(Search, row.sid)

    def begin(self, table: dict[bytes, Any], key: bytes, what: Any, held: int) -> None:
        """Remembers a transaction of which more is to come; too many of them, or too much, forget the oldest."""
        self.drop(table, key)
        table[key] = what
        self.held += held
        while len(table) > MOST_UNDER_WAY or (self.held > MOST_HELD_BY_ONE and len(table) > 1):
            self.drop(table, next(iter(table)))

    def drop(self, table: dict[bytes, Any], key: bytes) -> None:
        """Forgets it."""
        gone = table.pop(key, None)
        joining = gone[0] if type(gone) is tuple else gone
        if type(joining) is Joining:
            self.held -= joining.held


MOST_PIPES: Final = 512
"""Pipes of one connection whose calls are followed."""


class Turn:
    """One event while it is followed."""

    __slots__ = (
        "answered",
        "asked",
        "event",
        "fid",
        "followed",
        "path",
        "pid",
        "request",
        "share",
        "tid",
        "uid",
        "user",
    )

    def __init__(self, followed: Followed, event: Exchanged, header: bytes) -> None:
        self.followed = followed
        self.event = event
        self.uid = header[28] | header[29] << 8
        self.tid = header[24] | header[25] << 8
        self.pid = header[26] | header[27] << 8 | header[12] << 16 | header[13] << 24
        self.user = followed.history.user(self.uid)
        self.share: Share | None = followed.history.share(self.tid)
        self.fid = event.fid
        self.path = event.path
        self.asked: Bodies | None = None
        self.answered: Bodies | None = None
        self.request: Any = None
        """The structure of the command that is looked at, of its request; None where that is not known."""

    @property
    def opened(self) -> Open | None:
        """What the FID stands for now."""
        return None if self.fid is None else self.followed.history.open(self.tid, self.fid)

    @property
    def on_ipc(self) -> bool:
        """Whether the tree is that of the pipes."""
        if self.share is not None:
            return self.share.is_ipc
        return self.event.share.upper() == "IPC$"

    def key(self, code: int, message: bytes) -> bytes:
        """What the messages of one transaction have in common: command, PID, TID, UID and MID."""
        return bytes((code,)) + message[12:14] + message[24:32]


def renamed(row: Any, **changes: Any) -> Any:
    """The row with some of its facts changed."""
    return msgspec.structs.replace(row, **changes)
