"""Access checks, inheritance and changes of descriptors, by the rules of [MS-DTYP] 2.5.3."""

import os
from typing import Final

import pytest

from fakesmb.nt.descriptor import (
    Ace,
    AceFlag,
    AceType,
    Acl,
    Control,
    Descriptor,
    SecurityInformation,
    WellKnown,
    acl_of,
    allow,
)
from fakesmb.nt.files import Access, Option
from fakesmb.nt.status import NT
from fakesmb.nt.token import Token
from fakesmb.vfs.rules.permissions import (
    allowed,
    changed,
    default_descriptor,
    for_new,
    rights_to_query,
    rights_to_set,
    selected,
    through_parent,
    through_privileges,
)
from tests.refusals import Refuses

BOB: Final = "S-1-5-21-1-2-3-1001"
EVE: Final = "S-1-5-21-1-2-3-1002"
STAFF: Final = "S-1-5-21-1-2-3-2000"
bob = Token(BOB, frozenset((WellKnown.EVERYONE, STAFF)), STAFF)
eve = Token(EVE, frozenset((WellKnown.EVERYONE,)), STAFF)
admin = Token(EVE, frozenset((WellKnown.EVERYONE, WellKnown.ADMINISTRATORS)), STAFF, admin=True)

OI, CI, NP, IO = 1, 2, 4, 8
PRESENT: Final = Control.SELF_RELATIVE | Control.DACL_PRESENT
AUTO: Final = Control.DACL_AUTO_INHERITED
PARTS = SecurityInformation
OWNERS: Final = Access.READ_CONTROL | Access.WRITE_DAC


def deny(sid: str, mask: int) -> Ace:
    return Ace(AceType.DENIED, 0, mask, sid)


def descriptor(*aces: Ace, owner: str = EVE, control: int = PRESENT) -> Descriptor:
    return Descriptor(owner, STAFF, acl_of(aces), None, control)


class TestAllowed:
    """Who may do what."""

    def test_the_first_entry_that_names_a_right_decides(self) -> None:
        after = descriptor(allow(BOB, Access.READ_DATA), deny(BOB, Access.READ_DATA | Access.WRITE_DATA))
        before = descriptor(deny(STAFF, Access.READ_DATA), allow(BOB, Access.READ_DATA | Access.DELETE))
        assert allowed(after, bob) == Access.READ_DATA
        assert allowed(before, bob) == Access.DELETE

    def test_no_list_allows_everything_and_an_empty_one_nothing(self) -> None:
        assert allowed(Descriptor(EVE, control=PRESENT), bob) == Access.FILE_ALL
        assert allowed(descriptor(), bob) == 0

    def test_an_owner_may_always_read_and_change_the_list(self) -> None:
        assert allowed(descriptor(deny(EVE, Access.FILE_ALL)), eve) == OWNERS

    def test_owner_rights_take_the_place_of_that(self) -> None:
        rights = descriptor(allow(WellKnown.OWNER_RIGHTS, Access.READ_DATA))
        assert allowed(rights, eve) == Access.READ_DATA
        assert allowed(rights, bob) == 0

    def test_entries_for_others_to_inherit_do_not_count(self) -> None:
        assert allowed(descriptor(allow(BOB, Access.FILE_ALL, OI | CI | IO)), bob) == 0

    def test_creator_owner_is_nobody(self) -> None:
        assert allowed(descriptor(allow(WellKnown.CREATOR_OWNER, Access.FILE_ALL)), eve) == OWNERS

    def test_generic_rights_are_files_rights(self) -> None:
        assert allowed(descriptor(allow(BOB, Access.GENERIC_READ)), bob) == Access.FILE_READ

    def test_a_directory_lets_delete_and_see_what_is_in_it(self) -> None:
        assert through_parent(descriptor(allow(BOB, Access.DELETE_CHILD)), bob) == Access.DELETE
        assert through_parent(descriptor(allow(BOB, Access.LIST_DIRECTORY)), bob) == Access.READ_ATTRIBUTES

    def test_administrators_take_ownership_and_back_up_where_they_ask_for_it(self) -> None:
        assert through_privileges(admin, Access.MAXIMUM_ALLOWED, 0) == 0
        assert through_privileges(admin, Access.WRITE_OWNER, 0) == Access.WRITE_OWNER
        assert through_privileges(admin, 0, Option.BACKUP_INTENT) & Access.READ_DATA
        assert through_privileges(bob, Access.WRITE_OWNER, Option.BACKUP_INTENT) == 0


