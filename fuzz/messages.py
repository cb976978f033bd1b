"""Whole messages: one command, a chain of them, or a message of the corpus; and what is changed in them.

UID, TID and MID are the player's to fill in: a message says by `OWN` that it wants those of its client.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from fakesmb.wire.chain import ANDX_COMMANDS
from fakesmb.wire.codec import Body
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, Flags2, pack_header
from fakesmb.wire.locking import FOREVER
from fakesmb.wire.messages import REQUESTS
from fakesmb.wire.session import (
    SESSION_SETUP_FORMS,
    SessionSetupExtendedRequest,
)
from fakesmb.wire.trans2 import Trans2
from fuzz import rpc, tokens, transactions
from fuzz.structures import made
from fuzz.values import Dice

OWN: Final = 0xFEFE
"""In UID and TID: the client's own."""
PID: Final = 0x1234
_UID_AT, _TID_AT, _FLAGS2_AT = 28, 24, 10
_SETUP_AT, _PARAMETERS_AT = 61, 53
"""In a TRANSACTION2: its subcommand, and the offset of its parameters."""
_OF_FIDS: Final = (Trans2.QUERY_FILE_INFORMATION, Trans2.SET_FILE_INFORMATION)
_FIDS_AT: Final[Mapping[int, int]] = {
    Command.CLOSE: 33, Command.LOCKING_ANDX: 37, Command.READ_ANDX: 37, Command.WRITE_ANDX: 37, Command.TRANSACTION: 63,
}  # fmt: skip
"""Where the FID stands in requests of these commands."""
_CARRIERS: Final = frozenset(
    {
        Command.TRANSACTION, Command.TRANSACTION_SECONDARY, Command.TRANSACTION2, Command.TRANSACTION2_SECONDARY,
        Command.NT_TRANSACT, Command.NT_TRANSACT_SECONDARY,
    }
)  # fmt: skip
_ENDS: Final = frozenset(
    {Command.LOGOFF_ANDX, Command.TREE_DISCONNECT, Command.NEGOTIATE, Command.SESSION_SETUP_ANDX}
)
"""Commands after which much of what follows is refused; rare, so that talks are about more than that."""
_PLAIN: Final = tuple(code for code in REQUESTS if code not in _CARRIERS)
_HARMLESS: Final = tuple(code for code in _PLAIN if code not in _ENDS)
_FREQUENT: Final = (
    Command.NT_CREATE_ANDX, Command.NT_CREATE_ANDX, Command.OPEN_ANDX, Command.READ_ANDX, Command.WRITE_ANDX,
    Command.LOCKING_ANDX, Command.RENAME, Command.NT_RENAME, Command.DELETE, Command.SEARCH,
)  # fmt: skip
_IN_CHAINS: Final = (*sorted(ANDX_COMMANDS - _ENDS), *sorted(ANDX_COMMANDS - _ENDS), *sorted(ANDX_COMMANDS))


class Sent(NamedTuple):
    """A message, and whether it has a MID of its own or that of the message before."""

    data: bytes
    own_mid: bool


def body(dice: Dice, code: int) -> Body:
    """A request of that command."""
    given: dict[str, Any] = {}
    if code == Command.SESSION_SETUP_ANDX:
        kind: type[Body] = dice.one(tuple(SESSION_SETUP_FORMS.values()))
        if kind is SessionSetupExtendedRequest:
            given["security_blob"] = tokens.token(dice)[:60_000]
    else:
        kind = REQUESTS[code]
    if code == Command.WRITE_ANDX and dice.chance(0.3):
        given["data"] = rpc.packets(dice)
    if code == Command.LOCKING_ANDX and dice.chance(0.1):
        given["timeout"] = FOREVER
    if code == Command.WRITE_AND_CLOSE:
        given["pad"] = 0
    if code == Command.TREE_CONNECT_ANDX:
        given["flags"] = dice.one((*[0] * 20, 1, 8))  # 1 ends the tree that the client has
    if code == Command.ECHO:
        given["echo_count"] = dice.one((0, 1, 1, 1, 2, 50))
    result: Body = made(dice, kind, **given)
    return result


