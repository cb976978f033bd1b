"""A capture as the text log shows a server: a line for each message, with its tree and its bytes where asked for."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from fakesmb.capture.trouble import Trouble
from fakesmb.record import dissect
from fakesmb.record.columns import start_of
from fakesmb.record.events import Event, Exchanged, Shown
from fakesmb.record.jsonl import JsonLines
from fakesmb.record.straight import tagged
from fakesmb.record.text import TextLines, painted
from fakesmb.show.holding import Holding
from fakesmb.show.output import Screen
from fakesmb.trace.context import NO_CONTEXT, Context
from fakesmb.wire.header import HEADER_SIZE

if TYPE_CHECKING:  # what is not always asked for takes longer to import than most files to show
    from fakesmb.record.filters import Filter

Followed = tuple[Event, Context]
"""An event and what its conversation was about at that moment."""


_MANY: Final = 1024
"""Messages that are made to lines together."""
_MANY_BYTES: Final = 4 << 20
"""Their bytes."""


class Nowhere:
    """The output of a sink that only makes lines."""

    def put(self, data: bytes) -> None:
        """Nothing comes."""

    def close(self) -> None:
        """Nothing is held."""


class Text:
    """Makes the lines of events for a screen."""

    def __init__(
        self, screen: Screen, *, verbose: bool = False, hexadecimal: bool = False, secrets: bool = False
    ) -> None:
        self._screen = screen
        self._verbose = verbose
        self._hexadecimal = hexadecimal
        self._secrets = secrets
        self._lines: TextLines | None = None
        self._waiting: list[Followed | Trouble] = []
        self._bytes = 0
        self.started: float | None = None
        """POSIX seconds from which on those of lines count; None: from the first that is shown."""

    def show(self, one: Followed | Trouble) -> None:
        """Shows an event, or what could not be read. Plain lines come with the next `flush`, or when there are many."""
        if self.started is None and not isinstance(one, Trouble):
            self.started = one[0].time
        if self._verbose or self._hexadecimal:
            self._show_at_once(one)
            return
        self._waiting.append(one)
        if not isinstance(one, Trouble) and type(one[0]) is Exchanged:
            self._bytes += one[0].request_size + one[0].reply_size
        if len(self._waiting) >= _MANY or self._bytes >= _MANY_BYTES:
            self.flush()

    def flush(self) -> None:
        """Shows what waits. What one step does to many in a row costs half of what it would between the other steps."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if not waiting:
            return
        sink = self._sink()
        words = [_words(one) for one in waiting]
        told = [
            () if said is not None or isinstance(one, Trouble) else sink.told(one[0])
            for one, said in zip(waiting, words, strict=True)
        ]
        for one, said, messages in zip(waiting, words, told, strict=True):
            if isinstance(one, Trouble):
                self._trouble(one)
            elif said is not None:
                self._screen.put(sink.straight(one[0], said))  # type: ignore[arg-type]
            else:
                self._screen.put(b"".join(map(sink.line, messages)).decode("utf-8", "replace"))

    def _sink(self) -> TextLines:
        if self._lines is None:
            self._lines = TextLines(
                Nowhere(),
                started=self.started or 0.0,
                colour=self._screen.colour,
                width=lambda: self._screen.width,
            )
        return self._lines

    def _show_at_once(self, one: Followed | Trouble) -> None:
        if isinstance(one, Trouble):
            self._trouble(one)
        else:
            self._screen.put(self._sink().lines(one[0]).decode("utf-8", "replace"))
            self._more(*one)

    def _trouble(self, trouble: Trouble) -> None:
        """Shows what could not be read, where it was."""
        seconds = 0.0
        if trouble.time is not None and self.started is not None:
            seconds = max(0.0, trouble.time - self.started)
        width = self._screen.width
        start = start_of(width, None, seconds, "", "", None, request=False)
        self._screen.put(painted(start, str(trouble), "\x1b[31m" if self._screen.colour else "", width))

    def _more(self, event: Event, context: Context) -> None:
        from fakesmb.show.hexadecimal import hex_lines
        from fakesmb.show.treetext import note_lines, tree_lines
        from fakesmb.trace.sentences import sentence
        from fakesmb.trace.trees import trees

        put, width = self._screen.put, self._screen.width
        if type(event) is not Exchanged:
            if self._verbose:
                for line in note_lines(sentence(event), 0, width):  # type: ignore[arg-type]
                    put(line)
            return
        told = dissect.messages(event) if self._verbose else ()
        for index, tree in enumerate(trees(event, context, secrets=self._secrets)):
            if self._verbose:
                for line in note_lines(sentence(told[index]), 0, width) if index < len(told) else ():
                    put(line)
                for line in tree_lines(tree, width):
                    put(line)
            if self._hexadecimal:
                for line in hex_lines(tree, width, colour=self._screen.colour):
                    put(line)


def _words(one: Followed | Trouble) -> str | None:
    """The words of an event, where they can be made straight from its bytes."""
    return None if isinstance(one, Trouble) or type(one[0]) is not Exchanged else tagged(one[0])


def followed(
    found: Iterable[Event | Trouble], filter: "Filter | None", *, context: bool
) -> Iterator[Followed | Trouble]:
    """What a filter shows of a capture; with `context` what each message was about is followed, shown or not."""
    follower = None
    if context:
        from fakesmb.trace.follow import Follower

        follower = Follower()
    holding = None if filter is None else _holding(filter)
    for one in found:
        if isinstance(one, Trouble):
            yield one
            continue
        told = one, (NO_CONTEXT if follower is None else follower.follow(one))
        if holding is None:
            yield told
        elif type(one) is not Exchanged:
            assert filter is not None
            if filter.matches(one):
                yield told
        elif one.shown & Shown.REQUEST:
            yield from holding.request(_key(one, one.request), told)
        else:
            yield from holding.reply(_key(one, one.reply), told)
    if holding is not None:
        yield from holding.rest()


def _holding(filter: "Filter") -> "Holding[Followed]":
    def matches(asked: Followed | None, answered: Followed | None) -> bool:
        first, last = (None if one is None else one[0] for one in (asked, answered))
        return filter.matches_exchange(first, last)  # type: ignore[arg-type]

    return Holding(matches, waits=filter.about_replies, weight=_weight)


def _weight(one: Followed) -> int:
    event = one[0]
    return event.request_size + event.reply_size if type(event) is Exchanged else 0


def _key(event: Exchanged, message: bytes) -> tuple[Any, ...]:
    """What a request and its reply have in common: the connection, PID and MID."""
    if len(message) < HEADER_SIZE:
        message = event.request
    return event.client.connection, message[26:28], message[30:32]


def json_lines(found: Iterable[Followed | Trouble], *, secrets: bool) -> Iterator[bytes | Trouble]:
    """The JSON lines of a capture, as our log would have them."""
    sink = JsonLines(Nowhere(), secrets=secrets)
    for one in found:
        yield one if isinstance(one, Trouble) else sink.lines(one[0])
