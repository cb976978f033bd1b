"""What the values of options are, and what is said of those that cannot be."""

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import click

from fakesmb.nt.nearest import nearest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    Kind = click.ParamType[Any]
else:
    Kind = click.ParamType  # which has no parameters before click 8.4


class WrongValueError(click.BadParameter):
    """A value that cannot be one of its option; the message says what it must be."""

    def __init__(
        self, value: str, message: str, ctx: click.Context | None, param: click.Parameter | None
    ) -> None:
        """`value` is repeated to the person."""
        super().__init__(message, ctx, param)
        self.value = value


class OneOf(Kind):
    """One of a few words, in letters of either case."""

    name = "word"

    def __init__(self, *words: str, also: "Mapping[str, str] | None" = None) -> None:
        """`also` has what else people write, and the word that they mean."""
        self.words = words
        self.also = also or {}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word. Raises `WrongValueError`."""
        folded = value.lower()
        if folded in self.words:
            return str(folded)
        near = nearest(value, {one: one for one in self.words} | dict(self.also))
        raise WrongValueError(value, f"must be {listed(self.words)}{near}", ctx, param)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """The words that begin so."""
        return _items([one for one in self.words if one.startswith(incomplete.lower())])


class Whole(Kind):
    """A whole number within limits."""

    name = "number"

    def __init__(self, least: int, most: int | None, what: str) -> None:
        """`what` says what it must be."""
        self.least, self.most, self.what = least, most, what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. Raises `WrongValueError`."""
        if isinstance(value, int):  # the value of a flag
            return value
        try:
            number = int(value) if value.isascii() else None
        except ValueError:
            number = None
        if number is None or number < self.least or (self.most is not None and number > self.most):
            raise WrongValueError(value, f"must be {self.what}", ctx, param)
        return number


class Seconds(Kind):
    """A time in seconds within limits."""

    name = "seconds"

    def __init__(self, least: float, most: float | None = None) -> None:
        """`most` None: any number."""
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds. Raises `WrongValueError`."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = float("nan")
        if not isfinite(seconds) or seconds < self.least or (self.most is not None and seconds > self.most):
            limits = (
                f"{self.least:g} or more" if self.most is None else f"from {self.least:g} to {self.most:g}"
            )
            raise WrongValueError(str(value), f"must be a number of seconds, {limits}", ctx, param)
        return seconds


class Place(Kind):
    """A file or a folder: shells complete its name."""

    def __init__(self, name: str = "file") -> None:
        """`name` is `file` or `dir`."""
        self.name = name

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """The shell knows."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type=self.name)]


class Profile(Kind):
    """The name of a profile: shells complete it."""

    name = "profile"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Those that begin so."""
        from fakesmb.core.profiles import ROWS

        return _items([row.name for row in ROWS if row.name.startswith(incomplete.lower())])


PORT: Final = Whole(0, 65535, "a port number from 0 to 65535 (0: any free one)")
FILE: Final = Place()
FOLDER: Final = Place("dir")


def listed(words: "tuple[str, ...]") -> str:
    """`a, b or c`."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _items(words: list[str]) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(one) for one in words]
