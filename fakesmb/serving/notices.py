"""What is wrong with the folders of shares, though they are served: told once, at the start."""

import os
from collections.abc import Iterator
from typing import Final

from fakesmb.config.merging import Config
from fakesmb.config.parts import SharePart

_AS_WE_ARE: Final = os.access in os.supports_effective_ids


def unwritable(config: Config) -> Iterator[str]:
    """A line for each share that is to be written to, and cannot be by the user whom the process is now."""
    for share in config.shares:
        if not (share.is_private or share.read_only) and (why := _why_not(share)):
            yield f"share {share.name}: nothing can be made in {share.path}: {why}"


def _why_not(share: SharePart) -> str:
    try:
        if os.access(share.path, os.W_OK | os.X_OK, effective_ids=_AS_WE_ARE):
            return ""
        if os.statvfs(share.path).f_flag & os.ST_RDONLY:
            return "it is mounted read-only (,ro says so to clients, too)"
        owner = os.stat(share.path)
    except OSError as error:
        return error.strerror or str(error)
    return (
        f"it belongs to uid {owner.st_uid} and gid {owner.st_gid}, mode {owner.st_mode & 0o7777:03o}, "
        f"and the server has uid {os.geteuid()} and gid {os.getegid()}"
    )
