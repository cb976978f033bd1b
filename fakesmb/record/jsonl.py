"""JSON lines: one event, one line, under the stable names of `record.entry`."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from fakesmb.record import lines
from fakesmb.record.entry import Entry, entry_of
from fakesmb.record.events import Event, Exchanged, Message, Told
from fakesmb.record.linesink import MOST_WAITING, LineSink, Shows
from fakesmb.record.moments import iso
from fakesmb.record.outputs import FileOutput, Output
from fakesmb.record.values import harmless

_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)


class JsonLines(LineSink):
    """A sink for programs: a `.jsonl` file or standard output.

    With `secrets`, responses to password challenges, keys and tokens are written too; ask for that by name.
    """

    def __init__(
        self,
        output: Output,
        *,
        name: str = "the JSON log",
        secrets: bool = False,
        most_waiting: int = MOST_WAITING,
        immediate: bool = False,
        shows: Shows | None = None,
        seen: Callable[[Event], object] | None = None,
    ) -> None:
        super().__init__(output, most_waiting=most_waiting, immediate=immediate, shows=shows, seen=seen)
        self.name = name
        self._secrets = secrets

    @classmethod
    def append(cls, path: str, *, secrets: bool = False) -> "JsonLines":
        """Appends to the file at `path`, made if it is not there; raises OSError."""
        return cls(FileOutput.append(path, secrets=secrets), name=f"the log file {path}", secrets=secrets)

    def lines(self, event: Event) -> bytes:
        """The lines of what was kept."""
        if type(event) is Exchanged and not self._secrets:
            try:
                straight = lines.json_lines(event)
            except (
                Exception
            ):  # a mistake of ours there must not cost the lines, which the general way writes too
                straight = None
            if straight is not None:
                return straight
        return super().lines(event)

    def line(self, event: Told) -> bytes:
        """One line of JSON. An event that cannot be described is still recorded, with the reason."""
        try:
            return encode(entry_of(event, secrets=self._secrets))
        except Exception as error:
            return encode(_undescribed(event, error))


def shows_by(text: str) -> Shows | None:
    """What a log shows whose filter is that text; empty: everything."""
    if not text:
        return None
    from fakesmb.record.filters import Filter  # it takes longer to import than most servers may to start

    return Filter.parse(text).matches


def encode(entry: Entry) -> bytes:
    """The entry as a line."""
    try:
        line = _ENCODER.encode(entry)
    except UnicodeEncodeError:  # NTFS allows a lone surrogate in a name, UTF-8 does not
        line = _ENCODER.encode(_encodable(msgspec.to_builtins(entry)))
    if not line.isascii() or b"\x7f" in line:
        line = harmless(line.decode()).encode()
    return line + b"\n"


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_encodable(name): _encodable(one) for name, one in value.items()}
    return [_encodable(one) for one in value] if isinstance(value, list) else value


def _undescribed(event: Told, error: Exception) -> Entry:
    kind = ("request" if event.request else "response") if isinstance(event, Message) else "problem"
    return Entry(
        time=iso(event.time),
        event=kind,
        number=event.number if isinstance(event, Message) else None,
        connection=event.connection,
        problem=f"not described: {type(error).__name__}: {error}",
    )
