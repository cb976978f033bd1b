"""What programs do on a mount, each in an empty folder of its own."""

import errno
import fcntl
import mmap
import os
import random
import socket
import stat
import sys
import time
from pathlib import Path

from mounting import Mount, check, child, fails, forget, shell
from tree import TREE, same

RAW = ["colon:", "back\\slash", 'quo"te', "a<b>c", "pipe|", "q?", "star*"]
NAMES = [
    "a b",
    " lead",
    ".hidden",
    "...",
    "a~1",
    "LONGNA~1",
    "%41",
    "x'y",
    "$HOME",
    "-",
    "#x#",
    "tab\t",
    "nl\n",
    "con",
]
NAMES += [
    "aux.txt",
    "naïve café",
    "日本語",
    "😀",
    "e\u0301",
    "ß",
    "\x7f",
    "x" * 255,
    "é" * 127,
    "trail.",
    "trail ",
]


# -- a source tree -----------------------------------------------------------------------------------------


@check
def copy_and_tar(mount: Mount) -> None:
    shell("cp", *(["-a"] if mount.unix else ["-r", "--preserve=timestamps"]), TREE, "copy")
    forget()
    same(Path("copy"), unix=mount.unix)
    os.mkdir("untarred")
    keep = ["-p", "--same-owner"] if mount.unix else ["--no-same-owner", "--no-same-permissions"]
    shell("sh", "-c", f"tar -C copy -cf - . | tar -C untarred -xf - {' '.join(keep)}")
    same(Path("untarred"), unix=mount.unix)
    shell("sh", "-c", "tar -C untarred -cf /tmp/out.tar . && tar -C untarred -df /tmp/out.tar")
    os.unlink("/tmp/out.tar")
    if mount.unix:
        one, other = os.stat("copy/odd/hard"), os.stat("copy/odd/sp ace")
        assert one.st_ino == other.st_ino
    shell("rm", "-rf", "untarred", "copy")
    assert os.listdir(".") == []


@check
def build_and_run(mount: Mount) -> None:
    """Configures, builds, tests, installs and cleans the sources where they lie: on the mount."""
    shell("cp", "-r", TREE / "sources", "sources")
    tools = {"CC": "tcc", "AR": "tcc -ar", "RANLIB": "true", "LDSHARED": "tcc -shared", "CFLAGS": "-O1"}
    os.environ |= tools
    # Without Unix extensions there are no symbolic links, which its shared library wants.
    shell("./configure", *([] if mount.unix else ["--static"]), cwd="sources")
    shell("make", "-j2", "libz.a", "minigzip", *(["libz.so.1.2.13"] if mount.unix else []), cwd="sources")
    text = (TREE / "sources" / "zlib.h").read_bytes()
    Path("text").write_bytes(text)
    shell("sources/minigzip", "text")
    assert not os.path.exists("text")
    assert Path("text.gz").stat().st_size < len(text) // 2
    shell("sources/minigzip", "-d", "text.gz")
    assert Path("text").read_bytes() == text
    if mount.unix:
        assert os.readlink("sources/libz.so.1") == "libz.so.1.2.13"
        shell(sys.executable, "-c", "import ctypes; ctypes.CDLL('sources/libz.so.1').zlibCompileFlags()")
    shell("make", "clean", cwd="sources")
    assert not os.path.exists("sources/minigzip")


# -- files -------------------------------------------------------------------------------------------------


