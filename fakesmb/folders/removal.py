"""Taking trees away, however deep they are and whatever rights their directories have."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Final

_ATTEMPTS: Final = 100


def removal(path: str) -> Iterator[None]:
    """Removes a directory with all that is in it; yields now and then, so that it can be gone on with elsewhere.

    A directory further down is moved up beside those that wait, so no path becomes longer than the system takes.
    What cannot be removed stays; nothing is raised. A link that has taken the directory's place goes, and nothing else.
    """
    if os.path.islink(path) or not os.path.isdir(path):
        with suppress(OSError):
            os.unlink(path)
        return
    numbers = count()
    waiting = [path]
    while waiting:
        directory = waiting.pop()
        for entry in _entries(directory):
            if entry.is_dir(follow_symlinks=False):
                waiting.append(_moved_up(path, entry, numbers))
            else:
                with suppress(OSError):
                    os.unlink(entry.path)
            yield
        if directory != path:
            with suppress(OSError):
                os.rmdir(directory)
    with suppress(OSError):
        os.rmdir(path)


def remove(path: str) -> None:
    """Removes a directory with all that is in it; what cannot be removed stays."""
    for _ in removal(path):
        pass


def _entries(directory: str) -> list["os.DirEntry[str]"]:
    try:
        os.chmod(directory, stat.S_IRWXU)  # else nothing could be taken out of it
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []


def _moved_up(top: str, entry: "os.DirEntry[str]", numbers: "count[int]") -> str:
    """Moves a directory directly under `top`, and gives its new path; the old one where that is not possible."""
    if os.path.dirname(entry.path) == top:
        return entry.path
    with suppress(OSError):
        os.chmod(entry.path, stat.S_IRWXU)  # else it could not get another parent
        for _ in range(_ATTEMPTS):
            new = os.path.join(top, f".fakesmb-{next(numbers)}")
            if not os.path.lexists(new):
                os.rename(entry.path, new)
                return new
    return entry.path
