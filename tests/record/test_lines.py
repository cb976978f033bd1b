"""Line sinks: cheap on the path of a request, whole lines only, bounded."""

import os
from pathlib import Path

import pytest

from fakesmb.record.events import Event, Message
from fakesmb.record.linesink import LineSink
from fakesmb.record.outputs import FileOutput
from fakesmb.wire.files import CloseRequest
from tests.record.record_samples import message


class Output:
    """Keeps what is put out, one item a call."""

    def __init__(self) -> None:
        self.put_out: list[bytes] = []
        self.closed = False

    def put(self, data: bytes) -> None:
        self.put_out.append(data)

    def close(self) -> None:
        self.closed = True


class Lines(LineSink):
    """Shows the number of the event."""

    def line(self, event: Event) -> bytes:
        assert isinstance(event, Message)
        return b"%d\n" % event.number


def event(number: int) -> Event:
    return message(0x04, CloseRequest(0x4000), number=number)


def test_nothing_is_formatted_before_flush_and_then_all_at_once() -> None:
    output = Output()
    sink = Lines(output)
    for number in range(3):
        sink.write(event(number))
    assert output.put_out == []
    sink.flush()
    sink.flush()
    assert output.put_out == [b"0\n1\n2\n"]


def test_more_than_the_bound_is_put_out_at_once() -> None:
    output = Output()
    sink = Lines(output, most_waiting=2)
    for number in range(5):
        sink.write(event(number))
    assert output.put_out == [b"0\n1\n", b"2\n3\n"]
    sink.close()
    assert output.put_out[2:] == [b"4\n"]
    assert output.closed


def test_a_person_who_watches_sees_each_event_as_it_comes() -> None:
    output = Output()
    sink = Lines(output, immediate=True)
    sink.write(event(7))
    assert output.put_out == [b"7\n"]


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"before\n")
    sink = Lines(FileOutput.append(str(path)))
    sink.write(event(1))
    sink.close()
    assert path.read_bytes() == b"before\n1\n"


def test_a_disk_that_fills_up_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    output = FileOutput.append(str(path))
    real, calls = os.write, []

    def short(fd: int, data: bytes) -> int:
        calls.append(len(data))
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(fd, data[:8])

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(OSError, match="No space"):
        output.put(b"first\nsecond\nthird\n")
    assert path.read_bytes() == b"first\n"


def test_a_reader_that_left_is_an_error_and_not_a_loop() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    output = FileOutput(writing)
    with pytest.raises(BrokenPipeError):
        output.put(b"line\n")
    output.close()


def test_a_non_blocking_pipe_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    data = b"x" * 99 + b"\n"
    got = bytearray()
    monkeypatch.setattr("select.select", lambda *_: got.extend(os.read(reading, 1 << 20)))
    output = FileOutput(writing)
    output.put(data * 1000)
    output.close()
    got += os.read(reading, 1 << 20)
    os.close(reading)
    assert bytes(got) == data * 1000
