"""What a server tells a capture, in the order in which it happens: bytes that came and left, and events of its record.

The path of a request only makes these; packets, checksums and comments are made of them elsewhere (`capture.maker`).
"""

import msgspec

from fakesmb.record.ends import How
from fakesmb.record.events import Exchanged, Happening


class Began(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A connection is there from now on."""

    key: int
    """Tells it from all others of this server, of which several may have had the same number."""
    connection: int
    """Its number in the record."""
    time: float
    """POSIX seconds, of the machine's clock; also below."""
    client: tuple[str, int]
    server: tuple[str, int]
    handshake: bool
    """Whether it begins now; else it was there before the capture."""


class Came(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Bytes of the client, however they were cut."""

    key: int
    time: float
    data: bytes
    size: int
    """`data` are the first of so many bytes."""


class Left(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Bytes of the server that left together: a frame, or a piece of one."""

    key: int
    time: float
    data: bytes
    size: int


class HalfClosed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The server sends no more."""

    key: int
    time: float


class Ended(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The connection is over."""

    key: int
    time: float
    how: How


class Missing(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Notes that could not be kept: nobody took them in time."""

    time: float
    count: int
    why: str
    bytes: dict[int, tuple[int, int]]
    """By connection: bytes that came and that left meanwhile."""


class Tick(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A moment has passed: what waits for its event since the last one but one waits no longer."""


Happened = Exchanged | Happening
Note = Began | Came | Left | HalfClosed | Ended | Missing | Tick | Happened
