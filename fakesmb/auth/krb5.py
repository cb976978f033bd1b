"""AP-REQs checked and answered, by impacket's Kerberos ([RFC 4120] 3.2, [MS-KILE] 3.4.5). Loaded with a keytab only."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from impacket.krb5 import asn1, crypto
from impacket.krb5.types import KerberosTime
from pyasn1.codec.der import decoder, encoder

from fakesmb.auth.keytab import ServiceKey, is_file_service, spelt
from fakesmb.auth.pac import pac_is_signed
from fakesmb.wire.codec import DecodeError, Secret
from fakesmb.wire.kerberos import CHECKSUM_TYPE, ENCTYPES, Flag, GssChecksum, skew_recovery

SKEW: Final = 300
"""Seconds by which clocks may differ ([RFC 4120] 3.2.3: "typically 5 minutes")."""
_LONGEST_NAME: Final = 256
AES: Final = frozenset({17, 18})
"""aes128-cts-hmac-sha1-96 and aes256-cts-hmac-sha1-96 ([RFC 3962])."""
_CONFOUNDER: Final = 8
_CONFOUNDER_OF_AES: Final = 16
"""Random bytes before what is encrypted."""
_WELL_KNOWN: Final = "WELLKNOWN"


class Usage:
    """What a key is used for, [RFC 4120] 7.5.1."""

    TICKET: Final = 2
    AUTHENTICATOR_CHECKSUM: Final = 10
    AUTHENTICATOR: Final = 11
    AP_REP: Final = 12


class Code:
    """Errors of an AP exchange, [RFC 4120] 7.5.9."""

    ETYPE_NOSUPP: Final = 14
    TKT_EXPIRED: Final = 32
    TKT_NYV: Final = 33
    REPEAT: Final = 34
    NOT_US: Final = 35
    BADMATCH: Final = 36
    SKEW: Final = 37
    MODIFIED: Final = 41
    BADKEYVER: Final = 44
    NOKEY: Final = 45
    METHOD: Final = 48
    INAPP_CKSUM: Final = 50
    GENERIC: Final = 60


class Ending(Exception):
    """An AP-REQ that is not accepted: the error's number, why for the log, and who sent it where that is known."""

    def __init__(self, code: int, why: str, client: "Client | None" = None) -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.client = client


class Client(msgspec.Struct, frozen=True, gc=False):
    """Whose ticket it is."""

    components: tuple[str, ...]
    realm: str

    @property
    def principal(self) -> str:
        """`alice@LAB.EXAMPLE`."""
        return spelt(self.components, self.realm)


class Presented(msgspec.Struct, frozen=True, gc=False):
    """What an AP-REQ proves."""

    client: Client
    service: ServiceKey
    """The key that opened the ticket."""
    session_key: Annotated[Any, Secret]
    subkey: Annotated[Any, Secret]
    """The key that the client chose for what follows; None where it chose none."""
    authenticator: Annotated[bytes, Secret]
    """As it was encrypted."""
    ctime: str
    """As the authenticator has it, which the answer repeats: `20261129075427Z`."""
    cusec: int
    made: float
    """The same in POSIX seconds."""
    sequence: int
    flags: int
    """Context flags (`Flag`)."""


def usable(enctype: int, contents: bytes) -> bool:
    """Whether a key of a keytab is one that can be used here."""
    try:
        crypto.Key(enctype, contents)
    except ValueError:
        return False
    return True


