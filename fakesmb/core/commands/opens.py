"""Opening: NT_CREATE_ANDX and OPEN_ANDX ([MS-CIFS] 2.2.4.64, 2.2.4.41)."""

from typing import Any, Final

from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.dos_opens import OPEN_RESULT, dos_create, dos_disposition
from fakesmb.core.files import maximal_rights, open_file, open_named_pipe
from fakesmb.core.nt_opens import answer_to, nt_create, nt_open_pipe
from fakesmb.core.oplocks import GRANTED_ANDX, requested_level
from fakesmb.core.request import Answer, AnyRequest, Request
from fakesmb.core.state import Open
from fakesmb.nt.files import Access, Action, Attribute
from fakesmb.vfs.store import Opened
from fakesmb.wire.commands import Command
from fakesmb.wire.files import (
    CreateFlag,
    NtCreateAndxExtendedResponse,
    NtCreateAndxRequest,
    NtCreateAndxResponse,
    OpenAndxExtendedResponse,
    OpenAndxRequest,
    OpenAndxResponse,
    OpenFlag,
    ResourceType,
)
from fakesmb.wire.times import utime_from

NO_EAS, NO_STREAMS, NO_REPARSE_TAG = 1, 2, 4
"""FileStatusFlags, [MS-SMB] 2.2.4.9.2."""
_STANDARD_RIGHTS: Final = 0x001F0000
WRITING_MODES: Final = (1, 2)


@command(Command.NT_CREATE_ANDX, NtCreateAndxRequest, Needs.TREE)
def nt_create_andx(request: Request[NtCreateAndxRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_NT_CREATE_ANDX, [MS-CIFS] 3.3.5.51."""
    params = request.params
    if request.tree.share.is_ipc:
        return _pipe_response(nt_open_pipe(request, params), params.flags)
    path, create = nt_create(request, params)

    def response(opened: Opened, entry: Open) -> NtCreateAndxResponse:
        action, created = opened.action, opened.info.creation_time
        if not params.flags & CreateFlag.EXTENDED_RESPONSE:
            return answer_to(
                opened,
                entry,
                NtCreateAndxResponse,
                create_disposition=action,
                create_time=created,
                resource_type=request.tree.share.resource_type,
            )
        return answer_to(
            opened,
            entry,
            NtCreateAndxExtendedResponse,
            create_disposition=action,
            create_time=created,
            resource_type=request.tree.share.resource_type,
            # file_id stays 0, as XP and Samba send it: clients that go by WordCount 42 read it as ByteCount.
            nm_pipe_status=_file_status(request, opened),
            maximal_access_rights=maximal_rights(request, opened),
        )

    return open_file(request, path, create, response)


def _file_status(request: AnyRequest, opened: Opened) -> int:
    """FileStatusFlags of an extended answer: what Windows need not ask for when it copies the file."""
    if opened.action == Action.CREATED:
        return NO_REPARSE_TAG | NO_EAS | NO_STREAMS
    eas, streams = request.store.extras(opened.handle)
    return NO_REPARSE_TAG | (0 if eas else NO_EAS) | (0 if streams else NO_STREAMS)


def _pipe_response(entry: Open, flags: int) -> NtCreateAndxResponse:
    assert entry.pipe is not None
    facts: dict[str, Any] = {
        "fid": entry.fid,
        "create_disposition": Action.OPENED,
        "ext_file_attributes": Attribute.NORMAL,
        "allocation_size": 4096,  # as Windows says of every pipe
        "resource_type": ResourceType.MESSAGE_MODE_PIPE,
        "nm_pipe_status": entry.pipe.state,
    }
    if flags & CreateFlag.EXTENDED_RESPONSE:
        return NtCreateAndxExtendedResponse(**facts, maximal_access_rights=Access.FILE_ALL)
    return NtCreateAndxResponse(**facts)


@command(Command.OPEN_ANDX, OpenAndxRequest, Needs.TREE)
def open_andx(request: Request[OpenAndxRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_OPEN_ANDX, [MS-CIFS] 3.3.5.35."""
    params = request.params
    if request.tree.share.is_ipc:
        entry = open_named_pipe(request, params.file_name)
        assert entry.pipe is not None
        return OpenAndxResponse(
            fid=entry.fid,
            access_rights=2,
            resource_type=ResourceType.MESSAGE_MODE_PIPE,
            nm_pipe_status=entry.pipe.state,
        )
    create = dos_create(
        request,
        params.access_mode,
        disposition=dos_disposition(params),
        attributes=params.file_attributes,
        allocation=params.allocation_size,
        oplock=requested_level(params.flags & OpenFlag.OPLOCK, params.flags & OpenFlag.OPBATCH),
        write_time=params.creation_time,
    )

    writable = params.access_mode & 7 in WRITING_MODES

    def response(opened: Opened, entry: Open) -> OpenAndxResponse:
        info = opened.info
        if params.allocation_size and opened.action != Action.OPENED and writable:
            # Windows and Samba make the new file that long, not only reserve it.
            request.store.set_end_of_file(opened.handle, params.allocation_size)
            info = request.store.query(opened.handle)
        facts = {
            "fid": entry.fid,
            "file_attributes": info.attributes & 0x3F,
            "last_write_time": utime_from(info.last_write_time, request.connection.zone),
            "file_data_size": min(info.end_of_file, 0xFFFFFFFF),
            "access_rights": params.access_mode & 7,
            "resource_type": request.tree.share.resource_type,
            "open_results": OPEN_RESULT[Action(opened.action)] | (GRANTED_ANDX if opened.oplock else 0),
        }
        if params.flags & OpenFlag.EXTENDED_RESPONSE:
            # Windows tells of no more than the standard rights here.
            rights = maximal_rights(request, opened) & _STANDARD_RIGHTS
            return OpenAndxExtendedResponse(**facts, maximal_access_rights=rights)
        return OpenAndxResponse(**facts)

    return open_file(request, request.named(params.file_name), create, response)
