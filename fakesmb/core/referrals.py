"""DFS referrals: what TRANS2_GET_DFS_REFERRAL is answered, with namespaces here and without ([MS-DFSC] 3.2.5)."""

from collections.abc import Iterable
from typing import Final

from fakesmb.core.namespaces import Namespace, components
from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import encode_utf16
from fakesmb.wire.dfs import HIGHEST_VERSION, LINK_TTL, ROOT_TTL, ReferralResponse

_OF_A_DOMAIN: Final = 1
"""Components of a path that asks for domain controllers; of one that asks for domains there are none."""
_OF_A_ROOT: Final = 2


class ReferralTable:
    """The namespaces of one server; there are none unless configured."""

    def __init__(self, namespaces: Iterable[Namespace] = (), no_namespace: int = NT.NO_SUCH_DEVICE) -> None:
        """`no_namespace`: what a path outside them is refused with."""
        self._no_namespace = no_namespace
        self._namespaces = {fold(one.share): one for one in namespaces}

    def refer(self, path: str, max_level: int, room: int = 0xFFFF) -> bytes:
        """The transaction data of the answer, at the highest version that the client takes, with as many targets as
        `room` bytes hold.

        Raises NO_SUCH_DEVICE, or what the profile says, where the path lies in no namespace, which tells the client to
        connect directly: the last step of the documented exchange. BUFFER_OVERFLOW where no target has room,
        INVALID_PARAMETER for what only a domain controller tells.
        """
        wanted = components(path)
        if not self._namespaces:
            raise SMBError(self._no_namespace, "not a DFS namespace: connect to the share itself")
        if len(wanted) <= _OF_A_DOMAIN:
            what = "domain controllers" if wanted else "domains"
            raise SMBError(NT.INVALID_PARAMETER, f"it asks for {what}, and this is no controller of a domain")
        namespace = self._namespaces.get(fold(wanted[1]))
        if namespace is None:
            raise SMBError(self._no_namespace, "not a DFS namespace: connect to the share itself")
        if not max_level:
            raise SMBError(NT.INVALID_PARAMETER, "MaxReferralLevel is 0")
        version = min(max_level, HIGHEST_VERSION)
        link = namespace.link(wanted[_OF_A_ROOT:])
        if link is None:
            consumed = _consumed(path, _OF_A_ROOT)
            return _as_fits(consumed, version, (_root(consumed),), room, root=True)
        consumed = _consumed(path, _OF_A_ROOT + len(link.parts))
        return _as_fits(consumed, version, link.targets, room)


def _root(consumed: str) -> str:
    """The one target of a namespace of this server alone: itself, as the client calls it."""
    return "\\" + "\\".join(components(consumed))


def _as_fits(
    consumed: str, version: int, targets: tuple[str, ...], room: int, *, root: bool = False
) -> bytes:
    """As many whole entries as there is room for ([MS-DFSC] 3.2.5.1)."""
    ttl = ROOT_TTL if root else LINK_TTL
    size = len(encode_utf16(consumed))
    for count in range(len(targets), 0, -1):
        answer = ReferralResponse(size, version, targets[:count], consumed, root, ttl).encode()
        if len(answer) <= room:
            return answer
    raise SMBError(NT.BUFFER_OVERFLOW, f"no target has room in {room} bytes")


def _consumed(path: str, count: int) -> str:
    """The part of a path that its first `count` components make up, as the client wrote it."""
    at = 0
    for _ in range(count):
        while at < len(path) and path[at] in "\\/":
            at += 1
        while at < len(path) and path[at] not in "\\/":
            at += 1
    return path[:at]
