"""spoolss: each call at each level and buffer size, printing through it, and what is refused."""

import struct

import pytest
from impacket.dcerpc.v5 import rprn
from impacket.dcerpc.v5.rpcrt import DCERPCException

from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.printview import JobChange, JobPhase, JobRow, PrinterRow
from fakesmb.rpc.services import spoolss, spoolss_levels
from fakesmb.rpc.stub import Win32
from fakesmb.rpc.view import Caller
from tests.rpc.rpc_client import ADMIN, NOBODY, NOW, USER, ListPrinting, ListView, connect

ALL_ACCESS = 0x000F000C
USE = 0x00000008


def view_of(*, paused: bool = False) -> ListView:
    rows = (PrinterRow("lp", "a printer", "HP", paused, jobs=1), PrinterRow("other"))
    jobs = [
        JobRow(3, "lp", "letter.txt", "alice", "10.0.0.5", NOW - 5, 1 << 33 | 7, JobPhase.WAITING),
        JobRow(4, "lp", "held", "bob", "10.0.0.6", NOW, 6, JobPhase.PAUSED, True, 2),
    ]
    return ListView(printing=ListPrinting(rows, jobs))


@pytest.fixture
def view() -> ListView:
    return view_of()


class Printers:
    """A client that sends stubs."""

    def __init__(self, view: ListView, caller: Caller = ADMIN) -> None:
        self.view = view
        self.dce = connect("spoolss", rprn.MSRPC_UUID_RPRN, caller, view)

    def call(self, opnum: int, stub: bytes) -> bytes:
        self.dce.call(opnum, stub)
        return bytes(self.dce.recv())

    def open(
        self, name: str | None = "\\\\FAKESMB\\lp", access: int = USE, datatype: str | None = None
    ) -> bytes:
        answer = self.call(
            69, unique(name) + unique(datatype) + struct.pack("<IIIII", 0, 0, access, 1, 1) + bytes(4)
        )
        assert code(answer) == 0, code(answer)
        return answer[:20]


def text(value: str) -> bytes:
    raw = (value + "\0").encode("utf-16-le")
    count = len(raw) // 2
    return struct.pack("<III", count, 0, count) + raw + bytes(-len(raw) % 4)


def unique(value: str | None) -> bytes:
    return bytes(4) if value is None else struct.pack("<I", 0x20000) + text(value)


def room(size: int | None) -> bytes:
    if size is None:
        return struct.pack("<II", 0, 0)
    return struct.pack("<II", 0x20000, size) + bytes(size) + bytes(-size % 4) + struct.pack("<I", size)


def code(answer: bytes) -> int:
    return int.from_bytes(answer[-4:], "little")


def buffer_in(answer: bytes) -> tuple[bytes | None, tuple[int, ...]]:
    """The buffer, and the numbers behind it."""
    (pointer,) = struct.unpack_from("<I", answer)
    data, at = None, 4
    if pointer:
        (size,) = struct.unpack_from("<I", answer, 4)
        data = answer[8 : 8 + size]
        at = 8 + size + -size % 4
    return data, struct.unpack(f"<{(len(answer) - at) // 4}I", answer[at:])


def string_at(data: bytes, at: int) -> str:
    end = next(place for place in range(at, len(data), 2) if data[place : place + 2] == b"\0\0")
    return data[at:end].decode("utf-16-le")


def sized(printers: Printers, opnum: int, before: bytes, after: bytes = b"", numbers: int = 3) -> bytes:
    """The buffer of a call, which is asked for in every size: nothing, too little, enough, more."""
    data, told = buffer_in(printers.call(opnum, before + room(None) + after))
    needed = told[0]
    assert (data, told[-1]) == (None, Win32.INSUFFICIENT_BUFFER)
    assert len(told) == numbers
    for size in (0, 1, needed - 1):
        data, told = buffer_in(printers.call(opnum, before + room(size) + after))
        assert data == bytes(size)
        assert (told[0], told[-1]) == (needed, Win32.INSUFFICIENT_BUFFER)
        assert numbers < 3 or told[1] == 0
    more, told = buffer_in(printers.call(opnum, before + room(needed + 50) + after))
    data, told = buffer_in(printers.call(opnum, before + room(needed) + after))
    assert (told[0], told[-1]) == (needed, 0)
    assert data is not None
    assert more == data + bytes(50)
    return data


