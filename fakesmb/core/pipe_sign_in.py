"""Sign-ins inside pipes: the accounts and NTLM of the server, as the RPC runtime wants them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from fakesmb.auth.ntlm import CHALLENGE_SIZE
from fakesmb.auth.ntlmssp import NtlmAcceptor, TargetNames
from fakesmb.auth.spnego import SpnegoAcceptor
from fakesmb.core.views import caller_from
from fakesmb.nt.status import SMBError
from fakesmb.record import events
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
        server = connection.server
        challenge = server.settings.challenge or server.world.entropy(CHALLENGE_SIZE)
        self._connection = connection
        self._ntlm = NtlmAcceptor(server.accounts, TargetNames(server.settings.name), challenge, server.world)
        self._acceptor = _WRAPPINGS[auth_type](self._ntlm)

    @property
    def protection(self) -> Protection | None:
        """After the sign-in; None for a guest, whose key the server does not know."""
        return self._ntlm.security

    def step(self, token: bytes) -> tuple[bytes, Caller | None]:
        """Takes a token; gives the answer and, after the last, who it is. Raises `SMBError`, and records it."""
        try:
            answer, identity = self._acceptor.step(token)
        except SMBError as error:
            self._record_refusal(error)
            raise
        return answer, None if identity is None else caller_from(identity)

    def _record_refusal(self, error: SMBError) -> None:
        connection, claim = self._connection, self._ntlm.claim
        connection.server.counters.refused_sessions += 1
        user, domain, workstation = ("", "", "") if claim is None else claim
        connection.server.log.emit(
            events.SignInRefused(
                connection.server.world.now(),
                connection.number,
                connection.peer,
                user,
                error.status,
                f"inside a pipe: {error.why}",
                domain,
                workstation,
            )
        )


def acceptors(connection: "SMBConnection") -> Acceptors:
    """What the pipes of a connection accept sign-ins with."""

    def acceptor(auth_type: int) -> Acceptor | None:
        return PipeSignIn(connection, auth_type) if auth_type in _WRAPPINGS else None

    return acceptor
