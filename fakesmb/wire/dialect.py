"""The names of dialects, and what a server says of sign-in when one is chosen ([MS-CIFS] 2.2.4.52)."""

from typing import Final


class Dialect:
    """Dialect strings that servers answer to, oldest first."""

    CORE: Final = "PC NETWORK PROGRAM 1.0"
    CORE_OLD: Final = "PCLAN1.0"
    CORE_PLUS: Final = "MICROSOFT NETWORKS 1.03"
    XENIX: Final = "XENIX CORE"
    DOS_LANMAN1: Final = "MICROSOFT NETWORKS 3.0"
    LANMAN1: Final = "LANMAN1.0"
    DOS_LANMAN2: Final = "DOS LM1.2X002"
    LANMAN2: Final = "LM1.2X002"
    DOS_LANMAN21: Final = "DOS LANMAN2.1"
    LANMAN21: Final = "LANMAN2.1"
    WFW: Final = "Windows for Workgroups 3.1a"
    NT_LANMAN: Final = "NT LANMAN 1.0"
    NT_LM: Final = "NT LM 0.12"
    SMB2: Final = "SMB 2.002"
    SMB2_ANY: Final = "SMB 2.???"


class SecurityMode:
    """SecurityMode bits, [MS-CIFS] 2.2.4.52.2."""

    USER: Final = 0x01
    ENCRYPT_PASSWORDS: Final = 0x02
    SIGNATURES_ENABLED: Final = 0x04
    SIGNATURES_REQUIRED: Final = 0x08
