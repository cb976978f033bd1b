"""Quotas: what is held is counted once for its client and once for all."""

import pytest

from fakesmb.nt.quota import Quota
from fakesmb.nt.status import NT, SMBError


@pytest.fixture
def told() -> list[str]:
    """What the whole quota told of its refusals."""
    return []


@pytest.fixture
def whole(told: list[str]) -> Quota:
    """Ten for all."""
    return Quota("limits.total", 10, tell=told.append)


def test_what_is_too_much_is_not_taken(whole: Quota) -> None:
    part = Quota("limits.part", 6, whole=whole)
    part.take(6)
    with pytest.raises(SMBError, match=r"limits\.part") as refused:
        part.take(1)
    assert refused.value.status == NT.INSUFFICIENT_RESOURCES
    assert (part.used, whole.used) == (6, 6)


def test_nor_what_is_too_much_for_all(whole: Quota, told: list[str]) -> None:
    """The log hears of it once, and again after half had become free."""
    one, other = (Quota("limits.part", 6, whole=whole) for _ in range(2))
    one.take(6)
    for _ in range(2):
        with pytest.raises(SMBError, match=r"limits\.total"):
            other.take(5)
    assert (other.used, whole.used, len(told)) == (0, 6, 1)
    other.take(2)
    with pytest.raises(SMBError):
        one.take(1)
    assert len(told) == 1
    one.clear()
    other.clear()
    assert whole.used == 0
    one.take(6)
    with pytest.raises(SMBError):
        other.take(6)
    assert len(told) == 2


def test_the_last_quarter_is_for_who_holds_little(told: list[str]) -> None:
    whole = Quota("limits.total", 4000, tell=told.append)
    greedy = Quota("limits.part", 25_600, whole=whole)
    modest = [Quota("limits.part", 25_600, whole=whole) for _ in range(10)]
    greedy.take(3000)
    for count in (1, 500):
        with pytest.raises(SMBError, match=r"3000 in use.*limits\.total.*the last quarter"):
            greedy.take(count)
    for one in modest:
        with pytest.raises(SMBError):
            one.take(101)
        one.take(60)
        one.take(40)
        with pytest.raises(SMBError):
            one.take(1)
    assert whole.used == 4000
    assert len(told) == 1
    greedy.give_back(2000)
    greedy.take(900)


def test_one_amount_for_another(whole: Quota) -> None:
    assert whole.exchange(0, 7) == whole.used == 7
    assert whole.exchange(7, 2) == whole.used == 2
    with pytest.raises(SMBError):
        whole.exchange(2, 11)
    assert whole.used == 2


def test_nothing_is_given_back_twice(whole: Quota) -> None:
    """A request that ends after its connection has given all back."""
    one, other = (Quota("limits.part", 6, whole=whole) for _ in range(2))
    one.take(3)
    other.take(4)
    one.clear()
    one.give_back(3)
    assert (one.used, whole.used) == (0, 4)


def test_what_is_added_in_any_case(whole: Quota, told: list[str]) -> None:
    assert whole.add(10)
    assert not whole.add(5)
    assert (whole.used, len(told)) == (15, 1)
    whole.give_back(10)
    assert whole.add(5)


def test_full() -> None:
    whole = Quota("limits.total", 2)
    part = Quota("limits.part", 5, whole=whole)
    assert not part.full
    part.take(2)
    assert part.full
