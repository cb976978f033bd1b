"""An exchange that asks the armed rules before each of its commands, and does what they say."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, Union

from twisted.internet.defer import Deferred

from fakesmb.core.asking import asked_of, key_of
from fakesmb.core.dispatch import CommandRow, Needs
from fakesmb.core.exchange import Exchange, Step
from fakesmb.core.fault_calls import called
from fakesmb.core.reply_faults import Change, ChangedReply, end
from fakesmb.core.request import NO_REPLY, Answer, AnyRequest, NoReply, RawData, Request
from fakesmb.faults.asked import Asked
from fakesmb.faults.brokendisk import BrokenDisk
from fakesmb.faults.disk import broken
from fakesmb.faults.diskless import NO_DISK
from fakesmb.faults.fault import Fault
from fakesmb.nt.status import SMBError
from fakesmb.vfs.store import FileStore
from fakesmb.wire.codec import Body
from fakesmb.wire.commands import Command
from fakesmb.wire.trans2 import Trans2

if TYPE_CHECKING:
    from fakesmb.core.state import Open

T = TypeVar("T")
Outcome = Union[Answer, SMBError, "Deferred[Answer]"]
_OLD_SEARCHES: Final = frozenset({Command.SEARCH, Command.FIND, Command.FIND_UNIQUE})
_FIND_NEXT: Final = (Command.TRANSACTION2, Trans2.FIND_NEXT2)


class FaultyRequest(Request[Any]):
    """A request whose disk is broken."""

    disk: BrokenDisk = None  # type: ignore[assignment]  # always given: fields before it have defaults

    @property
    def store(self) -> FileStore:
        """The tree's files, on that disk."""
        return broken(super().store, self.disk)


class _Turn:
    """One command of the message, and the rules that have to do with it."""

    __slots__ = ("acted", "asked", "index", "reserved")

    def __init__(self, asked: Asked, index: int) -> None:
        self.asked = asked
        self.index = index
        self.reserved: list[Fault] = []
        """Rules whose turn it is, that act only if there is an occasion."""
        self.acted: list[Fault] = []

    def acts(self, fault: Fault) -> bool:
        """A rule acts now, once for each command; False where it may not any more."""
        if fault in self.reserved:
            self.reserved.remove(fault)
        elif fault in self.acted:
            return True
        elif not fault.take(self.asked):
            return False
        self.acted.append(fault)
        fault.acted()
        return True

    def give_back(self, *, at_end: bool) -> None:
        """What rules had no occasion for; those that change the answer may still have one, until it leaves."""
        for fault in tuple(self.reserved):
            if at_end or not fault.rule.act.changes_reply:
                self.reserved.remove(fault)
                fault.give_back(self.asked)


