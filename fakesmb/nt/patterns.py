"""How testers write names: paths with either slash, in any case, and globs where they write `*` or `?`."""

import fnmatch
import re
from collections.abc import Callable
from typing import Final

from fakesmb.nt.names import fold

_WILD: Final = frozenset("*?")


def folded(path: str) -> str:
    """A path as paths compare: from the root of the share, backslashes, without regard to case."""
    return "\\" + fold(path.replace("/", "\\").strip("\\"))


def glob_matcher(form: str) -> Callable[[str], bool]:
    """Tells whether a whole text is like the glob, character by character: case matters."""
    found = _compiled(form)
    return lambda text: found(text) is not None


def is_glob(text: str) -> bool:
    """Whether it says more than one name: only `*` and `?` do."""
    return not _WILD.isdisjoint(text)


def path_matcher(wanted: str) -> Callable[[str], bool]:
    """Tells whether a path is the one that is written, or one of them.

    `/` is `\\`, the leading one may be left out, case does not matter. `?` stands for a character and `*` for any
    number of them, separators too: `*.bak` is a file in any folder, `dir\\*` whatever is below `dir`.
    """
    form = folded(wanted)
    if not is_glob(form):
        return lambda path: folded(path) == form
    if wanted.startswith("*"):
        form = form[1:]
    found = _compiled(form)
    return lambda path: found(folded(path)) is not None


def name_matcher(wanted: str) -> Callable[[str], bool]:
    """The same for a name that is no path: a share, a user."""
    form = fold(wanted)
    if not is_glob(form):
        return lambda name: fold(name) == form
    found = _compiled(form)
    return lambda name: found(fold(name)) is not None


def _compiled(form: str) -> Callable[[str], "re.Match[str] | None"]:
    """However many `*` there are, a text is looked through once: what is between two is found where it comes first."""
    return re.compile(fnmatch.translate(form.replace("[", "[[]"))).match
