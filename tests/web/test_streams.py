"""Server-sent events: as it happens, resumed, with gaps for who does not read, formatted once for all."""

from collections.abc import Callable

import pytest

from fakesmb.web import streams
from fakesmb.web.told import Place
from tests.web.memory import Browser, Memory, request

SOON = streams.LATEST_SECONDS


def stream(memory: Memory, target: str = "/api/v1/events", **headers: str) -> Browser:
    browser = memory.browser()
    browser.send(
        request("GET", target, headers={name.replace("_", "-"): value for name, value in headers.items()})
    )
    return browser


def settle(memory: Memory) -> None:
    """All streams come to the newest."""
    for _ in range(50):
        memory.reactor.advance(streams.REST_SECONDS)


def named(browser: Browser, name: str = "message") -> list[int | None]:
    return [number for kind, _, number in browser.events() if kind == name]


def test_what_happens_comes_as_it_happens(memory: Memory) -> None:
    browser = stream(memory)
    head = browser.transport.value()
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"Content-Type: text/event-stream\r\n" in head
    assert [kind for kind, *_ in browser.events()] == ["hello"]
    memory.smb()
    memory.reactor.advance(SOON)
    came = browser.events()
    told = memory.get("/api/v1/messages").json["messages"]
    assert [data for _, data, _ in came] == told
    assert [number for *_, number in came] == [one["id"] for one in told]
    memory.reactor.advance(1)
    assert browser.events() == []


def test_a_stream_goes_on_where_another_ended(memory: Memory) -> None:
    memory.smb()
    whole = [one["id"] for one in memory.get("/api/v1/messages").json["messages"]]
    for browser in (stream(memory, Last_Event_ID="3"), stream(memory, "/api/v1/events?after=3")):
        memory.reactor.advance(1)
        assert named(browser) == whole[3:]
    both = stream(memory, "/api/v1/events?after=1", Last_Event_ID="5")
    memory.reactor.advance(1)
    assert named(both) == whole[5:]
    got = memory.get("/api/v1/events", headers={"Last-Event-ID": "x"})
    assert (got.status, "Last-Event-ID" in got.error) == (400, True)


def test_ids_of_a_server_that_ran_before_begin_anew(memory: Memory) -> None:
    memory.smb()
    browser = stream(memory, Last_Event_ID="99999")
    memory.reactor.advance(1)
    hello, reset, first, *_ = browser.events()
    assert (hello[0], reset[:2], first[2]) == ("hello", ("reset", {"last": 0}), 1)


def test_who_does_not_read_gets_a_gap(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_BEHIND", 5)
    slow, quick = stream(memory), stream(memory)
    slow.events()
    slow.channel.pauseProducing()
    client = memory.smb()
    memory.reactor.advance(SOON)
    for _ in range(10):
        client.create("a.txt")
        memory.reactor.advance(SOON)
    assert slow.take() == b""
    last = memory.http.site.told.last
    quick.take()
    slow.channel.resumeProducing()
    memory.reactor.advance(SOON)
    ((kind, data, number),) = slow.events()
    assert (kind, data, number) == ("gap", {"from": 1, "to": last}, last)
    client.create("a.txt")
    memory.reactor.advance(SOON)
    assert named(slow) == named(quick) == [last + 1, last + 2]


def test_a_reset_is_told(memory: Memory) -> None:
    memory.smb()
    browser = stream(memory)
    browser.take()
    memory.http.site.told.clear()
    memory.reactor.advance(SOON)
    ((kind, data, _),) = browser.events()
    assert (kind, data) == ("reset", {"last": memory.http.site.told.last})


def test_a_heartbeat_says_how_far_it_is(memory: Memory) -> None:
    browser = stream(memory)
    memory.smb()
    memory.reactor.advance(SOON)
    browser.take()
    memory.reactor.advance(streams.HEARTBEAT_SECONDS)
    memory.reactor.advance(streams.HEARTBEAT_SECONDS)
    assert b"id: %d\n\n" % memory.http.site.told.last in browser.take()


def test_events_are_formatted_once_for_all_and_only_while_somebody_looks(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = memory.http.site.told
    made: list[int] = []
    lines: Callable[[Place], list[tuple[int, bytes]]] = told.lines

    def noted(place: Place) -> list[tuple[int, bytes]]:
        made.append(place.id)
        return lines(place)

    monkeypatch.setattr(told, "lines", noted)
    memory.smb()
    memory.reactor.advance(1)
    assert made == []
    watching = [stream(memory) for _ in range(20)]
    before = told.last
    memory.smb()
    memory.reactor.advance(SOON)
    settle(memory)
    assert len(made) == len(set(made)) > 5
    whole = [named(one) for one in watching]
    assert whole == [list(range(before + 1, told.last + 1))] * 20
    for one in watching:
        one.leave()
    assert len(memory.http.site.streams) == 0
    assert not told._wakers
    memory.smb()
    assert memory.http.site.streams._next is None


def test_so_many_streams_and_no_more(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_STREAMS", 2)
    first = stream(memory)
    stream(memory)
    assert memory.get("/api/v1/events").status == 503
    first.leave()
    stream(memory)
    assert len(memory.http.site.streams) == 2


def test_a_slice_ends_so_that_clients_have_their_turn(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = memory.http.site.streams
    ticks = iter(range(10_000))
    monkeypatch.setattr(made, "_clock", lambda: float(next(ticks)))
    monkeypatch.setattr(streams, "AT_ONCE", 1)
    browser = stream(memory)
    browser.take()
    memory.smb()
    memory.reactor.advance(SOON)
    assert 0 < len(named(browser)) < 5
    for _ in range(20):
        memory.reactor.advance(streams.REST_SECONDS)
    assert named(browser)[-1] == memory.http.site.told.last


def test_the_end_of_the_server_ends_streams(new_memory: Callable[..., Memory]) -> None:
    memory = new_memory()
    browser = stream(memory)
    memory.smb()
    memory.stop()
    assert named(browser)[-1] == memory.http.site.told.last
    assert browser.transport.disconnecting
