"""A labelled tree as lines: offset, name, value, what that means, section; below it a sentence where it needs one."""

import re
from collections.abc import Iterator
from typing import Any, Final

from fakesmb.record.columns import ELLIPSIS, beginning, width_of
from fakesmb.record.values import printable
from fakesmb.trace.field import Field, Tree

MOST_DIGITS: Final = 128
"""Hexadecimal digits of bytes that are shown of a field; `-x` shows them all."""
_INDENT: Final = "    "
_STEP: Final = "  "
_FEW: Final = 10
"""Numbers below are the same in hexadecimal."""
_SIZE_OF_TIME: Final = 8
_NARROW_NOTES: Final = 100


def tree_lines(tree: Tree, width: int | None) -> Iterator[str]:
    """The lines of a tree, each with its newline; at most `width` columns each, None: as many as they need."""
    if tree.problem:
        yield from _wrapped(f"{_INDENT}problem: {printable(tree.problem)}", _INDENT * 2, width)
    for note in tree.notes:
        yield from note_lines(note, 0, width)
    for field in tree.fields:
        yield from _field_lines(field, 0, width)


def note_lines(note: str, depth: int, width: int | None) -> Iterator[str]:
    """A sentence below what it is about."""
    indent = f"{_INDENT}{'':4}  {_STEP * depth}~ "
    yield from _wrapped(f"{indent}{printable(note)}", indent, width or _NARROW_NOTES)


def _field_lines(field: Field, depth: int, width: int | None) -> Iterator[str]:
    place = f"{field.at:04x}" if field.size else ""
    if field.buffer and field.size:
        place = f"{field.buffer}:{place[-4:]}"
    start = f"{_INDENT}{place:<4}  {_STEP * depth}"
    section = f"  {field.section}" if field.section else ""
    yield from _wrapped(
        printable(f"{start}{field.name}{told(field)}{section}"), " " * (len(start) + 4), width
    )
    if field.note:
        yield from note_lines(field.note, depth + 1, width)
    for inner in field.fields:
        yield from _field_lines(inner, depth + 1, width)


def told(field: Field) -> str:
    """The value and the meaning of a field, behind its name."""
    value, meaning = field.value, field.meaning
    if field.secret and value is None:
        return f": hidden ({field.size} bytes)" if field.size else ": hidden"
    if value is None:
        return f": {meaning}" if meaning else ""
    return f": {value_text(value, meaning, field.size)}"


def value_text(value: Any, meaning: str, size: int) -> str:
    """A value with what it means: a time is told as that alone, a number of flags in hexadecimal."""
    if type(value) is bool or not isinstance(value, (int, str)):
        return f"{value}" + (f" = {meaning}" if meaning else "")
    if isinstance(value, str):
        shown = value if len(value) <= MOST_DIGITS or meaning else f"{value[:MOST_DIGITS]}{ELLIPSIS}"
        return f"{shown} = {meaning}" if meaning and meaning != value else shown
    if not meaning:
        return str(value) if -_FEW < value < _FEW else f"{value} (0x{value:X})"
    digits = f"0x{value:0{2 * size}X}" if value >= 0 else str(value)
    if digits in meaning or size >= _SIZE_OF_TIME:
        return meaning
    return f"{digits} = {meaning}"


def leaf_lines(text: str, depth: int, width: int | None, section: str = "") -> Iterator[str]:
    """A line of a tree whose bytes are not there."""
    start = _INDENT + _STEP * depth
    text = f"{start}{text}{f'  {section}' if section else ''}"
    yield from _wrapped(text, f"{start}    ", width)


def _wrapped(text: str, indent: str, width: int | None) -> Iterator[str]:
    """The line, in several where it is too long; a word that is too long for a line is cut."""
    if width is None or width_of(text) <= width:
        yield f"{text}\n"
        return
    line, used = "", 0
    begun = False
    for word in _WORD.findall(text):
        size = width_of(word.rstrip())
        if begun and used + size > width:
            yield f"{line.rstrip()}\n"
            line, used = indent, width_of(indent)
            word = word.lstrip()
            size = width_of(word.rstrip())
        if used + size > width:
            word = beginning(word, width - used - 1) + ELLIPSIS
        line += word
        used += width_of(word)
        begun = begun or bool(word.strip())
    yield f"{line.rstrip()}\n"


_WORD: Final = re.compile(r"\s*\S+\s?")
