"""Information levels that SET_PATH/FILE_INFORMATION take ([MS-CIFS] 2.2.8.4, [MS-FSCC] 2.4).

`SET_LEVELS[level].decode(data, context)` gives one of the small structures below; what to do goes by its class, so
that old levels and passthrough classes are one case each.
"""

import struct
from types import MappingProxyType
from typing import Final

import msgspec

from fakesmb.wire.codec import Buffer, DecodeError, layout_of
from fakesmb.wire.eas import Ea, read_full, read_list
from fakesmb.wire.info import PASSTHROUGH, Level, LevelContext, need
from fakesmb.wire.info_layouts import (
    AllocationInfo,
    DispositionInfo,
    EndOfFileInfo,
    ModeInfo,
    PipeModeInfo,
    PositionInfo,
    RenameInfo,
    SetBasicInfo,
    SetStandardInfo,
)
from fakesmb.wire.times import dos_to

_DOS_TIMES: Final = layout_of(SetStandardInfo).fixed
_BASIC: Final = layout_of(SetBasicInfo).fixed
_U32: Final = struct.Struct("<I")
_I64: Final = struct.Struct("<q")
_RENAME: Final = layout_of(RenameInfo).fixed


class SetBasic(msgspec.Struct, frozen=True, gc=False):
    """Times (FILETIME; 0 leaves one alone, -1 stops automatic updates) and attributes (0 leaves them)."""

    creation_time: int = 0
    last_access_time: int = 0
    last_write_time: int = 0
    change_time: int = 0
    attributes: int = 0


class SetEas(msgspec.Struct, frozen=True, gc=False):
    """Extended attributes to set; an empty value deletes."""

    eas: tuple[Ea, ...] = ()


class SetDisposition(msgspec.Struct, frozen=True, gc=False):
    """Delete on close, or not."""

    delete: bool = True


class SetAllocation(msgspec.Struct, frozen=True, gc=False):
    """Allocation size in bytes."""

    size: int


class SetEndOfFile(msgspec.Struct, frozen=True, gc=False):
    """Length in bytes."""

    size: int


class SetPosition(msgspec.Struct, frozen=True, gc=False):
    """Current byte offset."""

    position: int


class SetMode(msgspec.Struct, frozen=True, gc=False):
    """FILE_MODE_INFORMATION bits."""

    mode: int


class SetName(msgspec.Struct, frozen=True, gc=False):
    """A new name: a bare one stays in the directory, one with backslashes is a path in the share."""

    name: str
    replace: bool = False
    root_directory: int = 0


class SetRename(SetName, frozen=True, gc=False):
    """The file's name changes."""


class SetLink(SetName, frozen=True, gc=False):
    """The file gets one more name."""


class SetPipe(msgspec.Struct, frozen=True, gc=False):
    """FilePipeInformation: `read_mode` 1 is message mode, `completion_mode` 1 does not block."""

    read_mode: int
    completion_mode: int


def _standard_old(data: Buffer, context: LevelContext) -> SetBasic:
    need(data, _DOS_TIMES.size, "SMB_INFO_STANDARD")
    created_on, created_at, used_on, used_at, written_on, written_at = _DOS_TIMES.unpack_from(data)
    return SetBasic(
        dos_to(created_on, created_at, context.zone),
        dos_to(used_on, used_at, context.zone),
        dos_to(written_on, written_at, context.zone),
    )


def _eas_old(data: Buffer, context: LevelContext) -> SetEas:
    return SetEas(tuple(read_list(data)))


def _eas_full(data: Buffer, context: LevelContext) -> SetEas:
    return SetEas(tuple(read_full(data)))


def _basic(data: Buffer, context: LevelContext) -> SetBasic:
    need(data, _BASIC.size, "FileBasicInformation")
    return SetBasic(*_BASIC.unpack_from(data))


def _disposition(data: Buffer, context: LevelContext) -> SetDisposition:
    need(data, 1, "FileDispositionInformation")
    return SetDisposition(data[0] != 0)


def _i64(data: Buffer, what: str) -> int:
    need(data, _I64.size, what)
    value: int = _I64.unpack_from(data)[0]
    if value < 0:
        raise DecodeError(f"{what} is negative")
    return value


