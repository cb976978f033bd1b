"""What an answer says beside the captured one: which identifiers stand for which from now on."""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from fakesmb.nt.controls import Fsctl
from fakesmb.replay.listings import last_entry, search_keys
from fakesmb.replay.live import Live
from fakesmb.replay.oplocks import asks_back
from fakesmb.replay.references import blocks
from fakesmb.replay.sent import TRANSACTIONS, Sent, read_part
from fakesmb.replay.talk import Ask
from fakesmb.replay.tokens import Tokens
from fakesmb.wire.codec import Body, DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Header
from fakesmb.wire.messages import REQUESTS, response_class
from fakesmb.wire.nt_trans import NtTransact
from fakesmb.wire.session import SessionSetupAndxRequest
from fakesmb.wire.trans import NtTransactRequest, Transaction2Request, TransactionRequest, TransactionResponse
from fakesmb.wire.trans2 import FindFirst2Request, FindFlag, FindNext2Request, Trans2
from fakesmb.wire.unix import UnixLevel

COPY_KEY_SIZE: Final = 24
"""A resume key of FSCTL_SRV_REQUEST_RESUME_KEY, [MS-SMB] 2.2.7.2.2.2."""


# -- answers -------------------------------------------------------------------------------------------------


def learn(live: Live, tokens: Tokens, ask: Ask, sent: Sent) -> None:
    """Takes the captured and the present answer of a request. Never raises."""
    if ask.header is None or not ask.answers or not sent.answers:
        return
    captured, here = ask.answers[-1].message, sent.answers[-1]
    try:
        old, new = Header.decode(captured), Header.decode(here)
    except DecodeError:
        return
    live.rests.learn(ask.message, ask.header, old, new)
    if ask.command in TRANSACTIONS:
        whole = joined(ask.command, [one.message for one in ask.answers])
        present = joined(ask.command, sent.answers)
        if whole is not None and present is not None:
            _transaction(live, tokens, ask, whole, present)
        return
    mine, theirs = _bodies(captured, old), _bodies(here, new)
    asked = _requests(ask.message, ask.header)
    for index, (code, body) in enumerate(mine):
        other = theirs[index][1] if index < len(theirs) and theirs[index][0] == code else None
        row = _ROWS.get(code)
        if row is not None:
            request = asked[index][1] if index < len(asked) else None
            row(live, tokens, ask, request, (old, body), (new, other))


Side = tuple[Header, Any]
Row = Callable[[Live, Tokens, Ask, Any, Side, Side], None]


def _bodies(message: bytes, header: Header) -> list[tuple[int, Body | None]]:
    """Each command of a reply; None for one that is only a status."""
    found: list[tuple[int, Body | None]] = []
    for code, block in blocks(message, header):
        try:
            bare = not block.word_count and bool(header.status)
            found.append((code, None if bare else response_class(code, block).decode(block)))
        except DecodeError:
            found.append((code, None))
    return found


def _requests(message: bytes, header: Header) -> list[tuple[int, Body | None]]:
    found: list[tuple[int, Body | None]] = []
    for code, block in blocks(message, header):
        cls = REQUESTS.get(code)
        try:
            found.append((code, None if cls is None else cls.decode(block)))
        except DecodeError:
            found.append((code, None))
    return found


def _signed_in(live: Live, tokens: Tokens, ask: Ask, asked: Any, old: Side, new: Side) -> None:
    if old[1] is not None and new[1] is not None and isinstance(asked, SessionSetupAndxRequest):
        live.ids.uids[old[0].uid] = new[0].uid


def _connected(live: Live, tokens: Tokens, ask: Ask, asked: Any, old: Side, new: Side) -> None:
    if old[1] is not None and new[1] is not None:
        was, now = (getattr(body, "tid", header.tid) for header, body in (old, new))
        live.ids.tids[was] = now


def _opened(live: Live, tokens: Tokens, ask: Ask, asked: Any, old: Side, new: Side) -> None:
    was, now = getattr(old[1], "fid", None), getattr(new[1], "fid", None)
    if was is not None and now is not None:
        live.ids.fids[was] = now
    elif was is not None:
        live.ids.end("fid", was)  # the number meant another open before


def _closed(live: Live, tokens: Tokens, ask: Ask, asked: Any, old: Side, new: Side) -> None:
    if asked is not None and old[1] is not None:
        live.ids.end("fid", asked.fid)


def _disconnected(live: Live, tokens: Tokens, ask: Ask, asked: Any, old: Side, new: Side) -> None:
    if old[1] is not None and ask.header is not None:
        live.ids.end("tid", ask.header.tid)


def _logged_off(live: Live, tokens: Tokens, ask: Ask, asked: Any, old: Side, new: Side) -> None:
    if old[1] is not None and ask.header is not None:
        live.ids.end("uid", ask.header.uid)


def _read(live: Live, tokens: Tokens, ask: Ask, asked: Any, old: Side, new: Side) -> None:
    if old[1] is not None and new[1] is not None:
        tokens.learn_pdus(bytes(old[1].data), bytes(new[1].data))


def _searched(live: Live, tokens: Tokens, ask: Ask, asked: Any, old: Side, new: Side) -> None:
    if old[1] is not None and new[1] is not None:
        for was, now in search_keys(bytes(old[1].entries), bytes(new[1].entries)):
            tokens.learn_key(was, now)


def _search_closed(live: Live, tokens: Tokens, ask: Ask, asked: Any, old: Side, new: Side) -> None:
    if asked is not None and old[1] is not None:
        live.ids.end("sid", asked.sid)


