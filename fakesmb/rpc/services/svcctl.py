"""svcctl: the services of the machine, listed and asked about ([MS-SCMR] 3.1.4).

Every signed-in user may connect, list and query, as on Windows; whatever would start, stop, make or change a service is
ACCESS_DENIED for everybody, administrators too: there is nothing behind a service but this server itself.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.fields import (
    handle,
    number,
    number_or_none,
    operation,
    small_enum,
    text,
    text_or_none,
)
from fakesmb.rpc.interface import Interface, Surroundings
from fakesmb.rpc.ndr import Writer
from fakesmb.rpc.services.machine import RUNNING, SERVICES, Service
from fakesmb.rpc.stub import NO_HANDLE, U32, WIN32_CODES, Call, Operation, TableInterface, Win32, wide

MOST_BYTES: Final = 256 * 1024
"""Of the buffer of a list ([MS-SCMR] 3.1.4.11)."""
MOST_QUERIED: Final = 8 * 1024
"""Of the buffer of a configuration ([MS-SCMR] 3.1.4.17)."""
_LONGEST_NAME: Final = 256
_OF_MANAGER: Final = 0x82020015
"""What anybody may do: connect, list, read the lock's state; READ_CONTROL, GENERIC_READ and MAXIMUM_ALLOWED."""
_OF_SERVICE: Final = 0x8202018D
"""Query configuration and status, list dependents, interrogate, user-defined controls; and these."""
_DATABASES: Final = frozenset({"", "SERVICESACTIVE"})
_ACTIVE, _INACTIVE = 1, 2
_ACCEPTED: Final = 0
"""Controls that a service takes: none."""
_NORMAL: Final = 1
_INTERROGATE: Final = 4
_PROCESS: Final = 1234
_STATUS: Final = struct.Struct("<7I")


class Manager(msgspec.Struct):
    """What a handle of the service control manager stands for."""


class Opened(msgspec.Struct):
    """What a handle of a service stands for."""

    service: Service


def _require_rights(call: Call, wanted: int, most: int) -> None:
    call.require_name()
    if wanted & ~most and not call.admin:
        raise SMBError(NT.ACCESS_DENIED, f"access 0x{wanted:08X} is for administrators")


def open_manager(call: Call, machine: str | None, database: str | None, access: int) -> bytes:
    """ROpenSCManagerW, 3.1.4.15."""
    if fold(database or "") not in _DATABASES:
        raise SMBError(Win32.DATABASE_DOES_NOT_EXIST, f"no database {database!r}")
    _require_rights(call, access, _OF_MANAGER)
    return call.opened(Manager()) + U32.pack(Win32.OK)


def open_service(call: Call, manager: bytes, name: str, access: int) -> bytes:
    """ROpenServiceW, 3.1.4.16."""
    call.held(manager, Manager)
    service = _named(name)
    _require_rights(call, access, _OF_SERVICE)
    return call.opened(Opened(service)) + U32.pack(Win32.OK)


def _named(name: str) -> Service:
    if not name or len(name) > _LONGEST_NAME:
        raise SMBError(Win32.INVALID_NAME, "no name of a service is so long, or so short")
    for service in SERVICES:
        if fold(service.name) == fold(name):
            return service
    raise SMBError(Win32.SERVICE_DOES_NOT_EXIST, f"no service {name!r}")


def close(call: Call, given: bytes) -> bytes:
    """RCloseServiceHandle, 3.1.4.1."""
    call.handles.close(given)
    return NO_HANDLE + U32.pack(Win32.OK)


def _status(call: Call, service: Service) -> bytes:
    """SERVICE_STATUS, 2.2.47."""
    return _STATUS.pack(service.kind, service.state(call.view), _ACCEPTED, 0, 0, 0, 0)


def _process_status(call: Call, service: Service) -> bytes:
    """SERVICE_STATUS_PROCESS, 2.2.49."""
    process = _PROCESS if service.state(call.view) == RUNNING else 0
    return _status(call, service) + struct.pack("<II", process, 0)


