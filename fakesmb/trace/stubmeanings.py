"""What values of RPC calls mean, by the NDR type and the name of the member."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakesmb.trace import bitnames
from fakesmb.trace.meanings import bits, filetime, named, utime

_SHARE_KINDS: Final = named({0: "STYPE_DISKTREE", 1: "STYPE_PRINTQ", 2: "STYPE_DEVICE", 3: "STYPE_IPC"})
_SHARE_BITS: Final = bits({0x80000000: "STYPE_SPECIAL", 0x40000000: "STYPE_TEMPORARY"})


def share_type(value: int) -> str:
    """SHARE_TYPE, [MS-SRVS] 2.2.2.4."""
    return ", ".join(one for one in (_SHARE_KINDS(value & 0xFFFF), _SHARE_BITS(value & 0xFFFF0000)) if one)


SERVER_TYPE: Final = bits(
    {
        0x00000001: "WORKSTATION",
        0x00000002: "SERVER",
        0x00000004: "SQLSERVER",
        0x00000008: "DOMAIN_CTRL",
        0x00000010: "DOMAIN_BAKCTRL",
        0x00000020: "TIME_SOURCE",
        0x00000040: "AFP",
        0x00000080: "NOVELL",
        0x00000100: "DOMAIN_MEMBER",
        0x00000200: "PRINTQ_SERVER",
        0x00000400: "DIALIN_SERVER",
        0x00000800: "XENIX_SERVER",
        0x00001000: "NT",
        0x00002000: "WFW",
        0x00004000: "SERVER_MFPN",
        0x00008000: "SERVER_NT",
        0x00010000: "POTENTIAL_BROWSER",
        0x00020000: "BACKUP_BROWSER",
        0x00040000: "MASTER_BROWSER",
        0x00080000: "DOMAIN_MASTER",
        0x40000000: "LOCAL_LIST_ONLY",
        0x80000000: "DOMAIN_ENUM",
    },
    prefix="SV_TYPE_",
)
"""[MS-SRVS] 2.2.2.7."""
_PLATFORM: Final = named({300: "DOS", 400: "OS/2", 500: "NT", 600: "OSF", 700: "VMS"})
_SID_USE: Final = named(
    {
        1: "SidTypeUser",
        2: "SidTypeGroup",
        3: "SidTypeDomain",
        4: "SidTypeAlias",
        5: "SidTypeWellKnownGroup",
        6: "SidTypeDeletedAccount",
        7: "SidTypeInvalid",
        8: "SidTypeUnknown",
        9: "SidTypeComputer",
    }
)
"""[MS-LSAT] 2.2.13."""
_ACCOUNT_CONTROL: Final = bits(
    {
        0x0001: "USER_ACCOUNT_DISABLED",
        0x0002: "USER_HOME_DIRECTORY_REQUIRED",
        0x0004: "USER_PASSWORD_NOT_REQUIRED",
        0x0008: "USER_TEMP_DUPLICATE_ACCOUNT",
        0x0010: "USER_NORMAL_ACCOUNT",
        0x0020: "USER_MNS_LOGON_ACCOUNT",
        0x0040: "USER_INTERDOMAIN_TRUST_ACCOUNT",
        0x0080: "USER_WORKSTATION_TRUST_ACCOUNT",
        0x0100: "USER_SERVER_TRUST_ACCOUNT",
        0x0200: "USER_DONT_EXPIRE_PASSWORD",
        0x0400: "USER_ACCOUNT_AUTO_LOCKED",
    }
)
"""[MS-SAMR] 2.2.1.12."""


def _sixty_four(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(one, int) for one in value):
        return filetime((value[1] & 0xFFFFFFFF) << 32 | value[0] & 0xFFFFFFFF)
    return ""


def _access(value: Any) -> str:
    return bitnames.ACCESS(value & 0xFFFFFFFF) if isinstance(value, int) else ""


_BY_KIND: Final[Mapping[str, Callable[[Any], str]]] = {
    "FILETIME": _sixty_four,
    "OLD_LARGE_INTEGER": _sixty_four,
    "ACCESS_MASK": _access,
}
_BY_NAME: Final[Mapping[str, Callable[[Any], str]]] = {
    "DesiredAccess": _access,
    "GrantedAccess": _access,
    "Use": _SID_USE,
    "UserAccountControl": _ACCOUNT_CONTROL,
    "tod_elapsedt": utime,
}
_BY_ENDING: Final[tuple[tuple[str, str, Callable[[Any], str]], ...]] = (
    ("shi", "_type", share_type),
    ("sv", "_type", SERVER_TYPE),
    ("sv", "_platform_id", _PLATFORM),
    ("wki", "_platform_id", _PLATFORM),
)


def meaning_of(kind: str, name: str, value: Any) -> str:
    """The meaning of a value, of a group with the values in it; empty where it has none beside itself."""
    row = _BY_KIND.get(kind) or _BY_NAME.get(name)
    if row is None:
        row = next(
            (row for start, end, row in _BY_ENDING if name.startswith(start) and name.endswith(end)), None
        )
    if row is None or (isinstance(value, list) and kind not in _BY_KIND):
        return ""
    return row(value) if isinstance(value, (int, list)) else ""
