"""RPC interfaces by common name: UUID, version, and where their operations are specified."""

from collections.abc import Mapping
from typing import Final, NamedTuple
from uuid import UUID

from fakesmb.wire.dcerpc import Syntax


class Interface(NamedTuple):
    """One interface."""

    name: str
    syntax: Syntax
    section: str = ""
    """Of the operations, for those that are served here."""


def _interface(name: str, uuid: str, major: int, minor: int = 0, section: str = "") -> Interface:
    return Interface(name, Syntax(UUID(uuid), major, minor), section)


INTERFACES: Final[Mapping[str, Interface]] = {
    one.name: one
    for one in (
        _interface("srvsvc", "4b324fc8-1670-01d3-1278-5a47bf6ee188", 3, section="[MS-SRVS] 3.1.4"),
        _interface("wkssvc", "6bffd098-a112-3610-9833-46c3f87e345a", 1, section="[MS-WKST] 3.2.4"),
        _interface("lsarpc", "12345778-1234-abcd-ef00-0123456789ab", 0, section="[MS-LSAD], [MS-LSAT] 3.1.4"),
        _interface("samr", "12345778-1234-abcd-ef00-0123456789ac", 1, section="[MS-SAMR] 3.1.5"),
        _interface("dssetup", "3919286a-b10c-11d0-9ba8-00c04fd92ef5", 0, section="[MS-DSSP] 3.2.5"),
        _interface("epmapper", "e1af8308-5d1f-11c9-91a4-08002b14a0fa", 3, section="[C706] appendix O"),
        _interface("mgmt", "afa8bd80-7d8a-11c9-bef4-08002b102989", 1, section="[C706] appendix Q"),
        _interface("spoolss", "12345678-1234-abcd-ef00-0123456789ab", 1, section="[MS-RPRN] 3.1.4"),
        _interface("netlogon", "12345678-1234-abcd-ef00-01234567cffb", 1),
        _interface("svcctl", "367abb81-9844-35f1-ad32-98f038001003", 2, section="[MS-SCMR] 3.1.4"),
        _interface("winreg", "338cd001-2244-31f1-aaaa-900038001003", 1, section="[MS-RRP] 3.1.5"),
        _interface("pnp", "8d9f4e40-a03d-11ce-8f69-08003e30051b", 1),
        _interface("atsvc", "1ff70682-0a51-30e8-076d-740be8cee98b", 1),
        _interface("netdfs", "4fc742e0-4a10-11cf-8273-00aa004ae673", 3, section="[MS-DFSNM] 3.1.4"),
        _interface("eventlog", "82273fdc-e32a-18c3-3f78-827929dc23ea", 0),
        _interface("browser", "6bffd098-a112-3610-9833-012892020162", 0),
        _interface("mdssvc", "885d85fb-c754-4062-a0e7-68692ce04f43", 2),
    )
}
"""By common name. Those with a section are served; the others have a name in the record."""

_BY_UUID: Final[Mapping[str, Interface]] = {str(one.syntax.uuid): one for one in INTERFACES.values()}


def interface_name(uuid: str) -> str:
    """The common name of an interface, or the UUID itself (`4b324fc8-...`, lower case) where it has none."""
    known = _BY_UUID.get(uuid)
    return uuid if known is None else known.name
