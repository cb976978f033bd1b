"""Old clocks: UTIME, SMB_DATE and SMB_TIME to and from FILETIME."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.nt.filetime import NOT_GIVEN, TICKS_PER_SECOND, from_seconds
from fakesmb.wire.times import dos_from, dos_to, utime_from, utime_to

# 2020-02-03 04:05:06 UTC
SECONDS = 1580702706
TICKS = from_seconds(SECONDS)


def test_a_known_moment_in_all_three_clocks() -> None:
    assert utime_from(TICKS) == SECONDS
    assert utime_to(SECONDS) == TICKS
    assert dos_from(TICKS) == (40 << 9 | 2 << 5 | 3, 4 << 11 | 5 << 5 | 3)
    assert dos_to(*dos_from(TICKS)) == TICKS


def test_a_zone_is_minutes_west_of_utc() -> None:
    """As NEGOTIATE tells clients: New York's winter is 300."""
    assert dos_from(TICKS, 300) == dos_from(TICKS - 300 * 60 * TICKS_PER_SECOND)
    assert utime_to(utime_from(TICKS, -60), -60) == TICKS


@pytest.mark.parametrize("pair", [(0, 0), (0xFFFF, 0xFFFF), (0, 1), (13 << 5 | 1, 0), (2 << 5 | 31, 0)])
def test_no_time_and_dates_that_no_calendar_has_are_not_given(pair: tuple[int, int]) -> None:
    assert dos_to(*pair) == NOT_GIVEN


@pytest.mark.parametrize("seconds", [0, 0xFFFFFFFF])
def test_utimes_that_leave_the_time_alone(seconds: int) -> None:
    assert utime_to(seconds) == NOT_GIVEN


@pytest.mark.parametrize("ticks", [0, -1])
def test_what_is_not_given_stays_so(ticks: int) -> None:
    assert utime_from(ticks) == 0
    assert dos_from(ticks) == (0, 0)


def test_moments_out_of_reach_become_the_nearest_that_can_be_told() -> None:
    assert utime_from(1) == 0
    assert dos_from(1) == (1 << 5 | 1, 0)
    assert utime_from(1 << 62) == 0xFFFFFFFE
    assert dos_from(1 << 62) == (127 << 9 | 12 << 5 | 31, 23 << 11 | 59 << 5 | 29)


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.integers(-720, 720))
def test_any_two_words_are_a_time_or_none(date: int, clock: int, zone: int) -> None:
    ticks = dos_to(date, clock, zone)
    assert ticks >= 0 or zone < 0


@given(st.integers(315532800, 4354819198))
def test_dos_times_keep_two_seconds(seconds: int) -> None:
    assert dos_to(*dos_from(from_seconds(seconds))) == from_seconds(seconds - seconds % 2)


@given(st.integers(1, 0xFFFFFFFE))
def test_utimes_come_back(seconds: int) -> None:
    assert utime_from(utime_to(seconds)) == seconds
