"""What the marker `smb` says: markers of module, class and function become the arguments of one server."""

from collections.abc import Mapping
from typing import Any, Final, cast

import pytest

from fakesmb.arguments import config_of
from fakesmb.keywords import Keywords, Share
from fakesmb.mistakes import ConfigError

MAPPINGS: Final = ("shares", "users")
"""Arguments that are mappings of names: each name counts for itself."""


def merged(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of both: the inner ones win, and of shares and users each name does."""
    both = {**outer, **inner}
    for name in MAPPINGS:
        far, near = outer.get(name), inner.get(name)
        if isinstance(far, Mapping) and isinstance(near, Mapping):
            both[name] = {**far, **near}
    return both


def marked(node: pytest.Item | pytest.Collector) -> dict[str, Any]:
    """What all markers of a test say: the nearest wins, a class over those that it derives from."""
    said: dict[str, Any] = {}
    for parent in node.listchain():
        for mark in parent.own_markers:
            if mark.name == "smb":
                said = merged(said, mark.kwargs)
    return said


def wrong_marker(node: pytest.Item | pytest.Collector) -> str:
    """Why a server cannot be made as the markers of the node want it; empty where it can."""
    for mark in node.own_markers:
        if mark.name == "smb" and mark.args:
            return f"the marker smb takes keywords, such as shares={{...}}, not {mark.args[0]!r}"
    said = marked(node)
    shares, users = said.get("shares"), said.get("users")
    if isinstance(shares, Mapping) and isinstance(users, Mapping | None):
        # Their users may be named by the fixture smb_arguments, of which nothing is known yet.
        of_shares = [share.keys.get("users") for share in shares.values() if isinstance(share, Share)]
        named = {name: "" for names in of_shares if isinstance(names, list | tuple) for name in names}
        said["users"] = {**named, **(users or {})}
    try:
        config_of(said.pop("shares", None), cast(Keywords, said))
    except ConfigError as error:
        return f"the marker smb: {error}"
    return ""
