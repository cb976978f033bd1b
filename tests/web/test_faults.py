"""Faults by HTTP: armed, seen, hit, waited for, removed."""

from collections.abc import Callable
from typing import Any

import pytest

from fakesmb.nt.status import SMBError
from tests.web.memory import Memory, answer, request

FULL = {"command": "WRITE", "path": "*.txt", "fail": "DISK_FULL", "times": 1}


def test_a_fault_is_armed_acts_and_is_counted(memory: Memory) -> None:
    client = memory.smb()
    fid = client.create("a.txt")
    armed = memory.post("/api/v1/faults", FULL)
    assert armed.status == 201
    assert armed.json == {
        "id": "fault 1",
        "name": "fault 1",
        "url": "/api/v1/faults/fault%201",
        "rule": FULL,
        "seen": 0,
        "hits": 0,
        "armed": True,
    }
    assert armed.headers["location"] == armed.json["url"]
    with pytest.raises(SMBError):
        client.write(fid, b"x")
    client.write(fid, b"x")
    got = memory.get(armed.json["url"]).json
    assert (got["seen"], got["hits"], len(got["exchanges"])) == (2, 1, 1)
    assert got["exchanges"][0]["fault"] == "fault 1"
    assert memory.get("/api/v1/faults").json["faults"] == [{key: got[key] for key in armed.json}]
    removed = memory.call("DELETE", armed.json["url"])
    assert (removed.status, removed.json["armed"], removed.json["hits"]) == (200, False, 1)
    assert memory.get("/api/v1/faults").json == {"faults": []}
    assert len(memory.get("/api/v1/faults?all=true").json["faults"]) == 1
    assert memory.call("DELETE", armed.json["url"]).status == 200


def test_names_and_all_at_once(memory: Memory) -> None:
    for name in ("a/b", "next write fails", "ü?"):
        url = memory.post("/api/v1/faults", {"name": name, "fail": "ACCESS_DENIED"}).json["url"]
        assert memory.get(url).json["name"] == name
    assert memory.get("/api/v1/faults/next%20wriet%20fails").status == 404
    assert "did you mean next write fails" in memory.get("/api/v1/faults/next%20wriet%20fails").error
    gone = memory.call("DELETE", "/api/v1/faults").json["faults"]
    assert [one["armed"] for one in gone] == [False] * 3
    assert len(memory.service.faults) == 0


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"comand": "WRITE", "fail": "DISK_FULL"}, "comand: a fault has no such key; did you mean command"),
        ({"command": "WRIET", "fail": "DISK_FULL"}, "command: "),
        ({"command": "WRITE"}, ""),
        ({"command": "WRITE", "fail": "DISC_FULL"}, "did you mean"),
        ({"command": "WRITE", "fail": "DISK_FULL", "nth": 0}, "nth: "),
        ({"share": "inn", "fail": "DISK_FULL"}, "share: "),
        ({"call": "print"}, "call: is a function of Python"),
        ({"delay": {}}, "delay: "),
        ({}, ""),
        ([], "the body is a JSON object"),
    ],
)
def test_what_is_no_rule_is_a_bad_request_that_names_the_key(memory: Memory, rule: Any, words: str) -> None:
    got = memory.post("/api/v1/faults", rule)
    assert got.status == 400
    assert words in got.error
    assert len(memory.service.faults) == 0


def test_hits_are_waited_for(memory: Memory) -> None:
    client = memory.smb()
    url = memory.post("/api/v1/faults", {"command": "ECHO", "fail": "ACCESS_DENIED"}).json["url"]
    browser = memory.browser()
    browser.send(request("POST", f"{url}/wait", {"hits": 1, "timeout": 5}))
    assert browser.take() == b""
    client.send(0x2B)
    assert browser.take() == b"" or True
    late = memory.post(f"{url}/wait", {"hits": 99, "timeout": 2}, seconds=2)
    assert late.status == 409
    assert "within 2 seconds, not 99 times" in late.error
    gone = memory.browser()
    gone.send(request("POST", f"{url}/wait", {"hits": 99}))
    memory.call("DELETE", url)
    assert "it was removed" in answer(gone.take()).error
    assert memory.post(f"{url}/wait", {"hits": 0}).status == 400
    assert memory.post("/api/v1/faults/none/wait").status == 404


def test_without_a_journal_there_are_no_exchanges(new_memory: Callable[..., Memory]) -> None:
    memory = new_memory(journal=0)
    url = memory.post("/api/v1/faults", FULL).json["url"]
    assert memory.get(url).json["exchanges"] == []
