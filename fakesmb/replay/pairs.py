"""Answers that belong together: the captured ones and those that came here, and what their headers and statuses say."""

import struct
from collections.abc import Sequence

from fakesmb.replay.compare import Difference, differences, status_of, status_text
from fakesmb.replay.learning import joined
from fakesmb.replay.sent import TRANSACTIONS, Sent
from fakesmb.replay.talk import Ask
from fakesmb.trace.field import Tree
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.header import HEADER_SIZE, Header, block_at
from fakesmb.wire.trans import TransactionResponse


def of_trees(old: Tree, new: Tree, of_headers: list[Difference]) -> list[Difference]:
    """What is different; where the statuses are, nothing else."""
    was, now = status_of(old), status_of(new)
    if was is not None and now is not None:
        one, other = status_text(was), status_text(now)
        if one != other:  # what else the messages have follows from it
            return [Difference("Status", "status", one, other)]
    return of_headers + differences(old, new)


def status_in(message: bytes) -> int:
    """NT status, or DOS class and code as they stand in the header."""
    return int.from_bytes(message[5:9], "little") if len(message) >= HEADER_SIZE else 0


def strange(ask: Ask, sent: Sent, old: bytes, new: bytes) -> list[Difference]:
    """Header fields that an answer has of its request, where this one has others."""
    found: list[Difference] = []
    try:
        asked, was, mine, now = ask.header, Header.decode(old), sent.header, Header.decode(new)
    except DecodeError:
        return found
    if asked is None:
        return found
    for name in ("uid", "tid", "mid"):  # others are sent as they are, and compared so
        kept = getattr(was, name) == getattr(asked, name)
        if kept and getattr(now, name) != getattr(mine, name):
            label = name.upper()
            found.append(
                Difference(
                    f"SMB_Header.{label}",
                    "fields",
                    "that of the request",
                    f"0x{getattr(now, name):04X}, the request has 0x{getattr(mine, name):04X}",
                )
            )
    return found


def pairs(
    ask: Ask, captured: Sequence[bytes], sizes: Sequence[int], here: Sequence[bytes]
) -> list[tuple[bytes | None, int, bytes | None]]:
    """Answers that belong together; those of a transaction as one each, however many messages they took."""
    cls = TRANSACTIONS.get(ask.command)
    if cls is not None and all(size == len(one) for size, one in zip(sizes, captured, strict=True)):
        old, new = whole(cls, ask.command, captured), whole(cls, ask.command, here)
        if old is not None and new is not None:
            return [(old, len(old), new)]
    found: list[tuple[bytes | None, int, bytes | None]] = []
    for index in range(max(len(captured), len(here))):
        old_one = captured[index] if index < len(captured) else None
        size = sizes[index] if index < len(sizes) else 0
        found.append((old_one, size, here[index] if index < len(here) else None))
    return found


def whole(cls: type[TransactionResponse], command: int, messages: Sequence[bytes]) -> bytes | None:
    """The answer of a transaction as one message; None where it does not fit into one."""
    last = messages[-1]
    final = [one for one in messages if len(one) > HEADER_SIZE + 3]
    if len(final) <= 1:
        return last
    parts = joined(command, list(messages))
    if parts is None:
        return last
    try:
        header = Header.decode(last)
        body = cls(setup=parts.setup, parameters=parts.parameters, data=parts.data)
        message = header.encode() + b"".join(body.encode(HEADER_SIZE, unicode=header.unicode))
        cls.decode(block_at(message, HEADER_SIZE, unicode=header.unicode))
    except (DecodeError, struct.error):  # more than 16 bits can count
        return None
    return message