@check
def editing(mount: Mount) -> None:
    Path("text").write_text("one two\n")
    shell("sed", "-i", "s/two/three/", "text")
    shell("sh", "-c", "echo more >> text; cp text other; mv text other; test $(wc -l < other) = 2")
    assert os.listdir(".") == ["other"]
    os.truncate("other", 3)
    os.truncate("other", 5)
    assert Path("other").read_bytes() == b"one\0\0"
    with fails(errno.EEXIST):
        os.open("other", os.O_CREAT | os.O_EXCL | os.O_RDWR)
    first, second = (os.open("log", os.O_CREAT | os.O_APPEND | os.O_WRONLY) for _ in range(2))
    for number in range(4):
        os.write(first, b"a%d" % number)
        os.write(second, b"b%d" % number)
    os.close(first)
    os.close(second)
    assert Path("log").read_bytes() == b"a0b0a1b1a2b2a3b3"
    Path("script").write_text("#!/bin/sh\necho ran\n")
    os.chmod("script", 0o755)
    assert shell("./script") == "ran\n"


@check
def errors(mount: Mount) -> None:
    os.mkdir("d")
    Path("d/f").touch()
    Path("f").touch()
    for number, act in (
        (errno.ENOTEMPTY, lambda: os.rmdir("d")),
        (errno.EEXIST, lambda: os.mkdir("d")),
        (errno.EISDIR, lambda: os.open("d", os.O_RDWR)),
        (errno.ENOENT, lambda: os.open("no", os.O_RDONLY)),
        (errno.ENOTDIR, lambda: os.stat("f/x")),
        (errno.ENOENT, lambda: os.mkdir("no/d")),
        (errno.ENOTDIR, lambda: os.rmdir("f")),
        (errno.EISDIR, lambda: os.unlink("d")),
        (errno.EINVAL, lambda: os.rename("d", "d/in")),
        (errno.EISDIR, lambda: os.rename("f", "d")),
        (errno.ENOTDIR, lambda: os.rename("d", "f")),
        (errno.ENAMETOOLONG, lambda: os.stat("x" * 256)),
        (errno.EPERM, lambda: os.link("d", "d2")),
    ):
        with fails(number):
            act()


@check
def names_of_all_kinds(mount: Mount) -> None:
    """The kernel maps what Windows forbids to U+F0xx unless told not to, a backslash only with Unix extensions."""
    names = NAMES + [name for name in RAW if mount.unix or "\\" not in name]
    for name in names:
        Path(name).write_bytes(name.encode())
        assert name in os.listdir("."), repr(name)
        os.rename(name, "n")
        os.rename("n", name)
        assert Path(name).read_bytes() == name.encode(), repr(name)
        os.mkdir("d" + name[:100])
        os.rmdir("d" + name[:100])
    assert sorted(os.listdir(".")) == sorted(names)
    assert sorted(os.listdir(mount.far)) == sorted(names)
    for name in names:
        os.unlink(name)
    Path("Case").write_text("upper")
    assert not os.path.exists("CASE")
    Path("case").write_text("lower")
    assert Path("Case").read_text() == "upper"
    os.rename("case", "CASE")  # and nothing else about the name changes
    assert {"Case", "CASE"} <= set(os.listdir(mount.far))
    deep = Path(*("level" * 8 for _ in range(25)))
    deep.mkdir(parents=True)
    (deep / "leaf").write_text("deep")
    assert (mount.far / deep / "leaf").read_text() == "deep"


@check
def unlinked_and_replaced_while_open(mount: Mount) -> None:
    """The kernel renames what is open and deleted, where the server only marks it for deletion."""
    fd = os.open("f", os.O_CREAT | os.O_RDWR)
    os.write(fd, b"alive")
    os.fsync(fd)
    os.unlink("f")
    assert not os.path.exists("f")
    os.write(fd, b" and well")
    assert os.pread(fd, 99, 0) == b"alive and well"
    Path("f").write_text("second")
    assert os.pread(fd, 99, 0) == b"alive and well"
    os.close(fd)
    assert os.listdir(".") == ["f"]
    fd = os.open("new", os.O_CREAT | os.O_RDWR)
    os.write(fd, b"one")
    os.rename("new", "f")
    os.write(fd, b"two")
    os.close(fd)
    assert Path("f").read_bytes() == b"onetwo"
    if mount.unix:
        os.mkdir("d")
        fd = os.open("d/f", os.O_CREAT | os.O_RDWR)
        os.rename("d", "e")
        os.write(fd, b"moved")
        os.close(fd)
        assert Path("e/f").read_bytes() == b"moved"


