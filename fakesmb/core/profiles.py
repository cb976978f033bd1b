"""The makes of servers: one table of rows, each what differs from another row, and where that is known from.

What no source says stays as it is in the base, and the row's `unknown` says so.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from fakesmb.core.profile import Profile
from fakesmb.nt.nearest import nearest
from fakesmb.world import zone_of


class Switch(NamedTuple):
    """One difference from the base."""

    key: str
    value: Any
    source: str


class Row(NamedTuple):
    """One make of server."""

    name: str
    what: str
    base: str
    """The row that it differs from; "" for the first."""
    switches: tuple[Switch, ...]
    unknown: str = ""
    """What is not known from any source, and left as in the base."""


_XP: Final = "a capture of Windows XP SP3 as server"
_NT_RULES: Final = "[MS-CIFS] is of Windows NT 4.0 and has no such capability; [MS-SMB] 2.2.4.5.1 adds it"
_KB_SIGNING: Final = "Microsoft KB887429: incoming signing is enabled by default on domain controllers only"
_SAMBA: Final = "Samba 3.0.25b"
_98: Final = "a capture of an MS-DOS client at Windows 98"
_9X: Final = "Windows 9x knows no NT SMBs"
_CORE: Final = "[MS-CIFS] 1.7 and 2.2.4: no command or flag of the core dialect"
_FIRMWARE: Final = "smb.conf of NAS and router firmware with Samba 3.0 (Ralink RT2880 SDK, a NAS of 2009)"

ROWS: Final = (
    Row(
        "windows-2003",
        "Windows Server 2003, as the documented exchange shows it",
        "",
        (),
        "It offers the Unix extensions beside what Windows has, for shares that have them.",
    ),
    Row(
        "windows-xp",
        "Windows XP as a server of files",
        "windows-2003",
        (
            Switch("max_mpx", 10, f"{_XP}: MaxMpxCount"),
            Switch("max_buffer", 4356, f"{_XP}: MaxBufferSize"),
            Switch("dfs", False, f"{_XP}: Capabilities 0x8000E3FD"),
            Switch("unix_extensions", False, f"{_XP}: Capabilities; [MS-SMB] note <1>: Windows has none"),
            Switch("signing", "off", f"{_XP}: SecurityMode 0x03"),
            Switch("ntlmssp_version", "5.1.2600", f"{_XP}: Version of the CHALLENGE"),
        ),
        "The status of a referral: no client asked for one there.",
    ),
    Row(
        "windows-nt4",
        "Windows NT Server 4.0",
        "windows-2003",
        (
            Switch(
                "native_os", "Windows NT 4.0", "illumos smbsrv, session setup: what an NT 4.0 server answers"
            ),
            Switch(
                "native_lan_manager",
                "NT LAN Manager 4.0",
                "illumos smbsrv, session setup; smbclient shows it",
            ),
            Switch("os_major", 4, "its version"),
            Switch("os_minor", 0, "its version"),
            Switch("extended_security", False, _NT_RULES),
            Switch("infolevel_passthru", False, f"{_NT_RULES} (CAP_INFOLEVEL_PASSTHRU)"),
            Switch("large_writex", False, "[MS-SMB] 2.2.4.3: larger writes came with Windows 2000"),
            Switch("dfs", False, "the DFS service of NT 4.0 was an add-on"),
            Switch("unix_extensions", False, "[MS-SMB] note <1>: Windows has none"),
            Switch("max_buffer", 4356, "Microsoft KB Q223140: NT copies in blocks of 4 KiB without raw mode"),
            Switch("signing", "off", f"{_KB_SIGNING}; signing came with service pack 3"),
            Switch("ntlmssp_version", "", "[MS-NLMP] 2.2.2.10: Windows NT fills no Version"),
        ),
        "First UID, TID and FID; whether it has LARGE_READX without a service pack.",
    ),
    Row(
        "samba-3",
        "Samba 3.0 with its defaults",
        "windows-2003",
        (
            Switch("native_os", "Unix", f"{_SAMBA}, smbd/sesssetup.c: add_signature"),
            Switch("native_lan_manager", "Samba 3.0.25b", f"{_SAMBA}, smbd/sesssetup.c"),
            Switch("os_major", 4, "smb.conf(5): announce version = 4.9"),
            Switch("os_minor", 9, "smb.conf(5): announce version = 4.9"),
            Switch("signing", "off", f"{_SAMBA}, param/loadparm.c: server signing is off"),
            Switch("streams", False, "Samba keeps streams since 3.2, with a module (vfs_streams_xattr(8))"),
            Switch("eas", False, "smb.conf(5) of Samba 3.0: ea support = no"),
            Switch("ntlmssp_version", "", f"{_SAMBA}, libsmb/ntlmssp.c: the CHALLENGE has no Version"),
            Switch("first_uid", 100, f"{_SAMBA}, include/smb.h: VUID_OFFSET"),
            Switch("first_tid", 1, f"{_SAMBA}, smbd/conn.c: the first free bit from 1"),
            Switch("first_fid", 0x1000, f"{_SAMBA}, smbd/files.c: FILE_HANDLE_OFFSET, to which chance adds"),
            Switch(
                "called_names",
                "any",
                f"{_SAMBA}, smbd/reply.c: reply_special answers whatever name is called",
            ),
            Switch("first_sid", 256, f"{_SAMBA}, smbd/dir.c: searches of TRANS2 begin at 256"),
            Switch("referral_status", "NOT_FOUND", f"{_SAMBA}, smbd/msdfs.c: a share that is no DFS root"),
        ),
        "Samba's Flags and Flags2 of replies and the order of its listings are not imitated.",
    ),
    Row(
        "old-nas",
        "a NAS or router of about 2007 with Samba 3.0 inside",
        "samba-3",
        (
            Switch("extended_security", False, f"{_FIRMWARE}: use spnego = no"),
            Switch("dfs", False, f"{_FIRMWARE}: host msdfs = no"),
            Switch(
                "referral_status",
                "NOT_IMPLEMENTED",
                "Samba 3.0, smbd/trans2.c: ERRDOS/ERRbadfunc; later versions say this",
            ),
            Switch("unix_extensions", False, f"{_FIRMWARE}: unix extensions = no"),
            Switch("guest", "read-write", f"{_FIRMWARE}: map to guest = Bad User"),
            Switch(
                "accept",
                ("ntlmv1", "lm"),
                "chosen: what its clients without SPNEGO send; Samba takes NTLMv2, too",
            ),
            Switch("oplocks", False, "chosen: firmware often switches oplocks off"),
        ),
        "Firmware differs: look at yours with smbclient -d3, and --set what differs.",
    ),
    Row(
        "windows-98",
        "Windows 98 sharing its folders",
        "windows-2003",
        (
            Switch(
                "dialects",
                (
                    "NT LM 0.12",
                    "Windows for Workgroups 3.1a",
                    "DOS LANMAN2.1",
                    "DOS LM1.2X002",
                    "MICROSOFT NETWORKS 3.0",
                    "PC NETWORK PROGRAM 1.0",
                ),
                f"{_98}: Windows for Workgroups 3.1a is taken; the others are those that Windows 98 offers itself",
            ),
            Switch("max_mpx", 2, f"{_98}: MaxMpxCount"),
            Switch("max_buffer", 2920, f"{_98}: MaxBufferSize"),
            Switch("first_tid", 0xC800, f"{_98}: the first TID"),
            Switch("lock_and_read", False, f"{_98}: Flags of the negotiate lack SMB_FLAGS_LOCK_AND_READ_OK"),
            Switch("signing", "off", f"{_98}: SecurityMode 0x02"),
            Switch("unicode", False, "Windows 95's and 98's SMB is all OEM (notes on Windows 95)"),
            Switch("status32", False, f"{_9X}: its errors are class and code"),
            Switch("extended_security", False, f"{_9X}, and no SPNEGO"),
            Switch("nt_smbs", False, f"{_9X}: the Linux client opens by OPEN_ANDX there (SMBLegacyOpen)"),
            Switch("nt_find", False, _9X),
            Switch(
                "nt_levels",
                True,
                "Windows 95 lists at 0x104 whatever CAP_NT_FIND says",
            ),
            Switch("infolevel_passthru", False, f"{_9X}; {_NT_RULES}"),
            Switch("large_files", False, "FAT has files of up to 4 GiB"),
            Switch("large_readx", False, "[MS-CIFS] 2.2.4.42: CAP_LARGE_READX is of Windows NT"),
            Switch("large_writex", False, "[MS-SMB] 2.2.4.3: larger writes came with Windows 2000"),
            Switch("level_ii_oplocks", False, "[MS-CIFS] 3.2.4.18: level II came with Windows NT"),
            Switch("rpc_remote_apis", False, "Windows 9x tells of itself by RAP only"),
            Switch("dfs", False, "Windows 9x has no DFS namespaces"),
            Switch("unix_extensions", False, "[MS-SMB] note <1>: Windows has none"),
            Switch("streams", False, "FAT has no streams"),
            Switch("eas", False, "FAT has no EAs"),
            Switch("file_system", "FAT", "what its volumes are"),
            Switch(
                "accept",
                ("ntlmv1", "lm"),
                "Microsoft KB239869: LM, and NTLM with the Directory Services client",
            ),
            Switch("native_os", "Windows 4.0", "what smbclient shows of one"),
            Switch("native_lan_manager", "Windows 4.0", "what smbclient shows of one"),
            Switch("os_major", 4, "its version, 4.10"),
            Switch("os_minor", 10, "its version, 4.10"),
            Switch("ntlmssp_version", "", f"{_9X}, and no NTLMSSP in SMB"),
        ),
        'Its first FID is 0, which is not imitated. Share level, as there: security = "share" under [server].',
    ),
    Row(
        "core-only",
        "a server of the core dialect, PC NETWORK PROGRAM 1.0, and nothing else",
        "windows-2003",
        (
            Switch(
                "dialects",
                ("PC NETWORK PROGRAM 1.0", "PCLAN1.0"),
                "[MS-CIFS] 1.7: the core dialect and its old name",
            ),
            *(
                Switch(key, False, _CORE)
                for key in (
                    "raw_mode",
                    "lock_and_read",
                    "unicode",
                    "status32",
                    "extended_security",
                    "nt_smbs",
                    "nt_find",
                    "infolevel_passthru",
                    "large_files",
                    "large_readx",
                    "large_writex",
                    "level_ii_oplocks",
                    "rpc_remote_apis",
                    "dfs",
                    "unix_extensions",
                    "streams",
                    "eas",
                )
            ),
            Switch("oplocks", False, "[MS-CIFS] 2.2.4.3: oplocks of OPEN came with LANMAN1.0"),
            Switch("signing", "off", _CORE),
            Switch("ntlmssp_version", "", _CORE),
            Switch("max_buffer", 4096, "chosen: TREE_CONNECT tells it, and DOS servers had little memory"),
            Switch("file_system", "FAT", "what DOS has; core clients are not told"),
        ),
        "Later commands are SMB_BAD_COMMAND, of which smbclient sends some in CORE, too (FIND_CLOSE, OPEN_ANDX).",
    ),
)
"""The first is the default. The base of a row stands before it."""

BY_NAME: Final[Mapping[str, Row]] = {row.name: row for row in ROWS}
KEYS: Final = tuple(name for name in Profile.__struct_fields__ if name != "name")
"""Every switch."""

_BOOLEANS: Final = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
_TRUTHS: Final = frozenset(field.name for field in msgspec.structs.fields(Profile) if field.type is bool)
_LISTS: Final = frozenset({"accept", "dialects"})
_ZONE: Final = "time_zone"
_MAY_BE_NONE: Final = frozenset({"accept", _ZONE})


class ProfileError(ValueError):
    """A profile, a switch or a value that does not exist. `key` is the switch, "" where it is the profile."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}" if key else problem)
        self.key = key
        self.problem = problem


