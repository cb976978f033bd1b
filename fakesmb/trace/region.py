"""Bytes that SMB carries for a protocol or a structure of their own: what a walker of commands hands over."""

from enum import Enum
from typing import NamedTuple

from fakesmb.record.events import Part


class Kind(Enum):
    """What such bytes are."""

    PIPE = "pipe"
    """What goes over a named pipe, either way: DCE/RPC."""
    TRANS_PARAMETERS = "parameters of TRANSACTION"
    """Of \\PIPE\\LANMAN: a call of the Remote Administration Protocol, or its answer."""
    TRANS_DATA = "data of TRANSACTION"
    TRANS2_DATA = "data of TRANSACTION2"
    """Information levels, listings, lists of extended attributes, referrals."""
    NT_PARAMETERS = "parameters of NT_TRANSACT"
    """The changes that NOTIFY_CHANGE tells."""
    NT_DATA = "data of NT_TRANSACT"
    """Descriptors, quotas, extended attributes, what controls take and give."""
    PARAMETERS_IN_PIECES = "a part of the parameters of a transaction"
    """Of one whose parameters come in several messages, and whose past is known."""
    SEARCH_ENTRIES = "entries of a search"
    """43 bytes each ([MS-CIFS] 2.2.4.58.2)."""
    PRINT_ENTRIES = "jobs of a print queue"
    """28 bytes each ([SMB-CORE] 5.26)."""
    JOB_INFO = "which job a print file is"
    """What IOCTL_QUERY_JOB_INFO gives."""


class Region(NamedTuple):
    """The bytes from `at` to `end` of a message."""

    kind: Kind
    at: int
    end: int
    part: Part
    """The command that they are in, as the record decodes it: body (its payloads `Omitted`), parameters, detail."""
    asked: Part | None
    """The command of the request that it answers; of a request, `part` itself."""
    displacement: int = 0
    """Where in the transaction's parameters or data they belong; not 0 in secondary requests and further replies."""
    total: int = 0
    """Bytes of these parameters or data in all messages together."""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.at

    @property
    def whole(self) -> bool:
        """Whether nothing of it is in other messages."""
        return not self.displacement and self.size >= self.total
