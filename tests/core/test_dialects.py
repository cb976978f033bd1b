"""Every dialect below NT LM 0.12: its answer to a negotiate, its sign-in, its statuses and names."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from fakesmb.auth.share_passwords import SharePasswords
from fakesmb.core.commands.table import COMMANDS
from fakesmb.core.dialects import DIALECTS, SINCE, Protocol, chosen
from fakesmb.core.old_errors import OldErrors
from fakesmb.core.profile import Profile
from fakesmb.core.profiles import profile
from fakesmb.core.reply import status_on_wire
from fakesmb.core.settings import Settings
from fakesmb.nt.status import ERRDOS, ERRHRD, ERRSRV, NT, to_dos
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.wire.codec import Empty as EmptyRequest
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import (
    CheckDirectoryRequest,
    CreateDirectoryRequest,
    DeleteRequest,
    QueryInformationRequest,
    QueryInformationResponse,
)
from fakesmb.wire.files import (
    CreateRequest,
    CreateResponse,
    OpenRequest,
    OpenResponse,
    ReadRequest,
    ReadResponse,
    SeekRequest,
    SeekResponse,
    WriteAndxRequest,
    WriteAndxResponse,
    WriteRequest,
    WriteResponse,
)
from fakesmb.wire.header import Flags, Flags2
from fakesmb.wire.negotiate import (
    NegotiateCoreResponse,
    NegotiateLanmanResponse,
    NegotiateNtResponse,
    NegotiateRequest,
)
from fakesmb.wire.search import SearchEntry, SearchRequest, SearchResponse
from fakesmb.wire.session import (
    SessionSetupAndxResponse,
    SessionSetupLanmanResponse,
)
from fakesmb.wire.trans import Transaction2Request
from fakesmb.wire.trans2 import FindFirst2Request, FindNext2Request, QueryFsInformationRequest
from fakesmb.wire.tree import (
    TreeConnectAndxLanmanResponse,
    TreeConnectAndxRequest,
    TreeConnectAndxResponse,
    TreeConnectRequest,
    TreeConnectResponse,
)
from tests.core.conftest import Make
from tests.core.old_clients import DOS_LIST, OS2_LIST, dos_error, negotiated, setup, signed_in

Refuses = Callable[[NT], AbstractContextManager[object]]
NT4_LIST = (
    "PC NETWORK PROGRAM 1.0",
    "XENIX CORE",
    "MICROSOFT NETWORKS 1.03",
    "LANMAN1.0",
    "Windows for Workgroups 3.1a",
    "LM1.2X002",
    "LANMAN2.1",
    "NT LM 0.12",
)
LANMAN = [row.name for row in DIALECTS if Protocol.LANMAN1 <= row.protocol <= Protocol.LANMAN21]


class TestWhichOne:
    """[MS-CIFS] 3.3.5.42: the newest that both have."""

    @pytest.mark.parametrize(
        ("offered", "index"),
        [
            (DOS_LIST, 4),  # a capture of an MS-DOS client at Windows 98
            (DOS_LIST[:4], 3),
            (DOS_LIST[:3], 2),
            (DOS_LIST[:2], 1),
            ((*DOS_LIST, "NT LM 0.12"), 5),
            (OS2_LIST, 4),
            (OS2_LIST[:2], 1),
            (NT4_LIST, 7),
            (NT4_LIST[:-1], 6),
            (NT4_LIST[:-2], 5),
            (("PC NETWORK PROGRAM 1.0", "MICROSOFT NETWORKS 1.03", "MICROSOFT NETWORKS 3.0", "DEC"), 2),
            (("PCLAN1.0", "PC NETWORK PROGRAM 1.0"), 1),
        ],
    )
    def test_lists_of_real_clients(
        self, server: InMemoryServer, offered: tuple[str, ...], index: int
    ) -> None:
        """The first word of every form is the index in the client's list."""
        _, answer = negotiated(server, *offered)
        assert int.from_bytes(answer.message[33:35], "little") == index

    def test_each_is_spoken(self, make: Make) -> None:
        """Whoever offers one gets it, and the connection knows how much of SMB that is."""
        server = make()
        assert {row.name for row in DIALECTS} == set(Profile().dialects)
        for row in DIALECTS:
            client, answer = negotiated(server, "strange", row.name)
            assert client.connection.protocol is row.protocol
            assert client.connection.dos is row.dos
            words = 17 if row.protocol is Protocol.NT1 else 1 if row.protocol is Protocol.CORE else 13
            assert answer.message[32] == words, row.name

    def test_only_what_the_profile_speaks(self) -> None:
        row = chosen(DOS_LIST, ("DOS LM1.2X002", "NT LM 0.12"))
        assert row is not None
        assert row.name == "DOS LM1.2X002"
        assert chosen(DOS_LIST, ("NT LM 0.12",)) is None


