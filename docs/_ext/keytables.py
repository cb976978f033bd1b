"""Every key of fakesmb.toml, from the structures that read it: docs/keys.md and docs/fakesmb.toml, by `make docs`."""

import ast
import inspect
import json
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from fakesmb import keywords
from fakesmb.config import parts
from fakesmb.core.settings import Limits, Timing
from fakesmb.serving.environment import options_of
from fakesmb.serving.options import option_of
from fakesmb.subcommands.serve import serve

DOCS: Final = Path(__file__).parent.parent


class Table(NamedTuple):
    """One table of fakesmb.toml."""

    name: str
    kind: type[msgspec.Struct]
    what: str
    python: str
    """How its keys are given in Python; `{}` is the key. A name: `FakeSMB` has them as arguments."""
    many: bool = False

    @property
    def heading(self) -> str:
        """As it is written in the file."""
        return f"[[{self.name}]]" if self.many else f"[{self.name}]"


TABLES: Final = (
    Table("server", parts.ServerPart, "Who the server is, and where it listens.", ""),
    Table("timing", Timing, "Delays that clients notice, in seconds.", "timing=Timing({}=...)"),
    Table("limits", Limits, "Bounds on everything that a stranger can grow.", "limits=Limits({}=...)"),
    Table("log", parts.LogPart, "The record ([record.md](record.md)).", ""),
    Table("capture", parts.CapturePart, "Packets for Wireshark ([captures.md](captures.md)).", ""),
    Table(
        "web", parts.WebPart, "The control API and the page ([control.md](control.md)).", "web=Web({}=...)"
    ),
    Table(
        "names", parts.NamesPart, "NetBIOS names and browsing ([names.md](names.md)).", "names=Names({}=...)"
    ),
    Table(
        "user", parts.UserPart, "Who may sign in; each user has such a table.", "User(..., {}=...)", many=True
    ),
    Table(
        "share",
        parts.SharePart,
        "What is served; each share has such a table.",
        "Share(..., {}=...)",
        many=True,
    ),
)
KEYWORDS: Final[Mapping[str, type]] = {
    "timing": keywords.Timing,
    "limits": keywords.Limits,
    "web": keywords.Web,
    "names": keywords.Names,
    "user": keywords.UserKeys,
    "share": keywords.ShareKeys,
}
"""The keys that a table has in Python."""
AS_ARGUMENT: Final = {
    "log": {key: argument for argument, key in keywords.IN_LOG.items()},
    "capture": {key: argument for argument, key in keywords.IN_CAPTURE.items()},
}
"""Where a key is an argument of another name."""
FORMS: Final = {
    "user.name": "--user NAME:PASSWORD",
    "user.password": "--user NAME:PASSWORD",
    "user.admin": "--admin NAME:PASSWORD",
    "share.name": "--share NAME=PATH",
    "share.path": "--share NAME=PATH",
    "share.read_only": "--share NAME=PATH,ro",
    "share.overlay": "--share NAME=PATH,overlay",
    "share.printer": "--printer NAME=FOLDER",
    "share.password": "--share-password NAME:PASSWORD",
    "share.read_only_password": "--read-only-password NAME:PASSWORD",
    "web.host": "--web ADDRESS:PORT",
    "server.plans": "--no-plans",
}
"""Options that give a key together with others, or the other way round."""
IN_PYTHON: Final = {
    "user.name": 'users={"NAME": ...}',
    "user.password": 'users={"NAME": "PASSWORD"}',
    "share.name": '{"NAME": ...}',
    "share.path": '{"NAME": "PATH"}',
    "share.content": '{"NAME": {...}}',
}
"""Keys that have a place of their own there."""
EXAMPLES: Final[Mapping[str, str]] = {
    "server.netbios_port": "139",
    "server.port": "4450",
    "server.signing": '"offered"',
    "server.extended_security": "true",
    "server.unicode": "true",
    "server.dfs": "true",
    "server.max_buffer": "16644",
    "server.time_zone": '"Europe/Berlin"',
    "server.accept": '["ntlmv2"]',
    "server.guest": '"read-only"',
    "server.anonymous": "true",
    "server.anonymous_listing": "true",
    "server.clock": '"2004-02-01T10:00:00Z,step=1ms"',
    "log.format": '"text"',
    "log.file": '"fakesmb.jsonl"',
    "capture.file": '"talk.pcapng"',
    "web.port": "8080",
    "names.port": "137",
    "names.datagram_port": "138",
    "names.host": '"192.168.1.10"',
    "names.address": '"192.168.1.10"',
    "names.broadcast": '"192.168.1.255"',
    "user.nt_hash": '"0123456789abcdef0123456789abcdef"',
    "share.content": '{ "a.txt" = "text", "dir/" = {} }',
    "share.overlay_limit": "100000000",
    "share.users": '["alice"]',
    "share.dfs": "{ \"link\" = '\\\\server\\share' }",
    "share.printer_driver": '"HP LaserJet 4"',
    "share.may_hang": "true",
    "share.password": '"Write4Me"',
    "share.read_only_password": '"look"',
}
"""What the sample shows, behind a `#`, of keys that are left out until somebody wants them."""
SAID: Final[Mapping[str, str]] = {
    "user.name": '"alice"',
    "user.password": '"Secret123"',
    "user.admin": "true",
    "share.name": '"public"',
    "share.path": '"files/public"',
    "share.comment": '"For everybody"',
}
"""What it says of the user and the share that it has."""


