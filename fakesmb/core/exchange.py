"""One message and its one answer: the chain of commands in it, run in order, whatever fails.

This is the boundary that every request ends at. A handler returns an answer, a Deferred of one, or raises; what
comes out here is a well-formed SMB message, or the explicit none. Nothing that a peer sends raises past it.
"""

import struct
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from fakesmb.core.dispatch import CommandRow, Needs
from fakesmb.core.request import (
    Answer,
    AnyRequest,
    NoReply,
    RawData,
    Replies,
    Reply,
    Request,
    check_writable,
)
from fakesmb.nt.status import NT, Dos, SMBError, from_os, is_smb_error, to_dos
from fakesmb.record import events
from fakesmb.wire import names
from fakesmb.wire.codec import Body, Buffer, DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import (
    ERROR_BLOCK,
    HEADER_SIZE,
    NO_ANDX,
    Flags2,
    Header,
    andx_of,
    block_at,
    pack_header,
)

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.state import Session, Tree

REPLY_FLAGS: Final = 0x98
"""SMB_FLAGS_REPLY, canonicalized paths, case-insensitive: what Windows sets in every answer."""
REPLY_FLAGS2: Final = (
    Flags2.UNICODE | Flags2.NT_STATUS | Flags2.EXTENDED_SECURITY | Flags2.LONG_NAMES | Flags2.EAS | Flags2.DFS
)
"""The request's bits that come back."""
"""SMB_COM_INVALID has a name and is no command ([MS-CIFS] 2.2.4.74)."""
WRITES: Final = frozenset({Command.WRITE, Command.WRITE_AND_UNLOCK, Command.WRITE_AND_CLOSE})
"""Windows calls data that are missing from these old writes a bad parameter, not a bad message."""
MOST_COMMANDS: Final = 32
"""Commands of one chain; clients send four at most, and each may ask for as much as a message of its own."""
LAST_BLOCK_OFFSET: Final = 0xFFFC
"""Where the last block of an answer may begin: AndXOffset has 16 bits."""
_SEVERITY_ERROR: Final = 0xC0000000
_ANDX: Final = struct.Struct("<BBH")


class Step(NamedTuple):
    """One command of a chain, decoded, or the reason why it could not be."""

    code: int
    command: CommandRow | None
    params: Body | None
    problem: SMBError | None


def steps_of(
    message: memoryview, header: Header, table: Mapping[int, CommandRow], encoding: str
) -> list[Step]:
    """The chain of a message. It ends at the last command, or at the first that cannot be read."""
    steps: list[Step] = []
    code, at, unicode = header.command, HEADER_SIZE, header.unicode
    while True:
        row = table.get(code)
        try:
            block = block_at(message, at, unicode=unicode, encoding=encoding)
            if row is None:
                steps.append(Step(code, None, None, None))
                return steps
            steps.append(Step(code, row, row.request.decode(block), None))
            if not row.andx:
                return steps
            code, offset = andx_of(block)
            if code == NO_ANDX:
                return steps
            if offset <= at:
                raise DecodeError(f"AndXOffset {offset} does not lead forward from {at}")
            if len(steps) == MOST_COMMANDS:
                raise DecodeError(f"a chain of more than {MOST_COMMANDS} commands")
            at = offset
        except DecodeError as error:
            status = NT.INVALID_PARAMETER if code in WRITES else NT.INVALID_SMB
            steps.append(Step(code, row, None, SMBError(status, str(error))))
            return steps


