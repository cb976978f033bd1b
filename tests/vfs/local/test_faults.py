"""Disks that are full, broken, write-protected: the right status, nothing lost or left, nothing told that is not so."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from fakesmb.nt.files import Access, Attribute, Disposition, Option
from fakesmb.nt.status import NT, SMBError, from_os
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Ea, FileRange
from tests.vfs.lab import Lab

P = Path.parse
Breaks = Callable[[str, int], None]


def status_of(act: Callable[[], object]) -> NT:
    """What a client is told; the act must fail."""
    try:
        act()
    except SMBError as error:
        return NT(error.status)
    except OSError as error:
        return from_os(error)
    raise AssertionError("it did not fail")


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Breaks:
    """From now on a system call fails with that error."""

    def begin(name: str, number: int) -> None:
        def fails(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, name, fails)

    return begin


CASES = [
    (errno.ENOSPC, NT.DISK_FULL),
    (errno.EDQUOT, NT.DISK_FULL),
    (errno.EIO, NT.DATA_ERROR),
    (errno.EROFS, NT.MEDIA_WRITE_PROTECTED),
    (errno.EMFILE, NT.TOO_MANY_OPENED_FILES),
    (errno.ENOTCONN, NT.DEVICE_NOT_CONNECTED),
    (errno.ESTALE, NT.DEVICE_NOT_CONNECTED),
    (errno.ETIMEDOUT, NT.IO_TIMEOUT),
]


@pytest.mark.parametrize(("number", "status"), CASES)
def test_what_the_disk_says_is_what_the_client_is_told(
    lab: Lab, breaks: Breaks, number: int, status: NT
) -> None:
    (lab.root / "there").write_bytes(b"data")
    handle = lab.open("there", Access.GENERIC_ALL).handle
    for call, act in {
        "pwrite": lambda: lab.store.write(handle, 0, b"x", 0),
        "pread": lambda: lab.store.read(handle, 0, 1, 0),
        "ftruncate": lambda: lab.store.set_end_of_file(handle, 10),
        "mkdir": lambda: lab.open("dir", disposition=Disposition.CREATE, options=Option.DIRECTORY),
        "rename": lambda: lab.store.rename(handle, P("other"), replace=False),
        "link": lambda: lab.store.link(P("there"), P("linked"), replace=False),
        "utime": lambda: lab.store.set_basic(handle, write=133_000_000_000_000_000),
    }.items():
        breaks(call, number)
        assert status_of(act) == status, call
    assert (lab.root / "there").read_bytes() == b"data"
    assert os.listdir(lab.root) == ["there"]


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.EMFILE])
def test_what_is_not_made_is_not_there(lab: Lab, breaks: Breaks, number: int) -> None:
    breaks("open", number)
    assert status_of(lambda: lab.open("f", disposition=Disposition.CREATE)) == from_os(OSError(number, ""))
    assert status_of(
        lambda: lab.open("d", disposition=Disposition.CREATE, options=Option.DIRECTORY)
    ) == from_os(OSError(number, ""))
    assert os.listdir(lab.root) == []


def test_what_could_not_be_made_whole_is_not_found_either(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    (lab.root / "other").touch()
    lab.names()
    lab.query("other")
    with monkeypatch.context() as patch:
        patch.setattr(os, "setxattr", fails_with(errno.ENOSPC))
        assert status_of(lambda: lab.open("new", disposition=Disposition.CREATE)) == NT.DISK_FULL
        make = partial(lab.open, "new", disposition=Disposition.CREATE, options=Option.DIRECTORY)
        assert status_of(make) == NT.DISK_FULL
    assert status_of(lambda: lab.query("NEW")) == NT.OBJECT_NAME_NOT_FOUND
    assert lab.names() == [".", "..", "other"]


def test_a_stream_that_cannot_be_made_leaves_no_file(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.setxattr

    def fails(target: Any, name: str, *rest: Any, **more: Any) -> None:
        if "DosStream" in name:
            raise OSError(errno.EIO, "broken")
        real(target, name, *rest, **more)

    monkeypatch.setattr(os, "setxattr", fails)
    assert status_of(lambda: lab.open("f:s", disposition=Disposition.CREATE)) == NT.DATA_ERROR
    assert os.listdir(lab.root) == []


def fails_with(number: int) -> Callable[..., None]:
    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fails


@pytest.mark.parametrize(
    "disposition", [Disposition.OVERWRITE, Disposition.OVERWRITE_IF, Disposition.SUPERSEDE]
)
@pytest.mark.parametrize("number", [errno.EIO, errno.EDQUOT, errno.ENOSPC])
def test_a_file_that_cannot_be_overwritten_keeps_its_data_and_eas(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, disposition: int, number: int
) -> None:
    (lab.root / "f").write_bytes(b"precious")
    lab.store.set_eas(P("f"), [Ea("KEPT", b"1")])
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", fails_with(number))
        assert status_of(lambda: lab.open("f", disposition=disposition)) == from_os(OSError(number, ""))
    assert (lab.root / "f").read_bytes() == b"precious"
    assert lab.store.eas(P("f")) == [Ea("KEPT", b"1")]
    assert not lab.opens.by_key


def test_eas_that_do_not_fit_cost_no_data(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    (lab.root / "f").write_bytes(b"precious")
    lab.store.set_eas(P("f"), [Ea("KEPT", b"1")])
    real = os.setxattr

    def full(target: Any, name: str, value: bytes, *rest: Any, **more: Any) -> None:
        if len(value) > 1000:
            raise OSError(errno.ENOSPC, "full")
        real(target, name, value, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "setxattr", full)
        act = lambda: lab.open("f", disposition=Disposition.OVERWRITE, eas=(Ea("BIG", bytes(2000)),))  # noqa: E731
        assert status_of(act) == NT.EA_TOO_LARGE
    assert (lab.root / "f").read_bytes() == b"precious"
    assert lab.store.eas(P("f")) == [Ea("KEPT", b"1")]
    lab.store.close(lab.open("f", disposition=Disposition.OVERWRITE, eas=(Ea("NEW", b"2"),)).handle)
    assert lab.store.eas(P("f")) == [Ea("NEW", b"2")]
    assert (lab.root / "f").read_bytes() == b""


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EXDEV])
@pytest.mark.parametrize("spelling", ["target", "TARGET"])
def test_a_rename_that_fails_costs_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, number: int, spelling: str
) -> None:
    (lab.root / "source").write_text("source")
    (lab.root / "target").write_text("target")
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fails_with(number))
        act = lambda: lab.store.rename(P("source"), P(spelling), replace=True)  # noqa: E731
        assert status_of(act) == from_os(OSError(number, ""))
    assert (lab.root / "target").read_text() == "target"
    assert (lab.root / "source").read_text() == "source"
    lab.store.rename(P("source"), P(spelling), replace=True)
    assert os.listdir(lab.root) == [spelling]
    assert (lab.root / spelling).read_text() == "source"


def test_a_rename_that_was_done_is_told_so_whatever_the_disk_says_of_attributes(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lab.root / "a").touch()
    real, done = os.rename, []

    def rename(*args: Any, **more: Any) -> None:
        real(*args, **more)
        done.append(args)
        monkeypatch.setattr(os, "getxattr", fails_with(errno.EIO))

    monkeypatch.setattr(os, "rename", rename)
    lab.store.rename(P("a"), P("b"), replace=False)
    assert done
    assert os.listdir(lab.root) == ["b"]


def test_a_stream_is_there_under_one_name_or_the_other(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = lab.open("f:one", disposition=Disposition.CREATE).handle
    lab.store.write(handle, 0, b"precious", 0)
    lab.store.close(handle)
    removed: list[str] = []

    def remove(target: Any, name: str, *_: Any, **__: Any) -> None:
        removed.append(name)
        assert "user.DosStream.two:$DATA" in os.listxattr(lab.root / "f")
        raise KeyboardInterrupt  # as good as a kill -9

    with monkeypatch.context() as patch:
        patch.setattr(os, "removexattr", remove)
        with pytest.raises(KeyboardInterrupt):
            lab.store.rename(P("f:one"), P(":two"), replace=False)
    assert removed
    assert os.getxattr(lab.root / "f", "user.DosStream.two:$DATA") == b"precious\0"


def test_a_file_that_was_made_for_a_write_time_that_cannot_be_set_is_not_left(
    lab: Lab, breaks: Breaks
) -> None:
    breaks("utime", errno.EIO)
    act = lambda: lab.open("f", disposition=Disposition.CREATE, write_time=133_000_000_000_000_000)  # noqa: E731
    assert status_of(act) == NT.DATA_ERROR
    assert os.listdir(lab.root) == []
    assert not lab.opens.by_key


def test_the_close_says_what_the_disk_says_then(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk of a network tells at close(2) that it was full."""
    handle = lab.open("f", disposition=Disposition.CREATE).handle
    real = os.close

    def close(fd: int) -> None:
        real(fd)
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "close", close)
        trouble = lab.store.close(handle)
    assert trouble is not None
    assert trouble.errno == errno.ENOSPC
    assert not lab.opens.by_key
    assert lab.store.close(handle) is None


