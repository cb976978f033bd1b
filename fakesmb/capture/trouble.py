"""What is said of a capture that cannot be read, or not all of it."""

import msgspec


class CaptureError(ValueError):
    """A file that is no capture, or none that can be opened; its text is one line for people."""


class Trouble(msgspec.Struct, frozen=True, gc=False):
    """Something in a capture that could not be read."""

    frame: int
    """Number of the packet at which it was noticed, from 1, as Wireshark counts; 0 for the file as a whole."""
    text: str
    """One line."""
    time: float | None = None
    """When that packet was captured, POSIX seconds; None where that is not known."""

    def __str__(self) -> str:
        return f"frame {self.frame}: {self.text}" if self.frame else self.text
