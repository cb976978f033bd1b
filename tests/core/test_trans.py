"""Transactions: pieces of requests and answers, pipes that answer more than was asked for, directory listings."""

import struct
from pathlib import Path

import pytest

from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Answer, Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.files import ReadAndxRequest, ReadAndxResponse
from fakesmb.wire.find_info import LEVELS
from fakesmb.wire.header import ERROR_BLOCK
from fakesmb.wire.search import FindClose2Request
from fakesmb.wire.trans import (
    NtTransactRequest,
    Transaction2Request,
    Transaction2SecondaryRequest,
    TransactionRequest,
    TransactionResponse,
    TransactionSecondaryRequest,
)
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindFirst2Response,
    FindNext2Request,
    FindNext2Response,
    QueryPathInformationRequest,
)
from fakesmb.wire.tree import TreeDisconnectRequest
from tests.refusals import Refuses

BIND = bytes.fromhex(
    "05000b03 10000000 4800 0000 01000000 b810b810 00000000 01000000 0000 0100"
    "c84f324b7016d30112785a47bf6ee188 03000000 045d888aeb1cc9119fe808002b104860 02000000"
)


def call(operation: int, stub: bytes) -> bytes:
    """A DCE/RPC request."""
    return struct.pack("<BBBBIHHIIHH", 5, 0, 0, 3, 0x10, 24 + len(stub), 0, 2, len(stub), 0, operation) + stub


SHARES = call(15, struct.pack("<II I III I I", 0, 1, 1, 0x20000, 0, 0, 0xFFFFFFFF, 0))
"""NetrShareEnum at level 1."""
CHECK_PATH = struct.pack("<HI", 0x101, 0) + "\\a.txt\0".encode("utf-16-le")


