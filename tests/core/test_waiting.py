"""Answers that come late: locks that wait, opens that wait out a sharing violation, and what ends the wait."""

from itertools import count

import pytest

from fakesmb.core.settings import Limits, Settings, Timing
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.files import (
    CloseRequest,
    NtCreateAndxRequest,
    NtCreateAndxResponse,
    OpenAndxRequest,
    ReadAndxRequest,
    ReadAndxResponse,
)
from fakesmb.wire.locking import FOREVER, LockingAndxRequest, LockingAndxResponse, LockRange
from fakesmb.wire.session import EchoRequest, EchoResponse, LogoffAndxRequest
from fakesmb.wire.tree import ProcessExitRequest, TreeDisconnectRequest
from tests.core.conftest import Make
from tests.refusals import Refuses

LOCKING, CANCEL, CREATE = 0x24, 0xA4, 0xA2
NO_SHARING = 0


class Holder:
    """Two clients with the same file open; `a` holds bytes 0 to 9, `b` asks for them."""

    def __init__(self, a: Client, b: Client) -> None:
        self.a, self.b = a, b
        self.mine, self.theirs = a.create("a.txt"), b.create("a.txt")
        a.lock(self.mine, 0, 10)
        self.clock = a.clock

    def ask(self, *ranges: tuple[int, int], timeout: int = FOREVER, kind: int = 0x10) -> int:
        """`b` asks for ranges (offset, length), 0 to 9 where it names none; gives the MID."""
        locks = [LockRange(self.b.pid, *one) for one in ranges or ((0, 10),)]
        return self.b.send(LOCKING, self.b.locking(self.theirs, *locks, timeout=timeout, kind=kind))

    def statuses(self) -> list[tuple[int, int]]:
        """What `b` is answered: MID and status."""
        return [(answer.header.mid, answer.header.status) for answer in self.b.answers()]

    def gone(self) -> None:
        """Nobody waits, and no timer is left but those of the sign-in."""
        assert not self.b.connection.pending
        assert not self.b.connection.lock_waits
        assert self.clock.getDelayedCalls() == []


@pytest.fixture
def holder(client: Client, other: Client) -> Holder:
    return Holder(client, other)


