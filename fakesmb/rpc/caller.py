"""Who calls an RPC interface."""

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """Who asks."""

    user: str = ""
    domain: str = ""
    admin: bool = False
    anonymous: bool = False
    session_key: bytes = b""
    """What secrets in stub data are encrypted with."""
    guest: bool = False
    peer: str = ""
    """`address:port` of the client, where it comes from one."""
    connection: int = 0
    """The number of its connection."""

    @property
    def identity(self) -> tuple[str, bool, bool]:
        """What is the same for two sign-ins of one user, and for no two users."""
        return self.user, self.anonymous, self.guest
