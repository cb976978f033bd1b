"""A share's volume as one client is told of it."""

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.vfs.store import FileStore, Volume

_NTFS: Final = "NTFS"
_FAT: Final = "FAT"


def volume_for(connection: "SMBConnection", store: "FileStore") -> "Volume":
    """The volume. Windows 95 and its kin are told of FAT in place of NTFS: their programs look for that name."""
    volume = store.volume()
    if connection.windows_9x and volume.file_system == _NTFS:
        return msgspec.structs.replace(volume, file_system=_FAT)
    return volume
