"""The opens of DOS as the store's parameters: access mode, sharing, open mode ([MS-CIFS] 2.2.4.3.1, 2.2.4.41.1)."""

from typing import Final

from fakesmb.core.request import AnyRequest
from fakesmb.nt.files import Access, Action, Disposition, DosDeny, Option, ShareMode
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.store import CreateParameters
from fakesmb.wire.files import OpenAndxRequest
from fakesmb.wire.times import utime_to

DOS_ACCESS: Final = {
    0: Access.GENERIC_READ,
    1: Access.GENERIC_WRITE,
    2: Access.GENERIC_READ | Access.GENERIC_WRITE,
    3: Access.GENERIC_READ | Access.EXECUTE,
}
"""AccessMode bits 0-2 of the DOS opens ([MS-CIFS] 2.2.4.3.1)."""
DOS_SHARE: Final = {
    1: ShareMode.NONE,
    2: ShareMode.READ,
    3: ShareMode.WRITE,
    4: ShareMode.READ | ShareMode.WRITE,
}
"""AccessMode bits 4-6: deny all, write, read, none. 0 is compatibility mode."""
EXECUTE_MODE: Final = 3
FCB_MODE: Final = 0xFF
DOS_DISPOSITION: Final = {
    0x10: Disposition.CREATE,
    0x01: Disposition.OPEN,
    0x11: Disposition.OPEN_IF,
    0x02: Disposition.OVERWRITE,
    0x12: Disposition.OVERWRITE_IF,
}
"""OpenMode: what to do with a file that exists (low two bits) and one that does not (0x10)."""
OPEN_RESULT: Final = {
    Action.SUPERSEDED: 3,
    Action.OPENED: 1,
    Action.CREATED: 2,
    Action.OVERWRITTEN: 3,
}


def dos_create(
    request: AnyRequest,
    access_mode: int,
    *,
    disposition: int,
    attributes: int = 0,
    allocation: int = 0,
    oplock: int = 0,
    write_time: int = 0,
) -> CreateParameters:
    """An open in DOS terms as an NT open ([MS-CIFS] 2.2.4.3.1, 2.2.4.41.1). `oplock` never gets level II.

    `write_time` is a UTIME.

    Raises ERRDOS/ERRbadaccess (OS2_INVALID_ACCESS) for modes that do not exist.
    """
    deny: int = DosDeny.NONE
    if access_mode & 0xFF == FCB_MODE:
        access, share, deny = DOS_ACCESS[2], ShareMode.NONE, DosDeny.FCB
    else:
        sharing = access_mode >> 4 & 7
        if access_mode & 7 not in DOS_ACCESS or (sharing not in DOS_SHARE and sharing):
            raise SMBError(NT.OS2_INVALID_ACCESS, f"AccessMode 0x{access_mode:04X} does not exist")
        access = DOS_ACCESS[access_mode & 7]
        if sharing:
            share = DOS_SHARE[sharing]
        else:
            deny, share = DosDeny.DOS, ShareMode.READ if access == Access.GENERIC_READ else ShareMode.NONE
    return CreateParameters(
        access=access,
        share=share,
        disposition=disposition,
        options=Option.NON_DIRECTORY,
        attributes=attributes,
        allocation=allocation,
        pid=request.header.pid,
        dos_deny=deny,
        owner=request.connection,
        oplock=oplock,
        write_time=utime_to(write_time, request.connection.zone),
    )


def dos_disposition(params: OpenAndxRequest) -> int:
    """What OPEN_ANDX does with a file that exists, and with one that does not.

    An open for execution whose OpenMode says neither makes a file: so Windows does, for no known reason.
    """
    disposition = DOS_DISPOSITION.get(params.open_mode & 0x13)
    if disposition is not None:
        return disposition
    if params.access_mode & 7 == EXECUTE_MODE:
        return Disposition.CREATE
    raise SMBError(NT.OS2_INVALID_ACCESS, f"OpenMode 0x{params.open_mode:04X} does not exist")
