"""Extended attributes of OS/2 ([MS-FSA] 2.1.5.15.5, [MS-CIFS] 2.2.1.2) as `user.<NAME>` of the disk, as Samba has them.

Names are stored in upper case, as on NTFS, unless the EA exists already in another spelling. For a client with POSIX
names they are stored as spelt, because Linux finds its `user.*` attributes by exact name. They are found in any
case. The server's own extended attributes are hidden. The flags of an EA are not stored. A disk without extended
attributes has no EAs, as FAT: EAS_NOT_SUPPORTED.
"""

import errno
from collections.abc import Sequence
from typing import Final

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.eas import LARGEST, check, may_have, size_of
from fakesmb.vfs.local import xattrs
from fakesmb.vfs.local.volume import is_full
from fakesmb.vfs.paths import fold
from fakesmb.vfs.store import Ea

_PREFIX: Final = "user."


def load(target: str | int, *, follow: bool = True) -> list[Ea]:
    """The EAs of a file, without extended attributes that no client could have set."""
    return list(_present(target, follow=follow).values())


def size(target: str | int, *, follow: bool = True) -> int:
    """EaSize: the length of the EAs as a list ([MS-CIFS] 2.2.1.2.2.1), 0 where there are none."""
    return size_of(_present(target, follow=follow).values())


def save(target: str | int, eas: Sequence[Ea], *, as_spelt: bool = False) -> int:
    """Sets these, or none of them; an empty value deletes. Gives the EaSize that the file has now.

    `as_spelt`: new names do not become upper case.

    Raises what `vfs.eas.check` does, EA_TOO_LARGE, EAS_NOT_SUPPORTED.
    """
    return _set(target, eas, keep=True, as_spelt=as_spelt)


def put(target: str | int, eas: Sequence[Ea]) -> int:
    """Sets what will be all that the file has; `drop_others` follows when it has lost its data. As `save`.

    So a server that is killed in between leaves no data without their EAs, unless the disk had no room for both.
    """
    return _set(target, eas, keep=False, drop=False)


def replace(target: str | int, eas: Sequence[Ea]) -> int:
    """Sets these and takes all others away, or changes nothing. As `save`."""
    total = _set(target, eas, keep=False)
    drop_others(target, eas)
    return total


def drop_others(target: str | int, eas: Sequence[Ea]) -> None:
    """Takes all EAs away but these."""
    wanted = {fold(ea.name) for ea in eas if ea.value}
    for xattr in xattrs.names(target):  # what no client can see
        name = name_in(xattr)
        if name and fold(name) not in wanted:
            xattrs.drop(target, xattr)


def _set(
    target: str | int, eas: Sequence[Ea], *, keep: bool, as_spelt: bool = False, drop: bool = True
) -> int:
    check(eas)
    before = _present(target)
    after = dict(before) if keep else {}
    for ea in eas:
        key = fold(ea.name)
        known = before.get(key)
        name = known.name if known is not None else ea.name if as_spelt else key
        after[key] = Ea(name, ea.value)
    after = {key: ea for key, ea in after.items() if ea.value}
    total = size_of(after.values())
    if total > LARGEST:
        raise SMBError(NT.EA_TOO_LARGE, f"{total} bytes of EAs are too many for a file")
    try:
        _apply(target, before, after, drop=drop)
    except OSError as error:
        if error.errno in xattrs.UNSUPPORTED:
            raise SMBError(NT.EAS_NOT_SUPPORTED, "the disk takes no extended attributes") from None
        _apply(target, _present(target), before)
        if error.errno == errno.EDQUOT or (error.errno == errno.ENOSPC and is_full(target)):
            raise
        if error.errno in xattrs.NO_ROOM or error.errno in xattrs.BAD_NAME:
            raise SMBError(NT.EA_TOO_LARGE, "EAs larger than the disk's extended attributes") from None
        raise
    return total


def _apply(target: str | int, before: dict[str, Ea], after: dict[str, Ea], *, drop: bool = True) -> None:
    """What is new comes first, what goes goes then; the other way round where the disk has no room for both."""
    new = [ea for key, ea in after.items() if before.get(key) != ea]
    gone = [ea for key, ea in before.items() if key not in after]
    if new and not xattrs.HAVE:
        raise SMBError(NT.EAS_NOT_SUPPORTED, "this system has no extended attributes")
    try:
        _put(target, new)
    except OSError as error:
        if error.errno not in xattrs.NO_ROOM or not gone:
            raise
        _drop(target, gone)
        _put(target, new)
    else:
        if drop:
            _drop(target, gone)


def _put(target: str | int, eas: Sequence[Ea]) -> None:
    for ea in eas:
        disk.setxattr(target, _PREFIX + ea.name, ea.value)


def _drop(target: str | int, eas: Sequence[Ea]) -> None:
    for ea in eas:
        xattrs.drop(target, _PREFIX + ea.name)


def _present(target: str | int, *, follow: bool = True) -> dict[str, Ea]:
    found: dict[str, Ea] = {}
    for xattr in sorted(xattrs.names(target, follow=follow)):
        name = name_in(xattr)
        if name:
            held = xattrs.value(target, xattr, follow=follow)
            if held and len(held) <= LARGEST:
                found.setdefault(fold(name), Ea(name, held))
    return found


def name_in(xattr: str) -> str:
    """The EA that an extended attribute is, or ""."""
    name = xattr[len(_PREFIX) :] if xattr.startswith(_PREFIX) else ""
    return name if may_have(name) else ""
