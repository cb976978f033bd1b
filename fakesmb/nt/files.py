"""The vocabulary of files that wire, store and core share: access, sharing, dispositions, options, attributes, changes.

The values are those that go over the wire, so nobody translates.
"""

from enum import IntEnum
from typing import Final


class Access:
    """Access mask bits, [MS-SMB] 2.2.1.4."""

    READ_DATA: Final = 0x00000001
    LIST_DIRECTORY: Final = 0x00000001
    WRITE_DATA: Final = 0x00000002
    ADD_FILE: Final = 0x00000002
    APPEND_DATA: Final = 0x00000004
    ADD_SUBDIRECTORY: Final = 0x00000004
    READ_EA: Final = 0x00000008
    WRITE_EA: Final = 0x00000010
    EXECUTE: Final = 0x00000020
    TRAVERSE: Final = 0x00000020
    DELETE_CHILD: Final = 0x00000040
    READ_ATTRIBUTES: Final = 0x00000080
    WRITE_ATTRIBUTES: Final = 0x00000100
    DELETE: Final = 0x00010000
    READ_CONTROL: Final = 0x00020000
    WRITE_DAC: Final = 0x00040000
    WRITE_OWNER: Final = 0x00080000
    SYNCHRONIZE: Final = 0x00100000
    SYSTEM_SECURITY: Final = 0x01000000
    MAXIMUM_ALLOWED: Final = 0x02000000
    GENERIC_ALL: Final = 0x10000000
    GENERIC_EXECUTE: Final = 0x20000000
    GENERIC_WRITE: Final = 0x40000000
    GENERIC_READ: Final = 0x80000000

    FILE_ALL: Final = 0x001F01FF
    FILE_READ: Final = 0x00120089
    FILE_WRITE: Final = 0x00120116
    FILE_EXECUTE: Final = 0x001200A0


class ShareMode:
    """Share mode bits: what other opens may do meanwhile."""

    NONE: Final = 0
    READ: Final = 1
    WRITE: Final = 2
    DELETE: Final = 4
    ALL: Final = 7


class DosDeny:
    """Sharing of DOS opens that is more than a share mode ([MS-CIFS] 3.2.4.5.1)."""

    NONE: Final = 0
    DOS: Final = 1
    """Compatibility mode."""
    FCB: Final = 2
    DOS_PROGRAM: Final = 3
    """Compatibility mode of a program file (.exe and its kin), which may be run while it is open."""


class Disposition(IntEnum):
    """CreateDisposition, [MS-CIFS] 2.2.4.64.1."""

    SUPERSEDE = 0
    OPEN = 1
    CREATE = 2
    OPEN_IF = 3
    OVERWRITE = 4
    OVERWRITE_IF = 5


class Action(IntEnum):
    """CreateAction: what an open did."""

    SUPERSEDED = 0
    OPENED = 1
    CREATED = 2
    OVERWRITTEN = 3


class Option:
    """CreateOptions bits, [MS-CIFS] 2.2.4.64.1."""

    DIRECTORY: Final = 0x00000001
    WRITE_THROUGH: Final = 0x00000002
    SEQUENTIAL_ONLY: Final = 0x00000004
    NO_INTERMEDIATE_BUFFERING: Final = 0x00000008
    SYNCHRONOUS_IO_ALERT: Final = 0x00000010
    SYNCHRONOUS_IO_NONALERT: Final = 0x00000020
    NON_DIRECTORY: Final = 0x00000040
    CREATE_TREE_CONNECTION: Final = 0x00000080
    COMPLETE_IF_OPLOCKED: Final = 0x00000100
    NO_EA_KNOWLEDGE: Final = 0x00000200
    RANDOM_ACCESS: Final = 0x00000800
    DELETE_ON_CLOSE: Final = 0x00001000
    OPEN_BY_FILE_ID: Final = 0x00002000
    BACKUP_INTENT: Final = 0x00004000
    NO_COMPRESSION: Final = 0x00008000
    OPEN_REPARSE_POINT: Final = 0x00200000
    OPEN_NO_RECALL: Final = 0x00400000


class Oplock:
    """Oplock levels, [MS-CIFS] 2.2.4.64.2 OpLockLevel: what an opener may cache."""

    NONE: Final = 0
    EXCLUSIVE: Final = 1
    BATCH: Final = 2
    """As EXCLUSIVE, and the close may be put off: another's open makes the client close what it kept open."""
    LEVEL_II: Final = 3
    """Reads only, shared with others."""


class Attribute:
    """File attribute bits, [MS-FSCC] 2.6."""

    READONLY: Final = 0x0001
    HIDDEN: Final = 0x0002
    SYSTEM: Final = 0x0004
    VOLUME: Final = 0x0008
    DIRECTORY: Final = 0x0010
    ARCHIVE: Final = 0x0020
    NORMAL: Final = 0x0080
    TEMPORARY: Final = 0x0100
    SPARSE: Final = 0x0200
    REPARSE_POINT: Final = 0x0400
    COMPRESSED: Final = 0x0800
    OFFLINE: Final = 0x1000
    NOT_CONTENT_INDEXED: Final = 0x2000
    ENCRYPTED: Final = 0x4000

    SETTABLE: Final = 0x31A7
    """What a client may set: the rest describes the object."""


class Filter:
    """CompletionFilter bits: what a change is about ([MS-SMB2] 2.2.35, [MS-CIFS] 2.2.7.4.1)."""

    FILE_NAME: Final = 0x0001
    DIR_NAME: Final = 0x0002
    ATTRIBUTES: Final = 0x0004
    SIZE: Final = 0x0008
    LAST_WRITE: Final = 0x0010
    LAST_ACCESS: Final = 0x0020
    CREATION: Final = 0x0040
    EA: Final = 0x0080
    SECURITY: Final = 0x0100
    STREAM_NAME: Final = 0x0200
    STREAM_SIZE: Final = 0x0400
    STREAM_WRITE: Final = 0x0800


class FileAction:
    """FILE_ACTION_*: what happened to a name in a watched directory, [MS-FSCC] 2.7.1."""

    ADDED: Final = 1
    REMOVED: Final = 2
    MODIFIED: Final = 3
    RENAMED_OLD_NAME: Final = 4
    RENAMED_NEW_NAME: Final = 5
    ADDED_STREAM: Final = 6
    REMOVED_STREAM: Final = 7
    MODIFIED_STREAM: Final = 8
