"""Requests paired with their replies as the protocol pairs them, and what each of them is about."""

import struct
from typing import Any

import pytest

from fakesmb.capture.trouble import Trouble
from fakesmb.nt.status import NT
from fakesmb.record import describe
from fakesmb.record.events import Event, Exchanged, Shown, SignedIn, SignInRefused
from fakesmb.wire.codec import Body, Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.files import (
    CloseRequest,
    CreateTemporaryRequest,
    CreateTemporaryResponse,
    NtCreateAndxRequest,
    NtCreateAndxResponse,
    OpenRequest,
    OpenResponse,
    ReadAndxRequest,
    WriteAndCloseRequest,
    WriteResponse,
)
from fakesmb.wire.header import Flags, Flags2, Header
from fakesmb.wire.locking import LockingAndxRequest, LockType
from fakesmb.wire.nt_trans import IoctlSetup, NotifySetup, NtCreateRequest, NtCreateResponse, NtTransact
from fakesmb.wire.raw import (
    ReadMpxRequest,
    ReadRawRequest,
    WriteCompleteResponse,
    WriteMpxRequest,
    WriteMpxResponse,
    WriteRawInterimResponse,
    WriteRawRequest,
)
from fakesmb.wire.search import FindClose2Request, ResumeKey, SearchEntry, SearchRequest, SearchResponse
from fakesmb.wire.session import (
    EchoRequest,
    EchoResponse,
    LogoffAndxRequest,
    NtCancelRequest,
    SessionSetupAndxResponse,
    SessionSetupExtendedRequest,
    SessionSetupExtendedResponse,
    SessionSetupLanmanRequest,
    SessionSetupPlainRequest,
)
from fakesmb.wire.trans import (
    NtTransactRequest,
    NtTransactResponse,
    Transaction2Request,
    Transaction2SecondaryRequest,
    TransactionRequest,
    TransactionResponse,
)
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindFirst2Response,
    FindNext2Request,
    Open2Request,
    Open2Response,
    QueryFileInformationRequest,
    SetPathInformationRequest,
    Trans2,
)
from fakesmb.wire.tree import (
    ProcessExitRequest,
    TreeConnectAndxRequest,
    TreeConnectAndxResponse,
    TreeConnectRequest,
    TreeConnectResponse,
    TreeDisconnectRequest,
)
from fakesmb.wire.unix import PosixOpenResponse, UnixLevel
from tests.capture.written import Tcp, Written, halves

UNICODE = Flags2.UNICODE | Flags2.NT_STATUS


class Said:
    """A conversation that is written message by message, whatever any server would say."""

    def __init__(self, flags2: int = UNICODE) -> None:
        self.capture = Written()
        self.tcp = Tcp(self.capture).open()
        self.flags2 = flags2
        self.mid = 0
        self.uid, self.tid, self.pid = 7, 9, 0x44

    def message(
        self, command: int, body: Body, *, reply: bool, status: int = 0, mid: int | None = None
    ) -> bytes:
        header = Header(
            command,
            status,
            Flags.REPLY if reply else 0,
            self.flags2,
            0,
            bytes(8),
            self.tid,
            self.pid,
            self.uid,
            self.mid if mid is None else mid,
        )
        block = b"".join(body.encode(32, unicode=bool(self.flags2 & Flags2.UNICODE)))
        return header.encode() + block

    def asks(self, command: int, body: Body, *, mid: int | None = None) -> "Said":
        if mid is None:
            self.mid += 1
        return self.frame(True, self.message(command, body, reply=False, mid=mid))

    def answers(self, command: int, body: Body, *, status: int = 0, mid: int | None = None) -> "Said":
        return self.frame(False, self.message(command, body, reply=True, status=status, mid=mid))

    def frame(self, from_client: bool, data: bytes) -> "Said":
        self.tcp.send(from_client, len(data).to_bytes(4, "big") + data)
        return self

    def opened(self, name: str, fid: int) -> "Said":
        self.asks(Command.NT_CREATE_ANDX, NtCreateAndxRequest(file_name=name))
        return self.answers(Command.NT_CREATE_ANDX, NtCreateAndxResponse(fid=fid))

    def trans2(self, subcommand: int, parameters: Any, answer: Any = None, data: bytes = b"") -> "Said":
        setup = subcommand.to_bytes(2, "little")
        self.asks(Command.TRANSACTION2, Transaction2Request(setup=setup, parameters=parameters.encode()))
        found = b"" if answer is None else answer.encode()
        return self.answers(Command.TRANSACTION2, TransactionResponse(parameters=found, data=data))

    def nt(self, function: int, parameters: bytes = b"", setup: bytes = b"", answer: bytes = b"") -> "Said":
        body = NtTransactRequest(function=function, parameters=parameters, setup=setup)
        self.asks(Command.NT_TRANSACT, body)
        return self.answers(Command.NT_TRANSACT, NtTransactResponse(parameters=answer))

    @property
    def events(self) -> list[Event | Trouble]:
        return self.capture.events()

    @property
    def about(self) -> list[tuple[int, str, int | None]]:
        """Command, path and FID of each half."""
        return [((one.request or one.reply)[4], one.path, one.fid) for one in halves(self.events)]