class TestAnswers:
    """[MS-CIFS] 2.2.4.52.2."""

    @pytest.mark.parametrize("dialect", LANMAN)
    def test_lanman(self, frozen: None, server: InMemoryServer, dialect: str) -> None:
        """13 words, local date and time, the challenge; the domain only in 2.1 (Windows 98 has none below)."""
        client, answer = negotiated(server, dialect)
        body = answer.body(NegotiateLanmanResponse)
        assert (body.dialect_index, body.security_mode, body.raw_mode) == (0, 3, 3)
        assert (body.max_buffer_size, body.max_mpx_count, body.max_number_vcs) == (16644, 50, 1)
        assert (body.server_date, body.server_time) == (24 << 9 | 5 << 5 | 31, 10 << 11 | 40 << 5)
        assert body.challenge == CHALLENGE == client.connection.challenge
        newest = client.connection.protocol is Protocol.LANMAN21
        assert bytes(answer.message[61:]) == CHALLENGE + (b"WORKGROUP\0" if newest else b"")
        assert answer.header.flags & Flags.LOCK_AND_READ
        assert not answer.header.flags2

    def test_core_plus(self, server: InMemoryServer) -> None:
        """13 words of which the first and the sixth mean something, and LOCK_AND_READ in the flags."""
        _, answer = negotiated(server, "MICROSOFT NETWORKS 1.03")
        assert bytes(answer.message[32:]) == b"\x0d" + bytes(10) + b"\3" + bytes(15) + bytes(2)
        assert answer.header.flags & Flags.LOCK_AND_READ

    @pytest.mark.parametrize("dialect", ["PC NETWORK PROGRAM 1.0", "PCLAN1.0", "XENIX CORE"])
    def test_core(self, server: InMemoryServer, dialect: str) -> None:
        """One word."""
        _, answer = negotiated(server, "?", dialect)
        assert answer.body(NegotiateCoreResponse).dialect_index == 1
        assert bytes(answer.message[32:]) == b"\1\1\0\0\0"

    def test_nt_lanman(self, server: InMemoryServer) -> None:
        """NT LANMAN 1.0 is answered as NT LM 0.12 is."""
        client, answer = negotiated(server, "NT LANMAN 1.0")
        assert answer.body(NegotiateNtResponse).challenge == CHALLENGE
        assert client.connection.protocol is Protocol.NT1

    def test_without_raw_mode(self, make: Make) -> None:
        server = make(settings=Settings(profile=Profile(raw_mode=False, lock_and_read=False)))
        _, answer = negotiated(server, "LANMAN1.0")
        assert answer.body(NegotiateLanmanResponse).raw_mode == 0
        assert not answer.header.flags & Flags.LOCK_AND_READ

    def test_what_is_not_known_below_nt_is_neither_read_nor_repeated(self, server: InMemoryServer) -> None:
        """A client of Unicode and NT statuses that offers LAN Manager alone (a capture): it reads what that has."""
        client = server.client()
        client.flags2 = 0xC853
        client.send(Command.NEGOTIATE, NegotiateRequest(OS2_LIST))
        header = client.answer().header
        assert not header.flags2 & (Flags2.NT_STATUS | Flags2.EXTENDED_SECURITY)
        assert header.flags2 & Flags2.LONG_NAMES