class TestLocks:
    """[MS-CIFS] 3.3.5.28: Timeout in milliseconds, 0 not at all, -1 for ever."""

    def test_at_once(self, holder: Holder) -> None:
        """Timeout 0: LOCK_NOT_GRANTED, and on repetition FILE_LOCK_CONFLICT, as Windows has it."""
        first, second = holder.ask(timeout=0), holder.ask(timeout=0)
        assert holder.statuses() == [(first, NT.LOCK_NOT_GRANTED), (second, NT.FILE_LOCK_CONFLICT)]

    def test_answered_when_the_holder_unlocks(self, holder: Holder) -> None:
        mid = holder.ask()
        holder.clock.advance(3600)
        assert holder.statuses() == []
        holder.a.unlock(holder.mine, 0, 10)
        assert holder.statuses() == [(mid, 0)]
        with pytest.raises(SMBError):
            holder.a.lock(holder.mine, 5, 1)
        holder.gone()

    def test_answered_when_the_holder_closes(self, holder: Holder) -> None:
        mid = holder.ask(timeout=5000)
        holder.a.close(holder.mine)
        assert holder.statuses() == [(mid, 0)]
        holder.gone()

    @pytest.mark.parametrize("leave", ["lost", "logoff", "tree disconnect", "process exit"])
    def test_answered_when_the_holder_leaves(self, holder: Holder, leave: str) -> None:
        mid = holder.ask(timeout=5000)
        if leave == "lost":
            holder.a.lost()
        else:
            command, body = {
                "logoff": (0x74, LogoffAndxRequest()),
                "tree disconnect": (0x71, TreeDisconnectRequest()),
                "process exit": (0x11, ProcessExitRequest()),
            }[leave]
            holder.a.send(command, body)
            assert holder.a.answer().header.status == 0
        assert holder.statuses() == [(mid, 0)]
        holder.gone()

    def test_time_is_up(self, holder: Holder) -> None:
        mid = holder.ask(timeout=5000)
        holder.clock.advance(4.999)
        assert holder.statuses() == []
        holder.clock.advance(0.001)
        assert holder.statuses() == [(mid, NT.FILE_LOCK_CONFLICT)]
        holder.gone()
        holder.a.unlock(holder.mine, 0, 10)
        assert holder.statuses() == []

    def test_all_or_none(self, holder: Holder) -> None:
        """What was taken before the wait is given back when it ends in vain."""
        holder.ask((20, 5), (0, 10), timeout=1000)
        with pytest.raises(SMBError):
            holder.a.lock(holder.mine, 22, 1)
        holder.clock.advance(1)
        assert [status for _, status in holder.statuses()] == [NT.FILE_LOCK_CONFLICT]
        holder.a.lock(holder.mine, 22, 1)

    def test_its_own_file_is_closed(self, holder: Holder) -> None:
        """Both requests are answered, the wait first; nothing stays locked."""
        waiting = holder.ask((20, 5), (0, 10))
        closing = holder.b.send(0x04, CloseRequest(holder.theirs))
        assert holder.statuses() == [(waiting, NT.RANGE_NOT_LOCKED), (closing, 0)]
        holder.gone()
        holder.a.lock(holder.mine, 20, 5)

    def test_the_one_who_waits_leaves(self, holder: Holder) -> None:
        holder.ask(timeout=5000)
        holder.b.lost()
        holder.a.unlock(holder.mine, 0, 10)
        holder.a.lock(holder.mine, 0, 10)
        holder.gone()

    def test_others_are_answered_meanwhile(self, holder: Holder) -> None:
        """Several requests in flight, answered as they finish."""
        mid = holder.ask()
        assert holder.b.read(holder.theirs, 20, 3) == b"012"
        holder.a.unlock(holder.mine, 0, 10)
        assert holder.statuses() == [(mid, 0)]

    def test_the_first_to_come_is_the_first_to_get_it(self, holder: Holder) -> None:
        first, second = holder.ask(), holder.ask((5, 10))
        holder.a.unlock(holder.mine, 0, 10)
        assert holder.statuses() == [(first, 0)]
        holder.b.send(LOCKING, holder.b.locking(holder.theirs, unlocks=[LockRange(holder.b.pid, 0, 10)]))
        assert {mid for mid, status in holder.statuses() if status == 0} >= {second}

    def test_shared_locks_wait_for_an_exclusive_one(self, holder: Holder) -> None:
        """XP around desktop.ini: type 0x11, timeout -1."""
        first, second = holder.ask(kind=0x11), holder.ask((5, 20), kind=0x11)
        holder.a.unlock(holder.mine, 0, 10)
        assert holder.statuses() == [(first, 0), (second, 0)]

    def test_cancelled_by_the_lock_itself(self, holder: Holder) -> None:
        """LOCKING_ANDX_CANCEL_LOCK: the wait ends, and the cancel is answered too."""
        waiting = holder.ask()
        cancelling = holder.ask(kind=0x18, timeout=0)
        assert holder.statuses() == [(waiting, NT.FILE_LOCK_CONFLICT), (cancelling, 0)]
        again = holder.ask(kind=0x18, timeout=0)
        assert holder.statuses() == [(again, NT.OS2_CANCEL_VIOLATION)]
        holder.gone()

    def test_too_many_wait(self, make: Make) -> None:
        """A bound on what a stranger can make wait."""
        settings = Settings(challenge=CHALLENGE, guid=GUID, limits=Limits(pending=3))
        server = make(settings=settings)
        a, b = (server.client().sign_in().connect("public") for _ in range(2))
        holder = Holder(a, b)
        for _ in range(3):
            holder.ask()
        assert holder.statuses() == []
        mid = holder.ask()
        assert holder.statuses() == [(mid, NT.INSUFFICIENT_RESOURCES)]
        assert len(b.connection.pending) == 3

    def test_a_lock_is_enforced(self, holder: Holder, refuses: Refuses) -> None:
        with refuses(NT.FILE_LOCK_CONFLICT):
            holder.b.read(holder.theirs, 5, 1)
        with refuses(NT.FILE_LOCK_CONFLICT):
            holder.b.write(holder.theirs, b"x", 9)
        assert holder.b.read(holder.theirs, 10, 1) == b"0"
        holder.b.pid, holder.a.pid = 0x9999, 0x9999
        with refuses(NT.FILE_LOCK_CONFLICT):
            holder.a.read(holder.mine, 0, 1)  # another process of the same open
        with refuses(NT.RANGE_NOT_LOCKED):
            holder.a.unlock(holder.mine, 0, 10)

    def test_not_of_a_closed_file(self, holder: Holder, refuses: Refuses) -> None:
        holder.b.close(holder.theirs)
        with refuses(NT.INVALID_HANDLE):
            holder.b.lock(holder.theirs, 0, 1)


