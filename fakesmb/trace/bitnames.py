"""The names of bits and of numbers, as the specifications write them."""

from fakesmb.trace.meanings import Meaning, bits, fields_of, first_of, hexadecimal, named

FLAGS = bits(
    {
        0x01: "LOCK_AND_READ_OK",
        0x02: "BUF_AVAIL",
        0x04: "OBSOLETE",
        0x08: "CASE_INSENSITIVE",
        0x10: "CANONICALIZED_PATHS",
        0x20: "OPLOCK",
        0x40: "OPBATCH",
        0x80: "REPLY",
    },
    prefix="SMB_FLAGS_",
)
"""[MS-CIFS] 2.2.3.1."""
FLAGS2 = bits(
    {
        0x0001: "LONG_NAMES",
        0x0002: "EAS",
        0x0004: "SMB_SECURITY_SIGNATURE",
        0x0008: "COMPRESSED",
        0x0010: "SMB_SECURITY_SIGNATURE_REQUIRED",
        0x0040: "IS_LONG_NAME",
        0x0400: "REPARSE_PATH",
        0x0800: "EXTENDED_SECURITY",
        0x1000: "DFS",
        0x2000: "PAGING_IO",
        0x4000: "NT_STATUS",
        0x8000: "UNICODE",
    },
    prefix="SMB_FLAGS2_",
)
"""[MS-CIFS] 2.2.3.1, [MS-SMB] 2.2.3.1."""
CAPABILITIES = bits(
    {
        0x00000001: "RAW_MODE",
        0x00000002: "MPX_MODE",
        0x00000004: "UNICODE",
        0x00000008: "LARGE_FILES",
        0x00000010: "NT_SMBS",
        0x00000020: "RPC_REMOTE_APIS",
        0x00000040: "STATUS32",
        0x00000080: "LEVEL_II_OPLOCKS",
        0x00000100: "LOCK_AND_READ",
        0x00000200: "NT_FIND",
        0x00000400: "BULK_TRANSFER",
        0x00000800: "COMPRESSED_DATA",
        0x00001000: "DFS",
        0x00002000: "INFOLEVEL_PASSTHRU",
        0x00004000: "LARGE_READX",
        0x00008000: "LARGE_WRITEX",
        0x00010000: "LWIO",
        0x00800000: "UNIX",
        0x02000000: "COMPRESSED_DATA",
        0x20000000: "DYNAMIC_REAUTH",
        0x40000000: "PERSISTENT_HANDLES",
        0x80000000: "EXTENDED_SECURITY",
    },
    prefix="CAP_",
)
"""[MS-CIFS] 2.2.4.52.2, [MS-SMB] 2.2.4.5.2.1."""
SECURITY_MODE = bits(
    {
        0x01: "NEGOTIATE_USER_SECURITY",
        0x02: "NEGOTIATE_ENCRYPT_PASSWORDS",
        0x04: "NEGOTIATE_SECURITY_SIGNATURES_ENABLED",
        0x08: "NEGOTIATE_SECURITY_SIGNATURES_REQUIRED",
    },
    none="a password for each share, in plain text",
)
RAW_MODE = bits({1: "SMB_COM_READ_RAW", 2: "SMB_COM_WRITE_RAW"}, none="no raw reads or writes")
SETUP_ACTION = bits({1: "SMB_SETUP_GUEST", 2: "SMB_SETUP_USE_LANMAN_KEY"})
TREE_CONNECT_FLAGS = bits(
    {
        0x0001: "TREE_CONNECT_ANDX_DISCONNECT_TID",
        0x0004: "TREE_CONNECT_ANDX_EXTENDED_SIGNATURES",
        0x0008: "TREE_CONNECT_ANDX_EXTENDED_RESPONSE",
    }
)
OPTIONAL_SUPPORT = fields_of(
    (
        (
            0xFFF3,
            0,
            bits(
                {
                    0x0001: "SMB_SUPPORT_SEARCH_BITS",
                    0x0002: "SMB_SHARE_IS_IN_DFS",
                    0x0010: "SMB_UNIQUE_FILE_NAME",
                    0x0020: "SMB_EXTENDED_SIGNATURES",
                }
            ),
        ),
        (
            0x000C,
            2,
            named(
                {
                    0: "SMB_CSC_CACHE_MANUAL_REINT",
                    1: "SMB_CSC_CACHE_AUTO_REINT",
                    2: "SMB_CSC_CACHE_VDO",
                    3: "SMB_CSC_NO_CACHING",
                }
            ),
        ),
    )
)
"""[MS-SMB] 2.2.4.7.2."""
ACCESS = bits(
    {
        0x001F01FF: "FILE_ALL_ACCESS",
        0x00000001: "FILE_READ_DATA",
        0x00000002: "FILE_WRITE_DATA",
        0x00000004: "FILE_APPEND_DATA",
        0x00000008: "FILE_READ_EA",
        0x00000010: "FILE_WRITE_EA",
        0x00000020: "FILE_EXECUTE",
        0x00000040: "FILE_DELETE_CHILD",
        0x00000080: "FILE_READ_ATTRIBUTES",
        0x00000100: "FILE_WRITE_ATTRIBUTES",
        0x00010000: "DELETE",
        0x00020000: "READ_CONTROL",
        0x00040000: "WRITE_DAC",
        0x00080000: "WRITE_OWNER",
        0x00100000: "SYNCHRONIZE",
        0x01000000: "ACCESS_SYSTEM_SECURITY",
        0x02000000: "MAXIMUM_ALLOWED",
        0x10000000: "GENERIC_ALL",
        0x20000000: "GENERIC_EXECUTE",
        0x40000000: "GENERIC_WRITE",
        0x80000000: "GENERIC_READ",
    },
    none="no access",
)
"""[MS-CIFS] 2.2.4.64.1, [MS-SMB] 2.2.1.4."""
EXT_FILE_ATTRIBUTES = bits(
    {
        0x00000001: "ATTR_READONLY",
        0x00000002: "ATTR_HIDDEN",
        0x00000004: "ATTR_SYSTEM",
        0x00000010: "ATTR_DIRECTORY",
        0x00000020: "ATTR_ARCHIVE",
        0x00000080: "ATTR_NORMAL",
        0x00000100: "ATTR_TEMPORARY",
        0x00000200: "ATTR_SPARSE",
        0x00000400: "ATTR_REPARSE_POINT",
        0x00000800: "ATTR_COMPRESSED",
        0x00001000: "ATTR_OFFLINE",
        0x00002000: "ATTR_NOT_CONTENT_INDEXED",
        0x00004000: "ATTR_ENCRYPTED",
        0x01000000: "POSIX_SEMANTICS",
        0x02000000: "BACKUP_SEMANTICS",
        0x04000000: "DELETE_ON_CLOSE",
        0x08000000: "SEQUENTIAL_SCAN",
        0x10000000: "RANDOM_ACCESS",
        0x20000000: "NO_BUFFERING",
        0x80000000: "WRITE_THROUGH",
    },
    none="none",
)
"""SMB_EXT_FILE_ATTR, [MS-CIFS] 2.2.1.2.3, [MS-SMB] 2.2.1.2.1."""
FILE_ATTRIBUTES = bits(
    {
        0x0001: "READONLY",
        0x0002: "HIDDEN",
        0x0004: "SYSTEM",
        0x0008: "VOLUME",
        0x0010: "DIRECTORY",
        0x0020: "ARCHIVE",
        0x0100: "SEARCH_READONLY",
        0x0200: "SEARCH_HIDDEN",
        0x0400: "SEARCH_SYSTEM",
        0x1000: "SEARCH_DIRECTORY",
        0x2000: "SEARCH_ARCHIVE",
    },
    none="NORMAL",
)
"""SMB_FILE_ATTRIBUTES, [MS-CIFS] 2.2.1.2.4, without SMB_FILE_ATTRIBUTE_ and its SMB_ of SMB_SEARCH_ATTRIBUTE_."""
SHARE_ACCESS = bits(
    {1: "FILE_SHARE_READ", 2: "FILE_SHARE_WRITE", 4: "FILE_SHARE_DELETE"},
    none="FILE_SHARE_NONE: nobody else may open it meanwhile",
)
DISPOSITION = named(
    {
        0: "FILE_SUPERSEDE",
        1: "FILE_OPEN",
        2: "FILE_CREATE",
        3: "FILE_OPEN_IF",
        4: "FILE_OVERWRITE",
        5: "FILE_OVERWRITE_IF",
    }
)
CREATE_ACTION = named(
    {
        0: "FILE_SUPERSEDED",
        1: "FILE_OPENED",
        2: "FILE_CREATED",
        3: "FILE_OVERWRITTEN",
        4: "FILE_EXISTS",
        5: "FILE_DOES_NOT_EXIST",
    }
)
CREATE_OPTIONS = bits(
    {
        0x00000001: "FILE_DIRECTORY_FILE",
        0x00000002: "FILE_WRITE_THROUGH",
        0x00000004: "FILE_SEQUENTIAL_ONLY",
        0x00000008: "FILE_NO_INTERMEDIATE_BUFFERING",
        0x00000010: "FILE_SYNCHRONOUS_IO_ALERT",
        0x00000020: "FILE_SYNCHRONOUS_IO_NONALERT",
        0x00000040: "FILE_NON_DIRECTORY_FILE",
        0x00000080: "FILE_CREATE_TREE_CONNECTION",
        0x00000100: "FILE_COMPLETE_IF_OPLOCKED",
        0x00000200: "FILE_NO_EA_KNOWLEDGE",
        0x00000400: "FILE_OPEN_FOR_RECOVERY",
        0x00000800: "FILE_RANDOM_ACCESS",
        0x00001000: "FILE_DELETE_ON_CLOSE",
        0x00002000: "FILE_OPEN_BY_FILE_ID",
        0x00004000: "FILE_OPEN_FOR_BACKUP_INTENT",
        0x00008000: "FILE_NO_COMPRESSION",
        0x00100000: "FILE_RESERVE_OPFILTER",
        0x00200000: "FILE_OPEN_REPARSE_POINT",
        0x00400000: "FILE_OPEN_NO_RECALL",
        0x00800000: "FILE_OPEN_FOR_FREE_SPACE_QUERY",
    }
)
IMPERSONATION = named(
    {
        0: "SECURITY_ANONYMOUS",
        1: "SECURITY_IDENTIFICATION",
        2: "SECURITY_IMPERSONATION",
        3: "SECURITY_DELEGATION",
    }
)
SECURITY_FLAGS = bits({1: "SMB_SECURITY_CONTEXT_TRACKING", 2: "SMB_SECURITY_EFFECTIVE_ONLY"})
NT_CREATE_FLAGS = bits(
    {
        0x02: "NT_CREATE_REQUEST_OPLOCK",
        0x04: "NT_CREATE_REQUEST_OPBATCH",
        0x08: "NT_CREATE_OPEN_TARGET_DIR",
        0x10: "NT_CREATE_REQUEST_EXTENDED_RESPONSE",
    }
)
OPLOCK_LEVEL = named({0: "none", 1: "exclusive", 2: "batch", 3: "level II"})
NEW_OPLOCK_LEVEL = named({0: "none", 1: "level II"})
RESOURCE_TYPE = named(
    {
        0: "FileTypeDisk",
        1: "FileTypeByteModePipe",
        2: "FileTypeMessageModePipe",
        3: "FileTypePrinter",
        4: "FileTypeCommDevice",
        0xFFFF: "FileTypeUnknown",
    }
)
NM_PIPE_STATUS = fields_of(
    (
        (0x00FF, 0, lambda count: f"ICount {count}" if count else ""),
        (0x0300, 8, named({0: "read as bytes", 1: "read as messages"})),
        (0x0C00, 10, named({0: "a byte pipe", 1: "a message pipe"})),
        (0x4000, 14, named({0: "the client's end", 1: "the server's end"})),
        (0x8000, 15, named({1: "nonblocking"})),
    )
)
"""SMB_NMPIPE_STATUS, [MS-CIFS] 2.2.1.3."""
FILE_STATUS = bits({1: "NO_EAS", 2: "NO_SUBSTREAMS", 4: "NO_REPARSETAG"})
"""FileStatusFlags, [MS-SMB] 2.2.4.9.2."""
ACCESS_MODE = fields_of(
    (
        (0x0007, 0, named({0: "read", 1: "write", 2: "read and write", 3: "execute", 7: "FCB"})),
        (
            0x0070,
            4,
            named(
                {
                    0: "compatibility mode",
                    1: "deny all to others",
                    2: "deny writing to others",
                    3: "deny reading to others",
                    4: "deny nothing to others",
                    7: "FCB",
                }
            ),
        ),
        (
            0x0700,
            8,
            named(
                {
                    1: "mostly sequential access",
                    2: "mostly random access",
                    3: "random access with some locality",
                }
            ),
        ),
        (0x1000, 12, named({1: "do not cache"})),
        (0x4000, 14, named({1: "write through"})),
    )
)
"""AccessMode of the DOS opens, [MS-CIFS] 2.2.4.3.1, 2.2.4.41.1."""
OPEN_MODE = fields_of(
    (
        (0x0003, 0, named({0: "fail if it exists", 1: "open if it exists", 2: "truncate if it exists"})),
        (0x0010, 4, named({0: "fail if it does not exist", 1: "create if it does not exist"})),
    )
)
"""OpenMode, [MS-CIFS] 2.2.4.41.1."""
OPEN_RESULTS = fields_of(
    (
        (0x0003, 0, named({1: "existed and was opened", 2: "was created", 3: "existed and was truncated"})),
        (0x8000, 15, named({1: "an oplock is granted"})),
    )
)
OPEN_FLAGS = bits(
    {
        0x0001: "REQ_ATTRIB",
        0x0002: "REQ_OPLOCK",
        0x0004: "REQ_OPBATCH",
        0x0008: "REQ_EASIZE",
        0x0010: "SMB_OPEN_EXTENDED_RESPONSE",
    }
)
WRITE_MODE = bits(
    {
        0x0001: "WritethroughMode",
        0x0002: "ReadBytesAvailable",
        0x0004: "RAW_MODE",
        0x0008: "MSG_START",
        0x0080: "CONNECTIONLESS",
    }
)
SEEK_MODE = named({0: "from the start", 1: "from the current position", 2: "from the end"})
LOCK_TYPE = bits(
    {
        0x01: "SHARED_LOCK",
        0x02: "OPLOCK_RELEASE",
        0x04: "CHANGE_LOCKTYPE",
        0x08: "CANCEL_LOCK",
        0x10: "LARGE_FILES",
    },
    none="READ_WRITE_LOCK",
)
NT_RENAME_LEVEL = named(
    {
        0x0102: "SMB_NT_RENAME_MOVE_CLUSTER_INFO",
        0x0103: "SMB_NT_RENAME_SET_LINK_INFO",
        0x0104: "SMB_NT_RENAME_RENAME_FILE",
        0x0105: "SMB_NT_RENAME_MOVE_FILE",
    }
)
TRANSACTION_FLAGS = bits({1: "DISCONNECT_TID", 2: "NO_RESPONSE"})
FIND_FLAGS = bits(
    {
        0x0001: "SMB_FIND_CLOSE_AFTER_REQUEST",
        0x0002: "SMB_FIND_CLOSE_AT_EOS",
        0x0004: "SMB_FIND_RETURN_RESUME_KEYS",
        0x0008: "SMB_FIND_CONTINUE_FROM_LAST",
        0x0010: "SMB_FIND_WITH_BACKUP_INTENT",
    }
)
STORAGE_TYPE = bits({0x01: "FILE_DIRECTORY_FILE", 0x40: "FILE_NON_DIRECTORY_FILE"})
NOTIFY_FILTER = bits(
    {
        0x0001: "FILE_NAME",
        0x0002: "DIR_NAME",
        0x0004: "ATTRIBUTES",
        0x0008: "SIZE",
        0x0010: "LAST_WRITE",
        0x0020: "LAST_ACCESS",
        0x0040: "CREATION",
        0x0080: "EA",
        0x0100: "SECURITY",
        0x0200: "STREAM_NAME",
        0x0400: "STREAM_SIZE",
        0x0800: "STREAM_WRITE",
    },
    prefix="FILE_NOTIFY_CHANGE_",
)
SECURITY_INFORMATION = bits(
    {
        0x00000001: "OWNER",
        0x00000002: "GROUP",
        0x00000004: "DACL",
        0x00000008: "SACL",
        0x00000010: "LABEL",
        0x80000000: "PROTECTED_DACL",
        0x40000000: "PROTECTED_SACL",
        0x20000000: "UNPROTECTED_DACL",
        0x10000000: "UNPROTECTED_SACL",
    },
)
"""[MS-DTYP] 2.4.7, without _SECURITY_INFORMATION."""
COPY_FLAGS = bits({1: "SMB_MF_TARGET_FILE", 2: "SMB_MF_TARGET_DIRECTORY", 0x10: "SMB_MF_WRITE_VERIFY"})
YES_NO = named({0: "no", 1: "yes"}, other="yes")
hex16: Meaning = hexadecimal(4)
hex32: Meaning = hexadecimal(8)
ATTRIBUTES_OR_NONE = first_of(EXT_FILE_ATTRIBUTES)
NTLM_FLAGS = bits(
    {
        0x00000001: "NTLMSSP_NEGOTIATE_UNICODE",
        0x00000002: "NTLM_NEGOTIATE_OEM",
        0x00000004: "NTLMSSP_REQUEST_TARGET",
        0x00000010: "NTLMSSP_NEGOTIATE_SIGN",
        0x00000020: "NTLMSSP_NEGOTIATE_SEAL",
        0x00000040: "NTLMSSP_NEGOTIATE_DATAGRAM",
        0x00000080: "NTLMSSP_NEGOTIATE_LM_KEY",
        0x00000200: "NTLMSSP_NEGOTIATE_NTLM",
        0x00000800: "NTLMSSP_NEGOTIATE_ANONYMOUS",
        0x00001000: "NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED",
        0x00002000: "NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED",
        0x00008000: "NTLMSSP_NEGOTIATE_ALWAYS_SIGN",
        0x00010000: "NTLMSSP_TARGET_TYPE_DOMAIN",
        0x00020000: "NTLMSSP_TARGET_TYPE_SERVER",
        0x00080000: "NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY",
        0x00100000: "NTLMSSP_NEGOTIATE_IDENTIFY",
        0x00400000: "NTLMSSP_REQUEST_NON_NT_SESSION_KEY",
        0x00800000: "NTLMSSP_NEGOTIATE_TARGET_INFO",
        0x02000000: "NTLMSSP_NEGOTIATE_VERSION",
        0x20000000: "NTLMSSP_NEGOTIATE_128",
        0x40000000: "NTLMSSP_NEGOTIATE_KEY_EXCH",
        0x80000000: "NTLMSSP_NEGOTIATE_56",
    }
)
"""[MS-NLMP] 2.2.2.5."""
NTLM_REVISION = named(
    {0x0F: "NTLMSSP_REVISION_W2K3", 0x0A: "NTLMSSP_REVISION_W2K3_RC1"}, other="NTLM revision unknown"
)
AV_IDS = named(
    {
        0: "MsvAvEOL",
        1: "MsvAvNbComputerName",
        2: "MsvAvNbDomainName",
        3: "MsvAvDnsComputerName",
        4: "MsvAvDnsDomainName",
        5: "MsvAvDnsTreeName",
        6: "MsvAvFlags",
        7: "MsvAvTimestamp",
        8: "MsvAvSingleHost",
        9: "MsvAvTargetName",
        10: "MsvAvChannelBindings",
    }
)
"""[MS-NLMP] 2.2.2.1."""
AV_FLAGS = bits(
    {1: "the account is constrained", 2: "the message has a MIC", 4: "the target name is not verified"}
)
