"""How the specification writes the names of fields: `file_name` is FileName, `fid` is FID."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fid": "FID",
        "tid": "TID",
        "uid": "UID",
        "mid": "MID",
        "pid": "PID",
        "sid": "SID",
        "guid": "GUID",
        "nm": "NM",
        "os": "OS",
        "oem": "OEM",
        "ea": "EA",
        "oplock": "OpLock",
        "unc": "UNC",
        "dfs": "DFS",
        "uuid": "UUID",
        "acl": "ACL",
        "ace": "ACE",
    }
)
"""Words that are not written as others are."""

_WHOLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tid2": "TID2",
        "ntlm_revision_current": "NTLMRevisionCurrent",
        "mic": "MIC",
        "class_": "Class",
        "unix_uid": "Uid",
        "unix_gid": "Gid",
    }
)
"""Names that their words do not spell."""

_OF_CLASS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("ReadAndxRequest", "offset_low"): "Offset",
        ("ReadAndxRequest", "max_count"): "MaxCountOfBytesToReturn",
        ("ReadAndxRequest", "min_count"): "MinCountOfBytesToReturn",
        ("ReadAndxRequest", "timeout"): "Timeout_or_MaxCountHigh",
        ("ReadAndxResponse", "reserved"): "Reserved1",
        ("WriteAndxRequest", "offset_low"): "Offset",
        ("CloseRequest", "last_write_time"): "LastTimeModified",
        ("ReadRequest", "count"): "CountOfBytesToRead",
        ("ReadRequest", "offset"): "ReadOffsetInBytes",
        ("ReadRequest", "estimate_remaining"): "EstimateOfRemainingBytesToBeRead",
        ("ReadResponse", "count"): "CountOfBytesReturned",
        ("ReadResponse", "data"): "Bytes",
        ("WriteRequest", "count"): "CountOfBytesToWrite",
        ("WriteRequest", "offset"): "WriteOffsetInBytes",
        ("WriteRequest", "estimate_remaining"): "EstimateOfRemainingBytesToBeWritten",
        ("WriteResponse", "count"): "CountOfBytesWritten",
        ("WriteAndCloseRequest", "count"): "CountOfBytesToWrite",
        ("WriteAndCloseRequest", "offset"): "WriteOffsetInBytes",
        ("OpenResponse", "file_attributes"): "FileAttrs",
        ("OpenAndxRequest", "search_attributes"): "SearchAttrs",
        ("OpenAndxRequest", "file_attributes"): "FileAttrs",
        ("OpenAndxResponse", "file_attributes"): "FileAttrs",
        ("LockByteRangeRequest", "count"): "CountOfBytesToLock",
        ("LockByteRangeRequest", "offset"): "LockOffsetInBytes",
        ("UnlockByteRangeRequest", "count"): "CountOfBytesToUnlock",
        ("UnlockByteRangeRequest", "offset"): "UnlockOffsetInBytes",
        ("ReadRawRequest", "offset_low"): "Offset",
        ("ReadRawRequest", "max_count"): "MaxCountOfBytesToReturn",
        ("ReadRawRequest", "min_count"): "MinCountOfBytesToReturn",
        ("ReadMpxRequest", "max_count"): "MaxCountOfBytesToReturn",
        ("ReadMpxRequest", "min_count"): "MinCountOfBytesToReturn",
        ("WriteRawRequest", "count"): "CountOfBytes",
        ("WriteRawRequest", "reserved"): "Reserved1",
        ("WriteRawRequest", "offset_low"): "Offset",
        ("WriteMpxRequest", "offset"): "ByteOffsetToBeginWrite",
        ("SearchResponse", "entries"): "DirectoryInformationData",
        ("SessionSetupPlainRequest", "oem_password_length"): "OEMPasswordLen",
        ("SessionSetupPlainRequest", "unicode_password_length"): "UnicodePasswordLen",
        ("NtRenameRequest", "cluster_count"): "Reserved",
        ("NtCreateRequest", "file_name"): "Name",
        ("NtCreateAndxExtendedResponse", "nm_pipe_status"): "NMPipeStatus_or_FileStatusFlags",
        ("NtCreateExtendedResponse", "nm_pipe_status"): "NMPipeStatus_or_FileStatusFlags",
        ("FindFirst2Response", "ea_error_offset"): "EaErrorOffset",
        ("FindNext2Response", "ea_error_offset"): "EaErrorOffset",
        ("EaErrorResponse", "ea_error_offset"): "EaErrorOffset",
        ("Open2Request", "search_attributes"): "Reserved1",
        ("Open2Response", "server_fid"): "Reserved",
        ("Open2Response", "ea_error_offset"): "ExtendedAttributeErrorOffset",
        ("Open2Response", "ea_length"): "ExtendedAttributeLength",
        ("PipeState", "state"): "PipeState",
        ("QueryQuotaRequest", "sid_list_length"): "SidListLength",
        ("QueryQuotaRequest", "start_sid_length"): "StartSidLength",
        ("QueryQuotaRequest", "start_sid_offset"): "StartSidOffset",
        ("MailslotSetup", "mailslot_opcode"): "MailSlotOpcode",
        ("SingleHost", "data_size"): "Size",
        ("SingleHost", "machine_id"): "MachineID",
    }
)
"""Names that one structure writes otherwise, by the name of its class and the field."""

_LENGTHS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("ReadResponse", "data"): "CountOfBytesRead",
        ("SearchRequest", "resume_key"): "ResumeKeyLength",
    }
)
"""Lengths of data blocks that are not called DataLength."""


def length_name(field: str, cls: type) -> str:
    """What the length before a data block is called; empty where that is DataLength."""
    return _LENGTHS.get((cls.__name__, field), "")


@cache
def spec_name(field: str, cls: type | None = None) -> str:
    """The name of a field of a structure as its specification writes it."""
    for base in () if cls is None else cls.__mro__:
        own = _OF_CLASS.get((base.__name__, field))
        if own is not None:
            return own
    return _WHOLE.get(field) or "".join(_WORDS.get(word) or word.capitalize() for word in field.split("_"))