class TestSecondaries:
    """TRANSACTION2 that comes in pieces ([MS-CIFS] 3.3.5.40, .41)."""

    def first(self, client: Client, parameters: bytes, total: int, *, command: int = 0x32) -> int:
        request = Transaction2Request(
            setup=b"\5\0",
            parameters=parameters,
            total_parameter_count=total,
            max_parameter_count=2,
            max_data_count=1000,
        )
        return client.send(command, request)

    def more(self, client: Client, mid: int, at: int, parameters: bytes, total: int) -> None:
        request = Transaction2SecondaryRequest(
            parameters=parameters, total_parameter_count=total, parameter_displacement=at
        )
        client.send(0x33, request, mid=mid)

    def test_interim_then_final(self, client: Client) -> None:
        """The first piece gets an answer of nothing, the secondaries none; the last one the answer of the first."""
        total = len(CHECK_PATH)
        mid = self.first(client, CHECK_PATH[:5], total)
        interim = client.answer()
        assert (interim.header.command, interim.header.status, interim.header.mid) == (0x32, 0, mid)
        assert bytes(interim.message[32:]) == ERROR_BLOCK
        self.more(client, mid, 5, CHECK_PATH[5:9], total)
        assert client.answers() == []
        self.more(client, mid, 9, CHECK_PATH[9:], total)
        final = client.answer()
        assert (final.header.command, final.header.status, final.header.mid) == (0x32, 0, mid)
        assert len(final.body(TransactionResponse).data) == 40

    def test_out_of_order(self, client: Client) -> None:
        total = len(CHECK_PATH)
        mid = self.first(client, CHECK_PATH[:5], total)
        client.answer()
        self.more(client, mid, 9, CHECK_PATH[9:], total)
        self.more(client, mid, 5, CHECK_PATH[5:9], total)
        assert client.answer().header.status == 0

    def test_two_at_a_time(self, client: Client) -> None:
        """By MID, other requests between them."""
        total = len(CHECK_PATH)
        one, two = (self.first(client, CHECK_PATH[:5], total) for _ in range(2))
        client.answers()
        self.more(client, two, 5, CHECK_PATH[5:], total)
        assert client.answer().header.mid == two
        client.close(client.create("a.txt"))
        self.more(client, one, 5, CHECK_PATH[5:], total)
        assert client.answer().header.mid == one

    def test_totals_may_shrink(self, client: Client) -> None:
        total = len(CHECK_PATH)
        mid = self.first(client, CHECK_PATH[:5], total + 100)
        client.answer()
        self.more(client, mid, 5, CHECK_PATH[5:], total)
        assert client.answer().header.status == 0

    def test_totals_may_not_grow(self, client: Client) -> None:
        total = len(CHECK_PATH)
        mid = self.first(client, CHECK_PATH[:5], total)
        client.answer()
        self.more(client, mid, 5, CHECK_PATH[5:], total + 1)
        assert client.answer().header.status == NT.INVALID_PARAMETER
        self.more(client, mid, 5, CHECK_PATH[5:], total)
        assert client.answer().header.status == NT.INVALID_PARAMETER  # it is forgotten

    def test_of_nothing(self, client: Client) -> None:
        self.more(client, 99, 5, CHECK_PATH[5:], len(CHECK_PATH))
        assert client.answer().header.status == NT.INVALID_PARAMETER

    def test_beyond_its_own_end(self, client: Client) -> None:
        mid = self.first(client, CHECK_PATH[:5], len(CHECK_PATH))
        client.answer()
        self.more(client, mid, 0xFFF0, CHECK_PATH[5:], len(CHECK_PATH))
        assert client.answer().header.status == NT.INVALID_SMB

    def test_too_many_unfinished(self, client: Client) -> None:
        for _ in range(16):
            self.first(client, CHECK_PATH[:5], len(CHECK_PATH))
        assert {answer.header.status for answer in client.answers()} == {0}
        self.first(client, CHECK_PATH[:5], len(CHECK_PATH))
        assert client.answer().header.status == NT.INSUFFICIENT_RESOURCES

    def test_unfinished_ones_end_with_their_tree(self, client: Client) -> None:
        """A client that gives up sixteen of them is not shut out for ever."""
        for _ in range(16):
            self.first(client, CHECK_PATH[:5], len(CHECK_PATH))
        client.answers()
        client.call(0x71, TreeDisconnectRequest(), Empty)
        client.connect("public")
        self.first(client, CHECK_PATH[:5], len(CHECK_PATH))
        assert client.answer().header.status == 0

    def test_too_large(self, client: Client) -> None:
        request = NtTransactRequest(function=6, total_data_count=0x7FFFFFFF, data=b"x")
        client.send(0xA0, request)
        assert client.answer().header.status == NT.INSUFFICIENT_RESOURCES

    def test_of_a_pipe(self, client: Client) -> None:
        """TRANSACTION and its secondary: a bind in two pieces."""
        client.connect("IPC$")
        fid = client.create("\\srvsvc")
        request = TransactionRequest(
            name="\\PIPE\\",
            setup=struct.pack("<HH", 0x26, fid),
            data=BIND[:30],
            total_data_count=72,
            max_data_count=1024,
        )
        mid = client.send(0x25, request)
        assert bytes(client.answer().message[32:]) == ERROR_BLOCK
        client.send(
            0x26,
            TransactionSecondaryRequest(data=BIND[30:], total_data_count=72, data_displacement=30),
            mid=mid,
        )
        answer = client.answer()
        assert answer.header.command == 0x25
        assert bytes(answer.body(TransactionResponse).data[:4]) == bytes.fromhex("05000c03")


