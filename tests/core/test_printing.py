"""Print jobs over SMB: each way to open, write and close makes a file in the printer's folder."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from fakesmb.auth.share_passwords import SharePasswords
from fakesmb.core.printviews import LivePrinting
from fakesmb.core.settings import Limits, Security, Settings
from fakesmb.nt.files import Access, Action, Disposition
from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import Printed
from fakesmb.rpc.printview import JobPhase
from fakesmb.rpc.view import Caller
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.wire.codec import Body, Empty
from fakesmb.wire.dirs import CheckDirectoryRequest, QueryInformationRequest, RenameRequest
from fakesmb.wire.files import (
    ClosePrintFileRequest,
    CloseRequest,
    CreateRequest,
    CreateResponse,
    CreateTemporaryRequest,
    CreateTemporaryResponse,
    IoctlRequest,
    NtCreateAndxRequest,
    NtCreateAndxResponse,
    OpenAndxRequest,
    OpenAndxResponse,
    OpenRequest,
    OpenResponse,
    ResourceType,
    WriteAndCloseRequest,
    WriteAndxRequest,
    WriteAndxResponse,
    WriteRequest,
    WriteResponse,
)
from fakesmb.wire.printing import (
    GetPrintQueueRequest,
    GetPrintQueueResponse,
    IoctlResponse,
    JobInfo,
    OpenPrintFileRequest,
    OpenPrintFileResponse,
    PrintQueueEntry,
    WritePrintFileRequest,
)
from fakesmb.wire.tree import (
    Service,
    TreeConnectAndxRequest,
    TreeConnectAndxResponse,
    TreeConnectRequest,
    TreeConnectResponse,
    TreeDisconnectRequest,
)
from tests.refusals import Refuses

PAGE = b"%!PS\nshowpage\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spool").mkdir()
    (tmp_path / "disk").mkdir()
    return tmp_path / "spool"


def serve(folder: Path, limits: Limits | None = None, **more: object) -> InMemoryServer:
    settings = Settings(challenge=CHALLENGE, guid=GUID, limits=limits or Limits())
    folders = {"lp": folder, "disk": folder.parent / "disk"}
    return InMemoryServer(folders, settings=settings, printers=["lp"], **more)  # type: ignore[arg-type]


@pytest.fixture
def server(folder: Path) -> InMemoryServer:
    return serve(folder)


@pytest.fixture
def client(server: InMemoryServer) -> Client:
    return server.client().sign_in().connect("lp")


def printed(folder: Path) -> list[bytes]:
    """The data of the jobs that are ready, in the order of their names."""
    return [one.read_bytes() for one in sorted(folder.iterdir()) if one.suffix == ".prn"]


def events(server: InMemoryServer) -> list[Printed]:
    return [one for one in server.sink.events if isinstance(one, Printed)]


def open_job(client: Client, name: str = "letter.txt") -> int:
    """By the command of the core dialects."""
    return client.call(0xC0, OpenPrintFileRequest(0, 1, name), OpenPrintFileResponse).fid


def write(client: Client, fid: int, data: bytes) -> None:
    client.call(0xC1, WritePrintFileRequest(fid, data), Empty)


def close(client: Client, fid: int) -> None:
    client.call(0xC2, ClosePrintFileRequest(fid), Empty)


def queue(client: Client, count: int = 100, start: int = 0) -> list[PrintQueueEntry]:
    answer = client.call(0xC3, GetPrintQueueRequest(count & 0xFFFF, start), GetPrintQueueResponse)
    size = PrintQueueEntry.size()
    found = [
        PrintQueueEntry.decode(answer.entries[at : at + size]) for at in range(0, len(answer.entries), size)
    ]
    assert len(found) == answer.count
    return found


class TestConnecting:
    @pytest.mark.parametrize("service", [Service.ANY, Service.PRINTER])
    def test_a_printer_is_lpt1(self, server: InMemoryServer, service: str) -> None:
        client = server.client().sign_in()
        request = TreeConnectAndxRequest(path="\\\\s\\lp", service=service)
        answer = client.call(0x75, request, TreeConnectAndxResponse)
        assert (answer.service, answer.native_file_system) == (Service.PRINTER, "")
        client.call(0x70, TreeConnectRequest("\\\\s\\lp", "", service), TreeConnectResponse)

    @pytest.mark.parametrize(
        ("share", "service"),
        [("lp", Service.DISK), ("lp", Service.PIPE), ("lp", Service.COMM), ("disk", Service.PRINTER)],
    )
    def test_what_is_no_such_device(
        self, server: InMemoryServer, refuses: Refuses, share: str, service: str
    ) -> None:
        client = server.client().sign_in()
        with refuses(NT.BAD_DEVICE_TYPE):
            client.call(0x75, TreeConnectAndxRequest(path=f"\\\\s\\{share}", service=service), Empty)


OPENS: dict[str, Callable[[Client], int]] = {
    "open print file": lambda c: c.call(0xC0, OpenPrintFileRequest(0, 0, "a"), OpenPrintFileResponse).fid,
    "open": lambda c: c.call(0x02, OpenRequest(1, 0, "a"), OpenResponse).fid,
    "create": lambda c: c.call(0x03, CreateRequest(0, 0, "a"), CreateResponse).fid,
    "create new": lambda c: c.call(0x0F, CreateRequest(0, 0, "a"), CreateResponse).fid,
    "create temporary": lambda c: c.call(0x0E, CreateTemporaryRequest(0, 0, ""), CreateTemporaryResponse).fid,
    "open andx": lambda c: (
        c.call(0x2D, OpenAndxRequest(access_mode=1, open_mode=0x12, file_name="a"), OpenAndxResponse).fid
    ),
    "nt create": lambda c: (
        c.call(
            0xA2,
            NtCreateAndxRequest(desired_access=Access.GENERIC_WRITE, create_disposition=1, file_name="\\a"),
            NtCreateAndxResponse,
        ).fid
    ),
}
CLOSES: dict[str, tuple[int, Callable[[int], Body]]] = {
    "close": (0x04, CloseRequest),
    "close print file": (0xC2, ClosePrintFileRequest),
}


class TestPrinting:
    @pytest.mark.parametrize("how", OPENS)
    @pytest.mark.parametrize("close", CLOSES)
    def test_every_open_is_a_job_and_every_close_ends_it(
        self, client: Client, folder: Path, how: str, close: str
    ) -> None:
        fid = OPENS[how](client)
        (part,) = folder.iterdir()
        assert part.name.endswith(".prn.part")
        client.call(0x2F, WriteAndxRequest(fid=fid, data=PAGE), WriteAndxResponse)
        client.call(0x0B, WriteRequest(fid, 1, len(PAGE), 0, b"!"), WriteResponse)
        command, form = CLOSES[close]
        client.call(command, form(fid), Empty)
        assert printed(folder) == [PAGE + b"!"]

    def test_what_the_core_commands_say(self, client: Client, folder: Path) -> None:
        fid = open_job(client)
        for data in (PAGE, b"", b"more"):
            write(client, fid, data)
        close(client, fid)
        assert printed(folder) == [PAGE + b"more"]

    def test_a_write_that_closes_prints(self, client: Client, folder: Path) -> None:
        fid = open_job(client)
        client.call(0x2C, WriteAndCloseRequest(fid, 4, 0, 0, data=b"page"), WriteResponse)
        assert printed(folder) == [b"page"]

    def test_answers_say_that_it_is_a_printer(self, client: Client) -> None:
        request = NtCreateAndxRequest(desired_access=Access.GENERIC_WRITE, file_name="\\a")
        created = client.call(0xA2, request, NtCreateAndxResponse)
        assert created.resource_type == ResourceType.PRINTER
        assert created.create_disposition == Action.CREATED
        opened = client.call(
            0x2D, OpenAndxRequest(access_mode=1, open_mode=0x12, file_name="a"), OpenAndxResponse
        )
        assert opened.resource_type == ResourceType.PRINTER

    def test_the_name_of_the_file_tells_when_and_whose_and_what(self, client: Client, folder: Path) -> None:
        fid = open_job(client, "C:\\My Documents\\..\\..\\a/b*?:<x>.doc")
        write(client, fid, b"x")
        close(client, fid)
        (name,) = (one.name for one in folder.iterdir())
        stamp, _, rest = name.partition("-00001-")
        assert rest == "alice-b____x_.doc.prn"
        assert len(stamp) == len("20040201-100000")

    @pytest.mark.parametrize(
        "title",
        ["", "\\", ".", "..", "...", "\0", "\x1b[2J", "é" * 300, "\U0001f5a8" * 300, "-", "con", "\\\\x\\"],
    )
    def test_any_title_makes_a_harmless_name(self, client: Client, folder: Path, title: str) -> None:
        fid = open_job(client, title)
        write(client, fid, b"x")
        close(client, fid)
        assert printed(folder) == [b"x"]
        (name,) = (one.name for one in folder.iterdir())
        assert name.isprintable()
        assert len(name.encode()) < 255
        assert not name.startswith(".")

    def test_files_of_other_runs_are_left_alone(self, folder: Path) -> None:
        """Numbers begin anew with each run, and the clock may stand still."""
        names = set()
        for data in (b"one", b"two", b"three"):
            server = serve(folder)
            server.server.world.now = lambda: 1075629600.0
            client = server.client().sign_in().connect("lp")
            fid = open_job(client)
            write(client, fid, data)
            close(client, fid)
            names |= {one.name for one in folder.iterdir()}
        assert names == {f"20040201-100000-00001-alice-letter.txt{again}.prn" for again in ("", "-2", "-3")}
        assert sorted(printed(folder)) == [b"one", b"three", b"two"]

    def test_a_job_without_data_is_removed(
        self, client: Client, folder: Path, server: InMemoryServer
    ) -> None:
        close(client, open_job(client))
        assert not list(folder.iterdir())
        (event,) = events(server)
        assert (event.file, event.reason) == ("", "no data came")

    @pytest.mark.parametrize("how", ["lost", "disconnected", "process"])
    def test_what_had_come_of_a_client_that_vanishes_is_printed(
        self, client: Client, folder: Path, server: InMemoryServer, how: str
    ) -> None:
        write(client, open_job(client), PAGE)
        if how == "lost":
            client.lost()
        elif how == "process":
            client.call(0x11, Empty(), Empty)
        else:
            client.call(0x71, TreeDisconnectRequest(), Empty)
        assert printed(folder) == [PAGE]
        (event,) = events(server)
        assert ("vanished" in event.reason) == (how == "lost")

    def test_the_record_says_who_printed_what(
        self, client: Client, folder: Path, server: InMemoryServer
    ) -> None:
        fid = open_job(client)
        write(client, fid, PAGE)
        close(client, fid)
        (event,) = events(server)
        (path,) = folder.iterdir()
        assert (event.user, event.printer, event.job, event.document, event.size, event.file) == (
            "alice", "lp", 1, "letter.txt", len(PAGE), path.name,
        )  # fmt: skip

    def test_nothing_can_be_read_found_or_changed(
        self, client: Client, folder: Path, refuses: Refuses
    ) -> None:
        (folder / "secret").write_bytes(b"x")
        fid = client.create("secret", access=Access.GENERIC_ALL, disposition=Disposition.OPEN)
        with pytest.raises(SMBError):
            client.read(fid, 0, 1)
        for code, body in (
            (0x06, QueryInformationRequest("secret")),
            (0x08, QueryInformationRequest("secret")),
            (0x10, CheckDirectoryRequest("x")),
            (0x07, RenameRequest(0, "secret", "b")),
        ):
            with pytest.raises(SMBError) as caught:
                client.call(code, body, Empty)
            assert caught.value.status in (NT.INVALID_DEVICE_REQUEST, NT.ACCESS_DENIED, NT.INVALID_SMB), code
        assert (folder / "secret").read_bytes() == b"x"

    def test_other_shares_have_no_print_files(self, server: InMemoryServer, refuses: Refuses) -> None:
        client = server.client().sign_in().connect("disk")
        with refuses(NT.INVALID_DEVICE_REQUEST):
            open_job(client)
        fid = client.create("a", disposition=Disposition.CREATE)
        with refuses(NT.INVALID_SMB):
            write(client, fid, b"x")
        with refuses(NT.NOT_IMPLEMENTED):
            queue(client)

    @pytest.mark.turns  # a disk that may hang has its functions from the start, and this one replaces one
    def test_a_full_disk_says_so_and_nothing_is_kept(
        self, client: Client, folder: Path, server: InMemoryServer, refuses: Refuses
    ) -> None:
        fid = open_job(client)
        write(client, fid, PAGE)

        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(server.server.spooler._stores["LP"]), "write", full)
            with refuses(NT.DISK_FULL):
                write(client, fid, PAGE)
        close(client, fid)
        assert not list(folder.iterdir())
        assert events(server)[0].reason.startswith("not all was kept")

    def test_a_disk_that_a_test_fills_says_so(
        self, client: Client, server: InMemoryServer, refuses: Refuses
    ) -> None:
        fid = open_job(client)
        with server.server.faults.inject(disk_full_after=len(PAGE)):
            write(client, fid, PAGE)
            with refuses(NT.DISK_FULL):
                write(client, fid, PAGE)


class TestLimits:
    def test_a_job_has_so_many_bytes(self, folder: Path, refuses: Refuses) -> None:
        server = serve(folder, Limits(print_job_bytes=10))
        client = server.client().sign_in().connect("lp")
        fid = open_job(client)
        write(client, fid, b"0123456789")
        with refuses(NT.NO_SPOOL_SPACE):
            write(client, fid, b"0")
        with refuses(NT.NO_SPOOL_SPACE):
            client.call(0x0B, WriteRequest(fid, 0, 11, 0), WriteResponse)
        close(client, fid)
        assert not list(folder.iterdir())
        assert "print_job_bytes" in events(server)[0].reason

    def test_so_many_jobs_are_remembered(self, folder: Path, refuses: Refuses) -> None:
        server = serve(folder, Limits(print_jobs=3))
        client = server.client().sign_in().connect("lp")
        for _ in range(5):
            fid = open_job(client)
            write(client, fid, b"x")
            close(client, fid)
        assert [one.spool_file_number for one in queue(client)] == [3, 4, 5]
        assert len(printed(folder)) == 5
        for _ in range(3):
            open_job(client)
        with refuses(NT.PRINT_QUEUE_FULL):
            open_job(client)

    def test_numbers_have_16_bits(self, client: Client, server: InMemoryServer) -> None:
        server.server.spooler._last = 0xFFFE
        for _ in range(3):
            fid = open_job(client)
            write(client, fid, b"x")
            close(client, fid)
        assert [one.spool_file_number for one in queue(client)] == [0xFFFF, 1, 2]


class TestQueue:
    @pytest.fixture
    def jobs(self, client: Client) -> None:
        for data in (b"1", b"22", b"333"):
            fid = open_job(client)
            write(client, fid, data)
            close(client, fid)
        write(client, open_job(client), b"4444")

    def test_it_tells_of_what_waits_and_what_comes(self, client: Client, jobs: None) -> None:
        found = queue(client)
        assert [(one.spool_file_number, one.spool_file_size, one.entry_status) for one in found] == [
            (1, 1, 3), (2, 2, 3), (3, 3, 3), (4, 4, 4),
        ]  # fmt: skip
        assert bytes(found[0].spool_file_name).rstrip(b"\0") == b"alice"

    @pytest.mark.parametrize(
        ("count", "start", "numbers", "restart"),
        [
            (2, 0, [1, 2], 2),
            (2, 2, [3, 4], 4),
            (9, 3, [4], 4),
            (2, 4, [], 0),
            (0, 0, [], 0),
            (-2, 3, [3, 4], 1),
            (-9, 1, [1, 2], 0),
            (-1, 0xFFFF, [4], 2),
        ],
    )
    def test_a_part_of_it(
        self, client: Client, jobs: None, count: int, start: int, numbers: list[int], restart: int
    ) -> None:
        answer = client.call(0xC3, GetPrintQueueRequest(count & 0xFFFF, start), GetPrintQueueResponse)
        assert [one.spool_file_number for one in queue(client, count, start)] == numbers
        assert answer.restart_index == restart

    def test_a_job_whose_file_is_taken_is_printed(self, client: Client, folder: Path, jobs: None) -> None:
        min(folder.iterdir()).unlink()
        assert [one.spool_file_number for one in queue(client)] == [2, 3, 4]

    def test_reset_forgets_the_jobs_and_no_file(
        self, client: Client, server: InMemoryServer, folder: Path, jobs: None
    ) -> None:
        client.lost()
        server.server.begin_again()
        assert queue(server.client().sign_in().connect("lp")) == []
        assert len(printed(folder)) == 4


class TestIoctl:
    def test_it_tells_which_job_a_print_file_is(self, client: Client) -> None:
        open_job(client)
        fid = open_job(client)
        client.send(0x27, IoctlRequest(fid, 0x53, 0x60))
        answer = client.answer()
        found = answer.body(IoctlResponse)
        data = answer.message[found.data_offset : found.data_offset + found.data_count]
        info = JobInfo.decode(data)
        assert (info.job_id, info.server_name.rstrip(b"\0"), info.share_name.rstrip(b"\0")) == (
            2, b"FAKESMB", b"lp",
        )  # fmt: skip
        assert len(data) == 32

    def test_a_file_is_none(self, server: InMemoryServer, refuses: Refuses) -> None:
        client = server.client().sign_in().connect("disk")
        fid = client.create("a", disposition=Disposition.CREATE)
        with refuses(NT.INVALID_SMB):
            client.call(0x27, IoctlRequest(fid, 0x53, 0x60), IoctlResponse)


class TestDevices:
    """Printers' and scanners' own clients: they write one file, and leave."""

    def test_one_chain_and_gone(self, server: InMemoryServer, folder: Path) -> None:
        client = server.client().sign_in()
        chain = (
            (0x2D, OpenAndxRequest(access_mode=1, open_mode=0x12, file_name="scan.pdf")),
            (0x2F, WriteAndxRequest(fid=0xFFFF, data=PAGE)),
        )
        client.send(0x75, TreeConnectAndxRequest(path="\\\\s\\lp", service="LPT1:"), *chain)
        client.answer()
        client.lost()
        assert printed(folder) == [PAGE]

    @pytest.mark.parametrize("offset", [0, 5, 1 << 20])
    def test_an_offset_is_heeded(self, client: Client, folder: Path, offset: int) -> None:
        fid = open_job(client)
        client.call(0x0B, WriteRequest(fid, 1, offset, 0, b"x"), WriteResponse)
        close(client, fid)
        assert printed(folder) == [bytes(offset) + b"x"]

    def test_a_job_that_was_cancelled_takes_no_more(
        self, client: Client, server: InMemoryServer, folder: Path, refuses: Refuses
    ) -> None:
        fid = open_job(client)
        write(client, fid, b"x")
        (job,) = server.server.spooler.jobs("lp")
        server.server.spooler.cancel(job, "root")
        with refuses(NT.PRINT_CANCELLED):
            write(client, fid, b"y")
        close(client, fid)
        assert not list(folder.iterdir())

    def test_a_printer_that_is_paused_holds_its_jobs(
        self, client: Client, server: InMemoryServer, folder: Path
    ) -> None:
        spooler = server.server.spooler
        spooler.pause_printer("lp")
        fid = open_job(client)
        write(client, fid, b"x")
        close(client, fid)
        assert [one.suffix for one in folder.iterdir()] == [".held"]
        assert [one.entry_status for one in queue(client)] == [1]
        spooler.resume_printer("lp")
        assert printed(folder) == [b"x"]
        spooler.purge("lp", "root")
        assert queue(client) == []
        assert not list(folder.iterdir())

    def test_what_others_did_to_the_file(self, client: Client, server: InMemoryServer, folder: Path) -> None:
        """A file that is gone when its job should end is a problem for a person, and no job any more."""
        fid = open_job(client)
        write(client, fid, b"x")
        next(folder.iterdir()).unlink()
        with pytest.raises(SMBError):
            close(client, fid)
        assert queue(client) == []
        assert len(server.problems) == 1


class TestViews:
    """What spoolss and the Remote Administration Protocol see of the same jobs."""

    @pytest.fixture
    def view(self, server: InMemoryServer) -> LivePrinting:
        return LivePrinting(server.server)

    def test_a_job_that_was_taken_is_gone(self, view: LivePrinting, client: Client, folder: Path) -> None:
        for data in (b"1", b"22"):
            fid = open_job(client)
            write(client, fid, data)
            close(client, fid)
        row = view.job(2)
        assert row is not None
        assert (row.position, row.size, row.phase) == (2, 2, JobPhase.WAITING)
        min(folder.iterdir()).unlink()
        assert view.job(1) is None
        row = view.job(2)
        assert row is not None
        assert row.position == 1

    def test_each_piece_of_a_job_looks_at_no_other(
        self, view: LivePrinting, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(5):
            fid = open_job(client)
            write(client, fid, b"x")
            close(client, fid)
        number = view.begin("lp", "page", "RAW", Caller("alice"))
        looked: list[str] = []

        def looks(store: object, name: str) -> bool:
            looked.append(name)
            return True

        monkeypatch.setattr("fakesmb.core.printing._is_there", looks)
        view.write(number, b"data")
        view.end(number)
        assert looked == []

    @pytest.mark.parametrize(
        ("users", "caller", "admitted"),
        [
            (None, Caller("alice"), True),
            (None, Caller("x", guest=True), True),
            (None, Caller(anonymous=True), False),
            (["alice"], Caller("Alice"), True),
            (["alice"], Caller("bob"), False),
            (["alice"], Caller("root", admin=True), True),
            (["alice"], Caller("alice", guest=True), False),
        ],
    )
    def test_who_may_print_is_who_may_connect(
        self,
        view: LivePrinting,
        server: InMemoryServer,
        users: list[str] | None,
        caller: Caller,
        admitted: bool,
    ) -> None:
        share = server.server.share("lp")
        assert share is not None
        share.users = None if users is None else frozenset(map(fold, users))
        if admitted:
            view.check_use("lp", caller)
        else:
            with pytest.raises(SMBError) as caught:
                view.begin("lp", "page", "RAW", caller)
            assert caught.value.status == NT.ACCESS_DENIED

    @pytest.mark.parametrize("security", ["user", "share"])
    def test_a_password_of_a_printer_is_not_got_around(self, folder: Path, security: Security) -> None:
        """At share level everybody may open a pipe, on which no password of a share can be shown."""
        server = InMemoryServer(
            {"lp": folder},
            settings=Settings(challenge=CHALLENGE, guid=GUID, security=security),
            printers=["lp"],
            passwords={"lp": SharePasswords("lp", "Write4Me")},
        )
        view, caller = LivePrinting(server.server), Caller("anybody", guest=security == "share")
        if security == "user":
            view.check_use("lp", caller)
        else:
            with pytest.raises(SMBError):
                view.check_use("lp", caller)
