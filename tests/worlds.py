"""Worlds for tests: time that stands still and entropy that repeats."""

from fakesmb.world import Turn, World


class StillWorld(World):
    """It is always the same moment (POSIX seconds), and what nobody can guess is 1, 2, 3, ..."""

    def __init__(self, seconds: float = 1_086_000_000.0) -> None:
        self.seconds = seconds
        self.turn = Turn()

    def now(self) -> float:
        return self.seconds

    def now_ns(self) -> int:
        return int(self.seconds * 1_000_000_000)

    def entropy(self, size: int) -> bytes:
        return bytes(number % 256 for number in range(1, size + 1))