class TestAnswers:
    """Answers over the client's buffer, and over what it takes."""

    def test_of_several_messages(self, server: InMemoryServer) -> None:
        """One answer to a client of 1 KiB comes in pieces with totals and displacements."""
        client = server.client().sign_in(max_buffer=1024).connect("IPC$")
        fid = client.create("\\srvsvc")
        client.write(fid, BIND)
        client.read(fid)
        for number in range(40):
            server.server.shares[f"share{number}"] = server.server.shares["DOCS"]
        request = TransactionRequest(
            name="\\PIPE\\", setup=struct.pack("<HH", 0x26, fid), data=SHARES, max_data_count=4280
        )
        mid = client.send(0x25, request)
        pieces = client.answers()
        assert len(pieces) > 1
        data = self.joined(pieces, mid)
        assert struct.unpack_from("<H", data, 8)[0] == len(data) > 1024
        assert max(len(piece.message) for piece in pieces) <= 1024

    def joined(self, pieces: list[Answer], mid: int) -> bytes:
        data = b""
        for piece in pieces:
            assert (piece.header.command, piece.header.mid, piece.header.status) == (0x25, mid, 0)
            body = piece.body(TransactionResponse)
            assert body.data_displacement == len(data)
            data += body.data
        assert body.total_data_count == len(data)
        return data

    def test_buffer_overflow_and_the_rest(self, client: Client) -> None:
        """XP: TRANSACT with a small MaxData gets BUFFER_OVERFLOW and a first part, READ_ANDX the rest."""
        client.connect("IPC$")
        fid = client.create("\\srvsvc")
        client.write(fid, BIND)
        client.read(fid)
        request = TransactionRequest(
            name="\\PIPE\\", setup=struct.pack("<HH", 0x26, fid), data=SHARES, max_data_count=100
        )
        client.send(0x25, request)
        answer = client.answer()
        assert answer.header.status == NT.BUFFER_OVERFLOW
        data = bytes(answer.body(TransactionResponse).data)
        assert len(data) == 100
        whole = struct.unpack_from("<H", data, 8)[0]
        while len(data) < whole:
            client.send(0x2E, self.read_request(fid, 60))
            more = client.answer()
            data += more.body(ReadAndxResponse).data
            assert more.header.status == (NT.BUFFER_OVERFLOW if len(data) < whole else 0)
        assert len(data) == whole

    @staticmethod
    def read_request(fid: int, size: int) -> ReadAndxRequest:
        return ReadAndxRequest(fid=fid, max_count=size, min_count=size)

    def test_an_old_client_is_told_of_more_data(self, client: Client) -> None:
        """BUFFER_OVERFLOW is ERRDOS/ERRmoredata."""
        client.connect("IPC$")
        fid = client.create("\\srvsvc")
        client.flags2 &= ~0x4000
        request = TransactionRequest(
            name="\\PIPE\\", setup=struct.pack("<HH", 0x26, fid), data=BIND, max_data_count=10
        )
        client.send(0x25, request)
        assert client.answer().header.status == 1 | 234 << 16

    def test_no_response_wanted(self, client: Client) -> None:
        """TransactionFlag.NO_RESPONSE, and DISCONNECT_TID."""
        request = Transaction2Request(setup=b"\5\0", parameters=CHECK_PATH, max_data_count=100, flags=3)
        client.send(0x32, request)
        assert client.answers() == []
        client.send(0x32, request)
        assert client.answer().header.status == NT.SMB_BAD_TID

    @pytest.mark.parametrize(
        ("command", "request_", "expected"),
        [
            (0x32, Transaction2Request(), NT.INVALID_SMB),
            (0x32, Transaction2Request(setup=b"\x99\0"), NT.INVALID_PARAMETER),
            (0x32, Transaction2Request(setup=b"\x0e\0"), NT.NOT_IMPLEMENTED),
            (0xA0, NtTransactRequest(function=99), NT.INVALID_SMB),
            (0x25, TransactionRequest(name="\\NONSENSE\\"), NT.OBJECT_PATH_SYNTAX_BAD),
            (0x25, TransactionRequest(name="\\MAILSLOT\\BROWSE"), NT.OBJECT_NAME_NOT_FOUND),
            (0x25, TransactionRequest(name="\\PIPE\\", setup=b"\x26\0\x34\x12"), NT.OBJECT_NAME_NOT_FOUND),
        ],
    )
    def test_unknown_ones(
        self, client: Client, command: int, request_: Transaction2Request, expected: NT
    ) -> None:
        client.send(command, request_)
        assert client.answer().header.status == expected


class TestPipes:
    """IPC$, [MS-CIFS] 2.2.5."""

    @pytest.mark.parametrize("name", ["\\srvsvc", "srvsvc", "SRVSVC"])
    def test_names(self, client: Client, name: str) -> None:
        client.connect("IPC$")
        assert client.create(name) == 0x4000

    @pytest.mark.parametrize("name", ["\\mdssvc", "\\spoolss2", "\\..\\srvsvc", "", "\\"])
    def test_one_that_is_not_there(self, client: Client, refuses: Refuses, name: str) -> None:
        client.connect("IPC$")
        with refuses(NT.OBJECT_NAME_NOT_FOUND):
            client.create(name)

    @pytest.mark.parametrize("function", [0x26, 0x23, 0x21, 0x22, 0x36, 0x01])
    def test_functions_of_a_stale_fid(self, client: Client, function: int) -> None:
        client.connect("IPC$")
        request = TransactionRequest(
            name="\\PIPE\\",
            setup=struct.pack("<HH", function, 0x4000),
            parameters=b"\0\0",
            max_data_count=100,
        )
        client.send(0x25, request)
        assert client.answer().header.status == NT.INVALID_HANDLE


