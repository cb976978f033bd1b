"""Disks that fail: clients see what a server with such a disk answers, whichever command reaches it."""

import struct
from pathlib import Path
from typing import Any

import pytest

from fakesmb.faults.fault import Faults
from fakesmb.nt.controls import Fsctl
from fakesmb.nt.files import Disposition, Option
from fakesmb.nt.status import NT
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import (
    CheckDirectoryRequest,
    CreateDirectoryRequest,
    DeleteDirectoryRequest,
    DeleteRequest,
    NtRenameRequest,
    QueryInformation2Request,
    QueryInformationRequest,
    RenameRequest,
    SetInformationRequest,
)
from fakesmb.wire.files import (
    CloseRequest,
    CreateRequest,
    FlushRequest,
    NtCreateAndxRequest,
    OpenRequest,
    ReadAndxRequest,
    ReadRequest,
    WriteAndCloseRequest,
    WriteAndxRequest,
    WriteMode,
    WriteRequest,
)
from fakesmb.wire.nt_trans import IoctlSetup
from fakesmb.wire.raw import ReadRawRequest, WriteRawRequest
from fakesmb.wire.search import SearchRequest
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse, Transaction2Request
from fakesmb.wire.trans2 import (
    CreateDirectory2Request,
    FindFirst2Request,
    FindNext2Request,
    QueryFileInformationRequest,
    QueryFsInformationRequest,
    QueryPathInformationRequest,
    SetFileInformationRequest,
    SetPathInformationRequest,
    Trans2,
)
from fakesmb.wire.tree import QueryInformationDiskRequest
from tests.faults.conftest import DATA
from tests.refusals import Refuses


@pytest.fixture
def fid(client: Client) -> int:
    return client.create("a.txt")


def status_of(client: Client, command: int, body: Any) -> int:
    client.send(command, body)
    client.clock.advance(0)
    return client.answer().header.status


REACH_THE_DISK: dict[str, Any] = {
    "nt_create": (Command.NT_CREATE_ANDX, NtCreateAndxRequest(desired_access=1, create_disposition=1, file_name="a")),
    "open": (Command.OPEN, OpenRequest(0, 0x16, "a.txt")),
    "create": (Command.CREATE, CreateRequest(0, 0, "new.txt")),
    "check_directory": (Command.CHECK_DIRECTORY, CheckDirectoryRequest("dir")),
    "create_directory": (Command.CREATE_DIRECTORY, CreateDirectoryRequest("new")),
    "delete_directory": (Command.DELETE_DIRECTORY, DeleteDirectoryRequest("dir")),
    "delete": (Command.DELETE, DeleteRequest(0x16, "a.txt")),
    "delete_many": (Command.DELETE, DeleteRequest(0x16, "*.txt")),
    "rename": (Command.RENAME, RenameRequest(0x16, "a.txt", "c.txt")),
    "link": (Command.NT_RENAME, NtRenameRequest(0x16, 0x103, 0, "a.txt", "c.txt")),
    "query": (Command.QUERY_INFORMATION, QueryInformationRequest("a.txt")),
    "set": (Command.SET_INFORMATION, SetInformationRequest(0, 0, bytes(10), "a.txt")),
    "search": (Command.SEARCH, SearchRequest(9, 0x16, "*", b"")),
    "disk": (Command.QUERY_INFORMATION_DISK, QueryInformationDiskRequest()),
}  # fmt: skip


@pytest.mark.parametrize("what", REACH_THE_DISK)
def test_a_disk_with_a_defect_fails_every_command_by_name(
    client: Client, faults: Faults, folder: Path, what: str
) -> None:
    before = sorted(folder.rglob("*"))
    fault = faults.inject(share="in", io_error=True)
    assert status_of(client, *REACH_THE_DISK[what]) == NT.DATA_ERROR
    assert (fault.seen, fault.hits) == (1, 1)
    assert sorted(folder.rglob("*")) == before
    fault.remove()
    assert status_of(client, *REACH_THE_DISK[what]) != NT.DATA_ERROR


