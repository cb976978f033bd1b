"""Rules as people write them: keywords, or a `[[fault]]` of fakesmb.toml, checked when they are armed."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from fakesmb.faults import spelling
from fakesmb.faults.action import Action
from fakesmb.faults.count import Count
from fakesmb.faults.errors import FaultKeyError, FaultValueError
from fakesmb.faults.fields import HEADER_FIELDS, reply_fields
from fakesmb.faults.known import Known
from fakesmb.faults.match import Match
from fakesmb.nt.nearest import nearest
from fakesmb.wire import names
from fakesmb.wire.commands import Command
from fakesmb.wire.families import FAMILIES, Kind

Given = Mapping[str, Any]
"""A rule as it was written."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that was found good."""

    name: str
    """Empty: it gets one when it is armed."""
    given: Given
    """As it was written, for people."""
    match: Match
    count: Count
    act: Action


_MATCHES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "level": spelling.level,
    "path": spelling.path,
    "share": spelling.name,
    "user": spelling.name,
    "connection": spelling.connection,
    "peer": spelling.peer,
}
_COUNTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "nth": spelling.numbers,
    "skip": spelling.size,
    "every": spelling.count,
    "times": spelling.count,
    "per": spelling.per,
    "chance": spelling.chance,
    "seed": spelling.seed,
}
_ACTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "fail": spelling.status,
    "delay": spelling.seconds,
    "hang": spelling.flag,
    "drop": spelling.when,
    "reset": spelling.flag,
    "trickle": spelling.count,
    "split": spelling.pieces,
    "bad_signature": spelling.flag,
    "short_read": spelling.size,
    "io_error": spelling.flag,
    "slow_disk": spelling.seconds,
    "flush_fails": spelling.flag,
    "disk_full_after": spelling.size,
    "call": spelling.function,
}
KEYS: Final = ("name", "on", "command", "subcommand", *_MATCHES, *_COUNTS, *_ACTIONS, "corrupt")
"""All that a rule may have."""
_OFTEN_MEANT: Final = {
    "status": "fail",
    "error": "fail",
    "fails": "fail",
    "sleep": "delay",
    "latency": "delay",
    "wait": "delay",
    "timeout": "hang",
    "close": "drop",
    "disconnect": "drop",
    "rst": "reset",
    "abort": "reset",
    "rate": "trickle",
    "bandwidth": "trickle",
    "segments": "split",
    "probability": "chance",
    "count": "times",
    "number": "nth",
    "after": "skip",
    "family": "command",
    "operation": "command",
    "file": "path",
    "filename": "path",
    "address": "peer",
    "client": "peer",
    "disk_full": "disk_full_after",
    "slow": "slow_disk",
    "callback": "call",
    "function": "call",
    "username": "user",
}
_OF_CONNECTIONS: Final = frozenset(
    {"name", "on", "connection", "peer", *_COUNTS, "delay", "hang", "drop", "reset", "call"}
)
"""What makes sense of a client that connects."""

_READS: Final = FAMILIES["READ"]
_FLUSHES: Final = frozenset(map(Kind, (Command.FLUSH, Command.WRITE_ANDX, Command.WRITE_RAW)))
"""What a client waits with for its data to be on disk."""
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
    ("call", "reset=instead"),
    ("trickle", "split"),
    *((one, two) for one in ("hang", "drop=before", "reset=instead") for two in (
        "trickle", "split", "corrupt", "bad_signature", "drop=mid-response", "drop=after", "slow_disk",
        "short_read", "flush_fails", "disk_full_after")),
)  # fmt: skip
"""Of each row a rule may have one: the others would have nothing left to do."""


def rule_of(given: Given, known: Known | None = None) -> Rule:
    """A rule as it was written; raises `FaultKeyError` (a TypeError) or `FaultValueError` (a ValueError)."""
    given = {key: value for key, value in given.items() if value is not None}
    for key in given:
        if key not in KEYS:
            told = {name: name for name in KEYS} | _OFTEN_MEANT
            raise FaultKeyError(key, f"a fault has no such key{nearest(key, told)}")
    connects = _read("on", lambda value: spelling.word(value, ("request", "connect")), given) == "connect"
    if connects:
        _check_connects(given)
    action = _action(given)
    match = _match(given, action, connects=connects)
    rule = Rule(
        name=_read("name", spelling.text, given) or "",
        given=given,
        match=match,
        count=_count(given),
        act=_with_corruption(given, action, match),
    )
    _check_action(given, rule.act)
    _check_meets(given, rule)
    if known is not None:
        check_known(rule, known)
    return rule


def _read(key: str, read: Callable[[Any], Any], given: Given) -> Any:
    if key not in given:
        return None
    try:
        return read(given[key])
    except ValueError as error:
        raise FaultValueError(key, str(error)) from None


def _all(table: Mapping[str, Callable[[Any], Any]], given: Given) -> dict[str, Any]:
    return {key: _read(key, read, given) for key, read in table.items() if key in given}