def message(flags2: int, links: Sequence[tuple[int, Body]]) -> bytes:
    """One message of one or several commands; raises `struct.error` or `ValueError` for what has no encoding."""
    unicode = bool(flags2 & Flags2.UNICODE)
    data = bytearray(pack_header(links[0][0], 0, 0x18, flags2, 0, OWN, PID, OWN, 0))
    previous = -1
    for code, one in links:
        data += bytes(-len(data) % 4)
        if previous >= 0:
            struct.pack_into("<BBH", data, previous, code, 0, len(data) & 0xFFFF)
        previous = len(data) + 1
        data += b"".join(one.encode(len(data), unicode=unicode))
    return bytes(data)


def messages(dice: Dice, flags2: int, corpus: Sequence[bytes], *, pipes: bool = False) -> list[Sent]:
    """What a client says next: most of it one message. One of `pipes` mostly calls what is behind them."""
    while True:
        try:
            return _messages(dice, flags2, corpus, pipes=pipes)
        except (struct.error, ValueError):  # values that have no encoding; the next throw has others
            continue


def _messages(dice: Dice, flags2: int, corpus: Sequence[bytes], *, pipes: bool) -> list[Sent]:
    kind = dice.random.random()
    if pipes and dice.chance(0.6):
        whole = transactions.transaction(dice, unicode=bool(flags2 & Flags2.UNICODE))
        return [Sent(message(flags2, [(Command.TRANSACTION, whole)]), own_mid=True)]
    if kind < 0.15 and corpus:
        made_here = [_adopted(dice, dice.one(corpus), flags2)]
    elif kind < 0.45:
        links = transactions.messages(dice, unicode=bool(flags2 & Flags2.UNICODE))
        made_here = [message(flags2, [link]) for link in links]
    elif kind < 0.55:
        links = [
            (code, body(dice, code))
            for code in (dice.one(_IN_CHAINS) for _ in range(dice.one((2, 2, 3, 5, 40))))
        ]
        made_here = [message(flags2, links)]
    else:
        code = dice.one(_FREQUENT if dice.chance(0.4) else _HARMLESS if dice.chance(0.8) else _PLAIN)
        made_here = [message(flags2, [(code, body(dice, code))])]
    if dice.chance(0.4):
        made_here = [changed(dice, one, corpus) for one in made_here]
    cancels = made_here[0][4:5] == bytes((Command.NT_CANCEL,))
    return [Sent(one, own_mid=not index and not cancels) for index, one in enumerate(made_here)]


def _adopted(dice: Dice, data: bytes, flags2: int) -> bytes:
    """A recorded message as this client's own, about what it has open; its strings are what they were."""
    unicode = struct.unpack_from("<H", data, _FLAGS2_AT)[0] & Flags2.UNICODE
    own = bytearray(data)
    struct.pack_into("<H", own, _FLAGS2_AT, flags2 & ~(Flags2.UNICODE | Flags2.SIGNATURE) | unicode)
    struct.pack_into("<H", own, _TID_AT, OWN)
    struct.pack_into("<H", own, _UID_AT, OWN)
    at = _FIDS_AT.get(own[4], 0)
    if own[4] == Command.TRANSACTION2 and len(own) > _SETUP_AT and own[_SETUP_AT] in _OF_FIDS:
        at = struct.unpack_from("<H", own, _PARAMETERS_AT)[0]
    if at and at + 2 <= len(own) and dice.chance(0.9):
        struct.pack_into("<H", own, at, dice.number(16, "fid"))
    return bytes(own)


# -- changes -----------------------------------------------------------------------------------------------


