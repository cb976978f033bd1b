"""A request that was sent, the answers that came to it, and whether more are to come."""

from typing import Final

import msgspec

from fakesmb.replay.talk import Ask
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, Header, block_at
from fakesmb.wire.trans import NtTransactResponse, TransactionResponse

TRANSACTIONS: Final[dict[int, type[TransactionResponse]]] = {
    Command.TRANSACTION: TransactionResponse,
    Command.TRANSACTION2: TransactionResponse,
    Command.NT_TRANSACT: NtTransactResponse,
}
"""Commands whose answers may come in several messages, and their class."""


class Sent(msgspec.Struct, eq=False, gc=True):
    """One request on its way."""

    ask: Ask | None
    """What it was made of; None for what the capture does not have."""
    message: bytes
    """As it was sent, but for the signature."""
    header: Header
    number: int | None = None
    """What its answers are signed with; None where nothing is signed."""
    answers: list[bytes] = msgspec.field(default_factory=list)
    forged: int = 0
    """Answers whose signature was wrong."""
    told: int = 0
    """Answers that were compared, or given up."""
    dead: str = ""
    """Why no more will come."""

    def awaits(self, place: int) -> bool:
        """Whether the answer at that place, from 0, can still come."""
        return not self.dead and len(self.answers) <= place and not self.complete

    @property
    def interim(self) -> bool:
        """Whether all that came is the interim answer that asks for the rest of the request."""
        return len(self.answers) == 1 and _is_interim(self.answers[0])

    @property
    def refused(self) -> bool:
        """Whether the first answer is an error: what belongs to the request is of no use."""
        return bool(self.answers) and any(self.answers[0][5:9])

    @property
    def complete(self) -> bool:
        """Whether the answer of a transaction is whole; of other requests that is for the capture to say."""
        cls = TRANSACTIONS.get(self.header.command)
        if cls is None or not self.answers or self.interim:
            return False
        return is_whole(cls, self.answers)


def _is_interim(message: bytes) -> bool:
    """An answer to a transaction, or a WRITE_RAW, that is neither an error nor its result."""
    return not any(message[5:9]) and message[4] in TRANSACTIONS and len(message) <= HEADER_SIZE + 3


def is_whole(cls: type[TransactionResponse], messages: list[bytes]) -> bool:
    """Whether all parameters and data of a transaction's answer are there, or it is an error."""
    parameters = data = 0
    total = (0, 0)
    for message in messages:
        if _is_interim(message):
            continue
        part = read_part(cls, message)
        if part is None:
            return True
        parameters += len(part.parameters)
        data += len(part.data)
        total = (part.total_parameter_count or 0, part.total_data_count or 0)
    return parameters >= total[0] and data >= total[1]


def read_part(cls: type[TransactionResponse], message: bytes) -> TransactionResponse | None:
    """One message of a transaction's answer; None for an error and for what cannot be read."""
    try:
        header = Header.decode(message)
        return cls.decode(block_at(message, HEADER_SIZE, unicode=header.unicode))
    except DecodeError:
        return None
