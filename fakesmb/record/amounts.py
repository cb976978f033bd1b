"""How often something is expected: exactly, at least, at most."""

from typing import NamedTuple


class Amount(NamedTuple):
    """From `least` to `most`; None: any number."""

    least: int
    most: int | None

    def holds(self, found: int) -> bool:
        """Whether so many are as many as expected."""
        return found >= self.least and (self.most is None or found <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        if self.least == self.most:
            return f"exactly {self.least}" if self.least else "no"
        return f"{self.least} to {self.most}" if self.least else f"at most {self.most}"


def amount(count: int | None, at_least: int | None, at_most: int | None) -> Amount:
    """What the three say together; without any, at least one.

    Raises TypeError for what is no whole number, ValueError for a negative one and where they contradict each other.
    """
    for name, value in (("count", count), ("at_least", at_least), ("at_most", at_most)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} is a whole number, not {value!r}")
        if value < 0:
            raise ValueError(f"{name} is a whole number from 0 on, not {value}")
    if count is not None:
        if at_least is not None or at_most is not None:
            raise ValueError("count says exactly how many: it goes with neither at_least nor at_most")
        return Amount(count, count)
    if at_least is not None and at_most is not None and at_least > at_most:
        raise ValueError(f"at_least={at_least} and at_most={at_most} contradict each other")
    if at_least is None:
        return Amount(1, None) if at_most is None else Amount(0, at_most)
    return Amount(at_least, at_most)


def seconds(name: str, value: float) -> float:
    """A time to wait; raises TypeError for what is no number, ValueError for a negative one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number of seconds, not {value!r}")
    if not value >= 0:
        raise ValueError(f"{name} is a number of seconds from 0 on, not {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} is a number of seconds, not one of {len(str(value))} digits") from None
