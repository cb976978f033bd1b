"""A server in memory over folders of the test's own, and what checks that nothing goes wrong in silence or leaks."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from twisted.python import log

from fakesmb.core.settings import Settings
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.world import World
from tests.core.folders import MONDAY_NS, make_folders
from tests.core.recorder import Recording

settings.register_profile("fakesmb-ci", settings.get_profile("fakesmb"), derandomize=True, database=None)
if os.environ.get("CI") or "HYPOTHESIS_PROFILE" not in os.environ:
    settings.load_profile("fakesmb-ci")

Make = Callable[..., InMemoryServer]


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """FILETIMEs that the server tells of itself stand still."""
    monkeypatch.setattr(World, "now_ns", lambda world: MONDAY_NS)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """The folders of three shares, as `make_folders` makes them."""
    return make_folders(tmp_path)


@pytest.fixture
def recording(
    request: pytest.FixtureRequest, unsigned: Settings, monkeypatch: pytest.MonkeyPatch
) -> Recording | None:
    """Where `--record` is given: what writes the test's conversation."""
    path: Path | None = request.config.getoption("--record")
    if path is None:
        return None
    request.getfixturevalue("frozen")
    return Recording(path, request.node.nodeid, unsigned, monkeypatch)


@pytest.fixture
def make(
    folders: dict[str, Path], tmp_path: Path, recording: Recording | None, unsigned: Settings
) -> Iterator[Make]:
    """Makes servers over the folders. At the end all clients leave, and nothing may be left or have gone wrong."""
    unhandled: list[dict[str, object]] = []
    log.addObserver(unhandled.append)
    servers: list[InMemoryServer] = []

    def one(**options: Any) -> InMemoryServer:
        options = {"read_only": ["docs"]} | options
        server = recording.server(folders, options) if recording else InMemoryServer(folders, **options)
        servers.append(server)
        return server

    def again() -> InMemoryServer:
        base = tmp_path / f"again{len(servers)}"
        base.mkdir()
        servers.append(server := InMemoryServer(make_folders(base), read_only=["docs"], settings=unsigned))
        return server

    yield one
    if recording:
        recording.end(again)
    for server in servers:
        check_end(server)
    log.removeObserver(unhandled.append)
    assert [event for event in unhandled if event.get("isError")] == []
    assert files_open_below(tmp_path) == []


def check_end(server: InMemoryServer) -> None:
    """All clients leave: nothing is open, nothing waits, no bug was contained."""
    for connection in list(server.server.connections.values()):
        connection.lost("the test is over")
        assert not connection.pending
        assert not connection.lock_waits
    assert [problem.text + problem.traceback for problem in server.problems] == []
    assert len(server.open_files) == 0
    assert not server.open_files.by_key
    assert server.clock.getDelayedCalls() == []
    assert server.server.connections == {}
    for share in server.server.shares.values():
        if share.store is not None and hasattr(share.store, "shutdown"):
            share.store.shutdown()


def files_open_below(folder: Path) -> list[str]:
    """What the process has open in a folder."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/self/fd/{name}"))
    return [path for path in found if path.startswith(str(folder))]


@pytest.fixture
def server(make: Make) -> InMemoryServer:
    """One server with its defaults, and fixed challenge and GUID."""
    return make()


@pytest.fixture
def client(server: InMemoryServer) -> Client:
    """A client on the public share."""
    return server.client().sign_in().connect("public")


@pytest.fixture
def other(server: InMemoryServer) -> Client:
    """A second client on the public share."""
    return server.client("127.0.0.1:50001").sign_in().connect("public")


@pytest.fixture
def unsigned() -> Settings:
    """Settings of the transcripts: fixed challenge and GUID, no signing."""
    return Settings(challenge=CHALLENGE, guid=GUID, signing="off")
