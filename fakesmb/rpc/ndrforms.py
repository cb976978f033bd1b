"""The NDR types of requests and responses, interface by interface, as impacket declares them."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final

from impacket.dcerpc.v5.dtypes import LPWSTR, PRPC_UNICODE_STRING, ULONG
from impacket.dcerpc.v5.epm import ept_lookup_handle_t
from impacket.dcerpc.v5.ndr import NDRCALL, NDRPOINTER, NDRUniConformantArray
from impacket.dcerpc.v5.srvs import NetprNameCanonicalize
from impacket.system_errors import ERROR_MESSAGES

from fakesmb.rpc import ndrnetdfs, ndrspoolss
from fakesmb.rpc.ndrsecrets import holds_secrets

_MODULES: Final[Mapping[str, str]] = {
    "srvsvc": "srvs",
    "wkssvc": "wkst",
    "lsarpc": "lsad",
    "samr": "samr",
    "dssetup": "dssp",
    "epmapper": "epm",
    "mgmt": "mgmt",
    "netlogon": "nrpc",
    "svcctl": "scmr",
    "winreg": "rrp",
    "spoolss": "rprn",
    "atsvc": "atsvc",
    "eventlog": "even",
}
"""Interfaces by common name: the module of impacket that has them."""
_ALSO: Final[Mapping[str, str]] = {"lsarpc": "lsat"}
"""Interfaces whose operations two modules have between them."""


@cache
def _operations(interface: str) -> Mapping[int, tuple[Any, Any]]:
    found: dict[int, tuple[Any, Any]] = {}
    for table in (_ALSO, _MODULES):
        if interface in table:
            try:
                module = import_module(f"impacket.dcerpc.v5.{table[interface]}")
            except ImportError:  # an impacket that does not have it yet
                continue
            found |= _calls(vars(module))
    found.update(_OWN.get(interface, {}))
    return found


class NetrWkstaTransportDel(NDRCALL):  # type: ignore[misc]
    """[MS-WKST] 3.2.4.6, which impacket lacks."""

    opnum = 7
    structure = (("ServerName", LPWSTR), ("TransportName", LPWSTR), ("ForceLevel", ULONG))


class NetrWkstaTransportDelResponse(NDRCALL):  # type: ignore[misc]
    """Its response."""

    structure = (("ErrorCode", ULONG),)


class NetprNameCanonicalizeResponse(NDRCALL):  # type: ignore[misc]
    """[MS-SRVS] 3.1.4.33; impacket has the type of the name in it, too."""

    structure = (("Outbuf", NDRUniConformantArray), ("ErrorCode", ULONG))


class EptLookupHandleFree(NDRCALL):  # type: ignore[misc]
    """[C706] appendix O, which impacket lacks: the handle goes in and comes back empty."""

    opnum = 4
    structure = (("entry_handle", ept_lookup_handle_t),)


class EptLookupHandleFreeResponse(NDRCALL):  # type: ignore[misc]
    """Its response."""

    structure = (("entry_handle", ept_lookup_handle_t), ("status", ULONG))


class _PointerToPointer(NDRPOINTER):  # type: ignore[misc]
    referent = (("Data", PRPC_UNICODE_STRING),)


class LsarGetUserName(NDRCALL):  # type: ignore[misc]
    """[MS-LSAT] 3.1.4.4; impacket takes the pointer to a pointer for one pointer."""

    opnum = 45
    structure = (("SystemName", LPWSTR), ("UserName", PRPC_UNICODE_STRING), ("DomainName", _PointerToPointer))


class LsarGetUserNameResponse(NDRCALL):  # type: ignore[misc]
    """Its response."""

    structure = (("UserName", PRPC_UNICODE_STRING), ("DomainName", _PointerToPointer), ("ErrorCode", ULONG))


_OWN: Final[Mapping[str, Mapping[int, tuple[Any, Any]]]] = {
    "srvsvc": {34: (NetprNameCanonicalize, NetprNameCanonicalizeResponse)},
    "wkssvc": {7: (NetrWkstaTransportDel, NetrWkstaTransportDelResponse)},
    "lsarpc": {45: (LsarGetUserName, LsarGetUserNameResponse)},
    "epmapper": {4: (EptLookupHandleFree, EptLookupHandleFreeResponse)},
    "spoolss": ndrspoolss.CALLS,
    "netdfs": ndrnetdfs.CALLS,
}
"""Calls that impacket does not have, or has wrong."""


def _calls(names: Mapping[str, Any]) -> Mapping[int, tuple[Any, Any]]:
    """The calls of a module by their numbers: the class of the request, and that of the response where there is one."""
    found: dict[int, tuple[Any, Any]] = {}
    for name, kind in names.items():
        if isinstance(kind, type) and issubclass(kind, NDRCALL):
            opnum = getattr(kind, "opnum", None)
            if isinstance(opnum, int):
                found[opnum] = kind, names.get(f"{name}Response")
    return found


def form_of(interface: str, opnum: int, *, request: bool) -> Any:
    """The NDR class of a call's request or response; None where impacket has none."""
    forms = _operations(interface).get(opnum)
    return None if forms is None else forms[0 if request else 1]


def may_hide(interface: str, opnum: int | None, *, request: bool) -> bool:
    """Whether a part of a call's stub data, which alone cannot be read, may be a part of a secret."""
    if opnum is None:
        return interface in _WITH_SECRETS and (request or interface not in _ANSWER_NONE)
    form = form_of(interface, opnum, request=request)
    return interface in _WITH_SECRETS if form is None else holds_secrets(form)


_WITH_SECRETS: Final = frozenset({"samr", "lsarpc", "netlogon", "wkssvc", "svcctl"})
"""Interfaces whose calls bring or give passwords and keys."""
_ANSWER_NONE: Final = frozenset({"wkssvc", "svcctl"})
"""Those whose answers do not."""


def operation_of(interface: str, opnum: int) -> str:
    """The name of an operation as impacket has it; empty where it has none."""
    forms = _operations(interface).get(opnum)
    return "" if forms is None else str(forms[0].__name__)


def win32_name(status: int) -> str:
    """The name of a Win32 code ([MS-ERREF] 2.2), `ERROR_ACCESS_DENIED`; of others what they are in hexadecimal."""
    if status == 0:
        return "NERR_Success"
    known = ERROR_MESSAGES.get(status & 0xFFFFFFFF)
    return known[0] if known else f"0x{status & 0xFFFFFFFF:08X}"
