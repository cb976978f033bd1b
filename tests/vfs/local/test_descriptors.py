"""Descriptors that are kept with files, and what they forbid whom."""

import os
from collections.abc import Callable
from typing import Any, Final

import pytest

from fakesmb.nt.descriptor import (
    Ace,
    AceType,
    Control,
    Descriptor,
    SecurityInformation,
    WellKnown,
    acl_of,
    allow,
)
from fakesmb.nt.files import Access, Disposition, Option
from fakesmb.nt.status import NT
from fakesmb.nt.token import Token
from fakesmb.vfs.local import descriptors
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.store import CreateParameters, Handle, Opened
from tests.refusals import Refuses
from tests.vfs.lab import Lab

BOB: Final = "S-1-5-21-1-2-3-1001"
EVE: Final = "S-1-5-21-1-2-3-1002"
GROUP: Final = "S-1-5-21-1-2-3-513"
EVERYONE: Final = frozenset((WellKnown.EVERYONE,))
DACL: Final = SecurityInformation.DACL
PRESENT: Final = Control.SELF_RELATIVE | Control.DACL_PRESENT


class Users:
    """One share as three users see it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.bob = lab.store.for_user(Token(BOB, EVERYONE, GROUP))
        self.eve = lab.store.for_user(Token(EVE, EVERYONE, GROUP))
        self.admin = lab.store.for_user(
            Token("S-1-5-21-1-2-3-500", EVERYONE | {WellKnown.ADMINISTRATORS}, GROUP, admin=True)
        )

    def protect(self, path: str, *aces: Ace, owner: str = BOB) -> None:
        """Gives a file a descriptor."""
        handle = self.open(self.admin, path, Access.WRITE_DAC | Access.WRITE_OWNER).handle
        given = Descriptor(owner, GROUP, acl_of(aces), None, PRESENT)
        self.admin.set_security(handle, DACL | SecurityInformation.OWNER, given)
        self.admin.close(handle)

    def open(self, store: LocalStore, path: str, access: int, **request: Any) -> Opened:
        return store.create(Path.parse(path), CreateParameters(access, **request))

    def try_(self, store: LocalStore, path: str, access: int, **request: Any) -> int:
        """Opens, closes, and gives the access that was granted."""
        handle = self.open(store, path, access, **request).handle
        store.close(handle)
        return handle.access


@pytest.fixture
def users(lab: Lab) -> Users:
    try:
        os.setxattr(lab.root, "user.probe", b"1")
    except OSError:
        pytest.skip("no extended attributes here")
    (lab.root / "a.txt").write_text("a")
    (lab.root / "d").mkdir()
    (lab.root / "d" / "b.txt").write_text("b")
    return Users(lab)


def sids(store: LocalStore, handle: Handle) -> list[str]:
    dacl = store.query_security(handle, DACL).dacl
    assert dacl is not None
    return [ace.sid for ace in dacl.aces]


class TestOpen:
    """Opens of what is there."""

    def test_an_open_gets_no_more_than_the_list_allows(self, users: Users, refuses: Refuses) -> None:
        users.protect("a.txt", allow(BOB, Access.FILE_ALL), allow(EVE, Access.FILE_READ))
        assert users.try_(users.bob, "a.txt", Access.GENERIC_ALL) == Access.FILE_ALL
        assert users.try_(users.eve, "a.txt", Access.GENERIC_READ) == Access.FILE_READ
        with refuses(NT.ACCESS_DENIED):
            users.open(users.eve, "a.txt", Access.WRITE_DATA)

    def test_maximum_allowed_is_what_the_list_and_the_directory_give(self, users: Users) -> None:
        users.protect("a.txt", allow(EVE, Access.READ_DATA), owner=EVE)
        expected = (
            Access.READ_DATA | Access.READ_CONTROL | Access.WRITE_DAC | Access.READ_ATTRIBUTES | Access.DELETE
        )
        assert users.try_(users.eve, "a.txt", Access.MAXIMUM_ALLOWED) == expected

    def test_administrators_are_bound_too_but_may_take_over_and_back_up(
        self, users: Users, refuses: Refuses
    ) -> None:
        users.protect("a.txt", allow(BOB, Access.FILE_ALL))
        with refuses(NT.ACCESS_DENIED):
            users.open(users.admin, "a.txt", Access.READ_DATA)
        assert users.try_(users.admin, "a.txt", Access.WRITE_OWNER) & Access.WRITE_OWNER
        users.try_(users.admin, "a.txt", Access.READ_DATA, options=Option.BACKUP_INTENT)

    def test_overwriting_needs_the_right_to_write(self, users: Users, refuses: Refuses) -> None:
        users.protect("a.txt", allow(EVE, Access.FILE_READ))
        with refuses(NT.ACCESS_DENIED):
            users.open(users.eve, "a.txt", Access.READ_DATA, disposition=Disposition.OVERWRITE_IF)
        assert (users.lab.root / "a.txt").read_text() == "a"

    def test_only_administrators_reach_the_sacl(self, users: Users, refuses: Refuses) -> None:
        with refuses(NT.PRIVILEGE_NOT_HELD):
            users.open(users.bob, "a.txt", Access.SYSTEM_SECURITY)
        handle = users.open(users.admin, "a.txt", Access.SYSTEM_SECURITY).handle
        audit = Ace(AceType.AUDIT, 0x40, Access.DELETE, WellKnown.EVERYONE)
        given = Descriptor(sacl=acl_of([audit]), control=Control.SELF_RELATIVE | Control.SACL_PRESENT)
        users.admin.set_security(handle, SecurityInformation.SACL, given)
        assert users.admin.query_security(handle, SecurityInformation.SACL) == given
        users.admin.close(handle)

    def test_what_is_no_descriptor_lets_nobody_in(self, users: Users, refuses: Refuses) -> None:
        users.protect("a.txt", allow(BOB, Access.FILE_ALL))
        os.setxattr(users.lab.root / "a.txt", descriptors.XATTR, b"nonsense")
        with refuses(NT.ACCESS_DENIED):
            users.open(users.bob, "a.txt", Access.READ_DATA)

    def test_every_open_sees_attributes(self, users: Users) -> None:
        """As over Windows' server, which asks for them besides; a client that asks for nothing gets just that."""
        assert users.try_(users.bob, "a.txt", 0) == Access.READ_ATTRIBUTES
        assert users.try_(users.bob, "a.txt", Access.WRITE_DATA) & Access.READ_ATTRIBUTES


