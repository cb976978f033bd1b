"""Where a request has identifiers that a server gave: FIDs, SIDs, TIDs of a second tree."""

import struct
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from fakesmb.wire.chain import MOST_COMMANDS
from fakesmb.wire.codec import Block, DecodeError
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.header import HEADER_SIZE, NO_ANDX, Header, andx_of, block_at
from fakesmb.wire.layout import layout_of
from fakesmb.wire.messages import REQUESTS
from fakesmb.wire.nt_trans import NT_TRANSACT_REQUESTS, NT_TRANSACT_SETUPS
from fakesmb.wire.trans import NtTransactRequest, Transaction2Request, TransactionRequest
from fakesmb.wire.trans2 import TRANS2_REQUESTS, Trans2

KINDS: Final = {"fid": "fid", "sid": "sid", "root_directory_fid": "root", "tid2": "tid"}
"""Fields of structures, and what they refer to; `root` is a FID, or 0 for none."""
RENAME_INFORMATION: Final = 1010
"""Level of TRANS2_SET_FILE_INFORMATION whose data have a RootDirectory, [MS-FSCC] 2.4.42.1."""
_ROOT_AT: Final = 4
_PIPES: Final = frozenset(PipeFunction) - {PipeFunction.WAIT_NMPIPE, PipeFunction.CALL_NMPIPE}


class Reference(NamedTuple):
    """An identifier in a message."""

    kind: str
    at: int
    size: int


class Region(NamedTuple):
    """A part of a transaction: from and to which offset of the message."""

    at: int
    end: int


def blocks(message: bytes, header: Header, encoding: str = "cp850") -> Iterator[tuple[int, Block]]:
    """The commands of a chain with their blocks, as far as they can be read."""
    code, at = header.command, HEADER_SIZE
    for _ in range(MOST_COMMANDS):
        try:
            block = block_at(message, at, unicode=header.unicode, encoding=encoding)
        except DecodeError:
            return
        yield code, block
        cls = REQUESTS.get(code)
        if cls is None or not cls.ANDX:
            return
        code, offset = andx_of(block)
        if code == NO_ANDX or offset <= at:
            return
        at = offset


def references(message: bytes, header: Header, encoding: str = "cp850") -> list[Reference]:
    """The identifiers of all commands, in no order. Never raises."""
    found: list[Reference] = []
    for code, block in blocks(message, header, encoding):
        if code in _TRANSACTIONS:
            found += _of_transaction(message, code, block)
        elif code == Command.TRANSACTION2_SECONDARY:
            if block.word_count >= _SECONDARY_WORDS:
                found.append(Reference("fid", block.words_at + 2 * (_SECONDARY_WORDS - 1), 2))
        else:
            cls = REQUESTS.get(code)
            if cls is not None:
                begin = block.words_at + (4 if cls.ANDX else 0)
                end = block.words_at + 2 * block.word_count
                found += _placed(_fields(cls), begin, end)
    return found


_SECONDARY_WORDS: Final = 9


@cache
def _fields(cls: type) -> tuple[Reference, ...]:
    layout = layout_of(cls)
    found = []
    for index, (name, form) in enumerate(zip(layout.names, layout.formats, strict=False)):
        if name in KINDS:
            at = struct.calcsize("<" + "".join(layout.formats[:index]))
            found.append(Reference(KINDS[name], at, struct.calcsize("<" + form)))
    return tuple(found)


def _placed(fields: tuple[Reference, ...], begin: int, end: int) -> list[Reference]:
    return [Reference(kind, begin + at, size) for kind, at, size in fields if begin + at + size <= end]


_TRANSACTIONS: Final[dict[int, type[TransactionRequest]]] = {
    Command.TRANSACTION: TransactionRequest,
    Command.TRANSACTION2: Transaction2Request,
    Command.NT_TRANSACT: NtTransactRequest,
}
_SETUP_AT: Final = 28
_NT_SETUP_AT: Final = 38
_PARAMETERS: Final = (struct.Struct("<HH"), 18)
_NT_PARAMETERS: Final = (struct.Struct("<II"), 19)
_DATA: Final = (struct.Struct("<HH"), 22)
_NT_DATA: Final = (struct.Struct("<II"), 27)


def parameters_of(block: Block, *, nt: bool) -> Region:
    """Where the parameters of a transaction that was decoded lie."""
    return _region(block, _NT_PARAMETERS if nt else _PARAMETERS)


def data_of(block: Block, *, nt: bool) -> Region:
    """Where its data lie."""
    return _region(block, _NT_DATA if nt else _DATA)


def _region(block: Block, place: tuple[struct.Struct, int]) -> Region:
    layout, at = place
    size, offset = layout.unpack_from(block.message, block.words_at + at)
    return Region(offset, offset + size)


def _of_transaction(message: bytes, code: int, block: Block) -> list[Reference]:
    try:
        request = _TRANSACTIONS[code].decode(block)
    except DecodeError:
        return []
    if code == Command.TRANSACTION:
        on_pipe = request.subcommand in _PIPES and len(request.setup) >= 4
        mailslot = request.name.upper().startswith("\\MAILSLOT\\")
        return [Reference("fid", block.words_at + _SETUP_AT + 2, 2)] if on_pipe and not mailslot else []
    nt = code == Command.NT_TRANSACT
    found: list[Reference] = []
    subcommand = -1 if request.subcommand is None else request.subcommand
    setup = NT_TRANSACT_SETUPS.get(subcommand) if nt else None
    if setup is not None:
        at = block.words_at + _NT_SETUP_AT
        found += _placed(_fields(setup), at, at + len(request.setup))
    cls = (NT_TRANSACT_REQUESTS if nt else TRANS2_REQUESTS).get(subcommand)
    region = parameters_of(block, nt=nt)
    if cls is not None:
        found += _placed(_fields(cls), region.at, region.end)
    if not nt and subcommand == Trans2.SET_FILE_INFORMATION and len(request.parameters) >= 4:
        level = int.from_bytes(request.parameters[2:4], "little")
        data = data_of(block, nt=False)
        if level == RENAME_INFORMATION and data.end - data.at >= _ROOT_AT + 4:
            found.append(Reference("root", data.at + _ROOT_AT, 4))
    return found
