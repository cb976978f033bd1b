"""How many byte-range locks there may be: of one file, of one client, of all."""

from collections.abc import Callable
from typing import Final

from fakesmb.nt.status import NT, SMBError

_MOST_REMEMBERED: Final = 4096
"""Clients whose locks are counted on; who is forgotten is counted anew."""
_EVERYBODY: Final = 0


class LockLimits:
    """Counts the locks that are asked for, and only where those would be too many the ones that are held.

    So neither taking nor freeing a lock costs more than an addition.
    """

    __slots__ = ("_asked", "_count", "_told", "file", "owner", "tell", "total")

    def __init__(self, count: Callable[[object], int]) -> None:
        """`count` gives the locks that a client holds now, for None those of all."""
        self.file = self.owner = self.total = 1 << 62
        self.tell: Callable[[str], None] = _tell_nobody
        self._told = False
        """Whether the log says that there are too many; it does again after half of them had been freed."""
        self._count = count
        self._asked: dict[int, int] = {}
        """By the `id` of the client, and for all: locks held when they were counted, and those asked for since."""

    def check(self, owner: object, of_file: int, more: int = 1) -> None:
        """Some more are asked for, of a file that has `of_file`; INSUFFICIENT_RESOURCES where that is too many."""
        if of_file + more > self.file:
            raise _refusal(f"the file has {of_file} locks (limits.file_locks)")
        asked = self._asked
        if len(asked) > _MOST_REMEMBERED:
            asked.clear()
        mine, all_of_them = asked.get(id(owner), self.owner), asked.get(_EVERYBODY, self.total)
        if mine + more > self.owner:
            mine = self._count(owner)
            if mine + more > self.owner:
                raise _refusal(f"the client holds {mine} locks (limits.locks)")
        if all_of_them + more > self.total:
            all_of_them = self._count(None)
            self._told = self._told and 2 * all_of_them > self.total
            if all_of_them + more > self.total:
                why = f"clients hold {all_of_them} locks (limits.total_locks)"
                if not self._told:
                    self._told = True
                    self.tell(why)
                raise _refusal(why)
        asked[id(owner)] = mine + more
        asked[_EVERYBODY] = all_of_them + more


def _refusal(why: str) -> SMBError:
    return SMBError(NT.INSUFFICIENT_RESOURCES, why)


def _tell_nobody(why: str) -> None:
    """Until a server says whom to tell."""
