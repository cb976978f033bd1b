"""A server in memory with one share, and a client that is signed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakesmb.faults.fault import Faults
from fakesmb.testing import Client, InMemoryServer

DATA = b"0123456789" * 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_bytes(DATA)
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "b.bak").write_bytes(b"old")
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[InMemoryServer]:
    server = InMemoryServer({"in": folder, "other": folder})
    yield server
    assert server.problems == []
    server.server.faults.clear()
    for connection in tuple(server.server.connections.values()):
        connection.lost("the test ends")
    server.settle()
    assert server.clock.getDelayedCalls() == []


@pytest.fixture
def faults(server: InMemoryServer) -> Faults:
    return server.server.faults


@pytest.fixture
def client(server: InMemoryServer) -> Client:
    return server.client().sign_in().connect("in")
