"""Functions of NT_TRANSACT, their setup and parameter blocks ([MS-CIFS] 2.2.7, [MS-SMB] 2.2.7)."""

import struct
from collections.abc import Iterable
from typing import Annotated, Final

from fakesmb.wire.codec import (
    U8,
    U16,
    U32,
    U64,
    Buffer,
    CountedTextPart,
    DecodeError,
    Raw16,
    Structure,
    Text,
    decode_utf16,
    encode_utf16,
)
from fakesmb.wire.trans import Setup


class NtTransact:
    """NT_TRANSACT function codes, [MS-CIFS] 2.2.2.2 and [MS-SMB] 2.2.2.2."""

    CREATE: Final = 0x0001
    IOCTL: Final = 0x0002
    SET_SECURITY_DESC: Final = 0x0003
    NOTIFY_CHANGE: Final = 0x0004
    RENAME: Final = 0x0005
    QUERY_SECURITY_DESC: Final = 0x0006
    QUERY_QUOTA: Final = 0x0007
    SET_QUOTA: Final = 0x0008
    CREATE2: Final = 0x0009


class NtCreateRequest(Structure, frozen=True, kw_only=True):
    """NT_TRANSACT_CREATE parameters, [MS-CIFS] 2.2.7.1.1.

    The data hold a security descriptor of `security_descriptor_length` bytes, then EAs of `ea_length` bytes.
    """

    flags: U32 = 0
    root_directory_fid: U32 = 0
    desired_access: U32
    allocation_size: U64 = 0
    ext_file_attributes: U32 = 0
    share_access: U32 = 0
    create_disposition: U32 = 1
    create_options: U32 = 0
    security_descriptor_length: U32 = 0
    ea_length: U32 = 0
    name_length: U32 = 0
    impersonation_level: U32 = 2
    security_flags: U8 = 0
    file_name: Annotated[str, CountedTextPart("name_length")] = ""

    def parts_of(self, data: Buffer) -> tuple[Buffer, Buffer]:
        """Security descriptor and EAs out of the transaction's data; raises `DecodeError`."""
        end = self.security_descriptor_length + self.ea_length
        if end > len(data):
            raise DecodeError(f"{end} bytes of descriptor and EAs, {len(data)} there")
        view = memoryview(data)
        return view[: self.security_descriptor_length], view[self.security_descriptor_length : end]


class NtCreateResponse(Structure, frozen=True, kw_only=True):
    """NT_TRANSACT_CREATE response parameters, [MS-CIFS] 2.2.7.1.2: 69 bytes."""

    oplock_level: U8 = 0
    reserved: U8 = 0
    fid: U16
    create_action: U32 = 1
    ea_error_offset: U32 = 0
    creation_time: U64 = 0
    last_access_time: U64 = 0
    last_write_time: U64 = 0
    last_change_time: U64 = 0
    ext_file_attributes: U32 = 0x80
    allocation_size: U64 = 0
    end_of_file: U64 = 0
    resource_type: U16 = 0
    nm_pipe_status: U16 = 0
    directory: U8 = 0


class NtCreateExtendedResponse(NtCreateResponse, frozen=True, kw_only=True):
    """NT_TRANSACT_CREATE response parameters with extended information, [MS-SMB] 2.2.7.1.2: 101 bytes."""

    volume_guid: Raw16 = bytes(16)
    file_id: U64 = 0
    maximal_access_rights: U32 = 0
    guest_maximal_access_rights: U32 = 0


class IoctlSetup(Setup, frozen=True):
    """NT_TRANSACT_IOCTL setup, [MS-CIFS] 2.2.7.2.1. `is_flags` bit 0: the share root of a DFS tree."""

    function_code: U32
    fid: U16
    is_fsctl: U8 = 1
    is_flags: U8 = 0


class SecurityDescRequest(Structure, frozen=True):
    """NT_TRANSACT_QUERY_SECURITY_DESC and SET_SECURITY_DESC parameters, [MS-CIFS] 2.2.7.3.1, 2.2.7.6.1."""

    fid: U16
    reserved: U16
    security_information: U32


