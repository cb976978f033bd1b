"""The secret objects of lsarpc: for administrators, encrypted on the wire with the session key ([MS-LSAD] 3.1.4.6)."""

import struct
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from impacket.crypto import transformKey
from impacket.dcerpc.v5 import lsad

from fakesmb.nt.filetime import from_seconds
from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.byteorder import Reader
from fakesmb.rpc.services.lsa_objects import POLICY_HANDLE, Policy, Stored, done, given_text, held
from fakesmb.rpc.services.lsa_policy import NO_HANDLE
from fakesmb.rpc.stub import FIRST_REFERENT, U32, Call, Operation
from fakesmb.rpc.view import ServerView

MOST_SECRETS: Final = 256
LONGEST_NAME: Final = 128
LONGEST_VALUE: Final = 16 * 1024

_HEAD: Final = struct.Struct("<II")
_REVISION: Final = 1
_BLOCK: Final = 8
_KEY: Final = 7
_VALUE: Final = struct.Struct("<IIIIII")
"""LSAPR_CR_CIPHER_VALUE with its buffer: lengths, referent, and the head of the conformant varying array."""


def _ciphers(key: bytes) -> Iterator[Any]:
    """DES with one seven-byte piece of the key after the other, for one block each ([MS-LSAD] 5.1.2)."""
    from Cryptodome.Cipher import DES

    left = key
    while True:
        yield DES.new(transformKey(left[:_KEY]), DES.MODE_ECB)
        left = left[_KEY:]
        if len(left) < _KEY:
            left = key[len(left) :]


def _blocks(data: bytes) -> Iterator[bytes]:
    return (data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK))


def encrypted(key: bytes, value: bytes) -> bytes:
    """A secret as it goes over the wire."""
    plain = _HEAD.pack(len(value), _REVISION) + value
    plain += bytes(-len(plain) % _BLOCK)
    return b"".join(
        cipher.encrypt(block) for cipher, block in zip(_ciphers(key), _blocks(plain), strict=False)
    )


def decrypted(key: bytes, data: bytes) -> bytes:
    """A secret as it came; raises UNKNOWN_REVISION for what the key does not fit."""
    if len(data) < _HEAD.size or len(data) % _BLOCK or len(data) > LONGEST_VALUE:
        raise SMBError(NT.INVALID_PARAMETER, f"an encrypted secret of {len(data)} bytes")
    plain = b"".join(
        cipher.decrypt(block) for cipher, block in zip(_ciphers(key), _blocks(data), strict=False)
    )
    size, revision = _HEAD.unpack_from(plain)
    if revision != _REVISION or size > len(plain) - _HEAD.size:
        raise SMBError(NT.UNKNOWN_REVISION, "the secret is encrypted with another key, or is none")
    return plain[_HEAD.size : _HEAD.size + size]


class Version(NamedTuple):
    """The value of a secret, if it has one, and when that was set (FILETIME)."""

    value: bytes | None
    time: int


class Secret(Stored):
    """A secret: what it is now, and what it was before."""

    def __init__(self, key: str, forget: Callable[[str], object], now: int) -> None:
        super().__init__(key, forget)
        self.current = self.old = Version(None, now)


class SetRequest:
    """LsarSetSecret, read here: each value is a pointer to one that may be null itself."""

    def __init__(self, reader: Reader) -> None:
        self.handle = reader.handle()
        self.values = (self._value(reader), self._value(reader))

    @staticmethod
    def _value(reader: Reader) -> bytes | None:
        reader.align(4)
        if not reader.number():
            return None
        length, _, buffer = reader.numbers("III")
        if not buffer:
            return b""
        _, _, count = reader.numbers("III")
        return reader.take(count)[:length]


class QueryRequest:
    """LsarQuerySecret, read here: impacket lacks one of the pointers on the way to a value."""

    def __init__(self, reader: Reader) -> None:
        self.handle = reader.handle()
        self.wanted = tuple(reader_of(reader) for reader_of in (_wants_value, _wants_time) * 2)


def _wants_value(reader: Reader) -> bool:
    reader.align(4)
    if not reader.number():
        return False
    if reader.number():
        _, _, buffer = reader.numbers("III")
        if buffer:
            _, _, count = reader.numbers("III")
            reader.take(count)
    return True


def _wants_time(reader: Reader) -> bool:
    reader.align(4)
    if not reader.number():
        return False
    reader.numbers("Q")
    return True


