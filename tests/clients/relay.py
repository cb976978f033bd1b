"""What is on the wire between a client and a server: a relay that keeps it."""

import socket
import threading
from contextlib import suppress
from typing import Any, Final

LONG: Final = 20.0
"""Seconds that anything may take here."""


class Relay:
    """Listens on a port of its own, passes everything on, and keeps it by connection: what was sent, what came back."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.said: list[tuple[bytearray, bytearray]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, target: Any, *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to), LONG)
                both = bytearray(), bytearray()
                self.said.append(both)
                self._start(self._pass_on, client, server, both[0])
                self._start(self._pass_on, server, client, both[1])

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                kept += data
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def end(self) -> list[tuple[bytes, bytes]]:
        """What was said, once all have hung up."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(LONG)
        return [(bytes(asked), bytes(answered)) for asked, answered in self.said]
