"""A server whose disk fails while it runs: each request has the right status, and nothing is told that is not so."""

import errno
import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

import pytest

from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Body, Empty
from fakesmb.wire.dirs import (
    CreateDirectoryRequest,
    DeleteDirectoryRequest,
    DeleteRequest,
    NtRenameLevel,
    NtRenameRequest,
    RenameRequest,
    SetInformationRequest,
)
from fakesmb.wire.files import (
    CreateRequest,
    CreateTemporaryRequest,
    FlushRequest,
    NtCreateAndxRequest,
    OpenAndxRequest,
    WriteAndCloseRequest,
    WriteRequest,
)
from fakesmb.wire.session import EchoRequest, EchoResponse
from fakesmb.wire.trans2 import (
    CreateDirectory2Request,
    FindFirst2Request,
    SetFileInformationRequest,
    SetPathInformationRequest,
)
from fakesmb.wire.tree import TreeConnectRequest
from fuzz.sockets import SocketClient
from tests.core.test_copychunk import copy, resume_key
from tests.serving import Served, problems_in, serving

DATA = b"0123456789" * 400
HUGE = 1 << 34
"""Bytes that no disk of these tests has."""
FULL, PROTECTED, BROKEN = NT.DISK_FULL, NT.MEDIA_WRITE_PROTECTED, NT.DATA_ERROR
WRITABLE = 0x13019F
READABLE = 0x120089
Act = Callable[[], object]


