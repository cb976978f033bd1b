"""SPNEGO tokens, to and from bytes ([RFC 4178] 4.2, [MS-SPNG] 2.2)."""

from typing import Annotated, Final

import msgspec

from fakesmb.wire import der
from fakesmb.wire.codec import DecodeError, Secret
from fakesmb.wire.der import ENUMERATED, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, context, element
from fakesmb.wire.kerberos import KERBEROS_OID, MICROSOFTS_OID

SPNEGO_OID: Final = bytes.fromhex("2b0601050502")
NTLMSSP_OID: Final = bytes.fromhex("2b06010401823702020a")
MECHANISMS: Final = {
    NTLMSSP_OID: "NTLMSSP",
    KERBEROS_OID: "Kerberos",
    MICROSOFTS_OID: "Microsoft's Kerberos",
    bytes.fromhex("2a864886f71201020203"): "user-to-user Kerberos",
    bytes.fromhex("2b06010401823702021e"): "NEGOEX",
}
"""What the log calls the mechanisms that clients offer ([MS-SPNG] 1.9)."""

ACCEPT_COMPLETED: Final = 0
ACCEPT_INCOMPLETE: Final = 1
"""Also where [RFC 4178] 4.2.2 has request-mic and NTLMSSP is chosen: Windows 2003 never says that, and XP does not know
it."""
REJECT: Final = 2
REQUEST_MIC: Final = 3

_HINT: Final = b"not_defined_in_RFC4178@please_ignore"


class NegTokenInit(msgspec.Struct, frozen=True, gc=False):
    """NegTokenInit of a client, [RFC 4178] 4.2.1. `mech_list`: the DER of `mech_types`."""

    mech_types: tuple[bytes, ...]
    mech_list: bytes
    mech_token: Annotated[bytes, Secret] = b""
    mic: Annotated[bytes, Secret] = b""

    @classmethod
    def decode(cls, body: bytes) -> "NegTokenInit":
        """Reads what stands inside tag [0] of the NegotiationToken; raises `DecodeError`."""
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
    token: Annotated[bytes, Secret] = b""
    mic: Annotated[bytes, Secret] = b""

    @classmethod
    def decode(cls, body: bytes) -> "NegTokenResp":
        """Reads what stands inside tag [1] of the NegotiationToken; raises `DecodeError`."""
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


def initial_token(*, kerberos: bool = False) -> bytes:
    """The security blob of a negotiate response: NegTokenInit2 that offers NTLMSSP ([MS-SPNG] 2.2.1).

    With `kerberos` before it, under both its names and in Windows' order.
    """
    offered = (MICROSOFTS_OID, KERBEROS_OID, NTLMSSP_OID) if kerberos else (NTLMSSP_OID,)
    mechanisms = element(SEQUENCE, *(element(OBJECT_IDENTIFIER, oid) for oid in offered))
    hints = element(SEQUENCE, element(context(0), element(der.GENERAL_STRING, _HINT)))
    init = element(SEQUENCE, element(context(0), mechanisms), element(context(3), hints))
    return element(der.APPLICATION_0, element(OBJECT_IDENTIFIER, SPNEGO_OID), element(context(0), init))


def open_token(blob: bytes) -> tuple[int, bytes]:
    """Tag and contents of the NegotiationToken in a security blob, out of its GSS-API framing ([RFC 2743] 3.1).

    The tag is `context(0)` of a NegTokenInit and `context(1)` of a NegTokenResp. Raises `DecodeError`.
    """
    tag, body = next(der.elements(blob), (0, b""))
    if tag != der.APPLICATION_0:
        return tag, body
    parts = der.elements(body)
    if next(parts, None) != (OBJECT_IDENTIFIER, SPNEGO_OID):
        raise DecodeError("a GSS-API token of another mechanism than SPNEGO")
    return next(parts, (0, b""))
