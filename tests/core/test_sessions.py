"""Sessions, trees and opens of a connection: whose each is, what ends with what, and the status of a stale one."""

import time
from collections.abc import Callable

import pytest

from fakesmb.auth.accounts import Account, Accounts, Guest
from fakesmb.core.settings import Settings
from fakesmb.core.state import Session
from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.codec import Body, Empty
from fakesmb.wire.dirs import CheckDirectoryRequest
from fakesmb.wire.files import (
    CloseRequest,
    FlushRequest,
    NtCreateAndxResponse,
    ReadAndxRequest,
    ReadAndxResponse,
)
from fakesmb.wire.session import EchoRequest, EchoResponse, LogoffAndxRequest, LogoffAndxResponse
from fakesmb.wire.trans import Transaction2Request
from fakesmb.wire.trans2 import FindFirst2Request, FindFirst2Response, FindNext2Request
from fakesmb.wire.tree import (
    ProcessExitRequest,
    QueryInformationDiskRequest,
    TreeConnectAndxExtendedResponse,
    TreeConnectAndxRequest,
    TreeConnectAndxResponse,
    TreeDisconnectRequest,
)
from tests.auth.ntlm_client import Client as NtlmClient
from tests.core import extended
from tests.core.conftest import Make
from tests.refusals import Refuses

USERS = {"alice": "Secret123", "bob": "Hunter22"}


def status(client: Client, command: int, body: Body) -> int:
    """The status of the one answer to a request."""
    client.send(command, body)
    return client.answer().header.status


@pytest.fixture
def both(make: Make) -> tuple[Client, int, int]:
    """alice and bob on one connection: the client (as bob), alice's UID, bob's."""
    client = make(users=USERS).client().sign_in().connect("public")
    alice = client.uid
    client.sign_in("bob", "Hunter22")
    return client, alice, client.uid


class TestStale:
    """Each identifier has a status of its own ([MS-CIFS] 3.3.5.2)."""

    def test_tid(self, client: Client) -> None:
        client.tid = 0x0999
        assert status(client, 0x10, CheckDirectoryRequest("")) == NT.SMB_BAD_TID
        assert status(client, 0x2E, ReadAndxRequest(fid=0x4000)) == NT.INVALID_HANDLE
        assert status(client, 0x71, TreeDisconnectRequest()) == NT.SMB_BAD_TID

    def test_uid(self, client: Client) -> None:
        client.uid = 0x0999
        assert status(client, 0x10, CheckDirectoryRequest("")) == NT.SMB_BAD_UID
        assert status(client, 0x2E, ReadAndxRequest(fid=0x4000)) == NT.INVALID_HANDLE
        assert status(client, 0x74, LogoffAndxRequest()) == NT.SMB_BAD_UID

    def test_fid(self, client: Client) -> None:
        assert status(client, 0x2E, ReadAndxRequest(fid=0x4000)) == NT.INVALID_HANDLE
        assert status(client, 0x04, CloseRequest(0x4000)) == NT.INVALID_HANDLE
        assert status(client, 0x05, FlushRequest(0x4000)) == NT.INVALID_HANDLE

    def test_closed_twice(self, client: Client) -> None:
        fid = client.create("a.txt")
        assert status(client, 0x04, CloseRequest(fid)) == 0
        assert status(client, 0x04, CloseRequest(fid)) == NT.INVALID_HANDLE

    def test_a_closed_fid_is_not_given_again_soon(self, client: Client) -> None:
        given = []
        for _ in range(3):
            given.append(client.create("a.txt"))
            client.close(given[-1])
        assert given == [0x4000, 0x4001, 0x4002]

    def test_sid(self, client: Client, refuses: Refuses) -> None:
        with refuses(NT.INVALID_HANDLE):
            client.trans2(2, FindNext2Request(7, 10, 0x104, 0, 8, ""))

    @pytest.mark.parametrize("dos", [False, True], ids=["NT", "DOS"])
    def test_in_either_form(self, client: Client, dos: bool) -> None:
        """ERRSRV/ERRbaduid and its like go out as they are in both forms; INVALID_HANDLE is ERRbadfid."""
        if dos:
            client.flags2 &= ~0x4000
        assert status(client, 0x04, CloseRequest(1)) == (1 | 6 << 16 if dos else NT.INVALID_HANDLE)
        client.tid = 99
        assert status(client, 0x10, CheckDirectoryRequest("")) == 2 | 5 << 16
        client.uid = 99
        assert status(client, 0x10, CheckDirectoryRequest("")) == 2 | 91 << 16


