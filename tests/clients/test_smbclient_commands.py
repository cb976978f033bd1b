"""Commands of smbclient that ask for more than files: attributes, streams, EAs, links, POSIX, tar."""

import os
import re
import shutil
import struct
import tarfile
import time
from pathlib import Path

import pytest

from tests.clients.client_runs import USER, Running, make_tree, tree_of
from tests.clients.test_samba_clients import raw_smbclient, smbclient
from tests.clients.test_two_clients import typed

pytestmark = pytest.mark.client
NOBODY = 0xFFFFFFFF


def inside(smb: Running, work: Path, command: str) -> str:
    """What smbclient says to commands given in the test's folder; some of them may fail."""
    return str(raw_smbclient(smb, command=f'cd "{work.name}"; {command}').stdout)


def with_posix(smb: Running, work: Path, command: str) -> str:
    """`posix` leads back to the root."""
    return str(raw_smbclient(smb, command=f'posix; cd "{work.name}"; {command}').stdout)


def attributes(said: str) -> list[str]:
    return re.findall(r"^attributes: (\w*) \(", said, re.MULTILINE)


# -- attributes and what else a file has -----------------------------------------------------------------------


def test_setmode_sets_and_clears_each_letter(smb: Running, work: Path) -> None:
    (work / "a").write_text("x")
    steps = ("-a", "+r", "-r+h", "+s", "+a", "-rsh", "-a")
    said = inside(smb, work, "".join(f"setmode a {step}; allinfo a; " for step in steps) + "ls")
    assert attributes(said) == ["", "R", "H", "HS", "HSA", "A", ""]
    assert re.search(r"^  a  +N +1 ", said, re.MULTILINE), said


def test_read_only_files_are_kept(smb: Running, work: Path) -> None:
    (work / "a").write_text("x")
    assert "NT_STATUS_CANNOT_DELETE" in inside(smb, work, "setmode a +r; del a; rename a b; del b")
    assert "NT_STATUS" not in inside(smb, work, "setmode b -r; del b")
    assert list(work.iterdir()) == []


def test_utimes_sets_all_four(smb: Running, work: Path) -> None:
    (work / "a").write_text("x")
    (work / "d").mkdir()
    times = " ".join(f"200{year}:02:03-04:05:06" for year in range(1, 5))
    for name in ("a", "d"):
        said = inside(smb, work, f"utimes {name} {times}; allinfo {name}")
        for year, which in enumerate(("create", "access", "write", "change"), 1):
            assert re.search(rf"^{which}_time: +\w+ Feb  3 04:05:06 200{year} UTC", said, re.MULTILINE), said


def test_allinfo_and_altname(smb: Running, work: Path, tmp_path: Path) -> None:
    """Streams of files and directories are listed; a stream has the 8.3 name of its file."""
    (work / "not of eight and three.text").write_bytes(b"12345")
    (work / "folder").mkdir()
    (tmp_path / "s").write_bytes(b"stream")
    name = "not of eight and three.text"
    said = inside(
        smb,
        work,
        f'lcd {tmp_path}; put s "{name}:one"; put s folder:two; get "{name}:one" back; '
        f'altname "{name}"; allinfo "{name}"; allinfo "{name}:one"; allinfo folder; altname none',
    )
    short = re.search(r"^(N[0-9A-Z]{5}~[0-9A-Z]\.TEX)$", said, re.MULTILINE)
    assert short is not None, said
    assert re.findall("^altname: (.*)$", said, re.MULTILINE) == [short[1], short[1], "folder"]
    assert said.count("stream: [::$DATA], 5 bytes\nstream: [:one:$DATA], 6 bytes\n") == 2, said
    assert re.search(r"attributes: DA \(30\)\nstream: \[:two:\$DATA\], 6 bytes", said), said
    assert "NT_STATUS_OBJECT_NAME_NOT_FOUND getting alt name" in said
    assert (tmp_path / "back").read_bytes() == b"stream"
    assert "stream" in inside(smb, work, f"get {short[1]}:one -")


def test_extended_attributes(smb: Running, work: Path) -> None:
    (work / "a").touch()
    said = inside(
        smb, work, 'setea a one 1; setea a TWO "v 2"; geteas a; setea a One ""; geteas a; setea b x y'
    )
    assert re.findall(r"^(\w+) \(0\) =\n\[0000\] [0-9A-F ]+?  +(.*?) *$", said, re.MULTILINE) == [
        ("ONE", "1"),
        ("TWO", "v 2"),
        ("TWO", "v 2"),
    ]
    assert re.search(r"set_ea .*b: NT_STATUS_OBJECT_NAME_NOT_FOUND", said)