class Secrets:
    """All secrets of one server.

    One that was never set goes with its last handle, as with Samba: clients that fail half-way and try again
    find the name free.
    """

    def __init__(self, view: ServerView) -> None:
        self._view = view
        self._secrets: dict[str, Secret] = {}
        self._never_set: WeakValueDictionary[str, Secret] = WeakValueDictionary()

    def _now(self) -> int:
        return from_seconds(self._view.time())

    def create(self, call: Call, handle: bytes, name: str) -> bytes:
        """LsarCreateSecret, [MS-LSAD] 3.1.4.6.1."""
        held(call, handle, Policy)
        call.require_admin()
        if not name:
            raise SMBError(NT.INVALID_PARAMETER, "a secret without a name")
        if len(name) > LONGEST_NAME:
            raise SMBError(NT.NAME_TOO_LONG, f"a secret's name of {len(name)} characters")
        key = fold(name)
        if self._find(key) is not None:
            raise SMBError(NT.OBJECT_NAME_COLLISION, f"secret {name!r} exists")
        secret = self._never_set[key] = Secret(key, self._forget, self._now())
        return call.opened(secret) + U32.pack(NT.SUCCESS)

    def open(self, call: Call, handle: bytes, name: str) -> bytes:
        """LsarOpenSecret, [MS-LSAD] 3.1.4.6.2."""
        held(call, handle, Policy)
        call.require_admin()
        secret = self._find(fold(name))
        if secret is None:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, f"no secret {name!r}")
        return call.opened(secret) + U32.pack(NT.SUCCESS)

    def set(self, call: Call, handle: bytes, values: tuple[bytes | None, bytes | None]) -> bytes:
        """LsarSetSecret, [MS-LSAD] 3.1.4.6.3: without an old value, the one until now becomes it."""
        secret = held(call, handle, Secret)
        call.require_admin()
        key = call.caller.session_key
        current, old = (None if one is None else decrypted(key, one) for one in values)
        self._keep(secret)
        now = self._now()
        secret.old = secret.current if old is None else Version(old, now)
        secret.current = Version(current, now)
        return done()

    def _find(self, key: str) -> Secret | None:
        return self._secrets.get(key) or self._never_set.get(key)

    def _keep(self, secret: Secret) -> None:
        if secret.key not in self._secrets:
            if len(self._secrets) >= MOST_SECRETS:
                raise SMBError(NT.INSUFFICIENT_RESOURCES, f"more than {MOST_SECRETS} secrets")
            self._never_set.pop(secret.key, None)
            self._secrets[secret.key] = secret

    def _forget(self, key: str) -> None:
        self._never_set.pop(key, None)
        self._secrets.pop(key, None)

    def query(self, call: Call, handle: bytes, wanted: tuple[bool, ...]) -> bytes:
        """LsarQuerySecret, [MS-LSAD] 3.1.4.6.4: what is asked for of the two values and their times."""
        secret = held(call, handle, Secret)
        call.require_admin()
        out = bytearray()
        for version, value_wanted, time_wanted in zip(
            (secret.current, secret.old), wanted[::2], wanted[1::2], strict=True
        ):
            _put_value(out, version.value, call.caller.session_key, wanted=value_wanted)
            _put_time(out, version.time, wanted=time_wanted)
        return bytes(out) + U32.pack(NT.SUCCESS)

    def operations(self) -> dict[int, Operation]:
        """The operations, by their numbers."""
        return {
            16: Operation(lsad.LsarCreateSecret, (POLICY_HANDLE, _secret_name), self.create, NO_HANDLE),
            28: Operation(lsad.LsarOpenSecret, (POLICY_HANDLE, _secret_name), self.open, NO_HANDLE),
            29: Operation(SetRequest, (_handle_of, lambda request: request.values), self.set),
            30: Operation(QueryRequest, (_handle_of, lambda request: request.wanted), self.query, bytes(16)),
        }


def _secret_name(request: Any) -> str:
    return given_text(request["SecretName"])


def _handle_of(request: SetRequest | QueryRequest) -> bytes:
    return request.handle


def _pointer(out: bytearray) -> bytes:
    """A referent identifier that no other pointer of the stub has: it follows from the position."""
    return U32.pack(FIRST_REFERENT + len(out))


def _put_value(out: bytearray, value: bytes | None, key: bytes, *, wanted: bool) -> None:
    out += bytes(-len(out) % 4)
    if not wanted:
        out += U32.pack(0)
        return
    out += _pointer(out)
    if value is None:
        out += U32.pack(0)
        return
    data = encrypted(key, value)
    size = len(data)
    out += _pointer(out)
    out += _VALUE.pack(size, size, FIRST_REFERENT + len(out), size, 0, size) + data


def _put_time(out: bytearray, time: int, *, wanted: bool) -> None:
    out += bytes(-len(out) % 4)
    if not wanted:
        out += U32.pack(0)
        return
    out += _pointer(out)
    out += bytes(-len(out) % 8)
    out += struct.pack("<Q", time)
