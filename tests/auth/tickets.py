"""Tickets without a KDC: what a client of Kerberos would bring, made with impacket's structures."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from impacket.krb5 import asn1, crypto
from impacket.krb5.types import KerberosTime
from pyasn1.codec.der import decoder, encoder

from fakesmb.auth.kerberos import Kerberos
from fakesmb.auth.keytab import ServiceKey
from fakesmb.wire import der
from fakesmb.wire.kerberos import AP_REQ, CHECKSUM_TYPE, Flag, GssChecksum, token

REALM: Final = "LAB.EXAMPLE"
SERVICE: Final = ("cifs", "files.lab.example")
AES128, AES256, RC4, DES3 = 17, 18, 23, 16
_SIZES: Final = {AES128: 16, AES256: 32, RC4: 16}
KERBEROS: Final = "2a864886f712010202"
MICROSOFTS: Final = "2a864882f712010202"
NTLMSSP: Final = "2b06010401823702020a"
NEGOEX: Final = "2b06010401823702021e"


def new_key(enctype: int = AES256) -> Any:
    """A random key."""
    if enctype == DES3:
        return crypto.random_to_key(DES3, os.urandom(21))
    return crypto.Key(enctype, os.urandom(_SIZES[enctype]))


def service_key(
    key: Any, service: tuple[str, ...] = SERVICE, realm: str = REALM, kvno: int = 2
) -> ServiceKey:
    """The key as a keytab has it."""
    return ServiceKey(service, realm, kvno, int(key.enctype), key.contents)


def kerberos_of(*keys: ServiceKey, limit: int = 64) -> Kerberos:
    """What a server with these keys in its keytab has."""
    return Kerberos(keys, limit, os.urandom)


def keytab(*keys: ServiceKey) -> bytes:
    """The file of these keys, as MIT writes it."""

    def counted(data: bytes) -> bytes:
        return len(data).to_bytes(2, "big") + data

    out = b"\x05\x02"
    for key in keys:
        entry = len(key.components).to_bytes(2, "big") + counted(key.realm.encode())
        entry += b"".join(counted(part.encode()) for part in key.components)
        entry += (1).to_bytes(4, "big") + bytes(4) + bytes((key.kvno & 0xFF,))
        entry += key.enctype.to_bytes(2, "big") + counted(key.contents) + key.kvno.to_bytes(4, "big")
        out += len(entry).to_bytes(4, "big") + entry
    return out


class Ticket:
    """A client with a ticket, who makes AP-REQs of it and reads the answers."""

    def __init__(
        self,
        key: Any,
        now: float,
        *,
        client: tuple[str, ...] = ("alice",),
        realm: str = REALM,
        service: tuple[str, ...] = SERVICE,
        service_realm: str = REALM,
        session_key: Any = None,
        kvno: int | None = 2,
        begins: float = -60,
        ends: float = 3600,
        flags: int = 0,
        pac: bytes | None = None,
        start: bool = True,
        spoil: Callable[[bytes], bytes] = bytes,
    ) -> None:
        """`begins` and `ends` are seconds from `now`; `key` is the service's, `flags` those of the ticket.

        `spoil` changes what is encrypted, the ticket's part and authenticators.
        """
        self.spoil = spoil
        self.client, self.realm, self.now = client, realm, now
        self.session_key = session_key or new_key(AES256)
        part = asn1.EncTicketPart()
        part["flags"] = tuple(int(bit) for bit in f"{flags:032b}")
        _put_key(part["key"], self.session_key)
        part["crealm"] = realm
        _put_name(part["cname"], client)
        part["transited"]["tr-type"], part["transited"]["contents"] = 0, b""
        part["authtime"] = _time(now + begins)
        if start:
            part["starttime"] = _time(now + begins)
        part["endtime"] = _time(now + ends)
        if pac is not None:
            inner = asn1.AD_IF_RELEVANT()
            inner[0]["ad-type"], inner[0]["ad-data"] = 128, pac
            part["authorization-data"][0]["ad-type"] = 1
            part["authorization-data"][0]["ad-data"] = encoder.encode(inner)
        self.service, self.service_realm = service, service_realm
        self.sealed = (key, 2, spoil(bytes(encoder.encode(part))), kvno)

    def ap_req(
        self,
        *,
        late: float = 0,
        subkey: Any = None,
        sequence: int | None = 7,
        flags: int = Flag.MUTUAL,
        checksum: tuple[int, bytes] | bool | None = True,
        options: int = 0x20000000,
        client: tuple[str, ...] | None = None,
        key: Any = None,
    ) -> bytes:
        """The message; `late`: seconds that the client's clock is behind; `checksum`: another than GSS-API's."""
        made = self.now - late
        self.ctime = made
        one = asn1.Authenticator()
        one["authenticator-vno"], one["crealm"] = 5, self.realm
        _put_name(one["cname"], client or self.client)
        one["ctime"], one["cusec"] = _time(made), 123456
        if checksum is True:
            checksum = (CHECKSUM_TYPE, GssChecksum(flags=flags).encode())
        if checksum:
            one["cksum"]["cksumtype"], one["cksum"]["checksum"] = checksum
        if subkey is not None:
            _put_key(one["subkey"], subkey)
        if sequence is not None:
            one["seq-number"] = sequence
        request = asn1.AP_REQ()
        request["pvno"], request["msg-type"] = 5, 14
        request["ap-options"] = tuple(int(bit) for bit in f"{options:032b}")
        ticket = request["ticket"]
        ticket["tkt-vno"], ticket["realm"] = 5, self.service_realm
        _put_name(ticket["sname"], self.service)
        _put_sealed(ticket["enc-part"], *self.sealed)
        _put_sealed(
            request["authenticator"],
            key or self.session_key,
            11,
            self.spoil(bytes(encoder.encode(one))),
            None,
        )
        return bytes(encoder.encode(request))

    def token(self, **more: Any) -> bytes:
        """The AP-REQ in GSS-API's framing."""
        return token(AP_REQ, self.ap_req(**more))

    def read_ap_rep(self, blob: bytes) -> Any:
        """What an AP-REP that is the answer says; fails where it is none."""
        at = blob.index(b"\x02\x00", 11) + 2
        reply = decoder.decode(blob[at:], asn1Spec=asn1.AP_REP())[0]
        opened = crypto.decrypt(self.session_key, 12, bytes(reply["enc-part"]["cipher"]))
        return decoder.decode(opened, asn1Spec=asn1.EncAPRepPart())[0]


