"""Server-sent events: what happens, as it happens, to whoever looks.

Nothing is made while nobody looks. Each stream is a place in what was told; what is formatted is formatted once for
all of them, in slices, between the requests of clients. Who does not read is not written to: it stands still, and is
told of the gap when it goes on.
"""

import socket
from collections import OrderedDict
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from fakesmb.web.answer import RefusedError, encoded
from fakesmb.web.protocol import Call
from fakesmb.web.told import Place, Told

MOST_STREAMS: Final = 128
LATEST_SECONDS: Final = 0.02
"""From an event to its being sent, where others keep nobody busy."""
SLICE_SECONDS: Final = 0.001
"""So long events are formatted at a stretch, while clients of SMB wait."""
REST_SECONDS: Final = 0.003
"""Between two such stretches."""
HEARTBEAT_SECONDS: Final = 15.0
MOST_BEHIND: Final = 2000
"""Ids that a stream may be behind, until it gets a gap instead."""
MOST_CACHED: Final = 512
"""Events whose bytes are kept for the streams that come to them next."""
MOST_CHUNKS: Final = 64
"""Likewise of what follows a place."""
AT_ONCE: Final = 8
"""Events that a stream is given at once."""
MOST_GIVEN: Final = 16
"""Streams that are written to in a slice: their sockets take what they were given right behind it."""
SEND_BUFFER: Final = 64 << 10
"""Bytes that the system keeps for who does not read."""

Wanted = Callable[[Any], bool]


class EventStream:
    """One client's stream. `last` is the id up to which it has been told, or what it wants left out."""

    media = "text/event-stream"

    def __init__(self, streams: "Streams", last: int, wants: Wanted | None, text: str, hello: bytes) -> None:
        self.last = last
        self.wants = wants
        self.text = text
        """Of its filter."""
        self.resets = streams.told.resets
        self.quiet = 0
        """Heartbeats since something was written."""
        self._streams = streams
        self._hello = hello
        self._call: Call | None = None
        self.paused = False

    def begin(self, request: Call) -> None:
        """Its head has left."""
        self._call = request
        keep_little(request)
        request.registerProducer(self, True)
        self.write(self._hello)
        self._streams.add(self)

    def end(self) -> None:
        """The client has gone."""
        self._call = None
        self._streams.remove(self)

    def write(self, data: bytes) -> None:
        """Sends, where the client reads."""
        if self._call is not None:
            self._call.write(data)

    # -- a producer of Twisted -----------------------------------------------------------------------------

    def pauseProducing(self) -> None:  # noqa: N802
        """The client does not read."""
        self.paused = True

    def resumeProducing(self) -> None:  # noqa: N802
        """It does again."""
        self.paused = False
        self._streams.look()

    def stopProducing(self) -> None:  # noqa: N802
        """It has gone."""
        self._streams.remove(self)


