"""Stub data of DCE/RPC calls as fields: parameters by name, by the NDR types that impacket declares."""

from typing import Any, Final

from fakesmb.nt.status import label
from fakesmb.trace.field import Field
from fakesmb.trace.meanings import named
from fakesmb.trace.sealing import sealed
from fakesmb.trace.settle import settled, unread
from fakesmb.trace.stubmeanings import meaning_of
from fakesmb.trace.taking import Taking
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.interfaces import INTERFACES
from fakesmb.wire.opnums import operation_name

_NT_STATUSES: Final = frozenset({"lsarpc", "samr", "netlogon"})
"""Interfaces whose calls end in an NTSTATUS; others end in a Win32 code."""
_STATUSES: Final = frozenset({"ErrorCode", "status"})


_POINTERS: Final = (
    "A pointer is a number that the sender makes up: 0 points to nothing, any other to what follows later."
)


def operation(interface: str, opnum: int) -> str:
    """The name of an operation; empty where it has none."""
    from fakesmb.rpc.ndrforms import operation_of  # imports impacket's RPC stack

    name = operation_name(opnum, pipe=interface)
    return operation_of(interface, opnum) if name == "unknown" else name


def may_hide(interface: str, opnum: int | None, *, request: bool) -> bool:
    """Whether a part of a call's stub data may be a part of a secret."""
    from fakesmb.rpc import ndrforms

    return ndrforms.may_hide(interface, opnum, request=request)


def stub_field(
    data: bytes,
    at: int,
    end: int,
    interface: str,
    opnum: int | None,
    *,
    request: bool,
    big_endian: bool,
    buffer: int,
) -> Field:
    """The stub data that lie from `at` to `end`: a group of parameters, or a leaf that says why there is none."""
    from fakesmb.rpc import ndrwalk
    from fakesmb.rpc.ndrforms import form_of

    form = None if opnum is None else form_of(interface, opnum, request=request)
    section = INTERFACES[interface].section if interface in INTERFACES else ""
    if form is None:
        secret = may_hide(interface, opnum, request=request)
        return _unknown(data, at, end, interface, opnum, buffer, secret=secret)
    walked = ndrwalk.walk_call(form, data[at:end], big_endian=big_endian)
    fields = [_field(node, at, interface, buffer) for node in walked.nodes]
    if walked.problem and at + walked.end < end:
        fields = [one for one in fields if one.at + one.size <= at + walked.end]
        fields.append(unread(at + walked.end, end, walked.problem, data, buffer=buffer))
    elif not walked.problem:
        fields += _verification(data, at + walked.end, end, buffer)
    filled = settled(fields, at, end, data, buffer=buffer, why=walked.problem)
    name = operation(interface, opnum or 0)
    side = "parameters" if request else "results"
    note = _POINTERS if any(node.kind == "pointer" and node.value for node in walked.nodes) else ""
    found = Field("Stub", at, end - at, None, f"{side} of {name}", section, note, False, buffer, filled)
    return sealed(found) if may_hide(interface, opnum, request=request) else found


_TRAILER: Final = bytes.fromhex("8ae3137102f43671")
_COMMANDS: Final = named(
    {1: "SEC_VT_COMMAND_BITMASK_1", 2: "SEC_VT_COMMAND_PCONTEXT", 3: "SEC_VT_COMMAND_HEADER2"}
)
_LAST: Final = 0x4000


def _verification(data: bytes, at: int, end: int, buffer: int) -> list[Field]:
    """rpc_sec_verification_trailer, [MS-RPCE] 2.2.2.13: what a client signs of the bind once more; [] for none."""
    start = data.find(_TRAILER, at, min(at + len(_TRAILER) + 4, end))
    if start < 0:
        return []
    take = Taking(data, start, end, buffer=buffer)
    try:
        with take.group("rpc_sec_verification_trailer", section="[MS-RPCE] 2.2.2.13"):
            take.raw("signature", len(_TRAILER))
            command = 0
            while take.left and not command & _LAST:
                command = take.number("command", 2, lambda value: _COMMANDS(value & 0x3FFF))
                take.raw("value", take.number("length", 2))
    except DecodeError:
        pass
    return take.fields


def _unknown(
    data: bytes, at: int, end: int, interface: str, opnum: int | None, buffer: int, *, secret: bool
) -> Field:
    if opnum is None:
        why = "the call that this answers was not seen"
    elif not interface:
        why = "the bind that says which interface this is about was not seen"
    else:
        why = f"the parameters of operation {opnum} of {interface} are not known here"
    return Field("Stub", at, end - at, data[at:end].hex(), why, secret=secret, buffer=buffer)


def _field(node: Any, base: int, interface: str, buffer: int) -> Field:
    at = base + node.at
    if node.children:
        inside = tuple(_field(one, base, interface, buffer) for one in node.children)
        meaning = meaning_of(node.kind, node.name, [one.value for one in node.children]) or node.meaning
        return Field(node.name, at, node.size, None, meaning, "", "", False, buffer, inside)
    value = node.value.hex() if isinstance(node.value, bytes) else node.value
    meaning = node.meaning
    if node.name in _STATUSES and isinstance(node.value, int):
        meaning = _status(interface, node.value)
    elif not meaning:
        meaning = meaning_of(node.kind, node.name, node.value)
    return Field(node.name, at, node.size, value, meaning, "", "", node.secret, buffer)


def _status(interface: str, value: int) -> str:
    if interface in _NT_STATUSES:
        return label(value)
    from fakesmb.rpc.ndrforms import win32_name

    return win32_name(value)