ACL = bytes.fromhex("02000000 01000600ffffffff 04000400ffffffff 20000000ffffffff")
"""An ACL as the kernel has it: that of mode 640."""
STAMPS = (0, 1_000_000_000_987_654_300, 4_102_444_800 * 10**9, -(10**9))
"""Nanoseconds; FILETIME counts in hundreds."""


@check
def times(mount: Mount) -> None:
    """The second mount looks at each file once, as it believes what it saw for a second."""
    far = mount.far
    for stamp in STAMPS:
        Path(f"t{stamp}").touch()
        os.utime(f"t{stamp}", ns=(stamp, stamp))
        assert (far / f"t{stamp}").stat().st_mtime_ns == stamp
    os.mkdir("d")
    os.utime("d", (5, 6))
    assert (far / "d").stat().st_mtime == 6
    fd = os.open("f", os.O_RDWR | os.O_CREAT)
    os.write(fd, b"new")
    os.utime(fd, (7, 8))
    os.close(fd)
    assert (far / "f").stat().st_mtime == 8
    now = time.time()
    Path("f").write_text("newer")
    assert abs(os.stat("f").st_mtime - now) < 5


@check
def permissions(mount: Mount) -> None:
    far = mount.far
    if not mount.unix:
        Path("f").touch()
        os.chmod("f", 0o444)
        with fails(errno.EACCES):
            os.open("f", os.O_RDWR)
        os.chmod("f", 0o644)
        Path("f").write_text("again")
        return
    os.umask(0o027)
    Path("f").touch()
    os.mkdir("d")
    os.umask(0o022)
    assert [stat.S_IMODE((far / name).stat().st_mode) for name in ("f", "d")] == [0o640, 0o750]
    for mode in (0o4755, 0o2711, 0o1777, 0, 0o600):
        name = f"m{mode:o}"
        Path(name).touch()
        os.chmod(name, mode)
        assert stat.S_IMODE((far / name).stat().st_mode) == mode & 0o777
    with fails(errno.EACCES):
        os.chown("f", 1001, 1001)


@check
def acls(mount: Mount) -> None:
    """setfacl, getfacl, chmod, inheritance and `cp -a`; without Unix extensions there are none."""
    Path("f").touch()
    os.chmod("f", 0o640)
    if not mount.unix:
        with fails(errno.EOPNOTSUPP):
            os.setxattr("f", "system.posix_acl_access", ACL)
        return

    def getfacl(path: object) -> list[str]:
        return shell("getfacl", "-cpnE", path).split()

    assert getfacl("f") == ["user::rw-", "group::r--", "other::---"]
    shell("setfacl", "-m", "u:1234:rwx,g:50:r-x", "f")
    extended = ["user::rw-", "user:1234:rwx", "group::r--", "group:50:r-x", "mask::rwx", "other::---"]
    assert getfacl("f") == getfacl(mount.far / "f") == extended
    assert stat.S_IMODE((mount.far / "f").stat().st_mode) == 0o670
    os.chmod("f", 0o604)
    assert getfacl("f")[4:] == ["mask::---", "other::r--"]
    os.mkdir("d")
    shell("setfacl", "-m", "g:50:r-x,d:u:1234:rwx", "d")
    assert "default:user:1234:rwx" in getfacl(mount.far / "d")
    os.umask(0o022)
    Path("d/in").touch()
    os.mkdir("d/sub")
    assert "user:1234:rwx" in getfacl("d/in")
    assert "default:user:1234:rwx" in getfacl("d/sub")
    shell("cp", "-a", "d", "copy")
    forget()
    for name in (".", "in", "sub"):
        assert getfacl(Path("copy") / name) == getfacl(Path("d") / name)
    shell("setfacl", "-b", "f")
    assert len(getfacl("f")) == 3
    os.mkdir("plain")
    os.chmod("plain", 0o750)
    shell("cp", "-a", "plain", "other")
    assert stat.S_IMODE(os.stat("other").st_mode) == 0o750
    shell("rsync", "-a", "--acls", "d/", "synced")
    assert getfacl("synced/in") == getfacl("d/in")