class TestPrinters:
    @pytest.mark.parametrize("level", spoolss_levels.ENUMERATED)
    def test_they_are_listed_at_each_level(self, view: ListView, level: int) -> None:
        printers = Printers(view)
        data = sized(printers, 0, struct.pack("<I", 2) + unique(None) + struct.pack("<I", level))
        assert "\\\\FAKESMB\\lp\0".encode("utf-16-le") in data
        assert "\\\\FAKESMB\\other\0".encode("utf-16-le") in data

    def test_offsets_are_those_of_each_structure(self, view: ListView) -> None:
        """impacket reads the answer: the first printer's strings, and those of the second."""
        printers = Printers(view)
        data = sized(printers, 0, struct.pack("<I", 8) + unique("\\\\FAKESMB") + struct.pack("<I", 4))
        rows = [struct.unpack_from("<III", data, 12 * at) for at in range(2)]
        names = [string_at(data, 12 * at + row[0]) for at, row in enumerate(rows)]
        assert names == ["\\\\FAKESMB\\lp", "\\\\FAKESMB\\other"]
        assert [row[2] for row in rows] == [spoolss_levels.ATTRIBUTES] * 2

    def test_impackets_own_client(self, view: ListView) -> None:
        dce = Printers(view).dce
        answer = rprn.hRpcEnumPrinters(dce, rprn.PRINTER_ENUM_LOCAL, level=1)
        assert answer["pcReturned"] == 2
        handle = rprn.hRpcOpenPrinter(dce, "\\\\FAKESMB\\lp\0")["pHandle"]
        rprn.hRpcClosePrinter(dce, handle)

    @pytest.mark.parametrize(
        ("flags", "name", "count"),
        [
            (2, None, 2),
            (0x20, None, 2),
            (8, "\\\\FAKESMB", 2),
            (8, None, 0),
            (8, "", 0),
            (0x10, None, 0),
            (0x40, None, 0),
        ],
    )
    def test_who_asks_for_others_gets_none(
        self, view: ListView, flags: int, name: str | None, count: int
    ) -> None:
        answer = Printers(view).call(
            0, struct.pack("<I", flags) + unique(name) + struct.pack("<I", 1) + room(4000)
        )
        assert buffer_in(answer)[1][1:] == (count, 0)

    @pytest.mark.parametrize("level", spoolss_levels.PRINTER_LEVELS)
    def test_one_at_each_level(self, view: ListView, level: int) -> None:
        printers = Printers(view)
        data = sized(printers, 8, printers.open() + struct.pack("<I", level), numbers=2)
        if level == 2:
            fields = struct.unpack_from("<21I", data)
            assert string_at(data, fields[2]) == "lp"
            assert string_at(data, fields[4]) == "HP"
            assert fields[19] == 1
            assert data[fields[7] :].startswith("lp".encode("utf-16-le"))
            assert fields[7] % 4 == fields[12] % 4 == 0
            assert data[fields[12]] == 1

    def test_a_printer_that_is_paused_says_so(self) -> None:
        printers = Printers(view_of(paused=True))
        assert sized(printers, 8, printers.open() + struct.pack("<I", 6), numbers=2) == struct.pack("<I", 1)

    @pytest.mark.parametrize(
        ("name", "status"),
        [
            ("lp", 0), ("LP", 0), ("\\\\FAKESMB\\lp", 0), ("\\\\10.0.0.1\\lp,LocalOnly", 0), ("\\\\FAKESMB", 0),
            ("", 0), (None, 0), ("\\\\FAKESMB\\", 0), ("nope", Win32.INVALID_PRINTER_NAME),
            ("\\\\FAKESMB\\,XcvMonitor Local Port", Win32.INVALID_PRINTER_NAME),
        ],
    )  # fmt: skip
    def test_opening_by_any_name(self, view: ListView, name: str | None, status: int) -> None:
        stub = unique(name) + unique(None) + struct.pack("<III", 0, 0, USE)
        answer = Printers(view).call(1, stub)
        assert code(answer) == status
        assert (answer[:20] == bytes(20)) == bool(status)

    @pytest.mark.parametrize(
        ("caller", "access", "status"),
        [
            (ADMIN, ALL_ACCESS, 0),
            (USER, USE, 0),
            (USER, 0x02000000, 0),
            (USER, ALL_ACCESS, 5),
            (NOBODY, USE, 5),
        ],
    )
    def test_who_may_open_it(self, view: ListView, caller: Caller, access: int, status: int) -> None:
        stub = unique("lp") + unique("RAW") + struct.pack("<II", 8, 0x20000) + struct.pack("<I", 8) + bytes(8)
        assert code(Printers(view, caller).call(1, stub + struct.pack("<I", access))) == status

    def test_data_that_the_server_would_have_to_draw(self, view: ListView) -> None:
        stub = unique("lp") + unique("NT EMF 1.008") + struct.pack("<III", 0, 0, USE)
        assert code(Printers(view).call(1, stub)) == Win32.INVALID_DATATYPE

    def test_so_many_handles_are_given(self, view: ListView) -> None:
        printers = Printers(view)
        for _ in range(256):
            printers.open()
        stub = unique("lp") + unique(None) + struct.pack("<III", 0, 0, USE)
        assert code(printers.call(1, stub)) == Win32.NOT_ENOUGH_MEMORY

    @pytest.mark.parametrize(
        ("command", "change"), [(1, JobChange.PAUSE), (2, JobChange.GO_ON), (3, JobChange.CANCEL)]
    )
    def test_an_administrator_changes_it(self, view: ListView, command: int, change: JobChange) -> None:
        printers = Printers(view)
        stub = printers.open(access=ALL_ACCESS) + struct.pack("<8I", 0, 0, 0, 0, 0, 0, 0, command)
        assert code(printers.call(7, stub)) == 0
        assert view.printing.done == [("lp", change)]
        others = Printers(view, USER)
        assert code(others.call(7, others.open() + struct.pack("<8I", 0, 0, 0, 0, 0, 0, 0, command))) == 5

    @pytest.mark.parametrize(
        ("caller", "status"), [(ADMIN, Win32.NOT_SUPPORTED), (USER, Win32.ACCESS_DENIED)]
    )
    def test_what_it_is_nobody_sets(self, view: ListView, caller: Caller, status: int) -> None:
        printers = Printers(view, caller)
        assert code(printers.call(7, printers.open() + struct.pack("<8I", 2, 2, 0, 0, 0, 0, 0, 0))) == status
        for opnum, row in spoolss.OPERATIONS.items():
            if row.refusal:
                assert code(printers.call(opnum, printers.open() + bytes(40))) == status


