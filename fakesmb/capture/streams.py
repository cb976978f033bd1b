"""The messages of the SMB connections in a capture: TCP put in order, and cut by its framing.

Retransmissions and overlaps are dropped, what came too early waits, a gap is noted and jumped over. What is held is
bounded: connections that have been still for longest are given up first.
"""

import heapq
from bisect import bisect_right
from collections.abc import Collection, Iterator
from typing import BinaryIO, Final

from fakesmb.capture import connections, network
from fakesmb.capture.connections import Connections
from fakesmb.capture.flows import NOTHING, Began, Ended, Flow, Seen, Sent, Way
from fakesmb.capture.framing import Framing, begins_message
from fakesmb.capture.network import ACK, FIN, RST, SYN, Network, Segment
from fakesmb.capture.reading import packets
from fakesmb.capture.source import Packet
from fakesmb.capture.trouble import Trouble
from fakesmb.wire.frame import PREFIX_SIZE, FrameType
from fakesmb.wire.header import Flags

MOST_EARLY: Final = 4096
"""Segments of one direction that wait for one that was sent before them."""
MOST_EARLY_BYTES: Final = 4 << 20
MOST_HOLES: Final = 4096
"""Gaps of one direction of which it is known that they are none, when what was missing comes after all."""
_HOLE_COST: Final = 150
_EARLY_COST: Final = 200
"""Bytes that a waiting segment is counted for beside its own."""
_ONE_SIDED: Final = 64
"""Segments that wait for one before them where the other side, whose acknowledgements tell, is not captured."""
_BACK: Final = 0.001
"""Seconds that time goes back by in a capture whose packets are out of order."""
_RARE: Final = SYN | FIN | RST | ACK
_HALF: Final = 1 << 31
_WRAP: Final = 0xFFFFFFFF


def messages(file: BinaryIO, ports: Collection[int] = ()) -> Iterator[Seen]:
    """The messages of a capture in the order in which they became whole, and what could not be read.

    Connections on 139, 445 and `ports` are read, and others from their first segment on that begins with a message.
    Raises `CaptureError` where the file is no capture.
    """
    streams = Streams(ports)
    for packet in packets(file):
        if type(packet) is Packet:
            yield from streams.feed(packet)
        else:
            assert isinstance(packet, Trouble)
            yield packet
    yield from streams.finish()


