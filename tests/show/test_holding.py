"""Requests that wait for their reply: bounded, and none is lost."""

from fakesmb.show import holding
from fakesmb.show.holding import MOST_BYTES, MOST_HELD, Holding


def odd(asked: int | None, answered: int | None) -> bool:
    return bool((answered if answered is not None else asked or 0) % 2)


def held(weight: int = 1) -> "Holding[int]":
    return Holding(odd, waits=True, weight=lambda _: weight)


def test_a_request_is_shown_with_its_reply_or_at_the_end() -> None:
    found = held()
    assert list(found.request("a", 2)) == list(found.request("b", 3)) == []
    assert list(found.reply("a", 5)) == [2, 5]
    assert list(found.reply("b", 4)) == []
    assert list(found.reply("c", 7)) == [7]
    assert list(found.request("d", 9)) == []
    assert list(found.request("d", 10)) == [9]  # its identifiers are used anew: it was not answered
    assert list(found.rest()) == []
    assert list(held().rest()) == []


def test_where_the_reply_says_nothing_nothing_waits() -> None:
    found = Holding(odd, waits=False, weight=lambda _: 1)
    assert list(found.request("a", 3)) == [3]
    assert list(found.reply("a", 5)) == [5]


def test_what_waits_is_bounded() -> None:
    found = held()
    shown = [one for number in range(MOST_HELD + 4) for one in found.request(number, number)]
    assert shown == [1, 3]
    assert len(found._held) == MOST_HELD
    found = held(MOST_BYTES // 2)
    shown = [one for number in range(5) for one in found.request(number, number)]
    assert shown == [1]
    assert len(found._held) == 2
    assert holding.MOST_HELD == 512
