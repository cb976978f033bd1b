"""Names: renaming, linking and deleting ([MS-FSA] 2.1.5.15.3, 2.1.5.15.6, 2.1.5.15.11)."""

import os
import stat
from contextlib import suppress
from typing import Final

from fakesmb.nt.files import Access, Attribute, Filter, ShareMode
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.local.attributes import effective, load
from fakesmb.vfs.local.descriptors import Guard
from fakesmb.vfs.local.directory import Directory
from fakesmb.vfs.local.freeing import Freeing, is_large
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.local.lookup import Entry, Lookup
from fakesmb.vfs.local.metadata import set_archive
from fakesmb.vfs.local.replacing import directory_over, link_over
from fakesmb.vfs.paths import Path
from fakesmb.vfs.rules import oplocks, sharing
from fakesmb.vfs.rules.localprograms import OwnChange
from fakesmb.vfs.rules.openfiles import OpenFile, OpenFiles
from fakesmb.vfs.shortnames import shown_name
from fakesmb.vfs.store import CreateParameters, SharingViolation

_DELETE: Final = CreateParameters(access=Access.DELETE)
"""The open that deleting by name is equal to."""
_ENTER: Final = CreateParameters(access=Access.WRITE_DATA, share=ShareMode.READ | ShareMode.WRITE)
"""The open of the new directory that a rename is equal to."""


def check_included(attributes: int, excluded: int) -> None:
    """Raises NO_SUCH_FILE for a file that SearchAttributes leave out."""
    if attributes & excluded:
        raise SMBError(
            NT.NO_SUCH_FILE, f"the file has attributes 0x{attributes & excluded:X}, which are excluded"
        )


