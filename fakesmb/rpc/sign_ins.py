"""The security contexts of one association: sign-ins begun, continued, and named by requests ([MS-RPCE] 3.3.1.5.2)."""

from typing import Final

from fakesmb.nt.status import SMBError
from fakesmb.rpc.faults import BindRefused, Fault
from fakesmb.rpc.security import USABLE, Acceptors, Level, SecurityContext
from fakesmb.wire.dcerpc import FaultStatus, NakReason, Verifier

MAX_SECURITY_CONTEXTS: Final = 64
"""Security contexts of one association; Windows has 2049."""
_CONTEXT_COST: Final = 4096
"""Bytes that a security context takes besides its tokens: keys, and the state of two ciphers."""
NO_AUTHENTICATION: Final = 0
"""auth_type RPC_C_AUTHN_NONE, [MS-RPCE] 2.2.1.1.7."""


class SecurityContexts:
    """The security contexts of one association, by the numbers that the client gives them."""

    def __init__(self, acceptors: Acceptors) -> None:
        self._acceptors = acceptors
        self._contexts: dict[int, SecurityContext] = {}
        self._default: SecurityContext | None = None
        self._named_connect = False
        self._tokens = 0
        """Bytes of the tokens that have come; few enough to count those of sign-ins that have ended, too."""

    @property
    def held(self) -> int:
        """Bytes that the sign-ins take, begun and ended."""
        return self._tokens + _CONTEXT_COST * len(self._contexts)

    def clear(self) -> None:
        """Forgets them, and their keys."""
        self._contexts.clear()
        self._tokens = 0
        self._default = None

    def begin(self, verifier: Verifier | None) -> tuple[bytes, bytes]:
        """The first leg of a sign-in in a bind; gives trailer and token of the answer. Raises `BindRefused`."""
        if verifier is None:
            return b"", b""
        if not Level.CONNECT <= verifier.level <= Level.PRIVACY:
            raise BindRefused(NakReason.NOT_SPECIFIED, f"authentication level {verifier.level}")
        acceptor = self._acceptors(verifier.type)
        if acceptor is None:
            raise BindRefused(NakReason.AUTHENTICATION_TYPE, f"authentication type {verifier.type}")
        if verifier.level not in USABLE:
            raise BindRefused(NakReason.INVALID_CHECKSUM, f"authentication level {verifier.level}")
        security = SecurityContext(verifier, acceptor)
        try:
            token = security.step(verifier.value)
        except (SMBError, Fault) as error:
            raise BindRefused(NakReason.INVALID_CHECKSUM, str(error)) from None
        self._add(security, len(verifier.value))
        return security.trailer(), token

    def proceed(self, verifier: Verifier | None) -> tuple[bytes, bytes]:
        """A leg of a sign-in in an alter_context, of one under way or of another one; raises `Fault`."""
        if verifier is None:
            return b"", b""
        security = self._contexts.get(verifier.context)
        if security is None:
            security = self._another(verifier)
        elif verifier.type != security.type:
            why = f"authentication type {verifier.type} in a sign-in of type {security.type}"
            raise Fault(FaultStatus.SECURITY_PACKAGE, why, last=True)
        elif security.finished:
            raise Fault(FaultStatus.ACCESS_DENIED, "the sign-in has ended already", last=True)
        elif verifier.level != security.level:
            why = f"authentication level {verifier.level} in a sign-in for level {security.level}"
            raise Fault(FaultStatus.ACCESS_DENIED, why, last=True)
        try:
            return security.trailer(), security.step(verifier.value)
        except SMBError as error:
            raise Fault(FaultStatus.SECURITY_PACKAGE, error.why or str(error), last=True) from None

    def finish(self, verifier: Verifier | None) -> None:
        """The third leg of a sign-in, in an auth3, which is not answered: if it failed, the next request is.

        Raises `Fault` where no sign-in is under way ([MS-RPCE] 2.2.2.10).
        """
        security = None if verifier is None else self._contexts.get(verifier.context)
        if verifier is None or security is None or security.finished:
            raise Fault(FaultStatus.PROTOCOL, "auth3 without a sign-in under way", last=True)
        if not security.matches(verifier):
            security.fail()
            return
        try:
            if security.step(verifier.value) or not security.finished:
                security.fail()  # SPNEGO wants to answer, and cannot
        except (SMBError, Fault):
            security.fail()

    def of_request(self, verifier: Verifier | None, context: int) -> SecurityContext | None:
        """The security context of a request; None where the caller is whoever the transport says. Raises `Fault`."""
        security = self._default if verifier is None else self._contexts.get(verifier.context)
        if security is not None and not security.finished:
            raise Fault(FaultStatus.PROTOCOL, "a request in the middle of a sign-in", last=True)
        if verifier is None:
            matches = security is None or not security.failed
        else:
            matches = security is not None and security.matches(verifier)
        if not matches:
            why = "the sign-in that the request names failed, or was another"
            raise Fault(FaultStatus.ACCESS_DENIED, why, executed=True, last=True, context=context)
        if verifier is not None:
            self._default = None
            self._named_connect |= verifier.level == Level.CONNECT
        return security

    def _another(self, verifier: Verifier) -> SecurityContext:
        acceptor = self._acceptors(verifier.type)
        if acceptor is None:
            why = f"authentication type {verifier.type}"
            raise Fault(FaultStatus.SECURITY_PACKAGE, why, last=True)
        if verifier.level not in USABLE:
            raise Fault(FaultStatus.ACCESS_DENIED, f"authentication level {verifier.level}", last=True)
        if len(self._contexts) >= MAX_SECURITY_CONTEXTS:
            why = f"more than {MAX_SECURITY_CONTEXTS} security contexts"
            raise Fault(FaultStatus.PROTOCOL, why, last=True)
        security = SecurityContext(verifier, acceptor)
        self._add(security, len(verifier.value))
        return security

    def _add(self, security: SecurityContext, size: int) -> None:
        """Takes a security context in. Requests without a verifier run under the last one of level CONNECT, until
        one is named: then, and without one, they run as whoever the transport says.
        """
        self._contexts[security.id] = security
        self._tokens += size
        if security.level == Level.CONNECT and not self._named_connect:
            self._default = security
