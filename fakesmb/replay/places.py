"""Where a client connects, and as whom: what the commands `demo` and `replay` are told."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, NamedTuple

import msgspec

from fakesmb.mistakes import ConfigError
from fakesmb.nt.names import fold
from fakesmb.wire.codec import Secret

USUAL_PORT: Final = 445
_PLACE: Final = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<host>[^:\[\]]*))(?::(?P<port>[^:]*))?")
_HIGHEST_PORT: Final = 65535


class Place(NamedTuple):
    """A server's address."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Who(msgspec.Struct, frozen=True):
    """Who signs in; an empty name is nobody: an anonymous session."""

    name: str
    password: Annotated[str, Secret] = ""
    domain: str = ""


def place(text: str) -> Place:
    """`host:port`, `host` (port 445), `[::1]:port`; raises `ConfigError`."""
    found = _PLACE.fullmatch(text)
    host = (found["six"] or found["host"] or "") if found else ""
    if found is None or not host:
        raise ConfigError(f"{text!r} is no address: write HOST:PORT, such as 127.0.0.1:4450 or [::1]:4450")
    port = found["port"]
    if port is None:
        return Place(host, USUAL_PORT)
    if not port.isdecimal() or not port.isascii() or not 0 < int(port[:6]) <= _HIGHEST_PORT:
        raise ConfigError(f"{text!r}: {port!r} is no port; it is a number from 1 to 65535")
    return Place(host, int(port))


def who(text: str) -> Who:
    """`name:password`, `domain\\name:password`; raises `ConfigError`. The password may be empty."""
    account, colon, password = text.partition(":")
    domain, _, name = account.rpartition("\\")
    if not colon or (account and not name):
        raise ConfigError("-u is NAME:PASSWORD, or DOMAIN\\NAME:PASSWORD; NAME: has an empty password")
    return Who(name, password, domain)


class Users:
    """Who signs in for whom of the capture."""

    def __init__(self, others: Who, named: Mapping[str, Who] | None = None) -> None:
        """`named` are those for users of the capture, by their names; `others` is for everybody else."""
        self.others = others
        self._named = {fold(name): one for name, one in (named or {}).items()}

    def meant(self, name: str) -> Who:
        """Who signs in for that user of the capture."""
        return self._named.get(fold(name), self.others)


def users(texts: Sequence[str], sample: Who) -> Users:
    """`NAME:PASSWORD` for everybody, `OLD=NAME:PASSWORD` for one user of the capture; without any, `sample`.

    Raises `ConfigError`.
    """
    named: dict[str, Who] = {}
    others: Who | None = None
    for text in texts:
        old, equals, account = text.partition("=")
        if equals and ":" not in old:
            named[old] = who(account)
        elif others is None:
            others = who(text)
        else:
            raise ConfigError(
                "-u NAME:PASSWORD is for everybody and comes once; -u OLD=NAME:PASSWORD is for one user"
            )
    return Users(others or next(iter(named.values()), sample), named)
