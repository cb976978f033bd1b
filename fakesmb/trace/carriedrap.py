"""Calls of the Remote Administration Protocol as fields ([MS-RAP] 2.5): their own descriptor strings give the layout.

`W` is a word, `D` a double word, `B` a byte, `B13` a string of that size, `z` a string (of an answer an offset to it),
`r` and `L` the answer's buffer, `e` and `h` what comes back beside it, `P` and `s` what goes along as data.
"""

import re
from typing import Any, Final

from fakesmb.trace.meanings import named
from fakesmb.trace.stubmeanings import SERVER_TYPE, share_type
from fakesmb.trace.taking import Taking
from fakesmb.wire import rap
from fakesmb.wire.codec import DecodeError

_ITEM: Final = re.compile(r"([A-Za-z])(\d*)")
_WIDTHS: Final = {"W": 2, "D": 4, "B": 1, "b": 1, "z": 4, "l": 4, "O": 4, "i": 2, "N": 2, "K": 1}
MOST_ROWS: Final = 10_000
_SHARE_ROW: Final = ("NetworkName", "Pad", "Type", "Remark")
_USER: Final = (
    "Name", "Pad", "Password", "PasswordAge", "Priv", "HomeDir", "Comment", "Flags", "ScriptPath",
)  # fmt: skip
_JOB: Final = (
    "JobID", "Priority", "UserName", "JobPosition", "JobStatus", "TimeSubmitted", "JobSize", "CommentString",
    "DocumentName",
)  # fmt: skip
_QUEUE: Final = (
    "PrintQName", "Pad1", "Priority", "StartTime", "UntilTime", "SeparatorPageFilename", "PrintProcessorDllName",
    "PrintDestinationsName", "PrintParameterString", "CommentString", "PrintQStatus", "PrintJobCount",
)  # fmt: skip
_QUEUE_LONG: Final = (
    "PrintQueueName", "Priority", "StartTime", "UntilTime", "Pad", "SeparatorPageFilename", "PrintProcessorDllName",
    "PrintParameterString", "CommentString", "PrintQStatus", "PrintJobCount", "Printers", "DriverName",
    "PrintDriverData",
)  # fmt: skip
_BEHIND: Final = {"B13BWWWzzzzzWN": "WB21BB16B10zWWzDDz", "zWWWWzzzzWNzzl": "WWzWWDDzz"}
"""Rows with others behind each, by their descriptors: how many the member `N` says."""
_NAMES: Final = {
    "B13BWz": _SHARE_ROW,
    "B13": _SHARE_ROW,
    "B13BWzWWWzB9B": (*_SHARE_ROW, "Permissions", "MaxUses", "CurrentUses", "PathName", "Password", "Pad2"),
    "B16": ("Name",),
    "B16BBDz": ("Name", "VersionMajor", "VersionMinor", "ServerType", "Comment"),
    "zzzBBzz": (
        "ComputerName",
        "UserName",
        "LanGroup",
        "VersionMajor",
        "VersionMinor",
        "LogonDomain",
        "OtherDomains",
    ),
    "W": ("JobID",),
    "D": ("ID",),
    "DWWzz": ("ID", "Permissions", "NumLocks", "PathName", "UserName"),
    "WWWWDzz": ("ID", "Type", "NumOpens", "NumUsers", "Time", "UserName", "NetName"),
    "B21": ("Name",),
    "B21Bz": ("GroupName", "Pad", "Comment"),
    "B21BB16DWzzWz": _USER,
    "B21BB16DWzzWzDzzzzDDDDWb21WWzWW": (
        *_USER,
        "AuthFlags",
        "FullName",
        "UserComment",
        "Parms",
        "Workstations",
        "LastLogon",
        "LastLogoff",
        "AcctExpires",
        "MaxStorage",
        "UnitsPerWeek",
        "LogonHours",
        "BadPWCount",
        "NumLogons",
        "LogonServer",
        "CountryCode",
        "CodePage",
    ),
    "B21Bzzz": ("Name", "Pad", "Comment", "UserComment", "FullName"),
    "B21BzzzWDDzzDDWWzWzDWb21W": (
        "Name",
        "Pad",
        "Comment",
        "UserComment",
        "FullName",
        "Priv",
        "AuthFlags",
        "PasswordAge",
        "HomeDir",
        "Parms",
        "LastLogon",
        "LastLogoff",
        "BadPWCount",
        "NumLogons",
        "LogonServer",
        "CountryCode",
        "Workstations",
        "MaxStorage",
        "UnitsPerWeek",
        "LogonHours",
        "CodePage",
    ),
    "B16WDW": ("ServiceName", "Status", "Code", "PID"),
    "B16WDWB64": ("ServiceName", "Status", "Code", "PID", "Text"),
    "WB21BB16B10zWWzDDz": (
        "JobID",
        "UserName",
        "Pad",
        "NotifyName",
        "DataType",
        "PrintParameterString",
        "JobPosition",
        "JobStatus",
        "JobStatusString",
        "TimeSubmitted",
        "JobSize",
        "JobCommentString",
    ),
    "WWzWWDDzz": _JOB,
    "WWzWWDDzzzzzzzzzzlz": (
        *_JOB,
        "NotifyName",
        "DataType",
        "PrintParameterString",
        "StatusString",
        "QueueName",
        "PrintProcessorName",
        "PrintProcessorParams",
        "DriverName",
        "DriverDataOffset",
        "PrinterName",
    ),
    "WWzWWDDzzzzzDDDDDDD": (
        *_JOB,
        "SpoolFileName",
        "PortName",
        "StatusString",
        "StartTime",
        "UntilTime",
        "PagesSpooled",
        "PagesSent",
        "PagesPrinted",
        "TimePrinted",
        "ExtendedJobStatus",
    ),
    "B13BWWWzzzzzWW": _QUEUE,
    "B13BWWWzzzzzWN": _QUEUE,
    "zWWWWzzzzWWzzl": _QUEUE_LONG,
    "zWWWWzzzzWNzzl": _QUEUE_LONG,
    "z": ("Name",),
    "B9": ("PrintDestName",),
    "B9B21WWzW": ("PrintDestName", "UserName", "JobID", "Status", "StatusString", "Time"),
    "zzzWWzzzWW": (
        "PrinterName",
        "UserName",
        "LogAddr",
        "JobID",
        "Status",
        "StatusString",
        "Comment",
        "Drivers",
        "Time",
        "Pad",
    ),
    "zzDD": ("ComputerName", "UserName", "TimeActive", "TimeIdle"),
    "zzWWWDDDz": (
        "ComputerName",
        "UserName",
        "NumConns",
        "NumOpens",
        "NumUsers",
        "TimeActive",
        "TimeIdle",
        "UserFlags",
        "ClientType",
    ),
    "DDBBBBWWBBWB": (
        "TimeSinceJan11970",
        "MilliSeconds",
        "Hours",
        "Minutes",
        "Seconds",
        "Hundredths",
        "TimeZone",
        "ClockFrequency",
        "Day",
        "Month",
        "Year",
        "WeekDay",
    ),
}
"""The members of rows, by their descriptor ([MS-RAP] 2.5.5 to 2.5.10)."""
_ARGUMENTS: Final = {
    0x0000: ("InfoLevel",),
    0x0001: ("NetName", "InfoLevel"),
    0x0006: ("InfoLevel",),
    0x0007: ("ClientName", "InfoLevel"),
    0x000D: ("InfoLevel",),
    0x0009: ("Qualifier", "InfoLevel"),
    0x0027: ("InfoLevel",),
    0x002F: ("InfoLevel",),
    0x0034: ("GroupName", "InfoLevel"),
    0x0035: ("InfoLevel",),
    0x0038: ("UserName", "InfoLevel"),
    0x003B: ("UserName", "InfoLevel"),
    0x006A: ("GroupName", "InfoLevel"),
    0x0070: ("BasePath", "UserName", "InfoLevel", "ResumeKey"),
    0x007C: ("ID", "InfoLevel"),
    0x007D: ("ID",),
    0x003F: ("InfoLevel",),
    0x0045: ("InfoLevel",),
    0x0046: ("PrintQueueName", "InfoLevel"),
    0x004C: ("PrintQueueName", "InfoLevel"),
    0x004A: ("PrintQueueName",),
    0x004B: ("PrintQueueName",),
    0x0067: ("PrintQueueName",),
    0x004D: ("JobID", "InfoLevel"),
    0x0051: ("JobID",),
    0x0052: ("JobID",),
    0x0053: ("JobID",),
    0x0054: ("InfoLevel",),
    0x0055: ("PrintDestName", "InfoLevel"),
    0x0068: ("InfoLevel", "ServerType", "Domain"),
    0x0073: ("UserName", "OldPassword", "NewPassword", "EncryptedPassword", "RealPasswordLength"),
    0x0093: ("JobID", "InfoLevel", "ParamNum"),
    0x00D7: ("InfoLevel", "ServerType", "Domain", "FirstNameToReturn"),
}
"""What a call is given, in order ([MS-RAP] 2.5.5 to 2.5.10)."""
_STATUS: Final = named(
    {
        0: "NERR_Success",
        5: "ERROR_ACCESS_DENIED",
        50: "ERROR_NOT_SUPPORTED",
        87: "ERROR_INVALID_PARAMETER",
        124: "ERROR_INVALID_LEVEL",
        234: "ERROR_MORE_DATA",
        2114: "NERR_ServerNotStarted",
        2123: "NERR_BufTooSmall",
        2150: "NERR_QNotFound",
        2151: "NERR_JobNotFound",
        2152: "NERR_DestNotFound",
        2220: "NERR_GroupNotFound",
        2221: "NERR_UserNotFound",
        2243: "NERR_PasswordCantChange",
        2310: "NERR_NetNameNotFound",
        2312: "NERR_ClientNameNotFound",
        2314: "NERR_FileIdNotFound",
    }
)


