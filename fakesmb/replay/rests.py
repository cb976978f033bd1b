"""Rests of answers on pipes: what a captured client read of a long answer is not there where the answer here is short.

A read of a pipe that has nothing to say waits until it has ([MS-CIFS] 3.3.5.35), so such reads are not sent.
"""

from typing import Final

from fakesmb.nt.status import NT
from fakesmb.replay.references import references
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Header

NO_REST: Final = "the server's answer was whole: there is no rest of it to read"
_READS: Final = frozenset({Command.READ_ANDX, Command.READ})


class Rests:
    """Of one connection: the captured FIDs of pipes whose present answer was whole where the captured one was not."""

    def __init__(self) -> None:
        self._whole: set[int] = set()

    def learn(self, request: bytes, asked: Header, captured: Header, here: Header) -> None:
        """Takes the headers of both answers to a request."""
        if captured.status == NT.BUFFER_OVERFLOW and here.status != NT.BUFFER_OVERFLOW:
            self._whole.update(_fids(request, asked))

    def missing(self, request: bytes, asked: Header) -> str:
        """Why a captured request on a pipe cannot be sent: it reads such a rest. Empty for all others."""
        if not self._whole:
            return ""
        fids = _fids(request, asked)
        if asked.command in _READS:
            return NO_REST if self._whole & fids else ""
        self._whole -= fids  # whatever is asked or written next has an answer of its own
        return ""


def _fids(message: bytes, header: Header) -> set[int]:
    return {
        int.from_bytes(message[one.at : one.at + one.size], "little")
        for one in references(message, header)
        if one.kind == "fid"
    }
