"""Identifiers of a connection: where they begin, go on and end."""

import pytest

from fakesmb.core.id_pool import IdPool
from fakesmb.nt.quota import Quota
from fakesmb.nt.status import SMBError


@pytest.mark.parametrize(
    ("first", "after_the_last"), [(1, 1), (0x4000, 0x4000), (0x8000, 0x8000), (0x8001, 1), (0xFFFE, 1)]
)
def test_after_the_last_comes_the_first_or_1(first: int, after_the_last: int) -> None:
    pool: IdPool[str] = IdPool(first, Quota("limits.opens", 1 << 20))
    assert pool.add("first") == first
    pool.pop(first)
    while (number := pool.add("x")) != 0xFFFE and number >= first:
        pool.pop(number)
    if first == 0xFFFE:
        assert number == after_the_last
    else:
        pool.pop(number)
        assert pool.add("next") == after_the_last


@pytest.mark.parametrize("first", [1, 0x4000, 0xFFFE])
def test_when_all_are_taken_there_is_none(first: int) -> None:
    """Whatever the quota allows: without this the search for one would never end."""
    pool: IdPool[str] = IdPool(first, Quota("limits.opens", 1 << 20))
    given = {pool.add("x") for _ in range(0xFFFF - (first if first == 0x4000 else 1))}
    assert 0 not in given
    assert 0xFFFF not in given
    with pytest.raises(SMBError):
        pool.add("one more")
    pool.pop(0x5000)
    assert pool.add("x") == 0x5000
