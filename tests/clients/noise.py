"""Bytes that no client sends: random ones, and real requests with something changed in them."""

import contextlib
import socket
import struct
import time
from collections import Counter
from random import Random

from tests.clients.load import enter
from tests.core.real_requests import DOCUMENTED, REQUESTS

WORDS = (b"\xff\xff", b"\0\0", b"\1\0", b"\0\x40", b"\xfe\x7f")


class Noise:
    """One source of noise; `counts` tells what came of it."""

    def __init__(self, port: int, dice: Random) -> None:
        self.port, self.dice = port, dice
        self.counts: Counter[str] = Counter()

    def run(self, end: float) -> None:
        kinds = (self.stream, self.documented, self.conversation, self.conversation, self.conversation)
        while time.monotonic() < end:
            with contextlib.suppress(ConnectionError, TimeoutError):
                self.dice.choice(kinds)()

    def mutated(self, message: bytes) -> bytes:
        """As `test_core_properties.mutations`: bytes set, cut out, put in; now and then several times."""
        dice = self.dice
        for _ in range(dice.choice((0, 1, 1, 2, 5))):
            where = 8 + dice.randrange(max(len(message) - 8, 1))
            kind = dice.randrange(5)
            if kind == 0:
                message = message[:where] + dice.randbytes(1) + message[where + 1 :]
            elif kind == 1:
                message = (
                    message[:where]
                    + dice.choice((b"\xff\xff", b"\0\0", dice.randbytes(2)))
                    + message[where + 2 :]
                )
            elif kind == 2:
                message = message[:where] + message[where + dice.randrange(1, 9) :]
            elif kind == 3:
                message = message[:where] + dice.randbytes(1) * dice.randrange(1, 9) + message[where:]
            else:
                message = message[: max(where, 32)]
        return message

    def raw(self) -> socket.socket:
        self.counts["connections"] += 1
        made = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        made.settimeout(0.2)
        return made

    def drain(self, wire: socket.socket) -> bool:
        """Reads what is there; False where the server has closed."""
        with contextlib.suppress(TimeoutError, BlockingIOError):
            wire.setblocking(False)
            while data := wire.recv(1 << 16):
                self.counts["bytes back"] += len(data)
            return False
        wire.settimeout(5)
        return True

    def stream(self) -> None:
        with self.raw() as wire:
            for _ in range(self.dice.randrange(1, 20)):
                data = self.dice.randbytes(self.dice.choice((1, 4, 40, 300, 3000)))
                if self.dice.random() < 0.7:
                    data = b"\xffSMB" + data
                    data = struct.pack(">I", len(data)) + data
                wire.sendall(data)
                self.counts["random messages"] += 1
            self.drain(wire)

    def documented(self) -> None:
        with self.raw() as wire:
            for message in DOCUMENTED:
                if self.dice.random() < 0.1:
                    message = self.mutated(message)
                wire.sendall(struct.pack(">I", len(message)) + message)
                self.counts["documented messages"] += 1
                if not self.drain(wire):
                    return

    def conversation(self) -> None:
        """A signed-in client goes mad."""
        self.counts["connections"] += 1
        client = enter(self.port)
        wire = client.wire.socket
        try:
            for number in range(self.dice.randrange(1, 60)):
                if self.dice.random() < 0.2:
                    message = client.message(self.dice.randrange(256), mid=number)[:32] + self.dice.randbytes(
                        self.dice.randrange(120)
                    )
                else:
                    command, body = self.dice.choice(REQUESTS)
                    message = client.message(command, body, mid=number)
                message = self.mutated(message)
                wire.sendall(struct.pack(">I", len(message)) + message)
                self.counts["mutated messages"] += 1
                if not self.drain(wire):
                    return
        finally:
            wire.close()
