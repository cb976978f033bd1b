"""Negotiate: the dialect of a connection, and what the server says of itself in it ([MS-CIFS] 2.2.4.52)."""

from typing import Any, Final

import msgspec

from fakesmb.core.any_uid import begin_share_level
from fakesmb.core.dialects import Protocol, chosen, is_windows_9x
from fakesmb.core.dispatch import Needs, command
from fakesmb.core.request import Answer, AnyRequest, Request
from fakesmb.core.settings import Settings
from fakesmb.core.state import Server
from fakesmb.core.unix_clients import POSIX_2
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Body
from fakesmb.wire.commands import Command
from fakesmb.wire.dialect import SecurityMode
from fakesmb.wire.header import Flags, Flags2
from fakesmb.wire.negotiate import (
    Capability,
    NegotiateCoreResponse,
    NegotiateExtendedResponse,
    NegotiateLanmanResponse,
    NegotiateNtResponse,
    NegotiateRequest,
    RawMode,
)
from fakesmb.wire.spnego import initial_token
from fakesmb.wire.times import dos_from

NO_COMMON_DIALECT: Final = (
    "no dialect in common, NT LM 0.12 is wanted: allow SMB1 on the client (smbclient: -m NT1; mount.cifs: vers=1.0; "
    "Windows: the optional feature 'SMB 1.0/CIFS File Sharing Support')"
)
_LARGEST: Final = 0xFFFF
_LEVEL_AND_PASSWORDS: Final = SecurityMode.USER | SecurityMode.ENCRYPT_PASSWORDS
"""The bits of SecurityMode that LAN Manager has: it knows no signing."""


def capabilities(server: Server, *, extended_security: bool) -> int:
    """What the server offers this client ([MS-CIFS] 2.2.4.52.2)."""
    left_out = 0 if extended_security else Capability.EXTENDED_SECURITY
    if not any(share.unix_extensions and not share.is_ipc for share in server.shares.values()):
        left_out |= Capability.UNIX
    return server.profile.capabilities & ~left_out


def security_mode(settings: Settings) -> int:
    """Whose passwords are asked for and in what form, and signing where responses make keys for it."""
    mode = 0 if settings.security == "share" else SecurityMode.USER
    if not settings.plain_text:
        mode |= SecurityMode.ENCRYPT_PASSWORDS
    if not settings.responds:
        return mode
    if settings.signing != "off":
        mode |= SecurityMode.SIGNATURES_ENABLED
    if settings.signing == "required":
        mode |= SecurityMode.SIGNATURES_REQUIRED
    return mode


@command(Command.NEGOTIATE, NegotiateRequest, Needs.NOTHING)
def negotiate(request: Request[NegotiateRequest]) -> Answer:
    """SMB_COM_NEGOTIATE, [MS-CIFS] 3.3.5.42 and [MS-SMB] 3.3.5.2. The index counts in the client's list."""
    connection = request.connection
    if connection.dialect is not None:
        raise SMBError(NT.INVALID_SMB, "a second negotiate on one connection")
    offered = request.params.dialects
    row = chosen(offered, request.server.profile.dialects)
    if row is None:
        connection.drop_after_reply(NO_COMMON_DIALECT)
        return NegotiateCoreResponse()
    connection.speak(row)
    if POSIX_2 in offered:
        connection.heed_case()
    connection.windows_9x = is_windows_9x(offered)
    if request.server.settings.security == "share":
        begin_share_level(connection)
    index = offered.index(row.name)
    if row.protocol is Protocol.NT1:
        return _nt(request, index)
    header = request.exchange.header
    request.exchange.header = msgspec.structs.replace(header, flags2=header.flags2 & ~Flags2.UNICODE)
    if row.protocol is Protocol.CORE:
        return NegotiateCoreResponse(index)
    return _lanman(request, index)


def _nt(request: AnyRequest, index: int) -> Answer:
    """17 words, [MS-CIFS] 2.2.4.52.2 and [MS-SMB] 2.2.4.5.2."""
    connection, settings, profile = request.connection, request.server.settings, request.server.profile
    common: dict[str, Any] = {
        "dialect_index": index,
        "security_mode": security_mode(settings),
        "max_mpx_count": profile.max_mpx,
        "max_buffer_size": profile.max_buffer,
        "session_key": connection.number & 0xFFFFFFFF,
        "system_time": request.server.world.filetime(),
        "server_time_zone": connection.zone,
    }
    wants_extended = request.header.flags2 & Flags2.EXTENDED_SECURITY and settings.responds
    if wants_extended and profile.offers(Capability.EXTENDED_SECURITY):
        connection.extended_security = True
        return NegotiateExtendedResponse(
            **common,
            capabilities=capabilities(request.server, extended_security=True),
            server_guid=request.server.guid,
            security_blob=initial_token(kerberos=request.server.kerberos is not None),
        )
    return NegotiateNtResponse(
        **common,
        capabilities=capabilities(request.server, extended_security=False),
        challenge=b"" if settings.plain_text else connection.challenge,
        domain_name=settings.workgroup,
        server_name=settings.name,
    )


def _lanman(request: AnyRequest, index: int) -> Body:
    """13 words. Core plus has them, too, with nothing but the index and raw mode in them, as Samba has it."""
    connection, settings, profile = request.connection, request.server.settings, request.server.profile
    raw = RawMode.READ | RawMode.WRITE if profile.raw_mode else 0
    if profile.lock_and_read:
        request.exchange.reply_flags |= Flags.LOCK_AND_READ
    if connection.protocol is Protocol.COREPLUS:
        return NegotiateLanmanResponse.of_core_plus(index, raw)
    date, clock = dos_from(request.server.world.filetime(), connection.zone)
    mode = security_mode(settings) & _LEVEL_AND_PASSWORDS
    challenge = b"" if settings.plain_text else connection.challenge
    return NegotiateLanmanResponse(
        dialect_index=index,
        security_mode=mode,
        max_buffer_size=min(profile.max_buffer, _LARGEST),
        max_mpx_count=profile.max_mpx,
        raw_mode=raw,
        session_key=connection.number & 0xFFFFFFFF,
        server_time=clock,
        server_date=date,
        server_time_zone=connection.zone,
        challenge_length=len(challenge),
        challenge=challenge,
        primary_domain=settings.workgroup if connection.protocol is Protocol.LANMAN21 else "",
    )
