"""What cannot be made a private folder, in one line for people."""

_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


_BLOCK = 4096


class FolderError(ValueError):
    """A private folder cannot be made. The text says which, and why."""


class Stopped(Exception):
    """The server ends: what is not done is not wanted any more."""


def size_text(size: int) -> str:
    """`1.5 GiB`, `12 bytes`."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return "1 byte" if size == 1 else f"{size} bytes"


def room_of(size: int) -> int:
    """The bytes that a file of that size takes on a disk: whole blocks."""
    return -(-size // _BLOCK) * _BLOCK
