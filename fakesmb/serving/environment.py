"""The options of `serve` as variables of the environment: FAKESMB_PORT, FAKESMB_SHARE_1 ..."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import click

from fakesmb.config import environment
from fakesmb.config.environment import Environment, Option
from fakesmb.mistakes import shown

_SECRET: Final = frozenset({"users", "admins", "share_passwords", "read_only_passwords", "web_token"})
"""Options that may stand in a file."""


def options_of(command: click.Command) -> Iterator[Option]:
    """Those of a command which have a name of their own and a value, or are a flag."""
    for one in command.params:
        if isinstance(one, click.Option) and one.name and one.expose_value:
            name = next(name for name in one.opts if name.startswith("--"))
            yield Option(one.name, name, _converting(one), one.multiple, one.name in _SECRET)


def read(command: click.Command, variables: Mapping[str, str]) -> Environment:
    """What the environment says of a server. Raises `ConfigError`."""
    return environment.read(variables, list(options_of(command)))


def _converting(option: click.Option) -> Callable[[str], Any]:
    if option.is_flag and not option.multiple and isinstance(option.type, click.types.BoolParamType):
        return environment.flag

    def convert(text: str) -> Any:
        try:
            return option.type.convert(text, None, None)
        except click.BadParameter as error:
            raise ValueError(f"{shown(text)}: {error.message}") from None

    return convert