class TestJobs:
    @pytest.mark.parametrize("level", spoolss_levels.JOB_LEVELS)
    def test_they_are_listed_at_each_level(self, view: ListView, level: int) -> None:
        printers = Printers(view)
        handle = printers.open()
        data = sized(printers, 4, handle + struct.pack("<III", 0, 100, level))
        assert struct.unpack_from("<I", data) == (3,)
        one = sized(printers, 3, handle + struct.pack("<II", 4, level), numbers=2)
        assert struct.unpack_from("<I", one) == (4,)
        if level in (2, 4):
            fields = struct.unpack_from("<20I", data)
            assert string_at(data, fields[4]) == "letter.txt"
            assert string_at(data, fields[2]) == "\\\\10.0.0.5"
            assert (fields[13], fields[19]) == (0, 7)
        if level == 4:
            assert struct.unpack_from("<I", data, 104) == (2,)

    @pytest.mark.parametrize(
        ("first", "most", "found"), [(0, 1, 1), (1, 9, 1), (2, 9, 0), (0xFFFFFFFF, 0xFFFFFFFF, 0)]
    )
    def test_some_of_them(self, view: ListView, first: int, most: int, found: int) -> None:
        printers = Printers(view)
        answer = printers.call(4, printers.open() + struct.pack("<III", first, most, 1) + room(4000))
        assert buffer_in(answer)[1][1:] == (found, 0)

    @pytest.mark.parametrize(
        ("command", "change"),
        [(1, JobChange.PAUSE), (2, JobChange.GO_ON), (3, JobChange.CANCEL), (5, JobChange.CANCEL)],
    )
    def test_they_are_changed(self, view: ListView, command: int, change: JobChange) -> None:
        printers = Printers(view)
        assert code(printers.call(2, printers.open() + struct.pack("<III", 3, 0, command))) == 0
        assert view.printing.done == [(3, change)]
        others = Printers(view, USER)
        assert code(others.call(2, others.open() + struct.pack("<III", 3, 0, command))) == 5

    @pytest.mark.parametrize(("number", "command", "status"), [(99, 1, 87), (3, 4, 50), (3, 0, 50)])
    def test_changes_that_are_none(self, view: ListView, number: int, command: int, status: int) -> None:
        printers = Printers(view)
        assert code(printers.call(2, printers.open() + struct.pack("<III", number, 0, command))) == status
        assert code(printers.call(2, printers.open("other") + struct.pack("<III", 3, 0, 1))) == 87


