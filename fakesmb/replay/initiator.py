"""The client's side of a sign-in: NTLMSSP messages and responses to a challenge ([MS-NLMP] 3.1, 3.3.2, 3.4.5)."""

import struct
from typing import Final, NamedTuple

from fakesmb.auth.hashes import des_long, hmac_md5, lm_hash, md4_of_hash, nt_hash, ntowf_v2, rc4
from fakesmb.replay.places import Who
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.ntlmssp import (
    MIC_AT,
    SIGNATURE,
    Av,
    ChallengeMessage,
    MessageType,
    Negotiate,
    av_pairs,
    av_value,
)
from fakesmb.world import World

XP_FLAGS: Final = 0xE2088297
"""NegotiateFlags of the published NEGOTIATE message."""
XP_VERSION: Final = bytes.fromhex("0501280a0000000f")
"""Windows 5.1 build 2600, NTLMSSP revision 15; Network Monitor reads the build the wrong way round: 10250."""
_FIELD: Final = struct.Struct("<HHI")
_TIME: Final = struct.Struct("<Q")
_CHALLENGE_SIZE: Final = 8
_KEY_SIZE: Final = 16


class Responses(NamedTuple):
    """What proves a password to a challenge, and the key that comes of it."""

    lm: bytes
    nt: bytes
    key: bytes
    """The SessionBaseKey, 16 bytes; empty of an anonymous sign-in."""


def ntlmv2(who: Who, challenge: bytes, world: World, target_info: bytes = b"") -> Responses:
    """NTLMv2 and LMv2 responses, [MS-NLMP] 3.3.2; `target_info` are the AV pairs of the server's CHALLENGE."""
    if not who.name:
        return Responses(b"\0", b"", b"")
    key = ntowf_v2(nt_hash(who.password), who.name, who.domain)
    mine = world.entropy(_CHALLENGE_SIZE)
    told = av_value(target_info, Av.TIMESTAMP)
    time = told if told is not None and len(told) == _TIME.size else _TIME.pack(world.filetime())
    temp = b"\1\1" + bytes(6) + time + mine + bytes(4) + (target_info or av_pairs([])) + bytes(4)
    proof = hmac_md5(key, challenge + temp)
    # A client that was told the time sends no LMv2 response, [MS-NLMP] 3.1.5.1.2
    lm = bytes(24) if told is not None else hmac_md5(key, challenge + mine) + mine
    return Responses(lm, proof + temp, hmac_md5(key, proof))


def ntlmv1(who: Who, challenge: bytes) -> Responses:
    """LM and NTLM responses of a client that knows nothing newer, [MS-NLMP] 3.3.1."""
    if not who.name:
        return Responses(b"\0", b"", b"")
    hashed, old = nt_hash(who.password), lm_hash(who.password)
    nt = des_long(hashed, challenge)
    return Responses(nt if old is None else des_long(old, challenge), nt, md4_of_hash(hashed))


class Initiator:
    """One sign-in by NTLMSSP: `negotiate`, then `authenticate` with the server's CHALLENGE; `key` after that."""

    def __init__(
        self,
        who: Who,
        workstation: str,
        world: World,
        *,
        flags: int = XP_FLAGS,
        version: bytes = XP_VERSION,
    ) -> None:
        self.who = who
        self.workstation = workstation
        self.world = world
        self.flags = flags
        self.version = version
        self.challenge: ChallengeMessage | None = None
        """The server's message, once it came."""
        self.key = b""
        """ExportedSessionKey, 16 bytes; empty of an anonymous sign-in."""

    def negotiate(self) -> bytes:
        """NEGOTIATE_MESSAGE, [MS-NLMP] 2.2.1.1, without names: 40 bytes, as XP sends it to an address."""
        return struct.pack("<8sII", SIGNATURE, MessageType.NEGOTIATE, self.flags) + bytes(16) + self.version

    def authenticate(self, token: bytes) -> bytes:
        """AUTHENTICATE_MESSAGE, [MS-NLMP] 2.2.1.3; raises `DecodeError` where the CHALLENGE is none."""
        challenge = self.challenge = ChallengeMessage.decode(token)
        if token[:8] != SIGNATURE or token[8] != MessageType.CHALLENGE:
            raise DecodeError("the server's token is no NTLMSSP CHALLENGE message")
        flags = challenge.flags & self.flags
        answer = ntlmv2(self.who, challenge.challenge, self.world, challenge.target_info)
        self.key, sealed = answer.key, b""
        if not self.who.name:
            flags |= Negotiate.ANONYMOUS
        if flags & Negotiate.KEY_EXCHANGE and answer.key:
            self.key = self.world.entropy(_KEY_SIZE)
            sealed = rc4(answer.key, self.key)
        coding = "utf-16-le" if flags & Negotiate.UNICODE else "cp850"
        domain, user, workstation = (
            name.encode(coding, "replace") for name in (self.who.domain, self.who.name, self.workstation)
        )
        # XP's order of the payload: names first, then responses and key
        payload, places = b"", {}
        for name, value in {
            "domain": domain,
            "user": user,
            "workstation": workstation,
            "lm": answer.lm,
            "nt": answer.nt,
            "key": sealed,
        }.items():
            places[name] = _FIELD.pack(len(value), len(value), MIC_AT + len(payload))
            payload += value
        fields = b"".join(places[name] for name in ("lm", "nt", "domain", "user", "workstation", "key"))
        head = struct.pack("<8sI", SIGNATURE, MessageType.AUTHENTICATE) + fields + struct.pack("<I", flags)
        return head + self.version.ljust(8, b"\0") + payload
