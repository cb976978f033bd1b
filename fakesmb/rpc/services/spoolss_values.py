"""spoolss: the values that servers and printers have by name ([MS-RPRN] 3.1.4.2.7, 3.1.4.2.16 to 3.1.4.2.21)."""

import struct
from collections.abc import Mapping
from typing import Final

from fakesmb.nt.names import fold
from fakesmb.rpc.services.spoolss_asked import (
    Asked,
    Opened,
    array_of,
)
from fakesmb.rpc.stub import U32, Win32, wide

MOST_DATA: Final = 0x10000
"""Bytes of a buffer that an answer brings whatever is in it, for values of a printer: it is filled with zeros."""


def _values(asked: Asked, opened: Opened) -> Mapping[str, tuple[int, bytes]]:
    """The values of a server or printer by name: type (REG_SZ 1, REG_BINARY 3, REG_DWORD 4) and bytes."""
    facts = asked.call.view.facts
    if opened.printer is not None:
        return {"CHANGEID": (4, U32.pack(1))}
    version = struct.pack("<IIIII", 276, facts.version_major, facts.version_minor, 2600, 2).ljust(276, b"\0")
    return {
        "ARCHITECTURE": (1, wide("Windows NT x86").encode("utf-16-le")),
        "BEEPENABLED": (4, U32.pack(0)),
        "DEFAULTSPOOLDIRECTORY": (1, wide("C:\\WINDOWS\\system32\\spool\\PRINTERS").encode("utf-16-le")),
        "DNSMACHINENAME": (1, wide(facts.name).encode("utf-16-le")),
        "DSPRESENT": (4, U32.pack(0)),
        "EVENTLOG": (4, U32.pack(31)),
        "MAJORVERSION": (4, U32.pack(3)),
        "MINORVERSION": (4, U32.pack(0)),
        "NETPOPUP": (4, U32.pack(0)),
        "OSVERSION": (3, version),
        "W3SVCINSTALLED": (4, U32.pack(0)),
    }


def get_printer_data(asked: Asked) -> bytes:
    """RpcGetPrinterData, 3.1.4.2.7."""
    opened = asked.opened()
    return _value(asked, opened, asked.text(), _wanted_size(asked))


def get_printer_data_ex(asked: Asked) -> bytes:
    """RpcGetPrinterDataEx, 3.1.4.2.19: there is no key but that of the printer itself."""
    opened = asked.opened()
    key, name = asked.text(), asked.text()
    size = _wanted_size(asked)
    if opened.printer is not None and fold(key) not in ("", "PRINTERDRIVERDATA"):
        return struct.pack("<I", 0) + array_of(b"", size) + struct.pack("<II", 0, Win32.FILE_NOT_FOUND)
    return _value(asked, opened, name, size)


def _wanted_size(asked: Asked) -> int:
    size = asked.number()
    if size > MOST_DATA:
        raise ValueError(f"a value of {size} bytes is wanted, {MOST_DATA} at most")
    return size


def _value(asked: Asked, opened: Opened, name: str, size: int) -> bytes:
    kind, data = _values(asked, opened).get(fold(name), (0, b""))
    if not kind:
        code = Win32.INVALID_PARAMETER if opened.printer is None else Win32.FILE_NOT_FOUND
    else:
        code = Win32.OK if len(data) <= size else Win32.MORE_DATA
    found = data if code == Win32.OK else b""
    return U32.pack(kind) + array_of(found, size) + struct.pack("<II", len(data), code)


def enum_printer_data(asked: Asked) -> bytes:
    """RpcEnumPrinterData, 3.1.4.2.16: no driver keeps any here."""
    asked.printer()
    asked.number()
    name_size, size = _wanted_size(asked), _wanted_size(asked)
    count = name_size // 2
    names = U32.pack(count) + bytes(count * 2) + bytes(-count * 2 % 4)
    return names + struct.pack("<II", 0, 0) + array_of(b"", size) + struct.pack("<II", 0, Win32.NO_MORE_ITEMS)


def enum_printer_data_ex(asked: Asked) -> bytes:
    """RpcEnumPrinterDataEx, 3.1.4.2.20."""
    asked.printer()
    asked.text()
    return array_of(b"", _wanted_size(asked)) + struct.pack("<III", 0, 0, Win32.OK)


def enum_printer_key(asked: Asked) -> bytes:
    """RpcEnumPrinterKey, 3.1.4.2.21: no key has another in it."""
    asked.printer()
    key, size = asked.text(), _wanted_size(asked)
    count = size // 2
    needed, code = 4, Win32.OK if size >= 4 else Win32.MORE_DATA
    if key:
        needed, code = 0, Win32.FILE_NOT_FOUND
    names = U32.pack(count) + bytes(count * 2) + bytes(-count * 2 % 4)
    return names + struct.pack("<II", needed, code)
