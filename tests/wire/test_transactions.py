"""Parameter blocks of TRANS2 subcommands and NT_TRANSACT functions, and the tables of names."""

import re
from typing import Any

import pytest

from fakesmb.nt.controls import Fsctl
from fakesmb.nt.files import FileAction
from fakesmb.wire import dfs, names, nt_trans, trans2
from fakesmb.wire.codec import DecodeError
from tests.wire.wire_blocks import octets

BLOCKS: list[tuple[Any, str]] = [
    (
        trans2.FindFirst2Request(0x16, 1366, 6, 0x104, 0, "\\*"),
        "1600 5605 0600 0401 00000000 5c00 2a00 0000",
    ),
    (trans2.FindFirst2Response(0x801, 1, 1, 2, 3), "0108 0100 0100 0200 0300"),
    (
        trans2.FindNext2Request(0x801, 5, 0x104, 7, 8, "a"),
        "0108 0500 0401 07000000 0800 6100 0000",
    ),
    (trans2.FindNext2Response(1, 1, 2, 3), "0100 0100 0200 0300"),
    (trans2.QueryFsInformationRequest(0x105), "0501"),
    (trans2.SetFsInformationRequest(1, 0x200), "0100 0002"),
    (trans2.QueryPathInformationRequest(1004, 0, "\\d"), "ec03 00000000 5c00 6400 0000"),
    (trans2.SetPathInformationRequest(1013, 0, ""), "f503 00000000 0000"),
    (trans2.QueryFileInformationRequest(0x4001, 1005), "0140 ed03"),
    (trans2.SetFileInformationRequest(0x4001, 1020), "0140 fc03"),
    (trans2.EaErrorResponse(), "0000"),
    (trans2.CreateDirectory2Request(0, "\\d"), "00000000 5c00 6400 0000"),
    (
        trans2.Open2Request(1, 0x42, 6, 0x20, 5, 0x11, 7, bytes(10), "\\a"),
        "0100 4200 0600 2000 05000000 1100 07000000 00000000000000000000 5c00 6100 0000",
    ),
    (
        trans2.Open2Response(
            fid=1,
            file_attributes=2,
            creation_time=3,
            file_data_size=4,
            access_mode=5,
            resource_type=6,
            nm_pipe_status=7,
            action_taken=8,
            server_fid=9,
            ea_error_offset=10,
            ea_length=11,
        ),
        "0100 0200 03000000 04000000 0500 0600 0700 0800 09000000 0a00 0b000000",
    ),
    (
        dfs.GetDfsReferralRequest(3, "\\h\\c$"),
        "0300 5c00 6800 5c00 6300 2400 0000",
    ),
    (
        nt_trans.NtCreateRequest(
            flags=0x16,
            root_directory_fid=1,
            desired_access=0x1F01FF,
            allocation_size=2,
            ext_file_attributes=0x80,
            share_access=7,
            create_disposition=2,
            create_options=0x40,
            security_descriptor_length=3,
            ea_length=4,
            name_length=4,
            impersonation_level=2,
            security_flags=1,
            file_name="\\a",
        ),
        """16000000 01000000 ff011f00 0200000000000000 80000000 07000000 02000000 40000000 03000000 04000000
        04000000 02000000 01 00 5c00 6100 0000""",
    ),
    (
        nt_trans.NtCreateResponse(
            oplock_level=1,
            fid=0x4000,
            create_action=2,
            ea_error_offset=3,
            creation_time=4,
            last_access_time=5,
            last_write_time=6,
            last_change_time=7,
            ext_file_attributes=0x20,
            allocation_size=8,
            end_of_file=9,
            resource_type=1,
            nm_pipe_status=7,
            directory=1,
        ),
        """01 00 0040 02000000 03000000 0400000000000000 0500000000000000 0600000000000000 0700000000000000
        20000000 0800000000000000 0900000000000000 0100 0700 01""",
    ),
    (nt_trans.SecurityDescRequest(1, 0, 7), "0100 0000 07000000"),
    (nt_trans.LengthNeededResponse(100), "64000000"),
    (nt_trans.NtRenameTransactRequest(1, 1, "b"), "0100 0100 6200 0000"),
    (nt_trans.QueryQuotaRequest(1, 1, 0, 2, 3, 4), "0100 01 00 02000000 03000000 04000000"),
    (nt_trans.SetQuotaRequest(1), "0100"),
]


@pytest.mark.parametrize(("value", "golden"), BLOCKS, ids=lambda one: type(one).__name__)
def test_parameter_blocks_are_these_bytes(value: Any, golden: str) -> None:
    assert value.encode().hex(" ") == octets(golden).hex(" ")
    assert type(value).decode(octets(golden)) == value


def test_answers_to_a_first_and_a_next_search_differ_by_the_sid() -> None:
    """10 and 8 bytes: Windows 9x loses entries where they are mixed."""
    assert len(trans2.FindFirst2Response(1, 2, 3).encode()) == 10
    assert len(trans2.FindNext2Response(2, 3).encode()) == 8


