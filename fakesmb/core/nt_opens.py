"""The opens of NT: NT_CREATE_ANDX and NT_TRANSACT_CREATE as the store's parameters ([MS-CIFS] 2.2.4.64, 2.2.7.1)."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from fakesmb.core.files import open_pipe
from fakesmb.core.oplocks import requested_level
from fakesmb.core.request import AnyRequest
from fakesmb.core.state import Open
from fakesmb.nt.files import Disposition, Oplock, Option
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import CreateParameters, Opened, Unfinished
from fakesmb.wire.files import CreateFlag, NtCreateAndxRequest
from fakesmb.wire.nt_trans import NtCreateRequest

R = TypeVar("R")

_DELEGATION: Final = 3


def nt_create(
    request: AnyRequest, params: "NtCreateAndxRequest | NtCreateRequest"
) -> tuple[Path, CreateParameters]:
    """Where and how NT_CREATE_ANDX or NT_TRANSACT_CREATE opens."""
    if params.root_directory_fid:
        parent = request.file(params.root_directory_fid)
        path = request.tree.parse(params.file_name)  # which is no DFS path: it begins there
        path = Path((*parent.path.parts, *path.parts), path.stream, path.unnamed)
        request.path = str(path)
        request.check_covered(path)
    else:
        path = request.named(params.file_name)
    if params.create_disposition > Disposition.OVERWRITE_IF:
        raise SMBError(NT.INVALID_PARAMETER, f"CreateDisposition {params.create_disposition} does not exist")
    if params.create_options & Option.OPEN_BY_FILE_ID:
        raise SMBError(NT.NOT_SUPPORTED, "FILE_OPEN_BY_FILE_ID is not supported")
    disposition, options = params.create_disposition, params.create_options
    if params.flags & CreateFlag.OPEN_TARGET_DIRECTORY and path.parts:
        path = _target_directory(request, path)
        request.path = str(path)
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
        oplock=_requested(params),
        level_two=True,
    )
    return path, create


def answer_to(opened: Opened, entry: Open, kind: Callable[..., R], **more: Any) -> R:
    """An answer to an open of NT: the fields that each kind has under the same names, and more of its own."""
    info = opened.info
    return kind(
        oplock_level=opened.oplock,
        fid=entry.fid,
        last_access_time=info.last_access_time,
        last_write_time=info.last_write_time,
        last_change_time=info.change_time,
        ext_file_attributes=info.attributes,
        allocation_size=info.allocation_size,
        end_of_file=info.end_of_file,
        directory=info.is_directory,
        **more,
    )


def _requested(params: "NtCreateAndxRequest | NtCreateRequest") -> int:
    """The oplock level asked for. By a stream's name, be it the unnamed one's, Windows gives no batch oplock."""
    flags = params.flags
    level = requested_level(flags & CreateFlag.REQUEST_OPLOCK, flags & CreateFlag.REQUEST_OPBATCH)
    return Oplock.NONE if level == Oplock.BATCH and ":" in params.file_name else level


def _target_directory(request: AnyRequest, path: Path) -> Path:
    """The directory that a name is in, which is there: nothing is made for NT_CREATE_OPEN_TARGET_DIR."""
    try:
        request.store.check_directory(path.parent)
    except Unfinished:
        raise
    except SMBError as error:
        raise SMBError(NT.OBJECT_PATH_NOT_FOUND, error.why) from error
    return path.parent


def nt_open_pipe(request: AnyRequest, params: "NtCreateAndxRequest | NtCreateRequest") -> Open:
    """A pipe by NT_CREATE_ANDX or NT_TRANSACT_CREATE; no credentials are passed on ([MS-SMB] 3.3.5.5)."""
    if params.impersonation_level == _DELEGATION:
        raise SMBError(NT.BAD_IMPERSONATION_LEVEL, "a pipe takes no SECURITY_DELEGATION")
    return open_pipe(request, params.file_name, prefixed=False)
