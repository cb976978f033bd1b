"""The documented exchange, frame by frame as bytes: each answer's fields, its bytes, and the words of the log."""

import hashlib
import struct
from pathlib import Path
from typing import Any

import pytest

from fakesmb.core.settings import Settings
from fakesmb.nt.filetime import from_ns
from fakesmb.record import describe
from fakesmb.record.events import Message as MessageEvent
from fakesmb.record.text import TextLines
from fakesmb.testing import CHALLENGE, GUID
from tests.core import transcript
from tests.core.conftest import Make
from tests.core.folders import MONDAY_NS, README

RAW = transcript.FOLDER / "documented.smb"
SPNEGO = transcript.FOLDER / "documented_spnego.smb"
SIGNING_KEY = bytes([0x55]) * 16
"""What the client of the transcripts put into its AUTHENTICATE as the exported session key."""

pytestmark = pytest.mark.usefixtures("frozen")


def answers(make: Make, unsigned: Settings, path: Path = RAW) -> list[bytes]:
    """What the server says to the requests of a transcript, each in its turn."""
    client = make(settings=unsigned).client()
    found = []
    for turn in transcript.turns(path):
        if turn.kind == ">":
            client.connection.receive(len(turn.message).to_bytes(4, "big") + turn.message)
            (frame,) = client.frames()
            found.append(bytes(frame))
    return found


def head(frame: bytes) -> tuple[Any, ...]:
    """Command, status, Flags, Flags2, TID, PID, UID, MID."""
    magic, command, status, flags, flags2, high, signature, reserved, tid, pid, uid, mid = struct.unpack_from(
        "<4sBIBHH8sHHHHH", frame
    )
    assert (magic, high, signature, reserved) == (b"\xffSMB", 0, bytes(8), 0)
    return command, status, flags, flags2, tid, pid, uid, mid


def body(frame: bytes) -> tuple[bytes, bytes]:
    """The words and the bytes of a message that is no chain."""
    count = frame[32]
    words, rest = frame[33 : 33 + 2 * count], frame[33 + 2 * count :]
    assert struct.unpack_from("<H", rest)[0] == len(rest) - 2
    return words, rest[2:]


def transaction(frame: bytes) -> tuple[bytes, bytes]:
    """The parameters and the data of a transaction's one answer."""
    words, _ = body(frame)
    total_p, total_d, _, p, p_at, p_shift, d, d_at, d_shift, setup, _ = struct.unpack("<9HBB", words)
    assert (total_p, total_d, p_shift, d_shift, setup) == (p, d, 0, 0, 0)
    assert p_at % 4 == d_at % 4 == 0
    assert d_at + d == len(frame) if d else p_at + p == len(frame) or not p
    return frame[p_at : p_at + p], frame[d_at : d_at + d]


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def ids(tid: int, uid: int = 0x0800, pid: int = 0x0C3C) -> tuple[int, int, int]:
    return tid, pid, uid


