"""The tables of handlers: what a row decodes, and that no code has two rows."""

import re
from collections.abc import Mapping
from types import ModuleType

import pytest

from fakesmb.core.commands.table import COMMANDS
from fakesmb.core.dispatch import CommandRow
from fakesmb.core.nt_trans.table import FUNCTIONS
from fakesmb.core.request import Request
from fakesmb.core.trans.table import FUNCTIONS as PIPE_FUNCTIONS
from fakesmb.core.trans2.table import SUBCOMMANDS
from fakesmb.core.transactions import Results, SubcommandRow, subcommand, subcommands
from fakesmb.wire import names
from fakesmb.wire.commands import PipeFunction
from fakesmb.wire.nt_trans import NT_TRANSACT_REQUESTS, NT_TRANSACT_SETUPS
from fakesmb.wire.pipes import PipeSetup
from fakesmb.wire.trans2 import TRANS2_REQUESTS


def test_a_subcommand_decodes_what_the_log_shows_of_it() -> None:
    assert {code: row.request for code, row in SUBCOMMANDS.items()} == TRANS2_REQUESTS
    assert {code: row.request for code, row in FUNCTIONS.items()} == NT_TRANSACT_REQUESTS | NT_TRANSACT_SETUPS


def test_every_pipe_function_is_answered() -> None:
    assert set(PIPE_FUNCTIONS) == set(PipeFunction)


def test_two_handlers_of_one_code_are_refused() -> None:
    @subcommand(PipeFunction.WAIT_NMPIPE, PipeSetup)
    def wait(request: Request[PipeSetup]) -> Results:
        return Results()

    module = ModuleType("one")
    module.__dict__["wait"] = wait
    with pytest.raises(ValueError, match="0x53"):
        subcommands((module, module))


TABLES: list[tuple[Mapping[int, CommandRow] | Mapping[int, SubcommandRow], Mapping[int, names.Name]]] = [
    (COMMANDS, names.COMMANDS),
    (PIPE_FUNCTIONS, names.TRANSACTION_FUNCTIONS),
    (SUBCOMMANDS, names.TRANS2_SUBCOMMANDS),
    (FUNCTIONS, names.NT_TRANSACT_FUNCTIONS),
]
ROWS = [(row, known[code]) for rows, known in TABLES for code, row in rows.items()]


@pytest.mark.parametrize(("row", "name"), ROWS, ids=[name.name for _, name in ROWS])
def test_a_handler_cites_the_section_of_its_command(
    row: CommandRow | SubcommandRow, name: names.Name
) -> None:
    cited = re.findall(r"\[MS-\w+\] \d+(?:\.\d+)*", (row.handler.__doc__ or "").splitlines()[0])
    assert cited[:1] == [name.processing or name.section]


def test_no_two_handlers_cite_the_same_section() -> None:
    by_section: dict[str, list[str]] = {}
    for _, name in ROWS:
        by_section.setdefault(name.processing or name.section, []).append(name.name)
    shared = [found for found in by_section.values() if len(found) > 1]
    assert shared == [["SMB_COM_SEARCH", "SMB_COM_FIND"]]  # which the specification has in one section
