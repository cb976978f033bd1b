"""The one-way functions and ciphers of NTLM ([MS-NLMP] 3.3 and 6).

They come from the standard library, Cryptodome (which impacket brings along) and, for DES with NTLM's keys, impacket.
The first call that needs one of the latter two loads it, so that a sign-in by NTLMv2 loads MD4 alone.
"""

import hmac

from fakesmb.wire.codec import Buffer

MAX_LM_PASSWORD = 14
EMPTY_NT_HASH = bytes.fromhex("31d6cfe0d16ae931b73c59d7e0c089c0")
"""NTOWFv1 of an empty password ([MS-NLMP] 3.3.1)."""
_LM_CODE_PAGE = "cp850"
_LM_CONSTANT = b"KGS!@#$%"


def load() -> None:
    """Imports what every sign-in needs, so that the first one does not have to wait for it."""
    from Cryptodome.Hash import MD4  # noqa: F401


def nt_hash(password: str) -> bytes:
    """NTOWFv1, 16 bytes: MD4 of the password in UTF-16LE ([MS-NLMP] 3.3.1)."""
    return _md4(password.encode("utf-16-le", "surrogatepass"))


def lm_hash(password: str) -> bytes | None:
    """LMOWFv1, 16 bytes ([MS-NLMP] 3.3.1); None where there is none, as for more than 14 OEM characters."""
    try:
        oem = upper(password).encode(_LM_CODE_PAGE)
    except UnicodeEncodeError:
        return None
    if len(oem) > MAX_LM_PASSWORD:
        return None
    return des_long(oem.ljust(MAX_LM_PASSWORD, b"\0"), _LM_CONSTANT)[:16]


def des_long(key: bytes, block: bytes) -> bytes:
    """DESL, 24 bytes: `block` (8 bytes) under three keys cut out of `key` ([MS-NLMP] 6)."""
    from impacket import ntlm

    return bytes(ntlm.ntlmssp_DES_encrypt(key, block))


def md4_of_hash(hashed: bytes) -> bytes:
    """The SessionBaseKey of NTLM version 1, 16 bytes: MD4 of the NT hash ([MS-NLMP] 3.3.1)."""
    return _md4(hashed)


def _md4(data: bytes) -> bytes:
    from Cryptodome.Hash import MD4  # OpenSSL 3 no longer offers it to hashlib

    return bytes(MD4.new(data).digest())


def rc4(key: bytes, data: bytes) -> bytes:
    """RC4 from its start, both ways."""
    from Cryptodome.Cipher import ARC4

    return bytes(ARC4.new(key).encrypt(data))


def hmac_md5(key: bytes, data: Buffer) -> bytes:
    """HMAC-MD5, 16 bytes."""
    return hmac.digest(key, data, "md5")


def ntowf_v2(hashed: bytes, user: str, domain: str) -> bytes:
    """NTOWFv2 and LMOWFv2, 16 bytes, of an NT hash and names as the client gave them ([MS-NLMP] 3.3.2)."""
    return hmac_md5(hashed, (upper(user) + domain).encode("utf-16-le", "surrogatepass"))


def upper(text: str) -> str:
    """Upper case character by character, as clients hash names: never a longer string (`ß` stays).

    For hashes only: what compares names is `nt.names.fold`.
    """
    if text.isascii():
        return text.upper()
    return "".join(raised if len(raised := c.upper()) == 1 else c for c in text)