class TestEachAnswer:
    """Field by field, with nothing of `fakesmb.wire` in it."""

    @pytest.fixture
    def frames(self, make: Make, unsigned: Settings) -> list[bytes]:
        return answers(make, unsigned)

    def test_headers(self, frames: list[bytes]) -> None:
        """Every answer has the request's command, PID and MID, the reply flag, the status it should have."""
        requests = [turn.message for turn in transcript.turns(RAW) if turn.kind == ">"]
        assert len(frames) == len(requests) == 27
        for request, frame in zip(requests, frames, strict=True):
            asked, got = head(request), head(frame)
            assert (got[0], got[5], got[7]) == (asked[0], asked[5], asked[7])
            assert got[2] == 0x98
            assert got[3] == asked[3] & ~0x0054
        statuses = {number: head(frame)[1] for number, frame in enumerate(frames) if head(frame)[1]}
        assert statuses == {1: 0xC0000016, 16: 0xC000000E}

    def test_1_negotiate(self, frames: list[bytes]) -> None:
        words, data = body(frames[0])
        *fields, capabilities, now, zone, challenge_length = struct.unpack("<HBHHIIIIQhB", words)
        # index of NT LM 0.12 in the client's list; user level, challenge and response, signing is off; MaxMpx, VCs;
        # MaxBuffer; MaxRaw; session key
        assert fields == [5, 0x03, 50, 1, 16644, 65536, 1]
        wanted = 0x8000F27C  # extended security, DFS, large files, reads and writes, NT status, Unicode, passthrough
        assert capabilities & wanted == wanted
        assert (now, zone) == (from_ns(MONDAY_NS), 0)
        assert challenge_length == 0  # with extended security it comes with NTLMSSP
        assert data[:16] == GUID
        assert data[16:18] == b"\x60\x48"  # the SPNEGO offer
        assert bytes.fromhex("2b06010401823702020a") in data  # NTLMSSP

    def test_2_session_setup(self, frames: list[bytes]) -> None:
        words, data = body(frames[1])
        command, reserved, offset, action, size = struct.unpack("<BBHHH", words)
        assert (command, reserved, offset, action) == (0xFF, 0, 0, 0)
        assert head(frames[1])[4:7] == (0, 0xFEFF, 0x0800)
        token = data[:size]
        assert token[:12] == b"NTLMSSP\0\x02\0\0\0"
        assert token[24:32] == CHALLENGE
        flags = struct.unpack_from("<I", token, 20)[0]
        assert flags & 0xE2088215 == 0xE2088215 & flags  # nothing that the client did not offer
        assert flags & 0x62088210 == 0x62088210  # 128 bit, key exchange, version, NTLM v2, NTLM, sign
        strings = data[size + (44 + size & 1) :]
        assert utf16("Windows 5.1") in strings
        words, data = body(frames[2])
        assert struct.unpack("<BBHHH", words)[:4] == (0xFF, 0, 0, 0)
        assert head(frames[2])[4:7] == (0, 0xFEFF, 0x0800)
        assert data.endswith(utf16("Windows 5.1") + utf16("Windows 2000 LAN Manager"))

    def test_3_and_5_ipc(self, frames: list[bytes]) -> None:
        for number, tid in ((3, 0x0800), (15, 0x0801)):
            words, data = body(frames[number])
            assert struct.unpack("<BBHHII", words) == (0xFF, 0, 0, 1, 0x001F01FF, 0)
            assert data.startswith(b"IPC\0")
            assert head(frames[number])[4:7] == ids(tid, pid=0xFEFF)

    def test_4_pipe(self, frames: list[bytes]) -> None:
        for number, fid in ((4, 0x4000), (10, 0x4001)):
            words = frames[number][33:]
            assert frames[number][32] == 42  # though there are 50: as Windows says, and clients demand
            fields = struct.unpack_from("<BBHBHI4QIQQHHB16sQII", words)
            assert fields[:6] == (0xFF, 0, 0, 0, fid, 1)
            assert fields[10:16] == (
                0x80,
                4096,
                0,
                2,
                0x05FF,
                0,
            )  # normal, a message-mode pipe, not a directory
            assert len(words) == 100 + 2
            written, _ = body(frames[number + 1])
            assert struct.unpack("<BBHHHHH", written) == (0xFF, 0, 0, 72, 0xFFFF, 0, 0)
            # each pipe has an association group of its own
            group = struct.pack("<I", 0x5001 + fid - 0x4000)
            self.check_read(frames[number + 2], BIND_ACK[:20] + group + BIND_ACK[24:])

    @staticmethod
    def check_read(frame: bytes, data: bytes) -> None:
        words, rest = body(frame)
        command, _, offset, available, mode, _, size, at, high = struct.unpack("<BBHHHHHHH8x", words)
        assert (command, offset, mode, size, high) == (0xFF, 0, 0, len(data), 0)
        assert frame[at : at + size] == data
        assert available in (0, 0xFFFF)
        assert at % 2 == 0
        assert rest.endswith(data)

    def test_4_requests(self, frames: list[bytes]) -> None:
        """NetrServerGetInfo by Write and Read, NetrShareGetInfo by TRANSACT_NMPIPE."""
        words, _ = body(frames[8])
        size, at = struct.unpack_from("<HH", words, 10)
        pdu = frames[8][at : at + size]
        assert pdu[:4] == bytes.fromhex("05000203")
        assert struct.unpack_from("<HHI", pdu, 8) == (len(pdu), 0, 2)
        level, _, platform = struct.unpack_from("<III", pdu, 24)
        assert (level, platform) == (101, 500)
        assert utf16("FAKESMB") in pdu
        assert pdu[-4:] == bytes(4)
        _, pdu = transaction(frames[13])
        assert pdu[:4] == bytes.fromhex("05000203")
        assert struct.unpack_from("<I", pdu, 24) == (1,)
        assert utf16("c$") in pdu
        assert pdu[-4:] == bytes(4)
        assert struct.unpack_from("<I", pdu, 24 + 4 + 4 + 4) == (0x80000000,)  # a hidden disk

    def test_4_close(self, frames: list[bytes]) -> None:
        for number in (9, 14, 24):
            assert frames[number][32:] == bytes(3)

    def test_5_referral(self, frames: list[bytes]) -> None:
        """Not a DFS namespace: an error without a body; the client connects directly."""
        assert frames[16][32:] == bytes(3)
        assert head(frames[16])[:2] == (0x32, 0xC000000E)

    def test_6_share(self, frames: list[bytes]) -> None:
        words, data = body(frames[17])
        assert struct.unpack("<BBHHII", words)[:4] == (0xFF, 0, 0, 1)
        assert data == b"A:\0" + utf16("NTFS")  # 46 bytes on: even, no padding
        assert head(frames[17])[4:7] == ids(0x0802, pid=0xFEFF)

    def test_6_volume_and_root(self, frames: list[bytes]) -> None:
        _, data = transaction(frames[18])
        attributes, longest, size = struct.unpack_from("<III", data)
        assert attributes & 7 == 7  # case-insensitive, case-preserving, Unicode on disk
        assert (longest, size, data[12:]) == (255, 8, utf16("NTFS")[:-2])
        parameters, data = transaction(frames[19])
        assert parameters == b"\0\0"
        assert struct.unpack_from("<I", data, 32) == (0x10,)

    def test_6_search(self, frames: list[bytes]) -> None:
        parameters, data = transaction(frames[20])
        assert struct.unpack("<HHHHH", parameters) == (0, 1, 1, 0, 0)
        following, _, _, _, written, _, size, _, attributes, length = struct.unpack_from("<II6QII", data)
        assert (following, written, size, attributes) == (0, from_ns(MONDAY_NS), len(README), 0x20)
        assert data[94 : 94 + length] == utf16("readme.txt")[:-2]

    def test_6_file(self, frames: list[bytes]) -> None:
        fields = struct.unpack_from("<BBHBHI4QIQQHHB16sQII", frames[21], 33)
        assert fields[4:6] == (0x4002, 1)
        assert fields[8] == from_ns(MONDAY_NS)
        assert (fields[10], fields[12], fields[13], fields[14], fields[15]) == (0x20, len(README), 0, 7, 0)
        parameters, data = transaction(frames[22])
        assert parameters == b"\0\0"
        assert struct.unpack_from("<QIBB", data, 8) == (len(README), 1, 0, 0)
        self.check_read(frames[23], README)

    def test_6_the_end(self, frames: list[bytes]) -> None:
        assert frames[25][32:] == bytes(3)
        assert frames[26][32:] == bytes.fromhex("02 ff 00 0000 0000")