def query_status(call: Call, given: bytes) -> bytes:
    """RQueryServiceStatus, 3.1.4.7."""
    return _status(call, call.held(given, Opened).service) + U32.pack(Win32.OK)


def query_status_ex(call: Call, given: bytes, level: int, room: int) -> bytes:
    """RQueryServiceStatusEx, 3.1.4.37: level 0, SC_STATUS_PROCESS_INFO."""
    service = call.held(given, Opened).service
    if level:
        return _buffer(b"", _queried(room), 0, Win32.INVALID_LEVEL)
    return _whole(_process_status(call, service), room)


def _queried(room: int) -> int:
    if room > MOST_QUERIED:
        raise SMBError(Win32.INVALID_PARAMETER, f"a buffer of {room} bytes")
    return room


def _buffer(data: bytes, room: int, needed: int, status: int) -> bytes:
    """A buffer of that size, bytes needed, and the status."""
    out = U32.pack(room) + data.ljust(room, b"\0")
    return out + bytes(-len(out) % 4) + struct.pack("<II", needed, status)


def _whole(data: bytes, room: int) -> bytes:
    """What fits the buffer or is not told."""
    if len(data) > _queried(room):
        return _buffer(b"", room, len(data), Win32.INSUFFICIENT_BUFFER)
    return _buffer(data, room, len(data), Win32.OK)


def _listed(call: Call, kinds: int, states: int, group: str | None) -> list[Service]:
    """The services of some kinds and states; none is in a group."""
    if not kinds or not states & (_ACTIVE | _INACTIVE) or states & ~(_ACTIVE | _INACTIVE):
        raise SMBError(Win32.INVALID_PARAMETER, "no kind or state of services")
    return [
        one
        for one in SERVICES
        if one.kind & kinds
        and states & (_ACTIVE if one.state(call.view) == RUNNING else _INACTIVE)
        and not group
    ]


def _list(services: Sequence[Service], statuses: Sequence[bytes], room: int, resume: int | None) -> bytes:
    """Entries from the front of the buffer, their strings from its end, as Windows lays them out."""
    entry = 8 + len(statuses[0]) if statuses else 0
    start = min(resume or 0, len(services))
    entries, texts = bytearray(), bytearray()
    end, top = start, room & ~1
    for service, status in zip(services[start:], statuses[start:], strict=True):
        more = wide(service.display).encode("utf-16-le"), wide(service.name).encode("utf-16-le")
        if len(entries) + entry + len(texts) + len(more[0]) + len(more[1]) > top:
            break
        display_at = top - len(texts) - len(more[0])
        name_at = display_at - len(more[1])
        entries += struct.pack("<II", name_at, display_at) + status
        texts[:0] = more[1] + more[0]
        end += 1
    left = services[end:]
    needed = sum(entry + 2 * len(wide(one.name) + wide(one.display)) for one in left)
    buffer = bytes(entries) + bytes(max(top - len(entries) - len(texts), 0)) + bytes(texts)
    out = U32.pack(room) + buffer.ljust(room, b"\0")
    out += bytes(-len(out) % 4) + struct.pack("<II", needed, end - start)
    index = end if left else 0
    out += bytes(4) if resume is None else struct.pack("<II", 0x00020000, index)
    return out + U32.pack(Win32.MORE_DATA if left else Win32.OK)


def _room(room: int) -> int:
    if room > MOST_BYTES:
        raise SMBError(Win32.INVALID_PARAMETER, f"a buffer of {room} bytes")
    return room


def enum_services(call: Call, given: bytes, kinds: int, states: int, room: int, resume: int | None) -> bytes:
    """REnumServicesStatusW, 3.1.4.14."""
    call.held(given, Manager)
    found = _listed(call, kinds, states, None)
    return _list(found, [_status(call, one) for one in found], _room(room), resume)


