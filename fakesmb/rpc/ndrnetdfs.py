"""The NDR types of netdfs ([MS-DFSNM] 2.2), which impacket does not declare, in its words."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from impacket.dcerpc.v5.dtypes import DWORD, GUID, LPDWORD, LPWSTR, ULONG, USHORT, WSTR
from impacket.dcerpc.v5.ndr import NDRCALL, NDRPOINTER, NDRSTRUCT, NDRUNION, NDRUniConformantArray


def _pointer(name: str, kind: Any) -> Any:
    return type(name, (NDRPOINTER,), {"referent": (("Data", kind),)})


def _structure(name: str, *members: tuple[str, Any]) -> Any:
    return type(name, (NDRSTRUCT,), {"structure": members})


def _array(name: str, item: Any) -> Any:
    return _pointer(f"LP{name}", type(name, (NDRUniConformantArray,), {"item": item}))


def _call(name: str, opnum: int | None, *members: tuple[str, Any]) -> Any:
    own: dict[str, Any] = {"structure": members}
    if opnum is not None:
        own["opnum"] = opnum
    return type(name, (NDRCALL,), own)


STORAGE: Final = _structure(
    "DFS_STORAGE_INFO", ("State", ULONG), ("ServerName", LPWSTR), ("ShareName", LPWSTR)
)
PRIORITY: Final = _structure(
    "DFS_TARGET_PRIORITY",
    ("TargetPriorityClass", ULONG),
    ("TargetPriorityRank", USHORT),
    ("Reserved", USHORT),
)
STORAGE_1: Final = _structure(
    "DFS_STORAGE_INFO_1",
    ("State", ULONG),
    ("ServerName", LPWSTR),
    ("ShareName", LPWSTR),
    ("TargetPriority", PRIORITY),
)

_PATH: Final = ("EntryPath", LPWSTR)
_COMMENT: Final = ("Comment", LPWSTR)
_STATE: Final = ("State", DWORD)
_COUNT: Final = ("NumberOfStorages", DWORD)
_TIMEOUT: Final = ("Timeout", ULONG)
_FLAGS: Final = ("PropertyFlags", ULONG)
_METADATA: Final = ("MetadataSize", ULONG)
_STORAGES: Final = ("Storage", _array("DFS_STORAGES", STORAGE))
_STORAGES_1: Final = ("Storage", _array("DFS_STORAGES_1", STORAGE_1))

INFO: Final[Mapping[int, Any]] = {
    level: _structure(f"DFS_INFO_{level}", *members)
    for level, members in (
        (1, (_PATH,)),
        (2, (_PATH, _COMMENT, _STATE, _COUNT)),
        (3, (_PATH, _COMMENT, _STATE, _COUNT, _STORAGES)),
        (4, (_PATH, _COMMENT, _STATE, _TIMEOUT, ("Guid", GUID), _COUNT, _STORAGES)),
        (5, (_PATH, _COMMENT, _STATE, _TIMEOUT, ("Guid", GUID), _FLAGS, _METADATA, _COUNT)),
        (6, (_PATH, _COMMENT, _STATE, _TIMEOUT, ("Guid", GUID), _FLAGS, _METADATA, _COUNT, _STORAGES_1)),
        (7, (("GenerationGuid", GUID),)),
        (100, (_COMMENT,)),
        (101, (_STATE,)),
        (102, (_TIMEOUT,)),
        (103, (("PropertyFlagMask", ULONG), _FLAGS)),
        (104, (("TargetPriority", PRIORITY),)),
        (105, (_COMMENT, _STATE, _TIMEOUT, ("PropertyFlagMask", ULONG), _FLAGS)),
        (200, (("FtDfsName", LPWSTR),)),
        (300, (("Flags", DWORD), ("DfsName", LPWSTR))),
    )
}
"""DFS_INFO_1 and its kin, 2.2.3, by level."""
ENUM_LEVELS: Final = (1, 2, 3, 4, 5, 6, 200, 300)


class DFS_INFO_STRUCT(NDRUNION):  # type: ignore[misc]  # noqa: N801
    """2.2.3.17: one row of the level that is asked for."""

    commonHdr = (("tag", DWORD),)  # noqa: N815
    union: ClassVar = {
        level: (f"DfsInfo{level}", _pointer(f"LPDFS_INFO_{level}", kind)) for level, kind in INFO.items()
    }


def _container(level: int) -> Any:
    rows = _array(f"DFS_INFO_{level}_ROWS", INFO[level])
    container = _structure(f"DFS_INFO_{level}_CONTAINER", ("EntriesRead", DWORD), ("Buffer", rows))
    return _pointer(f"LPDFS_INFO_{level}_CONTAINER", container)


class DFS_INFO_ENUM(NDRUNION):  # type: ignore[misc]  # noqa: N801
    """The rows of an enumeration, by level."""

    commonHdr = (("tag", DWORD),)  # noqa: N815
    union: ClassVar = {level: (f"DfsInfo{level}Container", _container(level)) for level in ENUM_LEVELS}


ENUM_STRUCT: Final = _structure("DFS_INFO_ENUM_STRUCT", ("Level", DWORD), ("DfsInfoContainer", DFS_INFO_ENUM))
LP_ENUM_STRUCT: Final = _pointer("LPDFS_INFO_ENUM_STRUCT", ENUM_STRUCT)

_ENTRY: Final = ("DfsEntryPath", WSTR)
_SERVER: Final = ("ServerName", LPWSTR)
_SHARE: Final = ("ShareName", LPWSTR)
_STATUS: Final = ("ErrorCode", DWORD)
_PAGED: Final = (
    ("PrefMaxLen", DWORD),
    ("DfsEnum", LP_ENUM_STRUCT),
    ("ResumeHandle", LPDWORD),
)
_ENUM_ANSWER: Final = (("DfsEnum", LP_ENUM_STRUCT), ("ResumeHandle", LPDWORD), _STATUS)

CALLS: Final[Mapping[int, tuple[Any, Any]]] = {
    opnum: (_call(name, opnum, *asked), _call(f"{name}Response", None, *answered))
    for opnum, name, asked, answered in (
        (0, "NetrDfsManagerGetVersion", (), (("Version", DWORD),)),
        (
            1,
            "NetrDfsAdd",
            (_ENTRY, ("ServerName", WSTR), _SHARE, _COMMENT, ("Flags", DWORD)),
            (_STATUS,),
        ),
        (2, "NetrDfsRemove", (_ENTRY, _SERVER, _SHARE), (_STATUS,)),
        (
            4,
            "NetrDfsGetInfo",
            (_ENTRY, _SERVER, _SHARE, ("Level", DWORD)),
            (("DfsInfo", DFS_INFO_STRUCT), _STATUS),
        ),
        (5, "NetrDfsEnum", (("Level", DWORD), *_PAGED), _ENUM_ANSWER),
        (21, "NetrDfsEnumEx", (_ENTRY, ("Level", DWORD), *_PAGED), _ENUM_ANSWER),
    )
}
"""Request and response of each operation that is read field by field."""
