"""Which Session Setups stand for a captured one, by what the server wants; nothing of a socket."""

import hashlib
import hmac
from collections.abc import Sequence

import pytest

from fakesmb.auth.accounts import Account
from fakesmb.auth.hashes import des_long, lm_hash, nt_hash, ntowf_v2
from fakesmb.nt.status import NT
from fakesmb.replay.claims import claim, init_token, is_challenge
from fakesmb.replay.initiator import Initiator, ntlmv1, ntlmv2
from fakesmb.replay.places import Users, Who
from fakesmb.replay.sign_in import SignIn
from fakesmb.wire import spnego
from fakesmb.wire.codec import Body, DecodeError
from fakesmb.wire.der import context
from fakesmb.wire.header import Header
from fakesmb.wire.negotiate import (
    Capability,
    NegotiateCoreResponse,
    NegotiateExtendedResponse,
    NegotiateLanmanResponse,
    NegotiateNtResponse,
)
from fakesmb.wire.ntlmssp import (
    AuthenticateMessage,
    Av,
    ChallengeMessage,
    Negotiate,
    NegotiateMessage,
    av_pairs,
)
from fakesmb.wire.session import (
    SessionSetupAndxRequest,
    SessionSetupAndxResponse,
    SessionSetupExtendedRequest,
    SessionSetupExtendedResponse,
    SessionSetupLanmanRequest,
    SessionSetupPlainRequest,
)
from fakesmb.world import World

CHALLENGE = bytes.fromhex("0123456789abcdef")
WHO = Who("alice", "Secret123", "LAB")
KERBEROS = bytes.fromhex("60 48 06 06 2b 06 01 05 05 02") + bytes(60)


def message(body: Body, command: int = 0x72, status: int = 0, flags2: int = 0xC803) -> bytes:
    header = Header(command, status, 0x98, flags2, 0, bytes(8), 0, 0, 0x0800, 0)
    return header.encode() + b"".join(body.encode(32, unicode=bool(flags2 & 0x8000)))


def sign_in(answer: Body) -> SignIn:
    found = SignIn(Users(WHO), World())
    assert found.negotiated(message(answer))
    return found


def extended() -> SignIn:
    body = NegotiateExtendedResponse(
        dialect_index=0, capabilities=Capability.EXTENDED_SECURITY, server_guid=bytes(16), session_key=7
    )
    return sign_in(body)


def plain(security_mode: int = 3) -> SignIn:
    return sign_in(NegotiateNtResponse(dialect_index=0, challenge=CHALLENGE, security_mode=security_mode))


def lanman(mode: int) -> SignIn:
    return sign_in(NegotiateLanmanResponse(dialect_index=0, security_mode=mode, challenge=CHALLENGE))


def challenge(*, flags: int = 0xE2898215, info: bytes = b"") -> bytes:
    token = ChallengeMessage(flags, CHALLENGE, "SERVER", info or av_pairs([])).encode()
    body = SessionSetupExtendedResponse(security_blob_length=len(token), security_blob=token)
    return message(body, 0x73, NT.MORE_PROCESSING_REQUIRED)


def rounds(
    one: SignIn,
    asked: SessionSetupAndxRequest,
    answers: Sequence[bytes | None] = (),
    *,
    refused: bool = False,
) -> list[tuple[Body, bool]]:
    """What is sent, and whether it is besides the captured message, when the server answers so."""
    steps = one.rounds(asked, refused=refused)
    found: list[tuple[Body, bool]] = []
    replies = iter(answers)
    try:
        step = next(steps)
        while True:
            found.append((step.body, step.besides))
            step = steps.send(next(replies, None))
    except StopIteration:
        return found


def setup(blob: bytes) -> SessionSetupExtendedRequest:
    return SessionSetupExtendedRequest(security_blob=blob, max_buffer_size=4356, native_os="Windows")


def check_ntlmv2(nt: bytes, user: str = "alice", domain: str = "LAB", password: str = "Secret123") -> None:
    key = ntowf_v2(Account.with_password(user, password).nt_hash, user, domain)
    assert nt[:16] == hmac.new(key, CHALLENGE + nt[16:], hashlib.md5).digest()


