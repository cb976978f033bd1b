"""Stub data through impacket's NDR types: the one place where they are decoded, filled and encoded.

An interface is a table of `Operation`s. Arguments reach an operation as plain text and numbers, so that
whatever hostile stub data does to impacket is contained here; an operation gives back an impacket response,
or bytes where the response is simple or impacket has it wrong.

Importing this module imports impacket's RPC stack (a tenth of a second): only interface modules do so.
"""

import logging
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from impacket.dcerpc.v5.ndr import (
    NDR,
    NDRENUM,
    NDRPOINTER,
    NDRSTRUCT,
    NDRULONG,
    NDRUNION,
    NULL,
    NDRArray,
    NDRUniConformantArray,
)

from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.byteorder import Ignored, Reader, in_big_endian
from fakesmb.rpc.faults import Fault
from fakesmb.rpc.groups import Handles
from fakesmb.rpc.interface import Client
from fakesmb.rpc.view import Caller, ServerView
from fakesmb.wire.dcerpc import FaultStatus

T = TypeVar("T")
U32: Final = struct.Struct("<I")


class Win32:
    """NET_API_STATUS values and print servers' codes that calls return, [MS-ERREF] 2.2."""

    OK: Final = 0
    FILE_NOT_FOUND: Final = 2
    ACCESS_DENIED: Final = 5
    INVALID_HANDLE: Final = 6
    NOT_ENOUGH_MEMORY: Final = 8
    GEN_FAILURE: Final = 31
    NOT_SUPPORTED: Final = 50
    PRINTQ_FULL: Final = 61
    NO_SPOOL_SPACE: Final = 62
    PRINT_CANCELLED: Final = 63
    INVALID_PARAMETER: Final = 87
    INSUFFICIENT_BUFFER: Final = 122
    INVALID_NAME: Final = 123
    INVALID_LEVEL: Final = 124
    MORE_DATA: Final = 234
    NO_MORE_ITEMS: Final = 259
    KEY_DELETED: Final = 1018
    SERVICE_DOES_NOT_EXIST: Final = 1060
    SERVICE_NOT_ACTIVE: Final = 1062
    DATABASE_DOES_NOT_EXIST: Final = 1065
    NO_SUCH_LOGON_SESSION: Final = 1312
    NO_SYSTEM_RESOURCES: Final = 1450
    SERVER_UNAVAILABLE: Final = 1722
    UNKNOWN_PRINTER_DRIVER: Final = 1797
    UNKNOWN_PRINTPROCESSOR: Final = 1798
    INVALID_PRINTER_NAME: Final = 1801
    INVALID_DATATYPE: Final = 1804
    INVALID_ENVIRONMENT: Final = 1805
    INVALID_FORM_NAME: Final = 1902
    BUFFER_TOO_SMALL: Final = 2123
    USER_NOT_FOUND: Final = 2221
    USE_NOT_FOUND: Final = 2250
    NET_NAME_NOT_FOUND: Final = 2310
    DEVICE_NOT_SHARED: Final = 2311
    CLIENT_NAME_NOT_FOUND: Final = 2312
    FILE_ID_NOT_FOUND: Final = 2314
    DFS_NO_SUCH_VOLUME: Final = 2662
    SPL_NO_STARTDOC: Final = 3003
    SPL_NO_ADDJOB: Final = 3004
    REMOTE_DISABLED: Final = 0x8001011C


WIN32_CODES: Final[Mapping[int, int]] = {
    NT.ACCESS_DENIED: Win32.ACCESS_DENIED,
    NT.INVALID_HANDLE: Win32.INVALID_HANDLE,
    NT.INSUFFICIENT_RESOURCES: Win32.NO_SYSTEM_RESOURCES,
}
"""The Win32 codes of what `Call` refuses, for interfaces that return those."""


NO_HANDLE: Final = bytes(Handles.SIZE)
"""The context handle that stands for nothing."""
MAX_PREFERRED_LENGTH: Final = 0xFFFFFFFF
MAX_HANDLE: Final = 0xFFFFFFFF
FIRST_REFERENT: Final = 0x00020000
"""Referent identifiers as Windows numbers them: not random, so that an exchange can be repeated."""

MOST_WITH_ARRAYS: Final = 4096
"""Bytes of a stub that impacket reads where arrays may be in it: it takes some 35 us for an element. Clients send none
there, or few."""

impacket_log = logging.getLogger("impacket")


