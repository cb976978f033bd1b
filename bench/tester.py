"""What a tester waits for, and what is paid for what tests ask of a server.

    make bench                                      after the comparison with Samba
    python -m bench.tester [--turns 9] [--only echo/s]

First milliseconds, medians and in brackets the worst: entering and leaving `with FakeSMB(...)`, and `reset()` of a
share with 3 and with 10,000 files. Then lines of `bench.bench`, of servers that are measured in turn, for a short
while each: without a journal; with one; with one and a fault armed for another command. Beside the medians stand
ratios to the figure before, the medians of those of each turn: below 1, the part that is left.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bench.bench import FAKESMB
from bench.servers import Server, wait_until_quiet
from bench.workloads import LESS_IS_BETTER, WORKLOADS, Workload

FEW, MANY = 3, 10_000
"""Files of the share that is reset."""
ARMED: Final = Path(__file__).with_name("armed.toml")
WITHOUT, WITH, FAULT = "no journal", "journal", "fault armed"
_COMMAND: Final = FAKESMB.partition("=")[2]
SERVERS: Final = {
    WITHOUT: f"{_COMMAND} --journal 0",
    WITH: _COMMAND,
    FAULT: f"{_COMMAND} --config {ARMED}",
}


class Bound(NamedTuple):
    """Milliseconds that something may take."""

    name: str
    most: float


ENTER, LEAVE, RESET_FEW, RESET_MANY = BOUNDS = (
    Bound("enter", 10),
    Bound("leave", 10),
    Bound(f"reset, {FEW} files", 5),
    Bound(f"reset, {MANY:,} files", 5),
)
RATES: Final = tuple(line for line in WORKLOADS if line not in LESS_IS_BETTER)
"""Lines of which more is better: the memory of a session is no cost of its requests, and the journal is memory."""
LEAST_WITH_JOURNAL: Final = 0.9
LEAST_ARMED: Final = 0.98


def main() -> None:
    """Prints both tables."""
    options = _arguments()
    for row in waits(options.times):
        print(row)
    chosen = {line: WORKLOADS[line] for line in options.only or RATES}
    for row in costs(_measured(chosen, options.turns, options.seconds)):
        print(row)


def waits(times: int) -> Iterable[str]:
    """The rows of the first table."""
    for bound, figures in zip(
        BOUNDS, (*_entering_and_leaving(times), _resets(FEW, times), _resets(MANY, times // 3)), strict=True
    ):
        median, worst = statistics.median(figures) * 1000, max(figures) * 1000
        met = "met" if median < bound.most else "missed"
        yield f"{bound.name:24}{median:8.2f} ms ({worst:.2f})  at most {bound.most:g}: {met}"


def _entering_and_leaving(times: int) -> tuple[list[float], list[float]]:
    from fakesmb import FakeSMB

    entering, leaving = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            began = time.perf_counter()
            with FakeSMB({"public": folder}, users={"alice": "Secret123"}):
                entered = time.perf_counter()
            entering.append(entered - began)
            leaving.append(time.perf_counter() - entered)
    return entering, leaving


def _resets(files: int, times: int) -> list[float]:
    """Each after so many files were changed, and once the copy for it is ready, as after a test that took a while."""
    from fakesmb import FakeSMB

    taken = []
    with FakeSMB({"in": {f"f{number}.txt": b"x" for number in range(files)}}) as smb:
        for _ in range(max(3, times)):
            smb.share("in").write("new.txt", b"y")
            smb.wait_for_spare()
            began = time.perf_counter()
            smb.reset()
            taken.append(time.perf_counter() - began)
    return taken


Runs = Mapping[str, Mapping[str, Sequence[float]]]
"""Figures by server and line, one for each turn."""


def _measured(chosen: Mapping[str, Workload], turns: int, seconds: float) -> Runs:
    servers = [Server(name, command) for name, command in SERVERS.items()]
    runs: dict[str, dict[str, list[float]]] = {one.name: {line: [] for line in chosen} for one in servers}
    try:
        for server in servers:
            server.start()
        for line, work in chosen.items():
            for turn in range(turns):
                for server in _in_turn(servers, turn):
                    wait_until_quiet(servers)
                    runs[server.name][line].append(work(server, seconds))
    finally:
        for server in servers:
            server.stop()
    return runs


def _in_turn(servers: Sequence[Server], turn: int) -> Iterator[Server]:
    """Each time another one first."""
    for index in range(len(servers)):
        yield servers[(index + turn) % len(servers)]


def costs(runs: Runs) -> Iterable[str]:
    """The rows of the second table."""
    yield f"{'':18}{WITHOUT:>14}{WITH:>14}{'ratio':>8}{FAULT:>14}{'ratio':>8}"
    for line, without in runs[WITHOUT].items():
        journal, armed = runs[WITH][line], runs[FAULT][line]
        kept, left = _ratio(journal, without), _ratio(armed, journal)
        met = "met" if kept >= LEAST_WITH_JOURNAL and left >= LEAST_ARMED else "missed"
        row = f"{line:18}{statistics.median(without):14.5g}{statistics.median(journal):14.5g}{kept:8.2f}"
        yield f"{row}{statistics.median(armed):14.5g}{left:8.2f}  {met}"


def _ratio(figures: Sequence[float], bases: Sequence[float]) -> float:
    return statistics.median(figure / base for figure, base in zip(figures, bases, strict=True))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=50, help="of entering, leaving and resetting")
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="per workload and turn")
    parser.add_argument("--only", action="append", choices=sorted(RATES))
    return parser.parse_args(sys.argv[1:])


if __name__ == "__main__":
    main()
