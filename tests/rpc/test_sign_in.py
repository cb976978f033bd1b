"""Sign-ins inside pipes: whom a call runs as, what is signed and sealed, and what a wrong password gets."""

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from impacket import ntlm
from impacket.dcerpc.v5 import lsad, srvs
from impacket.dcerpc.v5.rpcrt import RPC_C_AUTHN_WINNT, DCERPCException
from impacket.uuid import uuidtup_to_bin

from fakesmb.auth.accounts import Accounts, Guest
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.pipes import Pipe, PipeService
from fakesmb.rpc.security import NTLMSSP, SPNEGO, Level
from fakesmb.wire.dcerpc import FaultStatus, NakReason, PacketType
from tests.examples import examples
from tests.rpc.rpc_client import NOBODY, SRVSVC, ListView, PipeTransport
from tests.rpc.sign_in import Context, Faulted, PipeAcceptor, SecureClient, acceptors, nak_reason

LSARPC = uuidtup_to_bin(("12345778-1234-ABCD-EF00-0123456789AB", "0.0"))
GET_USER_NAME = 45
NO_NAMES = struct.pack("<3I", 0, 0, 0)
LEVELS = [Level.CONNECT, Level.PACKET, Level.INTEGRITY, Level.PRIVACY]
EXTENDED = ntlm.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY
EXCHANGE = ntlm.NTLMSSP_NEGOTIATE_KEY_EXCH


def pipe(name: str = "lsarpc", service: PipeService | None = None) -> Pipe:
    return (service or PipeService(ListView())).open(name, NOBODY, acceptors)


def client(**where: Any) -> SecureClient:
    return SecureClient(pipe(**where), LSARPC)


def whoami(one: SecureClient, context: Context | None, **how: Any) -> str:
    stub = one.call(GET_USER_NAME, NO_NAMES, context, **how)
    (size,) = struct.unpack_from("<H", stub, 4)
    return stub[24 : 24 + size].decode("utf-16-le")


@pytest.mark.parametrize("without", [0, EXTENDED, EXCHANGE, EXTENDED | EXCHANGE], ids=str)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("auth_type", [NTLMSSP, SPNEGO])
def test_calls_run_as_whoever_signed_in_inside_the_pipe(auth_type: int, level: int, without: int) -> None:
    one = client()
    context = Context(auth_type, level, 77, without)
    one.sign_in(context, "bob", "builder")
    assert context.extended is not bool(without & EXTENDED)
    assert [whoami(one, context) for _ in range(3)] == ["bob"] * 3


@pytest.mark.parametrize("level", [Level.CONNECT, Level.INTEGRITY, Level.PRIVACY])
def test_impackets_own_client(level: int) -> None:
    transport = PipeTransport(pipe("srvsvc"))
    dce = transport.get_dce_rpc()
    dce.connect()
    dce.set_credentials("bob", "builder", "", "")
    dce.set_auth_level(level)
    dce.set_auth_type(RPC_C_AUTHN_WINNT)
    dce.bind(SRVSVC)
    shares = srvs.hNetrShareEnum(dce, 2)["InfoStruct"]["ShareInfo"]["Level2"]["Buffer"]
    assert shares[0]["shi2_netname"] == "public\0"
    seen = b"".join(data for side, data in transport.exchanged if side == "S")
    assert ("public".encode("utf-16-le") in seen) is (level != Level.PRIVACY)


def test_long_answers_are_signed_piece_by_piece() -> None:
    one = client()
    context = Context(NTLMSSP, Level.PRIVACY, 1)
    one.sign_in(context, "alice", "wonder")
    handle = one.call(44, bytes(40), context)[:20]
    stub = one.call(2, handle + struct.pack("<II", 0, 100), context)  # the privileges: several kilobytes
    assert "SeCreateGlobalPrivilege".encode("utf-16-le") in stub
    assert len(stub) > 2000


@pytest.mark.parametrize("level", LEVELS)
def test_a_wrong_password_is_told_with_the_first_call(level: int) -> None:
    """AUTH3 has no answer ([MS-RPCE] 3.3.1.5.2.2)."""
    one = client()
    context = Context(NTLMSSP, level, 1)
    assert one.sign_in(context, "bob", "wrong") == b""
    with pytest.raises(Faulted) as refused:
        whoami(one, context)
    assert refused.value.status == FaultStatus.ACCESS_DENIED
    with pytest.raises(SMBError) as gone:
        one.pipe.write(b"x")
    assert gone.value.status == NT.PIPE_DISCONNECTED


def test_a_wrong_password_in_an_alter_context_is_a_fault() -> None:
    one = client()
    answer = one.sign_in(Context(SPNEGO, Level.INTEGRITY, 1), "bob", "wrong")
    assert answer[2] == PacketType.FAULT
    assert struct.unpack_from("<I", answer, 24) == (FaultStatus.SECURITY_PACKAGE,)


