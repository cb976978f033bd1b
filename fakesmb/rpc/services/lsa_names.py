"""Names to SIDs and SIDs to names ([MS-LSAT]).

Explorer's security tab, macOS' Finder, smbcacls and rpcclient translate the SIDs of descriptors with it.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from impacket.dcerpc.v5 import lsat

from fakesmb.nt.status import NT
from fakesmb.rpc.byteorder import Reader
from fakesmb.rpc.faults import Fault
from fakesmb.rpc.ndr import Writer
from fakesmb.rpc.services.accounts import DOMAIN, UNKNOWN, Account, Directory
from fakesmb.rpc.services.lsa_objects import Policy, held, sid_bytes, unicode_string
from fakesmb.rpc.stub import FIRST_REFERENT, U32, Call, Operation
from fakesmb.wire.dcerpc import FaultStatus

MAX_LOOKUPS: Final = 1000
"""Names or SIDs of one call ([MS-LSAT] 2.2.12)."""
_MAX_ENTRIES: Final = 32
"""Ignored ([MS-LSAT] 2.2.12); what Windows sends."""


class _Domains:
    """The referenced domains of a lookup, in order of mention."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}
        self._names: list[Account] = []

    def index(self, account: Account) -> int:
        """The place of an account's domain in the list."""
        at = self._index.setdefault(account.domain_sid, len(self._names))
        if at == len(self._names):
            self._names.append(account)
        return at

    def write(self, writer: Writer) -> None:
        """ReferencedDomains, [MS-LSAT] 2.2.12."""
        writer.referent()
        writer.numbers("I", len(self._names))
        writer.pointer(self._rows(writer) if self._names else None)
        writer.numbers("I", _MAX_ENTRIES)
        writer.flush()

    def _rows(self, writer: Writer) -> Callable[[], None]:
        def write() -> None:
            writer.numbers("I", len(self._names))
            for account in self._names:
                writer.unicode_string(account.domain)
                writer.pointer(partial(_write_sid, writer, account.domain_sid))

        return write


class _Form(NamedTuple):
    """What a translated name or SID looks like in one form of the call."""

    rid: bool = False
    sid: bool = False
    name: bool = False
    flags: bool = True


def _write_sid(writer: Writer, sid: str) -> None:
    writer.align(4)
    writer.raw(sid_bytes(sid))


def _outcome(mapped: int, asked: int) -> int:
    if mapped == asked:
        return NT.SUCCESS
    return NT.SOME_NOT_MAPPED if mapped else NT.NONE_MAPPED


def _rid(account: Account) -> int:
    return 0xFFFFFFFF if account.use == DOMAIN else int(account.sid.rpartition("-")[2])


def _translated(form: _Form, asked: Sequence[str], found: Sequence[Account | None]) -> bytes:
    """The response: the domains, a row for each name or SID, how many are known, the status.

    An unknown SID is its own name.
    """
    domains, writer = _Domains(), Writer()
    places = [-1 if one is None else domains.index(one) for one in found]

    def rows() -> None:
        writer.numbers("I", len(found))
        for text, account, place in zip(asked, found, places, strict=True):
            writer.numbers("I", UNKNOWN if account is None else account.use)
            if form.rid:
                writer.numbers("I", 0 if account is None else _rid(account))
            elif form.sid:
                writer.pointer(None if account is None else partial(_write_sid, writer, account.sid))
            else:
                writer.unicode_string(text if account is None else account.name)
            writer.numbers("i", place)
            if form.flags:
                writer.numbers("I", 0)

    domains.write(writer)
    writer.numbers("I", len(found))
    writer.pointer(rows if found else None)
    writer.flush()
    mapped = sum(one is not None for one in found)
    writer.numbers("I", mapped)
    return writer.done(_outcome(mapped, len(found)))


def lookup_names(form: _Form) -> Callable[..., bytes]:
    """LsarLookupNames in each of its forms, [MS-LSAT] 3.1.4.5 to 3.1.4.8."""

    def run(call: Call, handle: bytes, names: Sequence[str]) -> bytes:
        held(call, handle, Policy)
        directory = Directory(call.view.facts, call.caller)
        return _translated(form, names, [directory.by_name(name) for name in names])

    return run


