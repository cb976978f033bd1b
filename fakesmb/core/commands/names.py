"""Working on names: directories, delete, rename, attributes, FIND_CLOSE2 ([MS-CIFS] 2.2.4)."""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.request import Answer, AnyRequest, Empty, Request
from fakesmb.core.state import RESERVED_ID
from fakesmb.core.waiting import closing, patiently, then
from fakesmb.nt.files import Access, Attribute, Disposition, ShareMode
from fakesmb.nt.status import ERRDOS, NT, RENAME_COLLISION, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import CreateParameters, Info, Unfinished
from fakesmb.vfs.wildcards import has_wildcards
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import (
    CheckDirectoryRequest,
    CreateDirectoryRequest,
    DeleteDirectoryRequest,
    DeleteRequest,
    NtRenameLevel,
    NtRenameRequest,
    QueryInformation2Request,
    QueryInformation2Response,
    QueryInformationRequest,
    QueryInformationResponse,
    RenameRequest,
    SetInformation2Request,
    SetInformationRequest,
)
from fakesmb.wire.search import FindClose2Request
from fakesmb.wire.times import dos_from, dos_to, utime_from, utime_to

DOS_ATTRIBUTES: Final = 0x3F
MOVE_CLUSTERS: Final = 0x0102
"""SMB_NT_RENAME_MOVE_CLUSTER_INFO: Windows refuses whoever asks."""
_BAD_PATH: Final = (ERRDOS, 3)
_NO_ACCESS: Final = (ERRDOS, 5)
"""What fits SMB_FILE_ATTRIBUTES ([MS-CIFS] 2.2.1.2.4)."""
COPY_PIECE: Final = 1 << 20
PIPE_ALLOCATION: Final = 4096
_SLICE: Final = 200
"""Names deleted or renamed by one request before others have a turn."""
_LARGEST_SIZE: Final = 0xFFFFFFFF
_ALL_FILES: Final = Attribute.HIDDEN | Attribute.SYSTEM


@command(Command.CREATE_DIRECTORY, CreateDirectoryRequest, Needs.WRITABLE)
def create_directory(request: Request[CreateDirectoryRequest]) -> Answer:
    """SMB_COM_CREATE_DIRECTORY, [MS-CIFS] 3.3.5.3. Old clients expect ERRnoaccess for a name that is taken."""
    try:
        request.store.make_directory(_path(request, request.params.directory_name))
    except SMBError as error:
        if error.status != NT.OBJECT_NAME_COLLISION:
            raise
        raise error.with_dos(_NO_ACCESS) from error
    return Empty()


@command(Command.DELETE_DIRECTORY, DeleteDirectoryRequest, Needs.WRITABLE)
def delete_directory(request: Request[DeleteDirectoryRequest]) -> Answer:
    """SMB_COM_DELETE_DIRECTORY, [MS-CIFS] 3.3.5.4."""
    request.store.remove_directory(_path(request, request.params.directory_name))
    return Empty()


@command(Command.CHECK_DIRECTORY, CheckDirectoryRequest, Needs.DISK)
def check_directory(request: Request[CheckDirectoryRequest]) -> Answer:
    """SMB_COM_CHECK_DIRECTORY, [MS-CIFS] 3.3.5.18. Old clients expect ERRbadpath for whatever is no directory."""
    try:
        request.store.check_directory(_path(request, request.params.directory_name))
    except SMBError as error:
        if error.status == NT.OBJECT_PATH_SYNTAX_BAD:
            raise
        raise error.with_dos(_BAD_PATH) from error
    return Empty()


def _path(request: AnyRequest, text: str, *, wildcards: bool = False) -> Path:
    path = _name(request, text) if wildcards else request.tree.parse(text)
    request.path = str(path)
    return path


def _name(request: AnyRequest, text: str) -> Path:
    """A name that may be a pattern. Only one that is begins with opening the directory."""
    return request.tree.parse(text, wildcards=_is_pattern(request, text))


