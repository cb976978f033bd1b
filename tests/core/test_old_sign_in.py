"""Plain text, share level, empty passwords and clients without a name, as DOS, Amiga, PS2 and Wii sign in."""

from random import Random
from typing import Any

import pytest

from fakesmb.auth.accounts import ALL_FORMS, Account, Accounts, Form, Guest
from fakesmb.auth.hashes import des_long, lm_hash, nt_hash
from fakesmb.auth.share_passwords import SharePasswords
from fakesmb.core.dialects import Protocol
from fakesmb.core.settings import Limits, Settings, Timing
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import Problem, SignedIn, SignInRefused
from fakesmb.testing import CHALLENGE, GUID, PASSWORD, USER, Client, InMemoryServer
from fakesmb.wire.codec import Body
from fakesmb.wire.dialect import Dialect, SecurityMode
from fakesmb.wire.files import CreateRequest, NtCreateAndxRequest
from fakesmb.wire.header import Flags2
from fakesmb.wire.negotiate import NegotiateCoreResponse, NegotiateNtResponse, NegotiateRequest
from fakesmb.wire.session import (
    LogoffAndxRequest,
    SessionSetupAndxResponse,
    SessionSetupExtendedRequest,
    SessionSetupLanmanRequest,
    SessionSetupPlainRequest,
)
from fakesmb.wire.tree import (
    TreeConnectAndxRequest,
    TreeConnectAndxResponse,
    TreeConnectRequest,
    TreeConnectResponse,
)
from tests.core.conftest import Make

FULL, LOOK = "Write4Me", "look"
LONG = "a passphrase of many words"


def settings(**keys: Any) -> Settings:
    return Settings(challenge=CHALLENGE, guid=GUID, **keys)


def accounts(*users: Account, plain: bool = True, **keys: Any) -> Accounts:
    known = users or (Account.with_password(USER, PASSWORD),)
    forms = keys.pop("forms", ALL_FORMS) | ({Form.PLAIN} if plain else set())
    return Accounts(known, forms=forms, **keys)


def plain(make: Make, *users: Account, **keys: Any) -> Client:
    server = make(settings=settings(plain_text=True), accounts=accounts(*users, **keys))
    client = server.client()
    client.negotiate()
    return client


def setup(client: Client, name: str, oem: bytes = b"", unicode: bytes = b"", *, words: int = 13) -> int:
    """Signs in by fields as they are; gives the status."""
    body: Body = SessionSetupPlainRequest(
        oem_password=oem,
        unicode_password=unicode,
        account_name=name,
        primary_domain="WORKGROUP",
        capabilities=0xD4,
    )
    if words == 10:
        body = SessionSetupLanmanRequest(password=oem, account_name=name)
    client.send(0x73, body)
    answer = client.answer()
    client.uid = answer.header.uid
    return answer.header.status


def setup_action(client: Client, name: str) -> int:
    body = SessionSetupPlainRequest(account_name=name)
    return client.call(0x73, body, SessionSetupAndxResponse).action


def events(server: InMemoryServer, kind: type) -> list[Any]:
    return [one for one in server.sink.events if isinstance(one, kind)]


# -- plain text --------------------------------------------------------------------------------------------


def test_plain_text_is_told_in_the_negotiate(make: Make) -> None:
    """A server that takes passwords as they are has no challenge, no tokens and no signatures to offer."""
    client = make(settings=settings(plain_text=True)).client()
    client.flags2 |= Flags2.EXTENDED_SECURITY
    said = client.call(0x72, NegotiateRequest((Dialect.NT_LM,)), NegotiateNtResponse)
    assert said.security_mode == SecurityMode.USER
    assert said.challenge == b""
    client.send(0x73, SessionSetupExtendedRequest(security_blob=b"NTLMSSP\0"))
    assert client.answer().header.status == NT.INVALID_SMB


