"""The bytes of a message in rows, with a mark where each field begins and the names of the fields beside them."""

from collections.abc import Iterator
from typing import Final

from fakesmb.record.columns import width_of
from fakesmb.record.values import printable
from fakesmb.trace.field import Field, Tree

_WIDE, _NARROW = 16, 8
"""Bytes of a row."""
_NEEDS: Final = 120
"""Columns from which on rows are wide."""
_INDENT: Final = "    "
_COLOURS: Final = tuple(f"\x1b[{code}m" for code in (36, 33, 35, 32, 34, 31))
_RESET: Final = "\x1b[0m"


def leaves(tree: Tree, buffer: int = 0) -> list[Field]:
    """The fields that no other divides, in the order of their bytes."""
    found: list[Field] = []
    waiting = list(reversed(tree.fields))
    while waiting:
        field = waiting.pop()
        if field.fields:
            waiting.extend(reversed(field.fields))
        elif field.size and field.buffer == buffer:
            found.append(field)
    return sorted(found, key=lambda one: one.at)


def hex_lines(tree: Tree, width: int | None, *, colour: bool) -> Iterator[str]:
    """The rows of all buffers of a tree. `[` stands before the first byte of each field, `]` behind the last."""
    row_size = _WIDE if width is None or width >= _NEEDS else _NARROW
    for number, data in enumerate(tree.buffers):
        if number:
            yield f"{_INDENT}what several messages carried, put together ({len(data)} bytes):\n"
        yield from _rows(data, leaves(tree, number), row_size, width, colour)
    kept = len(tree.buffers[0]) if tree.buffers else 0
    if tree.size > kept:
        yield f"{_INDENT}{tree.size - kept} more bytes were sent, and not kept\n"


def _rows(data: bytes, fields: list[Field], row_size: int, width: int | None, colour: bool) -> Iterator[str]:
    owner = [-1] * len(data)
    for index, field in enumerate(fields):
        for at in range(field.at, min(field.at + field.size, len(data))):
            owner[at] = index
    for at in range(0, len(data), row_size):
        row = data[at : at + row_size]
        cells = "".join(_cell(data, owner, one, colour) for one in range(at, at + len(row)))
        last = at + len(row) == len(data)
        cells += "]" if last else " "
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        start = f"{_INDENT}{at:04x}  {cells}{'   ' * (row_size - len(row))}  {letters:<{row_size}}  "
        named = dict.fromkeys(owner[one] for one in range(at, at + len(row)))
        new = [index for index in named if index >= 0 and fields[index].at >= at]
        columns = 4 + 6 + 3 * row_size + 1 + 2 + row_size + 2
        yield from _beside(start, columns, [(fields[index].name, index) for index in new], width, colour)


def _cell(data: bytes, owner: list[int], at: int, colour: bool) -> str:
    begins = not at or owner[at] != owner[at - 1]
    text = f"{'[' if begins else ' '}{data[at]:02x}"
    return f"{_colour(owner[at])}{text}{_RESET}" if colour and owner[at] >= 0 else text


def _beside(
    start: str, columns: int, names: "list[tuple[str, int]]", width: int | None, colour: bool
) -> Iterator[str]:
    """The row with the names of the fields that begin in it, in more lines where one has no room."""
    line, used = start, columns
    for place, (name, index) in enumerate(names):
        text = printable(name) + (", " if place + 1 < len(names) else "")
        if width is not None and used + width_of(text.rstrip(", ")) > width and used > columns:
            yield f"{line.rstrip()}\n"
            line, used = " " * columns, columns
        line += f"{_colour(index)}{text}{_RESET}" if colour else text
        used += width_of(text)
    yield f"{line.rstrip()}\n"


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]