class TestSignIn:
    """SESSION_SETUP_ANDX of 10 words ([MS-CIFS] 2.2.4.53.1, as LAN Manager defined it)."""

    @pytest.mark.parametrize("dialect", LANMAN)
    def test_an_lm_response(self, server: InMemoryServer, dialect: str) -> None:
        client, _ = negotiated(server, dialect)
        client.uid = 0
        client.send(Command.SESSION_SETUP_ANDX, setup(client))
        answer = client.answer()
        assert answer.header.uid == 0x0800
        if client.connection.protocol is Protocol.LANMAN21:
            assert answer.body(SessionSetupAndxResponse).native_os == "Windows 5.1"
        else:
            assert answer.body(SessionSetupLanmanResponse).action == 2
            assert bytes(answer.message[32:]) == b"\3\xff\0\0\0\2\0\0\0"

    def test_a_wrong_one(self, server: InMemoryServer) -> None:
        client, _ = negotiated(server, *DOS_LIST)
        wrong = setup(client, password="WRONG")
        assert dos_error(client, Command.SESSION_SETUP_ANDX, wrong) == (ERRSRV, 2)
        assert not client.connection.sessions

    def test_chained_to_its_tree_connect(self, server: InMemoryServer) -> None:
        """As DOS does: two words and the service, and nothing of file systems, below LANMAN2.1."""
        client, _ = negotiated(server, *DOS_LIST)
        client.uid = 0
        connect = TreeConnectAndxRequest(password_length=1, path="\\\\FAKESMB\\PUBLIC", service="A:")
        client.send(Command.SESSION_SETUP_ANDX, setup(client), (Command.TREE_CONNECT_ANDX, connect))
        answer = client.answer()
        bodies = answer.chained((SessionSetupLanmanResponse, TreeConnectAndxLanmanResponse))
        assert bodies[1] == TreeConnectAndxLanmanResponse("A:")
        client.uid, client.tid = answer.header.uid, answer.header.tid
        assert dos_error(client, Command.CHECK_DIRECTORY, CheckDirectoryRequest("\\dir")) == (0, 0)

    def test_lanman21_names_the_file_system(self, server: InMemoryServer) -> None:
        client = signed_in(server, "LANMAN2.1")
        request = TreeConnectAndxRequest(password_length=1, path="\\\\X\\PUBLIC")
        connected = client.call(Command.TREE_CONNECT_ANDX, request, TreeConnectAndxResponse)
        assert connected.native_file_system == "NTFS"


