"""Directory entries as FIND_FIRST2 and FIND_NEXT2 list them ([MS-CIFS] 2.2.8.1, [MS-SMB] 2.2.8.1).

    entries = EntryList(level, max_data_count, context, resume_keys=...)
    while entries.count < search_count and (info := search.next()):
        if not entries.add(info, search.tell()):
            ...                                         # it did not fit: give it out again next time
    response = TransactionResponse(data=entries.finish())

One `struct.pack` and one name for an entry: listings are long. NT levels are chained by NextEntryOffset at multiples of
eight; the old levels follow each other, with a resume key before each where the client wants one.
"""

import struct
from collections.abc import Callable
from types import MappingProxyType
from typing import Final, NamedTuple

from fakesmb.wire.codec import Buffer, DecodeError, Record, Structure, decode_utf16, encode_utf16, layout_of
from fakesmb.wire.eas import encode_list
from fakesmb.wire.info import PASSTHROUGH, Facts, LevelContext, clip
from fakesmb.wire.info_layouts import (
    BothDirectoryEntry,
    DirectoryEntry,
    FullDirectoryEntry,
    IdBothDirectoryEntry,
    IdFullDirectoryEntry,
    NamesEntry,
    OldEaEntry,
    OldEntry,
)
from fakesmb.wire.times import dos_from

_OLD_STANDARD: Final = layout_of(OldEntry).fixed
_OLD_EA_SIZE: Final = layout_of(OldEaEntry).fixed
_DIRECTORY: Final = layout_of(DirectoryEntry).fixed
_FULL: Final = layout_of(FullDirectoryEntry).fixed
_NAMES: Final = layout_of(NamesEntry).fixed
_BOTH: Final = layout_of(BothDirectoryEntry).fixed
_ID_FULL: Final = layout_of(IdFullDirectoryEntry).fixed
_ID_BOTH: Final = layout_of(IdBothDirectoryEntry).fixed
_RESUME_KEY: Final = struct.Struct("<I")
_NEXT: Final = struct.Struct("<I")
_ALIGNMENT: Final = 8

_UNICODE_NULL: Final = b"\0\0"
_PADS: Final = tuple(bytes(n) for n in range(_ALIGNMENT))

Head = Callable[[int, int, Facts, int, bytes], bytes]
"""(NextEntryOffset, FileIndex, facts, FileNameLength, short name) to the bytes before the name."""


def _directory(following: int, index: int, facts: Facts, name_size: int, short: bytes) -> bytes:
    return _DIRECTORY.pack(
        following,
        index,
        facts.creation_time,
        facts.last_access_time,
        facts.last_write_time,
        facts.change_time,
        facts.end_of_file,
        facts.allocation_size,
        facts.attributes,
        name_size,
    )


def _full(following: int, index: int, facts: Facts, name_size: int, short: bytes) -> bytes:
    return _FULL.pack(
        following,
        index,
        facts.creation_time,
        facts.last_access_time,
        facts.last_write_time,
        facts.change_time,
        facts.end_of_file,
        facts.allocation_size,
        facts.attributes,
        name_size,
        facts.ea_size,
    )


def _names(following: int, index: int, facts: Facts, name_size: int, short: bytes) -> bytes:
    return _NAMES.pack(following, index, name_size)


def _both(following: int, index: int, facts: Facts, name_size: int, short: bytes) -> bytes:
    return _BOTH.pack(
        following,
        index,
        facts.creation_time,
        facts.last_access_time,
        facts.last_write_time,
        facts.change_time,
        facts.end_of_file,
        facts.allocation_size,
        facts.attributes,
        name_size,
        facts.ea_size,
        len(short),
        short,
    )


def _id_full(following: int, index: int, facts: Facts, name_size: int, short: bytes) -> bytes:
    return _ID_FULL.pack(
        following,
        index,
        facts.creation_time,
        facts.last_access_time,
        facts.last_write_time,
        facts.change_time,
        facts.end_of_file,
        facts.allocation_size,
        facts.attributes,
        name_size,
        facts.ea_size,
        facts.file_id,
    )


def _id_both(following: int, index: int, facts: Facts, name_size: int, short: bytes) -> bytes:
    return _ID_BOTH.pack(
        following,
        index,
        facts.creation_time,
        facts.last_access_time,
        facts.last_write_time,
        facts.change_time,
        facts.end_of_file,
        facts.allocation_size,
        facts.attributes,
        name_size,
        facts.ea_size,
        len(short),
        short,
        facts.file_id,
    )


