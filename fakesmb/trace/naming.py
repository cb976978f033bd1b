"""What a request names, read from its bytes: a path, a FID, a search, a share, a user.

A part of `tables`. Readers may raise what reading beyond the end raises; whoever calls them takes that.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from fakesmb.wire import tokens
from fakesmb.wire.codec import Body, Buffer, DecodeError, structure_decoder
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.dfs import GetDfsReferralRequest
from fakesmb.wire.files import CreateTemporaryResponse, NtCreateAndxRequest
from fakesmb.wire.header import HEADER_SIZE, block_at
from fakesmb.wire.messages import REQUESTS
from fakesmb.wire.nt_trans import NT_TRANSACT_SETUPS, NtCreateRequest, NtTransact
from fakesmb.wire.ntlmssp import Negotiate
from fakesmb.wire.search import ResumeKey, SearchEntry, SearchRequest
from fakesmb.wire.session import (
    SessionSetupAndxRequest,
    SessionSetupExtendedRequest,
    SessionSetupLanmanRequest,
    SessionSetupPlainRequest,
)
from fakesmb.wire.trans import TransactionRequest
from fakesmb.wire.trans2 import TRANS2_REQUESTS, FindFlag, Trans2
from fakesmb.wire.unix import UnixLevel

IPC: Final = "IPC$"
U16_AT: Final = struct.Struct("<H").unpack_from
_U32_AT: Final = struct.Struct("<I").unpack_from

FID_AT: Final[Mapping[int, int]] = {
    Command.CLOSE: 1,
    Command.FLUSH: 1,
    Command.READ: 1,
    Command.WRITE: 1,
    Command.LOCK_BYTE_RANGE: 1,
    Command.UNLOCK_BYTE_RANGE: 1,
    Command.SEEK: 1,
    Command.LOCK_AND_READ: 1,
    Command.WRITE_AND_UNLOCK: 1,
    Command.READ_RAW: 1,
    Command.READ_MPX: 1,
    Command.WRITE_RAW: 1,
    Command.WRITE_MPX: 1,
    Command.SET_INFORMATION2: 1,
    Command.QUERY_INFORMATION2: 1,
    Command.LOCKING_ANDX: 5,
    Command.IOCTL: 1,
    Command.WRITE_AND_CLOSE: 1,
    Command.READ_ANDX: 5,
    Command.WRITE_ANDX: 5,
    Command.WRITE_PRINT_FILE: 1,
    Command.CLOSE_PRINT_FILE: 1,
}
"""Command -> where its request has its FID, counted from WordCount."""


class Claim(NamedTuple):
    """Who a session setup says that they are."""

    user: str | None
    """None where its token does not say: the first of NTLMSSP, Kerberos."""
    domain: str = ""
    workstation: str = ""
    lm_response: int = 0
    nt_response: int = 0
    """Bytes of the responses."""
    native_os: str = ""
    session_security: bool = False
    """Whether its NTLM response is one of extended session security."""
    kerberos: bool = False


class Named(NamedTuple):
    """What a command names; what it does not is empty."""

    path: str | None = None
    fid: int | None = None
    root: int = 0
    """The FID of the directory that the path begins in."""
    share: str = ""
    claim: Claim | None = None
    subcommand: int = -1
    sid: int | None = None
    closes: bool = False
    """Of a search, that it ends with its first answer."""
    closes_at_end: bool = False
    """Of a search, that it ends with the last name."""
    opens: bool = False
    """Of a transaction, that its answer has the FID of what it names."""
    verbatim: bool = False
    """Whether the path is no path of a file: the name of a pipe or a server."""
    key: bytes = b""
    """Of a search that goes on, the server's part of its resume key."""


_Reader = Callable[[bytes, int, bool, str], Named | None]


def _path_in(command: int, field: str) -> _Reader:
    cls: type[Body] = REQUESTS[command]

    def read(message: bytes, at: int, unicode: bool, encoding: str) -> Named:
        return Named(getattr(cls.decode(block_at(message, at, unicode=unicode, encoding=encoding)), field))

    return read


def _nt_create(message: bytes, at: int, unicode: bool, encoding: str) -> Named:
    body = NtCreateAndxRequest.decode(block_at(message, at, unicode=unicode, encoding=encoding))
    return Named(body.file_name, root=body.root_directory_fid & 0xFFFF)


