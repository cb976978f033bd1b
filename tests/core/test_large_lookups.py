"""Names in another case, and 8.3 names, among thousands: every request that has a path finds them in turns.

A local program changes the directory between any two turns, for ever, and nothing is done twice.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from fakesmb.nt.status import NT
from fakesmb.testing import Answer, Client, InMemoryServer
from fakesmb.vfs.shortnames import short_name
from fakesmb.wire.codec import Body, Structure
from fakesmb.wire.dirs import (
    CheckDirectoryRequest,
    CreateDirectoryRequest,
    DeleteDirectoryRequest,
    DeleteRequest,
    NtRenameRequest,
    QueryInformationRequest,
    RenameRequest,
    SetInformationRequest,
)
from fakesmb.wire.files import NtCreateAndxRequest, NtCreateAndxResponse, OpenRequest
from fakesmb.wire.search import SearchRequest
from fakesmb.wire.trans import Transaction2Request
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    QueryPathInformationRequest,
    SetFsInformationRequest,
    SetPathInformationRequest,
    Trans2,
)
from fakesmb.wire.unix import PosixOpenRequest, UnixFsInfo

pytestmark = pytest.mark.turns

FILES = 1100
TURNS = 60
"""More than any request here needs: its slices are rows of 1,000 names and of 200 8.3 names, of two directories."""
LONG = "a name that is long.txt"
INNER = "an inner directory"


@pytest.fixture
def large(server: InMemoryServer, folders: dict[str, Path]) -> Iterator[Path]:
    """Two directories of thousands of names. Whoever asks whether the turn is over hears that it is."""
    turn = server.server.world.turn
    turn.now = count().__next__
    turn.begin()
    for name in ("dir", "another"):
        folder = folders["public"] / name
        folder.mkdir(exist_ok=True)
        for number in range(FILES):
            (folder / f"file {number:04}.txt").touch()
        (folder / LONG).write_text("text")
        (folder / INNER).mkdir()
        (folder / INNER / "within").touch()
    yield folders["public"]
    turn.now = float  # the end of the connection is no part of this


def answered(server: InMemoryServer, client: Client, large: Path, command: int, request: Body) -> Answer:
    """The answer, after at least one turn of others, while a local program makes and removes names."""
    client.send(command, request)
    assert client.answers() == []
    assert isinstance(server.clock, Clock)
    for turn in range(TURNS):
        for folder in ("dir", "another"):
            (large / folder / f"made in turn {turn}").touch()
            (large / folder / f"made in turn {turn - 1}").unlink(missing_ok=True)
        server.clock.advance(0)
        if found := client.answers():
            assert server.problems == []
            return found[0]
    raise AssertionError(f"no answer after {TURNS} turns")


def trans2(subcommand: int, asked: Structure, data: bytes = b"") -> Transaction2Request:
    return Transaction2Request(
        setup=subcommand.to_bytes(2, "little"),
        parameters=asked.encode(),
        data=data,
        max_parameter_count=10,
        max_data_count=4096,
    )


CASED, SHORT = f"DIR\\{LONG.upper()}", f"DIR\\{short_name(LONG)}"
WITHIN = f"dir\\{INNER.upper()}\\WITHIN"
WHOLE = [
    (0x08, QueryInformationRequest(CASED)),
    (0x08, QueryInformationRequest(SHORT)),
    (0x08, QueryInformationRequest(WITHIN)),
    (0x09, SetInformationRequest(0x20, 0, bytes(10), CASED)),
    (0x10, CheckDirectoryRequest(f"dir\\{INNER.upper()}")),
    (0x02, OpenRequest(0, 0x16, SHORT)),
    (0xA2, NtCreateAndxRequest(desired_access=0x12019F, share_access=7, file_name=CASED)),
    (0xA2, NtCreateAndxRequest(desired_access=0x1, share_access=7, file_name=f"{CASED}:new", create_disposition=2)),
    (0xA2, NtCreateAndxRequest(desired_access=0x1, flags=8, share_access=7, file_name=WITHIN)),
    (0x82, SearchRequest(1, 0x16, SHORT)),
    (0x32, trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 1, 1, 0x0101, 0, CASED))),
    (0x32, trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 1, 1, 0x0101, 0, f"dir\\{INNER.upper()}\\*"))),
    (0x32, trans2(Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest(0x0107, 0, SHORT))),
    (0x32, trans2(Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(0x0101, 0, CASED), bytes(40))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "request_"), WHOLE, ids=[f"{one[0]:02X} {number}" for number, one in enumerate(WHOLE)]
)
def test_a_name_is_found_in_turns(
    server: InMemoryServer, client: Client, large: Path, command: int, request_: Body
) -> None:
    """By every command that has a path."""
    answer = answered(server, client, large, command, request_)
    assert answer.header.status == NT.SUCCESS


def _gone(large: Path) -> bool:
    return not (large / "dir" / LONG).exists()


CHANGES: list[tuple[int, Body, Callable[[Path], bool]]] = [
    (0x06, DeleteRequest(0x16, CASED), _gone),
    (0x06, DeleteRequest(0x16, SHORT), _gone),
    (0x07, RenameRequest(0x16, CASED, "another\\NEW NAME"), lambda at: (at / "another" / "NEW NAME").exists()),
    (0x07, RenameRequest(0x16, f"{CASED[:-1]}?", "another\\*"), lambda at: _gone(at)),
    (0xA5, NtRenameRequest(0x16, 0x103, 0, SHORT, "ANOTHER\\LINK"), lambda at: (at / "another" / "LINK").exists()),
    (0xA5, NtRenameRequest(0x16, 0x105, 0, SHORT, "ANOTHER\\COPY"), lambda at: (at / "another" / "COPY").exists()),
    (0x00, CreateDirectoryRequest("DIR\\NEW"), lambda at: (at / "dir" / "NEW").is_dir()),
    (0x00, CreateDirectoryRequest(f"DIR\\{short_name(INNER)}\\NEW"), lambda at: (at / "dir" / INNER / "NEW").is_dir()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "request_", "done"),
    CHANGES,
    ids=[f"{one[0]:02X} {number}" for number, one in enumerate(CHANGES)],
)
def test_a_change_is_made_once(
    server: InMemoryServer,
    client: Client,
    large: Path,
    command: int,
    request_: Body,
    done: Callable[[Path], bool],
) -> None:
    """Although the request is attempted again and again."""
    if f"{LONG[:-1]}?".upper() in repr(request_):
        (large / "another" / LONG).unlink()
    answer = answered(server, client, large, command, request_)
    assert answer.header.status == NT.SUCCESS
    assert done(large)


def test_what_is_not_there_is_missed_in_turns(server: InMemoryServer, client: Client, large: Path) -> None:
    for name in ("dir\\none", "dir\\NONE~1.TXT"):
        answer = answered(server, client, large, 0x08, QueryInformationRequest(name))
        assert answer.header.status == NT.OBJECT_NAME_NOT_FOUND
    answer = answered(server, client, large, 0x01, DeleteDirectoryRequest(f"dir\\{INNER.upper()}"))
    assert answer.header.status == NT.DIRECTORY_NOT_EMPTY


def test_delete_on_close_by_another_name(server: InMemoryServer, client: Client, large: Path) -> None:
    """The file is gone when CLOSE is answered, whatever its directory has become meanwhile."""
    asked = NtCreateAndxRequest(
        desired_access=0x10000, share_access=7, create_options=0x1000, file_name=SHORT
    )
    fid = answered(server, client, large, 0xA2, asked).body(NtCreateAndxResponse).fid
    (large / "dir" / "by a local program").touch()
    client.close(fid)
    assert _gone(large)


def test_a_client_that_leaves_meanwhile(server: InMemoryServer, client: Client, large: Path) -> None:
    """Nothing goes on for it."""
    client.send(0x08, QueryInformationRequest(CASED))
    client.lost()
    assert isinstance(server.clock, Clock)
    server.clock.advance(0)
    assert server.clock.getDelayedCalls() == []
    assert server.problems == []


def test_a_directory_in_posix_open_is_made_once(server: InMemoryServer, client: Client, large: Path) -> None:
    """Where what comes after it, by the same path, has to look again."""
    share = server.server.share("public")
    assert share is not None
    share.unix_extensions = True
    client.trans2(
        Trans2.SET_FS_INFORMATION, SetFsInformationRequest(0, 0x200), UnixFsInfo(capabilities=0x20).encode()
    )
    asked = PosixOpenRequest(0, 0x210, 0o755, 0x200).encode()
    request = trans2(
        Trans2.SET_PATH_INFORMATION,
        SetPathInformationRequest(0x0209, 0, f"DIR\\{INNER.upper()}\\made"),
        asked,
    )
    answer = answered(server, client, large, 0x32, request)
    assert answer.header.status == NT.SUCCESS
    assert (large / "dir" / INNER / "made").stat().st_mode & 0o777 == 0o755
