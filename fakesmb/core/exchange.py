"""One message and its one answer: the chain of commands in it, run in order, whatever fails.

This is the boundary that every request ends at. A handler returns an answer, a Deferred of one, or raises; what
comes out here is a well-formed SMB message, or the explicit none. Nothing that a peer sends raises past it.
"""

import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from fakesmb.core import record
from fakesmb.core.dispatch import CommandRow, Needs
from fakesmb.core.keeping import keep
from fakesmb.core.reply import status_on_wire
from fakesmb.core.request import (
    NO_REPLY,
    Answer,
    AnyRequest,
    FileData,
    NoReply,
    RawData,
    Replies,
    Reply,
    Request,
    check_writable,
)
from fakesmb.core.waiting import once_finished
from fakesmb.nt.status import NT, Dos, SMBError, from_os
from fakesmb.record.events import Shown
from fakesmb.vfs.store import Unfinished
from fakesmb.wire import names
from fakesmb.wire.chain import Joiner, links
from fakesmb.wire.codec import Block, Body, Buffer, DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import ERROR_BLOCK, Flags2, Header, pack_header

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.state import Session, Tree

OLD_WRITES: Final = frozenset({Command.WRITE, Command.WRITE_AND_UNLOCK, Command.WRITE_AND_CLOSE})
"""Windows calls data that are missing from these a bad parameter, not a bad message."""
_UNANSWERABLE: Final[Mapping[int, Answer]] = {Command.NT_CANCEL: NO_REPLY, Command.READ_RAW: RawData(b"")}
"""What is answered whatever is wrong: nothing; an empty frame, as READ_RAW has no other way to say so."""
BEGINS_SIGNING: Final = 1
"""The sequence number of the answer to the session setup that brought the key."""
_SEVERITY_ERROR: Final = 0xC0000000
_SIGNATURE_AT: Final = 14
_SIGNATURE_END: Final = 22


class Step(NamedTuple):
    """One command of a chain, decoded, or the reason why it could not be."""

    code: int
    row: CommandRow | None
    params: Body | None
    problem: SMBError | None


def steps_of(
    message: memoryview, header: Header, table: Mapping[int, CommandRow], encoding: str
) -> list[Step]:
    """The chain of a message. It ends at the last command, or at the first that cannot be read."""

    def read(code: int, block: Block) -> Body | None:
        row = table.get(code)
        return None if row is None else row.request.decode(block)

    steps = []
    for code, body, problem in links(
        message, header.command, read, unicode=header.unicode, encoding=encoding
    ):
        status = NT.INVALID_PARAMETER if code in OLD_WRITES else NT.INVALID_SMB
        steps.append(Step(code, table.get(code), body, SMBError(status, problem) if problem else None))
    return steps