def _function(value: int) -> str:
    return rap.FUNCTIONS.get(value, "")


def request_parameters(take: Taking) -> None:
    """Opcode, descriptors and arguments of a call; raises `DecodeError`."""
    opcode = take.number("RAPOpcode", 2, _function)
    arguments = take.zeroed("ParamDesc", wide=False)
    take.zeroed("DataDesc", wide=False)
    secret = opcode in rap.PASSWORDS
    names = iter(_ARGUMENTS.get(opcode, ()))
    for place, (kind, count) in enumerate(_ITEM.findall(arguments), 1):
        if kind in "rehgmnxsTPF":
            continue
        name = "ReceiveBufferSize" if kind == "L" else next(names, f"Argument{place}")
        if kind in ("z", "O") and not count:
            if kind == "z":
                _string(take, name, secret)
        elif kind == "b" or (kind == "B" and count):
            take.raw(name, int(count or 1), secret=secret)
        else:
            width = {"L": 2}.get(kind) or _WIDTHS.get(kind)
            if width is None:
                raise DecodeError(f"the descriptor {arguments} has {kind}, which is none of its letters")
            take.number(name, width, SERVER_TYPE if name == "ServerType" else "")
    if take.left:
        take.raw("AuxDesc", take.left, secret=secret)


def _string(take: Taking, name: str, secret: bool) -> None:
    if secret:
        take.raw(name, take.zeroed_size(wide=False), secret=True)
    else:
        take.zeroed(name, wide=False)


