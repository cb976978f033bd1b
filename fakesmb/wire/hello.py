"""The first request of a client and what it is answered, read and written without the machinery that the rest of the
protocol needs: for who only asks whether a server is there ([MS-CIFS] 2.2.4.52).
"""

import struct
from typing import Final, NamedTuple

from fakesmb.wire.dialect import Dialect, SecurityMode

OFFERED: Final = (
    *(Dialect.CORE, Dialect.CORE_OLD, Dialect.CORE_PLUS, Dialect.XENIX, Dialect.DOS_LANMAN1, Dialect.LANMAN1),
    *(
        Dialect.DOS_LANMAN2,
        Dialect.WFW,
        Dialect.LANMAN2,
        Dialect.DOS_LANMAN21,
        Dialect.LANMAN21,
        Dialect.NT_LM,
    ),
)
"""The dialects that clients offer, so that a server of any age finds one. Not NT LANMAN 1.0, which no client has: Samba
would choose it before NT LM 0.12, and means the same."""
LATER: Final = (Dialect.NT_LM, Dialect.SMB2, Dialect.SMB2_ANY)
"""What a client offers that knows SMB 2, too ([MS-SMB2] 3.2.4.2.2.1)."""
SMB2_MAGIC: Final = b"\xfeSMB"
_MAGIC: Final = b"\xffSMB"
_HEADER: Final = struct.Struct("<4sBIBH12s4H")
"""Magic, command, status, Flags, Flags2, what is left out, TID, PID, UID, MID ([MS-CIFS] 2.2.3.1)."""
_NEGOTIATE: Final = 0x72
_REPLY: Final = 0x80
_FLAGS: Final = 0x18
_FLAGS2: Final = 0xC001
"""Unicode, NT statuses, long names; no extended security, for whose answer a server leaves out its name."""
_NT_STATUS: Final = 0x4000
_PID: Final = 0xFEFF
_NO_TID: Final = 0xFFFF
_MID: Final = 1
_NONE_COMMON: Final = 0xFFFF
_NT_WORDS: Final = struct.Struct("<2xB16xI10xB")
"""SecurityMode, Capabilities, ChallengeLength."""
_LANMAN_WORD_COUNT: Final = 13
_UNICODE: Final = 0x00000004
_EXTENDED: Final = 0x80000000


class HelloError(Exception):
    """What came is no answer to a negotiate, or a refusal; its text goes on after the name of who sent it."""


class NoneCommonError(HelloError):
    """The server takes none of the dialects."""


class Offer(NamedTuple):
    """What a server says of itself."""

    dialect: str
    words: tuple[str, ...]
    """Its name, and what is not as everywhere: for people."""


def request(dialects: tuple[str, ...] = OFFERED) -> bytes:
    """The message of SMB_COM_NEGOTIATE."""
    header = _HEADER.pack(_MAGIC, _NEGOTIATE, 0, _FLAGS, _FLAGS2, bytes(12), _NO_TID, _PID, 0, _MID)
    listed = b"".join(b"\x02" + one.encode("ascii") + b"\0" for one in dialects)
    return header + b"\0" + struct.pack("<H", len(listed)) + listed


def read(answer: bytes) -> Offer:
    """The answer to all dialects. Raises `HelloError`."""
    if len(answer) <= _HEADER.size or not answer.startswith(_MAGIC):
        raise HelloError("answers a negotiate by what is no message of SMB1")
    _, command, status, flags, flags2, *_, mid = _HEADER.unpack_from(answer)
    if command != _NEGOTIATE or not flags & _REPLY or mid != _MID:
        raise HelloError(f"answers a negotiate by another message (command 0x{command:02X})")
    if status:
        raise HelloError(f"refuses the negotiate: {_status(status, flags2)}")
    count = answer[_HEADER.size]
    words = answer[_HEADER.size + 1 : _HEADER.size + 1 + 2 * count]
    if not count or len(words) < 2 * count:
        raise HelloError("answers a negotiate by a message that is cut short")
    index = int.from_bytes(words[:2], "little")
    if index == _NONE_COMMON:
        raise NoneCommonError("takes none of the dialects")
    if index >= len(OFFERED):
        raise HelloError(f"chooses dialect {index} of the {len(OFFERED)} that it was offered")
    return Offer(OFFERED[index], tuple(_said(words, answer[_HEADER.size + 3 + 2 * count :])))


def _said(words: bytes, data: bytes) -> list[str]:
    if len(words) == _NT_WORDS.size:
        mode, capabilities, challenge = _NT_WORDS.unpack(words)
        named = [] if capabilities & _EXTENDED else _names(data[challenge:], capabilities)
        return [*named, *_security(mode)]
    return _security(words[2]) if len(words) == 2 * _LANMAN_WORD_COUNT else []


def _names(data: bytes, capabilities: int) -> list[str]:
    """The server's name and that of its domain; older servers leave out the first."""
    text = data.decode("utf-16-le" if capabilities & _UNICODE else "cp850", "replace")
    domain, _, rest = text.partition("\0")
    server = rest.partition("\0")[0]
    domain, server = (one if one.isprintable() else ascii(one) for one in (domain, server))
    if server and domain:
        return [f"{server} in {domain}"]
    return [server] if server else [f"of {domain}"] if domain else []


def _security(mode: int) -> list[str]:
    words = [] if mode & SecurityMode.USER else ["share level"]
    if not mode & SecurityMode.ENCRYPT_PASSWORDS:
        words.append("passwords in plain text")
    if mode & SecurityMode.SIGNATURES_REQUIRED:
        words.append("signing required")
    return words


def _status(status: int, flags2: int) -> str:
    from fakesmb.nt.status import NT

    if not flags2 & _NT_STATUS:
        return f"error {status >> 16} of class {status & 0xFF}"
    try:
        return f"STATUS_{NT(status).name}"
    except ValueError:
        return f"status 0x{status:08X}"
