"""The commands and what their decorators are."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from fakesmb.commandline.help import write_help
from fakesmb.commandline.mistakes import (
    TooManyError,
    UnknownCommandError,
    mistakes_in_one_line,
    remember,
)
from fakesmb.commandline.parts import Argument, Example, Group, Option

HELP: Final = ["-h", "--help"]
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Command(click.Command):
    """One of the commands; its options come by decorators, or by subject."""

    def __init__(
        self,
        *args: Any,
        groups: Sequence[Group] = (),
        examples: Sequence[Example] = (),
        one_only: str = "",
        **more: Any,
    ) -> None:
        """`one_only` says what to do to whoever gives more arguments than there are."""
        super().__init__(*args, **more)
        self.context_settings.setdefault("help_option_names", HELP)
        self.allow_extra_args = True  # to tell of them in our words
        self.one_only = one_only
        self.params += [one for group in groups for one in group.options]
        self.groups = groups
        self.examples = examples

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Usage, what it does, its arguments, its options by subject, examples."""
        write_help(self, ctx, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What was given is kept for those who tell of mistakes."""
        remember(ctx, args)
        try:
            rest = super().parse_args(ctx, args)
        except click.BadOptionUsage as error:
            error.ctx = ctx  # which click leaves out
            raise
        if ctx.args and not ctx.resilient_parsing:
            raise TooManyError(ctx, self.one_only)
        return rest


class Commands(click.Group):
    """The command `fakesmb` itself, which tells mistakes in all arguments in one line."""

    command_class = Command

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **more: Any) -> None:
        """As click's."""
        super().__init__(*args, **more)
        self.examples = examples

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Reads what stands before the name of a command."""
        with mistakes_in_one_line():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Reads the arguments of a command, and runs it."""
        with mistakes_in_one_line():
            return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What was given is kept for those who tell of mistakes."""
        remember(ctx, args)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was named."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise UnknownCommandError(args[0], ctx, list(self.commands))
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people need them."""
        return list(self.commands)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The same, and the commands, each with the whole sentence of what it does."""
        write_help(self, ctx, formatter)


def command(**more: Any) -> Callable[[Callable[..., Any]], Command]:
    """A decorator for a `Command`."""
    return click.command(cls=Command, **more)


def option(*names: str, **more: Any) -> Decorator:
    """A decorator for an `Option`."""
    return click.option(*names, cls=Option, **more)


def argument(*names: str, **more: Any) -> Decorator:
    """A decorator for an `Argument`."""
    return click.argument(*names, cls=Argument, **more)
