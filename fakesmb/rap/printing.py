"""Printing as LAN Manager clients ask for it ([MS-RAP] 2.5.7): smbclient's `queue` and `cancel`, Windows 95.

A queue is a printer, and so is a destination. Structures that have others behind them (`N` in their descriptor: a
queue and its jobs) come one after the other, and all strings at the end.
"""

import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.rap.answers import (
    ACCESS_DENIED,
    BUFFER_TOO_SMALL,
    INVALID_LEVEL,
    INVALID_PARAMETER,
    MORE_DATA,
    NOT_SUPPORTED,
    OK,
    Answer,
    Request,
    oem,
    shown,
)
from fakesmb.rpc.printview import JobChange, JobPhase, JobRow, PrinterRow
from fakesmb.wire.oem import encode_short

QUEUE_NOT_FOUND: Final = 2150
JOB_NOT_FOUND: Final = 2151
DESTINATION_NOT_FOUND: Final = 2152
ACTIVE: Final = 0
PAUSED: Final = 1
"""Status of a queue, PRQ_, and of a job, PRJ_QS_ ([MS-RAP] 2.5.7.8)."""
SPOOLING: Final = 2
_JOB_STATUS: Final = {JobPhase.WAITING: ACTIVE, JobPhase.PAUSED: PAUSED, JobPhase.SPOOLING: SPOOLING}
PRIORITY: Final = 5
PROCESSOR: Final = "WinPrint"
_NAME_SIZE: Final = 13
_ITEM: Final = re.compile(r"([BWDNzl])(\d*)")
_SIZES: Final = {"B": 1, "W": 2, "N": 2, "D": 4, "z": 4, "l": 4}


class Level(NamedTuple):
    """One information level: its descriptor, and the values of a row in that order."""

    descriptor: str
    values: Callable[[Any, str], Sequence[Any]]
    """Takes the row and the code page."""


def _queue_short(one: PrinterRow, encoding: str) -> Sequence[Any]:
    return (
        one.name, 0, PRIORITY, 0, 0, "", PROCESSOR, one.name, "", shown(one.comment, encoding), int(one.paused),
        one.jobs,
    )  # fmt: skip


def _queue_long(one: PrinterRow, encoding: str) -> Sequence[Any]:
    return (
        one.name, PRIORITY, 0, 0, 0, "", PROCESSOR, "", shown(one.comment, encoding), int(one.paused), one.jobs,
        one.name, shown(one.driver, encoding), None,
    )  # fmt: skip


QUEUE_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("B13", lambda one, _: (one.name,)),
    1: Level("B13BWWWzzzzzWW", _queue_short),
    2: Level("B13BWWWzzzzzWN", _queue_short),
    3: Level("zWWWWzzzzWWzzl", _queue_long),
    4: Level("zWWWWzzzzWNzzl", _queue_long),
    5: Level("z", lambda one, _: (one.name,)),
}
_JOBS_OF: Final = {2: 1, 4: 2}
"""Levels of a queue whose jobs follow, and the level of those."""


def _job_old(one: JobRow, encoding: str) -> Sequence[Any]:
    user = shown(one.user, encoding)
    return (
        one.number, user, 0, user, one.datatype, "", one.position, _status(one), "", int(one.submitted), one.size,
        shown(one.document, encoding),
    )  # fmt: skip


def _job(one: JobRow, encoding: str) -> Sequence[Any]:
    document = shown(one.document, encoding)
    return (
        one.number, PRIORITY, shown(one.user, encoding), one.position, _status(one), int(one.submitted), one.size,
        document, document,
    )  # fmt: skip


def _job_long(one: JobRow, encoding: str) -> Sequence[Any]:
    user = shown(one.user, encoding)
    return (
        *_job(one, encoding),
        user,
        one.datatype,
        "",
        "",
        one.printer,
        PROCESSOR,
        "",
        "",
        None,
        one.printer,
    )


def _job_nt(one: JobRow, encoding: str) -> Sequence[Any]:
    return (*_job(one, encoding), "", one.printer, "", *[0] * 7)


JOB_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("W", lambda one, _: (one.number,)),
    1: Level("WB21BB16B10zWWzDDz", _job_old),
    2: Level("WWzWWDDzz", _job),
    3: Level("WWzWWDDzzzzzzzzzzlz", _job_long),
    4: Level("WWzWWDDzzzzzDDDDDDD", _job_nt),
}
DESTINATION_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("B9", lambda one, _: (one.name,)),
    1: Level("B9B21WWzW", lambda one, _: (one.name, "", 0, int(one.paused), "", 0)),
    2: Level("z", lambda one, _: (one.name,)),
    3: Level(
        "zzzWWzzzWW",
        lambda one, encoding: (
            one.name, "", one.name, 0, int(one.paused), "", shown(one.comment, encoding),
            shown(one.driver, encoding), 0, 0,
        ),
    ),
}  # fmt: skip


