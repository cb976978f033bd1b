"""Transactions: subcommands with their parameters, levels and data; whole, or cut into secondaries."""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from fakesmb.nt.descriptor import WellKnown, acl_bytes, acl_of, allow, sid_bytes
from fakesmb.wire import file_info, find_info, fs_info, rap, set_info, unix
from fakesmb.wire.codec import Body, Structure
from fakesmb.wire.commands import Command
from fakesmb.wire.eas import Ea, encode_full, encode_list
from fakesmb.wire.nt_trans import NT_TRANSACT_REQUESTS, NT_TRANSACT_SETUPS, NtTransact
from fakesmb.wire.trans import (
    NtTransactRequest,
    NtTransactSecondaryRequest,
    Transaction2Request,
    Transaction2SecondaryRequest,
    TransactionRequest,
    TransactionSecondaryRequest,
)
from fakesmb.wire.trans2 import TRANS2_REQUESTS, Trans2
from fuzz import rpc
from fuzz.structures import made
from fuzz.values import Dice

Made = tuple[int, Body]
"""A command's code and its body."""

_LEVELS: Final[Mapping[int, tuple[int, ...]]] = {
    Trans2.FIND_FIRST2: tuple(find_info.LEVELS),
    Trans2.FIND_NEXT2: tuple(find_info.LEVELS),
    Trans2.QUERY_FS_INFORMATION: tuple(fs_info.LEVELS),
    Trans2.SET_FS_INFORMATION: tuple(fs_info.SET_LEVELS),
    Trans2.QUERY_PATH_INFORMATION: tuple(file_info.LEVELS),
    Trans2.QUERY_FILE_INFORMATION: tuple(file_info.LEVELS),
    Trans2.SET_PATH_INFORMATION: tuple(set_info.SET_LEVELS),
    Trans2.SET_FILE_INFORMATION: tuple(set_info.SET_LEVELS),
}
_TRANS2: Final = (*TRANS2_REQUESTS, *_LEVELS, *_LEVELS, 0x0009, 0x000B, 0x00FF)
_NT_TRANSACT: Final = (*NT_TRANSACT_REQUESTS, *NT_TRANSACT_SETUPS, 0, 0x0A)
_PIPE_FUNCTIONS: Final = (*[0x26] * 20, 0x01, 0x11, 0x21, 0x22, 0x23, 0x31, 0x36, 0x53, 0x54)
_DESCRIPTORS: Final = (
    "WrLeh",
    "zWrLh",
    "WrLh",
    "WrLehDz",
    "z",
    "zb21WWrLh",
    "W" * 60,
    "b" * 9,
    "r",
    "B0",
    "zzz",
    "b99999",
)
_ANSWERS: Final = ("B13BWz", "B16BBDz", "B13", "zzzBBzz", "B21B16", "W" * 40, "z" * 30, "DDBBBBWWBBWB")
_EA_NAMES: Final = (
    b"NAME",
    b"name",
    b"",
    b"x" * 255,
    b"a=b",
    b"\xff\xfe",
    b"user.fakesmb.NTACL",
    b"DosStream.s:$DATA",
)
_SIDS: Final = (WellKnown.EVERYONE, "S-1-5-21-1-2-3-500", "S-1-5-32-544", "S-1-3-0")


def _eas(dice: Dice) -> bytes:
    some = [
        Ea(dice.one(_EA_NAMES), dice.octets(300), dice.one((0, 0x80))) for _ in range(dice.one((0, 1, 2, 30)))
    ]
    return encode_list(some) if dice.chance(0.5) else encode_full(some)


def _ea_names(dice: Dice) -> bytes:
    names = b"".join(
        bytes((len(name),)) + name + b"\0" for name in [dice.one(_EA_NAMES) for _ in range(dice.below(5))]
    )
    return struct.pack("<I", 4 + len(names)) + names


def descriptor(dice: Dice) -> bytes:
    """A self-relative security descriptor, right or nearly so ([MS-DTYP] 2.4.6)."""
    acl = acl_bytes(
        acl_of([allow(dice.one(_SIDS), dice.number(32, "access")) for _ in range(dice.one((0, 1, 2, 40)))])
    )
    owner = sid_bytes(dice.one(_SIDS))
    at = 20 if dice.chance(0.8) else dice.number(32)
    head = struct.pack("<BBHIIII", 1, 0, dice.one((0x8004, 0x8014, 0x8000, 4)), at, 0, 0, 20 + len(owner))
    return head + owner + acl


def _set_data(dice: Dice) -> bytes:
    name = dice.name().encode("utf-16-le", "surrogatepass")
    made_here: bytes = dice.one(
        (
            struct.pack("<qqqqI4x", *(dice.one((0, -1, dice.number(62))) for _ in range(4)), dice.number(32)),
            struct.pack("<Q", dice.one((0, 1, 100, dice.number(40), dice.number(64)))),
            bytes((dice.below(3),)),
            struct.pack(
                "<B3xII", dice.below(2), dice.one((0, 0x4000)), dice.one((len(name), dice.number(32)))
            )
            + name,
            made(dice, unix.PosixOpenRequest).encode(),
            struct.pack(
                "<HHIQQ", dice.below(4), dice.below(3), dice.number(32), dice.number(64), dice.number(64)
            ),
            name + b"\0\0",
            b"..\0/outside/secret.txt\0",
            struct.pack("<13Q", *(dice.one(((1 << 64) - 1, 0, dice.number(31))) for _ in range(13))),
            dice.words(40),
            _eas(dice),
        )
    )
    return made_here


