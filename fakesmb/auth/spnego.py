"""Sign-in by SPNEGO around NTLMSSP or Kerberos, or by one of these alone ([RFC 4178], [MS-SPNG])."""

from typing import Protocol

from fakesmb.auth.accounts import Identity
from fakesmb.auth.kerberos import KerberosAcceptor
from fakesmb.auth.ntlm import Claim
from fakesmb.auth.ntlmssp import NtlmAcceptor
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.der import context
from fakesmb.wire.kerberos import KERBEROS_OIDS, is_kerberos
from fakesmb.wire.ntlmssp import SIGNATURE
from fakesmb.wire.spnego import (
    ACCEPT_COMPLETED,
    ACCEPT_INCOMPLETE,
    MECHANISMS,
    NTLMSSP_OID,
    REJECT,
    REQUEST_MIC,
    NegTokenInit,
    NegTokenResp,
    open_token,
)


class Security(Protocol):
    """Signs what SPNEGO asks to be signed."""

    def sign(self, message: bytes) -> bytes:
        """The server's signature of its next message."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is the client's for its next message."""

    def restart(self) -> None:
        """What a mechListMIC did not move goes back."""


class Mechanism(Protocol):
    """The server's side of one mechanism: NTLMSSP or Kerberos."""

    @property
    def claim(self) -> Claim | None:
        """Who the client says it is, as far as could be read."""

    @property
    def security(self) -> Security | None:
        """After a sign-in whose key both sides know: makes and checks signatures."""

    def step(self, token: bytes) -> tuple[bytes, Identity | None]:
        """Takes a token; gives the answer and, after the last one, the identity. Raises `SMBError`."""


