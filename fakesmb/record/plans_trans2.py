"""Plans of TRANSACTION2: its envelope, and the parameters of subcommands whose data are told by their length."""

from collections.abc import Callable
from functools import cache
from struct import Struct
from typing import Any, Final, NamedTuple

import msgspec

from fakesmb.record.plans import (
    WORDS_AT,
    NoPlan,
    Plan,
    Said,
    fields_writer,
    title_of,
)
from fakesmb.record.values import left_out
from fakesmb.record.words import trans as words_trans
from fakesmb.wire import trans2
from fakesmb.wire.codec import (
    Structure,
)
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE
from fakesmb.wire.trans import (
    TRANSACTION_RESPONSE_WORDS,
    TRANSACTION_WORDS,
    Transaction2Request,
    TransactionResponse,
)
from fakesmb.wire.trans2 import Trans2

_REQUEST: Final = Struct(f"<{TRANSACTION_WORDS}")
_RESPONSE: Final = Struct(f"<{TRANSACTION_RESPONSE_WORDS}")


class _Parameters(NamedTuple):
    """How the parameters of a subcommand are read and told."""

    decode: Callable[..., Any]
    say: Callable[[Any], str]
    write: Callable[[Any], str]
    has_fid: bool


def _parameters(cls: type[Structure]) -> _Parameters:
    return _Parameters(
        cls.decode, words_trans.PARAMETERS[cls], fields_writer(cls, ""), "fid" in cls.__struct_fields__
    )


_STRAIGHT: Final = frozenset(
    {
        Trans2.FIND_FIRST2,
        Trans2.FIND_NEXT2,
        Trans2.QUERY_FS_INFORMATION,
        Trans2.QUERY_PATH_INFORMATION,
        Trans2.QUERY_FILE_INFORMATION,
    }
)
"""Subcommands whose data are told by their length only."""


@cache
def _asked(code: int) -> _Parameters:
    if code not in _STRAIGHT:
        raise NoPlan
    return _parameters(trans2.TRANS2_REQUESTS[code])


def _envelope(cls: type[msgspec.Struct], counts: int) -> str:
    """The fields of a transaction as a template: what its parameters hold, how long its data are, its counts."""
    items = {"name": '""', "setup": '"%s"', "parameters": "%s", "data": '"%d bytes"'}
    shown = [name for name in cls.__struct_fields__ if name not in left_out(cls)]
    assert len(shown) == counts + len([name for name in shown if name in items])
    return ',"fields":{' + ",".join(f'"{name}":{items.get(name, "%d")}' for name in shown) + "}"


_ASKED_COUNTS: Final = 7
_ANSWERED_COUNTS: Final = 4
_ASKED: Final = _envelope(Transaction2Request, _ASKED_COUNTS)
_ANSWERED: Final = _envelope(TransactionResponse, _ANSWERED_COUNTS)


def transaction_request(message: bytes, size: int, unicode: bool, encoding: str) -> Said:
    """The plan of a whole request."""
    bytes_at = WORDS_AT + 2 * message[HEADER_SIZE] + 2
    if message[HEADER_SIZE] != Transaction2Request.FIXED_WORDS + 1 or bytes_at > len(message):
        raise NoPlan
    words = _REQUEST.unpack_from(message, WORDS_AT)
    total_parameters, total_data = words[0], words[1]
    _, count, at, data, data_at, setup_count = words[7:]
    if (
        setup_count != 1
        or count > total_parameters
        or data > total_data
        or (count and at < bytes_at)
        or at + count > len(message)
        or (data and (data_at < bytes_at or data_at + data > size))
        or bytes_at + (message[bytes_at - 2] | message[bytes_at - 1] << 8) > size
    ):
        raise NoPlan
    setup = message[bytes_at - 4 : bytes_at - 2]
    code = setup[0] | setup[1] << 8
    read = _asked(code)
    parameters = read.decode(message[at : at + count], unicode=unicode, encoding=encoding)
    told = title_of(Command.TRANSACTION2, code) + read.say(parameters)
    if data:
        told = f"{told}, {data} bytes"
    fields = _ASKED % (setup.hex(), read.write(parameters), data, *words[:_ASKED_COUNTS])
    return told, fields, parameters.fid if read.has_fid else None, code


@cache
def transaction_reply(code: int | None) -> Plan:
    """The plan of a reply, or of the first piece of one, to a request of that subcommand."""
    if code is None:
        raise NoPlan
    cls = trans2.TRANS2_RESPONSES.get(code)
    read = None if cls is None else _parameters(cls)
    title = title_of(Command.TRANSACTION2, code)

    def plan(message: bytes, size: int, unicode: bool, encoding: str) -> Said:
        bytes_at = WORDS_AT + 2 * TransactionResponse.FIXED_WORDS + 2
        if message[HEADER_SIZE] != TransactionResponse.FIXED_WORDS or bytes_at > len(message):
            raise NoPlan
        words = _RESPONSE.unpack_from(message, WORDS_AT)
        total_parameters, total_data, count, at, moved, data, data_at, data_moved, setup_count = words
        if (
            setup_count
            or moved
            or count > total_parameters
            or data > total_data
            or (count and at < bytes_at)
            or at + count > len(message)
            or (data and (data_at < bytes_at or data_at + data > size))
            or bytes_at + (message[bytes_at - 2] | message[bytes_at - 1] << 8) > size
        ):
            raise NoPlan
        told, shown = title, '""'
        if count:
            if read is None:
                raise NoPlan
            parameters = read.decode(message[at : at + count], unicode=unicode, encoding=encoding)
            told, shown = title + read.say(parameters), read.write(parameters)
        if data:
            told = f"{told}, {data} bytes"
        fields = _ANSWERED % ("", shown, data, total_parameters, total_data, moved, data_moved)
        return told, fields, None, code

    return plan
