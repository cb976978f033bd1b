"""Comments of docs/api.md, `<!-- autodoc: class fakesmb.Share -->`, become what Sphinx makes of a docstring."""

import re
from collections.abc import Mapping
from typing import Any, Final

from sphinx.application import Sphinx

import fakesmb
from fakesmb.record import steps

_COMMENT: Final = re.compile(r"<!-- autodoc: (\w+)(?: ([\w.]+))?(, with what it inherits)? -->")
_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "class": ("members",),
    "exception": ("show-inheritance",),
    "keys": ("members", "undoc-members", "member-order: bysource"),
    "function": (),
    "data": (),
    "value": ("no-value",),
}
_KINDS: Final = {"keys": "class", "data": "class", "value": "data"}


def step_names() -> list[str]:
    """The public functions that make steps."""
    return [
        name
        for name in fakesmb.__all__
        if getattr(getattr(fakesmb, name), "__module__", "") == steps.__name__
    ]


def named(text: str) -> list[str]:
    """The names that a page has comments for."""
    found = [match[2] for match in _COMMENT.finditer(text) if match[2]]
    return found + ([f"fakesmb.{name}" for name in step_names()] if "<!-- autodoc: steps -->" in text else [])


def directives(text: str) -> str:
    """The page with directives in place of its comments."""

    def directive(found: re.Match[str]) -> str:
        if found[1] == "steps":
            return _fenced("\n\n".join(f".. autofunction:: fakesmb.{name}" for name in step_names()))
        options = [*_OPTIONS[found[1]], *(["inherited-members"] if found[3] else [])]
        lines = "".join(f"\n   :{one}:" if ":" not in one else f"\n   :{one}" for one in options)
        return _fenced(f".. auto{_KINDS.get(found[1], found[1])}:: {found[2]}{lines}")

    return _COMMENT.sub(directive, text)


def _fenced(text: str) -> str:
    return f"\n```{{eval-rst}}\n.. default-role:: literal\n\n{text}\n```\n"


def _read(app: Sphinx, name: str, source: list[str]) -> None:
    source[0] = directives(source[0])


def with_blocks(lines: list[str]) -> list[str]:
    """A docstring whose indented examples are blocks of code, as they are for whoever reads the source."""
    made: list[str] = []
    for line in lines:
        begins = line.startswith("    ") and (not made or not made[-1].strip())
        if begins and not next((one for one in reversed(made) if one.strip()), "").startswith("    "):
            made += ["::", ""]
        made.append(line)
    return made


def _example(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = with_blocks(lines)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _example)
    return {"parallel_read_safe": True}
