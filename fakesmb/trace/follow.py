"""What a conversation is about at each message: UIDs, TIDs, FIDs, SIDs, the calls of pipes, what came in pieces.

    follower = Follower()
    for event in events:                        # all of a server or a capture, in order
        context = follower.follow(event)        # a `Context`; it gives the tables of then at any later time

It works from the bytes, so a capture needs no server that knew; what an event says itself goes before. It never raises,
and holds a bounded number of bytes, whatever the messages are.
"""

from typing import Final

from fakesmb.record.events import Connected, Disconnected, Event, Exchanged, Shown
from fakesmb.trace import identifiers, pipes, transactions
from fakesmb.trace.bodies import Half as Bodies
from fakesmb.trace.bodies import is_chain
from fakesmb.trace.context import NO_CONTEXT, NOTHING, Context, Half
from fakesmb.trace.following import Followed, Turn
from fakesmb.wire.commands import Command
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE

MOST_CONNECTIONS: Final = 4096
"""Connections that are followed at a time; of more the ones silent for longest are forgotten."""
MOST_HELD: Final = 16 << 20
"""Bytes of all connections that wait for more of the same call or transaction."""


class Follower:
    """Follows all connections of a server or of a capture."""

    def __init__(self) -> None:
        self._connections: dict[int, Followed] = {}
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes that wait for more."""
        return self._held

    def follow(self, event: Event) -> Context:
        """Takes the next event, and says what it is about. Never raises."""
        if type(event) is not Exchanged:
            if isinstance(event, (Connected, Disconnected)):
                self._forget(event.connection)
            return NO_CONTEXT
        number = event.client.connection
        followed = self._connections.pop(number, None) or Followed()
        self._connections[number] = followed
        if len(self._connections) > MOST_CONNECTIONS:
            self._forget(next(iter(self._connections)))
        held = followed.held
        context = _context(followed, event)
        self._held += followed.held - held
        if self._held > MOST_HELD:
            self._let_go()
        return context

    def _forget(self, connection: int) -> None:
        known = self._connections.pop(connection, None)
        if known is not None:
            self._held -= known.held

    def _let_go(self) -> None:
        """Forgets what waits for more, of the connections that have been silent for longest first."""
        for followed in self._connections.values():
            self._held -= followed.held
            followed.let_go()
            if self._held <= MOST_HELD // 2:
                return


def _context(followed: Followed, event: Exchanged) -> Context:
    before = followed.history.moment
    asked, answered = event.request, event.reply
    header = asked if len(asked) >= HEADER_SIZE else answered
    if len(header) < HEADER_SIZE:
        return Context(before, before, event.user, event.share, "", event.path, event.fid)
    turn = Turn(followed, event, header)
    opened = turn.opened
    request = reply = NOTHING
    if _changes(turn, header):
        if header is asked:
            turn.asked = Bodies(event, request=True)
            if event.shown & Shown.REQUEST:
                request = _requested(turn)
        if event.shown & Shown.REPLY and len(answered) >= HEADER_SIZE:
            turn.answered = Bodies(event, request=False)
            reply = _replied(turn)
        opened = turn.opened or opened
    path = event.path or turn.path or ("" if opened is None else opened.path)
    user, share = turn.user, turn.share
    return Context(
        followed.history.moment,
        before,
        event.user or ("" if user is None else user.user),
        event.share or ("" if share is None else share.share),
        "" if share is None else share.service,
        path,
        turn.fid,
        turn.tid,
        request,
        reply,
        0 if opened is None else opened.since,
    )


def _changes(turn: Turn, header: bytes) -> bool:
    """Whether the event may change what is true, or carries what is put together."""
    command = header[COMMAND_AT]
    if command == Command.TRANSACTION2 and transactions.is_passing(turn):
        return False
    if command in _FOLLOWED or is_chain(header):
        return True
    if command not in pipes.TRANSFERS:
        return False
    opened = turn.opened
    if opened is not None:
        return opened.pipe
    return turn.on_ipc or (turn.share is None and not turn.event.share)


_FOLLOWED: Final = identifiers.COMMANDS | transactions.COMMANDS.keys() | pipes.COMMANDS
_LOGON: Final = frozenset({Command.SESSION_SETUP_ANDX})
_ERROR: Final = 0xC0000000
"""Severity of a status that says that nothing was done."""


def _requested(turn: Turn) -> Half:
    half = NOTHING
    for code, body in turn.asked.bodies if turn.asked else ():
        if body is None:
            break
        half = _with(half, transactions.requested(turn, code, body))
        pdus = pipes.requested(turn, body, half)
        if pdus is not None:
            half = Half(half.whole, half.asked, pdus)
    return half


def _replied(turn: Turn) -> Half:
    half, asked, answered = NOTHING, turn.asked, turn.answered
    requests = [] if asked is None else asked.bodies
    if answered is None or answered.header is None:
        return half
    last = len(answered.bodies) - 1
    for index, (code, body) in enumerate(answered.bodies):
        known = index < len(requests) and requests[index][0] == code
        turn.request = requests[index][1] if known else None
        half = _with(half, transactions.replied(turn, code, body))
        pdus = pipes.replied(turn, body, half)
        if pdus is not None:
            half = Half(half.whole, half.asked, pdus)
        if index < last or turn.event.status & _ERROR != _ERROR or code in _LOGON:
            identifiers.replied(turn, code, body, answered.header, half)
    return half


def _with(half: Half, more: Half) -> Half:
    return half if more is NOTHING else more
