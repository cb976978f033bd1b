"""The services of the machine, as its service control manager and its registry tell them.

Each is one that this server does itself, and its state is whether it does now.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from fakesmb.rpc.view import ServerView, ShareKind

STOPPED: Final = 1
RUNNING: Final = 4
AUTOMATIC: Final = 2
MANUAL: Final = 3
SHARED_PROCESS: Final = 0x20
OWN_PROCESS: Final = 0x10


class Service(msgspec.Struct, frozen=True):
    """One service ([MS-SCMR] 3.1.1)."""

    name: str
    display: str
    description: str
    path: str
    kind: int = SHARED_PROCESS
    start: int = AUTOMATIC
    depends: tuple[str, ...] = ()
    account: str = "LocalSystem"
    runs: Callable[[ServerView], bool] = lambda view: True

    def state(self, view: ServerView) -> int:
        """Whether it runs now."""
        return RUNNING if self.runs(view) else STOPPED


_SVCHOST: Final = "C:\\WINDOWS\\system32\\svchost.exe -k netsvcs"
_LSASS: Final = "C:\\WINDOWS\\system32\\lsass.exe"


def _prints(view: ServerView) -> bool:
    return any(share.kind == ShareKind.PRINT for share in view.shares())


SERVICES: Final[tuple[Service, ...]] = (
    Service(
        "Dfs",
        "Distributed File System",
        "Integrates disparate file shares into a single, logical namespace.",
        "C:\\WINDOWS\\system32\\Dfssvc.exe",
        OWN_PROCESS,
        depends=("LanmanServer", "LanmanWorkstation", "RpcSs", "SamSs"),
        runs=lambda view: bool(view.namespaces()),
    ),
    Service(
        "LanmanServer",
        "Server",
        "Supports file, print, and named-pipe sharing over the network for this computer.",
        _SVCHOST,
    ),
    Service(
        "LanmanWorkstation",
        "Workstation",
        "Creates and maintains client network connections to remote servers.",
        _SVCHOST,
    ),
    Service(
        "Netlogon",
        "Net Logon",
        "Maintains a secure channel between this computer and the domain controller.",
        _LSASS,
        start=MANUAL,
        depends=("LanmanWorkstation",),
        runs=lambda view: view.facts.domain_joined,
    ),
    Service(
        "RemoteRegistry",
        "Remote Registry",
        "Enables remote users to read registry settings on this computer.",
        "C:\\WINDOWS\\system32\\svchost.exe -k regsvc",
        depends=("RpcSs",),
        account="NT AUTHORITY\\LocalService",
    ),
    Service(
        "RpcSs",
        "Remote Procedure Call (RPC)",
        "Serves as the endpoint mapper for RPC servers.",
        "C:\\WINDOWS\\system32\\svchost.exe -k rpcss",
        account="NT AUTHORITY\\NetworkService",
    ),
    Service(
        "SamSs",
        "Security Accounts Manager",
        "Holds the accounts of local users.",
        _LSASS,
        depends=("RpcSs",),
    ),
    Service(
        "Spooler",
        "Print Spooler",
        "Manages print queues.",
        "C:\\WINDOWS\\system32\\spoolsv.exe",
        OWN_PROCESS,
        depends=("RpcSs",),
        runs=_prints,
    ),
)
"""By name, as a list of services is sorted."""