_ROWS: Final[Mapping[int, Row]] = {
    Command.SESSION_SETUP_ANDX: _signed_in,
    Command.LOGOFF_ANDX: _logged_off,
    Command.TREE_CONNECT: _connected,
    Command.TREE_CONNECT_ANDX: _connected,
    Command.TREE_DISCONNECT: _disconnected,
    Command.OPEN: _opened,
    Command.CREATE: _opened,
    Command.CREATE_NEW: _opened,
    Command.CREATE_TEMPORARY: _opened,
    Command.OPEN_ANDX: _opened,
    Command.NT_CREATE_ANDX: _opened,
    Command.CLOSE: _closed,
    Command.CLOSE_PRINT_FILE: _closed,
    Command.WRITE_AND_CLOSE: _closed,
    Command.READ: _read,
    Command.READ_ANDX: _read,
    Command.SEARCH: _searched,
    Command.FIND: _searched,
    Command.FIND_UNIQUE: _searched,
    Command.FIND_CLOSE2: _search_closed,
}


# -- transactions --------------------------------------------------------------------------------------------


class Whole:
    """Setup, parameters and data of a transaction's answer."""

    def __init__(self, setup: bytes, parameters: bytes, data: bytes) -> None:
        self.setup, self.parameters, self.data = setup, parameters, data


def joined(command: int, messages: list[bytes]) -> Whole | None:
    """The answer of a transaction out of all its messages; None where it is an error, or cannot be read."""
    cls = TRANSACTIONS[command]
    parameters, data, setup = bytearray(), bytearray(), b""
    found = False
    for message in messages:
        part = read_part(cls, message)
        if part is None:
            continue
        found = True
        setup = setup or part.setup
        _put(parameters, part.parameter_displacement, bytes(part.parameters), part, "total_parameter_count")
        _put(data, part.data_displacement, bytes(part.data), part, "total_data_count")
    return Whole(setup, bytes(parameters), bytes(data)) if found else None


def _put(into: bytearray, at: int, piece: bytes, part: TransactionResponse, total: str) -> None:
    end = at + len(piece)
    if not piece or end > (getattr(part, total) or 0):
        return
    if len(into) < end:
        into.extend(bytes(end - len(into)))
    into[at:end] = piece


_REQUESTS: Final[Mapping[int, type[TransactionRequest]]] = {
    Command.TRANSACTION: TransactionRequest,
    Command.TRANSACTION2: Transaction2Request,
    Command.NT_TRANSACT: NtTransactRequest,
}


def _transaction(live: Live, tokens: Tokens, ask: Ask, old: Whole, new: Whole) -> None:
    assert ask.header is not None
    found = next(blocks(ask.message, ask.header), None)
    if found is None:
        return
    try:
        asked = _REQUESTS[ask.command].decode(found[1])
        if ask.command == Command.TRANSACTION:
            tokens.learn_pdus(old.data, new.data)
        elif ask.command == Command.TRANSACTION2:
            _trans2(live, ask, asked, old, new)
        else:
            _nt(live, tokens, asked, old, new)
    except (DecodeError, struct.error):
        return


def _trans2(live: Live, ask: Ask, asked: TransactionRequest, old: Whole, new: Whole) -> None:
    subcommand = asked.subcommand
    assert ask.header is not None
    unicode = ask.header.unicode
    if subcommand in (Trans2.FIND_FIRST2, Trans2.FIND_NEXT2):
        first = subcommand == Trans2.FIND_FIRST2
        cls = FindFirst2Request if first else FindNext2Request
        request: Any = cls.decode(asked.parameters, unicode=unicode)
        if first:
            live.ids.sids[_u16(old.parameters)] = _u16(new.parameters)
        sid = live.ids.sids.get(_u16(old.parameters) if first else request.sid, -1)
        at = 6 if first else 4
        keyed = bool(request.flags & FindFlag.RETURN_RESUME_KEYS)
        was = last_entry(request.information_level, old.data, _u16(old.parameters, at + 2), keyed, unicode)
        now = last_entry(request.information_level, new.data, _u16(new.parameters, at + 2), keyed, unicode)
        if was is not None and now is not None:
            live.resumed[sid] = (was, now)
    elif subcommand == Trans2.OPEN2 and len(old.parameters) >= 2 and len(new.parameters) >= 2:
        live.ids.fids[_u16(old.parameters)] = _u16(new.parameters)
    elif subcommand == Trans2.SET_PATH_INFORMATION and _u16(bytes(asked.parameters)) == UnixLevel.POSIX_OPEN:
        live.ids.fids[_u16(old.data, 2)] = _u16(new.data, 2)


def _nt(live: Live, tokens: Tokens, asked: TransactionRequest, old: Whole, new: Whole) -> None:
    if asked.subcommand == NtTransact.CREATE:
        live.ids.fids[_u16(old.parameters, 2)] = _u16(new.parameters, 2)
    elif asked.subcommand == NtTransact.IOCTL:
        function = int.from_bytes(asked.setup[:4], "little")
        if function == Fsctl.SRV_REQUEST_RESUME_KEY:
            tokens.learn(old.data[:COPY_KEY_SIZE], new.data[:COPY_KEY_SIZE])
        elif function == Fsctl.PIPE_TRANSCEIVE:
            tokens.learn_pdus(old.data, new.data)


def _u16(data: bytes, at: int = 0) -> int:
    number: int = struct.unpack_from("<H", data, at)[0]
    return number


def learn_break(live: Live, captured: bytes, here: bytes) -> None:
    """An oplock break names the FID by both numbers."""
    old, new = asks_back(captured), asks_back(here)
    if old >= 0 and new >= 0:
        live.ids.fids.setdefault(old, new)
