"""Encrypted connections of the Unix extensions: the exchange, what is sealed, and what ends a connection."""

from collections.abc import Callable
from typing import Any

import pytest

from fakesmb.auth.session_security import SessionSecurity
from fakesmb.core.profile import Profile
from fakesmb.core.settings import Settings
from fakesmb.core.stream_faults import Piece
from fakesmb.nt.status import NT, SMBError
from fakesmb.replay.initiator import XP_FLAGS, Initiator
from fakesmb.replay.places import Who
from fakesmb.testing import PASSWORD, USER, Answer, Client, InMemoryServer
from fakesmb.wire.frame import prefix
from fakesmb.wire.header import Header
from fakesmb.wire.ntlmssp import Negotiate
from fakesmb.wire.raw import ReadRawRequest
from fakesmb.wire.sealed import HEAD, MAGIC, SEALED_AT
from fakesmb.wire.session import EchoRequest
from fakesmb.wire.trans import Transaction2Request, TransactionResponse
from fakesmb.wire.trans2 import QueryFsInformationRequest, SetFsInformationRequest, Trans2
from fakesmb.wire.unix import UnixCapability, UnixFsInfo
from fakesmb.world import World
from tests.core.conftest import Make
from tests.refusals import Refuses

SECRET = b"nobody is to read this"


class ClientSecurity(SessionSecurity):
    """The client's side: what the server seals it opens."""

    def _direction(self, side: str) -> Any:
        return super()._direction({"Server": "Client", "Client": "Server"}[side])


class Sealed:
    """Sends and takes what a context has sealed."""

    def __init__(self, client: Client, security: SessionSecurity, number: int) -> None:
        self.client, self.security, self.number = client, security, number

    def sealed(self, message: bytes) -> bytes:
        """The body of a frame."""
        data, signature = self.security.seal(message[4:], 0, len(message) - 4)
        return HEAD.pack(MAGIC, self.number) + signature + data

    def send(self, command: int, body: Any) -> None:
        self.client.mid += 1
        self.raw(self.sealed(self.client.message(command, body)))

    def raw(self, body: bytes) -> None:
        self.client.connection.receive(prefix(len(body)) + body)

    def answers(self) -> list[bytes]:
        """The messages that came, opened."""
        found = []
        for body in map(bytes, self.client.frames()):
            magic, number = HEAD.unpack_from(body)
            assert (magic, number) == (MAGIC, self.number)
            sealed = body[SEALED_AT:]
            data = self.security.unseal(sealed, 0, len(sealed), body[HEAD.size : SEALED_AT])
            assert data is not None
            found.append(b"\xffSMB" + data)
        return found


Ask = Callable[[bytes], tuple[bytes, bytes]]


def agree(
    ask: Ask, password: str = PASSWORD, flags: int = XP_FLAGS | Negotiate.SEAL
) -> tuple[SessionSecurity, int]:
    """Goes through the exchange."""
    who = Initiator(Who(USER, password), "WS", World(), flags=flags)
    number, token = ask(who.negotiate())
    assert number == b""
    number, token = ask(who.authenticate(token))
    assert token == b""
    assert who.challenge is not None
    return ClientSecurity(who.challenge.flags & flags, who.key), int.from_bytes(number, "little")


def asking(client: Client) -> Ask:
    def ask(token: bytes) -> tuple[bytes, bytes]:
        answer = client.trans2(Trans2.SET_FS_INFORMATION, SetFsInformationRequest(0, 0x203), token)
        return bytes(answer.parameters), bytes(answer.data)

    return ask


def encrypted(client: Client) -> Sealed:
    return Sealed(client, *agree(asking(client)))


@pytest.fixture
def client(make: Make) -> Client:
    return make().client().sign_in().connect("public")


@pytest.mark.parametrize("share", ["public", "IPC$"])
def test_it_is_offered(make: Make, share: str) -> None:
    client = make().client().sign_in().connect(share)
    answer = client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x200)).data
    assert UnixFsInfo.decode(answer).capabilities & UnixCapability.TRANSPORT_ENCRYPTION


