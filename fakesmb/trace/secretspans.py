"""Which bytes of a message are secrets, for whoever shows or keeps the message itself."""

from collections.abc import Iterator
from typing import Final

from fakesmb.record.events import Client, Exchanged, Shown
from fakesmb.trace.half import IPC
from fakesmb.trace.hiding import Spans, secrets_of
from fakesmb.trace.ntlmssp import AUTHENTICATE, token_end, token_fields
from fakesmb.trace.sealing import SIGN_INS
from fakesmb.trace.trees import trees
from fakesmb.wire.chain import ANDX_COMMANDS, MOST_COMMANDS
from fakesmb.wire.commands import Command
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE, MAGIC, NO_ANDX, Flags

_FLAGS_AT: Final = 9
_CARRIERS: Final = frozenset(
    {
        Command.WRITE_ANDX,
        Command.READ_ANDX,
        Command.TRANSACTION,
        Command.TRANSACTION_SECONDARY,
        Command.NT_TRANSACT,
        Command.NT_TRANSACT_SECONDARY,
        Command.WRITE,
        Command.WRITE_AND_CLOSE,
        Command.WRITE_AND_UNLOCK,
        Command.WRITE_RAW,
        Command.READ,
        Command.LOCK_AND_READ,
    }
)
"""Commands that carry bytes of pipes, where sign-ins and passwords may be, too."""
_BINDS: Final = (b"\5\0\x0b", b"\5\0\x0e", b"\5\0\x10")
"""How the DCE/RPC PDUs begin that may hold a token: bind, alter_context and auth3."""
_LANMAN: Final = (b"LANMAN", "LANMAN".encode("utf-16-le"))
_NOBODY: Final = Client(0, "", "")

Span = tuple[int, int]
"""Offset from the SMB header, and size."""


def secret_spans(message: bytes, *, share: str = "", is_request: bool | None = None) -> list[Span]:
    """The bytes of a message that let others guess a password or replay a proof: what `trees` hides.

    `share` is that of its TID: in pipes (IPC$) sign-ins are looked for; where it is not known, only NTLMSSP ones.
    For most messages the answer is none, at the price of a look at the command. Never raises.
    """
    if len(message) <= HEADER_SIZE or message[:4] != MAGIC:
        return []
    code = message[COMMAND_AT]
    on_pipe = share.upper() == IPC
    if code in _CARRIERS and (on_pipe or not share):
        if on_pipe and _may_carry(message, code):
            return _of_tree(message, share, is_request)
        if AUTHENTICATE in message:
            return _of_tokens(message)
    if code in SIGN_INS or (code in ANDX_COMMANDS and not SIGN_INS.isdisjoint(_further(message))):
        return _of_tree(message, share, is_request)
    return []


def _may_carry(message: bytes, code: int) -> bool:
    if any(one in message for one in _BINDS) or AUTHENTICATE in message:
        return True
    return code == Command.TRANSACTION and any(one in message for one in _LANMAN)


def _further(message: bytes) -> Iterator[int]:
    """The codes of the commands behind the first of a chain."""
    at = HEADER_SIZE
    for _ in range(MOST_COMMANDS):
        if at + 5 > len(message) or message[at] < 2 or message[at + 1] == NO_ANDX:
            return
        yield message[at + 1]
        offset = int.from_bytes(message[at + 3 : at + 5], "little")
        if offset <= at:
            return
        at = offset


def _of_tokens(message: bytes) -> list[Span]:
    found: Spans = []
    at = message.find(AUTHENTICATE)
    while at >= 0:
        end = token_end(message, at)
        secrets_of(token_fields(message, at, end), found)
        at = message.find(AUTHENTICATE, max(end, at + 1))
    return _spans(found)


def _of_tree(message: bytes, share: str, is_request: bool | None) -> list[Span]:
    asks = not message[_FLAGS_AT] & Flags.REPLY if is_request is None else is_request
    size = len(message)
    request, reply = (message, b"") if asks else (b"", message)
    shown = Shown.REQUEST if asks else Shown.REPLY
    one = Exchanged(_NOBODY, 0.0, 0.0, 1, request, size, reply, size, shown, share=share)
    found: Spans = []
    for tree in trees(one, secrets=True):
        for field in tree.fields:
            secrets_of(field, found)
    return _spans(found)


def _spans(found: Spans) -> list[Span]:
    """In their order, those that touch each other as one."""
    spans: list[Span] = []
    for at, size in sorted((at, size) for buffer, at, size in found if not buffer and size):
        if spans and sum(spans[-1]) >= at:
            begins = spans[-1][0]
            spans[-1] = begins, max(sum(spans[-1]), at + size) - begins
        else:
            spans.append((at, size))
    return spans
