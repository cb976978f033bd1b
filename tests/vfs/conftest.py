"""The fixtures of `tests.vfs.lab`, for all rooms of the store."""

from tests.vfs.lab import lab

__all__ = ["lab"]
