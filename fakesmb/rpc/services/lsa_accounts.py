"""The account objects of lsarpc: who has which privileges and may sign in which way ([MS-LSAD] 3.1.4.5).

What is granted here is told to whoever asks, and has no effect on file access.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from impacket.dcerpc.v5 import lsad
from impacket.dcerpc.v5.ndr import NULL

from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.services.lsa_objects import (
    POLICY_HANDLE,
    Policy,
    Stored,
    done,
    given_text,
    handle,
    held,
    sid_of,
    text_of,
)
from fakesmb.rpc.services.lsa_policy import NO_HANDLE
from fakesmb.rpc.services.privileges import (
    LUIDS,
    PRIVILEGE_NAMES,
    RIGHTS,
    SYSTEM_ACCESS,
    known_right,
)
from fakesmb.rpc.stub import U32, Call, Operation

MOST_ACCOUNTS: Final = 1000
"""Accounts that have rights of their own."""


class Account(Stored):
    """An account that the policy database knows."""

    def __init__(self, sid: str, forget: Callable[[str], object], rights: tuple[str, ...] = ()) -> None:
        super().__init__(sid, forget)
        self.rights = rights
        """Privileges and ways to sign in, in the order in which they were granted."""

    def grant(self, rights: Iterable[str]) -> None:
        """Adds rights; those that it has stay where they are."""
        self.rights = tuple(dict.fromkeys((*self.rights, *rights)))

    def take(self, rights: Iterable[str]) -> None:
        """Takes rights away."""
        gone = frozenset(rights)
        self.rights = tuple(one for one in self.rights if one not in gone)


class Accounts:
    """All account objects of one server."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        for sid, rights in RIGHTS.items():
            self._accounts[sid] = Account(sid, self._forget, rights)

    # Accounts by their SIDs

    def create(self, call: Call, handle: bytes, sid: str) -> bytes:
        """LsarCreateAccount, [MS-LSAD] 3.1.4.5.1."""
        held(call, handle, Policy)
        call.require_admin()
        if sid in self._accounts:
            raise SMBError(NT.OBJECT_NAME_COLLISION, f"account {sid} exists")
        account = self._new(sid)
        return call.opened(account) + U32.pack(NT.SUCCESS)

    def open(self, call: Call, handle: bytes, sid: str) -> bytes:
        """LsarOpenAccount, [MS-LSAD] 3.1.4.5.3."""
        held(call, handle, Policy)
        call.require_name()
        return call.opened(self._account(sid)) + U32.pack(NT.SUCCESS)

    def enumerate(self, call: Call, handle: bytes, start: int, most: int) -> Any:
        """LsarEnumerateAccounts, [MS-LSAD] 3.1.4.5.2."""
        held(call, handle, Policy)
        call.require_name()
        sids = list(self._accounts)
        rows = sids[start : start + max(most, 1)]
        if not rows:
            raise SMBError(NT.NO_MORE_ENTRIES, f"{len(sids)} accounts, none after them")
        answer = lsad.LsarEnumerateAccountsResponse()
        answer["EnumerationContext"] = end = start + len(rows)
        _put_sids(answer, rows)
        answer["ErrorCode"] = NT.SUCCESS if end == len(sids) else NT.MORE_ENTRIES
        return answer

    def with_right(self, call: Call, handle: bytes, right: str) -> Any:
        """LsarEnumerateAccountsWithUserRight, [MS-LSAD] 3.1.4.5.9; all accounts where no right is named."""
        held(call, handle, Policy)
        call.require_name()
        name = _right(right) if right else ""
        sids = [sid for sid, account in self._accounts.items() if not name or name in account.rights]
        if not sids:
            raise SMBError(NT.NO_MORE_ENTRIES, f"no account has {name or 'a right'}")
        answer = lsad.LsarEnumerateAccountsWithUserRightResponse()
        _put_sids(answer, sids)
        answer["ErrorCode"] = NT.SUCCESS
        return answer

    def rights(self, call: Call, handle: bytes, sid: str) -> Any:
        """LsarEnumerateAccountRights, [MS-LSAD] 3.1.4.5.10."""
        held(call, handle, object)
        call.require_name()
        rights = self._account(sid).rights
        answer = lsad.LsarEnumerateAccountRightsResponse()
        answer["UserRights"]["EntriesRead"] = len(rights)
        answer["UserRights"]["UserRights"] = [text_of(name) for name in rights] or NULL
        answer["ErrorCode"] = NT.SUCCESS
        return answer

    def add_rights(self, call: Call, handle: bytes, sid: str, rights: list[str]) -> bytes:
        """LsarAddAccountRights, [MS-LSAD] 3.1.4.5.11; makes the account if need be."""
        held(call, handle, Policy)
        call.require_admin()
        names = [_right(name) for name in rights]
        account = self._accounts.get(sid)
        (self._new(sid) if account is None else account).grant(names)
        return done()

    def remove_rights(self, call: Call, handle: bytes, sid: str, everything: int, rights: list[str]) -> bytes:
        """LsarRemoveAccountRights, [MS-LSAD] 3.1.4.5.12; an account that is left with none is gone."""
        held(call, handle, Policy)
        call.require_admin()
        account = self._account(sid)
        account.take(account.rights if everything else [_right(name) for name in rights])
        if not account.rights:
            account.delete()
        return done()

    def _account(self, sid: str) -> Account:
        account = self._accounts.get(sid)
        if account is None:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, f"no account {sid}")
        return account

    def _new(self, sid: str) -> Account:
        if len(self._accounts) >= MOST_ACCOUNTS:
            raise SMBError(NT.INSUFFICIENT_RESOURCES, f"more than {MOST_ACCOUNTS} accounts")
        account = self._accounts[sid] = Account(sid, self._forget)
        return account

    def _forget(self, sid: str) -> None:
        self._accounts.pop(sid, None)

    def operations(self) -> dict[int, Operation]:
        """The operations, by their numbers."""
        return {
            10: Operation(lsad.LsarCreateAccount, (POLICY_HANDLE, _account_sid), self.create, NO_HANDLE),
            11: Operation(
                lsad.LsarEnumerateAccounts,
                (POLICY_HANDLE, "EnumerationContext", "PreferedMaximumLength"),
                self.enumerate,
                _NO_ENTRIES,
            ),
            17: Operation(lsad.LsarOpenAccount, (POLICY_HANDLE, _account_sid), self.open, NO_HANDLE),
            35: Operation(
                lsad.LsarEnumerateAccountsWithUserRight,
                (POLICY_HANDLE, lambda request: given_text(request["UserRight"])),
                self.with_right,
                bytes(8),
            ),
            36: Operation(
                lsad.LsarEnumerateAccountRights, (POLICY_HANDLE, _account_sid), self.rights, bytes(8)
            ),
            37: Operation(
                lsad.LsarAddAccountRights, (POLICY_HANDLE, _account_sid, _user_rights), self.add_rights
            ),
            38: Operation(
                lsad.LsarRemoveAccountRights,
                (POLICY_HANDLE, _account_sid, "AllRights", _user_rights),
                self.remove_rights,
            ),
            **_OPERATIONS,
        }


