"""The name service of a broadcast node (RFC 1001 15.2, RFC 1002 5.1.1): its names are registered, found and defended.

Every packet is answered by one packet or none, and a response never is.
"""

from enum import Enum
from typing import Final

from fakesmb.netbios import packets
from fakesmb.netbios.packets import Flag, Kind, NameFlag, Opcode, Packet, Question, Rcode, Record, StatusEntry
from fakesmb.netbios.rates import Rates
from fakesmb.netbios.told import Around, Place, Send, shown
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.netbios import WILDCARD, NetBIOSName
from fakesmb.world import DelayedCall

BROADCASTS: Final = 3
"""BCAST_REQ_RETRY_COUNT: how often a name is announced before it is ours."""
BETWEEN: Final = 0.25
"""BCAST_REQ_RETRY_TIMEOUT, seconds."""
KEPT: Final = 300_000
"""Seconds for which others may keep what a broadcast node tells of a name."""
_REGISTERING: Final = frozenset(
    {Opcode.REGISTRATION, Opcode.REFRESH, Opcode.REFRESH_WINDOWS, Opcode.MULTIHOMED}
)


class State(Enum):
    """Where a name of ours is on its way."""

    ASKED = "asked"
    """It is announced, and nobody has said anything against it yet."""
    OWNED = "owned"
    CONFLICT = "in conflict"
    """Another node owns it: it is not answered for."""


class OwnName:
    """A name that we have, or want."""

    __slots__ = ("group", "id", "left", "name", "state", "timer")

    def __init__(self, name: NetBIOSName, *, group: bool) -> None:
        self.name = name
        self.group = group
        self.state = State.ASKED
        self.id = 0
        self.left = 0
        """Broadcasts still to come."""
        self.timer: DelayedCall | None = None

    @property
    def flags(self) -> int:
        """As a status has them."""
        group = NameFlag.GROUP if self.group else 0
        said = NameFlag.CONFLICT if self.state is State.CONFLICT else 0
        return group | said | NameFlag.ACTIVE

    def end_announcing(self) -> None:
        """No broadcast comes any more."""
        if self.timer is not None and self.timer.active():
            self.timer.cancel()


