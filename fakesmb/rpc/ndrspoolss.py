"""The NDR types of calls of spoolss that impacket lacks ([MS-RPRN] 3.1.4). The server reads by hand; these show."""

from collections.abc import Mapping
from typing import Any, Final

from impacket.dcerpc.v5 import rprn
from impacket.dcerpc.v5.dtypes import DWORD, LPWSTR, ULONG, WSTR
from impacket.dcerpc.v5.ndr import NDRCALL, NDRPOINTER, NDRSTRUCT, NDRUNION

Members = tuple[tuple[str, Any], ...]


class DocInfo1(NDRSTRUCT):  # type: ignore[misc]
    """DOC_INFO_1, [MS-RPRN] 2.2.1.11.1."""

    structure = (("pDocName", LPWSTR), ("pOutputFile", LPWSTR), ("pDatatype", LPWSTR))


class DocInfoPointer(NDRPOINTER):  # type: ignore[misc]
    """To one."""

    referent = (("Data", DocInfo1),)


class DocInfoUnion(NDRUNION):  # type: ignore[misc]
    """By its level."""

    commonHdr = (("tag", ULONG),)  # noqa: N815
    union = {1: ("pDocInfo1", DocInfoPointer)}  # noqa: RUF012


class DocInfoContainer(NDRSTRUCT):  # type: ignore[misc]
    """DOC_INFO_CONTAINER, [MS-RPRN] 2.2.1.2.2."""

    structure = (("Level", DWORD), ("DocInfo", DocInfoUnion))


_HANDLE: Final = ("hPrinter", rprn.PRINTER_HANDLE)
_NAME: Final = ("pName", LPWSTR)
_BYTES: Final = rprn.BYTE_ARRAY
_CODE: Final = ("ErrorCode", ULONG)


def _room(name: str) -> Members:
    """A buffer for the answer, and its size."""
    return ((name, rprn.PBYTE_ARRAY), ("cbBuf", DWORD))


def _buffer(name: str, *, counted: bool = False) -> Members:
    """What comes back of it."""
    returned: Members = (("pcReturned", DWORD),) if counted else ()
    return ((name, rprn.PBYTE_ARRAY), ("pcbNeeded", DWORD), *returned, _CODE)


_LEVEL: Final = ("Level", DWORD)
_ENVIRONMENT: Final = ("pEnvironment", LPWSTR)
_VALUE: Final[Members] = (("pType", DWORD), ("pData", _BYTES), ("pcbNeeded", DWORD), _CODE)

_CALLS: Final[Mapping[int, tuple[str, Members, Members]]] = {
    3: ("GetJob", (_HANDLE, ("JobId", DWORD), _LEVEL, *_room("pJob")), _buffer("pJob")),
    4: (
        "EnumJobs",
        (_HANDLE, ("FirstJob", DWORD), ("NoJobs", DWORD), _LEVEL, *_room("pJob")),
        _buffer("pJob", counted=True),
    ),
    8: ("GetPrinter", (_HANDLE, _LEVEL, *_room("pPrinter")), _buffer("pPrinter")),
    11: ("GetPrinterDriver", (_HANDLE, _ENVIRONMENT, _LEVEL, *_room("pDriver")), _buffer("pDriver")),
    15: (
        "EnumPrintProcessors",
        (_NAME, _ENVIRONMENT, _LEVEL, *_room("pPrintProcessorInfo")),
        _buffer("pPrintProcessorInfo", counted=True),
    ),
    16: (
        "GetPrintProcessorDirectory",
        (_NAME, _ENVIRONMENT, _LEVEL, *_room("pPrintProcessorDirectory")),
        _buffer("pPrintProcessorDirectory"),
    ),
    17: ("StartDocPrinter", (_HANDLE, ("pDocInfoContainer", DocInfoContainer)), (("pJobId", DWORD), _CODE)),
    18: ("StartPagePrinter", (_HANDLE,), (_CODE,)),
    19: ("WritePrinter", (_HANDLE, ("pBuf", _BYTES), ("cbBuf", DWORD)), (("pcWritten", DWORD), _CODE)),
    20: ("EndPagePrinter", (_HANDLE,), (_CODE,)),
    21: ("AbortPrinter", (_HANDLE,), (_CODE,)),
    23: ("EndDocPrinter", (_HANDLE,), (_CODE,)),
    24: ("AddJob", (_HANDLE, _LEVEL, *_room("pAddJob")), _buffer("pAddJob")),
    26: ("GetPrinterData", (_HANDLE, ("pValueName", WSTR), ("nSize", DWORD)), _VALUE),
    32: ("GetForm", (_HANDLE, ("pFormName", WSTR), _LEVEL, *_room("pForm")), _buffer("pForm")),
    34: ("EnumForms", (_HANDLE, _LEVEL, *_room("pForm")), _buffer("pForm", counted=True)),
    35: ("EnumPorts", (_NAME, _LEVEL, *_room("pPort")), _buffer("pPort", counted=True)),
    36: ("EnumMonitors", (_NAME, _LEVEL, *_room("pMonitor")), _buffer("pMonitor", counted=True)),
    51: (
        "EnumPrintProcessorDatatypes",
        (_NAME, ("pPrintProcessorName", LPWSTR), _LEVEL, *_room("pDatatypes")),
        _buffer("pDatatypes", counted=True),
    ),
    53: (
        "GetPrinterDriver2",
        (
            _HANDLE, _ENVIRONMENT, _LEVEL, *_room("pDriver"), ("dwClientMajorVersion", DWORD),
            ("dwClientMinorVersion", DWORD),
        ),
        (
            ("pDriver", rprn.PBYTE_ARRAY), ("pcbNeeded", DWORD), ("pdwServerMaxVersion", DWORD),
            ("pdwServerMinVersion", DWORD), _CODE,
        ),
    ),
    56: ("FindClosePrinterChangeNotification", (_HANDLE,), (_CODE,)),
    72: (
        "EnumPrinterData",
        (_HANDLE, ("dwIndex", DWORD), ("cbValueName", DWORD), ("cbData", DWORD)),
        (),
    ),
    78: ("GetPrinterDataEx", (_HANDLE, ("pKeyName", WSTR), ("pValueName", WSTR), ("nSize", DWORD)), _VALUE),
    79: (
        "EnumPrinterDataEx",
        (_HANDLE, ("pKeyName", WSTR), ("cbEnumValues", DWORD)),
        (("pEnumValues", _BYTES), ("pcbEnumValues", DWORD), ("pnEnumValues", DWORD), _CODE),
    ),
    80: ("EnumPrinterKey", (_HANDLE, ("pKeyName", WSTR), ("cbSubkey", DWORD)), ()),
}  # fmt: skip
"""By opnum: name, members of the request, and of the answer, if they are shown."""


def _call(opnum: int, name: str, asked: Members, answered: Members) -> tuple[Any, Any]:
    request = type(f"Rpc{name}", (NDRCALL,), {"opnum": opnum, "structure": asked})
    response = type(f"Rpc{name}Response", (NDRCALL,), {"structure": answered}) if answered else None
    return request, response


CALLS: Final[Mapping[int, tuple[Any, Any]]] = {opnum: _call(opnum, *row) for opnum, row in _CALLS.items()}
"""By opnum: the class of the request, and that of the response where there is one."""
