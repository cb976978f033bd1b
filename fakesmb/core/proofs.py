"""What a password proves that came in a session setup without tokens, or in a tree connect."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from fakesmb.auth import clear, ntlm
from fakesmb.auth.accounts import Account, Form, Guest, Identity
from fakesmb.auth.attempts import address_of
from fakesmb.auth.ntlm import Claim
from fakesmb.core.request import Answer, AnyRequest
from fakesmb.core.sign_ins import check_signs, record_refusal
from fakesmb.nt.status import BAD_PASSWORD, NT, SMBError
from fakesmb.wire.codec import Buffer

if TYPE_CHECKING:
    from fakesmb.core.state import Share


def prove(
    request: AnyRequest,
    account: str,
    domain: str = "",
    lm: Buffer = b"",
    nt: Buffer = b"",
    *,
    as_is: bool = False,
) -> Identity:
    """Who signs in by the fields of a session setup of 10 or 13 words, or by the password of a core client.

    `lm` is the first field (of 10 words the only one), `nt` the second, as they are in the message: responses to the
    connection's challenge, or passwords where the server takes them in plain text. With `as_is` it is a password
    whatever was negotiated: core clients know nothing else. Raises `SMBError`: LOGON_FAILURE; ACCESS_DENIED where
    signing is required and there is no key.
    """
    connection, server = request.connection, request.server
    claim = Claim(account, domain)
    if as_is or server.settings.plain_text:
        identity = _by_text(request, claim, lm, nt)
    else:
        identity = ntlm.verify(
            server.accounts, challenge=connection.challenge, user=account, domain=domain, lm=lm, nt=nt
        )
    check_signs(server.settings, identity)
    return identity


def _by_text(request: AnyRequest, claim: Claim, lm: Buffer, nt: Buffer) -> Identity:
    server = request.server
    accounts = server.accounts
    given = clear.readings(lm, nt, encoding=request.connection.oem_encoding, in_unicode=request.unicode)
    if not server.settings.plain_text and any(one.text for one in given):
        if accounts.guest is not Guest.OFF and not accounts.claimed(claim.user)[1]:
            return ntlm.stranger(accounts, claim)
        raise SMBError(
            NT.LOGON_FAILURE,
            "a password in plain text, which [server] plain_text does not take",
            dos=BAD_PASSWORD,
        )
    return clear.verify(accounts, claim, given)


def opened_read_only(request: AnyRequest, share: "Share", password: Buffer) -> bool:
    """Whether a password opens a share only to be read, at share level; raises WRONG_PASSWORD where it opens nothing.

    Clients compute LM or NTLM responses of it ([MS-CIFS] 3.2.4.2.5), or send it as it is; its case tells nothing.
    """
    if share.passwords is None:
        return False
    field = bytes(password)
    opened = share.passwords.opens(_proof(request, field))
    if opened is None:
        raise SMBError(NT.WRONG_PASSWORD, _why_not(request, share, field))
    return opened == "read-only"


def _proof(request: AnyRequest, field: bytes) -> Callable[[Account], bool]:
    connection, server = request.connection, request.server
    if server.settings.plain_text:
        given = clear.readings(field, b"", encoding=connection.oem_encoding, in_unicode=request.unicode)
        given = tuple([one._replace(any_case=True) for one in given])
        return lambda account: clear.is_right(account, given)
    short = len(field) <= ntlm.V1_SIZE
    lm, nt = (field, b"") if short else (b"", field)
    identity = request.session.identity
    claim = Claim("") if identity is None else Claim(identity.user, identity.domain)
    forms, challenge = server.accounts.forms, connection.challenge
    return lambda account: ntlm.prove(account, forms, challenge, claim, lm, nt) is not None


def _why_not(request: AnyRequest, share: "Share", field: bytes) -> str:
    if not field.strip(b"\0"):
        return f"{share.name} has a password, and none was given"
    if request.server.settings.plain_text:
        return f"wrong password for the share {share.name}"
    if len(field) < ntlm.V1_SIZE:
        return f"{share.name}: a password in plain text, which [server] plain_text does not take"
    if Form.LM in request.server.accounts.forms:
        return f"wrong password for the share {share.name}"
    return f"wrong password for the share {share.name}, or a response that [server] accept does not name (lm, ntlmv1)"


def when_due(
    request: AnyRequest, claim: Claim, work: "Callable[[], Answer | Deferred[Answer]]"
) -> "Answer | Deferred[Answer]":
    """What `work` gives, at once or when the client's address may have a password looked at again."""
    attempts, address = request.server.attempts, address_of(request.connection.peer)

    def look() -> "Answer | Deferred[Answer]":
        refused_unseen(attempts.check)
        return work()

    def refused_unseen(ask: "Callable[[str], object]") -> object:
        try:
            return ask(address)
        except SMBError as error:
            refuse(request, error, claim, looked_at=False)
            raise

    turn = refused_unseen(attempts.turn)
    return turn.addCallback(lambda _: look()) if isinstance(turn, Deferred) else look()


def refuse(request: AnyRequest, error: SMBError, claim: "Claim | None", *, looked_at: bool) -> None:
    """Records a refusal, behind its request; a password that was `looked_at` counts against the address."""
    request.exchange.record_request()
    record_refusal(request.connection, error, claim, looked_at=looked_at)
