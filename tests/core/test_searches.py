"""SEARCH, FIND, FIND_UNIQUE and FIND_CLOSE: what DOS lists directories with."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from fakesmb.core.commands.search import KEPT_SEARCHES
from fakesmb.nt.status import NT
from fakesmb.testing import Client
from fakesmb.wire.header import Flags2
from fakesmb.wire.search import ResumeKey, SearchEntry, SearchRequest, SearchResponse
from fakesmb.wire.trans2 import FindFirst2Request, FindNext2Request

Refuses = Callable[[NT], AbstractContextManager[object]]


def entries(response: SearchResponse) -> list[SearchEntry]:
    """The entries of an answer, 43 bytes each."""
    data = bytes(response.entries)
    return [SearchEntry.decode(data, at) for at in range(0, len(data), 43)]


def names(response: SearchResponse) -> list[bytes]:
    """Their names; what follows the null is null too."""
    found = []
    for entry in entries(response):
        name, _, rest = entry.file_name.partition(b"\0")
        assert not rest.strip(b"\0")
        found.append(name)
    return found


@pytest.fixture
def many(folders: dict[str, Path]) -> list[str]:
    """Ten files."""
    made = [f"f{n}.txt" for n in range(10)]
    for name in made:
        (folders["public"] / "dir" / name).write_bytes(b"")
    return made


@pytest.mark.parametrize("command", [0x81, 0x82])
def test_a_search_goes_on_by_key(client: Client, many: list[str], command: int) -> None:
    """MaxCount is for one answer; any entry's key goes on after it; at the end comes an empty answer."""
    first = client.call(command, SearchRequest(4, 0, "\\dir\\*.*"), SearchResponse)
    assert names(first) == [name.encode() for name in many[:4]]
    second = client.call(command, SearchRequest(20, 0, "", entries(first)[1].resume_key), SearchResponse)
    assert names(second) == [name.encode() for name in many[2:]]
    last = client.call(command, SearchRequest(20, 0, "", entries(second)[-1].resume_key), SearchResponse)
    assert last.count == 0


def test_dots_are_their_own_short_names(client: Client) -> None:
    found = client.call(0x81, SearchRequest(2, 0x10, "\\dir\\*.*"), SearchResponse)
    assert names(found) == [b".", b".."]
    answer = client.trans2(1, FindFirst2Request(0x10, 2, 1, 0x104, 0, "\\dir\\*"))
    assert bytes(answer.data)[68] == 0


def test_client_state_comes_back(client: Client, many: list[str]) -> None:
    """Bytes 17 to 20 are the client's."""
    first = client.call(0x81, SearchRequest(1, 0, "\\dir\\*.*"), SearchResponse)
    key = entries(first)[0].resume_key[:17] + b"MINE"
    second = client.call(0x81, SearchRequest(1, 0, "", key), SearchResponse)
    assert ResumeKey.decode(entries(second)[0].resume_key).client_state == b"MINE"


def test_nothing_found_is_no_more_files(client: Client, refuses: Refuses) -> None:
    """Of a search that begins."""
    for command in (0x81, 0x82, 0x83):
        with refuses(NT.NO_MORE_FILES):
            client.call(command, SearchRequest(1, 0, "\\nothing.*"), SearchResponse)
    assert len(client.connection.searches) == 0


def test_find_unique_keeps_nothing(client: Client, many: list[str]) -> None:
    """One answer, no search left."""
    assert client.call(0x83, SearchRequest(3, 0, "\\dir\\*.*"), SearchResponse).count == 3
    assert len(client.connection.searches) == 0


def test_find_close_ends_a_find(client: Client, many: list[str], refuses: Refuses) -> None:
    """Its key is good for nothing then."""
    key = entries(client.call(0x82, SearchRequest(1, 0, "\\dir\\*.*"), SearchResponse))[0].resume_key
    client.call(0x84, SearchRequest(0, 0, "", key), SearchResponse)
    with refuses(NT.NO_MORE_FILES):
        client.call(0x82, SearchRequest(1, 0, "", key), SearchResponse)
    with refuses(NT.INVALID_PARAMETER):
        client.call(0x84, SearchRequest(0, 0, "", b"short"), SearchResponse)


def test_long_names_are_listed_short_and_in_capitals_for_dos(
    client: Client, folders: dict[str, Path]
) -> None:
    """A client without long names gets 8.3 in upper case, whatever the disk says."""
    (folders["public"] / "dir" / "A rather long name.text").write_bytes(b"")
    (folders["public"] / "dir" / "low.txt").write_bytes(b"")
    client.flags2 &= ~Flags2.LONG_NAMES
    found = names(client.call(0x81, SearchRequest(9, 0, "\\dir\\????????.???"), SearchResponse))
    assert len(found) == 2
    assert b"LOW.TXT" in found
    assert all(len(name) <= 12 and name.upper() == name for name in found)


def test_the_volume_label(client: Client) -> None:
    """Attributes 0x08 alone find one entry."""
    found = entries(client.call(0x81, SearchRequest(5, 0x08, "\\*.*"), SearchResponse))
    assert [entry.file_attributes for entry in found] == [0x08]


def test_searches_that_nobody_closes_make_room(client: Client, many: list[str]) -> None:
    """SEARCH has no end: the oldest goes."""
    for _ in range(KEPT_SEARCHES + 5):
        client.call(0x81, SearchRequest(1, 0, "\\dir\\*.*"), SearchResponse)
    assert len(client.connection.searches) == KEPT_SEARCHES


def test_a_listing_resumed_by_name_sees_what_is_new(
    client: Client, folders: dict[str, Path], many: list[str]
) -> None:
    """NTFS goes on in its index: files made meanwhile are listed, a name that is gone is still a place."""
    asked = FindFirst2Request(0, 3, 0, 0x0103, 0, "\\dir\\*")
    sid = int.from_bytes(client.trans2(0x01, asked).parameters[:2], "little")
    (folders["public"] / "dir" / "f2.txt").unlink()
    (folders["public"] / "dir" / "f25.txt").write_bytes(b"")
    again = FindNext2Request(sid, 50, 0x0103, 0, 0, "f2.txt")
    data = bytes(client.trans2(0x02, again).data)
    assert "f25.txt".encode("utf-16-le") in data
    assert "f1.txt".encode("utf-16-le") not in data
    assert "f9.txt".encode("utf-16-le") in data