BIND_ACK = bytes.fromhex(
    "05000c03 10000000 4400 0000 01000000"
    "b810 b810 01500000"
    "0d00 5c504950455c73727673766300 00"
    "01 00 0000  0000 0000"
    "045d888aeb1cc9119fe808002b104860 02000000"
)


@pytest.mark.parametrize("path", [RAW, SPNEGO], ids=["raw", "spnego"])
@pytest.mark.parametrize("piece", [None, 1, 7], ids=["whole", "one byte", "seven bytes"])
def test_in_pieces(make: Make, unsigned: Settings, path: Path, piece: int | None) -> None:
    """Where the stream is cut changes no answer: all are the transcript's, byte for byte, and so are the words."""
    transcript.play(path, transcript.Stage(make(settings=unsigned)), piece=piece)


def test_all_at_once(make: Make, unsigned: Settings) -> None:
    """Requests in flight together: equal answers, in order."""
    client = make(settings=unsigned).client()
    requests = [turn.message for turn in transcript.turns(RAW) if turn.kind == ">"]
    client.connection.receive(b"".join(len(r).to_bytes(4, "big") + r for r in requests))
    found = [bytes(frame) for frame in client.frames()]
    expected = [turn.data for turn in transcript.turns(RAW) if turn.kind == "<"]
    assert all(transcript.matches(*pair) for pair in zip(found, expected, strict=True))


