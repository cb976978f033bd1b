"""SIDs, ACLs and self-relative descriptors: known bytes both ways, and nothing but DecodeError for others."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from impacket.ldap.ldaptypes import SR_SECURITY_DESCRIPTOR

from fakesmb.nt import descriptor as security
from fakesmb.nt.descriptor import (
    Ace,
    AceFlag,
    AceType,
    Acl,
    Control,
    Descriptor,
    acl_bytes,
    acl_of,
    allow,
    descriptor_bytes,
    sid_bytes,
)
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.security import read_descriptor, read_sid

ADMINISTRATORS = bytes.fromhex("01 02 000000000005 20000000 20020000")
EVERYONE_FULL = bytes.fromhex("00 03 1400 ff011f00 01 01 000000000001 00000000")
"""ACCESS_ALLOWED, OI|CI, 20 bytes, FILE_ALL_ACCESS, S-1-1-0."""
DESCRIPTOR = (
    bytes.fromhex("01 00 0480 30000000 40000000 00000000 14000000")
    + bytes.fromhex("02 00 1c00 0100 0000")
    + EVERYONE_FULL
    + ADMINISTRATORS
    + bytes.fromhex("01 02 000000000005 20000000 21020000")
)
"""Revision 1, SELF_RELATIVE | DACL_PRESENT; owner at 48, group at 64, no SACL, DACL at 20."""

numbers = st.integers(0, 0xFFFFFFFF)
sids = st.builds(
    lambda authority, subs: "-".join(["S", "1", str(authority), *map(str, subs)]),
    numbers,
    st.lists(numbers, max_size=15),
)
plain_aces = st.builds(
    Ace, st.sampled_from([0, 1, 2, 9, 17]), st.integers(0, 255), numbers, sids, st.just(b""), st.just(b"")
)
object_aces = st.builds(
    lambda flags, mask, sid, guids: Ace(
        AceType.ALLOWED_OBJECT, flags, mask, sid, guids.to_bytes(4, "little") + bytes(16 * guids.bit_count())
    ),
    st.integers(0, 255),
    numbers,
    sids,
    st.integers(0, 3),
)
acls = st.builds(acl_of, st.lists(plain_aces | object_aces, max_size=5))
descriptors = st.builds(
    lambda owner, group, dacl, sacl, bits: Descriptor(
        owner,
        group,
        dacl,
        sacl,
        Control.SELF_RELATIVE
        | (Control.DACL_PRESENT if dacl is not None else 0)
        | (Control.SACL_PRESENT if sacl is not None else 0)
        | bits,
    ),
    st.none() | sids,
    st.none() | sids,
    st.none() | acls,
    st.none() | acls,
    st.sampled_from([0, Control.DACL_PROTECTED, Control.DACL_AUTO_INHERITED]),
)


def test_a_sid_is_these_bytes() -> None:
    assert sid_bytes("S-1-5-32-544") == ADMINISTRATORS
    assert read_sid(ADMINISTRATORS) == ("S-1-5-32-544", 16)


def test_an_authority_of_48_bits_is_written_in_hexadecimal() -> None:
    """[MS-DTYP] 2.4.2.1."""
    raw = bytes.fromhex("01 01 010000000000 07000000")
    assert read_sid(raw)[0] == "S-1-0x010000000000-7"
    assert sid_bytes("S-1-0x010000000000-7") == raw


def test_a_descriptor_is_these_bytes() -> None:
    flags = AceFlag.OBJECT_INHERIT | AceFlag.CONTAINER_INHERIT
    known = Descriptor(
        "S-1-5-32-544",
        "S-1-5-32-545",
        acl_of([allow("S-1-1-0", 0x001F01FF, flags)]),
        None,
        Control.SELF_RELATIVE | Control.DACL_PRESENT,
    )
    assert read_descriptor(DESCRIPTOR) == known
    assert descriptor_bytes(known) == DESCRIPTOR


def test_a_null_list_is_present_and_none_and_an_empty_one_is_not_null() -> None:
    null = Descriptor(control=Control.SELF_RELATIVE | Control.DACL_PRESENT)
    assert len(descriptor_bytes(null)) == 20
    assert read_descriptor(descriptor_bytes(null)) == null
    empty = Descriptor(dacl=Acl(), control=null.control)
    assert read_descriptor(descriptor_bytes(empty)).dacl == Acl()


def test_a_list_that_is_not_present_is_not_read() -> None:
    absent = DESCRIPTOR[:2] + bytes.fromhex("0080") + DESCRIPTOR[4:]
    assert read_descriptor(absent).dacl is None


@given(descriptors)
def test_what_is_written_can_be_read(descriptor: Descriptor) -> None:
    assert read_descriptor(descriptor_bytes(descriptor)) == descriptor


@given(descriptors.filter(lambda one: one.owner is not None))
def test_impacket_reads_the_same(descriptor: Descriptor) -> None:
    theirs = SR_SECURITY_DESCRIPTOR(descriptor_bytes(descriptor))
    assert theirs["Control"] == descriptor.control
    assert theirs["OwnerSid"].getData() == sid_bytes(descriptor.owner or "")
    if descriptor.dacl is not None:
        assert theirs["Dacl"]["AceCount"] == len(descriptor.dacl.aces)


@given(st.binary(max_size=200))
def test_anything_else_is_a_decode_error(data: bytes) -> None:
    with contextlib.suppress(DecodeError):
        read_descriptor(data)


@given(st.integers(0, len(DESCRIPTOR) - 1), st.integers(0, 255))
def test_a_damaged_descriptor_is_one_or_a_decode_error(at: int, byte: int) -> None:
    damaged = bytearray(DESCRIPTOR)
    damaged[at] = byte
    try:
        again = read_descriptor(damaged)
    except DecodeError:
        return
    assert read_descriptor(descriptor_bytes(again)) == again


@pytest.mark.parametrize("length", range(len(DESCRIPTOR)))
def test_a_cut_descriptor_is_refused(length: int) -> None:
    with pytest.raises(DecodeError):
        read_descriptor(DESCRIPTOR[:length])


@pytest.mark.parametrize(
    "text", ["", "S", "S-1", "S-2-5", "X-1-5", "S-1-5-x", "S-1-5-4294967296", "S-1-5" + "-1" * 16, "S-1--1"]
)
def test_text_that_is_no_sid(text: str) -> None:
    with pytest.raises(ValueError, match=r"SID|int"):
        sid_bytes(text)


def test_lists_too_long_for_their_length_field() -> None:
    with pytest.raises(ValueError, match="too long"):
        acl_bytes(acl_of([allow("S-1-1-0", 1)] * 4000))
    with pytest.raises(ValueError, match="too long"):
        security.ace_bytes(Ace(9, 0, 1, "S-1-1-0", data=bytes(0x10000)))