@check
def copied_by_rsync(mount: Mount) -> None:
    keep = ["-a", "--no-owner"] if mount.unix else ["-rt", "--modify-window=1"]
    for _ in range(2):  # the second time nothing is left to do
        said = shell("rsync", *keep, "--stats", f"{TREE}/", "copy")
    assert "files transferred: 0" in said
    shell("diff", "-r", "--no-dereference", TREE, "copy")
    shell("rm", "-rf", "copy")


@check
def special_files(mount: Mount) -> None:
    if not mount.unix:
        with fails(errno.EOPNOTSUPP):
            os.symlink("x", "link")
        return
    os.symlink("x/" * 1000 + "é", "link")
    assert os.readlink("link") == "x/" * 1000 + "é"
    os.mkfifo("pipe", 0o620)
    assert stat.S_ISFIFO(os.lstat("pipe").st_mode)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    assert stat.S_ISSOCK(os.lstat("socket").st_mode)
    with fails(errno.EPERM, errno.EACCES):
        os.mknod("device", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    assert sorted(os.listdir(mount.far)) == ["link", "pipe", "socket"]


# -- data --------------------------------------------------------------------------------------------------


@check
def random_access(mount: Mount) -> None:
    """Reads, writes, truncation and memory maps against a copy in memory, now and then without the cache."""
    dice, copy = random.Random(3), bytearray()
    fd = os.open("f", os.O_RDWR | os.O_CREAT)
    for step in range(300):
        size, act = len(copy), dice.randrange(8)
        if act < 3:
            at, data = dice.randrange(size + 20_000), dice.randbytes(dice.randrange(1, 90_000))
            assert os.pwrite(fd, data, at) == len(data)
            copy.extend(bytes(max(at - size, 0)))
            copy[at : at + len(data)] = data
        elif act < 6:
            at, length = dice.randrange(size + 100), dice.randrange(200_000)
            assert os.pread(fd, length, at) == copy[at : at + length], f"step {step}"
        elif act == 6:
            length = dice.randrange(1_000_000)
            os.ftruncate(fd, length)
            del copy[length:]
            copy.extend(bytes(length - len(copy)))
        elif size > 5000:
            with mmap.mmap(fd, size) as mapped:
                at, data = dice.randrange(size - 4000), dice.randbytes(4000)
                mapped[at : at + 4000] = copy[at : at + 4000] = data
        if step % 40 == 0:
            os.close(fd)
            forget()
            fd = os.open("f", os.O_RDWR)
    os.close(fd)
    assert (mount.far / "f").read_bytes() == copy
    forget()
    assert Path("f").read_bytes() == copy


@check
def large_and_sparse(mount: Mount) -> None:
    data = random.Random(5).randbytes(5_000_001)
    Path("large").write_bytes(data)
    forget()
    assert (mount.far / "large").read_bytes() == data
    fd = os.open("sparse", os.O_CREAT | os.O_RDWR)
    os.pwrite(fd, b"end", 5 << 30)
    os.fsync(fd)
    assert os.pread(fd, 4, 1 << 30) == bytes(4)
    assert os.fstat(fd).st_size == (5 << 30) + 3
    os.ftruncate(fd, 0)
    os.close(fd)
    room = os.statvfs(".")
    assert 0 < room.f_bavail <= room.f_blocks
    assert room.f_namemax == 255
    assert not mount.unix or 0 < room.f_ffree <= room.f_files


@check
def two_mounts_agree(mount: Mount) -> None:
    """What one connection caches under an oplock, the other sees all the same."""
    other = mount.far
    Path("f").write_text("first")
    assert (other / "f").read_text() == "first"
    fd = os.open("f", os.O_RDWR)
    os.pwrite(fd, b"CACHED", 0)
    assert (other / "f").read_bytes() == b"CACHED"
    far = os.open(other / "f", os.O_RDWR)
    os.pwrite(far, b"far", 0)
    os.fsync(far)
    assert os.pread(fd, 9, 0) == b"farHED"
    os.pwrite(fd, b"N", 0)
    os.fsync(fd)
    assert os.pread(far, 9, 0) == b"NarHED"
    os.close(far)
    os.close(fd)
    os.mkdir("d")
    (other / "d" / "in").touch()
    assert os.listdir("d") == ["in"]
    os.rename(other / "f", other / "g")
    time.sleep(1.2)  # attributes are believed for a second
    assert not os.path.exists("f")
    assert Path("g").read_bytes() == b"NarHED"


@check
def locks(mount: Mount) -> None:
    """Between processes and between mounts. Without Unix extensions locks are Windows', and whole ones come and go."""
    Path("f").write_bytes(bytes(100))
    taken = (errno.EACCES, errno.EAGAIN)

    def attempt(path: object, kind: int, start: int) -> int:
        return child(lambda: fcntl.lockf(os.open(path, os.O_RDWR), kind | fcntl.LOCK_NB, 5, start))

    far = mount.far / "f"
    keep = os.open(far, os.O_RDWR)  # so that neither mount locks in its cache alone
    fd = os.open("f", os.O_RDWR)
    fcntl.lockf(fd, fcntl.LOCK_EX, 10, 0)
    for path in ("f", far):
        assert attempt(path, fcntl.LOCK_EX, 5) in taken
        assert attempt(path, fcntl.LOCK_SH, 5) in taken
        assert attempt(path, fcntl.LOCK_EX, 10) == 0
    if mount.unix:
        fcntl.lockf(fd, fcntl.LOCK_UN, 5, 0)
        fcntl.lockf(fd, fcntl.LOCK_SH, 5, 5)
        for path in ("f", far):
            assert attempt(path, fcntl.LOCK_EX, 0) == 0
            assert attempt(path, fcntl.LOCK_SH, 5) == 0
            assert attempt(path, fcntl.LOCK_EX, 5) in taken
    fcntl.lockf(fd, fcntl.LOCK_UN, 10, 0)
    for path in ("f", far):
        assert attempt(path, fcntl.LOCK_EX, 0) == 0
    fcntl.lockf(fd, fcntl.LOCK_EX, 10, 0)
    began = time.monotonic()
    if os.fork() == 0:
        time.sleep(1)
        os._exit(0)
    waiting = os.fork()
    if waiting == 0:
        fcntl.lockf(os.open(far, os.O_RDWR), fcntl.LOCK_EX, 10, 0)
        os._exit(0 if time.monotonic() - began >= 1 else 1)
    time.sleep(1.2)
    fcntl.lockf(fd, fcntl.LOCK_UN, 10, 0)
    assert os.waitpid(waiting, 0)[1] == 0
    os.wait()
    if mount.unix:
        fcntl.flock(fd, fcntl.LOCK_EX)
        refused = child(lambda: fcntl.flock(os.open(far, os.O_RDWR), fcntl.LOCK_SH | fcntl.LOCK_NB))
        assert refused in taken, refused
        fcntl.flock(fd, fcntl.LOCK_UN)
        assert child(lambda: fcntl.flock(os.open(far, os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)) == 0
    os.close(fd)
    os.close(keep)


@check
def many_files(mount: Mount) -> None:
    names = {f"file-{number:05}-of-many-in-one-directory" for number in range(1000)}
    for name in names:
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    forget()
    assert set(os.listdir(mount.far)) == names
    with os.scandir(".") as entries:
        for entry in entries:
            assert entry.stat().st_size == 0
            os.unlink(entry)
    assert os.listdir(".") == []
