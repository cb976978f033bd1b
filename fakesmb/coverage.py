"""What of the protocol is answered: every command, subcommand and information level, from the tables themselves."""

import importlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple, cast

from fakesmb.core.commands.table import COMMANDS
from fakesmb.core.nt_trans import ioctl
from fakesmb.core.nt_trans.table import FUNCTIONS
from fakesmb.core.trans.table import FUNCTIONS as PIPE_FUNCTIONS
from fakesmb.core.trans2 import set_info as trans2_set_info
from fakesmb.core.trans2.find import level_of
from fakesmb.core.trans2.table import SUBCOMMANDS
from fakesmb.nt.status import SMBError
from fakesmb.rap import functions as rap
from fakesmb.rap.uses import CHANGES, PASSWORD_CHANGES
from fakesmb.rpc.interface import Surroundings, Traffic
from fakesmb.rpc.pipes import SERVICES
from fakesmb.rpc.view import ServerView
from fakesmb.vfs.local.control import CONTROLS
from fakesmb.wire import file_info, find_info, fs_info, names, opnums, set_info, unix
from fakesmb.wire.interfaces import INTERFACES
from fakesmb.wire.rap import FUNCTIONS as LANMAN_FUNCTIONS
from fakesmb.wire.trans2 import Trans2

_REFUSED_BY_RAP: Final = frozenset((*CHANGES, *PASSWORD_CHANGES))


class Row(NamedTuple):
    """One thing that a client may ask for."""

    code: str
    name: str
    answered: bool
    section: str


class Table(NamedTuple):
    """Things of one kind."""

    title: str
    rows: list[Row]

    @property
    def answered(self) -> int:
        """How many are answered."""
        return sum(row.answered for row in self.rows)


def tables() -> Iterator[Table]:
    """Everything, in the order of the specification."""
    yield Table(
        "Commands",
        [
            _row(code, 2, name, code in COMMANDS and not COMMANDS[code].refuses)
            for code, name in names.COMMANDS.items()
        ],
    )
    yield Table(
        "TRANSACTION functions on named pipes",
        [_row(code, 4, name, code in PIPE_FUNCTIONS) for code, name in names.TRANSACTION_FUNCTIONS.items()],
    )
    yield Table(
        "TRANSACTION2 subcommands",
        [_row(code, 4, name, code in SUBCOMMANDS) for code, name in names.TRANS2_SUBCOMMANDS.items()],
    )
    yield Table(
        "NT_TRANSACT functions",
        [_row(code, 4, name, code in FUNCTIONS) for code, name in names.NT_TRANSACT_FUNCTIONS.items()],
    )
    controls = ioctl.ANSWERED | CONTROLS.keys()
    yield Table(
        "Controls in NT_TRANSACT_IOCTL",
        [_row(code, 8, name, code in controls) for code, name in sorted(names.FSCTLS.items())],
    )
    yield Table("FIND_FIRST2 and FIND_NEXT2 levels", _levels(find_info.LEVELS | unix.FIND_LEVELS, _finds))
    yield Table(
        "QUERY_PATH and QUERY_FILE_INFORMATION levels",
        _levels(file_info.LEVELS | unix.QUERY_LEVELS, _queries),
    )
    yield Table(
        "SET_PATH and SET_FILE_INFORMATION levels", _levels(set_info.SET_LEVELS | unix.SET_LEVELS, _sets)
    )
    yield Table("QUERY_FS_INFORMATION levels", _levels(fs_info.LEVELS | unix.FS_LEVELS, _queries_fs))
    yield Table("SET_FS_INFORMATION levels", _levels(fs_info.SET_LEVELS, _sets_fs))
    yield Table(
        "Remote administration (\\PIPE\\LANMAN) operations",
        [
            Row(f"0x{code:04X}", name, code in rap.OPERATIONS and code not in _REFUSED_BY_RAP, "[MS-RAP] 2.5")
            for code, name in sorted(LANMAN_FUNCTIONS.items())
        ],
    )
    for service in SERVICES:
        yield Table(f"Operations of the interface {service} (DCE/RPC)", _operations(service))


def text() -> str:
    """For a terminal."""
    lines = []
    for table in tables():
        lines.append(f"{table.title}: {table.answered} of {len(table.rows)} answered")
        lines += [
            f"  {row.code:<10} {'yes' if row.answered else '-':<4} {row.name:<40} {row.section}"
            for row in table.rows
        ]
        lines.append("")
    return "\n".join(lines)


def markdown() -> str:
    """docs/coverage.md."""
    lines = [_INTRODUCTION]
    for table in tables():
        lines += [f"## {table.title}", "", f"{table.answered} of {len(table.rows)} answered.", ""]
        lines += ["| code | name | answered | section |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {row.code} | `{row.name}` | {'yes' if row.answered else '-'} | {row.section} |"
            for row in table.rows
        ]
        lines.append("")
    return "\n".join(lines)


_INTRODUCTION: Final = """# Coverage

Made by `fakesmb coverage --markdown` from the tables that the server runs on; a test compares. What is not answered is
refused with the status that a Windows server gives, or STATUS_NOT_IMPLEMENTED, and shows as such in the log.
"""


def _row(code: int, digits: int, name: names.Name, answered: bool) -> Row:
    return Row(f"0x{code:0{digits}X}", name.name, answered, name.section)


def _levels(levels: Any, answered: Callable[[int], bool]) -> list[Row]:
    items: Iterable[tuple[int, Any]] = sorted(levels.items())
    return [
        Row(f"0x{code:04X}" if code < 1000 else str(code), row.name, answered(code), row.section)
        for code, row in items
    ]


def _operations(service: str) -> list[Row]:
    """The operations that have a name in the record, those that are nothing but refused among them."""
    module = importlib.import_module(SERVICES[service])
    served = module.interface(Surroundings(cast("ServerView", None), (), Traffic())).operations
    known = opnums.OPERATIONS[service]
    assert {code for code, one in served.items() if not one.refusal} <= known.keys(), service
    section = INTERFACES[service].section
    return [
        Row(f"{code}", name, code in served and not served[code].refusal, section)
        for code, name in known.items()
    ]


def _finds(level: int) -> bool:
    try:
        level_of(level)
    except SMBError:
        return False
    return Trans2.FIND_FIRST2 in SUBCOMMANDS


def _queries(level: int) -> bool:
    row = file_info.LEVELS.get(level) or unix.QUERY_LEVELS[level]
    return Trans2.QUERY_PATH_INFORMATION in SUBCOMMANDS and row.encode is not None


def _sets(level: int) -> bool:
    settable = trans2_set_info.is_settable(level) or level in unix.SET_LEVELS
    return Trans2.SET_PATH_INFORMATION in SUBCOMMANDS and settable


def _queries_fs(level: int) -> bool:
    row = fs_info.LEVELS.get(level) or unix.FS_LEVELS[level]
    return Trans2.QUERY_FS_INFORMATION in SUBCOMMANDS and row.encode is not None


def _sets_fs(level: int) -> bool:
    return Trans2.SET_FS_INFORMATION in SUBCOMMANDS and level in (
        unix.UnixFsLevel.UNIX,
        unix.UnixFsLevel.TRANSPORT_ENCRYPTION,
    )
