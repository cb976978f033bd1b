"""NTLMSSP messages as fields, to their last byte ([MS-NLMP] 2.2.1)."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from fakesmb.trace import notes
from fakesmb.trace.bitnames import NTLM_FLAGS, NTLM_REVISION
from fakesmb.trace.field import Field
from fakesmb.trace.ntlmrecords import MessageSignature, Mic, Version
from fakesmb.trace.ntlmresponses import av_pairs, is_v2, lm_response, nt_response, secret
from fakesmb.trace.sealing import sealed, secret_whole
from fakesmb.trace.settle import group, leaf, unread
from fakesmb.trace.walk import walk
from fakesmb.wire.codec import decode_utf16, secret_fields
from fakesmb.wire.ntlmssp import MIC_AT, MIC_END, OEM, SIGNATURE, AuthenticateMessage, MessageType, Negotiate
from fakesmb.wire.oem import decode_oem

_HEAD: Final = 12
_ALWAYS: Final[Mapping[int, int]] = {
    MessageType.NEGOTIATE: 16,
    MessageType.CHALLENGE: 32,
    MessageType.AUTHENTICATE: 52,
}
"""Bytes without which a message is none."""


class _Slot(NamedTuple):
    """A field that lies in the payload: where its length and its offset are, and its name."""

    at: int
    name: str
    prefix: str = ""
    """Of its length and offset, where that is not the name."""
    attribute: str = ""
    """Of `AuthenticateMessage`, whose annotation says whether it is a secret."""


_SLOTS: Final[Mapping[int, tuple[_Slot, ...]]] = {
    MessageType.NEGOTIATE: (_Slot(16, "DomainName"), _Slot(24, "WorkstationName", "Workstation")),
    MessageType.CHALLENGE: (_Slot(12, "TargetName"), _Slot(40, "TargetInfo")),
    MessageType.AUTHENTICATE: (
        _Slot(12, "LmChallengeResponse", attribute="lm"),
        _Slot(20, "NtChallengeResponse", attribute="nt"),
        _Slot(28, "DomainName"),
        _Slot(36, "UserName"),
        _Slot(44, "Workstation"),
        _Slot(52, "EncryptedRandomSessionKey", attribute="session_key"),
    ),
}
_SECRETS: Final = secret_fields(AuthenticateMessage)
_NUMBERS: Final[Mapping[int, tuple[tuple[int, str, int], ...]]] = {
    MessageType.NEGOTIATE: ((12, "NegotiateFlags", 4),),
    MessageType.CHALLENGE: ((20, "NegotiateFlags", 4), (24, "ServerChallenge", 8), (32, "Reserved", 8)),
    MessageType.AUTHENTICATE: ((60, "NegotiateFlags", 4),),
}
_VERSION_AT: Final = {MessageType.NEGOTIATE: 32, MessageType.CHALLENGE: 48, MessageType.AUTHENTICATE: 64}
_VERSION: Final = 8
_SLOT: Final = 8
_SIGNED: Final = b"\1\0\0\0"

AUTHENTICATE: Final = SIGNATURE + bytes((MessageType.AUTHENTICATE, 0, 0, 0))
"""How the message begins that holds secrets."""


def token_end(data: bytes, at: int) -> int:
    """Where a message ends that begins at `at`, by what it says of itself."""
    kind = int.from_bytes(data[at + 8 : at + 12], "little")
    end = at + _ALWAYS.get(kind, _HEAD)
    for slot in _SLOTS.get(kind, ()):
        size = int.from_bytes(data[at + slot.at : at + slot.at + 2], "little")
        offset = int.from_bytes(data[at + slot.at + 4 : at + slot.at + 8], "little")
        if size:
            end = max(end, at + offset + size)
    return min(end, len(data))


def token_fields(data: bytes, at: int, end: int, *, buffer: int = 0, encoding: str = OEM) -> Field:
    """The message that begins at `at`: a group, or an unread leaf, which is a secret, where it is none."""
    size = end - at
    kind = int.from_bytes(data[at + 8 : at + 12], "little")
    if size < _HEAD or data[at : at + 8] != SIGNATURE or kind not in _SLOTS or size < _ALWAYS[kind]:
        why = "no NTLMSSP message that is known here"
        return sealed(unread(at, end, why, data, buffer=buffer))
    return _Message(data, at, end, kind, buffer, encoding).group()


def signature_fields(data: bytes, at: int, end: int, buffer: int = 0) -> list[Field]:
    """What signs a message or a list of mechanisms, a secret whole; of another mechanism's signature one value."""
    if end - at != MessageSignature.size() or data[at : at + 4] != _SIGNED:
        return [secret("Value", data, at, end, buffer)] if at < end else []
    fields = walk(MessageSignature, data, at, end, buffer=buffer).fields
    section = "[MS-NLMP] 2.2.2.9.2"
    one = group("NTLMSSP_MESSAGE_SIGNATURE", at, end, fields, data, section=section, buffer=buffer)
    return [secret_whole(one)]