@pytest.mark.parametrize(
    ("flags", "in_file", "in_directory"),
    [
        (0, [], []),
        (OI, [(0, BOB)], [(OI | IO, WellKnown.CREATOR_OWNER)]),
        (CI, [], [(0, BOB), (CI | IO, WellKnown.CREATOR_OWNER)]),
        (OI | CI, [(0, BOB)], [(0, BOB), (OI | CI | IO, WellKnown.CREATOR_OWNER)]),
        (NP, [], []),
        (NP | OI, [(0, BOB)], []),
        (NP | CI, [], [(0, BOB)]),
        (NP | OI | CI, [(0, BOB)], [(0, BOB)]),
        (IO | OI, [(0, BOB)], [(OI | IO, WellKnown.CREATOR_OWNER)]),
        (IO | CI, [], [(0, BOB), (CI | IO, WellKnown.CREATOR_OWNER)]),
        (IO | NP | OI | CI, [(0, BOB)], [(0, BOB)]),
    ],
)
def test_what_new_objects_inherit(
    flags: int, in_file: list[tuple[int, str]], in_directory: list[tuple[int, str]]
) -> None:
    """An entry of CREATOR OWNER is the creator's in the new object, and stays one for what is made in it."""
    parent = descriptor(allow(WellKnown.CREATOR_OWNER, Access.WRITE_DATA, flags))
    for directory, expected in ((False, in_file), (True, in_directory)):
        made = for_new(parent, None, bob, directory=directory)
        assert made.owner == BOB
        assert made.group == STAFF
        assert made.dacl is not None
        if expected:
            assert [(ace.flags, ace.sid) for ace in made.dacl.aces] == expected
        else:
            assert [(ace.sid, ace.mask) for ace in made.dacl.aces] == [
                (BOB, Access.FILE_ALL),
                (WellKnown.SYSTEM, Access.FILE_ALL),
            ]


