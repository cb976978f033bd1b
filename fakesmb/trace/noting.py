"""Which of the sentences for newcomers are due in the header of a message, and about the message as a whole."""

from typing import Final

from fakesmb.nt.status import NT, is_dos_pair, of_dos
from fakesmb.trace import notes
from fakesmb.trace.half import Half
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Flags, Flags2
from fakesmb.wire.names import subcommand_name
from fakesmb.wire.trans2 import Trans2

KERNEL_PID: Final = 0xFEFF
PLACEHOLDER: Final = b"BSRSPYL "
_NO_TID: Final = 0xFFFF

_SEVERITY_ERROR: Final = 0xC0000000


def status_note(half: Half) -> str:
    """What the status of an answer means, where its name misleads."""
    if half.is_request:
        return ""
    asked = half.asked[-1] if half.asked else None
    referral = (
        asked is not None
        and asked.command == Command.TRANSACTION2
        and asked.subcommand == Trans2.GET_DFS_REFERRAL
    )
    return notes.status_note(_nt_status(half), referral=referral)


def _nt_status(half: Half) -> int:
    status = half.exchange.status or half.header.status
    if half.header.flags2 & Flags2.NT_STATUS or not is_dos_pair(status):
        return status
    return of_dos(status & 0xFF, status >> 16) or status


def tid_note(half: Half) -> str:
    """What a TID is that is new, or none."""
    if half.header.tid == _NO_TID:
        return notes.NO_TID
    return notes.NEW_TID if _is_success(half) and _has(half, Command.TREE_CONNECT_ANDX) else ""


def uid_note(half: Half) -> str:
    """What a UID is that is new, or none."""
    if not half.header.uid:
        nobody = half.is_request and not half.known("uids", 0)
        return notes.NO_UID if nobody else ""
    return notes.NEW_UID if _is_success(half) and _has(half, Command.SESSION_SETUP_ANDX) else ""


def _is_success(half: Half) -> bool:
    status = half.exchange.status
    good = status & _SEVERITY_ERROR != _SEVERITY_ERROR or status == NT.MORE_PROCESSING_REQUIRED
    return not half.is_request and good


def _has(half: Half, command: int) -> bool:
    return any(part.command == command for part in half.own)


def message_notes(half: Half) -> tuple[str, ...]:
    """The sentences about the message as a whole."""
    header = half.header
    if not half.is_request and header.command == Command.LOCKING_ANDX and not header.flags & Flags.REPLY:
        return (notes.OPLOCK_BREAK,)
    if half.is_request or not half.asked:
        return ()
    found = []
    asked = half.asked[0]
    body = half.own[0].body if half.own else None
    fid = getattr(asked.body, "fid", None)
    if type(fid) is int and not hasattr(body, "fid"):
        found.append(notes.NO_FID.format(fid=fid))
    if asked.command == Command.TRANSACTION2 and asked.subcommand and body is None:
        name = subcommand_name(asked.command, asked.subcommand)
        found.append(notes.NO_SUBCOMMAND.format(asked=name))
    return tuple(found)