@pytest.mark.parametrize(
    ("oem", "unicode", "right"),
    [
        (PASSWORD.encode() + b"\0", b"", True),
        (PASSWORD.encode(), b"", True),
        (PASSWORD.upper().encode() + b"\0", b"", True),  # netsmb's second try, and all of LAN Manager
        (PASSWORD.encode().ljust(24, b"\0"), b"", True),  # Windows 95 says 24
        (PASSWORD.encode() + b"\0", bytes(24), True),  # Windows NT says anything of the second field
        (b"", (PASSWORD + "\0").encode("utf-16-le"), True),
        (b"", PASSWORD.encode("utf-16-le"), True),
        (b"", b"\0" + (PASSWORD + "\0").encode("utf-16-le")[:-1], True),  # a pad byte that is not counted
        ((PASSWORD + "\0").encode("utf-16-le"), b"", True),
        (b"", (PASSWORD.upper() + "\0").encode("utf-16-le"), False),  # the case-sensitive field
        (b"secret12\0", b"", False),
        (b"", b"", False),
        (b"\0", b"\0\0", False),
        (b"S", b"S\0", False),
    ],
)
def test_plain_text_in_either_field(make: Make, oem: bytes, unicode: bytes, right: bool) -> None:
    client = plain(make)
    assert setup(client, USER, oem, unicode) == (0 if right else NT.LOGON_FAILURE)
    if right:
        assert client.connect("public").create("a.txt")


def test_plain_text_of_oem_messages_and_of_ten_words(make: Make) -> None:
    client = plain(make, Account.with_password("bob", "Zähre"))
    client.flags2 &= ~Flags2.UNICODE
    assert setup(client, "bob", "Zähre".encode("cp850") + b"\0") == 0
    assert setup(client, "bob", "ZÄHRE".encode("cp850"), words=10) == 0
    assert setup(client, "bob", b"", "zähre".encode("cp850")) == 0
    assert setup(client, "bob", b"Zahre", words=10) == NT.LOGON_FAILURE


@pytest.mark.parametrize("account", [Account.with_password("bob", LONG), Account("bob", nt_hash(LONG))])
def test_plain_text_that_has_no_lm_hash(make: Make, account: Account) -> None:
    client = plain(make, account)
    assert setup(client, "bob", LONG.encode()) == 0
    assert setup(client, "bob", LONG.encode("utf-16-le")) == 0
    assert setup(client, "bob", LONG.upper().encode()) == 0  # as lower case, which it is
    assert setup(client, "bob", LONG[:-1].encode()) == NT.LOGON_FAILURE


def test_a_password_in_plain_text_where_responses_are_asked_for(make: Make) -> None:
    server = make(accounts=accounts(plain=False))
    client = server.client()
    client.negotiate()
    assert setup(client, USER, PASSWORD.encode() + b"\0") == NT.LOGON_FAILURE
    assert setup(client, USER, b"", PASSWORD.encode("utf-16-le")) == NT.LOGON_FAILURE
    assert PASSWORD not in str(events(server, SignInRefused))


def test_ten_words_in_unicode(make: Make) -> None:
    """A message of LAN Manager's that says it is in Unicode, as hydra's are: read so, as Samba reads it."""
    server = make(accounts=accounts(plain=False))
    client = server.client()
    client.flags2 = 0xC001
    client.send(0x72, NegotiateRequest((Dialect.LANMAN21,)))
    assert not client.answer().header.flags2 & (Flags2.UNICODE | Flags2.NT_STATUS)
    assert setup(client, USER, lm(PASSWORD), words=10) == 0
    assert events(server, SignedIn)[-1].user == USER
    client.connect("public")


def test_plain_text_makes_no_key(make: Make) -> None:
    client = plain(make)
    client.flags2 |= Flags2.SIGNATURE
    assert setup(client, USER, PASSWORD.encode()) == 0
    assert client.connection.signing is None


