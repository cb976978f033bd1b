"""The other path of a request: where a rename, a link or a copy leads."""

from typing import Any

from fakesmb.record.events import Part
from fakesmb.wire import dirs, set_info, unix
from fakesmb.wire.trans2 import Trans2

_LINKS = (unix.UnixLevel.LINK, unix.UnixLevel.HLINK)


def target_of(asked: Part | None, path: str) -> str | None:
    """The new name of a request about `path`, from the root of the share; None for a request that has none.

    A bare name of a set level stays in the directory ([MS-SMB] 2.2.8.4). Of a symbolic link it is its text, as it is.
    """
    if asked is None:
        return None
    body: Any = asked.body
    if isinstance(body, (dirs.RenameRequest, dirs.NtRenameRequest)):
        return _from_root(body.new_file_name)
    if isinstance(body, dirs.CopyRequest):
        return _from_root(body.target_file_name)
    detail = asked.detail
    if isinstance(detail, set_info.SetName):
        name = detail.name.replace("/", "\\")
        if name.startswith("\\") or "\\" in name:
            return _from_root(name)
        return f"{path.rpartition(chr(92))[0]}\\{name}"
    if isinstance(detail, str) and asked.subcommand == Trans2.SET_PATH_INFORMATION:
        level = getattr(asked.parameters, "information_level", None)
        # HLINK names the file that is there; the path of the request is the new name.
        return detail if level == unix.UnixLevel.LINK else path
    return None


def source_of(asked: Part | None) -> str | None:
    """The path that a hard link of the Unix extensions is made of: its request's own path is the new name."""
    if asked is None or not isinstance(asked.detail, str):
        return None
    if getattr(asked.parameters, "information_level", None) != unix.UnixLevel.HLINK:
        return None
    return _from_root(asked.detail)


def _from_root(name: str) -> str:
    return "\\" + name.replace("/", "\\").strip("\\")
