"""The table `[names]` as a whole: what goes together, and the addresses that are left out."""

from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address
from typing import Final

import msgspec

from fakesmb.config.parts import NamesPart
from fakesmb.mistakes import ConfigError
from fakesmb.wire.netbios import EVERYWHERE

_LOCALHOST: Final = "localhost"


def checked_names(part: NamesPart, host: str, named: Callable[[str, str], str]) -> NamesPart:
    """The table with all its addresses, of a server that listens on `host`. Raises `ConfigError`."""
    if part.port is None:
        for key in NamesPart.__struct_fields__:
            if getattr(part, key) != getattr(NamesPart(), key):
                raise ConfigError(
                    f"{named('names', key)}: needs a name service: {named('names', 'port')} 137"
                )
        return part
    if part.master and part.datagram_port is None:
        raise ConfigError(
            f"{named('names', 'master')}: needs datagrams: {named('names', 'datagram_port')} 138"
        )
    if part.port and part.port == part.datagram_port:
        raise ConfigError(
            f"{named('names', 'datagram_port')} {part.port} is the port of the name service, too"
        )
    where = _ipv4("host", part.host if part.host is not None else host, named)
    usual = "" if IPv4Address(where).is_loopback else EVERYWHERE
    return msgspec.structs.replace(
        part,
        host=where,
        address=_ipv4("address", part.address, named) if part.address else "",
        broadcast=_ipv4("broadcast", part.broadcast, named) if part.broadcast else usual,
    )


def _ipv4(key: str, value: str, named: Callable[[str, str], str]) -> str:
    if value == _LOCALHOST:
        return "127.0.0.1"
    try:
        return str(IPv4Address(value))
    except AddressValueError:
        raise ConfigError(
            f"{named('names', key)} {value}: NetBIOS names are told by IPv4 addresses, such as 192.168.1.10"
        ) from None