def _open_print(message: bytes, at: int, unicode: bool, encoding: str) -> Named:
    """SMB_COM_OPEN_PRINT_FILE, [MS-CIFS] 2.2.4.67.1: the identifier has a byte of its kind before it."""
    cursor = block_at(message, at, unicode=unicode, encoding=encoding).cursor()
    cursor.u8()
    return Named(cursor.text(strict=False))


def _tree_connect(message: bytes, at: int, unicode: bool, encoding: str) -> Named:
    body: Any = REQUESTS[message[4] if at == HEADER_SIZE else Command.TREE_CONNECT_ANDX].decode(
        block_at(message, at, unicode=unicode, encoding=encoding)
    )
    return Named(share=share_of(body.path))


def share_of(path: str) -> str:
    """`public` of `\\\\SERVER\\public`; IPC$ however it was written."""
    share = path.replace("/", "\\").rpartition("\\")[2]
    return IPC if share.upper() == IPC else share


def _session_setup(message: bytes, at: int, unicode: bool, encoding: str) -> Named:
    body = SessionSetupAndxRequest.decode(block_at(message, at, unicode=unicode, encoding=encoding))
    return Named(claim=_claim(body, encoding))


def _claim(body: SessionSetupAndxRequest, encoding: str) -> Claim:
    if isinstance(body, SessionSetupExtendedRequest):
        try:
            token = tokens.read(body.security_blob, encoding)
        except DecodeError:
            return Claim(None, native_os=body.native_os, kerberos=_is_kerberos(body.security_blob))
        if token.message_type != _AUTHENTICATE:
            return Claim(None)
        return Claim(
            token.user,
            token.domain,
            token.workstation,
            token.lm_response_length,
            token.nt_response_length,
            body.native_os,
            bool(token.flags & Negotiate.EXTENDED_SESSION_SECURITY),
        )
    if isinstance(body, SessionSetupPlainRequest):
        lm, nt = len(body.oem_password), len(body.unicode_password)
        return Claim(body.account_name, body.primary_domain, "", lm, nt, body.native_os)
    assert isinstance(body, SessionSetupLanmanRequest)
    return Claim(body.account_name, body.primary_domain, "", len(body.password), 0, body.native_os)


_AUTHENTICATE: Final = 3
_KERBEROS: Final = bytes.fromhex("2a864886f712010202")
_WINDOWS_KERBEROS: Final = bytes.fromhex("2a864882f712010202")
"""The mechanism of RFC 4121, and what Windows 2000 made of it by a bit ([MS-SPNG] 3.1.5.2)."""


def _is_kerberos(blob: bytes) -> bool:
    return _KERBEROS in blob or _WINDOWS_KERBEROS in blob


# -- transactions ------------------------------------------------------------------------------------------

SETUP_AT: Final = 1 + 2 * TransactionRequest.FIXED_WORDS
"""The first setup word of TRANSACTION and TRANSACTION2, counted from WordCount."""
_PARAMETERS: Final = struct.Struct("<HH").unpack_from
_PARAMETERS_AT: Final = 1 + 18
"""ParameterCount and ParameterOffset of both."""
_FID_IN_SETUP: Final = frozenset(PipeFunction) - {PipeFunction.WAIT_NMPIPE, PipeFunction.CALL_NMPIPE}
_FID_FIRST: Final = frozenset(
    {Trans2.QUERY_FILE_INFORMATION, Trans2.SET_FILE_INFORMATION, Trans2.SET_FS_INFORMATION}
)


def setup_fid(message: bytes, at: int) -> int:
    """The FID of a TRANSACTION that has one among its setup words; -1 for another."""
    if message[at + SETUP_AT - 2] < 2:  # SetupCount
        return -1
    function, fid = _FUNCTION_AND_FID(message, at + SETUP_AT)
    return fid if function in _FID_IN_SETUP else -1


_FUNCTION_AND_FID: Final = struct.Struct("<HH").unpack_from


def _transaction(message: bytes, at: int, unicode: bool, encoding: str) -> Named:
    """One without a FID: its name says what it is about."""
    function = U16_AT(message, at + SETUP_AT)[0] if message[at + SETUP_AT - 2] else -1
    block = block_at(message, at, unicode=unicode, encoding=encoding)
    name = TransactionRequest.decode(block).name.replace("/", "\\")
    return Named(name, subcommand=function, verbatim=True)