class Streams:
    """All streams of a server."""

    def __init__(self, told: Told, reactor: Any, clock: Callable[[], float] = perf_counter) -> None:
        self.told = told
        self._reactor = reactor
        self._clock = clock
        self._streams: list[EventStream] = []
        self._next: Any = None
        self._beat: Any = None
        self._unwake: Callable[[], None] | None = None
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._chunks: OrderedDict[tuple[int, str], tuple[bytes, int]] = OrderedDict()
        self._turn = 0
        """Who was given something last."""

    def __len__(self) -> int:
        return len(self._streams)

    def open(self, last: int | None, wants: Wanted | None = None, text: str = "") -> EventStream:
        """A stream of what comes behind that id, or from now on. Raises `RefusedError` where there are many."""
        if len(self._streams) >= MOST_STREAMS:
            raise RefusedError(
                503, f"{MOST_STREAMS} streams of events are open: no more are", {"Retry-After": "5"}
            )
        told = self.told
        again = last is not None and last > told.last  # of a server that ran here before
        hello = b"retry: 1000\n" + _event("hello", {"last": told.last})
        if again:
            hello += _event("reset", {"last": 0})
        return EventStream(self, told.last if last is None else 0 if again else last, wants, text, hello)

    def add(self, stream: EventStream) -> None:
        """It is looked after from now on."""
        self._streams.append(stream)
        if self._unwake is None:
            self._unwake = self.told.wake(self.look)
            self._beat = self._reactor.callLater(HEARTBEAT_SECONDS, self._heartbeat)
        self.look()

    def remove(self, stream: EventStream) -> None:
        """It has ended."""
        if stream in self._streams:
            self._streams.remove(stream)
        if not self._streams:
            self._rest()

    def send_last(self) -> None:
        """Gives all what has come, for a moment: the server stops."""
        if self._streams:
            self._pump()

    def stop(self) -> None:
        """All end, as their connections do."""
        self._streams.clear()
        self._rest()

    def _rest(self) -> None:
        if self._unwake is not None:
            self._unwake()
            self._unwake = None
        for call in (self._next, self._beat):
            if call is not None and call.active():
                call.cancel()
        self._next = self._beat = None
        self._cache.clear()
        self._chunks.clear()

    def look(self, seconds: float = LATEST_SECONDS) -> None:
        """Something may have come."""
        if self._next is None:
            self._next = self._reactor.callLater(seconds, self._pump)

    def _heartbeat(self) -> None:
        """Tells who has had nothing for long how far it is, so that it resumes there."""
        self._beat = self._reactor.callLater(HEARTBEAT_SECONDS, self._heartbeat)
        for stream in self._streams:
            stream.quiet += 1
            if stream.quiet > 1 and not stream.paused:
                stream.write(b"id: %d\n\n" % stream.last)
        self.look()

    def _pump(self) -> None:
        """Gives some streams what comes next: as many as the slice has time for, each time others first."""
        self._next = None
        until = self._clock() + SLICE_SECONDS
        streams = self._streams
        left = MOST_GIVEN
        quiet = 0
        while quiet < len(streams):
            self._turn = (self._turn + 1) % len(streams)
            stream = streams[self._turn]
            if not self._is_behind(stream):
                quiet += 1
                continue
            quiet = 0
            self._give(stream)
            left -= 1
            if not left or self._clock() >= until:
                self.look(REST_SECONDS)
                return

    def _is_behind(self, stream: EventStream) -> bool:
        return not stream.paused and (stream.last < self.told.last or stream.resets != self.told.resets)

    def _give(self, stream: EventStream) -> None:
        """Gives a stream what comes next."""
        told, given = self.told, []
        if stream.resets != told.resets:
            stream.resets = told.resets
            stream.last = max(stream.last, told.cleared)
            given.append(_event("reset", {"last": stream.last}))
        if told.last - stream.last > MOST_BEHIND or told.forgotten(stream.last):
            given.append(_event("gap", {"from": stream.last + 1, "to": told.last}, told.last))
            stream.last = told.last
        frames, stream.last = self._following(stream)
        given.append(frames)
        if any(given):
            stream.quiet = 0
            stream.write(b"".join(given))

    def _following(self, stream: EventStream) -> tuple[bytes, int]:
        """What comes behind the place of a stream, and its place then. Most streams are at the same one."""
        key = stream.last, stream.text
        known = self._chunks.get(key)
        if known is not None:
            return known
        last, made = stream.last, []
        for number, place in enumerate(self.told.after(last)):
            if number == AT_ONCE:
                break
            if stream.wants is None or stream.wants(place.event):
                made.append(self._frames(place, last))
            last = place.last
        if last > stream.last:
            self._chunks[key] = b"".join(made), last
            while len(self._chunks) > MOST_CHUNKS:
                self._chunks.popitem(last=False)
        return b"".join(made), last

    def _frames(self, place: Place, after: int) -> bytes:
        """What an event tells, as it is sent: the same bytes to all."""
        if place.id > after:
            known = self._cache.get(place.id)
            if known is not None:
                return known
        made = b"".join(
            b"id: %d\nevent: message\ndata: %b\n\n" % line
            for line in self.told.lines(place)
            if line[0] > after
        )
        if place.id > after:
            self._cache[place.id] = made
            while len(self._cache) > MOST_CACHED:
                self._cache.popitem(last=False)
        return made


def keep_little(request: Call) -> None:
    """The system keeps no more for a client than what keeps one busy that reads."""
    sock = getattr(request.channel.transport, "socket", None)  # in memory there is none
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


def _event(name: str, data: object, last: int | None = None) -> bytes:
    number = b"" if last is None else b"id: %d\n" % last
    return b"%bevent: %b\ndata: %b\n\n" % (number, name.encode(), encoded(data))
