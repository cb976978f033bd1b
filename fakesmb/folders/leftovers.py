"""What killed servers of this user have left: every start looks for it, also one that needs no private folder."""

import os
from contextlib import suppress
from typing import Final

from fakesmb.folders.errors import FolderError

PREFIX: Final = "fakesmb-private-"
"""What the names of private folders begin with."""
NEW: Final = ".fakesmb-new-"
"""The same while they are made: they have no lock yet."""


def remove_all_left() -> None:
    """Removes it wherever it can be. Never raises."""
    from fakesmb.folders.places import places

    with suppress(FolderError):
        for place in places():
            remove_left(place)


def remove_left(place: str) -> None:
    """Removes what is left in one place. Never raises."""
    with suppress(OSError):
        # Names only: every start pays for each of the many that a busy machine has there.
        found = [name for name in os.listdir(place) if name.startswith((PREFIX, NEW))]
        if found:
            from fakesmb.folders.homes import remove_if_left

            for name in found:
                with suppress(OSError):
                    remove_if_left(os.path.join(place, name))
