"""What a server tells of a talk, as notes."""

from fakesmb.capture.maker import Form, Maker
from fakesmb.capture.notes import Began, Came, Ended, Left, Note, Tick
from fakesmb.capture.packets import End
from fakesmb.record.ends import How
from fakesmb.record.events import Client, Connected, Disconnected, Exchanged
from fakesmb.wire.frame import prefix
from fakesmb.wire.header import Header

NOW = 1_700_000_000.0
CLIENT, SERVER = ("127.0.0.1", 50000), ("127.0.0.1", 4450)
PEER = Client(1, "127.0.0.1:50000", "127.0.0.1:4450")
FORM = Form("fakesmb test", (End(*SERVER),))


def echo(mid: int = 4, *, reply: bool = False, data: bytes = b"hello") -> bytes:
    flags = 0x98 if reply else 0x18
    head = Header(0x2B, 0, flags, 0xC003, 0, bytes(8), 1, 2, 3, mid).encode()
    return head + b"\x01\x01\x00" + len(data).to_bytes(2, "little") + data


def framed(message: bytes) -> bytes:
    return prefix(len(message)) + message


def began(key: int = 1, *, handshake: bool = True, client: tuple[str, int] = CLIENT) -> list[Note]:
    connected = Connected(NOW, key, f"{client[0]}:{client[1]}", PEER.local)
    start = Began(key, key, NOW, client, SERVER, handshake)
    return [connected, start] if handshake else [start]


def came(message: bytes, key: int = 1, time: float = NOW) -> Came:
    return Came(key, time, message, len(message))


def left(message: bytes, key: int = 1, time: float = NOW) -> Left:
    return Left(key, time, message, len(message))


def told(mid: int = 4, key: int = 1, **more: object) -> Exchanged:
    client = Client(key, PEER.peer, PEER.local)
    ask, answer = echo(mid), echo(mid, reply=True)
    return Exchanged(client, NOW, NOW, 2 * mid, ask, len(ask), answer, len(answer), **more)  # type: ignore[arg-type]


def exchanged(mid: int = 4, key: int = 1, **more: object) -> list[Note]:
    """A request and its answer."""
    return [came(framed(echo(mid)), key), left(framed(echo(mid, reply=True)), key), told(mid, key, **more)]


def ended(key: int = 1, how: How = How.CLIENT_CLOSED) -> list[Note]:
    closed = Disconnected(NOW, key, PEER.peer, PEER.local, "the client closed it")
    return [Ended(key, NOW, how), closed]


def talk(count: int) -> list[Note]:
    """A whole connection."""
    exchanges = [note for mid in range(count) for note in exchanged(mid)]
    return [*began(), *exchanges, *ended(), Tick()]


def capture(notes: list[Note], form: Form = FORM) -> bytes:
    """What is made of them."""
    maker = Maker(form)
    maker.take(notes)
    return maker.made() + maker.finish()
