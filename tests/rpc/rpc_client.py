"""impacket's RPC client on an in-memory pipe, and a server view made of lists."""

import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.dcerpc.v5.transport import DCERPCTransport
from impacket.uuid import uuidtup_to_bin

from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.pipes import Pipe, PipeService
from fakesmb.rpc.printview import JobChange, JobPhase, JobRow, PrinterRow
from fakesmb.rpc.view import (
    Caller,
    ConnectionRow,
    FileRow,
    NamespaceRow,
    Neighbours,
    ServerFacts,
    SessionRow,
    ShareKind,
    ShareRow,
    Statistics,
)
from fakesmb.wire.dcerpc import PacketType, pdu

SRVSVC = uuidtup_to_bin(("4B324FC8-1670-01D3-1278-5A47BF6EE188", "3.0"))
WKSSVC = uuidtup_to_bin(("6BFFD098-A112-3610-9833-46C3F87E345A", "1.0"))
NOW = 1_086_000_000.25  # 2004-05-31 10:40:00.25 UTC, a Monday

ADMIN = Caller("root", "LAB", admin=True)
USER = Caller("alice", "LAB")
NOBODY = Caller(anonymous=True)


class ListPrinting(msgspec.Struct):
    """Printers that a test gives; what is printed is kept in `data`, what is done in `done`."""

    printer_rows: Sequence[PrinterRow] = ()
    job_rows: list[JobRow] = []
    data: dict[int, bytes] = {}
    done: list[tuple[object, ...]] = []
    error: SMBError | None = None

    def printers(self) -> Sequence[PrinterRow]:
        return self.printer_rows

    def printer(self, name: str) -> PrinterRow | None:
        return next((one for one in self.printer_rows if fold(one.name) == fold(name)), None)

    def jobs(self, printer: str) -> Sequence[JobRow]:
        return [one for one in self.job_rows if one.printer == printer]

    def job(self, number: int) -> JobRow | None:
        return next((one for one in self.job_rows if one.number == number), None)

    def check_use(self, printer: str, caller: Caller) -> None:
        if caller.anonymous:
            raise SMBError(NT.ACCESS_DENIED)

    def change_job(self, number: int, change: JobChange, caller: Caller) -> None:
        self._change(number, change, caller)

    def change_printer(self, name: str, change: JobChange, caller: Caller) -> None:
        self._change(name, change, caller)

    def _change(self, what: object, change: JobChange, caller: Caller) -> None:
        if self.error is not None:
            raise self.error
        if not caller.admin:
            raise SMBError(NT.ACCESS_DENIED)
        self.done.append((what, change))

    def begin(self, printer: str, document: str, datatype: str, caller: Caller) -> int:
        number = len(self.job_rows) + 1
        self.job_rows.append(
            JobRow(number, printer, document, caller.user, "10.0.0.5", NOW, 0, JobPhase.SPOOLING)
        )
        self.data[number] = b""
        return number

    def write(self, number: int, data: bytes) -> int:
        if self.error is not None:
            raise self.error
        self.data[number] += data
        return len(data)

    def end(self, number: int, *, vanished: bool = False) -> None:
        self.done.append((number, "ended", vanished))


class ListView(msgspec.Struct):
    """A server that has what a test gives it."""

    facts: ServerFacts = ServerFacts("FAKESMB", "LAB", "a fake", started=NOW - 60)
    share_rows: Sequence[ShareRow] = (
        ShareRow("public", comment="For all: Grüße", path="C:\\public", current_uses=2),
        ShareRow("docs", comment="", path="C:\\docs", read_only=True, max_uses=10),
        ShareRow("c$", comment="Default share", path="C:\\"),
        ShareRow("IPC$", ShareKind.IPC, "Remote IPC"),
    )
    session_rows: Sequence[SessionRow] = (
        SessionRow(
            "10.0.0.5", "alice", 3, 61, 7, client_type="Windows 5.1", transport="\\Device\\NetbiosSmb"
        ),
        SessionRow("10.0.0.6", "Guest", 0, 5, 5, guest=True),
    )
    file_rows: Sequence[FileRow] = (
        FileRow(1, "C:\\public\\a.txt", "alice", 3, 1),
        FileRow(9, "C:\\docs\\\ud800.txt", "bob"),
    )
    connection_rows: Sequence[ConnectionRow] = (
        ConnectionRow(1, "public", "10.0.0.5", "alice", opens=2, seconds=30),
        ConnectionRow(2, "IPC$", "10.0.0.6", "Guest", ShareKind.IPC),
    )
    namespace_rows: Sequence[NamespaceRow] = (
        NamespaceRow(
            "docs",
            "a root",
            (("link", ("\\other\\share",)), ("sub\\far", ("\\a\\x\\deep", "\\b\\y"))),
        ),
    )
    counters: Statistics = Statistics(NOW - 60, 12, 0, 3, password_errors=1, bytes_sent=5_000_000_000)
    now: float = NOW
    west: int = -60

    printing: ListPrinting = msgspec.field(default_factory=ListPrinting)
    near: Neighbours = Neighbours()

    def shares(self) -> Sequence[ShareRow]:
        return self.share_rows

    def neighbours(self) -> Neighbours:
        return self.near

    def sessions(self) -> Sequence[SessionRow]:
        return self.session_rows

    def files(self) -> Sequence[FileRow]:
        return self.file_rows

    def connections(self) -> Sequence[ConnectionRow]:
        return self.connection_rows

    def namespaces(self) -> Sequence[NamespaceRow]:
        return self.namespace_rows

    def statistics(self) -> Statistics:
        return self.counters

    def time(self) -> float:
        return self.now

    def minutes_west(self) -> int:
        return self.west