def test_a_close_that_cannot_delete_says_so(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = lab.open("f", 0x13019F, disposition=Disposition.CREATE, options=Option.DELETE_ON_CLOSE).handle
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", fails_with(errno.EROFS))
        trouble = lab.store.close(handle)
    assert trouble is not None
    assert from_os(trouble) == NT.MEDIA_WRITE_PROTECTED
    assert os.listdir(lab.root) == ["f"]


def test_a_read_that_the_disk_cuts_short_is_no_end_of_the_file(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pread(2) gives what lies before a bad block, and only the next one fails. A short answer would be the end."""
    (lab.root / "f").write_bytes(bytes(10_000))
    real = os.pread

    def bad_from_8192(fd: int, size: int, offset: int) -> bytes:
        if offset >= 8192:
            raise OSError(errno.EIO, "bad")
        return real(fd, min(size, 8192 - offset), offset)

    handle = lab.open("f", Access.GENERIC_READ).handle
    fd = os.open(lab.root / "f", os.O_RDONLY)
    assert lab.store.readable_range(handle, 0, 10_000, 0) is None  # nothing was read yet
    assert lab.store.read(handle, 0, 20_000, 0) == bytes(10_000)
    assert lab.store.readable_range(handle, 0, 10_000, 0) is not None
    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", bad_from_8192)
        assert status_of(lambda: lab.store.read(handle, 0, 10_000, 0)) == NT.DATA_ERROR
        assert lab.store.read(handle, 0, 8192, 0) == bytes(8192)
        with pytest.raises(OSError, match="bad"):
            FileRange(fd, 0, 10_000).read_whole()
        assert status_of(lambda: lab.store.read(handle, 0, 10_000, 0)) == NT.DATA_ERROR
    assert lab.store.readable_range(handle, 0, 10_000, 0) is None
    assert FileRange(fd, 9_000, 2_000).read_whole() == bytes(2_000)  # it ended meanwhile
    os.close(fd)


def test_directories_that_are_held_at_the_end_of_the_program_go_in_silence(lab: Lab) -> None:
    """The modules that close them are half gone by then."""
    (lab.root / "dir" / "deeper").mkdir(parents=True)
    program = (
        "import sys\n"
        "from fakesmb.vfs.local.lookup import Lookup\n"
        "from fakesmb.vfs.paths import Path\n"
        f"kept = Lookup({str(lab.root)!r})\n"
        "kept.find(Path.parse('DIR/DEEPER'.replace('/', chr(92))))\n"
        "kept.itself = kept\n"
        "sys.modules['kept'] = kept\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize("number", [errno.ENOTCONN, errno.ESTALE])
def test_a_disk_that_died_is_served_again_when_it_is_mounted_anew(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The folder that was held says for ever that it is not connected; the one that is in its place does not."""
    lab.root.rename(lab.root.with_name("unmounted"))
    lab.root.mkdir()
    (lab.root / "new").write_text("abc")
    held, fstat = lab.store._lookup.root.fd, os.fstat

    def dead(fd: int) -> os.stat_result:
        if fd == held:
            monkeypatch.setattr(os, "fstat", fstat)
            raise OSError(number, os.strerror(number))
        return fstat(fd)

    monkeypatch.setattr(os, "fstat", dead)
    assert lab.store.is_there()
    assert lab.query("new").end_of_file == 3


# -- real disks -----------------------------------------------------------------------------------------------


@pytest.fixture
def disk(lab: Lab) -> Iterator[Lab]:
    """A share on a disk of 64 KiB and 12 inodes."""
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("mounts a file system")
    assert os.system(f"mount -t tmpfs -o size=64k,nr_inodes=12 none {lab.root}") == 0
    lab.store = LocalStore(str(lab.root), lab.opens)
    yield lab
    for handle in list(lab.store.opens):
        lab.store.close(handle)  # type: ignore[arg-type]
    lab.store.shutdown()
    os.system(f"umount -l {lab.root}")


def test_a_disk_that_is_full(disk: Lab) -> None:
    handle = disk.open("f", disposition=Disposition.CREATE).handle
    assert status_of(
        lambda: [disk.store.write(handle, at, bytes(4096), 0) for at in range(0, 1 << 20, 4096)]
    ) == (NT.DISK_FULL)
    assert status_of(lambda: disk.store.set_allocation(handle, 1 << 30)) == NT.DISK_FULL
    disk.store.set_end_of_file(handle, 0)
    assert disk.store.write(handle, 0, bytes(4096), 0) == 4096


def test_a_disk_without_inodes(disk: Lab) -> None:
    def make() -> None:
        for number in range(100):
            disk.store.close(disk.open(f"f{number}", disposition=Disposition.CREATE).handle)

    assert status_of(make) == NT.DISK_FULL
    there = sorted(os.listdir(disk.root))
    assert (
        status_of(lambda: disk.open("d", disposition=Disposition.CREATE, options=Option.DIRECTORY))
        == NT.DISK_FULL
    )
    assert status_of(lambda: disk.open("new:stream", disposition=Disposition.CREATE)) in (
        NT.DISK_FULL,
        NT.OBJECT_NAME_INVALID,  # a kernel whose tmpfs has no user attributes
    )
    assert sorted(os.listdir(disk.root)) == there


def test_a_disk_that_became_read_only(disk: Lab) -> None:
    (disk.root / "f").write_bytes(b"data")
    disk.store.set_basic(P("f"), attributes=Attribute.ARCHIVE)
    os.system(f"mount -o remount,ro {disk.root}")
    protected = NT.MEDIA_WRITE_PROTECTED
    assert status_of(lambda: disk.open("f")) == protected
    assert status_of(lambda: disk.open("f", disposition=Disposition.OVERWRITE)) == protected
    assert status_of(lambda: disk.open("new", disposition=Disposition.CREATE)) == protected
    assert (
        status_of(lambda: disk.open("d", disposition=Disposition.CREATE, options=Option.DIRECTORY))
        == protected
    )
    assert status_of(lambda: disk.store.rename(P("f"), P("g"), replace=False)) == protected
    assert status_of(lambda: disk.store.delete(P("f"), 0)) == protected
    assert status_of(lambda: disk.store.set_basic(P("f"), attributes=Attribute.HIDDEN)) == protected
    opened = disk.open("f", Access.MAXIMUM_ALLOWED)
    assert disk.store.read(opened.handle, 0, 10, 0) == b"data"
    deletes = partial(disk.open, "f", 0x13019F & ~0x116, options=Option.DELETE_ON_CLOSE)
    assert status_of(deletes) == protected
    reader = disk.open("f", Access.GENERIC_READ | Access.DELETE)
    assert status_of(lambda: disk.store.set_delete(reader.handle, delete=True)) == protected
