"""The identifiers of a captured connection and what they are in the one that replays it."""

from collections.abc import Mapping
from typing import Final

from fakesmb.replay.references import references
from fakesmb.wire.header import Header

NO_FID: Final = 0xFFFF
"""As a FID: "all", or "that of this chain"; as a SID: "all". Means the same on every server."""
_UID_AT: Final = 28
_TID_AT: Final = 24
_MID_AT: Final = 30
_STEP: Final = 0x0101
_MOST_STEPS: Final = 0x10000


class Numbers(dict[int, int]):
    """Identifiers of one kind: what the capture has, and what there is instead."""

    def meant(self, number: int) -> int:
        """What to send for a captured number.

        One that nobody gave stays as it is, unless it would be one that means something now: then another is sent that
        means nothing.
        """
        known = self.get(number)
        if known is not None:
            return known
        live = set(self.values())
        for _ in range(_MOST_STEPS):
            if number not in live:
                break
            number = number + _STEP & 0xFFFF
        return number


class Identifiers:
    """UIDs, TIDs, FIDs and SIDs of one connection."""

    def __init__(self) -> None:
        self.uids = Numbers()
        self.tids = Numbers()
        self.fids = Numbers()
        self.sids = Numbers()
        self.usual_uid: int | None = None
        """For UIDs that nobody gave, where the capture begins after the sign-in."""
        self.usual_tid: int | None = None
        """For TIDs, likewise."""

    def of_header(self, header: Header, *, signs_in: bool) -> tuple[int, int]:
        """UID and TID to send; a sign-in that goes on with none of here begins with UID 0."""
        uid, tid = header.uid, header.tid
        if signs_in:
            uid = self.uids.get(uid, 0) if uid else 0
        elif uid not in self.uids and self.usual_uid is not None:
            uid = self.usual_uid
        elif uid or uid in self.uids:
            uid = self.uids.meant(uid)
        if tid not in self.tids and self.usual_tid is not None and tid not in (0, NO_FID):
            tid = self.usual_tid
        elif (tid and tid != NO_FID) or tid in self.tids:
            tid = self.tids.meant(tid)
        return uid, tid

    def translate(self, message: bytearray, header: Header, *, signs_in: bool, encoding: str) -> None:
        """Puts what is there now into a captured request: header, FIDs, SIDs."""
        uid, tid = self.of_header(header, signs_in=signs_in)
        message[_TID_AT : _TID_AT + 2] = tid.to_bytes(2, "little")
        message[_UID_AT : _UID_AT + 2] = uid.to_bytes(2, "little")
        for kind, at, size in references(bytes(message), header, encoding):
            number = int.from_bytes(message[at : at + size], "little")
            meant = self._meant(kind, number)
            if meant != number:
                message[at : at + size] = meant.to_bytes(size, "little")

    def _meant(self, kind: str, number: int) -> int:
        tables: Mapping[str, Numbers] = {
            "fid": self.fids,
            "sid": self.sids,
            "root": self.fids,
            "tid": self.tids,
        }
        table = tables[kind]
        if number not in table and (number == NO_FID or number > NO_FID or (kind == "root" and not number)):
            return number
        return table.meant(number)

    def end(self, kind: str, number: int) -> None:
        """The captured server took an identifier back."""
        tables = {"fid": self.fids, "sid": self.sids, "tid": self.tids, "uid": self.uids}
        tables[kind].pop(number, None)


def with_mid(message: bytes, mid: int) -> bytes:
    """The message with another MID."""
    return message[:_MID_AT] + mid.to_bytes(2, "little") + message[_MID_AT + 2 :]
