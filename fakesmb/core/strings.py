"""How a request wants the strings of its answer."""

from typing import Final

from fakesmb.core.request import AnyRequest
from fakesmb.vfs.shortnames import short_name
from fakesmb.wire.info import LevelContext


def strings_of(request: AnyRequest) -> LevelContext:
    """Unicode or OEM, as the message says; names that the code page cannot spell go out as their 8.3 names."""
    return _UNICODE if request.unicode else LevelContext(False, request.connection.oem_encoding, short_name)


_UNICODE: Final = LevelContext()
