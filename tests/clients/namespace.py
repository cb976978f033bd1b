"""Two machines of a test's own: network namespaces joined by a cable, where ports below 1024 are free."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

SERVER = "10.77.0.1"
CLIENT = "10.77.0.2"
EVERYBODY = "10.77.0.255"


class Machine:
    """A namespace, held by a process that does nothing else."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo ready; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        self.ready = self._holder.stdout.readline() == b"ready\n"
        self.pid = self._holder.pid

    def inside(self, *words: str) -> list[str]:
        """The words of a command that runs there."""
        return ["nsenter", "--net", f"--target={self.pid}", *words]

    def run(self, *words: str) -> bool:
        """Runs a command there; whether it could."""
        return subprocess.run(self.inside(*words), capture_output=True, check=False).returncode == 0

    def end(self) -> None:
        """Lets go of it."""
        self._holder.communicate()


@contextmanager
def two_machines() -> Iterator[tuple[Machine, Machine]]:
    """A server's and a client's. Skips the test where that is not allowed."""
    missing = [name for name in ("unshare", "nsenter", "ip") if shutil.which(name) is None]
    if os.getuid() or missing:
        pytest.skip(f"network namespaces need root and {', '.join(missing) or 'util-linux'}")
    server, client = Machine(), Machine()
    try:
        cable = (
            "ip",
            "link",
            "add",
            "cable",
            "type",
            "veth",
            "peer",
            "name",
            "socket",
            "netns",
            str(client.pid),
        )
        if not (server.ready and client.ready and server.run(*cable)):
            pytest.skip("network namespaces are not allowed here")
        for machine, end, address in ((server, "cable", SERVER), (client, "socket", CLIENT)):
            assert machine.run("ip", "addr", "add", f"{address}/24", "brd", EVERYBODY, "dev", end)
            assert machine.run("ip", "link", "set", end, "up")
            assert machine.run("ip", "link", "set", "lo", "up")
            assert machine.run("ip", "route", "add", "default", "dev", end)
        yield server, client
    finally:
        server.end()
        client.end()
