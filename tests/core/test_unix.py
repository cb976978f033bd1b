"""The CIFS Unix extensions as clients use them: levels 0x200 and up, POSIX names, open, unlink and locks."""

import errno
import os
import struct
from pathlib import Path

import pytest

from fakesmb.auth.accounts import Account, Accounts, Guest
from fakesmb.nt.status import NT
from fakesmb.testing import PASSWORD, USER, Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.dirs import DeleteRequest, RenameRequest
from fakesmb.wire.negotiate import Capability
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindFirst2Response,
    QueryFileInformationRequest,
    QueryFsInformationRequest,
    QueryPathInformationRequest,
    SetFileInformationRequest,
    SetFsInformationRequest,
    SetPathInformationRequest,
    Trans2,
)
from fakesmb.wire.unix import FileType, PosixLock, PosixOpenRequest, PosixOpenResponse, UnixFsInfo
from tests.core.conftest import Make
from tests.refusals import Refuses

NONE = b"\xff" * 8
CREATE, EXCLUSIVE, TRUNCATE, DIRECTORY, READ, READ_WRITE = 0x10, 0x20, 0x40, 0x200, 1, 4


def query(client: Client, level: int, name: str) -> bytes:
    return bytes(
        client.trans2(Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest(level, 0, name)).data
    )


def change(client: Client, level: int, name: str, data: bytes) -> bytes:
    asked = SetPathInformationRequest(level, 0, name)
    return bytes(client.trans2(Trans2.SET_PATH_INFORMATION, asked, data).data)


def basic(
    *, size: bytes = NONE, write: int = 0, uid: bytes = NONE, kind: int = 0, mode: int | None = None
) -> bytes:
    head = size + NONE + NONE + bytes(8) + struct.pack("<q", write) + uid + NONE
    return head + struct.pack("<I24x", kind) + (NONE if mode is None else struct.pack("<Q", mode)) + NONE


def mode_of(client: Client, name: str) -> int:
    return int(struct.unpack_from("<Q", query(client, 0x200, name), 84)[0])


def posix_open(client: Client, name: str, flags: int, mode: int = 0o644) -> PosixOpenResponse:
    data = change(client, 0x209, name, PosixOpenRequest(0, flags, mode, 0x200).encode())
    return PosixOpenResponse.decode(data[:12])


def unlink(client: Client, name: str, *, directory: bool = False) -> None:
    change(client, 0x20A, name, struct.pack("<H", directory))


def posix_names(client: Client) -> Client:
    asked = UnixFsInfo(capabilities=0x30).encode()
    client.trans2(Trans2.SET_FS_INFORMATION, SetFsInformationRequest(0, 0x200), asked)
    return client


@pytest.fixture
def unix(make: Make) -> Client:
    return posix_names(make().client().sign_in().connect("public"))


def test_the_server_says_what_it_has(unix: Client) -> None:
    answer = unix.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x200)).data
    assert UnixFsInfo.decode(answer) == UnixFsInfo(1, 0, 0x173)
    assert len(unix.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x201)).data) == 56
    who = unix.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x202)).data
    assert struct.unpack_from("<II", who) == (0, 1)


def test_a_share_may_be_without(make: Make, refuses: Refuses) -> None:
    server: InMemoryServer = make()
    assert server.client().negotiate().capabilities & Capability.UNIX
    for share in server.server.shares.values():
        share.unix_extensions = False
    client = server.client()
    assert not client.negotiate().capabilities & Capability.UNIX
    client = server.client().sign_in().connect("public")
    with refuses(NT.INVALID_LEVEL):
        client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x200))
    with refuses(NT.INVALID_LEVEL):
        query(client, 0x200, "a.txt")
    with refuses(NT.INVALID_LEVEL):
        posix_names(client)


def test_permissions_and_times_are_set(unix: Client, folders: dict[str, Path]) -> None:
    stamp = 0x01D0000000000000
    change(unix, 0x200, "/a.txt", basic(mode=0o751, write=stamp))
    assert mode_of(unix, "/a.txt") == 0o751
    assert struct.unpack_from("<q", query(unix, 0x200, "/a.txt"), 32) == (stamp,)
    change(unix, 0x200, "/a.txt", basic(size=struct.pack("<Q", 3)))
    assert (folders["public"] / "a.txt").read_bytes() == b"012"


