"""File system controls, [MS-FSCC] 2.3: those that a local store answers; it refuses the others as NTFS does."""

import errno
import os
import struct
from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from fakesmb.nt.controls import Fsctl
from fakesmb.nt.files import Access, Attribute
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local.attributes import load, save
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.local.holes import data_ranges, make_hole
from fakesmb.vfs.local.metadata import as_shown, note_modified
from fakesmb.vfs.rules.access import READS_DATA, WRITES_DATA
from fakesmb.vfs.rules.oplocks import after_change, before_change
from fakesmb.vfs.rules.writetimes import before_write

Answer = tuple[bytes, NT]
"""Output, and SUCCESS or the warning that it comes with."""

OBJECT_ID_XATTR: Final = "user.fakesmb.object_id"
OBJECT_ID_SIZE: Final = 64
_RANGE: Final = struct.Struct("<qq")
_WORD: Final = struct.Struct("<H")
_LARGEST: Final = (1 << 63) - 1
_NOTHING: Final[Answer] = (b"", NT.SUCCESS)


def run(handle: LocalHandle, code: int, data: bytes, room: int) -> Answer:
    """Answers a control; raises INVALID_DEVICE_REQUEST for a code that no handler takes, as NTFS does."""
    act = CONTROLS.get(code)
    if act is None:
        raise SMBError(NT.INVALID_DEVICE_REQUEST, f"the file system has no control 0x{code:08X}")
    return act(handle, data, room)


