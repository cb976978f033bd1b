"""Reading and writing: READ_ANDX, WRITE_ANDX and their core forms READ and WRITE ([MS-CIFS] 2.2.4).

Files and pipes share these commands; the open says which it is.
"""

from typing import Final

from twisted.internet.defer import Deferred

from fakesmb.core import files
from fakesmb.core.dispatch import Needs, command
from fakesmb.core.request import Answer, AnyRequest, FileData, Reply, Request
from fakesmb.core.waiting import then
from fakesmb.nt.files import Access
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.pipes import Pipe, Received
from fakesmb.wire.commands import Command
from fakesmb.wire.files import (
    ReadAndxRequest,
    ReadAndxResponse,
    ReadRequest,
    ReadResponse,
    WriteAndCloseRequest,
    WriteAndxRequest,
    WriteAndxResponse,
    WriteMode,
    WriteRequest,
    WriteResponse,
)
from fakesmb.wire.header import Flags2
from fakesmb.wire.negotiate import Capability

SMALLEST_RANGE: Final = 0x4000
"""Bytes from which on the kernel sends from the file: below that a copy costs less than another system call."""
MOST_IN_MEMORY: Final = 1 << 20
"""Bytes that one read takes of a file where the kernel cannot send them from it: on a signed connection. Clients of the
Unix extensions may ask for 16 MiB, and take less."""
_PIPE_MESSAGE: Final = WriteMode.RAW | WriteMode.MESSAGE_START


def most_wanted(request: "Request[ReadAndxRequest]") -> int:
    """How many bytes a read may give.

    CAP_LARGE_READX among the server's capabilities is enough: Windows XP and pysmb read up to 64 KiB whatever
    their MaxBufferSize is, without that bit in their own. Without it the count has 16 bits.
    """
    params = request.params
    if request.connection.capabilities & Capability.LARGE_READX:
        return min(params.size, request.tree.largest_read)
    return params.max_count


@command(Command.READ_ANDX, ReadAndxRequest, Needs.TREE)
def read_andx(request: Request[ReadAndxRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_READ_ANDX, [MS-CIFS] 3.3.5.36. Reading past the end gives no bytes and no error.

    A read of a pipe waits for a message. Its Timeout does not count: Windows' own clients send 0, and wait.
    """
    params = request.params
    entry = request.open(params.fid)
    handle = entry.handle
    if handle is None:
        pipe = entry.pipe
        assert pipe is not None
        return then(pipe.receive(params.max_count), lambda got: _from_pipe(request, pipe, got))
    if not handle.access & Access.READ_DATA and not request.header.flags2 & Flags2.PAGING_IO:
        raise SMBError(NT.ACCESS_DENIED, "opened for execution, and the read does not say so")
    size = most_wanted(request)
    if (
        size >= SMALLEST_RANGE
        and request.connection.send_range is not None
        and request.exchange_or_none is None
    ):
        part = files.readable_range(request, entry, handle, params.offset, size)
        if part is not None:
            return FileData(part)
    data = files.read(request, entry, handle, params.offset, min(size, MOST_IN_MEMORY))
    return ReadAndxResponse(data=data)


def _from_pipe(request: AnyRequest, pipe: Pipe, received: Received) -> Answer:
    data, more = received
    # Available counts what is left of the message, and Windows gives no other value for a pipe.
    reply = ReadAndxResponse(available=min(pipe.message_left, 0xFFFF) if more else 0, data=data)
    return Reply(reply, NT.BUFFER_OVERFLOW) if more else reply


@command(Command.WRITE_ANDX, WriteAndxRequest, Needs.TREE)
def write_andx(request: Request[WriteAndxRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_WRITE_ANDX, [MS-CIFS] 3.3.5.37. Unlike the core WRITE, a write of nothing changes nothing."""
    params = request.params
    entry = request.open(params.fid)
    data = params.data
    handle = entry.handle
    if handle is None:
        assert entry.pipe is not None
        # Raw mode's first write of a message begins with the length of the whole, which is not of the message.
        skip = 2 if params.write_mode & _PIPE_MESSAGE == _PIPE_MESSAGE else 0
        return WriteAndxResponse.of(entry.pipe.write(data[skip:]) + skip)
    count = files.write(request, entry, handle, params.offset, data)
    if params.write_mode & WriteMode.WRITE_THROUGH:
        return files.made_durable(request, [handle]).addCallback(lambda _: WriteAndxResponse.of(count))
    return WriteAndxResponse.of(count)


@command(Command.READ, ReadRequest, Needs.DISK)
def read(request: Request[ReadRequest]) -> Answer:
    """SMB_COM_READ, [MS-CIFS] 3.3.5.13."""
    params = request.params
    entry, handle = request.open_file(params.fid)
    data = files.read(request, entry, handle, params.offset, files.within_buffer(request, params.count))
    return ReadResponse(count=len(data), data=data)


@command(Command.WRITE, WriteRequest, Needs.DISK)
def write(request: Request[WriteRequest]) -> Answer:
    """SMB_COM_WRITE, [MS-CIFS] 3.3.5.14. A count of 0 sets the file's length to the offset."""
    params = request.params
    entry, handle = request.open_file(params.fid)
    data = announced(params)
    if params.count == 0:
        request.store.set_end_of_file(handle, params.offset)
        return WriteResponse(0)
    return WriteResponse(files.write(request, entry, handle, params.offset, data))


def announced(params: WriteRequest | WriteAndCloseRequest) -> memoryview:
    """The data of a core write: as many bytes as its count says; raises INVALID_PARAMETER for fewer."""
    if len(params.data) < params.count:
        raise SMBError(NT.INVALID_PARAMETER, f"{params.count} bytes announced, {len(params.data)} there")
    return memoryview(params.data)[: params.count]