class Disk:
    """A share that a server serves, on a disk of its own, and a client of it with files open."""

    def __init__(self, served: Served, share: Path) -> None:
        self.served, self.share = served, share
        self.client = self.enter()
        for name in ("file", "source", "target", "renamed", "deleted", "shown", "overwritten", "long"):
            fid = self.client.create(name, disposition=2)
            self.client.write(fid, DATA)
            self.client.close(fid)
        for name in ("dir", "empty"):
            self.client.call(0x00, CreateDirectoryRequest(name), Empty)
        self.fids: dict[str, int] = {}

    def enter(self) -> SocketClient:
        """One more client."""
        client = SocketClient(self.served.port)
        client.sign_in(vc_number=7)
        client.connect("disk")
        return client

    def open(self, access: int = WRITABLE) -> None:
        """From now on the client has these open."""
        for name in ("file", "source", "target"):
            self.fids[name] = self.client.create(name, access=access)

    def asks(self, command: int, body: Body) -> None:
        """A request of which only the status counts."""
        self.client.send(command, body)
        if status := self.client.answer().header.status:
            raise SMBError(status)

    def sets(self, name: str, level: int, data: bytes) -> None:
        self.client.trans2(6, SetPathInformationRequest(level, 0, name), data)

    def sets_open(self, name: str, level: int, data: bytes) -> None:
        self.client.trans2(8, SetFileInformationRequest(self.fids[name], level), data)

    def copies(self) -> None:
        client, fids = self.client, self.fids
        status, _ = copy(client, fids["target"], resume_key(client, fids["source"]), (0, 1 << 20, len(DATA)))
        if status:
            raise SMBError(status)

    def growing(self, most: int = HUGE) -> dict[str, Act]:
        """What takes room for data."""
        client, file = self.client, self.fids["file"]
        size = struct.pack("<Q", most)
        room = NtCreateAndxRequest(
            desired_access=WRITABLE, create_disposition=2, allocation_size=most, file_name="roomy"
        )
        return {
            "WRITE_ANDX": lambda: client.write(file, bytes(60_000), 1 << 20),
            "WRITE": lambda: self.asks(0x0B, WriteRequest(file, 60_000, 1 << 20, 0, bytes(60_000))),
            "a longer end of file": lambda: self.sets_open("file", 0x104, size),
            "a longer end of file by name": lambda: self.sets("long", 1020, size),
            "WRITE of nothing, far away": lambda: self.asks(0x0B, WriteRequest(file, 0, most >> 3, 0, b"")),
            "allocation": lambda: self.sets_open("file", 0x103, size),
            "COPYCHUNK": self.copies,
            "NT_CREATE_ANDX with an allocation": lambda: self.asks(0xA2, room),
        }

    def making(self) -> dict[str, Act]:
        """What makes files and directories."""
        return {
            "NT_CREATE_ANDX": lambda: self.client.create("new1", disposition=2),
            "OPEN_ANDX": lambda: self.asks(
                0x2D, OpenAndxRequest(access_mode=2, open_mode=0x10, file_name="new2")
            ),
            "CREATE": lambda: self.asks(0x03, CreateRequest(0, 0, "new3")),
            "CREATE_NEW": lambda: self.asks(0x0F, CreateRequest(0, 0, "new4")),
            "CREATE_TEMPORARY": lambda: self.asks(0x0E, CreateTemporaryRequest(0, 0, "")),
            "CREATE_DIRECTORY": lambda: self.asks(0x00, CreateDirectoryRequest("new5")),
            "TRANS2_CREATE_DIRECTORY": lambda: self.client.trans2(0x0D, CreateDirectory2Request(0, "new6")),
        }

    def naming(self) -> dict[str, Act]:
        """What changes names."""
        link = NtRenameRequest(0x16, NtRenameLevel.LINK, 0, "shown", "linked")
        return {
            "RENAME": lambda: self.asks(0x07, RenameRequest(0x16, "renamed", "other" * 40)),
            "a hard link": lambda: self.asks(0xA5, link),
            "DELETE": lambda: self.asks(0x06, DeleteRequest(0x16, "deleted")),
            "DELETE_DIRECTORY": lambda: self.asks(0x01, DeleteDirectoryRequest("empty")),
        }

    def attributing(self) -> dict[str, Act]:
        """What is kept in attributes of the disk."""
        name, value = b"BIG", bytes(3000)
        ea = struct.pack("<IBBH", 12 + len(value), 0, len(name), len(value)) + name + b"\0" + value
        basic = struct.pack("<QQQQII", 0, 0, 0, 0, 0x22, 0)
        times = struct.pack("<QQQQII", 0, 0, 133_000_000_000_000_000, 0, 0, 0)
        return {
            "a stream": lambda: self._stream("shown:new", 4000),
            "EAs": lambda: self.sets("shown", 1015, ea),
            "attributes": lambda: self.sets("shown", 0x101, basic),
            "SET_INFORMATION": lambda: self.asks(0x09, SetInformationRequest(2, 0, bytes(10), "shown")),
            "times": lambda: self.sets("shown", 0x101, times),
        }

    def _stream(self, name: str, size: int) -> None:
        fid = self.client.create(name, disposition=3)
        try:
            self.client.write(fid, bytes(size))
        finally:
            self.client.close(fid)

    def overwriting(self) -> dict[str, Act]:
        """What takes a file's data away, or puts others in their place."""
        return {
            "OVERWRITE": lambda: self.client.create("overwritten", disposition=5),
            "SUPERSEDE": lambda: self.client.create("overwritten", disposition=0),
        }

    def making_durable(self) -> dict[str, Act]:
        return {"FLUSH": lambda: self.asks(0x05, FlushRequest(self.fids["file"]))}

    def check_nothing_happened(self) -> None:
        """All is as it was made; what clients are told is that."""
        files = {
            path.name: path.read_bytes()
            for path in self.share.iterdir()
            if path.is_file() and not path.name.startswith(".")
        }
        names = {"file", "source", "target", "renamed", "deleted", "shown", "overwritten", "long"}
        assert files == dict.fromkeys(names, DATA)
        assert {path.name for path in self.share.iterdir() if path.is_dir()} - {"lost+found"} == {
            "dir",
            "empty",
        }
        fid = self.client.create("file", access=READABLE)
        assert self.client.read(fid, 0, 60_000) == DATA
        self.client.close(fid)


def told(acts: Mapping[str, Act]) -> dict[str, NT]:
    """The status that each has."""
    statuses = {}
    for name, act in acts.items():
        try:
            act()
        except SMBError as error:
            statuses[name] = NT(error.status)
        else:
            statuses[name] = NT.SUCCESS
    return statuses


def all_say(status: NT, *acts: Mapping[str, Act]) -> None:
    for some in acts:
        assert told(some) == dict.fromkeys(some, status)


