"""Signing: numbers over chains, late answers, several answers, secondaries; what happens to a wrong signature."""

import hashlib
import struct
from typing import Literal

import pytest

from fakesmb.core.settings import Settings
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import Message as MessageEvent
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.files import CloseRequest, NtCreateAndxRequest, ReadAndxRequest, WriteAndxRequest
from fakesmb.wire.locking import FOREVER, LockRange
from fakesmb.wire.session import EchoRequest, LogoffAndxRequest
from fakesmb.wire.trans import Transaction2Request, Transaction2SecondaryRequest
from tests.core.conftest import Make

CHECK_PATH = struct.pack("<HI", 0x101, 0) + "\\a.txt\0".encode("utf-16-le")

# `Client.answers` checks each answer's signature with the number that its MID should have.


def signs(server: InMemoryServer) -> Client:
    return server.client().sign_in(signing=True).connect("public")


@pytest.fixture
def signer(server: InMemoryServer) -> Client:
    """A client that signs."""
    return signs(server)


def settings(signing: Literal["off", "offered", "required"]) -> Settings:
    return Settings(challenge=CHALLENGE, guid=GUID, signing=signing)


def test_every_answer(signer: Client) -> None:
    """Flags2 of each answer says that it is signed, and it is: by MD5 over key, number and message."""
    fid = signer.create("a.txt")
    signer.send(0x2E, ReadAndxRequest(fid=fid, max_count=10))
    frame = bytes(signer.frames()[0])
    number = signer.sequence - 1
    counted = frame[:14] + struct.pack("<Q", number) + frame[22:]
    assert signer.signer is not None
    assert frame[14:22] == hashlib.md5(signer.key + counted).digest()[:8]
    assert frame[10] & 0x04


def test_numbers_go_on_without_a_gap(signer: Client) -> None:
    fid = signer.create("new", disposition=2)
    for number in range(50):
        signer.write(fid, b"x" * number, number)
    assert signer.sequence == 2 + 2 * (1 + 1 + 50)


def test_chains_take_one_number(signer: Client) -> None:
    create = NtCreateAndxRequest(desired_access=1, file_name="a.txt")
    signer.send(0xA2, create, (0x2E, ReadAndxRequest(fid=0xFFFF, max_count=10)), (0x04, CloseRequest(0xFFFF)))
    assert signer.answer().header.status == 0
    assert signer.create("a.txt")


def test_late_answers(server: InMemoryServer, signer: Client) -> None:
    """Each has the number of its own request, whatever was answered since."""
    holder = signs(server)
    mine, theirs = holder.create("a.txt"), signer.create("a.txt")
    holder.lock(mine, 0, 10)
    mid = signer.send(0x24, signer.locking(theirs, LockRange(signer.pid, 0, 10), timeout=FOREVER))
    assert signer.read(theirs, 10, 2) == b"01"
    holder.unlock(mine, 0, 10)
    assert signer.answer().header.mid == mid


def test_cancel_takes_one_number(server: InMemoryServer, signer: Client) -> None:
    """NT_CANCEL has no answer of its own, so no number for it ([MS-SMB] 3.2.4.1.1... 3.3.5.1)."""
    holder = signs(server)
    mine, theirs = holder.create("a.txt"), signer.create("a.txt")
    holder.lock(mine, 0, 10)
    mid = signer.send(0x24, signer.locking(theirs, LockRange(signer.pid, 0, 10), timeout=FOREVER))
    before = signer._numbers[mid]
    signer.send(0xA4, Empty(), mid=mid)
    signer._numbers[mid] = before
    assert signer.answer().header.status == NT.FILE_LOCK_CONFLICT
    assert signer.read(theirs, 10, 2) == b"01"


@pytest.mark.parametrize("signature", [bytes(8), bytes([0xFF]) * 8, None])
def test_a_cancel_with_a_wrong_signature_is_ignored(
    server: InMemoryServer, signer: Client, signature: bytes | None
) -> None:
    """It cancels nothing and has no answer; what follows is signed as if it had been right."""
    holder = signs(server)
    mine, theirs = holder.create("a.txt"), signer.create("a.txt")
    holder.lock(mine, 0, 10)
    mid = signer.send(0x24, signer.locking(theirs, LockRange(signer.pid, 0, 10), timeout=FOREVER))
    message = bytearray(signer.message(0xA4, Empty(), mid=mid))
    if signature is None:  # of another number
        assert signer.signer is not None
        signature = signer.signer.sign((message,), signer.sequence + 2)
    message[14:22] = signature
    signer.sequence += 1
    signer.connection.receive(len(message).to_bytes(4, "big") + bytes(message))
    assert signer.answers() == []
    assert len(signer.connection.pending) == 1
    assert server.messages[-1].header.command == 0xA4  # it is recorded
    assert signer.read(theirs, 10, 2) == b"01"
    holder.unlock(mine, 0, 10)
    assert signer.answer().header.mid == mid


def test_an_echo_of_three(signer: Client) -> None:
    """All answers have the number of the one request."""
    signer.send(0x2B, EchoRequest(3, b"x"))
    assert len(signer.answers()) == 3
    assert signer.create("a.txt")


