"""Names and SIDs: the well-known ones of [MS-DTYP] 2.4.2.4 and this machine's own accounts."""

from typing import Final, NamedTuple

from fakesmb.nt.names import fold
from fakesmb.rpc.view import AccountRow, Caller, ServerFacts

USER: Final = 1
GROUP: Final = 2
DOMAIN: Final = 3
ALIAS: Final = 4
WELL_KNOWN_GROUP: Final = 5
UNKNOWN: Final = 8
"""SID_NAME_USE, [MS-LSAT] 2.2.13."""

FIRST_RID: Final = 1000


class Account(NamedTuple):
    """A name, its SID, and the domain it belongs to."""

    name: str
    sid: str
    use: int
    domain: str
    domain_sid: str


_NT: Final = ("NT AUTHORITY", "S-1-5")
_BUILTIN: Final = ("BUILTIN", "S-1-5-32")

WELL_KNOWN: Final = tuple(
    Account(name, sid, use, *domain)
    for name, sid, use, domain in (
        ("NULL SID", "S-1-0-0", WELL_KNOWN_GROUP, ("", "S-1-0")),
        ("Everyone", "S-1-1-0", WELL_KNOWN_GROUP, ("", "S-1-1")),
        ("LOCAL", "S-1-2-0", WELL_KNOWN_GROUP, ("", "S-1-2")),
        ("CREATOR OWNER", "S-1-3-0", WELL_KNOWN_GROUP, ("", "S-1-3")),
        ("CREATOR GROUP", "S-1-3-1", WELL_KNOWN_GROUP, ("", "S-1-3")),
        ("DIALUP", "S-1-5-1", WELL_KNOWN_GROUP, _NT),
        ("NETWORK", "S-1-5-2", WELL_KNOWN_GROUP, _NT),
        ("BATCH", "S-1-5-3", WELL_KNOWN_GROUP, _NT),
        ("INTERACTIVE", "S-1-5-4", WELL_KNOWN_GROUP, _NT),
        ("SERVICE", "S-1-5-6", WELL_KNOWN_GROUP, _NT),
        ("ANONYMOUS LOGON", "S-1-5-7", WELL_KNOWN_GROUP, _NT),
        ("PROXY", "S-1-5-8", WELL_KNOWN_GROUP, _NT),
        ("ENTERPRISE DOMAIN CONTROLLERS", "S-1-5-9", WELL_KNOWN_GROUP, _NT),
        ("SELF", "S-1-5-10", WELL_KNOWN_GROUP, _NT),
        ("Authenticated Users", "S-1-5-11", WELL_KNOWN_GROUP, _NT),
        ("RESTRICTED", "S-1-5-12", WELL_KNOWN_GROUP, _NT),
        ("TERMINAL SERVER USER", "S-1-5-13", WELL_KNOWN_GROUP, _NT),
        ("REMOTE INTERACTIVE LOGON", "S-1-5-14", WELL_KNOWN_GROUP, _NT),
        ("SYSTEM", "S-1-5-18", WELL_KNOWN_GROUP, _NT),
        ("LOCAL SERVICE", "S-1-5-19", WELL_KNOWN_GROUP, _NT),
        ("NETWORK SERVICE", "S-1-5-20", WELL_KNOWN_GROUP, _NT),
        ("BUILTIN", "S-1-5-32", DOMAIN, _BUILTIN),
        ("Administrators", "S-1-5-32-544", ALIAS, _BUILTIN),
        ("Users", "S-1-5-32-545", ALIAS, _BUILTIN),
        ("Guests", "S-1-5-32-546", ALIAS, _BUILTIN),
        ("Power Users", "S-1-5-32-547", ALIAS, _BUILTIN),
        ("Account Operators", "S-1-5-32-548", ALIAS, _BUILTIN),
        ("Server Operators", "S-1-5-32-549", ALIAS, _BUILTIN),
        ("Print Operators", "S-1-5-32-550", ALIAS, _BUILTIN),
        ("Backup Operators", "S-1-5-32-551", ALIAS, _BUILTIN),
        ("Replicator", "S-1-5-32-552", ALIAS, _BUILTIN),
    )
)

LOCAL: Final = (
    AccountRow("Administrator", 500, admin=True, disabled=True),
    AccountRow("Guest", 501, disabled=True),
    AccountRow("None", 513, group=True),
)
"""What every Windows machine has; nobody can sign in as the first two unless they are configured."""


def local_rows(facts: ServerFacts) -> list[AccountRow]:
    """All local accounts, by their RIDs."""
    rows = {one.rid: one for one in (*LOCAL, *facts.accounts)}
    return [rows[rid] for rid in sorted(rows)]


class Directory:
    """Who is who on one server, as one caller sees it."""

    def __init__(self, facts: ServerFacts, caller: Caller) -> None:
        self.machine = facts.name.upper()
        self.machine_sid = facts.machine_sid
        rows = local_rows(facts)
        if caller.user and not caller.anonymous and all(fold(one.name) != fold(caller.user) for one in rows):
            rows.append(AccountRow(caller.user, FIRST_RID))  # a caller can always be named
        accounts = [Account(self.machine, self.machine_sid, DOMAIN, self.machine, self.machine_sid)]
        accounts += [
            Account(
                one.name,
                f"{self.machine_sid}-{one.rid}",
                GROUP if one.group else USER,
                self.machine,
                self.machine_sid,
            )
            for one in rows
        ]
        self._by_name: dict[str, list[Account]] = {}
        self._by_sid: dict[str, Account] = {}
        for account in (*accounts, *WELL_KNOWN):
            self._by_name.setdefault(fold(account.name), []).append(account)
            self._by_sid.setdefault(account.sid, account)
        self._domains = {fold(self.machine), fold(facts.workgroup), "."}

    def by_name(self, name: str) -> Account | None:
        """Finds `name` or `DOMAIN\\name`; the local accounts come first."""
        domain, _, plain = name.rpartition("\\")
        wanted, domain = fold(plain), fold(domain)
        if not wanted:  # `BUILTIN\` is the domain itself, and so Windows takes no name at all
            wanted = domain or "BUILTIN"
        for one in self._by_name.get(wanted, ()):
            if not domain or domain in (
                self._domains if one.domain_sid == self.machine_sid else (fold(one.domain),)
            ):
                return one
        return None

    def by_sid(self, sid: str) -> Account | None:
        """Finds a SID in its canonical form."""
        return self._by_sid.get(sid)
