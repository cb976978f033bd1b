"""How many messages a second `fakesmb show` reads: captures and JSON lines of the same conversation.

    make bench                                  after what testers wait for
    python -m bench.show [--requests 10000]     or of a capture that is there: [FILE ...]

One client opens, asks about, reads and closes files, and lists a folder; the server keeps a capture and its log. The
rate is that of the processor time of one process that shows them as text, the best of several runs.
"""

import argparse
import gc
import io
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.smb1client import Client
from fakesmb import FakeSMB
from fakesmb.show.output import Screen
from fakesmb.show.showing import Wanted, show

GOAL: Final = 20_000
"""Messages a second."""
_RUNS: Final = 5
_FILES: Final = 50


def main() -> None:
    """Prints a line for each file."""
    options = _arguments()
    for row in rates(options.files, options.requests):
        print(row)


def rates(files: "list[str]", requests: int) -> Iterator[str]:
    """A line for each file; without files, of a conversation of about so many requests."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(name) for name in files] or talk(Path(folder), requests)
        for path in paths:
            count, seconds = measured(path.read_bytes(), path.name)
            rate = count / seconds
            verdict = "met" if rate >= GOAL else "missed"
            yield f"show {path.name:24}{count:10,} messages{rate:12,.0f}/s  {verdict}"


def measured(data: bytes, name: str) -> tuple[int, float]:
    """How many lines it has, and the seconds of processor time that they took at best."""
    best, count = float("inf"), 0
    gc.disable()
    try:
        for _ in range(_RUNS):
            shown = io.BytesIO()
            began = time.process_time()
            show(io.BytesIO(data), name, Wanted(), Screen(shown))
            best = min(best, time.process_time() - began)
            count = shown.getvalue().count(b"\n")
    finally:
        gc.enable()
    return count, best


def talk(folder: Path, requests: int) -> "list[Path]":
    """The capture and the log of a conversation."""
    capture, log = folder / "talk.pcapng", folder / "talk.jsonl"
    shares = {"bench": {f"file {number}.txt": b"x" * 4000 for number in range(_FILES)}}
    with FakeSMB(shares, users={"alice": "pw"}, log_file=log, journal=0) as smb, smb.capture(capture):
        client = Client("127.0.0.1", smb.port, "alice", "pw").login().connect("\\\\x\\bench")
        for number in range(requests // 5):
            name = f"\\file {number % _FILES}.txt"
            client.query_path(name)
            fid = client.create(name)
            client.send_read(fid, 0, 4000)
            client.receive_read()
            client.close(fid)
            if not number % _FILES:
                client.search("\\*")
    return [capture, log]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*")
    parser.add_argument("--requests", type=int, default=10_000)
    return parser.parse_args(sys.argv[1:])


if __name__ == "__main__":
    main()
