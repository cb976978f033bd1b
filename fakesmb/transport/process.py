"""What the process of a server may do: as whom it runs, and how many files it may have open."""

import importlib
import os
import pkgutil
import stat
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pwd import struct_passwd

_ROOT: Final = 0


class RightsError(Exception):
    """Why the process cannot run as somebody: one line."""


def is_root() -> bool:
    """Whether this process may do everything."""
    return hasattr(os, "geteuid") and os.geteuid() == _ROOT


def ids_of(name: str) -> tuple[int, int]:
    """The numbers of a user, by name or number, and of their group; raises `RightsError`."""
    user = _user(name)
    return user.pw_uid, user.pw_gid


def _user(name: str) -> "struct_passwd":
    import pwd

    try:
        return pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except (KeyError, OverflowError, ValueError):
        raise RightsError(f"there is no user {name} on this machine") from None


def no_right_to(port: int) -> str:
    """Why the system refuses a port to this process, and the ways to it; the commands can be pasted."""
    first = _first_of_all()
    if port >= first:
        return "something beside the rights of users forbids it"
    ways = [f"a port from {first} on, such as 4450", "sudo with --run-as USER"]
    if sys.platform == "linux":
        python = quote(os.path.realpath(sys.executable))  # rights of a file, which a link to it has not
        ways += [
            f"sudo sysctl net.ipv4.ip_unprivileged_port_start={port}",
            f"sudo setcap cap_net_bind_service=+ep {python}",
        ]
    return f"ports below {first} are root's. One of: {'; '.join(ways)}"


def _first_of_all() -> int:
    """The lowest port that everybody may take."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    except (OSError, ValueError):
        return 1024


def run_as(name: str) -> None:
    """From now on the process, all its threads and what it starts run as a user, by name or number, without way back.

    Raises `RightsError`, where the process may be left with fewer rights than before but never with root's.
    """
    user = _user(name)
    if os.getuid() == os.geteuid() == user.pw_uid and user.pw_uid != _ROOT:
        return
    if user.pw_uid == _ROOT:
        raise RightsError(f"{name} is root, who has all rights")
    if not is_root():
        raise RightsError(f"only root can become {name}")
    try:
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    except OSError as error:
        raise RightsError(f"cannot become {name}: {error.strerror}") from None
    try:
        os.setuid(_ROOT)
    except PermissionError:
        return
    raise RightsError(f"{name} can become root again")


def most_descriptors(*, raised: bool = False) -> int:
    """How many descriptors this process may have; with `raised` as many as it may have at all from now on."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if raised and soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS has a limit of its own below an infinite one
            return soft
        soft = hard
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def load_whole(package: str, without: str) -> None:
    """Imports every module of a package, for a process whose next user may not be able to read the sources.

    Left out are those whose name in the package begins with `without`.
    """
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not module.name.endswith("__main__") and not module.name.startswith(f"{package}.{without}"):
            importlib.import_module(module.name)


def everybody_may_run(path: str) -> bool:
    """Whether any user may start a program, by the permissions of it and of the folders above it."""
    real = Path(path).resolve()
    return all(one.stat().st_mode & stat.S_IXOTH for one in (real, *real.parents))
