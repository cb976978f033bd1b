"""The way that a symbolic link leads, name by name, as far as it stays in the share."""

from collections.abc import Iterator
from typing import Final

from fakesmb.nt.status import NT, SMBError

MOST_LINKS: Final = 40
"""Links that one name may lead over, as in Linux (path_resolution(7))."""


class Way:
    """Where one is (`names` below the root, none of them a link) and the names that are still ahead.

    A link may leave the share by its text (`../share/x`, `/srv/share/x`) and come back along the root's own path:
    that is known without looking. Any other step outside is ACCESS_DENIED.
    """

    def __init__(self, root: str, spelt: str, names: list[str]) -> None:
        self._root = root
        self._spelt = spelt
        self._to_root = [name for name in root.split("/") if name]
        self._above = 0
        """How far above the root one is."""
        self._ahead: list[str] = []
        """The next name is the last."""
        self._links = 0
        self.names = names

    @property
    def ends(self) -> bool:
        """Whether the name given last was the last one."""
        return not self._ahead

    def turn(self, target: str) -> None:
        """The name given last is a link: its target comes first; ACCESS_DENIED after too many."""
        self._links += 1
        if self._links > MOST_LINKS:
            raise SMBError(
                NT.ACCESS_DENIED, f"more than {MOST_LINKS} links, or one that leads back to itself"
            )
        if target.startswith("/"):
            if target == self._spelt or target.startswith(self._spelt + "/"):
                target = self._root + target[len(self._spelt) :]
            self.names.clear()
            self._above = len(self._to_root)
        self._ahead += [name for name in reversed(target.split("/")) if name not in ("", ".")]

    def steps(self) -> Iterator[str]:
        """Gives the next name that is to be looked for in `names`, again and again; raises ACCESS_DENIED outside."""
        while self._ahead:
            name = self._ahead.pop()
            if name == "..":
                self._up()
            elif self._above:
                if name != self._to_root[-self._above]:
                    raise SMBError(NT.ACCESS_DENIED, "a link leads out of the share")
                self._above -= 1
            else:
                yield name
        if self._above:
            raise SMBError(NT.ACCESS_DENIED, "a link leads out of the share")

    def _up(self) -> None:
        if self.names:
            self.names.pop()
        elif self._above < len(self._to_root):
            self._above += 1
