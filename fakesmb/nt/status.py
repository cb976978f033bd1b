"""NT status codes, their DOS shadows, and the one exception that carries them.

Clients that set SMB_FLAGS2_NT_STATUS get the 32-bit NT status; all others the DOS class and code
that [MS-CIFS] 2.2.2.4 pairs with it.
"""

import errno
from enum import IntEnum
from typing import Final


class NT(IntEnum):
    """NT status codes that a file server answers with ([MS-ERREF] 2.3), without their `STATUS_` prefix."""

    SUCCESS = 0x00000000
    PENDING = 0x00000103
    MORE_ENTRIES = 0x00000105
    NOTIFY_CLEANUP = 0x0000010B
    NOTIFY_ENUM_DIR = 0x0000010C
    NO_QUOTAS_FOR_ACCOUNT = 0x0000010D
    SOME_NOT_MAPPED = 0x00000107
    NO_MORE_ENTRIES = 0x8000001A
    BUFFER_OVERFLOW = 0x80000005
    NO_MORE_FILES = 0x80000006
    NO_MORE_EAS = 0x80000012
    INVALID_EA_NAME = 0x80000013
    EA_LIST_INCONSISTENT = 0x80000014
    INVALID_EA_FLAG = 0x80000015
    STOPPED_ON_SYMLINK = 0x8000002D
    INVALID_SMB = 0x00010002
    SMB_BAD_TID = 0x00050002
    SMB_BAD_FID = 0x00060001
    SMB_BAD_COMMAND = 0x00160002
    SMB_BAD_UID = 0x005B0002
    SMB_USE_STANDARD = 0x00FB0002
    OS2_INVALID_LEVEL = 0x007C0001
    OS2_INVALID_ACCESS = 0x000C0001
    OS2_NEGATIVE_SEEK = 0x00830001
    OS2_CANCEL_VIOLATION = 0x00AD0001
    OS2_NO_MORE_SIDS = 0x00710001
    OS2_ATOMIC_LOCKS_NOT_SUPPORTED = 0x00AE0001
    OS2_CANNOT_COPY = 0x010A0001
    OS2_EAS_DIDNT_FIT = 0x01130001
    OS2_EA_ACCESS_DENIED = 0x03E20001
    UNSUCCESSFUL = 0xC0000001
    NOT_IMPLEMENTED = 0xC0000002
    INVALID_INFO_CLASS = 0xC0000003
    INFO_LENGTH_MISMATCH = 0xC0000004
    INVALID_HANDLE = 0xC0000008
    INVALID_PARAMETER = 0xC000000D
    NO_SUCH_DEVICE = 0xC000000E
    NO_SUCH_FILE = 0xC000000F
    INVALID_DEVICE_REQUEST = 0xC0000010
    END_OF_FILE = 0xC0000011
    WRONG_VOLUME = 0xC0000012
    MORE_PROCESSING_REQUIRED = 0xC0000016
    NO_MEMORY = 0xC0000017
    ACCESS_DENIED = 0xC0000022
    BUFFER_TOO_SMALL = 0xC0000023
    OBJECT_TYPE_MISMATCH = 0xC0000024
    INVALID_LOCK_SEQUENCE = 0xC000001E
    NOT_LOCKED = 0xC000002A
    DISK_CORRUPT_ERROR = 0xC0000032
    OBJECT_NAME_INVALID = 0xC0000033
    OBJECT_NAME_NOT_FOUND = 0xC0000034
    OBJECT_NAME_COLLISION = 0xC0000035
    PORT_DISCONNECTED = 0xC0000037
    DATA_ERROR = 0xC000003E
    OBJECT_PATH_INVALID = 0xC0000039
    OBJECT_PATH_NOT_FOUND = 0xC000003A
    OBJECT_PATH_SYNTAX_BAD = 0xC000003B
    SHARING_VIOLATION = 0xC0000043
    EAS_NOT_SUPPORTED = 0xC000004F
    EA_TOO_LARGE = 0xC0000050
    NONEXISTENT_EA_ENTRY = 0xC0000051
    NO_EAS_ON_FILE = 0xC0000052
    EA_CORRUPT_ERROR = 0xC0000053
    FILE_LOCK_CONFLICT = 0xC0000054
    LOCK_NOT_GRANTED = 0xC0000055
    DELETE_PENDING = 0xC0000056
    CTL_FILE_NOT_SUPPORTED = 0xC0000057
    UNKNOWN_REVISION = 0xC0000058
    NO_SUCH_PRIVILEGE = 0xC0000060
    PRIVILEGE_NOT_HELD = 0xC0000061
    NO_SUCH_USER = 0xC0000064
    NO_SUCH_GROUP = 0xC0000066
    WRONG_PASSWORD = 0xC000006A
    PASSWORD_EXPIRED = 0xC0000071
    LOGON_FAILURE = 0xC000006D
    ACCOUNT_RESTRICTION = 0xC000006E
    ACCOUNT_DISABLED = 0xC0000072
    NONE_MAPPED = 0xC0000073
    INVALID_OWNER = 0xC000005A
    INVALID_ACL = 0xC0000077
    INVALID_SID = 0xC0000078
    INVALID_SECURITY_DESCR = 0xC0000079
    RANGE_NOT_LOCKED = 0xC000007E
    DISK_FULL = 0xC000007F
    INSUFFICIENT_RESOURCES = 0xC000009A
    MEDIA_WRITE_PROTECTED = 0xC00000A2
    BAD_IMPERSONATION_LEVEL = 0xC00000A5
    INSTANCE_NOT_AVAILABLE = 0xC00000AB
    PIPE_NOT_AVAILABLE = 0xC00000AC
    INVALID_PIPE_STATE = 0xC00000AD
    PIPE_BUSY = 0xC00000AE
    ILLEGAL_FUNCTION = 0xC00000AF
    PIPE_DISCONNECTED = 0xC00000B0
    PIPE_CLOSING = 0xC00000B1
    PIPE_EMPTY = 0xC00000D9
    IO_TIMEOUT = 0xC00000B5
    FILE_IS_A_DIRECTORY = 0xC00000BA
    NOT_SUPPORTED = 0xC00000BB
    PRINT_QUEUE_FULL = 0xC00000C6
    NO_SPOOL_SPACE = 0xC00000C7
    PRINT_CANCELLED = 0xC00000C8
    NETWORK_NAME_DELETED = 0xC00000C9
    NETWORK_ACCESS_DENIED = 0xC00000CA
    BAD_DEVICE_TYPE = 0xC00000CB
    BAD_NETWORK_NAME = 0xC00000CC
    TOO_MANY_SESSIONS = 0xC00000CE
    INSUFF_SERVER_RESOURCES = 0xC0000205
    REQUEST_NOT_ACCEPTED = 0xC00000D0
    NOT_SAME_DEVICE = 0xC00000D4
    UNEXPECTED_NETWORK_ERROR = 0xC00000C4
    OPLOCK_NOT_GRANTED = 0xC00000E2
    INVALID_OPLOCK_PROTOCOL = 0xC00000E3
    NO_SUCH_DOMAIN = 0xC00000DF
    INTERNAL_ERROR = 0xC00000E5
    CANNOT_DELETE = 0xC0000121
    TIME_DIFFERENCE_AT_DC = 0xC0000133
    NOT_SAME_OBJECT = 0xC00001AC
    DIRECTORY_NOT_EMPTY = 0xC0000101
    NOT_A_DIRECTORY = 0xC0000103
    NAME_TOO_LONG = 0xC0000106
    TOO_MANY_OPENED_FILES = 0xC000011F
    CANCELLED = 0xC0000120
    INVALID_LOCK_RANGE = 0xC00001A1
    FILE_CLOSED = 0xC0000128
    DEVICE_NOT_CONNECTED = 0xC000009D
    INVALID_LEVEL = 0xC0000148
    NO_SUCH_ALIAS = 0xC0000151
    PIPE_BROKEN = 0xC000014B
    LOGON_TYPE_NOT_GRANTED = 0xC000015B
    FILE_RENAMED = 0xC00000D5
    NOT_FOUND = 0xC0000225
    ACCOUNT_LOCKED_OUT = 0xC0000234
    OBJECTID_NOT_FOUND = 0xC00002F0
    NOT_A_REPARSE_POINT = 0xC0000275
    IO_REPARSE_TAG_INVALID = 0xC0000276
    IO_REPARSE_DATA_INVALID = 0xC0000278
    PATH_NOT_COVERED = 0xC0000257
    NETWORK_SESSION_EXPIRED = 0xC000035C
    TOO_MANY_LINKS = 0xC0000265
    SMB_NO_SUPPORT = 0xFFFF0002

    @property
    def label(self) -> str:
        """The name as the field writes it: `STATUS_NO_SUCH_DEVICE`."""
        return f"STATUS_{self.name}"


