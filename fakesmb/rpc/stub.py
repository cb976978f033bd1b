"""Stub data through impacket's NDR types: the one place where they are decoded, filled and encoded.

An interface is a table of `Operation`s. Arguments reach an operation as plain text and numbers, so that
whatever hostile stub data does to impacket is contained here; an operation gives back an impacket response,
or bytes where the response is simple or impacket has it wrong.

Importing this module imports impacket's RPC stack (a tenth of a second): only interface modules do so.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import msgspec
from impacket.dcerpc.v5.ndr import (
    NDR,
    NDRPOINTER,
    NDRSTRUCT,
    NDRULONG,
    NULL,
    NDRUniConformantArray,
)

from fakesmb.rpc.dcerpc import Fault, FaultCode
from fakesmb.rpc.view import Caller, ServerView


class Win32:
    """NET_API_STATUS values that calls return, [MS-ERREF] 2.2."""

    OK: Final = 0
    ACCESS_DENIED: Final = 5
    NOT_SUPPORTED: Final = 50
    INVALID_PARAMETER: Final = 87
    INVALID_NAME: Final = 123
    INVALID_LEVEL: Final = 124
    MORE_DATA: Final = 234
    NO_SUCH_LOGON_SESSION: Final = 1312
    BUFFER_TOO_SMALL: Final = 2123
    NET_NAME_NOT_FOUND: Final = 2310
    DEVICE_NOT_SHARED: Final = 2311
    CLIENT_NAME_NOT_FOUND: Final = 2312
    FILE_ID_NOT_FOUND: Final = 2314
    USER_NOT_FOUND: Final = 2221


MAX_PREFERRED_LENGTH: Final = 0xFFFFFFFF
MAX_HANDLE: Final = 0xFFFFFFFF
FIRST_REFERENT: Final = 0x00020000
"""Referent identifiers as Windows numbers them: not random, so that an exchange can be repeated."""

impacket_log = logging.getLogger("impacket")


class Handles:
    """The context handles ([C706] 4.2.16.6) that one client has open on one interface."""

    SIZE: Final = 20
    LIMIT: Final = 64

    def __init__(self) -> None:
        self._open: set[bytes] = set()
        self._given = 0

    def give(self) -> bytes | None:
        """A new handle; None for a client that has too many."""
        if len(self._open) >= self.LIMIT:
            return None
        self._given += 1
        handle = self._given.to_bytes(self.SIZE, "big")  # the attributes in front stay 0
        self._open.add(handle)
        return handle

    def check(self, handle: bytes) -> None:
        """Raises `Fault` for a handle that is not open."""
        if handle not in self._open:
            raise Fault(FaultCode.CONTEXT_MISMATCH)

    def close(self, handle: bytes) -> None:
        """Ends a handle; raises `Fault` if it is not open."""
        self.check(handle)
        self._open.remove(handle)


class Call(msgspec.Struct, frozen=True):
    """What an operation knows besides its arguments."""

    view: ServerView
    caller: Caller
    handles: Handles

    @property
    def admin(self) -> bool:
        """Whether the caller may see and do what only administrators may."""
        return self.caller.admin


class Operation(NamedTuple):
    """One opnum: the impacket request, the arguments wanted of it, and what answers.

    An argument is a dotted path to text or a number, or a function of the request for anything else.
    """

    request: Any
    arguments: tuple[str | Callable[[Any], Any], ...]
    run: Callable[..., Any]


class TableInterface:
    """An interface whose operations are a table, for one client."""

    def __init__(self, operations: Mapping[int, Operation], view: ServerView) -> None:
        self._operations = operations
        self._view = view
        self._handles = Handles()

    def call(self, operation: int, stub: bytes, caller: Caller) -> bytes:
        """Decodes, runs, encodes; raises `Fault` for an opnum we lack and for senseless stub data."""
        one = self._operations.get(operation)
        if one is None:
            raise Fault(FaultCode.OPERATION_RANGE)
        answer = one.run(Call(self._view, caller, self._handles), *decode(one, stub))
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


def decode(operation: Operation, stub: bytes) -> list[Any]:
    """The arguments of a call: `str`, `int`, or None for a null pointer. Raises `Fault`."""
    with _impacket_silent():
        try:
            request = operation.request(stub)
            return [
                _plain(request, one) if isinstance(one, str) else one(request) for one in operation.arguments
            ]
        except Exception as error:  # impacket raises struct, key, type, Unicode and bare exceptions alike
            raise Fault(FaultCode.BAD_STUB_DATA, repr(error)) from None


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