class TestCancel:
    """SMB_COM_NT_CANCEL, [MS-CIFS] 3.3.5.52: no answer of its own."""

    def cancel(self, client: Client, mid: int) -> None:
        client.send(CANCEL, Empty(), mid=mid)

    def test_a_waiting_lock(self, holder: Holder) -> None:
        mid = holder.ask()
        self.cancel(holder.b, mid)
        assert holder.statuses() == [(mid, NT.FILE_LOCK_CONFLICT)]
        holder.gone()
        holder.a.unlock(holder.mine, 0, 10)
        holder.a.lock(holder.mine, 0, 10)

    def test_another_mid(self, holder: Holder) -> None:
        mid = holder.ask()
        self.cancel(holder.b, mid + 1)
        assert holder.statuses() == []
        assert holder.b.connection.pending

    def test_another_process(self, holder: Holder) -> None:
        mid = holder.ask()
        holder.b.pid += 1
        self.cancel(holder.b, mid)
        assert holder.statuses() == []

    def test_another_connection(self, holder: Holder) -> None:
        mid = holder.ask()
        self.cancel(holder.a, mid)
        assert holder.a.answers() == []
        assert holder.statuses() == []

    def test_nothing_to_cancel(self, client: Client) -> None:
        self.cancel(client, 77)
        assert client.answers() == []

    def test_a_waiting_open(self, client: Client, other: Client) -> None:
        client.create("a.txt", share=NO_SHARING)
        mid = other.send(CREATE, NtCreateAndxRequest(desired_access=1, file_name="a.txt"))
        self.cancel(other, mid)
        answer = other.answer()
        assert (answer.header.mid, answer.header.status) == (mid, NT.SHARING_VIOLATION)
        assert other.clock.getDelayedCalls() == []


