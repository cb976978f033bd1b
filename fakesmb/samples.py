"""The sample shares: where they come from, and the copy of them that a person may change."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from fakesmb.config.parts import SharePart
from fakesmb.mistakes import ConfigError

_UNFINISHED: Final = ".new-"
"""How the names of copies begin that are not whole."""
LARGE_FILE: Final = "public/large.bin"
LARGE_SIZE: Final = 6 * 1024 * 1024

_SHARES: Final[dict[str, tuple[str, bool]]] = {
    "public": ("For everybody to read and write", False),
    "docs": ("Read-only", True),
    "c$": ("Default share", False),
}
"""Folder and share name: comment, whether it is read-only."""


def served() -> tuple[list[SharePart], str]:
    """The sample shares, and a line about where they are where that is new to a person. Raises `ConfigError`.

    They are a copy that a person may change, and keeps. Where there is no place for that, as in a container whose disk
    cannot be written to, they are private folders, which go away at the end; and where nothing at all can be written,
    they are read-only.
    """
    home = data_home()
    why = "this user has no folder of their own"
    if home is not None:
        try:
            new = prepare(home)
            return shares(home), f"the sample shares are in {home}, yours to change" if new else ""
        except OSError as error:
            why = f"{home}: {error.strerror}"
    source = _source()
    if _takes_private_folders():
        parts = [replace(share, overlay=True) for share in shares(source)]
        return parts, f"the sample shares are copies that go away at the end, as nothing is kept ({why})"
    parts = [replace(share, read_only=True) for share in shares(source)]
    return parts, f"the sample shares are read-only, as nothing can be written here ({why})"


def _takes_private_folders() -> bool:
    from fakesmb.folders.errors import FolderError
    from fakesmb.folders.places import places

    try:
        return next(places(), None) is not None
    except FolderError:
        return False


def shares(home: Path) -> list[SharePart]:
    """The sample shares, from the folder `home`."""
    return [
        SharePart(name=name, path=str(home / name), read_only=read_only, comment=comment)
        for name, (comment, read_only) in _SHARES.items()
    ]


def prepare(home: Path) -> bool:
    """Copies the samples that are not in `home` yet; True if there were any. Raises OSError, and `ConfigError`."""
    source = _source()
    missing = [name for name in _SHARES if not (home / name).is_dir()]
    if not missing:
        return False
    home.mkdir(parents=True, exist_ok=True)
    with _alone(home):
        _sweep(home)  # what a server left that was killed while it copied
        try:
            for name in missing:
                _copy(source / name, home / name)
        finally:
            _sweep(home)  # a signal may have come between making a folder and what would remove it
    return True


def data_home() -> Path | None:
    """This user's folder for them, $XDG_DATA_HOME/fakesmb/shares; None for a user without a home."""
    given = os.environ.get("XDG_DATA_HOME", "")
    base = given if os.path.isabs(given) else os.path.expanduser("~/.local/share")
    return Path(base, "fakesmb", "shares") if os.path.isabs(base) else None


def _source() -> Path:
    """In a wheel the samples lie in the package, in a checkout beside it."""
    package = Path(__file__).parent
    for folder in (package / "shares", package.parent / "shares"):
        if folder.is_dir():
            return folder
    raise ConfigError("this installation has no sample shares; name a folder to serve")


def _sweep(home: Path) -> None:
    """Removes copies that are not whole. Whoever copies is alone, so they are nobody else's."""
    for left in home.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Inside the block no other server copies to that folder."""
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # not every file system has locks
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _copy(source: Path, target: Path) -> None:
    """Copies a share whole or not at all, and writable; of two servers that do so at once the first one wins."""
    work = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=target.parent))
    try:
        made = work / target.name
        for folder, _, files in os.walk(source):
            here = made / Path(folder).relative_to(source)
            here.mkdir(parents=True)
            for file in files:
                shutil.copyfile(Path(folder, file), here / file)
        if LARGE_FILE.startswith(f"{target.name}/"):
            large = hashlib.shake_128(b"fakesmb").digest(LARGE_SIZE)
            (work / LARGE_FILE).write_bytes(large)
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
