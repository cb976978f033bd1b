"""A mistake in what was asked for, as one line that says what is wrong, where, and what comes nearest."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from itertools import islice
from typing import Any, Final, Literal, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from fakesmb.nt.nearest import nearest

P = ParamSpec("P")
T = TypeVar("T")

MUST_BE: Final[Mapping[str, str]] = {
    "port": "a port number from 0 to 65535 (0: any free one)",
    "netbios_port": "a port number from 0 to 65535 (0: any free one)",
    "nt_hash": "32 hexadecimal digits",
    "challenge": "16 hexadecimal digits",
    "max_buffer": "a number of bytes from 1024 to 65535",
    "server.name": 'a NetBIOS name: 1 to 15 characters, none of \\ / : * ? " < > |',
    "workgroup": 'a NetBIOS name: 1 to 15 characters, none of \\ / : * ? " < > |',
    "share.name": 'a share name: 1 to 80 characters, not . or .., none of " / \\ [ ] : | < > + = ; , * ?',
    "user.name": 'a user name: 1 to 256 characters, none of " / \\ [ ] : | < > + = ; , * ?',
    "host": "an address or a name of this machine, without a port",
    "accept": "a list of ntlmv2, ntlm2, ntlmv1 and lm, of one of them at least",
    "web.port": "a port number from 0 to 65535 (0: any free one)",
    "names.port": "a port number from 0 to 65535 (0: any free one)",
    "datagram_port": "a port number from 0 to 65535 (0: any free one)",
    "names.host": "an IPv4 address",
    "address": "an IPv4 address",
    "broadcast": "an IPv4 address",
    "token": "printable ASCII without blanks",
    "hosts": "a list of host names or addresses, without ports",
    "journal": "a number of events, at least 0",
    "keep_data": "a number of bytes, at least 0",
}
"""What the value of a key must be, where msgspec's message would not say it plainly."""


NOWHERE: Final[Mapping[str, str]] = {}

LONGEST: Final = 80
"""Characters of a value that a message repeats at most."""


class ConfigError(ValueError):
    """A mistake in what was asked for; its text is one line for the person who asked."""

    def __init__(self, text: str) -> None:
        """Whatever names and paths hold, there are escapes of what would not show."""
        if not text.isprintable():
            text = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
        super().__init__(text)


class ArgumentError(ConfigError, TypeError):
    """An argument that no server has, or one of another type than it must be."""


def brief(function: Callable[P, T]) -> Callable[P, T]:
    """A public call whose mistakes are shown by pytest, and by Python, at the line that made them: none of our own."""

    @wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> T:
        __tracebackhide__ = True
        try:
            return function(*args, **keywords)
        except ConfigError as error:
            raise error.with_traceback(None) from None

    return call


def halved(values: Mapping[str, Any]) -> str:
    """The first key whose value is a text with half of a surrogate pair, which nothing can be told."""
    for key, value in values.items():
        if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
            return key
    return ", ".join(values)


def mistake(error: str, text: str) -> ConfigError:
    """What is raised for an error of msgspec: where a value is of another type, a TypeError, too."""
    return ArgumentError(text) if "`, got `" in error else ConfigError(text)