def test_copies_and_hard_links(smb: Running, work: Path) -> None:
    data = os.urandom(100_000)
    (work / "a").write_bytes(data)
    (work / "folder").mkdir()
    said = inside(
        smb, work, "hardlink a b; scopy a c; hardlink a b; hardlink folder x; hardlink none x; scopy a b"
    )
    for status in ("OBJECT_NAME_COLLISION", "FILE_IS_A_DIRECTORY", "OBJECT_NAME_NOT_FOUND"):
        assert f"NT_STATUS_{status} doing an NT hard link" in said
    assert re.search(r"Failed to create file .*\\b\. NT_STATUS_OBJECT_NAME_COLLISION", said), said
    assert (work / "a").samefile(work / "b")
    assert (work / "c").read_bytes() == data
    assert not (work / "c").samefile(work / "a")


def test_trees_and_sessions_come_and_go(smb: Running) -> None:
    said = smbclient(smb, command="tcon docs; ls; tdis; tid; tcon none; tcon files; tid; logoff")
    for text in ("tcon to docs", "readme.txt", "tdis", "no tcon currently", "tcon to files", "logoff"):
        assert text in said
    assert said.count("successful") == 4
    assert "tcon failed: NT_STATUS_BAD_NETWORK_NAME" in said
    said = str(raw_smbclient(smb, command=f"logon bob Hunter22; ls; logon {USER} wrong; ls").stdout)
    assert said.count("blocks available") == 1
    assert "session setup failed: NT_STATUS_LOGON_FAILURE" in said


def test_a_stranger_s_numbers_are_refused(smb: Running, work: Path) -> None:
    (work / "a").touch()
    said = inside(smb, work, "open a; close 9; vuid 77; ls")
    assert "close 9: NT_STATUS_INVALID_HANDLE" in said
    assert "NT_STATUS_USER_SESSION_DELETED listing" in said


# -- tar -----------------------------------------------------------------------------------------------------------


def names_in(archive: Path) -> set[str]:
    with tarfile.open(archive) as tar:
        return {member.name.removeprefix("./") for member in tar if member.isfile()}


def test_tar_saves_and_restores(smb: Running, work: Path, tmp_path: Path) -> None:
    """All of it, then what has changed since: the archive bit, which a write sets, tells."""
    files = make_tree(work)
    smbclient(smb, command=f"tarmode full reset; tar c {tmp_path}/full.tar {work.name}")
    assert names_in(tmp_path / "full.tar") == {f"{work.name}/{name}" for name in files}
    assert set(attributes(inside(smb, work, "allinfo a.txt; allinfo UPPER.TXT"))) == {""}
    (tmp_path / "a.txt").write_bytes(b"hello\nworld\n")
    inside(smb, work, f"lcd {tmp_path}; reput a.txt; rename empty vide")
    smbclient(smb, command=f"tarmode inc; tar c {tmp_path}/inc.tar {work.name}")
    assert names_in(tmp_path / "inc.tar") == {f"{work.name}/a.txt", f"{work.name}/vide"}
    shutil.rmtree(work)
    smbclient(smb, command=f"tar x {tmp_path}/full.tar")
    assert tree_of(work) == files


# -- POSIX ---------------------------------------------------------------------------------------------------------


def test_posix_files_and_directories(smb: Running, work: Path) -> None:
    said = with_posix(
        smb,
        work,
        "posix_mkdir d 711; stat d; posix_open d/f 640; stat d/f; chmod 604 d/f; stat d/f; link d/f d/g; "
        "posix_mkdir d 700; posix_rmdir d; posix_unlink d; posix_unlink d/f; posix_unlink d/g; posix_unlink d/g; "
        "posix_rmdir d; stat d; posix_whoami",
    )
    assert re.search(r"directory\nInode: \d+\tLinks: 2\nAccess: \(0711/drwx--x--x\)", said), said
    assert re.search(r"regular file\nInode: \d+\tLinks: 1\nAccess: \(0640/-rw-r-----\)", said), said
    assert "Access: (0604/-rw----r--)" in said
    for text in (
        f"posix_mkdir created directory /{work.name}/d",
        f"Failed to open file /{work.name}/d. NT_STATUS_OBJECT_NAME_COLLISION",
        f"Failed to unlink directory /{work.name}/d. NT_STATUS_DIRECTORY_NOT_EMPTY",
        f"Failed to unlink file /{work.name}/d. NT_STATUS_FILE_IS_A_DIRECTORY",
        f"posix_unlink deleted file /{work.name}/d/g",
        f"Failed to unlink file /{work.name}/d/g. NT_STATUS_OBJECT_NAME_NOT_FOUND",
        f"posix_rmdir deleted directory /{work.name}/d",
        f"NT_STATUS_OBJECT_NAME_NOT_FOUND stat file /{work.name}/d",
        "GUEST:False",
        "S-1-5-32-544",
    ):
        assert text in said, f"{text!r} not in:\n{said}"
    assert list(work.iterdir()) == []


