"""The commands of a message as fields: each block of its AndX chain, whatever form it has."""

import struct
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from fakesmb.record.events import Part
from fakesmb.trace.carrying import region_field
from fakesmb.trace.field import Field
from fakesmb.trace.half import Half
from fakesmb.trace.inside import INSIDE
from fakesmb.trace.otherlayouts import REQUESTS, ReadMpxResponse, response_class
from fakesmb.trace.region import Kind, Region
from fakesmb.trace.sealing import SIGN_INS, sealed
from fakesmb.trace.sections import command_section
from fakesmb.trace.settle import group, leaf, unread
from fakesmb.trace.transactionfields import WORDS, Transaction
from fakesmb.trace.walk import fixed_fields, rows_of, walk_parts
from fakesmb.trace.walkparts import Place
from fakesmb.wire import files, printing, raw, search, session
from fakesmb.wire.chain import MOST_COMMANDS
from fakesmb.wire.codec import Block, Body, Cursor, DecodeError, Empty, layout_of, words_of
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, NO_ANDX
from fakesmb.wire.names import COMMANDS, command_name, title
from fakesmb.wire.negotiate import Capability, NegotiateNtResponse
from fakesmb.wire.trans import Transaction2Request

_BY_OFFSET: Final[Mapping[type[Body], tuple[str, str, str]]] = {
    files.ReadAndxResponse: ("data_offset", "data_length", "data_length_high"),
    files.WriteAndxRequest: ("data_offset", "data_length", "data_length_high"),
    raw.WriteRawRequest: ("data_offset", "data_length", ""),
    raw.WriteMpxRequest: ("data_offset", "data_length", ""),
    ReadMpxResponse: ("data_offset", "data_length", ""),
}
"""Classes whose data lie where their words say: the words of offset, length, and the length's high half."""
_IOCTLS: Final = frozenset({files.IoctlRequest, printing.IoctlResponse})
"""Classes with parameters and data of a device where their words say."""
_TRANSFERS: Final = frozenset(
    {*_BY_OFFSET, files.ReadResponse, files.WriteRequest, files.WriteAndCloseRequest, raw.WriteRawRequest}
)
_EXTRA: Final[Mapping[type[Body], str]] = {
    session.SessionSetupExtendedRequest: "PrimaryDomain",
    session.SessionSetupExtendedResponse: "PrimaryDomain",
}
"""What Samba and some others add to a form that does not have it."""
_EXTENDED_CREATE: Final = files.NtCreateAndxExtendedResponse
_PIPE_MESSAGE: Final = files.WriteMode.RAW | files.WriteMode.MESSAGE_START
_ANDX: Final = struct.Struct("<BBH")


class Found(NamedTuple):
    """One command's fields."""

    field: Field
    further: tuple[Field, ...]
    """What belongs to it and lies behind the next command."""
    code: int
    """Of the next command; NO_ANDX where there is none."""
    offset: int
    """Where that begins."""


def command_fields(half: Half) -> list[Field]:
    """A group for each command of the chain, in the order of their bytes."""
    found: list[Field] = []
    code, at = half.header.command, HEADER_SIZE
    for index in range(MOST_COMMANDS):
        one = _Block(half, index, code, at).found()
        found += (one.field, *one.further)
        if one.code == NO_ANDX:
            return found
        if one.offset <= at:
            half.problems.append(f"AndXOffset {one.offset} does not lead forward from {at}")
            return found
        if one.offset >= len(half.message):
            half.problems.append(half.cut or f"AndXOffset {one.offset} leads out of the message")
            return found
        code, at = one.code, one.offset
    half.problems.append(f"a chain of more than {MOST_COMMANDS} commands")
    return found


