"""The extended attribute that keeps DOS attributes, in every form that Samba wrote, and disks without one."""

import errno
import os
import pathlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.nt.files import Attribute
from fakesmb.vfs.local.attributes import decode, effective, encode, load, save
from fakesmb.vfs.stored import NOTHING, SideTable, Stored

BORN = 0x01D000DAB1F3B932
SAMBA_4_17 = bytes.fromhex("0000050005000000110000002300000032b9f3b1da00d001")
VERSION_3 = bytes.fromhex(
    "0000 0300 0300 0000 11000000 22000000 00000000 0000000000000000 0000000000000000"
    "32b9f3b1da00d001 0000000000000000"
)
VERSION_4 = bytes.fromhex("0000 0400 0400 0000 11000000 20000000 0000000000000000 32b9f3b1da00d001")


def test_version_3_both_ways() -> None:
    """The blob that Samba 4.17 was seen to read: hidden and archive, created 2014-11-15."""
    assert decode(VERSION_3) == Stored(0x22, BORN)
    assert encode(Stored(0x22, BORN)) == VERSION_3


def test_what_samba_4_17_writes() -> None:
    assert decode(SAMBA_4_17) == Stored(0x23, BORN)
    assert decode(VERSION_4) == Stored(0x20, BORN)


def test_the_oldest_form_is_hexadecimal_text() -> None:
    assert decode(b"0x22\0") == Stored(0x22)
    assert decode(b"0x22") == Stored(0x22)
    assert decode(b"rubbish") == NOTHING


@given(st.binary(max_size=80))
def test_any_blob_is_read_or_ignored(blob: bytes) -> None:
    stored = decode(blob)
    assert stored.attributes == -1 or 0 <= stored.attributes < 0x10000
    assert stored.creation_time >= 0


def test_what_posix_implies() -> None:
    assert effective(0o100644, "a", -1) == Attribute.ARCHIVE
    assert effective(0o100444, "a", -1) == Attribute.ARCHIVE | Attribute.READONLY
    assert effective(0o100644, ".a", -1) == Attribute.ARCHIVE | Attribute.HIDDEN
    assert effective(0o040555, "a", -1) == Attribute.DIRECTORY
    assert effective(0o040755, ".a", -1) == Attribute.DIRECTORY | Attribute.HIDDEN


def test_what_was_stored_wins() -> None:
    assert effective(0o100444, ".a", 0) == Attribute.NORMAL
    assert effective(0o100644, "a", 0x06) == Attribute.HIDDEN | Attribute.SYSTEM
    assert effective(0o040755, "a", 0) == Attribute.DIRECTORY


def test_extended_attributes_keep_it(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "a"
    file.touch()
    side = SideTable(time.time_ns)
    save(str(file), file.stat(), Stored(2, BORN), side)
    assert not side
    assert os.getxattr(file, "user.DOSATTRIB") == encode(Stored(2, BORN))
    assert load(str(file), file.stat(), side) == Stored(2, BORN)


def test_a_disk_without_extended_attributes(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The side table remembers, and the write permission shows READONLY to the next server."""

    def unsupported(*_: object, **__: object) -> bytes:
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(os, "getxattr", unsupported)
    monkeypatch.setattr(os, "setxattr", unsupported)
    file = tmp_path / "a"
    file.touch()
    side = SideTable(time.time_ns)
    save(str(file), file.stat(), Stored(Attribute.READONLY, BORN), side, follow=True)
    assert load(str(file), file.stat(), side) == Stored(Attribute.READONLY, BORN)
    assert (
        effective(file.stat().st_mode, "a", load(str(file), file.stat(), SideTable(time.time_ns)).attributes)
        & Attribute.READONLY
    )
    save(str(file), file.stat(), Stored(0, BORN), side, follow=True)
    assert file.stat().st_mode & 0o200


def test_other_errors_are_not_swallowed(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "setxattr", full)
    with pytest.raises(OSError, match="full"):
        save(str(tmp_path), tmp_path.stat(), Stored(0), SideTable(time.time_ns))


def test_what_was_read_is_known_until_the_file_changes(tmp_path: pathlib.Path) -> None:
    """Whoever changes it moves the change time; and what changed a moment ago is read again each time."""
    file = tmp_path / "a"
    file.touch()
    moments = iter([0, 0, *[2**62] * 3])
    side = SideTable(lambda: next(moments))
    os.setxattr(file, "user.DOSATTRIB", encode(Stored(2, BORN)))
    st = file.stat()
    for young in (True, True, False):
        assert load(str(file), st, side) == Stored(2, BORN)
        assert (not side.known) is young
    assert load("/nowhere", st, side) == Stored(2, BORN)
    time.sleep(0.01)  # a tick of the kernel's clock
    os.setxattr(file, "user.DOSATTRIB", encode(Stored(1, BORN)))
    assert load(str(file), file.stat(), side) == Stored(1, BORN)


def test_what_is_known_is_bounded() -> None:
    side = SideTable(time.time_ns)
    for inode in range(100_000):
        side.know((1, inode, 0), NOTHING, 2**62)
    assert 0 < len(side.known) <= 1 << 14
