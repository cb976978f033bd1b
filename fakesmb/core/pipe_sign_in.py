"""Sign-ins inside pipes: the accounts and NTLM of the server, as the RPC runtime wants them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from fakesmb.auth.attempts import address_of
from fakesmb.auth.ntlmssp import NtlmAcceptor
from fakesmb.auth.spnego import SpnegoAcceptor
from fakesmb.core.sign_ins import ntlm_acceptor, record_refusal, record_sign_in
from fakesmb.core.views import caller_from
from fakesmb.nt.status import SMBError
from fakesmb.rpc.security import NTLMSSP, SPNEGO, Acceptor, Acceptors, Protection
from fakesmb.rpc.view import Caller

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection

_WRAPPINGS: Final[Mapping[int, Callable[[NtlmAcceptor], SpnegoAcceptor | NtlmAcceptor]]] = {
    SPNEGO: SpnegoAcceptor,
    NTLMSSP: lambda ntlm: ntlm,
}
"""By auth_type, [MS-RPCE] 2.2.1.1.7; Kerberos and the secure channel of domain members are not served."""


class PipeSignIn:
    """One sign-in inside a pipe."""

    def __init__(self, connection: "SMBConnection", auth_type: int) -> None:
        self._connection = connection
        self._ntlm = ntlm_acceptor(connection)
        self._acceptor = _WRAPPINGS[auth_type](self._ntlm)

    @property
    def protection(self) -> Protection | None:
        """After the sign-in; None for a guest, whose key the server does not know."""
        return self._ntlm.security

    def step(self, token: bytes) -> tuple[bytes, Caller | None]:
        """Takes a token; gives the answer and, after the last, who it is. Raises `SMBError`, and records either."""
        connection, looked_at = self._connection, False
        try:
            if self._ntlm.reply is not None:  # the step that has the password; it cannot wait for its turn
                connection.server.attempts.now(address_of(connection.peer))
            looked_at = True
            answer, identity = self._acceptor.step(token)
        except SMBError as error:
            record_refusal(connection, error, self._ntlm.claim, looked_at=looked_at, pipe=True)
            raise
        if identity is None:
            return answer, None
        record_sign_in(connection, identity, pipe=True)
        return answer, caller_from(identity, connection)


def acceptors(connection: "SMBConnection") -> Acceptors:
    """What the pipes of a connection accept sign-ins with."""

    def acceptor(auth_type: int) -> Acceptor | None:
        return PipeSignIn(connection, auth_type) if auth_type in _WRAPPINGS else None

    return acceptor
