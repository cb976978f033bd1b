"""What a server is told about itself. `fakesmb.config` makes one of these from TOML and arguments."""

from typing import Literal

import msgspec

from fakesmb.core.profile import Profile, Signing

Security = Literal["user", "share"]
"""Whose password is asked for ([MS-CIFS] 3.3.1.1, Server.ShareLevelAuthentication): a user's, or a share's."""


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Delays that clients notice, in seconds."""

    sharing_violation: float = 1.0
    """How long an open that meets a sharing violation waits before it fails."""
    write_time: float = 2.0
    """After how long an open file's write time follows a write."""
    oplock_break: float = 35.0
    """How long an opener waits for the acknowledgement of an oplock break."""
    wrong_password: float = 1.0
    """How long sign-ins of an address wait after each wrong password beyond `limits.wrong_passwords`; 0: not at all."""
    forget_wrong_passwords: float = 600.0
    """An address without wrong passwords for so long begins anew."""
    lock_out: float = 0.0
    """How long an address is locked out after `limits.lock_out_after` wrong passwords; 0: never."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on everything that a stranger can grow."""

    connections: int = 1000
    """Connections of the server."""
    sessions: int = 64
    """Sessions of one connection, unfinished sign-ins included."""
    total_sessions: int = 8192
    """The same of all connections."""
    trees: int = 1024
    """Trees of one connection."""
    total_trees: int = 16384
    """The same of all connections."""
    opens: int = 16384
    """Open files and pipes of one connection."""
    total_opens: int = 32768
    """The same of all connections."""
    searches: int = 2048
    """Searches of one connection."""
    total_searches: int = 65536
    """The same of all connections."""
    search_bytes: int = 32 << 20
    """The names that they go through; searches of the same directory share them while it does not change."""
    total_search_bytes: int = 256 << 20
    """The same of all connections."""
    locks: int = 50_000
    """Byte-range locks of one connection."""
    file_locks: int = 100_000
    """Byte-range locks of one file."""
    total_locks: int = 500_000
    """Byte-range locks of all connections."""
    watches: int = 1024
    """Directories that one connection watches."""
    total_watches: int = 8192
    """The same of all connections."""
    total_watch_bytes: int = 64 << 20
    """The changes that all watches keep until clients ask; beyond it clients are told to list the directory."""
    pending: int = 1024
    """Requests of one connection that wait: locks, notifications, delayed opens."""
    pending_bytes: int = 8 << 20
    """Bytes of their messages."""
    total_pending_bytes: int = 128 << 20
    """The same of all connections."""
    transactions: int = 16
    """Transactions of one connection whose secondaries are awaited."""
    transaction_bytes: int = 1 << 20
    """Parameters and data of one transaction."""
    message_bytes: int = 0x1FFFF + 0x1000
    """Length of one SMB message."""
    reassembly_bytes: int = 4 << 20
    """What one connection has sent of transactions and sign-ins of which more is to come."""
    total_reassembly_bytes: int = 256 << 20
    """The same of all connections, with messages that have arrived in part."""
    pipes: int = 512
    """Open pipes of one connection."""
    pipe_bytes: int = 8 << 20
    """What the pipes of one connection hold: requests in fragments, sign-ins, answers that nobody has read."""
    total_pipe_bytes: int = 128 << 20
    """The same of all connections."""
    unread_bytes: int = 1 << 20
    """Answers that wait for a client; one that leaves more unread is answered no further until it reads."""
    total_unread_bytes: int = 64 << 20
    """The same of all clients; beyond it nobody is answered further who has left anything unread."""
    connections_per_address: int = 0
    """Connections from one address; 0: a quarter of `connections`, at least 64, and all of them from this machine."""
    kept_descriptors: int = 1400
    """Descriptors that open files leave for connections, of which those may have three quarters, for requests and the
    server itself; at most a quarter of all."""
    waiting_for_disk: int = 200
    """Requests, each of a connection, that one disk that may hang keeps waiting."""
    sign_in_seconds: float = 60.0
    """A connection that has not signed in by then is closed."""
    wrong_passwords: int = 5
    """Wrong passwords of one address that are answered at once."""
    waiting_sign_ins: int = 64
    """Sign-ins of one address that wait since it sent wrong passwords."""
    sign_in_addresses: int = 4096
    """Addresses whose wrong passwords are remembered."""
    kerberos_sign_ins: int = 65536
    """Sign-ins by Kerberos of the last minutes that are remembered, that none is replayed; of one user an eighth."""
    lock_out_after: int = 50
    """Wrong passwords of one address that lock it out, where `timing.lock_out` says for how long."""
    print_jobs: int = 1000
    """Print jobs that are remembered: beyond them the oldest that are ready are forgotten, and their files stay."""
    print_job_bytes: int = 1 << 30
    """Bytes of one print job."""
    name_packets: int = 2000
    """Packets of the name service that one address is heeded for in a second, and as many datagrams; all addresses
    together four times as many."""
    name_addresses: int = 1024
    """Addresses that are heeded in a second."""
    browse_entries: int = 1000
    """Computers, and workgroups, of the network that are listed."""
    idle_seconds: float = 900.0
    """A connection that has nothing open is closed when no request of a user came for so long; 0: never."""


class Settings(msgspec.Struct, frozen=True):
    """One server's identity and behaviour."""

    name: str = "FAKESMB"
    """NetBIOS computer name, at most 15 characters."""
    workgroup: str = "WORKGROUP"
    comment: str = "fakesmb"
    profile: Profile = Profile()
    signing: Signing = "offered"
    security: Security = "user"
    """Share level knows no users: who has the password of a share may connect to it."""
    plain_text: bool = False
    """Whether clients send passwords as they are, in place of responses to a challenge."""
    oem_encoding: str = "cp850"
    anonymous_listing: bool = True
    """Whether anonymous clients are told of shares and accounts, by RPC and by RAP."""
    challenge: bytes = b""
    """Eight bytes to use for every sign-in, for repeatable traces; empty: random for each."""
    guid: bytes = b""
    """Sixteen bytes; empty: random for each server."""
    plans: bool = True
    """Whether plain commands take the plans of their rows (`core.plan`); the answers are the same without."""
    timing: Timing = Timing()
    limits: Limits = Limits()

    @property
    def responds(self) -> bool:
        """Whether users prove passwords by responses to challenges: what tokens and signatures need."""
        return self.security == "user" and not self.plain_text
