"""What a message's connection means at that moment: what `Follower.follow` gives of each event."""

from typing import Final

import msgspec

from fakesmb.trace.association import Pdu
from fakesmb.trace.joining import Asked, Whole
from fakesmb.trace.moments import NO_MOMENT, Moment, Open, Search, Share, Tables, User


class Half(msgspec.Struct, frozen=True, gc=False):
    """What only the messages before it tell of a request or of a reply."""

    whole: Whole | None = None
    """A transaction's parameters and data, in the last of the several messages that carried them."""
    asked: Asked | None = None
    """The transaction that it goes on with or answers, where that came in several messages."""
    pdus: tuple[Pdu, ...] | None = None
    """The DCE/RPC PDUs in what it carries over a pipe; None where it carries nothing over one."""
    piece: bool = False
    """Whether it carries a part of a transaction, and not the last."""


NOTHING: Final = Half()


class Context(msgspec.Struct, frozen=True, gc=False):
    """One event's context. `user`, `share`, `path` and `fid` are what the event itself says, else what was followed."""

    moment: Moment = NO_MOMENT
    """After the event."""
    before: Moment = NO_MOMENT
    """Before it."""
    user: str = ""
    share: str = ""
    service: str = ""
    """`A:`, `IPC`, `LPT1:`; empty where no message said it."""
    path: str = ""
    fid: int | None = None
    tid: int = 0
    """Of the header: FIDs are of that tree."""
    request: Half = NOTHING
    reply: Half = NOTHING
    opened: int = 0
    """Number of the event that opened the FID that this one names; 0 where that was not seen."""

    @property
    def uids(self) -> "Names":
        """UID to user."""
        return Names(self, User)

    @property
    def tids(self) -> "Names":
        """TID to share."""
        return Names(self, Share)

    @property
    def fids(self) -> "Names":
        """FID to the path of the file or the pipe."""
        return Names(self, Open)

    @property
    def sids(self) -> "Names":
        """SID of a search to its pattern."""
        return Names(self, Search)

    @property
    def tables(self) -> Tables:
        """What UIDs, TIDs, FIDs and SIDs stood for after the event."""
        return self.moment.tables()

    @property
    def tables_before(self) -> Tables:
        """What they stood for before it: while its request was under way."""
        return self.before.tables()


class Names:
    """What identifiers of one kind stand for; after the event, or before it where the event has made that untrue."""

    __slots__ = ("_context", "_kind")

    def __init__(self, context: Context, kind: type) -> None:
        self._context = context
        self._kind = kind

    def get(self, number: int, otherwise: str = "") -> str:
        """The user, the share, the path or the pattern."""
        context = self._context
        key = number | context.tid << 16 if self._kind is Open else number
        row = context.moment.row(self._kind, key) or context.before.row(self._kind, key)
        return otherwise if row is None else row.name


NO_CONTEXT: Final = Context()
"""Of a message about whose connection nothing is known."""
