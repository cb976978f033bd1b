"""NT_TRANSACT_CREATE: NT_CREATE_ANDX with a security descriptor and EAs ([MS-CIFS] 2.2.7.1)."""

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from fakesmb.core import eas
from fakesmb.core.dispatch import Needs
from fakesmb.core.files import maximal_rights, open_file
from fakesmb.core.nt_opens import answer_to, nt_create, nt_open_pipe
from fakesmb.core.request import AnyRequest, Request
from fakesmb.core.state import Open
from fakesmb.core.transactions import Outcome, Results, subcommand
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.store import Opened
from fakesmb.wire.codec import layout_of
from fakesmb.wire.eas import read_full
from fakesmb.wire.files import CreateFlag, ResourceType
from fakesmb.wire.nt_trans import NtCreateExtendedResponse, NtCreateRequest, NtCreateResponse, NtTransact
from fakesmb.wire.security import read_descriptor

_MESSAGE_PIPE: Final = ResourceType.MESSAGE_MODE_PIPE


@subcommand(NtTransact.CREATE, NtCreateRequest, Needs.TREE)
def create(request: Request[NtCreateRequest]) -> Outcome:
    """NT_TRANSACT_CREATE, [MS-CIFS] 3.3.5.59.1; a client without room for the FID is refused, [MS-SMB] 3.3.5.11.4."""
    params = request.params
    kind = NtCreateExtendedResponse if params.flags & CreateFlag.EXTENDED_RESPONSE else NtCreateResponse
    room, needed = request.transaction.max_parameter_count, layout_of(kind).fixed.size
    if room < needed:
        raise SMBError(NT.INVALID_SMB, f"MaxParameterCount is {room}, and the answer has {needed} bytes")
    if request.tree.share.is_ipc:
        pipe = nt_open_pipe(request, params)
        return Results(_kind_of(request, params.flags)(fid=pipe.fid, resource_type=_MESSAGE_PIPE))
    descriptor, full_eas = params.parts_of(request.transaction.data)
    path, create_parameters = nt_create(request, params)
    if len(descriptor):
        create_parameters = msgspec.structs.replace(create_parameters, descriptor=read_descriptor(descriptor))
    if len(full_eas):
        wanted = eas.understood(request, eas.readable(read_full, full_eas))
        create_parameters = msgspec.structs.replace(create_parameters, eas=wanted)

    def response(opened: Opened, entry: Open) -> Results:
        action, created = opened.action, opened.info.creation_time
        return Results(
            answer_to(
                opened,
                entry,
                _kind_of(request, params.flags, opened),
                create_action=action,
                creation_time=created,
                resource_type=request.tree.share.resource_type,
            )
        )

    return open_file(request, path, create_parameters, response)


def _kind_of(
    request: AnyRequest, flags: int, opened: Opened | None = None
) -> Callable[..., NtCreateResponse]:
    """The class of the answer; an extended one tells what the user could open the file for."""
    if flags & CreateFlag.EXTENDED_RESPONSE:
        return partial(NtCreateExtendedResponse, maximal_access_rights=maximal_rights(request, opened))
    return NtCreateResponse
