"""Quotas: how much of one kind of thing may be held, by one client and by all together.

NT charges pool to the process that causes it; here it is charged to the connection, and through it to the server.
"""

from collections.abc import Callable
from typing import Final

from fakesmb.nt.status import NT, SMBError

_LITTLE: Final = 256
"""The part of its own quota that a client may hold of the last quarter of the whole."""


class Quota:
    """How much of one thing is held. One with a `whole`, which has none itself, is a part: what it takes is taken
    there, too.

    The last quarter of a whole is for parts that hold little: a few that take what they can leave something for all.

    `name` is the setting (`limits.pipe_bytes`), which every refusal names. `tell` hears of the first refusal, and of
    the next one after half of the quota had become free.
    """

    __slots__ = ("_little", "_tell", "_told", "ample", "limit", "name", "status", "used", "whole")

    def __init__(
        self,
        name: str,
        limit: int,
        *,
        whole: "Quota | None" = None,
        status: NT = NT.INSUFFICIENT_RESOURCES,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.name = name
        self.limit = limit
        self.whole = whole
        self.status = status
        self.used = 0
        self.ample = limit - limit // 4
        """So much of a whole whoever wants it may take."""
        self._little = max(limit // _LITTLE, 1)
        self._tell = tell
        self._told = False

    def take(self, count: int) -> None:
        """Takes `count` more; where that is too much, takes nothing and raises the quota's status."""
        used = self.used + count
        if used > self.limit:
            raise self.refused(count)
        whole = self.whole
        if whole is not None:
            there = whole.used + count
            if there > whole.ample and (used > self._little or there > whole.limit):
                raise whole.refused(count)
            whole.used = there
        self.used = used

    def add(self, count: int) -> bool:
        """Takes `count` more in any case, and says whether that is within the limit. For a quota without a `whole`."""
        within = self.used + count <= self.limit
        if not within:
            self.refused(count)
        self.used += count
        return within

    def give_back(self, count: int) -> None:
        """Lets go of `count`, of nothing after `clear`."""
        if count > self.used:
            count = self.used
        self.used -= count
        top = self
        if self.whole is not None:
            top = self.whole
            top.used -= count
        if top._told and top.used * 2 <= top.limit:
            top._told = False

    def exchange(self, held: int, now: int) -> int:
        """Holds `now` in place of `held`, and gives `now`; raises as `take` does, and `held` is held on."""
        if now > held:
            self.take(now - held)
        elif now < held:
            self.give_back(held - now)
        return now

    def clear(self) -> None:
        """Lets go of everything: the client has left."""
        self.give_back(self.used)

    @property
    def full(self) -> bool:
        """Whether not even one more may be taken."""
        return self.used >= self.limit or (self.whole is not None and self.whole.full)

    def refused(self, count: int) -> SMBError:
        """The error of whoever wants so much more; the log says so, where it has not just now."""
        why = f"{self.used} in use and {count} wanted, {self.limit} are allowed ({self.name})"
        if self.used + count <= self.limit:
            why = f"{why}, the last quarter to who holds little"
        if self._tell is not None and not self._told:
            self._told = True
            self._tell(why)
        return SMBError(self.status, why)


class SharedQuota:
    """A quota for things that one client holds several times: each is charged once, until it holds it no more."""

    __slots__ = ("_held", "_quota")

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._held: dict[int, tuple[object, int, int]] = {}
        """By `id`: the thing, how often it is held, and its size."""

    def hold(self, thing: object, size: int) -> None:
        """Holds it once more; raises as `Quota.take` does."""
        _, count, size = self._held.get(id(thing), (None, 0, size))
        if not count:
            self._quota.take(size)
        self._held[id(thing)] = thing, count + 1, size

    def let_go(self, thing: object) -> None:
        """Holds it once less."""
        _, count, size = self._held.pop(id(thing))
        if count > 1:
            self._held[id(thing)] = thing, count - 1, size
        else:
            self._quota.give_back(size)
