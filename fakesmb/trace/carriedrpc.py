"""What goes over a named pipe as fields: PDUs of DCE/RPC with header, body, stub and verifier ([C706] 12.6).

Who has followed the conversation knows the interface and the operation of each PDU, and what fragments came to
(`Context`). Without that a PDU is read as far as it goes alone, and the pipe's name stands for the interface.
"""

from collections.abc import Callable, Mapping
from typing import Final

from fakesmb.trace.association import PRIVACY, Association, Pdu
from fakesmb.trace.carriedstub import may_hide, operation, stub_field
from fakesmb.trace.field import Field
from fakesmb.trace.half import Half
from fakesmb.trace.meanings import bits, guid, hexadecimal, named
from fakesmb.trace.rpcmeanings import (
    FAULTS,
    NAK_REASONS,
    PACKET_TYPES,
    RESULT_REASONS,
    RESULTS,
    uuid_meaning,
    uuid_text,
)
from fakesmb.trace.settle import settled, unread
from fakesmb.trace.spnego import security_blob
from fakesmb.trace.taking import Taking
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.dcerpc import (
    LITTLE_ENDIAN,
    NDR64,
    OBJECT_SIZE,
    TRAILER_SIZE,
    Flag,
    PacketType,
)
from fakesmb.wire.fragments import AUTHENTICATION_LEVELS, AUTHENTICATION_TYPES
from fakesmb.wire.opnums import plain_interface

_SECTIONS: Final[Mapping[int, str]] = {
    PacketType.REQUEST: "[C706] 12.6.4.9",
    PacketType.RESPONSE: "[C706] 12.6.4.10",
    PacketType.FAULT: "[C706] 12.6.4.7",
    PacketType.BIND: "[C706] 12.6.4.3",
    PacketType.BIND_ACK: "[C706] 12.6.4.4",
    PacketType.BIND_NAK: "[C706] 12.6.4.5, [MS-RPCE] 2.2.2.9",
    PacketType.ALTER_CONTEXT: "[C706] 12.6.4.1",
    PacketType.ALTER_CONTEXT_RESP: "[C706] 12.6.4.2",
    PacketType.AUTH3: "[MS-RPCE] 2.2.2.5",
    PacketType.SHUTDOWN: "[C706] 12.6.4.11",
    PacketType.CO_CANCEL: "[C706] 12.6.4.6",
    PacketType.ORPHANED: "[C706] 12.6.4.8",
}
_BINDS: Final = frozenset(
    {PacketType.BIND, PacketType.BIND_ACK, PacketType.ALTER_CONTEXT, PacketType.ALTER_CONTEXT_RESP}
)
_FLAGS: Final = {
    Flag.FIRST: "PFC_FIRST_FRAG",
    Flag.LAST: "PFC_LAST_FRAG",
    Flag.MULTIPLEXED: "PFC_CONC_MPX",
    Flag.DID_NOT_EXECUTE: "PFC_DID_NOT_EXECUTE",
    0x40: "PFC_MAYBE",
    Flag.OBJECT_UUID: "PFC_OBJECT_UUID",
}
_BIND_FLAGS: Final = bits(_FLAGS | {Flag.HEADER_SIGNING: "PFC_SUPPORT_HEADER_SIGN"})
_CALL_FLAGS: Final = bits(_FLAGS | {Flag.PENDING_CANCEL: "PFC_PENDING_CANCEL"})
_AUTH_TYPES: Final = named(dict(AUTHENTICATION_TYPES))
_AUTH_LEVELS: Final = named(dict(AUTHENTICATION_LEVELS))
_hex32: Final = hexadecimal(8)
_NDR64: Final = str(NDR64.uuid)


def pipe_fields(at: int, end: int, half: Half) -> tuple[Field, ...]:
    """The PDUs, or parts of PDUs, that a message carries from `at` to `end`."""
    followed = half.past
    data = half.message
    pdus = followed.pdus
    whole = followed.whole
    if whole is not None and pdus is not None:  # what several messages of a transaction carried
        buffer = half.add(whole.data)
        told = f"the last of {whole.messages} messages: what they carried together follows"
        return (
            Field("DataPiece", at, end - at, data[at:end].hex(), told),
            *_pdus(whole.data, 0, len(whole.data), buffer, pdus, half),
        )
    if followed.piece:
        told = "a part of what several messages carry, put together with the last of them"
        return (Field("DataPiece", at, end - at, data[at:end].hex(), told, secret=_may_hide(half)),)
    if pdus is None:
        pdus = Association().take(data[at:end], request=half.is_request, number=0)
    return _pdus(data, at, end, 0, pdus, half)


