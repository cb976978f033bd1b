"""Who may sign in: users, guest and anonymous, and what a sign-in makes of a client."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, StrEnum
from hashlib import blake2b
from typing import Final, Literal, Self

import msgspec

from fakesmb.auth import hashes
from fakesmb.nt.names import fold

HASH_SIZE: Final = 16


class Form(StrEnum):
    """How a password was proved ([MS-NLMP] 3.3, [MS-CIFS] 3.2.4.2.4)."""

    NTLMV2 = "NTLMv2"
    NTLM2_SESSION = "NTLM2 session"
    """NTLMv1 with extended session security."""
    NTLMV1 = "NTLMv1"
    LMV2 = "LMv2"
    LM = "LM"
    PLAIN = "plain text"
    """The password itself was sent: where the server asks for no response to a challenge (`[server] plain_text`)."""
    KERBEROS = "Kerberos"
    """No password at all, but a ticket ([MS-KILE])."""
    NONE = "none"
    """Nothing was proved: guest, anonymous, and a user with an empty password."""


ALL_FORMS: Final = frozenset(Form) - {Form.NONE, Form.PLAIN, Form.KERBEROS}
"""Every response to a challenge: what scanners, consoles and retro machines need."""

ACCEPTED: Final[Mapping[str, frozenset[Form]]] = {
    "ntlmv2": frozenset({Form.NTLMV2, Form.LMV2}),
    "ntlm2": frozenset({Form.NTLM2_SESSION}),
    "ntlmv1": frozenset({Form.NTLMV1, Form.NTLM2_SESSION}),
    "lm": frozenset({Form.LM}),
}
"""The forms by the words of `[server] accept`; NTLMv1 is accepted with a challenge of the client, too."""


class Guest(Enum):
    """What becomes of a user name that no account has."""

    OFF = "off"
    READ_ONLY = "read-only"
    READ_WRITE = "read-write"


class Identity(msgspec.Struct, frozen=True, gc=False):
    """The outcome of a sign-in."""

    user: str
    """As the client wrote it for a guest, as the account is written for a user, empty for anonymous."""
    domain: str = ""
    workstation: str = ""
    kind: Literal["user", "guest", "anonymous"] = "user"
    admin: bool = False
    read_only: bool = False
    """A guest that may not change anything."""
    session_key: bytes = b""
    """Server.Session.SessionKey ([MS-CIFS] 3.3.1.5): 16 bytes; by Kerberos the whole key of the context, 32 bytes with
    AES-256, which SMB1 signs with. None for guest and anonymous."""
    protection: str = Form.NONE.value
    """One of `Form`."""
    response: bytes = b""
    """The challenge response that joins the key of signing where extended security was not used."""

    def same_user(self, other: "Identity") -> bool:
        """Whether both have the same rights, of the same account. What guests call themselves proves nothing."""
        mine = (self.kind, self.user, self.admin, self.read_only)
        return self.kind == "user" and mine == (other.kind, other.user, other.admin, other.read_only)


class Account:
    """A user. Each hash of a password is computed when it is first asked for, which loads what it takes."""

    __slots__ = (
        "_lm_decoy",
        "_lm_hash",
        "_lm_known",
        "_nt_hash",
        "_nt_session_key",
        "_password",
        "admin",
        "name",
    )

    def __init__(
        self, name: str, nt_hash: bytes | None = None, lm_hash: bytes | None = None, admin: bool = False
    ) -> None:
        for given in (nt_hash, lm_hash):
            if given is not None and len(given) != HASH_SIZE:
                raise ValueError(f"{name}: a hash has {HASH_SIZE} bytes, not {len(given)}")
        self.name = name
        self.admin = admin
        self._password = "" if nt_hash is None else None
        self._nt_hash = nt_hash
        self._lm_hash = lm_hash
        self._lm_known = lm_hash is not None
        self._nt_session_key: bytes | None = None
        self._lm_decoy = b""

    @classmethod
    def with_password(cls, name: str, password: str, *, admin: bool = False) -> Self:
        """An account whose password is known."""
        account = cls(name, admin=admin)
        account._password = password
        return account

    @property
    def nt_hash(self) -> bytes:
        """NTOWFv1, 16 bytes."""
        if self._nt_hash is None:
            self._nt_hash = hashes.nt_hash(self._password or "")
        return self._nt_hash

    @property
    def lm_hash(self) -> bytes | None:
        """LMOWFv1, 16 bytes; None where the password has none or only its NT hash is known."""
        if not self._lm_known:
            self._lm_known = True
            self._lm_hash = None if self._password is None else hashes.lm_hash(self._password)
        return self._lm_hash

    @property
    def lm_or_decoy(self) -> bytes:
        """What a response is compared with where there is no LM hash, that it may take the same time; in vain then."""
        hashed = self.lm_hash
        if hashed is not None:
            return hashed
        if not self._lm_decoy:
            self._lm_decoy = _decoy_hashes(self.name)[HASH_SIZE:]
        return self._lm_decoy

    @property
    def has_empty_password(self) -> bool:
        """Whether there is nothing to prove: whoever connects can be this user."""
        return self.nt_hash == hashes.EMPTY_NT_HASH

    @property
    def nt_session_key(self) -> bytes:
        """The SessionBaseKey of NTLM version 1, 16 bytes."""
        if self._nt_session_key is None:
            self._nt_session_key = hashes.md4_of_hash(self.nt_hash)
        return self._nt_session_key

    def __repr__(self) -> str:
        return f"Account({self.name!r}{', admin' if self.admin else ''})"


class Accounts:
    """The user database of one server. Names are compared as `nt.names.fold` has them."""

    def __init__(
        self,
        users: Iterable[Account] = (),
        *,
        guest: Guest = Guest.OFF,
        anonymous: bool = True,
        forms: frozenset[Form] = ALL_FORMS,
        guest_only: bool = False,
    ) -> None:
        self.guest = guest
        self.guest_only = guest_only
        """Whether names that have an account are guests, too, whatever they prove."""
        self.anonymous = anonymous
        self.forms = forms
        """The forms of proof that count; a response in any other form is a wrong password."""
        self._users: dict[str, Account] = {}
        self._not_hashed: list[Account] = []
        self._not_lm_hashed: list[Account] = []
        for account in users:
            self.add(account)

    def add(self, account: Account) -> None:
        """Adds a user, or replaces the one of that name."""
        self._users[fold(account.name)] = account
        self._not_hashed.append(account)
        self._not_lm_hashed.append(account)

    def remove(self, name: str) -> None:
        """Takes a user out; raises `KeyError` when there is none."""
        del self._users[fold(name)]

    def named(self, name: str) -> Account | None:
        """The account of exactly that name, in any case."""
        return self._users.get(fold(name))

    def find(self, name: str) -> Account | None:
        """The account that a client means by `name`, which may be a UPN (`alice@lab.example`)."""
        known = self._users.get(fold(name))
        if known is None and "@" in name:
            known = self._users.get(fold(name.partition("@")[0]))
        return known

    def claimed(self, name: str, *, lm: bool = False) -> tuple[Account, bool]:
        """The account that a client claims, or a decoy, and whether it is one to sign in with.

        The decoy's hashes are compared, in vain, that a name without account may take the same time. For that reason
        too it is always made, with hashes of its own for each name (a processor learns the branches that DES takes for
        a key), and the passwords of all accounts are hashed before any is compared: for LM with `lm`.
        """
        for account in self._not_hashed:
            account.nt_hash  # noqa: B018
        self._not_hashed.clear()
        if lm:
            for account in self._not_lm_hashed:
                account.lm_or_decoy  # noqa: B018
            self._not_lm_hashed.clear()
        hashes = _decoy_hashes(name)
        decoy = Account(name, hashes[:HASH_SIZE], hashes[HASH_SIZE:])
        known = self.find(name)
        return (decoy, False) if known is None or self.guest_only else (known, True)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._users.values())

    def __len__(self) -> int:
        return len(self._users)


def _decoy_hashes(name: str) -> bytes:
    """An NT hash and an LM hash, 16 bytes each, of no password in particular."""
    return blake2b(fold(name).encode("utf-16-le", "surrogatepass"), digest_size=2 * HASH_SIZE).digest()
