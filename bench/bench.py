"""Measures SMB1 servers side by side, in one run, with one client.

    make bench                              Samba, impacket and the fakesmb of this tree
    make bench ARGS='--rounds 5'
    python -m bench.bench --server 'NAME=COMMAND' --server ...

Each command is started on a free loopback port ({port}) over its own fresh directory ({root}), must offer the share
`BENCH` there to the user `bench` with the password `Bench123`, and is ended afterwards. The workloads are run server by
server in turn, --rounds times, each once all servers are quiet (one may still be writing its log). The table shows each
server's median and, in brackets, its ratio to the first server named (above 1: the first one is better). Absolute
figures do not carry over from machine to machine; the ratios of one run do. Where a `samba` and a `fakesmb` are among
them, the last column says how fakesmb does beside Samba, and which floor and goal (bench/floors.py) that meets.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.floors import verdict
from bench.servers import Server, ServerFailed, wait_until_quiet
from bench.workloads import LESS_IS_BETTER, STARTUP, WORKLOADS

PEERS: Final = Path(__file__).parent / "peers"
SAMBA: Final = f"samba={PEERS}/samba.sh {{port}} {{root}}"
IMPACKET: Final = f"impacket={PEERS}/impacket.sh {{port}} {{root}}"
FAKESMB: Final = (
    "fakesmb={python} -m fakesmb serve --port {port} --share BENCH={root} --user bench:Bench123"
    " --log none --log-file {root}.jsonl"
)

Figures = Mapping[str, Mapping[str, float]]
"""Medians by server and line."""


def main() -> None:
    """Measures what the arguments ask for."""
    options = _arguments()
    named = options.server or _here()
    servers = [Server(*text.split("=", 1)) for text in named]
    chosen = {name: work for name, work in WORKLOADS.items() if not options.only or name in options.only}
    runs: dict[str, dict[str, list[float]]] = {
        server.name: {line: [] for line in (STARTUP, *chosen)} for server in servers
    }
    try:
        for server in servers:
            try:
                server.start()
            except ServerFailed as error:
                raise SystemExit(f"{server.name}: {error}") from None
            runs[server.name][STARTUP].append(server.startup)
        for _ in range(options.rounds):
            for line, work in chosen.items():
                for server in servers:
                    wait_until_quiet(servers)
                    try:
                        figure = work(server, options.seconds)
                    except Exception as error:  # a server that cannot do it; the others can
                        figure = float("nan")
                        print(f"{server.name}: {line}: {error!r}", file=sys.stderr)
                    runs[server.name][line].append(figure)
    finally:
        for server in servers:
            server.stop()
    medians = {
        name: {line: statistics.median(figures) for line, figures in lines.items()}
        for name, lines in runs.items()
    }
    for row in table(medians):
        print(row)
    if options.json:
        options.json.write_text(json.dumps({"medians": medians, "runs": runs}, indent=1))


def table(medians: Figures) -> Iterable[str]:
    """The rows of the table; ratios to the first server, and what floors and goals say."""
    names = list(medians)
    first = medians[names[0]]
    judged = {"samba", "fakesmb"} <= set(names)
    yield f"{'':18}" + "".join(f"{name:>22}" for name in names) + "  fakesmb beside samba" * judged
    for line, base in first.items():
        row = f"{line:18}"
        for name in names:
            value = medians[name][line]
            ratio = _ratio(line, base, value)
            row += f"{value:13.4g}" + (" " * 9 if name == names[0] else f" ({ratio:.2f}x)".ljust(9))
        if judged:
            row += f"  {verdict(line, medians['samba'][line], medians['fakesmb'][line])}"
        yield row.rstrip()


def _ratio(line: str, base: float, value: float) -> float:
    """Above 1: `base` is better."""
    if line in LESS_IS_BETTER:
        return value / base if base else float("nan")
    return base / value if value else float("nan")


def _here() -> Sequence[str]:
    """Samba, where it is installed and may be started, impacket, and the fakesmb of this tree."""
    if shutil.which("smbd", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        print("without Samba: smbd is not installed", file=sys.stderr)
    elif os.geteuid():
        print("without Samba: only root can start smbd for a user of its own", file=sys.stderr)
    else:
        return SAMBA, IMPACKET, FAKESMB
    return IMPACKET, FAKESMB


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--server", action="append", metavar="NAME=COMMAND")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="per workload and round")
    parser.add_argument("--only", action="append", choices=sorted(WORKLOADS))
    parser.add_argument("--json", type=Path, help="write medians and runs to this file, too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
