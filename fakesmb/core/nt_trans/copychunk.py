"""Copies that the server makes for the client: FSCTL_SRV_REQUEST_RESUME_KEY and FSCTL_SRV_COPYCHUNK.

[MS-SMB] 2.2.7.2.1 and 3.3.5.11.1. Windows clients copy so where source and destination lie on one server.
"""

import struct
from typing import Final

from fakesmb.core.request import AnyRequest
from fakesmb.core.state import Open
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Buffer

MAX_CHUNKS: Final = 256
MAX_CHUNK: Final = 1 << 20
MAX_TOTAL: Final = 16 << 20
"""Bytes; all three as Windows has them ([MS-SMB2] 3.3.3)."""
_KEY: Final = struct.Struct("<HH20s")
"""The FID, so that the open is found again, and what nobody can guess; clients take it for 24 opaque bytes."""
_RESUME_KEY: Final = struct.Struct("<24sI4x")
_COPY: Final = struct.Struct("<24sI4x")
_CHUNK: Final = struct.Struct("<QQI4x")
_COPIED: Final = struct.Struct("<III")


def resume_key(request: AnyRequest, entry: Open, room: int) -> bytes:
    """The name under which COPYCHUNK finds an open file as its source; raises INVALID_PARAMETER for want of room."""
    if room < _RESUME_KEY.size:
        raise SMBError(NT.INVALID_PARAMETER, f"room for {room} bytes, a resume key has {_RESUME_KEY.size}")
    if not entry.resume_key:
        entry.resume_key = _KEY.pack(entry.fid, 0, request.server.world.entropy(20))
    return _RESUME_KEY.pack(entry.resume_key, 0)


def copy_chunks(request: AnyRequest, target: Open, data: Buffer, room: int) -> tuple[bytes, NT]:
    """Copies ranges of the file with the key into `target`; says how much, and the status.

    A request beyond the limits is told them, with INVALID_PARAMETER. Raises OBJECT_NAME_NOT_FOUND for an unknown key,
    ACCESS_DENIED where the opens do not read and write.
    """
    if len(data) < _COPY.size or room < _COPIED.size:
        raise SMBError(
            NT.INVALID_PARAMETER, f"{len(data)} bytes of request and room for {room} of answer are too few"
        )
    key, count = _COPY.unpack_from(data)
    source = _source(request, key)
    chunks = list(
        _CHUNK.iter_unpack(bytes(data[_COPY.size : _COPY.size + min(count, MAX_CHUNKS) * _CHUNK.size]))
    )
    lengths = [length for _, _, length in chunks]
    if len(chunks) != count or sum(lengths) > MAX_TOTAL or not all(0 < one <= MAX_CHUNK for one in lengths):
        return _COPIED.pack(MAX_CHUNKS, MAX_CHUNK, MAX_TOTAL), NT.INVALID_PARAMETER
    done = total = 0
    for start, to, length in chunks:
        try:
            copied = _copy(request, source, target, start, to, length)
        except SMBError as error:
            return _COPIED.pack(done, 0, total), NT(error.status)
        total += copied
        if copied < length:
            return _COPIED.pack(done, copied, total), NT.END_OF_FILE
        done += 1
    return _COPIED.pack(done, 0, total), NT.SUCCESS


def _source(request: AnyRequest, key: bytes) -> Open:
    entry = request.connection.opens.entries.get(_KEY.unpack(key)[0])
    if entry is None or entry.resume_key != key or entry.session is not request.session:
        raise SMBError(NT.OBJECT_NAME_NOT_FOUND, "no open file has this resume key")
    return entry


def _copy(request: AnyRequest, source: Open, target: Open, start: int, to: int, length: int) -> int:
    """One chunk: bytes copied, fewer where the source ends."""
    assert source.handle is not None
    assert target.handle is not None
    pid = request.header.pid_low
    reader = source.tree.store_for(source.session)
    assert reader is not None
    data = reader.read(source.handle, start, length, pid)
    return request.store.write(target.handle, to, data, pid) if data else 0
