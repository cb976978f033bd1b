"""Reads and writes that are recorded as one event show as their two messages do."""

import msgspec
import pytest

from fakesmb.record.entry import entry_of
from fakesmb.record.events import Transfer
from fakesmb.record.jsonl import encode
from fakesmb.record.transfers import json_lines, messages
from fakesmb.wire.files import ReadAndxRequest, WriteAndxRequest
from fakesmb.wire.header import Header


def transfer(body: ReadAndxRequest | WriteAndxRequest, length: int, path: str, user: str) -> Transfer:
    command = 0x2E if isinstance(body, ReadAndxRequest) else 0x2F
    header = Header(command, 0, 0x18, 0xC807, 3, bytes(8), 2048, 0x1234, 2049, 7).encode()
    message = header + b"".join(body.encode(len(header)))
    return Transfer(
        1_700_000_000.000001,
        1_700_000_000.000321,
        41,
        3,
        "127.0.0.1:5",
        "127.0.0.1:445",
        message[:63],
        len(message),
        length,
        60 + length,
        user,
        "public" if user else "",
        path,
    )


@pytest.mark.parametrize("path", ["\\a.txt", '\\Ωmega\\"q"\t.txt', "\\"])
@pytest.mark.parametrize("user", ["alice", "Ängström", ""])
@pytest.mark.parametrize(
    ("body", "length"),
    [
        (ReadAndxRequest(0x4000, 5, 0xF000), 0),
        (ReadAndxRequest(0x4001, 0xFFFFFFFF, 0xF000, 3, 1, 9, 7), 0x1F000),
        (ReadAndxRequest(0xFFFE, 0, 0xF000, 0, 0xFFFFFFFF), 0xF000),
        (WriteAndxRequest(0x4000, 5, data=b"abc"), 3),
        (WriteAndxRequest(0x4000, 0xFFFFFFFF, 1, 0, 9, offset_high=7, data=bytes(0x10003)), 0x10003),
    ],
)
def test_the_lines_are_those_of_the_two_messages(
    body: ReadAndxRequest | WriteAndxRequest, length: int, path: str, user: str
) -> None:
    one = transfer(body, length, path, user)
    assert json_lines(one) == b"".join(encode(entry_of(message)) for message in messages(one))
    assert [msgspec.json.decode(line)["number"] for line in json_lines(one).splitlines()] == [41, 42]
