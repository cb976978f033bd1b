"""Which meaning each field has, by the structure and its name."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from fakesmb.trace import bitnames as names
from fakesmb.trace.meanings import (
    Meaning,
    dos_date,
    dos_time,
    filetime,
    guid,
    id16,
    id32,
    id64,
    milliseconds,
    named,
    utime,
    zone,
)

__all__ = ["Meaning", "meaning_of"]


def _length_of_file(value: int) -> str:
    return f"{value} bytes" if value >= 10_000 else ""


def _remote_fid(value: int) -> str:
    return id16(value) if value else "none: the name is from the share's root"


def _dialect_index(value: int) -> str:
    return "none of them" if value == 0xFFFF else f"#{value} of those offered"


def _fsctl(value: int) -> str:
    from fakesmb.wire.names import FSCTLS

    known = FSCTLS.get(value)
    return f"{known.name} (0x{value:08X})" if known else id32(value)


_BY_NAME: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        "desired_access": names.ACCESS,
        "maximal_access_rights": names.ACCESS,
        "guest_maximal_access_rights": names.ACCESS,
        "maximal_share_access_rights": names.ACCESS,
        "guest_maximal_share_access_rights": names.ACCESS,
        "ext_file_attributes": names.EXT_FILE_ATTRIBUTES,
        "file_attributes": names.FILE_ATTRIBUTES,
        "search_attributes": names.FILE_ATTRIBUTES,
        "share_access": names.SHARE_ACCESS,
        "create_disposition": names.DISPOSITION,
        "create_action": names.CREATE_ACTION,
        "create_options": names.CREATE_OPTIONS,
        "impersonation_level": names.IMPERSONATION,
        "security_flags": names.SECURITY_FLAGS,
        "oplock_level": names.OPLOCK_LEVEL,
        "new_oplock_level": names.NEW_OPLOCK_LEVEL,
        "resource_type": names.RESOURCE_TYPE,
        "nm_pipe_status": names.NM_PIPE_STATUS,
        "directory": names.YES_NO,
        "create_time": filetime,
        "creation_time": filetime,
        "last_access_time": filetime,
        "last_write_time": filetime,
        "last_change_time": filetime,
        "system_time": filetime,
        "last_modified": utime,
        "last_write": utime,
        "root_directory_fid": _remote_fid,
        "volume_guid": guid,
        "server_guid": guid,
        "file_id": id64,
        "capabilities": names.CAPABILITIES,
        "security_mode": names.SECURITY_MODE,
        "server_time_zone": zone,
        "dialect_index": _dialect_index,
        "raw_mode": names.RAW_MODE,
        "session_key": id32,
        "action": names.SETUP_ACTION,
        "optional_support": names.OPTIONAL_SUPPORT,
        "access_mode": names.ACCESS_MODE,
        "access_rights": names.ACCESS_MODE,
        "open_mode": names.OPEN_MODE,
        "open_function": names.OPEN_MODE,
        "open_results": names.OPEN_RESULTS,
        "action_taken": names.OPEN_RESULTS,
        "write_mode": names.WRITE_MODE,
        "mode": names.SEEK_MODE,
        "type_of_lock": names.LOCK_TYPE,
        "timeout": milliseconds,
        "server_date": dos_date,
        "server_time": dos_time,
        "create_date": dos_date,
        "last_access_date": dos_date,
        "last_write_date": dos_date,
        "search_storage_type": names.STORAGE_TYPE,
        "completion_filter": names.NOTIFY_FILTER,
        "watch_tree": names.YES_NO,
        "security_information": names.SECURITY_INFORMATION,
        "end_of_search": names.YES_NO,
        "function_code": _fsctl,
        "is_fsctl": named({0: "a device's control", 1: "a file system's control"}),
        "end_of_file": _length_of_file,
        "allocation_size": _length_of_file,
        "tid2": id16,
        "time_stamp": filetime,
        "ntlm_revision_current": names.NTLM_REVISION,
        "av_id": names.AV_IDS,
        "state": names.NM_PIPE_STATUS,
        "named_pipe_state": names.NM_PIPE_STATUS,
    }
)
"""Fields that mean the same wherever they are."""

_BY_CLASS: Final[Mapping[tuple[str, str], Meaning]] = MappingProxyType(
    {
        ("NtCreateAndxRequest", "flags"): names.NT_CREATE_FLAGS,
        ("NtCreateRequest", "flags"): names.NT_CREATE_FLAGS,
        ("NtCreateAndxResponse", "create_disposition"): names.CREATE_ACTION,
        ("OpenAndxRequest", "flags"): names.OPEN_FLAGS,
        ("OpenAndxRequest", "creation_time"): utime,
        ("OpenAndxResponse", "last_write_time"): utime,
        ("Open2Request", "flags"): names.OPEN_FLAGS,
        ("Open2Request", "creation_time"): utime,
        ("Open2Response", "creation_time"): utime,
        ("CreateRequest", "creation_time"): utime,
        ("CreateTemporaryRequest", "creation_time"): utime,
        ("CloseRequest", "last_write_time"): utime,
        ("WriteAndCloseRequest", "last_write_time"): utime,
        ("QueryInformationResponse", "last_write_time"): utime,
        ("SetInformationRequest", "last_write_time"): utime,
        ("QueryInformation2Response", "create_time"): dos_time,
        ("QueryInformation2Response", "last_access_time"): dos_time,
        ("QueryInformation2Response", "last_write_time"): dos_time,
        ("SetInformation2Request", "create_time"): dos_time,
        ("SetInformation2Request", "last_access_time"): dos_time,
        ("SetInformation2Request", "last_write_time"): dos_time,
        ("NtRenameRequest", "information_level"): names.NT_RENAME_LEVEL,
        ("TreeConnectAndxRequest", "flags"): names.TREE_CONNECT_FLAGS,
        ("FindFirst2Request", "flags"): names.FIND_FLAGS,
        ("FindNext2Request", "flags"): names.FIND_FLAGS,
        ("FindNext2Request", "resume_key"): id32,
        ("CopyRequest", "flags"): names.COPY_FLAGS,
    }
)
"""Fields that mean something else in one structure, by the name of its class."""


@cache
def meaning_of(cls: type, field: str) -> Meaning | None:
    """How a field of a structure is read; None where its value says all."""
    for base in cls.__mro__:
        own = _BY_CLASS.get((base.__name__, field))
        if own is not None:
            return own
    return _BY_NAME.get(field)
