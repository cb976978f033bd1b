"""The keytab of a configuration, read and checked."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fakesmb.auth.kerberos import Kerberos
from fakesmb.auth.keytab import KeytabError, read_keytab
from fakesmb.config.merging import Config
from fakesmb.mistakes import ConfigError

_LARGEST_KEYTAB: Final = 1 << 20
"""Bytes: some 10,000 keys."""


def kerberos_of(config: Config, random: Callable[[int], bytes]) -> Kerberos | None:
    """What accepts tickets, where there is a keytab; `random` makes keys. Raises `ConfigError`."""
    if not config.keytab:
        return None
    try:
        return Kerberos(
            read_keytab(_contents(config.keytab)), config.settings.limits.kerberos_sign_ins, random
        )
    except KeytabError as error:
        raise ConfigError(f"keytab {config.keytab} {error}") from None
    except OSError as error:
        raise ConfigError(f"keytab {config.keytab} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"keytab {config.keytab!r}: no path holds a NUL character") from None


def _contents(path: str) -> bytes:
    place = Path(path)
    if not stat.S_ISREG(place.stat().st_mode):  # a pipe would be waited for
        raise KeytabError("is not a file")
    with place.open("rb") as file:
        data = file.read(_LARGEST_KEYTAB + 1)
    if len(data) > _LARGEST_KEYTAB:
        raise KeytabError(f"is larger than a keytab is ({_LARGEST_KEYTAB >> 20} MiB)")
    return data
