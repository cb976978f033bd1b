"""What goes together in a rule, and what can ever happen."""

from collections.abc import Sequence
from typing import Final

from fakesmb.faults import spelling
from fakesmb.faults.action import Action
from fakesmb.faults.diskless import NO_DISK
from fakesmb.faults.errors import FaultKeyError, FaultValueError
from fakesmb.faults.known import Known
from fakesmb.faults.rule import Rule
from fakesmb.nt.names import fold
from fakesmb.nt.nearest import nearest
from fakesmb.wire import names
from fakesmb.wire.commands import Command
from fakesmb.wire.families import FAMILIES, Kind
from fakesmb.wire.trans2 import Trans2

READS: Final = FAMILIES["READ"]
FLUSHES: Final = frozenset(map(Kind, (Command.FLUSH, Command.WRITE_ANDX, Command.WRITE_RAW)))
"""What a client waits with for its data to be on disk."""
_MOST_NAMED: Final = 3
"""Of more commands an error tells the family that was written."""
_NO_FILES: Final = frozenset(
    {
        Command.NEGOTIATE,
        Command.SESSION_SETUP_ANDX,
        Command.LOGOFF_ANDX,
        Command.TREE_CONNECT,
        Command.TREE_CONNECT_ANDX,
        Command.TREE_DISCONNECT,
        Command.ECHO,
        Command.NT_CANCEL,
        Command.PROCESS_EXIT,
    }
)
_TAKES_NO_ROOM: Final = READS | FAMILIES["FIND"] | frozenset(map(Kind, (Command.CLOSE, Command.FLUSH)))
_NAME_NO_PATH: Final = frozenset(map(Kind, (*_NO_FILES, Command.QUERY_INFORMATION_DISK))) | {
    Kind(Command.TRANSACTION2, Trans2.QUERY_FS_INFORMATION)
}
_EXCLUDE: Final[tuple[tuple[str, ...], ...]] = (
    ("fail", "hang", "drop=before", "io_error"),
    ("fail", "hang", "drop=before", "short_read"),
    ("fail", "hang", "drop=before", "flush_fails"),
    ("fail", "hang", "drop=before", "disk_full_after"),
    ("fail", "hang", "drop=before", "call"),
    ("fail", "reset=instead", "hang"),
    ("fail", "slow_disk"),
    ("hang", "delay"),
    ("hang", "slow_disk"),
    ("io_error", "short_read", "reset=instead"),
    ("io_error", "flush_fails"),
    ("io_error", "disk_full_after"),
    ("call", "reset=instead"),
    ("trickle", "split"),
    *((one, two) for one in ("hang", "drop=before", "reset=instead") for two in (
        "trickle", "split", "corrupt", "bad_signature", "drop=mid-response", "drop=after", "slow_disk",
        "short_read", "flush_fails", "disk_full_after")),
)  # fmt: skip
"""Of each row a rule may have one: the others would have nothing left to do."""


def _does(action: Action) -> set[str]:
    """What an action does, in the words of `_EXCLUDE`."""
    default = Action()
    found = {name for name in action.__struct_fields__ if getattr(action, name) != getattr(default, name)}
    if action.drop is not None:
        found = found - {"drop"} | {f"drop={action.drop}"}
    if action.reset and action.drop is None:
        found = found - {"reset"} | {"reset=instead"}
    return found


def check_action(action: Action, keys: Sequence[str]) -> None:
    """Raises `FaultKeyError` for a rule that does nothing, or two things that exclude each other."""
    does = _does(action)
    if not does:
        raise FaultKeyError("", f"there is nothing to do: say one of {', '.join(keys)}")
    for row in _EXCLUDE:
        both = [one for one in row if one in does]
        if len(both) > 1:
            first, second = (one.partition("=") for one in both[:2])
            said = "" if second[1] != "=" or second[2] == "instead" else f"={second[2]!r}"
            raise FaultKeyError(
                second[0], f"{second[0]}{said} does not go with {first[0]}: only one can happen"
            )


def check_meets(rule: Rule) -> None:
    """Raises where what the rule does can happen to none of the commands that it names."""
    kinds, act, given = rule.match.kinds, rule.act, rule.given
    if kinds is None or ("command" not in given and "subcommand" not in given):
        return
    told = " or ".join(sorted({names.command_name(kind.command) for kind in kinds}))
    if len(kinds) > _MOST_NAMED:
        told = str(given.get("subcommand", given.get("command")))
    if act.short_read is not None and not kinds & READS:
        raise FaultValueError("short_read", f"{told} does not read")
    if act.flush_fails and not kinds & FLUSHES:
        raise FaultValueError("flush_fails", f"{told} does not wait for the disk to have it")
    if (act.breaks_disk or act.slow_disk) and all(kind.command in _NO_FILES | NO_DISK for kind in kinds):
        key = next(key for key in given if key in ("io_error", "slow_disk", "disk_full_after"))
        raise FaultValueError(key, f"{told} does not reach a disk")
    if act.disk_full_after is not None and kinds <= _TAKES_NO_ROOM:
        raise FaultValueError("disk_full_after", f"{told} takes no room on a disk")
    if all(kind.command == Command.READ_RAW for kind in kinds):
        if act.bad_signature:
            raise FaultValueError("bad_signature", f"the answer to {told} is bare data, without a signature")
        if act.corrupt is not None and act.corrupt.offset is None:
            raise FaultValueError(
                "corrupt", f"the answer to {told} is bare data, without fields: say an offset"
            )
    if "path" in given and kinds <= _NAME_NO_PATH:
        raise FaultValueError("path", f"{told} names no path")
    for key in ("share", "user"):
        if key in given and all(kind.command == Command.NEGOTIATE for kind in kinds):
            raise FaultValueError(key, f"{told} comes before anybody has a {key}")
    if act.fail is not None or act.changes_reply:
        try:
            spelling.check_answered(kinds)
        except ValueError as error:
            raise FaultValueError("command", str(error)) from None


def check_known(rule: Rule, known: Known) -> None:
    """Raises `FaultValueError` for a rule that no request to this server can ever meet."""
    share, user = rule.match.share, rule.match.user
    if share is not None and not any(map(share, known.shares)):
        said = rule.given["share"]
        raise FaultValueError("share", f"there is no share {said!r}{nearest(said, list(known.shares))}")
    disks = [name for name in known.shares if fold(name) != "IPC$"]
    if share is not None and (rule.act.breaks_disk or rule.act.slow_disk) and not any(map(share, disks)):
        raise FaultValueError("share", f"{rule.given['share']} has no disk")
    if user is not None and known.users is not None and not any(map(user, known.users)):
        said = rule.given["user"]
        raise FaultValueError("user", f"no user {said!r} has an account{nearest(said, list(known.users))}")
    number = rule.match.connection
    if number is not None and number <= known.connected and (rule.match.connects or number not in known.live):
        how = "has connected already" if rule.match.connects else "has ended"
        raise FaultValueError(
            "connection", f"connection {number} {how}: the next one is {known.connected + 1}"
        )
    if rule.act.bad_signature and not known.signs:
        raise FaultValueError("bad_signature", "signing is off, so no answer has a signature")