@pytest.mark.parametrize("auth_type", [NTLMSSP, SPNEGO])
@pytest.mark.parametrize("level", [Level.PACKET, Level.INTEGRITY, Level.PRIVACY])
@pytest.mark.parametrize("spoil", [22, 30, -1])
def test_what_was_changed_on_the_way_is_not_run(auth_type: int, level: int, spoil: int) -> None:
    one = client()
    context = Context(auth_type, level, 1)
    one.sign_in(context, "bob", "builder")
    assert whoami(one, context) == "bob"
    with pytest.raises(Faulted) as refused:
        whoami(one, context, spoil=spoil)
    assert refused.value.status in (FaultStatus.SECURITY_PACKAGE, FaultStatus.ACCESS_DENIED)
    with pytest.raises(SMBError):
        one.pipe.write(b"x")


def test_a_call_that_lacks_its_signature_runs_as_the_session() -> None:
    """Only a security context of level CONNECT speaks for calls that name none."""
    one = client()
    one.sign_in(Context(NTLMSSP, Level.INTEGRITY, 1), "bob", "builder")
    assert whoami(one, None) == "ANONYMOUS LOGON"


def test_a_connect_level_speaks_for_calls_that_name_no_context() -> None:
    one = client()
    one.sign_in(Context(NTLMSSP, Level.CONNECT, 1), "bob", "builder")
    assert whoami(one, None) == "bob"


def test_two_people_in_one_pipe() -> None:
    one = client()
    alice, bob = Context(NTLMSSP, Level.PRIVACY, 1), Context(SPNEGO, Level.INTEGRITY, 2)
    one.sign_in(alice, "alice", "wonder")
    one.sign_in(bob, "bob", "builder")
    assert [whoami(one, who) for who in (alice, bob, bob, alice)] == ["alice", "bob", "bob", "alice"]


def test_a_call_amid_a_sign_in_ends_the_pipe() -> None:
    one = client()
    context = Context(NTLMSSP, Level.CONNECT, 1)
    one._bind(context, context.begin())
    with pytest.raises(Faulted) as refused:
        whoami(one, None)
    assert refused.value.status == FaultStatus.PROTOCOL


@pytest.mark.parametrize(
    ("auth_type", "level", "reason"),
    [
        (16, Level.CONNECT, NakReason.AUTHENTICATION_TYPE),
        (68, Level.PRIVACY, NakReason.AUTHENTICATION_TYPE),
        (NTLMSSP, Level.CALL, NakReason.INVALID_CHECKSUM),
        (NTLMSSP, Level.NONE, NakReason.NOT_SPECIFIED),
        (NTLMSSP, 7, NakReason.NOT_SPECIFIED),
    ],
)
def test_what_cannot_be_signed_in_with_is_a_nak(auth_type: int, level: int, reason: int) -> None:
    """Kerberos, the secure channel of domain members, and levels that are none."""
    context = Context(NTLMSSP, level, 1)
    token = context.begin()
    context.type = auth_type
    assert nak_reason(client()._bind(context, token)) == reason


@pytest.mark.parametrize("token", [b"", b"NTLMSSP\0", b"\x60\x03abc", bytes(40)])
@pytest.mark.parametrize("auth_type", [NTLMSSP, SPNEGO])
def test_a_senseless_token_is_a_nak(auth_type: int, token: bytes) -> None:
    answer = client()._bind(Context(auth_type, Level.CONNECT, 1), token or b"\0")
    assert nak_reason(answer) == NakReason.INVALID_CHECKSUM


def test_without_acceptors_no_one_signs_in() -> None:
    plain = PipeService(ListView()).open("lsarpc", NOBODY)
    context = Context(NTLMSSP, Level.CONNECT, 1)
    assert nak_reason(SecureClient(plain, LSARPC)._bind(context, context.begin())) == 8


def test_no_privacy_without_sealing() -> None:
    context = Context(NTLMSSP, Level.PRIVACY, 1, ntlm.NTLMSSP_NEGOTIATE_SEAL)
    one = client()
    one.sign_in(context, "bob", "builder")
    with pytest.raises(Faulted) as refused:
        whoami(one, context)
    assert refused.value.status == FaultStatus.ACCESS_DENIED


