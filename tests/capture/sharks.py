"""What others make of a capture: tshark, dpkt, python-pcapng."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import dpkt
import pcapng
from pcapng.blocks import EnhancedPacket

CHECKED = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
BAD = (
    "_ws.malformed || _ws.short || _ws.expert.group == 0x07000000 || tcp.checksum.status == 0 "
    "|| ip.checksum.status == 0 || tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment "
    "|| tcp.analysis.retransmission || tcp.analysis.out_of_order || tcp.analysis.zero_window "
    "|| tcp.analysis.window_full || tcp.analysis.reused_ports || tcp.segment.error"
)
"""Malformed, cut short, of a wrong checksum, or of a stream that is not whole and in order."""


def tshark(file: Path, *words: str) -> str:
    done = subprocess.run(
        ["tshark", "-n", "-r", str(file), *CHECKED, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_sound(file: Path, bad: str = BAD) -> None:
    """tshark finds nothing wrong, and the other readers read as many packets."""
    found = tshark(file, "-Y", bad)
    assert found == "", found
    with file.open("rb") as data:
        by_dpkt = [packet for _, packet in dpkt.pcapng.Reader(data)]
    assert by_dpkt == [one.packet_data for one in packets(file)]


def packets(file: Path) -> list[EnhancedPacket]:
    """The packets, as python-pcapng reads them."""
    with file.open("rb") as data:
        return [block for block in pcapng.FileScanner(data) if isinstance(block, EnhancedPacket)]


def comments(file: Path) -> list[str]:
    """Theirs, in order; empty where a packet has none."""
    found = []
    for one in packets(file):
        comment: Any = one.options.get("opt_comment", "")
        found.append(comment if isinstance(comment, str) else comment.decode())
    return found


class Shown(NamedTuple):
    """An SMB message as tshark shows it."""

    command: int
    status: int
    fids: Sequence[int]
    files: Sequence[str]


def smb(file: Path) -> list[Shown]:
    """The SMB messages of a capture in their order."""
    names = ("smb.cmd", "smb.nt_status", "smb.fid", "smb.file")
    words = [word for name in names for word in ("-e", name)]
    text = tshark(file, "-Y", "smb", "-T", "fields", "-E", "separator=\t", "-E", "aggregator=|", *words)
    found = []
    for line in text.splitlines():
        commands, statuses, fids, files = (part.split("|") if part else [] for part in line.split("\t"))
        status = int(statuses[0], 16) if statuses else 0
        found.append(Shown(int(commands[0], 16), status, [int(one, 16) for one in fids], files))
    return found


def segments(file: Path) -> list[dpkt.tcp.TCP]:
    """The TCP segments."""
    return [dpkt.ethernet.Ethernet(one.packet_data).data.data for one in packets(file)]


def assert_whole(file: Path) -> None:
    """As `assert_sound` of the TCP alone, in no time: sequence numbers follow each other, checksums are right."""
    following: dict[tuple[bytes, int, bytes, int], int] = {}
    for one in packets(file):
        ip = dpkt.ethernet.Ethernet(one.packet_data).data
        tcp, whole = ip.data, bytes(ip.data)
        here, there = (ip.src, tcp.sport, ip.dst, tcp.dport), (ip.dst, tcp.dport, ip.src, tcp.sport)
        assert tcp.seq == following.get(here, tcp.seq), "a segment is lost"
        if tcp.flags & dpkt.tcp.TH_ACK:
            assert tcp.ack == following.get(there, tcp.ack), "what was lost is acknowledged"
            following.setdefault(there, tcp.ack)
        size = one.packet_len - one.captured_len + len(tcp.data)
        following[here] = tcp.seq + size + bool(tcp.flags & (dpkt.tcp.TH_SYN | dpkt.tcp.TH_FIN)) & 0xFFFFFFFF
        if one.packet_len == one.captured_len:
            pseudo = ip.src + ip.dst + len(whole).to_bytes(4, "big") + b"\0\0\0\x06"
            assert summed_by_words(pseudo + whole) == 0xFFFF, "a checksum is wrong"


def summed_by_words(data: bytes) -> int:
    """RFC 1071, as it is written there."""
    data += b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