def changed(dice: Dice, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """The message with one or a few things wrong in it."""
    own = bytearray(data)
    for _ in range(dice.one((1, 1, 1, 2, 4))):
        _CHANGES[dice.one(_OFTEN)](dice, own, corpus)
    return bytes(own)


def _word(dice: Dice, own: bytearray, corpus: Sequence[bytes]) -> None:
    """One of the parameter words."""
    count = own[HEADER_SIZE] if len(own) > HEADER_SIZE else 0
    at = HEADER_SIZE + 1 + 2 * dice.below(count)
    if at + 2 <= len(own):
        struct.pack_into("<H", own, at, dice.number(16))


def _double(dice: Dice, own: bytearray, corpus: Sequence[bytes]) -> None:
    """Four bytes anywhere behind the header: offsets, sizes, counts."""
    at = HEADER_SIZE + dice.below(len(own) - HEADER_SIZE)
    if at + 4 <= len(own):
        struct.pack_into("<I", own, at, dice.number(32))


def _counts(dice: Dice, own: bytearray, corpus: Sequence[bytes]) -> None:
    """WordCount or ByteCount."""
    if len(own) <= HEADER_SIZE:
        return
    at = HEADER_SIZE + 1 + 2 * own[HEADER_SIZE]
    if dice.chance(0.4):
        own[HEADER_SIZE] = dice.number(8)
    elif at + 2 <= len(own):
        now = struct.unpack_from("<H", own, at)[0]
        struct.pack_into("<H", own, at, dice.one((now + 1, now - 1, now + 2, 0, dice.number(16))) & 0xFFFF)


def _byte(dice: Dice, own: bytearray, corpus: Sequence[bytes]) -> None:
    at = HEADER_SIZE + dice.below(len(own) - HEADER_SIZE)
    if at < len(own):
        own[at] = dice.number(8)


def _header(dice: Dice, own: bytearray, corpus: Sequence[bytes]) -> None:
    """A field of the header: command, status, flags, identifiers of others."""
    at = dice.one((4, 5, 9, 10, 11, 12, 24, 26, 28, 0 if dice.chance(0.1) else 10))
    if at < len(own):
        own[at] = dice.number(8)


def _text(dice: Dice, own: bytearray, corpus: Sequence[bytes]) -> None:
    """The other encoding."""
    if len(own) > 11:
        own[11] ^= Flags2.UNICODE >> 8


def _cut(dice: Dice, own: bytearray, corpus: Sequence[bytes]) -> None:
    del own[
        HEADER_SIZE + dice.below(len(own) - HEADER_SIZE) if dice.chance(0.95) else dice.below(HEADER_SIZE) :
    ]


def _insert(dice: Dice, own: bytearray, corpus: Sequence[bytes]) -> None:
    at = HEADER_SIZE + dice.below(len(own) - HEADER_SIZE)
    own[at:at] = dice.one((dice.octets(8), dice.octets(), dice.name().encode("utf-16-le", "surrogatepass")))


def _remove(dice: Dice, own: bytearray, corpus: Sequence[bytes]) -> None:
    at = HEADER_SIZE + dice.below(len(own) - HEADER_SIZE)
    del own[at : at + 1 + dice.below(8)]


def _andx(dice: Dice, own: bytearray, corpus: Sequence[bytes]) -> None:
    """The chain leads elsewhere: to another command, into itself, beyond the end."""
    if len(own) >= HEADER_SIZE + 5:
        at = dice.one(
            (0, HEADER_SIZE, HEADER_SIZE + 1, len(own) - 3, len(own), dice.below(len(own)), dice.number(16))
        )
        struct.pack_into("<BBH", own, HEADER_SIZE + 1, dice.one(_IN_CHAINS), 0, at & 0xFFFF)


def _splice(dice: Dice, own: bytearray, corpus: Sequence[bytes]) -> None:
    """The head of one request with the tail of another."""
    if corpus:
        other = dice.one(corpus)
        own[HEADER_SIZE + dice.below(len(own) - HEADER_SIZE) :] = other[
            HEADER_SIZE + dice.below(len(other) - HEADER_SIZE) :
        ]


Change = Callable[[Dice, bytearray, Sequence[bytes]], None]
_CHANGES: Final[Mapping[str, Change]] = {
    "word": _word,
    "double": _double,
    "counts": _counts,
    "byte": _byte,
    "header": _header,
    "text": _text,
    "cut": _cut,
    "insert": _insert,
    "remove": _remove,
    "andx": _andx,
    "splice": _splice,
}
_OFTEN: Final = (
    *(
        "word",
        "word",
        "word",
        "double",
        "double",
        "counts",
        "byte",
        "byte",
        "header",
        "text",
        "cut",
        "insert",
    ),
    *("insert", "remove", "andx", "splice"),
)
