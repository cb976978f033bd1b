"""Which differences between two servers are to be expected, and why: the table that docs/captures.md shows."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final, NamedTuple


class Row(NamedTuple):
    """A kind of difference."""

    kind: str
    """Its name, for `--fail-on`."""
    fields: tuple[str, ...]
    """Names of fields as the specifications write them; `*` stands for anything."""
    reason: str
    """Why it is to be expected; empty of kinds that are not."""


EXPECTED: Final = (
    Row(
        "times",
        ("*Time", "*Date", "*TimeZone", "*Modified", "TimeStamp"),
        "the replay runs at another time, on files of another age",
    ),
    Row(
        "ids",
        (
            "FID",
            "MID",
            "UID",
            "TID",
            "SID",
            "FileId",
            "FileIndex",
            "IndexNumber",
            "ResumeKey",
            "ServerState",
            "SessionKey",
            "ServerFID",
            "*GUID",
            "*Guid",
            "VolumeSerialNumber",
            "SerialNumber",
            "*ObjectId*",
            "assoc_group_id",
            "*Handle*",
            "hKey",
            "hSC*",
            "hService",
            "ph[A-Zk]*",
            "UniqueId",
            "LastNameOffset",
        ),
        "every server numbers what it opens, and names its volumes, in its own way",
    ),
    Row(
        "space",
        (
            "Total*AllocationUnits",
            "*AvailableAllocationUnits",
            "*FreeAllocationUnits",
            "*FreeUnits",
            "TotalUnits",
            "*UnitsAvailable",
            "*FreeSpace*",
            "SectorsPerAllocationUnit",
            "BlocksPerUnit",
        ),
        "it is another disk, on which others write, too",
    ),
    Row(
        "allocation",
        ("*AllocationSize",),
        "file systems round sizes up in their own way",
    ),
    Row("aliases", ("ShortName",), "each server makes the short names of files up in its own way"),
    Row(
        "server",
        (
            "NativeOS",
            "NativeLanMan",
            "PrimaryDomain",
            "DomainName",
            "ServerName",
            "TargetName",
            "TargetInfo",
            "VolumeLabel*",
            "sv[0-9]*",
            "wki[0-9]*",
            "Version",
            "Product*",
        ),
        "it is another server, with a name and a version of its own",
    ),
    Row(
        "secrets",
        (
            "Challenge",
            "ServerChallenge",
            "*Response",
            "EncryptedRandomSessionKey",
            "Password*",
            "*Password",
            "mechListMIC",
        ),
        "challenges, proofs and keys are made anew for each sign-in",
    ),
    Row(
        "flags",
        ("Flags", "Flags2"),
        "servers repeat the Flags of the request, or have their own",
    ),
    Row(
        "signature",
        ("SecuritySignature", "SecurityFeatures", "Checksum"),
        "messages are signed anew, with the key of the new sign-in",
    ),
    Row("cut", ("*Piece", "Unread"), "only a part of it was captured, which cannot be taken apart"),
    Row(
        "layout",
        (
            "ByteCount",
            "AndXOffset",
            "AndXReserved",
            "*Pad",
            "Pad*",
            "*DataOffset",
            "*ParameterOffset",
            "*ParameterCount",
            "*DataCount",
            "*DataLength",
            "DataLengthHigh",
            "SecurityBlobLength",
            "ChallengeLength",
            "NextEntryOffset",
            "*NameLength",
            "auth_length",
            "*Displacement",
            "*BufferOffset",
            "Reserved*",
            "Null",
            "*NameLen",
            "*NameMaxLen",
            "*InfoLen",
            "*InfoMaxLen",
            "Length",
            "frag_length",
            "alloc_hint",
            "MaximumCount",
            "ActualCount",
        ),
        "places and lengths follow from what else the message holds",
    ),
)
"""In this order; the first row that has a field's name is its."""

KINDS: Final = (
    Row("status", ("Status",), ""),
    Row(
        "names",
        (
            "*FileName",
            "*_name",
            "*Name",
            "SearchCount",
            "Entries",
            "*netname",
            "*remark",
            "*comment",
        ),
        "",
    ),
    Row("sizes", ("EndOfFile", "*FileSize", "*DataSize", "StreamSize", "Count", "CountHigh", "EaSize"), ""),
    Row("attributes", ("*Attributes", "Directory", "DeletePending", "NumberOfLinks"), ""),
    Row("data", ("Data", "*_Data", "*_Parameters", "Buffer", "Stub"), ""),
    Row("rights", ("*AccessRights", "*Access", "AccessFlags", "OptionalSupport"), ""),
    Row(
        "negotiated",
        (
            "DialectIndex",
            "SecurityMode",
            "Max*",
            "Capabilities",
            "RawMode",
            "NegotiateFlags",
            "SecurityBlob",
            "max_*_frag",
        ),
        "",
    ),
)
"""What is different and nothing else, by kind; what has none of these names is of the kind `fields`."""
OTHERS: Final = {
    "fields": "any other field",
    "answers": "an answer that did not come, or one more than the capture has",
    "oplocks": "an oplock is asked back here or in the capture alone",
    "unsent": "a request that could not be sent, because of what the server did before",
    "closed": "the server closed a connection that it did not close in the capture",
}
"""Kinds that no field's name decides."""
ALL_KINDS: Final = tuple(row.kind for row in (*KINDS, *EXPECTED)) + tuple(OTHERS)
NOT_EXPECTED: Final = frozenset((*(row.kind for row in KINDS), *OTHERS))
REASONS: Final[Mapping[str, str]] = {row.kind: row.reason for row in EXPECTED}


@lru_cache(maxsize=4096)
def kind_of(name: str) -> str:
    """The kind of a difference in a field of that name."""
    for row in (*EXPECTED, *KINDS):
        if any(fnmatchcase(name, pattern) for pattern in row.fields):
            return row.kind
    return "fields"


@lru_cache(maxsize=4096)
def kind_of_group(name: str) -> str:
    """The kind of all differences within a group of fields of that name; empty where each field has its own."""
    kind = kind_of(name)
    return kind if kind in REASONS else ""
