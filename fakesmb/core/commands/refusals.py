"""What a make of server does not offer it refuses: the rows of its tables whose handlers differ from Windows' own.

A profile's tables are made once for each server; those of Windows Server 2003 are the plain ones, so that nothing is
asked on the way of a request.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Self, TypeVar

import msgspec
from twisted.internet.defer import Deferred

from fakesmb.core.dialects import SINCE, Protocol, newest
from fakesmb.core.dispatch import CommandRow, Handler, Needs
from fakesmb.core.profile import Profile
from fakesmb.core.request import NO_REPLY, Answer, AnyRequest, RawData
from fakesmb.core.trans2.levels import unknown_level
from fakesmb.core.transactions import Outcome, SubcommandRow, Subhandler
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Block, Body
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE
from fakesmb.wire.locking import LockType
from fakesmb.wire.names import command_name
from fakesmb.wire.trans2 import Trans2

T = TypeVar("T")
Commands = Mapping[int, CommandRow]
Subcommands = Mapping[int, SubcommandRow]

_NT_ONLY: Final = (
    Command.NT_CREATE_ANDX,
    Command.NT_TRANSACT,
    Command.NT_TRANSACT_SECONDARY,
    Command.NT_RENAME,
)
_LOCK_AND_READ: Final = (Command.LOCK_AND_READ, Command.WRITE_AND_UNLOCK)
_FINDS: Final = (Trans2.FIND_FIRST2, Trans2.FIND_NEXT2)
_INFORMATION: Final = (
    Trans2.QUERY_PATH_INFORMATION,
    Trans2.QUERY_FILE_INFORMATION,
    Trans2.QUERY_FS_INFORMATION,
    Trans2.SET_PATH_INFORMATION,
    Trans2.SET_FILE_INFORMATION,
)
_NT_LEVELS: Final = range(0x101, 0x200)
_PASSTHROUGH: Final = range(1000, 0x10000)
_READ_OVERHEAD: Final = HEADER_SIZE + 1 + 24 + 2 + 1
"""Bytes of an answer to READ_ANDX that are not data."""


class Unread(Body, frozen=True):
    """A request that is refused whatever is in it."""

    @classmethod
    def decode(cls, block: Block) -> Self:
        """Takes any block."""
        return cls()


def limited(commands: Commands, subcommands: Subcommands, profile: Profile) -> tuple[Commands, Subcommands]:
    """The tables of commands and of TRANSACTION2 for that profile; the same ones where it offers all of them."""
    rows = dict(commands)
    if not profile.nt_smbs:
        for code in _NT_ONLY:
            rows[code] = _refused(code, _no_such_command)
        rows[Command.NT_CANCEL] = _refused(Command.NT_CANCEL, _ignored)
    level = newest(profile.dialects)
    for known, since in SINCE.items():
        if since > level and known in rows:
            rows[known] = _refused(known, _not_spoken)
    if not profile.lock_and_read:
        for code in _LOCK_AND_READ:
            rows[code] = _refused(code, _no_such_command)
    if not profile.raw_mode and level >= Protocol.COREPLUS:
        rows[Command.READ_RAW] = _refused(Command.READ_RAW, _nothing)
        rows[Command.WRITE_RAW] = _refused(Command.WRITE_RAW, _use_standard)
    if not profile.large_readx:
        _put(rows, Command.READ_ANDX, lambda handler: _within(handler, profile.max_buffer))
    if not profile.large_writex:
        _put(rows, Command.WRITE_ANDX, lambda handler: _not_longer(handler, profile.max_buffer))
    if not profile.large_files:
        for row in commands.values():
            if "offset_high" in row.request.__struct_fields__:
                _put(rows, row.code, _low_offsets)
        _put(rows, Command.LOCKING_ANDX, _small_locks)
    subrows = _limited_levels(subcommands, profile)
    if profile.max_buffer < Profile().max_buffer:
        for command in commands:
            _put(rows, command, lambda handler: _short(handler, profile.max_buffer))
        for subcommand in subcommands:  # a plan has no other handler than these
            _put_sub(subrows, subcommand, lambda handler: _short(handler, profile.max_buffer))
    return (commands if rows == commands else rows), (subcommands if subrows == subcommands else subrows)


def _limited_levels(subcommands: Subcommands, profile: Profile) -> dict[int, SubcommandRow]:
    rows = dict(subcommands)
    passthrough = [] if profile.infolevel_passthru else [_PASSTHROUGH]
    for codes, offered in (
        (_INFORMATION, profile.nt_smbs or profile.nt_levels),
        (_FINDS, (profile.nt_smbs and profile.nt_find) or profile.nt_levels),
    ):
        unknown = passthrough if offered else [*passthrough, _NT_LEVELS]
        if unknown:
            for code in codes:
                _put_sub(rows, code, partial(_known_levels, unknown))
    if not profile.dfs:
        status = NT[profile.referral_status]
        _put_sub(rows, Trans2.GET_DFS_REFERRAL, lambda _: _no_referrals(status))
    return rows


def _put(rows: dict[int, CommandRow], code: int, make: Callable[[Handler], Handler]) -> None:
    row = rows.get(code)
    if row is not None and row.request is not Unread:
        rows[code] = msgspec.structs.replace(row, handler=make(row.handler))


def _put_sub(rows: dict[int, SubcommandRow], code: int, make: Callable[[Subhandler], Subhandler]) -> None:
    row = rows.get(code)
    if row is not None:
        rows[code] = msgspec.structs.replace(row, handler=make(row.handler))


# -- commands that are not there ---------------------------------------------------------------------------


def _refused(code: int, handler: Handler) -> CommandRow:
    return CommandRow(code, Unread, handler, Needs.NOTHING, andx=False)


def _no_such_command(request: AnyRequest) -> Answer:
    code = request.row.code
    switch = "lock_and_read" if code in _LOCK_AND_READ else "nt_smbs"
    raise SMBError(NT.SMB_BAD_COMMAND, f"{switch} is off: there is no {command_name(code)}")


def _not_spoken(request: AnyRequest) -> Answer:
    name = command_name(request.row.code)
    raise SMBError(NT.SMB_BAD_COMMAND, f"{name} is of a newer dialect than this server speaks (dialects)")


def _ignored(request: AnyRequest) -> Answer:
    """NT_CANCEL is never answered."""
    return NO_REPLY


def _nothing(request: AnyRequest) -> Answer:
    """READ_RAW has no way to say what is wrong but an empty frame ([MS-CIFS] 3.3.5.24)."""
    return RawData(b"")


def _use_standard(request: AnyRequest) -> Answer:
    raise SMBError(NT.SMB_USE_STANDARD, "raw_mode is off: there is no SMB_COM_WRITE_RAW")


# -- commands that do less ---------------------------------------------------------------------------------


def _within(handler: Handler, max_buffer: int) -> Handler:
    """READ_ANDX gives what fits the smaller of the two buffers, and reads no MaxCountHigh."""

    def read(request: AnyRequest) -> "Answer | Deferred[Answer]":
        room = min(max_buffer, request.connection.max_buffer) - _READ_OVERHEAD
        count = min(request.params.max_count, max(room, 0))
        request.params = msgspec.structs.replace(request.params, max_count=count, timeout=0)
        return handler(request)

    return read


def _not_longer(handler: Handler, max_buffer: int) -> Handler:
    def write(request: AnyRequest) -> "Answer | Deferred[Answer]":
        _check_length(request, max_buffer)
        return handler(request)

    return write


def _short(handler: Callable[[AnyRequest], T], max_buffer: int) -> Callable[[AnyRequest], T]:
    """Only a message that begins with WRITE_ANDX may be longer than the buffer (`_not_longer` is of those)."""

    def check(request: AnyRequest) -> T:
        if request.header.command != Command.WRITE_ANDX:
            _check_length(request, max_buffer)
        return handler(request)

    return check


def _check_length(request: AnyRequest, max_buffer: int) -> None:
    size = len(request.message)
    if size > max_buffer:
        raise SMBError(NT.INVALID_SMB, f"a message of {size} bytes, and MaxBufferSize is {max_buffer}")


def _low_offsets(handler: Handler) -> Handler:
    """The words behind the first 32 bits of an offset are not read."""

    def low(request: AnyRequest) -> "Answer | Deferred[Answer]":
        if request.params.offset_high:
            request.params = msgspec.structs.replace(request.params, offset_high=0)
        return handler(request)

    return low


def _small_locks(handler: Handler) -> Handler:
    def lock(request: AnyRequest) -> "Answer | Deferred[Answer]":
        if request.params.type_of_lock & LockType.LARGE_FILES:
            raise SMBError(NT.INVALID_PARAMETER, "large_files is off: there are no 64-bit ranges")
        return handler(request)

    return lock


# -- levels and subcommands --------------------------------------------------------------------------------


def _known_levels(unknown: list[range], handler: Subhandler) -> Subhandler:
    def check(request: AnyRequest) -> Outcome:
        level: Any = request.params.information_level
        if any(level in levels for levels in unknown):
            raise unknown_level(level)
        return handler(request)

    return check


def _no_referrals(status: NT) -> Subhandler:
    def refer(request: AnyRequest) -> Outcome:
        request.path = request.params.request_file_name
        raise SMBError(status, "dfs is off: there are no referrals")

    return refer
