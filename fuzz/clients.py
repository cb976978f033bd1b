"""The clients of a talk: what they are before it begins, and how they fill in what a message leaves to them."""

import struct
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from fakesmb.nt.status import SMBError
from fakesmb.testing import CLIENT_FLAGS2, Client
from fakesmb.wire.codec import Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.dcerpc import NDR, PacketType, pdu
from fakesmb.wire.dialect import Dialect
from fakesmb.wire.files import OpenRequest, OpenResponse
from fakesmb.wire.header import HEADER_SIZE, Flags2
from fakesmb.wire.interfaces import INTERFACES
from fakesmb.wire.negotiate import NegotiateExtendedResponse, NegotiateRequest
from fakesmb.wire.session import SessionSetupLanmanRequest, SessionSetupPlainRequest
from fakesmb.wire.trans2 import SetFsInformationRequest, Trans2
from fakesmb.wire.tree import TreeConnectAndxRequest, TreeConnectRequest, TreeConnectResponse
from fakesmb.wire.unix import UnixCapability
from fuzz.messages import OWN
from fuzz.rpc import HANDLE, PIPES

USERS: Final[Mapping[str, str]] = {"alice": "Secret123", "bob": "Hunter22"}
ADMIN: Final = "alice"
_RESPONSE: Final = b"\5\0\2"
_STUB_AT: Final = 24
_MID_AT, _TID_AT, _UID_AT, _SIGNATURE_AT = 30, 24, 28, 14
_NEGOTIATE: Final = 0x72
_SETUP: Final = 0x73


def flags2_of(kind: str) -> int:
    """The Flags2 of a client's messages."""
    if kind in OLD:
        return OLD[kind][1]
    flags2 = int(CLIENT_FLAGS2)
    flags2 &= ~{"dos": Flags2.NT_STATUS, "oem": Flags2.UNICODE}.get(kind, 0)
    return flags2 | {
        "paging": Flags2.PAGING_IO,
        "extended": Flags2.EXTENDED_SECURITY,
        "signed": Flags2.SIGNATURE,
    }.get(kind, 0)


OLD: Final[Mapping[str, tuple[str, int]]] = {
    "core": (Dialect.CORE, 0),
    "coreplus": (Dialect.CORE_PLUS, 0),
    "lanman1": (Dialect.LANMAN1, 0),
    "wfw": (Dialect.WFW, 0),
    "lanman21": (Dialect.LANMAN21, Flags2.LONG_NAMES | Flags2.EAS),
}
"""Clients below NT LM 0.12: their dialect and their Flags2."""


def _old(client: Client, kind: str) -> None:
    """Guests, as far as a session setup of ten words or a tree connect without one goes."""
    dialect, client.flags2 = OLD[kind]
    client.call(_NEGOTIATE, NegotiateRequest(("?", dialect)), Empty)
    if dialect in (Dialect.CORE, Dialect.CORE_PLUS):
        client.uid = 0
        client.connection.calling_name = "STRANGER"  # which in process stands for a NetBIOS session request
        client.tid = client.call(
            Command.TREE_CONNECT, TreeConnectRequest("\\\\X\\PUBLIC", "", "A:"), TreeConnectResponse
        ).tid
    else:
        client.send(_SETUP, SessionSetupLanmanRequest(max_buffer_size=4356, account_name="STRANGER"))
        client.uid = client.answer().header.uid
        client.send(
            Command.TREE_CONNECT_ANDX, TreeConnectAndxRequest(path="\\\\X\\PUBLIC", service="A:"), tid=0
        )
        client.tid = client.answer().header.tid
    client.call(Command.OPEN, OpenRequest(0x42, 0x16, "\\A.TXT"), OpenResponse)


def _fresh(client: Client) -> None:
    """Not even negotiated."""


def _negotiated(client: Client) -> None:
    client.negotiate()


def _extended(client: Client) -> None:
    client.call(_NEGOTIATE, NegotiateRequest((Dialect.NT_LM,)), NegotiateExtendedResponse)


def _disk(client: Client) -> None:
    client.sign_in(vc_number=7).connect("public")
    _open(client, "a.txt", "dir")


def _bob(client: Client) -> None:
    client.sign_in("bob", USERS["bob"], vc_number=7).connect("public")
    _open(client, "b.txt", "dir")


def _signed(client: Client) -> None:
    client.sign_in(signing=True, vc_number=7).connect("public")
    _open(client, "a.txt")


def _small(client: Client) -> None:
    client.sign_in(max_buffer=700, vc_number=7).connect("public")
    _open(client, "a.txt", "dir")


