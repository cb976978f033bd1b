"""NDR types, and members of structures, that hold secrets: passwords, what they are encrypted to, keys, proofs."""

from functools import cache
from inspect import getattr_static
from typing import Any, Final

SECRET_TYPES: Final = frozenset(
    {
        # [MS-SAMR] 2.2.3.3, 2.2.6.21 to 2.2.6.28
        "ENCRYPTED_LM_OWF_PASSWORD",
        "SAMPR_USER_PASSWORD",
        "SAMPR_ENCRYPTED_USER_PASSWORD",
        "SAMPR_ENCRYPTED_USER_PASSWORD_NEW",
        # [MS-WKST] 2.2.5.17, 2.2.5.18
        "JOINPR_USER_PASSWORD",
        "JOINPR_ENCRYPTED_USER_PASSWORD",
        # [MS-SRVS] 2.2.4.96
        "PASSWORD_ARRAY",
        # [MS-NRPC] 2.2.1
        "LM_OWF_PASSWORD",
        "NETLOGON_CREDENTIAL",
        "NL_TRUST_PASSWORD",
        "USER_SESSION_KEY",
        "LM_CHALLENGE",
    }
)
"""By the name of the type; where impacket has one class under two names, that of the class."""

SECRET_MEMBERS: Final = frozenset(
    {
        ("SHARE_INFO_2", "shi2_passwd"),
        ("SHARE_INFO_502", "shi502_passwd"),
        ("SHARE_INFO_503", "shi503_passwd"),
        ("USE_INFO_1", "ui1_password"),
        ("RPC_SHORT_BLOB", "Buffer"),
        ("SAM_VALIDATE_PASSWORD_HASH", "Hash"),
        ("SAM_VALIDATE_PASSWORD_CHANGE_INPUT_ARG", "ClearPassword"),
        ("SAM_VALIDATE_PASSWORD_RESET_INPUT_ARG", "ClearPassword"),
        ("LSAPR_CR_CIPHER_VALUE", "Buffer"),
        ("LSAPR_AUTH_INFORMATION", "AuthInfo"),
        ("LSAPR_TRUSTED_DOMAIN_AUTH_BLOB", "AuthBlob"),
        ("NLPR_CR_CIPHER_VALUE", "Buffer"),
        ("NETLOGON_GENERIC_INFO", "LogonData"),
        ("NETLOGON_NETWORK_INFO", "NtChallengeResponse"),
        ("NETLOGON_NETWORK_INFO", "LmChallengeResponse"),
        ("NETLOGON_DELTA_USER", "PrivateData"),
        ("RChangeServiceConfigW", "lpPassword"),
        ("RCreateServiceW", "lpPassword"),
        ("RCreateServiceWOW64W", "lpPassword"),
    }
)
"""By the name of the structure or the call, and of its member."""


@cache
def holds_secrets(kind: Any, depth: int = 12) -> bool:
    """Whether a secret may be in an NDR type: in what it is made of, or in what it points to."""
    if not isinstance(kind, type) or not depth:
        return False
    if kind.__name__ in SECRET_TYPES:
        return True
    members = [
        one for name in ("commonHdr", "structure", "referent") for one in getattr_static(kind, name, ())
    ]
    members += [arm for arm in getattr_static(kind, "union", {}).values() if arm]
    if any((kind.__name__, name) in SECRET_MEMBERS for name, _ in members):
        return True
    inner = [getattr_static(kind, "item", None), *(member for _, member in members)]
    return any(holds_secrets(one, depth - 1) for one in inner)
