"""A file with arguments over it becomes the configuration of a server."""

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Any, Final, TypeVar

import msgspec

from fakesmb.auth.accounts import ACCEPTED
from fakesmb.config.names import checked_names
from fakesmb.config.parts import (
    LONGEST_PASSWORD,
    STANDARD_OUTPUT,
    CapturePart,
    FaultPart,
    FilePart,
    LogForm,
    LogPart,
    NamesPart,
    ServerPart,
    SharePart,
    UserPart,
    WebPart,
)
from fakesmb.config.values import absolute, placed, problems, share_problem
from fakesmb.core import profiles
from fakesmb.core.profile import GuestAccess, Profile
from fakesmb.core.settings import Settings
from fakesmb.folders.overlay import LIMIT
from fakesmb.mistakes import ConfigError, explained, halved, mistake, shown
from fakesmb.nt.names import fold
from fakesmb.nt.nearest import nearest
from fakesmb.world import Clock, clock_of

T = TypeVar("T", bound=msgspec.Struct)
_NAMED_KEYS: Final = ("overlay", "overlay_limit", "dfs", "read_only", "printer_driver")
"""Keys of a share that a message about it names."""


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
    keytab: str = ""
    """The path of the keytab; empty: no Kerberos."""
    run_as: str = ""
    seed: int | None = None
    """What the randomness of a run that can be repeated is made of."""
    clock: Clock | None = None
    """The time that it is; None: the machine's, or where runs can be repeated the usual one."""
    log: LogPart = LogPart(format="none")
    capture: CapturePart = CapturePart()
    web: WebPart = WebPart()
    names: NamesPart = NamesPart()
    """With addresses that are numbers; `broadcast` "" for none."""
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
    capture: dict[str, Any] = {}
    """Keys of `[capture]`."""
    web: dict[str, Any] = {}
    """Keys of `[web]`."""
    names: dict[str, Any] = {}
    """Keys of `[names]`."""
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
    capture = laid_over("capture", file.capture, given.capture)
    if capture.file == STANDARD_OUTPUT and log.format not in (None, "none"):
        names = (
            f"{given.named('capture', 'file')} {STANDARD_OUTPUT}",
            f"{given.named('log', 'format')} {log.format}",
        )
        raise ConfigError(f"{names[0]} and {names[1]} both want standard output: give one of them a file")
    web = _web(laid_over("web", file.web, given.web), server, given.named)
    told_names = checked_names(laid_over("names", file.names, given.names), server.host, given.named)
    timing = laid_over("timing", file.timing, given.timing)
    limits = laid_over("limits", file.limits, given.limits)
    users = _over("user", given.users, file.user)
    guest = _guest(server, profile, "off" if users else usual.guest)
    port = usual.port if server.port is None else server.port
    if port and server.netbios_port == port:
        raise ConfigError(f"port and netbios_port are both {port}: one port serves clients of both kinds")
    for share in given.shares:
        if problem := share_problem(share, ""):
            key = f"{problem[0]} " if problem[0] in _NAMED_KEYS else ""
            raise ConfigError(f"share {share.name}: {key}{problem[1]}")
    settings = Settings(
        name=server.name.upper(),
        workgroup=server.workgroup.upper(),
        comment=server.comment,
        signing=profile.signing,
        security=server.security,
        plain_text=server.plain_text,
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
    shares = [placed(share, "") for share in given.shares]
    return Config(
        settings=settings,
        host=server.host,
        port=port,
        netbios_port=server.netbios_port,
        users=users,
        guest=guest,
        anonymous=guest == "off" if server.anonymous is None else server.anonymous,
        accept=tuple(profile.accept or _accepted(server.host)),
        shares=_over("share", shares, file.share),
        web=web,
        names=told_names,
        overlay_limit=server.overlay_limit,
        keytab=server.keytab and absolute(server.keytab),
        run_as=server.run_as,
        seed=None if server.deterministic is False else int(server.deterministic),
        clock=None if server.clock is None else clock_of(server.clock),
        log=log if log.format else msgspec.structs.replace(log, format=_log_form(capture, usual)),
        capture=capture,
        faults=(*file.fault, *given.faults),
    )


def _web(web: WebPart, server: ServerPart, named: Callable[[str, str], str]) -> WebPart:
    """The table as it is; raises `ConfigError` where anybody on a network could command the server."""
    if web.port is None:
        return web
    if not is_loopback(web.host) and not web.token:
        raise ConfigError(
            f"the control API on {web.host} can be reached by others: give it a token ({named('web', 'token')})"
        )
    if web.port and web.port in (server.port, server.netbios_port):
        raise ConfigError(
            f"{named('web', 'port')} {web.port} is the port of SMB, too: the control API needs another"
        )
    return web


def _log_form(capture: CapturePart, usual: Usual) -> LogForm:
    """Where nothing is said: standard output has room for one thing."""
    return "none" if capture.file == STANDARD_OUTPUT else usual.format


def _accepted(host: str) -> Iterable[str]:
    """LM falls in seconds and NTLMv1 in hours to whoever saw a sign-in: on a network both must be asked for."""
    return ACCEPTED if is_loopback(host) else ("ntlmv2",)


def with_overlays(config: Config) -> Config:
    """The same configuration, with a copy of each folder."""
    shares = [
        share if share.is_private else msgspec.structs.replace(share, overlay=True) for share in config.shares
    ]
    return msgspec.structs.replace(config, shares=tuple(shares))


def with_share_passwords(config: Config, key: str, given: Iterable[str], option: str = "") -> Config:
    """The same configuration with passwords of shares, each `NAME:PASSWORD`; `key` says which of a share's two.

    Mistakes name `option`, or what it is on the command line. Raises `ConfigError`.
    """
    option = option or ("--share-password" if key == "password" else "--read-only-password")
    shares = list(config.shares)
    for text in given:
        name, colon, password = text.partition(":")
        if not password:  # nothing of it is repeated: it may be a password
            missing = "nothing stands behind the colon" if colon else "there is no colon"
            raise ConfigError(f"{option} is NAME:PASSWORD, and {missing}")
        if len(password) > LONGEST_PASSWORD:
            raise ConfigError(f"{option} {name}: more than {LONGEST_PASSWORD} characters")
        index = next((at for at, share in enumerate(shares) if fold(share.name) == fold(name)), None)
        if index is None:
            near = nearest(name, [share.name for share in shares])
            raise ConfigError(f"{option}: no share is called {name!r}{near}")
        shares[index] = msgspec.structs.replace(shares[index], **{key: password})
    return msgspec.structs.replace(config, shares=tuple(shares))


def with_users(config: Config, users: tuple[UserPart, ...]) -> Config:
    """The same configuration for other users."""
    return msgspec.structs.replace(config, users=users)


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine to itself only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_SECRET: Final = frozenset({"token"})
"""Keys whose values are repeated nowhere."""


def _laid_over(table: str, part: T, values: Mapping[str, Any], named: "Callable[[str, str], str]") -> T:
    """The part of the file with what the arguments say, checked again."""
    if not values:
        return part
    try:
        made = msgspec.convert(msgspec.structs.asdict(part) | dict(values), type(part))
    except msgspec.ValidationError as error:
        key, problem = explained(str(error), type(part), table)
        name = key.partition(".")[2]
        given = name.partition("[")[0]
        value = "" if given in _SECRET else f" {shown(values.get(given, ''))}"
        raise mistake(str(error), f"{named(table, name)}{value}: {problem}") from None
    except UnicodeEncodeError:
        name = halved(values)
        raise ConfigError(f"{named(table, name)} {shown(values.get(name, ''))}: is no text") from None
    for name, problem in problems(table, made):
        if name in values:
            raise ConfigError(f"{named(table, name)} {shown(values[name])}: {problem}")
    return made


def _over(what: str, given: Iterable[Any], file: Iterable[Any]) -> tuple[Any, ...]:
    names: set[str] = set()
    for one in given:
        if fold(one.name) in names:
            raise ConfigError(f"{what} {one.name} is named twice")
        names.add(fold(one.name))
    return (*(one for one in file if fold(one.name) not in names), *given)
