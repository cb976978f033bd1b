"""The describer: the words of the documented exchange to the letter, and words for every command."""

import inspect
import struct
from types import ModuleType
from typing import Any

import pytest

from fakesmb.nt.status import NT
from fakesmb.record import describe
from fakesmb.record.describe import carrier, summary, tagged
from fakesmb.record.events import Part, pipe_message
from fakesmb.record.words import trans as words_trans
from fakesmb.wire import (
    dfs,
    dirs,
    files,
    locking,
    names,
    negotiate,
    raw,
    search,
    session,
    trans,
    trans2,
    tree,
)
from fakesmb.wire import nt_trans as nt
from fakesmb.wire.codec import Body, Empty, lighten
from fakesmb.wire.set_info import SetRename
from tests.record.record_samples import message, reply

CREATE, CLOSE, READ, WRITE = 0xA2, 0x04, 0x2E, 0x2F
SETUP, CONNECT, TRANSACTION, TRANS2, NT_TRANS = 0x73, 0x75, 0x25, 0x32, 0xA0


def token(kind: int, *fields: str) -> bytes:
    """An NTLMSSP message of a type, AUTHENTICATE with domain, user and workstation."""
    if kind == 1:
        return (
            b"NTLMSSP\0" + struct.pack("<II", 1, 0xE2088297) + bytes(16) + bytes.fromhex("0501280a0000000f")
        )
    if kind == 2:
        return b"NTLMSSP\0" + struct.pack("<IHHIIQQHHI", 2, 0, 0, 48, 1, 0x1122334455667788, 0, 0, 0, 48)
    texts = [bytes(24), bytes(24), *(field.encode("utf-16-le") for field in fields), b""]
    head, at, body = b"", 64, b""
    for text in texts:
        head += struct.pack("<HHI", len(text), len(text), at + len(body))
        body += text
    return b"NTLMSSP\0" + struct.pack("<I", 3) + head + struct.pack("<I", 1) + body


def pdu(kind: int, call: int, body: bytes) -> bytes:
    """A DCE/RPC fragment."""
    return struct.pack("<BBBBIHHI", 5, 0, kind, 3, 0x10, 16 + len(body), 0, call) + body


SRVSVC = bytes.fromhex("c84f324b7016d30112785a47bf6ee188") + struct.pack("<HH", 3, 0)
NDR = bytes.fromhex("045d888aeb1cc9119fe808002b104860") + struct.pack("<I", 2)
BIND = pdu(11, 1, struct.pack("<HHIIHBB", 4280, 4280, 0, 1, 0, 1, 0) + SRVSVC + NDR)
ADDRESS = b"\\PIPE\\srvsvc\0"
BIND_ACK = pdu(
    12,
    1,
    struct.pack("<HHIH", 4280, 4280, 0x53F0, len(ADDRESS))
    + ADDRESS
    + b"\0"
    + struct.pack("<IHH", 1, 0, 0)
    + NDR,
)
REQUEST = pdu(0, 2, struct.pack("<IHH", 8, 0, 15) + bytes(8))
RESPONSE = pdu(2, 2, struct.pack("<IHBB", 8, 0, 0, 0) + bytes(8))


def setup(blob: bytes) -> Any:
    return session.SessionSetupExtendedRequest(security_blob=blob, security_blob_length=len(blob))


def challenge(blob: bytes) -> Any:
    return session.SessionSetupExtendedResponse(security_blob=blob, security_blob_length=len(blob))


