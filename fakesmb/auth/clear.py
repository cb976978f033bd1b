"""Passwords that clients send as they are ([MS-CIFS] 2.2.4.53.1, 2.2.4.55.1): what they may have meant, and whether
it is right. Only where a server says that it takes them (`[server] plain_text`)."""

from collections.abc import Iterable
from hmac import compare_digest
from typing import Final, NamedTuple

from fakesmb.auth import hashes
from fakesmb.auth.accounts import Account, Accounts, Form, Guest, Identity
from fakesmb.auth.ntlm import Claim, signed_in, stranger
from fakesmb.nt.status import BAD_PASSWORD, NT, SMBError
from fakesmb.wire.codec import Buffer

LONGEST: Final = 512
"""Bytes of a field that are looked at: a password of 256 characters in Unicode."""


class Reading(NamedTuple):
    """A password that a client may have meant."""

    text: str
    any_case: bool
    """Whether case tells nothing, as in LAN Manager, whose clients send passwords in upper case."""


def readings(oem: Buffer, unicode: Buffer, *, encoding: str, in_unicode: bool) -> tuple[Reading, ...]:
    """What the two fields of a session setup may hold, of a message whose strings are `in_unicode` or not.

    The field of OEM text is the case-insensitive one. Clients of Unicode put the password into the other, some into
    the first; in messages of OEM text a length of the second says nothing where the first has one (Windows NT).
    """
    found: list[Reading] = []
    if oem or not unicode:
        found.append(Reading(_oem(oem, encoding), any_case=True))
    elif not in_unicode:
        found.append(Reading(_oem(unicode, encoding), any_case=True))
    for field in (unicode, oem) if in_unicode else ():
        found += [Reading(text, any_case=False) for text in _utf16_in(field)]
    return tuple(dict.fromkeys(found))


def _oem(field: Buffer, encoding: str) -> str:
    """OEM text, which ends at its null if it has one: Windows 95 gives 24 as the length of any password."""
    return bytes(field[:LONGEST]).partition(b"\0")[0].decode(encoding, "replace")


def _utf16_in(field: Buffer) -> list[str]:
    """The field is not aligned. Some clients write it so, others put a pad byte before the password that they do not
    count, so that the last byte of its null is behind the field."""
    whole = bytes(field[:LONGEST])
    found = [_utf16(whole)] if whole else []
    if whole[:1] == b"\0" and len(whole) > 1:
        found.append(_utf16(whole[1:] + b"\0"))
    return found


def _utf16(data: bytes) -> str:
    return data[: len(data) & ~1].decode("utf-16-le", "replace").partition("\0")[0]


def is_right(account: Account, given: Iterable[Reading]) -> bool:
    """Whether one of the readings is the account's password.

    Where case tells nothing and the password has no LM hash (more than 14 characters, or only its NT hash is known), a
    client may have sent it as it is, in upper or in lower case.
    """
    right = False
    for text, any_case in given:
        right |= compare_digest(hashes.nt_hash(text), account.nt_hash)
        if any_case:
            right |= _is_right_in_any_case(account, text)
    return right


def _is_right_in_any_case(account: Account, text: str) -> bool:
    known, hashed = account.lm_hash, hashes.lm_hash(text)
    if known is not None:
        return hashed is not None and compare_digest(hashed, known)
    spelt = (hashes.upper(text), text.lower())
    right = False
    for one in spelt:
        right |= compare_digest(hashes.nt_hash(one), account.nt_hash)
    return right


def verify(accounts: Accounts, claim: Claim, given: Iterable[Reading]) -> Identity:
    """Signs in by a password that was sent as it is; raises `SMBError` with STATUS_LOGON_FAILURE.

    There is no session key, and so nothing to sign with ([MS-CIFS] 3.3.5.43).
    """
    given = tuple(given)
    if not claim.user and not any(one.text for one in given):
        return stranger(accounts, claim, anonymous=True)
    account, known = accounts.claimed(claim.user, lm=True)
    if accounts.guest is not Guest.OFF and not known:
        return stranger(accounts, claim)
    right = is_right(account, given)
    if not right or not known:
        wrong, nobody = (
            f"wrong password for {account.name!r} (plain text)",
            f"no user {claim.user!r}, and guest is off",
        )
        raise SMBError(NT.LOGON_FAILURE, wrong if known else nobody, dos=BAD_PASSWORD)
    return signed_in(account, claim, Form.PLAIN, b"")