def test_what_could_not_be_right_is_no_guess(make: Make) -> None:
    """A PS2 tries NTLM and then LM, at each start of a game; with LM alone allowed it does not come to wait."""
    server = make(accounts=accounts(plain=False, forms=frozenset({Form.LM})))
    client = server.client()
    client.negotiate()
    for zeros in (b"", bytes(24)):
        assert setup(client, USER, zeros, ntlm(PASSWORD)) == NT.LOGON_FAILURE
    assert setup(client, USER, PASSWORD.encode()) == NT.LOGON_FAILURE
    assert len(server.server.attempts) == 0
    assert setup(client, USER, lm("wrong"), ntlm(PASSWORD)) == NT.LOGON_FAILURE
    assert len(server.server.attempts) == 1
    assert setup(client, USER, lm(PASSWORD)) == 0


def test_wrong_plain_text_counts(make: Make) -> None:
    server = make(settings=settings(plain_text=True, limits=Limits(wrong_passwords=2)), accounts=accounts())
    client = server.client()
    client.negotiate()
    for _ in range(2):
        assert setup(client, USER, b"wrong") == NT.LOGON_FAILURE
    client.send(0x73, SessionSetupLanmanRequest(password=PASSWORD.encode(), account_name=USER))
    assert client.answers() == []
    server.clock.advance(1)
    assert client.answer().header.status == 0
    server.sink.events[:] = [one for one in server.sink.events if not isinstance(one, Problem)]


def test_unknown_names_in_plain_text(make: Make) -> None:
    assert setup(plain(make), "nobody", b"x") == NT.LOGON_FAILURE
    assert setup(plain(make, guest=Guest.READ_WRITE), "nobody", b"x") == 0
    assert setup(plain(make), "") == 0  # a null session, for IPC$ alone


# -- nothing to prove --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("oem", "unicode"), [(b"", b""), (b"\0", b""), (bytes(24), b""), (bytes(24), bytes(24))]
)
def test_an_empty_password(make: Make, oem: bytes, unicode: bytes) -> None:
    """Nothing, a null, or the 24 zeros of a Wii, in the forms without tokens."""
    empty = Account.with_password("open", "")
    server = make(accounts=accounts(empty, Account.with_password(USER, PASSWORD), plain=False))
    client = server.client()
    client.negotiate()
    assert setup(client, "open", oem, unicode) == 0
    assert client.connect("public").create("a.txt")
    assert setup(client, USER, oem, unicode) == NT.LOGON_FAILURE
    assert setup(client, "open", des_long(lm_hash("") or b"", CHALLENGE)) == 0
    assert setup(client, "open", des_long(lm_hash("x") or b"", CHALLENGE)) == NT.LOGON_FAILURE


@pytest.mark.parametrize(
    ("oem", "unicode"), [(b"", b""), (b"\0", b""), (bytes(24), b""), (bytes(24), bytes(24))]
)
def test_a_client_without_a_name(make: Make, oem: bytes, unicode: bytes) -> None:
    """A null session where there are no guests, a guest where there are."""
    for guest, anonymous, status in ((Guest.OFF, True, NT.ACCESS_DENIED), (Guest.READ_WRITE, False, 0)):
        server = make(accounts=accounts(guest=guest, anonymous=anonymous, plain=False))
        client = server.client()
        client.negotiate()
        assert setup(client, "", oem, unicode) == 0
        client.connect("IPC$")
        client.send(0x75, TreeConnectAndxRequest(path="\\\\S\\public"))
        assert client.answer().header.status == status


# -- share level -------------------------------------------------------------------------------------------


def share_level(make: Make, *, plain_text: bool = False, **keys: Any) -> InMemoryServer:
    return make(
        settings=settings(security="share", plain_text=plain_text, **keys.pop("more", {})),
        accounts=accounts(plain=plain_text, **keys),
        passwords={
            "public": SharePasswords("public", FULL, LOOK),
            "docs": SharePasswords("docs", None, LOOK),
        },
    )


def lm(password: str) -> bytes:
    return des_long(lm_hash(password) or b"", CHALLENGE)


def ntlm(password: str) -> bytes:
    return des_long(nt_hash(password), CHALLENGE)