def pipe_open(fid: int) -> list[tuple[Any, str]]:
    """One of the two pipes of the documented exchange, with what the analyser said or would have said."""
    shown = f"FID = 0x{fid:04X}"
    name = files.NtCreateAndxRequest(desired_access=0x2019F, file_name="\\srvsvc")
    here: dict[str, Any] = {"path": "\\srvsvc", "fid": fid}
    bind = "MSRPC:c/o Bind: srvsvc UUID{4B324FC8-1670-01D3-1278-5A47BF6EE188}, Call = 0x1"
    call = "MSRPC:c/o Request: srvsvc NetrShareEnum, Call = 0x2, Opnum = 0xF, Context = 0"
    return [
        (message(CREATE, name), "SMB:C; Nt Create Andx, FileName = \\srvsvc"),
        (reply(CREATE, files.NtCreateAndxResponse(fid=fid)), f"SMB:R; Nt Create Andx, {shown}"),
        (
            message(WRITE, files.WriteAndxRequest(fid, data=BIND), detail=pipe_message(BIND), **here),
            f"{bind} (C; Write Andx, {shown}, 72 bytes at Offset 0)",
        ),
        (reply(WRITE, files.WriteAndxResponse.of(72), **here), "SMB:R; Write Andx, FID = 0x0000, 72 bytes"),
        (
            message(READ, files.ReadAndxRequest(fid=fid, max_count=1024), **here),
            f"SMB:C; Read Andx, {shown}, 1024 bytes at Offset 0",
        ),
        (
            reply(READ, files.ReadAndxResponse(data=BIND_ACK), detail=pipe_message(BIND_ACK), **here),
            "MSRPC:c/o Bind Ack: srvsvc, Call = 0x1 (R; Read Andx, 68 bytes)",
        ),
        (
            message(
                TRANSACTION,
                trans.TransactionRequest(name="\\PIPE\\", setup=struct.pack("<HH", 0x26, fid), data=REQUEST),
                subcommand=0x26,
                detail=pipe_message(REQUEST),
                **here,
            ),
            f"{call} (C; Transact, Transact Nmpipe, {shown}, 32 bytes)",
        ),
        (
            reply(
                TRANSACTION,
                trans.TransactionResponse(data=RESPONSE),
                subcommand=0x26,
                detail=pipe_message(RESPONSE),
                **here,
            ),
            "MSRPC:c/o Response: srvsvc, Call = 0x2, Context = 0 (R; Transact, Transact Nmpipe, 32 bytes)",
        ),
        (message(CLOSE, files.CloseRequest(fid), **here), f"SMB:C; Close, {shown}"),
        (reply(CLOSE, Empty(), **here), "SMB:R; Close, FID = 0x0000"),
    ]


IPC = tree.TreeConnectAndxRequest(path="\\\\192.168.1.8\\IPC$")
CONNECTED = [
    (message(CONNECT, IPC), "SMB:C; Tree Connect Andx, Path = \\\\192.168.1.8\\IPC$, Service = ?????"),
    (reply(CONNECT, tree.TreeConnectAndxResponse(service="IPC")), "SMB:R; Tree Connect Andx, Service = IPC"),
]
MORE = NT.MORE_PROCESSING_REQUIRED
HOST = "GTSC-B7A3A93C1A"
ASKED = dfs.GetDfsReferralRequest(3, "\\192.168.1.8\\c$")

DOCUMENTED = [
    (message(SETUP, setup(token(1))), "NTLMSSP:NTLM NEGOTIATE MESSAGE (C; Session Setup Andx)"),
    (
        reply(SETUP, challenge(token(2)), status=MORE),
        "NTLMSSP:NTLM CHALLENGE MESSAGE (R; Session Setup Andx - NT Status: System - Error, "
        "Code = (22) STATUS_MORE_PROCESSING_REQUIRED)",
    ),
    (
        message(SETUP, setup(token(3, HOST, "administrator", HOST))),
        f"NTLMSSP:NTLM AUTHENTICATE MESSAGE, Domain: {HOST}, User: administrator, Workstation: {HOST}"
        " (C; Session Setup Andx)",
    ),
    (reply(SETUP, challenge(b"")), "SMB:R; Session Setup Andx"),
    *CONNECTED,
    *pipe_open(0x4000),
    *pipe_open(0x4001),
    *CONNECTED,
    (
        message(
            TRANS2,
            trans.Transaction2Request(setup=b"\x10\0", parameters=ASKED.encode(), max_data_count=4096),
            subcommand=0x10,
        ),
        "DFS:Get DFS Referral Request, FileName: \\192.168.1.8\\c$, MaxReferralLevel: 3"
        " (C; Transact2, Get Dfs Referral)",
    ),
    (
        reply(TRANS2, None, subcommand=0x10, status=NT.NO_SUCH_DEVICE, problem="not a DFS namespace"),
        "SMB:R; Transact2, Open2 - NT Status: System - Error, Code = (14) STATUS_NO_SUCH_DEVICE",
    ),
]
"""Frames 4 to 37 of documented-exchange.txt; the analyser said `MSRPC:Warning:` where ours can say more."""


