"""Captures that a program asks for: what `smb.capture(path)` gives."""

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Final, Literal, Self, TypeVar

from fakesmb.capture.files import STANDARD, CaptureFile
from fakesmb.capture.hearing import Hearing, Taker
from fakesmb.capture.maker import Form
from fakesmb.capture.packets import End
from fakesmb.capture.threads import ThreadCapture
from fakesmb.version import __version__

T = TypeVar("T")
Across = Callable[[Callable[[], None]], None]
"""Does something in the thread of the server."""
WrittenPort = Literal["445", "real"]
"""What the server's port is written as."""
REAL: Final = "real"


def _pass_turn() -> None:
    """Nothing, in a turn of the reactor."""


class Capture:
    """A capture under way: `with smb.capture("talk.pcapng"): ...`. When it is closed the file is whole."""

    def __init__(self, captures: Hearing, taker: Taker, path: str, across: Across) -> None:
        self.path = path
        """Of the file."""
        self._captures = captures
        self._taker = taker
        self._across = across

    def close(self) -> None:
        """Ends it: the file has all that came and left until now. Safe to call again."""
        self._across(_pass_turn)  # what a client has sent before is heard in it
        self._across(partial(self._captures.remove, self._taker))
        self._taker.end()

    def __enter__(self) -> Self:
        """It is under way already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends it."""
        self.close()

    def __repr__(self) -> str:
        """With the file."""
        return f"<Capture to {self.path}>"


def form_of(listening: tuple[End, ...], *, snap: int, ports: str, secrets: bool) -> Form:
    """How a capture is written."""
    return Form(application(), listening, snap, ports == REAL, secrets)


def application() -> str:
    """What is said to have written it."""
    return f"fakesmb {__version__}"


def taker_of(
    file: CaptureFile,
    path: str,
    *,
    snap: int,
    ports: str,
    secrets: bool,
    apart: bool = False,
    at_end: Callable[[], float] | None = None,
) -> Taker:
    """A capture to a file, which stays as it is until the server listens; with `apart` a process of its own makes it.

    `at_end` says how many seconds the end waits for that process.
    """

    def begins(listening: tuple[End, ...]) -> Form:
        file.begin()
        return form_of(listening, snap=snap, ports=ports, secrets=secrets)

    name = "the capture to standard output" if path == STANDARD else f"the capture {path}"
    if apart:
        from fakesmb.capture.apart import ApartCapture

        return ApartCapture(file, name, begins=begins, snap=snap, at_end=at_end)
    return ThreadCapture(file, name, begins=begins, snap=snap)


class _HandedOver:
    """An output whose bytes go to the thread of the server."""

    def __init__(self, write: Callable[[bytes], None], in_server: Across) -> None:
        self._write = write
        self._in_server = in_server
        self.ended = False

    def put(self, data: bytes) -> None:
        """Hands them over."""
        self._in_server(partial(self._take, data))

    def _take(self, data: bytes) -> None:
        if not self.ended:
            self._write(data)

    def close(self) -> None:
        """Nothing is to be let go of."""


class Subscription:
    """A capture whose bytes somebody takes in the thread of the server, until it is closed."""

    def __init__(
        self,
        captures: Hearing,
        write: Callable[[bytes], None],
        in_server: Across,
        *,
        snap: int,
        ports: WrittenPort,
        secrets: bool,
    ) -> None:
        def begins(listening: tuple[End, ...]) -> Form:
            return form_of(listening, snap=snap, ports=ports, secrets=secrets)

        self._captures = captures
        self._output = _HandedOver(write, in_server)
        self._taker = ThreadCapture(self._output, "a capture that is looked at", begins=begins, snap=snap)
        captures.add(self._taker)

    def finish(self) -> None:
        """Ends it: what there is is written, the last of it in the next turn of the server."""
        self._captures.remove(self._taker)
        self._taker.end()

    def close(self) -> None:
        """Ends it: nothing is written any more. Safe to call again; called in the thread of the server."""
        self._output.ended = True
        self._captures.remove(self._taker)
        self._taker.leave()
