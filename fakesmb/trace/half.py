"""One half of an exchange as the walkers of a message see it: its bytes, and what explains them."""

from typing import Final

import msgspec

from fakesmb.record.dissect import messages
from fakesmb.record.events import Exchanged, Part, Shown
from fakesmb.trace.context import Context
from fakesmb.trace.context import Half as Past
from fakesmb.trace.payload import with_payload
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import MAGIC, Header

IPC: Final = "IPC$"
_NO_HEADER: Final = Header(Command.INVALID, 0, 0, 0, 0, bytes(8), 0, 0, 0, 0)


class Half(msgspec.Struct, gc=False):
    """A request or a reply."""

    message: bytes
    """As far as it was kept, the payload in its place; offsets count from the SMB header."""
    size: int
    """Bytes as it was sent."""
    is_request: bool
    header: Header
    exchange: Exchanged
    asked: tuple[Part, ...]
    """The commands of the request, as the record decodes them."""
    own: tuple[Part, ...]
    """The commands of this half, likewise."""
    context: Context
    buffers: list[bytes]
    """The message, and what was put together of several."""
    problems: list[str]
    """What could not be read, in lines."""

    @property
    def unicode(self) -> bool:
        """Whether strings are UTF-16LE."""
        return self.header.unicode

    @property
    def encoding(self) -> str:
        """The code page of other strings."""
        return self.exchange.client.encoding

    @property
    def whole(self) -> bool:
        """Whether all bytes of the message are there."""
        return len(self.message) >= self.size

    @property
    def on_pipe(self) -> bool:
        """Whether files of the message's tree are pipes."""
        return self.past.pdus is not None or (self.exchange.share or self.context.share).upper() == IPC

    @property
    def past(self) -> Past:
        """What only the messages before this one tell of it."""
        return self.context.request if self.is_request else self.context.reply

    @property
    def cut(self) -> str:
        """Why a part of the message is not there; empty where it is whole."""
        return "" if self.whole else f"only {len(self.message)} of {self.size} bytes are kept"

    def add(self, data: bytes) -> int:
        """A further buffer; its number for `Field.buffer`."""
        self.buffers.append(data)
        return len(self.buffers) - 1

    def asked_at(self, index: int) -> Part | None:
        """The command of the request that is at that place of its chain."""
        return self.asked[index] if index < len(self.asked) else None

    def known(self, kind: str, number: int) -> str:
        """What the context knows a number as: the share of a `tids`, the path of a `fids`; empty where it does not."""
        found: str = getattr(self.context, kind).get(number, "")
        exchange = self.exchange
        if found:
            return found
        if kind == "fids":
            return exchange.path if exchange.fid == number else ""
        if kind == "tids":
            return exchange.share if self.header.tid == number and exchange.share else ""
        if kind == "uids":
            return exchange.user if self.header.uid == number else ""
        return ""


def halves(exchange: Exchanged, context: Context) -> tuple[Half, ...]:
    """The halves that an exchange shows."""
    both = exchange if exchange.shown == Shown.BOTH else msgspec.structs.replace(exchange, shown=Shown.BOTH)
    told = messages(both)
    asked = told[0].parts if exchange.request and told else ()
    found = []
    if exchange.request and exchange.shown & Shown.REQUEST:
        found.append(_half(exchange, exchange.request, exchange.request_size, asked, asked, context, True))
    if exchange.reply and exchange.shown & Shown.REPLY:
        own = told[-1].parts if told else ()
        found.append(_half(exchange, exchange.reply, exchange.reply_size, asked, own, context, False))
    return tuple(found)


def _half(
    exchange: Exchanged,
    message: bytes,
    size: int,
    asked: tuple[Part, ...],
    own: tuple[Part, ...],
    context: Context,
    is_request: bool,
) -> Half:
    problems: list[str] = []
    message = with_payload(message, size, exchange.data, is_request=is_request)
    try:
        header = Header.decode(message)
    except DecodeError as error:
        header = _NO_HEADER
        problems.append(str(error))
    return Half(message, size, is_request, header, exchange, asked, own, context, [message], problems)


def is_message(data: bytes) -> bool:
    """Whether bytes begin as an SMB message does."""
    return data[:4] == MAGIC
