"""Each message with all that can be said of it: its entry, its tree, what was open at that moment, and a sentence.

That is what the control API answers for one message, what the page shows, and what a saved page holds.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from fakesmb.record.dissect import messages
from fakesmb.record.entry import entry_of
from fakesmb.record.events import Event, Exchanged, Message
from fakesmb.trace.context import Context
from fakesmb.trace.follow import Follower
from fakesmb.trace.sentences import sentence
from fakesmb.trace.trees import as_json, trees


def details(events: Iterable[Event], *, secrets: bool = False) -> Iterator[dict[str, Any]]:
    """Of all messages of a server or a capture, from its beginning, in order; ids count from 1."""
    follower = Follower()
    told = 0
    for event in events:
        for detail in details_of(event, follower.follow(event), told + 1, secrets=secrets):
            yield detail
            told += 1


def details_of(event: Event, context: Context, first: int, *, secrets: bool = False) -> list[dict[str, Any]]:
    """Of one event, as `Follower.follow` understood it: a dict for each message that it tells, with ids from `first`.

    `message`: the keys of JSON lines and `id`; `tree`: `trace.field.Tree`, None for what is no message; `tables`:
    `trace.moments.Tables`, for a request as they were before its answer; `sentence`: what just happened.
    """
    if not isinstance(event, Exchanged):
        entry = msgspec.to_builtins(entry_of(event, secrets=secrets))
        return [_detail(entry | {"id": first}, None, None, sentence(event))]
    told = zip(messages(event), trees(event, context, secrets=secrets), strict=False)
    return [
        _detail(
            msgspec.to_builtins(entry_of(message, secrets=secrets)) | {"id": first + index},
            as_json(tree),
            _tables(message, context),
            sentence(message),
        )
        for index, (message, tree) in enumerate(told)
    ]


def _tables(message: Message, context: Context) -> dict[str, Any]:
    tables = context.tables_before if message.request else context.tables
    found: dict[str, Any] = msgspec.to_builtins(tables)
    return found


def _detail(entry: dict[str, Any], tree: Any, tables: Any, said: str) -> dict[str, Any]:
    return {"message": entry, "tree": tree, "tables": tables, "sentence": said}
