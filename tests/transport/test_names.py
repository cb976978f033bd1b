"""Names over real sockets of UDP, on ports of the test's own: a server of a program, and two on one network."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakesmb import FakeSMB, Names
from fakesmb.mistakes import ConfigError
from fakesmb.netbios import datagrams, frames, packets
from fakesmb.netbios.packets import Flag, Kind, Opcode, Owner, Packet, Question
from fakesmb.transport.names import MOST_ADDRESSES, OwnAddresses, UDPPort, Wanted, _heard
from fakesmb.wire.netbios import NetBIOSName

FAKESMB = NetBIOSName("FAKESMB", 0x20)
QUERIES = 2000


class Asker:
    """A socket that asks."""

    def __init__(self, port: int) -> None:
        self.place = ("127.0.0.1", port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(10)
        self.socket.bind(("127.0.0.1", 0))

    def ask(self, packet: Packet) -> Packet:
        self.socket.sendto(packets.encode(packet), self.place)
        return packets.decode(self.socket.recv(2048))


@pytest.fixture(scope="module")
def smb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeSMB]:
    folder = tmp_path_factory.mktemp("names")
    names = Names(port=0, datagram_port=0)
    with FakeSMB({"public": folder}, names=names, limits={"name_packets": 100_000}) as one:
        yield one


@pytest.fixture
def asker(smb: FakeSMB) -> Iterator[Asker]:
    one = Asker(smb.name_port)
    with one.socket:
        yield one


def query(name: NetBIOSName, kind: int = Kind.ADDRESS) -> Packet:
    return Packet(1, Opcode.QUERY, Flag.RECURSION_DESIRED, 0, Question(name, kind))


def test_a_name_is_found(smb: FakeSMB, asker: Asker) -> None:
    answer = asker.ask(query(FAKESMB))
    assert answer.record is not None
    assert packets.owner_of(answer.record) == Owner(False, "127.0.0.1")
    entries = smb.journal.entries(event="name")
    assert entries
    assert "asks for FAKESMB<20>" in entries[-1].summary


def test_the_status_of_the_node(asker: Asker) -> None:
    answer = asker.ask(query(NetBIOSName("*", 0), Kind.STATUS))
    assert answer.record is not None
    assert [str(one.name) for one in packets.status_of(answer.record)] == [
        "FAKESMB<00>", "FAKESMB<03>", "FAKESMB<20>", "WORKGROUP<00>",
    ]  # fmt: skip


def test_a_thousand_queries_in_a_second(asker: Asker) -> None:
    """One after the other, each when the one before is answered; the machine may have much else to do."""
    packet = packets.encode(query(FAKESMB))
    best = 0.0
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(QUERIES // 5):
            asker.socket.sendto(packet, asker.place)
            asker.socket.recv(2048)
        best = max(best, QUERIES / 5 / (time.perf_counter() - began))
    assert best > 1000


def test_neighbours_are_told_by_rap(smb: FakeSMB) -> None:
    """One that announces itself is in the list of servers, with its comment."""
    frame = frames.encode(frames.Announcement("OTHER", 0x1003, "theirs"))
    message = datagrams.message(datagrams.BROWSE, frame)
    one = datagrams.Datagram(NetBIOSName("OTHER", 0), NetBIOSName("WORKGROUP", 0x1D), message)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(datagrams.encode(one), ("127.0.0.1", smb.datagram_port))
    smb.journal.wait_for(event="name", timeout=10)
    server = smb._service.server
    assert server is not None
    for _ in range(500):
        if server.view.neighbours().servers:
            break
        time.sleep(0.01)
    (row,) = server.view.neighbours().servers
    assert (row.name, row.comment, row.server_type) == ("OTHER", "theirs", 0x1003)


def test_two_servers_on_a_network_have_two_names(tmp_path: Path) -> None:
    """Broadcasts of loopback reach both: the second that wants a name is refused it, and finds the first."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    wide = Names(port=port, broadcast="127.255.255.255")
    with FakeSMB({"a": tmp_path}, host="127.0.0.1", names=wide) as first:
        for _ in range(1000):
            if any("FAKESMB<20>" in one.summary for one in first.journal.entries(event="name")):
                break
            time.sleep(0.01)
        with FakeSMB(
            {"a": tmp_path}, host="127.0.0.2", names=Names(port=port, broadcast="127.255.255.255")
        ) as second:
            for _ in range(1000):
                if any(
                    "refuses us FAKESMB<20>" in one.summary for one in second.journal.entries(event="name")
                ):
                    break
                time.sleep(0.01)
            told = [one.summary for one in second.journal.entries(event="name")]
    lost = f"names: 127.0.0.1:{port} refuses us FAKESMB<20>: another computer has it: it is not answered for"
    assert lost in told
    refused = [one.summary for one in first.journal.entries(event="name") if "is refused" in one.summary]
    assert any("127.0.0.2" in text and "it is ours" in text for text in refused)


