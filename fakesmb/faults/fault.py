"""Armed rules: what each has seen and done, and all of a server together."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, Unpack, cast

from fakesmb.faults.asked import Asked
from fakesmb.faults.count import Counter
from fakesmb.faults.errors import FaultValueError
from fakesmb.faults.known import Known
from fakesmb.faults.room import Room
from fakesmb.faults.shown import shown
from fakesmb.nt.nearest import nearest

if TYPE_CHECKING:
    from types import TracebackType

    from fakesmb.faults.keys import FaultKeys
    from fakesmb.faults.rule import Given, Rule

T = TypeVar("T")
Across = Callable[[Callable[[], Any]], Any]
"""Calls a function in the thread that serves clients, and gives what it gives."""

WAIT_SECONDS: Final = 5.0


class Fault:
    """A rule that is armed, or was: `with smb.faults.inject(...) as fault` removes it at the end."""

    def __init__(self, rule: "Rule", name: str, owner: "Faults", mark: Any = False) -> None:
        self.rule = rule
        self.name = name
        self.seen = 0
        """Requests that it means, whatever it did to them, since it was armed."""
        self.hits = 0
        """Those that it acted on."""
        self.armed = True
        self.rooms: dict[str, Room] = {}
        """What can still be written to each share, where `disk_full_after` says."""
        self._owner = owner
        self._counter = Counter(rule.count)
        self._hung: dict[object, Callable[[], object]] = {}
        self._hit = threading.Condition()
        self._heard: list[Callable[[], None]] = []
        self._mark = mark
        self._until: Any = None
        """Where the journal was when the next rule of that name was armed."""

    # -- for people ----------------------------------------------------------------------------------------

    @property
    def exchanges(self) -> list[Any]:
        """The exchanges that it acted on, from the journal."""
        found = self._owner.exchanges(self.name, self._mark)
        if self._until is None:
            return found
        return found[: len(found) - len(self._owner.exchanges(self.name, self._until))]

    def wait(self, n: int = 1, timeout: float = WAIT_SECONDS) -> Any:
        """Waits until it has acted `n` times; raises AssertionError where that takes longer than `timeout` seconds.

        It raises at once where the rule is removed, or the server stops. Of a server in a running reactor it gives a
        Deferred, which fails so.
        """
        for name, value, kinds in (("n", n, int), ("timeout", timeout, (int, float))):
            if isinstance(value, bool) or not isinstance(value, kinds):
                raise TypeError(
                    f"wait takes n, a number of requests, and timeout, seconds; {name} is {value!r}"
                )
        return self._owner.waits(self, n, timeout)

    def remove(self) -> None:
        """Disarms it; what it holds back is answered. May be called again."""
        self._owner.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        self.remove()

    def __repr__(self) -> str:
        """As it would stand in fakesmb.toml."""
        given = {"name": self.name} | {key: value for key, value in self.rule.given.items() if key != "name"}
        keys = ", ".join(f"{key} = {shown(value)}" for key, value in given.items())
        removed = "" if self.armed else ", removed"
        return f"[[fault]] {keys}  # seen {self.seen}, hits {self.hits}{removed}"

    # -- for what acts -------------------------------------------------------------------------------------

    def see(self, asked: Asked) -> bool:
        """Counts a request if the rule means it; whether it should act on it."""
        if not self.rule.match(asked):
            return False
        self.seen += 1
        return self._counter.see(asked)

    def take(self, asked: Asked) -> bool:
        """Takes one of the rule's `times`; False where none is left."""
        return self._counter.take(asked)

    def give_back(self, asked: Asked) -> None:
        """What was taken has not been used."""
        self._counter.give_back(asked)

    def acted(self) -> None:
        """Counts a hit, and tells who waits for it."""
        with self._hit:
            self.hits += 1
        self.tell()

    def tell(self) -> None:
        """Whoever waits for it looks again."""
        with self._hit:
            self._hit.notify_all()
        for heard in tuple(self._heard):
            heard()

    @property
    def over(self) -> str:
        """Why it acts no more; empty while it may."""
        return self._owner.over if self.armed else "it was removed"

    def hold(self, key: object, go_on: Callable[[], object]) -> None:
        """`go_on` is called when the rule is removed."""
        self._hung[key] = go_on

    def let_go(self, key: object) -> None:
        """Nobody waits for its end any more."""
        self._hung.pop(key, None)

    def ended(self) -> None:
        """It is armed no longer: what hung goes on, in the order that it came in."""
        self.armed = False
        self.tell()
        while self._hung:
            self._hung.pop(next(iter(self._hung)))()

    def superseded(self, mark: Any) -> None:
        """Another rule has its name from that mark of the journal on."""
        if self._until is None:
            self._until = mark

    # -- waiting for hits ----------------------------------------------------------------------------------

    def wait_in_thread(self, n: int, timeout: float) -> None:
        """Blocks until it has acted `n` times."""
        with self._hit:
            self._hit.wait_for(lambda: self.hits >= n or self.over, timeout)
            if self.hits < n:
                raise self.missed(n, timeout)

    def when_hit(self, heard: Callable[[], None]) -> Callable[[], None]:
        """`heard` is called after every hit, and when it can act no more; gives what ends that."""
        self._heard.append(heard)
        return partial(self._heard.remove, heard)

    def missed(self, n: int, timeout: float) -> AssertionError:
        """Why waiting was in vain."""
        saw = f"it saw {self.seen} of the requests that it means"
        if self.over:
            return AssertionError(
                f"{self.name} acted {_times(self.hits)}, not {_times(n)}, and will not again: {self.over}; {saw}"
            )
        return AssertionError(
            f"{self.name} acted {_times(self.hits)} within {timeout:g} seconds, not {_times(n)}: {saw}"
        )


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _no_exchanges(name: str, mark: Any) -> list[Any]:
    raise RuntimeError("there is no journal to ask")


