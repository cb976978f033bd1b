"""The engine, the image that is tested, and containers of it."""

import contextlib
import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

CHECKOUT: Final = Path(__file__).parent.parent.parent
DOCKERFILE: Final = "docker/Dockerfile"
BASE: Final = os.environ.get("PYTHON_IMAGE", "python:3.13-slim-bookworm")
"""What the image is built on."""
USER: Final = "alice"
PASSWORD: Final = "Secret123"
WHO: Final = f"{USER}:{PASSWORD}"
PATIENCE: Final = 90.0
"""Seconds for what takes a moment, on a machine with much else to do."""
USUAL_RUN: Final = 0.5
"""Seconds that an engine takes to run a program in a container of its own, where the machine has nothing else to do."""
TRIES: Final = 4
SMBCLIENT: Final = ("smbclient", "--option=client min protocol=NT1", "-m", "NT1")


def docker(
    *words: str, timeout: float = 120, check: bool = True, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Runs `docker`; what it says is in the error where it fails."""
    done = subprocess.run(
        ["docker", *words], capture_output=True, text=True, timeout=timeout, check=False, cwd=CHECKOUT, **more
    )
    assert not check or done.returncode == 0, f"docker {' '.join(words)}: {done.stdout}{done.stderr}"
    return done


def why_no_engine() -> str:
    """Empty where an engine answers."""
    try:
        done = docker("version", "--format", "{{.Server.Version}}", timeout=20, check=False)
    except FileNotFoundError:
        return "no docker command here"
    except subprocess.TimeoutExpired:
        return "the engine does not answer within 20 s"
    said = [line for line in done.stderr.splitlines() if line.strip()]
    return "" if done.returncode == 0 else f"no engine answers: {said[-1] if said else 'docker says nothing'}"


def build(file: str, image: str, *words: str) -> None:
    """Builds an image of the checkout; from the engine's cache where nothing changed."""
    docker("build", "--network", "host", "-f", file, "-t", image, *words, ".", timeout=580)


def eventually(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """What the condition gives, as soon as it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def in_time(attempt: Callable[[], float], seconds: float, image: str) -> None:
    """The attempt, which gives the seconds that it took, is quick enough, at one of some tries.

    On a machine that has other things to do, too, it has as much more: how much is told by the processes that wait, and
    by running nothing at all in a container.
    """
    for _ in range(TRIES):
        took = attempt()
        if took <= seconds:
            return
        began = time.monotonic()
        docker("run", "--rm", "--network", "none", "--entrypoint", "true", image)
        slower = max((time.monotonic() - began) / USUAL_RUN, os.getloadavg()[0] / (os.cpu_count() or 1))
        if took <= seconds * slower:
            return
    raise AssertionError(
        f"{took:.2f} s, more than {seconds} s (a machine {slower:.1f} times slower than usual)"
    )


class Container:
    """One container, by its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def state(self) -> dict[str, Any]:
        """What the engine knows of it: `Status`, `ExitCode`, `Health` ..."""
        found: dict[str, Any] = json.loads(docker("inspect", "--format", "{{json .State}}", self.name).stdout)
        return found

    def health(self) -> str:
        """`starting`, `healthy`, `unhealthy`."""
        return str(self.state()["Health"]["Status"])

    def until(self, health: str) -> float:
        """Waits until its health is that; gives the seconds that took."""
        began = time.monotonic()
        eventually(lambda: self.health() == health, health, 2 * PATIENCE)
        return time.monotonic() - began

    def port(self, inside: int = 445) -> int:
        """Where this machine reaches a port of it."""
        return int(docker("port", self.name, str(inside)).stdout.split()[0].rpartition(":")[2])

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a program inside."""
        return docker("exec", self.name, *words, check=check)

    def said(self) -> tuple[list[dict[str, Any]], str]:
        """Standard output, which is JSON lines, and standard error."""
        done = docker("logs", self.name)
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def ready(self) -> "Container":
        """Waits until it says that clients can connect."""

        def says_so() -> bool:
            errors = docker("logs", self.name).stderr
            assert self.state()["Status"] in ("created", "running"), errors
            return "fakesmb: ready on" in errors

        eventually(says_so, f"{self.name} is ready")
        return self


class Smbclient(NamedTuple):
    """Samba's client on this machine, for one server."""

    port: int
    who: str = f"{USER}%{PASSWORD}"

    def __call__(self, share: str, commands: str, *words: str, fails: bool = False) -> str:
        """Runs commands in a share; gives what it said."""
        line = [
            *SMBCLIENT,
            "-p",
            str(self.port),
            "-U",
            self.who,
            f"//127.0.0.1/{share}",
            "-c",
            commands,
            *words,
        ]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
        said = done.stdout + done.stderr
        assert fails or (done.returncode == 0 and "NT_STATUS" not in said), said
        return said


class Engine:
    """Starts containers of one image, and removes them."""

    def __init__(self, image: str, stack: contextlib.ExitStack) -> None:
        self.image = image
        self._stack = stack

    def start(self, *words: str, command: Sequence[str] = (), image: str = "", name: str = "") -> Container:
        """`docker run -d` with these words; the port is published on a free one of 127.0.0.1."""
        name = name or f"fakesmb-test-{uuid.uuid4().hex[:10]}"
        self._stack.callback(docker, "rm", "--force", "--volumes", name, check=False)
        docker(
            "run",
            "--detach",
            "--name",
            name,
            "--publish",
            "127.0.0.1::445",
            *words,
            image or self.image,
            *command,
        )
        return Container(name)

    def once(
        self, *words: str, command: Sequence[str] = (), check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """`docker run --rm` with these words; gives what it said."""
        return docker("run", "--rm", *words, self.image, *command, check=check)

    def network(self) -> str:
        """A network for containers that reach each other by their names."""
        name = f"fakesmb-test-{uuid.uuid4().hex[:10]}"
        self._stack.callback(docker, "network", "rm", name, check=False)
        docker("network", "create", "--internal", name)
        return name


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def compose(file: str, **environment: str) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """`docker compose` for a file, as a project of its own; afterwards nothing of it is left."""
    project = f"fakesmb-test-{uuid.uuid4().hex[:10]}"
    words = ("compose", "--project-name", project, "--file", file)

    def call(*more: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return docker(*words, *more, check=check, env=os.environ | environment)

    try:
        yield call
    finally:
        call("--profile", "*", "down", "--timeout", "2", "--volumes", check=False)