class FindLevel(NamedTuple):
    """One level of directory entries."""

    name: str
    section: str
    head: Head | None
    """How an entry of an NT level begins; None for the old levels."""
    size: int
    """Bytes of that head, or of an old level's fields before the name length."""
    eas: str = ""
    """Of an old level: "" for none, `size` for their size, `list` for the EAs themselves."""
    layout: type[Record] | type[Structure] | None = None
    """What an entry is declared as: of an old level as far as the length of its name."""
    unix: bool = False
    """Whether it is a level of the Unix extensions (`wire.unix.UnixEntries`)."""


_NT: Final[dict[int, tuple[str, str, Head, type[Structure]]]] = {
    0x0101: ("SMB_FIND_FILE_DIRECTORY_INFO", "[MS-CIFS] 2.2.8.1.4", _directory, DirectoryEntry),
    0x0102: ("SMB_FIND_FILE_FULL_DIRECTORY_INFO", "[MS-CIFS] 2.2.8.1.5", _full, FullDirectoryEntry),
    0x0103: ("SMB_FIND_FILE_NAMES_INFO", "[MS-CIFS] 2.2.8.1.6", _names, NamesEntry),
    0x0104: ("SMB_FIND_FILE_BOTH_DIRECTORY_INFO", "[MS-CIFS] 2.2.8.1.7", _both, BothDirectoryEntry),
    0x0105: ("SMB_FIND_FILE_ID_FULL_DIRECTORY_INFO", "[MS-SMB] 2.2.8.1.2", _id_full, IdFullDirectoryEntry),
    0x0106: ("SMB_FIND_FILE_ID_BOTH_DIRECTORY_INFO", "[MS-SMB] 2.2.8.1.3", _id_both, IdBothDirectoryEntry),
    PASSTHROUGH + 1: ("FileDirectoryInformation", "[MS-FSCC] 2.4.10", _directory, DirectoryEntry),
    PASSTHROUGH + 2: ("FileFullDirectoryInformation", "[MS-FSCC] 2.4.15", _full, FullDirectoryEntry),
    PASSTHROUGH + 3: ("FileBothDirectoryInformation", "[MS-FSCC] 2.4.8", _both, BothDirectoryEntry),
    PASSTHROUGH + 12: ("FileNamesInformation", "[MS-FSCC] 2.4.33", _names, NamesEntry),
}

LEVELS: Final = MappingProxyType(
    {
        0x0001: FindLevel("SMB_INFO_STANDARD", "[MS-CIFS] 2.2.8.1.1", None, _OLD_STANDARD.size, "", OldEntry),
        0x0002: FindLevel(
            "SMB_INFO_QUERY_EA_SIZE", "[MS-CIFS] 2.2.8.1.2", None, _OLD_EA_SIZE.size, "size", OldEaEntry
        ),
        0x0003: FindLevel("SMB_INFO_QUERY_EAS_FROM_LIST", "[MS-CIFS] 2.2.8.1.3", None, 0, "list", OldEntry),
    }
    | {
        code: FindLevel(name, section, head, layout_of(entry).fixed.size, "", entry)
        for code, (name, section, head, entry) in _NT.items()
    }
)
"""Every level that entries can be listed at."""


