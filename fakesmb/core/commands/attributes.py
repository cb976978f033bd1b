"""Attributes, times and size: QUERY_ and SET_INFORMATION, by name and by FID ([MS-CIFS] 2.2.4.9, .10, .30, .31)."""

from typing import Final

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.request import Answer, Empty, Request
from fakesmb.nt.files import Attribute
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import (
    QueryInformation2Request,
    QueryInformation2Response,
    QueryInformationRequest,
    QueryInformationResponse,
    SetInformation2Request,
    SetInformationRequest,
)
from fakesmb.wire.times import dos_from, dos_to, utime_from, utime_to

DOS_ATTRIBUTES: Final = 0x3F
"""What fits SMB_FILE_ATTRIBUTES ([MS-CIFS] 2.2.1.2.4)."""
PIPE_ALLOCATION: Final = 4096
_LARGEST_SIZE: Final = 0xFFFFFFFF


@command(Command.QUERY_INFORMATION, QueryInformationRequest, Needs.DISK)
def query_information(request: Request[QueryInformationRequest]) -> Answer:
    """SMB_COM_QUERY_INFORMATION, [MS-CIFS] 3.3.5.11."""
    path = request.named(request.params.file_name)
    info = request.store.query(path)
    if request.connection.dos and not path.parts:
        # Windows for Workgroups asks so, and takes the root for a file where it is no hidden directory (Samba).
        shown = Attribute.DIRECTORY | Attribute.HIDDEN
        return QueryInformationResponse(shown | Attribute.READONLY if request.tree.read_only else shown, 0, 0)
    return QueryInformationResponse(
        file_attributes=info.attributes & DOS_ATTRIBUTES,
        last_write_time=utime_from(info.last_write_time, request.connection.zone),
        file_size=min(info.end_of_file, _LARGEST_SIZE),
    )


@command(Command.SET_INFORMATION, SetInformationRequest, Needs.WRITABLE)
def set_information(request: Request[SetInformationRequest]) -> Answer:
    """SMB_COM_SET_INFORMATION, [MS-CIFS] 3.3.5.12.

    Attributes 0 mean a file without any. NORMAL, which is none of SMB_FILE_ATTRIBUTES, leaves them: Windows. Of a
    directory it takes them away: so Samba's clients make one that is read-only ready to be removed.
    """
    params = request.params
    path = request.named(params.file_name)
    asked = params.file_attributes
    if asked & Attribute.DIRECTORY and not request.store.query(path).is_directory:
        raise SMBError(NT.INVALID_PARAMETER, "a file cannot become a directory")
    attributes = asked & DOS_ATTRIBUTES & ~Attribute.DIRECTORY or Attribute.NORMAL
    if asked == Attribute.NORMAL and not request.store.query(path).is_directory:
        attributes = 0
    request.store.set_basic(
        path,
        write=utime_to(params.last_write_time, request.connection.zone),
        attributes=attributes,
    )
    return Empty()


@command(Command.QUERY_INFORMATION2, QueryInformation2Request, Needs.TREE)
def query_information2(request: Request[QueryInformation2Request]) -> Answer:
    """SMB_COM_QUERY_INFORMATION2, [MS-CIFS] 3.3.5.29."""
    handle = request.open(request.params.fid).handle
    if handle is None:
        return QueryInformation2Response(0, 0, 0, 0, 0, 0, 0, PIPE_ALLOCATION, Attribute.NORMAL)
    info = request.store.query(handle)
    zone = request.connection.zone
    times = [dos_from(t, zone) for t in (info.creation_time, info.last_access_time, info.last_write_time)]
    return QueryInformation2Response(
        *times[0],
        *times[1],
        *times[2],
        min(info.end_of_file, _LARGEST_SIZE),
        min(info.allocation_size, _LARGEST_SIZE),
        info.attributes & DOS_ATTRIBUTES,
    )


@command(Command.SET_INFORMATION2, SetInformation2Request, Needs.WRITABLE)
def set_information2(request: Request[SetInformation2Request]) -> Answer:
    """SMB_COM_SET_INFORMATION2, [MS-CIFS] 3.3.5.28."""
    params, zone = request.params, request.connection.zone
    request.store.set_basic(
        request.file(params.fid),
        creation=dos_to(params.create_date, params.create_time, zone),
        access=dos_to(params.last_access_date, params.last_access_time, zone),
        write=dos_to(params.last_write_date, params.last_write_time, zone),
    )
    return Empty()