def shown(value: object) -> str:
    """A value in a message: on one line, and not at any length."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


_MOST_NAMES: Final = 1000
"""Entries of a folder among which the nearest is sought."""


def absent(path: str, what: str = "file") -> str:
    """That there is no such file or folder, and the nearest of those beside it."""
    if path.startswith("~"):
        return f"there is no {what} {path}: the shell left the ~ as it is; write the whole path"
    folder, name = os.path.split(path.rstrip("/"))
    beside: dict[str, str] = {}
    with suppress(OSError, ValueError), os.scandir(folder or ".") as entries:
        for one in islice(entries, _MOST_NAMES):
            if (what == "file" or one.is_dir()) and one.name.isprintable():
                beside[one.name] = os.path.join(folder, one.name)
    return f"there is no {what} {path}{nearest(name, beside)}"


def explained(
    error: str, root: type[msgspec.Struct], table: str = "", elsewhere: Mapping[str, str] = NOWHERE
) -> tuple[str, str]:
    """Key (`share[1].path`) and problem, from msgspec's "Expected ... - at `$.share[1].path`".

    `root` is what was to be made; it stands in `table` of the file, where it is not the file itself. `elsewhere` has
    keys that people look for, and where they are.
    """
    problem, _, at = error.partition(" - at ")
    inside = at.strip("`").removeprefix("$").lstrip(".")
    key = ".".join(filter(None, (table, inside)))
    if found := re.search(r"(?:unknown|required) field `(.+?)`", problem):
        name = found[1]
        kind = _struct_at(root, inside)
        problem = "is missing" if "missing" in problem else _unknown(name, kind, root, elsewhere)
        return f"{key}.{name}".lstrip("."), problem
    plain = _ELEMENT.sub("", key)
    last = plain.rpartition(".")[2]
    choices, allowed = _allowed(root, inside)
    expected = MUST_BE.get(plain) or MUST_BE.get(last) or allowed
    if expected:
        value = re.search(r"Invalid enum value '(.*)'", problem)
        return re.sub(
            r"\[\d+\]$", "", key
        ), f"must be {expected}{nearest(value[1], choices) if value else ''}"
    if problem.startswith("Expected `array`, got") and _is_list_of_tables(root, plain):
        return key, f"is a list of tables: write [[{plain}]]"
    if problem.startswith("Expected `object`, got") and not table and key in _tables(root):
        return key, f"must be one table: write [{key}]"
    return key.replace("[...]", ""), _plain(problem.removeprefix(f"{last}: "))


def _plain(problem: str) -> str:
    """What msgspec says, in the words of people who write configurations."""
    if found := re.fullmatch(r"Expected `(.+?)`, got `(.+?)`", problem):
        wanted = [one for one in found[1].split(" | ") if one != "null"]
        must = " or ".join(_TYPES.get(one, one) for one in wanted)
        if "str" in wanted and found[2] in _WRITTEN_BARE:
            return f"must be {must}: write it in quotes"
        if found[2] == "str" and _WRITTEN_BARE.issuperset(wanted):
            return f"must be {must}: write it without quotes"
        return f"must be {must}, not {_TYPES.get(found[2], f'a {found[2]}')}"
    if found := re.fullmatch(r"Expected `(\w+)`( of length)? (>=|<=|>|<) (.+)", problem):
        limit = f"{found[4]} {_LIMITS[found[3]]}" if found[3] == ">=" else f"{_LIMITS[found[3]]} {found[4]}"
        if not found[2]:
            return f"must be {_TYPES.get(found[1], found[1])}, {limit}"
        return "must not be empty" if limit == "1 or more" else f"must have {limit} characters"
    words = (
        problem.replace("`", "").replace(" | null", "").replace(" | ", " or ").replace("Expected", "must be")
    )
    for theirs, ours in _TYPES.items():
        words = re.sub(rf"\b{theirs}\b", ours, words)
    return words


_ELEMENT: Final = re.compile(r"\[(?:\d+|\.\.\.)\]")
_TYPES: Final[Mapping[str, str]] = {
    "bool": "true or false",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
    "datetime": "a time",
}
"""What msgspec calls types, and what we do."""
_WRITTEN_BARE: Final = frozenset({"bool", "int", "float"})
"""Types whose values are written without quotes."""
_LIMITS: Final[Mapping[str, str]] = {">=": "or more", "<=": "at most", ">": "more than", "<": "less than"}


def _is_list_of_tables(root: type[msgspec.Struct], name: str) -> bool:
    """Whether a table of the file is written with double brackets."""
    hint = get_type_hints(root).get(name)
    return get_origin(hint) is list and (_struct_of(hint) is not None or get_args(hint) != (str,))


def _unknown(
    name: str, kind: type[msgspec.Struct], root: type[msgspec.Struct], elsewhere: Mapping[str, str]
) -> str:
    """That there is no such key, and the nearest, or the table that it belongs to."""
    if name in elsewhere:
        return f"no such key here; {elsewhere[name]} has it"
    if kind is root and (tables := _tables(root)):
        if near := nearest(name, tables):
            return f"no such table{near}"
    elif near := nearest(name, kind.__struct_fields__):
        return f"no such key{near}"
    hints = get_type_hints(root)
    owners = [
        shown
        for table, shown in _tables(root).items()
        if (struct := _struct_of(hints[table])) is not None and name in struct.__struct_fields__
    ]
    return (
        f"no such key here; {' and '.join(owners)} {'have' if owners[1:] else 'has'} it"
        if owners
        else "no such key"
    )


def _tables(root: type[msgspec.Struct]) -> dict[str, str]:
    """The tables of a file, as their heads are written; none of a part of one."""
    hints = get_type_hints(root)
    if not any(_struct_of(hint) is not None for hint in hints.values()):
        return {}
    return {name: f"[[{name}]]" if get_origin(hint) is list else f"[{name}]" for name, hint in hints.items()}


def _struct_at(root: type[msgspec.Struct], keys: str) -> type[msgspec.Struct]:
    """The structure that keys lead to: `share[1]` to that of a share."""
    for name in filter(None, _ELEMENT.sub("", keys).split(".")):
        inner = _struct_of(get_type_hints(root).get(name))
        if inner is None:
            break
        root = inner
    return root


def _struct_of(hint: Any) -> type[msgspec.Struct] | None:
    for one in (hint, *get_args(hint)):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one
    return None


def _allowed(root: type[msgspec.Struct], keys: str) -> tuple[list[str], str]:
    """The words that a key takes, and the same with what else it takes, for a message; both empty for other keys."""
    path, _, name = _ELEMENT.sub("", keys).rpartition(".")
    hint = get_type_hints(_struct_at(root, path)).get(name)
    words = _words(hint)
    told = (["true", "false"] if bool in get_args(hint) else []) + words
    return words, f"{', '.join(told[:-1])} or {told[-1]}" if words else ""


def _words(hint: Any) -> list[str]:
    if get_origin(hint) is Literal:
        return [one for one in get_args(hint) if isinstance(one, str)]
    return [word for one in get_args(hint) for word in _words(one)]


_KEY: Final = re.compile(r"([^.\[]*)(?:\[(\d+)\])?(?:\.([^.\[]+))?")
"""A table, which one of several, and a key in it; what is inside of that does not matter."""
_HEAD: Final = re.compile(r"^\s*\[\[?\s*([\w.\"'-]+)\s*\]\]?")


def line_of(text: str, key: str) -> str:
    """`12:` for the line that a key stands on, as far as a search finds it."""
    found = _KEY.match(key)
    title, index, name = found.groups() if found else ("", None, None)
    written = re.compile(rf"\s*[\"']?{re.escape(name or title)}[\"']?\s*[=.]")
    whole = re.compile(rf"\s*[\"']?{re.escape(title)}[\"']?\s*[=.]")
    here, seen, at = "", -1, 0
    for number, line in enumerate(text.splitlines(), 1):
        if head := _HEAD.match(line):
            here = head[1].strip("\"'")
            seen += here == title
            if index is None or seen == int(index):
                if name and here == f"{title}.{name}":
                    return f"{number}:"
                if here == title or (not name and here.startswith(f"{title}.")):
                    at = at or number
        elif name and here == title and (index is None or seen == int(index)) and written.match(line):
            return f"{number}:"
        elif not here and whole.match(line):
            at = at or number
    return f"{at}:" if at else ""
