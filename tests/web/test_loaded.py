"""Captures given to the page, conversations as pages of HTML, and lessons, by HTTP."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from fakesmb import FakeSMB
from fakesmb.address import Place
from fakesmb.replay.demo import Demo
from fakesmb.replay.places import Who
from fakesmb.show.details import details
from fakesmb.web import loaded, saving
from tests.web.memory import Got, Memory

OCTETS = {"Content-Type": "application/octet-stream"}


class Talk(NamedTuple):
    """The documented exchange: as our own pcapng, and what the server's record says of it."""

    capture: bytes
    summaries: list[str]


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    file = tmp_path_factory.mktemp("talk") / "talk.pcapng"
    with FakeSMB({"c$": {"a.txt": b"hello"}}, users={"alice": "Secret123"}) as smb:
        with smb.capture(file):
            Demo(Place("127.0.0.1", smb.port), Who("alice", "Secret123"), say=lambda _: None).run()
            smb.journal.wait_for(event="disconnected")
        return Talk(
            file.read_bytes(),
            said(msgspec.to_builtins([one["message"] for one in details(smb.journal.events)])),
        )


def said(messages: list[dict[str, Any]]) -> list[str]:
    return [one["summary"] for one in messages if one["event"] in ("request", "response")]


def give(memory: Memory, data: bytes, name: str = "talk.pcapng") -> Got:
    return memory.call("POST", f"/api/v1/captures?name={name}", data, headers=OCTETS)


def test_a_capture_is_shown_as_what_happens_here_is(memory: Memory, talk: Talk) -> None:
    given = give(memory, talk.capture)
    assert given.status == 201
    assert given.json["troubles"] == []
    base = f"/api/v1/captures/{given.json['capture']}"
    there = memory.get(f"{base}/messages").json["messages"]
    assert said(there) == talk.summaries
    assert given.json["messages"] == len(talk.summaries)
    opened = [
        one for one in there if one.get("command") == "SMB_COM_NT_CREATE_ANDX" and one["direction"] == "R"
    ][-1]
    detail = memory.get(f"{base}/messages/{opened['id']}").json
    assert detail["message"]["path"] == "\\a.txt"
    assert [row["path"] for row in detail["tables"]["fids"]] == ["\\a.txt"]
    assert detail["sentence"].startswith("\\a.txt is open")
    octets = memory.get(f"{base}/messages/{opened['id']}/bytes")
    assert octets.body.hex() == detail["tree"]["buffers"][0]
    reads = memory.get(f"{base}/messages?filter=command=NT_CREATE_ANDX").json["messages"]
    assert {one["command"] for one in reads} == {"SMB_COM_NT_CREATE_ANDX"}
    assert memory.get(f"{base}/page.html").status == 200


def test_what_is_no_capture_is_one_line(memory: Memory, talk: Talk) -> None:
    got = give(memory, b"hello, this is a text", "notes.txt")
    assert got.status == 400
    assert got.error.startswith("notes.txt: ")
    assert give(memory, b"").status == 400
    broken = give(memory, talk.capture[:-30])
    assert broken.status == 201
    assert re.fullmatch(r"frame \d+: .*", broken.json["troubles"][-1])


def test_captures_are_bounded(memory: Memory, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    data = talk.capture
    numbers = [give(memory, data).json["capture"] for _ in range(loaded.MOST_KEPT + 1)]
    forgotten = memory.get(f"/api/v1/captures/{numbers[0]}/messages")
    assert (forgotten.status, "is forgotten" in forgotten.error) == (404, True)
    assert memory.get(f"/api/v1/captures/{numbers[1]}/messages").status == 200
    assert "was not given" in memory.get("/api/v1/captures/99/messages").error
    assert memory.get("/api/v1/captures/x/messages").status == 400
    monkeypatch.setattr(loaded, "MOST_MESSAGES", 4)
    cut = give(memory, data).json
    assert "too large for a page" in cut["troubles"][-1]
    assert cut["messages"] <= 4
    large = memory.call(
        "POST", "/api/v1/captures", b"x", headers=OCTETS | {"Content-Length": str(loaded.MOST_BYTES + 1)}
    )
    assert large.status == 413
    assert memory.call("POST", "/api/v1/captures", b"x", headers={"Content-Type": "text/plain"}).status == 415


def test_a_page_of_html_holds_what_was_asked_for(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.smb().create("a.txt")
    memory.smb()
    whole = memory.get("/api/v1/page.html")
    assert whole.headers["content-type"] == "text/html; charset=utf-8"
    assert whole.headers["content-disposition"] == 'attachment; filename="fakesmb.html"'
    assert b"default-src 'none'" in whole.body
    few = memory.get("/api/v1/page.html?connection=2&filter=command=NEGOTIATE")
    assert 'filename="fakesmb-2.html"' in few.headers["content-disposition"]
    assert len(few.body) < len(whole.body)
    assert memory.get("/api/v1/page.html?filter=pth=3").status == 400
    monkeypatch.setattr(saving, "MOST", 3)
    assert "3 messages at most" in memory.get("/api/v1/page.html").error


def test_lessons_are_listed_and_checked(memory: Memory) -> None:
    listed = memory.get("/api/v1/lessons").json["lessons"]
    assert [one["name"] for one in listed][:2] == ["documented-exchange", "sign-in"]
    memory.smb().create("README.txt", disposition=3)
    check = "/api/v1/lessons/open-read-close/check"
    assert memory.post(check, {"answer": "5"}).json["done"] is False
    asked = memory.post("/api/v1/lessons/sign-in/check", {"answer": "0x0800", "connection": 1}).json
    assert asked["done"] is False  # this client signs in without NTLMSSP
    assert memory.post("/api/v1/lessons/sing-in/check").status == 404
    assert "sign-in" in memory.post("/api/v1/lessons/sing-in/check").error
    assert memory.post(check, {"answr": "5"}).status == 400
    assert memory.post(check, {"answer": "5" * 201}).status == 400
    assert memory.post("/api/v1/lessons/documented-exchange/check").json["steps"]


def test_without_a_journal_lessons_say_so(new_memory: Callable[..., Memory]) -> None:
    memory = new_memory(journal=0)
    got = memory.post("/api/v1/lessons/sign-in/check", {"answer": "1"})
    assert got.status == 409
    assert "journal is off" in got.error
