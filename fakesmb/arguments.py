"""What a program says when it makes a server: typed arguments become a `Config`.

Every key of fakesmb.toml has its argument. A mistake is a `ConfigError` whose text names the argument; one that is
not known, or of another type, is a `TypeError` as well.
"""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypedDict, Unpack

from fakesmb.config import (
    LIBRARY,
    Arguments,
    Config,
    ConfigError,
    FilePart,
    LogForm,
    SharePart,
    UserPart,
    check_users,
    merge,
    nobody_can_sign_in,
    read,
    share_of,
    user_of,
)
from fakesmb.core import profiles
from fakesmb.core.profile import GuestAccess, Signing
from fakesmb.folders.content import Content, Contents
from fakesmb.folders.errors import FolderError
from fakesmb.folders.overlay import Overlay
from fakesmb.nt.nearest import nearest
from fakesmb.vfs.store import LocalBreaks

NOBODY: Final = "neither users nor guests: nobody can use the shares; name users=, or let guests in by guest="

AnyPath = str | os.PathLike[str]


Source = AnyPath | Content | Overlay
"""What a share serves: the folder at a path; content, by names; a copy of a folder."""


SHARED: Final = "a folder, content by names, Overlay(...)"


class ArgumentError(ConfigError, TypeError):
    """An argument that no server has, or one of another type than it must be."""


class ShareKeys(TypedDict, total=False):
    """The keys of `[[share]]` but for `name` and `path` (docs/configuration.md)."""

    overlay: bool
    overlay_limit: int | None
    read_only: bool
    comment: str
    users: Sequence[str] | None
    acls: bool
    unix_extensions: bool
    oplocks: bool
    local_breaks: LocalBreaks
    special_modes: bool
    may_hang: bool | None


class Share:
    """A share that is more than a folder: `Share("tests/data", read_only=True, comment="the originals")`."""

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
        """As it is written."""
        return f"Share({', '.join([repr(self.source), *(f'{key}={value!r}' for key, value in self.keys.items())])})"


class UserKeys(TypedDict, total=False):
    """The keys of `[[user]]` but for `name` and `password`."""

    nt_hash: str | None
    admin: bool


class User:
    """A user who is more than a password: `User("Secret123", admin=True)`, `User(nt_hash="0123...")`."""

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
    lock_out_after: int
    idle_seconds: float


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
    settings: Mapping[str, Any]
    """Switches over the profile (docs/profiles.md): `settings={"raw_mode": False}`."""
    timing: Timing
    limits: Limits
    faults: Sequence[Mapping[str, Any]]
    """Rules that are armed from the start, each the keywords of `faults.inject` (docs/faults.md)."""
    log: LogForm
    """`[log] format`: of standard output; here none unless it is given."""
    log_file: AnyPath
    """`[log] file`."""
    log_truncate: bool
    """`[log] truncate`."""
    secrets: bool
    journal: int
    """`[log] journal`: events that the journal remembers."""
    keep_data: int
    """`[log] keep_data`: bytes of each read and write that the journal keeps, for `wrote(data=b"...")`."""
    host: str
    port: int
    """0, and so here without it: any free one."""
    netbios_port: int | None
    name: str
    workgroup: str
    comment: str
    signing: Signing
    extended_security: bool
    unicode: bool
    dfs: bool
    plans: bool
    max_buffer: int
    oem_encoding: str
    challenge: str
    accept: Sequence[Literal["ntlmv2", "ntlm2", "ntlmv1", "lm"]]
    guest: GuestAccess
    anonymous: bool | None
    anonymous_listing: bool | None
    overlay_limit: int
    run_as: str


IN_LOG: Final[Mapping[str, str]] = {
    "log": "format",
    "log_file": "file",
    "log_truncate": "truncate",
    "secrets": "secrets",
    "journal": "journal",
    "keep_data": "keep_data",
}
"""Arguments that are keys of `[log]`, and their names there."""
OF_THEIR_OWN: Final = frozenset({"users", "settings", "timing", "limits", "faults"})
"""Arguments that are tables of their own. What is neither here nor in `IN_LOG` is a key of `[server]`."""


ELSEWHERE: Final[Mapping[str, type]] = {
    "Share(folder, {}=...)": ShareKeys,
    "User(password, {}=...)": UserKeys,
    "timing=Timing({}=...)": Timing,
    "limits=Limits({}=...)": Limits,
}
"""How keys are given that are no arguments of a server."""


