"""A client for the tests, written from [MS-NLMP] with nothing of fakesmb in it: the two check each other."""

import hashlib
import hmac
import struct
import zlib
from dataclasses import dataclass

from Cryptodome.Cipher import ARC4, DES
from Cryptodome.Hash import MD4

UNICODE, OEM, REQUEST_TARGET, SIGN, SEAL = 0x1, 0x2, 0x4, 0x10, 0x20
LM_KEY, NTLM, ANONYMOUS, ALWAYS_SIGN = 0x80, 0x200, 0x800, 0x8000
ESS, NON_NT_KEY, TARGET_INFO, VERSION = 0x80000, 0x400000, 0x800000, 0x2000000
KEY_128, KEY_EXCHANGE, KEY_56 = 0x20000000, 0x40000000, 0x80000000

RANDOM_KEY = bytes([0x55]) * 16
CLIENT_CHALLENGE = bytes([0xAA]) * 8
XP_FLAGS = (
    UNICODE
    | OEM
    | REQUEST_TARGET
    | SIGN
    | NTLM
    | ALWAYS_SIGN
    | ESS
    | VERSION
    | KEY_128
    | KEY_56
    | KEY_EXCHANGE
)


def des(key7: bytes, block: bytes) -> bytes:
    bits = int.from_bytes(key7, "big")
    key8 = bytes(((bits >> (49 - 7 * i)) & 0x7F) << 1 for i in range(8))
    return DES.new(key8, DES.MODE_ECB).encrypt(block)


def desl(key: bytes, block: bytes) -> bytes:
    key = key.ljust(21, b"\0")
    return b"".join(des(key[i : i + 7], block) for i in (0, 7, 14))


def nt_hash(password: str) -> bytes:
    return MD4.new(password.encode("utf-16-le")).digest()


def lm_hash(password: str) -> bytes:
    key = password.upper().encode("cp850").ljust(14, b"\0")
    return des(key[:7], b"KGS!@#$%") + des(key[7:], b"KGS!@#$%")


def md5_hmac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.md5).digest()


def v2_key(password: str, user: str, domain: str) -> bytes:
    return md5_hmac(nt_hash(password), user.upper().encode("utf-16-le") + domain.encode("utf-16-le"))


def av(kind: int, value: bytes) -> bytes:
    return struct.pack("<HH", kind, len(value)) + value


def ntlmv2(
    password: str, user: str, domain: str, challenge: bytes, info: bytes = b""
) -> tuple[bytes, bytes, bytes]:
    """NT response, LM response and session key."""
    key = v2_key(password, user, domain)
    temp = b"\x01\x01" + bytes(14) + CLIENT_CHALLENGE + bytes(4) + (info or av(0, b"")) + bytes(4)
    proof = md5_hmac(key, challenge + temp)
    return proof + temp, md5_hmac(key, challenge + CLIENT_CHALLENGE) + CLIENT_CHALLENGE, md5_hmac(key, proof)


