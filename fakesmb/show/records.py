"""A record of JSON lines, as the text log shows it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from fakesmb.mistakes import ConfigError
from fakesmb.record.entry import Entry
from fakesmb.record.values import printable

_SERVER = "server"


def lines(records: Iterable[bytes], name: str, *, verbose: bool = False) -> Iterator[str]:
    """A line for each record; with `verbose` its fields below it. Raises `ConfigError` for what is no record."""
    decoder = msgspec.json.Decoder(Entry)
    started: float | None = None
    for number, record in enumerate(records, 1):
        if not record.strip():
            continue
        try:
            entry = decoder.decode(record)
            time = datetime.fromisoformat(entry.time).timestamp()
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
            raise ConfigError(f"{name}:{number}: not a record: {error}") from None
        started = time if started is None else started
        yield _line(entry, time - started)
        if verbose:
            if entry.problem:
                yield f"    problem: {printable(entry.problem)}"
            yield from _tree(entry.fields or {}, 1)
            for link in entry.chain or []:
                yield f"    {link.get('command', '')}"
                if link.get("problem"):
                    yield f"        problem: {printable(link['problem'])}"
                yield from _tree(link.get("fields") or {}, 2)


def _line(entry: Entry, seconds: float) -> str:
    summary = entry.summary or entry.event
    if entry.number is None:
        return f"{'-':<6} {seconds:>13.6f}  {printable(summary)}"
    peer = printable(entry.peer or "")
    ends = (peer, _SERVER) if entry.event == "request" else (_SERVER, peer)
    tag = "SMB:" if summary.startswith(("C; ", "R; ")) else ""
    return f"{entry.number:<6} {seconds:>13.6f}  {ends[0]:<21}  {ends[1]:<21}  {tag}{printable(summary)}"


def _tree(value: Any, depth: int) -> Iterator[str]:
    items = value.items() if isinstance(value, dict) else ((f"[{at}]", one) for at, one in enumerate(value))
    for name, one in items:
        if isinstance(one, (dict, list)) and one:
            yield f"{'    ' * depth}{printable(name)}:"
            yield from _tree(one, depth + 1)
        else:
            shown = f"{one} (0x{one:X})" if type(one) is int and abs(one) > 9 else str(one)
            yield f"{'    ' * depth}{printable(name)}: {printable(shown)}"
