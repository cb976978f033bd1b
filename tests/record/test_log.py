"""The dispatcher: everyone hears everything, and whoever breaks leaves without taking others along."""

import sys
import timeit

from fakesmb.record.events import Event, Problem
from fakesmb.record.log import EventLog
from fakesmb.wire.files import CloseRequest
from tests.record.record_samples import START, message


class Keeping:
    """A sink that keeps."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.flushed = self.closed = 0

    def write(self, event: Event) -> None:
        self.events.append(event)

    def flush(self) -> None:
        self.flushed += 1

    def close(self) -> None:
        self.closed += 1


class Broken(Keeping):
    """A sink that raises wherever it is told to."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where
        self.tried = 0

    def _raise(self, where: str) -> None:
        if where == self._where:
            self.tried += 1
            raise OSError(28, "No space left on device")

    def write(self, event: Event) -> None:
        self._raise("write")

    def flush(self) -> None:
        self._raise("flush")

    def close(self) -> None:
        self._raise("close")


EVENT = message(0x04, CloseRequest(0x4000))


def test_every_sink_gets_every_event_in_order() -> None:
    first, second = Keeping(), Keeping()
    log = EventLog([first])
    log.add(second)
    other = message(0x04, CloseRequest(0x4001))
    log.emit(EVENT)
    log.emit(other)
    assert first.events == second.events == [EVENT, other]
    log.remove(second)
    log.emit(EVENT)
    assert len(first.events) == 3
    assert len(second.events) == 2


def test_a_sink_that_breaks_on_write_is_dropped_with_one_line_and_a_problem_for_the_others() -> None:
    lines: list[str] = []
    before, broken, after = Keeping(), Broken("write"), Keeping()
    log = EventLog([before, broken, after], now=lambda: START, diagnose=lines.append)
    log.emit(EVENT)
    log.emit(EVENT)
    line = "Broken stopped recording: No space left on device"
    assert lines == [line]
    assert broken.tried == 1
    problem = Problem(START, None, line)
    assert before.events == [EVENT, problem, EVENT]
    assert after.events == [problem, EVENT, EVENT]


def test_a_sink_that_breaks_on_flush_is_dropped_and_the_others_are_flushed() -> None:
    lines: list[str] = []
    broken, other = Broken("flush"), Keeping()
    log = EventLog([broken, other], diagnose=lines.append)
    log.flush()
    log.flush()
    assert len(lines) == broken.tried == 1
    assert other.flushed == 2


def test_sinks_that_all_break_end_in_silence_not_in_an_exception() -> None:
    lines: list[str] = []
    log = EventLog([Broken("write"), Broken("write"), Broken("write")], diagnose=lines.append)
    log.emit(EVENT)
    log.emit(EVENT)
    assert len(lines) == 3
    assert log.sinks == ()


def test_close_flushes_and_closes_all_even_if_one_will_not() -> None:
    lines: list[str] = []
    other = Keeping()
    log = EventLog([Broken("close"), other], diagnose=lines.append)
    log.close()
    log.close()
    assert (other.flushed, other.closed) == (1, 1)
    assert lines == ["Broken did not close: No space left on device"]


def test_the_name_of_a_dropped_sink_is_said() -> None:
    lines: list[str] = []

    class Named(Broken):
        name = "the log file /tmp/x.jsonl"

    EventLog([Named("write")], diagnose=lines.append).emit(EVENT)
    assert lines == ["the log file /tmp/x.jsonl stopped recording: No space left on device"]


def test_dispatch_costs_well_under_a_microsecond() -> None:
    class Nothing(Keeping):
        def write(self, event: Event) -> None:
            pass

    log = EventLog([Nothing()])
    most = (
        3e-6 if sys.gettrace() is None else 20e-6
    )  # a loaded machine; and who measures coverage looks at each line
    assert min(timeit.repeat(lambda: log.emit(EVENT), number=2_000, repeat=5)) / 2_000 < most