class TestStatuses:
    """Class and code, whatever the client's Flags2 say."""

    @pytest.mark.parametrize("flags2", [0, Flags2.NT_STATUS | Flags2.LONG_NAMES])
    def test_always_dos(self, server: InMemoryServer, flags2: int) -> None:
        client: Client = signed_in(server, "LM1.2X002")
        client.flags2 = flags2
        missing = CheckDirectoryRequest("\\gone")
        assert dos_error(client, Command.CHECK_DIRECTORY, missing) == (ERRDOS, 3)

    @pytest.mark.parametrize(
        ("status", "dos", "os2"),
        [
            (NT.OBJECT_NAME_NOT_FOUND, (ERRDOS, 2), (ERRDOS, 2)),
            (NT.OBJECT_NAME_INVALID, (ERRDOS, 3), (ERRDOS, 123)),
            (NT.NOT_A_DIRECTORY, (ERRDOS, 3), (ERRDOS, 267)),
            (NT.DISK_FULL, (ERRHRD, 39), (ERRDOS, 112)),
            (NT.INVALID_PARAMETER, (ERRDOS, 1), (ERRDOS, 87)),
            (NT.INVALID_LEVEL, (ERRDOS, 1), (ERRDOS, 124)),
            (NT.OS2_INVALID_ACCESS, (ERRDOS, 12), (ERRDOS, 12)),
            (NT.RANGE_NOT_LOCKED, (ERRDOS, 33), (ERRDOS, 158)),
            (NT.CANCELLED, (ERRHRD, 31), (ERRHRD, 31)),
            (NT.PIPE_BUSY, (ERRDOS, 231), (ERRDOS, 231)),
            (NT.PASSWORD_EXPIRED, (ERRSRV, 2), (ERRSRV, 2242)),
            (NT.SMB_BAD_TID, (ERRSRV, 5), (ERRSRV, 5)),
            (NT.DATA_ERROR, (ERRHRD, 23), (ERRHRD, 23)),
        ],
    )
    def test_only_codes_that_the_client_has(
        self, status: int, dos: tuple[int, int], os2: tuple[int, int]
    ) -> None:
        """What came with NT becomes the nearest that DOS has, or a general failure."""
        for known, told in (
            (OldErrors(Protocol.LANMAN2, dos=True), dos),
            (OldErrors(Protocol.LANMAN2, dos=False), os2),
        ):
            kind, code = told
            assert status_on_wire(status, 0, None, known) == (kind | code << 16, 0)

    def test_every_status_is_one_that_dos_has(self) -> None:
        """Core clients have no pipes, either."""
        known = OldErrors(Protocol.CORE, dos=True)
        for status in NT:
            kind, code = known.told(to_dos(status))
            assert kind != ERRDOS or code < 19 or code in (32, 33, 50, 80), NT(status).name

    def test_of_a_request(self, server: InMemoryServer) -> None:
        """By a plan and by the general way."""
        for dialect, code in (("DOS LM1.2X002", 3), ("LM1.2X002", 123)):
            client = signed_in(server, dialect)
            assert dos_error(client, Command.CREATE_DIRECTORY, CreateDirectoryRequest("\\a*b")) == (
                ERRDOS,
                code,
            )

    @pytest.mark.parametrize("dialect", ["DOS LM1.2X002", "LANMAN2.1"])
    def test_nothing_found_is_no_files(self, server: InMemoryServer, dialect: str) -> None:
        client = signed_in(server, dialect)
        find = FindFirst2Request(0x16, 10, 0, 1, 0, "\\none.*")
        body = Transaction2Request(
            setup=b"\1\0", parameters=find.encode(unicode=False), max_parameter_count=10
        )
        assert dos_error(client, Command.TRANSACTION2, body) == (ERRDOS, 18)


def listed(answer: SearchResponse) -> list[SearchEntry]:
    """The entries of an answer."""
    raw = bytes(answer.entries)
    assert len(raw) == 43 * answer.count
    return [SearchEntry.decode(raw[at : at + 43]) for at in range(0, len(raw), 43)]


