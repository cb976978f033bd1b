"""What is wrong with values, beyond what their types exclude."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from math import isfinite
from pathlib import Path
from typing import Final

import msgspec

from fakesmb.config.links import links_problem
from fakesmb.config.parts import ServerPart, SharePart
from fakesmb.core import profiles
from fakesmb.mistakes import ConfigError, absent
from fakesmb.nt.names import fold
from fakesmb.nt.nearest import nearest
from fakesmb.world import clock_of

_ASCII: Final = (
    "".join(map(chr, range(0x30, 0x5B))) + 'abcdefghijklmnopqrstuvwxyz "!#$&()-./[]^_{}~|\\\\users\\\\new'
)
"""What names, paths and the protocol's own words consist of."""
_CODE_PAGES: Final = ("cp437", "cp850", "cp852", "cp866", "cp932", "cp1250", "cp1251", "cp1252", "latin-1")
"""Some of those that Python knows, to be told to who misspells one."""
_MAY_BE_ZERO: Final = frozenset({"connections_per_address", "idle_seconds"})
"""Limits of which 0 says something else than that nothing is allowed."""


def problems(table: str, part: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """Keys of a table and what is wrong with their values, beyond what the types exclude."""
    if isinstance(part, ServerPart):
        if part.port and part.netbios_port == part.port:
            yield "netbios_port", "the same as port: one port serves clients of both kinds"
        if problem := _encoding_problem(part.oem_encoding):
            yield "oem_encoding", problem
        if re.fullmatch(r"[0-9.]+", part.host) and not _is_address(part.host):
            yield "host", "is no IPv4 address"
        try:
            profiles.row(part.profile)
        except profiles.ProfileError as error:
            yield "profile", str(error)
        if part.clock is not None:
            try:
                clock_of(part.clock)
            except ValueError as error:
                yield "clock", str(error)
    elif table in ("timing", "limits"):
        for key, value in msgspec.structs.asdict(part).items():
            if not isfinite(value):
                yield key, "must be a number"
            if value < 0 or (table == "limits" and value == 0 and key not in _MAY_BE_ZERO):
                least = "0 or more" if table == "timing" or key in _MAY_BE_ZERO else "greater than 0"
                yield key, f"must be {least}" if value else "must not be 0"


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _encoding_problem(encoding: str) -> str:
    """Why this cannot be what names and texts of old clients are encoded in; empty if it can."""
    try:
        spelt = _ASCII.encode(encoding)
        kept = spelt == _ASCII.encode() and spelt.decode(encoding) == _ASCII
    except LookupError:
        return f"Python knows no encoding {encoding!r}{nearest(encoding, _CODE_PAGES)}"
    except (UnicodeError, ValueError):  # ValueError: a NUL
        kept = False
    return "" if kept else f"{encoding} is no code page: ASCII must be itself in it"


def share_problem(share: SharePart, folder: str) -> tuple[str, str] | None:
    """The key and the reason, if this cannot be a share."""
    if fold(share.name) == "IPC$":
        return "name", "IPC$ is there already, for named pipes"
    if share.printer and share.read_only:
        return "read_only", "a printer that is read-only takes no jobs: leave it out, or name its users"
    if share.printer_driver and not share.printer:
        return "printer_driver", "is for printers: add printer = true"
    if share.overlay_limit is not None and not share.is_private:
        return "overlay_limit", "is for content and overlays, and this is a folder as it is"
    if share.dfs is not None and (problem := links_problem(share.dfs)):
        return "dfs", problem
    if share.content is not None:
        if share.overlay:
            return "overlay", "is for a folder, and this is content, which is private as it is"
        return ("path", "give either path or content") if share.path else None
    problem = folder_problem(share.path, os.path.join(folder, share.path))
    return ("path", problem) if problem else None


def folder_problem(said: str, path: str) -> str:
    """Why this folder cannot be shared; empty if it can. `said` is how it was given."""
    if not said:
        return "the path is empty"
    if "\0" in said:
        return f"no path holds a NUL character: {said!r}"
    try:
        mode = os.stat(path).st_mode
    except UnicodeEncodeError:
        return f"no path holds half of a surrogate pair: {said!a}"
    except FileNotFoundError:
        with suppress(OSError):
            return f"{path} is a link to {os.readlink(path)}, which is not there"
        return absent(path, "folder")
    except OSError as error:
        return f"{path}: {error.strerror}"
    if not stat.S_ISDIR(mode):
        return f"{path} is not a folder"
    return "" if os.access(path, os.R_OK | os.X_OK) else f"{path} may not be read: Permission denied"


def in_(name: str, others: Iterable[str]) -> bool:
    return fold(name) in {fold(other) for other in others}


def placed(share: SharePart, folder: str) -> SharePart:
    """The share with an absolute path; what is content has none. Raises `ConfigError`."""
    if share.content is not None:
        return share
    return msgspec.structs.replace(share, path=absolute(os.path.join(folder, share.path)))


def absolute(path: str) -> str:
    """The same path, from the root. Raises `ConfigError` where the working directory is gone."""
    try:
        return str(Path(path).absolute())
    except OSError as error:
        raise ConfigError(f"{path}: the working directory cannot be found: {error.strerror}") from None
