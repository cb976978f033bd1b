"""Data of TRANSACTION2 as fields: information levels, listings, lists of extended attributes, referrals."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from fakesmb.trace.carrieddfs import referral
from fakesmb.trace.carriedlists import (
    fea_list,
    find_entries,
    full_eas,
    gea_list,
    posix_acl,
    unix_entries,
    whoami,
)
from fakesmb.trace.taking import Taking
from fakesmb.wire import file_info, find_info, fs_info, set_info, unix
from fakesmb.wire.codec import Record, Structure
from fakesmb.wire.info_layouts import AlternateNameInfo, StreamEntry
from fakesmb.wire.trans2 import Trans2

Take = Callable[[Taking, Any], None]


class LevelRow(NamedTuple):
    """How the data of a level are read."""

    name: str
    section: str
    layout: type[Record] | type[Structure] | None = None
    listed: bool = False
    take: Take | None = None
    """Instead of the layout."""


def _rows(*tables: Mapping[int, Any]) -> dict[int, LevelRow]:
    return {
        code: LevelRow(level.name, level.section, level.layout, level.listed)
        for table in tables
        for code, level in table.items()
    }


def _no_context(take: Callable[[Taking], None]) -> Take:
    return lambda taking, asked: take(taking)


def _with(
    rows: dict[int, LevelRow], changes: Mapping[int, Callable[[Taking], None]]
) -> Mapping[int, LevelRow]:
    for code, take in changes.items():
        rows[code] = rows[code]._replace(take=_no_context(take))
    return rows


def _posix_open_answer(take: Taking) -> None:
    answer = take.structure(unix.PosixOpenResponse)
    row = QUERIES.get(answer.returned_level)
    if row is not None and row.layout is not None and take.left:
        take.structure(row.layout)


QUERIES: Final = _with(
    _rows(file_info.LEVELS, unix.QUERY_LEVELS),
    {3: fea_list, 4: fea_list, 1015: full_eas, unix.UnixLevel.POSIX_ACL: posix_acl},
)
SETS: Final = _with(
    _rows(set_info.SET_LEVELS, unix.SET_LEVELS),
    {2: fea_list, 1015: full_eas, unix.UnixLevel.POSIX_ACL: posix_acl},
)
FS_QUERIES: Final = _with(_rows(fs_info.LEVELS, unix.FS_LEVELS), {unix.UnixFsLevel.WHOAMI: whoami})
FS_SETS: Final = _rows(fs_info.SET_LEVELS)
SET_ANSWERS: Final = {
    unix.UnixLevel.POSIX_OPEN: LevelRow(
        "SMB_POSIX_PATH_OPEN", "Samba's Unix extensions 1.0", take=_no_context(_posix_open_answer)
    ),
}
FINDS: Final = {
    code: LevelRow(
        level.name, level.section, level.layout, True, unix_entries if level.unix else find_entries
    )
    for table in (find_info.LEVELS, unix.FIND_LEVELS)
    for code, level in table.items()
}
_GEA: Final = {
    3: LevelRow("SMB_INFO_QUERY_EAS_FROM_LIST", "[MS-CIFS] 2.2.1.2.1.2", take=_no_context(gea_list))
}
_EAS: Final = LevelRow("ExtendedAttributeList", "[MS-CIFS] 2.2.1.2.2.2", take=_no_context(fea_list))
_REFERRAL: Final = LevelRow("RESP_GET_DFS_REFERRAL", "[MS-DFSC] 2.2.4", take=_no_context(referral))

_LEVELS: Final[Mapping[tuple[int, bool], Mapping[int, LevelRow]]] = {
    (Trans2.QUERY_PATH_INFORMATION, False): QUERIES,
    (Trans2.QUERY_FILE_INFORMATION, False): QUERIES,
    (Trans2.QUERY_PATH_INFORMATION, True): _GEA,
    (Trans2.QUERY_FILE_INFORMATION, True): _GEA
    | {
        unix.UnixLevel.POSIX_LOCK: LevelRow(
            "SMB_QUERY_POSIX_LOCK", "Samba's Unix extensions 1.0", unix.PosixLock
        )
    },
    (Trans2.SET_PATH_INFORMATION, True): SETS,
    (Trans2.SET_FILE_INFORMATION, True): SETS,
    (Trans2.SET_PATH_INFORMATION, False): SET_ANSWERS,
    (Trans2.QUERY_FS_INFORMATION, False): FS_QUERIES,
    (Trans2.SET_FS_INFORMATION, True): FS_SETS,
    (Trans2.SET_FS_INFORMATION, False): {0x0203: FS_SETS[0x0203]},
    (Trans2.FIND_FIRST2, False): FINDS,
    (Trans2.FIND_NEXT2, False): FINDS,
    (Trans2.FIND_FIRST2, True): _GEA,
    (Trans2.FIND_NEXT2, True): _GEA,
}
"""By the subcommand, and whether it is the request."""
_WITHOUT_LEVEL: Final[Mapping[tuple[int, bool], LevelRow]] = {
    (Trans2.OPEN2, True): _EAS,
    (Trans2.CREATE_DIRECTORY, True): _EAS,
    (Trans2.GET_DFS_REFERRAL, False): _REFERRAL,
}


def level_row(subcommand: int, level: int | None, *, request: bool) -> LevelRow | None:
    """How the data of a transaction are read; None where nobody knows."""
    key = (subcommand, request)
    return _WITHOUT_LEVEL.get(key) or _LEVELS.get(key, {}).get(-1 if level is None else level)


def take_level(take: Taking, row: LevelRow, asked: Any) -> None:
    """Takes the data of a level; raises `DecodeError`. `asked` has the parameters of the request."""
    if row.take is not None:
        row.take(take, asked)
    elif row.layout is StreamEntry:
        take.unicode = True
        take_chain(take, StreamEntry, "stream_name")
    elif row.layout is not None:
        if row.layout is AlternateNameInfo:
            take.unicode = True
        take.structure(row.layout)


def take_chain(take: Taking, layout: type[Structure], name: str, title: str = "") -> None:
    """Entries that each say where the next one begins; raises `DecodeError`."""
    end = take.end
    while take.left:
        start = take.at
        with take.group(title or layout.__name__) as group:
            entry = take.structure(layout)
            group.meaning = getattr(entry, name)
            if not entry.next_entry_offset:
                return
            following = start + entry.next_entry_offset
            if following < take.at or following > end:
                take.need(following - take.at if following > end else -1, "the next entry")
            take.raw("Pad", following - take.at)
