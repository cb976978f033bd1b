"""POSIX ACLs: kept by the disk, or in an extended attribute of ours; inherited; and what chmod(2) does to them."""

import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakesmb.nt import posixacl
from fakesmb.nt.posixacl import Acl, AclEntry, Acls, AclTag, of_mode
from fakesmb.nt.status import NT
from fakesmb.testing import Client
from fakesmb.vfs import disk
from fakesmb.wire.info import LevelContext
from fakesmb.wire.trans2 import (
    QueryFileInformationRequest,
    SetFileInformationRequest,
    Trans2,
)
from fakesmb.wire.unix_acl import NO_ACL, encode_acl
from tests.core.conftest import Make
from tests.core.test_unix import (
    CREATE,
    READ_WRITE,
    basic,
    change,
    mode_of,
    posix_names,
    posix_open,
    query,
)
from tests.refusals import Refuses

OWNER, GROUP, OTHER = (AclEntry(tag, 7) for tag in (AclTag.USER_OBJ, AclTag.GROUP_OBJ, AclTag.OTHER))
EVE = AclEntry(AclTag.USER, 7, 1234)
STAFF = AclEntry(AclTag.GROUP, 5, 50)


def acl(user: int, named: int, group: int, mask: int, other: int) -> Acl:
    """An ACL with one named user, who is 1234."""
    return (
        AclEntry(AclTag.USER_OBJ, user),
        AclEntry(AclTag.USER, named, 1234),
        AclEntry(AclTag.GROUP_OBJ, group),
        AclEntry(AclTag.MASK, mask),
        AclEntry(AclTag.OTHER, other),
    )


def packed(access: Acl | None = None, default: Acl | None = None) -> bytes:
    """The data of a set request; None leaves an ACL alone."""
    data = encode_acl(Acls(access or (), default or ()), LevelContext())
    counts = (NO_ACL if one is None else len(one) for one in (access, default))
    return struct.pack("<HHH", 1, *counts) + data[6:]


def told(data: bytes) -> Acls:
    """The ACLs of an answer."""
    version, count, defaults = struct.unpack_from("<HHH", data)
    assert version == 1
    assert len(data) == 6 + 10 * (count + defaults)
    found = [AclEntry(tag, bits, who & 0xFFFFFFFF) for tag, bits, who in struct.iter_unpack("<BBQ", data[6:])]
    return Acls(tuple(found[:count]), tuple(found[count:]))


def acls(client: Client, name: str) -> Acls:
    return told(query(client, 0x204, name))


