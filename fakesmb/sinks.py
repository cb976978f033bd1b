"""Where the record of a server goes: its log file, its capture, standard output."""

import errno
import os
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from fakesmb.config.merging import Config
from fakesmb.config.parts import STANDARD_OUTPUT, LogPart
from fakesmb.mistakes import ConfigError
from fakesmb.record.events import Event, Exchanged
from fakesmb.record.log import Sink

if TYPE_CHECKING:
    from fakesmb.capture.hearing import Taker
    from fakesmb.record.linesink import LineSink
    from fakesmb.record.summary import Summary


def sinks_of(
    config: Config,
    *,
    apart: bool,
    patience: Callable[[], float],
    seen: Callable[[Event], object] | None = None,
) -> list[Sink]:
    """The sinks asked for; the end waits `patience` seconds for their processes.

    `seen` is called with each event, where standard output shows some.

    Formatting is what takes time to import, so each is imported where it is used.
    """
    sinks = _on_standard_output(config.log, seen)
    if config.log.file:
        try:
            sinks.append(_log_file(config.log, config.log.file, apart=apart, patience=patience))
        except OSError as error:
            why = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
            raise ConfigError(f"cannot write the log {config.log.file}: {why}") from None
    return sinks


def empty_log(log: LogPart) -> None:
    """Begins the log file anew. The ports are bound: nobody else who listens there writes to it."""
    from fakesmb.record.outputs import begin_anew

    try:
        begin_anew(log.file, secrets=log.secrets)
    except OSError as error:
        raise ConfigError(f"cannot empty the log {log.file}: {error.strerror}") from None


def capture_of(config: Config, *, apart: bool, patience: Callable[[], float]) -> "Taker | None":
    """The capture that is asked for, to a file that stays as it is until the server listens; None where none is."""
    part = config.capture
    if not part.file:
        return None
    from fakesmb.capture.files import open_capture, reason_of
    from fakesmb.capture.taken import taker_of

    try:
        file = open_capture(part.file, secrets=config.log.secrets)
    except OSError as error:
        where = "to standard output" if part.file == STANDARD_OUTPUT else part.file
        raise ConfigError(f"cannot write the capture {where}: {reason_of(error)}") from None
    # Where we are the first process of a container, the others end with us.
    waits = None if os.getpid() == 1 else patience
    return taker_of(
        file,
        part.file,
        snap=part.snap,
        ports=part.ports,
        secrets=config.log.secrets,
        apart=apart,
        at_end=waits,
    )


def _log_file(log: LogPart, path: str, *, apart: bool, patience: Callable[[], float]) -> Sink:
    if apart:
        from fakesmb.record.apart import LinesApart

        # Where we are the first process of a container, the others end with us.
        at_end = None if os.getpid() == 1 else patience
        return LinesApart(path, secrets=log.secrets, at_end=at_end, filter=log.filter)
    from fakesmb.record.jsonl import JsonLines, shows_by
    from fakesmb.record.outputs import FileOutput
    from fakesmb.record.patient import PatientOutput

    name = f"the log file {path}"
    output = PatientOutput(FileOutput.append(path, secrets=log.secrets), name)
    sink = JsonLines(output, name=name, secrets=log.secrets, shows=shows_by(log.filter))
    output.note = sink.left_out
    return sink


def _on_standard_output(log: LogPart, seen: Callable[[Event], object] | None) -> list[Sink]:
    if log.format == "none":
        return []
    from fakesmb.record.outputs import STANDARD_OUTPUT, standard_output
    from fakesmb.record.patient import PatientOutput

    found = standard_output()
    if found is None:
        return []
    file, terminal = found
    output = PatientOutput(file, "standard output")
    sink: LineSink
    if log.format == "json":
        from fakesmb.record.jsonl import JsonLines, shows_by

        sink = JsonLines(
            output,
            name="standard output",
            secrets=log.secrets,
            immediate=terminal,
            shows=shows_by(log.filter),
            seen=seen,
        )
    else:
        from fakesmb.record.columns import terminal_width, unlimited
        from fakesmb.record.jsonl import shows_by
        from fakesmb.record.text import TextLines

        sink = TextLines(
            output,
            started=time.time(),
            colour=terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb",
            immediate=terminal,
            width=partial(terminal_width, STANDARD_OUTPUT) if terminal else unlimited,
            shows=_no_message(shows_by(log.filter)) if log.format == "summary" else shows_by(log.filter),
            seen=seen,
        )
    output.note = sink.left_out
    return [sink]


class Counting:
    """Counts what a log is given, for the summary at the end; what counts is loaded when there is something."""

    def __init__(self) -> None:
        self.summary: Summary | None = None

    def __call__(self, event: Event) -> None:
        """Counts an event."""
        if self.summary is None:
            from fakesmb.record.summary import Summary

            self.summary = Summary()
        self.summary.add(event)


def _no_message(shows: Callable[[Event], bool] | None) -> Callable[[Event], bool]:
    """What `summary` shows as it comes: connections, sign-ins, problems, as far as a filter lets them."""
    if shows is None:
        return lambda event: type(event) is not Exchanged
    return lambda event: type(event) is not Exchanged and shows(event)
