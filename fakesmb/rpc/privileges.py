"""Privileges and rights of accounts, as a machine has them by default: what lsarpc tells, and file access grants."""

from collections.abc import Mapping
from typing import Final

_EVERYBODY: Final = ("SeChangeNotifyPrivilege", "SeNetworkLogonRight")
RIGHTS: Final[Mapping[str, tuple[str, ...]]] = {
    "S-1-1-0": _EVERYBODY,
    "S-1-5-32-544": (
        *_EVERYBODY,
        "SeSecurityPrivilege",
        "SeBackupPrivilege",
        "SeRestorePrivilege",
        "SeTakeOwnershipPrivilege",
        "SeInteractiveLogonRight",
    ),
    "S-1-5-32-545": (*_EVERYBODY, "SeInteractiveLogonRight"),
}
"""By SID; accounts that are not here have none of their own ([MS-LSAD] 3.1.1.2.1)."""
