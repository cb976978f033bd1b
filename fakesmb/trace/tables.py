"""What the identifiers of a connection stand for, read from the messages that go by: UIDs, TIDs, FIDs, SIDs.

`Tables` is told each request and each reply of one connection, as bytes. It names what they are about as the record of
our own server does: the user, the share, the path inside it and the FID. It never raises for what the bytes are, and
what it holds is bounded.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Final

from fakesmb.nt.status import NT
from fakesmb.record.events import MOST_OF_PATH
from fakesmb.trace import naming, transactions_named
from fakesmb.trace.about import About, Opened, failed
from fakesmb.trace.named import IPC, U16_AT, Claim, Named
from fakesmb.trace.naming import FID_AT
from fakesmb.trace.remembered import Remembered
from fakesmb.wire.chain import ANDX_COMMANDS, MOST_COMMANDS
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE, NO_ANDX
from fakesmb.wire.trans2 import Trans2

MOST_OPENS: Final = 8192
MOST_NAMES: Final = 1024
"""Users, shares and searches that are remembered, of each; what is oldest goes first."""
_IDS: Final = struct.Struct("<HHH").unpack_from
_IDS_AT: Final = 24
"""TID, PIDLow and UID in the header."""
_ANDX: Final = struct.Struct("<BBH").unpack_from
_BACKSLASH: Final = "\\"
_UNREADABLE: Final = (DecodeError, struct.error, IndexError, ValueError)
_WITHOUT_TREE: Final = frozenset(
    {
        Command.NEGOTIATE,
        Command.SESSION_SETUP_ANDX,
        Command.LOGOFF_ANDX,
        Command.TREE_CONNECT,
        Command.TREE_CONNECT_ANDX,
        Command.ECHO,
        Command.PROCESS_EXIT,
        Command.NT_CANCEL,
    }
)
"""Commands that are about no share, whatever TID their header has."""
_WITHOUT_USER: Final = frozenset(
    {
        Command.NEGOTIATE,
        Command.SESSION_SETUP_ANDX,
        Command.ECHO,
        Command.NT_CANCEL,
        Command.TREE_DISCONNECT,
    }
)
"""Commands that anybody may send, so that the record of our server names nobody."""


class Tables:
    """The identifiers of one connection. Dictionaries may be read; they change with each message."""

    __slots__ = ("_all", "claims", "closed", "encoding", "opens", "resumed", "searches", "shares", "users")

    def __init__(self, encoding: str = "cp850") -> None:
        self.encoding = encoding
        self.users: Remembered[int, str] = Remembered(MOST_NAMES, len)
        """UID -> user, as the client wrote it; empty for anonymous."""
        self.shares: Remembered[int, str] = Remembered(MOST_NAMES, len)
        """TID -> share, as the client wrote it."""
        self.opens: Remembered[int, Opened] = Remembered(MOST_OPENS, lambda opened: len(opened.path))
        """`tid << 16 | fid` -> what is open: servers may count FIDs of each tree by themselves."""
        self.closed: Remembered[int, str] = Remembered(MOST_NAMES, len)
        """Likewise, the path of what was open last: a FID that is used after its end is about that."""
        self.searches: Remembered[int, str] = Remembered(MOST_NAMES, len)
        """SID -> pattern."""
        self.resumed: Remembered[bytes, str] = Remembered(MOST_NAMES, len)
        """Server's part of a resume key -> pattern of its search."""
        self.claims: Remembered[int, Claim] = Remembered(MOST_NAMES, _size_of_claim)
        """UID of a sign-in that goes on -> who it is about to be."""
        self._all = (
            self.users,
            self.shares,
            self.opens,
            self.closed,
            self.searches,
            self.resumed,
            self.claims,
        )

    @property
    def held(self) -> int:
        """Bytes that it holds, about."""
        return sum(one.held for one in self._all)

    def asked(self, request: bytes) -> About:
        """What a request is about."""
        about = About()
        try:
            command = request[COMMAND_AT]
            tid, pid, uid = _IDS(request, _IDS_AT)
            about.tid, about.pid, about.uid = tid, pid, uid
            if command not in _WITHOUT_USER:
                about.user = self.users.get(uid, "")
            if command not in _WITHOUT_TREE:
                about.share = self.shares.get(tid, "")
            if command in ANDX_COMMANDS and request[HEADER_SIZE + 1] != NO_ANDX and request[HEADER_SIZE] > 1:
                self._asked_chain(request, command, about)
            else:
                self._ask(request, command, HEADER_SIZE, about)
        except _UNREADABLE:
            pass
        return about

    def _asked_chain(self, request: bytes, command: int, about: About) -> None:
        at = HEADER_SIZE
        for _ in range(MOST_COMMANDS):
            self._ask(request, command, at, about)
            if command not in ANDX_COMMANDS or request[at] < 2:
                return
            command, _, following = _ANDX(request, at + 1)
            if command == NO_ANDX or following <= at:
                return
            at = following

    def _ask(self, request: bytes, command: int, at: int, about: About) -> None:
        place = FID_AT.get(command)
        if place is not None:
            if about.opens:
                return  # whatever it says, it means the open of its chain ([MS-CIFS] 3.3.5.2)
            self._about_open(U16_AT(request, at + place)[0], about)
            if command == Command.WRITE_AND_CLOSE and not U16_AT(request, at + 3)[0]:
                about.stays = True
            return
        if command == Command.TRANSACTION:
            fid = transactions_named.setup_fid(request, at)
            if fid >= 0:
                about.subcommand = U16_AT(request, at + transactions_named.SETUP_AT)[0]
                self._about_open(fid, about)
                return
        reader = naming.READERS.get(command)
        if reader is None:
            return
        named = reader(request, at, bool(request[11] & 0x80), self.encoding)
        if named is not None:
            self._take_named(named, command, about)

    def _about_open(self, fid: int, about: About) -> None:
        if about.fid is None:
            about.fid = fid
        if not about.path:
            key = about.tid << 16 | fid
            opened = self.opens.get(key)
            about.path = self.closed.get(key, "") if opened is None else opened.path

    def _take_named(self, named: Named, command: int, about: About) -> None:
        if named.subcommand >= 0:
            about.subcommand = named.subcommand
        if named.fid is not None:
            self._about_open(named.fid, about)
        if named.sid is not None:
            about.sid = named.sid
            about.path = about.path or self.searches.get(named.sid, "")
        if named.claim is not None:
            about.claim = named.claim
        if named.share:
            about.share_asked = named.share
        if named.key:
            about.path = self.resumed.get(named.key, "")
        if named.path is not None and not about.path:
            about.path = self._path(named, about)[:MOST_OF_PATH]
        about.closes = about.closes or named.closes
        about.closes_at_end = named.closes_at_end
        about.opens = about.opens or named.opens or command in naming.OPENING

    def _path(self, named: Named, about: About) -> str:
        """What is named, as it is spelt, from the root of its share; it may be relative to an open directory."""
        path = named.path or ""
        if named.verbatim or about.share == IPC:
            return path
        directory = self.opens.get(about.tid << 16 | named.root) if named.root else None
        path = path.removeprefix(_BACKSLASH)
        return f"\\{path}" if directory is None else f"{directory.path.rstrip(_BACKSLASH)}\\{path}"

    def answered(self, request: bytes, reply: bytes, status: int, about: About) -> About:
        """What the reply is about, which is what its request was, and the FID that it gave.

        The tables know afterwards what the reply made and what it ended.
        """
        try:
            command = reply[COMMAND_AT]
            if command in ANDX_COMMANDS and reply[HEADER_SIZE] > 1 and reply[HEADER_SIZE + 1] != NO_ANDX:
                self._answered_chain(reply, command, status, about)
            elif command in _ANSWERS and not (status and failed(status)):
                _ANSWERS[command](self, reply, HEADER_SIZE, about)
            elif command == Command.SESSION_SETUP_ANDX:
                self._sign_in_goes_on(reply, status, about)
        except _UNREADABLE:
            pass
        return about

    def _answered_chain(self, reply: bytes, command: int, status: int, about: About) -> None:
        at = HEADER_SIZE
        for _ in range(MOST_COMMANDS):
            following, _, offset = (
                _ANDX(reply, at + 1) if command in ANDX_COMMANDS and reply[at] > 1 else (NO_ANDX, 0, 0)
            )
            answer = None if following == NO_ANDX and failed(status) else _ANSWERS.get(command)
            if answer is not None:
                answer(self, reply, at, about)
            if following == NO_ANDX or offset <= at:
                return
            command, at = following, offset

    def _sign_in_goes_on(self, reply: bytes, status: int, about: About) -> None:
        uid = _IDS(reply, _IDS_AT)[2]
        if status == NT.MORE_PROCESSING_REQUIRED and about.claim is not None:
            self.claims.remember(uid, about.claim)
        else:
            self.claims.forget(uid)

    def signs_in(self, reply: bytes, about: About) -> Claim | None:
        """Who the session setup that this answers is about: of its own message, or of the one before."""
        if about.claim is not None and about.claim.user is not None:
            return about.claim
        try:
            return self.claims.get(_IDS(reply, _IDS_AT)[2], about.claim)
        except struct.error:
            return about.claim

    def broken(self, message: bytes) -> About:
        """What a message of the server's own is about: it asks for an oplock back."""
        about = About()
        try:
            about.tid, about.pid, about.uid = _IDS(message, _IDS_AT)
            fid = U16_AT(message, HEADER_SIZE + FID_AT[Command.LOCKING_ANDX])[0]
            about.fid = fid
            about.share = self.shares.get(about.tid, "")
            opened = self.opens.get(about.tid << 16 | fid)
            if opened is not None:
                about.path = opened.path
                about.user = self.users.get(opened.uid, "")
        except _UNREADABLE:
            pass
        return about

    # -- what replies make and end -------------------------------------------------------------------------

    def _signed_in(self, reply: bytes, at: int, about: About) -> None:
        uid = _IDS(reply, _IDS_AT)[2]
        claim = self.signs_in(reply, about)
        self.claims.forget(uid)
        about.user = "" if claim is None else claim.user or ""
        self.users.remember(uid, about.user)

    def _connected(self, reply: bytes, at: int, about: About) -> None:
        about.share = about.share_asked
        self.shares.remember(_IDS(reply, _IDS_AT)[0], about.share)

    def _connected_core(self, reply: bytes, at: int, about: About) -> None:
        about.share = about.share_asked
        self.shares.remember(U16_AT(reply, at + 3)[0], about.share)

    def _logged_off(self, reply: bytes, at: int, about: About) -> None:
        self.users.forget(about.uid)
        self._forget_opens(lambda opened: opened.uid == about.uid)

    def _disconnected(self, reply: bytes, at: int, about: About) -> None:
        self.shares.forget(about.tid)
        self._forget_opens(lambda opened: opened.tid == about.tid)

    def _process_ended(self, reply: bytes, at: int, about: About) -> None:
        self._forget_opens(lambda opened: opened.pid == about.pid and opened.uid == about.uid)

    def _forget_opens(self, ends: Callable[[Opened], bool]) -> None:
        for key in [key for key, opened in self.opens.items() if ends(opened)]:
            self._close(key)

    def _closed(self, reply: bytes, at: int, about: About) -> None:
        if about.fid is not None and not about.stays:
            self._close(about.tid << 16 | about.fid)

    def _close(self, key: int) -> None:
        opened = self.opens.forget(key)
        if opened is not None:
            self.closed.remember(key, opened.path)

    def open(self, fid: int, about: About) -> None:
        """Notes that a reply gave a FID for what its request named."""
        about.fid = fid
        key = about.tid << 16 | fid
        pipe = about.share == IPC
        self.closed.forget(key)
        self.opens.remember(key, Opened(about.path, fid, about.tid, about.uid, about.pid, pipe))

    def _opened_temporary(self, reply: bytes, at: int, about: About) -> None:
        about.path = naming.temporary(reply, at, about.path, self.encoding)[:MOST_OF_PATH]
        self.open(U16_AT(reply, at + 1)[0], about)

    def _trans2(self, reply: bytes, at: int, about: About) -> None:
        if about.opens and about.subcommand == Trans2.SET_PATH_INFORMATION:
            data = transactions_named.reply_data(reply, at)
            if data is not None:
                self.open(U16_AT(data, 2)[0], about)
            return
        parameters = transactions_named.reply_parameters(reply, at)
        if parameters is None:
            return
        if about.subcommand == Trans2.OPEN2:
            self.open(U16_AT(parameters)[0], about)
        elif about.subcommand == Trans2.FIND_FIRST2:
            sid, _, ended = _IDS(parameters)
            if not about.closes and not (ended and about.closes_at_end):
                self.searches.remember(sid, about.path)

    def _searched(self, reply: bytes, at: int, about: About) -> None:
        for key in naming.resume_keys(reply, at)[-1:]:
            self.resumed.remember(key, about.path)

    def _search_closed(self, reply: bytes, at: int, about: About) -> None:
        if about.sid is not None:
            self.searches.forget(about.sid)

    def _nt_transact(self, reply: bytes, at: int, about: About) -> None:
        if about.opens:
            parameters = transactions_named.nt_reply_parameters(reply, at)
            if parameters is not None:
                self.open(U16_AT(parameters, 2)[0], about)