def light(event: Any) -> Any:
    """The event as the core makes it: no payloads."""
    import msgspec

    parts = tuple(
        msgspec.structs.replace(part, body=None if part.body is None else lighten(part.body))
        for part in event.parts
    )
    return msgspec.structs.replace(event, parts=parts)


@pytest.mark.parametrize(("event", "line"), DOCUMENTED)
def test_the_documented_exchange_reads_as_it_was_published(event: Any, line: str) -> None:
    assert tagged(light(event)) == line


@pytest.mark.parametrize(("event", "line"), DOCUMENTED)
def test_the_summary_is_the_same_without_the_tag_of_smb(event: Any, line: str) -> None:
    assert summary(light(event)) == line.removeprefix("SMB:")


def t2(code: int, parameters: Any, *, detail: Any = None) -> Any:
    body = trans.Transaction2Request(setup=struct.pack("<H", code), parameters=parameters.encode())
    return message(TRANS2, body, subcommand=code, detail=detail)


def t2r(code: int, parameters: Any, data: bytes = b"") -> Any:
    return reply(
        TRANS2, trans.TransactionResponse(parameters=parameters.encode(), data=data), subcommand=code
    )


def ntt(function: int, setup: bytes = b"", parameters: bytes = b"") -> Any:
    body = trans.NtTransactRequest(function=function, setup=setup, parameters=parameters)
    return message(NT_TRANS, body, subcommand=function)


