"""The structures of the CIFS Unix extensions, byte by byte."""

import struct

import pytest

from fakesmb.nt.posixacl import AclEntry, Acls, AclTag, of_mode
from fakesmb.vfs.store import Info
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.info import LevelContext
from fakesmb.wire.unix import (
    FIND_LEVELS,
    PosixFsInfo,
    PosixLock,
    PosixOpenRequest,
    PosixOpenResponse,
    SetUnix,
    UnixEntries,
    UnixFsInfo,
    Whoami,
    decode_basic,
    decode_info2,
    encode_basic,
    encode_info2,
)
from fakesmb.wire.unix_acl import SetAcl, decode_acl, encode_acl

CONTEXT = LevelContext()
FACTS = Info(
    "sl", "\\sl", 5, 2, 3, 4, 0x80, 0x1122, 0x2000, 1, 0x99, mode_bits=0o120750, posix_uid=7, posix_gid=8
)
BASIC = bytes.fromhex(
    "2211000000000000 0020000000000000 0400000000000000 0200000000000000 0300000000000000"
    "0700000000000000 0800000000000000 02000000 0000000000000000 0000000000000000"
    "9900000000000000 e801000000000000 0100000000000000"
)


def test_basic_and_info2_bytes() -> None:
    assert encode_basic(FACTS, CONTEXT) == BASIC
    assert encode_info2(FACTS, CONTEXT) == BASIC + bytes.fromhex("0500000000000000 00000000 00000000")


def test_a_device_number_is_split_into_major_and_minor() -> None:
    facts = Info("n", "\\n", 0, 0, 0, 0, 0x80, 0, 0, 1, 1, mode_bits=0o020600, special_device=0x0103)
    assert struct.unpack_from("<IQQ", encode_basic(facts, CONTEXT), 56) == (3, 1, 3)


def test_what_smbclient_sends_to_chmod_sets_the_mode_only() -> None:
    """All ones in 40 bytes, then 32-bit ones for the owners, and zeros."""
    data = bytearray(b"\xff" * 40 + bytes(60))
    struct.pack_into("<I", data, 40, 0xFFFFFFFF)
    struct.pack_into("<I", data, 48, 0xFFFFFFFF)
    struct.pack_into("<I", data, 84, 0o640)
    assert decode_basic(data, CONTEXT) == SetUnix(type=0, mode=0o640)


def test_info2_refuses_flags_that_no_file_has() -> None:
    with pytest.raises(DecodeError):
        decode_info2(b"\xff" * 100 + struct.pack("<qII", 0, 1, 1), CONTEXT)
    assert decode_info2(b"\xff" * 100 + struct.pack("<qII", 9, 1, 0), CONTEXT).creation_time == 9
    with pytest.raises(DecodeError):
        decode_basic(bytes(99), CONTEXT)


def test_small_structures_both_ways() -> None:
    for one, golden in (
        (UnixFsInfo(capabilities=0xF3), "0100 0000 f300000000000000"),
        (PosixOpenRequest(2, 0x14, 0o644, 0x200), "02000000 14000000 a401000000000000 0002"),
        (PosixOpenResponse(1, 0x4000, 2), "0100 0040 02000000 ffff 0000"),
        (PosixLock(1, 1, 9, 2, 3), "0100 0100 09000000 0200000000000000 0300000000000000"),
        (
            PosixFsInfo(1, 2, 3, 4, 5, fs_identifier=6),
            "01000000 02000000 0300000000000000 0400000000000000 0500000000000000"
            + "ff" * 16
            + "0600000000000000",
        ),
    ):
        assert one.encode() == bytes.fromhex(golden)
        assert type(one).decode(bytes.fromhex(golden)) == one


def test_permission_bits_are_an_acl_of_three() -> None:
    data = encode_acl(Acls(of_mode(0o750)), CONTEXT)
    ones = "ff" * 8
    assert data == bytes.fromhex(f"0100 0300 0000 0107{ones} 0405{ones} 2000{ones}")
    assert decode_acl(data, CONTEXT) == SetAcl(of_mode(0o750), ())
    assert decode_acl(struct.pack("<HHH", 1, 0xFFFF, 0), CONTEXT) == SetAcl(None, ())
    assert decode_acl(struct.pack("<HHH", 1, 0, 0xFFFF), CONTEXT) == SetAcl((), None)


def test_the_entries_of_both_acls_follow_each_other() -> None:
    named = AclEntry(AclTag.USER, 7, 5)
    data = encode_acl(Acls((named,), (named, AclEntry(AclTag.MASK, 6))), CONTEXT)
    assert data == bytes.fromhex(f"0100 0100 0200 0207{5:02x}{'00' * 7} 0207{5:02x}{'00' * 7} 1006{'ff' * 8}")
    assert decode_acl(data, CONTEXT) == SetAcl((named,), (named, AclEntry(AclTag.MASK, 6)))
    with pytest.raises(DecodeError):
        decode_acl(data[:-1], CONTEXT)
    with pytest.raises(DecodeError):
        decode_acl(struct.pack("<HHH", 1, 0xFFFE, 0), CONTEXT)
    with pytest.raises(DecodeError):
        decode_acl(struct.pack("<HHH", 2, 0, 0), CONTEXT)


def test_whoami_leaves_out_what_does_not_fit() -> None:
    who = Whoami(False, 5, 6, (6, 7), [b"12345678", b"abcdefgh"])
    assert who.encode() == struct.pack("<IIQQIIIIQQ", 0, 1, 5, 6, 2, 2, 16, 0, 6, 7) + b"12345678abcdefgh"
    assert who.within(72) == who
    assert len(who.within(71).encode()) == 40


def test_entries_end_their_names_or_count_them() -> None:
    entries = UnixEntries(FIND_LEVELS[0x202], 1000, CONTEXT)
    assert entries.add(FACTS, 7)
    assert entries.add(FACTS, 8)
    data = bytes(entries.finish())
    size = 8 + 100 + 6
    assert data[:8] == struct.pack("<II", size + 6, 7)
    assert data[8:size] == BASIC + b"s\0l\0\0\0"
    assert data[size + 6 :][:8] == struct.pack("<II", 0, 8)
    assert len(data) == 2 * size + 6
    entries = UnixEntries(FIND_LEVELS[0x20B], 8 + 116 + 4 + 4, CONTEXT)
    assert entries.add(FACTS, 7)
    assert not entries.add(FACTS, 8), "the buffer is full"
    assert bytes(entries.finish()).endswith(struct.pack("<I", 4) + b"s\0l\0")
