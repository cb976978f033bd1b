"""Opening: NT_CREATE_ANDX and OPEN_ANDX ([MS-CIFS] 2.2.4.64, 2.2.4.41), and what every other open is made of.

Every form of open becomes one `vfs.store.CreateRequest`, and goes through `open_file`.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.oplocks import GRANTED_ANDX, Holder, asked
from fakesmb.core.pipe_sign_in import acceptors
from fakesmb.core.request import Answer, AnyRequest, Request
from fakesmb.core.state import Open
from fakesmb.core.views import caller_of
from fakesmb.core.waiting import patiently, then
from fakesmb.nt.files import Access, Action, Attribute, Disposition, DosDeny, Oplock, Option, ShareMode
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import CreateParameters, Opened
from fakesmb.wire.commands import Command
from fakesmb.wire.files import (
    CreateFlag,
    NtCreateAndxExtendedResponse,
    NtCreateAndxRequest,
    NtCreateAndxResponse,
    OpenAndxExtendedResponse,
    OpenAndxRequest,
    OpenAndxResponse,
    OpenFlag,
    ResourceType,
)
from fakesmb.wire.nt_trans import NtCreateRequest
from fakesmb.wire.times import utime_from, utime_to

R = TypeVar("R")

NO_EAS, NO_STREAMS, NO_REPARSE_TAG = 1, 2, 4
"""FileStatusFlags, [MS-SMB] 2.2.4.9.2."""
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
_DELEGATION: Final = 3
_STANDARD_RIGHTS: Final = 0x001F0000
_READ_ONLY_RIGHTS: Final = Access.FILE_READ | Access.FILE_EXECUTE

DOS_ACCESS: Final = {
    0: Access.GENERIC_READ,
    1: Access.GENERIC_WRITE,
    2: Access.GENERIC_READ | Access.GENERIC_WRITE,
    3: Access.GENERIC_READ | Access.EXECUTE,
}
"""AccessMode bits 0-2 of the DOS opens ([MS-CIFS] 2.2.4.3.1)."""
DOS_SHARE: Final = {
    1: ShareMode.NONE,
    2: ShareMode.READ,
    3: ShareMode.WRITE,
    4: ShareMode.READ | ShareMode.WRITE,
}
"""AccessMode bits 4-6: deny all, write, read, none. 0 is compatibility mode."""
PROGRAMS: Final = (".exe", ".com", ".dll", ".sym")
"""Files that DENY_DOS opens share for reading and writing, so that they can be run meanwhile."""
EXECUTE_MODE: Final = 3
WRITING_MODES: Final = (1, 2)
FCB_MODE: Final = 0xFF
DOS_DISPOSITION: Final = {
    0x10: Disposition.CREATE,
    0x01: Disposition.OPEN,
    0x11: Disposition.OPEN_IF,
    0x02: Disposition.OVERWRITE,
    0x12: Disposition.OVERWRITE_IF,
}
"""OpenMode: what to do with a file that exists (low two bits) and one that does not (0x10)."""
OPEN_RESULT: Final = {
    Action.SUPERSEDED: 3,
    Action.OPENED: 1,
    Action.CREATED: 2,
    Action.OVERWRITTEN: 3,
}


def restricted(create: CreateParameters) -> CreateParameters:
    """An open as a tree that is read-only for its user allows it; raises ACCESS_DENIED for one that changes files."""
    if create.access & _CHANGES or create.options & Option.DELETE_ON_CLOSE:
        raise SMBError(NT.ACCESS_DENIED, "the tree is read-only")
    if create.disposition not in (Disposition.OPEN, Disposition.OPEN_IF):
        raise SMBError(NT.ACCESS_DENIED, "the tree is read-only")
    access = create.access
    if access & Access.MAXIMUM_ALLOWED:
        access = access & ~Access.MAXIMUM_ALLOWED | _READ_ONLY_RIGHTS
    return msgspec.structs.replace(create, access=access, disposition=Disposition.OPEN)


def open_file(
    request: AnyRequest, path: Path, create: CreateParameters, make: Callable[[Opened, Open], R]
) -> "R | Deferred[R]":
    """Opens a file of the request's tree, gives it a FID and answers with what `make` says.

    A sharing violation is waited out first ([MS-CIFS] 3.3.5.51).
    """
    request.path = str(path)
    if request.tree.read_only:
        create = restricted(create)
    if create.dos_deny == DosDeny.DOS and path.parts and path.name.lower().endswith(PROGRAMS):
        create = msgspec.structs.replace(
            create, dos_deny=DosDeny.DOS_PROGRAM, share=ShareMode.READ | ShareMode.WRITE
        )
    store, connection, server = request.store, request.connection, request.server
    holder: Holder | None = None
    if create.oplock:
        holder = Holder(connection)
        create = msgspec.structs.replace(
            create, level_two=create.level_two and holder.level_two, break_oplock=holder.broken
        )

    def opened(result: Opened) -> R:
        entry = Open(
            request.tree, request.session, str(result.handle.path), request.header.pid, handle=result.handle
        )
        if connection.closed:
            entry.close()
            raise SMBError(NT.NETWORK_NAME_DELETED, "the connection ended")
        if holder is not None and result.oplock:
            holder.entry, entry.oplock = entry, holder
        request.exchange.fid = request.fid_used = connection.add_open(entry)
        server.counters.file_opens += 1
        try:
            return make(result, entry)
        except BaseException:
            # Nobody is told its FID.
            connection.close_open(entry)
            raise

    waits = server.settings.timing.sharing_violation
    return then(patiently(lambda: store.create(path, create), server.clock, waits), opened)


def open_pipe(request: AnyRequest, name: str, *, prefixed: bool = True) -> Open:
    """Opens a named pipe, by a name that may begin with PIPE where `prefixed`.

    Raises OBJECT_NAME_NOT_FOUND for one that is not there.
    """
    request.path = name
    connection = request.connection
    pipe = request.server.pipes.open(
        name, caller_of(request.session), acceptors(connection), prefixed=prefixed
    )
    entry = Open(request.tree, request.session, pipe.path, request.header.pid, pipe=pipe)
    request.exchange.fid = request.fid_used = connection.add_open(entry)
    return entry


def nt_open_pipe(request: AnyRequest, params: "NtCreateAndxRequest | NtCreateRequest") -> Open:
    """A pipe by NT_CREATE_ANDX or NT_TRANSACT_CREATE; nobody's credentials are passed on ([MS-SMB] 3.3.5.5)."""
    if params.impersonation_level == _DELEGATION:
        raise SMBError(NT.BAD_IMPERSONATION_LEVEL, "SECURITY_DELEGATION of a pipe")
    return open_pipe(request, params.file_name, prefixed=False)


