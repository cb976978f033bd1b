"""What came of a replay: each answer beside the captured one, and the counts of all."""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Final

import msgspec
from msgspec.structs import replace

from fakesmb.record import describe, dissect
from fakesmb.record.events import Disconnected, Exchanged, Shown
from fakesmb.record.values import printable
from fakesmb.replay.compare import Difference
from fakesmb.replay.expected import NOT_EXPECTED
from fakesmb.replay.live import Live
from fakesmb.replay.pairs import of_trees, pairs, status_in, strange
from fakesmb.replay.sent import Sent
from fakesmb.replay.talk import Ask, Told
from fakesmb.trace.context import Context
from fakesmb.trace.field import Tree
from fakesmb.trace.follow import Follower
from fakesmb.trace.trees import trees
from fakesmb.wire.codec import DecodeError

SAME: Final = "same"
EXPECTED: Final = "expected"
DIFFERENT: Final = "different"
_FIRST_PLACE: Final = 1


class Finding(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What is said of one message of the capture. The JSON form has these keys."""

    event: str
    """`answer`, `missing` (no answer), `unsent`, `oplock`, `closed`, `note`."""
    frame: int
    verdict: str = ""
    """`same`, `expected` or `different`; empty of notes."""
    connection: int = 0
    command: str = ""
    share: str = ""
    path: str = ""
    summary: str = ""
    """The captured request, in the words of the log."""
    text: str = ""
    """Why it was not sent, or not answered; what the note says."""
    differences: tuple[Difference, ...] = ()


class Count(msgspec.Struct):
    """How many of what there were."""

    sent: int = 0
    same: int = 0
    expected: int = 0
    different: int = 0
    missing: int = 0
    unsent: int = 0
    kinds: Counter[str] = msgspec.field(default_factory=Counter)
    """Answers, and other findings, that have a difference of each kind."""


class Comparison:
    """Compares a replay with its capture, and tells each finding. The engine's `Witness`."""

    def __init__(self, tell: Callable[[Finding], None], *, failing: Collection[str] = ()) -> None:
        """`failing` are kinds that are to be expected, and yet not here."""
        self.count = Count()
        self._tell = tell
        self.different_kinds = NOT_EXPECTED | set(failing)
        """Kinds that are not to be expected here."""
        self._captured = Follower()
        self._here = Follower()
        self._number = _FIRST_PLACE

    # -- what the engine tells -------------------------------------------------------------------------------

    def asked(self, live: Live, ask: Ask, sent: Sent) -> None:
        """A captured request went to the server."""
        self.count.sent += 1
        self._captured.follow(ask.event)
        self._here.follow(self._event(ask, sent.message, b""))

    def answered(self, live: Live, ask: Ask, sent: Sent) -> None:
        """All answers of a request are there."""
        found: list[Difference] = []
        captured = [one.message for one in ask.answers]
        sizes = [one.size for one in ask.answers]
        for old, size, new in pairs(ask, captured, sizes, sent.answers):
            found += self._compared(ask, sent, old, size, new)
        if sent.forged:
            found.append(Difference("SecuritySignature", "answers", "right", "wrong"))
        self._say(ask, "answer", tuple(found))

    def unanswered(self, live: Live, ask: Ask, sent: Sent, why: str) -> None:
        """One did not come."""
        self.count.missing += 1
        for told in ask.answers:
            self._captured.follow(told.event)
        found = (Difference("answer", "answers", _told(ask), "none"),)
        self._say(ask, "missing", found, why)

    def unsent(self, ask: Ask, why: str) -> None:
        """A captured request was not sent."""
        self.count.unsent += 1
        self._captured.follow(ask.event)
        self._say(ask, "unsent", (Difference("request", "unsent", "sent", "not sent"),), why)

    def passed(self, told: Told) -> None:
        """A captured answer that nothing here is compared with."""
        self._captured.follow(told.event)

    def broken(self, live: Live, told: Told | None, message: bytes | None) -> None:
        """The server wants an oplock back: in the capture, here, or both."""
        if told is not None:
            self._captured.follow(told.event)
        frame = 0 if told is None else told.frame
        if told is not None and message is not None:
            finding = Finding(
                "oplock", frame, SAME, live.number, text="the server asks an oplock back, as it did"
            )
        else:
            old, new = (
                ("asked back", "not asked back") if message is None else ("not asked back", "asked back")
            )
            only = "which it did not here" if message is None else "which it did not in the capture"
            finding = Finding(
                "oplock",
                frame,
                DIFFERENT,
                live.number,
                text=f"the server asks an oplock back, {only}",
                differences=(Difference("oplock", "oplocks", old, new),),
            )
        self._count(finding)

    def closed(self, live: Live, event: Disconnected, here: str) -> None:
        """A connection ended in the capture."""
        if event.by_server == bool(here):
            return
        old = "closed by the server" if event.by_server else "open"
        text = f"it ended here: {here}" if here else "the server closed it, which it did not here"
        found = Difference("connection", "closed", old, here or "open")
        self._count(Finding("closed", 0, DIFFERENT, live.number, text=text, differences=(found,)))

    def note(self, frame: int, text: str) -> None:
        """Something that a person should know."""
        self._tell(Finding("note", frame, text=text))

    # -- comparing -------------------------------------------------------------------------------------------

    def _compared(
        self, ask: Ask, sent: Sent, old: bytes | None, size: int, new: bytes | None
    ) -> list[Difference]:
        first = ask.answers[0].event
        if old is not None:
            old_event = replace(first, reply=old, reply_size=max(size, len(old)), status=status_in(old))
            old_context = self._captured.follow(old_event)
        if new is not None:
            kept = (
                new if old is None or size <= len(old) else new[: len(old)]
            )  # compared as far as it was captured
            new_event = self._event(ask, sent.message, kept, len(new))
            new_context = self._here.follow(new_event)
        if old is None or new is None:
            what = "an answer more" if old is None else "an answer"
            return [
                Difference(
                    "answer", "answers", "none" if old is None else what, "none" if new is None else what
                )
            ]
        if ask.answers[0].bare:
            return [] if old == new else [Difference("Data", "data", _size(old), _size(new))]
        return of_trees(
            _tree(old_event, old_context), _tree(new_event, new_context), strange(ask, sent, old, new)
        )

    def _event(self, ask: Ask, request: bytes, reply: bytes, size: int = 0) -> Exchanged:
        """The exchange that happened here; share and path are the captured ones, by which both are told apart."""
        event = ask.event
        self._number += 1
        return Exchanged(
            event.client,
            event.time,
            event.time,
            self._number,
            request,
            len(request),
            reply,
            size,
            Shown.REPLY if reply else Shown.REQUEST,
            status_in(reply),
            event.user,
            event.share,
            event.path,
        )

    def _say(self, ask: Ask, event: str, found: tuple[Difference, ...], text: str = "") -> None:
        different = any(one.kind in self.different_kinds for one in found)
        verdict = DIFFERENT if different else EXPECTED if found else SAME
        said = ask.event
        command = describe.command_name(ask.command) if ask.command >= 0 else "data"
        self._count(
            Finding(
                event,
                ask.frame,
                verdict,
                ask.connection,
                command,
                printable(said.share),
                printable(said.path),
                printable(summary(ask)),
                text,
                found,
            )
        )

    def _count(self, finding: Finding) -> None:
        count = self.count
        if finding.event == "answer":
            setattr(count, finding.verdict, getattr(count, finding.verdict) + 1)
        count.kinds.update({one.kind for one in finding.differences})
        self._tell(finding)

    def verdict_of(self, difference: Difference) -> str:
        """`expected` or `different`."""
        return DIFFERENT if difference.kind in self.different_kinds else EXPECTED


def summary(ask: Ask) -> str:
    """A captured request in the words of the log."""
    if ask.header is None:
        return f"{len(ask.message)} bytes of data"
    event = ask.event if ask.event.shown == Shown.REQUEST else replace(ask.event, shown=Shown.REQUEST)
    try:
        return describe.summary(dissect.messages(replace(event, reply=b""))[0])
    except (IndexError, DecodeError):
        return describe.title(ask.command)


def _told(ask: Ask) -> str:
    if not ask.answers:
        return "none"
    return describe.status_words(ask.answers[-1].event.status).rpartition(" ")[2]


def _size(data: bytes) -> str:
    return f"{len(data)} bytes"


def _tree(event: Exchanged, context: Context) -> Tree:
    return trees(replace(event, shown=Shown.REPLY), context)[-1]
