"""Presentation contexts: which interface and transfer syntax a client means by a number ([MS-RPCE] 3.3.1.5.6)."""

from typing import Final
from uuid import UUID

import msgspec

from fakesmb.rpc.faults import Fault
from fakesmb.rpc.interface import Finder, Interface
from fakesmb.wire.dcerpc import NDR, NDR64, Context, FaultStatus, Result, Syntax

MAX_CONTEXTS: Final = 64
"""Presentation contexts of one association."""
FEATURES: Final = UUID("6cb71c2c-9812-4540-0000-000000000000").bytes_le[:8]
"""Prefix of the transfer syntax that is no syntax: bind time feature negotiation ([MS-RPCE] 3.3.1.5.3)."""
FEATURES_KNOWN: Final = 0x03
"""Security context multiplexing, keep connection on orphan: what every Windows since XP SP3 grants."""

_ACCEPTED: Final = Result(0, 0, NDR)
_UNKNOWN_INTERFACE: Final = Result(2, 1)
_UNKNOWN_TRANSFER: Final = Result(2, 2)
_LIMIT: Final = Result(2, 3)
_FEATURES_ACK: Final = 3
"""negotiate_ack, [MS-RPCE] 2.2.2.4; its reason is the features that are granted."""


class BoundContext(msgspec.Struct, frozen=True):
    """A presentation context that was agreed on. `name` is the interface's."""

    syntax: Syntax
    name: str
    interface: Interface


class PresentationContexts:
    """The presentation contexts of one association, by the numbers that the client gives them."""

    def __init__(self, find: Finder) -> None:
        self._find = find
        self._contexts: dict[int, BoundContext] = {}

    def get(self, number: int) -> BoundContext | None:
        """The context of that number, None where none was agreed on."""
        return self._contexts.get(number)

    def clear(self) -> None:
        """Forgets them."""
        self._contexts.clear()

    def negotiate(self, contexts: tuple[Context, ...]) -> tuple[Result, ...]:
        """Judges the contexts of a bind or alter_context; raises `Fault`.

        An interface that is asked for twice in one PDU is granted once: that is how Windows lets a client find
        out which of its transfer syntaxes will do.
        """
        granted: set[Syntax] = set()
        results = []
        for one in contexts:
            result = self._result(one)
            if result is _ACCEPTED:
                if one.interface in granted:
                    result = _UNKNOWN_TRANSFER
                granted.add(one.interface)
            results.append(result)
        return tuple(results)

    def _result(self, context: Context) -> Result:
        if negotiates_features(context):
            return Result(_FEATURES_ACK, context.transfers[0].uuid.bytes_le[8] & FEATURES_KNOWN)
        known = self._contexts.get(context.id)
        if known is not None and (known.syntax != context.interface or NDR64 in context.transfers):
            why = f"presentation context {context.id} is bound to {known.name} already"
            raise Fault(FaultStatus.PROTOCOL, why, last=True)
        found = self._find(context.interface)
        if found is None:
            return _UNKNOWN_INTERFACE
        if NDR not in context.transfers:
            return _UNKNOWN_TRANSFER
        if known is None:
            if len(self._contexts) >= MAX_CONTEXTS:
                return _LIMIT
            self._contexts[context.id] = BoundContext(context.interface, *found)
        return _ACCEPTED


def negotiates_features(context: Context) -> bool:
    """Whether a context asks for features of the runtime and not for an interface."""
    return context.transfers[0].uuid.bytes_le.startswith(FEATURES)
