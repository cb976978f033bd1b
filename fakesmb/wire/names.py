"""Names, titles and sections of every command and subcommand ([MS-CIFS] 2.2.2.1, 2.2.2.2 and 3.3.5).

The log, `fakesmb coverage` and the documentation read these. A title is what Microsoft's Network Monitor shows:
`Nt Create Andx`, `Transact2`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from fakesmb.nt.controls import Fsctl
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.nt_trans import NtTransact
from fakesmb.wire.trans2 import Trans2


class Name(NamedTuple):
    """One code of the protocol."""

    name: str
    """As the specification writes it: `SMB_COM_NT_CREATE_ANDX`."""
    title: str
    """As a network analyser shows it: `Nt Create Andx`."""
    section: str
    """Where its messages are defined: `[MS-CIFS] 2.2.4.64`."""
    processing: str = ""
    """Where it says what a server does with it: `[MS-CIFS] 3.3.5.51`; empty where the documents say nothing of it."""


_TITLES: Final = {"TRANSACTION": "Transact", "TRANSACTION2": "Transact2"}


def _title(name: str) -> str:
    return _TITLES.get(name) or name.replace("_", " ").title()


def _commands(rows: str) -> Mapping[int, Name]:
    found = {}
    for row in rows.strip().splitlines():
        name, section, *processing = row.split()
        found[Command[name].value] = Name(
            f"SMB_COM_{name}",
            _title(name),
            f"[MS-CIFS] {section}",
            "".join(f"[MS-CIFS] {one}" for one in processing),
        )
    return MappingProxyType(found)


COMMANDS: Final = _commands("""
CREATE_DIRECTORY 2.2.4.1 3.3.5.3
DELETE_DIRECTORY 2.2.4.2 3.3.5.4
OPEN 2.2.4.3 3.3.5.5
CREATE 2.2.4.4 3.3.5.6
CLOSE 2.2.4.5 3.3.5.7
FLUSH 2.2.4.6 3.3.5.8
DELETE 2.2.4.7 3.3.5.9
RENAME 2.2.4.8 3.3.5.10
QUERY_INFORMATION 2.2.4.9 3.3.5.11
SET_INFORMATION 2.2.4.10 3.3.5.12
READ 2.2.4.11 3.3.5.13
WRITE 2.2.4.12 3.3.5.14
LOCK_BYTE_RANGE 2.2.4.13 3.3.5.15
UNLOCK_BYTE_RANGE 2.2.4.14 3.3.5.16
CREATE_TEMPORARY 2.2.4.15 3.3.5.17
CREATE_NEW 2.2.4.16 3.3.5.18
CHECK_DIRECTORY 2.2.4.17 3.3.5.19
PROCESS_EXIT 2.2.4.18 3.3.5.20
SEEK 2.2.4.19 3.3.5.21
LOCK_AND_READ 2.2.4.20 3.3.5.22
WRITE_AND_UNLOCK 2.2.4.21 3.3.5.23
READ_RAW 2.2.4.22 3.3.5.24
READ_MPX 2.2.4.23 3.3.5.25
READ_MPX_SECONDARY 2.2.4.24
WRITE_RAW 2.2.4.25 3.3.5.26
WRITE_MPX 2.2.4.26 3.3.5.27
WRITE_MPX_SECONDARY 2.2.4.27
WRITE_COMPLETE 2.2.4.28
QUERY_SERVER 2.2.4.29
SET_INFORMATION2 2.2.4.30 3.3.5.28
QUERY_INFORMATION2 2.2.4.31 3.3.5.29
LOCKING_ANDX 2.2.4.32 3.3.5.30
TRANSACTION 2.2.4.33 3.3.5.31
TRANSACTION_SECONDARY 2.2.4.34
IOCTL 2.2.4.35 3.3.5.32
IOCTL_SECONDARY 2.2.4.36
COPY 2.2.4.37
MOVE 2.2.4.38
ECHO 2.2.4.39 3.3.5.33
WRITE_AND_CLOSE 2.2.4.40 3.3.5.34
OPEN_ANDX 2.2.4.41 3.3.5.35
READ_ANDX 2.2.4.42 3.3.5.36
WRITE_ANDX 2.2.4.43 3.3.5.37
NEW_FILE_SIZE 2.2.4.44
CLOSE_AND_TREE_DISC 2.2.4.45
TRANSACTION2 2.2.4.46 3.3.5.38
TRANSACTION2_SECONDARY 2.2.4.47
FIND_CLOSE2 2.2.4.48 3.3.5.39
FIND_NOTIFY_CLOSE 2.2.4.49
TREE_CONNECT 2.2.4.50 3.3.5.40
TREE_DISCONNECT 2.2.4.51 3.3.5.41
NEGOTIATE 2.2.4.52 3.3.5.42
SESSION_SETUP_ANDX 2.2.4.53 3.3.5.43
LOGOFF_ANDX 2.2.4.54 3.3.5.44
TREE_CONNECT_ANDX 2.2.4.55 3.3.5.45
SECURITY_PACKAGE_ANDX 2.2.4.56
QUERY_INFORMATION_DISK 2.2.4.57 3.3.5.46
SEARCH 2.2.4.58 3.3.5.47
FIND 2.2.4.59 3.3.5.47
FIND_UNIQUE 2.2.4.60 3.3.5.48
FIND_CLOSE 2.2.4.61 3.3.5.49
NT_TRANSACT 2.2.4.62 3.3.5.50
NT_TRANSACT_SECONDARY 2.2.4.63
NT_CREATE_ANDX 2.2.4.64 3.3.5.51
NT_CANCEL 2.2.4.65 3.3.5.52
NT_RENAME 2.2.4.66 3.3.5.53
OPEN_PRINT_FILE 2.2.4.67 3.3.5.54
WRITE_PRINT_FILE 2.2.4.68 3.3.5.55
CLOSE_PRINT_FILE 2.2.4.69 3.3.5.56
GET_PRINT_QUEUE 2.2.4.70
READ_BULK 2.2.4.71
WRITE_BULK 2.2.4.72
WRITE_BULK_DATA 2.2.4.73
INVALID 2.2.4.74
""")
"""Every command with a name; the codes between are unused ([MS-CIFS] 2.2.2.1). 0xFF ends an AndX chain."""


def _cited(document: str, section: str) -> str:
    return section if not section or section.startswith("[") else f"[{document}] {section}"


def _table(prefix: str, document: str, rows: Mapping[int, Sequence[str]]) -> Mapping[int, Name]:
    """Rows of a name, the section of its messages, and the section of their processing where there is one."""
    return MappingProxyType(
        {
            code: Name(prefix + name, _title(name), *(_cited(document, section) for section in sections))
            for code, (name, *sections) in rows.items()
        }
    )


TRANS2_SUBCOMMANDS: Final = _table(
    "TRANS2_",
    "MS-CIFS",
    {
        Trans2.OPEN2: ("OPEN2", "2.2.6.1", "3.3.5.58.2"),
        Trans2.FIND_FIRST2: ("FIND_FIRST2", "2.2.6.2", "3.3.5.58.3"),
        Trans2.FIND_NEXT2: ("FIND_NEXT2", "2.2.6.3", "3.3.5.58.4"),
        Trans2.QUERY_FS_INFORMATION: ("QUERY_FS_INFORMATION", "2.2.6.4", "3.3.5.58.5"),
        Trans2.SET_FS_INFORMATION: ("SET_FS_INFORMATION", "[MS-SMB] 2.2.6.2", "[MS-SMB] 3.3.5.10.9"),
        Trans2.QUERY_PATH_INFORMATION: ("QUERY_PATH_INFORMATION", "2.2.6.6", "3.3.5.58.6"),
        Trans2.SET_PATH_INFORMATION: ("SET_PATH_INFORMATION", "2.2.6.7", "3.3.5.58.7"),
        Trans2.QUERY_FILE_INFORMATION: ("QUERY_FILE_INFORMATION", "2.2.6.8", "3.3.5.58.8"),
        Trans2.SET_FILE_INFORMATION: ("SET_FILE_INFORMATION", "2.2.6.9", "3.3.5.58.9"),
        Trans2.FSCTL: ("FSCTL", "2.2.6.10"),
        Trans2.IOCTL2: ("IOCTL2", "2.2.6.11"),
        Trans2.FIND_NOTIFY_FIRST: ("FIND_NOTIFY_FIRST", "2.2.6.12"),
        Trans2.FIND_NOTIFY_NEXT: ("FIND_NOTIFY_NEXT", "2.2.6.13"),
        Trans2.CREATE_DIRECTORY: ("CREATE_DIRECTORY", "2.2.6.14", "3.3.5.58.10"),
        Trans2.SESSION_SETUP: ("SESSION_SETUP", "2.2.6.15"),
        Trans2.GET_DFS_REFERRAL: ("GET_DFS_REFERRAL", "2.2.6.16", "3.3.5.58.11"),
        Trans2.REPORT_DFS_INCONSISTENCY: ("REPORT_DFS_INCONSISTENCY", "2.2.6.17"),
    },
)
"""Subcommands of SMB_COM_TRANSACTION2."""

NT_TRANSACT_FUNCTIONS: Final = _table(
    "NT_TRANSACT_",
    "MS-CIFS",
    {
        NtTransact.CREATE: ("CREATE", "2.2.7.1", "3.3.5.59.1"),
        NtTransact.IOCTL: ("IOCTL", "2.2.7.2", "3.3.5.59.2"),
        NtTransact.SET_SECURITY_DESC: ("SET_SECURITY_DESC", "2.2.7.3", "3.3.5.59.3"),
        NtTransact.NOTIFY_CHANGE: ("NOTIFY_CHANGE", "2.2.7.4", "3.3.5.59.4"),
        NtTransact.RENAME: ("RENAME", "2.2.7.5"),
        NtTransact.QUERY_SECURITY_DESC: ("QUERY_SECURITY_DESC", "2.2.7.6", "3.3.5.59.5"),
        NtTransact.QUERY_QUOTA: ("QUERY_QUOTA", "[MS-SMB] 2.2.7.5", "[MS-SMB] 3.3.5.11.2"),
        NtTransact.SET_QUOTA: ("SET_QUOTA", "[MS-SMB] 2.2.7.6", "[MS-SMB] 3.3.5.11.3"),
        NtTransact.CREATE2: ("CREATE2", "[MS-SMB] 2.2.2.2"),
    },
)
"""Functions of SMB_COM_NT_TRANSACT."""

FSCTLS: Final = _table(
    "FSCTL_",
    "MS-FSCC",
    {
        Fsctl.IS_PATHNAME_VALID: ("IS_PATHNAME_VALID", "2.3.34"),
        Fsctl.GET_COMPRESSION: ("GET_COMPRESSION", "2.3.17"),
        Fsctl.FILESYSTEM_GET_STATISTICS: ("FILESYSTEM_GET_STATISTICS", "2.3.11"),
        Fsctl.GET_NTFS_VOLUME_DATA: ("GET_NTFS_VOLUME_DATA", "2.3.23"),
        Fsctl.IS_VOLUME_DIRTY: ("IS_VOLUME_DIRTY", "[MS-CIFS] 2.2.7.2"),
        Fsctl.FIND_FILES_BY_SID: ("FIND_FILES_BY_SID", "2.3.15"),
        Fsctl.SET_OBJECT_ID: ("SET_OBJECT_ID", "2.3.58"),
        Fsctl.GET_OBJECT_ID: ("GET_OBJECT_ID", "2.3.25"),
        Fsctl.DELETE_OBJECT_ID: ("DELETE_OBJECT_ID", "2.3.4"),
        Fsctl.SET_REPARSE_POINT: ("SET_REPARSE_POINT", "2.3.61"),
        Fsctl.GET_REPARSE_POINT: ("GET_REPARSE_POINT", "2.3.30"),
        Fsctl.DELETE_REPARSE_POINT: ("DELETE_REPARSE_POINT", "2.3.5"),
        Fsctl.SET_OBJECT_ID_EXTENDED: ("SET_OBJECT_ID_EXTENDED", "2.3.59"),
        Fsctl.CREATE_OR_GET_OBJECT_ID: ("CREATE_OR_GET_OBJECT_ID", "2.3.1"),
        Fsctl.SET_SPARSE: ("SET_SPARSE", "2.3.64"),
        Fsctl.SET_ZERO_DATA: ("SET_ZERO_DATA", "2.3.65"),
        Fsctl.QUERY_ALLOCATED_RANGES: ("QUERY_ALLOCATED_RANGES", "2.3.47"),
        Fsctl.SET_COMPRESSION: ("SET_COMPRESSION", "2.3.55"),
        Fsctl.DFS_GET_REFERRALS: ("DFS_GET_REFERRALS", "[MS-DFSC] 2.2.2"),
        Fsctl.PIPE_PEEK: ("PIPE_PEEK", "2.3.40"),
        Fsctl.PIPE_WAIT: ("PIPE_WAIT", "2.3.49"),
        Fsctl.PIPE_TRANSCEIVE: ("PIPE_TRANSCEIVE", "2.3.41"),
        Fsctl.SRV_REQUEST_RESUME_KEY: ("SRV_REQUEST_RESUME_KEY", "[MS-SMB] 2.2.7.2"),
        Fsctl.SRV_ENUMERATE_SNAPSHOTS: ("SRV_ENUMERATE_SNAPSHOTS", "[MS-SMB] 2.2.7.2"),
        Fsctl.SRV_COPYCHUNK: ("SRV_COPYCHUNK", "[MS-SMB] 2.2.7.2"),
    },
)
"""Controls of NT_TRANSACT_IOCTL that clients are known to send."""


TRANSACTION_FUNCTIONS: Final = _table(
    "TRANS_",
    "MS-CIFS",
    {
        PipeFunction.SET_NMPIPE_STATE: ("SET_NMPIPE_STATE", "2.2.5.1", "3.3.5.57.2"),
        PipeFunction.RAW_READ_NMPIPE: ("RAW_READ_NMPIPE", "2.2.5.2", "3.3.5.57.3"),
        PipeFunction.QUERY_NMPIPE_STATE: ("QUERY_NMPIPE_STATE", "2.2.5.3", "3.3.5.57.4"),
        PipeFunction.QUERY_NMPIPE_INFO: ("QUERY_NMPIPE_INFO", "2.2.5.4", "3.3.5.57.5"),
        PipeFunction.PEEK_NMPIPE: ("PEEK_NMPIPE", "2.2.5.5", "3.3.5.57.6"),
        PipeFunction.TRANSACT_NMPIPE: ("TRANSACT_NMPIPE", "2.2.5.6", "3.3.5.57.7"),
        PipeFunction.RAW_WRITE_NMPIPE: ("RAW_WRITE_NMPIPE", "2.2.5.7", "3.3.5.57.8"),
        PipeFunction.READ_NMPIPE: ("READ_NMPIPE", "2.2.5.8", "3.3.5.57.9"),
        PipeFunction.WRITE_NMPIPE: ("WRITE_NMPIPE", "2.2.5.9", "3.3.5.57.10"),
        PipeFunction.WAIT_NMPIPE: ("WAIT_NMPIPE", "2.2.5.10", "3.3.5.57.11"),
        PipeFunction.CALL_NMPIPE: ("CALL_NMPIPE", "2.2.5.11", "3.3.5.57.12"),
    },
)
"""Functions of SMB_COM_TRANSACTION on `\\PIPE\\`."""

MAILSLOT_WRITE: Final = Name("TRANS_MAILSLOT_WRITE", "Mailslot Write", "[MS-CIFS] 2.2.5.12")
"""The one function of SMB_COM_TRANSACTION on `\\MAILSLOT\\`: its code, 1, is also that of SET_NMPIPE_STATE."""

SUBCOMMANDS: Final[Mapping[int, Mapping[int, Name]]] = MappingProxyType(
    {
        Command.TRANSACTION: TRANSACTION_FUNCTIONS,
        Command.TRANSACTION_SECONDARY: TRANSACTION_FUNCTIONS,
        Command.TRANSACTION2: TRANS2_SUBCOMMANDS,
        Command.TRANSACTION2_SECONDARY: TRANS2_SUBCOMMANDS,
        Command.NT_TRANSACT: NT_TRANSACT_FUNCTIONS,
        Command.NT_TRANSACT_SECONDARY: NT_TRANSACT_FUNCTIONS,
    }
)
"""Command to the table of its subcommands."""


def is_command(code: int) -> bool:
    """Whether the specification gives this code a name."""
    return code in COMMANDS


def command_name(code: int) -> str:
    """`SMB_COM_CLOSE`; `SMB_COM_0x5A` for a code without a name."""
    known = COMMANDS.get(code)
    return known.name if known else f"SMB_COM_0x{code:02X}"


def title(code: int) -> str:
    """`Nt Create Andx`; `Command 0x5A` for a code without a name."""
    known = COMMANDS.get(code)
    return known.title if known else f"Command 0x{code:02X}"


def subcommand(command: int, code: int) -> Name | None:
    """The entry of a subcommand; None where the command has none or the code has no name."""
    table = SUBCOMMANDS.get(command)
    return None if table is None else table.get(code)


def subcommand_name(command: int, code: int) -> str:
    """`TRANS2_FIND_FIRST2`; the code in hexadecimal where it has no name."""
    known = subcommand(command, code)
    return known.name if known else f"0x{code:04X}"


def subcommand_title(command: int, code: int) -> str:
    """`Find First2`; the code in hexadecimal where it has no name."""
    known = subcommand(command, code)
    return known.title if known else f"0x{code:04X}"
