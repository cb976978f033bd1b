"""How a connection ended, as the two sides of it saw each other go."""

from enum import IntEnum


class How(IntEnum):
    """Who ended it, and by what."""

    CLIENT_CLOSED = 0
    CLIENT_RESET = 1
    SERVER_CLOSED = 2
    SERVER_RESET = 3
    SERVER_LEFT_UNREAD = 4
    """The server closed it with something unread, which makes the kernel reset it, too."""