class _Message:
    """One message while its fields are found."""

    def __init__(self, data: bytes, at: int, end: int, kind: int, buffer: int, encoding: str) -> None:
        self.data = data
        self.at = at
        self.end = end
        self.kind = MessageType(kind)
        self.buffer = buffer
        self.encoding = encoding
        size = end - at
        slots = [slot for slot in _SLOTS[kind] if slot.at + _SLOT <= size]
        first = [self._offset(slot) for slot in slots if self._length(slot)]
        self.payload_at = min([one for one in first if one >= _ALWAYS[kind]], default=size)
        self.slots = [slot for slot in slots if slot.at + _SLOT <= self.payload_at]
        self.flags = self._flags()

    def _u16(self, at: int) -> int:
        return int.from_bytes(self.data[self.at + at : self.at + at + 2], "little")

    def _length(self, slot: _Slot) -> int:
        return self._u16(slot.at)

    def _offset(self, slot: _Slot) -> int:
        return int.from_bytes(self.data[self.at + slot.at + 4 : self.at + slot.at + 8], "little")

    def _flags(self) -> int:
        at = _NUMBERS[self.kind][0][0]
        if at + 4 > self.payload_at:
            return Negotiate.UNICODE
        return int.from_bytes(self.data[self.at + at : self.at + at + 4], "little") or Negotiate.UNICODE

    def group(self) -> Field:
        """All of the message."""
        name = f"{self.kind.name}_MESSAGE"
        fields = [*self._head(), *self._payload()]
        told = group(
            name,
            self.at,
            self.end,
            fields,
            self.data,
            section=f"[MS-NLMP] 2.2.1.{self.kind.value}",
            note=notes.NTLM_MESSAGES[self.kind],
            buffer=self.buffer,
        )
        return sealed(told) if self.kind is MessageType.AUTHENTICATE else told

    def _leaf(self, name: str, at: int, size: int, value: object, meaning: str = "", note: str = "") -> Field:
        return Field(name, self.at + at, size, value, meaning, note=note, buffer=self.buffer)

    def _head(self) -> list[Field]:
        found = [
            self._leaf("Signature", 0, 8, "NTLMSSP"),
            self._leaf("MessageType", 8, 4, self.kind.value, self.kind.name),
            *(self._slot_fields(slot) for slot in self.slots),
        ]
        for at, name, size in _NUMBERS[self.kind]:
            if at + size <= self.payload_at:
                raw = self.data[self.at + at : self.at + at + size]
                if name == "NegotiateFlags":
                    flags = int.from_bytes(raw, "little")
                    found.append(self._leaf(name, at, size, flags, NTLM_FLAGS(flags)))
                else:
                    note = notes.SERVER_CHALLENGE if name == "ServerChallenge" else ""
                    found.append(self._leaf(name, at, size, raw.hex(), "", note))
        at = _VERSION_AT[self.kind]
        if at + _VERSION <= self.payload_at:
            found.append(self._version(self.at + at))
        if self.kind is MessageType.AUTHENTICATE and self.payload_at >= MIC_END:
            found += walk(Mic, self.data, self.at + MIC_AT, self.end, buffer=self.buffer).fields
        return found

    def _slot_fields(self, slot: _Slot) -> Field:
        prefix, at = slot.prefix or slot.name, slot.at
        size, most, offset = self._u16(at), self._u16(at + 2), self._offset(slot)
        inside = [
            self._leaf(f"{prefix}Len", at, 2, size),
            self._leaf(f"{prefix}MaxLen", at + 2, 2, most),
            self._leaf(f"{prefix}BufferOffset", at + 4, 4, offset),
        ]
        told = f"{size} bytes at {offset} of the token" if size else "empty"
        start = self.at + at
        return group(
            f"{prefix}Fields", start, start + _SLOT, inside, self.data, meaning=told, buffer=self.buffer
        )

    def _version(self, at: int) -> Field:
        walked = walk(Version, self.data, at, at + _VERSION, buffer=self.buffer)
        version = walked.value
        there = self.flags & Negotiate.VERSION and any(self.data[at : at + _VERSION])
        told = f"{version.product_major_version}.{version.product_minor_version}.{version.product_build}"
        if there:
            told = f"Windows {told}, {NTLM_REVISION(version.ntlm_revision_current)}"
        return group(
            "Version",
            at,
            at + _VERSION,
            walked.fields,
            self.data,
            section="[MS-NLMP] 2.2.2.10",
            meaning=told if there else "not told",
            buffer=self.buffer,
        )

    def _payload(self) -> list[Field]:
        found = []
        for slot in self.slots:
            size, offset = self._length(slot), self._offset(slot)
            if not size:
                note = notes.EMPTY_NAMES.get((self.kind, slot.name), "")
                if note:
                    found.append(self._leaf(slot.name, self.payload_at, 0, "", "NULL", note))
                continue
            at, end = self.at + offset, self.at + offset + size
            if at < self.at + self.payload_at or end > self.end:
                continue
            found.append(self._value(slot, at, end))
        return found

    def _value(self, slot: _Slot, at: int, end: int) -> Field:
        walker = _VALUES.get(slot.name, _text)
        found = walker(self, slot, at, end)
        return secret_whole(found) if slot.attribute in _SECRETS else found


