"""Messages out of segments that are repeated, out of order, missing or cut."""

import random

from fakesmb.capture.trouble import Trouble
from fakesmb.record.dissect import messages
from fakesmb.record.events import Connected, Disconnected, Event
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, Flags2, pack_header
from tests.capture.written import Tcp, Written, halves, read, troubles


def message(mid: int, *, reply: bool = False, data: bytes = b"", pid: int = 1) -> bytes:
    """An echo in its frame."""
    head = pack_header(Command.ECHO, 0, 0x80 if reply else 0, Flags2.NT_STATUS, 0, 0, pid, 0, mid)
    body = b"\x01\x01\0" + len(data).to_bytes(2, "little") + data
    return (HEADER_SIZE + len(body)).to_bytes(4, "big") + head + body


def told(found: list[Event | Trouble]) -> list[tuple[int, int, bool]]:
    """Frame and MID of each message, and whether it is a request."""
    return [
        (one.number, int.from_bytes((one.request or one.reply)[30:32], "little"), one.shown == 1)
        for one in halves(found)
    ]


def test_a_message_has_the_number_of_the_packet_that_it_ends_in() -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    first = message(1, data=bytes(3000))
    for at in range(0, len(first), 1000):
        tcp.send(True, first[at : at + 1000])
    tcp.send(False, message(1, reply=True) + message(2, reply=True))
    tcp.close()
    found = capture.events()
    assert told(found) == [(7, 1, True), (8, 1, False), (8, 2, False)]
    assert [type(one) for one in found if not halves([one])] == [Connected, Disconnected]


def test_retransmissions_and_overlaps_are_dropped() -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    one, two = message(1, data=bytes(100)), message(2, data=bytes(100))
    packet = tcp.send(True, one)
    capture.packet(packet)
    capture.packet(tcp.segment(True, one[50:] + two, at=1001 + 50))
    tcp.sequences[0] += len(two)
    tcp.send(False, message(1, reply=True))
    assert told(capture.events()) == [(4, 1, True), (6, 2, True), (7, 1, False)]
    assert not troubles(capture.events())


def test_segments_out_of_order_wait_for_their_turn() -> None:
    capture = Written()
    tcp = Tcp(capture, sequences=(0xFFFFFFF0, 0xFFFFFFFF)).open()
    whole = message(1, data=bytes(100)) + message(2, data=bytes(100))
    pieces = [tcp.send(True, whole[at : at + 60], lost=True) for at in range(0, len(whole), 60)]
    for piece in pieces[::-1]:
        capture.packet(piece)
    found = capture.events()
    assert sorted(told(found)) == sorted([(3 + len(pieces), 1, True), (3 + len(pieces), 2, True)])
    assert not troubles(found)


def test_a_gap_is_noted_and_reading_goes_on_at_the_next_message() -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    tcp.send(True, message(1))
    tcp.send(True, message(2), lost=True)
    tcp.send(False, message(2, reply=True))
    tcp.send(True, message(3)[:10], lost=True)
    tcp.send(True, message(3)[10:] + message(4))
    tcp.send(False, message(4, reply=True))
    found = capture.events()
    assert told(found) == [(4, 1, True), (5, 2, False), (6, 4, True), (7, 4, False)]
    assert troubles(found) == [
        f"frame 6: {len(message(2)) + 10} bytes from 10.0.0.1:1025 to 10.0.0.2:445 are missing before it"
    ]


def test_a_message_with_a_hole_is_told_as_far_as_it_is_known() -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    whole = message(1, data=bytes(200))
    tcp.send(True, whole[:100])
    tcp.send(True, whole[100:150], lost=True)
    tcp.send(True, whole[150:] + message(2))
    tcp.send(False)
    found = capture.events()
    assert told(found) == [(5, 1, True), (5, 2, True)]
    first = halves(found)[0]
    assert first.request_size == len(whole) - 4
    assert first.request == whole[4:100]


def test_a_capture_that_begins_in_the_middle_finds_its_first_message() -> None:
    capture = Written()
    tcp = Tcp(capture)
    tcp.send(True, message(1)[20:] + message(2))
    tcp.send(False, message(2, reply=True))
    found = capture.events()
    assert told(found) == [(1, 2, True), (2, 2, False)]
    assert troubles(found)[0].startswith("frame 1: no message begins where one should")


