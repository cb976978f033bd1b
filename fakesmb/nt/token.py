"""A signed-in user, as access checks see one ([MS-DTYP] 2.5.2)."""

import msgspec

from fakesmb.nt.descriptor import WellKnown


class Token(msgspec.Struct, frozen=True):
    """A signed-in user, as access checks see one."""

    user: str
    groups: frozenset[str] = frozenset((WellKnown.EVERYONE,))
    primary_group: str = WellKnown.USERS
    admin: bool = False
    """Holds the privileges of administrators: take ownership, backup, restore, and the SACL."""

    @property
    def owner(self) -> str:
        """Who owns what this user makes: an administrator's files belong to all of them."""
        return WellKnown.ADMINISTRATORS if self.admin else self.user

    def has(self, sid: str | None) -> bool:
        """Whether the user is, or is in, that SID."""
        return sid == self.user or sid in self.groups
