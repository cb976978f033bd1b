"""What a command names: a path, a FID, a search, a share, a user."""

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

IPC: Final = "IPC$"
U16_AT: Final = struct.Struct("<H").unpack_from
_U32_AT: Final = struct.Struct("<I").unpack_from


class Claim(NamedTuple):
    """Who a session setup says that they are."""

    user: str | None
    """None where its token does not say: the first of NTLMSSP, Kerberos."""
    domain: str = ""
    workstation: str = ""
    lm_response: int = 0
    nt_response: int = 0
    """Bytes of the responses."""
    native_os: str = ""
    session_security: bool = False
    """Whether its NTLM response is one of extended session security."""
    kerberos: bool = False


class Named(NamedTuple):
    """What a command names; what it does not is empty."""

    path: str | None = None
    fid: int | None = None
    root: int = 0
    """The FID of the directory that the path begins in."""
    share: str = ""
    claim: Claim | None = None
    subcommand: int = -1
    sid: int | None = None
    closes: bool = False
    """Of a search, that it ends with its first answer."""
    closes_at_end: bool = False
    """Of a search, that it ends with the last name."""
    opens: bool = False
    """Of a transaction, that its answer has the FID of what it names."""
    verbatim: bool = False
    """Whether the path is no path of a file: the name of a pipe or a server."""
    key: bytes = b""
    """Of a search that goes on, the server's part of its resume key."""


Reader = Callable[[bytes, int, bool, str], Named | None]
"""Reads what the command whose WordCount is at an offset names; Unicode or not, and the code page otherwise."""
