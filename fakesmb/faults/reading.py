"""Rules as people write them: keywords, or a `[[fault]]` of fakesmb.toml, checked when they are armed."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from fakesmb.faults import corruptions, levels, spelling, statuses
from fakesmb.faults.action import Action
from fakesmb.faults.checks import FLUSHES, READS, check_action, check_known, check_meets
from fakesmb.faults.count import Count
from fakesmb.faults.errors import FaultKeyError, FaultValueError
from fakesmb.faults.fields import HEADER_FIELDS, longest, reply_fields
from fakesmb.faults.known import Known
from fakesmb.faults.match import Match
from fakesmb.faults.rule import Given, Rule
from fakesmb.nt.nearest import nearest
from fakesmb.wire.families import Kind

_MATCHES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "level": levels.level,
    "path": spelling.path,
    "share": spelling.name,
    "user": spelling.name,
    "connection": spelling.connection,
    "peer": spelling.peer,
}
_COUNTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "nth": spelling.numbers,
    "skip": spelling.skipped,
    "every": spelling.count,
    "times": spelling.count,
    "per": spelling.per,
    "chance": spelling.chance,
    "seed": spelling.seed,
}
_ACTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "fail": statuses.status,
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
KEYS_OF_ACTIONS: Final = (*_ACTIONS, "corrupt")
"""Those that say what it does."""
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


def rule_of(given: Given, known: Known | None = None) -> Rule:
    """A rule as it was written; raises `FaultKeyError` (a TypeError) or `FaultValueError` (a ValueError)."""
    given = dict(given)
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
    check_action(rule.act, KEYS_OF_ACTIONS)
    check_meets(rule)
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
    if "level" in given:
        if kinds is None or not any(map(levels.has_level, kinds)):
            raise FaultKeyError(
                "level", "needs the command or subcommand that has levels, as TRANS2_QUERY_PATH_INFORMATION"
            )
        _read("level", lambda value: levels.check_level(value, kinds), given)
    if kinds is None and not connects:
        kinds = _usual(action)
    return Match(connects=connects, kinds=kinds, **values)


def _usual(action: Action) -> frozenset[Kind] | None:
    """The commands that a rule means which names none: those that what it does can happen to."""
    reads = READS if action.short_read is not None else frozenset()
    return (reads | (FLUSHES if action.flush_fails else frozenset())) or None


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
    corrupt = _read(
        "corrupt",
        lambda value: corruptions.corruption(value, fields, lambda field: longest(field, match.kinds)),
        given,
    )
    return msgspec.structs.replace(action, corrupt=corrupt)
