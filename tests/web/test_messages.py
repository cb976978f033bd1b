"""What happened, by HTTP: entries with ids, waiting for them, and what is forgotten."""

import json
from collections.abc import Callable

from fakesmb.record.events import Connected
from fakesmb.record.jsonl import JsonLines
from fakesmb.web.told import Told, _Nowhere, count
from tests.web.memory import Memory, answer, request


def ids(got: object) -> list[int]:
    return [one["id"] for one in got["messages"]]  # type: ignore[index]


def test_entries_are_those_of_the_json_lines_with_ids_from_one(memory: Memory) -> None:
    memory.smb()
    got = memory.get("/api/v1/messages").json
    lines = b"".join(
        JsonLines(_Nowhere()).lines(event) for event in memory.service.journal.events
    ).splitlines()
    assert [{key: value for key, value in one.items() if key != "id"} for one in got["messages"]] == list(
        map(json.loads, lines)
    )
    assert ids(got) == list(range(1, len(lines) + 1))
    assert (got["last"], got["forgotten"]) == (len(lines), 0)
    assert {"connected", "signed_in", "request", "response"} <= {one["event"] for one in got["messages"]}


def test_what_a_client_was_answered_is_in_the_answer(memory: Memory) -> None:
    client = memory.smb()
    for turn in range(5):
        before = memory.get("/api/v1/messages?limit=5000").json["last"]
        client.create(f"{turn}.txt", disposition=2)
        new = memory.get(f"/api/v1/messages?after={before}").json
        assert [one["event"] for one in new["messages"]] == ["request", "response"]
        assert new["messages"][0]["path"] == f"\\{turn}.txt"


def test_a_page_ends_anywhere_and_the_next_goes_on(memory: Memory) -> None:
    memory.smb()
    whole = ids(memory.get("/api/v1/messages").json)
    for limit in (1, 2, 3):
        found: list[int] = []
        after = 0
        while new := ids(got := memory.get(f"/api/v1/messages?after={after}&limit={limit}").json):
            assert len(new) <= limit
            found, after = found + new, got["last"]
        assert found == whole


def test_what_is_to_come_is_waited_for(memory: Memory) -> None:
    client = memory.smb()
    last = memory.get("/api/v1/messages").json["last"]
    browser = memory.browser()
    browser.send(request("GET", f"/api/v1/messages?after={last}&wait=5"))
    memory.reactor.advance(1)
    assert browser.take() == b""
    client.create("new.txt", disposition=2)
    memory.reactor.advance(0)
    assert ids(answer(browser.take()).json) == [last + 1, last + 2]
    late = memory.get(f"/api/v1/messages?after={last + 2}&wait=2", seconds=2)
    assert (late.json["messages"], late.json["last"]) == ([], last + 2)
    gone = memory.browser()
    gone.send(request("GET", f"/api/v1/messages?after={last + 2}&wait=2"))
    gone.leave()
    assert not memory.http.site.told._wakers


def test_what_is_forgotten_is_counted(new_memory: Callable[..., Memory]) -> None:
    memory = new_memory()
    told = memory.http.site.told
    told._most_events = 3
    memory.smb()
    got = memory.get("/api/v1/messages").json
    assert got["forgotten"] == ids(got)[0] - 1 > 0
    assert memory.get(f"/api/v1/messages?after={ids(got)[0] - 2}").json["forgotten"] == 1
    assert memory.get(f"/api/v1/messages?after={got['last'] + 9}").json == {
        "messages": [],
        "last": got["last"] + 9,
        "forgotten": 0,
    }


def test_the_history_is_bounded_and_cut_now_and_then() -> None:
    told = Told(10)
    for number in range(10_000):
        told.write(Connected(float(number), number, "a", "b"))
    assert [place.id for place in told.after(0)] == list(range(9991, 10_001))
    assert len(told._ids) < 5000
    assert told.forgotten() == 9990
    assert told.at(9990) is None
    assert told.at(10_001) is None
    place = told.at(9991)
    assert place is not None
    assert place.event.connection == 9990  # type: ignore[union-attr]
    told.clear()
    assert (told.forgotten(), told.last, list(told.after(0))) == (0, 10_000, [])
    by_bytes = Told(1000, most_bytes=3000)
    for number in range(10):
        by_bytes.write(Connected(0.0, number, "a", "b"))
    assert len(list(by_bytes.after(0))) == 3


def test_each_message_that_an_event_tells_has_an_id(memory: Memory) -> None:
    memory.smb()
    for event in memory.service.journal.events:
        assert count(event) == len(JsonLines(_Nowhere()).lines(event).splitlines())