def _set_sparse(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_SET_SPARSE, 2.3.64: without input the file becomes sparse."""
    if handle.is_directory:
        raise SMBError(NT.INVALID_PARAMETER, "a directory cannot be sparse")
    if not handle.access & (WRITES_DATA | Access.WRITE_ATTRIBUTES):
        raise SMBError(NT.ACCESS_DENIED, "not opened for writing")
    st = disk.fstat(handle.fd)
    target, side = handle.xattr_target, handle.opens.side
    stored = as_shown(load(target, st, side, follow=True), st, handle.name)
    sparse = not data or data[0]
    bits = stored.attributes | Attribute.SPARSE if sparse else stored.attributes & ~Attribute.SPARSE
    save(target, st, replace(stored, attributes=bits), side, follow=True)
    return _NOTHING


def _get_compression(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_GET_COMPRESSION, 2.3.17: COMPRESSION_FORMAT_NONE."""
    if room < _WORD.size:
        raise SMBError(NT.INVALID_PARAMETER, f"2 bytes of output, room for {room}")
    return _WORD.pack(0), NT.SUCCESS


def _set_compression(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_SET_COMPRESSION, 2.3.55: COMPRESSION_FORMAT_NONE is the only format of this volume."""
    if len(data) < _WORD.size:
        raise SMBError(NT.INVALID_PARAMETER, f"{len(data)} bytes of input cannot hold a compression format")
    if _WORD.unpack_from(data)[0]:
        raise SMBError(NT.INVALID_DEVICE_REQUEST, "the volume does not compress")
    return _NOTHING


def _allocated_ranges(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_QUERY_ALLOCATED_RANGES, 2.3.47: where a file has data, as far as the disk knows."""
    offset, length = _range(handle, data)
    if not handle.access & READS_DATA:
        raise SMBError(NT.ACCESS_DENIED, "not opened for reading")
    out = bytearray()
    for start, end in data_ranges(handle.fd, offset, min(offset + length, _LARGEST)):
        if len(out) + _RANGE.size > room:
            if not out:
                raise SMBError(NT.BUFFER_TOO_SMALL, f"{room} bytes of output cannot hold a range")
            return bytes(out), NT.BUFFER_OVERFLOW
        out += _RANGE.pack(start, end - start)
    return bytes(out), NT.SUCCESS


def _set_zero_data(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_SET_ZERO_DATA, 2.3.65: zeros up to the end of file, which does not move."""
    if len(data) < _RANGE.size or handle.is_directory:
        raise SMBError(
            NT.INVALID_PARAMETER, f"{len(data)} bytes of input are not a range, or this is a directory"
        )
    start, end = _RANGE.unpack_from(data)
    if start < 0 or end < start:
        raise SMBError(NT.INVALID_PARAMETER, f"zeros cannot go from {start} to {end}")
    if not handle.access & Access.WRITE_DATA:
        raise SMBError(NT.ACCESS_DENIED, "not opened for writing")
    end = min(end, disk.fstat(handle.fd).st_size)
    if start < end:
        if handle.file.locks is not None:
            handle.file.locks.check_write(handle, handle.pid, start, end - start)
        if handle.file.oplocks is not None:
            before_change(handle.file)
        if not handle.wrote:
            before_write(handle, handle.opens.clock)
            note_modified(handle)
        make_hole(handle.fd, start, end, handle.opens.world.turn.over)
        after_change(handle.file)
    return _NOTHING


def _get_object_id(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_GET_OBJECT_ID, 2.3.25."""
    known = _object_id(handle)
    if known is None:
        raise SMBError(NT.OBJECTID_NOT_FOUND, "the file has no object id")
    return _fits(known, room)


def _create_or_get_object_id(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_CREATE_OR_GET_OBJECT_ID, 2.3.1: link tracking calls it to give a file an id."""
    _fits(bytes(OBJECT_ID_SIZE), room)
    known = _object_id(handle)
    if known is None:
        made = handle.opens.world.entropy(16)
        known = made + bytes(16) + made + bytes(16)
        _keep_object_id(handle, known)
    return known, NT.SUCCESS


def _delete_object_id(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_DELETE_OBJECT_ID, 2.3.4: succeeds for a file without an id, too."""
    _may_change_id(handle)
    if _object_id(handle) is not None:
        disk.removexattr(handle.xattr_target, OBJECT_ID_XATTR)
    return _NOTHING


def _set_object_id(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_SET_OBJECT_ID, 2.3.58: 64 bytes for a file that has none yet."""
    _may_change_id(handle)
    if len(data) != OBJECT_ID_SIZE:
        raise SMBError(NT.INVALID_PARAMETER, f"an object id has 64 bytes, {len(data)} came")
    if _object_id(handle) is not None:
        raise SMBError(NT.OBJECT_NAME_COLLISION, "the file has an object id already")
    _keep_object_id(handle, data)
    return _NOTHING


def _no_reparse_point(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_GET_REPARSE_POINT, 2.3.30, and DELETE, 2.3.5: links of this disk are followed, never shown."""
    raise SMBError(NT.NOT_A_REPARSE_POINT, "the file is no reparse point")


def _find_files_by_sid(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_FIND_FILES_BY_SID, 2.3.15: a volume without quotas keeps no record of owners."""
    if not handle.is_directory:
        raise SMBError(NT.INVALID_PARAMETER, "not a directory")
    return b"", NT.NO_QUOTAS_FOR_ACCOUNT


def _path_name_is_valid(handle: LocalHandle, data: bytes, room: int) -> Answer:
    """FSCTL_IS_PATHNAME_VALID, 2.3.34: every path name is, as on NTFS."""
    return _NOTHING


CONTROLS: Final[Mapping[int, Callable[[LocalHandle, bytes, int], Answer]]] = {
    Fsctl.IS_PATHNAME_VALID: _path_name_is_valid,
    Fsctl.GET_COMPRESSION: _get_compression,
    Fsctl.SET_COMPRESSION: _set_compression,
    Fsctl.FIND_FILES_BY_SID: _find_files_by_sid,
    Fsctl.SET_OBJECT_ID: _set_object_id,
    Fsctl.GET_OBJECT_ID: _get_object_id,
    Fsctl.DELETE_OBJECT_ID: _delete_object_id,
    Fsctl.GET_REPARSE_POINT: _no_reparse_point,
    Fsctl.DELETE_REPARSE_POINT: _no_reparse_point,
    Fsctl.CREATE_OR_GET_OBJECT_ID: _create_or_get_object_id,
    Fsctl.SET_SPARSE: _set_sparse,
    Fsctl.QUERY_ALLOCATED_RANGES: _allocated_ranges,
    Fsctl.SET_ZERO_DATA: _set_zero_data,
}
"""What a local store answers, [MS-FSCC] 2.3."""

OF_DATA: Final = frozenset({Fsctl.SET_SPARSE, Fsctl.QUERY_ALLOCATED_RANGES, Fsctl.SET_ZERO_DATA})
"""Those about sparse ranges on the disk, which a named stream does not have."""


def _range(handle: LocalHandle, data: bytes) -> tuple[int, int]:
    if len(data) < _RANGE.size or handle.is_directory:
        raise SMBError(
            NT.INVALID_PARAMETER, f"{len(data)} bytes of input are not a range, or this is a directory"
        )
    offset, length = _RANGE.unpack_from(data)
    if offset < 0 or length < 0 or offset > _LARGEST - length:
        raise SMBError(NT.INVALID_PARAMETER, f"a range of {length} bytes at {offset} is out of bounds")
    return offset, length


def _fits(data: bytes, room: int) -> Answer:
    if room < len(data):
        raise SMBError(NT.INVALID_PARAMETER, f"{len(data)} bytes of output, room for {room}")
    return data, NT.SUCCESS


def _object_id(handle: LocalHandle) -> bytes | None:
    if not hasattr(os, "getxattr"):
        return None
    try:
        known = disk.getxattr(handle.xattr_target, OBJECT_ID_XATTR)
    except OSError:
        return None
    return known if len(known) == OBJECT_ID_SIZE else None


def _keep_object_id(handle: LocalHandle, object_id: bytes) -> None:
    if not hasattr(os, "setxattr"):
        raise SMBError(NT.INVALID_DEVICE_REQUEST, "the disk keeps no object ids")
    try:
        disk.setxattr(handle.xattr_target, OBJECT_ID_XATTR, object_id)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENOSYS):
            raise SMBError(NT.INVALID_DEVICE_REQUEST, "the disk keeps no object ids") from error
        raise


def _may_change_id(handle: LocalHandle) -> None:
    if not handle.access & (Access.WRITE_DATA | Access.WRITE_ATTRIBUTES):
        raise SMBError(NT.ACCESS_DENIED, "not opened for writing")