class TestNames:
    """Making, deleting, renaming and listing."""

    def test_a_directory_says_who_may_put_what_into_it(self, users: Users, refuses: Refuses) -> None:
        users.protect("d", allow(EVE, Access.ADD_FILE))
        users.try_(users.eve, "d\\new.txt", Access.WRITE_DATA, disposition=Disposition.CREATE)
        with refuses(NT.ACCESS_DENIED):
            users.eve.make_directory(Path.parse("d\\new"))
        with refuses(NT.ACCESS_DENIED):
            users.open(users.bob, "d\\newer.txt", Access.WRITE_DATA, disposition=Disposition.CREATE)
        with refuses(NT.ACCESS_DENIED):
            users.bob.rename(Path.parse("a.txt"), Path.parse("d\\a.txt"), replace=False)
        with refuses(NT.ACCESS_DENIED):
            users.bob.link(Path.parse("a.txt"), Path.parse("d\\a.txt"), replace=False)

    def test_deleting_takes_the_right_to_the_file_or_to_its_directory(
        self, users: Users, refuses: Refuses
    ) -> None:
        path = Path.parse("d\\b.txt")
        users.protect("d\\b.txt", allow(BOB, Access.FILE_READ))
        users.protect("d", allow(EVE, Access.DELETE_CHILD), allow(BOB, Access.LIST_DIRECTORY))
        for change in (
            lambda: users.bob.delete(path),
            lambda: users.bob.rename(path, Path.parse("d\\c.txt"), replace=False),
            lambda: users.open(users.bob, "d\\b.txt", Access.DELETE),
        ):
            with refuses(NT.ACCESS_DENIED):
                change()
        users.eve.delete(path)
        assert not (users.lab.root / "d" / "b.txt").exists()

    def test_listing(self, users: Users, refuses: Refuses) -> None:
        users.protect("d", allow(BOB, Access.FILE_READ))
        users.bob.search(Path.parse("d"), "*", 0x16).close()
        with refuses(NT.ACCESS_DENIED):
            users.eve.search(Path.parse("d"), "*", 0x16)

    def test_replacing_a_file_by_a_rename_needs_the_right_to_delete_it(
        self, users: Users, refuses: Refuses
    ) -> None:
        users.protect("d\\b.txt", allow(BOB, Access.FILE_ALL))
        users.protect("d", allow(EVE, Access.ADD_FILE))
        with refuses(NT.ACCESS_DENIED):
            users.eve.rename(Path.parse("a.txt"), Path.parse("d\\b.txt"), replace=True)
        assert (users.lab.root / "a.txt").exists()

    def test_replacing_a_file_by_a_link_needs_the_right_to_delete_it_and_to_add(
        self, users: Users, refuses: Refuses
    ) -> None:
        users.protect("d\\b.txt", allow(BOB, Access.FILE_ALL))
        users.protect("d", allow(EVE, Access.ADD_FILE | Access.LIST_DIRECTORY))
        handle = users.open(users.eve, "a.txt", Access.FILE_ALL).handle
        for source in (Path.parse("a.txt"), handle):
            with refuses(NT.ACCESS_DENIED):
                users.eve.link(source, Path.parse("d\\b.txt"), replace=True)
        users.eve.close(handle)
        assert (users.lab.root / "d" / "b.txt").read_text() == "b"
        os.removexattr(users.lab.root / "d", descriptors.XATTR)
        users.protect("d", allow(EVE, Access.DELETE_CHILD))
        with refuses(NT.ACCESS_DENIED):
            users.eve.link(Path.parse("a.txt"), Path.parse("d\\b.txt"), replace=True)
        os.removexattr(users.lab.root / "d", descriptors.XATTR)
        users.protect("d", allow(EVE, Access.DELETE_CHILD | Access.ADD_FILE))
        users.eve.link(Path.parse("a.txt"), Path.parse("d\\b.txt"), replace=True)
        assert (users.lab.root / "d" / "b.txt").read_text() == "a"

    @pytest.mark.parametrize("rights", [0, Access.READ_ATTRIBUTES, Access.READ_DATA, Access.DELETE])
    def test_no_command_links_to_a_file_that_one_may_not_change(
        self, users: Users, refuses: Refuses, rights: int
    ) -> None:
        """By name, through an open and by the Unix extensions: the new name would be in a directory of one's own."""
        users.protect("a.txt", allow(BOB, Access.FILE_ALL), allow(EVE, rights))
        handle = users.open(users.eve, "a.txt", Access.READ_ATTRIBUTES).handle
        commands: list[Callable[[], None]] = [
            lambda: users.eve.link(Path.parse("a.txt"), Path.parse("d\\l"), replace=False),
            lambda: users.eve.link(Path.parse("a.txt"), Path.parse("d\\b.txt"), replace=True),
            lambda: users.eve.link(handle, Path.parse("d\\l"), replace=False),
            lambda: users.eve.posix.make_hard_link(Path.parse("a.txt"), Path.parse("d\\l")),
            lambda: users.eve.with_posix_names().link(Path.parse("a.txt"), Path.parse("d\\l"), replace=False),
        ]
        for make in commands:
            with refuses(NT.ACCESS_DENIED):
                make()
        users.eve.close(handle)
        assert os.listdir(users.lab.root / "d") == ["b.txt"]
        users.bob.link(Path.parse("a.txt"), Path.parse("d\\l"), replace=False)


