"""A capture that is kept as it was told, and made when somebody asks for it: of a test, once it has failed."""

import os
import time
from pathlib import Path
from typing import Final

from fakesmb.capture.backlog import LeftOut, size_of
from fakesmb.capture.files import CaptureFile
from fakesmb.capture.maker import Maker
from fakesmb.capture.notes import Began, Note, Tick
from fakesmb.capture.packets import End
from fakesmb.capture.taken import form_of
from fakesmb.record.outputs import open_log

MOST_KEPT: Final = 64 << 20
"""Bytes of it; what comes then is left out, and that is told."""
TOO_MUCH: Final = "the capture of one test has room for 64 MiB"


class KeptCapture:
    """A `Taker` (`capture.hearing`) that writes nothing by itself."""

    snap = 0
    is_behind = False

    def __init__(self) -> None:
        self._listening: tuple[End, ...] = ()
        self._notes: list[Note] = []
        self._size = 0
        self._left_out = LeftOut()

    def begin(self, listening: tuple[End, ...]) -> None:
        """The server listens there."""
        self._listening = listening

    def take(self, notes: list[Note]) -> bool:
        """Keeps what happened."""
        size = size_of(notes)
        if self._size + size > MOST_KEPT:
            self._left_out.add(notes)
        else:
            self._notes += [*notes, Tick()]
            self._size += size
        return True

    def end(self) -> None:
        """Nothing is to be waited for."""

    @property
    def is_empty(self) -> bool:
        """Whether no client was there."""
        return not any(isinstance(note, Began) for note in self._notes)

    @property
    def size(self) -> int:
        """Bytes that are kept, about: it has become no other capture while this stays."""
        return self._size

    def write(self, path: Path, *, secrets: bool) -> None:
        """Makes the file, in place of what was there. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        maker = Maker(form_of(self._listening, snap=0, ports="445", secrets=secrets))
        self._notes += self._left_out.told(time.time(), TOO_MUCH)
        maker.take(self._notes)
        file = CaptureFile(open_log(os.fspath(path), secrets=secrets))
        try:
            file.put(maker.made() + maker.finish())
        finally:
            file.close()
