"""Shares and users as the command line and programs write them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from fakesmb.config.parts import SharePart, UserPart
from fakesmb.mistakes import ConfigError, explained, halved, mistake, shown

T = TypeVar("T", bound=msgspec.Struct)

_SECRET: Final = frozenset({"password", "read_only_password", "nt_hash"})
"""Keys whose values are repeated nowhere."""


def user(text: str, *, admin: bool = False) -> UserPart:
    """`NAME:PASSWORD`."""
    name, colon, password = text.partition(":")
    if not colon:
        raise ConfigError("a user is NAME:PASSWORD, and there is no colon")  # the text may be a password
    return user_of(name, password, admin=admin)


def user_of(name: str, password: str | None, **keys: Any) -> UserPart:
    """A user, with keys of `[[user]]`; raises `ConfigError` for what cannot be one."""
    made = _named("user", UserPart, {"name": name, "password": password, **keys})
    if (made.password is None) == (made.nt_hash is None):
        raise ConfigError(f"user {name}: give either password or nt_hash")
    if not _is_text(password or ""):
        raise ConfigError(f"user {name}: password: is no text")
    return made


def _is_text(password: str) -> bool:
    """Whether a client could send it: half of a surrogate pair nobody can."""
    try:
        password.encode("utf-16-le")
    except UnicodeEncodeError:
        return False
    return True


_AFTER_PATH: Final = {"ro": "read_only", "overlay": "overlay"}
"""Words behind the path of a share on the command line, and the keys that they set."""


def share(text: str) -> SharePart:
    """`NAME=PATH`, and then perhaps `,ro` and `,overlay`."""
    name, equals, path = text.partition("=")
    keys: dict[str, bool] = {}
    while (found := path.rpartition(","))[1] and found[2] in _AFTER_PATH:
        keys[_AFTER_PATH[found[2]]] = True
        path = found[0]
    if not equals or not path:
        raise ConfigError(f"{text}: a share is NAME=PATH, NAME=PATH,ro or NAME=PATH,overlay")
    before, _, word = path.rpartition(",")
    if not os.path.exists(path) and os.path.isdir(before):
        hint = f"behind a comma may stand ro or overlay, not {word}"
        raise ConfigError(f"share {name}: there is no folder {path}; {hint}")
    return share_of(name, path, **keys)


def printer(text: str) -> SharePart:
    """`NAME=FOLDER`."""
    name, equals, path = text.partition("=")
    if not equals or not path:
        raise ConfigError(f"{text}: a printer is NAME=FOLDER")
    return share_of(name, path, printer=True)


def share_of(name: str, path: str, **keys: Any) -> SharePart:
    """A share, with keys of `[[share]]`; raises `ConfigError` for what cannot be one."""
    return _named("share", SharePart, {"name": name, "path": path, **keys})


def subdirectories(root: str) -> list[SharePart]:
    """Each visible sub-directory of `root` as a share; raises `ConfigError` where there is none."""
    folders = folders_in(root)
    if not folders:
        raise ConfigError(
            f"{root}: no sub-directory to share; to share the folder itself: --share NAME={root}"
        )
    return folders


def folders_in(root: str) -> list[SharePart]:
    """The same, where none is no mistake."""
    try:
        folders = sorted(one for one in Path(root).iterdir() if one.is_dir() and not one.name.startswith("."))
    except OSError as error:
        raise ConfigError(f"{root}: {error.strerror}") from None
    return [share_of(one.name, str(one)) for one in folders]


def _named(table: str, kind: type[T], values: Mapping[str, Any]) -> T:
    """One of `[[share]]` or `[[user]]`, which has a name; its secrets are not repeated."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        key, problem = explained(str(error), kind, table)
        key = key.partition(".")[2]
        name = key.partition("[")[0]
        if name == "name":
            raise mistake(str(error), f"{table} name {shown(values['name'])}: {problem}") from None
        value = "" if name in _SECRET else f" {shown(values.get(name, ''))}"
        raise mistake(str(error), f"{table} {values['name']}: {key}{value}: {problem}") from None
    except UnicodeEncodeError:
        key = halved({key: value for key, value in values.items() if key not in _SECRET})
        raise ConfigError(
            f"{table} {values['name']}: {key} {shown(values.get(key, ''))}: is no text"
        ) from None
