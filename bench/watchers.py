"""What it costs that somebody looks, by HTTP, at what a server does.

    make bench                                      at its end
    python -m bench.watchers [--requests 20000]

Fifty streams of events that nobody reads, beside a client that is at work: the memory that they take, with a journal
that is full before; and how long requests take without and with them, in turn, at the 99.9th percentile, so that what
else the machine does counts little. Then how long a message takes from the client that sent its request to somebody
who watches.
"""

import argparse
import json
import socket
import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from bench.bench import FAKESMB
from bench.servers import Server, _free_port
from bench.smb1client import Client
from bench.workloads import names

STREAMS: Final = 50
MOST_MIB: Final = 20.0
MOST_DELAY: Final = 5.0
"""Milliseconds."""
MOST_LATE: Final = 300.0
"""Milliseconds from a request to the eyes."""
FULL: Final = 25_000
"""Requests after which the journal is full."""
TURNS: Final = 5
_COMMAND: Final = FAKESMB.partition("=")[2]


@contextmanager
def watching(port: int, number: int) -> Iterator[list[socket.socket]]:
    """So many streams, opened and not read."""
    sockets = []
    try:
        for _ in range(number):
            one = socket.create_connection(("127.0.0.1", port), timeout=10)
            one.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert one.recv(15) == b"HTTP/1.1 200 OK"
            sockets.append(one)
        yield sockets
    finally:
        for one in sockets:
            one.close()


def taken(client: Client, requests: int) -> list[float]:
    """Milliseconds that each of so many requests took."""
    found, name = [], names()
    for _ in range(requests):
        began = time.perf_counter()
        client.query_path(next(name))
        found.append((time.perf_counter() - began) * 1000)
    return found


def late(client: Client, port: int, times: int) -> list[float]:
    """Milliseconds from the beginning of a request until a stream has told of it."""
    found = []
    with watching(port, 1) as (stream,):
        file = stream.makefile("rb")
        for _ in range(times):
            began = time.perf_counter()
            client.query_path("many\\file-00001.txt")
            for line in file:
                if line.startswith(b"data: ") and json.loads(line[6:]).get("event") == "response":
                    break
            found.append((time.perf_counter() - began) * 1000)
            time.sleep(0.03)
    return found


def _rare(figures: Iterable[float]) -> float:
    return statistics.quantiles(figures, n=1000)[-1]


def rows(requests: int) -> Iterator[str]:
    """The table."""
    port = _free_port()
    server = Server("fakesmb", f"{_COMMAND} --web {port}")
    try:
        server.start()
        client = server.client()
        taken(client, FULL)
        before = server.memory_kib()
        alone, beside = [], []
        for _ in range(TURNS):
            alone.append(_rare(taken(client, requests // TURNS)))
            with watching(port, STREAMS):
                beside.append(_rare(taken(client, requests // TURNS)))
                more = (server.memory_kib() - before) / 1024
        delay = statistics.median(one - other for one, other in zip(beside, alone, strict=True))
        yield _row(f"{STREAMS} streams that nobody reads", more, "MiB", MOST_MIB)
        yield _row("what they delay, 99.9th percentile", delay, "ms", MOST_DELAY)
        yield _row("from a request to a watcher, worst of 50", max(late(client, port, 50)), "ms", MOST_LATE)
    finally:
        server.stop()


def _row(name: str, value: float, unit: str, most: float) -> str:
    return f"{name:42}{value:9.2f} {unit:4} at most {most:g}: {'met' if value < most else 'missed'}"


def main() -> None:
    """Prints it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=20_000)
    for row in rows(parser.parse_args().requests):
        print(row)


if __name__ == "__main__":
    main()