def of_a_fid(fid: int) -> dict[str, Any]:
    return {
        "read": (Command.READ, ReadRequest(fid, 10, 0, 0)),
        "read_andx": (Command.READ_ANDX, ReadAndxRequest(fid=fid, max_count=10)),
        "write": (Command.WRITE, WriteRequest(fid, 1, 0, 0, b"x")),
        "write_andx": (Command.WRITE_ANDX, WriteAndxRequest(fid=fid, data=b"x")),
        "truncate": (Command.WRITE, WriteRequest(fid, 0, 0, 0, b"")),
        "write_and_close": (Command.WRITE_AND_CLOSE, WriteAndCloseRequest(fid, 1, 0, 0, data=b"x")),
        "flush": (Command.FLUSH, FlushRequest(fid)),
        "query_information2": (Command.QUERY_INFORMATION2, QueryInformation2Request(fid)),
        "close": (Command.CLOSE, CloseRequest(fid)),
    }


@pytest.mark.parametrize("what", of_a_fid(0))
def test_a_disk_with_a_defect_fails_every_command_by_fid(
    client: Client, fid: int, faults: Faults, what: str
) -> None:
    fault = faults.inject(path="a.txt", io_error=True)
    assert status_of(client, *of_a_fid(fid)[what]) == NT.DATA_ERROR
    assert fault.hits == 1
    fault.remove()
    assert (client.connection.opens.get(fid) is None) is (what == "close")


def trans2s(fid: int) -> dict[str, Any]:
    return {
        "query_path": (Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest(0x107, 0, "a.txt")),
        "query_file": (Trans2.QUERY_FILE_INFORMATION, QueryFileInformationRequest(fid, 0x107)),
        "set_path": (Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(0x101, 0, "a.txt"), bytes(40)),
        "set_file": (Trans2.SET_FILE_INFORMATION, SetFileInformationRequest(fid, 0x104), bytes(8)),
        "find": (Trans2.FIND_FIRST2, FindFirst2Request(0x16, 9, 0, 0x104, 0, "*")),
        "fs": (Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x103)),
        "create_directory": (Trans2.CREATE_DIRECTORY, CreateDirectory2Request(0, "new"), b""),
    }


@pytest.mark.parametrize("what", trans2s(0))
def test_a_disk_with_a_defect_fails_every_subcommand(
    client: Client, fid: int, faults: Faults, refuses: Refuses, what: str
) -> None:
    with faults.inject(io_error=True, share="in") as fault, refuses(NT.DATA_ERROR):
        client.trans2(*trans2s(fid)[what])
    assert fault.hits == 1
    client.trans2(*trans2s(fid)[what])


def test_a_search_that_goes_on_meets_the_defect_too(client: Client, faults: Faults, refuses: Refuses) -> None:
    found = client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 1, 0, 0x104, 0, "*"))
    sid = int.from_bytes(found.parameters[:2], "little")
    with faults.inject(command="FIND", io_error=True), refuses(NT.DATA_ERROR):
        client.trans2(Trans2.FIND_NEXT2, FindNext2Request(sid, 9, 0x104, 0, 8, ""))
    client.trans2(Trans2.FIND_NEXT2, FindNext2Request(sid, 9, 0x104, 0, 8, ""))


def test_what_asks_no_disk_is_no_hit(client: Client, fid: int, faults: Faults) -> None:
    fault = faults.inject(share="in", io_error=True)
    client.lock(fid, 0, 1)
    client.unlock(fid, 0, 1)
    assert (fault.seen, fault.hits) == (2, 0)
    limited = faults.inject(command=["LOCKING_ANDX", "READ"], io_error=True, times=1)
    fault.remove()
    client.lock(fid, 0, 1)
    assert (limited.seen, limited.hits) == (1, 0)