def present(message: bytes, keys: Sequence[ServiceKey], now: float) -> Presented:
    """Checks an AP-REQ ([RFC 4120] 3.2.3) but for replays; raises `Ending`, `DecodeError` for what is none."""
    request = _decoded(message, asn1.AP_REQ, "AP-REQ")
    with _reading("AP-REQ"):
        options = tuple(request["ap-options"])[:3]
        ticket, sealed = request["ticket"], bytes(request["authenticator"]["cipher"])
        service, realm = _name(ticket["sname"]), str(ticket["realm"])
        enctype, kvno = int(ticket["enc-part"]["etype"]), _optional(ticket["enc-part"]["kvno"], int, None)
        cipher = bytes(ticket["enc-part"]["cipher"])
    if options[1:2] == (1,):
        raise Ending(
            Code.METHOD, "a ticket of user-to-user authentication, which a file server does not take"
        )
    key, opened = _open_ticket(keys, service, realm, enctype, kvno, cipher)
    part = _decoded(opened, asn1.EncTicketPart, "ticket")
    with _reading("ticket"):
        client = Client(_name(part["cname"]), str(part["crealm"]))
        session_key = _key(part["key"])
        flags = tuple(part["flags"])
        begins = _seconds(part["starttime"] if part["starttime"].hasValue() else part["authtime"])
        ends = _seconds(part["endtime"])
    authenticator = _open_authenticator(session_key, sealed, client)
    with _reading("authenticator"):
        named = Client(_name(authenticator["cname"]), str(authenticator["crealm"]))
        ctime, cusec = str(authenticator["ctime"]), int(authenticator["cusec"])
        made = _seconds(authenticator["ctime"]) + cusec / 1e6
        subkey = _key(authenticator["subkey"]) if authenticator["subkey"].hasValue() else None
        sequence = _optional(authenticator["seq-number"], int, 0) & 0xFFFFFFFF
    if named != client:
        raise Ending(
            Code.BADMATCH,
            f"an authenticator of {named.principal} with a ticket of {client.principal}",
            client,
        )
    _check_client(client)
    _check_times(client, made, begins, ends, now, invalid=flags[7:8] == (1,))
    context = _context_flags(authenticator, subkey or session_key, client) | (
        Flag.MUTUAL if options[2:3] == (1,) else 0
    )
    _check_pac(part, key, client)
    return Presented(client, key, session_key, subkey, sealed, ctime, cusec, made, sequence, context)


def _open_ticket(
    keys: Sequence[ServiceKey],
    service: tuple[str, ...],
    realm: str,
    enctype: int,
    kvno: int | None,
    cipher: bytes,
) -> tuple[ServiceKey, bytes]:
    """The ticket's contents, and the key that it is encrypted with; older keys are tried as [MS-KILE] 3.4.5 has it."""
    wanted = spelt(service, realm)
    if not is_file_service(service):
        raise Ending(
            Code.NOT_US, f"a ticket for {wanted}, which is not the service of a file server (cifs/NAME)"
        )
    of_name = [key for key in keys if _same(key.components, service) and key.realm == realm]
    # A service of many names (SPNs) may have a key under one of them: what opens the ticket is right.
    tried = [key for key in of_name or keys if key.enctype == enctype]
    for key in sorted(tried, key=lambda one: one.kvno != kvno):
        try:
            return key, bytes(crypto.decrypt(crypto.Key(enctype, key.contents), Usage.TICKET, cipher))
        except (ValueError, AssertionError):
            continue
    raise _unopened(wanted, of_name, tried, keys, enctype, kvno)