def is_smb_error(code: int) -> bool:
    """Whether a status is an error class and code in the shape of a status (`STATUS_SMB_BAD_UID`, `STATUS_OS2_...`).

    Windows clears SMB_FLAGS2_NT_STATUS in an answer that carries one, whatever the client asked for: there is no
    NT status behind it.
    """
    return code >> 28 in (0, 15) and code >> 16 != 0


def label(code: int) -> str:
    """`STATUS_...` for a known code, else eight hexadecimal digits."""
    try:
        return NT(code).label
    except ValueError:
        return f"0x{code:08X}"


ERRDOS: Final = 1
ERRSRV: Final = 2
ERRHRD: Final = 3

Dos = tuple[int, int]
"""DOS error class and code, as [MS-CIFS] 2.2.2.4 numbers them."""

RENAME_COLLISION: Final[Dos] = (ERRDOS, 183)
"""ERRrename: a name that is taken, where it is not an open that finds it so (ERRfilexists)."""
NO_FILES: Final[Dos] = (ERRDOS, 18)
"""ERRnofiles: what a listing that finds nothing says below NT LM 0.12, where that has NO_SUCH_FILE."""
BAD_PASSWORD: Final[Dos] = (ERRSRV, 2)
"""ERRbadpw: a sign-in that failed, for which Windows 95 and DOS ask for the password again; elsewhere ERRnoaccess."""

