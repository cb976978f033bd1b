"""Many clients at work for a long time, who come and go as they like; and whether the server stands it.

    make soak                                         1,000 clients, ten minutes
    make soak ARGS='--clients 200 --seconds 60'
    python -m bench.soak --no-timing                  on a machine that does much else: hold-ups are told, and no fault

What must hold: no request fails or is answered wrongly; the server's memory is flat after the first third; when all
have left, its descriptors are those of the beginning; no bug is in its record; SIGTERM ends it with 0; and an ECHO on
another connection, one every 10 ms, is never answered later than after 100 ms, nor was a turn of the server longer by
its own count. What the machine does to it is taken off: how late the probe itself wakes up, and how long the server
waits for a processor. Clients step back (nice 10); the probe, a process of its own, comes first where it may (root).
The exit code is 1 where something does not hold. Two processors are enough; the record takes a GiB in ten minutes.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.servers import PASSWORD, SHARE, TREE, USER
from bench.soakprobe import HELD_UP
from fakesmb.core.settings import Limits

CLIENTS: Final = 1000
SECONDS: Final = 600.0
RATE: Final = 1.0
"""Operations of a client in a second; each is one to five requests."""
CLIENTS_OF_A_WORKER: Final = 125
MOST_GROWTH_MIB: Final = 16.0
GROWTH_SHARE: Final = 0.1
"""Memory is flat where it grows by less than this part and by less than so many MiB after the first third."""
KEPT_FOLDERS: Final = 64
"""Descriptors of directories that lookups keep (`vfs.local`)."""
PATIENCE: Final = 60.0
_TIMES: Final = ("median", "thousandth", "longest", "late", "starved")


class Soak:
    """One run."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.broken: list[str] = []
        self.folder = Path(tempfile.mkdtemp(prefix="fakesmb-soak-"))
        self.log = self.folder / "log.jsonl"
        self.memory: list[float] = []
        self.starved = 0.0
        """Seconds that this machine may have added to a hold-up."""

    def run(self) -> Sequence[str]:
        """Runs it and prints what happened; what does not hold."""
        (self.folder / "share").mkdir()
        (self.folder / "fakesmb.toml").write_text(self._config())
        with (self.folder / "stderr").open("w+") as errors:
            process = subprocess.Popen(self._command(), stderr=errors, cwd=TREE, env=os.environ)
            try:
                self._with(process)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            errors.seek(0)
            said = errors.read()
        self._check_own_count(said)
        if "Traceback" in said:
            self.broken.append(f"on standard error:\n{said[-2000:]}")
        self._read_log()
        shutil.rmtree(self.folder, ignore_errors=True)
        return self.broken

    def _check_own_count(self, said: str) -> None:
        """The server tells of its longest turn at its end, the time included in which it had no processor."""
        for line in said.splitlines():
            if found := re.search(r"longest hold-up of any request was ([\d.]+) ms", line):
                print(f"the server's own count: {found[1]} ms at most")
                if float(found[1]) / 1000 > HELD_UP + self.starved and not self.options.no_timing:
                    self.broken.append(f"by its own count the server held somebody up for {found[1]} ms")

    def _config(self) -> str:
        """A share, a user, and room for so many clients from one address."""
        room = self.options.clients + 50
        limits = [name for name in msgspec.structs.asdict(Limits()) if name.startswith("connections")]
        lines = [f"{name} = {room}" for name in limits]
        share = f'[[share]]\nname = "{SHARE}"\npath = "{self.folder / "share"}"\n'
        user = f'[[user]]\nname = "{USER}"\npassword = "{PASSWORD}"\n'
        return "\n".join(("[limits]", *lines, user, share))

    def _command(self) -> list[str]:
        words = ["serve", "--config", str(self.folder / "fakesmb.toml"), "--port", "0", "--log", "none"]
        files = ["--port-file", str(self.folder / "port"), "--log-file", str(self.log)]
        return [sys.executable, "-m", "fakesmb", *words, *files]

    def _with(self, process: "subprocess.Popen[bytes]") -> None:
        port = self._port(process)
        self._warm(port)
        time.sleep(1)
        descriptors = self._descriptors(process.pid)
        workers = self._workers(port)
        words = [sys.executable, "-m", "bench.soakprobe", str(port), str(process.pid)]
        probe = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TREE)
        began = time.monotonic()
        while any(worker.poll() is None for worker in workers):
            time.sleep(min(5.0, self.options.seconds / 30))
            self.memory.append(_private_mib(process.pid))
            if process.poll() is not None:
                self.broken.append(f"the server ended with {process.returncode}")
                return
            if time.monotonic() > began + self.options.seconds + PATIENCE:
                self.broken.append("clients do not come to an end")
                for worker in workers:
                    worker.kill()
        told, _ = probe.communicate()
        self._tell(workers, json.loads(told))
        self._check_descriptors(process.pid, descriptors)
        process.send_signal(signal.SIGTERM)
        try:
            if process.wait(PATIENCE):
                self.broken.append(f"after SIGTERM the server ended with {process.returncode}")
        except subprocess.TimeoutExpired:
            self.broken.append("SIGTERM does not end the server")

    def _port(self, process: "subprocess.Popen[bytes]") -> int:
        end = time.monotonic() + PATIENCE
        while not (self.folder / "port").exists():
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the server does not start: {(self.folder / 'stderr').read_text()}")
            time.sleep(0.02)
        return int((self.folder / "port").read_text())

    def _warm(self, port: int) -> None:
        """All that is loaded by its first use is there before the memory and the descriptors of the beginning count."""
        self._ended([self._worker(port, 5, 3.0, 10.0, 99)], Counter())

    def _worker(
        self, port: int, clients: int, seconds: float, rate: float, seed: int
    ) -> "subprocess.Popen[str]":
        words = [str(one) for one in (port, clients, seconds, rate, seed)]
        return subprocess.Popen(
            [sys.executable, "-m", "bench.soakclients", *words], stdout=subprocess.PIPE, text=True, cwd=TREE
        )

    def _workers(self, port: int) -> "list[subprocess.Popen[str]]":
        left = self.options.clients
        workers: list[subprocess.Popen[str]] = []
        while left:
            some = min(left, CLIENTS_OF_A_WORKER)
            left -= some
            seed = self.options.seed * 100 + len(workers)
            workers.append(self._worker(port, some, self.options.seconds, self.options.rate, seed))
        for worker in workers:  # each says so when all its clients are signed in
            assert worker.stdout is not None
            worker.stdout.readline()
        return workers

    # -- what must hold ------------------------------------------------------------------------------------

    def _ended(self, workers: "Sequence[subprocess.Popen[str]]", counts: Counter[str]) -> None:
        for worker in workers:
            out, _ = worker.communicate()
            try:
                told = json.loads(out.splitlines()[-1])
            except (ValueError, IndexError):
                self.broken.append(f"a worker ended with {worker.returncode}")
                continue
            counts.update(told["counts"])
            self.broken += told["errors"]

    def _tell(self, workers: "Sequence[subprocess.Popen[str]]", echo: dict[str, Any]) -> None:
        counts: Counter[str] = Counter()
        self._ended(workers, counts)
        print("operations:", ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
        if echo["error"]:
            self.broken.append(echo["error"])
        slowest, times = echo["longest"], {name: f"{echo[name] * 1000:.1f} ms" for name in _TIMES}
        print(
            f"ECHO: {echo['count']}, median {times['median']}, 99.9 % within {times['thousandth']}, longest "
            f"{times['longest']}; taken off: this machine was late itself by up to {times['late']}, "
            f"the server without a processor for up to {times['starved']}"
        )
        self.starved = echo["late"] + echo["starved"]
        if echo["over"] and not self.options.no_timing:
            self.broken.append(
                f"{echo['over']} ECHOs waited for more than {HELD_UP * 1000:.0f} ms, {slowest * 1000:.0f} at most"
            )
        self._check_memory()

    def _check_memory(self) -> None:
        third = len(self.memory) // 3
        if third < 3:
            return
        before, after = (
            statistics.median(part) for part in (self.memory[third : 2 * third], self.memory[2 * third :])
        )
        print(
            f"memory: {before:.1f} MiB in the second third, {after:.1f} MiB in the last, {max(self.memory):.1f} at most"
        )
        if after - before > max(MOST_GROWTH_MIB, before * GROWTH_SHARE):
            self.broken.append(f"memory grew by {after - before:.1f} MiB from the second third to the last")

    def _descriptors(self, pid: int) -> Counter[str]:
        """What the server holds: sockets, files and the like by kind; folders of the share for themselves."""
        kinds: Counter[str] = Counter()
        for path in Path(f"/proc/{pid}/fd").iterdir():
            try:
                place = os.readlink(path)
            except OSError:
                continue
            if place.startswith(str(self.folder / "share")):
                kinds["folders" if os.path.isdir(path) else "files"] += 1
            else:
                kinds[place.partition(":")[0]] += 1
        return kinds

    def _check_descriptors(self, pid: int, before: Counter[str], seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while True:
            after = self._descriptors(pid)
            more = after - before
            spare = (
                more.pop("folders", 0) <= KEPT_FOLDERS and more.pop("anon_inode", 0) <= 1
            )  # inotify comes once
            if (spare and not more) or time.monotonic() > end:
                break
            time.sleep(0.2)
        print(
            f"descriptors: {before.total()} before, {after.total()} after, {after['folders']} of folders among them"
        )
        if not spare or more:
            self.broken.append(f"descriptors: {dict(before)} before, {dict(after)} after")

    def _read_log(self) -> None:
        problems: Counter[str] = Counter()
        lines = 0
        with self.log.open("rb") as log:
            for line in log:
                lines += 1
                if b'"event":"problem"' in line:
                    told = json.loads(line)
                    problems[told["problem"]] += 1
                    if told.get("traceback"):
                        self.broken.append(f"a bug: {told['problem']}\n{told['traceback']}")
        print(f"record: {lines} lines, {problems.total()} problems")
        for text, count in problems.most_common(10):
            print(f"    {count} times: {text}")


def _private_mib(pid: int) -> float:
    """Private memory (USS) of the server itself."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return (
        sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))
        / 1024
    )


def main() -> int:
    """Runs what the arguments ask for; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rate", type=float, default=RATE, help="operations of each client in a second; 1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-timing", action="store_true", help="hold-ups are no fault")
    broken = Soak(parser.parse_args()).run()
    for one in broken[:40]:
        print(f"BROKEN: {one}")
    print("all held" if not broken else f"{len(broken)} things did not hold")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
