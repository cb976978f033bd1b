"""How a request wants the strings of its answer."""

from functools import partial

from fakesmb.core.request import AnyRequest
from fakesmb.wire.info import LevelContext


def strings_of(request: AnyRequest) -> LevelContext:
    """Unicode or OEM, as the message says; names that the code page cannot spell go out as their 8.3 names."""
    return (
        request.connection.unicode_strings
        if request.unicode
        else LevelContext(
            False,
            request.connection.oem_encoding,
            partial(_alias, request),
            request.connection.zone,
        )
    )


def _alias(request: AnyRequest, path: str, name: str) -> str:
    """The 8.3 name of a file, which can be asked for on this tree; on a pipe's share there are none."""
    return request.store.alias(path, name) if request.tree.store is not None else ""