@pytest.mark.parametrize("blob", [KERBEROS, b"garbage", b"NTLMSSP\0\x09\0\0\0"])
def test_a_kerberos_token_becomes_two_steps_of_ntlmssp(blob: bytes) -> None:
    one = extended()
    first, second = rounds(one, setup(blob), [challenge()])
    assert (first[1], second[1]) == (True, False)
    bodies = [body for body, _ in (first, second)]
    assert all(isinstance(body, SessionSetupExtendedRequest) for body in bodies)
    tokens = [body.security_blob for body in bodies]  # type: ignore[attr-defined]
    assert [body.session_key for body in bodies] == [7, 7]  # type: ignore[attr-defined]
    assert (bodies[1].native_os, bodies[1].max_buffer_size) == ("Windows", 4356)  # type: ignore[attr-defined]
    if blob.startswith(b"NTLMSSP"):
        tag, token = 0, tokens[1]
    else:
        tag, token = spnego.open_token(tokens[0])
        assert tag == context(0)
        init = spnego.NegTokenInit.decode(token)
        assert init.mech_types == (spnego.NTLMSSP_OID,)
        assert NegotiateMessage.decode(init.mech_token).flags & Negotiate.NTLM
        tag, token = spnego.open_token(tokens[1])
        assert tag == context(1)
        token = spnego.NegTokenResp.decode(token).token
    said = AuthenticateMessage.decode(token)
    assert (said.user, said.domain, said.workstation) == ("alice", "LAB", "FAKESMB")
    check_ntlmv2(said.nt)
    assert len(one.key) == 16


def test_the_steps_of_the_capture_are_kept_bare(world: World) -> None:
    captured = Initiator(Who("old", "x"), "BOX", world)
    first, second = (
        captured.negotiate(),
        captured.authenticate(ChallengeMessage(0xA2898205, bytes(8)).encode()),
    )
    one = extended()
    ((body, besides),) = rounds(one, setup(first), [challenge()])
    assert not besides
    token = body.security_blob  # type: ignore[attr-defined]
    assert token[:8] == b"NTLMSSP\0"
    assert NegotiateMessage.decode(token).flags == NegotiateMessage.decode(first).flags
    ((body, besides),) = rounds(one, setup(second))
    said = AuthenticateMessage.decode(body.security_blob)  # type: ignore[attr-defined]
    assert (said.user, said.workstation) == ("alice", "BOX")


@pytest.mark.parametrize("answer", [None, b"", message(SessionSetupAndxResponse(), 0x73), challenge()[:-40]])
def test_without_a_challenge_nothing_more_is_sent(answer: bytes | None) -> None:
    one = extended()
    assert [besides for _, besides in rounds(one, setup(KERBEROS), [answer])] == [True]
    assert one.skipped == "the server gave no challenge that could be read"


def test_a_token_that_is_no_challenge() -> None:
    assert not is_challenge(b"NTLMSSP\0\1\0\0\0" + bytes(40))
    assert not is_challenge(b"")
    with pytest.raises(DecodeError):
        Initiator(WHO, "X", World()).authenticate(b"nothing of the kind" + bytes(40))


def test_one_message_for_two_where_the_server_wants_no_tokens(world: World) -> None:
    one = plain()
    captured = Initiator(Who("old", "x"), "BOX", world)
    assert rounds(one, setup(captured.negotiate())) == []
    assert one.skipped == "this server signs in by one message, in place of the next one"
    second = captured.authenticate(ChallengeMessage(0xA2898205, bytes(8)).encode())
    ((body, _),) = rounds(one, setup(second), [message(SessionSetupAndxResponse(), 0x73)])
    assert isinstance(body, SessionSetupPlainRequest)
    assert (body.account_name, body.primary_domain, body.native_os) == ("alice", "LAB", "Windows")
    assert not body.capabilities & Capability.EXTENDED_SECURITY
    check_ntlmv2(body.unicode_password)
    assert one.key.endswith(body.unicode_password)


def test_ntlm_and_lm_where_ntlmv2_was_refused() -> None:
    one = plain()
    refusal = message(SessionSetupAndxResponse(), 0x73, NT.LOGON_FAILURE)
    first, second = rounds(one, SessionSetupPlainRequest(account_name="old"), [refusal, refusal])
    body = second[0]
    assert isinstance(body, SessionSetupPlainRequest)
    assert body.unicode_password == des_long(nt_hash("Secret123"), CHALLENGE)
    hashed = lm_hash("Secret123")
    assert hashed is not None
    assert body.oem_password == des_long(hashed, CHALLENGE)
    assert not first[1]
    assert not second[1]


def test_a_password_that_was_wrong_is_wrong_here() -> None:
    one = plain()
    refusal = message(SessionSetupAndxResponse(), 0x73, NT.LOGON_FAILURE)
    ((body, _),) = rounds(one, SessionSetupPlainRequest(account_name="old"), [refusal], refused=True)
    with pytest.raises(AssertionError):
        check_ntlmv2(body.unicode_password)  # type: ignore[attr-defined]


