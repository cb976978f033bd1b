"""Oplocks over the wire: asked for, granted, broken, acknowledged ([MS-CIFS] 3.3.4.2, 3.3.5.2.7, 3.3.5.28)."""

import pytest

from fakesmb.core.settings import Settings, Timing
from fakesmb.nt.status import NT
from fakesmb.record import describe
from fakesmb.record.events import Message
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.dirs import DeleteRequest, RenameRequest
from fakesmb.wire.files import (
    CloseRequest,
    NtCreateAndxRequest,
    NtCreateAndxResponse,
    OpenAndxRequest,
    OpenAndxResponse,
    OpenRequest,
    OpenResponse,
)
from fakesmb.wire.header import Flags
from fakesmb.wire.locking import LockingAndxResponse, LockRange, OplockLevel
from fakesmb.wire.negotiate import Capability
from fakesmb.wire.session import LogoffAndxRequest
from tests.core.conftest import Make
from tests.refusals import Refuses

OPLOCK, BATCH = 0x02, 0x06
CREATE, LOCKING, OPEN, OPEN_ANDX, CLOSE = 0xA2, 0x24, 0x02, 0x2D, 0x04
ALL = 0x001F01FF
TO_NONE, TO_LEVEL_II = OplockLevel.BREAK_TO_NONE, OplockLevel.BREAK_TO_LEVEL_II
BREAK_SECONDS = 35.0


@pytest.fixture
def a(server: InMemoryServer) -> Client:
    """The first client: the holder."""
    return server.client().sign_in().connect("public")


@pytest.fixture
def b(server: InMemoryServer) -> Client:
    """The second client: the one who wants in."""
    return server.client("127.0.0.1:50001").sign_in().connect("public")


def ask(client: Client, name: str = "a.txt", flags: int = 0, **how: int) -> int:
    """Sends an NT_CREATE_ANDX that may have to wait; gives its MID."""
    fields = {"desired_access": ALL, "share_access": 7} | how
    return client.send(CREATE, NtCreateAndxRequest(flags=flags, file_name=name, **fields))


def broken(client: Client) -> list[tuple[int, int]]:
    """The breaks that came since the last call: FID and new level. No answers may have come with them."""
    assert client.answers() == []
    found = [(one.fid, one.new_oplock_level) for one in client.breaks]
    client.breaks.clear()
    return found


class TestGranted:
    @pytest.mark.parametrize(("flags", "level"), [(0, 0), (OPLOCK, 1), (BATCH, 2), (0x04, 0)])
    def test_by_nt_create(self, a: Client, flags: int, level: int) -> None:
        """None unless asked for; the batch bit alone asks for nothing."""
        assert a.create_response("a.txt", flags=flags).oplock_level == level

    @pytest.mark.parametrize("flags", [OPLOCK, BATCH])
    def test_none_on_a_share_without(self, server: InMemoryServer, a: Client, b: Client, flags: int) -> None:
        """By whichever command; another opens at once."""
        server.server.shares["PUBLIC"].oplocks = False
        assert a.create_response("a.txt", flags=flags).oplock_level == 0
        request = OpenAndxRequest(flags=flags, access_mode=0x42, file_name="a.txt")
        assert not a.call(OPEN_ANDX, request, OpenAndxResponse).open_results & 0x8000
        assert b.create_response("a.txt", flags=flags).oplock_level == 0
        assert broken(a) == []

    def test_no_batch_oplock_by_the_name_of_a_stream(self, a: Client) -> None:
        """Windows keeps such a handle open for nobody; exclusive it grants."""
        assert a.create_response("a.txt::$DATA", flags=BATCH).oplock_level == 0

    def test_not_on_directories(self, a: Client) -> None:
        assert a.create_response("dir", access=0x80, flags=BATCH).oplock_level == 0

    def test_level_two_beside_others(self, a: Client, b: Client) -> None:
        a.create("a.txt")
        assert b.create_response("a.txt", flags=BATCH).oplock_level == 3

    def test_level_two_only_to_who_has_the_capability(self, a: Client, b: Client) -> None:
        a.create("a.txt")
        b.connection.capabilities &= ~Capability.LEVEL_II_OPLOCKS
        assert b.create_response("a.txt", flags=BATCH).oplock_level == 0

    def test_the_server_offers_level_two(self, server: InMemoryServer) -> None:
        assert server.client().negotiate().capabilities & Capability.LEVEL_II_OPLOCKS

    @pytest.mark.parametrize(("flags", "granted"), [(0, 0), (OPLOCK, 0x8000), (BATCH, 0x8000)])
    def test_by_open_andx(self, a: Client, flags: int, granted: int) -> None:
        request = OpenAndxRequest(flags=flags, access_mode=0x42, file_name="a.txt")
        assert a.call(OPEN_ANDX, request, OpenAndxResponse).open_results & 0x8000 == granted

    def test_open_andx_gets_no_level_two(self, a: Client, b: Client) -> None:
        """Its answer could not say so."""
        a.create("a.txt")
        request = OpenAndxRequest(flags=BATCH, access_mode=0x42, file_name="a.txt")
        assert not b.call(OPEN_ANDX, request, OpenAndxResponse).open_results & 0x8000

    @pytest.mark.parametrize("bits", [0, Flags.OPLOCK, Flags.OPLOCK | Flags.OPBATCH])
    def test_by_open_in_the_header(self, a: Client, bits: int) -> None:
        message = bytearray(a.message(OPEN, OpenRequest(0x42, 0, "a.txt")))
        message[9] |= bits
        a.send_raw(bytes(message))
        answer = a.answer()
        answer.body(OpenResponse)
        assert answer.header.flags & (Flags.OPLOCK | Flags.OPBATCH) == bits


