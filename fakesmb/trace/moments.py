"""What the identifiers of a connection stand for, at each of its messages: UIDs, TIDs, FIDs and SIDs.

A connection's `History` keeps what is true now, and a list of what changed. A `Moment` is a place in that list: it
costs nothing to keep one for every message, and gives the tables as they were then.
"""

from typing import Final

import msgspec

MOST_ROWS: Final = 4096
"""Identifiers of one connection that are followed; of more the oldest are forgotten."""


class User(msgspec.Struct, frozen=True, gc=False):
    """A session: what a UID stands for."""

    uid: int
    user: str
    domain: str = ""
    kind: str = "user"
    """`user`, `guest` or `anonymous`; `unknown` where no message said it (Kerberos, a capture that begins later)."""
    since: int = 0
    """Number of the message that made it."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.user

    @property
    def key(self) -> int:
        """Its place among the rows."""
        return self.uid


class Share(msgspec.Struct, frozen=True, gc=False):
    """A tree connect: what a TID stands for."""

    tid: int
    share: str
    service: str = ""
    """`A:`, `IPC`, `LPT1:` as the server answered."""
    path: str = ""
    """As the client asked for it: `\\\\server\\share`."""
    uid: int = 0
    since: int = 0

    @property
    def is_ipc(self) -> bool:
        """Whether its opens are pipes."""
        return self.service == "IPC" or self.share.upper() == "IPC$"

    @property
    def name(self) -> str:
        """What it is called."""
        return self.share

    @property
    def key(self) -> int:
        """Its place among the rows."""
        return self.tid


class Open(msgspec.Struct, frozen=True, gc=False):
    """A file, a directory or a pipe that is open: what a FID stands for."""

    fid: int
    path: str
    """Inside the share; of a pipe its name; empty where the capture begins after the open."""
    tid: int = 0
    uid: int = 0
    pid: int = 0
    pipe: bool = False
    interfaces: tuple[str, ...] = ()
    """Of a pipe: the interfaces bound, `srvsvc 3.0`."""
    since: int = 0

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path

    @property
    def key(self) -> int:
        """Its place among the rows: servers may count the FIDs of each tree by themselves."""
        return self.tid << 16 | self.fid


class Search(msgspec.Struct, frozen=True, gc=False):
    """A search under way: what a SID stands for."""

    sid: int
    path: str
    tid: int = 0
    since: int = 0

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path

    @property
    def key(self) -> int:
        """Its place among the rows."""
        return self.sid


Row = User | Share | Open | Search
Key = tuple[type, int]


class Tables(msgspec.Struct, frozen=True, gc=False):
    """What all identifiers stood for, each list in the order in which they were given out."""

    uids: tuple[User, ...] = ()
    tids: tuple[Share, ...] = ()
    fids: tuple[Open, ...] = ()
    sids: tuple[Search, ...] = ()


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A place in the history of a connection."""

    base: dict[Key, Row]
    changes: list[tuple[Key, Row | None]]
    count: int
    """As many of the changes had happened."""

    def row(self, kind: type, number: int) -> Row | None:
        """What an identifier stood for then; None where that is not known."""
        key = (kind, number)
        for changed, row in reversed(self.changes[: self.count]):
            if changed == key:
                return row
        return self.base.get(key)

    def tables(self) -> Tables:
        """The tables as they were then."""
        rows = dict(self.base)
        for key, row in self.changes[: self.count]:
            if row is None:
                rows.pop(key, None)
            else:
                rows[key] = row
        found: dict[type, list[Row]] = {kind: [] for kind in (User, Share, Open, Search)}
        for (kind, _), row in rows.items():
            found[kind].append(row)
        return Tables(*map(tuple, found.values()))  # type: ignore[arg-type]


NO_MOMENT: Final = Moment({}, [], 0)
"""Of what belongs to no connection."""


class History:
    """What the identifiers of one connection stand for, and how it came to that."""

    __slots__ = ("_base", "_changes", "moment", "rows")

    def __init__(self) -> None:
        self.rows: dict[Key, Row] = {}
        """What is true now."""
        self._base: dict[Key, Row] = {}
        self._changes: list[tuple[Key, Row | None]] = []
        self.moment = Moment(self._base, self._changes, 0)

    def user(self, uid: int) -> User | None:
        """What a UID stands for now; None where that is not known."""
        return self.rows.get((User, uid))  # type: ignore[return-value]

    def share(self, tid: int) -> Share | None:
        """What a TID stands for now."""
        return self.rows.get((Share, tid))  # type: ignore[return-value]

    def open(self, tid: int, fid: int) -> Open | None:
        """What a FID of a tree stands for now."""
        return self.rows.get((Open, tid << 16 | fid))  # type: ignore[return-value]

    def search(self, sid: int) -> Search | None:
        """What a SID stands for now."""
        return self.rows.get((Search, sid))  # type: ignore[return-value]

    def put(self, row: Row) -> None:
        """From now on the identifier stands for that."""
        key = (type(row), row.key)
        self.rows[key] = row
        self._changed(key, row)
        if len(self.rows) > MOST_ROWS:
            self.drop(*next(one for one in self.rows if one[0] is type(row)))

    def drop(self, kind: type, number: int) -> None:
        """The identifier stands for nothing any more."""
        key = (kind, number)
        if self.rows.pop(key, None) is not None:
            self._changed(key, None)

    def _changed(self, key: Key, row: Row | None) -> None:
        self._changes.append((key, row))
        if len(self._changes) > max(_FEW_CHANGES, 2 * len(self.rows)):
            self._base, self._changes = dict(self.rows), []
        self.moment = Moment(self._base, self._changes, len(self._changes))


_FEW_CHANGES: Final = 64
