"""Packets out of what a server tells."""

from ipaddress import IPv6Address
from itertools import pairwise
from pathlib import Path

import dpkt
import pytest
from msgspec.structs import replace

from fakesmb.capture.maker import Form, Maker
from fakesmb.capture.notes import Ended, HalfClosed, Missing, Note, Tick
from fakesmb.capture.packets import End
from fakesmb.nt.status import NT
from fakesmb.record.ends import How
from fakesmb.record.events import Named, Problem, Shown
from tests.capture.sharks import assert_sound, assert_whole, comments, packets, segments
from tests.capture.talks import (
    CLIENT,
    FORM,
    NOW,
    PEER,
    SERVER,
    began,
    came,
    capture,
    echo,
    ended,
    exchanged,
    framed,
    left,
    talk,
    told,
)
from tests.clients.client_runs import need

FLAGS = {0x02: "SYN", 0x12: "SYN ACK", 0x10: "ACK", 0x18: "data", 0x11: "FIN", 0x14: "RST"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.pcapng"


def shape(file: Path) -> list[str]:
    """Who sent what: `C SYN`, `S data`."""
    return [f"{'S' if one.sport == 445 else 'C'} {FLAGS[one.flags]}" for one in segments(file)]


def sent(file: Path, *, by_client: bool) -> list[bytes]:
    return [one.data for one in segments(file) if one.data and (one.dport == 445) == by_client]


HANDSHAKE = ["C SYN", "S SYN ACK", "C ACK"]
CLOSE = ["C FIN", "S FIN", "C ACK"]


def test_a_talk_from_its_beginning_to_its_end(file: Path) -> None:
    file.write_bytes(capture(talk(2)))
    assert shape(file) == [*HANDSHAKE, "C data", "S data", "C data", "S data", *CLOSE]
    assert sent(file, by_client=True) == [framed(echo(0)), framed(echo(1))]
    assert sent(file, by_client=False) == [framed(echo(0, reply=True)), framed(echo(1, reply=True))]
    said = comments(file)
    assert said[0] == "connection 1 opened from 127.0.0.1:50000"
    assert said[3:5] == ["C; Echo, 5 bytes, 1 times", "R; Echo, 5 bytes"] or said[3].startswith("C; Echo")
    assert said[-3] == "connection 1 closed: the client closed it"
    assert_whole(file)


@pytest.mark.parametrize(
    ("how", "end"),
    [
        (How.CLIENT_CLOSED, ["C FIN", "S FIN", "C ACK"]),
        (How.CLIENT_RESET, ["C RST"]),
        (How.SERVER_CLOSED, ["S FIN", "C ACK"]),
        (How.SERVER_RESET, ["S RST"]),
        (How.SERVER_LEFT_UNREAD, ["S FIN", "C ACK", "S RST"]),
    ],
)
def test_the_end_is_as_it_was(file: Path, how: How, end: list[str]) -> None:
    file.write_bytes(capture([*began(), *exchanged(), *ended(how=how)]))
    assert shape(file)[5:] == end
    assert comments(file)[5] == "connection 1 closed: the client closed it"
    assert_whole(file)


@pytest.mark.parametrize(
    ("how", "end"),
    [
        (How.CLIENT_CLOSED, ["S FIN", "C ACK", "C FIN", "S ACK"]),
        (How.SERVER_CLOSED, ["S FIN", "C ACK"]),
        (How.CLIENT_RESET, ["S FIN", "C ACK", "C RST"]),
    ],
)
def test_a_server_that_sends_no_more_and_then_hears_the_end(file: Path, how: How, end: list[str]) -> None:
    notes = [*began(), *exchanged(), HalfClosed(1, NOW), *ended(how=how)]
    file.write_bytes(capture(notes))
    assert shape(file)[5:] == end
    assert_whole(file)


def test_what_is_told_before_the_end_is_said_of_it(file: Path) -> None:
    end, closed = ended()
    file.write_bytes(capture([*began(), closed, end]))
    assert comments(file)[3] == "connection 1 closed: the client closed it"


def test_a_talk_that_was_there_before(file: Path) -> None:
    file.write_bytes(capture([*began(handshake=False), *exchanged(), *ended()]))
    assert shape(file) == ["C data", "S data", *CLOSE]
    assert comments(file)[1].endswith("; connection 1 was there before the capture")
    assert_whole(file)


def test_messages_are_packets_however_they_arrived(file: Path) -> None:
    """Cut anywhere, many at once: one packet each."""
    stream = b"".join(framed(echo(mid)) for mid in range(3))
    cut = [came(stream[at : at + 7]) for at in range(0, len(stream), 7)]
    file.write_bytes(capture([*began(), *cut]))
    assert sent(file, by_client=True) == [framed(echo(mid)) for mid in range(3)]


def test_what_was_sent_ahead_stands_behind_the_answer_as_in_the_log(file: Path) -> None:
    ahead = came(b"".join(framed(echo(mid)) for mid in range(3)))
    answers = [note for mid in range(3) for note in exchanged(mid)[1:]]
    file.write_bytes(capture([*began(), ahead, *answers]))
    assert shape(file)[3:] == ["C data", "S data"] * 3
    times = [one.timestamp_high << 32 | one.timestamp_low for one in packets(file)]
    assert times == sorted(times)
    assert_whole(file)


def test_others_in_between_stay_where_they_are(file: Path) -> None:
    other = ("127.0.0.1", 50001)
    ahead = came(framed(echo(0)) + framed(echo(1)))
    between = [came(framed(echo(9)), 2)]
    answers = [*exchanged(0)[1:], left(framed(echo(9, reply=True)), 2), told(9, 2), *exchanged(1)[1:]]
    file.write_bytes(capture([*began(), *began(2, client=other), ahead, *between, *answers]))
    order = [(one.sport, one.dport) for one in segments(file) if one.data]
    one, two = (50000, 445), (50001, 445)
    assert order == [one, two, one[::-1], one, two[::-1], one[::-1]]
    assert_whole(file)


def test_a_request_waits_for_its_event_and_not_for_ever(file: Path) -> None:
    maker = Maker(FORM)
    maker.take([*began(), came(framed(echo()))])
    before = len(maker.made())
    assert maker.made() == b""
    maker.take([Tick()])
    assert maker.made() == b""
    maker.take([Tick()])
    assert len(maker.made()) > len(echo())
    assert before > 3 * 54


def test_it_goes_at_once_with_its_event(file: Path) -> None:
    maker = Maker(FORM)
    maker.take([*began(), *exchanged(reason="no", status=NT.ACCESS_DENIED, fault="fault 1")])
    file.write_bytes(maker.made())
    assert comments(file)[4].endswith("(no) (fault 1)")


def test_an_event_that_comes_too_late_changes_nothing(file: Path) -> None:
    ask, answer, event = exchanged()
    file.write_bytes(capture([*began(), ask, Tick(), Tick(), answer, event, *ended()]))
    assert_whole(file)
    assert comments(file)[3].startswith("C; Echo")


def test_an_answer_that_a_fault_changed_has_its_words(file: Path) -> None:
    changed = bytearray(framed(echo(4, reply=True)))
    changed[4 + 4] ^= 0xFF  # the command
    file.write_bytes(capture([*began(), came(framed(echo())), left(bytes(changed)), told(fault="fault 1")]))
    assert comments(file)[4].startswith("R; Echo")
    mid = bytearray(framed(echo(4, reply=True)))
    mid[4 + 30] ^= 0xFF
    file.write_bytes(capture([*began(), came(framed(echo())), left(bytes(mid)), told(fault="fault 1")]))
    assert comments(file)[4].endswith("(fault 1)")


@pytest.mark.parametrize("cuts", [(3,), (1, 2, 10, 30), (36,), (40, 41)])
def test_pieces_of_an_answer_are_packets_as_they_left(file: Path, cuts: tuple[int, ...]) -> None:
    answer = framed(echo(4, reply=True))
    places = (0, *cuts, len(answer))
    pieces = [answer[a:b] for a, b in pairwise(places)]
    first, *rest = [left(piece) for piece in pieces]
    file.write_bytes(capture([*began(), came(framed(echo())), first, told(), *rest, *exchanged(5)]))
    assert sent(file, by_client=False) == [*pieces, framed(echo(5, reply=True))]
    said = comments(file)[4 : 4 + len(pieces)]
    assert said[0].startswith("R; Echo")
    assert all(one == f"more of: {said[0]}" for one in said[1:])
    assert_whole(file)


def test_an_answer_that_ends_in_the_middle(file: Path) -> None:
    half = framed(echo(4, reply=True))[:20]
    notes: list[Note] = [
        *began(),
        came(framed(echo())),
        left(half),
        told(fault="fault 1"),
        Ended(1, NOW, How.SERVER_RESET),
    ]
    file.write_bytes(capture(notes))
    assert shape(file)[3:] == ["C data", "S data", "S RST"]
    assert_whole(file)


def test_a_request_that_ends_in_the_middle_is_there_at_the_end(file: Path) -> None:
    file.write_bytes(capture([*began(), came(framed(echo())[:20]), *ended(how=How.CLIENT_RESET)]))
    assert sent(file, by_client=True) == [framed(echo())[:20]]
    file.write_bytes(capture([*began(), came(framed(echo())[:20]), Tick(), Tick(), Tick()]))
    assert sent(file, by_client=True) == [framed(echo())[:20]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x81\0\0\x04abcd", "NetBIOS session request"),
        (b"\x85\0\0\0", "NetBIOS session keep-alive"),
        (b"GET / HTTP/1.1\r\n\r\n", "no SMB message"),
        (b"\0\0\0\x08" + b"\xfeSMB" + b"abcd", "an SMB2 message"),
        (b"\0\0\0\x08" + b"bare dat", "8 bytes of bare data, or no SMB message"),
        (b"\xff", "no SMB message"),
        (b"\0\0", "the beginning of a message"),
    ],
)
def test_what_is_no_message_is_there_too(file: Path, data: bytes, said: str) -> None:
    maker = Maker(FORM)
    maker.take([*began(), came(data), Tick()])
    file.write_bytes(maker.made() + maker.finish())
    assert sent(file, by_client=True) == [data]
    assert comments(file)[3] == said


