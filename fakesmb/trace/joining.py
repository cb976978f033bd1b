"""Transactions whose parameters and data come in several messages, put together ([MS-CIFS] 3.2.4.1.5, 3.3.5.2.5)."""

from typing import Any, Final

import msgspec

MOST_JOINED: Final = 0x20000
"""Bytes of one half of a transaction that are put together: the protocol's counts have 16 bits each, those of
NT_TRANSACT 32."""
MOST_UNDER_WAY: Final = 64
"""Transactions of one connection of which more is to come; of more the oldest are forgotten."""


class Asked(msgspec.Struct, frozen=True, gc=False):
    """The transaction that a reply, or a further message of the request, belongs to."""

    command: int
    """That of its first message."""
    subcommand: int | None
    setup: bytes
    parameters: bytes
    """As far as they have come."""
    name: str = ""
    unicode: bool = True
    number: int = 0
    """Of the event that told its first message."""


class Whole(msgspec.Struct, frozen=True, gc=False):
    """What several messages carried, put together by the last of them."""

    setup: bytes
    parameters: bytes
    data: bytes
    messages: int
    """How many carried it."""


class Joining:
    """One half of a transaction while its pieces come."""

    __slots__ = ("_came", "_data", "_lost", "_parameters", "_setup", "_totals", "messages")

    def __init__(self, setup: bytes, total_parameters: int, total_data: int) -> None:
        self._setup = setup
        self._totals = [total_parameters, total_data]
        self._lost = total_parameters + total_data > MOST_JOINED
        """Whether it cannot be put together: too long, or not all of its bytes were kept."""
        self._parameters = bytearray(0 if self._lost else total_parameters)
        self._data = bytearray(0 if self._lost else total_data)
        self._came = [0, 0]
        self.messages = 0

    @property
    def held(self) -> int:
        """Bytes of memory."""
        return len(self._parameters) + len(self._data)

    @property
    def parameters(self) -> bytes:
        """As far as they have come."""
        return bytes(self._parameters[: self._totals[0]])

    def take(self, piece: Any, *, whole: bool) -> bool:
        """Puts a piece in its place; True once all are there. `piece` has parameters, data, and their places."""
        self.messages += 1
        self._lost |= not whole
        totals = piece.total_parameter_count, piece.total_data_count
        taken = piece.parameters, piece.data
        places = getattr(piece, "parameter_displacement", 0), getattr(piece, "data_displacement", 0)
        for index, room in enumerate((self._parameters, self._data)):
            at, part = places[index], taken[index]
            self._totals[index] = min(self._totals[index], totals[index])
            self._came[index] += len(part)
            if at + len(part) <= len(room):
                room[at : at + len(part)] = part
        return all(came >= total for came, total in zip(self._came, self._totals, strict=True))

    def whole(self) -> Whole | None:
        """What was put together; None where that could not be done."""
        if self._lost:
            return None
        return Whole(self._setup, self.parameters, bytes(self._data[: self._totals[1]]), self.messages)
