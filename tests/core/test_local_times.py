"""Old times are local time, and the negotiate says in which zone: around both changes of the clock of a year."""

import os
import struct
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fakesmb.core.profile import Profile
from fakesmb.core.settings import Settings
from fakesmb.nt.filetime import from_seconds
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.dirs import (
    QueryInformation2Request,
    QueryInformation2Response,
    QueryInformationRequest,
    QueryInformationResponse,
    SetInformationRequest,
)
from fakesmb.wire.search import SearchEntry, SearchRequest, SearchResponse
from fakesmb.wire.times import dos_from, dos_to, utime_from
from fakesmb.wire.trans2 import QueryPathInformationRequest, Trans2
from fakesmb.world import Clock, RepeatableWorld, World, machine_zone, utc, zone_of

CHANGES = {
    "before spring": (datetime(2004, 3, 28, 0, 59, 58, tzinfo=UTC), -60),
    "spring": (datetime(2004, 3, 28, 1, 0, 0, tzinfo=UTC), -120),
    "before autumn": (datetime(2004, 10, 31, 0, 59, 58, tzinfo=UTC), -120),
    "autumn": (datetime(2004, 10, 31, 1, 0, 0, tzinfo=UTC), -60),
}
"""Moments at which Berlin is so many minutes west of UTC from then on, or until two seconds later."""

At = Callable[[datetime, int | str | None], Client]


@pytest.fixture
def at(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> At:
    """A client of a server where it is that time, in that zone."""

    def make(moment: datetime, zone: int | str | None = "Europe/Berlin") -> Client:
        settings = Settings(challenge=CHALLENGE, guid=GUID, profile=Profile(time_zone=zone))
        world = World()
        world.now = moment.timestamp
        return InMemoryServer(folders, settings=settings, world=world).client()

    return make


@pytest.mark.parametrize("moment", CHANGES)
@pytest.mark.parametrize("stamp", CHANGES)
def test_what_old_times_say_and_the_negotiate_make_the_true_time(
    at: At, folders: dict[str, Path], moment: str, stamp: str
) -> None:
    """Whatever the date of the file: a client has only the zone of the negotiate, as with Windows and Samba."""
    now, west = CHANGES[moment]
    true = int(CHANGES[stamp][0].timestamp())
    os.utime(folders["public"] / "a.txt", (true, true))
    client = at(now, "Europe/Berlin")
    assert client.negotiate().server_time_zone == west
    client.sign_in().connect("public")

    told = client.call(0x08, QueryInformationRequest("a.txt"), QueryInformationResponse).last_write_time
    assert told + west * 60 == true
    fid = client.create("a.txt")
    two = client.call(0x23, QueryInformation2Request(fid), QueryInformation2Response)
    ticks = dos_to(two.last_write_date, two.last_write_time)
    assert utime_from(ticks) + west * 60 == true
    found = client.call(0x81, SearchRequest(1, 0x16, "a.txt", b""), SearchResponse).entries
    entry = SearchEntry.decode(bytes(found))
    assert (entry.last_write_date, entry.last_write_time) == dos_from(from_seconds(true), west)
    level_1 = client.trans2(Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest(1, 0, "a.txt")).data
    assert struct.unpack_from("<HH", level_1, 8) == dos_from(from_seconds(true), west)


@pytest.mark.parametrize("moment", CHANGES)
def test_what_is_set_is_local_too(at: At, folders: dict[str, Path], moment: str) -> None:
    now, west = CHANGES[moment]
    client = at(now, "Europe/Berlin").sign_in().connect("public")
    client.call(0x09, SetInformationRequest(0, 1_100_000_000, bytes(10), "a.txt"), Empty)
    assert (folders["public"] / "a.txt").stat().st_mtime == 1_100_000_000 + west * 60


def test_the_zone_of_a_connection_stays_that_of_its_negotiate(at: At, folders: dict[str, Path]) -> None:
    os.utime(folders["public"] / "a.txt", (1_100_000_000, 1_100_000_000))
    client = at(CHANGES["before spring"][0], "Europe/Berlin").sign_in().connect("public")
    server = client.connection.server
    server.world.now = CHANGES["spring"][0].timestamp
    told = client.call(0x08, QueryInformationRequest("a.txt"), QueryInformationResponse).last_write_time
    assert told - 3600 == 1_100_000_000
    assert server.view.minutes_west() == -120


def test_times_in_steps_of_two_seconds_and_before_1980(at: At, folders: dict[str, Path]) -> None:
    client = at(CHANGES["spring"][0], "Europe/Berlin").sign_in().connect("public")
    fid = client.create("a.txt")
    for stamp, date in ((1_000_000_001, (2001, 9, 9, 3, 46, 40)), (86_400, (1980, 1, 1, 0, 0, 0))):
        os.utime(folders["public"] / "a.txt", (stamp, stamp))
        two = client.call(0x23, QueryInformation2Request(fid), QueryInformation2Response)
        year, month, day, hour, minute, second = date
        assert two.last_write_date == (year - 1980) << 9 | month << 5 | day
        assert two.last_write_time == hour << 11 | minute << 5 | second >> 1


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine is in Berlin."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_the_zone_is_the_machine_s_where_nobody_says_another(at: At) -> None:
    for moment, west in CHANGES.values():
        assert machine_zone(moment.timestamp()) == west
        assert at(moment, None).negotiate().server_time_zone == west
        assert at(moment, 0).negotiate().server_time_zone == 0


@pytest.mark.usefixtures("berlin")
def test_runs_that_can_be_repeated_are_in_utc_unless_told_otherwise(folders: dict[str, Path]) -> None:
    for zone, west in ((None, 0), ("Europe/Berlin", -60), (300, 300)):
        settings = Settings(profile=Profile(time_zone=zone))
        server = InMemoryServer(folders, settings=settings, world=RepeatableWorld(1, Clock()))
        assert server.client().negotiate().server_time_zone == west


def test_zones_by_name_and_by_minutes() -> None:
    assert utc(0) == zone_of("UTC")(0) == zone_of(0)(1e9) == 0
    assert zone_of("Asia/Kolkata")(1e9) == -330
    assert zone_of(-90)(1e9) == -90
    for wrong in ("Europe/Berln", "../etc/localtime", "/etc/localtime", "Europe", "", "\0"):
        with pytest.raises(ValueError, match="no time zone is called"):
            zone_of(wrong)
    with pytest.raises(ValueError, match="did you mean Europe/Berlin"):
        zone_of("Europe/Berln")
