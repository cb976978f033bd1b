"""A server and clients in memory: no socket, no reactor, a clock that a test moves.

    server = InMemoryServer({"public": folder})
    client = server.client().sign_in().connect("public")
    fid = client.create("a.txt", disposition=Disposition.CREATE)
    client.write(fid, b"hello")
    client.lock(fid, 0, 10); other.send(0x24, ...); server.clock.advance(1); other.answers()

Public, as `twisted.internet.testing` is: tests of code that talks SMB1 can use it too.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path as OsPath
from typing import Any, ClassVar, Final, NamedTuple, Protocol, TypeVar

from twisted.internet.task import Clock

from fakesmb.auth.accounts import Account, Accounts
from fakesmb.auth.hashes import ntowf_v2
from fakesmb.auth.kerberos import Kerberos
from fakesmb.auth.share_passwords import SharePasswords
from fakesmb.auth.signing import Signer
from fakesmb.core.connection import SMBConnection
from fakesmb.core.namespaces import Namespace
from fakesmb.core.settings import Settings
from fakesmb.core.state import Server, Share
from fakesmb.handlers import tables
from fakesmb.nt import filetime
from fakesmb.nt.status import SMBError
from fakesmb.record.dissect import messages
from fakesmb.record.events import Event, Exchanged, Problem, Told
from fakesmb.record.events import Message as MessageEvent
from fakesmb.record.log import EventLog
from fakesmb.vfs.disktask import Lane, Threads
from fakesmb.vfs.laned import in_lane
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.rules.times import WriteClock
from fakesmb.vfs.store import FileStore
from fakesmb.wire.codec import Body, Buffer, Empty, Structure
from fakesmb.wire.commands import Command
from fakesmb.wire.dialect import Dialect
from fakesmb.wire.files import (
    CloseRequest,
    NtCreateAndxRequest,
    NtCreateAndxResponse,
    ReadAndxRequest,
    ReadAndxResponse,
    WriteAndxRequest,
    WriteAndxResponse,
)
from fakesmb.wire.frame import Framer
from fakesmb.wire.header import ERROR_BLOCK, HEADER_SIZE, NO_ANDX, Flags, Flags2, Header, andx_of, block_at
from fakesmb.wire.locking import LockingAndxRequest, LockingAndxResponse, LockRange, LockType
from fakesmb.wire.negotiate import NegotiateNtResponse, NegotiateRequest
from fakesmb.wire.session import SessionSetupAndxResponse, SessionSetupPlainRequest
from fakesmb.wire.trans import Transaction2Request, TransactionResponse
from fakesmb.wire.tree import TreeConnectAndxRequest, TreeConnectAndxResponse
from fakesmb.world import World, utc

R = TypeVar("R", bound=Body)

USER: Final = "alice"
PASSWORD: Final = "Secret123"
CHALLENGE: Final = bytes.fromhex("0123456789abcdef")
GUID: Final = bytes(range(16))
CLIENT_FLAGS: Final = Flags.CASE_INSENSITIVE | Flags.CANONICALIZED_PATHS
CLIENT_FLAGS2: Final = Flags2.UNICODE | Flags2.NT_STATUS | Flags2.LONG_NAMES | Flags2.EAS
LARGEST_FRAME: Final = 1 << 24


_LAST_MID: Final = 0xFFFE
"""0xFFFF is the server's, for oplock breaks; after the last MID they begin anew."""


class ListSink:
    """Keeps every event in a list."""

    def __init__(self) -> None:
        self.events: list[Told] = []

    def write(self, event: Event) -> None:
        """Keeps it; an exchange as its messages."""
        if isinstance(event, Exchanged):
            self.events += messages(event)
        else:
            self.events.append(event)

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Nothing is held."""


class Answer(NamedTuple):
    """One message from the server."""

    header: Header
    message: memoryview

    def body(self, kind: type[R]) -> R:
        """Decodes the first command's block; raises `SMBError` where the answer is an error without a body."""
        if self.header.status and bytes(self.message[HEADER_SIZE:]) == ERROR_BLOCK:
            raise SMBError(self.header.status)
        return kind.decode(block_at(self.message, HEADER_SIZE, unicode=self.header.unicode))

    def chained(self, kinds: Sequence[type[Body]]) -> list[Body]:
        """Decodes a chain's blocks in order, as far as there are any."""
        bodies, at = [], HEADER_SIZE
        for kind in kinds:
            block = block_at(self.message, at, unicode=self.header.unicode)
            if not block.word_count and not block.byte_count and kind is not Empty:
                break
            bodies.append(kind.decode(block))
            code, at = andx_of(block) if kind.ANDX else (NO_ANDX, 0)
            if code == NO_ANDX:
                break
        return bodies


