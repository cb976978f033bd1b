"""The connections of a capture that are followed: which they are, and how much they hold together."""

from collections.abc import Collection
from typing import Final

from fakesmb.capture import network
from fakesmb.capture.flows import Flow, Way
from fakesmb.capture.framing import begins_message, begins_session
from fakesmb.capture.network import ACK, RST, SYN, Segment

PORTS: Final = frozenset({139, 445})
"""NetBIOS sessions and direct TCP."""
MOST_CONNECTIONS: Final = 4096
MOST_HELD: Final = 64 << 20
"""Bytes that all connections hold together: of messages that are not whole, segments that came too early, requests
that wait for their reply, and names."""


class Connections:
    """Those on 139, 445 and some more ports, and others of which a segment begins with a message."""

    def __init__(self, ports: Collection[int] = ()) -> None:
        self.ways: dict[bytes, Way] = {}
        """Both directions of each by their names, in an order of which `_give_up_one` makes use."""
        self.held = 0
        """Bytes that all of them hold."""
        self._ports = PORTS | frozenset(ports)

    def flows(self) -> list[Flow]:
        """All of them."""
        return list({id(way.flow): way.flow for way in self.ways.values()}.values())

    def new(self, segment: Segment) -> tuple[Way | None, Flow | None]:
        """A connection that begins with this segment, and one that is given up for it.

        None where it is none of SMB, as far as can be told.
        """
        data, flags = segment.data, segment.flags
        source, target = network.ports(segment.way)
        known = source in self._ports or target in self._ports
        if flags & RST or not (known or begins_message(data) or begins_session(data)):
            return None, None
        flow = Flow(segment.way)
        if flags & SYN:
            flow.from_client(flow.home if flags & ACK else flow.away)
        elif data[:1] == b"\x81":
            flow.from_client(flow.away)
        elif known and (source in self._ports) != (target in self._ports):
            flow.from_client(flow.away if target in self._ports else flow.home)
        self.ways[flow.away.name] = flow.away
        self.ways[flow.home.name] = flow.home
        lost = self._give_up_one() if len(self.ways) > 2 * MOST_CONNECTIONS else None
        return flow.away, lost

    def hold(self, flow: Flow, size: int) -> list[Flow]:
        """Counts bytes that one holds, or, by a negative size, no longer; gives those that are given up for it."""
        if flow.forgotten:
            return []
        flow.held += size
        self.held += size
        given_up: list[Flow] = []
        if self.held > MOST_HELD:
            while self.held > MOST_HELD // 2 and self.ways:
                lost = self._give_up_one()
                if lost is not None:
                    given_up.append(lost)
        return given_up

    def forget(self, flow: Flow) -> None:
        """It is not followed any further."""
        for way in (flow.away, flow.home):
            self.ways.pop(way.name, None)
        self.held -= flow.held
        flow.held = 0
        flow.forgotten = True

    def _give_up_one(self) -> Flow | None:
        """Forgets what has been still for longest, or nearly so: each has a second chance. None if nobody misses it."""
        ways = self.ways
        while (flow := next(iter(ways.values())).flow).active:
            flow.active = False
            for way in (flow.away, flow.home):
                ways[way.name] = ways.pop(way.name)
        missed = bool(flow.number or flow.held) and not flow.ended
        self.forget(flow)
        return flow if missed else None
