"""The errors that a dialect below NT LM 0.12 has: what its clients are told instead of a code that came later.

The core set is that of DOS 3.1; LAN Manager added pipes, and OS/2 the codes of its own file systems ([MS-CIFS] 2.2.2.4
marks what came with NT). A client that meets a code it does not know shows a number, or takes it for success.
"""

from typing import Final

from fakesmb.core.dialects import Protocol
from fakesmb.nt.status import ERRDOS, ERRHRD, ERRSRV, Dos

_GENERAL_FAILURE: Final[Dos] = (ERRHRD, 31)
"""ERRgeneral: what DOS and OS/2 show for what has no code."""

_CORE: Final = frozenset((*range(1, 19), 32, 33, 50, 80))
"""The codes of ERRDOS that DOS has."""
_PIPES: Final = frozenset((109, *range(230, 235)))
"""Those of named pipes, which LAN Manager brought."""
_OS2: Final = frozenset((24, 31, 38, 87, 112, 122, 123, 124, 158, 161, 183, 206, 254, 255, 267, 275, 282))
"""What OS/2 has beside them."""
_FOR_DOS: Final[dict[int, Dos]] = {
    24: (ERRDOS, 13),
    38: (ERRDOS, 5),
    87: (ERRDOS, 1),
    112: (ERRHRD, 39),
    122: (ERRDOS, 8),
    123: (ERRDOS, 3),
    124: (ERRDOS, 1),
    158: (ERRDOS, 33),
    161: (ERRDOS, 3),
    183: (ERRDOS, 5),
    206: (ERRDOS, 3),
    254: (ERRDOS, 1),
    255: (ERRDOS, 1),
    267: (ERRDOS, 3),
    275: (ERRDOS, 1),
    282: (ERRDOS, 1),
    300: (ERRDOS, 5),
}
"""The nearest that DOS has: ERRbaddata, ERRnoaccess, ERRbadfunc, ERRdiskfull, ERRnomem, ERRbadpath, ERRlock."""
_ACCOUNTS: Final = range(2239, 2243)
"""Codes of ERRSRV about accounts and passwords that have expired."""
_BAD_PASSWORD: Final = 2


class OldErrors:
    """What one kind of client knows: `told` is given a class and a code, and gives those that it is told."""

    __slots__ = ("_dos", "_known")

    def __init__(self, protocol: Protocol, *, dos: bool) -> None:
        self._known = _CORE | (_PIPES if protocol >= Protocol.LANMAN1 else frozenset())
        if not dos:
            self._known |= _OS2
        self._dos = dos

    def told(self, pair: Dos) -> Dos:
        """The class and code, or the nearest that the client knows."""
        kind, code = pair
        if kind == ERRSRV:
            return (ERRSRV, _BAD_PASSWORD) if self._dos and code in _ACCOUNTS else pair
        if kind != ERRDOS or code in self._known:
            return pair
        return _FOR_DOS.get(code, _GENERAL_FAILURE) if self._dos else _GENERAL_FAILURE