class TestSeveral:
    """Several users on one connection."""

    def test_ids_are_their_own(self, both: tuple[Client, int, int]) -> None:
        _, alice, bob = both
        assert (alice, bob) == (0x0800, 0x0801)

    def test_a_fid_of_another_user(self, both: tuple[Client, int, int], refuses: Refuses) -> None:
        client, alice, bob = both
        fid = client.create("a.txt")
        client.uid = alice
        with refuses(NT.INVALID_HANDLE):
            client.read(fid)
        with refuses(NT.INVALID_HANDLE):
            client.close(fid)
        client.uid = bob
        assert client.read(fid, 0, 1) == b"0"

    def test_a_fid_of_another_tree(self, client: Client, refuses: Refuses) -> None:
        fid = client.create("a.txt")
        first = client.tid
        client.connect("c$")
        with refuses(NT.INVALID_HANDLE):
            client.read(fid)
        client.tid = first
        assert client.read(fid, 0, 1) == b"0"

    def test_a_fid_of_another_connection(self, client: Client, other: Client, refuses: Refuses) -> None:
        """VCs share nothing but the files."""
        fid = client.create("a.txt")
        with refuses(NT.INVALID_HANDLE):
            other.read(fid)
        assert other.create("a.txt") == fid

    def test_a_search_of_another_user(self, both: tuple[Client, int, int], refuses: Refuses) -> None:
        client, alice, _ = both
        found = client.trans2(1, FindFirst2Request(0x16, 1, 0, 0x104, 0, "\\*"))
        sid = FindFirst2Response.decode(found.parameters).sid
        client.uid = alice
        with refuses(NT.INVALID_HANDLE):
            client.trans2(2, FindNext2Request(sid, 10, 0x104, 0, 8, ""))

    def test_logoff_frees_what_is_the_users(self, both: tuple[Client, int, int], refuses: Refuses) -> None:
        """Opens, searches and waits ([MS-CIFS] 3.3.5.44); those of others stay, and so do trees, as with Windows."""
        client, alice, bob = both
        theirs = client.create("a.txt")  # bob's, on alice's tree
        client.uid = alice
        hers = client.create("a.txt")
        client.connect("c$")
        hers_too = client.tid
        client.uid = bob
        client.connect("c$")
        his_tree = client.tid
        his = client.create("readme.txt")
        client.uid = alice
        client.call(0x74, LogoffAndxRequest(), LogoffAndxResponse)
        connection = client.connection
        assert list(connection.sessions.entries) == [bob]
        assert {hers_too, his_tree} <= set(connection.trees.entries)
        assert set(connection.opens.entries) == {theirs, his}
        assert status(client, 0x2E, ReadAndxRequest(fid=hers)) == NT.INVALID_HANDLE
        client.uid, client.tid = bob, hers_too
        assert status(client, 0x2E, ReadAndxRequest(fid=theirs)) == NT.INVALID_HANDLE
        client.tid = his_tree
        assert client.read(his, 0, 1) == b"W"

    @pytest.mark.parametrize("uid", ["bob", "half", 0, 0x0999, 0xFFFE, 0xFFFF])
    def test_nobody_ends_the_tree_of_another(
        self, both: tuple[Client, int, int], uid: int | str, refuses: Refuses
    ) -> None:
        """By TREE_DISCONNECT, TREE_CONNECT_ANDX or a transaction: BAD_UID ([MS-CIFS] 2.2.4.51.2), or not heeded."""
        client, alice, bob = both
        tree, client.uid = client.tid, alice
        fid = client.create("a.txt")
        if uid == "half":
            client.connection.sessions.add(Session(client.connection))
        client.uid = {"bob": bob, "half": bob + 1}.get(str(uid), uid)  # type: ignore[arg-type]
        with refuses(NT.SMB_BAD_UID):
            client.call(0x71, TreeDisconnectRequest(), Empty)
        connect = TreeConnectAndxRequest(flags=1, path="docs", password_length=1, password=b"\0")
        asked = Transaction2Request(
            setup=b"\3\0", flags=1, parameters=b"\3\1", max_parameter_count=2, max_data_count=99
        )
        for command, body in ((0x75, connect), (0x32, asked)):
            client.send(command, body, tid=tree)
            assert client.answer().header.status == (0 if uid == "bob" else NT.SMB_BAD_UID)
        client.tid, client.uid = tree, alice
        assert client.read(fid, 0, 1) == b"0"

    def test_one_user_may_end_its_tree_by_another_uid(self, client: Client) -> None:
        client.sign_in()
        client.call(0x71, TreeDisconnectRequest(), Empty)

    def test_a_tree_that_was_left_is_ended_where_nobody_has_files_in_it(
        self, both: tuple[Client, int, int], refuses: Refuses
    ) -> None:
        """smbtorture's raw.context: a tree outlives its session, and needs none to be ended."""
        client, alice, bob = both
        fid = client.create("a.txt")
        client.uid = alice
        client.call(0x74, LogoffAndxRequest(), LogoffAndxResponse)
        for uid in (alice, 0x0999, 0):
            client.uid = uid
            with refuses(NT.SMB_BAD_UID):
                client.call(0x71, TreeDisconnectRequest(), Empty)
        client.uid = bob
        client.close(fid)
        client.uid = 0x0999
        client.call(0x71, TreeDisconnectRequest(), Empty)

    def test_tree_disconnect_frees_what_is_the_trees(self, client: Client, server: InMemoryServer) -> None:
        client.create("a.txt")
        client.trans2(1, FindFirst2Request(0x16, 1, 0, 0x104, 0, "\\*"))
        first = client.tid
        client.connect("c$")
        fid = client.create("readme.txt")
        second, client.tid = client.tid, first
        client.call(0x71, TreeDisconnectRequest(), Empty)
        assert len(client.connection.searches) == 0
        assert [handle.name for handle in server.open_files] == ["readme.txt"]
        client.tid = second
        assert client.read(fid, 0, 1) == b"W"

    def test_process_exit(self, client: Client, server: InMemoryServer) -> None:
        """Closes what that process of the user opened, all 32 bits of its PID."""
        mine = client.create("a.txt")
        client.pid += 0x10000
        client.create("a.txt")
        client.call(0x11, ProcessExitRequest(), Empty)
        assert list(client.connection.opens.entries) == [mine]
        assert len(server.open_files) == 1

    def test_lost_frees_all(self, both: tuple[Client, int, int]) -> None:
        client, alice, _ = both
        client.create("a.txt")
        client.uid = alice
        client.create("dir", options=1)
        client.lost()
        assert not client.connection.opens.entries
        assert not client.connection.trees.entries
        client.lost("again")  # twice is harmless

    @pytest.mark.parametrize("vc_number", [0, 1, 7])
    def test_other_connections_stay(self, client: Client, server: InMemoryServer, vc_number: int) -> None:
        """VcNumber 0 may mean "drop my other connections": not here, where many clients come from one address."""
        fid = client.create("a.txt")
        server.client("127.0.0.1:50077").sign_in(vc_number=vc_number)
        assert client.read(fid, 0, 1) == b"0"


