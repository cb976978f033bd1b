"""Who looks by HTTP costs clients of SMB next to nothing, whether they read or not."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from fakesmb import FakeSMB
from fakesmb.web import streams
from fuzz.sockets import SocketClient

STREAMS = 50
MOST_BYTES = 20 << 20
MOST_DELAY = 0.005
MOST_LATE = 0.3


@pytest.fixture
def smb() -> Iterator[FakeSMB]:
    with FakeSMB({"in": {"a.txt": b"hello"}}, users={"alice": "Secret123"}, web=0) as smb:
        yield smb


def watch(smb: FakeSMB) -> socket.socket:
    """A stream of events, which is not read."""
    one = socket.create_connection(("127.0.0.1", smb.web_port), timeout=10)
    one.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert one.recv(15) == b"HTTP/1.1 200 OK"
    return one


def client_of(smb: FakeSMB) -> SocketClient:
    client = SocketClient(smb.port)
    client.sign_in(vc_number=7)
    client.connect("in")
    return client


def kept(channel: Any) -> int:
    """Bytes that wait in the server for one client."""
    transport: Any = channel.transport
    return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)


def test_streams_that_nobody_reads_take_little_and_hold_up_nobody(
    smb: FakeSMB, monkeypatch: pytest.MonkeyPatch
) -> None:
    web: Any = smb._service._web
    turns: list[float] = []
    pump = web.streams._pump

    def timed() -> None:
        began = time.thread_time()
        pump()
        turns.append(time.thread_time() - began)

    monkeypatch.setattr(web.streams, "_pump", timed)
    client = client_of(smb)
    fid = client.create("a.txt")
    watchers = [watch(smb) for _ in range(STREAMS)]
    for _ in range(1500):
        client.read(fid, 0, 5)
    time.sleep(2 * streams.LATEST_SECONDS)
    assert len(web.factory.clients) == STREAMS
    assert sum(map(kept, web.factory.clients)) < MOST_BYTES
    assert all(kept(one) < MOST_BYTES / STREAMS for one in web.factory.clients)
    turns.sort()
    assert turns[len(turns) // 2] < MOST_DELAY
    assert turns[len(turns) * 9 // 10] < 2 * MOST_DELAY  # on a machine with much else to do
    for one in watchers:
        one.close()


def test_what_happens_is_seen_within_300_ms(smb: FakeSMB) -> None:
    client = client_of(smb)
    file = watch(smb).makefile("rb")
    taken = []
    for _ in range(5):
        began = time.monotonic()
        client.create("a.txt")
        for line in file:
            if line.startswith(b"data: ") and json.loads(line[6:]).get("event") == "response":
                break
        taken.append(time.monotonic() - began)
    assert min(taken) < MOST_LATE


def test_the_slices_leave_requests_their_time() -> None:
    """Bounds of the code, whatever machine it runs on."""
    assert streams.SLICE_SECONDS < MOST_DELAY / 2
    assert streams.LATEST_SECONDS < MOST_LATE / 5
    assert streams.MOST_STREAMS >= STREAMS