def _status(one: JobRow) -> int:
    return _JOB_STATUS[JobPhase(one.phase)]


# -- answers ---------------------------------------------------------------------------------------------------

Record = tuple[str, Sequence[Any]]
"""A descriptor and the values of a structure."""


def encode(groups: Iterable[Sequence[Record]], room: int, encoding: str) -> tuple[int, bytes]:
    """As many groups as there is room for, each whole: their structures, and then all strings.

    Pointers are offsets from the start of the data (converter 0). Gives the number of groups and the bytes.
    """
    kept: list[Record] = []
    count = used = 0
    for group in groups:
        used += sum(
            _fixed_size(descriptor) + _text_size(descriptor, values, encoding) for descriptor, values in group
        )
        if used > room:
            break
        kept += group
        count += 1
    fixed, strings = bytearray(), bytearray()
    start = sum(_fixed_size(descriptor) for descriptor, _ in kept)
    for descriptor, values in kept:
        for (kind, length), value in zip(_ITEM.findall(descriptor), values, strict=True):
            if kind == "z":
                fixed += struct.pack("<I", start + len(strings))
                strings += oem(value, encoding)
            elif kind == "l":
                fixed += bytes(4)  # what a driver keeps with a queue: there is none
            elif length:
                fixed += encode_short(value, encoding, int(length) - 1).ljust(int(length), b"\0")
            else:
                size = _SIZES[kind]
                fixed += (value & (1 << 8 * size) - 1).to_bytes(size, "little")
    return count, bytes(fixed + strings)


def _fixed_size(descriptor: str) -> int:
    return sum(int(length) if length else _SIZES[kind] for kind, length in _ITEM.findall(descriptor))


def _text_size(descriptor: str, values: Sequence[Any], encoding: str) -> int:
    kinds = (kind for kind, _ in _ITEM.findall(descriptor))
    return sum(len(oem(value, encoding)) for kind, value in zip(kinds, values, strict=True) if kind == "z")


def _enumerate(request: Request, level: Level, groups: Sequence[Sequence[Record]]) -> Answer:
    count, data = encode(groups, request.room, request.encoding)
    return Answer(OK if count == len(groups) else MORE_DATA, (count, len(groups)), data)


def _describe(request: Request, group: Sequence[Record]) -> Answer:
    _, whole = encode([group], 0x10000, request.encoding)
    if len(whole) > request.room:
        return Answer(BUFFER_TOO_SMALL, (len(whole),))
    return Answer(OK, (len(whole),), whole)


def _level(request: Request, levels: Mapping[int, Level], number: int) -> Level | int:
    """The level that is asked for, or why it cannot be."""
    level = levels.get(number)
    if level is None:
        return INVALID_LEVEL
    if request.fields != level.descriptor and request.view.printing.printers():
        return INVALID_PARAMETER
    return level


def _printers(request: Request) -> list[PrinterRow]:
    """Those whose names such a client can spell."""
    encoding = request.encoding
    found = request.view.printing.printers()
    return [one for one in found if shown(one.name, encoding) and len(oem(one.name, encoding)) <= _NAME_SIZE]


def _find(request: Request, name: str) -> PrinterRow | None:
    return next((one for one in _printers(request) if fold(one.name) == fold(name)), None)


def _queue_group(request: Request, number: int, level: Level, one: PrinterRow) -> list[Record]:
    """A queue, and the jobs that follow it in some levels."""
    group: list[Record] = [(level.descriptor, level.values(one, request.encoding))]
    if number in _JOBS_OF:
        job_level = JOB_LEVELS[_JOBS_OF[number]]
        jobs = request.view.printing.jobs(one.name)
        group += [(job_level.descriptor, job_level.values(job, request.encoding)) for job in jobs]
    return group


def print_queue_enum(request: Request) -> Answer:
    """NetPrintQEnum, 2.5.7.1."""
    (number,) = request.arguments
    level = _level(request, QUEUE_LEVELS, number)
    if isinstance(level, int):
        return Answer(level, (0, 0))
    return _enumerate(
        request, level, [_queue_group(request, number, level, one) for one in _printers(request)]
    )


def print_queue_get_info(request: Request) -> Answer:
    """NetPrintQGetInfo, 2.5.7.2."""
    name, number = request.arguments
    if not name:
        return Answer(INVALID_PARAMETER, (0,))
    level = _level(request, QUEUE_LEVELS, number)
    if isinstance(level, int):
        return Answer(level, (0,))
    one = _find(request, name)
    if one is None:
        return Answer(QUEUE_NOT_FOUND, (0,))
    return _describe(request, _queue_group(request, number, level, one))