def init(mechanisms: tuple[str, ...], token: bytes = b"", mic: bytes = b"") -> bytes:
    """A client's first SPNEGO token."""
    parts = [der.element(der.context(0), mech_list(mechanisms))]
    if token:
        parts.append(der.element(der.context(2), der.element(der.OCTET_STRING, token)))
    if mic:
        parts.append(der.element(der.context(3), der.element(der.OCTET_STRING, mic)))
    body = der.element(der.context(0), der.element(der.SEQUENCE, *parts))
    return der.element(der.APPLICATION_0, bytes.fromhex("06062b0601050502"), body)


def mech_list(mechanisms: tuple[str, ...]) -> bytes:
    """MechTypeList, which mechListMIC signs."""
    oids = (der.element(der.OBJECT_IDENTIFIER, bytes.fromhex(one)) for one in mechanisms)
    return der.element(der.SEQUENCE, *oids)


def server_key(ticket: Ticket, blob: bytes) -> tuple[Any, int]:
    """The key of AES-256 that a server chose in its AP-REP, and its sequence number."""
    reply = ticket.read_ap_rep(blob)
    return crypto.Key(AES256, bytes(reply["subkey"]["keyvalue"])), int(reply["seq-number"])


def client_mic(key: Any, number: int, mechanisms: tuple[str, ...], *, own: int = 7, flags: int = 4) -> bytes:
    """A client's mechListMIC by AES-256 ([RFC 4121] 4.2.6.1); `number`, the server's, is not in it."""
    return _mic(key, own, mechanisms, flags, usage=25)


def server_mic(key: Any, number: int, mechanisms: tuple[str, ...], *, flags: int = 4) -> bytes:
    """The server's."""
    return _mic(key, number, mechanisms, flags | 1, usage=23)


def _mic(key: Any, number: int, mechanisms: tuple[str, ...], flags: int, usage: int) -> bytes:
    header = b"\x04\x04" + bytes((flags,)) + b"\xff" * 5 + number.to_bytes(8, "big")
    return header + bytes(crypto.make_checksum(16, key, usage, mech_list(mechanisms) + header))


def pac_of(key: Any, *, kind: int, spoil: bool = False) -> bytes:
    """A PAC with one buffer of information and the two signatures, the server's made with `key`."""
    info, size = b"information of a user....", crypto.make_checksum(kind, key, 17, b"")
    signature = kind.to_bytes(4, "little", signed=True) + bytes(len(size))
    buffers = ((1, info), (6, signature), (7, signature))
    at = 8 + 16 * len(buffers)
    heads, bodies, places = b"", b"", {}
    for number, body in buffers:
        places[number] = at + len(bodies)
        heads += (
            number.to_bytes(4, "little")
            + len(body).to_bytes(4, "little")
            + places[number].to_bytes(8, "little")
        )
        bodies += body + bytes(-len(body) % 8)
    pac = bytearray(len(buffers).to_bytes(4, "little") + bytes(4) + heads + bodies)
    made = crypto.make_checksum(kind, key, 17, bytes(pac))
    pac[places[6] + 4 : places[6] + 4 + len(made)] = made
    pac[places[7] + 4 : places[7] + 4 + len(made)] = os.urandom(len(made))  # whose key nobody here has
    if spoil:
        pac[at] ^= 1
    return bytes(pac)


def _time(seconds: float) -> str:
    return str(KerberosTime.to_asn1(datetime.fromtimestamp(seconds, UTC)))


def _put_name(place: Any, components: tuple[str, ...]) -> None:
    place["name-type"] = 1
    for at, one in enumerate(components):
        place["name-string"][at] = one


def _put_key(place: Any, key: Any) -> None:
    place["keytype"], place["keyvalue"] = int(key.enctype), key.contents


def _put_sealed(place: Any, key: Any, usage: int, data: bytes, kvno: int | None) -> None:
    place["etype"] = int(key.enctype)
    if kvno is not None:
        place["kvno"] = kvno
    place["cipher"] = crypto.encrypt(key, usage, data, os.urandom(16 if key.enctype in (17, 18) else 8))
