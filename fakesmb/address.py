"""HOST:PORT as people write it."""

import re
from typing import Final, NamedTuple

_PLACE: Final = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<host>[^:\[\]]*))(?::(?P<port>[^:]*))?")
_HIGHEST_PORT: Final = 65535


class AddressError(ValueError):
    """No address; its text is one line for the person who wrote it."""


class Place(NamedTuple):
    """A server's address."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def place(text: str, usual_port: int) -> Place:
    """`host:port`, `host` (the usual port), `[::1]:port`; raises `AddressError`."""
    found = _PLACE.fullmatch(text)
    host = (found["six"] or found["host"] or "") if found else ""
    if found is None or not host:
        raise AddressError(f"{text!r} is no address: write HOST:PORT, such as 127.0.0.1:4450 or [::1]:4450")
    port = found["port"]
    if port is None and host.isdecimal():
        raise AddressError(f"{text!r} is a port without a host: write HOST:PORT, such as 127.0.0.1:{text}")
    if port is None:
        return Place(host, usual_port)
    if not port.isdecimal() or not port.isascii() or not 0 < int(port[:6]) <= _HIGHEST_PORT:
        raise AddressError(f"{text!r}: {port!r} is no port; it is a number from 1 to 65535")
    return Place(host, int(port))
