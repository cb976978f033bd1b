"""Named pipes: their names, their message mode and what answers behind them.

The core opens a pipe for an SMB open and passes bytes on: `write` and `read` for WRITE_ANDX and READ_ANDX,
`transact` for TRANSACT_NMPIPE, the rest for the other TRANSACTION subcommands ([MS-CIFS] 2.2.5).
"""

import importlib
import re
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Final, NamedTuple, cast

import msgspec
from twisted.internet.defer import Deferred

from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.association import Association, Disconnect
from fakesmb.rpc.faults import Fault
from fakesmb.rpc.groups import Groups
from fakesmb.rpc.interface import Client, Interface, Registered, Surroundings, Traffic
from fakesmb.rpc.pipe_quotas import PipeCharges, PipeQuotas, generous
from fakesmb.rpc.security import Acceptors, none_accepted
from fakesmb.rpc.view import Caller, ServerView
from fakesmb.wire.dcerpc import FaultStatus, Syntax
from fakesmb.wire.interfaces import INTERFACES
from fakesmb.world import Turn

MAX_BACKLOG: Final = 1024 * 1024
"""Bytes of answers that may wait to be read; a client that lets more pile up loses its pipe."""

INSTANCES: Final = 255
"""Instances of a pipe: unlimited, as every RPC endpoint of Windows has it."""
QUOTA: Final = 4096
"""Input and output buffer size that pipe information reports, as of a Windows RPC endpoint."""

_NONBLOCKING: Final = 0x8000
_MESSAGE_READS: Final = 0x0100
_MESSAGE_TYPE: Final = 0x0400
_SETTABLE: Final = _NONBLOCKING | _MESSAGE_READS


SERVICES: Final[Mapping[str, str]] = {
    "srvsvc": "fakesmb.rpc.services.srvsvc",
    "lsarpc": "fakesmb.rpc.services.lsarpc",
    "wkssvc": "fakesmb.rpc.services.wkssvc",
    "dssetup": "fakesmb.rpc.services.dssetup",
    "samr": "fakesmb.rpc.services.samr",
    "epmapper": "fakesmb.rpc.services.epmapper",
    "spoolss": "fakesmb.rpc.services.spoolss",
    "mgmt": "fakesmb.rpc.services.mgmt",
    "svcctl": "fakesmb.rpc.services.svcctl",
    "winreg": "fakesmb.rpc.services.winreg",
    "netdfs": "fakesmb.rpc.services.netdfs",
}
"""The interfaces that are served, each with the module that its first call loads."""


LISTING: Final = frozenset({"srvsvc", "wkssvc", "lsarpc", "samr", "spoolss", "netdfs"})
"""Those that tell of shares, accounts and who is there."""


class Endpoint(msgspec.Struct, frozen=True):
    """What is behind a pipe name."""

    path: str
    """The name the bind_ack tells: that of the pipe which others are links to."""
    services: tuple[str, ...]


_WORKSTATION_AND_SERVER: Final = ("srvsvc", "wkssvc", "mgmt")
_LOCAL_SECURITY: Final = ("lsarpc", "samr", "dssetup", "mgmt")

ENDPOINTS: Final[dict[str, Endpoint]] = {
    # One Windows process serves both, so each can be bound through the other's pipe as well.
    "srvsvc": Endpoint("\\PIPE\\srvsvc", _WORKSTATION_AND_SERVER),
    "wkssvc": Endpoint("\\PIPE\\wkssvc", _WORKSTATION_AND_SERVER),
    "lsarpc": Endpoint("\\PIPE\\lsass", _LOCAL_SECURITY),
    "lsass": Endpoint("\\PIPE\\lsass", _LOCAL_SECURITY),
    "samr": Endpoint("\\PIPE\\lsass", _LOCAL_SECURITY),
    "epmapper": Endpoint("\\PIPE\\epmapper", ("epmapper", "mgmt")),
    "spoolss": Endpoint("\\PIPE\\spoolss", ("spoolss", "mgmt")),
    "svcctl": Endpoint("\\PIPE\\ntsvcs", ("svcctl", "mgmt")),
    "ntsvcs": Endpoint("\\PIPE\\ntsvcs", ("svcctl", "mgmt")),
    "winreg": Endpoint("\\PIPE\\winreg", ("winreg", "mgmt")),
    "netdfs": Endpoint("\\PIPE\\netdfs", ("netdfs", "mgmt")),
}
"""Pipe names and the services behind them."""


