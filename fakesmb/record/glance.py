"""What the bytes of a pair show at a glance: its commands, their statuses, and numbers among their words.

To decode thousands of messages takes seconds. What nearly all questions ask can be seen here, in microseconds, and is
the same as what decoding gives.
"""

from functools import lru_cache
from struct import Struct, calcsize
from typing import Final, NamedTuple

from fakesmb.record.pairs import Pair
from fakesmb.wire.chain import ANDX_COMMANDS, MOST_COMMANDS
from fakesmb.wire.codec import Body, layout_of, words_of
from fakesmb.wire.commands import Command
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE, NO_ANDX
from fakesmb.wire.messages import ANY, REQUESTS, RESPONSES
from fakesmb.wire.trans import (
    Transaction2Request,
    TransactionRequest,
    TransactionResponse,
    TransactionSecondaryRequest,
)
from fakesmb.wire.trans2 import Trans2


class Glance(NamedTuple):
    """One command of a pair."""

    code: int
    at: int
    """Where its block begins in the request; 0 where there is none."""
    reply_at: int
    """Where its block begins in the answer; 0 where there is none."""
    status: int | None
    """NT status of this command; None while it has none."""


def is_chain(pair: Pair) -> bool:
    """Whether the request has several commands."""
    asked = pair.told.request
    return (
        len(asked) > HEADER_SIZE + 1
        and asked[COMMAND_AT] in ANDX_COMMANDS
        and asked[HEADER_SIZE] > 1
        and asked[HEADER_SIZE + 1] != NO_ANDX
    )


def glance_at(pair: Pair) -> Glance | None:
    """The first command; None where the bytes are no message."""
    answered, request = pair.answered, pair.told.request
    if pair.asked is None or len(request) < HEADER_SIZE:
        reply = b"" if answered is None else answered.reply
        return Glance(reply[COMMAND_AT], 0, HEADER_SIZE, None) if len(reply) > HEADER_SIZE else None
    if answered is None:
        return Glance(request[COMMAND_AT], HEADER_SIZE, 0, None)
    return Glance(request[COMMAND_AT], HEADER_SIZE, HEADER_SIZE, answered.status)


def glances(pair: Pair) -> list[Glance]:
    """The commands of a chain."""
    answered = pair.answered
    asked = _blocks(pair.told.request)
    told = [] if answered is None else _blocks(answered.reply)
    last = len(told) - 1
    found = []
    for index, (code, at) in enumerate(asked):
        if index > last or answered is None:
            found.append(Glance(code, at, 0, None))
        else:
            found.append(Glance(code, at, told[index][1], answered.status if index == last else 0))
    return found


def _blocks(message: bytes) -> list[tuple[int, int]]:
    """The command and the place of each block."""
    found: list[tuple[int, int]] = []
    if len(message) <= HEADER_SIZE:
        return found
    code, at = message[COMMAND_AT], HEADER_SIZE
    while len(found) < MOST_COMMANDS:
        found.append((code, at))
        if code not in ANDX_COMMANDS or len(message) <= at + 4 or message[at] <= 1:
            break
        code, following = message[at + 1], message[at + 3] | message[at + 4] << 8
        if code == NO_ANDX or following <= at:
            break
        at = following
    return found


# -- numbers among the words -------------------------------------------------------------------------------

_ANDX_SIZE: Final = 4


@lru_cache(maxsize=4096)
def _place(code: int, word_count: int, name: str, request: bool) -> tuple[int, Struct] | None:
    """Where a field stands behind the WordCount, and its format; None where that form of the message has no such."""
    cls = _class(code, word_count, request=request)
    if cls is None or issubclass(cls, (TransactionRequest, TransactionSecondaryRequest, TransactionResponse)):
        return None
    try:
        form, layout = words_of(cls).forms.get(word_count), layout_of(cls)
    except TypeError:  # it has no layout, but a decoder of its own
        return None
    if form is None or name not in layout.names:
        return None
    index = layout.names.index(name)
    if index >= len(layout.formats) or layout.formats[index][-1] not in "BHIQbhiq":
        return None
    at = calcsize("<" + "".join(layout.formats[:index]))
    one = Struct("<" + layout.formats[index])
    if at + one.size > form.size:
        return None
    return 1 + (_ANDX_SIZE if cls.ANDX else 0) + at, one


def _class(code: int, word_count: int, *, request: bool) -> type[Body] | None:
    if request:
        return REQUESTS.get(code)
    forms = RESPONSES.get(code, {})
    return forms.get(word_count) or forms.get(ANY)


def number(message: bytes, at: int, code: int, name: str, *, request: bool) -> int | None:
    """A number among the words of a block, by its name in `fakesmb.wire`; None where it is not there."""
    if at >= len(message):
        return None
    place = _place(code, message[at], name, request)
    if place is None or at + place[0] + place[1].size > len(message):
        return None
    value: int = place[1].unpack_from(message, at + place[0])[0]
    return value


_FUNCTION_AT: Final = 1 + 2 * Transaction2Request.FIXED_WORDS
"""The only setup word of a TRANSACTION2 ([MS-CIFS] 2.2.4.46.1), from its WordCount."""
_PARAMETERS_AT: Final = 1 + 20
"""Its ParameterOffset likewise."""
_LEVELS_AT: Final = {
    Trans2.FIND_FIRST2: 6,
    Trans2.FIND_NEXT2: 4,
    Trans2.QUERY_FS_INFORMATION: 0,
    Trans2.SET_FS_INFORMATION: 2,
    Trans2.QUERY_PATH_INFORMATION: 0,
    Trans2.SET_PATH_INFORMATION: 0,
    Trans2.QUERY_FILE_INFORMATION: 2,
    Trans2.SET_FILE_INFORMATION: 2,
}
"""Where the information level stands in the parameters of each subcommand that has one."""


def trans2_function(message: bytes) -> int | None:
    """The subcommand of a TRANSACTION2 of the usual form; None of what is none."""
    at = HEADER_SIZE
    if len(message) <= at + _FUNCTION_AT + 1 or message[COMMAND_AT] != Command.TRANSACTION2:
        return None
    if message[at] != Transaction2Request.FIXED_WORDS + 1:
        return None
    return message[at + _FUNCTION_AT] | message[at + _FUNCTION_AT + 1] << 8


def trans2_level(message: bytes) -> int | None:
    """The information level of a TRANSACTION2 of the usual form; None where it has none."""
    function = trans2_function(message)
    place = None if function is None else _LEVELS_AT.get(function)
    if place is None:
        return None
    at = message[HEADER_SIZE + _PARAMETERS_AT] | message[HEADER_SIZE + _PARAMETERS_AT + 1] << 8
    at += place
    return message[at] | message[at + 1] << 8 if len(message) > at + 1 else None
