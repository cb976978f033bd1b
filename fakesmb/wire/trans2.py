"""Subcommands of TRANSACTION2 and their parameter blocks ([MS-CIFS] 2.2.6)."""

from typing import Annotated, Final

from fakesmb.wire.codec import U16, U32, Int, Structure, Text
from fakesmb.wire.dfs import GetDfsReferralRequest


class Trans2:
    """TRANS2 subcommand codes, [MS-CIFS] 2.2.2.2."""

    OPEN2: Final = 0x0000
    FIND_FIRST2: Final = 0x0001
    FIND_NEXT2: Final = 0x0002
    QUERY_FS_INFORMATION: Final = 0x0003
    SET_FS_INFORMATION: Final = 0x0004
    QUERY_PATH_INFORMATION: Final = 0x0005
    SET_PATH_INFORMATION: Final = 0x0006
    QUERY_FILE_INFORMATION: Final = 0x0007
    SET_FILE_INFORMATION: Final = 0x0008
    FSCTL: Final = 0x0009
    IOCTL2: Final = 0x000A
    FIND_NOTIFY_FIRST: Final = 0x000B
    FIND_NOTIFY_NEXT: Final = 0x000C
    CREATE_DIRECTORY: Final = 0x000D
    SESSION_SETUP: Final = 0x000E
    GET_DFS_REFERRAL: Final = 0x0010
    REPORT_DFS_INCONSISTENCY: Final = 0x0011


class FindFlag:
    """Flags of FIND_FIRST2 and FIND_NEXT2, [MS-CIFS] 2.2.6.2.1."""

    CLOSE_AFTER_REQUEST: Final = 0x0001
    CLOSE_AT_END: Final = 0x0002
    RETURN_RESUME_KEYS: Final = 0x0004
    CONTINUE_FROM_LAST: Final = 0x0008
    BACKUP_INTENT: Final = 0x0010


class FindFirst2Request(Structure, frozen=True):
    """TRANS2_FIND_FIRST2 parameters, [MS-CIFS] 2.2.6.2.1; level 3 has an EA name list as data."""

    search_attributes: U16
    search_count: U16
    flags: U16
    information_level: U16
    search_storage_type: U32
    file_name: Text


class FindFirst2Response(Structure, frozen=True):
    """TRANS2_FIND_FIRST2 response parameters, [MS-CIFS] 2.2.6.2.2: 10 bytes."""

    sid: U16
    search_count: U16
    end_of_search: U16
    ea_error_offset: U16 = 0
    last_name_offset: U16 = 0


class FindNext2Request(Structure, frozen=True):
    """TRANS2_FIND_NEXT2 parameters, [MS-CIFS] 2.2.6.3.1. `file_name` is the name to resume after."""

    sid: U16
    search_count: U16
    information_level: U16
    resume_key: U32
    flags: U16
    file_name: Text


class FindNext2Response(Structure, frozen=True):
    """TRANS2_FIND_NEXT2 response parameters, [MS-CIFS] 2.2.6.3.2: 8 bytes. Windows 95 counts them."""

    search_count: U16
    end_of_search: U16
    ea_error_offset: U16 = 0
    last_name_offset: U16 = 0


class QueryFsInformationRequest(Structure, frozen=True):
    """TRANS2_QUERY_FS_INFORMATION parameters, [MS-CIFS] 2.2.6.4.1."""

    information_level: U16


class SetFsInformationRequest(Structure, frozen=True):
    """TRANS2_SET_FS_INFORMATION parameters, [MS-SMB] 2.2.6.2.1."""

    fid: U16
    information_level: U16


class QueryPathInformationRequest(Structure, frozen=True):
    """TRANS2_QUERY_PATH_INFORMATION parameters, [MS-CIFS] 2.2.6.6.1; level 3 has an EA name list as data."""

    information_level: U16
    reserved: U32
    file_name: Text


class SetPathInformationRequest(Structure, frozen=True):
    """TRANS2_SET_PATH_INFORMATION parameters, [MS-CIFS] 2.2.6.7.1."""

    information_level: U16
    reserved: U32
    file_name: Text


