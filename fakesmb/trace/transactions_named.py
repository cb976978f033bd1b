"""What a transaction names, by its subcommand, and where its reply has parameters and data.

A part of `naming`. Offsets count from WordCount.
"""

import struct
from typing import Final

from fakesmb.trace.named import U16_AT, Named
from fakesmb.wire.codec import Buffer, structure_decoder
from fakesmb.wire.commands import PipeFunction
from fakesmb.wire.dfs import GetDfsReferralRequest
from fakesmb.wire.header import block_at
from fakesmb.wire.nt_trans import NT_TRANSACT_SETUPS, NtCreateRequest, NtTransact
from fakesmb.wire.trans import TransactionRequest
from fakesmb.wire.trans2 import TRANS2_REQUESTS, FindFlag, Trans2
from fakesmb.wire.unix import UnixLevel

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


def transaction(message: bytes, at: int, unicode: bool, encoding: str) -> Named:
    """One without a FID: its name says what it is about."""
    function = U16_AT(message, at + SETUP_AT)[0] if message[at + SETUP_AT - 2] else -1
    block = block_at(message, at, unicode=unicode, encoding=encoding)
    name = TransactionRequest.decode(block).name.replace("/", "\\")
    return Named(name, subcommand=function, verbatim=True)


def trans2(message: bytes, at: int, unicode: bool, encoding: str) -> Named | None:
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


def nt_transact(message: bytes, at: int, unicode: bool, encoding: str) -> Named | None:
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