def config_of(
    shares: Shares | None, keywords: Keywords, file: FilePart | None = None, *, depth: int = 3
) -> Config:
    """What the arguments ask for, over a file where there is one. Raises `ConfigError`.

    Warns where nobody can sign in, at the line of the program that is `depth` calls up.
    """
    check_keywords("FakeSMB", keywords, Keywords)
    server = {key: value for key, value in keywords.items() if key not in IN_LOG and key not in OF_THEIR_OWN}
    log: dict[str, Any] = {IN_LOG[key]: value for key, value in keywords.items() if key in IN_LOG}
    if isinstance(log.get("file"), os.PathLike):
        log["file"] = os.fspath(log["file"])
    given = Arguments(
        server=server,
        log=log,
        switches=dict(_switches(keywords.get("settings"))),
        timing=_keys("timing", keywords.get("timing"), Timing),
        limits=_keys("limits", keywords.get("limits"), Limits),
        users=[_user(name, user) for name, user in _items("users", keywords.get("users"))],
        shares=[_share(name, share) for name, share in _items("shares", shares)],
        faults=_faults(keywords.get("faults")),
        named=_argument,
    )
    config = merge(file or FilePart(), given, LIBRARY)
    if not config.users and config.guest == "off" and not config.loopback:
        raise ConfigError(f"host {config.host}: others can connect there: name users= or guest=")
    check_users(config)
    if nobody_can_sign_in(config):
        warnings.warn(NOBODY, stacklevel=depth)
    return config


def config_of_file(path: AnyPath, shares: Shares | None, keywords: Keywords) -> Config:
    """What a fakesmb.toml asks for, with the arguments over it. Raises `ConfigError`."""
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError(f"from_file: the path of a fakesmb.toml, not {_kind(path)}")
    return config_of(shares, keywords, read(os.fspath(path)), depth=4)


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
            told |= {"shares": "shares"} | {key: argument for argument, key in IN_LOG.items()}
        raise ArgumentError(f"{function} has no argument {name!r}{nearest(name, told)}")


def _argument(table: str, key: str) -> str:
    """The argument that gives this key of a table."""
    if table == "log":
        return next((argument for argument, inner in IN_LOG.items() if inner == key), key)
    return key if table == "server" else f"{table} {key}"


def _keys(argument: str, value: Any, known: type) -> dict[str, Any]:
    """The keys of a table that stand in an argument of its own."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ArgumentError(f"{argument} is {known.__name__}(...), a mapping of its keys, not {_kind(value)}")
    check_keywords(known.__name__, value, known)
    return dict(value)


def _switches(given: Any) -> "Iterator[tuple[str, Any]]":
    if not isinstance(given, Mapping | None):
        raise ArgumentError(f"settings is a mapping of switches to values, not a {type(given).__name__}")
    for key, value in (given or {}).items():
        try:
            yield key, profiles.checked(key, value)
        except profiles.ProfileError as error:
            raise ArgumentError(f"settings: {error}") from None


def _items(argument: str, value: Any) -> "list[tuple[str, Any]]":
    """The names and what each stands for; whoever gives another shape is shown how it is written."""
    if value is None:
        return []
    if not isinstance(value, Mapping):
        raise ArgumentError(f"{argument} is a mapping, {_how(argument, value)}, not {_kind(value)}")
    for name in value:
        if not isinstance(name, str):
            raise ArgumentError(f"{argument}: a name is a text, not {_kind(name)}")
    return list(value.items())


def _faults(value: Any) -> list[dict[str, Any]]:
    """The rules; what is in them is looked at when all that they may name is known."""
    if value is None:
        return []
    how = "a list of rules, [{'command': 'WRITE', 'fail': 'DISK_FULL'}]"
    if isinstance(value, Mapping | str) or not isinstance(value, Sequence):
        raise ArgumentError(f"faults is {how}, not {_kind(value)}")
    for fault in value:
        if not isinstance(fault, Mapping):
            raise ArgumentError(f"faults is {how}, and not of {_kind(fault)}")
    return [dict(fault) for fault in value]


def _how(argument: str, value: Any) -> str:
    if argument == "users":
        return "{'name': 'password'}"
    if isinstance(value, Config):
        return "{'name': folder} (a Config goes to from_config)"
    if isinstance(value, str | os.PathLike):
        path = os.fspath(value)
        if str(path).endswith(".toml"):
            return f"{{'name': folder}} (a file goes to from_file({path!r}))"
        return f"{{'name': {path!r}}}"
    return "{'name': folder}"


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


def _share(name: str, given: Any) -> SharePart:
    source: object = given.source if isinstance(given, Share) else given
    keys: dict[str, Any] = {**given.keys} if isinstance(given, Share) else {}
    if isinstance(source, Overlay):
        keys["overlay"] = True
        if source.limit is not None:
            keys["overlay_limit"] = source.limit
        return share_of(name, source.path, **keys)
    if isinstance(source, Mapping):
        try:
            return share_of(name, "", content=Contents(source), **keys)
        except FolderError as error:
            raise ConfigError(f"share {name}: {error}") from None
    if not isinstance(source, str | os.PathLike):
        raise ArgumentError(f"share {name}: {SHARED} or Share(...), not {_kind(source)}")
    return share_of(name, os.fspath(source), **keys)


def _user(name: str, given: Any) -> UserPart:
    user = given if isinstance(given, User) else User(given)
    if not isinstance(user.password, str | None):  # which is not repeated: it may be one in another form
        raise ArgumentError(f"user {name}: a password or User(password, ...), not {_kind(user.password)}")
    return user_of(name, user.password, **user.keys)
