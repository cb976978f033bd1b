"""The stream and the first messages on it: framing, NetBIOS, negotiate, sign-in, and what closes a connection."""

import itertools

import pytest
from twisted.internet.task import Clock

from fakesmb.core import profiles
from fakesmb.core.settings import Limits, Settings, Timing
from fakesmb.nt.status import NT
from fakesmb.record.events import Disconnected, SignInRefused
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.wire.codec import Buffer, Empty
from fakesmb.wire.header import ERROR_BLOCK
from fakesmb.wire.negotiate import (
    NO_DIALECT,
    NegotiateCoreResponse,
    NegotiateExtendedResponse,
    NegotiateNtResponse,
    NegotiateRequest,
)
from fakesmb.wire.session import (
    EchoRequest,
    EchoResponse,
    SessionSetupExtendedRequest,
    SessionSetupPlainRequest,
)
from tests.core.conftest import Make

NEGOTIATE, SETUP, ECHO = 0x72, 0x73, 0x2B
XP = (
    "PC NETWORK PROGRAM 1.0",
    "LANMAN1.0",
    "Windows for Workgroups 3.1a",
    "LM1.2X002",
    "LANMAN2.1",
    "NT LM 0.12",
)


def reason(server: InMemoryServer) -> str:
    """Why the last connection ended, which the server must have decided."""
    ends = [event for event in server.sink.events if isinstance(event, Disconnected)]
    assert ends[-1].by_server
    return ends[-1].reason


def framed(message: bytes, kind: int = 0) -> bytes:
    return bytes((kind,)) + len(message).to_bytes(3, "big") + message


def golden_name(name: bytes, suffix: int = 0x20) -> bytes:
    """RFC 1001 14.1: each half of a byte as a letter from A on."""
    halves = (half for byte in name.ljust(15) + bytes((suffix,)) for half in divmod(byte, 16))
    return b"\x20" + bytes(0x41 + half for half in halves) + b"\0"


