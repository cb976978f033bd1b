"""Ethernet, IP and TCP around what a connection carried."""

from pathlib import Path

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.capture import pcapng
from fakesmb.capture.packets import MOST_SUMMED, Conversation, End, Flag, Made
from tests.capture.sharks import assert_sound, summed_by_words, tshark

V4 = End("192.0.2.7", 50000), End("127.0.0.1", 445)
V6 = End("2001:db8::7", 50000), End("::1", 445)


def handshake(talk: Conversation) -> list[Made]:
    options = talk.options
    return [
        talk.segment(from_client=True, flags=Flag.SYN, options=options),
        talk.segment(from_client=False, flags=Flag.SYN | Flag.ACK, options=options),
        talk.segment(from_client=True, flags=Flag.ACK),
    ]


def carried(talk: Conversation, data: bytes, *, from_client: bool = True, summed: int = 1 << 20) -> Made:
    return talk.segment(data, len(data), from_client=from_client, flags=Flag.PSH | Flag.ACK, summed=summed)


def tcp_of(made: Made) -> dpkt.tcp.TCP:
    ip = dpkt.ethernet.Ethernet(made.data).data
    assert isinstance(ip, dpkt.ip.IP | dpkt.ip6.IP6)
    assert isinstance(ip.data, dpkt.tcp.TCP)
    return ip.data


@given(ends=st.sampled_from([V4, V6]), data=st.binary(max_size=70))
def test_checksums_are_those_of_the_rfc(ends: tuple[End, End], data: bytes) -> None:
    made = carried(Conversation(*ends, 3), data)
    ip = dpkt.ethernet.Ethernet(made.data).data
    segment = bytes(ip.data)
    pseudo = ip.src + ip.dst + len(segment).to_bytes(4, "big") + b"\0\0\0\x06"
    assert summed_by_words(pseudo + segment) == 0xFFFF
    if isinstance(ip, dpkt.ip.IP):
        assert summed_by_words(made.data[14:34]) == 0xFFFF
    assert ip.data.data == data


@pytest.mark.parametrize("ends", [V4, V6])
def test_a_conversation_is_sound(ends: tuple[End, End], tmp_path: Path) -> None:
    talk = Conversation(*ends, 0x7FFFFFFF)
    made = handshake(talk)
    for size in (1, 2, 100, MOST_SUMMED, MOST_SUMMED + 1, talk.most):
        made += [carried(talk, b"\x85" + bytes(size - 1)), carried(talk, b"x" * size, from_client=False)]
    made.append(talk.segment(from_client=False, flags=Flag.RST | Flag.ACK))
    assert len(made[-3].data) == 14 + 65535 + (40 if ends is V6 else 0)
    file = tmp_path / "a.pcapng"
    blocks = [pcapng.packet(0, at, one.data, one.size, direction=1) for at, one in enumerate(made)]
    file.write_bytes(pcapng.section("") + pcapng.interface("", "", snap=0) + b"".join(blocks))
    assert_sound(file)
    assert tshark(file, "-Y", "tcp.flags.reset == 1", "-T", "fields", "-e", "tcp.seq") != ""


def test_sequence_numbers_go_round() -> None:
    talk = Conversation(*V4, 1)
    first = tcp_of(carried(talk, b"")).seq
    talk.skip((1 << 32) - first - 2, from_client=True)
    assert [tcp_of(carried(talk, b"abc")).seq for _ in range(2)] == [0xFFFFFFFE, 1]
    assert tcp_of(carried(talk, b"", from_client=False)).ack == 4


def test_large_packets_may_go_without_a_checksum() -> None:
    """Then they have the sum of the pseudo header alone, as Linux leaves it for the network card."""
    data = b"a" * (MOST_SUMMED + 1)
    made = carried(Conversation(*V4, 1), data, summed=MOST_SUMMED)
    ends = dpkt.ethernet.Ethernet(made.data).data
    pseudo = ends.src + ends.dst + (len(data) + 20).to_bytes(4, "big") + b"\0\0\0\x06"
    assert tcp_of(made).sum == summed_by_words(pseudo)


@pytest.mark.parametrize(
    ("client", "server", "kind"),
    [
        ("::ffff:192.0.2.7", "127.0.0.1", dpkt.ip.IP),
        ("fe80::1%eth0", "fe80::2%eth0", dpkt.ip6.IP6),
        ("192.0.2.7", "::1", dpkt.ip6.IP6),
        ("", "", dpkt.ip.IP),
    ],
)
def test_addresses_as_twisted_tells_them(client: str, server: str, kind: type) -> None:
    made = Conversation(End(client, 1), End(server, 2), 0).segment(from_client=True, flags=Flag.SYN)
    assert type(dpkt.ethernet.Ethernet(made.data).data) is kind