def document(name: str | None, datatype: str | None = None, output: str | None = None) -> bytes:
    texts = (name, output, datatype)
    head = struct.pack("<IIIIII", 1, 1, 0x20000, *(0 if one is None else 0x20004 for one in texts))
    return head + b"".join(text(one) for one in texts if one is not None)


def data_of(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data + bytes(-len(data) % 4) + struct.pack("<I", len(data))


class TestPrinting:
    def test_a_document(self, view: ListView) -> None:
        printers = Printers(view)
        handle = printers.open()
        assert printers.call(17, handle + document("page", "RAW")) == struct.pack("<II", 3, 0)
        for opnum in (18, 20):
            assert code(printers.call(opnum, handle)) == 0
        for data in (b"one", b"", b"two 2"):
            assert printers.call(19, handle + data_of(data)) == struct.pack("<II", len(data), 0)
        assert code(printers.call(23, handle)) == 0
        assert view.printing.data == {3: b"onetwo 2"}
        assert view.printing.done == [(3, "ended", False)]
        assert view.printing.job_rows[-1].document == "page"

    @pytest.mark.parametrize("opnum", [18, 19, 20, 21, 23])
    def test_without_a_document(self, view: ListView, opnum: int) -> None:
        printers = Printers(view)
        assert code(printers.call(opnum, printers.open() + data_of(b"x"))) == Win32.SPL_NO_STARTDOC

    def test_what_begins_no_document(self, view: ListView) -> None:
        printers = Printers(view)
        handle = printers.open()
        assert code(printers.call(17, handle + document("x", "NT EMF 1.003"))) == Win32.INVALID_DATATYPE
        assert code(printers.call(17, handle + struct.pack("<III", 2, 2, 0))) == Win32.INVALID_LEVEL
        assert code(printers.call(17, printers.open(None) + document("x"))) == Win32.INVALID_HANDLE
        assert code(printers.call(17, handle + document(None))) == 0
        assert code(printers.call(17, handle + document("again"))) == Win32.INVALID_PARAMETER

    @pytest.mark.parametrize("how", ["close", "vanish"])
    def test_a_document_without_its_end(self, view: ListView, how: str) -> None:
        printers = Printers(view)
        handle = printers.open()
        printers.call(17, handle + document("x"))
        if how == "close":
            assert printers.call(29, handle) == bytes(24)
        else:
            printers.dce.disconnect()
        assert view.printing.done == [(3, "ended", how == "vanish")]

    def test_a_document_is_given_up(self, view: ListView) -> None:
        printers = Printers(view)
        handle = printers.open()
        printers.call(17, handle + document("x"))
        assert code(printers.call(21, handle)) == 0
        assert view.printing.done == [(3, JobChange.CANCEL)]
        assert code(printers.call(23, handle)) == Win32.SPL_NO_STARTDOC

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (SMBError(NT.DISK_FULL), 112),
            (SMBError(NT.PRINT_CANCELLED), 63),
            (SMBError(NT.NO_SPOOL_SPACE), 62),
            (SMBError(NT.PRINT_QUEUE_FULL), 61),
            (SMBError(NT.MEDIA_WRITE_PROTECTED), 31),
        ],
    )
    def test_what_goes_wrong_has_its_code(self, view: ListView, error: SMBError, status: int) -> None:
        printers = Printers(view)
        handle = printers.open()
        printers.call(17, handle + document("x"))
        view.printing.error = error
        assert printers.call(19, handle + data_of(b"x")) == struct.pack("<II", 0, status)


