"""Packets out of what a server tells (`capture.notes`): each message one, with the words of the record beside it.

The record tells of a message after it went over the wire. So packets wait for their event, in the order of the wire;
at the second tick they go without, with what their bytes alone say.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from fakesmb.capture import pcapng
from fakesmb.capture.comments import comments_of, of_frame
from fakesmb.capture.cutting import Frame, Run
from fakesmb.capture.notes import Began, Came, Ended, HalfClosed, Left, Missing, Note, Tick
from fakesmb.capture.packets import MOST_SUMMED, End, Flag
from fakesmb.capture.secrets import secrets_of
from fakesmb.capture.talk import Packet, Talk
from fakesmb.record.describe import happening
from fakesmb.record.events import (
    Connected,
    Disconnected,
    Exchanged,
    Named,
    Printed,
    Problem,
    SignedIn,
    SignInRefused,
)
from fakesmb.record.values import printable
from fakesmb.wire.frame import PREFIX_SIZE

SMB_PORT: Final = 445
"""What Wireshark knows SMB by."""
TICKS: Final = 2
"""So many ticks a packet waits for its event."""
MOST_UNBEGUN: Final = 1000
"""Connections that the record has told of and that are still to begin."""
IPC: Final = "IPC$"


class Form(msgspec.Struct, frozen=True):
    """How a capture is written."""

    application: str
    listening: tuple[End, ...]
    """Where the server listens: an interface each."""
    snap: int = 0
    """Bytes of a packet that are kept; 0: all."""
    real_ports: bool = False
    """Whether the server's port stays what it is."""
    secrets: bool = False
    """Whether they stay."""


def _of_no_connection(event: Named) -> None:
    """Names are told by UDP, and captures are of connections."""