class Call(msgspec.Struct, frozen=True):
    """What an operation knows besides its arguments."""

    view: ServerView
    client: Client

    @property
    def caller(self) -> Caller:
        """Who calls."""
        return self.client.caller

    @property
    def handles(self) -> Handles:
        """The context handles of the client."""
        return self.client.handles

    @property
    def admin(self) -> bool:
        """Whether the caller may see and do what only administrators may."""
        return self.client.caller.admin

    def require_admin(self) -> None:
        """Raises ACCESS_DENIED for anyone else."""
        if not self.admin:
            raise SMBError(NT.ACCESS_DENIED, f"{self.caller.user!r} is no administrator")

    def require_name(self) -> None:
        """Raises ACCESS_DENIED for anonymous callers."""
        if self.caller.anonymous:
            raise SMBError(NT.ACCESS_DENIED, "anonymous callers may not")

    def opened(self, what: object) -> bytes:
        """A new handle for something; raises INSUFFICIENT_RESOURCES for a client that has too many."""
        handle = self.handles.give(what)
        if handle is None:
            raise SMBError(NT.INSUFFICIENT_RESOURCES, f"more than {Handles.LIMIT} context handles")
        return handle

    def held(self, handle: bytes, kind: type[T]) -> T:
        """What a handle stands for; raises INVALID_HANDLE for one of another kind, `Fault` for one not open."""
        what = self.handles.check(handle)
        if not isinstance(what, kind):
            raise SMBError(NT.INVALID_HANDLE, f"a handle of a {type(what).__name__}")
        return what


class Operation(NamedTuple):
    """One opnum: the impacket request, the arguments wanted of it, and what answers.

    An argument is a dotted path to text or a number, or a function of the request for anything else.
    """

    request: Any
    arguments: tuple[str | Callable[[Any], Any], ...]
    run: Callable[..., Any]
    failed: bytes = b""
    """What comes before the status where `run` raises `SMBError`: null pointers, handles of zeros."""
    counts: tuple[tuple[int, int], ...] = ()
    """Places in the stub where numbers of elements stand, each with the most there may be: looked at first."""
    refusal: bool = False
    """Nobody gets anything else here than a refusal."""


def refused(status: int, before: bytes = b"") -> Operation:
    """An operation that is answered with a status, whatever it is asked. `before` is what comes in front of that."""
    answer = before + U32.pack(status)
    return Operation(Ignored, (), lambda call: answer, refusal=True)


class TableInterface:
    """An interface whose operations are a table."""

    def __init__(
        self, operations: Mapping[int, Operation], view: ServerView, codes: Mapping[int, int] | None = None
    ) -> None:
        """`codes`: what is returned in place of NT statuses (`WIN32_CODES`)."""
        self.operations = operations
        self._view = view
        self._codes = codes or {}

    def call(self, operation: int, stub: bytes, client: Client) -> bytes:
        """Decodes, runs, encodes; raises `Fault` for an opnum we lack and for senseless stub data."""
        one = self.operations.get(operation)
        if one is None:
            raise Fault(FaultStatus.OPERATION_RANGE, f"no operation {operation}")
        arguments = decode(one, stub, big_endian=client.big_endian)
        try:
            answer = one.run(Call(self._view, client), *arguments)
        except SMBError as error:
            return one.failed + U32.pack(self._codes.get(error.status, error.status))
        return answer if isinstance(answer, bytes) else encode(answer)


@contextmanager
def _impacket_silent() -> Iterator[None]:
    """Without this impacket logs a line for each level of a structure it cannot decode."""
    before = impacket_log.disabled
    impacket_log.disabled = True
    try:
        yield
    finally:
        impacket_log.disabled = before


def decode(operation: Operation, stub: bytes, *, big_endian: bool = False) -> list[Any]:
    """The arguments of a call: `str`, `int`, or None for a null pointer. Raises `Fault`."""
    for at, most in operation.counts:
        count = int.from_bytes(stub[at : at + 4], "big" if big_endian else "little")
        if count > most:
            raise Fault(FaultStatus.BAD_STUB_DATA, f"{count} elements where {most} are allowed")
    with _impacket_silent():
        try:
            request = read_request(operation.request, stub, big_endian=big_endian)
            return [
                _plain(request, one) if isinstance(one, str) else one(request) for one in operation.arguments
            ]
        except Fault:
            raise
        except Exception as error:  # impacket raises struct, key, type, Unicode and bare exceptions alike
            raise Fault(FaultStatus.BAD_STUB_DATA, repr(error)) from None


def read_request(request: Any, stub: bytes, *, big_endian: bool) -> Any:
    """A request of an impacket class, or of one of ours that reads from a `Reader`."""
    if not issubclass(request, NDR):
        return request(Reader(stub, big_endian=big_endian))
    if len(stub) > MOST_WITH_ARRAYS and has_arrays(request):
        raise Fault(FaultStatus.BAD_STUB_DATA, f"{len(stub)} bytes, {MOST_WITH_ARRAYS} allowed")
    return (in_big_endian(request) if big_endian else request)(stub)


@cache
def has_arrays(kind: Any) -> bool:
    """Whether an impacket class has an array in it whose elements are read one by one."""
    if not isinstance(kind, type) or issubclass(kind, NDRENUM):
        return False
    if issubclass(kind, NDRArray):
        item: object = kind.item  # type: ignore[attr-defined]
        return item not in (None, "c")
    inner = [one for name in ("structure", "referent") for _, one in getattr(kind, name, ())]
    if issubclass(kind, NDRUNION):
        inner += [arm[1] for arm in kind.union.values() if arm]  # type: ignore[attr-defined]
    return any(map(has_arrays, inner))


