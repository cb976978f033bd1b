"""Where each structure is specified."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fakesmb.wire import files, negotiate, nt_trans, raw, session, trans2, tree
from fakesmb.wire.commands import Command
from fakesmb.wire.names import COMMANDS, MAILSLOT_WRITE, SUBCOMMANDS

_OF_CLASS: Final[Mapping[type, str]] = MappingProxyType(
    {
        files.NtCreateAndxExtendedResponse: "[MS-SMB] 2.2.4.9.2",
        files.OpenAndxExtendedResponse: "[MS-SMB] 2.2.4.1.2",
        negotiate.NegotiateExtendedResponse: "[MS-SMB] 2.2.4.5.2.1",
        session.SessionSetupExtendedRequest: "[MS-SMB] 2.2.4.6.1",
        session.SessionSetupExtendedResponse: "[MS-SMB] 2.2.4.6.2",
        tree.TreeConnectAndxExtendedResponse: "[MS-SMB] 2.2.4.7.2",
        raw.WriteCompleteResponse: "[MS-CIFS] 2.2.4.25.3",
        nt_trans.NtCreateExtendedResponse: "[MS-SMB] 2.2.7.1.2",
        trans2.Open2ExtendedResponse: "[MS-SMB] 2.2.4.1.2",
    }
)
"""Forms that another section has than that of their command."""
_WHOLE: Final = frozenset(
    {
        Command.READ_MPX_SECONDARY,
        Command.WRITE_MPX_SECONDARY,
        Command.WRITE_COMPLETE,
        Command.QUERY_SERVER,
        Command.IOCTL_SECONDARY,
        Command.COPY,
        Command.MOVE,
        Command.NEW_FILE_SIZE,
        Command.CLOSE_AND_TREE_DISC,
        Command.FIND_NOTIFY_CLOSE,
        Command.SECURITY_PACKAGE_ANDX,
        Command.GET_PRINT_QUEUE,
        Command.READ_BULK,
        Command.WRITE_BULK,
        Command.WRITE_BULK_DATA,
        Command.INVALID,
    }
)
"""Commands of whose messages the specification says nothing, or nothing in sections of their own."""


def command_section(code: int, cls: type | None, *, is_request: bool) -> str:
    """Where a command's request or response is specified; empty for a code that is no command."""
    if cls is not None and cls in _OF_CLASS:
        return _OF_CLASS[cls]
    known = COMMANDS.get(code)
    if known is None:
        return ""
    if code in _WHOLE:
        return known.section
    return f"{known.section}.{1 if is_request else 2}"


_WHOLE_SUBCOMMANDS: Final = frozenset(
    {
        (Command.TRANSACTION2, trans2.Trans2.FSCTL),
        (Command.TRANSACTION2, trans2.Trans2.IOCTL2),
        (Command.TRANSACTION2, trans2.Trans2.FIND_NOTIFY_FIRST),
        (Command.TRANSACTION2, trans2.Trans2.FIND_NOTIFY_NEXT),
        (Command.TRANSACTION2, trans2.Trans2.SESSION_SETUP),
        (Command.TRANSACTION2, trans2.Trans2.REPORT_DFS_INCONSISTENCY),
        (Command.NT_TRANSACT, nt_trans.NtTransact.RENAME),
        (Command.NT_TRANSACT, nt_trans.NtTransact.CREATE2),
    }
)
"""Subcommands that the specification only names."""


def subcommand_section(
    command: int, code: int | None, cls: type | None = None, *, is_request: bool, mailslot: bool = False
) -> str:
    """Where the parameters and data of a transaction's subcommand are specified; empty where nothing is."""
    if mailslot:
        return MAILSLOT_WRITE.section
    if cls is not None and cls in _OF_CLASS:
        return _OF_CLASS[cls]
    known = SUBCOMMANDS.get(command, {}).get(-1 if code is None else code)
    if known is None:
        return ""
    if (command, code) in _WHOLE_SUBCOMMANDS:
        return known.section
    return f"{known.section}.{1 if is_request else 2}"
