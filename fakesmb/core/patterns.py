"""Names with wildcards, as DELETE and RENAME take them: what they stand for, and doing something to each."""

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred

from fakesmb.core.request import Answer, AnyRequest, Empty
from fakesmb.core.waiting import closing, retry_until_free
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Info, Unfinished
from fakesmb.vfs.wildcards import has_wildcards

T = TypeVar("T")


def is_pattern(request: AnyRequest, name: str) -> bool:
    """Whether a name has wildcards, which are ordinary characters for a client with POSIX names."""
    return has_wildcards(name) and not request.tree.posix_names


def matches(request: AnyRequest, path: Path, attributes: int) -> "list[Info] | Deferred[list[Info]]":
    """What a last component with wildcards stands for, without `.` and `..`, attributes considered.

    Raises NO_SUCH_FILE when nothing matches.
    """
    directory, pattern = Path(path.parts[:-1]), path.parts[-1]
    search = request.store.search(directory, pattern, attributes)
    found: list[Info] = []

    def gather() -> list[Info]:
        while (info := search.next()) is not None:
            if info.name not in (".", ".."):
                found.append(info)
        search.close()
        if not found:
            raise SMBError(NT.NO_SUCH_FILE, f"nothing matches {pattern!r}")
        return found

    return closing(search, lambda: retry_until_free(gather, request.server))


def paths_of(pattern: Path, infos: list[Info], *, files: bool = False) -> list[Path]:
    """The paths of what matched, all of them or only the files."""
    directory = pattern.parts[:-1]
    return [Path((*directory, info.name)) for info in infos if not (files and info.is_directory)]


def each(
    request: AnyRequest, names: list[T], act: Callable[[T], None], answer: Answer | None = None
) -> "Answer | Deferred[Answer]":
    """Acts on one name, or pair of names, after another; an empty answer, or that one, says that all is done.

    While an oplock of one is broken, what is done before stays done.
    """
    left = names[::-1]
    turn = request.server.world.turn

    def attempt() -> Answer:
        while left:
            act(left[-1])
            left.pop()
            if left and turn.over():
                raise Unfinished
        return Empty() if answer is None else answer

    return retry_until_free(attempt, request.server)