def raw_write(fid: int) -> WriteRawRequest:
    """Of four bytes, two of them in the request."""
    return WriteRawRequest(fid, 4, 0, 0, 0, 0, 0, 2, 59 + 4, data=b"ab")


def test_raw_reads_and_writes_meet_the_defect_as_they_can(client: Client, fid: int, faults: Faults) -> None:
    """A read gives an empty frame; the second part of a write without write-through is told of by CLOSE."""
    fault = faults.inject(command=["READ_RAW", "WRITE_RAW"], io_error=True)
    client.send(Command.READ_RAW, ReadRawRequest(fid, 0, 10, 0, 0))
    assert client.stream() == bytes(4)
    assert fault.hits == 1
    client.send(Command.WRITE_RAW, raw_write(fid))
    assert client.answer().header.status == NT.DATA_ERROR
    fault.remove()
    full = faults.inject(share="in", disk_full_after=2)
    client.send(Command.WRITE_RAW, raw_write(fid))
    assert client.answer().header.status == 0
    client.connection.receive(b"\0\0\0\2cd")
    assert client.answers() == []
    assert full.hits == 1
    assert status_of(client, Command.CLOSE, CloseRequest(fid)) == NT.DISK_FULL


@pytest.mark.parametrize("size", [0, 5, 99])
def test_reads_are_short(client: Client, fid: int, faults: Faults, size: int) -> None:
    fault = faults.inject(path="a.txt", short_read=size)
    assert client.read(fid) == DATA[:size]
    assert client.read(fid, 90) == DATA[90 : 90 + size]
    assert (fault.seen, fault.hits) == (2, 1 if size == 99 else 2)
    client.trans2(Trans2.QUERY_FILE_INFORMATION, QueryFileInformationRequest(fid, 0x107))
    assert fault.seen == 2  # without a command the rule means reads


def test_a_slow_disk_delays_what_needs_it(client: Client, fid: int, faults: Faults) -> None:
    fault = faults.inject(share="in", slow_disk=0.5)
    client.lock(fid, 0, 1)
    assert (fault.seen, fault.hits) == (1, 0)
    client.send(Command.READ_ANDX, ReadAndxRequest(fid=fid, max_count=10))
    client.clock.advance(0.4)
    assert client.answers() == []
    client.clock.advance(0.2)
    assert client.answer().header.status == 0
    assert (fault.seen, fault.hits) == (2, 1)


def test_data_cannot_be_made_durable(client: Client, fid: int, faults: Faults, folder: Path) -> None:
    fault = faults.inject(flush_fails=True)
    through = WriteAndxRequest(fid=fid, data=b"new", write_mode=WriteMode.WRITE_THROUGH)
    assert status_of(client, Command.WRITE_ANDX, through) == NT.DATA_ERROR
    assert status_of(client, Command.FLUSH, FlushRequest(fid)) == NT.DATA_ERROR
    assert status_of(client, Command.WRITE_ANDX, WriteAndxRequest(fid=fid, data=b"newer")) == 0
    assert (fault.seen, fault.hits) == (3, 2)
    assert (folder / "a.txt").read_bytes()[:5] == b"newer"
    fault.remove()
    assert status_of(client, Command.FLUSH, FlushRequest(fid)) == 0


# -- a disk that fills up ----------------------------------------------------------------------------------


def free_units(client: Client) -> int:
    found = client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x103))
    return int.from_bytes(found.data[8:16], "little")


