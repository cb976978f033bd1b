"""Name tunneling ([MS-FSA] 2.1.1.1, Volume.TunnelCacheList): a file that goes and comes back keeps its long name.

A DOS program that saves by writing a new file under the 8.3 name of the old one does not lose the long name by it.
"""

from typing import Final

from fakesmb.nt.filetime import TICKS_PER_SECOND
from fakesmb.vfs.rules.times import WriteClock
from fakesmb.vfs.shortnames import short_name

LASTS: Final = 15 * TICKS_PER_SECOND
"""How long NTFS remembers, ticks."""
_MOST: Final = 256


class Tunnel:
    """Long names that went away a moment ago, by their directory on disk and 8.3 name."""

    __slots__ = ("_clock", "_gone")

    def __init__(self, clock: WriteClock) -> None:
        self._clock = clock
        self._gone: dict[tuple[str, str], tuple[str, int]] = {}

    def remember(self, directory: str, name: str) -> None:
        """A name was removed, or given up by a rename."""
        short = short_name(name)
        if not short:
            return
        self._gone.pop((directory, short), None)
        while len(self._gone) >= _MOST:
            del self._gone[next(iter(self._gone))]
        self._gone[directory, short] = (name, self._clock.now() + LASTS)

    def clear(self) -> None:
        """Forgets all."""
        self._gone.clear()

    def recall(self, directory: str, name: str) -> str:
        """The name that a new file gets which asks for `name`: the long one behind it, if that was here lately."""
        if not self._gone or "~" not in name:
            return name
        long, until = self._gone.pop((directory, name.upper()), (name, 0))
        return long if self._clock.now() <= until else name