class TestServer:
    @pytest.mark.parametrize(
        ("opnum", "before", "word"),
        [
            (15, unique(None) + unique(None), "winprint"),
            (35, unique(None), "LPT1:"),
            (36, unique("\\\\FAKESMB"), "Local Port"),
            (51, unique(None) + unique("WinPrint"), "RAW"),
        ],
    )
    def test_what_it_has(self, view: ListView, opnum: int, before: bytes, word: str) -> None:
        printers = Printers(view)
        data = sized(printers, opnum, before + struct.pack("<I", 1))
        assert f"{word}\0".encode("utf-16-le") in data
        wrong = printers.call(opnum, before + struct.pack("<I", 77) + room(10))
        assert buffer_in(wrong) == (bytes(10), (0, 0, Win32.INVALID_LEVEL))

    @pytest.mark.parametrize(("opnum", "word"), [(12, "print$\\W32X86"), (16, "PRTPROCS\\W32X86")])
    def test_folders(self, view: ListView, opnum: int, word: str) -> None:
        printers = Printers(view)
        before = unique(None) + unique("Windows NT x86")
        assert word.encode("utf-16-le") in sized(printers, opnum, before + struct.pack("<I", 1), numbers=2)
        assert code(printers.call(opnum, before + struct.pack("<I", 2) + room(1))) == Win32.INVALID_LEVEL
        other = unique(None) + unique("Amiga") + struct.pack("<I", 1) + room(1)
        assert code(printers.call(opnum, other)) == Win32.INVALID_ENVIRONMENT

    def test_forms(self, view: ListView) -> None:
        printers = Printers(view)
        handle = printers.open(None)
        data = sized(printers, 34, handle + struct.pack("<I", 1))
        assert struct.unpack_from("<I", data) == (spoolss_levels.BUILT_IN,)
        one = sized(printers, 32, handle + text("a4") + struct.pack("<I", 1), numbers=2)
        assert struct.unpack_from("<IIII", one)[2:] == (210000, 297000)
        unknown = printers.call(32, handle + text("napkin") + struct.pack("<I", 1) + room(1))
        assert code(unknown) == Win32.INVALID_FORM_NAME
        assert (
            code(printers.call(32, handle + text("A4") + struct.pack("<I", 3) + room(1)))
            == Win32.INVALID_LEVEL
        )
        assert code(printers.call(34, handle + struct.pack("<I", 3) + room(1))) == Win32.INVALID_LEVEL

    def test_there_is_no_driver_to_be_had(self, view: ListView) -> None:
        printers = Printers(view)
        handle = printers.open()
        x86, nowhere = unique("Windows NT x86"), unique("Amiga")
        assert (
            code(printers.call(11, handle + x86 + struct.pack("<I", 3) + room(9)))
            == Win32.UNKNOWN_PRINTER_DRIVER
        )
        newer = struct.pack("<I", 3) + room(9) + struct.pack("<II", 3, 0)
        assert code(printers.call(53, handle + x86 + newer)) == Win32.UNKNOWN_PRINTER_DRIVER
        assert code(printers.call(53, handle + nowhere + newer)) == Win32.INVALID_ENVIRONMENT
        for environment, status in ((x86, 0), (unique("all"), 0), (unique(None), 0), (nowhere, 1805)):
            answer = printers.call(10, unique(None) + environment + struct.pack("<I", 3) + room(9))
            assert buffer_in(answer) == (bytes(9), (0, 0, status))
        assert (
            code(printers.call(10, unique(None) + x86 + struct.pack("<I", 7) + room(0)))
            == Win32.INVALID_LEVEL
        )
        assert code(printers.call(51, unique(None) + unique("x") + struct.pack("<I", 1) + room(0))) == 1798

    def test_values(self, view: ListView) -> None:
        printers = Printers(view)
        server, printer = printers.open(None), printers.open()
        answer = printers.call(26, server + text("MajorVersion") + struct.pack("<I", 4))
        assert answer == struct.pack("<IIIII", 4, 4, 3, 4, 0)
        short = printers.call(26, server + text("OSVersion") + struct.pack("<I", 10))
        assert struct.unpack_from("<II", short) == (3, 10)
        assert struct.unpack_from("<II", short, len(short) - 8) == (276, Win32.MORE_DATA)
        assert code(printers.call(26, server + text("nope") + bytes(4))) == Win32.INVALID_PARAMETER
        assert code(printers.call(26, printer + text("nope") + bytes(4))) == Win32.FILE_NOT_FOUND
        assert code(printers.call(78, printer + text("") + text("ChangeID") + struct.pack("<I", 4))) == 0
        assert (
            code(printers.call(78, printer + text("DsSpooler") + text("x") + bytes(4)))
            == Win32.FILE_NOT_FOUND
        )
        assert code(printers.call(72, printer + struct.pack("<III", 0, 5, 7))) == Win32.NO_MORE_ITEMS
        assert code(printers.call(79, printer + text("PrinterDriverData") + struct.pack("<I", 100))) == 0
        assert code(printers.call(80, printer + text("") + struct.pack("<I", 100))) == 0
        assert code(printers.call(80, printer + text("") + struct.pack("<I", 0))) == Win32.MORE_DATA
        assert code(printers.call(80, printer + text("x") + struct.pack("<I", 0))) == Win32.FILE_NOT_FOUND

    def test_a_value_is_never_larger_than_that(self, view: ListView) -> None:
        """A few bytes of a question do not make gigabytes of zeros."""
        printers = Printers(view)
        with pytest.raises(DCERPCException):
            printers.call(26, printers.open() + text("x") + struct.pack("<I", 0xFFFFFFFF))

    def test_changes_cannot_be_told(self, view: ListView) -> None:
        """As by a server that cannot call the client back: it prints all the same, and asks from time to time."""
        printers = Printers(view)
        handle = printers.open()
        stub = handle + struct.pack("<II", 0x100, 0) + unique("\\\\CLIENT") + struct.pack("<II", 1, 0)
        assert printers.call(65, stub) == struct.pack("<I", Win32.SERVER_UNAVAILABLE)
        assert code(printers.call(56, handle)) == Win32.INVALID_HANDLE
        assert code(printers.call(67, handle + bytes(8))) == Win32.INVALID_HANDLE


