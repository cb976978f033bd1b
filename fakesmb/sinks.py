"""Where the record of a server goes: its log file, standard output."""

import errno
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from fakesmb.config.merging import Config
from fakesmb.config.parts import LogPart
from fakesmb.mistakes import ConfigError
from fakesmb.record.log import Sink

if TYPE_CHECKING:
    from fakesmb.record.linesink import LineSink


def sinks_of(config: Config, *, apart: bool, patience: Callable[[], float]) -> list[Sink]:
    """The sinks asked for; the end waits `patience` seconds for their processes.

    Formatting is what takes time to import, so each is imported where it is used.
    """
    sinks = _on_standard_output(config.log)
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


def _log_file(log: LogPart, path: str, *, apart: bool, patience: Callable[[], float]) -> Sink:
    if apart:
        from fakesmb.record.apart import LinesApart

        # Where we are the first process of a container, the others end with us.
        return LinesApart(path, secrets=log.secrets, at_end=None if os.getpid() == 1 else patience)
    from fakesmb.record.jsonl import JsonLines
    from fakesmb.record.outputs import FileOutput
    from fakesmb.record.patient import PatientOutput

    name = f"the log file {path}"
    output = PatientOutput(FileOutput.append(path, secrets=log.secrets), name)
    sink = JsonLines(output, name=name, secrets=log.secrets)
    output.note = sink.left_out
    return sink


def _on_standard_output(log: LogPart) -> list[Sink]:
    if log.format == "none":
        return []
    from fakesmb.record.outputs import standard_output
    from fakesmb.record.patient import PatientOutput

    found = standard_output()
    if found is None:
        return []
    file, terminal = found
    output = PatientOutput(file, "standard output")
    sink: LineSink
    if log.format == "json":
        from fakesmb.record.jsonl import JsonLines

        sink = JsonLines(output, name="standard output", secrets=log.secrets, immediate=terminal)
    else:
        from fakesmb.record.text import TextLines

        colour = terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        sink = TextLines(output, started=time.time(), colour=colour, immediate=terminal)
    output.note = sink.left_out
    return [sink]
