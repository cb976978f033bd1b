"""What the server has now, and how it is made as it was."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from fakesmb import FakeSMB, Overlay
from fuzz.sockets import SocketClient
from tests.web.memory import Memory


def test_nobody_is_there(memory: Memory) -> None:
    state = memory.get("/api/v1/state").json
    assert state["shares"] == [
        {"name": "in", "comment": "", "read_only": False, "private": True, "users": None}
    ]
    assert state["connections"] == []
    assert state["profile"] == "windows-2003"
    assert state["address"].endswith(f":{state['port']}")


def test_clients_with_all_that_they_hold_are_told(memory: Memory) -> None:
    client = memory.smb()
    fid = client.create("a.txt")
    client.lock(fid, 3, 10)
    (one,) = memory.get("/api/v1/state").json["connections"]
    assert one["peer"] == "127.0.0.1:50000"
    assert [(session["user"], session["kind"]) for session in one["sessions"]] == [("alice", "user")]
    assert [(tree["share"], tree["user"]) for tree in one["trees"]] == [("in", "alice")]
    (opened,) = one["opens"]
    assert (opened["fid"], opened["path"], opened["share"], opened["pipe"]) == (fid, "\\a.txt", "in", False)
    assert opened["locks"] == [{"offset": 3, "length": 10, "pid": 0x1234, "exclusive": True}]
    counters = memory.get("/api/v1/state").json["counters"]
    assert counters["messages"] > 5
    assert counters["bytes_received"] > 100
    client.close(fid)
    assert memory.get("/api/v1/state").json["connections"][0]["opens"] == []


def test_profiles(memory: Memory) -> None:
    told = memory.get("/api/v1/profiles").json
    assert told["current"] == "windows-2003"
    names = {one["name"]: one["switches"] for one in told["profiles"]}
    assert names["windows-xp"]["max_mpx"] == 10


# -- reset -------------------------------------------------------------------------------------------------


def reset(memory: Memory, *parts: str) -> Any:
    got = memory.post("/api/v1/reset", {"parts": list(parts)} if parts else {}, seconds=1)
    assert got.status == 200
    return got.json["reset"]


def test_the_journal_alone(memory: Memory) -> None:
    client = memory.smb()
    fid = client.create("a.txt")
    memory.post("/api/v1/faults", {"name": "stays", "command": "ECHO", "fail": "ACCESS_DENIED"})
    assert reset(memory, "journal") == ["journal"]
    assert memory.post("/api/v1/verify", {"count": 0}).status == 200
    assert memory.get("/api/v1/messages").json["messages"] == []
    assert client.read(fid, 0, 5) == b"hello"
    assert len(memory.get("/api/v1/faults").json["faults"]) == 1
    last = memory.get("/api/v1/messages").json["messages"][-1]["id"]
    tables = memory.get(f"/api/v1/messages/{last}").json["tables"]
    assert [one["path"] for one in tables["fids"]] == ["\\a.txt"]


def test_the_faults_alone(memory: Memory) -> None:
    memory.smb()
    memory.post("/api/v1/faults", {"fail": "ACCESS_DENIED"})
    assert reset(memory, "faults") == ["faults"]
    assert memory.get("/api/v1/faults").json["faults"] == []
    assert memory.get("/api/v1/messages").json["messages"]


def test_what_is_no_part_is_a_bad_request(memory: Memory) -> None:
    got = memory.post("/api/v1/reset", {"parts": ["jurnal"]})
    assert (got.status, "did you mean journal" in got.error) == (400, True)
    assert memory.post("/api/v1/reset", {"part": []}).status == 400
    assert memory.post("/api/v1/reset", {"parts": []}).json == {"reset": []}


def test_a_reset_that_fails_is_told(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise RuntimeError("the server was stopped before it was reset")

    monkeypatch.setattr(memory.service._resets, "_forget", gone)
    got = memory.post("/api/v1/reset", {"parts": ["faults"]})
    assert (got.status, got.error) == (503, "the server was stopped before it was reset")


@pytest.fixture
def smb() -> Iterator[FakeSMB]:
    with FakeSMB({"in": {"a.txt": b"hello"}}, users={"alice": "Secret123"}, web=0) as smb:
        yield smb


def http(smb: FakeSMB, method: str, target: str, body: Any = None) -> Any:
    """The JSON of an answer; the bytes of what is no JSON."""
    data = None if body is None else json.dumps(body).encode()
    asked = Request(smb.web_url + target, data, {"Content-Type": "application/json"}, method=method)
    with urlopen(asked, timeout=20) as got:
        found = got.read()
        return json.loads(found) if got.headers["Content-Type"] == "application/json" else found


def writer(smb: FakeSMB) -> SocketClient:
    """A client that has changed a.txt."""
    client = SocketClient(smb.port)
    client.sign_in(vc_number=7)
    client.connect("in")
    client.write(client.create("a.txt"), b"HELLO")
    return client


def nobody_is_there(smb: FakeSMB) -> bool:
    return bool(http(smb, "GET", "/api/v1/state")["connections"] == [])


def test_all_is_as_it_was(smb: FakeSMB) -> None:
    writer(smb)
    http(smb, "POST", "/api/v1/faults", {"command": "ECHO", "fail": "ACCESS_DENIED"})
    last = http(smb, "GET", "/api/v1/messages?limit=5000")["last"]
    told = http(smb, "POST", "/api/v1/reset", {})
    assert told == {"reset": ["journal", "faults", "shares", "sessions"]}
    assert nobody_is_there(smb)
    assert http(smb, "GET", "/api/v1/shares/in/files/a.txt") == b"hello"
    assert http(smb, "GET", "/api/v1/faults") == {"faults": []}
    got = http(smb, "GET", "/api/v1/messages")
    assert (got["messages"], got["forgotten"]) == ([], 0)
    writer(smb)
    first = http(smb, "GET", "/api/v1/messages")["messages"][0]
    assert (first["event"], first["connection"]) == ("connected", 1)
    assert first["id"] > last


def test_the_sessions_alone(smb: FakeSMB) -> None:
    client = writer(smb)
    assert http(smb, "POST", "/api/v1/reset", {"parts": ["sessions"]}) == {"reset": ["sessions"]}
    assert nobody_is_there(smb)
    del client
    assert http(smb, "GET", "/api/v1/shares/in/files/a.txt") == b"HELLO"
    assert (
        http(smb, "POST", "/api/v1/verify", {"event": "disconnected", "reason": "the server is reset"})[
            "count"
        ]
        == 1
    )
    writer(smb)
    assert http(smb, "POST", "/api/v1/verify", {"event": "connected", "connection": 2})["count"] == 1


def test_the_shares_alone(smb: FakeSMB) -> None:
    client = writer(smb)
    assert http(smb, "POST", "/api/v1/reset", {"parts": ["shares"]}) == {"reset": ["shares"]}
    assert nobody_is_there(smb)
    del client
    assert http(smb, "GET", "/api/v1/shares/in/files/a.txt") == b"hello"
    assert http(smb, "POST", "/api/v1/verify", {"verb": "wrote"})["count"] >= 1


def test_parts_in_python(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with FakeSMB(
        {"in": Overlay(tmp_path)}, faults=[{"name": "own", "command": "ECHO", "fail": "ACCESS_DENIED"}]
    ) as smb:
        smb.share("in").write("a.txt", "changed")
        smb.faults.clear()
        smb.reset("faults", "journal")
        assert [one.name for one in smb.faults] == ["own"]
        assert smb.share("in").read("a.txt") == b"changed"
        smb.reset("shares")
        assert smb.share("in").read("a.txt") == b"hello"
        wrong: Any = "share"
        with pytest.raises(ValueError, match="did you mean shares"):
            smb.reset(wrong)
