"""How long a server keeps a client waiting: ECHOes on a connection of their own, one every 10 ms, during an attack.

with EchoProbe(port) as probe:
    ... the attack, over other connections ...
probe.longest    # seconds
"""

import contextlib
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

EVERY_SECONDS = 0.01


class EchoProbe:
    """Measures from a process of its own, so that what the test does meanwhile does not count."""

    longest = 0.0
    """Seconds from an ECHO to its answer, at most."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __enter__(self) -> Self:
        words = [sys.executable, "-m", "tests.echo_probe", str(self._port)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            told, _ = self._process.communicate(timeout=30)
            self.longest = float(told)
        finally:
            self._process.kill()


def main(port: int) -> None:
    """Sends ECHOes until standard input ends, then prints the longest wait."""
    import select

    from fakesmb.wire.session import EchoRequest, EchoResponse
    from tests.clients.load import SocketClient

    client = SocketClient(port)
    client.sign_in(vc_number=7)
    client.call(0x2B, EchoRequest(1, b"?"), EchoResponse)
    print("ready", flush=True)
    longest = 0.0
    while not select.select([sys.stdin], [], [], EVERY_SECONDS)[0]:
        began = time.perf_counter()
        client.call(0x2B, EchoRequest(1, b"?"), EchoResponse)
        longest = max(longest, time.perf_counter() - began)
    print(longest)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main(int(sys.argv[1]))