def test_create_answers_have_69_and_101_bytes() -> None:
    assert len(nt_trans.NtCreateResponse(fid=1).encode()) == 69
    assert len(nt_trans.NtCreateExtendedResponse(fid=1).encode()) == 101


def test_setups_are_these_bytes() -> None:
    ioctl = nt_trans.IoctlSetup(Fsctl.SRV_ENUMERATE_SNAPSHOTS, 0x4001)
    assert ioctl.encode() == octets("64401400 0140 01 00")
    assert nt_trans.NotifySetup.decode(octets("17000000 0140 01 00")) == nt_trans.NotifySetup(0x17, 0x4001, 1)


def test_a_create_takes_its_descriptor_and_eas_apart() -> None:
    request = nt_trans.NtCreateRequest(desired_access=1, security_descriptor_length=2, ea_length=3)
    descriptor, eas = request.parts_of(b"SDeas")
    assert (bytes(descriptor), bytes(eas)) == (b"SD", b"eas")
    with pytest.raises(DecodeError):
        request.parts_of(b"SDea")


def test_changes_are_chained_at_multiples_of_four() -> None:
    changes = [(FileAction.RENAMED_OLD_NAME, "abc"), (FileAction.RENAMED_NEW_NAME, "d")]
    raw = nt_trans.notify_information(changes)
    assert raw == octets("14000000 04000000 06000000 6100 6200 6300 0000 00000000 05000000 02000000 6400")
    assert nt_trans.read_notify_information(raw) == changes
    assert nt_trans.notify_information([]) == b""
    with pytest.raises(DecodeError):
        nt_trans.read_notify_information(raw[:-1])


# -- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name", "title", "section"),
    [
        (0x00, "SMB_COM_CREATE_DIRECTORY", "Create Directory", "[MS-CIFS] 2.2.4.1"),
        (0x04, "SMB_COM_CLOSE", "Close", "[MS-CIFS] 2.2.4.5"),
        (0x25, "SMB_COM_TRANSACTION", "Transact", "[MS-CIFS] 2.2.4.33"),
        (0x32, "SMB_COM_TRANSACTION2", "Transact2", "[MS-CIFS] 2.2.4.46"),
        (0x73, "SMB_COM_SESSION_SETUP_ANDX", "Session Setup Andx", "[MS-CIFS] 2.2.4.53"),
        (0xA2, "SMB_COM_NT_CREATE_ANDX", "Nt Create Andx", "[MS-CIFS] 2.2.4.64"),
        (0xDA, "SMB_COM_WRITE_BULK_DATA", "Write Bulk Data", "[MS-CIFS] 2.2.4.73"),
        (0xFE, "SMB_COM_INVALID", "Invalid", "[MS-CIFS] 2.2.4.74"),
    ],
)
def test_commands_have_names_titles_and_sections(code: int, name: str, title: str, section: str) -> None:
    """Titles as the published walk through the documented exchange writes them."""
    assert names.COMMANDS[code][:3] == (name, title, section)
    assert (names.command_name(code), names.title(code)) == (name, title)
    assert names.is_command(code)


def test_every_command_of_the_specification_is_there_in_its_order() -> None:
    """[MS-CIFS] numbers the commands' sections without a gap, by code."""
    sections = [int(one.section.rsplit(".", 1)[1]) for one in names.COMMANDS.values()]
    assert sections == list(range(1, 75))
    assert list(names.COMMANDS) == sorted(names.COMMANDS)


def test_codes_without_a_name_are_shown_as_numbers() -> None:
    assert not names.is_command(0x5A)
    assert names.command_name(0x5A) == "SMB_COM_0x5A"
    assert names.title(0x5A) == "Command 0x5A"
    assert names.subcommand_name(0x32, 0x99) == "0x0099"
    assert names.subcommand_title(0x04, 0) == "0x0000"


def test_subcommands_have_names_titles_and_sections() -> None:
    assert names.subcommand(0x32, 0x10) == (
        "TRANS2_GET_DFS_REFERRAL",
        "Get Dfs Referral",
        "[MS-CIFS] 2.2.6.16",
        "[MS-CIFS] 3.3.5.58.11",
    )
    assert names.subcommand_name(0xA0, 4) == "NT_TRANSACT_NOTIFY_CHANGE"
    assert names.subcommand_title(0x25, 0x26) == "Transact Nmpipe"
    assert names.NT_TRANSACT_FUNCTIONS[7].section == "[MS-SMB] 2.2.7.5"


def test_every_row_names_a_section() -> None:
    for table in (names.COMMANDS, *names.SUBCOMMANDS.values()):
        for row in table.values():
            assert re.fullmatch(r"\[MS-(CIFS|SMB)\] \d+(\.\d+)+", row.section)


def test_the_tables_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        names.COMMANDS[0] = names.MAILSLOT_WRITE  # type: ignore[index]
