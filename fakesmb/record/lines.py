"""Both JSON lines of an exchange, written straight from its bytes: no entry, no dictionary, one pass.

A plan is made once for each form of a message (its command, direction and WordCount) from the layouts that decode it;
what repeats (peer, user, share, path, seconds) is looked up. What has no plan (chains, pipes, tokens, whatever cannot
be read) goes the general way through `Entry`; a test holds both to be equal, letter for letter.
"""

from functools import cache, lru_cache
from struct import Struct
from typing import Final

from fakesmb.record.describe import status_words
from fakesmb.record.dissect import IPC
from fakesmb.record.entry import from_root, status_label
from fakesmb.record.events import Exchanged, Shown
from fakesmb.record.moments import iso
from fakesmb.record.plans import NoPlan, Plan, json_text, structure_plan, title_of
from fakesmb.record.plans_trans2 import transaction_reply, transaction_request
from fakesmb.record.values import harmless
from fakesmb.record.words import trans as words_trans
from fakesmb.wire import names
from fakesmb.wire.codec import (
    DecodeError,
    Empty,
)
from fakesmb.wire.commands import Command
from fakesmb.wire.header import ERROR_BLOCK, HEADER_SIZE, MAGIC, Flags2
from fakesmb.wire.messages import ANY, REQUESTS, RESPONSES

_IDS: Final = Struct("<10xHH10xHHHHB")
"""Flags2, PIDHigh, TID, PIDLow, UID, MID of a header, and the WordCount behind it."""
_SHORTEST: Final = HEADER_SIZE + len(ERROR_BLOCK)
GENERAL: Final = words_trans.COMMANDS | {Command.SESSION_SETUP_ANDX, Command.NEGOTIATE}
"""Commands whose messages are rare, or hold something that is read one layer further."""
_ON_PIPES: Final = frozenset({Command.READ_ANDX, Command.WRITE_ANDX})


def json_lines(exchange: Exchanged) -> bytes | None:
    """The lines; None where an exchange goes the general way."""
    try:
        found = _lines(exchange)
        if not found.isascii() or "\x7f" in found:
            found = harmless(found)
        return found.encode()
    except (NoPlan, DecodeError, UnicodeEncodeError):
        return None


def _lines(exchange: Exchanged) -> str:
    request, reply, client = exchange.request, exchange.reply, exchange.client
    if exchange.shown != Shown.BOTH or not reply or exchange.fault:
        raise NoPlan
    flags2, pid_high, tid, pid, uid, mid, word_count = ids(request, exchange.request_size)
    command = request[4]
    words, fields, named, code = request_plan(command, word_count, exchange.share == IPC)(
        request, exchange.request_size, flags2 & Flags2.UNICODE != 0, client.encoding
    )
    flags2, pid_high2, tid2, pid2, uid2, mid2, word_count = ids(reply, exchange.reply_size)
    if reply[4] != command:
        raise NoPlan
    words2, fields2, named2, code2 = answer(exchange, command, word_count, flags2 & Flags2.UNICODE != 0, code)
    peer, about = _about(client.peer, exchange.user, exchange.share, exchange.path)
    number, fid, reason = exchange.number, exchange.fid, exchange.reason
    if fid is not None:
        named = named2 = fid
    elif named2 is None:
        named2 = named
    of_file = "" if named is None else f',"fid":{named}'
    of_file2 = "" if named2 is None else f',"fid":{named2}'
    problem = f',"problem":{json_text(reason)}' if reason else ""
    return (
        f'{{"time":"{iso(exchange.time)}","event":"request","number":{number},"connection":{client.connection},'
        f'"peer":{peer},"direction":"C","command":{_named(command, code)},"mid":{mid},"uid":{uid},"tid":{tid},'
        f'"pid":{pid_high << 16 | pid}{of_file}{about},"length":{exchange.request_size},'
        f'"summary":{json_text("C; " + words)}{fields}}}\n'
        f'{{"time":"{iso(exchange.answered)}","event":"response","number":{number + 1},'
        f'"connection":{client.connection},"peer":{peer},"direction":"R","command":{_named(command, code2)},'
        f'"status":"{status_label(exchange.status)}","mid":{mid2},"uid":{uid2},"tid":{tid2},'
        f'"pid":{pid_high2 << 16 | pid2}{of_file2}{about},"length":{exchange.reply_size},'
        f'"took_us":{round((exchange.answered - exchange.time) * 1e6)},'
        f'"summary":{json_text("R; " + words2)}{problem}{fields2}}}\n'
    )


def ids(message: bytes, size: int) -> tuple[int, ...]:
    """What `_IDS` has; raises `NoPlan` for what is no whole header."""
    if len(message) < _SHORTEST or message[:4] != MAGIC or len(message) > size:
        raise NoPlan
    return _IDS.unpack_from(message)


def answer(
    exchange: Exchanged, command: int, word_count: int, unicode: bool, subcommand: int | None
) -> tuple[str, str, int | None, int | None]:
    """What the plan of a reply says, with the status."""
    status, reason, message = exchange.status, exchange.reason, exchange.reply
    if word_count == 0 and status:
        if message[HEADER_SIZE:] != ERROR_BLOCK or exchange.reply_size != len(message):
            raise NoPlan
        words = f"{title_of(command, subcommand)} - {status_words(status)}"
        return f"{words} ({reason})" if reason else words, "", None, subcommand
    if reason:
        raise NoPlan
    if command == Command.TRANSACTION2:
        plan = transaction_reply(subcommand)
    else:
        plan = _reply_plan(command, word_count, exchange.share == IPC)
    said = plan(message, exchange.reply_size, unicode, exchange.client.encoding)
    if status:
        return f"{said[0]} - {status_words(status)}", *said[1:]
    return said


@lru_cache(maxsize=1024)
def _about(peer: str, user: str, share: str, path: str) -> tuple[str, str]:
    """What stays the same for a file: the peer as JSON; user, share and path as keys of JSON."""
    keys = ((',"user":', user), (',"share":', share), (',"path":', from_root(path)))
    return json_text(peer), "".join(key + json_text(value) for key, value in keys if value)


@cache
def _named(command: int, subcommand: int | None) -> str:
    """The values of `command` and, where there is one, `subcommand`."""
    name = f'"{names.command_name(command)}"'
    if subcommand is None:
        return name
    return f'{name},"subcommand":"{names.subcommand_name(command, subcommand)}"'


@lru_cache(maxsize=512)
def request_plan(command: int, word_count: int, on_ipc: bool) -> Plan:
    """The plan of a request; raises `NoPlan`."""
    if command == Command.TRANSACTION2:
        return transaction_request
    cls = REQUESTS.get(command)
    if cls is None or command in GENERAL or (on_ipc and command in _ON_PIPES):
        raise NoPlan
    return structure_plan(command, cls, word_count)


@lru_cache(maxsize=512)
def _reply_plan(command: int, word_count: int, on_ipc: bool) -> Plan:
    if command in GENERAL or (on_ipc and command in _ON_PIPES):
        raise NoPlan
    if not word_count:
        return structure_plan(command, Empty, 0)
    forms = RESPONSES.get(command, {})
    cls = forms.get(word_count) or forms.get(ANY)
    if cls is None:
        raise NoPlan
    return structure_plan(command, cls, word_count)