def open_named_pipe(request: AnyRequest, name: str) -> Open:
    """What the opens older than NT_CREATE_ANDX do: their names begin with PIPE; OBJECT_PATH_SYNTAX_BAD else."""
    if not name.lstrip("\\/").upper().startswith(("PIPE\\", "PIPE/")):
        raise SMBError(NT.OBJECT_PATH_SYNTAX_BAD, "no name below PIPE")
    return open_pipe(request, name)


def _asked(params: "NtCreateAndxRequest | NtCreateRequest") -> int:
    """The oplock level asked for. By a stream's name, be it the unnamed one's, Windows gives no batch oplock."""
    flags = params.flags
    level = asked(flags & CreateFlag.REQUEST_OPLOCK, flags & CreateFlag.REQUEST_OPBATCH)
    return Oplock.NONE if level == Oplock.BATCH and ":" in params.file_name else level


def _target_directory(request: AnyRequest, path: Path) -> Path:
    """The directory that a name is in, which is there: nothing is made for NT_CREATE_OPEN_TARGET_DIR."""
    try:
        request.store.check_directory(path.parent)
    except SMBError as error:
        raise SMBError(NT.OBJECT_PATH_NOT_FOUND, error.why) from error
    return path.parent


def nt_create(
    request: AnyRequest, params: "NtCreateAndxRequest | NtCreateRequest"
) -> tuple[Path, CreateParameters]:
    """Where and how NT_CREATE_ANDX or NT_TRANSACT_CREATE opens."""
    path = request.tree.parse(params.file_name)
    if params.root_directory_fid:
        parent = request.file(params.root_directory_fid)
        path = Path((*parent.path.parts, *path.parts), path.stream, path.unnamed)
    if params.create_disposition > Disposition.OVERWRITE_IF:
        raise SMBError(NT.INVALID_PARAMETER, f"CreateDisposition {params.create_disposition}")
    if params.create_options & Option.OPEN_BY_FILE_ID:
        raise SMBError(NT.NOT_SUPPORTED, "open by file id")
    disposition, options = params.create_disposition, params.create_options
    if params.flags & CreateFlag.OPEN_TARGET_DIRECTORY and path.parts:
        path = _target_directory(request, path)
        disposition, options = Disposition.OPEN, options & ~Option.NON_DIRECTORY
    create = CreateParameters(
        access=params.desired_access,
        share=params.share_access,
        disposition=disposition,
        options=options,
        attributes=params.ext_file_attributes,
        allocation=params.allocation_size,
        pid=request.header.pid,
        owner=request.connection,
        oplock=_asked(params),
        level_two=True,
    )
    return path, create


