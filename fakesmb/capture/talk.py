"""A connection in a capture: its TCP conversation, what is in hand of either side, what is still to be said of it."""

from collections import deque
from typing import Final

from fakesmb.capture.cutting import Direction, Frame, Run
from fakesmb.capture.packets import Conversation, End, Flag
from fakesmb.record.ends import How
from fakesmb.wire.frame import PREFIX_SIZE
from fakesmb.wire.header import HEADER_SIZE

_CLIENT, _SERVER = True, False
_IDENTITY: Final = slice(24, HEADER_SIZE)
"""TID, PID, UID and MID of a header."""


class Packet:
    """A packet that waits until what is to be said of it is known."""

    __slots__ = ("comment", "flags", "from_client", "run", "talk", "tick", "time", "told")

    def __init__(
        self,
        talk: "Talk",
        time: float,
        *,
        from_client: bool,
        flags: int,
        run: Run | None = None,
        comment: str = "",
    ) -> None:
        self.talk = talk
        self.time = time
        self.from_client = from_client
        self.flags = flags
        self.run = run
        self.comment = comment
        self.told = True
        self.tick = 0

    @property
    def waits(self) -> bool:
        """Whether something is still to be said of it."""
        return not self.told if self.run is None else not self.run.frame.told


class Talk:
    """One of them."""

    def __init__(self, client: End, server: End, *, number: int, order: int, interface: int) -> None:
        """`number` is that of the record, `order` one that no other connection has."""
        self.conversation = Conversation(client, server, order)
        self.number = number
        self.interface = interface
        most = self.conversation.most
        self.sends = {one: Direction(from_client=one, most=most) for one in (_CLIENT, _SERVER)}
        self.untold: dict[bool, deque[Frame]] = {_CLIENT: deque(), _SERVER: deque()}
        """Messages of the client (True) and of the server that the record is still to tell of."""
        self.asides: list[str] = []
        """What the next reply says besides."""
        self.latest = 0.0
        """When its last packet was there."""
        self.half_closed = False
        self.end_told = False
        self.end: Packet | None = None
        self.why = ""
        """Why it ended, in the words of the record."""

    def find(self, told: bytes, *, from_client: bool) -> Frame | None:
        """The message that begins with these bytes; of answers that a fault has changed, the one that is next.

        It waits no longer.
        """
        waiting = self.untold[from_client]
        head = told[:HEADER_SIZE]
        found = next((one for one in waiting if _agrees(one.head[PREFIX_SIZE:], head)), None)
        if found is None:
            same = (one for one in waiting if one.head[PREFIX_SIZE:][_IDENTITY] == head[_IDENTITY])
            found = next(same, waiting[0] if waiting and not from_client else None)
        if found is not None:
            waiting.remove(found)
        return found

    def forget(self, frame: Frame) -> None:
        """The record does not tell of it in time."""
        if frame in self.untold[frame.from_client]:
            self.untold[frame.from_client].remove(frame)

    def lose(self, came: int, left: int) -> None:
        """So many bytes went by unseen."""
        most = self.conversation.most
        for from_client, size in ((_CLIENT, came), (_SERVER, left)):
            missing = size + self.sends[from_client].held
            self.untold[from_client].clear()
            if missing:
                self.conversation.skip(missing, from_client=from_client)
                self.sends[from_client] = Direction(from_client=from_client, most=most)
                self.sends[from_client].lost = True

    def packets_of_end(self, how: How) -> list[tuple[bool, int]]:
        """The last packets: who sends each, and its flags beside ACK."""
        if how is How.CLIENT_RESET:
            return [(_CLIENT, Flag.RST)]
        if how is How.SERVER_RESET:
            return [(_SERVER, Flag.RST)]
        if how is How.CLIENT_CLOSED:
            last = [(_SERVER, 0)] if self.half_closed else [(_SERVER, Flag.FIN), (_CLIENT, 0)]
            return [(_CLIENT, Flag.FIN), *last]
        closed = [] if self.half_closed else [(_SERVER, Flag.FIN), (_CLIENT, 0)]
        return [*closed, (_SERVER, Flag.RST)] if how is How.SERVER_LEFT_UNREAD else closed


def _agrees(seen: bytes, told: bytes) -> bool:
    return bool(seen) and seen == told[: len(seen)]
