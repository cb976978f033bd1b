"""The session request that NetBIOS has before the first message, and what it is answered (RFC 1002 4.3.2 to 4.3.4)."""

from enum import IntEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from fakesmb.wire.codec import DecodeError
from fakesmb.wire.frame import FrameType
from fakesmb.wire.netbios import ANY_SERVER, WILDCARD, NetBIOSName, Suffix, decode_name

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection

POSITIVE: Final = bytes((FrameType.POSITIVE_RESPONSE, 0, 0, 0))


class Refusal(IntEnum):
    """The error code of a negative session response, RFC 1002 4.3.4."""

    NOT_LISTENING = 0x80
    """The name is there, and nobody serves files by it."""
    NOT_PRESENT = 0x82


_HINT: Final = (
    'call it {name}<20> or *SMBSERVER<20>, or let it take any name ([profile] called_names = "any")'
)


def begin(connection: "SMBConnection", body: memoryview) -> None:
    """Answers a session request; ends the connection where it refuses it, or where there is a session already."""
    if connection.calling_name or connection.called_name or connection.dialect is not None:
        connection.drop("a NetBIOS session request within a session")
        return
    try:
        called, at = decode_name(body, 0, connection.oem_encoding)
        calling, _ = decode_name(body, at, connection.oem_encoding)
    except DecodeError as error:
        # Samba says this, too, of names that it cannot read.
        _refuse(connection, Refusal.NOT_PRESENT, f"a NetBIOS session request without two names: {error}")
        return
    refusal = _refusal(connection, called)
    if refusal is not None:
        hint = _HINT.format(name=connection.server.settings.name)
        _refuse(connection, refusal, f"{calling} called {called}, which serves no files here: {hint}")
        return
    connection.called_name, connection.calling_name = called.name, calling.name
    connection.send_raw(POSITIVE)


def _refuse(connection: "SMBConnection", refusal: Refusal, reason: str) -> None:
    connection.send_raw(bytes((FrameType.NEGATIVE_RESPONSE, 0, 0, 1, refusal)))
    connection.finish(reason)


def _refusal(connection: "SMBConnection", called: NetBIOSName) -> Refusal | None:
    if connection.profile.called_names == "any" or _port(connection) in connection.server.direct_ports:
        return None
    settings = connection.server.settings
    if called.scope:
        return Refusal.NOT_PRESENT
    serves = called.suffix == Suffix.SERVER
    if called.name in (ANY_SERVER, WILDCARD) and serves:
        return None
    if called.name == settings.name.upper() or called.name in _addresses(connection.local):
        if serves:
            return None
        registered = called.suffix in (Suffix.WORKSTATION, Suffix.MESSENGER)
        return Refusal.NOT_LISTENING if registered else Refusal.NOT_PRESENT
    if called == NetBIOSName(settings.workgroup.upper(), Suffix.WORKSTATION):
        return Refusal.NOT_LISTENING
    return Refusal.NOT_PRESENT


def _port(connection: "SMBConnection") -> str:
    return connection.local.rpartition(":")[2]


def _addresses(local: str) -> tuple[str, ...]:
    """What clients call that take an address, or the name that only this machine has for itself, for a NetBIOS name."""
    host = local.rpartition(":")[0].strip("[]")[:15].upper()
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        return ()
    return (host, "LOCALHOST") if loopback else (host,)
