"""SIDs of this server and its accounts, the same on every start: descriptors on the disk name them.

The machine's SID comes from the server's name, an account's RID from the account's name, so that neither a
restart nor another order of accounts in the configuration gives files away.
"""

import hashlib
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from fakesmb.nt.descriptor import WellKnown
from fakesmb.nt.names import fold
from fakesmb.nt.token import Token
from fakesmb.rpc.view import AccountRow

if TYPE_CHECKING:
    from fakesmb.auth.accounts import Account, Identity

ADMINISTRATOR_RID: Final = 500
GUEST_RID: Final = 501
NONE_RID: Final = 513
"""The group `None`, which every local account is in."""
_FIRST_RID: Final = 1000
_RIDS: Final = 1_000_000_000
_BUILT_IN: Final = {"ADMINISTRATOR": ADMINISTRATOR_RID, "GUEST": GUEST_RID, "NONE": NONE_RID}


@lru_cache(maxsize=16)
def machine_sid(name: str) -> str:
    """The SID that local accounts hang from."""
    digest = hashlib.sha256(b"fakesmb machine " + name.upper().encode()).digest()
    numbers = (int.from_bytes(digest[at : at + 4], "little") for at in (0, 4, 8))
    return "S-1-5-21-" + "-".join(map(str, numbers))


@lru_cache(maxsize=1024)
def rid_of(name: str) -> int:
    """The RID of a local account, from its name in any case."""
    folded = fold(name)
    built_in = _BUILT_IN.get(folded)
    if built_in is not None:
        return built_in
    # Lower case where that is the same name: the RIDs in descriptors on the disk were made so.
    spelt = "".join(low if fold(low := c.lower()) == c else c for c in folded)
    return _FIRST_RID + zlib.crc32(spelt.encode("utf-8", "surrogatepass")) % _RIDS


def account_rows(accounts: Iterable["Account"], *, guest: bool = False) -> tuple[AccountRow, ...]:
    """Accounts that one can sign in with, the guest among them if there is one."""
    rows = {
        rid: AccountRow(one.name, rid, admin=one.admin)
        for one in accounts
        if (rid := rid_of(one.name)) != NONE_RID
    }
    if guest:
        rows.setdefault(GUEST_RID, AccountRow("Guest", GUEST_RID))
    return tuple(rows.values())


def token_of(machine: str, identity: "Identity") -> Token:
    """A signed-in user as access checks see one ([MS-DTYP] 2.5.2)."""
    groups = {WellKnown.EVERYONE, WellKnown.NETWORK}
    if identity.kind == "anonymous":
        return Token(WellKnown.ANONYMOUS, frozenset(groups), WellKnown.ANONYMOUS)
    none = f"{machine}-{NONE_RID}"
    groups.add(none)
    if identity.kind == "guest":
        groups.add(WellKnown.GUESTS)
        return Token(f"{machine}-{GUEST_RID}", frozenset(groups), none)
    groups |= {WellKnown.AUTHENTICATED_USERS, WellKnown.USERS}
    if identity.admin:
        groups.add(WellKnown.ADMINISTRATORS)
    return Token(f"{machine}-{rid_of(identity.user)}", frozenset(groups), none, identity.admin)