def row(name: str) -> Row:
    """The row of that name; raises `ProfileError`."""
    if name in BY_NAME:
        return BY_NAME[name]
    known = ", ".join(BY_NAME)
    raise ProfileError(
        "", f"no profile is called {name!r}{nearest(name, list(BY_NAME)) or f'; there are {known}'}"
    )


def differences(name: str) -> dict[str, Switch]:
    """All that a profile has different from the default, by key; raises `ProfileError`."""
    found = row(name)
    below = differences(found.base) if found.base else {}
    return below | {switch.key: switch for switch in found.switches}


def profile(name: str = ROWS[0].name, switches: Mapping[str, Any] | None = None) -> Profile:
    """The profile of a make, with switches over it, as TOML or Python writes them; raises `ProfileError`.

    Without `status32` there is no extended security, whose MORE_PROCESSING_REQUIRED no DOS code says.
    """
    values: dict[str, Any] = {key: switch.value for key, switch in differences(name).items()}
    for key, value in (switches or {}).items():
        values[key] = checked(key, value)
    if not values.get("status32", True):
        if (switches or {}).get("extended_security"):
            raise ProfileError("extended_security", "it needs status32, which is off")
        values["extended_security"] = False
    return Profile(name=name, **values)


def checked(key: str, value: Any) -> Any:
    """The value of a switch as `Profile` has it; raises `ProfileError` where there is no such switch or value."""
    known_key(key)
    if key in _LISTS and isinstance(value, str):
        value = _items(value)
    if key in _LISTS and isinstance(value, list | tuple) and not value:
        raise ProfileError(key, f"must be {_must_be(key)}")
    if not (value is None and key not in _MAY_BE_NONE):
        try:
            found = getattr(msgspec.convert({key: value}, Profile), key)
        except msgspec.ValidationError:
            pass
        else:
            if key == _ZONE and found is not None:
                _check_zone(found)
            return found
    shown = [] if not isinstance(value, list | tuple) else list(value)
    choices = _choices(key)
    for one in shown or [value]:
        if choices and one not in choices:
            raise ProfileError(key, f"must be {_must_be(key)}{nearest(one, choices)}")
    raise ProfileError(key, f"must be {_must_be(key)}")