def _read_only(client: Client) -> None:
    client.sign_in(vc_number=7).connect("docs")
    _open(client, "manual.txt")


def _guest(client: Client) -> None:
    client.sign_in("stranger", "whatever", vc_number=7).connect("public")
    _open(client, "a.txt")


def _two_users(client: Client) -> None:
    _disk(client)
    client.sign_in("bob", USERS["bob"], vc_number=7)


def _posix(client: Client) -> None:
    _disk(client)
    chosen = UnixCapability.POSIX_PATHNAMES | UnixCapability.LARGE_READ
    client.trans2(
        Trans2.SET_FS_INFORMATION, SetFsInformationRequest(0, 0x200), struct.pack("<HHQ", 1, 0, int(chosen))
    )


def _pipes(client: Client) -> None:
    client.sign_in(vc_number=7).connect("IPC$")
    for name in PIPES:
        fid = client.create("\\" + name)
        head = struct.pack("<HHIB3xHBx", 4280, 4280, 0, 1, 0, 1)
        client.write(fid, pdu(PacketType.BIND, 1, head + INTERFACES[name].syntax.encode() + NDR.encode()))
        client.read(fid, size=4280)


def _anonymous(client: Client) -> None:
    client.negotiate()
    request = SessionSetupPlainRequest(max_buffer_size=0xFFFF, oem_password_length=1, oem_password=b"\0")
    client.send(_SETUP, request)
    client.uid = client.answer().header.uid
    client.connect("IPC$")
    for name in PIPES:
        client.create("\\" + name)


def _open(client: Client, *names: str) -> None:
    """FIDs 0x4000 and on, where the files may be opened still."""
    for name in names:
        try:
            client.create(name)
        except SMBError:
            continue


_PREPARE: Final[Mapping[str, Callable[[Client], None]]] = {
    "plain": _disk, "bob": _bob, "dos": _disk, "oem": _disk, "paging": _disk, "signed": _signed, "small": _small,
    "docs": _read_only, "guest": _guest, "two": _two_users, "posix": _posix, "ipc": _pipes, "anonymous": _anonymous,
    "negotiated": _negotiated, "extended": _extended, "fresh": _fresh,
    **{kind: partial(_old, kind=kind) for kind in OLD},
}  # fmt: skip
OF_PIPES: Final = frozenset({"ipc", "anonymous"})
KINDS: Final = (*_PREPARE, "plain", "plain", "plain", "ipc", "ipc", "posix", "bob")
"""What a client may be, the frequent ones several times."""


def prepare(client: Client, kind: str) -> None:
    """Brings a new connection to where its part of the talk begins. A refusal on the way leaves it there."""
    if kind in ("extended", "signed", "paging"):
        client.flags2 = CLIENT_FLAGS2 | (Flags2.EXTENDED_SECURITY if kind == "extended" else 0)
    try:
        _PREPARE[kind](client)
    except (SMBError, AssertionError, ConnectionError):
        client.stream()  # the talk before has changed the password, removed the share's files, ...


def own(client: Client, data: bytes, mid: int, handle: bytes) -> bytes:
    """The message with the client's UID and TID where it leaves them to it, its MID, and the handle had last."""
    if HANDLE in data:
        data = data.replace(HANDLE, handle)
    if len(data) < HEADER_SIZE:
        return data
    made = bytearray(data)
    for at, value in ((_TID_AT, client.tid), (_UID_AT, client.uid)):
        if struct.unpack_from("<H", made, at)[0] == OWN:
            struct.pack_into("<H", made, at, value)
    struct.pack_into("<H", made, _MID_AT, mid)
    return bytes(made)


def signed(client: Client, message: bytes, *, one_way: bool) -> bytes:
    """Signs it where the connection does; `one_way` has no answer, and takes one number only."""
    if client.signer is None or len(message) < HEADER_SIZE:
        return message
    signature = client.signer.sign((message,), client.sequence)
    client.sequence += 1 if one_way else 2
    return message[:_SIGNATURE_AT] + signature + message[_SIGNATURE_AT + len(signature) :]


def handle_in(frame: bytes) -> bytes | None:
    """The handle that an RPC response in an answer begins with."""
    at = frame.find(_RESPONSE, HEADER_SIZE)
    stub = frame[at + _STUB_AT : at + _STUB_AT + len(HANDLE)]
    return stub if at >= 0 and len(stub) == len(HANDLE) and not any(stub[:4]) and any(stub) else None
