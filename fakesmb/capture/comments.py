"""The comment of a packet: what the text log says of its message, or what its bytes alone say."""

from fakesmb.capture.cutting import Frame, Run
from fakesmb.record import describe, dissect
from fakesmb.record.events import Client, Exchanged, Shown
from fakesmb.record.values import printable
from fakesmb.wire.frame import PREFIX_SIZE, FrameType
from fakesmb.wire.header import SMB2_MAGIC

_NETBIOS = {
    FrameType.SESSION_REQUEST: "NetBIOS session request",
    FrameType.POSITIVE_RESPONSE: "NetBIOS positive session response",
    FrameType.NEGATIVE_RESPONSE: "NetBIOS negative session response",
    FrameType.RETARGET_RESPONSE: "NetBIOS retarget session response",
    FrameType.KEEPALIVE: "NetBIOS session keep-alive",
}
_ALONE = Client(0, "", "")


def comments_of(exchange: Exchanged) -> dict[bool, str]:
    """The words of the request (True) and of the reply (False), as far as the event tells of them. Never raises."""
    try:
        return {one.request: printable(describe.summary(one)) for one in dissect.messages(exchange)}
    except Exception as error:
        said = f"exchange {exchange.number} not described: {type(error).__name__}: {error}"
        return {True: printable(said), False: printable(said)}


def of_frame(frame: Frame, run: Run) -> str:
    """What is said of bytes that the record does not tell of."""
    if frame.is_message and run.at == 0:
        return _of_message(frame, run)
    kind = frame.head[0] if frame.head else run.data[0] if run.data else -1
    if frame.head and kind in _NETBIOS:
        return _NETBIOS[FrameType(kind)]
    if frame.head[PREFIX_SIZE:].startswith(SMB2_MAGIC):
        return "an SMB2 message"
    if frame.head and kind == FrameType.MESSAGE:
        return f"{frame.length - PREFIX_SIZE} bytes of bare data, or no SMB message" if frame.length else ""
    return "no SMB message"


def _of_message(frame: Frame, run: Run) -> str:
    data, size = run.data[PREFIX_SIZE:], run.size - PREFIX_SIZE
    request, reply = (data, b"") if frame.from_client else (b"", data)
    shown = Shown.REQUEST if frame.from_client else Shown.REPLY
    said = comments_of(Exchanged(_ALONE, 0.0, 0.0, 0, request, size, reply, size, shown))
    return said.get(frame.from_client, "the beginning of a message")
