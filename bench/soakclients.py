"""Clients of `bench.soak`: `python -m bench.soakclients PORT CLIENTS SECONDS RATE SEED`. They report in JSON.

Each has a session, a folder of its own and knows what its files must hold; each answer is held to that. In a round
some send a request each before any reads its answer. Now and then one leaves: as one should, without a word, in
mid-message, or while it waits for something; and comes again.
"""

import json
import os
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from bench.servers import PASSWORD, SHARE, USER
from bench.smb1client import Client, SmbError

ROUND: Final = 10
"""Clients that have a request on its way at once."""
MOST_ERRORS: Final = 20
LEAVES: Final = 1 / 40
"""Part of the rounds after which a client leaves."""
NOT_FOUND: Final = 0xC0000034
LOCKING: Final = 0x24
NT_TRANSACT: Final = 0xA0
MKDIR: Final = 0x00
RENAME: Final = 0x07
DELETE_ON_CLOSE: Final = 0x1040
_FILE_BYTES: Final = 64 << 10
_BIND: Final = bytes.fromhex(
    "05000b03 10000000 4800 0000 01000000 b810 b810 00000000 01 00 0000  0000 0100"
    "c84f324b7016d30112785a47bf6ee188 0300 0000 045d888aeb1cc9119fe808002b104860 02000000"
)
"""A bind to srvsvc."""

Step = Iterator[None]
"""An operation: it yields once its first request is on its way."""


class Wrong(Exception):
    """An answer was not what it had to be."""