class TestNetbios:
    """RFC 1002 on the same port."""

    def test_a_session_request_is_answered(self, server: InMemoryServer) -> None:
        """0x81 is answered by 0x82, or the client hangs; SMB follows."""
        client = server.client()
        client.connection.receive(framed(golden_name(b"FAKESMB") + golden_name(b"LAPTOP", 0), 0x81))
        assert client.stream() == b"\x82\0\0\0"
        assert (client.connection.called_name, client.connection.calling_name) == ("FAKESMB", "LAPTOP")
        client.sign_in().connect("public")

    @pytest.mark.parametrize(
        ("called", "answer"),
        [
            (golden_name(b"*SMBSERVER"), b"\x82\0\0\0"),
            (golden_name(b"fakesmb"), b"\x82\0\0\0"),
            (b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAACA\0", b"\x82\0\0\0"),
            (golden_name(b"127.0.0.1"), b"\x82\0\0\0"),
            (golden_name(b"LOCALHOST"), b"\x82\0\0\0"),
            (golden_name(b"OTHER"), b"\x83\0\0\1\x82"),
            (golden_name(b"FAKESMB2"), b"\x83\0\0\1\x82"),
            (golden_name(b"FAKESMB", 0), b"\x83\0\0\1\x80"),
            (golden_name(b"FAKESMB", 3), b"\x83\0\0\1\x80"),
            (golden_name(b"FAKESMB", 0x1D), b"\x83\0\0\1\x82"),
            (golden_name(b"WORKGROUP", 0), b"\x83\0\0\1\x80"),
            (golden_name(b"FAKESMB")[:-1] + b"\3LAB\0", b"\x83\0\0\1\x82"),
            (b"\x20" + b"ZZ" * 16 + b"\0", b"\x83\0\0\1\x82"),
            (b"\x1f" + b"A" * 31 + b"\0", b"\x83\0\0\1\x82"),
            (b"\0", b"\x83\0\0\1\x82"),
            (b"", b"\x83\0\0\1\x82"),
            (b"\xc0\0", b"\x83\0\0\1\x82"),
        ],
    )
    def test_called_names_are_checked(self, server: InMemoryServer, called: bytes, answer: bytes) -> None:
        """RFC 1002 4.3.4: nobody listens to some of our names (0x80), others are not ours (0x82)."""
        client = server.client()
        client.connection.receive(framed(called + golden_name(b"LAPTOP", 0), 0x81))
        assert client.stream() == answer
        assert client.closed == (answer[0] == 0x83)
        if client.closed and called == golden_name(b"OTHER"):
            assert "LAPTOP<00> called OTHER<20>, which serves no files here: call it FAKESMB<20>" in reason(
                server
            )

    def test_a_request_with_one_name_is_refused(self, server: InMemoryServer) -> None:
        client = server.client()
        client.connection.receive(framed(golden_name(b"FAKESMB"), 0x81))
        assert client.stream() == b"\x83\0\0\1\x82"
        assert "without two names" in reason(server)

    def test_names_are_any_where_direct_tcp_is_at_home(self, server: InMemoryServer) -> None:
        """A client with a session on that port calls what its library makes up."""
        client = server.client()
        server.server.direct_ports = frozenset({client.connection.local.rpartition(":")[2]})
        client.connection.receive(framed(golden_name(b"OTHER") + golden_name(b"LAPTOP", 0), 0x81))
        assert client.stream() == b"\x82\0\0\0"

    def test_names_are_any_for_a_profile_that_says_so(self, make: Make) -> None:
        client = make(settings=Settings(profile=profiles.profile("samba-3"))).client()
        client.connection.receive(framed(golden_name(b"OTHER") + golden_name(b"LAPTOP", 0), 0x81))
        assert client.stream() == b"\x82\0\0\0"

    @pytest.mark.parametrize("first", ["session", "negotiate"])
    def test_there_is_one_session(self, server: InMemoryServer, first: str) -> None:
        client = server.client()
        request = framed(golden_name(b"FAKESMB") + golden_name(b"LAPTOP", 0), 0x81)
        if first == "session":
            client.connection.receive(request)
        else:
            client.negotiate()
        client.connection.receive(request)
        assert client.closed
        assert "within a session" in reason(server)

    def test_keepalives_are_dropped(self, client: Client) -> None:
        """Before, between and inside of nothing: no answer, no end."""
        client.connection.receive(framed(b"", 0x85) * 3)
        assert client.stream() == b""
        assert client.create("a.txt")

    @pytest.mark.parametrize("kind", [0x01, 0x82, 0x83, 0x84, 0xFF])
    def test_other_types(self, client: Client, server: InMemoryServer, kind: int) -> None:
        client.connection.receive(framed(b"x" * 8, kind))
        assert client.closed
        assert f"0x{kind:02X}" in reason(server)


class TestStream:
    def test_a_message_over_the_limit(self, client: Client, server: InMemoryServer) -> None:
        """Closed at its length, not at its last byte."""
        client.connection.receive(b"\0\xff\xff\xff")
        assert client.closed
        assert "limits.message_bytes" in reason(server)

    def test_the_longest_message(self, client: Client) -> None:
        """A write of 64 KiB and more is under the limit."""
        fid = client.create("new", disposition=2)
        assert client.write(fid, bytes(0x1FFFF)) == 0x1FFFF

    @pytest.mark.parametrize(
        "message", [b"", b"\xffSMB", b"\xffSMB" + bytes(27), b"GET / HTTP/1.1\r\n\r\n" * 3]
    )
    def test_not_smb(self, client: Client, server: InMemoryServer, message: bytes) -> None:
        client.connection.receive(framed(message))
        assert client.closed
        assert reason(server).startswith("not an SMB message")

    def test_nothing_is_read_after_the_end(self, client: Client) -> None:
        """Requests behind the one that closes are not answered, nor is anything that comes later."""
        echo = framed(client.message(ECHO, EchoRequest(1, b"x")))
        client.connection.receive(echo + framed(b"x") + echo)
        assert len(client.answers()) == 1
        client.connection.receive(echo)
        assert client.answers() == []

    def test_a_reply_from_a_client(self, client: Client) -> None:
        """What is marked as a reply, as some clients' oplock acknowledgements are, does no harm."""
        message = bytearray(client.message(ECHO, EchoRequest(1, b"x")))
        message[9] |= 0x80
        client.send_raw(bytes(message))
        client.answers()
        assert client.create("a.txt")

    def test_held_back(self, client: Client) -> None:
        """A client that does not take its replies: requests wait until it does, and none is lost."""
        sent: list[object] = []
        keep = client.connection._send

        def full(buffers: list[Buffer]) -> None:
            sent.append(buffers)
            client.connection.hold()

        client.connection._send = full
        client.connection.receive(framed(client.message(ECHO, EchoRequest(1, b"x"))) * 3)
        assert len(sent) == 1
        client.connection.go_on()
        assert len(sent) == 2
        client.connection._send = keep
        client.connection.go_on()
        assert client.answer().body(EchoResponse).data == b"x"


class TestNegotiate:
    """[MS-CIFS] 3.3.5.42."""

    @pytest.mark.parametrize(
        ("dialects", "index"),
        [
            (XP, 5),
            (("NT LM 0.12",), 0),
            (("Samba", "NT LM 0.12"), 1),
            (("NT LANMAN 1.0", "NT LM 0.12"), 1),
            (("NT LM 0.12", "POSIX 2"), 0),
            ((*XP, "SMB 2.002", "SMB 2.???"), 5),
            (("NT LM 0.12", "SMB 2.002", "SMB 2.???"), 0),
        ],
    )
    def test_nt_lm(self, server: InMemoryServer, dialects: tuple[str, ...], index: int) -> None:
        """The index counts in the client's list; names of SMB 2 and strangers are passed over."""
        client = server.client()
        answer = client.call(NEGOTIATE, NegotiateRequest(dialects), NegotiateNtResponse)
        assert (answer.dialect_index, answer.challenge) == (index, CHALLENGE)
        assert (answer.domain_name, answer.server_name) == ("WORKGROUP", "FAKESMB")
        client.sign_in()

    def test_extended_security_is_the_clients_choice(self, server: InMemoryServer) -> None:
        client = server.client()
        client.flags2 |= 0x0800
        answer = client.call(NEGOTIATE, NegotiateRequest(XP), NegotiateExtendedResponse)
        assert answer.server_guid == GUID
        assert answer.capabilities & 0x80000000

    @pytest.mark.parametrize(
        "dialects", [(), ("PC NETWORK PROGRAM 9.0",), ("SMB 2.002", "SMB 2.???"), ("nt lm 0.12",)]
    )
    def test_none_in_common(self, server: InMemoryServer, dialects: tuple[str, ...]) -> None:
        """One word, 0xFFFF; then the connection ends, and the log says what to change on the client."""
        client = server.client()
        answer = client.call(NEGOTIATE, NegotiateRequest(dialects), NegotiateCoreResponse)
        assert answer.dialect_index == NO_DIALECT
        assert client.closed
        assert "-m NT1" in reason(server)
        assert "\n" not in reason(server)

    def test_smb2_only(self, server: InMemoryServer) -> None:
        """An SMB2 NEGOTIATE as the first message: closed, with one line that helps."""
        client = server.client()
        client.connection.receive(framed(b"\xfeSMB" + bytes(100)))
        assert client.closed
        assert client.frames() == []
        for help in ("-m NT1", "vers=1.0", "SMB 1.0/CIFS"):
            assert help in reason(server)

    def test_a_second_one(self, client: Client) -> None:
        """Rejected, and nothing else happens ([MS-CIFS] 2.2.4.52)."""
        client.send(NEGOTIATE, NegotiateRequest(XP))
        assert client.answer().header.status == NT.INVALID_SMB
        assert client.create("a.txt")

    def test_anything_else_first(self, server: InMemoryServer) -> None:
        client = server.client()
        client.send(ECHO, EchoRequest(1, b"x"))
        assert client.closed
        assert "before a dialect" in reason(server)

    @pytest.mark.parametrize("data", [b"\3NT LM 0.12\0", b"\0NT LM 0.12\0", b"\2NT LM 0.12\0\1"])
    def test_formats_are_not_looked_at(self, server: InMemoryServer, data: bytes) -> None:
        client = server.client()
        message = client.message(NEGOTIATE, Empty())[:33] + len(data).to_bytes(2, "little") + data
        client.send_raw(message)
        assert client.answer().body(NegotiateNtResponse).dialect_index == 0

    @pytest.mark.parametrize("data", [b"NT LM 0.12\0", b"\0\0\2NT LM 0.12\0"])
    def test_no_list_of_dialects(self, server: InMemoryServer, data: bytes) -> None:
        """A name without its format byte is another name, and the list ends at one that is empty."""
        client = server.client()
        message = client.message(NEGOTIATE, Empty())[:33] + len(data).to_bytes(2, "little") + data
        client.send_raw(message)
        assert client.answer().body(NegotiateCoreResponse).dialect_index == 0xFFFF

    def test_one_without_its_null(self, server: InMemoryServer) -> None:
        client = server.client()
        data = b"\2NT LM 0.12"
        client.send_raw(client.message(NEGOTIATE, Empty())[:33] + len(data).to_bytes(2, "little") + data)
        assert client.answer().header.status == 0


class TestSignIn:
    """What is refused is refused with a status and an event, never with silence."""

    @pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("nobody", "Secret123"), ("", "x")])
    def test_refused(self, server: InMemoryServer, user: str, password: str) -> None:
        client = server.client()
        with pytest.raises(Exception, match="LOGON_FAILURE"):
            client.sign_in(user, password)
        (event,) = [event for event in server.sink.events if isinstance(event, SignInRefused)]
        assert (event.user, event.status) == (user, NT.LOGON_FAILURE)
        assert len(client.connection.sessions) == 0
        client.sign_in()

    @pytest.mark.parametrize(
        "blob", [b"", b"x", b"NTLMSSP\0", b"NTLMSSP\0\3\0\0\0" + bytes(60), b"\x60\x82\xff\xff"]
    )
    def test_garbage_tokens(self, server: InMemoryServer, blob: bytes) -> None:
        client = server.client()
        client.flags2 |= 0x0800
        client.call(NEGOTIATE, NegotiateRequest(XP), NegotiateExtendedResponse)
        client.send(SETUP, SessionSetupExtendedRequest(security_blob_length=len(blob), security_blob=blob))
        answer = client.answer()
        assert answer.header.status in (NT.LOGON_FAILURE, NT.INVALID_PARAMETER)
        assert bytes(answer.message[32:]) == ERROR_BLOCK
        assert len(client.connection.sessions) == 0

    def test_a_token_where_none_was_negotiated(self, server: InMemoryServer) -> None:
        client = server.client()
        client.negotiate()
        client.send(SETUP, SessionSetupExtendedRequest(security_blob_length=1, security_blob=b"x"))
        assert client.answer().header.status == NT.INVALID_SMB

    def test_a_logoff_between(self, server: InMemoryServer) -> None:
        """OS X gives up after the challenge: the unfinished UID is a bad one."""
        from fakesmb.wire.session import LogoffAndxRequest

        client = server.client()
        client.flags2 |= 0x0800
        client.call(NEGOTIATE, NegotiateRequest(XP), NegotiateExtendedResponse)
        blob = b"NTLMSSP\0\1\0\0\0\x97\x82\x08\xe2" + bytes(16)
        client.send(SETUP, SessionSetupExtendedRequest(security_blob_length=len(blob), security_blob=blob))
        answer = client.answer()
        assert answer.header.status == NT.MORE_PROCESSING_REQUIRED
        client.uid = answer.header.uid
        client.send(0x74, LogoffAndxRequest())
        assert client.answer().header.status == NT.SMB_BAD_UID

    def test_too_many_unfinished(self, make: Make) -> None:
        client = make(settings=Settings(challenge=CHALLENGE, guid=GUID, limits=Limits(sessions=3))).client()
        client.flags2 |= 0x0800
        client.call(NEGOTIATE, NegotiateRequest(XP), NegotiateExtendedResponse)
        blob = b"NTLMSSP\0\1\0\0\0\x97\x82\x08\xe2" + bytes(16)
        statuses = []
        for _ in range(5):
            client.send(
                SETUP, SessionSetupExtendedRequest(security_blob_length=len(blob), security_blob=blob)
            )
            statuses.append(client.answer().header.status)
        assert statuses == [NT.MORE_PROCESSING_REQUIRED] * 3 + [NT.TOO_MANY_SESSIONS] * 2

    def test_too_late(self, server: InMemoryServer) -> None:
        """A connection that never signs in is closed; one that has may stay."""
        idle, busy = server.client(), server.client().sign_in()
        server.clock.advance(60)
        assert idle.closed
        assert "no sign-in" in reason(server)
        assert not busy.closed
        server.clock.advance(10**6)
        assert not busy.closed

    def test_challenges_differ(self, make: Make) -> None:
        """Unless configured otherwise."""
        server = make(settings=Settings())
        challenges = [server.client().negotiate().challenge for _ in range(4)]
        assert all(one != two for one, two in itertools.combinations(challenges, 2))

    def test_uids_of_a_refused_setup_are_free_again(self, make: Make) -> None:
        client = make(settings=Settings(timing=Timing(wrong_password=0))).client()
        client.negotiate()
        for _ in range(100):
            client.send(
                SETUP,
                SessionSetupPlainRequest(
                    account_name="x", unicode_password_length=24, unicode_password=bytes(24)
                ),
            )
            assert client.answer().header.status == NT.LOGON_FAILURE
        assert len(client.connection.sessions) == 0


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (0x29, NT.NOT_IMPLEMENTED),
        (0x2A, NT.NOT_IMPLEMENTED),
        (0x15, NT.SMB_BAD_COMMAND),
        (0xFE, NT.SMB_BAD_COMMAND),
        (0xFF, NT.SMB_BAD_COMMAND),
    ],
)
def test_commands_without_a_handler(client: Client, command: int, expected: NT) -> None:
    """A well-formed error, and the conversation goes on."""
    client.send(command, Empty())
    answer = client.answer()
    assert (answer.header.command, answer.header.status) == (command, expected)
    assert bytes(answer.message[32:]) == ERROR_BLOCK
    assert client.create("a.txt")


