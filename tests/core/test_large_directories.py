"""Directories of thousands of files: a request that looks through one lets others have their turns."""

from itertools import count
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from fakesmb.nt.status import NT
from fakesmb.testing import Answer, Client, InMemoryServer
from fakesmb.wire.codec import Body
from fakesmb.wire.dirs import DeleteRequest, RenameRequest
from fakesmb.wire.search import SearchRequest, SearchResponse
from fakesmb.wire.session import EchoRequest, EchoResponse
from fakesmb.wire.trans import Transaction2Request, TransactionResponse
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindFirst2Response,
    FindFlag,
    FindNext2Request,
    FindNext2Response,
    Trans2,
)

pytestmark = pytest.mark.turns

FILES = 2500
NAMES = 0x0101


@pytest.fixture
def large(server: InMemoryServer, folders: dict[str, Path]) -> Path:
    """2,499 files called so and one that is not; whoever asks how long a turn lasts finds it a millisecond longer."""
    server.server.world.turn.now = count(0, 0.001).__next__
    for number in range(FILES - 1):
        (folders["public"] / "dir" / f"file {number:04}.txt").touch()
    (folders["public"] / "dir" / "rarity").touch()
    return folders["public"] / "dir"


def in_turns(server: InMemoryServer, client: Client, command: int, request: Body) -> tuple[bool, Answer]:
    """Whether others have a turn before the answer comes; one of them has an echo answered then."""
    other = server.client().sign_in()
    client.send(command, request)
    found = client.answers()
    interrupted = not found
    if interrupted:
        assert other.call(0x2B, EchoRequest(1, b"?"), EchoResponse).data == b"?"
        assert isinstance(server.clock, Clock)
        server.clock.advance(0)
        found = client.answers()
    (answer,) = found
    return interrupted, answer


def trans2(subcommand: int, asked: FindFirst2Request | FindNext2Request) -> Transaction2Request:
    """With room for a large answer."""
    return Transaction2Request(
        setup=subcommand.to_bytes(2, "little"),
        parameters=asked.encode(),
        max_parameter_count=10,
        max_data_count=60000,
    )


def find_first(pattern: str, *, count: int = 500, flags: int = 0, kinds: int = 0x16) -> Transaction2Request:
    """FIND_FIRST2 for names."""
    return trans2(Trans2.FIND_FIRST2, FindFirst2Request(kinds, count, flags, NAMES, 0, pattern))


def test_a_pattern_is_looked_for_in_turns(server: InMemoryServer, client: Client, large: Path) -> None:
    """The one name that matches is found, and the search closed with the answer."""
    asked = find_first("\\dir\\rar*", flags=FindFlag.CLOSE_AFTER_REQUEST)
    interrupted, answer = in_turns(server, client, 0x32, asked)
    assert interrupted
    found = answer.body(TransactionResponse)
    assert FindFirst2Response.decode(found.parameters).search_count == 1
    assert "rarity".encode("utf-16-le") in bytes(found.data)
    assert len(client.connection.searches) == 0


@pytest.mark.parametrize(("pattern", "kinds"), [("z*", 0x16), ("f*", 0x1010)], ids=["name", "kind"])
def test_nothing_found_at_last(
    server: InMemoryServer, client: Client, large: Path, pattern: str, kinds: int
) -> None:
    """NO_SUCH_FILE where no name matches, or nothing of that kind, and no search is left open."""
    interrupted, answer = in_turns(server, client, 0x32, find_first(f"\\dir\\{pattern}", kinds=kinds))
    assert (interrupted, answer.header.status) == (True, NT.NO_SUCH_FILE)
    assert len(client.connection.searches) == 0


def test_going_on_takes_turns_too(server: InMemoryServer, client: Client, large: Path) -> None:
    """FIND_NEXT2, to a match that lies far behind the one before."""
    (large / "a rarity").touch()
    interrupted, answer = in_turns(server, client, 0x32, find_first("\\dir\\*rarity", count=1))
    assert not interrupted
    sid = FindFirst2Response.decode(answer.body(TransactionResponse).parameters).sid
    going_on = FindNext2Request(sid, 500, NAMES, 0, FindFlag.CONTINUE_FROM_LAST, "")
    interrupted, answer = in_turns(server, client, 0x32, trans2(Trans2.FIND_NEXT2, going_on))
    assert interrupted
    found = FindNext2Response.decode(answer.body(TransactionResponse).parameters)
    assert (found.search_count, found.end_of_search) == (1, 1)


def test_a_client_that_leaves_leaves_no_search(server: InMemoryServer, client: Client, large: Path) -> None:
    """In the midst of looking."""
    client.send(0x32, find_first("\\dir\\z*"))
    client.lost()
    assert isinstance(server.clock, Clock)
    server.clock.advance(0)
    assert server.problems == []
    assert server.clock.getDelayedCalls() == []


@pytest.mark.parametrize("command", [0x81, 0x82, 0x83])
def test_old_searches_take_turns(server: InMemoryServer, client: Client, large: Path, command: int) -> None:
    """SEARCH, FIND and FIND_UNIQUE."""
    interrupted, answer = in_turns(server, client, command, SearchRequest(1, 0, "\\dir\\rarity?"))
    assert (interrupted, answer.body(SearchResponse).count) == (True, 1)
    interrupted, answer = in_turns(server, client, command, SearchRequest(1, 0, "\\dir\\none?"))
    assert (interrupted, answer.header.status) == (True, NT.NO_MORE_FILES)


def test_deleting_and_renaming_by_pattern_takes_turns(
    server: InMemoryServer, client: Client, large: Path
) -> None:
    """All that match, some hundreds a turn."""
    renaming = RenameRequest(0x16, "\\dir\\file 0*", "\\dir\\past 0*")
    interrupted, answer = in_turns(server, client, 0x07, renaming)
    assert (interrupted, answer.header.status) == (True, NT.SUCCESS)
    assert len(list(large.glob("past 0*"))) == 1000
    interrupted, answer = in_turns(server, client, 0x06, DeleteRequest(0x16, "\\dir\\*.txt"))
    assert (interrupted, answer.header.status) == (True, NT.SUCCESS)
    assert [path.name for path in large.iterdir()] == ["rarity"]


def test_a_listing_goes_on_by_name(server: InMemoryServer, client: Client, large: Path) -> None:
    """In any case, from any name: every entry behind it once."""
    server.server.world.turn.now = server.clock.seconds
    client.send(0x32, find_first("\\dir\\*"))
    first = FindFirst2Response.decode(client.answer().body(TransactionResponse).parameters)
    assert first.search_count == 500
    listed, ended, last = 0, 0, 99
    while not ended:
        client.send(
            0x32,
            trans2(Trans2.FIND_NEXT2, FindNext2Request(first.sid, 500, NAMES, 0, 0, f"FILE {last:04}.TXT")),
        )
        more = FindNext2Response.decode(client.answer().body(TransactionResponse).parameters)
        listed, ended, last = listed + more.search_count, more.end_of_search, last + more.search_count
    assert listed == FILES - 100
