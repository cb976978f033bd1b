"""What the pipes of one client may hold."""

from typing import Final, NamedTuple

from fakesmb.nt.quota import Quota
from fakesmb.nt.status import SMBError

PIPE_COST: Final = 6144
"""Bytes that an open pipe takes when nothing has come yet (measured)."""
MESSAGE_COST: Final = 256
"""Bytes that an answer takes besides its own until it is read."""


class PipeQuotas(NamedTuple):
    """How many pipes, and how many bytes in all of them: fragments of requests, sign-ins, unread answers."""

    pipes: Quota
    memory: Quota


def generous() -> PipeQuotas:
    """What a client may hold that nobody limits."""
    return PipeQuotas(Quota("pipes", 1 << 62), Quota("pipe_bytes", 1 << 62))


class PipeCharges:
    """What one pipe has taken of its client's quotas. The first refusal is of the pipe itself."""

    __slots__ = ("_input", "_queued", "_quotas")

    def __init__(self, quotas: PipeQuotas) -> None:
        quotas.pipes.take(1)
        try:
            quotas.memory.take(PIPE_COST)
        except SMBError:
            quotas.pipes.give_back(1)
            raise
        self._quotas = quotas
        self._input = self._queued = 0

    def input(self, held: int) -> None:
        """That much has come in and has not been answered."""
        if held != self._input:
            self._input = self._quotas.memory.exchange(self._input, held)

    def queue(self, size: int) -> None:
        """An answer of that size waits to be read."""
        self._quotas.memory.take(size + MESSAGE_COST)
        self._queued += size + MESSAGE_COST

    def unqueue(self, size: int) -> None:
        """One has been read to its end."""
        self._quotas.memory.give_back(size + MESSAGE_COST)
        self._queued -= size + MESSAGE_COST

    def end(self) -> None:
        """The pipe is closed."""
        self._quotas.memory.give_back(self._input + self._queued + PIPE_COST)
        self._quotas.pipes.give_back(1)
