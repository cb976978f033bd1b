"""What the shorthand says of the three transactions: names of subcommands and levels, paths, counts.

Their parameters are decoded here, when someone looks, and not on the path of a request.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol

from fakesmb.nt.controls import Fsctl
from fakesmb.nt.descriptor import SecurityInformation
from fakesmb.nt.status import NT
from fakesmb.record.events import Part
from fakesmb.record.words.files import file_name
from fakesmb.wire import dfs, file_info, find_info, fs_info, names, nt_trans, set_info, trans2, unix
from fakesmb.wire.codec import DecodeError, Empty
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.info import PASSTHROUGH
from fakesmb.wire.rap import LANMAN_PIPE, RapRequest, RapResponse

SECONDARIES: Final = frozenset(
    {Command.TRANSACTION_SECONDARY, Command.TRANSACTION2_SECONDARY, Command.NT_TRANSACT_SECONDARY}
)
COMMANDS: Final = SECONDARIES | {Command.TRANSACTION, Command.TRANSACTION2, Command.NT_TRANSACT}
_MAILSLOT: Final = "\\MAILSLOT\\"

Says = Callable[[Any], str]


_title = lru_cache(maxsize=16)(names.title)
_subcommand_title = lru_cache(maxsize=256)(names.subcommand_title)


class Named(Protocol):
    """A row of a table of information levels."""

    @property
    def name(self) -> str:
        """`SMB_QUERY_FILE_ALL_INFO`."""


def words(part: Part, request: bool, status: int, parameters: Any) -> str:
    """Title and words of a transaction without its status; `parameters` are those of `parameters_of`."""
    title = _title(part.command)
    if not request and is_refused_referral(part, status):
        return f"{title}, Open2"  # the documented analyser saw no setup words, and so subcommand 0
    body: Any = part.body
    if type(body) is Empty:
        return f"{title}, interim response"
    if part.command in SECONDARIES:
        return title if body is None else f"{title}, {_more(body)}"
    title += _subtitle(part, request)
    if body is None:
        return title
    say = PARAMETERS.get(type(parameters))
    if say is not None:
        title += say(parameters)
    elif part.command == Command.TRANSACTION and request:
        title += _pipe(part.subcommand, body)
    say = _DETAILS.get(type(part.detail))
    if say is not None:
        return title + say(part.detail)
    return f"{title}, {len(body.data)} bytes" if len(body.data) else title


def is_refused_referral(part: Part, status: int) -> bool:
    """Whether this is the answer "not a DFS namespace", which the documented exchange has its words for."""
    return (
        part.command == Command.TRANSACTION2
        and part.subcommand == trans2.Trans2.GET_DFS_REFERRAL
        and status == NT.NO_SUCH_DEVICE
        and part.body is None
    )


def _more(body: Any) -> str:
    return f"{len(body.parameters)} bytes of parameters and {len(body.data)} of data more"


def _pipe(function: int | None, body: Any) -> str:
    if function == PipeFunction.WAIT_NMPIPE:
        return f", {body.name}"
    if body.setup_fid is None or body.name.upper().startswith(_MAILSLOT):
        return ""
    return f", FID = 0x{body.setup_fid:04X}"


def _subtitle(part: Part, request: bool) -> str:
    code = part.subcommand
    body: Any = part.body
    if part.command == Command.TRANSACTION:
        name = getattr(body, "name", "")
        if name.upper().startswith(_MAILSLOT):
            return f", {names.MAILSLOT_WRITE.title}, {name}"
        if type(part.detail) in (RapRequest, RapResponse):
            return ", Remote Administration Protocol"
        if name.upper().startswith(LANMAN_PIPE):
            return f", {name}"
    if code is None and request and body is not None:
        code = body.subcommand
    return "" if code is None else f", {_subcommand_title(part.command, code)}"


def parameters_of(part: Part, request: bool, unicode: bool) -> Any:
    """The decoded parameters (or setup) of a transaction; None where it has none or they cannot be read.

    The dissector has them in `Part.parameters`, handlers in `Part.detail`.
    """
    if part.parameters is not None:
        return part.parameters
    if type(part.detail) in PARAMETERS:
        return part.detail
    body: Any = part.body
    code = part.subcommand
    if body is None or part.command in SECONDARIES or type(body) is Empty:
        return None
    if code is None:
        code = getattr(body, "subcommand", None)
        if code is None:
            return None
    table: Mapping[int, Any]
    if part.command == Command.TRANSACTION2:
        table = trans2.TRANS2_REQUESTS if request else trans2.TRANS2_RESPONSES
    elif part.command == Command.NT_TRANSACT:
        table = nt_trans.NT_TRANSACT_REQUESTS if request else {}
    else:
        return None
    try:
        if code in table:
            return table[code].decode(body.parameters, unicode=unicode)
        if request and part.command == Command.NT_TRANSACT and code in nt_trans.NT_TRANSACT_SETUPS:
            return nt_trans.NT_TRANSACT_SETUPS[code].decode(body.setup)
    except DecodeError:
        pass  # the answer tells what is wrong; the rest may come in a secondary request
    return None


def level_name(table: Mapping[int, Named], level: int) -> str:
    """`SMB_QUERY_FILE_ALL_INFO (0x0107)`; passthrough classes in decimal, as their documents have them."""
    number = str(level) if level >= PASSTHROUGH else f"0x{level:04X}"
    known = table.get(level)
    return f"{known.name} ({number})" if known else number


def _find_first(body: trans2.FindFirst2Request) -> str:
    level = level_name(find_info.LEVELS | unix.FIND_LEVELS, body.information_level)
    return f", Pattern = {body.file_name}, Level = {level}, at most {body.search_count}"


def _find_next(body: trans2.FindNext2Request) -> str:
    after = f", after {body.file_name}" if body.file_name else ""
    return f", SID = 0x{body.sid:04X}{after}, at most {body.search_count}"


def _found(body: Any) -> str:
    sid = f", SID = 0x{body.sid:04X}" if isinstance(body, trans2.FindFirst2Response) else ""
    return f"{sid}, {body.search_count} entries{', end of search' if body.end_of_search else ''}"


def _level(table: Mapping[int, Named]) -> Says:
    known = {level: level_name(table, level) for level in table}

    def say(body: Any) -> str:
        where = f", FID = 0x{body.fid:04X}" if hasattr(body, "fid") else ""
        if hasattr(body, "file_name"):
            where = file_name(body.file_name)
        level = body.information_level
        return f"{where}, Level = {known.get(level) or level_name(table, level)}"

    return say


def _name(body: Any) -> str:
    return file_name(body.file_name)


def _fid(body: Any) -> str:
    return f", FID = 0x{body.fid:04X}"


def _directory(body: trans2.CreateDirectory2Request) -> str:
    return f", Directory = {body.directory_name}"


def _ioctl(body: nt_trans.IoctlSetup) -> str:
    known = _FSCTLS.get(body.function_code)
    function = f"FSCTL_{known}" if known else f"0x{body.function_code:08X}"
    return f", {function}, FID = 0x{body.fid:04X}"


def _notify(body: nt_trans.NotifySetup) -> str:
    tree = ", whole tree" if body.watch_tree else ""
    return f", FID = 0x{body.fid:04X}, Filter = 0x{body.completion_filter:04X}{tree}"


def _descriptor(body: nt_trans.SecurityDescRequest) -> str:
    parts = [name for bit, name in _DESCRIPTOR_PARTS if body.security_information & bit]
    return f", FID = 0x{body.fid:04X}, {' '.join(parts) or 'nothing'}"


def _nothing(_: Any) -> str:
    return ""


_FSCTLS: Final[dict[int, str]] = {code: code.name for code in Fsctl}
_DESCRIPTOR_PARTS: Final = (
    (SecurityInformation.OWNER, "owner"),
    (SecurityInformation.GROUP, "group"),
    (SecurityInformation.DACL, "DACL"),
    (SecurityInformation.SACL, "SACL"),
)

PARAMETERS: Final[Mapping[type, Says]] = {
    trans2.FindFirst2Request: _find_first,
    trans2.FindFirst2Response: _found,
    trans2.FindNext2Request: _find_next,
    trans2.FindNext2Response: _found,
    trans2.QueryFsInformationRequest: _level(fs_info.LEVELS | unix.FS_LEVELS),
    trans2.SetFsInformationRequest: _level(fs_info.SET_LEVELS),
    trans2.QueryPathInformationRequest: _level(file_info.LEVELS | unix.QUERY_LEVELS),
    trans2.SetPathInformationRequest: _level(set_info.SET_LEVELS | unix.SET_LEVELS),
    trans2.QueryFileInformationRequest: _level(file_info.LEVELS | unix.QUERY_LEVELS),
    trans2.SetFileInformationRequest: _level(set_info.SET_LEVELS | unix.SET_LEVELS),
    trans2.EaErrorResponse: _nothing,
    trans2.CreateDirectory2Request: _directory,
    trans2.Open2Request: _name,
    trans2.Open2Response: _fid,
    trans2.Open2ExtendedResponse: _fid,
    dfs.GetDfsReferralRequest: _nothing,
    nt_trans.NtCreateRequest: _name,
    nt_trans.NtCreateResponse: _fid,
    nt_trans.NtCreateExtendedResponse: _fid,
    nt_trans.LengthNeededResponse: _nothing,
    nt_trans.IoctlSetup: _ioctl,
    nt_trans.NotifySetup: _notify,
    nt_trans.SecurityDescRequest: _descriptor,
    nt_trans.NtRenameTransactRequest: lambda body: f", FID = 0x{body.fid:04X}, to {body.new_name}",
    nt_trans.QueryQuotaRequest: _fid,
    nt_trans.SetQuotaRequest: _fid,
}
"""Class of the decoded parameters to words."""

_DETAILS: Final[Mapping[type, Says]] = {
    set_info.SetRename: lambda one: f", to {one.name}",
    set_info.SetLink: lambda one: f", link to {one.name}",
    set_info.SetDisposition: lambda one: ", delete on close" if one.delete else ", keep on close",
    set_info.SetEndOfFile: lambda one: f", {one.size} bytes",
    set_info.SetAllocation: lambda one: f", {one.size} bytes",
    RapRequest: lambda one: f", {one.name}",
    RapResponse: lambda one: f", Status = {one.status}",
}
"""Class of what the data (of RAP the parameters) say to words."""