class _Block:
    """One command while its fields are found."""

    def __init__(self, half: Half, index: int, code: int, at: int) -> None:
        self.half = half
        self.code = code
        self.at = at
        self.asked = half.asked_at(index)
        self.part = half.own[index] if index < len(half.own) else Part(code)
        self.message = half.message
        self.end = len(half.message)
        self.following = (NO_ANDX, 0)
        self.values: dict[str, Any] = {}
        self.transaction: Transaction | None = None
        self.cls: type[Body] | None = None

    def found(self) -> Found:
        """The command's group."""
        half, message, at, end = self.half, self.message, self.at, self.end
        if at >= end:
            half.problems.append(half.cut or "no WordCount")
            return Found(Field(command_name(self.code), at, 0), (), NO_ANDX, 0)
        count = message[at]
        self.cls = self._class(count)
        words = count
        if self.cls is _EXTENDED_CREATE:
            words = _EXTENDED_CREATE.TRUE_WORD_COUNT
        words_at, words_end = at + 1, min(at + 1 + 2 * words, end)
        parameters = [leaf("WordCount", at, 1, count), *self._words(count, words_at, words_end)]
        code, offset = self.following
        limit = offset if code != NO_ANDX and words_at < offset < end else end
        blocks = [group("SMB_Parameters", at, words_end, parameters, message)]
        further: list[Field] = []
        if words_end + 2 <= end and words_end == at + 1 + 2 * words:
            data, further = self._data(words_end, limit)
            blocks.append(data)
        elif half.whole:
            half.problems.append(f"WordCount {count} goes beyond the message")
        last = min(max(one.at + one.size for one in blocks), limit)
        section = command_section(self.code, self.cls, is_request=half.is_request)
        kind = "request" if half.is_request else "response"
        told = f"{title(self.code)} {kind}" if self.code in COMMANDS else kind
        field = group(command_name(self.code), at, last, blocks, message, section=section, meaning=told)
        if self.code in SIGN_INS and half.is_request:
            field, further = sealed(field), [sealed(one) for one in further]
        return Found(field, tuple(further), code, offset)

    def _class(self, count: int) -> type[Body] | None:
        half = self.half
        if half.is_request:
            if self.code == Command.SESSION_SETUP_ANDX:
                return session.SESSION_SETUP_FORMS.get(count)
            return REQUESTS.get(self.code)
        if half.exchange.status and not count:
            return Empty
        words_at, bytes_at = self.at + 1, self.at + 3 + 2 * count
        if bytes_at > self.end:
            return None
        block = Block(self.message, count, words_at, bytes_at, 0, half.unicode, half.encoding)
        try:
            return response_class(self.code, block)
        except (DecodeError, struct.error):
            return None

    # -- words ---------------------------------------------------------------------------------------------

    def _words(self, count: int, at: int, end: int) -> list[Field]:
        cls, half = self.cls, self.half
        if cls is None:
            why = f"{command_name(self.code)} has no form of {count} words that is known here"
            half.problems.append(why)
            return [unread(at, end, why, self.message)] if at < end else []
        if cls in WORDS:
            self.transaction = Transaction(half, self.code, self.part, self.asked)
            return self.transaction.words(WORDS[cls], at, end)
        found: list[Field] = []
        if cls.ANDX and end - at >= _ANDX.size:
            found += self._andx(at)
            at += _ANDX.size
        return found + self._fixed(cls, count, at, end)

    def _andx(self, at: int) -> list[Field]:
        code, reserved, offset = _ANDX.unpack_from(self.message, at)
        self.following = code, offset
        told = "no further command" if code == NO_ANDX else command_name(code)
        return [
            leaf("AndXCommand", at, 1, code, told),
            leaf("AndXReserved", at + 1, 1, reserved),
            leaf("AndXOffset", at + 2, 2, offset),
        ]

    def _fixed(self, cls: type[Body], count: int, at: int, end: int) -> list[Field]:
        rows = rows_of(cls)
        forms = words_of(cls).forms
        if cls is _EXTENDED_CREATE:
            count = _EXTENDED_CREATE.TRUE_WORD_COUNT
        if count not in forms:
            self.half.problems.append(f"WordCount {count} of {command_name(self.code)}")
        values = []
        place = at
        for row in rows:
            if place + row.size > end:
                break
            values.append(row.layout.unpack_from(self.message, place)[0])
            place += row.size
        self.values = {row.field: value for row, value in zip(rows, values, strict=False)}
        return fixed_fields(rows, values, at, known=self.half.known)

    # -- bytes ---------------------------------------------------------------------------------------------

    def _data(self, at: int, limit: int) -> tuple[Field, list[Field]]:
        half, message = self.half, self.message
        count = int.from_bytes(message[at : at + 2], "little")
        bytes_at = at + 2
        said = bytes_at + count
        if said > half.size:
            half.problems.append(f"ByteCount {count} goes beyond the message")
        inside = [leaf("ByteCount", at, 2, count)]
        found = self._bytes(bytes_at, min(said, self.end), count)
        inside += [one for one in found if one.at < limit or not one.size]
        further = [one for one in found if one.at >= limit and one.size]
        last = max([min(said, self.end), *(one.at + one.size for one in inside)])
        return group("SMB_Data", at, min(last, max(limit, bytes_at)), inside, message), further

    def _bytes(self, at: int, end: int, count: int) -> list[Field]:
        cls, half = self.cls, self.half
        if self.transaction is not None:
            return self._transaction(at, end)
        if cls is None:
            why = "bytes of a form that is not known here"
            return [unread(at, end, why, self.message)] if at < end else []
        if cls in _BY_OFFSET:
            return self._payload(cls, at)
        if cls in _IOCTLS:
            return self._ioctl(at)
        if at >= end and count and not half.whole:
            return [Field("Data", at, 0, None, f"{half.size - at} bytes, which are not kept")]
        return self._parts(cls, at, end)

    def _transaction(self, at: int, end: int) -> list[Field]:
        transaction = self.transaction
        assert transaction is not None
        found: list[Field] = []
        if self.cls is not None and getattr(self.cls, "NAMED", False) and at < end:
            found += transaction.name_field(at, end)
        elif self.cls is Transaction2Request and at < end and not self.message[at]:
            found.append(leaf("Name", at, 1, 0, "not used"))
        return found + transaction.blocks(at)

    def _payload(self, cls: type[Body], at: int) -> list[Field]:
        half, values = self.half, self.values
        offset_field, length_field, high_field = _BY_OFFSET[cls]
        length = values.get(length_field, 0) | values.get(high_field, 0) << 16
        offset = values.get(offset_field, 0)
        if not length:
            return []
        if offset < at or offset + length > half.size:
            half.problems.append(f"Data at {offset}, {length} bytes, in a message of {half.size}")
            return []
        end = min(offset + length, self.end)
        if offset >= end:
            return [Field("Data", self.end, 0, None, f"{length} bytes, which are not kept")]
        found = []
        if cls is files.WriteAndxRequest and half.on_pipe:
            mode = values.get("write_mode", 0)
            if mode & _PIPE_MESSAGE == _PIPE_MESSAGE and end - offset >= 2:
                whole = int.from_bytes(self.message[offset : offset + 2], "little")
                found.append(leaf("MessageLength", offset, 2, whole))
                offset += 2
        found.append(self._data_field(offset, end))
        return found

    def _ioctl(self, at: int) -> list[Field]:
        found = []
        for name, count, offset in (
            ("Parameters", "parameter_count", "parameter_offset"),
            ("Data", "data_count", "data_offset"),
        ):
            start, size = self.values.get(offset, 0), self.values.get(count, 0)
            if size and start >= at and start + size <= self.end:
                if self.cls is printing.IoctlResponse and name == "Data" and size == printing.JobInfo.size():
                    region = Region(Kind.JOB_INFO, start, start + size, self.part, self.asked)
                    found.append(region_field(name, region, self.half))
                    continue
                found.append(Field(name, start, size, self.message[start : start + size].hex()))
            elif size:
                self.half.problems.append(self.half.cut or f"{name} at {start}, {size} bytes")
        return found

    def _data_field(self, at: int, end: int, name: str = "Data") -> Field:
        half = self.half
        if half.on_pipe and at < end:
            return region_field(name, Region(Kind.PIPE, at, end, self.part, self.asked), half)
        return Field(name, at, end - at, self.message[at:end].hex())

    def _parts(self, cls: type[Body], at: int, end: int) -> list[Field]:
        half = self.half
        unicode = half.unicode
        if cls is NegotiateNtResponse:
            unicode = bool(self.values.get("capabilities", 0) & Capability.UNICODE)
        cursor = Cursor(self.message, at, end, unicode=unicode, encoding=half.encoding)
        for name in layout_of(cls).names:
            self.values.setdefault(name, 0)
        found: list[Field] = []
        problem = walk_parts(cls, cursor, self.values, found, Place(self.message, 0, cut=not half.whole))
        if problem:
            half.problems.append(half.cut or problem)
        found += self._extra(cls, cursor)
        return [self._deeper(cls, one) for one in found]

    def _extra(self, cls: type[Body], cursor: Cursor) -> list[Field]:
        """A string that some senders add at the end."""
        name = _EXTRA.get(cls, "")
        at = cursor.at
        if not name or cursor.left < 2:
            return []
        text = cursor.text(strict=False)
        return [leaf(name, at, cursor.at - at, text)]

    def _deeper(self, cls: type[Body], field: Field) -> Field:
        """A field with what is in it, where it has a structure of its own."""
        if not field.size or field.fields:
            return field
        if field.name in ("Data", "Bytes") and cls in _TRANSFERS:
            return self._data_field(field.at, field.at + field.size, field.name)
        if cls is search.SearchResponse and field.name == "DirectoryInformationData":
            region = Region(Kind.SEARCH_ENTRIES, field.at, field.at + field.size, self.part, self.asked)
            return region_field(field.name, region, self.half)
        if cls is printing.GetPrintQueueResponse and field.name in ("Data", "Entries"):
            region = Region(Kind.PRINT_ENTRIES, field.at, field.at + field.size, self.part, self.asked)
            return region_field(field.name, region, self.half)
        walker = INSIDE.get((cls, field.name))
        return field if walker is None else walker(field, self.half)
