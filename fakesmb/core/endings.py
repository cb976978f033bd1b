"""What ends with a session, a tree or a process: opens, searches and requests that wait, thousands of them in turns."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from fakesmb.core.state import Open, OpenSearch, Session, Tree
from fakesmb.world import Steps

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.exchange import Exchange

Step = Callable[[], object]


def end(
    connection: "SMBConnection",
    *,
    session: Session | None = None,
    tree: Tree | None = None,
    pid: int | None = None,
    asking: "Exchange | None" = None,
) -> Deferred[None] | None:
    """Ends all that belongs to a session, a tree, a process, or to each of those that are given.

    None where that is done already; else a Deferred that fires when it is: others have turns meanwhile. It is done even
    if the Deferred is cancelled. `asking` waits for it, and does not end with the rest.
    """
    done: Deferred[None] = Deferred()

    def fire() -> None:
        if not done.called:
            done.callback(None)

    def steps() -> Iterator[Step]:
        yield from _steps(connection, session, tree, pid, asking)
        yield fire

    Steps(connection.server.world.turn).do(steps())
    return None if done.called else done


def _steps(
    connection: "SMBConnection",
    session: Session | None,
    tree: Tree | None,
    pid: int | None,
    asking: "Exchange | None",
) -> Iterator[Step]:
    """Each looks whether it is still wanted: the client goes on meanwhile, and may leave."""

    def ends(item: Open | OpenSearch) -> bool:
        return (
            (session is None or item.session is session)
            and (tree is None or item.tree is tree)
            and (pid is None or item.pid == pid)
        )

    opens, searches = connection.opens, connection.searches

    def end_watch(entry: Open) -> None:
        if entry.handle is not None and entry.tree.store is not None and not entry.handle.closed:
            entry.tree.store.end_watch(entry.handle)

    def close(entry: Open) -> None:
        if opens.get(entry.fid) is entry:
            connection.close_open(entry)

    def close_search(search: OpenSearch) -> None:
        if searches.get(search.sid) is search:
            connection.close_search(search)

    yield from [partial(end_watch, entry) for entry in opens if entry.watched and ends(entry)]
    if pid is None:
        connection.transactions.end(
            uid=None if session is None else session.uid, tid=None if tree is None else tree.tid
        )
    yield from [partial(close_search, search) for search in searches if ends(search)]
    yield from [partial(close, entry) for entry in opens if ends(entry)]
    # After the opens: what waits for a lock of one that closes hears so, and is not cancelled.
    waiting = [one for one in connection.pending if one is not asking and one.belongs(session, tree, pid)]
    yield from [one.cancel for one in waiting]
    # What came to be opened meanwhile, by a request that waited.
    yield from [partial(close, entry) for entry in opens if ends(entry)]
