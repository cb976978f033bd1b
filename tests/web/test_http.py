"""What HTTP clients send, and what is refused of it: paths, methods, content types, sizes, slowness."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakesmb.web import pages, protocol
from fakesmb.web.answer import RefusedError, encoded
from fakesmb.web.routes import MOST_BODY
from tests.web.memory import HOST, Memory, answer, request


def test_it_says_that_it_is_there_and_which_it_is(memory: Memory) -> None:
    assert memory.get("/readyz").json == memory.get("/healthz").json == {"ready": True}
    assert memory.get("/version").json["name"] == "fakesmb"


def test_an_unknown_path_is_answered_with_the_nearest(memory: Memory) -> None:
    got = memory.get("/api/v1/mesages")
    assert got.status == 404
    assert "did you mean /api/v1/messages" in got.error
    for target in ("/api", "/api/v1/messages/", "/page", "/page/", "/%00", "*", "http://127.0.0.1/"):
        assert memory.get(target).status == 404, target
    assert memory.get("/%ff").status == 400


def test_another_method_is_answered_with_those_that_there_are(memory: Memory) -> None:
    for method in ("DELETE", "OPTIONS", "TRACE", "PROPFIND"):
        got = memory.call(method, "/readyz")
        assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")
    assert method in got.error


def test_head_is_get_without_the_body(memory: Memory) -> None:
    got = memory.call("HEAD", "/readyz")
    assert (got.status, got.body) == (200, b"")
    assert int(got.headers["content-length"]) == len(memory.get("/readyz").body)
    assert memory.call("HEAD", "/nothing").status == 404
    assert memory.call("HEAD", "/api/v1/events").headers["content-type"] == "text/event-stream"


def test_a_key_of_the_query_that_there_is_not_is_named_with_the_nearest(memory: Memory) -> None:
    got = memory.get("/api/v1/messages?afer=3")
    assert (got.status, got.error) == (400, "afer: no such key in the query; did you mean after or filter?")
    assert "after" in memory.get("/api/v1/messages?after=x").error
    assert "after" in memory.get("/api/v1/messages?after=-1").error
    assert "limit" in memory.get("/api/v1/messages?limit=0").error
    assert "twice" in memory.get("/api/v1/messages?after=1&after=2").error


def test_several_requests_go_over_one_connection(memory: Memory) -> None:
    browser = memory.browser()
    browser.send(request("GET", "/readyz") + request("GET", "/version"))
    assert browser.take().count(b"HTTP/1.1 200 OK") == 2
    browser.send(b"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
    assert browser.take().startswith(b"HTTP/1.0 200 OK")
    assert browser.transport.disconnecting


def test_a_body_that_is_too_large_is_refused_before_it_comes(memory: Memory) -> None:
    browser = memory.browser()
    head = f"GET /readyz HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
    browser.send(f"{head}Content-Length: 9999999999\r\nExpect: 100-continue\r\n\r\n".encode())
    got = answer(browser.take())
    assert (got.status, got.headers["connection"]) == (413, "close")
    browser.send(b"x" * 100_000)
    assert browser.take() == b""
    memory.reactor.advance(protocol.LEAVE_SECONDS)
    assert browser.transport.disconnected or browser.transport.disconnecting


def test_a_chunked_body_that_is_too_large_is_refused(memory: Memory) -> None:
    browser = memory.browser()
    browser.send(f"GET /readyz HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    browser.send(b"5\r\nhello\r\n")
    assert answer(browser.take()).status == 413
    browser.send(b"0\r\n\r\n")
    assert browser.take() == b""
    assert browser.transport.disconnecting


@pytest.mark.parametrize(
    "head",
    [
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00 what TLS begins with\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: 1\r\n" * 200,
        b"GET / HTTP/1.1\r\n" + (b"A: " + b"x" * 8000 + b"\r\n") * 4,
    ],
)
def test_what_is_no_request_is_one_line(memory: Memory, head: bytes) -> None:
    browser = memory.browser()
    browser.send(head)
    got = browser.take()
    assert got.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert "error" in json.loads(got.partition(b"\r\n\r\n")[2])


def test_a_line_that_is_too_long_is_one_line(memory: Memory) -> None:
    browser = memory.browser()
    browser.send(b"GET /" + b"a" * 100_000)
    assert browser.take().startswith(b"HTTP/1.1 431 ")


def test_who_sends_slowly_is_left(memory: Memory) -> None:
    slow = memory.browser()
    for _ in range(20):
        slow.send(b"X")
        memory.reactor.advance(protocol.HEAD_SECONDS / 19)
    assert slow.transport.disconnecting
    body = memory.browser()
    body.send(request("GET", "/readyz", headers={"Content-Length": "0"}))
    assert body.take()
    body.send(b"GET /rea")
    memory.reactor.advance(protocol.HEAD_SECONDS)
    memory.reactor.advance(protocol.IDLE_SECONDS)
    assert body.transport.disconnecting


def test_who_says_nothing_is_left(memory: Memory) -> None:
    idle = memory.browser()
    idle.send(request("GET", "/readyz"))
    memory.reactor.advance(protocol.IDLE_SECONDS - 1)
    assert not idle.transport.disconnecting
    memory.reactor.advance(1)
    assert idle.transport.disconnecting


def test_more_clients_than_are_taken_are_told(memory: Memory) -> None:
    there = [memory.browser() for _ in range(protocol.MOST_CLIENTS)]
    late = memory.browser()
    assert late.take().startswith(b"HTTP/1.1 503 ")
    late.leave()
    there[0].leave()
    assert memory.get("/readyz").status == 200


def test_a_mistake_of_ours_is_a_problem_of_the_record_and_one_line(
    new_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = new_memory()

    def broken(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(memory.http.site.routes, "find", broken)
    got = memory.get("/readyz")
    assert got.status == 500
    assert "by zero" not in got.error
    (problem,) = memory.service.journal.problems()
    assert "by zero" in str(problem.problem)


def test_the_files_of_the_page_are_given_out_and_nothing_else(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = tmp_path / "page"
    page.mkdir()
    for name in ("index.html", "main.js", "style.css", "notes.txt"):
        (page / name).write_text(name)
    (tmp_path / "secret.js").write_text("outside")
    monkeypatch.setattr(pages, "FOLDER", page)
    assert memory.get("/").body == b"index.html"
    got = memory.get("/page/main.js")
    assert (got.body, got.headers["content-type"]) == (b"main.js", "text/javascript; charset=utf-8")
    assert got.headers["cache-control"] == "no-cache"
    for name in ("notes.txt", "..%2fsecret.js", "../secret.js", "%2e%2e/secret.js", "main.jss", "%00"):
        assert memory.get(f"/page/{name}").status == 404, name
    assert "did you mean main.js?" in memory.get("/page/mian.js").error
    monkeypatch.setattr(pages, "FOLDER", tmp_path / "nothing")
    assert memory.get("/").status == 404


def test_the_description_tells_every_call(memory: Memory) -> None:
    told = memory.get("/openapi.json").json
    assert told["openapi"].startswith("3.1")
    calls = {(route.method, route.path) for route in memory.http.site.routes.table}
    assert len(calls) == sum(len(methods) for methods in told["paths"].values())
    assert MOST_BODY == 1 << 20


def test_some_calls_have_another_path(memory: Memory) -> None:
    for one, other in (("/messages", "/api/v1/messages"), ("/api/v1/version", "/version")):
        assert memory.get(one).json == memory.get(other).json
    assert memory.call("HEAD", "/events").headers["content-type"] == "text/event-stream"
    assert memory.call("DELETE", "/state").status == 405


def test_bodies_of_all_clients_are_bounded(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MOST_HELD", 100)
    head = f"PUT /api/v1/shares/in/files/x HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 90\r\n\r\n".encode()
    first, second = memory.browser(), memory.browser()
    for one in (first, second):
        one.send(head + bytes(80))
    assert answer(second.take()).status == 503
    assert memory.http.held == 80
    first.leave()
    assert memory.http.held == 0
    third = memory.browser()
    third.send(head + bytes(90))
    assert answer(third.take()).status == 201
    assert memory.http.held == 0


def test_json_that_is_too_large_is_refused(memory: Memory) -> None:
    large = b'{"path": "' + b"a" * MOST_BODY + b'"}'
    got = memory.call("POST", "/api/v1/verify", large)
    assert (got.status, got.error) == (413, f"the body is too large: at most {MOST_BODY} bytes")
    assert memory.call("POST", "/api/v1/verify", large[: MOST_BODY - 2] + b'"}').status == 409
    browser = memory.browser()
    browser.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {'9' * 5000}\r\n\r\n".encode())
    assert browser.take().startswith(b"HTTP/1.1 413 ")


def test_a_name_with_anything_in_it_is_told_on_one_line(memory: Memory) -> None:
    got = memory.get("/api/v1/faults/a%0a%1b%5b1m%E2%80%AE")
    assert got.error == r"no fault is called 'a\n\x1b[1m\u202e'"
    assert memory.get("/api/%0d%0a").error == "there is no /api/%0d%0a"


def test_a_mistake_while_bytes_are_read_costs_that_connection(
    new_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = new_memory()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    browser = memory.browser()
    monkeypatch.setattr(browser.channel, "lineReceived", broken)
    browser.send(request("GET", "/readyz"))
    assert browser.transport.disconnecting
    assert memory.get("/readyz").status == 200
    assert len(memory.service.journal.problems()) == 1


WHOLE = (
    b"POST /api/v1/verify HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\n"
    b'Transfer-Encoding: chunked\r\n\r\n1a\r\n{"verb": "opened", "a": 1}\r\n0\r\n\r\n'
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 9), st.binary(max_size=9)), max_size=4))
def test_whatever_bytes_come_there_is_no_mistake_of_ours(
    memory: Memory, changes: list[tuple[int, int, bytes]]
) -> None:
    data = WHOLE
    for at, gone, new in changes:
        data = data[:at] + new + data[at + gone :]
    browser = memory.browser()
    browser.send(data)
    came = browser.take()
    browser.leave()
    assert b" 500 " not in came[:20]


def test_half_of_a_surrogate_pair_is_an_escape() -> None:
    """NTFS allows it in a name, UTF-8 does not."""
    assert json.loads(encoded({"a\ud800": ["\udfff", 1, None]})) == {"a\\ud800": ["\\udfff", 1, None]}
    assert RefusedError(404, "no \ud800").answer.body == b'{"error":"no \\\\ud800"}\n'