def _account_sid(request: Any) -> str:
    sid: str = request["AccountSid"].formatCanonical()
    return sid


def _user_rights(request: Any) -> list[str]:
    rights = request["UserRights"]
    return [given_text(one["Data"]) for one in rights["UserRights"]] if rights["EntriesRead"] else []


def _right(name: str) -> str:
    known = known_right(name)
    if known is None:
        raise SMBError(NT.NO_SUCH_PRIVILEGE, f"no privilege {name!r}")
    return known


def _put_sids(answer: Any, sids: list[str]) -> None:
    rows = []
    for sid in sids:
        row = lsad.LSAPR_ACCOUNT_INFORMATION()
        row["Sid"] = sid_of(sid)
        rows.append(row)
    answer["EnumerationBuffer"]["EntriesRead"] = len(rows)
    answer["EnumerationBuffer"]["Information"] = rows


# One account by its handle


def privileges(call: Call, handle: bytes) -> Any:
    """LsarEnumeratePrivilegesAccount, [MS-LSAD] 3.1.4.5.4."""
    account = held(call, handle, Account)
    rows = []
    for name in account.rights:
        if name not in SYSTEM_ACCESS:
            row = lsad.LSAPR_LUID_AND_ATTRIBUTES()
            row["Luid"]["LowPart"] = PRIVILEGE_NAMES[fold(name)].luid
            rows.append(row)
    answer = lsad.LsarEnumeratePrivilegesAccountResponse()
    answer["Privileges"]["PrivilegeCount"] = len(rows)
    answer["Privileges"]["Privilege"] = rows
    answer["ErrorCode"] = NT.SUCCESS
    return answer


