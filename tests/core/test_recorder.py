"""The recorder of transcripts: what it writes is played at once, tells both directions, and lasts longer than today."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakesmb.core.settings import Settings
from fakesmb.nt import filetime
from fakesmb.testing import InMemoryServer
from fakesmb.wire.commands import Command
from fakesmb.wire.locking import LockRange
from tests.core import transcript
from tests.core.conftest import check_end
from tests.core.folders import make_folders
from tests.core.recorder import Recording, passing, steady

Again = Callable[[], InMemoryServer]


@pytest.fixture
def again(tmp_path: Path, unsigned: Settings, frozen: None) -> Iterator[Again]:
    """Makes servers as transcripts find them."""
    servers: list[InMemoryServer] = []

    def one() -> InMemoryServer:
        base = tmp_path / f"again{len(servers)}"
        base.mkdir()
        servers.append(server := InMemoryServer(make_folders(base), settings=unsigned))
        return server

    yield one
    for server in servers:
        check_end(server)


@pytest.fixture
def recording(tmp_path: Path, unsigned: Settings, monkeypatch: pytest.MonkeyPatch) -> Recording:
    return Recording(tmp_path / "made.smb", "a title", unsigned, monkeypatch)


def test_two_clients_a_wait_and_a_client_that_leaves(
    recording: Recording, again: Again, folders: dict[str, Path], tmp_path: Path
) -> None:
    server = recording.server(folders, {})
    first = server.client().sign_in().connect("public")
    second = server.client().sign_in().connect("public")
    fid, its = first.create("a.txt"), second.create("a.txt")
    first.lock(fid, 0, 10)
    second.send(Command.LOCKING_ANDX, second.locking(its, LockRange(0x1234, 0, 10), timeout=5000))
    server.clock.advance(5)
    assert second.answer().header.status
    first.lost()
    second.close(its)
    recording.end(again)
    lines = (tmp_path / "made.smb").read_text("utf-8").splitlines()
    assert lines[:3] == ["# a title", "@ signed in, connected to public", "b@ signed in, connected to public"]
    heads = [line for line in lines[3:] if line and line[0] != " "]
    assert [line.partition(",")[0].partition(" - ")[0] for line in heads] == [
        "> C; Nt Create Andx", "< R; Nt Create Andx", "b> C; Nt Create Andx", "b< R; Nt Create Andx",
        "> C; Locking Andx", "< R; Locking Andx", "b> C; Locking Andx", "~ 5", "b< R; Locking Andx",
        "% the client left", "b> C; Close", "b< R; Close",
    ]  # fmt: skip
    transcript.play(tmp_path / "made.smb", transcript.Stage(again()), piece=1)
    check_end(server)


def test_a_conversation_that_its_bytes_do_not_repeat_is_refused(
    recording: Recording, again: Again, folders: dict[str, Path]
) -> None:
    """The test put a file there by itself, which the transcript does not have."""
    server = recording.server(folders, {})
    client = server.client().sign_in().connect("public")
    (folders["public"] / "new.txt").write_bytes(b"new")
    client.close(client.create("new.txt"))
    with pytest.raises(AssertionError, match="not repeated: R; Nt Create Andx"):
        recording.end(again)
    check_end(server)


def test_what_another_day_or_disk_has_otherwise_is_left_out() -> None:
    now = 1_371_454_784.0  # 2013-06-17 07:39:44
    times = (filetime.from_seconds(now).to_bytes(8, "little"), int(now).to_bytes(4, "little"))
    dates = (bytes.fromhex("d142 f63c"), bytes.fromhex("f63c d142"))
    assert all(passing(data, now, set()) for data in (*times, *dates))
    assert not any(passing(data, now + 7 * 86_400, set()) for data in (*times, *dates, bytes(4), bytes(8)))
    assert passing((0x123456).to_bytes(8, "little"), now, {0x123456})
    assert not passing((7).to_bytes(8, "little"), now, {7})
    assert steady(b"same, 1 same", b"same, 2 same", set())[5:8] == (0x20, None, 0x20)


def test_hex_lines_are_read_as_they_were_written() -> None:
    data = [*range(32), None, 1, None, None, None, *range(100), None]
    lines = transcript.hex_lines(data)
    assert lines[1].startswith("  .. 01 ..x3 00010203"[:8])
    assert [byte for line in lines for byte in transcript.octets(line)] == data


@pytest.mark.parametrize(
    ("tests", "code"), [(["test_an_offset_beyond_the_message"], 0), ([], 4)], ids=["one", "all"]
)
def test_pytest_records_one_test(checkout: Path, tmp_path: Path, tests: list[str], code: int) -> None:
    path = "::".join(["tests/core/test_chains.py", *tests])
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:schemathesis",  # whose start takes a second
        f"--record={tmp_path / 'new.smb'}",
        path,
    ]
    done = subprocess.run(
        words,
        cwd=checkout,
        env=os.environ | {"PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert (tmp_path / "new.smb").exists() is (code == 0)
