"""The record of a real conversation with the core: everything described, nothing secret, nothing pinned."""

import gc
import json
from pathlib import Path

import pytest

from fakesmb.record.describe import summary
from fakesmb.record.events import Message, Told
from fakesmb.record.jsonl import JsonLines
from fakesmb.testing import InMemoryServer
from fakesmb.wire.session import SessionSetupPlainRequest
from tests.record.test_jsonl import Output


@pytest.fixture
def events(tmp_path: Path) -> list[Told]:
    (tmp_path / "a.txt").write_bytes(b"CONTENT-OF-A" * 5_000)
    server = InMemoryServer({"public": tmp_path})
    client = server.client().sign_in().connect("public")
    fid = client.create("\\a.txt")
    assert client.read(fid, 0, 0xF000)
    client.write(fid, b"NEW-CONTENT", 10)
    client.close(fid)
    client.lost()
    return server.sink.events


def test_every_message_is_described(events: list[Told]) -> None:
    shown = [summary(event) for event in events if isinstance(event, Message)]
    assert shown[-6:] == [
        "C; Read Andx, FID = 0x4000, 61440 bytes at Offset 0",
        "R; Read Andx, 60000 bytes",
        "C; Write Andx, FID = 0x4000, 11 bytes at Offset 10",
        "R; Write Andx, FID = 0x0000, 11 bytes",
        "C; Close, FID = 0x4000",
        "R; Close, FID = 0x0000",
    ]


def test_neither_the_proof_of_the_password_nor_contents_are_in_the_log(events: list[Told]) -> None:
    output = Output()
    sink = JsonLines(output)
    for event in events:
        sink.write(event)
    sink.flush()
    bodies = [part.body for event in events if isinstance(event, Message) for part in event.parts]
    (setup,) = [body for body in bodies if isinstance(body, SessionSetupPlainRequest)]
    assert len(setup.unicode_password) > 24
    assert setup.unicode_password[:16].hex() not in output.data.decode()
    assert b"CONTENT" not in output.data
    assert "434f4e54454e54" not in output.data.decode()
    lines = [json.loads(line) for line in output.data.splitlines()]
    assert not [line for line in lines if "not described" in line.get("problem", "")]


def test_events_keep_no_payload_alive(events: list[Told]) -> None:
    seen: set[int] = set()
    stack: list[object] = list(events)
    while stack:
        one = stack.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        assert not isinstance(one, memoryview)
        assert not (isinstance(one, (bytes, bytearray)) and len(one) > 1_000)
        if hasattr(one, "__struct_fields__"):
            stack += [getattr(one, name) for name in one.__struct_fields__]
        elif isinstance(one, (tuple, list, dict)):
            stack += gc.get_referents(one)
