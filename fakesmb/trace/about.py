"""What a request is about, and what its reply may make of it."""

from typing import Final, NamedTuple

import msgspec

from fakesmb.trace.named import Claim

_ERROR: Final = 3
"""Severity of a status that says that nothing was done."""
_PAIR_AT: Final = 16
"""Bits behind which a STATUS_SMB_ code, which has no severity, has the code of a DOS class."""


def failed(status: int) -> bool:
    """Whether a status says that nothing was done."""
    severity = status >> 30
    return severity == _ERROR or (not severity and status >> _PAIR_AT != 0)


class Opened(NamedTuple):
    """An open file, directory or pipe."""

    path: str
    fid: int
    tid: int
    uid: int
    pid: int
    pipe: bool


class About(msgspec.Struct, gc=False):
    """What a request is about, and what its reply may make of it."""

    user: str = ""
    share: str = ""
    path: str = ""
    fid: int | None = None
    tid: int = 0
    uid: int = 0
    pid: int = 0
    opens: bool = False
    """Whether a command of it opens what `path` names: later commands of the chain mean that."""
    share_asked: str = ""
    """What a tree connect names, without the server."""
    claim: Claim | None = None
    """Who a session setup says that they are."""
    subcommand: int = -1
    """Of a transaction."""
    closes: bool = False
    """A search that ends with its first answer."""
    closes_at_end: bool = False
    """A search that ends with its last answer."""
    sid: int | None = None
    stays: bool = False
    """A write and close of no bytes, which does not close."""
