"""Sign-in by Kerberos: an AP-REQ against the keys of a keytab ([RFC 4120] 3.2, [RFC 4121] 4.1, [MS-KILE] 3.4).

impacket's Kerberos is loaded by the first `Kerberos`, which only a server with a keytab has.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from fakesmb.auth import ntlm
from fakesmb.auth.accounts import Accounts, Form, Guest, Identity
from fakesmb.auth.keytab import KeytabError, ServiceKey, is_file_service, spelt
from fakesmb.auth.replays import Replays
from fakesmb.nt.names import remembered
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.kerberos import AP_REP, AP_REQ, KRB_ERROR, Flag, open_token, token

if TYPE_CHECKING:
    from fakesmb.auth.gss import KerberosSecurity
    from fakesmb.auth.krb5 import Client, Ending, Presented

MISSING: Final = "Kerberos needs a package that is not installed: pip install 'fakesmb[kerberos]'"
_RANDOM_BYTES: Final = 32
_SEQUENCE_BITS: Final = 0x3FFFFFFF
"""Sequence numbers begin below 2^30, as those of MIT and Heimdal: some take them for signed."""


class Kerberos:
    """What one server needs to accept tickets: its keys, and the AP-REQs of the last minutes."""

    def __init__(self, keys: Sequence[ServiceKey], limit: int, random: Callable[[int], bytes]) -> None:
        """`limit`: how many AP-REQs are remembered; `random` makes keys of so many bytes.

        Raises `KeytabError` where none of the keys is one for a file server, or impacket's Kerberos is missing.
        """
        try:
            from fakesmb.auth import krb5
        except ImportError as error:
            raise KeytabError(f"cannot be used: {MISSING} ({error.name} is missing)") from None
        self.krb5: Any = krb5
        self.keys = _for_files(keys, krb5.usable, krb5.enctype_name)
        self.random = random
        self.replays = Replays(limit)

    def forget(self) -> None:
        """As if no AP-REQ had come yet."""
        self.replays.clear()


def _for_files(
    keys: Sequence[ServiceKey], usable: Callable[[int, bytes], bool], name: Callable[[int], str]
) -> tuple[ServiceKey, ...]:
    """The keys that tickets for a file server may be opened with; raises `KeytabError` where there is none."""
    if not keys:
        raise KeytabError("has no keys")
    ours = [key for key in keys if is_file_service(key.components)]
    if not ours:
        has = ", ".join(dict.fromkeys(key.principal for key in keys))
        raise KeytabError(
            f"has no key for a file server: a service cifs/NAME (or host/NAME) is wanted, and it has {has}"
        )
    found = tuple(key for key in ours if usable(key.enctype, key.contents))
    if not found:
        has = ", ".join(dict.fromkeys(name(key.enctype) for key in ours))
        raise KeytabError(
            f"has keys for {ours[0].principal} by {has} only, which are not known here: export one by "
            "aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96 or rc4-hmac"
        )
    return found


class KerberosAcceptor:
    """One sign-in by Kerberos. Of no use after an identity or an error."""

    def __init__(self, kerberos: Kerberos, accounts: Accounts, now: Callable[[], float]) -> None:
        """`now` gives POSIX seconds."""
        self._kerberos = kerberos
        self._accounts = accounts
        self._now = now
        self.claim: ntlm.Claim | None = None
        """Whose ticket it was, once one could be opened: for the log of a refusal."""
        self.security: KerberosSecurity | None = None
        """After a sign-in: signs and checks, where the signatures of the key's type are known here."""
        self.by_aes = False
        """Whether that is by a key of AES, as only clients of [RFC 4121] have one."""
        self.amiss: SMBError | None = None
        """Why the last token was not accepted, where the client was told so and may send another."""

    def step(self, blob: bytes) -> tuple[bytes, Identity | None]:
        """Takes the client's token; gives the answer (empty without mutual authentication) and the identity.

        No identity: the clocks differ, the answer has the server's, and the client may try once more. Raises
        `SMBError`: STATUS_INVALID_PARAMETER for a token that cannot be read, STATUS_TIME_DIFFERENCE_AT_DC where the
        clocks still differ, STATUS_LOGON_FAILURE for all else.
        """
        krb5 = self._kerberos.krb5
        now = self._now()
        try:
            kind, message = open_token(blob)
            if kind != AP_REQ:
                raise DecodeError(f"TOK_ID 0x{kind:04x} where an AP-REQ (0x0100) belongs")
            presented = krb5.present(message, self._kerberos.keys, now)
            self._claim(presented.client)
            self._check_new(presented, now)
        except DecodeError as error:
            raise SMBError(NT.INVALID_PARAMETER, f"Kerberos: {error}") from None
        except krb5.Ending as ending:
            return self._ended(ending, now)
        self.amiss = None
        return self._accepted(presented)

    def _ended(self, ending: "Ending", now: float) -> tuple[bytes, None]:
        krb5 = self._kerberos.krb5
        if ending.client is not None:
            self._claim(ending.client)
        if ending.code != krb5.Code.SKEW:
            raise SMBError(NT.LOGON_FAILURE, f"Kerberos: {ending.why}")
        skewed = SMBError(NT.TIME_DIFFERENCE_AT_DC, f"Kerberos: {ending.why}")
        if self.amiss is not None:
            raise skewed
        self.amiss = skewed
        return token(KRB_ERROR, krb5.krb_error(ending.code, self._kerberos.keys[0], now)), None

    def _claim(self, client: "Client") -> None:
        self.claim = ntlm.Claim(spelt(client.components), client.realm)

    def _check_new(self, presented: "Presented", now: float) -> None:
        """Raises `Ending` for an AP-REQ that was accepted before."""
        krb5 = self._kerberos.krb5
        until = presented.made + krb5.SKEW
        who = presented.client.principal
        why = self._kerberos.replays.add(presented.authenticator, who, until, now)
        if why:
            raise krb5.Ending(
                krb5.Code.REPEAT, f"an AP-REQ of {who} that is not accepted: {why}", presented.client
            )

    def _accepted(self, presented: "Presented") -> tuple[bytes, Identity]:
        from fakesmb.auth.gss import SIGNED, KerberosSecurity

        krb5, random = self._kerberos.krb5, self._kerberos.random
        key, ours, subkey, answer = presented.subkey or presented.session_key, presented.sequence, None, b""
        if presented.flags & Flag.MUTUAL:
            ours = int.from_bytes(random(4), "big") & _SEQUENCE_BITS
            # As MIT and Heimdal: [RFC 4121] 2 has room for a key of the server's, [RFC 1964] has not.
            if key.enctype in krb5.AES:
                key = subkey = krb5.new_key(key, random(_RANDOM_BYTES))
            answer = token(AP_REP, krb5.ap_rep(presented, ours, subkey, random(_RANDOM_BYTES)))
        self.by_aes = key.enctype in krb5.AES
        if key.enctype in SIGNED:
            self.security = KerberosSecurity(key, ours, presented.sequence, by_server=subkey is not None)
        return answer, self._identity(presented, key.contents)

    def _identity(self, presented: "Presented", session_key: bytes) -> Identity:
        """Whom the ticket is of: the name alone where the realm is the server's, else `name@REALM`.

        Whoever the KDC gave a ticket is a user, as with a member server of Windows; an account of that name adds what
        it has (`admin`). What another realm calls `alice` is not the `alice` here.
        """
        client, accounts = presented.client, self._accounts
        own = client.realm == presented.service.realm and len(client.components) == 1
        name = spelt(client.components) if own else client.principal
        account = accounts.named(name)
        if accounts.guest_only and accounts.guest is not Guest.OFF:
            return ntlm.stranger(accounts, ntlm.Claim(name, client.realm))
        return Identity(
            name if account is None else account.name,
            remembered(client.realm),
            admin=account is not None and account.admin,
            session_key=session_key,
            protection=Form.KERBEROS.value,
        )