LOCK = locking.LockRange
SHOWN = [
    (
        message(0x72, negotiate.NegotiateRequest(("LANMAN1.0", "NT LM 0.12"))),
        "C; Negotiate, Dialect = LANMAN1.0, NT LM 0.12",
    ),
    (
        reply(0x72, negotiate.NegotiateExtendedResponse(dialect_index=5, server_guid=bytes(16))),
        "R; Negotiate, Dialect is NT LM 0.12 (#5), extended security",
    ),
    (reply(0x72, negotiate.NegotiateCoreResponse()), "R; Negotiate, no dialect in common"),
    (
        message(SETUP, session.SessionSetupPlainRequest(account_name="alice", primary_domain="WORKGROUP")),
        "C; Session Setup Andx, Domain: WORKGROUP, User: alice",
    ),
    (
        message(SETUP, setup(token(1)), Part(CONNECT, IPC)),
        "NTLMSSP:NTLM NEGOTIATE MESSAGE (C; Session Setup Andx; "
        "Tree Connect Andx, Path = \\\\192.168.1.8\\IPC$, Service = ?????)",
    ),
    (
        t2(1, trans2.FindFirst2Request(0x16, 1366, 6, 0x104, 0, "\\*")),
        "C; Transact2, Find First2, Pattern = \\*, Level = SMB_FIND_FILE_BOTH_DIRECTORY_INFO (0x0104), at most 1366",
    ),
    (
        t2r(1, trans2.FindFirst2Response(1, 12, 1), bytes(900)),
        "R; Transact2, Find First2, SID = 0x0001, 12 entries, end of search, 900 bytes",
    ),
    (
        t2(2, trans2.FindNext2Request(1, 100, 0x104, 0, 6, "b.txt")),
        "C; Transact2, Find Next2, SID = 0x0001, after b.txt, at most 100",
    ),
    (
        t2(5, trans2.QueryPathInformationRequest(0x107, 0, "\\a.txt")),
        "C; Transact2, Query Path Information, FileName = \\a.txt, Level = SMB_QUERY_FILE_ALL_INFO (0x0107)",
    ),
    (
        t2(7, trans2.QueryFileInformationRequest(0x4000, 1005)),
        "C; Transact2, Query File Information, FID = 0x4000, Level = FileStandardInformation (1005)",
    ),
    (
        t2(8, trans2.SetFileInformationRequest(0x4000, 1010), detail=SetRename("\\b.txt")),
        "C; Transact2, Set File Information, FID = 0x4000, Level = FileRenameInformation (1010), to \\b.txt",
    ),
    (
        t2(3, trans2.QueryFsInformationRequest(0x105)),
        "C; Transact2, Query Fs Information, Level = SMB_QUERY_FS_ATTRIBUTE_INFO (0x0105)",
    ),
    (
        t2(3, trans2.QueryFsInformationRequest(0x300)),
        "C; Transact2, Query Fs Information, Level = 0x0300",
    ),
    (
        ntt(4, nt.NotifySetup(0x17, 0x4000, 1).encode()),
        "C; Nt Transact, Notify Change, FID = 0x4000, Filter = 0x0017, whole tree",
    ),
    (
        ntt(6, b"", nt.SecurityDescRequest(0x4000, 0, 5).encode()),
        "C; Nt Transact, Query Security Desc, FID = 0x4000, owner DACL",
    ),
    (
        ntt(2, nt.IoctlSetup(0x144064, 0x4000).encode()),
        "C; Nt Transact, Ioctl, FSCTL_SRV_ENUMERATE_SNAPSHOTS, FID = 0x4000",
    ),
    (
        message(
            TRANSACTION,
            trans.TransactionRequest(name="\\PIPE\\srvsvc", setup=b"\x53\0\0\0"),
            subcommand=0x53,
        ),
        "C; Transact, Wait Nmpipe, \\PIPE\\srvsvc",
    ),
    (
        message(
            TRANSACTION,
            trans.TransactionRequest(name="\\MAILSLOT\\BROWSE", setup=b"\1\0\1\0\2\0", data=b"x" * 30),
            subcommand=1,
        ),
        "C; Transact, Mailslot Write, \\MAILSLOT\\BROWSE, 30 bytes",
    ),
    (
        t2(5, trans2.QueryPathInformationRequest(1004, 0, "")),
        'C; Transact2, Query Path Information, FileName = "", Level = FileBasicInformation (1004)',
    ),
    (ntt(0x1234), "C; Nt Transact, 0x1234"),
    (message(0x07, dirs.RenameRequest(0x16, "\\a", "\\b")), "C; Rename, from \\a to \\b"),
    (message(0xA5, dirs.NtRenameRequest(0x16, 0x103, 0, "a", "b")), "C; Nt Rename, hard link, from a to b"),
    (message(0x00, dirs.CreateDirectoryRequest("\\new")), "C; Create Directory, Directory = \\new"),
    (message(0x06, dirs.DeleteRequest(0x16, "\\*.bak")), "C; Delete, FileName = \\*.bak"),
    (
        reply(0x08, dirs.QueryInformationResponse(0x21, 0, 700)),
        "R; Query Information, Attributes = RA, 700 bytes",
    ),
    (message(0x81, search.SearchRequest(20, 0x16, "\\*.*")), "C; Search, Pattern = \\*.*, at most 20"),
    (
        message(
            0x24,
            locking.LockingAndxRequest(fid=0x4000, type_of_lock=0x11, timeout=5000, locks=(LOCK(1, 0, 10),)),
        ),
        "C; Locking Andx, FID = 0x4000, shared lock of 10 bytes at Offset 0, waits 5000 ms",
    ),
    (
        message(0x24, locking.LockingAndxRequest(fid=0x4000, type_of_lock=0x10, unlocks=(LOCK(1, 0, 10),))),
        "C; Locking Andx, FID = 0x4000, unlock 10 bytes at Offset 0",
    ),
    (message(0x0B, files.WriteRequest(0x4000, 0, 77)), "C; Write, FID = 0x4000, sets the size to 77"),
    (message(0x2B, session.EchoRequest(1, b"ping")), "C; Echo, 4 bytes, 1 times"),
    (
        reply(CREATE, None, status=NT.OBJECT_NAME_NOT_FOUND, problem="no such pipe"),
        "R; Nt Create Andx - NT Status: System - Error, Code = (52) STATUS_OBJECT_NAME_NOT_FOUND (no such pipe)",
    ),
    (
        reply(READ, files.ReadAndxResponse(data=b"abc"), status=NT.BUFFER_OVERFLOW),
        "R; Read Andx, 3 bytes - NT Status: System - Warning, Code = (5) STATUS_BUFFER_OVERFLOW",
    ),
    (
        reply(CLOSE, None, status=NT.SMB_BAD_TID),
        "R; Close - NT Status: System - Error, Code = (2) STATUS_SMB_BAD_TID",
    ),
    (
        reply(TRANS2, None, subcommand=5, status=NT.NO_SUCH_DEVICE),
        "R; Transact2, Query Path Information - NT Status: System - Error, Code = (14) STATUS_NO_SUCH_DEVICE",
    ),
    (message(0x1B), "C; Read Mpx, not implemented"),
    (message(0x5A), "C; Command 0x5A, not implemented"),
    (
        message(CLOSE, problem="WordCount 1 of CloseRequest"),
        "C; Close, WordCount 1 of CloseRequest",
    ),
]


