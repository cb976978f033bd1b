"""Information levels of volumes that QUERY_FS_INFORMATION answers ([MS-CIFS] 2.2.8.2, [MS-FSCC] 2.5).

`LEVELS[level].encode(volume, context)`; `volume` has the attributes of `vfs.store.Volume`.
"""

import struct
from collections.abc import Callable
from types import MappingProxyType
from typing import Annotated, Final, Protocol

from fakesmb.wire.codec import U16, U64, Buffer, Record, Rest, Secret, Structure, layout_of
from fakesmb.wire.info import PASSTHROUGH, Level, LevelContext, clip, need
from fakesmb.wire.info_layouts import (
    AllocationUnits,
    ControlInfo,
    DeviceInfo,
    FsAttributeInfo,
    FsObjectIdInfo,
    FullSizeInfo,
    OldVolume,
    SizeInfo,
    VolumeInfo,
)


class VolumeFacts(Protocol):
    """What the levels read: `vfs.store.Volume` has all of it. Times are FILETIME, sizes in units."""

    @property
    def label(self) -> str:
        """The volume's label."""

    @property
    def serial_number(self) -> int:
        """32 bits."""

    @property
    def creation_time(self) -> int:
        """FILETIME."""

    @property
    def total_units(self) -> int:
        """Allocation units in all."""

    @property
    def free_units(self) -> int:
        """Allocation units that the user may still fill."""

    @property
    def reserved_units(self) -> int:
        """Free allocation units that the user may not fill: `df` counts them as free, too."""

    @property
    def sectors_per_unit(self) -> int:
        """Sectors in an allocation unit."""

    @property
    def bytes_per_sector(self) -> int:
        """Bytes in a sector."""

    @property
    def file_system(self) -> str:
        """`NTFS`, or `FAT` for Windows 9x."""

    @property
    def attributes(self) -> int:
        """FileSystemAttributes bits."""

    @property
    def longest_name(self) -> int:
        """Characters in a name."""


DEVICE_DISK: Final = 0x07
"""FILE_DEVICE_DISK."""
DEVICE_IS_MOUNTED: Final = 0x20
"""The DeviceCharacteristics bit that NTFS volumes show."""

_ALLOCATION: Final = layout_of(AllocationUnits).fixed
_OLD_VOLUME: Final = layout_of(OldVolume).fixed
_VOLUME: Final = layout_of(VolumeInfo).fixed
_SIZE: Final = layout_of(SizeInfo).fixed
_FULL_SIZE: Final = layout_of(FullSizeInfo).fixed
_DEVICE: Final = layout_of(DeviceInfo).fixed
_ATTRIBUTE: Final = layout_of(FsAttributeInfo).fixed


def _allocation(volume: VolumeFacts, context: LevelContext) -> bytes:
    return _ALLOCATION.pack(
        0,
        volume.sectors_per_unit,
        clip(volume.total_units),
        clip(volume.free_units),
        volume.bytes_per_sector,
    )


def _volume_old(volume: VolumeFacts, context: LevelContext) -> bytes:
    # The length of an OEM label counts its null: OS/2 and Windows 9x cut a label whose length does not
    label = context.text(volume.label[:11] + ("" if context.unicode else "\0"))
    return _OLD_VOLUME.pack(volume.serial_number, len(label)) + label


def _volume(volume: VolumeFacts, context: LevelContext) -> bytes:
    label = context.text(volume.label)
    return _VOLUME.pack(volume.creation_time, volume.serial_number, len(label), 0) + label


def _size(volume: VolumeFacts, context: LevelContext) -> bytes:
    return _SIZE.pack(volume.total_units, volume.free_units, volume.sectors_per_unit, volume.bytes_per_sector)


def _full_size(volume: VolumeFacts, context: LevelContext) -> bytes:
    return _FULL_SIZE.pack(
        volume.total_units,
        volume.free_units,
        volume.free_units + volume.reserved_units,
        volume.sectors_per_unit,
        volume.bytes_per_sector,
    )


def _device(volume: VolumeFacts, context: LevelContext) -> bytes:
    return _DEVICE.pack(DEVICE_DISK, DEVICE_IS_MOUNTED)