def test_signed(make: Make) -> None:
    """The same exchange with a client that signs from its sign-in on: numbers 1, 2 and 3, 4 and 5 ..."""
    client = make().client()
    number = 0
    for turn in transcript.turns(RAW):
        if turn.kind != ">":
            continue
        request = turn.message
        if number:
            request = signed(request, number)
        client.connection.receive(len(request).to_bytes(4, "big") + request)
        (frame,) = client.frames()
        answer = bytes(frame)
        signs = request[4] == 0x73 and answer[5:9] == bytes(4)
        if number or signs:
            assert answer == signed(answer, number + 1), turn.words
            assert answer[10] & 0x04
            number += 2
        else:
            assert answer[14:22] == bytes(8)


def signed(message: bytes, number: int) -> bytes:
    """[MS-CIFS] 3.1.4.1, of nothing but hashlib."""
    counted = message[:14] + struct.pack("<Q", number) + message[22:]
    return message[:14] + hashlib.md5(SIGNING_KEY + counted).digest()[:8] + message[22:]


WORDS = r"""
SMB:C; Negotiate, Dialect = PC NETWORK PROGRAM 1.0, LANMAN1.0, Windows for Workgroups 3.1a, LM1.2X002, LANMAN2.1
SMB:R; Negotiate, Dialect is NT LM 0.12 (#5)
NTLMSSP:NTLM NEGOTIATE MESSAGE
NTLMSSP:NTLM CHALLENGE MESSAGE
NTLMSSP:NTLM AUTHENTICATE MESSAGE, Domain: GTSC-B7A3A93C1A, User: alice, Workstation: GTSC-B7A3A93C1A
SMB:R; Session Setup Andx
SMB:C; Tree Connect Andx, Path = \\127.0.0.1\IPC$, Service = ?????
SMB:R; Tree Connect Andx, Service = IPC
SMB:C; Nt Create Andx, FileName = \srvsvc
SMB:R; Nt Create Andx, FID = 0x4000
SMB:C; Write Andx, FID = 0x4000, 72 bytes
SMB:R; Write Andx, FID = 0x0000, 72 bytes
SMB:C; Read Andx, FID = 0x4000, 1024 bytes at Offset 0
SMB:R; Read Andx, 68 bytes
SMB:C; Write Andx, FID = 0x4000, 68 bytes
SMB:R; Write Andx, FID = 0x0000, 68 bytes
SMB:C; Read Andx, FID = 0x4000, 1024 bytes at Offset 0
SMB:R; Read Andx, 116 bytes
SMB:C; Close, FID = 0x4000
SMB:R; Close, FID = 0x0000
SMB:C; Nt Create Andx, FileName = \srvsvc
SMB:R; Nt Create Andx, FID = 0x4001
SMB:C; Write Andx, FID = 0x4001, 72 bytes
SMB:R; Write Andx, FID = 0x0000, 72 bytes
SMB:C; Read Andx, FID = 0x4001, 1024 bytes at Offset 0
SMB:R; Read Andx, 68 bytes
SMB:C; Transact, Transact Nmpipe, FID = 0x4001
SMB:R; Transact, Transact Nmpipe
SMB:C; Close, FID = 0x4001
SMB:R; Close, FID = 0x0000
SMB:C; Tree Connect Andx, Path = \\127.0.0.1\IPC$, Service = ?????
SMB:R; Tree Connect Andx, Service = IPC
DFS:Get DFS Referral Request, FileName: \127.0.0.1\c$, MaxReferralLevel: 3
SMB:R; Transact2, Open2 - NT Status: System - Error, Code = (14) STATUS_NO_SUCH_DEVICE
SMB:C; Tree Connect Andx, Path = \\127.0.0.1\c$, Service = ?????
SMB:R; Tree Connect Andx, Service = A:
SMB:C; Transact2, Query Fs Information
SMB:R; Transact2, Query Fs Information
SMB:C; Transact2, Query Path Information, FileName =
SMB:R; Transact2, Query Path Information
SMB:C; Transact2, Find First2, Pattern = \readme.txt
SMB:R; Transact2, Find First2
SMB:C; Nt Create Andx, FileName = \readme.txt
SMB:R; Nt Create Andx, FID = 0x4002
SMB:C; Transact2, Query File Information, FID = 0x4002
SMB:R; Transact2, Query File Information
SMB:C; Read Andx, FID = 0x4002, 4096 bytes at Offset 0
SMB:R; Read Andx, 51 bytes
SMB:C; Close, FID = 0x4002
SMB:R; Close, FID = 0x0000
SMB:C; Tree Disconnect
SMB:R; Tree Disconnect
SMB:C; Logoff Andx
SMB:R; Logoff Andx
""".strip().splitlines()
"""The published walk's words for the frames that it names, and ours after them for those it only mentions."""


