"""What one user cannot use or end of another's on a connection, and what becomes of rights with a new sign-in."""

import os
import struct
from collections.abc import Callable

import pytest

from fakesmb.auth.accounts import Account, Accounts, Guest
from fakesmb.nt.status import NT
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.dirs import CheckDirectoryRequest
from fakesmb.wire.files import FlushRequest, NtCreateAndxRequest, ReadAndxRequest
from fakesmb.wire.locking import FOREVER, LockingAndxRequest, LockRange, LockType
from fakesmb.wire.search import ResumeKey, SearchRequest, SearchResponse
from fakesmb.wire.session import LogoffAndxRequest, SessionSetupPlainRequest
from fakesmb.wire.trans2 import FindFirst2Request, FindFirst2Response, SetFsInformationRequest, Trans2
from fakesmb.wire.tree import ProcessExitRequest, TreeConnectAndxRequest, TreeDisconnectRequest
from fakesmb.wire.unix import UnixCapability
from tests.auth.ntlm_client import Client as NtlmClient
from tests.core import extended
from tests.core.conftest import Make
from tests.refusals import Refuses

BOB = ("bob", "Hunter22")
OPLOCK = 0x02
DISCONNECT = 1


@pytest.fixture
def server(make: Make) -> InMemoryServer:
    known = [Account.with_password("alice", "Secret123"), Account.with_password(*BOB)]
    return make(accounts=Accounts(known, guest=Guest.READ_WRITE))


@pytest.fixture
def both(server: InMemoryServer) -> tuple[Client, int, int]:
    """alice and bob on one connection, in alice's tree: the client (as alice), alice's UID, bob's."""
    client = server.client().sign_in().connect("public")
    alice = client.uid
    client.sign_in(*BOB)
    bob, client.uid = client.uid, alice
    return client, alice, bob


def status(client: Client, command: int, *body: object) -> int:
    """The status of the one answer."""
    client.send(command, *body)  # type: ignore[arg-type]
    return client.answer().header.status


