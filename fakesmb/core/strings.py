"""How a request wants the strings of its answer."""

from functools import partial

import msgspec

from fakesmb.core.request import AnyRequest
from fakesmb.vfs.shortnames import is_short
from fakesmb.wire.info import LevelContext


def strings_of(request: AnyRequest) -> LevelContext:
    """Unicode or OEM, as the message says; names that the code page cannot spell go out as their 8.3 names, and so do
    to DOS those that are longer.
    """
    connection = request.connection
    if request.unicode:
        return connection.unicode_strings
    context = LevelContext(False, connection.oem_encoding, partial(_alias, request), connection.zone)
    if not connection.dos:
        return context
    return msgspec.structs.replace(context, fits=is_short)


def _alias(request: AnyRequest, path: str, name: str) -> str:
    """The 8.3 name of a file, which can be asked for on this tree; on a pipe's share there are none."""
    return request.store.alias(path, name) if request.tree.store is not None else ""