def test_an_echo_of_none(signer: Client) -> None:
    """The number of an answer that does not come is gone all the same."""
    signer.send(0x2B, EchoRequest(0, b"x"))
    assert signer.answers() == []
    assert signer.create("a.txt")


def test_secondaries(signer: Client) -> None:
    """The interim answer has the first request's number, the final one the last secondary's."""
    request = Transaction2Request(
        setup=b"\5\0",
        parameters=CHECK_PATH[:5],
        total_parameter_count=len(CHECK_PATH),
        max_parameter_count=2,
        max_data_count=1000,
    )
    mid = signer.send(0x32, request)
    assert signer.answer().header.status == 0
    for at, end in ((5, 9), (9, len(CHECK_PATH))):
        assert signer.answers() == []
        more = Transaction2SecondaryRequest(
            parameters=CHECK_PATH[at:end], total_parameter_count=len(CHECK_PATH), parameter_displacement=at
        )
        signer.send(0x33, more, mid=mid)
    assert signer.answer().header.status == 0
    assert signer.create("a.txt")


class TestWrong:
    """A bad signature: STATUS_ACCESS_DENIED, nothing done, and the log says why."""

    @pytest.mark.parametrize("spoil", ["signature", "body", "none"])
    def test_refused_and_logged(self, server: InMemoryServer, signer: Client, spoil: str) -> None:
        fid = signer.create("a.txt")
        assert signer.signer is not None
        message = bytearray(signer.message(0x04, CloseRequest(fid), mid=77))
        if spoil != "none":
            message[14:22] = signer.signer.sign((message,), signer.sequence)
        if spoil == "signature":
            message[14] ^= 1
        if spoil == "body":
            message[35] ^= 1
        signer._numbers[77] = signer.sequence + 1
        signer.sequence += 2
        signer.connection.receive(len(message).to_bytes(4, "big") + message)
        answer = signer.answer()
        assert (answer.header.status, answer.header.mid) == (NT.ACCESS_DENIED, 77)
        assert len(server.open_files) == 1
        last = [
            event for event in server.sink.events if isinstance(event, MessageEvent) and not event.request
        ][-1]
        assert "signature" in last.parts[0].problem
        assert signer.read(fid, 0, 1) == b"0"  # the numbers are still in step

    def test_a_replay(self, server: InMemoryServer, signer: Client) -> None:
        """An old message has an old number."""
        fid = signer.create("new", disposition=2)
        assert signer.signer is not None
        message = signer.message(0x2F, WriteAndxRequest(fid, data=b"once"), mid=77)
        message = message[:14] + signer.signer.sign((message,), signer.sequence) + message[22:]
        signer.sequence += 2
        framed = len(message).to_bytes(4, "big") + message
        signer.connection.receive(framed)
        assert bytes(signer.frames()[0])[5:9] == bytes(4)
        signer.connection.receive(framed)
        assert bytes(signer.frames()[0])[5:9] == NT.ACCESS_DENIED.to_bytes(4, "little")
        assert len(server.problems) == 0


class TestWhen:
    """off, offered, required."""

    def test_offered_and_not_asked_for(self, make: Make) -> None:
        client = make(settings=settings("offered")).client()
        assert client.negotiate().security_mode == 0x07
        client.sign_in().connect("public")
        assert client.connection.signing is None

    def test_offered_and_asked_for(self, make: Make) -> None:
        client = signs(make(settings=settings("offered")))
        assert client.connection.signing is not None
        assert client.create("a.txt")

    def test_required(self, make: Make) -> None:
        """Also of a client that does not ask."""
        client = make(settings=settings("required")).client()
        assert client.negotiate().security_mode == 0x0F
        client.sign_in()
        assert client.connection.signing is not None
        with pytest.raises(SMBError) as raised:
            client.connect("public")
        assert raised.value.status == NT.ACCESS_DENIED

    def test_required_and_done(self, make: Make) -> None:
        client = signs(make(settings=settings("required")))
        assert client.create("a.txt")

    def test_off(self, make: Make) -> None:
        """A client that asks for it all the same goes on without."""
        client = make(settings=settings("off")).client()
        assert client.negotiate().security_mode == 0x03
        client.flags2 |= 0x04
        client.sign_in().connect("public")
        assert client.connection.signing is None
        client.send(0x2B, EchoRequest(1, b"x"))
        header = client.answer().header
        assert header.signature == bytes(8)
        assert not header.flags2 & 0x04


def test_a_second_session(signer: Client) -> None:
    """The key is the connection's: of the first sign-in that brought one, whoever comes after."""
    key = signer.signer
    first = signer.uid
    signer.sign_in(signing=True)
    assert signer.uid != first
    assert signer.signer is key
    signer.connect("public")
    assert signer.create("a.txt")
    signer.send(0x74, LogoffAndxRequest())
    assert signer.answer().header.status == 0
    signer.uid = first
    signer.connect("c$")  # still signed


def test_a_failed_sign_in_on_a_signed_connection(signer: Client) -> None:
    """Its refusal is signed too."""
    uid = signer.uid
    with pytest.raises(SMBError) as raised:
        signer.sign_in(password="wrong", signing=True)
    assert raised.value.status == NT.LOGON_FAILURE
    signer.uid = uid
    assert signer.create("a.txt")
