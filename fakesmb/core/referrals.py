"""DFS referrals: which namespaces there are, and what TRANS2_GET_DFS_REFERRAL is answered ([MS-DFSC] 3.2.5)."""

from collections.abc import Iterable

import msgspec

from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import encode_utf16
from fakesmb.wire.dfs import HIGHEST_VERSION, ReferralResponse


class Referral(msgspec.Struct, frozen=True):
    """A namespace, or a link in one, and where it really is."""

    path: str
    """`\\HOST\\namespace` or `\\HOST\\namespace\\link`, any case."""
    targets: tuple[str, ...]
    """`\\server\\share` each, best first."""
    root: bool = False
    """A namespace root, which this server holds itself."""
    ttl: int = 300
    """Seconds that a client may remember it."""


def _parts(path: str) -> list[str]:
    return [fold(part) for part in path.replace("/", "\\").split("\\") if part]


class ReferralTable:
    """All referrals of one server; empty unless configured."""

    def __init__(self, referrals: Iterable[Referral] = (), no_namespace: int = NT.NO_SUCH_DEVICE) -> None:
        """`no_namespace`: what a path outside them is refused with."""
        self._no_namespace = no_namespace
        # The longest path first: a link wins over the root it lies in.
        self._referrals = sorted(
            ((_parts(one.path), one) for one in referrals), key=lambda known: -len(known[0])
        )

    def __bool__(self) -> bool:
        """Whether there is anything to refer to, and so a reason to offer CAP_DFS."""
        return bool(self._referrals)

    def refer(self, path: str, max_level: int) -> bytes:
        """The transaction data of the answer, at the highest of versions 1 to 3 that the client takes.

        Raises NO_SUCH_DEVICE, or what the profile says, where the path lies in no namespace, which tells the client to
        connect directly: the last step of the documented exchange.
        """
        wanted = _parts(path)
        for known, referral in self._referrals:
            if wanted[1 : len(known)] == known[1:] and len(wanted) >= len(known):
                return _response(referral, _consumed(path, len(known)), max_level).encode()
        raise SMBError(self._no_namespace, "not a DFS namespace: connect to the share itself")


def _response(referral: Referral, consumed: str, max_level: int) -> ReferralResponse:
    if not max_level:
        raise SMBError(NT.INVALID_PARAMETER, "MaxReferralLevel is 0")
    return ReferralResponse(
        len(encode_utf16(consumed)),
        min(max_level, HIGHEST_VERSION),
        referral.targets,
        consumed,
        referral.root,
        referral.ttl,
    )


def _consumed(path: str, count: int) -> str:
    """The part of a path that its first `count` components make up, as the client wrote it."""
    at = 0
    for _ in range(count):
        while at < len(path) and path[at] in "\\/":
            at += 1
        while at < len(path) and path[at] not in "\\/":
            at += 1
    return path[:at]