def print_job_enum(request: Request) -> Answer:
    """DosPrintJobEnum: the jobs of one queue."""
    name, number = request.arguments
    one = _find(request, name)
    if one is None:
        return Answer(QUEUE_NOT_FOUND, (0, 0))
    level = _level(request, JOB_LEVELS, number)
    if isinstance(level, int):
        return Answer(level, (0, 0))
    jobs = request.view.printing.jobs(one.name)
    return _enumerate(
        request, level, [[(level.descriptor, level.values(job, request.encoding))] for job in jobs]
    )


def print_job_get_info(request: Request) -> Answer:
    """NetPrintJobGetInfo, 2.5.7.4."""
    number, level_number = request.arguments
    level = _level(request, JOB_LEVELS, level_number)
    if isinstance(level, int):
        return Answer(level, (0,))
    job = request.view.printing.job(number)
    if job is None:
        return Answer(JOB_NOT_FOUND, (0,))
    return _describe(request, [(level.descriptor, level.values(job, request.encoding))])


def print_destination_enum(request: Request) -> Answer:
    """DosPrintDestEnum: each printer is one."""
    (number,) = request.arguments
    level = _level(request, DESTINATION_LEVELS, number)
    if isinstance(level, int):
        return Answer(level, (0, 0))
    rows = _printers(request)
    return _enumerate(
        request, level, [[(level.descriptor, level.values(one, request.encoding))] for one in rows]
    )


def print_destination_get_info(request: Request) -> Answer:
    """DosPrintDestGetInfo."""
    name, number = request.arguments
    one = _find(request, name)
    if one is None:
        return Answer(DESTINATION_NOT_FOUND, (0,))
    level = _level(request, DESTINATION_LEVELS, number)
    if isinstance(level, int):
        return Answer(level, (0,))
    return _describe(request, [(level.descriptor, level.values(one, request.encoding))])


def changes_job(change: JobChange) -> Callable[[Request], Answer]:
    """NetPrintJobDelete, NetPrintJobPause, NetPrintJobContinue, 2.5.7.5 to 2.5.7.7: by its owner or administrators."""

    def run(request: Request) -> Answer:
        (number,) = request.arguments
        if request.view.printing.job(number) is None:
            return Answer(JOB_NOT_FOUND)
        return _done(lambda: request.view.printing.change_job(number, change, request.caller))

    return run


def changes_queue(change: JobChange) -> Callable[[Request], Answer]:
    """DosPrintQPurge, DosPrintQPause and DosPrintQContinue: by administrators."""

    def run(request: Request) -> Answer:
        (name,) = request.arguments
        one = _find(request, name)
        if one is None:
            return Answer(QUEUE_NOT_FOUND)
        return _done(lambda: request.view.printing.change_printer(one.name, change, request.caller))

    return run


def print_job_set_info(request: Request) -> Answer:
    """NetPrintJobSetInfo, 2.5.7.3: nothing of a job can be set here."""
    job = request.view.printing.job(request.arguments[0])
    return Answer(JOB_NOT_FOUND if job is None else NOT_SUPPORTED)


def _done(work: Callable[[], object]) -> Answer:
    try:
        work()
    except (SMBError, OSError) as error:
        denied = isinstance(error, SMBError) and error.status == NT.ACCESS_DENIED
        return Answer(ACCESS_DENIED if denied else _GENERAL_FAILURE)
    return Answer(OK)


_GENERAL_FAILURE: Final = 31

ROWS: Final[Mapping[int, tuple[tuple[str, ...], Callable[[Request], Answer]]]] = {
    0x0045: (("WrLeh",), print_queue_enum),
    0x0046: (("zWrLh",), print_queue_get_info),
    0x004A: (("z",), changes_queue(JobChange.PAUSE)),
    0x004B: (("z",), changes_queue(JobChange.GO_ON)),
    0x004C: (("zWrLeh",), print_job_enum),
    0x004D: (("WWrLh",), print_job_get_info),
    0x0051: (("W",), changes_job(JobChange.CANCEL)),
    0x0052: (("W",), changes_job(JobChange.PAUSE)),
    0x0053: (("W",), changes_job(JobChange.GO_ON)),
    0x0054: (("WrLeh",), print_destination_enum),
    0x0055: (("zWrLh",), print_destination_get_info),
    0x0067: (("z",), changes_queue(JobChange.CANCEL)),
    0x0093: (("WWsTP",), print_job_set_info),
}
"""Opcodes: the parameter descriptors that they come with, and what answers."""