def test_packets_that_the_capture_cut_are_told_as_far_as_they_go() -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    tcp.send(True, message(1, data=bytes(500)), cut=400)
    tcp.send(False, message(1, reply=True))
    found = capture.events()
    assert told(found) == [(4, 1, True), (5, 1, False)]
    first = halves(found)[0]
    assert (len(first.request), first.request_size) == (HEADER_SIZE + 5 + 100, HEADER_SIZE + 5 + 500)


def test_another_connection_of_the_same_ports_is_another() -> None:
    capture = Written()
    Tcp(capture).open().send(True, message(1))
    again = Tcp(capture, sequences=(700_000_000, 9)).open()
    again.send(True, message(1))
    found = capture.events()
    assert [one.connection for one in found if type(one) is Connected] == [1, 2]
    assert [type(one) for one in found].count(Disconnected) == 1


def test_ports_that_nobody_names_are_found_by_their_messages() -> None:
    capture = Written()
    tcp = Tcp(capture, server=("10.0.0.2", 4450)).open()
    tcp.send(True, message(1))
    tcp.send(False, message(1, reply=True))
    other = Tcp(capture, server=("10.0.0.2", 80)).open()
    other.send(True, b"GET / HTTP/1.1\r\n\r\n")
    found = capture.events()
    assert told(found) == [(4, 1, True), (5, 1, False)]
    assert halves(found)[0].client.peer == "10.0.0.1:1025"
    assert not troubles(found)


def test_other_protocols_of_the_same_framing_are_one_line() -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    smb2 = b"\0\0\0\x40\xfeSMB" + bytes(60)
    for _ in range(3):
        tcp.send(True, smb2)
        tcp.send(False, smb2)
    assert troubles(read(capture.pcap())) == [
        "frame 4: connection 1 goes on with SMB 2 or 3, which is not read"
    ]


def test_what_the_capture_cut_off_is_told_with_its_first_packet() -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    whole = message(1, data=bytes(2000))
    tcp.send(True, whole[:1000], cut=900)
    tcp.send(True, whole[1000:] + message(2), cut=len(message(2)) + 10)
    tcp.send(True, message(3))
    found = capture.events()
    assert told(found) == [(4, 1, True), (6, 3, True)]
    assert troubles(found) == [
        f"frame 5: what followed in this packet was not captured, {len(message(2))} bytes"
        " (from 10.0.0.1:1025 to 10.0.0.2:445)"
    ]


def test_a_shuffled_capture_gives_every_message_of_one_packet() -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    for mid in range(1, 200):
        tcp.send(True, message(mid))
        tcp.send(False, message(mid, reply=True))
    random.Random(5).shuffle(capture.frames)
    found = capture.events()
    assert len(told(found)) == len(set(told(found))) == 2 * 199
    assert not troubles(found)
    assert all(one.client.peer == "10.0.0.1:1025" for one in halves(found))


def test_what_comes_after_it_was_given_up_is_told_still() -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    late = tcp.send(True, message(1), lost=True)
    tcp.send(True, message(2))
    tcp.send(False)
    capture.packet(late)
    capture.packet(late)
    found = capture.events()
    assert told(found) == [(4, 2, True), (6, 1, True)]
    assert len(troubles(found)) == 1


def test_without_the_other_side_a_gap_is_given_up_after_some_segments() -> None:
    capture = Written()
    tcp = Tcp(capture)
    tcp.send(True, message(1))
    tcp.send(True, message(2), lost=True)
    for mid in range(3, 100):
        tcp.send(True, message(mid))
    found = capture.events()
    assert [mid for _, mid, _ in told(found)] == [1, *range(3, 100)]
    assert len(troubles(found)) == 1


def test_a_port_that_is_named_is_read_from_its_first_byte() -> None:
    capture = Written()
    tcp = Tcp(capture, server=("10.0.0.2", 4450)).open()
    tcp.send(True, message(1)[:4])
    tcp.send(True, message(1)[4:])
    assert capture.events() == []
    found = capture.events(ports=[4450])
    assert told(found) == [(5, 1, True)]
    assert type(found[0]) is Connected


def test_a_message_without_its_words_tells_no_more_commands() -> None:
    capture = Written()
    head = pack_header(Command.SESSION_SETUP_ANDX, 0, 0x80, Flags2.NT_STATUS, 0, 0, 1, 0, 1)
    body = b"\x04\xff\0\0\0\0\0\0\0\0\0"
    Tcp(capture).open().send(False, (len(head) + len(body)).to_bytes(4, "big") + head + body, cut=len(body))
    (one,) = halves(capture.events())
    (told_half,) = messages(one)
    (part,) = told_half.parts
    assert part.problem == f"only 32 of {len(head) + len(body)} bytes are kept"