class EntryList:
    """Entries of one answer, at most `limit` bytes of them."""

    __slots__ = ("add", "context", "count", "data", "last", "level", "limit", "resume_keys", "unpadded")

    def __init__(
        self, level: FindLevel, limit: int, context: LevelContext, *, resume_keys: bool = False
    ) -> None:
        self.level = level
        self.limit = limit
        self.context = context
        self.resume_keys = resume_keys
        self.data = bytearray()
        self.count = 0
        self.last = 0
        """Where the last entry begins: LastNameOffset."""
        self.unpadded = 0
        """Where the last entry ends, without the padding after it."""
        self.add: Callable[..., bool] = self._add_old if level.head is None else self._add_nt
        """Appends an entry (facts, key, EA list for level 3); False, and nothing done, if it does not fit.

        One that the code page cannot spell, and that has no 8.3 name, is left out.
        """

    def finish(self) -> bytearray:
        """The list, its last entry marked as the last. Add nothing after this."""
        data = self.data
        if self.level.head is not None and data:
            _NEXT.pack_into(data, self.last, 0)
            del data[self.unpadded :]
        return data

    def _add_nt(self, facts: Facts, key: int = 0, eas: Buffer = b"") -> bool:
        level, context, data = self.level, self.context, self.data
        if context.unicode:
            # The null that is not counted is for XP SP3, which does not find the only entry of a list without it
            name = encode_utf16(facts.name)
            name_size = len(name)
            end = level.size + name_size + 2
            short = encode_utf16(facts.short_name)[:24]
            tail = _UNICODE_NULL
        else:
            # Windows 9x counts the null of an OEM name, and faults in shell32 on a short name
            spelt = context.name(facts)
            if spelt is None:
                return True
            name = spelt + b"\0"
            name_size = len(name)
            end = level.size + name_size
            short = b""
            tail = b""
        at = len(data)
        if at + end > self.limit:
            return False
        pad = -end % _ALIGNMENT
        assert level.head is not None
        data += level.head(end + pad, key, facts, name_size, short)
        data += name
        data += tail + _PADS[pad]
        self.last = at
        self.unpadded = at + end
        self.count += 1
        return True

    def _add_old(self, facts: Facts, key: int = 0, eas: Buffer = b"") -> bool:
        context, data = self.context, self.data
        name = context.name(facts, longest=0xFF)
        if name is None:
            return True
        at = len(data)
        entry = bytearray(_RESUME_KEY.pack(key)) if self.resume_keys else bytearray()
        zone = context.zone
        entry += _OLD_STANDARD.pack(
            *dos_from(facts.creation_time, zone),
            *dos_from(facts.last_access_time, zone),
            *dos_from(facts.last_write_time, zone),
            clip(facts.end_of_file),
            clip(facts.allocation_size),
            facts.attributes & 0xFFFF,
        )
        if self.level.eas == "size":
            entry += _NEXT.pack(clip(facts.ea_size))
        elif self.level.eas == "list":
            entry += eas or encode_list(())
        entry.append(min(len(name), 0xFF))
        if context.unicode:
            # Only the level without EAs aligns its names and ends them with a whole null.
            if self.level.eas:
                entry += name + b"\0"
            else:
                entry += bytes((at + len(entry)) & 1) + name + b"\0\0"
        else:
            entry += name + b"\0"
        if at + len(entry) > self.limit:
            return False
        data += entry
        self.last = at
        self.unpadded = len(data)
        self.count += 1
        return True


class Listed(NamedTuple):
    """One entry read back (tests, `fakesmb show`)."""

    name: str
    key: int
    attributes: int
    end_of_file: int
    short_name: str = ""
    file_id: int = 0


def read_entries(code: int, data: Buffer, context: LevelContext) -> list[Listed]:
    """The entries of an answer at an NT level; raises `DecodeError`."""
    level = LEVELS.get(code)
    if level is None or level.head is None:
        raise DecodeError(f"entries of level 0x{code:04X} are not read back")
    found = []
    at = 0
    while True:
        if len(data) - at < level.size:
            raise DecodeError(f"an entry is at least {level.size} bytes long, {len(data) - at} there")
        following = _NEXT.unpack_from(data, at)[0]
        found.append(_read_entry(level, data, at, context))
        if not following:
            return found
        if following < level.size:
            raise DecodeError("entries that overlap")
        at += following
        if at == len(data):  # Samba's last entry leads to where another would begin
            return found


def _read_entry(level: FindLevel, data: Buffer, at: int, context: LevelContext) -> Listed:
    key = _NEXT.unpack_from(data, at + 4)[0]
    start = at + level.size
    if level.size == _NAMES.size:
        return Listed(_read_name(data, start, _NEXT.unpack_from(data, at + 8)[0], context), key, 0, 0)
    fields = _DIRECTORY.unpack_from(data, at)
    short, file_id = "", 0
    if level.size in (_BOTH.size, _ID_BOTH.size):
        length = data[at + 68]
        short = decode_utf16(bytes(data[at + 70 : at + 70 + min(length & ~1, 24)]))
    if level.size in (_ID_FULL.size, _ID_BOTH.size):
        file_id = struct.unpack_from("<Q", data, start - 8)[0]
    return Listed(_read_name(data, start, fields[9], context), key, fields[8], fields[6], short, file_id)


def _read_name(data: Buffer, at: int, size: int, context: LevelContext) -> str:
    if at + size > len(data):
        raise DecodeError(f"a name of {size} bytes, {len(data) - at} there")
    return context.read_text(data[at : at + size])