def _rap(dice: Dice) -> bytes:
    head = struct.pack("<H", dice.one(tuple(rap.FUNCTIONS)))
    return (
        head + dice.one(_DESCRIPTORS).encode() + b"\0" + dice.one(_ANSWERS).encode() + b"\0" + dice.words(12)
    )


def _level(dice: Dice, subcommand: int) -> int:
    known = _LEVELS.get(subcommand, (0x0101,))
    return dice.one(known) if dice.chance(0.9) else dice.number(16)


def trans2(dice: Dice, *, unicode: bool) -> TransactionRequest:
    """One TRANSACTION2."""
    subcommand = dice.one(_TRANS2)
    kind = TRANS2_REQUESTS.get(subcommand)
    parameters = (
        dice.words()
        if kind is None
        else _structure(dice, kind, unicode=unicode, level=_level(dice, subcommand))
    )
    data = dice.one((b"", _set_data(dice), _eas(dice), _ea_names(dice)))
    return Transaction2Request(
        setup=struct.pack("<H", subcommand), parameters=parameters, data=data, **_room(dice)
    )


def _structure(dice: Dice, kind: type[Structure], *, unicode: bool, level: int) -> bytes:
    return bytes(made(dice, kind, information_level=level).encode(unicode=unicode))


def nt_transact(dice: Dice, *, unicode: bool) -> TransactionRequest:
    """One NT_TRANSACT."""
    function = dice.one(_NT_TRANSACT)
    setup, parameters = b"", b""
    if function in NT_TRANSACT_SETUPS:
        setup = bytes(made(dice, NT_TRANSACT_SETUPS[function]).encode())
    elif function in NT_TRANSACT_REQUESTS:
        parameters = bytes(made(dice, NT_TRANSACT_REQUESTS[function]).encode(unicode=unicode))
    data = (
        descriptor(dice)
        if function == NtTransact.SET_SECURITY_DESC
        else dice.one((b"", dice.words(), _eas(dice)))
    )
    return NtTransactRequest(function=function, setup=setup, parameters=parameters, data=data, **_room(dice))


def transaction(dice: Dice, *, unicode: bool) -> TransactionRequest:
    """One TRANSACTION: a pipe's function with a PDU, or a call of the Remote Administration Protocol."""
    if dice.chance(0.25):
        return TransactionRequest(
            name=rap.LANMAN_PIPE, parameters=_rap(dice), data=dice.words(5), **_room(dice)
        )
    number = dice.below(len(rpc.PIPES))
    fid = 0x4000 + number if dice.chance(0.85) else dice.number(16, "fid")
    setup = struct.pack("<HH", dice.one(_PIPE_FUNCTIONS), fid)
    name = (
        "\\PIPE\\"
        if dice.chance(0.9)
        else dice.one(("\\PIPE\\srvsvc", "\\MAILSLOT\\BROWSE", "", dice.name()))
    )
    return TransactionRequest(
        name=name,
        setup=setup,
        parameters=b"" if dice.chance(0.8) else dice.octets(9),
        data=rpc.packets(dice, rpc.PIPES[number]),
        **_room(dice),
    )


def _room(dice: Dice) -> dict[str, Any]:
    return {
        "max_parameter_count": dice.one((64, 10, 0, 0xFFFF)),
        "max_data_count": dice.one((*[16384] * 8, 0, 1, 100, 0xFFFF)),
        "flags": dice.one((*[0] * 80, 1, 2, 3)),
    }


Maker = Callable[..., TransactionRequest]
_KINDS: Final[tuple[tuple[int, Maker, int, type[TransactionSecondaryRequest]], ...]] = (
    (Command.TRANSACTION2, trans2, Command.TRANSACTION2_SECONDARY, Transaction2SecondaryRequest),
    (Command.NT_TRANSACT, nt_transact, Command.NT_TRANSACT_SECONDARY, NtTransactSecondaryRequest),
    (Command.TRANSACTION, transaction, Command.TRANSACTION_SECONDARY, TransactionSecondaryRequest),
)


def messages(dice: Dice, *, unicode: bool) -> list[Made]:
    """A transaction, as the one or several commands that carry it."""
    first, make, more, secondary = dice.one((*_KINDS, _KINDS[0]))
    whole = make(dice, unicode=unicode)
    if not dice.chance(0.12):
        return [(first, whole)]
    data, parameters = bytes(whole.data), bytes(whole.parameters)
    total = dice.one(
        (
            len(data),
            len(data),
            len(data) + dice.below(100),
            0xFFFF,
            0xFFFFF if first == Command.NT_TRANSACT else 0,
        )
    )
    cut, middle = dice.below(len(parameters) + 1), dice.below(len(data) + 1)
    announced = whole.__class__(
        **{name: getattr(whole, name) for name in whole.__struct_fields__}
        | {"parameters": parameters[:cut], "data": data[:middle]}
        | {"total_parameter_count": len(parameters), "total_data_count": total}
    )
    rest = secondary(
        parameters=parameters[cut:],
        data=data[middle:],
        total_parameter_count=len(parameters),
        total_data_count=total,
        parameter_displacement=dice.one((cut, cut, 0)),
        data_displacement=dice.one((middle, middle, 0, dice.below(70_000) & 0xFFFF)),
    )
    return [(first, announced), *[(more, rest)] * dice.one((0, 1, 1, 2))]
