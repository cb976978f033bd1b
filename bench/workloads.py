"""What a server is asked to do: each workload takes a server and seconds, and gives one figure."""

import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from bench.servers import BIG_FILE, MANY_FILES, Server

Workload = Callable[[Server, float], float]

CHUNK: Final = 61_440
"""Bytes of one read or write."""
DEPTH: Final = 4
"""Reads or writes in flight."""
CLIENTS: Final = 4
"""Processes that ask at once."""
IDLE_SESSIONS: Final = 200
PAYLOAD: Final = os.urandom(CHUNK)


def rate(action: Callable[[], object], seconds: float) -> float:
    """How often a second `action` can be done, after it was done once."""
    action()
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        action()
        count += 1
    return count / (time.perf_counter() - began)


def names(start: int = 42) -> Iterator[str]:
    """The files of `many`, scattered, for ever: no two requests in a row are alike."""
    while True:
        yield f"\\many\\file-{start % MANY_FILES:05d}.txt"
        start += 733


def sessions(server: Server, seconds: float) -> float:
    """Connect, sign in, connect to the share, sign off."""
    return rate(lambda: server.client().logoff(), seconds)


def echo(server: Server, seconds: float) -> float:
    """SMB_COM_ECHO."""
    client = server.client()
    return rate(client.echo, seconds)


def query_path(server: Server, seconds: float) -> float:
    """TRANS2_QUERY_PATH_INFORMATION, all information."""
    return _query_paths(server, names(), seconds)


def _query_paths(server: Server, name: Iterator[str], seconds: float) -> float:
    client = server.client()
    return rate(lambda: client.query_path(next(name)), seconds)


def open_close(server: Server, seconds: float) -> float:
    """NT_CREATE_ANDX of a file that exists, and CLOSE."""
    client, name = server.client(), names()
    return rate(lambda: client.close(client.create(next(name))), seconds)


def create_delete(server: Server, seconds: float) -> float:
    """NT_CREATE_ANDX of a new file, CLOSE, DELETE."""
    client, number = server.client(), itertools.count()

    def action() -> None:
        name = f"\\new-{next(number)}.txt"
        client.close(client.create(name))
        client.delete(name)

    return rate(action, seconds)


def search(server: Server, seconds: float) -> float:
    """Entries of a directory listed by FIND_FIRST2 and FIND_NEXT2."""
    client = server.client()
    return MANY_FILES * rate(lambda: client.search("\\many\\*"), seconds)


def read(server: Server, seconds: float) -> float:
    """READ_ANDX in order, MB/s."""
    client = server.client()
    fid = client.create("\\big.bin", disposition=1)
    return _stream(
        lambda offset: client.send_read(fid, offset, CHUNK), lambda: len(client.receive_read()), seconds
    )


def write(server: Server, seconds: float) -> float:
    """WRITE_ANDX in order, MB/s."""
    client = server.client()
    fid = client.create("\\written.bin", disposition=5)
    return _stream(lambda offset: client.send_write(fid, offset, PAYLOAD), client.receive_write, seconds)


def _stream(send: Callable[[int], None], receive: Callable[[], int], seconds: float) -> float:
    """Keeps DEPTH requests in flight over a file of BIG_FILE bytes, wrapping around; MB/s."""
    began, done, offset, flying = time.perf_counter(), 0, 0, 0
    while True:
        over = time.perf_counter() - began > seconds
        while flying < DEPTH and not over:
            send(offset)
            offset = (offset + CHUNK) % (BIG_FILE - CHUNK)
            flying += 1
        if not flying:
            return done / (time.perf_counter() - began) / 1e6
        done += receive()
        flying -= 1


def fanout(server: Server, seconds: float) -> float:
    """Path queries a second from four client processes at once."""
    readers = []
    for child in range(CLIENTS):
        reader, writer = os.pipe()
        if not os.fork():
            code = 1
            try:
                os.write(writer, b"%f" % _query_paths(server, names(child * 500), seconds))
                code = 0
            finally:
                os._exit(code)
        os.close(writer)
        readers.append(reader)
    total = 0.0
    for reader in readers:
        with os.fdopen(reader) as source:
            total += float(source.read() or "nan")
        os.wait()
    return total


def idle_kib(server: Server, _seconds: float) -> float:
    """KiB of private memory of the server for each idle session that is connected to the share."""
    before = server.memory_kib()
    clients = [server.client() for _ in range(IDLE_SESSIONS)]
    per_session = (server.memory_kib() - before) / len(clients)
    for client in clients:
        client.sock.close()
    return per_session


STARTUP: Final = "start-up s"
WORKLOADS: Final[Mapping[str, Workload]] = {
    "sessions/s": sessions,
    "echo/s": echo,
    "query_path/s": query_path,
    "open+close/s": open_close,
    "create+delete/s": create_delete,
    "listed entries/s": search,
    "read MB/s": read,
    "write MB/s": write,
    "fanout query/s": fanout,
    "idle session KiB": idle_kib,
}
LESS_IS_BETTER: Final = frozenset({"idle session KiB", STARTUP})
