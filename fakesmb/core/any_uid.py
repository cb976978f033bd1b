"""Connections on which UIDs say nothing: at share level, and of core clients, which know no session setup."""

from typing import TYPE_CHECKING, Any

from fakesmb.auth.accounts import Identity
from fakesmb.core.dialects import Protocol
from fakesmb.core.state import Session

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection


class OneSession(dict[int, Session]):
    """The sessions of such a connection, of which there is at most one: every UID means it."""

    def get(self, key: int, default: Any = None) -> Any:
        """The session, whatever the UID."""
        return next(iter(self.values()), default)


def _heed_no_uid(connection: "SMBConnection") -> None:
    """From now on every UID of a connection means its session."""
    connection.sessions.entries = OneSession(connection.sessions.entries)


def begin_share_level(connection: "SMBConnection") -> None:
    """Share level asks nobody who it is: there is a session from the start, also for who sends no session setup."""
    _heed_no_uid(connection)
    _begin(connection, Identity(connection.calling_name, kind="guest"))


def _begin(connection: "SMBConnection", identity: Identity) -> Session:
    session = Session(connection)
    session.identity = identity
    session.uid = connection.sessions.add(session)
    return session


def knows_no_users(connection: "SMBConnection") -> bool:
    """Whether its dialect has no session setup: a core client signs in by its tree connects."""
    return connection.protocol < Protocol.LANMAN1


def called_itself(connection: "SMBConnection", identity: Identity) -> Session:
    """The session of who says who it is: at share level by a session setup, of which nothing is checked; of core
    clients when a password was proved. The trees that are there already stay with it."""
    if not isinstance(connection.sessions.entries, OneSession):
        _heed_no_uid(connection)
    session: Session | None = connection.sessions.get(0)
    if session is None:
        return _begin(connection, identity)
    if session.identity != identity:
        for tree in connection.trees:
            if tree.identity is session.identity:
                tree.identity = identity
        session.identity = identity
    return session
