"""Names as changes are told by: of one that SMB cannot write the 8.3 name, which depends on the others beside it."""

from itertools import islice
from os import scandir
from typing import Final

from fakesmb.vfs.paths import is_legal_on_wire
from fakesmb.vfs.shortnames import Aliases

_MOST: Final = 20_000
"""Names of a directory that are read for the 8.3 name of one: some 20 ms."""


def shown_in(directory: str, name: str) -> str:
    """The name a client is given for a name that is or was in a directory; "" where none can be told."""
    if is_legal_on_wire(name):
        return name
    try:
        with scandir(directory) as entries:
            names = {entry.name for entry in islice(entries, _MOST + 1)}
    except OSError:  # it is gone itself
        names = set()
    if len(names) > _MOST:
        return ""
    aliases = Aliases()
    aliases.add([*{*names, name}])
    return aliases.of(name)
