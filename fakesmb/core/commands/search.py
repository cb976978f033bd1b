"""The searches of the core dialects: SEARCH, FIND, FIND_UNIQUE, FIND_CLOSE ([MS-CIFS] 2.2.4.58 to 2.2.4.61).

Every entry carries a resume key, 21 bytes that the client sends back to go on after that entry; the 16 of the server
hold the search's SID and the entry's place in it. SEARCH has no end of its own: the connection keeps the last few.
"""

from typing import Final

from twisted.internet.defer import Deferred

from fakesmb.core.dialects import Protocol
from fakesmb.core.dispatch import Needs, command
from fakesmb.core.id_pool import RESERVED_ID
from fakesmb.core.request import Answer, AnyRequest, Empty, Request
from fakesmb.core.resume_keys import STATE
from fakesmb.core.state import OpenSearch
from fakesmb.core.waiting import closing, retry_until_free
from fakesmb.nt.files import Attribute
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.shortnames import is_short
from fakesmb.vfs.store import Info
from fakesmb.vfs.wildcards import from_dos
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Flags2
from fakesmb.wire.oem import encode_oem, encode_short
from fakesmb.wire.search import FindClose2Request, ResumeKey, SearchEntry, SearchRequest, SearchResponse
from fakesmb.wire.times import dos_from

KEPT_SEARCHES: Final = 256
"""Searches by SEARCH that a connection keeps: the protocol never closes them, so the oldest make room."""
OVERHEAD: Final = 48
"""Bytes of an answer that are not entries."""
ENTRY_SIZE: Final = 43
VOLUME_MASK: Final = 0x1F
_LABEL_SIZE: Final = 11


