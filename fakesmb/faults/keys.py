"""The keys of a rule with their types: what `inject` takes. docs/faults.md says what each means."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from fakesmb.faults.asked import Asked


class FaultKeys(TypedDict, total=False):
    """Which requests, which of them, and what happens to them."""

    name: str
    on: Literal["request", "connect"]
    command: "str | int | Sequence[str | int]"
    subcommand: str | int
    level: str | int
    path: str
    share: str
    user: str
    connection: int
    peer: str
    nth: "int | Sequence[int]"
    skip: int
    every: int
    times: int
    per: Literal["server", "connection", "path"]
    chance: float
    seed: int
    fail: "str | int | tuple[str | int, str | int]"
    delay: float
    hang: bool
    drop: Literal["before", "mid-response", "after"]
    reset: bool
    trickle: int
    split: "int | Sequence[int]"
    corrupt: "int | str | Mapping[str, Any]"
    bad_signature: bool
    short_read: int
    io_error: bool
    slow_disk: float
    flush_fails: bool
    disk_full_after: int
    call: Callable[[Asked], object]