@pytest.fixture(params=["the disk's own", "ours"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where ACLs are kept; skips where the disk takes none of its own."""
    if request.param == "ours":
        for name in ("getxattr", "setxattr", "removexattr"):
            monkeypatch.setattr(disk, name, _without_acls(getattr(disk, name)))
    else:
        try:
            os.setxattr(tmp_path, "system.posix_acl_access", posixacl.packed(acl(7, 7, 7, 7, 0)))
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            pytest.skip("the disk of the temporary directory takes no ACLs")
        os.removexattr(tmp_path, "system.posix_acl_access")
    return str(request.param)


def _without_acls(call: Any) -> Any:
    def wrapped(path: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("system."):
            raise OSError(errno.EOPNOTSUPP, "no ACLs here")
        return call(path, name, *args, **kwargs)

    return wrapped


@pytest.fixture
def unix(kept: str, make: Make) -> Client:
    return posix_names(make().client().sign_in().connect("public"))


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_file_without_an_acl_has_that_of_its_mode(unix: Client) -> None:
    change(unix, 0x200, "/a.txt", basic(mode=0o640))
    assert acls(unix, "/a.txt") == Acls(of_mode(0o640))


def test_an_acl_is_kept_and_changes_the_mode(unix: Client, folders: dict[str, Path], kept: str) -> None:
    wanted = acl(6, 7, 4, 5, 0)
    change(unix, 0x204, "/a.txt", packed(wanted))
    assert acls(unix, "/a.txt") == Acls(wanted)
    assert mode_of(unix, "/a.txt") == 0o650
    names = os.listxattr(folders["public"] / "a.txt")
    assert ("system.posix_acl_access" in names) == (kept == "the disk's own")
    assert ("user.fakesmb.posix_acl_access" in names) == (kept == "ours")


def test_a_mode_changes_the_mask_and_not_the_group(unix: Client, folders: dict[str, Path]) -> None:
    change(unix, 0x204, "/a.txt", packed(acl(6, 7, 4, 5, 0)))
    change(unix, 0x200, "/a.txt", basic(mode=0o731))
    assert acls(unix, "/a.txt") == Acls(acl(7, 7, 4, 3, 1))
    (folders["public"] / "a.txt").chmod(0o604)  # by a local program
    assert acls(unix, "/a.txt") == Acls(acl(6, 7, 4, 0, 4))


def test_permission_bits_alone_take_it_away(unix: Client, folders: dict[str, Path]) -> None:
    change(unix, 0x204, "/a.txt", packed(acl(6, 7, 4, 5, 0)))
    change(unix, 0x204, "/a.txt", packed(of_mode(0o604)))
    assert acls(unix, "/a.txt") == Acls(of_mode(0o604))
    assert mode_of(unix, "/a.txt") == 0o604
    assert not [name for name in os.listxattr(folders["public"] / "a.txt") if "posix_acl" in name]


def test_no_entries_take_it_away_too(unix: Client) -> None:
    change(unix, 0x204, "/a.txt", packed(acl(6, 7, 4, 5, 1)))
    change(unix, 0x204, "/a.txt", packed(()))
    assert acls(unix, "/a.txt") == Acls(of_mode(0o641))


def test_what_is_left_alone_stays(unix: Client) -> None:
    change(unix, 0x204, "/dir", packed(acl(7, 7, 5, 7, 0), acl(7, 5, 5, 7, 0)))
    before = acls(unix, "/dir")
    change(unix, 0x204, "/dir", packed())
    assert acls(unix, "/dir") == before
    change(unix, 0x204, "/dir", packed(default=()))
    assert acls(unix, "/dir") == Acls(before.access)
    change(unix, 0x204, "/dir", packed(default=of_mode(0o750)))
    change(unix, 0x204, "/dir", packed(of_mode(0o700)))
    assert acls(unix, "/dir") == Acls(of_mode(0o700), of_mode(0o750))


@pytest.mark.usefixtures("umask")
def test_new_files_and_directories_inherit(unix: Client, kept: str) -> None:
    default = acl(7, 7, 5, 7, 0)
    change(unix, 0x204, "/dir", packed(default=default))
    posix_open(unix, "/dir/posix", CREATE | READ_WRITE, 0o755)
    assert acls(unix, "/dir/posix") == Acls(acl(7, 7, 5, 5, 0))
    posix_open(unix, "/dir/private", CREATE | READ_WRITE, 0o600)
    assert acls(unix, "/dir/private") == Acls(acl(6, 7, 5, 0, 0))
    posix_open(unix, "/dir/sub", 0x200 | CREATE, 0o777)
    assert acls(unix, "/dir/sub") == Acls(default, default)
    posix_open(unix, "/dir/sub/deep", CREATE | READ_WRITE, 0o666)
    assert acls(unix, "/dir/sub/deep") == Acls(acl(6, 7, 5, 6, 0))
    change(unix, 0x200, "/dir/pipe", basic(kind=5, mode=0o640))
    assert mode_of(unix, "/dir/pipe") == 0o640
    if kept == "the disk's own":  # of a pipe it keeps no attributes of ours
        assert acls(unix, "/dir/pipe") == Acls(acl(6, 7, 5, 4, 0))


@pytest.mark.usefixtures("umask", "kept")
def test_files_that_windows_clients_make_inherit(make: Make, folders: dict[str, Path]) -> None:
    server = make()
    unix = posix_names(server.client().sign_in().connect("public"))
    change(unix, 0x204, "/dir", packed(default=acl(7, 7, 5, 7, 0)))
    windows = server.client().sign_in().connect("public")
    windows.create("dir\\new.txt", disposition=2)
    windows.create("dir\\folder", disposition=2, options=1)
    assert acls(unix, "/dir/new.txt") == Acls(acl(6, 7, 5, 6, 0))
    assert acls(unix, "/dir/folder") == Acls(acl(7, 7, 5, 7, 0), acl(7, 7, 5, 7, 0))


def test_by_an_open_file_too(unix: Client) -> None:
    opened = posix_open(unix, "/a.txt", READ_WRITE)
    wanted = acl(6, 4, 4, 4, 4)
    asked = SetFileInformationRequest(opened.fid, 0x204)
    unix.trans2(Trans2.SET_FILE_INFORMATION, asked, packed(wanted))
    data = unix.trans2(Trans2.QUERY_FILE_INFORMATION, QueryFileInformationRequest(opened.fid, 0x204)).data
    assert told(bytes(data)) == Acls(wanted)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ((OWNER, GROUP), "others are missing"),
        ((OWNER, GROUP, OTHER, OTHER), "others twice"),
        ((OWNER, OWNER, GROUP, OTHER), "owners twice"),
        ((OWNER, EVE, GROUP, OTHER), "a user without a mask"),
        ((OWNER, GROUP, STAFF, OTHER), "a group without a mask"),
        ((OWNER, GROUP, AclEntry(AclTag.MASK, 7), AclEntry(AclTag.MASK, 7), OTHER), "masks twice"),
        ((AclEntry(AclTag.USER_OBJ, 8), GROUP, OTHER), "an unknown permission"),
        ((OWNER, GROUP, OTHER, AclEntry(0x40, 7)), "an unknown kind"),
        ((OWNER, AclEntry(AclTag.USER, 7), GROUP, AclEntry(AclTag.MASK, 7), OTHER), "a user who is nobody"),
        (
            (OWNER, AclEntry(AclTag.USER, 7, 1 << 33), GROUP, AclEntry(AclTag.MASK, 7), OTHER),
            "a number too large",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["access", "default"])
def test_what_is_no_acl_is_refused_and_changes_nothing(
    make: Make, refuses: Refuses, entries: Acl, why: str, kind: str
) -> None:
    unix = posix_names(make().client().sign_in().connect("public"))
    before = acls(unix, "/dir")
    with refuses(NT.INVALID_PARAMETER):
        change(unix, 0x204, "/dir", packed(**{kind: entries}))
    assert acls(unix, "/dir") == before


def test_no_more_entries_than_an_attribute_has_room_for(refuses: Refuses) -> None:
    many = [AclEntry(AclTag.USER, 7, number) for number in range(posixacl.MOST_ENTRIES - 4)]
    base = (OWNER, GROUP, AclEntry(AclTag.MASK, 7), OTHER)
    assert len(posixacl.packed(posixacl.checked([*many, *base]))) <= 0x10000
    with refuses(NT.INVALID_PARAMETER):
        posixacl.checked([*many, *base, STAFF])


def test_entries_are_taken_in_any_order(unix: Client) -> None:
    change(unix, 0x204, "/a.txt", packed(acl(6, 7, 4, 5, 0)[::-1]))
    assert acls(unix, "/a.txt") == Acls(acl(6, 7, 4, 5, 0))


def test_a_file_has_no_default_and_a_link_no_acl(
    unix: Client, folders: dict[str, Path], refuses: Refuses
) -> None:
    with refuses(NT.ACCESS_DENIED):
        change(unix, 0x204, "/a.txt", packed(default=acl(7, 7, 7, 7, 7)))
    change(unix, 0x204, "/a.txt", packed(default=()))
    (folders["public"] / "link").symlink_to("a.txt")
    with refuses(NT.NOT_SUPPORTED):
        change(unix, 0x204, "/link", packed(acl(7, 7, 7, 7, 7)))
    assert acls(unix, "/link") == Acls(of_mode(0o777))


def test_a_read_only_share_keeps_its_acls(make: Make, refuses: Refuses) -> None:
    unix = posix_names(make().client().sign_in().connect("docs"))
    with refuses(NT.ACCESS_DENIED):
        change(unix, 0x204, "/manual.txt", packed(acl(7, 7, 7, 7, 7)))


def test_a_disk_that_keeps_nothing_says_so(
    make: Make, refuses: Refuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> bytes:
        raise OSError(errno.EOPNOTSUPP, "no extended attributes here")

    for name in ("getxattr", "setxattr", "removexattr"):
        monkeypatch.setattr(disk, name, refuse)
    unix = posix_names(make().client().sign_in().connect("public"))
    change(unix, 0x204, "/a.txt", packed(of_mode(0o751)))
    assert acls(unix, "/a.txt") == Acls(of_mode(0o751))
    with refuses(NT.NOT_SUPPORTED):
        change(unix, 0x204, "/a.txt", packed(acl(7, 7, 7, 7, 7)))
    assert mode_of(unix, "/a.txt") == 0o751


@pytest.mark.parametrize(
    "value", [b"", b"\2\0\0", b"\1\0\0\0", b"\2\0\0\0" + bytes(7), posixacl.packed((OWNER, GROUP))]
)
def test_what_is_kept_and_no_acl_counts_for_nothing(value: bytes) -> None:
    assert posixacl.unpacked(value) == ()


def test_what_is_kept_is_as_acl_5_has_it() -> None:
    value = posixacl.packed(acl(6, 7, 4, 5, 0))
    golden = "02000000 01000600ffffffff 02000700d2040000 04000400ffffffff 10000500ffffffff 20000000ffffffff"
    assert value == bytes.fromhex(golden)
    assert posixacl.unpacked(value) == acl(6, 7, 4, 5, 0)
