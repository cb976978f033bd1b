"""The arguments of the library, with their types: what a type checker sees, and what names the nearest at run time."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypedDict, Unpack

from fakesmb.config.parts import LogForm, WrittenPort
from fakesmb.core.profile import CalledNames, GuestAccess, Proof, ReferralStatus, Signing, Spoken
from fakesmb.core.settings import Security
from fakesmb.faults.keys import FaultKeys
from fakesmb.folders.content import Content
from fakesmb.folders.overlay import Overlay
from fakesmb.mistakes import ArgumentError, brief
from fakesmb.nt.nearest import nearest
from fakesmb.vfs.store import LocalBreaks

AnyPath = str | os.PathLike[str]


Source = AnyPath | Content | Overlay
"""What a share serves: the folder at a path; content, by names; a copy of a folder."""


SHARED: Final = "a folder, content by names, Overlay(...)"


class ShareKeys(TypedDict, total=False):
    """The keys of `[[share]]` but for `name` and `path` (docs/configuration.md)."""

    overlay: bool
    overlay_limit: int | None
    read_only: bool
    comment: str
    users: Sequence[str] | None
    dfs: Mapping[str, str | Sequence[str]] | None
    acls: bool
    unix_extensions: bool
    oplocks: bool
    local_breaks: LocalBreaks
    special_modes: bool
    may_hang: bool | None
    password: str | None
    read_only_password: str | None
    printer: bool
    printer_driver: str


class Share:
    """A share that is more than a folder: `Share("tests/data", read_only=True, comment="the originals")`."""

    @brief
    def __init__(self, source: Source | None = None, /, **keys: Unpack[ShareKeys]) -> None:
        """`source` is a folder, content or an Overlay, `keys` are those of `[[share]]`.

        Raises TypeError for one that is not known, or where there is no source.
        """
        if source is None:
            raise ArgumentError(f"Share: what is shared comes first: {SHARED}")
        check_keywords("Share", keys, ShareKeys)
        self.source: Source = source
        self.keys = keys

    def __repr__(self) -> str:
        """As it is written, without passwords: it may end in a log."""
        keys = [
            f"{key}=..." if key.endswith("password") else f"{key}={value!r}"
            for key, value in self.keys.items()
        ]
        return f"Share({', '.join([repr(self.source), *keys])})"


class UserKeys(TypedDict, total=False):
    """The keys of `[[user]]` but for `name` and `password`."""

    nt_hash: str | None
    admin: bool


class User:
    """A user who is more than a password: `User("Secret123", admin=True)`, `User(nt_hash="0123...")`."""

    @brief
    def __init__(self, password: str | None = None, **keys: Unpack[UserKeys]) -> None:
        """The password or its NT hash, and what else `[[user]]` has. Raises TypeError for what is not known."""
        check_keywords("User", keys, UserKeys)
        self.password = password
        self.keys = keys

    def __repr__(self) -> str:
        """Without the password and its hash: it may end in a log."""
        return f"User(...{', admin=True' if self.keys.get('admin') else ''})"


class Timing(TypedDict, total=False):
    """The keys of `[timing]`, in seconds: `timing=Timing(sharing_violation=0)`."""

    sharing_violation: float
    write_time: float
    oplock_break: float
    wrong_password: float
    forget_wrong_passwords: float
    lock_out: float


class Limits(TypedDict, total=False):
    """The keys of `[limits]`: `limits=Limits(connections=5)`."""

    connections: int
    sessions: int
    total_sessions: int
    trees: int
    total_trees: int
    opens: int
    total_opens: int
    searches: int
    total_searches: int
    search_bytes: int
    total_search_bytes: int
    locks: int
    file_locks: int
    total_locks: int
    watches: int
    total_watches: int
    total_watch_bytes: int
    pending: int
    pending_bytes: int
    total_pending_bytes: int
    transactions: int
    transaction_bytes: int
    message_bytes: int
    reassembly_bytes: int
    total_reassembly_bytes: int
    pipes: int
    pipe_bytes: int
    total_pipe_bytes: int
    unread_bytes: int
    total_unread_bytes: int
    connections_per_address: int
    kept_descriptors: int
    waiting_for_disk: int
    sign_in_seconds: float
    wrong_passwords: int
    waiting_sign_ins: int
    sign_in_addresses: int
    kerberos_sign_ins: int
    lock_out_after: int
    print_jobs: int
    print_job_bytes: int
    idle_seconds: float
    name_packets: int
    name_addresses: int
    browse_entries: int


class Switches(TypedDict, total=False):
    """The switches of a profile, as `[profile]` has them (docs/profiles.md)."""

    raw_mode: bool
    unicode: bool
    large_files: bool
    nt_smbs: bool
    rpc_remote_apis: bool
    status32: bool
    level_ii_oplocks: bool
    lock_and_read: bool
    nt_find: bool
    nt_levels: bool
    dfs: bool
    infolevel_passthru: bool
    large_readx: bool
    large_writex: bool
    unix_extensions: bool
    extended_security: bool
    dialects: Sequence[Spoken]
    accept: Sequence[Proof] | None
    guest: GuestAccess
    guest_only: bool
    signing: Signing
    oplocks: bool
    streams: bool
    eas: bool
    max_mpx: int
    max_buffer: int
    largest_read: int
    file_system: str
    native_os: str
    native_lan_manager: str
    os_major: int
    os_minor: int
    ntlmssp_version: str
    time_zone: int | str | None
    first_uid: int
    first_tid: int
    first_fid: int
    first_sid: int
    called_names: CalledNames
    referral_status: ReferralStatus


class Web(TypedDict, total=False):
    """The keys of `[web]`: `web=Web(port=8080, token="...")`."""

    port: int | None
    host: str
    token: str
    hosts: Sequence[str]


class Names(TypedDict, total=False):
    """The keys of `[names]`: `names=Names(port=137, datagram_port=138)`."""

    port: int | None
    datagram_port: int | None
    host: str | None
    address: str | None
    broadcast: str | None
    master: bool


Shares = Mapping[str, Source | Share]
Users = Mapping[str, str | User]


class Keywords(TypedDict, total=False):
    """What a server can be told beside its shares; docs/configuration.md says what each means."""

    users: Users
    deterministic: bool | int
    """Whether runs can be repeated: True, or the seed."""
    clock: datetime | str
    """The time that it is: `"2004-02-01T10:00:00Z,step=1ms"`."""
    profile: str
    """The make of server that it is like: `fakesmb profiles` lists them."""
    settings: Switches
    """Switches over the profile (docs/profiles.md): `settings={"raw_mode": False}`."""
    timing: Timing
    limits: Limits
    web: int | Web
    """The port of the control API and the page (docs/control.md), 0: any free one; or `Web(...)`."""
    names: Names
    """NetBIOS names and browsing, over UDP (docs/names.md)."""
    faults: Sequence[FaultKeys]
    """Rules that are armed from the start, each the keywords of `faults.inject` (docs/faults.md)."""
    log: LogForm
    """`[log] format`: of standard output; here none unless it is given."""
    log_file: AnyPath
    """`[log] file`."""
    log_filter: str
    """`[log] filter`: which messages standard output and the file have (docs/filter.md)."""
    log_truncate: bool
    """`[log] truncate`."""
    secrets: bool
    journal: int
    """`[log] journal`: events that the journal remembers."""
    keep_data: int
    """`[log] keep_data`: bytes of each read and write that the journal keeps, for `wrote(data=b"...")`."""
    pcap: AnyPath
    """`[capture] file`: all that clients and the server say, as pcapng."""
    snap: int
    """`[capture] snap`: bytes of each packet that are kept; 0: all."""
    pcap_ports: WrittenPort
    """`[capture] ports`."""
    host: str
    port: int
    """0, and so here without it: any free one."""
    netbios_port: int | None
    name: str
    workgroup: str
    comment: str
    signing: Signing
    security: Security
    plain_text: bool
    extended_security: bool
    unicode: bool
    dfs: bool
    plans: bool
    max_buffer: int
    time_zone: int | str | None
    oem_encoding: str
    challenge: str
    keytab: AnyPath
    """The keys of the service `cifs/NAME`: clients may sign in by Kerberos."""
    accept: Sequence[Proof]
    guest: GuestAccess
    anonymous: bool | None
    anonymous_listing: bool | None
    overlay_limit: int
    run_as: str


IN_LOG: Final[Mapping[str, str]] = {
    "log": "format",
    "log_file": "file",
    "log_filter": "filter",
    "log_truncate": "truncate",
    "secrets": "secrets",
    "journal": "journal",
    "keep_data": "keep_data",
}
"""Arguments that are keys of `[log]`, and their names there."""
IN_CAPTURE: Final[Mapping[str, str]] = {"pcap": "file", "snap": "snap", "pcap_ports": "ports"}
"""Arguments that are keys of `[capture]`, likewise."""
OF_THEIR_OWN: Final = frozenset({"users", "settings", "timing", "limits", "web", "names", "faults"})
"""Arguments that are tables of their own. What is neither here nor in those is a key of `[server]`."""


ELSEWHERE: Final[Mapping[str, type]] = {
    "Share(folder, {}=...)": ShareKeys,
    "User(password, {}=...)": UserKeys,
    "timing=Timing({}=...)": Timing,
    "limits=Limits({}=...)": Limits,
    "names=Names({}=...)": Names,
}
"""How keys are given that are no arguments of a server."""


def check_keywords(function: str, given: Mapping[str, object], known: type) -> None:
    """Raises `ArgumentError` for the first that is not a key of the TypedDict `known`, with the nearest that is."""
    names = known.__annotations__
    for name in given:
        if name in names:
            continue
        if known is Keywords:
            for form, others in ELSEWHERE.items():
                if name in others.__annotations__:
                    raise ArgumentError(
                        f"{function} has no argument {name!r}: give it as {form.format(name)}"
                    )
        told = {one: one for one in names}
        if known is Keywords:
            told |= {"shares": "shares"} | {
                key: argument for argument, key in {**IN_LOG, **IN_CAPTURE}.items()
            }
        raise ArgumentError(f"{function} has no argument {name!r}{nearest(name, told)}")


def kind_of(value: object) -> str:
    """What a value of a wrong kind is called."""
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"