class LazyInterface:
    """An interface whose module (and impacket with it, a tenth of a second) is loaded by its first call."""

    def __init__(self, module: str, around: Surroundings, *, anonymous: bool = True) -> None:
        """Without `anonymous`, no anonymous caller is answered."""
        self._module = module
        self._around = around
        self._anonymous = anonymous
        self._interface: Interface | None = None

    def call(self, operation: int, stub: bytes, client: Client) -> bytes:
        """Runs a call; raises `Fault`."""
        if client.caller.anonymous and not self._anonymous:
            raise Fault(FaultStatus.ACCESS_DENIED, "[server] anonymous_listing is off")
        if self._interface is None:
            interface: Interface = importlib.import_module(self._module).interface(self._around)
            self._interface = interface
        return self._interface.call(operation, stub, client)


_PREFIX: Final = re.compile(r"[\\/]*pipe[\\/]", re.IGNORECASE)


def plain_name(name: str) -> str:
    """`\\PIPE\\srvsvc`, `\\srvsvc` and `srvsvc`, in any case, are all `srvsvc`."""
    plain = name.replace("/", "\\").strip("\\").lower()
    return plain.removeprefix("pipe\\").strip("\\")


_REGISTERED: Final = tuple(
    Registered(name, INTERFACES[name].syntax, path)
    for path, services in {endpoint.path: endpoint.services for endpoint in ENDPOINTS.values()}.items()
    for name in services
    if name != "mgmt"  # behind every endpoint, and so behind none in particular
)


def _interfaces(
    endpoint: Endpoint, view: ServerView, traffic: Traffic, *, anonymous: bool
) -> dict[str, LazyInterface]:
    syntaxes = tuple(INTERFACES[name].syntax for name in endpoint.services)
    around = Surroundings(view, syntaxes, traffic, _REGISTERED)
    return {
        name: LazyInterface(SERVICES[name], around, anonymous=anonymous or name not in LISTING)
        for name in endpoint.services
    }


class PipeService:
    """All the pipes of one server."""

    def __init__(
        self,
        view: ServerView,
        *,
        anonymous_listing: bool = True,
        turn: Turn | None = None,
        none: bool = False,
        new_group: Callable[[], int] | None = None,
    ) -> None:
        """`none`: the server has no pipes, and finds none. `new_group` numbers association groups."""
        self._endpoints = {} if none else ENDPOINTS
        self.turn = turn or Turn()
        self._traffic = Traffic()
        self._groups = Groups(new_group)
        self._open: dict[str, int] = {}
        self._interfaces = {
            endpoint.services: _interfaces(endpoint, view, self._traffic, anonymous=anonymous_listing)
            for endpoint in ENDPOINTS.values()
        }

    def open(
        self,
        name: str,
        caller: Caller,
        acceptors: Acceptors = none_accepted,
        *,
        prefixed: bool = True,
        owner: Hashable = None,
        quotas: PipeQuotas | None = None,
    ) -> "Pipe":
        """Opens a pipe by any form of its name.

        `quotas` are what the client may hold in all its pipes; None: as much as it likes.

        `owner`: whom the association groups are for that are made or joined through it; None: the caller.

        Without `prefixed` a name that begins with `PIPE\\` is not found: so it is with Windows in
        NT_CREATE_ANDX, whose names are relative to the pipe file system, while the older opens want the prefix.

        Raises OBJECT_NAME_NOT_FOUND for one that is not there, at once: Windows 7 waits for a minute and
        more on a pipe that opens and then says nothing. Raises what the quotas do where there are too many.
        """
        plain = plain_name(name)
        endpoint = self._endpoints.get(plain)
        if endpoint is None or (not prefixed and _PREFIX.match(name)):
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, f"no pipe {plain!r}")
        charges = PipeCharges(generous() if quotas is None else quotas)
        self._open[plain] = self._open.get(plain, 0) + 1
        interfaces = self._interfaces[endpoint.services]

        def find(syntax: Syntax) -> tuple[str, Interface] | None:
            for service, interface in interfaces.items():
                known = INTERFACES[service].syntax
                if (known.uuid, known.major) == (syntax.uuid, syntax.major) and syntax.minor <= known.minor:
                    return service, interface
            return None

        association = Association(find, endpoint.path, self._groups, caller, acceptors, self._traffic, owner)
        return Pipe(plain, association, self, charges)

    def exists(self, name: str) -> bool:
        """Whether a pipe of that name, in any form, can be opened."""
        return plain_name(name) in self._endpoints

    def instances(self, plain: str) -> int:
        """How often a pipe is open now."""
        return self._open.get(plain, 0)

    def closed(self, plain: str) -> None:
        """One pipe less; called by `Pipe.close`."""
        self._open[plain] -= 1


