"""What a person asks of a server, in fakesmb.toml and in arguments, checked on the way in.

A mistake is a `ConfigError` whose text is one line that names the file, the line and the key.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from ipaddress import ip_address
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from fakesmb.auth.accounts import ACCEPTED
from fakesmb.core import profiles
from fakesmb.core.identities import NONE_RID, rid_of
from fakesmb.core.profile import BufferSize, GuestAccess, Profile, Signing
from fakesmb.core.settings import Limits, Settings, Timing
from fakesmb.faults.known import Known
from fakesmb.folders.content import Contents
from fakesmb.folders.overlay import LIMIT
from fakesmb.mistakes import ConfigError as ConfigError
from fakesmb.mistakes import explained, line_of, shown
from fakesmb.nt.names import fold
from fakesmb.nt.nearest import nearest
from fakesmb.record.journal import MOST_EVENTS
from fakesmb.vfs.store import LocalBreaks
from fakesmb.world import Clock, clock_of

T = TypeVar("T", bound=msgspec.Struct)

LogForm = Literal["text", "json", "none"]

Port = Annotated[int, Meta(ge=0, le=65535)]
Host = Annotated[str, Meta(pattern=r"^([^\s:/]+|(?=.*:.*:)[0-9A-Fa-f:.]+(%\S+)?)$")]
NetBIOSName = Annotated[str, Meta(pattern=r'^[^\x00-\x20\\/:*?"<>|.][^\x00-\x1f\\/:*?"<>|]{0,14}$')]
ShareName = Annotated[str, Meta(pattern=r'^[^\x00-\x1f"/\\\[\]:|<>+=;,*?]{1,80}$')]
UserName = Annotated[str, Meta(pattern=r'^[^\x00-\x1f"/\\\[\]:|<>+=;,*?]{1,256}$')]
Hash = Annotated[str, Meta(pattern="^[0-9a-fA-F]{32}$")]
Challenge = Annotated[str, Meta(pattern="^([0-9a-fA-F]{16})?$")]
Accept = Annotated[list[Literal["ntlmv2", "ntlm2", "ntlmv1", "lm"]], Meta(min_length=1)]
Seed = bool | Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
EventCount = Annotated[int, Meta(ge=0)]
Bytes = Annotated[int, Meta(gt=0)]

_ASCII: Final = (
    "".join(map(chr, range(0x30, 0x5B))) + 'abcdefghijklmnopqrstuvwxyz "!#$&()-./[]^_{}~|\\\\users\\\\new'
)
"""What names, paths and the protocol's own words consist of."""
_CODE_PAGES: Final = ("cp437", "cp850", "cp852", "cp866", "cp932", "cp1250", "cp1251", "cp1252", "latin-1")
"""Some of those that Python knows, to be told to who misspells one."""
_SECRET: Final = frozenset({"password", "nt_hash"})
"""Keys whose values are repeated nowhere."""
_EMPTY_HASH: Final = "31d6cfe0d16ae931b73c59d7e0c089c0"
"""NTOWFv1 of an empty password ([MS-NLMP] 3.3.1)."""
_MAY_BE_ZERO: Final = frozenset({"connections_per_address", "idle_seconds"})
"""Limits of which 0 says something else than that nothing is allowed."""
SAMPLE_USER: Final = "alice"
SAMPLE_PASSWORD: Final = "Secret123"


class ServerPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[server]`."""

    host: Host = "127.0.0.1"
    port: Port | None = None
    """Left out: 4450 of `serve`, any free one in a program."""
    netbios_port: Port | None = None
    """A second port, for clients that only know NetBIOS' 139."""
    name: NetBIOSName = "FAKESMB"
    workgroup: NetBIOSName = "WORKGROUP"
    comment: str = "fakesmb"
    profile: str = profiles.ROWS[0].name
    """The make of server that it is like (`core.profiles`). The table `[profile]` has switches over it, and what stands
    here is over both: signing, extended_security, unicode, dfs, max_buffer, accept, guest."""
    signing: Signing | None = None
    extended_security: bool | None = None
    unicode: bool | None = None
    dfs: bool | None = None
    plans: bool = True
    """Whether plain requests take the short way that is made for each; the answers are the same without."""
    max_buffer: BufferSize | None = None
    oem_encoding: str = Settings().oem_encoding
    challenge: Challenge = ""
    """Used for every sign-in; empty: random for each."""
    accept: Accept | None = None
    """How a password may be proved; left out, and where the profile does not say: `ntlmv2` beyond loopback, where
    anybody listens, else everything."""
    guest: GuestAccess | None = None
    """Left out: off; on loopback what the profile says, or `read-write` for a program that names no users."""
    anonymous: bool | None = None
    """Whether a client without a user name may connect to IPC$, and to nothing else; false: it is a guest, where there
    are any. Left out: true, but where anybody is a guest because a program said nothing of users and guests."""
    anonymous_listing: bool | None = None
    """Whether such a client is told of shares and accounts; left out: on loopback addresses only."""
    overlay_limit: Bytes = LIMIT
    """Bytes that the private folder of a share may take, with the copy that is kept ready for a reset."""
    run_as: str = ""
    """The user whose rights a server has that root started, once it listens; empty: it keeps its own."""
    deterministic: Seed = False
    """Whether runs can be repeated: true or the seed that randomness is made of (`world.RepeatableWorld`)."""
    clock: Any = None
    """A time, as text with `,step=1ms` behind it or not, or as TOML has them: it is always that time, or a step later
    at each look of a connection. Left out: the machine's, or where runs can be repeated `world.USUAL_BEGINNING`."""


class LogPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[log]`."""

    format: LogForm | None = None
    """Of standard output; left out: `text` of `serve`, none in a program."""
    file: str = ""
    """Also JSON lines, to this file."""
    truncate: bool = False
    """Each start begins the file anew, once the server listens."""
    secrets: bool = False
    """Responses to challenges, keys and tokens are recorded too."""
    journal: EventCount = MOST_EVENTS
    """Events that `FakeSMB.journal` remembers; beyond them it forgets the oldest."""
    keep_data: EventCount = 0
    """Bytes of each read and write that it keeps with them, of at most 64 MiB for all."""


class UserPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[user]]`."""

    name: UserName
    password: str | None = None
    nt_hash: Hash | None = None
    admin: bool = False

    @property
    def has_empty_password(self) -> bool:
        """Whether the password, or what the hash is of, is nothing."""
        if self.nt_hash is not None:
            return self.nt_hash.lower() == _EMPTY_HASH
        return not self.password

    def __repr__(self) -> str:
        """Without password and hash: it may end in a log."""
        return f"UserPart({self.name!r}{', admin' if self.admin else ''})"


SAMPLE: Final = UserPart(name=SAMPLE_USER, password=SAMPLE_PASSWORD, admin=True)
"""Who may sign in on loopback where nobody is named."""


class SharePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[share]]`; a relative path is relative to the file it stands in."""

    name: ShareName
    path: str = ""
    """The folder; left out where there is `content`."""
    content: Contents | None = None
    """What is in it, kept in a private folder: names of files with their texts, and tables for directories."""
    overlay: bool = False
    """Serve a copy of the folder, which itself never changes."""
    overlay_limit: Bytes | None = None
    """Bytes that the private folder may take; left out: `[server] overlay_limit`."""
    read_only: bool = False
    comment: str = ""
    users: list[str] | None = None
    """Who may connect; left out: everybody who signs in."""
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
    may_hang: bool | None = None
    """Whether its disk may hang, so that threads ask it; left out: where another machine or program answers for it."""

    @property
    def is_private(self) -> bool:
        """Whether what it serves is made for it, and gone afterwards."""
        return self.overlay or self.content is not None


FaultPart = dict[str, Any]
"""One `[[fault]]`, as it is written: `faults.rule` says what it may have."""


class FilePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole fakesmb.toml."""

    server: ServerPart = ServerPart()
    timing: Timing = Timing()
    limits: Limits = Limits()
    log: LogPart = LogPart()
    profile: dict[str, Any] = {}
    """The table `[profile]`: switches over the profile that `[server]` names."""
    user: list[UserPart] = []
    share: list[SharePart] = []
    fault: list[FaultPart] = []


class Config(msgspec.Struct, frozen=True):
    """All that `FakeSMB` needs to know."""

    settings: Settings
    host: str
    port: int
    netbios_port: int | None
    users: tuple[UserPart, ...]
    guest: GuestAccess
    anonymous: bool
    accept: tuple[str, ...]
    """Words of `auth.accounts.ACCEPTED`."""
    shares: tuple[SharePart, ...]
    """With absolute paths of folders that exist, but for those of content."""
    run_as: str = ""
    seed: int | None = None
    """What the randomness of a run that can be repeated is made of."""
    clock: Clock | None = None
    """The time that it is; None: the machine's, or where runs can be repeated the usual one."""
    log: LogPart = LogPart(format="none")
    overlay_limit: int = LIMIT
    """Bytes that each private folder may take, with its spare copy, where its share says nothing."""
    faults: tuple[FaultPart, ...] = ()
    """Rules that are armed from the start."""

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)


class Usual(msgspec.Struct, frozen=True):
    """What holds where neither the file nor the arguments say anything."""

    port: int
    format: LogForm
    guest: GuestAccess
    """On loopback addresses, where no users are named; elsewhere `off`."""


SERVE: Final = Usual(port=4450, format="text", guest="off")
"""For the command, whose users are people."""
LIBRARY: Final = Usual(port=0, format="none", guest="read-write")
"""For a program that makes its own server."""


class Arguments(msgspec.Struct):
    """What the command line or a program says; empty: nothing, so the file counts."""

    server: dict[str, Any] = {}
    """Keys of `[server]`."""
    log: dict[str, Any] = {}
    """Keys of `[log]`."""
    switches: dict[str, Any] = {}
    """Switches of a profile, as `[profile]` has them."""
    timing: dict[str, Any] = {}
    """Keys of `[timing]`."""
    limits: dict[str, Any] = {}
    """Keys of `[limits]`."""
    users: list[UserPart] = []
    shares: list[SharePart] = []
    faults: list[FaultPart] = []
    """Besides those of the file."""
    named: Callable[[str, str], str] = lambda _, key: key
    """How whoever gave these calls a key of a table."""


def read(path: str) -> FilePart:
    """A fakesmb.toml; raises `ConfigError`."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a UTF-8 text") from None
    except ValueError:
        raise ConfigError(f"{path!r}: no path holds a NUL character") from None
    try:
        part = msgspec.toml.decode(text, type=FilePart, dec_hook=_custom)
    except msgspec.ValidationError as error:
        key, problem = explained(str(error), FilePart)
        raise ConfigError(f"{path}:{line_of(text, key)} {key}: {problem}") from None
    except msgspec.DecodeError as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        where = found[1] + ":" if found else ""
        raise ConfigError(f"{path}:{where} not TOML: {str(error).partition(' (at ')[0]}") from None
    _check(path, text, part)
    folder = Path(path).absolute().parent
    return msgspec.structs.replace(
        part,
        share=[_placed(share, folder) for share in part.share],
        log=msgspec.structs.replace(part.log, file=part.log.file and str(folder / part.log.file)),
    )


def _check(path: str, text: str, part: FilePart) -> None:
    """Raises `ConfigError` for what the types do not exclude."""

    def wrong(key: str, problem: str) -> ConfigError:
        return ConfigError(f"{path}:{line_of(text, key)} {key}: {problem}")

    for index, user in enumerate(part.user):
        if (user.password is None) == (user.nt_hash is None):
            raise wrong(f"user[{index}]", "give either password or nt_hash")
        if _in(user.name, (other.name for other in part.user[:index])):
            raise wrong(f"user[{index}].name", f"there is another user {user.name}")
    folder = Path(path).absolute().parent
    for index, share in enumerate(part.share):
        key = f"share[{index}]"
        if (
            not share.path
            and share.content is None
            and "path" not in msgspec.toml.decode(text)["share"][index]
        ):
            raise wrong(f"{key}.path", "is missing")
        if problem := _share_problem(share, folder):
            raise wrong(f"{key}.{problem[0]}", problem[1])
        if _in(share.name, (other.name for other in part.share[:index])):
            raise wrong(f"{key}.name", f"there is another share {share.name}")
    for table, values in (("server", part.server), ("timing", part.timing), ("limits", part.limits)):
        for name, why in _problems(table, values):
            raise wrong(f"{table}.{name}", why)
    for key, value in part.profile.items():
        try:
            profiles.checked(key, value)
        except profiles.ProfileError as error:
            raise wrong(f"profile.{key}", error.problem) from None


def _problems(table: str, part: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """Keys of a table and what is wrong with their values, beyond what the types exclude."""
    if isinstance(part, ServerPart):
        if part.port and part.netbios_port == part.port:
            yield "netbios_port", "the same as port: one port serves clients of both kinds"
        if problem := _encoding_problem(part.oem_encoding):
            yield "oem_encoding", problem
        if part.clock is not None:
            try:
                clock_of(part.clock)
            except ValueError as error:
                yield "clock", str(error)
    elif table in ("timing", "limits"):
        for key, value in msgspec.structs.asdict(part).items():
            if not isfinite(value):
                yield key, "must be a number"
            if value < 0 or (table == "limits" and value == 0 and key not in _MAY_BE_ZERO):
                yield key, "must be greater than 0" if value else "must not be 0"


def _encoding_problem(encoding: str) -> str:
    """Why this cannot be what names and texts of old clients are encoded in; empty if it can."""
    try:
        spelt = _ASCII.encode(encoding)
        kept = spelt == _ASCII.encode() and spelt.decode(encoding) == _ASCII
    except LookupError:
        return f"Python knows no encoding {encoding}{nearest(encoding, _CODE_PAGES)}"
    except (UnicodeError, ValueError):  # ValueError: a NUL
        kept = False
    return "" if kept else f"{encoding} is no code page: ASCII must be itself in it"


def _share_problem(share: SharePart, folder: Path) -> tuple[str, str] | None:
    """The key and the reason, if this cannot be a share."""
    if fold(share.name) == "IPC$":
        return "name", "IPC$ is there already, for named pipes"
    if share.content is not None:
        return ("path", "give either path or content") if share.path or share.overlay else None
    problem = folder_problem(share.path, str(folder / share.path))
    return ("path", problem) if problem else None


def folder_problem(said: str, path: str) -> str:
    """Why this folder cannot be shared; empty if it can. `said` is how it was given."""
    if not said:
        return "the path is empty"
    if "\0" in said:
        return f"no path holds a NUL character: {said!r}"
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        with suppress(OSError):
            return f"{path} is a link to {os.readlink(path)}, which is not there"
        return f"there is no folder {path}"
    except OSError as error:
        return f"{path}: {error.strerror}"
    if not stat.S_ISDIR(mode):
        return f"{path} is not a folder"
    return "" if os.access(path, os.R_OK | os.X_OK) else f"{path} may not be read: Permission denied"


def _placed(share: SharePart, folder: Path) -> SharePart:
    """The share with an absolute path; what is content has none."""
    if share.content is not None:
        return share
    return msgspec.structs.replace(share, path=str((folder / share.path).absolute()))


def _custom(kind: type, value: Any) -> Any:
    """What msgspec does not know: the content of a share. Raises ValueError."""
    if kind is Contents:
        return Contents(value)
    raise NotImplementedError(kind)


_OF_SERVER: Final = tuple(key for key in ServerPart.__struct_fields__ if key in profiles.KEYS)
"""Switches that are keys of `[server]`, too: signing, unicode, guest, ..."""


def _profile(server: ServerPart, switches: Mapping[str, Any]) -> Profile:
    """The profile with switches over it, and over those the keys of `[server]`; raises `ConfigError`."""
    said = {key: value for key in _OF_SERVER if (value := getattr(server, key)) is not None}
    try:
        return profiles.profile(server.profile, {**switches, **said})
    except profiles.ProfileError as error:
        raise ConfigError(str(error)) from None


def _guest(server: ServerPart, profile: Profile, usual: GuestAccess) -> GuestAccess:
    """Beyond loopback guests are let in by name only, or where everybody is one."""
    if profile.guest_only:
        if server.guest == "off":
            raise ConfigError("guest_only makes everybody a guest, and guest is off")
        return "read-write" if profile.guest == "off" else profile.guest
    if server.guest is not None:
        return server.guest
    if not is_loopback(server.host):
        return "off"
    return usual if profile.guest == "off" else profile.guest


def merge(file: FilePart, given: Arguments, usual: Usual = SERVE) -> Config:
    """The file with the arguments over it; raises `ConfigError` for arguments that cannot be."""

    def laid_over(table: str, part: T, values: Mapping[str, Any]) -> T:
        return _laid_over(table, part, values, given.named)

    over = {key: value for key, value in given.switches.items() if key in _OF_SERVER}
    server = laid_over("server", file.server, over | given.server)
    profile = _profile(server, file.profile | given.switches)
    log = laid_over("log", file.log, given.log)
    timing = laid_over("timing", file.timing, given.timing)
    limits = laid_over("limits", file.limits, given.limits)
    users = _over("user", given.users, file.user)
    guest = _guest(server, profile, "off" if users else usual.guest)
    everybody = guest != "off" and server.guest is None and not users and usual.guest != "off"
    port = usual.port if server.port is None else server.port
    if port and server.netbios_port == port:
        raise ConfigError(f"port and netbios_port are both {port}: one port serves clients of both kinds")
    for share in given.shares:
        if problem := _share_problem(share, Path.cwd()):
            raise ConfigError(f"share {share.name}: {problem[1]}")
    settings = Settings(
        name=server.name.upper(),
        workgroup=server.workgroup.upper(),
        comment=server.comment,
        signing=profile.signing,
        profile=profile,
        plans=server.plans,
        oem_encoding=server.oem_encoding,
        anonymous_listing=(
            is_loopback(server.host) if server.anonymous_listing is None else server.anonymous_listing
        ),
        challenge=bytes.fromhex(server.challenge),
        timing=timing,
        limits=limits,
    )
    shares = [_placed(share, Path.cwd()) for share in given.shares]
    return Config(
        settings=settings,
        host=server.host,
        port=port,
        netbios_port=server.netbios_port,
        users=users,
        guest=guest,
        anonymous=not everybody if server.anonymous is None else server.anonymous,
        accept=tuple(profile.accept or _accepted(server.host)),
        shares=_over("share", shares, file.share),
        overlay_limit=server.overlay_limit,
        run_as=server.run_as,
        seed=None if server.deterministic is False else int(server.deterministic),
        clock=None if server.clock is None else clock_of(server.clock),
        log=log if log.format else msgspec.structs.replace(log, format=usual.format),
        faults=(*file.fault, *given.faults),
    )


def _accepted(host: str) -> Iterable[str]:
    """LM falls in seconds and NTLMv1 in hours to whoever saw a sign-in: on a network both must be asked for."""
    return ACCEPTED if is_loopback(host) else ("ntlmv2",)


def with_users(config: Config, users: tuple[UserPart, ...]) -> Config:
    """The same configuration for other users."""
    return msgspec.structs.replace(config, users=users)


def check_users(config: Config, path: str = "", part: FilePart | None = None) -> None:
    """Raises `ConfigError` where nobody can sign in, or `users` of a share names somebody who has no account.

    `path` and `part` are the file that the shares may come from: they tell the line.
    """
    if guests_cannot_sign(config) and not config.users:
        raise ConfigError(
            "signing is required, which guests cannot do: nobody could sign in; name users, or let signing be offered"
        )
    accounts = [user.name for user in config.users]
    _check_rids(accounts)
    for share in config.shares:
        for name in share.users or ():
            if not _in(name, accounts):
                where = f"share {share.name}"
                if part is not None and share in part.share:
                    key = f"share[{part.share.index(share)}].users"
                    where = f"{path}:{line_of(Path(path).read_text(encoding='utf-8'), key)} {key}"
                raise ConfigError(f"{where}: no user {name!r} has an account")
    if config.faults:
        _check_faults(config, path, [] if part is None else part.fault)


def _check_faults(config: Config, path: str, of_file: list[FaultPart]) -> None:
    """Raises `ConfigError` for a rule that is none, or that no request to this server can meet."""
    from fakesmb.faults.errors import FaultError, FaultValueError
    from fakesmb.faults.rule import rule_of

    names: set[str] = set()
    known = known_to_faults(config)
    for index, fault in enumerate(config.faults):
        try:
            rule = rule_of(fault, known)
            if rule.name in names:
                raise FaultValueError("name", f"another fault is called {rule.name!r}")
        except FaultError as error:
            last = f".{error.key}" if error.key else ""
            where = f"faults[{index - len(of_file)}]{last}"
            if index < len(of_file):
                key = f"fault[{index}]{last}"
                where = f"{path}:{line_of(Path(path).read_text(encoding='utf-8'), key)} {key}"
            raise ConfigError(f"{where}: {error.problem}") from None
        if rule.name:
            names.add(rule.name)


def known_to_faults(config: Config) -> Known:
    """What rules may name of the server."""
    return Known(
        [*(share.name for share in config.shares), "IPC$"],
        None if config.guest != "off" else [user.name for user in config.users],
        config.settings.signing != "off",
    )


def _check_rids(accounts: Iterable[str]) -> None:
    """Raises `ConfigError` where two accounts, or one and the group of all, are one and the same to descriptors."""
    taken = {NONE_RID: "the group None"}
    for name in accounts:
        other = taken.setdefault(rid_of(name), f"user {name}")
        if other != f"user {name}":
            raise ConfigError(
                f"user {name} would have the SID of {other}, and so its files: take another name"
            )


def nobody_can_sign_in(config: Config) -> bool:
    """Whether there are neither users nor guests: clients without a name get to IPC$, and nobody to the shares."""
    return bool(config.shares) and not config.users and config.guest == "off"


def guests_cannot_sign(config: Config) -> bool:
    """Whether guests are asked for who are all refused: they have no key to sign with."""
    return config.guest != "off" and config.settings.signing == "required"


def user(text: str, *, admin: bool = False) -> UserPart:
    """`NAME:PASSWORD`."""
    name, colon, password = text.partition(":")
    if not colon:
        raise ConfigError("a user is NAME:PASSWORD, and there is no colon")  # the text may be a password
    return user_of(name, password, admin=admin)


def user_of(name: str, password: str | None, **keys: Any) -> UserPart:
    """A user, with keys of `[[user]]`; raises `ConfigError` for what cannot be one."""
    made = _named("user", UserPart, {"name": name, "password": password, **keys})
    if (made.password is None) == (made.nt_hash is None):
        raise ConfigError(f"user {name}: give either password or nt_hash")
    return made


_AFTER_PATH: Final = {"ro": "read_only", "overlay": "overlay"}
"""Words behind the path of a share on the command line, and the keys that they set."""


def share(text: str) -> SharePart:
    """`NAME=PATH`, and then perhaps `,ro` and `,overlay`."""
    name, equals, path = text.partition("=")
    keys: dict[str, bool] = {}
    while (found := path.rpartition(","))[1] and found[2] in _AFTER_PATH:
        keys[_AFTER_PATH[found[2]]] = True
        path = found[0]
    if not equals or not path:
        raise ConfigError(f"{text}: a share is NAME=PATH, NAME=PATH,ro or NAME=PATH,overlay")
    return share_of(name, path, **keys)


def share_of(name: str, path: str, **keys: Any) -> SharePart:
    """A share, with keys of `[[share]]`; raises `ConfigError` for what cannot be one."""
    return _named("share", SharePart, {"name": name, "path": path, **keys})


def subdirectories(root: str) -> list[SharePart]:
    """Each visible sub-directory of `root` as a share."""
    try:
        folders = sorted(one for one in Path(root).iterdir() if one.is_dir() and not one.name.startswith("."))
    except OSError as error:
        raise ConfigError(f"{root}: {error.strerror}") from None
    if not folders:
        raise ConfigError(
            f"{root}: no sub-directory to share; to share the folder itself: --share NAME={root}"
        )
    return [share_of(one.name, str(one)) for one in folders]


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine to itself only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _laid_over(table: str, part: T, values: Mapping[str, Any], named: "Callable[[str, str], str]") -> T:
    """The part of the file with what the arguments say, checked again."""
    if not values:
        return part
    try:
        made = msgspec.convert(msgspec.structs.asdict(part) | dict(values), type(part))
    except msgspec.ValidationError as error:
        key, problem = explained(str(error), type(part), table)
        name = key.partition(".")[2]
        value = shown(values.get(name.partition("[")[0], ""))
        raise ConfigError(f"{named(table, name)} {value}: {problem}") from None
    for name, problem in _problems(table, made):
        if name in values:
            raise ConfigError(f"{named(table, name)} {shown(values[name])}: {problem}")
    return made


def _named(table: str, kind: type[T], values: Mapping[str, Any]) -> T:
    """One of `[[share]]` or `[[user]]`, which has a name; its secrets are not repeated."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        key, problem = explained(str(error), kind, table)
        key = key.partition(".")[2]
        name = key.partition("[")[0]
        if name == "name":
            raise ConfigError(f"{table} name {shown(values['name'])}: {problem}") from None
        value = "" if name in _SECRET else f" {shown(values.get(name, ''))}"
        raise ConfigError(f"{table} {values['name']}: {key}{value}: {problem}") from None


def _over(what: str, given: Iterable[Any], file: Iterable[Any]) -> tuple[Any, ...]:
    names: set[str] = set()
    for one in given:
        if fold(one.name) in names:
            raise ConfigError(f"{what} {one.name} is named twice")
        names.add(fold(one.name))
    return (*(one for one in file if fold(one.name) not in names), *given)


def _in(name: str, others: Iterable[str]) -> bool:
    return fold(name) in {fold(other) for other in others}
