"""What fakesmb has to reach beside Samba in one run, line by line."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from bench.workloads import STARTUP


class Target(NamedTuple):
    """The least that is accepted, and what is aimed at: ratios to Samba (above 1: ahead of it), start-up in seconds."""

    floor: float
    goal: float


TARGETS: Final[Mapping[str, Target]] = {
    STARTUP: Target(0.30, 0.22),
    "sessions/s": Target(4, 6),
    "echo/s": Target(0.85, 1),
    "query_path/s": Target(0.7, 1),
    "open+close/s": Target(0.8, 1),
    "create+delete/s": Target(1, 1.2),
    "listed entries/s": Target(1, 1.5),
    "read MB/s": Target(1.05, 1.5),
    "write MB/s": Target(1.05, 1.5),
    "fanout query/s": Target(0.6, 1),
}


def verdict(line: str, samba: float, fakesmb: float) -> str:
    """`0.91 (floor 0.85: met, goal 1: missed)`; nothing for a line without a floor."""
    target = TARGETS.get(line)
    if target is None or samba != samba or fakesmb != fakesmb:  # a figure that is missing is not a number
        return ""
    if line == STARTUP:
        floor, goal = fakesmb <= target.floor, fakesmb <= target.goal
        reached = f"{fakesmb:.2f} s"
    else:
        ratio = fakesmb / samba
        floor, goal = ratio >= target.floor, ratio >= target.goal
        reached = f"{ratio:.2f}"
    return f"{reached} (floor {target.floor:g}: {_met(floor)}, goal {target.goal:g}: {_met(goal)})"


def _met(reached: bool) -> str:
    return "met" if reached else "missed"
