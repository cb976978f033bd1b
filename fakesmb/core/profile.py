"""What one server says it is and can do: everything that another make of server would answer differently.

Each field is a switch: `core.profiles` has the rows of the makes, and reads what a person sets. What a switch takes
away is refused, too (`core.commands.refusals`).
"""

import struct
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta

from fakesmb.wire.header import Flags, Flags2
from fakesmb.wire.negotiate import Capability

Signing = Literal["off", "offered", "required"]
GuestAccess = Literal["off", "read-only", "read-write"]
ReferralStatus = Literal["NO_SUCH_DEVICE", "NOT_FOUND", "NOT_IMPLEMENTED", "NOT_SUPPORTED", "ACCESS_DENIED"]
CalledNames = Literal["own", "any"]
Proof = Literal["ntlmv2", "ntlm2", "ntlmv1", "lm"]
Spoken = Literal[
    "NT LM 0.12",
    "NT LANMAN 1.0",
    "LANMAN2.1",
    "LM1.2X002",
    "Windows for Workgroups 3.1a",
    "DOS LANMAN2.1",
    "DOS LM1.2X002",
    "LANMAN1.0",
    "MICROSOFT NETWORKS 3.0",
    "MICROSOFT NETWORKS 1.03",
    "XENIX CORE",
    "PC NETWORK PROGRAM 1.0",
    "PCLAN1.0",
]

First = Annotated[int, Meta(ge=1, le=0xFFFE)]
"""The first identifier of a kind."""
BufferSize = Annotated[int, Meta(ge=1024, le=65535)]
ShortText = Annotated[str, Meta(max_length=255)]

NTLMSSP_REVISION: Final = 15

_REPEATED: Final = {
    "unicode": Flags2.UNICODE,
    "status32": Flags2.NT_STATUS,
    "extended_security": Flags2.EXTENDED_SECURITY,
    "eas": Flags2.EAS,
    "dfs": Flags2.DFS,
}
"""The bits of Flags2 that say what both sides know, by the switch that takes them out of replies."""

