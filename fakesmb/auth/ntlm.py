"""Whether a client knows the password: LM, NTLMv1, NTLM2 session, LMv2 and NTLMv2 responses ([MS-NLMP] 3.3).

The order in which the two response fields are believed is that of Windows and Samba: the NT ("case
sensitive") field decides when it holds a response in a form that the accounts allow, the LM ("case
insensitive") field is looked at otherwise.
"""

import hashlib
from hmac import compare_digest
from typing import Final, NamedTuple

from fakesmb.auth.accounts import Account, Accounts, Form, Guest, Identity
from fakesmb.auth.attempts import UncountedError
from fakesmb.auth.hashes import des_long, hmac_md5, ntowf_v2, upper
from fakesmb.nt.names import MOST_REMEMBERED, remembered
from fakesmb.nt.status import BAD_PASSWORD, NT, SMBError
from fakesmb.wire.codec import Buffer

V1_SIZE: Final = 24
"""Bytes of an LM, NTLMv1 or LMv2 response; a longer NT response is NTLMv2."""
CHALLENGE_SIZE: Final = 8
PROOF_SIZE: Final = 16

NO_KEY: Final = bytes(16)
"""The session key of guest and anonymous, as far as NTLMSSP needs one ([MS-NLMP] 3.2.5.1.2)."""


class Claim(NamedTuple):
    """Who a client says it is. Text as the client wrote it: the hashes depend on it."""

    user: str
    domain: str = ""
    workstation: str = ""


class Proof(NamedTuple):
    """A password was proved in `form`; `key` is the SessionBaseKey, 16 bytes."""

    form: Form
    key: bytes


def prove(
    account: Account, forms: frozenset[Form], challenge: bytes, claim: Claim, lm: bytes, nt: bytes
) -> Proof | None:
    """Checks responses to `challenge` (8 bytes), no extended session security; None when they are wrong."""
    if len(nt) > V1_SIZE and Form.NTLMV2 in forms:
        return _ntlmv2(account, challenge, claim, nt)
    if len(nt) == V1_SIZE and Form.NTLMV1 in forms:
        return _ntlmv1(account, challenge, nt)
    if len(lm) != V1_SIZE:
        return None
    return _in_the_lm_field(account, forms, challenge, claim, lm)


def takes_lm(forms: frozenset[Form], lm: bytes, nt: bytes) -> bool:
    """Whether `prove` asks for the LM hash."""
    by_nt = (len(nt) > V1_SIZE and Form.NTLMV2 in forms) or (len(nt) == V1_SIZE and Form.NTLMV1 in forms)
    return Form.LM in forms and len(lm) == V1_SIZE and not by_nt


def prove_ntlm2_session(
    account: Account, forms: frozenset[Form], challenge: bytes, lm: bytes, nt: bytes
) -> Proof | None:
    """Checks an NTLMv1 response with extended session security: the client's challenge is in `lm`."""
    if Form.NTLM2_SESSION not in forms:
        return None
    both = hashlib.md5(challenge + lm[:CHALLENGE_SIZE], usedforsecurity=False).digest()
    proof = _ntlmv1(account, both[:CHALLENGE_SIZE], nt)
    return None if proof is None else Proof(Form.NTLM2_SESSION, proof.key)


def _ntlmv1(account: Account, challenge: bytes, nt: bytes) -> Proof | None:
    if compare_digest(nt, des_long(account.nt_hash, challenge)):
        return Proof(Form.NTLMV1, account.nt_session_key)
    return None


def _ntlmv2(account: Account, challenge: bytes, claim: Claim, nt: bytes) -> Proof | None:
    proof, temp = nt[:PROOF_SIZE], nt[PROOF_SIZE:]
    key = _v2_key(account, claim, challenge + temp, proof)
    return None if key is None else Proof(Form.NTLMV2, hmac_md5(key, proof))


def _v2_key(account: Account, claim: Claim, data: bytes, proof: bytes) -> bytes | None:
    """The response key under which `proof` is right.

    Clients differ in the domain that they hash: as sent, in upper case (older Samba, jcifs), or none at all
    ([MS-NLMP] 3.2.5.1.2: "clients which incorrectly use NIL for the UserDom").
    """
    for domain in dict.fromkeys((claim.domain, upper(claim.domain), "")):
        key = ntowf_v2(account.nt_hash, claim.user, domain)
        if compare_digest(proof, hmac_md5(key, data)):
            return key
    return None


def _in_the_lm_field(
    account: Account, forms: frozenset[Form], challenge: bytes, claim: Claim, lm: bytes
) -> Proof | None:
    if Form.LM in forms:
        hashed = account.lm_or_decoy
        right = compare_digest(lm, des_long(hashed, challenge))
        if right and account.lm_hash is not None:
            return Proof(Form.LM, hashed[:8] + bytes(8))
    if Form.LMV2 in forms:
        proof, client_challenge = lm[:PROOF_SIZE], lm[PROOF_SIZE:]
        key = _v2_key(account, claim, challenge + client_challenge, proof)
        if key is not None:
            return Proof(Form.LMV2, hmac_md5(key, proof))
    if Form.NTLMV1 in forms:  # Windows 9x as a pass-through server puts the NT response here
        return _ntlmv1(account, challenge, lm)
    return None


