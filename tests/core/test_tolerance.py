"""Requests that are not as the specification has them, and that Windows and Samba take all the same."""

import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.core.settings import Settings
from fakesmb.nt.status import NT
from fakesmb.testing import CHALLENGE, GUID, Answer, Client, InMemoryServer
from fakesmb.wire import trans2
from fakesmb.wire.codec import Body, DecodeError, Empty, Structure
from fakesmb.wire.dirs import (
    CheckDirectoryRequest,
    CreateDirectoryRequest,
    DeleteDirectoryRequest,
    DeleteRequest,
    NtRenameRequest,
    QueryInformation2Request,
    QueryInformationRequest,
    RenameRequest,
    SetInformation2Request,
    SetInformationRequest,
)
from fakesmb.wire.files import (
    CloseRequest,
    CreateRequest,
    CreateTemporaryRequest,
    FlushRequest,
    NtCreateAndxRequest,
    OpenAndxRequest,
    OpenRequest,
    ReadAndxRequest,
    ReadRequest,
    SeekRequest,
    WriteAndCloseRequest,
    WriteAndxRequest,
    WriteRequest,
    WriteResponse,
)
from fakesmb.wire.header import Flags2, block_at
from fakesmb.wire.locking import LockByteRangeRequest, LockRange
from fakesmb.wire.messages import REQUESTS
from fakesmb.wire.negotiate import NegotiateRequest
from fakesmb.wire.nt_trans import NtCreateRequest, NtTransact
from fakesmb.wire.raw import ReadRawRequest
from fakesmb.wire.search import FindClose2Request, SearchRequest
from fakesmb.wire.session import EchoRequest, LogoffAndxRequest, SessionSetupPlainRequest
from fakesmb.wire.trans import (
    NtTransactRequest,
    NtTransactResponse,
    Transaction2Request,
    TransactionRequest,
    TransactionResponse,
)
from fakesmb.wire.trans2 import Trans2
from fakesmb.wire.tree import TreeConnectAndxRequest, TreeConnectRequest

Shared = tuple[InMemoryServer, Path]
HEADER = 32
ALL_FILES = 0x16


