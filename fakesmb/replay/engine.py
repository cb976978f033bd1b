"""Sends the client's side of a capture to a server, in the order of the capture."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from fakesmb.address import Place
from fakesmb.capture.trouble import Trouble
from fakesmb.record.events import Connected, Disconnected
from fakesmb.replay.entering import Entering
from fakesmb.replay.learning import learn, learn_break
from fakesmb.replay.line import Closed, Line, LineError
from fakesmb.replay.live import Live
from fakesmb.replay.oplocks import acknowledgement, asks_back
from fakesmb.replay.places import Users
from fakesmb.replay.requests import Renaming
from fakesmb.replay.sending import Sending
from fakesmb.replay.sent import Sent
from fakesmb.replay.shares import ShareMap
from fakesmb.replay.sign_in import SignIn
from fakesmb.replay.talk import Ask, Item, Told
from fakesmb.replay.tokens import Tokens
from fakesmb.replay.witnessing import Witness
from fakesmb.wire.codec import DecodeError
from fakesmb.world import World

TIMEOUT: Final = 5.0
"""Seconds that an answer may take."""
LATE_SECONDS: Final = 1.0
"""Seconds for one that took its time in the capture, too: it is looked for again at the end."""
MOST_SILENT: Final = 3
"""So many answers in a row may be missing; then the connection is given up."""
MOST_LIVE: Final = 500
"""Connections at a time; hostile captures have any number."""
_SLICE: Final = 0.02


class Replay:
    """One replay."""

    def __init__(
        self,
        place: Place,
        users: Users,
        witness: Witness,
        *,
        shares: ShareMap | None = None,
        timeout: float = TIMEOUT,
        pace: bool = False,
        world: World | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`pace`: with the pauses of the capture."""
        self.place = place
        self.users = users
        self.witness = witness
        self.timeout = timeout
        self._late = min(timeout, LATE_SECONDS)
        self.pace = pace
        self.world = World() if world is None else world
        self.tokens = Tokens()
        self.lives: dict[int, Live] = {}
        self.entering = Entering(self, ShareMap() if shares is None else shares)
        self.sending = Sending(self, Renaming(place, self.entering.shares, users.others))
        self._sleep = sleep
        self._gone: dict[int, str] = {}
        self._overdue: list[tuple[Live, Ask, Sent]] = []
        self._breaks_ahead: Counter[int] = Counter()
        self._began = (0.0, 0.0)
        self._reached = False

    def run(self, items: Sequence[Item]) -> None:
        """Replays all of it. Raises `LineError` where the server cannot be reached at all."""
        self._breaks_ahead = Counter(one.connection for one in items if isinstance(one, Told) and one.unasked)
        for item in items:
            self._keep_pace(item)
            if isinstance(item, Ask):
                self._ask(item)
            elif isinstance(item, Told):
                self._told(item)
            elif isinstance(item, Connected):
                self._gone.pop(item.connection, None)
                self.live(item.connection)
            elif isinstance(item, Disconnected):
                self._disconnected(item)
            elif isinstance(item, Trouble):
                self.witness.note(item.frame, item.text)
        self._end()

    def _keep_pace(self, item: Item) -> None:
        at = item.time
        if not self.pace or at is None:
            return
        if not self._began[0]:
            self._began = (at, time.monotonic())
        wait = at - self._began[0] - (time.monotonic() - self._began[1])
        while wait > 0:
            self._sleep(min(wait, _SLICE))
            self.pump(0)
            wait -= _SLICE

    # -- connections -----------------------------------------------------------------------------------------

    def live(self, number: int) -> Live | None:
        """The connection that replays the captured one of that number; None where there can be none."""
        live = self.lives.get(number)
        if live is None and number not in self._gone:
            try:
                if len(self.lives) >= MOST_LIVE:
                    raise LineError(f"more than {MOST_LIVE} connections at a time")
                live = Live(number, Line(self.place, self.timeout), SignIn(self.users, self.world))
                self.lives[number] = live
                self._reached = True
            except LineError as error:
                if not self._reached:
                    raise
                self._gone[number] = str(error)
        return live

    def renew(self, live: Live) -> None:
        """Another connection in place of one that the server let down; raises `LineError`."""
        line = Line(self.place, self.timeout)
        live.line.close()
        live.line, live.ended = line, ""
        live.sent.clear()

    def _disconnected(self, event: Disconnected) -> None:
        live = self.lives.get(event.connection)
        if live is None:
            self._gone.pop(event.connection, None)
            return
        if event.by_server and not live.ended:
            self.wait(lambda: bool(live.ended), self._late)
        del self.lives[event.connection]
        for one, ask, sent in [row for row in self._overdue if row[0] is live]:
            self._overdue.remove((one, ask, sent))
            self._settle(one, ask, sent)
        self.witness.closed(live, event, live.ended)
        live.dead("the connection ended")

    def _end(self) -> None:
        """Waits a last time for what is overdue, and ends the connections."""
        overdue, self._overdue = self._overdue, []
        if overdue:
            self.wait(lambda: all(self._is_there(ask, sent) for _, ask, sent in overdue), self._late)
        for live, ask, sent in overdue:
            self._settle(live, ask, sent)
        for live in self.lives.values():
            live.dead("the replay is over")

    def _settle(self, live: Live, ask: Ask, sent: Sent) -> None:
        if self._is_there(ask, sent) and sent.answers:
            self._finish(live, ask, sent)
        else:
            late = _was_late(ask, ask.answers[-1])
            why = "no answer, to the end" if late else f"no answer within {self.timeout:g} seconds"
            self.witness.unanswered(live, ask, sent, sent.dead or why)

    @staticmethod
    def _is_there(ask: Ask, sent: Sent) -> bool:
        return not sent.awaits(max(0, len(ask.answers) - 1))

    # -- the client's messages -------------------------------------------------------------------------------

    def _ask(self, ask: Ask) -> None:
        live = self.live(ask.connection)
        if live is None:
            self.witness.unsent(ask, self._gone[ask.connection])
            return
        self.pump(0)
        if live.ended:
            self.witness.unsent(ask, live.ended)
            return
        try:
            why = self.sending.send(live, ask)
        except LineError as error:
            live.dead(str(error))
            why = "" if ask in live.by_ask else str(error)
        if why:
            self.witness.unsent(ask, why)

    # -- the server's messages -------------------------------------------------------------------------------

    def _told(self, told: Told) -> None:
        live = self.lives.get(told.connection)
        if told.unasked:
            if live is not None:
                self._broken(live, told)
            self._breaks_ahead[told.connection] -= 1
            return
        ask = told.ask
        sent = None if live is None or ask is None else live.by_ask.get(ask)
        if live is None or ask is None or sent is None:
            self.witness.passed(told)
            return
        place = next(index for index, one in enumerate(ask.answers) if one is told)
        last = place == len(ask.answers) - 1
        patience = self._late if _was_late(ask, told) or live.silent else self.timeout
        self.wait(lambda: not sent.awaits(place), patience)
        if sent.awaits(place) and live.breaks:  # perhaps it waits for an oplock that nobody gives back
            self._acknowledge_all(live)
            self.wait(lambda: not sent.awaits(place), patience)
        if not sent.awaits(place) and sent.answers:
            live.silent = 0
            if last:
                self._finish(live, ask, sent)
        elif not last:
            return
        elif sent.dead:
            self.witness.unanswered(live, ask, sent, sent.dead)
        else:
            self._overdue.append((live, ask, sent))
            if not _was_late(ask, told):
                live.silent += 1
            if live.silent >= MOST_SILENT:
                live.dead(f"{MOST_SILENT} answers in a row did not come")

    def _finish(self, live: Live, ask: Ask, sent: Sent) -> None:
        learn(live, self.tokens, ask, sent)
        self.witness.answered(live, ask, sent)

    # -- oplocks ---------------------------------------------------------------------------------------------

    def _broken(self, live: Live, told: Told) -> None:
        if not live.ended:
            self.wait(lambda: bool(live.breaks), self._late)
        message = live.breaks.pop(0) if live.breaks else None
        if message is not None:
            live.due.append(asks_back(message))
            learn_break(live, told.message, message)
        self.witness.broken(live, told, message)

    def _acknowledge_all(self, live: Live) -> None:
        for message in live.breaks:
            self.witness.broken(live, None, message)
            try:
                live.send(acknowledgement(message, live), None)
            except (LineError, DecodeError) as error:
                live.dead(str(error))
                break
        live.breaks.clear()

    # -- waiting ---------------------------------------------------------------------------------------------

    def wait(self, done: Callable[[], bool], seconds: float) -> None:
        """Takes what servers send until it is done, or that time is over."""
        end = time.monotonic() + seconds
        while not done():
            left = end - time.monotonic()
            if left <= 0 or not any(not live.ended for live in self.lives.values()):
                return
            self.pump(min(left, _SLICE))

    def pump(self, seconds: float) -> None:
        """Takes what is there on all connections, or comes on any within that time."""
        open_now = [live for live in self.lives.values() if not live.ended]
        if not open_now:
            return
        if seconds:
            Line.wait_for_any([live.line for live in open_now], seconds)
        for live in open_now:
            try:
                for message in live.line.arrived():
                    live.arrived(message)
            except Closed as error:
                live.dead(str(error))
            if live.breaks and not self._breaks_ahead[live.number] and not live.ended:
                self._acknowledge_all(live)


def _was_late(ask: Ask, told: Told) -> bool:
    """Whether the capture has other requests between this one and its answer: then nobody waited for it."""
    return 0 < ask.next_frame < told.frame