@command(Command.SEARCH, SearchRequest, Needs.DISK)
def search(request: Request[SearchRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_SEARCH, [MS-CIFS] 3.3.5.47: begins with a name, goes on with a resume key."""
    return _search(request, keeps=True)


@command(Command.FIND, SearchRequest, Needs.DISK)
def find(request: Request[SearchRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_FIND, [MS-CIFS] 3.3.5.47: as SEARCH, and FIND_CLOSE ends it."""
    return _search(request, keeps=True)


@command(Command.FIND_UNIQUE, SearchRequest, Needs.DISK)
def find_unique(request: Request[SearchRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_FIND_UNIQUE, [MS-CIFS] 3.3.5.48: one answer, nothing kept."""
    return _search(request, keeps=False)


@command(Command.FIND_CLOSE, SearchRequest, Needs.DISK)
def find_close(request: Request[SearchRequest]) -> Answer:
    """SMB_COM_FIND_CLOSE, [MS-CIFS] 3.3.5.49: ends the search that the resume key names.

    Below NT LM 0.12 one that has ended is closed with success (Samba): the client has only done its duty.
    """
    try:
        _, known, _ = _known(request)
    except SMBError as error:
        if error.status == NT.NO_MORE_FILES and request.connection.protocol < Protocol.NT1:
            return SearchResponse(0)
        raise
    request.connection.close_search(known)
    return SearchResponse(0)


def _known(request: Request[SearchRequest]) -> tuple[ResumeKey, OpenSearch, int]:
    """The resume key, the search that it names, and the place in it."""
    raw = request.params.resume_key
    if len(raw) != ResumeKey.size():
        raise SMBError(
            NT.INVALID_PARAMETER, f"the resume key has {len(raw)} bytes instead of {ResumeKey.size()}"
        )
    key = ResumeKey.decode(raw)
    sid, place = STATE.unpack(key.server_state)
    known = request.connection.searches.get(sid)
    own = known is not None and known.tree is request.tree and known.session is request.session
    if known is None or not own or not known.by_key:
        raise SMBError(NT.NO_MORE_FILES, f"SID 0x{sid:04X} is no search of this tree and user")
    request.path = known.path
    return key, known, place


def _search(request: Request[SearchRequest], *, keeps: bool) -> "Answer | Deferred[Answer]":
    params = request.params
    if len(params.resume_key):
        key, known, place = _known(request)
        return _answer(request, known, key.client_state, keeps=True, place=place)
    if params.search_attributes & VOLUME_MASK == Attribute.VOLUME:
        return _label(request)
    if not params.file_name and request.connection.protocol < Protocol.NT1:
        # DOS asks so, and Windows 98 answers this (a capture)
        raise SMBError(NT.NO_MORE_FILES, "a search without a name and without a key finds nothing")
    path = request.named(params.file_name, wildcards=True)
    if path.stream or path.unnamed:
        raise SMBError(NT.OBJECT_NAME_INVALID, f"{params.file_name!r} searches for a stream")
    pattern = from_dos(path.name) if path.parts else "*"
    found = request.store.search(Path(path.parts[:-1]), pattern, params.search_attributes)
    entry = OpenSearch(request.tree, request.session, request.header.pid, found, request.path, by_key=True)

    def begin() -> "Answer | Deferred[Answer]":
        if keeps:
            _make_room(request)
            request.connection.add_search(entry)
        return _answer(request, entry, bytes(4), keeps=keeps)

    return closing(found, begin)


def _make_room(request: AnyRequest) -> None:
    connection = request.connection
    kept = [one for one in connection.searches if one.by_key]
    for old in kept[: max(len(kept) + 1 - KEPT_SEARCHES, 0)]:
        connection.close_search(old)


def _answer(
    request: Request[SearchRequest], known: OpenSearch, client: bytes, *, keeps: bool, place: int = -1
) -> "Answer | Deferred[Answer]":
    """The next entries (from `place` on, where the client names one): as many as asked for and as fit one message.

    None is NO_MORE_FILES of a search that begins, and an empty answer of one that goes on; below NT LM 0.12 that is
    NO_MORE_FILES, too (Windows 98, a capture).
    """
    connection = request.connection
    room = max((connection.max_buffer - OVERHEAD) // ENTRY_SIZE, 1)
    wanted = min(request.params.max_count, room)
    cased = bool(request.header.flags2 & Flags2.LONG_NAMES)
    entries: list[bytes] = []
    begins = place < 0
    info: Info | None = None
    """What is to be told next."""

    def attempt() -> Answer:
        nonlocal place, info
        if place >= 0:
            known.search.seek(place)
            place = -1
        while len(entries) < wanted and (info := info or known.search.next()) is not None:
            key = ResumeKey(0, STATE.pack(known.sid, known.search.tell()), client)
            name = _name_of(request, info)
            if name:
                entries.append(
                    entry_of(
                        info,
                        name,
                        key,
                        connection.oem_encoding,
                        cased=cased,
                        zone=connection.zone,
                    )
                )
            info = None
        if not keeps:
            known.search.close()
        elif not entries:
            connection.close_search(known)
        if not entries and (begins or connection.protocol < Protocol.NT1):
            raise SMBError(NT.NO_MORE_FILES, f"nothing matches {request.params.file_name!r}")
        return SearchResponse(len(entries), b"".join(entries))

    return retry_until_free(attempt, request.server)


def _name_of(request: AnyRequest, info: Info) -> str:
    """The 8.3 name; "" for a file that has none, which is not listed."""
    if is_short(info.name):
        return info.name
    return info.short_name or request.store.alias(info.path.rpartition("\\")[0], info.name)


def entry_of(info: Info, name: str, key: ResumeKey, encoding: str, *, cased: bool, zone: int = 0) -> bytes:
    """43 bytes: the 8.3 name, null-padded, and what DOS knows of a file.

    Names are in upper case for who knows no long names.
    """
    if not cased:
        name = name.upper()
    date, clock = dos_from(info.last_write_time, zone)
    raw = encode_oem(name, encoding)  # ASCII
    return SearchEntry.of(key, raw, info.attributes, info.end_of_file, date, clock).encode()


def _label(request: Request[SearchRequest]) -> Answer:
    """A search for the volume label finds one entry, whatever the pattern: DOS shows it above each listing."""
    volume = request.store.volume()
    raw = encode_short(volume.label, request.connection.oem_encoding, _LABEL_SIZE)
    name = raw if len(raw) <= 8 else raw[:8] + b"." + raw[8:]
    date, clock = dos_from(volume.creation_time, request.connection.zone)
    entry = SearchEntry.of(ResumeKey(), name, Attribute.VOLUME, 0, date, clock)
    return SearchResponse(1, entry.encode())


@command(Command.FIND_CLOSE2, FindClose2Request, Needs.DISK)
def find_close2(request: Request[FindClose2Request]) -> Answer:
    """SMB_COM_FIND_CLOSE2, [MS-CIFS] 3.3.5.39. SID 0xFFFF closes all of the tree's searches (OS/2)."""
    connection, sid = request.connection, request.params.sid
    if sid == RESERVED_ID:
        for search in connection.searches:
            if search.tree is request.tree and search.session is request.session:
                connection.close_search(search)
        return Empty()
    known = connection.searches.get(sid)
    if known is None or known.tree is not request.tree or known.session is not request.session:
        raise SMBError(NT.INVALID_HANDLE, f"SID 0x{sid:04X} is no search of this tree and user")
    connection.close_search(known)
    return Empty()