class TestSharing:
    """timing.sharing_violation: an open that meets one waits before it fails ([MS-CIFS] 3.3.5.51)."""

    REQUEST = NtCreateAndxRequest(desired_access=1, share_access=7, file_name="a.txt")

    def test_waited_out(self, client: Client, other: Client) -> None:
        client.create("a.txt", share=NO_SHARING)
        mid = other.send(CREATE, self.REQUEST)
        other.clock.advance(0.99)
        assert other.answers() == []
        other.clock.advance(0.01)
        answer = other.answer()
        assert (answer.header.mid, answer.header.status) == (mid, NT.SHARING_VIOLATION)
        assert other.clock.getDelayedCalls() == []

    def test_answered_when_the_other_closes(self, client: Client, other: Client) -> None:
        fid = client.create("a.txt", share=NO_SHARING)
        other.send(CREATE, self.REQUEST)
        client.close(fid)
        opened = other.answer().body(NtCreateAndxResponse)
        assert other.read(opened.fid, 0, 2) == b"01"
        assert other.clock.getDelayedCalls() == []

    def test_answered_when_the_other_is_lost(self, client: Client, other: Client) -> None:
        client.create("a.txt", share=NO_SHARING)
        other.send(CREATE, self.REQUEST, (0x2E, ReadAndxRequest(fid=0xFFFF, max_count=3)))
        client.lost()
        _, read = other.answer().chained([NtCreateAndxResponse, ReadAndxResponse])
        assert isinstance(read, ReadAndxResponse)
        assert read.data == b"012"

    def test_still_excluded_after_one_of_two_closes(self, client: Client, other: Client) -> None:
        """The wait goes on, and does not begin anew."""
        first, second = (client.create("a.txt", access=1, share=1) for _ in range(2))
        other.send(CREATE, NtCreateAndxRequest(desired_access=2, share_access=7, file_name="a.txt"))
        other.clock.advance(0.6)
        client.close(first)
        assert other.answers() == []
        other.clock.advance(0.4)
        assert other.answer().header.status == NT.SHARING_VIOLATION
        client.close(second)
        assert other.answers() == []

    def test_the_opener_leaves_first(self, client: Client, other: Client, server: InMemoryServer) -> None:
        fid = client.create("a.txt", share=NO_SHARING)
        other.send(CREATE, self.REQUEST)
        other.lost()
        client.close(fid)
        assert len(server.open_files) == 0
        assert server.clock.getDelayedCalls() == []

    def test_the_file_is_gone_when_it_is_free(self, client: Client, other: Client) -> None:
        fid = client.create("a.txt", access=0x10001, share=NO_SHARING, options=0x1000)
        other.send(CREATE, self.REQUEST)
        client.close(fid)
        assert other.answer().header.status == NT.OBJECT_NAME_NOT_FOUND

    def test_open_andx_waits_too(self, client: Client, other: Client) -> None:
        """An old client gets ERRDOS/ERRbadshare."""
        client.create("a.txt", share=NO_SHARING)
        other.flags2 &= ~0x4000
        other.send(0x2D, OpenAndxRequest(access_mode=0x40, file_name="a.txt"))
        assert other.answers() == []
        other.clock.advance(1)
        assert other.answer().header.status == 1 | 32 << 16

    def test_no_wait_where_none_is_wanted(self, make: Make) -> None:
        server = make(settings=Settings(challenge=CHALLENGE, guid=GUID, timing=Timing(sharing_violation=0)))
        a, b = (server.client().sign_in().connect("public") for _ in range(2))
        a.create("a.txt", share=NO_SHARING)
        b.send(CREATE, self.REQUEST)
        assert b.answer().header.status == NT.SHARING_VIOLATION

    def test_same_client(self, client: Client) -> None:
        """A client that meets its own open is answered when it closes it."""
        fid = client.create("a.txt", share=NO_SHARING)
        opening = client.send(CREATE, self.REQUEST)
        closing = client.send(0x04, CloseRequest(fid))
        assert sorted((answer.header.mid, answer.header.status) for answer in client.answers()) == [
            (opening, 0),
            (closing, 0),
        ]


def test_late_answers_keep_their_ids(client: Client, other: Client) -> None:
    """TID, UID, PID and MID of a late answer are its request's, whatever the client did meanwhile."""
    holder = Holder(client, other)
    tid = other.tid
    mid = holder.ask()
    other.connect("c$")
    client.unlock(holder.mine, 0, 10)
    header = other.answer().header
    assert (header.tid, header.uid, header.pid, header.mid) == (tid, other.uid, other.pid, mid)
    assert header.command == LOCKING
    assert LockingAndxResponse.ANDX