class TestForNew:
    """Descriptors of new files and directories."""

    def test_an_entry_that_needs_no_change_is_kept_as_one(self) -> None:
        made = for_new(descriptor(allow(EVE, Access.FILE_READ, OI | CI)), None, bob, directory=True)
        assert made.dacl == acl_of([allow(EVE, Access.FILE_READ, OI | CI)])

    def test_generic_rights_stay_generic_for_what_comes_after(self) -> None:
        made = for_new(descriptor(allow(EVE, Access.GENERIC_ALL, CI)), None, bob, directory=True)
        assert made.dacl == acl_of([allow(EVE, Access.FILE_ALL), allow(EVE, Access.GENERIC_ALL, CI | IO)])

    def test_automatic_inheritance_marks_entries_and_descriptor(self) -> None:
        parent = descriptor(allow(EVE, Access.FILE_READ, OI), control=PRESENT | AUTO)
        made = for_new(parent, None, bob, directory=False)
        assert made.control == PRESENT | AUTO
        assert made.dacl == acl_of([allow(EVE, Access.FILE_READ, AceFlag.INHERITED)])

    def test_a_given_list_replaces_what_would_be_inherited(self) -> None:
        parent = descriptor(allow(EVE, Access.FILE_READ, OI))
        given = descriptor(allow(BOB, Access.GENERIC_READ), owner=BOB)
        assert for_new(parent, given, bob, directory=False).dacl == acl_of([allow(BOB, Access.FILE_READ)])

    def test_with_automatic_inheritance_both_count_unless_it_is_protected(self) -> None:
        parent = descriptor(allow(EVE, Access.FILE_READ, OI), control=PRESENT | AUTO)
        given = descriptor(
            allow(BOB, Access.FILE_READ), allow(BOB, Access.DELETE, AceFlag.INHERITED), owner=BOB
        )
        made = for_new(parent, given, bob, directory=False)
        assert made.dacl == acl_of(
            [allow(BOB, Access.FILE_READ), allow(EVE, Access.FILE_READ, AceFlag.INHERITED)]
        )
        protected = descriptor(owner=BOB, control=PRESENT | Control.DACL_PROTECTED)
        made = for_new(parent, protected, bob, directory=False)
        assert made.dacl == Acl()
        assert made.control & Control.DACL_PROTECTED

    def test_a_given_null_list_is_kept(self) -> None:
        made = for_new(descriptor(allow(EVE, 1, OI)), Descriptor(control=PRESENT), bob, directory=False)
        assert made.dacl is None
        assert made.control & Control.DACL_PRESENT

    def test_audit_entries_are_inherited_too(self) -> None:
        audit = Ace(AceType.AUDIT, OI | 0x40, Access.DELETE, WellKnown.EVERYONE)
        parent = Descriptor(EVE, STAFF, None, acl_of([audit]), PRESENT | Control.SACL_PRESENT)
        made = for_new(parent, None, bob, directory=False)
        assert made.sacl == acl_of([Ace(AceType.AUDIT, 0x40, Access.DELETE, WellKnown.EVERYONE)])
        assert made.control & Control.SACL_PRESENT

    def test_files_of_administrators_belong_to_all_of_them(self) -> None:
        assert for_new(descriptor(), None, admin, directory=False).owner == WellKnown.ADMINISTRATORS

    def test_only_administrators_make_others_owners(self, refuses: Refuses) -> None:
        given = Descriptor(EVE)
        with refuses(NT.INVALID_OWNER):
            for_new(descriptor(), given, bob, directory=False)
        assert for_new(descriptor(), Descriptor(BOB), admin, directory=False).owner == BOB