def run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def mounted(*words: str | Path) -> None:
    """Mounts, or skips the test, visibly."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounts a file system: needs root")
    try:
        run("mount", *words)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine does not mount: {getattr(error, 'stderr', b'')!r}")


Serve = Callable[..., Disk]


@pytest.fixture
def serve(fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path: Path) -> Iterator[Serve]:
    """Starts a server of the folder `disk`; `command` instead of the usual one. No bug of ours comes to light."""
    share = tmp_path / "disk"
    share.mkdir()
    with ExitStack() as stack:

        def begin(command: Sequence[str] = fakesmb_command, *more: str) -> Disk:
            words = ("--port", "0", "--share", f"disk={share}", "--user", "alice:Secret123", *more)
            served = stack.enter_context(serving(list(command), fakesmb_environment, tmp_path, *words))
            return Disk(served, share)

        yield begin
    assert not [line for line in problems_in((tmp_path / "log.jsonl").open("rb")) if "Traceback" in line]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where a test mounts its disk; asked for before `serve`."""
    disk = tmp_path / "disk"
    yield disk
    while os.path.ismount(disk):
        run("umount", "-l", disk)


def on_ext4(place: Path, *options: str) -> None:
    """Mounts a disk of 8 MiB that is a file."""
    image = place.parent / "image"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    try:
        run("mkfs.ext4", "-q", *options, image)
    except FileNotFoundError:
        pytest.skip("there is no mkfs.ext4")
    mounted("-o", "loop", image, place)


def fill(place: Path) -> None:
    """Leaves no room on the disk."""
    with (place / ".filler").open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1 << 9):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass


def fill_with_names(place: Path) -> None:
    """Leaves no inode on the disk."""
    with suppress(OSError):
        for number in count():
            (place / f".filler{number}").touch()


def test_a_disk_that_is_full(place: Path, serve: Serve) -> None:
    mounted("-t", "tmpfs", "-o", "size=1m", "none", place)
    disk = serve()
    disk.open()
    fill(place)
    all_say(FULL, disk.growing())
    assert disk.client.write(disk.fids["file"], b"x", 0) == 1
    assert disk.client.write(disk.fids["file"], DATA[:1], 0) == 1
    disk.check_nothing_happened()
    (place / ".filler").unlink()
    assert told(disk.growing())["WRITE_ANDX"] == NT.SUCCESS


def test_a_disk_of_blocks_that_is_full(place: Path, serve: Serve) -> None:
    """There directories and attributes need blocks, too."""
    on_ext4(place)
    disk = serve()
    disk.open()
    fill(place)
    attributes, making = disk.attributing(), disk.making()
    all_say(FULL, disk.growing(), {name: attributes[name] for name in ("a stream", "EAs")})
    all_say(FULL, {name: act for name, act in making.items() if "DIRECTORY" in name})
    disk.check_nothing_happened()


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_a_disk_without_inodes(place: Path, serve: Serve, kind: str) -> None:
    if kind == "tmpfs":
        mounted("-t", "tmpfs", "-o", "size=4m,nr_inodes=40", "none", place)
    else:
        on_ext4(place, "-N", "48")
    disk = serve()
    disk.open()
    fill_with_names(place)
    all_say(FULL, disk.making())
    disk.check_nothing_happened()


def keeps_attributes(place: Path) -> bool:
    """Whether the disk has extended attributes of users: tmpfs has them from Linux 6.6 on."""
    try:
        os.setxattr(place, "user.test", b"1")
    except OSError:
        return False
    return True


def test_a_disk_that_is_mounted_read_only_anew(place: Path, serve: Serve) -> None:
    mounted("-t", "tmpfs", "-o", "size=1m", "none", place)
    disk = serve()
    attributing = disk.attributing()
    if not keeps_attributes(place):
        attributing = {"times": attributing["times"]}
    run("mount", "-o", "remount,ro", place)
    disk.open(READABLE)
    growing = {"NT_CREATE_ANDX with an allocation": disk.growing()["NT_CREATE_ANDX with an allocation"]}
    acts = disk.making(), disk.naming(), attributing, disk.overwriting(), growing
    all_say(PROTECTED, *acts)
    disk.check_nothing_happened()
    run("mount", "-o", "remount,rw", place)
    assert told(disk.naming()) == dict.fromkeys(disk.naming(), NT.SUCCESS)


