"""TRANS2_SET_PATH_INFORMATION and SET_FILE_INFORMATION ([MS-CIFS] 2.2.6.7, 2.2.6.9).

How a level is read is a row of `wire.set_info`; what its structure does is a row of `_CHANGES` here.
"""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from fakesmb.core import eas
from fakesmb.core.dispatch import Needs
from fakesmb.core.request import AnyRequest, Request
from fakesmb.core.state import Open
from fakesmb.core.strings import strings_of
from fakesmb.core.trans2 import unix_info
from fakesmb.core.trans2.levels import NO_EA_ERROR, Target, unknown_level, with_handle
from fakesmb.core.transactions import Results, subcommand
from fakesmb.core.waiting import retry_until_free
from fakesmb.nt.files import Access, Option
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Handle
from fakesmb.wire import set_info
from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.set_info import SET_LEVELS
from fakesmb.wire.trans2 import (
    SetFileInformationRequest,
    SetPathInformationRequest,
    Trans2,
)

END_OF_FILE_BY_FID: Final = 0x0104
"""SMB_SET_FILE_END_OF_FILE_INFO; by name there is level 1020."""
_SETTABLE_MODE: Final = (
    Option.WRITE_THROUGH
    | Option.SEQUENTIAL_ONLY
    | Option.SYNCHRONOUS_IO_ALERT
    | Option.SYNCHRONOUS_IO_NONALERT
)


@subcommand(Trans2.SET_PATH_INFORMATION, SetPathInformationRequest)
def set_path_information(request: Request[SetPathInformationRequest]) -> "Results | Deferred[Results]":
    """TRANS2_SET_PATH_INFORMATION, [MS-CIFS] 3.3.5.58.7."""
    params = request.params
    path = request.named(params.file_name)
    level = params.information_level
    if unix_info.is_unix(level):
        return unix_info.change(request, path, level)
    request.check_writable()
    return _changed(request, path, level)


def _changed(request: AnyRequest, target: Target, level: int) -> "Results | Deferred[Results]":
    """Applies a set level once no oplock of another client is left to break."""

    def attempt() -> Results:
        change(request, target, level)
        return _DONE

    return retry_until_free(attempt, request.server)


_DONE: Final = Results(NO_EA_ERROR)


@subcommand(Trans2.SET_FILE_INFORMATION, SetFileInformationRequest, Needs.TREE)
def set_file_information(request: Request[SetFileInformationRequest]) -> "Results | Deferred[Results]":
    """TRANS2_SET_FILE_INFORMATION, [MS-CIFS] 3.3.5.58.9."""
    params = request.params
    entry = request.open(params.fid)
    if entry.handle is None:
        _set_pipe(request, entry, params.information_level)
        return _DONE
    if unix_info.is_unix(params.information_level):
        return unix_info.change(request, entry.handle, params.information_level)
    return _changed(request, entry.handle, params.information_level)


def _decoded(request: AnyRequest, level: int) -> object:
    row = SET_LEVELS.get(level)
    if row is None or row.decode is None:
        raise unknown_level(level)
    data: Buffer = request.transaction.data
    try:
        return row.decode(data, strings_of(request))
    except DecodeError as error:
        raise SMBError(NT.INVALID_PARAMETER, str(error)) from error


def change(request: AnyRequest, target: Target, level: int) -> None:
    """Applies a set level to an open file or to a name."""
    wanted = _decoded(request, level)
    apply = _CHANGES.get(type(wanted))
    if apply is None:
        raise unknown_level(level)
    if type(wanted) not in _HARMLESS:
        request.check_writable()
    if level == END_OF_FILE_BY_FID and isinstance(target, Path):
        # Windows opens the file, so that sharing counts, before it finds that this level wants a FID.
        with_handle(request, target, Access.WRITE_DATA, lambda _: None)
        raise unknown_level(level)
    apply(request, target, wanted)


def _set_pipe(request: AnyRequest, entry: Open, level: int) -> None:
    wanted = _decoded(request, level)
    if not isinstance(wanted, set_info.SetPipe) or entry.pipe is None:
        raise SMBError(NT.INVALID_DEVICE_REQUEST, f"information level 0x{level:04X} cannot be set of a pipe")
    entry.pipe.set_state(wanted.read_mode << 8 | wanted.completion_mode << 15)


def _basic(request: AnyRequest, target: Target, wanted: set_info.SetBasic) -> None:
    request.store.set_basic(
        target,
        creation=wanted.creation_time,
        access=wanted.last_access_time,
        write=wanted.last_write_time,
        change=wanted.change_time,
        attributes=wanted.attributes,
    )


