"""Raw and multiplexed transfers: READ_RAW, WRITE_RAW; READ_MPX and WRITE_MPX as Windows refuses them over TCP.

Raw data travel in frames without any SMB header ([MS-CIFS] 2.2.4.22, 2.2.4.25), so nothing else of the connection
may be under way, and nothing of it can be signed.
"""

from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.files import made_durable, read
from fakesmb.core.request import NO_REPLY, Answer, RawData, Request
from fakesmb.core.state import Open
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.store import Handle
from fakesmb.wire.codec import Buffer
from fakesmb.wire.commands import Command
from fakesmb.wire.files import WriteMode
from fakesmb.wire.raw import (
    ReadMpxRequest,
    ReadRawRequest,
    WriteCompleteResponse,
    WriteMpxRequest,
    WriteRawInterimResponse,
    WriteRawRequest,
)


@command(Command.READ_RAW, ReadRawRequest, Needs.TREE)
def read_raw(request: Request[ReadRawRequest]) -> Answer:
    """SMB_COM_READ_RAW, [MS-CIFS] 3.3.5.24: bare data. Whatever is wrong, the answer is an empty frame.

    The client then asks again by READ or READ_ANDX, and gets the error from there.
    """
    params = request.params
    if request.connection.signing is not None:
        return RawData(b"")
    try:
        entry = request.open(params.fid)
        data = _read(request, entry, params)
    except (SMBError, OSError):
        return RawData(b"")
    return RawData(data)


def _read(request: Request[ReadRawRequest], entry: Open, params: ReadRawRequest) -> bytes:
    handle = entry.handle
    if handle is None:
        assert entry.pipe is not None
        return entry.pipe.read(params.max_count, raw=True)[0]
    return read(request, entry, handle, params.offset, params.max_count)


@command(Command.WRITE_RAW, WriteRawRequest, Needs.DISK)
def write_raw(request: Request[WriteRawRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_WRITE_RAW, [MS-CIFS] 3.3.5.26: the data of the request are written, then the raw frame with the rest.

    The interim response asks for that frame. The final one, SMB_COM_WRITE_COMPLETE, is sent for write-through only:
    without it an error of the second part is told by CLOSE: the protocol has no other answer left for it.
    """
    params, connection = request.params, request.connection
    if connection.signing is not None or connection.raw_write is not None:
        raise SMBError(
            NT.SMB_USE_STANDARD,
            "raw writes are not possible on a signed connection, nor during another raw write",
        )
    entry, handle = request.open_file(params.fid)
    first = len(params.data)
    if first > params.count:
        raise SMBError(NT.INVALID_SMB, f"the request carries {first} bytes of a write of {params.count}")
    store, pid = request.store, request.header.pid_low
    store.write(handle, params.offset, params.data, pid)
    through = bool(params.write_mode & WriteMode.WRITE_THROUGH)
    request.exchange.interim(request, WriteRawInterimResponse())
    arrived: Deferred[Buffer] = Deferred()
    connection.raw_write = arrived

    def rest(data: Buffer) -> "Answer | Deferred[Answer]":
        wanted = memoryview(data)[: params.count - first]
        # Without write-through no client reads the final response.
        try:
            _write_rest(request, handle, params.offset + first, wanted)
        except (SMBError, OSError) as error:
            if not through:
                entry.late = entry.late or error
                return NO_REPLY
            request.exchange.answer_as(Command.WRITE_COMPLETE)
            raise
        entry.offset = params.offset + first + len(wanted)
        if request.server.keep_data:
            request.kept = bytes(params.data[: request.server.keep_data])
            request.kept += wanted[: request.server.keep_data - len(request.kept)]
        if not through:
            return NO_REPLY
        request.exchange.answer_as(Command.WRITE_COMPLETE)
        durable = made_durable(request, [handle])
        return durable.addCallback(lambda _: WriteCompleteResponse(first + len(wanted)))

    return arrived.addCallback(rest)


def _write_rest(request: Request[WriteRawRequest], handle: Handle, offset: int, data: memoryview) -> None:
    if len(data):
        request.store.write(handle, offset, data, request.header.pid_low)


@command(Command.READ_MPX, ReadMpxRequest, Needs.TREE, refuses=True)
def read_mpx(request: Request[ReadMpxRequest]) -> Answer:
    """SMB_COM_READ_MPX, [MS-CIFS] 3.3.5.25: for connectionless transports; over TCP clients are sent to READ.

    OS/2 asks nonetheless for files over 4 KiB, and goes on by other commands after ERRSRV/ERRuseSTD.
    """
    raise SMBError(NT.SMB_USE_STANDARD, "multiplexed reads are for connectionless transports")


@command(Command.WRITE_MPX, WriteMpxRequest, Needs.TREE, refuses=True)
def write_mpx(request: Request[WriteMpxRequest]) -> Answer:
    """SMB_COM_WRITE_MPX, [MS-CIFS] 3.3.5.27: refused over TCP like READ_MPX, and nothing is written.

    Of a sequence only the last request is answered, the one with a SequenceNumber: Windows 9x takes each answer for
    that of all. A request that is a write by itself is the last of its sequence.
    """
    params = request.params
    is_part = len(params.data) < params.total_byte_count
    if is_part and request.connection.signing is None and not request.header.sequence_number:
        return NO_REPLY
    raise SMBError(NT.SMB_USE_STANDARD, "multiplexed writes are for connectionless transports")
