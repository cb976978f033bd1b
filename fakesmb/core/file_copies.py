"""A file copied by the server, from one path to another."""

from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from fakesmb.core.copies import RangeCopy
from fakesmb.core.request import Answer, AnyRequest, Empty
from fakesmb.core.waiting import retry_until_free
from fakesmb.nt.files import Access, Action, Disposition, ShareMode
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import CreateParameters, FileStore, Handle, MustWait, Opened

_MOST_PIECES: Final = 1000
"""Pieces of a file that are counted before its copy is begun: some milliseconds."""


class FileCopy:
    """What Windows does for NT_RENAME's level 0x105, and LAN Manager for COPY: a copy, with the attributes.

    Called until it is done. The new file is in `store`; `disposition` says what becomes of one that is there, and
    `append` lets the copy begin at its end.
    """

    __slots__ = (
        "_append",
        "_copy",
        "_disposition",
        "_new",
        "_old",
        "_request",
        "_source",
        "_store",
        "_target",
    )

    def __init__(
        self,
        request: AnyRequest,
        old: Path,
        new: Path,
        store: FileStore | None = None,
        disposition: int = Disposition.CREATE,
        *,
        append: bool = False,
    ) -> None:
        self._request = request
        self._store = request.store if store is None else store
        self._disposition = disposition
        self._append = append
        self._old = old
        self._new = new
        self._source: Opened | None = None
        self._target: Opened | None = None
        self._copy: RangeCopy | None = None

    def __call__(self) -> Answer:
        """Raises `Unfinished` when the turn is over, and what opening, reading and writing raise."""
        try:
            if self._copy is None:
                self._copy = self._begin()
            self._copy.go_on(self._request.server.world.turn)
            assert self._source is not None
            assert self._target is not None
            self._store.set_basic(self._target.handle, attributes=self._source.info.attributes)
        except MustWait:
            raise
        except BaseException:
            self.end(failed=True)
            raise
        self.end(failed=False)
        return Empty()

    def _begin(self) -> RangeCopy:
        """Opens both; raises DISK_FULL where the disk has no room for the data."""
        request, store, pid = self._request, self._request.store, self._request.header.pid
        if self._source is None:
            reading = CreateParameters(
                access=Access.READ_DATA | Access.READ_ATTRIBUTES, share=ShareMode.READ, pid=pid
            )
            self._source = store.create(self._old, reading)
        info = self._source.info
        if info.is_directory:
            raise SMBError(NT.FILE_IS_A_DIRECTORY, "directories are not copied")
        making = CreateParameters(
            access=Access.WRITE_DATA | Access.WRITE_ATTRIBUTES | Access.DELETE,
            share=ShareMode.NONE,
            disposition=self._disposition,
            attributes=info.attributes,
            pid=pid,
        )
        self._target = self._store.create(self._new, making)
        at = self._target.info.end_of_file if self._append else 0
        self._store.set_allocation(self._target.handle, at + _data_size(store, self._source.handle))
        files = (store, self._source.handle), (self._store, self._target.handle)
        return RangeCopy(*files, 0, at, info.end_of_file, request.header.pid_low)

    def end(self, *, failed: bool) -> None:
        """Closes both. Of a copy that failed nothing stays, unless the file was there before."""
        if self._target is not None:
            opened, self._target = self._target, None
            target = opened.handle
            if failed and not target.closed and opened.action == Action.CREATED:
                self._store.set_delete(target, delete=True)
            self._store.close(target)
        if self._source is not None:
            source, self._source = self._source.handle, None
            self._request.store.close(source)


def _data_size(store: FileStore, handle: Handle) -> int:
    """Bytes of a file that are no holes; of one in very many pieces, of those at its beginning."""
    size = at = 0
    for _ in range(_MOST_PIECES):
        start, at = store.next_data(handle, at)
        if start == at:
            break
        size += at - start
    return size


def copy_file(request: AnyRequest, old: Path, new: Path) -> "Answer | Deferred[Answer]":
    """Copies in turns; a client that leaves meanwhile leaves no part of a copy."""
    copy = FileCopy(request, old, new)

    def failed(failure: Failure) -> Failure:
        copy.end(failed=True)
        return failure

    result = retry_until_free(copy, request.server)
    return result.addErrback(failed) if isinstance(result, Deferred) else result
