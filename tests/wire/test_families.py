"""The names that testers know commands by."""

import pytest

from fakesmb.wire import names
from fakesmb.wire.commands import Command
from fakesmb.wire.families import FAMILIES, Kind, kinds_of, subcommand_of
from fakesmb.wire.trans2 import Trans2


def test_a_command_is_known_by_code_and_by_name() -> None:
    assert kinds_of(Command.CLOSE) == kinds_of(4) == kinds_of("SMB_COM_CLOSE") == {Kind(4)}
    assert kinds_of("SMB_COM_0x5A") == kinds_of(0x5A) == {Kind(0x5A)}


def test_a_family_is_not_the_command_of_its_name() -> None:
    assert kinds_of("SMB_COM_READ") == {Kind(Command.READ)}
    assert {Kind(Command.READ), Kind(Command.READ_ANDX)} < kinds_of("READ")
    assert Kind(Command.TRANSACTION2, Trans2.FIND_FIRST2) in kinds_of("FIND")


def test_every_kind_of_a_family_has_a_name() -> None:
    for family in FAMILIES.values():
        for command, subcommand in family:
            assert names.is_command(command)
            assert subcommand is None or names.subcommand(command, subcommand) is not None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("SMB_COM_CLOSED", "no command is called 'SMB_COM_CLOSED'; did you mean SMB_COM_CLOSE"),
        ("CLOSE", "no command is called .CLOSE.; did you mean SMB_COM_CLOSE"),
        ("WRIET", "did you mean WRITE"),
        ("SMB_COM_0xZZ", "no command is called"),
        ("TRANS2_FIND_FIRST2", "is no command but a subcommand: say subcommand='TRANS2_FIND_FIRST2'"),
        (256, "a code of one byte, not 256"),
        (-1, "a code of one byte, not -1"),
    ],
)
def test_what_is_no_command_is_an_error_that_helps(said: int | str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        kinds_of(said)


def test_a_subcommand_is_known_by_its_name() -> None:
    assert subcommand_of("TRANS2_OPEN2") == Kind(Command.TRANSACTION2, Trans2.OPEN2)
    with pytest.raises(ValueError, match="did you mean TRANS2_FIND_FIRST2"):
        subcommand_of("TRANS2_FIND_FRIST2")
