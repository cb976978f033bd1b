"""NT status codes, their DOS class and code, and errors of the operating system."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.nt import status
from fakesmb.nt.status import (
    ERRDOS,
    ERRHRD,
    ERRSRV,
    NT,
    SMBError,
    from_dos,
    from_os,
    is_dos_pair,
    label,
    to_dos,
)


@pytest.mark.parametrize(
    ("code", "dos"),
    [
        (NT.SUCCESS, (0, 0)),
        (NT.INVALID_DEVICE_REQUEST, (ERRDOS, 1)),
        (NT.OBJECT_NAME_NOT_FOUND, (ERRDOS, 2)),
        (NT.OBJECT_PATH_NOT_FOUND, (ERRDOS, 3)),
        (NT.TOO_MANY_OPENED_FILES, (ERRDOS, 4)),
        (NT.ACCESS_DENIED, (ERRDOS, 5)),
        (NT.INVALID_HANDLE, (ERRDOS, 6)),
        (NT.NO_MORE_FILES, (ERRDOS, 18)),
        (NT.SHARING_VIOLATION, (ERRDOS, 32)),
        (NT.FILE_LOCK_CONFLICT, (ERRDOS, 33)),
        (NT.OBJECT_NAME_COLLISION, (ERRDOS, 80)),
        (NT.INVALID_PARAMETER, (ERRDOS, 87)),
        (NT.OBJECT_NAME_INVALID, (ERRDOS, 123)),
        (NT.PIPE_BUSY, (ERRDOS, 231)),
        (NT.BUFFER_OVERFLOW, (ERRDOS, 234)),
        (NT.MORE_PROCESSING_REQUIRED, (ERRDOS, 234)),
        (NT.WRONG_PASSWORD, (ERRSRV, 2)),
        (NT.BAD_NETWORK_NAME, (ERRSRV, 6)),
        (NT.BAD_DEVICE_TYPE, (ERRSRV, 7)),
        (NT.SMB_NO_SUPPORT, (ERRSRV, 0xFFFF)),
        (NT.MEDIA_WRITE_PROTECTED, (ERRHRD, 19)),
        (NT.NOT_FOUND, (ERRHRD, 31)),
        (0xC0FFEE00, (ERRHRD, 31)),
    ],
)
def test_dos_clients_are_told_this(code: int, dos: tuple[int, int]) -> None:
    """[MS-CIFS] 2.2.2.4."""
    assert to_dos(code) == dos


@pytest.mark.parametrize(
    ("code", "dos"),
    [
        (NT.INVALID_SMB, (ERRSRV, 1)),
        (NT.SMB_BAD_TID, (ERRSRV, 5)),
        (NT.SMB_BAD_FID, (ERRDOS, 6)),
        (NT.SMB_BAD_COMMAND, (ERRSRV, 0x16)),
        (NT.SMB_BAD_UID, (ERRSRV, 0x5B)),
        (NT.SMB_USE_STANDARD, (ERRSRV, 0xFB)),
        (NT.OS2_INVALID_LEVEL, (ERRDOS, 124)),
        (NT.OS2_CANNOT_COPY, (ERRDOS, 266)),
        (NT.OS2_EA_ACCESS_DENIED, (ERRDOS, 994)),
    ],
)
def test_cifs_codes_are_their_dos_pair_wire_for_wire(code: int, dos: tuple[int, int]) -> None:
    assert to_dos(code) == dos
    assert code == dos[1] << 16 | dos[0]
    assert is_dos_pair(code)


@pytest.mark.parametrize(
    "code", [NT.PENDING, NT.NOTIFY_ENUM_DIR, NT.NOTIFY_CLEANUP, NT.ACCESS_DENIED, 1, 2, 3]
)
def test_nt_codes_are_not_taken_for_dos_pairs(code: int) -> None:
    assert not is_dos_pair(code)


@given(st.integers(0, 0xFFFFFFFF))
def test_every_status_has_a_dos_pair_that_fits_its_fields(code: int) -> None:
    kind, number = to_dos(code)
    assert kind in (0, ERRDOS, ERRSRV, ERRHRD)
    assert 0 <= number <= 0xFFFF


def test_every_failure_that_we_name_is_a_failure_for_dos_clients_too() -> None:
    for code in NT:
        assert (to_dos(code) == (0, 0)) == (code == NT.SUCCESS), code.name


def test_each_status_is_in_one_row_of_the_table() -> None:
    rows = [code for codes in status._DOS_ROWS.values() for code in codes]
    assert len(rows) == len(set(rows))


def test_labels_are_as_the_field_writes_them() -> None:
    assert label(NT.NO_SUCH_DEVICE) == "STATUS_NO_SUCH_DEVICE"
    assert label(0xC0FFEE00) == "0xC0FFEE00"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOENT, NT.OBJECT_NAME_NOT_FOUND),
        (errno.EACCES, NT.ACCESS_DENIED),
        (errno.ENOSPC, NT.DISK_FULL),
        (errno.ENOTEMPTY, NT.DIRECTORY_NOT_EMPTY),
        (errno.EXFULL, NT.UNSUCCESSFUL),
    ],
)
def test_failed_system_calls_become_statuses(number: int, code: NT) -> None:
    assert from_os(OSError(number, "x")) is code


def test_an_error_without_a_number_is_unsuccessful() -> None:
    assert from_os(OSError("odd")) is NT.UNSUCCESSFUL


def test_an_smb_error_says_status_and_reason_to_the_log() -> None:
    error = SMBError(NT.DISK_FULL, "no room", dos=(ERRHRD, 39))
    assert str(error) == "STATUS_DISK_FULL: no room"
    assert str(SMBError(NT.DISK_FULL)) == "STATUS_DISK_FULL"
    assert (error.status, error.dos) == (NT.DISK_FULL, (ERRHRD, 39))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (ERRDOS | 2 << 16, NT.NO_SUCH_FILE),
        (ERRDOS | 18 << 16, NT.NO_MORE_FILES),
        (ERRSRV | 91 << 16, NT.SMB_BAD_UID),
        (ERRDOS | 9999 << 16, ERRDOS | 9999 << 16),
    ],
)
def test_dos_pairs_stand_for_statuses(code: int, status: int) -> None:
    assert from_dos(code) == status