class FaultyExchange(Exchange):
    """A message that rules may act on."""

    __slots__ = ("_asked", "_changes", "_disk", "_turns", "fault", "faults")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.fault = ""
        self.faults = ()
        self._asked: Asked | None = None
        self._disk: BrokenDisk | None = None
        self._changes: ChangedReply | None = None
        """What becomes of the bytes of the answer."""
        self._turns: list[_Turn] = []

    # -- before a command ----------------------------------------------------------------------------------

    def _invoke(self, step: Step) -> Outcome:
        self._give_back(at_end=False)
        self._disk = None
        asked = None if step.problem is not None else asked_of(self, step)
        if asked is None:
            return super()._invoke(step)
        self._asked = asked
        turn = _Turn(asked, self._index)
        self._turns.append(turn)
        connection = self.connection
        self.session = self.session or connection.sessions.entries.get(self.uid)
        self.tree = self.tree or connection.trees.entries.get(self.tid)
        fault, disks = self._due(turn)
        if disks and self.tree is not None and self.tree.store is not None:
            self._disk = BrokenDisk(self.tree.share.name, disks, partial(self._acts, turn))
        if fault is None:
            return self._run(step)
        act = fault.rule.act
        if not act.needs_occasion:
            self._acts(turn, fault)
            self._answer_as_whole(asked)
        slow = act.slow_disk if self._needs_disk(step) else 0.0
        if slow:
            self._acts(turn, fault)
        if act.delay or slow:
            return self._later(act.delay + slow).addCallback(lambda _: self._act(turn, fault, step))
        if act.hang:
            return self._hung(fault).addCallback(lambda _: self._run(step))
        return self._act(turn, fault, step)

    def _answer_as_whole(self, asked: Asked) -> None:
        """The last part of a transaction is answered as the whole is, whether it is done or not."""
        if asked.sent != asked.code:
            first = self.connection.transactions.first_message(key_of(self, asked.code))
            self.answer_as(asked.code, first or b"")

    def _give_up_whole(self) -> None:
        """A transaction whose last part is refused is not there any more."""
        asked = self._asked
        if asked is not None and asked.sent != asked.code:
            self.connection.transactions.give_up(key_of(self, asked.code))

    def _due(self, turn: _Turn) -> tuple[Fault | None, list[Fault]]:
        """The rule that acts, and those that have something to say of the disk. All count what they see.

        A disk that will be full takes nothing away from the rules behind it, nor they from it.
        """
        acting: Fault | None = None
        disks: list[Fault] = []
        asked = turn.asked
        for fault in self.connection.server.faults:
            if not fault.see(asked):
                continue
            act = fault.rule.act
            if act.disk_full_after is not None:
                disks.append(fault)
                if act.only_fills:
                    continue
            if acting is None and fault.take(asked):
                acting = fault
                turn.reserved.append(fault)
                if act.breaks_disk and fault not in disks:
                    disks.append(fault)
        return acting, disks

    def _acts(self, turn: _Turn, fault: Fault) -> bool:
        """A rule acts now; False where it may not any more. The record names it with its command."""
        if not turn.acts(fault):
            return False
        names = {one.index: one.acted[-1].name for one in self._turns if one.acted}
        self.fault = ", ".join(dict.fromkeys(names.values()))
        if len(self._steps) > 1:
            self.faults = tuple(names.get(index, "") for index in range(max(names) + 1))
        return True

    def _give_back(self, *, at_end: bool) -> None:
        for turn in self._turns:
            turn.give_back(at_end=at_end)

    def _needs_disk(self, step: Step) -> bool:
        return (
            self.tree is not None
            and self.tree.store is not None
            and step.row is not None
            and bool(step.row.needs & Needs.CONNECTED)
            and step.code not in NO_DISK
        )

    def _later(self, seconds: float) -> "Deferred[None]":
        later: Deferred[None] = Deferred(lambda _: timer.cancel())
        timer = self.connection.server.clock.callLater(seconds, later.callback, None)
        return later

    def _hung(self, fault: Fault) -> "Deferred[None]":
        """Fires when the rule is removed."""
        later: Deferred[None] = Deferred(lambda _: fault.let_go(self))
        server = self.connection.server
        tasks = server.tasks
        go_on = server.world.of_present(partial(later.callback, None))
        fault.hold(self, go_on if tasks is None else partial(tasks.run, go_on))
        return later

    # -- acting --------------------------------------------------------------------------------------------

    def _act(self, turn: _Turn, fault: Fault, step: Step) -> Outcome:
        act = fault.rule.act
        refusal = act.fail
        if act.call is not None:
            said = called(self.connection, fault, turn.asked)
            if isinstance(said, SMBError):
                return self._refused(step, said)
            refusal = said
        if act.changes_reply:
            self._changes = self._changes or ChangedReply(self.connection)
            self._changes.add(
                Change(fault, partial(self._acts, turn, fault), turn.index, turn.asked.function)
            )
        if refusal is not None:
            return self._refused(step, SMBError(refusal.status, dos=refusal.dos))
        if act.instead:
            self._requests.append(None)
            self.record_request()
            end(self.connection, fault)
            return NO_REPLY
        return self._run(step)

    def _refused(self, step: Step, error: SMBError) -> Outcome:
        self._requests.append(None)
        if step.code == Command.READ_RAW:  # it has no other way to fail ([MS-CIFS] 3.3.5.24)
            self._why = str(error)
            return RawData(b"")
        return error

    def _run(self, step: Step) -> Outcome:
        """Has the command done, on its disk."""
        entry = None if step.code != Command.CLOSE else self._open_of(step)
        if self._disk is not None and (entry is not None or self._searches(step)):
            try:
                self._disk.check()
            except OSError as error:
                if entry is None:
                    self._requests.append(None)
                    return self._refusal(error)
                entry.late = entry.late or error  # it is closed all the same, and hears of it
        return super()._invoke(step)

    def _searches(self, step: Step) -> bool:
        """Whether it goes on with a search, which asks the disk by itself."""
        asked = self._asked
        if asked is None or not asked.paths:
            return False
        return step.code in _OLD_SEARCHES or (asked.code, asked.function) == _FIND_NEXT

    def _open_of(self, step: Step) -> "Open | None":
        fid: int = getattr(step.params, "fid", -1) if self.fid is None else self.fid
        entry = self.connection.opens.entries.get(fid)
        return None if entry is None or entry.handle is None else entry

    def _request(self, row: CommandRow, params: Body) -> AnyRequest:
        request = super()._request(row, params)
        if self._disk is None:
            return request
        return FaultyRequest(
            request.connection,
            request.message,
            request.header,
            request.row,
            request.params,
            request.session,
            request.tree,
            request.arrived,
            request.exchange_or_none,
            disk=self._disk,
        )

    # -- answering -----------------------------------------------------------------------------------------

    def _take(self, outcome: "Answer | SMBError") -> bool:
        ends: Fault | None = None
        if self._changes is not None:
            self._changes.raw = isinstance(outcome, RawData)
            if isinstance(outcome, NoReply) and not self._reply.blocks:
                ends = self._changes.unanswered()
        if isinstance(outcome, SMBError):
            self._give_up_whole()
        goes_on = self._changed(partial(super()._take, outcome))
        if not goes_on:
            self._give_back(at_end=True)
        if ends is not None:
            end(self.connection, ends)
        return goes_on

    def interim(self, request: AnyRequest, body: Body) -> None:
        """Sends an interim response, which is the answer that a rule changes."""
        self._changed(partial(super().interim, request, body))

    def _changed(self, work: Callable[[], T]) -> T:
        changes = self._changes
        if changes is None:
            return work()
        given = self.connection.caught(work, changes.take)
        changes.send()
        return given

    def _about(self, request: AnyRequest | None) -> tuple[str, int | None]:
        path, fid = super()._about(request)
        return path or ("" if self._asked is None else self._asked.path), fid
