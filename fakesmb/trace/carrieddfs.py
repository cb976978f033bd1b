"""DFS referrals as fields ([MS-DFSC] 2.2.4, 2.2.5): entries of versions 1 to 4, and the strings that they point to."""

from typing import Final

from fakesmb.trace.meanings import bits, guid, named
from fakesmb.trace.taking import Taking
from fakesmb.wire.codec import DecodeError

_FLAGS: Final = bits({1: "ReferralServers", 2: "StorageServers", 4: "TargetFailback"})
_SERVER_TYPE: Final = named({0: "a server of files", 1: "a DFS root"})
_ENTRY_FLAGS: Final = bits({2: "NameListReferral", 4: "TargetSetBoundary"})
_NAME_LIST: Final = 2


def _seconds(value: int) -> str:
    return f"{value} s"


def referral(take: Taking) -> None:
    """RESP_GET_DFS_REFERRAL; raises `DecodeError`."""
    take.unicode = True
    take.number("PathConsumed", 2, "bytes of the name asked for")
    count = take.number("NumberOfReferrals", 2)
    take.number("ReferralHeaderFlags", 4, _FLAGS)
    strings: dict[int, str] = {}
    for _ in range(count):
        _entry(take, strings)
    for at in sorted(strings):
        if at < take.at:
            continue  # entries share strings, and may lie about them
        if at > take.end:
            raise DecodeError(f"a string is said to be at {at - take.start}, beyond the data")
        take.raw("Pad", at - take.at)
        take.zeroed(strings[at])


def _entry(take: Taking, strings: dict[int, str]) -> None:
    start = take.at
    version = int.from_bytes(take.data[start : start + 2], "little")
    with take.group(f"DFS_REFERRAL_V{version}", section=f"[MS-DFSC] 2.2.5.{version}") as group:
        take.number("VersionNumber", 2)
        size = take.number("Size", 2)
        take.number("ServerType", 2, _SERVER_TYPE)
        flags = take.number("ReferralEntryFlags", 2, _ENTRY_FLAGS)
        end = start + size
        if version == 1:
            group.meaning = take.text("ShareName", max(min(end, take.end) - take.at, 0))
            return
        if version == 2:
            take.number("Proximity", 4)
        if version not in (2, 3, 4):
            raise DecodeError(f"a referral of version {version}")
        take.number("TimeToLive", 4, _seconds)
        names = ("DFSPath", "DFSAlternatePath", "NetworkAddress")
        if flags & _NAME_LIST:
            names = ("SpecialName", "", "ExpandedName")
        for name in names:
            if name == "":
                take.number("NumberOfExpandedNames", 2)
                continue
            text = _offset(take, name, start, strings)
            group.meaning = text or group.meaning
        if version > 2 and end - take.at >= 16:
            take.raw("ServiceSiteGuid", 16, guid)
        if end > take.at:
            take.raw("Pad", end - take.at)


def _offset(take: Taking, name: str, start: int, strings: dict[int, str]) -> str:
    """An offset from the start of its entry, and the string that is there."""
    offset = take.number(f"{name}Offset", 2)
    at = start + offset
    if not offset or at >= take.end:
        return ""
    strings.setdefault(at, name)
    text = take.text_at(at)
    take.relabel(text)
    return text
