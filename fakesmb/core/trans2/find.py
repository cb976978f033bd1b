"""TRANS2_FIND_FIRST2 and FIND_NEXT2: directory listings ([MS-CIFS] 2.2.6.2, 2.2.6.3)."""

from collections.abc import Callable
from typing import Final, Self

from fakesmb.core.dialects import Protocol
from fakesmb.core.eas import of_entries
from fakesmb.core.request import AnyRequest, Request
from fakesmb.core.state import OpenSearch
from fakesmb.core.strings import strings_of
from fakesmb.core.trans2 import unix_info
from fakesmb.core.trans2.levels import unknown_level
from fakesmb.core.transactions import Outcome, Results, subcommand
from fakesmb.core.waiting import closing, retry_until_free, then
from fakesmb.nt.status import NO_FILES, NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Search, Unfinished
from fakesmb.wire.find_info import LEVELS, EntryList, FindLevel
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindFirst2Response,
    FindFlag,
    FindNext2Request,
    FindNext2Response,
    Trans2,
)
from fakesmb.wire.unix import FIND_LEVELS, UnixEntries

OVERHEAD: Final = 80
"""Bytes of an answer that are not entries. A listing is cut to one message: several would be allowed, but the next
request for more costs no more than they do, and simple clients read only one."""


def level_of(code: int) -> FindLevel:
    """A row of the find levels; raises INVALID_LEVEL."""
    level = LEVELS.get(code) or FIND_LEVELS.get(code)
    if level is None:
        raise unknown_level(code)
    return level


class Listing:
    """The next entries of a search: as many as the client takes and its buffer holds.

    Called again after `Unfinished`, it goes on. The entry that does not fit is the first of the next answer.
    """

    __slots__ = ("_complete", "_given", "_search", "_wanted", "ended", "entries")

    def __init__(self, request: AnyRequest, search: Search, level: FindLevel, count: int, flags: int) -> None:
        self.entries: EntryList = (UnixEntries if level.unix else EntryList)(
            level,
            min(request.transaction.max_data_count, max(request.connection.max_buffer - OVERHEAD, 0)),
            strings_of(request),
            resume_keys=bool(flags & FindFlag.RETURN_RESUME_KEYS),
        )
        self.ended = False
        self._search = search
        self._complete = of_entries(request, level)
        self._wanted = max(count, 1)
        self._given = search.tell()

    def __call__(self) -> Self:
        """Lists them; raises `Unfinished` after a slice of the work."""
        search, entries, complete = self._search, self.entries, self._complete
        next_entry, tell, add, wanted = search.next, search.tell, entries.add, self._wanted
        while entries.count < wanted:
            info = next_entry()
            if info is None:
                self.ended = True
                break
            key = tell()
            try:
                added = add(info, key, b"" if complete is None else complete(info))
            except Unfinished:  # another name had to be looked up
                search.seek(self._given)
                raise
            if not added:
                search.seek(self._given)
                break
            self._given = key
        return self


def _searcher(request: AnyRequest, code: int, level: FindLevel) -> Callable[[Path, str, int], Search]:
    """What begins the search: at a level of the Unix extensions it gives the names themselves."""
    if not level.unix:
        return request.store.search
    unix_info.check(request, code)
    return request.store.posix.search


def _closes(flags: int, *, ended: bool) -> bool:
    return bool(flags & FindFlag.CLOSE_AFTER_REQUEST or (ended and flags & FindFlag.CLOSE_AT_END))


@subcommand(Trans2.FIND_FIRST2, FindFirst2Request)
def find_first2(request: Request[FindFirst2Request]) -> Outcome:
    """TRANS2_FIND_FIRST2, [MS-CIFS] 3.3.5.58.3. Nothing found is NO_SUCH_FILE, and ERRnofiles below NT1."""
    params = request.params
    level = level_of(params.information_level)
    path = request.named(params.file_name, wildcards=True)
    if path.stream or path.unnamed:
        raise SMBError(NT.OBJECT_NAME_INVALID, f"{params.file_name!r} searches for a stream")
    directory, pattern = Path(path.parts[:-1]), path.name or "*"
    search = _searcher(request, params.information_level, level)(directory, pattern, params.search_attributes)

    def answer(listing: Listing) -> Results:
        entries, ended = listing.entries, listing.ended
        if not entries.count:
            if ended:
                dos = NO_FILES if request.connection.protocol < Protocol.NT1 else None
                raise SMBError(NT.NO_SUCH_FILE, f"nothing matches {path}", dos=dos)
            raise SMBError(NT.BUFFER_TOO_SMALL, "no entry fits the client's buffer")
        sid = 0
        if not _closes(params.flags, ended=ended):
            entry = OpenSearch(request.tree, request.session, request.header.pid, search, request.path)
            sid = request.connection.add_search(entry)
        else:
            search.close()
        response = FindFirst2Response(sid, entries.count, int(ended), 0, entries.last)
        return Results(response, entries.finish())

    listing = Listing(request, search, level, params.search_count, params.flags)
    return closing(search, lambda: then(retry_until_free(listing, request.server), answer))


@subcommand(Trans2.FIND_NEXT2, FindNext2Request)
def find_next2(request: Request[FindNext2Request]) -> Outcome:
    """TRANS2_FIND_NEXT2, [MS-CIFS] 3.3.5.58.4: goes on after the last entry, a resume key, or a name."""
    params = request.params
    level = level_of(params.information_level)
    connection = request.connection
    known = connection.searches.get(params.sid)
    if known is None or known.tree is not request.tree or known.session is not request.session:
        raise SMBError(NT.INVALID_HANDLE, f"SID 0x{params.sid:04X} is no search of this tree and user")
    request.path = known.path
    goes_on = bool(params.flags & FindFlag.CONTINUE_FROM_LAST)
    listing: Listing | None = None

    def attempt() -> Listing:
        nonlocal goes_on, listing
        if not goes_on:
            _resume(known.search, params)
            goes_on = True
        if listing is None:
            listing = Listing(request, known.search, level, params.search_count, params.flags)
        return listing()

    def answer(listing: Listing) -> Results:
        entries, ended = listing.entries, listing.ended
        if not entries.count and not ended:
            raise SMBError(NT.BUFFER_TOO_SMALL, "no entry fits the client's buffer")
        if _closes(params.flags, ended=ended):
            connection.close_search(known)
        response = FindNext2Response(entries.count, int(ended), 0, entries.last)
        return Results(response, entries.finish())

    return then(retry_until_free(attempt, request.server), answer)


def _resume(search: Search, params: FindNext2Request) -> None:
    """By name where there is one that the search knows, else by key; a key of 0 goes on where it stands."""
    if params.file_name and search.seek_name(params.file_name):
        return
    if params.resume_key:
        search.seek(params.resume_key)
