"""What faults do to the bytes of an answer: some are changed, the rest is cut off, they leave slowly or in pieces."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from fakesmb.core.stream_faults import Pieces, in_pieces, together, trickled
from fakesmb.faults.action import Corruption
from fakesmb.faults.fault import Fault
from fakesmb.faults.fields import HEADER_FIELDS, Place, place_of
from fakesmb.wire.codec import Buffer
from fakesmb.wire.frame import PREFIX_SIZE
from fakesmb.wire.header import HEADER_SIZE, MAGIC

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection

_OTHER_SIGNATURE: Final = 0xFFFFFFFFFFFFFFFF


def end(connection: "SMBConnection", fault: Fault) -> None:
    """Ends a connection as a rule says: by a RST, or as usual."""
    act = fault.rule.act
    if act.reset:
        connection.reset(f"{fault.name}: reset", when_sent=act.drop is not None)
    else:
        connection.finish(f"{fault.name}: dropped")


class Change(NamedTuple):
    """What a rule makes of the answer to one command."""

    fault: Fault
    acts: Callable[[], bool]
    """Told when bytes are changed; False where the rule may not, any more."""
    position: int
    """That of the command in its chain."""
    function: int | None
    """Its subcommand."""


class ChangedReply:
    """The frames that answer a message, and what rules make of them: of a chain each command may have met one."""

    def __init__(self, connection: "SMBConnection") -> None:
        self._connection = connection
        self._changes: list[Change] = []
        self._acting: list[Change] = []
        self.raw = False
        """Whether the answer is bare data, without a header."""
        self._frames: list[bytes] = []
        self._ended = False

    def add(self, change: Change) -> None:
        """One more rule has to do with it."""
        self._changes.append(change)

    def take(self, frame: list[Buffer]) -> None:
        """A frame that is to go out."""
        data = bytearray().join(frame)
        self._acting = [change for change in self._changes if not _moves(change) or change.acts()]
        changed: set[Place] = set()
        """Two changes of the same bits would undo each other."""
        for change in self._acting:
            for place, xor in self._places(change, data):
                if place not in changed and self._flip(change, data, place, xor):
                    changed.add(place)
        self._frames.append(bytes(data))

    def _places(self, change: Change, data: bytearray) -> Iterator[tuple[Place, int]]:
        act = change.fault.rule.act
        message = memoryview(bytes(data))[PREFIX_SIZE:]
        plain = not self.raw and len(message) > HEADER_SIZE and bytes(message[: len(MAGIC)]) == MAGIC
        if act.corrupt is not None:
            place = self._place(change, act.corrupt, message, plain=plain)
            if place is not None and 0 <= place[0] < len(message):
                yield place, act.corrupt.xor
        if act.bad_signature and plain and self._connection.signing is not None:
            yield HEADER_FIELDS["signature"], _OTHER_SIGNATURE

    def _place(
        self, change: Change, corruption: Corruption, message: memoryview, *, plain: bool
    ) -> Place | None:
        offset = corruption.offset
        if offset is not None:
            return (offset if offset >= 0 else len(message) + offset), 1
        if not plain:
            return None
        encoding = self._connection.oem_encoding
        return place_of(
            corruption.field, message, index=change.position, function=change.function, encoding=encoding
        )

    def _flip(self, change: Change, data: bytearray, place: Place, xor: int) -> bool:
        """Changes the bits of a little-endian number, where some do change and the rule may act."""
        start = PREFIX_SIZE + place[0]
        size = min(place[1], len(data) - start)
        bits = xor & (1 << 8 * size) - 1
        if not bits or not change.acts():
            return False
        number = int.from_bytes(data[start : start + size], "little") ^ bits
        data[start : start + size] = number.to_bytes(size, "little")
        return True

    def unanswered(self) -> Fault | None:
        """There is no answer; the rule that ends the connection after it all the same."""
        for change in self._changes:
            if change.fault.rule.act.drop == "after" and change.acts():
                return change.fault
        return None

    def send(self) -> None:
        """Sends what has been taken, as the rules say; the earliest end is the end."""
        frames, self._frames = self._frames, []
        if not frames or self._ended:
            return
        connection = self._connection
        faults = [change.fault for change in self._acting]
        dropping = sorted(
            (fault for fault in faults if fault.rule.act.drop is not None),
            key=lambda fault: fault.rule.act.drop != "mid-response",
        )
        if dropping and dropping[0].rule.act.drop == "mid-response":
            frames = [frames[0][: max(1, len(frames[0]) // 2)]]
        self._ended = bool(dropping)
        for frame in frames:
            ways = [pieces for fault in faults if (pieces := _pieces(fault, frame))]
            connection.deliver_in(together(ways) if ways else None, [frame])
        if dropping:
            connection.when_sent(partial(end, connection, dropping[0]))


def _moves(change: Change) -> bool:
    """Whether a rule does something to whatever answer there is."""
    act = change.fault.rule.act
    return bool(act.drop or act.trickle or act.split)


def _pieces(fault: Fault, frame: bytes) -> Pieces | None:
    act = fault.rule.act
    if act.trickle:
        return trickled(frame, act.trickle)
    return in_pieces(frame, act.split) if act.split else None
