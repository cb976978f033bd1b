"""The table of profiles for people: `fakesmb profiles`, and docs/profiles.md."""

import ast
import inspect
import json
from functools import cache
from itertools import pairwise
from textwrap import fill
from typing import Any, Final

from fakesmb.core import profile as core_profile
from fakesmb.core.profile import CAPABILITIES, Profile
from fakesmb.core.profiles import BY_NAME, KEYS, ROWS, differences, profile, row

_WIDTH: Final = 100
_INTRODUCTION: Final = """# Profiles

`fakesmb serve --profile NAME`, `profile = "NAME"` under `[server]`, or `FakeSMB(profile="NAME")` makes the server
answer as another make of server does. What such a server does not offer is refused, not merely unannounced. This page
is made from the table in the code (`make docs`); `fakesmb profiles NAME` prints the same, with `--json` for programs.

| profile | what it is like |
| --- | --- |
{profiles}

Every switch can be set by itself: `--set KEY=VALUE` (it may come again), the table `[profile]` of fakesmb.toml, or
`FakeSMB(settings={{"KEY": value}})`. What has a key under `[server]` or an argument of its own (signing, unicode,
extended_security, dfs, max_buffer, time_zone,
accept, guest) is said there with more weight: `[server]` over `[profile]` over the
profile, and arguments over the file. The guests of a profile are let in on loopback addresses only; elsewhere guests
are asked for by name. A misspelt switch or value is an error that tells the nearest one.

"""


def listed() -> str:
    """One line for each profile."""
    wide = max(map(len, BY_NAME))
    lines = [f"{one.name:{wide}}  {one.what}{'' if one.base else ' (the default)'}" for one in ROWS]
    return (
        "\n".join([*lines, "", "fakesmb profiles NAME tells what is different, and where it is known from."])
        + "\n"
    )


def described(name: str) -> str:
    """What a profile has different from the default, and from where that is known; raises `ProfileError`."""
    found = row(name)
    lines = [f"{found.name}: {found.what}"]
    if found.base:
        lines.append(f"Different from {ROWS[0].name}{_by_way_of(found.base)}:")
    switches = differences(name)
    wide = max(map(len, switches), default=0)
    for key, switch in switches.items():
        lines.append(f"  {key:{wide}}  {shown(switch.value)}")
        lines.append(f"  {'':{wide}}    {switch.source}")
    if not switches:
        values = profile(name)
        wide = max(map(len, KEYS))
        lines += [f"  {key:{wide}}  {shown(getattr(values, key))}" for key in KEYS]
    if found.unknown:
        lines.append(fill(f"Not known: {found.unknown}" if found.base else found.unknown, _WIDTH))
    return "\n".join(lines) + "\n"


def as_json(name: str | None) -> str:
    """All profiles, or one, with every switch, and the sources of those that differ; raises `ProfileError`."""
    rows = ROWS if name is None else (row(name),)
    told = {
        one.name: {
            "what": one.what,
            "base": one.base,
            "switches": {key: getattr(profile(one.name), key) for key in KEYS},
            "sources": {key: switch.source for key, switch in differences(one.name).items()},
            "unknown": one.unknown,
        }
        for one in rows
    }
    return json.dumps(told if name is None else told[rows[0].name], indent=2) + "\n"


def shown(value: Any) -> str:
    """A value as --set takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value)
    if value is None:
        return "(as it finds)"
    return str(value) if value != "" else "(none)"


def _by_way_of(base: str) -> str:
    return "" if base == ROWS[0].name else f", like {base} where nothing else is said"


@cache
def meanings() -> dict[str, str]:
    """What each switch means, from the docstrings of `core.profile`."""
    tree = ast.parse(inspect.getsource(core_profile))
    (body,) = (
        node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == Profile.__name__
    )
    found = {}
    for one, text in pairwise(body):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and isinstance(text, ast.Expr):
            assert isinstance(text.value, ast.Constant)
            found[one.target.id] = " ".join(str(text.value.value).split())
    return found


def markdown() -> str:
    """docs/profiles.md."""
    default = profile()
    lines = [
        *_INTRODUCTION.format(
            profiles="\n".join(
                f"| `{one.name}` | {_cell(one.what)}{'' if one.base else ' (the default)'} |" for one in ROWS
            ),
        ).splitlines(),
        "## Switches",
        "",
        "| switch | default | meaning |",
        "| --- | --- | --- |",
        *(f"| `{key}` | {_cell(shown(getattr(default, key)))} | {_cell(meanings()[key])} |" for key in KEYS),
        "",
        f"The first {len(CAPABILITIES)} are the bits of Capabilities in a negotiate "
        "([MS-CIFS] 2.2.4.52.2, [MS-SMB] 2.2.4.5.2.1).",
    ]
    for one in ROWS[1:]:
        lines += [
            "",
            f"## {one.name}",
            "",
            f"{one.what[0].upper()}{one.what[1:]}; based on `{one.base}`.",
            "",
        ]
        lines += ["| switch | value | known from |", "| --- | --- | --- |"]
        lines += [
            f"| `{key}` | {_cell(shown(value))} | {_cell(source)} |" for key, value, source in one.switches
        ]
        if one.unknown:
            lines += ["", f"Not known: {one.unknown}"]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