def test_plain_text_where_the_server_encrypts_nothing() -> None:
    one = plain(security_mode=1)
    ((body, _),) = rounds(one, SessionSetupPlainRequest(account_name="old"))
    assert body.oem_password == b"Secret123\0"  # type: ignore[attr-defined]
    assert one.key == b""


def test_anonymous_clients() -> None:
    ((body, _),) = rounds(plain(), SessionSetupPlainRequest(oem_password_length=1, oem_password=b"\0"))
    assert (body.account_name, body.oem_password) == ("", b"\0")  # type: ignore[attr-defined]
    assert ntlmv2(Who(""), CHALLENGE, World()).key == b""
    assert ntlmv1(Who(""), CHALLENGE) == (b"\0", b"", b"")
    nobody = Initiator(Who(""), "BOX", World())
    said = AuthenticateMessage.decode(nobody.authenticate(ChallengeMessage(0xE2898215, CHALLENGE).encode()))
    assert (said.user, said.nt, nobody.key) == ("", b"", b"")
    assert said.flags is not None
    assert said.flags & Negotiate.ANONYMOUS
    assert (
        claim(setup(nobody.authenticate(ChallengeMessage(0xE2898215, CHALLENGE).encode())))[0] == "anonymous"
    )


@pytest.mark.parametrize(("mode", "password"), [(3, "response"), (1, b"Secret123\0"), (0, b"Secret123\0")])
def test_the_dialects_of_lan_manager(mode: int, password: bytes | str) -> None:
    """Ten words, with the LM response or the password itself."""
    one = lanman(mode)
    ((body, _),) = rounds(one, SessionSetupPlainRequest(account_name="old", native_os="OS/2"))
    assert isinstance(body, SessionSetupLanmanRequest)
    hashed = lm_hash("Secret123")
    assert hashed is not None
    assert body.password == (des_long(hashed, CHALLENGE) if password == "response" else password)
    assert (body.account_name, body.native_os) == ("alice", "OS/2")
    assert not one.signs
    assert one.share_password(Who("")) == b"\0"
    assert one.share_password(Who("x", "a password that is longer than LM takes")).endswith(b"takes\0")


def test_a_sign_in_of_ten_words_where_the_server_speaks_nt() -> None:
    ((body, _),) = rounds(plain(), SessionSetupLanmanRequest(account_name="OLD", password=bytes(24)))
    assert isinstance(body, SessionSetupPlainRequest)
    first, second = rounds(extended(), SessionSetupLanmanRequest(account_name="OLD"), [challenge()])
    assert isinstance(first[0], SessionSetupExtendedRequest)
    assert isinstance(second[0], SessionSetupExtendedRequest)


@pytest.mark.parametrize(
    "answer",
    [b"", b"\xffSMB", message(NegotiateCoreResponse()), message(SessionSetupAndxResponse(), 0x73)],
    ids=["nothing", "a piece", "no dialect", "another answer"],
)
def test_no_dialect(answer: bytes) -> None:
    assert not SignIn(Users(WHO), World()).negotiated(answer)


def test_the_core_dialects_have_users_and_no_challenge() -> None:
    one = sign_in(NegotiateCoreResponse(0))
    assert one.dialect is NegotiateCoreResponse


def test_guests_have_no_key() -> None:
    one = plain(security_mode=0x0F)
    assert one.signs
    assert one.must_sign
    assert one.is_guest(message(SessionSetupAndxResponse(action=1), 0x73))
    assert not one.is_guest(message(SessionSetupAndxResponse(), 0x73))
    assert one.is_guest(b"what cannot be read")
    assert one.is_guest(message(NegotiateCoreResponse(0), 0x72))


def test_the_time_is_the_servers(world: World) -> None:
    """[MS-NLMP] 3.1.5.1.2: with a time in the CHALLENGE there is no LMv2 response."""
    info = av_pairs([(Av.TIMESTAMP, bytes(range(8)))])
    found = ntlmv2(WHO, CHALLENGE, world, info)
    assert found.lm == bytes(24)
    assert found.nt[24:32] == bytes(range(8))


def test_oem_names() -> None:
    one = Initiator(Who("alice", "x"), "BOX", World())
    token = one.authenticate(ChallengeMessage(0x00000202, CHALLENGE).encode())
    assert b"alice" in token
    assert one.key != b""


def test_the_token_of_spnego_reads_back() -> None:
    _, body = spnego.open_token(init_token(b"NTLMSSP\0token"))
    assert spnego.NegTokenInit.decode(body).mech_token == b"NTLMSSP\0token"


@pytest.fixture
def world() -> World:
    return World()
