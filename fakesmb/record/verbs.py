"""What happened, whichever of the many commands did it: one table from commands to verbs.

A verb says that something was done. Of what failed, or waits, nothing is said; one exchange may do several things.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from fakesmb.nt.controls import Fsctl
from fakesmb.nt.files import Action, Option
from fakesmb.nt.status import NT
from fakesmb.record.decoded import Halves
from fakesmb.record.events import Effect, Exchanged
from fakesmb.wire import set_info, unix
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.dirs import NtRenameLevel
from fakesmb.wire.families import Kind
from fakesmb.wire.locking import LockType
from fakesmb.wire.negotiate import NegotiateCoreResponse
from fakesmb.wire.nt_trans import NtTransact
from fakesmb.wire.trans2 import Trans2

VERBS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "negotiated": "a dialect was agreed on",
        "signed_in": "a session setup succeeded, as a user, a guest or anonymously",
        "signed_off": "a session was ended",
        "connected": "a share was connected (the tree connection, not TCP)",
        "disconnected": "a tree connection was ended",
        "opened": "a file, a directory or a pipe was opened; it may have been made thereby",
        "created": "a file was made that had not been there",
        "truncated": "an open emptied or replaced a file that was there",
        "read": "data were read from a file or a pipe",
        "wrote": "data were written to a file or a pipe",
        "resized": "the length of a file was set",
        "flushed": "what was written was put on the disk",
        "closed": "an open was ended",
        "printed": "a print job is complete; the path is its title",
        "listed": "names in a directory were asked for; the path is that of the pattern, or of the directory",
        "queried": "attributes, sizes, times, EAs, streams or links of a file were asked for",
        "queried_volume": "sizes or names of the volume were asked for",
        "queried_security": "a security descriptor was asked for",
        "set_attributes": "attributes or times were set",
        "set_eas": "extended attributes were set",
        "set_security": "a security descriptor or an ACL was set",
        "renamed": "a file or directory has another name; `to` is the new one",
        "deleted": "a file is gone: deleted by name, or with the close of its last open",
        "made_directory": "a directory was made",
        "removed_directory": "a directory is gone, by name or with a close",
        "linked": "a file got one more name; `to` is the new one",
        "made_symlink": "a symbolic link was made; `to` is where it leads",
        "copied": "the server copied data from one file to another; `to` is the target, where it has a name",
        "locked": "ranges of a file were locked",
        "unlocked": "ranges of a file were freed",
        "watched": "changes in a directory were asked for: that waits until there are some",
        "notified": "a watch was answered with changes",
        "called": "a call went through a pipe: DCE/RPC, or the Remote Administration Protocol",
        "oplock_broken": "the server asked for an oplock back",
        "oplock_released": "the client gave an oplock back",
        "echoed": "an echo was answered",
        "referred": "a DFS referral was given",
    }
)
"""Every verb, and what it says."""

Says = Callable[[Halves, Exchanged], tuple[str, ...]]


class Look(Protocol):
    """A number among the words of the request or of the answer; None where it is not seen without decoding."""

    def __call__(self, name: str, *, request: bool) -> int | None: ...


Sees = Callable[[Look, Exchanged], tuple[str, ...] | None]


class Row(NamedTuple):
    """What a command may do."""

    verbs: tuple[str, ...]
    """All that it may."""
    say: Says | None = None
    """Which of them an exchange did that succeeded; None: all."""
    see: Sees | None = None
    """The same without decoding; it gives None where that cannot be seen."""
    unanswered: bool = False
    """Whether it is done without an answer: none is wanted, or it goes on while the client waits."""


def _body(halves: Halves) -> Any:
    return halves.asked and halves.asked.body


def _parameters(halves: Halves) -> Any:
    return halves.asked and halves.asked.parameters


def _reply(halves: Halves) -> Any:
    return halves.answered and halves.answered.body


def _negotiate(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    return () if isinstance(_reply(halves), NegotiateCoreResponse) else ("negotiated",)


def _opening(action: int | None, *, directory: bool) -> tuple[str, ...]:
    if action == Action.CREATED:
        return ("opened", "made_directory" if directory else "created")
    if action in (Action.OVERWRITTEN, Action.SUPERSEDED):
        return ("opened", "truncated")
    return ("opened",)


_DOS_ACTIONS: Final = {1: Action.OPENED, 2: Action.CREATED, 3: Action.OVERWRITTEN}
_DOS_ACTION: Final = 0x0003
"""Bits of OpenResults that say what the open did ([MS-CIFS] 2.2.4.41.2)."""


def _nt_create(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    reply = _reply(halves)
    directory = bool(getattr(reply, "directory", 0) or _body(halves).create_options & Option.DIRECTORY)
    return _opening(getattr(reply, "create_disposition", None), directory=directory)


def _nt_create_seen(look: Look, exchanged: Exchanged) -> tuple[str, ...] | None:
    action, options = look("create_disposition", request=False), look("create_options", request=True)
    directory = look("directory", request=False)
    if action is None or options is None or directory is None:
        return None
    return _opening(action, directory=bool(directory or options & Option.DIRECTORY))


def _nt_transact_create(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    reply = halves.answered and halves.answered.parameters
    return _opening(getattr(reply, "create_action", None), directory=bool(getattr(reply, "directory", 0)))


def _open_andx(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    results = getattr(_reply(halves), "open_results", 1)
    return _opening(_DOS_ACTIONS.get(results & _DOS_ACTION), directory=False)


def _open_andx_seen(look: Look, exchanged: Exchanged) -> tuple[str, ...] | None:
    results = look("open_results", request=False)
    return None if results is None else _opening(_DOS_ACTIONS.get(results & _DOS_ACTION), directory=False)


def _open2(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    results = getattr(halves.answered and halves.answered.parameters, "action_taken", 1)
    return _opening(_DOS_ACTIONS.get(results & _DOS_ACTION), directory=False)


def _create(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    return ("opened", "created") if exchanged.effect & Effect.CREATED else ("opened", "truncated")


def _gone(exchanged: Exchanged) -> tuple[str, ...]:
    effect = exchanged.effect
    if effect & Effect.PRINTED:
        return ("printed",)
    return (("deleted",) if effect & Effect.DELETED else ()) + (
        ("removed_directory",) if effect & Effect.REMOVED_DIRECTORY else ()
    )


def _close(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    return ("closed", *_gone(exchanged))


def _close_seen(look: Look, exchanged: Exchanged) -> tuple[str, ...] | None:
    return None if look("fid", request=True) is None else ("closed", *_gone(exchanged))


def _read_raw(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    # The answer is an empty frame, whatever is wrong ([MS-CIFS] 3.3.5.24).
    return ("read",) if exchanged.reply_size else ()


def _write(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    # A count of 0 sets the end of the file ([MS-CIFS] 2.2.4.12).
    return ("wrote",) if _body(halves).count else ("resized",)


def _write_seen(look: Look, exchanged: Exchanged) -> tuple[str, ...] | None:
    count = look("count", request=True)
    return None if count is None else ("wrote",) if count else ("resized",)


def _write_and_close(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    # After a count of 0 Windows leaves the file open.
    return ("wrote", "closed", *_gone(exchanged)) if _body(halves).count else ()


def _write_and_unlock(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    return ("wrote", "unlocked") if _body(halves).count else ()


def _locking(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    body = _body(halves)
    if body is None or halves.request is None:
        return ("oplock_broken",)
    said: tuple[str, ...] = ()
    if body.type_of_lock & LockType.OPLOCK_RELEASE:
        said = ("oplock_released",)
    if halves.answered is None:
        return said  # ranges are answered for
    if body.locks and not body.type_of_lock & LockType.CANCEL_LOCK:
        said += ("locked",)
    if body.unlocks:
        said += ("unlocked",)
    return said


def _nt_rename(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    done = {NtRenameLevel.LINK: "linked", NtRenameLevel.MOVE: "copied"}
    return (done.get(_body(halves).information_level, "renamed"),)


def _copy(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    return ("copied",)


_SETS: Final[Mapping[type, tuple[str, ...]]] = MappingProxyType(
    {
        set_info.SetBasic: ("set_attributes",),
        set_info.SetEas: ("set_eas",),
        set_info.SetAllocation: ("resized",),
        set_info.SetEndOfFile: ("resized",),
        set_info.SetRename: ("renamed",),
        set_info.SetLink: ("linked",),
    }
)
"""What the structures of set levels do. A disposition does nothing yet: the close that follows deletes."""
_SETS_UNIX: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {
        unix.UnixLevel.BASIC: ("set_attributes",),
        unix.UnixLevel.INFO2: ("set_attributes",),
        unix.UnixLevel.LINK: ("made_symlink",),
        unix.UnixLevel.HLINK: ("linked",),
        unix.UnixLevel.POSIX_ACL: ("set_security",),
    }
)


def _set_info(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    level = getattr(_parameters(halves), "information_level", None)
    detail: Any = halves.asked and halves.asked.detail
    if level is not None and level in _SETS_UNIX:
        return _SETS_UNIX[level]
    if isinstance(detail, unix.PosixLock):
        return ("unlocked",) if detail.type == unix.PosixLockType.UNLOCK else ("locked",)
    if isinstance(detail, unix.PosixUnlinkRequest):
        return ("removed_directory",) if detail.target else ("deleted",)
    if isinstance(detail, unix.PosixOpenRequest):
        return _posix_open(detail, exchanged)
    return _SETS.get(type(detail), ()) + _gone(exchanged)


def _posix_open(detail: unix.PosixOpenRequest, exchanged: Exchanged) -> tuple[str, ...]:
    directory = detail.open_flags & unix.PosixOpenFlag.DIRECTORY
    if exchanged.effect & Effect.CREATED:
        return ("made_directory",) if directory else ("opened", "created")
    return ("opened", "truncated") if detail.open_flags & unix.PosixOpenFlag.TRUNC else ("opened",)


_IOCTLS: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {Fsctl.SRV_COPYCHUNK: ("copied",), Fsctl.PIPE_TRANSCEIVE: ("called",), Fsctl.SET_ZERO_DATA: ("wrote",)}
)


def _ioctl(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    return _IOCTLS.get(getattr(_parameters(halves), "function_code", -1), ())


def _notify(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    return ("watched",) if halves.answered is None else ("watched", "notified")


def _transaction(halves: Halves, exchanged: Exchanged) -> tuple[str, ...]:
    body = _body(halves)
    return () if body is None or body.setup else ("called",)


_CREATES: Final = ("opened", "created", "truncated", "made_directory")
_GONE: Final = ("deleted", "removed_directory")
_CLOSES: Final = ("closed", *_GONE, "printed")

ROWS: Final[Mapping[Kind, Row]] = MappingProxyType(
    {
        Kind(Command.NEGOTIATE): Row(("negotiated",), _negotiate),
        Kind(Command.SESSION_SETUP_ANDX): Row(("signed_in",)),
        Kind(Command.LOGOFF_ANDX): Row(("signed_off",)),
        Kind(Command.TREE_CONNECT): Row(("connected",)),
        Kind(Command.TREE_CONNECT_ANDX): Row(("connected",)),
        Kind(Command.TREE_DISCONNECT): Row(("disconnected",)),
        Kind(Command.PROCESS_EXIT): Row(()),
        Kind(Command.ECHO): Row(("echoed",)),
        Kind(Command.NT_CANCEL): Row(()),
        Kind(Command.OPEN): Row(("opened",)),
        Kind(Command.CREATE): Row(("opened", "created", "truncated"), _create),
        Kind(Command.CREATE_NEW): Row(("opened", "created")),
        Kind(Command.CREATE_TEMPORARY): Row(("opened", "created")),
        Kind(Command.OPEN_ANDX): Row(("opened", "created", "truncated"), _open_andx, _open_andx_seen),
        Kind(Command.NT_CREATE_ANDX): Row(_CREATES, _nt_create, _nt_create_seen),
        Kind(Command.TRANSACTION2, Trans2.OPEN2): Row(("opened", "created", "truncated"), _open2),
        Kind(Command.NT_TRANSACT, NtTransact.CREATE): Row(_CREATES, _nt_transact_create),
        Kind(Command.READ): Row(("read",)),
        Kind(Command.READ_ANDX): Row(("read",)),
        Kind(Command.READ_RAW): Row(("read",), _read_raw, unanswered=True),
        Kind(Command.READ_MPX): Row(("read",)),
        Kind(Command.LOCK_AND_READ): Row(("locked", "read")),
        Kind(Command.TRANSACTION, PipeFunction.READ_NMPIPE): Row(("read",)),
        Kind(Command.TRANSACTION, PipeFunction.RAW_READ_NMPIPE): Row(("read",)),
        Kind(Command.WRITE): Row(("wrote", "resized"), _write, _write_seen),
        Kind(Command.WRITE_ANDX): Row(("wrote",)),
        Kind(Command.WRITE_RAW): Row(("wrote",)),
        Kind(Command.WRITE_MPX): Row(("wrote",)),
        Kind(Command.WRITE_AND_UNLOCK): Row(("wrote", "unlocked"), _write_and_unlock),
        Kind(Command.WRITE_AND_CLOSE): Row(("wrote", *_CLOSES), _write_and_close),
        Kind(Command.TRANSACTION, PipeFunction.WRITE_NMPIPE): Row(("wrote",)),
        Kind(Command.TRANSACTION, PipeFunction.RAW_WRITE_NMPIPE): Row(("wrote",)),
        Kind(Command.CLOSE): Row(_CLOSES, _close, _close_seen),
        Kind(Command.OPEN_PRINT_FILE): Row(("opened", "created")),
        Kind(Command.WRITE_PRINT_FILE): Row(("wrote",)),
        Kind(Command.CLOSE_PRINT_FILE): Row(("closed", "printed"), _close, _close_seen),
        Kind(Command.GET_PRINT_QUEUE): Row(()),
        Kind(Command.FLUSH): Row(("flushed",)),
        Kind(Command.SEEK): Row(()),
        Kind(Command.IOCTL): Row(()),
        Kind(Command.LOCK_BYTE_RANGE): Row(("locked",)),
        Kind(Command.UNLOCK_BYTE_RANGE): Row(("unlocked",)),
        Kind(Command.LOCKING_ANDX): Row(
            ("locked", "unlocked", "oplock_broken", "oplock_released"), _locking, unanswered=True
        ),
        Kind(Command.SEARCH): Row(("listed",)),
        Kind(Command.FIND): Row(("listed",)),
        Kind(Command.FIND_UNIQUE): Row(("listed",)),
        Kind(Command.FIND_CLOSE): Row(()),
        Kind(Command.FIND_CLOSE2): Row(()),
        Kind(Command.TRANSACTION2, Trans2.FIND_FIRST2): Row(("listed",)),
        Kind(Command.TRANSACTION2, Trans2.FIND_NEXT2): Row(("listed",)),
        Kind(Command.CHECK_DIRECTORY): Row(("queried",)),
        Kind(Command.QUERY_INFORMATION): Row(("queried",)),
        Kind(Command.QUERY_INFORMATION2): Row(("queried",)),
        Kind(Command.QUERY_INFORMATION_DISK): Row(("queried_volume",)),
        Kind(Command.TRANSACTION2, Trans2.QUERY_PATH_INFORMATION): Row(("queried",)),
        Kind(Command.TRANSACTION2, Trans2.QUERY_FILE_INFORMATION): Row(("queried",)),
        Kind(Command.TRANSACTION2, Trans2.QUERY_FS_INFORMATION): Row(("queried_volume",)),
        Kind(Command.TRANSACTION2, Trans2.SET_FS_INFORMATION): Row(()),
        Kind(Command.SET_INFORMATION): Row(("set_attributes",)),
        Kind(Command.SET_INFORMATION2): Row(("set_attributes",)),
        Kind(Command.TRANSACTION2, Trans2.SET_PATH_INFORMATION): Row(
            (
                "set_attributes", "set_eas", "set_security", "resized", "renamed", "linked", "made_symlink",
                "opened", "created", "truncated", "made_directory", *_GONE,
            ),
            _set_info,
        ),
        Kind(Command.TRANSACTION2, Trans2.SET_FILE_INFORMATION): Row(
            ("set_attributes", "set_eas", "set_security", "resized", "renamed", "linked", "locked", "unlocked", *_GONE),
            _set_info,
        ),
        Kind(Command.TRANSACTION2, Trans2.GET_DFS_REFERRAL): Row(("referred",)),
        Kind(Command.TRANSACTION2, Trans2.CREATE_DIRECTORY): Row(("made_directory",)),
        Kind(Command.CREATE_DIRECTORY): Row(("made_directory",)),
        Kind(Command.DELETE_DIRECTORY): Row(("removed_directory",)),
        Kind(Command.DELETE): Row(("deleted",)),
        Kind(Command.RENAME): Row(("renamed",)),
        Kind(Command.NT_RENAME): Row(("renamed", "linked", "copied"), _nt_rename),
        Kind(Command.NT_TRANSACT, NtTransact.RENAME): Row(()),  # Windows says success and changes nothing
        Kind(Command.COPY): Row(("copied",)),
        Kind(Command.MOVE): Row(("renamed",)),
        Kind(Command.NT_TRANSACT, NtTransact.IOCTL): Row(("copied", "called", "wrote"), _ioctl),
        Kind(Command.NT_TRANSACT, NtTransact.NOTIFY_CHANGE): Row(("watched", "notified"), _notify, unanswered=True),
        Kind(Command.NT_TRANSACT, NtTransact.QUERY_SECURITY_DESC): Row(("queried_security",)),
        Kind(Command.NT_TRANSACT, NtTransact.SET_SECURITY_DESC): Row(("set_security",)),
        Kind(Command.NT_TRANSACT, NtTransact.QUERY_QUOTA): Row(()),
        Kind(Command.NT_TRANSACT, NtTransact.SET_QUOTA): Row(()),
        Kind(Command.TRANSACTION): Row(("called",), _transaction),
        Kind(Command.TRANSACTION, PipeFunction.TRANSACT_NMPIPE): Row(("called",)),
        Kind(Command.TRANSACTION, PipeFunction.CALL_NMPIPE): Row(("called",)),
        Kind(Command.TRANSACTION, PipeFunction.WAIT_NMPIPE): Row(()),
        Kind(Command.TRANSACTION, PipeFunction.PEEK_NMPIPE): Row(()),
        Kind(Command.TRANSACTION, PipeFunction.QUERY_NMPIPE_INFO): Row(()),
        Kind(Command.TRANSACTION, PipeFunction.QUERY_NMPIPE_STATE): Row(()),
        Kind(Command.TRANSACTION, PipeFunction.SET_NMPIPE_STATE): Row(()),
    }
)  # fmt: skip
"""What each command and each subcommand may do. Those that are not here do nothing that has a verb."""

_NOTHING: Final = Row(())
_DONE_DESPITE: Final = frozenset({NT.BUFFER_OVERFLOW, NT.NOTIFY_ENUM_DIR})
"""Statuses that are no errors: there was more than the client could take."""


DONE: Final = frozenset({NT.SUCCESS.label, *(status.label for status in _DONE_DESPITE)})
"""The statuses of what was done."""


UNANSWERED: Final = frozenset(verb for row in ROWS.values() if row.unanswered for verb in row.verbs)
"""What can be done without an answer."""


def commands_of(verb: str) -> frozenset[Kind]:
    """The commands and subcommands that may do it."""
    return frozenset(kind for kind, row in ROWS.items() if verb in row.verbs)


@lru_cache(maxsize=1024)
def row_of(code: int, function: int | None) -> Row:
    """The row of a command, with its subcommand where it has one."""
    return ROWS.get(Kind(code, function)) or ROWS.get(Kind(code)) or _NOTHING


def verbs_of(
    row: Row,
    status: int | None,
    *,
    failed: bool,
    halves: Callable[[], Halves],
    exchanged: Exchanged,
    look: Look,
) -> tuple[str, ...]:
    """What a command did; nothing where it failed or has no answer yet.

    `failed`: a command before it in its chain did. `halves` decodes, where neither the table nor `look` can tell.
    """
    if status is None:
        if failed or not row.unanswered:
            return ()
    elif status and status not in _DONE_DESPITE:
        return ()
    if row.say is None:
        return row.verbs
    seen = row.see(look, exchanged) if row.see is not None and status == NT.SUCCESS else None
    if seen is not None:
        return seen
    decoded = halves()
    if decoded.asked is not None and decoded.asked.body is None:
        return ()  # its bytes cannot be read
    return row.say(decoded, exchanged)