class TestAnothers:
    """Searches, oplocks, files and waits of another session."""

    @pytest.mark.parametrize("command", [0x81, 0x82, 0x84])
    def test_a_search_of_the_core_dialects(
        self, both: tuple[Client, int, int], command: int, refuses: Refuses
    ) -> None:
        """Its listing has the rights of who began it; FIND_CLOSE ends it."""
        client, alice, bob = both
        client.create("b.txt", disposition=2)
        first = client.call(0x81, SearchRequest(1, 0x16, "\\*.*"), SearchResponse)
        key = bytes(first.entries)[: ResumeKey.size()]
        client.uid = bob
        with refuses(NT.NO_MORE_FILES):
            client.call(command, SearchRequest(1, 0x16, "", key), SearchResponse)
        client.uid = alice
        assert client.call(0x81, SearchRequest(1, 0x16, "", key), SearchResponse).count == 1

    def test_an_oplock(self, server: InMemoryServer, both: tuple[Client, int, int]) -> None:
        """Only its holder gives it up."""
        client, alice, bob = both
        fid = client.create("a.txt", flags=OPLOCK)
        opener = server.client().sign_in().connect("public")
        opener.send(0xA2, NtCreateAndxRequest(desired_access=3, share_access=7, file_name="a.txt"))
        assert opener.answers() == []
        release = LockingAndxRequest(fid=fid, type_of_lock=LockType.OPLOCK_RELEASE)
        for uid, answers in ((bob, 0), (alice, 1)):
            client.uid = uid
            client.send(0x24, release)
            assert len(opener.answers()) == answers

    def test_files_that_are_flushed(
        self, both: tuple[Client, int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client, alice, bob = both
        flushed: list[int] = []
        monkeypatch.setattr(os, "fsync", flushed.append)
        client.write(client.create("a.txt"), b"x")
        for uid, count in ((bob, 0), (alice, 1)):
            client.uid = uid
            client.call(0x05, FlushRequest(0xFFFF), Empty)
            assert len(flushed) == count

    def test_a_process(self, server: InMemoryServer, both: tuple[Client, int, int]) -> None:
        """PROCESS_EXIT names a PID, and means the user's own process of that number: files, searches, waits."""
        client, alice, bob = both
        holder = server.client().sign_in().connect("public")
        holder.lock(holder.create("a.txt"), 0, 10)
        fid = client.create("a.txt")
        mid = client.send(0x24, client.locking(fid, LockRange(client.pid, 0, 10), timeout=FOREVER))
        client.uid = bob
        assert status(client, 0x11, ProcessExitRequest()) == 0
        assert len(client.connection.pending) == 1
        client.uid = alice
        assert client.read(fid, 20, 1) == b"0"
        client.send(0x11, ProcessExitRequest())
        assert {one.header.mid for one in client.answers()} == {mid, client.mid}

    @pytest.mark.parametrize("forged", ["uid", "tid", "pid", "mid"])
    def test_what_waits(self, server: InMemoryServer, both: tuple[Client, int, int], forged: str) -> None:
        """NT_CANCEL names a request by all four."""
        client, _, bob = both
        holder = server.client().sign_in().connect("public")
        holder.lock(holder.create("a.txt"), 0, 10)
        fid = client.create("a.txt")
        mid = client.send(0x24, client.locking(fid, LockRange(client.pid, 0, 10), timeout=FOREVER))
        as_ever = {"uid": client.uid, "tid": client.tid, "pid": client.pid}
        wrong = {"uid": bob, "tid": client.tid + 1, "pid": client.pid + 0x10000}
        if forged in wrong:
            setattr(client, forged, wrong[forged])
        client.send(0xA4, Empty(), mid=mid + (forged == "mid"))
        assert len(client.connection.pending) == 1
        for name, value in as_ever.items():
            setattr(client, name, value)
        client.send(0xA4, Empty(), mid=mid)
        assert client.answer().header.status == NT.FILE_LOCK_CONFLICT

    def test_what_names_mean_in_a_tree(self, both: tuple[Client, int, int], refuses: Refuses) -> None:
        """Who chooses POSIX names chooses them for the tree: `\\` is no separator there."""
        client, alice, bob = both
        posix = SetFsInformationRequest(0, 0x200), struct.pack("<HHQ", 1, 0, UnixCapability.POSIX_PATHNAMES)
        client.create("dir\\new", disposition=2)
        client.uid = bob
        with refuses(NT.ACCESS_DENIED):
            client.trans2(Trans2.SET_FS_INFORMATION, *posix)
        client.uid = alice
        assert client.create("dir\\new")
        client.trans2(Trans2.SET_FS_INFORMATION, *posix)
        assert client.create("/dir/new")

    def test_a_search_in_a_tree_that_was_left(self, both: tuple[Client, int, int], refuses: Refuses) -> None:
        """Who goes does not take it along, and nobody else ends it by ending the tree."""
        client, alice, bob = both
        client.uid = bob
        found = client.trans2(1, FindFirst2Request(0x16, 1, 0, 0x104, 0, "\\*"))
        assert FindFirst2Response.decode(found.parameters).sid
        client.uid = alice
        assert status(client, 0x74, LogoffAndxRequest()) == 0
        for uid in (alice, 0, 0x0999):
            client.uid = uid
            with refuses(NT.SMB_BAD_UID):
                client.call(0x71, TreeDisconnectRequest(), Empty)
        assert len(client.connection.searches) == 1
        client.uid = bob
        client.call(0x71, TreeDisconnectRequest(), Empty)


def sets_up_and_disconnects(client: Client) -> None:
    """A guest signs in and connects in one chain, and lets the tree of the header go with it."""
    guest = SessionSetupPlainRequest(account_name="nobody")
    client.send(0x73, guest, (0x75, TreeConnectAndxRequest(flags=DISCONNECT, path="public")))


def connects_and_disconnects(client: Client) -> None:
    client.send(0x75, TreeConnectAndxRequest(flags=DISCONNECT, path="public"))


def logs_off_and_disconnects(client: Client) -> None:
    """TREE_DISCONNECT is no part of a chain; what follows LOGOFF_ANDX has no session any more."""
    client.send(0x74, LogoffAndxRequest(), (0x75, TreeConnectAndxRequest(flags=DISCONNECT, path="public")))


def logs_off_and_closes(client: Client) -> None:
    client.send(0x74, LogoffAndxRequest(), (0x71, TreeDisconnectRequest()))


@pytest.mark.parametrize(
    "attack",
    [sets_up_and_disconnects, connects_and_disconnects, logs_off_and_disconnects, logs_off_and_closes],
)
def test_chains_end_nothing_of_others(
    both: tuple[Client, int, int], attack: Callable[[Client], None]
) -> None:
    client, alice, bob = both
    fid, tree = client.create("a.txt"), client.tid
    client.uid = bob
    attack(client)
    client.answers()
    client.uid, client.tid = alice, tree
    assert client.read(fid, 0, 1) == b"0"


class TestSignedInAgain:
    """A session setup with the UID of a session gives it another user, and no rights of the first."""

    def again(self, client: Client, who: NtlmClient) -> None:
        uid = client.uid
        token = extended.challenge(client, who, uid)
        client.send(0x73, extended.setup(who.authenticate(token)))
        assert client.answer().header.status == 0
        assert client.uid == uid

    @pytest.fixture
    def client(self, server: InMemoryServer) -> Client:
        """alice, in a share that is hers alone."""
        server.server.shares["PUBLIC"].users = frozenset({"ALICE"})
        client = extended.negotiate(server.client())
        extended.sign_in(client, "alice", "Secret123")
        return client.connect("public")

    @pytest.mark.parametrize(
        "who",
        [NtlmClient(*BOB), NtlmClient("nobody", "x"), NtlmClient("alice2"), NtlmClient("", form="anonymous")],
    )
    def test_as_somebody_whom_the_share_does_not_admit(
        self, client: Client, who: NtlmClient, refuses: Refuses
    ) -> None:
        fid = client.create("a.txt")
        self.again(client, who)
        assert client.read(fid, 0, 1) == b"0"
        with refuses(NT.ACCESS_DENIED):
            client.create("a.txt")
        with refuses(NT.ACCESS_DENIED):
            client.call(0x10, CheckDirectoryRequest("dir"), Empty)
        assert status(
            client, 0xA2, NtCreateAndxRequest(file_name="a.txt"), (0x2E, ReadAndxRequest(fid=fid))
        ) == (NT.ACCESS_DENIED)
        self.again(client, NtlmClient("alice", "Secret123"))
        assert client.read(fid, 0, 1) == b"0"
        assert client.create("dir", options=1)

    def test_as_the_same_user(self, client: Client) -> None:
        fid = client.create("a.txt")
        self.again(client, NtlmClient("ALICE", "Secret123"))
        (tree,) = client.connection.trees
        (session,) = client.connection.sessions
        assert tree.identity is session.identity
        assert client.read(fid, 0, 1) == b"0"
