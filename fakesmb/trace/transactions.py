"""Transactions: which one a message belongs to, and what several messages of it carried, put together."""

from collections.abc import Mapping
from typing import Any, Final

from fakesmb.record.pairs import PRIMARY
from fakesmb.trace.context import NOTHING, Half
from fakesmb.trace.following import Turn
from fakesmb.trace.joining import Asked, Joining
from fakesmb.wire.trans import TransactionRequest, TransactionResponse, TransactionSecondaryRequest
from fakesmb.wire.trans2 import Trans2

COMMANDS: Final[Mapping[int, int]] = PRIMARY  # type: ignore[assignment]
"""The command of the first message of a transaction, by that of any of its messages."""


def asked_by(body: Any, code: int, *, unicode: bool, number: int = 0) -> Asked | None:
    """The transaction that a request's structure begins; None for one that begins none."""
    if not isinstance(body, TransactionRequest):
        return None
    return Asked(code, body.subcommand, body.setup, bytes(body.parameters), body.name, unicode, number)


def requested(turn: Turn, code: int, body: Any) -> Half:
    """What a request of a transaction, or a further message of it, belongs to."""
    if isinstance(body, TransactionRequest):
        return _begun(turn, code, body)
    if isinstance(body, TransactionSecondaryRequest):
        return _gone_on(turn, COMMANDS[code], body)
    return NOTHING


def _begun(turn: Turn, code: int, body: TransactionRequest) -> Half:
    asks, followed = turn.asked, turn.followed
    assert asks is not None
    asked = asked_by(body, code, unicode=asks.unicode, number=turn.event.number)
    assert asked is not None
    key = turn.key(code, asks.message)
    followed.drop(followed.answers, key)
    followed.drop(followed.requests, key)
    followed.asked.pop(key, None)
    if body.complete:
        return Half(None, asked)
    joining = Joining(body.setup, body.total_parameter_count, body.total_data_count)
    joining.take(body, whole=asks.whole)
    followed.begin(followed.requests, key, (joining, asked), joining.held)
    return Half(None, asked, None, True)


def _gone_on(turn: Turn, code: int, body: TransactionSecondaryRequest) -> Half:
    followed, asks = turn.followed, turn.asked
    assert asks is not None
    key = turn.key(code, asks.message)
    known = followed.requests.get(key)
    if known is None:
        return Half(piece=True)
    joining, asked = known
    complete = joining.take(body, whole=asks.whole)
    if not complete:
        return Half(None, asked, None, True)
    whole = joining.whole()
    if whole is not None:
        asked = Asked(
            asked.command,
            asked.subcommand,
            asked.setup,
            whole.parameters,
            asked.name,
            asked.unicode,
            asked.number,
        )
    followed.drop(followed.requests, key)
    followed.begin(followed.asked, key, asked, 0)
    return Half(whole, asked, None, whole is None)


def replied(turn: Turn, code: int, body: Any) -> Half:
    """What an answer of a transaction answers."""
    if not isinstance(body, TransactionResponse):
        return NOTHING
    followed, answers = turn.followed, turn.answered
    assert answers is not None
    key = turn.key(code, answers.message)
    asked = followed.asked.get(key)
    if asked is None and turn.asked is not None:
        asked = asked_by(turn.request, code, unicode=turn.asked.unicode, number=turn.event.number)
    total_parameters, total_data = body.total_parameter_count or 0, body.total_data_count or 0
    joining = followed.answers.get(key)
    if joining is None:
        if len(body.parameters) >= total_parameters and len(body.data) >= total_data:
            followed.asked.pop(key, None)
            return Half(None, asked)
        joining = Joining(body.setup, total_parameters, total_data)
        followed.begin(followed.answers, key, joining, joining.held)
    if not joining.take(body, whole=answers.whole):
        return Half(None, asked, None, True)
    whole = joining.whole()
    followed.drop(followed.answers, key)
    followed.asked.pop(key, None)
    return Half(whole, asked, None, whole is None)


def is_passing(turn: Turn) -> bool:
    """Whether a TRANSACTION2 is whole in one message each way, changes nothing, and nothing else is under way."""
    followed, event = turn.followed, turn.event
    if followed.requests or followed.asked or followed.answers:
        return False
    asked, answered = event.request, event.reply
    if (
        len(asked) < _SUBCOMMAND.stop
        or asked[_SUBCOMMAND.start] not in _PASSING
        or asked[32] != _REQUEST_WORDS
    ):
        return False
    if asked[33:37] != asked[51:53] + asked[55:57]:
        return False
    return (
        len(answered) < _REPLY_END or not answered[32] or answered[33:37] == answered[39:41] + answered[45:47]
    )


_REQUEST_WORDS: Final = 15
_REPLY_END: Final = 47
_SUBCOMMAND: Final = slice(61, 63)
"""Where a request of one setup word has it. Totals are at 33, counts at 51 and 55; of a reply at 33, 39 and 45."""
_PASSING: Final = frozenset(
    {
        Trans2.QUERY_FS_INFORMATION,
        Trans2.QUERY_PATH_INFORMATION,
        Trans2.QUERY_FILE_INFORMATION,
        Trans2.SET_FILE_INFORMATION,
        Trans2.SET_FS_INFORMATION,
        Trans2.GET_DFS_REFERRAL,
    }
)
"""Subcommands that give out no identifier, and take none back."""
