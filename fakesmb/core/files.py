"""What every open, read and write of a file or pipe is made of, whichever command asks for it.

Every form of open becomes one `vfs.store.CreateParameters` and goes through `open_file`.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Final, TypeVar

import msgspec
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.python.failure import Failure

from fakesmb.core.oplocks import Holder
from fakesmb.core.pipe_sign_in import acceptors
from fakesmb.core.request import AnyRequest, check_writable
from fakesmb.core.state import Open, Tree
from fakesmb.core.views import caller_of, group_owner
from fakesmb.core.waiting import wait_until_free
from fakesmb.nt.files import Access, Disposition, DosDeny, Oplock, Option, ShareMode
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import CreateParameters, FileRange, Handle, MustWait, Opened, Unfinished
from fakesmb.wire.codec import Buffer

R = TypeVar("R")

READ_OVERHEAD: Final = 48
"""Bytes of an answer to READ that are not data: DOS clients ignore its count, and take as many as they asked for."""

_CHANGES: Final = (
    Access.WRITE_DATA
    | Access.APPEND_DATA
    | Access.WRITE_EA
    | Access.WRITE_ATTRIBUTES
    | Access.DELETE_CHILD
    | Access.DELETE
    | Access.WRITE_DAC
    | Access.WRITE_OWNER
    | Access.GENERIC_WRITE
    | Access.GENERIC_ALL
)
_READ_ONLY_RIGHTS: Final = Access.FILE_READ | Access.FILE_EXECUTE

PROGRAMS: Final = (".exe", ".com", ".dll", ".sym")
"""Files that DENY_DOS opens share for reading and writing, so that they can be run meanwhile."""


def open_file(
    request: AnyRequest, path: Path, create: CreateParameters, make: Callable[[Opened, Open], R]
) -> "R | Deferred[R]":
    """Opens a file of the request's tree, gives it a FID and answers with what `make` says.

    A sharing violation is waited out first ([MS-CIFS] 3.3.5.51).
    """
    if request.tree.read_only:
        create = restricted(request.tree, create)
    if create.dos_deny == DosDeny.DOS and path.parts and path.name.lower().endswith(PROGRAMS):
        create = msgspec.structs.replace(
            create, dos_deny=DosDeny.DOS_PROGRAM, share=ShareMode.READ | ShareMode.WRITE
        )
    store, connection, server = request.store, request.connection, request.server
    holder: Holder | None = None
    if create.oplock:
        create, holder = _with_holder(request, create)

    def opened(result: Opened) -> "R | Deferred[R]":
        handle = result.handle
        entry = Open(request.tree, request.session, str(handle.path), request.header.pid, handle)
        if connection.closed:
            entry.close()
            raise SMBError(NT.NETWORK_NAME_DELETED, "the connection ended during the open")
        if holder is not None and result.oplock:
            holder.entry, entry.oplock = entry, holder
        request.opened(entry)
        server.counters.file_opens += 1
        try:
            return make(result, entry)
        except Unfinished as obstacle:
            later = wait_until_free(lambda: make(result, entry), obstacle, server)
            return later.addErrback(failed, entry)
        except BaseException:
            # The client never learns its FID.
            connection.close_open(entry)
            raise

    def failed(failure: Failure, entry: Open) -> Failure:
        if connection.opens.get(entry.fid) is entry:
            connection.close_open(entry)
        return failure

    try:
        result = store.create(path, create)
    except MustWait as obstacle:
        waits = server.settings.timing.sharing_violation
        later = wait_until_free(lambda: store.create(path, create), obstacle, server, waits)
        return later.addCallback(opened)
    return opened(result)


def _with_holder(request: AnyRequest, create: CreateParameters) -> tuple[CreateParameters, Holder | None]:
    """An open that asks for an oplock as its share allows it, and who is told when the oplock breaks."""
    share = request.tree.share
    if not share.oplocks:
        return msgspec.structs.replace(create, oplock=Oplock.NONE), None
    holder = Holder(request.connection)
    create = msgspec.structs.replace(
        create,
        level_two=create.level_two and holder.level_two,
        break_oplock=holder.broken,
        local_breaks=share.local_breaks,
    )
    return create, holder


def restricted(tree: Tree, create: CreateParameters) -> CreateParameters:
    """An open as a tree that is read-only for its user allows it; raises ACCESS_DENIED for one that changes files."""
    makes = create.disposition not in (Disposition.OPEN, Disposition.OPEN_IF)
    if makes or create.access & _CHANGES or create.options & Option.DELETE_ON_CLOSE:
        check_writable(tree)
    access = create.access
    if access & Access.MAXIMUM_ALLOWED:
        access = access & ~Access.MAXIMUM_ALLOWED | _READ_ONLY_RIGHTS
    return msgspec.structs.replace(create, access=access, disposition=Disposition.OPEN)


def maximal_rights(request: AnyRequest, opened: Opened | None = None) -> int:
    """MaximalAccessRights that extended answers carry."""
    rights = _READ_ONLY_RIGHTS if request.tree.read_only else Access.FILE_ALL
    return rights if opened is None else rights & request.store.maximal_access(opened.handle)


def read(request: AnyRequest, entry: Open, handle: Handle, offset: int, size: int) -> bytes:
    """Up to `size` bytes of a file at `offset`, fewer at its end; SEEK counts from behind them."""
    data = request.store.read(handle, offset, size, request.header.pid_low)
    handle.position = entry.offset = offset + len(data)
    return data


def readable_range(
    request: AnyRequest, entry: Open, handle: Handle, offset: int, size: int
) -> FileRange | None:
    """What `read` gives, as a range of the file that the kernel can send; None where only `read` can tell."""
    part = request.store.readable_range(handle, offset, size, request.header.pid_low)
    if part is not None:
        handle.position = entry.offset = offset + part.length
    return part


def within_buffer(request: AnyRequest, size: int) -> int:
    """How much of a read by the core commands fits the client's buffer ([MS-CIFS] 3.3.5.13)."""
    return min(size, max(request.connection.max_buffer - READ_OVERHEAD, 0))


