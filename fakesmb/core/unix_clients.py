"""Which clients are the Linux kernel's or Samba's, and mean what they say in the flags of a message.

DOS and Windows 9x clear SMB_FLAGS_CASE_INSENSITIVE although case means nothing to them. Samba tells clients apart
mostly by the dialects that they offer.
"""

from typing import TYPE_CHECKING, Final

from fakesmb.wire.negotiate import Capability
from fakesmb.wire.session import (
    SessionSetupAndxRequest,
    SessionSetupExtendedRequest,
    SessionSetupLanmanRequest,
    SessionSetupPlainRequest,
)

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection

LINUX: Final = "Linux version"
"""How the native OS of the kernel's client begins."""
POSIX_2: Final = "POSIX 2"
"""The dialect that only it offers."""
_LAN_MANAGERS: Final = ("CIFS VFS Client for Linux", "Samba")
"""How their native LAN managers begin."""


def recognise(connection: "SMBConnection", params: SessionSetupAndxRequest) -> None:
    """Heeds the case of names from now on where a session setup says that it is such a client's."""
    if connection.heeds_case:
        return
    if isinstance(params, SessionSetupExtendedRequest | SessionSetupPlainRequest):
        known = bool(params.capabilities & Capability.UNIX)
    elif isinstance(params, SessionSetupLanmanRequest):
        known = False
    else:
        return
    if known or params.native_os.startswith(LINUX) or params.native_lan_man.startswith(_LAN_MANAGERS):
        connection.heed_case()
