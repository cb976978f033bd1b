"""What one server says it is and can do: everything that another make of server would answer differently."""

import msgspec

from fakesmb.wire.header import Flags, Flags2
from fakesmb.wire.negotiate import Capability


class Profile(msgspec.Struct, frozen=True):
    """The identity of a server on the wire. The defaults are those of Windows Server 2003."""

    name: str = "windows-2003"
    native_os: str = "Windows 5.1"
    native_lan_manager: str = "Windows 2000 LAN Manager"
    os_major: int = 5
    os_minor: int = 1
    capabilities: int = (
        Capability.RAW_MODE
        | Capability.UNICODE
        | Capability.LARGE_FILES
        | Capability.NT_SMBS
        | Capability.RPC_REMOTE_APIS
        | Capability.STATUS32
        | Capability.LEVEL_II_OPLOCKS
        | Capability.LOCK_AND_READ
        | Capability.NT_FIND
        | Capability.DFS
        | Capability.INFOLEVEL_PASSTHRU
        | Capability.LARGE_READX
        | Capability.LARGE_WRITEX
        | Capability.UNIX
        | Capability.EXTENDED_SECURITY
    )
    """What a negotiate may offer ([MS-CIFS] 2.2.4.52.2); UNIX only where a share has Unix extensions, and
    EXTENDED_SECURITY only to clients that ask for it."""
    reply_flags: int = Flags.REPLY | Flags.CANONICALIZED_PATHS | Flags.CASE_INSENSITIVE
    """Flags of every reply."""
    reply_flags2: int = (
        Flags2.UNICODE
        | Flags2.NT_STATUS
        | Flags2.EXTENDED_SECURITY
        | Flags2.LONG_NAMES
        | Flags2.EAS
        | Flags2.DFS
    )
    """The bits of a request's Flags2 that its reply repeats."""
    first_uid: int = 0x0800
    first_tid: int = 0x0800
    first_fid: int = 0x4000
    first_sid: int = 0x0001
    largest_read: int = 0x20000
    """Bytes that one READ_ANDX gives at most."""
    max_buffer: int = 16644
    """MaxBufferSize, bytes: the longest message a client may send but for large writes."""
    max_mpx: int = 50
    """MaxMpxCount: requests that a client may have under way."""

    def offers(self, capability: int) -> bool:
        """Whether the server has that capability."""
        return bool(self.capabilities & capability)