def _may_hide(half: Half) -> bool:
    name = plain_interface(half.context.path or half.exchange.path)
    return may_hide(name, None, request=half.is_request)


def _pdus(
    data: bytes, at: int, end: int, buffer: int, pdus: tuple[Pdu, ...], half: Half
) -> tuple[Field, ...]:
    found: list[Field] = []
    for pdu in pdus:
        start, stop = at + pdu.at, min(at + pdu.at + pdu.size, end)
        if start >= stop:
            break
        if not pdu.earlier and pdu.length:
            found += _pdu(data, start, stop, buffer, pdu, half)
        elif pdu.whole:
            found.append(_piece(data, start, stop, buffer, f"the end of a PDU of {pdu.length} bytes", half))
            found += _pdu(pdu.data, 0, len(pdu.data), half.add(pdu.data), pdu, half)
        elif pdu.length or pdu.earlier or pdu.piece:
            of = f" of {pdu.length} bytes" if pdu.length else ""
            found.append(_piece(data, start, stop, buffer, f"a part of a PDU{of}, which goes on", half))
        else:
            why = "no PDU of DCE/RPC: what this pipe speaks is not known here"
            found.append(Field("Data", start, stop - start, data[start:stop].hex(), why, buffer=buffer))
    return tuple(found)


def _piece(data: bytes, at: int, end: int, buffer: int, why: str, half: Half) -> Field:
    return Field("PduPiece", at, end - at, data[at:end].hex(), why, secret=_may_hide(half), buffer=buffer)


class _Pdu:
    """One PDU while its fields are taken."""

    def __init__(self, take: Taking, pdu: Pdu, half: Half, end: int) -> None:
        self.take = take
        self.pdu = pdu
        self.half = half
        self.start = take.at
        self.flags = 0
        self.body_end = end
        """Where the verifier with its padding begins, or the PDU ends."""
        self.trailer = -1
        """Where the verifier begins; -1 where there is none."""
        self.auth_length = 0
        self.further: list[Field] = []
        """Fields in buffers of their own."""


def _pdu(data: bytes, at: int, end: int, buffer: int, pdu: Pdu, half: Half) -> list[Field]:
    """One PDU that begins at `at`; its bytes may end early."""
    order = "little" if data[at + 4 : at + 5] and data[at + 4] & LITTLE_ENDIAN else "big"
    take = Taking(data, at, end, buffer=buffer, order=order, unicode=True)
    one = _Pdu(take, pdu, half, end)
    kind, why = -1, ""
    try:
        kind = _header(one)
        _BODIES.get(kind, _other)(one)
        _verifier(one, kind)
    except DecodeError as error:
        why = str(error) if pdu.whole else f"the PDU has {pdu.length} bytes: the others come later"
    title = PACKET_TYPES(kind) or "PDU"
    fields = take.fields
    if take.at < end:
        fields.append(
            unread(take.at, end, why or "nothing of the PDU says what these bytes are", data, buffer=buffer)
        )
    filled = settled(fields, at, end, data, buffer=buffer)
    group = Field(
        "DCE/RPC", at, end - at, None, _title(title, one), _SECTIONS.get(kind, ""), "", False, buffer, filled
    )
    return [group, *one.further]


def _title(title: str, one: _Pdu) -> str:
    call = one.pdu.call
    if call is None or call.bound is None:
        return title
    return f"{title}, {call.bound.name} {operation(call.bound.name, call.opnum)}".rstrip()


def _header(one: _Pdu) -> int:
    take = one.take
    take.number("rpc_vers", 1)
    take.number("rpc_vers_minor", 1)
    kind = take.number("PTYPE", 1, PACKET_TYPES)
    one.flags = take.number("pfc_flags", 1, _BIND_FLAGS if kind in _BINDS else _CALL_FLAGS)
    take.raw(
        "packed_drep", 4, "numbers are little-endian" if take.order == "little" else "numbers are big-endian"
    )
    length = take.number("frag_length", 2)
    auth = take.number("auth_length", 2)
    take.number("call_id", 4)
    end = one.start + length
    if auth and end <= take.end and end - auth - TRAILER_SIZE >= take.at:
        one.trailer, one.auth_length = end - auth - TRAILER_SIZE, auth
        one.body_end = max(one.trailer - take.data[one.trailer + 2], take.at)
    return kind


