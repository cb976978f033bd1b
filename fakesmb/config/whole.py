"""What cannot be in a configuration as a whole."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from fakesmb.config.links import loop_problem
from fakesmb.config.merging import Config
from fakesmb.config.parts import FaultPart, FilePart, SharePart
from fakesmb.config.values import in_
from fakesmb.core.identities import NONE_RID, rid_of
from fakesmb.faults.known import Known
from fakesmb.mistakes import ConfigError, line_of
from fakesmb.nt.names import fold
from fakesmb.wire.negotiate import Capability

_NO_KEYS: Final = "no keys to sign with: nobody could sign in; let signing be offered"


def check_whole(
    config: Config,
    path: str = "",
    part: FilePart | None = None,
    named: Callable[[str, str], str] = lambda _, key: key,
) -> None:
    """Raises `ConfigError` where nobody can sign in, `users` of a share names somebody who has no account (a keytab
    lets others in), or a rule is none that could ever act.

    `path` and `part` are the file that the shares may come from: they tell the line. `named` is how whoever gave what
    the file has not calls a key of a table.
    """
    _check_share_level(config, path, part)
    _check_keytab(config)
    if config.settings.plain_text and config.settings.signing == "required":
        raise ConfigError(f"signing is required, and plain text makes {_NO_KEYS}")
    if guests_cannot_sign(config) and not config.users and not config.keytab:
        raise ConfigError(
            "signing is required, which guests cannot do: nobody could sign in; name users, or let signing be offered"
        )
    accounts = [user.name for user in config.users]
    _check_rids(accounts)
    for share in config.shares:
        for name in share.users or ():
            if not config.keytab and not in_(name, accounts):
                raise ConfigError(f"{_key_of(share, 'users', path, part)}: no user {name!r} has an account")
        if share.dfs is not None and (problem := _dfs_problem(share, config)):
            raise ConfigError(f"{_key_of(share, 'dfs', path, part)}: {problem}")
    if config.log.filter:
        _check_filter(config.log.filter, path, part, named("log", "filter"))
    if config.faults:
        _check_faults(config, path, [] if part is None else part.fault)


def _check_share_level(config: Config, path: str, part: FilePart | None) -> None:
    """Raises `ConfigError` for passwords of shares, or users of one, that nobody is asked for."""
    at_share_level = config.settings.security == "share"
    if at_share_level and config.settings.signing == "required":
        raise ConfigError(f"signing is required, and share level makes {_NO_KEYS}")
    for share in config.shares:
        given = [key for key in ("password", "read_only_password") if getattr(share, key) is not None]
        problem = ""
        if given and not at_share_level:
            key, problem = (
                given[0],
                'only at share level passwords open shares: security = "share" of [server]',
            )
        elif at_share_level and share.users is not None:
            key, problem = "users", "share level asks nobody who it is: give the share a password"
        elif len(given) == 2 and fold(share.password or "") == fold(share.read_only_password or ""):
            key, problem = given[1], "is that of full access, too; clients need not send the case of letters"
        if not problem:
            continue
        where = _line_of_key(share, key, path, part) or f"share {share.name}: {key}"
        raise ConfigError(f"{where}: {problem}")


def _key_of(share: SharePart, key: str, path: str, part: FilePart | None) -> str:
    """Where a share's key stands, or whose it is."""
    return _line_of_key(share, key, path, part) or f"share {share.name}"


def _line_of_key(share: SharePart, key: str, path: str, part: FilePart | None) -> str:
    """Where a share's key stands in the file; empty for a share that is not of the file."""
    if part is None or share not in part.share:
        return ""
    named = f"share[{part.share.index(share)}].{key}"
    return f"{path}:{line_of(Path(path).read_text(encoding='utf-8'), named)} {named}"


def _dfs_problem(share: SharePart, config: Config) -> str:
    """Why a share cannot be a DFS root here."""
    if not config.settings.profile.dfs:
        return (
            f"the profile {config.settings.profile.name} has no DFS, so no client would follow links: "
            "set dfs = true under [server]"
        )
    return loop_problem(share.name, share.dfs or {}, config.settings.name)


def _check_keytab(config: Config) -> None:
    """Raises `ConfigError` for a keytab where no client could bring a ticket."""
    settings = config.settings
    if not config.keytab:
        return
    without = {
        'security = "share" asks nobody who it is': settings.security == "share",
        "plain_text leaves it out": settings.plain_text,
        "extended_security is off": not settings.profile.offers(Capability.EXTENDED_SECURITY),
    }
    for why, so in without.items():
        if so:
            raise ConfigError(f"keytab: Kerberos needs extended security, and {why}")


def _check_filter(text: str, path: str, part: FilePart | None, where: str) -> None:
    """Raises `ConfigError` for a filter that is none; `where` it is, if not in the file."""
    from fakesmb.record.filters import Filter, FilterError

    try:
        Filter.parse(text)
    except FilterError as error:
        if part is not None and part.log.filter == text:
            key = "log.filter"
            where = f"{path}:{line_of(Path(path).read_text(encoding='utf-8'), key)} {key}"
        raise ConfigError(f"{where}: {error}") from None


def _check_faults(config: Config, path: str, of_file: list[FaultPart]) -> None:
    """Raises `ConfigError` for a rule that is none, or that no request to this server can meet."""
    from fakesmb.faults.errors import FaultError, FaultValueError
    from fakesmb.faults.reading import rule_of

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
        None if config.guest != "off" or not needs_users(config) else [user.name for user in config.users],
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
    return bool(config.shares) and needs_users(config) and not config.users and config.guest == "off"


def needs_users(config: Config) -> bool:
    """Whether somebody must be named: not at share level, and not where a KDC knows who people are."""
    return config.settings.security == "user" and not config.keytab


def weak_spots(config: Config) -> list[str]:
    """What old sign-in lets others of a network do, a line for each; and passwords that open nothing."""
    settings = config.settings
    lines = []
    with_password = any(share.has_password for share in config.shares)
    if settings.security == "share":
        if with_password and not settings.plain_text and not {"lm", "ntlmv1"} & set(config.accept):
            lines.append(
                "share level: clients respond by LM or NTLM, and accept names neither: no password opens a share "
                "(lm, ntlmv1, or plain text)"
            )
        if not config.loopback:
            free = ", ".join(share.name for share in config.shares if not share.has_password)
            lines.append(
                f"share level on {config.host}: who guesses the password of a share is in"
                + (f", and anybody in {free}" if free else "")
            )
    if settings.plain_text and not config.loopback:
        lines.append(f"plain text on {config.host}: whoever listens on the network reads passwords")
    return lines


def guests_cannot_sign(config: Config) -> bool:
    """Whether guests are asked for who are all refused: they have no key to sign with."""
    return config.guest != "off" and needs_users(config) and config.settings.signing == "required"
