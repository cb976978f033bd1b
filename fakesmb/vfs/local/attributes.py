"""What POSIX has no place for: DOS attributes and the creation time, in `user.DOSATTRIB` as Samba keeps them.

Where a disk takes no extended attributes, a side table of the server remembers them, and READONLY also goes
into the write permission, which lasts.
"""

import errno
import os
import stat
import struct
from typing import Final

from fakesmb.nt.files import Attribute
from fakesmb.nt.filetime import UNIX_EPOCH
from fakesmb.vfs import disk
from fakesmb.vfs.stored import NOTHING, SideTable, Stored

XATTR: Final = "user.DOSATTRIB"

# Samba's xattr_DOSATTRIB: an empty string (early versions had the attributes there, in hexadecimal), the
# version twice, flags that say what is valid, attributes, EA size, sizes nobody reads, creation and change time.
_V3: Final = struct.Struct("<2xHH2xIIIQQqq")
_V3_READ: Final = struct.Struct("<2xI2xIIIQ8xqq")
_V3_TWICE: Final = 0x00030003
_HEAD: Final = struct.Struct("<HH2xII")
_TIME: Final = struct.Struct("<q")
_VALID_ATTRIBUTES: Final = 0x01
_VALID_EA_SIZE: Final = 0x02
_VALID_CREATION: Final = 0x10
_VALID_CHANGE: Final = 0x20
_CREATION_AT: Final = {3: 36, 4: 24, 5: 16}
_SHORT_V3: Final = 24
_ALL_VALID: Final = _VALID_ATTRIBUTES | _VALID_CREATION

_STORED: Final = (Attribute.SETTABLE | Attribute.SPARSE) & ~Attribute.NORMAL
_NO_XATTR: Final = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_NO_DATA: Final = frozenset({errno.ENODATA, *_NO_XATTR, getattr(errno, "ENOATTR", errno.ENODATA)})
_HAVE_XATTR: Final = hasattr(os, "getxattr")
_HAVE_BIRTH: Final = hasattr(os.stat_result, "st_birthtime")

# Every entry of every listing asks for these.
_FORMAT: Final = 0o170000
_OWNER_WRITES: Final = stat.S_IWUSR
_ARCHIVE: Final = Attribute.ARCHIVE
_READONLY: Final = Attribute.READONLY
_HIDDEN: Final = Attribute.HIDDEN
_DIRECTORY: Final = Attribute.DIRECTORY
_NORMAL: Final = Attribute.NORMAL


def decode(blob: bytes) -> Stored:
    """Reads `user.DOSATTRIB`, of any version Samba wrote; a value that makes no sense counts as missing."""
    if len(blob) == _V3.size:
        twice, flags, bits, ea_size, until, creation, change = _V3_READ.unpack(blob)
        if twice == _V3_TWICE and flags & _ALL_VALID == _ALL_VALID and creation >= 0:
            size = ea_size if flags & _VALID_EA_SIZE else -1
            if flags & _VALID_CHANGE and change > 0:
                return Stored(bits & _STORED, creation, size, change, until)
            return Stored(bits & _STORED, creation, size)
    end = blob.find(b"\0")
    if end < 0:
        end = len(blob)
    attributes = -1
    if end:
        try:
            attributes = int(blob[:end], 16) & _STORED
        except ValueError:
            return NOTHING
    if end or len(blob) < 2 + _HEAD.size:
        return Stored(attributes)
    version, _, flags, bits = _HEAD.unpack_from(blob, 2)
    if version not in _CREATION_AT:
        return NOTHING
    if flags & _VALID_ATTRIBUTES:
        attributes = bits & _STORED
    place = 16 if len(blob) == _SHORT_V3 else _CREATION_AT[version]
    creation = 0
    if flags & _VALID_CREATION and len(blob) >= place + 8:
        creation = max(0, _TIME.unpack_from(blob, place)[0])
    return Stored(attributes, creation)


def encode(stored: Stored) -> bytes:
    """Version 3 of the blob, which Samba reads from 3.5 to today."""
    flags = _VALID_ATTRIBUTES | (_VALID_CREATION if stored.creation_time else 0)
    ea_size = stored.ea_size
    if ea_size >= 0:
        flags |= _VALID_EA_SIZE
    else:
        ea_size = 0
    if stored.change_time:
        flags |= _VALID_CHANGE
    # The field of a file size, which no flag marks as valid, holds until when the change time counts.
    times = stored.change_until, 0, stored.creation_time, stored.change_time
    return _V3.pack(3, 3, flags, stored.attributes & _STORED, ea_size, *times)


def load(target: str | int, st: os.stat_result, side: SideTable, *, follow: bool = False) -> Stored:
    """What is remembered of a file: a path, or with `follow` a descriptor or its place in /proc."""
    if side:
        known = side.get((st.st_dev, st.st_ino))
        if known is not None:
            return known
    key = st.st_dev, st.st_ino, st.st_ctime_ns
    known = side.known.get(key)
    if known is not None:
        return known
    now = side.disk_ns()
    stored = _read(target, follow=follow)
    side.know(key, stored, now)
    return stored


def _read(target: str | int, *, follow: bool) -> Stored:
    if not _HAVE_XATTR:
        return NOTHING
    try:
        blob = disk.getxattr(target, XATTR, follow_symlinks=follow)
    except OSError as error:
        if error.errno in _NO_DATA or isinstance(error, PermissionError | FileNotFoundError):
            return NOTHING
        raise
    return decode(blob)


def save(
    target: str | int, st: os.stat_result, stored: Stored, side: SideTable, *, follow: bool = False
) -> None:
    """Remembers; raises OSError where the disk would but may not (permissions, read-only, full)."""
    if _HAVE_XATTR:
        try:
            disk.setxattr(target, XATTR, encode(stored), follow_symlinks=follow)
        except OSError as error:
            if error.errno not in _NO_XATTR:
                raise
        else:
            side.pop((st.st_dev, st.st_ino), None)
            return
    side[st.st_dev, st.st_ino] = stored
    if follow and stat.S_ISREG(st.st_mode):
        # The mode that it has now: `st` may be older than what took set-user-ID away.
        mode = stat.S_IMODE(disk.stat(target).st_mode)
        wanted = mode & ~0o222 if stored.attributes & Attribute.READONLY else mode | stat.S_IWUSR
        if wanted != mode:  # a disk may know no chmod(2)
            disk.chmod(target, wanted)


def effective(mode: int, name: str, stored: int) -> int:
    """The bits a client is shown: what was stored, else what POSIX implies; NORMAL where none is set."""
    directory = mode & _FORMAT == stat.S_IFDIR
    if stored >= 0:
        bits = stored
    else:
        bits = 0 if directory else _ARCHIVE
        if not mode & _OWNER_WRITES and not directory:
            bits |= _READONLY
        if name[:1] == ".":
            bits |= _HIDDEN
    if directory:
        bits |= _DIRECTORY
    return bits or _NORMAL


def creation_time(stored: int, st: os.stat_result) -> int:
    """The remembered creation time, else the oldest thing POSIX knows of the file."""
    if stored:
        return stored
    if _HAVE_BIRTH:
        return int(st.st_birthtime * 10_000_000) + UNIX_EPOCH  # type: ignore[attr-defined, unused-ignore]
    written, changed = st.st_mtime_ns, st.st_ctime_ns
    return (written if written < changed else changed) // 100 + UNIX_EPOCH
