"""Oplocks as clients see them: asked for with an open, broken by a message of the server's own ([MS-CIFS] 3.3.4.2).

The store decides who holds what (`vfs.rules.oplocks`). Here a break goes to the client that holds it, and its
acknowledgement or its silence goes back to the store.
"""

from typing import TYPE_CHECKING, Final

from fakesmb.core import record
from fakesmb.core.request import AnyRequest
from fakesmb.core.state import Open
from fakesmb.nt.files import Oplock
from fakesmb.record.events import Shown
from fakesmb.vfs.reactor import DelayedCall
from fakesmb.wire.header import Flags
from fakesmb.wire.locking import OplockLevel, oplock_break
from fakesmb.wire.negotiate import Capability

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection

GRANTED_ANDX: Final = 0x8000
"""Bit of OpenResults: the oplock was granted ([MS-CIFS] 2.2.4.41.2 LockStatus)."""
_TO_WIRE: Final = {
    Oplock.NONE: OplockLevel.BREAK_TO_NONE,
    Oplock.LEVEL_II: OplockLevel.BREAK_TO_LEVEL_II,
}
HEADER_BITS: Final[dict[int, int]] = {
    Oplock.EXCLUSIVE: Flags.OPLOCK,
    Oplock.BATCH: Flags.OPLOCK | Flags.OPBATCH,
}


def requested_level(oplock: int, batch: int) -> int:
    """The level that two flags of an open ask for; the batch flag alone asks for nothing ([MS-CIFS] 2.2.4.64.1)."""
    if not oplock:
        return Oplock.NONE
    return Oplock.BATCH if batch else Oplock.EXCLUSIVE


def requested_in_header(request: AnyRequest) -> int:
    """The level that SMB_FLAGS_OPLOCK and SMB_FLAGS_OPBATCH of a core open ask for ([MS-CIFS] 2.2.3.1)."""
    flags = request.header.flags
    return requested_level(flags & Flags.OPLOCK, flags & Flags.OPBATCH)


def granted_in_header(request: AnyRequest, level: int) -> None:
    """Says in the header of the answer what was granted."""
    request.exchange.reply_flags |= HEADER_BITS.get(level, 0)


class Holder:
    """The client's side of an open that asked for an oplock."""

    __slots__ = ("_connection", "_timer", "entry")

    def __init__(self, connection: "SMBConnection") -> None:
        self._connection = connection
        self._timer: DelayedCall | None = None
        self.entry: Open | None = None
        """The open, once it has its FID."""

    @property
    def level_two(self) -> bool:
        """Whether the client said that it knows level II."""
        return bool(self._connection.capabilities & Capability.LEVEL_II_OPLOCKS)

    def broken(self, level: int, must_acknowledge: bool) -> None:
        """Tells the client; without its acknowledgement the oplock ends with timing.oplock_break."""
        entry, connection = self.entry, self._connection
        if entry is None or connection.closed:
            return
        if must_acknowledge:
            server = connection.server
            self._timer = server.clock.callLater(
                server.settings.timing.oplock_break, self._settle, Oplock.NONE
            )
        tell = connection.server.world.of_present(send_break)  # it looks at the holder's clock
        tell(connection, entry, _TO_WIRE[level])

    def acknowledged(self, level: int) -> None:
        """The client says what it keeps: OplockLevel.BREAK_TO_..."""
        self._settle(Oplock.LEVEL_II if level == OplockLevel.BREAK_TO_LEVEL_II else Oplock.NONE)

    def _settle(self, level: int) -> None:
        self.stop()
        entry = self.entry
        if entry is not None and entry.handle is not None and entry.tree.store is not None:
            entry.tree.store.acknowledge_oplock(entry.handle, level)

    def stop(self) -> None:
        """The open ends, which answers every break."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()


def send_break(connection: "SMBConnection", entry: Open, level: int) -> None:
    """Sends an oplock break. It is never signed: no request of the client's gave it a sequence number."""
    message = oplock_break(entry.tree.tid, entry.fid, level)
    sent = connection.now()
    connection.send_message([message], len(message))
    record.tell(
        connection,
        arrived=sent,
        answered=sent,
        request=b"",
        request_size=0,
        reply=message,
        reply_size=len(message),
        shown=Shown.REPLY,
        status=0,
        session=entry.session,
        tree=entry.tree,
        path=entry.path,
        fid=entry.fid,
        reason="",
    )
