"""Tokens of Kerberos as trees: every byte has its field, and what is sealed is hidden."""

import pytest

from fakesmb.auth.accounts import Accounts
from fakesmb.auth.kerberos import KerberosAcceptor
from fakesmb.trace.spnego import security_blob
from fakesmb.trace.trees import trees
from fakesmb.wire.spnego import NegTokenResp
from tests.auth.tickets import (
    KERBEROS,
    MICROSOFTS,
    NTLMSSP,
    Ticket,
    client_mic,
    init,
    kerberos_of,
    new_key,
    service_key,
)
from tests.trace.test_tokens import in_all, sign_in
from tests.trace.treechecks import check, everything, leaves

NOW = 1_700_000_000.0
KEY = new_key()
TICKET = Ticket(KEY, NOW)
MECHANISMS = (MICROSOFTS, KERBEROS, NTLMSSP)


def answer(late: float = 0) -> bytes:
    acceptor = KerberosAcceptor(kerberos_of(service_key(KEY)), Accounts(), lambda: NOW)
    return NegTokenResp(1, b"", acceptor.step(TICKET.token(late=late))[0]).encode()


BLOBS = {
    "AP-REQ": init(MECHANISMS, TICKET.token()),
    "AP-REP": answer(),
    "KRB-ERROR": answer(late=1000),
    "bare": TICKET.token(),
    "MIC": NegTokenResp(mic=client_mic(KEY, 0, MECHANISMS)).encode(),
}


@pytest.mark.parametrize("blob", BLOBS.values(), ids=BLOBS)
def test_every_byte_has_its_field(blob: bytes) -> None:
    one = security_blob("SecurityBlob", blob, 0, len(blob))
    assert sum(field.size for field in leaves([one])) == len(blob)
    assert not [field for field in in_all(one) if field.name in ("Unread", "Element")]


@pytest.mark.parametrize("name", ["AP-REQ", "AP-REP", "bare", "MIC"])
def test_what_is_sealed_is_hidden(name: str) -> None:
    """The ticket and the authenticator, the proof of the server, the signature: whoever had them could try keys."""
    blob = BLOBS[name]
    one = security_blob("SecurityBlob", blob, 0, len(blob))
    hidden = [blob[field.at : field.at + field.size] for field in leaves([one]) if field.secret]
    assert len(hidden) == (2 if name in ("AP-REQ", "bare") else 1)
    (tree,) = trees(sign_in(blob))
    check(tree)
    for secret in hidden:
        assert len(secret) >= 12
        assert secret not in tree.buffers[0]
        assert secret.hex() not in str([field.value for field in everything(tree.fields)])


def test_an_error_says_which() -> None:
    blob = BLOBS["KRB-ERROR"]
    found = list(in_all(security_blob("SecurityBlob", blob, 0, len(blob))))
    assert "KRB_AP_ERR_SKEW" in [field.meaning for field in found]
    assert "e-data" in [field.name for field in found]
