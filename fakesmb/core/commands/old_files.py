"""Files as DOS programs know them: OPEN, CREATE, SEEK, and reads and writes that lock, unlock or close.

All of [MS-CIFS] 2.2.4.3 to 2.2.4.40; every open becomes the same NT-style one as elsewhere.
"""

from typing import Final

from twisted.internet.defer import Deferred

from fakesmb.core.commands.io import announced
from fakesmb.core.dispatch import Needs, command
from fakesmb.core.dos_opens import dos_create
from fakesmb.core.files import open_file, read, within_buffer, write
from fakesmb.core.oplocks import granted_in_header, requested_in_header
from fakesmb.core.request import Answer, Request
from fakesmb.core.state import Open
from fakesmb.nt.files import Action, Disposition
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import Effect
from fakesmb.vfs.store import Opened
from fakesmb.wire.commands import Command
from fakesmb.wire.files import (
    CreateRequest,
    CreateResponse,
    CreateTemporaryRequest,
    CreateTemporaryResponse,
    OpenRequest,
    OpenResponse,
    ReadRequest,
    ReadResponse,
    SeekMode,
    SeekRequest,
    SeekResponse,
    WriteAndCloseRequest,
    WriteRequest,
    WriteResponse,
)
from fakesmb.wire.times import utime_from, utime_to