def test_after_what_is_no_message_messages_are_cut_again(file: Path) -> None:
    file.write_bytes(capture([*began(), came(b"garbage"), *exchanged()]))
    assert sent(file, by_client=True) == [b"garbage", framed(echo())]


def test_a_message_larger_than_a_packet_is_several(file: Path) -> None:
    large = framed(echo(data=b"x" * 60_000) + bytes(70_000))
    file.write_bytes(capture([*began(), came(large[:50_000]), came(large[50_000:]), *ended()]))
    assert b"".join(sent(file, by_client=True)) == large
    assert [len(one) for one in sent(file, by_client=True)][:1] == [65_495]
    assert_whole(file)


def test_snap_and_sizes(file: Path) -> None:
    kept = framed(echo(data=b"x" * 5000))
    note = replace(came(kept[:600]), size=len(kept))
    file.write_bytes(capture([*began(), note, *exchanged(5)], replace(FORM, snap=100)))
    first = packets(file)[3]
    assert (first.captured_len, first.packet_len) == (100, 54 + len(kept))
    assert len(packets(file)) == 6


def test_two_ports_are_two_interfaces(file: Path) -> None:
    form = Form("x", (End("::1", 4450), End("::1", 1139)), real_ports=True)
    start = began()[1]
    notes = [replace(start, server=("::1", 1139), client=("::1", 5))]
    file.write_bytes(capture(notes, form))
    assert [one.interface_id for one in packets(file)] == [1, 1, 1]
    assert {one.dport for one in segments(file)} == {1139, 5}