@pytest.mark.parametrize("path", [RAW, SPNEGO], ids=["raw", "spnego"])
def test_the_log_tells_it_in_the_same_words_and_order(make: Make, unsigned: Settings, path: Path) -> None:
    server = make(settings=unsigned)
    transcript.play(path, transcript.Stage(server))
    messages = [event for event in server.sink.events if isinstance(event, MessageEvent)]
    told = [describe.tagged(message) for message in messages]
    for line, words in zip(told, WORDS, strict=True):
        # what carries a DCE/RPC PDU is told as that, and says in brackets what it is in SMB
        assert line.startswith(words) or (line.startswith("MSRPC:") and f"({words[4:]}" in line)

    class Kept:
        """An output that keeps what is written."""

        def __init__(self) -> None:
            self.data = b""

        def put(self, data: bytes) -> None:
            self.data += data

        def close(self) -> None:
            """Nothing is held."""

    sink = TextLines(Kept(), started=messages[0].time)
    lines = [sink.line(message).decode() for message in messages]
    for number, (line, text, message) in enumerate(zip(lines, told, messages, strict=True), 1):
        shown, _, source, destination, words = line.split(None, 4)
        assert int(shown) == number
        on_disk = message.share.upper() == "C$" and text[5:].startswith(("; Read", "; Close"))
        assert words == text + (", FileName = \\readme.txt\n" if on_disk else "\n")
        ends = ["127.0.0.1:50000", "127.0.0.1:4450"]
        assert [source, destination] == (ends if message.request else ends[::-1])
