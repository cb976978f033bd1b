"""Requests as clients send them, one of each family, and the documented exchange's: what noise is made from."""

import struct

from fakesmb.wire.codec import Body, Empty
from fakesmb.wire.dirs import DeleteRequest, QueryInformationRequest, RenameRequest
from fakesmb.wire.files import (
    CloseRequest,
    NtCreateAndxRequest,
    OpenAndxRequest,
    ReadAndxRequest,
    WriteAndxRequest,
)
from fakesmb.wire.locking import FOREVER, LockingAndxRequest, LockRange
from fakesmb.wire.negotiate import NegotiateRequest
from fakesmb.wire.session import EchoRequest, LogoffAndxRequest, SessionSetupPlainRequest
from fakesmb.wire.trans import Transaction2Request, TransactionRequest
from fakesmb.wire.tree import TreeConnectAndxRequest
from tests.core import transcript

FIND = struct.pack("<HHHHI", 22, 9, 6, 0x104, 0) + b"*\0\0\0"
REQUESTS: list[tuple[int, Body]] = [
    (0x72, NegotiateRequest(("NT LM 0.12",))),
    (0x73, SessionSetupPlainRequest(account_name="alice", unicode_password_length=24, unicode_password=bytes(24))),
    (0x75, TreeConnectAndxRequest(password_length=1, path="\\\\H\\IPC$")),
    (0x74, LogoffAndxRequest()),
    (0x2B, EchoRequest(2, b"hello")),
    (0xA2, NtCreateAndxRequest(desired_access=0x12019F, share_access=7, create_disposition=3, file_name="new.txt")),
    (0xA2, NtCreateAndxRequest(desired_access=1, share_access=0, flags=0x16, file_name="a.txt")),
    (0x2D, OpenAndxRequest(access_mode=0x42, open_mode=0x11, file_name="b.txt")),
    (0x2E, ReadAndxRequest(fid=0x4000, max_count=100)),
    (0x2F, WriteAndxRequest(fid=0x4000, data=b"some data")),
    (0x04, CloseRequest(0x4000)),
    (0x06, DeleteRequest(0x16, "b*.txt")),
    (0x07, RenameRequest(0x16, "b.txt", "c.txt")),
    (0x08, QueryInformationRequest("a.txt")),
    (0x24, LockingAndxRequest(fid=0x4000, type_of_lock=0x10, number_of_requested_locks=1, locks=(LockRange(1, 0, 9),))),
    (
        0x24,
        LockingAndxRequest(
            fid=0x4001, type_of_lock=0x10, timeout=FOREVER, number_of_requested_locks=1, locks=(LockRange(2, 0, 9),)
        ),
    ),
    (0x25, TransactionRequest(name="\\PIPE\\", setup=b"\x26\0\0\x40", data=bytes(72), max_data_count=99)),
    (0x32, Transaction2Request(setup=b"\5\0", parameters=b"\7\1" + bytes(4) + b"a\0\0\0", max_data_count=999)),
    (0x32, Transaction2Request(setup=b"\1\0", parameters=FIND, max_parameter_count=10, max_data_count=999)),
    (0x32, Transaction2Request(setup=b"\7\0", parameters=b"\0\x40\7\1", max_data_count=999)),
    (0xA4, Empty()),
]  # fmt: skip
"""One of each family, as a client would send it."""
DOCUMENTED = [
    turn.message for turn in transcript.turns(transcript.FOLDER / "documented.smb") if turn.kind == ">"
]
