"""Sentences for newcomers: what puzzles who sees SMB for the first time. `show` and the page take them from here.

Those of a value are found by its structure and field (`note_of`), those of a status by `status_note`; `noting` says
which of the others are due in a message.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from fakesmb.nt.status import NT

Note = Callable[[Any], str]
"""A value to the sentence that it needs; empty where it needs none."""

# -- of signing in -------------------------------------------------------------------------------------------

SERVER_CHALLENGE: Final = (
    "The server's random number. The client answers it with a value that only who knows the password can compute: "
    "the password itself is never sent."
)
NTLM_MESSAGES: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "The first of three messages of a sign-in: the client says what it can do, and not yet who it is.",
        2: "The second of three: the server says what they both can do, and sends its challenge.",
        3: "The third of three: who signs in, and the proof that this is so.",
    }
)
"""By MessageType."""
_NULL: Final = "NULL is how Network Monitor writes a name of no letters."
EMPTY_NAMES: Final[Mapping[tuple[int, str], str]] = MappingProxyType(
    {
        (3, "DomainName"): f"The client names no domain: the account is the server's own. {_NULL}",
        (3, "UserName"): f"The client names nobody: an anonymous sign-in, which proves nothing. {_NULL}",
    }
)
"""What an empty name of an NTLMSSP message means, by MessageType and field."""
SPNEGO: Final = (
    "SPNEGO: both sides say which mechanisms of signing in they know; one of them fills the tokens inside."
)
HINT: Final = (
    "Windows servers have said this since 2008: they have no name to hint at, and clients do not look."
)
SIGNED_IN_WITH_NONE: Final = (
    "With none: no password was proved, as an anonymous client has no name, and a guest needs none."
)
TAKES_ANOTHER_ROUND: Final = (
    "No error: the sign-in takes one more round, and this answer carries what the client needs for it. "
    "Analysers write Error for every status of this severity, so each sign-in seems to have one."
)
PLACEHOLDER: Final = (
    "BSRSPYL is no signature: a client that is asked to sign writes it while there is no key yet."
)
NEW_UID: Final = (
    "From now on the client puts this UID into its messages: that is how the server knows who asks."
)

# -- of shares and files -------------------------------------------------------------------------------------

ANY_SERVICE: Final = (
    "????? asks for whatever kind of share this is; the answer says which: IPC has named pipes, A: is a disk."
)
NEW_TID: Final = "From now on this number stands for the share, and the client puts it into its messages."
NO_TID: Final = "No share: there is none connected yet, or the message is not about one."
NO_UID: Final = "Nobody is signed in here yet."
NO_FID: Final = (
    "An answer has no FID: it belongs to the request with its MID, which named FID 0x{fid:04X}. "
    "Network Monitor writes FID = 0x0000 for such an answer."
)
NO_SUBCOMMAND: Final = (
    "An answer that is only a status does not say of which subcommand it is, and Network Monitor takes the missing "
    "number for 0, which is Open2. The request asked for {asked}."
)
CONNECT_DIRECTLY: Final = (
    "This refusal is what the client hoped for: the share is no part of a DFS namespace that would send it elsewhere, "
    "so it connects to the share directly."
)
OPLOCK_BREAK: Final = (
    "The server asks here, the only request that a server sends: another client wants the file, so this one has to "
    "write back what it kept and give up its oplock. MID 0xFFFF marks it."
)
KERNEL: Final = "0xFEFF is the process that Windows names for what the system asks of its own accord."

_PIPE_SHARE: Final = "IPC$ is the share of named pipes, by which programs talk to services of the server."

# -- by status -----------------------------------------------------------------------------------------------

_STATUSES: Final[Mapping[int, str]] = MappingProxyType(
    {
        NT.MORE_PROCESSING_REQUIRED: TAKES_ANOTHER_ROUND,
        NT.BUFFER_OVERFLOW: "No error: there is more than fitted into this answer, and the client reads the rest.",
        NT.NO_MORE_FILES: "No error: the listing has ended.",
        NT.PENDING: "No error: the answer comes later.",
        NT.NOTIFY_ENUM_DIR: "No error: so much has changed that the client has to list the directory anew.",
        NT.NO_SUCH_FILE: "There is no such file. A listing is refused so where no name matches its pattern.",
        NT.LOGON_FAILURE: (
            "The name or the password is wrong. Servers do not say which, so that nobody can try out names."
        ),
        NT.SHARING_VIOLATION: (
            "Somebody has the file open and does not share it for what this open wants to do: see ShareAccess of both."
        ),
        NT.FILE_LOCK_CONFLICT: "Another has locked a part of these bytes.",
        NT.LOCK_NOT_GRANTED: "Another has locked a part of these bytes, and the client did not want to wait longer.",
        NT.DELETE_PENDING: "The file is to be deleted as soon as the last who has it open closes it.",
        NT.CANCELLED: "Given up: the client asked for that by NT_CANCEL, or what it watched was closed.",
        NT.END_OF_FILE: "The read began behind the last byte.",
        NT.SMB_BAD_UID: "The UID is not that of a sign-in, or that has ended.",
        NT.SMB_BAD_TID: "The TID is not that of a connected share, or it was disconnected.",
        NT.INVALID_HANDLE: "The FID is not that of an open file of this client, or that was closed.",
        NT.BAD_NETWORK_NAME: "The server has no share of that name.",
        NT.OBJECT_NAME_NOT_FOUND: "There is no such file; the directory that it should be in does exist.",
        NT.OBJECT_PATH_NOT_FOUND: "There is no such directory on the way to the file.",
        NT.OBJECT_NAME_COLLISION: "There is something of that name, and the client wanted to create it.",
    }
)
_NOT_IN_DFS: Final = frozenset(
    {
        NT.NO_SUCH_DEVICE,
        NT.NOT_FOUND,
        NT.NOT_SUPPORTED,
        NT.INVALID_DEVICE_REQUEST,
        NT.OBJECT_NAME_NOT_FOUND,
        NT.OBJECT_PATH_NOT_FOUND,
    }
)


def status_note(status: int, *, referral: bool) -> str:
    """The sentence that an answer's status needs; `referral` says that it answers TRANS2_GET_DFS_REFERRAL."""
    if referral and status in _NOT_IN_DFS:
        return CONNECT_DIRECTLY
    return _STATUSES.get(status, "")


