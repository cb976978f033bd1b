"""`fakesmb show`: whatever the file is, as it was asked to be shown."""

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from fakesmb.capture.reading import is_capture
from fakesmb.capture.trouble import CaptureError, Trouble
from fakesmb.mistakes import ConfigError
from fakesmb.record.events import Event
from fakesmb.show import logs
from fakesmb.show.output import Screen
from fakesmb.show.source import Source

if TYPE_CHECKING:  # what is not always asked for takes longer to import than most files to show
    from fakesmb.record.filters import Filter
    from fakesmb.record.summary import Summary
    from fakesmb.show import captured


class Wanted(NamedTuple):
    """How it is to be shown."""

    verbose: bool = False
    hexadecimal: bool = False
    as_json: bool = False
    filter: "Filter | None" = None
    summary: bool = False
    secrets: bool = False
    ports: Sequence[int] = ()


def show(file: BinaryIO, name: str, wanted: Wanted, screen: Screen) -> list[str]:
    """Shows a log or a capture; gives lines about what could not be read, where they are not shown among the others.

    Raises `ConfigError` for what is neither, and `BrokenPipeError` where nobody looks any more.
    """
    source = Source(file, screen.flush)
    buffered = io.BufferedReader(source, 1 << 16)
    troubles: list[str] = []
    summary = None
    if wanted.summary:
        from fakesmb.record.summary import Summary

        summary = Summary()
    if is_capture(source.head):
        from fakesmb.show import captured

        text = captured.Text(
            screen, verbose=wanted.verbose, hexadecimal=wanted.hexadecimal, secrets=wanted.secrets
        )

        def flush() -> None:
            text.flush()
            screen.flush()

        source.waits = flush
        _show_capture(buffered, name, wanted, screen, text, summary, troubles)
    else:
        _show_log(buffered, name, wanted, screen, summary, troubles)
    if summary is not None:
        for line in summary.lines():
            screen.line(line)
    screen.flush()
    return troubles


def _show_capture(
    file: BinaryIO,
    name: str,
    wanted: Wanted,
    screen: Screen,
    text: "captured.Text",
    summary: "Summary | None",
    troubles: list[str],
) -> None:
    from fakesmb.capture.events import events
    from fakesmb.show import captured

    try:
        found = captured.followed(
            _counted(events(file, ports=wanted.ports), text, summary),
            wanted.filter,
            context=wanted.verbose or wanted.hexadecimal,
        )
        if wanted.as_json:
            for line in captured.json_lines(found, secrets=wanted.secrets):
                if isinstance(line, Trouble):
                    troubles.append(f"{name}: {line}")
                else:
                    screen.put(line.decode())
            return
        for one in found:
            text.show(one)
        text.flush()
    except CaptureError as error:
        text.flush()
        screen.flush()
        raise ConfigError(f"{name}: {error}") from None


def _counted(
    found: Iterable[Event | Trouble], text: "captured.Text", summary: "Summary | None"
) -> Iterator[Event | Trouble]:
    """Counts all that there is, shown or not. The seconds of lines count from its beginning."""
    for one in found:
        if not isinstance(one, Trouble):
            if text.started is None:
                text.started = one.time
            if summary is not None:
                summary.add(one)
        yield one


def _show_log(
    file: BinaryIO, name: str, wanted: Wanted, screen: Screen, summary: "Summary | None", troubles: list[str]
) -> None:
    brief = not (wanted.verbose or wanted.filter or summary)
    text = logs.Text(screen, name, verbose=wanted.verbose, hexadecimal=wanted.hexadecimal)
    found = _begun(_known(logs.read(file, brief=brief), name), text)
    if summary is not None:
        found = _summed(found, summary)
    if wanted.filter is not None:
        found = logs.filtered(found, wanted.filter)
    if wanted.as_json:
        for line in found:
            if isinstance(line, logs.Broken):
                troubles.append(line.text(name))
            else:
                screen.put(line.raw.decode("utf-8", "replace").rstrip("\n") + "\n")
        return
    for line in found:
        if isinstance(line, logs.Broken):
            text.broken(line)
        else:
            text.show(line)


def _known(found: "Iterator[logs.Line | logs.Broken]", name: str) -> "Iterator[logs.Line | logs.Broken]":
    """The same; raises `ConfigError` where the file has not a single record."""
    broken: list[logs.Broken] = []
    for one in found:
        if isinstance(one, logs.Line):
            return chain(broken, [one], found)
        broken.append(one)
    if broken:
        raise ConfigError(
            f"{broken[0].text(name)}; {name} is neither a log of JSON lines nor a capture (pcap, pcapng)"
        )
    raise ConfigError(f"{name}: nothing is in it")


def _begun(
    found: "Iterator[logs.Line | logs.Broken]", text: logs.Text
) -> "Iterator[logs.Line | logs.Broken]":
    for one in found:
        if text.started is None and isinstance(one, logs.Line):
            text.started = one.time
        yield one


def _summed(
    found: "Iterator[logs.Line | logs.Broken]", summary: "Summary"
) -> "Iterator[logs.Line | logs.Broken]":
    """Counts records on their way: a response with its request, if that was there."""
    asked: dict[object, logs.Line] = {}
    for one in found:
        if isinstance(one, logs.Line):
            entry = one.entry
            if entry.event == "request":
                asked[logs.key_of(entry)] = one
                if len(asked) > _MOST_ASKED:
                    del asked[next(iter(asked))]
                summary.add_lines(entry, None, time=one.time)
            elif entry.event == "response":
                request = asked.pop(logs.key_of(entry), None)
                summary.add_reply(request and request.entry, entry, time=one.time)
            else:
                summary.add_lines(entry, None, time=one.time)
        yield one


_MOST_ASKED: Final = 4096