Received = tuple[bytes, bool]
"""What a read gives: bytes, and whether more of their message is left."""


class _Reader(NamedTuple):
    """A read that waits for something to come."""

    size: int
    raw: bool
    deferred: "Deferred[Received]"


class Pipe:
    """One open of a message-mode pipe. Each PDU of an answer is one message."""

    def __init__(
        self, name: str, association: Association, service: PipeService, charges: PipeCharges
    ) -> None:
        self.name = name
        """Plain: `srvsvc`."""
        self._association = association
        self._service = service
        self._charges = charges
        self._messages: deque[memoryview] = deque()
        self._readers: deque[_Reader] = deque()
        self._backlog = 0
        self._broken = ""
        self._closed = False
        self._answers: Iterator[bytes] | None = None
        """Gives the answers to what was written, as far as they are not made: others have their turn."""
        self._state = _MESSAGE_READS | _MESSAGE_TYPE

    @property
    def path(self) -> str:
        """As information levels show it: `\\srvsvc`."""
        return f"\\{self.name}"

    @property
    def state(self) -> int:
        """SMB_NMPIPE_STATUS, [MS-CIFS] 2.2.1.3: 0x05FF at first, as in Windows' open responses."""
        return self._state | INSTANCES

    def set_state(self, status: int) -> None:
        """Takes the read mode and the non-blocking bit of an SMB_NMPIPE_STATUS (SET_NMPIPE_STATE)."""
        self._state = self._state & ~_SETTABLE | status & _SETTABLE

    @property
    def nonblocking(self) -> bool:
        """Whether a read of an empty pipe is answered at once."""
        return bool(self._state & _NONBLOCKING)

    @property
    def instances(self) -> int:
        """How often this pipe is open now."""
        return self._service.instances(self.name)

    @property
    def available(self) -> int:
        """Bytes that wait to be read, over all messages."""
        return self._backlog

    @property
    def message_left(self) -> int:
        """Bytes left of the message that is read next."""
        return len(self._messages[0]) if self._messages else 0

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Takes bytes in any pieces: part of a PDU, one, or several. Gives their count.

        Raises PIPE_DISCONNECTED once the client broke the protocol, INSUFFICIENT_RESOURCES where the quota has no
        room for them: then none is taken.
        """
        if self._closed:
            raise SMBError(NT.INVALID_HANDLE, "the pipe is closed")
        if self._broken:
            raise SMBError(NT.PIPE_DISCONNECTED, self._broken)
        size = len(data)
        charges = self._charges
        charges.input(self._association.held + size)
        self._association.feed(data)
        if self._answers is None:
            self._answers = self._association.answers()
            self._service.turn.begin()
            self._answer()
        return size

    def _answer(self) -> None:
        """Deals with what was written, until all is answered or others should have their turn."""
        turn, charges = self._service.turn, self._charges
        if self._answers is None or self._closed:
            return
        try:
            for message in self._answers:
                charges.queue(len(message))
                self._messages.append(memoryview(message))
                self._backlog += len(message)
                if self._backlog > MAX_BACKLOG:
                    raise Disconnect(f"more than {MAX_BACKLOG} bytes of answers unread")
                if turn.over():
                    turn.later(self._answer)
                    break
            else:
                self._answers = None
            charges.input(self._association.held)
        except Disconnect as error:
            self._break(str(error) or "the protocol was broken")
        except SMBError as error:  # of the quota
            self._break(error.why)
        if self._readers:
            self._serve_readers()

    def read(self, size: int, *, raw: bool = False) -> Received:
        """At most `size` bytes of the next message, and whether more of that message is left.

        With more left the answer's status is BUFFER_OVERFLOW. In byte mode, and when it is `raw`, messages run
        together and nothing is ever "left". Raises PIPE_EMPTY where nothing waits and PIPE_DISCONNECTED at the
        end of a broken pipe.
        """
        self._check_readable()
        if self._state & _MESSAGE_READS and not raw:
            return self._take(size)
        out = bytearray()
        while self._messages and len(out) < size:
            out += self._take(size - len(out))[0]
        return bytes(out), False

    def receive(self, size: int, *, raw: bool = False) -> "Received | Deferred[Received]":
        """A read that waits where the pipe is empty, unless that is in non-blocking mode ([MS-CIFS] 3.3.5.57.9).

        Those that wait are served in turn. One that is cancelled is forgotten; if the pipe is closed they end in
        PIPE_BROKEN.
        """
        if not self._readers and (self._messages or self._broken or self._closed or self.nonblocking):
            return self.read(size, raw=raw)
        deferred: Deferred[Received] = Deferred(self._forget_reader)
        self._readers.append(_Reader(size, raw, deferred))
        return deferred

    def peek(self, size: int) -> bytes:
        """What `read` would give, left in place. b"" from an empty pipe."""
        return bytes(self._messages[0][:size]) if self._messages else b""

    def transact(self, data: bytes | bytearray | memoryview, size: int) -> "Received | Deferred[Received]":
        """A write and the read of its answer in one (TRANSACT_NMPIPE); see `receive`.

        Raises PIPE_BUSY if an answer to something earlier has not been read ([MS-FSCC] 2.3.51).
        """
        if self._messages:
            raise SMBError(NT.PIPE_BUSY, "an answer waits to be read")
        self.write(data)
        return self.receive(size)

    def close(self) -> None:
        """Forgets everything; closing twice is harmless."""
        if not self._closed:
            self._closed = True
            self._messages.clear()
            self._backlog = 0
            self._association.close()
            self._charges.end()
            self._service.closed(self.name)
            while self._readers:
                self._readers.popleft().deferred.errback(SMBError(NT.PIPE_BROKEN, "the pipe was closed"))

    def _break(self, why: str) -> None:
        """What is queued may still be read; what came in goes."""
        self._broken = why
        self._answers = None
        self._association.close()
        self._charges.input(0)

    def _serve_readers(self) -> None:
        while self._readers and (self._messages or self._broken):
            size, raw, deferred = self._readers.popleft()
            try:
                received = self.read(size, raw=raw)
            except SMBError as error:
                deferred.errback(error)
            else:
                deferred.callback(received)

    def _forget_reader(self, deferred: "Deferred[Received]") -> None:
        self._readers = deque(one for one in self._readers if one.deferred is not deferred)

    def _take(self, size: int) -> tuple[bytes, bool]:
        message = self._messages[0]
        data = bytes(message[:size])
        self._backlog -= len(data)
        if len(data) < len(message):
            self._messages[0] = message[size:]
            return data, True
        self._messages.popleft()
        self._charges.unqueue(len(cast(bytes, message.obj)))
        return data, False

    def _check_readable(self) -> None:
        if self._closed:
            raise SMBError(NT.INVALID_HANDLE, "the pipe is closed")
        if not self._messages:
            if self._broken:
                raise SMBError(NT.PIPE_DISCONNECTED, self._broken)
            raise SMBError(NT.PIPE_EMPTY, "no message waits in the pipe")
