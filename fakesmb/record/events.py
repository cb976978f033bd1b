"""The catalogue of events: what fakesmb says about what happened, for others to read.

An event holds what was decoded anyway, as it was, but for payloads: `wire.codec.lighten` takes those out of
every structure that goes into a `Part`. Nothing is formatted until a sink or a reader asks, and nothing refers
back to the server's state.
"""

import msgspec

from fakesmb.wire import dcerpc
from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.header import Header


class Part(msgspec.Struct, frozen=True, gc=False):
    """One command of a message (a message that is an AndX chain has several)."""

    command: int
    body: object = None
    """The decoded request or response (`wire` structs), None for a bare status or undecodable bytes."""
    subcommand: int | None = None
    """TRANS2 or NT_TRANSACT function code, or the \\PIPE\\ function of TRANSACTION."""
    detail: object = None
    """What a transaction, a pipe write or a token holds, decoded one layer further, where that was done."""
    problem: str = ""
    """Why it could not be decoded or was refused, in one line."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """One SMB message in either direction."""

    time: float
    """POSIX seconds."""
    number: int
    """Counts all messages of the server, from 1: the frame number of the text form."""
    connection: int
    peer: str
    """`address:port` of the client."""
    local: str
    """`address:port` of the server."""
    request: bool
    header: Header
    parts: tuple[Part, ...]
    status: int = 0
    """NT status of a response, whatever form went over the wire."""
    size: int = 0
    """Bytes of the SMB message."""
    took: float = 0.0
    """Seconds from the request's arrival to this response."""
    user: str = ""
    share: str = ""
    path: str = ""
    fid: int | None = None


class Transfer(msgspec.Struct, frozen=True, gc=False):
    """A plain READ_ANDX or WRITE_ANDX of a file and its answer: two messages in one, as they came.

    Most of what goes over the wire in a copy. `transfers.messages` takes it apart for sinks that do not know it.
    """

    time: float
    """When the request arrived, POSIX seconds."""
    answered: float
    number: int
    """Of the request; the answer has the next."""
    connection: int
    peer: str
    local: str
    head: bytes
    """The request as far as its ByteCount: header and words."""
    size: int
    """Bytes of the request's SMB message."""
    length: int
    """Bytes that were read or written."""
    answer_size: int
    user: str
    share: str
    path: str


class Connected(msgspec.Struct, frozen=True, gc=False):
    """A client's transport connection was accepted."""

    time: float
    connection: int
    peer: str
    local: str


class Disconnected(msgspec.Struct, frozen=True, gc=False):
    """A connection ended; `reason` says why and, where the client can be helped, what to change there."""

    time: float
    connection: int
    peer: str
    local: str
    reason: str
    by_server: bool = False


class SignedIn(msgspec.Struct, frozen=True, gc=False):
    """A session setup succeeded."""

    time: float
    connection: int
    peer: str
    user: str
    domain: str = ""
    workstation: str = ""
    native_os: str = ""
    kind: str = "user"
    """`user`, `guest` or `anonymous`."""
    protection: str = ""
    """How the password was proved: `NTLMv2`, `NTLMv1`, `LM`, ..."""


class SignInRefused(msgspec.Struct, frozen=True, gc=False):
    """A session setup failed."""

    time: float
    connection: int
    peer: str
    user: str
    status: int
    reason: str
    domain: str = ""
    workstation: str = ""


class Problem(msgspec.Struct, frozen=True, gc=False):
    """A bug of ours, or something that needs a person: never caused silently, never the client's answer."""

    time: float
    connection: int | None
    text: str
    traceback: str = ""


Event = Message | Connected | Disconnected | SignedIn | SignInRefused | Problem


def pipe_message(data: Buffer) -> dcerpc.Fragment | None:
    """For `Part.detail` of what goes over a pipe: the head of the DCE/RPC fragment, None where it begins none.

    The payload itself is not kept, so whoever builds the event looks at it.
    """
    try:
        fragment = dcerpc.read(data)
    except DecodeError:
        return None
    return fragment if fragment.length >= dcerpc.HEADER_SIZE else None