def enum_services_ex(
    call: Call,
    given: bytes,
    level: int,
    kinds: int,
    states: int,
    room: int,
    resume: int | None,
    group: str | None,
) -> bytes:
    """REnumServicesStatusExW, 3.1.4.39: level 0, SC_ENUM_PROCESS_INFO."""
    call.held(given, Manager)
    if level:
        raise SMBError(Win32.INVALID_LEVEL, f"level {level} of a list of services")
    found = _listed(call, kinds, states, group)
    return _list(found, [_process_status(call, one) for one in found], _room(room), resume)


def enum_dependents(call: Call, given: bytes, states: int, room: int) -> bytes:
    """REnumDependentServicesW, 3.1.4.13."""
    name = call.held(given, Opened).service.name
    found = [one for one in _listed(call, 0x30, states, None) if name in one.depends]
    listed = _list(found, [_status(call, one) for one in found], _room(room), None)
    return listed[:-8] + listed[-4:]  # which has no resume index


def query_config(call: Call, given: bytes, room: int) -> bytes:
    """RQueryServiceConfigW, 3.1.4.17."""
    service = call.held(given, Opened).service
    # Names of services that it depends on, each with its null, and one more behind them.
    depends = "".join(f"{one}\0" for one in service.depends) or "\0"
    texts = (service.path, "", depends, service.account, service.display)
    needed = 36 + sum(2 * len(wide(told)) for told in texts)
    writer = Writer()
    if _queried(room) < needed:
        writer.numbers("I" * 9, *[0] * 9)
        writer.numbers("I", needed)
        return writer.done(Win32.INSUFFICIENT_BUFFER)
    writer.numbers("III", service.kind, service.start, _NORMAL)
    writer.string(service.path)
    writer.string("")
    writer.numbers("I", 0)
    for told in texts[2:]:
        writer.string(told)
    writer.flush()
    writer.numbers("I", needed)
    return writer.done(Win32.OK)


def query_config2(call: Call, given: bytes, level: int, room: int) -> bytes:
    """RQueryServiceConfig2W, 3.1.4.36: 1 the description, 2 what is done when it fails, which is nothing."""
    service = call.held(given, Opened).service
    if level == 1:
        return _whole(U32.pack(4) + wide(service.description).encode("utf-16-le"), room)
    if level == 2:
        return _whole(bytes(20), room)
    return _buffer(b"", _queried(room), 0, Win32.INVALID_LEVEL)


def query_lock(call: Call, given: bytes, room: int) -> bytes:
    """RQueryServiceLockStatusW, 3.1.4.18: nobody has locked the database."""
    call.held(given, Manager)
    writer = Writer()
    writer.numbers("I", 0)
    writer.string("")
    writer.numbers("I", 0)
    writer.flush()
    writer.numbers("I", 14)
    return writer.done(Win32.OK if room >= 14 else Win32.INSUFFICIENT_BUFFER)


def _told_name(told: str, room: int) -> bytes:
    """A name in a buffer of so many characters, and how many it has."""
    writer = Writer()
    fits = len(told) <= room
    shown = wide(told if fits else "")
    writer.numbers("III", min(room, _LONGEST_NAME) + 1, 0, len(shown))
    writer.raw(shown.encode("utf-16-le"))
    writer.numbers("I", len(told))
    return writer.done(Win32.OK if fits else Win32.INSUFFICIENT_BUFFER)


def display_name(call: Call, given: bytes, name: str, room: int) -> bytes:
    """RGetServiceDisplayNameW, 3.1.4.20."""
    call.held(given, Manager)
    return _told_name(_named(name).display, room)


def key_name(call: Call, given: bytes, display: str, room: int) -> bytes:
    """RGetServiceKeyNameW, 3.1.4.21."""
    call.held(given, Manager)
    for service in SERVICES:
        if fold(service.display) == fold(display):
            return _told_name(service.name, room)
    raise SMBError(Win32.SERVICE_DOES_NOT_EXIST, f"no service shows {display!r}")