def test_a_handle_is_never_of_a_link_itself(unix: Client, refuses: Refuses) -> None:
    """smbtorture's raw.qfileinfo takes this for a level that is not there, and other refusals for faults."""
    fid = unix.create("a.txt")
    with refuses(NT.NOT_SUPPORTED):
        unix.trans2(Trans2.QUERY_FILE_INFORMATION, QueryFileInformationRequest(fid, 0x201))
    with refuses(NT.INVALID_PARAMETER):
        query(unix, 0x201, "/a.txt")


def test_files_are_not_given_away(unix: Client, refuses: Refuses) -> None:
    with refuses(NT.ACCESS_DENIED):
        change(unix, 0x200, "/a.txt", basic(uid=struct.pack("<Q", 12345)))


def special_bits(folder: Path) -> dict[str, int]:
    return {one.name: bits for one in folder.iterdir() if (bits := one.stat().st_mode & 0o7000)}


def set_every_mode(client: Client) -> None:
    """Every request that has mode bits, with all of the special ones."""
    for mode in (0o4755, 0o2755, 0o1777, 0o7777, 0o6755 | 0o100000):
        name = f"m{mode:o}"
        client.close(posix_open(client, f"/{name}", CREATE | EXCLUSIVE | READ_WRITE, mode).fid)
        posix_open(client, f"/{name}.dir", CREATE | DIRECTORY, mode)
        change(client, 0x200, f"/{name}.node", basic(size=bytes(8), kind=0, mode=mode))
        change(client, 0x200, f"/{name}.mkdir", basic(kind=1, mode=mode))
        change(client, 0x200, f"/{name}.pipe", basic(kind=FileType.FIFO, mode=mode))
        for level in (0x200, 0x20B):
            change(client, level, "/a.txt", basic(mode=mode) + (bytes(16) if level == 0x20B else b""))
        fid = client.create("a.txt", access=0x12019F | 0xC0100)
        asked = SetFileInformationRequest(fid, 0x200)
        client.trans2(Trans2.SET_FILE_INFORMATION, asked, basic(mode=mode))
        client.close(fid)


@pytest.mark.parametrize("admin", [True, False])
def test_no_client_makes_a_program_that_runs_as_the_server(
    make: Make, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, *, admin: bool
) -> None:
    """Set-user-ID, set-group-ID and sticky bits reach the disk by no request, whoever the server is."""
    accounts = Accounts([Account.with_password(USER, PASSWORD, admin=admin)])
    unix = posix_names(make(accounts=accounts).client().sign_in().connect("public"))
    for root in (True, False):
        monkeypatch.setattr("fakesmb.vfs.local.modes.has_rights_of_root", lambda root=root: root)
        set_every_mode(unix)
        assert special_bits(folders["public"]) == {}
        for made in folders["public"].glob("m*"):
            (made.rmdir if made.is_dir() else made.unlink)()