def test_posix_acls_are_permission_bits(smb: Running, work: Path) -> None:
    (work / "a").touch()
    (work / "a").chmod(0o640)
    assert "user::rw-\ngroup::r--\nother::---\n" in with_posix(smb, work, "getfacl a")


def test_symbolic_links_are_files_of_their_own(smb: Running, work: Path, tmp_path: Path) -> None:
    """For a client with POSIX names: it sees, renames and deletes them wherever they lead. Others see none of it."""
    (work / "a.txt").write_text("here")
    (work / "d").mkdir()
    said = with_posix(
        smb,
        work,
        "symlink a.txt in; symlink no/such nowhere; symlink /etc/passwd out; symlink d to-d; readlink out; stat in; "
        f"ls; symlink x in; readlink a.txt; get out {tmp_path}/out; rename nowhere nirgends",
    )
    assert os.readlink(work / "nirgends") == "no/such"
    assert f"/{work.name}/out -> /etc/passwd" in said
    assert re.search(r"File: .*/in\nSize: 5 .*symbolic link\n", said), said
    assert {"a.txt", "d", "in", "nowhere", "out", "to-d"} <= set(
        re.findall(r"^  (\S+)  ", said, re.MULTILINE)
    )
    assert re.search(r"^  out +\w* +11  ", said, re.MULTILINE), said
    assert "NT_STATUS_OBJECT_NAME_COLLISION symlinking files" in said
    assert "NT_STATUS_INVALID_PARAMETER readlink on file" in said
    assert "NT_STATUS_ACCESS_DENIED opening remote file" in said
    plain = inside(smb, work, f"ls; get in {tmp_path}/in")
    assert "nirgends" not in plain
    assert "  out " not in plain
    assert (tmp_path / "in").read_text() == "here"
    assert "NT_STATUS" not in with_posix(smb, work, "rm nirgends; rm o*; rm to-d; rm in")
    assert sorted(os.listdir(work)) == ["a.txt", "d"]
    assert Path("/etc/passwd").exists()


def test_posix_locks_wait_for_each_other(smb: Running, work: Path) -> None:
    (work / "a").touch()
    with typed(smb) as first, typed(smb) as second:
        for client in (first, second):
            client.type("posix")  # smbclient forgets lines that come before it has done the last
            client.wait_for("capabilities")
            client.type(f"posix_open {work.name}/a 644")
            client.wait_for("fnum 16384")
        first.type("lock 16384 w 0 10")
        time.sleep(0.1)
        first.type("lock 16384 r 0 0")
        first.wait_for("lock failed 16384: NT_STATUS_INVALID_PARAMETER")
        second.type("lock 16384 r 5 1")
        time.sleep(0.1)
        second.type("tid")
        time.sleep(0.1)
        assert "current tid" not in second.heard()
        first.type("unlock 16384 0 10")
        second.wait_for("current tid")
        assert "failed" not in second.said


# -- encryption, ACLs, names as they are spelt -------------------------------------------------------------------


def test_posix_encrypt_once_and_again(smb: Running, work: Path) -> None:
    (work / "a").write_bytes(os.urandom(300_000))
    copy = work.parent / f"{work.name}-copy"
    said = inside(
        smb, work, f"posix; posix_encrypt; cd {work.name}; get a {copy}; put {copy} b; posix_encrypt; ls"
    )
    assert said.count("encryption on") == 2, said
    assert (work / "b").read_bytes() == (work / "a").read_bytes() == copy.read_bytes()
    copy.unlink()
    assert smb.problems() == []


def test_a_client_that_encrypts_everything(smb: Running, work: Path) -> None:
    (work / "a").write_text("x")
    done = raw_smbclient(smb, "--client-protection=encrypt", command=f"ls {work.name}/*")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^  a +", str(done.stdout), re.MULTILINE)


def test_getfacl_shows_what_is_kept(smb: Running, work: Path) -> None:
    (work / "a").write_text("x")
    entries = ((1, 6, NOBODY), (2, 7, 1234), (4, 4, NOBODY), (16, 5, NOBODY), (32, 0, NOBODY))
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in entries)
    for name in (
        "system.posix_acl_access",
        "user.fakesmb.posix_acl_access",
    ):  # where the disk takes none of its own
        try:
            os.setxattr(work / "a", name, value)
            break
        except OSError:
            (work / "a").chmod(0o650)
    said = with_posix(smb, work, "getfacl a")
    for line in ("user::rw-", "user:1234:rwx", "group::r--", "mask::r-x", "other::---"):
        assert line in said


def test_case_sensitive_means_names_as_they_are_spelt(smb: Running, work: Path) -> None:
    (work / "a").write_text("x")
    said = inside(smb, work, "case_sensitive; ls A; rename a A; ls A")
    assert "NT_STATUS_NO_SUCH_FILE listing" in said
    assert re.search(r"^  A +A +1 ", said, re.MULTILINE), said
    assert [path.name for path in work.iterdir()] == ["A"]
