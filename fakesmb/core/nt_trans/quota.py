"""NT_TRANSACT_QUERY_QUOTA and SET_QUOTA ([MS-SMB] 2.2.7.5, 2.2.7.6), on volumes that keep no quotas."""

from fakesmb.core.request import Request
from fakesmb.core.transactions import Results, subcommand
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.nt_trans import NtTransact, QueryQuotaRequest, SetQuotaRequest


@subcommand(NtTransact.QUERY_QUOTA, QueryQuotaRequest)
def query_quota(request: Request[QueryQuotaRequest]) -> Results:
    """NT_TRANSACT_QUERY_QUOTA, [MS-SMB] 3.3.5.11.2: NOT_SUPPORTED, since no volume advertises FILE_VOLUME_QUOTAS."""
    params = request.params
    request.file(params.fid)
    raise SMBError(NT.NOT_SUPPORTED, "the volume keeps no quotas")


@subcommand(NtTransact.SET_QUOTA, SetQuotaRequest)
def set_quota(request: Request[SetQuotaRequest]) -> Results:
    """NT_TRANSACT_SET_QUOTA, [MS-SMB] 3.3.5.11.3: NOT_SUPPORTED like QUERY_QUOTA."""
    params = request.params
    request.file(params.fid)
    raise SMBError(NT.NOT_SUPPORTED, "the volume keeps no quotas")
