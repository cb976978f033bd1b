"""The header of a reply: its status as the client reads statuses, and the message around the blocks."""

from typing import Final

from fakesmb.core.old_errors import OldErrors
from fakesmb.nt.status import Dos, is_smb_error, to_dos
from fakesmb.wire.header import Flags2

_CODES_OF_NT: Final = 24
"""An NT status has a severity and a facility above this bit; what is below is an SMB error class and code."""


def status_on_wire(
    status: int, flags2: int, dos: Dos | None, old: OldErrors | None = None
) -> tuple[int, int]:
    """Status and Flags2 of a reply's header ([MS-CIFS] 3.3.4.1). `old` is of a client below NT LM 0.12.

    A client without SMB_FLAGS2_NT_STATUS reads a DOS class and code: `dos`, where the refusal has a pair of its own,
    or what the status stands for. STATUS_SMB_* codes are such pairs, and go out as pairs to everybody.
    """
    if not status:
        return status, flags2
    if old is not None:
        error_class, code = old.told(dos or to_dos(status))
        return error_class | code << 16, flags2
    if not flags2 & Flags2.NT_STATUS and status >> _CODES_OF_NT:
        error_class, code = dos or to_dos(status)
        return error_class | code << 16, flags2
    if is_smb_error(status):
        return status, flags2 & ~Flags2.NT_STATUS
    return status, flags2
