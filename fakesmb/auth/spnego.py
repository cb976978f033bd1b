"""Sign-in by SPNEGO around NTLMSSP, or by NTLMSSP alone ([RFC 4178], [MS-SPNG])."""

from fakesmb.auth.accounts import Identity
from fakesmb.auth.ntlmssp import NtlmAcceptor
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.der import context
from fakesmb.wire.ntlmssp import SIGNATURE
from fakesmb.wire.spnego import (
    ACCEPT_COMPLETED,
    ACCEPT_INCOMPLETE,
    MECHANISMS,
    NTLMSSP_OID,
    REJECT,
    NegTokenInit,
    NegTokenResp,
    open_token,
)


class SpnegoAcceptor:
    """One sign-in, in the wrapping that the client begins with. Of no use after an identity or an error."""

    def __init__(self, ntlm: NtlmAcceptor) -> None:
        self.ntlm = ntlm
        self._raw = False
        self._begun = False
        self._mech_list = b""
        self._mech_named = False

    def step(self, token: Buffer) -> tuple[bytes, Identity | None]:
        """Takes the client's security blob; gives the answer's blob and, after the last one, the identity.

        No identity means STATUS_MORE_PROCESSING_REQUIRED. Raises `SMBError` as `NtlmAcceptor.step` does, and
        STATUS_INVALID_PARAMETER for a blob that cannot be read or offers nothing but Kerberos and the like.
        """
        token = bytes(token)
        if self._raw or (not self._begun and token.startswith(SIGNATURE)):
            self._raw = self._begun = True
            return self.ntlm.step(token)
        if not self._begun and not token:
            raise SMBError(NT.LOGON_FAILURE, "an empty security blob")
        try:
            return self._negotiate(*open_token(token))
        except DecodeError as error:
            raise _unreadable(str(error)) from None

    def _negotiate(self, tag: int, body: bytes) -> tuple[bytes, Identity | None]:
        if tag == context(0) and not self._begun:
            self._begun = True
            return self._first(NegTokenInit.decode(body))
        if tag == context(1) and self._begun:
            return self._next(NegTokenResp.decode(body))
        raise DecodeError(f"tag 0x{tag:02x} is neither of SPNEGO nor of NTLMSSP, or comes out of turn")

    def _first(self, init: NegTokenInit) -> tuple[bytes, Identity | None]:
        if NTLMSSP_OID not in init.mech_types:
            offered = ", ".join(MECHANISMS.get(oid, oid.hex()) for oid in init.mech_types)
            raise _unreadable(f"the client offers {offered or 'nothing'}, and not NTLMSSP")
        self._mech_list = init.mech_list
        # A token is for the first mechanism; one of Kerberos or NEGOEX is answered by naming NTLMSSP.
        if not init.mech_token.startswith(SIGNATURE):
            if init.mech_token and init.mech_types[0] == NTLMSSP_OID:
                raise _unreadable("the first mechanism is NTLMSSP, and the token is none of it")
            return self._answer(b"", None, b"")
        return self._wrapped(init.mech_token, init.mic)

    def _next(self, resp: NegTokenResp) -> tuple[bytes, Identity | None]:
        if resp.state == REJECT or not resp.token:
            raise _unreadable("the client gives up: no token in its answer, or a reject")
        return self._wrapped(resp.token, resp.mic)

    def _wrapped(self, token: bytes, mic: bytes) -> tuple[bytes, Identity | None]:
        answer, identity = self.ntlm.step(token)
        # Windows 2000 and XP copy the token into the field of the MIC ([MS-SPNG], note on mechListMIC).
        return self._answer(answer, identity, b"" if mic == token else mic)

    def _answer(self, token: bytes, identity: Identity | None, mic: bytes) -> tuple[bytes, Identity | None]:
        mech = b"" if self._mech_named else NTLMSSP_OID
        self._mech_named = True
        if identity is None:
            return NegTokenResp(ACCEPT_INCOMPLETE, mech, token).encode(), None
        return NegTokenResp(ACCEPT_COMPLETED, mech, token, self._protect(mic)).encode(), identity

    def _protect(self, mic: bytes) -> bytes:
        """Checks the client's mechListMIC and gives ours ([RFC 4178] 5).

        A client that sends none gets none: those that know only [RFC 2478] do not expect it. A guest's key is
        known to the client alone, so there is nothing to check against.
        """
        security = self.ntlm.security
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
