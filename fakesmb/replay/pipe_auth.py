"""DCE/RPC with a sign-in of its own inside a pipe ([MS-RPCE] 2.2.2.11): its keys are those of the captured client.

A replay leaves the sign-in out, and the verifiers of signed calls. What was sealed cannot be read, and is not sent.
"""

import struct
from typing import Final

from msgspec.structs import replace

from fakesmb.replay.references import blocks
from fakesmb.wire.codec import Body, DecodeError
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.dcerpc import CALL_SIZE, HEADER_SIZE, TRAILER_SIZE, PacketType
from fakesmb.wire.files import WriteAndxRequest
from fakesmb.wire.header import Header
from fakesmb.wire.trans import TransactionRequest

PRIVACY: Final = 6
SEALED: Final = "the call is sealed with a key of the captured sign-in inside the pipe"
LAST_STEP: Final = "it is the last step of the captured sign-in inside the pipe, which is left out"
_LENGTHS: Final = struct.Struct("<HH")
_LENGTHS_AT: Final = 8
_STRIPPED: Final = frozenset({PacketType.BIND, PacketType.ALTER_CONTEXT, PacketType.REQUEST})
_VERSION: Final = b"\5\0"


class Refused(Exception):
    """The PDU cannot be sent; its text says why."""


def without_verifier(pdu: bytes) -> bytes | None:
    """The PDU without its verifier; None where it has none. Raises `Refused` for what must not be sent."""
    if len(pdu) < HEADER_SIZE or pdu[:2] != _VERSION or not pdu[4] & 0x10:
        return None
    size, verifier = _LENGTHS.unpack_from(pdu, _LENGTHS_AT)
    at = size - verifier - TRAILER_SIZE
    if not verifier or size > len(pdu) or at < HEADER_SIZE:
        return None
    kind = pdu[2]
    if kind == PacketType.AUTH3:
        raise Refused(LAST_STEP)
    if kind not in _STRIPPED:
        return None
    level, padding = pdu[at + 1], pdu[at + 2]
    if kind == PacketType.REQUEST and level == PRIVACY:
        raise Refused(SEALED)
    end = at - padding
    if end < (CALL_SIZE if kind == PacketType.REQUEST else HEADER_SIZE):
        return None
    return pdu[:_LENGTHS_AT] + _LENGTHS.pack(end, 0) + pdu[_LENGTHS_AT + _LENGTHS.size : end] + pdu[size:]


def changes(message: bytes, header: Header, encoding: str) -> dict[int, Body]:
    """The commands that write to a pipe, without verifiers, by their place. Raises `Refused`."""
    found: dict[int, Body] = {}
    if header.command not in (Command.WRITE_ANDX, Command.TRANSACTION):
        return found
    for index, (code, block) in enumerate(blocks(message, header, encoding)):
        try:
            if code == Command.WRITE_ANDX:
                write = WriteAndxRequest.decode(block)
                data = without_verifier(bytes(write.data))
                if data is not None:
                    remaining = len(data) if write.remaining == len(write.data) else write.remaining
                    found[index] = replace(write, data=data, remaining=remaining)
            elif code == Command.TRANSACTION:
                asked = TransactionRequest.decode(block)
                if asked.subcommand == PipeFunction.TRANSACT_NMPIPE and asked.complete:
                    data = without_verifier(bytes(asked.data))
                    if data is not None:
                        found[index] = replace(asked, data=data, total_data_count=0)
        except DecodeError:
            continue
    return found
