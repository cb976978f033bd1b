"""Commands that ask no disk, though they have a tree."""

from typing import Final

from fakesmb.wire.commands import Command

NO_DISK: Final = frozenset(
    {
        Command.TREE_DISCONNECT,
        Command.LOCKING_ANDX,
        Command.LOCK_BYTE_RANGE,
        Command.UNLOCK_BYTE_RANGE,
        Command.FIND_CLOSE2,
        Command.FIND_CLOSE,
        Command.PROCESS_EXIT,
    }
)
