"""Copies of folders: nothing of the original is lost, and nothing of it is touched."""

import errno
import hashlib
import os
import socket
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fakesmb.folders import copying
from fakesmb.folders.copying import Copied, Copy, size_of
from fakesmb.folders.errors import FolderError, Stopped
from fakesmb.folders.removal import remove
from fakesmb.nt import posixacl
from tests.folders.conftest import user_xattrs


def copied(source: Path, target: Path, limit: int = 1 << 30, stopped: Callable[[], bool] = bool) -> Copied:
    target.mkdir()
    return Copy(limit, stopped).run(str(source), str(target))


def everything(folder: Path) -> dict[str, Any]:
    """All that can be seen of a tree, but for inode numbers."""
    seen: dict[str, Any] = {}
    for path in sorted([folder, *folder.rglob("*")]):
        st = path.lstat()
        facts: list[object] = [stat.S_IFMT(st.st_mode), stat.S_IMODE(st.st_mode), st.st_mtime_ns]
        if path.is_symlink():
            facts.append(os.readlink(path))
        elif path.is_file():
            facts += [st.st_size, hashlib.sha256(path.read_bytes()).hexdigest()]
        if not path.is_symlink():
            facts.append({name: os.getxattr(path, name) for name in sorted(os.listxattr(path))})
        seen[str(path.relative_to(folder))] = facts
    return seen


@pytest.fixture
def original(tmp_path: Path) -> Path:
    folder = tmp_path / "original"
    (folder / "dir" / "empty").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"hello")
    (folder / "none").write_bytes(b"")
    (folder / "large").write_bytes(os.urandom(200_000))
    (folder / "dir" / "b").write_bytes(b"b")
    (folder / "dir" / "b").chmod(0o444)
    (folder / "dir" / "to a").symlink_to("../a.txt")
    (folder / "dir" / "to nothing").symlink_to("/nowhere/at all")
    if user_xattrs(tmp_path):
        os.setxattr(folder / "a.txt", "user.EA", b"value")
        os.setxattr(folder / "dir", "user.other", b"\0\1")
    for path in folder.rglob("*"):
        os.utime(path, ns=(10**18, 10**18 + 123), follow_symlinks=False)
    os.utime(folder, ns=(10**18, 10**18))
    return folder


def test_all_is_kept_and_the_original_is_not_touched(original: Path, tmp_path: Path) -> None:
    before = everything(original)
    paths = [path for path in original.rglob("*") if not path.is_symlink()]
    inodes = {path.stat().st_ino for path in paths}
    for path in paths:
        os.utime(path, ns=(10**18, 10**18 + 123))
    times = [(path.stat().st_atime_ns, path.stat().st_ctime_ns) for path in paths]
    did = copied(original, tmp_path / "copy")
    assert [(path.stat().st_atime_ns, path.stat().st_ctime_ns) for path in paths] == times
    assert everything(tmp_path / "copy") == before
    assert not inodes & {path.lstat().st_ino for path in (tmp_path / "copy").rglob("*")}
    assert did.size == 200_000 + 5 + 1
    assert did.told("x") == []
    (tmp_path / "copy" / "a.txt").write_bytes(b"changed")
    assert everything(original) == before


def test_holes_stay_holes(tmp_path: Path) -> None:
    source = tmp_path / "original"
    source.mkdir()
    with open(source / "sparse", "wb") as file:
        file.truncate(1 << 30)
        file.seek(1 << 29)
        file.write(b"x" * 100)
    with open(source / "nothing", "wb") as file:
        file.truncate(1 << 20)
    assert size_of(str(source)) < 1 << 20
    copied(source, tmp_path / "copy", limit=1 << 20)
    for name in ("sparse", "nothing"):
        st = (tmp_path / "copy" / name).stat()
        assert st.st_size == (source / name).stat().st_size
        assert st.st_blocks * 512 < 1 << 20
    with open(tmp_path / "copy" / "sparse", "rb") as file:
        file.seek((1 << 29) - 1)
        assert file.read(103) == b"\0" + b"x" * 100 + b"\0\0"