@pytest.mark.turns
def test_many_messages_at_once_leave_turns_to_others(server: InMemoryServer, client: Client) -> None:
    """800 searches in one piece were answered one after the other, and everybody else waited. None gets lost."""
    other = server.client().sign_in()
    turn = server.server.world.turn
    rests: list[bool] = []
    client.connection.rest = rests.append
    wanted = [client.message(ECHO, EchoRequest(1, b"?"), mid=number) for number in range(1, 101)]
    turn.now = itertools.count(0, 0.001).__next__
    client.connection.receive(b"".join(map(framed, wanted[:50])))
    client.connection.receive(b"".join(map(framed, wanted[50:])))
    answered = len(client.answers())
    assert 0 < answered < 20
    assert rests == [True]
    assert other.call(ECHO, EchoRequest(1, b"?"), EchoResponse).data == b"?"
    assert isinstance(server.clock, Clock)
    server.clock.advance(0)
    assert [answer.header.mid for answer in client.answers()] == list(range(answered + 1, 101))
    assert rests[:4] == [True, False, True, False]


@pytest.mark.turns
def test_a_client_that_leaves_while_its_messages_wait_is_answered_nothing(
    server: InMemoryServer, client: Client
) -> None:
    server.server.world.turn.now = itertools.count(0, 0.001).__next__
    echo = framed(client.message(ECHO, EchoRequest(1, b"?"), mid=1))
    client.connection.receive(echo * 50)
    client.lost()
    answered = len(client.answers())
    assert isinstance(server.clock, Clock)
    server.clock.advance(0)
    assert client.answers() == []
    assert answered < 50
    assert server.problems == []
