"""The server's side of NTLMSSP ([MS-NLMP] 3.2): NEGOTIATE, CHALLENGE, AUTHENTICATE, identity."""

from hmac import compare_digest
from struct import Struct
from typing import Final

import msgspec

from fakesmb.auth import ntlm
from fakesmb.auth.accounts import Account, Accounts, Form, Guest, Identity
from fakesmb.auth.hashes import des_long, hmac_md5, rc4
from fakesmb.auth.session_security import SessionSecurity
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.ntlmssp import (
    FLAG_MIC,
    MIC_AT,
    MIC_END,
    OEM,
    AuthenticateMessage,
    Av,
    ChallengeMessage,
    MessageType,
    Negotiate,
    NegotiateMessage,
    av_pairs,
    av_value,
    type_of,
)
from fakesmb.wire.oem import spelt
from fakesmb.world import World

_U64: Final = Struct("<Q")
_AV_AT: Final = 44
"""Where the AV pairs begin in an NTLMv2 response: NTProofStr and the fixed part of the client challenge."""

_MIRRORED: Final = (
    Negotiate.SIGN
    | Negotiate.SEAL
    | Negotiate.ALWAYS_SIGN
    | Negotiate.KEY_128
    | Negotiate.KEY_56
    | Negotiate.KEY_EXCHANGE
    | Negotiate.NON_NT_SESSION_KEY
    | Negotiate.VERSION
)
"""What the server agrees to when the client asks for it ([MS-NLMP] 3.2.5.1.1)."""

SERVER_VERSION: Final = bytes.fromhex("0502ce0e0000000f")
"""Windows 5.2 build 3790, NTLMSSP revision 15 ([MS-NLMP] 2.2.2.10): a Windows Server 2003."""


class TargetNames(msgspec.Struct, frozen=True, gc=False):
    """What the server is called in its CHALLENGE. One that is in no domain names itself in every field."""

    computer: str
    domain: str = ""
    dns_computer: str = ""
    dns_domain: str = ""

    def pairs(self, time: int) -> bytes:
        """MsvAv pairs in Windows' order; `time` is a FILETIME."""
        names = (
            (Av.DOMAIN, self.domain or self.computer),
            (Av.COMPUTER, self.computer),
            (Av.DNS_DOMAIN, self.dns_domain or self.dns_computer or self.computer.lower()),
            (Av.DNS_COMPUTER, self.dns_computer or self.computer.lower()),
        )
        pairs = [(kind, name.encode("utf-16-le", "surrogatepass")) for kind, name in names]
        pairs.append((Av.TIMESTAMP, _U64.pack(time)))
        return av_pairs(pairs)