def control(call: Call, given: bytes, code: int) -> bytes:
    """RControlService, 3.1.4.2: it may be asked how it is, and nothing else."""
    service = call.held(given, Opened).service
    status = Win32.OK if code == _INTERROGATE else Win32.ACCESS_DENIED
    if status == Win32.OK and service.state(call.view) != RUNNING:
        status = Win32.SERVICE_NOT_ACTIVE
    return _status(call, service) + U32.pack(status)


def _refuse_service(call: Call, given: bytes) -> bytes:
    """What would change a service."""
    call.held(given, Opened)
    return U32.pack(Win32.ACCESS_DENIED)


def _refuse_create(call: Call, given: bytes) -> bytes:
    """RCreateServiceW, 3.1.4.12: the tag, no handle."""
    call.held(given, Manager)
    return bytes(4) + NO_HANDLE + U32.pack(Win32.ACCESS_DENIED)


def _refuse_config(call: Call, given: bytes) -> bytes:
    """RChangeServiceConfigW, 3.1.4.11: the tag."""
    call.held(given, Opened)
    return bytes(4) + U32.pack(Win32.ACCESS_DENIED)


def _refuse_lock(call: Call, given: bytes) -> bytes:
    """RLockServiceDatabase, 3.1.4.4."""
    call.held(given, Manager)
    return NO_HANDLE + U32.pack(Win32.ACCESS_DENIED)


def _refuse_descriptor(call: Call, given: bytes, parts: int, room: int) -> bytes:
    """RQueryServiceObjectSecurity, 3.1.4.5: services have no descriptor that anybody may read."""
    call.handles.check(given)
    return _buffer(b"", _queried(room), 0, Win32.ACCESS_DENIED)


_NO_LIST: Final = bytes(16)

OPERATIONS: Final[Mapping[int, Operation]] = {
    0: operation(close, handle, failed=NO_HANDLE),
    1: operation(control, handle, number, failed=bytes(28)),
    2: operation(_refuse_service, handle, refusal=True),
    3: operation(_refuse_lock, handle, failed=NO_HANDLE, refusal=True),
    4: operation(_refuse_descriptor, handle, number, number, failed=bytes(8), refusal=True),
    5: operation(_refuse_service, handle, refusal=True),
    6: operation(query_status, handle, failed=bytes(28)),
    11: operation(_refuse_config, handle, failed=bytes(4), refusal=True),
    12: operation(_refuse_create, handle, failed=bytes(24), refusal=True),
    13: operation(enum_dependents, handle, number, number, failed=bytes(12)),
    14: operation(enum_services, handle, number, number, number, number_or_none, failed=_NO_LIST),
    15: operation(open_manager, text_or_none, text_or_none, number, failed=NO_HANDLE),
    16: operation(open_service, handle, text, number, failed=NO_HANDLE),
    17: operation(query_config, handle, number, failed=bytes(40)),
    18: operation(query_lock, handle, number, failed=bytes(16)),
    19: operation(_refuse_service, handle, refusal=True),
    20: operation(display_name, handle, text, number, failed=struct.pack("<IIIHxxI", 1, 0, 1, 0, 0)),
    21: operation(key_name, handle, text, number, failed=struct.pack("<IIIHxxI", 1, 0, 1, 0, 0)),
    37: operation(_refuse_service, handle, refusal=True),
    39: operation(query_config2, handle, number, number, failed=bytes(8)),
    40: operation(query_status_ex, handle, small_enum, number, failed=bytes(8)),
    42: operation(
        enum_services_ex,
        *(handle, small_enum, number, number, number, number_or_none, text_or_none),
        failed=_NO_LIST,
    ),
    45: operation(_refuse_create, handle, failed=bytes(24), refusal=True),
}


def interface(around: Surroundings) -> Interface:
    """The interface, bound to a server."""
    return TableInterface(OPERATIONS, around.view, WIN32_CODES)
