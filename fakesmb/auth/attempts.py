"""Wrong passwords, by the address that they come from: whoever sent several waits before the next is looked at.

All sign-ins of such an address wait in one line, whatever connection they come by, else many connections would guess
as fast as one without a line. What is right does not hold up the line; only a wrong password begins a new pause.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

import msgspec
from twisted.internet.defer import Deferred

from fakesmb.nt.status import BAD_PASSWORD, NT, SMBError
from fakesmb.world import DelayedCall


class UncountedError(SMBError):
    """A refusal that is no wrong password: nothing was sent that could have been right, so nothing was guessed."""


class Rules(msgspec.Struct, frozen=True):
    """How many wrong passwords, and what then. Durations in seconds."""

    at_once: int
    """Wrong passwords of one address that cost it nothing."""
    pause: float
    """After each further one; 0: none ever."""
    waiting: int
    """Sign-ins of one address that may wait."""
    addresses: int
    """Addresses that are remembered; beyond them the one that has been quiet for longest is forgotten."""
    forgotten: float
    """An address without wrong passwords for so long begins anew."""
    lock_out_after: int
    lock_out: float
    """How long an address is locked out that sent `lock_out_after` wrong passwords; 0: never."""


class _Address:
    """What is remembered of one address."""

    __slots__ = ("last", "line", "locked_until", "next", "timer", "wrong")

    def __init__(self) -> None:
        self.wrong = 0
        self.last = self.next = self.locked_until = 0.0
        self.line: deque[Deferred[None]] = deque()
        self.timer: DelayedCall | None = None


class Attempts:
    """The wrong passwords of one server's clients. `seconds` is a clock that only goes forward."""

    def __init__(
        self,
        rules: Rules,
        seconds: Callable[[], float],
        later: Callable[[float, Callable[[], None]], DelayedCall],
    ) -> None:
        self._rules = rules
        self._seconds = seconds
        self._later = later
        self._addresses: OrderedDict[str, _Address] = OrderedDict()

    def __len__(self) -> int:
        return len(self._addresses)

    def turn(self, address: str) -> Deferred[None] | None:
        """A Deferred that fires when a sign-in of that address may be looked at; None: now.

        Raises `SMBError` for one that is not to be looked at, as `check` does, and where too many wait.
        """
        known = self.check(address)
        if known is None or not (known.line or known.next > self._seconds()):
            return None
        if len(known.line) >= self._rules.waiting:
            raise _not_looked_at(
                f"{len(known.line)} sign-ins from {address} wait already (limits.waiting_sign_ins)"
            )
        waits: Deferred[None] = Deferred(lambda gone: self._leave(known, gone))
        known.line.append(waits)
        self._wait(known)
        return waits

    def now(self, address: str) -> None:
        """For a sign-in that cannot wait: raises `SMBError` where it would have to."""
        known = self.check(address)
        if known is not None and (known.line or known.next > self._seconds()):
            raise _not_looked_at(f"after {known.wrong} wrong passwords from {address} it would have to wait")

    def check(self, address: str) -> _Address | None:
        """What is known of an address; raises STATUS_ACCOUNT_LOCKED_OUT while it is locked out."""
        known = self._addresses.get(address)
        if known is None:
            return None
        now = self._seconds()
        if known.locked_until > now:
            why = f"{address} is locked out for {known.locked_until - now:.0f} s after {known.wrong} wrong passwords"
            raise SMBError(NT.ACCOUNT_LOCKED_OUT, why)
        if not known.line and (known.locked_until or known.last + self._rules.forgotten <= now):
            del self._addresses[address]
            return None
        return known

    def wrong(self, address: str) -> str:
        """Counts a wrong password; gives what the log should say of it, if anything."""
        rules, now = self._rules, self._seconds()
        known = self._addresses.setdefault(address, _Address())
        self._addresses.move_to_end(address)
        if len(self._addresses) > rules.addresses:
            self._forget_one()
        known.wrong += 1
        known.last = now
        if rules.lock_out and known.wrong >= rules.lock_out_after:
            known.locked_until = now + rules.lock_out
            what = f"locked out for {rules.lock_out:g} s (timing.lock_out)"
            return f"{known.wrong} wrong passwords from {address}: {what}"
        if rules.pause and known.wrong >= rules.at_once:
            known.next = now + rules.pause
            if known.wrong == rules.at_once:
                what = f"the next sign-ins wait for {rules.pause:g} s after each further one"
                return f"{known.wrong} wrong passwords from {address}: {what}"
        return ""

    def _forget_one(self) -> None:
        """Those who wait are called first of all: a line is never forgotten."""
        for address, known in self._addresses.items():
            if not known.line:
                del self._addresses[address]
                return

    def _wait(self, known: _Address) -> None:
        if known.timer is None and known.line:
            known.timer = self._later(max(known.next - self._seconds(), 0.0), lambda: self._call(known))

    def _call(self, known: _Address) -> None:
        """Lets sign-ins of the line be looked at until one has a wrong password."""
        known.timer = None
        while known.line and known.next <= self._seconds():
            known.line.popleft().callback(None)
        self._wait(known)

    def _leave(self, known: _Address, gone: "Deferred[None]") -> None:
        if gone in known.line:
            known.line.remove(gone)
        if not known.line and known.timer is not None and known.timer.active():
            known.timer.cancel()
            known.timer = None


def address_of(peer: str) -> str:
    """The address of `ADDRESS:PORT`; of IPv6 the network of 64 bits, of which one machine has all addresses."""
    return _network_of((peer.rpartition(":")[0] or peer).strip("[]"))


@lru_cache(maxsize=4096)
def _network_of(host: str) -> str:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if address.is_loopback:
        return str(address)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"


def _not_looked_at(why: str) -> SMBError:
    return SMBError(NT.LOGON_FAILURE, f"the password was not looked at: {why}", dos=BAD_PASSWORD)
