"""A message as a tree of labelled bytes: what `fakesmb show`, the control API and the page show."""

from typing import Any

import msgspec


class Field(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Some bytes that lie side by side: one value, or a group of fields that together fill it."""

    name: str
    """As the specification writes it: `NegotiateFlags`."""
    at: int
    """Offset in its buffer, of a message from its SMB header (that 0xFF is at 0)."""
    size: int
    """Bytes; 0 for a value that the context gives, such as the interface of a call."""
    value: Any = None
    """int, str, bool, or hexadecimal digits of bytes; None for a group, and for a secret that is hidden."""
    meaning: str = ""
    """The value for people: names of flags, a status, a time in UTC; `hidden` for a secret."""
    section: str = ""
    """Where it is specified: `[MS-CIFS] 2.2.4.64.1`. A field without one is of its group's section."""
    note: str = ""
    """A sentence for newcomers, where the value puzzles them."""
    secret: bool = False
    """Whether the value lets others guess a password or replay a proof; its bytes are zeros where it is hidden."""
    buffer: int = 0
    """Which of the tree's buffers it lies in: 0 is the message, others are what several messages carried together."""
    fields: "tuple[Field, ...]" = ()


class Tree(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One message, whole: its top fields are the SMB header and then each command."""

    fields: tuple[Field, ...]
    buffers: tuple[bytes, ...]
    """The message as far as it was kept, and what was put together of several messages; secrets are zeros."""
    size: int
    """Bytes of the message as it was sent."""
    problem: str = ""
    """Why a part could not be read, in one line."""
    notes: tuple[str, ...] = ()
    """Sentences for newcomers about the message as a whole."""