class TestSearches:
    """SEARCH, FIND, FIND_UNIQUE, FIND_CLOSE as DOS and Windows for Workgroups use them."""

    @pytest.fixture
    def dos(self, server: InMemoryServer, folders: dict[str, Path]) -> Client:
        for name in ("A rather long name.text", "b.txt", "c.txt"):
            (folders["public"] / "dir" / name).write_bytes(b"12345")
        return signed_in(server, "DOS LM1.2X002")

    def test_one_and_then_twenty(self, dos: Client) -> None:
        """The count is of each answer, not of the search; the names are short, in capitals, and end in nulls."""
        first = dos.call(Command.SEARCH, SearchRequest(1, 0x31, "\\dir\\????????.???"), SearchResponse)
        (one,) = listed(first)
        key = one.resume_key[:17] + b"WFWG"
        rest = listed(dos.call(Command.SEARCH, SearchRequest(20, 0x31, "", key), SearchResponse))
        names = [entry.file_name for entry in (one, *rest)]
        assert [name.rstrip(b"\0") for name in names if b"~" not in name] == [b".", b"..", b"B.TXT", b"C.TXT"]
        assert all(len(name) == 13 and name.endswith(b"\0") for name in names)
        assert all(name == name.upper() for name in names)
        assert all(entry.resume_key[17:] == b"WFWG" for entry in rest)
        assert any(b"~" in name for name in names)
        assert dos_error(dos, Command.SEARCH, SearchRequest(20, 0x31, "", rest[-1].resume_key)) == (
            ERRDOS,
            18,
        )

    def test_an_exact_name_is_one_entry(self, dos: Client) -> None:
        (one,) = listed(dos.call(Command.SEARCH, SearchRequest(20, 0x16, "\\DIR\\B.TXT"), SearchResponse))
        assert (one.file_name, one.file_size) == (b"B.TXT".ljust(13, b"\0"), 5)
        assert dos_error(dos, Command.SEARCH, SearchRequest(20, 0x16, "", one.resume_key)) == (ERRDOS, 18)

    def test_what_was_found_opens_by_its_short_name(self, dos: Client) -> None:
        found = listed(dos.call(Command.SEARCH, SearchRequest(20, 0, "\\DIR\\*.*"), SearchResponse))
        (short,) = (entry.file_name.rstrip(b"\0").decode() for entry in found if b"~" in entry.file_name)
        opened = dos.call(Command.OPEN, OpenRequest(0, 0, f"\\DIR\\{short}"), OpenResponse)
        assert opened.file_size == 5
        assert bytes(dos.call(Command.READ, ReadRequest(opened.fid, 9, 0), ReadResponse).data) == b"12345"

    def test_trans2_lists_short_names_to_dos_and_long_ones_to_os2(
        self, server: InMemoryServer, dos: Client
    ) -> None:
        """Level 1; the names of the one can be asked for as they stand."""
        for client, long in ((dos, False), (signed_in(server, "LM1.2X002", long_names=True), True)):
            find = FindFirst2Request(0x16, 10, 0, 1, 0, "\\dir\\*")
            found = client.trans2(1, find, max_parameters=10)
            assert len(found.parameters) == 10
            assert (b"A rather long name.text" in bytes(found.data)) is long
            assert (b"B.TXT" in bytes(found.data)) is not long

    def test_neither_name_nor_key(self, dos: Client) -> None:
        """A DOS client asks so; Windows 98 says that there is nothing (a capture)."""
        assert dos_error(dos, Command.SEARCH, SearchRequest(20, 0, "")) == (ERRDOS, 18)

    def test_closing_what_has_ended(self, dos: Client) -> None:
        """FIND_CLOSE after the last answer is success, once and again."""
        found = listed(dos.call(Command.FIND, SearchRequest(20, 0, "\\DIR\\*.*"), SearchResponse))
        key = found[-1].resume_key
        assert dos_error(dos, Command.FIND, SearchRequest(20, 0, "", key)) == (ERRDOS, 18)
        assert dos_error(dos, Command.FIND_CLOSE, SearchRequest(0, 0, "", key)) == (0, 0)
        assert len(dos.connection.searches) == 0
        unique = listed(dos.call(Command.FIND_UNIQUE, SearchRequest(20, 0, "\\DIR\\*.*"), SearchResponse))
        assert [entry.file_name for entry in unique] == [entry.file_name for entry in found]


class TestDos:
    """What Windows for Workgroups and DOS want."""

    def test_the_root_looks_like_a_hidden_directory(self, server: InMemoryServer) -> None:
        """QUERY_INFORMATION of "" (Samba)."""
        for dialect, attributes in (("Windows for Workgroups 3.1a", 0x12), ("LANMAN2.1", 0x10)):
            client = signed_in(server, dialect)
            answer = client.call(
                Command.QUERY_INFORMATION, QueryInformationRequest(""), QueryInformationResponse
            )
            assert answer.file_attributes == attributes

    def test_the_root_of_a_share_that_is_read_only(self, server: InMemoryServer) -> None:
        client = signed_in(server, "DOS LM1.2X002", "docs")
        answer = client.call(Command.QUERY_INFORMATION, QueryInformationRequest(""), QueryInformationResponse)
        assert answer.file_attributes == 0x13

    def test_seek_tells_a_files_size(self, server: InMemoryServer) -> None:
        client = signed_in(server, "DOS LM1.2X002")
        fid = client.call(Command.OPEN, OpenRequest(0, 0, "\\A.TXT"), OpenResponse).fid
        assert client.call(Command.SEEK, SeekRequest(fid, 2, 0), SeekResponse).offset == 100

    def test_lock_and_read_and_its_counterpart(self, server: InMemoryServer) -> None:
        """COREPLUS: READ locks what WRITE unlocks."""
        client = signed_in(server, "LANMAN1.0")
        fid = client.call(Command.OPEN, OpenRequest(2, 0, "\\A.TXT"), OpenResponse).fid
        read = client.call(Command.LOCK_AND_READ, ReadRequest(fid, 4, 0), ReadResponse)
        assert bytes(read.data) == b"0123"
        again = ReadRequest(fid, 4, 0)
        assert dos_error(client, Command.LOCK_AND_READ, again) == (ERRDOS, 33)
        assert (
            client.call(Command.WRITE_AND_UNLOCK, WriteRequest(fid, 4, 0, 0, b"abcd"), WriteResponse).count
            == 4
        )
        assert bytes(client.call(Command.LOCK_AND_READ, again, ReadResponse).data) == b"abcd"


