"""A server with few descriptors: whatever clients hold open, there is one for whoever comes, and for what it asks."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.locking import LockRange
from fakesmb.wire.nt_trans import NotifySetup
from fakesmb.wire.trans import NtTransactRequest, Transaction2Request
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindFirst2Response,
    SetFileInformationRequest,
    SetFsInformationRequest,
    Trans2,
)
from fakesmb.wire.unix import PosixLock, UnixFsInfo
from fuzz.sockets import SocketClient
from tests.refusals import Refuses
from tests.serving import Served, serving

MOST: Final = 128
"""What `ulimit -n` says, soft and hard."""
FOLDERS: Final = 150

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="Linux counts descriptors there")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shares of many folders, with names enough for a search to stay open."""
    base = tmp_path_factory.mktemp("shares")
    for share in ("one", "two"):
        for number in range(FOLDERS):
            folder = base / share / f"d{number}"
            folder.mkdir(parents=True)
            for name in "abc":
                (folder / name).touch()
    return base


@pytest.fixture
def served(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], folders: Path, tmp_path: Path
) -> Iterator[Served]:
    limited = ["sh", "-c", f'ulimit -n {MOST}; exec "$@"', "sh", *fakesmb_command]
    shares = ["--share", f"one={folders / 'one'}", "--share", f"two={folders / 'two'}"]
    users = ["--user", "alice:Secret123", "--port", "0"]
    with serving(limited, fakesmb_environment, tmp_path, *shares, *users) as server:
        yield server


def comes(served: Served, share: str = "one") -> SocketClient:
    client = SocketClient(served.port)
    client.sign_in()
    client.connect(share)
    return client


def descriptors(served: Served) -> int:
    return len(os.listdir(f"/proc/{served.process.pid}/fd"))


def told(served: Served, text: str) -> int:
    """How many lines of the log say that, once what has happened so far is in it."""
    last = SocketClient(served.port)
    last.lost()
    number = f"127.0.0.1:{last.wire.port}"
    while number not in (log := served.log.read_text()):
        time.sleep(0.01)
    lines = (json.loads(line) for line in log.splitlines(keepends=True) if line.endswith("\n"))
    return sum(text in line["problem"] for line in lines if line["event"] == "problem")


def listed(client: SocketClient, pattern: str = "\\*", flags: int = 2) -> FindFirst2Response:
    found = client.trans2(1, FindFirst2Request(0x16, 4, flags, 0x104, 0, pattern))
    return FindFirst2Response.decode(found.parameters)


def file(client: SocketClient, number: int) -> None:
    client.create(f"d{number}\\a", disposition=1)


def stream(client: SocketClient, number: int) -> None:
    client.create(f"d{number}\\a:s", disposition=3)


def folder(client: SocketClient, number: int) -> None:
    client.create(f"d{number}", disposition=1, access=0x100001, options=1)


def watched(client: SocketClient, number: int) -> None:
    fid = client.create(f"d{number}", disposition=1, access=0x100001, options=1)
    setup = NotifySetup(0xFFF, fid, 1).encode()
    client.send(0xA0, NtTransactRequest(function=4, setup=setup, max_parameter_count=1000))


def search(client: SocketClient, number: int) -> None:
    listed(client, f"\\d{number}\\*", flags=0)


def locked(client: SocketClient, number: int) -> None:
    fid = client.create(f"d{number}\\b", disposition=1)
    body = client.locking(fid, LockRange(1, 0, 10))
    client.send(0x24, body)
    status = client.answer().header.status
    if status:
        raise SMBError(status)


def posix_locked(client: SocketClient, number: int) -> None:
    fid = client.create(f"d{number}\\c", disposition=1)
    data = PosixLock(1, 0, 7, 0, 10).encode()
    client.trans2(Trans2.SET_FILE_INFORMATION, SetFileInformationRequest(fid, 0x208), data)


KINDS: Final = (file, stream, folder, watched, search, locked, posix_locked)
Holds = Callable[[SocketClient, int], None]


@pytest.mark.parametrize("one_more", KINDS)
def test_clients_may_hold_as_much_as_leaves_some_for_others(
    served: Served, refuses: Refuses, one_more: Holds
) -> None:
    """From several connections, in folders of their own; then somebody comes, signs in and lists."""
    clients = [comes(served, share) for share in ("one", "two", "one")]
    held = 0
    refusals = set()
    for client in clients:
        if one_more is posix_locked:
            asked = UnixFsInfo(capabilities=1).encode()
            client.trans2(Trans2.SET_FS_INFORMATION, SetFsInformationRequest(0, 0x200), asked)
        refused = 0
        for number in range(FOLDERS):
            try:
                one_more(client, number)
                held += 1
            except SMBError as error:
                refusals.add(error.status)
                refused += 1
                if refused > 20:
                    break
        assert refused
    assert refusals == {NT.TOO_MANY_OPENED_FILES}
    assert held >= 24
    assert descriptors(served) <= MOST - 8
    others = [comes(served, share) for share in ("one", "two") * 4]
    for other in others:
        assert listed(other).search_count == 4
        assert listed(other, "\\d7\\*", flags=3).search_count == 4
        with refuses(NT.TOO_MANY_OPENED_FILES):
            file(other, 140)
    for client in clients:
        client.lost()
    while descriptors(served) > MOST - 60:  # the server hears of it
        time.sleep(0.01)
    for number in range(30):
        file(others[0], number)
    for other in others:
        other.lost()
    assert told(served, "limits.kept_descriptors") == 1


def test_what_was_looked_up_makes_room_for_what_is_opened(served: Served) -> None:
    """Both shares hold folders open to find them at once the next time; files want the descriptors more."""
    clients = [comes(served, share) for share in ("one", "two")]
    for number in range(FOLDERS):
        for client in clients:
            listed(client, f"\\d{number}\\*", flags=3)
    for number in range(60):
        file(clients[number % 2], 0)
    assert not told(served, "limits.kept_descriptors")
    for client in clients:
        client.lost()


def test_connections_leave_some_for_the_server(served: Served) -> None:
    """Beyond them one is closed at once, with a line for all, and those who are there are answered as ever."""
    first = comes(served)
    others: list[SocketClient] = []
    for _ in range(MOST):
        try:
            client = SocketClient(served.port)
            client.sign_in()
        except ConnectionError:
            break
        others.append(client)
    assert 60 < len(others) < MOST - 8
    assert listed(first, "\\d7\\*", flags=3).search_count == 4
    for client in others:
        client.lost()
    assert told(served, "no descriptor left")
    assert listed(comes(served)).search_count == 4


def test_pipes_take_none(served: Served) -> None:
    client = comes(served)
    client.connect("IPC$")
    before = descriptors(served)
    for _ in range(200):
        client.create("\\srvsvc")
    assert descriptors(served) == before
    client.lost()


def test_requests_under_way_leave_some(served: Served, folders: Path) -> None:
    """Hundreds of patterns over long folders, all at once: what each looks through is open meanwhile."""
    for number in range(60):
        for name in range(400):
            (folders / "two" / f"d{number}" / f"{name:05}").touch()
    clients = [comes(served, "two") for _ in range(3)]
    for client in clients:
        for number in range(60):
            asked = FindFirst2Request(0x16, 1, 3, 0x104, 0, f"\\d{number}\\*x*y*z").encode(unicode=True)
            client.send(0x32, Transaction2Request(setup=b"\1\0", parameters=asked, max_data_count=9999))
    assert listed(comes(served)).search_count == 4
    for client in clients:
        client.lost()