class SlowDisk(Threads, Protocol):
    """Makes system calls when a test lets it."""

    def settle(self, advance: Callable[[float], None]) -> None:
        """Makes those that wait, and what follows them, which may need `advance(0)`."""


class SettlingClock(Clock):
    """A clock that lets a disk do its work before each look at it is over."""

    def __init__(self, threads: SlowDisk) -> None:
        super().__init__()
        self._threads = threads

    def advance(self, amount: float) -> None:
        """Goes forward by so many seconds."""
        super().advance(amount)
        self._threads.settle(super().advance)


class InMemoryServer:
    """One server over folders, with a frozen clock, a fixed challenge, and every event kept in `events`."""

    new_threads: ClassVar[Callable[[], "SlowDisk"] | None] = None
    """Makes what asks the disks of servers that are given no `threads`; None: they ask themselves."""

    def __init__(
        self,
        folders: Mapping[str, OsPath],
        *,
        users: Mapping[str, str] | None = None,
        accounts: Accounts | None = None,
        settings: Settings | None = None,
        read_only: Sequence[str] = (),
        passwords: Mapping[str, SharePasswords] | None = None,
        special_modes: Sequence[str] = (),
        printers: Sequence[str] = (),
        threads: "SlowDisk | None" = None,
        world: World | None = None,
        dfs: Mapping[str, Mapping[str, str | Sequence[str]]] | None = None,
        kerberos: Kerberos | None = None,
    ) -> None:
        """`passwords` are of shares at share level; `printers` take print jobs; `threads` ask all disks, as those that
        may hang; `world` has a time of its own; `dfs` has links, by share."""
        make = InMemoryServer.new_threads
        self.threads = make() if threads is None and make is not None else threads
        self.clock = Clock() if self.threads is None else SettlingClock(self.threads)
        self.sink = ListSink()
        settings = settings or Settings(challenge=CHALLENGE, guid=GUID)
        began, delay = World().filetime(), int(settings.timing.write_time * filetime.TICKS_PER_SECOND)
        now = world.filetime if world is not None else self._filetime_from(began)
        if world is None:
            world = World()
            world.zone = utc
        world.turn.now = self.clock.seconds
        self.open_files = OpenFiles(WriteClock(now, delay), world)
        users = {USER: PASSWORD} if users is None else users
        accounts = accounts or Accounts([Account.with_password(name, text) for name, text in users.items()])
        stores: dict[str, FileStore] = {
            name: LocalStore(
                str(folder),
                self.open_files,
                read_only=name in read_only,
                special_modes=name in special_modes,
            )
            for name, folder in folders.items()
        }
        if self.threads is not None:
            lane = Lane()
            stores = {name: in_lane(store, lane) for name, store in stores.items()}
        self.server = Server(
            settings,
            accounts,
            [
                Share(
                    name,
                    store,
                    path=str(folders[name]),
                    read_only=name in read_only,
                    passwords=(passwords or {}).get(name),
                    printer=name in printers,
                    dfs=Namespace(name, dfs[name]) if dfs and name in dfs else None,
                )
                for name, store in stores.items()
            ],
            EventLog([self.sink]),
            self.clock,
            tables,
            world,
            threads=self.threads,
            kerberos=kerberos,
        )

    def _filetime_from(self, began: int) -> Callable[[], int]:
        return lambda: began + int(self.clock.seconds() * filetime.TICKS_PER_SECOND)

    def settle(self) -> None:
        """The disks give what they were asked for, unless they hang."""
        self.clock.advance(0)

    def client(self, peer: str = "127.0.0.1:50000") -> "Client":
        """A new connection, which comes from `peer`."""
        return Client(self, peer)

    @property
    def messages(self) -> list[MessageEvent]:
        """The recorded messages, both ways."""
        return [event for event in self.sink.events if isinstance(event, MessageEvent)]

    @property
    def problems(self) -> list[Problem]:
        """What fakesmb itself got wrong; a test may insist on none."""
        return [event for event in self.sink.events if isinstance(event, Problem)]


