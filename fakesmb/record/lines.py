"""Both JSON lines of an exchange, written straight from its bytes: no entry, no dictionary, one pass.

A plan is made once for each form of a message (its command, direction and WordCount) from the layouts that decode it;
what repeats (peer, user, share, path, seconds) is looked up. What has no plan (chains, pipes, tokens, whatever cannot
be read) goes the general way through `Entry`; a test holds both to be equal, letter for letter.
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from struct import Struct
from typing import Any, Final, NamedTuple, get_args, get_type_hints

import msgspec

from fakesmb.record.describe import WORDS, status_words
from fakesmb.record.dissect import IPC
from fakesmb.record.entry import from_root, status_label
from fakesmb.record.events import Exchange, Shown
from fakesmb.record.moments import iso
from fakesmb.record.values import hex_of, left_out, struct_values
from fakesmb.record.words import trans as words_trans
from fakesmb.wire import names, trans2
from fakesmb.wire.codec import (
    PAYLOADS,
    Body,
    DecodeError,
    Empty,
    Omitted,
    RestPart,
    Structure,
    layout_of,
    lighten,
    values_of,
)
from fakesmb.wire.commands import Command
from fakesmb.wire.files import ReadAndxResponse, WriteAndxRequest
from fakesmb.wire.header import ERROR_BLOCK, HEADER_SIZE, MAGIC, NO_ANDX, Flags2, block_at
from fakesmb.wire.messages import ANY, REQUESTS, RESPONSES
from fakesmb.wire.trans import (
    TRANSACTION_RESPONSE_WORDS,
    TRANSACTION_WORDS,
    Transaction2Request,
    TransactionResponse,
)
from fakesmb.wire.trans2 import Trans2

_IDS: Final = Struct("<10xHH10xHHHHB")
"""Flags2, PIDHigh, TID, PIDLow, UID, MID of a header, and the WordCount behind it."""
_REQUEST: Final = Struct(f"<{TRANSACTION_WORDS}")
_RESPONSE: Final = Struct(f"<{TRANSACTION_RESPONSE_WORDS}")
_U16: Final = Struct("<H")
_SHORTEST: Final = HEADER_SIZE + len(ERROR_BLOCK)
_WORDS_AT: Final = HEADER_SIZE + 1
_GENERAL: Final = words_trans.COMMANDS | {Command.SESSION_SETUP_ANDX, Command.NEGOTIATE}
"""Commands whose messages are rare, or hold something that is read one layer further."""
_ON_PIPES: Final = frozenset({Command.READ_ANDX, Command.WRITE_ANDX})


class _NoPlan(Exception):
    """The message goes the general way."""


Said = tuple[str, str, int | None, int | None]
"""What a plan makes of a message: the words behind `C; ` or `R; `, its fields as JSON with their key (empty where there
are none), the FID and the subcommand that it names."""
Plan = Callable[[bytes, int, bool, str], Said]
"""Message as far as it was kept, its size, whether its strings are Unicode, the code page; raises `DecodeError`."""


def json_lines(exchange: Exchange) -> bytes | None:
    """The lines; None where an exchange goes the general way."""
    try:
        return _lines(exchange).encode()
    except (_NoPlan, DecodeError, UnicodeEncodeError):
        return None


def _lines(exchange: Exchange) -> str:
    request, reply, client = exchange.request, exchange.reply, exchange.client
    if exchange.shown != Shown.BOTH or not reply:
        raise _NoPlan
    flags2, pid_high, tid, pid, uid, mid, word_count = _ids(request, exchange.request_size)
    command = request[4]
    words, fields, named, code = _request_plan(command, word_count, exchange.share == IPC)(
        request, exchange.request_size, flags2 & Flags2.UNICODE != 0, client.encoding
    )
    flags2, pid_high2, tid2, pid2, uid2, mid2, word_count = _ids(reply, exchange.reply_size)
    if reply[4] != command:
        raise _NoPlan
    words2, fields2, named2, code2 = _answer(
        exchange, command, word_count, flags2 & Flags2.UNICODE != 0, code
    )
    peer, about = _about(client.peer, exchange.user, exchange.share, exchange.path)
    number, fid, reason = exchange.number, exchange.fid, exchange.reason
    if fid is not None:
        named = named2 = fid
    elif named2 is None:
        named2 = named
    of_file = "" if named is None else f',"fid":{named}'
    of_file2 = "" if named2 is None else f',"fid":{named2}'
    problem = f',"problem":{_json(reason)}' if reason else ""
    return (
        f'{{"time":"{iso(exchange.time)}","event":"request","number":{number},"connection":{client.connection},'
        f'"peer":{peer},"direction":"C","command":{_named(command, code)},"mid":{mid},"uid":{uid},"tid":{tid},'
        f'"pid":{pid_high << 16 | pid}{of_file}{about},"length":{exchange.request_size},'
        f'"summary":{_json("C; " + words)}{fields}}}\n'
        f'{{"time":"{iso(exchange.answered)}","event":"response","number":{number + 1},'
        f'"connection":{client.connection},"peer":{peer},"direction":"R","command":{_named(command, code2)},'
        f'"status":"{status_label(exchange.status)}","mid":{mid2},"uid":{uid2},"tid":{tid2},'
        f'"pid":{pid_high2 << 16 | pid2}{of_file2}{about},"length":{exchange.reply_size},'
        f'"took_us":{round((exchange.answered - exchange.time) * 1e6)},'
        f'"summary":{_json("R; " + words2)}{problem}{fields2}}}\n'
    )


def _ids(message: bytes, size: int) -> tuple[int, ...]:
    if len(message) < _SHORTEST or message[:4] != MAGIC or len(message) > size:
        raise _NoPlan
    return _IDS.unpack_from(message)


def _answer(
    exchange: Exchange, command: int, word_count: int, unicode: bool, subcommand: int | None
) -> tuple[str, str, int | None, int | None]:
    status, reason, message = exchange.status, exchange.reason, exchange.reply
    if word_count == 0 and status:
        if message[HEADER_SIZE:] != ERROR_BLOCK or exchange.reply_size != len(message):
            raise _NoPlan
        words = f"{_title(command, subcommand)} - {status_words(status)}"
        return f"{words} ({reason})" if reason else words, "", None, subcommand
    if reason:
        raise _NoPlan
    if command == Command.TRANSACTION2:
        plan = _transaction_reply(subcommand)
    else:
        plan = _reply_plan(command, word_count, exchange.share == IPC)
    said = plan(message, exchange.reply_size, unicode, exchange.client.encoding)
    if status:
        return f"{said[0]} - {status_words(status)}", *said[1:]
    return said


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


@lru_cache(maxsize=1024)
def _about(peer: str, user: str, share: str, path: str) -> tuple[str, str]:
    """What stays the same for a file: the peer as JSON; user, share and path as keys of JSON."""
    keys = ((',"user":', user), (',"share":', share), (',"path":', from_root(path)))
    return _json(peer), "".join(key + _json(value) for key, value in keys if value)


@cache
def _named(command: int, subcommand: int | None) -> str:
    """The values of `command` and, where there is one, `subcommand`."""
    name = f'"{names.command_name(command)}"'
    if subcommand is None:
        return name
    return f'{name},"subcommand":"{names.subcommand_name(command, subcommand)}"'


@cache
def _title(command: int, subcommand: int | None) -> str:
    if subcommand is None:
        return names.title(command)
    return f"{names.title(command)}, {names.subcommand_title(command, subcommand)}"


# -- plans ---------------------------------------------------------------------------------------------------


@cache
def _request_plan(command: int, word_count: int, on_ipc: bool) -> Plan:
    if command == Command.TRANSACTION2:
        return _transaction_request
    cls = REQUESTS.get(command)
    if cls is None or command in _GENERAL or (on_ipc and command in _ON_PIPES):
        raise _NoPlan
    return _plan(command, cls, word_count)


@cache
def _reply_plan(command: int, word_count: int, on_ipc: bool) -> Plan:
    if command in _GENERAL or (on_ipc and command in _ON_PIPES):
        raise _NoPlan
    if not word_count:
        return _plan(command, Empty, 0)
    forms = RESPONSES.get(command, {})
    cls = forms.get(word_count) or forms.get(ANY)
    if cls is None:
        raise _NoPlan
    return _plan(command, cls, word_count)


def _plan(command: int, cls: type[Body], word_count: int) -> Plan:
    title = names.title(command)
    say = WORDS.get(cls)
    if command == Command.CLOSE and cls is Empty:
        title += ", FID = 0x0000"
    fields_of = _fields_writer(cls)
    read = _reader(cls, word_count)
    has_fid = "fid" in cls.__struct_fields__

    def plan(message: bytes, size: int, unicode: bool, encoding: str) -> Said:
        body = read(message, size, unicode, encoding)
        words = title if say is None else title + say(body)
        return words, fields_of(body), body.fid if has_fid else None, None

    return plan


_Reads = Callable[[bytes, int, bool, str], Any]


def _reader(cls: type[Body], word_count: int) -> _Reads:
    """How a single command of that class is read."""
    layout = layout_of(cls)
    form = layout.words.get(word_count)
    words_at = _WORDS_AT + (4 if cls.ANDX else 0)
    bytes_at = _WORDS_AT + 2 * word_count + 2
    andx = cls.ANDX

    def read_all(message: bytes, size: int, unicode: bool, encoding: str) -> Any:
        if len(message) != size or (andx and message[_WORDS_AT] != NO_ANDX):
            raise _NoPlan
        return lighten(cls.decode(block_at(message, HEADER_SIZE, unicode=unicode, encoding=encoding)))

    full = form is not None and form.size == layout.full.size
    place = _PAYLOAD_WORDS.get(cls)
    own = cls.decode.__func__ is not Body.decode.__func__  # type: ignore[attr-defined]
    if not full or form is None or not (place or cls.__match_args__ == layout.names) or (own and not place):
        return read_all
    unpack = form.unpack_from

    def byte_count(message: bytes, size: int) -> int:
        if bytes_at > len(message) or (andx and message[_WORDS_AT] != NO_ANDX):
            raise _NoPlan
        count: int = _U16.unpack_from(message, bytes_at - 2)[0]
        if bytes_at + count > size:
            raise _NoPlan
        return count

    if place is not None:
        high, low, offset = place

        def read_payload(message: bytes, size: int, unicode: bool, encoding: str) -> Any:
            byte_count(message, size)
            values = unpack(message, words_at)
            length = values[high] << 16 | values[low]
            if values[offset] < bytes_at or values[offset] + length > size:
                raise _NoPlan
            return cls(*values, Omitted(length))

        return read_payload
    if not layout.parts:

        def read_words(message: bytes, size: int, unicode: bool, encoding: str) -> Any:
            byte_count(message, size)
            return cls(*unpack(message, words_at))

        return read_words
    name, part = layout.parts[0]
    if len(layout.parts) == 1 and isinstance(part, RestPart) and name in PAYLOADS:

        def read_rest(message: bytes, size: int, unicode: bool, encoding: str) -> Any:
            return cls(*unpack(message, words_at), Omitted(byte_count(message, size)))

        return read_rest
    return read_all


def _places(cls: type[Body]) -> tuple[int, int, int]:
    high, low, offset = map(cls.__struct_fields__.index, ("data_length_high", "data_length", "data_offset"))
    return high, low, offset


_PAYLOAD_WORDS: Final[Mapping[type[Body], tuple[int, int, int]]] = {
    cls: _places(cls) for cls in (WriteAndxRequest, ReadAndxResponse)
}
"""Where the high and the low word of a payload's length and its offset are."""


