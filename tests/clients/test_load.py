"""The server under load: random work of several processes, and random bytes. `pytest --slow`.

LOAD_SECONDS and NOISE_SECONDS say how long (both 300).
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

import pytest

from fakesmb.serving.run import RUNS_AS_ROOT
from tests.clients.client_runs import Running, Start
from tests.clients.load import SocketClient, enter
from tests.clients.noise import Noise

pytestmark = [pytest.mark.client, pytest.mark.slow]

SECONDS = float(os.environ.get("LOAD_SECONDS", "300"))
NOISE_SECONDS = float(os.environ.get("NOISE_SECONDS", "300"))
PROCESSES = 4
MOST_GROWTH_KIB = 20_000
LOAD = Path(__file__).parent / "load.py"


def descriptors(smb: Running) -> list[str]:
    folder = Path(f"/proc/{smb.process.pid}/fd")
    return sorted(os.readlink(folder / name) for name in os.listdir(folder))


def resident(smb: Running) -> int:
    """KiB."""
    status = Path(f"/proc/{smb.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def problems(smb: Running) -> list[bytes]:
    """As `Running.problems`, for a record of hundreds of megabytes."""
    time.sleep(0.5)
    with smb.log.open("rb") as lines:
        return [line for line in lines if b'"event":"problem"' in line and RUNS_AS_ROOT.encode() not in line]


@pytest.fixture
def impatient(tmp_path: Path) -> Path:
    """Sharing violations are told soon, as a load meets thousands."""
    path = tmp_path / "fakesmb.toml"
    path.write_text("[timing]\nsharing_violation = 0.005\n")
    return path


def begin(
    smb: Running, environment: dict[str, str], seconds: float, seed: int
) -> list[subprocess.Popen[str]]:
    (smb.folder.parent / "owners").write_bytes(bytes(64))
    (smb.folder / "shared").mkdir(exist_ok=True)
    (smb.folder / "shared" / "token0").touch()
    return [
        subprocess.Popen(
            [sys.executable, str(LOAD), str(smb.port), str(smb.folder), str(seconds), str(seed + number)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(PROCESSES)
    ]


def test_five_minutes_of_random_work(
    start: Start, impatient: Path, fakesmb_environment: dict[str, str]
) -> None:
    """No difference, no problem, nothing leaked; SIGTERM in the midst of work ends the server at once."""
    with start("--config", str(impatient)) as smb:
        enter(smb.port).lost()
        time.sleep(2)  # the process that makes the lines of the log has started by then
        before, memory = descriptors(smb), []
        workers = begin(smb, fakesmb_environment, SECONDS, 1)
        while any(worker.poll() is None for worker in workers):
            time.sleep(SECONDS / 10)
            memory.append(resident(smb))
        for worker in workers:
            said = worker.communicate()[0]
            assert worker.returncode == 0, said
            print(said)
        print("VmRSS, KiB:", memory)
        time.sleep(1)
        inside = str(smb.folder)
        after = [place for place in descriptors(smb) if not place.startswith(inside)]
        opened = [place for place in descriptors(smb) if place.startswith(inside)]
        print("descriptors:", len(before), len(after), "and of directories", len(opened))
        # From the first oplock on one stays, by which local programs break them.
        assert [place for place in after if place != "anon_inode:inotify"] == before
        assert len(after) <= len(before) + 1
        assert all(
            os.path.isdir(place.removesuffix(" (deleted)")) or "(deleted)" in place for place in opened
        )
        assert len(opened) <= 65  # the directories that lookups keep
        assert memory[-1] - memory[2] < MOST_GROWTH_KIB, memory
        assert problems(smb) == []
        (smb.folder.parent / "again").mkdir()
        for name in list((smb.folder).glob("own*")):
            name.rename(smb.folder.parent / "again" / name.name)
        for left in (smb.folder / "shared").glob("token*"):
            left.unlink()
        workers = begin(smb, fakesmb_environment, 60, 1)
        time.sleep(5)
        assert all(worker.poll() is None for worker in workers)
        began = time.monotonic()
        smb.process.send_signal(signal.SIGTERM)
        assert smb.process.wait(5) == 0
        took = time.monotonic() - began
        print(f"SIGTERM: {took:.3f} s")
        assert took < 1
        for worker in workers:
            assert "Connection" in worker.communicate()[0] or worker.returncode
        assert problems(smb) == []


def test_five_minutes_of_noise(start: Start, impatient: Path) -> None:
    """Random bytes and real requests with something wrong in them: the server lives, and no bug comes to light."""
    with start("--config", str(impatient)) as smb:
        (smb.folder / "a.txt").write_bytes(b"0123456789" * 10)
        end = time.monotonic() + NOISE_SECONDS
        noises = [Noise(smb.port, Random(seed)) for seed in range(3)]
        threads = [threading.Thread(target=noise.run, args=(end,)) for noise in noises]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            time.sleep(1)
            assert smb.process.poll() is None
        for thread in threads:
            thread.join()
        print(json.dumps([noise.counts for noise in noises]))
        for noise in noises:
            assert noise.counts["bytes back"] > noise.counts["mutated messages"] > 0
        client: SocketClient = enter(smb.port)
        client.read(client.create("sane.txt", disposition=3))
        client.lost()
        assert problems(smb) == []