class Faults:
    """The rules of a server, in the order armed: the first that means a request and is due acts on it."""

    def __init__(self, known: Callable[[], Known] | None = None) -> None:
        """`known` says what rules may name of their server."""
        self.known = known
        self.across: Across = lambda work: work()
        """Set by what runs the server in a thread of its own."""
        self.exchanges: Callable[[str, Any], list[Any]] = _no_exchanges
        """The exchanges of that fault since that mark."""
        self.mark: Callable[[], Any] = bool
        """Where the journal is now; False stands for its beginning."""
        self.waits: Callable[[Fault, int, float], Any] = Fault.wait_in_thread
        self._changed: Callable[[tuple[Fault, ...]], None] | None = None
        self._armed: tuple[Fault, ...] = ()
        self.all: list[Fault] = []
        """Those that have been armed since `clear`, with those that were removed."""
        self.over = ""
        """Why no rule acts any more; empty while the server runs, or has yet to."""
        self._lock = threading.Lock()
        self._number = 0

    # -- for people ----------------------------------------------------------------------------------------

    def inject(self, **rule: "Unpack[FaultKeys]") -> Fault:
        """Arms a rule, on connections that are there, too; from any thread.

        Raises TypeError for a key that no rule has or that does not go with the others, ValueError for a value that
        cannot be; both name the nearest that can. docs/faults.md has the keys.
        """
        return self.arm(cast("Given", rule))

    def arm(self, given: "Given") -> Fault:
        """As `inject`, of a rule in a mapping."""
        from fakesmb.faults.reading import rule_of  # with tables that only a rule needs

        rule = rule_of(given, None if self.known is None else self.known())
        mark = self.mark()
        with self._lock:  # never held while another thread is waited for
            made = self._add(rule, mark)
        self._tell()
        return made

    def remove(self, fault: Fault | str) -> None:
        """Disarms one, or that of a name: KeyError where none is called so."""
        if isinstance(fault, str):
            fault = self[fault]
        elif not isinstance(fault, Fault):
            raise TypeError(f"remove takes what inject gave, or the name of a rule, not {fault!r}")
        with self._lock:
            gone = fault in self._armed
            self._armed = tuple(one for one in self._armed if one is not fault)
        if gone:
            self._tell(fault)

    def clear(self) -> None:
        """Disarms all; the next one without a name is `fault 1` again."""
        with self._lock:
            gone, self._armed = self._armed, ()
            self.all.clear()
            self._number = 0
        if gone:
            self._tell(*gone)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._armed)

    def __len__(self) -> int:
        return len(self._armed)

    def __bool__(self) -> bool:
        """A server without rules can have some nonetheless."""
        return True

    def __getitem__(self, name: str) -> Fault:
        """The armed rule of that name."""
        for fault in self._armed:
            if fault.name == name:
                return fault
        raise KeyError(f"no fault is called {name!r}{nearest(name, [one.name for one in self._armed])}")

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._armed)) or "no faults"

    # -- for the server ------------------------------------------------------------------------------------

    def look_into(self, journal: Any) -> None:
        """Where the exchanges are that rules armed from now on act on: a `record.journal.Journal`."""

        def exchanges(name: str, mark: Any) -> list[Any]:
            asked = journal.since(mark) if mark else journal
            found: list[Any] = asked.remembered(event="exchange", fault=name)
            return found

        self.mark = journal.mark
        self.exchanges = exchanges

    def bind(self, changed: Callable[[tuple[Fault, ...]], None], known: Callable[[], Known]) -> None:
        """The server is there: it hears of the rules that are armed now, and whenever they change.

        Raises `FaultValueError` for a rule that no request to it can meet.
        """
        with self._lock:
            self.known = known
            if self._armed:
                from fakesmb.faults.checks import check_known
            for fault in self._armed:
                check_known(fault.rule, known())
            self._changed = changed
            self.over = ""
            changed(self._armed)

    def stopped(self) -> None:
        """The server has stopped: until another is bound no rule acts."""
        self.over = "the server has stopped"
        for fault in self._armed:
            fault.tell()

    def _add(self, rule: "Rule", mark: Any) -> Fault:
        taken = {fault.name for fault in self._armed}
        if rule.name in taken:
            raise FaultValueError("name", f"another fault is called {rule.name!r}")
        name = rule.name
        while not name or name in taken:
            self._number += 1
            name = f"fault {self._number}"
        for former in self.all:
            if former.name == name:
                former.superseded(mark)
        fault = Fault(rule, name, self, mark)
        self.all.append(fault)
        self._armed = (*self._armed, fault)
        return fault

    def _tell(self, *gone: Fault) -> None:
        """The server hears of the rules that are armed now, and what those hold back that are not is let go."""

        def tell() -> None:
            if self._changed is not None:
                self._changed(self._armed)
            for fault in gone:
                fault.ended()

        self.across(tell)
