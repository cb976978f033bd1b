"""A server among browsers ([MS-BRWS]): it announces itself, lists who announces itself, and may be master browser.

It says something when somebody asks, one datagram for one, and by its own clock; what elections make it say is bounded
by that, however many are called.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from fakesmb.netbios import datagrams, frames
from fakesmb.netbios.browselist import SV_TYPE_SERVER, BrowseList
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
from fakesmb.netbios.told import Around, Place, Send, shown
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.netbios import MSBROWSE, NetBIOSName, Suffix
from fakesmb.world import DelayedCall

SV_TYPE_POTENTIAL_BROWSER: Final = 0x00010000
SV_TYPE_MASTER_BROWSER: Final = 0x00040000
SV_TYPE_DOMAIN: Final = 0x80001000
"""SV_TYPE_DOMAIN_ENUM | SV_TYPE_NT: what a workgroup announces."""
INTERVALS: Final = (60, 120, 240, 480, 720)
"""Seconds from one announcement to the next; the last one stays (3.2.2.2)."""
ROUNDS: Final = 4
"""Elections that nobody objects to make a master (3.3.5.8)."""
ROUND_SECONDS: Final = 0.8
MASTER_ROUND_SECONDS: Final = 0.2
ANSWER_SECONDS: Final = 2.0
"""An announcement that was asked for comes so long after: who asks often gets as many as who asks once."""
ELECTION_VERSION: Final = 1
_CRITERIA: Final = 0x20010F08
"""Windows NT Server, version 1.15 of the protocol, and willing to be master (2.2.3)."""
_IS_MASTER: Final = 0x04


class Identity(NamedTuple):
    """What is announced."""

    name: str
    workgroup: str
    comment: str
    version: tuple[int, int]
    server_type: int


class Browser:
    """One server's part. `send` takes a datagram and where it goes."""

    def __init__(
        self,
        around: Around,
        identity: Identity,
        names: NameService,
        send: Send,
        broadcast: Place | None,
        rates: Rates,
        most_listed: int,
        *,
        wants_master: bool,
    ) -> None:
        self._around = around
        self._identity = identity
        self._names = names
        self._send = send
        self._broadcast = broadcast
        self._rates = rates
        self._wants_master = wants_master
        self.servers = BrowseList(most_listed, around.clock.seconds)
        """The computers of the workgroup, but for this one."""
        self.workgroups = BrowseList(most_listed, around.clock.seconds)
        """Other workgroups."""
        self.is_master = False
        self.master = ""
        """The master browser of the workgroup, as far as it is known."""
        self.port = 138
        """That we send from, as datagrams say it."""
        self._began = around.clock.seconds()
        self._sent = 0
        """Announcements so far."""
        self._rounds = 0
        self._timers: dict[str, DelayedCall] = {}
        """What is to come, one of a kind."""

    # -- what we are ---------------------------------------------------------------------------------------

    @property
    def server_type(self) -> int:
        """SV_TYPE_* bits that we announce."""
        wants = SV_TYPE_POTENTIAL_BROWSER if self._wants_master else 0
        return self._identity.server_type | wants | (SV_TYPE_MASTER_BROWSER if self.is_master else 0)

    @property
    def _own(self) -> NetBIOSName:
        return NetBIOSName(self._identity.name, Suffix.WORKSTATION)

    def _group(self, suffix: int) -> NetBIOSName:
        return NetBIOSName(self._identity.workgroup, suffix)

    def begin(self) -> None:
        """Announces the server from now on, and runs for master where it is to."""
        self._announce()
        if self._wants_master:
            self._names.register(self._group(Suffix.ELECTION), group=True)
            self._run()

    def end(self) -> None:
        """Says that the server goes."""
        for what in list(self._timers):
            self._cancel(what)
        self._say_host(0)

    # -- what we say ---------------------------------------------------------------------------------------

    def _later(self, what: str, seconds: float, call: Callable[[], None]) -> None:
        """Calls once, however often it is asked for before."""
        timer = self._timers.get(what)
        if timer is None or not timer.active():
            self._timers[what] = self._around.clock.callLater(seconds, call)

    def _cancel(self, what: str) -> None:
        timer = self._timers.pop(what, None)
        if timer is not None and timer.active():
            timer.cancel()

    def _announce(self) -> None:
        seconds = INTERVALS[min(self._sent, len(INTERVALS) - 1)]
        self._sent += 1
        self._say_who(seconds)
        self._cancel("announce")
        self._later("announce", seconds, self._announce)

    def _say_who(self, seconds: int = INTERVALS[-1]) -> None:
        if self.is_master and self._names.state(self._group(Suffix.MASTER)) is State.CONFLICT:
            self._step_down()
        if not self.is_master:
            self._say_host(self.server_type, seconds)
            return
        identity = self._identity
        self._say(
            self._own,
            self._group(Suffix.ELECTION),
            self._announcement(self.server_type, seconds)._replace(kind=FrameKind.LOCAL_MASTER_ANNOUNCEMENT),
        )
        domain = Announcement(
            identity.workgroup, SV_TYPE_DOMAIN, identity.name, identity.version, seconds,
            FrameKind.DOMAIN_ANNOUNCEMENT,
        )  # fmt: skip
        self._say(self._own, MSBROWSE, domain)

    def _announcement(self, server_type: int, seconds: int) -> Announcement:
        identity = self._identity
        return Announcement(identity.name, server_type, identity.comment, identity.version, seconds)

    def _say_host(self, server_type: int, seconds: int = INTERVALS[-1]) -> None:
        self._say(self._own, self._group(Suffix.MASTER), self._announcement(server_type, seconds))

    def _say(self, source: NetBIOSName, destination: NetBIOSName, frame: frames.Frame) -> None:
        if self._broadcast is not None:
            self._put(source, destination, frame, self._broadcast, DatagramType.DIRECT_GROUP)

    def _put(
        self, source: NetBIOSName, destination: NetBIOSName, frame: frames.Frame, place: Place, kind: int
    ) -> None:
        encoding = self._around.encoding
        message = datagrams.message(datagrams.BROWSE, frames.encode(frame, encoding), encoding)
        address = self._around.address_for(place[0])
        number = self._around.number()
        one = Datagram(source, destination, message, kind, number, address, self.port)
        self._send(datagrams.encode(one, encoding), place)

    # -- what others say -----------------------------------------------------------------------------------

    def received(self, data: bytes, sender: Place) -> None:
        """Takes a datagram. Whatever it holds, nothing is raised."""
        if not sender[1] or not self._rates.admits(sender[0]):
            return
        encoding = self._around.encoding
        try:
            one = datagrams.decode(data, encoding)
            if one.source.name == self._identity.name or not self._is_for_us(one.destination):
                return
            mailslot, content = datagrams.message_of(one.data, encoding)
            frame = frames.decode(content, encoding) if mailslot == datagrams.BROWSE else None
        except DecodeError:
            return
        match frame:
            case Announcement():
                self._listed(frame, one.destination, sender)
            case Election():
                self._election(frame)
            case BackupRequest():
                self._backup_list(frame, one, sender)
            case AnnouncementRequest():
                self._later("answer", ANSWER_SECONDS, self._say_who)

    def _is_for_us(self, destination: NetBIOSName) -> bool:
        if destination.scope:
            return False
        return destination == MSBROWSE or destination.name in (self._identity.name, self._identity.workgroup)

    def _listed(self, frame: Announcement, destination: NetBIOSName, sender: Place) -> None:
        if not frame.name or frame.name in (self._identity.name, self._identity.workgroup):
            return
        domain = frame.kind == FrameKind.DOMAIN_ANNOUNCEMENT
        if domain != (destination == MSBROWSE):
            return
        rows = self.workgroups if domain else self.servers
        if not domain and not frame.server_type & SV_TYPE_SERVER:
            rows.remove(frame.name)
            return
        if frame.kind == FrameKind.LOCAL_MASTER_ANNOUNCEMENT and not self.is_master:
            self.master = frame.name
        if rows.add(frame.name, frame.server_type, frame.comment, frame.version, frame.seconds):
            what = "a workgroup" if domain else "a computer"
            self._around.tell("listed", shown(sender), frame.name, what)

    def _backup_list(self, frame: BackupRequest, asked: Datagram, sender: Place) -> None:
        """From the name that was asked: Windows 95 and 98 take a list from no other, and call an election."""
        if asked.destination != self._group(Suffix.MASTER) or not self.is_master or not frame.most:
            return
        answer = BackupResponse(frame.token, (self._identity.name,))
        to = NetBIOSName(asked.source.name, Suffix.WORKSTATION)
        self._put(asked.destination, to, answer, sender, DatagramType.DIRECT_UNIQUE)
        self._around.tell("queried", shown(sender), str(asked.destination), "the list of browsers")

    # -- elections -----------------------------------------------------------------------------------------

    def _candidate(self) -> Election:
        uptime = int((self._around.clock.seconds() - self._began) * 1000)
        criteria = _CRITERIA | (_IS_MASTER if self.is_master else 0)
        return Election(ELECTION_VERSION, criteria, uptime, self._identity.name)

    def _election(self, other: Election) -> None:
        if not self._wants_master:
            return
        if other.beats(self._candidate()):
            self._rounds = 0
            self._cancel("round")
            if self.is_master:
                self._step_down()
                self._say_host(self.server_type)
        elif not self._rounds:
            self._rounds = ROUNDS
            self._later("round", self._pause, self._next_round)

    @property
    def _pause(self) -> float:
        return MASTER_ROUND_SECONDS if self.is_master else ROUND_SECONDS

    def _run(self) -> None:
        self._rounds = ROUNDS
        self._next_round()

    def _next_round(self) -> None:
        self._timers.pop("round", None)
        if not self._rounds:
            self._become_master()
            return
        self._rounds -= 1
        self._say(self._own, self._group(Suffix.ELECTION), self._candidate())
        self._later("round", self._pause, self._next_round)

    def _become_master(self) -> None:
        if self.is_master:
            return
        self.is_master, self.master = True, self._identity.name
        self._names.register(self._group(Suffix.MASTER))
        self._names.register(MSBROWSE, group=True)
        self._around.tell("elected", "", str(self._group(Suffix.MASTER)), "master browser")
        self._sent = 0
        self._announce()
        request = AnnouncementRequest(self._identity.name)
        self._say(self._own, self._group(Suffix.WORKSTATION), request)

    def _step_down(self) -> None:
        self.is_master, self.master = False, ""
        self._names.release(self._group(Suffix.MASTER))
        self._names.release(MSBROWSE)
        self._around.tell("released", "", str(self._group(Suffix.MASTER)), "another is master browser")
