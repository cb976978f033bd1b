"""The dialects of SMB, newest first: what level of the protocol each is, and what its clients know.

A negotiate picks the newest that both sides have ([MS-CIFS] 3.3.5.42); the level then says how sign-in, statuses and
names are spoken. The levels are ordered: what one has, those above it have.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from fakesmb.wire.commands import Command
from fakesmb.wire.dialect import Dialect
from fakesmb.wire.header import Flags2


class Protocol(IntEnum):
    """How much of SMB a connection speaks ([MS-CIFS] 1.7): the level of the dialect that was negotiated."""

    CORE = 0
    """No session setup: a tree connect with a password."""
    COREPLUS = 1
    """Adds raw transfers, LOCK_AND_READ and WRITE_AND_UNLOCK."""
    LANMAN1 = 2
    """Adds users, AndX, transactions."""
    LANMAN2 = 3
    """Adds TRANS2 and long names."""
    LANMAN21 = 4
    """Adds the names of systems and domains."""
    NT1 = 5
    """Adds Unicode, NT statuses, 64 bits."""


class DialectRow(NamedTuple):
    """One dialect that is spoken."""

    name: str
    protocol: Protocol
    dos: bool = False
    """Whether its clients are DOS or 16-bit Windows: names of 8.3, and the errors that DOS has."""


DIALECTS: Final = (
    DialectRow(Dialect.NT_LM, Protocol.NT1),
    DialectRow(Dialect.NT_LANMAN, Protocol.NT1),
    DialectRow(Dialect.LANMAN21, Protocol.LANMAN21),
    DialectRow(Dialect.LANMAN2, Protocol.LANMAN2),
    DialectRow(Dialect.WFW, Protocol.LANMAN2, dos=True),
    DialectRow(Dialect.DOS_LANMAN21, Protocol.LANMAN21, dos=True),
    DialectRow(Dialect.DOS_LANMAN2, Protocol.LANMAN2, dos=True),
    DialectRow(Dialect.LANMAN1, Protocol.LANMAN1),
    DialectRow(Dialect.DOS_LANMAN1, Protocol.LANMAN1, dos=True),
    DialectRow(Dialect.CORE_PLUS, Protocol.COREPLUS, dos=True),
    DialectRow(Dialect.XENIX, Protocol.CORE),
    DialectRow(Dialect.CORE, Protocol.CORE, dos=True),
    DialectRow(Dialect.CORE_OLD, Protocol.CORE, dos=True),
)
"""Newest first. Windows NT's list of its own has Windows for Workgroups below LM1.2X002; Windows 98 prefers it to DOS
LANMAN2.1 (a capture)."""

SINCE: Final[Mapping[int, Protocol]] = {
    **dict.fromkeys(
        (
            Command.LOCK_AND_READ,
            Command.WRITE_AND_UNLOCK,
            Command.READ_RAW,
            Command.WRITE_RAW,
            Command.WRITE_COMPLETE,
        ),
        Protocol.COREPLUS,
    ),
    **dict.fromkeys(
        (
            Command.READ_MPX,
            Command.READ_MPX_SECONDARY,
            Command.WRITE_MPX,
            Command.WRITE_MPX_SECONDARY,
            *range(Command.QUERY_SERVER, Command.WRITE_ANDX + 1),
            Command.SESSION_SETUP_ANDX,
            Command.TREE_CONNECT_ANDX,
            Command.FIND,
            Command.FIND_UNIQUE,
            Command.FIND_CLOSE,
        ),
        Protocol.LANMAN1,
    ),
    **dict.fromkeys(
        (
            *range(Command.NEW_FILE_SIZE, Command.FIND_NOTIFY_CLOSE + 1),
            Command.LOGOFF_ANDX,
        ),
        Protocol.LANMAN2,
    ),
}
"""The level that a command came with, where that is none of the core and none of NT ([MS-CIFS] 2.2.2.1)."""

NOT_BELOW_NT1: Final = Flags2.NT_STATUS | Flags2.EXTENDED_SECURITY
"""Bits of Flags2 that dialects below NT LM 0.12 do not have ([MS-CIFS] 2.2.3.1): neither read nor repeated. They know
no Unicode either, but a message that says it is in Unicode is (hydra), and is read and answered so, as Samba has it.
"""


def chosen(offered: Collection[str], spoken: Sequence[str]) -> DialectRow | None:
    """The newest dialect that a client offers and the server speaks; None for none."""
    return next((row for row in DIALECTS if row.name in spoken and row.name in offered), None)


def newest(spoken: Collection[str]) -> Protocol:
    """The highest level of these dialects."""
    return max(row.protocol for row in DIALECTS if row.name in spoken)


def is_windows_9x(offered: Collection[str]) -> bool:
    """Whether Windows 95, 98 or ME offers these: all that DOS does, and NT LM 0.12; nothing of OS/2."""
    return Dialect.NT_LM in offered and Dialect.DOS_LANMAN21 in offered and Dialect.LANMAN21 not in offered
