"""What a replay tells while it goes on."""

from typing import Protocol

from fakesmb.record.events import Disconnected
from fakesmb.replay.live import Live
from fakesmb.replay.sent import Sent
from fakesmb.replay.talk import Ask, Told


class Witness(Protocol):
    """Is told what happens."""

    def asked(self, live: Live, ask: Ask, sent: Sent) -> None:
        """A captured request went to the server."""

    def answered(self, live: Live, ask: Ask, sent: Sent) -> None:
        """All answers of a request that the capture has, or will have, are there."""

    def unanswered(self, live: Live, ask: Ask, sent: Sent, why: str) -> None:
        """One did not come."""

    def unsent(self, ask: Ask, why: str) -> None:
        """A captured request was not sent."""

    def passed(self, told: Told) -> None:
        """A captured answer that nothing here is compared with."""

    def broken(self, live: Live, told: Told | None, message: bytes | None) -> None:
        """The server wants an oplock back: in the capture, here, or both."""

    def closed(self, live: Live, event: Disconnected, here: str) -> None:
        """A connection ended in the capture; `here` says why it had ended before, empty where it had not."""

    def note(self, frame: int, text: str) -> None:
        """Something that a person should know."""