class SettlingConnection(SMBConnection):
    """A connection that lets the disks do their work before it is left alone again."""

    def __init__(self, in_memory: InMemoryServer, *args: Any) -> None:
        super().__init__(*args)
        self._settle = in_memory.settle

    def receive(self, data: bytes) -> None:
        """Takes bytes of the stream."""
        super().receive(data)
        self._settle()

    def lost(self, reason: str) -> None:
        """The transport is gone."""
        super().lost(reason)
        self._settle()


class Client:
    """A client of the in-memory server: builds messages out of `wire` structures, decodes answers into them."""

    flags: int = CLIENT_FLAGS
    native_os: str = "test"
    """What its session setup says that it is."""
    native_lan_man: str = "test"

    def __init__(self, server: InMemoryServer, peer: str = "127.0.0.1:50000") -> None:
        self.clock = server.clock
        self.uid = self.tid = self.mid = 0
        self.pid = 0x1234
        self.flags2 = CLIENT_FLAGS2
        self.closed = False
        self.key = b""
        """The MAC key of signing: session key and challenge response."""
        self.signer: Signer | None = None
        """Signs what is sent and checks what comes, once a sign-in with `signing` brought a key."""
        self.sequence = 0
        self.breaks: list[LockingAndxRequest] = []
        """The oplock breaks that have come, when `answers` looked; what is answered is for the test to say."""
        self._numbers: dict[int, int] = {}
        self._sent: list[bytes] = []
        self._framer = Framer(LARGEST_FRAME)
        kind = SMBConnection if server.threads is None else partial(SettlingConnection, server)
        self.connection = kind(server.server, peer, "127.0.0.1:4450", self._take, self._closed)
        self.connection.begin()

    def _take(self, buffers: list[Buffer]) -> None:
        self._sent.append(b"".join(buffers))

    def _closed(self) -> None:
        self.closed = True

    # -- messages ------------------------------------------------------------------------------------------

    def message(
        self,
        command: int,
        *bodies: Body | tuple[int, Body],
        tid: int | None = None,
        mid: int | None = None,
    ) -> bytes:
        """One SMB message, a chain where there are several bodies (command, body)."""
        header = Header(
            command,
            0,
            self.flags,
            self.flags2,
            self.pid >> 16,
            bytes(8),
            self.tid if tid is None else tid,
            self.pid & 0xFFFF,
            self.uid,
            self.mid if mid is None else mid,
        )
        message = bytearray(header.encode())
        previous = -1
        for item in bodies:
            code, body = item if isinstance(item, tuple) else (command, item)
            message += bytes(-len(message) % 4)
            if previous >= 0:
                message[previous] = code
                message[previous + 2 : previous + 4] = len(message).to_bytes(2, "little")
            previous = len(message) + 1
            message += b"".join(body.encode(len(message), unicode=bool(self.flags2 & Flags2.UNICODE)))
        return bytes(message)

    def send(
        self,
        command: int,
        *bodies: Body | tuple[int, Body],
        tid: int | None = None,
        mid: int | None = None,
    ) -> int:
        """Sends one message, a chain where there are several bodies (command, body); gives its MID.

        Without `mid` it is the next one.
        """
        if mid is None:
            self.mid = self.mid % _LAST_MID + 1
        self.send_raw(self.message(command, *bodies, tid=tid, mid=mid))
        return self.mid if mid is None else mid

    def send_raw(self, message: bytes) -> None:
        """Frames a message, signs it where signing is on, and sends it."""
        if self.signer is not None:
            signature = self.signer.sign((message,), self.sequence)
            self._numbers[int.from_bytes(message[30:32], "little")] = self.sequence + 1
            self.sequence += 1 if message[4] == Command.NT_CANCEL else 2
            message = message[:14] + signature + message[22:]
        self.connection.receive(len(message).to_bytes(4, "big") + message)

    def answers(self) -> list[Answer]:
        """What the server sent since the last call; an `AssertionError` for a wrong signature."""
        found = []
        for body in self.frames():
            header = Header.decode(body)
            if header.is_reply:
                found.append(Answer(header, body))
            else:
                self.breaks.append(Answer(header, body).body(LockingAndxRequest))
        if self.signer is not None:
            for header, body in found:
                number = self._numbers[header.mid]
                assert self.signer.verify(body, number), f"signature of number {number}, MID {header.mid}"
        return found

    def frames(self) -> list[memoryview]:
        """The messages that the server sent since the last call, as they are."""
        return [frame.body for frame in self._framer.feed(self.stream())]

    def stream(self) -> bytes:
        """The bytes that the server sent since the last call, with their framing."""
        data, self._sent = b"".join(self._sent), []
        return data

    def answer(self) -> Answer:
        """The one message that the server sent; an `AssertionError` for none or several."""
        found = self.answers()
        assert len(found) == 1, f"{len(found)} answers"
        return found[0]

    def lost(self, reason: str = "the client left") -> None:
        """The client's transport is gone."""
        self.connection.lost(reason)

    def call(self, command: int, body: Body, kind: type[R]) -> R:
        """Sends a request and decodes its one answer; raises `SMBError` for an error status."""
        self.send(command, body)
        answer = self.answer()
        if answer.header.status & 0xC0000000 == 0xC0000000 or 0 < answer.header.status < 0x40000000:
            raise SMBError(answer.header.status)
        return answer.body(kind)

    # -- conversation --------------------------------------------------------------------------------------

    def negotiate(self) -> NegotiateNtResponse:
        """NT LM 0.12 without extended security."""
        return self.call(0x72, NegotiateRequest((Dialect.NT_LM,)), NegotiateNtResponse)

    def sign_in(
        self,
        user: str = USER,
        password: str = PASSWORD,
        *,
        domain: str = "WORKGROUP",
        signing: bool = False,
        vc_number: int = 1,
        max_buffer: int = 0xFFFF,
        capabilities: int = 0x0000C0DC,
    ) -> "Client":
        """Negotiates where that is still to be done, and signs in by NTLMv2.

        With `signing` the client asks for it, and signs and checks every message from then on.
        """
        if self.connection.dialect is None:
            self.negotiate()
        if signing:
            self.flags2 |= Flags2.SIGNATURE
        key = ntowf_v2(Account.with_password(user, password).nt_hash, user, domain)
        blob = bytes.fromhex("0101000000000000") + bytes(8) + bytes(range(8)) + bytes(8)
        proof = hmac.new(key, self.connection.challenge + blob, hashlib.md5).digest()
        request = SessionSetupPlainRequest(
            max_buffer_size=max_buffer,
            vc_number=vc_number,
            oem_password_length=24,
            unicode_password_length=len(proof + blob),
            capabilities=capabilities,
            oem_password=bytes(24),
            unicode_password=proof + blob,
            account_name=user,
            primary_domain=domain,
            native_os=self.native_os,
            native_lan_man=self.native_lan_man,
        )
        self.uid = 0
        self.send(0x73, request)
        if signing and self.signer is None:
            self.key = hmac.new(key, proof, hashlib.md5).digest() + proof + blob
            self.signer = Signer(self.key)
            self._numbers[self.mid] = 1
            self.sequence = 2
        answer = self.answer()
        answer.body(SessionSetupAndxResponse)
        self.uid = answer.header.uid
        return self

    def connect(self, share: str) -> "Client":
        """Connects to a share."""
        self.send(0x75, TreeConnectAndxRequest(password_length=1, path=f"\\\\SERVER\\{share}"), tid=0)
        answer = self.answer()
        answer.body(TreeConnectAndxResponse)
        self.tid = answer.header.tid
        return self

    def create(
        self,
        name: str,
        *,
        access: int = 0x0012019F,
        share: int = 7,
        disposition: int = 1,
        options: int = 0,
        attributes: int = 0x80,
        flags: int = 0,
    ) -> int:
        """NT_CREATE_ANDX; gives the FID."""
        return self.create_response(
            name,
            access=access,
            share=share,
            disposition=disposition,
            options=options,
            attributes=attributes,
            flags=flags,
        ).fid

    def create_response(
        self,
        name: str,
        *,
        access: int = 0x0012019F,
        share: int = 7,
        disposition: int = 1,
        options: int = 0,
        attributes: int = 0x80,
        flags: int = 0,
    ) -> NtCreateAndxResponse:
        """NT_CREATE_ANDX; gives the whole response."""
        request = NtCreateAndxRequest(
            flags=flags,
            desired_access=access,
            share_access=share,
            create_disposition=disposition,
            create_options=options,
            ext_file_attributes=attributes,
            file_name=name,
        )
        return self.call(0xA2, request, NtCreateAndxResponse)

    def read(self, fid: int, offset: int = 0, size: int = 0xFFFF) -> bytes:
        """READ_ANDX."""
        request = ReadAndxRequest(
            fid=fid,
            offset_low=offset & 0xFFFFFFFF,
            offset_high=offset >> 32,
            max_count=size & 0xFFFF,
            timeout=size >> 16,
        )
        return bytes(self.call(0x2E, request, ReadAndxResponse).data)

    def write(self, fid: int, data: bytes, offset: int = 0) -> int:
        """WRITE_ANDX; gives the count."""
        request = WriteAndxRequest(
            fid=fid, offset_low=offset & 0xFFFFFFFF, offset_high=offset >> 32, data=data
        )
        response = self.call(0x2F, request, WriteAndxResponse)
        return response.count | response.count_high << 16

    def locking(
        self,
        fid: int,
        *locks: LockRange,
        unlocks: Sequence[LockRange] = (),
        timeout: int = 0,
        kind: int = 0x10,
    ) -> LockingAndxRequest:
        """A LOCKING_ANDX request; `timeout` in milliseconds, `kind` is TypeOfLock (0x10: 64-bit ranges)."""
        return LockingAndxRequest(
            fid=fid,
            type_of_lock=kind,
            timeout=timeout,
            number_of_requested_unlocks=len(unlocks),
            number_of_requested_locks=len(locks),
            unlocks=tuple(unlocks),
            locks=locks,
        )

    def lock(self, fid: int, offset: int, length: int, *, shared: bool = False) -> None:
        """Locks a range at once or raises `SMBError`."""
        one = LockRange(self.pid & 0xFFFF, offset, length)
        self.call(0x24, self.locking(fid, one, kind=0x11 if shared else 0x10), LockingAndxResponse)

    def acknowledge(self, fid: int, level: int = 0) -> None:
        """Answers an oplock break; `level` is one of `wire.locking.OplockLevel`. There is no answer to it."""
        self.send(
            0x24, LockingAndxRequest(fid=fid, type_of_lock=LockType.OPLOCK_RELEASE, new_oplock_level=level)
        )

    def unlock(self, fid: int, offset: int, length: int) -> None:
        """Unlocks a range."""
        one = LockRange(self.pid & 0xFFFF, offset, length)
        self.call(0x24, self.locking(fid, unlocks=(one,)), LockingAndxResponse)

    def close(self, fid: int, last_write_time: int = 0) -> None:
        """CLOSE."""
        self.call(0x04, CloseRequest(fid, last_write_time), Empty)

    def trans2(
        self,
        subcommand: int,
        parameters: Structure,
        data: Buffer = b"",
        *,
        max_data: int = 16384,
        max_parameters: int = 64,
    ) -> TransactionResponse:
        """TRANSACTION2 in one message."""
        request = self.trans2_request(
            subcommand, parameters, data, max_data=max_data, max_parameters=max_parameters
        )
        return self.call(0x32, request, TransactionResponse)

    def trans2_request(
        self,
        subcommand: int,
        parameters: Structure,
        data: Buffer = b"",
        *,
        max_data: int = 16384,
        max_parameters: int = 64,
    ) -> Transaction2Request:
        """What `trans2` sends, for who looks at the answer as it comes."""
        return Transaction2Request(
            setup=subcommand.to_bytes(2, "little"),
            parameters=parameters.encode(unicode=bool(self.flags2 & Flags2.UNICODE)),
            data=data,
            max_parameter_count=max_parameters,
            max_data_count=max_data,
        )