class TestBroken:
    def test_the_message(self, a: Client, b: Client) -> None:
        """A LOCKING_ANDX request of the server's: MID and PID 0xFFFF, the holder's TID and FID, no answer bit."""
        fid = a.create("a.txt", flags=BATCH)
        ask(b)
        (frame,) = a.frames()
        assert bytes(frame[:5]) == b"\xffSMB\x24"
        assert frame[9] & Flags.REPLY == 0
        assert int.from_bytes(frame[24:26], "little") == a.tid
        assert bytes(frame[26:28]) == bytes(frame[30:32]) == b"\xff\xff"
        assert frame[32] == 8
        assert int.from_bytes(frame[37:39], "little") == fid
        assert (frame[39], frame[40]) == (2, TO_LEVEL_II)
        assert bytes(frame[41:]) == bytes(10)
        a.close(fid)

    def test_it_is_not_signed(self, server: InMemoryServer, b: Client) -> None:
        """No request of the client's gave it a number; requests and answers after it keep theirs."""
        a = server.client().sign_in(signing=True).connect("public")
        fid = a.create("a.txt", flags=BATCH)
        ask(b)
        assert broken(a) == [(fid, TO_LEVEL_II)]
        a.acknowledge(fid, TO_LEVEL_II)
        a.write(fid, b"signed")
        b.answer()
        assert broken(a) == [(fid, TO_NONE)]
        a.close(fid)

    def test_the_opener_waits_for_the_acknowledgement(self, a: Client, b: Client) -> None:
        fid = a.create("a.txt", flags=BATCH)
        mid = ask(b, flags=BATCH)
        assert broken(a) == [(fid, TO_LEVEL_II)]
        assert b.answers() == []
        a.acknowledge(fid, TO_LEVEL_II)
        assert a.answers() == [], "an acknowledgement has no answer"
        answer = b.answer()
        assert answer.header.mid == mid
        assert answer.body(NtCreateAndxResponse).oplock_level == 3

    def test_to_none_for_a_client_without_level_two(self, a: Client, b: Client) -> None:
        a.connection.capabilities &= ~Capability.LEVEL_II_OPLOCKS
        fid = a.create("a.txt", flags=OPLOCK)
        ask(b)
        assert broken(a) == [(fid, TO_NONE)]
        a.acknowledge(fid)
        b.answer()

    def test_close_is_an_acknowledgement(self, a: Client, b: Client) -> None:
        """And the one who waited gets the oplock."""
        fid = a.create("a.txt", share=0, flags=BATCH)
        ask(b, flags=BATCH)
        assert broken(a) == [(fid, TO_LEVEL_II)]
        a.close(fid)
        assert b.answer().body(NtCreateAndxResponse).oplock_level == 2

    @pytest.mark.parametrize("how", ["leaves", "logs off"])
    def test_so_is_the_end_of_the_holder(self, a: Client, b: Client, how: str) -> None:
        a.create("a.txt", flags=BATCH)
        ask(b, flags=BATCH)
        if how == "leaves":
            a.lost()
        else:
            a.send(0x74, LogoffAndxRequest())
        assert b.answer().body(NtCreateAndxResponse).oplock_level == 2

    def test_silence_ends_it(self, make: Make) -> None:
        """[MS-CIFS] 3.3.2.1: the client loses it, and keeps its FID."""
        settings = Settings(challenge=CHALLENGE, guid=GUID, timing=Timing(oplock_break=BREAK_SECONDS))
        server = make(settings=settings)
        a = server.client().sign_in().connect("public")
        b = server.client().sign_in().connect("public")
        fid = a.create("a.txt", flags=BATCH)
        ask(b, flags=BATCH)
        server.clock.advance(BREAK_SECONDS - 0.1)
        assert b.answers() == []
        server.clock.advance(0.2)
        assert b.answer().body(NtCreateAndxResponse).oplock_level == 3
        a.acknowledge(fid, TO_LEVEL_II)
        assert b.create_response("a.txt", flags=BATCH).oplock_level == 3
        b.write(b.create("a.txt"), b"x")
        assert broken(a) == [(fid, TO_LEVEL_II)], "nothing was left to break"

    def test_nt_cancel_ends_the_wait(self, a: Client, b: Client) -> None:
        """The break stays: whoever asks next waits for the same one."""
        fid = a.create("a.txt", flags=BATCH)
        mid = ask(b)
        b.send(0xA4, Empty(), mid=mid)
        assert b.answer().header.status == NT.CANCELLED
        ask(b)
        assert broken(a) == [(fid, TO_LEVEL_II)]
        a.acknowledge(fid)
        b.answer()

    def test_the_waiting_client_may_leave(self, a: Client, b: Client) -> None:
        fid = a.create("a.txt", flags=BATCH)
        ask(b)
        b.lost()
        a.acknowledge(fid)
        a.close(fid)

    def test_one_client_meets_its_own(self, a: Client) -> None:
        """A FID holds an oplock, not a client: a second open of the same connection breaks it."""
        fid = a.create("a.txt", flags=BATCH)
        ask(a)
        assert broken(a) == [(fid, TO_LEVEL_II)]
        a.acknowledge(fid)
        a.answer().body(NtCreateAndxResponse)

    def test_two_wait_for_one(self, a: Client, b: Client, server: InMemoryServer) -> None:
        c = server.client().sign_in().connect("public")
        fid = a.create("a.txt", share=0, flags=BATCH)
        ask(b, flags=BATCH, share_access=0)
        ask(c, flags=BATCH, share_access=0)
        assert broken(a) == [(fid, TO_LEVEL_II)]
        a.close(fid)
        second = b.answer().body(NtCreateAndxResponse)
        assert second.oplock_level == 2
        assert broken(b) == [(second.fid, TO_LEVEL_II)]
        b.close(second.fid)
        assert c.answer().body(NtCreateAndxResponse).oplock_level == 2

    def test_level_two_needs_no_acknowledgement(self, a: Client, b: Client) -> None:
        a.create("a.txt")
        fid = b.create("a.txt", flags=BATCH)
        b.write(fid, b"x")
        assert broken(b) == [(fid, TO_NONE)]
        b.acknowledge(fid)
        assert b.answers() == []