def attach(client: Client, share: str, password: bytes = b"\0") -> int:
    client.send(0x75, TreeConnectAndxRequest(password=password, path=f"\\\\S\\{share}"), tid=0)
    answer = client.answer()
    client.tid = answer.header.tid
    return answer.header.status


def may_write(client: Client) -> bool:
    """Whether a file can be made, in the connected tree."""
    if client.connection.protocol < Protocol.NT1:
        client.send(0x03, CreateRequest(file_attributes=0, creation_time=0, file_name="new.txt"))
        return client.answer().header.status == 0
    client.send(
        0xA2,
        NtCreateAndxRequest(
            desired_access=0x12019F, share_access=7, create_disposition=5, file_name="new.txt"
        ),
    )
    status = client.answer().header.status
    assert status in (0, NT.ACCESS_DENIED, 0x00050001)
    return status == 0


def test_share_level_is_told_in_the_negotiate(make: Make) -> None:
    client = share_level(make).client()
    client.flags2 |= Flags2.EXTENDED_SECURITY
    client.send(0x72, NegotiateRequest((Dialect.NT_LM,)))
    answer = client.answer()
    assert not answer.header.flags2 & Flags2.EXTENDED_SECURITY  # what nmap goes by
    said = answer.body(NegotiateNtResponse)
    assert said.security_mode == SecurityMode.ENCRYPT_PASSWORDS
    assert said.challenge == CHALLENGE
    both = share_level(make, plain_text=True).client().negotiate()
    assert (both.security_mode, both.challenge) == (0, b"")


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("response", [lm, ntlm])
def test_a_response_opens_a_share(make: Make, response: Any, signed_in: bool) -> None:
    server = share_level(make)
    client = server.client()
    client.negotiate()
    if signed_in:
        assert setup_action(client, "DOSUSER") == 0  # Windows 98 calls nobody a guest
    client.uid = 0x1234  # says nothing
    assert attach(client, "public", response(FULL)) == 0
    assert may_write(client)
    assert attach(client, "public", response(LOOK)) == 0
    assert not may_write(client)
    assert client.read(client.create("a.txt", access=0x120089))
    assert attach(client, "public", response("other")) == NT.WRONG_PASSWORD
    assert attach(client, "docs", response(FULL)) == NT.WRONG_PASSWORD
    assert attach(client, "docs", response(LOOK)) == 0
    assert not may_write(client)
    assert attach(client, "c$") == 0  # has no password
    assert may_write(client)


def test_case_tells_nothing_in_lm_and_much_in_ntlm(make: Make) -> None:
    client = share_level(make).client()
    client.negotiate()
    assert attach(client, "public", lm(FULL.upper())) == 0
    assert attach(client, "public", ntlm(FULL.upper())) == NT.WRONG_PASSWORD


def test_who_gives_no_password_is_told_dos_clients_error(make: Make) -> None:
    """ERRSRV/ERRbadpw makes them ask for one. It is no wrong password."""
    server = share_level(make)
    client = server.client()
    client.negotiate()
    client.flags2 &= ~Flags2.NT_STATUS
    assert attach(client, "public") == 0x00020002
    assert attach(client, "public", b"") == 0x00020002
    assert len(server.server.attempts) == 0


def test_responses_that_accept_does_not_name(make: Make) -> None:
    server = share_level(make, forms=frozenset({Form.NTLMV2, Form.LMV2}))
    client = server.client()
    client.negotiate()
    assert attach(client, "public", lm(FULL)) == NT.WRONG_PASSWORD
    assert "accept" not in events(server, SignInRefused)[-1].reason  # it may have been LMv2
    assert attach(client, "public", FULL.encode() + b"\0") == NT.WRONG_PASSWORD
    assert "plain_text" in events(server, SignInRefused)[-1].reason
    only_lm = share_level(make, forms=frozenset({Form.LM}))
    client = only_lm.client()
    client.negotiate()
    assert attach(client, "public", bytes(40) + b"x") == NT.WRONG_PASSWORD
    assert "accept" in events(only_lm, SignInRefused)[-1].reason
    assert len(only_lm.server.attempts) == 0