class Key(NamedTuple):
    """One key of a table."""

    table: Table
    name: str
    kind: str
    default: Any
    """`msgspec.NODEFAULT` where the key has to be there."""
    what: str

    @property
    def place(self) -> str:
        """With its table: `server.port`."""
        return f"{self.table.name}.{self.name}"

    @property
    def shown_default(self) -> str:
        """For the table of a page."""
        if self.default is msgspec.NODEFAULT:
            return "must be there"
        return "none" if self.default is None else f"`{toml(self.default)}`"


def toml(value: Any) -> str:
    """A default as fakesmb.toml has it."""
    return json.dumps(value)


def keys(table: Table) -> Iterator[Key]:
    """Those of a table."""
    told, hints = sentences(table.kind), typing.get_type_hints(table.kind, include_extras=True)
    for field in msgspec.structs.fields(table.kind):
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        yield Key(table, field.name, kind(hints[field.name]), default, told.get(field.name, ""))


def sentences(structure: type) -> dict[str, str]:
    """What the source says of each field, below it."""
    [body] = [
        one.body
        for one in ast.parse(textwrap.dedent(inspect.getsource(structure))).body
        if isinstance(one, ast.ClassDef)
    ]
    found = {}
    for field, after in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr):
            found[ast.unparse(field.target)] = " ".join(ast.literal_eval(after.value).split())
    return found


_PLAIN: Final = {
    bool: "true, false",
    int: "number",
    float: "number, fractions too",
    str: "text",
    type(Any): "text, date",
}


def kind(annotation: Any) -> str:
    """What a value of it is, in words."""
    origin, words = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return bounded(words[0], [one for one in words[1:] if isinstance(one, msgspec.Meta)])
    if origin in (typing.Union, types.UnionType):
        return ", ".join(dict.fromkeys(kind(one) for one in words if one is not types.NoneType))
    if origin is Literal:
        return ", ".join(f"`{toml(word)}`" for word in words)
    if origin is list:
        return f"list of {kind(words[0])}"
    if origin is dict or annotation is dict:
        return "table"
    if annotation is Any:
        return "text, date"
    return _PLAIN.get(annotation, "table")  # what has a structure of its own is one


def bounded(base: Any, metas: list[msgspec.Meta]) -> str:
    """A number in its bounds; patterns of texts say nothing to people."""
    for meta in metas:
        if meta.le is not None:
            return f"number, {meta.ge} to {meta.le}"
        if meta.gt is not None or meta.ge is not None:
            return f"number, {meta.gt + 1 if meta.gt is not None else meta.ge} or more"
    return kind(base)