def shown(one: Exchanged) -> tuple[bool, bool]:
    """Whether it tells a request, and whether it knows one."""
    return one.shown == Shown.REQUEST, bool(one.request)


def test_an_echo_has_several_replies() -> None:
    said = Said().asks(Command.ECHO, EchoRequest(2, b"a"))
    for number in (1, 2, 3):
        said.answers(Command.ECHO, EchoResponse(number, b"a"))
    assert [shown(one) for one in halves(said.events)] == [
        (True, True),
        (False, True),
        (False, True),
        (False, False),
    ]


def test_replies_come_in_any_order() -> None:
    said = Said().opened("\\a", 5)
    said.asks(Command.READ_ANDX, ReadAndxRequest(fid=5)).asks(Command.ECHO, EchoRequest(1))
    said.answers(Command.ECHO, EchoResponse(1)).answers(
        Command.READ_ANDX, Empty(), status=NT.END_OF_FILE, mid=2
    )
    last = halves(said.events)[-1]
    assert (last.path, last.fid, last.status, last.request[4]) == (
        "\\a",
        5,
        NT.END_OF_FILE,
        Command.READ_ANDX,
    )


def test_two_requests_of_one_mid_are_told_apart_by_their_command() -> None:
    said = Said().asks(Command.ECHO, EchoRequest(1), mid=5).asks(Command.CLOSE, CloseRequest(1, 0), mid=5)
    said.asks(Command.ECHO, EchoRequest(1, b"second"), mid=5)
    said.answers(Command.CLOSE, Empty(), mid=5)
    said.answers(Command.ECHO, EchoResponse(1), mid=5).answers(Command.ECHO, EchoResponse(1), mid=5)
    replies = halves(said.events)[3:]
    assert [one.request[4] for one in replies] == [Command.CLOSE, Command.ECHO, Command.ECHO]
    assert [b"second" in one.request for one in replies] == [False, False, True]


def test_nt_cancel_has_no_reply_and_takes_none_away() -> None:
    said = Said().opened("\\dir", 5)
    setup = NotifySetup(completion_filter=1, fid=5).encode()
    said.asks(Command.NT_TRANSACT, NtTransactRequest(function=NtTransact.NOTIFY_CHANGE, setup=setup))
    said.asks(Command.NT_CANCEL, NtCancelRequest(), mid=said.mid)
    said.answers(Command.NT_TRANSACT, Empty(), status=NT.CANCELLED)
    last = halves(said.events)[-1]
    assert (last.path, last.fid, last.request[4]) == ("\\dir", 5, Command.NT_TRANSACT)


def test_a_transaction_in_several_messages_either_way() -> None:
    said = Said()
    parameters = SetPathInformationRequest(0x101, 0, "\\a.txt").encode()
    first = Transaction2Request(
        setup=b"\6\0",
        parameters=parameters,
        data=b"1234",
        total_parameter_count=len(parameters),
        total_data_count=8,
    )
    second = Transaction2SecondaryRequest(
        parameters=b"",
        data=b"5678",
        data_displacement=4,
        total_parameter_count=len(parameters),
        total_data_count=8,
    )
    said.asks(Command.TRANSACTION2, first).answers(Command.TRANSACTION2, Empty())
    said.asks(Command.TRANSACTION2_SECONDARY, second, mid=said.mid)
    for at in (0, 4):
        part = TransactionResponse(data=b"1234", total_data_count=8, data_displacement=at)
        said.answers(Command.TRANSACTION2, part)
    said.answers(Command.TRANSACTION2, TransactionResponse())
    found = halves(said.events)
    assert [shown(one) for one in found] == [
        (True, True),
        (False, True),
        (True, True),
        (False, True),
        (False, True),
        (False, False),
    ]
    assert {one.path for one in found[:5]} == {"\\a.txt"}


