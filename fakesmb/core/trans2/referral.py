"""TRANS2_GET_DFS_REFERRAL ([MS-CIFS] 2.2.6.16, [MS-DFSC])."""

from fakesmb.core.dispatch import Needs
from fakesmb.core.request import Request
from fakesmb.core.transactions import Results, subcommand
from fakesmb.wire.dfs import GetDfsReferralRequest
from fakesmb.wire.trans2 import Trans2


@subcommand(Trans2.GET_DFS_REFERRAL, GetDfsReferralRequest, Needs.TREE)
def get_dfs_referral(request: Request[GetDfsReferralRequest]) -> Results:
    """TRANS2_GET_DFS_REFERRAL, [MS-CIFS] 3.3.5.58.11.

    Raises NO_SUCH_DEVICE for what is no DFS namespace: the client then connects to the share itself.
    """
    asked = request.params
    request.path = asked.request_file_name
    room = request.transaction.max_data_count
    data = request.server.referrals.refer(asked.request_file_name, asked.max_referral_level, room)
    return Results(data=data)
