"""What a server and each of its connections may hold, by the settings of `[limits]`."""

from collections.abc import Callable
from typing import Final

from fakesmb.core.settings import Limits
from fakesmb.nt.quota import Quota
from fakesmb.nt.status import NT
from fakesmb.rpc.pipe_quotas import PipeQuotas
from fakesmb.wire.frame import LONGEST_FRAME

RECEIVED: Final = 1 << 20
"""Bytes of the stream that are taken at once, at most."""


class ServerQuotas:
    """What all connections together may hold. A refusal here is a line in the log."""

    __slots__ = (
        "changes",
        "names",
        "opens",
        "pending",
        "pipes",
        "reassembly",
        "searches",
        "sessions",
        "trees",
        "unread",
        "watches",
    )

    def __init__(self, limits: Limits, tell: Callable[[str], None]) -> None:
        def of(name: str, status: NT = NT.INSUFFICIENT_RESOURCES) -> Quota:
            return Quota(f"limits.{name}", getattr(limits, name), status=status, tell=tell)

        self.sessions = of("total_sessions", NT.TOO_MANY_SESSIONS)
        self.trees = of("total_trees")
        self.opens = of("total_opens", NT.TOO_MANY_OPENED_FILES)
        self.searches = of("total_searches", NT.OS2_NO_MORE_SIDS)
        self.reassembly = of("total_reassembly_bytes")
        self.pending = of("total_pending_bytes")
        self.names = of("total_search_bytes")
        """Names that searches go through; the stores count them."""
        self.watches = of("total_watches")
        self.changes = of("total_watch_bytes")
        """Changes kept until clients ask; the stores count them."""
        self.pipes = of("total_pipe_bytes")
        self.unread = of("total_unread_bytes")
        """Answers that clients do not read; the transport counts them."""


class ConnectionQuotas:
    """What one connection may hold."""

    __slots__ = (
        "frame",
        "names",
        "opens",
        "pending",
        "pipes",
        "reassembly",
        "searches",
        "sessions",
        "trees",
        "watches",
    )

    def __init__(self, limits: Limits, server: ServerQuotas) -> None:
        def of(name: str, whole: Quota) -> Quota:
            return Quota(f"limits.{name}", getattr(limits, name), whole=whole, status=whole.status)

        self.sessions = of("sessions", server.sessions)
        self.trees = of("trees", server.trees)
        self.opens = of("opens", server.opens)
        self.searches = of("searches", server.searches)
        # How long one message may be is the framer's to say.
        self.frame = Quota("limits.message_bytes", LONGEST_FRAME + RECEIVED, whole=server.reassembly)
        """The message that has arrived in part."""
        self.reassembly = of("reassembly_bytes", server.reassembly)
        """Transactions and sign-ins of which more is to come."""
        self.names = Quota("limits.search_bytes", limits.search_bytes)
        self.watches = of("watches", server.watches)
        self.pending = of("pending_bytes", server.pending)
        """Messages of requests that wait."""
        self.pipes = PipeQuotas(
            Quota("limits.pipes", limits.pipes, status=NT.TOO_MANY_OPENED_FILES),
            of("pipe_bytes", server.pipes),
        )

    def clear(self) -> None:
        """Lets go of everything that has not been given back by who took it: the connection has ended."""
        for quota in (self.frame, self.reassembly, self.pending):
            quota.clear()