def _size_of_claim(claim: Claim) -> int:
    return len(claim.user or "") + len(claim.domain) + len(claim.workstation) + len(claim.native_os)


def _opened_at(place: int) -> "_Answer":
    """Of a reply that has the FID so far behind WordCount."""

    def opened(tables: Tables, reply: bytes, at: int, about: About) -> None:
        if reply[at]:
            tables.open(U16_AT(reply, at + place)[0], about)

    return opened


_Answer = Callable[[Tables, bytes, int, About], None]
_ANSWERS: Final[Mapping[int, _Answer]] = {
    Command.SESSION_SETUP_ANDX: Tables._signed_in,
    Command.LOGOFF_ANDX: Tables._logged_off,
    Command.TREE_CONNECT_ANDX: Tables._connected,
    Command.TREE_CONNECT: Tables._connected_core,
    Command.TREE_DISCONNECT: Tables._disconnected,
    Command.PROCESS_EXIT: Tables._process_ended,
    Command.NT_CREATE_ANDX: _opened_at(6),
    Command.OPEN_ANDX: _opened_at(5),
    Command.OPEN: _opened_at(1),
    Command.CREATE: _opened_at(1),
    Command.CREATE_NEW: _opened_at(1),
    Command.OPEN_PRINT_FILE: _opened_at(1),
    Command.CREATE_TEMPORARY: Tables._opened_temporary,
    Command.CLOSE: Tables._closed,
    Command.WRITE_AND_CLOSE: Tables._closed,
    Command.CLOSE_PRINT_FILE: Tables._closed,
    Command.TRANSACTION2: Tables._trans2,
    Command.SEARCH: Tables._searched,
    Command.FIND: Tables._searched,
    Command.FIND_CLOSE2: Tables._search_closed,
    Command.NT_TRANSACT: Tables._nt_transact,
}
