"""Information levels of files that QUERY_PATH/FILE_INFORMATION answer ([MS-CIFS] 2.2.8.3, [MS-FSCC] 2.4).

`LEVELS[level].encode(facts, context)` gives the answer's data. What SET_PATH/FILE_INFORMATION take is in `set_info`.
"""

import struct
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from fakesmb.wire.codec import Record, Structure, encode_utf16, layout_of
from fakesmb.wire.eas import encode_list
from fakesmb.wire.info import PASSTHROUGH, Facts, Level, LevelContext, clip, counted
from fakesmb.wire.info_layouts import (
    AccessInfo,
    AlignmentInfo,
    AllInfo,
    AllocationInfo,
    AlternateNameInfo,
    AttributeTagInfo,
    BasicInfo,
    CompressionInfo,
    EaInfo,
    EaSizeInfo,
    EndOfFileInfo,
    FileStandardInfo,
    InternalInfo,
    ModeInfo,
    NameInfo,
    NetworkOpenInfo,
    PositionInfo,
    StandardInfo,
    StreamEntry,
)
from fakesmb.wire.times import dos_from

_OLD_STANDARD: Final = layout_of(StandardInfo).fixed
_BASIC: Final = layout_of(BasicInfo).fixed
_STANDARD: Final = layout_of(FileStandardInfo).fixed
_ALL: Final = layout_of(AllInfo).fixed
_NETWORK_OPEN: Final = layout_of(NetworkOpenInfo).fixed
_U32: Final = struct.Struct("<I")
_U64: Final = struct.Struct("<Q")
_STREAM: Final = layout_of(StreamEntry).fixed


def _standard_old(facts: Facts, context: LevelContext) -> bytes:
    zone = context.zone
    return _OLD_STANDARD.pack(
        *dos_from(facts.creation_time, zone),
        *dos_from(facts.last_access_time, zone),
        *dos_from(facts.last_write_time, zone),
        clip(facts.end_of_file),
        clip(facts.allocation_size),
        facts.attributes & 0xFFFF,
    )


def _ea_size_old(facts: Facts, context: LevelContext) -> bytes:
    return _standard_old(facts, context) + _U32.pack(clip(facts.ea_size))


def _eas(facts: Facts, context: LevelContext) -> bytes:
    return bytes(context.eas) or encode_list(())


def _full_eas(facts: Facts, context: LevelContext) -> bytes:
    return bytes(context.eas)


def _nothing(facts: Facts, context: LevelContext) -> bytes:
    return b""


def _basic(facts: Facts, context: LevelContext) -> bytes:
    return _BASIC.pack(
        facts.creation_time,
        facts.last_access_time,
        facts.last_write_time,
        facts.change_time,
        facts.attributes,
    )


def _standard(facts: Facts, context: LevelContext) -> bytes:
    return _STANDARD.pack(
        facts.allocation_size,
        facts.end_of_file,
        facts.number_of_links,
        facts.delete_pending,
        facts.is_directory,
    )


def _ea_size(facts: Facts, context: LevelContext) -> bytes:
    return _U32.pack(clip(facts.ea_size))


def _name(facts: Facts, context: LevelContext) -> bytes:
    return counted(context.path(facts.path))


def _all(facts: Facts, context: LevelContext) -> bytes:
    # Windows gives passthrough class 18 the shape of level 0x107, not that of [MS-FSCC] 2.4.2: smbtorture checks it
    name = context.path(facts.path)
    return (
        _ALL.pack(
            facts.creation_time,
            facts.last_access_time,
            facts.last_write_time,
            facts.change_time,
            facts.attributes,
            facts.allocation_size,
            facts.end_of_file,
            facts.number_of_links,
            facts.delete_pending,
            facts.is_directory,
            clip(facts.ea_size),
            len(name),
        )
        + name
    )


def _alternate_name(facts: Facts, context: LevelContext) -> bytes:
    return counted(encode_utf16(facts.short_name or facts.name.partition(":")[0]))


def _streams(facts: Facts, context: LevelContext) -> bytes:
    out = bytearray()
    shown = [one for one in context.streams if context.shows(one.name)]
    streams = [(encode_utf16(one.name), one.size, one.allocation_size) for one in shown]
    for index, (name, size, allocation) in enumerate(streams, 1):
        length = _STREAM.size + len(name)
        pad = 0 if index == len(streams) else -length % 8
        following = 0 if index == len(streams) else length + pad
        out += _STREAM.pack(following, len(name), size, allocation) + name + bytes(pad)
    return bytes(out)


def _compression(facts: Facts, context: LevelContext) -> bytes:
    return CompressionInfo(facts.end_of_file).encode()


def _internal(facts: Facts, context: LevelContext) -> bytes:
    return _U64.pack(facts.file_id)


def _access(facts: Facts, context: LevelContext) -> bytes:
    return _U32.pack(context.access)


def _position(facts: Facts, context: LevelContext) -> bytes:
    return _U64.pack(context.position)


def _mode(facts: Facts, context: LevelContext) -> bytes:
    return _U32.pack(context.mode)


def _alignment(facts: Facts, context: LevelContext) -> bytes:
    return bytes(4)


def _allocation(facts: Facts, context: LevelContext) -> bytes:
    return _U64.pack(facts.allocation_size)


def _end_of_file(facts: Facts, context: LevelContext) -> bytes:
    return _U64.pack(facts.end_of_file)


