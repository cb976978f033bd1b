"""What browsers say to each other in \\MAILSLOT\\BROWSE ([MS-BRWS] 2.2), read and written; no state."""

import struct
from enum import IntEnum
from typing import Final, NamedTuple

from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.netbios import NAME_SIZE
from fakesmb.wire.oem import decode_oem, encode_short

LONGEST_COMMENT: Final = 42
"""Bytes of a comment without its null (2.2.1)."""
_ANNOUNCEMENT: Final = struct.Struct("<BBI16xBBIBBH")
_NAME_AT: Final = 6
_ELECTION: Final = struct.Struct("<BBIII")
_BACKUP: Final = struct.Struct("<BBI")
_BROWSER_VERSION: Final = (0x0F, 0x01)
_SIGNATURE: Final = 0xAA55


class FrameKind(IntEnum):
    """The first byte of a frame, 2.2."""

    HOST_ANNOUNCEMENT = 1
    ANNOUNCEMENT_REQUEST = 2
    REQUEST_ELECTION = 8
    GET_BACKUP_LIST_REQUEST = 9
    GET_BACKUP_LIST_RESPONSE = 10
    BECOME_BACKUP = 11
    DOMAIN_ANNOUNCEMENT = 12
    MASTER_ANNOUNCEMENT = 13
    RESET_STATE = 14
    LOCAL_MASTER_ANNOUNCEMENT = 15


class Announcement(NamedTuple):
    """HostAnnouncement, LocalMasterAnnouncement and DomainAnnouncement: 2.2.1, 2.2.6 and 2.2.7."""

    name: str
    server_type: int
    comment: str = ""
    """Of a domain: its master browser."""
    version: tuple[int, int] = (5, 2)
    seconds: int = 720
    """When the next one comes."""
    kind: int = FrameKind.HOST_ANNOUNCEMENT


class Election(NamedTuple):
    """RequestElection, 2.2.3. Compared as 3.3.5.8 has it, but that the lesser name wins: `beats`."""

    version: int
    criteria: int
    uptime: int
    """Milliseconds."""
    name: str

    def beats(self, other: "Election") -> bool:
        """Whether this one is to be master rather than the other."""
        mine, theirs = self[:3], other[:3]
        return mine > theirs or (mine == theirs and self.name < other.name)


class BackupRequest(NamedTuple):
    """GetBackupListRequest, 2.2.4."""

    most: int
    token: int


class BackupResponse(NamedTuple):
    """GetBackupListResponse, 2.2.5."""

    token: int
    servers: tuple[str, ...]


class AnnouncementRequest(NamedTuple):
    """AnnouncementRequest, 2.2.2."""

    name: str


Frame = Announcement | Election | BackupRequest | BackupResponse | AnnouncementRequest


def decode(data: Buffer, encoding: str = "cp850") -> Frame | None:
    """Reads a frame, None for one that is about nothing here; raises `DecodeError`."""
    kind = data[0] if len(data) else 0
    if kind in _ANNOUNCEMENTS:
        _, _, milliseconds, major, minor, server_type, _, _, _ = _unpack(_ANNOUNCEMENT, data)
        name = data[_NAME_AT : _NAME_AT + 16]
        comment = _text(data[_ANNOUNCEMENT.size :], encoding)
        return Announcement(
            _text(name, encoding).upper(), server_type, comment, (major, minor), milliseconds // 1000, kind
        )
    if kind == FrameKind.REQUEST_ELECTION:
        _, version, criteria, uptime, _ = _unpack(_ELECTION, data)
        return Election(version, criteria, uptime, _text(data[_ELECTION.size :], encoding).upper())
    if kind == FrameKind.GET_BACKUP_LIST_REQUEST:
        return BackupRequest(*_unpack(_BACKUP, data)[1:])
    if kind == FrameKind.GET_BACKUP_LIST_RESPONSE:
        _, count, token = _unpack(_BACKUP, data)
        names = bytes(data[_BACKUP.size :]).split(b"\0")[:count]
        return BackupResponse(token, tuple(decode_oem(name, encoding) for name in names))
    if kind == FrameKind.ANNOUNCEMENT_REQUEST:
        return AnnouncementRequest(_text(data[2:], encoding).upper())
    return None


_ANNOUNCEMENTS: Final = frozenset(
    {FrameKind.HOST_ANNOUNCEMENT, FrameKind.DOMAIN_ANNOUNCEMENT, FrameKind.LOCAL_MASTER_ANNOUNCEMENT}
)


def _unpack(layout: struct.Struct, data: Buffer) -> tuple[int, ...]:
    if len(data) < layout.size:
        raise DecodeError(f"a frame of browsers of {len(data)} bytes is cut")
    return layout.unpack_from(data)


def _text(raw: Buffer, encoding: str) -> str:
    return decode_oem(bytes(raw).partition(b"\0")[0], encoding).rstrip()


def encode(frame: Frame, encoding: str = "cp850") -> bytes:
    """The bytes of a frame."""

    def text(value: str, most: int) -> bytes:
        return encode_short(value, encoding, most)

    match frame:
        case Announcement(name, server_type, comment, (major, minor), seconds, kind):
            fixed = bytearray(
                _ANNOUNCEMENT.pack(
                    kind, 0, seconds * 1000, major, minor, server_type, *_BROWSER_VERSION, _SIGNATURE
                )
            )
            fixed[_NAME_AT : _NAME_AT + NAME_SIZE] = text(name, NAME_SIZE).ljust(NAME_SIZE, b"\0")
            return bytes(fixed) + text(comment, LONGEST_COMMENT) + b"\0"
        case Election(version, criteria, uptime, name):
            head = _ELECTION.pack(FrameKind.REQUEST_ELECTION, version, criteria, uptime & 0xFFFFFFFF, 0)
            return head + text(name, NAME_SIZE) + b"\0"
        case BackupRequest(count, token):
            return _BACKUP.pack(FrameKind.GET_BACKUP_LIST_REQUEST, count, token)
        case BackupResponse(token, servers):
            head = _BACKUP.pack(FrameKind.GET_BACKUP_LIST_RESPONSE, len(servers), token)
            return head + b"".join(text(name, NAME_SIZE) + b"\0" for name in servers)
        case AnnouncementRequest(name):
            return bytes((FrameKind.ANNOUNCEMENT_REQUEST, 0)) + text(name, NAME_SIZE) + b"\0"