def _text(message: _Message, slot: _Slot, at: int, end: int) -> Field:
    raw = message.data[at:end]
    if message.kind is not MessageType.NEGOTIATE and message.flags & Negotiate.UNICODE:
        text = decode_utf16(raw[: len(raw) & ~1])
    else:
        text = decode_oem(raw, message.encoding)
    return leaf(slot.name, at, end - at, text, buffer=message.buffer)


def _info(message: _Message, slot: _Slot, at: int, end: int) -> Field:
    pairs, _ = av_pairs(message.data, at, end, message.buffer)
    return group(slot.name, at, end, pairs, message.data, buffer=message.buffer)


def _lm(message: _Message, slot: _Slot, at: int, end: int) -> Field:
    nt = next((one for one in message.slots if one.name == "NtChallengeResponse"), None)
    v2 = False
    if nt is not None:
        nt_at = message.at + message._offset(nt)
        v2 = is_v2(message.data, nt_at, min(nt_at + message._length(nt), message.end))
    return lm_response(slot.name, message.data, at, end, message.buffer, v2=v2)


def _nt(message: _Message, slot: _Slot, at: int, end: int) -> Field:
    return nt_response(slot.name, message.data, at, end, message.buffer)


def _key(message: _Message, slot: _Slot, at: int, end: int) -> Field:
    return secret(slot.name, message.data, at, end, message.buffer)


_VALUES: Final[Mapping[str, Callable[[_Message, _Slot, int, int], Field]]] = {
    "TargetInfo": _info,
    "LmChallengeResponse": _lm,
    "NtChallengeResponse": _nt,
    "EncryptedRandomSessionKey": _key,
}
"""How what is no name is read, by the names of the payload."""