def test_special_bits_are_set_on_a_share_that_says_so_unless_the_server_is_root(
    make: Make, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts([Account.with_password(USER, PASSWORD)], guest=Guest.READ_WRITE)
    server = make(special_modes=["public"], accounts=accounts)
    unix = posix_names(server.client().sign_in().connect("public"))
    guest = posix_names(server.client().sign_in("nobody", "").connect("public"))
    monkeypatch.setattr("fakesmb.vfs.local.modes.has_rights_of_root", lambda: True)
    change(unix, 0x200, "/a.txt", basic(mode=0o4755))
    assert special_bits(folders["public"]) == {}
    monkeypatch.setattr("fakesmb.vfs.local.modes.has_rights_of_root", lambda: False)
    change(guest, 0x200, "/a.txt", basic(mode=0o4755))
    assert special_bits(folders["public"]) == {}
    change(unix, 0x200, "/a.txt", basic(mode=0o4755))
    assert special_bits(folders["public"]) == {"a.txt": 0o4000}


def test_a_directory_keeps_the_special_bits_that_local_people_gave_it(
    unix: Client, folders: dict[str, Path]
) -> None:
    (folders["public"] / "dir").chmod(0o2770)
    change(unix, 0x200, "/dir", basic(mode=0o755))
    assert mode_of(unix, "/dir") == 0o2755


@pytest.mark.parametrize(("access", "left"), [(0x120089, 0o6755), (0x120116, 0o755), (0x100004, 0o755)])
def test_a_program_that_a_client_may_write_to_runs_as_nobody_else(
    unix: Client, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, access: int, left: int
) -> None:
    """What the kernel does at a write, but not for root."""
    monkeypatch.setattr("fakesmb.vfs.local.modes.has_rights_of_root", lambda: True)
    (folders["public"] / "a.txt").chmod(0o6755)
    unix.close(unix.create("/a.txt", access=access))
    assert mode_of(unix, "/a.txt") == left


@pytest.mark.parametrize("disposition", [0, 4, 5])
def test_nor_where_the_disk_has_no_extended_attributes(
    unix: Client, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, disposition: int
) -> None:
    """There the read-only attribute is a mode bit; setting it brings nothing back that was taken."""

    def refuses(*_: object, **__: object) -> None:
        raise OSError(errno.ENOTSUP, "no extended attributes")

    for name in ("setxattr", "getxattr", "listxattr"):
        monkeypatch.setattr(os, name, refuses)
    monkeypatch.setattr("fakesmb.vfs.local.modes.has_rights_of_root", lambda: True)
    (folders["public"] / "a.txt").chmod(0o6755)
    fid = unix.create("/a.txt", access=0x12019F, disposition=disposition)
    assert mode_of(unix, "/a.txt") == 0o755
    asked = SetFileInformationRequest(fid, 0x20B)
    born = struct.pack("<Q", 0x01D0000000000000)
    unix.trans2(Trans2.SET_FILE_INFORMATION, asked, basic(mode=0o700) + born + bytes(8))
    assert mode_of(unix, "/a.txt") == 0o700


def test_owners_are_changed_by_no_client_not_even_an_administrator(
    make: Make, folders: dict[str, Path], refuses: Refuses
) -> None:
    accounts = Accounts([Account.with_password(USER, PASSWORD, admin=True)])
    unix = posix_names(make(accounts=accounts).client().sign_in().connect("public"))
    before = (folders["public"] / "a.txt").stat()
    for target in ("/a.txt", "/dir"):
        with refuses(NT.ACCESS_DENIED):
            change(unix, 0x200, target, basic(uid=struct.pack("<Q", 12345)))
    now = (folders["public"] / "a.txt").stat()
    assert (now.st_uid, now.st_gid) == (before.st_uid, before.st_gid)


def test_mknod_makes_directories_and_files_and_no_devices(
    unix: Client, folders: dict[str, Path], refuses: Refuses
) -> None:
    change(unix, 0x200, "/d", basic(kind=1, mode=0o711))
    change(unix, 0x200, "/f", basic(size=bytes(8), kind=0, mode=0o600))
    assert (folders["public"] / "d").is_dir()
    assert mode_of(unix, "/d") == 0o711
    assert mode_of(unix, "/f") == 0o600
    for kind in (3, 4):
        with refuses(NT.ACCESS_DENIED):
            change(unix, 0x200, "/n", basic(kind=kind, mode=0o600))
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        change(unix, 0x200, "/n", basic(mode=0o600))


def test_links_keep_their_text_and_lead_nowhere_outside(
    unix: Client, folders: dict[str, Path], refuses: Refuses
) -> None:
    for name, target in (("in", "a.txt"), ("out", "../outside/secret.txt"), ("dangling", "/no/such")):
        change(unix, 0x201, f"/{name}", target.encode("utf-16-le") + b"\0\0")
        assert query(unix, 0x201, f"/{name}").decode("utf-16-le") == target + "\0"
        assert struct.unpack_from("<I", query(unix, 0x200, f"/{name}"), 56) == (2,)
    unix.close(posix_open(unix, "/in", READ).fid)
    with refuses(NT.ACCESS_DENIED):
        posix_open(unix, "/out", READ)
    with refuses(NT.INVALID_PARAMETER):
        query(unix, 0x201, "/a.txt")
    change(unix, 0x200, "/out", basic(mode=0o777, write=0x01D0000000000000))
    assert (folders["public"].parent / "outside" / "secret.txt").stat().st_mode & 0o777 != 0o777
    unlink(unix, "/out")
    assert not os.path.lexists(folders["public"] / "out")


def entries(client: Client, pattern: str, level: int = 0x104) -> int:
    answer = client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 150, 6, level, 0, pattern))
    return FindFirst2Response.decode(answer.parameters).search_count