def _attribute(volume: VolumeFacts, context: LevelContext) -> bytes:
    # No null: Windows 9x loses long names when "FAT" comes with one
    name = context.text(volume.file_system)
    return _ATTRIBUTE.pack(volume.attributes, volume.longest_name, len(name)) + name


def _control(volume: VolumeFacts, context: LevelContext) -> bytes:
    return ControlInfo().encode()


def _object_id(volume: VolumeFacts, context: LevelContext) -> bytes:
    return struct.pack("<I12xQ40x", volume.serial_number, volume.creation_time)


Encoder = Callable[[VolumeFacts, LevelContext], bytes]
Form = type[Record] | type[Structure]

_OLD: Final[dict[int, tuple[str, str, Encoder, Form]]] = {
    0x0001: ("SMB_INFO_ALLOCATION", "2.2.8.2.1", _allocation, AllocationUnits),
    0x0002: ("SMB_INFO_VOLUME", "2.2.8.2.2", _volume_old, OldVolume),
    0x0102: ("SMB_QUERY_FS_VOLUME_INFO", "2.2.8.2.3", _volume, VolumeInfo),
    0x0103: ("SMB_QUERY_FS_SIZE_INFO", "2.2.8.2.4", _size, SizeInfo),
    0x0104: ("SMB_QUERY_FS_DEVICE_INFO", "2.2.8.2.5", _device, DeviceInfo),
    0x0105: ("SMB_QUERY_FS_ATTRIBUTE_INFO", "2.2.8.2.6", _attribute, FsAttributeInfo),
}

_CLASSES: Final[dict[int, tuple[str, str, Encoder, Form]]] = {
    1: ("FileFsVolumeInformation", "2.5.9", _volume, VolumeInfo),
    3: ("FileFsSizeInformation", "2.5.8", _size, SizeInfo),
    4: ("FileFsDeviceInformation", "2.5.10", _device, DeviceInfo),
    5: ("FileFsAttributeInformation", "2.5.1", _attribute, FsAttributeInfo),
    6: ("FileFsControlInformation", "2.5.2", _control, ControlInfo),
    7: ("FileFsFullSizeInformation", "2.5.4", _full_size, FullSizeInfo),
    8: ("FileFsObjectIdInformation", "2.5.6", _object_id, FsObjectIdInfo),
}

LEVELS: Final = MappingProxyType(
    {
        code: Level(name, f"[MS-CIFS] {section}", encode, None, form)
        for code, (name, section, encode, form) in _OLD.items()
    }
    | {
        PASSTHROUGH + code: Level(name, f"[MS-FSCC] {section}", encode, None, form)
        for code, (name, section, encode, form) in _CLASSES.items()
    }
)
"""Every level that can be queried of a volume."""


class TransportEncryption(Structure, frozen=True):
    """SMB_REQUEST_TRANSPORT_ENCRYPTION, request and response: a token of SPNEGO or NTLMSSP.

    With its last one the server gives the number of the context, as its parameters.
    """

    security_blob: Annotated[Rest, Secret] = b""


class UnixInfo(Structure, frozen=True):
    """SMB_QUERY_CIFS_UNIX_INFO and its set form (0x200): version and capabilities of the Unix extensions."""

    major_version: U16
    minor_version: U16
    capabilities: U64


def _set_unix(data: Buffer, context: LevelContext) -> UnixInfo:
    return UnixInfo.decode(data)


def _set_control(data: Buffer, context: LevelContext) -> ControlInfo:
    need(data, ControlInfo.size(), "FileFsControlInformation")
    return ControlInfo.decode(data)


def _set_encryption(data: Buffer, context: LevelContext) -> TransportEncryption:
    return TransportEncryption(bytes(data))


SET_LEVELS: Final = MappingProxyType(
    {
        0x0203: Level(
            "SMB_REQUEST_TRANSPORT_ENCRYPTION",
            "Samba's Unix extensions 1.0",
            None,
            _set_encryption,
            TransportEncryption,
        ),
        0x0200: Level("SMB_SET_CIFS_UNIX_INFO", "SNIA CIFS Unix extensions", None, _set_unix, UnixInfo),
        PASSTHROUGH + 6: Level(
            "FileFsControlInformation", "[MS-FSCC] 2.5.2", None, _set_control, ControlInfo
        ),
    }
)
"""Levels that SET_FS_INFORMATION takes, [MS-SMB] 2.2.6.2."""
