"""What tests of client programs share: the running server, and how programs are run."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.serving import problems_in

USER, PASSWORD = "alice", "Secret123"
WRONG = "Secret124"
FLUSHED = 0.3
"""Seconds after which what was said is in the log; it is flushed every 0.2 s."""


@dataclass
class Running:
    """A `fakesmb serve` that clients can connect to."""

    process: subprocess.Popen[str]
    port: int
    folder: Path
    """The folder behind the share `files`, which may be written."""
    log: Path
    config: Path = field(default_factory=Path)
    """A smb.conf for Samba's clients that leaves the machine's own out."""
    _looked_at: int = 0

    def entries(self) -> list[dict[str, Any]]:
        """The record so far."""
        time.sleep(FLUSHED)
        return [json.loads(line) for line in self.log.read_bytes().split(b"\n") if line]

    def problems(self) -> list[str]:
        """What went wrong inside the server since it was asked last."""
        time.sleep(FLUSHED)
        with self.log.open("rb") as log:
            log.seek(self._looked_at)
            lines = log.read().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        self._looked_at += sum(map(len, lines))
        return problems_in(lines)


def need(*programs: str) -> None:
    """Skips the test where a program is missing."""
    for program in programs:
        if not (os.path.exists(program) or shutil.which(program)):
            pytest.skip(f"{program} is not installed")


def run(*words: str | Path, timeout: float = 60, **more: Any) -> subprocess.CompletedProcess[str]:
    """Runs a client; standard output and error together."""
    return subprocess.run(
        [str(word) for word in words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        check=False,
        **more,
    )


Start = Callable[..., AbstractContextManager[Running]]


def make_tree(root: Path) -> dict[str, bytes]:
    """A tree as people have them: nested folders, spaces, several scripts, empty files, an odd size."""
    files = {
        "a.txt": b"hello\n",
        "empty": b"",
        "one/two/three/deep.bin": os.urandom(70_001),
        "with space/naïve café.txt": "é".encode(),
        "Ελληνικά/日本語.txt": b"names",
        "UPPER.TXT": b"case",
    }
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return files


def tree_of(root: Path) -> dict[str, bytes]:
    """All files below `root` with their contents."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
