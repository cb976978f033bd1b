"""Directories: CREATE_DIRECTORY, DELETE_DIRECTORY, CHECK_DIRECTORY ([MS-CIFS] 2.2.4.1, 2.2.4.2, 2.2.4.17)."""

from typing import Final

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.request import Answer, Empty, Request
from fakesmb.nt.status import ERRDOS, NT, SMBError
from fakesmb.vfs.store import Unfinished
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import (
    CheckDirectoryRequest,
    CreateDirectoryRequest,
    DeleteDirectoryRequest,
)

_BAD_PATH: Final = (ERRDOS, 3)
_NO_ACCESS: Final = (ERRDOS, 5)


@command(Command.CREATE_DIRECTORY, CreateDirectoryRequest, Needs.WRITABLE)
def create_directory(request: Request[CreateDirectoryRequest]) -> Answer:
    """SMB_COM_CREATE_DIRECTORY, [MS-CIFS] 3.3.5.3. Old clients expect ERRnoaccess for a name that is taken."""
    try:
        request.store.make_directory(request.named(request.params.directory_name))
    except SMBError as error:
        if error.status != NT.OBJECT_NAME_COLLISION:
            raise
        raise error.with_dos(_NO_ACCESS) from error
    return Empty()


@command(Command.DELETE_DIRECTORY, DeleteDirectoryRequest, Needs.WRITABLE)
def delete_directory(request: Request[DeleteDirectoryRequest]) -> Answer:
    """SMB_COM_DELETE_DIRECTORY, [MS-CIFS] 3.3.5.4."""
    request.store.remove_directory(request.named(request.params.directory_name))
    return Empty()


@command(Command.CHECK_DIRECTORY, CheckDirectoryRequest, Needs.DISK)
def check_directory(request: Request[CheckDirectoryRequest]) -> Answer:
    """SMB_COM_CHECK_DIRECTORY, [MS-CIFS] 3.3.5.19. Old clients expect ERRbadpath for whatever is no directory."""
    try:
        request.store.check_directory(request.named(request.params.directory_name))
    except SMBError as error:
        if isinstance(error, Unfinished) or error.status == NT.OBJECT_PATH_SYNTAX_BAD:
            raise
        raise error.with_dos(_BAD_PATH) from error
    return Empty()