class SpnegoAcceptor:
    """One sign-in, in the wrapping that the client begins with. Of no use after an identity or an error."""

    def __init__(self, ntlm: NtlmAcceptor, kerberos: KerberosAcceptor | None = None) -> None:
        self.ntlm = ntlm
        self._kerberos = kerberos
        self._mechanism: Mechanism = ntlm
        self._oid = NTLMSSP_OID
        self._raw = False
        self._begun = False
        self._mech_list = b""
        self._mech_named = False
        self._mic_due = False
        """Whether the client would rather have had another mechanism: then both sign the list ([RFC 4178] 5)."""
        self._held: Identity | None = None
        """Who it is, once the client's signature of the list is right."""

    @property
    def by_password(self) -> bool:
        """Whether what the client proves is a password, and not a ticket."""
        return self._mechanism is self.ntlm

    @property
    def claim(self) -> Claim | None:
        """Who the client says it is, as far as could be read."""
        return self._mechanism.claim

    @property
    def security(self) -> Security | None:
        """After a sign-in whose key both sides know."""
        return self._mechanism.security

    @property
    def amiss(self) -> SMBError | None:
        """Why the client's last token was not accepted, where it was told so and may send another."""
        return None if self._kerberos is None else self._kerberos.amiss

    def step(self, token: Buffer) -> tuple[bytes, Identity | None]:
        """Takes the client's security blob; gives the answer's blob and, after the last one, the identity.

        No identity means STATUS_MORE_PROCESSING_REQUIRED. Raises `SMBError` as the mechanism's `step` does, and
        STATUS_INVALID_PARAMETER for a blob that cannot be read or offers no mechanism that is served.
        """
        token = bytes(token)
        if not self._raw and not self._begun:
            self._raw = self._is_bare(token)
        if self._raw:
            self._begun = True
            return self._mechanism.step(token)
        if not self._begun and not token:
            raise SMBError(NT.LOGON_FAILURE, "an empty security blob")
        try:
            return self._negotiate(*open_token(token))
        except DecodeError as error:
            raise _unreadable(str(error)) from None

    def _is_bare(self, token: bytes) -> bool:
        """Whether it is a mechanism's own token, without SPNEGO."""
        if token.startswith(SIGNATURE):
            return True
        if self._kerberos is None or not is_kerberos(token):
            return False
        self._mechanism = self._kerberos
        return True

    def _negotiate(self, tag: int, body: bytes) -> tuple[bytes, Identity | None]:
        if tag == context(0) and not self._begun:
            self._begun = True
            return self._first(NegTokenInit.decode(body))
        if tag == context(1) and self._begun:
            return self._next(NegTokenResp.decode(body))
        raise DecodeError(f"tag 0x{tag:02x} is neither of SPNEGO nor of NTLMSSP, or comes out of turn")

    def _choose(self, offered: tuple[bytes, ...]) -> None:
        """The first of the client's mechanisms that is served; raises `SMBError`."""
        for oid in offered:
            if oid == NTLMSSP_OID:
                return
            if self._kerberos is not None and oid in KERBEROS_OIDS:
                self._mechanism, self._oid = self._kerberos, oid
                self._mic_due = offered[0] not in KERBEROS_OIDS
                return
        names = ", ".join(MECHANISMS.get(oid, oid.hex()) for oid in offered)
        served = "NTLMSSP" if self._kerberos is None else "NTLMSSP or Kerberos"
        raise _unreadable(f"the client offers {names or 'nothing'}, and not {served}")

    def _first(self, init: NegTokenInit) -> tuple[bytes, Identity | None]:
        self._choose(init.mech_types)
        self._mech_list = init.mech_list
        # A token is for the first mechanism; one for a mechanism that is not served is answered by naming another.
        own = init.mech_token.startswith(SIGNATURE) if self.by_password else is_kerberos(init.mech_token)
        if not own:
            first = init.mech_types[0]
            if init.mech_token and (first == self._oid or (not self.by_password and first in KERBEROS_OIDS)):
                raise _unreadable(f"the first mechanism is {MECHANISMS[first]}, and the token is none of it")
            return self._answer(b"", None, b"")
        return self._wrapped(init.mech_token, init.mic)

    def _next(self, resp: NegTokenResp) -> tuple[bytes, Identity | None]:
        if self._held is not None:
            if not resp.mic:
                raise _unreadable("no mechListMIC, though it was asked for")
            return self._answer(b"", self._held, resp.mic)
        if resp.state == REJECT or not resp.token:
            raise _unreadable("the client gives up: no token in its answer, or a reject")
        return self._wrapped(resp.token, resp.mic)

    def _wrapped(self, token: bytes, mic: bytes) -> tuple[bytes, Identity | None]:
        answer, identity = self._mechanism.step(token)
        # Windows 2000 and XP copy the token into the field of the MIC ([MS-SPNG], note on mechListMIC).
        mic = b"" if mic == token else mic
        if identity is not None and not mic and self.security is not None and self._lists_are_signed():
            self._held = identity
            return self._answer(answer, None, b"")
        return self._answer(answer, identity, mic)

    def _lists_are_signed(self) -> bool:
        """Whether the client waits for the server's mechListMIC.

        By Kerberos, where its first mechanism was not taken; and as Samba has it, which signs by AES only
        ([RFC 4121]), where that was not done with the first token.
        """
        late = self._mech_named and self._kerberos is not None and self._kerberos.by_aes
        return not self.by_password and (self._mic_due or late)

    def _answer(self, token: bytes, identity: Identity | None, mic: bytes) -> tuple[bytes, Identity | None]:
        mech = b"" if self._mech_named else self._oid
        if identity is None:
            state = REQUEST_MIC if self._mic_due and not self._mech_named else ACCEPT_INCOMPLETE
            self._mech_named = True
            return NegTokenResp(state, mech, token).encode(), None
        self._mech_named = True
        return NegTokenResp(ACCEPT_COMPLETED, mech, token, self._protect(mic)).encode(), identity

    def _protect(self, mic: bytes) -> bytes:
        """Checks the client's mechListMIC and gives ours ([RFC 4178] 5).

        A client that sends none gets none: those that know only [RFC 2478] do not expect it. A guest's key is
        known to the client alone, so there is nothing to check against.
        """
        security = self._mechanism.security
        if not mic or security is None:
            return b""
        if not security.verify(self._mech_list, mic):
            raise _unreadable("wrong mechListMIC: the list of mechanisms is not what the client sent")
        ours = security.sign(self._mech_list)
        security.restart()
        return ours


def _unreadable(why: str) -> SMBError:
    """What Windows and Samba answer to a security blob that cannot be read."""
    return SMBError(NT.INVALID_PARAMETER, f"security blob: {why}")
