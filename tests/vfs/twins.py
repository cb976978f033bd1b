"""Two names whose 8.3 names come out the same."""

from functools import cache

from fakesmb.vfs.shortnames import short_name


@cache
def twins(before: str = "a rather long name", after: str = ".txt") -> tuple[str, str]:
    """Found among some 50,000 names."""
    seen: dict[str, str] = {}
    number = 0
    while True:
        name = f"{before} {number:X}{after}"
        other = seen.setdefault(short_name(name), name)
        if other != name:
            return other, name
        number += 1
