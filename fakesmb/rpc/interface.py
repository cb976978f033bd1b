"""What an RPC interface is given and what it is asked: the contract between associations and services."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from fakesmb.rpc.groups import Handles
from fakesmb.rpc.view import Caller, ServerView
from fakesmb.wire.dcerpc import Syntax


class Client(msgspec.Struct, frozen=True):
    """Who calls, and how."""

    caller: Caller
    handles: Handles
    """The context handles that the client's pipes share on this interface."""
    big_endian: bool = False
    """The byte order of the stub."""


class Interface(Protocol):
    """One RPC interface, bound to a server."""

    def call(self, operation: int, stub: bytes, client: Client) -> bytes:
        """Runs a call and gives the stub data of its response; raises `Fault`."""


Finder = Callable[[Syntax], tuple[str, Interface] | None]
"""Gives the name and the interface that answer to a syntax, or None."""


class Traffic:
    """What has gone over the pipes of one server, for rpc_mgmt_inq_stats."""

    __slots__ = ("calls_in", "calls_out", "packets_in", "packets_out")

    def __init__(self) -> None:
        self.calls_in = self.calls_out = self.packets_in = self.packets_out = 0


class Registered(NamedTuple):
    """An interface and the pipe it is behind."""

    name: str
    syntax: Syntax
    path: str


class Surroundings(msgspec.Struct, frozen=True):
    """What an interface is bound to: the server, and the endpoint it shares with others."""

    view: ServerView
    syntaxes: tuple[Syntax, ...]
    traffic: Traffic
    registered: tuple[Registered, ...] = ()
    """All interfaces of the server."""
