"""What a program says when it makes a server: typed arguments become a `Config`.

Every key of fakesmb.toml has its argument. A mistake is a `ConfigError` whose text names the argument; one that is
not known, or of another type, is a `TypeError` as well.
"""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fakesmb.config.forms import share_of, user_of
from fakesmb.config.merging import LIBRARY, Arguments, Config, merge
from fakesmb.config.parts import STANDARD_OUTPUT, FilePart, SharePart, UserPart
from fakesmb.config.tomlfile import read
from fakesmb.config.values import absolute
from fakesmb.config.whole import check_whole, needs_users, nobody_can_sign_in, weak_spots
from fakesmb.core import profiles
from fakesmb.folders.content import Contents
from fakesmb.folders.errors import FolderError
from fakesmb.folders.overlay import Overlay
from fakesmb.keywords import (
    IN_CAPTURE,
    IN_LOG,
    OF_THEIR_OWN,
    SHARED,
    AnyPath,
    Keywords,
    Limits,
    Names,
    Share,
    Shares,
    Timing,
    User,
    Web,
    check_keywords,
    kind_of,
)
from fakesmb.mistakes import ArgumentError, ConfigError

NOBODY: Final = "neither users nor guests: nobody can use the shares; name users=, or let guests in by guest="
EMPTY: Final = "user {0} has an empty password: whoever connects can be {0}; User('') says that it is meant"
CALLS: Final = 5
"""How many calls up from `_config` the program stands that makes a server."""


def config_of(shares: Shares | None, keywords: Keywords, *, of: str = "FakeSMB") -> Config:
    """What the arguments ask for. Raises `ConfigError`; warns where nobody can sign in. `of` is what messages name."""
    return _config(shares, keywords, FilePart(), "", of)


def config_of_file(
    path: AnyPath, shares: Shares | None, keywords: Keywords, *, of: str = "FakeSMB"
) -> Config:
    """What a fakesmb.toml asks for, with the arguments over it. Raises `ConfigError`."""
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError(f"from_file: the path of a fakesmb.toml, not {kind_of(path)}")
    name = os.fspath(path)
    return _config(shares, keywords, read(name), name, of)


def _config(shares: Shares | None, keywords: Keywords, file: FilePart, path: str, of: str) -> Config:
    check_keywords(of, keywords, Keywords)
    elsewhere = {*IN_LOG, *IN_CAPTURE, *OF_THEIR_OWN}
    server = {key: value for key, value in keywords.items() if key not in elsewhere}
    log: dict[str, Any] = {IN_LOG[key]: value for key, value in keywords.items() if key in IN_LOG}
    capture: dict[str, Any] = {IN_CAPTURE[key]: value for key, value in keywords.items() if key in IN_CAPTURE}
    for table in (log, capture):
        if isinstance(table.get("file"), str | os.PathLike):
            table["file"] = _absolute(os.fspath(table["file"]))
    keytab = keywords.get("keytab")
    if isinstance(keytab, str | os.PathLike):
        server["keytab"] = _absolute(os.fspath(keytab))
    given = Arguments(
        server=server,
        log=log,
        capture=capture,
        switches=dict(_switches(keywords.get("settings"))),
        timing=_keys("timing", keywords.get("timing"), Timing),
        limits=_keys("limits", keywords.get("limits"), Limits),
        web=_web(keywords.get("web")),
        names=_keys("names", keywords.get("names"), Names),
        users=[_user(name, user) for name, user in _items("users", keywords.get("users"))],
        shares=[_share(name, share) for name, share in _items("shares", shares)],
        faults=_faults(keywords.get("faults")),
        named=_argument,
    )
    config = merge(file, given, LIBRARY)
    if needs_users(config) and not config.users and config.guest == "off" and not config.loopback:
        raise ConfigError(f"host {config.host}: others can connect there: name users= or guest=")
    check_whole(config, path, file)
    if nobody_can_sign_in(config):
        warnings.warn(NOBODY, stacklevel=CALLS)
    for line in weak_spots(config):
        warnings.warn(line, stacklevel=CALLS)
    for name, password in _items("users", keywords.get("users")):
        if password == "":
            warnings.warn(EMPTY.format(name), stacklevel=CALLS)
    return config


def _absolute(file: str) -> str:
    return file if file in ("", STANDARD_OUTPUT) else absolute(file)


def _argument(table: str, key: str) -> str:
    """The argument that gives this key of a table."""
    if table in ("log", "capture"):
        names = IN_LOG if table == "log" else IN_CAPTURE
        return next((argument for argument, inner in names.items() if inner == key), key)
    return key if table == "server" else f"{table} {key}"


def _keys(argument: str, value: Any, known: type) -> dict[str, Any]:
    """The keys of a table that stand in an argument of its own."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ArgumentError(
            f"{argument} is {known.__name__}(...), a mapping of its keys, not {kind_of(value)}"
        )
    check_keywords(known.__name__, value, known)
    return dict(value)


def _web(value: Any) -> dict[str, Any]:
    """The table of a port alone, or of `Web(...)`, which has one: any free one unless it says."""
    if value is None or isinstance(value, bool):
        return {"port": 0} if value else {}
    return {"port": value} if isinstance(value, int) else {"port": 0} | _keys("web", value, Web)


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
        raise ArgumentError(f"{argument} is a mapping, {_how(argument, value)}, not {kind_of(value)}")
    for name in value:
        if not isinstance(name, str):
            raise ArgumentError(f"{argument}: a name is a text, not {kind_of(name)}")
    return list(value.items())


def _faults(value: Any) -> list[dict[str, Any]]:
    """The rules; what is in them is looked at when all that they may name is known."""
    if value is None:
        return []
    how = "a list of rules, [{'command': 'WRITE', 'fail': 'DISK_FULL'}]"
    if isinstance(value, Mapping | str) or not isinstance(value, Sequence):
        raise ArgumentError(f"faults is {how}, not {kind_of(value)}")
    for fault in value:
        if not isinstance(fault, Mapping):
            raise ArgumentError(f"faults is {how}, and not of {kind_of(fault)}")
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


def _share(name: str, given: Any) -> SharePart:
    source: object = given.source if isinstance(given, Share) else given
    keys: dict[str, Any] = {**given.keys} if isinstance(given, Share) else {}
    if isinstance(source, Overlay):
        if keys.get("overlay", True) is not True or (source.limit is not None and "overlay_limit" in keys):
            raise ConfigError(f"share {name}: the Overlay says it already, and the Share something else")
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
        raise ArgumentError(f"share {name}: {SHARED} or Share(...), not {kind_of(source)}")
    return share_of(name, os.fspath(source), **keys)


def _user(name: str, given: Any) -> UserPart:
    user = given if isinstance(given, User) else User(given)
    if not isinstance(user.password, str | None):  # which is not repeated: it may be one in another form
        raise ArgumentError(f"user {name}: a password or User(password, ...), not {kind_of(user.password)}")
    return user_of(name, user.password, **user.keys)
