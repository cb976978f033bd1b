"""Runs smbtorture, Samba's test suite for file servers: one of its tests (a leaf) in a process, or some."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path
from typing import Any

USER, PASSWORD, SHARE = "tester", "secret", "lab"
SHARING_VIOLATION, WRITE_TIME = 0.1, 0.5
"""The server's two delays in seconds, shorter than Windows' 1 and 2; smbtorture is told of them."""
MICROSECONDS = 1_000_000
MEMORY = Path("/dev/shm")
"""Takes more extended attributes a file than most disks do: two leaves need them."""
CONFIG = """\
[server]
port = 0
[timing]
sharing_violation = {sharing_violation}
write_time = {write_time}
wrong_password = 0
[[user]]
name = "{user}"
password = "{password}"
admin = true
[[share]]
name = "{share}"
path = "{folder}"
may_hang = {may_hang}
"""
OPTIONS = {
    "client min protocol": "NT1",
    "client max protocol": "NT1",
    "client ipc min protocol": "NT1",
    "client ipc max protocol": "NT1",
    "torture:progress": "no",
    "torture:sharedelay": str(int(SHARING_VIOLATION * MICROSECONDS)),
    "torture:writetimeupdatedelay": str(int(WRITE_TIME * MICROSECONDS)),
}
OWN_FOLDERS = ("lock directory", "state directory", "cache directory", "private dir")
VERDICT = re.compile(r"^(success|failure|error|skip): (.*?)(?: \[)?$", re.MULTILINE)
_URL_PATHS = {"libsmbclient.list_shares.*": "", "libsmbclient.utimes.*": f"{SHARE}/utimes.txt"}
ON_IPC = "raw.qfileinfo.ipc.*"
"""Leaves that are run on IPC$."""
APART = ("libsmbclient.*", ON_IPC)
"""Leaves with options, or a share, of their own."""
MANY = 3
"""So many leaves of a suite are a process of their own."""
NOISE = re.compile(r"^(time|test|progress): .*\n", re.MULTILINE)
_REASON = re.compile(r"^(?:failure|error): .*? \[\n(.*?)^\]", re.MULTILINE | re.DOTALL)
_HINT = re.compile(r"NT_STATUS|fail|wrong|incorrect|expected|error|\(.*\.c:\d+", re.IGNORECASE)


@contextmanager
def workplace() -> Iterator[tuple[Path, Path]]:
    """Two folders, for a share and for smbtorture's own files, that anybody may write; gone afterwards."""
    where = tempfile.mkdtemp(prefix="fakesmb-torture-", dir=MEMORY if MEMORY.is_dir() else None)
    try:
        folder, scratch = Path(where, "share"), Path(where, "scratch")
        for made in (folder, scratch):
            made.mkdir()
            made.chmod(0o777)
        Path(where).chmod(0o755)
        yield folder, scratch
    finally:
        shutil.rmtree(where, ignore_errors=True)


def configuration(folder: Path, *, may_hang: bool = False) -> str:
    """A fakesmb.toml for a server that smbtorture is run against, over that folder."""
    return CONFIG.format(
        sharing_violation=SHARING_VIOLATION,
        write_time=WRITE_TIME,
        user=USER,
        password=PASSWORD,
        share=SHARE,
        folder=folder,
        may_hang=str(may_hang).lower(),
    )