def _allocation(data: Buffer, context: LevelContext) -> SetAllocation:
    return SetAllocation(_i64(data, "an allocation size"))


def _end_of_file(data: Buffer, context: LevelContext) -> SetEndOfFile:
    return SetEndOfFile(_i64(data, "an end of file"))


def _position(data: Buffer, context: LevelContext) -> SetPosition:
    return SetPosition(_i64(data, "a position"))


def _mode(data: Buffer, context: LevelContext) -> SetMode:
    need(data, _U32.size, "FileModeInformation")
    return SetMode(_U32.unpack_from(data)[0])


def _name(data: Buffer, context: LevelContext) -> tuple[str, bool, int]:
    need(data, _RENAME.size, "FileRenameInformation")
    replace, root, length = _RENAME.unpack_from(data)
    end = _RENAME.size + length
    need(data, end, "a new name")
    return context.read_text(data[_RENAME.size : end]), replace != 0, root


def _rename(data: Buffer, context: LevelContext) -> SetRename:
    return SetRename(*_name(data, context))


def _link(data: Buffer, context: LevelContext) -> SetLink:
    return SetLink(*_name(data, context))


def _pipe(data: Buffer, context: LevelContext) -> SetPipe:
    need(data, 8, "FilePipeInformation")
    return SetPipe(_U32.unpack_from(data)[0], _U32.unpack_from(data, 4)[0])


SET_LEVELS: Final = MappingProxyType(
    {
        0x0001: Level("SMB_INFO_STANDARD", "[MS-CIFS] 2.2.8.4.1", None, _standard_old, SetStandardInfo),
        0x0002: Level("SMB_INFO_SET_EAS", "[MS-CIFS] 2.2.8.4.2", None, _eas_old),
        0x0101: Level("SMB_SET_FILE_BASIC_INFO", "[MS-CIFS] 2.2.8.4.3", None, _basic, SetBasicInfo),
        0x0102: Level(
            "SMB_SET_FILE_DISPOSITION_INFO", "[MS-CIFS] 2.2.8.4.4", None, _disposition, DispositionInfo
        ),
        0x0103: Level(
            "SMB_SET_FILE_ALLOCATION_INFO", "[MS-CIFS] 2.2.8.4.5", None, _allocation, AllocationInfo
        ),
        0x0104: Level(
            "SMB_SET_FILE_END_OF_FILE_INFO", "[MS-CIFS] 2.2.8.4.6", None, _end_of_file, EndOfFileInfo
        ),
        PASSTHROUGH + 4: Level("FileBasicInformation", "[MS-FSCC] 2.4.7", None, _basic, SetBasicInfo),
        PASSTHROUGH + 10: Level("FileRenameInformation", "[MS-FSCC] 2.4.42.1", None, _rename, RenameInfo),
        PASSTHROUGH + 11: Level("FileLinkInformation", "[MS-FSCC] 2.4.28.1", None, _link, RenameInfo),
        PASSTHROUGH + 13: Level(
            "FileDispositionInformation", "[MS-FSCC] 2.4.11", None, _disposition, DispositionInfo
        ),
        PASSTHROUGH + 14: Level("FilePositionInformation", "[MS-FSCC] 2.4.40", None, _position, PositionInfo),
        PASSTHROUGH + 15: Level("FileFullEaInformation", "[MS-FSCC] 2.4.16", None, _eas_full),
        PASSTHROUGH + 16: Level("FileModeInformation", "[MS-FSCC] 2.4.31", None, _mode, ModeInfo),
        PASSTHROUGH + 19: Level(
            "FileAllocationInformation", "[MS-FSCC] 2.4.4", None, _allocation, AllocationInfo
        ),
        PASSTHROUGH + 20: Level(
            "FileEndOfFileInformation", "[MS-FSCC] 2.4.14", None, _end_of_file, EndOfFileInfo
        ),
        PASSTHROUGH + 23: Level("FilePipeInformation", "[MS-FSCC] 2.4.37", None, _pipe, PipeModeInfo),
    }
)
"""Every level that can be set on a file."""
