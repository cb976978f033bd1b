"""What the shorthand says of directories, deletion, renaming, attributes and the core dialects' searches."""

import time
from collections.abc import Mapping
from typing import Any, Final

from fakesmb.record.words.files import Words, attributes, file_name
from fakesmb.wire import dirs, search

_RENAMES: Final = {
    dirs.NtRenameLevel.LINK: "hard link",
    dirs.NtRenameLevel.RENAME: "rename",
    dirs.NtRenameLevel.MOVE: "move",
}


def _directory(body: Any) -> str:
    return f", Directory = {body.directory_name}"


def _name(body: Any) -> str:
    return file_name(body.file_name)


def _rename(body: Any) -> str:
    return f", from {body.old_file_name} to {body.new_file_name}"


def _nt_rename(body: dirs.NtRenameRequest) -> str:
    level = _RENAMES.get(body.information_level, f"Level 0x{body.information_level:04X}")
    return f", {level}{_rename(body)}"


def _copy(body: dirs.CopyRequest) -> str:
    return f", from {body.source_file_name} to {body.target_file_name}"


def utime(seconds: int) -> str:
    """A UTIME, which is local time to the old commands, as it reads."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def _information(body: dirs.QueryInformationResponse) -> str:
    return f", Attributes = {attributes(body.file_attributes)}, {body.file_size} bytes"


def _set_information(body: dirs.SetInformationRequest) -> str:
    words = f"{file_name(body.file_name)}, Attributes = {attributes(body.file_attributes)}"
    return f"{words}, written {utime(body.last_write_time)}" if body.last_write_time else words


def _information2(body: dirs.QueryInformation2Response) -> str:
    return f", Attributes = {attributes(body.file_attributes)}, {body.file_data_size} bytes"


def _fid(body: Any) -> str:
    return f", FID = 0x{body.fid:04X}"


def _search(body: search.SearchRequest) -> str:
    if len(body.resume_key):
        return f", continued, at most {body.max_count}"
    return f", Pattern = {body.file_name}, at most {body.max_count}"


WORDS: Final[Mapping[type, Words]] = {
    dirs.CreateDirectoryRequest: _directory,
    dirs.DeleteDirectoryRequest: _directory,
    dirs.CheckDirectoryRequest: _directory,
    dirs.DeleteRequest: _name,
    dirs.RenameRequest: _rename,
    dirs.NtRenameRequest: _nt_rename,
    dirs.QueryInformationRequest: _name,
    dirs.QueryInformationResponse: _information,
    dirs.SetInformationRequest: _set_information,
    dirs.QueryInformation2Request: _fid,
    dirs.QueryInformation2Response: _information2,
    dirs.SetInformation2Request: _fid,
    dirs.CopyRequest: _copy,
    dirs.CopyResponse: lambda body: f", {body.count} files",
    search.SearchRequest: _search,
    search.SearchResponse: lambda body: f", {body.count} entries",
    search.FindClose2Request: lambda body: f", SID = 0x{body.sid:04X}",
}
