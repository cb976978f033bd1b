"""Access masks: generic rights in specific ones, rights that nobody gets, and what an open is granted."""

import pytest

from fakesmb.nt.files import Access, Attribute
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.rules.access import check_mask, grant, map_generic


def test_generic_rights_are_sets_of_specific_ones() -> None:
    assert map_generic(Access.GENERIC_READ) == 0x00120089
    assert map_generic(Access.GENERIC_WRITE) == 0x00120116
    assert map_generic(Access.GENERIC_EXECUTE) == 0x001200A0
    assert map_generic(Access.GENERIC_ALL) == 0x001F01FF
    assert map_generic(Access.GENERIC_READ | Access.DELETE) == 0x00130089
    assert map_generic(0x12019F) == 0x12019F


@pytest.mark.parametrize(
    ("mask", "status"),
    [(0, NT.ACCESS_DENIED), (0x200, NT.ACCESS_DENIED), (Access.SYSTEM_SECURITY, NT.PRIVILEGE_NOT_HELD)],
)
def test_masks_that_nobody_gets(mask: int, status: NT) -> None:
    with pytest.raises(SMBError) as caught:
        check_mask(mask)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("mask", "read_only", "attributes", "granted"),
    [
        (0x12019F, False, 0x20, 0x12019F),
        (0x12019F, True, 0x20, None),
        (0x120089, True, 0x20, 0x120089),
        (Access.DELETE, True, 0x20, None),
        (Access.WRITE_ATTRIBUTES, True, 0x20, None),
        (Access.MAXIMUM_ALLOWED, False, 0x20, 0x1F01FF),
        (Access.MAXIMUM_ALLOWED, True, 0x20, 0x1200A9),
        (Access.MAXIMUM_ALLOWED, False, Attribute.READONLY, 0x1F01B9),
        (Access.MAXIMUM_ALLOWED | Access.WRITE_DATA, False, Attribute.READONLY, None),
        (Access.WRITE_DATA, False, Attribute.READONLY, None),
        (Access.APPEND_DATA, False, Attribute.READONLY, None),
        (Access.DELETE, False, Attribute.READONLY, Access.DELETE),
        (Access.WRITE_DATA, False, Attribute.READONLY | Attribute.DIRECTORY, Access.WRITE_DATA),
    ],
)
def test_what_is_granted(mask: int, read_only: bool, attributes: int, granted: int | None) -> None:
    if granted is not None:
        assert grant(mask, read_only_share=read_only, attributes=attributes) == granted
        return
    with pytest.raises(SMBError) as caught:
        grant(mask, read_only_share=read_only, attributes=attributes)
    assert caught.value.status == NT.ACCESS_DENIED