def lookup_sids(form: _Form) -> Callable[..., bytes]:
    """LsarLookupSids in each of its forms, [MS-LSAT] 3.1.4.9 to 3.1.4.11."""

    def run(call: Call, handle: bytes, sids: Sequence[str]) -> bytes:
        held(call, handle, Policy)
        directory = Directory(call.view.facts, call.caller)
        return _translated(form, sids, [directory.by_sid(sid) for sid in sids])

    return run


class NamesRequest:
    """The requests that have names, read here: a thousand of them take impacket a tenth of a second."""

    def __init__(self, reader: Reader) -> None:
        self.handle = reader.handle()
        count, there = reader.numbers("II")
        if not count == there <= MAX_LOOKUPS:
            raise ValueError(f"{there} names, {count} announced, {MAX_LOOKUPS} allowed")
        strings = [reader.numbers("HHI") for _ in range(there)]
        self.names = [reader.wide_string().rstrip("\0") if buffer else "" for _, _, buffer in strings]


class SidsRequest:
    """The requests that have SIDs."""

    def __init__(self, reader: Reader) -> None:
        self.handle = reader.handle()
        count, pointer = reader.numbers("II")
        there = reader.number() if pointer else 0
        if not count == there <= MAX_LOOKUPS:
            raise ValueError(f"{there} SIDs, {count} announced, {MAX_LOOKUPS} allowed")
        buffers = [reader.number() for _ in range(there)]
        if not all(buffers):
            raise ValueError("a null pointer instead of a SID")
        self.sids = [reader.sid() for _ in range(there)]


class GetUserNameRequest:
    """LsarGetUserName, [MS-LSAT] 3.1.4.4, read here: impacket takes its pointer to a pointer for one pointer."""

    def __init__(self, reader: Reader) -> None:
        if reader.number():
            reader.wide_string()
        if reader.number():
            _, _, buffer = reader.numbers("HHI")
            if buffer:
                reader.wide_string()
        self.domain_wanted = bool(reader.number())


def get_user_name(call: Call, domain_wanted: bool) -> bytes:
    """LsarGetUserName, [MS-LSAT] 3.1.4.4: the caller's own name and domain."""
    caller = call.caller
    user = "ANONYMOUS LOGON" if caller.anonymous else caller.user
    domain = "NT AUTHORITY" if caller.anonymous else call.view.facts.name.upper()
    out = U32.pack(FIRST_REFERENT) + unicode_string(user, FIRST_REFERENT + 4)
    if domain_wanted:
        out += struct.pack("<II", FIRST_REFERENT + 8, FIRST_REFERENT + 12)
        out += unicode_string(domain, FIRST_REFERENT + 16)
    else:
        out += U32.pack(0)
    return out + U32.pack(NT.SUCCESS)


def secure_channel_only(call: Call) -> bytes:
    """LsarLookupSids3 and LsarLookupNames4, [MS-LSAT] 3.1.4.5 and 3.1.4.9: for domain members' channels."""
    raise Fault(FaultStatus.ACCESS_DENIED, "only over a secure channel")


_NAMES: Final = ((20, MAX_LOOKUPS), (24, MAX_LOOKUPS))
"""Where Count and the length of the array stand, behind the handle."""
_SIDS: Final = ((20, MAX_LOOKUPS), (28, MAX_LOOKUPS))
_NOTHING_MAPPED: Final = bytes(16)
"""No domains, no entries, none mapped."""


def _of_names(form: _Form) -> Operation:
    arguments = (lambda request: request.handle, lambda request: request.names)
    return Operation(NamesRequest, arguments, lookup_names(form), _NOTHING_MAPPED, _NAMES)


def _of_sids(form: _Form) -> Operation:
    arguments = (lambda request: request.handle, lambda request: request.sids)
    return Operation(SidsRequest, arguments, lookup_sids(form), _NOTHING_MAPPED, _SIDS)


OPERATIONS: Final[Mapping[int, Operation]] = {
    14: _of_names(_Form(rid=True, flags=False)),
    15: _of_sids(_Form(name=True, flags=False)),
    45: Operation(GetUserNameRequest, (lambda request: request.domain_wanted,), get_user_name),
    57: _of_sids(_Form(name=True)),
    58: _of_names(_Form(rid=True)),
    68: _of_names(_Form(sid=True)),
    76: Operation(lsat.LsarLookupSids3, (), secure_channel_only, refusal=True),
    77: Operation(lsat.LsarLookupNames4, (), secure_channel_only, refusal=True),
}
