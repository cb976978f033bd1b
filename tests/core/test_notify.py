"""NT_TRANSACT_NOTIFY_CHANGE: answers that come late, and everything that ends the wait."""

import pytest

from fakesmb.core.settings import Limits, Settings
from fakesmb.nt.files import FileAction
from fakesmb.nt.status import NT
from fakesmb.testing import CHALLENGE, GUID, Client
from fakesmb.wire.codec import Empty
from fakesmb.wire.dirs import CreateDirectoryRequest
from fakesmb.wire.nt_trans import NotifySetup, NtTransact, read_notify_information
from fakesmb.wire.session import LogoffAndxRequest
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse
from fakesmb.wire.tree import ProcessExitRequest, TreeDisconnectRequest
from tests.core.conftest import Make

NT_TRANSACT, CANCEL = 0xA0, 0xA4
NAME = 3
DIRECTORY = 1
LIST = 0x00100081


class Watcher:
    """A client with a directory open."""

    def __init__(self, client: Client, path: str = "") -> None:
        self.client = client
        self.fid = client.create(path, access=LIST, options=DIRECTORY)

    def ask(self, bits: int = NAME, *, tree: bool = False, size: int = 1000) -> int:
        """Asks for changes; gives the MID."""
        setup = NotifySetup(bits, self.fid, int(tree)).encode()
        request = NtTransactRequest(
            function=NtTransact.NOTIFY_CHANGE, setup=setup, max_parameter_count=size, max_data_count=0
        )
        return self.client.send(NT_TRANSACT, request)

    def told(self) -> list[tuple[int, int, list[tuple[int, str]]]]:
        """The answers to notify requests: MID, status, changes."""
        found = []
        for answer in self.client.answers():
            if answer.header.command == NT_TRANSACT:
                changes = []
                if answer.header.status == 0:
                    changes = read_notify_information(answer.body(NtTransactResponse).parameters)
                found.append((answer.header.mid, answer.header.status, changes))
        return found


@pytest.fixture
def watcher(client: Client) -> Watcher:
    return Watcher(client)


def mkdir(client: Client, name: str) -> None:
    client.call(0x00, CreateDirectoryRequest(name), Empty)


def test_another_client_makes_a_directory(watcher: Watcher, other: Client) -> None:
    mid = watcher.ask()
    assert watcher.told() == []
    mkdir(other, "new")
    assert watcher.told() == [(mid, 0, [(FileAction.ADDED, "new")])]


def test_names_are_unicode_whatever_the_flags_say(watcher: Watcher, other: Client) -> None:
    """[MS-FSCC] 2.7.1: FileName is Unicode; Windows 9x has to cope."""
    watcher.client.flags2 &= ~0x8000
    mid = watcher.ask()
    mkdir(other, "n\u00e9w")
    assert watcher.told() == [(mid, 0, [(FileAction.ADDED, "n\u00e9w")])]


def test_changes_between_requests_are_kept(watcher: Watcher, other: Client) -> None:
    watcher.ask()
    mkdir(other, "a")
    watcher.told()
    mkdir(other, "b")
    mkdir(other, "c")
    mid = watcher.ask()
    assert watcher.told() == [(mid, 0, [(FileAction.ADDED, "b"), (FileAction.ADDED, "c")])]


def test_several_requests_of_one_open_are_answered_in_order(watcher: Watcher, other: Client) -> None:
    first, second = watcher.ask(), watcher.ask()
    mkdir(other, "a")
    assert [mid for mid, _, _ in watcher.told()] == [first]
    mkdir(other, "b")
    assert [mid for mid, _, _ in watcher.told()] == [second]


def test_too_many_changes_are_success_without_any(watcher: Watcher, other: Client) -> None:
    """What Windows' SMB1 server makes of STATUS_NOTIFY_ENUM_DIR; clients list then ([MS-CIFS] 3.2.5.40.3)."""
    mid = watcher.ask(size=32)
    mkdir(other, "a name of more than ten characters")
    assert watcher.told() == [(mid, 0, [])]


def test_cancelled(watcher: Watcher, other: Client) -> None:
    mid = watcher.ask()
    watcher.client.send(CANCEL, Empty(), mid=mid)
    assert watcher.told() == [(mid, NT.CANCELLED, [])]
    mkdir(other, "a")
    mid = watcher.ask()
    assert watcher.told() == [(mid, 0, [(FileAction.ADDED, "a")])]


@pytest.mark.parametrize("end", ["close", "tree disconnect", "logoff", "process exit"])
def test_what_ends_the_open_ends_the_wait(watcher: Watcher, other: Client, end: str) -> None:
    """Success without a change, before the answer to what ended it."""
    client, mid = watcher.client, watcher.ask()
    if end == "close":
        from fakesmb.wire.files import CloseRequest

        client.send(0x04, CloseRequest(watcher.fid, 0))
    elif end == "tree disconnect":
        client.send(0x71, TreeDisconnectRequest())
    elif end == "logoff":
        client.send(0x74, LogoffAndxRequest())
    else:
        client.send(0x11, ProcessExitRequest())
    answers = client.answers()
    assert [answer.header.mid for answer in answers] == [mid, client.mid]
    assert answers[0].header.status == 0
    assert answers[0].body(NtTransactResponse).parameters == b""
    mkdir(other, "a")
    assert client.answers() == []


def test_the_connection_ends(watcher: Watcher, other: Client) -> None:
    watcher.ask()
    watcher.client.lost()
    mkdir(other, "a")
    assert watcher.client.answers() == []


def test_a_file_cannot_be_watched(client: Client) -> None:
    watcher = Watcher(client)
    watcher.fid = client.create("a.txt")
    mid = watcher.ask()
    assert watcher.told() == [(mid, NT.INVALID_PARAMETER, [])]


def test_without_the_right_to_list(client: Client) -> None:
    watcher = Watcher(client)
    watcher.fid = client.create("dir", access=0x00100080, options=DIRECTORY)
    mid = watcher.ask()
    assert watcher.told() == [(mid, NT.ACCESS_DENIED, [])]


def test_too_many_waiting_requests(make: Make) -> None:
    """limits.pending bounds them as it does all that waits."""
    limits = Limits(pending=2)
    server = make(settings=Settings(challenge=CHALLENGE, guid=GUID, limits=limits))
    watcher = Watcher(server.client().sign_in().connect("public"))
    watcher.ask()
    watcher.ask()
    mid = watcher.ask()
    assert watcher.told() == [(mid, NT.INSUFFICIENT_RESOURCES, [])]


def test_a_setup_that_is_too_short(client: Client) -> None:
    client.send(NT_TRANSACT, NtTransactRequest(function=NtTransact.NOTIFY_CHANGE, setup=b"\x01\x00"))
    assert client.answer().header.status != 0