def write(request: AnyRequest, entry: Open, handle: Handle, offset: int, data: Buffer) -> int:
    """Writes to a file at `offset` and says how many bytes; SEEK counts from behind them."""
    count = request.store.write(handle, offset, data, request.header.pid_low)
    entry.offset = offset + count
    return count


def made_durable(request: AnyRequest, handles: Iterable[Handle]) -> Deferred[None]:
    """Fires once what was written to the files so far is on disk: fsync(2) may take seconds, and runs in a thread.

    A file that is closed meanwhile, or a client that leaves, ends the wait and not the fsync.
    """
    return _flush_each(request, iter(handles))


@inlineCallbacks
def _flush_each(request: AnyRequest, handles: Iterator[Handle]) -> Generator[Deferred[None], None, None]:
    for handle in handles:
        if not handle.closed:
            work = request.store.flush(handle)
            if work is not None:
                yield request.server.in_thread(work)


# -- pipes -------------------------------------------------------------------------------------------------


def open_pipe(request: AnyRequest, name: str, *, prefixed: bool = True) -> Open:
    """Opens a named pipe, by a name that may begin with PIPE where `prefixed`.

    Raises OBJECT_NAME_NOT_FOUND for one that is not there.
    """
    request.path = name
    connection = request.connection
    session = request.session
    pipe = request.server.pipes.open(
        name,
        caller_of(session),
        acceptors(connection),
        prefixed=prefixed,
        owner=group_owner(session),
        quotas=connection.quotas.pipes,
    )
    entry = Open(request.tree, request.session, pipe.path, request.header.pid, pipe=pipe)
    request.opened(entry)
    return entry


def open_named_pipe(request: AnyRequest, name: str) -> Open:
    """What the opens older than NT_CREATE_ANDX do: their names begin with PIPE; OBJECT_PATH_SYNTAX_BAD else."""
    if not name.lstrip("\\/").upper().startswith(("PIPE\\", "PIPE/")):
        raise SMBError(NT.OBJECT_PATH_SYNTAX_BAD, f"{name!r} is no name below PIPE")
    return open_pipe(request, name)
