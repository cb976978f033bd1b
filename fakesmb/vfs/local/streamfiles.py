"""Named streams by their names: what is known of them, the list of them, and their end with an overwritten file."""

from collections.abc import Iterable
from typing import Final

from fakesmb.nt.files import Attribute
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.local import streams
from fakesmb.vfs.local.attributes import load
from fakesmb.vfs.local.facts import info_of, round_up
from fakesmb.vfs.local.lookup import Entry
from fakesmb.vfs.paths import fold
from fakesmb.vfs.rules.openfiles import OpenFile, OpenFiles, StreamFile
from fakesmb.vfs.store import Info, StreamFacts
from fakesmb.vfs.stored import SideTable

UNNAMED: Final = "::$DATA"


def info_of_name(entry: Entry, name: str, side: SideTable, file: OpenFile | None) -> Info:
    """What is known of a stream by its name; OBJECT_NAME_NOT_FOUND where it is not there."""
    assert entry.st is not None
    target = entry.xattr_path
    there = streams.find(target, name, follow=False)
    if there is None:
        raise SMBError(NT.OBJECT_NAME_NOT_FOUND, name)
    stream = file.streams.get(fold(there)) if file is not None and file.streams else None
    if stream is not None and stream.delete_pending:
        raise SMBError(NT.DELETE_PENDING)
    shown = f"{entry.directory.shown(entry.name)}:{there}"
    stored = load(target, entry.st, side)
    info = info_of(entry.st, stored, shown, entry.directory.prefix + shown, file)
    return as_stream(info, streams.size(target, there, follow=False), stream)


def as_stream(info: Info, size: int, stream: StreamFile | None) -> Info:
    """What is known of a file, changed into what is known of its stream of that size; `stream` if it is open."""
    info.end_of_file = size
    info.allocation_size = round_up(max(size, stream.allocation if stream is not None else 0))
    if info.is_directory:
        info.is_directory = 0
        info.attributes = info.attributes & ~Attribute.DIRECTORY or Attribute.NORMAL
    if stream is not None and stream.delete_pending and not info.delete_pending:
        info.delete_pending, info.number_of_links = 1, max(info.number_of_links - 1, 0)
    return info


def listed(target: str | int, base: Info, *, follow: bool = True) -> list[StreamFacts]:
    """All data streams of a file of which `base` is known, the unnamed one first."""
    found = [] if base.is_directory else [StreamFacts(UNNAMED, base.end_of_file, base.allocation_size)]
    for name in streams.names(target, follow=follow):
        size = streams.size(target, name, follow=follow)
        found.append(StreamFacts(f":{name}:$DATA", size, round_up(size)))
    return found


def drop_all(fd: int, names: Iterable[str], file: OpenFile | None, opens: OpenFiles, path: str) -> None:
    """A file is overwritten and loses its streams: those that are open with their last close.

    `names`: its extended attributes.
    """
    for xattr in names:
        name = streams.name_in(xattr)
        if not name:
            continue
        stream = file.streams.get(fold(name)) if file is not None and file.streams else None
        if stream is None:
            streams.remove(fd, name)
        elif not stream.delete_pending:
            opens.mark_deleted(stream, path)
