"""Tokens of sign-ins, to their last byte: NTLMSSP, SPNEGO, Kerberos; and what of them is hidden."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.record.events import Exchanged, Shown
from fakesmb.trace.field import Field, Tree
from fakesmb.trace.ntlmssp import token_fields
from fakesmb.trace.secretspans import secret_spans
from fakesmb.trace.spnego import security_blob
from fakesmb.trace.trees import as_json, trees
from fakesmb.wire import der, ntlmssp
from fakesmb.wire.codec import Body
from fakesmb.wire.commands import Command
from fakesmb.wire.files import WriteAndxRequest
from fakesmb.wire.negotiate import NegotiateExtendedResponse
from fakesmb.wire.session import (
    LogoffAndxRequest,
    SessionSetupExtendedRequest,
    SessionSetupLanmanRequest,
    SessionSetupPlainRequest,
)
from fakesmb.wire.spnego import initial_token
from fakesmb.wire.tree import TreeConnectAndxRequest, TreeConnectRequest
from tests.core import transcript
from tests.record.test_dissect import exchange, message, transcript_exchanges
from tests.trace.treechecks import check, everything, found, leaves

PROOF = bytes(range(0x80, 0x90))
NONCE = bytes(range(0xA0, 0xA8))
KEY = bytes(range(0xC0, 0xD0))
MIC = bytes(range(0xE0, 0xF0))
PAIRS = ntlmssp.av_pairs(
    [
        (ntlmssp.Av.DOMAIN, "GTSC".encode("utf-16-le")),
        (ntlmssp.Av.TIMESTAMP, (126_567_000_000_000_000).to_bytes(8, "little")),
        (ntlmssp.Av.FLAGS, b"\2\0\0\0"),
        (ntlmssp.Av.SINGLE_HOST, (48).to_bytes(4, "little") + bytes(44)),
        (ntlmssp.Av.CHANNEL_BINDINGS, bytes(16)),
        (0x77, b"new"),
    ]
)
BLOB = (
    b"\1\1\0\0\0\0\0\0"
    + (126_567_000_000_000_000).to_bytes(8, "little")
    + NONCE
    + bytes(4)
    + PAIRS
    + bytes(4)
)


def authenticate(nt: bytes = PROOF + BLOB, lm: bytes = PROOF + NONCE, mic: bytes = MIC) -> bytes:
    """An AUTHENTICATE_MESSAGE as Windows puts it together."""
    names = ["GTSC".encode("utf-16-le"), "alice".encode("utf-16-le"), "PC".encode("utf-16-le")]
    at = 72 + len(mic)
    slots = b""
    payload = b""
    for value in (lm, nt, *names, KEY):
        slots += len(value).to_bytes(2, "little") * 2 + (at + len(payload)).to_bytes(4, "little")
        payload += value
    flags = (0xE2888215).to_bytes(4, "little")
    version = b"\5\1\x28\x0a\0\0\0\x0f"
    return b"NTLMSSP\0\3\0\0\0" + slots + flags + version + mic + payload


def wrapped(token: bytes) -> bytes:
    """The token in the NegTokenResp of a client."""
    inner = der.element(der.context(2), der.element(der.OCTET_STRING, token))
    mic = der.element(der.context(3), der.element(der.OCTET_STRING, MIC))
    return der.element(der.context(1), der.element(der.SEQUENCE, inner, mic))


def request(body: Body, command: int = Command.SESSION_SETUP_ANDX) -> Exchanged:
    return exchange(message(command, body), shown=Shown.REQUEST)


def sign_in(blob: bytes) -> Exchanged:
    return request(SessionSetupExtendedRequest(security_blob=blob, native_os="Windows"))


def in_all(field: Field) -> Iterator[Field]:
    return everything([field])


class TestNtlmssp:
    def test_each_field_of_the_third_message_is_named(self) -> None:
        data = authenticate()
        token = token_fields(data, 0, len(data))
        assert (token.name, token.section, token.size) == (
            "AUTHENTICATE_MESSAGE",
            "[MS-NLMP] 2.2.1.3",
            len(data),
        )
        assert [one.name for one in token.fields] == [
            "Signature",
            "MessageType",
            "LmChallengeResponseFields",
            "NtChallengeResponseFields",
            "DomainNameFields",
            "UserNameFields",
            "WorkstationFields",
            "EncryptedRandomSessionKeyFields",
            "NegotiateFlags",
            "Version",
            "MIC",
            "LmChallengeResponse",
            "NtChallengeResponse",
            "DomainName",
            "UserName",
            "Workstation",
            "EncryptedRandomSessionKey",
        ]
        told = {one.name: one for one in in_all(token)}
        assert told["UserName"].value == "alice"
        assert "NTLMSSP_NEGOTIATE_KEY_EXCH" in told["NegotiateFlags"].meaning
        assert told["Version"].meaning == "Windows 5.1.2600, NTLMSSP_REVISION_W2K3"
        assert told["TimeStamp"].meaning.endswith(" UTC")
        assert told["NTLMv2_CLIENT_CHALLENGE"].section == "[MS-NLMP] 2.2.2.7"

    def test_each_kind_of_pair_says_what_it_is(self) -> None:
        data = authenticate()
        pairs = [one.meaning for one in in_all(token_fields(data, 0, len(data))) if one.name == "AV_PAIR"]
        assert pairs[0] == "MsvAvNbDomainName: GTSC"
        assert pairs[1].startswith("MsvAvTimestamp: 2002-01-")
        assert pairs[2] == "MsvAvFlags: the message has a MIC"
        assert pairs[3] == "MsvAvSingleHost: Single_Host_Data"
        assert pairs[4] == "MsvAvChannelBindings: 00000000000000000000000000000000"
        assert pairs[5:] == ["AvId 119: 6e6577", "MsvAvEOL"]

    def test_a_pair_beyond_its_list_is_unread(self) -> None:
        data = authenticate(PROOF + BLOB[:28] + b"\2\0\x20\0ab")
        told = [one for one in in_all(token_fields(data, 0, len(data))) if one.name == "Unread"]
        assert [one.size for one in told] == [6]
        assert told[0].secret

    def test_the_other_messages_of_the_documented_exchange(self) -> None:
        told = [
            (tree, one.name)
            for tree in session_setups("documented_spnego")
            for one in everything(tree.fields)
            if one.name.endswith("_MESSAGE")
        ]
        assert [name for _, name in told] == [
            "NEGOTIATE_MESSAGE",
            "CHALLENGE_MESSAGE",
            "AUTHENTICATE_MESSAGE",
        ]
        challenge = told[1][0]
        assert found(challenge, "TargetInfo").fields[0].name == "AV_PAIR"
        assert found(challenge, "ServerChallenge").note

    @pytest.mark.parametrize("size", [12, 16, 32, 40, 51])
    def test_short_messages_of_old_systems(self, size: int) -> None:
        """Windows 9x ends a message before the session key, some clients after the flags."""
        for kind in (1, 2, 3):
            data = b"NTLMSSP\0" + bytes((kind, 0, 0, 0)) + bytes(size - 12)
            token = token_fields(data, 0, size)
            assert sum(one.size for one in leaves([token])) == size

    def test_an_anonymous_sign_in_says_that_null_is_nobody(self) -> None:
        data = b"NTLMSSP\0\3\0\0\0" + bytes(48) + (0x800).to_bytes(4, "little")
        told = {one.name: one for one in in_all(token_fields(data, 0, len(data)))}
        assert told["UserName"].meaning == "NULL"
        assert "anonymous" in told["UserName"].note

    def test_what_is_no_message_is_a_secret(self) -> None:
        for data in (b"NTLMSSP\0\7\0\0\0" + bytes(80), b"NTLMSSP", b"x" * 40):
            (one,) = in_all(token_fields(data, 0, len(data)))
            assert (one.name, one.secret) == ("Unread", True)

    def test_a_response_is_labelled_and_all_of_it_hidden(self) -> None:
        (tree,) = trees(sign_in(authenticate()))
        response = found(tree, "NtChallengeResponse")
        assert found(tree, "NTLMv2_CLIENT_CHALLENGE", "TimeStamp").meaning == "hidden"
        assert {one.value for one in leaves([response])} == {None}
        assert found(tree, "NtChallengeResponse", "AV_PAIR").meaning == "MsvAvNbDomainName"

    def test_a_response_of_ntlm2_session_is_a_nonce(self) -> None:
        data = authenticate(PROOF + KEY[:8], NONCE + bytes(16), b"")
        told = {one.name: one for one in in_all(token_fields(data, 0, len(data)))}
        assert told["ClientChallenge"].value == NONCE.hex()
        assert told["ClientChallenge"].secret


class TestSpnego:
    def test_the_layers_have_their_names(self) -> None:
        (tree,) = trees(sign_in(wrapped(authenticate())))
        check(tree)
        resp = found(tree, "SecurityBlob", "NegTokenResp")
        assert resp.section == "[RFC 4178] 4.2.2"
        assert found(tree, "responseToken", "AUTHENTICATE_MESSAGE").size == len(authenticate())

    def test_a_servers_first_token_has_hints(self) -> None:
        body = NegotiateExtendedResponse(
            dialect_index=5, capabilities=1 << 31, server_guid=bytes(16), security_blob=initial_token()
        )
        (tree,) = trees(exchange(b"", message(Command.NEGOTIATE, body, reply=True), shown=Shown.REPLY))
        check(tree)
        assert found(tree, "NegHints").section == "[MS-SPNG] 2.2.1"
        assert found(tree, "MechType").meaning == "NTLMSSP"

    def test_a_servers_first_token_holds_no_secret_whatever_its_mechanism(self) -> None:
        blob = (
            b"\x60"
            + der.element(
                0x60,
                bytes.fromhex("06062b0601050502"),
                der.element(
                    der.context(0),
                    der.element(
                        der.SEQUENCE,
                        der.element(der.context(2), der.element(der.OCTET_STRING, b"NEGOEXTS" + bytes(8))),
                    ),
                ),
            )[1:]
        )
        body = NegotiateExtendedResponse(
            dialect_index=5, capabilities=1 << 31, server_guid=bytes(16), security_blob=blob
        )
        (tree,) = trees(exchange(b"", message(Command.NEGOTIATE, body, reply=True), shown=Shown.REPLY))
        assert found(tree, "mechToken", "Value").value == (b"NEGOEXTS" + bytes(8)).hex()

    def test_kerberos_shows_its_outer_layers(self) -> None:
        blob = kerberos_blob()
        one = security_blob("SecurityBlob", blob, 0, len(blob))
        told = {field.name: field for field in in_all(one)}
        assert told["thisMech"].meaning == "Kerberos"
        assert told["msg-type"].meaning == "KRB_AP_REQ"
        assert told["realm"].meaning == "EXAMPLE.ORG"
        assert [field.value for field in in_all(one) if field.secret] == [PROOF.hex()] * 2

    @pytest.mark.parametrize("times", [3, 8, 2000])
    def test_tokens_in_tokens_are_looked_into_so_far(self, times: int) -> None:
        deep = authenticate()
        for _ in range(times):
            deep = wrapped(deep)
        (tree,) = trees(sign_in(deep[:65000]))
        check(tree)
        for secret in (PROOF, KEY, MIC):
            assert secret not in tree.buffers[0]
        assert any(one.name == "AUTHENTICATE_MESSAGE" for one in everything(tree.fields)) == (times == 3)

    @pytest.mark.parametrize(
        ("mic", "expected"),
        [(b"\1\0\0\0" + MIC[:8] + bytes(4), ["Version", "Checksum", "SeqNum"]), (MIC, ["Value"]), (b"", [])],
    )
    def test_a_mic_is_labelled_and_hidden(self, mic: bytes, expected: list[str]) -> None:
        blob = der.element(
            der.context(1),
            der.element(der.SEQUENCE, der.element(der.context(3), der.element(der.OCTET_STRING, mic))),
        )
        (tree,) = trees(sign_in(blob))
        told = list(leaves([found(tree, "mechListMIC", "OCTET STRING")]))[2:]
        assert [one.name for one in told] == expected
        assert {one.value for one in told} <= {None}

    @given(st.binary(max_size=120))
    def test_any_blob_has_its_fields(self, blob: bytes) -> None:
        for data in (blob, wrapped(blob), b"\x60" + blob, b"\xa1\x20" + blob):
            field = security_blob("SecurityBlob", data, 0, len(data))
            assert sum(one.size for one in leaves([field])) == len(data)


def kerberos_blob() -> bytes:
    def tagged(number: int, *contents: bytes) -> bytes:
        return der.element(der.context(number), *contents)

    def integer(value: int) -> bytes:
        return der.element(0x02, bytes((value,)))

    def string(text: str) -> bytes:
        return der.element(der.GENERAL_STRING, text.encode())

    cipher = der.element(
        der.SEQUENCE, tagged(0, integer(23)), tagged(2, der.element(der.OCTET_STRING, PROOF))
    )
    name = der.element(
        der.SEQUENCE,
        tagged(0, integer(2)),
        tagged(1, der.element(der.SEQUENCE, string("cifs"), string("server"))),
    )
    ticket = der.element(
        0x61,
        der.element(
            der.SEQUENCE,
            tagged(0, integer(5)),
            tagged(1, string("EXAMPLE.ORG")),
            tagged(2, name),
            tagged(3, cipher),
        ),
    )
    request = der.element(
        0x6E,
        der.element(
            der.SEQUENCE,
            tagged(0, integer(5)),
            tagged(1, integer(14)),
            tagged(2, der.element(0x03, b"\0\x20\0\0\0")),
            tagged(3, ticket),
            tagged(4, cipher),
        ),
    )
    oid = der.element(der.OBJECT_IDENTIFIER, bytes.fromhex("2a864886f712010202"))
    return der.element(der.APPLICATION_0, oid, b"\1\0" + request)


class TestSecrets:
    SIGN_INS = pytest.mark.parametrize(
        "one",
        [
            sign_in(authenticate()),
            sign_in(wrapped(authenticate())),
            sign_in(authenticate(PROOF + KEY[:8], MIC + PROOF[:8], b"")),
            sign_in(authenticate(PROOF * 2, MIC, b"")),
            sign_in(b"\x60" + wrapped(PROOF)),
            sign_in(KEY + PROOF),
            request(SessionSetupPlainRequest(oem_password=PROOF + NONCE, unicode_password=PROOF + BLOB)),
            request(SessionSetupPlainRequest(oem_password=PROOF + NONCE, unicode_password=PROOF + NONCE)),
            request(SessionSetupLanmanRequest(password=PROOF)),
            request(TreeConnectAndxRequest(password=PROOF, path="A"), Command.TREE_CONNECT_ANDX),
            request(
                TreeConnectRequest(path="A", password="".join(map(chr, range(65, 81))), service="A:"),
                Command.TREE_CONNECT,
            ),
        ],
        ids=lambda one: "",
    )
    SECRETS = (PROOF, NONCE, KEY, MIC, bytes(range(65, 81)), PAIRS)

    @SIGN_INS
    def test_they_are_nowhere_in_a_tree(self, one: Exchanged) -> None:
        (tree,) = trees(one)
        check(tree)
        assert any(field.secret for field in everything(tree.fields))
        told = str(as_json(tree))
        for secret in self.SECRETS:
            assert secret not in tree.buffers[0]
            assert secret.hex() not in told
            assert repr(secret)[2:-1] not in told

    @SIGN_INS
    def test_they_are_there_for_who_asks_for_them(self, one: Exchanged) -> None:
        (tree,) = trees(one, secrets=True)
        assert tree.buffers[0] == one.request
        for field in everything(tree.fields):
            assert field.meaning != "hidden"

    @SIGN_INS
    def test_a_message_cut_anywhere_gives_none_away(self, one: Exchanged) -> None:
        for size in range(len(one.request)):
            data = one.request[:size]
            for kept in (len(data), len(one.request)):
                cut = exchange(data, shown=Shown.REQUEST, request_size=kept)
                for tree in trees(cut):
                    for secret in self.SECRETS:
                        assert secret[:8] not in tree.buffers[0]

    @SIGN_INS
    def test_spans_are_what_the_tree_hides(self, one: Exchanged) -> None:
        (tree,) = trees(one)
        hidden = {
            at
            for field in leaves(tree.fields)
            if field.secret
            for at in range(field.at, field.at + field.size)
        }
        assert hidden == {
            at for begins, size in secret_spans(one.request) for at in range(begins, begins + size)
        }
        data = bytearray(one.request)
        for at, size in secret_spans(one.request):
            data[at : at + size] = bytes(size)
        assert bytes(data) == tree.buffers[0]

    def test_other_commands_hold_none(self) -> None:
        for path in sorted(transcript.FOLDER.glob("*.smb")):
            for one, _ in transcript_exchanges(path):
                data = one.request if one.shown == Shown.REQUEST else one.reply
                (tree,) = trees(one)
                hidden = [f for f in leaves(tree.fields) if f.secret and f.size]
                spans = secret_spans(data, share=one.share)
                assert sum(size for _, size in spans) == sum(f.size for f in hidden)

    def test_a_chain_that_signs_in_later_is_looked_into(self) -> None:
        data = message(
            Command.LOGOFF_ANDX,
            LogoffAndxRequest(),
            SessionSetupPlainRequest(oem_password=PROOF, account_name="alice"),
            codes=(Command.SESSION_SETUP_ANDX,),
        )
        ((at, size),) = secret_spans(data)
        assert data[at : at + size] == PROOF

    def test_a_token_in_a_pipe_is_found_without_its_share(self) -> None:
        body = WriteAndxRequest(fid=0x4000, data=b"\5\0\x10\3" + bytes(24) + authenticate() + b"more")
        data = message(Command.WRITE_ANDX, body)
        hidden = bytearray(data)
        for at, size in secret_spans(data):
            hidden[at : at + size] = bytes(size)
        for secret in (PROOF, NONCE, KEY, MIC):
            assert secret not in hidden
        assert hidden.endswith(b"more")
        assert secret_spans(data, share="public") == []

    @given(st.binary(max_size=300), st.sampled_from(list(Command)), st.booleans())
    def test_any_bytes_are_taken(self, rest: bytes, command: int, pipe: bool) -> None:
        for at, size in secret_spans(b"\xffSMB" + bytes((command,)) + rest, share="IPC$" if pipe else ""):
            assert 0 <= at < at + size <= len(rest) + 5


def session_setups(name: str) -> Iterator[Tree]:
    for one, _ in transcript_exchanges(Path(transcript.FOLDER / f"{name}.smb")):
        data = one.request if one.shown == Shown.REQUEST else one.reply
        if data[4] == Command.SESSION_SETUP_ANDX:
            yield from trees(one)
