"""The arguments of `serve`, with what the environment says, become a `Config`."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from fakesmb.config import merging, parts, tomlfile, whole
from fakesmb.config.environment import Environment
from fakesmb.config.merging import Config
from fakesmb.core.profiles import ProfileError, spelt
from fakesmb.mistakes import ConfigError
from fakesmb.serving.greeting import Greeting
from fakesmb.serving.named import of_variable, shares_of, users_of
from fakesmb.serving.options import option_of, said

GUESTS: Final = {"ro": "read-only", "rw": "read-write"}


_MOST_DIGITS: Final = 9
"""Of a port: what has more is none, and nothing that Python should read."""
_SHARE_PASSWORDS: Final = (("password", "share_passwords"), ("read_only_password", "read_only_passwords"))


def configure(given: dict[str, Any], environment: Environment | None = None) -> tuple[Config, list[str]]:
    """The configuration that is asked for, and what to tell the person. Raises `ConfigError`.

    Arguments are over the environment, which has nothing that they say, too, and that is over the file.
    """
    environment = environment or Environment()
    given = environment.under(given)
    named = partial(_named, environment)
    part = _file(given["file"], environment)
    shares, notes = shares_of(given, environment, in_file=bool(part.share))
    arguments = merging.Arguments(
        server=said(
            given,
            "host",
            "port",
            "netbios_port",
            "name",
            "workgroup",
            "signing",
            "security",
            "plain_text",
            "run_as",
            "keytab",
            "profile",
            "deterministic",
            "clock",
        ),
        switches=_switches(given["switches"], environment),
        log=said(
            given,
            format="log",
            file="log_file",
            filter="filter",
            truncate="log_truncate",
            secrets="secrets",
            journal="journal",
            keep_data="keep_data",
        ),
        web=_web(given, environment),
        names=_names(given),
        capture=said(given, file="pcap", snap="snap", ports="pcap_ports"),
        users=users_of(given, environment),
        shares=shares,
        named=named,
    )
    if given["quiet"]:
        arguments.log.setdefault("format", "none")
    if given["no_plans"] is not None:
        arguments.server["plans"] = not given["no_plans"]
    if accept := [*given["accept"]] or [told.value for told in environment.many.get("accept", ())]:
        arguments.server["accept"] = accept
    if given["guest"]:
        arguments.server["guest"] = GUESTS[given["guest"]]
    config = merging.merge(part, arguments)
    for key, option in _SHARE_PASSWORDS:
        for variable, text in environment.many.get(option, ()):
            config = merging.with_share_passwords(config, key, [text], variable)
        config = merging.with_share_passwords(config, key, given[option])
    if given["web_port_file"] and config.web.port is None:
        name = environment.name_of("web_port_file", "--web-port-file")
        raise ConfigError(f"{name}: there is no control API without --web PORT")
    if given["overlay"]:
        config = merging.with_overlays(config)
    if whole.needs_users(config) and not config.users and config.guest == "off":
        if not config.loopback:
            raise ConfigError(
                f"on {config.host} others can connect: name users "
                "(--user NAME:PASSWORD, FAKESMB_USER_1=NAME:PASSWORD) or --guest"
            )
        config = merging.with_users(config, (parts.SAMPLE,))
        notes.append(Greeting(f"user {parts.SAMPLE_USER}, password {parts.SAMPLE_PASSWORD}"))
    whole.check_whole(config, given["file"] or "", part, named)
    return config, notes + list(_warnings(config))


def _warnings(config: Config) -> Iterator[str]:
    """What works, and may not be what was meant."""
    for one in config.users:
        if one.has_empty_password:
            yield f"user {one.name} has an empty password: whoever connects can be {one.name}"
    yield from whole.weak_spots(config)
    if whole.guests_cannot_sign(config):
        yield "signing is required, which guests cannot do: they are refused"
    if config.seed is not None and not config.loopback:
        yield "deterministic: whoever knows the seed knows the challenges, so this is no server for a network"


def _file(path: str | None, environment: Environment) -> parts.FilePart:
    if not path:
        return parts.FilePart()
    if "file" not in environment.one:
        return tomlfile.read(path)
    found: parts.FilePart = of_variable(environment.one["file"].variable, tomlfile.read, path)
    return found


def _named(environment: Environment, table: str, key: str) -> str:
    """The option that gives a key of fakesmb.toml, or the variable that gave it."""
    option = option_of(table, key)
    return environment.name_of(option.removeprefix("--").replace("-", "_"), option)


def _switches(given: Sequence[str], environment: Environment) -> dict[str, Any]:
    told = [of_variable(variable, _switch, text) for variable, text in environment.many.get("switches", ())]
    return dict([*told, *(of_variable(f"--set {text}", _switch, text) for text in given)])


def _switch(text: str) -> tuple[str, Any]:
    try:
        return spelt(text)
    except ProfileError as error:
        raise ConfigError(str(error)) from None


def _web(given: dict[str, Any], environment: Environment) -> dict[str, Any]:
    """The keys of `[web]`. Raises `ConfigError` for a port that is no number."""
    keys = {} if given["web_token"] is None else {"token": given["web_token"]}
    if given["web"] is None:
        return keys
    host, _, port = given["web"].rpartition(":")
    if not port.isascii() or not port.isdecimal() or len(port) > _MOST_DIGITS:
        name = environment.name_of("web", "--web")
        raise ConfigError(f"{name} {given['web']}: is PORT or ADDRESS:PORT, as 8080 or 127.0.0.1:8080")
    return keys | {"port": int(port)} | ({"host": host.strip("[]")} if host else {})


def _names(given: dict[str, Any]) -> dict[str, Any]:
    """The keys of `[names]`."""
    keys = {"port": 137, "datagram_port": 138} if given["names"] else {}
    keys |= said(given, "datagram_port", "broadcast", port="name_port")
    return keys | ({} if given["master"] is None else {"master": given["master"]})