def _fields_writer(cls: type[msgspec.Struct], key: str = ',"fields":') -> Callable[[Any], str]:
    """Writes the values of a structure as `values.struct_values` gives them, with the key before them."""
    hints = get_type_hints(cls)
    shown = [name for name in cls.__struct_fields__ if name not in left_out(cls)]
    if not shown:
        return lambda _: f"{key}{{}}" if not key.startswith(",") else ""
    items: list[str] = []
    conversions: list[tuple[int, Callable[[Any], object]]] = []
    for index, name in enumerate(shown):
        hint = hints[name]
        if hint is int:
            items.append(f'"{name}":%d')
            continue
        if hint is str:
            items.append(f'"{name}":%s')
            conversions.append((index, _json))
        elif name in PAYLOADS and memoryview in get_args(hint):
            items.append(f'"{name}":"%d bytes"')
            conversions.append((index, len))
        elif hint is bytes or memoryview in get_args(hint):
            items.append(f'"{name}":"%s"')
            conversions.append((index, hex_of))
        else:
            return lambda body: key + msgspec.json.encode(struct_values(body)).decode()
    template = f"{key.replace('%', '%%')}{{{','.join(items)}}}"
    get = values_of(shown)
    if not conversions:
        return lambda body: template % get(body)

    def write(body: Any) -> str:
        values = list(get(body))
        for index, convert in conversions:
            values[index] = convert(values[index])
        return template % tuple(values)

    return write