def test_an_oplock_break_is_of_the_server_and_has_no_request() -> None:
    said = Said().opened("\\a", 5)
    broken = LockingAndxRequest(fid=5, type_of_lock=LockType.OPLOCK_RELEASE)
    said.frame(False, said.message(Command.LOCKING_ANDX, broken, reply=False, mid=0xFFFF))
    said.asks(Command.LOCKING_ANDX, broken)
    said.asks(Command.LOCKING_ANDX, LockingAndxRequest(fid=5), mid=said.mid)
    said.answers(Command.LOCKING_ANDX, Empty(), status=NT.INVALID_HANDLE)
    told, acknowledged, asked, answered = halves(said.events)[2:]
    assert (told.request, told.shown, told.path, told.fid) == (b"", Shown.REPLY, "\\a", 5)
    assert shown(acknowledged) == (True, True)
    assert answered.request == asked.request


def test_raw_reads_and_writes() -> None:
    said = Said().opened("\\a", 5)
    said.asks(Command.READ_RAW, ReadRawRequest(5, 0, 100, 0, 0)).frame(False, b"raw data of the file")
    said.asks(Command.READ_RAW, ReadRawRequest(5, 0, 100, 0, 0)).frame(False, b"")
    write = WriteRawRequest(5, 8, 0, 0, 0, 1, 0, 0, 0)
    said.asks(Command.WRITE_RAW, write).answers(Command.WRITE_RAW, WriteRawInterimResponse())
    said.frame(True, b"\xffSMB more").answers(Command.WRITE_COMPLETE, WriteCompleteResponse(8))
    said.asks(Command.READ_RAW, ReadRawRequest(5, 0, 100, 0, 0)).asks(Command.ECHO, EchoRequest(1))
    said.answers(Command.ECHO, EchoResponse(1))
    found = halves(said.events)
    raw = [one for one in found if not one.shown]
    assert [one.data for one in raw] == [b"raw data of the file", b"", b"\xffSMB more"]
    assert {one.path for one in found[:-2]} == {"\\a"}
    complete = next(one for one in found if one.reply[4:5] == b"\x20")
    assert complete.request[4] == Command.WRITE_RAW
    assert not [one for one in said.events if isinstance(one, Trouble)]


def test_multiplexed_reads_and_writes() -> None:
    said = Said().opened("\\a", 5)
    for at in range(3):
        said.asks(Command.WRITE_MPX, WriteMpxRequest(5, 9, 0, 3 * at, 0, 0, 1 << at, 0, 0), mid=70)
    said.answers(Command.WRITE_MPX, WriteMpxResponse(7), mid=70)
    said.asks(Command.READ_MPX, ReadMpxRequest(5, 0, 10, 0, 0))
    for _ in range(2):
        said.answers(Command.READ_MPX, Empty())
    found = halves(said.events)
    assert found[5].request[32 + 15 : 32 + 19] != found[2].request[32 + 15 : 32 + 19]
    assert [shown(one) for one in found[5:]] == [(False, True), (True, True), (False, True), (False, True)]
    assert {one.path for one in found} == {"\\a"}


def test_identifiers_end_and_are_used_again() -> None:
    said = Said().opened("\\a", 5).opened("\\b", 6)
    said.asks(Command.CLOSE, CloseRequest(5, 0)).answers(Command.CLOSE, Empty())
    said.opened("\\again", 5)
    said.asks(Command.READ_ANDX, ReadAndxRequest(fid=5)).answers(Command.READ_ANDX, Empty())
    said.asks(Command.PROCESS_EXIT, ProcessExitRequest()).answers(Command.PROCESS_EXIT, Empty())
    said.asks(Command.READ_ANDX, ReadAndxRequest(fid=6)).answers(Command.READ_ANDX, Empty())
    assert [path for command, path, _ in said.about if command == Command.READ_ANDX] == [
        "\\again",
        "\\again",
        "\\b",  # what it was
        "\\b",
    ]


def test_fids_of_two_trees_are_kept_apart() -> None:
    said = Said().opened("\\a", 5)
    said.tid = 10
    said.opened("\\b", 5)
    said.asks(Command.CLOSE, CloseRequest(5, 0)).answers(Command.CLOSE, Empty())
    said.tid = 9
    said.asks(Command.CLOSE, CloseRequest(5, 0)).answers(Command.CLOSE, Empty())
    assert [path for command, path, _ in said.about if command == Command.CLOSE] == [
        "\\b",
        "\\b",
        "\\a",
        "\\a",
    ]