def test_with_posix_names_links_are_files_of_their_own_for_all_levels(
    unix: Client, make: Make, folders: dict[str, Path], refuses: Refuses
) -> None:
    """smbclient after `posix` lists at level 0x104, and deletes and renames what it finds by the old commands."""
    secret = str(folders["public"].parent / "outside" / "secret.txt")
    os.setxattr(secret, "user.NAME", b"value")
    for name, target in (("in", "a.txt"), ("to-dir", "dir"), ("out", secret), ("nowhere", "no/such")):
        change(unix, 0x201, f"/{name}", target.encode("utf-16-le") + b"\0\0")
    assert entries(unix, "/*") == 8
    assert entries(unix, "/nowhere") == 1
    assert struct.unpack_from("<q", query(unix, 0x102, "/out"), 8) == (len(secret),)
    assert struct.unpack_from("<I", query(unix, 0x103, "/out")) == (0,)
    with refuses(NT.ACCESS_DENIED):
        query(unix, 0x109, "/out")
    with refuses(NT.OBJECT_NAME_COLLISION):
        unix.call(0x07, RenameRequest(0x16, "/in", "/nowhere"), Empty)
    unix.call(0x07, RenameRequest(0x16, "/in", "/on"), Empty)
    for name in ("on", "to-dir", "out", "nowhere"):
        unix.call(0x06, DeleteRequest(0x16, f"/{name}"), Empty)
    assert sorted(os.listdir(folders["public"])) == ["a.txt", "dir"]
    os.symlink("no/such", folders["public"] / "nowhere")
    assert entries(make().client().sign_in().connect("public"), "*") == 4  # others do not see where it leads


def test_a_directory_opens_for_reading(unix: Client, refuses: Refuses) -> None:
    unix.close(posix_open(unix, "/dir", READ).fid)
    for flags in (READ_WRITE, READ | CREATE, READ | TRUNCATE):
        with refuses(NT.FILE_IS_A_DIRECTORY):
            posix_open(unix, "/dir", flags)


def test_a_path_that_climbs_is_refused(unix: Client, refuses: Refuses) -> None:
    with refuses(NT.OBJECT_PATH_SYNTAX_BAD):
        query(unix, 0x200, "/../outside/secret.txt")
    (name,) = ("sub",)
    change(unix, 0x201, f"/{name}", "../outside".encode("utf-16-le") + b"\0\0")
    with refuses(NT.ACCESS_DENIED):
        query(unix, 0x200, f"/{name}/secret.txt")


def test_a_hard_link_is_one_more_name(unix: Client) -> None:
    change(unix, 0x203, "/b", "/a.txt".encode("utf-16-le") + b"\0\0")
    assert struct.unpack_from("<Q", query(unix, 0x200, "/b"), 92) == (2,)


def test_posix_names_are_what_they_are(unix: Client, folders: dict[str, Path], refuses: Refuses) -> None:
    for name in ("A.txt", "q:r", "b\\s", "star*"):
        unix.close(posix_open(unix, f"/{name}", CREATE | EXCLUSIVE | READ_WRITE).fid)
    assert {"a.txt", "A.txt", "q:r", "b\\s", "star*"} <= set(os.listdir(folders["public"]))
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        query(unix, 0x200, "/Q:R")
    answer = unix.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 150, 6, 0x202, 0, "/*"))
    assert FindFirst2Response.decode(answer.parameters).search_count == 8
    assert "b\\s\0".encode("utf-16-le") in bytes(answer.data)


