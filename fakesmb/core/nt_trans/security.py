"""NT_TRANSACT_QUERY_SECURITY_DESC and SET_SECURITY_DESC ([MS-CIFS] 2.2.7.3, 2.2.7.6)."""

from fakesmb.core.dispatch import Needs
from fakesmb.core.request import Request
from fakesmb.core.transactions import Results, subcommand
from fakesmb.nt.descriptor import descriptor_bytes
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.nt_trans import LengthNeededResponse, NtTransact, SecurityDescRequest
from fakesmb.wire.security import read_descriptor


@subcommand(NtTransact.QUERY_SECURITY_DESC, SecurityDescRequest)
def query_security(request: Request[SecurityDescRequest]) -> Results:
    """NT_TRANSACT_QUERY_SECURITY_DESC, [MS-CIFS] 3.3.5.59.5. A descriptor that does not fit: its length alone.

    Windows refuses whoever has become anonymous since the file was opened.
    """
    params = request.params
    handle = request.file(params.fid)
    identity = request.session.identity
    if identity is not None and identity.kind == "anonymous":
        raise SMBError(NT.ACCESS_DENIED, "an anonymous user reads no security descriptor")
    data = descriptor_bytes(request.store.query_security(handle, params.security_information))
    needed = LengthNeededResponse(len(data))
    if len(data) > request.transaction.max_data_count:
        return Results(needed, status=NT.BUFFER_TOO_SMALL)
    return Results(needed, data)


@subcommand(NtTransact.SET_SECURITY_DESC, SecurityDescRequest, Needs.WRITABLE)
def set_security(request: Request[SecurityDescRequest]) -> Results:
    """NT_TRANSACT_SET_SECURITY_DESC, [MS-CIFS] 3.3.5.59.3."""
    params = request.params
    handle = request.file(params.fid)
    descriptor = read_descriptor(request.transaction.data)
    request.store.set_security(handle, params.security_information, descriptor)
    return Results()