class Exchange:
    """A message being answered."""

    __slots__ = (
        "_blocks",
        "_dos",
        "_index",
        "_length",
        "_patch",
        "_recorded",
        "_replied",
        "_requests",
        "_steps",
        "arrived",
        "command",
        "connection",
        "fid",
        "header",
        "reply_flags",
        "sequence",
        "session",
        "size",
        "status",
        "tid",
        "tree",
        "uid",
        "waiting",
    )

    def __init__(
        self,
        connection: "SMBConnection",
        header: Header,
        steps: list[Step],
        size: int,
        sequence: int,
        arrived: float,
    ) -> None:
        self.connection = connection
        self.header = header
        self.command = header.command
        self.size = size
        self.sequence = sequence
        self.arrived = arrived
        self.uid = header.uid
        self.tid = header.tid
        self.fid: int | None = None
        self.reply_flags = REPLY_FLAGS
        self.session: Session | None = None
        self.tree: Tree | None = None
        self.status = 0
        self.waiting: Deferred[Answer] | None = None
        self._steps = steps
        self._index = 0
        self._requests: list[AnyRequest | None] = []
        self._blocks: list[Buffer] = []
        self._length = HEADER_SIZE
        self._patch = -1
        self._dos: Dos | None = None
        """What a client without NT status is told instead of what the status stands for."""
        self._replied: list[tuple[int, Body | None, str]] = []
        self._recorded = False

    def run(self) -> None:
        """Runs the chain from where it stands, until it ends or has to wait."""
        while True:
            outcome = self._invoke(self._steps[self._index])
            if isinstance(outcome, Deferred):
                settled = self._wait(outcome)
                if settled is None:
                    return
                outcome = settled
            if not self._take(outcome):
                return

    def _invoke(self, step: Step) -> "Answer | SMBError | Deferred[Answer]":
        request: AnyRequest | None = None
        try:
            command = step.command
            if step.problem is not None:
                raise step.problem
            if self._length > LAST_BLOCK_OFFSET:
                raise SMBError(NT.INSUFFICIENT_RESOURCES, "no room in the answer for the rest of the chain")
            if command is None:
                raise unsupported(step.code)
            request = self._request(command, step.params)
            self._requests.append(request)
            return command.handler(request)
        except Exception as error:
            if request is None:
                self._requests.append(None)
            return self._refusal(error)

    def _request(self, command: CommandRow, params: Body | None) -> AnyRequest:
        needs, connection = command.needs, self.connection
        if needs:
            session = connection.sessions.entries.get(self.uid)
            if session is None or session.identity is None:
                raise SMBError(_stale(params, NT.SMB_BAD_UID), f"UID 0x{self.uid:04X}")
            self.session = session
            session.last_used = self.arrived
            if needs & 2:
                tree = connection.trees.entries.get(self.tid)
                if tree is None:
                    raise SMBError(_stale(params, NT.SMB_BAD_TID), f"TID 0x{self.tid:04X}")
                self.tree = tree
                if tree.session is not session and not tree.serves(session):
                    raise SMBError(NT.ACCESS_DENIED, f"another user's tree of {tree.share.name}")
                if needs & 4 and tree.store is None:
                    raise SMBError(NT.ACCESS_DENIED, "IPC$ has no files")
                if needs == Needs.WRITABLE:
                    check_writable(tree)
        return Request(self, params)

    def _refusal(self, error: BaseException | None) -> SMBError:
        if isinstance(error, SMBError):
            # Refusals are common, and a traceback would keep the frames, and so the message, until the collector runs.
            error.__context__ = error.__cause__ = None
            return error.with_traceback(None)
        if isinstance(error, DecodeError):
            return SMBError(NT.INVALID_SMB, str(error))
        if isinstance(error, OSError):
            return SMBError(from_os(error), str(error))
        if isinstance(error, CancelledError):
            return SMBError(NT.CANCELLED)
        text = "".join(traceback.format_exception(error))
        self.connection.problem(f"{type(error).__name__} in {names.command_name(self.header.command)}", text)
        return SMBError(NT.INTERNAL_ERROR, f"a bug in fakesmb: {error!r}")

    # -- waiting -------------------------------------------------------------------------------------------

    def _wait(self, deferred: "Deferred[Answer]") -> Answer | SMBError | None:
        """What a Deferred holds already; None where it has to be waited for, and the chain goes on then."""
        at_once: list[Answer | SMBError] = []
        waits = too_many = False

        def ended(result: "Answer | Failure") -> None:
            self.waiting = None
            outcome = self._refusal(result.value) if isinstance(result, Failure) else result
            if not waits:
                at_once.append(outcome)
                return
            self.connection.pending.discard(self)
            if too_many:
                outcome = SMBError(NT.INSUFFICIENT_RESOURCES, "too many requests wait")
            if self._take(outcome):
                self.run()

        self.waiting = deferred
        deferred.addBoth(ended)
        if at_once:
            return at_once[0]
        waits = True
        pending = self.connection.pending
        too_many = len(pending) >= self.connection.server.settings.limits.pending
        pending.add(self)
        self.record_request()
        if too_many:
            deferred.cancel()
        return None

    def answer_as(self, command: int) -> None:
        """The answer carries another command than the request: a secondary completes the first of its kind."""
        self.command = command
        self._steps[self._index] = self._steps[self._index]._replace(code=command)

    def interim(self, request: AnyRequest, body: Body) -> None:
        """Sends an answer before the answer: WRITE_RAW asks for its data. Only for a handler that then waits."""
        self._requests.append(request)
        self._append(body)
        self._send()
        self._requests.pop()
        self._blocks, self._length, self._patch, self._replied = [], HEADER_SIZE, -1, []

    def cancel(self) -> None:
        """NT_CANCEL, or the client left: the handler's Deferred is cancelled, and answers as that says."""
        if self.waiting is not None:
            self.waiting.cancel()

    def belongs(self, session: "Session | None", tree: "Tree | None", pid: int | None) -> bool:
        """Whether it is of that session, tree and process (None: any)."""
        return (
            (session is None or self.session is session)
            and (tree is None or self.tree is tree)
            and (pid is None or self.header.pid == pid)
        )

    # -- answering -----------------------------------------------------------------------------------------

    def _take(self, outcome: Answer | SMBError) -> bool:
        """Adds an outcome to the answer; True if the chain goes on."""
        if self._goes_on(outcome):
            return True
        # A request refers back to its exchange: without this, what a message held would wait for the collector.
        self._requests.clear()
        return False

    def _goes_on(self, outcome: Answer | SMBError) -> bool:
        if isinstance(outcome, Replies):
            for reply in outcome.replies:
                self._append(reply)
                self._send()
                self._blocks, self._length, self._patch, self._replied = [], HEADER_SIZE, -1, []
                # What follows the end of a chain is of its last command only.
                self.command = self._steps[self._index].code
            return False
        if isinstance(outcome, RawData):
            self.record_request()
            self.connection.send_message([outcome.data], len(outcome.data))
            return False
        if isinstance(outcome, NoReply):
            self.record_request()
            if self._blocks:
                self._send()  # the commands before it in the chain want their answers
            return False
        if not isinstance(outcome, SMBError):
            try:
                if self._append(outcome):
                    return True
            except Exception as error:
                outcome = self._refusal(error)
        if isinstance(outcome, SMBError):
            self._append_error(outcome)
        self._send()
        return False

    def _append(self, answer: Body | Reply) -> bool:
        step = self._steps[self._index]
        body, status = (answer.body, answer.status) if isinstance(answer, Reply) else (answer, 0)
        blocks = body.encode(
            self._start_block(), unicode=self.header.unicode, encoding=self.connection.oem_encoding
        )
        self._link(step.code)
        self._add(blocks)
        self.status = status
        self._replied.append((step.code, body, ""))
        if body.ANDX and status & _SEVERITY_ERROR != _SEVERITY_ERROR:
            self._patch = len(self._blocks) - len(blocks)
            self._index += 1
            return self._index < len(self._steps)
        return False

    def _append_error(self, error: SMBError) -> None:
        step = self._steps[self._index]
        if self._length <= LAST_BLOCK_OFFSET:
            self._start_block()
            self._link(step.code)
            self._add([ERROR_BLOCK])
        self._replied.append((step.code, None, error.why))
        self.status = error.status
        self._dos = error.dos

    def _start_block(self) -> int:
        """Pads what is there to a multiple of four, where the next block of a chain begins."""
        padding = -self._length % 4
        if padding:
            self._add([bytes(padding)])
        return self._length

    def _add(self, buffers: Sequence[Buffer]) -> None:
        self._blocks += buffers
        for buffer in buffers:
            self._length += len(buffer)

    def _link(self, code: int) -> None:
        """Points the AndX words of the block before to the one that begins here."""
        if self._patch >= 0:
            head = bytearray(self._blocks[self._patch])
            _ANDX.pack_into(head, 1, code, 0, self._length)
            self._blocks[self._patch] = head
            self._patch = -1

    def _send(self) -> None:
        """Sends what was appended. The record comes after: the client works on the answer meanwhile."""
        header, status = self.header, self.status
        flags2 = header.flags2 & REPLY_FLAGS2
        wire_status = status
        if status and not flags2 & Flags2.NT_STATUS and status >> 24:
            error_class, code = self._dos or to_dos(status)
            wire_status = error_class | code << 16
        elif status and is_smb_error(status):
            flags2 &= ~Flags2.NT_STATUS
        connection = self.connection
        if connection.closed:
            self.record_request()
            return
        signing = connection.signing
        if signing is not None:
            flags2 |= Flags2.SIGNATURE
        head = pack_header(
            self.command,
            wire_status,
            self.reply_flags,
            flags2,
            header.pid_high,
            self.tid,
            header.pid_low,
            self.uid,
            header.mid,
        )
        if signing is not None:
            signature = signing.signer.sign([head, *self._blocks], self.sequence)
            head = head[:14] + signature + head[22:]
        answered = connection.now()
        connection.send_message([head, *self._blocks], self._length)
        self.record_request()
        self._record_response(answered)

    # -- the record ----------------------------------------------------------------------------------------

    def record_request(self) -> None:
        """Emits the request now, if that has not happened: before an event that it causes."""
        if self._recorded:
            return
        self._recorded = True
        parts = []
        for index, step in enumerate(self._steps):
            request = self._requests[index] if index < len(self._requests) else None
            params = None if step.params is None else step.params.light()
            problem = "" if step.problem is None else step.problem.why
            if request is None:
                parts.append(events.Part(step.code, params, None, None, problem))
            else:
                parts.append(events.Part(step.code, params, request.subcommand, request.detail, problem))
        self._emit(True, tuple(parts), self.arrived, self.header, 0, self.size, 0.0)

    def _record_response(self, time: float) -> None:
        header = self.header
        if self.tid != header.tid or self.uid != header.uid:
            header = Header(
                header.command, 0, REPLY_FLAGS, header.flags2, header.pid_high, b"", self.tid, header.pid_low,
                self.uid, header.mid,
            )  # fmt: skip
        parts = []
        for index, (code, body, why) in enumerate(self._replied):
            request = self._requests[index]
            light = None if body is None else body.light()
            if request is None:
                parts.append(events.Part(code, light, None, None, why))
            else:
                parts.append(events.Part(code, light, request.subcommand, request.reply_detail, why))
        self._emit(False, tuple(parts), time, header, self.status, self._length, time - self.arrived)

    def _emit(
        self,
        is_request: bool,
        parts: tuple[events.Part, ...],
        time: float,
        header: Header,
        status: int,
        size: int,
        took: float,
    ) -> None:
        connection = self.connection
        server = connection.server
        server.messages += 1
        session, tree = self.session, self.tree
        identity = None if session is None else session.identity
        requests = self._requests
        first = requests[0] if requests else None
        path, fid = ("", None) if first is None else (first.path, first.fid_used)
        if len(requests) > 1:
            for request in requests:
                if request is not None:
                    path = path or request.path
                    fid = request.fid_used if fid is None else fid
        server.log.emit(
            events.Message(
                time,
                server.messages,
                connection.number,
                connection.peer,
                connection.local,
                is_request,
                header,
                parts,
                status,
                size,
                took,
                "" if identity is None else identity.user,
                "" if tree is None else tree.share.name,
                path,
                fid,
            )
        )


def _stale(params: Body | None, status: NT) -> NT:
    """What an unknown UID or TID is: with a FID it is the FID that Windows finds to be nobody's."""
    return NT.INVALID_HANDLE if hasattr(params, "fid") else status


def unsupported(code: int) -> SMBError:
    """The refusal of a command that has no handler: defined by the protocol and not built, or not defined."""
    if names.is_command(code) and code != Command.INVALID:
        return SMBError(NT.NOT_IMPLEMENTED, f"{names.command_name(code)} is not implemented")
    return SMBError(NT.SMB_BAD_COMMAND, f"no command has code 0x{code:02X}")