def _trans2(message: bytes, at: int, unicode: bool, encoding: str) -> Named | None:
    function = U16_AT(message, at + SETUP_AT)[0]
    count, offset = _PARAMETERS(message, at + _PARAMETERS_AT)
    if function in _FID_FIRST:
        return Named(fid=U16_AT(message, offset)[0], subcommand=function)
    if function == Trans2.FIND_NEXT2:
        return Named(sid=U16_AT(message, offset)[0], subcommand=function)
    if function == Trans2.GET_DFS_REFERRAL:
        return _referral(message, offset, min(offset + count, len(message)))
    row = _NAMING.get(function)
    if row is None:
        return Named(subcommand=function)
    decode, field = row
    end = min(offset + count, len(message))
    path: str = getattr(decode(message, offset, end, unicode, encoding), field)
    if function == Trans2.FIND_FIRST2:
        flags = U16_AT(message, offset + _FIND_FLAGS_AT)[0]
        return Named(
            path,
            subcommand=function,
            closes=bool(flags & FindFlag.CLOSE_AFTER_REQUEST),
            closes_at_end=bool(flags & FindFlag.CLOSE_AT_END),
        )
    opens = function == Trans2.OPEN2 or (
        function == Trans2.SET_PATH_INFORMATION and U16_AT(message, offset)[0] == UnixLevel.POSIX_OPEN
    )
    return Named(path, subcommand=function, opens=opens)


_NAMING: Final = {
    code: (structure_decoder(TRANS2_REQUESTS[code]), field)
    for code, field in (
        (Trans2.OPEN2, "file_name"),
        (Trans2.FIND_FIRST2, "file_name"),
        (Trans2.QUERY_PATH_INFORMATION, "file_name"),
        (Trans2.SET_PATH_INFORMATION, "file_name"),
        (Trans2.CREATE_DIRECTORY, "directory_name"),
    )
}
"""Subcommand -> the decoder of its parameters, and the field of them that is a path."""
_FIND_FLAGS_AT: Final = 4
_NT_PARAMETERS: Final = struct.Struct("<II").unpack_from
_NT_PARAMETERS_AT: Final = 20
_NT_FUNCTION_AT: Final = 37
_NT_SETUP_FID_AT: Final = 43
"""Of NT_TRANSACT, counted from WordCount: ParameterCount and ParameterOffset, Function, and the FID behind the first
four bytes of the setup of IOCTL and NOTIFY_CHANGE."""
_FID_FIRST_OF_NT: Final = frozenset(
    {
        NtTransact.SET_SECURITY_DESC,
        NtTransact.RENAME,
        NtTransact.QUERY_SECURITY_DESC,
        NtTransact.QUERY_QUOTA,
        NtTransact.SET_QUOTA,
    }
)


def _nt_transact(message: bytes, at: int, unicode: bool, encoding: str) -> Named | None:
    function = U16_AT(message, at + _NT_FUNCTION_AT)[0]
    if function in NT_TRANSACT_SETUPS:
        return Named(fid=U16_AT(message, at + _NT_SETUP_FID_AT)[0], subcommand=function)
    count, offset = _NT_PARAMETERS(message, at + _NT_PARAMETERS_AT)
    if function in _FID_FIRST_OF_NT:
        return Named(fid=U16_AT(message, offset)[0], subcommand=function)
    if function != NtTransact.CREATE:
        return Named(subcommand=function)
    create = NtCreateRequest.decode(
        memoryview(message)[offset : offset + count], unicode=unicode, encoding=encoding
    )
    return Named(create.file_name, root=create.root_directory_fid & 0xFFFF, subcommand=function, opens=True)


def _referral(message: bytes, offset: int, end: int) -> Named:
    """What a name is that is UTF-16 whatever the message's flags say ([MS-DFSC] 2.2.2)."""
    asked = GetDfsReferralRequest.decode(memoryview(message)[offset:end])
    return Named(asked.request_file_name, subcommand=Trans2.GET_DFS_REFERRAL, verbatim=True)


def _search(message: bytes, at: int, unicode: bool, encoding: str) -> Named:
    body = SearchRequest.decode(block_at(message, at, unicode=unicode, encoding=encoding))
    key = body.resume_key
    if len(key) < ResumeKey.size():
        return Named(body.file_name)
    return Named(key=ResumeKey.decode(key).server_state)


