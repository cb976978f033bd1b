"""What commands are made of: options by subject, arguments that are told of, examples."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from fakesmb.commandline.mistakes import NeedsValueError, long_names
from fakesmb.commandline.values import OneOf


class Option(click.Option):
    """An option that knows what holds without it (`usual`), and that takes no other option for its value."""

    def __init__(self, names: Sequence[str], *, usual: str = "", **more: Any) -> None:
        """As click's; a value that is one of some words has them as its metavar."""
        if isinstance(kind := more.get("type"), OneOf):
            more.setdefault("metavar", "|".join(kind.words))
        super().__init__(names, **more)
        self.usual = usual

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """The value. Raises `click.BadParameter`."""
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, str) and one.startswith("--") and one in long_names(ctx.command, ctx):
                raise NeedsValueError(one, ctx, self)
        return super().process_value(ctx, value)


class Argument(click.Argument):
    """An argument with a sentence about it."""

    def __init__(self, names: Sequence[str], *, about: str = "", **more: Any) -> None:
        """As click's."""
        super().__init__(names, **more)
        self.about = about


class Group(NamedTuple):
    """Options of one subject."""

    title: str
    options: Sequence[Option]


class Example(NamedTuple):
    """What a command line is good for, and the line, which works as it stands."""

    what: str
    line: str
