"""DCE/RPC over pipes: binds, calls of every operation that has a name, fragments, verifiers ([C706] 12.6)."""

import struct
from typing import Final

from fakesmb.rpc.pipes import SERVICES
from fakesmb.wire.dcerpc import NDR, NDR64, Flag, PacketType, pdu
from fakesmb.wire.interfaces import INTERFACES
from fakesmb.wire.opnums import OPERATIONS
from fuzz import calls, tokens
from fuzz.values import Dice

HANDLE: Final = b"<the last handle...>"
"""Stands for the handle that the answer before has, which differs from run to run."""
PIPES: Final = ("srvsvc", "samr", "lsarpc", "wkssvc")
"""What a client of pipes has open and bound from the beginning: FIDs 0x4000 and on."""
_OPENS: Final = {"lsarpc": (44, bytes(40)), "samr": (57, struct.pack("<II", 0, 0x02000000))}
"""How a handle is had, by which most calls of these begin."""
_SERVED: Final = ("srvsvc", "wkssvc", "lsarpc", "samr", "dssetup", "epmapper", "mgmt")
_KINDS: Final = (*([PacketType.REQUEST] * 80), *PacketType)


def stub(dice: Dice) -> bytes:
    """What NDR is made of: handles, pointers, counts, strings; in any order, and with right and wrong sizes."""
    made = bytearray(HANDLE if dice.chance(0.4) else b"")
    for _ in range(dice.below(9)):
        made += bytes(-len(made) % 4)
        made += _piece(dice)
    return bytes(made)


def _piece(dice: Dice) -> bytes:
    kind = dice.below(6)
    if kind == 0:
        return struct.pack("<I", dice.one((0, 0x20000, 0x20004, 1)))
    if kind == 1:
        text = dice.name().encode("utf-16-le", "surrogatepass")[:2000] + b"\0\0"
        count = len(text) // 2
        sizes = (count, 0, count) if dice.chance(0.8) else (dice.number(32), dice.number(32), dice.number(32))
        return struct.pack("<III", *sizes) + text
    if kind == 2:
        size = dice.one((0, 2, 16, dice.number(16)))
        return struct.pack("<HHI", size, size, 0x20000)
    if kind == 3:
        return struct.pack("<I", dice.one((1, 2, 3, 100, 101, 502, 1005))) * dice.one((1, 2))
    if kind == 4:
        return struct.pack("<BB6sI", 1, dice.one((1, 2, 15, 255)), b"\0\0\0\0\0\5", dice.number(32))
    return dice.words(8)


def _bind(dice: Dice, kind: PacketType) -> bytes:
    body = bytearray(
        struct.pack("<HHI", dice.one((4280, 1024, 0, 0xFFFF)), 4280, dice.one((0, 0, 1, 0x5001)))
    )
    count = dice.one((1, 1, 1, 2, 5))
    body += struct.pack("<B3x", count if dice.chance(0.95) else 255)
    for number in range(count):
        name = dice.one(_SERVED) if dice.chance(0.9) else dice.one(tuple(INTERFACES))
        body += struct.pack("<HBx", number, 1) + INTERFACES[name].syntax.encode()
        body += dice.one((NDR, NDR, NDR64)).encode()
    return _protected(dice, kind, bytes(body), 0.2)


def _protected(dice: Dice, kind: PacketType, body: bytes, share: float) -> bytes:
    call, flags = dice.one((1, 2, 3)), dice.one((Flag.WHOLE,) * 60 + (Flag.FIRST, Flag.LAST, 0, 0x83, 0x07))
    if not dice.chance(share):
        return pdu(kind, call, body, flags)
    body += bytes(-len(body) % 4)
    trailer = struct.pack(
        "<BBBBI", dice.one((10, 10, 9, 16, 68)), dice.one((2, 5, 6, 1)), dice.one((0, 4, 255)), 0, 0
    )
    return pdu(kind, call, body, flags, trailer=trailer, value=tokens.token(dice)[:4000])


def _call(dice: Dice, service: str) -> bytes:
    if service in _OPENS and dice.chance(0.2):
        operation, body = _OPENS[service]
    else:
        operation = dice.one(tuple(OPERATIONS[service])) if dice.chance(0.95) else dice.number(16)
        declared = (
            calls.stub(dice, service, operation, HANDLE) if service in SERVICES and dice.chance(0.6) else None
        )
        body = stub(dice) if declared is None else declared
    head = struct.pack("<IHH", dice.one((len(body), 0, 0xFFFFFFFF)), dice.one((*[0] * 20, 1, 2)), operation)
    return _protected(dice, PacketType.REQUEST, head + body, 0.05)


def packet(dice: Dice, service: str) -> bytes:
    """One PDU."""
    kind = dice.one(_KINDS)
    if kind in (PacketType.BIND, PacketType.ALTER_CONTEXT):
        return _bind(dice, kind)
    if kind == PacketType.REQUEST:
        return _call(dice, service)
    return _protected(dice, kind, dice.words(), 0.3)


def packets(dice: Dice, service: str = "") -> bytes:
    """What one write to a pipe holds: a PDU, several, or a part of one; calls are of `service`, or of any."""
    if dice.chance(0.05 if service else 0.3):
        return _bind(dice, PacketType.BIND)
    made = b"".join(
        packet(dice, service or dice.one(tuple(OPERATIONS))) for _ in range(dice.one((*[1] * 20, 2, 20)))
    )
    return made[: dice.below(len(made))] if dice.chance(0.04) else made