@pytest.mark.parametrize("level", [0x105, 0x201])
def test_nothing_else_is_asked_of_ipc(make: Make, refuses: Refuses, level: int) -> None:
    client = make().client().sign_in().connect("IPC$")
    with refuses(NT.INVALID_DEVICE_REQUEST):
        client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(level))
    with refuses(NT.INVALID_DEVICE_REQUEST):
        client.trans2(Trans2.SET_FS_INFORMATION, SetFsInformationRequest(0, 0x200), bytes(12))


@pytest.mark.parametrize("share", ["public", "IPC$"])
def test_what_is_said_is_sealed_both_ways(make: Make, share: str) -> None:
    server = make()
    client = server.client().sign_in().connect(share)
    sealed = encrypted(client)
    for _ in range(3):
        sealed.send(0x2B, EchoRequest(1, SECRET))
        raw = client.stream()
        assert SECRET not in raw
        client._sent.append(raw)
        (answer,) = sealed.answers()
        assert answer.endswith(SECRET)
    assert server.messages[-1].header.command == 0x2B  # the record has what was meant


def test_however_the_stream_is_cut(client: Client) -> None:
    sealed = encrypted(client)
    frames = b""
    for _ in range(3):
        body = sealed.sealed(client.message(0x2B, EchoRequest(1, SECRET)))
        frames += prefix(len(body)) + body
    for at in range(len(frames)):
        client.connection.receive(frames[at : at + 1])
    assert len(sealed.answers()) == 3


def test_a_second_exchange_inside_the_first(client: Client) -> None:
    first = encrypted(client)

    def ask(token: bytes) -> tuple[bytes, bytes]:
        taken: list[bytes] = []
        send = client.connection.receive

        def receive(data: bytes) -> None:
            body = first.sealed(data[4:])
            send(prefix(len(body)) + body)
            taken.extend(first.answers())

        client.connection.receive = receive  # type: ignore[method-assign]
        try:
            client.send_raw(client.message(0x32, _set_encryption(token)))
        finally:
            client.connection.receive = send  # type: ignore[method-assign]
        (answer,) = taken
        return _parts(answer)

    second = Sealed(client, *agree(ask))
    assert (first.number, second.number) == (0, 1)
    second.send(0x2B, EchoRequest(1, SECRET))
    assert second.answers()[0].endswith(SECRET)
    first.send(0x2B, EchoRequest(1, SECRET))  # its time is over
    assert client.closed


def _set_encryption(token: bytes) -> Any:
    parameters = SetFsInformationRequest(0, 0x203).encode()
    return Transaction2Request(
        setup=Trans2.SET_FS_INFORMATION.to_bytes(2, "little"),
        parameters=parameters,
        data=token,
        total_parameter_count=len(parameters),
        total_data_count=len(token),
        max_parameter_count=2,
        max_data_count=0xFFFF,
    )


def _parts(answer: bytes) -> tuple[bytes, bytes]:
    view = memoryview(answer)
    body = Answer(Header.decode(view), view).body(TransactionResponse)
    return bytes(body.parameters), bytes(body.data)


def _spoilt(sealed: Sealed) -> bytes:
    body = bytearray(sealed.sealed(sealed.client.message(0x2B, EchoRequest(1, SECRET))))
    body[-1] ^= 1
    return bytes(body)


def _repeated(sealed: Sealed) -> bytes:
    body = sealed.sealed(sealed.client.message(0x2B, EchoRequest(1, SECRET)))
    sealed.raw(body)
    return body