def _luids(request: Any) -> list[int] | None:
    """The LUIDs of a privilege set; None where there is no set."""
    if not request["Privileges"]:
        return None
    rows = [one["Luid"] for one in request["Privileges"]["Privilege"]]
    return [one["HighPart"] << 32 | one["LowPart"] for one in rows]


def _names(luids: list[int]) -> list[str]:
    if not all(one in LUIDS for one in luids):
        raise SMBError(NT.INVALID_PARAMETER, f"unknown privilege among LUIDs {luids}")
    return [LUIDS[one].name for one in luids]


def add_privileges(call: Call, handle: bytes, luids: list[int] | None) -> bytes:
    """LsarAddPrivilegesToAccount, [MS-LSAD] 3.1.4.5.5."""
    account = held(call, handle, Account)
    call.require_admin()
    account.grant(_names(luids or []))
    return done()


def remove_privileges(call: Call, handle: bytes, everything: int, luids: list[int] | None) -> bytes:
    """LsarRemovePrivilegesFromAccount, [MS-LSAD] 3.1.4.5.6: all of them, or those of a set."""
    account = held(call, handle, Account)
    call.require_admin()
    if bool(everything) == (luids is not None):
        raise SMBError(NT.INVALID_PARAMETER, "AllPrivileges and a set of privileges, or neither")
    if luids is None:
        account.take([one for one in account.rights if one not in SYSTEM_ACCESS])
    else:
        account.take(_names(luids))
    return done()


def system_access(call: Call, handle: bytes) -> bytes:
    """LsarGetSystemAccessAccount, [MS-LSAD] 3.1.4.5.7."""
    account = held(call, handle, Account)
    flags = sum(SYSTEM_ACCESS.get(one, 0) for one in account.rights)
    return U32.pack(flags) + U32.pack(NT.SUCCESS)


def set_system_access(call: Call, handle: bytes, flags: int) -> bytes:
    """LsarSetSystemAccessAccount, [MS-LSAD] 3.1.4.5.8."""
    account = held(call, handle, Account)
    call.require_admin()
    if flags & ~sum(SYSTEM_ACCESS.values()):
        raise SMBError(NT.INVALID_PARAMETER, f"system access 0x{flags:08X}")
    account.take(SYSTEM_ACCESS)
    account.grant(name for name, bit in SYSTEM_ACCESS.items() if flags & bit)
    return done()


_ACCOUNT_HANDLE: Final = handle("AccountHandle")
_NO_ENTRIES: Final = bytes(12)
_OPERATIONS: Final[Mapping[int, Operation]] = {
    18: Operation(lsad.LsarEnumeratePrivilegesAccount, (_ACCOUNT_HANDLE,), privileges, bytes(4)),
    19: Operation(lsad.LsarAddPrivilegesToAccount, (_ACCOUNT_HANDLE, _luids), add_privileges),
    20: Operation(
        lsad.LsarRemovePrivilegesFromAccount,
        (_ACCOUNT_HANDLE, "AllPrivileges", _luids),
        remove_privileges,
    ),
    23: Operation(lsad.LsarGetSystemAccessAccount, (_ACCOUNT_HANDLE,), system_access, bytes(4)),
    24: Operation(lsad.LsarSetSystemAccessAccount, (_ACCOUNT_HANDLE, "SystemAccess"), set_system_access),
}
