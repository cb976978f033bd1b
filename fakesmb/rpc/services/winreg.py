"""winreg: the registry of the machine, to be read ([MS-RRP] 3.1.5).

Every signed-in user may read it (Windows keeps most of it for administrators; nothing here is a secret). Whatever
would change it is ACCESS_DENIED for everybody, and so are performance data.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from fakesmb.nt import filetime
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.fields import (
    UnicodeString,
    bytes_or_none,
    handle,
    number,
    number_or_none,
    operation,
    server_name,
    time_or_none,
    unicode_string,
    unicode_string_or_none,
)
from fakesmb.rpc.interface import Interface, Surroundings
from fakesmb.rpc.ndr import Writer
from fakesmb.rpc.services import registry
from fakesmb.rpc.services.registry import Key, Value
from fakesmb.rpc.stub import NO_HANDLE, U32, WIN32_CODES, Call, Operation, TableInterface, Win32
from fakesmb.rpc.view import ServerView

VERSION: Final = 5
"""What BaseRegGetVersion tells ([MS-RRP] 3.1.5.24): no 64-bit view of keys."""
_WRITES: Final = 0x400D0026
"""KEY_SET_VALUE, CREATE_SUB_KEY, CREATE_LINK, DELETE, WRITE_DAC, WRITE_OWNER and GENERIC_WRITE: clients ask for them to
be on the safe side, so that they are refused when they are used, to administrators; and at once to others."""
Root = Callable[[ServerView], Key]


class Opened(msgspec.Struct, frozen=True):
    """What a handle of a key stands for: where it is. What is there is looked up for each call, and so is true."""

    root: Root
    path: tuple[str, ...] = ()
    """The names of the keys on the way: only of those that are there, so that clients cannot let it grow."""

    def key(self, view: ServerView) -> Key | None:
        """The key, if it is there still."""
        return registry.found(self.root(view), self.path)


def _key(call: Call, given: bytes) -> Key:
    key = call.held(given, Opened).key(call.view)
    if key is None:
        raise SMBError(Win32.KEY_DELETED, "the key has gone")
    return key


def _opened(call: Call, opened: Opened, access: int) -> bytes:
    call.require_name()
    if access & _WRITES and not call.admin:
        raise SMBError(NT.ACCESS_DENIED, f"access 0x{access:08X} is for administrators")
    return call.opened(opened) + U32.pack(Win32.OK)


def _root(make: Root) -> Callable[..., bytes]:
    """OpenLocalMachine and its kin, 3.1.5.1 to 3.1.5.4."""

    def open_root(call: Call, server: None, access: int) -> bytes:
        return _opened(call, Opened(make), access)

    return open_root


def open_user(call: Call, server: None, access: int) -> bytes:
    """OpenCurrentUser, 3.1.5.2: who is not at work there has the default's."""
    return _opened(call, Opened(registry.users, (".DEFAULT",)), access)


def open_performance(call: Call, server: None, access: int) -> bytes:
    """OpenPerformanceData and its texts, 3.1.5.4, 3.1.5.28, 3.1.5.29: there are none."""
    raise SMBError(Win32.ACCESS_DENIED, "there are no performance data")


def open_key(call: Call, parent: bytes, name: UnicodeString, options: int, access: int) -> bytes:
    """BaseRegOpenKey, 3.1.5.15."""
    above = call.held(parent, Opened)
    inner = Opened(above.root, (*above.path, *filter(None, name.text.split("\\"))))
    if inner.key(call.view) is None:
        raise SMBError(Win32.FILE_NOT_FOUND, f"no key {name.text!r}")
    return _opened(call, inner, access)


def close(call: Call, given: bytes) -> bytes:
    """BaseRegCloseKey, 3.1.5.5."""
    call.handles.close(given)
    return NO_HANDLE + U32.pack(Win32.OK)


def flush(call: Call, given: bytes) -> bytes:
    """BaseRegFlushKey, 3.1.5.12: there is nothing to write."""
    call.held(given, Opened)
    return U32.pack(Win32.OK)


def version(call: Call, given: bytes) -> bytes:
    """BaseRegGetVersion, 3.1.5.24."""
    call.held(given, Opened)
    return struct.pack("<II", VERSION, Win32.OK)


def _changed(call: Call) -> int:
    """The time of every key: that of the server's start, FILETIME."""
    return filetime.from_seconds(call.view.facts.started)


