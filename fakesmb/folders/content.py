"""What is to be in a share, as Python says it: a mapping of names to bytes, texts, `File`s and further mappings."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, Never, cast

from fakesmb.folders.errors import FolderError, room_of
from fakesmb.nt.names import fold
from fakesmb.nt.nearest import nearest
from fakesmb.nt.status import SMBError
from fakesmb.vfs import eas as ea_rules
from fakesmb.vfs.local import streams as stream_rules
from fakesmb.vfs.paths import Path, check_name
from fakesmb.vfs.store import Ea

Data = bytes | bytearray | memoryview | str
"""What a file holds: a text is kept as UTF-8."""
Content = Mapping[str, object]
"""Names, and for each the data of a file, a `File`, or a mapping with what is in a directory."""
DEEPEST: Final = 128
"""Directories in one another: beyond it a mapping is taken to hold itself."""
_LONGEST_NAME: Final = 255
"""Bytes of UTF-8 in a name on the disk."""
_LONGEST_PATH: Final = 3072
"""Bytes of UTF-8 in a whole path: Linux takes 4096, with the place that the share is in."""
_SHOWN: Final = 60
_BYTES: Final = (bytes, bytearray, memoryview)


class File:
    """A file of a share's content: its data, and what clients see of it besides."""

    __slots__ = ("data", "eas", "hidden", "modified", "read_only", "streams", "system")

    def __init__(
        self,
        data: Data = b"",
        *,
        read_only: bool = False,
        hidden: bool = False,
        system: bool = False,
        modified: datetime | float | None = None,
        eas: Mapping[str, Data] | None = None,
        streams: Mapping[str, Data] | None = None,
        **misspelt: Never,
    ) -> None:
        """`modified`: the write time, a datetime (UTC where it has no zone) or POSIX seconds; None: when it is made.

        `eas`: extended attributes of OS/2 by name; `streams`: named data streams. Raises TypeError for an argument
        of another kind, ValueError for a name or value that no client could set either.
        """
        __tracebackhide__ = True
        for name in misspelt:
            raise TypeError(f"File has no {name!r}{nearest(name, self.__slots__)}")
        self.data = as_bytes(data, "data")
        for name, flag in (("read_only", read_only), ("hidden", hidden), ("system", system)):
            if not isinstance(flag, bool):
                raise TypeError(f"{name} of a File must be True or False, not {flag!r}")
        self.read_only, self.hidden, self.system = read_only, hidden, system
        self.modified = None if modified is None else _moment(modified)
        self.eas = _values("eas", eas)
        self.streams = _values("streams", streams)
        _check_eas(self.eas)
        _check_streams(self.streams)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, File):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        told = [repr(self.data)]
        told += [f"{name}={value!r}" for name in self.__slots__[1:] if (value := getattr(self, name))]
        return f"File({', '.join(told)})"


Tree = dict[str, "File | Tree"]
"""Checked content: each name is one component."""


class Contents:
    """Content that has been checked: what a configuration holds. Raises `FolderError`, as `tree_of` does."""

    __slots__ = ("tree",)

    def __init__(self, content: Content) -> None:
        self.tree = tree_of(content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contents) and self.tree == other.tree

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Contents({self.tree!r})"


def as_bytes(data: object, what: str) -> bytes:
    """Data as bytes; raises TypeError."""
    __tracebackhide__ = True
    if isinstance(data, str):
        return data.encode("utf-8", "surrogatepass")
    if not isinstance(data, _BYTES):
        raise TypeError(f"{what} of a File must be bytes or a text, not {type(data).__name__}")
    return bytes(data)


def tree_of(content: Content) -> Tree:
    """The content, checked; raises `FolderError` that names the key which is wrong, and what it should be.

    Keys are paths with `/` or `\\`; one that ends in a separator is a directory, and so is each mapping. Two keys may
    lead into one directory, but not to one file: clients do not tell cases apart.
    """
    tree: Tree = {}
    _Filling().fill(tree, content, ())
    return tree