def is_anonymous(user: str, lm: bytes, nt: bytes) -> bool:
    """No name and no response: a null session. Windows sends a single NUL as the LM response, a Wii 24 of them."""
    return not user and is_nothing(lm, nt)


def is_nothing(lm: bytes, nt: bytes) -> bool:
    """Whether the fields of both responses hold none: they are empty, or all zeros."""
    return not (lm.strip(b"\0") or nt.strip(b"\0"))


def stranger(accounts: Accounts, claim: Claim, *, anonymous: bool = False) -> Identity:
    """The identity of a client that has no account; raises `SMBError` where such may not sign in."""
    domain, workstation = remembered(claim.domain), remembered(claim.workstation)
    if anonymous and accounts.anonymous:
        return Identity("", domain, workstation, kind="anonymous")
    if accounts.guest is Guest.OFF:
        why = "anonymous sign-in is off" if anonymous else f"no user {claim.user!r}, and guest is off"
        raise SMBError(NT.LOGON_FAILURE, why, dos=BAD_PASSWORD)
    if len(claim.user) > MOST_REMEMBERED:
        raise SMBError(NT.LOGON_FAILURE, f"a user's name of {len(claim.user)} characters", dos=BAD_PASSWORD)
    read_only = accounts.guest is Guest.READ_ONLY
    return Identity(claim.user, domain, workstation, kind="guest", read_only=read_only)


def refused(
    account: Account,
    known: bool,
    forms: frozenset[Form],
    lm: bytes,
    nt: bytes,
    *,
    ntlm2_session: bool = False,
) -> SMBError:
    """The error of a wrong password, of a form that does not count, or of a name that has no account.

    Its reason, which is for the person at the log, costs the same whether the account is `known`.
    """
    sent = _form_sent(lm, nt, ntlm2_session=ntlm2_session)
    if sent is None:
        why = f"no response to the challenge for {account.name!r} ({len(lm)} and {len(nt)} bytes)"
    elif sent in forms:
        why = f"wrong password for {account.name!r} ({sent.value})"
    elif sent is Form.LM and Form.LMV2 in forms:
        why = f"wrong password for {account.name!r}, or an LM response, which [server] accept does not name"
    else:
        why = f"{account.name!r} sent an {sent.value} response, which [server] accept does not name"
    nobody = f"no user {account.name!r}, and guest is off"
    guessed = could_be_right(forms, lm, nt, ntlm2_session=ntlm2_session)
    error = SMBError if guessed else UncountedError
    return error(NT.LOGON_FAILURE, why if known else nobody, dos=BAD_PASSWORD)


def could_be_right(forms: frozenset[Form], lm: bytes, nt: bytes, *, ntlm2_session: bool = False) -> bool:
    """Whether there is a response in a form that counts: a PS2 tries NTLM, and LM when that was refused.

    Nothing at all is right of an empty password.
    """
    if is_nothing(lm, nt):
        return True
    if ntlm2_session:
        return Form.NTLM2_SESSION in forms
    by_nt = (len(nt) > V1_SIZE and Form.NTLMV2 in forms) or (len(nt) == V1_SIZE and Form.NTLMV1 in forms)
    in_lm_field = {Form.LM, Form.LMV2, Form.NTLMV1}
    return by_nt or (len(lm) == V1_SIZE and bool(lm.strip(b"\0")) and bool(in_lm_field & forms))


def _form_sent(lm: bytes, nt: bytes, *, ntlm2_session: bool) -> Form | None:
    """The best form that the fields can hold; LM also stands for LMv2, which has the same length."""
    if len(nt) > V1_SIZE:
        return Form.NTLMV2
    if len(nt) == V1_SIZE:
        return Form.NTLM2_SESSION if ntlm2_session else Form.NTLMV1
    return Form.LM if len(lm) == V1_SIZE else None


def verify(
    accounts: Accounts,
    *,
    challenge: bytes,
    user: str,
    domain: str = "",
    workstation: str = "",
    lm: Buffer = b"",
    nt: Buffer = b"",
) -> Identity:
    """Signs in by the 13-word Session Setup ([MS-CIFS] 2.2.4.53.1, 3.3.5.43).

    `lm` is OEMPassword and `nt` UnicodePassword, the responses to the `challenge` (8 bytes) of the negotiate
    response. Raises `SMBError` with STATUS_LOGON_FAILURE.
    """
    claim = Claim(user, domain, workstation)
    lm, nt = bytes(lm), bytes(nt)
    if is_anonymous(user, lm, nt):
        return stranger(accounts, claim, anonymous=True)
    forms = accounts.forms
    account, known = accounts.claimed(user, lm=takes_lm(forms, lm, nt))
    if accounts.guest is not Guest.OFF and not known:
        return stranger(accounts, claim)
    proof = prove(account, forms, challenge, claim, lm, nt)
    if account.has_empty_password and is_nothing(lm, nt):
        proof = Proof(Form.NONE, b"")
    if proof is None or not known:
        raise refused(account, known, forms, lm, nt)
    return signed_in(account, claim, proof.form, proof.key, nt or lm)


def signed_in(account: Account, claim: Claim, form: Form, key: bytes, response: bytes = b"") -> Identity:
    """The identity of a user whose password was proved."""
    return Identity(
        account.name,
        remembered(claim.domain),
        remembered(claim.workstation),
        admin=account.admin,
        session_key=key,
        protection=form.value,
        response=response,
    )
