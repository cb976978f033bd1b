"""Fields of commands that have a structure of their own: passwords and security tokens."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from fakesmb.trace.field import Field
from fakesmb.trace.half import Half
from fakesmb.trace.ntlmresponses import nt_response
from fakesmb.trace.sealing import public, secret_whole
from fakesmb.trace.spnego import security_blob
from fakesmb.wire.codec import Body
from fakesmb.wire.negotiate import NegotiateExtendedResponse
from fakesmb.wire.session import (
    SessionSetupExtendedRequest,
    SessionSetupExtendedResponse,
    SessionSetupPlainRequest,
)

Inside = Callable[[Field, Half], Field]


def _blob(field: Field, half: Half) -> Field:
    return security_blob(
        field.name,
        half.message,
        field.at,
        field.at + field.size,
        encoding=half.encoding,
        section=field.section,
    )


def _public_blob(field: Field, half: Half) -> Field:
    """What a server tells whoever asks: by its type no secret, of whatever mechanism it is."""
    return public(_blob(field, half))


def _password(field: Field, half: Half) -> Field:
    return secret_whole(nt_response(field.name, half.message, field.at, field.at + field.size))


INSIDE: Final[Mapping[tuple[type[Body], str], Inside]] = MappingProxyType(
    {
        (NegotiateExtendedResponse, "SecurityBlob"): _public_blob,
        (SessionSetupExtendedRequest, "SecurityBlob"): _blob,
        (SessionSetupExtendedResponse, "SecurityBlob"): _blob,
        (SessionSetupPlainRequest, "UnicodePassword"): _password,
    }
)
"""By the class of the command and the name of the field."""
