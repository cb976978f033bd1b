"""What the checks share: mounting with the kernel's client, running programs, expecting errors."""

import errno
import os
import subprocess
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SERVER = "10.0.2.2"
"""The host's loopback address, as qemu's user network has it."""


class Mount:
    """One way of mounting: twice, over connections of their own."""

    def __init__(self, options: str, job: dict[str, Any]) -> None:
        self.unix = "nounix" not in options
        self.raw_names = "nomapposix" in options
        self.options = f"vers=1.0,port={job['port']},username={job['user']},password={job['password']}"
        self.options += f",nosharesock,{options}"
        self.share = f"//{SERVER}/{job['share']}"
        self.a, self.b = Path("/tmp/a"), Path("/tmp/b")
        self.far = self.b
        """The folder of the check that runs, on the second mount."""

    def enter(self, name: str) -> Path:
        """Makes a folder for a check and goes there. Its own name: what was seen is believed for a second."""
        work, self.far = self.a / name, self.b / name
        work.mkdir()
        os.chdir(work)
        return work

    def __enter__(self) -> "Mount":
        for place in (self.a, self.b):
            place.mkdir(exist_ok=True)
            shell("mount", "-t", "cifs", self.share, place, "-o", self.options)
        return self

    def __exit__(self, *error: object) -> None:
        os.chdir("/")
        for place in (self.a, self.b):
            shell("umount", place)


CHECKS: dict[str, Callable[[Mount], None]] = {}


def check(function: Callable[[Mount], None]) -> Callable[[Mount], None]:
    """Each runs in an empty folder of its own on the first mount; the second shows it, too."""
    CHECKS[function.__name__] = function
    return function


def shell(*words: object, cwd: object = None) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=None if cwd is None else str(cwd),
    )
    said = done.stdout.decode("utf-8", "backslashreplace")
    assert done.returncode == 0, f"{' '.join(map(str, words))}: {done.returncode}\n{said[-1500:]}"
    return said


@contextmanager
def fails(*numbers: int) -> Iterator[None]:
    """The block ends in one of these errors."""
    met = 0
    try:
        yield
    except OSError as error:
        met = error.errno
    assert met in numbers, (
        f"{errno.errorcode.get(met)}, not one of {[errno.errorcode[one] for one in numbers]}"
    )


def child(work: Callable[[], None]) -> int:
    """The errno with which work ends in a process of its own; 0 where it goes well."""
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    code = 0
    try:
        work()
    except OSError as error:
        code = error.errno
    except BaseException:
        traceback.print_exc()
        code = 255
    os._exit(code)


def forget() -> None:
    """Drops what the kernel has cached of files."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")
