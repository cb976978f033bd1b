"""What the store needs of a reactor: calls that come later, and descriptors that can be read."""

from collections.abc import Callable

from fakesmb.world import DelayedCall as DelayedCall

Listen = Callable[[int, Callable[[], None]], Callable[[], None]]
"""Calls back whenever a descriptor can be read; returns a function that ends it."""
CallLater = Callable[[float, Callable[[], None]], DelayedCall]
"""Calls back after so many seconds, as Twisted's IReactorTime.callLater."""