def response_parameters(take: Taking, asked: rap.RapRequest | None) -> None:
    """Status, converter and what comes back beside the data; raises `DecodeError`."""
    take.number("Win32ErrorCode", 2, _STATUS)
    take.number("Converter", 2, "to be taken off the offsets of strings")
    if asked is None:
        return
    for kind, _ in _ITEM.findall(asked.parameter_descriptor):
        if kind == "e":
            take.number("EntriesReturned", 2)
            take.number("EntriesAvailable", 2)
        elif kind in "hg" and take.left >= 2 and "e" not in asked.parameter_descriptor:
            take.number("TotalBytesAvailable", 2)


def response_data(take: Taking, asked: rap.RapRequest, parameters: bytes) -> None:
    """The rows of an answer, and the strings behind them; raises `DecodeError`."""
    if not _row_size(asked.data_descriptor):
        return
    converter = int.from_bytes(parameters[2:4], "little")
    listed = "e" in asked.parameter_descriptor and len(parameters) >= 6
    rows = int.from_bytes(parameters[4:6], "little") if listed else 1
    strings: dict[int, str] = {}
    left = MOST_ROWS
    for _ in range(min(rows, MOST_ROWS)):
        behind = _row(
            take, asked.name.removesuffix("Enum") or "Row", asked.data_descriptor, converter, strings
        )
        left -= behind + 1
        if left < 0:
            raise DecodeError(f"more than {MOST_ROWS} rows")
        for _ in range(behind):
            _row(take, "PrintJobInfo", _BEHIND[asked.data_descriptor], converter, strings)
    _strings(take, strings)


def _row_size(descriptor: str) -> int:
    return sum(_size(kind, int(count or 0)) for kind, count in _ITEM.findall(descriptor))


def _row(take: Taking, title: str, descriptor: str, converter: int, strings: dict[int, str]) -> int:
    """One row; gives how many of another kind are behind it."""
    size, names, behind = _row_size(descriptor), _NAMES.get(descriptor, ()), 0
    if take.left < size:
        raise DecodeError(f"a row has {size} bytes, {take.left} are left")
    with take.group(title) as group:
        for index, (kind, count) in enumerate(_ITEM.findall(descriptor)):
            name = names[index] if index < len(names) else f"{kind}{count}"
            told = _item(take, name, kind, int(count or 0), converter, strings)
            if index == 0:
                group.meaning = told
            if kind == "N" and descriptor in _BEHIND:
                behind = int(told)
    return behind


def _size(kind: str, count: int) -> int:
    if kind not in _WIDTHS:
        raise DecodeError(f"a row with {kind}, which is none of the letters of descriptors")
    if kind == "b" and count:  # an offset to so many bytes
        return 4
    return count * _WIDTHS[kind] if count and kind in "BWD" else _WIDTHS[kind]


def _item(take: Taking, name: str, kind: str, count: int, converter: int, strings: dict[int, str]) -> str:
    if kind == "B" and count:
        if name == "Password":
            take.raw(name, count, secret=True)
            return ""
        return take.text(name, count, wide=False)
    if kind != "z":
        meaning: Any = {"Type": share_type, "ServerType": SERVER_TYPE}.get(name, "")
        return str(take.number(name, _size(kind, count), meaning))
    offset = take.number(f"{name}Offset", 4)
    at = take.start + (offset - converter & 0xFFFF)
    if not offset or not take.start <= at < take.end:
        return ""
    strings[at] = name
    text = take.text_at(at, False)
    take.relabel(text)
    return text


def _strings(take: Taking, strings: dict[int, str]) -> None:
    for at in sorted(strings):
        if at < take.at:
            continue  # rows may share strings
        take.raw("Pad", at - take.at)
        take.zeroed(strings[at], wide=False)
