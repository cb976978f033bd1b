"""Arguments of `serve` from the environment, as containers are configured: `FAKESMB_PORT=445`, `FAKESMB_SHARE_1=...`.

What may come again has a number, `FAKESMB_USER_1`, `FAKESMB_USER_2`; numbers need not be in one run, and one that is
alone needs none. What is secret may be in a file, which `FAKESMB_USER_1_FILE` names, as secrets of containers are. An
empty variable says nothing. No other server reads any of this: not one that a program makes.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from fakesmb.folders.places import VARIABLE
from fakesmb.mistakes import ConfigError
from fakesmb.nt.nearest import nearest

PREFIX: Final = "FAKESMB_"
ROOT: Final = f"{PREFIX}ROOT"
"""The folder whose sub-directories are the shares where nothing else names any."""
_OTHERS: Final = (ROOT, VARIABLE)
"""Variables that say something, and nothing that is an argument."""
_IN_FILE: Final = "_FILE"
_LONGEST_FILE: Final = 1 << 16
"""Bytes of a file with a secret."""
_WORDS: Final = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
_OF_OTHER_PROGRAMS: Final = re.compile(
    r"FAKESMB_(?:.+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_URL: Final = re.compile(r"(?:tcp|udp|sctp)://")
"""What Kubernetes tells every container of a service that is called fakesmb: its address, among others as
`FAKESMB_PORT=tcp://10.0.0.1:445`."""


class Option(NamedTuple):
    """An option of `serve`, as it is read from the environment."""

    key: str
    """What the command calls it: `shares`."""
    name: str
    """On the command line: `--share`."""
    convert: Callable[[str], Any]
    """Makes its value; raises ValueError with what is wrong with it."""
    many: bool = False
    """Whether it may come again."""
    secret: bool = False
    """Whether it may stand in a file."""

    @property
    def variable(self) -> str:
        """`FAKESMB_SHARE`, without a number."""
        return PREFIX + self.name.removeprefix("--").replace("-", "_").upper()


class Told(NamedTuple):
    """One value, and the variable that it is of."""

    variable: str
    value: Any

    def __repr__(self) -> str:
        """Without the value, which may be a password."""
        return f"Told({self.variable!r})"


def _is_said(value: object) -> bool:
    """Whether somebody gave an option: a flag that nobody gave is False."""
    return value is not None and value is not False


class Environment:
    """What the environment says of a server."""

    def __init__(
        self,
        one: Mapping[str, Told] | None = None,
        many: Mapping[str, list[Told]] | None = None,
        root: str = "",
    ) -> None:
        """By the keys of options: those that come once, and those that may come again."""
        self.one = dict(one or {})
        self.many = dict(many or {})
        self.root = root

    def but(self, given: Mapping[str, Any]) -> "Environment":
        """Without what arguments say, too."""
        one = {key: told for key, told in self.one.items() if not _is_said(given.get(key))}
        return Environment(one, self.many, self.root)

    def under(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments, and where they say nothing the environment; None where neither does.

        Of what may come again there are only the arguments.
        """
        said = {key: value if _is_said(value) else None for key, value in given.items()}
        return said | {key: told.value for key, told in self.one.items()}

    def name_of(self, key: str, option: str) -> str:
        """The variable that gave an option its value, or the option."""
        return self.one[key].variable if key in self.one else option


def read(environment: Mapping[str, str], options: Collection[Option]) -> Environment:
    """What variables say. Raises `ConfigError` for one that says nothing here, or says it wrong."""
    by_variable = {one.variable: one for one in options}
    one: dict[str, Told] = {}
    many: dict[str, list[tuple[int, Told]]] = {}
    for variable in sorted(environment):
        text = environment[variable]
        if not variable.startswith(PREFIX) or not text or _is_of_others(variable, text):
            continue
        option, number, in_file = _option_of(variable, by_variable)
        if in_file:
            text = _content(variable, text, environment)
        try:
            told = Told(variable, option.convert(text))
        except ValueError as error:
            raise ConfigError(f"{variable}: {error}") from None
        if option.many:
            many.setdefault(option.key, []).append((number, told))
        else:
            one[option.key] = told
    ordered = {key: [told for _, told in sorted(found)] for key, found in many.items()}
    return Environment(one, ordered, environment.get(ROOT, ""))


def _is_of_others(variable: str, text: str) -> bool:
    return variable in _OTHERS or bool(_OF_OTHER_PROGRAMS.fullmatch(variable)) or bool(_URL.match(text))


def _option_of(variable: str, by_variable: Mapping[str, Option]) -> tuple[Option, int, bool]:
    """The option that a variable gives, its number, and whether the value is in a file. Raises `ConfigError`."""
    if (option := by_variable.get(variable)) is not None:
        return option, 0, False
    plain = variable.removesuffix(_IN_FILE)
    in_file = plain != variable
    name, _, digits = plain.rpartition("_")
    number = 0
    if digits.isascii() and digits.isdecimal() and name in by_variable and by_variable[name].many:
        number, plain = int(digits), name
    option = by_variable.get(plain)
    if option is not None and in_file and not option.secret:
        raise ConfigError(
            f"{variable}: a file is for what is secret; this is {variable.removesuffix(_IN_FILE)}"
        )
    if option is None:
        near = nearest(variable, _spellings(by_variable.values(), digits if digits.isdecimal() else "1"))
        raise ConfigError(f"{variable}: there is no such variable{near}")
    return option, number, in_file


def _spellings(options: Iterable[Option], number: str) -> Iterable[str]:
    for option in options:
        plain = f"{option.variable}_{number}" if option.many else option.variable
        yield from (plain, plain + _IN_FILE) if option.secret else (plain,)
    yield from _OTHERS


def _content(variable: str, path: str, environment: Mapping[str, str]) -> str:
    """The line that stands in the file, without its end. Raises `ConfigError`."""
    beside = variable.removesuffix(_IN_FILE)
    if environment.get(beside):
        raise ConfigError(f"{variable} and {beside} both say it: give one of them")
    try:
        with open(path, "rb") as file:
            data = file.read(_LONGEST_FILE + 1)
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no text in UTF-8"
        raise ConfigError(f"{variable}: {path}: {why}") from None
    if len(data) > _LONGEST_FILE:
        raise ConfigError(f"{variable}: {path}: has more than {_LONGEST_FILE} bytes, and one line is wanted")
    line, _, more = text.partition("\n")
    line = line.removesuffix("\r")
    if more.strip() or not line:
        raise ConfigError(
            f"{variable}: {path}: {'has more than one line' if line else 'its first line is empty'}"
        )
    return line


def flag(text: str) -> bool:
    """Of an option that has no value. Raises ValueError."""
    try:
        return _WORDS[text.casefold()]
    except KeyError:
        raise ValueError(f"{text!r} is neither 1 nor 0 (true, false)") from None


def once(told: Iterable[tuple[str, Any]], what: str) -> list[Any]:
    """Things that have names, each by its variable. Raises `ConfigError` where two are called alike."""
    from fakesmb.nt.names import fold

    taken: dict[str, str] = {}
    found = []
    for variable, one in told:
        other = taken.setdefault(fold(one.name), variable)
        if other != variable:
            raise ConfigError(f"{variable}: {what} {one.name} is named by {other}, too")
        found.append(one)
    return found