@command(Command.NT_CREATE_ANDX, NtCreateAndxRequest, Needs.TREE)
def nt_create_andx(request: Request[NtCreateAndxRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_NT_CREATE_ANDX, [MS-CIFS] 3.3.5.51."""
    params = request.params
    if request.tree.share.is_ipc:
        return _pipe_response(nt_open_pipe(request, params), params.flags)
    path, create = nt_create(request, params)

    def response(opened: Opened, entry: Open) -> NtCreateAndxResponse:
        info = opened.info
        facts: dict[str, Any] = {
            "oplock_level": opened.oplock,
            "fid": entry.fid,
            "create_disposition": opened.action,
            "create_time": info.creation_time,
            "last_access_time": info.last_access_time,
            "last_write_time": info.last_write_time,
            "last_change_time": info.change_time,
            "ext_file_attributes": info.attributes,
            "allocation_size": info.allocation_size,
            "end_of_file": info.end_of_file,
            "directory": info.is_directory,
        }
        if not params.flags & CreateFlag.EXTENDED_RESPONSE:
            return NtCreateAndxResponse(**facts)
        return NtCreateAndxExtendedResponse(
            **facts,
            # file_id stays 0, as XP and Samba send it: clients that go by WordCount 42 read it as ByteCount.
            nm_pipe_status=_file_status(request, opened),
            maximal_access_rights=maximal_rights(request, opened),
        )

    return open_file(request, path, create, response)


def _file_status(request: AnyRequest, opened: Opened) -> int:
    """FileStatusFlags of an extended answer: what Windows need not ask for when it copies the file."""
    if opened.action == Action.CREATED:
        return NO_REPARSE_TAG | NO_EAS | NO_STREAMS
    eas, streams = request.store.extras(opened.handle)
    return NO_REPARSE_TAG | (0 if eas else NO_EAS) | (0 if streams else NO_STREAMS)


def maximal_rights(request: AnyRequest, opened: Opened | None = None) -> int:
    """MaximalAccessRights that extended answers carry."""
    rights = _READ_ONLY_RIGHTS if request.tree.read_only else Access.FILE_ALL
    return rights if opened is None else rights & request.store.maximal_access(opened.handle)


def _pipe_response(entry: Open, flags: int) -> NtCreateAndxResponse:
    assert entry.pipe is not None
    facts: dict[str, Any] = {
        "fid": entry.fid,
        "create_disposition": Action.OPENED,
        "ext_file_attributes": Attribute.NORMAL,
        "allocation_size": 4096,  # as Windows says of every pipe
        "resource_type": ResourceType.MESSAGE_MODE_PIPE,
        "nm_pipe_status": entry.pipe.state,
    }
    if flags & CreateFlag.EXTENDED_RESPONSE:
        return NtCreateAndxExtendedResponse(**facts, maximal_access_rights=Access.FILE_ALL)
    return NtCreateAndxResponse(**facts)


def dos_create(
    request: AnyRequest,
    access_mode: int,
    *,
    disposition: int,
    attributes: int = 0,
    allocation: int = 0,
    oplock: int = 0,
    write_time: int = 0,
) -> CreateParameters:
    """An open in DOS terms as an NT open ([MS-CIFS] 2.2.4.3.1, 2.2.4.41.1). `oplock` never gets level II.

    `write_time` is a UTIME.

    Raises ERRDOS/ERRbadaccess (OS2_INVALID_ACCESS) for modes that do not exist.
    """
    deny: int = DosDeny.NONE
    if access_mode & 0xFF == FCB_MODE:
        access, share, deny = DOS_ACCESS[2], ShareMode.NONE, DosDeny.FCB
    else:
        sharing = access_mode >> 4 & 7
        if access_mode & 7 not in DOS_ACCESS or (sharing not in DOS_SHARE and sharing):
            raise SMBError(NT.OS2_INVALID_ACCESS, f"AccessMode 0x{access_mode:04X}")
        access = DOS_ACCESS[access_mode & 7]
        if sharing:
            share = DOS_SHARE[sharing]
        else:
            deny, share = DosDeny.DOS, ShareMode.READ if access == Access.GENERIC_READ else ShareMode.NONE
    return CreateParameters(
        access=access,
        share=share,
        disposition=disposition,
        options=Option.NON_DIRECTORY,
        attributes=attributes,
        allocation=allocation,
        pid=request.header.pid,
        dos_deny=deny,
        owner=request.connection,
        oplock=oplock,
        write_time=utime_to(write_time),
    )


def dos_disposition(params: OpenAndxRequest) -> int:
    """What OPEN_ANDX does with a file that exists, and with one that does not.

    An open for execution whose OpenMode says neither makes a file: nobody knows why Windows does.
    """
    disposition = DOS_DISPOSITION.get(params.open_mode & 0x13)
    if disposition is not None:
        return disposition
    if params.access_mode & 7 == EXECUTE_MODE:
        return Disposition.CREATE
    raise SMBError(NT.OS2_INVALID_ACCESS, f"OpenMode 0x{params.open_mode:04X}")


@command(Command.OPEN_ANDX, OpenAndxRequest, Needs.TREE)
def open_andx(request: Request[OpenAndxRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_OPEN_ANDX, [MS-CIFS] 3.3.5.35."""
    params = request.params
    if request.tree.share.is_ipc:
        entry = open_named_pipe(request, params.file_name)
        assert entry.pipe is not None
        return OpenAndxResponse(
            fid=entry.fid,
            access_rights=2,
            resource_type=ResourceType.MESSAGE_MODE_PIPE,
            nm_pipe_status=entry.pipe.state,
        )
    create = dos_create(
        request,
        params.access_mode,
        disposition=dos_disposition(params),
        attributes=params.file_attributes,
        allocation=params.allocation_size,
        oplock=asked(params.flags & OpenFlag.OPLOCK, params.flags & OpenFlag.OPBATCH),
        write_time=params.creation_time,
    )

    writable = params.access_mode & 7 in WRITING_MODES

    def response(opened: Opened, entry: Open) -> OpenAndxResponse:
        info = opened.info
        if params.allocation_size and opened.action != Action.OPENED and writable:
            # Windows and Samba make the new file that long, not only reserve it.
            request.store.set_end_of_file(opened.handle, params.allocation_size)
            info = request.store.query(opened.handle)
        facts = {
            "fid": entry.fid,
            "file_attributes": info.attributes & 0x3F,
            "last_write_time": utime_from(info.last_write_time),
            "file_data_size": min(info.end_of_file, 0xFFFFFFFF),
            "access_rights": params.access_mode & 7,
            "open_results": OPEN_RESULT[Action(opened.action)] | (GRANTED_ANDX if opened.oplock else 0),
        }
        if params.flags & OpenFlag.EXTENDED_RESPONSE:
            # Windows tells of no more than the standard rights here.
            rights = maximal_rights(request, opened) & _STANDARD_RIGHTS
            return OpenAndxExtendedResponse(**facts, maximal_access_rights=rights)
        return OpenAndxResponse(**facts)

    return open_file(request, request.tree.parse(params.file_name), create, response)