NDR = "045d888aeb1cc9119fe808002b104860 02000000"
SRVSVC_ID = "c84f324b7016d30112785a47bf6ee188 0300 0000"

BIND = bytes.fromhex(
    "05000b03 10000000 4800 0000 01000000"  # version, bind, first and last, little-endian, 72 bytes, call 1
    "b810 b810 00000000"  # 4280 both ways, no association group yet
    "01 00 0000  0000 01 00" + SRVSVC_ID + NDR
)
"""What XP, 2003 and their kin send first: the 72 bytes of the documented exchange."""

BIND_ACK = bytes.fromhex(
    "05000c03 10000000 4400 0000 01000000"
    "b810 b810 01500000"
    "0d00 5c504950455c73727673766300 00"  # \PIPE\srvsvc, its null, one byte of padding
    "01 00 0000  0000 0000" + NDR
)


def request(
    stub: bytes = b"", *, operation: int = 28, context: int = 0, call: int = 2, flags: int = 3
) -> bytes:
    """A request PDU, whole in one fragment; without more said NetrRemoteTOD of srvsvc."""
    return pdu(PacketType.REQUEST, call, struct.pack("<IHH", len(stub), context, operation) + stub, flags)


REMOTE_TOD = request(bytes(4))


def opened(name: str = "\\srvsvc") -> Pipe:
    """A pipe as it is after its open, without a bind."""
    return PipeService(ListView()).open(name, ADMIN)


def bound() -> Pipe:
    """A pipe bound to srvsvc."""
    pipe = opened()
    assert pipe.transact(BIND, 1024) == (BIND_ACK, False)
    return pipe


def answered(pipe: Pipe, data: bytes | bytearray, size: int = 70_000) -> bytes:
    """The first fragment of the answer to a message; an `AssertionError` where the answer is made to wait."""
    received = pipe.transact(data, size)
    assert isinstance(received, tuple)
    return received[0]


class PipeTransport(DCERPCTransport):  # type: ignore[misc]
    """Writes and reads a `Pipe` as impacket's SMB transport does over WRITE_ANDX and READ_ANDX."""

    def __init__(self, pipe: Pipe, reads: int = 65_000) -> None:
        super().__init__("server", 445)
        self.pipe = pipe
        self.reads = reads
        self.exchanged: list[tuple[str, bytes]] = []

    def connect(self) -> int:
        return 1

    def disconnect(self) -> None:
        self.pipe.close()

    def send(self, data: bytes, forceWriteAndx: int = 0, forceRecv: int = 0) -> None:  # noqa: N803
        self.exchanged.append(("C", data))
        self.pipe.write(data)

    def recv(self, forceRecv: int = 0, count: int = 0) -> bytes:  # noqa: N803
        out = b""
        while True:
            data, more = self.pipe.read(min(count or self.reads, self.reads))
            out += data
            if len(out) >= count and (count or not more):
                break
        self.exchanged.append(("S", out))
        return out


def connect(
    name: str = "srvsvc",
    interface: bytes = SRVSVC,
    caller: Caller = ADMIN,
    view: Any = None,
    fragment: int | None = None,
) -> Any:
    """impacket's DCE/RPC client, bound."""
    transport = PipeTransport(PipeService(view or ListView()).open(name, caller))
    dce = transport.get_dce_rpc()
    dce.connect()
    if fragment:
        transport.set_max_fragment_size(fragment)
    dce.bind(interface)
    return dce


def raw(dce: Any, operation: int, stub: bytes = b"") -> bytes:
    """The stub of an answer, to a stub."""
    dce.call(operation, stub)
    answer: bytes = dce.recv()
    return answer


def status(answer: bytes) -> int:
    """What the stub of an answer ends with."""
    return int.from_bytes(answer[-4:], "little")


def code(call: Any) -> int:
    """The error that impacket's client raises."""
    with pytest.raises(DCERPCException) as refused:
        call()
    return int(refused.value.get_error_code())