class NtlmAcceptor:
    """One sign-in by NTLMSSP. Not to be used again after it has given an identity or raised."""

    def __init__(
        self,
        accounts: Accounts,
        names: TargetNames,
        challenge: bytes,
        world: World,
        version: bytes = SERVER_VERSION,
        oem: str = OEM,
    ) -> None:
        """`challenge` is 8 bytes, `version` 8 or none at all; `world` gives the time in the CHALLENGE.

        `oem` is the code page of clients' names.
        """
        self.accounts = accounts
        self.names = names
        self.challenge = challenge
        self.world = world
        self.version = version
        self.oem = oem
        self.claim: ntlm.Claim | None = None
        """Who the client says it is, once its AUTHENTICATE could be read: for the log of a refusal."""
        self.request: NegotiateMessage | AuthenticateMessage | None = None
        """The last message from the client, decoded."""
        self.reply: ChallengeMessage | None = None
        """The CHALLENGE."""
        self.security: SessionSecurity | None = None
        """After a sign-in whose key both sides know: makes and checks NTLM signatures."""
        self._negotiate = b""
        self._sent = b""
        self._expected: MessageType | None = MessageType.NEGOTIATE

    def step(self, token: bytes) -> tuple[bytes, Identity | None]:
        """Takes a token of the client; gives the answer and, after the last one (answer empty), the identity.

        Raises `SMBError`: STATUS_INVALID_PARAMETER for a token that is malformed, out of turn or has a wrong
        MIC, STATUS_LOGON_FAILURE for a wrong password or an unknown user.
        """
        expected, self._expected = self._expected, None
        try:
            kind = type_of(token)
            if kind != expected:
                due = "none" if expected is None else expected.name
                raise _malformed(f"NTLMSSP message type {kind}, {due} was due")
            if kind == MessageType.NEGOTIATE:
                self._expected = MessageType.AUTHENTICATE
                return self._challenge(token), None
            return b"", self._authenticate(token)
        except DecodeError as error:
            raise _malformed(str(error)) from None

    def _challenge(self, token: bytes) -> bytes:
        request = NegotiateMessage.decode(token, self.oem)
        asked = request.flags
        flags = asked & (_MIRRORED if self.version else _MIRRORED & ~Negotiate.VERSION) | Negotiate.NTLM
        flags |= Negotiate.UNICODE if asked & Negotiate.UNICODE else Negotiate.OEM
        # Extended session security and the LM key exclude each other, [MS-NLMP] 2.2.2.5 P and K.
        flags |= asked & Negotiate.EXTENDED_SESSION_SECURITY or asked & Negotiate.LM_KEY
        target, info = "", b""
        if asked & (Negotiate.REQUEST_TARGET | Negotiate.TARGET_INFO):
            flags |= Negotiate.TARGET_INFO
            info = self.names.pairs(self.world.filetime())
            if flags & Negotiate.UNICODE or spelt(self.names.computer, self.oem) is not None:
                flags |= Negotiate.REQUEST_TARGET | Negotiate.TARGET_TYPE_SERVER
                target = self.names.computer
        version = self.version if flags & Negotiate.VERSION else bytes(8)
        self.request = request
        self.reply = ChallengeMessage(flags, self.challenge, target, info, version)
        self._negotiate = token
        self._sent = self.reply.encode(self.oem)
        return self._sent

    def _authenticate(self, token: bytes) -> Identity:
        assert self.reply is not None
        request = AuthenticateMessage.decode(token, self.reply.flags, self.oem)
        self.request = request
        self.claim = claim = ntlm.Claim(request.user, request.domain, request.workstation)
        flags = self.reply.flags if request.flags is None else self.reply.flags & request.flags
        if ntlm.is_anonymous(request.user, request.lm, request.nt):
            identity = ntlm.stranger(self.accounts, claim, anonymous=True)
            if identity.kind == "anonymous":
                self.security = SessionSecurity(flags, _exported_key(flags, ntlm.NO_KEY, request.session_key))
            return identity
        lm, nt, forms = request.lm, request.nt, self.accounts.forms
        session = _is_ntlm2_session(request, flags)
        account, known = self.accounts.claimed(request.user, lm=not session and ntlm.takes_lm(forms, lm, nt))
        if self.accounts.guest is not Guest.OFF and not known:
            return ntlm.stranger(self.accounts, claim)
        proof = self._prove(account, claim, request, session=session)
        if proof is None or not known:
            raise ntlm.refused(account, known, forms, lm, nt, ntlm2_session=session)
        form, key = self._exchange_key(account, proof, request.lm, flags)
        exported = _exported_key(flags, key, request.session_key)
        if form is Form.NTLMV2:
            self._check_mic(token, request.nt, exported)
        self.security = SessionSecurity(flags, exported)
        return ntlm.signed_in(account, claim, form, exported)

    def _prove(
        self, account: Account, claim: ntlm.Claim, request: AuthenticateMessage, *, session: bool
    ) -> ntlm.Proof | None:
        lm, nt, forms = request.lm, request.nt, self.accounts.forms
        if session:
            return ntlm.prove_ntlm2_session(account, forms, self.challenge, lm, nt)
        return ntlm.prove(account, forms, self.challenge, claim, lm, nt)

    def _exchange_key(self, account: Account, proof: ntlm.Proof, lm: bytes, flags: int) -> tuple[Form, bytes]:
        """The form of the proof and the KeyExchangeKey, [MS-NLMP] 3.4.5.1."""
        form, key = proof
        if form is Form.NTLM2_SESSION:
            key = hmac_md5(key, self.challenge + lm[: ntlm.CHALLENGE_SIZE])
        elif form in (Form.NTLMV1, Form.LM) and account.lm_hash is not None:
            if flags & Negotiate.LM_KEY and lm:
                key = des_long(account.lm_hash[:8] + b"\xbd" * 6, lm[:8])[:16]
            elif flags & Negotiate.NON_NT_SESSION_KEY:
                key = account.lm_hash[:8] + bytes(8)
        return form, key

    def _check_mic(self, token: bytes, nt: bytes, exported: bytes) -> None:
        flags = av_value(nt[_AV_AT:], Av.FLAGS)
        if flags is None or not int.from_bytes(flags, "little") & FLAG_MIC:
            return
        if len(token) < MIC_END:
            raise _malformed("no room for the MIC that the client says it sent")
        without = token[:MIC_AT] + bytes(MIC_END - MIC_AT) + token[MIC_END:]
        if not compare_digest(
            token[MIC_AT:MIC_END], hmac_md5(exported, self._negotiate + self._sent + without)
        ):
            raise _malformed("wrong MIC: the three NTLMSSP messages are not what the client saw")


def _is_ntlm2_session(request: AuthenticateMessage, flags: int) -> bool:
    """Whether the responses are NTLMv1's with extended session security: the LM field has the client's challenge."""
    return (
        bool(flags & Negotiate.EXTENDED_SESSION_SECURITY)
        and len(request.nt) == len(request.lm) == ntlm.V1_SIZE
    )


def _exported_key(flags: int, exchange_key: bytes, encrypted: bytes) -> bytes:
    """ExportedSessionKey, [MS-NLMP] 3.2.5.1.2."""
    if not flags & Negotiate.KEY_EXCHANGE:
        return exchange_key
    if len(encrypted) != len(exchange_key):
        raise _malformed(f"an exchanged session key of {len(encrypted)} bytes")
    return rc4(exchange_key, encrypted)


def _malformed(why: str) -> SMBError:
    """What Windows and Samba answer to a token that is not what it should be."""
    return SMBError(NT.INVALID_PARAMETER, why)