COMPATIBILITY_READ_WRITE: Final = 2
"""AccessMode of CREATE and its kin: compatibility sharing, reading and writing ([MS-CIFS] 3.3.5.6)."""
_LARGEST_SIZE: Final = 0xFFFFFFFF
_DOS_ATTRIBUTES: Final = 0x3F
_SETTABLE: Final = 0x27
"""Attributes that a CREATE may give a file: all but volume label and directory."""
_NAME_ATTEMPTS: Final = 16
_NAME_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@command(Command.OPEN, OpenRequest, Needs.DISK)
def open_(request: Request[OpenRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_OPEN, [MS-CIFS] 3.3.5.5."""
    params = request.params
    create = dos_create(
        request, params.access_mode, disposition=Disposition.OPEN, oplock=requested_in_header(request)
    )

    def response(opened: Opened, entry: Open) -> Answer:
        info = opened.info
        granted_in_header(request, opened.oplock)
        return OpenResponse(
            fid=entry.fid,
            file_attributes=info.attributes & _DOS_ATTRIBUTES,
            last_modified=utime_from(info.last_write_time, request.connection.zone),
            file_size=min(info.end_of_file, _LARGEST_SIZE),
            access_mode=params.access_mode,
        )

    return open_file(request, request.named(params.file_name), create, response)


@command(Command.CREATE, CreateRequest, Needs.WRITABLE)
def create(request: Request[CreateRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_CREATE, [MS-CIFS] 3.3.5.6: makes a file, or empties one that is there."""
    return _create(request, Disposition.OVERWRITE_IF)


@command(Command.CREATE_NEW, CreateRequest, Needs.WRITABLE)
def create_new(request: Request[CreateRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_CREATE_NEW, [MS-CIFS] 3.3.5.18: makes a file that must not be there yet."""
    return _create(request, Disposition.CREATE)


def _create(request: Request[CreateRequest], disposition: int) -> "Answer | Deferred[Answer]":
    params = request.params
    create = dos_create(
        request,
        COMPATIBILITY_READ_WRITE,
        disposition=disposition,
        attributes=params.file_attributes & _SETTABLE,
        oplock=requested_in_header(request),
        write_time=params.creation_time,
    )

    def response(opened: Opened, entry: Open) -> Answer:
        granted_in_header(request, opened.oplock)
        if opened.action == Action.CREATED:
            request.effect = Effect.CREATED
        return CreateResponse(entry.fid)

    return open_file(request, request.named(params.file_name), create, response)


@command(Command.CREATE_TEMPORARY, CreateTemporaryRequest, Needs.WRITABLE)
def create_temporary(request: Request[CreateTemporaryRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_CREATE_TEMPORARY, [MS-CIFS] 3.3.5.17: a new file of a name that the server makes up."""
    params = request.params
    directory = request.named(params.directory_name)
    if directory.stream or directory.unnamed:
        raise SMBError(NT.OBJECT_PATH_NOT_FOUND, f"{params.directory_name!r} is a stream, not a directory")
    create = dos_create(
        request,
        COMPATIBILITY_READ_WRITE,
        disposition=Disposition.CREATE,
        attributes=params.file_attributes & _SETTABLE,
        write_time=params.creation_time,
    )
    for attempt in range(_NAME_ATTEMPTS):
        random = request.server.world.entropy(5)
        name = "SRV" + "".join(_NAME_CHARACTERS[byte % len(_NAME_CHARACTERS)] for byte in random)

        def response(opened: Opened, entry: Open, name: str = name) -> Answer:
            return CreateTemporaryResponse(entry.fid, name)

        try:
            request.path = str(directory.join(name))
            return open_file(request, directory.join(name), create, response)
        except SMBError as error:
            if error.status != NT.OBJECT_NAME_COLLISION or attempt + 1 == _NAME_ATTEMPTS:
                raise
    raise SMBError(NT.OBJECT_NAME_COLLISION, f"no free name after {_NAME_ATTEMPTS} attempts")


@command(Command.SEEK, SeekRequest, Needs.DISK)
def seek(request: Request[SeekRequest]) -> Answer:
    """SMB_COM_SEEK, [MS-CIFS] 3.3.5.21: moves the open's offset, which no read or write of SMB asks for.

    DOS clients learn a file's size by it. The offset is unsigned from the start, signed from elsewhere, and
    wraps at 32 bits; before the beginning means the beginning.
    """
    params = request.params
    entry, handle = request.open_file(params.fid)
    if params.mode == SeekMode.START:
        entry.offset = params.offset & _LARGEST_SIZE
        return SeekResponse(entry.offset)
    if params.mode == SeekMode.CURRENT:
        place = entry.offset + params.offset
    elif params.mode == SeekMode.END:
        place = request.store.query(handle).end_of_file + params.offset
    else:
        raise SMBError(
            NT.OS2_INVALID_ACCESS, f"SEEK from {params.mode}, which is neither start, current offset nor end"
        )
    entry.offset = max(place, 0) & _LARGEST_SIZE
    return SeekResponse(entry.offset)


@command(Command.LOCK_AND_READ, ReadRequest, Needs.DISK)
def lock_and_read(request: Request[ReadRequest]) -> Answer:
    """SMB_COM_LOCK_AND_READ, [MS-CIFS] 3.3.5.22: locks the range for this process alone, then reads it."""
    params = request.params
    entry, handle = request.open_file(params.fid)
    request.store.lock(handle, request.header.pid_low, params.offset, params.count, exclusive=True)
    data = read(request, entry, handle, params.offset, within_buffer(request, params.count))
    return ReadResponse(count=len(data), data=data)


@command(Command.WRITE_AND_UNLOCK, WriteRequest, Needs.DISK)
def write_and_unlock(request: Request[WriteRequest]) -> Answer:
    """SMB_COM_WRITE_AND_UNLOCK, [MS-CIFS] 3.3.5.23: writes, then frees exactly the range written.

    A count of 0 writes nothing and changes no length, unlike WRITE.
    """
    params = request.params
    entry, handle = request.open_file(params.fid)
    count = write(request, entry, handle, params.offset, announced(params))
    if params.count:
        request.store.unlock(handle, request.header.pid_low, params.offset, params.count)
    return WriteResponse(count)


@command(Command.WRITE_AND_CLOSE, WriteAndCloseRequest, Needs.DISK)
def write_and_close(request: Request[WriteAndCloseRequest]) -> Answer:
    """SMB_COM_WRITE_AND_CLOSE, [MS-CIFS] 3.3.5.34: writes and, if that went well, closes.

    A count of 0 writes nothing, and then Windows leaves the file open.
    """
    params = request.params
    entry, handle = request.open_file(params.fid)
    count = write(request, entry, handle, params.offset, announced(params))
    if params.count:
        trouble = request.connection.close_open(
            entry, utime_to(params.last_write_time, request.connection.zone)
        )
        request.ended(entry.handle)
        if trouble is not None:
            raise trouble
    return WriteResponse(count)