def measure(tree: Tree) -> tuple[int, int]:
    """How many files and directories there are in it, and how many bytes they need on a disk, about."""
    number = size = 0
    for value in tree.values():
        number += 1
        if isinstance(value, dict):
            below, needed = measure(value)
            number, size = number + below, size + needed
        else:
            extras = sum(map(len, (*value.eas.values(), *value.streams.values())))
            size += room_of(len(value.data)) + extras
    return number, size


class _Filling:
    """Puts the keys of mappings into a tree, one component each."""

    def __init__(self) -> None:
        self._spelt: dict[tuple[str, ...], str] = {}
        """By its folded components: how a path was spelt."""

    def fill(self, tree: Tree, content: object, above: tuple[str, ...]) -> None:
        """Adds a mapping's keys to the tree of the directory `above`."""
        where = "/".join(above)
        if not isinstance(content, Mapping):
            raise FolderError(f"{where or 'content'}: must be a mapping of names, not {_kind(content)}")
        for key, value in content.items():
            self._add(tree, key, value, above)

    def _add(self, tree: Tree, key: object, value: object, above: tuple[str, ...]) -> None:
        parts, told, directory = _components(key, above)
        is_mapping = isinstance(value, Mapping)
        if directory and not is_mapping:
            raise FolderError(
                f"{told}: ends in {told[-1]} and so is a directory: its content must be a mapping, "
                f"{{}} for an empty one, not {_kind(value)}"
            )
        length = len("/".join((*above, *parts)).encode())
        if length > _LONGEST_PATH:
            raise FolderError(f"{_short(told)}: a path of {length} bytes is too long for the disk")
        if len(above) + len(parts) > DEEPEST:
            raise FolderError(f"{_short(told)}: directories more than {DEEPEST} deep; does it hold itself?")
        for at in range(1, len(parts)):
            tree = self._directory(tree, (*above, *parts[:at]), told)
        place = (*above, *parts)
        if is_mapping:
            self.fill(self._directory(tree, place, told), value, place)
            return
        try:
            made = value if isinstance(value, File) else File(cast(Data, value))
        except TypeError:
            raise FolderError(
                f"{told}: must be bytes, a text, a File or a mapping, not {_kind(value)}"
            ) from None
        self._check_spelling(place, told, directory=False)
        if parts[-1] in tree:
            raise FolderError(f"{told}: is there already{_as_what(tree[parts[-1]])}")
        tree[parts[-1]] = made

    def _directory(self, tree: Tree, place: tuple[str, ...], told: str) -> Tree:
        self._check_spelling(place, told, directory=True)
        found = tree.setdefault(place[-1], {})
        if isinstance(found, File):
            raise FolderError(f"{told}: {'/'.join(place)} is a file and a directory")
        return found

    def _check_spelling(self, place: tuple[str, ...], told: str, *, directory: bool) -> None:
        spelt = "/".join(place)
        before = self._spelt.setdefault(tuple(map(fold, place)), spelt)
        if before != spelt:
            what = "directory" if directory else "file"
            raise FolderError(f"{told}: the same {what} to clients as {before}, which differs in case only")


def _components(key: object, above: tuple[str, ...]) -> tuple[tuple[str, ...], str, bool]:
    """The components of a key, its whole path for people, and whether it is a directory's by its end."""
    if not isinstance(key, str):
        raise FolderError(f"{'/'.join((*above, repr(key)))}: a name must be a text, not {_kind(key)}")
    told = "/".join((*above, key))
    shown = told if told.isprintable() and told else repr(told)
    if not key:
        raise FolderError(f"{shown}: a name must not be empty")
    parts = key.replace("\\", "/").split("/")
    directory = len(parts) > 1 and not parts[-1]
    if directory:
        parts.pop()
    if not parts or not parts[0]:
        raise FolderError(f"{shown}: a name must be relative to the share, without a leading {key[0]}")
    for part in parts:
        _check_component(part, shown)
    return tuple(parts), shown, directory