def _check_connects(given: Given) -> None:
    for key in given:
        if key not in _OF_CONNECTIONS:
            raise FaultKeyError(key, 'goes with requests, and on="connect" is before the first one')
    if given.get("drop", "before") != "before":
        raise FaultValueError("drop", 'on="connect" there is no response: only "before" can be')


def _match(given: Given, action: Action, *, connects: bool) -> Match:
    values = _all(_MATCHES, given)
    kinds = _read("command", spelling.commands, given)
    if "subcommand" in given:
        kinds = _read("subcommand", lambda value: spelling.subcommand(value, kinds), given)
    if "level" in given and (kinds is None or not all(map(spelling.has_level, kinds))):
        raise FaultKeyError(
            "level", "needs the command or subcommand that has levels, as TRANS2_QUERY_PATH_INFORMATION"
        )
    if kinds is None and not connects:
        kinds = _usual(action)
    return Match(connects=connects, kinds=kinds, **values)


def _usual(action: Action) -> frozenset[Kind] | None:
    """The commands that a rule means which names none: those that what it does can happen to."""
    if action.short_read is not None:
        return _READS
    return _FLUSHES if action.flush_fails else None


def _count(given: Given) -> Count:
    count = Count(**_all(_COUNTS, given))
    if "seed" in given and "chance" not in given:
        raise FaultKeyError("seed", "is for the dice of chance, which the rule does not have")
    if "per" in given and not {"nth", "skip", "every", "times"} & given.keys():
        raise FaultKeyError("per", "says what nth, skip, every and times count, and none of them is there")
    if "nth" in given and "every" in given:
        raise FaultKeyError("every", "does not go with nth: one of them says which requests")
    if "disk_full_after" in given:
        for key in ("nth", "skip", "every", "chance"):
            if key in given:
                raise FaultKeyError(
                    key, "does not go with disk_full_after, which counts bytes and no requests"
                )
    if "nth" in given and "times" in given and count.times > len(count.nth):
        raise FaultValueError("times", f"{count.times} times, and nth names fewer")
    if count.per == "path" and given.get("on") == "connect":
        raise FaultValueError("per", 'on="connect" nothing has a path')
    if count.per == "connection" and given.get("on") == "connect":
        raise FaultValueError("per", 'on="connect" each connection is seen once')
    if (
        given.get("on") == "connect"
        and "connection" in given
        and (max(count.nth, default=1) > 1 or count.skip)
    ):
        raise FaultValueError("nth" if "nth" in given else "skip", "a connection connects once")
    return count


def _action(given: Given) -> Action:
    return Action(**_all(_ACTIONS, given))


def _with_corruption(given: Given, action: Action, match: Match) -> Action:
    if "corrupt" not in given:
        return action
    fields = {*HEADER_FIELDS, *reply_fields(match.kinds)}
    corrupt = _read("corrupt", lambda value: spelling.corruption(value, fields), given)
    return msgspec.structs.replace(action, corrupt=corrupt)


def _does(action: Action) -> set[str]:
    """What an action does, in the words of `_EXCLUDE`."""
    default = Action()
    found = {name for name in action.__struct_fields__ if getattr(action, name) != getattr(default, name)}
    if action.drop is not None:
        found = found - {"drop"} | {f"drop={action.drop}"}
    if action.reset and action.drop is None:
        found = found - {"reset"} | {"reset=instead"}
    return found


def _check_action(given: Given, action: Action) -> None:
    does = _does(action)
    if not does:
        raise FaultKeyError("", f"there is nothing to do: say one of {', '.join((*_ACTIONS, 'corrupt'))}")
    for row in _EXCLUDE:
        both = [one for one in row if one in does]
        if len(both) > 1:
            first, second = (one.partition("=") for one in both[:2])
            said = "" if second[1] != "=" or second[2] == "instead" else f"={second[2]!r}"
            raise FaultKeyError(
                second[0], f"{second[0]}{said} does not go with {first[0]}: only one can happen"
            )


def _check_meets(given: Given, rule: Rule) -> None:
    """Raises where what the rule does can happen to none of the commands that it names."""
    kinds, act = rule.match.kinds, rule.act
    if kinds is None or ("command" not in given and "subcommand" not in given):
        return
    told = " or ".join(sorted(names.command_name(kind.command) for kind in kinds))
    if act.short_read is not None and not kinds & _READS:
        raise FaultValueError("short_read", f"{told} does not read")
    if act.flush_fails and not kinds & _FLUSHES:
        raise FaultValueError("flush_fails", f"{told} does not wait for the disk to have it")
    if (act.breaks_disk or act.slow_disk) and all(kind.command in _NO_FILES for kind in kinds):
        key = next(key for key in given if key in ("io_error", "slow_disk", "disk_full_after"))
        raise FaultValueError(key, f"{told} does not reach a disk")
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
