"""The opens of one file, so grouped that share modes need not look at each of thousands."""

from collections.abc import Iterator
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from fakesmb.nt.files import Access, DosDeny

READS: Final = Access.READ_DATA | Access.EXECUTE
WRITES: Final = Access.WRITE_DATA | Access.APPEND_DATA
COUNTS: Final = READS | WRITES | Access.DELETE
"""Opens that ask for none of these (attributes only) exclude nobody and are never excluded."""
_DOS_OPENS: Final = (DosDeny.DOS, DosDeny.FCB)

DosOpener = tuple[int, int]
"""Who opened in a DOS way: `id` of the owner, and the process."""


class SharingKind(NamedTuple):
    """All that share modes look at in an open: the same for all opens of one group."""

    access: int
    """Those bits of the access mask that are in `COUNTS`."""
    share: int
    dos_opener: DosOpener | None
    """Of a DENY_DOS or FCB open for writing: it does not exclude others of the same process."""


class Sharing(Protocol):
    """An open as share modes and delete on close see it."""

    access: int
    share: int
    pid: int
    owner: object
    dos_deny: int
    is_directory: bool
    delete_on_close: bool
    made: bool


One = TypeVar("One", bound=Sharing)


class OpenSet(Generic[One]):
    """The opens of one file, oldest first."""

    __slots__ = ("_opens", "groups", "wishes")

    def __init__(self) -> None:
        self._opens: dict[One, SharingKind] = {}
        self.groups: dict[SharingKind, dict[One, None]] = {}
        """The opens by what share modes look at; no group is empty."""
        self.wishes: dict[One, None] = {}
        """Those that found the file there and asked for delete on close, until others open the file after them."""

    def __len__(self) -> int:
        return len(self._opens)

    def __iter__(self) -> Iterator[One]:
        return iter(self._opens)

    def add(self, handle: One) -> None:
        """One more open."""
        kind = self._opens[handle] = _kind_of(handle)
        group = self.groups.get(kind)
        if group is None:
            self.groups[kind] = {handle: None}
        else:
            group[handle] = None
        if handle.delete_on_close and not handle.made and not handle.is_directory:
            self.wishes[handle] = None

    def remove(self, handle: One) -> None:
        """One open less."""
        kind = self._opens.pop(handle)
        group = self.groups[kind]
        if len(group) == 1:
            del self.groups[kind]
        else:
            del group[handle]
        if handle.delete_on_close:
            self.wishes.pop(handle, None)

    def others_may_delete(self, handle: One) -> bool:
        """Whether an open besides this one has DELETE access."""
        return any(
            kind.access & Access.DELETE and len(group) > (handle in group)
            for kind, group in self.groups.items()
        )


def _kind_of(handle: Sharing) -> SharingKind:
    dos_opener = None
    if handle.dos_deny in _DOS_OPENS and handle.access & Access.WRITE_DATA:
        dos_opener = id(handle.owner), handle.pid
    return SharingKind(handle.access & COUNTS, handle.share, dos_opener)