def _name(writer: Writer, name: str, room: int, *, null: bool = True) -> None:
    """An RPC_UNICODE_STRING whose null counts, in a buffer of `room` bytes."""
    raw = (f"{name}\0" if null else name).encode("utf-16-le", "surrogatepass")
    most = max(room, len(raw)) & 0xFFFE
    writer.align(4)
    writer.numbers("HH", len(raw), most)
    writer.referent()
    writer.numbers("III", most // 2, 0, len(raw) // 2)
    writer.raw(raw)


def _too_long(name: str, room: UnicodeString) -> bool:
    """Whether a name does not fit the buffer of a client; one that gives none gets it all the same, as from Samba."""
    return 0 < room.room < 2 * len(name) + 2


def enum_key(
    call: Call, given: bytes, index: int, room: UnicodeString, kind: UnicodeString | None, when: None
) -> bytes:
    """BaseRegEnumKey, 3.1.5.10."""
    names = sorted(_key(call, given).keys, key=str.upper)
    if index >= len(names):
        return _no_key(Win32.NO_MORE_ITEMS)
    name = names[index]
    if _too_long(name, room):
        return _no_key(Win32.MORE_DATA)
    writer = Writer()
    _name(writer, name, room.room)
    writer.numbers("I", 0)
    writer.referent()
    changed = _changed(call)
    writer.numbers("II", changed & 0xFFFFFFFF, changed >> 32)
    return writer.done(Win32.OK)


def _no_key(status: int) -> bytes:
    return bytes(16) + U32.pack(status)


def _value(writer: Writer, value: Value, data: bytes | None, room: int | None) -> int:
    """Type, data and their sizes behind their pointers; the status."""
    size = len(value.data)
    fits = room is not None and size <= room
    writer.referent()
    writer.numbers("I", value.kind)
    if data is None or not fits:
        writer.numbers("I", 0)
    else:
        writer.referent()
        writer.numbers("III", size, 0, size)
        writer.raw(value.data)
    writer.align(4)
    if room is None:
        writer.numbers("II", 0, 0)
    else:
        writer.referent()
        writer.numbers("I", size)
        writer.referent()
        writer.numbers("I", size if data is not None and fits else 0)
    return Win32.MORE_DATA if data is not None and not fits else Win32.OK


def enum_value(
    call: Call,
    given: bytes,
    index: int,
    room: UnicodeString,
    kind: int | None,
    data: bytes | None,
    size: int | None,
    length: int | None,
) -> bytes:
    """BaseRegEnumValue, 3.1.5.11."""
    values = sorted(_key(call, given).values.items(), key=lambda one: one[0].upper())
    if index >= len(values):
        return _no_value(Win32.NO_MORE_ITEMS)
    name, value = values[index]
    if _too_long(name, room):
        return _no_value(Win32.MORE_DATA)
    writer = Writer()
    _name(writer, name, room.room)
    writer.align(4)
    return writer.done(_value(writer, value, data, size))


def _no_value(status: int) -> bytes:
    return bytes(24) + U32.pack(status)


def query_value(
    call: Call,
    given: bytes,
    name: UnicodeString,
    kind: int | None,
    data: bytes | None,
    size: int | None,
    length: int | None,
) -> bytes:
    """BaseRegQueryValue, 3.1.5.17."""
    value = registry.value(_key(call, given), name.text)
    if value is None:
        raise SMBError(Win32.FILE_NOT_FOUND, f"no value {name.text!r}")
    writer = Writer()
    return writer.done(_value(writer, value, data, size))


def query_info(call: Call, given: bytes, kind: UnicodeString) -> bytes:
    """BaseRegQueryInfoKey, 3.1.5.16: how many keys and values, and the longest of them; no class."""
    key = _key(call, given)
    writer = Writer()
    _name(writer, "", kind.room)
    changed = _changed(call)
    writer.numbers(
        "I" * 9,
        len(key.keys),
        2 * max(map(len, key.keys), default=0),
        0,
        len(key.values),
        2 * max(map(len, key.values), default=0),
        max((len(one.data) for one in key.values.values()), default=0),
        0,
        changed & 0xFFFFFFFF,
        changed >> 32,
    )
    return writer.done(Win32.OK)


def _refuse(before: int = 0) -> Callable[..., bytes]:
    """What would change the registry, or tells who may: the handle is looked at, and the answer is no."""

    def refuse(call: Call, given: bytes) -> bytes:
        call.held(given, Opened)
        return bytes(before) + U32.pack(Win32.ACCESS_DENIED)

    return refuse


def _shut_down(call: Call) -> bytes:
    """BaseInitiateSystemShutdown and its kin."""
    return U32.pack(Win32.ACCESS_DENIED)


def _open(make: Root) -> Operation:
    return operation(_root(make), server_name, number, failed=NO_HANDLE)


_NO_PERFORMANCE: Final = operation(open_performance, server_name, number, failed=NO_HANDLE, refusal=True)
_CHANGES: Final = operation(_refuse(), handle, refusal=True)
_ENUM_KEY: Final = (handle, number, unicode_string, unicode_string_or_none, time_or_none)
_OF_VALUE: Final = (unicode_string, number_or_none, bytes_or_none, number_or_none, number_or_none)

OPERATIONS: Final[Mapping[int, Operation]] = {
    0: _open(registry.classes_root),
    1: operation(open_user, server_name, number, failed=NO_HANDLE),
    2: _open(registry.local_machine),
    3: _NO_PERFORMANCE,
    4: _open(registry.users),
    5: operation(close, handle, failed=NO_HANDLE),
    6: operation(_refuse(24), handle, failed=bytes(24), refusal=True),
    **dict.fromkeys((7, 8, 13, 18, 19, 20, 21, 22, 23, 31, 35), _CHANGES),
    9: operation(enum_key, *_ENUM_KEY, failed=bytes(16)),
    10: operation(enum_value, handle, number, *_OF_VALUE, failed=bytes(24)),
    11: operation(flush, handle),
    12: operation(_refuse(12), handle, failed=bytes(12), refusal=True),
    15: operation(open_key, handle, unicode_string, number, number, failed=NO_HANDLE),
    16: operation(query_info, handle, unicode_string, failed=bytes(44)),
    17: operation(query_value, handle, *_OF_VALUE, failed=bytes(16)),
    **dict.fromkeys((24, 25, 30), operation(_shut_down, refusal=True)),
    26: operation(version, handle, failed=bytes(4)),
    27: _open(registry.current_config),
    32: _NO_PERFORMANCE,
    33: _NO_PERFORMANCE,
}


def interface(around: Surroundings) -> Interface:
    """The interface, bound to a server."""
    return TableInterface(OPERATIONS, around.view, WIN32_CODES)
