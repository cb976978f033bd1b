"""Share modes: whether a new open and those there are allow each other ([MS-FSA] 2.1.5.1.2.2)."""

from fakesmb.nt.files import Access, DosDeny, ShareMode
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.rules.openfiles import Open, OpenFile
from fakesmb.vfs.rules.openset import COUNTS, READS, WRITES, DosOpener, OpenSet
from fakesmb.vfs.store import CreateParameters, SharingViolation


def conflict(access: int, share: int, other_access: int, other_share: int) -> bool:
    """Whether two opens exclude each other, either way round."""
    if not access & COUNTS or not other_access & COUNTS:
        return False
    return (
        (access & READS and not other_share & ShareMode.READ)
        or (access & WRITES and not other_share & ShareMode.WRITE)
        or (access & Access.DELETE and not other_share & ShareMode.DELETE)
        or (other_access & READS and not share & ShareMode.READ)
        or (other_access & WRITES and not share & ShareMode.WRITE)
        or (other_access & Access.DELETE and not share & ShareMode.DELETE)
    ) != 0


def check(file: OpenFile, access: int, request: CreateParameters) -> None:
    """Raises DELETE_PENDING, or `SharingViolation` where one of the file's opens excludes the new one."""
    if file.delete_pending:
        raise SMBError(NT.DELETE_PENDING)
    dos_opener = (id(request.owner), request.pid) if request.dos_deny else None
    other = _excluding(file.opens, access, request.share, dos_opener)
    if other is not None:
        raise SharingViolation(file.wait_for_close, other.shown_path)
    if file.streams and access & Access.DELETE:
        check_streams(file)


def check_streams(file: OpenFile) -> None:
    """Raises `SharingViolation` where an open of one of the file's streams forbids that it goes.

    An open of the file for DELETE is one of all its streams; the reverse does not hold.
    """
    for stream in (file.streams or {}).values():
        for kind, opens in stream.opens.groups.items():
            if kind.access and not kind.share & ShareMode.DELETE:
                raise SharingViolation(stream.wait_for_close, next(iter(opens)).shown_path)


def check_delete(file: OpenFile, share: int = ShareMode.ALL) -> None:
    """As for an open for DELETE that shares that much: what renames and deletes by name are."""
    if file.delete_pending:
        raise SMBError(NT.DELETE_PENDING)
    other = _excluding(file.opens, Access.DELETE, share)
    if other is not None:
        raise SharingViolation(file.wait_for_close, other.shown_path)
    if file.streams:
        check_streams(file)


def same_dos_open(file: OpenFile, request: CreateParameters) -> Open | None:
    """The DENY_DOS or FCB open of the same process that a new one shares its position with, if there is one."""
    if request.dos_deny == DosDeny.DOS_PROGRAM:
        return None
    dos_opener = id(request.owner), request.pid
    # Any of them: they all share one position.
    return next(
        (next(iter(opens)) for kind, opens in file.opens.groups.items() if kind.dos_opener == dos_opener),
        None,
    )


def _excluding(
    opens: OpenSet[Open], access: int, share: int, dos_opener: DosOpener | None = None
) -> Open | None:
    """One of the opens that exclude a new one, if any does.

    DENY_DOS and FCB opens do not exclude those of the same process ([MS-CIFS] 3.2.4.5.1). The first of
    them must be able to write, and must not be the DENY_DOS open of a program file, which excludes no other open.
    """
    if not access & COUNTS:
        return None
    for kind, group in opens.groups.items():
        if conflict(access, share, kind.access, kind.share) and (
            dos_opener is None or kind.dos_opener != dos_opener
        ):
            return next(iter(group))
    return None
