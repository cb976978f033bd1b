"""A pair of request and answer, decoded: the halves of each of its commands."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from fakesmb.record.dissect import joined, messages
from fakesmb.record.events import Exchanged, Message, Part, Shown
from fakesmb.record.pairs import Pair


class Halves(NamedTuple):
    """One command of a message: what was asked, and what was answered."""

    asked: Part | None
    answered: Part | None
    status: int | None
    """NT status of this command; None where it has none (yet)."""
    request: Message | None
    reply: Message | None


NOTHING: Final = Halves(None, None, None, None, None)
"""Of a command whose bytes cannot be read."""


def halves_of(pair: Pair) -> "list[Halves]":
    """The commands of a pair in their order, at least one. Never raises."""
    request, reply = _messages(pair)
    if request is None:
        return [Halves(None, None if reply is None else reply.parts[0], None, None, reply)]
    asked: Sequence[Part] = request.parts
    if pair.more and pair.asked is not None:
        whole = joined(pair.asked, pair.more)
        asked = asked if whole is None else [whole]
    if reply is None:
        return [Halves(part, None, None, request, None) for part in asked]
    answered = reply.parts
    last = len(answered) - 1
    found = []
    for index, part in enumerate(asked):
        if index > last:  # a command before it failed
            found.append(Halves(part, None, None, request, None))
        else:
            found.append(Halves(part, answered[index], reply.status if index == last else 0, request, reply))
    return found


def _messages(pair: Pair) -> tuple[Message | None, Message | None]:
    asked, answered = pair.asked, pair.answered
    if asked is None or not asked.request:
        return None, None if answered is None else _only(answered, Shown.REPLY)
    if answered is None:
        return _only(asked, Shown.REQUEST), None
    if asked is answered or asked.request == answered.request:
        both = messages(answered if answered.shown == Shown.BOTH else _showing(answered, Shown.BOTH))
        return (both[0], both[1]) if len(both) == 2 else (both[0], None)
    return _only(asked, Shown.REQUEST), _only(answered, Shown.REPLY)


def _only(event: Exchanged, shown: Shown) -> Message | None:
    found = messages(event if event.shown == shown else _showing(event, shown))
    return found[0] if found else None


def _showing(event: Exchanged, shown: Shown) -> Exchanged:
    return msgspec.structs.replace(event, shown=shown)
