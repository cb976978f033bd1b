"""Responses to an NTLM challenge, and lists of AV pairs, as fields ([MS-NLMP] 2.2.2)."""

from typing import Final

from fakesmb.trace import ntlmrecords as records
from fakesmb.trace.bitnames import AV_FLAGS, AV_IDS
from fakesmb.trace.field import Field
from fakesmb.trace.meanings import filetime
from fakesmb.trace.settle import group, leaf, unread
from fakesmb.trace.walk import walk
from fakesmb.wire.codec import Record, decode_utf16
from fakesmb.wire.ntlmssp import Av

_OLD_SIZE: Final = records.Response.size()
_PROOF: Final = records.NtlmV2Response.size()
_CHALLENGE: Final = records.NtlmV2ClientChallenge.size()
_NONCE: Final = 8
_PAIR: Final = records.AvPair.size()
_V2: Final = b"\1\1\0\0\0\0\0\0"
"""How NTLMv2_CLIENT_CHALLENGE begins: RespType, HiRespType and what is reserved."""
_TEXTS: Final = frozenset(
    {Av.COMPUTER, Av.DOMAIN, Av.DNS_COMPUTER, Av.DNS_DOMAIN, Av.DNS_TREE, Av.TARGET_NAME}
)


def is_v2(data: bytes, at: int, end: int) -> bool:
    """Whether bytes are an NTLMv2_RESPONSE."""
    return end - at >= _PROOF + _CHALLENGE and data[at + _PROOF : at + _PROOF + len(_V2)] == _V2


def nt_response(name: str, data: bytes, at: int, end: int, buffer: int = 0) -> Field:
    """NtChallengeResponse, or the Unicode password of a sign-in without extended security."""
    if is_v2(data, at, end):
        return _nt_v2(name, data, at, end, buffer)
    if end - at == _OLD_SIZE:
        return _records(name, data, at, end, buffer, "[MS-NLMP] 2.2.2.6", records.Response)
    return secret(name, data, at, end, buffer)


def lm_response(name: str, data: bytes, at: int, end: int, buffer: int = 0, *, v2: bool = False) -> Field:
    """LmChallengeResponse; `v2` where the NT response beside it is of NTLMv2."""
    if end - at != _OLD_SIZE:
        return secret(name, data, at, end, buffer)
    if v2:
        return _records(name, data, at, end, buffer, "[MS-NLMP] 2.2.2.4", records.LmV2Response)
    if not any(data[at + _NONCE : end]):
        return _records(name, data, at, end, buffer, "[MS-NLMP] 3.3.1", records.LmSessionResponse)
    return _records(name, data, at, end, buffer, "[MS-NLMP] 2.2.2.3", records.Response)


def secret(name: str, data: bytes, at: int, end: int, buffer: int = 0) -> Field:
    """Bytes that prove a password, of no form that is known."""
    return Field(name, at, end - at, data[at:end].hex(), secret=True, buffer=buffer)


def _records(
    name: str, data: bytes, at: int, end: int, buffer: int, section: str, cls: type[Record]
) -> Field:
    fields = walk(cls, data, at, end, buffer=buffer).fields
    return group(name, at, end, fields, data, section=section, buffer=buffer)


def _nt_v2(name: str, data: bytes, at: int, end: int, buffer: int) -> Field:
    proof = walk(records.NtlmV2Response, data, at, end, buffer=buffer)
    head = walk(records.NtlmV2ClientChallenge, data, proof.end, end, buffer=buffer)
    pairs, last = av_pairs(data, head.end, end, buffer)
    inner = [*head.fields, *pairs]
    if last < end:
        inner.append(leaf("Reserved4", last, end - last, data[last:end].hex(), buffer=buffer))
    challenge = group(
        "NTLMv2_CLIENT_CHALLENGE",
        proof.end,
        end,
        inner,
        data,
        section="[MS-NLMP] 2.2.2.7",
        buffer=buffer,
    )
    inside = [*proof.fields, challenge]
    return group(name, at, end, inside, data, section="[MS-NLMP] 2.2.2.8", meaning="NTLMv2", buffer=buffer)


def av_pairs(data: bytes, at: int, end: int, buffer: int = 0) -> tuple[list[Field], int]:
    """A group for each pair, the end mark included, and where they end."""
    found: list[Field] = []
    while at + _PAIR <= end:
        head = walk(records.AvPair, data, at, end, buffer=buffer)
        kind, size = head.value.av_id, head.value.av_len
        last = head.end + size
        if last > end:
            found.append(
                unread(at, end, f"a pair of {size} bytes, {end - head.end} there", data, buffer=buffer)
            )
            return found, end
        inside = head.fields
        told = AV_IDS(kind) or f"AvId {kind}"
        if size:
            value = _av_value(kind, data, head.end, last, buffer)
            told += f": {value.meaning or value.value}"
            inside.append(value)
        found.append(
            group("AV_PAIR", at, last, inside, data, section="[MS-NLMP] 2.2.2.1", meaning=told, buffer=buffer)
        )
        at = last
        if kind == Av.EOL:
            break
    return found, at


def _av_value(kind: int, data: bytes, at: int, end: int, buffer: int) -> Field:
    size, raw = end - at, data[at:end]
    if kind in _TEXTS:
        return leaf("Value", at, size, decode_utf16(raw[: size & ~1]), buffer=buffer)
    if kind == Av.TIMESTAMP and size == 8:
        ticks = int.from_bytes(raw, "little")
        return leaf("Value", at, size, ticks, filetime(ticks), buffer=buffer)
    if kind == Av.FLAGS and size == 4:
        flags = int.from_bytes(raw, "little")
        return leaf("Value", at, size, flags, AV_FLAGS(flags), buffer=buffer)
    if kind == Av.SINGLE_HOST and size >= records.SingleHost.size():
        fields = walk(records.SingleHost, data, at, end, buffer=buffer).fields
        return group(
            "Value",
            at,
            end,
            fields,
            data,
            section="[MS-NLMP] 2.2.2.2",
            meaning="Single_Host_Data",
            buffer=buffer,
        )
    return leaf("Value", at, size, raw.hex(), buffer=buffer)
