"""One client's connection: bytes in, bytes out. No socket, no reactor.

`receive` takes whatever arrived, however it was cut; `send` gets whole frames. `lost` frees everything that the
connection held. What a peer sends ends in an answer, in silence where the protocol wants it, or in the connection
being closed with a reason that the log shows.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from fakesmb.auth.signing import Checker
from fakesmb.core import netbios_session
from fakesmb.core.dialects import NOT_BELOW_NT1, DialectRow, Protocol
from fakesmb.core.exchange import Exchange, Step, steps_of
from fakesmb.core.id_pool import IdPool
from fakesmb.core.old_errors import OldErrors
from fakesmb.core.partial_transactions import Transactions
from fakesmb.core.pending import Pending
from fakesmb.core.plan import NoPlans, Plan, Plans
from fakesmb.core.profile import Profile
from fakesmb.core.quotas import ConnectionQuotas
from fakesmb.core.request import AnyRequest
from fakesmb.core.state import Open, OpenSearch, Server, Session, Tree
from fakesmb.core.stream_faults import Paced
from fakesmb.nt.quota import SharedQuota
from fakesmb.nt.status import NT, SMBError
from fakesmb.record import events
from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.frame import BEGINNING, PREFIX_SIZE, Frame, FrameError, Framer, FrameType, no_frame, prefix
from fakesmb.wire.header import COMMAND_AT, SMB2_MAGIC, Flags2, Header
from fakesmb.wire.info import LevelContext
from fakesmb.world import Steps

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from fakesmb.core.lock_waits import LockWait
    from fakesmb.core.sealing import Overhears, Sealing
    from fakesmb.core.stream_faults import Pieces
    from fakesmb.core.tap import Tap
    from fakesmb.vfs.store import FileRange, Handle

T = TypeVar("T")
Send = Callable[[list[Buffer]], None]
"""Takes the buffers of a frame."""
SendRange = Callable[[list[Buffer], "FileRange"], None]
"""Takes the buffers of a frame but for what the range of a file holds, and the range."""

CHALLENGE_SIZE: Final = 8
MOST_HELD: Final = 64
"""So often is something received of a client whose requests wait, at most: each time as much as a transport takes."""

SMB2_ONLY: Final = (
    "the client speaks SMB 2 or later only: allow SMB1 there (smbclient: -m NT1 or 'client min protocol = NT1'; "
    "mount.cifs: vers=1.0; Windows: the optional feature 'SMB 1.0/CIFS File Sharing Support')"
)


def plans_of(server: Server, unread_flags2: int | None = None) -> dict[int, Plan]:
    """The plans of a server, which its connections share that read the same bits of Flags2.

    None: all that the server knows, as a connection of NT LM 0.12 does.
    """
    unread = server.profile.unread_flags2 if unread_flags2 is None else unread_flags2
    plans = server.plans.get(unread)
    if plans is None:
        commands, subcommands = server.handlers()
        plans = Plans(commands, subcommands, unread, server.keep_data) if server.settings.plans else NoPlans()
        server.plans[unread] = plans
        # The first client is alone: that it waited for all this to be loaded is no hold-up.
        turn = server.world.turn
        turn.began = turn.now()
    return plans


def most_pending(limit: int, profile: Profile) -> int:
    """How many requests may wait: a make that takes fewer than Windows Server 2003 means it."""
    return min(limit, profile.max_mpx) if profile.max_mpx < Profile().max_mpx else limit


class SMBConnection:
    """A client ([MS-CIFS] 3.3.1.3). `send` takes the buffers of one frame; `close` ends the transport."""

    def __init__(
        self,
        server: Server,
        peer: str,
        local: str,
        send: Send,
        close: Callable[[], None],
    ) -> None:
        limits = server.settings.limits
        profile = server.profile
        self.server = server
        self.profile = profile
        self.reply_flags = profile.reply_flags
        self.reply_flags2 = profile.reply_flags2
        if not server.settings.responds:  # by this bit clients tell that tokens are taken
            self.reply_flags2 &= ~Flags2.EXTENDED_SECURITY
        self._unread_flags2 = profile.unread_flags2
        self.peer = peer
        self.local = local
        self.number = server.next_connection()
        quotas = self.quotas = ConnectionQuotas(limits, server.quotas)
        self.sessions: IdPool[Session] = IdPool(profile.first_uid, quotas.sessions)
        self.trees: IdPool[Tree] = IdPool(profile.first_tid, quotas.trees)
        self.opens: IdPool[Open] = IdPool(profile.first_fid, quotas.opens)
        self.searches: IdPool[OpenSearch] = IdPool(profile.first_sid, quotas.searches)
        self._names = SharedQuota(self.quotas.names)
        """The names that searches go through."""
        self.transactions = Transactions(limits, self.quotas.reassembly)
        self.pending = Pending(most_pending(limits.pending, profile), self.quotas.pending)
        self.signing: Checker | None = None
        self.lock_waits: dict[LockWait, Handle] = {}
        self.raw_write: Deferred[Buffer] | None = None
        """Who waits for the next frame, which is bare data: a WRITE_RAW under way."""
        self.now = server.world.clock_of(self.number)
        """POSIX seconds."""
        self.began = self.now()
        self.zone = server.zone(self.began)
        """Minutes west of UTC, as the negotiate tells: old commands tell all times so, since a client has no other to
        count with. So do Windows and Samba, whatever the date."""
        self.unicode_strings = LevelContext(zone=self.zone)
        """How a message in Unicode wants the strings and times of its answer."""
        self.called_name = self.calling_name = ""
        """Of a NetBIOS session: whom the client called, and what it calls itself, without suffixes."""
        self.challenge = server.settings.challenge or server.world.entropy(CHALLENGE_SIZE)
        self.dialect: str | None = None
        self.protocol = Protocol.NT1
        """How much of SMB is spoken; NT1 until a dialect is negotiated."""
        self.dos = False
        """Whether the client is one of DOS or 16-bit Windows: names of 8.3, and the errors that DOS has."""
        self.windows_9x = False
        """Whether the client is Windows 95, 98 or ME, by its dialects."""
        self.old_errors: OldErrors | None = None
        """The errors of its dialect, where that is older than NT LM 0.12."""
        self.extended_security = False
        self.heeds_case = False
        """Whether it is a client that clears SMB_FLAGS_CASE_INSENSITIVE where it means names as they are spelt."""
        self.capabilities = 0
        """The client's, from its session setup."""
        self.max_buffer = 0xFFFF
        """Longest message the client takes, bytes, from its session setup."""
        self.oem_encoding = server.settings.oem_encoding
        self.client = events.Client(self.number, peer, local, self.oem_encoding)
        self.closed = False
        self._ending = ""
        self.sealing: Sealing | None = None
        """What encrypts the connection, once the client has asked for that."""
        self.overhears: Overhears | None = None
        """Set by a transport that somebody sniffs: hears what encrypted frames mean."""
        self._framer = Framer(limits.message_bytes)
        self._held_bytes = 0
        """What is charged of a message that has arrived in part."""
        self._frames: Iterator[Frame] = iter(())
        self._arrived: deque[bytes] = deque()
        """What came in while the connection was held."""
        self._held = False
        """Whether requests wait: the client does not take its replies, or others have their turn."""
        self._full = False
        self._resting = False
        self._held_back = False
        """Whether a fault keeps the client waiting that has just connected."""
        self._tasks = server.tasks
        self._waits_for_disk = False
        """Whether a disk holds up the message in hand."""
        self._then_end: Callable[[], None] | None = None
        """What ends the connection, which waits until that message is answered."""
        self.rest: Callable[[bool], None] | None = None
        """Set by a transport that can stop reading: told True when requests wait for their turn, False when not."""
        self._send = send
        self._close = close
        self.send_range: SendRange | None = None
        """Set by a transport that sends files by itself: takes the buffers of a frame but for what the range holds."""
        self.abort: Callable[[], None] | None = None
        """Set by a transport that can: ends it at once, by a TCP RST."""
        self.abort_when_sent: Callable[[], None] | None = None
        """Set by a transport that can: the same, when all that it was given has arrived."""
        self.paced: Paced | None = None
        """What lets frames leave in pieces, while some are still to come."""
        self.half_close: Callable[[], None] | None = None
        """Set by a transport that can: sends what waits and then nothing more, and ignores what comes."""
        self.at_end: list[Callable[[], None]] = []
        """Called when the connection ends."""
        self._table = server.handlers()[0]
        self._plans = plans_of(server)
        self._taps: tuple[Tap, ...] = ()
        self._watching: tuple[Tap, ...] = ()
        """Those of the taps that see every frame."""
        self._out = send
        """What frames leave by, behind all taps."""
        server.connections[self.number] = self
        acting = [said for tap in server.armed if (said := tap.connecting(self))]
        server.log.emit(events.Connected(self.began, self.number, peer, local, ", ".join(acting)))
        self._sign_in_timer = server.clock.callLater(limits.sign_in_seconds, self._sign_in_too_late)
        if self._tasks is not None:
            self._message = self._message_in_task  # type: ignore[method-assign]
        if server.armed:
            self.arm(server.armed)

    def begin(self) -> None:
        """The transport has said what it can do, and the client is there."""
        for tap in self._taps:
            tap.connected(self)

    def speak(self, row: DialectRow) -> None:
        """From the answer to the negotiate on, a dialect is spoken."""
        self.dialect, self.protocol, self.dos = row.name, row.protocol, row.dos
        if row.protocol is Protocol.NT1:
            return
        if row.protocol < Protocol.LANMAN1:
            # No session setup tells the client's; what TREE_CONNECT says is for both ([MS-CIFS] 2.2.4.50.2)
            self.max_buffer = min(self.profile.max_buffer, self.max_buffer)
        self.old_errors = OldErrors(row.protocol, dos=row.dos)
        self.reply_flags2 &= ~NOT_BELOW_NT1
        self._unread_flags2 |= NOT_BELOW_NT1
        self._plans = plans_of(self.server, self._unread_flags2)
        for tap in self._taps:
            self._plans = tap.plans(self, self._plans)

    # -- bytes in ------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Takes bytes of the stream."""
        if self._held:
            self._arrived.append(data)
            if len(self._arrived) == MOST_HELD and self.rest is not None and not self._listens_on():
                self.rest(True)
            return
        if self._framer.is_one_message(data) and not self.closed:
            self._message(memoryview(data)[PREFIX_SIZE:])
            return
        self._frames = self._framer.feed(data)
        self._answer_arrived()
        if self._framer.held != self._held_bytes and not self.closed:
            self._charge_message()

    def _listens_on(self) -> bool:
        """Whether a client that is kept waiting is read on: its end is heard, however it cuts what it sends."""
        if not self._held_back:
            return False
        joined = b"".join(self._arrived)
        self._arrived = deque((joined,))
        return len(joined) < self.server.settings.limits.unread_bytes

    def _charge_message(self) -> None:
        """A message has arrived in part, or the rest of one: all connections together may hold so much of them."""
        try:
            self._held_bytes = self.quotas.frame.exchange(self._held_bytes, self._framer.held)
        except SMBError as error:
            self.drop(f"no room for the rest of a message: {error.why}")

    def best_read(self, most: int) -> int:
        """How many bytes a transport should take of the stream next, at most `most`."""
        return self._framer.best_read(most)

    def hold(self) -> None:
        """The client does not take its replies: no further request is answered until `go_on`."""
        self._held = self._full = True

    def go_on(self) -> None:
        """The client takes its replies again: answers the requests that have arrived."""
        self._full = False
        if not self._resting:
            self._answer_arrived()

    def _take_turns(self) -> None:
        """Others have their turn before the rest of what this client sent is answered."""
        self._rest_until_later()
        self.server.turns.later(self._after_others)

    def _rest_until_later(self) -> None:
        """Nothing more is read or answered until `_after_others`."""
        self._held = self._resting = True
        if self.rest is not None:
            self.rest(True)

    def _after_others(self) -> None:
        self._resting = False
        if self.closed:
            return
        if self.rest is not None:
            self.rest(False)
        if not self._full:
            self._answer_arrived()

    def _answer_arrived(self) -> None:
        self._held = False
        turn = self.server.world.turn
        turn.begin()
        try:
            while True:
                for frame in self._frames:
                    if self.closed:
                        return
                    self._frame(frame)
                    if self._held:
                        return
                    if turn.over():
                        self._take_turns()
                        return
                if not self._arrived:
                    return
                self._frames = self._framer.feed(self._arrived.popleft())
        except FrameError as error:
            self._drop_stranger(str(error), error.beginning)

    def _frame(self, frame: Frame) -> None:
        if frame.type == FrameType.MESSAGE:
            self._message(frame.body)
        elif frame.type == FrameType.SESSION_REQUEST:
            netbios_session.begin(self, frame.body)
        elif frame.type != FrameType.KEEPALIVE:
            begins = bytes((frame.type, *prefix(len(frame.body))[1:], *frame.body[:BEGINNING]))
            self._drop_stranger(no_frame(frame.type), begins)

    def _drop_stranger(self, reason: str, beginning: bytes) -> None:
        """Ends the connection for what is no frame: the first thing that somebody sends is another protocol."""
        if self.dialect is None and beginning and beginning[0] != FrameType.MESSAGE:
            from fakesmb.wire.foreign import told  # which no client of ours needs

            reason = told(beginning)
        self.drop(reason)

    def _message_in_task(self, message: memoryview) -> None:
        """As `_message`, where a disk may hang."""
        assert self._tasks is not None
        if not self._tasks.run(partial(SMBConnection._message, self, message), self._after_disk):
            self._waits_for_disk = True
            self._rest_until_later()

    def _after_disk(self) -> None:
        """The message that a disk held up is answered: the next ones are, or the connection ends now."""
        self._waits_for_disk = False
        if self._then_end is not None:
            self._then_end()
        else:
            self._after_others()

    def _message(self, message: memoryview) -> None:
        self.server.counters.bytes_received += len(message)
        if self.raw_write is not None:
            arrived, self.raw_write = self.raw_write, None
            if not arrived.called:
                arrived.callback(message)
            return
        if (
            self.signing is None
            and self.dialect is not None
            and len(message) > COMMAND_AT
            and self._plans[message[COMMAND_AT]](self, message)
        ):
            if self._ending:
                self.drop(self._ending)
            return
        self._answer(message)

    def _answer(self, message: memoryview) -> None:
        """Answers a message the general way."""
        try:
            header = Header.decode(message)
        except DecodeError as error:
            self.drop(SMB2_ONLY if bytes(message[:4]) == SMB2_MAGIC else f"not an SMB message: {error}")
            return
        if header.flags2 & self._unread_flags2:
            header = msgspec.structs.replace(header, flags2=header.flags2 & ~self._unread_flags2)
        if self.dialect is None and header.command != Command.NEGOTIATE:
            self.drop(f"command 0x{header.command:02X} before a dialect was negotiated")
            return
        number = 0
        arrived = self.now()
        try:
            if self.signing is not None:
                number = self.signing.next + 1
                self.signing.receive(message, header.command)
            steps = steps_of(message, header, self._table, self.oem_encoding)
        except SMBError as error:
            steps = [Step(header.command, None, None, error)]
        self._exchange_class(header, steps)(self, message, header, steps, number, arrived).run()
        if self._ending:
            self.drop(self._ending)

    def exchange_of(self, request: AnyRequest) -> Exchange:
        """The exchange of a planned request that needs one: it answers late, in pieces, or by hand."""
        header = request.header
        step = Step(header.command, request.row, request.params, None)
        made = Exchange(self, request.message, header, [step], 0, request.arrived)
        made.session, made.tree, made.fid = request.session, request.tree, request.fid_used
        return made

    # -- taps ----------------------------------------------------------------------------------------------

    def arm(self, taps: "tuple[Tap, ...]") -> None:
        """From now on messages and frames pass these taps, in their order; () for none."""
        if self._taps:
            del self._exchange_class  # what the class has comes back
            self._plans = plans_of(self.server, self._unread_flags2)
        if self._watching:
            del self._message
            self._send = self._out
            if self._tasks is not None:
                self._message = self._message_in_task  # type: ignore[method-assign]
        self._taps = taps
        self._watching = tuple(tap for tap in taps if tap.every_frame)
        if taps:
            for tap in taps:
                self._plans = tap.plans(self, self._plans)
            self._exchange_class = self._tapped_exchange_class  # type: ignore[method-assign]
        if self._watching:
            self._send = self._tapped_send
            self._message = self._tapped_message  # type: ignore[method-assign]

    def _tapped_message(self, message: memoryview) -> None:
        for tap in self._watching:
            passed = tap.received(self, message)
            if passed is None:
                return
            message = passed
        if self._tasks is None:
            SMBConnection._message(self, message)
        else:
            self._message_in_task(message)

    def _tapped_send(self, frame: list[Buffer]) -> None:
        for tap in self._watching:
            frame = tap.sending(self, frame)
            if not frame:
                return
        self._out(frame)

    def _exchange_class(self, header: Header, steps: Sequence[Step]) -> type[Exchange]:
        return Exchange

    def _tapped_exchange_class(self, header: Header, steps: Sequence[Step]) -> type[Exchange]:
        chosen = (tap.exchange(self, header, steps) for tap in self._taps)
        return next((one for one in chosen if one is not None), Exchange)

    def caught(self, work: Callable[[], T], taker: Send) -> T:
        """What `work` gives; the frames that it would have sent `taker` gets."""
        send, self._send = self._send, taker
        try:
            return work()
        finally:
            self._send = send

    def deliver_in(self, pieces: "Pieces | None", frame: list[Buffer]) -> None:
        """Sends a frame, or a part of one, as it is: at once, or in pieces with time between."""
        if self.closed:
            return
        if pieces is not None and self.sealing is None:  # what is cut is not sealed
            if self.paced is None:
                self.paced = Paced(self)
            self.paced.cut_next(pieces)
        self._send(frame)

    def when_sent(self, work: Callable[[], None]) -> None:
        """Calls `work` when the frames so far have left, or have been handed to the transport."""
        if self.paced is None:
            work()
        else:
            self.paced.then(work)

    def seal(self) -> "Sealing":
        """What encrypts the connection, outside of all taps."""
        if self.sealing is None:
            from fakesmb.core.sealing import SealedFramer, Sealing  # few ask for it

            sealing = Sealing(self)
            self.sealing, self._framer = sealing, SealedFramer(self._framer, sealing)
            self.send_range = None
        return self.sealing

    def divert(self, out: Send) -> Send:
        """From now on frames leave by `out`, behind all taps; gives what they left by before."""
        if self.sealing is not None:
            before, self.sealing.out = self.sealing.out, out
            return before
        before, self._out = self._out, out
        if not self._watching:
            self._send = out
        return before

    def leave_by(self, send: Send, send_range: SendRange) -> None:
        """From now on the transport takes frames by `send`, and ranges of files, if it takes any, by `send_range`."""
        if self.paced is not None:
            self.paced.leave_by(send, send_range)
            return
        self.divert(send)
        if self.send_range is not None:
            self.send_range = send_range

    @property
    def is_between_messages(self) -> bool:
        """Whether what has arrived are whole messages that were begun, and no part of an answer is still to leave."""
        return not (self._held or self._framer.held or self.paced)

    def hold_back(self) -> Callable[[], None]:
        """Nothing that the client sends is answered until what this gives is called. It is heard if it leaves."""
        self._held = self._resting = self._held_back = True

        def go_on() -> None:
            self._held_back = False
            self._after_others()

        return go_on

    # -- bytes out -----------------------------------------------------------------------------------------

    def send_message(self, buffers: list[Buffer], size: int) -> None:
        """Frames one message of `size` bytes and sends it."""
        buffers.insert(0, prefix(size))
        self.send_frame(buffers, size)

    def send_frame(self, buffers: list[Buffer], size: int) -> None:
        """Sends a frame that holds a message of `size` bytes."""
        if not self.closed:
            self.server.counters.bytes_sent += size
            self._send(buffers)

    def send_file_range(self, buffers: list[Buffer], size: int, part: "FileRange") -> None:
        """Sends a frame whose message of `size` bytes ends with a range of a file.

        Read here where a tap was armed, or encryption begun, since the range was chosen.
        """
        if self.send_range is None or self._watching or self.sealing is not None:
            self.send_frame([*buffers, part.read_whole()], size)
        elif not self.closed:
            self.server.counters.bytes_sent += size
            self.send_range(buffers, part)

    def send_raw(self, data: bytes) -> None:
        """Sends bytes that are no message."""
        if not self.closed:
            self._send([data])

    def drop_after_reply(self, reason: str) -> None:
        """Closes the connection once the request in hand is answered."""
        self._ending = reason

    # -- the end -------------------------------------------------------------------------------------------

    def heed_case(self) -> None:
        """From now on the flags of a message say whether its names are meant as they are spelt."""
        self.heeds_case = True
        for tree in self.trees:
            tree.heed_case()

    def signed_in(self) -> None:
        """A session setup succeeded: the connection may stay."""
        if self._sign_in_timer.active():
            self._sign_in_timer.cancel()

    @property
    def awaits_sign_in(self) -> bool:
        """Whether nobody has signed in yet, for which there is only so much time."""
        return self._sign_in_timer.active()

    def _sign_in_too_late(self) -> None:
        seconds = self.server.settings.limits.sign_in_seconds
        self.drop(f"no sign-in within {seconds:g} seconds (limits.sign_in_seconds)")

    def drop(self, reason: str) -> None:
        """Closes the connection from our side; what was answered before still goes out."""
        if not self.closed:
            self._end(reason, by_server=True)
            self._close()

    def finish(self, reason: str) -> None:
        """Ends the connection by a TCP FIN where the transport can, even if the client has sent what is not read."""
        if not self.closed:
            self._end(reason, by_server=True)
            (self.half_close or self._close)()

    def reset(self, reason: str, *, when_sent: bool = False) -> None:
        """Ends the connection by a TCP RST where the transport can: at once, or when the client has what was sent."""
        if not self.closed:
            self._end(reason, by_server=True)
            ((when_sent and self.abort_when_sent) or self.abort or self._close)()

    def lost(self, reason: str) -> None:
        """The transport is gone: frees opens, locks, searches and waiting requests."""
        if not self.closed:
            self._end(reason, by_server=False)

    def _end(self, reason: str, *, by_server: bool) -> None:
        self.closed = True
        if self._sign_in_timer.active():
            self._sign_in_timer.cancel()
        while self.at_end:
            self.at_end.pop()()
        end = self.server.world.of_present(partial(self._free_all, reason, by_server))
        if self._tasks is None:
            end()
        elif self._waits_for_disk:
            self._then_end = end
        else:
            self._tasks.run(end)

    def _free_all(self, reason: str, by_server: bool) -> None:
        ended = self.now()
        Steps(self.server.world.turn).do(
            [
                *(exchange.cancel for exchange in self.pending),
                *(partial(self.close_search, search) for search in self.searches),
                *(entry.close for entry in self.opens),
                self._forget_all,
            ]
        )
        self.server.connections.pop(self.number, None)
        self.server.log.emit(
            events.Disconnected(ended, self.number, self.peer, self.local, reason, by_server)
        )

    def _forget_all(self) -> None:
        for pool in (self.searches, self.opens, self.trees, self.sessions):
            pool.clear()
        self.transactions.end()
        self.quotas.clear()

    # -- state that ends together --------------------------------------------------------------------------

    def add_open(self, entry: Open) -> int:
        """Gives an open its FID; closes it again when there are too many, or its tree has ended meanwhile."""
        if self._tasks is not None and self.trees.get(entry.tree.tid) is not entry.tree:
            entry.close()
            raise SMBError(NT.SMB_BAD_TID, "its tree ended while the disk was waited for")
        try:
            entry.fid = self.opens.add(entry)
        except Exception:
            entry.close()
            raise
        return entry.fid

    def close_open(self, entry: Open, last_write_time: int = 0) -> SMBError | OSError | None:
        """Closes one open; gives what the disk says of it."""
        self.opens.pop(entry.fid)
        return entry.close(last_write_time)

    def add_search(self, entry: OpenSearch) -> int:
        """Gives a search its SID; raises OS2_NO_MORE_SIDS, TOO_MANY_OPENED_FILES or INSUFFICIENT_RESOURCES
        where that would be too much.
        """
        entry.search.keep()
        names = entry.search.names
        self._names.hold(names, names.size)
        entry.names = names
        try:
            entry.sid = self.searches.add(entry)
        except SMBError:
            self._names.let_go(names)
            raise
        return entry.sid

    def close_search(self, search: OpenSearch) -> None:
        """Closes one search."""
        if self.searches.pop(search.sid) is not None:
            search.search.close()
            self._names.let_go(search.names)
            search.names = None

    # -- the record ----------------------------------------------------------------------------------------

    def problem(self, text: str, trace: str = "") -> None:
        """Says what needs a person."""
        self.server.log.emit(events.Problem(self.now(), self.number, text, trace))