@pytest.fixture
def many(client: Client, folders: dict[str, Path]) -> Client:
    """A client on a share with 50 files in `many`."""
    (folders["public"] / "many").mkdir()
    for number in range(50):
        (folders["public"] / "many" / f"file{number:02}.txt").touch()
    return client


NAMES = ["."] + [".."] + [f"file{number:02}.txt" for number in range(50)]


def entries(level: int, data: bytes) -> list[tuple[str, int]]:
    """Names and file indices of NT levels."""
    size = LEVELS[level].size
    found, at = [], 0
    while True:
        following, index = struct.unpack_from("<II", data, at)
        length = struct.unpack_from("<I", data, at + (8 if level == 0x103 else 60))[0]
        found.append((bytes(data[at + size : at + size + length]).decode("utf-16-le"), index))
        if not following:
            return found
        at += following


class TestSearch:
    """FIND_FIRST2 and FIND_NEXT2, [MS-CIFS] 2.2.6.2 and 2.2.6.3."""

    def first(
        self, client: Client, count: int, flags: int = 0, *, level: int = 0x104, max_data: int = 16384
    ) -> tuple[FindFirst2Response, list[tuple[str, int]]]:
        request = FindFirst2Request(0x16, count, flags, level, 0, "\\many\\*")
        found = client.trans2(1, request, max_data=max_data)
        assert len(found.data) <= max_data
        assert len(found.parameters) == 10
        return FindFirst2Response.decode(found.parameters), entries(level, bytes(found.data))

    def next(
        self,
        client: Client,
        sid: int,
        count: int,
        flags: int = 8,
        *,
        key: int = 0,
        name: str = "",
        max_data: int = 16384,
    ) -> tuple[FindNext2Response, list[tuple[str, int]]]:
        found = client.trans2(2, FindNext2Request(sid, count, 0x104, key, flags, name), max_data=max_data)
        assert len(found.parameters) == 8
        return FindNext2Response.decode(found.parameters), entries(
            0x104, bytes(found.data)
        ) if found.data else []

    @pytest.mark.parametrize("level", [0x101, 0x102, 0x103, 0x104, 0x105, 0x106])
    def test_all_at_once(self, many: Client, level: int) -> None:
        head, found = self.first(many, 1366, 6, level=level)
        assert (head.search_count, head.end_of_search) == (52, 1)
        assert sorted(name for name, _ in found) == sorted(NAMES)
        assert len(many.connection.searches) == 0  # CLOSE_AT_END

    def test_on_from_the_last(self, many: Client) -> None:
        head, found = self.first(many, 10)
        while not head.end_of_search:
            more, names = self.next(many, head.sid or 1, 10)
            found += names
            if more.end_of_search:
                break
        assert sorted(name for name, _ in found) == sorted(NAMES)
        assert len(many.connection.searches) == 1
        many.call(0x34, FindClose2Request(1), Empty)
        assert len(many.connection.searches) == 0

    def test_resume_key(self, many: Client) -> None:
        """Windows 2000 and XP: the index of the last entry."""
        head, found = self.first(many, 10, 4)
        _, again = self.next(many, head.sid, 10, 4, key=found[4][1])
        _, on = self.next(many, head.sid, 5, 8)
        whole, _ = self.first(many, 1366, 1), None
        names = [name for name, _ in whole[1]]
        assert [name for name, _ in again] == names[5:15]
        assert [name for name, _ in on] == names[15:20]

    def test_resume_name(self, many: Client) -> None:
        """smbclient, Windows 9x: the name of the last entry, `.` and `..` among them."""
        head, _ = self.first(many, 20)
        names = [name for name, _ in self.first(many, 1366, 1)[1]]
        for after in (names[7], "..", names[7].upper()):
            _, again = self.next(many, head.sid, 3, 0, name=after)
            at = [name.upper() for name in names].index(after.upper()) + 1
            assert [name for name, _ in again] == names[at : at + 3]

    def test_cut_by_max_data(self, many: Client) -> None:
        """The entry that does not fit is the first of the next answer, whatever its cut."""
        for max_data in (200, 250, 333, 1000):
            head, found = self.first(many, 1366, max_data=max_data)
            assert not head.end_of_search
            for _ in range(60):
                more, names = self.next(many, head.sid, 1366, max_data=max_data)
                found += names
                if more.end_of_search:
                    break
            assert sorted(name for name, _ in found) == sorted(NAMES)
            assert head.last_name_offset < max_data

    def test_no_entry_fits(self, many: Client, refuses: Refuses) -> None:
        with refuses(NT.BUFFER_TOO_SMALL):
            self.first(many, 1366, max_data=50)
        assert len(many.connection.searches) == 0

    @pytest.mark.parametrize(("flags", "left"), [(0, 1), (1, 0), (2, 1)])
    def test_close_flags(self, many: Client, flags: int, left: int) -> None:
        """CLOSE_AFTER_REQUEST closes; CLOSE_AT_END only at the end."""
        self.first(many, 10, flags)
        assert len(many.connection.searches) == left

    def test_closed_by_a_next(self, many: Client, refuses: Refuses) -> None:
        head, _ = self.first(many, 10)
        self.next(many, head.sid, 10, 9)
        with refuses(NT.INVALID_HANDLE):
            self.next(many, head.sid, 10, 8)

    def test_close_all(self, many: Client) -> None:
        """OS/2: FIND_CLOSE2 of -1."""
        for _ in range(3):
            self.first(many, 10)
        many.call(0x34, FindClose2Request(0xFFFF), Empty)
        assert len(many.connection.searches) == 0

    def test_files_that_come_and_go(self, many: Client, folders: dict[str, Path]) -> None:
        """Names deleted between two answers do not bring the search out of step."""
        head, found = self.first(many, 10)
        for name, _ in found[3:]:
            (folders["public"] / "many" / name).unlink()
        (folders["public"] / "many" / "later.txt").touch()
        more, names = self.next(many, head.sid, 1366)
        assert more.end_of_search
        seen = [name for name, _ in found + names]
        assert len(seen) == len(set(seen))
        assert {*NAMES} <= {*seen}

    @pytest.mark.parametrize("pattern", ["\\nothing*", "\\a.tx", "\\nothing.txt"])
    def test_nothing_found(self, many: Client, refuses: Refuses, pattern: str) -> None:
        with refuses(NT.NO_SUCH_FILE):
            many.trans2(1, FindFirst2Request(0x16, 10, 6, 0x104, 0, pattern))

    def test_a_folder_that_is_not_there(self, many: Client, refuses: Refuses) -> None:
        with refuses(NT.OBJECT_PATH_NOT_FOUND):
            many.trans2(1, FindFirst2Request(0x16, 10, 6, 0x104, 0, "\\nowhere\\*"))

    def test_unknown_level(self, many: Client, refuses: Refuses) -> None:
        with refuses(NT.INVALID_LEVEL):
            many.trans2(1, FindFirst2Request(0x16, 10, 6, 0x999, 0, "\\*"))
        many.flags2 &= ~0x4000
        with pytest.raises(SMBError) as raised:
            many.trans2(5, QueryPathInformationRequest(0x999, 0, "\\a.txt"))
        assert raised.value.status == 1 | 124 << 16  # ERRDOS/ERRunknownlevel

    def test_in_small_messages(self, server: InMemoryServer, many: Client) -> None:
        """Windows 9x: MaxData 2,432, MaxBuffer 2,920; each answer is one message."""
        client = server.client().sign_in(max_buffer=2920).connect("public")
        head, found = self.first(client, 6, 4, max_data=2432)
        assert len(found) == 6
        more, names = self.next(client, head.sid, 1366, max_data=0xFFFF)
        assert len(names) > 20
        assert not more.end_of_search