def _is_pattern(request: AnyRequest, name: str) -> bool:
    """Whether a name has wildcards, which to a client with POSIX names are characters as others."""
    return has_wildcards(name) and not request.tree.posix_names


def matches(request: AnyRequest, path: Path, attributes: int) -> "list[Info] | Deferred[list[Info]]":
    """What a last component with wildcards stands for, without `.` and `..`, attributes considered.

    Raises NO_SUCH_FILE when nothing matches.
    """
    directory, pattern = Path(path.parts[:-1]), path.parts[-1]
    search = request.store.search(directory, pattern, attributes)
    found: list[Info] = []

    def gather() -> list[Info]:
        while (info := search.next()) is not None:
            if info.name not in (".", ".."):
                found.append(info)
        search.close()
        if not found:
            raise SMBError(NT.NO_SUCH_FILE, f"nothing matches {pattern!r}")
        return found

    return closing(search, lambda: patiently(gather, request.server.clock))


@command(Command.DELETE, DeleteRequest, Needs.WRITABLE)
def delete(request: Request[DeleteRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_DELETE, [MS-CIFS] 3.3.5.9. Wildcards delete every match; the first that cannot be ends it."""
    params = request.params
    path = _path(request, params.file_name, wildcards=True)
    if not path.parts and not path.stream:
        raise SMBError(NT.FILE_IS_A_DIRECTORY, "the root")
    if not _is_pattern(request, path.name):
        info = request.store.query(path)
        _check_attributes(info, params.search_attributes)
        return _each(request, [path], request.store.delete)
    found = matches(request, path, params.search_attributes & ~Attribute.DIRECTORY)
    return then(found, lambda infos: _each(request, _paths(path, infos, files=True), request.store.delete))


def _paths(pattern: Path, infos: list[Info], *, files: bool = False) -> list[Path]:
    """The paths of what matched, all of them or only the files."""
    directory = pattern.parts[:-1]
    return [Path((*directory, info.name)) for info in infos if not (files and info.is_directory)]


def _each(request: AnyRequest, paths: list[Path], act: Callable[[Path], None]) -> "Answer | Deferred[Answer]":
    """Does it to one name after another; what is done stays done while an oplock break of the next is awaited."""
    left = paths[::-1]

    def attempt() -> Answer:
        for _ in range(_SLICE):
            if not left:
                return Empty()
            act(left[-1])
            left.pop()
        raise Unfinished

    return patiently(attempt, request.server.clock)


def _check_attributes(info: Info, search_attributes: int) -> None:
    if info.is_directory:
        raise SMBError(NT.FILE_IS_A_DIRECTORY, "a directory")
    if info.attributes & _ALL_FILES & ~search_attributes:
        raise SMBError(NT.NO_SUCH_FILE, "hidden or system, and not asked for")


@command(Command.RENAME, RenameRequest, Needs.WRITABLE)
def rename(request: Request[RenameRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_RENAME, [MS-CIFS] 3.3.5.10. Wildcards take characters over from the old name."""
    params = request.params
    old = _path(request, params.old_file_name, wildcards=True)
    new = _name(request, params.new_file_name)
    if not old.parts or not (new.parts or new.stream or new.unnamed):
        raise SMBError(NT.OBJECT_NAME_INVALID, "the root cannot be renamed")
    if not _is_pattern(request, old.parts[-1]):
        if new.parts and _is_pattern(request, new.parts[-1]):
            new = Path((*new.parts[:-1], filled(old.parts[-1], new.parts[-1])))
        _check_renamed(request.store.query(old), params.search_attributes)
        return _each(request, [old], lambda path: _rename(request, path, new))

    def rename_one(path: Path) -> None:
        _rename(request, path, Path((*new.parts[:-1], filled(path.parts[-1], new.name))))

    found = matches(request, old, params.search_attributes)
    return then(found, lambda infos: _each(request, _paths(old, infos), rename_one))


def _rename(request: AnyRequest, old: Path, new: Path) -> None:
    """Renames as the rename commands do: a file that another may delete or rename too is not shared."""
    try:
        request.store.rename(old, new, replace=False, share=ShareMode.READ | ShareMode.WRITE)
    except SMBError as error:
        if error.status != NT.OBJECT_NAME_COLLISION:
            raise
        # Of a rename the DOS code is ERRrename, not the ERRfilexists of an open.
        raise error.with_dos(RENAME_COLLISION) from error


def _copy(request: AnyRequest, old: Path, new: Path) -> None:
    """What Windows does for NT_RENAME's level 0x105: a copy, with the attributes."""
    store, pid = request.store, request.header.pid
    reading = CreateParameters(
        access=Access.READ_DATA | Access.READ_ATTRIBUTES, share=ShareMode.READ, pid=pid
    )
    source = store.create(old, reading)
    try:
        if source.info.is_directory:
            raise SMBError(NT.FILE_IS_A_DIRECTORY, "directories are not copied")
        making = CreateParameters(
            access=Access.WRITE_DATA | Access.WRITE_ATTRIBUTES,
            share=ShareMode.NONE,
            disposition=Disposition.CREATE,
            attributes=source.info.attributes,
            pid=pid,
        )
        target = store.create(new, making)
        try:
            offset = 0
            while data := store.read(source.handle, offset, COPY_PIECE, pid & 0xFFFF):
                offset += store.write(target.handle, offset, data, pid & 0xFFFF)
            store.set_basic(target.handle, attributes=source.info.attributes)
        finally:
            store.close(target.handle)
    finally:
        store.close(source.handle)


def _check_renamed(info: Info, search_attributes: int) -> None:
    if info.attributes & _ALL_FILES & ~search_attributes:
        raise SMBError(NT.NO_SUCH_FILE, "hidden or system, and not asked for")


def filled(name: str, pattern: str) -> str:
    """A new name from an old one: `?` takes the character at its place, `*` all that are left, per part."""
    old_root, old_dot, old_extension = name.rpartition(".") if "." in name else (name, "", "")
    root, dot, extension = pattern.rpartition(".") if "." in pattern else (pattern, "", "")
    new_root = _filled_part(old_root, root)
    if not dot:
        return new_root + old_dot + old_extension if "*" in root else new_root
    new_extension = _filled_part(old_extension, extension)
    return f"{new_root}.{new_extension}" if new_extension else new_root


def _filled_part(old: str, pattern: str) -> str:
    made = ""
    for index, character in enumerate(pattern):
        if character == "*":
            return made + old[index:]
        made += old[index : index + 1] if character == "?" else character
    return made


def _link(request: AnyRequest, old: Path, new: Path) -> None:
    request.store.link(old, new, replace=False)


_NT_RENAMES: Final[dict[int, Callable[[AnyRequest, Path, Path], None]]] = {
    NtRenameLevel.RENAME: _rename,
    NtRenameLevel.LINK: _link,
    NtRenameLevel.MOVE: _copy,
}


@command(Command.NT_RENAME, NtRenameRequest, Needs.WRITABLE)
def nt_rename(request: Request[NtRenameRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_NT_RENAME, [MS-CIFS] 3.3.5.53: renames, or makes a hard link. No wildcards."""
    params = request.params
    old = _path(request, params.old_file_name, wildcards=True)
    new = _name(request, params.new_file_name)
    for path in (old, new):
        if not (path.parts or path.stream or path.unnamed) or _is_pattern(request, path.name):
            raise SMBError(NT.OBJECT_PATH_SYNTAX_BAD, "a wildcard, or the root")
    if params.information_level == MOVE_CLUSTERS:
        raise SMBError(NT.INVALID_PARAMETER, "moving clusters")
    if params.information_level not in _NT_RENAMES:
        raise SMBError(NT.ACCESS_DENIED, f"level 0x{params.information_level:04X}")
    _check_renamed(request.store.query(old), params.search_attributes)
    act = _NT_RENAMES[params.information_level]
    return _each(request, [old], lambda path: act(request, path, new))


@command(Command.QUERY_INFORMATION, QueryInformationRequest, Needs.DISK)
def query_information(request: Request[QueryInformationRequest]) -> Answer:
    """SMB_COM_QUERY_INFORMATION, [MS-CIFS] 3.3.5.11."""
    info = request.store.query(_path(request, request.params.file_name))
    return QueryInformationResponse(
        file_attributes=info.attributes & DOS_ATTRIBUTES,
        last_write_time=utime_from(info.last_write_time),
        file_size=min(info.end_of_file, _LARGEST_SIZE),
    )


@command(Command.SET_INFORMATION, SetInformationRequest, Needs.WRITABLE)
def set_information(request: Request[SetInformationRequest]) -> Answer:
    """SMB_COM_SET_INFORMATION, [MS-CIFS] 3.3.5.12.

    Attributes 0 mean a file without any. NORMAL, which is none of SMB_FILE_ATTRIBUTES, leaves them: Windows. Of a
    directory it takes them away: so Samba's clients make one that is read-only ready to be removed.
    """
    params = request.params
    path = _path(request, params.file_name)
    asked = params.file_attributes
    if asked & Attribute.DIRECTORY and not request.store.query(path).is_directory:
        raise SMBError(NT.INVALID_PARAMETER, "a file cannot become a directory")
    attributes = asked & DOS_ATTRIBUTES & ~Attribute.DIRECTORY or Attribute.NORMAL
    if asked == Attribute.NORMAL and not request.store.query(path).is_directory:
        attributes = 0
    request.store.set_basic(path, write=utime_to(params.last_write_time), attributes=attributes)
    return Empty()


@command(Command.QUERY_INFORMATION2, QueryInformation2Request, Needs.TREE)
def query_information2(request: Request[QueryInformation2Request]) -> Answer:
    """SMB_COM_QUERY_INFORMATION2, [MS-CIFS] 3.3.5.27."""
    handle = request.open(request.params.fid).handle
    if handle is None:
        return QueryInformation2Response(0, 0, 0, 0, 0, 0, 0, PIPE_ALLOCATION, Attribute.NORMAL)
    info = request.store.query(handle)
    times = [dos_from(t) for t in (info.creation_time, info.last_access_time, info.last_write_time)]
    return QueryInformation2Response(
        *times[0],
        *times[1],
        *times[2],
        min(info.end_of_file, _LARGEST_SIZE),
        min(info.allocation_size, _LARGEST_SIZE),
        info.attributes & DOS_ATTRIBUTES,
    )


@command(Command.SET_INFORMATION2, SetInformation2Request, Needs.WRITABLE)
def set_information2(request: Request[SetInformation2Request]) -> Answer:
    """SMB_COM_SET_INFORMATION2, [MS-CIFS] 3.3.5.26."""
    params = request.params
    request.store.set_basic(
        request.file(params.fid),
        creation=dos_to(params.create_date, params.create_time),
        access=dos_to(params.last_access_date, params.last_access_time),
        write=dos_to(params.last_write_date, params.last_write_time),
    )
    return Empty()


@command(Command.FIND_CLOSE2, FindClose2Request, Needs.DISK)
def find_close2(request: Request[FindClose2Request]) -> Answer:
    """SMB_COM_FIND_CLOSE2, [MS-CIFS] 3.3.5.40. SID 0xFFFF closes all of the tree's searches (OS/2)."""
    connection, sid = request.connection, request.params.sid
    if sid == RESERVED_ID:
        for search in connection.searches:
            if search.tree is request.tree and search.session is request.session:
                connection.close_search(search)
        return Empty()
    known = connection.searches.get(sid)
    if known is None or known.tree is not request.tree or known.session is not request.session:
        raise SMBError(NT.INVALID_HANDLE, f"SID 0x{sid:04X}")
    connection.close_search(known)
    return Empty()
