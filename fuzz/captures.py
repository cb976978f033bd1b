"""Requests of real clients: those kept in the tree, those of the project's transcripts, those of captures one has.

python -m fuzz.captures FOLDER > fuzz/corpus/captured.hex      one of each kind out of the .pcap files there
"""

import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from fakesmb.wire.chain import ANDX_COMMANDS
from fakesmb.wire.commands import Command
from fakesmb.wire.frame import FrameError, Framer, FrameType
from fakesmb.wire.header import HEADER_SIZE, MAGIC, Flags

CORPUS: Final = Path(__file__).parent / "corpus"
TRANSCRIPTS: Final = Path(__file__).parent.parent / "tests" / "transcripts"
LONGEST: Final = 4000
_LARGEST_FRAME: Final = 1 << 17
_RAW_IP: Final = 101
"""LINKTYPE_RAW."""
_OFTEN_ENOUGH: Final = 2
"""Requests of one shape that are kept."""


def corpus(captures: Iterable[Path] = ()) -> list[bytes]:
    """What there is to start from, in an order that does not change; no message twice but for its header."""
    found = [*kept(), *transcribed()]
    for path in captures:
        found += requests(path.read_bytes())
    unique = {(one[4], one[HEADER_SIZE:]): one for one in found if HEADER_SIZE + 3 <= len(one) <= LONGEST}
    return list(unique.values())


def kept() -> list[bytes]:
    """The messages of the .hex files of the tree, one a line."""
    lines = (line for path in sorted(CORPUS.glob("*.hex")) for line in path.read_text("utf-8").splitlines())
    return [bytes.fromhex(line) for line in lines if line and not line.startswith("#")]


def transcribed() -> list[bytes]:
    """The requests of the project's own transcripts: the indented bytes under a line that begins with `>`."""
    found: list[bytes] = []
    for path in sorted(TRANSCRIPTS.glob("*.smb")):
        sending = False
        for line in path.read_text("utf-8", "surrogatepass").splitlines():
            if line[:1] != " ":
                sending = line[:1] == ">" or line[1:2] == ">"
                found += [b""] * sending
            elif sending and ".." not in line:
                found[-1] += bytes.fromhex(line)
    return [one for one in found if one[:4] == MAGIC]


# -- captures ----------------------------------------------------------------------------------------------


def requests(pcap: bytes) -> list[bytes]:
    """The SMB requests in the TCP streams of a pcap file, in order; raises `ValueError` for another format."""
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(pcap[:4])
    if order is None:
        raise ValueError("no pcap file with microseconds")
    link = struct.unpack_from(f"{order}I", pcap, 20)[0]
    streams: dict[tuple[bytes, ...], bytearray] = {}
    following: dict[tuple[bytes, ...], int] = {}
    at = 24
    while at + 16 <= len(pcap):
        length = struct.unpack_from(f"{order}I", pcap, at + 8)[0]
        found = _segment(_ip(pcap[at + 16 : at + 16 + length], link))
        at += 16 + length
        if found is None:
            continue
        ends, sequence, data = found
        late = (following.get(ends, sequence) - sequence) & 0xFFFFFFFF
        if data and late < len(data):  # neither seen before nor after a gap
            streams.setdefault(ends, bytearray()).extend(data[late:])
            following[ends] = (sequence + len(data)) & 0xFFFFFFFF
    return [one for stream in streams.values() for one in _messages(bytes(stream))]


def _ip(frame: bytes, link: int) -> bytes:
    """The IPv4 packet of a frame, empty where it has none."""
    if link == _RAW_IP:
        return frame
    head = 18 if frame[12:14] == b"\x81\x00" else 14  # with a VLAN
    return frame[head:] if frame[head - 2 : head] == b"\x08\x00" else b""


def _segment(ip: bytes) -> tuple[tuple[bytes, ...], int, bytes] | None:
    """Ends, sequence number and payload of TCP over IPv4."""
    if len(ip) < 40 or ip[9] != 6:
        return None
    size, head = struct.unpack_from(">H", ip, 2)[0], 4 * (ip[0] & 15)
    tcp = ip[head:size]
    if len(tcp) < 20:
        return None
    ends = (ip[12:16], ip[16:20], tcp[:4])
    return ends, struct.unpack_from(">I", tcp, 4)[0], tcp[4 * (tcp[12] >> 4) :]


def _messages(stream: bytes) -> Iterator[bytes]:
    framer = Framer(_LARGEST_FRAME)
    try:
        for frame in framer.feed(stream):
            body = bytes(frame.body)
            if (
                frame.type == FrameType.MESSAGE
                and body[:4] == MAGIC
                and len(body) > 9
                and not body[9] & Flags.REPLY
            ):
                yield body
    except FrameError:
        return  # the capture begins or ends in mid-stream


def shape(message: bytes) -> tuple[object, ...]:
    """What makes two requests the same kind: command, WordCount, and of a transaction what it is about."""
    command, words = message[4], message[HEADER_SIZE]
    about: tuple[object, ...] = ()
    if command in (Command.TRANSACTION, Command.TRANSACTION2):
        about = (message[61:63], message[68:70] if command == Command.TRANSACTION2 else message[-60:-40:9])
    elif command == Command.NT_TRANSACT:
        about = (message[69:71],)
    return command, words, message[HEADER_SIZE + 1] if command in ANDX_COMMANDS else 0, *about


def one_of_each(messages: Iterable[bytes]) -> list[bytes]:
    """A few of each shape."""
    seen: dict[tuple[object, ...], int] = {}
    chosen = []
    for message in messages:
        if HEADER_SIZE + 3 <= len(message) <= LONGEST:
            kind = shape(message)
            seen[kind] = seen.get(kind, 0) + 1
            if seen[kind] <= _OFTEN_ENOUGH:
                chosen.append(message)
    return chosen


def main() -> None:
    """Prints one of each kind."""
    print("# Requests of real clients, of public test captures (Suricata, Zeek, nDPI): see fuzz/captures.py")
    for path in sorted(Path(sys.argv[1]).glob("*.pcap")):
        for message in one_of_each(requests(path.read_bytes())):
            print(message.hex())


if __name__ == "__main__":
    main()