def test_users_and_shares_are_named_until_they_end() -> None:
    said = Said()
    setup = SessionSetupPlainRequest(
        oem_password_length=24,
        unicode_password_length=0,
        oem_password=bytes(24),
        account_name="alice",
        primary_domain="D",
        native_os="DOS",
        native_lan_man="",
    )
    said.asks(Command.SESSION_SETUP_ANDX, setup)
    said.answers(Command.SESSION_SETUP_ANDX, SessionSetupAndxResponse())
    connect = TreeConnectAndxRequest(password_length=1, path="\\\\S\\files")
    said.asks(Command.TREE_CONNECT_ANDX, connect)
    said.answers(Command.TREE_CONNECT_ANDX, TreeConnectAndxResponse(service="A:")).opened("\\a", 5)
    said.asks(Command.TREE_DISCONNECT, TreeDisconnectRequest()).answers(Command.TREE_DISCONNECT, Empty())
    said.opened("\\b", 6)
    said.asks(Command.LOGOFF_ANDX, LogoffAndxRequest()).answers(Command.LOGOFF_ANDX, LogoffAndxRequest())
    said.opened("\\c", 7)
    found = halves(said.events)
    assert [(one.user, one.share) for one in found[4:6]] == [("alice", "files")] * 2
    assert [(one.user, one.share) for one in found[8:10]] == [("alice", "")] * 2
    assert [(one.user, one.share) for one in found[12:]] == [("", "")] * 2
    signed_in = next(one for one in said.events if isinstance(one, SignedIn))
    assert (signed_in.user, signed_in.domain, signed_in.native_os) == ("alice", "D", "DOS")
    assert (signed_in.kind, signed_in.protection) == ("user", "LM")


@pytest.mark.parametrize(
    ("action", "user", "length", "kind", "protection"),
    [
        (1, "x", 24, "guest", "none"),
        (0, "", 1, "anonymous", "none"),
        (0, "x", 24, "user", "LM"),
        (0, "x", 9, "user", ""),
    ],
)
def test_kinds_of_sign_ins(action: int, user: str, length: int, kind: str, protection: str) -> None:
    said = Said(Flags2.NT_STATUS)
    setup = SessionSetupLanmanRequest(password_length=length, password=bytes(length), account_name=user)
    said.asks(Command.SESSION_SETUP_ANDX, setup)
    said.answers(Command.SESSION_SETUP_ANDX, SessionSetupAndxResponse(action=action))
    signed_in = next(one for one in said.events if isinstance(one, SignedIn))
    assert (signed_in.user, signed_in.kind, signed_in.protection) == (user, kind, protection)


@pytest.mark.parametrize("flags2", [UNICODE, 0])
def test_a_refused_sign_in(flags2: int) -> None:
    said = Said(flags2)
    setup = SessionSetupPlainRequest(account_name="eve", primary_domain="", native_os="", native_lan_man="")
    said.asks(Command.SESSION_SETUP_ANDX, setup)
    status = NT.WRONG_PASSWORD if flags2 else 2 << 16 | 2  # ERRSRV, ERRbadpw
    said.answers(Command.SESSION_SETUP_ANDX, Empty(), status=status)
    refused = next(one for one in said.events if isinstance(one, SignInRefused))
    assert (refused.user, refused.status) == ("eve", NT.WRONG_PASSWORD)
    assert halves(said.events)[-1].status == NT.WRONG_PASSWORD


def test_the_old_tree_connect() -> None:
    said = Said(Flags2.NT_STATUS)
    said.asks(Command.TREE_CONNECT, TreeConnectRequest("\\\\S\\ipc$", "", "IPC"))
    said.answers(Command.TREE_CONNECT, TreeConnectResponse(1024, 3))
    said.tid = 3
    said.asks(Command.OPEN, OpenRequest(0, 0, "pipe\\lanman")).answers(
        Command.OPEN, OpenResponse(5, 0, 0, 0, 0)
    )
    last = halves(said.events)[-1]
    assert (last.share, last.path, last.fid) == ("IPC$", "pipe\\lanman", 5)


def test_searches_are_named_while_they_go_on() -> None:
    said = Said()
    begin = FindFirst2Request(0x16, 10, 0, 0x104, 0, "\\*.txt")
    said.trans2(Trans2.FIND_FIRST2, begin, FindFirst2Response(77, 1, 0))
    said.trans2(Trans2.FIND_NEXT2, FindNext2Request(77, 10, 0x104, 0, 0, "x"))
    said.asks(Command.FIND_CLOSE2, FindClose2Request(77)).answers(Command.FIND_CLOSE2, Empty())
    said.trans2(Trans2.FIND_NEXT2, FindNext2Request(77, 10, 0x104, 0, 0, "x"))
    paths = [path for _, path, _ in said.about]
    assert paths == ["\\*.txt"] * 6 + [""] * 2