def test_a_disk_becomes_full_for_all_who_write_to_the_share(
    server: InMemoryServer, client: Client, faults: Faults, folder: Path, refuses: Refuses
) -> None:
    second, other = server.client().sign_in().connect("in"), server.client().sign_in().connect("other")
    fault = faults.inject(share="in", disk_full_after=10)
    mine, theirs = (
        client.create("x", disposition=Disposition.CREATE),
        second.create("y", disposition=Disposition.CREATE),
    )
    assert client.write(mine, b"123456") == 6
    assert free_units(client) == 0
    with refuses(NT.DISK_FULL):
        second.write(theirs, b"123456")
    assert (folder / "y").read_bytes() == b"1234"  # what fits is there, as it is on a real disk
    with refuses(NT.DISK_FULL):
        client.write(mine, b"7", 6)
    assert fault.hits == 2
    elsewhere = other.create("z", disposition=Disposition.CREATE)
    assert other.write(elsewhere, b"x" * 100) == 100
    assert client.read(mine) == b"123456"
    client.close(mine)
    fault.remove()
    assert second.write(theirs, b"56789", 4) == 5
    assert free_units(client) > 0


def test_each_share_has_a_disk_of_its_own(server: InMemoryServer, client: Client, faults: Faults) -> None:
    faults.inject(disk_full_after=4)
    other = server.client().sign_in().connect("other")
    assert client.write(client.create("x", disposition=Disposition.CREATE), b"1234") == 4
    assert other.write(other.create("y", disposition=Disposition.CREATE), b"1234") == 4


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (Command.WRITE, lambda fid: WriteRequest(fid, 0, 200, 0, b"")),
        (Command.CREATE_DIRECTORY, lambda _: CreateDirectoryRequest("new")),
        (
            Command.NT_CREATE_ANDX,
            lambda _: NtCreateAndxRequest(
                file_name="n", desired_access=0x12019F, create_disposition=2, allocation_size=1
            ),
        ),
        (Command.NT_RENAME, lambda _: NtRenameRequest(0x16, 0x105, 0, "dir\\b.bak", "copy")),
    ],
    ids=["grow", "mkdir", "allocation", "copy"],
)
def test_a_full_disk_has_no_room_for_more(
    client: Client, fid: int, faults: Faults, command: int, body: Any
) -> None:
    fault = faults.inject(share="in", disk_full_after=0)
    assert status_of(client, command, body(fid)) == NT.DISK_FULL
    assert fault.hits == 1
    shrink = WriteRequest(fid, 0, 5, 0, b"")
    assert status_of(client, Command.WRITE, shrink) == 0
    assert client.read(fid) == DATA[:5]


def test_sizes_are_set_as_far_as_there_is_room(
    client: Client, fid: int, faults: Faults, refuses: Refuses
) -> None:
    faults.inject(share="in", disk_full_after=50)
    for level in (0x103, 0x104):
        for size, fits in ((90, True), (150, True), (250, False)):
            body = SetFileInformationRequest(fid, level)
            if fits:
                client.trans2(Trans2.SET_FILE_INFORMATION, body, size.to_bytes(8, "little"))
            else:
                with refuses(NT.DISK_FULL):
                    client.trans2(Trans2.SET_FILE_INFORMATION, body, size.to_bytes(8, "little"))
            client.trans2(
                Trans2.SET_FILE_INFORMATION,
                SetFileInformationRequest(fid, 0x104),
                (100).to_bytes(8, "little"),
            )


def set_end(client: Client, fid: int, size: int, level: int = 0x104) -> int:
    body = SetFileInformationRequest(fid, level)
    whole = Transaction2Request(
        setup=b"\x08\0",
        parameters=body.encode(unicode=True),
        data=size.to_bytes(8, "little"),
        max_parameter_count=2,
    )
    return status_of(client, Command.TRANSACTION2, whole)


@pytest.mark.parametrize("how", ["end of file", "core write", "sparse", "allocation"])
def test_files_do_not_grow_beyond_the_room_step_by_step(
    client: Client, faults: Faults, folder: Path, how: str
) -> None:
    fid = client.create("x", disposition=Disposition.CREATE)
    fault = faults.inject(share="in", disk_full_after=1000)

    def grow(size: int) -> int:
        if how == "core write":
            return status_of(client, Command.WRITE, WriteRequest(fid, 0, size, 0, b""))
        if how == "sparse":
            return status_of(
                client, Command.WRITE_ANDX, WriteAndxRequest(fid=fid, offset_low=size - 1, data=b"x")
            )
        return set_end(client, fid, size, 0x103 if how == "allocation" else 0x104)

    assert [grow(size) for size in (600, 1000, 1001, 3000, 700)] == [0, 0, NT.DISK_FULL, NT.DISK_FULL, 0]
    assert (folder / "x").stat().st_size <= 1000
    assert fault.hits == 2
    assert free_units(client) == 0


