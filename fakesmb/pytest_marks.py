"""What the marker `smb` says: markers of module, class and function become the arguments of one server."""

from collections.abc import Generator, Iterable, Mapping
from typing import Any, Final, cast

import pytest

from fakesmb.arguments import config_of
from fakesmb.keywords import Keywords, Share
from fakesmb.mistakes import ConfigError

SERVED: Final = pytest.StashKey[bool]()
"""Of an item that the fixture smb has given a server."""
USUAL: Final[Mapping[str, Any]] = {"shares": {"share": {}}, "users": {"alice": "Secret123"}}
"""The shares and users of a server for which nobody names any."""
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


def wrong_markers(nodes: Iterable[pytest.Item | pytest.Collector]) -> str:
    """A line for each of the nodes whose markers no server can heed; empty where all is well."""
    found = {node.nodeid: wrong for node in nodes if (wrong := _wrong(node))}
    return "\n".join(f"{name}: {wrong}" for name, wrong in found.items())


def _wrong(node: pytest.Item | pytest.Collector) -> str:
    for mark in node.own_markers:
        if mark.name == "smb" and mark.args:
            return f"the marker smb takes keywords, such as shares={{...}}, not {mark.args[0]!r}"
    said = marked(node)
    try:
        shares = said.pop("shares", None)
        config_of(shares, cast(Keywords, _alone(said, shares)))
    except ConfigError as error:
        return f"the marker smb: {error}"
    return ""


def _alone(said: Mapping[str, Any], shares: object) -> dict[str, Any]:
    """The arguments but for names that `smb_arguments` may give a meaning, of which nothing is known yet."""
    alone = {"users": USUAL["users"], **said}
    users, faults = alone["users"], said.get("faults")
    if isinstance(shares, Mapping) and isinstance(users, Mapping | None):
        of_shares = [share.keys.get("users") for share in shares.values() if isinstance(share, Share)]
        named = {name: "x" for names in of_shares if isinstance(names, list | tuple) for name in names}
        alone["users"] = {**named, **(users or {})}
    if isinstance(faults, list | tuple):
        alone["faults"] = [_of_any_server(fault) if isinstance(fault, Mapping) else fault for fault in faults]
    return alone


def _of_any_server(fault: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fault.items() if key not in ("share", "user")}


class Heeded:
    """The hook of a run that has markers: one that no server was made from is a mistake."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fails a test that passed without the server that its marker is about."""
        result = yield
        if SERVED not in item.stash:
            own = any(mark.name == "smb" for mark in item.own_markers)
            alone = "smb_server" in getattr(item, "fixturenames", ()) and marked(item)
            if own or alone:
                what = "smb_server is the same for all tests" if alone else "this test does not ask for it"
                pytest.fail(f"The marker smb is heeded by the fixture smb: {what}", pytrace=False)
        return result


def watch_over(config: pytest.Config) -> None:
    """Sees to it that markers are heeded."""
    if not config.pluginmanager.has_plugin("fakesmb markers"):
        config.pluginmanager.register(Heeded(), "fakesmb markers")
