"""What the journal is asked by HTTP."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.request import Request, urlopen

import pytest

from fakesmb import FakeSMB
from fakesmb.web import questions
from fuzz.sockets import SocketClient
from tests.web.memory import Memory, answer, request


@pytest.fixture
def busy(memory: Memory) -> Memory:
    """A server whose client has opened, read and closed a file."""
    client = memory.smb()
    fid = client.create("a.txt")
    client.read(fid, 0, 5)
    client.close(fid)
    return memory


def test_what_is_so_is_told(busy: Memory) -> None:
    got = busy.post("/api/v1/verify", {"verb": "opened", "path": "a.*", "count": 1})
    assert got.status == 200
    assert got.json["count"] == 1
    (exchange,) = got.json["exchanges"]
    assert (exchange["command"], exchange["status"], exchange["path"], exchange["user"]) == (
        "SMB_COM_NT_CREATE_ANDX",
        "STATUS_SUCCESS",
        "\\a.txt",
        "alice",
    )
    assert exchange["verbs"] == ["opened"]
    assert exchange["request"]["desired_access"]
    assert busy.post("/api/v1/verify", {"command": ["READ", "CLOSE"], "at_least": 2}).json["count"] == 2
    assert busy.post("/api/v1/verify", {"verb": "wrote", "count": 0}).status == 200
    assert busy.post("/api/v1/verify", {"filter": "command=READ path=\\a.txt"}).json["count"] == 1
    assert busy.post("/api/v1/verify", {"event": "signed_in"}).json["exchanges"][0]["user"] == "alice"
    assert (
        busy.post(
            "/api/v1/verify", {"request": {"desired_access": exchange["request"]["desired_access"]}}
        ).status
        == 200
    )


def test_a_miss_is_told_by_field_and_as_python_tells_it(busy: Memory) -> None:
    got = busy.post("/api/v1/verify", {"verb": "opened", "path": "b.txt", "share": "in", "count": 2})
    assert got.status == 409
    told = got.json
    with pytest.raises(AssertionError) as caught:
        busy.service.journal.verify(verb="opened", path="b.txt", share="in", count=2)
    assert told["text"] == str(caught.value)
    assert told["error"] == told["text"].splitlines()[0]
    assert told["count"] == 0
    assert told["nearest"]["exchange"]["path"] == "\\a.txt"
    assert told["nearest"]["misses"] == [
        {
            "field": "path",
            "expected": "b.txt",
            "was": "\\a.txt",
            "text": "path: expected 'b.txt', was '\\\\a.txt'",
        }
    ]
    many = busy.post("/api/v1/verify", {"verb": "opened", "count": 0}).json
    assert (many["count"], len(many["exchanges"]), many.get("nearest")) == (1, 1, None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"pth": "a.txt"}, "'pth'; did you mean path"),
        ({"verb": "opend"}, "'opend'; did you mean opened"),
        ({"status": "ACCES_DENIED"}, "did you mean"),
        ({"count": "1"}, "count is a whole number"),
        ({"count": 1, "at_least": 1}, "count says exactly how many"),
        ({"count": -1}, "count is a whole number from 0 on"),
        ({"path": 3}, "path is a path"),
        ({"data": "x"}, "keep_data"),
        ({"data_hex": "xyz"}, "data_hex is a text of hexadecimal digits"),
        ({"data": "x", "data_hex": "00"}, "data and data_hex"),
        ({"filter": "comand=READ"}, "did you mean command"),
        ({"fid": {"a": 1}}, "fid is a whole number"),
        ({"timeout": 1}, "timeout="),
        ({"path": []}, "empty list"),
        ([], "the body is a JSON object"),
    ],
)
def test_what_cannot_be_asked_is_a_bad_request_that_names_the_key(
    busy: Memory, body: Any, words: str
) -> None:
    got = busy.post("/api/v1/verify", body)
    assert got.status == 400
    assert words in got.error


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":', b"\xff", b"nul", b"[" * 5000])
def test_what_is_no_json_is_a_bad_request(memory: Memory, body: bytes) -> None:
    for call in ("verify", "wait", "sequence"):
        assert memory.call("POST", f"/api/v1/{call}", body).status == 400


def test_a_body_is_json_and_says_so(memory: Memory) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        got = memory.call("POST", "/api/v1/verify", {}, headers={"Content-Type": kind})
        assert (got.status, "application/json" in got.error) == (415, True)
    kind = "Application/JSON; charset=utf-8"
    assert memory.call("POST", "/api/v1/verify", {"count": 0}, headers={"Content-Type": kind}).status in (
        200,
        409,
    )
    browser = memory.browser()
    browser.send(request("POST", "/api/v1/verify", headers={"Content-Length": "0"}))
    assert answer(browser.take()).status == 415


def test_data_are_compared(new_memory: Callable[..., Memory]) -> None:
    memory = new_memory(keep_data=100)
    client = memory.smb()
    client.read(client.create("a.txt"), 0, 5)
    assert memory.post("/api/v1/verify", {"data": "hello"}).status == 200
    assert (
        memory.post("/api/v1/verify", {"data": ["x", "hello"]}).json["exchanges"][0]["data"] == b"hello".hex()
    )
    assert memory.post("/api/v1/verify", {"data_hex": b"hello".hex()}).status == 200
    missed = memory.post("/api/v1/verify", {"data": "hallo"}).json["nearest"]["misses"]
    assert missed[0]["was"] == b"hello".hex()


def test_a_journal_that_is_off_is_told(new_memory: Callable[..., Memory]) -> None:
    memory = new_memory(journal=0)
    memory.smb()
    bodies: dict[str, Any] = {"verify": {}, "wait": {}, "sequence": {"steps": [{}]}}
    for call, body in bodies.items():
        got = memory.post(f"/api/v1/{call}", body)
        assert (got.status, "the journal is off" in got.error) == (409, True)
    assert memory.get("/api/v1/messages").json["messages"]


def test_what_is_forgotten_makes_an_answer_impossible(new_memory: Callable[..., Memory]) -> None:
    memory = new_memory(journal=3)
    client = memory.smb()
    client.create("a.txt")
    got = memory.post("/api/v1/verify", {"verb": "wrote", "count": 0})
    assert (got.status, got.json["forgotten"] > 0) == (409, True)
    assert "forgotten" in got.error or "forgotten" in got.json["text"]


def test_a_long_look_is_taken_in_turns(busy: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "SLICE_SECONDS", -1.0)
    assert busy.post("/api/v1/verify", {"at_least": 3}).json["count"] > 3
    browser = busy.browser()
    browser.send(request("POST", "/api/v1/verify", {"at_least": 3}))
    browser.leave()
    busy.reactor.advance(0)


# -- waiting -----------------------------------------------------------------------------------------------


def test_what_is_to_come_is_waited_for(busy: Memory) -> None:
    browser = busy.browser()
    browser.send(
        request("POST", "/api/v1/wait", {"verb": "opened", "path": "a.txt", "at_least": 2, "timeout": 5})
    )
    busy.reactor.advance(1)
    assert browser.take() == b""
    busy.smb().create("a.txt")
    busy.reactor.advance(0)
    got = answer(browser.take())
    assert (got.status, got.json["count"]) == (200, 2)
    assert busy.post("/api/v1/wait", {"verb": "opened"}).status == 200


def test_in_vain(busy: Memory) -> None:
    got = busy.post("/api/v1/wait", {"verb": "wrote", "path": "a.txt", "timeout": 2}, seconds=2)
    assert got.status == 409
    assert got.error.startswith("After 2 s: at least 1 exchange expected")
    assert got.json["nearest"]["misses"]
    assert not busy.service.journal._wakers
    gone = busy.browser()
    gone.send(request("POST", "/api/v1/wait", {"verb": "wrote"}))
    gone.leave()
    assert not busy.service.journal._wakers


def test_of_too_many_none_is_waited_for(busy: Memory) -> None:
    assert busy.post("/api/v1/wait", {"verb": "opened", "count": 1}).status == 200
    got = busy.post("/api/v1/wait", {"verb": "opened", "count": 0})
    assert (got.status, got.json["count"]) == (409, 1)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"timeout": "x"}, "timeout is a number of seconds"),
        ({"timeout": 1e9}, "timeout is 60 seconds at most"),
        ({"timeout": -1}, "timeout is a number of seconds from 0 on"),
        ({"at_most": 1}, "at_most"),
        ({"vreb": "opened"}, "did you mean verb"),
    ],
)
def test_what_cannot_be_waited_for(busy: Memory, body: Any, words: str) -> None:
    got = busy.post("/api/v1/wait", body)
    assert got.status == 400
    assert words in got.error


def test_data_that_are_cut_cannot_be_waited_for(new_memory: Callable[..., Memory]) -> None:
    memory = new_memory(keep_data=2)
    client = memory.smb()
    client.read(client.create("a.txt"), 0, 5)
    for call in ("wait", "verify"):
        got = memory.post(f"/api/v1/{call}", {"data": "hello"})
        assert (got.status, "only the first 2" in got.error) == (409, True)


# -- sequences ---------------------------------------------------------------------------------------------


def steps(*verbs: str, **more: Any) -> dict[str, Any]:
    return {"steps": [{"verb": verb} for verb in verbs], **more}


def test_an_order(busy: Memory) -> None:
    got = busy.post("/api/v1/sequence", steps("opened", "read", "closed", per="path", nothing_after=True))
    assert (got.status, got.json["count"]) == (200, 3)
    assert [one["verb"] for one in got.json["exchanges"]] == ["opened", "read", "closed"]


def test_another_order(busy: Memory) -> None:
    got = busy.post("/api/v1/sequence", steps("opened", "wrote", "closed"))
    assert got.status == 409
    assert (got.json["step"], got.json["count"]) == (1, 1)
    assert got.json["text"].startswith("Step 1 (from 0) of 3 was not met")
    assert got.json["nearest"]["misses"][0]["field"] == "verb"
    after = busy.post("/api/v1/sequence", steps("opened", "read", nothing_after=True))
    assert (after.status, after.json["step"]) == (409, 2)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "steps"),
        ({"steps": []}, "at least one step"),
        ({"steps": ["opened"]}, "a step is an object"),
        ({"steps": {"verb": "opened"}}, "steps: is a list"),
        ({"steps": [{"verb": "opend"}]}, "did you mean opened"),
        ({"steps": [{}], "per": "pth"}, "did you mean path"),
        ({"steps": [{}], "per": 1}, "per is a name"),
        ({"steps": [{}], "nothing_after": 1}, "nothing_after is True or False"),
        ({"step": []}, "did you mean steps"),
    ],
)
def test_what_is_no_sequence(busy: Memory, body: Any, words: str) -> None:
    got = busy.post("/api/v1/sequence", body)
    assert got.status == 400
    assert words in got.error


def test_sequences_of_data_that_are_cut(new_memory: Callable[..., Memory]) -> None:
    memory = new_memory(keep_data=2)
    client = memory.smb()
    client.read(client.create("a.txt"), 0, 5)
    assert memory.post("/api/v1/sequence", {"steps": [{"data": "hello"}]}).status == 409


def test_a_server_in_a_thread_waits_without_blocking() -> None:
    """Its journal blocks who asks in Python; by HTTP nothing is held up."""
    with FakeSMB({"in": {"a.txt": b"hello"}}, users={"alice": "Secret123"}, web=0) as smb:
        body = json.dumps({"verb": "opened", "path": "a.txt", "timeout": 20}).encode()
        asked = Request(f"{smb.web_url}/api/v1/wait", body, {"Content-Type": "application/json"})
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(lambda: json.load(urlopen(asked, timeout=20)))
            client = SocketClient(smb.port)
            client.sign_in(vc_number=7)
            client.connect("in")
            client.create("a.txt")
            assert waiting.result()["count"] == 1
