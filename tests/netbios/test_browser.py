"""Browsers by their datagrams: announcements, lists, backup lists, elections; and bytes that are none of these."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from fakesmb.netbios import datagrams, frames
from fakesmb.netbios.browselist import BrowseList
from fakesmb.netbios.browser import Browser, Identity
from fakesmb.netbios.datagrams import Datagram, DatagramType
from fakesmb.netbios.frames import (
    Announcement,
    AnnouncementRequest,
    BackupRequest,
    BackupResponse,
    Election,
    FrameKind,
)
from fakesmb.netbios.nameservice import NameService, State
from fakesmb.netbios.rates import Rates
from fakesmb.netbios.told import Around, Place
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.netbios import MSBROWSE, NetBIOSName

ALL: Place = ("10.0.0.255", 138)
PEER: Place = ("10.0.0.9", 138)
MASTER = NetBIOSName("WORKGROUP", 0x1D)
ELECTION = NetBIOSName("WORKGROUP", 0x1E)
SERVER_TYPE = 0x9003
STRONG = Election(1, 0xFF010F88, 0xFFFFFFFF, "DC")
WEAK = Election(1, 0x01010300, 5, "WFW")


class Station:
    """A browser with its names, and what it said."""

    def __init__(
        self, *, master: bool = False, most: int = 100, rate: int = 1000, name: str = "FAKESMB"
    ) -> None:
        self.clock = Clock()
        self.sent: list[tuple[bytes, Place]] = []
        self.told: list[tuple[str, str, str, str]] = []
        around = Around(
            self.clock,
            lambda size: b"\x12\x34"[:size],
            lambda *one: self.told.append(one),
            lambda other: "10.0.0.1",
        )
        rates = Rates(rate, 100, self.clock.seconds)
        self.names = NameService(around, lambda *one: None, None, rates)
        self.browser = Browser(
            around,
            Identity(name, "WORKGROUP", "a fake", (5, 2), SERVER_TYPE),
            self.names,
            lambda *one: self.sent.append(one),
            ALL,
            Rates(rate, 100, self.clock.seconds),
            most,
            wants_master=master,
        )
        self.browser.begin()

    def said(self) -> list[tuple[Datagram, object, Place]]:
        """What left since the last look, decoded."""
        found: list[tuple[Datagram, object, Place]] = []
        for data, place in self.sent:
            one = datagrams.decode(data)
            mailslot, content = datagrams.message_of(one.data)
            assert mailslot == datagrams.BROWSE
            found.append((one, frames.decode(content), place))
        self.sent.clear()
        return found

    def what(self) -> list[object]:
        return [frame for _, frame, _ in self.said()]

    def hear(
        self,
        frame: frames.Frame,
        destination: NetBIOSName = MASTER,
        *,
        source: str = "OTHER",
        place: Place = PEER,
        mailslot: str = datagrams.BROWSE,
    ) -> None:
        message = datagrams.message(mailslot, frames.encode(frame))
        one = Datagram(NetBIOSName(source, 0), destination, message, address=place[0])
        self.browser.received(datagrams.encode(one), place)

    def become_master(self) -> None:
        self.clock.pump([0.8] * 5)
        assert self.browser.is_master
        self.sent.clear()


@pytest.fixture
def station() -> Station:
    return Station()


@pytest.fixture
def master() -> Station:
    one = Station(master=True)
    one.become_master()
    return one


def announced(name: str = "OTHER", kind: int = FrameKind.HOST_ANNOUNCEMENT, **keys: int) -> Announcement:
    return Announcement(
        name, keys.get("server_type", 0x1003), "theirs", (4, 0), keys.get("seconds", 720), kind
    )


def test_an_announcement_byte_for_byte(station: Station) -> None:
    """RFC 1002 4.4.1, a write to a mailslot ([MS-MAIL] 2.2.1) and HostAnnouncement ([MS-BRWS] 2.2.1)."""
    ((data, place),) = station.sent
    assert place == ALL
    assert data[:14] == bytes.fromhex("11 02 1234 0a000001 008a") + len(data[14:]).to_bytes(2, "big") + bytes(
        2
    )
    assert data[14:48] == b"\x20EGEBELEFFDENECCACACACACACACACAAA\0"
    assert data[48:82] == b"\x20FHEPFCELEHFCEPFFFACACACACACACABN\0"
    assert data[82:87] == b"\xffSMB\x25"
    assert data[82 + 32 : 82 + 33] == b"\x11"
    assert b"\\MAILSLOT\\BROWSE\0" in data
    frame = b"\x01\0" + (60_000).to_bytes(4, "little") + b"FAKESMB".ljust(16, b"\0")
    assert data.endswith(frame + bytes.fromhex("05 02 03900000 0f 01 55aa") + b"a fake\0")


def test_announcements_come_less_and_less_often(station: Station) -> None:
    """[MS-BRWS] 3.2.2.2: after 1, 2, 4 and 8 minutes, and then every 12."""
    gaps = []
    for _ in range(6):
        station.sent.clear()
        waited = 0
        while not station.sent:
            station.clock.advance(60)
            waited += 1
        gaps.append(waited)
    assert gaps == [1, 2, 4, 8, 12, 12]


def test_the_end_is_announced(station: Station) -> None:
    station.sent.clear()
    station.browser.end()
    (frame,) = station.what()
    assert isinstance(frame, Announcement)
    assert frame.server_type == 0
    assert station.clock.getDelayedCalls() == []


def test_neighbours_are_listed_until_they_go(station: Station) -> None:
    station.hear(announced())
    (row,) = station.browser.servers.rows()
    assert (row.name, row.server_type, row.comment, row.version) == ("OTHER", 0x1003, "theirs", (4, 0))
    assert station.told == [("listed", "10.0.0.9:138", "OTHER", "a computer")]
    station.hear(announced())
    assert len(station.told) == 1
    station.hear(announced(server_type=0))
    assert station.browser.servers.rows() == []


def test_who_says_nothing_any_more_is_gone(station: Station) -> None:
    """Three announcements may be lost; nobody stays longer than that of the longest interval."""
    station.hear(announced("A", seconds=60))
    station.hear(announced("B", seconds=100_000))
    station.hear(announced("C", seconds=0))
    station.clock.advance(179)
    assert [one.name for one in station.browser.servers.rows()] == ["A", "B", "C"]
    station.clock.advance(1)
    assert [one.name for one in station.browser.servers.rows()] == ["B"]
    station.clock.advance(36 * 60)
    assert station.browser.servers.rows() == []


def test_the_list_is_bounded() -> None:
    station = Station(most=3)
    for number in range(10):
        station.hear(announced(f"PC{number}"))
        station.hear(announced(f"GROUP{number}", FrameKind.DOMAIN_ANNOUNCEMENT), MSBROWSE)
    assert [one.name for one in station.browser.servers.rows()] == ["PC0", "PC1", "PC2"]
    assert len(station.browser.workgroups.rows()) == 3
    station.clock.advance(36 * 60)
    station.hear(announced("LATER"))
    assert [one.name for one in station.browser.servers.rows()] == ["LATER"]


def test_a_full_list_makes_room_for_new_ones_when_old_ones_are_gone() -> None:
    now = [0.0]
    rows = BrowseList(1, lambda: now[0])
    assert rows.add("A", 2, "", (4, 0), 60)
    assert not rows.add("B", 2, "", (4, 0), 60)
    now[0] = 180.0
    assert rows.add("B", 2, "", (4, 0), 60)
    rows.remove("A")
    assert [one.name for one in rows.rows()] == ["B"]


def test_workgroups_are_listed_with_their_masters(station: Station) -> None:
    station.hear(announced("LAB", FrameKind.DOMAIN_ANNOUNCEMENT), MSBROWSE)
    assert [(one.name, one.comment) for one in station.browser.workgroups.rows()] == [("LAB", "theirs")]
    station.hear(announced("LAB2", FrameKind.DOMAIN_ANNOUNCEMENT), MASTER)
    station.hear(announced("PC", FrameKind.HOST_ANNOUNCEMENT), MSBROWSE)
    station.hear(announced("WORKGROUP", FrameKind.DOMAIN_ANNOUNCEMENT), MSBROWSE)
    assert len(station.browser.workgroups.rows()) == 1
    assert station.browser.servers.rows() == []


def test_the_master_of_the_workgroup_is_known(station: Station) -> None:
    station.hear(announced("BOSS", FrameKind.LOCAL_MASTER_ANNOUNCEMENT), ELECTION)
    assert station.browser.master == "BOSS"
    assert [one.name for one in station.browser.servers.rows()] == ["BOSS"]


@pytest.mark.parametrize(
    "destination",
    [NetBIOSName("ELSEWHERE", 0x1D), NetBIOSName("WORKGROUP", 0x1D, "SCOPE"), NetBIOSName("OTHER", 0)],
)
def test_what_others_are_told_is_not_ours(station: Station, destination: NetBIOSName) -> None:
    station.hear(announced(), destination)
    assert station.browser.servers.rows() == []


def test_other_mailslots_and_our_own_words(station: Station) -> None:
    station.hear(announced(), mailslot="\\MAILSLOT\\LANMAN")
    station.hear(announced(), source="FAKESMB")
    station.hear(announced("FAKESMB"))
    station.hear(announced(""))
    assert station.browser.servers.rows() == []


def test_who_asks_for_announcements_gets_one(station: Station) -> None:
    """However often it asks: one, a little later."""
    station.sent.clear()
    for _ in range(50):
        station.hear(AnnouncementRequest("OTHER"), NetBIOSName("WORKGROUP", 0))
    assert station.sent == []
    station.clock.advance(2)
    assert len(station.what()) == 1


# -- masters ---------------------------------------------------------------------------------------------------


def test_it_becomes_master_where_nobody_objects() -> None:
    """[MS-BRWS] 3.3.5.8: four elections, and then the names of a master."""
    station = Station(master=True)
    station.clock.pump([0.8] * 4)
    elections = [frame for frame in station.what() if isinstance(frame, Election)]
    assert len(elections) == 4
    assert station.browser.is_master
    assert station.browser.master == "FAKESMB"
    assert station.names.owns(MASTER)
    assert station.names.owns(MSBROWSE)
    assert station.names.owns(ELECTION)
    assert ("elected", "", "WORKGROUP<1D>", "master browser") in station.told


def test_a_master_announces_itself_and_its_workgroup() -> None:
    station = Station(master=True)
    station.clock.pump([0.8] * 3)
    station.sent.clear()
    station.clock.advance(0.8)
    said = [(one.destination, frame) for one, frame, _ in station.said()]
    assert [destination for destination, _ in said] == [ELECTION, MSBROWSE, NetBIOSName("WORKGROUP", 0)]
    local, domain, request = (frame for _, frame in said)
    assert isinstance(local, Announcement)
    assert isinstance(domain, Announcement)
    assert (local.kind, local.server_type) == (15, SERVER_TYPE | 0x50000)
    assert (domain.kind, domain.name, domain.comment, domain.server_type) == (
        12,
        "WORKGROUP",
        "FAKESMB",
        0x80001000,
    )
    assert request == AnnouncementRequest("FAKESMB")


def test_a_backup_list_comes_from_the_name_that_was_asked(master: Station) -> None:
    """Windows 95 and 98 believe no other, and call an election every half minute."""
    master.hear(BackupRequest(4, 0xCAFE), source="WIN98", place=("10.0.0.9", 1138))
    ((one, frame, place),) = master.said()
    assert (one.source, one.destination, one.kind) == (
        MASTER,
        NetBIOSName("WIN98", 0),
        DatagramType.DIRECT_UNIQUE,
    )
    assert frame == BackupResponse(0xCAFE, ("FAKESMB",))
    assert place == ("10.0.0.9", 1138)
    assert master.told[-1][:3] == ("queried", "10.0.0.9:1138", "WORKGROUP<1D>")


def test_only_a_master_has_a_list(station: Station, master: Station) -> None:
    station.sent.clear()
    station.hear(BackupRequest(4, 1))
    master.hear(BackupRequest(4, 1), NetBIOSName("WORKGROUP", 0))
    master.hear(BackupRequest(0, 1))
    assert station.sent == master.sent == []


def test_a_stronger_one_takes_over(master: Station) -> None:
    master.hear(STRONG, ELECTION)
    assert not master.browser.is_master
    assert master.names.state(MASTER) is None
    (frame,) = master.what()
    assert isinstance(frame, Announcement)
    assert frame.kind == FrameKind.HOST_ANNOUNCEMENT
    master.clock.pump([0.8] * 6)
    assert not master.browser.is_master


def test_a_weaker_one_does_not(master: Station) -> None:
    """However many elections are called: four answers in so many fifths of a second, not one for each."""
    for _ in range(100):
        master.hear(WEAK, ELECTION)
    assert master.sent == []
    master.clock.pump([0.2] * 6)
    said = master.what()
    assert [type(frame) for frame in said] == [Election] * 4
    assert all(isinstance(frame, Election) and frame.beats(WEAK) for frame in said)
    assert master.browser.is_master


def test_a_stronger_one_stops_the_run() -> None:
    station = Station(master=True)
    station.hear(STRONG, ELECTION)
    station.clock.pump([0.8] * 8)
    assert not station.browser.is_master


def test_who_does_not_want_to_be_master_takes_no_part(station: Station) -> None:
    station.sent.clear()
    station.hear(WEAK, ELECTION)
    station.clock.advance(5)
    assert station.sent == []


def test_a_master_whose_name_another_has_steps_down(master: Station) -> None:
    master.names._names[MASTER].state = State.CONFLICT
    master.clock.advance(60)
    assert not master.browser.is_master
    assert ("released", "", "WORKGROUP<1D>", "another is master browser") in master.told


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Election(2, 0, 0, "B"), Election(1, 9, 9, "A")),
        (Election(1, 2, 0, "B"), Election(1, 1, 9, "A")),
        (Election(1, 1, 2, "B"), Election(1, 1, 1, "A")),
        (Election(1, 1, 1, "A"), Election(1, 1, 1, "B")),
    ],
)
def test_who_wins(one: Election, other: Election) -> None:
    """Version, criteria, how long it runs, and then the name."""
    assert one.beats(other)
    assert not other.beats(one)


# -- bytes -----------------------------------------------------------------------------------------------------


def test_rates_are_kept() -> None:
    station = Station(rate=3)
    for number in range(9):
        station.hear(announced(f"PC{number}"))
    assert len(station.browser.servers.rows()) == 3
    station.hear(announced("PC"), place=("10.0.0.10", 0))
    assert len(station.browser.servers.rows()) == 3


def a_datagram(frame: bytes = frames.encode(announced())) -> bytes:
    return datagrams.encode(
        Datagram(NetBIOSName("OTHER", 0), MASTER, datagrams.message(datagrams.BROWSE, frame))
    )


@pytest.mark.parametrize(
    ("at", "byte", "why"),
    [
        (0, 0x13, "carries nothing"),
        (1, 0x03, "a part"),
        (1, 0, "a part"),
        (12, 1, "a part"),
        (15, 0x5A, "no encoded"),
    ],
)
def test_what_is_no_datagram(at: int, byte: int, why: str) -> None:
    data = bytearray(a_datagram())
    data[at] = byte
    with pytest.raises(DecodeError, match=why):
        datagrams.decode(data)


def test_what_is_no_message_to_a_mailslot() -> None:
    whole = datagrams.message(datagrams.BROWSE, b"\1")
    with pytest.raises(DecodeError, match="no message"):
        datagrams.message_of(whole[:4] + b"\x72" + whole[5:])
    with pytest.raises(DecodeError, match="no message"):
        datagrams.message_of(whole[:9] + b"\x80" + whole[10:])
    with pytest.raises(DecodeError, match="a part"):
        datagrams.message_of(whole[:35] + b"\x09" + whole[36:])
    with pytest.raises(DecodeError):
        datagrams.decode(b"\x11\x02")


@pytest.mark.parametrize(
    "frame",
    [
        announced(),
        STRONG,
        BackupRequest(4, 7),
        BackupResponse(7, ("A", "B")),
        AnnouncementRequest("A"),
    ],
)
def test_frames_are_read_as_they_are_written(frame: frames.Frame) -> None:
    data = frames.encode(frame)
    assert frames.decode(data) == frame
    for size in range(1, len(data)):
        try:
            frames.decode(data[:size])
        except DecodeError:
            continue


@pytest.mark.parametrize("data", [b"", b"\0", b"\x0b\0", b"\x0d", b"\x0e", b"\xff" * 40])
def test_frames_that_are_about_nothing_here(data: bytes) -> None:
    assert frames.decode(data) is None


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    station = Station(master=True)
    before = len(station.sent)
    station.browser.received(data, PEER)
    assert len(station.sent) == before


@given(st.integers(0, len(a_datagram()) - 1), st.integers(0, 255), st.integers(0, 200))
def test_spoilt_datagrams(at: int, byte: int, cut: int) -> None:
    data = bytearray(a_datagram())
    data[at] = byte
    Station().browser.received(bytes(data[: len(data) - cut]), PEER)


@given(st.binary(max_size=60))
def test_any_frames(frame: bytes) -> None:
    """At most one datagram leaves for one that came."""
    station = Station(master=True)
    station.become_master()
    station.browser.received(a_datagram(frame), PEER)
    assert len(station.sent) <= 1