class TestSharing:
    def settings(self) -> Settings:
        return Settings(challenge=CHALLENGE, guid=GUID, timing=Timing(sharing_violation=1.0))

    def test_a_batch_break_comes_before_the_violation(self, make: Make) -> None:
        """The second for a sharing violation counts from the acknowledgement."""
        server = make(settings=self.settings())
        a, b = (server.client().sign_in().connect("public") for _ in range(2))
        fid = a.create("a.txt", share=0, flags=BATCH)
        ask(b)
        server.clock.advance(5)
        assert b.answers() == []
        assert broken(a) == [(fid, TO_LEVEL_II)]
        a.acknowledge(fid, TO_LEVEL_II)
        assert b.answers() == []
        server.clock.advance(1)
        assert b.answer().header.status == NT.SHARING_VIOLATION
        assert not b.connection.pending

    def test_a_violation_may_turn_into_a_break(self, make: Make) -> None:
        """While one waits for a violation to end, the file is opened anew, with a batch oplock."""
        server = make(settings=self.settings())
        a, b, c = (server.client().sign_in().connect("public") for _ in range(3))
        first = a.create("a.txt", share=0)
        ask(c, share_access=0, flags=BATCH)
        ask(b)
        a.close(first)
        second = c.answer().body(NtCreateAndxResponse)
        assert broken(c) == [(second.fid, TO_LEVEL_II)]
        server.clock.advance(10)
        assert b.answers() == []
        c.close(second.fid)
        b.answer().body(NtCreateAndxResponse)


