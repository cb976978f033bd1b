"""netdfs: the DFS namespaces of the server, listed and asked about ([MS-DFSNM] 3.1.4).

Whatever would change one is ACCESS_DENIED: they are what the configuration says.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from impacket.dcerpc.v5.ndr import NULL

from fakesmb.nt.names import fold
from fakesmb.nt.status import SMBError
from fakesmb.rpc import ndrnetdfs as ndr
from fakesmb.rpc.byteorder import Ignored
from fakesmb.rpc.fields import Field, number, number_or_none, operation, text, text_or_none
from fakesmb.rpc.interface import Interface, Surroundings
from fakesmb.rpc.stub import (
    U32,
    WIN32_CODES,
    Call,
    Operation,
    TableInterface,
    Win32,
    encode,
    page,
    wide,
)
from fakesmb.rpc.view import NamespaceRow
from fakesmb.wire.dfs import LINK_TTL, ROOT_TTL

NT4, WINDOWS_2000, WINDOWS_2003, WINDOWS_2008 = 1, 2, 4, 6
"""Versions of the manager, 3.1.4.1.1."""
_OK: Final = 1
_STANDALONE: Final = 0x100
"""DFS_VOLUME_FLAVOR_STANDALONE, of roots."""
_ONLINE: Final = 2


class Entry(msgspec.Struct, frozen=True):
    """A root or a link as it is told."""

    path: str
    """`\\\\SERVER\\root\\link`."""
    comment: str
    targets: tuple[str, ...]
    is_root: bool


def _entries(call: Call) -> Iterator[Entry]:
    """All roots, each before its links."""
    for namespace in call.view.namespaces():
        yield from _of(call, namespace)


def _of(call: Call, namespace: NamespaceRow) -> Iterator[Entry]:
    server = call.view.facts.name
    root = f"\\\\{server}\\{namespace.share}"
    yield Entry(root, namespace.comment, (f"\\{server}\\{namespace.share}",), True)
    for path, targets in namespace.links:
        yield Entry(f"{root}\\{path}", "", targets, False)


def _parts(path: str) -> list[str]:
    return [fold(part) for part in path.replace("/", "\\").split("\\") if part]


def manager_version(call: Call) -> bytes:
    """NetrDfsManagerGetVersion, 3.1.4.1.1."""
    major, minor, _ = map(int, call.view.facts.product_version.split("."))
    newest = ((6, 0, WINDOWS_2008), (5, 2, WINDOWS_2003), (5, 0, WINDOWS_2000))
    return U32.pack(next((told for *least, told in newest if [major, minor] >= least), NT4))


def _row(level: int, entry: Entry) -> Any:
    """A structure of the level, filled."""
    row = ndr.INFO[level]()
    told: dict[str, Any] = {
        "EntryPath": wide(entry.path),
        "Comment": wide(entry.comment),
        "State": _OK | (_STANDALONE if entry.is_root else 0),
        "Timeout": ROOT_TTL if entry.is_root else LINK_TTL,
        "Guid": _guid(entry.path),
        "NumberOfStorages": len(entry.targets),
        "PropertyFlags": 0,
        "MetadataSize": 0,
        "Flags": _STANDALONE,
        "DfsName": wide(entry.path),
    }
    for name, _ in row.structure:
        row[name] = [_storage(target, level) for target in entry.targets] if name == "Storage" else told[name]
    return row


def _guid(path: str) -> bytes:
    """The same for the same entry, in each run."""
    number = 0
    for character in fold(path):
        number = (number * 0x01000193 ^ ord(character)) & (1 << 128) - 1
    return UUID(int=number, version=4).bytes_le


def _storage(target: str, level: int) -> Any:
    """A target: its server, and the share with the folder in it."""
    server, _, share = target.lstrip("\\").partition("\\")
    row = (ndr.STORAGE_1 if level == 6 else ndr.STORAGE)()
    row["State"] = _ONLINE
    row["ServerName"], row["ShareName"] = wide(server), wide(share)
    if level == 6:
        row["TargetPriority"]["TargetPriorityClass"] = 0
        row["TargetPriority"]["TargetPriorityRank"] = 0
        row["TargetPriority"]["Reserved"] = 0
    return row


_TOLD: Final = frozenset({1, 2, 3, 4, 5, 6, 100, 101, 102})
_LISTED: Final = frozenset({1, 2, 3, 4, 5, 6})
_ROOTS: Final = 300
"""The level of lists that has the names of roots only."""


def get_info(call: Call, path: str, server: str | None, share: str | None, level: int) -> Any:
    """NetrDfsGetInfo, 3.1.4.1.6: of a root or a link, or of one target of it."""
    if level not in _TOLD:
        return U32.pack(level) + (bytes(4) if level in ndr.INFO else b"") + U32.pack(Win32.INVALID_LEVEL)
    entry = _named(call, path)
    if entry is not None and (server or share):
        entry = _with_target(entry, server or "", share or "")
    if entry is None:
        return U32.pack(level) + bytes(4) + U32.pack(Win32.DFS_NO_SUCH_VOLUME)
    answer = ndr.CALLS[4][1]()
    answer["DfsInfo"]["tag"] = level
    answer["DfsInfo"][f"DfsInfo{level}"] = _row(level, entry)
    answer["ErrorCode"] = Win32.OK
    return answer


def _named(call: Call, path: str) -> Entry | None:
    """What a path names: the server may be called as it is reached."""
    wanted = _parts(path)[1:]
    return next((one for one in _entries(call) if wanted and _parts(one.path)[1:] == wanted), None)


def _with_target(entry: Entry, server: str, share: str) -> Entry | None:
    for target in entry.targets:
        host, _, rest = target.lstrip("\\").partition("\\")
        if fold(host) == fold(server.lstrip("\\")) and fold(rest) == fold(share):
            return msgspec.structs.replace(entry, targets=(target,))
    return None


def enum(call: Call, level: int, preferred: int, given: bool, resume: int | None) -> bytes:
    """NetrDfsEnum, 3.1.4.1.7."""
    if level == _ROOTS:
        return _listed(level, [one for one in _entries(call) if one.is_root], preferred, given, resume)
    return _listed(level, list(_entries(call)), preferred, given, resume)


def enum_ex(call: Call, path: str, level: int, preferred: int, given: bool, resume: int | None) -> bytes:
    """NetrDfsEnumEx, 3.1.4.1.8: of the namespace, or of all for the name of the server alone."""
    wanted = _parts(path)
    if len(wanted) < 2:
        return enum(call, level, preferred, given, resume)
    for namespace in call.view.namespaces():
        if fold(namespace.share) == wanted[1]:
            found = list(_of(call, namespace))
            return _listed(level, found, preferred, given, resume)
    raise SMBError(Win32.FILE_NOT_FOUND, f"no namespace {path!r}")


def _listed(level: int, entries: list[Entry], preferred: int, given: bool, resume: int | None) -> bytes:
    if level not in _LISTED and level != _ROOTS:
        raise SMBError(Win32.INVALID_LEVEL, f"level {level} of a list of DFS entries")
    if not given:
        raise SMBError(Win32.INVALID_PARAMETER, "no room for a list")
    shown = page(entries, _size, preferred, resume)
    start = min(resume or 0, len(entries))
    if not shown.rows:
        status = Win32.NO_MORE_ITEMS if start >= len(entries) else shown.status
        raise SMBError(status, "no entry is left, or has room")
    answer = ndr.CALLS[5][1]()
    enumerated = answer["DfsEnum"]
    enumerated["Level"] = level
    enumerated["DfsInfoContainer"]["tag"] = level
    container = enumerated["DfsInfoContainer"][f"DfsInfo{level}Container"]
    container["EntriesRead"] = len(shown.rows)
    container["Buffer"] = [_row(level, one) for one in shown.rows]
    answer["ResumeHandle"] = NULL if resume is None else start + len(shown.rows)
    answer["ErrorCode"] = Win32.OK
    return encode(answer)


def _size(entry: Entry) -> int:
    """Bytes that an entry takes in the memory of who asks, about."""
    return 64 + 2 * len(entry.path + entry.comment) + sum(2 * len(one) + 16 for one in entry.targets)


def _refuse(call: Call) -> bytes:
    """What would change a namespace."""
    return U32.pack(Win32.ACCESS_DENIED)


def initialize(call: Call) -> bytes:
    """NetrDfsManagerInitialize, 3.1.4.4.1, which does nothing any more."""
    return U32.pack(Win32.OK if call.admin else Win32.ACCESS_DENIED)


def _enum_given(reader: Any) -> bool:
    """DFS_INFO_ENUM_STRUCT behind a unique pointer: whether it is there. Its rows say nothing."""
    if not reader.number():
        return False
    _, tag = reader.numbers("II")
    if tag in ndr.ENUM_LEVELS and reader.number():
        count, rows = reader.numbers("II")
        if rows or count:
            raise ValueError("rows in a request for rows")
    return True


_ENUM: Final[tuple[Field, ...]] = (number, number, _enum_given, number_or_none)
_NOTHING_LISTED: Final = bytes(8)
_REFUSED: Final = Operation(Ignored, (), _refuse, refusal=True)
_CHANGES: Final = (1, 2, 3, 6, 10, 11, 12, 13, 15, 17, 18, 19, 20, 22, 23, 24)

OPERATIONS: Final[Mapping[int, Operation]] = {
    0: operation(manager_version),
    **dict.fromkeys(_CHANGES, _REFUSED),
    4: operation(get_info, text, text_or_none, text_or_none, number),
    5: operation(enum, *_ENUM, failed=_NOTHING_LISTED),
    14: operation(initialize),
    21: operation(enum_ex, text, *_ENUM, failed=_NOTHING_LISTED),
}


def interface(around: Surroundings) -> Interface:
    """The interface, bound to a server."""
    return TableInterface(OPERATIONS, around.view, WIN32_CODES)
