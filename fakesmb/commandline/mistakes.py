"""Mistakes in the arguments of a command, told as those of fakesmb.toml: one line, where, what is wrong, what to do."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from shlex import quote
from typing import Final

import click

from fakesmb.commandline.values import WrongValueError
from fakesmb.nt.nearest import MOST, nearest
from fakesmb.saying import fail

_GIVEN: Final = "fakesmb.given"
"""Where the context of a command keeps the arguments that it was given."""
_ALSO: Final[Mapping[str, str]] = {
    "help": "--help",
    "version": "--version",
    "start": "serve",
    "run": "serve",
    "server": "serve",
    "dump": "show",
    "read": "show",
    "ping": "check",
    "health": "check",
}
"""What people call commands, and which they mean."""


class NeedsValueError(WrongValueError):
    """An option stands where the value of another should."""

    def __init__(self, other: str, ctx: click.Context, param: click.Parameter) -> None:
        """`other` is the option that stands there."""
        super().__init__(other, f"needs a value, and the option {other} stands in its place", ctx, param)


class UnknownCommandError(click.UsageError):
    """No command is called so."""

    def __init__(self, name: str, ctx: click.Context, known: Sequence[str]) -> None:
        """`known` are those that there are."""
        super().__init__(f"{quote(name)}: no such command{_meant(name, known)}", ctx)


class TooManyError(click.UsageError):
    """More arguments than the command takes."""

    def __init__(self, ctx: click.Context, hint: str) -> None:
        """`hint` says how more of them are given."""
        more = " ".join(map(quote, ctx.args))
        super().__init__(f"too many arguments: {more}{_forgotten_dashes(ctx) or (hint and f'; {hint}')}", ctx)


@contextlib.contextmanager
def mistakes_in_one_line() -> Iterator[None]:
    """Ends the program with one line for what click raises inside the block."""
    try:
        yield
    except click.UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # which click has since 8.2: help, and no mistake
            raise
        fail(" ".join(told(error).split()))


def told(error: click.UsageError) -> str:
    """What is wrong with the arguments, and what to do."""
    ctx = error.ctx
    match error:
        case NeedsValueError():
            return f"{_form(error.param)} {error.message}"
        case WrongValueError():
            return f"{_name(error.param)} {_shown(error.value)}: {error.message}"
        case click.MissingParameter():
            return f"{_form(error.param)} is missing{_usage(ctx)}"
        case click.NoSuchOption() if ctx is not None:
            return f"{error.option_name}: {_no_option(error.option_name, ctx)}"
        case click.BadOptionUsage() if ctx is not None:
            return _misused(error.option_name, ctx)
    return error.format_message()


def remember(ctx: click.Context, args: Sequence[str]) -> None:
    """Keeps what a command was given."""
    ctx.meta[_GIVEN, ctx.command.name] = list(args)  # type: ignore[index]  # of which a group has its own


def long_names(command: click.Command, ctx: click.Context) -> list[str]:
    """The options of a command, as they are written out."""
    return [
        name
        for one in command.get_params(ctx)
        if isinstance(one, click.Option)
        for name in one.opts
        if name.startswith("--")
    ]


def _shown(value: str) -> str:
    """A value in a message, in quotes where it would not be seen as one word."""
    if re.fullmatch(r"[\w.:/=,+-]{1,80}", value):
        return value
    from fakesmb.mistakes import shown

    return shown(value)


def _given(ctx: click.Context) -> list[str]:
    given: list[str] = ctx.meta.get((_GIVEN, ctx.command.name), [])  # type: ignore[call-overload]
    return given


def _name(param: click.Parameter | None) -> str:
    """What messages call an option or an argument."""
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return "" if param is None else param.metavar or (param.name or "").upper()


def _form(param: click.Parameter | None) -> str:
    """The option and what its value is called."""
    name = _name(param)
    if not isinstance(param, click.Option):
        return name
    return f"{name} {param.metavar or param.type.name.upper()}"


def _usage(ctx: click.Context | None) -> str:
    if ctx is None:
        return ""
    words = [_name(one) for one in ctx.command.params if isinstance(one, click.Argument)]
    return f": {' '.join([ctx.command_path, *words])}"


def _meant(name: str, known: Sequence[str]) -> str:
    """The command that may be meant by what is none."""
    if os.path.isdir(name):
        return f"; did you mean fakesmb serve {quote(name)}?"
    from fakesmb.config.forms import command_for

    if command := command_for(name):
        return f"; did you mean {command}?"
    others = {said: meant for said, meant in _ALSO.items() if meant.startswith("-") or meant in known}
    return nearest(name, {one: one for one in known} | others) or "; fakesmb --help lists them"


def _no_option(name: str, ctx: click.Context) -> str:
    """That there is none, and the nearest, or whose it is."""
    if re.fullmatch(r"-\d+", name):
        return "no such option: no number here may be negative"
    root = ctx.find_root().command
    owners = [key for key, one in getattr(root, "commands", {}).items() if name in _all_names(one, ctx)]
    if owners and ctx.command is root:
        return f"no such option before the command: it belongs after {' or '.join(owners)}"
    if owners and name.startswith("--"):
        return f"no such option of {ctx.command.name}: it is one of {' and '.join(owners)}"
    here = long_names(ctx.command, ctx)
    near = nearest(name, here) if name.startswith("--") else _near_letter(name, here, _given(ctx))
    return f"no such option{near or f'; {ctx.command_path} --help lists them'}"


def _all_names(command: click.Command, ctx: click.Context) -> list[str]:
    return [name for one in command.get_params(ctx) if isinstance(one, click.Option) for name in one.opts]


def _near_letter(name: str, here: Sequence[str], given: Sequence[str]) -> str:
    """For `-p`, and for `-port`, of which click sees the first letter only."""
    for word in given:
        if re.match(r"-[^-].", word) and (near := nearest(f"-{word.partition('=')[0]}", here)):
            return near
    alike = sorted((one for one in here if one.startswith(f"-{name.lower()}")), key=len)[:MOST]
    return f"; did you mean {' or '.join(alike)}?" if alike else ""


def _misused(name: str, ctx: click.Context) -> str:
    """An option without its value, or with one that it does not take."""
    param = next((one for one in ctx.command.get_params(ctx) if name in one.opts), None)
    if isinstance(param, click.Option) and param.is_flag:
        return f"{name} takes no value: it stands alone"
    return f"{_form(param)} needs a value, and nothing stands behind it"


def _forgotten_dashes(ctx: click.Context) -> str:
    """`serve port 80`."""
    here, given = long_names(ctx.command, ctx), _given(ctx)
    for word, value in pairwise(given):
        if f"--{word}" in here:
            return f"; did you mean --{word} {quote(value)}?"
    return ""
