"""Printing as LAN Manager clients ask for it ([MS-RAP] 2.5.7): smbclient's `queue` and `cancel`, Windows 95.

A queue is a printer, and so is a destination. Structures that have others behind them (`N` in their descriptor: a
queue and its jobs) come one after the other, and all strings at the end.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.rap.answers import (
    ACCESS_DENIED,
    INVALID_LEVEL,
    INVALID_PARAMETER,
    NOT_SUPPORTED,
    OK,
    Answer,
    Level,
    Record,
    Request,
    describe_group,
    enumerate_groups,
    oem,
    shown,
)
from fakesmb.rpc.printview import JobChange, JobPhase, JobRow, PrinterRow

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


def _queue_short(one: PrinterRow) -> tuple[Any, ...]:
    return one.name, 0, PRIORITY, 0, 0, "", PROCESSOR, one.name, "", one.comment, int(one.paused), one.jobs


def _queue_long(one: PrinterRow) -> tuple[Any, ...]:
    return (
        one.name, PRIORITY, 0, 0, 0, "", PROCESSOR, "", one.comment, int(one.paused), one.jobs, one.name, one.driver, 0,
    )  # fmt: skip


QUEUE_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("B13", lambda one: (one.name,)),
    1: Level("B13BWWWzzzzzWW", _queue_short),
    2: Level("B13BWWWzzzzzWN", _queue_short),
    3: Level("zWWWWzzzzWWzzl", _queue_long),
    4: Level("zWWWWzzzzWNzzl", _queue_long),
    5: Level("z", lambda one: (one.name,)),
}
_JOBS_OF: Final = {2: 1, 4: 2}
"""Levels of a queue whose jobs follow, and the level of those."""


def _job_old(one: JobRow) -> tuple[Any, ...]:
    return (
        one.number, one.user, 0, one.user, one.datatype, "", one.position, _JOB_STATUS[one.phase], "",
        int(one.submitted), one.size, one.document,
    )  # fmt: skip


def _job(one: JobRow) -> tuple[Any, ...]:
    return (
        one.number, PRIORITY, one.user, one.position, _JOB_STATUS[one.phase], int(one.submitted), one.size,
        one.document, one.document,
    )  # fmt: skip


def _job_long(one: JobRow) -> tuple[Any, ...]:
    return *_job(one), one.user, one.datatype, "", "", one.printer, PROCESSOR, "", "", 0, one.printer


def _job_nt(one: JobRow) -> tuple[Any, ...]:
    return *_job(one), "", one.printer, "", *[0] * 7


JOB_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("W", lambda one: (one.number,)),
    1: Level("WB21BB16B10zWWzDDz", _job_old),
    2: Level("WWzWWDDzz", _job),
    3: Level("WWzWWDDzzzzzzzzzzlz", _job_long),
    4: Level("WWzWWDDzzzzzDDDDDDD", _job_nt),
}
DESTINATION_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("B9", lambda one: (one.name,)),
    1: Level("B9B21WWzW", lambda one: (one.name, "", 0, int(one.paused), "", 0)),
    2: Level("z", lambda one: (one.name,)),
    3: Level(
        "zzzWWzzzWW",
        lambda one: (one.name, "", one.name, 0, int(one.paused), "", one.comment, one.driver, 0, 0),
    ),
}


# -- answers ---------------------------------------------------------------------------------------------------


def _level(request: Request, levels: Mapping[int, Level], number: int) -> Level | int:
    """The level that is asked for, or why it cannot be."""
    level = levels.get(number)
    if level is None:
        return INVALID_LEVEL
    if request.fields != level.descriptor and request.view.printing.printers():
        return INVALID_PARAMETER
    return level


def _printers(request: Request) -> list[PrinterRow]:
    """Those whose names such a client can spell; a comment or driver that it cannot is left empty."""
    encoding = request.encoding
    return [
        msgspec.structs.replace(one, comment=shown(one.comment, encoding), driver=shown(one.driver, encoding))
        for one in request.view.printing.printers()
        if shown(one.name, encoding) and len(oem(one.name, encoding)) <= _NAME_SIZE
    ]


def _find(request: Request, name: str) -> PrinterRow | None:
    return next((one for one in _printers(request) if fold(one.name) == fold(name)), None)


def _record_of_job(request: Request, level: Level, one: JobRow) -> Record:
    """A job; a user or a title that the code page cannot spell is left empty."""
    user, document = shown(one.user, request.encoding), shown(one.document, request.encoding)
    return level.descriptor, level.values(msgspec.structs.replace(one, user=user, document=document))


def _queue_group(request: Request, number: int, level: Level, one: PrinterRow) -> list[Record]:
    """A queue, and the jobs that follow it in some levels."""
    group: list[Record] = [(level.descriptor, level.values(one))]
    if number in _JOBS_OF:
        job_level = JOB_LEVELS[_JOBS_OF[number]]
        jobs = request.view.printing.jobs(one.name)
        group += [_record_of_job(request, job_level, job) for job in jobs]
    return group


def print_queue_enum(request: Request) -> Answer:
    """NetPrintQEnum, 2.5.7.1."""
    (number,) = request.arguments
    level = _level(request, QUEUE_LEVELS, number)
    if isinstance(level, int):
        return Answer(level, (0, 0))
    return enumerate_groups(
        request, [_queue_group(request, number, level, one) for one in _printers(request)]
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
    return describe_group(request, _queue_group(request, number, level, one))


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
    return enumerate_groups(request, [[_record_of_job(request, level, job)] for job in jobs])


def print_job_get_info(request: Request) -> Answer:
    """NetPrintJobGetInfo, 2.5.7.4."""
    number, level_number = request.arguments
    level = _level(request, JOB_LEVELS, level_number)
    if isinstance(level, int):
        return Answer(level, (0,))
    job = request.view.printing.job(number)
    if job is None:
        return Answer(JOB_NOT_FOUND, (0,))
    return describe_group(request, [_record_of_job(request, level, job)])


def print_destination_enum(request: Request) -> Answer:
    """DosPrintDestEnum: each printer is one."""
    (number,) = request.arguments
    level = _level(request, DESTINATION_LEVELS, number)
    if isinstance(level, int):
        return Answer(level, (0, 0))
    rows = _printers(request)
    return enumerate_groups(request, [[(level.descriptor, level.values(one))] for one in rows])


def print_destination_get_info(request: Request) -> Answer:
    """DosPrintDestGetInfo."""
    name, number = request.arguments
    one = _find(request, name)
    if one is None:
        return Answer(DESTINATION_NOT_FOUND, (0,))
    level = _level(request, DESTINATION_LEVELS, number)
    if isinstance(level, int):
        return Answer(level, (0,))
    return describe_group(request, [(level.descriptor, level.values(one))])


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