class TestNames:
    def test_deleting_waits_for_a_batch_holder(self, a: Client, b: Client) -> None:
        fid = a.create("a.txt", flags=BATCH)
        b.send(0x06, DeleteRequest(0x16, "a.txt"))
        assert b.answers() == []
        assert broken(a) == [(fid, TO_LEVEL_II)]
        a.close(fid)
        assert b.answer().header.status == 0

    def test_deleting_many_goes_on_where_it_waited(
        self, a: Client, b: Client, server: InMemoryServer
    ) -> None:
        for name in ("b1", "b2", "b3"):
            a.close(a.create(name, disposition=2))
        fid = a.create("b2", flags=BATCH)
        b.send(0x06, DeleteRequest(0x16, "b?"))
        assert broken(a) == [(fid, TO_LEVEL_II)]
        a.close(fid)
        assert b.answer().header.status == 0
        for name in ("b1", "b2", "b3"):
            b.send(CREATE, NtCreateAndxRequest(desired_access=0x80, file_name=name))
            assert b.answer().header.status == NT.OBJECT_NAME_NOT_FOUND

    def test_renaming_waits_and_meets_who_stays(self, a: Client, b: Client) -> None:
        fid = a.create("a.txt", access=ALL, flags=BATCH)
        b.send(0x07, RenameRequest(0x16, "a.txt", "c.txt"))
        assert broken(a) == [(fid, TO_LEVEL_II)]
        a.acknowledge(fid, TO_LEVEL_II)
        assert b.answer().header.status == NT.SHARING_VIOLATION


class TestAcknowledgement:
    def test_with_locks_it_is_answered(self, a: Client, b: Client) -> None:
        """A client may put what it had locked on its own side into the acknowledgement."""
        fid = a.create("a.txt", flags=BATCH)
        ask(b)
        assert broken(a) == [(fid, TO_LEVEL_II)]
        a.send(LOCKING, a.locking(fid, LockRange(a.pid, 0, 10), kind=0x12))
        a.answer().body(LockingAndxResponse)
        other = b.answer().body(NtCreateAndxResponse).fid
        b.send(LOCKING, b.locking(other, LockRange(b.pid, 0, 10)))
        assert b.answer().header.status == NT.LOCK_NOT_GRANTED

    def test_of_a_closed_file_it_is_silent(self, a: Client) -> None:
        """It crossed the close; the client waits for no answer."""
        fid = a.create("a.txt", flags=BATCH)
        a.close(fid)
        a.acknowledge(fid)
        assert a.answers() == []

    def test_of_another_tree_it_does_nothing(self, a: Client, b: Client, refuses: Refuses) -> None:
        fid = a.create("a.txt", flags=BATCH)
        ask(b)
        tree, _ = a.tid, a.connect("docs")
        a.acknowledge(fid)
        assert b.answers() == []
        a.tid = tree
        a.acknowledge(fid)
        b.answer()


def test_the_record_shows_a_break_from_the_server_to_the_client(
    server: InMemoryServer, a: Client, b: Client
) -> None:
    fid = a.create("a.txt", flags=BATCH)
    ask(b)
    a.close(fid)
    (event,) = [m for m in server.messages if m.header.mid == 0xFFFF]
    assert isinstance(event, Message)
    assert not event.request
    assert (event.peer, event.local) == (a.connection.peer, a.connection.local)
    assert "oplock break to level II" in describe.summary(event)
    assert event.fid == fid
    assert event.path == "\\a.txt"


def test_closing_in_one_message_with_the_open_is_fine(a: Client) -> None:
    """The FID is broken only once it is known; here it is gone by then."""
    a.send(CREATE, NtCreateAndxRequest(desired_access=ALL, flags=BATCH, file_name="a.txt"))
    fid = a.answer().body(NtCreateAndxResponse).fid
    a.send(CLOSE, CloseRequest(fid))
    a.answer().body(Empty)
    assert not a.connection.opens.entries