class Streams:
    """The connections of a capture whose packets it is given."""

    def __init__(self, ports: Collection[int] = ()) -> None:
        self.connections = Connections(ports)
        self._network = Network()
        self._count = 0
        self._last = 0.0
        self._unordered = False
        """Whether packets are out of order, as their times tell."""
        self._seen: list[Seen] = []
        self._packet = NOTHING

    def feed(self, packet: Packet) -> list[Seen]:
        """What a packet completes. The list is the caller's."""
        segment = self._network.segment(packet)
        if segment is None:
            return []
        if type(segment) is Trouble:
            return [segment]
        assert isinstance(segment, Segment)
        name, sequence, acknowledged, flags, data, missing = segment
        way = self.connections.ways.get(name)
        if way is None:
            way = self._new(segment)
            if way is None:
                return []
        else:
            way.flow.active = True
        if packet.time < self._last - _BACK and packet.time:
            self._unordered = True
        self._last = packet.time
        self._packet = packet
        plain = flags & _RARE == ACK and way.next & _WRAP == sequence and way.next >= 0
        if not plain or way.early or way.back.early or not way.flow.simple:
            self._segment(way, segment)
        else:
            way.acknowledged = acknowledged
            if data or missing:
                self._take(way, data, missing, packet)
        if not self._seen:
            return []
        seen, self._seen = self._seen, []
        return seen

    def finish(self) -> list[Seen]:
        """What there is to say when the capture ends."""
        for flow in self.connections.flows():
            self._end_of_capture(flow)
        seen: list[Seen] = [*self._seen, *self._network.fragments.rest()]
        self._seen = []
        return seen

    def _end_of_capture(self, flow: Flow) -> None:
        if flow.closing is not None:
            self._end(flow, _closed_by(flow), by_server=_by_server(flow))
        for way in (flow.away, flow.home):
            while way.early:
                self._jump(way)
            if way.framing.within and not flow.ignored and not flow.ended:
                source, target = flow.names if way is flow.client else flow.names[::-1]
                self._trouble(f"the capture ends within a message from {source} to {target}")

    def hold(self, flow: Flow, size: int) -> None:
        """Counts bytes that are held for a connection, or, by a negative size, no longer."""
        for lost in self.connections.hold(flow, size):
            self._given_up(lost, f"more than {connections.MOST_HELD >> 20} MiB wait for what completes them")

    def _new(self, segment: Segment) -> Way | None:
        way, lost = self.connections.new(segment)
        if lost is not None:
            self._given_up(lost, f"more than {connections.MOST_CONNECTIONS} connections at once")
        return way

    def _given_up(self, flow: Flow, why: str) -> None:
        self._trouble(f"{flow.names[0]} to {flow.names[1]} is not followed any further: {why}")

    # -- what is told --------------------------------------------------------------------------------------

    def _tell(self, flow: Flow) -> None:
        if not flow.number:
            self._count += 1
            flow.number = self._count
            self._seen.append(Began(self._packet.time, flow))

    def _end(self, flow: Flow, reason: str, *, by_server: bool = False) -> None:
        for way in (flow.away, flow.home):
            while way.early:
                self._jump(way)
        if flow.number and not flow.ended:
            self._seen.append(Ended(self._packet.time, flow, reason, by_server))
        flow.ended = True

    def _trouble(self, text: str, packet: Packet | None = None) -> None:
        of = packet or self._packet
        self._seen.append(Trouble(of.number, text, of.time))

    # -- segments ------------------------------------------------------------------------------------------

    def _segment(self, way: Way, segment: Segment) -> None:
        _, sequence, acknowledged, flags, data, missing = segment
        flow = way.flow
        if flags & SYN:
            self._syn(way, segment)
            return
        if flow.ignored and not flags & (RST | FIN):
            return
        if flags & ACK:
            way.acknowledged = acknowledged
        if way.next < 0:
            way.next = sequence
            way.holes.append((sequence - _FIRST_WINDOW, sequence))
        if data or missing:
            ahead = _signed(sequence - way.next)
            if not ahead and not way.early:
                self._take(way, data, missing, self._packet)
            elif ahead > 0:
                self._keep(way, way.next + ahead, segment)
            else:
                self._repeated(way, data, missing, -ahead)
                self._drain(way)
        back = way.back
        if way.early or back.early:
            self._await(way, back)
        if flags & (FIN | RST):
            self._closing(way, segment)
        elif flow.closing is not None:
            self._closed(flow)

    def _syn(self, way: Way, segment: Segment) -> None:
        flow, answers = way.flow, bool(segment.flags & ACK)
        begin = segment.sequence + 1 & _WRAP
        if way.next < 0:
            way.start = way.next = begin
            if answers:
                self._tell(flow)
            if segment.data:  # sent with it: TCP Fast Open
                self._take(way, segment.data, segment.missing, self._packet)
        elif way.start < 0:
            # It comes after what it goes before: the capture's packets are out of order.
            if 0 <= _signed(way.next - begin) < _FIRST_WINDOW:
                way.start = way.next - _signed(way.next - begin)
            elif not answers:
                self._reuse(flow, segment)
        elif way.start & _WRAP != begin and not answers:
            self._reuse(flow, segment)

    def _reuse(self, flow: Flow, segment: Segment) -> None:
        """A new connection between the ports of one whose end was not seen, or a long time ago."""
        self._end(flow, "a new connection took its ports")
        self.connections.forget(flow)
        way = self._new(segment)
        if way is not None:
            self._syn(way, segment)

    def _take(self, way: Way, data: bytes, missing: int, packet: Packet) -> None:
        """Bytes whose turn it is."""
        framing = way.framing
        if not missing and framing.is_one_message(data):  # as nearly all segments are
            way.next += len(data)
            self._message(way, packet, 0, data[PREFIX_SIZE:], len(data) - PREFIX_SIZE)
            return
        if framing.within and way.last.number > packet.number:
            packet = way.last  # the message was whole only then
        before = len(framing.held)
        way.next += len(data) + missing
        framing.feed(data, missing)
        if way.messages:
            self._send(way, packet)
        if framing.trouble:
            self._strayed(way, packet)
        after = len(framing.held)
        if after != before:
            way.last = packet
            self.hold(way.flow, after - before)

    def _repeated(self, way: Way, data: bytes, missing: int, behind: int) -> None:
        """A segment that begins so many bytes before what is wanted: only what is behind those is new."""
        if behind < len(data):
            self._take(way, data[behind:], missing, self._packet)
        elif behind < len(data) + missing:
            self._take(way, b"", len(data) + missing - behind, self._packet)
        elif way.holes and data:
            self._late(way, way.next - behind, data)

    def _late(self, way: Way, begin: int, data: bytes) -> None:
        """Bytes that were given up, and come after all: the whole messages in them are told."""
        before = len(way.holes)
        if not _fill(way.holes, begin, begin + len(data)):
            return
        self.hold(way.flow, (len(way.holes) - before) * _HOLE_COST)
        if begins_message(data):
            Framing(way.messages).feed(data)
        if way.messages:
            self._send(way, self._packet)
        else:
            self._trouble("its bytes come after their turn, and are no whole message")

    def _keep(self, way: Way, offset: int, segment: Segment) -> None:
        """A segment that came before its turn."""
        heapq.heappush(way.early, (offset, self._packet.number, self._packet, segment))
        size = len(segment.data) + _EARLY_COST
        way.early_bytes += size
        self.hold(way.flow, size)

    def _drain(self, way: Way) -> None:
        """Takes the segments whose turn has come."""
        early = way.early
        while early and early[0][0] <= way.next:
            offset, _, packet, segment = heapq.heappop(early)
            size = len(segment.data) + _EARLY_COST
            way.early_bytes -= size
            self.hold(way.flow, -size)
            behind = way.next - offset
            data, missing = segment.data[behind:], segment.missing
            if behind > len(segment.data):
                missing -= behind - len(segment.data)
            if data or missing > 0:
                self._take(way, data, missing, packet)
        way.patience = 0

    def _await(self, way: Way, back: Way) -> None:
        """Whether what is missing is worth waiting for: not where the other side says that it has it."""
        if not self._unordered:
            for one, other in ((way, back), (back, way)):
                while one.early and other.acknowledged >= 0 and _signed(other.acknowledged - one.next) > 0:
                    self._jump(one)
        if not way.early:
            return
        way.patience += 1
        one_sided = back.next < 0 and not self._unordered
        if way.patience > (_ONE_SIDED if one_sided else MOST_EARLY) or way.early_bytes > MOST_EARLY_BYTES:
            self._jump(way)

    def _jump(self, way: Way) -> None:
        """What is missing will not come: goes on with what is there."""
        offset, _, packet, _ = way.early[0]
        size = offset - way.next
        if size > 0:
            source, target = network.ends(way.name)
            self._trouble(f"{size} bytes from {source} to {target} are missing before it", packet)
            way.holes.append((way.next, offset))
            if len(way.holes) > MOST_HOLES:
                del way.holes[0]
            else:
                self.hold(way.flow, _HOLE_COST)
            before = len(way.framing.held)
            way.framing.skip(size)
            way.next = offset
            if way.messages:
                self._send(way, packet)
            self.hold(way.flow, len(way.framing.held) - before)
        self._drain(way)

    def _closing(self, way: Way, segment: Segment) -> None:
        flow = way.flow
        if segment.flags & RST:
            who = "client" if way is flow.client else "server"
            reason = f"the {who} reset the connection" if flow.closing is None else _closed_by(flow)
            self._end(flow, reason, by_server=who == "server" if flow.closing is None else _by_server(flow))
            return
        after = segment.sequence + len(segment.data) + segment.missing
        way.ending = way.next + _signed(after - way.next)
        if flow.closing is None:
            flow.closing = way
            flow.simple = False
        self._closed(flow)

    def _closed(self, flow: Flow) -> None:
        """Whether both sides have said all that they had to say."""
        if not flow.ended and all(0 <= way.ending <= way.next for way in (flow.away, flow.home)):
            self._end(flow, _closed_by(flow), by_server=_by_server(flow))

    # -- messages ------------------------------------------------------------------------------------------

    def _send(self, way: Way, packet: Packet) -> None:
        found = way.messages.copy()
        way.messages.clear()
        for kind, message, size in found:
            self._message(way, packet, kind, message, size)

    def _message(self, way: Way, packet: Packet, kind: int, message: bytes, size: int) -> None:
        flow = way.flow
        if flow.client is None:
            flow.from_client(_client(way, kind, message))
        if not flow.number:
            self._tell(flow)
        peer, local = flow.names
        from_client = way is flow.client
        self._seen.append(
            Sent(packet.number, packet.time, flow.number, from_client, peer, local, message, size, kind, flow)
        )

    def _strayed(self, way: Way, packet: Packet) -> None:
        text, way.framing.trouble = way.framing.trouble, ""
        source, target = network.ends(way.name)
        self._trouble(f"{text} (from {source} to {target})", packet)


