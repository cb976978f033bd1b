"""Who may call: pages of other sites, names of attackers, and who has no token, may not."""

from collections.abc import Callable

import pytest

from tests.web.memory import HOST, Memory

NewMemory = Callable[..., Memory]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8080", "127.0.0.1", "localhost:1", "LocalHost.", "[::1]:8080", "127.8.9.1"]
)
def test_names_of_loopback_addresses_may_be_called(memory: Memory, host: str) -> None:
    assert memory.get("/readyz", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:8080", "127.0.0.1.evil.com", "localhost.evil.com", "10.0.0.1", "[::2]", "0.0.0.0"],
)
@pytest.mark.parametrize("target", ["/readyz", "/", "/api/v1/messages", "/nothing"])
def test_a_name_that_leads_here_by_dns_rebinding_is_refused(memory: Memory, host: str, target: str) -> None:
    got = memory.get(target, headers={"Host": host})
    assert got.status == 403
    assert "[web] hosts" in got.error


@pytest.mark.parametrize("host", ["", "a b", "user@127.0.0.1", "127.0.0.1:x", "127.0.0.1/", "[::1"])
def test_what_is_no_host_is_a_bad_request(memory: Memory, host: str) -> None:
    assert memory.get("/readyz", headers={"Host": host}).status == 400


def test_two_hosts_or_none_are_a_bad_request(memory: Memory) -> None:
    for lines in (b"", b"Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n"):
        browser = memory.browser()
        browser.send(b"GET /readyz HTTP/1.1\r\n" + lines + b"\r\n")
        assert browser.take().startswith(b"HTTP/1.1 400 ")


def test_hosts_that_are_listed_may_be_called(new_memory: NewMemory) -> None:
    memory = new_memory(web={"port": 8080, "hosts": ["class.example", "192.168.0.7"]})
    assert memory.get("/readyz", headers={"Host": "Class.example:80"}).status == 200
    assert memory.get("/readyz", headers={"Host": "192.168.0.7"}).status == 200
    assert memory.get("/readyz", headers={"Host": "other.example"}).status == 403


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.com",
        "null",
        "http://127.0.0.1:9999",
        "http://127.0.0.1",
        "file://",
        "http://localhost:8080",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_pages_of_other_origins_are_refused(memory: Memory, origin: str, method: str) -> None:
    got = memory.call(method, "/api/v1/messages", headers={"Origin": origin})
    assert got.status == 403
    assert origin in got.error
    assert not [name for name in got.headers if name.startswith("access-control")]


def test_the_page_of_this_server_may_call(memory: Memory) -> None:
    headers = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}
    assert memory.get("/api/v1/messages", headers=headers).status == 200
    assert memory.get("/readyz", headers={"Host": "localhost:80", "Origin": "http://localhost"}).status == 200


def test_what_browsers_send_for_pages_of_other_sites_is_refused(memory: Memory) -> None:
    assert memory.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert (
        memory.get("/", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}).status == 403
    )
    assert memory.get("/readyz", headers={"Sec-Fetch-Site": "same-site"}).status == 403
    link = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert memory.get("/readyz", headers=link).status == 200
    assert memory.get("/readyz", headers={**link, "Sec-Fetch-Dest": "iframe"}).status == 403
    assert memory.get("/readyz", headers={"Sec-Fetch-Site": "none"}).status == 200


def test_every_answer_says_what_browsers_are_to_do_with_it(memory: Memory) -> None:
    answers = [
        memory.get("/readyz"),
        memory.get("/nothing"),
        memory.get("/readyz", headers={"Host": "evil.com"}),
        memory.call("DELETE", "/readyz"),
    ]
    for got in answers:
        assert "default-src 'self'" in got.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in got.headers["content-security-policy"]
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["referrer-policy"] == "no-referrer"
        assert not [name for name in got.headers if name.startswith("access-control")]


# -- tokens ------------------------------------------------------------------------------------------------

TOKEN = "s3cret-of-the-class"


@pytest.fixture
def guarded(new_memory: NewMemory) -> Memory:
    return new_memory(web={"port": 8080, "host": "0.0.0.0", "token": TOKEN})


def test_who_has_no_token_is_refused(guarded: Memory) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Cookie": "fakesmb-8080=1"},
    ):
        got = guarded.get("/api/v1/messages", headers=headers)
        assert got.status == 401
        assert got.headers["www-authenticate"].startswith("Bearer")
        assert TOKEN not in got.body.decode()
    assert guarded.get("/api/v1/messages?token=wrong").status == 401
    assert guarded.call("POST", f"/api/v1/messages?token={TOKEN}", {}).status == 401


def test_the_token_opens(guarded: Memory) -> None:
    assert guarded.get("/api/v1/messages", headers={"Authorization": f"Bearer {TOKEN}"}).status == 200
    assert guarded.get("/api/v1/messages", headers={"Authorization": f"bearer  {TOKEN}"}).status == 200


def test_whether_the_server_is_there_and_the_page_are_told_without_it(guarded: Memory) -> None:
    assert guarded.get("/readyz").status == guarded.get("/healthz").status == 200
    assert guarded.get("/").status != 401
    assert guarded.get("/page/nothing.js").status == 404


def test_a_browser_shows_the_token_once_and_then_a_cookie_that_is_not_it(guarded: Memory) -> None:
    got = guarded.get(f"/?token={TOKEN}")
    assert (got.status, got.headers["location"]) == (303, "/")
    cookie = got.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    headers = {"Cookie": f"other=1; {cookie.partition(';')[0]}"}
    assert guarded.get("/api/v1/messages", headers=headers).status == 200
    deep = guarded.get(f"//evil.com/x?a=1&token={TOKEN}&b=2")
    assert deep.headers["location"] == "/evil.com/x?a=1&b=2"


def test_beyond_loopback_the_address_that_was_called_is_a_name_and_others_are_not(guarded: Memory) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "192.168.0.9:8080"}
    assert guarded.get("/readyz", headers=headers, own="192.168.0.9").status == 200
    assert guarded.get("/readyz", headers=headers, own="192.168.0.8").status == 403
    assert guarded.get("/readyz", headers={**headers, "Host": "evil.com"}, own="192.168.0.9").status == 403
