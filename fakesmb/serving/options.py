"""Which option of `serve` gives which key of fakesmb.toml."""

from collections.abc import Mapping
from typing import Any


def option_of(table: str, key: str) -> str:
    """The option that gives this key of fakesmb.toml."""
    if table == "web":
        return {"token": "--web-token", "hosts": "[web] hosts"}.get(key, "--web")
    names = {
        "names": {"port": "name-port", "host": "[names] host", "address": "[names] address"},
        "log": {"format": "log", "file": "log-file", "truncate": "log-truncate"},
        "capture": {"file": "pcap", "ports": "pcap-ports"},
    }
    name = names.get(table, {}).get(key, key)
    if name.startswith("["):
        return name
    return f"--{name.replace('_', '-')}"


def said(given: Mapping[str, Any], *names: str, **renamed: str) -> dict[str, Any]:
    """The options that were given, by their names in fakesmb.toml."""
    pairs = [(name, name) for name in names] + list(renamed.items())
    return {key: given[option] for key, option in pairs if given[option] is not None}
