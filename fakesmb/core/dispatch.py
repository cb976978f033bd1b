"""The table of commands: one row each, and what each row needs before its handler runs."""

from collections.abc import Callable, Iterable, Mapping
from enum import IntFlag
from types import ModuleType
from typing import Any, Protocol, TypeVar

import msgspec
from twisted.internet.defer import Deferred

from fakesmb.core.request import Answer, Request
from fakesmb.wire.codec import Body

P = TypeVar("P", bound=Body)


class Needs(IntFlag):
    """What dispatch checks once, so that no handler has to. Rows name one of the levels below the single bits."""

    NOTHING = 0
    SESSION = 1
    """A signed-in UID, else SMB_BAD_UID."""
    CONNECTED = 2
    """A TID of this connection, else SMB_BAD_TID; one that the user may use, else ACCESS_DENIED."""
    ON_DISK = 4
    """A tree that is a folder, not IPC$, else ACCESS_DENIED."""
    NOT_READ_ONLY = 8
    """A tree whose files the user may change, else ACCESS_DENIED."""

    TREE = SESSION | CONNECTED
    DISK = TREE | ON_DISK
    WRITABLE = DISK | NOT_READ_ONLY


Handler = Callable[[Request[Any]], Answer | Deferred[Answer]]


class CommandRow(msgspec.Struct, frozen=True):
    """One row of the table."""

    code: int
    request: type[Body]
    handler: Handler
    needs: int
    andx: bool
    refuses: bool = False
    """Whether it only ever says no, in words that its clients wait for: a command that is not answered."""


def command(
    code: int, request: type[P], needs: int = Needs.TREE, *, refuses: bool = False
) -> Callable[[Callable[[Request[P]], Answer | Deferred[Answer]]], CommandRow]:
    """Makes a handler a row of the table; `table` finds it in its module."""

    def row(handler: Callable[[Request[P]], Answer | Deferred[Answer]]) -> CommandRow:
        return CommandRow(code, request, handler, needs, request.ANDX, refuses)

    return row


class Row(Protocol):
    """A row of any table: it knows its code."""

    @property
    def code(self) -> int:
        """The command or subcommand that it answers."""


R = TypeVar("R", bound=Row)


def table(modules: Iterable[ModuleType], kind: type[R]) -> Mapping[int, R]:
    """All rows of a kind that the modules define, by code; raises `ValueError` where two claim one code."""
    rows: dict[int, R] = {}
    for module in modules:
        for row in vars(module).values():
            if isinstance(row, kind):
                if row.code in rows:
                    raise ValueError(f"code 0x{row.code:02X} has two handlers")
                rows[row.code] = row
    return rows
