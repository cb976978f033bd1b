"""Every dialect below NT LM 0.12: its answer to a negotiate, its sign-in, its statuses and names."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from fakesmb.core.dialects import DIALECTS, Protocol, chosen
from fakesmb.core.profile import Profile
from fakesmb.core.settings import Settings
from fakesmb.nt.status import ERRDOS, ERRSRV, NT
from fakesmb.testing import CHALLENGE, Client, InMemoryServer
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import CheckDirectoryRequest
from fakesmb.wire.header import Flags, Flags2
from fakesmb.wire.negotiate import (
    NegotiateCoreResponse,
    NegotiateLanmanResponse,
    NegotiateNtResponse,
    NegotiateRequest,
)
from fakesmb.wire.session import (
    SessionSetupAndxResponse,
    SessionSetupLanmanResponse,
)
from fakesmb.wire.tree import (
    TreeConnectAndxLanmanResponse,
    TreeConnectAndxRequest,
    TreeConnectAndxResponse,
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
        assert not header.flags2 & (Flags2.UNICODE | Flags2.NT_STATUS | Flags2.EXTENDED_SECURITY)
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
