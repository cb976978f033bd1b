"""fakesmb.toml, read and checked."""

import os
import re
from pathlib import Path
from typing import Any, Final

import msgspec

from fakesmb.config.parts import STANDARD_OUTPUT, FilePart
from fakesmb.config.values import absolute, in_, placed, problems, share_problem
from fakesmb.core import profiles
from fakesmb.folders.content import Contents
from fakesmb.folders.errors import FolderError
from fakesmb.mistakes import ConfigError, absent, explained, line_of

_ELSEWHERE: Final = {"settings": "the table [profile]", **dict.fromkeys(profiles.KEYS, "[profile]")}
"""What stands in a table of any keys, or is called otherwise in Python."""

_IN_TOML: Final = {
    "a mapping of names": "a table, of names of files with their texts",
    "bytes, a text, a File or a mapping": "a text or a table",
    "bytes, a text or a File": "a text",
}
"""What content is called in Python, and what in a file."""


def read(path: str) -> FilePart:
    """A fakesmb.toml; raises `ConfigError`."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(absent(path)) from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a folder, and a fakesmb.toml is a file") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a UTF-8 text") from None
    except ValueError:
        raise ConfigError(f"{path!r}: no path holds a NUL character") from None
    try:
        part = msgspec.toml.decode(text, type=FilePart, dec_hook=_custom)
    except msgspec.ValidationError as error:
        key, problem = explained(str(error), FilePart, elsewhere=_ELSEWHERE)
        raise ConfigError(f"{path}:{line_of(text, key)} {key}: {problem}") from None
    except msgspec.DecodeError as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        where = found[1] + ":" if found else ""
        raise ConfigError(f"{path}:{where} not TOML: {str(error).partition(' (at ')[0]}") from None
    _check(path, text, part)
    folder = os.path.dirname(absolute(path))
    return msgspec.structs.replace(
        part,
        server=msgspec.structs.replace(
            part.server, keytab=part.server.keytab and os.path.join(folder, part.server.keytab)
        ),
        share=[placed(share, folder) for share in part.share],
        log=msgspec.structs.replace(part.log, file=part.log.file and os.path.join(folder, part.log.file)),
        capture=msgspec.structs.replace(part.capture, file=_in_folder(folder, part.capture.file)),
    )


def _in_folder(folder: str, capture: str) -> str:
    return capture if capture in ("", STANDARD_OUTPUT) else os.path.join(folder, capture)


def _check(path: str, text: str, part: FilePart) -> None:
    """Raises `ConfigError` for what the types do not exclude."""

    def wrong(key: str, problem: str) -> ConfigError:
        return ConfigError(f"{path}:{line_of(text, key)} {key}: {problem}")

    for index, user in enumerate(part.user):
        if (user.password is None) == (user.nt_hash is None):
            raise wrong(f"user[{index}]", "give either password or nt_hash")
        if in_(user.name, (other.name for other in part.user[:index])):
            raise wrong(f"user[{index}].name", f"there is another user {user.name}")
    folder = os.path.dirname(absolute(path))
    for index, share in enumerate(part.share):
        key = f"share[{index}]"
        if (
            not share.path
            and share.content is None
            and "path" not in msgspec.toml.decode(text)["share"][index]
        ):
            raise wrong(f"{key}.path", "is missing")
        if problem := share_problem(share, folder):
            raise wrong(f"{key}.{problem[0]}", problem[1])
        if in_(share.name, (other.name for other in part.share[:index])):
            raise wrong(f"{key}.name", f"there is another share {share.name}")
    for table, values in (("server", part.server), ("timing", part.timing), ("limits", part.limits)):
        for name, why in problems(table, values):
            raise wrong(f"{table}.{name}", why)
    try:
        profiles.row(part.server.profile)
    except profiles.ProfileError as error:
        raise wrong("server.profile", error.problem) from None
    for key, value in part.profile.items():
        try:
            profiles.checked(key, value)
        except profiles.ProfileError as error:
            raise wrong(f"profile.{key}", error.problem) from None


def _custom(kind: type, value: Any) -> Any:
    """What msgspec does not know: the content of a share. Raises ValueError, in the words of TOML."""
    if kind is Contents:
        try:
            return Contents(value)
        except FolderError as error:
            words = str(error)
            for python, toml in _IN_TOML.items():
                words = words.replace(python, toml)
            raise ValueError(words) from None
    raise NotImplementedError(kind)