_DOS_ROWS: Final[dict[Dos, tuple[NT, ...]]] = {
    (0, 0): (NT.SUCCESS,),
    (ERRDOS, 1): (NT.NOT_IMPLEMENTED, NT.INVALID_DEVICE_REQUEST, NT.ILLEGAL_FUNCTION),  # ERRbadfunc
    (ERRDOS, 2): (
        NT.NO_SUCH_FILE,
        NT.NO_SUCH_DEVICE,
        NT.OBJECT_NAME_NOT_FOUND,
        NT.OBJECTID_NOT_FOUND,
    ),  # ERRbadfile
    (ERRDOS, 3): (  # ERRbadpath
        NT.OBJECT_PATH_NOT_FOUND,
        NT.OBJECT_PATH_INVALID,
    ),
    (ERRDOS, 4): (NT.TOO_MANY_OPENED_FILES,),  # ERRnofids
    (ERRDOS, 5): (  # ERRnoaccess
        NT.ACCESS_DENIED,
        NT.INVALID_LOCK_SEQUENCE,
        NT.DELETE_PENDING,
        NT.CANNOT_DELETE,
        NT.FILE_IS_A_DIRECTORY,
        NT.FILE_RENAMED,
        NT.PRIVILEGE_NOT_HELD,
        NT.LOGON_FAILURE,
        NT.NO_SUCH_USER,
        NT.ACCOUNT_RESTRICTION,
        NT.LOGON_TYPE_NOT_GRANTED,
    ),
    (ERRDOS, 6): (  # ERRbadfid
        NT.INVALID_HANDLE,
        NT.OBJECT_TYPE_MISMATCH,
        NT.PORT_DISCONNECTED,
        NT.FILE_CLOSED,
    ),
    (ERRDOS, 8): (NT.NO_MEMORY, NT.INSUFFICIENT_RESOURCES, NT.INSUFF_SERVER_RESOURCES),  # ERRnomem
    (ERRDOS, 16): (NT.DIRECTORY_NOT_EMPTY,),  # ERRremcd
    (ERRDOS, 17): (NT.NOT_SAME_DEVICE,),  # ERRdiffdevice
    (ERRDOS, 18): (NT.NO_MORE_FILES, NT.NO_MORE_ENTRIES),  # ERRnofiles
    (ERRDOS, 24): (NT.INFO_LENGTH_MISMATCH,),  # ERRbadlength
    (ERRDOS, 31): (NT.UNSUCCESSFUL,),  # ERRgeneral
    (ERRDOS, 32): (NT.SHARING_VIOLATION,),  # ERRbadshare
    (ERRDOS, 33): (NT.FILE_LOCK_CONFLICT, NT.LOCK_NOT_GRANTED, NT.INVALID_LOCK_RANGE),  # ERRlock
    (ERRDOS, 38): (NT.END_OF_FILE,),  # ERReof
    (ERRDOS, 50): (NT.NOT_SUPPORTED, NT.CTL_FILE_NOT_SUPPORTED),  # ERRunsup
    (ERRDOS, 80): (NT.OBJECT_NAME_COLLISION,),  # ERRfilexists
    (ERRDOS, 87): (NT.INVALID_PARAMETER, NT.INVALID_INFO_CLASS),  # ERRinvalidparam
    (ERRDOS, 109): (NT.PIPE_BROKEN,),  # ERROR_BROKEN_PIPE
    (ERRDOS, 112): (NT.DISK_FULL,),  # ERROR_DISK_FULL
    (ERRDOS, 122): (NT.BUFFER_TOO_SMALL,),  # ERRinsufficientbuffer
    (ERRDOS, 123): (NT.OBJECT_NAME_INVALID,),  # ERRinvalidname
    (ERRDOS, 161): (
        NT.OBJECT_PATH_SYNTAX_BAD,
    ),  # ERROR_BAD_PATHNAME, as Windows sends; ERRbadpath in the tables
    (ERRDOS, 124): (NT.INVALID_LEVEL,),  # ERRunknownlevel
    (ERRDOS, 158): (NT.NOT_LOCKED, NT.RANGE_NOT_LOCKED),  # ERRnotlocked
    (ERRDOS, 206): (NT.NAME_TOO_LONG,),  # ERROR_FILENAME_EXCED_RANGE
    (ERRDOS, 230): (NT.INVALID_PIPE_STATE,),  # ERRbadpipe
    (ERRDOS, 231): (NT.INSTANCE_NOT_AVAILABLE, NT.PIPE_NOT_AVAILABLE, NT.PIPE_BUSY),  # ERRpipebusy
    (ERRDOS, 232): (NT.PIPE_CLOSING, NT.PIPE_EMPTY),  # ERRpipeclosing
    (ERRDOS, 233): (NT.PIPE_DISCONNECTED,),  # ERRnotconnected
    (ERRDOS, 234): (NT.BUFFER_OVERFLOW, NT.MORE_PROCESSING_REQUIRED),  # ERRmoredata
    (ERRDOS, 254): (NT.INVALID_EA_NAME,),  # ERROR_INVALID_EA_NAME
    (ERRDOS, 255): (NT.EA_TOO_LARGE, NT.EA_LIST_INCONSISTENT, NT.INVALID_EA_FLAG),  # ERRbadealist
    (ERRDOS, 267): (NT.NOT_A_DIRECTORY,),  # ERRbaddirectory
    (ERRDOS, 275): (NT.EA_CORRUPT_ERROR,),  # ERReasdidntfit
    (ERRDOS, 282): (NT.NO_EAS_ON_FILE, NT.NONEXISTENT_EA_ENTRY, NT.EAS_NOT_SUPPORTED),  # ERReasunsupported
    (ERRDOS, 300): (NT.OPLOCK_NOT_GRANTED,),  # ERROR_OPLOCK_NOT_GRANTED
    (ERRDOS, 301): (NT.INVALID_OPLOCK_PROTOCOL,),  # ERROR_INVALID_OPLOCK_PROTOCOL
    (ERRDOS, 995): (NT.CANCELLED,),  # ERROR_OPERATION_ABORTED
    (ERRDOS, 1022): (NT.NOTIFY_ENUM_DIR, NT.NOTIFY_CLEANUP),  # ERRnotifyenumdir
    (ERRDOS, 1142): (NT.TOO_MANY_LINKS,),  # ERROR_TOO_MANY_LINKS
    (ERRDOS, 1346): (NT.BAD_IMPERSONATION_LEVEL,),  # ERROR_BAD_IMPERSONATION_LEVEL
    (ERRDOS, 1332): (NT.NONE_MAPPED, NT.SOME_NOT_MAPPED),  # ERROR_NONE_MAPPED
    (ERRDOS, 1337): (NT.INVALID_SID,),  # ERROR_INVALID_SID
    (ERRDOS, 1336): (NT.INVALID_ACL,),  # ERROR_INVALID_ACL
    (ERRDOS, 1307): (NT.INVALID_OWNER,),  # ERROR_INVALID_OWNER
    (ERRDOS, 1338): (NT.INVALID_SECURITY_DESCR,),  # ERROR_INVALID_SECURITY_DESCR
    (ERRSRV, 2): (NT.WRONG_PASSWORD,),  # ERRbadpw
    (ERRSRV, 3): (NT.PATH_NOT_COVERED,),  # ERRbadpath
    (ERRSRV, 4): (NT.NETWORK_ACCESS_DENIED,),  # ERRaccess
    (ERRSRV, 5): (NT.NETWORK_NAME_DELETED,),  # ERRinvtid
    (ERRSRV, 6): (NT.BAD_NETWORK_NAME,),  # ERRinvnetname
    (ERRSRV, 7): (NT.BAD_DEVICE_TYPE,),  # ERRinvdevice
    (ERRSRV, 49): (NT.PRINT_QUEUE_FULL,),  # ERRqfull
    (ERRSRV, 50): (NT.NO_SPOOL_SPACE,),  # ERRqtoobig
    (ERRSRV, 52): (NT.PRINT_CANCELLED,),  # ERRinvpfid
    (ERRSRV, 65): (NT.UNEXPECTED_NETWORK_ERROR, NT.INTERNAL_ERROR),  # ERRsrverror
    (ERRSRV, 88): (NT.IO_TIMEOUT,),  # ERRtimeout
    (ERRSRV, 89): (NT.REQUEST_NOT_ACCEPTED,),  # ERRnoresource
    (ERRSRV, 90): (NT.TOO_MANY_SESSIONS,),  # ERRtoomanyuids
    (ERRSRV, 91): (NT.NETWORK_SESSION_EXPIRED,),  # ERRbaduid
    (ERRSRV, 2239): (NT.ACCOUNT_DISABLED,),  # ERRaccountExpired
    (ERRSRV, 2242): (NT.PASSWORD_EXPIRED,),  # ERRpasswordExpired
    (ERRSRV, 0xFFFF): (NT.SMB_NO_SUPPORT,),  # ERRnosupport
    (ERRHRD, 19): (NT.MEDIA_WRITE_PROTECTED,),  # ERRnowrite
    (ERRHRD, 21): (NT.DEVICE_NOT_CONNECTED,),  # ERRnotready
    (ERRHRD, 23): (NT.DATA_ERROR,),  # ERRdata
    (ERRHRD, 26): (NT.DISK_CORRUPT_ERROR,),  # ERRbadmedia
    (ERRHRD, 34): (NT.WRONG_VOLUME,),  # ERRwrongdisk
}
"""[MS-CIFS] 2.2.2.4 for what it lists; else the code that Windows has for the status, as its clients know it."""

