"""TRANS2_GET_DFS_REFERRAL ([MS-CIFS] 2.2.6.16, [MS-DFSC])."""

from fakesmb.core.dispatch import Needs
from fakesmb.core.request import AnyRequest
from fakesmb.core.transactions import Results, subcommand
from fakesmb.wire.trans2 import GetDfsReferralRequest, Trans2


@subcommand(Trans2.GET_DFS_REFERRAL, Needs.TREE)
def get_dfs_referral(request: AnyRequest) -> Results:
    """Refused with NO_SUCH_DEVICE for what is no DFS namespace: the client connects to the share directly.

    The name is UTF-16 whatever the message's flags say ([MS-DFSC] 2.2.2).
    """
    asked = GetDfsReferralRequest.decode(request.params.parameters)
    request.detail = asked
    request.path = asked.request_file_name
    return Results(data=request.server.referrals.refer(asked.request_file_name, asked.max_referral_level))
