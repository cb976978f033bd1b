"""A capture that a process of its own makes, and what is left out where nobody takes it."""

import os
import time
from io import BytesIO
from pathlib import Path

import pytest

from fakesmb.capture import making
from fakesmb.capture.apart import ApartCapture
from fakesmb.capture.backlog import LeftOut
from fakesmb.capture.files import CaptureFile, open_capture
from fakesmb.capture.maker import Form, Maker
from fakesmb.capture.notes import Missing, Note, Tick
from fakesmb.capture.packets import End
from fakesmb.capture.taken import taker_of
from fakesmb.record.spool import Spool
from fakesmb.record.writer import encoded
from tests.capture.sharks import assert_whole, comments, packets
from tests.capture.talks import FORM, SERVER, began, came, capture, echo, ended, exchanged, framed, talk

LISTENING = (End(*SERVER),)


def begins(listening: tuple[End, ...]) -> Form:
    assert listening == LISTENING
    return FORM


def apart(file: Path, **more: object) -> ApartCapture:
    return ApartCapture(open_capture(str(file)), "the capture", begins=begins, **more)  # type: ignore[arg-type]


def in_halves(count: int) -> tuple[list[Note], list[Note]]:
    notes = talk(count)
    return notes[: len(notes) // 2], notes[len(notes) // 2 :]


def test_it_is_the_same_as_in_the_server(tmp_path: Path) -> None:
    here, there = in_halves(300)
    taker = apart(tmp_path / "a")
    taker.begin(LISTENING)
    assert taker.take(here)
    assert taker.take(there)
    taker.end()
    assert (tmp_path / "a").read_bytes() == capture([*here, Tick(), *there, Tick()])


def test_what_the_process_does(tmp_path: Path) -> None:
    """Without a process."""
    spool = Spool.make(1 << 20)
    here, there = in_halves(20)
    for batch in (here, there):
        assert spool.put(encoded(batch))
    spool.leave([encoded([Tick()])])
    told = BytesIO(spool.end.to_bytes(8, "little"))
    file = open_capture(str(tmp_path / "a"))
    making.make(told, spool, Maker(FORM), file)
    assert (tmp_path / "a").read_bytes() == capture([*here, *there])


def test_a_process_that_is_gone_ends_it(tmp_path: Path) -> None:
    said: list[str] = []
    taker = apart(tmp_path / "a", tell=said.append)
    taker.begin(LISTENING)
    assert taker._process is not None
    taker._process.kill()
    taker._process.wait()
    assert not taker.take(talk(1))
    assert said == ["the capture has ended: its process ended with code -9"]
    taker.end()


def test_what_has_no_room_is_left_out_and_told(tmp_path: Path) -> None:
    taker = apart(tmp_path / "a", spool_bytes=40_000)
    taker.begin(LISTENING)
    first, last = [*began(), *exchanged(1)], [*exchanged(8), *ended()]
    assert taker.take(first)
    assert taker.take([came(framed(echo(2, data=bytes(50_000))))])  # never has room
    until = time.monotonic() + 20
    while time.monotonic() < until and taker._spool is not None and taker._spool.waiting:
        time.sleep(0.01)
    assert taker.take(last)
    taker.end()
    said = comments(tmp_path / "a")
    assert any(
        "1 notes of what happened are missing before this: they could not be written" in one for one in said
    )
    with pytest.raises(AssertionError, match="lost"):
        assert_whole(tmp_path / "a")
    assert said[-3].startswith("connection 1 closed")


def test_what_is_left_out_last_is_told_too(tmp_path: Path) -> None:
    taker = apart(tmp_path / "a", spool_bytes=40_000)
    taker.begin(LISTENING)
    assert taker.take(began())
    assert taker.take([came(framed(echo(2, data=bytes(50_000))))])
    taker.end()
    assert len(packets(tmp_path / "a")) == 3


class TestLeftOut:
    def test_nothing_is_missing_where_nothing_was_left_out(self) -> None:
        assert LeftOut().told(1.0, "why") == []

    def test_connections_that_came_and_went_are_forgotten(self) -> None:
        left_out = LeftOut()
        left_out.add(talk(3))
        [missing] = left_out.told(1.0, "why")
        assert isinstance(missing, Missing)
        assert missing.bytes == {}
        assert missing.count > 3

    def test_those_that_began_begin_and_those_that_ended_end(self) -> None:
        left_out = LeftOut()
        left_out.add([*began(1), *exchanged(1, 1)])
        left_out.add([*exchanged(1, 2), ended(2)[0]])
        size = len(framed(echo()))
        first, missing, last = left_out.told(1.0, "why")
        assert (first, last) == (began(1)[1], ended(2)[0])
        assert isinstance(missing, Missing)
        assert missing.bytes == {1: (size, size), 2: (size, size)}
        again = LeftOut()
        again.add([missing])
        again.add([missing])
        [both] = again.told(1.0, "why")
        assert isinstance(both, Missing)
        assert both.bytes == {1: (2 * size, 2 * size), 2: (2 * size, 2 * size)}
        assert both.count == 2 * missing.count


def test_a_disk_that_is_full_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread writes on when there is room; what is there meanwhile ends between two blocks."""
    file = tmp_path / "a"
    said: list[str] = []
    output = open_capture(str(file))
    full = [True]
    write = CaptureFile._some

    def some(self: CaptureFile, data: bytes | memoryview) -> int:
        if full[0] and len(data) > 160:
            if len(data) % 2:
                raise OSError(28, "No space left on device")
            return write(self, data[:101])
        return write(self, data)

    monkeypatch.setattr(CaptureFile, "_some", some)
    taker = taker_of(output, str(file), snap=0, ports="445", secrets=False)
    taker._tell = said.append  # type: ignore[attr-defined]
    taker.begin(LISTENING)
    notes = talk(2)
    assert taker.take(notes)
    until = time.monotonic() + 20
    while not said and time.monotonic() < until:
        time.sleep(0.01)
    packets(file)  # whole
    full[0] = False
    while len(said) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    taker.end()
    assert [one.rpartition(" ")[0].rpartition("a")[2] for one in said] != []
    assert said[0].endswith("has stopped, to go on when that can be: No space left on device")
    assert said[1].endswith("goes on")
    assert_whole(file)
    assert len(packets(file)) == len(packets_of(tmp_path, notes))


def packets_of(tmp_path: Path, notes: list[Note]) -> list[object]:
    (tmp_path / "whole").write_bytes(capture(notes))
    return list(packets(tmp_path / "whole"))


def test_a_reader_that_goes_away_ends_it() -> None:
    there, here = os.pipe()
    said: list[str] = []
    taker = taker_of(CaptureFile(here), "-", snap=0, ports="445", secrets=False)
    taker._tell = said.append  # type: ignore[attr-defined]
    taker.begin(LISTENING)
    assert os.read(there, 4) == b"\n\r\r\n"
    os.close(there)
    until = time.monotonic() + 20
    while taker.take(talk(1)) and time.monotonic() < until:
        time.sleep(0.01)
    taker.end()
    assert said == ["the capture to standard output has ended: Broken pipe"]
