"""What a rule does."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from fakesmb.faults.asked import Asked
from fakesmb.nt.status import Dos

When = Literal["before", "mid-response", "after"]


class Refusal(NamedTuple):
    """The status that a request fails with."""

    status: int
    dos: Dos | None = None


class Corruption(NamedTuple):
    """Bits that are changed in a reply: of the byte at an offset from the header's start, or of a field."""

    offset: int | None
    """Negative: from the end."""
    field: str
    xor: int


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """All that is done to one request, its answer or its disk."""

    fail: Refusal | None = None
    delay: float = 0.0
    """Seconds before anything else."""
    hang: bool = False
    drop: When | None = None
    """When the connection ends: in place of the answer, in the middle of it, behind it."""
    reset: bool = False
    """The connection ends by a TCP RST."""
    trickle: int = 0
    """Bytes of the answer that leave in a second."""
    split: tuple[int, ...] = ()
    """Sizes of the pieces that the answer leaves in, its frame's length included; the rest is the last piece."""
    corrupt: Corruption | None = None
    bad_signature: bool = False
    short_read: int | None = None
    """Bytes that a read gives at most."""
    io_error: bool = False
    slow_disk: float = 0.0
    """Seconds that a request which needs the disk waits for it."""
    flush_fails: bool = False
    disk_full_after: int | None = None
    """Bytes that can be written to a share, from then on."""
    call: Callable[[Asked], object] | None = None

    @property
    def changes_reply(self) -> bool:
        """Whether it does something to the bytes of an answer."""
        return bool(
            self.drop in ("mid-response", "after")
            or self.trickle
            or self.split
            or self.corrupt
            or self.bad_signature
        )

    @property
    def breaks_disk(self) -> bool:
        """Whether it acts where a request reaches the disk, if it does."""
        return (
            self.io_error
            or self.flush_fails
            or self.short_read is not None
            or self.disk_full_after is not None
        )

    @property
    def only_fills(self) -> bool:
        """Whether it lets a disk become full, and does nothing else."""
        return self == Action(disk_full_after=self.disk_full_after)

    @property
    def needs_occasion(self) -> bool:
        """Whether it does nothing but what some requests give no occasion for: they reach no disk, or have
        no answer, or none with the field."""
        ends = self.drop == "before" or (self.reset and self.drop is None)
        at_once = (self.fail, self.delay, self.hang, ends, self.call)
        return not any(at_once)

    @property
    def instead(self) -> bool:
        """Whether the request is not done: it is refused, or its connection ends before."""
        return self.fail is not None or self.drop == "before" or (self.reset and self.drop is None)
