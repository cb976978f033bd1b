"""The help of a command: usage, what it does, arguments, options by subject, examples.

It is written here and not by click, so that it is the same whatever version of click is installed.
"""

import inspect
from collections.abc import Iterator, Sequence
from typing import Final

import click

from fakesmb.commandline.parts import Argument, Example, Group

OPTIONS: Final = "Options"
_INDENT: Final = 2
_COLUMN: Final = 24
"""Columns of what is explained; what is longer has a line of its own."""


def text_of(command: click.Command) -> str:
    """What it does: its paragraphs, each on one line."""
    paragraphs = inspect.cleandoc(command.help or "").partition("\f")[0].split("\n\n")
    return "\n\n".join(" ".join(one.split()) for one in paragraphs)


def sentence_of(command: click.Command) -> str:
    """What it does in one sentence, which is never cut."""
    return text_of(command).partition("\n")[0]


def usage_of(command: click.Command) -> str:
    """`[OPTIONS] FILE`."""
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    words = [placeholder(one) if one.required else f"[{placeholder(one)}]" for one in arguments]
    return " ".join(["[OPTIONS]", *(["COMMAND [ARGS]..."] if isinstance(command, click.Group) else words)])


def placeholder(argument: click.Argument) -> str:
    """What stands for it: `FILE`."""
    return argument.metavar or (argument.name or "").upper()


def written(option: click.Option) -> str:
    """How it is written: `-u, --user NAME:PASSWORD`."""
    names = ", ".join(sorted(option.opts, key=lambda name: name.startswith("--")))
    if option.is_flag or option.count:
        return names
    value = option.metavar or option.type.name.upper()
    return f"{names}{value}" if value.startswith("[=") else f"{names} {value}"


def told(option: click.Option) -> str:
    """Its sentence, and what holds without it."""
    usual = getattr(option, "usual", "")
    return f"{option.help or ''}{f' [default: {usual}]' if usual else ''}"


def groups_of(command: click.Command, ctx: click.Context) -> Iterator[tuple[str, list[click.Option]]]:
    """Headings and the options under them; those of no group come last."""
    groups: Sequence[Group] = getattr(command, "groups", ())
    for group in groups:
        yield group.title, list(group.options)
    grouped = {id(one) for group in groups for one in group.options}
    rest = [
        one
        for one in command.get_params(ctx)
        if isinstance(one, click.Option) and id(one) not in grouped and not one.hidden
    ]
    yield f"Other {OPTIONS.lower()}" if groups else OPTIONS, rest


def arguments_of(command: click.Command) -> list[tuple[str, str]]:
    """The arguments that there is something to say of."""
    return [
        (placeholder(one), one.about) for one in command.params if isinstance(one, Argument) and one.about
    ]


def write_help(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Writes all of it."""
    formatter.write_usage(ctx.command_path, usage_of(command))
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(text_of(command))
    if arguments := arguments_of(command):
        with formatter.section("Arguments"):
            formatter.write_dl(arguments)
    if isinstance(command, click.Group):
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence_of(one)) for name, one in command.commands.items()])
    for title, options in groups_of(command, ctx):
        with formatter.section(title):
            formatter.write_dl([(written(one), told(one)) for one in options], _COLUMN)
    _write_examples(getattr(command, "examples", ()), formatter)


def _write_examples(examples: Sequence[Example], formatter: click.HelpFormatter) -> None:
    if not examples:
        return
    formatter.write_paragraph()
    formatter.write_heading("Examples")
    for number, (what, line) in enumerate(examples):
        if number:
            formatter.write("\n")
        with formatter.indentation():
            formatter.write_text(what)
        formatter.write(f"{' ' * 2 * _INDENT}{line}\n")
