"""Tree connect and disconnect, disk information, process exit ([MS-CIFS] 2.2.4.50 to 2.2.4.57)."""

from typing import Annotated, ClassVar, Final

from fakesmb.wire.codec import (
    U16,
    U32,
    Body,
    BufferFormat4Oem,
    CountedPart,
    OemText,
    Secret,
    Text,
)


class TreeConnectFlag:
    """Flags of TREE_CONNECT_ANDX, [MS-CIFS] 2.2.4.55.1 and [MS-SMB] 2.2.4.7.1."""

    DISCONNECT_TID: Final = 0x0001
    EXTENDED_SIGNATURES: Final = 0x0004
    EXTENDED_RESPONSE: Final = 0x0008


class OptionalSupport:
    """OptionalSupport bits, [MS-CIFS] 2.2.4.55.2 and [MS-SMB] 2.2.4.7.2."""

    SEARCH_BITS: Final = 0x0001
    SHARE_IS_IN_DFS: Final = 0x0002
    CSC_MASK: Final = 0x000C
    UNIQUE_FILE_NAME: Final = 0x0010
    EXTENDED_SIGNATURES: Final = 0x0020


class Service:
    """Service names of shares; ANY is asked for, never answered."""

    DISK: Final = "A:"
    PRINTER: Final = "LPT1:"
    PIPE: Final = "IPC"
    COMM: Final = "COMM"
    ANY: Final = "?????"


class TreeConnectAndxRequest(Body, frozen=True, kw_only=True):
    """SMB_COM_TREE_CONNECT_ANDX request, [MS-CIFS] 2.2.4.55.1. `service` is OEM whatever the flags say."""

    ANDX: ClassVar[bool] = True
    flags: U16 = 0
    password_length: U16 = 0
    password: Annotated[bytes, CountedPart("password_length"), Secret] = b"\0"
    path: Text
    service: OemText = Service.ANY


class TreeConnectAndxResponse(Body, frozen=True, kw_only=True):
    """SMB_COM_TREE_CONNECT_ANDX response of 3 words, [MS-CIFS] 2.2.4.55.2."""

    ANDX: ClassVar[bool] = True
    optional_support: U16 = OptionalSupport.SEARCH_BITS
    service: OemText
    native_file_system: Text = ""


class TreeConnectAndxExtendedResponse(Body, frozen=True, kw_only=True):
    """SMB_COM_TREE_CONNECT_ANDX response of 7 words with maximal rights, [MS-SMB] 2.2.4.7.2."""

    ANDX: ClassVar[bool] = True
    optional_support: U16 = OptionalSupport.SEARCH_BITS
    maximal_share_access_rights: U32 = 0
    guest_maximal_share_access_rights: U32 = 0
    service: OemText
    native_file_system: Text = ""


class TreeConnectAndxLanmanResponse(Body, frozen=True):
    """SMB_COM_TREE_CONNECT_ANDX response of 2 words, as the LANMAN dialects know it."""

    ANDX: ClassVar[bool] = True
    service: OemText


class TreeConnectRequest(Body, frozen=True):
    """SMB_COM_TREE_CONNECT request, [MS-CIFS] 2.2.4.50.1; OEM strings."""

    path: BufferFormat4Oem
    password: Annotated[BufferFormat4Oem, Secret]
    service: BufferFormat4Oem


class TreeConnectResponse(Body, frozen=True):
    """SMB_COM_TREE_CONNECT response, [MS-CIFS] 2.2.4.50.2."""

    max_buffer_size: U16
    tid: U16


class TreeDisconnectRequest(Body, frozen=True):
    """SMB_COM_TREE_DISCONNECT request, [MS-CIFS] 2.2.4.51.1: the TID is in the header."""


class ProcessExitRequest(Body, frozen=True):
    """SMB_COM_PROCESS_EXIT request, [MS-CIFS] 2.2.4.18.1: the PID is in the header."""


class QueryInformationDiskRequest(Body, frozen=True):
    """SMB_COM_QUERY_INFORMATION_DISK request, [MS-CIFS] 2.2.4.57.1."""


class QueryInformationDiskResponse(Body, frozen=True):
    """SMB_COM_QUERY_INFORMATION_DISK response, [MS-CIFS] 2.2.4.57.2; a block is a sector."""

    total_units: U16
    blocks_per_unit: U16
    block_size: U16
    free_units: U16
    reserved: U16 = 0
