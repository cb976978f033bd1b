"""Copies that the server makes for the client: FSCTL_SRV_REQUEST_RESUME_KEY and FSCTL_SRV_COPYCHUNK.

[MS-SMB] 2.2.7.2.1 and 3.3.5.11.1. Windows clients copy so where source and destination lie on one server.
"""

import struct
from typing import Final

from twisted.internet.defer import Deferred

from fakesmb.core.copies import RangeCopy
from fakesmb.core.request import AnyRequest
from fakesmb.core.state import Open
from fakesmb.core.waiting import retry_until_free
from fakesmb.nt.status import NT, SMBError, from_os
from fakesmb.vfs.store import MustWait, Unfinished
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
Copied = tuple[bytes, NT]
"""What the answer tells, and its status."""


def resume_key(request: AnyRequest, entry: Open, room: int) -> bytes:
    """The name under which COPYCHUNK finds an open file as its source; raises INVALID_PARAMETER for want of room."""
    if room < _RESUME_KEY.size:
        raise SMBError(NT.INVALID_PARAMETER, f"room for {room} bytes, a resume key has {_RESUME_KEY.size}")
    if not entry.resume_key:
        entry.resume_key = _KEY.pack(entry.fid, 0, request.server.world.entropy(20))
    return _RESUME_KEY.pack(entry.resume_key, 0)


def copy_chunks(request: AnyRequest, target: Open, data: Buffer, room: int) -> "Copied | Deferred[Copied]":
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
    return retry_until_free(_Chunks(request, source, target, chunks), request.server)


class _Chunks:
    """The chunks of one request, copied in turns."""

    def __init__(
        self, request: AnyRequest, source: Open, target: Open, chunks: list[tuple[int, int, int]]
    ) -> None:
        reader = source.tree.store_for(source.session)
        assert reader is not None
        assert source.handle is not None
        assert target.handle is not None
        self._turn = request.server.world.turn
        self._total = self._done = 0
        pid = request.header.pid_low
        files = (reader, source.handle), (request.store, target.handle)
        self._copies = [(RangeCopy(*files, *chunk, pid), chunk[2]) for chunk in chunks]
        self._target = files[1]
        self._fits = False

    def __call__(self) -> tuple[bytes, NT]:
        """Copies until all is done or one cannot be; raises `Unfinished` when the turn is over."""
        while self._done < len(self._copies):
            copy, length = self._copies[self._done]
            try:
                if not self._fits:
                    self._check_room()
                copy.go_on(self._turn)
            except MustWait:
                raise
            except (SMBError, OSError) as error:
                status = from_os(error) if isinstance(error, OSError) else error.status
                return _COPIED.pack(self._done, copy.done, self._total + copy.done), NT(status)
            self._total += copy.done
            if copy.done < length:
                return _COPIED.pack(self._done, copy.done, self._total), NT.END_OF_FILE
            self._done += 1
            if self._done < len(self._copies) and self._turn.over():
                raise Unfinished
        return _COPIED.pack(self._done, 0, self._total), NT.SUCCESS

    def _check_room(self) -> None:
        """Before anything is written: a copy that breaks off is worse than none, and a full disk is everybody's."""
        store, handle = self._target
        store.check_room(handle, (piece for copy, _ in self._copies for piece in copy.data()))
        self._fits = True


def _source(request: AnyRequest, key: bytes) -> Open:
    entry = request.connection.opens.entries.get(_KEY.unpack(key)[0])
    if entry is None or entry.resume_key != key or entry.session is not request.session:
        raise SMBError(NT.OBJECT_NAME_NOT_FOUND, "no open file has this resume key")
    return entry
