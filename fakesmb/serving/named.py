"""Shares and users of `serve`: those of the arguments, beside them those of the environment, else the samples."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from fakesmb.config import forms
from fakesmb.config.environment import ROOT, Environment, Told, once
from fakesmb.config.parts import SharePart, UserPart
from fakesmb.config.values import share_problem
from fakesmb.mistakes import ConfigError
from fakesmb.nt.names import fold
from fakesmb.serving.greeting import Greeting

P = TypeVar("P", bound=SharePart | UserPart)


def shares_of(
    given: Mapping[str, Any], environment: Environment, *, in_file: bool
) -> tuple[list[SharePart], list[str]]:
    """Shares over those of the file, and what to tell the person. Raises `ConfigError`.

    Where nothing else names any, the file included, the sub-directories of FAKESMB_ROOT are the shares, or the samples.
    """
    named = [of_variable("--share", forms.share, text) for text in given["shares"]]
    named += [of_variable("--printer", forms.printer, text) for text in given["printers"]]
    roots, notes = _readable(forms.subdirectories(given["root"]), "ROOT") if given["root"] else ([], [])
    shares = _beside(named, roots)
    shares = _beside(shares, _shares_of_environment(environment))
    if shares or in_file:
        return shares, notes
    if environment.root:
        shares, notes = _in_root(environment.root)
        if shares:
            return shares, notes
    from fakesmb import samples  # which most servers do without

    shares, where = samples.served()
    return shares, notes + ([Greeting(where)] if where else [])


def users_of(given: Mapping[str, Any], environment: Environment) -> list[UserPart]:
    """Users over those of the file. Raises `ConfigError`."""
    named = [of_variable("--user", forms.user, text) for text in given["users"]]
    named += [of_variable("--admin", partial(forms.user, admin=True), text) for text in given["admins"]]
    told = [
        *_made(environment.many.get("users", ()), forms.user),
        *_made(environment.many.get("admins", ()), partial(forms.user, admin=True)),
    ]
    return _beside(named, once(told, "user"))


def _in_root(root: str) -> tuple[list[SharePart], list[str]]:
    """What FAKESMB_ROOT has, a place where folders are mounted; none at all is no mistake."""
    try:
        folders = forms.folders_in(root)
    except ConfigError as error:
        raise ConfigError(f"{ROOT}: {error}") from None
    found, notes = _readable(folders, ROOT)
    return found, notes or (
        [] if found else [Greeting(f"{root} has no sub-directory, which would be a share")]
    )


def _readable(folders: Sequence[SharePart], root: str) -> tuple[list[SharePart], list[str]]:
    """Those that may be read, and of the others a note each. Raises `ConfigError` where none of them may."""
    closed = [share for share in folders if not os.access(share.path, os.R_OK | os.X_OK)]
    notes = [f"{share.path} is left out: it may not be read" for share in closed]
    if closed and len(closed) == len(folders):
        raise ConfigError(f"{root}: {'; '.join(notes)}; so there is nothing to serve")
    return [share for share in folders if share not in closed], notes


def _shares_of_environment(environment: Environment) -> list[SharePart]:
    told = [
        *_made(environment.many.get("shares", ()), forms.share),
        *_made(environment.many.get("printers", ()), forms.printer),
    ]
    for variable, share in told:
        if problem := share_problem(share, ""):
            raise ConfigError(f"{variable}: share {share.name}: {problem[1]}")
    return once(told, "share")


def _made(told: Iterable[Told], make: Callable[[str], P]) -> list[tuple[str, P]]:
    return [(variable, of_variable(variable, make, text)) for variable, text in told]


def of_variable(variable: str, make: Callable[[str], Any], text: str) -> Any:
    """What is made of the text of a variable, or of an option. A mistake names it."""
    try:
        return make(text)
    except ConfigError as error:
        raise ConfigError(f"{variable}: {error}") from None


def _beside(first: Sequence[P], others: Iterable[P]) -> list[P]:
    """With those of the others whose names are not taken."""
    taken = {fold(one.name) for one in first}
    return [*first, *(one for one in others if fold(one.name) not in taken)]