@pytest.mark.parametrize(("event", "line"), SHOWN)
def test_commands_are_shown_with_what_matters_in_them(event: Any, line: str) -> None:
    assert summary(light(event)) == line


def test_payloads_left_in_an_event_read_the_same_as_omitted_ones() -> None:
    body = files.WriteAndxRequest(0x4000, data=bytes(72))
    assert carrier(message(WRITE, body)) == carrier(message(WRITE, lighten(body)))


def test_bytes_that_are_no_token_no_fragment_and_no_parameters_are_shown_as_plain_smb() -> None:
    damaged = b"NTLMSSP\0\3\0\0\0" + b"\xff" * 60
    assert tagged(message(SETUP, setup(damaged))) == "SMB:C; Session Setup Andx"
    assert pipe_message(b"\5\0\0") is None
    short = trans.Transaction2Request(setup=b"\1\0", parameters=b"\0")
    assert tagged(message(TRANS2, short, subcommand=1)) == "SMB:C; Transact2, Find First2"


WIRE = (dirs, files, locking, negotiate, raw, search, session, trans, tree)
BASES = {
    # Decoded as one of their forms; never an event's body themselves.
    session.SessionSetupAndxRequest,
    negotiate.NegotiateNtWords,
}


def messages_of(module: ModuleType) -> list[type[Body]]:
    return [
        one
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, Body) and one.__module__ == module.__name__ and one not in BASES
    ]


@pytest.mark.parametrize("module", WIRE, ids=lambda module: module.__name__)
def test_every_structure_of_a_command_has_words(module: ModuleType) -> None:
    transactions = tuple(messages_of(trans))
    missing = [
        one.__name__
        for one in messages_of(module)
        if one not in describe.WORDS and not issubclass(one, transactions)
    ]
    assert missing == []


def test_every_transaction_with_known_parameters_has_words() -> None:
    tables = (
        trans2.TRANS2_REQUESTS,
        trans2.TRANS2_RESPONSES,
        nt.NT_TRANSACT_REQUESTS,
        nt.NT_TRANSACT_SETUPS,
    )
    known = {one for table in tables for one in table.values()}
    assert {one.__name__ for one in known if one not in words_trans.PARAMETERS} == set()


@pytest.mark.parametrize("code", sorted(names.COMMANDS))
def test_every_named_command_is_described_with_and_without_a_body(code: int) -> None:
    title = names.title(code)
    assert carrier(message(code)).startswith(f"C; {title}")
    assert carrier(reply(code, Empty())).startswith(f"R; {title}")
    assert carrier(reply(code, None, status=NT.NOT_IMPLEMENTED)).endswith("STATUS_NOT_IMPLEMENTED")
