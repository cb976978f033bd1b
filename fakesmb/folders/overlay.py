"""A share that begins as a copy of a folder, which itself never changes."""

import os
from typing import Final, Never

from fakesmb.nt.nearest import nearest

LIMIT: Final = 1 << 30
"""`overlay_limit` where nothing is said: bytes of one private folder, with its spare copy."""


class Overlay:
    """A writable copy of the folder `path`, made when the server starts, fresh after each reset, gone afterwards.

    The folder is taken not to change meanwhile: copies are made ahead, so after a change the next reset still has the
    folder of before, and a later one that of now.

    `limit`: the most bytes that it may take, a copy kept ready included; None: the server's `overlay_limit`.
    """

    __slots__ = ("limit", "path")

    def __init__(self, path: str | os.PathLike[str], *, limit: int | None = None, **misspelt: Never) -> None:
        """Raises TypeError or ValueError for an argument that cannot be; the folder is looked at by the server."""
        __tracebackhide__ = True
        for name in misspelt:
            raise TypeError(f"Overlay has no {name!r}{nearest(name, self.__slots__)}")
        if not isinstance(path, str | os.PathLike):
            raise TypeError(f"the path of an Overlay must be that of a folder, not {type(path).__name__}")
        self.path = os.fspath(path)
        if not isinstance(self.path, str):
            raise TypeError("the path of an Overlay must be a text, not bytes")
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
            raise TypeError(f"limit of an Overlay must be a number of bytes, not {limit!r}")
        if limit is not None and limit <= 0:
            raise ValueError(f"limit of an Overlay must be greater than 0, not {limit}")
        self.limit = limit

    def __repr__(self) -> str:
        return (
            f"Overlay({self.path!r})" if self.limit is None else f"Overlay({self.path!r}, limit={self.limit})"
        )
