"""The fuzzing of names, for a moment: and that it finds what is broken."""

import pytest

from fuzz import names


def test_ten_thousand_packets() -> None:
    count, wrong = names.run("a test", 60, 10_000)
    assert (count, wrong) == (10_000, "")


def test_it_finds_who_answers_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(target: names.Target, data: bytes, place: tuple[str, int]) -> None:
        target.sent += [(data, place)] * 2

    monkeypatch.setattr(names.Target, "_send", twice)
    _, wrong = names.run("a test", 60, 10_000)
    assert "2 packets for one" in wrong


def test_it_finds_what_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(target: names.Target, data: bytes, place: tuple[str, int]) -> None:
        if place[0] != "10.0.0.255":
            raise KeyError(place)

    monkeypatch.setattr(names.Target, "_send", raises)
    assert "KeyError: ('10.0" in names.run("a test", 60, 10_000)[1]