def _set_eas(request: AnyRequest, target: Target, wanted: set_info.SetEas) -> None:
    request.store.set_eas(target, eas.understood(request, wanted.eas))


def _disposition(request: AnyRequest, target: Target, wanted: set_info.SetDisposition) -> None:
    with_handle(
        request, target, Access.DELETE, lambda handle: request.store.set_delete(handle, delete=wanted.delete)
    )


def _allocation(request: AnyRequest, target: Target, wanted: set_info.SetAllocation) -> None:
    _resize(request, target, lambda handle: request.store.set_allocation(handle, wanted.size))


def _end_of_file(request: AnyRequest, target: Target, wanted: set_info.SetEndOfFile) -> None:
    _resize(request, target, lambda handle: request.store.set_end_of_file(handle, wanted.size))


def _resize(request: AnyRequest, target: Target, resize: Callable[[Handle], None]) -> None:
    with_handle(request, target, Access.WRITE_DATA, resize, resizes=True)


def _position(request: AnyRequest, target: Target, wanted: set_info.SetPosition) -> None:
    if isinstance(target, Path):
        request.store.query(target)  # it is opened, and the position goes with that open
    else:
        target.position = wanted.position


def _mode(request: AnyRequest, target: Target, wanted: set_info.SetMode) -> None:
    if wanted.mode & ~_SETTABLE_MODE:
        raise SMBError(NT.INVALID_PARAMETER, f"mode 0x{wanted.mode:X} has bits that cannot be set")
    if isinstance(target, Path):
        request.store.query(target)
    else:
        target.mode = wanted.mode


def new_path(request: AnyRequest, target: Target, name: set_info.SetName) -> Path:
    """Where a rename or link goes: a bare name stays in the directory ([MS-SMB] 2.2.8.4)."""
    if name.root_directory:
        raise SMBError(NT.INVALID_PARAMETER, "RootDirectory of a rename must be 0 over SMB")
    if not name.name:
        raise SMBError(NT.INVALID_PARAMETER, "the new name is empty")
    to = request.parse(name.name)
    if not to.parts:
        if to.stream or to.unnamed:
            return to
        raise SMBError(NT.OBJECT_NAME_INVALID, f"the new name {name.name!r} is the root")
    if len(to.parts) == 1 and not name.name.startswith(("\\", "/")):
        old = target if isinstance(target, Path) else target.path
        to = Path((*old.parts[:-1], *to.parts), to.stream, to.unnamed)
        request.check_covered(to)
    return to


def _rename(request: AnyRequest, target: Target, wanted: set_info.SetRename) -> None:
    if "\\" in wanted.name or "/" in wanted.name:
        if isinstance(target, Path):
            request.store.query(target)  # Windows opens the file first, and says so where it is not there
        # [MS-SMB] 2.2.8.4: the new name is one component; it stays in the directory.
        raise SMBError(NT.NOT_SUPPORTED, f"the new name {wanted.name!r} is a path")
    request.store.rename(target, new_path(request, target, wanted), replace=wanted.replace)


def _link(request: AnyRequest, target: Target, wanted: set_info.SetLink) -> None:
    request.store.link(target, new_path(request, target, wanted), replace=wanted.replace)


_CHANGES: Final[dict[type, Callable[[AnyRequest, Target, object], None]]] = {
    set_info.SetBasic: _basic,  # type: ignore[dict-item]
    set_info.SetEas: _set_eas,  # type: ignore[dict-item]
    set_info.SetDisposition: _disposition,  # type: ignore[dict-item]
    set_info.SetAllocation: _allocation,  # type: ignore[dict-item]
    set_info.SetEndOfFile: _end_of_file,  # type: ignore[dict-item]
    set_info.SetPosition: _position,  # type: ignore[dict-item]
    set_info.SetMode: _mode,  # type: ignore[dict-item]
    set_info.SetRename: _rename,  # type: ignore[dict-item]
    set_info.SetLink: _link,  # type: ignore[dict-item]
}
"""What a set structure does."""
_HARMLESS: Final = frozenset({set_info.SetPosition, set_info.SetMode})
"""What may be set on a read-only tree: it concerns the open, not the file."""


def is_settable(level: int) -> bool:
    """Whether a set level is answered; `fakesmb coverage` asks."""
    row = SET_LEVELS.get(level)
    if row is None or row.decode is None:
        return False
    return row.decode.__annotations__.get("return") in (*_CHANGES, set_info.SetPipe)
