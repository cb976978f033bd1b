"""The catalogue of events: what fakesmb says about what happened, for others to read.

`Exchanged` is what the server appends: the bytes of a request and its reply, without payload. `record.dissect` makes
`Message`s of it when a sink or a reader asks; `wire.codec.lighten` takes what payload is left out of every structure
that goes into a `Part`. Nothing refers back to the server's state.
"""

from enum import IntFlag
from typing import Final

import msgspec

from fakesmb.wire import fragments
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
    parameters: object = None
    """The decoded parameters (of some functions of NT_TRANSACT the setup) of a transaction."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """One SMB message in either direction, decoded: what `dissect.messages` makes of an `Exchanged`."""

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
    fault: str = ""
    """The armed rule that acted on it; of a reply, or of a request that has none."""


class Client(msgspec.Struct, frozen=True, gc=False):
    """The connection that an exchange went over: one of these for all its exchanges."""

    connection: int
    """Counts connections, from 1."""
    peer: str
    """`address:port` of the client."""
    local: str
    """`address:port` of the server."""
    encoding: str = "cp850"
    """Code page of the strings of messages without SMB_FLAGS2_UNICODE."""


class Shown(IntFlag):
    """Which halves an `Exchanged` tells; the other one, if its bytes are there, only explains."""

    REQUEST = 1
    REPLY = 2
    BOTH = 3


class Effect(IntFlag):
    """What a request did of which its bytes and those of its reply say nothing."""

    CREATED = 1
    """It made the file that it opened."""
    DELETED = 2
    """A file is gone, as it was to be when its last open is closed."""
    REMOVED_DIRECTORY = 4
    """A directory, likewise."""
    PRINTED = 8
    """It ended a print job, which is ready to be printed."""


class Exchanged(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A request and its reply as the bytes that went over the wire, and what only the server knew of them.

    One is appended for each request that is answered at once. A request that waits is told alone when it begins to
    wait, and its reply alone when that leaves; a message of the server's own (an oplock break) is a reply without
    request; a request without an answer has no reply. `record.dissect` makes everything else from the bytes.
    """

    client: Client
    time: float
    """When the request arrived, or the server's own message left; POSIX seconds."""
    answered: float
    """When the reply left; POSIX seconds."""
    number: int
    """Counts all messages of the server, from 1: of the first half that is shown; the second has the next."""
    request: bytes
    """Header and blocks, cut after the words (`WordCount`, words, ByteCount) where a payload of a file follows, and
    at `MOST_KEPT` bytes; empty where there is none."""
    request_size: int
    """Bytes of the whole SMB message."""
    reply: bytes
    """As `request`."""
    reply_size: int
    shown: int = Shown.BOTH
    status: int = 0
    """NT status of the reply, whatever form went over the wire."""
    user: str = ""
    share: str = ""
    path: str = ""
    """Inside the share, or the pipe; of the first command of a chain that has one."""
    fid: int | None = None
    """The open that the exchange is about; a chain's further commands do not carry that of its open."""
    reason: str = ""
    """Why the request was refused, in one line."""
    fault: str = ""
    """The armed rule that acted on it."""
    effect: int = 0
    """`Effect` bits."""
    data: bytes | None = None
    """The beginning of what was read or written, where the server was asked to keep it; not of a chain of commands,
    whose bytes are all kept."""
    faults: tuple[str, ...] = ()
    """Of a chain `fault` of each command, empty where none acted; () where none did, or there is one command."""


MOST_OF_PATH: Final = 4096
"""Characters of a path that the record keeps: no file has a longer one."""
MOST_KEPT: Final = 4096
"""Bytes of a message that the record keeps, unless it is a chain of commands."""


class Connected(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A client's transport connection was accepted."""

    time: float
    connection: int
    peer: str
    local: str
    fault: str = ""
    """The armed rule that acted on it."""


class Disconnected(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A connection ended; `reason` says why and, where the client can be helped, what to change there."""

    time: float
    connection: int
    peer: str
    local: str
    reason: str
    by_server: bool = False


class SignedIn(msgspec.Struct, frozen=True, gc=False, tag=True):
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
    pipe: bool = False
    """Inside a pipe ([MS-RPCE] 3.3.1.5.2), for calls there alone."""


class SignInRefused(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A session setup failed."""

    time: float
    connection: int
    peer: str
    user: str
    status: int
    reason: str
    domain: str = ""
    workstation: str = ""


class Printed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A print job came to its end: its file is ready to be printed, or it is gone without one."""

    time: float
    connection: int | None
    peer: str
    user: str
    printer: str
    """The share."""
    job: int
    """The number."""
    document: str
    """Its title, as the client named it."""
    size: int
    """Bytes of its data."""
    file: str = ""
    """The name of the file in the printer's folder; empty where the job was removed."""
    reason: str = ""
    """Why it was removed, or what is to be known of it."""


class Problem(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A bug of ours, or something that needs a person: never caused silently, never the client's answer."""

    time: float
    connection: int | None
    text: str
    traceback: str = ""


class Named(msgspec.Struct, frozen=True, gc=False, tag=True):
    """What the name service or a browser did: over UDP, on no connection."""

    time: float
    what: str
    """`registered`, `queried`, `refused`, `conflict`, `released`, `listed`, `elected`."""
    peer: str
    """`address:port` of who asked; empty where nobody did."""
    name: str
    """`FAKESMB<20>`."""
    said: str
    """What there is to say of it: the address that was told, why it was refused."""
    connection: None = None
    """It is of none."""


Happening = Connected | Disconnected | SignedIn | SignInRefused | Printed | Named | Problem
"""What befell a server that is no message."""
Told = Message | Happening
"""What a line is about."""
Event = Exchanged | Told
"""What sinks are given."""


def pipe_message(data: Buffer) -> fragments.Fragment | None:
    """For `Part.detail` of what goes over a pipe: the head of the DCE/RPC fragment, None where it begins none.

    The payload itself is not kept, so whoever builds the event looks at it.
    """
    try:
        return fragments.read(data)
    except DecodeError:
        return None
