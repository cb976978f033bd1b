"""A client that keeps a file open with an oplock until the server asks for that: the second client of a lesson."""

import time
from collections.abc import Callable
from typing import Final

from fakesmb.address import Place
from fakesmb.replay import xp
from fakesmb.replay.conversation import Conversation, good
from fakesmb.replay.entry import Entry
from fakesmb.replay.line import Line, Silent
from fakesmb.replay.narrator import Narrator
from fakesmb.replay.places import Who
from fakesmb.wire import files, locking, session, tree
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, Header, block_at
from fakesmb.world import World

SHARED: Final = 0x7
"""Others may read, write and delete meanwhile."""
LEAVE_TIME_ALONE: Final = 0xFFFFFFFF
LOOK: Final = 0.2
"""Seconds between two looks at whether it is time to end."""
LEVELS: Final = {
    locking.OplockLevel.NONE: "no oplock",
    locking.OplockLevel.EXCLUSIVE: "an exclusive oplock",
    locking.OplockLevel.BATCH: "a batch oplock",
    locking.OplockLevel.LEVEL_II: "a level II oplock",
}


class Holder:
    """Opens one file and holds it. `run` raises `LineError` and `Otherwise`."""

    def __init__(
        self,
        place: Place,
        who: Who,
        share: str,
        file: str,
        *,
        say: Callable[[str], None],
        pause: float = 2.0,
        timeout: float = 10.0,
        world: World | None = None,
    ) -> None:
        """`pause`: seconds between the server's question and the answer, in which the other client is seen to wait."""
        self.place = place
        self.who = who if who.domain or not who.name else Who(who.name, who.password, xp.PUBLISHED_NAME)
        self.share = share
        self.file = "\\" + file.replace("/", "\\").lstrip("\\")
        self.pause = pause
        self._narrator = Narrator(say)
        self._tell = self._narrator.tell
        self._talk = Conversation(Line(place, timeout), self._narrator.message)
        self._entry = Entry(self._talk, self.who, self._narrator, World() if world is None else world)
        self._tid = self._fid = 0
        self.breaks = 0
        """How often the server asked for the oplock."""

    def run(self, seconds: float | None = None) -> None:
        """Signs in, opens, holds for so many seconds, or for ever, and leaves."""
        try:
            self._open()
            try:
                self._hold(seconds)
            finally:
                self._leave()
        finally:
            self._talk.line.close()

    def _open(self) -> None:
        self._entry.dialect()
        self._entry.sign_in()
        unc = f"\\\\{self.place.host}\\{self.share}"
        connect = tree.TreeConnectAndxRequest(
            flags=tree.TreeConnectFlag.EXTENDED_RESPONSE, password_length=1, path=unc
        )
        answer = good(self._talk.ask(Command.TREE_CONNECT_ANDX, connect), f"the connection to {unc}")
        self._tid = answer.header.tid
        request = xp.create(self.file, xp.FILE_ACCESS, share=SHARED, options=0x40)
        answer = self._talk.ask(Command.NT_CREATE_ANDX, request, tid=self._tid, share=self.share)
        opened = good(answer, f"opening {self.file}").body(files.NtCreateAndxResponse)
        self._fid = opened.fid
        level = LEVELS.get(opened.oplock_level, "an oplock")
        self._tell(
            f"{self.file} is open, FID 0x{self._fid:04X}, with {level}: as long as nobody else wants the file, this "
            "client need not ask the server before it reads, writes, or keeps what it wrote to itself."
        )

    def _hold(self, seconds: float | None) -> None:
        end = None if seconds is None else time.monotonic() + seconds
        while end is None or time.monotonic() < end:
            try:
                message = self._talk.line.receive(LOOK)
            except Silent:
                continue
            self._heard(message)

    def _heard(self, message: bytes) -> None:
        try:
            header = Header.decode(message)
            if header.is_reply or header.command != Command.LOCKING_ANDX:
                return
            block = block_at(message, HEADER_SIZE, unicode=header.unicode)
            asked = locking.LockingAndxRequest.decode(block)
        except DecodeError:
            return
        self.breaks += 1
        self._tell(
            f"Another client wants the file: the server asks for the oplock of FID 0x{asked.fid:04X} back, and lets "
            f"the other one wait. In {self.pause:g} seconds it has it."
        )
        time.sleep(self.pause)
        released = locking.LockingAndxRequest(
            fid=asked.fid,
            type_of_lock=locking.LockType.OPLOCK_RELEASE,
            new_oplock_level=asked.new_oplock_level,
        )
        self._talk.tell(Command.LOCKING_ANDX, released, tid=self._tid, share=self.share, path=self.file)
        self._tell("It is given back; the file stays open.")

    def _leave(self) -> None:
        close = files.CloseRequest(self._fid, LEAVE_TIME_ALONE)
        self._talk.ask(Command.CLOSE, close, tid=self._tid, share=self.share, path=self.file)
        self._talk.ask(Command.TREE_DISCONNECT, tree.TreeDisconnectRequest(), tid=self._tid)
        self._talk.ask(Command.LOGOFF_ANDX, session.LogoffAndxRequest())
