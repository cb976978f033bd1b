"""Opaque values that a server gives and a client gives back: context handles, association groups, keys of searches."""

from typing import Final

from fakesmb.replay.listings import KEY_SIZE, STATE_SIZE
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Header

HANDLE_SIZE: Final = 20
"""A context handle of DCE/RPC: attributes and a UUID."""
_RESPONSE: Final = 2
_BIND_ACK: Final = 12
_ALTER_RESP: Final = 15
_BINDS: Final = frozenset({11, 14})
_STUB_AT: Final = 24
_GROUP_AT: Final = 20
_PDU: Final = b"\5\0"


class Tokens:
    """Opaque values that a server gives and a client gives back: handles of DCE/RPC, keys of searches and copies.

    Those of pipes and copies are looked for as bytes, whatever carries them: 20 bytes or more, and random enough.
    """

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._keys: dict[bytes, bytes] = {}
        """What is the server's of the resume keys of SEARCH."""
        self._groups: dict[int, int] = {}

    def learn(self, captured: bytes, here: bytes) -> None:
        """One stands for the other from now on."""
        if any(captured) and len(captured) == len(here):
            self._values[captured] = here

    def learn_key(self, captured: bytes, here: bytes) -> None:
        """A search goes on behind the same entry."""
        self._keys[captured] = here

    def learn_pdus(self, captured: bytes, here: bytes) -> None:
        """Context handles and the association group of what came out of a pipe."""
        if captured[:2] != _PDU or here[:2] != _PDU or captured[2:3] != here[2:3]:
            return
        kind = captured[2]
        if kind in (_BIND_ACK, _ALTER_RESP) and min(len(captured), len(here)) >= _STUB_AT:
            self._groups[_group(captured)] = _group(here)
        if kind != _RESPONSE:
            return
        # A handle is the first thing of a stub, or stands before the status that ends it
        for old, new in ((captured[_STUB_AT:], here[_STUB_AT:]), (captured[-24:-4], here[-24:-4])):
            one, other = old[:HANDLE_SIZE], new[:HANDLE_SIZE]
            if len(one) == len(other) == HANDLE_SIZE and any(one[4:]) and not any(one[:4]):
                self.learn(one, other)

    def replaced(self, message: bytes, header: Header) -> bytes:
        """The request with what is meant here; of those commands that carry such values."""
        if header.command in _SEARCHES:
            state = self._keys.get(message[-KEY_SIZE : STATE_SIZE - KEY_SIZE])
            return (
                message if state is None else message[:-KEY_SIZE] + state + message[STATE_SIZE - KEY_SIZE :]
            )
        if header.command not in _CARRIERS:
            return message
        for captured, here in self._values.items():
            if captured in message:
                message = message.replace(captured, here)
        return self._grouped(message) if self._groups else message

    def _grouped(self, message: bytes) -> bytes:
        at = message.find(_PDU, 32)
        while at >= 0:
            bind = len(message) >= at + _STUB_AT and message[at + 2] in _BINDS
            if bind and int.from_bytes(message[at + 8 : at + 10], "little") == len(message) - at:
                group = self._groups.get(_group(message[at:]))
                if group:
                    return message[: at + _GROUP_AT] + group.to_bytes(4, "little") + message[at + _STUB_AT :]
            at = message.find(_PDU, at + 1)
        return message


def _group(pdu: bytes) -> int:
    return int.from_bytes(pdu[_GROUP_AT : _GROUP_AT + 4], "little")


_CARRIERS: Final = frozenset(
    {
        Command.TRANSACTION,
        Command.TRANSACTION_SECONDARY,
        Command.NT_TRANSACT,
        Command.NT_TRANSACT_SECONDARY,
        Command.WRITE,
        Command.WRITE_ANDX,
        Command.WRITE_AND_CLOSE,
    }
)
_SEARCHES: Final = frozenset({Command.SEARCH, Command.FIND, Command.FIND_UNIQUE, Command.FIND_CLOSE})
