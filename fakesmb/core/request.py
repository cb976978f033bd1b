"""What a handler gets and what it may answer."""

import os
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from fakesmb.core.printstore import PrintHandle
from fakesmb.core.state import Open, Server, Session, Tree
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import Effect
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import FileRange, FileStore, Handle
from fakesmb.wire.codec import Body, Buffer, Empty
from fakesmb.wire.files import ReadAndxResponse
from fakesmb.wire.header import Flags, Flags2, Header
from fakesmb.wire.trans import TransactionRequest

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.dispatch import CommandRow
    from fakesmb.core.exchange import Exchange

P = TypeVar("P")


class Reply(msgspec.Struct, frozen=True, gc=False):
    """An answer that carries a status besides its body: a warning, or "more processing required"."""

    body: Body
    status: int = 0


class Replies(msgspec.Struct, frozen=True, gc=False):
    """Several messages that answer one request: ECHO, a transaction larger than the client's buffer."""

    replies: tuple[Reply, ...]


class RawData(msgspec.Struct, frozen=True, gc=False):
    """An answer without any SMB header: the bare bytes of READ_RAW."""

    data: Buffer


class FileData(msgspec.Struct, frozen=True, gc=False):
    """A READ_ANDX answer whose data the kernel takes from the file: for planned requests only.

    Whoever cannot send a range of a file reads it (`read`).
    """

    part: FileRange

    def read(self) -> ReadAndxResponse:
        """The same with the bytes; zeros where the file was cut short after its size was looked at."""
        fd, offset, length = self.part
        data = os.pread(fd, length, offset)
        return ReadAndxResponse(data=data + bytes(length - len(data)))


class NoReply:
    """The explicit none: NT_CANCEL, an oplock acknowledgement, a secondary that is not the last."""


NO_REPLY: Final = NoReply()

__all__ = [
    "NO_REPLY",
    "Answer",
    "AnyRequest",
    "Empty",
    "FileData",
    "NoReply",
    "RawData",
    "Replies",
    "Reply",
    "Request",
    "check_writable",
]

Answer = Body | Reply | Replies | NoReply | RawData | FileData


def check_writable(tree: Tree) -> None:
    """The one refusal of changes to a tree that is read-only for its user: raises ACCESS_DENIED."""
    if tree.read_only:
        raise SMBError(NT.ACCESS_DENIED, f"{tree.share.name} is read-only here")


class Request(msgspec.Struct, Generic[P], eq=False):
    """One command on its way to its handler: decoded parameters and the state that it names.

    `path` and `fid_used` are for the record: what the request is about. The table of commands says which command needs
    a session and a tree; it has been checked before a handler runs.
    """

    connection: "SMBConnection"
    message: memoryview
    header: Header
    row: "CommandRow"
    params: P
    session: Session
    tree: Tree
    arrived: float
    exchange_or_none: "Exchange | None" = None
    """The exchange, once there is one: None while the plan of the row answers the only command of its message."""
    path: str = ""
    fid_used: int | None = None
    effect: int = 0
    """`Effect` bits for the record: what it did that its bytes do not say."""
    kept: bytes | None = None
    """Of what was read or written, what the record is to keep."""
    transaction: TransactionRequest = None  # type: ignore[assignment]
    """The transaction that a subcommand came in: its data, setup words and limits. Only for handlers of subcommands,
    whose `params` are the structure that their row decodes."""

    @property
    def exchange(self) -> "Exchange":
        """The message that is being answered. A planned request (`core.plan`) has none before somebody asks."""
        if self.exchange_or_none is None:
            self.exchange_or_none = self.connection.exchange_of(self)
        return self.exchange_or_none

    @property
    def server(self) -> Server:
        """The server that the connection belongs to."""
        return self.connection.server

    @property
    def store(self) -> FileStore:
        """The tree's files. Only for commands that need a disk share."""
        tree = self.tree
        if tree.direct is self.session.identity:
            return tree.store  # type: ignore[return-value]
        return tree.store_for(self.session, exact=not self.header.flags & Flags.CASE_INSENSITIVE)  # type: ignore[return-value]

    @property
    def unicode(self) -> bool:
        """Whether this message's strings are UTF-16LE."""
        return self.header.unicode

    def named(self, text: str, *, wildcards: bool = False) -> Path:
        """The path that a client names, noted for the record; raises OBJECT_NAME_INVALID or what else is wrong."""
        path = self.parse(text, wildcards=wildcards)
        self.path = str(path)
        return path

    def parse(self, text: str, *, wildcards: bool = False, tree: Tree | None = None) -> Path:
        """As `named`, of the other name that a request has, which may be in another tree; raises PATH_NOT_COVERED where
        a DFS link is on the way.
        """
        tree = tree or self.tree
        if tree.namespace is None:
            return tree.parse(text, wildcards=wildcards)
        local = tree.namespace.local(text) if self.header.flags2 & Flags2.DFS else text
        path = tree.parse(local, wildcards=wildcards)
        self.check_covered(path, of_search=wildcards, tree=tree)
        return path

    def check_covered(self, path: Path, *, of_search: bool = False, tree: Tree | None = None) -> None:
        """Raises PATH_NOT_COVERED for a path to or through a DFS link, noted for the record then; the last component of
        a search may be one.
        """
        namespace = (tree or self.tree).namespace
        if namespace is None:
            return
        try:
            namespace.check(path, of_search=of_search)
        except SMBError:
            self.path = str(path)
            raise

    def check_writable(self) -> None:
        """Raises ACCESS_DENIED where the tree is read-only, for what a row's `Needs.WRITABLE` cannot say."""
        check_writable(self.tree)

    def opened(self, entry: Open) -> None:
        """Gives a new open its FID, which the later commands of a chain mean too ([MS-CIFS] 3.3.5.2)."""
        self.fid_used = self.connection.add_open(entry)
        if self.exchange_or_none is not None:
            self.exchange_or_none.fid = self.fid_used

    def open(self, fid: int) -> Open:
        """The open that a FID names; raises INVALID_HANDLE for a stale one, or one of another UID or TID.

        After an open command in the same chain it is that one's FID, whatever the message says
        ([MS-CIFS] 3.3.5.2): the client could not know it.
        """
        if self.exchange_or_none is not None and self.exchange_or_none.fid is not None:
            fid = self.exchange_or_none.fid
        self.fid_used = fid
        entry = self.connection.opens.entries.get(fid)
        if entry is None or entry.tree is not self.tree or entry.session is not self.session:
            raise SMBError(NT.INVALID_HANDLE, f"FID 0x{fid:04X} is no open of this tree and user")
        self.path = entry.path
        return entry

    def open_file(self, fid: int) -> tuple[Open, Handle]:
        """The open of a file or directory that a FID names; a pipe is INVALID_DEVICE_REQUEST."""
        entry = self.open(fid)
        if entry.handle is None:
            raise SMBError(NT.INVALID_DEVICE_REQUEST, f"FID 0x{entry.fid:04X} is a pipe, not a file")
        return entry, entry.handle

    def ended(self, handle: Handle | None) -> None:
        """Notes for the record that an open was ended, and with it perhaps its file."""
        if handle is None:
            return
        if handle.deleted:
            self.effect |= Effect.REMOVED_DIRECTORY if handle.is_directory else Effect.DELETED
        elif isinstance(handle, PrintHandle) and handle.printed:
            self.effect |= Effect.PRINTED

    def file(self, fid: int) -> Handle:
        """The file or directory that a FID names, as `open_file` finds it."""
        return self.open_file(fid)[1]


AnyRequest = Request[Any]