class TestRights:
    """What one user may do does not come from another's tree."""

    @pytest.fixture
    def lab(self, make: Make) -> InMemoryServer:
        accounts = Accounts([Account.with_password("alice", "Secret123")], guest=Guest.READ_ONLY)
        return make(accounts=accounts)

    def test_a_guest_on_the_tree_of_a_user(self, lab: InMemoryServer, refuses: Refuses) -> None:
        client = lab.client().sign_in().connect("public")
        client.sign_in("nobody-knows", "me")
        with refuses(NT.ACCESS_DENIED):
            client.create("new.txt", disposition=2)

    def test_a_user_whom_the_share_does_not_admit(self, make: Make, refuses: Refuses) -> None:
        server = make(users=USERS)
        server.server.shares["DOCS"].users = frozenset({"ALICE"})
        client = server.client().sign_in().connect("docs")
        assert client.create("manual.txt", access=1)
        client.sign_in("bob", "Hunter22")
        with refuses(NT.ACCESS_DENIED):
            client.connect("docs")
        with refuses(NT.ACCESS_DENIED):
            client.create("manual.txt", access=1)

    @pytest.mark.parametrize("name", ["alice", "ALICE", "\u212aevin", "kevin"])
    def test_a_list_of_users_admits_no_guest(self, make: Make, refuses: Refuses, name: str) -> None:
        """A guest is called what it calls itself; KELVIN SIGN is no letter K ([MS-UCODEREF])."""
        known = [Account.with_password("bob", "Hunter22", admin=True)]
        server = make(accounts=Accounts(known, guest=Guest.READ_WRITE))
        server.server.shares["DOCS"].users = frozenset({"ALICE", "KEVIN"})
        client = server.client().sign_in(name, "whatever")
        with refuses(NT.ACCESS_DENIED):
            client.connect("docs")
        assert server.client().sign_in("bob", "Hunter22").connect("docs").create("manual.txt", access=1)

    def test_users_and_shares_fold_alike(self, make: Make, refuses: Refuses) -> None:
        users = Accounts([Account.with_password("\u212aevin", "x"), Account.with_password("ÉLODIE", "x")])
        server = make(accounts=users)
        server.server.shares["DOCS"].users = frozenset(map(fold, ["kevin", "élodie"]))
        assert server.server.share("doc\u017f") is None
        with refuses(NT.ACCESS_DENIED):
            server.client().sign_in("\u212aevin", "x").connect("docs")
        assert server.client().sign_in("Élodie", "x").connect("DOCS")