_CODES: Final = frozenset(NT)
_DOS: Final[dict[int, Dos]] = {code: dos for dos, codes in _DOS_ROWS.items() for code in codes}


def is_dos_pair(code: int) -> bool:
    """Whether a status is a DOS class and code in NT's clothes: SMB_BAD_TID, OS2_INVALID_LEVEL, ..."""
    return code >> 28 == 0 and code >> 16 != 0 and code & 0xFF00 == 0 and ERRDOS <= code & 0xFF <= ERRHRD


def to_dos(code: int) -> Dos:
    """The DOS class and code of an NT status ([MS-CIFS] 2.2.2.4).

    The CIFS-specific codes (SMB_BAD_TID, ...) already are a class and a code, wire for wire.
    """
    known = _DOS.get(code)
    if known is not None:
        return known
    if is_dos_pair(code):
        return code & 0xFF, code >> 16
    return ERRHRD, 31  # ERRgeneral: what Windows sends for a status that DOS never had


def from_dos(code: int) -> int:
    """The NT status that a DOS class and code, as the four bytes of a header hold them, stand for most often.

    A pair that stands for none, or is a STATUS_SMB_ code, is a code of its own.
    """
    if code in _CODES:
        return code
    known = _DOS_ROWS.get((code & 0xFF, code >> 16))
    return code if known is None else known[0]


