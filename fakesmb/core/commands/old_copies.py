"""COPY and MOVE of the LAN Manager dialects ([MS-CIFS] 2.2.4.37, 2.2.4.38): done there, of the past in NT LM 0.12."""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from fakesmb.core.commands.names import filled
from fakesmb.core.dialects import Protocol
from fakesmb.core.dispatch import Needs, command
from fakesmb.core.dos_opens import DOS_DISPOSITION
from fakesmb.core.file_copies import FileCopy
from fakesmb.core.id_pool import RESERVED_ID
from fakesmb.core.patterns import each, is_pattern, matches, paths_of
from fakesmb.core.request import Answer, Request, check_writable
from fakesmb.core.state import Tree
from fakesmb.core.waiting import then
from fakesmb.nt.files import Attribute, ShareMode
from fakesmb.nt.status import ERRSRV, NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import FileStore, Unfinished
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import CopyFlag, CopyRequest, CopyResponse
from fakesmb.wire.names import command_name

_APPEND: Final = 1
_OVERWRITE: Final = 2
"""OpenFunction has the bits of an OpenMode, by which a target that is there is appended to or overwritten."""
_INVALID_DEVICE: Final = (ERRSRV, 7)
_FOUND: Final = Attribute.HIDDEN | Attribute.SYSTEM
Act = Callable[[Path, Path], None]


@command(Command.COPY, CopyRequest, Needs.DISK)
def copy(request: Request[CopyRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_COPY, [MS-CIFS] 2.2.4.37 and [SMB-LM1X] 9.2.1: copies files on the server, and says how many."""
    target = _target(request)
    store = _store_of(request, target)
    function = request.params.open_function & 0x13
    disposition = DOS_DISPOSITION.get(function)
    if disposition is None:
        raise SMBError(NT.INVALID_PARAMETER, f"OpenFunction 0x{function:02X} neither makes nor writes a file")
    current: FileCopy | None = None

    def act(old: Path, new: Path) -> None:
        nonlocal current
        if target is request.tree and old == new:
            raise SMBError(NT.SHARING_VIOLATION, f"{old} is not copied onto itself")
        if current is None:
            current = FileCopy(request, old, new, store, disposition, append=bool(function & _APPEND))
        current()
        current = None

    def failed(failure: Failure) -> Failure:
        if current is not None:
            current.end(failed=True)
        return failure

    result = _each(request, target, store, act)
    return result.addErrback(failed) if isinstance(result, Deferred) else result


@command(Command.MOVE, CopyRequest, Needs.WRITABLE)
def move(request: Request[CopyRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_MOVE, [MS-CIFS] 2.2.4.38 and [SMB-LM1X] 9.2.10: renames files, within one share."""
    target = _target(request)
    if target is not request.tree:
        raise SMBError(NT.NOT_SAME_DEVICE, "files are moved within one share")
    store = request.store
    replace = bool(request.params.open_function & _OVERWRITE)

    def act(old: Path, new: Path) -> None:
        store.rename(old, new, replace=replace, share=ShareMode.READ | ShareMode.WRITE)

    return _each(request, target, store, act)


def _target(request: Request[CopyRequest]) -> Tree:
    """The tree that TID2 names; raises NOT_IMPLEMENTED in NT LM 0.12, where the commands are of the past."""
    connection, tid = request.connection, request.params.tid2
    if connection.protocol not in (Protocol.LANMAN1, Protocol.LANMAN2, Protocol.LANMAN21):
        name = command_name(request.row.code)
        raise SMBError(
            NT.NOT_IMPLEMENTED, f"{name} is of the LAN Manager dialects, not of {connection.dialect}"
        )
    if tid in (RESERVED_ID, request.header.tid):
        check_writable(request.tree)
        return request.tree
    tree = connection.trees.get(tid)
    if tree is None:
        raise SMBError(NT.SMB_BAD_TID, f"TID2 0x{tid:04X} is not connected")
    if tree.store is None or not tree.serves(request.session):
        raise SMBError(NT.BAD_DEVICE_TYPE, f"TID2 0x{tid:04X} has no files", dos=_INVALID_DEVICE)
    check_writable(tree)
    return tree


def _store_of(request: Request[CopyRequest], tree: Tree) -> FileStore:
    if tree is request.tree:
        return request.store
    store = tree.store_for(request.session)
    assert store is not None
    return store


def _each(
    request: Request[CopyRequest], target: Tree, store: FileStore, act: Act
) -> "Answer | Deferred[Answer]":
    """Does it to the source, or to each file that its pattern matches; the first that fails ends it."""
    params = request.params
    old = request.named(params.source_file_name, wildcards=is_pattern(request, params.source_file_name))
    to = params.target_file_name
    new = request.parse(to, wildcards=is_pattern(request, to), tree=target)
    if not old.parts:
        raise SMBError(NT.OBJECT_NAME_INVALID, "the root is neither copied nor moved")
    if params.flags & CopyFlag.TREE:
        raise SMBError(NT.NOT_SUPPORTED, "whole trees are not copied")
    into = _is_directory(store, new)
    if into and params.flags & CopyFlag.TARGET_IS_FILE:
        raise SMBError(NT.FILE_IS_A_DIRECTORY, f"{new} is a directory, and a file is wanted")
    if not into and params.flags & CopyFlag.TARGET_IS_DIRECTORY:
        raise SMBError(NT.OBJECT_PATH_NOT_FOUND, f"{new} is no directory")

    def named(one: Path) -> Path:
        made = _named_after(request, one, new, into)
        request.check_covered(made, tree=target)
        return made

    if not is_pattern(request, old.parts[-1]):
        return _through(request, [(old, named(old))], act)
    if not into and not (new.parts and is_pattern(request, new.parts[-1])):
        raise SMBError(NT.OBJECT_PATH_NOT_FOUND, f"several files, and {new} is no directory")
    found = matches(request, old, _FOUND)
    return then(
        found,
        lambda infos: _through(
            request,
            [(one, named(one)) for one in paths_of(old, infos, files=True)],
            act,
        ),
    )


def _named_after(request: Request[CopyRequest], old: Path, new: Path, into: bool) -> Path:
    """The new name of a file: its own in a directory, or what a pattern makes of it."""
    if into:
        return new.join(old.parts[-1])
    if new.parts and is_pattern(request, new.parts[-1]):
        return Path((*new.parts[:-1], filled(old.parts[-1], new.parts[-1])))
    return new


def _is_directory(store: FileStore, path: Path) -> bool:
    try:
        return bool(store.query(path).is_directory)
    except SMBError as error:
        if isinstance(error, Unfinished):
            raise
        return False


def _through(
    request: Request[CopyRequest], pairs: list[tuple[Path, Path]], act: Act
) -> "Answer | Deferred[Answer]":
    return each(request, pairs, lambda pair: act(*pair), CopyResponse(len(pairs) & 0xFFFF))