class NameService:
    """What one server says on the port of names. `send` takes a packet and where it goes."""

    def __init__(self, around: Around, send: Send, broadcast: Place | None, rates: Rates) -> None:
        """Without a place for broadcasts the names are ours without asking."""
        self._around = around
        self._send = send
        self._broadcast = broadcast
        self._rates = rates
        self._names: dict[NetBIOSName, OwnName] = {}

    # -- names of our own ----------------------------------------------------------------------------------

    def register(self, name: NetBIOSName, *, group: bool = False) -> None:
        """Makes a name ours, unless another node says that it has it."""
        if name in self._names:
            return
        one = self._names[name] = OwnName(name, group=group)
        if self._broadcast is None:
            self._own(one)
            return
        one.id, one.left = self._around.number(), BROADCASTS
        self._announce(one)

    def release(self, name: NetBIOSName) -> None:
        """Gives a name up."""
        one = self._names.pop(name, None)
        if one is None:
            return
        one.end_announcing()
        if one.state is State.OWNED and self._broadcast is not None:
            self._tell_all(one, Opcode.RELEASE, self._around.number())

    def end(self) -> None:
        """Gives all names up."""
        for name in list(self._names):
            self.release(name)

    def state(self, name: NetBIOSName) -> State | None:
        """Whether a name is ours; None: we never wanted it."""
        one = self._names.get(name)
        return None if one is None else one.state

    def owns(self, name: NetBIOSName) -> bool:
        """Whether a name is ours."""
        return self.state(name) is State.OWNED

    def _announce(self, one: OwnName) -> None:
        if not one.left:
            self._own(one)
            self._tell_all(one, Opcode.REGISTRATION, one.id, demand=True)
            return
        one.left -= 1
        self._tell_all(one, Opcode.REGISTRATION, one.id)
        one.timer = self._around.clock.callLater(BETWEEN, self._announce, one)

    def _own(self, one: OwnName) -> None:
        one.state = State.OWNED
        self._around.tell("registered", "", str(one.name), "a group's" if one.group else "")

    def _tell_all(self, one: OwnName, opcode: int, number: int, *, demand: bool = False) -> None:
        """A registration, an overwrite (`demand`) or a release, RFC 1002 4.2.2, 4.2.3 and 4.2.9."""
        assert self._broadcast is not None
        address = self._around.address_for(self._broadcast[0])
        asks = opcode == Opcode.REGISTRATION and not demand
        flags = Flag.BROADCAST | (Flag.RECURSION_DESIRED if asks else 0)
        data = packets.address_data(packets.Owner(one.group, address))
        record = Record(one.name, Kind.ADDRESS, 0 if opcode == Opcode.RELEASE else KEPT, data)
        self._put(Packet(number, opcode, flags, 0, Question(one.name), record), self._broadcast)

    # -- what others say -----------------------------------------------------------------------------------

    def received(self, data: bytes, sender: Place) -> None:
        """Takes a packet. Whatever it holds, nothing is raised, and one packet leaves at most, for the sender."""
        if not sender[1] or not self._rates.admits(sender[0]):
            return
        try:
            packet = packets.decode(data, self._around.encoding)
        except DecodeError:
            return
        if packet.is_response:
            self._responded(packet, sender)
        elif packet.question is None:
            return
        elif packet.opcode == Opcode.QUERY:
            self._queried(packet, packet.question, sender)
        elif packet.opcode in _REGISTERING:
            self._registered(packet, packet.question.name, sender)
        elif packet.opcode == Opcode.RELEASE:
            self._released(packet.question.name, sender)

    def _queried(self, packet: Packet, question: Question, sender: Place) -> None:
        name = question.name
        if question.kind == Kind.STATUS:
            if name.scope or not (name.name == WILDCARD or name in self._names):
                return
            entries = [StatusEntry(one.name, one.flags) for one in self._names.values()]
            data = packets.status_data(entries, self._around.encoding)
            self._respond(packet, Record(name, Kind.STATUS, 0, data), sender, recursion=False)
            self._around.tell("queried", shown(sender), str(name), "our status")
        elif question.kind != Kind.ADDRESS:
            return
        elif self.owns(name) or (name.name == WILDCARD and not name.scope):
            one = self._names.get(name)
            address = self._around.address_for(sender[0])
            owner = packets.Owner(one is not None and one.group, address)
            self._respond(packet, Record(name, Kind.ADDRESS, KEPT, packets.address_data(owner)), sender)
            self._around.tell("queried", shown(sender), str(name), address)
        elif not packet.is_broadcast:
            self._respond(packet, Record(name, Kind.NULL, 0, b""), sender, Rcode.NO_SUCH_NAME)
            self._around.tell("queried", shown(sender), str(name), "is none of ours")

    def _registered(self, packet: Packet, name: NetBIOSName, sender: Place) -> None:
        """Somebody wants a name: ours is refused to all but further members of a group (RFC 1002 5.1.1.3).

        Who asks us alone takes us for a name server, which we are not.
        """
        if packet.record is None:
            return
        try:
            owner = packets.owner_of(packet.record)
        except DecodeError:
            return
        one = self._names.get(name)
        if one is not None and one.id == packet.id:  # our own broadcast
            return
        ours = one is not None and one.state is State.OWNED and not (one.group and owner.group)
        if not ours and packet.is_broadcast:
            return
        rcode = Rcode.ACTIVE if ours else Rcode.REFUSED
        self._respond(packet, Record(name, Kind.ADDRESS, 0, packet.record.data[:6]), sender, rcode)
        why = "it is ours" if ours else "this is no name server"
        self._around.tell("refused", shown(sender), str(name), f"a registration for {owner.address}: {why}")

    def _released(self, name: NetBIOSName, sender: Place) -> None:
        """Somebody gives a name up: what is ours alone stays so, and a member of a group may leave it."""
        one = self._names.get(name)
        if one is not None and one.state is State.OWNED and not one.group:
            self._around.tell("refused", shown(sender), str(name), "a release: it is ours")

    def _responded(self, packet: Packet, sender: Place) -> None:
        """Somebody refuses a name that we announce. Of names that are ours already nobody is believed."""
        if packet.opcode != Opcode.REGISTRATION or not packet.rcode or packet.record is None:
            return
        one = self._names.get(packet.record.name)
        if one is None:
            return
        if one.state is State.OWNED and packet.rcode == Rcode.CONFLICT:
            self._around.tell("refused", shown(sender), str(one.name), "a conflict: it is ours")
        if one.state is not State.ASKED or one.id != packet.id:
            return
        one.end_announcing()
        one.state = State.CONFLICT
        self._around.tell(
            "conflict", shown(sender), str(one.name), "another computer has it: it is not answered for"
        )

    def _respond(
        self, packet: Packet, record: Record, sender: Place, rcode: int = 0, *, recursion: bool = True
    ) -> None:
        flags = Flag.RESPONSE | Flag.AUTHORITATIVE
        if recursion:
            flags |= packet.flags & Flag.RECURSION_DESIRED
        opcode = packet.opcode if packet.opcode == Opcode.QUERY else Opcode.REGISTRATION
        self._put(Packet(packet.id, opcode, flags, rcode, None, record), sender)

    def _put(self, packet: Packet, place: Place) -> None:
        self._send(packets.encode(packet, self._around.encoding), place)