def resume_keys(reply: bytes, at: int) -> list[bytes]:
    """The server's parts of the resume keys of a SEARCH response."""
    count = U16_AT(reply, at + 1)[0] if reply[at] else 0
    entries = memoryview(reply)[at + _ENTRIES_AT :]
    size = SearchEntry.size()
    return [
        ResumeKey.decode(entries, place).server_state
        for place in range(0, min(count * size, len(entries) - size + 1), size)
    ]


_ENTRIES_AT: Final = 8
"""Behind WordCount, Count, ByteCount, and the format and length of the block of entries."""


def _find_close(message: bytes, at: int, unicode: bool, encoding: str) -> Named:
    return Named(sid=U16_AT(message, at + 1)[0])


READERS: Final[Mapping[int, _Reader]] = {
    **{
        command: _path_in(command, field)
        for command, field in (
            (Command.CREATE_DIRECTORY, "directory_name"),
            (Command.DELETE_DIRECTORY, "directory_name"),
            (Command.CHECK_DIRECTORY, "directory_name"),
            (Command.CREATE_TEMPORARY, "directory_name"),
            (Command.OPEN, "file_name"),
            (Command.CREATE, "file_name"),
            (Command.CREATE_NEW, "file_name"),
            (Command.DELETE, "file_name"),
            (Command.RENAME, "old_file_name"),
            (Command.NT_RENAME, "old_file_name"),
            (Command.QUERY_INFORMATION, "file_name"),
            (Command.SET_INFORMATION, "file_name"),
            (Command.COPY, "source_file_name"),
            (Command.OPEN_ANDX, "file_name"),
        )
    },
    Command.NT_CREATE_ANDX: _nt_create,
    Command.OPEN_PRINT_FILE: _open_print,
    Command.TREE_CONNECT: _tree_connect,
    Command.TREE_CONNECT_ANDX: _tree_connect,
    Command.SESSION_SETUP_ANDX: _session_setup,
    Command.TRANSACTION: _transaction,
    Command.TRANSACTION2: _trans2,
    Command.NT_TRANSACT: _nt_transact,
    Command.FIND_CLOSE2: _find_close,
    **dict.fromkeys((Command.SEARCH, Command.FIND, Command.FIND_UNIQUE, Command.FIND_CLOSE), _search),
}
"""Command -> what reads what its request names, where that is more than a FID at a fixed place."""
OPENING: Final = frozenset(
    {
        Command.NT_CREATE_ANDX,
        Command.OPEN_ANDX,
        Command.OPEN,
        Command.CREATE,
        Command.CREATE_NEW,
        Command.CREATE_TEMPORARY,
        Command.OPEN_PRINT_FILE,
    }
)
"""Commands whose answer has the FID of what they name."""


# -- replies -----------------------------------------------------------------------------------------------


def reply_parameters(reply: bytes, at: int) -> Buffer | None:
    """The parameters of a TRANSACTION2 response, [MS-CIFS] 2.2.4.46.2; None where it has none."""
    if not reply[at]:
        return None
    count, offset = _PARAMETERS(reply, at + 7)
    return memoryview(reply)[offset : offset + count] if count else None


def reply_data(reply: bytes, at: int) -> Buffer | None:
    """Its data."""
    if not reply[at]:
        return None
    count, offset = _PARAMETERS(reply, at + 13)
    return memoryview(reply)[offset : offset + count] if count else None


def nt_reply_parameters(reply: bytes, at: int) -> Buffer | None:
    """The parameters of an NT_TRANSACT response, [MS-CIFS] 2.2.4.62.2; None where it has none."""
    if not reply[at]:
        return None
    count, offset = _NT_PARAMETERS(reply, at + 12)
    return memoryview(reply)[offset : offset + count] if count else None


def temporary(reply: bytes, at: int, directory: str, encoding: str) -> str:
    """The path of a file that CREATE_TEMPORARY made in a directory."""
    unicode = bool(reply[11] & 0x80)
    name = CreateTemporaryResponse.decode(
        block_at(reply, at, unicode=unicode, encoding=encoding)
    ).temporary_file_name
    return f"{directory.rstrip(chr(92))}\\{name}"
