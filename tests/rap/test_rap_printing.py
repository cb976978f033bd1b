"""Printing over RAP: queues, jobs and destinations at each level, changes, buffers that are too small."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.nt.status import NT, SMBError
from fakesmb.rap import printing
from fakesmb.rap.answers import Level
from fakesmb.rpc.printview import JobChange, JobPhase, JobRow, PrinterRow
from fakesmb.rpc.view import Caller
from tests.rap.test_rap import call, level, text_at
from tests.rpc.rpc_client import ADMIN, NOW, USER, ListPrinting, ListView

JOBS = (
    JobRow(7, "lp", "letter.txt", "alice", "10.0.0.5", NOW, 1234, JobPhase.WAITING, position=1),
    JobRow(8, "lp", "Grüße", "bob", "10.0.0.6", NOW + 1, 5, JobPhase.SPOOLING, position=2),
    JobRow(9, "lp", "held", "alice", "10.0.0.5", NOW + 2, 6, JobPhase.PAUSED, True, 3),
)


def printers() -> ListView:
    rows = (
        PrinterRow("lp", "the printer", "HP", jobs=3),
        PrinterRow("a name that is too long"),
        PrinterRow("second"),
    )
    return ListView(printing=ListPrinting(rows, list(JOBS)))


def test_queues_byte_for_byte() -> None:
    words, data = call(0x45, "WrLeh", "B13", level(0), view=printers())
    assert words == (0, 0, 2, 2)
    assert data == b"lp".ljust(13, b"\0") + b"second".ljust(13, b"\0")


def test_a_queue_with_its_jobs() -> None:
    """What `net rap printq` asks: each queue is followed by its jobs, and the strings are at the end."""
    arguments = level(2) + b"WB21BB16B10zWWzDDz\0"
    words, data = call(0x45, "WrLeh", "B13BWWWzzzzzWN", arguments, view=printers())
    assert words == (0, 0, 2, 2)
    assert data[:13] == b"lp".ljust(13, b"\0")
    (comment,) = struct.unpack_from("<I", data, 20 + 16)
    assert text_at(data, comment) == "the printer"
    assert struct.unpack_from("<HH", data, 40) == (0, 3)
    number, user = struct.unpack_from("<H21s", data, 44)
    assert (number, user.rstrip(b"\0")) == (7, b"alice")
    size = 2 + 21 + 1 + 16 + 10 + 4 + 2 + 2 + 4 + 4 + 4 + 4
    assert data[44 + 3 * size :].startswith(b"second\0")
    (document,) = struct.unpack_from("<I", data, 44 + 2 * size - 4)
    assert text_at(data, document) == "Grüße"


def test_jobs_as_smbclient_asks() -> None:
    words, data = call(0x4C, "zWrLeh", "WWzWWDDzz", b"LP\0" + level(2), view=printers())
    assert words == (0, 0, 3, 3)
    rows = [struct.unpack_from("<HHIHHIIII", data, 28 * at) for at in range(3)]
    assert [(row[0], text_at(data, row[2]), row[3], row[4], row[6], text_at(data, row[8])) for row in rows] == [
        (7, "alice", 1, 0, 1234, "letter.txt"), (8, "bob", 2, 2, 5, "Grüße"), (9, "alice", 3, 1, 6, "held"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("opcode", "levels"), [(0x46, printing.QUEUE_LEVELS), (0x55, printing.DESTINATION_LEVELS)]
)
def test_each_level_of_a_printer(opcode: int, levels: dict[int, Level]) -> None:
    for number, one in levels.items():
        words, data = call(opcode, "zWrLh", one.descriptor, b"lp\0" + level(number), view=printers())
        assert words == (0, 0, len(data)), number
        assert b"lp\0" in data
        words, nothing = call(opcode, "zWrLh", one.descriptor, b"lp\0" + level(number, 2), view=printers())
        assert (words, nothing) == ((2123, 0, len(data)), b"")


def test_each_level_of_a_job() -> None:
    for number, one in printing.JOB_LEVELS.items():
        words, data = call(
            0x4D, "WWrLh", one.descriptor, struct.pack("<H", 7) + level(number), view=printers()
        )
        assert words == (0, 0, len(data)), number
        assert data[:2] == b"\7\0"


def test_what_does_not_fit_is_left_out_whole() -> None:
    for room in range(0, 400, 7):
        words, data = call(0x4C, "zWrLeh", "WWzWWDDzz", b"lp\0" + level(2, room), view=printers())
        status, _, count, there = words
        assert (status, there) == (0 if count == 3 else 234, 3)
        assert len(data) <= room
    assert call(0x45, "WrLeh", "B13BWWWzzzzzWN", level(2, 100), view=printers())[0] == (234, 0, 0, 2)


def test_a_queue_with_more_jobs_than_any_buffer_holds() -> None:
    """It is never told of as a queue of nothing: the client hears that no buffer is large enough."""
    jobs = [
        JobRow(at, "lp", "t" * 200, "alice", "10.0.0.5", NOW, 1, JobPhase.WAITING) for at in range(1, 500)
    ]
    view = ListView(printing=ListPrinting((PrinterRow("lp"),), jobs))
    asked = b"lp\0" + level(2, 0xFFFF) + b"WB21BB16B10zWWzDDz\0"
    assert call(0x46, "zWrLh", "B13BWWWzzzzzWN", asked, view=view) == ((2123, 0, 0xFFFF), b"")


@pytest.mark.parametrize(
    ("opcode", "descriptor", "fields", "arguments", "words"),
    [
        (0x45, "WrLeh", "B13", level(6), (124, 0, 0, 0)),
        (0x45, "WrLeh", "W", level(0), (87, 0, 0, 0)),
        (0x46, "zWrLh", "B13", b"\0" + level(0), (87, 0, 0)),
        (0x46, "zWrLh", "B13", b"lp\0" + level(9), (124, 0, 0)),
        (0x46, "zWrLh", "B13", b"none\0" + level(0), (2150, 0, 0)),
        (0x4C, "zWrLeh", "W", b"none\0" + level(0), (2150, 0, 0, 0)),
        (0x4C, "zWrLeh", "W", b"lp\0" + level(9), (124, 0, 0, 0)),
        (0x4D, "WWrLh", "W", struct.pack("<H", 99) + level(0), (2151, 0, 0)),
        (0x4D, "WWrLh", "W", struct.pack("<H", 7) + level(9), (124, 0, 0)),
        (0x54, "WrLeh", "B9", level(9), (124, 0, 0, 0)),
        (0x55, "zWrLh", "B9", b"none\0" + level(0), (2152, 0, 0)),
        (0x55, "zWrLh", "B9", b"lp\0" + level(9), (124, 0, 0)),
        (0x51, "W", "", struct.pack("<H", 99), (2151, 0)),
        (0x67, "z", "", b"none\0", (2150, 0)),
        (0x93, "WWsTP", "", struct.pack("<HHHH", 7, 3, 0, 11), (50, 0)),
        (0x93, "WWsTP", "", struct.pack("<HHHH", 99, 3, 0, 11), (2151, 0)),
    ],
)
def test_refusals(
    opcode: int, descriptor: str, fields: str, arguments: bytes, words: tuple[int, ...]
) -> None:
    assert call(opcode, descriptor, fields, arguments, view=printers()) == (words, b"")


def test_destinations() -> None:
    words, data = call(0x54, "WrLeh", "B9", level(0), view=printers())
    assert (words, data) == ((0, 0, 2, 2), b"lp".ljust(9, b"\0") + b"second".ljust(9, b"\0"))


@pytest.mark.parametrize(
    ("opcode", "change"), [(0x51, JobChange.CANCEL), (0x52, JobChange.PAUSE), (0x53, JobChange.GO_ON)]
)
def test_changes_of_a_job(opcode: int, change: JobChange) -> None:
    view = printers()
    assert call(opcode, "W", "", struct.pack("<H", 8), view=view, caller=USER)[0] == (5, 0)
    assert call(opcode, "W", "", struct.pack("<H", 8), view=view, caller=ADMIN)[0] == (0, 0)
    assert view.printing.done == [(8, change)]


@pytest.mark.parametrize(
    ("opcode", "change"), [(0x67, JobChange.CANCEL), (0x4A, JobChange.PAUSE), (0x4B, JobChange.GO_ON)]
)
@pytest.mark.parametrize(("caller", "status"), [(USER, 5), (ADMIN, 0)])
def test_changes_of_a_queue(opcode: int, change: JobChange, caller: Caller, status: int) -> None:
    view = printers()
    assert call(opcode, "z", "", b"LP\0", view=view, caller=caller)[0] == (status, 0)
    assert view.printing.done == ([] if status else [("lp", change)])


def test_a_disk_that_fails_is_a_failure() -> None:
    view = printers()
    view.printing.error = SMBError(NT.DISK_FULL)
    assert call(0x51, "W", "", struct.pack("<H", 8), view=view, caller=ADMIN)[0] == (31, 0)


@given(
    st.sampled_from(sorted(printing.ROWS)),
    st.binary(max_size=60),
    st.sampled_from(["W", "B13", "zWWWWzzzzWNzzl"]),
)
def test_any_arguments_are_answered(opcode: int, arguments: bytes, fields: str) -> None:
    (descriptor,), _ = printing.ROWS[opcode]
    words, data = call(opcode, descriptor, fields, arguments, view=printers())
    assert words[0] in (0, 5, 31, 50, 87, 124, 234, 2123, 2150, 2151, 2152)
    assert len(data) < 0x10000
