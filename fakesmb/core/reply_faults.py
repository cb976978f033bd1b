"""What faults do to the bytes of an answer: some are changed, the rest is cut off, they leave slowly or in pieces."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from fakesmb.core.stream_faults import Pieces, in_pieces, trickled
from fakesmb.faults.fault import Fault
from fakesmb.faults.fields import HEADER_FIELDS, place_of
from fakesmb.wire.codec import Buffer
from fakesmb.wire.frame import PREFIX_SIZE
from fakesmb.wire.header import HEADER_SIZE, MAGIC

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection

_OTHER_SIGNATURE: Final = 0xFFFFFFFFFFFFFFFF


def end(connection: "SMBConnection", fault: Fault) -> None:
    """Ends a connection as a rule says: by a RST, or as usual."""
    act = fault.rule.act
    (connection.reset if act.reset else connection.finish)(
        f"{fault.name}: {'reset' if act.reset else 'dropped'}"
    )


class ChangedReply:
    """The frames that answer a request, and what a rule makes of them."""

    def __init__(
        self,
        connection: "SMBConnection",
        fault: Fault,
        acts: Callable[[], bool],
        index: int,
        function: int | None,
    ) -> None:
        """`acts` is told when bytes are changed; `index` is that of the command in its chain."""
        self._connection = connection
        self._fault = fault
        self._acts = acts
        self._index = index
        self._function = function
        self._frames: list[bytes] = []
        self._ended = False

    def take(self, frame: list[Buffer]) -> None:
        """A frame that is to go out."""
        act = self._fault.rule.act
        data = bytearray().join(frame)
        if act.corrupt is not None:
            self._corrupt(data)
        if (
            act.bad_signature
            and self._connection.signing is not None
            and data[PREFIX_SIZE:].startswith(MAGIC)
        ):
            self._flip(data, HEADER_FIELDS["signature"], _OTHER_SIGNATURE)
        self._frames.append(bytes(data))

    def _corrupt(self, data: bytearray) -> None:
        corruption = self._fault.rule.act.corrupt
        assert corruption is not None
        message = memoryview(bytes(data))[PREFIX_SIZE:]
        offset = corruption.offset
        place: tuple[int, int] | None
        if offset is not None:
            place = (offset if offset >= 0 else len(message) + offset), 1
        elif len(message) <= HEADER_SIZE or bytes(message[:4]) != MAGIC:  # raw data
            place = None
        else:
            encoding = self._connection.oem_encoding
            place = place_of(
                corruption.field, message, index=self._index, function=self._function, encoding=encoding
            )
        if place is not None and 0 <= place[0] < len(message):
            self._flip(data, place, corruption.xor)

    def _flip(self, data: bytearray, place: tuple[int, int], xor: int) -> None:
        """Changes the bits of a little-endian number."""
        start = PREFIX_SIZE + place[0]
        size = min(place[1], len(data) - start)
        number = int.from_bytes(data[start : start + size], "little") ^ (xor & (1 << 8 * size) - 1)
        if self._acts():
            data[start : start + size] = number.to_bytes(size, "little")

    def send(self) -> None:
        """Sends what has been taken, as the rule says."""
        frames, self._frames = self._frames, []
        if not frames or self._ended:
            return
        connection, act = self._connection, self._fault.rule.act
        if act.drop == "mid-response":
            frames = [frames[0][: max(1, len(frames[0]) // 2)]]
        ends = act.drop is not None
        self._ended = ends
        pieces: Pieces | None = None
        for frame in frames:
            if act.trickle:
                pieces = trickled(frame, act.trickle)
            elif act.split:
                pieces = in_pieces(frame, act.split)
            connection.deliver_in(pieces, [frame])
        if ends:
            connection.when_sent(self._end)

    def _end(self) -> None:
        end(self._connection, self._fault)