def test_what_has_been_reserved_takes_no_more_room_when_it_is_written(
    client: Client, faults: Faults, folder: Path, refuses: Refuses
) -> None:
    """As clients copy files: their size is set first."""
    fid = client.create("x", disposition=Disposition.CREATE)
    faults.inject(share="in", disk_full_after=1000)
    assert set_end(client, fid, 900) == 0
    for at in range(0, 900, 100):
        assert client.write(fid, b"x" * 100, at) == 100
    with refuses(NT.DISK_FULL):
        client.write(fid, b"y" * 150)
    assert (folder / "x").read_bytes() == b"y" * 100 + b"x" * 800


def test_room_that_new_files_ask_for_is_taken(client: Client, faults: Faults, folder: Path) -> None:
    fault = faults.inject(share="in", disk_full_after=1000)

    def create(name: str, disposition: int = Disposition.CREATE) -> int:
        body = NtCreateAndxRequest(
            file_name=name,
            desired_access=0x12019F,
            share_access=7,
            create_disposition=disposition,
            allocation_size=600,
        )
        return status_of(client, Command.NT_CREATE_ANDX, body)

    assert [create("1"), create("2"), create("a.txt", Disposition.OPEN)] == [0, NT.DISK_FULL, 0]
    assert fault.hits == 1
    assert not (folder / "2").exists()


def test_no_command_makes_a_directory_on_a_full_disk(client: Client, faults: Faults, folder: Path) -> None:
    fault = faults.inject(share="in", disk_full_after=0)

    def make(name: str, disposition: int) -> int:
        body = NtCreateAndxRequest(
            file_name=name, desired_access=1, share_access=7, create_options=1, create_disposition=disposition
        )
        return status_of(client, Command.NT_CREATE_ANDX, body)

    assert make("new", Disposition.CREATE) == make("new", Disposition.OPEN_IF) == NT.DISK_FULL
    assert not (folder / "new").exists()
    assert make("dir", Disposition.OPEN_IF) == 0
    assert make("dir", Disposition.CREATE) == NT.OBJECT_NAME_COLLISION
    assert fault.hits == 2


def test_every_level_tells_the_same_room(client: Client, faults: Faults) -> None:
    faults.inject(share="in", disk_full_after=1 << 20)
    found = client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(1007))
    _, mine, all_free, sectors, sector = struct.unpack("<QQQII", found.data[:32])
    assert mine * sectors * sector == all_free * sectors * sector == 1 << 20


def test_a_full_disk_goes_along_with_other_rules(client: Client, faults: Faults, refuses: Refuses) -> None:
    """Whichever comes first: bytes are counted, and the disk is full, whatever else happens to a write."""
    fid = client.create("x", disposition=Disposition.CREATE)
    slow = faults.inject(command="WRITE", delay=1)
    full = faults.inject(share="in", disk_full_after=5)
    never = faults.inject(command="WRITE", nth=3, fail=NT.ACCESS_DENIED)
    statuses = []
    for _ in range(2):
        client.send(Command.WRITE_ANDX, WriteAndxRequest(fid=fid, data=b"123"))
        client.clock.advance(1)
        statuses.append(client.answer().header.status)
    assert statuses == [0, NT.DISK_FULL]
    assert [fault.hits for fault in (slow, full, never)] == [2, 1, 0]
    slow.remove()
    with refuses(NT.ACCESS_DENIED):
        client.write(fid, b"")
    assert [fault.seen for fault in (full, never)] == [3, 3]


