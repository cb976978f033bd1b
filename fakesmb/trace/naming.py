"""What a request names, read from its bytes: a path, a FID, a search, a share, a user.

A part of `tables`. Readers may raise what reading beyond the end raises; whoever calls them takes that.
"""

from collections.abc import Mapping
from typing import Any, Final

from fakesmb.trace import transactions_named as transactions
from fakesmb.trace.named import IPC, U16_AT, Claim, Named, Reader
from fakesmb.wire import tokens
from fakesmb.wire.codec import Body, DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.files import CreateTemporaryResponse, NtCreateAndxRequest
from fakesmb.wire.header import HEADER_SIZE, block_at
from fakesmb.wire.messages import REQUESTS
from fakesmb.wire.ntlmssp import Negotiate
from fakesmb.wire.search import ResumeKey, SearchEntry, SearchRequest
from fakesmb.wire.session import (
    SessionSetupAndxRequest,
    SessionSetupExtendedRequest,
    SessionSetupLanmanRequest,
    SessionSetupPlainRequest,
)

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


def _path_in(command: int, field: str) -> Reader:
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


READERS: Final[Mapping[int, Reader]] = {
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
            (Command.MOVE, "source_file_name"),
            (Command.OPEN_ANDX, "file_name"),
        )
    },
    Command.NT_CREATE_ANDX: _nt_create,
    Command.OPEN_PRINT_FILE: _open_print,
    Command.TREE_CONNECT: _tree_connect,
    Command.TREE_CONNECT_ANDX: _tree_connect,
    Command.SESSION_SETUP_ANDX: _session_setup,
    Command.TRANSACTION: transactions.transaction,
    Command.TRANSACTION2: transactions.trans2,
    Command.NT_TRANSACT: transactions.nt_transact,
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


def temporary(reply: bytes, at: int, directory: str, encoding: str) -> str:
    """The path of a file that CREATE_TEMPORARY made in a directory."""
    unicode = bool(reply[11] & 0x80)
    name = CreateTemporaryResponse.decode(
        block_at(reply, at, unicode=unicode, encoding=encoding)
    ).temporary_file_name
    return f"{directory.rstrip(chr(92))}\\{name}"
