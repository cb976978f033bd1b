"""What a server costs before its first client: in a process of its own, and in the one that tests it.

    python -m bench.startup [--times 50]

Milliseconds, medians: `fakesmb serve` from the start of its process to the first signed-in session; `import FakeSMB` in
a new process; entering `with FakeSMB(...)` the first time in a process, entering it again, and leaving it.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable

from bench.bench import FAKESMB
from bench.servers import TREE, Server

FIRST = """
import time
began = time.perf_counter()
from fakesmb import FakeSMB
imported = time.perf_counter()
with FakeSMB(shares={"public": "/tmp"}, users={"alice": "Secret123"}):
    print(imported - began, time.perf_counter() - imported)
"""


def main() -> None:
    """Prints one line for each figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=50)
    times = parser.parse_args().times
    entering, leaving = _in_process(times)
    importing, first = zip(*(_first_in_a_process() for _ in range(times)), strict=True)
    for name, figures in (
        ("serve", [_serve() for _ in range(times)]),
        ("import", importing),
        ("enter first", first),
        ("enter", entering),
        ("leave", leaving),
    ):
        print(f"{name:12}{_milliseconds(figures):8.2f}")


def _serve() -> float:
    server = Server(*FAKESMB.split("=", 1))
    try:
        server.start(many_files=1, big_file=0)
    finally:
        server.stop()
    return server.startup


def _first_in_a_process() -> tuple[float, float]:
    words = [sys.executable, "-c", FIRST]
    imported, entered = subprocess.run(words, cwd=TREE, check=True, capture_output=True).stdout.split()
    return float(imported), float(entered)


def _in_process(times: int) -> tuple[list[float], list[float]]:
    from fakesmb import FakeSMB

    entering, leaving = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            began = time.perf_counter()
            with FakeSMB(shares={"public": folder}, users={"alice": "Secret123"}):
                entered = time.perf_counter()
            entering.append(entered - began)
            leaving.append(time.perf_counter() - entered)
    return entering, leaving


def _milliseconds(seconds: Iterable[float]) -> float:
    return statistics.median(seconds) * 1000


if __name__ == "__main__":
    main()