class Parts:
    """A message taken apart, to be put together in another way."""

    def __init__(self, message: bytes) -> None:
        words_end = HEADER + 1 + 2 * message[HEADER]
        self.head = message[:HEADER]
        self.words = message[HEADER + 1 : words_end]
        self.data = message[words_end + 2 :]

    def joined(
        self, *, words: bytes | None = None, data: bytes | None = None, count: int | None = None
    ) -> bytes:
        """The message with other words or bytes, or with a ByteCount that is not the bytes' own."""
        words = self.words if words is None else words
        data = self.data if data is None else data
        size = len(data) if count is None else count
        return self.head + bytes((len(words) // 2,)) + words + struct.pack("<H", size) + data


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """One server for the many requests; each test makes the files that it needs."""
    folder = tmp_path_factory.mktemp("share")
    server = InMemoryServer(
        {"public": folder}, settings=Settings(challenge=CHALLENGE, guid=GUID, signing="off")
    )
    yield server, folder
    assert [problem.text for problem in server.problems] == []


@pytest.fixture(params=["unicode", "oem"])
def client(request: pytest.FixtureRequest, shared: Shared) -> Iterator[Client]:
    """A client whose strings are Unicode or OEM, on a share with a.txt, b.txt and an empty folder."""
    server, folder = shared
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (folder / "a.txt").write_bytes(b"0123456789" * 10)
    (folder / "b.txt").write_bytes(b"bbb")
    (folder / "dir").mkdir()
    one = server.client().sign_in().connect("public")
    if request.param == "oem":
        one.flags2 &= ~Flags2.UNICODE
    yield one
    one.lost()


def taken(client: Client, message: bytes) -> Answer:
    """Sends a message that must be answered with success."""
    client.send_raw(message)
    answer = client.answer()
    assert answer.header.status == 0, f"{NT(answer.header.status).label}: {message.hex(' ')}"
    return answer


NAMES: list[tuple[int, Body]] = [
    (0x00, CreateDirectoryRequest("\\new")),
    (0x01, DeleteDirectoryRequest("\\dir")),
    (0x02, OpenRequest(0x42, ALL_FILES, "\\a.txt")),
    (0x03, CreateRequest(0, 0, "\\new.txt")),
    (0x06, DeleteRequest(ALL_FILES, "\\b.txt")),
    (0x07, RenameRequest(ALL_FILES, "\\b.txt", "\\c.txt")),
    (0x08, QueryInformationRequest("\\a.txt")),
    (0x09, SetInformationRequest(0, 0, bytes(10), "\\b.txt")),
    (0x0E, CreateTemporaryRequest(0, 0, "\\dir")),
    (0x0F, CreateRequest(0, 0, "\\new.txt")),
    (0x10, CheckDirectoryRequest("\\dir")),
    (0x81, SearchRequest(5, ALL_FILES, "\\*.*")),
    (0x82, SearchRequest(5, ALL_FILES, "\\*.*")),
    (0x83, SearchRequest(5, ALL_FILES, "\\*.*")),
    (0xA5, NtRenameRequest(ALL_FILES, 0x104, 0, "\\b.txt", "\\c.txt")),
]
"""Every command whose bytes begin with a name behind a buffer format."""
LAST_NAMES = [(code, body) for code, body in NAMES if not isinstance(body, SearchRequest)]
"""Those whose bytes end with one."""
SECOND_NAMES = [(0x07, NAMES[5][1]), (0xA5, NAMES[14][1])]


def named(row: object) -> str | None:
    """Names of parametrized tests."""
    return type(row).__name__ if isinstance(row, Body) else None


@pytest.mark.parametrize(("code", "body"), NAMES, ids=named)
@pytest.mark.parametrize("value", [0, 1, 0xFF])
def test_the_value_of_a_buffer_format_is_not_looked_at(
    client: Client, code: int, body: Body, value: int
) -> None:
    parts = Parts(client.message(code, body))
    taken(client, parts.joined(data=bytes((value,)) + parts.data[1:]))


@pytest.mark.parametrize(("code", "body"), LAST_NAMES, ids=named)
@pytest.mark.parametrize("less", [1, 2])
def test_a_missing_null_ends_with_the_block(client: Client, code: int, body: Body, less: int) -> None:
    """A ByteCount one short (Movian's DELETE), half a null, none; the byte that is left out may be there or not."""
    less = min(less, 2 if client.flags2 & Flags2.UNICODE else 1)
    parts = Parts(client.message(code, body))
    taken(client, parts.joined(data=parts.data[:-less]))
    if code not in (0x03, 0x06, 0x07, 0x0F, 0x00, 0x01, 0xA5):  # what is done once only
        taken(client, parts.joined(count=len(parts.data) - less))


@pytest.mark.parametrize(("code", "body"), SECOND_NAMES, ids=named)
@pytest.mark.parametrize("value", [0, 1, 0xFF])
def test_the_second_format_is_not_looked_at_either(client: Client, code: int, body: Body, value: int) -> None:
    parts = Parts(client.message(code, body))
    second = parts.data.index(b"\x04", 1)
    data = parts.data[:second] + bytes((value,)) + parts.data[second + 1 :]
    taken(client, parts.joined(data=data))


@pytest.mark.parametrize(("code", "body"), SECOND_NAMES, ids=named)
def test_a_stray_pad_before_the_second_name(client: Client, code: int, body: Body, shared: Shared) -> None:
    """libogc: the byte that aligns the second name stands before its format and not behind it."""
    parts = Parts(client.message(code, body))
    second = parts.data.index(b"\x04", 1)
    behind = second + (2 if client.flags2 & Flags2.UNICODE else 1)
    taken(client, parts.joined(data=parts.data[:second] + b"\0\x04" + parts.data[behind:]))
    assert sorted(path.name for path in shared[1].iterdir()) == ["a.txt", "c.txt", "dir"]


def fid_rows(fid: int) -> list[tuple[int, Body]]:
    """Commands that name an open file."""
    return [
        (0x05, FlushRequest(fid)),
        (0x0A, ReadRequest(fid, 10, 0)),
        (0x0B, WriteRequest(fid, 3, 0, 0, b"abc")),
        (0x0C, LockByteRangeRequest(fid, 10, 0)),
        (0x12, SeekRequest(fid, 0, 5)),
        (0x13, ReadRequest(fid, 10, 20)),
        (0x14, WriteRequest(fid, 0, 0)),
        (0x22, SetInformation2Request(fid, 0, 0, 0, 0, 0, 0)),
        (0x23, QueryInformation2Request(fid)),
        (0x2E, ReadAndxRequest(fid, 0, 10)),
        (0x34, FindClose2Request(0xFFFF)),
        (0x2C, WriteAndCloseRequest(fid, 3, 0, 0, data=b"abc")),
    ]


@pytest.mark.parametrize("more", [1, 2, 9])
def test_words_behind_the_last_are_not_read(client: Client, more: int) -> None:
    """Of every command; NT_CREATE_ANDX and its kin, whose data have offsets, among them."""
    fid, other = client.create("a.txt"), client.create("a.txt")
    rows = [
        NAMES[0],
        *NAMES[2:4],
        *NAMES[6:9],
        (0x2B, EchoRequest(1, b"x")),
        (0x2D, OpenAndxRequest(access_mode=0x42, search_attributes=ALL_FILES, file_name="\\a.txt")),
        (0x75, TreeConnectAndxRequest(password_length=1, path="\\\\S\\public")),
        (0x80, Empty()),
        (0xA2, NtCreateAndxRequest(desired_access=0x20089, share_access=7, file_name="\\a.txt")),
        (0x24, client.locking(fid, LockRange(1, 50, 10))),
        *fid_rows(fid),
        (0x04, CloseRequest(other, 0)),
        (0x71, Empty()),
        (0x74, LogoffAndxRequest()),
    ]
    for code, body in rows:
        parts = Parts(client.message(code, body))
        taken(client, parts.joined(words=parts.words + bytes(2 * more)))


def test_data_by_offset_behind_more_words(client: Client, shared: Shared) -> None:
    """WRITE_ANDX says where its data are, however many words there are."""
    fid = client.create("a.txt")
    parts = Parts(client.message(0x2F, WriteAndxRequest(fid, data=b"xyz")))
    words = bytearray(parts.words + bytes(4))
    words[22:24] = struct.pack("<H", HEADER + 3 + len(words) + 1)
    taken(client, parts.joined(words=bytes(words)))
    assert (shared[1] / "a.txt").read_bytes().startswith(b"xyz3456")


@pytest.mark.parametrize(
    ("code", "body", "words"),
    [
        (0x09, SetInformationRequest(0x02, 0, bytes(10), "\\b.txt"), 2),
        (0x09, SetInformationRequest(0x02, 0, bytes(10), "\\b.txt"), 3),
        (0x09, SetInformationRequest(0x02, 0, bytes(10), "\\b.txt"), 5),
        (0x74, LogoffAndxRequest(), 0),
        (0x74, LogoffAndxRequest(), 1),
    ],
)
def test_fewer_words_than_the_form_has(client: Client, code: int, body: Body, words: int) -> None:
    """As smbd takes them; what of a field is missing is zeros."""
    parts = Parts(client.message(code, body))
    taken(client, parts.joined(words=parts.words[: 2 * words]))


@pytest.mark.parametrize(("words", "data"), [(3, b"5678901234"), (4, b"5678901234"), (5, b"5678901234")])
def test_a_short_read(client: Client, words: int, data: bytes) -> None:
    fid = client.create("a.txt")
    parts = Parts(client.message(0x0A, ReadRequest(fid, 10, 5)))
    answer = taken(client, parts.joined(words=parts.words[: 2 * words]))
    assert bytes(answer.message).endswith(data)


@pytest.mark.parametrize("words", range(8))
def test_read_raw_says_no_by_an_empty_frame(client: Client, words: int) -> None:
    parts = Parts(client.message(0x1A, ReadRawRequest(0x4000, 0, 10, 0, 0)))
    client.send_raw(parts.joined(words=parts.words[: 2 * words]))
    assert [bytes(frame) for frame in client.frames()] == [b""]


@pytest.mark.parametrize("more", [1, 100, 0xFF00])
def test_a_byte_count_beyond_the_message_ends_with_it(client: Client, more: int) -> None:
    for code, body in (
        (0x10, CheckDirectoryRequest("\\dir")),
        (0x80, Empty()),
        (0x2B, EchoRequest(1, b"hello")),
    ):
        parts = Parts(client.message(code, body))
        taken(client, parts.joined(count=len(parts.data) + more))


def test_a_byte_count_that_is_not_there_is_0(client: Client) -> None:
    for code in (0x80, 0x11, 0x71):
        message = client.message(code, Empty())
        taken(client, message[:-2])


def test_bytes_behind_the_block_are_not_read(client: Client) -> None:
    for code, body in (
        (0x10, CheckDirectoryRequest("\\dir")),
        (0x80, Empty()),
        (0x2B, EchoRequest(1, b"hello")),
    ):
        answer = taken(client, client.message(code, body) + b"trailing")
        assert b"trail" not in bytes(answer.message)


@pytest.mark.parametrize(
    "head", [b"", b"\x04", b"\x04\0", b"\x04\0\0", b"\x01\0\0", b"\0\0\0", b"\x01\xff\xff"]
)
def test_a_write_of_nothing_sets_the_length(client: Client, head: bytes, shared: Shared) -> None:
    """amiga-smbfs: the head of a name; others send none, or lengths that mean nothing."""
    fid = client.create("a.txt")
    parts = Parts(client.message(0x0B, WriteRequest(fid, 0, 7)))
    assert taken(client, parts.joined(data=head)).body(WriteResponse).count == 0
    assert (shared[1] / "a.txt").read_bytes() == b"0123456"


@pytest.mark.parametrize("head", [b"\x01\x03\0", b"\x05\0\0", b"\x04\xff\xff"])
def test_a_write_is_as_long_as_its_word_says(client: Client, head: bytes, shared: Shared) -> None:
    fid = client.create("a.txt")
    parts = Parts(client.message(0x0B, WriteRequest(fid, 3, 0)))
    assert taken(client, parts.joined(data=head + b"abcdef")).body(WriteResponse).count == 3
    assert (shared[1] / "a.txt").read_bytes().startswith(b"abc345")


def test_a_search_without_a_resume_key_begins(client: Client) -> None:
    for code in (0x81, 0x82, 0x83):
        parts = Parts(client.message(code, SearchRequest(5, ALL_FILES, "\\*.*")))
        for less in (1, 2, 3):
            taken(client, parts.joined(data=parts.data[:-less]))


@pytest.mark.parametrize("service", ["????", "???", "?", ""])
def test_a_service_that_is_cut_short_is_any(client: Client, service: str) -> None:
    taken(
        client,
        client.message(
            0x75, TreeConnectAndxRequest(password_length=1, path="\\\\S\\public", service=service)
        ),
    )


# -- Unicode that stands beside its place ------------------------------------------------------------------


@pytest.fixture
def wide(shared: Shared) -> Client:
    """A client with Unicode strings."""
    (shared[1] / "a.txt").write_bytes(b"a")
    return shared[0].client().sign_in().connect("public")


@pytest.mark.parametrize("name", ["\\a.txt", "a.txt"])
def test_unicode_that_is_not_aligned(wide: Client, name: str) -> None:
    """cifsget pads no string: those at odd offsets begin there."""
    text = name.encode("utf-16-le")
    for code, body in (
        (0x2D, OpenAndxRequest(access_mode=0x42, search_attributes=ALL_FILES, file_name="x")),
        (0xA2, NtCreateAndxRequest(desired_access=0x20089, share_access=7, file_name="x" * len(name))),
    ):
        parts = Parts(wide.message(code, body))
        taken(wide, parts.joined(data=text + b"\0\0"))
        taken(wide, parts.joined(data=text))
        taken(wide, parts.joined(data=b"\0" + text + b"\0\0"))
    parts = Parts(wide.message(0x75, TreeConnectAndxRequest(password_length=1, path="x")))
    words = parts.words[:6] + b"\0\0"
    for path in ("\\\\S\\public", "public"):
        raw = path.encode("utf-16-le") + b"\0\0"
        taken(wide, parts.joined(words=words, data=raw + b"?????\0"))
        taken(wide, parts.joined(words=words, data=b"\0" + raw + b"?????\0"))


@pytest.mark.parametrize("name", ["\u4e00\u4e00", "\uac00\uac00", "\u4e00", "\u4e00\u4e8c"])
def test_names_whose_low_bytes_are_null_are_themselves(wide: Client, name: str, shared: Shared) -> None:
    """Chinese and Korean: an aligned name is no ASCII beside its place."""
    (shared[1] / name).write_bytes(b"x")
    for told in (name, f"\\{name}"):
        taken(
            wide,
            wide.message(0xA2, NtCreateAndxRequest(desired_access=0x20089, share_access=7, file_name=told)),
        )
        taken(wide, wide.message(0x08, QueryInformationRequest(told)))
        taken(
            wide, wide.message(0x2D, OpenAndxRequest(access_mode=0x40, search_attributes=6, file_name=told))
        )


# -- transactions ------------------------------------------------------------------------------------------


def test_lanman_in_oem_under_the_unicode_flag(wide: Client) -> None:
    wide.connect("IPC$")
    rap = struct.pack("<H", 13) + b"WrLh\0B16BBDz\0" + struct.pack("<HH", 1, 1000)
    request = TransactionRequest(
        name="\\PIPE\\LANMAN", parameters=rap, max_parameter_count=8, max_data_count=1000
    )
    parts = Parts(wide.message(0x25, request))
    name = b"\\PIPE\\LANMAN\0"
    words = bytearray(parts.words)
    at = HEADER + 3 + len(words) + len(name)
    words[20:22] = struct.pack("<H", at)
    words[24:26] = struct.pack("<H", at + len(rap))
    answer = taken(wide, parts.joined(words=bytes(words), data=name + rap))
    assert answer.message[HEADER] == 10
    # ByteCount 0, as Popcorn Hour has it
    taken(wide, parts.joined(words=bytes(words), data=name + rap, count=0))


def trans2_rows(fid: int) -> list[tuple[int, Structure, bytes, bool]]:
    """TRANS2 requests: subcommand, parameters, data, whether data are answered."""
    return [
        (Trans2.FIND_FIRST2, trans2.FindFirst2Request(ALL_FILES, 10, 2, 0x104, 0, "\\*"), b"", True),
        (Trans2.FIND_FIRST2, trans2.FindFirst2Request(ALL_FILES, 10, 2, 1, 0, "\\*"), b"", True),
        (Trans2.QUERY_FS_INFORMATION, trans2.QueryFsInformationRequest(0x103), b"", True),
        (Trans2.QUERY_PATH_INFORMATION, trans2.QueryPathInformationRequest(0x101, 0, "\\a.txt"), b"", True),
        (Trans2.QUERY_PATH_INFORMATION, trans2.QueryPathInformationRequest(1, 0, "\\a.txt"), b"", True),
        (Trans2.QUERY_FILE_INFORMATION, trans2.QueryFileInformationRequest(fid, 0x107), b"", True),
        (Trans2.SET_FILE_INFORMATION, trans2.SetFileInformationRequest(fid, 0x101), bytes(40), False),
        (Trans2.SET_PATH_INFORMATION, trans2.SetPathInformationRequest(1, 0, "\\a.txt"), bytes(22), False),
        (Trans2.CREATE_DIRECTORY, trans2.CreateDirectory2Request(0, "\\made"), b"", False),
    ]


@pytest.mark.parametrize("room", [0, 1])
def test_no_more_parameters_than_asked(client: Client, room: int, shared: Shared) -> None:
    """amiga-smbfs asks for none: it gets the data, with success, in an answer of ten words."""
    fid = client.create("a.txt")
    for subcommand, parameters, data, tells in trans2_rows(fid):
        client.send(
            0x32, client.trans2_request(subcommand, parameters, data, max_parameters=room, max_data=2000)
        )
        answer = client.answer()
        assert answer.header.status == 0
        assert answer.message[HEADER] == 10
        response = answer.body(TransactionResponse)
        assert (len(response.parameters), response.total_parameter_count) == (0, 0)
        assert bool(response.data) == tells
    (shared[1] / "made").rmdir()


@pytest.mark.parametrize("room", [0, 3, 4])
def test_a_descriptor_without_its_length(wide: Client, room: int) -> None:
    fid = wide.create("a.txt")
    asked = NtTransactRequest(
        function=6,
        parameters=struct.pack("<HHI", fid, 0, 4),
        max_parameter_count=room,
        max_data_count=4000,
    )
    wide.send(0xA0, asked)
    answer = wide.answer()
    assert answer.header.status == 0
    response = answer.body(NtTransactResponse)
    assert len(response.parameters) == (4 if room == 4 else 0)
    assert response.data


@pytest.mark.parametrize("room", [0, 68, 69])
def test_a_create_needs_room_for_its_fid(wide: Client, room: int, shared: Shared) -> None:
    """Windows refuses it ([MS-SMB] 3.3.5.11.4), and nothing is made."""
    asked = NtCreateRequest(
        desired_access=0x12019F, share_access=7, create_disposition=2, file_name="made.txt"
    )
    request = NtTransactRequest(
        function=NtTransact.CREATE, parameters=asked.encode(), max_parameter_count=room, max_data_count=0
    )
    wide.send(0xA0, request)
    assert wide.answer().header.status == (0 if room == 69 else NT.INVALID_SMB)
    assert (shared[1] / "made.txt").exists() == (room == 69)


def test_pipe_functions_without_room_for_parameters(wide: Client) -> None:
    """TRANS_PEEK_NMPIPE and others say nothing then, and TRANS_TRANSACT_NMPIPE never has parameters."""
    wide.connect("IPC$")
    fid = wide.create("\\srvsvc")
    for function in (0x21, 0x23):
        setup = struct.pack("<HH", function, fid)
        wide.send(
            0x25, TransactionRequest(name="\\PIPE\\", setup=setup, max_parameter_count=0, max_data_count=64)
        )
        answer = wide.answer()
        assert answer.header.status == 0
        assert answer.body(TransactionResponse).total_parameter_count == 0


@pytest.mark.parametrize("password", ["", "pw"])
@pytest.mark.parametrize("stray", [False, True])
def test_a_tree_connect_in_unicode(wide: Client, password: str, stray: bool) -> None:
    """TREE_CONNECT is OEM; Samba's servers read it by the flags, and so clients send it."""
    data = b""
    for text in ("\\\\S\\public", password, "A:"):
        head = b"\0\x04" if stray and data else b"\x04\0" if data else b"\x04"
        data += head + f"{text}\0".encode("utf-16-le")
    parts = Parts(wide.message(0x70, Empty()))
    taken(wide, parts.joined(data=data))


@pytest.mark.parametrize("name", ["c", "p"])
def test_a_short_oem_name_is_no_unicode(wide: Client, name: str) -> None:
    """A name of one character before an empty password: every second byte of it is null, too."""
    parts = Parts(wide.message(0x70, Empty()))
    wide.send_raw(parts.joined(data=b"\x04" + name.encode() + b"\0\x04\0\x04A:\0"))
    assert wide.answer().header.status == NT.BAD_NETWORK_NAME  # of the name, which no share has


def test_more_words_of_a_session_setup(wide: Client) -> None:
    request = SessionSetupPlainRequest(
        account_name="alice", unicode_password_length=24, unicode_password=bytes(24)
    )
    parts = Parts(wide.message(0x73, request))
    wide.send_raw(parts.joined(words=parts.words + bytes(4)))
    assert wide.answer().header.status == NT.LOGON_FAILURE


# -- nothing behind the message is read --------------------------------------------------------------------

BODIES: list[tuple[int, Body]] = [
    *NAMES,
    (0x0B, WriteRequest(1, 3, 0, 0, b"abc")),
    (0x25, TransactionRequest(name="\\PIPE\\LANMAN", parameters=b"\0\0WrLeh\0B13BWz\0\1\0\0\4")),
    (0x2D, OpenAndxRequest(file_name="\\a.txt")),
    (0x2F, WriteAndxRequest(1, data=b"abc")),
    (0x32, Transaction2Request(setup=b"\5\0", parameters=b"\1\1\0\0\0\0\\\0a\0\0\0")),
    (0x70, TreeConnectRequest("\\\\S\\public", "", "A:")),
    (0x72, NegotiateRequest(("NT LM 0.12", "LANMAN1.0"))),
    (0x73, SessionSetupPlainRequest(account_name="alice", oem_password_length=3, oem_password=b"abc")),
    (0x75, TreeConnectAndxRequest(password_length=1, path="\\\\S\\public")),
    (0xA2, NtCreateAndxRequest(file_name="\\a.txt")),
]


@given(st.data())
def test_what_is_tolerated_stays_inside_the_message(data: st.DataObject) -> None:
    """Whatever a message says of its length: what is read is the same for anything that lies behind it in memory."""
    code, body = data.draw(st.sampled_from(BODIES))
    unicode = data.draw(st.booleans())
    block = bytearray(b"".join(body.encode(HEADER, unicode=unicode)))
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(block) - 1), st.integers(0, 255)), max_size=6)
    ):
        block[at] = value
    message = bytes(HEADER) + bytes(block[: data.draw(st.integers(0, len(block)))])
    outcomes = []
    for behind in (b"", b"\0" * 400, b"secret" * 70):
        view = memoryview(message + behind)[: len(message)]
        try:
            found = REQUESTS[code].decode(block_at(view, HEADER, unicode=unicode))
        except DecodeError:
            outcomes.append("refused")
            continue
        plain = [bytes(one) if isinstance(one, memoryview) else one for one in msgspec.structs.astuple(found)]
        assert all(len(one) <= len(message) for one in plain if isinstance(one, bytes | str))
        outcomes.append(repr(plain))
    assert len(set(outcomes)) == 1