def _unopened(
    wanted: str,
    of_name: list[ServiceKey],
    tried: list[ServiceKey],
    keys: Sequence[ServiceKey],
    enctype: int,
    kvno: int | None,
) -> Ending:
    """Why no key opens a ticket, as far as can be known."""
    version = "" if kvno is None else f", version {kvno}"
    if not of_name:
        has = ", ".join(dict.fromkeys(key.principal for key in keys))
        return Ending(Code.NOT_US, f"a ticket for {wanted}, and the keytab has keys of {has}")
    if not tried:
        has = ", ".join(dict.fromkeys(enctype_name(key.enctype) for key in of_name))
        return Ending(
            Code.NOKEY,
            f"a ticket for {wanted} by {enctype_name(enctype)}, and the keytab has its keys by {has}",
        )
    versions = sorted({key.kvno for key in tried})
    if kvno is not None and kvno not in versions:
        has = ", ".join(map(str, versions))
        return Ending(
            Code.BADKEYVER, f"a ticket for {wanted} by key{version}, and the keytab has {has}: export it anew"
        )
    return Ending(
        Code.MODIFIED,
        f"a ticket for {wanted}{version} that the keytab's key does not open: it was changed on its way, or the keytab "
        "is of another KDC or of before the key was changed",
    )


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Names of services are compared as Windows does, whatever their case."""
    return [part.lower() for part in one] == [part.lower() for part in other]


def _open_authenticator(key: Any, sealed: bytes, client: Client) -> Any:
    try:
        opened = crypto.decrypt(key, Usage.AUTHENTICATOR, sealed)
    except (ValueError, AssertionError):
        why = f"an authenticator that the key of the ticket of {client.principal} does not open"
        raise Ending(Code.MODIFIED, why, client) from None
    return _decoded(bytes(opened), asn1.Authenticator, "authenticator")


def _check_client(client: Client) -> None:
    if client.components[0] == _WELL_KNOWN or client.realm.startswith(f"{_WELL_KNOWN}:"):
        raise Ending(
            Code.GENERIC, f"a ticket of nobody in particular ({client.principal}, [RFC 8062])", client
        )


def _check_times(
    client: Client, made: float, begins: float, ends: float, now: float, *, invalid: bool
) -> None:
    """Raises `Ending` where the clocks differ or the ticket's time is not now."""
    if abs(made - now) > SKEW:
        late = "behind" if made < now else "ahead of"
        why = f"the clock of {client.principal} is {_duration(abs(made - now))} {late} this server's (5 min may be)"
        raise Ending(Code.SKEW, why, client)
    if invalid or begins > now + SKEW:
        why = "is marked as not valid" if invalid else f"is valid in {_duration(begins - now)} only"
        raise Ending(Code.TKT_NYV, f"the ticket of {client.principal} {why}", client)
    if ends < now - SKEW:
        raise Ending(
            Code.TKT_EXPIRED, f"the ticket of {client.principal} expired {_duration(now - ends)} ago", client
        )


def _duration(seconds: float) -> str:
    """`7 min`, `3 h`, `2 days`."""
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"


def _context_flags(authenticator: Any, key: Any, client: Client) -> int:
    """The flags of the checksum; a client without one has none ([MS-KILE] 3.4.5).

    Older Samba sends a checksum of [RFC 4120] over nothing.
    """
    given = authenticator["cksum"]
    if not given.hasValue():
        return 0
    with _reading("authenticator"):
        kind, data = int(given["cksumtype"]), bytes(given["checksum"])
    if kind == CHECKSUM_TYPE:
        return GssChecksum.decode(data).flags
    try:
        crypto.verify_checksum(kind, key, Usage.AUTHENTICATOR_CHECKSUM, b"", data)
    except (ValueError, AssertionError):
        why = (
            f"the authenticator of {client.principal} has a checksum of type {kind} that is none of GSS-API's"
        )
        raise Ending(Code.INAPP_CKSUM, why, client) from None
    return 0


def _check_pac(part: Any, key: ServiceKey, client: Client) -> None:
    """Raises `Ending` where a PAC's server checksum is not what the service's key makes."""
    given = part["authorization-data"]
    with _reading("ticket"):
        pacs = list(_pacs(given)) if given.hasValue() else []
    for pac in pacs:
        if not pac_is_signed(pac, crypto.Key(key.enctype, key.contents)):
            why = f"the PAC in the ticket of {client.principal} is not signed with the service's key"
            raise Ending(Code.MODIFIED, why, client)


_IF_RELEVANT: Final = 1
_WIN2K_PAC: Final = 128


def _pacs(given: Any) -> Iterator[bytes]:
    """The PACs of a ticket: inside AD-IF-RELEVANT ([MS-PAC] 2.1)."""
    for one in given:
        if int(one["ad-type"]) != _IF_RELEVANT:
            continue
        inner = _decoded(bytes(one["ad-data"]), asn1.AD_IF_RELEVANT, "authorization data")
        for two in inner:
            if int(two["ad-type"]) == _WIN2K_PAC:
                yield bytes(two["ad-data"])