class QueryFileInformationRequest(Structure, frozen=True):
    """TRANS2_QUERY_FILE_INFORMATION parameters, [MS-CIFS] 2.2.6.8.1."""

    fid: U16
    information_level: U16


class SetFileInformationRequest(Structure, frozen=True):
    """TRANS2_SET_FILE_INFORMATION parameters, [MS-CIFS] 2.2.6.9.1; a reserved word may follow."""

    fid: U16
    information_level: U16


class EaErrorResponse(Structure, frozen=True):
    """Parameters of query, set and create-directory answers: which EA was wrong, or 0, [MS-CIFS] 2.2.6.6.2."""

    ea_error_offset: U16 = 0


class CreateDirectory2Request(Structure, frozen=True):
    """TRANS2_CREATE_DIRECTORY parameters, [MS-CIFS] 2.2.6.14.1; the data are an EA list."""

    reserved: U32
    directory_name: Text


class Open2Request(Structure, frozen=True):
    """TRANS2_OPEN2 parameters, [MS-CIFS] 2.2.6.1.1; the data are an EA list. `creation_time` is UTIME."""

    flags: U16
    access_mode: U16
    search_attributes: U16
    file_attributes: U16
    creation_time: U32
    open_mode: U16
    allocation_size: U32
    reserved: Annotated[bytes, Int("10s")]
    file_name: Text


class Open2Response(Structure, frozen=True, kw_only=True):
    """TRANS2_OPEN2 response parameters, [MS-CIFS] 2.2.6.1.2. `creation_time` is UTIME."""

    fid: U16
    file_attributes: U16 = 0
    creation_time: U32 = 0
    file_data_size: U32 = 0
    access_mode: U16 = 0
    resource_type: U16 = 0
    nm_pipe_status: U16 = 0
    action_taken: U16 = 1
    server_fid: U32 = 0
    ea_error_offset: U16 = 0
    ea_length: U32 = 0


class Open2ExtendedResponse(Open2Response, frozen=True, kw_only=True):
    """TRANS2_OPEN2 response parameters with maximal rights, as OPEN_ANDX has them, [MS-SMB] 2.2.4.1.2."""

    maximal_access_rights: U32 = 0
    guest_maximal_access_rights: U32 = 0


TRANS2_REQUESTS: Final[dict[int, type[Structure]]] = {
    Trans2.OPEN2: Open2Request,
    Trans2.FIND_FIRST2: FindFirst2Request,
    Trans2.FIND_NEXT2: FindNext2Request,
    Trans2.QUERY_FS_INFORMATION: QueryFsInformationRequest,
    Trans2.SET_FS_INFORMATION: SetFsInformationRequest,
    Trans2.QUERY_PATH_INFORMATION: QueryPathInformationRequest,
    Trans2.SET_PATH_INFORMATION: SetPathInformationRequest,
    Trans2.QUERY_FILE_INFORMATION: QueryFileInformationRequest,
    Trans2.SET_FILE_INFORMATION: SetFileInformationRequest,
    Trans2.CREATE_DIRECTORY: CreateDirectory2Request,
    Trans2.GET_DFS_REFERRAL: GetDfsReferralRequest,
}
"""Subcommand to the class of its request parameters."""

TRANS2_RESPONSES: Final[dict[int, type[Structure]]] = {
    Trans2.OPEN2: Open2Response,
    Trans2.FIND_FIRST2: FindFirst2Response,
    Trans2.FIND_NEXT2: FindNext2Response,
    Trans2.QUERY_PATH_INFORMATION: EaErrorResponse,
    Trans2.SET_PATH_INFORMATION: EaErrorResponse,
    Trans2.QUERY_FILE_INFORMATION: EaErrorResponse,
    Trans2.SET_FILE_INFORMATION: EaErrorResponse,
    Trans2.CREATE_DIRECTORY: EaErrorResponse,
}
"""Subcommand to the class of its response parameters, where it has any."""