@pytest.mark.parametrize(
    "password",
    [FULL.encode() + b"\0", FULL.encode(), FULL.upper().encode(), FULL.encode().ljust(24, b"\0")],
)
def test_a_password_in_plain_text_opens_a_share(make: Make, password: bytes) -> None:
    client = share_level(make, plain_text=True).client()
    client.negotiate()
    assert attach(client, "public", password) == 0
    assert may_write(client)
    assert attach(client, "public", LOOK.encode()) == 0
    assert not may_write(client)
    assert attach(client, "public", (FULL + "\0").encode("utf-16-le")) == 0
    assert attach(client, "public", b"wrong") == NT.WRONG_PASSWORD


def test_tree_connect_of_dos(make: Make) -> None:
    client = share_level(make, plain_text=True).client()
    client.negotiate()
    client.flags2 = 0
    client.uid = 0
    client.tid = client.call(
        0x70, TreeConnectRequest("\\\\S\\PUBLIC", FULL.upper(), "A:"), TreeConnectResponse
    ).tid
    assert may_write(client)
    with pytest.raises(SMBError) as error:
        client.call(0x70, TreeConnectRequest("\\\\S\\PUBLIC", "wrong", "A:"), TreeConnectResponse)
    assert error.value.status == 0x00020002


def test_a_session_setup_and_a_tree_connect_in_one_message(make: Make) -> None:
    """As the DOS client has it, with a UID of its own choice."""
    server = share_level(make)
    client = server.client()
    client.negotiate()
    client.uid = 1
    client.send(
        0x73,
        SessionSetupLanmanRequest(password=b"\0", account_name="DOSUSER"),
        (0x75, TreeConnectAndxRequest(password=lm(FULL), path="\\\\S\\public", service="A:")),
    )
    answer = client.answer()
    assert answer.header.status == 0
    answer.chained([SessionSetupAndxResponse, TreeConnectAndxResponse])
    client.uid, client.tid = 0, answer.header.tid
    assert may_write(client)
    assert [one.user for one in events(server, SignedIn)] == ["DOSUSER"]


def test_trees_stay_when_a_client_says_its_name_or_leaves(make: Make) -> None:
    client = share_level(make).client()
    client.negotiate()
    assert attach(client, "public", lm(FULL)) == 0
    fid = client.create("a.txt")
    assert setup(client, "carol") == 0
    assert client.read(fid)
    client.send(0x74, LogoffAndxRequest())
    assert client.answer().header.status == 0
    with pytest.raises(SMBError):
        client.read(fid)
    client.uid = 0
    assert attach(client, "public", lm(LOOK)) == 0
    assert client.read(client.create("a.txt", access=0x120089))


def test_wrong_share_passwords_slow_down_and_lock_out(make: Make) -> None:
    more = {
        "limits": Limits(wrong_passwords=2, lock_out_after=3, waiting_sign_ins=1),
        "timing": Timing(lock_out=60.0),
    }
    server = share_level(make, more=more)
    client = server.client()
    client.negotiate()
    for _ in range(2):
        assert attach(client, "public", lm("guess")) == NT.WRONG_PASSWORD
    client.send(0x75, TreeConnectAndxRequest(password=lm(FULL), path="\\\\S\\public"))
    assert client.answers() == []
    other = server.client()
    other.negotiate()
    assert attach(other, "c$") == 0  # nobody has to wait for a share without a password
    assert attach(other, "public", lm(FULL)) == NT.LOGON_FAILURE  # more wait than may
    server.clock.advance(1)
    assert client.answer().header.status == 0
    assert attach(client, "public", lm("guess")) == NT.WRONG_PASSWORD
    assert attach(client, "public", lm(FULL)) == NT.ACCOUNT_LOCKED_OUT
    assert attach(client, "docs", lm(LOOK)) == NT.ACCOUNT_LOCKED_OUT
    server.clock.advance(60)
    assert attach(client, "public", lm(FULL)) == 0
    server.sink.events[:] = [one for one in server.sink.events if not isinstance(one, Problem)]


