"""What rules may name of their server."""

from collections.abc import Collection
from typing import NamedTuple


class Known(NamedTuple):
    """What there is."""

    shares: Collection[str]
    users: Collection[str] | None
    """None where anybody may sign in under any name."""
    signs: bool
    """Whether the server signs for clients that want it."""
    connected: int = 0
    """How many clients have connected so far."""
    live: Collection[int] = ()
    """The numbers of those that are there."""