@dataclass
class Client:
    """One sign-in. `form` is v2, lmv2, v1, lm (nothing in the NT field) or anonymous."""

    user: str = "User"
    password: str = "Password"
    domain: str = "Domain"
    workstation: str = "COMPUTER"
    flags: int = XP_FLAGS
    form: str = "v2"
    mic: bool = False
    oem: str = "cp850"

    def __post_init__(self) -> None:
        self.key = b""
        self.first = b""

    def negotiate(self) -> bytes:
        version = bytes.fromhex("0501280a0000000f") if self.flags & VERSION else b""
        self.first = b"NTLMSSP\0" + struct.pack("<II", 1, self.flags) + bytes(16) + version
        return self.first

    def authenticate(self, challenge: bytes) -> bytes:
        flags = self.agreed = struct.unpack_from("<I", challenge, 20)[0]
        nonce = challenge[24:32]
        size, _, at = struct.unpack_from("<HHI", challenge, 40)
        info = challenge[at : at + size]
        nt, lm, exchange_key = self.responses(flags, nonce, info)
        sealed = b""
        self.key = exchange_key
        if flags & KEY_EXCHANGE:
            self.key, sealed = RANDOM_KEY, ARC4.new(exchange_key).encrypt(RANDOM_KEY)
        coding = "utf-16-le" if flags & UNICODE else self.oem
        names = [text.encode(coding) for text in (self.domain, self.user, self.workstation)]
        head = 88 if self.mic else 72 if flags & VERSION else 64
        fields, payload, at = b"", b"", head
        for value in (lm, nt, *names, sealed):
            fields += struct.pack("<HHI", len(value), len(value), at)
            payload += value
            at += len(value)
        head_bytes = b"NTLMSSP\0" + struct.pack("<I", 3) + fields + struct.pack("<I", flags)
        token = head_bytes.ljust(head, b"\0") + payload
        if self.mic:
            token = token[:72] + md5_hmac(self.key, self.first + challenge + token) + token[88:]
        return token

    def responses(self, flags: int, nonce: bytes, info: bytes) -> tuple[bytes, bytes, bytes]:
        """NT response, LM response, KeyExchangeKey: [MS-NLMP] 3.3.1, 3.3.2 and 3.4.5.1."""
        if self.form == "anonymous":
            return b"", b"\0", bytes(16)
        if self.form in ("v2", "lmv2"):
            if self.mic:
                info = info[:-4] + av(6, struct.pack("<I", 2)) + av(0, b"")
            nt, lm, key = ntlmv2(self.password, self.user, self.domain, nonce, info)
            if self.form == "lmv2":
                return b"", lm, md5_hmac(v2_key(self.password, self.user, self.domain), lm[:16])
            return nt, lm, key
        hashed, lm_hashed = nt_hash(self.password), lm_hash(self.password)
        base = MD4.new(hashed).digest()
        if flags & ESS and self.form == "v1":
            lm = CLIENT_CHALLENGE + bytes(16)
            both = hashlib.md5(nonce + CLIENT_CHALLENGE).digest()[:8]
            return desl(hashed, both), lm, md5_hmac(base, nonce + CLIENT_CHALLENGE)
        nt = desl(hashed, nonce) if self.form == "v1" else b""
        lm = desl(lm_hashed, nonce)
        if flags & LM_KEY:
            return nt, lm, des(lm_hashed[:7], lm[:8]) + des(lm_hashed[7:8] + b"\xbd" * 6, lm[:8])
        if flags & NON_NT_KEY or self.form == "lm":
            return nt, lm, lm_hashed[:8] + bytes(8)
        return nt, lm, base

    def signature(self, message: bytes, sender: str = "client-to-server") -> bytes:
        """The NTLM signature of the first message in a direction, [MS-NLMP] 3.4.4."""
        weak = self.key if self.agreed & KEY_128 else self.key[:7] if self.agreed & KEY_56 else self.key[:5]
        if not self.agreed & ESS:
            weak = self.key[:7] + b"\xa0" if self.agreed & KEY_56 else self.key[:5] + b"\xe5\x38\xb0"
            stream = ARC4.new(weak if self.agreed & LM_KEY else self.key)
            stream.encrypt(bytes(4))
            checksum = stream.encrypt(struct.pack("<I", zlib.crc32(message)))
            return struct.pack("<II", 1, 0) + checksum + stream.encrypt(bytes(4))
        signing = hashlib.md5(
            self.key + f"session key to {sender} signing key magic constant\0".encode()
        ).digest()
        sealing = hashlib.md5(
            weak + f"session key to {sender} sealing key magic constant\0".encode()
        ).digest()
        checksum = md5_hmac(signing, bytes(4) + message)[:8]
        if self.agreed & KEY_EXCHANGE:
            checksum = ARC4.new(sealing).encrypt(checksum)
        return struct.pack("<I", 1) + checksum + bytes(4)