class TestMaking:
    """Descriptors of new files."""

    def test_the_maker_gets_what_it_asks_for_and_the_file_what_it_inherits(
        self, users: Users, refuses: Refuses
    ) -> None:
        users.protect("d", allow(WellKnown.EVERYONE, Access.ADD_FILE), allow(BOB, Access.WRITE_DATA, 1))
        made = users.open(users.bob, "d\\n.txt", Access.FILE_ALL, disposition=Disposition.CREATE).handle
        assert made.access == Access.FILE_ALL
        assert sids(users.bob, made) == [BOB]
        users.bob.close(made)
        with refuses(NT.ACCESS_DENIED):
            users.open(users.bob, "d\\n.txt", Access.READ_DATA)

    def test_a_descriptor_that_comes_with_the_create(self, users: Users) -> None:
        given = Descriptor(BOB, None, acl_of([allow(BOB, Access.GENERIC_ALL)]), None, PRESENT)
        made = users.open(
            users.bob, "n", Access.READ_CONTROL, disposition=Disposition.CREATE, descriptor=given
        )
        assert sids(users.bob, made.handle) == [BOB]
        users.bob.close(made.handle)

    def test_an_empty_one_changes_nothing(self, users: Users) -> None:
        users.try_(
            users.bob, "n", Access.READ_CONTROL, disposition=Disposition.CREATE, descriptor=Descriptor()
        )
        assert descriptors.load(str(users.lab.root / "n")) is None
        assert not users.lab.opens.secured

    def test_one_that_cannot_be_kept_leaves_no_file(self, users: Users, refuses: Refuses) -> None:
        given = Descriptor(EVE)
        with refuses(NT.INVALID_OWNER):
            users.open(users.bob, "n", Access.READ_CONTROL, disposition=Disposition.CREATE, descriptor=given)
        assert not (users.lab.root / "n").exists()


