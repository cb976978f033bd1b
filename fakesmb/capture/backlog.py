"""What waits for the maker of a capture, bounded: of what is left out the sizes are kept, so that all else is right."""

from collections.abc import Iterable
from typing import Final

from fakesmb.capture.notes import Began, Came, Ended, HalfClosed, Left, Missing, Note, Tick

MOST_WAITING: Final = 64 << 20
"""Bytes of notes that wait."""
_EACH: Final = 200
"""Bytes that a note takes beside its data, about."""


def size_of(notes: Iterable[Note]) -> int:
    """Bytes that these take, about."""
    return sum(_EACH + len(one.data) if isinstance(one, (Came, Left)) else _EACH for one in notes)


class LeftOut:
    """Notes that nobody will take, as far as later ones rest on them."""

    def __init__(self) -> None:
        self._began: dict[int, Began] = {}
        self._bytes: dict[int, tuple[int, int]] = {}
        self._ended: dict[int, list[HalfClosed | Ended]] = {}
        self._count = 0

    def add(self, notes: Iterable[Note]) -> None:
        """Leaves these out."""
        for note in notes:
            if isinstance(note, (Came, Left)):
                came, left = self._bytes.get(note.key, (0, 0))
                more = (came + note.size, left) if isinstance(note, Came) else (came, left + note.size)
                self._bytes[note.key] = more
            elif isinstance(note, Began):
                self._began[note.key] = note
                continue
            elif isinstance(note, (HalfClosed, Ended)):
                self._ended.setdefault(note.key, []).append(note)
                if isinstance(note, Ended) and note.key in self._began:  # nobody will ever hear of it
                    for known in (self._began, self._bytes, self._ended):
                        known.pop(note.key, None)
                continue
            elif isinstance(note, Missing):
                for key, (came, left) in note.bytes.items():
                    before = self._bytes.get(key, (0, 0))
                    self._bytes[key] = before[0] + came, before[1] + left
                self._count += note.count
                continue
            self._count += not isinstance(note, Tick)

    def told(self, now: float, why: str) -> list[Note]:
        """What stands for them; [] where nothing is missing. They are forgotten here."""
        if not self._count and not self._began and not self._ended:
            return []
        found: list[Note] = [*self._began.values()]
        found.append(Missing(now, self._count, why, self._bytes))
        for ends in self._ended.values():
            found += ends
        self.__init__()  # type: ignore[misc]
        return found