@dataclass
class Torture:
    """smbtorture for a server at `port` whose share lies in `folder`; `scratch` is for its own files."""

    port: int
    folder: Path
    scratch: Path
    reset: Callable[[], object] | None = None
    """Makes the server and its share fresh; None: the share is emptied from outside."""

    def run(self, leaf: str, seconds: float) -> tuple[bool, str]:
        """Whether the server passed, by Windows' rules, within that time; and what smbtorture said."""
        said, late = self._said([leaf], seconds)
        verdicts = {verdict for verdict, _ in VERDICT.findall(said)}
        passed = not late and "success" in verdicts and not verdicts & {"failure", "error"}
        return passed, late + NOISE.sub("", said)

    def passed(self, leaves: list[str], seconds: float) -> set[str]:
        """Those that the server passes when one process runs them all, one after the other, within that time.

        A process starts in the time that three leaves take.
        """
        names = {plain(leaf): leaf for leaf in leaves}
        verdicts: dict[str, set[str]] = {}
        for verdict, name in VERDICT.findall(self._said(leaves, seconds)[0]):
            verdicts.setdefault(plain(name), set()).add(verdict)
        return {leaf for name, leaf in names.items() if verdicts.get(name) == {"success"}}

    def _said(self, leaves: list[str], seconds: float) -> tuple[str, str]:
        """What one process said of these leaves, and whether it was late."""
        (self.reset or self._empty)()
        process = subprocess.Popen(
            self._command(leaves),
            cwd=self.scratch,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            **_somebody(),
        )
        try:
            return process.communicate(timeout=seconds)[0], ""
        except subprocess.TimeoutExpired:
            process.kill()
            return process.communicate()[0], f"no end after {seconds:g} s\n"

    def _command(self, leaves: list[str]) -> list[str]:
        options = OPTIONS | dict.fromkeys(OWN_FOLDERS, str(self.scratch)) | self._extra(leaves[0])
        return [
            "smbtorture",
            f"//127.0.0.1/{'IPC$' if fnmatchcase(leaves[0], ON_IPC) else SHARE}",
            *leaves,
            "--configfile=/dev/null",
            f"--user={USER}%{PASSWORD}",
            "--workgroup=WORKGROUP",
            f"--smb-ports={self.port}",
            "--target=other",
            "--format=subunit",
            "--fullname",
            "--seed=1",
            f"--basedir={self.scratch}",
            *(f"--option={name}={value}" for name, value in options.items()),
        ]

    def _extra(self, leaf: str) -> dict[str, str]:
        """The leaves of Samba's client library want an address."""
        if not fnmatchcase(leaf, "libsmbclient.*"):
            return {}
        path = next((path for glob, path in _URL_PATHS.items() if fnmatchcase(leaf, glob)), SHARE)
        return {
            "torture:clientprotocol": "NT1",
            "torture:smburl": f"smb://127.0.0.1:{self.port}/{path}",
        }

    def _empty(self) -> None:
        for entry in os.scandir(self.folder):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)


def _somebody() -> dict[str, Any]:
    """Who runs it: one leaf refuses to run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def reason(said: str) -> str:
    """One line of why a leaf failed: what smbtorture gives as the reason, or what it printed on the way."""
    found = _REASON.search(said)
    lines = [line.strip() for line in (found[1] if found else "").splitlines() if line.strip()]
    if not lines or lines[0].lower().startswith(
        "unknown"
    ):  # old tests print what went wrong, and fail without a reason
        printed = [line.strip() for line in _REASON.sub("", said).splitlines() if line.strip()]
        lines = [line for line in printed if _HINT.search(line)][:1] or printed[-1:] or ["no verdict"]
    return " ".join(lines)


def known(*texts: str) -> list[str]:
    """The leaves of such lists, in their order."""
    return [leaf for text in texts for leaf in leaves(text)]


def leaves(text: str) -> dict[str, str]:
    """A list of leaves, one a line, each with what follows the bar after it; `#` begins a comment."""
    found = {}
    for line in text.splitlines():
        leaf, _, rest = line.partition("#")[0].partition("|")
        if leaf.strip():
            found[leaf.strip()] = rest.strip()
    return found


def plain(name: str) -> str:
    """A leaf's name as it is told: for some suites smbtorture repeats parts of it when it tells the verdict."""
    return ".".join(part for part, _ in groupby(name.split(".")))


def groups(leaves: Iterable[str]) -> dict[str, list[str]]:
    """The leaves that one process can run, by the suite's name, or by that of all suites with few leaves."""
    suites: dict[str, list[str]] = {}
    for leaf in leaves:
        whole = any(fnmatchcase(leaf, glob) for glob in APART)
        suites.setdefault(leaf if whole else ".".join(leaf.split(".")[:2]), []).append(leaf)
    found: dict[str, list[str]] = {}
    for suite, its in suites.items():
        name = suite if len(its) >= MANY or its == [suite] else f"{suite.split('.')[0]}.*"
        found.setdefault(name, []).extend(its)
    return found