class TestHandles:
    @pytest.mark.parametrize("opnum", [3, 4, 8, 17, 24, 53, 72])
    def test_the_server_is_no_printer(self, view: ListView, opnum: int) -> None:
        printers = Printers(view)
        rest = struct.pack("<II", 1, 1) + (struct.pack("<I", 1) if opnum == 4 else b"") + room(4)
        if opnum in (8, 24):
            rest = struct.pack("<I", 1) + room(4)
        assert code(printers.call(opnum, printers.open(None) + rest)) == Win32.INVALID_HANDLE

    @pytest.mark.parametrize("opnum", [op for op, row in spoolss.OPERATIONS.items() if not row.refusal])
    def test_a_handle_that_is_not_open(self, view: ListView, opnum: int) -> None:
        if opnum in (0, 1, 10, 12, 15, 16, 25, 35, 36, 51, 69):
            pytest.skip("takes none")
        with pytest.raises(DCERPCException, match="context"):
            Printers(view).call(opnum, bytes(range(20)) + bytes(40))

    def test_jobs_are_of_their_printer(self, view: ListView) -> None:
        printers = Printers(view)
        other = printers.open("other")
        assert code(printers.call(3, other + struct.pack("<II", 3, 1) + room(9))) == Win32.INVALID_PARAMETER
        lp = printers.open()
        for opnum, rest in (
            (3, struct.pack("<II", 3, 9)),
            (4, struct.pack("<III", 0, 9, 9)),
            (8, struct.pack("<I", 99)),
        ):
            assert code(printers.call(opnum, lp + rest + room(9))) == Win32.INVALID_LEVEL
        assert code(printers.call(24, lp + struct.pack("<I", 1) + room(9))) == Win32.INVALID_PARAMETER
        assert code(printers.call(25, lp + bytes(4))) == Win32.SPL_NO_ADDJOB


@pytest.mark.parametrize(
    "stub",
    [
        struct.pack("<IIIII", 2, 0, 1, 0x20000, 5) + bytes(8) + struct.pack("<I", 6),
        struct.pack("<IIIII", 2, 0, 1, 0x20000, 0xFFFFFFFF) + bytes(8),
        b"",
    ],
)
def test_a_buffer_that_is_not_as_long_as_it_says(view: ListView, stub: bytes) -> None:
    with pytest.raises(DCERPCException):
        Printers(view).call(0, stub)


def test_an_operation_that_is_not_served(view: ListView) -> None:
    with pytest.raises(DCERPCException):
        Printers(view).call(88, bytes(40))
