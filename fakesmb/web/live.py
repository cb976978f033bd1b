"""What clients and the server say, as pcapng, while they do: `curl -N .../capture.pcapng | wireshark -k -i -`."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from fakesmb.web.answer import RefusedError
from fakesmb.web.protocol import Call, Outcome
from fakesmb.web.routes import Ask, Route

MEDIA: Final = "application/vnd.tcpdump.pcap"
MOST_UNREAD: Final = 16 << 20
"""Bytes that wait for who does not read; then it is left: a capture with holes would tell of segments that are lost."""
MOST_STREAMS: Final = 8


class LiveQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of the packets is kept."""

    snap: Annotated[int, Meta(ge=0, le=1 << 24)] = 0
    """Bytes of each; 0: all."""
    ports: Literal["445", "real"] = "445"
    """Which port of the server is written: Wireshark knows SMB by 445."""


class LiveCapture:
    """One client that captures."""

    media = MEDIA

    def __init__(self, ask: Ask) -> None:
        self._web = ask.web
        self._query = ask.query
        self._call: Call | None = None
        self._subscription: Any = None
        self._paused = False
        self._unread = 0

    def begin(self, request: Call) -> None:
        """Its head has left: packets follow."""
        self._call = request
        self._web.live.add(self)
        request.registerProducer(self, True)
        self._subscription = self._web.service.captures.subscribe(
            self._write, snap=self._query.snap, ports=self._query.ports
        )

    def _write(self, data: bytes) -> None:
        call = self._call
        if call is None:
            return
        call.write(data)
        if self._paused:
            self._unread += len(data)
            if self._unread > MOST_UNREAD:
                self._web.service.log.problem(
                    f"a live capture is left: {MOST_UNREAD >> 20} MiB of it were not read"
                )
                call.channel.transport.abortConnection()
                self.end()

    def finish(self) -> None:
        """The server stops: what there is follows in the next turn."""
        if self._subscription is not None:
            self._subscription.finish()

    def end(self) -> None:
        """The client has gone, or all has been written."""
        self._call = None
        self._web.live.discard(self)
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()

    # -- a producer of Twisted -----------------------------------------------------------------------------

    def pauseProducing(self) -> None:  # noqa: N802
        """The client does not read."""
        self._paused = True

    def resumeProducing(self) -> None:  # noqa: N802
        """All that waited has left."""
        self._paused = False
        self._unread = 0

    def stopProducing(self) -> None:  # noqa: N802
        """It has gone."""
        self.end()


def capture(ask: Ask) -> Outcome:
    """`GET /capture.pcapng`."""
    if len(ask.web.live) >= MOST_STREAMS:
        raise RefusedError(503, f"{MOST_STREAMS} live captures are taken: no more are", {"Retry-After": "5"})
    return LiveCapture(ask)


ROUTES: Final = (
    Route("GET", "/capture.pcapng", capture, "All that is said, as pcapng, live", {200: MEDIA}, LiveQuery),
)
