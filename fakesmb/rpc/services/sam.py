"""The account database as samr shows it: the machine's own domain, and `Builtin` with its aliases ([MS-SAMR] 3.1.1)."""

from typing import Final, NamedTuple

from fakesmb.nt.descriptor import WellKnown
from fakesmb.rpc.services.accounts import ALIAS, GROUP, USER, local_rows
from fakesmb.rpc.view import ServerFacts

BUILTIN_SID: Final = "S-1-5-32"
INTERACTIVE: Final = "S-1-5-4"
NONE_RID: Final = 513
ADMINISTRATORS, USERS, GUESTS = 544, 545, 546


class Control:
    """What kind of account one is ([MS-SAMR] 2.2.1.12)."""

    DISABLED: Final = 0x001
    PASSWORD_NOT_REQUIRED: Final = 0x004
    NORMAL: Final = 0x010
    DONT_EXPIRE_PASSWORD: Final = 0x200


class User(NamedTuple):
    """A user of the machine."""

    name: str
    rid: int
    control: int
    comment: str
    admin: bool
    use: int = USER


class Group(NamedTuple):
    """A group (with RIDs of the same domain as members) or an alias (with SIDs)."""

    name: str
    rid: int
    comment: str
    members: tuple[str, ...]
    use: int


class Domain(NamedTuple):
    """One of the two domains of a machine."""

    name: str
    sid: str
    users: tuple[User, ...]
    groups: tuple[Group, ...]
    aliases: tuple[Group, ...]

    @property
    def accounts(self) -> tuple[User | Group, ...]:
        """Everything that has a RID here."""
        return (*self.users, *self.groups, *self.aliases)


_GUEST_RID: Final = 501
_COMMENTS: Final = {
    500: "Built-in account for administering the computer/domain",
    501: "Built-in account for guest access to the computer/domain",
}
_ALIASES: Final = (
    (
        ADMINISTRATORS,
        "Administrators",
        "Administrators have complete and unrestricted access to the computer/domain",
    ),
    (USERS, "Users", "Users are prevented from making accidental or intentional system-wide changes"),
    (GUESTS, "Guests", "Guests have the same access as members of the Users group by default"),
    (547, "Power Users", "Power Users possess most administrative powers with some restrictions"),
    (
        551,
        "Backup Operators",
        "Backup Operators can override security restrictions to back up or restore files",
    ),
    (552, "Replicator", "Supports file replication in a domain"),
)


def _control(rid: int, *, disabled: bool) -> int:
    flags = Control.NORMAL | Control.DONT_EXPIRE_PASSWORD
    if disabled:
        flags |= Control.DISABLED
    if rid == _GUEST_RID:
        flags |= Control.PASSWORD_NOT_REQUIRED
    return flags


def machine(facts: ServerFacts) -> Domain:
    """The machine's own domain."""
    users = tuple(
        User(
            one.name, one.rid, _control(one.rid, disabled=one.disabled), _COMMENTS.get(one.rid, ""), one.admin
        )
        for one in local_rows(facts)
        if not one.group
    )
    everybody = tuple(f"{facts.machine_sid}-{one.rid}" for one in users)
    none = Group("None", NONE_RID, "Ordinary users", everybody, GROUP)
    return Domain(facts.name.upper(), facts.machine_sid, users, (none,), ())


def builtin(facts: ServerFacts) -> Domain:
    """The domain of the aliases that every machine has, with the machine's users as their members."""
    own = machine(facts)
    sids = {one: f"{own.sid}-{one.rid}" for one in own.users}
    members = {
        ADMINISTRATORS: tuple(sid for one, sid in sids.items() if one.admin),
        USERS: (
            INTERACTIVE,
            WellKnown.AUTHENTICATED_USERS,
            *(sid for one, sid in sids.items() if one.rid != _GUEST_RID and not one.admin),
        ),
        GUESTS: tuple(sid for one, sid in sids.items() if one.rid == _GUEST_RID),
    }
    aliases = tuple(Group(name, rid, comment, members.get(rid, ()), ALIAS) for rid, name, comment in _ALIASES)
    return Domain("Builtin", BUILTIN_SID, (), (), aliases)


def domains(facts: ServerFacts) -> tuple[Domain, Domain]:
    """Both, the machine's own first, as Windows lists them."""
    return machine(facts), builtin(facts)
