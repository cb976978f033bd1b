"""Who speaks another protocol to the server is turned away at once, with a line that says which."""

import pytest

from fakesmb.core.settings import Limits, Settings
from fakesmb.record.events import Disconnected, Exchanged
from fakesmb.testing import InMemoryServer
from tests.core.conftest import Make

GET = b"GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:4450\r\n\r\n"
STRANGERS = {
    "HTTP": GET,
    "TLS": bytes.fromhex("16030102000100") + bytes(512),
    "SSH": b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    "RDP": bytes.fromhex("030000130ee000000000000100080003000000"),
    "DCE/RPC without SMB": bytes.fromhex("05000b0310000000480000000100") + bytes(20),
    "SMB without the four bytes": b"\xffSMBr\0\0\0\0\x18\x53\xc8",
}


def reason(server: InMemoryServer) -> str:
    """Why its one connection ended, which is all that the record has of it."""
    assert not [event for event in server.sink.events if isinstance(event, Exchanged)]
    (end,) = [event for event in server.sink.events if isinstance(event, Disconnected)]
    assert end.by_server
    return end.reason


@pytest.mark.parametrize("protocol", STRANGERS)
@pytest.mark.parametrize("limit", [Limits().message_bytes, 0xFFFFFF])
@pytest.mark.parametrize("piece", [1, 4, 1000])
def test_another_protocol_is_named(make: Make, protocol: str, limit: int, piece: int) -> None:
    server = make(settings=Settings(limits=Limits(message_bytes=limit)))
    client = server.client()
    data = STRANGERS[protocol]
    for at in range(0, len(data), piece):
        if not client.closed:
            client.connection.receive(data[at : at + piece])
    assert client.closed
    assert reason(server).startswith(f"that is {protocol}")


def test_what_is_none_that_is_known(make: Make) -> None:
    server = make()
    server.client().connection.receive(b"Hello, is anybody there?\n")
    assert reason(server) == "that is no SMB: Hello, is anybody there?"


def test_a_message_that_is_too_long_is_one(make: Make) -> None:
    server = make()
    server.client().connection.receive(b"\0\xff\xff\xff\xffSMB")
    assert reason(server) == "a message of 16777215 bytes, 135167 are allowed (limits.message_bytes)"


def test_behind_a_negotiate_a_frame_is_a_frame(make: Make) -> None:
    server = make()
    client = server.client()
    client.negotiate()
    client.connection.receive(b"GET / HTTP/1.1\r\n\r\n")
    (end,) = [event for event in server.sink.events if isinstance(event, Disconnected)]
    assert end.reason.startswith("a message of 4543520 bytes")


def test_so_is_one_of_a_type_that_there_is_not(make: Make) -> None:
    for data in (b"\x05\0\0\x04text", b"\x05\0\0\x04t"):
        server = make()
        client = server.client()
        client.negotiate()
        client.connection.receive(data)
        (end,) = [event for event in server.sink.events if isinstance(event, Disconnected)]
        assert end.reason == "a frame of the unknown type 0x05"
