"""TRANS2_QUERY_PATH_INFORMATION and QUERY_FILE_INFORMATION ([MS-CIFS] 2.2.6.6, 2.2.6.8).

What a level looks like on the wire is a row of `wire.file_info`; what it is about comes from the store as one `Info`.
"""

from typing import Final

import msgspec

from fakesmb.core import eas
from fakesmb.core.dispatch import Needs
from fakesmb.core.request import AnyRequest, Request
from fakesmb.core.state import Open
from fakesmb.core.strings import strings_of
from fakesmb.core.trans2 import unix_info
from fakesmb.core.trans2.levels import NO_EA_ERROR, Target, unknown_level
from fakesmb.core.transactions import Results, subcommand
from fakesmb.nt.files import Attribute
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.store import Info
from fakesmb.wire.file_info import EA_LEVELS, EA_SIZE_LEVELS, LEVELS, STREAM_LEVELS
from fakesmb.wire.info import LevelContext, Stream
from fakesmb.wire.trans2 import (
    QueryFileInformationRequest,
    QueryPathInformationRequest,
    Trans2,
)

IS_NAME_VALID: Final = 0x0006
ALL_EAS: Final = 0x0004
NOT_OF_PIPES: Final = (0x0108, 0x0109, 0x010B, 1021, 1022, 1028, 1034, 1035)
"""Levels about what only files have, such as short names and streams: INVALID_PARAMETER for a pipe, as Windows."""
PIPE_ALLOCATION: Final = 4096


@subcommand(Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest)
def query_path_information(request: Request[QueryPathInformationRequest]) -> Results:
    """TRANS2_QUERY_PATH_INFORMATION, [MS-CIFS] 3.3.5.58.6: about a name, which is not opened for it."""
    params = request.params
    path = request.named(params.file_name)
    level = params.information_level
    if unix_info.is_unix(level):
        return unix_info.query(request, path, level)
    if level == IS_NAME_VALID:
        return Results(NO_EA_ERROR)
    row = LEVELS.get(level)
    if row is None or row.encode is None:
        raise unknown_level(level)
    info = request.store.query(path, ea_size=level in EA_SIZE_LEVELS)
    context = strings_of(request)
    if level in _SPECIAL:
        context = with_extras(request, path, level, context)
    elif level in _ALIAS:
        add_alias(request, info)
    return Results(NO_EA_ERROR, row.encode(info, context))


@subcommand(Trans2.QUERY_FILE_INFORMATION, QueryFileInformationRequest, Needs.TREE)
def query_file_information(request: Request[QueryFileInformationRequest]) -> Results:
    """TRANS2_QUERY_FILE_INFORMATION, [MS-CIFS] 3.3.5.58.8: about an open file or pipe."""
    params = request.params
    entry = request.open(params.fid)
    level = params.information_level
    if unix_info.is_unix(level):
        if entry.handle is None:
            raise SMBError(NT.NOT_SUPPORTED, "Unix information is about files, and this is a pipe")
        return unix_info.query(request, entry.handle, level)
    row = LEVELS.get(level)
    if row is None or row.encode is None or level == IS_NAME_VALID:
        raise unknown_level(level)
    handle = entry.handle
    context = strings_of(request)
    if handle is None:
        if level == ALL_EAS:
            raise SMBError(NT.ACCESS_DENIED, "a pipe has no EAs")
        if level in NOT_OF_PIPES:
            raise SMBError(
                NT.INVALID_PARAMETER, f"information level 0x{level:04X} is of files only, and this is a pipe"
            )
        return Results(NO_EA_ERROR, row.encode(pipe_info(entry), context))
    info = request.store.query(handle, ea_size=level in EA_SIZE_LEVELS)
    context = msgspec.structs.replace(
        context, access=handle.access, position=handle.position, mode=handle.mode
    )
    if level in _SPECIAL:
        context = with_extras(request, handle, level, context)
    elif level in _ALIAS:
        add_alias(request, info)
    return Results(NO_EA_ERROR, row.encode(info, context))


_ALIAS: Final = (0x0108, 1021)
_SPECIAL: Final = STREAM_LEVELS | EA_LEVELS
_EAS: Final = {0x0003: eas.asked_for, 0x0004: eas.all_of, 1015: eas.full_of}


def with_extras(request: AnyRequest, target: Target, level: int, context: LevelContext) -> LevelContext:
    """The streams or EAs that a level tells besides `Info`."""
    if level in STREAM_LEVELS:
        return msgspec.structs.replace(
            context, streams=[Stream(*one) for one in request.store.streams(target)]
        )
    return msgspec.structs.replace(context, eas=_EAS[level](request, request.store.eas(target)))


def add_alias(request: AnyRequest, info: Info) -> None:
    """The 8.3 name, which depends on the other names of the directory."""
    info.alias = request.store.alias(info.path.rpartition("\\")[0], info.name.partition(":")[0])


def pipe_info(entry: Open) -> Info:
    """What Windows says of an open pipe."""
    return Info(
        name=entry.path.lstrip("\\"),
        path=entry.path,
        creation_time=0,
        last_access_time=0,
        last_write_time=0,
        change_time=0,
        attributes=Attribute.NORMAL,
        end_of_file=0,
        allocation_size=PIPE_ALLOCATION,
        number_of_links=1,
        file_id=0,
        delete_pending=1,
    )
