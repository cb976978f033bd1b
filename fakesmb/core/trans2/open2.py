"""TRANS2_OPEN2 and TRANS2_CREATE_DIRECTORY: opening and making with extended attributes ([MS-CIFS] 2.2.6.1, .14)."""

from typing import Final

import msgspec
from twisted.internet.defer import Deferred

from fakesmb.core import eas
from fakesmb.core.dispatch import Needs
from fakesmb.core.dos_opens import DOS_DISPOSITION, OPEN_RESULT, dos_create
from fakesmb.core.files import maximal_rights, open_file, open_named_pipe
from fakesmb.core.oplocks import GRANTED_ANDX, requested_level
from fakesmb.core.request import Request
from fakesmb.core.state import Open
from fakesmb.core.transactions import Outcome, Results, subcommand
from fakesmb.nt.files import Access, Action, Disposition, Option
from fakesmb.nt.status import NT, RENAME_COLLISION, SMBError
from fakesmb.vfs.store import CreateParameters, Opened
from fakesmb.wire.files import OpenFlag, ResourceType
from fakesmb.wire.times import utime_from
from fakesmb.wire.trans2 import (
    CreateDirectory2Request,
    EaErrorResponse,
    Open2ExtendedResponse,
    Open2Request,
    Open2Response,
    Trans2,
)

_DIRECTORY: Final = CreateParameters(
    access=Access.READ_ATTRIBUTES, disposition=Disposition.CREATE, options=Option.DIRECTORY
)
_LARGEST_SIZE: Final = 0xFFFFFFFF
_DOS_ATTRIBUTES: Final = 0x3F
_ACCESS_AND_SHARING: Final = 0x77
"""What of AccessMode comes back here; OPEN_ANDX tells the access only."""


@subcommand(Trans2.OPEN2, Open2Request, Needs.TREE)
def open2(request: Request[Open2Request]) -> Outcome:
    """TRANS2_OPEN2, [MS-CIFS] 3.3.5.58.2: OPEN_ANDX as a transaction."""
    params = request.params
    if request.tree.share.is_ipc:
        return _answered(_pipe(open_named_pipe(request, params.file_name)))
    path = request.named(params.file_name)
    new_eas = eas.of_new_file(request)
    # Windows takes "neither open nor create" for a create here, unlike OPEN_ANDX.
    disposition = DOS_DISPOSITION.get(params.open_mode & 0x13 or 0x10)
    if disposition is None:
        raise SMBError(NT.OS2_INVALID_ACCESS, f"OpenMode 0x{params.open_mode:04X} does not exist")
    create = dos_create(
        request,
        params.access_mode,
        disposition=disposition,
        attributes=params.file_attributes,
        allocation=params.allocation_size,
        oplock=requested_level(params.flags & OpenFlag.OPLOCK, params.flags & OpenFlag.OPBATCH),
        write_time=params.creation_time,
    )
    if new_eas:
        create = msgspec.structs.replace(create, eas=new_eas)

    def response(opened: Opened, entry: Open) -> Results:
        info = opened.info
        facts = {
            "fid": entry.fid,
            "file_attributes": info.attributes & _DOS_ATTRIBUTES,
            "creation_time": utime_from(info.last_write_time, request.connection.zone),
            "file_data_size": min(info.end_of_file, _LARGEST_SIZE),
            "resource_type": request.tree.share.resource_type,
            "access_mode": params.access_mode & _ACCESS_AND_SHARING,
            "action_taken": OPEN_RESULT[Action(opened.action)] | (GRANTED_ANDX if opened.oplock else 0),
        }
        if params.flags & OpenFlag.EXTENDED_RESPONSE:
            return _answered(
                Open2ExtendedResponse(**facts, maximal_access_rights=maximal_rights(request, opened))
            )
        return _answered(Open2Response(**facts))

    outcome: Results | Deferred[Results] = open_file(request, path, create, response)
    return outcome


def _pipe(entry: Open) -> Open2Response:
    assert entry.pipe is not None
    return Open2Response(
        fid=entry.fid,
        access_mode=2,
        resource_type=ResourceType.MESSAGE_MODE_PIPE,
        nm_pipe_status=entry.pipe.state,
    )


def _answered(response: Open2Response) -> Results:
    return Results(response)


@subcommand(Trans2.CREATE_DIRECTORY, CreateDirectory2Request, Needs.WRITABLE)
def create_directory2(request: Request[CreateDirectory2Request]) -> Results:
    """TRANS2_CREATE_DIRECTORY, [MS-CIFS] 3.3.5.58.10. Old clients are told of a name that is taken as by RENAME."""
    params = request.params
    path = request.named(params.directory_name)
    new_eas = eas.of_new_file(request)
    try:
        if new_eas:
            made = request.store.create(path, msgspec.structs.replace(_DIRECTORY, eas=new_eas))
            request.store.close(made.handle)
        else:
            request.store.make_directory(path)
    except SMBError as error:
        if error.status != NT.OBJECT_NAME_COLLISION:
            raise
        raise error.with_dos(RENAME_COLLISION) from error
    return Results(EaErrorResponse())
