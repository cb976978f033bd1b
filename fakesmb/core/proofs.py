"""What a password proves that came in a session setup without tokens, or in a tree connect."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from fakesmb.auth import clear, ntlm
from fakesmb.auth.accounts import Account, Guest, Identity
from fakesmb.auth.attempts import UncountedError, address_of
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
        raise UncountedError(
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
        raise _not_opened(request, share, field)
    return opened == "read-only"


def _proof(request: AnyRequest, field: bytes) -> Callable[[Account], bool]:
    connection, server = request.connection, request.server
    if server.settings.plain_text:
        given = clear.readings(field, b"", encoding=connection.oem_encoding, in_unicode=request.unicode)
        given = tuple([one._replace(any_case=True) for one in given])
        return lambda account: clear.is_right(account, given)
    lm, nt = _fields(field)
    identity = request.session.identity
    claim = Claim("") if identity is None else Claim(identity.user, identity.domain)
    forms, challenge = server.accounts.forms, connection.challenge
    return lambda account: ntlm.prove(account, forms, challenge, claim, lm, nt) is not None


def _not_opened(request: AnyRequest, share: "Share", field: bytes) -> SMBError:
    """The error of a wrong password; it counts where it could have been right."""
    settings, forms = request.server.settings, request.server.accounts.forms
    if not field.strip(b"\0"):
        return UncountedError(NT.WRONG_PASSWORD, f"{share.name} has a password, and none was given")
    if settings.plain_text or ntlm.could_be_right(forms, *_fields(field)):
        return SMBError(NT.WRONG_PASSWORD, f"wrong password for the share {share.name}")
    sent, key = (
        ("a response", "accept") if len(field) >= ntlm.V1_SIZE else ("a password in plain text", "plain_text")
    )
    return UncountedError(NT.WRONG_PASSWORD, f"{share.name}: {sent}, which [server] {key} does not take")


def _fields(field: bytes) -> tuple[bytes, bytes]:
    """The one field of a tree connect as the two of a session setup."""
    return (field, b"") if len(field) <= ntlm.V1_SIZE else (b"", field)


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
