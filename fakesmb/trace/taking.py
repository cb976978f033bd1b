"""Fields taken off bytes one after the other, for structures that no declaration of `wire` covers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from msgspec.structs import replace

from fakesmb.trace.field import Field
from fakesmb.trace.meanings import Meaning
from fakesmb.trace.settle import settled
from fakesmb.trace.walk import walk
from fakesmb.wire.codec import DecodeError, Record, Structure, decode_utf16
from fakesmb.wire.oem import decode_oem

MOST_FIELDS: Final = 50_000
"""Fields of one region: bytes that say they hold more are left unread."""


MOST_OF_TEXT: Final = 1024
"""Bytes of a text that are told where an offset leads to it."""


class Taking:
    """A place in a buffer. What is taken becomes a field; groups collect what is taken inside them.

    Whatever does not fit raises `DecodeError`; what was taken before that stays in `fields`.
    """

    def __init__(
        self,
        data: bytes,
        at: int,
        end: int,
        *,
        buffer: int = 0,
        order: str = "little",
        unicode: bool = True,
        encoding: str = "cp850",
    ) -> None:
        self.data = data
        self.start = self.at = at
        self.end = min(end, len(data))
        self.buffer = buffer
        self.order = order
        self.unicode = unicode
        self.encoding = encoding
        self.fields: list[Field] = []
        self._left = MOST_FIELDS

    @property
    def left(self) -> int:
        """Bytes not yet taken."""
        return self.end - self.at

    def need(self, size: int, name: str) -> None:
        """Raises `DecodeError` unless that many bytes are left."""
        if size < 0 or size > self.end - self.at:
            raise DecodeError(f"{name} has {size} bytes, {self.end - self.at} are left")

    def add(self, field: Field) -> None:
        """A field that another hand made."""
        self._left -= 1
        if self._left < 0:
            raise DecodeError(f"more than {MOST_FIELDS} fields")
        self.fields.append(field)

    def _add(
        self, name: str, size: int, value: Any, meaning: str, note: str = "", *, secret: bool = False
    ) -> None:
        self.add(Field(name, self.at, size, value, meaning, "", note, secret, self.buffer))
        self.at += size

    def number(
        self, name: str, size: int, meaning: Meaning | str = "", note: str = "", *, signed: bool = False
    ) -> int:
        """An integer."""
        self.need(size, name)
        raw = self.data[self.at : self.at + size]
        value = int.from_bytes(raw, self.order, signed=signed)  # type: ignore[arg-type]
        self._add(name, size, value, meaning if isinstance(meaning, str) else meaning(value), note)
        return value

    def raw(
        self, name: str, size: int, meaning: Meaning | str = "", note: str = "", *, secret: bool = False
    ) -> bytes:
        """Bytes as they are; none are no field."""
        self.need(size, name)
        value = self.data[self.at : self.at + size]
        if size:
            told = meaning if isinstance(meaning, str) else meaning(value)
            self._add(name, size, value.hex(), told, note, secret=secret)
        return value

    def rest(self, name: str, meaning: str = "") -> bytes:
        """All that is left."""
        return self.raw(name, max(self.left, 0), meaning)

    def text(self, name: str, size: int, *, wide: bool | None = None, meaning: str = "") -> str:
        """Text of so many bytes, as the message has it; its value ends at a null."""
        self.need(size, name)
        value = self.decoded(self.data[self.at : self.at + size], wide)
        if size:
            self._add(name, size, value, meaning)
        return value

    def decoded(self, raw: bytes, wide: bool | None = None) -> str:
        """The text that bytes hold, up to its null."""
        if self.unicode if wide is None else wide:
            raw = raw[: len(raw) & ~1]
            if self.order == "big":
                return raw.decode("utf-16-be", "replace").partition("\0")[0]
            return decode_utf16(raw).partition("\0")[0]
        return decode_oem(raw.partition(b"\0")[0], self.encoding)

    def text_at(self, at: int, wide: bool | None = None) -> str:
        """The beginning of the text that an offset leads to, as what the offset means."""
        return self.decoded(self.data[at : min(self.end, at + MOST_OF_TEXT)], wide)

    def zeroed(self, name: str, *, wide: bool | None = None, meaning: str = "") -> str:
        """Text that ends with its null, or with the bytes."""
        return self.text(name, self.zeroed_size(wide=wide), wide=wide, meaning=meaning)

    def zeroed_size(self, *, wide: bool | None = None) -> int:
        """Bytes of the text here, its null included."""
        width = 2 if (self.unicode if wide is None else wide) else 1
        at = self.at
        while at + width <= self.end:
            at += width
            if not any(self.data[at - width : at]):
                return at - self.at
        return self.end - self.at

    def align(self, size: int, base: int | None = None) -> None:
        """Skips padding up to a multiple of `size` from `base` (the region's start), as far as there is any."""
        origin = self.start if base is None else base
        pad = min(-(self.at - origin) % size, self.left)
        if pad > 0:
            self._add("Pad", pad, self.data[self.at : self.at + pad].hex(), "")

    def structure(self, cls: type[Record] | type[Structure]) -> Any:
        """The fields of a declared structure, and its value; raises `DecodeError` where it is cut."""
        walked = walk(
            cls,
            self.data,
            self.at,
            self.end,
            unicode=self.unicode,
            encoding=self.encoding,
            buffer=self.buffer,
        )
        for one in walked.fields:
            self.add(one)
        self.at = walked.end
        if walked.value is None:
            raise DecodeError(walked.problem or f"{cls.__name__} is cut")
        return walked.value

    @contextmanager
    def group(self, name: str, *, section: str = "", meaning: str = "") -> Iterator["Group"]:
        """What is taken inside becomes one field; also where that ends in a `DecodeError`."""
        outer, self.fields = self.fields, []
        told = Group(name, section, meaning)
        at = self.at
        try:
            yield told
        finally:
            inside, self.fields = self.fields, outer
            if inside:
                end = max(self.at, at)
                filled = settled(inside, at, end, self.data, buffer=self.buffer)
                self.add(
                    Field(
                        told.name,
                        at,
                        end - at,
                        None,
                        told.meaning,
                        section,
                        told.note,
                        False,
                        self.buffer,
                        filled,
                    )
                )

    def relabel(self, meaning: str) -> None:
        """Gives the field taken last a meaning."""
        self.fields[-1] = replace(self.fields[-1], meaning=meaning)


class Group:
    """What is told of a group that is being taken."""

    def __init__(self, name: str, section: str, meaning: str) -> None:
        self.name = name
        self.section = section
        self.meaning = meaning
        self.note = ""
