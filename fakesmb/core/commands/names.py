"""Deleting and renaming: DELETE, RENAME, NT_RENAME ([MS-CIFS] 2.2.4.7, 2.2.4.8, 2.2.4.66)."""

from collections.abc import Callable
from functools import partial
from typing import Final

from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.file_copies import copy_file
from fakesmb.core.patterns import each, is_pattern, matches, paths_of
from fakesmb.core.request import Answer, AnyRequest, Request
from fakesmb.core.waiting import then
from fakesmb.nt.files import Attribute, ShareMode
from fakesmb.nt.status import NT, RENAME_COLLISION, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Info
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import (
    DeleteRequest,
    NtRenameLevel,
    NtRenameRequest,
    RenameRequest,
)

MOVE_CLUSTERS: Final = 0x0102
"""SMB_NT_RENAME_MOVE_CLUSTER_INFO, which Windows refuses."""
_ALL_FILES: Final = Attribute.HIDDEN | Attribute.SYSTEM


@command(Command.DELETE, DeleteRequest, Needs.WRITABLE)
def delete(request: Request[DeleteRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_DELETE, [MS-CIFS] 3.3.5.9. Wildcards delete every match; the first that cannot be ends it."""
    params = request.params
    path = request.named(params.file_name, wildcards=is_pattern(request, params.file_name))
    if not path.parts and not path.stream:
        raise SMBError(NT.FILE_IS_A_DIRECTORY, "the root of a share cannot be deleted")
    if not is_pattern(request, path.name):
        delete_one = partial(request.store.delete, excluded=_ALL_FILES & ~params.search_attributes)
        return each(request, [path], delete_one)
    found = matches(request, path, params.search_attributes & ~Attribute.DIRECTORY)
    return then(found, lambda infos: each(request, paths_of(path, infos, files=True), request.store.delete))


@command(Command.RENAME, RenameRequest, Needs.WRITABLE)
def rename(request: Request[RenameRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_RENAME, [MS-CIFS] 3.3.5.10. Wildcards take characters over from the old name."""
    params = request.params
    old = request.named(params.old_file_name, wildcards=is_pattern(request, params.old_file_name))
    new = request.parse(params.new_file_name, wildcards=is_pattern(request, params.new_file_name))
    if not old.parts or not (new.parts or new.stream or new.unnamed):
        raise SMBError(NT.OBJECT_NAME_INVALID, "the root cannot be renamed")

    def named_by(path: Path) -> Path:
        """What the pattern of the new name makes of an old one."""
        made = Path((*new.parts[:-1], filled(path.parts[-1], new.name)))
        request.check_covered(made)
        return made

    if not is_pattern(request, old.parts[-1]):
        to = named_by(old) if new.parts and is_pattern(request, new.parts[-1]) else new
        _check_renamed(request.store.query(old), params.search_attributes)
        return each(request, [old], lambda path: _rename(request, path, to))

    def rename_one(path: Path) -> None:
        _rename(request, path, named_by(path))

    found = matches(request, old, params.search_attributes)
    return then(found, lambda infos: each(request, paths_of(old, infos), rename_one))


def _rename(request: AnyRequest, old: Path, new: Path) -> None:
    """Renames as the rename commands do: a file that another may delete or rename too is not shared."""
    try:
        request.store.rename(old, new, replace=False, share=ShareMode.READ | ShareMode.WRITE)
    except SMBError as error:
        if error.status != NT.OBJECT_NAME_COLLISION:
            raise
        # Of a rename the DOS code is ERRrename, not the ERRfilexists of an open.
        raise error.with_dos(RENAME_COLLISION) from error


def _check_renamed(info: Info, search_attributes: int) -> None:
    if info.attributes & _ALL_FILES & ~search_attributes:
        raise SMBError(NT.NO_SUCH_FILE, f"{info.path} is hidden or system, and SearchAttributes exclude it")


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
}


@command(Command.NT_RENAME, NtRenameRequest, Needs.WRITABLE)
def nt_rename(request: Request[NtRenameRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_NT_RENAME, [MS-CIFS] 3.3.5.53: renames, or makes a hard link. No wildcards."""
    params = request.params
    old = request.named(params.old_file_name, wildcards=is_pattern(request, params.old_file_name))
    new = request.parse(params.new_file_name, wildcards=is_pattern(request, params.new_file_name))
    for path in (old, new):
        if not (path.parts or path.stream or path.unnamed) or is_pattern(request, path.name):
            raise SMBError(NT.OBJECT_PATH_SYNTAX_BAD, "NT_RENAME takes neither wildcards nor the root")
    if params.information_level == MOVE_CLUSTERS:
        raise SMBError(NT.INVALID_PARAMETER, "clusters are not moved")
    if params.information_level == NtRenameLevel.MOVE:
        _check_renamed(request.store.query(old), params.search_attributes)
        return copy_file(request, old, new)
    if params.information_level not in _NT_RENAMES:
        raise SMBError(NT.ACCESS_DENIED, f"information level 0x{params.information_level:04X} of NT_RENAME")
    _check_renamed(request.store.query(old), params.search_attributes)
    act = _NT_RENAMES[params.information_level]
    return each(request, [old], lambda path: act(request, path, new))
