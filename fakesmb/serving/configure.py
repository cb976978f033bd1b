"""The arguments of `serve` become a `Config`."""

import os
from collections.abc import Sequence
from typing import Any, Final

from fakesmb.config import forms, merging, parts, tomlfile, whole
from fakesmb.config.merging import Config
from fakesmb.core.profiles import ProfileError, spelt
from fakesmb.mistakes import ConfigError
from fakesmb.nt.names import fold
from fakesmb.serving.greeting import Greeting
from fakesmb.serving.options import option_of, said

GUESTS: Final = {"ro": "read-only", "rw": "read-write"}


def _switches(given: Sequence[str]) -> dict[str, Any]:
    try:
        return dict(map(spelt, given))
    except ProfileError as error:
        raise ConfigError(str(error)) from None


def configure(given: dict[str, Any]) -> tuple[Config, list[str]]:
    """The configuration that the arguments ask for, and what to tell the person. Raises `ConfigError`."""
    notes: list[str] = []
    part = tomlfile.read(given["file"]) if given["file"] else parts.FilePart()
    named = [forms.share(text) for text in given["shares"]]
    named += [forms.printer(text) for text in given["printers"]]
    roots = forms.subdirectories(given["root"]) if given["root"] else []
    closed = [share for share in roots if not os.access(share.path, os.R_OK | os.X_OK)]
    notes += [f"{share.path} is left out: it may not be read" for share in closed]
    roots = [share for share in roots if share not in closed]
    taken = {fold(share.name) for share in named}
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
        switches=_switches(given["switches"]),
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
        web=_web(given),
        names=_names(given),
        capture=said(given, file="pcap", snap="snap", ports="pcap_ports"),
        users=[forms.user(text) for text in given["users"]]
        + [forms.user(text, admin=True) for text in given["admins"]],
        shares=named + [share for share in roots if fold(share.name) not in taken],
        named=option_of,
    )
    if given["quiet"]:
        arguments.log.setdefault("format", "none")
    if given["no_plans"]:
        arguments.server["plans"] = False
    if given["accept"]:
        arguments.server["accept"] = list(given["accept"])
    if given["guest"]:
        arguments.server["guest"] = GUESTS[given["guest"]]
    if not arguments.shares and not part.share:
        from fakesmb import samples  # which most servers do without

        home = samples.data_home()
        if samples.prepare(home):
            notes.append(Greeting(f"the sample shares are in {home}, yours to change"))
        arguments.shares = samples.shares(home)
    config = merging.merge(part, arguments)
    for key, option in (("password", "share_passwords"), ("read_only_password", "read_only_passwords")):
        config = merging.with_share_passwords(config, key, given[option])
    if given["web_port_file"] and config.web.port is None:
        raise ConfigError("--web-port-file: there is no control API without --web PORT")
    if given["overlay"]:
        config = merging.with_overlays(config)
    if whole.needs_users(config) and not config.users and config.guest == "off":
        if not config.loopback:
            raise ConfigError(
                f"on {config.host} others can connect: name users (--user NAME:PASSWORD) or --guest"
            )
        config = merging.with_users(config, (parts.SAMPLE,))
        notes.append(Greeting(f"user {parts.SAMPLE_USER}, password {parts.SAMPLE_PASSWORD}"))
    whole.check_whole(config, given["file"] or "", part)
    notes += [
        f"user {one.name} has an empty password: whoever connects can be {one.name}"
        for one in config.users
        if one.has_empty_password
    ]
    notes += whole.weak_spots(config)
    if whole.guests_cannot_sign(config):
        notes.append("signing is required, which guests cannot do: they are refused")
    if config.seed is not None and not config.loopback:
        notes.append(
            "deterministic: whoever knows the seed knows the challenges, so this is no server for a network"
        )
    return config, notes


def _web(given: dict[str, Any]) -> dict[str, Any]:
    """The keys of `[web]`. Raises `ConfigError` for a port that is no number."""
    keys = {} if given["web_token"] is None else {"token": given["web_token"]}
    if given["web"] is None:
        return keys
    host, _, port = given["web"].rpartition(":")
    if not port.isascii() or not port.isdecimal():
        raise ConfigError(f"--web {given['web']}: is PORT or ADDRESS:PORT, as 8080 or 127.0.0.1:8080")
    return keys | {"port": int(port)} | ({"host": host.strip("[]")} if host else {})


def _names(given: dict[str, Any]) -> dict[str, Any]:
    """The keys of `[names]`."""
    keys = {"port": 137, "datagram_port": 138} if given["names"] else {}
    keys |= said(given, "datagram_port", "broadcast", port="name_port")
    return keys | ({"master": True} if given["master"] else {})