def ways(key: Key) -> str:
    """How else a key is given: option, variable, Python."""
    options = {one.name: one for one in options_of(serve)}
    name = FORMS.get(
        key.place,
        ""
        if key.table.name in ("timing", "limits", "user", "share")
        else option_of(key.table.name, key.name),
    )
    found = []
    if option := options.get(name.partition(" ")[0]):
        found += [f"`{name}`", f"`{option.variable}{'_1' if option.many else ''}`"]
    if key.place in IN_PYTHON:
        found.append(f"`{IN_PYTHON[key.place]}`")
    elif key.table.python and key.name in KEYWORDS[key.table.name].__annotations__:
        found.append(f"`{key.table.python.format(key.name)}`")
    elif not key.table.python:
        argument = AS_ARGUMENT.get(key.table.name, {}).get(key.name, key.name)
        if argument in keywords.Keywords.__annotations__:
            found.append(f"`{argument}=...`")
    return "<br>".join(found)


_HEAD: Final = """# Keys of fakesmb.toml

Every table and key, made from the code that reads them (`make docs`). How a file is given, what wins over what, and
longer words about many of these: [configuration.md](configuration.md). The same as a file to begin with, every key with
its default and what it means: [fakesmb.toml](fakesmb.toml).

Each key may also be given as is listed beside it: by an option of `fakesmb serve`, by a variable of its environment
(`_1` counts what may come again), and in Python as an argument of `FakeSMB` or of what is named. A default of "none" is
a key that says nothing until it is there.
"""
_TAIL: Final = """
## `[profile]`

Switches over the profile, by `--set KEY=VALUE` (`FAKESMB_SET_1`) and `settings={"KEY": ...}`, too:
[profiles.md](profiles.md) has all of them.

## `[[fault]]`

Rules by which requests fail on cue, in Python `faults=[{...}]`: [faults.md](faults.md) has what they match, count and
do.
"""
_COLUMNS: Final = "| key | meaning | value | default | given by |\n| --- | --- | --- | --- | --- |\n"


def page() -> str:
    """docs/keys.md."""
    text = _HEAD
    for table in TABLES:
        text += f"\n## `{table.heading}`\n\n{table.what}\n\n{_COLUMNS}"
        for key in keys(table):
            text += f"| `{key.name}` | {cell(key.what)} | {key.kind} | {key.shown_default} | {ways(key)} |\n"
    return text + _TAIL


def cell(text: str) -> str:
    """A sentence in a table: a bar would end it."""
    return text.replace("|", "\\|")


_SAMPLE_HEAD: Final = """# fakesmb.toml with every key that there is: `fakesmb serve --config fakesmb.toml`.
#
# What stands without a # in front is the default; a key behind a # says nothing, and shows how it is written.
# Made from the code (`make docs`); docs/configuration.md has longer words about many of them.
"""
_SAMPLE_TAIL: Final = """
# [profile]                         # switches over the profile: docs/profiles.md has all of them
# max_mpx = 10
# streams = false

# [[fault]]                         # requests that fail on cue: docs/faults.md
# command = "WRITE"
# path = '*.bak'
# nth = 3
# fail = "DISK_FULL"
"""


def sample() -> str:
    """docs/fakesmb.toml."""
    text = _SAMPLE_HEAD
    for table in TABLES:
        text += f"\n{table.heading}\n"
        for key in keys(table):
            text += "".join(f"# {line}\n" for line in textwrap.wrap(key.what, 110))
            plain = SAID.get(key.place) or (
                "" if key.default in (None, "", msgspec.NODEFAULT) else toml(key.default)
            )
            is_said = plain and key.place not in EXAMPLES
            text += (
                f"{key.name} = {plain}\n"
                if is_said
                else f"# {key.name} = {EXAMPLES.get(key.place, toml(key.default))}\n"
            )
    return text + _SAMPLE_TAIL


def main() -> None:
    """Writes both files."""
    (DOCS / "keys.md").write_text(page(), encoding="utf-8")
    (DOCS / "fakesmb.toml").write_text(sample(), encoding="utf-8")


if __name__ == "__main__":
    main()
