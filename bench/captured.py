"""What a capture costs: two servers side by side, one of them with `--pcap --snap 4096`, asked in turns.

    python -m bench.captured [--rounds 9] [--seconds 0.5]

Each pair of turns gives a ratio; the table shows the medians of both figures and of the ratios, and the most that a
capture may cost. Both servers are quiet before each turn: the process that makes the packets goes on after one has
ended.
"""

import argparse
import statistics
from typing import Final

from bench.servers import Server, wait_until_quiet
from bench.workloads import WORKLOADS

PLAIN: Final = "{python} -m fakesmb serve --port {port} --share BENCH={root} --user bench:Bench123 --log none"
CAPTURED: Final = f"{PLAIN} --pcap {{root}}.pcapng --snap 4096"
MOST: Final = {
    "echo/s": 1.25,
    "query_path/s": 1.25,
    "open+close/s": 1.25,
    "create+delete/s": 1.25,
    "read MB/s": 1.40,
    "write MB/s": 1.40,
}
"""How many times slower a line may be with a capture."""


def main() -> None:
    """Measures, and says what is met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each turn")
    options = parser.parse_args()
    servers = [Server("plain", PLAIN), Server("captured", CAPTURED)]
    try:
        for server in servers:
            server.start()
        print(f"{'':18}{'plain':>12}{'captured':>12}{'ratio':>8}{'most':>8}")
        for line in MOST:
            print(row(line, turns(servers, line, options.rounds, options.seconds)))
    finally:
        for server in servers:
            server.stop()


def turns(servers: list[Server], line: str, rounds: int, seconds: float) -> list[tuple[float, float]]:
    """What both can do, round by round; the one that begins changes."""
    found = []
    for number in range(rounds):
        figures: dict[str, float] = {}
        for server in servers if number % 2 else servers[::-1]:
            wait_until_quiet(servers)
            figures[server.name] = WORKLOADS[line](server, seconds)
        found.append((figures["plain"], figures["captured"]))
    return found


def row(line: str, pairs: list[tuple[float, float]]) -> str:
    """A line of the table."""
    plain, captured = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    met = "" if ratio <= MOST[line] else "  too slow"
    return f"{line:18}{plain:12.4g}{captured:12.4g}{ratio:8.2f}{MOST[line]:8.2f}{met}"


if __name__ == "__main__":
    main()
