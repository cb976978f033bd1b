"""What replies make of identifiers: who is signed in, which trees, files, pipes and searches begin and end."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakesmb.trace.context import Half
from fakesmb.trace.following import Turn
from fakesmb.trace.moments import Open, Search, Share, User
from fakesmb.wire import tokens
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.files import ResourceType
from fakesmb.wire.header import Header
from fakesmb.wire.nt_trans import NtCreateRequest, NtTransact
from fakesmb.wire.session import Action
from fakesmb.wire.tokens import Token
from fakesmb.wire.trans import TransactionFlag
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindFirst2Response,
    FindFlag,
    FindNext2Request,
    FindNext2Response,
    Open2Request,
    SetPathInformationRequest,
    Trans2,
)
from fakesmb.wire.tree import TreeConnectFlag
from fakesmb.wire.unix import PosixOpenResponse, UnixLevel

_PIPES: Final = frozenset({ResourceType.BYTE_MODE_PIPE, ResourceType.MESSAGE_MODE_PIPE})
_FID_ALL: Final = 0xFFFF


def replied(turn: Turn, code: int, body: Any, header: Header, half: Half) -> None:
    """Does to the tables what a command did that succeeded."""
    row = _ROWS.get(code)
    if row is not None:
        row(turn, body, header, half)


# -- users and trees -----------------------------------------------------------------------------------------


def _signed_in(turn: Turn, body: Any, header: Header, half: Half) -> None:
    if body is None:
        return
    event, history = turn.event, turn.followed.history
    said = _said(turn)
    uid = turn.uid = header.uid
    if event.status:
        if said.user:
            turn.followed.signing_in = {uid: said}  # others of the same connection begin anew
        return
    earlier = turn.followed.signing_in.pop(uid, None)
    if not said.user and earlier is not None:
        said = earlier
    kind = said.kind
    if getattr(body, "action", 0) & Action.GUEST:
        kind = "guest"
    user = User(uid, event.user or said.user, said.domain, kind, event.number)
    history.put(user)
    turn.user = user


def _said(turn: Turn) -> User:
    """Who the request of a session setup says to be."""
    body = turn.request
    token: Token | None = None
    blob = getattr(body, "security_blob", None)
    if blob is not None:
        try:
            token = tokens.read(blob, turn.event.client.encoding)
        except DecodeError:
            return User(0, "", kind="unknown")
        if token.message_type != _AUTHENTICATE:
            return User(0, "", kind="unknown")
        name, domain = token.user, token.domain
        proved = token.nt_response_length > 0 or token.lm_response_length > 1
    elif body is None:
        return User(0, "", kind="unknown")
    else:
        name, domain, proved = body.account_name, body.primary_domain, True
    return User(0, name, domain, "user" if name and proved else "anonymous")


_AUTHENTICATE: Final = 3


def _logged_off(turn: Turn, body: Any, header: Header, half: Half) -> None:
    uid = _asked_header(turn, "uid", header.uid)
    turn.followed.history.drop(User, uid)
    turn.followed.close_where(uid=uid)


def _asked_header(turn: Turn, name: str, otherwise: int) -> int:
    asked = turn.asked
    value: int = otherwise if asked is None or asked.header is None else getattr(asked.header, name)
    return value


def _tree_connected(turn: Turn, body: Any, header: Header, half: Half) -> None:
    if body is None:
        return
    asked, history = turn.request, turn.followed.history
    if asked is not None and getattr(asked, "flags", 0) & TreeConnectFlag.DISCONNECT_TID:
        _disconnect(turn, _asked_header(turn, "tid", 0))
    tid = getattr(body, "tid", header.tid)
    path = "" if asked is None else asked.path
    name = path.rstrip("\\").rpartition("\\")[2] or turn.event.share
    service = getattr(body, "service", "") or ("" if asked is None else asked.service)
    service = "" if service.startswith("?") else service
    turn.uid = header.uid
    turn.tid = tid
    turn.share = Share(tid, turn.event.share or name, service, path, header.uid, turn.event.number)
    history.put(turn.share)
    if not turn.path:
        turn.path = path


def _tree_disconnected(turn: Turn, body: Any, header: Header, half: Half) -> None:
    _disconnect(turn, _asked_header(turn, "tid", header.tid))


def _disconnect(turn: Turn, tid: int) -> None:
    turn.followed.history.drop(Share, tid)
    turn.followed.close_where(tid=tid)


# -- files, pipes and searches -------------------------------------------------------------------------------


def _opened(turn: Turn, body: Any, header: Header, half: Half) -> None:
    if not hasattr(body, "fid"):
        return
    asked = turn.request
    path = _name(asked)
    temporary = getattr(body, "temporary_file_name", "")
    if temporary:
        folder = path.rstrip("\\")
        path = f"{folder}\\{temporary}"
    kind = getattr(body, "resource_type", None)
    _open(turn, body.fid, path, pipe=kind in _PIPES if kind is not None and not turn.on_ipc else turn.on_ipc)


def _open(turn: Turn, fid: int, path: str, *, pipe: bool) -> None:
    if turn.event.path and (not path or turn.event.fid == fid):
        path = turn.event.path
    opened = Open(fid, path, turn.tid, turn.uid, turn.pid, pipe, (), turn.event.number)
    turn.followed.forget_pipe(opened.key)
    turn.followed.history.put(opened)
    turn.fid = fid
    turn.path = turn.path or path


def _name(body: Any) -> str:
    name: str = getattr(body, "file_name", "") or getattr(body, "directory_name", "")
    return name


def _closed(turn: Turn, body: Any, header: Header, half: Half) -> None:
    fid = getattr(turn.request, "fid", turn.event.fid)
    if fid == _FID_ALL and turn.fid is not None:
        fid = turn.fid  # a chain closes what it opened
    if fid is not None:
        turn.followed.close(turn.tid, fid)


def _process_exited(turn: Turn, body: Any, header: Header, half: Half) -> None:
    turn.followed.close_where(pid=_asked_header(turn, "pid", header.pid))


def _search_closed(turn: Turn, body: Any, header: Header, half: Half) -> None:
    if turn.request is not None:
        turn.followed.history.drop(Search, turn.request.sid)


def _transaction_done(turn: Turn, body: Any, header: Header, half: Half) -> None:
    if getattr(turn.request, "flags", 0) & TransactionFlag.DISCONNECT_TID:
        _disconnect(turn, header.tid)


def _trans2_done(turn: Turn, body: Any, header: Header, half: Half) -> None:
    asked = half.asked
    if asked is None or body is None or half.piece:
        _transaction_done(turn, body, header, half)
        return
    row = _TRANS2.get(-1 if asked.subcommand is None else asked.subcommand)
    if row is not None:
        parameters = bytes(body.parameters) if half.whole is None else half.whole.parameters
        data = bytes(body.data[:16]) if half.whole is None else half.whole.data
        try:
            row(turn, asked.parameters, asked.unicode, parameters, data)
        except DecodeError:
            return
    _transaction_done(turn, body, header, half)


def _find_first(turn: Turn, asked: bytes, unicode: bool, answer: bytes, data: bytes) -> None:
    answered = FindFirst2Response.decode(answer)
    request = FindFirst2Request.decode(asked, unicode=unicode, encoding=turn.event.client.encoding)
    turn.path = turn.path or request.file_name
    if not _ends(request.flags, answered.end_of_search):
        search = Search(answered.sid, turn.event.path or request.file_name, turn.tid, turn.event.number)
        turn.followed.history.put(search)


def _find_next(turn: Turn, asked: bytes, unicode: bool, answer: bytes, data: bytes) -> None:
    request = FindNext2Request.decode(asked, unicode=unicode, encoding=turn.event.client.encoding)
    known = turn.followed.history.search(request.sid)
    if known is not None:
        turn.path = turn.path or known.path
    if _ends(request.flags, FindNext2Response.decode(answer).end_of_search):
        turn.followed.history.drop(Search, request.sid)


def _ends(flags: int, end: int) -> bool:
    """Whether the server closes the search with this answer."""
    return bool(flags & FindFlag.CLOSE_AFTER_REQUEST or (end and flags & FindFlag.CLOSE_AT_END))


def _open2(turn: Turn, asked: bytes, unicode: bool, answer: bytes, data: bytes) -> None:
    request = Open2Request.decode(asked, unicode=unicode, encoding=turn.event.client.encoding)
    _open(turn, int.from_bytes(answer[:2], "little"), request.file_name, pipe=turn.on_ipc)


def _set_path(turn: Turn, asked: bytes, unicode: bool, answer: bytes, data: bytes) -> None:
    request = SetPathInformationRequest.decode(asked, unicode=unicode, encoding=turn.event.client.encoding)
    if request.information_level == UnixLevel.POSIX_OPEN:
        _open(turn, PosixOpenResponse.decode(data).fid, request.file_name, pipe=False)


_TRANS2: Final[Mapping[int, Callable[[Turn, bytes, bool, bytes, bytes], None]]] = {
    Trans2.OPEN2: _open2,
    Trans2.FIND_FIRST2: _find_first,
    Trans2.FIND_NEXT2: _find_next,
    Trans2.SET_PATH_INFORMATION: _set_path,
}


def _nt_done(turn: Turn, body: Any, header: Header, half: Half) -> None:
    asked = half.asked
    if asked is None or asked.subcommand != NtTransact.CREATE or body is None or half.piece:
        return
    parameters = bytes(body.parameters) if half.whole is None else half.whole.parameters
    if len(parameters) < _FID_OF_CREATE + 2:
        return
    try:
        request = NtCreateRequest.decode(
            asked.parameters, unicode=asked.unicode, encoding=turn.event.client.encoding
        )
    except DecodeError:
        return
    fid = int.from_bytes(parameters[_FID_OF_CREATE : _FID_OF_CREATE + 2], "little")
    _open(turn, fid, request.file_name, pipe=turn.on_ipc)


_FID_OF_CREATE: Final = 2
"""Where the answer's parameters have the FID ([MS-CIFS] 2.2.7.1.2)."""

_ROWS: Final[Mapping[int, Callable[[Turn, Any, Header, Half], None]]] = {
    Command.SESSION_SETUP_ANDX: _signed_in,
    Command.LOGOFF_ANDX: _logged_off,
    Command.TREE_CONNECT: _tree_connected,
    Command.TREE_CONNECT_ANDX: _tree_connected,
    Command.TREE_DISCONNECT: _tree_disconnected,
    Command.OPEN: _opened,
    Command.CREATE: _opened,
    Command.CREATE_NEW: _opened,
    Command.CREATE_TEMPORARY: _opened,
    Command.OPEN_ANDX: _opened,
    Command.NT_CREATE_ANDX: _opened,
    Command.CLOSE: _closed,
    Command.CLOSE_PRINT_FILE: _closed,
    Command.WRITE_AND_CLOSE: _closed,
    Command.PROCESS_EXIT: _process_exited,
    Command.FIND_CLOSE2: _search_closed,
    Command.TRANSACTION: _transaction_done,
    Command.TRANSACTION2: _trans2_done,
    Command.NT_TRANSACT: _nt_done,
}

COMMANDS: Final = frozenset(_ROWS)
"""Commands whose success changes what identifiers stand for."""