def test_a_damaged_disk_that_the_kernel_closes_to_writers(place: Path, serve: Serve) -> None:
    """As with errors=remount-ro: files that are open for writing no longer take anything."""
    on_ext4(place)
    disk = serve()
    disk.open()
    run("mount", "-o", "remount,abort", place)
    growing = disk.growing(1 << 18)
    del growing["allocation"]  # which only asks for room, and of that there is some
    acts = growing, disk.making(), disk.naming(), disk.attributing(), disk.overwriting()
    all_say(PROTECTED, *acts, disk.making_durable())
    disk.check_nothing_happened()


FAILING = "pwrite,ftruncate,mkdir,rmdir,rename,link,setxattr,utime,fsync,chmod"
"""What changes a disk, but for what takes away again what was half made."""


@pytest.mark.parametrize(
    ("number", "status"),
    [(errno.EIO, BROKEN), (errno.EDQUOT, FULL), (errno.EROFS, PROTECTED)],
)
def test_a_disk_that_refuses_every_change(serve: Serve, tmp_path: Path, number: int, status: NT) -> None:
    if not keeps_attributes(tmp_path):
        pytest.skip("the folder of tests keeps no extended attributes")
    control = tmp_path / "control"
    disk = serve([sys.executable, "-m", "tests.faultydisk", str(control)])
    disk.open()
    control.write_text(f"{FAILING},open {number}")
    all_say(status, disk.making())
    control.write_text(f"{FAILING} {number}")
    growing, naming = disk.growing(1 << 18), disk.naming()
    del growing["allocation"], growing["NT_CREATE_ANDX with an allocation"]  # which only ask for room
    all_say(status, growing, disk.attributing(), disk.overwriting(), disk.making_durable())
    all_say(status, {name: naming[name] for name in ("RENAME", "a hard link", "DELETE_DIRECTORY")})
    control.write_text(f"unlink {number}")
    all_say(status, {"DELETE": naming["DELETE"]})
    control.write_text(f"close {number}")
    closing = {
        "CLOSE": lambda: disk.client.close(disk.fids["target"]),
        "WRITE_AND_CLOSE": lambda: disk.asks(
            0x2C, WriteAndCloseRequest(disk.fids["source"], 1, 0, 0, data=DATA[:1])
        ),
    }
    all_say(status, closing)
    control.unlink()
    disk.check_nothing_happened()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_no_descriptors_are_left(serve: Serve, tmp_path: Path, number: int) -> None:
    """What is open can be read and written; what would be opened is refused."""
    control = tmp_path / "control"
    disk = serve([sys.executable, "-m", "tests.faultydisk", str(control)])
    disk.open()
    control.write_text(f"open {number}")
    find = FindFirst2Request(0x16, 10, 0, 0x104, 0, "*")
    acts = disk.making(), disk.overwriting(), {"FIND_FIRST2": lambda: disk.client.trans2(1, find)}
    all_say(NT.TOO_MANY_OPENED_FILES, *acts)
    assert disk.client.read(disk.fids["file"]) == DATA
    assert disk.client.write(disk.fids["file"], DATA) == len(DATA)
    control.unlink()
    disk.check_nothing_happened()


def test_a_disk_that_cannot_be_read(serve: Serve, tmp_path: Path) -> None:
    """Where a large answer has begun when the kernel finds that out, the first such client is left, once."""
    control = tmp_path / "control"
    disk = serve([sys.executable, "-m", "tests.faultydisk", str(control)])
    fid = disk.client.create("large", disposition=2)
    disk.client.write(fid, bytes(60_000))
    other = disk.enter()
    its = other.create("large")
    control.write_text(f"pread,sendfile,listdir,scandir {errno.EIO}")
    find = FindFirst2Request(0x16, 10, 0, 0x104, 0, "*")
    acts = {
        "a small READ": lambda: disk.client.read(fid, 0, 100),
        "FIND": lambda: disk.client.trans2(1, find),
    }
    all_say(BROKEN, acts, {"a large READ": lambda: disk.client.read(fid, 0, 60_000)})
    control.unlink()
    assert other.read(its, 0, 60_000) == bytes(60_000)
    control.write_text(f"pread,sendfile {errno.EIO}")
    with pytest.raises(ConnectionError):
        other.read(its, 0, 60_000)
    other = disk.enter()
    its = other.create("large")
    all_say(BROKEN, {"a large READ": lambda: other.read(its, 0, 60_000)})
    control.unlink()
    assert other.read(its, 0, 60_000) == bytes(60_000)