def _check_component(part: str, shown: str) -> None:
    if part in (".", ".."):
        raise FolderError(f"{shown}: {part} is no name: write where the file is, from the share on")
    if not part:
        raise FolderError(f"{shown}: a name between two separators is empty")
    if ":" in part:
        raise FolderError(
            f"{shown}: no name may have a colon; a named stream is File(..., streams={{...}}), a drive is no part"
        )
    try:
        check_name(part)
    except SMBError as error:
        raise FolderError(f"{_short(shown)}: {error.why}") from None
    if len(part.encode()) > _LONGEST_NAME:
        raise FolderError(f"{_short(shown)}: a name of {len(part.encode())} bytes is too long for the disk")


def _short(told: str) -> str:
    return told if len(told) <= _SHOWN else told[:_SHOWN] + "..."


def _as_what(found: "File | Tree") -> str:
    return " as a directory" if isinstance(found, dict) else ", spelt in another way"


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


_EARLIEST: Final = datetime(1601, 1, 2, tzinfo=UTC)
"""Of FILETIME, but for its first day: 0 says that no time is meant."""


def _moment(given: object) -> datetime:
    __tracebackhide__ = True
    moment = _as_datetime(given)
    if moment < _EARLIEST:
        raise ValueError(f"modified={given!r} is before {_EARLIEST:%Y}, and no time that a file can have")
    return moment


def _as_datetime(given: object) -> datetime:
    __tracebackhide__ = True
    if isinstance(given, datetime):
        try:
            return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
        except OverflowError:
            raise ValueError(f"modified={given!r} is no time that a file can have") from None
    if isinstance(given, int | float) and not isinstance(given, bool):
        try:
            return datetime.fromtimestamp(given, UTC)
        except (OverflowError, ValueError, OSError):
            raise ValueError(f"modified={given!r} is no time that a file can have") from None
    raise TypeError(f"modified of a File must be a datetime or POSIX seconds, not {_kind(given)}")


def _values(what: str, given: object) -> dict[str, bytes]:
    __tracebackhide__ = True
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise TypeError(f"{what} of a File must be a mapping of names to bytes, not {_kind(given)}")
    return {name: as_bytes(value, f"{what}[{name!r}]") for name, value in given.items()}


def _check_eas(eas: Mapping[str, bytes]) -> None:
    __tracebackhide__ = True
    as_eas = [Ea(name, value) for name, value in eas.items()]
    try:
        ea_rules.check(as_eas)
    except SMBError as error:
        raise ValueError(f"eas of a File: {error.why}") from None
    _check_distinct("eas", eas)
    size = ea_rules.size_of(as_eas)
    if size > ea_rules.LARGEST:
        raise ValueError(f"eas of a File: {size} bytes are too many, {ea_rules.LARGEST} is the most")
    for name, value in eas.items():
        if not value:
            raise ValueError(f"eas of a File: {name!r} is empty, and an empty EA is none")


def _check_streams(streams: Mapping[str, bytes]) -> None:
    __tracebackhide__ = True
    for name, data in streams.items():
        try:
            found = Path.parse(f"x:{name}")
        except SMBError as error:
            raise ValueError(f"streams of a File: {name!r}: {error.why}") from None
        if found.stream != name or "/" in name or "\\" in name:
            raise ValueError(f"streams of a File: {name!r} is not the name of a stream, without colons")
        if len(data) > stream_rules.LARGEST:
            raise ValueError(
                f"streams of a File: {name!r} has {len(data)} bytes, {stream_rules.LARGEST} is the most"
            )
    _check_distinct("streams", streams)


def _check_distinct(what: str, names: Iterable[str]) -> None:
    __tracebackhide__ = True
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(fold(name), name)
        if other != name:
            raise ValueError(f"{what} of a File: {other!r} and {name!r} differ in case only")
