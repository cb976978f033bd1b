"""Core clients at user level: each tree connect signs in, as no dialect of theirs has a session setup."""

from collections.abc import Callable

from twisted.internet.defer import Deferred

from fakesmb.auth.attempts import UncountedError
from fakesmb.auth.ntlm import Claim
from fakesmb.core.any_uid import called_itself
from fakesmb.core.proofs import prove, refuse, when_due
from fakesmb.core.request import Answer, AnyRequest
from fakesmb.core.sign_ins import record_sign_in
from fakesmb.nt.status import BAD_PASSWORD, SMBError
from fakesmb.wire.codec import Buffer

Connect = Callable[[], "Answer | Deferred[Answer]"]


def sign_in_core(request: AnyRequest, password: Buffer, connect: Connect) -> "Answer | Deferred[Answer]":
    """What `connect` gives, once the client has signed in, which may have to wait.

    The account is the NetBIOS name that the client calls itself, and the password, in plain text, that of the tree
    connect: so LAN Manager lets core clients in at user level. ERRSRV/ERRbadpw for a wrong one.
    """
    connection = request.connection
    claim = Claim(connection.calling_name)

    def sign_in() -> "Answer | Deferred[Answer]":
        try:
            identity = prove(request, claim.user, lm=password, as_is=True)
        except SMBError as error:
            if not claim.user:
                why = "a core client is known by its NetBIOS name only, and told none (no session request)"
                error = UncountedError(error.status, why, dos=BAD_PASSWORD)
            refuse(request, error, claim, looked_at=bool(bytes(password).strip(b"\0")))
            raise error from None
        before = connection.sessions.get(0)
        session = called_itself(connection, identity)
        request.session = request.exchange.session = session
        if before is None:
            request.server.counters.sessions += 1
            request.exchange.record_request()
            record_sign_in(connection, identity)
        return connect()

    return when_due(request, claim, sign_in)