def test_a_disk_that_was_full_for_some_writes(client: Client, faults: Faults) -> None:
    fid = client.create("x", disposition=Disposition.CREATE)
    faults.inject(share="in", disk_full_after=0, times=1)
    assert status_of(client, Command.WRITE_ANDX, WriteAndxRequest(fid=fid, data=b"123")) == NT.DISK_FULL
    assert status_of(client, Command.WRITE_ANDX, WriteAndxRequest(fid=fid, data=b"123")) == 0


@pytest.mark.parametrize("key", ["nth", "skip", "every", "chance"])
def test_a_disk_counts_bytes_and_no_requests(faults: Faults, key: str) -> None:
    with pytest.raises(TypeError, match=f"{key}: does not go with disk_full_after"):
        faults.arm({"disk_full_after": 5, key: 1})


def test_deletions_and_their_defects(client: Client, faults: Faults, folder: Path) -> None:
    """A file that is to go when it is closed goes, and the client hears of the defect."""
    fid = client.create("a.txt", access=0x10000, options=Option.DELETE_ON_CLOSE)
    with faults.inject(command="CLOSE", io_error=True):
        assert status_of(client, Command.CLOSE, CloseRequest(fid)) == NT.DATA_ERROR
    assert not (folder / "a.txt").exists()


def test_a_copy_on_a_disk_with_a_defect(client: Client, faults: Faults, folder: Path) -> None:
    with faults.inject(command="NT_RENAME", io_error=True) as fault:
        copying = NtRenameRequest(0x16, 0x105, 0, "a.txt", "copy")
        assert status_of(client, Command.NT_RENAME, copying) == NT.DATA_ERROR
        assert fault.hits == 1
    assert not (folder / "copy").exists()


def test_server_side_copies_meet_the_disk(client: Client, fid: int, faults: Faults) -> None:
    """COPYCHUNK says how much it has copied, and with what status: nothing of what does not fit as a whole."""
    target = client.create("copy", disposition=Disposition.CREATE)
    asked = NtTransactRequest(
        function=2, setup=IoctlSetup(Fsctl.SRV_REQUEST_RESUME_KEY, fid, 1).encode(), max_data_count=64
    )
    key = bytes(client.call(Command.NT_TRANSACT, asked, NtTransactResponse).data)[:24]
    chunk = key + struct.pack("<IIQQII", 1, 0, 0, 0, 60, 0)
    copying = NtTransactRequest(
        function=2, setup=IoctlSetup(Fsctl.SRV_COPYCHUNK, target, 1).encode(), data=chunk, max_data_count=12
    )
    for rule, status in (({"disk_full_after": 50}, NT.DISK_FULL), ({"io_error": True}, NT.DATA_ERROR)):
        with faults.arm({"path": "copy", **rule}) as fault:
            assert status_of(client, Command.NT_TRANSACT, copying) == status
            assert fault.hits == 1
    assert client.read(target) == b""
    assert status_of(client, Command.NT_TRANSACT, copying) == 0
    assert client.read(target) == DATA[:60]


@pytest.mark.parametrize("rule", [{"disk_full_after": 1000}, {"io_error": True}], ids=str)
def test_the_unix_extensions_meet_the_disk(client: Client, faults: Faults, rule: dict[str, Any]) -> None:
    """QUERY_FILE_UNIX_BASIC asks the store of POSIX files."""
    query = QueryPathInformationRequest(0x200, 0, "a.txt")
    with faults.arm({"share": "in", **rule}) as fault:
        client.send(
            Command.TRANSACTION2,
            Transaction2Request(
                setup=b"\5\0",
                parameters=query.encode(unicode=True),
                max_data_count=200,
                max_parameter_count=2,
            ),
        )
        client.clock.advance(0)
        failed = client.answer().header.status == NT.DATA_ERROR
        assert failed is bool(fault.hits) is ("io_error" in rule)
