"""The tables of handlers: what a row decodes, and that no code has two rows."""

from types import ModuleType

import pytest

from fakesmb.core.nt_trans.table import FUNCTIONS
from fakesmb.core.request import Request
from fakesmb.core.trans.table import FUNCTIONS as PIPE_FUNCTIONS
from fakesmb.core.trans2.table import SUBCOMMANDS
from fakesmb.core.transactions import Results, subcommand, subcommands
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