@pytest.mark.turns
class TestThousandsOfRanges:
    """One message names them; others have turns before it is answered, and none stays locked if one cannot be."""

    RANGES = tuple((100 + 2 * at, 1) for at in range(1000))

    @pytest.fixture(autouse=True)
    def slow(self, server: InMemoryServer) -> None:
        server.server.world.turn.now = count(0, 0.001).__next__
        self.files = server.open_files

    def begin(self, holder: Holder, *more: tuple[int, int], timeout: int = 0) -> tuple[int, int]:
        mid = holder.ask(*self.RANGES, *more, timeout=timeout)
        assert holder.statuses() == []
        assert 0 < len(self.held(holder)) < 100
        assert holder.a.call(0x2B, EchoRequest(1, b"?"), EchoResponse).data == b"?"
        return mid, NT.SUCCESS

    def held(self, holder: Holder) -> list[int]:
        """Where the ranges begin that `b` has locked."""
        (file,) = self.files.by_key.values()
        assert file.locks is not None
        return [lock.start for lock in file.locks.held() if lock.start >= 100]

    @pytest.mark.parametrize("timeout", [0, FOREVER])
    def test_all_are_locked_and_unlocked(self, holder: Holder, timeout: int) -> None:
        asked = self.begin(holder, timeout=timeout)
        holder.clock.advance(0)
        assert holder.statuses() == [asked]
        assert len(self.held(holder)) == 1000
        unlocks = tuple(LockRange(holder.b.pid, *one) for one in self.RANGES)
        mid = holder.b.send(
            LOCKING, LockingAndxRequest(fid=holder.theirs, type_of_lock=0x10, unlocks=unlocks)
        )
        assert holder.statuses() == []
        holder.clock.advance(0)
        assert holder.statuses() == [(mid, NT.SUCCESS)]
        assert self.held(holder) == []

    @pytest.mark.parametrize("timeout", [0, 50])
    def test_none_where_the_last_cannot_be(self, holder: Holder, timeout: int) -> None:
        mid, _ = self.begin(holder, (0, 1), timeout=timeout)
        holder.clock.advance(0)
        holder.clock.advance(1)
        holder.clock.advance(0)
        refused = NT.FILE_LOCK_CONFLICT if timeout else NT.LOCK_NOT_GRANTED
        assert holder.statuses() == [(mid, refused)]
        assert self.held(holder) == []

    @pytest.mark.parametrize("timeout", [0, FOREVER])
    @pytest.mark.parametrize("how", ["close", "leave"])
    def test_none_where_the_client_goes_meanwhile(self, holder: Holder, timeout: int, how: str) -> None:
        mid, _ = self.begin(holder, timeout=timeout)
        if how == "leave":
            holder.b.lost()
        else:
            closing = holder.b.send(0x04, CloseRequest(holder.theirs, 0))
        holder.clock.advance(0)
        assert self.held(holder) == []
        if how == "close":
            statuses = dict(holder.statuses())
            assert statuses[closing] == NT.SUCCESS
            assert statuses[mid] not in (NT.SUCCESS, NT.INTERNAL_ERROR)

    def test_cancelling_gives_back_what_was_taken(self, holder: Holder) -> None:
        mid, _ = self.begin(holder)
        holder.b.send(CANCEL, Empty(), mid=mid)
        holder.clock.advance(0)
        assert holder.statuses() == [(mid, NT.CANCELLED)]
        assert self.held(holder) == []


@pytest.mark.turns
def test_a_client_with_many_opens_that_leaves_is_cleared_away_in_turns(
    server: InMemoryServer, client: Client, other: Client
) -> None:
    for _ in range(200):
        other.create("a.txt")
    server.server.world.turn.now = count(0, 0.001).__next__
    other.lost()
    assert 100 < len(server.open_files) < 200
    assert client.call(0x2B, EchoRequest(1, b"?"), EchoResponse).data == b"?"
    client.clock.advance(0)
    assert len(server.open_files) == 0
