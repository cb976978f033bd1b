"""The captures of a server. What makes packets is loaded with the first of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fakesmb.capture.hearing import Hearing
from fakesmb.capture.packets import End

if TYPE_CHECKING:
    from fakesmb.capture.taken import Across, Capture, Subscription, WrittenPort


class Captures(Hearing):
    """Those that are under way, to files and to who looks on."""

    _in_server: "Across | None" = None

    def start_in(self, reactor: Any, listening: tuple[End, ...], arm: Callable[[Any], None]) -> None:
        """The server listens there: from now on `arm` has its connections heard."""
        self._in_server = reactor.callFromThread
        self.start(listening, arm, reactor.callLater)

    def to_file(
        self, path: str, across: "Across", *, snap: int, ports: "WrittenPort", secrets: bool
    ) -> "Capture":
        """One more, to a file; `across` does something in the thread of the server. Raises OSError."""
        from fakesmb.capture.files import open_capture
        from fakesmb.capture.taken import Capture, taker_of

        taker = taker_of(open_capture(path, secrets=secrets), path, snap=snap, ports=ports, secrets=secrets)
        across(lambda: self.add(taker))
        return Capture(self, taker, path, across)

    def subscribe(
        self,
        write: Callable[[bytes], None],
        *,
        snap: int = 0,
        ports: "WrittenPort" = "445",
        secrets: bool = False,
    ) -> "Subscription":
        """Has `write` given pcapng from now on, whole blocks in the thread of the server, until the subscription is
        closed. Called in that thread, once the server listens.
        """
        from fakesmb.capture.taken import Subscription

        if self._in_server is None:
            raise RuntimeError("the server does not run: nothing can be captured yet")
        return Subscription(self, write, self._in_server, snap=snap, ports=ports, secrets=secrets)