@pytest.mark.parametrize("flags", [1, 2])
def test_a_search_that_ends_with_its_first_answer_is_not_kept(flags: int) -> None:
    said = Said()
    begin = FindFirst2Request(0x16, 10, flags, 0x104, 0, "\\*")
    said.trans2(Trans2.FIND_FIRST2, begin, FindFirst2Response(77, 1, 1))
    said.trans2(Trans2.FIND_NEXT2, FindNext2Request(77, 10, 0x104, 0, 0, "x"))
    assert [path for _, path, _ in said.about] == ["\\*", "\\*", "", ""]


def test_searches_of_dos_are_named_by_their_resume_key() -> None:
    said = Said(Flags2.NT_STATUS)
    key = ResumeKey(0, b"0123456789abcdef")
    entry = SearchEntry.of(key, b"A.TXT", 0, 1, 0, 0).encode()
    said.asks(Command.SEARCH, SearchRequest(1, 0, "\\*.*")).answers(Command.SEARCH, SearchResponse(1, entry))
    said.asks(Command.SEARCH, SearchRequest(1, 0, "", key.encode()))
    said.answers(Command.SEARCH, Empty(), status=NT.NO_MORE_FILES)
    assert [path for _, path, _ in said.about] == ["\\*.*"] * 4


def test_opens_by_transactions() -> None:
    said = Said()
    open2 = Open2Request(0, 0, 0, 0, 0, 1, 0, bytes(10), "\\open2")
    said.trans2(Trans2.OPEN2, open2, Open2Response(fid=11))
    said.trans2(Trans2.QUERY_FILE_INFORMATION, QueryFileInformationRequest(11, 0x101))
    posix = PosixOpenResponse(0, 12, 1).encode()
    said.trans2(
        Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(UnixLevel.POSIX_OPEN, 0, "/posix"), None, posix
    )
    said.trans2(Trans2.QUERY_FILE_INFORMATION, QueryFileInformationRequest(12, 0x101))
    create = NtCreateRequest(desired_access=1, file_name="\\nt").encode()
    said.nt(NtTransact.CREATE, create, answer=NtCreateResponse(fid=13).encode())
    said.nt(NtTransact.IOCTL, setup=IoctlSetup(0x90028, 13).encode())
    said.nt(NtTransact.QUERY_SECURITY_DESC, (13).to_bytes(2, "little") + bytes(6))
    assert [(path, fid) for _, path, fid in said.about] == [
        ("\\open2", None),
        ("\\open2", 11),
        ("\\open2", 11),
        ("\\open2", 11),
        ("\\/posix", None),
        ("\\/posix", 12),
        ("\\/posix", 12),
        ("\\/posix", 12),
        ("\\nt", None),
        ("\\nt", 13),
        ("\\nt", 13),
        ("\\nt", 13),
        ("\\nt", 13),
        ("\\nt", 13),
    ]


def test_a_name_below_an_open_directory() -> None:
    said = Said().opened("\\dir", 5)
    said.asks(Command.NT_CREATE_ANDX, NtCreateAndxRequest(root_directory_fid=5, file_name="below"))
    said.asks(Command.NT_CREATE_ANDX, NtCreateAndxRequest(root_directory_fid=99, file_name="below"))
    assert [path for _, path, _ in said.about[2:]] == ["\\dir\\below", "\\below"]


def test_a_temporary_file_is_named_by_the_reply() -> None:
    said = Said(Flags2.NT_STATUS)
    said.asks(Command.CREATE_TEMPORARY, CreateTemporaryRequest(0, 0, "\\tmp"))
    said.answers(Command.CREATE_TEMPORARY, CreateTemporaryResponse(5, "SRV1"))
    assert said.about == [(0x0E, "\\tmp", None), (0x0E, "\\tmp\\SRV1", 5)]


def test_a_write_and_close_of_nothing_does_not_close() -> None:
    said = Said().opened("\\a", 5)
    for size in (0, 1):
        said.asks(Command.WRITE_AND_CLOSE, WriteAndCloseRequest(5, size, 0, 0, data=bytes(size)))
        said.answers(Command.WRITE_AND_CLOSE, WriteResponse(size))
    assert [path for _, path, _ in said.about] == ["\\a"] * 6