class TestChanged:
    """What SET_SECURITY_DESC leaves behind."""

    def test_only_the_parts_that_are_named(self) -> None:
        old = descriptor(allow(BOB, 1))
        new = Descriptor(BOB, WellKnown.USERS, acl_of([allow(EVE, 2)]), None, PRESENT)
        assert changed(old, new, PARTS.OWNER, admin) == Descriptor(BOB, STAFF, old.dacl, None, PRESENT)
        assert changed(old, new, PARTS.GROUP, bob).group == WellKnown.USERS
        assert changed(old, new, PARTS.DACL, bob).dacl == new.dacl

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            (AUTO, 0),
            (Control.DACL_AUTO_INHERIT_REQ, 0),
            (AUTO | Control.DACL_AUTO_INHERIT_REQ, AUTO),
            (Control.DACL_PROTECTED, Control.DACL_PROTECTED),
        ],
    )
    def test_automatic_inheritance_must_be_asked_for(self, given: int, kept: int) -> None:
        """As NTFS: AUTO_INHERITED is set where AUTO_INHERIT_REQ comes with it, which itself is never kept."""
        new = descriptor(control=PRESENT | given)
        assert changed(descriptor(), new, PARTS.DACL, bob).control == PRESENT | kept

    def test_protection_by_the_request(self) -> None:
        protected = changed(descriptor(), descriptor(), PARTS.DACL | PARTS.PROTECTED_DACL, bob)
        assert protected.control & Control.DACL_PROTECTED
        again = changed(protected, protected, PARTS.DACL | PARTS.UNPROTECTED_DACL, bob)
        assert not again.control & Control.DACL_PROTECTED

    def test_generic_rights_are_stored_as_specific_ones_but_for_inheriting(self) -> None:
        new = descriptor(allow(BOB, Access.GENERIC_ALL), allow(BOB, Access.GENERIC_ALL, OI | IO))
        dacl = changed(descriptor(), new, PARTS.DACL, bob).dacl
        assert dacl is not None
        assert [ace.mask for ace in dacl.aces] == [Access.FILE_ALL, Access.GENERIC_ALL]

    def test_without_a_list_everything_is_allowed(self) -> None:
        emptied = changed(descriptor(), Descriptor(), PARTS.DACL, bob)
        assert emptied.dacl is None
        assert emptied.control == PRESENT

    def test_owners(self, refuses: Refuses) -> None:
        old = descriptor()
        with refuses(NT.INVALID_OWNER):
            changed(old, Descriptor(STAFF), PARTS.OWNER, bob)
        with refuses(NT.INVALID_OWNER):
            changed(old, Descriptor(), PARTS.OWNER, admin)
        with refuses(NT.INVALID_SECURITY_DESCR):
            changed(old, Descriptor(), PARTS.GROUP, admin)
        assert changed(old, Descriptor(BOB), PARTS.OWNER, bob).owner == BOB

    def test_selecting_parts(self) -> None:
        whole = descriptor(allow(BOB, 1), control=PRESENT | Control.DACL_PROTECTED)
        assert selected(whole, PARTS.OWNER) == Descriptor(EVE)
        assert selected(whole, PARTS.DACL) == Descriptor(dacl=whole.dacl, control=whole.control)

    def test_rights_that_parts_need(self) -> None:
        assert rights_to_query(PARTS.OWNER | PARTS.DACL) == Access.READ_CONTROL
        assert rights_to_query(PARTS.SACL) == Access.SYSTEM_SECURITY
        assert rights_to_set(PARTS.GROUP | PARTS.DACL) == Access.WRITE_OWNER | Access.WRITE_DAC
        assert rights_to_set(PARTS.SACL) == Access.SYSTEM_SECURITY


class TestDefault:
    """The descriptor of files that have none."""

    def made_by(
        self, monkeypatch: pytest.MonkeyPatch, *, euid: int, mode: int, uid: int, gid: int = 7
    ) -> Descriptor:
        monkeypatch.setattr(os, "geteuid", lambda: euid)
        monkeypatch.setattr(os, "getegid", lambda: 5)
        return default_descriptor(os.stat_result((mode, 1, 1, 1, uid, gid, 0, 0, 0, 0)))

    def rights(self, found: Descriptor) -> int:
        assert found.dacl is not None
        (ace,) = found.dacl.aces
        assert ace.sid == WellKnown.EVERYONE
        return ace.mask

    def test_the_servers_own_files_are_administrators(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = self.made_by(monkeypatch, euid=1000, mode=0o100644, uid=1000)
        assert (found.owner, found.group) == (WellKnown.ADMINISTRATORS, WellKnown.USERS)
        assert self.rights(found) == Access.FILE_ALL

    def test_others_files_show_what_the_server_may_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = self.made_by(monkeypatch, euid=1000, mode=0o100644, uid=33)
        assert (found.owner, found.group) == ("S-1-22-1-33", "S-1-22-2-7")
        assert self.rights(found) & Access.READ_DATA
        assert not self.rights(found) & (Access.WRITE_DATA | Access.APPEND_DATA)

    def test_root_may_do_everything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.rights(self.made_by(monkeypatch, euid=0, mode=0o100000, uid=33)) == Access.FILE_ALL

    def test_a_directorys_is_for_inheriting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = self.made_by(monkeypatch, euid=1000, mode=0o040600, uid=1000)
        assert not self.rights(found) & Access.TRAVERSE
        assert found.dacl is not None
        assert found.dacl.aces[0].flags == OI | CI
