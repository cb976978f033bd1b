"""Keys of services, read from a keytab: the file in which a KDC hands them out (MIT's format, version 5.2)."""

from struct import Struct
from typing import Annotated, Final

import msgspec

from fakesmb.wire.codec import Secret

_U16: Final = Struct(">H")
_I32: Final = Struct(">i")
_U32: Final = Struct(">I")
_VERSION: Final = 0x0502
_OLD_VERSION: Final = 0x0501
_FILE_CCACHE: Final = (0x0503, 0x0504)
"""What begins so holds tickets of a user: it is the other file of Kerberos that people have at hand."""

SERVICES: Final = ("cifs", "host")
"""Whose tickets clients bring to a file server; `host` stands for `cifs`, too ([MS-ADA3] 2.154, sPNMappings)."""


class KeytabError(ValueError):
    """What is wrong with a keytab, in one line without its name."""


class ServiceKey(msgspec.Struct, frozen=True, gc=False):
    """One key of a service."""

    components: tuple[str, ...]
    """`("cifs", "files.lab.example")`."""
    realm: str
    kvno: int
    enctype: int
    """Number of the encryption type ([RFC 3961] 8)."""
    contents: Annotated[bytes, Secret]

    @property
    def principal(self) -> str:
        """`cifs/files.lab.example@LAB.EXAMPLE`."""
        return spelt(self.components, self.realm)

    def __repr__(self) -> str:
        """Without the key: it may end in a log."""
        return f"ServiceKey({self.principal!r}, kvno={self.kvno}, enctype={self.enctype})"


def spelt(components: tuple[str, ...], realm: str = "") -> str:
    """A principal as people write it; what separates parts is escaped inside them, so no two are spelt alike."""
    parts = [part.replace("\\", "\\\\").replace("/", "\\/").replace("@", "\\@") for part in components]
    return "/".join(parts) + (f"@{realm}" if realm else "")


def is_file_service(components: tuple[str, ...]) -> bool:
    """Whether a ticket for that principal is one for a file server: `cifs/NAME`, `host/NAME`, or a machine, `NAME$`."""
    if len(components) < 2:
        return bool(components) and components[0].endswith("$")
    return components[0].lower() in SERVICES


def read_keytab(data: bytes) -> list[ServiceKey]:
    """All keys, in the order of the file; raises `KeytabError` where it is none, or ends too early."""
    version = int.from_bytes(data[:2], "big")
    if len(data) < _U16.size or version != _VERSION:
        raise KeytabError(_what_else(data, version))
    keys, at = [], _U16.size
    while at + _I32.size <= len(data):
        (size,) = _I32.unpack_from(data, at)
        at += _I32.size
        if size == 0:
            break
        if at + abs(size) > len(data):
            raise KeytabError(
                f"is damaged: an entry of {abs(size)} bytes at {at}, and {len(data) - at} are left"
            )
        if size > 0:  # a negative one is the hole that a removed key leaves
            keys.append(_entry(data[at : at + size], at))
        at += abs(size)
    return keys


def _what_else(data: bytes, version: int) -> str:
    if not data:
        return "is empty: no keytab"
    if version == _OLD_VERSION:
        return "is a keytab of version 1, which nobody has written for decades: export it anew"
    if version in _FILE_CCACHE:
        return "is no keytab but a credentials cache, which holds a user's tickets: export one with kadmin's ktadd"
    return "is no keytab: it does not begin with 05 02"


class _Entry:
    """Takes the fields of one entry, one after the other."""

    def __init__(self, data: bytes, where: int) -> None:
        self.data = data
        self.where = where
        self.at = 0

    def take(self, size: int) -> bytes:
        start, self.at = self.at, self.at + size
        if self.at > len(self.data):
            raise KeytabError(f"is damaged: the entry at {self.where} ends inside a field")
        return self.data[start : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def counted(self) -> bytes:
        return self.take(self.number(_U16.size))

    def text(self) -> str:
        return self.counted().decode("utf-8", "replace")


def _entry(data: bytes, where: int) -> ServiceKey:
    entry = _Entry(data, where)
    count = entry.number(_U16.size)
    realm = entry.text()
    components = tuple(entry.text() for _ in range(count))
    entry.take(2 * _U32.size)  # the type of the name, and when the key was made
    kvno = entry.number(1)
    enctype = entry.number(_U16.size)
    contents = entry.counted()
    if len(data) - entry.at >= _U32.size:  # the whole number, where one byte was too little for it
        kvno = entry.number(_U32.size) or kvno
    return ServiceKey(components, realm, kvno, enctype, contents)
