"""Connections that nobody uses and that hold nothing open are closed, as by Windows' autodisconnect."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.state import Server
    from fakesmb.vfs.reactor import DelayedCall

_LOOKS: Final = 4
"""How often it is looked in the time after which a connection counts as idle: it is closed at most a quarter later."""


class IdleWatch:
    """Looks at all connections from time to time, so that no request needs to tell that it comes.

    Requests of a signed-in user count; ECHO does not, since clients send it to keep alive what nobody uses. Who has
    never signed in is not looked at: `limits.sign_in_seconds` is for those. Nor is anybody where the time stands still.
    """

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._seconds = server.settings.limits.idle_seconds
        self._seen: dict[SMBConnection, tuple[float, int]] = {}
        """When a user's request was last seen to have come, and how many looks ago that changed."""
        self._timer: DelayedCall | None = None

    def begin(self) -> None:
        """There is a connection to look at; beginning twice is harmless."""
        if self._seconds and self._timer is None and not self._server.world.stands:
            self._timer = self._server.clock.callLater(self._seconds / _LOOKS, self._look)

    def stop(self) -> None:
        """There is none left."""
        self._seen.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        before, self._seen = self._seen, {}
        for connection in list(self._server.connections.values()):
            if connection.awaits_sign_in:
                continue
            used = max((session.last_used for session in connection.sessions), default=0.0)
            seen, looks = before.get(connection, (0.0, 0))
            busy = len(connection.opens) or len(connection.searches) or len(connection.pending)
            looks = 0 if busy or used != seen else looks + 1
            if looks >= _LOOKS:
                connection.drop(
                    f"idle for {self._seconds:g} seconds, with nothing open (limits.idle_seconds)"
                )
            else:
                self._seen[connection] = used, looks
        if self._server.connections:
            self.begin()
