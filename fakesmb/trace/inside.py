"""Fields of commands that have a structure of their own: passwords and security tokens."""

from collections.abc import Callable, Mapping
from typing import Final

from fakesmb.trace.field import Field
from fakesmb.trace.half import Half
from fakesmb.wire.codec import Body

INSIDE: Final[Mapping[tuple[type[Body], str], Callable[[Field, Half], Field]]] = {}
"""By the class of the command and the name of the field."""
