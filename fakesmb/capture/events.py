"""A capture as the events that our own server would have told: connections, sign-ins, requests and replies.

Numbers are those of the capture's packets: a message has that of the packet in which it ends.
"""

from collections.abc import Collection, Iterator
from typing import BinaryIO, Final

from fakesmb.capture.conversation import Conversation
from fakesmb.capture.flows import Began, Ended, Sent
from fakesmb.capture.reading import packets
from fakesmb.capture.source import Packet
from fakesmb.capture.streams import Streams
from fakesmb.capture.trouble import Trouble
from fakesmb.record.events import Client, Connected, Disconnected, Event
from fakesmb.wire.frame import FrameType
from fakesmb.wire.header import MAGIC

_NOW_AND_THEN: Final = 16
"""Messages of a connection after which it is counted anew what it holds."""
_OTHER: Final = {
    b"\xfeSMB": "SMB 2 or 3",
    b"\xfdSMB": "SMB 3, encrypted",
    b"\xfcSMB": "SMB 3, compressed",
}
_REFUSALS: Final = {
    0x80: "nobody listens to the name that was called",
    0x81: "nobody listens for the name that calls",
    0x82: "the name that was called is not there",
    0x83: "the name is there, and has no room",
}
"""Error codes of a negative session response, RFC 1002 4.3.4."""


def events(
    file: BinaryIO, *, ports: Collection[int] = (), encoding: str = "cp850"
) -> Iterator[Event | Trouble]:
    """What happened in a capture, in the order of its packets, and what of it could not be read.

    Connections on 139, 445 and `ports` are read, others from where a segment of theirs begins with a message of SMB.
    `encoding` is the code page of strings that are not Unicode. Raises `CaptureError` where the file is no capture.
    """
    return _Reader(Streams(ports), encoding).read(packets(file))


class _Reader:
    def __init__(self, streams: Streams, encoding: str) -> None:
        self._streams = streams
        self._encoding = encoding

    def read(self, found: Iterator[Packet | Trouble]) -> Iterator[Event | Trouble]:
        feed, sent = self._streams.feed, self._sent
        for packet in found:
            if type(packet) is Packet:
                for seen in feed(packet):
                    yield from sent(seen) if type(seen) is Sent else _happened(seen)  # type: ignore[arg-type]
            else:
                yield packet  # type: ignore[misc]
        for seen in self._streams.finish():
            yield from sent(seen) if type(seen) is Sent else _happened(seen)  # type: ignore[arg-type]

    def _sent(self, sent: Sent) -> "list[Event | Trouble]":
        flow = sent.flow
        if sent.kind:
            return _control(sent)
        talk: Conversation | None = flow.talk
        if talk is None:
            talk = flow.talk = Conversation(
                Client(sent.connection, sent.peer, sent.local, self._encoding), flow.ways()
            )
        head = sent.message[:4]
        if head != MAGIC and head in _OTHER:
            return self._other(sent)
        told = talk.take(sent)
        talk.messages += 1
        if not talk.messages % _NOW_AND_THEN:
            self._streams.hold(flow, talk.uncounted())
        return told

    def _other(self, sent: Sent) -> "list[Event | Trouble]":
        """Another protocol of the same framing: said once."""
        sent.flow.ignore()
        text = f"connection {sent.connection} goes on with {_OTHER[sent.message[:4]]}, which is not read"
        return [Trouble(sent.frame, text, sent.time)]


def _happened(seen: Began | Ended | Trouble) -> "list[Event | Trouble]":
    if isinstance(seen, Trouble):
        return [seen]
    flow = seen.flow
    peer, local = flow.names
    if isinstance(seen, Began):
        return [Connected(seen.time, flow.number, peer, local)]
    return [Disconnected(seen.time, flow.number, peer, local, seen.reason, seen.by_server)]


def _control(sent: Sent) -> "list[Event | Trouble]":
    """A frame of the NetBIOS session service: only a refusal is of interest."""
    if sent.kind == FrameType.NEGATIVE_RESPONSE:
        code = sent.message[0] if sent.message else 0
        why = _REFUSALS.get(code, f"error 0x{code:02X}")
        return [Trouble(sent.frame, f"the server refuses the NetBIOS session: {why}", sent.time)]
    if sent.kind == FrameType.RETARGET_RESPONSE:
        return [Trouble(sent.frame, "the server sends the NetBIOS session elsewhere", sent.time)]
    return []
