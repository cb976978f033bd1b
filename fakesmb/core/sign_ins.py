"""What a sign-in comes to, in a session setup or inside a pipe: its record, and the count of wrong passwords."""

from typing import TYPE_CHECKING

from fakesmb.auth.attempts import Rules, UncountedError, address_of
from fakesmb.auth.ntlm import CHALLENGE_SIZE
from fakesmb.auth.ntlmssp import NtlmAcceptor, TargetNames
from fakesmb.core.settings import Settings
from fakesmb.nt.names import remembered
from fakesmb.nt.status import NT, SMBError
from fakesmb.record import events

if TYPE_CHECKING:
    from fakesmb.auth.accounts import Identity
    from fakesmb.auth.ntlm import Claim
    from fakesmb.core.connection import SMBConnection


def rules_of(settings: Settings) -> Rules:
    """What wrong passwords lead to."""
    limits, timing = settings.limits, settings.timing
    return Rules(
        at_once=limits.wrong_passwords,
        pause=timing.wrong_password,
        waiting=limits.waiting_sign_ins,
        addresses=limits.sign_in_addresses,
        forgotten=timing.forget_wrong_passwords,
        lock_out_after=limits.lock_out_after,
        lock_out=timing.lock_out,
    )


def ntlm_acceptor(connection: "SMBConnection") -> NtlmAcceptor:
    """A sign-in by NTLMSSP, of a session or within one.

    Each has a challenge of its own: a response that was seen on this connection is of no use again.
    """
    server = connection.server
    challenge = server.settings.challenge or server.world.entropy(CHALLENGE_SIZE)
    names, version = TargetNames(server.settings.name), server.profile.version_bytes
    return NtlmAcceptor(server.accounts, names, challenge, server.world, version, connection.oem_encoding)


def check_signs(settings: Settings, identity: "Identity") -> None:
    """Raises STATUS_ACCESS_DENIED for a client without a key where signing is required: it cannot sign.

    Signing begins with a key of a session ([MS-SMB] 3.3.5.3): all that a client without one does would go unsigned.
    """
    if settings.signing == "required" and not identity.session_key:
        who = {"guest": f"the guest {identity.user!r}", "anonymous": "an anonymous client"}.get(
            identity.kind, f"{identity.user!r}, who proved a password by no response to a challenge,"
        )
        raise SMBError(NT.ACCESS_DENIED, f"signing is required, and {who} has no key to sign with")


def record_sign_in(
    connection: "SMBConnection", identity: "Identity", native_os: str = "", *, pipe: bool = False
) -> None:
    """Records that somebody signed in."""
    connection.server.log.emit(
        events.SignedIn(
            connection.server.world.now(),
            connection.number,
            connection.peer,
            identity.user,
            identity.domain,
            identity.workstation,
            native_os,
            identity.kind,
            identity.protection,
            pipe,
        )
    )


def record_refusal(
    connection: "SMBConnection",
    error: SMBError,
    claim: "Claim | None",
    *,
    looked_at: bool,
    pipe: bool = False,
) -> None:
    """Records that somebody did not; a password that was `looked_at` counts against the address."""
    server = connection.server
    server.counters.refused_sessions += 1
    user, domain, workstation = ("", "", "") if claim is None else map(remembered, claim)
    server.log.emit(
        events.SignInRefused(
            server.world.now(),
            connection.number,
            connection.peer,
            user,
            error.status,
            f"inside a pipe: {error.why}" if pipe else error.why,
            domain,
            workstation,
        )
    )
    # A name that would be a guest's counts as it does where there are no guests, else names could be tried for nothing.
    share_password = error.status == NT.WRONG_PASSWORD
    counts = looked_at and not isinstance(error, UncountedError)
    if counts and (share_password or (user and error.status in (NT.LOGON_FAILURE, NT.ACCESS_DENIED))):
        bites = server.attempts.wrong(address_of(connection.peer))
        if bites:
            server.log.problem(bites, connection=connection.number)