def test_transactions_on_pipes() -> None:
    said = Said().opened("\\srvsvc", 5)
    said.asks(Command.TRANSACTION, TransactionRequest(name="\\PIPE\\", setup=b"\x26\0\5\0", data=b"x"))
    said.answers(Command.TRANSACTION, TransactionResponse(data=b"y"))
    said.asks(Command.TRANSACTION, TransactionRequest(name="\\PIPE\\LANMAN", parameters=b"rap"))
    said.asks(Command.TRANSACTION, TransactionRequest(name="\\PIPE\\spoolss", setup=b"\x53\0\0\0"))
    assert [(path, fid) for _, path, fid in said.about[2:]] == [
        ("\\srvsvc", 5),
        ("\\srvsvc", 5),
        ("\\PIPE\\LANMAN", None),
        ("\\PIPE\\spoolss", None),
    ]


def test_netbios_sessions() -> None:
    said = Said()
    said.tcp.send(True, b"\x81\0\0\x44\x20" + bytes(67))
    said.tcp.send(False, b"\x83\0\0\x01\x82")
    said.tcp.send(True, b"\x85\0\0\0")
    said.tcp.send(False, b"\x82\0\0\0\x84\0\0\6" + bytes(6))
    assert [str(one) for one in said.events if isinstance(one, Trouble)] == [
        "frame 5: the server refuses the NetBIOS session: the name that was called is not there",
        "frame 7: the server sends the NetBIOS session elsewhere",
    ]


def test_a_message_without_its_header_is_one_line() -> None:
    said = Said()
    whole = said.message(Command.ECHO, EchoRequest(1, bytes(100)), reply=False)
    said.tcp.send(True, len(whole).to_bytes(4, "big") + whole, cut=len(whole) - 20)
    said.tcp.send(False)
    assert [str(one) for one in said.events if isinstance(one, Trouble)] == [
        f"frame 4: a message of the client of which 20 of {len(whole)} bytes were captured: its header is longer"
    ]


def authenticate(flags: int, domain: bytes, user: bytes, workstation: bytes, lm: bytes, nt: bytes) -> bytes:
    """An AUTHENTICATE_MESSAGE, [MS-NLMP] 2.2.1.3."""
    names = (name.decode().encode("utf-16-le") for name in (domain, user, workstation))
    fields, payload = b"", b""
    for value in (lm, nt, *names, b""):
        fields += struct.pack("<HHI", len(value), len(value), 64 + len(payload))
        payload += value
    return b"NTLMSSP\0\3\0\0\0" + fields + struct.pack("<I", flags) + payload


def spnego(said: Said, blob: bytes, native_os: str = "XP") -> SignedIn:
    setup = SessionSetupExtendedRequest(
        security_blob_length=len(blob), security_blob=blob, native_os=native_os
    )
    said.asks(Command.SESSION_SETUP_ANDX, setup)
    said.answers(Command.SESSION_SETUP_ANDX, SessionSetupExtendedResponse())
    return next(one for one in said.events if isinstance(one, SignedIn))


@pytest.mark.parametrize("mechanism", ["2a864886f712010202", "2a864882f712010202"])
def test_who_signs_in_by_kerberos_is_not_known(mechanism: str) -> None:
    signed_in = spnego(Said(), b"\x60\x20\x06\x09" + bytes.fromhex(mechanism) + bytes(20))
    assert (signed_in.user, signed_in.protection, signed_in.native_os) == ("", "Kerberos", "XP")
    assert describe.happening(signed_in) == "connection 1: a user signed in with Kerberos"


@pytest.mark.parametrize(
    ("flags", "size", "protection"),
    [(0x1, 24, "NTLMv1"), (0x80001, 24, "NTLM2 session"), (0x80001, 80, "NTLMv2")],
)
def test_how_ntlmssp_proved_it(flags: int, size: int, protection: str) -> None:
    said = Said()
    token = authenticate(flags, b"D", b"bob", b"W", bytes(24), bytes(size))
    said.asks(
        Command.SESSION_SETUP_ANDX,
        SessionSetupExtendedRequest(security_blob_length=len(token), security_blob=token),
    )
    said.answers(Command.SESSION_SETUP_ANDX, Empty(), status=NT.MORE_PROCESSING_REQUIRED)
    signed_in = spnego(said, b"the last word")
    assert (signed_in.user, signed_in.domain, signed_in.workstation) == ("bob", "D", "W")
    assert signed_in.protection == protection
