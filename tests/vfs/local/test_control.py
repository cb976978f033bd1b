"""File system controls of the local store."""

import os
import struct
from pathlib import Path as Disk

import pytest

from fakesmb.nt.files import Access, Attribute
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.store import CreateParameters, Handle

SET_SPARSE, RANGES, ZERO, OBJECT_ID, GET_ID, DELETE_ID = (
    0x000900C4, 0x000940CF, 0x000980C8, 0x000900C0, 0x0009009C, 0x000900A0,
)  # fmt: skip
REPARSE, FIND_BY_SID = 0x000900A8, 0x0009008F


@pytest.fixture
def control_store(tmp_path: Disk) -> LocalStore:
    """A store over one file of 8 KiB."""
    (tmp_path / "a").write_bytes(b"x" * 8192)
    return LocalStore(str(tmp_path), OpenFiles())


def opened(store: LocalStore, access: int = Access.FILE_ALL) -> Handle:
    """The file, open."""
    return store.create(Path(("a",)), CreateParameters(access=access)).handle


def refused(store: LocalStore, handle: Handle, code: int, data: bytes = b"", room: int = 64) -> NT:
    """The status that a control ends in."""
    with pytest.raises(SMBError) as error:
        store.control(handle, code, data, room)
    return NT(error.value.status)


def test_sparse_is_an_attribute_that_stays(control_store: LocalStore) -> None:
    """Setting other attributes does not take it away; only the control does."""
    handle = opened(control_store)
    control_store.control(handle, SET_SPARSE, b"", 0)
    control_store.set_basic(handle, attributes=Attribute.HIDDEN)
    assert control_store.query(handle).attributes & Attribute.SPARSE
    control_store.control(handle, SET_SPARSE, b"\0", 0)
    assert not control_store.query(handle).attributes & Attribute.SPARSE
    assert refused(control_store, opened(control_store, Access.READ_DATA), SET_SPARSE) is NT.ACCESS_DENIED


def test_only_a_sparse_file_grows_beyond_the_room_of_its_disk(control_store: LocalStore) -> None:
    """As on NTFS: an end of file is room that is taken, except in a sparse file."""
    handle, far = opened(control_store), 1 << 43
    before = control_store.query(handle).end_of_file
    with pytest.raises(SMBError) as error:
        control_store.set_end_of_file(handle, far)
    assert error.value.status == NT.DISK_FULL
    assert control_store.query(handle).end_of_file == before
    control_store.with_posix_names().set_end_of_file(handle, far)  # truncate(2) asks for no room
    assert control_store.query(handle).end_of_file == far
    control_store.set_end_of_file(handle, before)
    control_store.control(handle, SET_SPARSE, b"", 0)
    control_store.set_end_of_file(handle, far)
    assert control_store.query(handle).end_of_file == far


def test_allocated_ranges_lie_inside_what_was_asked(control_store: LocalStore) -> None:
    """A full file is one range; an answer without room for one is BUFFER_TOO_SMALL."""
    handle = opened(control_store)
    asked = struct.pack("<qq", 100, 5000)
    assert control_store.control(handle, RANGES, asked, 64) == (struct.pack("<qq", 100, 5000), NT.SUCCESS)
    assert control_store.control(handle, RANGES, struct.pack("<qq", 9000, 1), 64) == (b"", NT.SUCCESS)
    assert refused(control_store, handle, RANGES, asked, 8) is NT.BUFFER_TOO_SMALL
    assert refused(control_store, handle, RANGES, struct.pack("<qq", -1, 1)) is NT.INVALID_PARAMETER


def test_zeros_do_not_move_the_end(control_store: LocalStore, tmp_path: Disk) -> None:
    """Beyond the end of file nothing happens."""
    handle = opened(control_store)
    control_store.control(handle, ZERO, struct.pack("<qq", 10, 1 << 40), 0)
    assert (tmp_path / "a").read_bytes() == b"x" * 10 + bytes(8182)
    assert refused(control_store, handle, ZERO, struct.pack("<qq", 5, 1)) is NT.INVALID_PARAMETER
    assert (
        refused(control_store, opened(control_store, 1), ZERO, struct.pack("<qq", 0, 1)) is NT.ACCESS_DENIED
    )


def test_object_ids_stay_until_deleted(control_store: LocalStore, tmp_path: Disk) -> None:
    """Made once, the same for every open."""
    if not hasattr(os, "setxattr"):
        pytest.skip("no extended attributes here")
    handle = opened(control_store)
    assert refused(control_store, handle, GET_ID) is NT.OBJECTID_NOT_FOUND
    try:
        made, _ = control_store.control(handle, OBJECT_ID, b"", 64)
    except SMBError:
        pytest.skip("the disk takes no extended attributes")
    assert len(made) == 64
    assert control_store.control(opened(control_store), OBJECT_ID, b"", 64) == (made, NT.SUCCESS)
    control_store.control(handle, DELETE_ID, b"", 0)
    assert refused(control_store, handle, GET_ID) is NT.OBJECTID_NOT_FOUND


def test_what_ntfs_refuses(control_store: LocalStore) -> None:
    """No reparse points; an unknown code is INVALID_DEVICE_REQUEST."""
    handle = opened(control_store)
    assert refused(control_store, handle, REPARSE) is NT.NOT_A_REPARSE_POINT
    assert refused(control_store, handle, 0x00090FFC) is NT.INVALID_DEVICE_REQUEST


def test_owners_are_not_kept_of_a_volume_without_quotas(control_store: LocalStore) -> None:
    """FIND_FILES_BY_SID finds nothing in a directory, and a warning says why; of a file it is no question."""
    directory = control_store.create(Path(()), CreateParameters(access=Access.FILE_ALL)).handle
    assert control_store.control(directory, FIND_BY_SID, bytes(16), 64) == (b"", NT.NO_QUOTAS_FOR_ACCOUNT)
    assert refused(control_store, opened(control_store), FIND_BY_SID, bytes(16)) is NT.INVALID_PARAMETER