def test_open_creates_truncates_and_refuses(unix: Client, folders: dict[str, Path], refuses: Refuses) -> None:
    made = posix_open(unix, "/.new", CREATE | READ_WRITE, 0o640)
    assert made.create_action == 2
    assert mode_of(unix, "/.new") == 0o640
    unix.write(made.fid, b"data")
    unix.close(made.fid)
    again = posix_open(unix, "/.new", CREATE | TRUNCATE | READ_WRITE)
    assert (again.create_action, (folders["public"] / ".new").read_bytes()) == (3, b"")
    unix.close(again.fid)
    with refuses(NT.OBJECT_NAME_COLLISION):
        posix_open(unix, "/.new", CREATE | EXCLUSIVE | READ_WRITE)
    directory = posix_open(unix, "/d", CREATE | DIRECTORY | READ, 0o700)
    assert (directory.fid, directory.create_action) == (0, 2)
    with refuses(NT.NOT_A_DIRECTORY):
        unlink(unix, "/.new", directory=True)
    with refuses(NT.FILE_IS_A_DIRECTORY):
        unlink(unix, "/d")
    unlink(unix, "/d", directory=True)


def test_an_unlinked_file_lives_on_for_those_who_have_it_open(unix: Client, folders: dict[str, Path]) -> None:
    fid = posix_open(unix, "/t", CREATE | READ_WRITE).fid
    unix.write(fid, b"still here")
    unlink(unix, "/t")
    assert not (folders["public"] / "t").exists()
    assert unix.read(fid) == b"still here"
    unix.close(fid)


def lock(client: Client, fid: int, kind: int, start: int, length: int, pid: int = 0x1234) -> None:
    data = PosixLock(kind, 0, pid, start, length).encode()
    client.trans2(Trans2.SET_FILE_INFORMATION, SetFileInformationRequest(fid, 0x208), data)


def test_locks_of_a_process_replace_each_other_and_exclude_others(unix: Client, refuses: Refuses) -> None:
    fid = posix_open(unix, "/a.txt", READ_WRITE).fid
    lock(unix, fid, 1, 0, 100)
    lock(unix, fid, 0, 20, 10)
    lock(unix, fid, 2, 40, 10)
    lock(unix, fid, 1, 40, 10, pid=7)
    with refuses(NT.FILE_LOCK_CONFLICT):
        lock(unix, fid, 1, 20, 1, pid=7)
    lock(unix, fid, 0, 20, 10, pid=7)
    asked = PosixLock(1, 0, 9, 0, 0).encode()
    answer = unix.trans2(Trans2.QUERY_FILE_INFORMATION, QueryFileInformationRequest(fid, 0x208), asked).data
    assert PosixLock.decode(answer).type in (0, 1)
    lock(unix, fid, 2, 0, 0)
    lock(unix, fid, 2, 0, 0, pid=7)
    answer = unix.trans2(Trans2.QUERY_FILE_INFORMATION, QueryFileInformationRequest(fid, 0x208), asked).data
    assert PosixLock.decode(answer).type == 2


def test_a_lock_needs_bytes_and_a_write_lock_an_open_that_may_write(unix: Client, refuses: Refuses) -> None:
    fid = posix_open(unix, "/a.txt", READ).fid
    lock(unix, fid, 0, 0, 1)
    with refuses(NT.INVALID_HANDLE):
        lock(unix, fid, 1, 0, 1)
    with refuses(NT.INVALID_PARAMETER):
        lock(unix, fid, 0, 5, 0)


def test_a_tree_that_is_read_only_opens_for_reading(make: Make, refuses: Refuses) -> None:
    client = posix_names(make().client().sign_in().connect("docs"))
    client.close(posix_open(client, "/manual.txt", READ).fid)
    for attempt in (
        lambda: posix_open(client, "/manual.txt", READ | TRUNCATE),
        lambda: posix_open(client, "/d", CREATE | DIRECTORY | READ),
        lambda: change(client, 0x200, "/manual.txt", basic(mode=0o777)),
        lambda: unlink(client, "/manual.txt"),
        lambda: change(client, 0x201, "/l", b"x\0\0\0"),
    ):
        with refuses(NT.ACCESS_DENIED):
            attempt()