def test_a_folder_that_goes_and_comes_back(serve: Serve, tmp_path: Path) -> None:
    disk = serve()
    client, away = disk.client, tmp_path / "away"
    fid = client.create("file")
    newcomer = SocketClient(disk.served.port)
    newcomer.sign_in(vc_number=7)
    connects = {
        "TREE_CONNECT_ANDX": lambda: newcomer.connect("disk"),
        "TREE_CONNECT": lambda: disk.asks(
            0x70, TreeConnectRequest(path="\\\\x\\disk", password="", service="A:")
        ),
    }
    opens = {
        "an open": lambda: client.create("file"),
        "a new file": lambda: client.create("new", disposition=2),
        "a listing": lambda: client.trans2(1, FindFirst2Request(0x16, 10, 0, 0x104, 0, "*")),
        "RENAME": lambda: disk.asks(0x07, RenameRequest(0x16, "renamed", "other")),
    }
    disk.share.rename(away)
    all_say(NT.BAD_NETWORK_NAME, connects)
    time.sleep(0.2)
    all_say(NT.OBJECT_PATH_NOT_FOUND, opens)
    assert client.read(fid) == DATA  # what was open is open
    disk.share.symlink_to(away)
    all_say(NT.BAD_NETWORK_NAME, connects)
    all_say(NT.OBJECT_PATH_NOT_FOUND, opens)
    assert not (away / "new").exists()
    disk.share.unlink()
    away.rename(disk.share)
    all_say(NT.SUCCESS, connects)
    assert told(opens) == dict.fromkeys(opens, NT.SUCCESS)
    assert (disk.share / "new").exists()


def test_a_disk_that_is_unmounted_and_mounted_again(place: Path, serve: Serve) -> None:
    mounted("-t", "tmpfs", "-o", "size=1m", "none", place)
    disk = serve()
    disk.client.create("file")
    run("umount", "-l", place)
    time.sleep(0.2)
    assert told({"an open": lambda: disk.client.create("file")}) == {"an open": NT.OBJECT_NAME_NOT_FOUND}
    mounted("-t", "tmpfs", "-o", "size=1m", "none", place)
    time.sleep(0.2)
    (place / "file").write_bytes(b"another disk")
    assert disk.client.read(disk.client.create("file")) == b"another disk"


def test_a_log_on_a_full_disk_goes_on_when_there_is_room(
    fakesmb_command: list[str], place: Path, serve: Serve, tmp_path: Path
) -> None:
    """Nothing is missing of what could be kept meanwhile, and no line is half written."""
    mounted("-t", "tmpfs", "-o", "size=64k", "none", place)
    logs, errors = place / "log.jsonl", tmp_path / "stderr"
    (tmp_path / "log.jsonl").touch()  # the one of other tests
    disk = serve(fakesmb_command, "--log-file", str(logs))
    for _ in range(500):
        disk.client.call(0x2B, EchoRequest(1, b"?"), EchoResponse)
    until(lambda: "has stopped, to go on when that can be: No space left" in errors.read_text())
    assert logs.read_bytes().endswith(b"}\n")
    for name in place.iterdir():
        if name != logs:
            shutil.rmtree(name) if name.is_dir() else name.unlink()
    run("mount", "-o", "remount,size=8m", place)
    until(lambda: "goes on" in errors.read_text())
    until(lambda: [json.loads(line) for line in logs.open("rb")][-1].get("command") == "SMB_COM_ECHO")
    numbers = [json.loads(line).get("number", 0) for line in logs.open("rb")]
    assert sorted(set(filter(None, numbers))) == list(range(1, max(numbers) + 1))


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