def _check_zone(given: int | str) -> None:
    """Raises `ProfileError` where there is no such time zone."""
    try:
        zone_of(given)
    except ValueError as error:
        raise ProfileError(_ZONE, str(error)) from None


def spelt(text: str) -> tuple[str, Any]:
    """The key and the value of `KEY=VALUE`; raises `ProfileError`."""
    key, equals, value = text.partition("=")
    key = key.strip().replace("-", "_")
    if not equals:
        raise ProfileError("", f"{text!r}: a switch is KEY=VALUE")
    known_key(key)
    return key, checked(key, _read(key, value.strip()))


def known_key(key: str) -> None:
    """Raises `ProfileError` for what is no switch."""
    if key not in KEYS:
        raise ProfileError("", f"no switch is called {key!r}{nearest(key, KEYS)}")


def _read(key: str, value: str) -> Any:
    if key in _TRUTHS:
        return _BOOLEANS.get(value.lower(), value)
    if key in _LISTS:
        return _items(value)
    if key == _ZONE or _kind(key) is int:
        try:
            return int(value, 0)
        except ValueError:
            return value
    return value


def _items(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _field(key: str) -> Any:
    return next(field for field in msgspec.structs.fields(Profile) if field.name == key)


def _inspected(key: str) -> Any:
    """What msgspec knows of the type: of each item for a list."""
    kind = msgspec.inspect.type_info(_field(key).type)
    if isinstance(kind, msgspec.inspect.UnionType):
        kind = next(one for one in kind.types if not isinstance(one, msgspec.inspect.NoneType))
    return kind.item_type if isinstance(kind, msgspec.inspect.VarTupleType) else kind


def _kind(key: str) -> type:
    return int if isinstance(_inspected(key), msgspec.inspect.IntType) else str


def _choices(key: str) -> Iterable[str]:
    kind = _inspected(key)
    return [str(one) for one in kind.values] if isinstance(kind, msgspec.inspect.LiteralType) else []


def _must_be(key: str) -> str:
    kind = _inspected(key)
    if key in _TRUTHS:
        return "true or false"
    if key == _ZONE:
        return "a name such as Europe/Berlin, or minutes west of UTC, from -900 to 900"
    if isinstance(kind, msgspec.inspect.LiteralType):
        words = sorted(str(one) for one in kind.values)
        some = "one or more of " if key in _LISTS else ""
        return f"{some}{', '.join(words[:-1])} or {words[-1]}"
    if isinstance(kind, msgspec.inspect.IntType):
        return f"a whole number from {kind.ge} to {kind.le}"
    return "MAJOR.MINOR.BUILD, or empty" if key == "ntlmssp_version" else "a text of at most 255 characters"
