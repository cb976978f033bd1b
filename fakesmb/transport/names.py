"""Names and browsing over UDP as Twisted sees them: datagrams to and from `fakesmb.netbios`."""

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final, NamedTuple

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.protocol import DatagramProtocol

from fakesmb.core.state import Server
from fakesmb.netbios.browser import Browser, Identity
from fakesmb.netbios.nameservice import NameService
from fakesmb.netbios.rates import Rates
from fakesmb.netbios.told import Around, Place
from fakesmb.record.events import Named
from fakesmb.rpc.view import Neighbours, ServerRow
from fakesmb.wire.netbios import EVERYWHERE, NetBIOSName, Suffix

ANYWHERE: Final = "0.0.0.0"
MOST_ADDRESSES: Final = 256
"""Of so many others it is remembered which of our addresses they reach us by."""


class Wanted(NamedTuple):
    """What `[names]` asks for, with addresses that are numbers."""

    host: str
    port: int
    datagram_port: int | None
    address: str
    """Empty: that by which the other side reaches us."""
    broadcast: str
    """Empty: nobody is told or asked."""
    master: bool


class _Ear(DatagramProtocol):
    """Hears what is sent to all."""

    def __init__(self, takes: Callable[[bytes, Place], None]) -> None:
        self._takes = takes

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:  # noqa: N802
        """Passes on a datagram."""
        self._takes(datagram, (addr[0], addr[1]))


class UDPPort(_Ear):
    """A socket, and those that hear what is sent to all. Sending never raises: the first failure is a line."""

    def __init__(self, takes: Callable[[bytes, Place], None], problem: Callable[[str], None]) -> None:
        super().__init__(takes)
        self._problem = problem
        self._failed = False
        self.number = 0
        self._sockets: list[Any] = []

    def listen(self, reactor: Any, host: str, number: int, broadcast: str) -> None:
        """Raises `CannotListenError`. Broadcasts have sockets of their own: those of our addresses hear none."""
        first = reactor.listenUDP(number, self, interface=host, maxPacketSize=4096)
        self.number = first.getHost().port
        self._sockets.append(first)
        first.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for one in _heard(host, broadcast):
            ear = _Ear(self._takes)
            self._sockets.append(
                reactor.listenMulticast(
                    self.number, ear, interface=one, maxPacketSize=4096, listenMultiple=True
                )
            )

    def send(self, data: bytes, place: Place) -> None:
        """Sends a datagram."""
        if self.transport is None:
            return
        try:
            self.transport.write(data, place)
        except OSError as error:
            if not self._failed:
                self._failed = True
                self._problem(
                    f"no packet of the name service leaves for {place[0]}:{place[1]}: {error.strerror}"
                )

    def stop(self) -> list[Deferred[Any]]:
        """Lets go of the sockets."""
        sockets, self._sockets = self._sockets, []
        return [maybeDeferred(one.stopListening) for one in sockets]


def _heard(host: str, broadcast: str) -> list[str]:
    """The addresses of broadcasts that need a socket: of the network, and of any, which many clients use."""
    if not broadcast or host == ANYWHERE:
        return []
    return [broadcast] if ip_address(host).is_loopback else sorted({broadcast, EVERYWHERE})


class OwnAddresses:
    """Which of this machine's addresses others reach it by: that by which it reaches them."""

    def __init__(self, wanted: Wanted) -> None:
        self._fixed = wanted.address or ("" if wanted.host == ANYWHERE else wanted.host)
        self._known: dict[str, str] = {}

    def towards(self, other: str) -> str:
        """The address for one of them; 0.0.0.0 where no way leads there."""
        if self._fixed:
            return self._fixed
        found = self._known.get(other)
        if found is None:
            if len(self._known) >= MOST_ADDRESSES:
                self._known.clear()
            found = self._known[other] = self._look(other)
        return found

    def _look(self, other: str) -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                probe.connect((other, 9))  # nothing is sent
                return str(probe.getsockname()[0])
            except OSError:
                return ANYWHERE


class Names:
    """The names of one server on a network, and its place among browsers."""

    def __init__(self, server: Server, wanted: Wanted) -> None:
        self._server = server
        self._wanted = wanted
        self._around = Around(
            server.clock,
            server.world.entropy,
            self._tell,
            OwnAddresses(wanted).towards,
            server.settings.oem_encoding,
        )
        self._name_port = UDPPort(self._name_packet, server.log.problem)
        self._datagram_port = UDPPort(self._datagram, server.log.problem)
        self.names: NameService | None = None
        self.browser: Browser | None = None

    @property
    def ports(self) -> tuple[int, int | None]:
        """Those that it listens on: of names, and of datagrams."""
        return self._name_port.number, self._datagram_port.number or None

    def listen(self, reactor: Any) -> None:
        """Binds the ports; raises `CannotListenError`."""
        wanted = self._wanted
        self._name_port.listen(reactor, wanted.host, wanted.port, wanted.broadcast)
        if wanted.datagram_port is not None:
            self._datagram_port.listen(reactor, wanted.host, wanted.datagram_port, wanted.broadcast)

    def begin(self) -> None:
        """Registers the names, and announces the server where there are datagrams."""
        settings, profile = self._server.settings, self._server.profile
        names = self.names = NameService(
            self._around, self._name_port.send, self._all(self._name_port), self._rates()
        )
        name, workgroup = settings.name.upper(), settings.workgroup.upper()
        for suffix in (Suffix.WORKSTATION, Suffix.MESSENGER, Suffix.SERVER):
            names.register(NetBIOSName(name, suffix))
        names.register(NetBIOSName(workgroup, Suffix.WORKSTATION), group=True)
        if self._wanted.datagram_port is None:
            return
        facts = self._server.view.facts
        version = (profile.os_major, profile.os_minor)
        browser = self.browser = Browser(
            self._around,
            Identity(name, workgroup, settings.comment, version, facts.server_type),
            names,
            self._datagram_port.send,
            self._all(self._datagram_port),
            self._rates(),
            settings.limits.browse_entries,
            wants_master=self._wanted.master,
        )
        browser.port = self._datagram_port.number
        self._server.neighbours = self._neighbours
        browser.begin()

    def _rates(self) -> Rates:
        """Each port has its own."""
        limits = self._server.settings.limits
        return Rates(limits.name_packets, limits.name_addresses, self._server.clock.seconds)

    def _all(self, port: UDPPort) -> Place | None:
        return (self._wanted.broadcast, port.number) if self._wanted.broadcast else None

    def stop(self) -> Deferred[Any]:
        """Gives the names up, says that the server goes, and lets go of the ports."""
        if self.browser is not None:
            self.browser.end()
        if self.names is not None:
            self.names.end()
        return DeferredList([*self._name_port.stop(), *self._datagram_port.stop()])

    def _name_packet(self, data: bytes, sender: Place) -> None:
        if self.names is not None:
            self.names.received(data, sender)

    def _datagram(self, data: bytes, sender: Place) -> None:
        if self.browser is not None:
            self.browser.received(data, sender)

    def _tell(self, what: str, peer: str, name: str, said: str) -> None:
        self._server.log.emit(Named(self._server.world.now(), what, peer, name, said))

    def _neighbours(self) -> Neighbours:
        browser = self.browser
        assert browser is not None
        return Neighbours(
            tuple(ServerRow(*one[:4]) for one in browser.servers.rows()),
            tuple(ServerRow(*one[:4]) for one in browser.workgroups.rows()),
            browser.master,
            browser.server_type,
        )