def test_where_something_is_missing_it_is_said_and_goes_on(file: Path) -> None:
    gone = framed(echo(5))
    missing = Missing(NOW, 2, "nobody read them", {1: (len(gone) + 3, 9), 7: (1, 1)})
    rest = [came(b"rest of something"), *exchanged(6), *ended()]
    file.write_bytes(capture([*began(), *exchanged(4), came(gone[:5]), missing, *rest]))
    said = comments(file)
    assert "2 notes of what happened are missing before this: nobody read them; no SMB message" in said
    assert sent(file, by_client=True) == [framed(echo(4)), b"rest of something", framed(echo(6))]
    with pytest.raises(AssertionError, match="lost"):
        assert_whole(file)
    assert shape(file)[-3:] == CLOSE


def test_what_befell_a_connection_is_said_with_the_next_answer(file: Path) -> None:
    problem = Problem(NOW, 1, "a problem")
    ask, answer, event = exchanged()
    nobodys = Problem(NOW, None, "of nobody")
    name = Named(NOW, "queried", "p", "LAB<20>", "10.0.0.1")
    file.write_bytes(capture([*began(), ask, problem, nobodys, name, answer, event]))
    assert comments(file)[4].endswith("; connection 1: problem: a problem")


def test_events_and_bytes_of_nobody_are_passed_over(file: Path) -> None:
    notes = [came(b"x", 9), left(b"x", 9), HalfClosed(9, NOW), *ended(9), told(1, 9)]
    file.write_bytes(capture([*notes, *began()]))
    assert shape(file) == HANDSHAKE


def test_a_reply_alone_is_an_answer(file: Path) -> None:
    """An oplock that the server asks back, an answer that comes late."""
    late = told(4, shown=Shown.REPLY)
    file.write_bytes(capture([*began(), left(framed(echo(4, reply=True))), late]))
    assert comments(file)[3].startswith("R; Echo")


def test_addresses_are_real(file: Path) -> None:
    assert (CLIENT[0], SERVER[0]) == ("127.0.0.1", "127.0.0.1")
    assert PEER.peer.endswith(str(CLIENT[1]))
    start = began()[1]
    file.write_bytes(capture([replace(start, client=("2001:db8::5", 7), server=("::1", 4450))]))
    ip = dpkt.ethernet.Ethernet(packets(file)[0].packet_data).data
    assert (IPv6Address(ip.src), IPv6Address(ip.dst)) == (IPv6Address("2001:db8::5"), IPv6Address("::1"))


def test_tshark_finds_them_all_sound(file: Path) -> None:
    """Talks of all ends and cuts in one capture."""
    need("tshark")
    notes: list[Note] = []
    for key, how in enumerate(How, 2):
        answer = framed(echo(5, reply=True))
        pieces: list[Note] = [left(answer[:key], key), told(5, key), left(answer[key:], key)]
        half: list[Note] = [HalfClosed(key, NOW)] if key % 2 else []
        notes += began(key, client=("127.0.0.1", 50_000 + key), handshake=key != 4)
        notes += [*exchanged(4, key), came(framed(echo(5)), key), *pieces, *half, *ended(key, how)]
    notes += [
        *began(20, client=("127.0.0.1", 50_020)),
        came(b"\x81\0\0\x44" + bytes(68), 20),
        left(b"\x82\0\0\0", 20),
    ]
    notes += [*exchanged(6, 20), came(b"\x85\0\0\0", 20)]
    file.write_bytes(capture(notes))
    assert_whole(file)
    assert_sound(file)
