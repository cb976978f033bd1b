"""Names as changes are told by: of one that SMB cannot write the 8.3 name, which depends on the others beside it."""

import os
from typing import Final

from fakesmb.vfs import disk
from fakesmb.vfs.paths import is_legal_on_wire
from fakesmb.vfs.shortnames import Aliases

_MOST: Final = 20_000
"""Names of a directory that are read for the 8.3 name of one: some 20 ms."""


def shown_in(directory: str, name: str) -> str:
    """The name a client is given for a name that is or was in a directory; "" where none can be told."""
    if is_legal_on_wire(name):
        return name
    names: set[str] = set()
    try:
        fd = disk.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with disk.scandir(fd) as entries:
                names.update(disk.next_names(entries, _MOST + 1))
        finally:
            disk.close(fd)
    except OSError:  # it is gone itself
        pass
    if len(names) > _MOST:
        return ""
    aliases = Aliases()
    aliases.add([*{*names, name}])
    return aliases.of(name)