BAD: dict[str, Callable[[Sealed], bytes]] = {
    "a wrong signature": _spoilt,
    "one that came before": _repeated,
    "too short": lambda sealed: HEAD.pack(MAGIC, 0) + bytes(16),
    "nothing but the magic": lambda sealed: MAGIC,
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_not_sealed_as_it_should_be_ends_the_connection(make: Make, what: str) -> None:
    server = make()
    sealed = encrypted(server.client().sign_in().connect("public"))
    sealed.raw(BAD[what](sealed))
    assert sealed.client.closed
    assert server.problems == []


def test_plain_messages_end_it_once_one_was_sealed(client: Client) -> None:
    sealed = encrypted(client)
    client.send(0x2B, EchoRequest(1, b"still plain"))
    assert bytes(client.frames()[0]).endswith(b"still plain")
    sealed.send(0x2B, EchoRequest(1, SECRET))
    client.send(0x2B, EchoRequest(1, b"plain"))
    assert client.closed


def test_a_context_that_nobody_agreed_on_ends_it(client: Client) -> None:
    asking(client)(Initiator(Who(USER, PASSWORD), "WS", World()).negotiate())
    body = HEAD.pack(MAGIC, 0) + bytes(60)
    client.connection.receive(prefix(len(body)) + body)
    assert client.closed


def test_sealed_bytes_without_any_exchange_are_no_message(client: Client) -> None:
    body = HEAD.pack(MAGIC, 0) + bytes(60)
    client.connection.receive(prefix(len(body)) + body)
    assert client.closed


def test_a_wrong_password_counts_as_one(make: Make, refuses: Refuses) -> None:
    server = make()
    client = server.client().sign_in().connect("public")
    for _ in range(3):
        with refuses(NT.LOGON_FAILURE):
            agree(asking(client), "wrong")
    assert server.server.counters.refused_sessions == 3
    sealed = encrypted(client)  # may be tried again
    sealed.send(0x2B, EchoRequest(1, SECRET))
    assert sealed.answers()


def test_without_sealing_there_is_no_key(client: Client, refuses: Refuses) -> None:
    with refuses(NT.ACCESS_DENIED):
        agree(asking(client), flags=XP_FLAGS & ~Negotiate.SEAL)


def test_a_token_that_is_none(client: Client, refuses: Refuses) -> None:
    for token in (b"", b"NTLMSSP\0", bytes(40)):
        with pytest.raises(SMBError):
            asking(client)(token)


def test_a_server_without_unix_extensions_does_not_know_it(make: Make, refuses: Refuses) -> None:
    client = make(settings=Settings(profile=Profile(unix_extensions=False))).client()
    client.sign_in().connect("public")
    with refuses(NT.INVALID_LEVEL):
        asking(client)(b"")


def test_raw_reads_give_nothing_rather_than_bare_data(client: Client) -> None:
    fid = client.create("a.txt")
    sealed = encrypted(client)
    sealed.send(0x1A, ReadRawRequest(fid, 0, 100, 0, 0))
    assert client.stream() == bytes(4)


def test_signed_and_sealed(make: Make) -> None:
    """smbclient goes on signing what it encrypts."""
    client = make().client().sign_in(signing=True).connect("public")
    sealed = encrypted(client)
    assert client.signer is not None
    message = client.message(0x2B, EchoRequest(1, SECRET))
    signature = client.signer.sign((message,), client.sequence)
    sealed.raw(sealed.sealed(message[:14] + signature + message[22:]))
    (answer,) = sealed.answers()
    assert client.signer.verify(memoryview(answer), client.sequence + 1)


def test_a_frame_is_not_cut_before_it_is_sealed(client: Client) -> None:
    sealed = encrypted(client)
    sealed.send(0x2B, EchoRequest(1, SECRET))
    sealed.answers()
    message = client.message(0x2B, EchoRequest(1, SECRET))
    client.connection.deliver_in([Piece(SECRET, 0)], [prefix(len(message)), message])
    (answer,) = sealed.answers()
    assert answer.endswith(SECRET)


def test_who_sniffs_hears_what_was_meant(make: Make) -> None:
    server: InMemoryServer = make()
    client = server.client().sign_in().connect("public")
    sealed = encrypted(client)
    heard: list[bytes] = []

    class Ear:
        def came(self, data: bytes) -> None:
            heard.append(data)

        def left(self, frame: list[Any]) -> None:
            heard.append(b"".join(frame))

    client.connection.overhears = Ear()
    sealed.send(0x2B, EchoRequest(1, SECRET))
    sealed.answers()
    assert [SECRET in one for one in heard] == [True, True]
    assert [one[4:8] for one in heard] == [b"\xffSMB", b"\xffSMB"]
    client.connection.receive(b"\x85\0\0\0")  # a keepalive is as it is
    assert heard[2] == b"\x85\0\0\0"
