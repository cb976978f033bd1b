"""The short way of plain reads and writes answers and records as the general way does."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fakesmb.record.events import Message
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.files import ReadAndxRequest, WriteAndxRequest
from fakesmb.wire.header import Flags2

READ, WRITE = 0x2E, 0x2F


def bodies(fid: int) -> list[tuple[int, ReadAndxRequest | WriteAndxRequest]]:
    return [
        (READ, ReadAndxRequest(fid, 0, 5)),
        (READ, ReadAndxRequest(fid, 3, 0xFFFF)),
        (READ, ReadAndxRequest(fid, 1 << 20, 100)),
        (READ, ReadAndxRequest(fid, 0, 0xFFFF, 0, 0xFFFFFFFF)),
        (READ, ReadAndxRequest(fid, 0, 0, 0, 1)),
        (READ, ReadAndxRequest(fid, 0, 10, offset_high=0xFFFFFFFF)),
        (WRITE, WriteAndxRequest(fid, 2, data=b"written")),
        (WRITE, WriteAndxRequest(fid, 0, data=b"")),
        (WRITE, WriteAndxRequest(fid, 9, write_mode=1, data=b"through")),
        (WRITE, WriteAndxRequest(fid, 0, data=bytes(0x12345))),
        (WRITE, WriteAndxRequest(fid, 0, data=b"x", offset_high=0xFFFFFFFF)),
        (READ, ReadAndxRequest(0x1234, 0, 10)),
        (WRITE, WriteAndxRequest(0x1234, 0, data=b"x")),
        (READ, ReadAndxRequest(0xFFFF, 0, 10)),
    ]


def play(
    server: InMemoryServer, *, short: bool, access: int, flags2: int
) -> tuple[list[bytes], list[Message]]:
    client: Client = server.client().sign_in().connect("public")
    client.flags2 |= flags2
    if not short:
        client.connection._lanes = {}
    fid = client.create("\\a.txt", access=access, disposition=3)
    del server.sink.events[:]
    frames = []
    for command, body in bodies(fid):
        client.send(command, body)
        frames += [bytes(answer.message) for answer in client.answers()]
        frames += lying(client, command, body)
    messages = [
        msgspec.structs.replace(event, time=0.0, took=0.0, number=0, connection=0)
        for event in server.messages
    ]
    client.lost("done")
    return frames, messages


def lying(client: Client, command: int, body: ReadAndxRequest | WriteAndxRequest) -> list[bytes]:
    """The same with a ByteCount that goes beyond the message: INVALID_SMB, whichever way."""
    message = bytearray(client.message(command, body))
    at = 33 + 2 * message[32]
    message[at : at + 2] = b"\xff\x7f"
    client.send_raw(bytes(message[: at + 12]))
    return [bytes(answer.message) for answer in client.answers()]


@pytest.mark.parametrize("access", [0x0012019F, 0x00120089, 0x00120116, 0x001200A0])
@pytest.mark.parametrize("flags2", [0, Flags2.PAGING_IO])
def test_the_same_answers_and_the_same_record(
    make: Callable[..., InMemoryServer], folders: dict[str, Path], access: int, flags2: int
) -> None:
    told = []
    for short in (True, False):
        (folders["public"] / "a.txt").write_bytes(b"0123456789" * 50)
        told.append(play(make(), short=short, access=access, flags2=flags2))
    assert told[0][0] == told[1][0]
    assert told[0][1] == told[1][1]