@pytest.mark.parametrize("refused", ["clone", "range", "both"])
def test_what_the_kernel_cannot_is_done_another_way(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    """Whichever of reflink and copy_file_range two file systems do not know."""
    import fcntl

    def no(*_: object) -> int:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    def cloned(to_fd: int, code: int, from_fd: int) -> int:
        os.pwrite(to_fd, os.pread(from_fd, 1 << 20, 0), 0)
        return 0

    monkeypatch.setattr(fcntl, "ioctl", no if refused != "range" else cloned)
    if refused != "clone":
        monkeypatch.setattr(os, "copy_file_range", no)
    before = everything(original)
    copied(original, tmp_path / "copy")
    assert everything(tmp_path / "copy") == before


def test_other_trouble_of_the_disk_is_told(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for number, (module, name) in enumerate([(fcntl, "ioctl"), (os, "copy_file_range")]):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with pytest.raises(OSError, match="No space"):
                copied(original, tmp_path / f"copy{number}")


def test_devices_pipes_and_sockets_are_left_out_and_said(tmp_path: Path) -> None:
    source = tmp_path / "o"
    source.mkdir()
    (source / "a").write_bytes(b"a")
    os.mkfifo(source / "pipe")
    for number in range(5):
        os.mkfifo(source / f"q{number}")
    here = os.getcwd()
    with closing(socket.socket(socket.AF_UNIX)) as one:
        os.chdir(source)  # the path of a socket is short
        one.bind("socket")
        os.chdir(here)
        did = copied(source, tmp_path / "copy")
    assert os.listdir(tmp_path / "copy") == ["a"]
    assert did.told("share x") == [
        "share x: devices, pipes and sockets are left out: pipe, q0, q1, q2, q3 and 2 more"
    ]


def test_extended_attributes_that_the_place_does_not_take_are_counted(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(*_: object) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    if not user_xattrs(tmp_path):
        pytest.skip("the disk takes no extended attributes")
    monkeypatch.setattr(os, "setxattr", no)
    did = copied(original, tmp_path / "copy")
    assert did.told("x") == ["x: the extended attributes of 2 files are left out: the place takes none"]
    monkeypatch.setattr(os, "listxattr", no)
    assert copied(original, tmp_path / "copy2").xattrs_lost == 0


def test_more_than_the_limit_and_the_end_of_the_server_stop_it(original: Path, tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"has more than 97\.7 KiB"):
        copied(original, tmp_path / "copy", limit=100_000)
    with pytest.raises(Stopped):
        copied(original, tmp_path / "copy2", stopped=lambda: True)
    answers = iter([False] * 5)
    with pytest.raises(Stopped):  # in the middle of a large file
        copied(original, tmp_path / "copy3", stopped=lambda: next(answers, True))


def test_a_directory_that_may_not_be_written_can_be_in_the_copy(tmp_path: Path) -> None:
    (tmp_path / "o" / "d").mkdir(parents=True)
    (tmp_path / "o" / "d").chmod(0o555)
    copied(tmp_path / "o", tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy" / "d").stat().st_mode) == 0o755


def test_what_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "o" / "d").mkdir(parents=True)
    (tmp_path / "o" / "d" / "secret").write_bytes(b"")

    def refusing(path: str, flags: int = 0) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(copying, "_open", refusing)
    with pytest.raises(PermissionError) as error:
        copied(tmp_path / "o", tmp_path / "copy")
    assert error.value.filename == str(tmp_path / "o")


def test_trees_are_removed_whatever_their_depth_and_rights(tmp_path: Path) -> None:
    """Deeper than a path may be long, and with directories that nobody may write or read."""
    top = tmp_path / "top"
    top.mkdir()
    fd = os.open(top, os.O_RDONLY)
    for _ in range(120):
        name = "d" * 200
        os.mkdir(name, dir_fd=fd)
        inner = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(os.open("file", os.O_CREAT, dir_fd=inner))
        os.close(fd)
        fd = inner
    os.close(fd)
    (top / "closed" / "x" / "y").mkdir(parents=True)
    (top / "closed" / "x" / "f").write_bytes(b"")
    (top / ".fakesmb-0").write_bytes(b"a name that is wanted for something else")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"")
    (top / "link").symlink_to(outside)
    (top / "closed" / "x").chmod(0)
    (top / "closed").chmod(0o500)
    remove(str(top))
    assert not top.exists()
    assert os.listdir(outside) == ["kept"]
    remove(str(top))  # nothing there: nothing said


def test_posix_acls_are_copied(tmp_path: Path) -> None:
    """As the owner's mode, group and others: they belong to the files."""
    original = tmp_path / "with-acl"
    original.mkdir()
    acl = posixacl.packed(
        posixacl.checked(
            [
                *posixacl.of_mode(0o750),
                posixacl.AclEntry(posixacl.AclTag.USER, 7, 1234),
                posixacl.AclEntry(posixacl.AclTag.MASK, 5),
            ]
        )
    )
    for kind in ("access", "default"):
        try:
            os.setxattr(original, f"system.posix_acl_{kind}", acl)
        except OSError:
            pytest.skip("the disk of the temporary directory takes no ACLs")
    copied(original, tmp_path / "copy")
    for kind in ("access", "default"):
        assert os.getxattr(tmp_path / "copy", f"system.posix_acl_{kind}") == acl