CAPABILITIES: Final = {
    "raw_mode": Capability.RAW_MODE,
    "unicode": Capability.UNICODE,
    "large_files": Capability.LARGE_FILES,
    "nt_smbs": Capability.NT_SMBS,
    "rpc_remote_apis": Capability.RPC_REMOTE_APIS,
    "status32": Capability.STATUS32,
    "level_ii_oplocks": Capability.LEVEL_II_OPLOCKS,
    "lock_and_read": Capability.LOCK_AND_READ,
    "nt_find": Capability.NT_FIND,
    "dfs": Capability.DFS,
    "infolevel_passthru": Capability.INFOLEVEL_PASSTHRU,
    "large_readx": Capability.LARGE_READX,
    "large_writex": Capability.LARGE_WRITEX,
    "unix_extensions": Capability.UNIX,
    "extended_security": Capability.EXTENDED_SECURITY,
}
"""The switch of each capability that a negotiate may offer ([MS-CIFS] 2.2.4.52.2, [MS-SMB] 2.2.4.5.2.1)."""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The identity of a server on the wire. The defaults are those of Windows Server 2003."""

    name: str = "windows-2003"

    raw_mode: bool = True
    """READ_RAW and WRITE_RAW; off: an empty frame, and ERRSRV/ERRuseSTD."""
    unicode: bool = True
    """Strings in UTF-16; off: every string is read and written in the OEM encoding, whatever a request's Flags2 say."""
    large_files: bool = True
    """64-bit offsets; off: the upper half of an offset is not read, and 64-bit locks are INVALID_PARAMETER."""
    nt_smbs: bool = True
    """NT_CREATE_ANDX, NT_TRANSACT, NT_RENAME, NT_CANCEL, and levels 0x101 to 0x1FF, of listings too; off:
    SMB_BAD_COMMAND (nothing for NT_CANCEL), INVALID_LEVEL."""
    rpc_remote_apis: bool = True
    """Pipes with DCE/RPC; off: none is found. Shares are still listed by RAP."""
    status32: bool = True
    """NT statuses; off: error class and code, as for DOS, and no extended security, which has no such codes."""
    level_ii_oplocks: bool = True
    """Level II oplocks; off: none is given, and exclusive ones break to none."""
    lock_and_read: bool = True
    """LOCK_AND_READ and WRITE_AND_UNLOCK; off: SMB_BAD_COMMAND."""
    nt_find: bool = True
    """The find levels 0x101 to 0x1FF; off: INVALID_LEVEL."""
    dfs: bool = True
    """Referrals; off: `referral_status`, whatever is asked for."""
    infolevel_passthru: bool = True
    """Information levels from 1000 on; off: INVALID_LEVEL."""
    large_readx: bool = True
    """READ_ANDX of more than fits MaxBufferSize; off: it gives what fits."""
    large_writex: bool = True
    """WRITE_ANDX longer than MaxBufferSize; off: INVALID_SMB."""
    unix_extensions: bool = True
    """The CIFS Unix extensions, where a share has them; off: INVALID_LEVEL."""
    extended_security: bool = True
    """Sign-in by SPNEGO and NTLMSSP, for clients that ask for it; off: INVALID_SMB."""

    nt_levels: bool = False
    """Levels 0x101 to 0x1FF where `nt_smbs` or `nt_find` is off, as Windows 9x has them without either."""

    dialects: tuple[Spoken, ...] = get_args(Spoken)
    """What is answered of a client's dialects, the newest that both have; none in common: DialectIndex
    0xFFFF, and the connection ends."""
    accept: tuple[Proof, ...] | None = None
    """How a password may be proved; None: all on loopback, NTLMv2 elsewhere. Others are a wrong password."""
    guest: GuestAccess = "off"
    """What becomes of unknown names; off: LOGON_FAILURE. A profile's own counts on loopback only."""
    guest_only: bool = False
    """Every sign-in is a guest's, whatever the password."""
    signing: Signing = "offered"
    """Message signing; off: neither offered nor done."""
    oplocks: bool = True
    """Whether any oplock is given."""
    streams: bool = True
    """Alternate data streams; off: OBJECT_NAME_INVALID for a name with a colon, INVALID_PARAMETER for their levels."""
    eas: bool = True
    """Extended attributes; off: EAS_NOT_SUPPORTED, and none is told."""

    max_mpx: Annotated[int, Meta(ge=1, le=0xFFFF)] = 50
    """MaxMpxCount: requests that a client may have under way; one more that waits is INSUFFICIENT_RESOURCES where it
    is less than 50."""
    max_buffer: BufferSize = 16644
    """MaxBufferSize, bytes: the longest message a client may send but for large writes; a longer one is INVALID_SMB
    where it is less than 16644."""
    largest_read: Annotated[int, Meta(ge=1024, le=0x1000000)] = 0x20000
    """Bytes that one READ_ANDX gives at most."""
    file_system: ShortText = "NTFS"
    """The file system's name, in a tree connect and at the level of file systems."""
    native_os: ShortText = "Windows 5.1"
    """NativeOS of a session setup."""
    native_lan_manager: ShortText = "Windows 2000 LAN Manager"
    """NativeLanMan of a session setup."""
    os_major: Annotated[int, Meta(ge=0, le=255)] = 5
    """The major version that srvsvc, wkssvc and RAP tell."""
    os_minor: Annotated[int, Meta(ge=0, le=255)] = 1
    """The minor version."""
    ntlmssp_version: Annotated[str, Meta(pattern=r"^((\d{1,2}|1\d\d|2[0-4]\d)\.){2}\d{1,4}$|^$")] = "5.2.3790"
    """The version in the NTLMSSP CHALLENGE, as MAJOR.MINOR.BUILD; empty: none."""
    time_zone: Annotated[int, Meta(ge=-900, le=900)] | ShortText | None = None
    """The local time that old commands and levels tell: a name such as `Europe/Berlin`, or minutes west of UTC; None:
    that of the machine, and UTC where runs can be repeated."""
    first_uid: First = 0x0800
    """The first UID of a connection."""
    first_tid: First = 0x0800
    """The first TID."""
    first_fid: First = 0x4000
    """The first FID."""
    first_sid: First = 0x0001
    """The first search identifier."""
    called_names: CalledNames = "own"
    """Which names a NetBIOS session may call on 139 or `netbios_port`: `own`, those of the server; any other is a
    negative session response; `any`."""
    referral_status: ReferralStatus = "NO_SUCH_DEVICE"
    """The status of a referral where there is no DFS namespace."""

    @property
    def capabilities(self) -> int:
        """What a negotiate may offer; UNIX only where a share has Unix extensions, and EXTENDED_SECURITY only to
        clients that ask for it."""
        return sum(bit for name, bit in CAPABILITIES.items() if getattr(self, name))

    def offers(self, capability: int) -> bool:
        """Whether the server has that capability."""
        return bool(self.capabilities & capability)

    @property
    def reply_flags(self) -> int:
        """Flags of every reply."""
        return Flags.REPLY | Flags.CANONICALIZED_PATHS | Flags.CASE_INSENSITIVE

    @property
    def reply_flags2(self) -> int:
        """The bits of a request's Flags2 that its reply repeats."""
        return Flags2.LONG_NAMES | sum(bit for name, bit in _REPEATED.items() if getattr(self, name))

    @property
    def version_bytes(self) -> bytes:
        """`ntlmssp_version` as [MS-NLMP] 2.2.2.10 has it, NTLMSSP revision 15; empty for none."""
        if not self.ntlmssp_version:
            return b""
        major, minor, build = map(int, self.ntlmssp_version.split("."))
        return struct.pack("<BBH3xB", major, minor, build, NTLMSSP_REVISION)

    @property
    def unread_flags2(self) -> int:
        """The bits of a request's Flags2 that a server of this make does not know, and so does not heed."""
        unicode = 0 if self.unicode else Flags2.UNICODE
        return unicode | (0 if self.status32 else Flags2.NT_STATUS)
