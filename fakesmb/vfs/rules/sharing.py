"""Share modes: whether a new open and those there are allow each other ([MS-FSA] 2.1.5.1.2.2)."""

from typing import Final

from fakesmb.nt.files import Access, DosDeny, ShareMode
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.rules.openfiles import Open, OpenFile
from fakesmb.vfs.store import CreateParameters, SharingViolation

_READS: Final = Access.READ_DATA | Access.EXECUTE
_WRITES: Final = Access.WRITE_DATA | Access.APPEND_DATA
_COUNTS: Final = _READS | _WRITES | Access.DELETE
"""Opens that ask for none of these (attributes only) exclude nobody and are never excluded."""


def conflict(access: int, share: int, other_access: int, other_share: int) -> bool:
    """Whether two opens exclude each other, either way round."""
    if not access & _COUNTS or not other_access & _COUNTS:
        return False
    return (
        (access & _READS and not other_share & ShareMode.READ)
        or (access & _WRITES and not other_share & ShareMode.WRITE)
        or (access & Access.DELETE and not other_share & ShareMode.DELETE)
        or (other_access & _READS and not share & ShareMode.READ)
        or (other_access & _WRITES and not share & ShareMode.WRITE)
        or (other_access & Access.DELETE and not share & ShareMode.DELETE)
    ) != 0


def check(file: OpenFile, access: int, request: CreateParameters) -> None:
    """Raises DELETE_PENDING, or `SharingViolation` where one of the file's opens excludes the new one."""
    if file.delete_pending:
        raise SMBError(NT.DELETE_PENDING)
    for other in file.opens:
        if conflict(access, request.share, other.access, other.share) and not _same_dos_opener(
            other, request
        ):
            raise SharingViolation(file.wait_for_close, other.shown_path)
    if file.streams and access & Access.DELETE:
        check_streams(file)


def check_streams(file: OpenFile) -> None:
    """Raises `SharingViolation` where an open of one of the file's streams forbids that it goes.

    An open of the file for DELETE is one of all its streams; the reverse does not hold.
    """
    for stream in (file.streams or {}).values():
        for other in stream.opens:
            if other.access & _COUNTS and not other.share & ShareMode.DELETE:
                raise SharingViolation(stream.wait_for_close, other.shown_path)


def check_delete(file: OpenFile, share: int = ShareMode.ALL) -> None:
    """As for an open for DELETE that shares that much: what renames and deletes by name are."""
    if file.delete_pending:
        raise SMBError(NT.DELETE_PENDING)
    for other in file.opens:
        if conflict(Access.DELETE, share, other.access, other.share):
            raise SharingViolation(file.wait_for_close, other.shown_path)
    if file.streams:
        check_streams(file)


def same_dos_open(file: OpenFile, request: CreateParameters) -> Open | None:
    """The DENY_DOS or FCB open of the same process that a new one shares its position with, if there is one."""
    if request.dos_deny == DosDeny.DOS_PROGRAM:
        return None
    return next((other for other in file.opens if _same_dos_opener(other, request)), None)


def _same_dos_opener(other: Open, request: CreateParameters) -> bool:
    """DENY_DOS and FCB opens do not exclude those of the same process ([MS-CIFS] 3.2.4.5.1).

    The first must be able to write, and be no DENY_DOS open of a program, which excludes nobody to begin with.
    """
    return (
        request.dos_deny != 0
        and (other.dos_deny == DosDeny.DOS or other.dos_deny == DosDeny.FCB)
        and request.pid == other.pid
        and request.owner is other.owner
        and bool(other.access & Access.WRITE_DATA)
    )