# -- TRANSACTION2 --------------------------------------------------------------------------------------------


class _Parameters(NamedTuple):
    """How the parameters of a subcommand are read and told."""

    decode: Callable[..., Any]
    say: Callable[[Any], str]
    write: Callable[[Any], str]
    has_fid: bool


def _parameters(cls: type[Structure]) -> _Parameters:
    return _Parameters(
        cls.decode, words_trans.PARAMETERS[cls], _fields_writer(cls, ""), "fid" in cls.__struct_fields__
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
        raise _NoPlan
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


def _transaction_request(message: bytes, size: int, unicode: bool, encoding: str) -> Said:
    bytes_at = _WORDS_AT + 2 * message[HEADER_SIZE] + 2
    if message[HEADER_SIZE] != Transaction2Request.FIXED_WORDS + 1 or bytes_at > len(message):
        raise _NoPlan
    words = _REQUEST.unpack_from(message, _WORDS_AT)
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
        raise _NoPlan
    setup = message[bytes_at - 4 : bytes_at - 2]
    code = setup[0] | setup[1] << 8
    read = _asked(code)
    parameters = read.decode(message[at : at + count], unicode=unicode, encoding=encoding)
    told = _title(Command.TRANSACTION2, code) + read.say(parameters)
    if data:
        told = f"{told}, {data} bytes"
    fields = _ASKED % (setup.hex(), read.write(parameters), data, *words[:_ASKED_COUNTS])
    return told, fields, parameters.fid if read.has_fid else None, code


@cache
def _transaction_reply(code: int | None) -> Plan:
    if code is None:
        raise _NoPlan
    cls = trans2.TRANS2_RESPONSES.get(code)
    read = None if cls is None else _parameters(cls)
    title = _title(Command.TRANSACTION2, code)

    def plan(message: bytes, size: int, unicode: bool, encoding: str) -> Said:
        bytes_at = _WORDS_AT + 2 * TransactionResponse.FIXED_WORDS + 2
        if message[HEADER_SIZE] != TransactionResponse.FIXED_WORDS or bytes_at > len(message):
            raise _NoPlan
        words = _RESPONSE.unpack_from(message, _WORDS_AT)
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
            raise _NoPlan
        told, shown = title, '""'
        if count:
            if read is None:
                raise _NoPlan
            parameters = read.decode(message[at : at + count], unicode=unicode, encoding=encoding)
            told, shown = title + read.say(parameters), read.write(parameters)
        if data:
            told = f"{told}, {data} bytes"
        fields = _ANSWERED % ("", shown, data, total_parameters, total_data, moved, data_moved)
        return told, fields, None, code

    return plan
