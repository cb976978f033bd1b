"""What controls of the file system take and give, as fields ([MS-FSCC] 2.3, [MS-SMB] 2.2.7.2)."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from fakesmb.nt.controls import Fsctl
from fakesmb.trace.carriedmeanings import REPARSE_TAG
from fakesmb.trace.descriptors import sid
from fakesmb.trace.meanings import filetime, guid, id64, named
from fakesmb.trace.taking import Taking
from fakesmb.wire.codec import DecodeError

_COMPRESSION: Final = named({0: "none", 1: "the default", 2: "LZNT1"})
_YES_NO: Final = named({0: "no", 1: "yes"}, other="yes")
_KEY: Final = 24
_SNAPSHOT: Final = 50
"""Bytes of the name of a snapshot: @GMT-YYYY.MM.DD-HH.MM.SS and its null, in UTF-16."""


class Control(NamedTuple):
    """The data of one control."""

    name: str
    section: str
    take: Callable[[Taking], None]


def _compression(take: Taking) -> None:
    take.number("CompressionState", 2, _COMPRESSION)


def _sparse(take: Taking) -> None:
    take.number("SetSparse", 1, _YES_NO)


def _zero_data(take: Taking) -> None:
    take.number("FileOffset", 8, signed=True)
    take.number("BeyondFinalZero", 8, signed=True)


def _ranges(take: Taking) -> None:
    while take.left:
        with take.group("FILE_ALLOCATED_RANGE_BUFFER") as group:
            at = take.number("FileOffset", 8, signed=True)
            length = take.number("Length", 8, signed=True)
            group.meaning = f"{length} bytes at {at}"


def _object_id(take: Taking) -> None:
    take.raw("ObjectId", 16, guid)
    if take.left:
        take.raw("BirthVolumeId", 16, guid)
        take.raw("BirthObjectId", 16, guid)
        take.raw("DomainId", 16, guid)


def _path_name(take: Taking) -> None:
    size = take.number("PathNameLength", 4)
    take.text("PathName", size, wide=True)


def _reparse(take: Taking) -> None:
    tag = take.number("ReparseTag", 4, REPARSE_TAG)
    take.number("ReparseDataLength", 2)
    take.number("Reserved", 2)
    if tag not in (0xA0000003, 0xA000000C):
        take.rest("DataBuffer")
        return
    names = [
        (name, take.number(f"{name}Offset", 2), take.number(f"{name}Length", 2))
        for name in ("SubstituteName", "PrintName")
    ]
    if tag == 0xA000000C:
        take.number("Flags", 4, named({0: "an absolute path", 1: "SYMLINK_FLAG_RELATIVE"}))
    base = take.at
    for name, offset, length in sorted(names, key=lambda one: one[1]):
        if base + offset >= take.at:
            take.raw("Pad", base + offset - take.at)
            take.text(name, length, wide=True)


def _find_by_sid(take: Taking) -> None:
    take.number("Restart", 4, _YES_NO)
    sid(take, "SID")


def _names(take: Taking) -> None:
    while take.left:
        start = take.at
        with take.group("FIND_BY_SID_OUTPUT") as group:
            following = take.number("NextEntryOffset", 4)
            take.number("FileIndex", 4)
            group.meaning = take.text("FileName", take.number("FileNameLength", 4), wide=True)
            if not following:
                return
            take.raw("Pad", start + following - take.at)


def _resume_key(take: Taking) -> None:
    take.raw("CopychunkResumeKey", _KEY, "names the open file as the source of a copy")
    take.number("ContextLength", 4)
    take.rest("Context")


def _copychunk(take: Taking) -> None:
    take.raw("CopychunkResumeKey", _KEY, "of the file that is copied from")
    count = take.number("ChunkCount", 4)
    take.number("Reserved", 4)
    for _ in range(count):
        with take.group("SRV_COPYCHUNK", section="[MS-SMB] 2.2.7.2.1.1") as group:
            source = take.number("SourceOffset", 8)
            target = take.number("DestinationOffset", 8)
            length = take.number("CopyLength", 4)
            take.number("Reserved", 4)
            group.meaning = f"{length} bytes from {source} to {target}"


def _copied(take: Taking) -> None:
    take.number("ChunksWritten", 4)
    take.number("ChunkBytesWritten", 4)
    take.number("TotalBytesWritten", 4)


def _snapshots(take: Taking) -> None:
    take.number("NumberOfSnapShots", 4)
    take.number("NumberOfSnapShotsReturned", 4)
    size = take.number("SnapShotArraySize", 4)
    end = min(take.at + size, take.end)
    while end - take.at >= _SNAPSHOT:
        take.text("SnapShotMultiSZ", _SNAPSHOT, wide=True)
    take.raw("SnapShotMultiSZ", end - take.at)


def _volume(take: Taking) -> None:
    take.number("VolumeSerialNumber", 8, id64)
    for name in (
        "NumberSectors",
        "TotalClusters",
        "FreeClusters",
        "TotalReserved",
    ):
        take.number(name, 8)
    for name in (
        "BytesPerSector",
        "BytesPerCluster",
        "BytesPerFileRecordSegment",
        "ClustersPerFileRecordSegment",
    ):
        take.number(name, 4)
    for name in ("MftValidDataLength", "MftStartLcn", "Mft2StartLcn", "MftZoneStart", "MftZoneEnd"):
        take.number(name, 8)


def _dirty(take: Taking) -> None:
    take.number("VolumeDirty", 4, named({0: "no", 1: "VOLUME_IS_DIRTY"}))


def _pipe_wait(take: Taking) -> None:
    take.number("Timeout", 8, signed=True)
    size = take.number("NameLength", 4)
    take.number("TimeoutSpecified", 1, _YES_NO)
    take.raw("Padding", 1)
    take.text("Name", size, wide=True)


def _peek(take: Taking) -> None:
    take.number("NamedPipeState", 4)
    take.number("ReadDataAvailable", 4)
    take.number("NumberOfMessages", 4)
    take.number("MessageLength", 4)
    take.rest("Data")


def _referral(take: Taking) -> None:
    take.number("MaxReferralLevel", 2)
    take.zeroed("RequestFileName", wide=True)


def _rows(rows: Mapping[int, tuple[str, str, Callable[[Taking], None]]]) -> Mapping[int, Control]:
    return {code: Control(*row) for code, row in rows.items()}


REQUESTS: Final = _rows(
    {
        Fsctl.SET_COMPRESSION: ("FSCTL_SET_COMPRESSION request", "[MS-FSCC] 2.3.67", _compression),
        Fsctl.SET_SPARSE: ("FSCTL_SET_SPARSE request", "[MS-FSCC] 2.3.76", _sparse),
        Fsctl.SET_ZERO_DATA: ("FSCTL_SET_ZERO_DATA request", "[MS-FSCC] 2.3.80", _zero_data),
        Fsctl.QUERY_ALLOCATED_RANGES: ("FSCTL_QUERY_ALLOCATED_RANGES request", "[MS-FSCC] 2.3.51", _ranges),
        Fsctl.SET_OBJECT_ID: ("FILE_OBJECTID_BUFFER", "[MS-FSCC] 2.1.3", _object_id),
        Fsctl.IS_PATHNAME_VALID: ("FSCTL_IS_PATHNAME_VALID request", "[MS-FSCC] 2.3.33", _path_name),
        Fsctl.SET_REPARSE_POINT: ("REPARSE_DATA_BUFFER", "[MS-FSCC] 2.1.2.2", _reparse),
        Fsctl.DELETE_REPARSE_POINT: ("REPARSE_DATA_BUFFER", "[MS-FSCC] 2.1.2.2", _reparse),
        Fsctl.FIND_FILES_BY_SID: ("FIND_BY_SID_DATA", "[MS-FSCC] 2.3.9", _find_by_sid),
        Fsctl.SRV_COPYCHUNK: ("SRV_COPYCHUNK_COPY", "[MS-SMB] 2.2.7.2.1", _copychunk),
        Fsctl.PIPE_WAIT: ("FSCTL_PIPE_WAIT request", "[MS-FSCC] 2.3.49", _pipe_wait),
        Fsctl.DFS_GET_REFERRALS: ("REQ_GET_DFS_REFERRAL", "[MS-DFSC] 2.2.2", _referral),
    }
)
"""What controls take, by their codes."""
RESPONSES: Final = _rows(
    {
        Fsctl.GET_COMPRESSION: ("FSCTL_GET_COMPRESSION reply", "[MS-FSCC] 2.3.18", _compression),
        Fsctl.QUERY_ALLOCATED_RANGES: ("FSCTL_QUERY_ALLOCATED_RANGES reply", "[MS-FSCC] 2.3.52", _ranges),
        Fsctl.GET_OBJECT_ID: ("FILE_OBJECTID_BUFFER", "[MS-FSCC] 2.1.3", _object_id),
        Fsctl.CREATE_OR_GET_OBJECT_ID: ("FILE_OBJECTID_BUFFER", "[MS-FSCC] 2.1.3", _object_id),
        Fsctl.GET_REPARSE_POINT: ("REPARSE_DATA_BUFFER", "[MS-FSCC] 2.1.2.2", _reparse),
        Fsctl.FIND_FILES_BY_SID: ("FIND_BY_SID_OUTPUT", "[MS-FSCC] 2.3.10", _names),
        Fsctl.SRV_REQUEST_RESUME_KEY: (
            "FSCTL_SRV_REQUEST_RESUME_KEY reply",
            "[MS-SMB] 2.2.7.2.2.2",
            _resume_key,
        ),
        Fsctl.SRV_COPYCHUNK: ("SRV_COPYCHUNK_RESPONSE", "[MS-SMB] 2.2.7.2.2.3", _copied),
        Fsctl.SRV_ENUMERATE_SNAPSHOTS: (
            "FSCTL_SRV_ENUMERATE_SNAPSHOTS reply",
            "[MS-SMB] 2.2.7.2.2.1",
            _snapshots,
        ),
        Fsctl.GET_NTFS_VOLUME_DATA: ("NTFS_VOLUME_DATA_BUFFER", "[MS-FSCC] 2.3.30", _volume),
        Fsctl.IS_VOLUME_DIRTY: ("FSCTL_IS_VOLUME_DIRTY reply", "[MS-FSCC] 2.3.36", _dirty),
        Fsctl.PIPE_PEEK: ("FSCTL_PIPE_PEEK reply", "[MS-FSCC] 2.3.46", _peek),
    }
)
"""What controls give."""


def control(code: int, *, request: bool) -> Control | None:
    """How the data of a control are read; None where nobody knows."""
    return (REQUESTS if request else RESPONSES).get(code)


def quotas(take: Taking) -> None:
    """FILE_QUOTA_INFORMATION, [MS-FSCC] 2.4.36: entries at multiples of eight."""
    while take.left:
        start = take.at
        with take.group("FILE_QUOTA_INFORMATION", section="[MS-FSCC] 2.4.36") as group:
            following = take.number("NextEntryOffset", 4)
            take.number("SidLength", 4)
            take.number("ChangeTime", 8, filetime)
            for name in ("QuotaUsed", "QuotaThreshold", "QuotaLimit"):
                take.number(name, 8, signed=True)
            group.meaning = sid(take, "Sid")
            if not following:
                return
            take.raw("Pad", start + following - take.at)


def quota_sids(take: Taking) -> None:
    """FILE_GET_QUOTA_INFORMATION, [MS-FSCC] 2.4.36.1: whose quotas are asked for."""
    while take.left:
        start = take.at
        with take.group("FILE_GET_QUOTA_INFORMATION", section="[MS-FSCC] 2.4.36.1") as group:
            following = take.number("NextEntryOffset", 4)
            take.number("SidLength", 4)
            group.meaning = sid(take, "Sid")
            if not following:
                return
            take.raw("Pad", start + following - take.at)


_ACTIONS: Final = named(
    {
        1: "FILE_ACTION_ADDED",
        2: "FILE_ACTION_REMOVED",
        3: "FILE_ACTION_MODIFIED",
        4: "FILE_ACTION_RENAMED_OLD_NAME",
        5: "FILE_ACTION_RENAMED_NEW_NAME",
        6: "FILE_ACTION_ADDED_STREAM",
        7: "FILE_ACTION_REMOVED_STREAM",
        8: "FILE_ACTION_MODIFIED_STREAM",
    }
)


def notifications(take: Taking) -> None:
    """FILE_NOTIFY_INFORMATION, [MS-FSCC] 2.7.1; names are UTF-16 whatever the message's flags say."""
    end = take.end
    while take.left:
        start = take.at
        with take.group("FILE_NOTIFY_INFORMATION", section="[MS-FSCC] 2.7.1") as group:
            following = take.number("NextEntryOffset", 4)
            action = take.number("Action", 4, _ACTIONS)
            name = take.text("FileName", take.number("FileNameLength", 4), wide=True)
            group.meaning = f"{_ACTIONS(action)} {name}"
            if not following:
                return
            if start + following > end or start + following < take.at:
                raise DecodeError(f"the next change is said to be at {following}")
            take.raw("Pad", start + following - take.at)
