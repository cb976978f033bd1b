"""What the handles of lsarpc stand for, and the NDR that its parts share ([MS-LSAD] 3.1.1)."""

import struct
from collections.abc import Callable
from typing import Any, Final, TypeVar

from impacket.dcerpc.v5.dtypes import RPC_SID, RPC_UNICODE_STRING

from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.stub import U32, Call, wide

_STRING: Final = struct.Struct("<HHI")
_ARRAY: Final = struct.Struct("<III")


class Policy:
    """The policy object. There is one, and nothing of it can be changed."""


POLICY: Final = Policy()


class Stored:
    """An object of the policy database: one client can delete it while another holds it open."""

    def __init__(self, key: str, forget: Callable[[str], object]) -> None:
        self.key = key
        self._forget = forget
        self.gone = False

    def delete(self) -> None:
        """Takes it out of the database; handles of it are invalid from now on."""
        self.gone = True
        self._forget(self.key)


T = TypeVar("T")


def held(call: Call, handle: bytes, kind: type[T]) -> T:
    """What a handle stands for; raises INVALID_HANDLE for one of another kind, and where it has been deleted."""
    what = call.held(handle, kind)
    if isinstance(what, Stored) and what.gone:
        raise SMBError(NT.INVALID_HANDLE, "the object of the handle was deleted")
    return what


def handle(name: str) -> Callable[[Any], bytes]:
    """The argument of an operation that is a context handle."""
    return lambda request: bytes(request[name])


POLICY_HANDLE: Final = handle("PolicyHandle")


def done() -> bytes:
    """The response of a call that gives back nothing but its status."""
    return U32.pack(NT.SUCCESS)


def sid_of(text: str) -> Any:
    """A SID for impacket."""
    sid = RPC_SID()
    sid.fromCanonical(text)
    return sid


def sid_bytes(text: str) -> bytes:
    """A SID as what a pointer points to, its conformant count first; [MS-DTYP] 2.4.2.3."""
    revision, authority, *parts = map(int, text.split("-")[1:])
    head = struct.pack("<IBB", len(parts), revision, len(parts)) + authority.to_bytes(6, "big")
    return head + struct.pack(f"<{len(parts)}I", *parts)


def text_of(text: str) -> Any:
    """An RPC_UNICODE_STRING for impacket, without a null."""
    string = RPC_UNICODE_STRING()
    string["Data"] = wide(text)[:-1]
    return string


def unicode_string(text: str, referent: int) -> bytes:
    """An RPC_UNICODE_STRING as the target of a top-level pointer, for the responses that impacket has wrong."""
    raw = wide(text)[:-1].encode("utf-16-le")
    count = len(raw) // 2
    out = _STRING.pack(len(raw), len(raw), referent) + _ARRAY.pack(count, 0, count) + raw
    return out + bytes(-len(out) % 4)


def given_text(value: Any) -> str:
    """The text of an RPC_UNICODE_STRING in a request; a null pointer, for which impacket gives b"", is no text."""
    return value.rstrip("\0") if isinstance(value, str) else ""
