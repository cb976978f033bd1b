"""NT_TRANSACT_NOTIFY_CHANGE: an answer that comes when something changes in a directory ([MS-CIFS] 2.2.7.4)."""

from functools import partial
from typing import TYPE_CHECKING

from fakesmb.core.request import Request
from fakesmb.core.strings import strings_of
from fakesmb.core.transactions import Outcome, Results, subcommand
from fakesmb.core.waiting import retry_until_free
from fakesmb.nt.files import Access
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.info import LevelContext
from fakesmb.wire.nt_trans import NotifySetup, NtTransact, notify_information

if TYPE_CHECKING:
    from fakesmb.vfs.store import Changes, Handle


@subcommand(NtTransact.NOTIFY_CHANGE, NotifySetup)
def notify_change(request: Request[NotifySetup]) -> Outcome:
    """NT_TRANSACT_NOTIFY_CHANGE, [MS-CIFS] 3.3.5.59.4: waits for a change.

    The filter is not checked: bits that mean nothing wait for ever, as on Windows. Too many changes for the buffer,
    and the end of the open, are success without a change ([MS-CIFS] 3.2.5.40.3): what Windows' SMB1 server makes of
    STATUS_NOTIFY_ENUM_DIR and STATUS_NOTIFY_CLEANUP. A cancelled request ends in STATUS_CANCELLED.
    """
    setup = request.params
    entry, handle = request.open_file(setup.fid)
    if not handle.is_directory:
        raise SMBError(NT.INVALID_PARAMETER, f"FID 0x{setup.fid:04X} is not a directory")
    if not handle.access & Access.LIST_DIRECTORY:
        raise SMBError(NT.ACCESS_DENIED, f"FID 0x{setup.fid:04X} was not opened with LIST_DIRECTORY")
    if not entry.watched:
        request.connection.quotas.watches.take(1)
        entry.watched = True
    changes = request.store.watch(
        handle,
        setup.completion_filter,
        recursive=bool(setup.watch_tree),
        size=request.transaction.max_parameter_count,
    )
    strings, room = strings_of(request), request.transaction.max_parameter_count
    return changes.addCallback(
        lambda found: retry_until_free(partial(_told, found, strings, handle, room), request.server)
    )


def _told(changes: "Changes", strings: LevelContext, handle: "Handle", size: int) -> Results:
    """The names are UTF-16 in every message; a client that asks in OEM is told those that it can ask for.

    An 8.3 name may be longer than the name: changes that no longer fit are too many, too.
    """
    named = [(action, strings.askable(name, str(handle.path))) for action, name in changes]
    data = notify_information((action, name) for action, name in named if name)
    return Results(data if len(data) <= size else b"")