class LengthNeededResponse(Structure, frozen=True):
    """Parameters of a descriptor or quota answer: the length of all of it, [MS-CIFS] 2.2.7.6.2."""

    length_needed: U32


class NotifySetup(Setup, frozen=True):
    """NT_TRANSACT_NOTIFY_CHANGE setup, [MS-CIFS] 2.2.7.4.1."""

    completion_filter: U32
    fid: U16
    watch_tree: U8 = 0
    reserved: U8 = 0


_NOTIFY: Final = struct.Struct("<III")


def notify_information(changes: Iterable[tuple[int, str]]) -> bytes:
    """FILE_NOTIFY_INFORMATION of (action, name) pairs, [MS-FSCC] 2.7.1; names are Unicode whatever the flags say."""
    entries = [(action, encode_utf16(name)) for action, name in changes]
    out = bytearray()
    for index, (action, name) in enumerate(entries, 1):
        pad = -len(name) % 4
        following = 0 if index == len(entries) else _NOTIFY.size + len(name) + pad
        out += _NOTIFY.pack(following, action, len(name)) + name
        if following:
            out += bytes(pad)
    return bytes(out)


def read_notify_information(data: Buffer) -> list[tuple[int, str]]:
    """The (action, name) pairs of FILE_NOTIFY_INFORMATION; raises `DecodeError`."""
    found = []
    at = 0
    while len(data) - at >= _NOTIFY.size:
        following, action, length = _NOTIFY.unpack_from(data, at)
        start = at + _NOTIFY.size
        if length % 2 or start + length > len(data):
            raise DecodeError("a changed name beyond the data")
        found.append((action, decode_utf16(bytes(data[start : start + length]))))
        if not following:
            break
        if following < _NOTIFY.size + length:
            raise DecodeError("changes that overlap")
        at += following
    return found


class NtRenameTransactRequest(Structure, frozen=True):
    """NT_TRANSACT_RENAME parameters, [MS-CIFS] 2.2.7.5.1. `rename_flags` bit 0: replace if exists."""

    fid: U16
    rename_flags: U16
    new_name: Text


class QueryQuotaRequest(Structure, frozen=True):
    """NT_TRANSACT_QUERY_QUOTA parameters, [MS-SMB] 2.2.7.5.1."""

    fid: U16
    return_single_entry: U8
    restart_scan: U8
    sid_list_length: U32
    start_sid_length: U32
    start_sid_offset: U32


class SetQuotaRequest(Structure, frozen=True):
    """NT_TRANSACT_SET_QUOTA parameters, [MS-SMB] 2.2.7.6.1; the data are quota entries."""

    fid: U16


NT_TRANSACT_REQUESTS: Final[dict[int, type[Structure]]] = {
    NtTransact.CREATE: NtCreateRequest,
    NtTransact.SET_SECURITY_DESC: SecurityDescRequest,
    NtTransact.RENAME: NtRenameTransactRequest,
    NtTransact.QUERY_SECURITY_DESC: SecurityDescRequest,
    NtTransact.QUERY_QUOTA: QueryQuotaRequest,
    NtTransact.SET_QUOTA: SetQuotaRequest,
}
"""Function to the class of its request parameters."""

NT_TRANSACT_SETUPS: Final[dict[int, type[Setup]]] = {
    NtTransact.IOCTL: IoctlSetup,
    NtTransact.NOTIFY_CHANGE: NotifySetup,
}
"""Function to the class of its setup, where the parameters are empty."""

NT_TRANSACT_RESPONSES: Final[dict[int, type[Structure]]] = {
    NtTransact.CREATE: NtCreateResponse,
    NtTransact.QUERY_SECURITY_DESC: LengthNeededResponse,
    NtTransact.QUERY_QUOTA: LengthNeededResponse,
}
"""Function to the class of its response parameters, where it has any."""