def test_handles_are_shared_by_the_pipes_of_a_group() -> None:
    """Windows' clients open more than one pipe and use a handle through any of them ([C706] 4.2.16.6)."""
    service = PipeService(ListView())
    first, second, stranger = (client(service=service) for _ in range(3))
    context = [Context(NTLMSSP, Level.INTEGRITY, 1) for _ in range(3)]
    first.sign_in(context[0], "bob", "builder")
    handle = first.call(44, bytes(40), context[0])[:20]
    (second.group,) = struct.unpack_from("<I", handle, 4)
    second.sign_in(context[1], "bob", "builder")
    stranger.sign_in(context[2], "bob", "builder")
    query = handle + struct.pack("<H", 5)
    assert second.call(7, query, context[1])[-4:] == bytes(4)
    with pytest.raises(Faulted) as refused:
        stranger.call(7, query, context[2])
    assert refused.value.status == FaultStatus.CONTEXT_MISMATCH
    first.pipe.close()
    assert second.call(7, query, context[1])[-4:] == bytes(4)


@pytest.mark.parametrize("name", ["", "visitor"])
def test_a_handle_of_who_proved_no_password_is_good_in_one_pipe_only(name: str) -> None:
    """Whoever gives the same name is somebody else; what such a one opened goes with the pipe."""
    service = PipeService(ListView())
    guests = Accounts(guest=Guest.READ_ONLY)
    pipes = [service.open("lsarpc", NOBODY, lambda kind: PipeAcceptor(kind, guests)) for _ in range(2)]
    first, second = (SecureClient(one, LSARPC) for one in pipes)
    context = [Context(NTLMSSP, Level.CONNECT, 1) for _ in range(2)]
    first.sign_in(context[0], name, "")
    handle = first.call(44, bytes(40), context[0])[:20]
    query = handle + struct.pack("<H", 5)
    assert first.call(7, query, context[0])[-4:] == bytes(4)
    (second.group,) = struct.unpack_from("<I", handle, 4)
    second.sign_in(context[1], name, "")
    with pytest.raises(Faulted) as refused:
        second.call(7, query, context[1])
    assert refused.value.status == FaultStatus.CONTEXT_MISMATCH
    group = service._groups._groups[second.group]
    first.pipe.close()
    assert len(group._handles) == 1
    assert group._places["lsarpc"].taken == 0


def test_a_handle_is_of_the_user_who_opened_it() -> None:
    """Two people sign in inside one pipe, and in two pipes of one group."""
    service = PipeService(ListView())
    one, other = client(service=service), client(service=service)
    alice, bob = Context(NTLMSSP, Level.PRIVACY, 1), Context(SPNEGO, Level.INTEGRITY, 2)
    one.sign_in(alice, "alice", "wonder")
    one.sign_in(bob, "bob", "builder")
    handle = one.call(44, bytes(40), alice)[:20]
    (other.group,) = struct.unpack_from("<I", handle, 4)
    elsewhere = Context(NTLMSSP, Level.INTEGRITY, 1)
    other.sign_in(elsewhere, "bob", "builder")
    for pipe, context in ((one, bob), (other, elsewhere)):
        for operation, stub in ((7, handle + struct.pack("<H", 5)), (0, handle)):
            with pytest.raises(Faulted) as refused:
                pipe.call(operation, stub, context)
            assert refused.value.status == FaultStatus.CONTEXT_MISMATCH
    assert one.call(0, handle, alice)[-4:] == bytes(4)


def test_closing_a_pipe_forgets_its_keys() -> None:
    one = client()
    one.sign_in(Context(NTLMSSP, Level.PRIVACY, 1), "bob", "builder")
    association = one.pipe._association
    assert association._securities._contexts
    one.pipe.close()
    assert not association._securities._contexts
    assert association._securities._default is None


def test_impackets_client_is_told_of_a_wrong_password() -> None:
    transport = PipeTransport(pipe())
    dce = transport.get_dce_rpc()
    dce.connect()
    dce.set_credentials("bob", "wrong", "", "")
    dce.set_auth_level(Level.PRIVACY)
    dce.set_auth_type(RPC_C_AUTHN_WINNT)
    dce.bind(LSARPC)
    with pytest.raises(DCERPCException, match="access_denied"):
        lsad.hLsarOpenPolicy2(dce)


@given(st.data())
@settings(max_examples=examples(150), deadline=None)
def test_bytes_changed_in_a_sign_in_never_raise(data: st.DataObject) -> None:
    """Binds, AUTH3s, alter_contexts and protected calls, spoilt anywhere."""
    auth_type = data.draw(st.sampled_from([NTLMSSP, SPNEGO]))
    honest = client()
    context = Context(auth_type, data.draw(st.sampled_from(LEVELS)), 1)
    sent: list[bytes] = []
    write = honest.pipe.write

    def kept(data: bytes) -> int:
        sent.append(bytes(data))
        return write(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(honest.pipe, "write", kept)
        honest.sign_in(context, "bob", "builder")
        whoami(honest, context)
    stream = bytearray(b"".join(sent))
    for _ in range(data.draw(st.integers(1, 5))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    victim = pipe()
    victim.write(bytes(stream))
    while victim.available:
        victim.read(5000)
