"""Privileges and rights of accounts, as a machine has them by default: what lsarpc tells, and file access grants."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from fakesmb.nt.names import fold

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


class Privilege(NamedTuple):
    """A privilege: the low part of its LUID (the high part is 0), its name, and what Windows calls it."""

    luid: int
    name: str
    display: str


PRIVILEGES: Final = tuple(
    Privilege(luid, f"Se{name}Privilege", display)
    for luid, name, display in (
        (2, "CreateToken", "Create a token object"),
        (3, "AssignPrimaryToken", "Replace a process level token"),
        (4, "LockMemory", "Lock pages in memory"),
        (5, "IncreaseQuota", "Adjust memory quotas for a process"),
        (6, "MachineAccount", "Add workstations to domain"),
        (7, "Tcb", "Act as part of the operating system"),
        (8, "Security", "Manage auditing and security log"),
        (9, "TakeOwnership", "Take ownership of files or other objects"),
        (10, "LoadDriver", "Load and unload device drivers"),
        (11, "SystemProfile", "Profile system performance"),
        (12, "Systemtime", "Change the system time"),
        (13, "ProfileSingleProcess", "Profile single process"),
        (14, "IncreaseBasePriority", "Increase scheduling priority"),
        (15, "CreatePagefile", "Create a pagefile"),
        (16, "CreatePermanent", "Create permanent shared objects"),
        (17, "Backup", "Back up files and directories"),
        (18, "Restore", "Restore files and directories"),
        (19, "Shutdown", "Shut down the system"),
        (20, "Debug", "Debug programs"),
        (21, "Audit", "Generate security audits"),
        (22, "SystemEnvironment", "Modify firmware environment values"),
        (23, "ChangeNotify", "Bypass traverse checking"),
        (24, "RemoteShutdown", "Force shutdown from a remote system"),
        (25, "Undock", "Remove computer from docking station"),
        (26, "SyncAgent", "Synchronize directory service data"),
        (27, "EnableDelegation", "Enable computer and user accounts to be trusted for delegation"),
        (28, "ManageVolume", "Perform volume maintenance tasks"),
        (29, "Impersonate", "Impersonate a client after authentication"),
        (30, "CreateGlobal", "Create global objects"),
    )
)
"""[MS-LSAD] 3.1.1.2.1, those of Windows Server 2003."""

LUIDS: Final[Mapping[int, Privilege]] = {one.luid: one for one in PRIVILEGES}
PRIVILEGE_NAMES: Final[Mapping[str, Privilege]] = {fold(one.name): one for one in PRIVILEGES}

SYSTEM_ACCESS: Final[Mapping[str, int]] = {
    "SeInteractiveLogonRight": 0x00000001,
    "SeNetworkLogonRight": 0x00000002,
    "SeBatchLogonRight": 0x00000004,
    "SeServiceLogonRight": 0x00000010,
    "SeDenyInteractiveLogonRight": 0x00000040,
    "SeDenyNetworkLogonRight": 0x00000080,
    "SeDenyBatchLogonRight": 0x00000100,
    "SeDenyServiceLogonRight": 0x00000200,
    "SeRemoteInteractiveLogonRight": 0x00000400,
    "SeDenyRemoteInteractiveLogonRight": 0x00000800,
}
"""Ways to sign in, each with its bit of the system access flags ([MS-LSAD] 2.2.1.2, 3.1.1.2.2)."""

_KNOWN: Final = {fold(name): name for name in (*SYSTEM_ACCESS, *(one.name for one in PRIVILEGES))}


def known_right(name: str) -> str | None:
    """The name of a privilege or system access right as it is spelt, from its name in any case."""
    return _KNOWN.get(fold(name))
