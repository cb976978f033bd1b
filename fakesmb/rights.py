"""A server that root started goes on as another user."""

import codecs
import os
from typing import Final

from fakesmb.config.merging import Config
from fakesmb.mistakes import ConfigError
from fakesmb.transport.process import RightsError, load_whole, run_as

_ENCODINGS: Final = ("ascii", "cp437", "cp850", "hex", "idna", "latin-1", "utf-8", "utf-16-le", "utf-16-be")
"""What names and texts are encoded in; each is a module of Python."""


def give_up_rights(config: Config) -> None:
    """The ports are bound, the log is open: from here on the server has no more rights than the files take."""
    _load_what_comes_late(config)
    try:
        run_as(config.run_as)
    except RightsError as error:
        raise ConfigError(f"cannot run as {config.run_as}: {error}") from None
    for share in config.shares:
        if share.content is None and not os.access(share.path, os.R_OK | os.X_OK):
            raise ConfigError(f"share {share.name}: {config.run_as} may not list {share.path}")


def load_all() -> None:
    """All of fakesmb but its modules for pytest: a server runs where pytest is not installed."""
    load_whole("fakesmb", without="pytest_")


def _load_what_comes_late(config: Config) -> None:
    """Modules that the server imports when they are first used: they may be in a folder that only root can read."""
    import twisted.internet.threads
    import twisted.python.threadpool  # noqa: F401

    from fakesmb.auth import hashes

    load_all()
    hashes.load()
    for encoding in (config.settings.oem_encoding, *_ENCODINGS):
        codecs.lookup(encoding)
