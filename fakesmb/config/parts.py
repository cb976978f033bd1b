"""The tables and keys of fakesmb.toml, with their types and defaults."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from fakesmb.auth.hashes import EMPTY_NT_HASH
from fakesmb.config.links import Links
from fakesmb.core import profiles
from fakesmb.core.profile import BufferSize, GuestAccess, Signing
from fakesmb.core.settings import Limits, Security, Settings, Timing
from fakesmb.folders.content import Contents
from fakesmb.folders.overlay import LIMIT
from fakesmb.record.journal import MOST_EVENTS
from fakesmb.vfs.store import LocalBreaks

LogForm = Literal["text", "json", "summary", "none"]
WrittenPort = Literal["445", "real"]

Port = Annotated[int, Meta(ge=0, le=65535)]
Host = Annotated[str, Meta(pattern=r"^([^\s:/]+|(?=.*:.*:)[0-9A-Fa-f:.]+(%\S+)?)$")]
NetBIOSName = Annotated[str, Meta(pattern=r'^[^\x00-\x20\\/:*?"<>|.][^\x00-\x1f\\/:*?"<>|]{0,14}$')]
ShareName = Annotated[str, Meta(pattern=r'^(?!\.\.?$)[^\x00-\x1f\ud800-\udfff"/\\\[\]:|<>+=;,*?]{1,80}$')]
UserName = Annotated[str, Meta(pattern=r'^[^\x00-\x1f\ud800-\udfff"/\\\[\]:|<>+=;,*?]{1,256}$')]
LONGEST_PASSWORD: Final = 256
SharePassword = Annotated[str, Meta(min_length=1, max_length=LONGEST_PASSWORD)]
Hash = Annotated[str, Meta(pattern="^[0-9a-fA-F]{32}$")]
Challenge = Annotated[str, Meta(pattern="^([0-9a-fA-F]{16})?$")]
Accept = Annotated[list[Literal["ntlmv2", "ntlm2", "ntlmv1", "lm"]], Meta(min_length=1)]
Seed = bool | Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Driver = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\ud800-\udfff\\,]{0,128}$")]
EventCount = Annotated[int, Meta(ge=0)]
Bytes = Annotated[int, Meta(gt=0)]
Token = Annotated[str, Meta(pattern=r"^[!-~]*$")]
WebName = Annotated[str, Meta(pattern=r"^[^\s:/@]+$|^(?=.*:.*:)[0-9A-Fa-f:.]+$")]
STANDARD_OUTPUT: Final = "-"
"""As the file of a capture."""
SAMPLE_USER: Final = "alice"
SAMPLE_PASSWORD: Final = "Secret123"


class ServerPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[server]`."""

    host: Host = "127.0.0.1"
    """The address to listen on."""
    port: Port | None = None
    """For direct TCP and NetBIOS sessions alike; 0: any free one. Left out: 4450 of `serve`, any free one in a
    program."""
    netbios_port: Port | None = None
    """A second port, for clients that only know NetBIOS' 139."""
    name: NetBIOSName = "FAKESMB"
    """What the server calls itself: its NetBIOS name, at most 15 characters, shown in capitals."""
    workgroup: NetBIOSName = "WORKGROUP"
    """The workgroup or domain that it belongs to, likewise."""
    comment: str = "fakesmb"
    """What lists of servers show beside the name."""
    profile: str = profiles.ROWS[0].name
    """The make of server that it is like (`fakesmb profiles` lists them). The table `[profile]` has switches over it,
    and what stands here is over both: signing, extended_security, unicode, dfs, max_buffer, time_zone, accept,
    guest."""
    signing: Signing | None = None
    """Message signing; left out: what the profile says."""
    security: Security = "user"
    """Whether users have passwords, or shares."""
    plain_text: bool = False
    """Whether clients send passwords as they are, and not responses to a challenge."""
    extended_security: bool | None = None
    """Whether NTLMSSP and SPNEGO are offered; left out: what the profile says."""
    unicode: bool | None = None
    """Whether Unicode is offered; left out: what the profile says."""
    dfs: bool | None = None
    """Whether clients are told to ask for DFS referrals; left out: what the profile says."""
    plans: bool = True
    """Whether plain requests take the short way that is made for each; the answers are the same without."""
    max_buffer: BufferSize | None = None
    """Bytes of the longest message that clients may send but for large writes; left out: what the profile says."""
    time_zone: int | str | None = None
    """The local time that old commands tell: a name such as `Europe/Berlin`, or minutes west of UTC. Left out: the
    machine's, or UTC where runs can be repeated."""
    oem_encoding: str = Settings().oem_encoding
    """The code page of clients without Unicode, as Python calls it."""
    challenge: Challenge = ""
    """Sixteen hexadecimal digits that are the challenge of every sign-in; empty: random for each."""
    keytab: str = ""
    """The file with the keys of the service `cifs/NAME`: with it clients may sign in by Kerberos, too."""
    accept: Accept | None = None
    """How a password may be proved; left out, and where the profile does not say: `ntlmv2` beyond loopback, where
    anybody listens, else everything."""
    guest: GuestAccess | None = None
    """What becomes of users that no account has. Left out: off; on loopback what the profile says, or `read-write` for
    a program that names no users."""
    anonymous: bool | None = None
    """Whether a client without a user name may connect to IPC$, and to nothing else; false: it is a guest, where there
    are any. Left out: true where there are no guests."""
    anonymous_listing: bool | None = None
    """Whether such a client is told of shares and accounts; left out: on loopback addresses only."""
    overlay_limit: Bytes = LIMIT
    """Bytes that the private folder of a share may take, with the copy that is kept ready for a reset."""
    run_as: str = ""
    """The user whose rights a server has that root started, once it listens; empty: it keeps its own."""
    deterministic: Seed = False
    """Whether runs can be repeated: true, or the seed that randomness is made of."""
    clock: Any = None
    """A time, as text with `,step=1ms` behind it or not, or as TOML has them: it is always that time, or a step later
    at each look of a connection. Left out: the machine's, or where runs can be repeated always the same one."""


class LogPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[log]`."""

    format: LogForm | None = None
    """Of standard output; left out: `text` of `serve`, none in a program."""
    file: str = ""
    """Also JSON lines, to this file."""
    filter: str = ""
    """Which messages both have, by the words of a filter; empty: all."""
    truncate: bool = False
    """Each start begins the file anew, once the server listens."""
    secrets: bool = False
    """Responses to challenges, keys and tokens are recorded too."""
    journal: EventCount = MOST_EVENTS
    """Events that `FakeSMB.journal` remembers; beyond them it forgets the oldest."""
    keep_data: EventCount = 0
    """Bytes of each read and write that it keeps with them, of at most 64 MiB for all."""


class CapturePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[capture]`."""

    file: str = ""
    """All that clients and the server say, as pcapng, to this file; `-`: to standard output."""
    snap: Annotated[int, Meta(ge=0)] = 0
    """Bytes of each packet that are kept; 0: all."""
    ports: WrittenPort = "445"
    """What the server's port is written as: `445`, by which Wireshark knows SMB, or the `real` one."""


class UserPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[user]]`."""

    name: UserName
    """Compared without case."""
    password: str | None = None
    """This, or `nt_hash`."""
    nt_hash: Hash | None = None
    """Thirty-two hexadecimal digits, in place of the password: enough for NTLM, not for LM."""
    admin: bool = False
    """Whether the user may do what only administrators may, and connect to every share."""

    @property
    def has_empty_password(self) -> bool:
        """Whether the password, or what the hash is of, is nothing."""
        if self.nt_hash is not None:
            return self.nt_hash.lower() == EMPTY_NT_HASH.hex()
        return not self.password

    def __repr__(self) -> str:
        """Without password and hash: it may end in a log."""
        return f"UserPart({self.name!r}{', admin' if self.admin else ''})"


SAMPLE: Final = UserPart(name=SAMPLE_USER, password=SAMPLE_PASSWORD, admin=True)
"""Who may sign in on loopback where nobody is named."""


class SharePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[share]]`; a relative path is relative to the file it stands in."""

    name: ShareName
    """One that ends in `$` is left out of lists by Windows."""
    path: str = ""
    """The folder; left out where there is `content`."""
    content: Contents | None = None
    """What is in it, kept in a private folder: names of files with their texts, and tables for directories."""
    overlay: bool = False
    """Serve a copy of the folder, which itself never changes."""
    overlay_limit: Bytes | None = None
    """Bytes that the private folder may take; left out: `[server] overlay_limit`."""
    read_only: bool = False
    """Whether what would change it is refused."""
    comment: str = ""
    """What lists of shares show beside the name."""
    users: list[str] | None = None
    """Who may connect; left out: everybody who signs in."""
    dfs: Links | None = None
    """Targets by paths in it, `{ "link" = '\\\\server\\share' }`: it is a DFS root, whose links are elsewhere."""
    acls: bool = False
    """Keep a security descriptor with every new file, so that it belongs to who made it."""
    unix_extensions: bool = True
    """Offer the CIFS Unix extensions: permissions, owners, symbolic links, case-sensitive names."""
    oplocks: bool = True
    """Give clients oplocks on this share."""
    local_breaks: LocalBreaks = True
    """Whether changes by local programs break them; `opens`: that they open a file at all."""
    special_modes: bool = False
    """Let those who proved a password set set-user-ID, set-group-ID, sticky bits and owners; never as root."""
    printer: bool = False
    """Whether it is a printer: what clients print becomes a file in the folder, and nothing in it can be read."""
    printer_driver: Driver = ""
    """The name of the driver that Windows' clients are told to print by; only of a printer."""
    may_hang: bool | None = None
    """Whether its disk may hang, so that threads ask it; left out: where another machine or program answers for it."""
    password: SharePassword | None = None
    """At share level: who has it may do everything here. Left out, and without the other: everybody may."""
    read_only_password: SharePassword | None = None
    """At share level: who has it may read."""

    @property
    def is_private(self) -> bool:
        """Whether what it serves is made for it, and gone afterwards."""
        return self.overlay or self.content is not None

    @property
    def has_password(self) -> bool:
        """Whether one is asked for at share level."""
        return self.password is not None or self.read_only_password is not None

    def __repr__(self) -> str:
        """Without passwords: it may end in a log."""
        return f"SharePart({self.name!r}, {self.path!r})"


class WebPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[web]`: the control API and the page."""

    port: Port | None = None
    """Where it listens; 0: any free one. Left out: there is neither of both."""
    host: Host = "127.0.0.1"
    """The address that it listens on; beyond loopback with a token only."""
    token: Token = ""
    """Who has it may call; empty: whoever reaches a loopback address."""
    hosts: list[WebName] = []
    """Names, beside those of loopback, by which browsers may call it."""

    def __repr__(self) -> str:
        """Without the token: it may end in a log."""
        return f"WebPart(port={self.port}, host={self.host!r}, hosts={self.hosts})"


class NamesPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[names]`: NetBIOS names and browsing, over UDP."""

    port: Port | None = None
    """Of the name service, 137 in the wild; left out: there is none."""
    datagram_port: Port | None = None
    """Of datagrams, 138 in the wild: the server announces itself and lists its neighbours; left out: it does not."""
    host: Host | None = None
    """The IPv4 address to listen on; left out: `[server] host`."""
    address: Host | None = None
    """The IPv4 address that is told of the server; left out: that by which who asks reaches it."""
    broadcast: Host | None = None
    """Where to reach all computers of the network; left out: 255.255.255.255, on loopback addresses nowhere."""
    master: bool = False
    """Whether it stands for election as master browser of its workgroup."""


FaultPart = dict[str, Any]
"""One `[[fault]]`, as it is written: `faults.rule` says what it may have."""


class FilePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole fakesmb.toml."""

    server: ServerPart = ServerPart()
    timing: Timing = Timing()
    limits: Limits = Limits()
    log: LogPart = LogPart()
    capture: CapturePart = CapturePart()
    web: WebPart = WebPart()
    names: NamesPart = NamesPart()
    profile: dict[str, Any] = {}
    """The table `[profile]`: switches over the profile that `[server]` names."""
    user: list[UserPart] = []
    share: list[SharePart] = []
    fault: list[FaultPart] = []
