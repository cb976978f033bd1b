"""One client's side of a talk: what its next message needs to become bytes, and what came back."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from fakesmb.testing import Client
from fakesmb.wire.commands import Command
from fakesmb.wire.frame import prefix
from fuzz import clients
from fuzz.rules import FIRST_MID, Answers
from fuzz.talk import HELD, SAME, STREAM, Action

_MOST_PIECES: Final = 100


class Side:
    """Since its client connected."""

    def __init__(self) -> None:
        self.answers = Answers()
        self.held = b""
        """Frames that go with the next message."""
        self._mid = FIRST_MID

    def pieces(self, client: Client, action: Action, handle: bytes) -> Iterator[bytes]:
        """What goes over the wire for a message or bytes of the stream, as it is cut."""
        if action.kind == STREAM:
            self.answers.certain = False
            yield action.data
            return
        self._mid += action.kind != SAME
        framed = self.held + self.framed(
            client, clients.own(client, action.data, self._mid, handle), self._mid
        )
        self.held = framed if action.kind == HELD else b""
        if action.kind != HELD:
            step = int(action.kind) if action.kind.isdigit() else len(framed)
            for begin, end in pairwise(
                [*range(0, len(framed), max(step, len(framed) // _MOST_PIECES)), len(framed)]
            ):
                yield framed[begin:end]

    def framed(self, client: Client, message: bytes, mid: int) -> bytes:
        """The message signed, where that is on, in its frame; an answer to it is due from now on."""
        self.answers.ask(mid, message)
        whole = clients.signed(client, message, one_way=message[4:5] == bytes((Command.NT_CANCEL,)))
        return prefix(len(whole)) + whole
