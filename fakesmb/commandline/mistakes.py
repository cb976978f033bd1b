"""Mistakes in the arguments of a command, told as all others: in one line, with the nearest names."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import click

from fakesmb.saying import fail


class OneLine(click.Group):
    """The command, which tells mistakes in its arguments as all others: in one line."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Reads what stands before the name of a command."""
        with _usage_inone_line():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Reads the arguments of a command, and runs it."""
        with _usage_inone_line():
            return super().invoke(ctx)


@contextlib.contextmanager
def _usage_inone_line() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # which click has since 8.2: help, and no mistake
            raise
        fail(" ".join(_usage(error).split()))


def _usage(error: click.UsageError) -> str:
    """What is wrong with the arguments, with the nearest names."""
    from fakesmb.nt.nearest import nearest

    context = error.ctx
    if isinstance(error, click.NoSuchOption) and context is not None:
        name = error.option_name
        if re.fullmatch(r"-\d+", name):
            return f"No such option '{name}': no number here may be negative"
        near = nearest(name, _options(context.command, context))
        if not near and isinstance(context.command, click.Group):
            owners = [key for key, one in context.command.commands.items() if name in _options(one, context)]
            near = f"; it belongs after {' or '.join(owners)}" if owners else ""
        return f"No such option '{name}'{near}"
    if isinstance(error, click.BadParameter) and error.param is not None:
        if error.param.name == "deterministic":
            return f"{error.format_message()} It is the seed; --deterministic alone stands before an option, or last"
        kind, value = error.param.type, re.match("'(.*)' is not one of", error.message)
        if isinstance(kind, click.Choice) and value:
            return f"{error.format_message().rstrip('.')}{nearest(value[1], kind.choices)}"
    if context is not None and isinstance(context.command, click.Group):
        command = re.match("No such command '(.*)'", error.message)
        if command:
            return f"No such command '{command[1]}'{nearest(command[1], list(context.command.commands))}"
    return error.format_message()


def _options(command: click.Command, context: click.Context) -> list[str]:
    return [name for one in command.get_params(context) for name in one.opts if name.startswith("--")]