def test_ports_that_are_taken(tmp_path: Path, smb: FakeSMB) -> None:
    with pytest.raises(
        ConfigError, match=f"cannot listen for names on 127.0.0.1:{smb.name_port} .UDP.: Address"
    ):
        FakeSMB({"a": tmp_path}, names=Names(port=smb.name_port)).start()


def test_a_server_without_names_says_so(tmp_path: Path) -> None:
    with FakeSMB({"a": tmp_path}) as one:
        with pytest.raises(RuntimeError, match="has no name service"):
            one.name_port  # noqa: B018
        with pytest.raises(RuntimeError, match="has no name service"):
            one.datagram_port  # noqa: B018
    with (
        FakeSMB({"a": tmp_path}, names=Names(port=0)) as one,
        pytest.raises(RuntimeError, match="no datagrams"),
    ):
        one.datagram_port  # noqa: B018


def test_the_address_that_is_told() -> None:
    wanted = Wanted("0.0.0.0", 137, None, "", "", False)
    own = OwnAddresses(wanted)
    assert own.towards("127.0.0.1") == "127.0.0.1"
    assert own.towards("no address") == "0.0.0.0"
    for number in range(MOST_ADDRESSES + 5):
        own.towards(f"127.0.{number >> 8}.{number & 255}")
    assert len(own._known) <= MOST_ADDRESSES
    assert OwnAddresses(wanted._replace(address="10.0.0.7")).towards("127.0.0.1") == "10.0.0.7"
    assert OwnAddresses(wanted._replace(host="127.0.0.3")).towards("127.0.0.1") == "127.0.0.3"


@pytest.mark.parametrize(
    ("host", "broadcast", "heard"),
    [
        ("0.0.0.0", "10.0.0.255", []),
        ("10.0.0.1", "", []),
        ("10.0.0.1", "10.0.0.255", ["10.0.0.255", "255.255.255.255"]),
        ("10.0.0.1", "255.255.255.255", ["255.255.255.255"]),
        ("127.0.0.1", "127.255.255.255", ["127.255.255.255"]),
    ],
)
def test_broadcasts_that_are_heard(host: str, broadcast: str, heard: list[str]) -> None:
    """libdsm and others send to 255.255.255.255; on loopback nobody but this machine is to be heard."""
    assert _heard(host, broadcast) == heard


def test_what_cannot_be_sent_is_said_once() -> None:
    said: list[str] = []

    class Broken:
        def write(self, data: bytes, place: tuple[str, int]) -> None:
            raise OSError(101, "Network is unreachable")

    port = UDPPort(lambda *one: None, said.append)
    port.send(b"nobody listens yet", ("10.0.0.1", 137))
    port.transport = Broken()  # type: ignore[assignment]
    port.send(b"x", ("10.0.0.1", 137))
    port.send(b"x", ("10.0.0.1", 137))
    assert said == ["no packet of the name service leaves for 10.0.0.1:137: Network is unreachable"]