class TestCore:
    """PC NETWORK PROGRAM 1.0: TREE_CONNECT with a password, and no session setup."""

    @pytest.mark.parametrize("dialect", ["PC NETWORK PROGRAM 1.0", "MICROSOFT NETWORKS 1.03", "XENIX CORE"])
    def test_all_of_it(self, make: Make, dialect: str) -> None:
        server = make(
            settings=Settings(security="share", plain_text=True, challenge=CHALLENGE, guid=GUID),
            passwords={"public": SharePasswords("public", "OPEN", "")},
        )
        client, _ = negotiated(server, dialect)
        wrong = TreeConnectRequest("\\\\FAKESMB\\PUBLIC", "CLOSED", "A:")
        assert dos_error(client, Command.TREE_CONNECT, wrong) == (ERRSRV, 2)
        right = TreeConnectRequest("\\\\FAKESMB\\PUBLIC", "OPEN", "A:")
        connected = client.call(Command.TREE_CONNECT, right, TreeConnectResponse)
        assert connected.max_buffer_size == 16644
        client.tid, client.uid = connected.tid, 0x1234
        fid = client.call(Command.CREATE, CreateRequest(0, 0, "\\NEW.TXT"), CreateResponse).fid
        assert client.call(Command.WRITE, WriteRequest(fid, 5, 0, 0, b"hello"), WriteResponse).count == 5
        client.close(fid)
        (one,) = listed(client.call(Command.SEARCH, SearchRequest(2, 0, "\\NEW.TXT"), SearchResponse))
        assert one.file_size == 5
        assert dos_error(client, Command.DELETE, DeleteRequest(0, "\\NEW.TXT")) == (0, 0)
        assert dos_error(client, Command.DELETE, DeleteRequest(0, "\\NEW.TXT")) == (ERRDOS, 2)


class TestWindows9x:
    """NT LM 0.12 behind all that DOS offers: OEM, class and code, FAT."""

    OFFERED = (*DOS_LIST, "NT LM 0.12")

    def test_is_told_of_fat(self, server: InMemoryServer) -> None:
        """Without a null, or Windows 95 shows no long names; other clients are told of NTFS."""
        for offered, name in ((self.OFFERED, b"FAT"), (("NT LM 0.12",), b"NTFS")):
            client, _ = negotiated(server, *offered, long_names=True)
            client.sign_in().connect("public")
            data = client.trans2(3, QueryFsInformationRequest(0x105)).data
            assert bytes(data[12:]) == name
            connect = TreeConnectAndxRequest(password_length=1, path="\\\\X\\PUBLIC")
            answer = client.call(Command.TREE_CONNECT_ANDX, connect, TreeConnectAndxResponse)
            assert answer.native_file_system.encode() == name

    def test_its_listings(self, server: InMemoryServer) -> None:
        """FileNameLength counts the null, ShortName is empty; 10 parameter bytes, then 8; counts and sizes are kept."""
        client, _ = negotiated(server, *self.OFFERED, long_names=True)
        client.sign_in().connect("public")
        found = client.trans2(
            1, FindFirst2Request(0x16, 6, 4, 0x104, 0, "\\a.txt"), max_data=2400, max_parameters=10
        )
        entry = bytes(found.data)
        assert len(found.parameters) == 10
        assert entry[60:64] == (6).to_bytes(4, "little")
        assert entry[68:94] == bytes(26)
        assert entry[94:] == b"a.txt\0"
        sid = int.from_bytes(found.parameters[:2], "little")
        gone_on = client.trans2(
            2, FindNext2Request(sid, 6, 0x104, 0, 8, "a.txt"), max_data=2400, max_parameters=8
        )
        assert len(gone_on.parameters) == 8

    def test_a_write_says_0xffff_is_available(self, server: InMemoryServer) -> None:
        client, _ = negotiated(server, *self.OFFERED, long_names=True)
        client.sign_in().connect("public")
        fid = client.call(Command.OPEN, OpenRequest(2, 0, "\\A.TXT"), OpenResponse).fid
        answer = client.call(
            Command.WRITE_ANDX, WriteAndxRequest(fid=fid, offset_low=0, data=b"x"), WriteAndxResponse
        )
        assert answer.available == 0xFFFF