def test_passwords_are_shown_nowhere() -> None:
    assert FULL not in repr(SharePasswords("public", FULL, LOOK))


# -- core clients at user level ----------------------------------------------------------------------------


def core(server: InMemoryServer, name: str = "BOB") -> Client:
    """A client of a dialect without session setups, as which its machine calls itself `name`."""
    client = server.client()
    client.flags2 = 0
    client.connection.calling_name = name
    assert client.call(0x72, NegotiateRequest((Dialect.CORE,)), NegotiateCoreResponse).dialect_index == 0
    return client


def attach_core(client: Client, share: str, password: str = "") -> int:
    client.send(0x70, TreeConnectRequest(f"\\\\S\\{share}", password, "A:" if share != "IPC$" else "IPC"))
    answer = client.answer()
    if not answer.header.status:
        client.tid = answer.body(TreeConnectResponse).tid
    return answer.header.status


BAD_PASSWORD = 0x00020002


def test_a_core_client_signs_in_by_its_tree_connects(make: Make) -> None:
    bob = Account.with_password("bob", "Mousepad")
    server = make(settings=settings(plain_text=True), accounts=accounts(bob))
    client = core(server)
    assert attach_core(client, "public") == BAD_PASSWORD
    assert attach_core(client, "public", "wrong") == BAD_PASSWORD
    assert attach_core(client, "public", "MOUSEPAD") == 0
    client.uid = 77  # says nothing
    assert may_write(client)
    first = client.tid
    assert attach_core(client, "c$", "Mousepad") == 0
    assert may_write(client)
    assert attach_core(client, "nowhere", "Mousepad") == 0x00060002  # ERRinvnetname
    assert [(one.user, one.kind, one.protection) for one in events(server, SignedIn)] == [
        ("bob", "user", "plain text")
    ]
    client.tid = first
    assert may_write(client)
    assert len(list(client.connection.sessions)) == 1


def test_a_core_client_where_plain_text_is_off(make: Make) -> None:
    bob, free = Account.with_password("bob", "Mousepad"), Account.with_password("free", "")
    server = make(accounts=accounts(bob, free, plain=False))
    assert attach_core(core(server), "public", "Mousepad") == BAD_PASSWORD
    assert "plain_text" in events(server, SignInRefused)[-1].reason
    assert attach_core(core(server, "FREE"), "public") == 0
    assert attach_core(core(server, "DOSBOX"), "public", "x") == BAD_PASSWORD
    assert "Mousepad" not in str(events(server, SignInRefused))


@pytest.mark.parametrize("name", ["DOSBOX", ""])
def test_a_core_client_is_a_guest_where_there_are_guests(make: Make, name: str) -> None:
    server = make(accounts=accounts(guest=Guest.READ_ONLY, anonymous=False, plain=False))
    client = core(server, name)
    assert attach_core(client, "public", "x") == 0
    assert not may_write(client)
    assert attach_core(client, "IPC$") == 0


def test_a_core_client_without_a_name(make: Make) -> None:
    """It may connect to IPC$, as who has no name; the log says what it lacks."""
    server = make(settings=settings(plain_text=True), accounts=accounts())
    client = core(server, "")
    assert attach_core(client, "public", "x") == BAD_PASSWORD
    assert "NetBIOS name" in events(server, SignInRefused)[-1].reason
    assert attach_core(client, "public") == 0x00050001  # ERRnoaccess
    assert attach_core(client, "IPC$") == 0


def test_a_core_client_at_share_level(make: Make) -> None:
    client = core(share_level(make, plain_text=True), "")
    assert attach_core(client, "public", LOOK) == 0
    assert not may_write(client)
    assert attach_core(client, "c$") == 0
    assert may_write(client)