_FIRST_WINDOW: Final = 1 << 24
"""Bytes: so far before what is first seen of a connection, something is still of the same one."""


def _fill(holes: list[tuple[int, int]], begin: int, end: int) -> bool:
    """Takes bytes out of the hole that they lie in; False where they lie in none."""
    index = bisect_right(holes, (begin, end)) - 1
    if index < 0 or end > holes[index][1]:
        index += 1  # one that begins there, and is longer
        if index >= len(holes) or begin < holes[index][0] or end > holes[index][1]:
            return False
    first, last = holes[index]
    holes[index : index + 1] = [hole for hole in ((first, begin), (end, last)) if hole[0] < hole[1]]
    del holes[:-MOST_HOLES]
    return True


def _signed(difference: int) -> int:
    """The difference of two sequence numbers, which wrap."""
    return (difference + _HALF & _WRAP) - _HALF


def _client(way: Way, kind: int, message: bytes) -> Way:
    """Whose the connection is, where neither ports nor a handshake say it: requests are a client's."""
    reply = kind != FrameType.SESSION_REQUEST and message[_FLAGS_AT : _FLAGS_AT + 1]
    return way.back if reply and reply[0] & Flags.REPLY else way


_FLAGS_AT: Final = 9


def _by_server(flow: Flow) -> bool:
    return flow.closing is not None and flow.closing is not flow.client


def _closed_by(flow: Flow) -> str:
    return "the server closed the connection" if _by_server(flow) else "the client closed the connection"