def _plain(request: Any, path: str) -> str | int | None:
    value = request
    for name in path.split("."):
        value = value[name]
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return value.split("\0", 1)[0]
    return None


def encode(response: Any) -> bytes:
    """The stub data of a response that we built: failing here is a bug of ours."""
    _number_referents(response, FIRST_REFERENT)
    data: bytes = response.getData()
    return data


def _number_referents(node: Any, referent: int) -> int:
    if isinstance(node, NDRPOINTER) and node.fields["ReferentID"]:
        node.fields["ReferentID"] = referent
        referent += 4
    for value in node.fields.values():
        if isinstance(value, NDR):
            referent = _number_referents(value, referent)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, NDR):
                    referent = _number_referents(item, referent)
    return referent


def wide(text: str) -> str:
    """Text as impacket wants it: with its null, without the lone surrogates that it cannot encode."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") + "\0"


Columns = Mapping[str, Callable[[Any], Any]]
"""Field names without their level prefix (`netname`), each with how a row gives it."""


def row(structure: Any, columns: Columns, subject: Any) -> Any:
    """An impacket structure (`SHARE_INFO_2`) filled from a row; None makes a null pointer."""
    filled = structure()
    for name, _ in structure.structure:
        value = columns[name.partition("_")[2]](subject)
        filled[name] = NULL if value is None else wide(value) if isinstance(value, str) else value
    return filled


def row_size(structure: Any, columns: Columns, subject: Any) -> int:
    """Bytes a row takes in the caller's memory, which is what a preferred length limits."""
    size = 0
    for name, _ in structure.structure:
        value = columns[name.partition("_")[2]](subject)
        size += 4 + (2 * len(value) + 2 if isinstance(value, str) else 0)
    return size


class Page(NamedTuple):
    """Part of an enumeration."""

    rows: Sequence[Any]
    total: int
    resume: int
    status: int


def page(rows: Sequence[Any], size_of: Callable[[Any], int], preferred: int, resume: int | None) -> Page:
    """The rows from a resume handle on that a preferred length has room for ([MS-SRVS] 3.1.4.8).

    `total` counts from the resume handle; the new handle is 0 at the end. Without room for one row the status
    is NERR_BufTooSmall.
    """
    start = min((resume or 0) & MAX_HANDLE, len(rows))
    end = start
    room = preferred
    for one in rows[start:]:
        if preferred != MAX_PREFERRED_LENGTH:
            room -= size_of(one)
            if room < 0:
                break
        end += 1
    if end == len(rows):
        return Page(rows[start:], len(rows) - start, 0, Win32.OK)
    status = Win32.MORE_DATA if end > start else Win32.BUFFER_TOO_SMALL
    return Page(rows[start:end], len(rows) - start, end, status)


def with_levels(structure: Any, arms: Mapping[int, tuple[str, Any]]) -> Any:
    """An impacket enumeration structure (Level and union) with more levels, each given as (name, row structure)."""
    (level, (name, union)) = structure.structure
    more = {tag: (arm, _container(item)) for tag, (arm, item) in arms.items()}
    larger = type(union.__name__, (union,), {"union": {**union.union, **more}})
    return type(structure.__name__, (structure,), {"structure": (level, (name, larger))})


def _container(item: Any) -> Any:
    """A pointer to a counted array of rows, as every enumeration level has it."""

    def pointer(name: str, referent: Any) -> Any:
        return type(name, (NDRPOINTER,), {"referent": (("Data", referent),)})

    array = type("ARRAY", (NDRUniConformantArray,), {"item": item})
    members = (("EntriesRead", NDRULONG), ("Buffer", pointer("LPARRAY", array)))
    return pointer("LPCONTAINER", type("CONTAINER", (NDRSTRUCT,), {"structure": members}))


def with_structure(call: Any, field: str, structure: Any) -> Any:
    """An impacket request or response whose field is of another structure."""
    members = tuple((name, structure if name == field else kind) for name, kind in call.structure)
    return type(call.__name__, (call,), {"structure": members})


def with_open_unions(request: Any, *fields: str) -> Any:
    """An impacket request whose level unions take any level: unknown ones get INVALID_LEVEL, not a fault.

    `fields` are the enumeration structures (`InfoStruct`) that hold such a union as their second member.
    """

    def opened(structure: Any) -> Any:
        (level, (name, union)) = structure.structure
        any_union = type(union.__name__, (union,), {"union": {**union.union, "default": None}})
        return type(structure.__name__, (structure,), {"structure": (level, (name, any_union))})

    members = tuple((name, opened(kind) if name in fields else kind) for name, kind in request.structure)
    return type(request.__name__, (request,), {"structure": members})