def of_dos(kind: int, code: int) -> int | None:
    """The NT status that a DOS class and code stand for, the most usual where there are several; None for none."""
    found = _DOS_ROWS.get((kind, code))
    return None if found is None else found[0]


_ERRNO: Final[dict[int, NT]] = {
    errno.ENOENT: NT.OBJECT_NAME_NOT_FOUND,
    errno.EACCES: NT.ACCESS_DENIED,
    errno.EPERM: NT.ACCESS_DENIED,
    errno.EEXIST: NT.OBJECT_NAME_COLLISION,
    errno.ENOTDIR: NT.OBJECT_PATH_NOT_FOUND,
    errno.EISDIR: NT.FILE_IS_A_DIRECTORY,
    errno.ENOTEMPTY: NT.DIRECTORY_NOT_EMPTY,
    errno.ENOSPC: NT.DISK_FULL,
    errno.EDQUOT: NT.DISK_FULL,
    errno.EFBIG: NT.DISK_FULL,
    errno.EROFS: NT.MEDIA_WRITE_PROTECTED,
    errno.ENAMETOOLONG: NT.OBJECT_NAME_INVALID,
    errno.ELOOP: NT.OBJECT_PATH_NOT_FOUND,
    errno.EXDEV: NT.NOT_SAME_DEVICE,
    errno.EMFILE: NT.TOO_MANY_OPENED_FILES,
    errno.ENFILE: NT.TOO_MANY_OPENED_FILES,
    errno.ENOMEM: NT.INSUFFICIENT_RESOURCES,
    errno.EINVAL: NT.INVALID_PARAMETER,
    errno.EBUSY: NT.SHARING_VIOLATION,
    errno.ETXTBSY: NT.SHARING_VIOLATION,
    errno.EMLINK: NT.TOO_MANY_LINKS,
    errno.ENOTSUP: NT.NOT_SUPPORTED,
    errno.EOPNOTSUPP: NT.NOT_SUPPORTED,
    errno.ENOSYS: NT.NOT_SUPPORTED,
    errno.EIO: NT.DATA_ERROR,
    errno.EILSEQ: NT.OBJECT_NAME_INVALID,
    errno.E2BIG: NT.INSUFFICIENT_RESOURCES,
    errno.ENOBUFS: NT.INSUFFICIENT_RESOURCES,
    errno.ENOLCK: NT.INSUFFICIENT_RESOURCES,
    errno.EAGAIN: NT.INSUFFICIENT_RESOURCES,
    errno.EBADF: NT.INVALID_HANDLE,
    errno.ENXIO: NT.DEVICE_NOT_CONNECTED,
    errno.ENODEV: NT.DEVICE_NOT_CONNECTED,
    errno.ENOTCONN: NT.DEVICE_NOT_CONNECTED,
    errno.ECONNABORTED: NT.DEVICE_NOT_CONNECTED,
    errno.ESTALE: NT.DEVICE_NOT_CONNECTED,
    errno.ETIMEDOUT: NT.IO_TIMEOUT,
    **({errno.EUCLEAN: NT.DISK_CORRUPT_ERROR} if hasattr(errno, "EUCLEAN") else {}),
}
"""ENOTCONN is what a FUSE file system says whose program is gone, ESTALE what one of a network says that lost the file,
EUCLEAN (Linux) what is damaged."""


def from_os(error: OSError) -> NT:
    """The NT status of a failed system call ([MS-CIFS] 2.2.2.4, column "POSIX equivalent")."""
    return _ERRNO.get(error.errno or 0, NT.UNSUCCESSFUL)


_MOST_SAID: Final = 600
"""Characters of a reason."""


class SMBError(Exception):
    """A request that is answered with a status instead of a result.

    `dos` overrides the usual DOS pair where old clients are told something else than the NT status implies.
    `why` is for the log, never for the client. It is kept there, and quotes names of any length: a part says enough.
    """

    def __init__(self, status: int, why: str = "", *, dos: Dos | None = None) -> None:
        if len(why) > _MOST_SAID:
            why = f"{why[:_MOST_SAID]}..."
        super().__init__(status, why)
        self.status = status
        self.why = why
        self.dos = dos

    def with_dos(self, dos: Dos) -> "SMBError":
        """The same refusal, of which old clients are told `dos`."""
        return SMBError(self.status, self.why, dos=dos)

    def __str__(self) -> str:
        return f"{label(self.status)}: {self.why}" if self.why else label(self.status)