def _network_open(facts: Facts, context: LevelContext) -> bytes:
    return _NETWORK_OPEN.pack(
        facts.creation_time,
        facts.last_access_time,
        facts.last_write_time,
        facts.change_time,
        facts.allocation_size,
        facts.end_of_file,
        facts.attributes,
    )


def _attribute_tag(facts: Facts, context: LevelContext) -> bytes:
    return AttributeTagInfo.encode_from(facts)


Encoder = Callable[[Facts, LevelContext], bytes]
Form = type[Record] | type[Structure] | None

_OLD: Final[dict[int, tuple[str, str, Encoder, Form]]] = {
    0x0001: ("SMB_INFO_STANDARD", "2.2.8.3.1", _standard_old, StandardInfo),
    0x0002: ("SMB_INFO_QUERY_EA_SIZE", "2.2.8.3.2", _ea_size_old, EaSizeInfo),
    0x0003: ("SMB_INFO_QUERY_EAS_FROM_LIST", "2.2.8.3.3", _eas, None),
    0x0004: ("SMB_INFO_QUERY_ALL_EAS", "2.2.8.3.4", _eas, None),
    0x0006: ("SMB_INFO_IS_NAME_VALID", "2.2.8.3.5", _nothing, None),
    0x0101: ("SMB_QUERY_FILE_BASIC_INFO", "2.2.8.3.6", _basic, BasicInfo),
    0x0102: ("SMB_QUERY_FILE_STANDARD_INFO", "2.2.8.3.7", _standard, FileStandardInfo),
    0x0103: ("SMB_QUERY_FILE_EA_INFO", "2.2.8.3.8", _ea_size, EaInfo),
    0x0104: ("SMB_QUERY_FILE_NAME_INFO", "2.2.8.3.9", _name, NameInfo),
    0x0105: ("SMB_QUERY_FILE_ALLOCATION_INFO", "2.2.2.3.3", _allocation, AllocationInfo),
    0x0106: ("SMB_QUERY_FILE_END_OF_FILE_INFO", "2.2.2.3.3", _end_of_file, EndOfFileInfo),
    0x0107: ("SMB_QUERY_FILE_ALL_INFO", "2.2.8.3.10", _all, AllInfo),
    0x0108: ("SMB_QUERY_FILE_ALT_NAME_INFO", "2.2.8.3.11", _alternate_name, AlternateNameInfo),
    0x0109: ("SMB_QUERY_FILE_STREAM_INFO", "2.2.8.3.12", _streams, StreamEntry),
    0x010B: ("SMB_QUERY_FILE_COMPRESSION_INFO", "2.2.8.3.13", _compression, CompressionInfo),
}

_CLASSES: Final[dict[int, tuple[str, str, Encoder, Form]]] = {
    4: ("FileBasicInformation", "2.4.7", _basic, BasicInfo),
    5: ("FileStandardInformation", "2.4.47", _standard, FileStandardInfo),
    6: ("FileInternalInformation", "2.4.27", _internal, InternalInfo),
    7: ("FileEaInformation", "2.4.13", _ea_size, EaInfo),
    8: ("FileAccessInformation", "2.4.1", _access, AccessInfo),
    9: ("FileNameInformation", "2.4.32", _name, NameInfo),
    14: ("FilePositionInformation", "2.4.40", _position, PositionInfo),
    15: ("FileFullEaInformation", "2.4.16", _full_eas, None),
    16: ("FileModeInformation", "2.4.31", _mode, ModeInfo),
    17: ("FileAlignmentInformation", "2.4.3", _alignment, AlignmentInfo),
    18: ("FileAllInformation", "2.4.2", _all, AllInfo),
    19: ("FileAllocationInformation", "2.4.4", _allocation, AllocationInfo),
    20: ("FileEndOfFileInformation", "2.4.14", _end_of_file, EndOfFileInfo),
    21: ("FileAlternateNameInformation", "2.4.5", _alternate_name, AlternateNameInfo),
    22: ("FileStreamInformation", "2.4.49", _streams, StreamEntry),
    28: ("FileCompressionInformation", "2.4.9", _compression, CompressionInfo),
    34: ("FileNetworkOpenInformation", "2.4.34", _network_open, NetworkOpenInfo),
    35: ("FileAttributeTagInformation", "2.4.6", _attribute_tag, AttributeTagInfo),
}


def _level(document: str, name: str, section: str, encode: Encoder, form: Form) -> Level:
    return Level(name, f"{document} {section}", encode, None, form, form is StreamEntry)


LEVELS: Final = MappingProxyType(
    {code: _level("[MS-CIFS]", *row) for code, row in _OLD.items()}
    | {PASSTHROUGH + code: _level("[MS-FSCC]", *row) for code, row in _CLASSES.items()}
)
"""Every level that can be queried of a file. Passthrough levels are native classes plus 1000."""

EA_LEVELS: Final = frozenset({0x0003, 0x0004, 1015})
"""Levels that need `LevelContext.eas`: for 1015 as `eas.encode_full` gives it."""
EA_SIZE_LEVELS: Final = frozenset({0x0002, 0x0103, 1007, 1018})
"""Levels that clients ask for to learn the size of the EAs, and 1018, which has it too."""
STREAM_LEVELS: Final = frozenset({0x0109, 1022})
"""Levels that need `LevelContext.streams`."""
