"""What happened, by HTTP: entries with ids, waiting for them, and what is forgotten."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fakesmb.record.events import Connected
from fakesmb.record.jsonl import JsonLines
from fakesmb.web import contexts, messages
from fakesmb.web.told import Told, _Nowhere, count
from fakesmb.wire.header import HEADER_SIZE, block_at
from fakesmb.wire.session import SessionSetupPlainRequest
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


def test_a_filter_says_which(memory: Memory) -> None:
    client = memory.smb()
    client.create("a.txt")
    got = memory.get("/api/v1/messages?filter=command%3DNT_CREATE_ANDX").json
    assert [one["event"] for one in got["messages"]] == ["request", "response"]
    assert got["last"] == memory.http.site.told.last
    assert len(memory.get("/api/v1/messages?filter=+").json["messages"]) == got["last"]
    wrong = memory.get("/api/v1/messages?filter=comand%3DREAD")
    assert (wrong.status, "did you mean command" in wrong.error) == (400, True)
    assert memory.get("/api/v1/events?filter=comand%3DREAD").status == 400


def test_many_entries_are_looked_at_in_slices(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.smb().create("a.txt")
    monkeypatch.setattr(messages, "SLICE_SECONDS", -1.0)
    turns: list[float] = []
    later = memory.reactor.callLater

    def noted(delay: float, *args: Any) -> Any:
        turns.append(delay)
        return later(delay, *args)

    monkeypatch.setattr(memory.reactor, "callLater", noted)
    got = memory.get("/api/v1/messages?filter=command%3DNT_CREATE_ANDX&wait=9")
    assert len(got.json["messages"]) == 2
    assert turns.count(0) > 3
    turns.clear()
    assert memory.get("/api/v1/messages?filter=command%3DECHO").json["messages"] == []
    assert turns.count(0) > 3


# -- one message -------------------------------------------------------------------------------------------


def test_one_message_has_a_tree_and_tables(memory: Memory) -> None:
    client = memory.smb()
    fid = client.create("a.txt")
    told = memory.get("/api/v1/messages").json["messages"]
    for entry in told:
        detail = memory.get(f"/api/v1/messages/{entry['id']}").json
        assert detail["message"] == entry
        assert (detail["tree"] is None) == ("number" not in entry)
        got = memory.get(f"/api/v1/messages/{entry['id']}/bytes")
        if "number" in entry:
            assert got.body.startswith(b"\xffSMB")
            assert detail["tree"]["buffers"][0] == got.body.hex()
            assert got.headers["content-type"] == "application/octet-stream"
        else:
            assert got.status == 404
    assert [one["fid"] for one in detail["tables"]["fids"]] == [fid]
    assert detail["tables"]["fids"][0]["path"] == "\\a.txt"
    first = memory.get("/api/v1/messages/2").json
    assert first["tables"]["fids"] == []


def test_a_message_that_is_not_there(memory: Memory) -> None:
    last = memory.http.site.told.last
    assert f"the newest is {last}" in memory.get(f"/api/v1/messages/{last + 1}").error
    assert memory.get("/api/v1/messages/0").status == 404
    assert memory.get("/api/v1/messages/x").status == 400
    memory.smb()
    memory.http.site.told.clear()
    assert memory.get("/api/v1/messages/2").error == "the message of id 2 is forgotten"


def test_secrets_are_told_nowhere(memory: Memory) -> None:
    memory.smb()
    (setup,) = memory.service.journal.exchanges(command="SMB_COM_SESSION_SETUP_ANDX")
    exchange: Any = setup.item.told
    asked: Any = SessionSetupPlainRequest.decode(block_at(exchange.request, HEADER_SIZE, unicode=True))
    proof = bytes(asked.unicode_password)
    assert len(set(proof)) > 8
    told = memory.get("/api/v1/messages").json
    for entry in told["messages"]:
        detail = memory.get(f"/api/v1/messages/{entry['id']}")
        assert proof.hex() not in detail.body.decode()
        assert proof not in memory.get(f"/api/v1/messages/{entry['id']}/bytes").body
    assert proof.hex() not in json.dumps(told)


def test_tables_are_right_where_what_made_them_is_forgotten(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = memory.http.site.told
    told._most_events = 5
    client = memory.smb()
    fid = client.create("a.txt")
    for _ in range(20):
        client.read(fid, 0, 5)
    monkeypatch.setattr(contexts, "SLICE_SECONDS", -1.0)
    browser = memory.browser()
    browser.send(request("GET", f"/api/v1/messages/{told.last}"))
    for _ in range(10):
        memory.reactor.advance(0)
    detail = answer(browser.take()).json
    assert [(one["fid"], one["path"]) for one in detail["tables"]["fids"]] == [(fid, "\\a.txt")]
    assert [one["user"] for one in detail["tables"]["uids"]] == ["alice"]
    client.read(fid, 0, 5)
    assert len(memory.http.site.contexts._contexts) <= 5
    gone = memory.browser()
    gone.send(request("GET", f"/api/v1/messages/{told.last}"))
    gone.leave()
    memory.reactor.advance(1)