def _syntax(one: _Pdu, name: str) -> None:
    take = one.take
    with take.group(name) as group:
        raw = take.raw("if_uuid", 16)
        uuid = uuid_text(raw, take.order)
        version = take.number("if_version", 4)
        told = f"{version & 0xFFFF}.{version >> 16}"
        group.meaning = f"{uuid_meaning(uuid)} {told}"
        take.relabel(told)
        take.fields[-2] = Field(
            "if_uuid", take.fields[-2].at, 16, uuid, uuid_meaning(uuid), buffer=take.buffer
        )


def _sizes(one: _Pdu) -> None:
    take = one.take
    take.number("max_xmit_frag", 2)
    take.number("max_recv_frag", 2)
    take.number("assoc_group_id", 4, _hex32)


def _bind(one: _Pdu) -> None:
    take = one.take
    _sizes(one)
    count = take.number("n_context_elem", 1)
    take.raw("reserved", 3)
    for _ in range(count):
        with take.group("p_cont_elem"):
            take.number("p_cont_id", 2)
            transfers = take.number("n_transfer_syn", 1)
            take.raw("reserved", 1)
            _syntax(one, "abstract_syntax")
            for _ in range(transfers):
                _syntax(one, "transfer_syntax")


def _bind_ack(one: _Pdu) -> None:
    take = one.take
    _sizes(one)
    with take.group("sec_addr") as group:
        size = take.number("length", 2)
        group.meaning = take.text("port_spec", size, wide=False)
    take.align(4, one.start)
    count = take.number("n_results", 1)
    take.raw("reserved", 3)
    for _ in range(count):
        with take.group("p_result"):
            result = take.number("result", 2, RESULTS)
            take.number("reason", 2, RESULT_REASONS if result else "")
            _syntax(one, "transfer_syntax")


def _bind_nak(one: _Pdu) -> None:
    take = one.take
    take.number("provider_reject_reason", 2, NAK_REASONS)
    count = take.number("n_protocols", 1)
    for _ in range(count):
        with take.group("p_rt_version") as group:
            group.meaning = f"{take.number('major', 1)}.{take.number('minor', 1)}"
    take.align(4, one.start)


def _call_head(one: _Pdu) -> int:
    take = one.take
    take.number("alloc_hint", 4)
    return take.number("p_cont_id", 2, _bound(one))


def _bound(one: _Pdu) -> str:
    call = one.pdu.call
    return (
        ""
        if call is None or call.bound is None
        else f"{call.bound.name} {call.bound.major}.{call.bound.minor}"
    )


def _interface(one: _Pdu) -> str:
    call = one.pdu.call
    if call is not None and call.bound is not None:
        return call.bound.name
    return plain_interface(one.half.context.path or one.half.exchange.path)


def _request(one: _Pdu) -> None:
    take = one.take
    _call_head(one)
    interface = _interface(one)
    opnum = int.from_bytes(take.data[take.at : take.at + 2], take.order)  # type: ignore[arg-type]
    take.number("opnum", 2, operation(interface, opnum) if take.left >= 2 else "")
    if one.flags & Flag.OBJECT_UUID:
        take.raw("object", OBJECT_SIZE, guid)
    _stub(one, interface, opnum, request=True)


def _response(one: _Pdu) -> None:
    take = one.take
    _call_head(one)
    take.number("cancel_count", 1)
    take.raw("reserved", 1)
    call = one.pdu.call
    _stub(one, _interface(one), None if call is None else call.opnum, request=False)


def _fault(one: _Pdu) -> None:
    take = one.take
    _call_head(one)
    take.number("cancel_count", 1)
    take.raw("reserved", 1)
    take.number("status", 4, FAULTS)
    take.raw("reserved2", min(4, one.body_end - take.at))
    take.raw("StubData", max(one.body_end - take.at, 0))