class Worker:
    """One client, again and again."""

    def __init__(self, port: int, number: int, dice: Random) -> None:
        self.port, self.number, self.dice = port, number, dice
        self.files: dict[str, bytearray] = {}
        self.counts: Counter[str] = Counter()
        self.folder = f"c{number:04d}"
        self.enter()
        try:
            self.smb.call(MKDIR, b"", b"\4" + f"\\{self.folder}\0".encode("utf-16-le"))
        except SmbError as error:
            if error.status != 0xC0000035:  # STATUS_OBJECT_NAME_COLLISION
                raise

    def enter(self) -> None:
        """Connects and signs in."""
        self.smb = Client("127.0.0.1", self.port, USER, PASSWORD).login().connect(rf"\\127.0.0.1\{SHARE}")
        self.counts["sign-ins"] += 1

    def path(self) -> str:
        """One of a few names in the client's folder."""
        return f"\\{self.folder}\\file {self.dice.randrange(4)}.bin"

    # -- operations ----------------------------------------------------------------------------------------

    def write(self) -> Step:
        """Writes somewhere into a file, and reads it back."""
        path = self.path()
        fid = self.smb.create(path)
        at, data = (
            self.dice.randrange(_FILE_BYTES),
            self.dice.randbytes(self.dice.choice((1, 100, 4096, 16_000))),
        )
        self.smb.send_write(fid, at, data)
        yield
        if self.smb.receive_write() != len(data):
            raise Wrong("a write took less than all")
        held = self.files.setdefault(path, bytearray())
        held.extend(bytes(max(0, at + len(data) - len(held))))
        held[at : at + len(data)] = data
        self.smb.send_read(fid, at, len(data))
        if bytes(self.smb.receive_read()) != data:
            raise Wrong("a read gave what was not written")
        self.smb.close(fid)

    def read(self) -> Step:
        """Reads what must be there, or hears that it is not."""
        path = self.path()
        try:
            fid = self.smb.create(path, disposition=1)
        except SmbError as error:
            if error.status != NOT_FOUND or path in self.files:
                raise
            return
        if path not in self.files:
            raise Wrong("a file is there that was deleted")
        held = self.files[path]
        at = self.dice.randrange(max(len(held), 1))
        self.smb.send_read(fid, at, 4096)
        yield
        if bytes(self.smb.receive_read()) != held[at : at + 4096]:
            raise Wrong("a read gave what was not written")
        self.smb.close(fid)

    def delete(self) -> Step:
        """Deletes a file by its last close."""
        path = self.path()
        if path in self.files:
            yield
            self.smb.close(self.smb.create(path, access=0x13019F, disposition=1, options=DELETE_ON_CLOSE))
            del self.files[path]

    def rename(self) -> Step:
        """Renames a file to a name that is free."""
        old, new = self.path(), self.path()
        if old in self.files and new not in self.files:
            names = b"\4" + f"{old}\0".encode("utf-16-le") + b"\4\0" + f"{new}\0".encode("utf-16-le")
            self.smb.send(RENAME, struct.pack("<H", 0x16), names)
            yield
            self.smb.check(self.smb.receive())
            self.files[new] = self.files.pop(old)

    def search(self) -> Step:
        """Lists the folder."""
        yield
        found = self.smb.search(f"\\{self.folder}\\*")
        if found != len(self.files) + 2:
            raise Wrong(f"{found - 2} files are listed of {len(self.files)}")

    def query(self) -> Step:
        """Asks for a file's size."""
        path = self.path()
        if path in self.files:
            yield
            message = bytes(self.smb.query_path(path))
            start = struct.unpack_from("<H", message, 33 + 14)[0]
            size = struct.unpack_from("<Q", message, start + 48)[0]
            if size != len(self.files[path]):
                raise Wrong(f"a size of {size} for {len(self.files[path])} bytes")

    def lock(self) -> Step:
        """Locks a range of its own file, and gives it up."""
        path = self.path()
        if path in self.files:
            fid = self.smb.create(path, disposition=1)
            self.smb.send(LOCKING, *_locking(fid, 0, 1))
            yield
            self.smb.check(self.smb.receive())
            self.smb.call(LOCKING, *_locking(fid, 1, 0))
            self.smb.close(fid)

    def pipe(self) -> Step:
        """Binds to srvsvc."""
        own = self.smb.tid
        self.smb.connect(r"\\127.0.0.1\IPC$")
        fid = self.smb.create("\\srvsvc", disposition=1, options=0)
        self.smb.send_write(fid, 0, _BIND)
        yield
        self.smb.receive_write()
        self.smb.send_read(fid, 0, 4280)
        if bytes(self.smb.receive_read())[2] != 12:  # bind_ack
            raise Wrong("no bind_ack")
        self.smb.close(fid)
        self.smb.call(0x71, b"")
        self.smb.tid = own

    def echo(self) -> Step:
        """ECHO."""
        self.smb.send(0x2B, struct.pack("<H", 1), b"ping")
        yield
        self.smb.check(self.smb.receive())

    # -- ways to leave -------------------------------------------------------------------------------------

    def leave(self) -> None:
        """In one of the ways that clients have, and comes again."""
        way = self.dice.choice(
            (self.properly, self.silently, self.by_reset, self.in_mid_message, self.while_waiting)
        )
        way()
        self.counts[f"left {way.__name__.replace('_', ' ')}"] += 1
        self.enter()

    def properly(self) -> None:
        """Tree disconnect, logoff."""
        self.smb.logoff()

    def silently(self) -> None:
        """With a file open, and locked."""
        path = f"\\{self.folder}\\left.bin"  # of which no operation knows: its lock may outlive the client by a moment
        fid = self.smb.create(path, disposition=3)
        self.files.setdefault(path, bytearray())
        self.smb.call(LOCKING, *_locking(fid, 0, 1))
        self.smb.sock.close()

    def by_reset(self) -> None:
        """As a machine that crashed: with RST, and an answer not read."""
        self.smb.send(0x2B, struct.pack("<H", 1), b"ping" * 4000)
        self.smb.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.smb.sock.close()

    def in_mid_message(self) -> None:
        """After half of a frame."""
        self.smb.sock.sendall(b"\0\0\1\0\xffSMB" + bytes(50))
        self.smb.sock.close()

    def while_waiting(self) -> None:
        """While it waits for a change of its folder."""
        fid = self.smb.create(f"\\{self.folder}", access=0x100001, disposition=1, options=1)
        setup = struct.pack("<IHBB", 0x17, fid, 1, 0)
        words = struct.pack("<B2xIIIIIIIIBH", 0, 0, 0, 32, 0, 0, 0, 0, 0, len(setup) // 2, 4) + setup
        self.smb.send(NT_TRANSACT, words)
        self.smb.sock.close()


def _locking(fid: int, unlocks: int, locks: int) -> tuple[bytes, bytes]:
    words = struct.pack("<BBHHBBIHH", 0xFF, 0, 0, fid, 0x10, 0, 0, unlocks, locks)
    return words, struct.pack("<HHIIII", 0x1234, 0, 0, 100, 0, 10)


OPERATIONS: Final[tuple[Callable[[Worker], Step], ...]] = (
    Worker.write, Worker.write, Worker.read, Worker.read, Worker.query, Worker.query, Worker.search, Worker.rename,
    Worker.delete, Worker.lock, Worker.echo, Worker.echo, Worker.pipe,
)  # fmt: skip


def main(port: int, clients: int, seconds: float, rate: float, seed: int) -> None:
    """Works for so long, each client `rate` times a second. The server and the probe come first."""
    os.nice(10)
    dice = Random(seed)
    workers = [Worker(port, seed * 10_000 + number, dice) for number in range(clients)]
    print("ready", flush=True)
    counts: Counter[str] = Counter()
    errors: list[str] = []
    began, rounds = time.monotonic(), 0
    while (now := time.monotonic()) < began + seconds and len(errors) < MOST_ERRORS:
        due = began + rounds * min(ROUND, clients) / (clients * rate)
        if due > now:
            time.sleep(due - now)
        rounds += 1
        under_way: list[tuple[Worker, str, Step]] = []
        for worker in dice.sample(workers, min(ROUND, clients)):
            operation = dice.choice(OPERATIONS)
            step = operation(worker)
            if _went_on(worker, operation.__name__, step, errors):
                under_way.append((worker, operation.__name__, step))
            counts[operation.__name__] += 1
        for worker, name, step in under_way:
            _went_on(worker, name, step, errors)
            if dice.random() < LEAVES:
                _went_on(worker, "leave", iter(_left(worker)), errors)
    for worker in workers:
        counts.update(worker.counts)
        worker.smb.sock.close()
    print(json.dumps({"counts": counts, "errors": errors}))


def _left(worker: Worker) -> Step:
    worker.leave()
    yield


def _went_on(worker: Worker, name: str, step: Step, errors: list[str]) -> bool:
    """Goes on with an operation; False where it has ended. What goes wrong is noted, and the client begins anew."""
    try:
        next(step)
    except StopIteration:
        return False
    except (OSError, SmbError, Wrong) as error:
        errors.append(f"client {worker.number}: {name}: {type(error).__name__}: {error}")
        worker.smb.sock.close()
        worker.files.clear()
        worker.folder += "x"
        try:
            worker.enter()
            worker.smb.call(MKDIR, b"", b"\4" + f"\\{worker.folder}\0".encode("utf-16-le"))
        except (OSError, SmbError) as again:
            errors.append(f"client {worker.number}: comes no more: {again}")
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