class Maker:
    """Makes a capture: `take` notes, and write what `made` gives."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._ports = {port: number for number, (_, port) in enumerate(form.listening)}
        self._talks: dict[int, Talk] = {}
        self._of_number: dict[int, Talk] = {}
        """Those that are there by the numbers of the record."""
        self._connected: dict[int, str] = {}
        """What the record says of connections that are still to begin."""
        self._queue: deque[Packet] = deque()
        self._tick = 0
        self._out: list[bytes] = [self._head()]
        self._packets = [0] * len(form.listening)
        self._missing = ""
        """What the next packet says of those before it."""
        self._dropped = 0
        self._times = (0.0, 0.0)
        self.in_hurry = False
        """Whether much waits: large packets go without a checksum then."""
        self._takes: Mapping[type, Callable[[Any], None]] = {
            Began: self._began,
            Came: self._came,
            Left: self._left,
            HalfClosed: self._half_closed,
            Ended: self._ended,
            Missing: self._miss,
            Tick: self._pass_moment,
            Exchanged: self._exchanged,
            Connected: self._was_connected,
            Disconnected: self._disconnected,
            SignedIn: self._befell,
            SignInRefused: self._befell,
            Printed: self._befell,
            Problem: self._befell,
            Named: _of_no_connection,
        }

    def _head(self) -> bytes:
        form = self._form
        blocks = [pcapng.section(form.application)]
        for address, port in form.listening:
            shown = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
            written = "" if form.real_ports or port == SMB_PORT else f"; port {port} is written as {SMB_PORT}"
            blocks.append(pcapng.interface("fakesmb", f"the server on {shown}{written}", snap=form.snap))
        return b"".join(blocks)

    # -- what is told --------------------------------------------------------------------------------------

    def take(self, notes: Iterable[Note]) -> None:
        """Takes what was told next."""
        takes = self._takes
        for note in notes:
            takes[type(note)](note)

    def _began(self, note: Began) -> None:
        address, port = note.server
        written = port if self._form.real_ports else SMB_PORT
        talk = Talk(
            End(*note.client),
            End(address, written),
            number=note.connection,
            order=note.key,
            interface=self._ports.get(port, 0),
        )
        self._talks[note.key] = self._of_number[note.connection] = talk
        said = self._connected.pop(
            note.connection, f"connection {note.connection} was there before the capture"
        )
        if note.handshake:
            syn, ack = Flag.SYN, Flag.ACK
            self._add(Packet(talk, note.time, from_client=True, flags=syn, comment=said))
            self._add(Packet(talk, note.time, from_client=False, flags=syn | ack))
            self._add(Packet(talk, note.time, from_client=True, flags=ack))
        else:
            talk.asides.append(said)

    def _came(self, note: Came) -> None:
        talk = self._talks.get(note.key)
        if talk is not None:
            for run in talk.sends[True].take(note.data, note.size):
                self._went(talk, note.time, run)

    def _left(self, note: Left) -> None:
        talk = self._talks.get(note.key)
        if talk is None:
            return
        direction = talk.sends[False]
        for run in direction.take(note.data, note.size):
            self._went(talk, note.time, run)
        if direction.held:  # a fault cut it here
            self._went(talk, note.time, direction.cut())

    def _went(self, talk: Talk, time: float, run: Run) -> None:
        frame = run.frame
        if not frame.is_message:
            frame.told = True
        elif not run.at:
            talk.untold[frame.from_client].append(frame)
        self._add(Packet(talk, time, from_client=frame.from_client, flags=Flag.PSH | Flag.ACK, run=run))

    def _half_closed(self, note: HalfClosed) -> None:
        talk = self._talks.get(note.key)
        if talk is not None:
            talk.half_closed = True
            self._ends(talk, note.time, (False, Flag.FIN), (True, 0))

    def _ended(self, note: Ended) -> None:
        talk = self._talks.pop(note.key, None)
        if talk is None:
            return
        for from_client in (True, False):
            if talk.sends[from_client].held:
                run = talk.sends[from_client].cut()
                run.frame.told = True
                self._went(talk, note.time, run)
        self._ends(talk, note.time, *talk.packets_of_end(note.how))
        if self._of_number.get(talk.number) is talk and talk.why:
            del self._of_number[talk.number]

    def _ends(self, talk: Talk, time: float, *packets: tuple[bool, int]) -> None:
        for from_client, flags in packets:
            packet = Packet(talk, time, from_client=from_client, flags=flags | Flag.ACK)
            if flags and not talk.end_told:
                talk.end_told = True
                packet.comment, packet.told = talk.why, bool(talk.why)
                talk.end = packet
            self._add(packet)

    def _miss(self, note: Missing) -> None:
        self._write_all()
        self._dropped += note.count
        self._missing = f"{note.count} notes of what happened are missing before this: {note.why}"
        for key, (came, left) in note.bytes.items():
            if key in self._talks:
                self._talks[key].lose(came, left)

    def _pass_moment(self, note: Tick) -> None:
        self._tick += 1
        for talk in self._talks.values():
            for direction in talk.sends.values():
                if direction.held and not direction.is_of_message:
                    self._went(talk, talk.latest, direction.cut())

    # -- what the record says of it ------------------------------------------------------------------------

    def _exchanged(self, event: Exchanged) -> None:
        talk = self._of_number.get(event.client.connection)
        if talk is None:
            return
        asked: Frame | None = None
        for is_request, comment in comments_of(event).items():
            told = event.request if is_request else event.reply
            frame = talk.find(told, from_client=is_request)
            if frame is None:
                continue
            if is_request:
                asked = frame
            elif asked is not None:
                self._put_in_order(asked, frame)
            frame.told = True
            frame.comment = comment if is_request else "; ".join([comment, *talk.asides])
            if not is_request:
                talk.asides.clear()
            if not self._form.secrets:
                of_pipe = event.share == IPC or not event.share
                size = event.request_size if is_request else event.reply_size
                frame.hidden = secrets_of(told, size, is_request=is_request, may_be_of_pipe=of_pipe)

    def _put_in_order(self, asked: Frame, answer: Frame) -> None:
        """What a client sent ahead stands behind the answer to what came before, as in the log: the server takes up one
        request after the other.
        """
        queue = self._queue
        if len(queue) > 1 and _is_of(queue[-2], asked):  # it sent nothing ahead
            return
        all_of_it = list(queue)
        first = next((at for at, one in enumerate(all_of_it) if _is_of(one, asked)), -1)
        last = next((at for at in range(len(all_of_it) - 1, -1, -1) if _is_of(all_of_it[at], answer)), -1)
        if last < 0:
            return
        answered = all_of_it[last]
        ahead: list[Packet] = []
        stays: list[Packet] = []
        for one in all_of_it[first + 1 : last]:
            sent_ahead = one.talk is answered.talk and one.from_client and not _is_of(one, asked)
            (ahead if sent_ahead else stays).append(one)
        for one in ahead:
            one.time = answered.time
        self._queue = deque([*all_of_it[: first + 1], *stays, answered, *ahead, *all_of_it[last + 1 :]])

    def _was_connected(self, event: Connected) -> None:
        if len(self._connected) < MOST_UNBEGUN:
            self._connected[event.connection] = printable(happening(event))

    def _disconnected(self, event: Disconnected) -> None:
        talk = self._of_number.get(event.connection)
        if talk is None:
            return
        talk.why = printable(happening(event))
        if talk.end is not None:
            if talk.end.waits:
                talk.end.comment, talk.end.told = talk.why, True
            del self._of_number[event.connection]

    def _befell(self, event: SignedIn | SignInRefused | Printed | Problem) -> None:
        talk = None if event.connection is None else self._of_number.get(event.connection)
        if talk is not None and len(talk.asides) < 10:
            talk.asides.append(printable(happening(event)))

    # -- what is written -----------------------------------------------------------------------------------

    def _add(self, packet: Packet) -> None:
        packet.tick = self._tick + TICKS
        packet.talk.latest = packet.time
        self._queue.append(packet)

    def made(self) -> bytes:
        """The next bytes of the capture: packets that wait no longer, and nothing behind one that does."""
        queue = self._queue
        while queue and (not queue[0].waits or queue[0].tick <= self._tick):
            self._write(queue.popleft())
        out, self._out = b"".join(self._out), []
        return out

    def _write_all(self) -> None:
        while self._queue:
            self._write(self._queue.popleft())

    def finish(self) -> bytes:
        """The last bytes."""
        for talk in self._talks.values():
            for direction in talk.sends.values():
                if direction.held:
                    self._went(talk, talk.latest, direction.cut())
        self._write_all()
        began, ended = (round(one * 1e6) for one in self._times)
        for number, count in enumerate(self._packets):
            dropped = 0 if number else self._dropped
            self._out.append(pcapng.statistics(number, began, ended, packets=count, dropped=dropped))
        return self.made()

    def _write(self, packet: Packet) -> None:
        talk, run, comment = packet.talk, packet.run, packet.comment
        conversation = talk.conversation
        options = conversation.options if packet.flags & Flag.SYN else b""
        data, size = b"", 0
        if run is not None:
            data, size, comment = self._shown(run), run.size, self._comment(talk, run)
        made = conversation.segment(
            data,
            size,
            from_client=packet.from_client,
            flags=packet.flags,
            options=options,
            summed=MOST_SUMMED if self.in_hurry else size,
        )
        if self._missing:
            comment, self._missing = f"{self._missing}; {comment}", ""
        microseconds = round(packet.time * 1e6)
        snap = self._form.snap
        self._out.append(
            pcapng.packet(
                talk.interface,
                microseconds,
                made.data[:snap] if snap else made.data,
                made.size,
                direction=pcapng.INBOUND if packet.from_client else pcapng.OUTBOUND,
                comment=comment,
            )
        )
        self._packets[talk.interface] += 1
        self._times = (self._times[0] or packet.time, packet.time)

    def _comment(self, talk: Talk, run: Run) -> str:
        frame = run.frame
        if not frame.comment:
            talk.forget(frame)
            frame.told = True
            frame.comment = of_frame(frame, run)
        return f"more of: {frame.comment}" if run.at else frame.comment

    def _shown(self, run: Run) -> bytes:
        """The data of a run, with zeros for secrets."""
        frame = run.frame
        if self._form.secrets or not frame.is_message:
            return run.data
        if frame.hidden is None:
            message = run.data[PREFIX_SIZE:]
            frame.hidden = secrets_of(message, run.size - PREFIX_SIZE, is_request=frame.from_client)
        if not frame.hidden:
            return run.data
        shown = bytearray(run.data)
        for begin, end in frame.hidden:
            begin, end = (min(max(0, one + PREFIX_SIZE - run.at), len(shown)) for one in (begin, end))
            shown[begin:end] = bytes(end - begin)
        return bytes(shown)


def _is_of(packet: Packet, frame: Frame) -> bool:
    return packet.run is not None and packet.run.frame is frame
