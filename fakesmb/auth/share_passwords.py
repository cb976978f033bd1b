"""Share level: a password opens a share, to everything or to be read ([MS-CIFS] 3.3.5.45)."""

from collections.abc import Callable
from typing import Literal

from fakesmb.auth.accounts import Account

Opened = Literal["full", "read-only"]


class SharePasswords:
    """The passwords of one share; None: that kind has none, and nobody connects so."""

    __slots__ = ("_full", "_read_only")

    def __init__(self, name: str, full: str | None = None, read_only: str | None = None) -> None:
        self._full = None if full is None else Account.with_password(name, full)
        self._read_only = None if read_only is None else Account.with_password(name, read_only)

    def opens(self, proves: Callable[[Account], bool]) -> Opened | None:
        """What a client may do who shows what `proves` knows: whether it proves the password of a given account."""
        full, read_only = [one is not None and proves(one) for one in (self._full, self._read_only)]
        return "full" if full else "read-only" if read_only else None

    def __repr__(self) -> str:
        """Without the passwords: it may end in a log."""
        return "SharePasswords(...)"
