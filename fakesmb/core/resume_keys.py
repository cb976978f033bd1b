"""What the server keeps in the resume keys of the old searches: the search, and the place in it."""

import struct
from typing import Final

from fakesmb.wire.codec import Buffer
from fakesmb.wire.search import ResumeKey

STATE: Final = struct.Struct("<HI10x")
"""SID, place."""


def sid_of(raw: Buffer) -> int | None:
    """The search that a key names; None where it is no key, as at the beginning of a search."""
    if len(raw) != ResumeKey.size():
        return None
    sid: int = STATE.unpack(ResumeKey.decode(raw).server_state)[0]
    return sid