class TestProfiles:
    """windows-98 and core-only."""

    def test_windows_98_is_what_a_capture_shows(self, make: Make) -> None:
        server = make(
            settings=Settings(
                profile=profile("windows-98"), signing="off", security="share", challenge=CHALLENGE
            )
        )
        client, answer = negotiated(server, *DOS_LIST)
        body = answer.body(NegotiateLanmanResponse)
        assert (body.dialect_index, body.security_mode, body.max_buffer_size) == (4, 2, 2920)
        assert (body.max_mpx_count, body.raw_mode, body.challenge) == (2, 3, CHALLENGE)
        assert not answer.header.flags & Flags.LOCK_AND_READ
        assert bytes(answer.message[59:]) == b"\x08\0" + CHALLENGE
        client.send(
            Command.TREE_CONNECT_ANDX,
            TreeConnectAndxRequest(password_length=1, path="\\\\X\\PUBLIC", service="A:"),
        )
        assert client.answer().header.tid == 0xC800

    @pytest.mark.parametrize("code", [code for code, since in SINCE.items() if code in COMMANDS])
    def test_core_only_has_no_later_command(self, make: Make, code: int) -> None:
        settings = Settings(profile=profile("core-only"), signing="off", security="share", plain_text=True)
        client, answer = negotiated(make(settings=settings), "LANMAN1.0", "PC NETWORK PROGRAM 1.0")
        assert answer.body(NegotiateCoreResponse).dialect_index == 1
        assert dos_error(client, code, EmptyRequest()) == (ERRSRV, 22)

    def test_core_only_has_the_core(self, make: Make) -> None:
        settings = Settings(profile=profile("core-only"), signing="off", security="share", plain_text=True)
        client, _ = negotiated(make(settings=settings), "PC NETWORK PROGRAM 1.0")
        connected = client.call(
            Command.TREE_CONNECT, TreeConnectRequest("PUBLIC", "", "A:"), TreeConnectResponse
        )
        assert connected.max_buffer_size == 4096
        client.tid = connected.tid
        assert client.call(Command.OPEN, OpenRequest(0, 0, "\\A.TXT"), OpenResponse).file_size == 100

    def test_core_answers_are_no_longer_than_the_tree_connect_said(
        self, make: Make, folders: dict[str, Path]
    ) -> None:
        """MaxBufferSize of TREE_CONNECT counts both ways, as there is no session setup."""
        (folders["public"] / "big").write_bytes(bytes(9000))
        settings = Settings(profile=profile("core-only"), signing="off", security="share", plain_text=True)
        client, _ = negotiated(make(settings=settings), "PC NETWORK PROGRAM 1.0")
        client.tid = client.call(
            Command.TREE_CONNECT, TreeConnectRequest("PUBLIC", "", "A:"), TreeConnectResponse
        ).tid
        fid = client.call(Command.OPEN, OpenRequest(0, 0, "\\BIG"), OpenResponse).fid
        client.send(Command.READ, ReadRequest(fid, 0xFFFF, 0))
        assert len(client.answer().message) == 4096
