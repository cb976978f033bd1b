"""DFS namespaces: a share whose links are other shares, here or elsewhere ([MS-DFSC] 1.3).

Under Flags2 DFS a client names files by `\\server\\share\\path`, and the first two components are taken off; a path
that leads to a link or through one is PATH_NOT_COVERED, whatever the flags say: the client asks for a referral then.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path

_SEPARATORS: Final = re.compile(r"[\\/]+")
_PREFIX: Final = re.compile(r"[\\/]*([^\\/]*)[\\/]+([^\\/]*)")
"""`\\server\\share`, and what follows."""


def components(path: str) -> tuple[str, ...]:
    """The components of a path in either kind of slash."""
    return tuple(filter(None, _SEPARATORS.split(path)))


class Link(msgspec.Struct, frozen=True):
    """A folder of a namespace that is elsewhere."""

    parts: tuple[str, ...]
    """Where it is in the namespace."""
    targets: tuple[str, ...]
    """`\\server\\share[\\folder]` each, best first."""


class Namespace:
    """The links of one share, which thereby is a DFS root."""

    def __init__(self, share: str, links: Mapping[str, str | Sequence[str]]) -> None:
        """`links`: targets, as UNC paths, by paths in the share, all in either kind of slash."""
        self.share = share
        self._folded = fold(share)
        self.links = tuple(
            Link(components(path), tuple(_target(one) for one in _targets(targets)))
            for path, targets in links.items()
        )
        self._by_path = {_folded(link.parts): link for link in self.links}
        self._lengths = sorted({len(parts) for parts in self._by_path})

    def link(self, parts: Sequence[str]) -> Link | None:
        """The link that a path leads to, or through."""
        if not self._lengths or len(parts) < self._lengths[0]:
            return None
        folded = _folded(parts)
        for length in self._lengths:
            found = self._by_path.get(folded[:length])
            if found is not None and len(folded) >= length:
                return found
        return None

    def check(self, path: Path, *, of_search: bool = False) -> None:
        """Raises PATH_NOT_COVERED for a path to or through a link.

        The last component of a search is looked for in its directory, and may be a link: that is how one is listed.
        """
        link = self.link(path.parts[:-1] if of_search else path.parts)
        if link is not None:
            raise SMBError(NT.PATH_NOT_COVERED, f"{Path(link.parts)} is a DFS link: ask for a referral")

    def local(self, text: str) -> str:
        """What a DFS path names in this share; one that does not begin with a server and this share is taken as it is,
        since not every client that sets the flag means it (Samba does so, too).
        """
        prefix = _PREFIX.match(text)
        if prefix is None or not prefix[1] or fold(prefix[2].partition(":")[0]) != self._folded:
            return text
        return text[prefix.end(2) :]


def _targets(given: str | Sequence[str]) -> Sequence[str]:
    return (given,) if isinstance(given, str) else given


def _target(unc: str) -> str:
    return "\\" + "\\".join(components(unc))


def _folded(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(fold, parts))
