"""Session setup in its three forms, and logoff ([MS-CIFS] 2.2.4.53, .54; [MS-SMB] 2.2.4.6)."""

from typing import Final

import msgspec
from twisted.internet.defer import Deferred

from fakesmb.auth import ntlm
from fakesmb.auth.accounts import Form, Identity
from fakesmb.auth.attempts import address_of
from fakesmb.auth.kerberos import KerberosAcceptor
from fakesmb.auth.signing import Checker, Signer, mac_key
from fakesmb.auth.spnego import SpnegoAcceptor
from fakesmb.core.any_uid import begin_share_level, called_itself
from fakesmb.core.dialects import Protocol
from fakesmb.core.dispatch import Needs, command
from fakesmb.core.endings import end
from fakesmb.core.exchange import BEGINS_SIGNING
from fakesmb.core.id_pool import RESERVED_ID
from fakesmb.core.proofs import prove, refuse, when_due
from fakesmb.core.request import Answer, AnyRequest, Reply, Request
from fakesmb.core.sign_ins import check_signs, ntlm_acceptor, record_sign_in
from fakesmb.core.state import Session
from fakesmb.core.unix_clients import recognise
from fakesmb.nt.names import remembered
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Buffer
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Flags2
from fakesmb.wire.session import (
    Action,
    LogoffAndxRequest,
    LogoffAndxResponse,
    SessionSetupAndxRequest,
    SessionSetupAndxResponse,
    SessionSetupExtendedRequest,
    SessionSetupExtendedResponse,
    SessionSetupLanmanRequest,
    SessionSetupLanmanResponse,
    SessionSetupPlainRequest,
)

SMALLEST_BUFFER: Final = 512
"""Bytes that every client can take in one message, whatever it says."""

_SIGN_IN_COST: Final = 4096
"""Bytes that a message of a sign-in makes the server keep until it ends (measured)."""
_TOKEN_COST: Final = 3
"""For each byte of its token: the token, its parts decoded, and the list of mechanisms in it."""


@command(Command.SESSION_SETUP_ANDX, SessionSetupAndxRequest, Needs.NOTHING)
def session_setup_andx(request: Request[SessionSetupAndxRequest]) -> Answer | Deferred[Answer]:
    """SMB_COM_SESSION_SETUP_ANDX, [MS-CIFS] 3.3.5.43 and [MS-SMB] 3.3.5.3."""
    params, connection = request.params, request.connection
    recognise(connection, params)
    connection.max_buffer = max(params.max_buffer_size, SMALLEST_BUFFER)
    if isinstance(params, SessionSetupExtendedRequest):
        connection.capabilities = params.capabilities & request.server.profile.capabilities
        return _extended(request, params)
    if isinstance(params, SessionSetupPlainRequest):
        connection.capabilities = params.capabilities & request.server.profile.capabilities
        return _by_fields(request, params, params.oem_password, params.unicode_password)
    assert isinstance(params, SessionSetupLanmanRequest)
    return _by_fields(request, params, params.password)


def _extended(request: AnyRequest, params: SessionSetupExtendedRequest) -> Answer | Deferred[Answer]:
    connection = request.connection
    if not connection.extended_security:
        raise SMBError(NT.INVALID_SMB, "a security token, but extended security was not negotiated")
    uid = request.exchange.uid
    session = connection.sessions.get(uid)
    if session is None and uid not in (0, RESERVED_ID):
        raise SMBError(NT.SMB_BAD_UID, f"UID 0x{uid:04X} is not signed in")
    if session is None or session.acceptor is None:
        # A UID that is signed in already means: sign in again, keeping it ([MS-SMB] 3.3.5.3).
        session = session if session is not None else Session(connection)
        session.acceptor = _acceptor(request)
        if not session.uid:
            session.uid = connection.sessions.add(session)
        return _step(request, params, session, session.acceptor)
    request.exchange.uid = session.uid
    try:
        turn = request.server.attempts.turn(address_of(request.connection.peer))
    except SMBError as error:
        _refuse(request, session, error, looked_at=False)
        raise
    acceptor = session.acceptor
    if turn is None:
        return _step(request, params, session, acceptor)
    return turn.addCallback(lambda _: _after_waiting(request, params, session, acceptor))


def _after_waiting(
    request: AnyRequest, params: SessionSetupExtendedRequest, session: Session, acceptor: SpnegoAcceptor
) -> Answer:
    """The second step of a sign-in that had to wait for its turn, unless the sign-in is over meanwhile."""
    if session.acceptor is not acceptor:
        raise SMBError(
            NT.SMB_BAD_UID, f"no sign-in of UID 0x{request.exchange.uid:04X} is under way any more"
        )
    try:
        request.server.attempts.check(address_of(request.connection.peer))
    except SMBError as error:
        _refuse(request, session, error, looked_at=False)
        raise
    return _step(request, params, session, acceptor)


def _step(
    request: AnyRequest, params: SessionSetupExtendedRequest, session: Session, acceptor: SpnegoAcceptor
) -> Answer:
    request.exchange.uid = session.uid
    try:
        session.charge(_SIGN_IN_COST + _TOKEN_COST * len(params.security_blob))
        token, identity = acceptor.step(params.security_blob)
        if identity is not None:
            request.server.attempts.check(address_of(request.connection.peer))
            check_signs(request.server.settings, identity)
    except SMBError as error:
        _refuse(request, session, error, looked_at=acceptor.by_password)
        raise
    profile = request.server.profile
    response = SessionSetupExtendedResponse(
        action=_action(identity),
        security_blob=token,
        native_os=profile.native_os,
        native_lan_man=profile.native_lan_manager,
    )
    if identity is None:
        if acceptor.amiss is not None:
            refuse(request, acceptor.amiss, acceptor.claim, looked_at=False)
        return Reply(response, NT.MORE_PROCESSING_REQUIRED)
    session.native_os = remembered(params.native_os)
    _accept(request, session, identity)
    return response


