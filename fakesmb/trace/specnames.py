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
        "lan": "Lan",
        "nm": "NM",
        "os": "OS",
        "oem": "OEM",
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
        "ea_error_offset": "EaErrorOffset",
        "ea_length": "EALength",
        "tid2": "TID2",
        "native_lan_man": "NativeLanMan",
        "max_number_vcs": "MaxNumberVcs",
        "vc_number": "VcNumber",
        "last_write": "LastTimeModified",
        "ntlm_revision_current": "NTLMRevisionCurrent",
        "mic": "MIC",
    }
)
"""Names that their words do not spell."""

_OF_CLASS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("SingleHost", "data_size"): "Size",
        ("SingleHost", "machine_id"): "MachineID",
    }
)
"""Names that one structure writes otherwise, by the name of its class and the field."""


@cache
def spec_name(field: str, cls: type | None = None) -> str:
    """The name of a field of a structure as its specification writes it."""
    for base in () if cls is None else cls.__mro__:
        own = _OF_CLASS.get((base.__name__, field))
        if own is not None:
            return own
    return _WHOLE.get(field) or "".join(_WORDS.get(word) or word.capitalize() for word in field.split("_"))