def _stub(one: _Pdu, interface: str, opnum: int | None, *, request: bool) -> None:
    take, pdu = one.take, one.pdu
    start, end = take.at, one.body_end
    if end <= start:
        return
    if not pdu.whole:
        told = f"a part of the stub data: the PDU has {pdu.length} bytes, the others come later"
        secret = may_hide(interface, opnum, request=request)
        take.add(
            Field(
                "StubPiece",
                start,
                end - start,
                take.data[start:end].hex(),
                told,
                secret=secret,
                buffer=take.buffer,
            )
        )
        take.at = end
        return
    level = _level(one)
    in_ndr64 = pdu.call is not None and pdu.call.bound is not None and pdu.call.bound.transfer == _NDR64
    big = take.order == "big"
    data, buffer = take.data, take.buffer
    if level == PRIVACY:
        take.add(
            Field(
                "Stub",
                start,
                end - start,
                data[start:end].hex(),
                "sealed: RPC_C_AUTHN_LEVEL_PKT_PRIVACY",
                buffer=buffer,
            )
        )
    elif in_ndr64:
        secret = may_hide(interface, None, request=request)
        told = "in the transfer syntax NDR64, which is not read here"
        take.add(Field("Stub", start, end - start, data[start:end].hex(), told, secret=secret, buffer=buffer))
    elif pdu.stub is not None:
        told = f"the last of {pdu.fragments} fragments: what they carried together follows"
        secret = may_hide(interface, opnum, request=request)
        take.add(
            Field("StubPiece", start, end - start, data[start:end].hex(), told, secret=secret, buffer=buffer)
        )
        place = one.half.add(pdu.stub)
        one.further.append(
            stub_field(
                pdu.stub, 0, len(pdu.stub), interface, opnum, request=request, big_endian=big, buffer=place
            )
        )
    elif pdu.piece or one.flags & Flag.WHOLE != Flag.WHOLE:
        told = "a part of the call's stub data"
        secret = may_hide(interface, opnum, request=request)
        take.add(
            Field("StubPiece", start, end - start, data[start:end].hex(), told, secret=secret, buffer=buffer)
        )
    else:
        take.add(
            stub_field(data, start, end, interface, opnum, request=request, big_endian=big, buffer=buffer)
        )
    take.at = end


def _level(one: _Pdu) -> int:
    """How the PDU is protected, as its own verifier says."""
    return 0 if one.trailer < 0 else one.take.data[one.trailer + 1]


def _other(one: _Pdu) -> None:
    one.take.raw("Body", max(one.body_end - one.take.at, 0))


def _auth3(one: _Pdu) -> None:
    one.take.raw("pad", max(one.body_end - one.take.at, 0))


def _verifier(one: _Pdu, kind: int) -> None:
    take = one.take
    if one.trailer < 0:
        return
    take.raw("auth_pad", one.trailer - take.at)
    with take.group("sec_trailer", section="[MS-RPCE] 2.2.2.11") as group:
        auth_type = take.number("auth_type", 1, _AUTH_TYPES)
        level = take.number("auth_level", 1, _AUTH_LEVELS)
        take.number("auth_pad_length", 1)
        take.raw("auth_reserved", 1)
        take.number("auth_context_id", 4)
        group.meaning = f"{_AUTH_TYPES(auth_type)} {_AUTH_LEVELS(level)}".strip()
        _auth_value(one, kind)


def _auth_value(one: _Pdu, kind: int) -> None:
    take = one.take
    size, at = one.auth_length, take.at
    take.need(size, "auth_value")
    if kind in (PacketType.REQUEST, PacketType.RESPONSE, PacketType.FAULT):
        take.raw("auth_value", size, "the signature of the PDU")
        return
    take.add(security_blob("auth_value", take.data, at, at + size, buffer=take.buffer))
    take.at = at + size


_BODIES: Final[Mapping[int, Callable[[_Pdu], None]]] = {
    PacketType.REQUEST: _request,
    PacketType.RESPONSE: _response,
    PacketType.FAULT: _fault,
    PacketType.BIND: _bind,
    PacketType.ALTER_CONTEXT: _bind,
    PacketType.BIND_ACK: _bind_ack,
    PacketType.ALTER_CONTEXT_RESP: _bind_ack,
    PacketType.BIND_NAK: _bind_nak,
    PacketType.AUTH3: _auth3,
}