def _acceptor(request: AnyRequest) -> SpnegoAcceptor:
    connection, server = request.connection, request.server
    kerberos = (
        None
        if server.kerberos is None
        else KerberosAcceptor(server.kerberos, server.accounts, connection.now)
    )
    return SpnegoAcceptor(ntlm_acceptor(connection), kerberos)


def _by_fields(
    request: AnyRequest,
    params: SessionSetupLanmanRequest | SessionSetupPlainRequest,
    first: Buffer,
    second: Buffer = b"",
) -> Answer | Deferred[Answer]:
    """The forms of 10 and 13 words: the fields hold responses to the challenge, or passwords (`proofs.prove`)."""
    connection, server = request.connection, request.server
    claim = ntlm.Claim(params.account_name, params.primary_domain)

    def accepted(session: Session, identity: Identity, action: int) -> Answer:
        session.native_os = remembered(params.native_os)
        request.exchange.uid = session.uid
        _accept(request, session, identity)
        if connection.protocol < Protocol.LANMAN21:
            return SessionSetupLanmanResponse(action)
        return SessionSetupAndxResponse(
            action=action,
            native_os=server.profile.native_os,
            native_lan_man=server.profile.native_lan_manager,
            primary_domain=server.settings.workgroup,
        )

    if server.settings.security == "share":  # nobody is asked for a password here ([MS-CIFS] 3.2.4.2.4)
        identity = Identity(remembered(claim.user), remembered(claim.domain), kind="guest")
        return accepted(called_itself(connection, identity), identity, 0)

    def sign_in() -> Answer:
        try:
            identity = prove(request, claim.user, claim.domain, first, second)
        except SMBError as error:
            refuse(request, error, claim, looked_at=True)
            raise
        session = Session(connection)
        session.uid = connection.sessions.add(session)
        return accepted(session, identity, _lm_action(identity))

    return when_due(request, claim, sign_in)


def _action(identity: Identity | None) -> int:
    return Action.GUEST if identity is not None and identity.kind == "guest" else 0


def _lm_action(identity: Identity) -> int:
    """SMB_SETUP_USE_LANMAN_KEY tells the client which key signs ([MS-CIFS] 3.2.5.3)."""
    return _action(identity) | (Action.LM_KEY if identity.protection == Form.LM else 0)


def _accept(request: AnyRequest, session: Session, identity: Identity) -> None:
    connection, server = request.connection, request.server
    if session.identity is not None:
        for tree in connection.trees:
            if tree.session is session:
                tree.signed_in_again(identity)
    session.identity = identity
    session.end_sign_in()
    request.exchange.session = session
    connection.signed_in()
    _begin_signing(request, identity)
    if identity.response:  # as long as a client makes it, and the signer has what it needs of it
        session.identity = msgspec.structs.replace(identity, response=b"")
    server.counters.sessions += 1
    request.exchange.record_request()
    record_sign_in(connection, identity, session.native_os)


def _begin_signing(request: AnyRequest, identity: Identity) -> None:
    """Signing begins with the answer to the first sign-in that brings a key ([MS-SMB] 3.3.5.3)."""
    connection, settings = request.connection, request.server.settings
    if connection.signing is not None or settings.signing == "off":
        return
    wanted = request.header.flags2 & (Flags2.SIGNATURE | Flags2.SIGNATURE_REQUIRED)
    if not wanted and settings.signing != "required":
        return
    key = mac_key(identity)
    if key:
        connection.signing = Checker(Signer(key))
        request.exchange.sequence = BEGINS_SIGNING


def _refuse(request: AnyRequest, session: Session, error: SMBError, *, looked_at: bool) -> None:
    acceptor = session.acceptor
    claim = acceptor.claim if acceptor is not None else None
    session.end_sign_in()
    if session.identity is None:
        request.connection.sessions.pop(session.uid)
    refuse(request, error, claim, looked_at=looked_at)


@command(Command.LOGOFF_ANDX, LogoffAndxRequest, Needs.NOTHING)
def logoff_andx(request: Request[LogoffAndxRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_LOGOFF_ANDX, [MS-CIFS] 3.3.5.44: frees what is the user's; unfinished sign-ins are bad UIDs."""
    connection = request.connection
    session = connection.sessions.get(request.exchange.uid)
    if session is None or session.identity is None:
        raise SMBError(NT.SMB_BAD_UID, f"UID 0x{request.exchange.uid:04X} is not signed in")
    request.exchange.session = session
    session.acceptor = None  # a new sign-in of that UID may wait for its turn
    # Trees outlive the session that made them: whoever signs in next may use them, as with Windows.
    connection.sessions.pop(session.uid)
    session.end_sign_in()
    if request.server.settings.security == "share":
        begin_share_level(connection)
    ended = end(connection, session=session, asking=request.exchange)
    return LogoffAndxResponse() if ended is None else ended.addCallback(lambda _: LogoffAndxResponse())
