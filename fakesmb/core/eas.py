"""Extended attributes in messages: OS/2's lists and NT's, in the client's OEM characters ([MS-CIFS] 2.2.1.2)."""

import struct
from collections.abc import Callable, Iterable
from typing import Final

from fakesmb.core.request import AnyRequest
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.eas import check
from fakesmb.vfs.paths import Path, fold
from fakesmb.vfs.store import Ea, Info
from fakesmb.wire import eas as wire
from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.find_info import FindLevel
from fakesmb.wire.oem import decode_oem, spelt

_LIST_SIZE: Final = struct.Struct("<I")
_DOTS: Final = (".", "..")


def understood(request: AnyRequest, eas: Iterable[wire.Ea]) -> tuple[Ea, ...]:
    """EAs of a message as the store knows them, before anything is done; raises INVALID_EA_NAME, INVALID_EA_FLAG."""
    encoding = request.connection.oem_encoding
    found = tuple(Ea(decode_oem(one.name, encoding), one.value, one.flags) for one in eas)
    check(found)
    return found


def told(request: AnyRequest, eas: Iterable[Ea]) -> list[wire.Ea]:
    """The store's EAs as a message has them, without those whose names the client cannot write."""
    encoding = request.connection.oem_encoding
    found = []
    for one in eas:
        name = spelt(one.name, encoding)
        if name is not None and len(name) <= 0xFF:
            found.append(wire.Ea(name, one.value, one.flags))
    return found


def of_new_file(request: AnyRequest) -> tuple[Ea, ...]:
    """The EAs in the data of TRANS2_OPEN2 and CREATE_DIRECTORY; EA_LIST_INCONSISTENT where they make no sense.

    The list begins with its own size, 4 where it is empty: OS/2 sends it so. Samba's client sends 0, or no list.
    """
    data = request.transaction.data
    if len(data) < _LIST_SIZE.size or _LIST_SIZE.unpack_from(data)[0] <= _LIST_SIZE.size:
        return ()
    return understood(request, readable(wire.read_list, data))


def readable(read: Callable[[Buffer], list[wire.Ea]], data: Buffer) -> list[wire.Ea]:
    """What `read` makes of a list of EAs; EA_LIST_INCONSISTENT where it cannot."""
    try:
        return read(data)
    except DecodeError as error:
        raise SMBError(NT.EA_LIST_INCONSISTENT, str(error)) from error


def all_of(request: AnyRequest, eas: Iterable[Ea]) -> bytes:
    """SMB_INFO_QUERY_ALL_EAS, [MS-CIFS] 2.2.8.3.4: an empty list where there are none."""
    return wire.encode_list(told(request, eas))


def full_of(request: AnyRequest, eas: Iterable[Ea]) -> bytes:
    """FileFullEaInformation, [MS-FSCC] 2.4.16: NO_EAS_ON_FILE where there are none."""
    found = told(request, eas)
    if not found:
        raise SMBError(NT.NO_EAS_ON_FILE, "the file has no EAs")
    return wire.encode_full(found)


def asked_for(request: AnyRequest, eas: Iterable[Ea]) -> bytes:
    """SMB_INFO_QUERY_EAS_FROM_LIST, [MS-CIFS] 2.2.8.3.3: each EA asked for, those that are missing without a value."""
    return _selected(request, _names(request), eas)


def _names(request: AnyRequest) -> list[bytes]:
    try:
        return wire.read_names(request.transaction.data)
    except DecodeError as error:
        raise SMBError(NT.INVALID_PARAMETER, str(error)) from error


def _selected(request: AnyRequest, names: Iterable[bytes], eas: Iterable[Ea]) -> bytes:
    encoding = request.connection.oem_encoding
    known = {fold(decode_oem(one.name, encoding)): one for one in told(request, eas)}
    return wire.encode_list(known.get(fold(decode_oem(name, encoding)), wire.Ea(name, b"")) for name in names)


def of_entries(request: AnyRequest, level: FindLevel) -> Callable[[Info], bytes] | None:
    """What completes the entries of a listing whose level tells EAs: their size in `Info`, and the list asked for."""
    if not level.eas:
        return None
    names = _names(request) if level.eas == "list" else []
    store = request.store

    def complete(info: Info) -> bytes:
        if info.name in _DOTS:
            return _selected(request, names, ())
        path = Path.parse(info.path)
        if level.eas == "list":
            return _selected(request, names, store.eas(path))
        info.ea_size = store.query(path, ea_size=True).ea_size
        return b""

    return complete
