"""NT_TRANSACT_RENAME ([MS-CIFS] 2.2.7.5)."""

from fakesmb.core.dispatch import Needs
from fakesmb.core.request import Request
from fakesmb.core.transactions import Results, subcommand
from fakesmb.wire.nt_trans import NtRenameTransactRequest, NtTransact


@subcommand(NtTransact.RENAME, NtRenameTransactRequest, Needs.WRITABLE)
def rename(request: Request[NtRenameTransactRequest]) -> Results:
    """NT_TRANSACT_RENAME, [MS-CIFS] 2.2.7.5: checks the FID, changes nothing and says SUCCESS, as Windows does.

    The function was reserved and never built; clients rename by FID with level 1010.
    """
    params = request.params
    request.file(params.fid)
    return Results()
