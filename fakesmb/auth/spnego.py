"""SPNEGO around NTLMSSP, or NTLMSSP alone ([RFC 4178], [MS-SPNG])."""

from typing import Final

import msgspec

from fakesmb.auth import der
from fakesmb.auth.accounts import Identity
from fakesmb.auth.der import ENUMERATED, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, context, element
from fakesmb.auth.ntlm_messages import SIGNATURE
from fakesmb.auth.ntlmssp import NtlmAcceptor
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Buffer

SPNEGO_OID: Final = bytes.fromhex("2b0601050502")
NTLMSSP_OID: Final = bytes.fromhex("2b06010401823702020a")
MECHANISMS: Final = {
    NTLMSSP_OID: "NTLMSSP",
    bytes.fromhex("2a864886f712010202"): "Kerberos",
    bytes.fromhex("2a864882f712010202"): "Microsoft's Kerberos",
    bytes.fromhex("2a864886f71201020203"): "user-to-user Kerberos",
    bytes.fromhex("2b06010401823702021e"): "NEGOEX",
}
"""What the log calls the mechanisms that clients offer ([MS-SPNG] 1.9)."""

ACCEPT_COMPLETED: Final = 0
ACCEPT_INCOMPLETE: Final = 1
"""Also where [RFC 4178] 4.2.2 has request-mic: Windows 2003 never says that, and XP does not know it."""
REJECT: Final = 2

_HINT: Final = b"not_defined_in_RFC4178@please_ignore"
_NTLMSSP_ONLY: Final = element(SEQUENCE, element(OBJECT_IDENTIFIER, NTLMSSP_OID))


class NegTokenInit(msgspec.Struct, frozen=True, gc=False):
    """NegTokenInit of a client, [RFC 4178] 4.2.1. `mech_list`: the DER of `mech_types`."""

    mech_types: tuple[bytes, ...]
    mech_list: bytes
    mech_token: bytes = b""
    mic: bytes = b""

    @classmethod
    def decode(cls, body: bytes) -> "NegTokenInit":
        """Reads what stands inside tag [0] of the NegotiationToken; raises `SMBError`."""
        fields = dict(der.elements(der.only(body, SEQUENCE)))
        mech_list = fields.get(context(0), b"")
        oids = tuple(
            oid for tag, oid in der.elements(der.only(mech_list, SEQUENCE)) if tag == OBJECT_IDENTIFIER
        )
        return cls(oids, mech_list, _octets(fields, 2), _octets(fields, 3))


class NegTokenResp(msgspec.Struct, frozen=True, gc=False):
    """NegTokenResp, [RFC 4178] 4.2.2. `state` is None where the field is left out."""

    state: int | None = None
    mech: bytes = b""
    token: bytes = b""
    mic: bytes = b""

    @classmethod
    def decode(cls, body: bytes) -> "NegTokenResp":
        """Reads what stands inside tag [1] of the NegotiationToken; raises `SMBError`."""
        fields = dict(der.elements(der.only(body, SEQUENCE)))
        state = fields.get(context(0))
        mech = fields.get(context(1))
        return cls(
            None if state is None else int.from_bytes(der.only(state, ENUMERATED), "big"),
            b"" if mech is None else der.only(mech, OBJECT_IDENTIFIER),
            _octets(fields, 2),
            _octets(fields, 3),
        )

    def encode(self) -> bytes:
        """The NegotiationToken."""
        parts = []
        if self.state is not None:
            parts.append(element(context(0), element(ENUMERATED, bytes((self.state,)))))
        if self.mech:
            parts.append(element(context(1), element(OBJECT_IDENTIFIER, self.mech)))
        if self.token:
            parts.append(element(context(2), element(OCTET_STRING, self.token)))
        if self.mic:
            parts.append(element(context(3), element(OCTET_STRING, self.mic)))
        return element(context(1), element(SEQUENCE, *parts))


def _octets(fields: dict[int, bytes], number: int) -> bytes:
    field = fields.get(context(number))
    return b"" if field is None else der.only(field, OCTET_STRING)


def initial_token() -> bytes:
    """The security blob of a negotiate response: NegTokenInit2 that offers NTLMSSP ([MS-SPNG] 2.2.1)."""
    hints = element(SEQUENCE, element(context(0), element(der.GENERAL_STRING, _HINT)))
    init = element(SEQUENCE, element(context(0), _NTLMSSP_ONLY), element(context(3), hints))
    return element(der.APPLICATION_0, element(OBJECT_IDENTIFIER, SPNEGO_OID), element(context(0), init))


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
        tag, body = next(der.elements(token), (0, b""))
        if tag == der.APPLICATION_0:
            tag, body = _inside_gss(body)
        if tag == context(0) and not self._begun:
            self._begun = True
            return self._first(NegTokenInit.decode(body))
        if tag == context(1) and self._begun:
            return self._next(NegTokenResp.decode(body))
        raise der.broken("neither SPNEGO nor NTLMSSP, or out of turn")

    def _first(self, init: NegTokenInit) -> tuple[bytes, Identity | None]:
        if NTLMSSP_OID not in init.mech_types:
            offered = ", ".join(MECHANISMS.get(oid, oid.hex()) for oid in init.mech_types)
            raise der.broken(f"the client offers {offered or 'nothing'}, and not NTLMSSP")
        self._mech_list = init.mech_list
        # A token is for the first mechanism; one of Kerberos or NEGOEX is answered by naming NTLMSSP.
        if not init.mech_token.startswith(SIGNATURE):
            if init.mech_token and init.mech_types[0] == NTLMSSP_OID:
                raise der.broken("an NTLMSSP token that is none")
            return self._answer(b"", None, b"")
        return self._wrapped(init.mech_token, init.mic)

    def _next(self, resp: NegTokenResp) -> tuple[bytes, Identity | None]:
        if resp.state == REJECT or not resp.token:
            raise der.broken("the client goes no further")
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

        None from the client, none from us: those that know only [RFC 2478] do not expect it. A guest's key is
        known to the client alone, so there is nothing to check against.
        """
        security = self.ntlm.security
        if not mic or security is None:
            return b""
        if not security.verify(self._mech_list, mic):
            raise der.broken("wrong mechListMIC: the list of mechanisms is not what the client sent")
        ours = security.sign(self._mech_list)
        security.restart()
        return ours


def _inside_gss(body: bytes) -> tuple[int, bytes]:
    """Tag and contents of the token inside the framing of [RFC 2743] 3.1; raises `SMBError`."""
    parts = der.elements(body)
    if next(parts, None) != (OBJECT_IDENTIFIER, SPNEGO_OID):
        raise der.broken("a GSS-API token of another mechanism than SPNEGO")
    return next(parts, (0, b""))