class Exchange:
    """A message being answered."""

    fault: str = ""
    """For the record: what acted on it that is armed on the connection."""
    faults: tuple[str, ...] = ()
    """Of a chain the same for each command, as far as one acted; empty where none did."""

    __slots__ = (
        "_dos",
        "_index",
        "_kept",
        "_message",
        "_replied",
        "_reply",
        "_requests",
        "_size",
        "_steps",
        "_told",
        "_why",
        "arrived",
        "command",
        "connection",
        "fid",
        "header",
        "reply_flags",
        "sequence",
        "session",
        "status",
        "tid",
        "tree",
        "uid",
        "waiting",
    )

    def __init__(
        self,
        connection: "SMBConnection",
        message: memoryview,
        header: Header,
        steps: list[Step],
        sequence: int,
        arrived: float,
    ) -> None:
        self.connection = connection
        self.header = header
        self.command = header.command
        self.sequence = sequence
        self.arrived = arrived
        self.uid = header.uid
        self.tid = header.tid
        self.fid: int | None = None
        """The FID that an open earlier in the chain made."""
        self.reply_flags = connection.reply_flags
        self.session: Session | None = None
        self.tree: Tree | None = None
        self.status = 0
        self.waiting: Deferred[Answer] | None = None
        self._message = message
        self._kept = b""
        """The part of the message that the record keeps."""
        self._size = len(message)
        self._steps = steps
        self._index = 0
        self._requests: list[AnyRequest | None] = []
        self._reply = Joiner()
        self._dos: Dos | None = None
        """What a client without NT status is told instead of what the status stands for."""
        self._why = ""
        self._told = False
        """Whether the record has the request."""

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

    def finish(self, request: AnyRequest, outcome: "Answer | Exception | Deferred[Answer]") -> None:
        """Goes on after the handler of the only command, which has been called already (`core.plan`)."""
        self._requests.append(request)
        if isinstance(outcome, Exception):
            outcome = self._refusal(outcome)
        elif isinstance(outcome, Deferred):
            settled = self._wait(outcome)
            if settled is None:
                return
            outcome = settled
        self._take(outcome)

    def _invoke(self, step: Step) -> "Answer | SMBError | Deferred[Answer]":
        request: AnyRequest | None = None
        try:
            row = step.row
            if step.problem is not None:
                unanswerable = _UNANSWERABLE.get(step.code)
                if unanswerable is not None:
                    self._why = step.problem.why
                    self._requests.append(None)
                    return unanswerable
                raise step.problem
            if self.sequence == BEGINS_SIGNING and self._index:
                self._check_unsigned(step.code)
            if not self._reply.has_room:
                raise SMBError(NT.INSUFFICIENT_RESOURCES, "no room in the answer for the rest of the chain")
            if row is None or step.params is None:
                raise unsupported(step.code)
            request = self._request(row, step.params)
            self._requests.append(request)
            return row.handler(request)
        except Unfinished as obstacle:
            assert row is not None
            assert request is not None
            return once_finished(row.handler, request, obstacle, self.connection.server)
        except Exception as error:
            if request is None:
                self._requests.append(None)
            return self._refusal(error)

    def _check_unsigned(self, code: int) -> None:
        """Where signing is required nothing is done unsigned: of what follows the session setup that begins it, in a
        message that anybody may have changed on its way, only TREE_CONNECT_ANDX, which Windows NT sends so.
        """
        if code != Command.TREE_CONNECT_ANDX and self.connection.server.settings.signing == "required":
            raise SMBError(
                NT.ACCESS_DENIED, "signing is required, and what follows the session setup is not signed"
            )

    def find_session(self, params: Body) -> "Session":
        """The session that the UID names, which is in use from now on; raises STATUS_SMB_BAD_UID."""
        session = self.connection.sessions.entries.get(self.uid)
        if session is None or session.identity is None:
            raise SMBError(_stale(params, NT.SMB_BAD_UID), f"no session has UID 0x{self.uid:04X}")
        self.session = session
        session.last_used = self.arrived
        return session

    def _request(self, row: CommandRow, params: Body) -> AnyRequest:
        needs, connection = row.needs, self.connection
        if needs:
            session = self.find_session(params)
            if needs & Needs.CONNECTED:
                tree = connection.trees.entries.get(self.tid)
                if tree is None:
                    raise SMBError(
                        _stale(params, NT.SMB_BAD_TID), f"no tree connection has TID 0x{self.tid:04X}"
                    )
                self.tree = tree
                check_tree(tree, session, needs, params)
        return Request(
            connection,
            self._message,
            self.header,
            row,
            params,
            self.session,  # type: ignore[arg-type]  # what the row needs is there by now
            self.tree,  # type: ignore[arg-type]
            self.arrived,
            self,
        )

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
        waits = False
        too_many = ""

        def ended(result: "Answer | Failure") -> None:
            self.waiting = None
            outcome = self._refusal(result.value) if isinstance(result, Failure) else result
            if not waits:
                at_once.append(outcome)
                return
            self.connection.pending.discard(self)
            if too_many:
                outcome = SMBError(NT.INSUFFICIENT_RESOURCES, too_many)
            if self._take(outcome):
                self.run()

        self.waiting = deferred
        deferred.addBoth(self.connection.server.world.of_present(ended))
        if at_once:
            return at_once[0]
        waits = True
        too_many = self.connection.pending.add(self)
        self.record_request()
        if too_many:
            deferred.cancel()
        return None

    def answer_as(self, command: int, asked: bytes = b"") -> None:
        """The answer carries another command than the request: a secondary completes the first of its kind.

        `asked` is the message that is answered, where it is not this one, as the record keeps it.
        """
        if asked:
            self.record_request()
            self._kept = asked
        self.command = command
        self._steps[self._index] = self._steps[self._index]._replace(code=command)

    def interim(self, request: AnyRequest, body: Body) -> None:
        """Sends an interim response: WRITE_RAW asks for its data. Only for a handler that then waits."""
        self._append(body)
        self._send(request)
        self._reply = Joiner()

    def cancel(self) -> None:
        """NT_CANCEL, or the client left: the handler's Deferred is cancelled, and answers as that says."""
        if self.waiting is not None:
            self.waiting.cancel()

    @property
    def arrived_in(self) -> object:
        """The bytes that its message is a view of, and keeps."""
        return self._message.obj

    @property
    def requests(self) -> "list[AnyRequest | None]":
        """Those of its commands that have been begun; None for one that could not be."""
        return self._requests

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
        most = self.connection.server.keep_data
        if most and self._requests and self._requests[-1] is not None:
            keep(self._requests[-1], outcome, most)
        if isinstance(outcome, Replies):
            for reply in outcome.replies:
                self._append(reply)
                self._send()
                self._reply = Joiner()
                # What follows the end of a chain is of its last command only.
                self.command = self._steps[self._index].code
            return False
        if isinstance(outcome, RawData):
            if not self._told:
                self._tell(Shown.REQUEST, [], len(outcome.data), 0.0)
            self.connection.send_message([outcome.data], len(outcome.data))
            return False
        if isinstance(outcome, NoReply):
            if self._told and self.command == Command.WRITE_RAW and self._data() is not None:
                self._tell(0, [], 0, 0.0)  # what the raw frame brought, of which nothing else tells
            self.record_request()
            if self._reply.blocks:
                self._send()  # the commands before it in the chain want their answers
            return False
        if isinstance(outcome, FileData):
            outcome = outcome.read()
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
        step, reply = self._steps[self._index], self._reply
        body, status = (answer.body, answer.status) if isinstance(answer, Reply) else (answer, 0)
        block = body.encode(
            reply.next_offset(), unicode=self.header.unicode, encoding=self.connection.oem_encoding
        )
        chains = body.ANDX and status & _SEVERITY_ERROR != _SEVERITY_ERROR
        reply.add(step.code, block, chains=chains)
        self.status = status
        if chains:
            self._index += 1
            return self._index < len(self._steps)
        return False

    def _append_error(self, error: SMBError) -> None:
        reply = self._reply
        if reply.has_room:
            reply.next_offset()
            reply.add(self._steps[self._index].code, [ERROR_BLOCK], chains=False)
        self.status = error.status
        self._dos = error.dos
        self._why = error.why

    def _send(self, request: AnyRequest | None = None) -> None:
        """Sends what was appended. The record comes after: the client works on the answer meanwhile."""
        header, connection, reply = self.header, self.connection, self._reply
        if connection.closed:
            self.record_request()
            return
        status, flags2 = status_on_wire(
            self.status, header.flags2 & connection.reply_flags2, self._dos, connection.old_errors
        )
        signing = connection.signing
        if signing is not None:
            flags2 |= Flags2.SIGNATURE
        head = pack_header(
            self.command,
            status,
            self.reply_flags,
            flags2,
            header.pid_high,
            self.tid,
            header.pid_low,
            self.uid,
            header.mid,
        )
        if signing is not None:
            signature = signing.signer.sign([head, *reply.blocks], self.sequence)
            head = head[:_SIGNATURE_AT] + signature + head[_SIGNATURE_END:]
        answered = connection.now()
        message: list[Buffer] = [head, *reply.blocks]
        connection.send_message(message.copy(), reply.length)
        self._tell(Shown.REPLY if self._told else Shown.BOTH, message, reply.length, answered, request)

    # -- the record ----------------------------------------------------------------------------------------

    def record_request(self) -> None:
        """Tells of the request now, if that has not happened: before an event that it causes."""
        if not self._told:
            self._tell(Shown.REQUEST, [], 0, 0.0)

    def _tell(
        self,
        shown: int,
        reply: list[Buffer],
        reply_size: int,
        answered: float,
        request: AnyRequest | None = None,
    ) -> None:
        of_pipe = self.tree is not None and self.tree.store is None
        if not self._kept:
            self._kept = record.kept(self._message, of_pipe=of_pipe)
        self._told = True
        path, fid = self._about(request)
        record.tell(
            self.connection,
            arrived=self.arrived,
            answered=answered,
            request=self._kept,
            request_size=self._size,
            reply=record.kept(record.joined(reply, reply_size), of_pipe=of_pipe) if reply else b"",
            reply_size=reply_size,
            shown=shown,
            status=self.status,
            session=self.session,
            tree=self.tree,
            path=path,
            fid=fid,
            reason=self._why,
            fault=self.fault,
            faults=self.faults,
            effect=self._effect(),
            data=self._data(),
        )

    def _effect(self) -> int:
        effect = 0
        for one in self._requests:
            if one is not None:
                effect |= one.effect
        return effect

    def _data(self) -> bytes | None:
        """What is kept of the data of a message of one command; the record has all bytes of a chain."""
        request = self._requests[0] if len(self._requests) == len(self._steps) == 1 else None
        return None if request is None else request.kept

    def _about(self, request: AnyRequest | None) -> tuple[str, int | None]:
        """Path and FID of the first command of the chain that has one."""
        path, fid = "", None
        for one in self._requests if request is None else [request]:
            if one is not None:
                path = path or one.path
                fid = one.fid_used if fid is None else fid
        return path, fid