class Namespace:
    """What changes names below one root, for one user."""

    def __init__(
        self, lookup: Lookup, opens: OpenFiles, guard: Guard, freeing: Freeing, *, read_only: bool
    ) -> None:
        self._lookup = lookup
        self._freeing = freeing
        self._opens = opens
        self._guard = guard
        self._read_only = read_only

    def delete(self, path: Path, excluded: int) -> None:
        """Deletes a file by name, at once or with its last close, unless it has an attribute that is excluded."""
        entry = self._existing(path)
        assert entry.st is not None
        file = self._opens.get(entry.st)
        if file is not None and file.delete_pending:
            raise SMBError(NT.DELETE_PENDING)
        if stat.S_ISDIR(entry.st.st_mode):
            raise SMBError(NT.FILE_IS_A_DIRECTORY)
        attributes = self._attributes(entry)
        check_included(attributes, excluded)
        self._delete(entry, path, attributes, ShareMode.NONE)

    def remove_directory(self, path: Path) -> None:
        """Removes an empty directory."""
        if path.stream or path.unnamed:
            raise SMBError(NT.NOT_A_DIRECTORY, "a named stream is no directory")
        entry = self._existing(path)
        assert entry.st is not None
        if not stat.S_ISDIR(entry.st.st_mode):
            raise SMBError(NT.NOT_A_DIRECTORY)
        if not entry.name:
            raise SMBError(NT.ACCESS_DENIED, "the share's root cannot be deleted")
        self._delete(entry, path, self._attributes(entry), ShareMode.ALL)

    def _delete(self, entry: Entry, path: Path, attributes: int, share: int) -> None:
        """Deletes in Windows' order: first the checks of an open for DELETE, then those of marking the file."""
        assert entry.st is not None
        if self._opens.secured:
            self._guard.check(entry, Access.DELETE)
        file = self._opens.get(entry.st)
        if file is not None:
            check_delete(file, share)
            oplocks.before_open(file, Access.DELETE, _DELETE, replacing=False)
        if attributes & Attribute.READONLY:
            raise SMBError(NT.CANNOT_DELETE, "the file is read-only")
        if stat.S_ISDIR(entry.st.st_mode) and not entry.is_link and not self._lookup.enter(entry).is_empty():
            raise SMBError(NT.DIRECTORY_NOT_EMPTY)
        if file is not None:
            self._opens.mark_deleted(file, entry.path)
        else:
            self.unlink(entry)

    def unlink(self, entry: Entry) -> None:
        """Removes the name: of a symbolic link the link itself."""
        assert entry.st is not None
        directory = entry.directory
        directory.about_to_change()
        if stat.S_ISDIR(entry.st.st_mode) and not entry.is_link:
            directory.rmdir(entry.name)
        elif entry.is_link or not is_large(entry.st):
            directory.unlink(entry.name)
        else:
            with self._freeing.later(directory, entry.name, entry.st):
                directory.unlink(entry.name)
        if not entry.is_link:
            self._forget(entry.st)
            if self._opens.by_key:
                oplocks.after_facts(self._opens.get(entry.st))
        directory.changed(removed=entry.name)
        self._opens.tunnel.remember(directory.path, entry.name)
        if self._opens.watches.active:
            self._opens.watches.removed(entry.path, directory=stat.S_ISDIR(entry.st.st_mode))

    def _forget(self, st: os.stat_result) -> None:
        """A name of this inode was removed: with the last name its entry in the side table goes."""
        if st.st_nlink <= 1 or stat.S_ISDIR(st.st_mode):
            self._opens.side.pop((st.st_dev, st.st_ino), None)

    def finish(self, file: OpenFile) -> None:
        """Removes the name of a delete-pending file after its last close."""
        if file.delete_path is None:
            return
        entry = self._lookup.on_disk(file.delete_path)
        if entry is not None and entry.st is not None and (entry.st.st_dev, entry.st.st_ino) == file.key:
            self.unlink(entry)

    def check_deletable(self, handle: LocalHandle, attributes: int) -> None:
        """Raises where this open file may not be marked for deletion."""
        if not handle.access & Access.DELETE:
            raise SMBError(NT.ACCESS_DENIED, "no DELETE access")
        if attributes & Attribute.READONLY:
            raise SMBError(NT.CANNOT_DELETE, "the file is read-only")
        if not handle.path.parts:
            raise SMBError(NT.CANNOT_DELETE, "the share's root cannot be deleted")
        if handle.is_directory:
            entry = self._lookup.find(handle.path)
            if not entry.is_link and not self._lookup.enter(entry).is_empty():
                raise SMBError(NT.DIRECTORY_NOT_EMPTY)

    def rename(
        self,
        path: Path,
        to: Path,
        *,
        replace: bool,
        handle: LocalHandle | None = None,
        share: int = ShareMode.ALL,
    ) -> None:
        """Gives a new name. With a handle its access counts, else the checks of an open for DELETE apply."""
        source = self._existing(path)
        assert source.st is not None
        if to.stream or to.unnamed:
            raise SMBError(NT.OBJECT_NAME_INVALID, "the new name of a file names a stream")
        if not source.name or not to.parts:
            raise SMBError(NT.ACCESS_DENIED, "the share's root cannot be renamed")
        file = self._opens.get(source.st)
        if handle is None and file is not None:
            check_delete(file, share)
        target = self._target(to)
        if share != ShareMode.ALL:
            self._check_entering(target)
        if self._opens.secured:
            self._check_rename(source, target, handle)
        if _same_place(source, target) and source.name == to.name:
            return
        if stat.S_ISDIR(source.st.st_mode):
            self._check_directory_moves(source, target)
        elif file is not None and file.streams:
            # Windows renames a directory although its streams are open.
            raise SMBError(NT.ACCESS_DENIED, "a stream of the file is open")
        if file is not None and file.oplocks is not None:
            oplocks.before_rename(file, handle)
        replaces = target.st is not None and not _same_place(source, target)
        before = source.path
        source.directory.about_to_change()
        target.directory.about_to_change()
        if replaces:
            assert target.st is not None
            with self._freeing.later(target.directory, target.name, target.st):
                to = _named(to, self._replace(source, target, to.name, replace=replace))
            self._tell_replaced(target)
        else:
            source.directory.rename(source.name, target.directory, to.name)
        source.directory.changed(removed=source.name)
        self._opens.tunnel.remember(source.directory.path, source.name)
        target.directory.changed(added=to.name)
        if file is not None:
            oplocks.after_facts(file)
            self._moved(file, before, to, target)
        if self._lookup.posix and stat.S_ISDIR(source.st.st_mode):
            self._moved_inside(before, to, target)
        if self._opens.watches.active:
            now = target.directory.path_of(to.name)
            self._opens.watches.renamed(before, now, directory=stat.S_ISDIR(source.st.st_mode))
        if stat.S_ISREG(source.st.st_mode) and not source.is_link:
            self._note_renamed(target.directory, to.name, source.st)

    def _replace(self, source: Entry, target: Entry, name: str, *, replace: bool) -> str:
        """Renames onto what has the name, which is there until the new one is: rename(2) does both in one step.

        Gives the name that it has then.

        It does not where a directory takes a file's name. Between two links of one file it does nothing: one of them
        goes.
        """
        assert source.st is not None
        assert target.st is not None
        self._check_replaceable(target, replace=replace)
        if stat.S_ISDIR(source.st.st_mode) and not source.is_link:
            directory_over(self._lookup.root, source, target, self._opens.watches)
        elif _is_same_file(source, target):
            source.directory.unlink(source.name)
            self._opens.watches.untold((OwnChange.REMOVED, source.path))
        else:
            source.directory.rename(source.name, target.directory, target.name)
            self._opens.watches.untold((OwnChange.MOVED_TO, target.path))
        return self._respell(target, name)

    def _respell(self, target: Entry, name: str) -> str:
        """What came in a file's place gets its name as the client spells it; gives the name that it has then.

        Where the disk refuses that, it is the name in the spelling of before.
        """
        place = target.directory
        if target.name == name:
            return name
        try:
            place.rename(target.name, place, name)
        except OSError:
            return target.name
        place.changed(removed=target.name)
        steps = ((OwnChange.MOVED_FROM, target.path), (OwnChange.MOVED_TO, place.path_of(name)))
        self._opens.watches.untold(*steps)
        return name

    def _tell_replaced(self, target: Entry) -> None:
        assert target.st is not None
        if not target.is_link:
            self._forget(target.st)
        if self._opens.watches.active:
            self._opens.watches.removed(target.path, directory=False)

    def _note_renamed(self, directory: Directory, name: str, st: os.stat_result) -> None:
        """A renamed file gets the ARCHIVE attribute, as on Windows and Samba."""
        was_set = False
        with suppress(OSError):  # the file is renamed, whatever the disk says of its attributes
            was_set = set_archive(directory.xattr_base + name, st, name, self._opens.side, follow=False)
        if was_set and self._opens.watches.active:
            self._opens.watches.modified(directory.path_of(name), Filter.ATTRIBUTES)

    def link(self, path: Path, to: Path, *, replace: bool, handle: LocalHandle | None = None) -> None:
        """Makes a hard link."""
        source = self._existing(path, followed=True)
        assert source.st is not None
        if stat.S_ISDIR(source.st.st_mode):
            raise SMBError(NT.FILE_IS_A_DIRECTORY)
        if not stat.S_ISREG(source.st.st_mode):
            raise SMBError(NT.ACCESS_DENIED, "a pipe, socket or device cannot be linked")
        source.data_directory.check_openable(source.data_name)
        if self._opens.secured:
            self._guard.check_link(source)
        target = self._target(to)
        if not to.parts:
            raise SMBError(NT.OBJECT_NAME_COLLISION)
        if target.st is not None and replace and _same_place(source, target):
            return
        if self._opens.secured:
            if target.st is not None and replace:
                self._guard.check(target, Access.DELETE)
            self._guard.check_add(target.directory, directory=False)
        if target.st is not None:
            self._check_replaceable(target, replace=replace)
        same = target.st is not None and os.path.samestat(source.st, target.directory.lstat(target.name))
        if same and target.name == to.name:
            return
        file = self._opens.get(source.st)
        if file is not None and file.oplocks is not None:
            oplocks.before_rename(file, handle)
        target.directory.about_to_change()
        name = to.name
        if target.st is None:
            source.data_directory.link(source.data_name, target.directory, name)
        else:
            if not same:
                link_over(self._lookup.root, source, target, self._opens.world, self._opens.watches)
            name = self._respell(target, name)
            self._tell_replaced(target)
            self._opens.tunnel.remember(target.directory.path, target.name)
        target.directory.changed(added=name)
        oplocks.after_facts(file)
        if self._opens.watches.active:
            self._opens.watches.added(target.directory.path_of(name), directory=False)

    def _existing(self, path: Path, *, followed: bool = False) -> Entry:
        """The entry of a name that is to be changed."""
        if path.stream:
            raise SMBError(NT.INVALID_PARAMETER, "a named stream is no directory entry")
        entry = self._lookup.find(path) if followed else self._lookup.itself(path)
        if path.unnamed and entry.st is not None and stat.S_ISDIR(entry.st.st_mode):
            raise SMBError(NT.FILE_IS_A_DIRECTORY, "a directory has no unnamed stream")
        if self._read_only:
            raise SMBError(NT.ACCESS_DENIED, "the share is read-only")
        return entry

    def _target(self, to: Path) -> Entry:
        if to.stream or to.unnamed:
            raise SMBError(NT.OBJECT_NAME_INVALID, "the new name of a file names a stream")
        if to.parts:
            self._lookup.check_new(to.name)
        target = self._lookup.named(to)
        if self._opens.deleting and self._opens.is_deleting(target.directory.status()):
            raise SMBError(NT.DELETE_PENDING, "the directory is being deleted")
        return target

    def _attributes(self, entry: Entry) -> int:
        assert entry.st is not None
        stored = load(entry.xattr_path, entry.st, self._opens.side)
        return effective(entry.st.st_mode, entry.data_name, stored.attributes)

    def _check_replaceable(self, target: Entry, *, replace: bool) -> None:
        assert target.st is not None
        if not replace:
            raise SMBError(NT.OBJECT_NAME_COLLISION)
        if stat.S_ISDIR(target.st.st_mode):
            raise SMBError(NT.ACCESS_DENIED, "a directory cannot be replaced")
        if self._attributes(target) & Attribute.READONLY:
            raise SMBError(NT.ACCESS_DENIED, "the file to replace is read-only")
        file = self._opens.get(target.st)
        if file is not None:
            oplocks.before_replace(file)
            raise SMBError(NT.ACCESS_DENIED, "the file to replace is open")

    def _check_entering(self, target: Entry) -> None:
        """The new name's directory is opened to add to it, and shared for reading and writing.

        So the rename commands do ([MS-FSA] 2.1.5.15.11): who has it open for DELETE keeps new names away.
        """
        directory = self._opens.get(target.directory.status())
        if directory is not None:
            sharing.check(directory, Access.WRITE_DATA, _ENTER)

    def _check_rename(self, source: Entry, target: Entry, handle: LocalHandle | None) -> None:
        """What descriptors say: DELETE on both files, and a new name in the directory ([MS-FSA] 2.1.5.15.11)."""
        assert source.st is not None
        if handle is None:
            self._guard.check(source, Access.DELETE)
        if not _same_place(source, target):
            if target.st is not None:
                self._guard.check(target, Access.DELETE)
            self._guard.check_add(target.directory, directory=stat.S_ISDIR(source.st.st_mode))

    def _check_directory_moves(self, source: Entry, target: Entry) -> None:
        inside = source.path + "/"
        if (target.directory.path + "/").startswith(inside):
            raise SMBError(NT.SHARING_VIOLATION, "a directory cannot move into itself")
        if self._lookup.posix:
            return  # as in Samba: files that are open in the directory stay open under its new path
        oplocks.before_moving(self._opens, source.path)
        if self._opens.is_open_below(source.path):
            raise SMBError(NT.ACCESS_DENIED, "something in the directory is open")

    def _moved(self, file: OpenFile, before: str, to: Path, target: Entry) -> None:
        """Every open of the old name follows it."""
        if file.times is not None:
            file.times.touch()
        shown = target.directory.shown_at_once(to.name)
        for handle in file.all_opens():
            if handle.disk_path == before:
                stream = handle.path.stream
                handle.path = Path(to.parts, stream) if stream else to
                handle.name = f"{shown}:{stream}" if stream else shown
                handle.shown_path = target.directory.prefix + handle.name
                now = target.directory.path_of(to.name)
                self._opens.move(handle, now)
                if file.delete_path is not None:
                    file.delete_path = now

    def _moved_inside(self, before: str, to: Path, target: Entry) -> None:
        """What is open below a directory follows it."""
        inside, now = before.rstrip("/") + "/", target.directory.path_of(to.name)
        shown = target.directory.prefix + target.directory.shown_at_once(to.name)
        for handle in self._opens.below(before):
            names = handle.disk_path[len(inside) :].split("/")
            path = Path((*to.parts, *names), handle.path.stream)
            place = f"{now}/{'/'.join(names)}"
            if handle.file.delete_path == handle.disk_path:
                handle.file.delete_path = place
            handle.path = path
            handle.shown_path = "\\".join([shown, *map(shown_name, names[:-1]), handle.name])
            self._opens.move(handle, place)


def check_delete(file: OpenFile, share: int = ShareMode.ALL) -> None:
    """The checks of an open for DELETE with that share mode, which a rename or delete by name is equal to."""
    try:
        sharing.check_delete(file, share)
    except SharingViolation as violation:
        oplocks.before_refusal(file, violation)


def _is_same_file(one: Entry, other: Entry) -> bool:
    """Whether both names are links (hard ones) of one file, or of one symbolic link."""
    return os.path.samestat(*(entry.directory.lstat(entry.name) for entry in (one, other)))


def _named(path: Path, name: str) -> Path:
    return path if path.name == name else Path((*path.parts[:-1], name))


def _same_place(one: Entry, other: Entry) -> bool:
    """Whether both are the same directory entry, whatever spelling led there."""
    return one.name == other.name and one.directory.path == other.directory.path