# -- answers -----------------------------------------------------------------------------------------------


def ap_rep(presented: Presented, sequence: int, subkey: Any, confounder: bytes) -> bytes:
    """AP-REP: the server knows the key of the ticket, too ([RFC 4120] 3.2.4). `subkey`: the server's, if any."""
    part = asn1.EncAPRepPart()
    part["ctime"], part["cusec"], part["seq-number"] = presented.ctime, presented.cusec, sequence
    if subkey is not None:
        part["subkey"]["keytype"], part["subkey"]["keyvalue"] = int(subkey.enctype), subkey.contents
    reply = asn1.AP_REP()
    reply["pvno"], reply["msg-type"] = 5, 15
    reply["enc-part"]["etype"] = int(presented.session_key.enctype)
    reply["enc-part"]["cipher"] = encrypted(
        presented.session_key, Usage.AP_REP, encoder.encode(part), confounder
    )
    return bytes(encoder.encode(reply))


def krb_error(code: int, key: ServiceKey, now: float) -> bytes:
    """KRB-ERROR; for clocks that differ it has the server's, and says that the client may try again."""
    error = asn1.KRB_ERROR()
    error["pvno"], error["msg-type"], error["error-code"] = 5, 30, code
    moment = datetime.fromtimestamp(now, UTC)
    error["stime"], error["susec"] = KerberosTime.to_asn1(moment), moment.microsecond
    error["realm"], error["sname"]["name-type"] = key.realm, 2
    for place, part in enumerate(key.components):
        error["sname"]["name-string"][place] = part
    if code == Code.SKEW:
        error["e-data"] = skew_recovery()
    return bytes(encoder.encode(error))


def encrypted(key: Any, usage: int, data: bytes, random: bytes) -> bytes:
    """Data encrypted with `random` before them, which has as many bytes as any type of encryption takes."""
    size = _CONFOUNDER_OF_AES if key.enctype in AES else _CONFOUNDER
    return bytes(crypto.encrypt(key, usage, data, random[:size]))


def new_key(like: Any, random: bytes) -> Any:
    """A key of AES like another, made of random bytes: at least as many as that has."""
    return crypto.Key(like.enctype, random[: len(like.contents)])


# -- reading -----------------------------------------------------------------------------------------------


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """What goes wrong with the bytes of others inside is a `DecodeError`; pyasn1 has no one error for it."""
    try:
        yield
    except (DecodeError, Ending):
        raise
    except Exception as error:
        raise DecodeError(f"{what}: {type(error).__name__}") from None


def _decoded(data: bytes, kind: Any, what: str) -> Any:
    with _reading(what):
        return decoder.decode(data, asn1Spec=kind())[0]


def _optional(value: Any, kind: Any, default: Any) -> Any:
    return kind(value) if value.hasValue() else default


def _name(given: Any) -> tuple[str, ...]:
    """The components of a PrincipalName; raises `DecodeError`."""
    components = tuple(map(str, given["name-string"]))
    if not components or not all(components) or sum(map(len, components)) > _LONGEST_NAME:
        raise DecodeError(
            f"a principal of {len(components)} names and {sum(map(len, components))} characters"
        )
    return components


def _key(given: Any) -> Any:
    try:
        return crypto.Key(int(given["keytype"]), bytes(given["keyvalue"]))
    except ValueError:
        kind = enctype_name(int(given["keytype"]))
        raise Ending(Code.ETYPE_NOSUPP, f"a key of {kind} that is none, or not known here") from None


def _seconds(given: Any) -> float:
    return float(KerberosTime.from_asn1(given).replace(tzinfo=UTC).timestamp())


def enctype_name(number: int) -> str:
    """What people call a type of encryption."""
    return ENCTYPES.get(number, f"encryption type {number}")
