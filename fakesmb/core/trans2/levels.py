"""What the handlers of information levels share: refusals, acting on a name as on an open."""

from collections.abc import Callable
from typing import Final

from fakesmb.core.request import AnyRequest
from fakesmb.nt.files import Disposition
from fakesmb.nt.status import ERRDOS, NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import CreateParameters, Handle

NO_EA_ERROR: Final = b"\0\0"
"""EaErrorOffset: the parameters of every answer about files."""
UNKNOWN_LEVEL: Final = (ERRDOS, 124)

Target = Handle | Path


def check_disk(request: AnyRequest) -> None:
    """Raises INVALID_DEVICE_REQUEST on IPC$, for levels that are about files."""
    if request.tree.store is None:
        raise SMBError(NT.INVALID_DEVICE_REQUEST, "IPC$ has no files")


def unknown_level(level: int) -> SMBError:
    """The refusal of a level that is not answered ([MS-CIFS] 2.2.2.4 ERRunknownlevel)."""
    return SMBError(NT.INVALID_LEVEL, f"information level 0x{level:04X}", dos=UNKNOWN_LEVEL)


def with_handle(
    request: AnyRequest,
    target: Target,
    access: int,
    act: Callable[[Handle], None],
    *,
    resizes: bool = False,
) -> None:
    """Acts on an open file; a name is opened for it, so that sharing and access count, and closed again."""
    if not isinstance(target, Path):
        act(target)
        return
    create = CreateParameters(
        access=access,
        disposition=Disposition.OPEN,
        pid=request.header.pid,
        owner=request.connection,
        resizes=resizes,
    )
    handle = request.store.create(target, create).handle
    try:
        act(handle)
    finally:
        request.store.close(handle)
        request.ended(handle)
