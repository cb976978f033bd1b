"""Shares and users as the command line and programs write them."""

import os
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any, Final, TypeVar

import msgspec

from fakesmb.config.parts import SharePart, UserPart
from fakesmb.mistakes import ConfigError, absent, explained, halved, mistake, shown
from fakesmb.nt.nearest import nearest

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


_AFTER_PATH: Final[Mapping[str, tuple[str, bool]]] = {
    "ro": ("read_only", True),
    "rw": ("read_only", False),
    "overlay": ("overlay", True),
}
"""Words behind the path of a share on the command line, and the keys that they set."""
_MEANT: Final = {
    "read-only": "ro",
    "readonly": "ro",
    "read_only": "ro",
    "read-write": "rw",
    "writable": "rw",
    "copy": "overlay",
}
"""What else people write there."""


def share(text: str) -> SharePart:
    """`NAME=PATH`, and then perhaps `,ro` or `,rw`, and `,overlay`, in letters of either case.

    A folder whose name ends so is meant where there is none without these words.
    """
    name, equals, path = text.partition("=")
    if not equals or not path:
        raise ConfigError(f"{text}: a share is NAME=PATH{_named_folder(name if equals else '', text, path)}")
    keys: dict[str, bool] = {}
    while (found := path.rpartition(","))[1] and (word := found[2].lower()) in _AFTER_PATH:
        if os.path.isdir(path) and not os.path.isdir(found[0]):
            break
        key, value = _AFTER_PATH[word]
        if keys.setdefault(key, value) != value:
            raise ConfigError(f"share {name}: ro or rw, not both")
        path = found[0]
    if not path:
        raise ConfigError(
            f"{text}: a share is NAME=PATH, NAME=PATH,ro or NAME=PATH,overlay; there is no PATH"
        )
    before, comma, word = path.rpartition(",")
    if comma and not os.path.exists(path) and os.path.isdir(before):
        near = nearest(word, {one: one for one in _AFTER_PATH} | _MEANT)
        hint = f"behind a comma may stand ro, rw or overlay, not {word or 'nothing'}{near}"
        raise ConfigError(f"share {name}: there is no folder {path}; {hint}")
    return share_of(name, path, **keys)


def _named_folder(name: str, text: str, path: str) -> str:
    """What may be meant by a share without its name, or without its folder."""
    if name and not path:
        return ", and there is no PATH"
    folder = text.partition(",")[0]
    last = os.path.basename(os.path.abspath(folder)) if os.path.isdir(folder) else ""
    return f"; did you mean {quote(f'{last}={text}')}?" if last else ", NAME=PATH,ro or NAME=PATH,overlay"


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
    try:
        folders = folders_in(root)
    except ConfigError as error:
        raise ConfigError(f"ROOT: {error}") from None
    if not folders:
        name = os.path.basename(os.path.abspath(root)) or "root"
        raise ConfigError(
            f"ROOT: {root} has no sub-directory to share; to share the folder itself: --share {quote(f'{name}={root}')}"
        )
    return folders


_TAKE_FILES: Final = {
    ".toml": "serve --config",
    **dict.fromkeys((".pcap", ".pcapng", ".cap", ".jsonl"), "show"),
}
"""How names of files end, and what takes such a file."""


def command_for(path: str) -> str:
    """The command that is meant by who gives a file where there is no place for one: `fakesmb show FILE`, or ""."""
    command = _TAKE_FILES.get(os.path.splitext(path)[1].lower())
    return f"fakesmb {command} {quote(path)}" if command else ""


def folders_in(root: str) -> list[SharePart]:
    """The same, where none is no mistake."""
    try:
        folders = sorted(one for one in Path(root).iterdir() if one.is_dir() and not one.name.startswith("."))
    except FileNotFoundError:
        raise ConfigError(absent(root, "folder")) from None
    except NotADirectoryError:
        command = command_for(root)
        hint = (
            f"; did you mean {command}?"
            if command
            else ", and must be a folder: its sub-directories are the shares"
        )
        raise ConfigError(f"{root} is a file{hint}") from None
    except ValueError:
        raise ConfigError(f"{root!a}: no path holds a NUL character, or half of a surrogate pair") from None
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