def test_wrong_passwords_of_core_clients_count(make: Make) -> None:
    bob = Account.with_password("bob", "Mousepad")
    limits = Limits(wrong_passwords=2)
    server = make(settings=settings(plain_text=True, limits=limits), accounts=accounts(bob))
    client = core(server)
    for _ in range(2):
        assert attach_core(client, "public", "guess") == BAD_PASSWORD
    client.send(0x70, TreeConnectRequest("\\\\S\\public", "Mousepad", "A:"))
    assert client.answers() == []
    server.clock.advance(1)
    assert client.answer().header.status == 0
    server.sink.events[:] = [one for one in server.sink.events if not isinstance(one, Problem)]


def test_tree_connect_of_other_dialects_wants_a_session(make: Make) -> None:
    client = make().client()
    client.negotiate()
    client.flags2 = 0
    assert attach_core(client, "public") == 0x005B0002  # ERRbaduid


def test_a_tree_connect_of_dos_is_use_of_its_session(server: InMemoryServer) -> None:
    """A connection is not taken for idle that connects by this command alone."""
    client = server.client()
    client.negotiate()
    client.sign_in()
    (session,) = client.connection.sessions
    session.last_used = 0.0
    client.flags2 = 0
    assert attach_core(client, "public") == 0
    assert session.last_used >= session.began


# -- any bytes ---------------------------------------------------------------------------------------------


def fields(dice: Random) -> bytes:
    """What may stand in a field of a password: of any length, with nulls, halves of characters, other passwords."""
    kind = dice.randrange(4)
    if kind == 0:
        return dice.randbytes(dice.choice((0, 1, 2, 3, 23, 24, 25, 48, 600)))
    if kind == 1:
        return bytes(dice.randrange(30))
    text = dice.choice((LOOK[:-1], "Lo", "\ud800x", "é" * dice.randrange(300)))
    made = text.encode("utf-16-le", "surrogatepass") if kind == 2 else text.encode("cp850", "replace")
    return made[dice.randrange(2) :] + b"\0" * dice.randrange(3)


@pytest.mark.parametrize("dialect", [Dialect.NT_LM, Dialect.LANMAN21, Dialect.CORE])
@pytest.mark.parametrize("security", ["user", "share"])
def test_any_bytes_for_a_password_are_answered_once(make: Make, security: str, dialect: str) -> None:
    """And never let in: none of them is the password. Nothing raises, and nothing is left."""
    dice = Random(f"{security} {dialect}")
    server = make(
        settings=settings(plain_text=True, security=security, timing=Timing(wrong_password=0)),
        accounts=accounts(Account.with_password("bob", "Mousepad")),
        passwords={"public": SharePasswords("public", FULL, LOOK)},
    )
    client = server.client()
    client.connection.calling_name = "BOB"
    client.send(0x72, NegotiateRequest((dialect,)))
    client.answer()
    for _ in range(150):
        client.flags2 = dice.choice((0, Flags2.UNICODE, Flags2.UNICODE | Flags2.NT_STATUS))
        client.uid = client.tid = dice.randrange(0x10000)
        one, two = fields(dice), fields(dice)
        path = dice.choice(("\\\\S\\public", "public", "", "\\", "//S/public"))
        command, body = dice.choice(
            [
                (0x73, SessionSetupPlainRequest(oem_password=one, unicode_password=two, account_name="bob")),
                (0x73, SessionSetupLanmanRequest(password=one, account_name="bob")),
                (0x75, TreeConnectAndxRequest(password=one, path=path)),
                (0x70, TreeConnectRequest(path, one.decode("latin-1").replace("\0", ""), "?????")),
            ]
        )
        client.send(command, body)
        status = client.answer().header.status
        assert status or (security == "share" and command == 0x73)
    assert len(client.connection.trees) == 0
    client.lost()
    assert server.problems == []


def test_a_response_in_the_tree_connect_of_dos(make: Make) -> None:
    client = share_level(make).client()
    client.negotiate()
    client.flags2 = 0
    response = lm(FULL)
    assert 0 not in response
    assert attach_core(client, "public", response.decode("cp850")) == 0
    assert attach_core(client, "public", lm("other").decode("cp850")) == BAD_PASSWORD
