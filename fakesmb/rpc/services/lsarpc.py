"""lsarpc: names and SIDs, rights of accounts, and which domain this is ([MS-LSAD], [MS-LSAT]).

Rights and secrets are kept in memory, as long as the server runs.
"""

from fakesmb.rpc.interface import Interface, Surroundings
from fakesmb.rpc.services import lsa_names, lsa_policy, lsa_privileges
from fakesmb.rpc.services.lsa_accounts import Accounts
from fakesmb.rpc.services.lsa_secrets import Secrets
from fakesmb.rpc.stub import TableInterface


def interface(around: Surroundings) -> Interface:
    """The interface, bound to a server."""
    operations = {
        **lsa_policy.OPERATIONS,
        **lsa_names.OPERATIONS,
        **lsa_privileges.OPERATIONS,
        **Accounts().operations(),
        **Secrets(around.view).operations(),
    }
    return TableInterface(operations, around.view)
