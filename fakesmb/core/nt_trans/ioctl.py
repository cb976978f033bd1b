"""NT_TRANSACT_IOCTL: control codes for files and pipes ([MS-CIFS] 2.2.7.2, [MS-SMB] 2.2.7.2)."""

import struct
from typing import Final

from fakesmb.core.dispatch import Needs
from fakesmb.core.nt_trans.copychunk import copy_chunks, resume_key
from fakesmb.core.request import AnyRequest, Request
from fakesmb.core.transactions import Outcome, Results, subcommand
from fakesmb.core.waiting import then
from fakesmb.nt.controls import CHANGING, Fsctl
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.pipes import Pipe
from fakesmb.wire.dfs import GetDfsReferralRequest
from fakesmb.wire.nt_trans import IoctlSetup, NtTransact

_LENGTH: Final = struct.Struct("<H")
_SNAPSHOTS: Final = struct.Struct("<III4x")
MOST_OUTPUT: Final = 0x10000
"""Bytes that a control answers at most, whatever the client has room for: a list of 100,000 ranges is told in parts."""
_EMPTY_LIST: Final = 2
"""Bytes of a list of snapshot names that has none: its closing null."""

ANSWERED: Final = {
    Fsctl.DFS_GET_REFERRALS,
    Fsctl.PIPE_TRANSCEIVE,
    Fsctl.SRV_COPYCHUNK,
    Fsctl.SRV_ENUMERATE_SNAPSHOTS,
    Fsctl.SRV_REQUEST_RESUME_KEY,
}
"""The controls that are answered here; the others go to the share's store."""


@subcommand(NtTransact.IOCTL, IoctlSetup, Needs.TREE)
def ioctl(request: Request[IoctlSetup]) -> Outcome:
    """NT_TRANSACT_IOCTL, [MS-CIFS] 3.3.5.59.2: file system controls; device controls are NOT_SUPPORTED."""
    setup = request.params
    if setup.is_fsctl and setup.function_code == Fsctl.DFS_GET_REFERRALS:
        return _referral(request)
    entry = request.open(setup.fid)
    if not setup.is_fsctl:
        raise SMBError(NT.NOT_SUPPORTED, f"device control 0x{setup.function_code:08X} is not supported")
    if entry.pipe is not None:
        return _pipe(request, entry.pipe, setup.function_code)
    room = min(request.transaction.max_data_count, MOST_OUTPUT)
    if setup.function_code == Fsctl.SRV_ENUMERATE_SNAPSHOTS:
        return _output(snapshots(room))
    if setup.function_code == Fsctl.SRV_REQUEST_RESUME_KEY:
        return _output(resume_key(request, entry, room))
    assert entry.handle is not None
    if setup.function_code in CHANGING:
        request.check_writable()
    data = request.transaction.data
    if setup.function_code == Fsctl.SRV_COPYCHUNK:
        return then(copy_chunks(request, entry, data, room), lambda copied: _output(*copied))
    return _output(*request.store.control(entry.handle, setup.function_code, bytes(data), room))


def _referral(request: AnyRequest) -> Results:
    """FSCTL_DFS_GET_REFERRALS: as TRANS2_GET_DFS_REFERRAL, of no file, whatever the FID ([MS-DFSC] 3.2.4.2)."""
    asked = GetDfsReferralRequest.decode(bytes(request.transaction.data))
    request.path = asked.request_file_name
    room = request.transaction.max_data_count
    return _output(request.server.referrals.refer(asked.request_file_name, asked.max_referral_level, room))


def _output(data: bytes, status: int = 0) -> Results:
    return Results(data=data, setup=_LENGTH.pack(len(data) & 0xFFFF), status=status)


def snapshots(room: int) -> bytes:
    """SRV_SNAPSHOT_ARRAY of a volume that has no previous versions ([MS-SMB] 2.2.7.2.2.1)."""
    if room < _SNAPSHOTS.size:
        raise SMBError(
            NT.INVALID_PARAMETER, f"room for {room} bytes, the list of snapshots has {_SNAPSHOTS.size}"
        )
    return _SNAPSHOTS.pack(0, 0, _EMPTY_LIST)


def _pipe(request: AnyRequest, pipe: Pipe, code: int) -> Outcome:
    if code != Fsctl.PIPE_TRANSCEIVE:
        raise SMBError(NT.INVALID_DEVICE_REQUEST, f"control 0x{code:08X} is not one of pipes")
    received = pipe.transact(request.transaction.data, request.transaction.max_data_count)
    return then(received, lambda got: _output(got[0], NT.BUFFER_OVERFLOW if got[1] else 0))