class TestKeeping:
    """Where descriptors are, and that nobody looks where there are none."""

    def test_nothing_is_looked_up_before_the_first(
        self, users: Users, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def never(*_: object, **__: object) -> None:
            raise AssertionError

        monkeypatch.setattr(descriptors, "load", never)
        users.try_(users.bob, "a.txt", Access.READ_DATA)
        users.try_(users.bob, "n", Access.READ_DATA, disposition=Disposition.CREATE)
        users.bob.delete(Path.parse("n"))

    def test_a_share_can_keep_one_for_every_file(self, users: Users) -> None:
        root = str(users.lab.root)
        store = LocalStore(root, users.lab.opens, acls=True).for_user(Token(BOB, EVERYONE, GROUP))
        users.try_(store, "n", Access.READ_DATA, disposition=Disposition.CREATE)
        kept = descriptors.load(str(users.lab.root / "n"))
        assert kept is not None
        assert kept.owner == BOB
        assert users.try_(users.eve, "n", Access.FILE_ALL) == Access.FILE_ALL
        store.shutdown()

    def test_who_may_not_see_a_file_may_not_ask_for_it_by_name(self, users: Users, refuses: Refuses) -> None:
        users.protect("d\\b.txt", allow(BOB, Access.FILE_ALL))
        assert users.eve.query(Path.parse("d\\b.txt")).end_of_file == 1
        users.protect("d", allow(BOB, Access.FILE_ALL))
        with refuses(NT.ACCESS_DENIED):
            users.eve.query(Path.parse("d\\b.txt"))

    def test_a_later_server_looks_from_the_start(self, users: Users, refuses: Refuses) -> None:
        users.protect("a.txt", allow(BOB, Access.FILE_ALL))
        later = LocalStore(str(users.lab.root), OpenFiles()).for_user(Token(EVE, EVERYONE, GROUP))
        with refuses(NT.ACCESS_DENIED):
            users.open(later, "a.txt", Access.READ_DATA)
        later.shutdown()

    def test_keeping_the_default_changes_nothing_for_what_is_made_later(self, users: Users) -> None:
        """smbtorture and backup programs put back what they found."""
        handle = users.open(users.admin, "d", Access.READ_CONTROL | Access.WRITE_DAC).handle
        users.admin.set_security(handle, DACL, users.admin.query_security(handle, DACL))
        users.admin.close(handle)
        assert descriptors.load(str(users.lab.root / "d")) is not None
        users.try_(users.bob, "d\\n.txt", Access.FILE_ALL, disposition=Disposition.CREATE)
        assert users.try_(users.eve, "d\\n.txt", Access.FILE_ALL) == Access.FILE_ALL

    def test_parts_need_their_rights(self, users: Users, refuses: Refuses) -> None:
        handle = users.open(users.bob, "a.txt", Access.READ_DATA).handle
        with refuses(NT.ACCESS_DENIED):
            users.bob.query_security(handle, SecurityInformation.OWNER)
        with refuses(NT.ACCESS_DENIED):
            users.bob.set_security(handle, DACL, Descriptor())
        users.bob.close(handle)

    def test_maximal_access(self, users: Users) -> None:
        users.protect("a.txt", allow(EVE, Access.FILE_READ))
        handle = users.open(users.eve, "a.txt", Access.READ_DATA).handle
        assert users.eve.maximal_access(handle) == Access.FILE_READ
        assert users.lab.store.maximal_access(handle) == Access.FILE_ALL
        users.eve.close(handle)
