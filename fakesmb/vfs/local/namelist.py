"""The names of a directory as searches go through them: read and sorted in slices, once while it does not change."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from weakref import ref

from fakesmb.nt.status import SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.shortnames import Aliases
from fakesmb.vfs.store import Unfinished

if TYPE_CHECKING:
    from os import _ScandirIterator  # what it is called in typeshed

    from fakesmb.nt.quota import Quota
    from fakesmb.vfs.local.directory import Directory
    from fakesmb.vfs.local.listing import Stamp
    from fakesmb.world import Turn

ROW: Final = 1000
"""Names read and sorted before the time is looked at: a millisecond."""
_NAME_COST: Final = 72
"""Bytes that a name takes in a list besides its characters."""
_ALIAS_COST: Final = 120
"""Bytes that a name takes by which names are found."""

KeyOf = Callable[[list[str]], Callable[[str], str]]
"""What gives the form by which these names are sorted and found."""


class NameList:
    """Names in the order Windows lists them, the dots first. Whoever needs it calls `prepare` until that is done.

    It belongs to all searches that share it: nobody changes `names` afterwards. Its bytes are charged to a quota of the
    server's until the last of them has let it go.
    """

    __slots__ = (
        "__weakref__",
        "_aliased",
        "_aliases",
        "_charged",
        "_first",
        "_given",
        "_key_of",
        "_keys",
        "_quota",
        "_reading",
        "_refused",
        "_rows",
        "_turn",
        "names",
        "others",
        "plain",
        "ready",
        "stamp",
    )

    def __init__(
        self, names: list[str], key_of: KeyOf, turn: "Turn", quota: "Quota", stamp: "Stamp | None" = None
    ) -> None:
        """A list that is whole, and changes no more: names that are known, or the dots until `read` begins."""
        self.names = names
        self._first = len(names) if stamp is not None else 0
        """How many dots there are."""
        self._keys: list[str] = []
        """Of each name but the dots its key, as far as they have been made."""
        self._aliased = 0
        """Of how many names, from the first on, the 8.3 names can be looked for."""
        self.plain = stamp is not None
        """Whether every name is shown as it is on disk."""
        self.ready = True
        self.stamp = stamp
        """The directory's, from before its names were read."""
        self.others: dict[str, str] = {}
        """The names whose 8.3 name does not depend on the name alone, and theirs."""
        self._aliases = Aliases()
        self._key_of = key_of
        self._turn = turn
        self._quota = quota
        self._charged = 0
        self._reading: _ScandirIterator[str] | None = None
        """Gives the names that are still to be read; None where all are."""
        self._given: set[str] = set()
        """Names that are listed whether they are still there or not, and have not been read again."""
        self._rows: list[list[str]] = []
        """Names that have been read, sorted in several rows until all are in `names`."""
        self._refused: SMBError | None = None

    def read(self, directory: "Directory", given: set[str]) -> None:
        """Begins to read the directory, for whom the names of `given` are there in any case."""
        self._reading = directory.scan()
        self._given = given
        self.ready = False

    def __del__(self) -> None:
        if self._reading is not None:
            self._reading.close()
        self._quota.give_back(self._charged)

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        return self._charged

    def prepare(self) -> None:
        """Reads and sorts, of many names a part only: raises `Unfinished` then, and is to be called again.

        Raises INSUFFICIENT_RESOURCES where the quota has no room for them.
        """
        if self._refused is not None:
            raise self._refused
        while self._reading is not None:
            row = disk.next_names(self._reading, ROW)
            if not row:
                self._reading.close()
                self._reading = None
                # Names that are gone stay where they were: a client resumes by the last one, which it may have deleted.
                row = list(self._given)
            self._given.difference_update(row)
            if row:
                self._add_row(row)
                self._pause()
        rows = self._rows
        while len(rows) > 1:
            self._merge()
            self._pause()
        if rows:
            row, names = rows[0], self.names
            while row:
                names += [entry.rpartition("\0")[2] for entry in row[:ROW]]
                del row[:ROW]
                self._pause()
            self._rows = []
            self.others, self._aliases = self._aliases.others, Aliases()
            self._aliased = self._first
        self.ready = True

    def all_keys(self) -> list[str]:
        """The key of each name but the dots, once it is prepared. May raise `Unfinished`, and is then called again."""
        names, keys, first = self.names, self._keys, self._first
        while len(keys) < len(names) - first:
            row = names[first + len(keys) : first + len(keys) + ROW]
            keys += map(self._key_of(row), row)
            if len(row) == ROW:
                self._pause()
        return keys

    def place_of_alias(self, key: str) -> int:
        """Where in `names` the one with that 8.3 name is; -1 where none has it. May raise `Unfinished`.

        Raises INSUFFICIENT_RESOURCES where the quota has no room for looking.
        """
        names = self.names
        while self._aliased < len(names):
            row = names[self._aliased : self._aliased + ROW]
            self._quota.take(_ALIAS_COST * len(row))
            self._charged += _ALIAS_COST * len(row)
            self._aliases.add(row)
            self._aliased += len(row)
            if len(row) == ROW:
                self._pause()
        name = self._aliases.find(key)
        return -1 if name is None else names.index(name)

    def _add_row(self, names: list[str]) -> None:
        """Sorts some of the names, each behind its key, and merges rows of much the same length."""
        cost = sum(map(len, names)) + _NAME_COST * len(names)
        try:
            self._quota.take(cost)
        except SMBError as error:
            self._refused = error.with_traceback(None)
            self._rows = []
            raise
        self._charged += cost
        self._aliases.add(names)
        key = self._key_of(names)
        self.plain = self.plain and key is str.upper
        self._rows.append(sorted([f"{key(name)}\0{name}" for name in names]))
        while len(self._rows) > 1 and len(self._rows[-2]) < 2 * len(self._rows[-1]):
            self._merge()

    def _merge(self) -> None:
        """Makes one of the last two rows: sorting what is sorted in two parts is merging them."""
        last = self._rows.pop()
        self._rows[-1] += last
        self._rows[-1].sort()

    def _pause(self) -> None:
        if self._turn.over():
            raise Unfinished


def list_of(
    directory: "Directory",
    dots: tuple[str, ...],
    key_of: KeyOf,
    turn: "Turn",
    quota: "Quota",
    kind: object,
) -> NameList:
    """The names of a directory: those that another search goes through, where nothing has changed since they were read.

    `kind` is of whom the lists are sorted alike.
    """
    stamp = directory.stamp()
    shared = directory.lists.get((kind, dots))
    found = None if shared is None else shared()
    if isinstance(found, NameList) and found.stamp == stamp:
        return found
    made = NameList([*dots], key_of, turn, quota, stamp)
    made.read(directory, set())
    if directory.is_settled(stamp):  # else the next change may leave the same stamp
        directory.lists[kind, dots] = ref(made)
    return made
