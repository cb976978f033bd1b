"""The links of a share that is a DFS root: `dfs = { "link" = '\\\\server\\share' }`, and what cannot be one."""

import re
from collections.abc import Mapping
from typing import Final

from fakesmb.core.namespaces import Namespace, components
from fakesmb.nt.names import fold
from fakesmb.nt.status import SMBError
from fakesmb.vfs.paths import Path

Targets = str | list[str]
Links = dict[str, Targets]

_UNC: Final = re.compile(r"[\\/]{2}[^\\/]")
_NO_NAME: Final = re.compile(r'[\x00-\x1f"<>|?*\ud800-\udfff]')
MOST_TARGETS: Final = 64
"""Targets of one link: a referral with more would not fit the buffers of clients."""
_LONGEST: Final = 255
"""Characters of a target, and of the path of a link."""


def links_problem(links: Links) -> str:
    """Why these cannot be the links of a share; empty if they can."""
    seen: dict[tuple[str, ...], str] = {}
    for path, given in links.items():
        parts = components(path)
        problem = _path_problem(path) or _targets_problem([given] if isinstance(given, str) else given)
        if problem:
            return f"link {_shown(path)}: {problem}"
        folded = tuple(map(fold, parts))
        for other, said in seen.items():
            length = min(len(other), len(folded))
            if other[:length] == folded[:length]:
                return f"link {_shown(path)}: {_beside(len(folded) - len(other), said)}"
        seen[folded] = path
    return ""


def _beside(longer: int, other: str) -> str:
    if not longer:
        return f"it is the same folder as {_shown(other)}"
    inner = "lies in the link" if longer > 0 else "has in it the link"
    return f"it {inner} {_shown(other)}, and what is in a link is elsewhere"


def _path_problem(path: str) -> str:
    if not components(path):
        return "give the name of a folder in the share: the root is no link"
    try:
        read = Path.parse("\\".join(components(path)))
    except SMBError as error:
        return f"no folder is called so: {error.why}"
    if read.stream or read.unnamed:
        return "no folder is called so: a colon"
    if read.parts != components(path):
        return "write the path without dots"
    return "the path is too long" if len(path) > _LONGEST else ""


def _targets_problem(targets: list[str]) -> str:
    if not targets:
        return "give it a target, '\\\\server\\share'"
    if len(targets) > MOST_TARGETS:
        return f"{len(targets)} targets, {MOST_TARGETS} are allowed"
    for target in targets:
        parts = components(target)
        if _UNC.match(target) is None or len(parts) < 2:
            hint = _nearest_unc(target)
            return f"the target {_shown(target)} is no UNC path{hint}"
        if _NO_NAME.search(target) or ".." in parts or any(":" in part for part in parts[1:]):
            return f"the target {_shown(target)} has characters or dots that no share has"
        if len(target) > _LONGEST:
            return f"a target of {len(target)} characters is too long"
    return ""


def _shown(text: str) -> str:
    """As people write it: backslashes are many here, and not doubled."""
    return f"'{text}'" if text.isprintable() else ascii(text)


def _nearest_unc(target: str) -> str:
    """What was meant, where that can be told: in TOML a backslash is doubled between double quotes."""
    address = target.partition("://")[2] or target
    parts = components(address)
    if len(parts) >= 2:
        return f": write '\\\\{chr(92).join(parts)}' (in TOML between single quotes)"
    return ": write '\\\\server\\share' (in TOML between single quotes)"


def loop_problem(share: str, links: Links, server: str) -> str:
    """Which link leads to itself, by the server's own name; other shares here, and other links, may be targets."""
    namespace = Namespace(share, links)
    for path, link in zip(links, namespace.links, strict=True):
        for target in link.targets:
            host, name, *rest = components(target)
            own = fold(host) == fold(server) and fold(name) == fold(share)
            if own and (not rest or namespace.link(rest) is link):
                unc = _shown(f"\\{target}")
                return f"link {_shown(path)}: its target {unc} is this share: it would lead to itself"
    return ""


def namespace_of(share: str, links: "Mapping[str, Targets] | None") -> Namespace | None:
    """The namespace of a share that has links; None of one that is no DFS root."""
    return None if links is None else Namespace(share, links)
