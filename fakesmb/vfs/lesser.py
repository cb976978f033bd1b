"""A store that has less than its disk: no streams, no EAs, another file system's name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import msgspec

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.laned import LanedStore
from fakesmb.vfs.wrapped import WrappedStore

if TYPE_CHECKING:
    from fakesmb.vfs.paths import Path
    from fakesmb.vfs.store import CreateParameters, Ea, FileStore, Handle, Info, Opened, StreamFacts, Volume

NAMED_STREAMS: Final = 0x00040000
"""FILE_NAMED_STREAMS, [MS-FSCC] 2.5.1."""


class Traits(NamedTuple):
    """What clients are told of a file system."""

    file_system: str = "NTFS"
    streams: bool = True
    eas: bool = True


class LesserStore(WrappedStore):
    """`vfs.store.FileStore` with the traits of another file system; all else is the inner store's.

    Names with a colon do not get here: whoever reads paths refuses them.
    """

    def __init__(self, inner: Any, traits: Traits) -> None:
        super().__init__(inner, lambda store: lesser(store, traits))
        self._traits = traits

    def create(self, path: "Path", request: "CreateParameters") -> "Opened":
        """Opens or creates; EAS_NOT_SUPPORTED where a new file should get some and there are none."""
        if request.eas and not self._traits.eas:
            raise _no_eas()
        opened: Opened = self._inner.create(path, request)
        return opened

    def query(self, target: "Handle | Path", *, ea_size: bool = False) -> "Info":
        """What a file is; its EaSize is 0 where there are no EAs."""
        found: Info = self._inner.query(target, ea_size=ea_size and self._traits.eas)
        return found

    def eas(self, target: "Handle | Path") -> "Sequence[Ea]":
        """The EAs of a file; EAS_NOT_SUPPORTED where there are none."""
        if not self._traits.eas:
            raise _no_eas()
        found: Sequence[Ea] = self._inner.eas(target)
        return found

    def set_eas(self, target: "Handle | Path", eas: "Sequence[Ea]") -> None:
        """Sets EAs; EAS_NOT_SUPPORTED where there are none."""
        if not self._traits.eas:
            raise _no_eas()
        self._inner.set_eas(target, eas)

    def streams(self, target: "Handle | Path") -> "Sequence[StreamFacts]":
        """The streams of a file; INVALID_PARAMETER where there are none, as of FAT."""
        if not self._traits.streams:
            raise SMBError(NT.INVALID_PARAMETER, "the file system has no streams")
        found: Sequence[StreamFacts] = self._inner.streams(target)
        return found

    def volume(self) -> "Volume":
        """The volume's facts and free space, as a volume of that file system tells them."""
        found: Volume = self._inner.volume()
        attributes = found.attributes if self._traits.streams else found.attributes & ~NAMED_STREAMS
        return msgspec.structs.replace(found, file_system=self._traits.file_system, attributes=attributes)


def lesser(store: "FileStore", traits: Traits) -> "FileStore":
    """The store with those traits; itself where it has them."""
    if traits == Traits():
        return store
    if isinstance(store, LanedStore):
        return store.over(lambda inner: lesser(inner, traits))
    return cast("FileStore", LesserStore(store, traits))


def _no_eas() -> SMBError:
    return SMBError(NT.EAS_NOT_SUPPORTED, "the file system has no EAs")
