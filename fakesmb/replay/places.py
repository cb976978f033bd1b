"""Where a client connects, and as whom: what the commands `demo` and `replay` are told."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec

from fakesmb import address
from fakesmb.address import Place
from fakesmb.mistakes import ConfigError
from fakesmb.nt.names import fold
from fakesmb.wire.codec import Secret

USUAL_PORT: Final = 445


class Who(msgspec.Struct, frozen=True):
    """Who signs in; an empty name is nobody: an anonymous session."""

    name: str
    password: Annotated[str, Secret] = ""
    domain: str = ""


def place(text: str) -> Place:
    """`host:port`, `host` (port 445), `[::1]:port`; raises `ConfigError`."""
    try:
        return address.place(text, USUAL_PORT)
    except address.AddressError as error:
        raise ConfigError(str(error)) from None


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