class TestTrees:
    """TREE_CONNECT_ANDX, [MS-CIFS] 3.3.5.45."""

    @pytest.mark.parametrize(
        ("path", "service", "expected"),
        [
            ("\\\\H\\public", "?????", 0),
            ("\\\\H\\PUBLIC", "A:", 0),
            ("public", "A:", 0),
            ("\\\\H\\public\\", "A:", 0),
            ("//H/public", "?????", 0),
            ("\\\\H\\IPC$", "IPC", 0),
            ("\\\\H\\ipc$", "?????", 0),
            ("\\\\H\\IPC$", "A:", NT.BAD_DEVICE_TYPE),
            ("\\\\H\\public", "IPC", NT.BAD_DEVICE_TYPE),
            ("\\\\H\\public", "LPT1:", NT.BAD_DEVICE_TYPE),
            ("\\\\H\\public", "nonsense", NT.BAD_DEVICE_TYPE),
            ("\\\\H\\nowhere", "?????", NT.BAD_NETWORK_NAME),
            ("\\\\H\\public\\dir", "?????", NT.BAD_NETWORK_NAME),
            ("\\\\H\\", "?????", NT.BAD_NETWORK_NAME),
            ("", "?????", NT.BAD_NETWORK_NAME),
            ("\\\\H\\..", "?????", NT.BAD_NETWORK_NAME),
            ("\\\\H\\pub\0lic", "?????", NT.BAD_NETWORK_NAME),
        ],
    )
    def test_names_and_services(self, server: InMemoryServer, path: str, service: str, expected: int) -> None:
        client = server.client().sign_in()
        request = TreeConnectAndxRequest(password_length=1, path=path, service=service)
        assert status(client, 0x75, request) == expected

    def test_the_extended_answer(self, client: Client) -> None:
        request = TreeConnectAndxRequest(flags=8, password_length=1, path="\\\\H\\docs")
        answer = client.call(0x75, request, TreeConnectAndxExtendedResponse)
        assert (answer.service, answer.native_file_system) == ("A:", "NTFS")
        assert answer.maximal_share_access_rights & 0x2 == 0  # read-only

    def test_disconnects_the_old_one(self, client: Client) -> None:
        """Flag 0x0001."""
        old = client.tid
        request = TreeConnectAndxRequest(flags=1, password_length=1, path="\\\\H\\c$")
        client.call(0x75, request, TreeConnectAndxResponse)
        assert list(client.connection.trees.entries) == [old + 1]

    def test_files_on_ipc(self, client: Client) -> None:
        client.connect("IPC$")
        assert status(client, 0x80, QueryInformationDiskRequest()) == NT.ACCESS_DENIED

    def test_a_read_only_share(self, client: Client, refuses: Refuses) -> None:
        client.connect("docs")
        assert client.read(client.create("manual.txt", access=0x80000000)) == b"read only"
        for access, disposition in ((2, 1), (1, 2), (1, 5), (0x10000, 1)):
            with refuses(NT.ACCESS_DENIED):
                client.create("manual.txt", access=access, disposition=disposition)


class TestEcho:
    """SMB_COM_ECHO, [MS-CIFS] 3.3.5.33."""

    @pytest.mark.parametrize(("count", "answers"), [(0, 0), (1, 1), (3, 3), (0xFFFF, 16)])
    def test_counts(self, client: Client, count: int, answers: int) -> None:
        mid = client.send(0x2B, EchoRequest(count, b"\0any\xff"))
        found = client.answers()
        assert [answer.body(EchoResponse) for answer in found] == [
            EchoResponse(number + 1, b"\0any\xff") for number in range(answers)
        ]
        assert {answer.header.mid for answer in found} <= {mid}

    @pytest.mark.parametrize(
        ("tid", "expected"), [(0xFFFF, 0), (0, 0), (0x0800, 0), (0x0999, NT.SMB_BAD_TID)]
    )
    def test_tids(self, client: Client, tid: int, expected: int) -> None:
        """XP sends 0xFFFF when idle."""
        client.tid = tid
        assert status(client, 0x2B, EchoRequest(1, b"x")) == expected

    def test_before_a_sign_in(self, server: InMemoryServer) -> None:
        client = server.client()
        client.negotiate()
        assert status(client, 0x2B, EchoRequest(1, b"x")) == 0


