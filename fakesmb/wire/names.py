"""Names, titles and sections of every command and subcommand ([MS-CIFS] 2.2.2.1 and 2.2.2.2).

The log, `fakesmb coverage` and the documentation read these. A title is what Microsoft's Network Monitor shows:
`Nt Create Andx`, `Transact2`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.nt_trans import Fsctl, NtTransact
from fakesmb.wire.trans2 import Trans2


class Name(NamedTuple):
    """One code of the protocol."""

    name: str
    """As the specification writes it: `SMB_COM_NT_CREATE_ANDX`."""
    title: str
    """As a network analyser shows it: `Nt Create Andx`."""
    section: str
    """Where it is defined: `[MS-CIFS] 2.2.4.64`."""


_TITLES: Final = {"TRANSACTION": "Transact", "TRANSACTION2": "Transact2"}


def _title(name: str) -> str:
    return _TITLES.get(name) or name.replace("_", " ").title()


def _commands(rows: str) -> Mapping[int, Name]:
    found = {}
    for row in rows.strip().splitlines():
        code, name, section = row.split()
        found[int(code, 16)] = Name(f"SMB_COM_{name}", _title(name), f"[MS-CIFS] {section}")
    return MappingProxyType(found)


COMMANDS: Final = _commands("""
00 CREATE_DIRECTORY 2.2.4.1
01 DELETE_DIRECTORY 2.2.4.2
02 OPEN 2.2.4.3
03 CREATE 2.2.4.4
04 CLOSE 2.2.4.5
05 FLUSH 2.2.4.6
06 DELETE 2.2.4.7
07 RENAME 2.2.4.8
08 QUERY_INFORMATION 2.2.4.9
09 SET_INFORMATION 2.2.4.10
0A READ 2.2.4.11
0B WRITE 2.2.4.12
0C LOCK_BYTE_RANGE 2.2.4.13
0D UNLOCK_BYTE_RANGE 2.2.4.14
0E CREATE_TEMPORARY 2.2.4.15
0F CREATE_NEW 2.2.4.16
10 CHECK_DIRECTORY 2.2.4.17
11 PROCESS_EXIT 2.2.4.18
12 SEEK 2.2.4.19
13 LOCK_AND_READ 2.2.4.20
14 WRITE_AND_UNLOCK 2.2.4.21
1A READ_RAW 2.2.4.22
1B READ_MPX 2.2.4.23
1C READ_MPX_SECONDARY 2.2.4.24
1D WRITE_RAW 2.2.4.25
1E WRITE_MPX 2.2.4.26
1F WRITE_MPX_SECONDARY 2.2.4.27
20 WRITE_COMPLETE 2.2.4.28
21 QUERY_SERVER 2.2.4.29
22 SET_INFORMATION2 2.2.4.30
23 QUERY_INFORMATION2 2.2.4.31
24 LOCKING_ANDX 2.2.4.32
25 TRANSACTION 2.2.4.33
26 TRANSACTION_SECONDARY 2.2.4.34
27 IOCTL 2.2.4.35
28 IOCTL_SECONDARY 2.2.4.36
29 COPY 2.2.4.37
2A MOVE 2.2.4.38
2B ECHO 2.2.4.39
2C WRITE_AND_CLOSE 2.2.4.40
2D OPEN_ANDX 2.2.4.41
2E READ_ANDX 2.2.4.42
2F WRITE_ANDX 2.2.4.43
30 NEW_FILE_SIZE 2.2.4.44
31 CLOSE_AND_TREE_DISC 2.2.4.45
32 TRANSACTION2 2.2.4.46
33 TRANSACTION2_SECONDARY 2.2.4.47
34 FIND_CLOSE2 2.2.4.48
35 FIND_NOTIFY_CLOSE 2.2.4.49
70 TREE_CONNECT 2.2.4.50
71 TREE_DISCONNECT 2.2.4.51
72 NEGOTIATE 2.2.4.52
73 SESSION_SETUP_ANDX 2.2.4.53
74 LOGOFF_ANDX 2.2.4.54
75 TREE_CONNECT_ANDX 2.2.4.55
7E SECURITY_PACKAGE_ANDX 2.2.4.56
80 QUERY_INFORMATION_DISK 2.2.4.57
81 SEARCH 2.2.4.58
82 FIND 2.2.4.59
83 FIND_UNIQUE 2.2.4.60
84 FIND_CLOSE 2.2.4.61
A0 NT_TRANSACT 2.2.4.62
A1 NT_TRANSACT_SECONDARY 2.2.4.63
A2 NT_CREATE_ANDX 2.2.4.64
A4 NT_CANCEL 2.2.4.65
A5 NT_RENAME 2.2.4.66
C0 OPEN_PRINT_FILE 2.2.4.67
C1 WRITE_PRINT_FILE 2.2.4.68
C2 CLOSE_PRINT_FILE 2.2.4.69
C3 GET_PRINT_QUEUE 2.2.4.70
D8 READ_BULK 2.2.4.71
D9 WRITE_BULK 2.2.4.72
DA WRITE_BULK_DATA 2.2.4.73
FE INVALID 2.2.4.74
""")
"""Every command with a name; the codes between are unused ([MS-CIFS] 2.2.2.1). 0xFF ends an AndX chain."""


def _table(prefix: str, document: str, rows: Mapping[int, tuple[str, str]]) -> Mapping[int, Name]:
    return MappingProxyType(
        {
            code: Name(
                prefix + name, _title(name), section if section.startswith("[") else f"[{document}] {section}"
            )
            for code, (name, section) in rows.items()
        }
    )


TRANS2_SUBCOMMANDS: Final = _table(
    "TRANS2_",
    "MS-CIFS",
    {
        Trans2.OPEN2: ("OPEN2", "2.2.6.1"),
        Trans2.FIND_FIRST2: ("FIND_FIRST2", "2.2.6.2"),
        Trans2.FIND_NEXT2: ("FIND_NEXT2", "2.2.6.3"),
        Trans2.QUERY_FS_INFORMATION: ("QUERY_FS_INFORMATION", "2.2.6.4"),
        Trans2.SET_FS_INFORMATION: ("SET_FS_INFORMATION", "[MS-SMB] 2.2.6.2"),
        Trans2.QUERY_PATH_INFORMATION: ("QUERY_PATH_INFORMATION", "2.2.6.6"),
        Trans2.SET_PATH_INFORMATION: ("SET_PATH_INFORMATION", "2.2.6.7"),
        Trans2.QUERY_FILE_INFORMATION: ("QUERY_FILE_INFORMATION", "2.2.6.8"),
        Trans2.SET_FILE_INFORMATION: ("SET_FILE_INFORMATION", "2.2.6.9"),
        Trans2.FSCTL: ("FSCTL", "2.2.6.10"),
        Trans2.IOCTL2: ("IOCTL2", "2.2.6.11"),
        Trans2.FIND_NOTIFY_FIRST: ("FIND_NOTIFY_FIRST", "2.2.6.12"),
        Trans2.FIND_NOTIFY_NEXT: ("FIND_NOTIFY_NEXT", "2.2.6.13"),
        Trans2.CREATE_DIRECTORY: ("CREATE_DIRECTORY", "2.2.6.14"),
        Trans2.SESSION_SETUP: ("SESSION_SETUP", "2.2.6.15"),
        Trans2.GET_DFS_REFERRAL: ("GET_DFS_REFERRAL", "2.2.6.16"),
        Trans2.REPORT_DFS_INCONSISTENCY: ("REPORT_DFS_INCONSISTENCY", "2.2.6.17"),
    },
)
"""Subcommands of SMB_COM_TRANSACTION2."""

NT_TRANSACT_FUNCTIONS: Final = _table(
    "NT_TRANSACT_",
    "MS-CIFS",
    {
        NtTransact.CREATE: ("CREATE", "2.2.7.1"),
        NtTransact.IOCTL: ("IOCTL", "2.2.7.2"),
        NtTransact.SET_SECURITY_DESC: ("SET_SECURITY_DESC", "2.2.7.3"),
        NtTransact.NOTIFY_CHANGE: ("NOTIFY_CHANGE", "2.2.7.4"),
        NtTransact.RENAME: ("RENAME", "2.2.7.5"),
        NtTransact.QUERY_SECURITY_DESC: ("QUERY_SECURITY_DESC", "2.2.7.6"),
        NtTransact.QUERY_QUOTA: ("QUERY_QUOTA", "[MS-SMB] 2.2.7.5"),
        NtTransact.SET_QUOTA: ("SET_QUOTA", "[MS-SMB] 2.2.7.6"),
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
        PipeFunction.SET_NMPIPE_STATE: ("SET_NMPIPE_STATE", "2.2.5.1"),
        PipeFunction.RAW_READ_NMPIPE: ("RAW_READ_NMPIPE", "2.2.5.2"),
        PipeFunction.QUERY_NMPIPE_STATE: ("QUERY_NMPIPE_STATE", "2.2.5.3"),
        PipeFunction.QUERY_NMPIPE_INFO: ("QUERY_NMPIPE_INFO", "2.2.5.4"),
        PipeFunction.PEEK_NMPIPE: ("PEEK_NMPIPE", "2.2.5.5"),
        PipeFunction.TRANSACT_NMPIPE: ("TRANSACT_NMPIPE", "2.2.5.6"),
        PipeFunction.RAW_WRITE_NMPIPE: ("RAW_WRITE_NMPIPE", "2.2.5.7"),
        PipeFunction.READ_NMPIPE: ("READ_NMPIPE", "2.2.5.8"),
        PipeFunction.WRITE_NMPIPE: ("WRITE_NMPIPE", "2.2.5.9"),
        PipeFunction.WAIT_NMPIPE: ("WAIT_NMPIPE", "2.2.5.10"),
        PipeFunction.CALL_NMPIPE: ("CALL_NMPIPE", "2.2.5.11"),
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