def check_tree(tree: "Tree", session: "Session", needs: int, params: Body) -> None:
    """Raises ACCESS_DENIED where the user may not use the tree, or it is not what the command needs.

    What a session has opened it may use when it has signed in again as somebody else (smbtorture: raw.session.reauth2).
    """
    if (
        tree.identity is not session.identity
        and not tree.serves(session)
        and not (tree.session is session and hasattr(params, "fid"))
    ):
        raise SMBError(NT.ACCESS_DENIED, f"the tree connection to {tree.share.name} is another user's")
    if needs & Needs.ON_DISK and tree.store is None:
        raise SMBError(NT.ACCESS_DENIED, "IPC$ has no files")
    if needs & Needs.NOT_READ_ONLY:
        check_writable(tree)


def _stale(params: Body, status: NT) -> NT:
    """The status of an unknown UID or TID: of a request with a FID, Windows says that the FID is invalid."""
    return NT.INVALID_HANDLE if hasattr(params, "fid") else status


def unsupported(code: int) -> SMBError:
    """The refusal of a command that has no handler: defined by the protocol and not built, or not defined."""
    if names.is_command(code) and code != Command.INVALID:
        return SMBError(NT.NOT_IMPLEMENTED, f"{names.command_name(code)} is not implemented")
    return SMBError(NT.SMB_BAD_COMMAND, f"no command has code 0x{code:02X}")