class TestEncodings:
    """Unicode is a flag of each message, not of the connection: impacket negotiates it and then sends OEM."""

    def test_one_then_the_other(self, client: Client) -> None:
        client.create("Grüße.txt", disposition=2)
        client.flags2 &= ~0x8000
        client.create("GRÜSSE.TXT", disposition=2)
        assert client.create("grüße.txt")
        client.flags2 |= 0x8000
        assert client.create("grÜsse.txt")

    def test_strings_of_the_answer(self, client: Client) -> None:
        client.flags2 &= ~0x8000
        client.send(0x75, TreeConnectAndxRequest(password_length=1, path="\\\\H\\c$"))
        answer = client.answer()
        assert bytes(answer.message).endswith(b"A:\0NTFS\0")
        assert not answer.header.flags2 & 0x8000


class TestDosErrors:
    """Flags2 without NT_STATUS: DOS class and code instead ([MS-CIFS] 2.2.2.4)."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [("nowhere.txt", (1, 2)), ("nowhere\\a.txt", (1, 3)), ("a*.txt", (1, 123)), ("..\\..\\x", (1, 161))],
    )
    def test_names(self, client: Client, name: str, expected: tuple[int, int]) -> None:
        client.flags2 &= ~0x4000
        with pytest.raises(SMBError) as raised:
            client.create(name)
        assert (raised.value.status & 0xFF, raised.value.status >> 16) == expected

    def test_not_signed_in(self, server: InMemoryServer) -> None:
        client = server.client()
        client.flags2 &= ~0x4000
        with pytest.raises(SMBError) as raised:
            client.sign_in(password="wrong")
        assert raised.value.status == 2 | 2 << 16  # ERRSRV/ERRbadpw

    def test_no_status_in_the_answer_flags(self, client: Client) -> None:
        client.flags2 &= ~0x4000
        client.send(0x04, CloseRequest(1))
        assert not client.answer().header.flags2 & 0x4000


def test_extended_open(client: Client) -> None:
    """Both shapes of the NT_CREATE_ANDX answer."""
    plain = client.create_response("a.txt")
    assert isinstance(plain, NtCreateAndxResponse)
    assert (plain.end_of_file, plain.ext_file_attributes) == (100, 0x20)


def test_a_read_beyond_the_end(client: Client) -> None:
    """No bytes, no error."""
    fid = client.create("a.txt")
    answer = client.call(0x2E, ReadAndxRequest(fid=fid, offset_low=1000, max_count=10), ReadAndxResponse)
    assert answer.data == b""


class TestTimes:
    """What NetrSessionEnum and NetSessionEnum tell: seconds since the sign-in and since the last request."""

    @pytest.mark.parametrize("asks", ["tree", "open", "read", "write"])
    def test_idle_since_the_last_request(
        self, make: Make, monkeypatch: pytest.MonkeyPatch, asks: str
    ) -> None:
        seconds = [1_086_000_000.0]
        monkeypatch.setattr(time, "time", lambda: seconds[0])
        server = make()
        client = server.client().sign_in().connect("public")
        fid = client.create("a.txt")
        requests: dict[str, Callable[[], object]] = {
            "tree": lambda: client.connect("docs"),
            "open": lambda: client.create("new.txt", disposition=3),
            "read": lambda: client.read(fid),
            "write": lambda: client.write(fid, b"x"),
        }
        seconds[0] += 100
        requests[asks]()
        seconds[0] += 30
        (row,) = server.server.view.sessions()
        assert (row.active, row.idle) == (130, 30)


class TestChallenges:
    """A response to a challenge is good for one sign-in ([MS-NLMP] 3.2.5.1.1)."""

    def test_every_sign_in_has_its_own(self, make: Make) -> None:
        server = make(settings=Settings())
        client = extended.negotiate(server.client())
        given = [extended.challenge(client, NtlmClient())[24:32] for _ in range(4)]
        assert len({*given, client.connection.challenge}) == 5

    def test_old_clients_have_one_a_connection(self, make: Make) -> None:
        server = make(settings=Settings())
        given = {server.client().negotiate().challenge for _ in range(4)}
        assert len(given) == 4