# -- by field ------------------------------------------------------------------------------------------------


def when(value: object, sentence: str) -> Note:
    """The sentence for one value of a field."""
    return lambda found: sentence if found == value else ""


def _path(value: str) -> str:
    return _PIPE_SHARE if value.upper().endswith("IPC$") else ""


_DONE: Final = "In an answer CreateDisposition tells what was done, and not what was asked for."
_GUEST: Final = (
    "The server let the client in as a guest: it did not know the user, or gave no heed to the password."
)

_NOTES: Final[Mapping[tuple[str, str], Note]] = MappingProxyType(
    {
        ("TreeConnectAndxRequest", "service"): when("?????", ANY_SERVICE),
        ("TreeConnectRequest", "service"): when("?????", ANY_SERVICE),
        ("TreeConnectAndxRequest", "path"): _path,
        ("TreeConnectRequest", "path"): _path,
        ("TreeConnectAndxRequest", "password_length"): when(
            1, "One null stands for no password: who signed in needs no other for a share."
        ),
        ("SessionSetupAndxRequest", "vc_number"): when(
            0,
            "0 would have the server end the client's other connections; servers have long ceased to do that.",
        ),
        ("SessionSetupAndxResponse", "action"): lambda value: _GUEST if value & 1 else "",
        ("SessionSetupExtendedResponse", "action"): lambda value: _GUEST if value & 1 else "",
        ("NegotiateNtWords", "server_time_zone"): lambda value: (
            "Minutes that are added to the server's local time to get UTC: east of Greenwich they are negative."
            if value
            else ""
        ),
        ("NegotiateCoreResponse", "dialect_index"): when(
            0xFFFF, "The client and the server have no dialect in common."
        ),
        ("NtCreateAndxResponse", "create_disposition"): lambda value: _DONE,
        ("NtCreateAndxRequest", "share_access"): when(
            0, "Whoever opens the file meanwhile gets STATUS_SHARING_VIOLATION."
        ),
        ("NtCreateAndxRequest", "name_length"): lambda value: "Bytes of FileName, without its null.",
        ("CloseRequest", "last_write_time"): when(
            0xFFFFFFFF, "The server keeps the time of the last write that it knows itself."
        ),
        ("ReadAndxRequest", "timeout"): lambda value: (
            "XP writes 0xFFFFFFFF here: no high half of MaxCount, and for a pipe a wait without end."
            if value == 0xFFFFFFFF
            else ""
        ),
        ("ReadAndxResponse", "available"): when(
            0xFFFF, "0xFFFF: the server does not count what is left to be read."
        ),
        ("WriteAndxResponse", "available"): when(
            0xFFFF, "0xFFFF: the server does not count what is left to be read."
        ),
        ("FindFirst2Response", "end_of_search"): when(
            0, "There are more names: the client asks for them by FIND_NEXT2 with this SID."
        ),
        ("LockingAndxRequest", "timeout"): when(
            0xFFFFFFFF, "The answer comes when the lock is granted, however long that takes."
        ),
        ("WriteRequest", "count"): when(0, "A write of no bytes sets the end of the file to its offset."),
        ("EchoRequest", "echo_count"): lambda value: (
            "So many answers does the client want to this one request."
        ),
        ("QueryInformationDiskResponse", "total_units"): when(
            0xFFFF, "16 bits hold no more: old clients are told the most that they can count."
        ),
    }
)


@cache
def note_of(cls: type, field: str) -> Note | None:
    """The sentence that a field of a structure may need."""
    for base in cls.__mro__:
        own = _NOTES.get((base.__name__, field))
        if own is not None:
            return own
    return None
