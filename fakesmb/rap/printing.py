"""Printing as LAN Manager clients ask for it, on a server without printers ([MS-RAP] 2.5.7).

Nothing is listed, and no queue, job or destination is found: smbclient's `queue`, the printer folders of Windows 95.
"""

from typing import Final

from fakesmb.rap.answers import INVALID_LEVEL, INVALID_PARAMETER, OK, Answer, Request

QUEUE_NOT_FOUND: Final = 2150
JOB_NOT_FOUND: Final = 2151
DESTINATION_NOT_FOUND: Final = 2152
_QUEUE_LEVELS: Final = range(6)
_DESTINATION_LEVELS: Final = range(4)


def print_queue_enum(request: Request) -> Answer:
    """NetPrintQEnum."""
    return _none(request, _QUEUE_LEVELS)


def print_queue_get_info(request: Request) -> Answer:
    """NetPrintQGetInfo."""
    name, _ = request.arguments
    return Answer(QUEUE_NOT_FOUND if name else INVALID_PARAMETER, (0,))


def print_job_enum(request: Request) -> Answer:
    """NetPrintJobEnum: of one queue."""
    return Answer(QUEUE_NOT_FOUND, (0, 0))


def print_job_get_info(request: Request) -> Answer:
    """NetPrintJobGetInfo."""
    return Answer(JOB_NOT_FOUND, (0,))


def print_job_change(request: Request) -> Answer:
    """NetPrintJobSetInfo, NetPrintJobDelete, NetPrintJobPause and NetPrintJobContinue."""
    return Answer(JOB_NOT_FOUND)


def print_destination_enum(request: Request) -> Answer:
    """NetPrintDestEnum."""
    return _none(request, _DESTINATION_LEVELS)


def print_destination_get_info(request: Request) -> Answer:
    """NetPrintDestGetInfo."""
    return Answer(DESTINATION_NOT_FOUND, (0,))


def _none(request: Request, levels: range) -> Answer:
    (level,) = request.arguments
    return Answer(OK, (0, 0)) if level in levels else Answer(INVALID_LEVEL, (0, 0))
